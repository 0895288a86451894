# ruff: noqa: S608 - the text is judged, it never reaches a database
"""Knex and Kysely calls as the SQL they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lints.extract.chains.javascript import COMMON
from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.stores.javascript_orms import filtered
from lints.stores.orm_sql import MAX_DEPTH, Builder, as_stored, mapping
from lints.stores.ties import steps_of

_ADDS = frozenset({"modify", "$call", "$if", "tap"})
"""Calls that let a function add to the query."""
_SHOWS = regex(r"select\w*|clearSelect|orderBy\w*|limit|offset|fetch|groupBy|returning\w*|distinct\w*|for[A-Z]\w+")
"""Calls that say nothing of which rows are meant."""
_BUILDER = regex(r"eb\d?")
"""What the expression builder of Kysely is called: `_TERMS` of `lints.extract.chains.following`."""
_WHERE = regex(r"(?:or)?[wW]here\w*")
_HAS_RUN = regex(r"execute\w*|stream|then|map|flatMap|filter|slice|reduce|forEach|find|some|first")
_JOINS = regex(r"(?:inner|left|right|full)?(?:Outer)?[jJ]oin")
_COMPARES = frozenset({"=", "==", "<>", "!=", "<", "<=", ">", ">=", "like", "ilike", "in", "is", "is not", "not in"})


@dataclass(slots=True)
class _Read:
    """What the steps of a chain say besides its conditions."""

    verb: str = "select"
    assigned: list[tuple[str, str]] = field(default_factory=list)
    dynamic: bool = False
    conflict: list[str] | None = None
    changed: list[tuple[str, str]] | None = None
    merges: bool = False
    replaces: bool = False
    """Rows in the way by any key are taken away: `REPLACE INTO` of MySQL and SQLite."""
    duplicate: str = ""
    selected: str | None = None
    """The first column that it selects."""


def knex(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """Knex and Kysely: conditions by column name, `and` by default, `or…` beside them. What `$if` adds, if that can be
    seen, is there on one path and not on the other."""
    sometimes = [step for step in steps if _adds(step)]
    if sometimes:
        apart = builder.inside(builder.entity) if builder.entity is not None else None
        apart = apart or Builder(builder.model, builder.entities, builder.table, alias=builder.alias)
        without = _statements(apart, [step for step in steps if step not in sometimes])
        steps = [made for step in steps for made in (_added(step) if step in sometimes else (step,))]
        return [*_statements(builder, steps), *without]
    return _statements(builder, steps)


def _adds(step: OrmStep) -> bool:
    """Whether a step is an `$if` whose function adds conditions that can be seen."""
    added = step.arguments[-1] if step.method == "$if" and step.arguments else None
    seen = added is not None and added.kind == "closure" and all(call.kind == "term" for call in added.items)
    return added is not None and seen and all(_WHERE.fullmatch(call.text) for call in added.items)


def _added(step: OrmStep) -> Iterator[OrmStep]:
    yield from (OrmStep(method=call.text, arguments=call.items) for call in step.arguments[-1].items)


def _statements(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    read = _read(builder, steps)
    if _correlated(builder, steps):
        return []  # part of a query around it, which is judged
    if read.verb == "insert":
        conflict = read.conflict if read.merges else None
        made = builder.insert(read.assigned, dynamic=read.dynamic, conflict=conflict, updated=read.changed)
        if read.replaces and made is not None:
            sets = ", ".join(f"{builder.ident(column)} = {value}" for column, value in read.assigned)
            made += f" ON DUPLICATE KEY UPDATE {sets}"
        return [made + read.duplicate if made is not None and (read.conflict or not read.merges) else None]
    if read.verb == "merge":
        return [None]
    if read.verb == "update":
        return [builder.update(read.assigned, whole=read.dynamic)]
    return [builder.delete() if read.verb == "delete" else _common(builder, steps) + builder.select()]


def _common(builder: Builder, steps: Sequence[OrmStep]) -> str:
    """The common table expressions that a query joins, each with the columns that it names."""
    texts: list[str] = []
    for step in steps:
        name, rows = step.arguments if step.method == COMMON else (None, None)
        table = as_stored(rows.text.partition(" as ")[0].strip(), builder.model.tables) if rows is not None else ""
        if name is None or rows is None or table not in builder.model.tables:
            continue
        alias = rows.text.partition(" as ")[2].strip() or None
        inner = Builder(builder.model, builder.entities, table, None, alias=alias, counter=builder.counter)
        inner.sources = builder.sources
        told = steps_of(rows)
        if _read(inner, told).verb != "select":
            continue
        listed = (
            item for step in told if step.method == "select" for given in step.arguments[:1] for item in _each(given)
        )
        named = [item.text.partition(" as ") for item in listed if item.kind == "text"]
        shown = [
            f"{_column(inner, c.strip())} AS {inner.ident((a or c).rpartition('.')[2].strip())}" for c, _, a in named
        ]
        joins = "".join(f" {join}" for join in inner.joins)
        found = f"SELECT {', '.join(shown) or '*'} FROM {inner.source()}{joins}{inner.condition()}"
        texts.append(f"{builder.ident(_named(builder, name.text))} AS ({found})")
    return f"WITH {', '.join(texts)} " if texts else ""


def _each(given: Argument) -> tuple[Argument, ...]:
    return given.items if given.kind == "list" else (given,)


def _read(builder: Builder, steps: Sequence[OrmStep]) -> _Read:
    """Put the conditions and joins of a chain into the builder."""
    read = _Read()
    condition: str | None = None
    for name, table in _from(builder.table, builder.alias, steps):
        builder.tables[name] = as_stored(table, builder.model.tables)
    builder.alias = _named(builder, builder.alias) if builder.alias is not None else None
    for step in _turned(_flat(steps)):
        method, arguments = step.method, step.arguments
        part = _knex_condition(builder, method, arguments)
        if method == "clearWhere" or (method == "clear" and arguments and arguments[0].text in {"where", "wheres"}):
            condition = None
        elif part is not None:
            # One after the other, as they are sent: AND binds before OR, whichever was called first.
            if condition is None:
                condition = f"({part})"
            else:
                condition = f"{condition} {'OR' if method.startswith('or') else 'AND'} ({part})"
        elif _JOINS.fullmatch(method) and len(arguments) >= 2:
            _knex_join(builder, method, arguments)
        elif method in {"update", "set", "updateTable"}:
            read.verb = "update"
            if arguments and method != "updateTable":
                builder.as_sent(arguments[0])
                made = arguments[0].items[:1] if arguments[0].kind == "closure" else ()  # `(eb) => ({ … })`
                given = mapping(made[0] if made else arguments[0])
                if arguments[0].kind == "text" and len(arguments) > 1:
                    given = {arguments[0].text: arguments[1]}
                values, unseen = builder.assignments(given)
                read.assigned, read.dynamic = read.assigned + values, read.dynamic or unseen or not given
        elif method == "selectFrom" and arguments and arguments[0].kind == "list":
            for named in arguments[0].items[1:]:
                table, _, alias = named.text.partition(" as ")
                stored = as_stored(table.strip(), builder.model.tables)
                shown = f" AS {builder.ident(alias.strip())}" if alias else ""
                builder.joins.append(f"CROSS JOIN {builder.ident(stored)}{shown}")
        elif method == "mergeInto":
            read.verb = "merge"
        elif method in {"insert", "values", "insertInto", "replaceInto"}:
            read.verb = "insert"
            if method == "replaceInto":
                read.replaces = True
            elif arguments and method != "insertInto":
                rows = arguments[0].items[:1] if arguments[0].kind == "list" else arguments[:1]
                builder.as_sent(rows[0] if rows else None)
                values, unseen = builder.assignments(mapping(rows[0] if rows else None))
                read.assigned, read.dynamic = read.assigned + values, read.dynamic or unseen
        elif method in {"del", "delete", "deleteFrom", "truncate"}:
            read.verb = "delete"
        elif method == "onConflict" and arguments:
            read.conflict, read.changed, read.merges = _conflict(builder, arguments[0])
        elif method == "merge" and read.conflict is not None:
            read.merges = True
            listed = arguments[0].kind in {"list", "text"} if arguments else True  # those of what would be inserted
            read.changed = builder.changed(arguments[0]) if not listed else None
        elif method == "onDuplicateKeyUpdate" and arguments:
            read.duplicate = builder.on_duplicate(arguments[0])
        elif method in {"select", "distinct", "pluck", "column"} and arguments and read.selected is None:
            named = arguments[0].items[0] if arguments[0].kind == "list" and arguments[0].items else arguments[0]
            read.selected = named.text.partition(" as ")[0] if named.kind == "text" else None
    if condition is not None:
        builder.where.append(condition)
    return read


def _from(table: str, alias: str | None, steps: Sequence[OrmStep]) -> Iterator[tuple[str, str]]:
    """The tables in FROM by the names that conditions use for them."""
    yield alias or table, table
    for step in steps:
        if _JOINS.fullmatch(step.method) or step.method == "selectFrom":
            first = step.arguments[0] if step.arguments else None
            for named in (first.items if first.kind == "list" else (first,)) if first is not None else ():
                joined, _, known = named.text.partition(" as ") if named.kind == "text" else ("", "", "")
                if joined:
                    yield known.strip() or joined.strip(), joined.strip()


def _sub_select(builder: Builder, given: Argument, *, exists: bool = False) -> str | None:
    """The query that an argument is, as text; None if what it reads can't be seen. It may be about rows around it."""
    steps = steps_of(given) or _of_closure(given)
    if any(_HAS_RUN.fullmatch(step.method) for step in steps):
        return None  # a list of something of the rows that it gave
    table, _, alias = (given.text if given.kind == "query" else _read_from(steps)).partition(" as ")
    named = builder.entities.get(table.strip())
    table = named.table if named is not None else as_stored(table.strip(), builder.model.tables)
    if not steps or table not in builder.model.tables:
        return None
    inner = Builder(builder.model, builder.entities, table, None, alias=alias.strip() or None, counter=builder.counter)
    inner.tables = dict(builder.tables)
    read = _read(inner, steps)
    if read.verb != "select":
        return None
    builder.relation_keys += [key for key in inner.relation_keys if key not in builder.relation_keys]
    shown = _column(inner, read.selected) if read.selected is not None else inner.qualified(inner.key_of(table))
    joins = "".join(f" {join}" for join in inner.joins)
    return f"SELECT {'1' if exists else shown} FROM {inner.source()}{joins}{inner.condition()}"


