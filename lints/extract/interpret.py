"""Follows strings through a function: folding, branches, lists of clauses, helpers, until they reach a call.

An abstract interpretation of `ir`: straight-line order, each branch on a copy of the variables, loops once. Texts that
start like SQL are recorded where they are made and where they are handed on; `extract` decides which record counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lints.extract import builders, expressions, methods
from lints.extract.chains.following import Chains
from lints.extract.environment import Env, decide, first, learn, merged, oriented, part
from lints.extract.ir import (
    Assign,
    Cases,
    ClassBody,
    Define,
    Do,
    Expr,
    Func,
    If,
    Import,
    Leave,
    Loop,
    Member,
    Scope,
    Span,
    Stmt,
    Unpack,
)
from lints.extract.lines import Lines
from lints.extract.recorder import Recorder, bound_names
from lints.extract.values import (
    NOTHING,
    Alt,
    Choice,
    Fn,
    Gap,
    Listing,
    Lit,
    Nothing,
    Record,
    Term,
    Value,
    literals,
    rope,
)
from lints.patterns import regex

MAX_STEPS = 400_000
MAX_UNROLL = 4
MAX_RETURNS = 24


_DECLARED = regex(
    r"(?:\w+\.)*(?:Column|mapped_column|relationship|Relationship|column_property|deferred|synonym|association_proxy"
    r"|(?:[a-z]+_){0,3}(?:primary_key|column|pk)|\w*(?:Field|ForeignKey))\("
)
"""What a class declares of its table: elsewhere its name stands for the column, not for what declared it."""


def _declares(value: Value) -> bool:
    """Whether a member of a class stands for a column or a relationship."""
    if isinstance(value, Term):
        return _DECLARED.match(f"{value.operator}(") is not None
    return isinstance(value, Gap) and _DECLARED.match(value.origin or "") is not None


def _overrides(statement: ClassBody, name: str) -> bool:
    return any(isinstance(member, Define) and member.function.name == name for member in statement.body)


class TooLargeError(Exception):
    """The step budget of a file is used up."""


class Interpreter:
    """One file. `source` is its bytes; `run` its module body; afterwards `sightings` holds every record."""

    def __init__(self, source: bytes, language: str, lines: Lines, *, orm: bool = False) -> None:
        self.orm = orm
        self.chains = Chains(self) if orm else None
        self.source = source
        self.language = language
        self.notes = Recorder(source, lines)
        self.seen: set[Span] = set()
        self._class: list[str] = []
        self.pending: list[tuple[Func, Env, tuple[Func, ...]]] = []
        self.visited: set[Span] = set()
        self._returns: list[list[tuple[tuple[tuple[Choice, bool], ...], Value]]] = []
        self._conditions: list[tuple[Choice, bool]] = []
        self.inlines = 0
        self.depth = 0
        self._steps = 0
        self.inlined_steps = 0
        self.wanted: Callable[[Func], bool] = lambda _: True
        """Whether a function may hold something."""
        self.text_names: set[bytes] = set()
        """Last parts of the names that hold SQL in the module or a class."""

    # Running

    def run(self, body: Iterable[Stmt], wanted: Callable[[Func], bool]) -> None:
        """Interpret module-level statements, then each function `wanted` says yes to, and what it defines."""
        env = Env({}, {})
        self.wanted = wanted
        self._block(tuple(body), env)
        while True:
            ready: list[tuple[Func, Env, tuple[Func, ...]]] = []
            later: list[tuple[Func, Env, tuple[Func, ...]]] = []
            for item in self.pending:
                (ready if item[2] or wanted(item[0]) else later).append(item)
            if not ready:
                return
            self.pending = later
            for function, around, outer in ready:
                if function.span in self.visited:
                    continue
                self.visited.add(function.span)
                self.notes.functions = list(outer)
                self.function(function, around.inside(), None)
            self.notes.functions = []

    def function(self, function: Func, env: Env, arguments: tuple[Value, ...] | None) -> Value:
        """Interpret a body; returns what it returns. Unknown arguments are gaps named after the parameter."""
        for position, parameter in enumerate(function.parameters):
            for name in bound_names(parameter.name):
                known = arguments[position] if arguments is not None and position < len(arguments) else None
                if isinstance(known, Gap) and known.origin is not None and name != parameter.name:
                    known = Gap(
                        f"item.{name}", known.span, origin=known.origin
                    )  # `({ id }) => …` of what it is called with
                if known is None and arguments is not None and parameter.default is not None:
                    known = self.eval(parameter.default, env)
                env.bind(name, known if known is not None else Gap(name, function.span))
            if parameter.default is not None and arguments is None:
                self.eval(parameter.default, env)
        self.notes.functions.append(function)
        self._returns.append([])
        conditions, self._conditions = self._conditions, []
        defined = len(self.pending)
        self._block(function.lower_body(), env)
        if self.chains is not None:
            self.chains.left(env)
        # Functions inside see this one's variables as they are at its end, as a closure called later would.
        for position in range(defined, len(self.pending)):
            inner, around, outer = self.pending[position]
            if not outer:
                self.pending[position] = (inner, around, tuple(self.notes.functions))
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

    def step(self) -> None:
        self._steps += 1
        if self.depth:
            self.inlined_steps += 1
        if self._steps > MAX_STEPS:
            raise TooLargeError

    def _statement(self, statement: Stmt, env: Env) -> bool:
        self.step()
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
        elif isinstance(statement, Import):
            for here, module, there in statement.bindings if self.chains is not None else ():
                env.put(f"@{here}", Lit(f"{module}:{there}", statement.span))
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
        self.pending.append((function, env, ()))

    def _class_body(self, statement: ClassBody, env: Env) -> None:
        for decorator in statement.decorators:
            self.eval(decorator, env)
        self._class.append(statement.name)
        inner = env.copy()
        inner.put("cls", Gap(statement.name, statement.span))
        for member in statement.body:
            annotated = isinstance(member, Member) and self.language == "python"
            if isinstance(member, Member) and member.value is not None:
                for decorator in member.decorators:
                    self.eval(decorator, inner)
                member = Assign(member.name, member.value, False, member.span)
            if self.chains is not None and isinstance(member, Member):
                self.chains.field(member.name, member.type, inner)
            if isinstance(member, Assign) and member.target is not None and "." not in member.target:
                value = self.eval(member.value, inner)
                self.notes.note(value, None, 0)
                if self._gives_text(value):
                    self.text_names.add(member.target.encode())
                if self.chains is not None and member.target == "queryset" and _overrides(statement, "get_queryset"):
                    self.chains.replaced(value)
                if not _declares(value):
                    for prefix in ("self", "this", "cls", statement.name):
                        inner.put(f"{prefix}.{member.target}", value)
                    if not (annotated and isinstance(value, (Lit, Nothing)) and member.target.islower()):
                        env.put(
                            f"{statement.name}.{member.target}", value
                        )  # a default of its rows says nothing of them
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
            elif holder is not None and self.chains is not None and self.language == "python":
                self.chains.assigned(statement, env)
        if not self.notes.functions and self._gives_text(value):
            self.text_names.add(target.rpartition(".")[2].encode())
        self.notes.note(value, None, 0)

    def _gives_text(self, value: Value) -> bool:
        """Whether a name of the module or a class stands for text that may be SQL, or for a function with some."""
        if isinstance(value, Fn):
            return self.wanted(value.function)
        return any(methods.verb_ahead(lit.text) for lit in literals(value))

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

    def eval(self, expression: Expr, env: Env) -> Value:
        """What an expression is worth here."""
        self.step()
        return expressions.EVALUATE[type(expression)](self, expression, env)
