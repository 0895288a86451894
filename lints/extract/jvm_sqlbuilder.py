"""Statements that MyBatis puts together: `new SQL().SELECT("id").FROM("boats").WHERE("id = #{id}").toString()`.

A builder changes in place; `new SQL() {{ SELECT("id"); FROM("boats"); }}` calls it without a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lints.extract import builders
from lints.extract.builder_conditions import STATE
from lints.extract.ir import Invoke, Name, Span
from lints.extract.mybatis import stated
from lints.extract.sqltext import names
from lints.extract.values import Fn, Gap, Joined, Listing, Lit, Record, Rope, Value, is_text, rope

if TYPE_CHECKING:
    from lints.extract.environment import Env
    from lints.extract.interpret import Interpreter

_IMPORT = b"ibatis.jdbc."
_SELF = "@sql"
"""What the builder is called whose body is a block: no name of Java."""
_HELD, _OPEN = "\0mybatis", "\0or"
_VERBS = {
    "SELECT": "SELECT ", "SELECT_DISTINCT": "SELECT ", "UPDATE": "UPDATE ", "DELETE_FROM": "DELETE FROM ",
    "INSERT_INTO": "INSERT INTO ",
}  # fmt: skip
_JOINS = {
    "JOIN": " JOIN ", "INNER_JOIN": " JOIN ", "LEFT_OUTER_JOIN": " LEFT JOIN ", "RIGHT_OUTER_JOIN": " RIGHT JOIN ",
    "OUTER_JOIN": " FULL JOIN ",
}  # fmt: skip
_TAILS = {"GROUP_BY": " GROUP BY ", "HAVING": " HAVING ", "ORDER_BY": " ORDER BY "}
_KEEPS = names("LIMIT OFFSET FETCH_FIRST_ROWS_ONLY OFFSET_ROWS AND ADD_ROW applyIf")


def called(
    interpreter: Interpreter, call: Invoke, receiver: Value | None, arguments: list[Value], env: Env
) -> Value | None:
    """The builder that a call begins or changes, or its text; None for any other call."""
    method = call.method
    if method == "SQL" and call.receiver is None and _IMPORT in interpreter.notes.source:
        begun = builders.begun("SELECT ", call.span)
        begun.fields[_HELD] = Lit("", call.span)
        return _after_block(interpreter, begun, arguments)
    held = receiver
    if call.receiver is None and method.isupper():
        held = env.find(_SELF)
    if not isinstance(held, Record) or _HELD not in held.fields:
        return None
    if method in {"toString", "usingAppender"}:
        builders.handed(interpreter, held, 3)
        return builders.text_of(held)
    changed = _changed(held, call, [_bound(argument) for argument in arguments])
    root = call.receiver
    while isinstance(root, Invoke) and root.receiver is not None:
        root = root.receiver
    name = root.path if isinstance(root, Name) else _SELF if root is None else ""
    kept = env.find(name) if name else None
    if isinstance(kept, Record) and _HELD in kept.fields:
        env.put(name, changed)
    return changed


def _after_block(interpreter: Interpreter, builder: Record, arguments: list[Value]) -> Record:
    """A builder once the block after `new SQL()` has run, which calls it without a name."""
    held = arguments[-1] if arguments else None
    block = held.items[0] if isinstance(held, Listing) and len(held.items) == 1 else None
    if not isinstance(block, Fn):
        return builder
    inner = block.env.inside()
    inner.bind(_SELF, builder)
    interpreter.function(block.function, inner, ())
    found = inner.find(_SELF)
    return found if isinstance(found, Record) else builder


def _changed(builder: Record, call: Invoke, arguments: list[Value]) -> Record:
    fields, method, where = dict(builder.fields), call.method, call.span

    def add(part: str, *values: Value) -> None:
        held = fields.get(part)
        fields[part] = Listing((*(held.items if isinstance(held, Listing) else ()), *values))

    if method in _VERBS:
        fields[STATE] = Lit(_VERBS[method], where)
    if method.startswith("SELECT"):
        add("columns", *arguments)
    elif method in {"FROM", "UPDATE", "DELETE_FROM", "INSERT_INTO"} and arguments:
        fields["table"] = Joined(", ", Listing(tuple(arguments))) if len(arguments) > 1 else arguments[0]
    elif method == "WHERE":
        _narrow(fields, [_text(argument, where) for argument in arguments], where)
    elif method == "OR":
        fields[_OPEN] = Lit("", where)
    elif method in _JOINS:
        add("joins", *(rope(Lit(_JOINS[method], where), argument) for argument in arguments))
    elif method == "SET":
        add("sets", *(_text(argument, where) for argument in arguments))
    elif method in {"VALUES", "INTO_COLUMNS", "INTO_VALUES"}:
        if method != "INTO_VALUES":
            add("columns", *(arguments[:1] if method == "VALUES" else arguments))
        if method != "INTO_COLUMNS":
            add("values", *(_text(argument, where) for argument in arguments[1 if method == "VALUES" else 0 :]))
    elif method in _TAILS and arguments:
        add("tails", rope(Lit(_TAILS[method], where), Joined(", ", Listing(tuple(arguments)))))
    elif method not in _KEEPS:
        add("where", Gap(method, where))  # what else there is may add anything
    return Record(fields, builder.source)


def _narrow(fields: dict[str, Value], parts: list[Value], where: Span) -> None:
    """More conditions; after `OR()` they stand beside all of those before."""
    held = fields.get("where")
    before = held.items if isinstance(held, Listing) else ()
    if fields.pop(_OPEN, None) is None or not before:
        fields["where"] = Listing((*before, *parts))
        return
    both = (Joined(" AND ", Listing(before)), Lit(") OR (", where), Joined(" AND ", Listing(tuple(parts))))
    fields["where"] = Listing((rope(Lit("((", where), *both, Lit("))", where)),))


def _text(value: Value, where: Span) -> Value:
    return value if is_text(value) else Gap("condition", where)


def _bound(value: Value) -> Value:
    """A piece of a statement with the parameters that `#{id}` stands for."""
    if isinstance(value, Rope):
        return rope(*(_bound(part) for part in value.parts))
    if isinstance(value, Lit) and "{" in value.text:
        return Lit(stated(value.text)[0], value.span)
    return value
