"""The posture of integrations as a SaaSBOM: what is declared, what is active where, with which scopes, checked when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gate.model import Evidence, Row, Subject
from gate.reading import parse_time

if TYPE_CHECKING:
    from attestations.sbom import Service
    from attestations.statements import Binding

KINDS = ("integration_profile", "integration_state", "integration_check")
"""What it is compiled from. Where none of them was asked about, there is no SaaSBOM."""


def saasbom(
    evidence: Iterable[Evidence],
    subject: Subject,
    binding: Binding,
    *,
    as_of: datetime,
    timestamp: datetime,
    tool_version: str,
) -> bytes | None:
    """The document; None where the decision was not about integrations. Pure: a verifier compiles it again.

    Observations count when they verified and are not of the time after `as_of`; `timestamp` is written into it.
    """
    from attestations.sbom import build_services, validate

    found = {item.kind: item for item in evidence if item.kind in KINDS}
    if not found:
        return None
    rows = {kind: found[kind].rows if kind in found else () for kind in KINDS}
    data = build_services(
        services(rows, as_of),
        name=subject.project,
        version=str(subject.version),
        binding=binding.to_json(),
        timestamp=timestamp,
        tools=[("tenantgate", tool_version)],
        complete=all(kind in found and not found[kind].coverage.unread for kind in KINDS),
    )
    validate(data)
    return data


def services(rows: Mapping[str, Sequence[Row]], as_of: datetime) -> list[Service]:
    """One service an integration that is declared, or that a tenant was seen to use without a declaration."""
    profiles: dict[str, list[Row]] = {}
    for row in rows["integration_profile"]:
        profiles.setdefault(str(row["name"]), []).append(row)
    states = _newest(rows["integration_state"], ("tenantid", "integration"), "observed_at", as_of)
    checks = _newest(rows["integration_check"], ("tenantid", "integration", "mode"), "checked_at", as_of)
    names = sorted({*profiles, *(str(row["integration"]) for row in states)})
    return [
        _service(
            name,
            profiles.get(name, []),
            [row for row in states if row["integration"] == name],
            [row for row in checks if row["integration"] == name],
        )
        for name in names
    ]


def _newest(rows: Iterable[Row], keys: tuple[str, ...], when: str, as_of: datetime) -> list[Row]:
    """Of the verified records of each thing the newest up to `as_of`; of two of one moment, all."""
    best: dict[tuple[str, ...], tuple[datetime, list[Row]]] = {}
    for row in rows:
        moment = parse_time(row[when])
        if row.get("verified") is not True or moment > as_of:
            continue
        key = tuple(str(row[name]) for name in keys)
        before = best.get(key)
        if before is None or moment > before[0]:
            best[key] = (moment, [row])
        elif moment == before[0]:
            before[1].append(row)
    return [row for key in sorted(best) for row in best[key][1]]


def _service(name: str, profiles: Sequence[Row], states: Sequence[Row], checks: Sequence[Row]) -> Service:
    from attestations.sbom import Data, Service

    properties: set[tuple[str, str]] = {("tenantgate:declared", "yes" if profiles else "no")}
    for profile in profiles:
        properties |= set(_declared(profile))
    for row in states:
        what = f"{row['tenantid']}: {row['mode'] if row['active'] else 'inactive'} as of {row['observed_at']}"
        properties.add(("tenantgate:state", what))
        properties |= {("tenantgate:granted_scope", f"{row['tenantid']}: {s}") for s in row["granted_scopes"]}
    for row in checks:
        failed = [check["name"] for check in row["checks"] if not check["passed"]]
        outcome = f"failed in {', '.join(sorted(failed))}" if failed else "passed"
        what = f"{row['tenantid']}: {row['mode']}, {row['checked_at']}, by {row['checked_by']}, {outcome}"
        properties.add(("tenantgate:last_check", what))
    return Service(
        ref=f"service:{name}",
        name=name,
        provider=profiles[0]["provider"] if profiles else None,
        endpoints=tuple(e["url"] for profile in profiles for e in profile["endpoints"]),
        authenticated=all(profile["auth"]["type"] != "none" for profile in profiles) if profiles else None,
        crosses=any(profile["crosses_trust_boundary"] for profile in profiles) if profiles else None,
        data=tuple(
            Data(flow=d["flow"], classification=d["classification"], name=d["name"])
            for profile in profiles
            for d in profile["data"]
        ),
        properties=tuple(sorted(properties)),
    )


def _declared(profile: Row) -> Iterable[tuple[str, str]]:
    """What a profile says beyond the fields that CycloneDX has."""
    auth: Mapping[str, Any] = profile["auth"]
    limit: Mapping[str, Any] = profile["rate_limit"]
    yield "tenantgate:owner", profile["owner"]
    yield "tenantgate:auth", " ".join(str(auth[n]) for n in ("type", "flow", "in") if auth.get(n))
    yield from (("tenantgate:risk", risk) for risk in profile["risk"])
    yield from (("tenantgate:scope", scope) for scope in profile["scopes"])
    yield from (("tenantgate:egress_allow", host) for host in profile["egress_allow"])
    yield "tenantgate:rate_limit", f"{limit['requests']} in {limit['period_seconds']} s a {limit['scope']}"
    yield "tenantgate:check_days", str(profile["check_days"])
    yield "tenantgate:sandbox_default", "yes" if profile["sandbox_default"] else "no"
    yield "tenantgate:profile_policy_version", profile["policyversion"]
    if profile.get("package"):
        yield "tenantgate:policy_package", profile["package"]
    if profile.get("schema_sha256"):
        yield "tenantgate:api_description", f"sha256:{profile['schema_sha256']}"
    if profile.get("simulated_data_label"):
        yield "tenantgate:simulated_data_label", profile["simulated_data_label"]
