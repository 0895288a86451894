"""Prisma, TypeORM and Sequelize calls as the SQL they stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.stores.orm_sql import MAX_DEPTH, Builder, mapping

OPERATORS = {
    "equals": "=", "eq": "=", "is": "=", "in": "in", "not": "<>", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<",
    "lte": "<=",
    "contains": "LIKE", "startsWith": "LIKE", "endsWith": "LIKE", "like": "LIKE", "ilike": "LIKE", "iLike": "LIKE",
    "search": "LIKE", "between": ">", "has": ">", "hasSome": ">", "hasEvery": ">", "mode": "", "inArray": "in",
}  # fmt: skip
_TYPEORM = {"In": "in", "Equal": "=", "Not": "<>", "Like": "LIKE", "ILike": "LIKE", "MoreThan": ">", "LessThan": "<"}


def filtered(builder: Builder, given: Argument | None, depth: int = 0) -> str:
    """An object filter: fields, operators, AND/OR/NOT, relations; an array of filters is an OR."""
    if given is None or given.kind == "null":
        return "TRUE"
    if given.kind == "list":
        return builder.any_of(filtered(builder, item, depth + 1) for item in given.items)
    if given.kind != "map" or depth > MAX_DEPTH:
        return builder.hole()
    parts: list[str] = []
    for name, value in mapping(given).items():
        builder.shown = given.text
        if name == "..." and value.kind == "value":  # what is spread later may name the same fields
            parts = [builder.hole()]
        else:
            parts.append(_field(builder, name, value, depth))
    return builder.all_of(parts)


def _field(builder: Builder, name: str, value: Argument, depth: int) -> str:
    word = _word(name)
    if name in {"AND", "and"} or word == "and":
        return _every(builder, value, depth)
    if name in {"OR", "or"} or word == "or":
        items = value.items if value.kind == "list" else (value,)
        return builder.any_of(filtered(builder, item, depth + 1) for item in items)
    if name in {"NOT", "not"} or word == "not":
        return f"NOT ({_every(builder, value, depth)})"
    if name in {"...", "[]"}:
        return builder.hole()
    column = builder.column(name)
    target = builder.entities.get(builder.entity.relations.get(name, "")) if builder.entity is not None else None
    of_row = target is not None and any(part in target.columns or part in target.relations for part in mapping(value))
    if column is not None and not of_row:
        return _value(builder, column, value, depth)
    if builder.entity is None:
        return builder.hole()
    if target is not None:
        if value.kind == "null":
            return builder.hole()
        inner = builder.inside(target)
        nested = mapping(value)
        kind = next((key for key in ("is", "some", "every", "none", "isNot") if key in nested), None)
        inner.where.append(filtered(inner, nested[kind] if kind is not None else value, depth + 1))
        if kind in {"every", "none", "isNot"} or (kind is not None and nested[kind].kind == "null"):
            return builder.hole()
        forward = builder.foreign_column(target.table)
        if forward is not None:
            return builder.related(forward, target.table, inner)
        return builder.composed(target, inner) or builder.reverse(target, inner) or builder.hole()
    parts = mapping(value)
    if parts and all(builder.column(part) is not None for part in parts):
        return builder.all_of(_field(builder, part, inner_value, depth + 1) for part, inner_value in parts.items())
    return builder.hole()


def _word(name: str) -> str:
    """An operator's own name: of `[Op.in]` as Sequelize writes it, of `$in` as MikroORM does."""
    return name.strip("[]").rpartition(".")[2].removeprefix("$")


_OF_ROW = regex(r"(?:\w+\.)?(?:col|literal|fn|cast)\(")
"""What Sequelize takes for an expression over the row, or for text."""
_OF_COLUMN = frozenset({"increment", "decrement", "max", "min", "sum", "aggregate"})
"""Calls of Sequelize whose first argument names a column."""


def _every(builder: Builder, value: Argument, depth: int) -> str:
    items = value.items if value.kind == "list" else (value,)
    return builder.all_of(filtered(builder, item, depth + 1) for item in items)


