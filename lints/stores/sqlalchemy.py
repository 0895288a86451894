# ruff: noqa: S608 - the text is judged, it never reaches a database
"""SQLAlchemy and SQLModel calls as the SQL they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lints.extract.facts import Argument, OrmStep
from lints.extract.sqltext import names
from lints.schema.facts import Entity
from lints.stores.orm_sql import Builder, mapping
from lints.stores.sqlalchemy_conditions import (
    add,
    alias_of,
    column_of,
    condition,
    entity_named,
)
from lints.stores.ties import assigned, steps_of

_EMBEDS = frozenset({"exists", "correlate", "correlate_except", "scalar_subquery", "as_scalar", "lateral"})

_SELECTS = names("select query select_from exists add_columns add_column add_entity with_entities with_only_columns")


@dataclass(slots=True)
class _Read:
    """What the steps of a chain say besides its conditions. `unseen`: some of it is put together out of sight."""

    verb: str = "select"
    assigned: list[tuple[str, str]] = field(default_factory=list)
    dynamic: bool = False
    conflict: list[str] | None = None
    merged: list[tuple[str, str]] | None = None
    only: str = ""
    """Which of the rows in the way are changed."""
    rows: str | None = None
    """The query that an INSERT takes its rows from."""
    unseen: bool = False


def sqlalchemy(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """The statements of a `select(…)`, `update(…)`, `session.query(…)` chain."""
    if steps and steps[-1].method in {"add", "merge", "bulk_insert_mappings", "bulk_update_mappings"}:
        return [_written(builder, steps[-1])]
    known = builder.model.tables.get(builder.table)
    column = known.tenant_column if known is not None else None
    place = builder.entity.scopes.get(column or "") if builder.entity is not None else None
    if place is not None and steps[0].method != "insert":
        builder.scope = f"{column}, which a listener on the session compares in every query ({place})"
    read = _read(builder, steps)
    if read.unseen:
        return [None]
    if any(join.startswith("CROSS JOIN") for join in builder.joins) and any(s.method in _EMBEDS for s in steps):
        return []  # its conditions are about a row of the query around it, which is judged
    if read.rows is not None:
        columns = ", ".join(builder.ident(column) for column, _ in read.assigned)
        return [f"INSERT INTO {builder.ident(builder.table)} ({columns}) {read.rows}"]
    if read.verb == "insert":
        made = builder.insert(
            read.assigned, dynamic=read.dynamic, conflict=read.conflict, updated=read.merged, only=read.only
        )
        return [made]
    if read.verb == "update":
        return [builder.update(read.assigned, whole=read.dynamic)]
    return [builder.delete() if read.verb == "delete" else builder.select()]


def selected(builder: Builder, given: Argument) -> tuple[str, Builder] | None:
    """The sub-query that an argument is, as text, and its builder; its conditions may be about rows of `builder`."""
    steps = steps_of(given)
    entity = builder.entities.get(given.text)
    if any(step.method.startswith("@") for step in steps):
        return None  # a function of another file has its part in it
    if entity is None or not steps:
        return None
    inner = builder.inside(entity)
    if any(known.table == entity.table for known in builder.others.values()):
        inner.alias = f"inner_{entity.table}"
    around = dict(builder.others)
    inner.others = {**around, entity.name: entity}
    read = _read(inner, steps)
    if read.unseen or read.verb != "select":
        return None
    first = steps[0].arguments[0] if steps[0].arguments else None
    column = column_of(inner, first) if first is not None else None
    shown = inner.qualified(column[1], column[0]) if column is not None else inner.qualified(inner.key_of(inner.table))
    if steps[0].method == "exists" or any(step.method == "exists" for step in steps):
        shown = "1"
    joins = "".join(f" {join}" for join in inner.joins)
    builder.relation_keys += [key for key in inner.relation_keys if key not in builder.relation_keys]
    return f"SELECT {shown} FROM {inner.source()}{joins}{inner.condition()}", inner


def _read(builder: Builder, steps: Sequence[OrmStep]) -> _Read:
    """Put the conditions and joins of a chain into the builder."""
    read = _Read()
    if builder.entity is not None:
        builder.others[builder.entity.name] = builder.entity
    joined = _joined(builder, steps)
    current = builder.entity
    for step in steps:
        method, arguments = step.method, step.arguments
        if method in _SELECTS:
            for given in arguments:
                _from(builder, given, joined)
        elif method in {"insert", "update", "delete"}:
            read.verb = method
            if method == "update" and arguments and step is not steps[0]:
                _assign(builder, read, arguments[0], {})
        elif method in {"get", "get_one", "get_or_404"} and arguments:
            builder.where.append(builder.compare(builder.key_of(builder.table), arguments[0]))
        elif method == "with_parent" and arguments:
            parent = builder.entities.get(arguments[0].text) if arguments[0].kind == "query" else None
            column = builder.foreign_column(parent.table) if parent is not None else None
            builder.where.append(builder.compare(column, arguments[0]) if column is not None else builder.hole())
        elif method in {"where", "filter", "having"}:
            builder.where += [condition(builder, given, selected) for given in arguments]
        elif method == "filter_by":
            builder.where += [_by(builder, current, name, value) for name, value in step.keywords]
        elif method in {"on_conflict_do_update", "on_duplicate_key_update"}:
            read.conflict = _conflict_keys(builder, dict(step.keywords))
            if not read.conflict:
                read.unseen = True  # a constraint by its name, or a key that can't be seen
                return read
            read.merged = builder.changed(dict(step.keywords).get("set_"))
            where = dict(step.keywords).get("where")
            read.only = condition(builder, where, selected) if where is not None else ""
        elif method in {"join", "outerjoin"} and arguments:
            isouter = any(name in {"isouter", "full"} for name, _ in step.keywords)
            current = _join(builder, step, outer=method == "outerjoin" or isouter) or current
        elif method == "values":
            _assign(builder, read, arguments[0] if arguments else None, dict(step.keywords))
        elif method == "from_select" and len(arguments) > 1:
            listed = [builder.column(item.text) for item in arguments[0].items]
            rows = _from_select(builder, arguments[1], len(listed))
            if rows is None or not listed or None in listed:
                read.unseen = True
                return read
            read.rows, read.assigned = rows, [(column, "") for column in listed if column is not None]
        elif method in {"from_statement", "prefix_with", "with_statement_hint"}:
            read.unseen = True
            return read
    return read


def _from_select(builder: Builder, given: Argument, width: int) -> str | None:
    """The rows of `insert(…).from_select(["tenant_id", …], select(…))`, if each of its columns can be seen."""
    found = selected(_apart(builder), given)
    steps = steps_of(given)
    if found is None or not steps or len(steps[0].arguments) != width:
        return None
    text, inner = found
    columns = [
        inner.qualified(column[1], column[0]) if (column := column_of(inner, item)) is not None else inner.value(item)
        for item in steps[0].arguments
    ]
    return f"SELECT {', '.join(columns)} FROM {text.partition(' FROM ')[2]}"


def _apart(builder: Builder) -> Builder:
    """A builder that stands for nothing around a sub-query but its numbering of parameters."""
    return Builder(builder.model, builder.entities, "", None, counter=builder.counter)


def _assign(builder: Builder, read: _Read, given: Argument | None, keywords: Mapping[str, Argument]) -> None:
    """What `values(…)` sets: a mapping, the first of several, keywords."""
    if given is not None and given.kind == "list":
        given = given.items[0] if given.items else given
    values, unseen = assigned(builder, {**mapping(given), **keywords})
    read.assigned += values
    read.dynamic = read.dynamic or unseen or (given is not None and given.kind != "map")


def _by(builder: Builder, entity: Entity | None, name: str, value: Argument) -> str:
    """`filter_by(name=value)`: of the entity that was joined last."""
    if entity is None or entity is builder.entity or entity.table == builder.table:
        column = builder.column(name)
        return builder.compare(column, value) if column is not None else builder.hole()
    one = Builder(builder.model, builder.entities, entity.table, entity)
    column = one.column(name)
    return builder.compare(column, value, alias=entity.table) if column is not None else builder.hole()


def _written(builder: Builder, step: OrmStep) -> str | None:
    """What a session writes: an instance with its attributes, or the first of several mappings."""
    if step.method == "bulk_update_mappings":
        key = builder.key_of(builder.table)
        builder.where.append(builder.compare(key, Argument(kind="value")))
        return builder.update([])
    given = dict(step.keywords)
    if step.method == "bulk_insert_mappings":
        rows = step.arguments[0].items[:1] if step.arguments and step.arguments[0].kind == "list" else ()
        given = mapping(rows[0] if rows else None)
    pairs, dynamic = assigned(builder, given)
    keys = [column for column, _ in pairs if step.method == "merge" and column == builder.key_of(builder.table)]
    return builder.insert(pairs, dynamic=dynamic, conflict=keys or None)


def _conflict_keys(builder: Builder, keywords: Mapping[str, Argument]) -> list[str]:
    """The columns of `on_conflict_do_update(index_elements=["id", Boat.name])`."""
    listed = keywords.get("index_elements")
    items = listed.items if listed is not None and listed.kind == "list" else ()
    found = [_key_column(builder, item.text.rpartition(".")[2]) for item in items]
    return [column for column in found if column is not None] if all(found) else []


def _key_column(builder: Builder, name: str) -> str | None:
    """The column of an attribute; that of a foreign key by the name of its relationship, as Peewee has it."""
    column = builder.column(name)
    if column is not None or builder.entity is None:
        return column
    target = builder.entities.get(builder.entity.relations.get(name, ""))
    return builder.foreign_column(target.table) if target is not None else None


def _joined(builder: Builder, steps: Sequence[OrmStep]) -> set[str]:
    """Entities that come with a JOIN. FROM begins at what `select_from` says, else at the first that is selected."""
    found: set[str] = set()
    for step in steps:
        if step.method in {"join", "outerjoin"} and step.arguments:
            entity = entity_named(builder, step.arguments[0], alone=True)
            if entity is not None and "." not in step.arguments[0].text.removeprefix("models."):
                found.add(alias_of(step.arguments[0]) or entity.name)
        if step.method == "select_from" and step.arguments:
            start = entity_named(builder, step.arguments[0])
            if start is not None and start.table != builder.table and not any(s.method == "update" for s in steps):
                builder.others.pop(builder.entity.name if builder.entity is not None else "", None)
                builder.table, builder.entity = start.table, start
                builder.others[start.name] = start
    first = next((step.arguments[0] for step in steps if step.arguments), None)
    alias = alias_of(first) if first is not None else None
    if alias is not None and builder.entity is not None and builder.alias is None and alias not in found:
        builder.others.pop(builder.entity.name, None)  # it is known by this name only
        builder.others[alias] = builder.entity
        builder.alias = alias
    return found


def _from(builder: Builder, given: Argument, joined: set[str]) -> None:
    entity = entity_named(builder, given)
    name = alias_of(given) or (entity.name if entity is not None else "")
    if entity is not None and name not in builder.others and name not in joined:
        add(builder, name, entity)


def _join(builder: Builder, step: OrmStep, *, outer: bool) -> Entity | None:
    """Add a join; the entity that it leads to, if that is known."""
    arguments = step.arguments
    first = arguments[0]
    kind = "LEFT JOIN" if outer else "JOIN"
    head, _, attribute = first.text.removeprefix("models.").partition(".") if first.kind == "value" else ("", "", "")
    owner = builder.others.get(head)
    target = (
        builder.entities.get(owner.relations.get(attribute, ""))
        if owner is not None and attribute
        else entity_named(builder, first, alone=True)
    )
    if target is None:
        builder.where.append(builder.hole())
        return None
    before = list(builder.others.values())
    alias = alias_of(first)
    builder.others[alias or target.name] = target
    shown = builder.ident(target.table) + (f" AS {builder.ident(alias)}" if alias is not None else "")
    on = arguments[1] if len(arguments) > 1 else next((v for n, v in step.keywords if n in {"onclause", "on"}), None)
    if on is not None:
        builder.joins.append(f"{kind} {shown} ON {condition(builder, on, selected)}")
        return target
    for entity in before:
        one = Builder(builder.model, builder.entities, entity.table, entity)
        two = Builder(builder.model, builder.entities, target.table, target, alias=alias)
        forward, backward = one.foreign_column(target.table), two.foreign_column(entity.table)
        if forward is not None:
            tied = f"{one.qualified(forward)} = {two.qualified(two.key_of(target.table))}"
        elif backward is not None:
            tied = f"{two.qualified(backward)} = {one.qualified(one.key_of(entity.table))}"
        else:
            continue
        builder.joins.append(f"{kind} {shown} ON {tied}")
        return target
    builder.joins.append(f"{kind} {shown} ON {builder.hole()}")
    return target
