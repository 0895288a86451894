"""ent as the SQL its calls stand for: predicates and setters come as source text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.schema.go_names import plural, snake
from lints.stores import go_writes
from lints.stores.go_text import arguments, given_at
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
_EDGE = regex(r"Query([A-Z]\w*)")
_LINKS = regex(r"Add(\w+)IDs")
_SET_INSIDE = regex(r"\.\s*Set(?:Nillable)?([A-Z]\w*)(?=\()")
_CONFLICTING = regex(r"(?:\w+\.Field(\w+)|\"(\w+)\")")


def ent(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`client.Boat.Query().Where(boat.ID(id), boat.TenantID(tenant)).Only(ctx)`."""
    first = steps[0]
    if first.method == "Create":
        return _created(builder, steps)
    if first.method == "MapCreateBulk":
        return _created_by(builder, first)
    if first.method in _BY_KEY and first.arguments:
        builder.where.append(_compare(builder, builder.key_of(builder.table), first.arguments[-1].text))
    if first.method in _OF_HELD and first.arguments:
        held = first.arguments[-1].text.strip().lstrip("&*")
        builder.where.append(_compare(builder, builder.key_of(builder.table), f"{held}.ID"))
    runs = first.method != "Query"
    for step in steps[1:]:
        if step.method == "Where":
            builder.where += [_predicate(builder, argument.text, 0) for argument in step.arguments]
        elif (edge := _EDGE.fullmatch(step.method)) is not None:
            runs = False
            if not _along(builder, snake(edge.group(1))):
                builder.where.append(builder.hole())
        elif step.method in {"Modify", "Filter", "Scopes"}:
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
    _link(builder, steps)
    return [go_writes.updated(builder, assigned)]


def _along(builder: Builder, edge: str) -> bool:
    """Whether an edge is known that a query goes on along: from here it asks for the rows that this leads to."""
    target = _target(builder, edge)
    if target is None:
        return False
    inner = builder.inside(target)
    own, theirs = _key_of_edge(builder, target), _key_of_edge(inner, builder.entity)
    key = builder.qualified(own or builder.key_of(builder.table))
    asked = f"SELECT {key} FROM {builder.source()}"  # noqa: S608 - the text is judged, it never reaches a database
    column = inner.key_of(target.table) if own is not None else theirs
    found = f"{inner.qualified(column)} IN ({asked}{builder.condition()})" if column is not None else builder.hole()
    tenant = builder.tenant()
    confined = tenant is not None and any(builder.qualified(tenant) in part for part in builder.where)
    if own is None and theirs is not None and (builder.by_key or confined):
        builder.relation_keys.append(theirs)
    builder.table, builder.entity, builder.where, builder.joins = target.table, target, [found], []
    return True


def _key_of_edge(builder: Builder, target: Entity | None) -> str | None:
    """The column of a table by which its rows refer to those of another: of a key, or of an edge that says so."""
    if target is None:
        return None
    known = builder.model.tables.get(builder.table)
    relations = builder.entity.relations if builder.entity is not None else {}
    named = [f"{edge}_id" for edge, to in relations.items() if to == target.name]
    held = next((name for name in named if known is not None and name in known.columns), None)
    return builder.foreign_column(target.table) or held


def _target(builder: Builder, edge: str) -> Entity | None:
    relations = builder.entity.relations if builder.entity is not None else {}
    return builder.entities.get(relations.get(edge, ""))


def _link(builder: Builder, steps: Sequence[OrmStep]) -> None:
    """`AddBoatIDs(ids...)` puts other rows under this one: that they are the tenant's own is taken for granted."""
    for step in steps:
        named = _LINKS.fullmatch(step.method)
        edge = snake(named.group(1)) if named is not None else ""
        if edge and any(_target(builder, name) is not None for name in (edge, plural(edge))):
            builder.taken = f"the rows that {step.method} names are the tenant's own"


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
    _link(builder, steps)
    conflict = _conflict(builder, steps)
    if conflict is not None and not conflict:
        return [None]
    text = go_writes.inserted(
        builder,
        replace(step, keywords=tuple(fields.items())),
        conflict=conflict,
        updated=[column for column in fields if column not in (conflict or ())],
    )
    return [text] if text is not None else []


def _conflict(builder: Builder, steps: Sequence[OrmStep]) -> list[str] | None:
    """The columns by which a row that is in the way is found, and changed; empty if they are not seen, None if no such
    row is changed."""
    said = next((step for step in steps if step.method in {"OnConflict", "OnConflictColumns"}), None)
    if said is None or any(step.method in {"Ignore", "DoNothing"} for step in steps):
        return None
    given = " ".join(argument.text for argument in said.arguments)
    if "DoNothing" in given or "ResolveWithIgnore" in given:
        return None
    if said.method == "OnConflict":
        given = given.partition("ConflictColumns(")[2].partition(")")[0]
    named = [snake(field) if field else text for field, text in _CONFLICTING.findall(given)]
    texts = [argument.text for argument in said.arguments if argument.kind == "text"]
    known = builder.model.tables.get(builder.table)
    columns = known.columns if known is not None else {}
    return [name for name in (*named, *texts) if name in columns]


def _created_by(builder: Builder, step: OrmStep) -> list[str | None]:
    """`MapCreateBulk(names, func(c *ent.BoatCreate, i int) { c.SetName(names[i]).SetTenantID(tenant) })`."""
    body = step.arguments[-1].text if step.arguments else ""
    fields: dict[str, Argument] = {}
    for found in _SET_INSIDE.finditer(body):
        column = _set_column(builder, found.group(1))
        value = given_at(body, found.end())
        if column is not None and value is not None:
            fields[column] = Argument(kind="value", text=value)
    seen = body.lstrip().startswith("func") and body.rstrip().endswith("}")
    made = Argument(kind="map", names=tuple(fields), items=tuple(fields.values()))
    if not seen:
        made = Argument(kind="value", text="what the function sets")
    text = go_writes.inserted(builder, OrmStep(method="Create", arguments=(made,), keywords=tuple(fields.items())))
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
    related = re.fullmatch(r"Has(\w+?)(With)?", name)
    if related is not None and snake(name) not in columns:
        return _related(builder, snake(related.group(1)), arguments(inner) if related.group(2) else [], depth)
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


def _related(builder: Builder, edge: str, given: Sequence[str], depth: int) -> str:
    """`boat.HasPortWith(port.TenantID(tenant))`: a row that an edge leads to, with the predicates on it."""
    known = builder.model.tables.get(builder.table)
    columns = known.columns if known is not None else {}
    target, column = _target(builder, edge), f"{edge}_id"
    key = _PREDICATE.fullmatch(given[0]) if len(given) == 1 else None
    if column in columns and key is not None and key.group(1) in {"ID", "IDEQ"}:
        return _compare(builder, column, key.group(2))
    if not given and column in columns:
        return f"{builder.qualified(column)} IS NOT NULL"
    if target is None:
        return builder.hole()
    inner = builder.inside(target)
    own = column if column in columns else _key_of_edge(builder, target)
    inner.where += [_predicate(inner, predicate, depth + 1) for predicate in given]
    if own is not None:
        return builder.related(own, target.table, inner)
    return builder.reverse(target, inner) or builder.hole()


def _compare(builder: Builder, column: str, text: str) -> str:
    return builder.compare(column, Argument(kind="value", text=re.sub(r"\.ID$", ".id", text.strip())))
