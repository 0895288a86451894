"""The variables of a path, and the conditions that decide between paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lints.extract.ir import Span, Test
from lints.extract.values import (
    ABSENT,
    NOTHING,
    Alt,
    Choice,
    Fragment,
    Gap,
    Joined,
    Listing,
    Lit,
    Nothing,
    Record,
    Rope,
    Sized,
    Value,
    merge,
    on_each_path,
)
from lints.patterns import regex

_WORD = regex(r"[A-Za-z_$][\w$]*")
_CLASS = regex(r"(?:[a-z_]\w*\.){0,3}[A-Z]\w*")
_NO_TEXT = frozenset({"None", "null", "undefined", "false", "False", "nil", "NULL"})
_YES, _NO = Lit("yes", (0, 0)), Lit("no", (0, 0))


@dataclass(slots=True)
class Env:
    """Variables on one path; `outer` are those around the function.

    `facts` are conditions known to hold or not; `versions` count assignments to a name.
    """

    vars: dict[str, Value]
    outer: Mapping[str, Value]
    facts: dict[str, bool] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    """Names that were given a value since this was copied: all that two sides of a branch can differ in."""
    dotted: set[str] = field(default_factory=set)
    """First parts of dotted names that hold something; shared by every copy, it only grows."""

    def copy(self) -> Env:
        return Env(dict(self.vars), self.outer, dict(self.facts), dict(self.versions), set(), self.dotted)

    def inside(self) -> Env:
        """The variables of a function defined here, at this moment."""
        return Env({}, {**self.outer, **self.vars} if self.outer else self.vars, dotted=self.dotted)

    def become(self, other: Env) -> None:
        self.vars, self.facts, self.versions = other.vars, other.facts, other.versions
        self.written |= other.written

    def put(self, name: str, value: Value) -> None:
        """The value of a name grows or is replaced in place: it stays the same variable."""
        self.vars[name] = value
        self.written.add(name)
        head, dot, _ = name.partition(".")
        if dot:
            self.dotted.add(head)

    def bind(self, name: str, value: Value) -> None:
        """A name gets a value: what was known about the old one no longer is."""
        self.put(name, value)
        self.versions[name] = self.versions.get(name, 0) + 1
        if name in self.dotted:
            for key in [key for key in self.vars if key.startswith(f"{name}.")]:
                self.remove(key)

    def remove(self, name: str) -> None:
        self.vars.pop(name, None)
        self.written.add(name)

    def find(self, path: str) -> Value | None:
        """What a dotted name holds, if it was seen."""
        found = self.vars.get(path)
        if found is None:
            found = self.outer.get(path)
        if found is None and "." in path:
            base, _, last = path.rpartition(".")
            holder = self.find(base)
            if isinstance(holder, Record):
                found = holder.fields.get(last)
        return found

    def lookup(self, path: str, span: Span) -> Value:
        """What a name stands for where it is used; a gap if nobody knows."""
        if path in _NO_TEXT:
            return ABSENT if path == "undefined" else NOTHING
        found = self.vars.get(path)
        if found is None:
            found = self.outer.get(path)
        if found is None:
            base, _, last = path.rpartition(".")
            holder = self.find(base) if base else None
            if isinstance(holder, Record) and last in holder.fields:
                return holder.fields[last]
            if isinstance(holder, Gap) and base != holder.source and self._stands_for(base, holder.source):
                path = f"{holder.source}.{last}"
            return Gap(path, span, origin=holder.origin if isinstance(holder, Gap) else None)
        return found

    def _stands_for(self, base: str, source: str) -> bool:
        """Whether a name's attributes are those of `source`: `self.model.name`, where the model is Boat;
        `import { boats as dbBoats }`."""
        return self.renamed(base) or _CLASS.fullmatch(source) is not None

    def renamed(self, path: str) -> bool:
        """Whether a name is one that something is imported under, and that is called otherwise where it stands."""
        head = path.partition(".")[0]
        brought, held = self.find(f"@{head}"), self.find(head)
        return isinstance(brought, Lit) and isinstance(held, Gap) and brought.text.rpartition(":")[2] == held.source


def part(value: Value, key: str | int, name: str, span: Span) -> Value:
    """What destructuring binds to `name`."""

    def of(value: Value) -> Value:
        if isinstance(value, Record) and isinstance(key, str) and key in value.fields:
            return value.fields[key]
        if isinstance(value, Listing) and isinstance(key, int) and key < len(value.items):
            return value.items[key]
        return Gap(name, span, origin=value.origin if isinstance(value, Gap) else None)

    return on_each_path(value, of)


def merged(choice: Choice, yes: Env, no: Env) -> Env:
    """The variables after a branch: shared facts stay, values become choices."""
    changed = yes.written | no.written
    values, versions = yes.vars, yes.versions
    for name in changed:
        values[name] = merge(choice, _held(yes, name), _held(no, name))
        if name in no.versions:
            versions[name] = max(versions.get(name, 0), no.versions[name])
    facts = {key: held for key, held in yes.facts.items() if no.facts.get(key) == held}
    return Env(values, yes.outer, facts, versions, changed, yes.dotted)


def _held(env: Env, name: str) -> Value:
    """What a name holds on one side: a property that only the other side changed is still that of its object."""
    value = env.vars.get(name)
    if value is None:
        value = env.find(name)
    return value if value is not None else NOTHING


def decide(test: Test, env: Env) -> tuple[bool | None, Choice, str | None]:
    """(its value if known on this path, what makes one value of two, the key under which it can be known later).

    What only the value of a variable says decides texts, not which code is looked at: somebody else, out of sight, may
    have changed it.
    """
    if test.constant is not None:
        return test.constant is test.positive, first, None
    positive = test.positive
    subject = test.size_of or test.name
    if subject is None:
        changes = sum(env.versions.get(name, 0) for name in _WORD.findall(test.key)[:12])
        key = f"{test.key}#{changes}"
    else:
        value = env.find(subject)
        if isinstance(value, Joined):
            value = value.listing
        if isinstance(value, Listing):
            listing = value
            return None, oriented(lambda yes, no: Sized(listing, yes, no), positive=positive), None
        truth = _truth(value)
        if truth is not None and test.size_of is None:
            return None, first if truth is positive else _second, None
        if isinstance(value, Alt) and _truth(value.yes) is not None and _truth(value.no) is (not _truth(value.yes)):
            key = value.key
            positive = positive if _truth(value.yes) else not positive
        else:
            root = subject.split(".")[0]
            key = f"{subject}#{env.versions.get(subject, env.versions.get(root, 0))}"
    if key in env.facts:
        return env.facts[key] is positive, first, None
    return None, oriented(lambda yes, no: Alt(key, yes, no), positive=positive), key


def learn(choice: Choice, key: str, yes: Env, no: Env) -> None:
    """On each side of a branch it is known whether the condition `key` holds."""
    made = choice(_YES, _NO)
    if isinstance(made, Alt):
        yes.facts[key] = made.yes is _YES
        no.facts[key] = made.yes is not _YES


def oriented(choice: Choice, *, positive: bool) -> Choice:
    return choice if positive else lambda yes, no: choice(no, yes)


def first(yes: Value, no: Value) -> Value:
    """A choice that is none: the first side."""
    return yes


def _second(yes: Value, no: Value) -> Value:
    return no


def _truth(value: Value | None) -> bool | None:
    """Whether a value is true in a condition, if that can be said."""
    if isinstance(value, Nothing):
        return False
    if isinstance(value, Lit):
        return bool(value.text)
    if isinstance(value, Fragment):
        return True
    if isinstance(value, Rope):
        return True if any(isinstance(piece, Lit) and piece.text for piece in value.parts) else None
    return None
