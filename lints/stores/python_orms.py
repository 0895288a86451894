"""Django and SQLAlchemy calls as the SQL they stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lints.extract.chains.helpers import SCOPE
from lints.extract.facts import Argument, OrmStep
from lints.schema.facts import Entity
from lints.stores.orm_sql import MAX_DEPTH, Builder, mapping

_LOOKUPS = {
    "exact": "=", "iexact": "=", "in": "in", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "ne": "<>",
    "contains": "LIKE", "icontains": "LIKE", "startswith": "LIKE", "istartswith": "LIKE", "endswith": "LIKE",
    "iendswith": "LIKE", "regex": "LIKE", "iregex": "LIKE", "isnull": "isnull", "range": ">", "date": ">", "year": ">",
}  # fmt: skip
_DJANGO_ENDS = frozenset(
    {"get", "first", "last", "count", "exists", "aggregate", "latest", "earliest", "in_bulk", "iterator"}
)
_AGGREGATE = re.compile(r"(?:\w+\.)?(?:Count|Sum|Avg|Max|Min|StdDev|Variance|ArrayAgg|StringAgg|Exists)\(")
_PATH = re.compile(r"\w+(?:\.\w+)+")
_EMBEDS = frozenset({"exists", "correlate", "correlate_except", "scalar_subquery", "as_scalar", "lateral"})
_SIGNS = {"==": "=", "!=": "<>", ">": ">", ">=": ">=", "<": "<", "<=": "<=", "is_": "=", "is_not": "<>", "isnot": "<>"}


# Django


def django(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """The statements of a manager's chain; None stands for one that can't be seen."""
    if any(_correlated(value) for step in steps for value in (*step.arguments, *(v for _, v in step.keywords))):
        return []  # a sub-query: rows of the query around it
    computed: set[str] = (
        set()
    )  # what groups or sub-queries give: a condition on it says nothing of whose rows these are
    for step in steps:
        method = (
            step.method.removeprefix("a") if step.method in {"aget", "afirst", "acount", "acreate"} else step.method
        )
        keywords = dict(step.keywords)
        if method == SCOPE:
            _scoped(builder, step)
        elif method in {"filter", "get", "exclude"}:
            counted = {name for name in keywords if name.split("__")[0] in computed}
            asked = {name: value for name, value in keywords.items() if name not in counted}
            parts = [_q(builder, given, 0) for given in step.arguments] + _lookups(builder, asked, 0)
            if parts:
                joined = builder.all_of(parts)
                builder.where.append(f"NOT ({joined})" if method == "exclude" else joined)
            if method == "get":
                return [builder.select()]
        elif method in {"annotate", "alias"}:
            computed |= {name for name, value in step.keywords if _AGGREGATE.match(value.text) is not None}
        elif method in _DJANGO_ENDS:
            return [builder.select()]
        elif method in {"raw", "extra"}:
            return [] if method == "raw" and step.arguments and step.arguments[0].kind == "text" else [None]
        elif method == "none":
            return []
        elif method == "update":
            assigned, dynamic = builder.assignments(keywords)
            return [builder.update(assigned, dynamic=dynamic)]
        elif method == "delete":
            return [builder.delete()]
        elif method == "create":
            assigned, dynamic = builder.assignments(keywords)
            return [builder.insert(assigned, dynamic=dynamic)]
        elif method in {"get_or_create", "update_or_create"}:
            defaults = mapping(keywords.pop("defaults", None))
            keywords.pop("create_defaults", None)
            builder.where.extend(_lookups(builder, keywords, 0))
            assigned, dynamic = builder.assignments({**keywords, **defaults})
            return [builder.select(), builder.insert(assigned, dynamic=dynamic)]
        elif method == "bulk_create" and step.arguments:
            rows = step.arguments[0].items[:1] if step.arguments[0].kind == "list" else ()
            made = {n: v for row in rows if row.kind == "term" for n, v in zip(row.names, row.items, strict=True) if n}
            assigned, dynamic = builder.assignments(made)
            return [builder.insert(assigned, dynamic=dynamic)]
        elif method == "bulk_update":
            return []  # rows that were loaded before
    return [builder.select()]


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
    if given.text == "Q":
        return builder.all_of(
            [*(_q(builder, item, depth + 1) for item in positions), *_lookups(builder, keywords, depth)]
        )
    if given.text == "|":
        return builder.any_of(_q(builder, item, depth + 1) for item in positions)
    if given.text == "&":
        return builder.all_of(_q(builder, item, depth + 1) for item in positions)
    if given.text in {"~", "not"} and positions:
        return f"NOT ({_q(builder, positions[0], depth + 1)})"
    return builder.hole()


def _lookups(builder: Builder, keywords: Mapping[str, Argument], depth: int) -> list[str]:
    return [_lookup(builder, name.split("__"), value, depth) for name, value in keywords.items()]


def _lookup(builder: Builder, path: Sequence[str], value: Argument, depth: int) -> str:
    """`harbour__tenant_id=t`: along relations to a column, then a comparison."""
    entity = builder.entity
    if not path or path[0] in {"**", ""} or entity is None or depth > MAX_DEPTH:
        return builder.hole()
    first, rest = path[0], path[1:]
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
    if column is not None:
        return _compare(builder, column, rest, value)
    behind = _reverse_entity(builder, first)
    if behind is not None:
        inner = builder.inside(behind)
        inner.where.append(_lookup(inner, rest, value, depth + 1) if rest else "TRUE")
        return builder.reverse(behind, inner) or builder.hole()
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
    if operator == "isnull":
        null = value.kind == "value" and value.text == "True"
        return f"{builder.qualified(column)} IS {'' if null else 'NOT '}NULL"
    if not operator:
        return builder.hole()
    if value.kind == "term" and _of_row(value):
        return builder.hole()
    if value.kind == "query":
        builder.remember(column, value)
        return f"{builder.qualified(column)} IN ({builder.parameter()})"
    return builder.compare(column, value, operator)


# SQLAlchemy


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
