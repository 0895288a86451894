"""Calls and tagged templates: what is handed to them, what they give, whether a query begins there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from lints.extract import builders, calls, keys, methods
from lints.extract.chains import helpers as chain_helpers
from lints.extract.environment import Env, merged
from lints.extract.facts import Call
from lints.extract.ir import Closure, Func, Invoke, Name, Spread, Tagged, Text, last_part
from lints.extract.recorder import bound_names
from lints.extract.sqltext import names
from lints.extract.values import (
    NOTHING,
    Alt,
    Fn,
    Fragment,
    Gap,
    Joined,
    Listing,
    Lit,
    Nothing,
    Query,
    Record,
    Returned,
    Rope,
    Sized,
    Term,
    Value,
    is_fragment,
    is_text,
    rope,
)
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.extract.interpret import Interpreter

MAX_INLINE_DEPTH = 3
MAX_INLINES = 2_000
MAX_INLINED_STEPS = 60_000
"""Of a file's functions inside one another: functions that call each other many times would take for ever."""

_TEXT_KEYS = frozenset({"text", "sql", "query", "statement", "querystring", "commandtext", "q", "stmt"})


_WORD = regex(rb"(?<![\w.])[A-Za-z_]\w*")
_QUOTED = regex(rb"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`")
_MAX_LENGTHENED = 8_000
_ADDS_TABLES = regex(r"(?:^|[._]|with)ctes?(?=$|[_.!(])", re.IGNORECASE)
"""Calls that put common table expressions before the text: its tables may be theirs."""

_SHRINKS = names("pop remove clear shift splice popleft discard removeAt RemoveAt RemoveAll Clear removeIf")
"""Calls that take items out of a list."""
_IF_ANY = names(
    "forEach forEachIndexed forEachOrdered each eachWithIndex each_with_index each_with_object each_pair each_key"
    " each_value each_entry each_slice for_each ForEach ForEachAsync map mapNotNull flatMap flat_map filter reduce fold"
    " some every onEach times upto ifPresent ifPresentOrElse eachSeries eachOf forEachAsync array_map array_walk"
    " array_filter array_reduce"
)
"""Calls that run the function they are given for each of what there is."""
_IF_THERE = names("let also run apply")
_PLACEHOLDERS = names(
    "addQueryValue addQueryParam addParam pushParam add_param add_query_value add_query_param push_param"
)
"""Functions that put a value beside a statement, and give what stands for it there."""


def invoke(interpreter: Interpreter, call: Invoke, env: Env) -> Value:
    """What a call gives. What is handed to it is recorded, a query that it begins or continues is followed."""
    receiver = interpreter.eval(call.receiver, env) if call.receiver is not None else None
    method = call.method
    facts: Call | None = None

    def described() -> Call:
        nonlocal facts
        if facts is None:
            facts = calls.described(interpreter.notes, call, env)
        return facts

    arguments: list[Value] = []
    for argument in call.arguments:
        value = interpreter.eval(argument.value if isinstance(argument, Spread) else argument, env)
        if isinstance(value, Fn) and isinstance(argument, Closure):
            value = _callback(interpreter, call, argument, value, receiver, env)
        if isinstance(argument, Spread) and isinstance(value, Listing):
            arguments.extend(value.items)
        else:
            arguments.append(value)
    keywords = {name: interpreter.eval(value, env) for name, value in call.keywords}
    if method in _PLACEHOLDERS and arguments and not isinstance(receiver, (Query, Term)):
        return Gap(interpreter.notes.text(call.arguments[0].span)[:200], call.span, bound=True)
    if interpreter.chains is not None:
        query = interpreter.chains.called(call, receiver, arguments, keywords, env)
        if query is not None and not (
            isinstance(query, Term) and keys.is_key_store(interpreter, call, receiver, arguments)
        ):
            if methods.rank(method) == 3:  # `self.session.all("SELECT …")`
                for value in arguments:
                    visit(interpreter, value, described, 3)
            return query  # `redis.exists(key)` is no term
    if keys.is_key_store(interpreter, call, receiver, arguments):
        keys.note_keys(interpreter, call, receiver, arguments, described())
    if isinstance(receiver, Listing) and isinstance(call.receiver, Name) and method in _SHRINKS:
        env.put(call.receiver.path, Gap(call.receiver.path, call.span))  # which of its items are left is not known
    known = methods.apply(interpreter, call, receiver, arguments, keywords, env)
    if known is not None:
        if is_text(known):
            interpreter.notes.note(known, None, 0)
        return known
    rank = methods.rank(method)
    if rank == 3 and arguments and (ran := methods.procedure(interpreter, call, arguments[0])) is not None:
        arguments = [ran, *arguments[1:]]
    target = _called(interpreter, call, env)
    brought = result = given = None
    if interpreter.chains is not None:
        if target is None:
            brought = chain_helpers.imported(call, arguments, keywords, env)
            followed: Value | None = interpreter.chains.through(call, brought, env)
        else:
            given = _given(target, arguments, keywords)
            result = returned(interpreter, target, given) if given is not None else None
            followed = interpreter.chains.followed(call, result, arguments)
        if followed is not None:
            return followed
        for value in (*arguments, *keywords.values()):
            interpreter.chains.used(value, handed=True)
    for position, value in enumerate((*arguments, *keywords.values())):
        if isinstance(value, Gap):
            continue
        builders.handed(interpreter, value, rank, method)
        if target is not None and is_text(value) and _lengthens(interpreter, target, position, len(arguments)):
            whole = rope(value, Lit("\n", call.span), Gap(method, call.span))
            interpreter.notes.note(whole, described(), rank)
            continue
        if is_text(value) and _ADDS_TABLES.search(f"{_receiver(interpreter, call)}.{method}") is not None:
            interpreter.notes.note(rope(Gap(method, call.span), Lit("\n", call.span), value), described(), rank)
        else:
            visit(interpreter, value, described, rank)
    if rank == 2:
        for argument in call.arguments:
            if isinstance(argument, Name):
                _exposed(interpreter, argument, env)
    if target is not None:
        if given is None or len(given) != len(arguments):
            result = returned(interpreter, target, tuple(arguments))
        if result is not None and _followed(result):
            return result
    written = interpreter.notes.text(call.span)
    return Gap(written, call.span, origin=written[:200], call=brought)


