"""Statements that huandu/go-sqlbuilder puts together: `sb.Select("id").From("boats").Where(sb.EQ("id", id))`.

A builder changes in place, so that `sb.Where(…)` on a line of its own counts; conditions are calls on the builder too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lints.extract import builders
from lints.extract.builder_conditions import STATE
from lints.extract.ir import Invoke, Name, Span
from lints.extract.sqltext import names
from lints.extract.values import Fragment, Gap, Joined, Listing, Lit, Record, Value, is_text, rope

if TYPE_CHECKING:
    from lints.extract.environment import Env
    from lints.extract.interpret import Interpreter

_IMPORT = b"huandu/go-sqlbuilder"
_HELD = "\0changes"
"""Marks a builder of this library."""
_NEW = {
    "NewSelectBuilder": "SELECT ", "NewUpdateBuilder": "UPDATE ", "NewDeleteBuilder": "DELETE FROM ",
    "NewInsertBuilder": "INSERT INTO ",
}  # fmt: skip
_BEGINS = {
    "Select": "SELECT ", "SelectFrom": "SELECT ", "SelectFromForTag": "SELECT ", "DeleteFrom": "DELETE FROM ",
    "Update": "UPDATE ", "InsertInto": "INSERT INTO ", "ReplaceInto": "INSERT INTO ",
    "InsertIgnoreInto": "INSERT INTO ",
}  # fmt: skip
_COMPARES = {
    "Equal": "=", "E": "=", "EQ": "=", "NotEqual": "<>", "NE": "<>", "GreaterThan": ">", "G": ">", "GT": ">",
    "GreaterEqualThan": ">=", "GE": ">=", "GTE": ">=", "LessThan": "<", "L": "<", "LT": "<", "LessEqualThan": "<=",
    "LE": "<=", "LTE": "<=", "Like": "LIKE", "NotLike": "NOT LIKE", "ILike": "ILIKE", "NotILike": "NOT ILIKE",
    "IsDistinctFrom": "IS DISTINCT FROM", "IsNotDistinctFrom": "IS NOT DISTINCT FROM", "Assign": "=",
}  # fmt: skip
_ALONE = {"IsNull": " IS NULL", "IsNotNull": " IS NOT NULL"}
_LISTS = {"In": " IN (", "NotIn": " NOT IN ("}
_TAILS = {"GroupBy": " GROUP BY ", "OrderBy": " ORDER BY ", "Having": " HAVING "}
_TABLES = names("From Update DeleteFrom InsertInto ReplaceInto InsertIgnoreInto")
_KEEPS = names("Limit Offset Distinct Asc Desc OrderByAsc OrderByDesc ForUpdate ForShare SetFlavor Returning NumCol")
_ENDS = names("Build BuildWithFlavor String")


def called(
    interpreter: Interpreter, call: Invoke, receiver: Value | None, arguments: list[Value], env: Env
) -> Value | None:
    """The builder that a call begins or changes, or the condition it is; None for any other call."""
    if _IMPORT not in interpreter.notes.source[:6000] or call.receiver is None:
        return None
    if isinstance(receiver, Record) and _HELD in receiver.fields:
        made = _condition(call, arguments)
        if made is not None:
            return made
        if call.method in _ENDS:
            builders.handed(interpreter, receiver, 3)
            return None
        changed = _changed(receiver, call, arguments)
        root = call.receiver
        while isinstance(root, Invoke) and root.receiver is not None:
            root = root.receiver
        held = env.find(root.path) if isinstance(root, Name) else None
        if isinstance(root, Name) and isinstance(held, Record) and _HELD in held.fields:
            env.put(root.path, changed)
        return builders.noted(interpreter, changed)
    verb = _NEW.get(call.method) or _BEGINS.get(call.method)
    if verb is None or isinstance(receiver, (Record, Fragment)):
        return None
    begun = builders.begun(verb, call.span)
    begun.fields[_HELD] = Lit("", call.span)
    if call.method in _NEW:
        return begun
    if call.method.startswith("SelectFrom"):
        begun.fields["table"] = arguments[0] if arguments else Gap("table", call.span)
        return builders.noted(interpreter, begun)
    begun = _changed(begun, call, arguments)
    if len(arguments) > 1 and call.method == "Update":
        begun.fields["sets"] = Listing((Gap("fields", call.span),))
    elif len(arguments) > 1 and call.method == "InsertInto":
        begun.fields["columns"] = Listing((Gap("fields", call.span),))
        begun.fields["values"] = Listing((Gap("values", call.span),))
    return builders.noted(interpreter, begun)


def _changed(builder: Record, call: Invoke, arguments: list[Value]) -> Record:
    fields, method, where = dict(builder.fields), call.method, call.span

    def add(part: str, *values: Value) -> None:
        held = fields.get(part)
        fields[part] = Listing((*(held.items if isinstance(held, Listing) else ()), *values))

    if method == "Select":
        fields["columns"] = Listing(tuple(arguments))
    elif method in {"SelectMore", "Cols"}:
        add("columns", *arguments)
    elif method in _TABLES and arguments:
        several = method == "From" and len(arguments) > 1
        fields["table"] = Joined(", ", Listing(tuple(arguments))) if several else arguments[0]
    elif method == "Where":
        add("where", *(_plain(argument, where) for argument in arguments))
    elif method in {"Join", "JoinWithOption"} and arguments:
        option, rest = ("", arguments) if method == "Join" else ("LEFT ", arguments[1:])
        conditions = Listing(tuple(_plain(argument, where) for argument in rest[1:]))
        on = (Lit(" ON ", where), Joined(" AND ", conditions)) if conditions.items else ()
        add("joins", rope(Lit(f" {option}JOIN ", where), *rest[:1], *on))
    elif method in {"Set", "SetMore"}:
        add("sets", *(_plain(argument, where) for argument in arguments))
    elif method == "Values":
        fields["values"] = Listing(tuple(Gap("value", where, bound=True) for _ in arguments))
    elif method in _TAILS and arguments:
        add("tails", rope(Lit(_TAILS[method], where), Joined(", ", Listing(tuple(arguments)))))
    elif method not in _KEEPS:
        add("where", Gap(method, where))  # what else there is may add anything
    return Record(fields, builder.source)


def _condition(call: Invoke, arguments: list[Value]) -> Value | None:
    """What a call on a builder gives that is a part of a statement."""
    method, where = call.method, call.span
    first = arguments[0] if arguments else None
    if method == "Var":
        return Gap("value", where, bound=True)
    if method == "As" and len(arguments) == 2:
        return Fragment(rope(arguments[0], Lit(" AS ", where), arguments[1]), STATE)
    if method in {"And", "Or"} and arguments:
        parts = Listing(tuple(_plain(argument, where) for argument in arguments))
        return Fragment(rope(Lit("(", where), Joined(f" {method.upper()} ", parts), Lit(")", where)), STATE)
    if method == "Not" and len(arguments) == 1:
        return Fragment(rope(Lit("NOT (", where), _plain(arguments[0], where), Lit(")", where)), STATE)
    if first is None or not (method in _COMPARES or method in _ALONE or method in _LISTS or method == "Between"):
        return None
    column = first if is_text(first) else Gap("column", where)
    value = Gap("value", where, bound=True)
    if method in _ALONE:
        return Fragment(rope(column, Lit(_ALONE[method], where)), STATE)
    if method in _LISTS:
        return Fragment(rope(column, Lit(_LISTS[method], where), value, Lit(")", where)), STATE)
    if method == "Between":
        return Fragment(rope(column, Lit(" BETWEEN ", where), value, Lit(" AND ", where), value), STATE)
    return Fragment(rope(column, Lit(f" {_COMPARES[method]} ", where), value), STATE)


def _plain(value: Value, where: Span) -> Value:
    """A part as it is written: the library adds no brackets to a text."""
    if isinstance(value, Fragment) and value.tag.startswith(STATE):
        return value.value
    return value if is_text(value) else Gap("condition", where)
