"""What variables of Go are, and what they hold, read from the text of their function."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from lints.extract.sqltext import names
from lints.extract.values import Gap, Record, Step
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.extract.interpret import Interpreter

_NAMES_NOTHING = names(
    "Where Or Not And Preload Joins Order Association Select ID Id Clauses Session Scopes Attrs Assign Set Omit"
    " Group Having Distinct In NotIn Cols Join InnerJoins With Apply"
)
"""Calls whose structs are not what the rows are loaded into."""
_TYPE = r"((?:[a-z]\w*\.)?[A-Za-z]\w*)"
WRITTEN = regex(rf"(?:&|\*)?(?:\[\])?\*?{_TYPE}\s*\{{|\(\*{_TYPE}\)\(nil\)|new\({_TYPE}\)")
_KIND = rb"((?:[a-z]\w*\.)?[A-Za-z]\w*)"
_DECLARED = (
    rb"\b%s(?:\s*,\s*\w+)?\s*(?::?=\s*(?:[&*(]*(?:\[\])?\*?" + _KIND + rb"\s*\{|new\(" + _KIND + rb"\)"
    rb"|\(\*" + _KIND + rb"\)\(|make\(\[\]\*?" + _KIND + rb"\b)|\s\*?(?:\[\])?\*?" + _KIND + rb"\s*[,)\n={])"
)
_GETS = rb"(?:[gG]et|[fF]ind|[lL]oad|[fF]etch|[qQ]uery|[rR]ead)([A-Z][a-z]\w*?)(?:(?:By|For|With|From|Of)[A-Z]\w*)?\("
"""`GetBoat(…)` gives a boat."""
_NOT_TYPES = names(
    "string int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 uintptr bool error any interface map func range"
    " struct chan byte rune float32 float64 complex64 complex128 nil switch if for return else select"
)
_IMPORTED = regex(r"^(?:import[ \t]+|[ \t]+)(?:(\w+)[ \t]+)?\"([\w./~-]+)\"[ \t]*(?://[^\n]*)?$", re.MULTILINE)
_VERSION = regex(r"v\d+")
MAX_HEAD = 16_000
_BEFORE = 4000
_MAX_OVER = 3


def struct_of(interpreter: Interpreter, step: Step) -> str:
    """The struct that a step names, by itself or by a variable of that type, with its package: `fleet/models.Boat`."""
    found = _struct_of(interpreter, step)
    package, _, name = found.rpartition(".")
    return f"{imported(interpreter.notes.source).get(package, package)}.{name}" if package else found


@lru_cache(maxsize=4)
def imported(source: bytes) -> dict[str, str]:
    """The packages that a file imports, by the names it uses: the last two parts of where they are."""
    head = source[:MAX_HEAD].decode("utf-8", "replace")
    found: dict[str, str] = {}
    for name, place in _IMPORTED.findall(head):
        parts = [part for part in place.split("/") if not _VERSION.fullmatch(part)]
        if parts:
            found[name or parts[-1]] = "/".join(parts[-2:])
    return found


def _struct_of(interpreter: Interpreter, step: Step) -> str:
    if step.method in _NAMES_NOTHING:
        return ""
    for value in step.arguments[:1]:
        text = value.source if isinstance(value, (Gap, Record)) else ""
        named = WRITTEN.match(text)
        if named is not None:
            found = next(group for group in named.groups() if group)
            return found if found not in _NOT_TYPES else ""
        held = re.fullmatch(r"(?:request:|fresh:)?[&*]?(\w+)(?:\[\w+\])?", text)
        kind = declared_type(interpreter.notes.source, held.group(1), step.span[0]) if held is not None else None
        if kind is not None:
            return kind
    return ""


def declared_type(source: bytes, name: str, before: int, depth: int = 0) -> str | None:
    """The struct that a variable was declared as, last before a place: `boat := &Boat{}`, `boats []*models.Boat`."""
    found = re.findall(_DECLARED % name.encode(), function_before(source, before))
    kinds: list[str] = [next(group for group in groups if group).decode() for groups in found]
    kinds = [kind for kind in kinds if kind not in _NOT_TYPES]
    if kinds:
        return kinds[-1]
    spelled = re.escape(name.encode())
    around = function_before(source, before)
    over = re.search(rb"\bfor\s+\w+\s*,\s*%s\s*:=\s*range\s+(\w+)\s*\{" % spelled, around)
    if over is not None and depth < _MAX_OVER:
        return declared_type(source, over.group(1).decode(), before, depth + 1)
    made: list[bytes] = re.findall(rb"\b%s\s*(?:,\s*\w+\s*)?:?=\s*(?:\w+\.)*" % spelled + _GETS, around)
    return str(made[-1], "utf-8", "replace") if made else None


def function_before(source: bytes, before: int) -> bytes:
    """What stands before a place in its function, from the word `func` on."""
    around = source[max(0, before - _BEFORE) : before]
    return around[max(around.rfind(b"\nfunc "), 0) :]


def filled(source: bytes, name: str, before: int) -> str | None:
    """A struct that was declared empty as the literal of the fields that it was given since, on every path."""
    around = function_before(source, before)
    fields = re.findall(rb"\n\t%s\.([A-Z]\w*)\s*=[^=]" % name.encode(), around) if name.isidentifier() else []
    kind = declared_type(source, name, before) if fields else None
    listed = ", ".join(f"{field.decode()}: {field.decode()}" for field in dict.fromkeys(fields))
    return f"{kind}{{{listed}}}" if kind is not None else None


def _declared(around: bytes, name: bytes) -> bool:
    """Whether a function can declare a name at all: asked of its bytes before an expression is made of it."""
    _, named, results = around[: around.find(b"{\n")].rpartition(b") (")
    made = b"var " + name in around or name + b" :=" in around or name + b":=" in around
    return made or (bool(named) and name in results)


def is_fresh(source: bytes, name: str, before: int) -> bool:
    """Whether a variable of the function holds nothing yet: declared there, and loaded by nothing since."""
    if not name.isidentifier():
        return False
    around = function_before(source, before)
    spelled = name.encode()
    if not _declared(around, spelled):
        return False
    made = re.search(rb"\bvar\s+%s\s|\b%s\s*:=\s*(?:&?(?:\[\])?\*?[\w.]+\{\s*\}|new\()" % (spelled, spelled), around)
    made = made or re.search(
        rb"\)\s*\((?:[^()\n]{0,100},\s*)?%s\s+(?:\[\])?[\w.]+[^()\n]{0,100}\)\s*\{" % spelled, around
    )
    loaded = re.search(rb"\((?:ctx,\s*)?&?%s\b|\b%s\.(?:ID|Id|UID)\s*=" % (spelled, spelled), around)
    return made is not None and loaded is None


def untouched(source: bytes, name: str, before: int) -> bool:
    """Whether a variable holds an empty struct but for the fields it was given by name."""
    if not name.isidentifier():
        return False
    around = function_before(source, before)
    spelled = name.encode()
    if not _declared(around, spelled):
        return False
    made = re.search(
        rb"\bvar\s+%s\s+(?!\*|\[)[\w.]+\n|\b%s\s*:=\s*(?:&?[\w.]+\{\s*\}|new\()" % (spelled, spelled), around
    )
    return (
        made is not None and re.search(rb"&%s\b|\b%s\s*=[^=]|[(,]\s*%s\b" % (spelled, spelled, spelled), around) is None
    )
