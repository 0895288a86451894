# ruff: noqa: E501 - a pattern is read as one line
"""Work that no request starts: whether it knows a tenant, and whether a request reaches it after all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lints.context.facts import About, Context
from lints.context.units import Unit
from lints.context.words import TENANT_WORD
from lints.extract.lines import Lines
from lints.patterns import regex

MAX_REACHED = 400
MAX_THROUGH = 80
_LITERALS = r"'''(?:[^'\\]|\\.|'(?!''))*(?:'''|\Z)|\"\"\"(?:[^\"\\]|\\.|\"(?!\"\"))*(?:\"\"\"|\Z)|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\.)*(?:`|\Z)"
_SLASHES = regex(rf"{_LITERALS}|//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)", re.DOTALL)
_HASHES = regex(rf"{_LITERALS}|#[^\n]*", re.DOTALL)
_NOTES, _HASH = regex(r"//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)"), regex(r"#[^\n]*")
_CALL = regex(rb"(?:(?<![\w$.>:@])\$?([\w$]{1,80})(?:\.|->|::)|(?<![\w$.>:@]))([A-Za-z_$][\w$]{0,79})[?!]?[ \t]{0,8}\(")
_KEYED = regex(r"[\[(]\s*['\"][\w-]*(?:tenant|org|workspace|account)[\w-]*['\"]", re.IGNORECASE)


def jobs(data: bytes, language: str, lines: Lines, units: list[Unit]) -> Iterator[Context]:
    """Functions that run in the background without a word of a tenant."""
    waiting = [unit for unit in units if unit.job is not None and not _knows_tenant(data, language, unit)]
    start = {id(unit): unit for unit in waiting}
    requested = {id(unit) for unit in units if unit.request is not None}
    while waiting and len(start) < MAX_REACHED:
        caller = waiting.pop(0)
        names = _calls_in(data, caller)
        first = start[id(caller)]
        yield Context(
            about=About.JOB, line=lines.line(caller.span[0]), end_line=lines.line(caller.span[1]), name=first.name,
            said=first.job or "", where=lines.line(first.span[0]), through=_through(names, caller, first),
        )  # fmt: skip
        for unit in units:
            known = id(unit) in start or id(unit) in requested or not unit.name
            if not known and _calls(names, unit, caller) and not _knows_tenant(data, language, unit):
                start[id(unit)] = first
                waiting.append(unit)


def _knows_tenant(data: bytes, language: str, unit: Unit) -> bool:
    """Whether the code of a function, not its comments and texts, has a word of a tenant."""
    text = data[unit.span[0] : unit.span[1]].decode("utf-8", "replace")
    bare = (_HASHES if language in {"python", "ruby"} else _SLASHES).sub("''", text)
    noted = _HASH if language in {"python", "ruby"} else _NOTES
    return TENANT_WORD.search(bare) is not None or _KEYED.search(noted.sub("", text)) is not None


def _through(names: Iterable[tuple[bytes, bytes]], unit: Unit, first: Unit) -> tuple[str, ...]:
    """What the work goes through: the calls of the function, and what stands on it and on what starts it."""
    marks = (mark.rpartition(".")[2] for mark in (*unit.marks, *unit.owner_marks, *first.marks, *first.owner_marks))
    return tuple(sorted({*marks, *(name.decode("utf-8", "replace") for _, name in names)}))[:MAX_THROUGH]


def reached(data: bytes, lines: Lines, units: list[Unit]) -> Iterator[Context]:
    """Functions that an answer to a request calls, itself or through others of its module; the answers too."""
    from_request: dict[int, tuple[Unit, Unit]] = {id(u): (u, u) for u in units if u.request is not None}
    if not from_request:
        return
    named = [unit for unit in units if unit.name]
    waiting = [unit for unit in units if id(unit) in from_request]
    while waiting and len(from_request) < MAX_REACHED:
        caller = waiting.pop(0)
        start = from_request[id(caller)][1]
        called = _calls_in(data, caller)
        for unit in named:
            if id(unit) not in from_request and unit is not caller and _calls(called, unit, caller):
                from_request[id(unit)] = (caller, start)
                waiting.append(unit)
    for unit in units:
        found = from_request.get(id(unit))
        if found is not None:
            start = found[1]
            yield Context(
                about=About.REACHED, line=lines.line(unit.span[0]), end_line=lines.line(unit.span[1] - 1),
                name=unit.name or unit.request or "", said=start.request or start.name,
                where=lines.line(start.span[0]),
            )  # fmt: skip


def _calls_in(data: bytes, unit: Unit) -> set[tuple[bytes, bytes]]:
    """The receivers and names of the calls in a function."""
    return {((m.group(1) or b"").lstrip(b"$"), m.group(2)) for m in _CALL.finditer(data, unit.span[0], unit.span[1])}


def _calls(called: set[tuple[bytes, bytes]], unit: Unit, caller: Unit) -> bool:
    """Whether one function calls another one of its module; `called` are the receivers and names of its calls."""
    name = unit.name.encode()
    own = (b"this", b"self", b"cls", unit.owner.encode()) if unit.owner else ()
    if any((receiver, name) in called for receiver in own):
        return True
    return (b"", name) in called and (not unit.owner or unit.owner == caller.owner)
