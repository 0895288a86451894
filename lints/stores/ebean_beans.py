"""Query beans of Ebean as the SQL they stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.extract.chains.jvm_text import MAYBE
from lints.extract.facts import Argument, OrmStep
from lints.extract.sqltext import names
from lints.stores.call_text import Called, calls
from lints.stores.orm_sql import Builder

_SILENT = names(
    "where query select fetch fetchQuery fetchLazy fetchCache orderBy order asc desc setMaxRows setFirstRow forUpdate"
    " alias setDistinct setUseCache setReadOnly setLabel usingTransaction asUpdate set setRaw orderById having"
)
_OPENS = {"or": "OR", "and": "AND", "not": "NOT"}
_CLOSES = names("endOr endAnd endNot endJunction")
_EQUALS = names("eq equalTo")
_COMPARES = names(
    "ne notEqualTo gt ge lt le greaterThan lessThan greaterOrEqualTo lessOrEqualTo like ilike contains icontains"
    " startsWith istartsWith endsWith iendsWith"
    " between notIn isNotNull ieq iequalTo inRange after before isTrue isFalse"
    " is"
)


def query_bean(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`new QBoat().id.eq(id).tenantId.eq(tenant).findOne()`."""
    step = steps[0]
    parts: list[str] = []
    for argument in step.arguments:
        text = argument.text.strip()
        sometimes = text.startswith(MAYBE)
        said = _read(builder, calls(f"q{text.removeprefix(MAYBE).strip()}"))
        if said:
            parts.append(f"({builder.parameter()} IS NULL OR {said})" if sometimes else said)
    builder.where += parts
    if step.method == "update":
        return [_updated(builder, [called for text in step.arguments for called in calls(f"q{text.text.strip()}")])]
    if step.method == "delete":
        return [builder.delete()]
    return [builder.select()]


def _updated(builder: Builder, chain: Sequence[Called]) -> str:
    """What `asUpdate().set("name", name)` sets: columns that are named, or something that nobody sees."""
    sets = [called.arguments for called in chain if called.name in {"set", "setRaw"} and called.arguments]
    named = [builder.column(re.findall(r"\w+", given[0])[-1]) if re.search(r"\w", given[0]) else None for given in sets]
    assigned = [
        (column, builder.parameter(given[1].strip() if len(given) > 1 else ""))
        for column, given in zip(named, sets, strict=True)
        if column is not None
    ]
    return builder.update(assigned, whole=len(assigned) < len(sets))


def _read(builder: Builder, chain: Sequence[Called]) -> str:
    """The conditions of a chain; empty for none."""
    groups: list[tuple[str, list[str]]] = [("AND", [])]
    path: list[str] = []
    if not chain:
        return builder.hole()
    for called in chain[1:]:
        if called.arguments is None:
            path.append(called.name)
            continue
        if not path and called.name in _OPENS:
            groups.append((_OPENS[called.name], []))
        elif not path and called.name in _CLOSES and len(groups) > 1:
            sign, said = groups.pop()
            groups[-1][1].append(_joined(builder, sign, said))
        elif called.name not in _SILENT:
            groups[-1][1].append(_compared(builder, path, called))
        path = []
    while len(groups) > 1:
        sign, said = groups.pop()
        groups[-1][1].append(_joined(builder, sign, said))
    return builder.all_of(groups[0][1]) if groups[0][1] else ""


def _joined(builder: Builder, sign: str, said: Sequence[str]) -> str:
    if not said:
        return "TRUE"
    whole = builder.any_of(said) if sign == "OR" else builder.all_of(said)
    return f"NOT ({whole})" if sign == "NOT" else f"({whole})"


def _compared(builder: Builder, path: Sequence[str], called: Called) -> str:
    """A condition on a property, or on one of a row that it leads to."""
    rows = builder
    for name in path[:-1]:
        entity = rows.entity
        target = rows.entities.get(entity.relations.get(name, "")) if entity is not None else None
        column = rows.column(name)
        if target is None or column is None:
            return builder.hole()
        rows = rows.joined(column, target)
    column = rows.column(path[-1]) if path else None
    given = called.arguments or ()
    if column is None:
        return builder.hole()
    left = rows.qualified(column)
    if called.name in _EQUALS and len(given) == 1:
        return rows.compare(column, Argument(kind="value", text=given[0].strip()))
    if called.name in {"in", "isIn", "`in`"}:
        return f"{left} IN ({builder.parameter()})"
    if called.name == "isNull":
        return f"{left} IS NULL"
    if called.name in {"eqOrNull", "eqIfPresent"} and given:
        return f"({builder.parameter()} IS NULL OR {left} = {builder.parameter(given[0].strip())})"
    return f"{left} > {builder.parameter()}" if called.name in _COMPARES else builder.hole()