def _of_closure(given: Argument) -> tuple[OrmStep, ...]:
    """The steps of `whereIn("id", function () { this.select("boat_id").from("logbooks")… })`; none if part of it can't
    be seen."""
    if given.kind != "closure" or any(call.kind != "term" for call in given.items):
        return ()
    return tuple(OrmStep(method=call.text, arguments=call.items) for call in given.items)


def _read_from(steps: Sequence[OrmStep]) -> str:
    """The table of `.from("boats")`."""
    named = (step.arguments[0] for step in steps if step.method in {"from", "table"} and step.arguments)
    return next((first.text for first in named if first.kind == "text"), "")


def _flat(steps: Sequence[OrmStep]) -> Iterator[OrmStep]:
    """The steps, with those that a function given to `modify` adds: it gets the query itself, so they are its own.

    What `$if` adds is there on some paths only: it says nothing of whose rows these are, unless it is no condition.
    """
    for step in steps:
        added = step.arguments[-1] if step.arguments and step.method in _ADDS else None
        if added is None or added.kind != "closure" or any(call.kind != "term" for call in added.items):
            yield step
        elif step.method == "$if":
            if not all(_SHOWS.fullmatch(call.text) for call in added.items):
                yield step
        elif len(step.arguments) == 1:
            yield from (OrmStep(method=call.text, arguments=call.items) for call in added.items)
        else:
            yield step


