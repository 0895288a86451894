"""The whole decision as a versioned JSON document (`schemas/decision-v1.json`): what is signed, kept and replayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gate.model import (
    Clock,
    ControlResult,
    Decision,
    Evidence,
    Location,
    Outcome,
    Violation,
    WaiverUse,
)
from gate.report.escape import Json, json_document, json_string, json_value, rfc3339
from gate.report.outline import tenants

SCHEMA_ID = "urn:tenantgate:schema:decision:v1"
SCHEMA_VERSION = "1"


def render(decision: Decision) -> str:
    """The document as text: sorted keys, ASCII, two spaces, a final newline."""
    return json_document(decision_json(decision))


def decision_json(decision: Decision) -> dict[str, Json]:
    """The document as values: strings, integers, booleans, null, lists and objects only; times are RFC 3339 in UTC."""
    return {
        "$schema": SCHEMA_ID,
        "schemaVersion": SCHEMA_VERSION,
        "tool": {"name": "tenantgate", "version": json_string(decision.tool_version)},
        "stage": decision.stage.value,
        "verdict": decision.verdict.value,
        "exit_code": decision.exit_code,
        "releasable": decision.releasable,
        "as_of": rfc3339(decision.as_of),
        "as_of_overridden": decision.as_of_overridden,
        "subject": {
            "project": json_string(decision.subject.project),
            "commit": _optional(decision.subject.commit),
            "version": _optional(decision.subject.version),
            "artifacts": [
                {"name": json_string(a.name), "sha256": json_string(a.sha256)} for a in decision.subject.artifacts
            ],
        },
        "policy": {
            "version": json_string(decision.policy_version),
            "digest": json_string(decision.policy_digest),
            "origin": json_string(decision.policy_origin),
            "signer": _optional(decision.policy_signer),
        },
        "tenants": [
            {"tenant": json_string(t.name), "plan": json_string(t.plan), "packs": _strings(t.packs)}
            for t in tenants(decision)
        ],
        "pipeline": {"id": json_string(decision.pipeline_id)},
        "summary": _summary(decision),
        "controls": [_control(result) for result in decision.results],
        "waivers": [_waiver(use) for use in decision.waivers],
        "clocks": [_clock(clock) for clock in decision.clocks],
        "evidence": [_evidence(evidence) for evidence in decision.evidence],
        "not_checked": _strings(decision.not_checked),
    }


def _summary(decision: Decision) -> dict[str, Json]:
    by = Counter(result.outcome for result in decision.results)
    return {
        "controls": len(decision.results),
        "blocking": sum(result.blocks for result in decision.results),
        **{outcome.value: by[outcome] for outcome in Outcome},
    }


def _control(result: ControlResult) -> dict[str, Json]:
    control = result.control
    return {
        "id": json_string(control.id),
        "title": json_string(control.title),
        "why": json_string(control.why),
        "fix": json_string(control.fix),
        "owner": json_string(control.owner),
        "pack": json_string(control.pack),
        "stages": _strings(sorted(control.stages)),
        "severity": control.severity.value,
        "level": result.level.value if result.level else None,
        "warn_from": control.warn_from.isoformat() if control.warn_from else None,
        "block_from": control.block_from.isoformat() if control.block_from else None,
        "maps_to": _strings(control.maps_to),
        "needs": {
            json_string(kind): {"minimum": need.minimum, "verified": need.verified}
            for kind, need in control.evidence.items()
        },
        "params": json_value(control.params),
        "source": _location(control.source),
        "outcome": result.outcome.value,
        "blocks": result.blocks,
        "violations": [_violation(violation) for violation in result.violations],
        "reasons": _strings(result.reasons),
    }


def _violation(violation: Violation) -> dict[str, Json]:
    return {
        "subject": json_string(violation.subject),
        "message": json_string(violation.message),
        "tenant": _optional(violation.tenant),
        "location": _location(violation.location),
        "fingerprint": json_string(violation.fingerprint),
        "waiver": _optional(violation.waiver),
        "aside": None if violation.aside is None else violation.aside.value,
        "because": _optional(violation.because),
        "details": json_value(violation.details),
    }


def _location(location: Location) -> dict[str, Json]:
    return {
        "path": json_string(location.path),
        "line": max(1, location.line),
        "column": _from_one(location.column),
        "end_line": _from_one(location.end_line),
        "end_column": _from_one(location.end_column),
        "snippet": _optional(location.snippet),
    }


def _waiver(use: WaiverUse) -> dict[str, Json]:
    waiver = use.waiver
    return {
        "id": json_string(waiver.id),
        "control": json_string(waiver.control),
        "state": use.state.value,
        "covers": use.covers,
        "reason": json_string(waiver.reason),
        "owner": json_string(waiver.owner),
        "requested_by": json_string(waiver.requested_by),
        "approved_by": json_string(waiver.approved_by),
        "created": waiver.created.isoformat(),
        "expires": waiver.expires.isoformat(),
        "ticket": json_string(waiver.ticket),
        "fingerprint": _optional(waiver.fingerprint),
        "path": _optional(waiver.path),
        "tenant": _optional(waiver.tenant),
        "source": _location(waiver.source),
    }


def _clock(clock: Clock) -> dict[str, Json]:
    return {
        "control": json_string(clock.control),
        "subject": json_string(clock.subject),
        "since": rfc3339(clock.since) if clock.since else None,
        "due": rfc3339(clock.due),
    }


def _evidence(evidence: Evidence) -> dict[str, Json]:
    coverage = evidence.coverage
    return {
        "kind": json_string(evidence.kind),
        "records": len(evidence.rows),
        "scope": json_string(coverage.scope),
        "numbers": {json_string(name): number for name, number in coverage.numbers.items()},
        "unread": [
            {"path": json_string(u.path), "line": max(1, u.line), "reason": json_string(u.reason)}
            for u in coverage.unread
        ],
        "materials": [{"name": json_string(m.name), "sha256": json_string(m.sha256)} for m in evidence.materials],
    }


def _from_one(number: int | None) -> int | None:
    """Lines and columns come from evidence; what is no place in a file is not shown as one."""
    return number if number is not None and number >= 1 else None


def _optional(text: str | None) -> str | None:
    return None if text is None else json_string(text)


def _strings(texts: Sequence[str]) -> list[Json]:
    return [json_string(text) for text in texts]
