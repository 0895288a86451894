# ruff: noqa: S608 - the text is judged, it never reaches a database
"""Query builders of the JVM as the SQL they stand for: the Criteria API, Exposed, Panache. jOOQ has its own (`jooq`).

Conditions are read from their source. One that is not understood is text that nobody has seen: it proves nothing and
is no violation by itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.extract.chains.jvm_text import ROWS
from lints.extract.facts import Argument, OrmStep
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.stores import jpql, jvm_helpers
from lints.stores.call_text import Called, bare, calls, closure, literal, words
from lints.stores.jvm_helpers import MAYBE
from lints.stores.orm_sql import Builder

_MAX_DEPTH = 8
_LEADS = names("get join leftJoin innerJoin fetch as")
"""Calls of the Criteria API that lead from rows to an attribute of theirs, or to the rows that they refer to."""
_GET = regex(r"(?:\.get|\[)(?:<[^<>]{1,60}>)?\(?\s*\"(\w+)\"\s*[)\]]\s*$")
_KTORM_SET = regex(r"\bset\(\s*(?:\w+\.)?(\w+)\s*,\s*([^\n;}]{1,200}?)\)")
_TAKES_CONDITIONS = names("first firstOrNull single singleOrNull any count none")
_EXPOSED_SET = regex(r"\b(?:it|this|row|stmt)\s*\[\s*(?:\w+\.)*(\w+)\s*\]\s*=(?!=)\s*([^;\n}]{1,200})")
_ROW_SET = regex(r"(?<![\w.])(?:(?:it|this|row)\.)?(\w+)\s*=(?!=)\s*([^;\n}]{1,200})")
_ADDED = regex(r"(\bif\s*\([^{}\n]{1,200}\)\s*\{?\s*)?\bit\s*(?:\+=\s*)([^\n;}]{1,300})")
_SILENT = names(
    "ne notEqual gt ge lt le greaterThan lessThan greaterThanOrEqualTo lessThanOrEqualTo like notLike between isNotNull"
    " isTrue isFalse greaterOrEqual lessOrEqual likeIgnoreCase contains startsWith endsWith neq greater less notIn"
    " containsIgnoreCase isNotEmpty isEmpty notBetween likeRegex isNotTrue isNotFalse"
)


# The Criteria API


def criteria(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`cb.createQuery(Boat.class)` with what is added to it, once it runs."""
    if steps[-1].method not in {"createQuery", "createSelectionQuery", "createMutationQuery"} or len(steps) < 2:
        return []
    said: str | None = None
    sets, assigned = 0, list[tuple[str, str]]()
    for step in steps[1:-1]:
        if step.method == "where" and step.arguments:  # the last one counts
            said = builder.all_of([predicate(builder, argument.text) for argument in step.arguments])
        elif step.method == "subquery":
            said = builder.hole()
        elif step.method == "set" and len(step.arguments) == 2:
            named = _GET.search(step.arguments[0].text)
            stated = named.group(1) if named is not None else literal(step.arguments[0].text)
            column = builder.column(stated) if stated is not None else None
            if column is not None:
                assigned.append((column, builder.parameter(step.arguments[1].text.strip())))
            sets += 1
    if said is not None:
        builder.where.append(said)
    if steps[0].method == "createCriteriaDelete":
        return [builder.delete()]
    if steps[0].method == "createCriteriaUpdate":
        return [builder.update(assigned, whole=sets != len(assigned))]
    return [builder.select()]


