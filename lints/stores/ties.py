"""Which attributes of a Python model say whose row it is, and what of a spread object can't matter for that."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.stores.orm_sql import Builder
from lints.tenancy import Ownership

_PLAIN_SQL = regex(r"(?:[\w\s.=<>!:(),%+*/-]|'[^'\\]*')+")
_TELLS = regex(r"[=<>]|\b(?:is|in|like|between)\b", re.IGNORECASE)


def may_tie(builder: Builder, entity: Entity, attribute: str) -> bool:
    """Whether an attribute can say whose row it is: the tenant's column, the key of a parent, a relationship.

    One that was not read, of a base out of sight say, can if it is named for the tenant.
    """
    table = builder.model.tables.get(entity.table)
    column = entity.columns.get(attribute)
    if table is None or attribute in entity.relations or attribute in entity.reverse:
        return True
    if column is None and attribute not in table.columns:
        if table.ownership is Ownership.ROOT:
            return True  # a name or a slug of the tenant itself
        bare = attribute.lower()
        named = {bare, f"{bare}_id", bare.removesuffix("_id"), bare.removesuffix("id")}
        return any(tenant.lower() in named for tenant in builder.model.tenant_columns) or not attribute.islower()
    stored = column or attribute
    keys = {name for key in table.foreign_keys for name in key.columns}
    return stored == table.tenant_column or stored in builder.model.tenant_columns or stored in keys


def assigned(builder: Builder, given: Mapping[str, Argument]) -> tuple[list[tuple[str, str]], bool]:
    """(column, value) pairs of an object, and whether part of it can't be seen.

    What is spread into a call can't name what the call itself names, and what comes after a spread wins: where that is
    all that says whose row it is, the rest does not matter.
    """
    table = builder.model.tables.get(builder.table)
    owner: tuple[str, ...] = ()
    if table is not None:
        owner = (table.tenant_column,) if table.tenant_column is not None else ()
        owner = owner or (table.parent.columns if table.parent is not None else ())
    explicit: set[str] = set()
    spread = False
    for name in given:
        if name in {"...", "**"}:
            spread, explicit = True, explicit if name == "**" else set()
        else:
            explicit |= {column for column in (builder.column(name), _of_relation(builder, name)) if column is not None}
    pairs, dynamic = builder.assignments(given)
    if spread and owner and set(owner) <= explicit:
        dynamic = dynamic and "[]" in given
    return pairs, dynamic


def _of_relation(builder: Builder, name: str) -> str | None:
    target = builder.entities.get(builder.entity.relations.get(name, "")) if builder.entity is not None else None
    return builder.foreign_column(target.table) if target is not None else None


def fragment(builder: Builder, text: str) -> str:
    """SQL as it stands, which is put between its neighbours without parentheses; a hole if it is more than plain."""
    plain = len(text) <= 500 and _PLAIN_SQL.fullmatch(text) is not None and "--" not in text and "/*" not in text
    if not plain or _TELLS.search(text) is None or text.count("(") != text.count(")"):
        return builder.hole()
    return re.sub(r"\sOR\s", " or ", text)


def steps_of(given: Argument) -> tuple[OrmStep, ...]:
    """The steps of a query that is an argument; none if they can't be seen."""
    return tuple(
        OrmStep(
            method=item.text,
            arguments=tuple(value for value, name in zip(item.items, item.names, strict=True) if not name),
            keywords=tuple((name, value) for value, name in zip(item.items, item.names, strict=True) if name),
        )
        for item in (given.items if given.kind == "query" else ())
    )
