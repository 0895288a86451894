"""Tenant zero's configuration and everybody else's: the registry, ways in, roles, packs, connectors, retention.

What is declared stands in one place, `config/tenants.json`; from it come the registry and what was checked about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from history import purges
from history.records import sha256
from history.streams import Record, Records, bundle_sha256, digest, merged, moment
from history.timeline import Timeline, policy_version
from service import settings
from service.settings import Tenant

OPERATIONS = ("destructive_migration", "purge", "redaction", "policy_change")
CONNECTORS = {
    "crm": ("crm", ("contacts:read", "deals:read"), "revenue-operations@summit.example"),
    "billing": ("billing", ("invoices:write",), "finance@summit.example"),
    "ticketing": ("ticketing", ("tickets:write",), "support@summit.example"),
    "ci-cd": ("ci-cd", ("deployments:read", "deployments:write"), "platform@summit.example"),
    "cloud": ("cloud", ("metrics:read", "costs:read"), "platform@summit.example"),
}
DIMENSIONS = ("tenant_id", "flow_type", "feature", "plan", "policy_version", "sla_tier")
WINDOWS = {"evidence_bundle": 730, "audit_log": 400, "receipt": 730}
ROLES = {
    "tenant-admin": ("users:invite", "users:remove", "integrations:configure"),
    "approver": ("requests:approve", "requests:deny"),
    "operator": ("requests:create", "incidents:open"),
}
ROTATED_DAYS = 80


def records(timeline: Timeline) -> Records:
    manifests = _manifests(timeline)
    return merged(_of(timeline, tenant, manifests) for tenant in settings.tenants())


def _of(timeline: Timeline, tenant: Tenant, manifests: Mapping[str, str]) -> Records:
    connectors, secrets = _connectors(timeline, tenant)
    return {
        "tenant": [_registered(tenant)],
        "access_path": list(_paths(tenant)),
        "sso_check": list(_logins(timeline, tenant)),
        "admin_role": list(_roles(tenant)),
        "default_probe": list(_probes(timeline, tenant)),
        "pack_activation": list(_packs(timeline, tenant)),
        "evidence_log_state": list(_logs(timeline, tenant)),
        "connector": connectors,
        "secret_record": secrets,
        "receipt_schema": list(_schemas(tenant)),
        "retention_window": list(_windows(tenant)),
        "retention_state": list(_expiry(timeline, tenant, manifests)),
    }


def _registered(tenant: Tenant) -> Record:
    return {
        "id": f"tenant-{tenant.id}", "tenantid": tenant.id,
        "kind": "internal" if tenant.plan == "internal" else "customer", "plan": tenant.plan, "status": "active",
        "sla_tier": tenant.sla_tier, "created_at": "2024-02-01T09:00:00Z", "packs": list(tenant.packs),
        "sso": {
            "protocol": "oidc", "issuer": _issuer(tenant), "environment": "production", "enforced": True,
            "password_login": False,
        },
        "destructive_default": "deny", "bypass_paths": [], "owner": f"tenant-admin@{tenant.id}.example",
        "history": [{"plan": h.plan, "sla_tier": h.sla_tier, "ends_at": h.until} for h in tenant.history],
    }  # fmt: skip


def _issuer(tenant: Tenant) -> str:
    return f"https://login.{tenant.id}.example"


def _paths(tenant: Tenant) -> Iterator[Record]:
    ways = (
        ("/v1", "api", "sso"), ("/console", "console", "sso"), ("/exports", "export", "sso"),
        ("purge job", "job", "service-identity"), ("read replica", "database", "service-identity"),
    )  # fmt: skip
    for number, (path, surface, by) in enumerate(ways, 1):
        yield {
            "id": f"path-{tenant.id}-{number}", "tenantid": tenant.id, "path": path, "surface": surface,
            "authenticated_by": by, "package": f"summit.access.{surface}", "owner": "platform@summit.example",
        }  # fmt: skip


def _roles(tenant: Tenant) -> Iterator[Record]:
    for role, permissions in ROLES.items():
        yield {
            "id": f"role-{tenant.id}-{role}", "tenantid": tenant.id, "role": role, "scope": "tenant",
            "permissions": list(permissions), "members": [f"{role}-{n}@{tenant.id}.example" for n in (1, 2)],
        }  # fmt: skip


def _logins(timeline: Timeline, tenant: Tenant) -> Iterator[Record]:
    """Every second Monday the login is tried in the ways that must work and those that must not."""
    for midnight in timeline.days()[::-14]:
        at = midnight + timedelta(hours=5)
        yield {
            "id": f"sso-{tenant.id}-{midnight:%Y%m%d}", "tenantid": tenant.id, "issuer": _issuer(tenant),
            "environment": "production", "checked_at": moment(at),
            "attempts": [
                {"method": method, "admitted": method == "sso"}
                for method in ("sso", "password", "expired-assertion", "foreign-issuer")
            ],
        }  # fmt: skip


def _bundle_of_refusals(tenant: Tenant) -> str:
    """The pack whose bundle is asked about destructive operations: the one for them, else the first that is run."""
    return "high-risk-ops" if "high-risk-ops" in tenant.packs else tenant.packs[0]


def _probes(timeline: Timeline, tenant: Tenant) -> Iterator[Record]:
    """Every ninth day; and a new version's bundle is asked before it comes into force."""
    regular = [(day + timedelta(hours=4), policy_version(day)) for day in timeline.days()[::-9]]
    staged = [(day - timedelta(hours=2), version) for version, day in _versions(timeline)]
    for at, version in sorted({*regular, *staged}):
        for operation in OPERATIONS:
            yield {
                "id": f"probe-{tenant.id}-{operation}-{at:%Y%m%d%H}", "tenantid": tenant.id,
                "operation": operation, "decision": "deny",
                "bundle_sha256": bundle_sha256(_bundle_of_refusals(tenant), version), "policyversion": version,
                "probed_at": moment(at),
            }  # fmt: skip


