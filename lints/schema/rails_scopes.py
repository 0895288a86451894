"""What scopes and class methods of ActiveRecord models put on a query, read off their bodies.

`conditions` gives marks: a column that is compared with a value (`fleet_id`, or `captains.fleet_id` of a table that is
joined); `~` before one that is only mentioned, `-` before one whose conditions are taken away, `@` before another scope
that is applied, `+` before an association that is joined. Alone: `?` it does so on some paths only, `-` it takes all
conditions away, `%` something that can't be read, `!` it gives rows and not a query, `#` it gives something else.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

from lints.extract.ir import (
    Assign,
    Cases,
    Choose,
    Do,
    Expr,
    Func,
    If,
    Invoke,
    Items,
    Leave,
    Loop,
    Name,
    Other,
    Pairs,
    Stmt,
    Text,
)
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.orm import Source, chain, constant, texts

COMPARES = names("where find_by find_by! find_sole_by exists? rewhere filter first_where")
NARROWS = names(
    "order reorder in_order_of limit offset distinct select reselect includes preload eager_load references group"
    " having readonly lock reverse_order all load itself strict_loading none extending create_with annotate"
    " optimizer_hints with_attached with_rich_text page per padding without_count kept undiscarded discarded"
    " with_deleted only_deleted with_discarded without_deleted excluding without tap then latest oldest"
    " newest_first active"
)
"""Calls that say nothing of whose rows are read, or keep some of them only."""
RUNS = names(
    "find find_by find_by! first first! last last! take take! second third sole find_sole_by pluck pick ids count"
    " sum average minimum maximum exists? any? none? many? one? empty? size length to_a each map find_each"
    " find_in_batches in_batches update_all delete_all destroy_all touch_all find_or_create_by find_or_create_by!"
    " find_or_initialize_by first_or_create first_or_create! first_or_initialize create_or_find_by"
    " create_or_find_by! create create! insert_all insert_all! upsert_all upsert insert load_async to_sql"
    " find_by_sql delete_by destroy_by calculate present? blank?"
)
OTHER = "#"
_MAKES = names(
    "create create! insert insert! insert_all insert_all! upsert upsert_all new build import import! create_or_find_by"
    " create_or_find_by!"
)
_WIDENS = names("unscoped unscope or except only from union merge")
_EQUAL = regex(r"(?:\"?(\w+)\"?\.)?\"?(\w+)\"?\s*(?:=\s*(?:ANY\s*\(\s*)?|IN\s*\(?\s*)(?:\?|:\w+)", re.IGNORECASE)
_OR = regex(r"\bOR\b", re.IGNORECASE)
_WORD = regex(r"\b[a-z_][a-z0-9_]*\b")
_MAX = 400


def conditions(source: Source, function: Func, owner: str = "", *, scope: bool = False) -> tuple[str, ...] | None:
    """The marks of a scope of the class `owner`; None for a method that does not give a query of its own class.

    What is declared as a `scope` does give one, whatever it calls.
    """
    marks: dict[str, None] = {}
    body = function.lower_body()
    found = False
    sure = True
    last = body[-1] if body else None
    given = {parameter.name for parameter in function.parameters} | {s.target for s in body if isinstance(s, Assign)}
    for expression, always in _expressions(body):
        sure = sure and always
        if scope:
            expression = _called(expression, given)
        for call in _spines(expression, body, owner):
            read = _chain(source, call, known=scope)
            if read is not None:
                found = True
                if any(one.method == "or" for one in chain(call)):  # beside what a variable of the body held
                    marks = {f"~{mark}" if mark[:1].isalpha() else mark: None for mark in marks}
                marks |= dict.fromkeys(read)
    if not found or not isinstance(last, (Do, Leave, Assign, If, Cases)):
        return None
    if not sure and any(mark[:1] not in "~?!" for mark in marks):
        marks = {"?": None, **marks}
    return tuple(marks)


def branches(source: Source, function: Func, relation: str) -> Iterator[tuple[str, ...] | None]:
    """The marks of what each way out of a function gives of `relation`; None for one that is not seen through.

    A way out that raises, gives nil or `none` is left out: it reads nothing.
    """
    for value in _ways_out(function.lower_body(), 0):
        if isinstance(value, Name) and value.path == relation:
            yield ()
        elif isinstance(value, Invoke) and (value.method == "raise" or chain(value)[-1].method == "none"):
            continue
        elif isinstance(value, Invoke) and getattr(chain(value)[0].receiver, "path", None) == relation:
            read = _chain(source, value)
            yield tuple(read) if read is not None else tuple(f"@{call.method}" for call in chain(value))
        elif not isinstance(value, Name) or value.path not in {"nil", "raise"}:
            yield None


def _ways_out(body: Sequence[Stmt], depth: int) -> Iterator[Expr]:
    """The values that a body ends with: its last one, or one returned on the way."""
    for statement in body[:_MAX]:
        inner: Sequence[Sequence[Stmt]] = ()
        if isinstance(statement, If):
            inner = (statement.then, statement.other)
        elif isinstance(statement, Cases):
            inner = statement.alternatives
        ends = statement is body[-1]
        if isinstance(statement, Leave) or (isinstance(statement, Do) and ends):
            value = statement.value
            yield from (value.then, value.other) if isinstance(value, Choose) else (value,) if value is not None else ()
        for one in inner if depth < 8 else ():
            yield from _ways_out(one if ends else [s for s in one if isinstance(s, (If, Cases, Leave))], depth + 1)


def default_columns(source: Source, function: Func) -> Iterator[str]:
    """The columns that a default scope compares, always and with a value that is not written out."""
    said = conditions(source, function) or ()
    if not any(mark[:1] in "?-" for mark in said):
        yield from (mark for mark in said if mark[:1] not in "~@%!+" and "." not in mark)


def _expressions(body: Sequence[Stmt], *, always: bool = True, depth: int = 0) -> Iterator[tuple[Expr, bool]]:
    """What is evaluated in a body, and whether it always is."""
    for statement in body[:_MAX]:
        if isinstance(statement, (Do, Leave, Assign)) and statement.value is not None:
            value = statement.value
            if isinstance(value, Choose):
                yield from ((side, False) for side in (value.then, value.other))
            else:
                yield value, always
        elif isinstance(statement, If) and depth < 8:
            yield from _expressions((*statement.then, *statement.other), always=False, depth=depth + 1)
        elif isinstance(statement, Cases) and depth < 8:
            inner = [one for alternative in statement.alternatives for one in alternative]
            yield from _expressions(inner, always=False, depth=depth + 1)
        elif isinstance(statement, Loop) and depth < 8:
            yield from _expressions(statement.body, always=False, depth=depth + 1)


def _called(expression: Expr, given: Container[str | None]) -> Expr:
    """A chain that begins with a bare name, `afloat.named(name)`, as the calls that it is."""
    start = chain(expression)[0].receiver if isinstance(expression, Invoke) else None
    if not isinstance(start, Name) or not start.path.isidentifier() or start.path[:1].isupper():
        return expression
    if start.path in given or start.path in {"self", "all", "unscoped"}:
        return expression
    made: Expr = Invoke(None, start.path, (), (), start.span, start.span)
    for call in chain(expression):
        made = replace(call, receiver=made)
    return made


def _spines(expression: Expr, body: Sequence[Stmt], owner: str) -> Iterator[Invoke]:
    """The call that an expression is, if its receivers end in the class itself, or in a variable of the body."""
    if isinstance(expression, Name) and "." not in expression.path:
        expression = Invoke(None, expression.path, (), (), expression.span, expression.span)
    if not isinstance(expression, Invoke):
        return
    held = {one.target for one in body if isinstance(one, Assign) and one.target is not None}
    root = chain(expression)[0]
    start = root.receiver
    own = start is None or (
        isinstance(start, Name) and (start.path in {"self", "all", "unscoped", owner} or start.path in held)
    )
    if own:
        yield expression


def _chain(source: Source, expression: Invoke, *, known: bool = False) -> list[str] | None:
    """The marks of `where(…).order(…)`; None if nothing in it is a query's."""
    calls = chain(expression)
    start = calls[0].receiver
    if any(call.method in _MAKES for call in calls):
        return None  # it makes a row
    known = known or (isinstance(start, Name) and start.path in {"all", "unscoped"})
    marks: list[str] = ["-"] if isinstance(start, Name) and start.path == "unscoped" else []
    for position, call in enumerate(calls):
        method = call.method
        known = known or method in COMPARES or method in _WIDENS or method in {"joins", "left_joins", "not", "missing"}
        known = known or (method in NARROWS or method in RUNS)
        if method == "or":  # its sides are both of the query that the scope is called on
            marks = [f"~{mark}" if mark[:1].isalpha() else mark for mark in marks]
        elif method == "unscope":
            marks += _taken(call)
        elif method in _WIDENS:
            marks.append("-" if method == "unscoped" else "%")
        elif method == "rewhere":
            marks += ["-", *compared(call)]
        elif method in COMPARES:
            marks += compared(call)
        elif method in {"joins", "left_joins", "left_outer_joins"}:
            marks += [f"+{text}" if (text := constant(one)) and text.isidentifier() else "%" for one in call.arguments]
            marks += [f"+{name}.{text}" if (text := constant(one)) else "%" for name, one in call.keywords]
        elif method == "not":
            marks += [f"~{name}" for name, _ in call.keywords]
        elif (
            method not in NARROWS and method not in RUNS and not method.startswith(("with_attached_", "with_rich_text"))
        ):
            marks.append(f"@{method}")
        if method in RUNS and position == len(calls) - 1:
            marks.append("!")
    return marks if known else None


