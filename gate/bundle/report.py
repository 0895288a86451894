"""What a verification found: as values, as lines for a person, and as JSON (`schemas/verification-v1.json`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

SCHEMA_ID = "urn:tenantgate:schema:verification:v1"
_LONG = ("digest", "policy_digest", "key", "schema_sha256")
"""Facts for machines: a person finds the digests in the checks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was checked. `code` is empty when it held, else the reason code of the refusal."""

    name: str
    detail: str
    code: str = ""

    @property
    def held(self) -> bool:
        return not self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one target turned out to be.

    `kind` is `release-bundle`, `tenant-slice`, `trust-packet`, `attestation`, `record-batch` or `unknown`.
    `authentic`: every check held. `passed`: and what it says is that something passed. `facts` are verified values
    only, by name.
    """

    target: str
    kind: str
    checks: tuple[Check, ...]
    verdict: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def authentic(self) -> bool:
        return bool(self.checks) and all(check.held for check in self.checks)

    @property
    def passed(self) -> bool:
        return self.authentic and self.verdict in (None, "PASSED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Under what the targets were judged: the clock (and whether it was given), and digests of what was trusted."""

    now: datetime
    overridden: bool
    trusted_keys: str | None
    trusted_root: str | None


def document(reports: Sequence[Report], setting: Setting) -> dict[str, Any]:
    """All of it as JSON values."""
    from gate.reading import format_time

    return {
        "$schema": SCHEMA_ID,
        "schemaVersion": "1",
        "accepted": bool(reports) and all(report.passed for report in reports),
        "as_of": format_time(setting.now),
        "as_of_overridden": setting.overridden,
        "trust": {"keys_sha256": setting.trusted_keys, "sigstore_root_sha256": setting.trusted_root},
        "targets": [
            {
                "target": report.target,
                "kind": report.kind,
                "authentic": report.authentic,
                "passed": report.passed,
                "verdict": report.verdict,
                "facts": dict(report.facts),
                "checks": [
                    {"name": c.name, "held": c.held, "code": c.code or None, "detail": c.detail} for c in report.checks
                ],
            }
            for report in reports
        ],
    }


def text(reports: Sequence[Report], setting: Setting, *, quiet: bool) -> str:
    """For a person: one headline a target, then its checks (`quiet`: only those that did not hold)."""
    from gate.reading import format_time
    from gate.report.escape import line

    lines = []
    if setting.overridden:
        lines.append(
            f"as of {format_time(setting.now)}, as --as-of says, not now: keys and ages are judged at that time"
        )
    for report in reports:
        word = "VERIFIED" if report.passed else "AUTHENTIC, BUT NOT PASSED" if report.authentic else "REFUSED"
        kind = "" if report.kind == "unknown" else f"{report.kind} "
        verdict = f", verdict {report.verdict}" if report.verdict not in (None, "unknown") else ""
        lines.append(f"{word}: {kind}{line(report.target, 200)}{verdict}")
        shown = {name: value for name, value in report.facts.items() if name not in _LONG}
        if shown and not quiet:
            label = max(map(len, shown))
            lines += [f"  {name.replace('_', ' '):<{label}}  {line(value, 160)}" for name, value in shown.items()]
            lines.append("")
        width = max((len(check.name) for check in report.checks), default=0)
        for check in report.checks:
            if not (quiet and check.held):
                mark = "ok  " if check.held else "FAIL"
                code = f" [{check.code}]" if check.code else ""
                lines.append(f"  {mark} {check.name:<{width}}  {line(check.detail, 300)}{code}")
        if not quiet and report is not reports[-1]:
            lines.append("")
    if len(reports) > 1:
        lines.append(f"{sum(report.passed for report in reports)} of {len(reports)} accepted")
    return "\n".join(lines) + "\n"
