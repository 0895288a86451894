"""What the functions of a module tell each other: what they return, keep for later, and hand on as arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lints.context.facts import About
from lints.context.units import Unit
from lints.context.words import TENANT
from lints.extract.ir import Invoke, Name, Span, Text
from lints.patterns import regex

_OWN = frozenset(["this", "self", "cls"])
_KEEPERS = regex(
    r"(?:g|req|request|res\.locals|ctx|ctx\.state|context|request\.state|self\.request|req\.context|c|flask\.g)\.(\w+)"
)
_SETS = regex(r"set|Set|setAttribute|Locals|WithValue")
_ENTERS = regex(
    r"(?i)(?:^|\.)(?:set|enter|use|switch_?to|with)_?(?:current_?)?(?:tenant|org|organi[sz]ation|workspace)(?:_?(?:id|context|slug))?!?$"
    r"|(?:tenant|org|organi[sz]ation|workspace)_?(?:context)?_?(?:holder|storage|store|context|local|resolver)?\.(?:set|run|enter|switch!?)$"
)
_READS = r"(?:[\w$]+)\.(?:get|Get|GetString|MustGet|getAttribute|Locals)\(\s*['\"]%s['\"]\s*\)|\bc\.var\.%s\b"
_DEPENDS = regex(
    r"(\w+)\s*:\s*[^=,()]{1,80}=\s*Depends\(\s*(\w+)\s*\)|(\w+)\s*:\s*Annotated\[[^=\n]{1,80}\bDepends\(\s*(\w+)\s*\)"
)
_DECORATED = regex(r"@(\w+)\([^()]{0,80}\)\s*(\w+)\s*[?:,)]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A value that crosses from one function to another: as it was written, how it came, and on which line."""

    said: str
    channel: str
    about: About
    line: int


@dataclass(slots=True, eq=True)
class Known:
    """What is known so far; each round of reading a module learns the next."""

    returned: dict[tuple[str, str], Told] = field(default_factory=dict)
    """(class, function) to what it returns."""
    kept: dict[str, tuple[Told, Span]] = field(default_factory=dict)
    """A key of something that outlives the function to its value, and the function that sets it."""
    trusted: set[str] = field(default_factory=set)
    """Such keys that are set from something else too: nothing is said of them."""
    handed: dict[Span, dict[str, Told]] = field(default_factory=dict)
    """A function to those of its parameters that callers fill with a client's word."""

    def keep(self, key: str, told: Told, keeper: Span) -> None:
        """A function sets a key; the first one that does so is told of."""
        self.kept.setdefault(key, (told, keeper))

    @property
    def sources(self) -> set[str]:
        """The names of functions that return what a client sent."""
        return {name for _, name in self.returned}

    def __bool__(self) -> bool:
        return bool(self.returned or any(self.handed.values()) or self.kept.keys() - self.trusted)

    def called(self, call: Invoke, unit: Unit) -> Told | None:
        """What a call returns, if it is one of a function of the module that is known."""
        if not self.returned:
            return None
        return next((self.returned[key] for key in _keys(call, unit) if key in self.returned), None)

    @staticmethod
    def resolve(call: Invoke, unit: Unit, by_name: Mapping[tuple[str, str], Unit]) -> Unit | None:
        """The function of the module that a call is one of."""
        return next((by_name[key] for key in _keys(call, unit) if key in by_name), None)

    def dependencies(self, unit: Unit) -> Iterator[tuple[str, Told]]:
        """The parameters that a function of the module fills: `Depends(get_tenant)`, `@TenantId() tenant`."""
        if not self.returned:
            return
        for found in _DEPENDS.finditer(unit.head):
            told = self.returned.get(("", found.group(2) or found.group(4)))
            if told is not None:
                yield found.group(1) or found.group(3), told
        for found in _DECORATED.finditer(unit.head):
            told = self.returned.get(("", found.group(1)))
            if told is not None:
                yield found.group(2), told

    def bare(self, unit: Unit, text: str) -> Iterator[tuple[str, Told]]:
        """The methods of its class that a function of Ruby names without parentheses."""
        for (owner, name), told in self.returned.items():
            if (
                owner == unit.owner
                and name != unit.name
                and re.search(rf"(?<![\w.@:]){re.escape(name)}\b(?![:=(])", text)
            ):
                yield name, told

    @staticmethod
    def key_of(target: str, unit: Unit, text: str) -> str | None:
        """What of the request or of the class an assignment sets, if it is a tenant."""
        found = _KEEPERS.fullmatch(target)
        if found is not None and TENANT.fullmatch(found.group(1)):
            return target
        if text.startswith("@") and not text.startswith("@@") and TENANT.fullmatch(target):
            return f"{unit.owner}@{target}"
        return None

    @staticmethod
    def sets(call: Invoke) -> str | None:
        """The key of a request's context that a call sets: `c.set('tenantId', …)`."""
        keyed = call.arguments[-2] if len(call.arguments) in {2, 3} and _SETS.fullmatch(call.method) else None
        if not isinstance(keyed, Text):
            return None
        key = keyed.value
        return f"({key}" if TENANT.fullmatch(key) and call.receiver is not None else None

    def kept_in(self, unit: Unit, text: str) -> Iterator[tuple[str, Told]]:
        """How what other functions keep is spelled in the text of one."""
        for key, (told, keeper) in self.kept.items():
            if key in self.trusted or keeper == unit.function.span:
                continue
            if key.startswith("("):
                name = re.escape(key[1:])
                yield from ((found.group(), told) for found in re.finditer(_READS % (name, name), text))
            elif "@" in key:
                owner, _, name = key.partition("@")
                if owner == unit.owner and re.search(rf"@{re.escape(name)}\b", text):
                    yield f"@{name}", told
            elif key in text:
                yield key, told


def enters(call: Invoke, name: str) -> str | None:
    """What a call sets, if that is the tenant that everything after it works for: `TenantContext.setCurrentTenant`."""
    if len(call.arguments) != 1 or not _ENTERS.search(name):
        return None
    return name


def _keys(call: Invoke, unit: Unit) -> Iterator[tuple[str, str]]:
    receiver = call.receiver.path.lstrip("$") if isinstance(call.receiver, Name) else None
    if call.receiver is None:
        yield "", call.method
        if unit.owner:
            yield unit.owner, call.method
    elif receiver is not None and (receiver in _OWN or receiver == unit.owner):
        yield unit.owner, call.method
