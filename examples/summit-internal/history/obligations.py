"""Obligations, what is regulated and by which policy, what a search found, and the claims with their proofs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from history.streams import Record, Records, bundle_sha256, digest, moment
from history.timeline import Timeline, policy_version
from service import settings

OBLIGATIONS = {
    # Regulation, article, what it demands, the controls that show it.
    "gdpr-storage-limitation": ("gdpr", "5(1)(e)", "Personal data is kept no longer than needed", ("PRG001", "TZC012")),
    "gdpr-erasure": ("gdpr", "17", "Erasure on request is carried out and shown", ("PRG004",)),
    "gdpr-security": ("gdpr", "32", "Tenants are isolated, and that is tested regularly", ("AUD003", "TENSQL001")),
    "soc2-change": ("soc2", "CC8.1", "Changes are approved by somebody else", ("HRO003", "HRO004")),
    "eu-ai-oversight": ("eu-ai-act", "14", "A person oversees what the copilot proposes", ("HRO001",)),
}
OWNERS = {"gdpr": "data-protection-officer", "soc2": "compliance-lead", "eu-ai-act": "product-safety-lead"}
ITEMS = (
    ("flow", "prospect-intake", "gdpr", "gdpr-storage-limitation"),
    ("flow", "erasure-requests", "gdpr", "gdpr-erasure"),
    ("integration", "crm", "gdpr", "gdpr-security"),
    ("flow", "copilot-suggestions", "eu-ai-act", "eu-ai-oversight"),
    ("claim", "claim-isolation", "soc2", "soc2-change"),
)
CLAIMS = {
    "claim-isolation": ("No tenant reads another tenant's rows through the API", "cross-tenant request replay"),
    "claim-purge": ("Purged rows cannot be restored into production", "restore and count after every purge"),
    "claim-dual-control": ("Nobody changes policy alone", "attempts to apply a bundle with one approval"),
}


def records(timeline: Timeline) -> Records:
    claims, proofs = _claims(timeline)
    return {
        "obligation": list(_obligations(timeline)),
        "obligation_evidence": list(_kept(timeline)),
        "regulated_item": list(_items()),
        "regulatory_policy": list(_policies(timeline)),
        "regulated_signal": list(_signals(timeline)),
        "claim": claims,
        "claim_evidence": proofs,
    }


def _package(regulation: str) -> str:
    return f"summit.regulation.{regulation.replace('-', '_')}"


def _obligations(timeline: Timeline) -> Iterator[Record]:
    for name, (regulation, article, statement, controls) in OBLIGATIONS.items():
        yield {
            "id": name, "regulation": regulation, "article": article, "statement": statement,
            "owner": f"{OWNERS[regulation]}@summit.example", "controls": list(controls), "evidence_days": 45,
            "review_by": moment(timeline.midnight + timedelta(days=150)),
        }  # fmt: skip


def _kept(timeline: Timeline) -> Iterator[Record]:
    draw = timeline.random("obligations")
    for midnight in timeline.days()[::-30]:
        for name, (_, _, _, controls) in OBLIGATIONS.items():
            for control in controls:
                cases = draw.randint(8, 400)
                yield {
                    "id": f"kept-{name}-{control}-{midnight:%Y%m%d}", "obligation": name, "control": control,
                    "cases": cases, "kept": cases, "recorded_at": moment(midnight + timedelta(hours=9)),
                }  # fmt: skip


def _items() -> Iterator[Record]:
    for tenant in settings.tenants():
        for kind, name, regulation, obligation in ITEMS:
            if tenant.plan == "internal" or kind != "claim":
                yield {
                    "id": f"item-{tenant.id}-{name}-{regulation}", "tenantid": tenant.id, "kind": kind, "name": name,
                    "regulation": regulation, "obligation": obligation, "package": _package(regulation),
                    "owner": f"{OWNERS[regulation]}@summit.example",
                }  # fmt: skip


def _policies(timeline: Timeline) -> Iterator[Record]:
    """Each version of the policy replaces the one before it."""
    days = (*timeline.days(), timeline.midnight)
    starts = {policy_version(day): day for day in reversed(days)}
    versions = sorted(starts.items(), key=lambda item: item[1])
    for regulation in OWNERS:
        for number, (version, start) in enumerate(versions):
            until = versions[number + 1][1] if number + 1 < len(versions) else None
            yield {
                "id": f"policy-{regulation}-{version}", "package": _package(regulation), "regulation": regulation,
                "bundle_sha256": bundle_sha256(regulation, version), "policyversion": version,
                "effective_from": moment(start), "effective_until": moment(until) if until else None,
                "tests": 24 + number, "tests_failed": 0,
            }  # fmt: skip


def _signals(timeline: Timeline) -> Iterator[Record]:
    """What the monthly search found; all of it was declared."""
    for midnight in timeline.days()[::-28]:
        for tenant in settings.tenants():
            for kind, name, regulation, _ in ITEMS:
                if kind != "claim":
                    yield {
                        "id": f"signal-{tenant.id}-{name}-{midnight:%Y%m%d}", "tenantid": tenant.id, "kind": kind,
                        "name": name, "regulation": regulation, "found_in": f"inventory of {tenant.id}",
                        "found_at": moment(midnight + timedelta(hours=2)),
                    }  # fmt: skip


def _claims(timeline: Timeline) -> tuple[list[Record], list[Record]]:
    draw = timeline.random("claims")
    claims: list[Record] = []
    proofs: list[Record] = []
    for name, (statement, method) in CLAIMS.items():
        for age in (140, 80, 20):
            at = timeline.midnight - timedelta(days=age) + timedelta(hours=10)
            proofs.append(
                {
                    "id": f"proof-{name}-{at:%Y%m%d}", "claim": name, "method": method,
                    "attempts": draw.randint(300, 2_000), "refuted": 0, "measured_at": moment(at),
                    "measured_by": "red-team@summit.example",
                }
            )  # fmt: skip
        claims.append(
            {
                "id": name, "statement": statement, "owner": "compliance-lead@summit.example",
                "published_at": "2025-03-01T00:00:00Z", "status": "verified", "evidence_path": None,
                "evidence_record": proofs[-1]["id"], "evidence_digest": digest(proofs[-1]),
            }
        )  # fmt: skip
    draft = {"id": "claim-carbon", "statement": "The service runs on renewable energy", "status": "draft"}
    later = moment(timeline.midnight + timedelta(days=60))
    claims.append({**draft, "owner": "operations@summit.example", "published_at": later, "evidence_path": None})
    return claims, proofs
