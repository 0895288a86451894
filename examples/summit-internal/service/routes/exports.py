"""/v1/exports"""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field

from service.auth import Session
from service.clock import now
from service.repositories.billing import BillingRepository
from service.repositories.exports import ExportRepository
from service.repositories.leads import LeadRepository
from service.repositories.operations import OperationsRepository

router = APIRouter(prefix="/v1/exports", tags=["exports"])

COLUMNS = ("id", "source", "company", "segment", "temperature", "status", "created_at")
METRIC = "exports.downloaded"


class NewExport(BaseModel):
    model_config = ConfigDict(extra="forbid")

    requested_by: str = Field(min_length=3, max_length=200)


@router.get("")
def recent_exports(session: Session) -> list[dict[str, Any]]:
    return [dict(row) for row in ExportRepository(session).recent(limit=50)]


@router.post("", status_code=201)
def export_leads(session: Session, export: NewExport) -> dict[str, str]:
    """Write the tenant's leads to a CSV file that can be downloaded for seven days."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([row[column] for column in COLUMNS] for row in LeadRepository(session).export_rows())
    at = now()
    export_id = ExportRepository(session).add(
        kind="leads",
        file_name=f"leads-{at:%Y%m%d}.csv",
        content=text.getvalue(),
        created_by=export.requested_by,
        at=at,
    )
    return {"id": export_id}


@router.get("/{export_id}")
def export_status(session: Session, export_id: str) -> dict[str, Any]:
    row = ExportRepository(session).status(export_id)
    if row is None:
        raise HTTPException(404, "no such export")
    return dict(row)


@router.get("/{export_id}/download")
def download_export(session: Session, export_id: str) -> Response:
    """The file itself. Counted against the tenant's quota; a tenant without one may not download at all."""
    at = now()
    row = ExportRepository(session).open_for_download(export_id, at=at)
    if row is None:
        raise HTTPException(404, "no such export, or its link has lapsed")
    billing = BillingRepository(session)
    if row["daily_limit"] is None or billing.used_since(METRIC, at - timedelta(days=1)) >= row["daily_limit"]:
        raise HTTPException(429, "the tenant's download quota is used up or was never set")
    billing.meter(METRIC, quantity=1, flow_type="revops", feature="revops_pack", at=at)
    OperationsRepository(session).audit(actor="api-key", action="export.downloaded", subject=export_id, at=at)
    return Response(
        row["content"],
        media_type="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="{row["file_name"]}"',
            "ETag": f'"{row["sha256"]}"',
        },
    )