def _value(builder: Builder, column: str, value: Argument, depth: int) -> str:
    if value.kind == "map":
        parts = [_operator(builder, column, name, inner) for name, inner in mapping(value).items()]
        return builder.all_of(part for part in parts if part)
    if value.kind in {"value", "call"} and re.fullmatch(r"(?:\w+\.)?IsNull\(\s*\)", value.text):
        return f"{builder.qualified(column)} IS NULL"
    if value.kind in {"value", "call"} and _OF_ROW.match(value.text):
        return builder.hole()
    if value.kind == "term":
        operator = _TYPEORM.get(value.text)
        if operator is not None and value.items:
            return builder.compare(column, value.items[0], operator)
        return builder.hole()
    return builder.compare(column, value)


def _operator(builder: Builder, column: str, name: str, value: Argument) -> str:
    word = _word(name)
    if word in {"notIn", "nin"}:
        return f"{builder.qualified(column)} NOT IN ({builder.parameter()})"
    operator = OPERATORS.get(word)
    if operator is None:
        return builder.hole()
    return builder.compare(column, value, operator) if operator else ""


# Prisma


def prisma(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    step = steps[0]
    given = step.arguments[0] if step.arguments else None
    options = mapping(given)
    if given is not None and given.kind != "map":
        builder.where.append(builder.hole())
    elif "where" in options:
        builder.where.append(filtered(builder, options["where"]))
    elif "..." in options:
        builder.where.append(builder.hole())
    data = options.get("data")
    if step.method in {"create", "createMany", "createManyAndReturn", "update", "updateMany", "updateManyAndReturn"}:
        builder.as_sent(data)
    if step.method.startswith("create"):
        rows = data.items[:1] if data is not None and data.kind == "list" else (data,)
        assigned, dynamic = builder.assignments(mapping(rows[0] if rows else None))
        return [builder.insert(assigned, dynamic=dynamic), *_attached(builder, mapping(rows[0] if rows else None))]
    if step.method.startswith("update"):
        assigned, dynamic = builder.assignments(mapping(data))
        attached = _attached(builder, mapping(data))
        return [builder.update(assigned, whole=dynamic or (data is not None and data.kind != "map")), *attached]
    if step.method == "upsert":
        assigned, dynamic = builder.assignments(mapping(options.get("create")))
        keys: list[str] = []
        for name, value in mapping(options.get("where")).items():
            column = builder.column(name)
            keys += [column] if column is not None else [c for part in mapping(value) if (c := builder.column(part))]
        changed = builder.changed(options.get("update")) or []
        made = builder.insert(assigned, dynamic=dynamic, conflict=keys, updated=changed) if keys else None
        return [made]
    if step.method.startswith("delete"):
        return [builder.delete()]
    return [builder.select()]


def _attached(builder: Builder, data: Mapping[str, Argument]) -> list[str | None]:
    """`logbooks: { connect: { id } }` inside a write: rows that begin to refer to this one, found by what is said."""
    texts: list[str | None] = []
    for name, value in data.items():
        target = builder.entities.get(builder.entity.relations.get(name, "")) if builder.entity is not None else None
        if target is None or value.kind != "map" or builder.foreign_column(target.table) is not None:
            continue
        for key in ("connect", "set"):
            given = mapping(value).get(key)
            for item in (given.items[:3] if given.kind == "list" else (given,)) if given is not None else ():
                inner = builder.inside(target)
                column = inner.foreign_column(builder.table)
                if column is not None and item.kind == "map" and item.names:
                    inner.where.append(filtered(inner, item))
                    texts.append(inner.update([(column, inner.parameter())]))
    return texts


# TypeORM and Sequelize


def typeorm(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    step = steps[0]
    method = step.method
    if method == "createQueryBuilder":
        return _query_builder(builder, steps)
    first = step.arguments[0] if step.arguments else None
    if method in {"findOneBy", "findBy", "findOneByOrFail", "countBy", "findAndCountBy", "existsBy"}:
        builder.where.append(filtered(builder, first))
        return [builder.select()]
    if method in {"update", "delete", "softDelete", "restore", "increment", "decrement"}:
        _criteria(builder, first)
        if method == "delete":
            return [builder.delete()]
        second = step.arguments[1] if len(step.arguments) > 1 and method == "update" else None
        builder.as_sent(second)
        assigned, dynamic = builder.assignments(mapping(second))
        return [builder.update(assigned, whole=dynamic or (second is not None and second.kind != "map"))]
    if method in {"save", "insert", "upsert", "remove", "softRemove", "preload", "merge", "assign"}:
        saved = step.arguments[1] if method in {"merge", "assign"} and len(step.arguments) > 1 else first
        if method not in {"remove", "softRemove"}:
            builder.as_sent(saved)
            builder.assignments(mapping(saved))
            builder.by_client_key = method in {"save", "upsert"} and not _keyed(builder, saved)
        if method in {"insert", "upsert"} and first is not None and first.kind in {"map", "list"}:
            rows = first.items[:1] if first.kind == "list" else (first,)
            assigned, dynamic = builder.assignments(mapping(rows[0] if rows else None))
            keys = _conflict_paths(builder, step.arguments[1]) if method == "upsert" and len(step.arguments) > 1 else []
            if method == "upsert" and not keys:
                return [] if builder.raw is not None else [None]
            return [builder.insert(assigned, dynamic=dynamic, conflict=keys or None)]
        return []
    if method in {"query", "clear"}:
        return [] if method == "query" and first is not None and first.kind == "text" else [None]
    _find_options(builder, first, by_id=method in {"findOne", "findOneOrFail", "findOneById", "findByIds"})
    return [builder.select()]


def _conflict_paths(builder: Builder, given: Argument) -> list[str]:
    """The key of `upsert(row, ["id"])`, `upsert(row, { conflictPaths: ["id"] })`; none if part of it is not known."""
    listed = mapping(given).get("conflictPaths", given)
    names = [item.text for item in listed.items if item.kind == "text"] if listed.kind == "list" else []
    names = names or [name for name in mapping(listed) if listed is not given]
    found = [builder.column(name) for name in names]
    return [column for column in found if column is not None] if all(found) else []


def _find_options(builder: Builder, first: Argument | None, *, by_id: bool) -> None:
    options = mapping(first)
    if first is None:
        return
    if first.kind == "map":
        if "where" in options:
            builder.where.append(filtered(builder, options["where"]))
        elif "..." in options:
            builder.where.append(builder.hole())
        elif options and all(builder.column(name) is not None for name in options):
            builder.where.append(filtered(builder, first))
    elif by_id and _is_key(first):
        builder.where.append(builder.compare(builder.key_of(builder.table), first))
    else:
        builder.where.append(builder.hole())


_KEY = regex(r"(?:^|[.?!])(?:_?id|\w+(?:Id|ID|_id)|pk|uuid|key|slug)$")
_KEYS = regex(r"(?:^|[.?!])(?:ids|\w+(?:Ids|IDs|_ids))$")


def _is_key(given: Argument) -> bool:
    """Whether an argument is a key, not a filter that is put together somewhere else."""
    return given.kind in {"text", "list"} or (
        given.kind == "value" and (_KEY.search(given.text) or _KEYS.search(given.text)) is not None
    )


def _keyed(builder: Builder, given: Argument | None) -> bool:
    """Whether the key of what is saved is set by the code, after what the client sent."""
    names = list(mapping(given))
    key = builder.key_of(builder.table)
    later = names[names.index("...") + 1 :] if "..." in names else names
    return any(builder.column(name) == key for name in later)


def _criteria(builder: Builder, first: Argument | None) -> None:
    if first is not None and first.kind == "map":
        builder.where.append(filtered(builder, first))
    elif first is not None and _is_key(first):
        builder.where.append(builder.compare(builder.key_of(builder.table), first))
    else:
        builder.where.append(builder.hole())


def _query_builder(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`createQueryBuilder("b").where("b.id = :id").orWhere(…)`: conditions are SQL text over properties."""
    verb = "select"
    assigned: list[tuple[str, str]] = []
    dynamic = False
    names = [argument.text for argument in steps[0].arguments if argument.kind == "text"]
    builder.alias = names[-1] if names else None
    condition: str | None = None
    known = {builder.alias or "": builder}
    for step in steps[1:]:
        method, arguments = step.method, step.arguments
        if method in {"where", "andWhere", "orWhere"} and arguments:
            part = _text_condition(known, builder, arguments[0])
            if method == "where" or condition is None:
                condition = f"({part})"
            else:  # one after the other, as they are sent: AND binds before OR
                condition = f"{condition} {'AND' if method == 'andWhere' else 'OR'} ({part})"
        elif method in {"leftJoin", "leftJoinAndSelect", "innerJoin", "innerJoinAndSelect"} and len(arguments) >= 2:
            _relation_join(builder, known, method, arguments)
        elif method in {"from", "into"} and arguments:
            builder.alias = arguments[1].text if len(arguments) > 1 and arguments[1].kind == "text" else None
            builder.alias = builder.alias if verb == "select" else None
            known = {builder.alias or "": builder}
        elif method in {"delete", "softDelete", "update", "insert"}:
            verb = "delete" if method == "delete" else "insert" if method == "insert" else "update"
            builder.alias = None
        elif method == "set" and arguments:
            values, unseen = builder.assignments(mapping(arguments[0]))
            assigned, dynamic = assigned + values, dynamic or unseen or arguments[0].kind != "map"
    if condition is not None:
        builder.where.append(condition)
    if verb == "delete":
        return [builder.delete()]
    if verb == "update":
        return [builder.update(assigned, whole=dynamic)]
    return [] if verb == "insert" else [builder.select()]


def _text_condition(known: Mapping[str, Builder], builder: Builder, given: Argument) -> str:
    if given.kind == "map":
        return filtered(builder, given)
    if given.kind != "text":
        return builder.hole()

    def column(found: re.Match[str]) -> str:
        holder = known.get(found.group(1))
        name = holder.column(found.group(2)) if holder is not None else None
        if holder is None or name is None:
            return found.group()
        return f"{builder.ident(found.group(1))}.{builder.ident(name)}"

    text = re.sub(r"\(\s*:\.\.\.(\w+)\s*\)", r"(:\1)", given.text)
    return re.sub(r'(?<![\w.:"])"?([A-Za-z_]\w*)"?\."?([A-Za-z_]\w*)"?', column, text)


def _relation_join(builder: Builder, known: dict[str, Builder], method: str, arguments: Sequence[Argument]) -> None:
    path, alias = arguments[0].text, arguments[1].text
    owner, _, attribute = path.partition(".")
    holder = known.get(owner)
    entity = holder.entity if holder is not None else None
    target = (
        builder.entities.get(entity.relations.get(attribute, "")) if entity is not None else builder.entities.get(path)
    )
    if target is None or holder is None:
        return
    inner = Builder(builder.model, builder.entities, target.table, target, alias=alias, counter=builder.counter)
    forward, backward = holder.foreign_column(target.table), inner.foreign_column(holder.table)
    kind = "LEFT JOIN" if method.startswith("left") else "JOIN"
    if forward is not None:
        on = f"{holder.qualified(forward)} = {inner.qualified(inner.key_of(target.table))}"
    elif backward is not None:
        on = f"{inner.qualified(backward)} = {holder.qualified(holder.key_of(holder.table))}"
    else:
        on = builder.hole()
    known[alias] = inner
    extra = f" AND ({_text_condition(known, builder, arguments[2])})" if len(arguments) > 2 else ""
    builder.joins.append(f"{kind} {builder.ident(target.table)} AS {builder.ident(alias)} ON {on}{extra}")


def sequelize(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    step = steps[0]
    method, arguments = step.method, step.arguments
    first = arguments[0] if arguments else None
    if method in _OF_COLUMN and first is not None and first.kind in {"text", "list"}:
        first = arguments[-1] if len(arguments) > 1 else None
    if method == "findByPk":
        if first is not None:
            builder.where.append(builder.compare(builder.key_of(builder.table), first))
        return [builder.select()]
    if method in {"create", "bulkCreate", "upsert", "update"}:
        builder.as_sent(first)
    if any(further.method == "scope" for further in steps[1:]):
        builder.where.append(builder.hole())  # conditions that the model keeps under a name
    if method in {"create", "bulkCreate", "upsert"}:
        assigned, dynamic = builder.assignments(mapping(first))
        return [builder.insert(assigned, dynamic=dynamic)] if method == "create" else [None]
    if method == "update":
        options = mapping(arguments[1]) if len(arguments) > 1 else {}
        builder.where.append(filtered(builder, options.get("where")))
        assigned, dynamic = builder.assignments(mapping(first))
        return [builder.update(assigned, whole=dynamic or (first is not None and first.kind != "map"))]
    _find_options(builder, first, by_id=False)
    _included(builder, mapping(first).get("include"))
    if method in {"increment", "decrement"}:
        return [builder.update([])]
    return [builder.delete() if method in {"destroy", "truncate"} else builder.select()]


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
