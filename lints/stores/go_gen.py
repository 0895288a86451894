"""GORM Gen as the SQL its calls stand for: conditions are calls on fields of the generated query, as written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.stores import go_writes
from lints.stores.go_text import arguments, as_id
from lints.stores.orm_sql import Builder

_READS = frozenset(
    {"First", "Take", "Last", "Find", "Count", "Pluck", "Scan", "FindByPage", "ScanByPage", "FindInBatches",
     "FirstOrCreate", "FirstOrInit", "Rows", "Row"}
)  # fmt: skip
_CALL = regex(r"\s*(?:\w+\.)+([A-Z]\w*)\.(\w+)\((.*)\)\s*", re.DOTALL)
_JOINED_BY = regex(r"\s*field\.(And|Or|Not)\((.*)\)\s*", re.DOTALL)
_FIELD = regex(r"\s*(?:\w+\.)+([A-Z]\w*)\s*")
_COMPARES = {"Neq": "<>", "Gt": ">", "Gte": ">=", "Lt": "<", "Lte": "<=", "Like": "LIKE", "NotLike": "NOT LIKE"}
_MAX_DEPTH = 8


def gen(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`q.Boat.WithContext(ctx).Where(q.Boat.ID.Eq(id), q.Boat.TenantID.Eq(tenant)).First()`."""
    steps = [_named(step) for step in steps]
    limits = go_writes.limits_of(builder, steps, "gen", zeros=any(step.method == "Save" for step in steps))
    if go_writes.sent(builder, steps, limits):
        return []
    condition: str | None = None
    verb = ""
    assigned: list[tuple[str, str]] = []
    for step in steps:
        if step.method in go_writes.INSERTS and step.arguments:
            over = go_writes.upserted(builder, steps)
            text = go_writes.inserted(builder, step) if over is None else None
            return over if over is not None else [text] if text is not None else []
        if step.method in {"Where", "Or", "Not"}:
            parts = [_condition(builder, argument.text, 0) for argument in step.arguments]
            part = builder.all_of(parts)
            part = f"NOT ({part})" if step.method == "Not" else part
            sign = "OR" if step.method == "Or" else "AND"
            condition = f"({part})" if condition is None else f"{condition} {sign} ({part})"
        elif "Join" in step.method or step.method == "Scopes":
            builder.where.append(builder.hole())
        elif step.method in _READS:
            verb = verb or "select"
        elif step.method == "Delete":
            verb = "delete"
        elif step.method in {"Update", "UpdateColumn", "UpdateSimple", "UpdateColumnSimple"}:
            verb = "update"
            assigned += _set(builder, step)
        elif step.method in go_writes.WRITES or step.method == "Save":
            verb = "update"
            assigned += go_writes.sets(builder, step, limits)
    if not verb:
        return []
    if condition is not None:
        builder.where.append(condition)
    if verb == "update":
        return [go_writes.updated(builder, assigned)]
    return [builder.delete() if verb == "delete" else builder.select()]


def _named(step: OrmStep) -> OrmStep:
    """`Select(q.Name)`, `Omit(q.TenantID)` with the fields as texts."""
    if step.method not in {"Select", "Omit"}:
        return step
    found = [_FIELD.fullmatch(argument.text) for argument in step.arguments]
    given = zip(found, step.arguments, strict=True)
    return replace(
        step, arguments=tuple(Argument(kind="text", text=f.group(1)) if f is not None else a for f, a in given)
    )


def _condition(builder: Builder, text: str, depth: int) -> str:
    joined = _JOINED_BY.fullmatch(text)
    if joined is not None and depth < _MAX_DEPTH:
        parts = [_condition(builder, part, depth + 1) for part in arguments(joined.group(2))]
        if joined.group(1) == "Or":
            return builder.any_of(parts)
        return builder.all_of(parts) if joined.group(1) == "And" else f"NOT ({builder.all_of(parts)})"
    found = _CALL.fullmatch(text)
    column = builder.column(found.group(1)) if found is not None else None
    if found is None or column is None:
        return builder.hole()
    sign, given = found.group(2), Argument(kind="value", text=as_id(found.group(3)))
    alone = sign == "In" and len(arguments(found.group(3))) == 1 and not found.group(3).rstrip().endswith("...")
    if sign == "Eq" or alone:
        return builder.compare(column, given)
    if sign == "In":
        return f"{builder.qualified(column)} IN ({builder.parameter()})"
    if sign in {"IsNull", "IsNotNull"}:
        return f"{builder.qualified(column)} IS {'NOT ' if sign == 'IsNotNull' else ''}NULL"
    if sign in _COMPARES:
        return f"{builder.qualified(column)} {_COMPARES[sign]} {builder.parameter()}"
    return f"{builder.qualified(column)} > {builder.parameter()}" if sign != "AddCol" else builder.hole()


def _set(builder: Builder, step: OrmStep) -> list[tuple[str, str]]:
    """`Update(q.Name, name)`, `UpdateSimple(q.Name.Value(name))`."""
    found: list[tuple[str, str]] = []
    if step.method in {"Update", "UpdateColumn"} and len(step.arguments) == 2:
        field = _FIELD.fullmatch(step.arguments[0].text)
        pairs = [(field.group(1), step.arguments[1])] if field is not None else []
    else:
        calls = [_CALL.fullmatch(argument.text) for argument in step.arguments]
        pairs = [(c.group(1), Argument(kind="value", text=as_id(c.group(3)))) for c in calls if c is not None]
    if len(pairs) < max(1, len(step.arguments) - (step.method in {"Update", "UpdateColumn"})):
        go_writes.suppose(builder, step.arguments[0] if step.arguments else Argument(kind="value"))
    for name, value in pairs:
        column = builder.column(name)
        if column is not None:
            found.append((column, go_writes.value(builder, value)))
    return found
