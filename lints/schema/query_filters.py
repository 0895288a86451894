"""Query filters that a context of Entity Framework puts on every entity of some kind: `IOwned`, `BaseEntity`.

What such a filter compares is looked for where the kind is asked for, and in the methods that are called there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lints.patterns import regex

_NAME = r"\s*(?:\w+\.)*(\w+)"
_OF_KIND = regex(
    rf"typeof\({_NAME}\s*\)\s*\.\s*(?:GetTypeInfo\(\)\s*\.\s*)?IsAssignableFrom"
    rf"|\bIsAssignableTo\(\s*typeof\({_NAME}|\bGetInterfaces\(\)[^;{{}}]{{0,60}}?typeof\({_NAME}"
    rf"|\bGetInterface\(\s*(?:nameof|typeof)\({_NAME}|\bIsSubclassOf\(\s*typeof\({_NAME}"
    r"|\bis\s+(I\w*Tenant\w*)\b|\b\w*QueryFilters?\w*<(?:\w+\.)*(\w+)>\("
)
_METHOD = regex(
    r"^[ \t]*(?:\[[^\]\n]{0,80}\]\s*)?"
    r"(?:(?:public|private|protected|internal|static|virtual|override|async|sealed)[ \t]+){1,4}"
    r"[\w<>\[\],.? ]{1,120}?[ \t](\w+)(?:<[^<>\n]{1,80}>)?\(",
    re.MULTILINE,
)
_OF_COLUMN = regex(r"\b(?:Find|Get)Property\(\s*(?:\"(\w+)\"|nameof\((?:\w+\.)*(\w+)\))")
_KIND = regex(r"\b(?:interface|class|record)[ \t]+(\w+)")
_PROPERTY = regex(r"\b[\w<>?.]{1,60}[ \t]{1,4}(\w+)\s*\{\s*get\b")
_CALLED = regex(r"\b(?:nameof\(\s*)?([A-Z]\w{2,})\b(?=\s*(?:<[^<>\n]{1,80}>)?\(|\s*[),]|;|\")")
_TENANT = regex(r"tenant|organi[sz]ation|workspace|company", re.IGNORECASE)
_MAX_BODY = 8000


def automatic(path: str, text: str, sources: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """(interface or class, its column to the place that compares it); `*` is the tenant's, of a kind not to be seen.

    An empty kind stands for every entity that has the column.
    """
    methods = _methods(text)
    for found in _OF_KIND.finditer(text):
        kind = next(name for name in found.groups() if name)
        place = f"{path}:{text.count(chr(10), 0, found.start()) + 1}"
        said = _said(text, found.start(), methods)
        if "QueryFilter" not in said and "QueryFilter" not in found.group():
            continue
        spelled = re.compile(rf"\b(?:interface|class|record)[ \t]+{re.escape(kind)}\b")
        declared = [
            one
            for source in sources.values()
            if kind in source and spelled.search(source) is not None
            for one in _properties(kind, source)
        ]
        columns = {name: place for name in declared if re.search(rf"\b{re.escape(name)}\b", said)}
        if columns:
            yield kind, columns
        elif _TENANT.search(kind) is not None:
            yield kind, {"*": place}
    for found in _OF_COLUMN.finditer(text) if "HasQueryFilter" in text else ():
        if "HasQueryFilter" in _said(text, found.start(), methods):
            yield "", {found.group(1) or found.group(2): f"{path}:{text.count(chr(10), 0, found.start()) + 1}"}


def _methods(text: str) -> dict[str, list[tuple[int, int]]]:
    """Where the methods of a file are, by name."""
    found: dict[str, list[tuple[int, int]]] = {}
    for head in _METHOD.finditer(text):
        found.setdefault(head.group(1), []).append((head.start(), _end(text, head.end())))
    return found


def _end(text: str, start: int) -> int:
    """The end of a method: where its braces close, or at the semicolon of an expression."""
    depth = 0
    for position in range(start, min(len(text), start + _MAX_BODY)):
        letter = text[position]
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth == 0 and (letter == "}" or (letter == ";" and "{" not in text[start:position])):
            return position + 1
    return min(len(text), start + _MAX_BODY)


def _said(text: str, position: int, methods: Mapping[str, list[tuple[int, int]]]) -> str:
    """The method around a place, and those that it names, and those that they name."""
    spans = [span for held in methods.values() for span in held]
    around = max((span for span in spans if span[0] <= position < span[1]), default=(position, position + 2000))
    taken = {around}
    waiting = [around]
    while waiting and len(taken) < 12:
        start, stop = waiting.pop()
        for name in _CALLED.findall(text[start:stop]):
            new = [span for span in methods.get(name, ()) if span not in taken]
            taken.update(new)
            waiting += new
    return "\n".join(text[start:stop] for start, stop in sorted(taken))


def _properties(kind: str, text: str) -> Iterator[str]:
    """The properties of an interface or class where a file declares it."""
    for head in _KIND.finditer(text):
        if head.group(1) == kind:
            opened = text.find("{", head.end())
            stop = _end(text, opened) if opened >= 0 else head.end()
            yield from _PROPERTY.findall(text[head.end() : stop])
