"""Work that no request starts: whether it knows a tenant, and whether a request reaches it after all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lints.context.facts import About, Context
from lints.context.units import Unit
from lints.context.words import TENANT_WORD
from lints.extract.lines import Lines

MAX_REACHED = 400
_STRING = re.compile(
    r"'''(?:[^'\\]|\\.|'(?!''))*'''|\"\"\"(?:[^\"\\]|\\.|\"(?!\"\"))*\"\"\"|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\.)*`"
)
_KEYED = re.compile(r"[\[(]\s*['\"][\w-]*(?:tenant|org|workspace|account)[\w-]*['\"]", re.IGNORECASE)


def jobs(data: bytes, lines: Lines, units: Iterable[Unit]) -> Iterator[Context]:
    """Functions that run in the background without a word of a tenant."""
    for unit in units:
        if unit.job is None:
            continue
        text = data[unit.span[0] : unit.span[1]].decode("utf-8", "replace")
        bare = _STRING.sub("''", text)
        if TENANT_WORD.search(bare) is None and _KEYED.search(text) is None:
            yield Context(
                about=About.JOB, line=lines.line(unit.span[0]), end_line=lines.line(unit.span[1]), name=unit.name,
                said=unit.job, where=lines.line(unit.span[0]),
            )  # fmt: skip


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
        text = data[caller.span[0] : caller.span[1]]
        for unit in named:
            if id(unit) not in from_request and unit is not caller and _calls(text, unit, caller):
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


def _calls(text: bytes, unit: Unit, caller: Unit) -> bool:
    """Whether the text of one function calls another one of its module."""
    if text.find(unit.name.encode()) < 0:
        return False
    receiver = rb"(?:(?:this|self|cls|%s)[.:>-]{1,2})" % re.escape(unit.owner.encode()) if unit.owner else rb""
    before = rb"(?:%s|(?<![\w.>:$@]))" % receiver if receiver else rb"(?<![\w.>:$@])"
    if unit.owner and unit.owner != caller.owner:
        before = receiver
    return re.search(before + re.escape(unit.name.encode()) + rb"[?!]?\s*\(", text) is not None
