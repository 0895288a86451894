# ruff: noqa: S608 - the text is judged, it never reaches a database
"""Django calls as the SQL they stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lints.extract.chains.helpers import SCOPE
from lints.extract.chains.python import DJANGO
from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.stores.orm_sql import MAX_DEPTH, Builder, mapping
from lints.stores.ties import assigned, fragment, may_tie, steps_of

_LOOKUPS = {
    "exact": "=", "iexact": "=", "in": "in", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "ne": "<>",
    "contains": "LIKE", "icontains": "LIKE", "startswith": "LIKE", "istartswith": "LIKE", "endswith": "LIKE",
    "iendswith": "LIKE", "regex": "LIKE", "iregex": "LIKE", "isnull": "isnull", "range": ">", "date": ">", "year": ">",
}  # fmt: skip
_DJANGO_ENDS = frozenset(
    {"get", "first", "last", "count", "exists", "aggregate", "latest", "earliest", "in_bulk", "iterator"}
)
_GIVES = frozenset({"get", "first", "last", "latest", "earliest", "create", "aget", "afirst", "alast", "acreate"})
"""What gives a row that has been loaded, by a query which is judged itself."""
_TRANSFORMS = frozenset(
    {"date", "time", "day", "month", "year", "week", "hour", "minute", "second", "week_day", "quarter", "iso_year"}
)
_OF_USERS = frozenset(
    {
        "email",
        "username",
        "is_active",
        "is_staff",
        "is_superuser",
        "first_name",
        "last_name",
        "last_login",
        "date_joined",
    }
)
"""Attributes of `django.contrib.auth.models.User`."""
_FINDS = frozenset({"filter", "exclude", "all", "values", "values_list", "only", "order_by"})
"""Steps of a query set that say which rows there are, or what is taken of them."""
_AGGREGATE = regex(r"(?:\w+\.)?(?:Count|Sum|Avg|Max|Min|StdDev|Variance|ArrayAgg|StringAgg|Exists)\(")


def django(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """The statements of a manager's chain; None stands for one that can't be seen."""
    if any(_correlated(value) for step in steps for value in (*step.arguments, *(v for _, v in step.keywords))):
        return []  # a sub-query: rows of the query around it
    given_names: set[str] = set()
    asked_for: dict[str, Argument] = {}
    computed: set[str] = (
        set()
    )  # what groups or sub-queries give: a condition on it says nothing of whose rows these are
    for step in steps:
        method = (
            step.method.removeprefix("a") if step.method in {"aget", "afirst", "acount", "acreate"} else step.method
        )
        keywords = dict(step.keywords)
        if method == SCOPE:
            if len(step.arguments) == 1:
                _scoped(builder, step)
        elif method in {"filter", "get", "exclude"}:
            counted = {name for name in keywords if name.split("__")[0] in computed}
            asked = {
                ("" if name.split("__")[0] in given_names else name): value
                for name, value in keywords.items()
                if name not in counted
            }  # by another name it can be any column
            named = [asked_for[name] for name, value in keywords.items() if name in asked_for and value.text == "True"]
            asked = {name: value for name, value in asked.items() if name or not named}
            parts = [_q(builder, given, 0) for given in (*step.arguments, *named)] + _lookups(builder, asked, 0)
            if parts:
                joined = builder.all_of(parts)
                builder.where.append(f"NOT ({joined})" if method == "exclude" else joined)
            if method == "get":
                return [builder.select()]
        elif method in {"annotate", "alias"}:
            given_names |= {name for name, _ in step.keywords}
            asked_for |= {
                name: value for name, value in step.keywords if value.kind == "term" and value.text == "Exists"
            }
            computed |= {name for name, value in step.keywords if _AGGREGATE.match(value.text) is not None}
        elif method in _DJANGO_ENDS:
            return [builder.select()]
        elif method == "raw":
            return [] if step.arguments and step.arguments[0].kind == "text" else [None]
        elif method == "extra":
            added = _extra(builder, step, keywords)
            if added is None:
                return [None]
            builder.where += added
        elif method == "none":
            return []
        elif method == "update":
            pairs, dynamic = builder.assignments(keywords)
            return [builder.update(pairs, whole=dynamic)]
        elif method == "delete":
            return [builder.delete()]
        elif method == "create":
            pairs, dynamic = assigned(builder, keywords)
            return [builder.insert(pairs, dynamic=dynamic)]
        elif method in {"get_or_create", "update_or_create"}:
            defaults = mapping(keywords.pop("defaults", None))
            keywords.pop("create_defaults", None)
            builder.where.extend(_lookups(builder, keywords, 0))
            pairs, dynamic = assigned(builder, {**keywords, **defaults})
            found = builder.select()
            if method == "update_or_create":
                changed, unseen = builder.assignments(defaults)
                found = builder.update(changed, whole=unseen or _unseen(step, "defaults"))
            return [found, builder.insert(pairs, dynamic=dynamic)]
        elif method == "bulk_create" and step.arguments:
            return _made(builder, step.arguments[0], keywords)
        elif method == "bulk_update" and step.arguments:
            return _changed(builder, step)
    return [builder.select()]


def _unseen(step: OrmStep, name: str) -> bool:
    """Whether an object is handed to a call under a name, and its columns can't be seen."""
    given = dict(step.keywords).get(name)
    return given is not None and given.kind not in {"map", "null"}


