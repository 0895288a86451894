"""TypeORM and MikroORM calls as the SQL they stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.stores.javascript_orms import filtered
from lints.stores.orm_sql import Builder, mapping

_OF_COLUMN = frozenset({"sum", "average", "minimum", "maximum"})
"""Calls whose first argument names a column."""


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
    if method in {"save", "remove", "softRemove"} and first is not None:
        return _saved(builder, method, first)
    if method == "preload":
        return _preloaded(builder, first)
    if method == "merge":
        return _copied(builder, step.arguments[1] if len(step.arguments) > 1 else first)
    if method == "assign":  # onto a new entity
        return _inserted(builder, replace(step, arguments=step.arguments[1:2]))
    if method in {"insert", "upsert", "create"}:
        return _inserted(builder, step)
    if method in {"query", "clear"}:
        return [] if method == "query" and first is not None and first.kind == "text" else [None]
    if method in _OF_COLUMN and len(step.arguments) > 1:
        builder.where.append(filtered(builder, step.arguments[1]))
        return [builder.select()]
    find_options(builder, first, by_id=method in {"findOne", "findOneOrFail", "findOneById", "findByIds"})
    return [builder.select()]


def _copied(builder: Builder, given: Argument | None) -> list[str | None]:
    """What is copied onto a row that was loaded."""
    builder.as_sent(given)
    builder.assignments(mapping(given))
    return []


def _preloaded(builder: Builder, given: Argument | None) -> list[str | None]:
    """`preload({ id, ...dto })`: the row that has the key, with what is copied onto it."""
    key = next((value for name, value in mapping(given).items() if builder.column(name) == _key(builder)), None)
    _copied(builder, given)
    if key is None:
        return [] if builder.raw is not None else [None]
    builder.where.append(builder.compare(_key(builder), key))
    return [builder.select()]


def _inserted(builder: Builder, step: OrmStep) -> list[str | None]:
    """`insert(row)`, `upsert(row, ["id"])`, of MikroORM `upsert(row)` by whichever key it has."""
    first = step.arguments[0] if step.arguments else None
    _copied(builder, first)
    upserts = step.method == "upsert"
    builder.by_client_key = upserts and not _keyed(builder, first)
    if builder.raw is not None:
        return []
    rows = first.items[:1] if first is not None and first.kind == "list" else (first,)
    if not rows:
        return []
    assigned, dynamic = builder.assignments(mapping(rows[0]))
    if not upserts:
        return [builder.insert(assigned, dynamic=dynamic)]
    given = step.arguments[1] if len(step.arguments) > 1 else None
    keys = _conflict_paths(builder, given) if given is not None else []
    if not keys and given is None:
        keys = [column for column, _ in assigned if column == _key(builder)]
    return [builder.insert(assigned, dynamic=dynamic, conflict=keys) if keys else None]


_MADE = regex(r"(?:\w+\.){0,3}(?:create|build|plainToInstance|plainToClass)\(.*", re.DOTALL)
"""Calls that make a row of what they are handed, which is not seen."""
_CAME = regex(
    r"(?:\w+[.?!])*(?:\w*(?:[dD]to|DTO|[iI]nput|[pP]ayload|[bB]ody|[dD]ata|[pP]arams)|args|req|request|values)"
)
"""What is called after where it came from: nothing that was loaded."""


_NEW = regex(r"new\s")


def _saved(builder: Builder, method: str, given: Argument) -> list[str | None]:
    """A row that is saved or removed: what was loaded is judged where it was; what is handed over is its caller's; an
    object is inserted, or overwrites the row whose key it has."""
    row = given.items[0] if given.kind == "list" and given.items else given
    if row.kind == "query" or (given.kind == "list" and not given.items):
        builder.held = True
        return []
    if row.kind != "map":
        if builder.client(row):
            builder.raw, builder.by_client_key = row.text, method == "save"
            return []
        if row.kind not in {"value", "call"} or _MADE.fullmatch(row.text) or _CAME.fullmatch(row.text):
            return [None]
        builder.where.append(builder.compare(_key(builder), Argument(kind="value")))
        builder.held = True
        return [builder.update([]) if method == "save" else builder.delete()]
    names = mapping(row)
    key = next((value for name, value in _explicit(row).items() if builder.column(name) == _key(builder)), None)
    assigned, dynamic = builder.assignments(names)
    if builder.raw is not None:
        builder.by_client_key = key is None
        return []
    spread = "..." in names
    if not row.text and spread:  # `Object.assign(boat, dto)`: more of a row that is held
        if _NEW.match(names["..."].text):
            return []  # what was copied onto it is judged there
        builder.where.append(builder.compare(_key(builder), Argument(kind="value")))
        builder.held, builder.taken = True, f"{names['...'].text} names no other tenant"
        return [builder.update(assigned)]
    if key is None:
        if spread and not dynamic:
            builder.taken = f"{names['...'].text} holds no key of a row that is there"
        return [builder.insert(assigned, dynamic=dynamic)]
    tenant = any(column == builder.tenant() for column, _ in assigned)
    if tenant:
        others = [(column, value) for column, value in assigned if column not in {builder.tenant(), _key(builder)}]
        return [builder.insert(assigned, conflict=[_key(builder)], updated=others or [(_key(builder), "")])]
    builder.where.append(builder.compare(_key(builder), key))
    return [builder.update([pair for pair in assigned if pair[0] != _key(builder)], whole=dynamic)]


def _key(builder: Builder) -> str:
    return builder.key_of(builder.table)


def _explicit(given: Argument | None) -> dict[str, Argument]:
    """What is set after everything that is spread into an object."""
    found: dict[str, Argument] = {}
    for name, value in mapping(given).items():
        found = {} if name == "..." else {**found, name: value}
    return found


def _conflict_paths(builder: Builder, given: Argument) -> list[str]:
    """The key of `upsert(row, ["id"])`, `upsert(row, { conflictPaths: ["id"] })`; none if part of it is not known."""
    listed = mapping(given).get("conflictPaths", given)
    names = [item.text for item in listed.items if item.kind == "text"] if listed.kind == "list" else []
    names = names or [name for name in mapping(listed) if listed is not given]
    found = [builder.column(name) for name in names]
    return [column for column in found if column is not None] if all(found) else []


def find_options(builder: Builder, first: Argument | None, *, by_id: bool) -> None:
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
    return any(builder.column(name) == _key(builder) for name in _explicit(given))


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
    conflict: list[str] | None = None
    updated: list[tuple[str, str]] = []
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
        elif method in {"set", "values"} and arguments:
            given = arguments[0].items[0] if arguments[0].kind == "list" and arguments[0].items else arguments[0]
            builder.as_sent(given)
            values, unseen = builder.assignments(mapping(given))
            assigned, dynamic = assigned + values, dynamic or unseen or given.kind != "map"
        elif method == "orUpdate" and len(arguments) > 1:
            conflict = _conflict_paths(builder, arguments[1])
            updated = [(column, "") for column in _conflict_paths(builder, arguments[0])]
        elif method == "relation" and arguments:
            verb = "relation"
        elif method == "of" and arguments:
            _criteria(builder, _one(arguments[0]))
            builder.held = arguments[0].kind == "query" or builder.held
        elif method in {"add", "remove", "addAndRemove"} and verb == "relation":
            verb = "update"
    if condition is not None:
        builder.where.append(condition)
    elif len(steps) == 1:
        builder.where.append(builder.hole())  # it runs where it is handed to, if it does at all
    if verb == "delete":
        return [builder.delete()]
    if verb == "update":
        return [builder.update(assigned, whole=dynamic)]
    if verb == "insert":
        return [builder.insert(assigned, dynamic=dynamic, conflict=conflict, updated=updated or None)]
    return [builder.select()]


def _one(given: Argument) -> Argument:
    """Of several rows, or their keys, the first."""
    return given.items[0] if given.kind == "list" and given.items else given


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
