"""Statements of go-jet: `SELECT(Boats.AllColumns).FROM(Boats).WHERE(Boats.ID.EQ(UUID(id)))` of tables it has made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lints.extract import builders
from lints.extract.builder_conditions import STATE
from lints.extract.ir import Invoke, Name, Span
from lints.extract.sqltext import names
from lints.extract.values import (
    Alt,
    Fragment,
    Gap,
    Joined,
    Listing,
    Lit,
    Nothing,
    Record,
    Value,
    on_each_path,
    rope,
)
from lints.patterns import regex
from lints.schema.go_names import snake

if TYPE_CHECKING:
    from lints.extract.interpret import Interpreter

_IMPORT = b"go-jet/jet"
_HELD = "\0jet"
"""Marks a builder of this library."""
_TABLE = f"{STATE}.jet"
_COLUMN = regex(r"(?:[a-z]\w*\.)?([A-Z]\w*)\.([A-Z]\w*)")
_NAMED = regex(r"(?:[a-z]\w*\.)?([A-Z]\w*)")
_SETS = regex(r"(?:AllColumns|MutableColumns)$")
_VERBS = {"SELECT": "SELECT ", "UPDATE": "UPDATE ", "DELETE": "DELETE FROM ", "INSERT": "INSERT INTO "}
_JOINS = {
    "INNER_JOIN": " JOIN ", "LEFT_JOIN": " LEFT JOIN ", "RIGHT_JOIN": " RIGHT JOIN ", "FULL_JOIN": " FULL JOIN ",
    "CROSS_JOIN": " CROSS JOIN ",
}  # fmt: skip
_COMPARES = {
    "EQ": "=", "NOT_EQ": "<>", "GT": ">", "GT_EQ": ">=", "LT": "<", "LT_EQ": "<=", "LIKE": "LIKE",
    "NOT_LIKE": "NOT LIKE", "IS_DISTINCT_FROM": "IS DISTINCT FROM", "IS_NOT_DISTINCT_FROM": "IS NOT DISTINCT FROM",
}  # fmt: skip
_ALONE = {"IS_NULL": " IS NULL", "IS_NOT_NULL": " IS NOT NULL"}
_KEEPS = names("ORDER_BY LIMIT OFFSET GROUP_BY HAVING FOR DISTINCT RETURNING AsTable")


def called(interpreter: Interpreter, call: Invoke, receiver: Value | None, arguments: list[Value]) -> Value | None:
    """The statement that a call begins or goes on with, or the condition it is; None for any other call."""
    if _IMPORT not in interpreter.notes.source[:6000]:
        return None
    method, where = call.method, call.span
    if isinstance(receiver, Record) and _HELD in receiver.fields:
        return builders.noted(interpreter, _continued(receiver, method, arguments, where))
    path = call.receiver.path if isinstance(call.receiver, Name) else ""
    column = _COLUMN.fullmatch(path)
    if column is not None and (found := _compared(_of_column(column), method, arguments, where)) is not None:
        return found
    if method in {"AND", "OR"} and arguments:
        if isinstance(receiver, (Fragment, Alt)):
            return on_each_path(receiver, lambda side: _joined(method, [side, *arguments], where))
        return _joined(method, arguments, where) if not path or path.islower() else None
    if method == "NOT" and arguments and (not path or path.islower()):
        return Fragment(rope(Lit("NOT (", where), _plain(arguments[0], where), Lit(")", where)), STATE)
    if method in _JOINS and arguments:
        left = receiver.value if isinstance(receiver, Fragment) and receiver.tag == _TABLE else _table(path, where)
        on = (Lit(" ON ", where), _plain(arguments[1], where)) if len(arguments) > 1 else ()
        return Fragment(rope(left, Lit(_JOINS[method], where), _named(arguments[0], where), *on), _TABLE)
    if method not in _VERBS or (receiver is not None and isinstance(receiver, (Record, Fragment))):
        return None
    begun = builders.begun(_VERBS[method], where)
    begun.fields[_HELD] = Lit("", where)
    if path and not path.islower():
        begun.fields["table"] = _table(path, where)
    listed = [_shown(argument, where) for argument in arguments]
    begun.fields["columns"] = Listing(tuple(one for one in listed if one is not None))
    return begun if method != "SELECT" or not path else builders.noted(interpreter, begun)


def _continued(builder: Record, method: str, arguments: list[Value], where: Span) -> Record:
    fields = dict(builder.fields)
    held = fields.get("columns")
    columns = held.items if isinstance(held, Listing) else ()
    if method == "FROM" and arguments:
        fields["table"] = Joined(", ", Listing(tuple(_named(argument, where) for argument in arguments)))
    elif method == "WHERE" and arguments:
        fields["where"] = Listing((on_each_path(arguments[0], lambda side: _plain(side, where)),))
    elif method == "SET":
        assigned = [one.value for one in arguments if isinstance(one, Fragment) and one.tag == STATE]
        if columns and not assigned:
            value = Gap("value", where, bound=True)
            assigned = [rope(column, Lit(" = ", where), value) for column in columns]
        before = fields.get("sets")
        fields["sets"] = Listing((*(before.items if isinstance(before, Listing) else ()), *assigned))
    elif method in {"MODEL", "MODELS", "VALUES"}:
        value = Gap("value", where, bound=True)
        shown = columns or (Gap("columns", where),)
        fields["columns"] = Listing(shown)
        fields["values"] = Listing(tuple(value for _ in shown))
        fields["sets"] = Listing(tuple(rope(column, Lit(" = ", where), value) for column in shown))
    elif method == "ON_CONFLICT":
        named = Listing(tuple(_bare(argument, where) for argument in arguments))
        fields["tails"] = Listing((rope(Lit(" ON CONFLICT (", where), Joined(", ", named), Lit(")", where)),))
    elif method in {"DO_NOTHING", "DO_UPDATE"}:
        said = Lit(" DO NOTHING", where) if method == "DO_NOTHING" else Lit(" DO UPDATE SET ", where)
        before = fields.get("tails")
        given = [argument for argument in arguments if method == "DO_UPDATE"]
        parts = (said, *(_plain(argument, where) for argument in given))
        fields["tails"] = Listing((*(before.items if isinstance(before, Listing) else ()), rope(*parts)))
    elif method not in _KEEPS:
        before = fields.get("where")
        held_before = before.items if isinstance(before, Listing) else ()
        fields["where"] = Listing((*held_before, Gap(method, where)))  # what else there is may add anything
    return Record(fields, builder.source)


def _compared(column: Lit, method: str, arguments: list[Value], where: Span) -> Value | None:
    """What a call on a column gives: a comparison, or what it is set to."""
    if method in _COMPARES and len(arguments) == 1:
        return Fragment(rope(column, Lit(f" {_COMPARES[method]} ", where), _value(arguments[0], where)), STATE)
    if method in _ALONE and not arguments:
        return Fragment(rope(column, Lit(_ALONE[method], where)), STATE)
    if method in {"IN", "NOT_IN"}:
        rows = arguments[0] if arguments and isinstance(arguments[0], Record) else None
        inner = builders.text_of(rows) if rows is not None and _HELD in rows.fields else None
        given = inner if inner is not None and not isinstance(inner, Nothing) else Gap("values", where, bound=True)
        return Fragment(rope(column, Lit(f" {method.replace('_', ' ')} (", where), given, Lit(")", where)), STATE)
    if method == "BETWEEN":
        value = Gap("value", where, bound=True)
        return Fragment(rope(column, Lit(" BETWEEN ", where), value, Lit(" AND ", where), value), STATE)
    if method == "SET" and len(arguments) == 1:
        bare = Lit(column.text.rpartition(".")[2], where)
        return Fragment(rope(bare, Lit(" = ", where), _value(arguments[0], where)), STATE)
    return None


def _joined(method: str, items: list[Value], where: Span) -> Fragment:
    parts = Listing(tuple(on_each_path(item, lambda side: _plain(side, where)) for item in items))
    return Fragment(rope(Lit("(", where), Joined(f" {method} ", parts), Lit(")", where)), STATE)


def _plain(value: Value, where: Span) -> Value:
    return value.value if isinstance(value, Fragment) and value.tag == STATE else Gap("condition", where)


def _value(given: Value, where: Span) -> Value:
    column = _COLUMN.fullmatch(given.source) if isinstance(given, Gap) else None
    if column is not None:
        return _of_column(column)
    return Gap(given.source if isinstance(given, Gap) else "value", where, bound=True)


def _of_column(found: re.Match[str]) -> Lit:
    return Lit(f"{snake(found.group(1))}.{snake(found.group(2))}", (0, 0))


def _shown(value: Value, where: Span) -> Value | None:
    """A column as it is listed; None for all of them."""
    text = value.source if isinstance(value, Gap) else ""
    if _SETS.search(text):
        return None
    return _bare(value, where) if text else Gap("column", where)


def _bare(value: Value, where: Span) -> Value:
    column = _COLUMN.fullmatch(value.source) if isinstance(value, Gap) else None
    return Lit(snake(column.group(2)), where) if column is not None else Gap("column", where)


def _table(path: str, where: Span) -> Value:
    found = _NAMED.fullmatch(path)
    return Lit(snake(found.group(1)), where) if found is not None else Gap("table", where)


def _named(value: Value, where: Span) -> Value:
    if isinstance(value, Fragment) and value.tag == _TABLE:
        return value.value
    return _table(value.source, where) if isinstance(value, Gap) else Gap("table", where)
