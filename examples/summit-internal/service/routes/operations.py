"""/v1/incidents, /v1/evidence-bundles, /v1/usage, /v1/invoices, /v1/integrations, /v1/audit"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from service.auth import Session
from service.clock import month_bounds, now
from service.repositories.billing import BillingRepository
from service.repositories.operations import OperationsRepository

router = APIRouter(prefix="/v1", tags=["operations"])


class NewNote(BaseModel):
    model_config = ConfigDict(extra="forbid")

    author: str = Field(min_length=3, max_length=200)
    body: str = Field(min_length=1, max_length=4000)


@router.get("/incidents")
def recent_incidents(session: Session) -> list[dict[str, Any]]:
    return [dict(row) for row in OperationsRepository(session).recent_incidents(limit=50)]


@router.get("/incidents/{incident_id}")
def get_incident(session: Session, incident_id: str) -> dict[str, Any]:
    operations = OperationsRepository(session)
    row = operations.incident(incident_id)
    if row is None:
        raise HTTPException(404, "no such incident")
    return {**dict(row), "notes": [dict(note) for note in operations.incident_notes(incident_id)]}


@router.post("/incidents/{incident_id}/notes", status_code=201)
def add_incident_note(session: Session, incident_id: str, note: NewNote) -> dict[str, str]:
    if not OperationsRepository(session).add_incident_note(incident_id, **note.model_dump(), at=now()):
        raise HTTPException(404, "no such incident")
    return {"incident_id": incident_id}


@router.get("/evidence-bundles/{bundle_id}/artifacts")
def evidence_artifacts(session: Session, bundle_id: str) -> list[dict[str, Any]]:
    rows = OperationsRepository(session).evidence_artifacts(bundle_id)
    if not rows:
        raise HTTPException(404, "no such bundle")
    return [dict(row) for row in rows]


@router.get("/usage")
def usage(session: Session, month: Annotated[str, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]) -> list[dict[str, Any]]:
    return [dict(row) for row in BillingRepository(session).usage_by_metric(*month_bounds(month))]


@router.get("/quotas")
def quotas(session: Session) -> list[dict[str, Any]]:
    return [dict(row) for row in BillingRepository(session).quotas()]


@router.get("/invoices")
def invoices(session: Session) -> list[dict[str, Any]]:
    return [dict(row) for row in BillingRepository(session).invoices()]


@router.get("/integrations")
def integrations(session: Session) -> list[dict[str, Any]]:
    return [dict(row) for row in OperationsRepository(session).integrations()]


@router.get("/audit")
def audit_stream(session: Session, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> list[dict[str, Any]]:
    return [dict(row) for row in OperationsRepository(session).audit_stream(limit=limit)]
