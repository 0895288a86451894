"""Queries that begin at a model class itself, those of Peewee, Tortoise and Pony, as the SQL they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lints.extract.facts import Argument, OrmStep
from lints.stores.django import django
from lints.stores.orm_sql import Builder, mapping
from lints.stores.sqlalchemy import sqlalchemy

_BY_KEY = frozenset({"get_by_id", "delete_by_id", "set_by_id"})


def records(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """The statements of `Boat.filter(…)` or `Boat.select().where(…)`; None stands for one that can't be seen."""
    if builder.entity is not None and builder.entity.kind in {"tortoise", "pony"}:
        return django(builder, [named for step in steps for named in _as_djangos(step)])
    first = steps[0]
    if first.method in {"create", "get_or_create", "bulk_create", "bulk_update"}:
        return django(builder, steps)
    if first.method == "insert_many" and first.arguments:
        first = replace(first, method="values", arguments=first.arguments[:1])
        return sqlalchemy(builder, [OrmStep(method="insert"), first, *map(_as_written, steps[1:])])
    if first.method == "replace":
        given = OrmStep(method="values", arguments=first.arguments[:1], keywords=first.keywords)
        columns = {**mapping(given.arguments[0] if given.arguments else None), **dict(given.keywords)}
        rows = Argument(kind="map", names=tuple(columns), items=tuple(columns.values()))
        made = sqlalchemy(builder, [OrmStep(method="insert"), given])[0]
        return [made + builder.on_duplicate(rows) if made is not None else None]  # by whichever key is in the way
    if first.method in {"insert", "update"}:
        written = OrmStep(method="values", arguments=first.arguments[:1], keywords=first.keywords)
        verb = "update" if first.method == "update" else "insert"
        return sqlalchemy(builder, [OrmStep(method=verb), written, *map(_as_written, steps[1:])])
    if first.method in _BY_KEY and first.arguments:
        verb = {"delete_by_id": "delete", "set_by_id": "update"}.get(first.method, "select")
        return sqlalchemy(builder, [OrmStep(method=verb), OrmStep(method="get", arguments=first.arguments[:1])])
    if first.keywords and not first.arguments:
        return django(builder, [replace(step, method="get" if step is first else step.method) for step in steps])
    return sqlalchemy(builder, [_as_written(step) for step in steps])


def _as_djangos(step: OrmStep) -> tuple[OrmStep, ...]:
    """A step of Tortoise or Pony under the name that it has in Django."""
    if step.method in _BY_KEY and step.arguments:
        verb = {"delete_by_id": "delete", "set_by_id": "update"}.get(step.method, "first")
        set_to = tuple(mapping(step.arguments[1] if len(step.arguments) > 1 else None).items())
        return (
            OrmStep(method="filter", keywords=(("pk", step.arguments[0]),)),
            OrmStep(method=verb, keywords=set_to),
        )
    return (replace(step, method="get") if step.method in {"get_or_none", "exists"} else step,)


def _as_written(step: OrmStep) -> OrmStep:
    """A step under the name that it has in SQLAlchemy."""
    if step.method in {"get", "get_or_none"}:
        return replace(step, method="where")
    if step.method == "join":
        outer = any("OUTER" in given.text or "LEFT" in given.text for given in step.arguments[1:])
        on = tuple(given for given in step.arguments[1:] if given.kind == "term")
        return replace(step, method="outerjoin" if outer else "join", arguments=(*step.arguments[:1], *on))
    if step.method in {"on_conflict", "on_conflict_replace"}:
        given = dict(step.keywords)
        names = (("conflict_target", "index_elements"), ("update", "set_"), ("where", "where"))
        said = tuple((known, given[name]) for name, known in names if name in given)
        said = said if "conflict_target" in given else (("index_elements", Argument(kind="value")), *said)
        return OrmStep(method="on_conflict_do_update", keywords=said)
    return step
