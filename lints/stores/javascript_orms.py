"""Filters that are objects, as Prisma, TypeORM and Sequelize have them, and Prisma's calls, as SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.stores.orm_sql import MAX_DEPTH, Builder, mapping
from lints.tenancy import Ownership

OPERATORS = {
    "equals": "=", "eq": "=", "is": "=", "in": "in", "not": "<>", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<",
    "lte": "<=",
    "contains": "LIKE", "startsWith": "LIKE", "endsWith": "LIKE", "like": "LIKE", "ilike": "LIKE", "iLike": "LIKE",
    "search": "LIKE", "between": ">", "has": ">", "hasSome": ">", "hasEvery": ">", "mode": "", "inArray": "in",
}  # fmt: skip
_OF_TENANTS = frozenset({Ownership.OWNED, Ownership.SHARED_NULL, Ownership.CHILD})
_TYPEORM = {"In": "in", "Equal": "=", "Not": "<>", "Like": "LIKE", "ILike": "LIKE", "MoreThan": ">", "LessThan": "<"}


def filtered(builder: Builder, given: Argument | None, depth: int = 0) -> str:
    """An object filter: fields, operators, AND/OR/NOT, relations; an array of filters is an OR."""
    if given is None or given.kind == "null":
        return "TRUE"
    if given.kind == "list":
        return builder.any_of(filtered(builder, item, depth + 1) for item in given.items)
    if given.kind != "map" or depth > MAX_DEPTH:
        return builder.hole()
    parts: list[str] = []
    for name, value in mapping(given).items():
        builder.shown = given.text
        if name == "..." and value.kind == "value":  # what is spread later may name the same fields
            parts = [builder.hole()]
        else:
            parts.append(_field(builder, name, value, depth))
    return builder.all_of(parts)


def _field(builder: Builder, name: str, value: Argument, depth: int) -> str:
    word = _word(name)
    if name in {"AND", "and"} or word == "and":
        return _every(builder, value, depth)
    if name in {"OR", "or"} or word == "or":
        items = value.items if value.kind == "list" else (value,)
        return builder.any_of(filtered(builder, item, depth + 1) for item in items)
    if name in {"NOT", "not"} or word == "not":
        return f"NOT ({_every(builder, value, depth)})"
    if name in {"...", "[]"}:
        return builder.hole()
    column = builder.column(name)
    target = builder.entities.get(builder.entity.relations.get(name, "")) if builder.entity is not None else None
    of_row = target is not None and any(part in target.columns or part in target.relations for part in mapping(value))
    if column is not None and not of_row:
        return _value(builder, column, value, depth)
    if builder.entity is None:
        return builder.hole()
    if target is not None:
        if value.kind == "null":
            return builder.hole()
        inner = builder.inside(target)
        nested = mapping(value)
        kind = next((key for key in ("is", "some", "every", "none", "isNot") if key in nested), None)
        inner.where.append(filtered(inner, nested[kind] if kind is not None else value, depth + 1))
        if kind in {"every", "none", "isNot"} or (kind is not None and nested[kind].kind == "null"):
            return builder.hole()
        forward = builder.foreign_column(target.table)
        if forward is not None:
            return builder.related(forward, target.table, inner)
        return builder.composed(target, inner) or builder.reverse(target, inner) or builder.hole()
    parts = mapping(value)
    if parts and all(builder.column(part) is not None for part in parts):
        return builder.all_of(_field(builder, part, inner_value, depth + 1) for part, inner_value in parts.items())
    return builder.hole()


def _word(name: str) -> str:
    """An operator's own name: of `[Op.in]` as Sequelize writes it, of `$in` as MikroORM does."""
    return name.strip("[]").rpartition(".")[2].removeprefix("$")


_OF_ROW = regex(r"(?:\w+\.)?(?:col|literal|fn|cast)\(")
"""What Sequelize takes for an expression over the row, or for text."""


def _every(builder: Builder, value: Argument, depth: int) -> str:
    items = value.items if value.kind == "list" else (value,)
    return builder.all_of(filtered(builder, item, depth + 1) for item in items)


def _value(builder: Builder, column: str, value: Argument, depth: int) -> str:
    if value.kind == "map":
        parts = [_operator(builder, column, name, inner) for name, inner in mapping(value).items()]
        return builder.all_of(part for part in parts if part)
    if value.kind in {"value", "call"} and re.fullmatch(r"(?:\w+\.)?IsNull\(\s*\)", value.text):
        return f"{builder.qualified(column)} IS NULL"
    if value.kind in {"value", "call"} and _OF_ROW.match(value.text):
        return builder.hole()
    if value.kind == "term":
        operator = _TYPEORM.get(value.text)
        if operator is not None and value.items:
            return builder.compare(column, value.items[0], operator)
        return builder.hole()
    return builder.compare(column, value)


