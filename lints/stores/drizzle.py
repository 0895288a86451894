# ruff: noqa: S608 - the text is judged, it never reaches a database
"""Drizzle's calls as the SQL they stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.stores import drizzle_text
from lints.stores.javascript_orms import OPERATORS, filtered
from lints.stores.orm_sql import MAX_DEPTH, Builder, mapping
from lints.stores.ties import steps_of

_NAMESPACE = regex(r"[A-Z]\w*|drizzle\w*|dz|orm|ops|operators")
"""What Drizzle's operators are imported as a whole under."""
_HAS_RUN = regex(r"execute|then|map|flatMap|filter|slice|reduce|forEach|find|some|all|get|values")


@dataclass(slots=True)
class _Read:
    """What the steps of a chain say besides its conditions."""

    verb: str
    assigned: list[tuple[str, str]] = field(default_factory=list)
    dynamic: bool = False
    conflict: list[str] | None = None
    changed: list[tuple[str, str]] | None = None
    duplicate: str = ""


def drizzle(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """The statement of a `db.select().from(boats)`, `db.update(boats)` chain."""
    if builder.entity is not None:
        builder.others[builder.entity.name] = builder.entity
    read = _read(builder, steps)
    if read.verb == "insert":
        conflict = read.conflict or None
        made = builder.insert(read.assigned, dynamic=read.dynamic, conflict=conflict, updated=read.changed)
        return [made + read.duplicate if made is not None else None]
    if read.verb == "update":
        return [builder.update(read.assigned, whole=read.dynamic)]
    return [builder.delete() if read.verb == "delete" else builder.select()]


def _read(builder: Builder, steps: Sequence[OrmStep]) -> _Read:
    """Put the conditions and joins of a chain into the builder."""
    read = _Read(steps[0].method)
    for step in steps[1:]:
        method, arguments = step.method, step.arguments
        if method in {"innerJoin", "leftJoin", "rightJoin", "fullJoin"} and len(arguments) >= 2:
            target = builder.entities.get(arguments[0].text.rpartition(".")[2])
            if target is None:
                builder.where.append(builder.hole())
                continue
            builder.others[target.name] = target
            kind = {"leftJoin": "LEFT JOIN", "rightJoin": "RIGHT JOIN", "fullJoin": "FULL JOIN"}.get(method, "JOIN")
            on = _drizzle_condition(builder, arguments[1], 0)
            builder.joins.append(f"{kind} {builder.ident(target.table)} ON {on}")
        elif method == "where" and arguments:
            builder.where.append(_drizzle_condition(builder, arguments[0], 0))
        elif method in {"set", "values"} and arguments:
            rows = arguments[0].items[:1] if arguments[0].kind == "list" else arguments[:1]
            builder.as_sent(rows[0] if rows else None)
            values, unseen = builder.assignments(mapping(rows[0] if rows else None))
            read.assigned += values
            read.dynamic = read.dynamic or unseen or arguments[0].kind not in {"map", "list"}
        elif method in {"onConflictDoUpdate", "onConflictDoNothing"} and arguments:
            target_argument = mapping(arguments[0]).get("target")
            listed = target_argument is not None and target_argument.kind == "list"
            items = target_argument.items if target_argument is not None and listed else (target_argument,)
            keys = [c for item in items if item is not None and (c := builder.column(item.text.rpartition(".")[2]))]
            read.conflict = keys if method == "onConflictDoUpdate" else None
            read.changed = builder.changed(mapping(arguments[0]).get("set"))
        elif method == "onDuplicateKeyUpdate" and arguments:
            read.duplicate = builder.on_duplicate(mapping(arguments[0]).get("set"))
    return read


def _sub_select(builder: Builder, given: Argument, *, exists: bool = False) -> str | None:
    """The query that an argument is, as text: it may be about rows of those around it. None if it can't be seen."""
    steps = steps_of(given)
    entity = builder.entities.get(given.text)
    if entity is None or not steps or steps[0].method != "select":
        return None
    if any(_HAS_RUN.fullmatch(step.method) for step in steps):
        return None  # a list of something of the rows that it gave
    inner = builder.inside(entity)
    if any(known.table == entity.table for known in builder.others.values()):
        return None  # which of the two a column is of is told by its alias
    inner.others = {**builder.others, entity.name: entity}
    _read(inner, steps)
    builder.relation_keys += [key for key in inner.relation_keys if key not in builder.relation_keys]
    column = _drizzle_column(inner, steps[0].arguments[0]) if steps[0].arguments else None
    shown = inner.qualified(column[1], column[0]) if column is not None else inner.qualified(inner.key_of(inner.table))
    joins = "".join(f" {join}" for join in inner.joins)
    return f"SELECT {'1' if exists else shown} FROM {inner.source()}{joins}{inner.condition()}"


def drizzle_query(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`db.query.boats.findMany({ where: eq(boats.id, id) })`."""
    if builder.entity is not None:
        builder.others[builder.entity.name] = builder.entity
    given = steps[0].arguments[0] if steps[0].arguments else None
    options = mapping(given)
    if "where" in options:
        where = options["where"]
        builder.where.append(filtered(builder, where) if where.kind == "map" else _drizzle_condition(builder, where, 0))
    elif given is not None and given.kind != "map":
        builder.where.append(builder.hole())
    return [builder.select()]


def _drizzle_condition(builder: Builder, given: Argument, depth: int) -> str:
    if given.kind == "null":
        return "TRUE"
    if given.kind == "dynamic" and given.items:
        sources = [item.text for item in given.items[1:]]
        known = {**builder.entities, **builder.others}
        return drizzle_text.fragment(given.items[0].text, sources, known, builder.model, partial(_gap, builder))
    if given.kind != "term" or depth > MAX_DEPTH:
        return builder.hole()
    if given.items and given.items[0].kind == "value" and _NAMESPACE.fullmatch(given.items[0].text):
        given = replace(given, items=given.items[1:], names=given.names[1:])  # Dz.eq(boats.id, id)
    if given.text == "=>" and builder.entity is not None:  # (boats, { eq }) => eq(boats.id, id)
        builder.others[given.names[0]] = builder.entity
        return _drizzle_condition(builder, given.items[0], depth + 1)
    if given.text in {"and", "or"}:
        parts = [_drizzle_part(builder, item, depth + 1) for item in given.items]
        return f" {given.text.upper()} ".join(part for part in parts if part) or "TRUE"
    if given.text in {"exists", "notExists"} and given.items and given.items[0].kind == "query":
        rows = _sub_select(builder, given.items[0], exists=True)
        return f"{'NOT ' if given.text == 'notExists' else ''}EXISTS ({rows})" if rows is not None else builder.hole()
    if given.text == "not" and given.items:
        return f"NOT ({_drizzle_condition(builder, given.items[0], depth + 1)})"
    if given.text in {"isNull", "isNotNull"} and given.items:
        column = _drizzle_column(builder, given.items[0])
        shown = "IS NULL" if given.text == "isNull" else "IS NOT NULL"
        return f"{builder.qualified(column[1], column[0])} {shown}" if column is not None else builder.hole()
    operator = OPERATORS.get(given.text)
    if operator and len(given.items) == 2:
        given = replace(given, items=tuple(_placeholder(item) for item in given.items))
        one, two = (_drizzle_column(builder, item) for item in given.items)
        if one is None:
            return builder.hole()
        if operator == "in" and given.items[1].kind == "query":
            rows = _sub_select(builder, given.items[1])
            if rows is not None:
                return f"{builder.qualified(one[1], one[0])} IN ({rows})"
        if two is not None and two != one:  # `eq(schema.boats.id, boats.id)`: a row that is named like its table
            shown = "=" if operator == "in" else operator
            return f"{builder.qualified(one[1], one[0])} {shown} {builder.qualified(two[1], two[0])}"
        return builder.compare(one[1], given.items[1], operator, alias=one[0])
    return builder.hole()


def _placeholder(given: Argument) -> Argument:
    """What a prepared query leaves open is a value: `sql.placeholder("id")`."""
    named = _PLACEHOLDER.fullmatch(given.text) if given.kind == "dynamic" else None
    return Argument(kind="value", text=named[1]) if named is not None else given


def _drizzle_part(builder: Builder, given: Argument, depth: int) -> str:
    """A condition among others: Drizzle puts brackets around its own, and a template's text among them as it is."""
    part = _drizzle_condition(builder, given, depth)
    return part if (given.kind == "dynamic" and given.items) or part == "TRUE" else f"({part})"


_PLACEHOLDER = regex(r"\{?((?:\w+\.)?placeholder\([^(){}]{0,80}\))\}?")
_TEXT = regex(r"sql|raw\b|unsafe|(?:condition|clause|expr|fragment)s?\b", re.IGNORECASE)
"""Names of what may be SQL itself."""


def _gap(builder: Builder, marker: str, source: str) -> str:
    """What stands for a part of a template: a value that travels beside the text, unless it may be text itself."""
    return builder.parameter() if marker.startswith(":") and not _TEXT.search(source) else builder.hole()


def _drizzle_column(builder: Builder, given: Argument) -> tuple[str, str] | None:
    return drizzle_text.column_of(given.text, builder.others) if given.kind == "value" else None
