# ruff: noqa: S608 - the text is judged, it never reaches a database
"""Conditions of SQLAlchemy as SQL: columns by their attributes, expressions over them, relationships, sub-queries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from lints.extract.chains.python import RUNS
from lints.extract.facts import Argument
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.stores.orm_sql import MAX_DEPTH, Builder
from lints.stores.ties import fragment, may_tie, steps_of

Selected: TypeAlias = Callable[[Builder, Argument], tuple[str, Builder] | None]
"""What reads a sub-query: `lints.stores.sqlalchemy.selected`."""

_PATH = regex(r"\w+(?:\.\w+)+")
_ALIAS = regex(r"aliased\((\w+)\)@(\d+)(?:\.(?:c\.)?(\w+))?")
_WRAPPED = regex(
    r"(?:\w+\.)?(?:col|column_property)\(\s*([\w.]+)\s*\)"
    r"|(?:\w+\.)?(?:cast|type_coerce)\(\s*([\w.]+)\s*,\s*(?:\w+\.)*(?:UUID|GUID|String|Text|Unicode|VARCHAR|Integer|BigInteger)"
    r"(?:\((?:as_uuid=\w+)?\))?\s*,?\s*\)",
    re.IGNORECASE,
)
_MENTIONED = regex(r"\b([A-Za-z_]\w{0,80})\.(?:__table__\.c\.|c\.)?([A-Za-z_]\w{0,80})")
_CONSTANT = regex(r"-?\d[\d_.]*|True|False|None|true\(\)|false\(\)|null\(\)")
_KEY = regex(r"_?(?:id|uuid|key)$")
_SIGNS = {
    "==": "=", "!=": "<>", ">": ">", ">=": ">=", "<": "<", "<=": "<=", "is_": "=", "is_not": "<>", "isnot": "<>",
    "<<": "in", ">>": "=",
    "in_": "in", "notin_": "NOT IN", "not_in": "NOT IN", "like": "LIKE", "ilike": "LIKE", "contains": "LIKE",
    "startswith": "LIKE", "endswith": "LIKE", "icontains": "LIKE", "notlike": "NOT LIKE", "not_like": "NOT LIKE",
    "notilike": "NOT LIKE", "not_ilike": "NOT LIKE", "regexp_match": "LIKE", "match": "LIKE", "iregexp": "LIKE",
    "is_distinct_from": "<>", "is_not_distinct_from": "=",
}  # fmt: skip


# Names


def alias_of(given: Argument) -> str | None:
    """The name, in SQL, of `aliased(Boat)` where an argument is that or a column of it."""
    found = _ALIAS.fullmatch(given.text) if given.kind == "dynamic" else None
    return f"{found.group(1).lower()}_{found.group(2)}" if found is not None else None


def entity_named(builder: Builder, given: Argument, *, alone: bool = False) -> Entity | None:
    """The entity of `Boat`, `models.Boat`, `Boat.id`, an alias of it or a function of a column; `alone`: no function,
    which gives other rows than the entity's."""
    if alone and given.kind not in {"value", "dynamic"}:
        return None
    if alone and alias_of(given) is None and re.fullmatch(r"[\w.]+", given.text) is None:
        return None
    while given.kind == "term" and given.items:
        given = given.items[0]
    aliased = _ALIAS.fullmatch(given.text) if given.kind == "dynamic" else None
    if aliased is not None:
        return builder.entities.get(aliased.group(1))
    parts = re.findall(r"\w+", given.text[:200]) if given.kind in {"value", "dynamic", "call"} else []
    return next((found for part in parts if (found := builder.entities.get(part)) is not None), None)


def add(builder: Builder, name: str, entity: Entity) -> None:
    """A further table in FROM without a join of its own."""
    builder.others[name] = entity
    if name != entity.name:
        builder.joins.append(f"CROSS JOIN {builder.ident(entity.table)} AS {builder.ident(name)}")
    elif entity.table != builder.table or builder.alias is not None:
        builder.joins.append(f"CROSS JOIN {builder.ident(entity.table)}")


def column_of(builder: Builder, given: Argument) -> tuple[str, str] | None:
    """(table or alias, column) of `Boat.tenant_id`, `boats.c.tenant_id`, `col(Boat.tenant_id)` or an alias's column."""
    if given.kind not in {"value", "dynamic", "call"}:
        return None
    aliased = _ALIAS.fullmatch(given.text) if given.kind == "dynamic" else None
    if aliased is not None:
        entity = builder.entities.get(aliased.group(1))
        name = alias_of(given) or ""
        if entity is None or aliased.group(3) is None:
            return None
        if name not in builder.others:
            add(builder, name, entity)
        found = _stored(builder, entity, aliased.group(3))
        return (name, found[1]) if found is not None else None
    wrapped = _WRAPPED.fullmatch(given.text)
    text = (wrapped[1] or wrapped[2]) if wrapped is not None else given.text
    if _PATH.fullmatch(text) is None:
        return None
    head, _, attribute = text.rpartition(".")
    head = head.removesuffix(".c").removesuffix(".__table__").rpartition(".")[2]
    entity = builder.others.get(head) or builder.entities.get(head)
    if entity is None:
        return None
    if head not in builder.others:
        add(builder, head, entity)
    return _stored(builder, entity, attribute)


