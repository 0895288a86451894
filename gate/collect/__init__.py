"""The world → Evidence: one module a source, one entry in COLLECTORS.

A collector never decides. It reports what it found, what it looked at, and what it should have read and could not;
it raises only when nothing at all can be said, and then the kinds it serves stay uncollected, which is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gate.model import Coverage, Evidence, GateError, Policy, Row, Subject, UndecidedError, Unread
from gate.tree import Tree

if TYPE_CHECKING:
    from attestations.trust import Trust

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the collectors of one run may look at.

    `as_of` is the moment judged, `now` the verifier's clock (they differ under --as-of). `base` is the revision that
    the change is to be merged into: findings that are open there too are not of this change.
    `stores` are folders with evidence from elsewhere (`<store>/<kind>/*.json`); `runs` are Golden Path records of this
    very run; `attestations` are (name, bundle) pairs and `sboms` the rows that describe the SBOMs among them.
    """

    tree: Tree
    root: Path
    policy: Policy
    as_of: datetime
    now: datetime
    trust: Trust
    subject: Subject
    stores: tuple[Path, ...] = ()
    runs: tuple[Row, ...] = ()
    attestations: tuple[tuple[str, bytes], ...] = ()
    sboms: tuple[Row, ...] = ()
    base: Tree | None = None


@dataclass(frozen=True, slots=True)
class Collector:
    """Serves some kinds with one pass over one source."""

    kinds: tuple[str, ...]
    collect: Callable[[Context], Iterable[Evidence]]


def _code(context: Context) -> Iterable[Evidence]:
    if "data_access" not in context.policy.kinds:
        return _patterns(context)
    from gate.collect.code import collect

    return collect(context)


def _schema_findings(context: Context) -> Iterable[Evidence]:
    from gate.collect.schema_findings import collect

    return collect(context)


def _schema_audits(context: Context) -> Iterable[Evidence]:
    from gate.collect.pgrls import collect

    return collect(context)


def _patterns(context: Context) -> Iterable[Evidence]:
    from gate.collect.beside import patterns_alone

    return patterns_alone(context)


def _workflows(context: Context) -> Iterable[Evidence]:
    from gate.collect.workflows import collect

    return collect(context)


def _release(context: Context) -> Iterable[Evidence]:
    from gate.collect.release import collect

    return collect(context)


def _source(context: Context) -> Iterable[Evidence]:
    from gate.collect.source import collect

    return collect(context)


def _layouts(context: Context) -> Iterable[Evidence]:
    from gate.collect.layouts import collect

    return collect(context)


def _waivers(context: Context) -> Iterable[Evidence]:
    from gate.collect.waivers import collect

    return collect(context)


def _calendars(context: Context) -> Iterable[Evidence]:
    from gate.collect.calendars import collect

    return collect(context)


def _tenants(context: Context) -> Iterable[Evidence]:
    from gate.collect.tenants import collect

    return collect(context)


def _artifacts(context: Context) -> Iterable[Evidence]:
    from gate.collect.artifacts import collect

    return collect(context)


def _integrations(context: Context) -> Iterable[Evidence]:
    from gate.collect.integrations import collect

    return collect(context)


COLLECTORS = (
    Collector(("data_access", "tenancy_table", "suppression", "baseline_entry", "coverage", "code_pattern"), _code),
    Collector(("schema_finding", "schema_state"), _schema_findings),
    Collector(("schema_audit",), _schema_audits),
    Collector(("workflow_step",), _workflows),
    Collector(("release", "attestation", "sbom"), _release),
    Collector(("source_tree",), _source),
    Collector(("supply_chain_layout",), _layouts),
    Collector(("waiver",), _waivers),
    Collector(("business_period",), _calendars),
    Collector(("tenant_plan",), _tenants),
    Collector(("integration_use",), _integrations),
    Collector(("artifact_file",), _artifacts),
)


def collect(context: Context, kinds: Iterable[str], progress: Progress) -> dict[str, Evidence]:
    """Collect the wanted kinds. A kind without a collector of its own is read from evidence records."""
    from gate.collect.events import open_stores, with_events
    from gate.collect.records import collect_records

    wanted = set(kinds)
    found: dict[str, Evidence] = {}
    for collector in COLLECTORS:
        if wanted & set(collector.kinds):
            progress(f"collecting {', '.join(sorted(wanted & set(collector.kinds)))}")
            try:
                found.update({evidence.kind: evidence for evidence in collector.collect(context)})
            except (GateError, UndecidedError) as error:
                found.update({kind: _failed(kind, error) for kind in collector.kinds})
    served = {kind for collector in COLLECTORS for kind in collector.kinds}
    for kind in sorted(wanted - served):
        progress(f"collecting {kind}")
        found[kind] = collect_records(context, kind)
    stores = open_stores(context)
    return {
        kind: with_events(context, stores, _valid(context, evidence))
        for kind, evidence in found.items()
        if kind in wanted
    }


def _failed(kind: str, error: Exception) -> Evidence:
    return Evidence(
        kind=kind, rows=(), coverage=Coverage(scope="failed", unread=(Unread(path=kind, reason=str(error)),))
    )


def _valid(context: Context, evidence: Evidence) -> Evidence:
    """Evidence whose rows all fit their kind's schema; those that don't become unread."""
    from dataclasses import replace

    from gate.policy import SOURCE_FIELDS
    from gate.reading import Schema
    from gate.store import misfit

    kind = context.policy.kinds[evidence.kind]
    schema = Schema(kind.schema, str(kind.source))
    unfit = misfit(kind)
    rows: list[Row] = []
    unread: list[Unread] = []
    for row in evidence.rows:
        own = {name: value for name, value in row.items() if name not in SOURCE_FIELDS}
        reason = unfit(own) if schema.is_valid(own) else schema.problems(own)[0].text
        if reason is None:
            rows.append(row)
            continue
        where = str(row.get("source_path") or row.get("path") or evidence.kind)
        unread.append(Unread(path=where, line=int(row.get("source_line") or 1), reason=reason))
    if not unread:
        return evidence
    coverage = replace(evidence.coverage, unread=(*evidence.coverage.unread, *unread))
    return replace(evidence, rows=tuple(rows), coverage=coverage)


def first_line(error: Exception, limit: int = 200) -> str:
    """The first line of an error, for a reason that must stay one line."""
    return (str(error).splitlines() or [type(error).__name__])[0][:limit]
