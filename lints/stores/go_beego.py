"""Beego's ORM as the SQL its calls stand for: filters by fields, and records that are read by what they hold."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.extract.facts import Argument, OrmStep
from lints.stores import go_writes
from lints.stores.go_text import as_id, fields_of, plain
from lints.stores.orm_sql import Builder

_READS = frozenset(
    {"All", "One", "Count", "Exist", "Values", "ValuesList", "ValuesFlat", "RowsToMap", "RowsToStruct", "Iterator"}
)
_SIGNS = {
    "exact": "=", "iexact": "=", "in": "IN", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "contains": "LIKE",
    "icontains": "LIKE", "startswith": "LIKE", "istartswith": "LIKE", "endswith": "LIKE", "iendswith": "LIKE",
}  # fmt: skip
_OF_RECORD = frozenset({"Read", "ReadForUpdate", "ReadOrCreate", "Update", "Delete"})


def beego(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`o.QueryTable("boats").Filter("TenantId", tenant).All(&boats)`, `o.Read(&boat, "Id", "TenantId")`."""
    first = steps[0]
    if first.method in go_writes.INSERTS and first.arguments:
        position = 1 if first.method == "InsertMulti" and len(first.arguments) > 1 else 0
        record = OrmStep(method="Insert", arguments=first.arguments[position:], keywords=first.keywords)
        text = go_writes.inserted(builder, record)
        return [text] if text is not None else []
    if first.method in _OF_RECORD and first.arguments:
        return _of_record(builder, first)
    verb = ""
    assigned: list[tuple[str, str]] = []
    for step in steps[1:]:
        if step.method in {"Filter", "Exclude"} and step.arguments:
            part = _filter(builder, step)
            builder.where.append(f"NOT ({part})" if step.method == "Exclude" else part)
        elif step.method in {"SetCond", "FilterRaw"}:
            builder.where.append(builder.hole())
        elif step.method in _READS:
            verb = "select"
        elif step.method == "Delete":
            verb = "delete"
        elif step.method == "Update":
            verb = "update"
            assigned = go_writes.sets(builder, step, go_writes.Limits())
    if not verb:
        return []
    if verb == "update":
        return [go_writes.updated(builder, assigned)]
    return [builder.delete() if verb == "delete" else builder.select()]


def _filter(builder: Builder, step: OrmStep) -> str:
    name = step.arguments[0]
    parts = name.text.split("__") if name.kind == "text" else []
    sign = _SIGNS.get(parts[-1]) if len(parts) > 1 else None
    column = builder.column(parts[0]) if len(parts) == 1 + (sign is not None) else None
    if column is None:
        return builder.hole()
    given = step.arguments[1] if len(step.arguments) > 1 else Argument(kind="value")
    if sign in {None, "="}:
        return builder.compare(column, Argument(kind=given.kind, text=as_id(given.text)))
    if sign == "IN":
        return f"{builder.qualified(column)} IN ({builder.parameter()})"
    return f"{builder.qualified(column)} {sign} {builder.parameter()}"


def _of_record(builder: Builder, step: OrmStep) -> list[str | None]:
    """A record that is read, changed or deleted by its key, or by the fields that are named behind it; `Update` names
    those that are written."""
    record, named = step.arguments[0], [argument.text for argument in step.arguments[1:] if argument.kind == "text"]
    held = {**(fields_of(record) or {}), **go_writes.since(step)}
    name = plain(record.text)
    by = named if named and step.method != "Update" else [builder.key_of(builder.table)]
    for field in by:
        column = builder.column(field) or field
        value = next((one for other, one in held.items() if builder.column(other) == column), None)
        given = value or Argument(kind="value", text=f"{name}.{field}" if re.fullmatch(r"\w+", name) else "")
        builder.where.append(builder.compare(column, Argument(kind=given.kind, text=as_id(given.text))))
    if step.method != "Update":
        return [builder.delete() if step.method == "Delete" else builder.select()]
    only = frozenset(builder.column(field) or field for field in named) or None
    limits = go_writes.Limits(only=only, zeros=True)
    assigned = go_writes.sets(builder, step, limits, by_key=builder.held)
    return [go_writes.updated(builder, assigned)]