def _stored(builder: Builder, entity: Entity, attribute: str) -> tuple[str, str] | None:
    """The table and column of an attribute; a base that could not be read may have brought it."""
    table = builder.model.tables.get(entity.table)
    inherited = attribute if table is not None and attribute in table.columns else None
    column = entity.columns.get(attribute) or inherited
    if column is None and entity.columns and not may_tie(builder, entity, attribute):
        column = attribute
    name = builder.alias if builder.alias is not None and entity is builder.entity else entity.table
    return (name, column) if column is not None else None


# Expressions


def _over_columns(builder: Builder, given: Argument) -> str | None:
    """An expression over columns none of which can say whose row it is, as a function of them; None for any other."""
    columns: list[str] = []
    stems = {
        re.sub(r"_?(?:id|uuid|key)$", "", column.lower()) or column.lower() for column in builder.model.tenant_columns
    }
    for text in _texts(given, 0):
        if any(stem in text.lower() for stem in stems):
            return None  # a function of the project's may compare the tenant it is handed
        for head, attribute in _MENTIONED.findall(text[:1000]):
            entity = builder.others.get(head) or builder.entities.get(head)
            if entity is None:
                continue
            if may_tie(builder, entity, attribute):
                return None
            if head in builder.others and (found := _stored(builder, entity, attribute)) is not None:
                columns.append(builder.qualified(found[1], found[0]))
    return f"expression({', '.join(dict.fromkeys(columns))})" if columns else None


def _texts(given: Argument, depth: int) -> Iterator[str]:
    if given.kind == "query":
        yield "query.query"
    elif given.kind in {"value", "dynamic", "call"}:
        yield given.text
    for item in given.items if depth < MAX_DEPTH and given.kind in {"term", "list"} else ():
        yield from _texts(item, depth + 1)


def _fixed(given: Argument) -> bool:
    """Whether it is a constant that the code spells out."""
    return given.kind in {"text", "null"} or (given.kind == "value" and _CONSTANT.fullmatch(given.text) is not None)


# Conditions


def condition(builder: Builder, given: Argument, selected: Selected, depth: int = 0) -> str:
    """One argument of `where(…)`."""
    if given.kind == "null":
        return ""
    if given.kind == "list" and depth < MAX_DEPTH:
        return builder.all_of(condition(builder, item, selected, depth + 1) for item in given.items[:50])
    if given.kind == "query" and depth <= MAX_DEPTH:
        found = selected(builder, given)
        return f"EXISTS ({found[0]})" if found is not None else builder.hole()
    if given.kind != "term" or depth > MAX_DEPTH:
        return _bare(builder, given)
    items = list(given.items)
    if given.text in {"and_", "&", "and"}:
        return builder.all_of(condition(builder, item, selected, depth + 1) for item in items)
    if given.text in {"or_", "|", "or"}:
        return builder.any_of(condition(builder, item, selected, depth + 1) for item in items)
    if given.text in {"not_", "~", "not"} and items:
        inner = condition(builder, items[0], selected, depth + 1)
        return f"NOT ({inner})" if inner else ""
    if given.text in {"has", "any"} and items:
        return _related(builder, given, selected, depth)
    if given.text == "between" and len(items) == 3:
        items = items[:2]
    if len(items) >= 2 and given.text in {*_SIGNS, "between"}:
        return _comparison(builder, given.text, items[0], items[1], selected)
    over = _over_columns(builder, given)
    return over if over is not None else builder.hole()


def _bare(builder: Builder, given: Argument) -> str:
    if given.kind == "value" and given.text in {"True", "true()"}:
        return "TRUE"
    if given.kind == "value" and given.text in {"False", "false()"}:
        return "FALSE"
    if given.kind == "dynamic" and alias_of(given) is None and "{" not in given.text:
        return fragment(builder, given.text)
    over = _over_columns(builder, given) if given.kind in {"value", "call"} else None
    return over if over is not None else builder.hole()


