"""Integrations: the profiles, how each stands for each tenant week by week, and the compliance checks.

The profile of the CRM was revised six weeks ago; checks before that name the one it had.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from history.records import sha256
from history.streams import Record, Records, digest, merged, moment
from history.timeline import Timeline
from service import settings
from service.settings import Tenant

CHECK_DAYS = 35
CHECKED_EVERY = 28
REVISED_DAYS = 42
CHECKS = ("authentication", "scopes", "rate-limit", "schema", "egress", "simulated-data-label")
PROFILES = {
    # Name: risk, OAuth flow or other authentication, scopes, what flows, how it is classified.
    "crm": (("ingress", "egress"), "oauth2", ("contacts:read", "deals:read"), "bi-directional", "pii"),
    "billing": (("egress",), "oauth2", ("invoices:write",), "outbound", "financial"),
    "ticketing": (("egress",), "oauth2", ("tickets:write",), "outbound", "operational"),
    "siem": (("egress",), "mutualTLS", ("events:write",), "outbound", "security"),
    "observability": (("egress",), "apiKey", ("metrics:write",), "outbound", "operational"),
    "ci-cd": (("ingress", "control-plane"), "oauth2", ("deployments:read", "deploy:trigger"), "inbound", "operational"),
}
IN_SANDBOX = {("globex", "siem"), ("initech", "billing")}
"""These exchange simulated data only."""
NOT_USED = {("globex", "ci-cd")}


def records(timeline: Timeline) -> Records:
    profiles = {name: _profile(name) for name in PROFILES}
    parts = [_of(timeline, tenant, profiles) for tenant in settings.tenants()]
    return merged([{"integration_profile": list(profiles.values())}, *parts])


def _profile(name: str) -> Record:
    risk, auth, scopes, flow, classification = PROFILES[name]
    host = f"api.{name}-provider.example"
    return {
        "id": f"profile-{name}", "name": name, "provider": f"{name} provider", "owner": "platform@summit.example",
        "risk": list(risk), "crosses_trust_boundary": True,
        "auth": {
            "type": auth, "flow": "clientCredentials" if auth == "oauth2" else None,
            "in": "header" if auth == "apiKey" else None,
        },
        "scopes": list(scopes), "endpoints": [{"url": f"https://{host}/v1", "host": host}], "egress_allow": [host],
        "data": [{"flow": flow, "classification": classification, "name": f"{name} records"}],
        "rate_limit": {"requests": 600, "period_seconds": 60, "scope": "tenant"},
        "schema_sha256": sha256(f"openapi {name} v1".encode()),
        "package": f"summit.integrations.{name.replace('-', '_')}",
        "sandbox_default": True, "simulated_data_label": "simulated", "check_days": CHECK_DAYS,
        "policyversion": settings.POLICY_VERSION,
    }  # fmt: skip


def _of(timeline: Timeline, tenant: Tenant, profiles: dict[str, Record]) -> Records:
    return {
        "integration_state": [row for name in profiles for row in _states(timeline, tenant, name)],
        "integration_check": [row for name, of in profiles.items() for row in _checks(timeline, tenant, name, of)],
    }


def _states(timeline: Timeline, tenant: Tenant, name: str) -> Iterator[Record]:
    draw = timeline.random(f"integrations:{tenant.id}:{name}")
    sandbox = (tenant.id, name) in IN_SANDBOX
    for midnight in timeline.days()[::-7]:
        at = midnight + timedelta(hours=6)
        simulated = draw.randint(20, 90) if sandbox else 0
        yield {
            "id": f"state-{tenant.id}-{name}-{midnight:%Y%m%d}", "tenantid": tenant.id, "integration": name,
            "active": (tenant.id, name) not in NOT_USED, "mode": "sandbox" if sandbox else "production",
            "granted_scopes": list(PROFILES[name][2]), "observed_at": moment(at), "simulated_records": simulated,
            "labelled_records": simulated,
        }  # fmt: skip


def _checks(timeline: Timeline, tenant: Tenant, name: str, profile: Record) -> Iterator[Record]:
    """First in the sandbox, then every four weeks, and on the day the profile was revised."""
    if (tenant.id, name) in NOT_USED:
        return
    days = timeline.days()
    revised = timeline.midnight - timedelta(days=REVISED_DAYS)
    older = digest({**profile, "check_days": 92})
    for mode, midnight in [("sandbox", days[0]), *(("production", day) for day in days[::-CHECKED_EVERY])]:
        before = name == "crm" and midnight < revised
        yield {
            "id": f"check-{tenant.id}-{name}-{mode}-{midnight:%Y%m%d}", "tenantid": tenant.id, "integration": name,
            "mode": mode, "profile_digest": older if before else digest(profile),
            "checked_at": moment(midnight + timedelta(hours=1)), "checked_by": "integration-review@summit.example",
            "checks": [{"name": check, "passed": True} for check in CHECKS],
        }  # fmt: skip
