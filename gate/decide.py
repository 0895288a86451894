"""Policy × evidence × clock → Decision. Pure: no clock, no file, no network; the same input gives the same answer.

The rules it keeps:
* evidence that is missing, incomplete, unverified or below its minimum makes a control UNKNOWN, and UNKNOWN blocks;
* a query that fails makes its control UNKNOWN;
* a waiver changes what blocks, never what is shown; so does what else sets a finding of code aside (`model.Aside`);
* where the policy maps tenants to plans, a pack of some plans judges the tenants of those plans (`policy.tenants`);
  what is left out is counted and named, and a record of a tenant that nobody declared makes a control UNKNOWN;
* one tenant's records do not speak for another: a tenant of whom a pack that judges it has no record at all makes the
  pack's controls UNKNOWN, as does one below a minimum that is every tenant's;
* only an explicit "every control of this stage was asked and none blocks" is ALLOWED: a stage without controls is not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from gate.model import (
    Aside,
    Clock,
    Control,
    ControlResult,
    Decision,
    Evidence,
    EvidenceNeed,
    Location,
    Outcome,
    Policy,
    QueryError,
    Stage,
    Subject,
    Verdict,
    Violation,
    Waiver,
    WaiverState,
    WaiverUse,
    fingerprint,
)
from gate.policy.tenants import COLUMN, TenantMap, map_of, names_tenants
from gate.reading import epoch_ms, from_epoch_ms
from gate.store import TableDef, tables, unverified
from gate.waivers import holds, is_expired, is_pending, matches

Ask = Callable[[str, Mapping[str, Any]], Sequence[Mapping[str, Any]]]
"""Runs a checked query with its parameters and returns rows. Raises QueryError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whom a decision judges: the policy's map, and how many records of each kind are whose."""

    tenants: TenantMap
    records: Mapping[str, Mapping[str, int]]
    listed: Mapping[str, Mapping[str, int]]
    """How many times a kind's records name whom in their lists (the tenants of a drill, of a purge)."""
    untold: Mapping[str, str]
    """Kinds of which it can't be told whose their records are, and why."""
    silent: Mapping[str, tuple[str, ...]]
    """By pack, the tenants whose plan has it and of whom there is no record of any kind that its controls need."""


EXPIRING_DAYS = 14
SHOWN_REASONS = 20