def _turned(steps: Iterable[OrmStep]) -> Iterator[OrmStep]:
    """`.or.where({ a })`, `.not.whereIn("b", c)` as the calls they stand for."""
    either = inverted = False
    for step in steps:
        method = step.method
        if method in {"or", "not", "and"} and not step.arguments:
            either, inverted = method == "or" or (either and method == "not"), inverted is not (method == "not")
            continue
        if (either or inverted) and method.startswith("where"):
            method = f"whereNot{method[5:]}" if inverted and not method.startswith("whereNot") else method
            step = OrmStep(method=f"orW{method[1:]}" if either else method, arguments=step.arguments)
        either = inverted = False
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
            changed = builder.changed(first)
    return keys, changed, merges


def _correlated(builder: Builder, steps: Sequence[OrmStep]) -> bool:
    """Whether `whereRef` (Kysely) compares with a table that is not in FROM."""
    used = [a.text for step in steps if step.method == "whereRef" for a in step.arguments if a.kind == "text"]
    here = {*builder.tables, *builder.tables.values()}
    heads = [text.partition(".")[0] for text in used if "." in text]
    return any(head not in here and _table_of(builder, head) not in here for head in heads)


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
    if bare in {"whereExists", "whereNotExists"}:
        rows = _sub_select(builder, first, exists=True)
        return f"{'NOT ' if 'Not' in bare else ''}EXISTS ({rows})" if rows is not None else builder.hole()
    if first.kind != "text":
        return builder.hole()
    column = _column(builder, first.text)
    if bare in {"whereNull", "whereNotNull"}:
        return f"{column} IS {'NOT ' if 'Not' in bare else ''}NULL"
    if bare in {"whereIn", "whereNotIn"} and len(arguments) > 1:
        return _among(builder, column, "NOT IN" if "Not" in bare else "IN", arguments[1])
    if bare in {"where", "whereNot"} and len(arguments) == 2:
        builder.remember(first.text.rpartition(".")[2], arguments[1])
        return f"{column} {'<>' if bare == 'whereNot' else '='} {builder.value(arguments[1])}"
    if bare == "where" and len(arguments) == 3 and arguments[1].text.lower() in _COMPARES:
        sign = arguments[1].text.upper()
        if sign in {"=", "=="}:
            builder.remember(first.text.rpartition(".")[2], arguments[2])
        if sign in {"IN", "NOT IN"}:
            return _among(builder, column, sign, arguments[2])
        if arguments[2].kind == "null":
            return f"{column} IS {'NOT ' if 'NOT' in sign or sign in {'<>', '!='} else ''}NULL"
        return f"{column} {sign} {builder.value(arguments[2])}"
    if bare == "whereRef" and len(arguments) == 3:
        return f"{column} {arguments[1].text} {_column(builder, arguments[2].text)}"
    return builder.hole()


