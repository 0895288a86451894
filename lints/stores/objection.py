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
    return knex(builder, [plain for step in steps for plain in _plain(builder, step)])


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
    elif method == "findOne":
        yield OrmStep(method="where", arguments=arguments)
    elif method in {"patch", "update", "patchAndFetch", "updateAndFetch"}:
        yield OrmStep(method="update", arguments=arguments)
    elif method in {"insert", "insertAndFetch"}:
        yield OrmStep(method="insert", arguments=arguments)
    else:
        yield step
