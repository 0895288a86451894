"""Queries of Querydsl, and Spring's criteria in text, as the SQL they stand for; what is not understood is unseen."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.extract.facts import Argument, OrmStep
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.stores import jvm_helpers
from lints.stores.call_text import Called, calls, literal
from lints.stores.jvm_helpers import MAYBE
from lints.stores.orm_sql import Builder

_MAX_DEPTH = 8
_SILENT = names(
    "ne gt goe lt loe like notLike between notBetween isNotNull isTrue isFalse contains containsIgnoreCase startsWith"
    " startsWithIgnoreCase endsWith equalsIgnoreCase notIn isNotEmpty isEmpty after before likeIgnoreCase"
)
_JOINS = {"join": "JOIN", "innerJoin": "JOIN", "leftJoin": "LEFT JOIN", "rightJoin": "RIGHT JOIN"}
_VERBS = {"update": "update", "delete": "delete"}
_ROOT = regex(r"(?:\w+\.)*Q(\w+)\.\w+|new Q(\w+)\(.*\)", re.DOTALL)


def entity_of(steps: Sequence[OrmStep]) -> str | None:
    """The entity that a query is about: `selectFrom(QBoat.boat)`."""
    for step in steps:
        if step.method in {"selectFrom", "from", "update", "delete"} and step.arguments:
            found = _ROOT.fullmatch(step.arguments[0].text.strip())
            return (found.group(1) or found.group(2)) if found is not None else None
    return None


def querydsl(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`factory.selectFrom(boat).where(boat.tenantId.eq(tenant), named(n)).fetch()`."""
    verb, unseen, waits = "select", False, ""
    sets: list[tuple[str, str] | None] = []
    for step in steps:
        given = [argument.text for argument in step.arguments]
        verb = _VERBS.get(step.method, verb)
        if step.method in {"where", "having"} and step.method == "where":
            builder.where += [predicate(builder, text) for text in given if text != "null"]
        elif step.method in _JOINS and given:
            found = _ROOT.fullmatch(given[-1].strip())
            other = builder.entities.get(found.group(1) or found.group(2)) if found is not None else None
            unseen = unseen or (other is None and len(given) == 1)
            waits = (
                f"{_JOINS[step.method]} {builder.ident(other.table)}" if other is not None and len(given) == 1 else ""
            )
        elif step.method == "on" and waits:
            said = builder.all_of([predicate(builder, text) for text in given])
            builder.joins.append(f"{waits} ON {said}")
            waits = ""
        elif step.method in {"union", "unionAll"}:
            unseen = True
        elif step.method == "set":
            chain = calls(given[0]) if len(given) == 2 else ()
            known = list(builder.relation_keys), builder.held, builder.by_key
            column = _column(builder, [part.name for part in chain]) if chain else None
            builder.relation_keys[:], builder.held, builder.by_key = known  # what is set compares nothing
            sets.append(
                (column.rpartition(".")[2].strip('"`'), builder.parameter(given[1].strip())) if column else None
            )
    told = [pair for pair in sets if pair is not None]
    text = builder.update(told, whole=len(told) < len(sets)) if verb == "update" else builder.statement(verb)
    return [text, None] if unseen else [text]


def predicate(builder: Builder, text: str, depth: int = 0) -> str:
    """`boat.tenantId.eq(tenant).and(…)`, `QBoat.boat.port.id.in(ids)`, a function that gives one."""
    if depth > _MAX_DEPTH or builder.counter[0] > jvm_helpers.MAX_PARTS:
        return builder.hole()
    if text.startswith(MAYBE):
        return f"({builder.parameter()} IS NULL OR {predicate(builder, text.removeprefix(MAYBE), depth + 1)})"
    chosen = jvm_helpers.forms(text)
    if chosen is not None:
        if "null" in chosen[1:]:  # nothing is compared on one path
            kept = chosen[2] if chosen[1] == "null" else chosen[1]
            return f"({builder.parameter()} IS NULL OR {predicate(builder, kept, depth + 1)})"
        sides = [predicate(builder, side, depth + 1) for side in chosen[1:]]
        return jvm_helpers.either(builder, chosen[0], sides[0], sides[1])
    chain = list(calls(text))
    at = next((place for place, called in enumerate(chain) if called.arguments is not None), None)
    if at is None:
        return builder.hole()
    called = chain[at]
    given = called.arguments or ()
    own = jvm_helpers.given(builder.entities, chain, at)
    if own is not None:
        said = predicate(builder, own, depth + 1)
    elif called.name in {"and", "or", "allOf", "anyOf", "not"} and given and at <= 1:
        parts = [predicate(builder, part, depth + 1) for part in given]
        said = f"({builder.any_of(parts) if called.name in {'or', 'anyOf'} else builder.all_of(parts)})"
        said = f"NOT {said}" if called.name == "not" else said
    elif called.name == "noCondition":
        said = "TRUE"
    else:
        said = _compared(builder, [part.name for part in chain[:at]], called)
    for more in chain[at + 1 :]:
        parts = [predicate(builder, part, depth + 1) for part in more.arguments or ()]
        if more.name in {"and", "or"} and len(parts) == 1:
            said = f"({said}) {more.name.upper()} ({parts[0]})"
        elif more.name == "not":
            said = f"NOT ({said})"
        else:
            return builder.hole()
    return said