def _taken(call: Invoke) -> Iterator[str]:
    """`unscope(where: :fleet_id)` takes the conditions on a column away, `unscope(:where)` all of them."""
    for name, value in call.keywords:
        if name == "where":
            yield from (f"-{text}" for text in texts(value) or ("",))
    if any(constant(one) == "where" or not isinstance(one, Text) for one in call.arguments):
        yield "-"


def compared(call: Invoke) -> Iterator[str]:
    """Columns of `where(fleet: fleet)`, `where("fleet_id = ?", id)`; literals and negations prove nothing."""
    given = [pair for one in call.arguments if isinstance(one, Pairs) for pair in one.pairs]
    for name, value in (*given, *call.keywords):
        if name is None:
            yield "%"
        elif isinstance(value, Pairs):
            for inner, held in value.pairs:
                yield f"{'' if inner is not None and _varies(held) else '~'}{name}.{inner}"
        else:
            yield name if _varies(value) else f"~{name}"
    first = call.arguments[0] if call.arguments else None
    if isinstance(first, Items) and first.items:
        first = first.items[0]
    text = constant(first)
    if text is not None:
        equal = () if _OR.search(text) or re.search(r"\bNOT\b", text, re.IGNORECASE) else _EQUAL.findall(text)
        sure = {f"{table}.{column}" if table else column for table, column in equal}
        yield from sorted(sure)
        yield from (f"~{word}" for word in dict.fromkeys(_WORD.findall(text)) if word not in sure)
    elif first is not None and not isinstance(first, Pairs):
        yield "%"


def _varies(value: Expr) -> bool:
    """Whether a value is that of a variable or a call: not a constant, not a range, not nil."""
    if isinstance(value, (Name, Invoke)):
        return not (isinstance(value, Name) and (value.path in {"nil", "true", "false"} or value.path[:1].isupper()))
    if isinstance(value, Items):
        return bool(value.items) and all(_varies(item) for item in value.items)
    return isinstance(value, Other) and not value.operator and isinstance(next(iter(value.parts), None), (Name, Invoke))


__all__ = ["COMPARES", "NARROWS", "OTHER", "RUNS", "branches", "compared", "conditions", "default_columns"]
