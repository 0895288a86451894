"""Take values out of JSON documents for good: removed, or put behind a digest whose salt is thrown away."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gate.model import GateError

REMOVED: Final = "(removed)"
"""What stands where an element of an array was: the others keep their places."""
HASHED: Final = "redacted:sha256:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the redactions file: in which document, at which pointer (`*`: any), how, and why."""

    document: str
    pointer: str
    by: str
    reason: str
    elsewhere: bool = False

    def parts(self) -> tuple[str, ...]:
        return tuple(part.replace("~1", "/").replace("~0", "~") for part in self.pointer.split("/")[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One value that was taken out, and where it was."""

    rule: Rule
    pointer: str
    value: Any


def redact(name: str, document: Any, rules: Sequence[Rule], salt: bytes) -> tuple[Any, list[Taken]]:
    """A copy of the document without what the rules name, and what that was. The deepest places go first."""
    copy = json.loads(json.dumps(document))
    taken = []
    found = [(rule, path) for rule in rules if rule.document == name for path in _places(copy, rule.parts())]
    for rule, path in sorted(found, key=lambda item: -len(item[1])):
        holder: Any = _at(copy, path[:-1])
        last: Any = path[-1]
        if not _holds(holder, last):
            continue  # another rule took it already
        value = holder[last]
        if value == REMOVED or (isinstance(value, str) and value.startswith(HASHED)):
            continue
        taken.append(Taken(rule=rule, pointer=pointer_of(path), value=value))
        if rule.by == "hash":
            holder[last] = hashed(value, salt)
        elif isinstance(holder, list):
            holder[last] = REMOVED
        else:
            del holder[last]
    return copy, sorted(taken, key=lambda item: item.pointer)


def hashed(value: Any, salt: bytes) -> str:
    """Equal values become equal digests, within one packet."""
    spelled = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    return HASHED + hashlib.sha256(salt + spelled).hexdigest()


def pointer_of(path: Sequence[str | int]) -> str:
    """JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def texts(value: Any) -> Iterator[str]:
    """Everything in a value that can be looked for: its strings, and its numbers as they are written."""
    if isinstance(value, str):
        if value != REMOVED and not value.startswith(HASHED):
            yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from texts(member)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def _places(value: Any, parts: Sequence[str], path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if not parts:
        yield path
        return
    head, rest = parts[0], parts[1:]
    if isinstance(value, dict):
        for key in [key for key in value if head in ("*", key)]:
            yield from _places(value[key], rest, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if head in ("*", str(index)):
                yield from _places(item, rest, (*path, index))


def _at(value: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        if not _holds(value, part):
            return None
        value = value[part]
    return value


def _holds(holder: Any, part: str | int) -> bool:
    if isinstance(holder, dict):
        return part in holder
    return isinstance(holder, list) and isinstance(part, int) and part < len(holder)


def unused(rules: Sequence[Rule], taken: Sequence[Taken]) -> None:
    """A rule that takes nothing out is a mistake of whoever wrote it. Raises GateError."""
    used = {id(item.rule) for item in taken}
    for rule in rules:
        if id(rule) not in used:
            raise GateError(f"redactions: nothing stands at {rule.pointer} of {rule.document}; correct the pointer")
