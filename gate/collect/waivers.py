"""The policy's waivers as evidence, so that controls can judge them; `defect` comes from the one place that knows."""

from __future__ import annotations

from collections.abc import Iterable

from gate.collect import Context
from gate.model import Coverage, Descriptor, Evidence, Row
from gate.waivers import defect, is_expired, is_pending


def collect(context: Context) -> Iterable[Evidence]:
    """One row a waiver."""
    import hashlib

    rows: list[Row] = []
    today = context.as_of.date()
    for waiver in context.policy.waivers:
        why = defect(waiver, context.policy.waiver_max_days)
        scope = {"fingerprint": waiver.fingerprint, "path": waiver.path, "tenant": waiver.tenant}
        row = {
            "id": waiver.id, "control": waiver.control, "reason": waiver.reason, "owner": waiver.owner,
            "scope": {name: value for name, value in scope.items() if value is not None},
            "requested_by": waiver.requested_by, "approved_by": waiver.approved_by, "ticket": waiver.ticket,
            "created": waiver.created.isoformat(), "expires": waiver.expires.isoformat(),
            "state": "expired" if is_expired(waiver, today) else "pending" if is_pending(waiver, today) else "active",
            "source_path": waiver.source.path, "source_line": waiver.source.line,
        }  # fmt: skip
        rows.append(row if why is None else {**row, "defect": why})
    materials = tuple(
        Descriptor(name=path, sha256=hashlib.sha256(context.policy.files[path]).hexdigest())
        for path in sorted({w.source.path for w in context.policy.waivers})
    )
    yield Evidence(
        kind="waiver",
        rows=tuple(rows),
        coverage=Coverage(scope=f"{len(rows)} waivers of the policy", numbers={"waivers": len(rows)}),
        materials=materials,
    )