def predicate(builder: Builder, text: str, depth: int = 0) -> str:
    """`cb.and(cb.equal(root.get("tenantId"), tenant), …)`, `(root, query, cb) -> …`, `Specification.where(…)`."""
    if depth > _MAX_DEPTH or builder.counter[0] > jvm_helpers.MAX_PARTS:
        return builder.hole()
    if text.startswith(MAYBE):
        return f"({builder.parameter()} IS NULL OR {predicate(builder, text.removeprefix(MAYBE), depth + 1)})"
    inner = closure(re.sub(r"^\s*Specification\s*(?:<[^<>]*>)?\s*(?=\{)", "", text))
    if inner is not None:
        return predicate(builder, inner[1], depth + 1)
    chosen = jvm_helpers.forms(text)
    if chosen is not None:
        return jvm_helpers.either(
            builder, chosen[0], predicate(builder, chosen[1], depth + 1), predicate(builder, chosen[2], depth + 1)
        )
    chain = calls(text)
    at = next((place for place, called in enumerate(chain) if called.arguments is not None), None)
    if at is None or _other_rows(builder, chain):
        return builder.hole()
    if chain[at].name in _LEADS:  # root.get("id").in(ids), root.get("name").isNull()
        stop = next((p for p in range(at, len(chain)) if chain[p].name not in _LEADS), len(chain))
        return _asked(builder, _path(builder, chain[at:stop]), chain[stop:], depth)
    own = jvm_helpers.given(builder.entities, chain, at)
    said = predicate(builder, own, depth + 1) if own is not None else _combined(builder, chain[at], depth)
    for called in chain[at + 1 :]:
        more = [predicate(builder, given, depth + 1) for given in called.arguments or ()]
        if called.name in {"and", "or"} and more:
            said = builder.all_of([said, *more]) if called.name == "and" else builder.any_of([said, *more])
        elif called.name == "not":
            said = f"NOT ({said})"
        elif called.name != "value":
            return builder.hole()
    return said


def _combined(builder: Builder, called: Called, depth: int) -> str:
    given = list(called.arguments or ())
    if called.name in {"and", "where", "allOf", "or", "anyOf"} and given:
        parts = [predicate(builder, part, depth + 1) for part in given]
        return f"({builder.any_of(parts) if called.name in {'or', 'anyOf'} else builder.all_of(parts)})"
    if called.name in {"conjunction", "unrestricted", "noCondition"}:
        return "TRUE"
    if called.name in {"not", "isTrue"} and given:
        return f"NOT ({predicate(builder, given[0], depth + 1)})" if called.name == "not" else builder.hole()
    if called.name in {"equal", "isNull", "in"} and given:
        column, other = _path(builder, _steps(builder, given[0])), given[1] if len(given) > 1 else ""
        turned = _path(builder, _steps(builder, other)) if column is None and other else None
        column, other = (turned, given[0]) if turned is not None else (column, other)
        if column is None:
            return builder.hole()
        if called.name == "isNull":
            return f"{column} IS NULL"
        if called.name == "in" and not other:
            return f"{column} IN ({builder.parameter()})"
        right = _path(builder, _steps(builder, other))
        return f"{column} = {right if right is not None else builder.parameter(other)}"
    column = _path(builder, _steps(builder, given[0])) if called.name in _SILENT and given else None
    return f"{column} > {builder.parameter()}" if column is not None else builder.hole()


def _asked(builder: Builder, column: str | None, rest: Sequence[Called], depth: int) -> str:
    if column is None or len(rest) != 1:
        return builder.hole()
    if rest[0].name in {"in", "equalTo"}:
        return f"{column} {'IN' if rest[0].name == 'in' else '='} ({builder.parameter()})"
    return f"{column} IS NULL" if rest[0].name == "isNull" else builder.hole()


def _other_rows(builder: Builder, chain: Sequence[Called]) -> bool:
    """Whether an attribute is one of rows beside those of the query's entity: `port.get("id")` of a `Root<Port>`."""
    named = chain[1].name if len(chain) > 1 and chain[0].name == ROWS else ""
    return len(named) > 1 and builder.entity is not None and named not in {builder.entity.name, ""}


