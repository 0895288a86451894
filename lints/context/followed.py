"""The values that are followed through the functions of a file, and what these ask about them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from lints.context.asked import (
    COMPARES,
    FORM,
    OWNER,
    SECRET,
    check_of,
    last_word,
    may_mean,
    names_caller,
)
from lints.context.facts import About
from lints.context.units import callee, parts
from lints.context.words import CHECKS, SIGNS_IN
from lints.context.written import said as written
from lints.extract.ir import Closure, If, Invoke, Span
from lints.patterns import regex

MAX_ORIGINS = 2_000
WORD = regex(r"[A-Za-z_]\w*")
_PATH = regex(r"(?<![\w.$])([A-Za-z_]\w*)((?:[?!]?\.\w+(?:\(\))?)*)")
_WRITES = regex(
    r"^(?:create|insert|save|log|info|warn|error|debug|track|emit|send|capture|identify|enqueue|add|push|audit)",
    re.IGNORECASE,
)


@dataclass(slots=True, eq=False)
class Origin:
    """Where a value comes from. `whole`: it is an object of what was sent, whose fields are."""

    said: str
    channel: str
    offset: int
    end: int
    aliases: set[str] = field(default_factory=set)
    checked: str | None = None
    checked_at: int = 0
    until: int | None = None
    """Where the check ends: one in a block that leaves the function says nothing of what follows the block."""
    about: About = About.CLIENT
    begin: int | None = None
    """Where it is known from: an expression that is no variable means the same in all of its function."""
    line_of: int | None = None
    """The line of another function that this was sent to."""
    before: bool = False
    """What checks it stands before the function, which knows the tenant and the path, and no other rows."""

    def checked_as(self, other: Origin) -> None:
        """What is made of a value is checked as it is."""
        self.checked, self.checked_at, self.until = other.checked, other.checked_at, other.until

    def is_checked(self, offset: int) -> bool:
        """Whether a check holds there."""
        return self.checked is not None and self.checked_at <= offset and (self.until is None or offset < self.until)


class Followed:
    """The values of one file, in the order in which they were met."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.origins: list[Origin] = []
        self.found: dict[str, tuple[int, list[Origin]]] = {}
        """Variables that hold what was found by what a client sent, where, and by what."""
        self.decides = False
        """Whether the function asks anything at all about what somebody may do."""
        self.until: int | None = None
        """The end of the block around, if the function is left there."""
        self.machine: int | None = None
        """Where the function compares a secret that came with the request with its own: a machine of ours calls it."""

    def text(self, span: Span, limit: int = 300) -> str:
        """What stands between two places, on one line."""
        shown = self.data[span[0] : min(span[1], span[0] + 4 * limit)].decode("utf-8", "replace")
        return " ".join(shown.split())[:limit]

    def new(self, said: str, channel: str, offset: int, end: int, about: About = About.CLIENT) -> Origin:
        """A value that is known from one place of the file to another."""
        origin = Origin(said=said, channel=channel, offset=offset, end=end, about=about)
        origin.aliases.add(said)
        before = next(
            (o for o in self.origins[-200:] if o.said == said and o.end == end and o.checked is not None), None
        )
        if before is not None and about is About.CLIENT:
            origin.checked_as(before)
        self.origins.append(origin)
        return origin

    def asked(self, statement: If, names: dict[str, Origin]) -> None:
        """`if (!await context.mayBill(organization)) return …`: who asks a question of a value has it checked."""
        waiting = [statement.test.value] if statement.test.value is not None else []
        while waiting:
            value = waiting.pop()
            waiting += [part for part in parts(value) if not isinstance(part, Closure)]
            if isinstance(value, Invoke) and value.arguments and FORM.search(value.method) is None:
                for _, origin in self.mentioned(self.text(value.arguments_span), names, value.span[1]):
                    self.decides = True
                    self.checked(origin, f"{callee(value)}(…)", value.span[0])

    def mentioned(self, text: str, names: dict[str, Origin], at: int) -> Iterable[tuple[str, Origin]]:
        """The values that a text names, each by the name it has there."""
        words = set(WORD.findall(text))
        for name, origin in [*names.items()]:
            if name.isidentifier() and name in words and not may_mean(last_word(origin.said)):
                yield from self._parts_of(name, origin, text)
            elif name.rpartition(".")[2].lstrip("@$") in words or (not name.isidentifier() and name in text):
                yield name, origin
        for origin in self.origins[-40:]:
            whole = origin.said.isidentifier() and not may_mean(origin.said)
            if origin.offset <= at < origin.end and not whole and origin.said in text.replace(" ", ""):
                yield origin.said, origin

    def _parts_of(self, name: str, whole: Origin, text: str) -> Iterable[tuple[str, Origin]]:
        """An object of what was sent, or its fields, whichever a text names: one field checks no other."""
        for found in islice((f for f in _PATH.finditer(text) if f.group(1) == name), 20):
            said = written(found.group())
            if not found.group(2):
                yield name, whole
                continue
            part = next((o for o in self.origins[-200:] if o.said == said and o.end == whole.end), None)
            if part is None and len(self.origins) < MAX_ORIGINS:
                part = self.new(said, whole.channel, whole.offset, whole.end)
                part.checked_as(whole)
            if part is not None:
                yield said, part

    def check_call(self, call: Invoke, names: dict[str, Origin]) -> None:
        """`assertMember(user, boat)`: a call named for a check, or told of the caller, checks what it is given."""
        text = self.text(call.arguments_span, 600)
        decides = CHECKS.search(call.method) is not None
        if not decides and (not names_caller(text) or _WRITES.match(call.method) is not None):
            return
        if not decides and not names_caller(self._others(text, names)):
            return
        if SIGNS_IN.match(call.method):
            return
        self.decides = self.decides or (decides and not call.method.lower().startswith("validat"))
        for _, origin in self.mentioned(text, names, call.span[1]):
            self.checked(origin, f"{callee(call)}(…)", call.span[0])
        words = set(WORD.findall(text)) if self.found else set()
        for name, (start, origins) in self.found.items():
            for origin in origins if name in words else ():  # who may use what was loaded was let name it
                self.checked(origin, f"{callee(call)}(…)", start)

    @staticmethod
    def _others(text: str, names: dict[str, Origin]) -> str:
        """Arguments without what the client sent."""
        client = [name for name, origin in names.items() if origin.about is About.CLIENT and name.isidentifier()]
        return re.sub(rf"\b(?:{'|'.join(map(re.escape, client))})\b(?:\.\w+(?:\(\))?)*", "", text) if client else text

    def check_text(self, span: Span, names: dict[str, Origin]) -> None:
        """`if (boat.ownerId !== user.id)`: what is compared with what is the caller's has been checked."""
        text = self.text(span, 300)
        if COMPARES.search(text) is None:
            return
        if SECRET.search(text) is not None and self.machine is None:
            self.machine = span[0]
        for name, origin in self.mentioned(text, names, span[1]):
            if check_of(name).search(text) is not None:
                self.checked(origin, text[:80], span[0])
        for name, (start, origins) in self.found.items():
            if name in text and OWNER.search(text) is not None and name in WORD.findall(text):
                for origin in origins:
                    self.checked(origin, text[:80], start)

    def checked(self, origin: Origin, said: str, offset: int) -> None:
        """From there on a value of a client is one that was asked about, by whatever name it goes."""
        if origin.about is not About.CLIENT:
            return
        for other in self.origins:
            same = other.said == origin.said or not other.aliases.isdisjoint(origin.aliases)
            if same and other.end == origin.end and (other.until is not None or not other.is_checked(offset)):
                other.checked, other.checked_at, other.until = said, offset, self.until