def _among(builder: Builder, column: str, sign: str, given: Argument) -> str:
    """`column IN (…)` of a query, or of values."""
    rows = _sub_select(builder, given) if given.kind in {"query", "closure"} else None
    if rows is None and given.kind == "query" and sign == "IN":
        builder.remember(column.rpartition(".")[2].strip('`"'), given)
    if rows is None and given.kind == "closure":
        return builder.hole()
    plain = given.kind in {"list", "query"}
    return f"{column} {sign} ({rows or (builder.parameter() if plain else builder.value(given))})"


def _kysely_condition(builder: Builder, given: Argument, depth: int) -> str:
    """`eb.and([eb("id", "=", id), eb("tenant_id", "=", tenant)])` of an expression builder."""
    if given.kind != "term" or depth > MAX_DEPTH:
        return builder.hole()
    if _BUILDER.fullmatch(given.text) and given.items and given.items[0].kind == "text":
        return _knex_condition(builder, "where", given.items) or builder.hole()
    if given.text == "not" and given.items:
        return f"NOT ({_kysely_condition(builder, given.items[-1], depth + 1)})"
    if given.text == "exists" and given.items:
        rows = _sub_select(builder, given.items[-1], exists=True)
        return f"EXISTS ({rows})" if rows is not None else builder.hole()
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
    """`join(table, function () { this.on(a, "=", b).andOnVal(c, value) })`, Kysely's `join.onRef(a, "=", b).on(…)`."""
    condition = ""
    for call in closure.items:
        texts = [item.text for item in call.items if item.kind == "text"]
        method, part = call.text.removeprefix("and").removeprefix("or").lower(), ""
        columns = len(texts) == len(call.items) and (method == "onref" or "." in texts[-1:][0] if texts else False)
        if call.kind == "term" and method in {"on", "onref"} and columns and len(texts) in {2, 3}:
            sign = texts[1] if len(texts) == 3 else "="
            part = f"{_column(builder, texts[0])} {sign} {_column(builder, texts[-1])}"
        elif call.kind == "term" and method in {"on", "onval"} and texts and len(call.items) in {2, 3}:
            part = _knex_condition(builder, "where", call.items) or ""
        elif call.kind == "term" and method in {"onnull", "onnotnull"} and texts:
            part = f"{_column(builder, texts[0])} IS {'NOT ' if 'not' in method else ''}NULL"
        if not part:
            return builder.hole()
        sign = "OR" if call.text.startswith("or") else "AND"
        condition = f"({condition}) {sign} ({part})" if condition else part
    return condition or builder.hole()


