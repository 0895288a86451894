"""Where a query of GORM, Bun or Ent begins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lints.extract.chain_parts import Asked, Begun, as_written
from lints.extract.sqltext import names
from lints.extract.values import Gap, Step

if TYPE_CHECKING:
    from lints.extract.interpret import Interpreter

_GORM = names("Where First Find Take Last Model Delete Not Or Scopes Joins Preload Unscoped Updates Count")
_GORM_ROOT = re.compile(
    r"(?:^|[._])(?:db|DB|tx|Db|gormDB|gdb)(?:\(\))?(?:\.(?:WithContext|Debug|Session|Table|Select|Order|Limit|Offset)\([^()]*\))*$"
)
_ENT = re.compile(r"(?:^|\.)(?:\w*[cC]lient|tx|db|ent\w*)(?:\(\))?\.([A-Z]\w*)$")
_ENT_CALLS = names("Query Delete Update UpdateOneID DeleteOneID Get GetX")


def begun(asked: Asked) -> Begun | None:
    """The query that a call of Go begins; None for any other call."""
    call, method = asked.call, asked.call.method
    step = as_written(asked.interpreter, call, method)
    if method in {"NewSelect", "NewUpdate", "NewDelete"} and call.receiver is not None and not call.arguments:
        return Begun("bun", "", (step,))
    entity = _ENT.search(asked.path) if method in _ENT_CALLS else None
    if entity is not None:
        return Begun("ent", entity.group(1), (step,))
    if method in _GORM and call.receiver is not None:
        written = asked.interpreter.notes.text(call.receiver.span)
        if _GORM_ROOT.search(written[-200:]):
            return Begun("gorm", struct_of(asked.interpreter, step), (step,))
    return None


def struct_of(interpreter: Interpreter, step: Step) -> str:
    """The struct that a step of GORM names, by itself or by a variable of that type declared before it."""
    for value in step.arguments[:1]:
        text = value.source if isinstance(value, Gap) else ""
        named = re.match(r"&?(?:\[\])?\*?(?:\w+\.)?([A-Z]\w*)\s*\{|\(\*(?:\w+\.)?([A-Z]\w*)\)\(nil\)", text)
        if named is not None:
            return named.group(1) or named.group(2)
        held = re.fullmatch(r"&?(\w+)", text)
        if held is not None:
            source = interpreter.notes.source[max(0, step.span[0] - 4000) : step.span[0]]
            kinds = re.findall(
                rb"\b" + held.group(1).encode() + rb"\s*(?::=\s*&?|\s)(?:\[\])?\*?(?:\w+\.)?([A-Z]\w*)", source
            )
            if kinds:
                return str(kinds[-1].decode())
    return ""
