# ruff: noqa: S608 - the text is judged, it never reaches a database
"""Along which relations of Eloquent models a path leads: `$request->user()->account->boats()`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lints.extract.facts import OrmCall, OrmStep
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.stores.orm_sql import Builder
from lints.tenancy import Model, Ownership

_BEFORE = regex(r"^(?:current|the|my|new|old|parent|other|target|source|existing|auth|logged)(?=[A-Z_])_?")
_NO_ROW = regex(
    r"\w*(?:validat(?:or|ion)|request|response|session|exception|faker|paginator|cache|config|logger|errors?|bag|crawler"
    r"|browser|builder)",
    re.IGNORECASE,
)
"""Names of what is no row of a model, whatever it has."""
_SKIPPED = frozenset({"auth", "Auth", "request", "app", "resolve"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The rows that a relation gives of one row of `owner`; `owner` is None if the class of that can't be seen."""

    owner: Entity | None
    target: Entity
    start: str


def reached(step: OrmStep, known: Mapping[str, Entity]) -> Reached | None:
    """What the relation at the end of a path gives; None if it is none."""
    names = step.arguments[0].text.split(".")
    around = step.arguments[1].text
    owner = known.get(around) if names[0] == "this" else _of_word(names[0], known)
    for name in names[1:-1]:
        if name in _SKIPPED:
            continue
        named = owner.relations.get(name) if owner is not None else None
        owner = known.get(named or "") or _of_word(name, known)
    label, start = names[-1], ".".join(names[:-1])
    if owner is not None and label in owner.reverse:
        target = known.get(owner.reverse[label])
        return Reached(owner=owner, target=target, start=start) if target is not None else None
    if owner is not None and label in owner.relations:
        return None  # a single row
    if len(names) < 2 or _NO_ROW.fullmatch(names[-2]) is not None:
        return None
    targets = {one.reverse[label] for one in known.values() if label in one.reverse}
    target = known.get(next(iter(targets))) if len(targets) == 1 else None
    return Reached(owner=None, target=target, start=start) if target is not None else None


def _of_word(word: str, known: Mapping[str, Entity]) -> Entity | None:
    for spelled in dict.fromkeys((word, _BEFORE.sub("", word))):
        camel = "".join(part[:1].upper() + part[1:] for part in re.split(r"_", spelled))
        if camel in known:
            return known[camel]
    return None


def target(call: OrmCall, known: Mapping[str, Entity], model: Model) -> Entity | None:
    """The model whose rows a call on a relation is about."""
    found = reached(call.variants[0][0], known)
    return found.target if found is not None and found.target.table in model.tables else None


def tied(builder: Builder, step: OrmStep) -> tuple[str, str | None]:
    """The condition that a relation stands for, and the column that it sets on rows made through it."""
    found = reached(step, builder.entities)
    if found is None:
        return builder.hole(), None
    if found.owner is None:
        builder.relation_keys.append(found.start)
        return "TRUE", None
    owner = builder.model.tables.get(found.owner.table)
    if owner is None or owner.ownership is not Ownership.GLOBAL:
        builder.relation_keys.append(found.start)
    table_keys = builder.model.tables[builder.table].foreign_keys if builder.table in builder.model.tables else ()
    told = (key.columns for key in table_keys if key.references == found.owner.table)
    keys = [columns[0] for columns in dict.fromkeys(told) if len(columns) == 1]
    if len(keys) == 1:
        lent = found.start if len(step.arguments) > 2 else ""
        return f"{builder.qualified(keys[0])} = {builder.parameter(lent)}", keys[0]
    between = _between(builder, found.owner.table)
    if keys or between is None:
        return "TRUE", None
    table, mine, theirs = between
    link = f"{builder.qualified(mine, table)} = {builder.qualified(builder.key_of(builder.table))}"
    inner = f"{link} AND {builder.qualified(theirs, table)} = {builder.parameter()}"
    return f"EXISTS (SELECT 1 FROM {builder.ident(table)} WHERE {inner})", None


def attached(builder: Builder, step: OrmStep) -> list[str | None]:
    """`$boat->skills()->sync($request->skills)`: the row of the pivot table, whose other end a client names."""
    found = reached(step, builder.entities)
    between = _between(builder, found.owner.table) if found is not None and found.owner is not None else None
    if between is None:
        return []
    table, mine, theirs = between
    parent = builder.model.tables.get(builder.table)
    if parent is None or parent.ownership in (Ownership.GLOBAL, Ownership.UNKNOWN):
        return []  # what is tied to it is nobody's
    builder.relation_keys.append(mine)
    pivot = Builder(builder.model, builder.entities, table, None, counter=builder.counter, sources=builder.sources)
    return [pivot.insert([(theirs, builder.parameter()), (mine, builder.parameter())])]


def _between(builder: Builder, other: str) -> tuple[str, str, str] | None:
    """The pivot table between the table of a query and another one, and its columns: the one that is named after both
    if there is one, as other tables may refer to both too."""
    found: list[tuple[str, str, str]] = []
    for name, table in builder.model.tables.items():
        keys = {key.references: key.columns[0] for key in table.foreign_keys if len(key.columns) == 1}
        if builder.table in keys and other in keys and name not in {builder.table, other}:
            found.append((name, keys[builder.table], keys[other]))
    stems = [re.sub(r"(?:ies|es|s)$", "", one) for one in (builder.table, other)]
    named = (one for one in found if all(stem in one[0] for stem in stems))
    return next(named, next(iter(found), None))
