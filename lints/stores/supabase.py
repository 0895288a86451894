"""Calls of Supabase's clients (`from("boats").select().eq("id", id)`) as the SQL they stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.extract.chains.stores import SERVICE
from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.schema.facts import SourceModel
from lints.stores.javascript_orms import filtered
from lints.stores.orm_sql import Builder, mapping

_SIGNS = {
    "eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "LIKE", "ilike": "LIKE",
    "in": "in", "in_": "in", "is": "=", "is_": "=",
}  # fmt: skip
_PART = regex(r"\s*(\w+)\.(\w+)\.([^()]{1,200})")
_OTHERS = frozenset({"or", "or_", "not", "not_", "filter", "contains", "containedBy", "overlaps", "textSearch", "fts"})


def supabase(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """PostgREST: filters are joined by AND, `or` holds its own; policies bind every client but the service's."""
    verb = "select"
    assigned: list[tuple[str, str]] = []
    dynamic = False
    conflict: list[str] | None = None
    embedded = ""
    for step in steps:
        method, arguments = step.method, step.arguments
        first = arguments[0] if arguments else None
        if method == "select" and first is not None and first.kind == "text":
            embedded = embedded or first.text
        elif method in {"insert", "update", "upsert"}:
            verb = method
            rows = first.items[:1] if first is not None and first.kind == "list" else (first,)
            row = rows[0] if rows else None
            values, unseen = builder.assignments(mapping(row))
            assigned, dynamic = assigned + values, dynamic or unseen or row is None or row.kind != "map"
            named = {**mapping(arguments[1] if len(arguments) > 1 else None), **dict(step.keywords)}
            target = named.get("onConflict") or named.get("on_conflict")
            if method == "upsert":
                told = target.text.split(",") if target is not None and target.kind == "text" else []
                conflict = [column.strip() for column in told] or [builder.key_of(builder.table)]
        elif method == "delete":
            verb = "delete"
        elif method == "match" and first is not None:
            builder.where.append(filtered(builder, first))
        elif method in _SIGNS and len(arguments) > 1:
            builder.where.append(_compared(builder, _SIGNS[method], arguments[0], arguments[1], embedded))
        elif method == "filter" and len(arguments) > 2 and arguments[1].text in _SIGNS:
            builder.where.append(_compared(builder, _SIGNS[arguments[1].text], arguments[0], arguments[2], embedded))
        elif method in {"not", "not_"} and len(arguments) > 2 and arguments[1].text in _SIGNS:
            sign = _SIGNS[arguments[1].text]
            builder.where.append(f"NOT ({_compared(builder, sign, arguments[0], arguments[2], embedded)})")
        elif method in {"or", "or_"} and len(arguments) == 1 and arguments[0].kind in {"text", "dynamic"}:
            builder.where.append(_either(builder, arguments[0].text))
        elif method in _OTHERS:
            builder.where.append(builder.hole())
    _policies(builder, steps[0])
    if verb in {"insert", "upsert"}:
        return [builder.insert(assigned, dynamic=dynamic, conflict=conflict)]
    if verb == "update":
        return [builder.update(assigned, whole=dynamic)]
    return [builder.delete() if verb == "delete" else builder.select()]


def _either(builder: Builder, text: str) -> str:
    """`or("id.eq.3,tenant_id.eq.4")`; what is nested in it is not read."""
    parts = [_PART.fullmatch(part) for part in text.split(",")]
    if any(part is None or part[2] not in _SIGNS for part in parts):
        return builder.hole()
    return builder.any_of(
        builder.compare(part[1], Argument(kind="value", text=part[3].strip("{}")), _SIGNS[part[2]])
        for part in parts
        if part is not None
    )


def _compared(builder: Builder, operator: str, column: Argument, value: Argument, embedded: str) -> str:
    if column.kind != "text":
        return builder.hole()
    table, _, name = column.text.rpartition(".")
    if not re.fullmatch(r"\w+", name):
        return builder.hole()
    if not table:
        return builder.compare(name, value, operator)
    # A filter on an embedded table keeps rows of this one out only where the embedding is an inner join.
    key = builder.foreign_column(table)
    if key is None or not re.search(rf"\b{re.escape(table)}\s*!inner\b", embedded):
        return "TRUE"
    inner = Builder(builder.model, builder.entities, table, counter=builder.counter)
    inner.where.append(inner.compare(name, value, operator))
    return builder.related(key, table, inner)


def _policies(builder: Builder, begun: OrmStep) -> None:
    schema = builder.model.schema if isinstance(builder.model, SourceModel) else None
    relation = schema.relations.get(builder.table) if schema is not None else None
    enabled = relation is not None and relation.row_security is not None and relation.row_security.enabled
    client = begun.arguments[1].text if len(begun.arguments) > 1 else ""
    if enabled and not SERVICE.search(client):
        builder.scope = f"row level security of {builder.table}, which binds {client or 'the client'}"
