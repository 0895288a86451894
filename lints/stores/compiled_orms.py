"""Spring Data and JPA calls as the SQL they stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.stores import jvm_builders, querydsl
from lints.stores.orm_sql import Builder

_DERIVED = regex(
    r"(?:find|get|read|query|search|stream|count|exists|delete|remove)(?:All|First\d*|Top\d*|Distinct|One|Any)*\w*?By"
    r"(?P<conditions>[A-Z]\w*)"
)
_SUFFIX = regex(
    r"(?P<property>\w+?)(?P<sign>NotIn|NotNull|IsNotNull|IsNull|IsNot|Not|In|Is|Equals|NotLike|Like|Containing|Contains"
    r"|StartingWith|EndingWith|GreaterThanEqual|GreaterThan|LessThanEqual|LessThan|Between|Before|After|True|False|Null)?"
)
_PATH = regex(r"\s*(?:(?:__maybe__)?(?:and|or|not)\(\s*)*(?:\w+\.)*Q[A-Z]\w*\.")
_PAGES = regex(
    r"\s*(?:\w*\.)*(?:\w*[pP]age(?:able|Request)?\w*|\w*[sS]ort\w*|\w*[oO]rder\w*)(?:\s*(?:\.\w+)*\(.*\))?\s*",
    re.DOTALL,
)
"""An argument that says which page of the rows is wanted, and in which order."""
_ONE = frozenset({"findById", "getById", "getOne", "getReferenceById", "existsById", "deleteById", "findByIdOrNull"})
_MANY = frozenset({"findAllById", "deleteAllById", "deleteAllByIdInBatch"})
_STATED = frozenset({"findOne", "exists", "findBy"})
_CONDITION = regex(r"\s*(?:\(?[\w\s,]*\)?\s*->|new\s+\w*Specification\b|(?:\w+\.)*\w*[sS]pec\w*\b)")
"""A Specification, where the row itself could stand too."""
_ALL = frozenset({"findAll", "count", "deleteAll", "deleteAllInBatch"})


def jpa(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """Query methods by their names: `findByIdAndTenantId`, `deleteById`, `em.find(Boat.class, id)`."""
    step = steps[0]
    method, given = step.method, [argument.text for argument in step.arguments]
    deletes = method.startswith(("delete", "remove"))
    key = builder.key_of(builder.table)
    if method in _ONE or (method in {"find", "getReference"} and len(given) == 1):
        if len(given) != 1:
            return []
        builder.where.append(builder.compare(key, step.arguments[0]))
    elif method in _MANY:
        builder.where.append(f"{builder.qualified(key)} IN ({builder.parameter()})")
    elif given and (method in _STATED or (method == "delete" and _CONDITION.match(given[0]) is not None)):
        read = querydsl.predicate if _PATH.match(given[0]) else jvm_builders.predicate
        builder.where.append(read(builder, given[0]))
    elif method in _ALL:
        if deletes and given:
            builder.where.append(f"{builder.qualified(key)} IN ({builder.parameter()})")
            builder.held = True  # instances, which something has loaded
        elif any(_PAGES.fullmatch(text) is None for text in given):
            read = querydsl.predicate if _PATH.match(given[0]) else jvm_builders.predicate
            builder.where.append(read(builder, given[0]))  # a Specification; an Example says nothing
    else:
        found = _DERIVED.fullmatch(method)
        said = _conditions(builder, found.group("conditions").partition("OrderBy")[0]) if found is not None else None
        if said is None:
            return []  # no property of the entity: the method has a query of its own, judged where it stands
        builder.where.append(said)
    return [builder.delete() if deletes else builder.select()]


def _conditions(builder: Builder, text: str) -> str | None:
    branches: list[str] = []
    for branch in re.split(r"(?<=[a-z0-9])Or(?=[A-Z])", text.removesuffix("IgnoreCase")):
        parts = [_condition(builder, part) for part in re.split(r"(?<=[a-z0-9])And(?=[A-Z])", branch)]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        branches.append(builder.all_of(known))
    return builder.any_of(branches)


def _condition(builder: Builder, text: str) -> str | None:
    whole = _property(builder, text)
    found = _SUFFIX.fullmatch(text)
    column = whole or (_property(builder, found.group("property")) if found is not None else None)
    if column is None:
        return _through(builder, text)
    sign = "" if whole is not None or found is None else found.group("sign") or ""
    left = builder.qualified(column)
    if sign in {"", "Is", "Equals"}:
        return builder.compare(column, Argument(kind="value"))
    if sign == "In":
        return f"{left} IN ({builder.parameter()})"
    if sign in {"IsNull", "Null"}:
        return f"{left} IS NULL"
    return f"{left} > {builder.parameter()}"


def _through(builder: Builder, text: str) -> str | None:
    """`BoatTenantId`: a property of what a relation leads to."""
    for name, entity in (builder.entity.relations if builder.entity is not None else {}).items():
        prefix, target = name[:1].upper() + name[1:], builder.entities.get(entity)
        forward = builder.foreign_column(target.table) if target is not None else None
        if target is None or forward is None or not text.startswith(prefix):
            continue
        inner = builder.inside(target)
        said = _condition(inner, text.removeprefix(prefix).lstrip("_")) if len(text) > len(prefix) else None
        if said is not None:
            inner.where.append(said)
            return builder.related(forward, target.table, inner)
    return None


def _property(builder: Builder, text: str) -> str | None:
    """The column of `TenantId`: a property, or the key of what a relation leads to."""
    name = text[:1].lower() + text[1:]
    column = builder.column(name)
    if column is not None or builder.entity is None:
        return column
    relation = name.removesuffix("_Id").removesuffix("Id").removesuffix("_")
    target = builder.entities.get(builder.entity.relations.get(relation, ""))
    return builder.foreign_column(target.table) if target is not None else None
