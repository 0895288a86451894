"""Knex, Kysely and Drizzle calls as the SQL they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from lints.extract.facts import Argument, OrmStep
from lints.stores import drizzle_text
from lints.stores.javascript_orms import OPERATORS, filtered
from lints.stores.orm_sql import MAX_DEPTH, Builder, mapping

_ADDS = frozenset({"modify", "$call", "$if", "tap"})
"""Calls that let a function add to the query."""
_COMPARES = frozenset({"=", "==", "<>", "!=", "<", "<=", ">", ">=", "like", "ilike", "in", "is", "is not", "not in"})


def knex(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """Knex and Kysely: conditions by column name, `and` by default, `or…` beside them."""
    verb = "select"
    condition: str | None = None
    assigned: list[tuple[str, str]] = []
    dynamic = False
    conflict: list[str] | None = None
    changed: list[tuple[str, str]] | None = None
    merges = False
    duplicate = ""
    for step in _flat(steps):
        method, arguments = step.method, step.arguments
        part = _knex_condition(builder, method, arguments)
        if part is not None:
            # One after the other, as they are sent: AND binds before OR, whichever was called first.
            if condition is None:
                condition = f"({part})"
            else:
                condition = f"{condition} {'OR' if method.startswith('or') else 'AND'} ({part})"
        elif re.fullmatch(r"(?:inner|left|right|full)?(?:Outer)?[jJ]oin", method) and len(arguments) >= 2:
            _knex_join(builder, method, arguments)
        elif method in {"update", "set", "updateTable"}:
            verb = "update"
            if arguments and method != "updateTable":
                given = mapping(arguments[0])
                if arguments[0].kind == "text" and len(arguments) > 1:
                    given = {arguments[0].text: arguments[1]}
                values, unseen = builder.assignments(given)
                assigned, dynamic = assigned + values, dynamic or unseen or not given
        elif method in {"insert", "values", "insertInto"}:
            verb = "insert"
            if arguments and method != "insertInto":
                rows = arguments[0].items[:1] if arguments[0].kind == "list" else arguments[:1]
                values, unseen = builder.assignments(mapping(rows[0] if rows else None))
                assigned, dynamic = assigned + values, dynamic or unseen
        elif method in {"del", "delete", "deleteFrom", "truncate"}:
            verb = "delete"
        elif method == "onConflict" and arguments:
            conflict, changed, merges = _conflict(builder, arguments[0])
        elif method == "merge" and conflict is not None:
            merges = True
            changed = (
                builder.assignments(mapping(arguments[0]))[0] if arguments and arguments[0].kind == "map" else None
            )
        elif method == "onDuplicateKeyUpdate" and arguments:
            duplicate = _duplicate(builder, arguments[0])
    if _correlated(builder, steps):
        return []  # part of a query around it, which is judged
    if condition is not None:
        builder.where.append(condition)
    if verb == "insert":
        made = builder.insert(assigned, dynamic=dynamic, conflict=conflict if merges else None, updated=changed)
        return [made + duplicate if made is not None and (conflict or not merges) else None]
    if verb == "update":
        return [builder.update(assigned, dynamic=dynamic)]
    return [builder.delete() if verb == "delete" else builder.select()]


def _flat(steps: Sequence[OrmStep]) -> Iterator[OrmStep]:
    """The steps, with those that a function given to `modify` adds: it gets the query itself, so they are its own."""
    for step in steps:
        added = step.arguments[0] if len(step.arguments) == 1 and step.method in _ADDS else None
        if added is not None and added.kind == "closure" and all(call.kind == "term" for call in added.items):
            yield from (OrmStep(method=call.text, arguments=call.items) for call in added.items)
        else:
            yield step


def _conflict(builder: Builder, given: Argument) -> tuple[list[str], list[tuple[str, str]] | None, bool]:
    """(key, what is set, whether the row that is there is overwritten) of `onConflict("id")`, or of Kysely's
    `onConflict((oc) => oc.columns(["a", "b"]).doUpdateSet({ … }))`; no key if it can't be seen."""
    if given.kind in {"text", "list"}:
        items = given.items if given.kind == "list" else (given,)
        return [item.text for item in items if item.kind == "text"], None, False
    keys: list[str] = []
    merges = given.kind != "closure"
    changed: list[tuple[str, str]] | None = None
    for call in given.items if given.kind == "closure" else ():
        first = call.items[0] if call.items else None
        if call.kind == "term" and call.text in {"column", "columns"} and first is not None:
            items = first.items if first.kind == "list" else (first,)
            keys += [item.text for item in items if item.kind == "text"]
        elif call.kind != "term" or call.text == "doUpdateSet":
            merges = True
            values, unseen = builder.assignments(mapping(first))
            changed = values if first is not None and first.kind == "map" and not unseen else None
    return keys, changed, merges


