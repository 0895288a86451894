"""Rows of Eloquent that take an object as a whole, or another tenant, and what a client may set of a component."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from lints.extract.chains.reassigned import REASSIGNED
from lints.extract.ir import Invoke, Name
from lints.extract.sqltext import names
from lints.extract.values import Gap, Lit, Query, Record, Step, Value
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.extract.recorder import Recorder

FILLED = "@filled"
WHOLE = regex(
    r"\$?\b(?:request|req)(?:\(\))?\s*(?:->|\.|::)\s*(?:safe\(\)\s*(?:->|\.)\s*)?(all|input|post|validated|except|only|toArray|json)"
    r"\(([^()]{0,300})\)(?:\s*(?:->|\.)\s*(?:all|toArray)\(\))?",
    re.IGNORECASE,
)
"""What a client sent as a whole: `$request->all()`; `->validated()` is as much of it as rules elsewhere name."""
WIRED = " (a public property)"
"""Behind the name of a property that a client may set: Livewire takes its public properties from there."""
_FILLS = names("update updateQuietly updateOrFail fill forceFill")
_FILLED_BY = "fill|forceFill|setRawAttributes|setAttribute"
SET = "@set"
"""Behind what a row takes as a whole; what was put into that before, as `column=source`, follows."""
NEW = "@new"
"""Behind what a new row takes as a whole; what it is given after that, as `column=source`, follows."""
_SAVES = names("save saveQuietly saveOrFail push")
_OBJECT = regex(r"\$\w+(?:->\w+)*|[\w\\$>:-]+\([^;]{0,300}\)")
CLIENT_SENT = regex(
    r"\$request->[^;\n]{1,120}|request\(\)?[^;\n]{1,120}|\$this->request->[^;\n]{1,120}|Request::\w+\([^;\n]{1,80}"
)
_PAIR = regex(r"['\"](\w+)['\"]\s*=>\s*(\$request->[^,\]\n]{1,120}|request\([^,\]\n]{1,120})")
_WIRE = regex(rb"\bLivewire\b")
_OWN = regex(r"\$this->(\w+)")
_PUBLIC = regex(
    rb"(#\[[^\]\n]{0,80}\]\s*)?\bpublic\s+(?:\??(?:int|string|array|bool|float|mixed)(?:\|null)?\s+)?\$(\w+)\s*[=;,]"
)
_MAX_BEFORE, _MAX_GIVEN = 6000, 20


def begun(notes: Recorder, call: Invoke, step: Step, model: str) -> tuple[str, Step] | None:
    """The model and the step of a row that takes an object, or of a new row that is saved; `model` is that of the row
    which the call is made on, if that is known."""
    new = _new(notes, call) if model and call.method in _SAVES | _FILLS else None
    if new is not None and call.method in _SAVES:
        return (model, new) if new.arguments else None
    if not model and call.receiver is not None:
        return None
    given = filled(notes, call, step, model=bool(model))
    if given is not None and new is not None:
        after = notes.source[call.span[1] : call.span[1] + _MAX_BEFORE].decode("utf-8", "replace")
        set_later = _set_on(call, after.partition("function ")[0])
        columns = tuple(Lit(f"{column}={value}", call.span) for column, value in set_later.items())
        given = Step(FILLED, (*given.arguments, Lit(NEW, call.span), *columns), {}, call.span)
    return (model or call.method, given) if given is not None else None


def _new(notes: Recorder, call: Invoke) -> Step | None:
    """A row that was made with `new` and is saved, as the row that is created of what it was given: nothing of one that
    took an object, which is judged there."""
    name = call.receiver.path if isinstance(call.receiver, Name) else ""
    if not name.isidentifier():
        return None
    before = notes.source[max(0, call.span[0] - _MAX_BEFORE) : call.span[0]].decode("utf-8", "replace")
    around = before[max(before.rfind("function "), 0) :]
    places = list(re.finditer(rf"\${name}\s*=(?![=>])\s*(new\s+[\w\\]+)?", around))
    if not places or places[-1].group(1) is None:
        return None
    since = around[places[-1].end() :]
    whole = re.match(r"\s*\(\s*[^)\s]", since) or re.search(rf"\${name}\s*->\s*(?:{_FILLED_BY})\(", since)
    given = _set_on(call, since) if whole is None else {}
    fields: dict[str, Value] = {column: _value(value, call) for column, value in given.items()}
    return Step("create", (Record(fields, ""),) if fields else (), {}, call.span)


def _set_on(call: Invoke, text: str) -> dict[str, str]:
    """What a text sets on the row of a call: `$boat->name = $name`, `$boat->fleet()->associate($fleet)`."""
    name = call.receiver.path if isinstance(call.receiver, Name) else ""
    pattern = (
        rf"\${name}\s*->\s*(\w+)\s*(?:=(?![=>])\s*([^;\n]{{1,200}})|\(\)\s*->\s*associate\(\s*([^;\n]{{1,200}})\))\s*;"
    )
    return {
        column if value else f"{column}_id": value.strip() or f"{row.strip()}->id"
        for column, value, row in re.findall(pattern, text)
    }


def _value(text: str, call: Invoke) -> Value:
    quoted = re.fullmatch(r"'([^'\\]*)'", text)
    if re.fullmatch(r"\$\w+(?:->\w+)*", text) is not None:
        return Gap(text[1:].replace("->", "."), call.span)
    return Lit(quoted.group(1), call.span) if quoted is not None else Gap(text, call.span)


def filled(notes: Recorder, call: Invoke, step: Step, *, model: bool) -> Step | None:
    """`$boat->update($request->all())`, `$boat->fill($data)`, `new Boat($request->all())`: a row that takes an object;
    None for any other call. `model`: it is called on a row of a model that is known."""
    made = not model and call.receiver is None and call.method[:1].isupper()
    if len(call.arguments) != 1 or not (call.method in _FILLS or made):
        return None
    value = step.arguments[0] if step.arguments else None
    text = " ".join(notes.text(call.arguments[0].span).split())[:400]
    came = value.origin or "" if isinstance(value, Gap) and isinstance(call.arguments[0], Name) else ""
    text = came if WHOLE.fullmatch(came) is not None else text
    if WHOLE.fullmatch(text) is None and (made or not isinstance(value, Gap) or _OBJECT.fullmatch(text) is None):
        return None
    if made and not notes.text(call.span).startswith("new"):
        return None
    said: tuple[Value, ...] = (Gap(text, call.arguments[0].span), Lit(call.method, call.span))
    name = call.arguments[0].path if isinstance(call.arguments[0], Name) else ""
    if name.isidentifier() and name != "request":
        before = notes.source[max(0, call.span[0] - _MAX_BEFORE) : call.span[0]].decode("utf-8", "replace")
        around = before[max(before.rfind("function "), 0) :]
        put = re.findall(rf"\${name}\[['\"](\w+)['\"]\]\s*=(?![=>])\s*([^;\n]{{1,200}});", around)
        columns = (Lit(f"{column}={value.strip()}", call.span) for column, value in put)
        said = (*said, Lit(SET, call.span), *columns) if put else said
    return Step(FILLED, said, {}, call.span)


def of_query(notes: Recorder, query: Query, call: Invoke, step: Step) -> Query | None:
    """The row that a query has loaded, where it takes an object, or a tenant that a client names."""
    made = filled(notes, call, step, model=True) or _reassigned(notes, call)
    if made is None:
        return None
    held = tuple(one for one in query.steps[:1] if isinstance(one, Step) and one.method == "@along")
    return Query(query.kind, query.model, (*held, made), call.span)


def _reassigned(notes: Recorder, call: Invoke) -> Step | None:
    """What a row was given before it is saved, as `column=source`, where a client named it."""
    given: list[str] = []
    if call.method in _SAVES and isinstance(call.receiver, Name) and call.receiver.path.isidentifier():
        name = call.receiver.path
        before = notes.source[max(0, call.span[0] - _MAX_BEFORE) : call.span[0]].decode("utf-8", "replace")
        around = before[max(before.rfind("function "), 0) :]
        for column, value in re.findall(rf"\${name}->(\w+)\s*=(?![=>])\s*([^;\n]{{1,200}});", around):
            given += [f"{column}={value.strip()}"] if CLIENT_SENT.fullmatch(value.strip()) else []
    elif call.method in _FILLS:
        pairs = _PAIR.findall(notes.text(call.arguments_span)[:_MAX_BEFORE])
        given = [f"{column}={value.strip()}" for column, value in pairs]
    if not given:
        return None
    return Step(REASSIGNED, tuple(Gap(text, call.span) for text in given[:_MAX_GIVEN]), {}, call.span)


def wired(source: bytes, text: str) -> bool:
    """Whether a value is a public property of a Livewire component that is not locked: a client may set it."""
    found = _OWN.fullmatch(text)
    return found is not None and _WIRE.search(source) is not None and found.group(1) in _open_properties(source)


@lru_cache(maxsize=4)
def _open_properties(source: bytes) -> frozenset[str]:
    return frozenset(
        found.group(2).decode()
        for found in _PUBLIC.finditer(source)
        if found.group(1) is None or re.search(rb"Locked|Computed|Session", found.group(1)) is None
    )
