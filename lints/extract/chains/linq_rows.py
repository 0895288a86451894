"""Rows that code of .NET hands to what writes them: made of fields, sent by a client, made out of sight, handed in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.extract.chains.parts import Asked, Begun
from lints.extract.ir import Span
from lints.extract.values import Gap, Step
from lints.patterns import regex

_NEW = regex(r"\bnew\s+(?:\w+\.)*(\w+)\s*(?:\(([^()]*)\)\s*)?(?=([{])|[),;\s]|$)")
_OF_CLIENT = r"\[From(?:Body|Form)[^\[\]]{{0,60}}\]\s*(?:\w+\.)*[\w<>\[\]?]+\s+{0}\b"
_BOUND = r"\.Map(?:Post|Put|Patch)\([^{{}};]{{0,400}}?[\w>\]?]\s+{0}\s*[,)]"
"""Parameters that a framework makes of what a client sends."""
_MAPPED = regex(r"\.Map<[\w.<>]{1,80}>\(|\.Adapt<[\w.<>]{1,80}>\(|\.To(?:Entity|Model|Domain)\(\)")
"""What makes a row of something else, field by field, out of sight."""
_HEADER = regex(
    r"^[ \t]*(?:\[[^\n\[\]]*\][ \t]*)*(?:public|private|protected|internal)\b[^;{}]{0,600}\)"
    r"|\.Map(?:Post|Put|Patch|Get|Delete)\(",
    re.MULTILINE,
)
_KIND = regex(r"(\w+)>?(?:\[\])?\??$")
_MAX_BEFORE = 8000


def put(asked: Asked, verb: str, of_set: str, of_context: bool) -> Begun | None:
    """A row that is put into a set: made here of what is written (`AddNew`), sent by a client as it is (`AddSent`),
    made out of sight (`AddUnseen`), or changed as it is handed in (`UpdateHanded`). One that is loaded is judged where
    that is."""
    call, notes = asked.call, asked.interpreter.notes
    text = notes.text(call.arguments_span)[1:-1].strip()[:_MAX_BEFORE]
    position = call.span[0]
    name = text if text.isidentifier() else ""
    before = notes.source[max(0, position - _MAX_BEFORE) : position].decode("utf-8", "replace")
    heads = [found.start() for found in _HEADER.finditer(before)]
    around = before[heads[-1] :] if heads else before
    later = ""
    if name:
        made = list(re.finditer(rf"\b(\w+)\??\s+{name}\s*=(?![=>])\s*", around))
        if made:
            text = around[made[-1].end() :]
            text = re.sub(r"^new\s*(?=[({])", f"new {made[-1].group(1)} ", text)
            text, later = _until_semicolon(text)
        else:
            text, later = "", around
    row = _NEW.search(text)
    if row is not None and (of_set or of_context):
        fields = _braced(text[row.start(3) :]) if row.group(3) else ""
        if verb == "Attach":  # what is changed of it once it is attached
            after = notes.source[call.span[1] : call.span[1] + _MAX_BEFORE].decode("utf-8", "replace")
            following = _HEADER.search(after)
            later += after[: following.start()] if following is not None else after
        given = [fields, *re.findall(rf"\b{name}\.(\w+\s*=(?!=)[^;]*);", later)] if name else [fields]
        model = of_set or row.group(1)
        if verb == "Attach" and not any(given[1:]):
            return None  # only named, and never changed
        unseen = verb != "Add" or (row.group(2) or "").strip()
        if verb == "Add" or not re.search(r"\w*[iI]d\s*=(?!=)", ",".join(given)):
            if verb == "Remove":
                return None
            how = "AddUnseen" if unseen and verb == "Add" else "AddNew"
            return Begun("ef", model, (_said(how, [row.group(2) or "", *given], call.arguments_span),))
        how = "RemoveNew" if verb == "Remove" else "UpdateNew"
        return Begun("ef", model, (_said(how, ["{" + ",".join(given) + "}"], call.arguments_span),))
    if not of_set and not of_context:
        return None
    sets = re.findall(rf"\b{name}\.(\w+\s*=(?!=)[^;]*);", later) if name else []
    if name and not text and (client := _sent_by_client(before, around, name)) is not None:
        model = of_set or client
        return Begun("ef", model, (_said(f"{verb}Sent", [name, *sets], call.arguments_span),))
    mapped = _MAPPED.search(text)
    if mapped is not None and verb == "Add":
        of = re.search(r"<(?:\w+\.)*(\w+)>\(", mapped.group())
        model = of_set or (of.group(1) if of is not None else "")
        return Begun("ef", model, (_said("AddUnseen", ["", *sets], call.arguments_span),)) if model else None
    if verb in {"Update", "Remove"} and name and not text:
        kind = _handed_in(around, name)
        if kind is not None:
            return Begun("ef", of_set or kind, (_said(f"{verb}Handed", [name], call.arguments_span),))
    return None


def _handed_in(around: str, name: str) -> str | None:
    """The class of a row, or of rows, that a method is handed from outside its class: only its key says which it is."""
    head = re.sub(r"\"[^\"\n]*\"", "", around).partition("{")[0].partition("=>")[0]
    inside = re.search(r"^\s*(?:\[[^\n\[\]]*\]\s*)*private\b", head)
    return _kind_of(head, name) if inside is None and "(" in head else None


def _kind_of(text: str, name: str) -> str | None:
    """The class that stands before a parameter's name: `Boat` of `List<Fleet.Boat> boats`."""
    for found in re.finditer(rf"(?<=[\w>\]?])\s+{name}\s*[,)=]", text):
        kind = _KIND.search(text[max(0, found.start() - 120) : found.start()])
        if kind is not None:
            return kind.group(1)
    return None


def _said(method: str, texts: Sequence[str], span: Span) -> Step:
    return Step(method, tuple(Gap(text, span) for text in texts), {}, span)


def _sent_by_client(before: str, around: str, name: str) -> str | None:
    """The class of a parameter that is made of what a client sends; None if it is no such parameter."""
    if not re.search(_OF_CLIENT.format(name), around) and not re.search(_BOUND.format(name), around):
        attributes = before[: -len(around)][-300:] if around else ""
        head = around.partition("{")[0]
        signed = re.sub(r"\"[^\"\n]*\"", "", attributes + head)
        posts = re.search(r"\[Http(?:Post|Put|Patch)\b[^;{}]*$", signed) is not None
        if not posts or not re.search(rf"[\w>\]?]\s+{name}\s*[,)]", head):
            return None
    return _kind_of(around, name)


def _until_semicolon(text: str) -> tuple[str, str]:
    """A statement, and what follows it."""
    depth = 0
    for position, letter in enumerate(text):
        depth += {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}.get(letter, 0)
        if letter == ";" and depth <= 0:
            return text[:position], text[position:]
    return text, ""


def _braced(text: str) -> str:
    """What stands in the braces that a text begins with."""
    depth = 0
    for position, letter in enumerate(text):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth == 0:
            return text[1:position]
    return text[1:]