def _correlated(builder: Builder, steps: Sequence[OrmStep]) -> bool:
    """Whether `whereRef` (Kysely) compares with a table that is not in FROM."""
    here = {builder.table, builder.alias}
    for step in steps:
        if re.search(r"[jJ]oin$", step.method) and step.arguments:
            table, _, alias = step.arguments[0].text.partition(" as ")
            here.add(alias.strip() or table.strip())
    used = [a.text for step in steps if step.method == "whereRef" for a in step.arguments if a.kind == "text"]
    return any("." in text and text.partition(".")[0] not in here for text in used)


def _knex_condition(builder: Builder, method: str, arguments: Sequence[Argument]) -> str | None:
    bare = re.sub(r"^(?:and|or)(?=[A-Z])", "", method)
    bare = bare[:1].lower() + bare[1:]
    if method in _ADDS:
        return builder.hole()
    if not bare.startswith("where") or not arguments:
        return None
    first = arguments[0]
    if bare in {"where", "whereNot"} and first.kind == "term" and first.text == "=>":
        inner = _kysely_condition(builder, first.items[0], 0)
        return f"NOT ({inner})" if bare == "whereNot" else inner
    if bare in {"where", "whereNot"} and first.kind == "closure":
        inner = _grouped(builder, first)
        return f"NOT ({inner})" if bare == "whereNot" else inner
    if bare in {"where", "whereNot"} and first.kind == "map":
        inner = filtered(builder, first)
        return f"NOT ({inner})" if bare == "whereNot" else inner
    if bare == "whereRaw":
        return first.text if first.kind == "text" and "?" not in first.text else builder.hole()
    if first.kind != "text":
        return builder.hole()
    column = _knex_column(builder, first.text)
    if bare in {"whereNull", "whereNotNull"}:
        return f"{column} IS {'NOT ' if 'Not' in bare else ''}NULL"
    if bare == "whereIn" and len(arguments) > 1:
        return f"{column} IN ({builder.value(arguments[1]) if arguments[1].kind != 'list' else builder.parameter()})"
    if bare in {"where", "whereNot"} and len(arguments) == 2:
        builder.remember(first.text.rpartition(".")[2], arguments[1])
        return f"{column} {'<>' if bare == 'whereNot' else '='} {builder.value(arguments[1])}"
    if bare == "where" and len(arguments) == 3 and arguments[1].text.lower() in _COMPARES:
        sign = arguments[1].text.upper()
        if sign in {"=", "=="}:
            builder.remember(first.text.rpartition(".")[2], arguments[2])
        if sign in {"IN", "NOT IN"}:
            return f"{column} {sign} ({builder.parameter()})"
        if arguments[2].kind == "null":
            return f"{column} IS {'NOT ' if 'NOT' in sign or sign in {'<>', '!='} else ''}NULL"
        return f"{column} {sign} {builder.value(arguments[2])}"
    if bare == "whereRef" and len(arguments) == 3:
        return f"{column} {arguments[1].text} {_knex_column(builder, arguments[2].text)}"
    return builder.hole()


def _kysely_condition(builder: Builder, given: Argument, depth: int) -> str:
    """`eb.and([eb("id", "=", id), eb("tenant_id", "=", tenant)])` of an expression builder."""
    if given.kind != "term" or depth > MAX_DEPTH:
        return builder.hole()
    if given.text == "eb" and given.items and given.items[0].kind == "text":
        return _knex_condition(builder, "where", given.items) or builder.hole()
    if given.text in {"and", "or"} and given.items:
        parts = [item for one in given.items for item in (one.items if one.kind == "list" else (one,))]
        known = [part for part in parts if part.kind != "value" or part.text.rpartition(".")[2] not in {"eb", "qb"}]
        if not known:
            return builder.hole()
        conditions = [_kysely_condition(builder, part, depth + 1) for part in known]
        return builder.all_of(conditions) if given.text == "and" else builder.any_of(conditions)
    return builder.hole()


def _grouped(builder: Builder, closure: Argument) -> str:
    """`where(function () { this.where(…).orWhere(…) })`: its conditions, as one."""
    condition = ""
    for call in closure.items:
        part = _knex_condition(builder, call.text, call.items) if call.kind == "term" else None
        if part is None:
            return builder.hole()
        sign = "OR" if call.text.startswith("or") else "AND"
        condition = f"({condition}) {sign} ({part})" if condition else part
    return condition or builder.hole()


