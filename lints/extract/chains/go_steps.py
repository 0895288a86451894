"""What a call adds to a query of Go: texts folded, structs by their fields, everything else as it is written."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from lints.extract.chains.go_types import WRITTEN, filled, function_before, is_fresh, untouched
from lints.extract.ir import Closure, Expr, Invoke, Leave, Name, Text
from lints.extract.sqltext import names
from lints.extract.values import (
    Alt,
    Fn,
    Gap,
    Joined,
    Listing,
    Lit,
    Nothing,
    Query,
    Record,
    Rope,
    Step,
    Value,
    is_text,
)
from lints.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lints.extract.environment import Env
    from lints.extract.interpret import Interpreter

ORDERS = names("Order Limit Offset Select Omit Group Distinct Attrs Assign")
"""What may stand first in a chain of GORM, and says nothing of whose rows there are."""
_ADDS_NOTHING = ORDERS | {"WithContext", "Debug", "Session", "Preload"}
_WRITES = names(
    "Update Updates UpdateColumn UpdateColumns UpdateNotZero UpdateReturning Save Create CreateInBatches Insert"
    " InsertOne InsertMulti InsertReturning"
)
"""Calls whose first argument is written into a row."""
_LISTS = names("Select Omit Cols MustCols Column ExcludeColumn")
_BY_MODEL = frozenset({"bun", "pg"})
"""Kinds that write what `Model` is given."""
_BEANS = names("Get Find Exist Count Delete FindAndCount Update")
"""Calls of xorm that compare what is set in the bean they are given; `*boat` is a pointer that comes from elsewhere."""
_TAKES_QUERIES = names("Where Or Not Having")
"""Calls of GORM that put a query in the place of a value: `Where("port_id IN (?)", ports)`."""
_HANDS = names("Scopes Scope Apply")
_PATH = regex(r"[A-Za-z_][\w.]{0,100}")
CONNECTION = regex(
    r"(?:^|[._])(?:\w*(?:db|DB|Db|tx|Tx|TX|[cC]on|[cC]onn|[cC]onnection|[oO]rm|[gG]orm|[sS]ess|[sS]ession|[eE]ngine"
    r"|NewSession|x))(?:\([^()]*\))?"
    r"(?:\.(?:WithContext|Debug|Session|Context|Set|Q|NewSession)\((?:[^()]|\([^()]*\)){0,200}\))*$|\.\(\*gorm\.DB\)$"
)
_REQUEST = (
    rb"(?:(?:Should)?Bind\w*|Decode\w*|Unmarshal\w*|BodyParser|ReadJSON|ReadBody|ParseBody|ReadEntity)"
    rb"\([^;\n]{0,120}?&?\b%s\b"
)
_SENT = regex(rb"Bind|Decode|Unmarshal|BodyParser|ReadJSON|ReadBody|ParseBody|ReadEntity")
_MAX_UNFOLDED, _MAX_TEXT = 3, 4000
_CALLED = regex(r"(?<![\w.])([A-Za-z]\w*)\([^()]{0,200}\)(?:\.{3})?")


def step_of(
    interpreter: Interpreter, call: Invoke, arguments: Sequence[Value], env: Env, kind: str | None = None
) -> Step:
    """A step with its texts folded and everything else as it is written; a struct by the fields it always has.

    What is written is a struct with all of its fields, with those that a variable was given since as keywords."""
    if call.method == "ModelContext" and len(call.arguments) == len(arguments) > 1:
        call, arguments = replace(call, method="Model", arguments=call.arguments[1:]), arguments[1:]
    whole = len(arguments) == len(call.arguments)
    given: list[Value] = []
    writes = call.method in _WRITES or (call.method == "Model" and kind in _BY_MODEL)
    since = _since(call.arguments[0], env) if writes and call.arguments else {}
    for position, value in enumerate(arguments):
        written = call.arguments[position] if whole else None
        if writes and position == 0 and written is not None:
            given.append(_written_value(interpreter, value, written, call))
            continue
        text = interpreter.notes.text(written.span)[:1000] if written is not None else getattr(value, "source", "…")
        where = written.span if written is not None else call.span
        listed = isinstance(value, Listing) and bool(value.items) and call.method in _LISTS
        if isinstance(value, (Lit, Rope, Joined)) or (isinstance(value, Alt) and is_text(value)) or listed:
            given.append(value)
        elif isinstance(value, Record) and isinstance(written, Name):
            given.append(Gap(_literal(value), where))
        elif isinstance(value, Query):
            inner = position > 0 and kind == "gorm" == value.kind and call.method in _TAKES_QUERIES
            given.append(value if inner else Gap("a query", where))
        elif isinstance(value, Gap) and isinstance(written, Name) and _from_request(interpreter, written.path, call):
            given.append(Gap(f"request:{text}", where))
        elif isinstance(written, Name) and is_fresh(interpreter.notes.source, written.path, call.span[0]):
            given.append(Gap(filled(interpreter.notes.source, written.path, call.span[0]) or f"fresh:{text}", where))
        elif isinstance(written, Name) and written.path.isidentifier() and call.method in _BEANS:
            held = interpreter.notes.source[max(0, written.span[0] - 1) : written.span[0]] == b"&"
            given.append(Gap(text if held else f"*{text}", where))
        else:
            given.append(Gap(_unfolded(interpreter, text, env) if call.method == "Where" else text, where))
    expanded = _scope(call, arguments, env) if call.method in _HANDS else None
    return expanded if expanded is not None else Step(call.method, tuple(given), since, call.span)


def _written_value(interpreter: Interpreter, value: Value, written: Expr, call: Invoke) -> Value:
    """What is written into a row: a struct or a map by its fields, a text, a variable and whether it is a client's."""
    listed = isinstance(value, Listing) and bool(value.items)
    if isinstance(value, (Record, Lit, Rope, Joined)) or listed:
        return value
    text = interpreter.notes.text(written.span)[:_MAX_TEXT]
    if isinstance(written, Name) and _from_request(interpreter, written.path, call):
        return Gap(f"request:{text}", written.span)
    if isinstance(written, Name) and untouched(interpreter.notes.source, written.path, call.span[0]):
        return Gap(f"fresh:{text}", written.span)
    if text in {"a query", "…"} or isinstance(value, Query):
        return Gap("…", written.span)
    return Gap(text, written.span)


