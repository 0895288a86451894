"""Values that come from what a client sent, or from a default, followed through the names and calls of a module."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from lints.context.apart import Call, Sent, apart
from lints.context.asked import (
    PUBLIC,
    last_word,
    may_leave,
    may_mean,
    names_caller,
)
from lints.context.defaults import constant_of, default_apart, default_of, gives_tenant
from lints.context.facts import About, Context
from lints.context.followed import WORD, Followed, Origin
from lints.context.guards import called_by_a_route, check_before, path_guarded
from lints.context.held import ALONE
from lints.context.known import Known, Told, enters
from lints.context.sources import given as filled
from lints.context.units import MAX_DEPTH, Unit, Units, blocks, callee, expressions, parts
from lints.context.words import BINDS, TENANT
from lints.context.written import REST, bare, ends, sent
from lints.context.written import said as written
from lints.extract.ir import (
    Assign,
    Choose,
    Closure,
    Define,
    Expr,
    If,
    Invoke,
    Leave,
    Loop,
    Name,
    Other,
    Pairs,
    Repeat,
    Span,
    Stmt,
    Text,
    Unpack,
)
from lints.extract.lines import Lines
from lints.patterns import regex

MAX_FACTS = 400
MAX_ORIGINS = 2_000
MAX_CALLS = 100
_FINDS = regex(r"find(?:_?by)?!?|find_?or_?fail|get|findUnique|findById", re.IGNORECASE)
_BEARER = regex(r"token|secret|key|code|signature|sgid|signed|hash|digest|invit|public|shar", re.IGNORECASE)
"""What only somebody who was given it can name: to find a row by it is to be let in."""
_NARROWS = regex(
    r"where|filter|and_|or_|not_|join|outerjoin|having|(?:Where|First|FirstOrDefault|Single|SingleOrDefault|Last|Count|LongCount|Sum"
    r"|Include|Join)(?:Async)?"
)
"""What takes the conditions of a query, in languages where they are written as comparisons: nobody is asked by it."""
_ITEM = regex(r"\bfor\s+(\w+(?:, \w+){0,8})\s+in\b")
_EACH = frozenset(["map", "forEach", "flatMap", "filter", "each", "find", "some", "every", "Select", "each_with_index"])
_EXPORTED = regex(rb"export\s+(?:default\s+)?(?:async\s+function\b|const\s+\w+(?:\s*:[^=\n]{1,200})?\s*=\s*async\b)")


class Origins:
    """Reads the functions of one file; `facts` holds what was found."""

    def __init__(
        self, path: str, data: bytes, language: str, lines: Lines, units: Iterable[Unit], places: Sequence[int],
        read: Units, known: Known, *, actions: bool,
    ) -> None:  # fmt: skip
        """`places` are the offsets, in order, at which something that a client sends may be written; `read` is what is
        known of the module beside its functions, `known` what was found out of them so far.
        """
        self.path, self.data, self.language, self.lines = path, data, language, lines
        self.places, self.module, self.known, self.actions = places, read, known, actions
        self.units = {unit.function.span: unit for unit in units}
        self.by_name = {(unit.owner, unit.name): unit for unit in units if unit.name}
        self.learnt = Known()
        self.facts: list[Context] = []
        self.leaving: list[Context] = []
        self.apart: list[Context] = []
        self.followed = Followed(data)
        self.text = self.followed.text
        self._read: set[Span] = set()
        self._narrows = False
        """Whether what is read are the conditions of a query."""
        self._calls: list[Call] = []
        """What the function that is read gives to functions of other modules."""
        self._over: dict[Span, Origin] = {}
        """Functions that are called with each item of what a client sent."""
        self._out: list[tuple[Origin, int, Callable[[Told], object]]] = []
        """What leaves the function that is read: the origin, where, and whom to tell."""

    def read(self, unit: Unit) -> None:
        """Follow one function and those inside of it."""
        self._unit(unit, {}, 0)

    def finish(self) -> list[Context]:
        """The facts of everything that was read."""
        alone = ALONE.matches(self.data)  # who starts a program by hand may be given a default
        for origin in self.followed.origins[:MAX_FACTS]:
            if alone and origin.about is About.DEFAULT:
                continue
            for name in sorted({*origin.aliases, origin.said}):
                self.facts.append(
                    Context(
                        about=origin.about,
                        line=self.lines.line(origin.offset if origin.begin is None else origin.begin),
                        end_line=self.lines.line(origin.end),
                        name=name, said=origin.said, where=origin.line_of or self.lines.line(origin.offset),
                        channel=origin.channel,
                        checked=origin.checked,
                        checked_line=self.lines.line(origin.checked_at) if origin.checked is not None else 0,
                        before=origin.before,
                    )
                )  # fmt: skip
        handed = {origin.said for origin in self.followed.origins if origin.line_of is not None}
        leaving = [f for f in self.leaving if f.about is not About.BECOMES or f.name not in handed]
        return [*self.facts, *leaving[:MAX_FACTS], *self.apart[:MAX_FACTS]]

    # Functions

    def _unit(self, unit: Unit, names: dict[str, Origin], depth: int) -> None:
        if unit.function.span in self._read or depth > MAX_DEPTH:
            return
        self._read.add(unit.function.span)
        inner = dict(names)
        for parameter in unit.function.parameters:
            for name in parameter.name.split(","):
                inner.pop(name, None)
        start, out, self._out = len(self.followed.origins), self._out, []
        machine, self.followed.machine = self.followed.machine, None
        decides, self.followed.decides, gone = self.followed.decides, False, len(self.leaving)
        calls, self._calls = self._calls, []
        loaded, self.followed.found = self.followed.found, dict(self.followed.found) if depth else {}
        line = self.data.rfind(b"\n", 0, unit.span[0]) + 1
        exported = self.actions and _EXPORTED.match(self.data, line) is not None
        for name, channel in filled(unit, self.path, self.language, self.module.bodies, exported=exported):
            inner[name] = self.followed.new(name, channel, unit.function.span[0], unit.span[1])
        self._told(unit, inner)
        if unit.function.span in self._over and unit.function.parameters:
            first = unit.function.parameters[0].name.split(",")
            self._each(first, self._over[unit.function.span], inner, unit.span)
        self._block(unit.body(), inner, unit, depth)
        if unit.request is not None and self._calls:
            self._told_apart(unit, self.followed.origins[start:])
        head = check_before(unit, self.module.before, self.known.sources)
        if self.followed.machine is not None:
            for origin in self.followed.origins[start:]:
                self.followed.checked(origin, "a secret of the request", self.followed.machine)
        self.followed.machine = machine
        guarded, elsewhere = path_guarded(unit), called_by_a_route(unit)
        for origin in self.followed.origins[start:]:
            if origin.about is About.CLIENT and (
                head is not None or (origin.channel == "path" and guarded and origin.line_of is None)
            ):
                origin.before = origin.before or origin.checked is None
                origin.checked, origin.checked_at, origin.until = head or unit.head[:60], unit.span[0], None
        for origin, offset, tell in self._out:
            if not origin.is_checked(offset):
                line = origin.line_of or self.lines.line(origin.offset)
                tell(Told(said=origin.said, channel=origin.channel, about=origin.about, line=line))
        for origin in self.followed.origins[start:] if elsewhere else ():
            if origin.about is About.CLIENT:
                origin.checked, origin.checked_at = "what calls it", unit.span[0]
        if self.followed.decides:
            del self.leaving[gone:]
        self._calls, self.followed.found = calls, loaded
        self._out, self.followed.decides = out, decides or self.followed.decides

    def _told(self, unit: Unit, names: dict[str, Origin]) -> None:
        """What other functions of the module hand to this one, by an argument, a context or a dependency."""
        for name, told in self.known.handed.get(unit.function.span, {}).items():
            names[name] = self._from(told, name, unit)
        for name, told in self.known.dependencies(unit):
            names[name] = self._from(told, name, unit)
        text = self.data[unit.span[0] : unit.span[1]].decode("utf-8", "replace")
        for name, told in self.known.bare(unit, text) if self.language == "ruby" else ():
            names[name] = self._from(told, name, unit)
        for spelled, told in self.known.kept_in(unit, text):
            names[spelled] = self._from(told, spelled, unit)
        for parameter in unit.function.parameters:
            said = constant_of(parameter.default) if parameter.default is not None else None
            if said is not None and TENANT.fullmatch(parameter.name):
                origin = self.followed.new(
                    f"{parameter.name} = {said}", said, unit.function.span[0], unit.span[1], About.DEFAULT
                )
                origin.aliases.add(parameter.name)

    def _from(self, told: Told, name: str, unit: Unit) -> Origin:
        origin = self.followed.new(told.said, told.channel, unit.function.span[0], unit.span[1], told.about)
        origin.aliases.add(written(name) if not name.isidentifier() else name)
        origin.line_of = told.line
        return origin

    # Statements

    def _block(self, body: Iterable[Stmt], names: dict[str, Origin], unit: Unit, depth: int) -> None:
        if depth > MAX_DEPTH:
            return
        for statement in body:
            for value in expressions(statement):
                self._expression(value, names, unit, depth)
            if isinstance(statement, Assign):
                self._assign(statement, names, unit)
            elif isinstance(statement, Unpack):
                self._unpack(statement, names, unit)
            elif isinstance(statement, Define):
                self._inner(statement.function.span, names, depth)
            elif isinstance(statement, Leave) and statement.value is not None and statement.returns:
                default = self._defaulted(statement.value, unit.name, unit)
                self._returned(default or self._origin(statement.value, names, unit), statement.span, unit)
            elif isinstance(statement, If):
                self._filled_in(statement, names, unit)
                self.followed.asked(statement, names)
            elif isinstance(statement, Loop) and statement.over is not None:
                self._each(statement.names, self._origin(statement.over, names, unit), names, statement.span)
            for block in blocks(statement):
                until, left = self.followed.until, isinstance(statement, If) and block and isinstance(block[-1], Leave)
                self.followed.until = block[-1].span[1] if left and until is None else until
                self._block(block, names, unit, depth + 1)
                self.followed.until = until

    def _each(self, each: Iterable[str], over: Origin | None, names: dict[str, Origin], span: Span) -> None:
        """`for tag in body.tags`, `body.tags.map(tag => …)`: an item of what a client sent is sent too."""
        for name in each:
            names.pop(name, None)
            if over is not None and over.about is About.CLIENT:
                made = names[name] = self.followed.new(over.said, over.channel, span[0], span[1])
                made.aliases.add(name)
                made.checked_as(over)

    def _returned(self, origin: Origin | None, span: Span, unit: Unit) -> None:
        """A function that hands on the client's word, or a default, says it wherever it is called."""
        if origin is None or not unit.name:
            return
        key = (unit.owner, unit.name)
        self._out.append((origin, span[0], partial(self.learnt.returned.setdefault, key)))
        if gives_tenant(unit.name):
            self._becomes(origin, unit.name, span, unit)

    def _becomes(self, origin: Origin, what: str, span: Span, unit: Unit) -> None:
        """The client's word becomes what the rest of the program takes for the tenant of the request."""
        given_ = origin.about is About.CLIENT and origin.channel in {"header", "query", "body"}
        if given_ and may_mean(last_word(origin.said)) and self.language != "ruby":
            fact = self._at(About.BECOMES, origin.said, what, origin.channel, span, unit)
            self._out.append((origin, span[0], partial(self._left, fact)))

    def _keeps(self, key: str, origin: Origin | None, span: Span, unit: Unit) -> None:
        """Something that outlives the function is set, for others of the module to read."""
        if origin is None or origin.about is not About.CLIENT:
            self.learnt.trusted.add(key)
            return
        self._becomes(origin, key.lstrip("("), span, unit)
        where = unit.function.span
        self._out.append((origin, span[0], lambda told: self.learnt.keep(key, told, where)))

    def _filled_in(self, statement: If, names: dict[str, Origin], unit: Unit) -> None:
        """`if tenant == "" { tenant = "default" }`."""
        name = statement.test.name
        if name is None or TENANT.fullmatch(name.rpartition(".")[2]) is None:
            return
        for inner in statement.other if statement.test.positive else statement.then:
            target = inner.target if isinstance(inner, Assign) else None
            if not isinstance(inner, Assign) or target is None or TENANT.fullmatch(target.rpartition(".")[2]) is None:
                continue
            if (said := constant_of(inner.value)) is not None:
                origin = self.followed.new(self.text(inner.span, 120), said, inner.span[0], unit.span[1], About.DEFAULT)
                origin.aliases.add(target)

    def _inner(self, span: Span, names: dict[str, Origin], depth: int) -> None:
        unit = self.units.get(span)
        if unit is not None:
            self._unit(unit, names, depth + 1)

    def _assign(self, statement: Assign, names: dict[str, Origin], unit: Unit) -> None:
        target = statement.target
        if target is None or statement.add:
            return
        origin = self._origin(statement.value, names, unit) or self._found_by(statement.value, names, unit)
        default = self._defaulted(statement.value, target, unit)
        key = self.known.key_of(target, unit, self.text(statement.span, 120))
        if key is not None:
            self._keeps(key, origin, statement.span, unit)
        if origin is None and default is None:
            before = names.pop(target, None)
            if before is not None and before.checked is None and before.about is About.CLIENT:
                before.checked, before.checked_at = self.text(statement.span, 60), statement.span[0]
            self._loaded(target, statement.value, statement.span, names)
            return
        if origin is not None:
            origin.aliases.add(target)
            names[target] = origin

    def _found_by(self, value: Expr, names: dict[str, Origin], unit: Unit) -> Origin | None:
        """`Tenant.find(params[:id])`: a tenant that was found among all of them by what the client sent."""
        if (
            not isinstance(value, Invoke)
            or not _FINDS.fullmatch(value.method)
            or len(value.arguments) + len(value.keywords) != 1
        ):
            return None
        among = value.receiver.path if isinstance(value.receiver, Name) else ""
        if not among[:1].isupper() or TENANT.fullmatch(among) is None:
            return None
        keys = [*(("", argument) for argument in value.arguments), *value.keywords]
        by = next((o for _, given_ in keys if (o := self._origin(given_, names, unit)) is not None), None)
        if by is None or by.about is not About.CLIENT or _BEARER.search(by.said + keys[0][0]):
            return None
        made = self.followed.new(written(self.text(value.span, 120)), by.channel, value.span[0], unit.span[1])
        made.checked_as(by)
        return made

    def _loaded(self, target: str, value: Expr, span: Span, names: dict[str, Origin]) -> None:
        """`target` was found by something that the client sent: a look at its owner later on is a check of that."""
        text = self.text(value.span, 600)
        if "(" in text:
            by = [origin for _, origin in self.followed.mentioned(text, names, span[1]) if origin.about is About.CLIENT]
            words = set(WORD.findall(text))
            by += [origin for name, (_, found) in self.followed.found.items() if name in words for origin in found][:20]
            if by:
                self.followed.found[target] = (span[0], by)

    def _unpack(self, statement: Unpack, names: dict[str, Origin], unit: Unit) -> None:
        origin = self._origin(statement.value, names, unit)
        for key, name in statement.targets:
            names.pop(name, None)
            default = default_apart(name, self.text(statement.span))
            if default is not None:
                shown = self.text(statement.span, 120)
                self.followed.new(shown, default, statement.span[0], unit.span[1], About.DEFAULT).aliases.add(name)
            if origin is not None:
                said = f"{origin.said}.{key}" if isinstance(key, str) and key not in {"", "…"} else origin.said
                made = self.followed.new(said, origin.channel, statement.span[0], unit.span[1])
                made.aliases.add(name)
                if made.checked is None:
                    made.checked_as(origin)
                names[name] = made

    # Expressions

    def _origin(self, value: Expr, names: dict[str, Origin], unit: Unit) -> Origin | None:
        """Where a value comes from, if from the client and nowhere else."""
        if isinstance(value, Choose):
            then = self._origin(value.then, names, unit)
            if then is not None and self._preferred(value):
                return then  # the caller's own is only taken if the client names none
            if then is not None:
                return then if self._fixed(value.other) or self._origin(value.other, names, unit) is not None else None
            return self._origin(value.other, names, unit) if self._fixed(value.then) else None
        if isinstance(value, Invoke) and (told := self.known.called(value, unit)) is not None:
            made = self.followed.new(told.said, told.channel, value.span[0], unit.span[1], told.about)
            made.aliases.add(written(self.text(value.span, 120)))
            made.line_of = told.line
            return made
        text = bare(self.text(value.span))
        if self._sent_in(value.span) and (found := sent(text)) is not None:
            return self.followed.new(*found, value.span[0], unit.span[1])
        head = re.match(r"\$?@?[A-Za-z_]\w*", text)
        known = names.get(head.group().lstrip("$@")) if head is not None else None
        for name, origin in names.items() if known is None else ():
            if not name.isidentifier() and text.startswith(name):
                known, head = origin, re.match(re.escape(name), text)
                break
        if known is None or head is None or not ends(text, head.end()):
            return None
        rest = REST.match(text, head.end())
        reached = rest.group() if rest is not None else ""
        if not reached.strip(")! ") or reached.lstrip().startswith("as "):
            return known
        made = self.followed.new(written(head.group() + reached), known.channel, value.span[0], unit.span[1])
        if made.checked is None:
            made.checked_as(known)
        return made

    def _preferred(self, value: Choose) -> bool:
        """`sent ?? own`: what the client sent comes before what is known of the caller."""
        return value.test.value is not None and value.test.value.span == value.then.span

    def _fixed(self, value: Expr) -> bool:
        return isinstance(value, Text) or (
            isinstance(value, Name) and re.fullmatch(r"[A-Z_.]+|None|null|undefined|nil", value.path) is not None
        )

    def _defaulted(self, value: Expr, target: str, unit: Unit) -> Origin | None:
        """A constant that stands in for a tenant nobody gave."""
        name = target.rpartition(".")[2].lstrip("@$")
        constant = default_of(value, name, self.text, returned=target == unit.name)
        if constant is None:
            return None
        origin = self.followed.new(self.text(value.span, 120), constant, value.span[0], unit.span[1], About.DEFAULT)
        origin.aliases |= {name} - {""}
        return origin

    def _expression(self, value: Expr, names: dict[str, Origin], unit: Unit, depth: int) -> None:
        """Look for what the client sent, written where it is used, and for checks of names."""
        if depth > MAX_DEPTH:
            return
        if isinstance(value, Closure):
            self._inner(value.function.span, names, depth)
            return
        if self._sent_here(value.span) and self._direct(value, unit):
            return
        if isinstance(value, (Name, Text)):
            return
        before, self._narrows = self._narrows, self._narrows or self._is_condition(value)
        if isinstance(value, Invoke) and value.receiver is not None and value.method in _EACH:
            over = self._origin(value.receiver, names, unit)
            self._over.update({a.function.span: over for a in value.arguments if over and isinstance(a, Closure)})
        elif (
            isinstance(value, Repeat)
            and value.asked
            and (over := self._origin(value.asked[0], names, unit)) is not None
        ):
            of = _ITEM.search(self.text(value.span))
            names = dict(names)
            self._each(of.group(1).split(", ") if of is not None else (), over, names, (value.span[0], unit.span[1]))
        for part in parts(value):
            self._expression(part, names, unit, depth + 1)
        self._narrows = before
        if isinstance(value, Invoke):
            self._bound(value, names, unit)
            self.followed.check_call(value, names)
            self._hands(value, names, unit)
            self._noted(self._defaulted(value, "", unit), value)
        elif getattr(value, "operator", "") and not self._narrows:
            self.followed.check_text(value.span, names)
        elif isinstance(value, Choose):
            self._noted(self._defaulted(value, "", unit), value)
            if not self._narrows:
                self.followed.check_text(value.test.value.span if value.test.value is not None else value.span, names)

    def _is_condition(self, value: Expr) -> bool:
        """`.where(Boat.tenant_id == tenant_id)`, `.Where(b => b.TenantId == tenantId)`, but of what is the caller's."""
        if self.language not in {"python", "c_sharp"} or not isinstance(value, Invoke):
            return False
        if _NARROWS.fullmatch(value.method) is None:
            return False
        return value.receiver is None or not names_caller(self.text(value.receiver.span))

    def _noted(self, origin: Origin | None, value: Expr) -> None:
        """An expression that is nobody's variable is known by how it is written."""
        if origin is not None:
            origin.aliases.add(written(self.text(value.span, 120)))

    def _hands(self, call: Invoke, names: dict[str, Origin], unit: Unit) -> None:
        """A call of a function of the module: what its arguments hold is what its parameters hold."""
        if (told := self.known.called(call, unit)) is not None:
            made = self.followed.new(told.said, told.channel, call.span[0], unit.span[1], told.about)
            made.aliases.add(written(self.text(call.span, 120)))
            made.line_of, made.begin = told.line, unit.span[0]
        if (kept := self.known.sets(call)) is not None:
            self._keeps(kept, self._origin(call.arguments[-1], names, unit), call.span, unit)
        elif (what := enters(call, callee(call))) is not None:
            origin = self._origin(call.arguments[-1], names, unit)
            if origin is not None:
                self._becomes(origin, what, call.span, unit)
        target = self.known.resolve(call, unit, self.by_name)
        if target is None:
            self._leaves(call, names, unit)
        if target is None or target is unit:
            return
        parameters = [p.name for p in target.function.parameters]
        if parameters[:1] in (["self"], ["cls"]) and call.receiver is not None:
            parameters = parameters[1:]
        passed = [
            *zip(parameters, call.arguments, strict=False),
            *((n, v) for n, v in call.keywords if n in parameters),
        ]
        for name, value in passed[:12]:
            origin = self._origin(value, names, unit)
            if origin is not None and origin.about is About.CLIENT and name.isidentifier():
                handed = self.learnt.handed.setdefault(target.function.span, {})
                self._out.append((origin, call.span[0], partial(handed.setdefault, name)))

    def _leaves(self, call: Invoke, names: dict[str, Origin], unit: Unit) -> None:
        """A handler gives what the client says the tenant is to another module, and nobody's name with it."""
        if unit.request is None or self.language == "ruby" or PUBLIC.search(self.path) is not None:
            return
        name, given_ = callee(call), self.text(call.arguments_span, 400)
        values = [*call.arguments, *(value for _, value in call.keywords)]
        values = [*values, *(v for p in values if isinstance(p, Pairs) for _, v in p.pairs)][:20]
        found = [(v, self._origin(v, names, unit)) for v in values if isinstance(v, (Name, Invoke, Other))]
        sent_ = [(v, origin) for v, origin in found if origin is not None and origin.about is About.CLIENT]
        others = given_
        for value, origin in sent_:
            if origin.channel == "form":  # `member` is what was sent here, not who sent it
                others = others.replace(self.text(value.span), "", 1)
        leaves = may_leave(name, call.method, others, alone=call.receiver is None)
        if len(self._calls) < MAX_CALLS:
            nothing_else = leaves and len(sent_) == len(found)
            given = tuple(origin.said for _, origin in sent_)
            self._calls.append(Call(name, given_, others, call.span, given, nothing_else))
        for _, origin in sent_ if leaves else ():
            if may_mean(last_word(origin.said)) and (origin.channel != "form" or "." in origin.said):
                fact = self._at(About.LEAVES, origin.said, name, origin.channel, call.span, unit)
                self._out.append((origin, call.span[0], partial(self._left, fact)))

    def _at(self, about: About, name: str, said: str, channel: str, span: Span, unit: Unit) -> Context:
        """A fact that is a finding by itself, at a call."""
        start, end = self.lines.position(span[0]), self.lines.position(span[1])
        return Context(
            about=about, line=start[0], end_line=start[0], name=name, said=said, where=start[0], channel=channel,
            column=start[1], end_column=end[1] if end[0] == start[0] else start[1] + len(said),
            text=self.text(span, 200), function=unit.name,
        )  # fmt: skip

    def _told_apart(self, unit: Unit, origins: Sequence[Origin]) -> None:
        """What the function acts upon that nothing ties to the tenant it checks; see `lints.context.apart`."""
        clients = [o for o in origins if o.about is About.CLIENT]
        sent = [Sent(o.said, frozenset({o.said, *o.aliases}), o.checked) for o in clients[:MAX_FACTS]]
        loaded = {name: [o.said for o in by] for name, (_, by) in self.followed.found.items()}
        for one, tenant, call in apart(unit.head, sent, self._calls, loaded):
            fact = self._at(About.APART, one.said, call.name, "", call.span, unit)
            self.apart.append(replace(fact, checked=tenant))

    def _left(self, fact: Context, _: Told) -> None:
        self.leaving.append(fact)

    def _bound(self, call: Invoke, names: dict[str, Origin], unit: Unit) -> None:
        """`json.NewDecoder(r.Body).Decode(&request)`: the variable holds what the client sent."""
        if call.method not in BINDS or len(call.arguments) != 1:
            return
        name = self.text(call.arguments[0].span, 60).lstrip("&")
        if name.isidentifier():
            channel = "query" if "Query" in call.method else "body"
            names[name] = self.followed.new(name, channel, call.span[0], unit.span[1])

    def _sent_in(self, span: Span) -> bool:
        """Whether something that a client sends may be written between two places."""
        position = bisect_left(self.places, span[0])
        return position < len(self.places) and self.places[position] < span[1]

    def _sent_here(self, span: Span) -> bool:
        return span[1] - span[0] <= 200 and self._sent_in(span)

    def _direct(self, value: Expr, unit: Unit) -> bool:
        """Whether an expression as a whole is what a client sends; it is noted then."""
        found = sent(self.text(value.span, 120))
        if found is None:
            return False
        if not any(o.said == found[0] and o.end == unit.span[1] for o in self.followed.origins[-20:]):
            self.followed.new(*found, value.span[0], unit.span[1]).begin = unit.span[0]
        return True