_NOT_CODE = re.compile(r"'[^']*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)


def decide(
    policy: Policy,
    stage: Stage,
    evidence: Mapping[str, Evidence],
    ask: Ask,
    *,
    as_of: datetime,
    as_of_overridden: bool,
    subject: Subject,
    pipeline_id: str,
) -> Decision:
    """Ask every control of the stage and say whether it may proceed. `as_of` is the only clock (aware, UTC)."""
    today = as_of.date()
    holding = [w for w in policy.waivers if holds(w, today, stage, policy.waiver_max_days)]
    controls = [c for c in policy.controls if stage in c.stages]
    scope = scope_of(policy, controls, evidence, ask, as_of)
    left_out: Counter[str] = Counter()
    results = tuple(judge(control, evidence, ask, holding, as_of, scope, left_out) for control in controls)
    return Decision(
        stage=stage,
        verdict=verdict(results),
        as_of=as_of,
        as_of_overridden=as_of_overridden,
        subject=subject,
        policy_version=policy.version,
        policy_digest=policy.digest,
        policy_origin=policy.origin,
        policy_signer=policy.signer,
        tool_version=policy.tool_version,
        pipeline_id=pipeline_id,
        results=results,
        waivers=tuple(use_of(w, results, today, asked=_asked(w, policy, results)) for w in policy.waivers),
        clocks=clocks(controls, evidence, ask, as_of),
        evidence=tuple(evidence[kind] for kind in sorted(evidence)),
        not_checked=(*not_judged(controls, scope, left_out), *not_checked(policy, stage, evidence)),
    )


def scope_of(
    policy: Policy, controls: Sequence[Control], evidence: Mapping[str, Evidence], ask: Ask, as_of: datetime
) -> Scope | None:
    """Whom the policy's map has judged; None without a map."""
    tenants = map_of(policy, as_of)
    if tenants is None:
        return None
    records: dict[str, Mapping[str, int]] = {}
    listed: dict[str, Counter[str]] = {}
    untold: dict[str, str] = {}
    for kind in sorted(evidence):
        for table in tables(policy.kinds[kind]):
            for name in _whose(table):
                try:
                    found = _counted(ask, table.name, name)
                except QueryError as error:
                    untold[kind] = str(error)
                    continue
                if table.array:
                    found.pop("None", None)
                    listed.setdefault(kind, Counter()).update(found)
                else:
                    records[kind] = found
    return Scope(
        tenants=tenants, records=records, listed=listed, untold=untold, silent=_silent(controls, tenants, records)
    )


def _whose(table: TableDef) -> list[str]:
    """The columns of a table that say whose its rows are."""
    if table.array and names_tenants(table.array[-1]):
        return [column.name for column in table.columns if column.name == "value"]
    return [c.name for c in table.columns if (names_tenants(c.name) if table.array else c.name == COLUMN)]


def _counted(ask: Ask, table: str, column: str) -> dict[str, int]:
    rows = ask(f'SELECT k."{column}" AS tenant, count(*) AS records FROM "{table}" AS k GROUP BY k."{column}"', {})  # noqa: S608 the names are plain
    return {str(row["tenant"]): row["records"] for row in rows}


def _silent(
    controls: Sequence[Control], tenants: TenantMap, records: Mapping[str, Mapping[str, int]]
) -> dict[str, tuple[str, ...]]:
    """By pack of some plans, the tenants that it judges and of whom nothing is there."""
    found = {}
    for pack in {control.pack for control in controls if tenants.per_tenant(control.pack)}:
        kinds = {kind for c in controls if c.pack == pack for kind in c.evidence} & records.keys()
        heard = {tenant for kind in kinds for tenant in records[kind]}
        found[pack] = tuple(t for t in tenants.judged(pack) if t not in heard) if kinds else ()
    return found


def verdict(results: Sequence[ControlResult]) -> Verdict:
    """ALLOWED needs at least one control asked and none that blocks; a definite failure outranks an unknown."""
    if any(r.blocks and r.outcome is Outcome.FAIL for r in results):
        return Verdict.BLOCKED
    if not results or any(r.blocks for r in results):
        return Verdict.UNDECIDED
    return Verdict.ALLOWED


def judge(
    control: Control,
    evidence: Mapping[str, Evidence],
    ask: Ask,
    holding: Sequence[Waiver],
    as_of: datetime,
    scope: Scope | None = None,
    left_out: Counter[str] | None = None,
) -> ControlResult:
    """Ask one control. Incomplete evidence is still asked, so that what is known to be wrong is shown.

    `left_out` counts, by pack, findings about tenants whom the pack does not judge.
    """
    level = control.level(as_of.date())
    short, incomplete = gaps(control, evidence, scope)
    if short:
        return ControlResult(control=control, outcome=Outcome.UNKNOWN, level=level, reasons=(*short, *incomplete))
    try:
        rows = ask(control.query, parameters(control, as_of))
    except QueryError as error:
        return ControlResult(control=control, outcome=Outcome.UNKNOWN, level=level, reasons=(*incomplete, str(error)))
    if scope is not None:
        judged = [row for row in rows if not scope.tenants.leaves_out(control.pack, row.get("tenant"))]
        if left_out is not None:
            left_out[control.pack] += len(rows) - len(judged)
        rows = judged
    # Told apart first: a waiver for one fingerprint covers one finding, the one that is shown with it.
    violations = tuple(with_waiver(v, holding) for v in distinct([violation(control, row) for row in rows]))
    if any(v.is_open for v in violations):
        outcome = Outcome.FAIL
    elif incomplete:
        outcome = Outcome.UNKNOWN
    elif violations:
        outcome = Outcome.WAIVED
    else:
        outcome = Outcome.PASS
    return ControlResult(control=control, outcome=outcome, level=level, violations=violations, reasons=incomplete)


def gaps(
    control: Control, evidence: Mapping[str, Evidence], scope: Scope | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Why the evidence does not do: too little to ask at all, and enough to ask but incomplete."""
    short: list[str] = []
    doubtful: dict[str, list[str]] = {}
    for kind, need in sorted(control.evidence.items()):
        found = evidence.get(kind)
        if found is None:
            short.append(f"no evidence of kind {kind} was collected")
            continue
        claims, claimed = unverified(found.rows) if need.verified else ([], 0)
        usable = max(0, len(found.rows) - claimed - _of_others(control, kind, scope))
        if usable < need.minimum:
            known = "verified record" if need.verified else "record"
            short.append(f"{kind}: {usable} {known}{'s' if usable != 1 else ''}; at least {need.minimum} needed")
        doubts = list(claims)
        doubts += [f"{u.path}:{u.line}: {u.reason}" for u in found.coverage.unread]
        doubts += _strangers(kind, scope)
        doubts += _wanting(control, kind, need, scope)
        more = len(doubts) - SHOWN_REASONS
        if more > 0:
            doubts[SHOWN_REASONS:] = [f"{more} more reasons like these"]
        for doubt in doubts:
            doubtful.setdefault(doubt, []).append(kind)
    # One cause is said once, however many kinds it spoils.
    incomplete = [f"{', '.join(kinds)}: {doubt}" for doubt, kinds in doubtful.items()]
    incomplete += _unheard(control, scope)
    return tuple(short), tuple(incomplete)


def _of_others(control: Control, kind: str, scope: Scope | None) -> int:
    """How many records of a kind are of tenants whom the control's pack does not judge: they do not make up for
    missing records of those whom it does."""
    if scope is None:
        return 0
    found = scope.records.get(kind, {})
    return sum(count for tenant, count in found.items() if scope.tenants.leaves_out(control.pack, tenant))


def _strangers(kind: str, scope: Scope | None) -> list[str]:
    """What is wrong with whose the records of a kind are."""
    if scope is None:
        return []
    if kind in scope.untold:
        return [f"whose its records are can't be told: {scope.untold[kind]}"]
    known = scope.tenants.tenants
    strange = [
        (f"{count} record{'s' if count != 1 else ''} of", tenant)
        for tenant, count in sorted(scope.records.get(kind, {}).items())
        if tenant not in known
    ] + [("a list in its records names", t) for t in sorted(scope.listed.get(kind, {})) if t not in known]
    return [f"{said} the tenant {t!r}, which the policy does not declare; add it to tenants, with its plan"
            for said, t in strange]  # fmt: skip


def _wanting(control: Control, kind: str, need: EvidenceNeed, scope: Scope | None) -> list[str]:
    """Whose records are fewer than every tenant must have. (Any that did not verify are a reason of their own.)"""
    if scope is None or not need.per_tenant or kind not in scope.records:
        return []
    silent = scope.silent.get(control.pack, ())
    return [
        f"{scope.records[kind].get(tenant, 0)} of the tenant {tenant!r}; at least {need.minimum} of each tenant needed"
        for tenant in scope.tenants.judged(control.pack)
        if scope.records[kind].get(tenant, 0) < need.minimum and tenant not in silent
    ]


def _unheard(control: Control, scope: Scope | None) -> list[str]:
    """Whom the control's pack judges without having heard anything."""
    if scope is None or not any(need.minimum and kind in scope.records for kind, need in control.evidence.items()):
        return []
    silent = scope.silent.get(control.pack, ())
    reasons = [
        f"{tenant}: its plan {scope.tenants.tenants[tenant]!r} has the pack {control.pack}, and there is no record of "
        "it at all; bring in its evidence, or correct its plan"
        for tenant in silent[:SHOWN_REASONS]
    ]
    more = len(silent) - SHOWN_REASONS
    return [*reasons, f"{more} more tenants of whom there is no record at all"] if more > 0 else reasons


def parameters(control: Control, as_of: datetime, text: str | None = None) -> dict[str, Any]:
    """The values for the `$name`s that the query uses (not those that its comments and strings mention): the control's
    own, `$as_of` and `$control`, its id."""
    values = {**control.params, "as_of": epoch_ms(as_of), "control": control.id}
    return used_in(control.query if text is None else text, values)


def used_in(query: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that the query has a `$name` for."""
    used = set(re.findall(r"\$(\w+)", _NOT_CODE.sub(" ", query)))
    return {name: value for name, value in values.items() if name in used}


def violation(control: Control, row: Mapping[str, Any]) -> Violation:
    """A row of the answer as a violation. Columns `path`, `line` … locate it; all may be used in the message."""
    values = {**control.params, **{k: "none" if v is None else v for k, v in row.items()}}
    path = row.get("path") or row.get("source_path")
    location = control.source
    if path:
        location = Location(
            path=str(path),
            line=_position(row.get("line") or row.get("source_line")) or 1,
            column=_position(row.get("col")),
            end_line=_position(row.get("end_line")),
            end_column=_position(row.get("end_col")),
            snippet=row.get("snippet"),
        )
    subject = str(row.get("subject"))
    return Violation(
        control=control.id,
        subject=subject,
        message=control.message.format_map(values),
        location=location,
        fingerprint=str(row.get("fingerprint") or fingerprint(control.id, subject)),
        tenant=row.get("tenant"),
        details=dict(row),
        aside=_aside(row.get("aside")),
        because=row.get("aside_because"),
    )


def _aside(value: Any) -> Aside | None:
    """What evidence says of it; a word that nobody knows sets nothing aside."""
    return Aside(value) if value in tuple(Aside) else None


def _position(value: int | None) -> int | None:
    """A line or column that a file can have and every report format can hold; None for any other number."""
    return value if value is not None and 0 < value < 2**31 else None


def distinct(violations: Sequence[Violation]) -> tuple[Violation, ...]:
    """Violations in a stable order; equal fingerprints are told apart by their number of occurrence."""
    seen: dict[str, int] = {}
    out = []
    for v in sorted(violations, key=lambda v: (v.location.path, v.location.line, v.location.column or 0, v.subject)):
        count = seen.get(v.fingerprint, 0)
        seen[v.fingerprint] = count + 1
        out.append(v if count == 0 else replace(v, fingerprint=fingerprint(v.fingerprint, str(count))))
    return tuple(out)


def with_waiver(found: Violation, holding: Sequence[Waiver]) -> Violation:
    """The violation, marked with the first waiver (by id) that covers it."""
    covering = next((w for w in holding if matches(w, found)), None)
    return found if covering is None else replace(found, waiver=covering.id)


def _asked(waiver: Waiver, policy: Policy, results: Sequence[ControlResult]) -> bool:
    """Whether this decision can tell that the waiver covers nothing: not when its control was of another stage, or
    could not be judged."""
    judged = {r.control.id for r in results if r.outcome is not Outcome.UNKNOWN}
    return waiver.control in judged or policy.control(waiver.control) is None


def use_of(waiver: Waiver, results: Sequence[ControlResult], today: date, *, asked: bool = True) -> WaiverUse:
    """What became of a waiver. `covers` counts what lies in its scope, whether or not it holds."""
    covers = sum(matches(waiver, v) for r in results for v in r.violations)
    if is_expired(waiver, today):
        state = WaiverState.EXPIRED
    elif is_pending(waiver, today):
        state = WaiverState.PENDING
    elif covers == 0 and asked:
        state = WaiverState.ORPHANED
    elif waiver.expires - today < timedelta(days=EXPIRING_DAYS):
        state = WaiverState.EXPIRING
    else:
        state = WaiverState.ACTIVE
    return WaiverUse(waiver=waiver, state=state, covers=covers)


def clocks(
    controls: Sequence[Control], evidence: Mapping[str, Evidence], ask: Ask, as_of: datetime
) -> tuple[Clock, ...]:
    """What runs out when, soonest first. A clock that can't be read is left out: its control says why."""
    found = []
    for control in controls:
        if control.clock is None or any(kind not in evidence for kind in control.evidence):
            continue
        try:
            rows = ask(control.clock, parameters(control, as_of, control.clock))
        except QueryError:
            continue
        for row in rows:
            try:
                due = None if row["due_at"] is None else from_epoch_ms(row["due_at"])
                since = None if row["since_at"] is None else from_epoch_ms(row["since_at"])
            except OverflowError:
                continue  # beyond the year 9999: nothing that anybody waits for
            if due is not None:
                found.append(Clock(control=control.id, subject=str(row["subject"]), since=since, due=due))
    return tuple(sorted(found, key=lambda c: (c.due, c.control, c.subject)))


def not_judged(controls: Sequence[Control], scope: Scope | None, left_out: Mapping[str, int]) -> tuple[str, ...]:
    """Whom the packs of the stage do not judge, because of their plans: a sentence a pack."""
    if scope is None:
        return ()
    lines = []
    for pack in sorted({control.pack for control in controls}):
        outside = scope.tenants.outside(pack)
        if not outside:
            continue
        kinds = {kind for control in controls if control.pack == pack for kind in control.evidence}
        records = sum(scope.records.get(kind, {}).get(tenant, 0) for kind in kinds for tenant in outside)
        names = ", ".join(f"{tenant} ({scope.tenants.tenants[tenant]})" for tenant in outside[:SHOWN_REASONS])
        more = f" and {len(outside) - SHOWN_REASONS} more" if len(outside) > SHOWN_REASONS else ""
        lines.append(
            f"the pack {pack} for tenants whose plan has it not: {names}{more}; "
            f"{_count(records, 'record')} and {_count(left_out.get(pack, 0), 'finding')} of theirs"
        )
    return tuple(lines)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def not_checked(policy: Policy, stage: Stage, evidence: Mapping[str, Evidence]) -> tuple[str, ...]:
    """What this decision does not cover, so that nobody reads more into it: what is of this run first."""
    others = [c.id for c in policy.controls if stage not in c.stages]
    lines = []
    for kind in sorted(evidence):
        unread = evidence[kind].coverage.unread
        if unread:
            lines.append(f"{kind}: {len(unread)} could not be read, first {unread[0].path}: {unread[0].reason}")
    if others:
        lines.append(f"{_count(len(others), 'control')} of other stages: {', '.join(others)}")
    asked = {c.pack for c in policy.controls if stage in c.stages}
    return (*lines, *(limit for pack in sorted(asked) for limit in policy.limits.get(pack, ())))