def _since(written: Expr, env: Env) -> dict[str, Value]:
    """The fields of a variable that were given a value: `boat.TenantID = tenant`."""
    name = written.path if isinstance(written, Name) else ""
    if name not in env.dotted:
        return {}
    found: dict[str, Value] = {}
    for key, value in {**env.outer, **env.vars}.items():
        head, _, field = key.partition(".")
        if head == name and field.isidentifier() and field[:1].isupper():
            if field in {"ID", "Id"} and isinstance(value, Alt):
                continue  # one that had none gets a new key
            plain = isinstance(value, (Lit, Gap, Rope, Joined, Alt, Nothing))
            found[field] = value if plain else Gap("…", written.span)
    return found


def _unfolded(interpreter: Interpreter, text: str, env: Env, depth: int = 0) -> str:
    """A predicate with the calls of this file's functions as what they return, if that is all they do."""
    if depth > _MAX_UNFOLDED or len(text) > _MAX_TEXT:
        return text

    def returned(found: re.Match[str]) -> str:
        held = env.find(found.group(1))
        body = held.function.lower_body() if isinstance(held, Fn) else ()
        only = body[0] if len(body) == 1 else None
        if not isinstance(only, Leave) or only.value is None:
            return found.group()
        return _unfolded(interpreter, interpreter.notes.text(only.value.span), env, depth + 1)

    return _CALLED.sub(returned, text)


def nested(step: Step) -> list[Query]:
    """The queries that a condition of GORM asks in: they are judged with the query around them."""
    return [value for value in step.arguments if isinstance(value, Query)]


def _literal(value: Record) -> str:
    """A struct in a variable as the literal of the fields that it has on every path."""
    named = WRITTEN.match(value.source)
    inner = value.fields.get("Model")
    held_fields = {**value.fields, **(inner.fields if isinstance(inner, Record) else {})}
    fields = [
        f"{name}: {_spelled(held, name)}"
        for name, held in held_fields.items()
        if isinstance(held, (Lit, Gap)) and name.isidentifier()
    ]
    return f"{named.group(1)}{{{', '.join(fields)}}}" if named and named.group(1) else "…"


def _spelled(held: Lit | Gap, name: str) -> str:
    """The value of a field as it was written, where that is no more than a name."""
    return held.source if isinstance(held, Gap) and _PATH.fullmatch(held.source) is not None else name


def _from_request(interpreter: Interpreter, name: str, call: Invoke) -> bool:
    """Whether a variable was filled with what a client sent."""
    if not name.isidentifier():
        return False
    source = function_before(interpreter.notes.source, call.span[0])
    return _SENT.search(source) is not None and re.search(_REQUEST % name.encode(), source) is not None


def function(call: Invoke, env: Env) -> Fn | None:
    """The function of this file that a call runs."""
    name = f"{call.receiver.path}.{call.method}" if isinstance(call.receiver, Name) else call.method
    held = env.find(name) or env.find(f"self.{call.method}")
    return held if isinstance(held, Fn) else None


def _scope(call: Invoke, arguments: Sequence[Value], env: Env) -> Step | None:
    """`Scopes(ofTenant(id))` as the condition that the function of this file adds, if that is all it does."""
    found: list[Value] = []
    for value, written in zip(arguments, call.arguments, strict=False):
        held: Value | None = value if isinstance(value, Fn) else None
        if held is None and isinstance(written, Invoke):
            held = function(written, env)
        steps = conditions(held) if isinstance(held, Fn) else None
        if not steps:
            return None
        found.extend(step.arguments[0] for step in steps)
    if len(found) != 1 or len(arguments) != len(call.arguments):
        return None
    return Step("Where", (found[0], Gap("…", call.span)), {}, call.span)


def conditions(held: Fn) -> tuple[Step, ...] | None:
    """The conditions of a function that does nothing but `return db.Where("…", x)`, or gives back one that does."""
    body = held.function.lower_body()
    only = body[0] if len(body) == 1 else None
    value = only.value if isinstance(only, Leave) else None
    if isinstance(value, Closure):
        return conditions(Fn(value.function, held.env))
    steps: list[Step] = []
    while isinstance(value, Invoke):
        first = value.arguments[0] if value.arguments else None
        if value.method == "Where" and isinstance(first, Text):
            rest = tuple(Gap("…", argument.span) for argument in value.arguments[1:])
            steps.append(Step("Where", (Lit(first.value, first.span), *rest), {}, value.span))
        elif value.method not in _ADDS_NOTHING:
            break
        value = value.receiver
    if not steps and not (isinstance(value, Name) and CONNECTION.search(value.path)):
        return None  # it may be anything
    return tuple(reversed(steps)) if isinstance(value, (Name, Invoke)) else None