def _joined_on(builder: Builder, closure: Argument) -> str:
    """`join(table, function () { this.on(a, "=", b).andOnVal(c, value) })`."""
    condition = ""
    for call in closure.items:
        texts = [item.text for item in call.items if item.kind == "text"]
        method, part = call.text.removeprefix("and").removeprefix("or").lower(), ""
        if call.kind == "term" and method == "on" and len(texts) == len(call.items) in {2, 3}:
            sign = texts[1] if len(texts) == 3 else "="
            part = f"{_dotted(builder, texts[0])} {sign} {_dotted(builder, texts[-1])}"
        elif call.kind == "term" and method == "onval" and texts and len(call.items) in {2, 3}:
            sign = texts[1] if len(call.items) == 3 and len(texts) > 1 else "="
            part = f"{_dotted(builder, texts[0])} {sign} {builder.value(call.items[-1])}"
        elif call.kind == "term" and method in {"onnull", "onnotnull"} and texts:
            part = f"{_dotted(builder, texts[0])} IS {'NOT ' if 'not' in method else ''}NULL"
        if not part:
            return builder.hole()
        sign = "OR" if call.text.startswith("or") else "AND"
        condition = f"({condition}) {sign} ({part})" if condition else part
    return condition or builder.hole()


def _knex_column(builder: Builder, text: str) -> str:
    parts = [part for part in re.split(r"\.", text) if re.fullmatch(r"\w+", part)]
    if not parts:
        return builder.hole()
    if len(parts) == 1 and not builder.joins:
        return builder.qualified(parts[0])
    return ".".join(builder.ident(part) for part in parts[-2:])


def _knex_join(builder: Builder, method: str, arguments: Sequence[Argument]) -> None:
    if arguments[0].kind == "query":
        return  # a query of its own, which is judged by itself
    table, _, alias = arguments[0].text.partition(" as ")
    kind = (
        "LEFT JOIN"
        if method.lower().startswith("left")
        else "RIGHT JOIN"
        if method.lower().startswith("right")
        else "JOIN"
    )
    on = builder.hole()
    texts = [argument.text for argument in arguments[1:] if argument.kind == "text"]
    if len(texts) == 2:
        on = f"{_dotted(builder, texts[0])} = {_dotted(builder, texts[1])}"
    elif len(texts) == 3:
        on = f"{_dotted(builder, texts[0])} {texts[1]} {_dotted(builder, texts[2])}"
    if arguments[1].kind == "closure":
        on = _joined_on(builder, arguments[1])
    shown = f" AS {builder.ident(alias.strip())}" if alias else ""
    builder.joins.append(f"{kind} {builder.ident(table.strip())}{shown} ON {on}")


def _dotted(builder: Builder, text: str) -> str:
    parts = [part for part in text.split(".") if re.fullmatch(r"\w+", part)]
    return ".".join(builder.ident(part) for part in parts[-2:]) if parts else builder.hole()


def _duplicate(builder: Builder, given: Argument | None) -> str:
    """What MySQL does with a row that is in the way by any of the table's keys."""
    values, unseen = builder.assignments(mapping(given))
    sets = [f"{builder.ident(column)} = {value}" for column, value in values]
    if unseen or not sets:
        sets.append(f"{builder.hole()} = {builder.parameter()}")
    return f" ON DUPLICATE KEY UPDATE {', '.join(sets)}"