def _versions(timeline: Timeline) -> list[tuple[str, datetime]]:
    """Each policy version with the day since which it was in force, as far as is told."""
    versions = {policy_version(day): day for day in reversed((*timeline.days(), timeline.midnight))}
    return sorted(versions.items(), key=lambda item: item[1])


def _packs(timeline: Timeline, tenant: Tenant) -> Iterator[Record]:
    """One activation a policy version: the bundle changed with each."""
    for pack in tenant.packs:
        for version, day in _versions(timeline):
            yield {
                "id": f"activation-{tenant.id}-{pack}-{version}", "tenantid": tenant.id, "pack": pack,
                "bundle_sha256": bundle_sha256(pack, version), "policyversion": version,
                "receipt_schema": f"{pack}-receipt/v1", "enabled_at": moment(day),
            }  # fmt: skip


def _schemas(tenant: Tenant) -> Iterator[Record]:
    for pack in tenant.packs:
        yield {
            "id": f"schema-{tenant.id}-{pack}", "tenantid": tenant.id, "schema": f"{pack}-receipt/v1", "pack": pack,
            "sha256": sha256(f"{pack}-receipt/v1".encode()), "dimensions": list(DIMENSIONS),
            "registered_at": "2024-02-01T08:00:00Z",
        }  # fmt: skip


def _logs(timeline: Timeline, tenant: Tenant) -> Iterator[Record]:
    draw = timeline.random(f"evidence-logs:{tenant.id}")
    days = (*timeline.days(), timeline.midnight)
    for pack in tenant.packs:
        for place in range(len(days) - 1, 6, -7):
            decided = draw.randint(2_000, 9_000)
            yield {
                "id": f"log-{tenant.id}-{pack}-{days[place]:%Y%m%d}", "tenantid": tenant.id, "pack": pack,
                "decisions": decided, "records": decided, "counted_from": moment(days[place - 7]),
                "counted_until": moment(days[place]),
            }  # fmt: skip


def _connectors(timeline: Timeline, tenant: Tenant) -> tuple[list[Record], list[Record]]:
    """The connectors as they are, and a ledger record for each secret they have had."""
    draw = timeline.random(f"connectors:{tenant.id}")
    connectors: list[Record] = []
    secrets: list[Record] = []
    for name, (system, scopes, owner) in CONNECTORS.items():
        newest = timeline.midnight - timedelta(days=draw.randint(3, 60))
        for age in (2, 1, 0):
            issued = newest - timedelta(days=ROTATED_DAYS * age)
            reference = f"vault://tenants/{tenant.id}/{name}/{issued:%Y%m%d}"
            secrets.append(
                {
                    "id": f"secret-{tenant.id}-{name}-{issued:%Y%m%d}", "tenantid": tenant.id, "connector": name,
                    "secret_ref": reference, "issued_at": moment(issued),
                    "expires_at": moment(issued + timedelta(days=ROTATED_DAYS + 9)),
                    "recorded_at": moment(issued + timedelta(minutes=1)), "recorded_by": "vault-agent@summit.example",
                }
            )  # fmt: skip
        connectors.append(
            {
                "id": f"connector-{tenant.id}-{name}", "tenantid": tenant.id, "connector": name, "system": system,
                "secret_ref": reference, "granted_scopes": list(scopes), "needed_scopes": list(scopes), "owner": owner,
            }
        )  # fmt: skip
    return connectors, secrets


def _on_hold(tenant: Tenant, artifact: str) -> bool:
    """Globex's evidence is under legal hold: it does not expire."""
    return tenant.id == "globex" and artifact == "evidence_bundle"


def _windows(tenant: Tenant) -> Iterator[Record]:
    for artifact, days in WINDOWS.items():
        held = _on_hold(tenant, artifact)
        yield {
            "id": f"window-{tenant.id}-{artifact}", "tenantid": tenant.id, "artifact_type": artifact,
            "keep_days": days, "auto_expiry": not held, "policyversion": settings.POLICY_VERSION, "legal_hold": held,
        }  # fmt: skip


def _manifests(timeline: Timeline) -> dict[str, str]:
    """The digest of each week's purge manifest."""
    import json

    return {name.removesuffix(".json"): digest(json.loads(data)) for name, data in purges.manifests(timeline).items()}


def _expiry(timeline: Timeline, tenant: Tenant, manifests: Mapping[str, str]) -> Iterator[Record]:
    draw = timeline.random(f"expiry:{tenant.id}")
    for week in timeline.recorded_weeks():
        for artifact, days in WINDOWS.items():
            held = _on_hold(tenant, artifact)
            age = days + draw.randint(2, 90) if held else days - draw.randint(0, 6)
            yield {
                "id": f"expiry-{tenant.id}-{artifact}-{week.id}", "tenantid": tenant.id, "artifact_type": artifact,
                "ran_at": moment(week.run_at), "expired": 0 if held or week.noop else draw.randint(0, 9),
                "remaining": draw.randint(40, 900), "oldest_at": moment(week.run_at - timedelta(days=age)),
                "purge_manifest_sha256": manifests[week.id],
            }  # fmt: skip