def _made(builder: Builder, rows: Argument, keywords: Mapping[str, Argument]) -> list[str | None]:
    """Rows that are made at once. With `update_conflicts` those in the way by `unique_fields` are changed."""
    row = rows.items[0] if rows.kind == "list" and rows.items else None
    if rows.kind == "list" and row is None:
        return []
    pairs, dynamic = assigned(builder, _fields(row))
    if "update_conflicts" not in keywords:
        return [builder.insert(pairs, dynamic=dynamic)]
    named, changed = (
        [_field(builder, item) for item in listed.items] if listed is not None and listed.kind == "list" else []
        for listed in (keywords.get("unique_fields"), keywords.get("update_fields"))
    )
    keys = [column for column in named if column is not None]
    if not keys or len(keys) < len(named):
        return [None]
    sets = [(column, "") for column in changed if column is not None]
    return [builder.insert(pairs, dynamic=dynamic, conflict=keys, updated=sets or None)]


def _fields(row: Argument | None) -> dict[str, Argument]:
    """What `Boat(name=n)` sets; of a row that is not seen everything is."""
    if row is None or row.kind != "term":
        return {"**": row} if row is not None else {}
    return {name: value for value, name in zip(row.items, row.names, strict=True) if name}


def _changed(builder: Builder, step: OrmStep) -> list[str | None]:
    """`bulk_update(rows, ["name"])`, each row by its key: rows that a query gave are judged by that, those that are
    made of something by their key alone, those that are handed over are the caller's."""
    rows, keywords = step.arguments[0], dict(step.keywords)
    first = rows.items[0] if rows.kind == "list" and rows.items else rows
    if first.kind == "query" or (rows.kind == "list" and not rows.items):
        builder.held = True
        return []
    listed = step.arguments[1] if len(step.arguments) > 1 else keywords.get("fields")
    seen = listed is not None and listed.kind == "list"
    named = [_field(builder, item) for item in listed.items] if listed is not None and seen else []
    builder.where.append(builder.compare(builder.key_of(builder.table), Argument(kind="value")))
    builder.held = first.kind != "term"
    pairs = [(column, builder.parameter()) for column in named if column is not None]
    return [builder.update(pairs, whole=not seen)]


def _field(builder: Builder, given: Argument) -> str | None:
    """The column of `"tenant"` or, of Peewee, `Tag.tenant`."""
    name = given.text.rpartition(".")[2]
    column = builder.column(name)
    if column is not None or builder.entity is None:
        return column
    target = builder.entities.get(builder.entity.relations.get(name, ""))
    return builder.foreign_column(target.table) if target is not None else None


def _extra(builder: Builder, step: OrmStep, keywords: Mapping[str, Argument]) -> list[str] | None:
    """The conditions that `extra(where=["name = %s"], params=…)` adds, if all of it can be seen."""
    where = keywords.get("where")
    if step.arguments or set(keywords) - {"where", "params", "order_by"} or where is None or where.kind != "list":
        return None
    if any(item.kind != "text" for item in where.items):
        return None
    return [f"({fragment(builder, re.sub('%s|%[(][a-z_]+[)]s', ':p', item.text))})" for item in where.items]


def _scoped(builder: Builder, step: OrmStep) -> None:
    """What the model's manager compares in every query, if that is the tenant's column."""
    known = builder.model.tables.get(builder.table)
    column = known.tenant_column if known is not None else None
    for name, _ in step.keywords:
        if (
            column is not None
            and builder.entity is not None
            and builder.entity.columns.get(name.split("__")[0]) == column
        ):
            place = step.arguments[0].text
            builder.scope = f"{column}, which the model's manager compares in every query ({place})"


def _correlated(given: Argument) -> bool:
    return given.kind == "term" and (given.text == "OuterRef" or any(map(_correlated, given.items)))