def _comparison(builder: Builder, sign: str, left: Argument, right: Argument, selected: Selected) -> str:
    one, two = column_of(builder, left), column_of(builder, right)
    operator = _SIGNS.get(sign, ">")
    if one is not None and two is not None:
        shown = "=" if operator == "in" else operator
        return f"{builder.qualified(one[1], one[0])} {shown} {builder.qualified(two[1], two[0])}"
    if one is None and two is not None and operator in {"=", "<>"}:
        one, two, left, right = two, None, right, left
    if one is None and operator in {"=", "<>"} and right.kind == "value":
        related = _relation(builder, left)
        if related is not None:
            builder.remember(related[1], right, related[0])
            return f"{builder.qualified(related[1], related[0])} {operator} {builder.parameter()}"
    if one is None:
        over = _over_columns(builder, left)
        if over is None and not _fixed(right):
            return builder.hole()
        if any(_may_mention(builder, text) for text in _texts(right, 0)) and _over_columns(builder, right) is None:
            return builder.hole()
        return f"{over or builder.parameter()} {'=' if operator == 'in' else operator} {builder.parameter()}"
    left_text = builder.qualified(one[1], one[0])
    if right.kind == "query":
        steps = steps_of(right)
        if steps and steps[-1].method in RUNS["sqlalchemy"]:  # it has run, and is judged itself
            builder.remember(one[1], right, one[0] if one[0] != builder.table else None)
            return f"{left_text} {'NOT IN' if operator in {'<>', 'NOT IN'} else 'IN'} ({builder.parameter()})"
        found = selected(builder, right)
        if found is None:
            return builder.hole()
        text, inner = found
        if inner.by_key and operator in {"=", "in"}:
            builder.remember(one[1], Argument(kind="query"), one[0] if one[0] != builder.table else None)
        return f"{left_text} {'NOT IN' if operator in {'<>', 'NOT IN'} else 'IN'} ({text})"
    if operator == "NOT IN":
        return f"{left_text} NOT IN ({builder.parameter()})"
    if right.kind == "term" or (right.kind == "call" and any(_may_mention(builder, t) for t in _texts(right, 0))):
        over = _over_columns(builder, right)
        if over is not None:
            return f"{left_text} {'=' if operator == 'in' else operator} {over}"
        if any(_may_mention(builder, text) for text in _texts(right, 0)):
            return builder.hole()
        right = Argument(kind="value")
    return builder.compare(one[1], right, operator, alias=one[0] if one[0] != builder.table or builder.joins else None)


def _may_mention(builder: Builder, text: str) -> bool:
    """Whether a text names a column of an entity."""
    return text == "query.query" or any(
        head in builder.others or head in builder.entities for head, _ in _MENTIONED.findall(text[:1000])
    )


# Relationships


def _owner(builder: Builder, given: Argument) -> tuple[Entity, Entity] | None:
    """(the entity, the one it leads to) of `Boat.tenant`."""
    if given.kind not in {"value", "dynamic"} or _PATH.fullmatch(given.text) is None:
        return None
    head, _, attribute = given.text.rpartition(".")
    entity = builder.others.get(head.rpartition(".")[2])
    target = builder.entities.get(entity.relations.get(attribute, "")) if entity is not None else None
    return (entity, target) if entity is not None and target is not None else None


def _relation(builder: Builder, given: Argument) -> tuple[str, str] | None:
    """(table, foreign key) of `Boat.tenant`, which is compared with an instance, if only one key can be meant."""
    found = _owner(builder, given)
    known = builder.model.tables.get(found[0].table) if found is not None else None
    if found is None or known is None:
        return None
    keys = [key.columns[0] for key in known.foreign_keys if key.references == found[1].table and len(key.columns) == 1]
    return (found[0].table, keys[0]) if len(keys) == 1 else None


def _related(builder: Builder, given: Argument, selected: Selected, depth: int) -> str:
    """`Logbook.boat.has(Boat.tenant_id == t)`, `Boat.logbooks.any(day=d)`."""
    positions = [item for item, name in zip(given.items, given.names, strict=True) if not name]
    keywords = [(name, item) for item, name in zip(given.items, given.names, strict=True) if name]
    found = _owner(builder, positions[0]) if positions else None
    if found is None or found[0].table == found[1].table:
        return builder.hole()
    owner, target = found
    one = Builder(builder.model, builder.entities, owner.table, owner)
    inner = builder.inside(target)
    inner.others = {**builder.others, target.name: target}
    inner.where += [condition(inner, item, selected, depth + 1) for item in positions[1:]]
    for name, value in keywords:
        column = inner.column(name)
        inner.where.append(inner.compare(column, value) if column is not None else inner.hole())
    if inner.joins:
        return builder.hole()
    known = builder.model.tables.get(owner.table)
    keys = known.foreign_keys if known is not None else ()
    forwards = [key.columns[0] for key in keys if key.references == target.table and len(key.columns) == 1]
    if len(forwards) > 1:  # of several keys the one that is called what the relationship is
        forwards = [column for column in forwards if column == f"{positions[0].text.rpartition('.')[2]}_id"]
    if given.text == "has" and len(forwards) == 1:
        rows = f"SELECT {inner.qualified(inner.key_of(target.table))} FROM {inner.source()}{inner.condition()}"
        if inner.by_key:
            builder.remember(forwards[0], Argument(kind="query"), owner.table)
        return f"{one.qualified(forwards[0])} IN ({rows})"
    backward = inner.foreign_column(owner.table) if given.text == "any" else None
    if backward is None:
        return builder.hole()
    inner.where.append(f"{inner.qualified(backward)} = {one.qualified(one.key_of(owner.table))}")
    return f"EXISTS (SELECT 1 FROM {inner.source()}{inner.condition()})"
