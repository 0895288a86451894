"""Follows strings through a function: folding, branches, lists of clauses, helpers, until they reach a call.

An abstract interpretation of `ir`: straight-line order, each branch on a copy of the variables, loops once. Texts that
start like SQL are recorded where they are made and where they are handed on; `extract` decides which record counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from lints.extract import builders, calls, chains, keys, methods
from lints.extract.environment import Env, decide, first, learn, merged, oriented, part
from lints.extract.facts import Call
from lints.extract.ir import (
    Assign,
    Cases,
    Cat,
    Choose,
    ClassBody,
    Closure,
    Define,
    Do,
    Expr,
    Func,
    If,
    Invoke,
    Items,
    Leave,
    Loop,
    Member,
    Name,
    Pairs,
    Percent,
    Repeat,
    Scope,
    Span,
    Spread,
    Stmt,
    Tagged,
    Text,
    Unpack,
)
from lints.extract.lines import Lines
from lints.extract.recorder import Recorder, bound_names
from lints.extract.values import (
    NOTHING,
    Alt,
    Choice,
    Fn,
    Fragment,
    Gap,
    Joined,
    Listing,
    Lit,
    Nothing,
    Record,
    Returned,
    Rope,
    Sized,
    Term,
    Value,
    first_literal,
    is_fragment,
    is_text,
    literals,
    merge,
    rope,
)

MAX_STEPS = 400_000
MAX_INLINE_DEPTH = 3
MAX_INLINES = 2_000
MAX_UNROLL = 4
MAX_RETURNS = 24

_TEXT_KEYS = frozenset({"text", "sql", "query", "statement", "querystring", "commandtext", "q", "stmt"})


_ADDS_TABLES = re.compile(r"(?:^|[._]|with)ctes?(?=$|[_.!(])", re.IGNORECASE)
"""Calls that put common table expressions before the text: its tables may be theirs."""


_PROPERTIES = frozenset({"property", "cached_property", "classproperty"})


def _overrides(statement: ClassBody, name: str) -> bool:
    return any(isinstance(member, Define) and member.function.name == name for member in statement.body)


class TooLargeError(Exception):
    """The step budget of a file is used up."""


class Interpreter:
    """One file. `source` is its bytes; `run` its module body; afterwards `sightings` holds every record."""

    def __init__(self, source: bytes, language: str, lines: Lines, *, orm: bool = False) -> None:
        self.orm = orm
        self.chains = chains.Chains(self) if orm else None
        self.source = source
        self.language = language
        self.notes = Recorder(source, lines)
        self.seen: set[Span] = set()
        self._class: list[str] = []
        self._pending: list[tuple[Func, Env, tuple[Func, ...]]] = []
        self._visited: set[Span] = set()
        self._returns: list[list[tuple[tuple[tuple[Choice, bool], ...], Value]]] = []
        self._conditions: list[tuple[Choice, bool]] = []
        self._inlines = 0
        self._depth = 0
        self._steps = 0
        self.text_names: set[bytes] = set()
        """Last parts of the names that hold SQL in the module or a class."""

    # Running

    def run(self, body: Iterable[Stmt], wanted: Callable[[Func], bool]) -> None:
        """Interpret module-level statements, then each function `wanted` says yes to, and what it defines."""
        env = Env({}, {})
        self._block(tuple(body), env)
        while True:
            ready: list[tuple[Func, Env, tuple[Func, ...]]] = []
            later: list[tuple[Func, Env, tuple[Func, ...]]] = []
            for item in self._pending:
                (ready if item[2] or wanted(item[0]) else later).append(item)
            if not ready:
                return
            self._pending = later
            for function, around, outer in ready:
                if function.span in self._visited:
                    continue
                self._visited.add(function.span)
                self.notes.functions = list(outer)
                self._function(function, around.inside(), None)
            self.notes.functions = []

    def _function(self, function: Func, env: Env, arguments: tuple[Value, ...] | None) -> Value:
        """Interpret a body; returns what it returns. Unknown arguments are gaps named after the parameter."""
        for position, parameter in enumerate(function.parameters):
            for name in bound_names(parameter.name):
                known = arguments[position] if arguments is not None and position < len(arguments) else None
                if known is None and arguments is not None and parameter.default is not None:
                    known = self.eval(parameter.default, env)
                env.bind(name, known if known is not None else Gap(name, function.span))
            if parameter.default is not None and arguments is None:
                self.eval(parameter.default, env)
        self.notes.functions.append(function)
        self._returns.append([])
        conditions, self._conditions = self._conditions, []
        defined = len(self._pending)
        self._block(function.lower_body(), env)
        # Functions inside see this one's variables as they are at its end, as a closure called later would.
        for position in range(defined, len(self._pending)):
            inner, around, outer = self._pending[position]
            if not outer:
                self._pending[position] = (inner, around, tuple(self.notes.functions))
        self._conditions = conditions
        self.notes.functions.pop()
        returned = self._returns.pop()
        if not returned:
            return NOTHING
        result = returned[-1][1]
        if all(value is result for _, value in returned):
            return result
        # Choices, not merges: each return refers to all later ones, and merged lists would double every time.
        for path, value in reversed(returned[:-1][:MAX_RETURNS]):
            chosen = value
            for choice, taken in reversed(path[-MAX_UNROLL:]):
                chosen = choice(chosen, result) if taken else choice(result, chosen)
            result = chosen
        return result

    def _block(self, body: tuple[Stmt, ...], env: Env) -> bool:
        """Whether control falls out of the end of `body`."""
        return all(self._statement(statement, env) for statement in body)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise TooLargeError

    def _statement(self, statement: Stmt, env: Env) -> bool:
        self._step()
        if isinstance(statement, Do):
            self.eval(statement.value, env)
        elif isinstance(statement, Assign):
            self._assign(statement, env)
        elif isinstance(statement, If):
            return self._if(statement, env)
        elif isinstance(statement, Leave):
            if statement.value is not None:
                value = self.eval(statement.value, env)
                if statement.returns:
                    self.notes.note(value, None, 0)
                    builders.handed(self, value, 2)
                    if self.chains is not None:
                        self.chains.used(value)
                    if self._returns:
                        self._returns[-1].append((tuple(self._conditions), value))
            return False
        elif isinstance(statement, Scope):
            for name, bound in statement.bindings:
                value = self.eval(bound, env)
                if name is not None:
                    env.bind(name, value)
            return self._block(statement.body, env)
        elif isinstance(statement, Loop):
            self._loop(statement, env)
        elif isinstance(statement, Cases):
            return self._cases(statement, env)
        elif isinstance(statement, Unpack):
            value = self.eval(statement.value, env)
            for key, name in statement.targets:
                env.bind(name, part(value, key, name, statement.span))
        elif isinstance(statement, Define):
            self._define(statement.function, env)
        elif isinstance(statement, Member):
            for decorator in statement.decorators:
                self.eval(decorator, env)
            if statement.value is not None:
                self._assign(Assign(statement.name, statement.value, False, statement.span), env)
        else:
            self._class_body(statement, env)
        return True

    def _define(self, function: Func, env: Env) -> None:
        for decorator in function.decorators:
            self.eval(decorator, env)
        for parameter in function.parameters:
            if parameter.default is not None:
                self.eval(parameter.default, env)
        value = Fn(function, env)
        env.bind(function.name, value)
        if self.chains is not None and self._class:
            self.chains.fields(function, env)
        if self._class:
            for prefix in ("self", "this", "cls", self._class[-1]):
                env.put(f"{prefix}.{function.name}", value)
        self._pending.append((function, env, ()))

    def _class_body(self, statement: ClassBody, env: Env) -> None:
        for decorator in statement.decorators:
            self.eval(decorator, env)
        self._class.append(statement.name)
        inner = env.copy()
        inner.put("cls", Gap(statement.name, statement.span))
        for member in statement.body:
            if isinstance(member, Member) and member.value is not None:
                for decorator in member.decorators:
                    self.eval(decorator, inner)
                member = Assign(member.name, member.value, False, member.span)
            if self.chains is not None and isinstance(member, Member):
                self.chains.field(member.name, member.type, inner)
            if isinstance(member, Assign) and member.target is not None and "." not in member.target:
                value = self.eval(member.value, inner)
                self.notes.note(value, None, 0)
                if any(methods.verb_ahead(lit.text) for lit in literals(value)):
                    self.text_names.add(member.target.encode())
                if self.chains is not None and member.target == "queryset" and _overrides(statement, "get_queryset"):
                    self.chains.replaced(value)
                for prefix in ("self", "this", "cls", statement.name):
                    inner.put(f"{prefix}.{member.target}", value)
                env.put(f"{statement.name}.{member.target}", value)
                inner.put(member.target, value)
            else:
                self._statement(member, inner)
        for member in statement.body:
            if isinstance(member, Define):
                name = f"{statement.name}.{member.function.name}"
                env.put(name, inner.vars.get(name, NOTHING))
        self._class.pop()

    # Assignment and flow

    def _assign(self, statement: Assign, env: Env) -> None:
        value = self.eval(statement.value, env)
        target = statement.target
        if target is None:
            self.notes.note(value, None, 0)
            return
        if statement.add:
            before = env.lookup(target, statement.span)
            if isinstance(before, Listing):
                extra = value.items if isinstance(value, Listing) else (value,)
                value = Listing((*before.items, *extra))
            else:
                value = rope(before, value)
            env.put(target, value)
        else:
            env.bind(target, value)
            base, _, property_name = target.rpartition(".")
            holder = env.vars.get(base) if base else None
            if isinstance(holder, Record):
                env.put(base, Record({**holder.fields, property_name: value}, holder.source))
        if not self.notes.functions and any(methods.verb_ahead(lit.text) for lit in literals(value)):
            self.text_names.add(target.rpartition(".")[2].encode())
        self.notes.note(value, None, 0)

    def _if(self, statement: If, env: Env) -> bool:
        if statement.test.value is not None:
            self.eval(statement.test.value, env)
        known, choice, key = decide(statement.test, env)
        if known is not None:
            return self._block(statement.then if known else statement.other, env)
        yes, no = env.copy(), env.copy()
        if key is not None:
            learn(choice, key, yes, no)
        self._conditions.append((choice, True))
        falls_yes = self._block(statement.then, yes)
        self._conditions[-1] = (choice, False)
        falls_no = self._block(statement.other, no)
        self._conditions.pop()
        if falls_yes and falls_no:
            env.become(merged(choice, yes, no))
            return True
        env.become(yes if falls_yes else no)
        return falls_yes or falls_no

    def _loop(self, statement: Loop, env: Env) -> None:
        over = self.eval(statement.over, env) if statement.over is not None else NOTHING
        if self.chains is not None:
            self.chains.used(over)
        if isinstance(over, Listing) and len(statement.names) == 1 and 1 < len(over.items) <= MAX_UNROLL:
            chosen: Value = over.items[0]
            for position, item in enumerate(over.items[1:]):
                chosen = Alt(f"item@{statement.span[0]}.{position}", chosen, item)
            env.bind(statement.names[0], chosen)
        else:
            first = over.items[0] if isinstance(over, Listing) and len(over.items) == 1 else None
            for name in statement.names:
                alone = len(statement.names) == 1 and first is not None
                env.bind(name, first if alone and first is not None else Gap(name, statement.span))
        inner = env.copy()
        self._block(statement.body, inner)
        if isinstance(over, Listing) and any(not isinstance(item, (Alt, Nothing)) for item in over.items):
            env.become(inner)  # there is an item at least
        else:
            key = f"loop@{statement.span[0]}"
            env.become(merged(oriented(lambda yes, no: Alt(key, yes, no), positive=True), inner, env.copy()))

    def _cases(self, statement: Cases, env: Env) -> bool:
        ends: list[Env] = []
        start = env.copy()
        self._conditions.append((first, True))
        for position, body in enumerate(statement.alternatives):
            inner = start.copy()
            key = f"case@{statement.span[0]}.{position}"
            self._conditions[-1] = (lambda yes, no, key=key: Alt(key, yes, no), True)  # type: ignore[misc]
            if self._block(body, inner):
                ends.append(inner)
        self._conditions.pop()
        if not statement.complete or not statement.alternatives:
            ends.append(start)
        if not ends:
            return False
        result = ends[-1]
        for position, end in reversed(list(enumerate(ends[:-1]))):
            key = f"case@{statement.span[0]}.{position}"
            result = merged(oriented(lambda yes, no, key=key: Alt(key, yes, no), positive=True), end, result)  # type: ignore[misc]
        env.become(result)
        return True

    # Expressions

    def eval(self, expression: Expr, env: Env) -> Value:
        self._step()
        if isinstance(expression, Text):
            value: Value = Lit(expression.value, expression.span)
            self.seen.add(expression.span)
            self.notes.note(value, None, 0)
            return value
        if isinstance(expression, Name):
            value = env.lookup(expression.path, expression.span)
            if isinstance(value, Fn) and any(_last(d) in _PROPERTIES for d in value.function.decorators):
                return self._inline(value, (), env) or Gap(expression.path, expression.span)
            return value
        if isinstance(expression, Cat):
            value = rope(*(self._spliced(part, env) for part in expression.parts))
            self.seen.add(expression.span)
            if isinstance(value, Rope) and all(isinstance(part, Gap) for part in value.parts):
                return Gap(self.notes.text(expression.span), expression.span)  # a sum, or nothing but holes
            self.notes.note(value, None, 0)
            return value
        if isinstance(expression, Invoke):
            return self._invoke(expression, env)
        if isinstance(expression, Choose):
            return self._choose(expression, env)
        if isinstance(expression, Tagged):
            return self._tagged(expression, env)
        if isinstance(expression, Items):
            items: list[Value] = []
            for item in expression.items:
                if isinstance(item, Spread):
                    spread = self.eval(item.value, env)
                    items.extend(spread.items if isinstance(spread, Listing) else (spread,))
                else:
                    items.append(self.eval(item, env))
            return Listing(tuple(items))
        if isinstance(expression, Pairs):
            fields: dict[str, Value] = {}
            for key, part in expression.pairs:
                if isinstance(part, Spread):
                    spread = self.eval(part.value, env)
                    fields.update(spread.fields if isinstance(spread, Record) else {"...": spread})
                else:
                    found = self.eval(part, env)
                    fields[key if key is not None else "[]"] = found
            return Record(fields, self.notes.text(expression.span))
        if isinstance(expression, Closure):
            self._pending.append((expression.function, env, ()))
            return Fn(expression.function, env)
        if isinstance(expression, Repeat):
            one = self.eval(expression.item, env)
            if expression.maybe is not None:
                known, choice, _ = decide(expression.maybe, env)
                if known is not None:
                    return Listing((one,) if known else ())
                return Listing((choice(one, NOTHING),))
            return Listing((one,))
        if isinstance(expression, Percent):
            value = methods.percent(self, expression, env)
            self.notes.note(value, None, 0)
            return value
        if isinstance(expression, Spread):
            return self.eval(expression.value, env)
        parts = tuple(self.eval(part, env) for part in expression.parts)
        for part_value in parts:
            self._visit(part_value, None)
        if self.orm and expression.operator:
            return Term(expression.operator, parts, {}, self.notes.text(expression.span)[:200])
        return Gap(self.notes.text(expression.span), expression.span)

    def _spliced(self, part: Expr, env: Env) -> Value:
        """A part of a string: what is no text is a gap with the part's source."""
        value = self.eval(part, env)
        if isinstance(value, (Record, Fn)):
            return Gap(self.notes.text(part.span), part.span)
        if isinstance(value, Listing):
            return Joined(",", value)
        return value

    def _choose(self, expression: Choose, env: Env) -> Value:
        if expression.test.value is not None and expression.test.value is not expression.then:
            self.eval(expression.test.value, env)
        known, choice, key = decide(expression.test, env)
        if known is not None:
            return self.eval(expression.then if known else expression.other, env)
        yes, no = env.copy(), env.copy()
        if key is not None:
            learn(choice, key, yes, no)
        one, two = self.eval(expression.then, yes), self.eval(expression.other, no)
        return merge(choice, one, two)

    def _tagged(self, expression: Tagged, env: Env) -> Value:
        name = _last(expression.tag)
        parts: list[Value] = []
        plain = name in methods.PLAIN_TAGS
        for piece in expression.parts:
            if isinstance(piece, Text):
                self.seen.add(piece.span)
                parts.append(Lit(piece.value, piece.span))
                continue
            value = self.eval(piece, env)
            if plain or is_fragment(value):
                parts.append(value)
            elif isinstance(value, Nothing):
                parts.append(Gap(self.notes.text(piece.span), piece.span, bound=True))
            else:
                source = (
                    value.source
                    if isinstance(value, Gap) and not isinstance(piece, Name)
                    else self.notes.text(piece.span)
                )
                keys = value.keys if isinstance(value, Gap) else None
                parts.append(Gap(source, piece.span, bound=True, keys=keys))
        self.seen.add(expression.span)
        result = rope(*parts)
        if plain:
            self.notes.note(result, None, 0)
            return result
        if name not in methods.OTHER_TAGS:
            receiver = self.notes.text(expression.tag.span).rpartition(".")[0]
            self.notes.note(
                result,
                Call(
                    receiver=receiver[:200],
                    method=name,
                    arguments=(),
                    line=self.notes.lines.line(expression.span[0]),
                    receiver_origin=calls.origin_of(self.notes, expression.tag, env),
                ),
                1,
            )
        return Fragment(result, name) if parts else Fragment(NOTHING, name)

    # Calls

    def _invoke(self, call: Invoke, env: Env) -> Value:
        receiver = self.eval(call.receiver, env) if call.receiver is not None else None
        method = call.method
        facts: Call | None = None

        def described() -> Call:
            nonlocal facts
            if facts is None:
                facts = calls.described(self.notes, call, env)
            return facts

        arguments: list[Value] = []
        for argument in call.arguments:
            value = self.eval(argument.value if isinstance(argument, Spread) else argument, env)
            if isinstance(value, Fn) and isinstance(argument, Closure):
                value = self._callback(call, argument, value, env)
            if isinstance(argument, Spread) and isinstance(value, Listing):
                arguments.extend(value.items)
            else:
                arguments.append(value)
        keywords = {name: self.eval(value, env) for name, value in call.keywords}
        if self.chains is not None:
            query = self.chains.called(call, receiver, arguments, keywords, env)
            if query is not None:
                return query
        if keys.is_key_store(self, call, receiver, arguments):
            keys.note_keys(self, call, receiver, arguments, described())
        known = methods.apply(self, call, receiver, arguments, keywords, env)
        if known is not None:
            if is_text(known):
                self.notes.note(known, None, 0)
            return known
        rank = methods.rank(method)
        if self.chains is not None:
            for value in (*arguments, *keywords.values()):
                self.chains.used(value, handed=True)
        shadowed = _ADDS_TABLES.search(f"{self._receiver(call)}.{method}") is not None
        for value in (*arguments, *keywords.values()):
            builders.handed(self, value, rank, method)
            if shadowed and is_text(value):
                self.notes.note(rope(Gap(method, call.span), Lit("\n", call.span), value), described(), rank)
            else:
                self._visit(value, described, rank)
        if rank == 2:
            for argument in call.arguments:
                if isinstance(argument, Name):
                    self._exposed(argument, env)
        target = self._called(call, env)
        if target is not None:
            result = self._inline(target, tuple(arguments), env)
            if result is not None:
                return result
        return Gap(self.notes.text(call.span), call.span, origin=self.notes.text(call.span)[:200])

    def _receiver(self, call: Invoke) -> str:
        return self.notes.text(call.receiver.span)[-80:] if call.receiver is not None else ""

    def _exposed(self, argument: Name, env: Env) -> None:
        """A list handed to a function of unknown effect may come back longer."""
        held = env.vars.get(argument.path)
        if isinstance(held, Listing) and len(held.items) < 64:
            key = f"added@{argument.span[0]}"
            env.put(argument.path, Listing((*held.items, Alt(key, Gap(argument.path, argument.span), NOTHING))))

    def _visit(self, value: Value, described: Callable[[], Call] | None, rank: int = 0) -> None:
        """Record the statements among what was handed to a call: itself, the text of a query object, a list of them."""
        if isinstance(value, (Lit, Rope, Alt, Sized, Joined, Fragment)):
            if first_literal(value) is not None:
                self.notes.note(value, described() if described is not None else None, rank)
        elif isinstance(value, Record):
            for name, part in value.fields.items():
                if name.lower() in _TEXT_KEYS and is_text(part):
                    self.notes.note(part, described() if described is not None else None, rank)
        elif isinstance(value, Listing):
            for item in value.items:
                if not isinstance(item, Listing):
                    self._visit(item, described, rank)

    def _callback(self, call: Invoke, argument: Closure, value: Fn, env: Env) -> Value:
        """Interpret a function handed to a call, here and now: it sees and changes the variables around it."""
        function = argument.function
        if function.span in self._visited and not self.notes.muted:
            return value
        if not self.notes.muted:
            self._visited.add(function.span)
        origin = self.notes.text((call.span[0], call.arguments_span[0])) + calls.head_of(self.notes, call)
        receiver_origin = calls.origin_of(self.notes, call.receiver, env) if call.receiver is not None else None
        if receiver_origin is not None:
            origin = f"{origin} ← {receiver_origin}"
        shadowed = {
            name: env.vars.get(name) for parameter in function.parameters for name in bound_names(parameter.name)
        }
        given = tuple(Gap(parameter.name, function.span, origin=origin[:300]) for parameter in function.parameters)
        known = dict(env.facts)
        result = self._function(function, env, given)
        env.facts = known
        for name, before in shadowed.items():
            if before is None:
                env.remove(name)
            else:
                env.put(name, before)
        return Returned(result, function)

    def _called(self, call: Invoke, env: Env) -> Fn | None:
        name = call.method if call.receiver is None else None
        if isinstance(call.receiver, Name):
            name = f"{call.receiver.path}.{call.method}"
        value = env.find(name) if name is not None else None
        return value if isinstance(value, Fn) else None

    def _inline(self, target: Fn, arguments: tuple[Value, ...], env: Env) -> Value | None:
        """What a function of this file returns for these arguments, if that is text; its own calls are not recorded."""
        if self._depth >= MAX_INLINE_DEPTH or self._inlines >= MAX_INLINES:
            return None
        if not methods.returns_text(self.source, target.function.body_span):
            return None
        self._inlines += 1
        self._depth += 1
        self.notes.muted += 1
        pending = len(self._pending)
        try:
            result = self._function(target.function, target.env.inside(), arguments)
        finally:
            self._depth -= 1
            self.notes.muted -= 1
            del self._pending[pending:]
        return result if is_text(result) or is_fragment(result) or isinstance(result, (Listing, Record)) else None


def _last(tag: Expr) -> str:
    if isinstance(tag, Name):
        return tag.path.rpartition(".")[2]
    return tag.method if isinstance(tag, Invoke) else ""