def _lengthens(interpreter: Interpreter, target: Fn, position: int, count: int) -> bool:
    """Whether a function of this file makes a longer text of the one it is handed, with something else in it."""
    parameters = target.function.parameters
    if position >= count or count > len(parameters) + 8 or position >= len(parameters):
        return False
    name = re.escape(parameters[position].name.lstrip("$").encode())
    body = interpreter.source[slice(*target.function.body_span)][:_MAX_LENGTHENED]
    for made in re.finditer(rb"(?<![\w.])\$?%s\s*(\+|\.)?=(?![=>])([^\n]{1,300})" % name, body):
        others = {
            word
            for word in _WORD.findall(_QUOTED.sub(b"", made.group(2)))
            if word != parameters[position].name.encode()
        }
        if others and (made.group(1) or re.search(rb"(?<![\w.])%s\b" % name, made.group(2)) is not None):
            return True
    return False


def unknown(name: str, function: Func) -> Gap:
    """A parameter that nothing is known of."""
    return Gap(name, function.span)


def _given(target: Fn, arguments: list[Value], keywords: Mapping[str, Value]) -> tuple[Value, ...] | None:
    """What a function of this file is handed, by position; None where that can't be said."""
    given = list(arguments)
    for parameter in target.function.parameters[len(arguments) :]:
        if parameter.name not in keywords:
            break
        given.append(keywords[parameter.name])
    return tuple(given) if len(given) == len(arguments) + len(keywords) else None


def _receiver(interpreter: Interpreter, call: Invoke) -> str:
    return interpreter.notes.text(call.receiver.span)[-80:] if call.receiver is not None else ""


def _exposed(interpreter: Interpreter, argument: Name, env: Env) -> None:
    """A list handed to a function of unknown effect may come back longer."""
    held = env.vars.get(argument.path)
    if isinstance(held, Listing) and len(held.items) < 64:
        key = f"added@{argument.span[0]}"
        env.put(argument.path, Listing((*held.items, Alt(key, Gap(argument.path, argument.span), NOTHING))))


def visit(interpreter: Interpreter, value: Value, described: Callable[[], Call] | None, rank: int = 0) -> None:
    """Record the statements among what was handed to a call: itself, the text of a query object, a list of them."""
    if isinstance(value, (Lit, Rope, Alt, Sized, Joined, Fragment)):
        if interpreter.notes.root(value) is not None:
            interpreter.notes.note(value, described() if described is not None else None, rank)
    elif isinstance(value, Record):
        for name, part in value.fields.items():
            if name.lower() in _TEXT_KEYS and is_text(part) and interpreter.notes.root(part) is not None:
                interpreter.notes.note(part, described() if described is not None else None, rank)
    elif isinstance(value, Listing):
        for item in value.items:
            if not isinstance(item, Listing):
                visit(interpreter, item, described, rank)


def _callback(
    interpreter: Interpreter, call: Invoke, argument: Closure, value: Fn, receiver: Value | None, env: Env
) -> Value:
    """Interpret a function handed to a call, here and now: it sees and changes the variables around it, on one path
    only if it is called for each of what may be nothing."""
    function = argument.function
    if function.span in interpreter.visited and not interpreter.notes.muted:
        return value
    if _is_scene(call) and not interpreter.wanted(function):
        return value
    if not interpreter.notes.muted:
        interpreter.visited.add(function.span)
    origin = interpreter.notes.text((call.span[0], call.arguments_span[0])) + calls.head_of(interpreter.notes, call)
    receiver_origin = calls.origin_of(interpreter.notes, call.receiver, env) if call.receiver is not None else None
    if receiver_origin is not None:
        origin = f"{origin} ← {receiver_origin}"
    shadowed = {name: env.vars.get(name) for parameter in function.parameters for name in bound_names(parameter.name)}
    given = tuple(Gap(parameter.name, function.span, origin=origin[:300]) for parameter in function.parameters)
    known = dict(env.facts)
    inner = env.copy() if _may_not_run(interpreter, call, receiver) else env
    result = interpreter.function(function, inner, given)
    inner.facts = known
    for name, before in shadowed.items():
        if before is None:
            inner.remove(name)
        else:
            inner.put(name, before)
    if inner is not env and inner.written:
        key = f"each@{function.span[0]}"
        env.become(merged(lambda yes, no: Alt(key, yes, no), inner, env.copy()))
    return Returned(result, function)


