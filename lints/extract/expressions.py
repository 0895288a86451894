"""What an expression is worth where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from lints.extract import invocations, methods
from lints.extract.environment import Env, decide, learn
from lints.extract.ir import (
    Cat,
    Choose,
    Closure,
    Expr,
    Invoke,
    Items,
    Name,
    Other,
    Pairs,
    Percent,
    Repeat,
    Spread,
    Tagged,
    Text,
    last_part,
)
from lints.extract.values import (
    ABSENT,
    NOTHING,
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
    Term,
    Value,
    merge,
    rope,
)

if TYPE_CHECKING:
    from lints.extract.interpret import Interpreter

_MAX_PROPERTIES = 200
_PROPERTIES = frozenset({"property", "cached_property", "classproperty"})


def _text(interpreter: Interpreter, expression: Text, env: Env) -> Value:
    value = Lit(expression.value, expression.span)
    interpreter.seen.add(expression.span)
    interpreter.notes.note(value, None, 0)
    return value


def _name(interpreter: Interpreter, expression: Name, env: Env) -> Value:
    value = env.lookup(expression.path, expression.span)
    if interpreter.chains is not None and isinstance(value, Gap) and expression.path.endswith((".or", ".not", ".and")):
        base = expression.path.rpartition(".")[0]
        turned = interpreter.chains.turned(expression, Name(base, expression.span), env.find(base), env)
        return turned if turned is not None else value
    if isinstance(value, Fn) and any(last_part(d) in _PROPERTIES for d in value.function.decorators):
        return invocations.inline(interpreter, value, (), env) or Gap(expression.path, expression.span)
    return value


def _cat(interpreter: Interpreter, expression: Cat, env: Env) -> Value:
    value = rope(*[_spliced(interpreter, part, env) for part in expression.parts])
    interpreter.seen.add(expression.span)
    if isinstance(value, Rope) and all(isinstance(part, Gap) for part in value.parts):
        return Gap(interpreter.notes.text(expression.span), expression.span)  # a sum, or nothing but holes
    interpreter.notes.note(value, None, 0)
    return value


def _items(interpreter: Interpreter, expression: Items, env: Env) -> Value:
    items: list[Value] = []
    for item in expression.items:
        if isinstance(item, Spread):
            spread = interpreter.eval(item.value, env)
            items.extend(spread.items if isinstance(spread, Listing) else (spread,))
        else:
            items.append(interpreter.eval(item, env))
    return Listing(tuple(items))


def _pairs(interpreter: Interpreter, expression: Pairs, env: Env) -> Value:
    fields: dict[str, Value] = {}
    for key, part in expression.pairs:
        if isinstance(part, Spread):
            fields = _with(fields, interpreter.eval(part.value, env))
        else:
            found = interpreter.eval(part, env)
            fields[key if key is not None else "[]"] = found
    return Record(fields, interpreter.notes.text(expression.span))


def _closure(interpreter: Interpreter, expression: Closure, env: Env) -> Value:
    interpreter.pending.append((expression.function, env, ()))
    return Fn(expression.function, env)


def _repeat(interpreter: Interpreter, expression: Repeat, env: Env) -> Value:
    for part in expression.asked:
        over = interpreter.eval(part, env)
        if interpreter.chains is not None:
            interpreter.chains.used(over)
    one = interpreter.eval(expression.item, env)
    if expression.maybe is not None:
        known, choice, _ = decide(expression.maybe, env)
        if known is not None:
            return Listing((one,) if known else ())
        return Listing((choice(one, NOTHING),))
    return Listing((one,))


def _percent(interpreter: Interpreter, expression: Percent, env: Env) -> Value:
    value = methods.percent(interpreter, expression, env)
    interpreter.notes.note(value, None, 0)
    return value


def _spread(interpreter: Interpreter, expression: Spread, env: Env) -> Value:
    return interpreter.eval(expression.value, env)


def _other(interpreter: Interpreter, expression: Other, env: Env) -> Value:
    parts = tuple([interpreter.eval(part, env) for part in expression.parts])
    for part in parts:
        invocations.visit(interpreter, part, None)
    if expression.operator == "|" and len(parts) == 2 and all(isinstance(part, Record) for part in parts):
        one, two = parts
        if isinstance(one, Record) and isinstance(two, Record):
            return Record(_with(one.fields, two), one.source)
    if interpreter.chains is not None and len(parts) == 1 and isinstance(parts[0], (Query, Alt)):
        turned = interpreter.chains.turned(expression, expression.parts[0], parts[0], env)
        if turned is not None:
            return turned
    if interpreter.orm and expression.operator:
        return Term(expression.operator, parts, {}, interpreter.notes.text(expression.span)[:200])
    return Gap(interpreter.notes.text(expression.span), expression.span)


def _with(fields: dict[str, Value], spread: Value) -> dict[str, Value]:
    """An object's properties with those of another, where that is known on some paths only too."""
    done: dict[int, dict[str, Value]] = {}  # paths share what they have in common: each is looked at once

    def walk(spread: Value) -> dict[str, Value]:
        if isinstance(spread, Record):
            return {**fields, **spread.fields}
        if isinstance(spread, Nothing):
            return fields
        if not isinstance(spread, Alt) or len(fields) > _MAX_PROPERTIES:
            return {**{name: value for name, value in fields.items() if name != "..."}, "...": spread}  # in its place
        if id(spread) not in done:
            yes, no = walk(spread.yes), walk(spread.no)
            out = done[id(spread)] = {}
            for name in dict.fromkeys((*yes, *no)):
                one, two = yes.get(name, ABSENT), no.get(name, ABSENT)
                out[name] = one if one is two else Alt(spread.key, one, two)
        return done[id(spread)]

    return walk(spread)


def _spliced(interpreter: Interpreter, part: Expr, env: Env) -> Value:
    """A part of a string: what is no text is a gap with the part's source."""
    value = interpreter.eval(part, env)
    if isinstance(value, (Record, Fn)):
        return Gap(interpreter.notes.text(part.span), part.span)
    if isinstance(value, Listing):
        return Joined(",", value)
    return value


def _choose(interpreter: Interpreter, expression: Choose, env: Env) -> Value:
    if expression.test.value is not None and expression.test.value is not expression.then:
        interpreter.eval(expression.test.value, env)
    known, choice, key = decide(expression.test, env)
    if known is not None:
        return interpreter.eval(expression.then if known else expression.other, env)
    yes, no = env.copy(), env.copy()
    if key is not None:
        learn(choice, key, yes, no)
    one, two = interpreter.eval(expression.then, yes), interpreter.eval(expression.other, no)
    return merge(choice, one, two)


EVALUATE: Mapping[type[Expr], Callable[..., Value]] = {
    Text: _text,
    Name: _name,
    Cat: _cat,
    Invoke: invocations.invoke,
    Choose: _choose,
    Tagged: invocations.tagged,
    Items: _items,
    Pairs: _pairs,
    Closure: _closure,
    Repeat: _repeat,
    Percent: _percent,
    Spread: _spread,
    Other: _other,
}
"""The value of each kind of expression; what happens in it (calls, assignments of builders) happens."""
