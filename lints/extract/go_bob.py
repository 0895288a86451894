"""Statements of bob: `psql.Select(sm.From("boats"), sm.Where(psql.Quote("id").EQ(psql.Arg(id))))`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from lints.extract import builders
from lints.extract.builder_conditions import STATE
from lints.extract.ir import Invoke, Name, Span
from lints.extract.sqltext import names
from lints.extract.values import Fragment, Gap, Joined, Listing, Lit, Value, is_text, rope

if TYPE_CHECKING:
    from lints.extract.interpret import Interpreter

_IMPORT = b"stephenafamo/bob"
_MOD = f"{STATE}:"
"""Begins the tags of what a statement is made of."""
_COLUMN, _SET = f"{_MOD}column", f"{_MOD}set"
_DIALECTS, _MODS = names("psql mysql sqlite"), names("sm um dm im")
_VERBS = {"Select": "SELECT ", "Update": "UPDATE ", "Delete": "DELETE FROM ", "Insert": "INSERT INTO "}
_COMPARES = {"EQ": "=", "NE": "<>", "GT": ">", "GTE": ">=", "LT": "<", "LTE": "<=", "Like": "LIKE", "ILike": "ILIKE"}
_PARTS = {
    "From": "table", "Table": "table", "Into": "table", "Where": "where", "Columns": "none", "OrderBy": "none",
    "Limit": "none", "Offset": "none", "GroupBy": "none", "Returning": "none", "Distinct": "none", "Values": "values",
}  # fmt: skip


def called(interpreter: Interpreter, call: Invoke, receiver: Value | None, arguments: list[Value]) -> Value | None:
    """The condition or the part of a statement that a call is; None for any other call."""
    if not _imports(interpreter.notes.source):
        return None
    method, where = call.method, call.span
    path = call.receiver.path if isinstance(call.receiver, Name) else ""
    if isinstance(receiver, Fragment) and receiver.tag == _COLUMN:
        return _compared(receiver.value, method, arguments, where)
    if isinstance(receiver, Fragment) and receiver.tag == STATE and method in {"And", "Or"}:
        return _joined(method, [receiver, *arguments], where)
    if isinstance(receiver, Fragment) and receiver.tag == _SET:
        return Fragment(rope(receiver.value, Lit(" = ", where), Gap("value", where, bound=True)), f"{_MOD}sets")
    if path in _DIALECTS:
        return _of_dialect(interpreter, method, arguments, where)
    if path not in _MODS:
        return None
    first = arguments[0] if arguments else Gap(method, where)
    if method == "SetCol":
        return Fragment(first, _SET)
    tag = _PARTS.get(method, "unseen")
    if tag == "table" and len(arguments) > 1:  # im.Into("boats", "id", "name")
        named = Joined(", ", Listing(tuple(arguments[1:])))
        first = rope(first, Lit(" (", where), named, Lit(")", where))
    return Fragment(_plain(first, where) if tag == "where" else first, f"{_MOD}{tag}")


@lru_cache(maxsize=4)
def _imports(source: bytes) -> bool:
    return _IMPORT in source[:6000]


def _of_dialect(interpreter: Interpreter, method: str, arguments: list[Value], where: Span) -> Value | None:
    if method == "Quote" and arguments and all(isinstance(one, Lit) for one in arguments):
        return Fragment(Joined(".", Listing(tuple(arguments))), _COLUMN)
    if method == "Raw" and arguments and is_text(arguments[0]):
        return Fragment(rope(Lit("(", where), arguments[0], Lit(")", where)), STATE)
    if method in {"And", "Or"} and arguments:
        return _joined(method, arguments, where)
    if method == "Arg":
        return Listing(tuple(Gap("value", where, bound=True) for _ in arguments))
    if method not in _VERBS:
        return None
    parts: dict[str, list[Value]] = {}
    for one in arguments:
        tag = one.tag.removeprefix(_MOD) if isinstance(one, Fragment) and one.tag.startswith(_MOD) else "unseen"
        parts.setdefault(tag, []).append(one.value if isinstance(one, Fragment) else one)
    made = builders.begun(_VERBS[method], where)
    if "table" not in parts:
        return None
    made.fields["table"] = parts["table"][0]
    unseen = [Gap("condition", where)] if "unseen" in parts else []
    made.fields["where"] = Listing((*parts.get("where", ()), *unseen))
    made.fields["sets"] = Listing(tuple(parts.get("sets", ())))
    rows = parts.get("values", [])
    made.fields["values"] = rows[0] if rows and isinstance(rows[0], Listing) else Listing(tuple(rows))
    interpreter.notes.note(builders.text_of(made), None, 3)
    return Gap(method, where)


def _compared(column: Value, method: str, arguments: list[Value], where: Span) -> Value | None:
    value = Gap("value", where, bound=True)
    if method in _COMPARES and arguments:
        other = arguments[0]
        right = other.value if isinstance(other, Fragment) and other.tag == _COLUMN else value
        return Fragment(rope(column, Lit(f" {_COMPARES[method]} ", where), right), STATE)
    if method in {"In", "NotIn"}:
        sign = re.sub(r"(?<=t)(?=In)", " ", method).upper()
        return Fragment(rope(column, Lit(f" {sign} (", where), value, Lit(")", where)), STATE)
    if method in {"IsNull", "IsNotNull"}:
        said = " IS NULL" if method == "IsNull" else " IS NOT NULL"
        return Fragment(rope(column, Lit(said, where)), STATE)
    return None


def _joined(method: str, items: list[Value], where: Span) -> Fragment:
    parts = Listing(tuple(_plain(item, where) for item in items))
    return Fragment(rope(Lit("(", where), Joined(f" {method.upper()} ", parts), Lit(")", where)), STATE)


def _plain(value: Value, where: Span) -> Value:
    return value.value if isinstance(value, Fragment) and value.tag == STATE else Gap("condition", where)
