"""Values that come from what a client sent, or from a default, followed through the names of a function."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from lints.context.facts import About, Context
from lints.context.units import MAX_DEPTH, Unit, blocks, callee, expressions, parts
from lints.context.words import (
    BINDS,
    CALLER_ID,
    CHECKS,
    CLIENT,
    CONVERSION,
    MODEL,
    NO_DEFAULT,
    PARAMETERS,
    SAYS_WHOSE,
    SIGNS_IN,
    TENANT,
)
from lints.extract.ir import Assign, Choose, Closure, Define, Expr, If, Invoke, Leave, Name, Span, Stmt, Text, Unpack
from lints.extract.lines import Lines

MAX_FACTS = 200
_WORD = re.compile(r"[A-Za-z_]\w*")
_REST = re.compile(
    r"(?:[?!]?\.[\w$]+|->\w+|\(\)|[?!]?\.?\[[^\[\]\n]{0,60}\]|\.get\([^()\n]{0,60}\)|!|\s+as\s+[\w.\[\]| ]{1,40}|\))*"
)
_RESOLVER = re.compile(r"_+\w*|parent|root|obj|source|parentValue|self|info|parent_\w+")
_OWNER = re.compile(
    r"(?i)(?:tenant|org|workspace|project|team|account|user|owner|compan)\w*\)?\s*(?:[!=]==?|\.equals)|[!=]==?\s*\(?[\w.?!]*(?:tenant|org|workspace|project|team|account|user|owner|compan)"
)
_SECRET = re.compile(
    r"(?i)(?:secret|token|api_?key|authorization)\b.{0,60}[!=]==?.{0,40}(?:process\.env|\benv\.|settings\.|environ|getenv|config\.)"
)
_COMPARES = re.compile(r"[!=]=|<>|\bin\b|\.(?:includes|has|contains|include\?|equals)\(", re.IGNORECASE)
_COMPARED = r"(?:===?|!==?|<>)"
_PLAIN = r"(?:null|undefined|None|nil|true|false|True|False|['\"\d`]|typeof|uuid\.Nil|\[\])"
_CONSTANT = re.compile(
    r"(?:[A-Za-z_]\w*\.)*[A-Z][A-Z0-9_]*DEFAULT[A-Z0-9_]*|(?:[A-Za-z_]\w*\.)*DEFAULT_[A-Z0-9_]+|(?:[a-z_]\w*\.)*default_?(?:tenant|org|workspace|account)\w*",
    re.IGNORECASE,
)
_ENVIRONMENT = re.compile(
    r"\b(?:process\.env|os\.environ|os\.getenv|getenv|ENV\[|System\.getenv|Environment\.GetEnv|import\.meta\.env|settings|config)\b"
)


@dataclass(slots=True, eq=False)
class _Origin:
    """Where a value comes from. `whole`: it is an object of what was sent, whose fields are."""

    said: str
    channel: str
    offset: int
    end: int
    aliases: set[str] = field(default_factory=set)
    checked: str | None = None
    checked_at: int = 0
    about: About = About.CLIENT


class Origins:
    """Reads the functions of one file; `facts` holds what was found."""

    def __init__(self, data: bytes, lines: Lines, units: Iterable[Unit], places: Sequence[int]) -> None:
        """`places` are the offsets, in order, at which something that a client sends may be written."""
        self.data = data
        self.places = places
        self.lines = lines
        self.units = {unit.function.span: unit for unit in units}
        self.facts: list[Context] = []
        self._origins: list[_Origin] = []
        self._read: set[Span] = set()
        self._machine: int | None = None
        """Where the function compares a secret that came with the request with its own: a machine of ours calls it."""
        self._found: dict[str, tuple[int, list[_Origin]]] = {}
        """Variables that hold what was found by what a client sent, where, and by what."""

    def text(self, span: Span, limit: int = 300) -> str:
        return " ".join(self.data[span[0] : min(span[1], span[0] + 4 * limit)].decode("utf-8", "replace").split())[
            :limit
        ]

    def read(self, unit: Unit) -> None:
        """Follow one function and those inside of it."""
        self._unit(unit, {}, 0)

    def finish(self) -> list[Context]:
        """The facts of everything that was read."""
        for origin in self._origins[:MAX_FACTS]:
            for name in sorted({*origin.aliases, origin.said}):
                self.facts.append(
                    Context(
                        about=origin.about, line=self.lines.line(origin.offset), end_line=self.lines.line(origin.end),
                        name=name, said=origin.said, where=self.lines.line(origin.offset), channel=origin.channel,
                        checked=origin.checked,
                        checked_line=self.lines.line(origin.checked_at) if origin.checked is not None else 0,
                    )
                )  # fmt: skip
        return self.facts

    # Functions

    def _unit(self, unit: Unit, names: dict[str, _Origin], depth: int) -> None:
        if unit.function.span in self._read or depth > MAX_DEPTH:
            return
        self._read.add(unit.function.span)
        inner = dict(names)
        for parameter in unit.function.parameters:
            for name in parameter.name.split(","):
                inner.pop(name, None)
        start, machine, self._machine = len(self._origins), self._machine, None
        for name, channel in self._parameters(unit):
            inner[name] = self._new(name, channel, unit.function.span[0], unit.span[1])
        self._block(unit.body(), inner, unit, depth)
        head = self._head_check(unit)
        if self._machine is not None:
            for origin in self._origins[start:]:
                self._checked(origin, "a secret of the request", self._machine)
        self._machine = machine
        for origin in self._origins[start:]:
            if origin.about is not About.CLIENT or origin.checked is not None:
                continue
            if head is not None or (origin.channel == "path" and self._anything(unit)):
                origin.checked, origin.checked_at = head or unit.head[:60], unit.span[0]

    def _parameters(self, unit: Unit) -> Iterator[tuple[str, str]]:
        """The parameters that a framework fills from the request: name and channel."""
        for channel, pattern in PARAMETERS:
            yield from ((found.group(1), channel) for found in pattern.finditer(unit.head))
        given = [parameter.name for parameter in unit.function.parameters]
        if unit.request is not None and unit.request.startswith("@") and "def " in unit.head:
            yield from ((found.group(1), "body") for found in MODEL.finditer(unit.head))
            for name in given:
                plain = re.search(rf"\b{re.escape(name)}\s*:\s*[\w.\[\]| ]+[,)]", unit.head)
                if plain is not None and TENANT.fullmatch(name):
                    yield name, "path" if f"{{{name}" in unit.head else "query"
        if len(given) >= 3 and _RESOLVER.fullmatch(given[0]) and re.search(r"ctx|context|user|db|prisma", given[2]):
            yield from ((name, "body") for name in given[1].split(",") if not name.startswith("_"))

    def _new(self, said: str, channel: str, offset: int, end: int, about: About = About.CLIENT) -> _Origin:
        origin = _Origin(said=said, channel=channel, offset=offset, end=end, about=about)
        origin.aliases.add(said)
        self._origins.append(origin)
        return origin

    def _head_check(self, unit: Unit) -> str | None:
        """What stands before the function and says whose tenant it may be."""
        waits: list[str] = re.findall(r"\b(?:Depends|Security|Provide|Inject)\(\s*([\w.]+)", unit.head)
        for name in (*unit.marks, *unit.owner_marks, *waits):
            last = name.rpartition(".")[2]
            if SAYS_WHOSE.search(last) and not SIGNS_IN.match(last) and not TENANT.fullmatch(last):
                return last
        return None

    def _anything(self, unit: Unit) -> bool:
        """Whether anything at all stands before the function that could check the path: then it is taken to do so."""
        beside = [
            m
            for m in (*unit.marks, *unit.owner_marks)
            if "." not in m or m.rpartition(".")[2] not in {"get", "post", "put", "patch", "delete", "route"}
        ]
        waits = re.search(r"Depends\((?!(?:\w+\.)*get_?(?:async_?)?(?:db|session)\b)", unit.head)
        return bool(beside) or waits is not None or unit.request is None

    # Statements

    def _block(self, body: Iterable[Stmt], names: dict[str, _Origin], unit: Unit, depth: int) -> None:
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
                self._defaulted(statement.value, unit.name, unit, names)
            elif isinstance(statement, If):
                self._filled_in(statement, names, unit)
            for block in blocks(statement):
                self._block(block, names, unit, depth + 1)

    def _filled_in(self, statement: If, names: dict[str, _Origin], unit: Unit) -> None:
        """`if tenant == "" { tenant = "default" }`."""
        name = statement.test.name
        if name is None or statement.test.positive or TENANT.fullmatch(name.rpartition(".")[2]) is None:
            return
        for inner in statement.then:
            if isinstance(inner, Assign) and inner.target == name and (said := _constant(inner.value)) is not None:
                origin = self._new(self.text(inner.span, 120), said, inner.span[0], unit.span[1], About.DEFAULT)
                origin.aliases.add(name)

    def _inner(self, span: Span, names: dict[str, _Origin], depth: int) -> None:
        unit = self.units.get(span)
        if unit is not None:
            self._unit(unit, names, depth + 1)

    def _assign(self, statement: Assign, names: dict[str, _Origin], unit: Unit) -> None:
        target = statement.target
        if target is None or statement.add:
            return
        origin = self._origin(statement.value, names, unit)
        default = self._defaulted(statement.value, target, unit, names)
        if origin is None and default is None:
            before = names.pop(target, None)
            if before is not None and before.checked is None and before.about is About.CLIENT:
                before.checked, before.checked_at = self.text(statement.span, 60), statement.span[0]
            self._loaded(target, statement.value, statement.span, names)
            return
        if origin is not None:
            origin.aliases.add(target)
            names[target] = origin

    def _loaded(self, target: str, value: Expr, span: Span, names: dict[str, _Origin]) -> None:
        """`target` was found by something that the client sent: a look at its owner later on is a check of that."""
        text = self.text(value.span, 600)
        if "(" in text:
            by = [origin for _, origin in self._mentioned(text, names) if origin.about is About.CLIENT]
            if by:
                self._found[target] = (span[0], by)

    def _unpack(self, statement: Unpack, names: dict[str, _Origin], unit: Unit) -> None:
        origin = self._origin(statement.value, names, unit)
        for key, name in statement.targets:
            names.pop(name, None)
            if origin is not None:
                said = f"{origin.said}.{key}" if isinstance(key, str) and key not in {"", "…"} else origin.said
                made = self._new(said, origin.channel, statement.span[0], unit.span[1])
                made.aliases.add(name)
                names[name] = made

    # Expressions

    def _origin(self, value: Expr, names: dict[str, _Origin], unit: Unit) -> _Origin | None:
        """Where a value comes from, if from the client and nowhere else."""
        if isinstance(value, Choose):
            then = self._origin(value.then, names, unit)
            if then is not None and self._preferred(value):
                return then  # the caller's own is only taken if the client names none
            if then is not None:
                return then if self._fixed(value.other) or self._origin(value.other, names, unit) is not None else None
            return self._origin(value.other, names, unit) if self._fixed(value.then) else None
        text = self.text(value.span)
        for _ in range(4):
            before = text
            text = text.removeprefix("await ").lstrip("( +!")
            converted = CONVERSION.match(text)
            text = text[converted.end() :] if converted is not None else text
            if text == before:
                break
        for channel, pattern in CLIENT:
            found = pattern.match(text)
            if found is not None and _ends(text, found.end()):
                end = found.end() + (_REST.match(text, found.end()) or found).end() - found.end()
                return self._new(_said(text[:end]), channel, value.span[0], unit.span[1])
        head = re.match(r"\$?@?[A-Za-z_]\w*", text)
        known = names.get(head.group().lstrip("$@")) if head is not None else None
        if known is None or head is None or not _ends(text, head.end()):
            return None
        rest = _REST.match(text, head.end())
        reached = rest.group() if rest is not None else ""
        if not reached.strip(")! ") or reached.lstrip().startswith("as "):
            return known
        made = self._new(_said(head.group() + reached), known.channel, value.span[0], unit.span[1])
        made.checked, made.checked_at = known.checked, known.checked_at
        return made

    def _preferred(self, value: Choose) -> bool:
        """`sent ?? own`: what the client sent comes before what is known of the caller."""
        return value.test.value is not None and value.test.value.span == value.then.span

    def _fixed(self, value: Expr) -> bool:
        return isinstance(value, Text) or (
            isinstance(value, Name) and re.fullmatch(r"[A-Z_.]+|None|null|undefined|nil", value.path) is not None
        )

    def _defaulted(self, value: Expr, target: str, unit: Unit, names: dict[str, _Origin]) -> _Origin | None:
        """A constant that stands in for a tenant nobody gave."""
        if not isinstance(value, Choose):
            return None
        name = target.rpartition(".")[2].lstrip("@$")
        means = self._means_tenant(name, returned=target == unit.name)
        for given, other in ((value.then, value.other), (value.other, value.then)):
            said = _constant(other)
            if said is None or _constant(given) is not None:
                continue
            text = self.text(given.span, 120)
            last = re.search(r"([\w-]+)\W*$", text)
            if not means and (last is None or TENANT.fullmatch(last.group(1).replace("-", "_")) is None):
                return None
            if _ENVIRONMENT.search(text) or not re.search(r"\w", text):
                return None
            origin = self._new(self.text(value.span, 120), said, value.span[0], unit.span[1], About.DEFAULT)
            origin.aliases.add(name)
            return origin
        return None

    def _means_tenant(self, name: str, *, returned: bool) -> bool:
        if not returned:
            return TENANT.fullmatch(name) is not None
        bare = re.sub(r"^(?:get|resolve|extract|read|fetch|find|current|determine)_?(?=[A-Za-z])", "", name)
        return (
            bare != name
            and re.sub(r"_?(?:from|of|for)_?\w+$", "", bare, flags=re.IGNORECASE) != ""
            and TENANT.fullmatch(
                re.sub(
                    r"(?i)_?(?:from|of|for)_?(?:req|request|headers?|ctx|context|user|session|token|claims?)$", "", bare
                )
            )
            is not None
        )

    def _expression(self, value: Expr, names: dict[str, _Origin], unit: Unit, depth: int) -> None:
        """Look for what the client sent, written where it is used, and for checks of names."""
        if depth > MAX_DEPTH:
            return
        if isinstance(value, Closure):
            self._inner(value.function.span, names, depth)
            return
        if self._sent_here(value.span) and self._direct(value, unit):
            return
        if isinstance(value, Invoke):
            self._bound(value, names, unit)
            self._check_call(value, names)
        elif getattr(value, "operator", ""):
            self._check_text(value.span, names)
        elif isinstance(value, Choose):
            self._check_text(value.test.value.span if value.test.value is not None else value.span, names)
        for part in parts(value):
            self._expression(part, names, unit, depth + 1)

    def _bound(self, call: Invoke, names: dict[str, _Origin], unit: Unit) -> None:
        """`json.NewDecoder(r.Body).Decode(&request)`: the variable holds what the client sent."""
        if call.method not in BINDS or len(call.arguments) != 1:
            return
        name = self.text(call.arguments[0].span, 60).lstrip("&")
        if name.isidentifier():
            channel = "query" if "Query" in call.method else "body"
            names[name] = self._new(name, channel, call.span[0], unit.span[1])

    def _sent_here(self, span: Span) -> bool:
        position = bisect_left(self.places, span[0])
        return position < len(self.places) and self.places[position] < span[1] and span[1] - span[0] <= 200

    def _direct(self, value: Expr, unit: Unit) -> bool:
        """Whether an expression as a whole is what a client sends; it is noted then."""
        text = self.text(value.span, 120)
        for channel, pattern in CLIENT:
            found = pattern.match(text)
            if found is not None and _ends(text, found.end()):
                rest = _REST.match(text, found.end())
                said = _said(text[: rest.end() if rest is not None else found.end()])
                if not any(o.said == said and o.end == unit.span[1] for o in self._origins[-20:]):
                    self._new(said, channel, value.span[0], unit.span[1])
                return True
        return False

    def _mentioned(self, text: str, names: dict[str, _Origin]) -> Iterable[tuple[str, _Origin]]:
        words = set(_WORD.findall(text))
        for name, origin in names.items():
            if name.rpartition(".")[2] in words:
                yield name, origin
        for origin in self._origins[-40:]:
            if origin.said in text.replace(" ", ""):
                yield origin.said, origin

    def _check_call(self, call: Invoke, names: dict[str, _Origin]) -> None:
        text = self.text(call.arguments_span, 600)
        decides = CHECKS.search(call.method) is not None
        if not decides and CALLER_ID.search(text) is None:
            return
        if SIGNS_IN.match(call.method):
            return
        for _, origin in self._mentioned(text, names):
            self._checked(origin, f"{callee(call)}(…)", call.span[0])

    def _check_text(self, span: Span, names: dict[str, _Origin]) -> None:
        text = self.text(span, 300)
        if _COMPARES.search(text) is None:
            return
        if _SECRET.search(text) is not None and self._machine is None:
            self._machine = span[0]
        for name, origin in self._mentioned(text, names):
            if _check_of(name).search(text) is not None:
                self._checked(origin, text[:80], span[0])

        for name, (start, origins) in self._found.items():
            if name in text and _OWNER.search(text) is not None and name in _WORD.findall(text):
                for origin in origins:
                    self._checked(origin, text[:80], start)

    def _checked(self, origin: _Origin, said: str, offset: int) -> None:
        if origin.about is not About.CLIENT:
            return
        for other in self._origins:
            same = other.said == origin.said or not other.aliases.isdisjoint(origin.aliases)
            if same and other.end == origin.end and (other.checked is None or other.checked_at > offset):
                other.checked, other.checked_at = said, offset


@lru_cache(maxsize=2048)
def _check_of(name: str) -> re.Pattern[str]:
    """A comparison of a value with something that is not written out, or a look for it among others."""
    word = re.escape(name)
    return re.compile(
        rf"\b{word}\b\)?\s*{_COMPARED}\s*(?!{_PLAIN})\w"
        rf"|(?<!['\"\w])(?!{_PLAIN})[\w)\]]+\s*{_COMPARED}\s*\(?[\w.]*\b{word}\b"
        rf"|\b{word}\b\s+(?:not\s+)?in\s+\w|\.(?:includes|has|contains|include\?)\(\s*{word}\b"
    )


def _constant(value: Expr) -> str | None:
    """The constant that a value is, if it could be taken for a tenant."""
    if isinstance(value, Text):
        text = value.value.strip()
        return repr(text) if text and text.lower() not in NO_DEFAULT and len(text) <= 60 else None
    if isinstance(value, Name) and _CONSTANT.fullmatch(value.path):
        return value.path
    return None


def _ends(text: str, position: int) -> bool:
    """Whether an expression is over after what was recognised and the fields and conversions that follow."""
    rest = _REST.match(text, position)
    after = text[rest.end() if rest is not None else position :].lstrip(" );,!")
    return not after or after.startswith(("||", "??", "or ", "as ", "?:", "&&"))


def _said(text: str) -> str:
    """An expression as it is shown and compared: without spaces and conversions, its parentheses closed."""
    plain = re.sub(r"\s+|[)!]+$", "", re.sub(r"\s+as\s.*", "", text)).replace("?.", ".")[:120]
    return plain + ")" * (plain.count("(") - plain.count(")"))
