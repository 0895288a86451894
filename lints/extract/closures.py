"""Closures that a query builder is given, as the calls on what they get: `function () { this.on(a, b) }`; one that
gives an object, `(eb) => ({ price: eb("price", "+", 1) })`, as that."""

from __future__ import annotations

from lints.extract.facts import Argument
from lints.extract.ir import Closure, Do, Expr, Func, Invoke, Items, Leave, Name, Pairs, Text

_MAX_STATEMENTS, _MAX_DEPTH = 40, 4
UNSEEN = Argument(kind="dynamic", text="…")
"""Stands for a part of a closure that is more than such a call."""


def calls_of(function: Func) -> tuple[Argument, ...]:
    """The calls in order, each a term with its arguments; UNSEEN where there is anything else."""
    own = {parameter.name for parameter in function.parameters} | {"this"}
    found: list[Argument] = []
    given = _given(function)
    if given is not None:
        return (_argument(given),)
    for position, statement in enumerate(function.lower_body()):
        value = statement.value if isinstance(statement, (Do, Leave)) else None
        made = _chain(value)
        if (
            position >= _MAX_STATEMENTS
            or not made
            or not (isinstance(root := made[0].receiver, Name) and root.path in own)
        ):
            found.append(UNSEEN)
            continue
        for call in made:
            items = tuple(_argument(argument) for argument in call.arguments)
            found.append(Argument(kind="term", text=call.method, items=items, names=("",) * len(items)))
    return tuple(found)


def _given(function: Func) -> Pairs | None:
    """The object that is all there is to a function."""
    body = function.lower_body()
    only = body[0] if len(body) == 1 else None
    return only.value if isinstance(only, Leave) and isinstance(only.value, Pairs) else None


def _chain(expression: Expr | None) -> list[Invoke]:
    calls: list[Invoke] = []
    while isinstance(expression, Invoke) and len(calls) < _MAX_STATEMENTS:
        calls.append(expression)
        expression = expression.receiver
    calls.reverse()
    return calls


def _argument(expression: Expr, depth: int = 0) -> Argument:
    if isinstance(expression, Text):
        return Argument(kind="text", text=expression.value[:2000])
    if isinstance(expression, Name):
        if expression.path in {"null", "undefined", "None"}:
            return Argument(kind="null")
        return Argument(kind="value", text=expression.path[:200])
    if isinstance(expression, Items) and len(expression.items) <= _MAX_STATEMENTS and depth < _MAX_DEPTH:
        return Argument(kind="list", items=tuple(_argument(item, depth + 1) for item in expression.items))
    if isinstance(expression, Pairs) and len(expression.pairs) <= _MAX_STATEMENTS and depth < _MAX_DEPTH:
        names = tuple(key if key is not None else "[]" for key, _ in expression.pairs)
        held = tuple(_argument(value, depth + 1) for _, value in expression.pairs)
        return Argument(kind="map", names=names, items=held)
    if isinstance(expression, Closure) and depth < _MAX_DEPTH and (given := _given(expression.function)) is not None:
        return _argument(given, depth + 1)
    return UNSEEN
