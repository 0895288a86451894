"""Panels drawn: each panel's query over the evidence of one decision, at its clock. It informs; it never decides.

Pure like `decide`: the same policy, evidence and clock give the same figures. A panel that can't be drawn says why.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gate.decide import Ask, used_in
from gate.model import Evidence, Policy, QueryError, Row, Stage
from gate.policy.panels import Panel, Shape, Target, panels_of
from gate.policy.tenants import TenantMap, map_of
from gate.reading import epoch_ms

MAX_ROWS = 500
"""Of one panel; what is beyond is counted."""
STAGES = (Stage.RELEASE, Stage.GA)
"""When panels are drawn: a pull request collects no evidence for them."""

MUST: Mapping[str, Callable[[int, int], bool]] = {
    "at_most": operator.le, "at_least": operator.ge, "below": operator.lt, "above": operator.gt,
}  # fmt: skip
"""What a value may have to be to its target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A panel with its rows, in the order they are shown; `reason` says why there are none to be had."""

    panel: Panel
    rows: tuple[Row, ...] = ()
    beyond: int = 0
    """How many more rows there are."""
    reason: str | None = None
    notes: tuple[str, ...] = ()
    """What the figures leave out, in words."""

    @property
    def missed(self) -> int:
        """How many of the rows miss their target."""
        return sum(misses(self.panel, row) for row in self.rows)


def draw(
    policy: Policy, stage: Stage, evidence: Mapping[str, Evidence], ask: Ask, *, as_of: datetime
) -> tuple[Drawn, ...]:
    """Every panel of the policy over the evidence that the stage's controls were asked about, by id."""
    if stage not in STAGES:
        return ()
    tenants = map_of(policy, as_of)
    return tuple(_drawn(panel, evidence, ask, as_of, tenants) for panel in panels_of(policy))


def _drawn(
    panel: Panel, evidence: Mapping[str, Evidence], ask: Ask, as_of: datetime, tenants: TenantMap | None
) -> Drawn:
    absent = [kind for kind in panel.evidence if kind not in evidence]
    if absent:
        return Drawn(panel=panel, reason=f"no control of this stage asks for {', '.join(absent)}")
    if not any(evidence[kind].rows for kind in panel.evidence):
        return Drawn(panel=panel, reason=f"there is no record of {' or '.join(panel.evidence)}")
    try:
        found = rows(panel, ask, as_of)
    except QueryError as error:
        return Drawn(panel=panel, reason=str(error))
    notes = [
        f"{kind}: {len(evidence[kind].coverage.unread)} could not be read"
        for kind in panel.evidence
        if evidence[kind].coverage.unread
    ]
    if tenants is not None:
        judged = [row for row in found if not tenants.leaves_out(panel.pack, row.get("tenant"))]
        if len(judged) < len(found):
            less = len(found) - len(judged)
            rows_are = "1 row is" if less == 1 else f"{less} rows are"
            notes.append(f"{rows_are} left out: of tenants whose plan has not the pack {panel.pack}")
        found = judged
    if not found:
        return Drawn(panel=panel, reason="the query found nothing to show", notes=tuple(notes))
    return Drawn(panel=panel, rows=tuple(found[:MAX_ROWS]), beyond=max(0, len(found) - MAX_ROWS), notes=tuple(notes))


def rows(panel: Panel, ask: Ask, as_of: datetime) -> list[Row]:
    """What the panel's query returns, in the order it is shown. Raises QueryError."""
    given = used_in(panel.query, {**panel.params, "as_of": epoch_ms(as_of)})
    return sorted(ask(panel.query, given), key=lambda row: _order(panel, row))


def _order(panel: Panel, row: Row) -> list[tuple[bool, Any]]:
    """By tenant; then bars from long to short, a series by time, a table by its columns."""
    if panel.shape is Shape.BARS:
        value = row["value"]
        keys = [row.get("tenant"), None if value is None else -value, row["label"]]
    elif panel.shape is Shape.SERIES:
        keys = [row.get("tenant"), row["at"]]
    else:
        keys = [row.get("tenant"), *(row[name] for name in panel.columns)]
    return [(value is None, 0 if value is None else value) for value in keys]


def bound(target: Target | None, row: Row) -> int | None:
    """The number that the row's value is held against; None without one."""
    if target is None:
        return None
    value = target.bound if isinstance(target.bound, int) else row.get(target.bound)
    return value if isinstance(value, int) else None


def measured(panel: Panel) -> str:
    """The column that the target is about: `value`, or the first column of a table that counts something."""
    if panel.shape is not Shape.TABLE:
        return "value"
    bound_by = panel.target.bound if panel.target is not None else None
    return next((n for n, unit in panel.columns.items() if unit not in ("text", "yes_no") and n != bound_by), "")


def misses(panel: Panel, row: Row) -> bool:
    """Whether the row misses its target. What has no value misses nothing: it is shown as unknown."""
    limit, value = bound(panel.target, row), row.get(measured(panel))
    if panel.target is None or limit is None or not isinstance(value, int):
        return False
    return not MUST[panel.target.must](value, limit)


def target_text(target: Target) -> str:
    """`at most`, `below` …"""
    return target.must.replace("_", " ")
