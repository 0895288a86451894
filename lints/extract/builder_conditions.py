"""Conditions of Go's statement builders as text: `sq.Eq{"id": id}`, `goqu.C("id").Eq(id)`, and their ANDs and ORs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

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
    Rope,
    Sized,
    Value,
    is_text,
    on_each_path,
    rope,
)
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.extract.interpret import Interpreter

STATE = "\0statement"
"""Marks the values that are builders, and the fragments that are conditions of one."""
_ALL, _ANY, _FIELDS, _COLUMN, _TABLE = (f"{STATE}{sign}" for sign in "&|=.t")
PUT = "\0put"
"""The call that `where["id"] = id` is lowered to."""
_COMPARISONS = {
    "Eq": " = ", "Ex": " = ", "NotEq": " <> ", "Gt": " > ", "GtOrEq": " >= ", "Lt": " < ", "LtOrEq": " <= ",
    "Like": " LIKE ", "ILike": " ILIKE ", "NotLike": " NOT LIKE ",
}  # fmt: skip
_OF_COLUMN = {
    "Eq": "=", "Neq": "<>", "Gt": ">", "Gte": ">=", "Lt": "<", "Lte": "<=", "Like": "LIKE", "ILike": "ILIKE",
    "Is": "IS", "IsNot": "IS NOT",
}  # fmt: skip
_ALONE = {"IsNull": "IS NULL", "IsNotNull": "IS NOT NULL", "IsTrue": "IS TRUE", "IsFalse": "IS FALSE"}
_TEXTS = names("Expr L Literal")
_COLUMN_TEXT = regex(r"[\w.\"]+|\w+\(\s*[\w.\"]+(?:\s*,\s*(?:[\w.\"]+|'[^'()]*'))*\s*\)")
"""A column, or a function of one."""
_EXPORTED = regex(r"(?:\w+\.)?[A-Z]\w*[a-z]\w*")
"""What may be a constant of another file (`lints.extract.constants`)."""
_OPERATES = regex(r"&?(?:goqu|sq|squirrel)\.")
_OF_DBR = {"Eq": "=", "Neq": "<>", "Gt": ">", "Gte": ">=", "Lt": "<", "Lte": "<="}
_LIBRARY = regex(r"(?:\w*[gG]oqu|sq|squirrel|dbr)")


def called(interpreter: Interpreter, call: Invoke, receiver: Value | None, arguments: list[Value]) -> Value | None:
    """The condition, or the column of one, that a call is; None for any other call."""
    where, method = call.span, call.method
    first = arguments[0] if arguments else None
    if method == PUT:
        return _put(receiver, arguments, where)
    if isinstance(receiver, Fragment) and receiver.tag == _COLUMN:
        return _of_column(receiver.value, method, arguments, where)
    if isinstance(receiver, Fragment) and receiver.tag == _TABLE and method == "As" and isinstance(first, Lit):
        return Fragment(rope(receiver.value, Lit(" AS ", where), first), _TABLE)
    if method in _COMPARISONS and len(arguments) == 1 and isinstance(first, Record):
        return Fragment(compared(first, _COMPARISONS[method], where), _FIELDS)
    library = isinstance(call.receiver, Name) and _LIBRARY.fullmatch(call.receiver.path) is not None
    if method in {"And", "Or"}:
        if len(arguments) == 1 and isinstance(first, Listing):
            return _joined(method, first.items, where)
        if library and arguments:
            return _joined(method, arguments, where)
        return None
    if not library:
        return None
    if method in _OF_DBR and len(arguments) == 2 and isinstance(first, Lit):  # dbr.Eq("id", id)
        value = Gap("value", where, bound=True)
        return Fragment(rope(first, Lit(f" {_OF_DBR[method]} ", where), value), STATE)
    if method in {"C", "I"} and isinstance(first, Lit) and re.fullmatch(r"[\w.]+", first.text):
        return Fragment(first, _COLUMN)
    if method == "On" and arguments:
        return _joined("And", arguments, where)
    if method in _TEXTS and first is not None and is_text(first):
        return Fragment(rope(Lit("(", where), first, Lit(")", where)), STATE)
    if method == "T" and isinstance(first, Lit):
        return Fragment(first, _TABLE)
    return None


def condition(value: Value, where: Span) -> Value:
    """A condition as text; what is none that is known here is a gap."""
    if isinstance(value, Fragment) and value.tag.startswith(STATE):
        return value.value
    if isinstance(value, Record) and STATE not in value.fields:
        return compared(value, " = ", where)
    if isinstance(value, Listing) and value.items:
        first = value.items[0]
        word = "Or" if isinstance(first, Fragment) and first.tag == _ANY else "And"
        return _joined(word, value.items, where).value  # `append(sq.Or{…}, x)` is an OR still
    if isinstance(value, (Lit, Rope, Alt, Sized, Fragment)) and is_text(value):
        return rope(Lit("(", where), value, Lit(")", where))
    return value if isinstance(value, (Gap, Nothing)) else Gap("condition", where)


def compared(value: Record, operator: str, where: Span) -> Value:
    """Every field of a map compared with its value."""
    items = [_pair(key, operator, held, where) for key, held in value.fields.items()]
    return Joined(" AND ", Listing(tuple(items))) if items else Lit("1 = 1", where)


def _pair(key: str, operator: str, held: Value, where: Span) -> Value:
    operates = isinstance(held, Gap) and not held.bound and _OPERATES.match(held.source) is not None
    if _COLUMN_TEXT.fullmatch(key) is None or isinstance(held, Record) or operates:
        return Gap(key, where)  # a computed key, or an operator of the library's
    if isinstance(held, Nothing):
        return Lit(f"{key} IS {'NOT ' if '<>' in operator else ''}NULL", where)
    if isinstance(held, Alt):
        return on_each_path(held, lambda side: _pair(key, operator, side, where))
    return rope(Lit(f"{key}{operator}", where), _value(held, key, where))


def _value(held: Value, name: str, where: Span) -> Value:
    if isinstance(held, Lit):
        return Lit("'" + held.text.replace("'", "''") + "'", where)
    if isinstance(held, Fragment) and held.tag.startswith(STATE):
        return held.value
    return Gap(name, where, bound=True)


def _joined(word: str, items: Sequence[Value], where: Span) -> Fragment:
    parts = Listing(tuple(_part(item, where) for item in items))
    tag = _ALL if word == "And" else _ANY
    return Fragment(rope(Lit("(", where), Joined(f" {word.upper()} ", parts), Lit(")", where)), tag)


def _part(item: Value, where: Span) -> Value:
    return on_each_path(item, lambda side: condition(side, where))


def _of_column(column: Value, method: str, arguments: list[Value], where: Span) -> Value | None:
    """What a method of goqu's columns makes of one."""
    if method in _OF_COLUMN and len(arguments) == 1:
        if isinstance(arguments[0], Nothing):
            return Fragment(rope(column, Lit(" IS NULL" if method in {"Eq", "Is"} else " IS NOT NULL", where)), STATE)
        return Fragment(
            rope(column, Lit(f" {_OF_COLUMN[method]} ", where), _value(arguments[0], "value", where)), STATE
        )
    if method in _ALONE:
        return Fragment(rope(column, Lit(f" {_ALONE[method]}", where)), STATE)
    if method in {"In", "NotIn"}:
        sign = " IN (" if method == "In" else " NOT IN ("
        return Fragment(rope(column, Lit(sign, where), Gap("values", where, bound=True), Lit(")", where)), STATE)
    return Gap(method, where)


def _put(receiver: Value | None, arguments: list[Value], where: Span) -> Value | None:
    """A map with one more entry."""
    key, value = arguments[0], arguments[1]
    if isinstance(receiver, Record) and STATE not in receiver.fields and isinstance(key, Lit):
        return Record({**receiver.fields, key.text: value}, receiver.source)
    if isinstance(receiver, Fragment) and receiver.tag == _FIELDS:
        named = isinstance(key, Gap) and not key.bound and _EXPORTED.fullmatch(key.source) is not None
        if isinstance(key, Lit):
            more = _pair(key.text, " = ", value, where)
        elif named or (isinstance(key, Rope) and all(isinstance(part, Lit) for part in key.parts)):
            more = rope(key, Lit(" = ", where), _value(value, "value", where))
        else:
            more = Gap("condition", where)
        return Fragment(rope(receiver.value, Lit(" AND ", where), more), _FIELDS)
    return receiver
