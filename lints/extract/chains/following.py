"""Calls of ORMs and query builders, followed as chains: where one begins, what is added to it on which path.

Where one begins is for the module of the language to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import takewhile
from typing import TYPE_CHECKING

from lints.extract import calls
from lints.extract.chains import (
    doctrine,
    go,
    go_steps,
    go_types,
    helpers,
    javascript,
    jvm,
    laravel,
    laravel_rows,
    linq,
    mongo_csharp,
    php_frameworks,
    php_tables,
    python,
    python_rows,
    ruby,
    ruby_rows,
    stores,
)
from lints.extract.chains.parts import Asked, Begun, as_written, class_name
from lints.extract.chains.reassigned import reassigned
from lints.extract.facts import Function
from lints.extract.ir import Assign, Expr, Func, Invoke, Name, Span
from lints.extract.sqltext import names
from lints.extract.values import (
    NOTHING,
    Alt,
    Fn,
    Gap,
    Imported,
    Listing,
    Query,
    Record,
    Returned,
    Sized,
    Step,
    Term,
    Value,
)

if TYPE_CHECKING:
    from lints.extract.environment import Env
    from lints.extract.interpret import Interpreter


_TERMS = names(
    "eq ne gt gte lt lte and or not inArray notInArray isNull isNotNull like ilike between exists and_ or_ not_ Q F In"
    " Not IsNull Equal Like ILike MoreThan LessThan Any Raw Between In_ any_ all_ in_ is_ is_not is_null isnot func"
    " notin_ contains desc asc ArrayContains eb eb1 eb2 eb3"
)
_WITHOUT_TERMS = frozenset({"go", "c_sharp"})
_MUTABLE = frozenset({"eloquent", "laravel"}) | javascript.MUTABLE | go.MUTABLE | jvm.MUTABLE
_MUTABLE |= doctrine.KINDS | php_tables.KINDS | php_frameworks.KINDS
_APART = names("with withRecursive union unionAll intersect except")
"""Calls of Kysely whose callbacks give queries that are no conditions."""
_INNER = names("Prefetch Subquery Exists OuterRef ArraySubquery")


def _laravel(asked: Asked) -> Begun | None:
    notes, call = asked.interpreter.notes, asked.call
    found = laravel.begun(notes, call, asked.path, asked.step)
    if found is not None:
        return Begun(*found, (asked.step,))
    model = laravel.held_model(notes.source, asked.path, call.span[0]) if call.receiver is not None else ""
    row = laravel_rows.begun(notes, call, asked.step, model)
    return Begun("eloquent", row[0], (row[1],)) if row is not None else None


_SCRIPTS: tuple[Callable[[Asked], Begun | None], ...] = (stores.index, javascript.begun)
_BEGIN: Mapping[str, tuple[Callable[[Asked], Begun | None], ...]] = {
    "python": (stores.index, python.begun),
    "typescript": _SCRIPTS,
    "tsx": _SCRIPTS,
    "javascript": _SCRIPTS,
    "java": (jvm.begun,),
    "kotlin": (jvm.begun,),
    "c_sharp": (mongo_csharp.begun, linq.begun),
    "go": (go.begun,),
    "php": (php_frameworks.begun, php_tables.begun, doctrine.begun, _laravel, laravel.along),
    "ruby": (ruby.begun,),
}
_RUNS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(ruby.KINDS, ruby.RUNS),
    **dict.fromkeys(doctrine.KINDS, doctrine.RUNS),
    "eloquent": laravel.RUNS,
    "laravel": laravel.RUNS,
    **php_tables.RUNS,
    **php_frameworks.RUNS,
    **jvm.RUNS,
    **python.RUNS,
    helpers.RELATED: python.RUNS["django"],
    **javascript.RUNS,
    **stores.RUNS,
}
_BY_SOURCE = frozenset({"c_sharp", "ruby"})
"""Languages where what a call begins is told by where its receiver is from: `boats = Boat`, `var boats = db.Boats`."""
_MAX_STEPS = 200
_ONE_CALL = frozenset({"jpa", "prisma", "entity", "sequelize", "mongo", "drizzle_query", "repository"})
"""Kinds whose queries are one call."""


class Chains:
    """The queries of one file. A query counts where it is run or handed on, or where nothing more is added to it."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self.made: list[tuple[Query, Function | None]] = []
        self._extended: set[int] = set()
        self._used: set[int] = set()
        self._inner: set[int] = set()
        self._kept: list[Query] = []
        self._common: list[javascript.Common] = []
        self.receivers: dict[Span, tuple[str, str | None]] = {}
        """What the call that begins a query is made on, and the call that this came from."""

    # Observed by the interpreter

    def called(
        self, call: Invoke, receiver: Value | None, arguments: list[Value], keywords: Mapping[str, Value], env: Env
    ) -> Value | None:
        """The query a call begins or continues, or the term it is; None for any other call."""
        if self.interpreter.language == "python":
            keywords = python.spread(keywords)
            python.written_out(call, arguments, keywords)
        if call.method == "rpc":
            stores.routine(self.interpreter, call, arguments)
        step = Step(call.method, tuple(arguments), dict(keywords), call.span)
        if self.interpreter.language == "php":
            step = laravel.step_of(self.interpreter.notes, call, arguments)
            for part in laravel.nested(step):
                self._sub_select(part)
        elif self.interpreter.language == "ruby":
            step = ruby.step_of(self.interpreter.notes, call, arguments, keywords)
            if call.method == "merge" and not isinstance(
                receiver, (Query, Alt)
            ):  # of the relation that a scope is called on
                for part in ruby.nested(step):
                    self._sub_select(part)
            for part in ruby_rows.scopes(call, step):
                self._sub_select(part)
        elif self.interpreter.language in {"java", "kotlin"} and receiver is not None:
            step = jvm.step_of(self.interpreter, call, receiver, step, env)
            for part in jvm.inside(call, arguments):
                self._sub_select(part)
        for value in arguments if call.method in _APART else ():
            if isinstance(value, Returned) and isinstance(value.result, Query):
                self._by_itself(value.result)
                self._common += javascript.common(call, arguments, value.result)
        if isinstance(receiver, Query) and php_tables.anew(receiver, call):
            self.used(receiver)
            receiver = None
        if isinstance(receiver, Query) and doctrine.tells(receiver, call):
            return Gap(self.interpreter.notes.text(call.span)[:200], call.span)
        if isinstance(receiver, Query) and _loaded(receiver) and not _narrowed_later(receiver, call):
            self.used(receiver)  # what it gave is a record, or records: no part of the query
            if receiver.kind == "eloquent":
                taken = laravel_rows.of_query(self.interpreter.notes, receiver, call, step)
                if taken is not None:
                    return self._kept_query(taken)
            if receiver.kind == "django" or receiver.kind in ruby.KINDS:
                moved = reassigned(self.interpreter.notes, receiver, call)
                if moved is None and receiver.kind in ruby.KINDS:
                    moved = ruby_rows.of_query(self.interpreter.notes, receiver, call, step)
                if moved is not None:
                    return self._kept_query(moved)
            if receiver.kind in python_rows.KINDS:
                self._given_whole(call, arguments, env)
            if call.method in {"map", "flatMap", "filter", "slice"}:
                return receiver  # of the rows it gave
            if receiver.kind in ruby.KINDS and (record := ruby.record_of(receiver, call)) is not None:
                return record
            return Gap(self.interpreter.notes.text(call.span)[:200], call.span)
        if isinstance(receiver, Query):
            longer = self._continued(receiver, step, call, env)
            if longer.kind in _MUTABLE and (changed := self._variable_of(call, receiver, env)) is not None:
                env.put(changed, longer)  # the builder itself has changed
            return longer
        if isinstance(receiver, Alt) and (made := self._on_paths(receiver, step, call, env)) is not None:
            grown = made if isinstance(made, Query) and made.kind in _MUTABLE else None
            if grown is not None and (changed := self._variable_of(call, grown, env)) is not None:
                env.put(changed, grown)
            return made
        if arguments and isinstance(arguments[0], Query) and call.method in python.ASKS and receiver is None:
            asks = Step(python.ASKS[call.method], tuple(arguments[1:]), dict(keywords), call.span)
            return self._continued(arguments[0], asks, call, env)
        if self.interpreter.language == "python":
            self._given_whole(call, arguments, env)
            if (run := python.executed(call, arguments)) is not None:
                return self._continued(*run, call, env)
            term = python.term(self.interpreter, call, receiver, step, env)
            if term is not None:
                return term
        begins = helpers.begun(call, receiver, step)
        if begins is not None:
            return self._kept_query(begins)
        if call.method in _INNER or call.method.endswith("Validator"):
            for value in (*arguments, *keywords.values()):
                if isinstance(value, Query):
                    self._extend(value)  # a part of the query around it
            return Term(call.method, tuple(arguments), dict(keywords), self.interpreter.notes.text(call.span)[:200])
        path = call.receiver.path if isinstance(call.receiver, Name) else ""
        asked = Asked(interpreter=self.interpreter, call=call, receiver=receiver, path=path, step=step, env=env)
        made = step.arguments[-1] if call.method in {"create", "merge"} and step.arguments else None
        if isinstance(made, Record) and javascript.entity_of(asked) is not None:
            return made  # an entity in memory: what it is made of is what will be saved
        given = go.passed(asked) if self.interpreter.language == "go" else None
        if given is not None and not _loaded(given):
            unseen = Step("Scopes", (Gap(call.method, call.span),), {}, call.span)
            self._extend(given)
            return self._kept_query(Query(given.kind, given.model, (*given.steps, unseen), given.span, (given,)))
        begun = self._begun(asked)
        if begun is not None:
            holds = begun.kind == "eloquent" or php_tables.grows(begun)
            if holds and path[:1].islower() and path not in {"self", "static"}:
                env.put(path, begun)  # a relation that a variable holds is now the query
            if call.receiver is not None:
                written = " ".join(self.interpreter.notes.text(call.receiver.span).split())[:200]
                self.receivers[begun.span] = (written, calls.origin_of(self.interpreter.notes, call.receiver, env))
            return begun
        own = call.receiver is None or path.rpartition(".")[2] == "models"
        if keywords and not arguments and own and call.method[:1].isupper() and self.interpreter.language == "python":
            return Term(call.method, (), dict(keywords), self.interpreter.notes.text(call.span)[:200])
        named = call.method in _TERMS and self.interpreter.language not in _WITHOUT_TERMS
        if isinstance(receiver, Term) or (named and (arguments or keywords)):
            inner = (
                (receiver, *arguments) if receiver is not None and not isinstance(receiver, Fn) else tuple(arguments)
            )
            return Term(call.method, inner, dict(keywords), self.interpreter.notes.text(call.span)[:200])
        return None

    def _given_whole(self, call: Invoke, arguments: list[Value], env: Env) -> None:
        filled = python_rows.filled(self.interpreter, call, arguments, env)
        if filled is not None:
            self._kept_query(filled)

    def assigned(self, statement: Assign, env: Env) -> None:
        """An attribute of a row is set: `boat.tenant_id = payload["tenant_id"]`."""
        moved = python_rows.attributed(self.interpreter, statement, env)
        if moved is not None:
            self._kept_query(moved)

    def turned(self, expression: Expr, before: Expr, receiver: Value | None, env: Env) -> Value | None:
        """What `.or`, `.not` and `.and` of Knex make of the call that follows: `.where({ a }).or.where({ b })`."""
        named = javascript.TURNS.search(self.interpreter.notes.text(expression.span)[-40:])
        if named is None or not isinstance(receiver, (Query, Alt)):
            return None
        where = expression.span
        return self.called(Invoke(before, named[1], (), (), where, (where[1], where[1])), receiver, [], {}, env)

    def _on_paths(self, receiver: Alt, step: Step, call: Invoke, env: Env) -> Value | None:
        """What a call gives where its receiver is a query on some path: there it goes on with that, and on a path that
        comes with a set or a class it begins one."""
        sides = [side for side in (receiver.yes, receiver.no) if isinstance(side, Query)]
        longest = max(sides, key=lambda side: len(side.steps), default=None)
        if longest is not None and _loaded(longest):
            for side in sides:
                self.used(side)
            return Gap(self.interpreter.notes.text(call.span)[:200], call.span)
        if longest is not None and (whole := _sometimes(receiver, longest)) is not longest:
            return self._continued(whole, step, call, env)
        one, two = (self._on_path(side, step, call, env) for side in (receiver.yes, receiver.no))
        if one is None or two is None:
            return self._continued(longest, step, call, env) if longest is not None else None
        if (one.kind, one.model) != (two.kind, two.model):
            return Alt(receiver.key, *(self._continued(side, step, call, env) for side in (one, two)))
        both = takewhile(lambda pair: pair[0] is pair[1], zip(one.steps, two.steps, strict=False))
        shared = tuple(held for held, _ in both)
        first = (Alt(receiver.key, held, NOTHING) for held in one.steps[len(shared) :])
        second = (Alt(receiver.key, NOTHING, held) for held in two.steps[len(shared) :])
        steps = (*shared, *first, *second)
        if len(steps) > _MAX_STEPS:  # of too many paths to tell apart
            steps = (*shared, Step("unseen_paths", (), {}, call.span))
        return self._continued(Query(one.kind, one.model, steps, one.span, (one, two)), step, call, env)

    def _on_path(self, side: Value, step: Step, call: Invoke, env: Env) -> Query | None:
        """What there is of a query before a call, if the call goes on with one, or begins one of that."""
        if isinstance(side, Query):
            return side
        if isinstance(call.receiver, Name) and self.interpreter.language == "php":
            path = call.receiver.path
            asked = Asked(interpreter=self.interpreter, call=call, receiver=None, path=path, step=step, env=env)
            other = php_tables.begun(asked)  # a connection that nothing was asked of
            ours = other is not None and other.kind == "codeigniter"
            return Query(other.kind, other.model, other.steps[:-1], call.span) if other is not None and ours else None
        if not isinstance(side, Gap) or self.interpreter.language not in _BY_SOURCE:
            return None
        path = side.source if re.fullmatch(r"[\w.]+", side.source) else ""
        asked = Asked(interpreter=self.interpreter, call=call, receiver=side, path=path, step=step, env=env)
        found = (reader(asked) for reader in _BEGIN[self.interpreter.language])
        begun = next((one for one in found if one is not None), None)
        return Query(begun.kind, begun.model, begun.steps[:-1], call.span) if begun is not None else None

    def followed(self, call: Invoke, result: Value | None, given: list[Value]) -> Value | None:
        """What a function of this file gives: the query it was handed with what it adds on each path, a query that it
        begins, or conditions; None for anything else."""
        whole = helpers.whole(result) if result is not None else None
        if isinstance(whole, Query) and not _loaded(whole):
            handed = [value for value in given if isinstance(value, Query) and value.span == whole.span]
            if not handed:  # what begins there is judged there; what goes on with it here, here
                self.receivers.setdefault(call.span, self.receivers.get(whole.span, ("", None)))
                return Query(whole.kind, whole.model, whole.steps, call.span)
            for query in handed:
                self._extend(query)
            return self._kept_query(Query(whole.kind, whole.model, whole.steps, whole.span, tuple(handed)))
        return whole if whole is not None and helpers.is_condition(whole) else None

    def through(self, call: Invoke, made: Imported | None, env: Env) -> Query | None:
        """A query that is handed to an imported function goes on as what that gives, which is to be seen elsewhere."""
        found = helpers.through(call, made) if made is not None else None
        return self._continued(*found, call, env) if found is not None and not _loaded(found[0]) else None

    def _variable_of(self, call: Invoke, receiver: Query, env: Env) -> str | None:
        """The variable whose builder a call changes: `$query->where(…)`, `$query->with(…)->where(…)`."""
        base = call.receiver
        goes_on = self.interpreter.language in {"php", "java", "kotlin"} or receiver.kind in javascript.MUTABLE
        while isinstance(base, Invoke) and goes_on and base.method not in javascript.COPIES:
            base = base.receiver
        if not isinstance(base, Name) or (
            base is not call.receiver and not isinstance(env.find(base.path), (Query, Alt))
        ):
            return None
        return javascript.TURNS.sub("", base.path) if receiver.kind == "knex" else base.path

    def replaced(self, value: Value) -> None:
        """A query that a method of the same class answers for: it runs only where that one uses it."""
        if isinstance(value, Query):
            self._extend(value)

    def used(self, value: Value, *, handed: bool = False) -> None:
        """A query that is returned or looped over runs as it is; what a call does with it is not known (`handed`)."""
        if not isinstance(value, (Query, Alt, Sized, Listing)):
            return
        stack: list[Value] = [value]
        seen: set[int] = set()  # choices share their sides: without this their number doubles at every branch
        while stack:
            top = stack.pop()
            if id(top) in seen:
                continue
            seen.add(id(top))
            if isinstance(top, Query):
                self._use(self._handed(top) if handed else top)
            elif isinstance(top, (Alt, Sized)):
                stack.extend((top.no, top.yes))
            elif isinstance(top, Listing):
                stack.extend(reversed(top.items))

    def left(self, env: Env) -> None:
        """The end of a function: a variable that holds one query or a longer one, by the path that was taken, runs as
        it is unless something was added to it: `if (name) query.where({ name }); const rows = await query;`, a query
        set that stands in a dictionary."""
        for value in list(env.vars.values()):
            met = isinstance(value, Query) and len(value.base) > 1 and not _loaded(value)
            if isinstance(value, Query) and met and id(value) not in self._extended:
                self._use(value)

    def _handed(self, query: Query) -> Query:
        """A builder that has not run yet may get further conditions where it is handed to."""
        runs = any(isinstance(step, Step) and step.method.startswith(("execute", "stream")) for step in query.steps)
        if query.kind != "kysely" or runs or id(query) in self._inner:
            return query
        self._extend(query)
        more = Step("where", (Gap("…", query.span),), {}, query.span)
        return self._kept_query(Query(query.kind, query.model, (*query.steps, more), query.span, (query,)))

    def _by_itself(self, query: Query) -> None:
        """A query that reads rows of its own though a callback gives it: `withRecursive("above", (qb) => …)`."""
        stack = [query]
        while stack:
            top = stack.pop()
            self._inner.discard(id(top))
            stack.extend(top.base)
        self._use(query)

    def _use(self, query: Query) -> None:
        if id(query) not in self._used and not self.interpreter.notes.muted:
            self._used.add(id(query))
            self._kept.append(query)
            if any(id(base) in self._inner for base in query.base):
                self._sub_select(query)
            if len(query.base) > 1:  # where paths met: it stands for what came in on each
                self.made.append((query, self.interpreter.notes.enclosing()))
                for base in query.base:
                    self._extend(base)

    def fields(self, function: Func, env: Env) -> None:
        """Repositories that a constructor takes become fields: `constructor(private boats: Repository<Boat>)`."""
        if function.name == "constructor":
            for parameter in function.parameters:
                self.field(parameter.name, parameter.type, env)

    def field(self, name: str, kind: str, env: Env) -> None:
        entity = javascript.repository_of(kind)
        if entity is not None:
            env.put(f"this.{name}", Gap(f"this.{name}", (0, 0), origin=f"getRepository({entity})"))

    # Making queries

    def _begun(self, asked: Asked) -> Query | None:
        for reader in _BEGIN.get(self.interpreter.language, ()):
            begun = reader(asked)
            if begun is not None:
                for base in begun.base:
                    self._extend(base)
                query = self._kept_query(Query(begun.kind, begun.model, begun.steps, asked.call.span, begun.base))
                for part in ruby.nested(asked.step) if begun.kind in ruby.KINDS else ():
                    self._sub_select(part)
                for part in python.nested(asked.step) if begun.kind in python.KINDS else ():
                    self._extend(part)
                for step in begun.steps if begun.kind == "gorm" else ():
                    for part in go_steps.nested(step) if isinstance(step, Step) else ():
                        self._sub_select(part)
                if begun.inner:
                    self._sub_select(query)
                return query if not begun.aside else None
        return None

    def _continued(self, query: Query, step: Step, call: Invoke, env: Env) -> Query:
        inner = id(query) in self._inner
        self._extend(query)
        model = query.model
        if query.kind == "sqlalchemy":
            model = model or python.model_of(call, step, env)
        for part in python.nested(step) if model and query.kind in python.KINDS else ():
            self._extend(part)
        for part in javascript.nested(step) if query.kind == "drizzle" else ():
            self._sub_select(part)
        if query.kind == "typeorm" and not model and step.method in {"from", "update", "into", "relation"}:
            model = (class_name(call.arguments[0]) if call.arguments else None) or ""
        if query.kind == "ef":
            step = as_written(self.interpreter, call, step.method)
        elif query.kind in go.KINDS:
            step = go_steps.step_of(self.interpreter, call, step.arguments, env, query.kind)
            for part in go_steps.nested(step):
                self._sub_select(part)
            if not model and (query.kind != "bun" or step.method == "Model"):
                model = go_types.struct_of(self.interpreter, step)
        elif query.kind in doctrine.KINDS:
            step = doctrine.step_of(self.interpreter.notes, call, list(step.arguments), step.keywords)
            model = model or doctrine.named(step) or ""
        elif query.kind in ruby.KINDS:
            for part in ruby.nested(step):
                self._sub_select(part)
        longer = self._kept_query(Query(query.kind, model, (*query.steps, step), query.span, (query,)))
        if inner:
            self._sub_select(longer)
        return longer

    def grown(self, query: Query, step: Step) -> Query:
        """A query with a further step that something beside it adds: `$query->where->equalTo('id', $id)`."""
        self._extend(query)
        return self._kept_query(Query(query.kind, query.model, (*query.steps, step), query.span, (query,)))

    def _sub_select(self, query: Query) -> None:
        """A part of the query around it, which is judged; it never runs by itself."""
        self._inner.add(id(query))
        self._extend(query)

    def _kept_query(self, query: Query) -> Query:
        if not self.interpreter.notes.muted:
            self.made.append((query, self.interpreter.notes.enclosing()))
        return query

    def _extend(self, query: Query) -> None:
        stack = [query]
        while stack:
            top = stack.pop()
            if id(top) not in self._extended:
                self._extended.add(id(top))
                self._kept.append(top)
                stack.extend(top.base)

    # Results

    def finished(self) -> Iterable[tuple[Query, Function | None]]:
        """The queries that run, once for each place they begin and form they take."""
        for query, function in self.made:
            if not query.model and query.kind in {"sqlalchemy", "typeorm"}:
                continue  # of values, or of other queries, which are judged themselves
            if id(query) not in self._extended or (id(query) in self._used and id(query) not in self._inner):
                yield javascript.with_common(query, self._common) if query.kind == "kysely" else query, function


