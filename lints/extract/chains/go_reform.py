"""Calls of reform as the calls of GORM that ask the same: `db.SelectOneFrom(BoatTable, "WHERE id = $1", id)`."""

from __future__ import annotations

import re
from dataclasses import replace

from lints.extract.chains.go_steps import step_of
from lints.extract.chains.go_types import imported, struct_of
from lints.extract.chains.parts import Asked, Begun
from lints.extract.ir import Invoke
from lints.extract.values import Gap, Lit, Step
from lints.patterns import regex

_OF_TABLE = regex(r"(?:(Find|Select)(ByPrimaryKey|One|All|Rows)|Delete)(?:From|To)?")
_ROWS = {"Insert": "Create", "Save": "Save", "Update": "Save", "Delete": "Delete", "UpdateColumns": "Save"}
_VIEW = regex(r"(?:(\w+)\.)?(\w+?)(?:Table|View)")
_TAIL = regex(r"\s*WHERE\s+(.*?)(?:\s+(?:ORDER\s+BY|LIMIT|OFFSET|FOR|GROUP\s+BY)\b.*)?\s*", re.IGNORECASE | re.DOTALL)


def begun(asked: Asked) -> Begun | None:
    """The query that a call of reform is; None for any other call."""
    call, notes = asked.call, asked.interpreter.notes
    if not call.arguments:
        return None
    where, written = call.span, notes.text(call.arguments[0].span)[:200]
    view = _VIEW.fullmatch(written)
    row = _ROWS.get(call.method)
    if row is not None and view is None:
        step = step_of(asked.interpreter, _renamed(asked, row), asked.step.arguments[:1], asked.env, "gorm")
        only = [one for one in asked.step.arguments[1:] if isinstance(one, Lit)]
        limits = (Step("Select", tuple(only), {}, where),) if call.method == "UpdateColumns" and only else ()
        return Begun("gorm", struct_of(asked.interpreter, step), (*limits, step))
    asks = _OF_TABLE.fullmatch(call.method)
    if asks is None or len(asked.step.arguments) < 2:
        return None
    if view is not None:
        package = imported(notes.source).get(view.group(1) or "", view.group(1) or "")
        model = f"{package}.{view.group(2)}" if package else view.group(2)
    else:
        model = struct_of(asked.interpreter, Step("First", (Gap(written, where),), {}, where))
    second = asked.step.arguments[1]
    values = tuple(Gap(notes.text(one.span)[:200], one.span) for one in call.arguments[2:])
    ends = Step("Delete" if call.method.startswith("Delete") else "Find", (), {}, where)
    if asks.group(2) == "ByPrimaryKey":
        key = Gap(notes.text(call.arguments[1].span)[:200], where)
        return Begun("gorm", model, (Step("First", (Gap(f"&{model}{{}}", where), key), {}, where),))
    if asks.group(1) == "Find":
        several = notes.text(call.arguments_span).rstrip(") \n").endswith("...")
        text = f"{second.text} {'IN' if several else '='} (?)" if isinstance(second, Lit) else None
        said = Lit(text, where) if text is not None else Gap("condition", where)
        return Begun("gorm", model, (Step("Where", (said, *values[:1]), {}, where), ends))
    tail = _TAIL.fullmatch(second.text) if isinstance(second, Lit) else None
    if isinstance(second, Lit) and tail is None:
        return Begun("gorm", model, (ends,)) if "where" not in second.text.lower() else None
    asked_for = Lit(re.sub(r"\$\d+", "?", tail.group(1)), where) if tail is not None else Gap("condition", where)
    return Begun("gorm", model, (Step("Where", (asked_for, *values), {}, where), ends))


def _renamed(asked: Asked, method: str) -> Invoke:
    return replace(asked.call, method=method, arguments=asked.call.arguments[:1])
