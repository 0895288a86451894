"""ent as the SQL its calls stand for: predicates and setters come as source text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.schema.go_names import snake
from lints.stores import go_writes
from lints.stores.go_text import arguments
from lints.stores.orm_sql import Builder

_PREDICATE = regex(r"\s*[a-z]\w*\.(\w+)\((.*)\)\s*", re.DOTALL)
_SUFFIX = regex(
    r"(\w+?)(EQ|NEQ|NotIn|In|GTE|GT|LTE|LT|IsNil|NotNil|ContainsFold|Contains|HasPrefix|HasSuffix|EqualFold)?"
)
_MAX_DEPTH = 8


_SETS = regex(r"Set(?:Nillable)?([A-Z]\w*)")
_RUNS = regex(r"(?:All|First|Only|Count|Exist|IDs|FirstID|OnlyID|Scan|Select|GroupBy|Aggregate|Clone)X?")
_BY_KEY = frozenset({"Get", "GetX", "UpdateOneID", "DeleteOneID"})
_SAVES = frozenset({"Save", "SaveX", "Exec", "ExecX", "OnConflict", "OnConflictColumns"})
_OF_HELD = frozenset({"UpdateOne", "DeleteOne"})


def ent(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`client.Boat.Query().Where(boat.ID(id), boat.TenantID(tenant)).Only(ctx)`."""
    first = steps[0]
    if first.method == "Create":
        return _created(builder, steps)
    if first.method in _BY_KEY and first.arguments:
        builder.where.append(_compare(builder, builder.key_of(builder.table), first.arguments[-1].text))
    if first.method in _OF_HELD and first.arguments:
        held = first.arguments[-1].text.strip().lstrip("&*")
        builder.where.append(_compare(builder, builder.key_of(builder.table), f"{held}.ID"))
    runs = first.method != "Query"
    for step in steps[1:]:
        if step.method == "Where":
            builder.where += [_predicate(builder, argument.text, 0) for argument in step.arguments]
        elif re.match(r"Query[A-Z]|Modify|Filter|Scopes", step.method):
            builder.where.append(builder.hole())
            runs = True
        elif _RUNS.fullmatch(step.method):
            runs = True
    if not runs:
        builder.where.append(builder.hole())
    if first.method.startswith("Delete"):
        return [builder.delete()]
    if not first.method.startswith("Update"):
        return [builder.select()]
    assigned = _assigned(builder, steps)
    return [go_writes.updated(builder, assigned)]


def _assigned(builder: Builder, steps: Sequence[OrmStep]) -> list[tuple[str, str]]:
    """What the setters of a mutation set; an input that is set as a whole may name any tenant."""
    found: dict[str, str] = {}
    for step in steps:
        setter = _SETS.fullmatch(step.method)
        given = step.arguments[0] if setter is not None and step.arguments else None
        if setter is None or given is None:
            continue
        if setter.group(1) == "Input":
            found.update(go_writes.sets(builder, step, go_writes.Limits()))
            continue
        column = _set_column(builder, setter.group(1))
        if column is not None:
            of_key = Argument(kind=given.kind, text=re.sub(r"\.ID$", ".id", given.text.strip()))
            found[column] = go_writes.value(builder, of_key)
    return list(found.items())


def _set_column(builder: Builder, name: str) -> str | None:
    """The column that a setter sets: `SetTenantID`, or `SetTenant` of an edge."""
    known = builder.model.tables.get(builder.table)
    named = (snake(name), f"{snake(name)}_id")
    return next((column for column in named if known is not None and column in known.columns), None)


def _created(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`client.Boat.Create().SetTenantID(tenant).SetName(name).Save(ctx)`."""
    fields: dict[str, Argument] = {}
    whole: OrmStep | None = None
    for step in steps:
        setter = _SETS.fullmatch(step.method)
        if setter is not None and setter.group(1) == "Input":
            whole = step
        elif setter is not None and step.arguments and (column := _set_column(builder, setter.group(1))) is not None:
            fields[column] = step.arguments[0]
    made = Argument(kind="map", names=tuple(fields), items=tuple(fields.values()))
    runs = any(step.method in _SAVES for step in steps)
    if not runs:  # it is handed on: the rest is set elsewhere
        made = Argument(kind="value", text="what is added to it later")
    step = OrmStep(method="Create", arguments=(made,)) if whole is None else whole
    text = go_writes.inserted(builder, replace(step, keywords=tuple(fields.items())))
    return [text] if text is not None else []


def _predicate(builder: Builder, text: str, depth: int) -> str:
    found = _PREDICATE.fullmatch(text)
    if found is None or depth > _MAX_DEPTH:
        return builder.hole()
    name, inner = found.groups()
    if name in {"And", "Or"}:
        parts = [_predicate(builder, part, depth + 1) for part in arguments(inner)]
        return builder.all_of(parts) if name == "And" else builder.any_of(parts)
    if name == "Not":
        return f"NOT ({_predicate(builder, inner, depth + 1)})"
    known = builder.model.tables.get(builder.table)
    columns = known.columns if known is not None else {}
    related = re.fullmatch(r"Has(\w+)With", name)
    if related is not None:
        column, key = f"{snake(related.group(1))}_id", _PREDICATE.fullmatch(inner)
        if column in columns and key is not None and key.group(1) in {"ID", "IDEQ"}:
            return _compare(builder, column, key.group(2))
        return builder.hole()
    said = _SUFFIX.fullmatch(name)
    whole = snake(name)
    column = whole if whole in columns else snake(said.group(1)) if said is not None else ""
    sign = "" if whole in columns or said is None else said.group(2) or ""
    if column not in columns:
        return builder.hole()
    if sign in {"", "EQ"}:
        return _compare(builder, column, inner)
    if sign == "In":
        return f"{builder.qualified(column)} IN ({builder.parameter()})"
    if sign in {"IsNil", "NotNil"}:
        return f"{builder.qualified(column)} IS {'NOT ' if sign == 'NotNil' else ''}NULL"
    return f"{builder.qualified(column)} > {builder.parameter()}"


def _compare(builder: Builder, column: str, text: str) -> str:
    return builder.compare(column, Argument(kind="value", text=re.sub(r"\.ID$", ".id", text.strip())))
