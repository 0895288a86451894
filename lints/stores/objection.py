"""Objection's calls as those of Knex, which it is built on: `Boat.query().findById(id).patch({ … })`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lints.extract.facts import Argument, OrmStep
from lints.stores.orm_sql import Builder
from lints.stores.query_builders import knex

_UNSEEN = frozenset({"upsertGraph", "upsertGraphAndFetch", "insertGraph", "insertGraphAndFetch", "relate", "unrelate"})
"""Calls that write rows of other models too."""


def objection(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """The statement of a chain that begins with `Boat.query()`."""
    if any(step.method in _UNSEEN for step in steps):
        return [None]
    if steps[0].method == "relatedQuery":
        return _related_query(builder, steps)
    return knex(builder, [plain for step in steps for plain in _plain(builder, step)])


def _related_query(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`Boat.relatedQuery("logbooks").for(key)`: rows that refer to those of a key, or of a query."""
    parent, given = builder.table, steps[0].arguments
    target = _related(builder, given[0].text) if given and given[0].kind == "text" else None
    if target is None:
        return [None]
    builder.table, builder.entity, builder.tables = target, None, {}
    column = builder.foreign_column(parent)
    owners = next((step.arguments[0] for step in steps if step.method == "for" and step.arguments), None)
    if column is None or owners is None:
        return [None]
    if owners.kind != "query":
        builder.remember(column, owners)
    several = owners.kind in {"query", "list"}
    whose = OrmStep(method="whereIn" if several else "where", arguments=(Argument(kind="text", text=column), owners))
    rest = [plain for step in steps[1:] if step.method != "for" for plain in _plain(builder, step)]
    return knex(builder, [OrmStep(method="table"), whose, *rest])


def _related(builder: Builder, name: str) -> str | None:
    """The table that a relation leads to, if that is called after it and a foreign key of either leads to the other."""
    own = builder.model.tables.get(builder.table)
    for table in (name, f"{name}s", name.removesuffix("s")):
        known = builder.model.tables.get(table)
        if known is None or own is None:
            continue
        if any(key.references == builder.table for key in known.foreign_keys) or any(
            key.references == table for key in own.foreign_keys
        ):
            return table
    return None


def _joined(builder: Builder, name: str) -> OrmStep | None:
    """The join that `joinRelated("boat")` stands for."""
    target = _related(builder, name)
    if target is None:
        return None
    forward = builder.foreign_column(target)
    inner = Builder(builder.model, builder.entities, target)
    backward = inner.foreign_column(builder.table)
    one = f"{name}.{builder.key_of(target)}" if forward is not None else f"{name}.{backward}"
    two = f"{builder.table}.{forward if forward is not None else builder.key_of(builder.table)}"
    texts = (f"{target} as {name}", one, two)
    return OrmStep(method="innerJoin", arguments=tuple(Argument(kind="text", text=text) for text in texts))


def _plain(builder: Builder, step: OrmStep) -> Iterator[OrmStep]:
    """What a step is to Knex."""
    method, arguments = step.method, step.arguments
    key = Argument(kind="text", text=builder.key_of(builder.table))
    if method in {"findById", "deleteById", "patchAndFetchById", "updateAndFetchById"} and arguments:
        composed = arguments[0].kind in {"list", "map"}  # of a key of several columns
        yield OrmStep(method="where", arguments=(Argument(kind="dynamic"),) if composed else (key, arguments[0]))
        if method == "deleteById":
            yield OrmStep(method="delete")
        elif method != "findById":
            yield OrmStep(method="update", arguments=arguments[1:])
    elif method == "findByIds" and arguments:
        yield OrmStep(method="whereIn", arguments=(key, arguments[0]))
    elif method in {"joinRelated", "innerJoinRelated"} and len(arguments) == 1 and arguments[0].kind == "text":
        yield _joined(builder, arguments[0].text) or step
    elif method == "findOne":
        yield OrmStep(method="where", arguments=arguments)
    elif method in {"patch", "update", "patchAndFetch", "updateAndFetch"}:
        yield OrmStep(method="update", arguments=arguments)
    elif method in {"insert", "insertAndFetch"}:
        yield OrmStep(method="insert", arguments=arguments)
    else:
        yield step