def _steps(builder: Builder, text: str) -> Sequence[Called]:
    """The calls of `root.get("boat").get("id")`, without what they begin with."""
    chain = calls(text)
    at = next((place for place, called in enumerate(chain) if called.arguments is not None), len(chain))
    if _other_rows(builder, chain):
        return ()
    return chain[at:] if all(called.name in _LEADS for called in chain[at:]) else ()


def _path(builder: Builder, chain: Sequence[Called]) -> str | None:
    """The column that attributes lead to: `get("tenantId")`, `get(Boat_.tenant).get("id")`."""
    listed = [_attribute(called) for called in chain if called.name != "as"]
    if not listed or None in listed or any(called.name not in _LEADS for called in chain):
        return None
    rows, steps = builder, [name for name in listed if name is not None]
    for position, name in enumerate(steps):
        column = rows.column(name)
        if position == len(steps) - 1:
            if column is not None:
                rows.remember(column, Argument(kind="value"))
            return rows.qualified(column) if column is not None else None
        entity = rows.entity
        target = rows.entities.get(entity.relations.get(name, "")) if entity is not None else None
        if target is None or column is None:
            return None
        if position == len(steps) - 2 and steps[-1] in {"id", "uuid"}:
            rows.remember(column, Argument(kind="value"))
            return rows.qualified(column)
        rows = rows.joined(column, target)
    return None


def _attribute(called: Called) -> str | None:
    """`"tenantId"`, `Boat_.tenantId`, `Boat::tenantId.name`."""
    given = called.arguments or ()
    if len(given) != 1 and (called.name == "get" or len(given) != 2):  # join("port", JoinType.LEFT)
        return None
    found = re.fullmatch(r"(?:\w+\.)*\w+_\.(\w+)|\w+::(\w+)(?:\.name)?", given[0])
    return literal(given[0]) or ((found.group(1) or found.group(2)) if found is not None else None)


# Exposed

_INFIX = names("eq neq less lessEq greater greaterEq like notLike inList notInList and or regexp inSubQuery between")


