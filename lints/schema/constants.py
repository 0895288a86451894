"""Constants of Go, Java and Kotlin that hold SQL or a part of it: the name of a table, columns, a condition.

Read from the text: declarations of the top level in Go, static ones of a class on the JVM. A sum of texts and of
constants of the same place is a text as well; what is computed is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lints.extract.escapes import Escapes
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.tenancy import Origin

KIND = "constant"
_ENDINGS = (".go", ".java", ".kt")
_TEXT = r"\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`"
_SUM = rf"(?:{_TEXT}|[\w.]++)(?:\s*+\+\s*+(?:{_TEXT}|[\w.]++))*+"
_NAMED = (
    r"\w*(?:[tT]able|TABLE|[cC]ol(?:umn)?s?|COL|[fF]ields?|FIELD|[qQ]uery|QUERY|[sS][qQ][lL]|[cC]ond|COND|[wW]here|WHERE"
    r"|[fF]ilter|FILTER|[sS]elect|SELECT|[jJ]oin|JOIN|[sS]tmt|[cC]lause|CLAUSE|[fF]rom|FROM|[rR]elation|[vV]iew|VIEW"
    r"|[tT]enant|TENANT|ID|_NAME|[kK]ey)\w*"
)
_SPOKEN = r"(?:=\s*[?$:@%]|\b(?:SELECT|FROM|WHERE|JOIN|AND|ORDER BY|UPDATE|DELETE|INSERT)\b|\bwhere\b|\bselect\b)"
_STATICS = (b"static final String ", b"final static String ", b"const val ")
_WRITTEN = regex(rb"\b(\w++)[ \t]*+(?:\w++[ \t]*+)?=[ \t]*+([\"`][^\n]{0,400})")
_OF_SQL = regex(rf"{_NAMED}\Z")
_SAYS_SQL = regex(_SPOKEN)
_PACKAGE = regex(r"^package\s+(\w+)", re.MULTILINE)
_BLOCK = regex(r"^const\s*(\(|(?=\w))", re.MULTILINE)
_ITEM = regex(
    rf"\s*(?:(?P<comment>//[^\n]*|/\*[\s\S]*?\*/)|(?P<close>\))"
    rf"|(?P<name>\w++)(?:[ \t]++[\w.]++)?+[ \t]*+=[ \t]*+(?P<value>{_SUM})[ \t]*+(?=\n|//|\Z)|(?P<other>[^\n]+))"
)
_TYPE = regex(r"^([ \t]*+)(?:[\w@]++[ \t]++){0,8}?(?:class|interface|object|enum|record)[ \t]+([A-Z]\w*)", re.MULTILINE)
_STATIC = regex(
    rf"^([ \t]*+)(?:\w++[ \t]++){{0,4}}?(?:(?:static[ \t]+final|final[ \t]+static)[ \t]+String[ \t]+(\w+)"
    rf"|const[ \t]+val[ \t]+(\w+)(?:[ \t]*:[ \t]*String)?)\s*=\s*({_SUM})",
    re.MULTILINE,
)
_PART = regex(rf"({_TEXT})|([\w.]+)")
_ESCAPES = Escapes(
    pattern=regex(r"\\(?:[abfnrtv\\'\"$]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})"),
    letters={"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "$": "$"},
)
_MAX_TEXT, _MAX_CONSTANTS, _MAX_DEPTH = 4_000, 400, 6


def declares(path: str, data: bytes) -> bool:
    """Whether a file may have a constant that is a part of SQL."""
    if not path.endswith(_ENDINGS):
        return False
    if not path.endswith(".go"):
        return any(word in data for word in _STATICS)
    at = data.find(b"\nconst")
    while at >= 0:
        ending = data.find(b"\n)" if data[at + 6 : at + 8].strip()[:1] == b"(" else b"\n", at + 1)
        ending = len(data) if ending < 0 else ending
        for name, value in _WRITTEN.findall(data, at + len(b"\nconst"), ending):
            if _is_sql(name.decode(), value.decode("utf-8", "replace")[1:]):
                return True
        at = data.find(b"\nconst", ending)
    return False


def read(texts: Mapping[str, str]) -> Iterator[Entity]:
    """Entities of the kind `constant`; `condition` is the text. `folder:Name` in Go, with its package as `table`;
    `Class.NAME` on the JVM."""
    folders: dict[str, dict[str, tuple[str, Origin, str]]] = {}
    for path, text in sorted(texts.items()):
        if not declares(path, text.encode()):
            continue
        if path.endswith(".go"):
            package = next(iter(_PACKAGE.findall(text)), "")
            known = folders.setdefault(path.rpartition("/")[0], {})
            for name, value, line in _of_go(text):
                known[name] = (value, Origin(path=path, line=line, why=f"constant {name}"), package)
        else:
            yield from _of_jvm(path, text)
    for folder, known in folders.items():
        sums = {name: value for name, (value, _, _) in known.items()}
        done: dict[str, str | None] = {}
        for name, (value, origin, package) in known.items():
            whole = _folded(value, sums, done, 0)
            if whole is not None and _is_sql(name, whole):
                yield _entity(f"{folder}:{name}", whole, origin, package)


def _entity(name: str, text: str, origin: Origin, package: str = "") -> Entity:
    return Entity(name=name, table=package, kind=KIND, columns={}, relations={}, condition=text, origin=origin)


def _of_go(text: str) -> Iterator[tuple[str, str, int]]:
    """(name, value as written, line) of the constants of the top level."""
    count = 0
    for block in _BLOCK.finditer(text):
        position, several = block.end(), bool(block.group(1))
        while count < _MAX_CONSTANTS and (item := _ITEM.match(text, position)) is not None:
            count += 1
            position = item.end()
            if item.group("close") or (item.group("other") and not several):
                break
            if item.group("name"):
                yield item.group("name"), item.group("value"), text.count("\n", 0, item.start("name")) + 1
            if not several and not item.group("comment"):
                break


def _of_jvm(path: str, text: str) -> Iterator[Entity]:
    types = [(found.start(), len(found.group(1)), found.group(2)) for found in _TYPE.finditer(text)]
    held: dict[str, tuple[str, str, int]] = {}
    for found in list(_STATIC.finditer(text))[:_MAX_CONSTANTS]:
        indent, name = len(found.group(1)), found.group(2) or found.group(3)
        around = [owner for at, depth, owner in types if at < found.start() and depth < indent]
        if around:
            held[name] = (found.group(4), around[-1], text.count("\n", 0, found.start()) + 1)
    sums = {name: value for name, (value, _, _) in held.items()}
    done: dict[str, str | None] = {}
    for name, (value, owner, line) in held.items():
        whole = _folded(value, sums, done, 0)
        if whole is not None and _is_sql(name, whole):
            yield _entity(f"{owner}.{name}", whole, Origin(path=path, line=line, why=f"constant {owner}.{name}"))


def _is_sql(name: str, text: str) -> bool:
    return 0 < len(text) <= _MAX_TEXT and (_OF_SQL.match(name) is not None or _SAYS_SQL.search(text) is not None)


def _folded(value: str, known: Mapping[str, str], done: dict[str, str | None], depth: int) -> str | None:
    """The text of a sum; None if a part of it is no constant of the same place. `done` are those that were folded."""
    out: list[str] = []
    for literal, name in _PART.findall(value):
        if literal:
            out.append(literal[1:-1] if literal[0] == "`" else _ESCAPES.resolved(literal[1:-1]))
            continue
        if name not in done:
            done[name] = None  # one that names itself
            inside = name in known and depth < _MAX_DEPTH
            done[name] = _folded(known[name], known, done, depth + 1) if inside else None
        inner = done[name]
        if inner is None or len(inner) + sum(map(len, out)) > _MAX_TEXT:
            return None
        out.append(inner)
    whole = "".join(out)
    return whole if len(whole) <= _MAX_TEXT else None