def _compared(builder: Builder, path: Sequence[str], called: Called) -> str:
    column = _column(builder, path)
    given = called.arguments or ()
    if column is None:
        return builder.hole()
    if called.name in {"eq", "is"} and given:
        other = (
            _column(builder, [part.name for part in calls(given[0]) if part.arguments is None])
            if "." in given[0]
            else None
        )
        return f"{column} = {other or builder.parameter(given[0])}"
    if called.name == "in" and given:
        return f"{column} IN ({builder.hole() if 'select' in given[0] else builder.parameter()})"
    if called.name == "isNull":
        return f"{column} IS NULL"
    return f"{column} > {builder.parameter()}" if called.name in _SILENT else builder.hole()


def _column(builder: Builder, path: Sequence[str]) -> str | None:
    """The column of `boat.tenantId`, `QBoat.boat.port.id`: of the entity itself, or the key of what it refers to."""
    steps = list(path)
    owner: Entity | None = builder.entity
    if steps and re.fullmatch(r"Q[A-Z]\w*", steps[0]):
        owner = builder.entities.get(steps[0][1:])
        steps = steps[1:]
    elif steps and owner is not None and steps[0].lower() != owner.name.lower():
        owner = next((e for e in builder.entities.values() if e.name.lower() == steps[0].lower() and e.table), None)
    if owner is None or len(steps) < 2:
        return None
    alias = None if owner is builder.entity else owner.table
    if len(steps) == 3 and steps[2] in {"id", "uuid"} and steps[1] in owner.relations:
        column = owner.columns.get(steps[1])
    else:
        column = owner.columns.get(steps[1]) if len(steps) == 2 else None
    if column is None:
        return None
    builder.remember(column, Argument(kind="value"), alias)
    return builder.qualified(column, alias)


def criteria(builder: Builder, text: str) -> str | None:
    """`query(where("tenantId").is(tenant).and("id").is(id))` of Spring's templates; None if it is anything else."""
    chain = list(calls(text))
    inner = next((c for c in chain if c.name == "query" and c.arguments), None)
    if inner is not None and inner.arguments is not None:
        return criteria(builder, inner.arguments[0])
    said: list[str] = []
    column: str | None = None
    for called in (part for part in chain if part.arguments is not None):
        given = called.arguments or ()
        if called.name in {"where", "and"} and len(given) == 1 and (named := literal(given[0])) is not None:
            column = builder.column(named) or named
        elif called.name in {"is", "in"} and column is not None:
            value = builder.parameter()
            said.append(f"{builder.qualified(column)} {f'= {value}' if called.name == 'is' else f'IN ({value})'}")
            column = None
        elif column is not None:
            said.append(f"{builder.qualified(column)} > {builder.parameter()}")
            column = None
        elif called.name not in {"sort", "limit", "offset", "with"}:
            return None
    return builder.all_of(said) if said else None


def template(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`template.selectOne(query(where("id").is(id)), Boat.class)`, `template.select(Boat.class).matching(…).all()`."""
    for step in steps:
        for argument in step.arguments:
            if re.fullmatch(r"(?:\w+\.)*\w+(?:\.class|::class(?:\.java)?)", argument.text.strip()) is None:
                builder.where.append(criteria(builder, argument.text) or builder.hole())
    deletes = steps[0].method.startswith("delete")
    updates = steps[0].method.startswith("update")
    return [builder.statement("delete" if deletes else "update" if updates else "select")]