def drizzle(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    verb = steps[0].method
    assigned: list[tuple[str, str]] = []
    dynamic = False
    conflict: list[str] | None = None
    changed: list[tuple[str, str]] = []
    duplicate = ""
    if builder.entity is not None:
        builder.others[builder.entity.name] = builder.entity
    for step in steps[1:]:
        method, arguments = step.method, step.arguments
        if method in {"innerJoin", "leftJoin", "rightJoin", "fullJoin"} and len(arguments) >= 2:
            target = builder.entities.get(arguments[0].text.rpartition(".")[2])
            if target is None:
                builder.where.append(builder.hole())
                continue
            builder.others[target.name] = target
            kind = {"leftJoin": "LEFT JOIN", "rightJoin": "RIGHT JOIN", "fullJoin": "FULL JOIN"}.get(method, "JOIN")
            builder.joins.append(
                f"{kind} {builder.ident(target.table)} ON {_drizzle_condition(builder, arguments[1], 0)}"
            )
        elif method == "where" and arguments:
            builder.where.append(_drizzle_condition(builder, arguments[0], 0))
        elif method in {"set", "values"} and arguments:
            rows = arguments[0].items[:1] if arguments[0].kind == "list" else arguments[:1]
            values, unseen = builder.assignments(mapping(rows[0] if rows else None))
            assigned, dynamic = assigned + values, dynamic or unseen or arguments[0].kind not in {"map", "list"}
        elif method in {"onConflictDoUpdate", "onConflictDoNothing"} and arguments:
            target_argument = mapping(arguments[0]).get("target")
            items = (
                target_argument.items
                if target_argument is not None and target_argument.kind == "list"
                else (target_argument,)
            )
            conflict = [c for item in items if item is not None and (c := builder.column(item.text.rpartition(".")[2]))]
            conflict = conflict if method == "onConflictDoUpdate" else None
            changed, unseen = builder.assignments(mapping(mapping(arguments[0]).get("set")))
            changed = changed if not unseen else []
        elif method == "onDuplicateKeyUpdate" and arguments:
            duplicate = _duplicate(builder, mapping(arguments[0]).get("set"))
    if verb == "insert":
        made = builder.insert(assigned, dynamic=dynamic, conflict=conflict or None, updated=changed or None)
        return [made + duplicate if made is not None else None]
    if verb == "update":
        return [builder.update(assigned, dynamic=dynamic)]
    return [builder.delete() if verb == "delete" else builder.select()]


def drizzle_query(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`db.query.boats.findMany({ where: eq(boats.id, id) })`."""
    if builder.entity is not None:
        builder.others[builder.entity.name] = builder.entity
    given = steps[0].arguments[0] if steps[0].arguments else None
    options = mapping(given)
    if "where" in options:
        where = options["where"]
        builder.where.append(filtered(builder, where) if where.kind == "map" else _drizzle_condition(builder, where, 0))
    elif given is not None and given.kind != "map":
        builder.where.append(builder.hole())
    return [builder.select()]


def _drizzle_condition(builder: Builder, given: Argument, depth: int) -> str:
    if given.kind == "null":
        return "TRUE"
    if given.kind == "dynamic" and given.items:
        sources = [item.text for item in given.items[1:]]
        known = {**builder.entities, **builder.others}
        return drizzle_text.fragment(given.items[0].text, sources, known, builder.model, partial(_gap, builder))
    if given.kind != "term" or depth > MAX_DEPTH:
        return builder.hole()
    if given.text == "=>" and builder.entity is not None:  # (boats, { eq }) => eq(boats.id, id)
        builder.others[given.names[0]] = builder.entity
        return _drizzle_condition(builder, given.items[0], depth + 1)
    if given.text in {"and", "or"}:
        parts = [_drizzle_part(builder, item, depth + 1) for item in given.items]
        return f" {given.text.upper()} ".join(part for part in parts if part) or "TRUE"
    if given.text == "not" and given.items:
        return f"NOT ({_drizzle_condition(builder, given.items[0], depth + 1)})"
    if given.text in {"isNull", "isNotNull"} and given.items:
        column = _drizzle_column(builder, given.items[0])
        shown = "IS NULL" if given.text == "isNull" else "IS NOT NULL"
        return f"{builder.qualified(column[1], column[0])} {shown}" if column is not None else builder.hole()
    operator = OPERATORS.get(given.text)
    if operator and len(given.items) == 2:
        one, two = (_drizzle_column(builder, item) for item in given.items)
        if one is None:
            return builder.hole()
        if two is not None and two != one:  # `eq(schema.boats.id, boats.id)`: a row that is named like its table
            shown = "=" if operator == "in" else operator
            return f"{builder.qualified(one[1], one[0])} {shown} {builder.qualified(two[1], two[0])}"
        return builder.compare(one[1], given.items[1], operator, alias=one[0])
    return builder.hole()


def _drizzle_part(builder: Builder, given: Argument, depth: int) -> str:
    """A condition among others: Drizzle puts brackets around its own, and a template's text among them as it is."""
    part = _drizzle_condition(builder, given, depth)
    return part if (given.kind == "dynamic" and given.items) or part == "TRUE" else f"({part})"


_TEXT = re.compile(r"sql|raw\b|unsafe|(?:condition|clause|expr|fragment)s?\b", re.IGNORECASE)
"""Names of what may be SQL itself."""


def _gap(builder: Builder, marker: str, source: str) -> str:
    """What stands for a part of a template: a value that travels beside the text, unless it may be text itself."""
    return builder.parameter() if marker.startswith(":") and not _TEXT.search(source) else builder.hole()


def _drizzle_column(builder: Builder, given: Argument) -> tuple[str, str] | None:
    return drizzle_text.column_of(given.text, builder.others) if given.kind == "value" else None