def _q(builder: Builder, given: Argument, depth: int) -> str:
    """A positional condition: `Q(…)`, `Q(…) | Q(…)`, `~Q(…)`."""
    if given.kind == "null":
        return ""
    if given.kind == "list":
        return builder.all_of(_q(builder, item, depth + 1) for item in given.items[:50])
    if depth > MAX_DEPTH or given.kind != "term":
        return builder.hole()
    positions = [item for item, name in zip(given.items, given.names, strict=True) if not name]
    keywords = {name: item for item, name in zip(given.items, given.names, strict=True) if name}
    if given.text == "Q" and not given.items:
        return ""  # Django leaves it out
    if given.text == "Q":
        return builder.all_of(
            [*(_q(builder, item, depth + 1) for item in positions), *_lookups(builder, keywords, depth)]
        )
    if given.text == "Exists" and len(positions) == 1:
        return _exists(builder, positions[0]) or builder.hole()
    if given.text == "|":
        return builder.any_of(_q(builder, item, depth + 1) for item in positions)
    if given.text == "&":
        return builder.all_of(_q(builder, item, depth + 1) for item in positions)
    if given.text in {"~", "not"} and positions:
        inner = _q(builder, positions[0], depth + 1)
        return f"NOT ({inner})" if inner else ""
    return builder.hole()


def _exists(builder: Builder, given: Argument) -> str | None:
    """`Exists(Membership.objects.filter(tenant=OuterRef("tenant"), user=user))`: a row beside each one."""
    entity = builder.entities.get(given.text)
    steps = steps_of(given)
    if entity is None or not steps or any(step.method not in _FINDS for step in steps):
        return None
    inner = builder.inside(entity)
    if entity.table == (builder.alias or builder.table):
        inner.alias = f"inner_{entity.table}"
    texts = django(inner, [_around(builder, step) for step in steps])
    if len(texts) != 1 or texts[0] is None or not texts[0].startswith("SELECT"):
        return None
    builder.relation_keys += [key for key in inner.relation_keys if key not in builder.relation_keys]
    joins = "".join(f" {join}" for join in inner.joins)
    return f"EXISTS (SELECT 1 FROM {inner.source()}{joins}{inner.condition()})"


def _around(builder: Builder, step: OrmStep) -> OrmStep:
    """A step of a sub-query, with the columns of the row around it in the place of `OuterRef("tenant")`."""
    return replace(step, keywords=tuple((name, _outer(builder, value)) for name, value in step.keywords))


def _outer(builder: Builder, value: Argument) -> Argument:
    if value.kind != "term" or value.text != "OuterRef" or not value.items:
        return value
    *path, named = value.items[0].text.split("__")
    for part in path[:MAX_DEPTH]:
        entity = builder.entity
        target = builder.entities.get(entity.relations.get(part, "")) if entity is not None else None
        column = _field(builder, Argument(kind="text", text=part))
        if target is None or column is None:
            return value
        builder = builder.joined(column, target)
    column = builder.key_of(builder.table) if named == "pk" else _field(builder, Argument(kind="text", text=named))
    return Argument(kind="outer", text=builder.qualified(column)) if column is not None else value


def _lookups(builder: Builder, keywords: Mapping[str, Argument], depth: int) -> list[str]:
    """The conditions of one call. Those on rows that refer to this one are all of the same row."""
    found: list[str] = []
    behind: dict[str, tuple[Entity, dict[str, Argument]]] = {}
    for name, value in keywords.items():
        first, _, rest = name.partition("__")
        many = _many(builder, first, rest) if depth <= MAX_DEPTH else None
        if many is None:
            found.append(_lookup(builder, name.split("__"), value, depth))
        else:
            behind.setdefault(first, (many, {}))[1][rest] = value
    for entity, conditions in behind.values():
        inner = builder.inside(entity)
        inner.where += _lookups(inner, conditions, depth + 1)
        found.append(builder.reverse(entity, inner) or builder.hole())
    return found


def _many(builder: Builder, first: str, rest: str) -> Entity | None:
    """The entity whose rows refer to this one, if a path goes along that: `crew__name`."""
    entity = builder.entity
    if entity is None or not rest or rest == "isnull" or first in entity.columns:
        return None
    if first in entity.relations:
        target = builder.entities.get(entity.relations[first])
        return target if rest.partition("__")[0] not in _LOOKUPS else None
    return _reverse_entity(builder, first) if builder.column(first) is None else None