def _may_not_run(interpreter: Interpreter, call: Invoke, receiver: Value | None) -> bool:
    """Whether a call runs the function that it is given for each of what may be nothing: `ids.forEach((id) => …)`."""
    if isinstance(receiver, Listing) and any(not isinstance(item, (Alt, Nothing)) for item in receiver.items):
        return False  # there is an item at least
    if call.method in _IF_ANY:
        return call.receiver is not None or call.method.startswith("array_")
    if interpreter.language != "kotlin" or call.method not in _IF_THERE or call.receiver is None:
        return False
    between = interpreter.notes.text((call.receiver.span[1], call.arguments_span[0]))
    return between.lstrip().startswith("?.")


def _is_scene(call: Invoke) -> bool:
    """`describe("…", () => …)`, `it.each(boats)("…", () => …)`: a test, which is read only for what is in it."""
    around = call.receiver
    while isinstance(around, Invoke) and not call.method:
        around = around.receiver
    name = around.path.partition(".")[0] if isinstance(around, Name) else call.method if around is None else ""
    return name in {"describe", "it", "test"}


def _called(interpreter: Interpreter, call: Invoke, env: Env) -> Fn | None:
    name = call.method if call.receiver is None else None
    if isinstance(call.receiver, Name):
        name = f"{call.receiver.path}.{call.method}"
    value = env.find(name) if name is not None else None
    return value if isinstance(value, Fn) else None


def inline(interpreter: Interpreter, target: Fn, arguments: tuple[Value, ...], env: Env) -> Value | None:
    """What a function of this file returns for these arguments, if that is text; its own calls are not recorded."""
    result = returned(interpreter, target, arguments)
    return result if result is not None and _followed(result) else None


def _followed(result: Value) -> bool:
    return is_text(result) or is_fragment(result) or isinstance(result, (Listing, Record))


def returned(interpreter: Interpreter, target: Fn, arguments: tuple[Value, ...] | None) -> Value | None:
    """What a function of this file returns, if it can be followed; its own calls are not recorded.

    Unknown `arguments` are gaps named after the parameters.
    """
    if interpreter.depth >= MAX_INLINE_DEPTH or interpreter.inlines >= MAX_INLINES:
        return None
    if interpreter.inlined_steps >= MAX_INLINED_STEPS:
        return None
    if not methods.returns_text(interpreter.source, target.function.body_span):
        return None
    interpreter.inlines += 1
    interpreter.depth += 1
    interpreter.notes.muted += 1
    pending = len(interpreter.pending)
    try:
        return interpreter.function(target.function, target.env.inside(), arguments)
    finally:
        interpreter.depth -= 1
        interpreter.notes.muted -= 1
        del interpreter.pending[pending:]


def tagged(interpreter: Interpreter, expression: Tagged, env: Env) -> Value:
    """The statement, or the fragment of one, that a tagged template is."""
    name = last_part(expression.tag)
    parts: list[Value] = []
    plain = name in methods.PLAIN_TAGS
    for piece in expression.parts:
        if isinstance(piece, Text):
            interpreter.seen.add(piece.span)
            parts.append(Lit(piece.value, piece.span))
            continue
        value = interpreter.eval(piece, env)
        if plain or is_fragment(value):
            parts.append(value)
        elif isinstance(value, Nothing):
            parts.append(Gap(interpreter.notes.text(piece.span), piece.span, bound=True))
        else:
            source = (
                value.source
                if isinstance(value, Gap) and (not isinstance(piece, Name) or env.renamed(piece.path))
                else interpreter.notes.text(piece.span)
            )
            keys = value.keys if isinstance(value, Gap) else None
            parts.append(Gap(source, piece.span, bound=True, keys=keys))
    interpreter.seen.add(expression.span)
    result = rope(*parts)
    if plain:
        interpreter.notes.note(result, None, 0)
        return result
    if name not in methods.OTHER_TAGS:
        receiver = interpreter.notes.text(expression.tag.span).rpartition(".")[0]
        interpreter.notes.note(
            result,
            Call(
                receiver=receiver[:200],
                method=name,
                arguments=(),
                line=interpreter.notes.lines.line(expression.span[0]),
                receiver_origin=calls.origin_of(interpreter.notes, expression.tag, env),
            ),
            1,
        )
    return Fragment(result, name) if parts else Fragment(NOTHING, name)
