"""Panels in words: values with their units, targets, states; and the panels of a decision as a versioned document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from gate.model import Decision, Row
from gate.panels import Drawn, bound, measured, misses, target_text
from gate.policy.panels import Panel, Shape
from gate.reading import from_epoch_ms
from gate.report.escape import Json, json_document, json_string, json_value, rfc3339

SCHEMA_ID = "urn:tenantgate:schema:panels:v1"

_SUFFIX = {"percent": " %", "ms": " ms", "s": " s", "min": " min", "hours": " h", "days": " d", "bytes": " B"}


def value_text(value: object, unit: str) -> str:
    """`1,234`, `97.3 %`, `12 min`, `2026-11-21`, `1,234.56`; `unknown` for NULL. Raw: text is not escaped here."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int):
        return str(value)
    match unit:
        case "permille":
            return f"{'-' if value < 0 else ''}{abs(value) // 10:,}.{abs(value) % 10} %"
        case "micros":
            return _decimal(value, 1_000_000, 2)
        case "minor":
            return _decimal(value, 100, 2)
        case "time":
            return _time(value)
    return f"{value:,}{_SUFFIX.get(unit, '')}"


def _decimal(value: int, scale: int, places: int) -> str:
    """Money without a float: rounded half up, away from nothing that could be lost twice."""
    step = scale // 10**places
    units = (abs(value) + step // 2) // step
    return f"{'-' if value < 0 and units else ''}{units // 10**places:,}.{units % 10**places:0{places}d}"


def _time(value: int) -> str:
    try:
        return f"{from_epoch_ms(value):%Y-%m-%d %H:%M}".removesuffix(" 00:00")
    except OverflowError:
        return "beyond the calendar"


def heading(name: str) -> str:
    """A column's name for people."""
    return name.replace("_", " ")


def target_of(panel: Panel, row: Row | None = None) -> str | None:
    """`at most 30 min (HRO009.limit_minutes)`; for a target of each row, that of this row; None without one."""
    target = panel.target
    if target is None:
        return None
    unit = panel.columns.get(measured(panel), "count")
    if isinstance(target.bound, int):
        source = f" ({target.control})" if target.control and row is None else ""
        return f"{target_text(target)} {value_text(target.bound, unit)}{source}"
    if row is None:
        return f"{target_text(target)} what stands under {heading(target.bound)}"
    return f"{target_text(target)} {value_text(bound(target, row), unit)}"


def state(drawn: Drawn) -> str:
    """One word for a panel, so that no meaning hangs on colour."""
    if drawn.reason is not None:
        return "not drawn"
    if drawn.panel.target is None:
        return "informs"
    if any(row.get(measured(drawn.panel)) is None for row in drawn.rows) and not drawn.missed:
        return "partly unknown"
    return "off target" if drawn.missed else "on target"


def row_state(drawn: Drawn, row: Row) -> str:
    if drawn.panel.target is None:
        return ""
    if row.get(measured(drawn.panel)) is None or bound(drawn.panel.target, row) is None:
        return "unknown"
    return "off target" if misses(drawn.panel, row) else "on target"


def columns(drawn: Drawn) -> tuple[tuple[str, str], ...]:
    """Name and unit of what is shown of each row, the tenant first if there is one."""
    panel = drawn.panel
    names = dict(panel.columns)
    if any("tenant" in row for row in drawn.rows):
        names = {"tenant": "text", **names}
    if panel.target is not None and isinstance(panel.target.bound, str) and panel.target.bound not in names:
        names[panel.target.bound] = panel.columns[measured(panel)]
    return tuple(names.items())


def is_missed(drawn: Drawn, row: Row, column: str) -> bool:
    """Whether the row misses its target in that column."""
    return column == measured(drawn.panel) and misses(drawn.panel, row)


def only_tenant(drawn: Drawn) -> str | None:
    """The tenant that all rows are of, to be named once; None when they are of several, or of none."""
    found = {row.get("tenant") for row in drawn.rows}
    return str(found.pop()) if len(found) == 1 and None not in found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar: `length` and `limit` (None: no target) are in thousandths of the longest thing in its panel."""

    row: Row
    label: str
    text: str
    length: int
    limit: int | None
    state: str


def by_tenant(drawn: Drawn, most: int) -> list[tuple[str | None, list[Bar]]]:
    """The first bars, those of one tenant together under its name; all under none where a bar is a tenant's only."""
    if drawn.panel.shape is Shape.NUMBER or only_tenant(drawn):
        return [(None, list(bars(drawn)[:most]))]
    groups = groupby(bars(drawn)[:most], key=lambda bar: bar.row.get("tenant"))
    return [(None if tenant is None else str(tenant), list(found)) for tenant, found in groups]


def bars(drawn: Drawn) -> tuple[Bar, ...]:
    """The rows of a number or of bars, each with how long it is drawn."""
    panel = drawn.panel
    values = [row["value"] or 0 for row in drawn.rows]
    limits = [bound(panel.target, row) for row in drawn.rows]
    name = "tenant" if panel.shape is Shape.NUMBER else "label"
    longest = max(1, *values, *((limit or 0) for limit in limits))
    return tuple(
        Bar(
            row=row,
            label="all" if row.get(name) is None else str(row[name]),
            text=value_text(row["value"], panel.columns["value"]),
            length=max(0, value) * 1000 // longest,
            limit=None if limit is None else max(0, limit) * 1000 // longest,
            state=row_state(drawn, row),
        )
        for row, value, limit in zip(drawn.rows, values, limits, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A series of one tenant as points (x, y) in thousandths of the plot, y downwards; `last` is its newest row."""

    label: str
    points: tuple[tuple[int, int], ...]
    limit: int | None
    first: Row
    last: Row
    least: str
    most: str
    state: str


def series(drawn: Drawn) -> tuple[Line, ...]:
    """The series of a panel, one a tenant, all on one scale so that they can be compared."""
    panel, unit = drawn.panel, drawn.panel.columns["value"]
    known = [row for row in drawn.rows if row["value"] is not None]
    if not known:
        return ()
    limits = [limit for row in known if (limit := bound(panel.target, row)) is not None]
    top = max(1, *(row["value"] for row in known), *limits)
    begin, end = min(row["at"] for row in known), max(row["at"] for row in known)
    lines = []
    for tenant, group in groupby(known, key=lambda row: row.get("tenant")):
        found = list(group)
        values = [row["value"] for row in found]
        limit = bound(panel.target, found[-1])
        lines.append(
            Line(
                label="all" if tenant is None else str(tenant),
                points=tuple(
                    (500 if end == begin else (row["at"] - begin) * 1000 // (end - begin), _height(row["value"], top))
                    for row in found
                ),
                limit=None if limit is None else _height(limit, top),
                first=found[0],
                last=found[-1],
                least=value_text(min(values), unit),
                most=value_text(max(values), unit),
                state=row_state(drawn, found[-1]),
            )
        )
    return tuple(lines)


def _height(value: int, top: int) -> int:
    return 1000 - max(0, value) * 1000 // top


def by_pack(drawn: Sequence[Drawn]) -> list[tuple[str, list[Drawn]]]:
    """The panels by pack, in the order of their ids."""
    return [(pack, list(group)) for pack, group in groupby(drawn, key=lambda d: d.panel.pack)]


def tally(drawn: Sequence[Drawn]) -> str:
    """`31 panels: 2 off target, 4 not drawn`."""
    said = [state(d) for d in drawn]
    parts = [f"{said.count(word)} {word}" for word in ("off target", "partly unknown", "not drawn") if word in said]
    number = f"{len(drawn):,} panel{'' if len(drawn) == 1 else 's'}"
    return f"{number}: {', '.join(parts)}" if parts else f"{number}, none off target"


def document(decision: Decision, drawn: Sequence[Drawn]) -> str:
    """The panels as JSON (`schemas/panels-v1.json`): sorted keys, ASCII, integers only, a final newline."""
    return json_document(
        {
            "$schema": SCHEMA_ID,
            "schemaVersion": "1",
            "as_of": rfc3339(decision.as_of),
            "policy_digest": json_string(decision.policy_digest),
            "project": json_string(decision.subject.project),
            "panels": [_panel(d) for d in drawn],
        }
    )


def _panel(drawn: Drawn) -> dict[str, Json]:
    panel, target = drawn.panel, drawn.panel.target
    return {
        "id": json_string(panel.id),
        "pack": json_string(panel.pack),
        "title": json_string(panel.title),
        "why": json_string(panel.why),
        "kind": panel.shape.value,
        "columns": [{"name": json_string(name), "unit": unit} for name, unit in columns(drawn)],
        "target": None
        if target is None
        else {
            "is": target.must,
            "bound": target.bound if isinstance(target.bound, int) else None,
            "column": target.bound if isinstance(target.bound, str) else None,
            "parameter": target.control,
        },
        "evidence": [json_string(kind) for kind in panel.evidence],
        "rows": [json_value(dict(row)) for row in drawn.rows],
        "beyond": drawn.beyond,
        "missed": drawn.missed,
        "state": state(drawn),
        "reason": None if drawn.reason is None else json_string(drawn.reason),
        "notes": [json_string(note) for note in drawn.notes],
    }
