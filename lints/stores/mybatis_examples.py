"""Queries by an `Example` of MyBatis Generator as the SQL they stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.extract.chains.mybatis_examples import GROUP, SOMETIMES, UNSEEN
from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.schema.go_names import snake
from lints.stores.orm_sql import Builder
from lints.tenancy import Model

_COMPARES = regex(
    r"and(\w+?)(EqualTo|NotEqualTo|NotIn|In|IsNull|IsNotNull|GreaterThan(?:OrEqualTo)?|LessThan(?:OrEqualTo)?"
    r"|NotLike|Like|NotBetween|Between|LikeInsensitive)"
)


def table_of(entity: str, model: Model) -> str | None:
    """The table that MyBatis Generator has made a class of."""
    named = snake(entity)
    return next((name for name in (named, named.upper(), entity) if name in model.tables), None)


def mybatis_example(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`example.createCriteria().andTenantIdEqualTo(tenant); boatMapper.selectByExample(example)`."""
    groups: list[tuple[list[str], bool]] = []
    unseen = sometimes = False
    for step in steps[:-1]:
        given = step.arguments[0].text if step.arguments else ""
        if step.method == GROUP:
            groups.append(([], bool(given)))
        elif step.method == UNSEEN:
            unseen = True
        elif step.method == SOMETIMES:
            sometimes = True
        else:
            part = _compared(builder, step.method, given)
            (groups or [([], False)])[-1][0].append(f"({builder.parameter()} IS NULL OR {part})" if sometimes else part)
            sometimes = False
    kept = [(builder.all_of(parts), maybe) for parts, maybe in groups if parts]  # an empty group is left out
    if unseen:  # which may be groups of their own
        builder.where.append(builder.hole())
    elif kept:
        either = f"({builder.any_of([said for said, _ in kept])})"
        sure = any(not maybe for _, maybe in kept)  # else there may be none of them
        builder.where.append(either if sure else f"({builder.parameter()} IS NULL OR {either})")
    verb, row = steps[-1].method, steps[-1].arguments[0].text if steps[-1].arguments else ""
    if verb == "update":
        fields = [part.partition(" = ") for part in row[1:-1].split("; ")] if row.startswith("{") else []
        known = builder.model.tables.get(builder.table)
        columns = known.columns if known is not None else {}
        assigned = [(snake(name), builder.parameter(value)) for name, _, value in fields if snake(name) in columns]
        return [builder.update(assigned, whole=not fields)]
    return [builder.delete() if verb == "delete" else builder.select()]


def _compared(builder: Builder, method: str, given: str) -> str:
    """`andTenantIdEqualTo(tenant)` as a comparison of a column of the table."""
    found = _COMPARES.fullmatch(method)
    column = snake(found.group(1)) if found is not None else ""
    known = builder.model.tables.get(builder.table)
    if found is None or known is None or column not in known.columns:
        return builder.hole()
    sign, left = found.group(2), builder.qualified(column)
    if sign == "EqualTo":
        key = re.sub(r"\.getId\(\)$", ".id", given)
        return builder.compare(column, Argument(kind="value", text=key))
    if sign == "In":
        builder.remember(column, Argument(kind="value", text=given))
        return f"{left} IN ({builder.parameter(given)})"
    if sign in {"IsNull", "IsNotNull"}:
        return f"{left} IS {'NOT ' if sign == 'IsNotNull' else ''}NULL"
    return f"{left} > {builder.parameter()}"
