"""SQLAlchemy and SQLModel calls as the SQL they stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lints.extract.facts import Argument, OrmStep
from lints.schema.facts import Entity
from lints.stores.orm_sql import MAX_DEPTH, Builder, mapping

_PATH = re.compile(r"\w+(?:\.\w+)+")
_EMBEDS = frozenset({"exists", "correlate", "correlate_except", "scalar_subquery", "as_scalar", "lateral"})
_SIGNS = {"==": "=", "!=": "<>", ">": ">", ">=": ">=", "<": "<", "<=": "<=", "is_": "=", "is_not": "<>", "isnot": "<>"}


def sqlalchemy(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """The statements of a `select(…)`, `update(…)`, `session.query(…)` chain."""
    verb = "select"
    assigned: list[tuple[str, str]] = []
    dynamic = False
    conflict: list[str] | None = None
    merged: list[tuple[str, str]] | None = None
    if builder.entity is not None:
        builder.others[builder.entity.name] = builder.entity
    joined = _joined(builder, steps)
    for step in steps:
        method, arguments = step.method, step.arguments
        if method in {"select", "query", "select_from"}:
            for given in arguments:
                _from(builder, given, joined)
        elif method in {"insert", "update", "delete"}:
            verb = method
            if method == "update" and arguments and step is not steps[0]:
                values, unseen = builder.assignments(mapping(arguments[0]))
                assigned += values
                dynamic = dynamic or unseen or arguments[0].kind != "map"
        elif method in {"get", "get_one", "get_or_404"} and arguments:
            builder.where.append(builder.compare(builder.key_of(builder.table), arguments[0]))
        elif method in {"where", "filter"}:
            builder.where += [_condition(builder, given, 0) for given in arguments]
        elif method == "filter_by":
            for name, value in step.keywords:
                column = builder.column(name)
                builder.where.append(builder.compare(column, value) if column is not None else builder.hole())
        elif method in {"add", "merge", "bulk_insert_mappings", "bulk_update_mappings"}:
            return [_written(builder, step)]
        elif method == "on_conflict_do_update":
            conflict = _conflict_keys(builder, dict(step.keywords))
            if not conflict:
                return [None]  # a constraint by its name, or a key that can't be seen
            changed, unseen = builder.assignments(mapping(dict(step.keywords).get("set_")))
            merged = changed if not unseen and changed else None
        elif method in {"join", "outerjoin"} and arguments:
            _join(
                builder, arguments, outer=method == "outerjoin" or any(name == "isouter" for name, _ in step.keywords)
            )
        elif method == "values":
            written = mapping(arguments[0]) if arguments else {}
            values, unseen = builder.assignments({**written, **dict(step.keywords)})
            assigned += values
            dynamic = dynamic or unseen or (bool(arguments) and arguments[0].kind != "map")
        elif method in {"from_statement", "prefix_with", "with_statement_hint"}:
            return [None]
    if any(join.startswith("CROSS JOIN") for join in builder.joins) and any(s.method in _EMBEDS for s in steps):
        return []  # its conditions are about a row of the query around it, which is judged
    if verb == "insert":
        return [builder.insert(assigned, dynamic=dynamic, conflict=conflict, updated=merged)]
    if verb == "update":
        return [builder.update(assigned, dynamic=dynamic)]
    return [builder.delete() if verb == "delete" else builder.select()]


def _written(builder: Builder, step: OrmStep) -> str | None:
    """What a session writes: an instance with its attributes, or the first of several mappings."""
    if step.method == "bulk_update_mappings":
        key = builder.key_of(builder.table)
        builder.where.append(builder.compare(key, Argument(kind="value")))
        return builder.update([], dynamic=True)
    given = dict(step.keywords)
    if step.method == "bulk_insert_mappings":
        rows = step.arguments[0].items[:1] if step.arguments and step.arguments[0].kind == "list" else ()
        given = mapping(rows[0] if rows else None)
    assigned, dynamic = builder.assignments(given)
    keys = [column for column, _ in assigned if step.method == "merge" and column == builder.key_of(builder.table)]
    return builder.insert(assigned, dynamic=dynamic, conflict=keys or None)


def _conflict_keys(builder: Builder, keywords: Mapping[str, Argument]) -> list[str]:
    """The columns of `on_conflict_do_update(index_elements=["id", Boat.name])`."""
    listed = keywords.get("index_elements")
    items = listed.items if listed is not None and listed.kind == "list" else ()
    found = [builder.column(item.text.rpartition(".")[2]) for item in items]
    return [column for column in found if column is not None] if all(found) else []


def _column(builder: Builder, given: Argument) -> tuple[str, str] | None:
    """(name used for the entity, column) of `Boat.tenant_id` or `boats.c.tenant_id`."""
    if given.kind not in {"value", "dynamic"} or _PATH.fullmatch(given.text) is None:
        return None
    head, _, attribute = given.text.rpartition(".")
    head = head.removesuffix(".c").rpartition(".")[2]
    entity = builder.others.get(head) or builder.entities.get(head)
    if entity is None:
        return None
    if head not in builder.others:
        _add(builder, entity)
    return _stored(builder, entity, attribute)


def _stored(builder: Builder, entity: Entity, attribute: str) -> tuple[str, str] | None:
    """The table and column of an attribute; a base that could not be read may have brought it."""
    table = builder.model.tables.get(entity.table)
    inherited = attribute if table is not None and attribute in table.columns else None
    column = entity.columns.get(attribute) or inherited
    return (entity.table, column) if column is not None else None


def _named(builder: Builder, given: Argument) -> Entity | None:
    """The entity of `Boat`, `models.Boat`, `Boat.id` or a function of a column."""
    while given.kind == "term" and given.items:
        given = given.items[0]
    parts = given.text.split(".") if given.kind in {"value", "dynamic"} else []
    return next((found for part in parts if (found := builder.entities.get(part)) is not None), None)


def _joined(builder: Builder, steps: Sequence[OrmStep]) -> set[str]:
    """Entities that come with a JOIN. FROM begins at what `select_from` says, else at the first that is selected."""
    found: set[str] = set()
    for step in steps:
        if step.method in {"join", "outerjoin"} and step.arguments:
            entity = _named(builder, step.arguments[0])
            if entity is not None and "." not in step.arguments[0].text.removeprefix("models."):
                found.add(entity.name)
        if step.method == "select_from" and step.arguments:
            start = _named(builder, step.arguments[0])
            if start is not None and start.table != builder.table and not any(s.method == "update" for s in steps):
                builder.table, builder.entity = start.table, start
                builder.others = {start.name: start}
    return found


def _from(builder: Builder, given: Argument, joined: set[str]) -> None:
    entity = _named(builder, given)
    if entity is not None and entity.name not in builder.others and entity.name not in joined:
        _add(builder, entity)


def _add(builder: Builder, entity: Entity) -> None:
    """A further table in FROM without a join of its own."""
    builder.others[entity.name] = entity
    if entity.table != builder.table:
        builder.joins.append(f"CROSS JOIN {builder.ident(entity.table)}")


def _join(builder: Builder, arguments: Sequence[Argument], *, outer: bool) -> None:
    first = arguments[0]
    kind = "LEFT JOIN" if outer else "JOIN"
    head, _, attribute = first.text.removeprefix("models.").partition(".") if first.kind == "value" else ("", "", "")
    owner = builder.others.get(head)
    target = (
        builder.entities.get(owner.relations.get(attribute, ""))
        if owner is not None and attribute
        else _named(builder, first)
    )
    if target is None:
        builder.where.append(builder.hole())
        return
    before = list(builder.others.values())
    builder.others[target.name] = target
    if len(arguments) > 1:
        builder.joins.append(f"{kind} {builder.ident(target.table)} ON {_condition(builder, arguments[1], 0)}")
        return
    for entity in before:
        one = Builder(builder.model, builder.entities, entity.table, entity)
        two = Builder(builder.model, builder.entities, target.table, target)
        forward, backward = one.foreign_column(target.table), two.foreign_column(entity.table)
        if forward is not None:
            on = f"{one.qualified(forward)} = {two.qualified(two.key_of(target.table))}"
        elif backward is not None:
            on = f"{two.qualified(backward)} = {one.qualified(one.key_of(entity.table))}"
        else:
            continue
        builder.joins.append(f"{kind} {builder.ident(target.table)} ON {on}")
        return
    builder.joins.append(f"{kind} {builder.ident(target.table)} ON {builder.hole()}")


def _condition(builder: Builder, given: Argument, depth: int) -> str:
    if given.kind == "null":
        return ""
    if given.kind == "list" and depth < MAX_DEPTH:
        return builder.all_of(_condition(builder, item, depth + 1) for item in given.items[:50])
    if given.kind != "term" or depth > MAX_DEPTH:
        return "TRUE" if given.kind == "value" and given.text == "True" else builder.hole()
    items = list(given.items)
    if given.text in {"and_", "&", "and"}:
        return builder.all_of(_condition(builder, item, depth + 1) for item in items)
    if given.text in {"or_", "|", "or"}:
        return builder.any_of(_condition(builder, item, depth + 1) for item in items)
    if given.text in {"not_", "~", "not"} and items:
        return f"NOT ({_condition(builder, items[0], depth + 1)})"
    if len(items) == 2 and (given.text in _SIGNS or given.text in {"in_", "notin_", "like", "ilike", "contains"}):
        return _comparison(builder, given.text, items[0], items[1])
    return builder.hole()


_FUNCTION = re.compile(r"(?:\w+\.)?func\.(\w{1,60})\(\s*([A-Z]\w*\.\w+|cls\.\w+)\s*\)")
"""A function of one column: `func.lower(Boat.name)`."""


def _relation(builder: Builder, given: Argument) -> tuple[str, str] | None:
    """(table, foreign key) of `Boat.tenant`, which is compared with an instance, if only one key can be meant."""
    if given.kind not in {"value", "dynamic"} or _PATH.fullmatch(given.text) is None:
        return None
    head, _, attribute = given.text.rpartition(".")
    entity = builder.others.get(head.rpartition(".")[2])
    target = builder.entities.get(entity.relations.get(attribute, "")) if entity is not None else None
    known = builder.model.tables.get(entity.table) if entity is not None else None
    if target is None or known is None or entity is None:
        return None
    keys = [key.columns[0] for key in known.foreign_keys if key.references == target.table and len(key.columns) == 1]
    return (entity.table, keys[0]) if len(keys) == 1 else None


def _comparison(builder: Builder, sign: str, left: Argument, right: Argument) -> str:
    one, two = _column(builder, left), _column(builder, right)
    operator = _SIGNS.get(sign, {"in_": "in", "notin_": "NOT IN", "like": "LIKE", "ilike": "LIKE"}.get(sign, "LIKE"))
    if one is not None and two is not None:
        shown = "=" if operator == "in" else operator
        return f"{builder.qualified(one[1], one[0])} {shown} {builder.qualified(two[1], two[0])}"
    if one is None and two is not None and operator in {"=", "<>"}:
        one, right = two, left
    if one is None and operator in {"=", "<>"} and right.kind == "value":
        related = _relation(builder, left)
        if related is not None:
            builder.remember(related[1], right, related[0])
            return f"{builder.qualified(related[1], related[0])} {operator} {builder.parameter()}"
    computed = _FUNCTION.fullmatch(left.text) if one is None and left.kind == "value" else None
    if computed is not None and right.kind in {"text", "value"}:
        column = _column(builder, Argument(kind="value", text=computed.group(2)))
        known = builder.model.tables.get(column[0]) if column is not None else None
        if column is not None and known is not None and column[1] != known.tenant_column:
            shown = operator if operator != "in" else "="
            return f"{computed.group(1)}({builder.qualified(column[1], column[0])}) {shown} {builder.parameter()}"
    if one is None:
        return builder.hole()
    if operator == "NOT IN":
        return f"{builder.qualified(one[1], one[0])} NOT IN ({builder.parameter()})"
    if right.kind == "query":
        return f"{builder.qualified(one[1], one[0])} IN ({builder.hole()})"
    return builder.compare(one[1], right, operator, alias=one[0] if one[0] != builder.table or builder.joins else None)
