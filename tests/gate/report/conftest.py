"""Sample decisions that every renderer is tried on: ordinary ones, and one whose every string is an attack."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from gate.model import (
    Artifact,
    Aside,
    Clock,
    Control,
    ControlResult,
    Coverage,
    Decision,
    Descriptor,
    Evidence,
    EvidenceNeed,
    Location,
    Outcome,
    Severity,
    Stage,
    Subject,
    Unread,
    Verdict,
    Violation,
    Waiver,
    WaiverState,
    WaiverUse,
    fingerprint,
)

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")  # how long an example takes says something about the machine, not about the code

AS_OF = datetime(2026, 11, 21, 18, 4, 5, tzinfo=UTC)
CANARY = "AKIAQYCANARY7SECRET9"
PASSWORD = "correct-horse-Battery9"

HOSTILE = (
    "\u200b ::error file=x::pwned ##[set-env name=PATH]/evil ##vso[task.setvariable variable=a]b ##teamcity[x]\r\n"
    "::set-output name=v::allowed\n::add-mask::a\x1b[31mred\x1b]8;;http://evil.example\x07\x9b2J\u202eRTL\u2066\U000e0041"
    '<script>alert(1)</script><img src=x onerror=alert(1)> <!-- --> </style></title>\' " onmouseover="x'
    " [link](http://evil.example) ![img](http://evil.example/i.png) @someone @org/team #12 www.evil.example"
    " https://evil.example/?a=b&c=d a@b.example | cell | `code` ``two`` ```three``` ~~~ $x$ **b** _i_ {{ 7*7 }} {% x %}"
    " ]]> <![CDATA[ &lt; &amp; %0A%0D% {0} [a](1) \ud800 \ufffe \x00\x08 "
    f"{CANARY} password={PASSWORD} postgres://user:{PASSWORD}@db/x\u2028::warning::late "
)
LONG = HOSTILE + "x" * 10_000


def control(ident: str, title: str, **changes: Any) -> Control:
    pack = {"TEN": "tenancy", "DRL": "drills", "PRG": "retention-and-purge", "SBM": "supply-chain"}.get(
        ident[:3], "governance"
    )
    values: dict[str, Any] = {
        "id": ident,
        "title": title,
        "why": "A finding here means that the promise in the title is not kept.",
        "fix": f"gate explain {ident}",
        "owner": "platform-oncall@summit.example",
        "pack": pack,
        "stages": frozenset({Stage.CHECK, Stage.RELEASE}),
        "severity": Severity.BLOCK,
        "evidence": {"data_access": EvidenceNeed(minimum=1)},
        "params": {},
        "message": "{subject}",
        "query": "SELECT 'x' AS subject",
        "maps_to": (),
        "examples": (),
        "source": Location(path=f"rules/{pack}/controls/{ident}.yaml", line=1),
    }
    return Control(**values | changes)


TENANT = control(
    "TEN001",
    "Every statement on a tenant-owned table is bound to one tenant",
    why="A statement without the tenant column reads or changes other tenants' rows.",
    fix="add `AND tenant_id = ?` to the statement, or read through TenantSession",
    owner="data-platform@summit.example",
    maps_to=("SOC2:CC6.1", "NIST-800-53:AC-4", "CWE:639"),
)
DRILL = control(
    "DRL001",
    "A major disaster recovery drill ran within the last quarter",
    why="Recovery claims that nobody has tried lately are guesses.",
    fix="gate drill run playbooks/dr-restore.yaml --execute",
    owner="release-manager@summit.example",
    evidence={"drill_report": EvidenceNeed(minimum=1, verified=True)},
    params={"max_age_days": 92},
    maps_to=("SOC2:A1.2", "ISO27001:A.5.30"),
)
PURGE = control(
    "PRG001",
    "Every week has its purge manifest",
    why="A week without a manifest is a week in which nobody can show that expired data was deleted.",
    fix="gate purge record --week 2026-W46",
    owner="privacy@summit.example",
    evidence={"purge_manifest": EvidenceNeed(minimum=1)},
    maps_to=("SOC2:C1.2", "GDPR:17"),
)
SBOM = control("SBM001", "Every artifact has a verified SBOM", maps_to=("SSDF:PS.3.2",))
WAIVERS = control("WVR001", "No waiver is used after it ran out", severity=Severity.WARN)
COMING = control(
    "TEN014",
    "Row-level security is forced on every tenant table",
    warn_from=date(2027, 1, 1),
    block_from=date(2027, 3, 1),
)
EXPORTS = control("INT003", "Exports name their tenant", block_from=date(2027, 2, 1))


def violation(of: Control, subject: str, message: str, location: Location | None = None, **more: Any) -> Violation:
    return Violation(
        control=of.id,
        subject=subject,
        message=message,
        location=location or of.source,
        fingerprint=fingerprint(of.id, subject),
        **more,
    )


def result(of: Control, outcome: Outcome = Outcome.PASS, *violations: Violation, **more: Any) -> ControlResult:
    values: dict[str, Any] = {
        "control": of,
        "outcome": outcome,
        "level": of.level(AS_OF.date()),
        "violations": violations,
    }
    return ControlResult(**values | more)


def waiver(ident: str, of: Control, expires: date, **changes: Any) -> Waiver:
    values: dict[str, Any] = {
        "id": ident,
        "control": of.id,
        "reason": "The nightly billing job reads all tenants by design until it is split.",
        "owner": "billing@summit.example",
        "requested_by": "billing-dev@summit.example",
        "approved_by": "security@summit.example",
        "created": date(2026, 9, 20),
        "expires": expires,
        "ticket": "SUM-1412",
        "source": Location(path=f"waivers/{ident.lower()}.yaml", line=1),
        "path": "src/billing/**",
    }
    return Waiver(**values | changes)


EVIDENCE = (
    Evidence(
        kind="data_access",
        rows=({"subject": "orders"},) * 103,
        coverage=Coverage(scope="src/**/*.py, src/**/*.ts", numbers={"files": 41, "statements": 103}),
        materials=(Descriptor(name="src/orders/repository.py", sha256="11" * 32),),
    ),
    Evidence(
        kind="drill_report",
        rows=({"subject": "dr-restore"},),
        coverage=Coverage(scope=".gate/evidence/drills", numbers={"files": 1}),
        materials=(Descriptor(name=".gate/evidence/drills/2026-Q3.json", sha256="22" * 32),),
    ),
    Evidence(
        kind="purge_manifest",
        rows=({"subject": "2026-W45"}, {"subject": "2026-W47"}),
        coverage=Coverage(scope=".gate/evidence/purges", numbers={"files": 2}),
        materials=(
            Descriptor(name=".gate/evidence/purges/2026-W45.json", sha256="33" * 32),
            Descriptor(name=".gate/evidence/purges/2026-W47.json", sha256="44" * 32),
        ),
    ),
)
NOT_CHECKED = (
    "that the tenant value in a statement is the authenticated caller's",
    "branch protection and required checks are settings of the forge and are not read",
)
CLOCKS = (
    Clock(control="DRL001", subject="dr-restore", since=AS_OF - timedelta(days=20), due=AS_OF + timedelta(days=72)),
    Clock(control="PRG001", subject="purge 2026-W47", since=AS_OF - timedelta(days=1), due=AS_OF + timedelta(days=9)),
    Clock(control="TAB001", subject="tabletop", since=AS_OF - timedelta(days=87), due=AS_OF + timedelta(days=5)),
)


def allowed() -> Decision:
    return Decision(
        stage=Stage.RELEASE,
        verdict=Verdict.ALLOWED,
        as_of=AS_OF,
        as_of_overridden=False,
        subject=Subject(
            project="summit-internal",
            commit="4f0c2a9d81e3b5a7c9d1e3f5a7b9c1d3e5f7a9b1",
            version="1.4.0",
            artifacts=(Artifact(name="summit_internal-1.4.0-py3-none-any.whl", sha256="ab" * 32),),
        ),
        policy_version="2026.11",
        policy_digest="1f2e3d4c5b6a" + "7" * 52,
        policy_origin="work tree",
        tool_version="0.1.0",
        pipeline_id="github:summit/summit-internal/actions/runs/7001/1",
        results=tuple(result(c) for c in (DRILL, PURGE, SBOM, TENANT, WAIVERS)),
        waivers=(),
        clocks=CLOCKS,
        evidence=EVIDENCE,
        not_checked=NOT_CHECKED,
    )


BYPASS = Location(
    path="src/orders/repository.py",
    line=42,
    column=24,
    end_line=42,
    end_column=57,
    snippet='    rows = db.execute("SELECT * FROM orders WHERE id = ?", [order_id])',
)


def blocked() -> Decision:
    """A query that bypasses the tenant, a stale drill and a missing purge week; some warnings beside them."""
    return replace(
        allowed(),
        verdict=Verdict.BLOCKED,
        results=(
            result(
                DRILL,
                Outcome.FAIL,
                violation(
                    DRILL, "drill", "the newest major drill is 112 days old; the limit is 92", details={"age": 112}
                ),
            ),
            result(
                EXPORTS,
                Outcome.FAIL,
                violation(EXPORTS, "export:csv", "the CSV export writes no tenant column", tenant="acme"),
            ),
            result(PURGE, Outcome.FAIL, violation(PURGE, "2026-W46", "no purge manifest for week 2026-W46")),
            result(SBOM),
            result(
                TENANT,
                Outcome.FAIL,
                violation(
                    TENANT,
                    "orders.get",
                    "orders is read without its tenant column",
                    BYPASS,
                    details={"path": BYPASS.path, "table": "orders", "ratio": 0.5, "since": AS_OF, "seen": None},
                ),
                *(
                    violation(
                        TENANT,
                        f"report.{n}",
                        f"invoices is read without its tenant column ({n})",
                        Location(path=f"src/reports/r{n}.py", line=n),
                    )
                    for n in range(1, 8)
                ),
            ),
            result(COMING, Outcome.FAIL, violation(COMING, "orders", "row-level security is not forced on orders")),
            result(WAIVERS),
        ),
        clocks=(
            Clock(
                control="DRL001",
                subject="dr-restore",
                since=AS_OF - timedelta(days=112),
                due=AS_OF - timedelta(days=20),
            ),
            Clock(control="DRL002", subject="key-rotation", since=None, due=AS_OF - timedelta(days=3)),
            *CLOCKS[1:],
        ),
    )


def undecided() -> Decision:
    """Two files that could not be read and evidence that is not there: nobody knows, so nothing passes."""
    return replace(
        allowed(),
        stage=Stage.CHECK,
        verdict=Verdict.UNDECIDED,
        subject=Subject(project="summit-internal", commit=None),
        as_of_overridden=True,
        pipeline_id="local",
        results=(
            result(
                TENANT,
                Outcome.UNKNOWN,
                reasons=(
                    "data_access: src/orders/broken.py:7: does not parse",
                    "data_access: src/legacy/latin1.py:1: is not UTF-8",
                ),
            ),
            result(SBOM, Outcome.UNKNOWN, reasons=("no evidence of kind sbom was collected",)),
            result(WAIVERS, Outcome.UNKNOWN, reasons=("the query took longer than 5 s",)),
        ),
        clocks=(),
        evidence=(
            replace(
                EVIDENCE[0],
                coverage=Coverage(
                    scope="src/**/*.py",
                    unread=(
                        Unread(path="src/orders/broken.py", line=7, reason="does not parse"),
                        Unread(path="src/legacy/latin1.py", reason="is not UTF-8"),
                    ),
                    numbers={"files": 39},
                ),
            ),
        ),
        not_checked=(*NOT_CHECKED, "data_access: 2 could not be read, first src/orders/broken.py: does not parse"),
    )


def waived() -> Decision:
    """Allowed with waivers: one that holds, one about to run out, and one each expired, orphaned and pending."""
    spot = Location(path="src/billing/nightly.py", line=12, column=5, snippet="    db.execute(ALL_INVOICES)")
    active, expiring = (
        waiver("WVR-7", TENANT, date(2027, 1, 15)),
        waiver("WVR-9", DRILL, date(2026, 11, 27), tenant="acme"),
    )
    return replace(
        allowed(),
        results=(
            result(
                DRILL,
                Outcome.WAIVED,
                violation(DRILL, "drill", "no major drill in 93 days", waiver="WVR-9", tenant="acme"),
            ),
            result(
                TENANT,
                Outcome.WAIVED,
                violation(
                    TENANT, "billing.nightly", "invoices is read without its tenant column", spot, waiver="WVR-7"
                ),
            ),
            result(PURGE),
            result(WAIVERS, Outcome.FAIL, violation(WAIVERS, "WVR-2", "WVR-2 ran out on 2026-10-31")),
        ),
        waivers=(
            WaiverUse(waiver=active, state=WaiverState.ACTIVE, covers=1),
            WaiverUse(waiver=expiring, state=WaiverState.EXPIRING, covers=1),
            WaiverUse(waiver=waiver("WVR-2", PURGE, date(2026, 10, 31)), state=WaiverState.EXPIRED, covers=2),
            WaiverUse(waiver=waiver("WVR-3", SBOM, date(2026, 12, 31)), state=WaiverState.ORPHANED, covers=0),
            WaiverUse(
                waiver=waiver("WVR-4", SBOM, date(2027, 1, 31), created=date(2026, 12, 1)),
                state=WaiverState.PENDING,
                covers=0,
            ),
        ),
    )


def aside() -> Decision:
    """Findings that are there and do not count: by a comment, by the baseline, by the base revision; and four alike."""
    spot = replace(BYPASS, path="src/orders/sweep.py")
    comment = (
        "tenant-ok background-sweep until 2027-03-31, @data: expires exports of every tenant (src/orders/sweep.py:41)"
    )
    old = control("TEN015", "Every delete is tied to the caller's tenant")
    lint = {
        "files_analysed": 41, "files_not_analysed": 1, "files_partial": 0, "statements": 90, "judged": 40, "proven": 36,
        "weak": 1, "opaque": 1, "violation": 2, "unparsed": 0,
    }  # fmt: skip
    set_aside = (
        violation(old, "sweep", "exports: nothing ties it to a caller's tenant", spot, aside=Aside.SUPPRESSED, because=comment),
        violation(old, "old", "orders: nothing ties it to a caller's tenant", aside=Aside.BASELINE, because="in the baseline"),
        violation(old, "older", "orders: nothing ties it to a caller's tenant", aside=Aside.EARLIER, because="main has it too"),
    )  # fmt: skip
    alike = [
        violation(
            TENANT, f"orders{n}", "orders: nothing ties it to a caller's tenant", replace(BYPASS, line=42 + n),
            details={"table_name": "orders"},
        )
        for n in (0, 7, 20, 41)
    ]  # fmt: skip
    return replace(
        blocked(),
        stage=Stage.CHECK,
        results=(result(TENANT, Outcome.FAIL, *alike), result(old, Outcome.WAIVED, *set_aside), result(PURGE)),
        evidence=(Evidence(kind="coverage", rows=(lint,), coverage=Coverage(scope="41 files", numbers=lint)),),
    )


def _filled(value: Any, text: str) -> Any:
    """`value` with every string inside it replaced, enums, dates and numbers left alone."""
    if type(value) is str:
        return text
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _filled(getattr(value, f.name), text) for f in fields(value)})
    if isinstance(value, tuple):
        return tuple(_filled(item, text) for item in value)
    if isinstance(value, dict):
        return {_filled(k, f"{text}{n}"): _filled(v, text) for n, (k, v) in enumerate(value.items())}
    return value


def hostile(text: str = HOSTILE) -> Decision:
    """Every string of a decision that has something of everything, replaced by an attack."""
    base = blocked()
    unknown = result(SBOM, Outcome.UNKNOWN, reasons=("x",) * 4)
    covered = waived()
    full = replace(
        base,
        results=(*base.results[:4], unknown, *covered.results, *(base.results[4:]), _one_aside()),
        waivers=covered.waivers,
        evidence=undecided().evidence,
    )
    return _filled(full, text)


def _one_aside() -> ControlResult:
    found = aside().results[1]
    return replace(found, violations=found.violations[:1])


def endless() -> Decision:
    """The same, each string 10,000 characters longer."""
    return hostile(LONG)


def many(number: int = 6000) -> Decision:
    """More findings than any consumer takes."""
    warning = control("AAA001", "A control that only warns", severity=Severity.WARN)
    found = [
        violation(TENANT, f"s{n}", f"statement {n} is not bound", Location(path=f"src/m{n % 97}.py", line=n + 1))
        for n in range(number)
    ]
    warned = [violation(warning, f"w{n}", f"warning {n}", Location(path="src/w.py", line=n + 1)) for n in range(40)]
    return replace(blocked(), results=(result(warning, Outcome.FAIL, *warned), result(TENANT, Outcome.FAIL, *found)))


def rehearsal() -> Decision:
    """Allowed, but under a clock set by hand: exit code 1, and no report may look as if it could go out."""
    return replace(allowed(), as_of_overridden=True)


def empty() -> Decision:
    """Nothing was asked: the least a decision can hold, and never a pass."""
    return replace(
        allowed(),
        verdict=Verdict.UNDECIDED,
        subject=Subject(project="summit-internal", commit=None),
        results=(),
        clocks=(),
        evidence=(),
        not_checked=(),
    )


SAMPLES: dict[str, Callable[[], Decision]] = {
    "allowed": allowed,
    "blocked": blocked,
    "undecided": undecided,
    "waived": waived,
    "aside": aside,
    "rehearsal": rehearsal,
    "hostile": hostile,
    "empty": empty,
}


@pytest.fixture(params=list(SAMPLES))
def sample(request: pytest.FixtureRequest) -> tuple[str, Decision]:
    return request.param, SAMPLES[request.param]()


@pytest.fixture(scope="session")
def decisions() -> dict[str, Callable[..., Decision]]:
    return {**SAMPLES, "many": many, "endless": endless}


@pytest.fixture(scope="session")
def secrets() -> tuple[str, ...]:
    """What must not occur in any output; also not in parts."""
    return (CANARY, CANARY[:8], CANARY[-8:], PASSWORD, "horse-Battery")


@pytest.fixture
def snapshot() -> Callable[[str, str], None]:
    """Compare a text with the committed one; UPDATE_SNAPSHOTS=1 rewrites it."""

    def check(name: str, text: str) -> None:
        path = Path(__file__).parent / "snapshots" / name
        if os.environ.get("UPDATE_SNAPSHOTS") == "1":
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode())
        assert path.is_file(), f"no snapshot {name}; run with UPDATE_SNAPSHOTS=1 and review it"
        assert path.read_bytes().decode() == text

    return check