def exposed(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`Boats.selectAll().where { Boats.tenantId eq tenant }`, `Boats.deleteWhere { … }`, `Boat.findById(id)`."""
    said: str | None = None
    verb, unseen = "select", False
    assigned: list[tuple[str, str]] = []
    for step in steps:
        method = step.method
        given = [argument.text for argument in step.arguments]
        block = next((text for text in reversed(given) if text.lstrip().startswith("{")), None)
        if (
            method
            in {
                "select",
                "where",
                "andWhere",
                "orWhere",
                "find",
                "deleteWhere",
                "deleteIgnoreWhere",
                "adjustWhere",
                "filter",
                "removeIf",
            }
            or (method == "count" and given)
            or (method in _TAKES_CONDITIONS and block is not None)
        ):
            verb = "delete" if method.startswith(("delete", "remove")) else verb
            block = given[0] if block is None and method in {"find", "count"} and given else block
            part = _infix(builder, block) if block is not None else None
            if part is None and method != "select":
                part = builder.hole()
            if part is not None:
                sign = "OR" if method == "orWhere" else "AND"
                said = f"({part})" if said is None else f"({said}) {sign} ({part})"
        elif method == "update":
            verb = "update"
            condition = (
                next((text for text in given[:2] if text.startswith(("{", "where"))), None) if len(given) > 1 else None
            )
            said = _infix(builder, condition.partition("=")[2] or condition) if condition is not None else said
            assigned = _exposed_sets(builder, block or "")
        elif method in {"whereWithConditions", "whereWithOrConditions"}:
            said = _listed(builder, block or "", any_of="Or" in method)
        elif method in {"findById", "get", "findByIdAndUpdate", "@held"} and given:
            said = f"{builder.qualified(builder.key_of(builder.table))} = {builder.parameter()}"
            builder.held = method == "@held"
            verb = "update" if method in {"findByIdAndUpdate", "@held"} else verb
            assigned = _sets_of_row(builder, block or "")
        elif method == "findSingleByAndUpdate" and given:
            said, verb = _infix(builder, given[0]), "update"
            assigned = _sets_of_row(builder, block or "")
        elif method in {"forIds", "forEntityIds"}:
            said = f"{builder.qualified(builder.key_of(builder.table))} IN ({builder.parameter()})"
        elif method == "deleteAll":
            verb = "delete"
        elif method in {"innerJoin", "leftJoin", "join", "crossJoin", "rightJoin", "fullJoin", "union", "unionAll"}:
            unseen = True
        elif method in {"insert", "insertAndGetId", "upsert", "insertIgnore", "batchInsert"}:
            return [_exposed_row(builder, block or "", conflict=method == "upsert")]
        elif method == "new":
            assigned = _sets_of_row(builder, block or "")
            return [builder.insert(assigned)] if assigned else [None]
        elif method == "replace":
            return []
    if said is not None:
        builder.where.append(said)
    text = builder.update(assigned, whole=not assigned) if verb == "update" else builder.statement(verb)
    return [text, None] if unseen else [text]


def _exposed_sets(builder: Builder, block: str) -> list[tuple[str, str]]:
    """The columns that `{ it[name] = dto.name }`, or Ktorm's `{ set(it.name, dto.name) }`, set; none if something else
    sets any."""
    columns = builder.entity.columns if builder.entity is not None else {}
    assigned: list[tuple[str, str]] = []
    for found in (*_EXPOSED_SET.finditer(block), *_KTORM_SET.finditer(block)):
        column = columns.get(found.group(1))
        if column is not None:
            assigned.append((column, builder.parameter(found.group(2).strip())))
    filled = re.search(r"(?<!set\()\b(?:it|this)\s*[,)]", block) is not None
    return [] if filled else assigned


def _sets_of_row(builder: Builder, block: str) -> list[tuple[str, str]]:
    """The columns that `{ tenantId = tenant; it.name = name }` gives a row, which it calls by their properties."""
    columns = builder.entity.columns if builder.entity is not None else {}
    found = ((columns.get(one.group(1)), one.group(2).strip()) for one in _ROW_SET.finditer(block))
    return [(column, builder.parameter(value)) for column, value in found if column is not None]


def _listed(builder: Builder, block: str, *, any_of: bool) -> str:
    """`{ it += Boats.tenantId eq tenant; if (name != null) { it += Boats.name eq name } }` of Ktorm."""
    parts: list[str] = []
    for found in _ADDED.finditer(block):
        part = _infix(builder, found.group(2))
        parts.append(f"({builder.parameter()} IS NULL OR ({part}))" if found.group(1) else part)
    if not parts or len(parts) < block.count("+="):
        parts.append(builder.hole())
    return f"({builder.any_of(parts) if any_of else builder.all_of(parts)})"


def _exposed_row(builder: Builder, block: str, *, conflict: bool) -> str | None:
    """`{ it[Boats.tenantId] = tenant; it[name] = dto.name }`: a new row; with `conflict` also one that is there."""
    assigned = _exposed_sets(builder, block)
    if not assigned:
        return None  # something else fills it
    return builder.insert(assigned, conflict=[builder.key_of(builder.table)] if conflict else None)


def _infix(builder: Builder, text: str, depth: int = 0) -> str:
    """`(Boats.id eq id) and (Boats.tenantId eq tenant)`: every infix function binds alike, from the left."""
    inner = closure(text)
    text = bare(inner[1] if inner is not None and text.lstrip().startswith("{") else text)
    operands: list[str] = [""]
    signs: list[str] = []
    before = ""
    for kind, piece in words(text):
        if kind == "word" and piece in _INFIX and before != ".":
            signs.append(piece)
            operands.append("")
        else:
            operands[-1] += piece + (" " if kind == "word" and before == "word" else "")
        before = piece if kind != "word" else "word"
    if depth > _MAX_DEPTH:
        return builder.hole()
    if not signs:
        chain = calls(text)
        column = _property(builder, chain[:-1])
        called = chain[-1] if chain else None
        if column is None or called is None or called.arguments is None:
            return builder.hole()
        if called.name == "eq" and called.arguments:
            return f"{column} = {builder.parameter(called.arguments[0])}"
        return f"{column} IS NULL" if called.name == "isNull" else builder.hole()
    said: str | None = None
    for position, sign in enumerate(signs):
        left, right = operands[position], operands[position + 1]
        if sign in {"and", "or"}:
            one = said if said is not None else _infix(builder, left, depth + 1)
            two = _infix(builder, right, depth + 1)
            said = f"({one}) {sign.upper()} ({two})"
        elif position > 0:
            return builder.hole()  # a comparison of a comparison
        else:
            said = _exposed_compared(builder, left, sign, right)
    return said if said is not None else builder.hole()


def _exposed_compared(builder: Builder, left: str, sign: str, right: str) -> str:
    column, named = _property(builder, calls(left)), calls(right)
    other = _property(builder, named) if len(named) == 2 and named[0].name != "it" else None  # a bare name is a value
    if column is None:
        return builder.hole()
    if sign == "eq":
        return f"{column} = {other or builder.parameter(right)}" if right.strip() != "null" else f"{column} IS NULL"
    if sign == "inList":
        return f"{column} IN ({builder.parameter()})"
    return f"{column} > {builder.parameter()}" if sign != "inSubQuery" else builder.hole()


def _property(builder: Builder, chain: Sequence[Called]) -> str | None:
    """`Boats.tenantId`, or `tenantId` alone, as the column of the table."""
    plain = [called.name for called in chain if called.arguments is None]
    if len(plain) != len(chain) or not plain or len(plain) > 2 or builder.entity is None:
        return None
    if len(plain) == 2 and plain[0] not in {builder.entity.name, "it", "this"} and not plain[0][:1].isupper():
        return None
    if len(plain) == 2 and plain[0] not in {"it", "this"}:
        named = builder.entities.get(plain[0])
        if named is None or named.table != builder.table:
            return None
    column = builder.entity.columns.get(plain[-1])
    return builder.qualified(column) if column is not None else None


# Panache

_PANACHE_ALL = names("listAll findAll streamAll deleteAll")


def panache(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`Boat.find("tenantId = ?1 and id = ?2", tenant, id)`, `Boat.list("tenantId", tenant)`."""
    step = steps[0]
    method, given = step.method, [argument.text for argument in step.arguments]
    entity = builder.entity
    if entity is None:
        return []
    if method in {"findById", "findByIdOptional", "deleteById"}:
        builder.where.append(
            builder.compare(builder.key_of(builder.table), step.arguments[0]) if given else builder.hole()
        )
    elif method == "count" and not given:
        return [builder.select()]
    elif method not in _PANACHE_ALL:
        stated = literal(given[0]) if given else None
        if stated is None:
            builder.where.append(builder.hole())
        else:
            return [_panache_query(builder, entity, method, stated)]
    return [builder.delete() if method.startswith("delete") else builder.select()]


def _panache_query(builder: Builder, entity: Entity, method: str, text: str) -> str:
    stated = text.strip()
    word = stated.split(None, 1)[0].lower() if stated else ""
    if word in {"select", "update", "delete"}:
        whole = stated
    elif word in {"from", "with"}:
        whole = f"select * {stated}"
    else:
        where = f"{stated} = ?1" if re.fullmatch(r"\w+", stated) else stated
        where = "" if word == "order" else f" where {where}"
        verb = {"delete": f"delete from {entity.name}", "update": f"update {entity.name} set"}.get(method)
        if method == "update":
            whole = f"{verb} {stated.removeprefix('set ')}"
        else:
            whole = f"{verb or f'select * from {entity.name}'}{where}{f' {stated}' if word == 'order' else ''}"
    return jpql.as_sql(whole, builder.model, builder.entities)