def _sometimes(paths: Alt, query: Query) -> Query:
    """A query that goes on from a relation, or a manager, on one path only: on the other one it is still that."""
    start = tuple(step for step in query.steps if isinstance(step, Step) and step.method == "@along")
    other = paths.no if paths.yes is query else paths.yes
    if not isinstance(other, Gap) or (not start and not other.source.endswith(f"{query.model}.objects")):
        return query
    if other.source[:1].isupper() and not other.source.endswith("objects"):
        return query  # a class: everything there is
    rest = (step for step in query.steps if step not in start)
    some = tuple(Alt(paths.key, *((step, NOTHING) if paths.yes is query else (NOTHING, step))) for step in rest)
    return Query(query.kind, query.model, (*start, *some), query.span, (query,))


_OF_MONGOOSE = names(
    "where equals eq ne gt gte lt lte in nin regex exists and or nor find findOne lean exec select sort"
)


def _narrowed_later(query: Query, call: Invoke) -> bool:
    """`Boat.findOne({ id }).where("tenantId").equals(tenant)`: Mongoose runs a query when it is waited for."""
    return query.kind in {"mongo", "entity"} and call.method in _OF_MONGOOSE and isinstance(call.receiver, Invoke)


def _loaded(query: Query) -> bool:
    """Whether its last step gave rows, a record or a number: what is called on that is no part of the query."""
    last = query.steps[-1] if query.steps else None
    if not isinstance(last, Step):
        return False
    if query.kind in ruby.KINDS and last.method.startswith("find_by_"):
        return True
    if query.kind == "ef":
        return linq.RUNS.fullmatch(last.method) is not None
    if query.kind == "typeorm" and query.steps[0] is last:
        return last.method != "createQueryBuilder"
    if query.kind == "sqlalchemy" and query.steps[0] is last and last.method in python.ROOTS:
        return False  # `update` and `delete` end a `session.query(…)`; elsewhere they begin a statement
    return query.kind in _ONE_CALL or last.method in _RUNS.get(query.kind, ())
