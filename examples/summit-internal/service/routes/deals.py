"""/v1/quotes"""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from service.auth import Session
from service.clock import now
from service.repositories.deals import DealRepository

router = APIRouter(prefix="/v1/quotes", tags=["deals"])


class NewDiscount(BaseModel):
    model_config = ConfigDict(extra="forbid")

    basis_points: int = Field(ge=1, le=10_000)
    reason: Literal["design-partner", "competitive", "uplift", "volume"]
    requested_by: str = Field(min_length=3, max_length=200)


class Approval(BaseModel):
    model_config = ConfigDict(extra="forbid")

    approved_by: str = Field(min_length=3, max_length=200)
    approver_role: Literal["deal-desk", "finance", "founder"]
    rationale: str = Field(min_length=1, max_length=1000)


@router.get("")
def open_quotes(session: Session) -> list[dict[str, Any]]:
    return [dict(row) for row in DealRepository(session).open_quotes(limit=100)]


@router.get("/{quote_id}")
def get_quote(session: Session, quote_id: str) -> dict[str, Any]:
    row = DealRepository(session).quote(quote_id)
    if row is None:
        raise HTTPException(404, "no such quote")
    return dict(row)


@router.post("/{quote_id}/discounts", status_code=201)
def request_discount(session: Session, quote_id: str, discount: NewDiscount) -> dict[str, str]:
    discount_id = DealRepository(session).request_discount(quote_id, **discount.model_dump(), at=now())
    if discount_id is None:
        raise HTTPException(404, "no such quote")
    return {"id": discount_id, "decision": "pending"}


@router.post("/discounts/{discount_id}/approval")
def approve_discount(session: Session, discount_id: str, approval: Approval) -> dict[str, str]:
    if not DealRepository(session).approve(discount_id, **approval.model_dump(), at=now()):
        raise HTTPException(409, "nothing pending under that id, or you asked for it yourself")
    return {"id": discount_id, "decision": "approved"}