def _operator(builder: Builder, column: str, name: str, value: Argument) -> str:
    word = _word(name)
    if word in {"notIn", "nin"}:
        return f"{builder.qualified(column)} NOT IN ({builder.parameter()})"
    operator = OPERATORS.get(word)
    if operator is None:
        return builder.hole()
    return builder.compare(column, value, operator) if operator else ""


def prisma(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    step = steps[0]
    given = step.arguments[0] if step.arguments else None
    options = mapping(given)
    if given is not None and given.kind != "map":
        builder.where.append(builder.hole())
    elif "where" in options:
        builder.where.append(filtered(builder, options["where"]))
    elif "..." in options:
        builder.where.append(builder.hole())
    data = options.get("data")
    links = (linked(builder, mapping(options.get(name))) for name in ("data", "create", "update"))
    builder.taken = next((said for said in links if said is not None), None)
    if step.method in {"create", "createMany", "createManyAndReturn", "update", "updateMany", "updateManyAndReturn"}:
        builder.as_sent(data)
    if step.method.startswith("create"):
        rows = data.items[:1] if data is not None and data.kind == "list" else (data,)
        assigned, dynamic = builder.assignments(mapping(rows[0] if rows else None))
        return [builder.insert(assigned, dynamic=dynamic), *_attached(builder, mapping(rows[0] if rows else None))]
    if step.method.startswith("update"):
        assigned, dynamic = builder.assignments(mapping(data))
        attached = _attached(builder, mapping(data))
        return [builder.update(assigned, whole=dynamic or (data is not None and data.kind != "map")), *attached]
    if step.method == "upsert":
        assigned, dynamic = builder.assignments(mapping(options.get("create")))
        keys: list[str] = []
        for name, value in mapping(options.get("where")).items():
            column = builder.column(name)
            keys += [column] if column is not None else [c for part in mapping(value) if (c := builder.column(part))]
        changed = builder.changed(options.get("update")) or []
        made = builder.insert(assigned, dynamic=dynamic, conflict=keys, updated=changed) if keys else None
        return [made]
    if step.method.startswith("delete"):
        return [builder.delete()]
    return [builder.select()]


_CONNECTS = ("connect", "set", "connectOrCreate")


def linked(builder: Builder, data: Mapping[str, Argument], depth: int = 0) -> str | None:
    """What is taken for granted of `harbour: { connect: { id } }` inside a write, where nothing but the key says which
    row of a tenant's that is: a clause. Rows that begin to refer to the one that is written are judged themselves."""
    for name, value in data.items():
        target = builder.entities.get(builder.entity.relations.get(name, "")) if builder.entity is not None else None
        table = builder.model.tables.get(target.table) if target is not None else None
        if target is None or table is None or table.ownership not in _OF_TENANTS or value.kind != "map":
            continue
        inner = builder.inside(target)
        nested = mapping(value)
        for key in _CONNECTS if inner.foreign_column(builder.table) is None else ():
            given = nested.get(key)
            for item in (given.items[:5] if given.kind == "list" else (given,)) if given is not None else ():
                item = mapping(item).get("where", item)
                if not _tied(inner, item):
                    return f"what {name} is connected to, {item.text or 'by its key'}, was checked to be the caller's"
        for key in ("create", "update", "upsert") if depth < MAX_DEPTH else ():
            given = nested.get(key)
            for item in (given.items[:5] if given.kind == "list" else (given,)) if given is not None else ():
                made = mapping(item).get("data", item)
                found = linked(inner, mapping(made), depth + 1)
                if found is not None:
                    return found
    return None


def _tied(inner: Builder, given: Argument) -> bool:
    """Whether what names a row names its tenant too, or is the key of an instance that the code has."""
    named = mapping(given)
    tenant = inner.tenant()
    if tenant is not None and any(inner.column(name) == tenant for name in named):
        return True
    return given.kind == "map" and len(named) == 1 and all(inner.holds(name, value) for name, value in named.items())


def _attached(builder: Builder, data: Mapping[str, Argument]) -> list[str | None]:
    """`logbooks: { connect: { id } }` inside a write: rows that begin to refer to this one, found by what is said."""
    texts: list[str | None] = []
    for name, value in data.items():
        target = builder.entities.get(builder.entity.relations.get(name, "")) if builder.entity is not None else None
        if target is None or value.kind != "map" or builder.foreign_column(target.table) is not None:
            continue
        for key in _CONNECTS:
            given = mapping(value).get(key)
            for item in (given.items[:3] if given.kind == "list" else (given,)) if given is not None else ():
                inner = builder.inside(target)
                column = inner.foreign_column(builder.table)
                item = mapping(item).get("where", item)
                if column is not None and item.kind == "map" and item.names:
                    inner.where.append(filtered(inner, item))
                    texts.append(inner.update([(column, inner.parameter())]))
    return texts