def _lookup(builder: Builder, path: Sequence[str], value: Argument, depth: int) -> str:
    """`harbour__tenant_id=t`: along relations to a column, then a comparison."""
    entity = builder.entity
    if not path or path[0] in {"**", ""} or entity is None or depth > MAX_DEPTH:
        return builder.hole()
    first, rest = path[0], path[1:]
    if (
        tuple(rest) == ("isnull",)
        and first not in entity.columns
        and (first in entity.relations or first in entity.reverse)
    ):
        return f"expression({builder.qualified(builder.key_of(builder.table))}) = {builder.parameter()}"
    target = builder.entities.get(entity.relations.get(first, ""))
    column = entity.columns.get(first) or (builder.column(first) if first not in entity.relations else None)
    if target is not None and rest and rest[0] not in _LOOKUPS:
        if column is not None and rest[0] in {"id", "pk"} and builder.key_of(target.table) == "id":
            return _compare(builder, column, rest[1:], value)
        if column is not None:
            return _lookup(builder.joined(column, target), rest, value, depth + 1)
        inner = builder.inside(target)
        inner.where.append(_lookup(inner, rest, value, depth + 1))
        return builder.reverse(target, inner) or builder.hole()
    if column is not None and rest and rest[0] in _OF_USERS and entity.relations.get(first) == "User":
        return _compare(builder, column, ("gt",), Argument(kind="value"))  # of Django's own, who is no tenant's
    if column is not None:
        return _compare(builder, column, rest, value)
    behind = _reverse_entity(builder, first)
    if behind is not None:
        inner = builder.inside(behind)
        inner.where.append(_lookup(inner, rest, value, depth + 1) if rest else "TRUE")
        return builder.reverse(behind, inner) or builder.hole()
    plain = not rest or rest[-1] in _LOOKUPS or rest[-1] in _TRANSFORMS  # no way along a relation that was not read
    known = entity.columns and value.kind in {"value", "text", "null"} and not may_tie(builder, entity, first)
    if plain and known:
        return f"{builder.qualified(first)} {'=' if not rest else '>'} {builder.parameter()}"
    return builder.hole()


def _reverse_entity(builder: Builder, name: str) -> Entity | None:
    """`boat` or `boat_set` of a harbour: the entity whose foreign key comes back."""
    told = builder.entities.get(builder.entity.reverse.get(name, "")) if builder.entity is not None else None
    if told is not None:
        return told
    wanted = name.removesuffix("_set").replace("_", "").lower()
    for entity in builder.entities.values():
        known = builder.entity is not None and builder.entity.name in entity.relations.values()
        if known and entity.name.lower() in {wanted, wanted.removesuffix("s")}:
            return entity
    return None


def _of_row(value: Argument, depth: int = 0) -> bool:
    """Whether a term is an expression over the row, `F("price") * 2`, not arithmetic of the caller, `now - hour`."""
    if value.kind != "term":
        return value.kind not in {"value", "text", "null", "call", "query", "list"}
    computed = value.text in {"+", "-", "*", "/", "//", "%"} and depth < MAX_DEPTH
    return not computed or any(_of_row(item, depth + 1) for item in value.items)


def _compare(builder: Builder, column: str, rest: Sequence[str], value: Argument) -> str:
    operator = _LOOKUPS.get(rest[0], "") if rest else "="
    if value.kind == "outer":
        return f"{builder.qualified(column)} {operator if operator == '=' else '>'} {value.text}"
    if operator == "isnull":
        null = value.kind == "value" and value.text == "True"
        return f"{builder.qualified(column)} IS {'' if null else 'NOT '}NULL"
    apart = builder.entity is not None and not _ties(builder, builder.entity, column)
    if not operator or (value.kind == "term" and _of_row(value)):
        known = apart and not _correlated(value)
        return f"expression({builder.qualified(column)}) = {builder.parameter()}" if known else builder.hole()
    if value.kind == "query":
        rows = _rows(builder, value)
        if rows is not None:
            text, inner = rows
            builder.relation_keys += [key for key in inner.relation_keys if key not in builder.relation_keys]
            if inner.by_key:
                builder.remember(column, value)
            return f"{builder.qualified(column)} IN ({text})"
        builder.remember(column, value)
        return f"{builder.qualified(column)} IN ({builder.parameter()})"
    return builder.compare(column, value, operator)


def _ties(builder: Builder, entity: Entity, column: str) -> bool:
    return any(may_tie(builder, entity, name) for name, stored in entity.columns.items() if stored == column) or (
        column not in entity.columns.values() and may_tie(builder, entity, column)
    )


def _rows(builder: Builder, given: Argument) -> tuple[str, Builder] | None:
    """The keys, or the values of one field, that a query set gives, as a sub-query."""
    steps = steps_of(given)
    entity = builder.entities.get(given.text)
    if entity is None or not steps or any(step.method not in DJANGO for step in steps) or steps[-1].method in _GIVES:
        return None
    inner = builder.inside(entity)
    if entity.table == builder.table:
        inner.alias = f"inner_{entity.table}"
    texts = django(inner, steps)
    if len(texts) != 1 or texts[0] is None or not texts[0].startswith("SELECT"):
        return None
    column: str | None = inner.key_of(entity.table)
    for step in steps:
        if step.method in {"values", "values_list"} and step.arguments:
            column = inner.column(step.arguments[0].text.replace("pk", inner.key_of(entity.table)))
    if column is None:
        return None
    joins = "".join(f" {join}" for join in inner.joins)
    return f"SELECT {inner.qualified(column)} FROM {inner.source()}{joins}{inner.condition()}", inner
