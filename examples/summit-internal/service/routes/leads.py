"""/v1/leads"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from service.auth import Session
from service.clock import now
from service.repositories.billing import BillingRepository
from service.repositories.leads import LeadRepository
from service.settings import POLICY_VERSION

router = APIRouter(prefix="/v1/leads", tags=["leads"])

Segment = Literal["enterprise", "mid-market", "smb"]


class NewLead(BaseModel):
    model_config = ConfigDict(extra="forbid")

    source: Literal["website", "intro", "partner"]
    company: str = Field(min_length=1, max_length=200)
    segment: Segment
    temperature: Literal["hot", "warm", "cold"] = "warm"


class NewRouting(BaseModel):
    model_config = ConfigDict(extra="forbid")

    assignee: str = Field(min_length=1, max_length=200)


@router.get("")
def list_leads(
    session: Session,
    status: Literal["new", "routed", "parked", "dropped", "converted"] | None = None,
    segment: Segment | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[dict[str, Any]]:
    return [dict(row) for row in LeadRepository(session).search(status=status, segment=segment, limit=limit)]


@router.post("", status_code=201)
def add_lead(session: Session, lead: NewLead) -> dict[str, str]:
    at = now()
    lead_id = LeadRepository(session).add(**lead.model_dump(), at=at)
    BillingRepository(session).meter(
        "revops.leads_ingested_total", quantity=1, flow_type="revops", feature="revops_pack", at=at
    )
    return {"id": lead_id}


@router.get("/{lead_id}")
def get_lead(session: Session, lead_id: str) -> dict[str, Any]:
    row = LeadRepository(session).find(lead_id)
    if row is None:
        raise HTTPException(404, "no such lead")
    return dict(row)


@router.post("/{lead_id}/routing", status_code=201)
def route_lead(session: Session, lead_id: str, routing: NewRouting) -> dict[str, str]:
    leads = LeadRepository(session)
    if not leads.route(lead_id, assignee=routing.assignee, policy_version=POLICY_VERSION, at=now()):
        raise HTTPException(404, "no such new lead")
    return {"lead_id": lead_id, "assignee": routing.assignee, "policy_version": POLICY_VERSION}