def _column(builder: Builder, text: str) -> str:
    """A column as conditions name it, with its table if that is said or if there is one only."""
    parts = [part for part in text.split(".") if re.fullmatch(r"\w+", part)]
    if not parts:
        return builder.hole()
    own = builder.model.tables.get(builder.table)
    if len(parts) == 1 and not builder.joins:
        return builder.qualified(as_stored(parts[0], own.columns if own is not None else ()))
    if len(parts) == 1:
        return builder.ident(parts[0])
    table = builder.model.tables.get(_table_of(builder, parts[-2]))
    column = as_stored(parts[-1], table.columns if table is not None else ())
    return f"{builder.ident(_named(builder, parts[-2]))}.{builder.ident(column)}"


def _named(builder: Builder, name: str) -> str:
    """A table as statements spell it, or an alias, which no plugin is to take for a column."""
    stored = as_stored(name, builder.model.tables)
    return stored if stored in builder.model.tables else name.lower()


def _table_of(builder: Builder, name: str) -> str:
    """The table that a name in a condition stands for."""
    return builder.tables.get(name) or as_stored(name, builder.model.tables)


def _knex_join(builder: Builder, method: str, arguments: Sequence[Argument]) -> None:
    if arguments[0].kind == "query":
        return  # a query of its own, which is judged by itself
    table, _, alias = arguments[0].text.partition(" as ")
    table = _named(builder, table.strip())
    kind = (
        "LEFT JOIN"
        if method.lower().startswith("left")
        else "RIGHT JOIN"
        if method.lower().startswith("right")
        else "JOIN"
    )
    shown = f" AS {builder.ident(_named(builder, alias.strip()))}" if alias else ""
    builder.joins.append(place := f"{kind} {builder.ident(table)}{shown} ON ")
    on = builder.hole()
    texts = [argument.text for argument in arguments[1:] if argument.kind == "text"]
    if len(texts) == 2:
        on = f"{_column(builder, texts[0])} = {_column(builder, texts[1])}"
    elif len(texts) == 3:
        on = f"{_column(builder, texts[0])} {texts[1]} {_column(builder, texts[2])}"
    if arguments[1].kind == "closure":
        on = _joined_on(builder, arguments[1])
    builder.joins[-1] = place + on
