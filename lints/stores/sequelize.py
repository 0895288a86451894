"""Sequelize calls as the SQL they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lints.extract.facts import Argument, OrmStep
from lints.stores.javascript_orms import filtered
from lints.stores.orm_sql import Builder, mapping
from lints.stores.typeorm import find_options

_OF_COLUMN = frozenset({"increment", "decrement", "max", "min", "sum", "aggregate"})
"""Calls whose first argument names a column."""


def sequelize(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    step = steps[0]
    method, arguments = step.method, step.arguments
    first = arguments[0] if arguments else None
    counts = method in {"increment", "decrement"}
    if method in _OF_COLUMN and first is not None and (counts or first.kind in {"text", "list"}):
        first = arguments[-1] if len(arguments) > 1 else None
    if method == "findByPk":
        if first is not None:
            builder.where.append(builder.compare(builder.key_of(builder.table), first))
        return [builder.select()]
    if method in {"create", "bulkCreate", "upsert", "update", "build"}:
        builder.as_sent(first)
    if any(further.method == "scope" for further in steps[1:]):
        builder.where.append(builder.hole())  # conditions that the model keeps under a name
    if method in {"create", "bulkCreate", "upsert", "build"}:
        return [_made(builder, method, first, mapping(arguments[1]) if len(arguments) > 1 else {})]
    if method == "update":
        options = mapping(arguments[1]) if len(arguments) > 1 else {}
        builder.where.append(filtered(builder, options.get("where")))
        assigned, dynamic = builder.assignments(mapping(first))
        return [builder.update(assigned, whole=dynamic or (first is not None and first.kind != "map"))]
    find_options(builder, first, by_id=False)
    _included(builder, mapping(first).get("include"))
    if counts:
        return [builder.update([])]
    return [builder.delete() if method in {"destroy", "truncate"} else builder.select()]


def _made(builder: Builder, method: str, given: Argument | None, options: Mapping[str, Argument]) -> str | None:
    """A row that is made, or the first of several; one that is in the way by any key is changed by an `upsert`, or with
    `updateOnDuplicate`, unless it says by which."""
    row = given.items[0] if given is not None and given.kind == "list" and given.items else given
    assigned, dynamic = builder.assignments(mapping(row))
    named = options.get("conflictAttributes") or options.get("conflictFields")
    keys = [column for item in (named.items if named is not None else ()) if (column := builder.column(item.text))]
    listed = options.get("updateOnDuplicate")
    changes = method == "upsert" or listed is not None
    made = builder.insert(assigned, dynamic=dynamic, conflict=keys if changes and keys else None)
    if made is None or not changes or keys:
        return made if given is None or given.kind != "list" or given.items else None
    only = {item.text for item in listed.items} if listed is not None and listed.kind == "list" else set()
    changed = {name: value for name, value in mapping(row).items() if not only or name in only}
    return made + builder.on_duplicate(Argument(kind="map", names=tuple(changed), items=tuple(changed.values())))


def _included(builder: Builder, given: Argument | None) -> None:
    """`include: [{ model: Tenant, where: { id } }]`: an inner join, unless it says `required: false`."""
    for item in given.items if given is not None and given.kind == "list" else (given,):
        options = mapping(item)
        required = options.get("required")
        if "where" not in options or (required is not None and required.text != "true"):
            continue
        named = options.get("model") or options.get("association")
        target = builder.entities.get(named.text.rpartition(".")[2]) if named is not None else None
        if target is None:
            builder.where.append(builder.hole())
            continue
        inner = builder.inside(target)
        inner.where.append(filtered(inner, options["where"]))
        forward = builder.foreign_column(target.table)
        joined = (
            builder.related(forward, target.table, inner) if forward is not None else builder.reverse(target, inner)
        )
        builder.where.append(joined or builder.hole())
