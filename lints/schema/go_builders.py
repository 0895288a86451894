"""A project's own statement builders in Go: which of their methods put a column of the builder into every statement.

Authors wrap squirrel or goqu in a type of their own, `func (b AppBuilder) Update(t string) sq.UpdateBuilder { return
b.builder.Update(t).Where("app_id = ?", b.appID) }`, and what goes through it is confined. That is read here from the
type, its methods and what they give, never taken from a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lints.patterns import regex
from lints.schema.catalog import Catalog
from lints.schema.facts import Entity
from lints.schema.go_names import body_from, ends_of, imports_of
from lints.tenancy import Origin

KIND = "go_builder"
PLAIN = "plain"
"""A type of the library itself, which adds nothing."""
_LIBRARY = regex(r"squirrel|/goqu(?:/|$)")
_WORDS = (b"squirrel", b"/goqu")
_HOLDS = regex(
    rb"^\t+(?:\w+\s+)?\*?(?:\w+\.)?\w*[bB]uilder\w*\s*$|^type\s+\w*[bB]uilder\w*\s"
    rb"|\)\s*\(?\*?(?:\w+\.)?\w*Builder\w*\s*[{,]",
    re.MULTILINE,
)
_STRUCT = regex(r"^type[ \t]+(\w+)[ \t]+struct[ \t]*\{", re.MULTILINE)
_FIELD = regex(r"^\s*(?:(\w+)\s+)?(\*?(?:\w+\.)?\w+)\s*(?:`[^`]*`)?\s*(?://.*)?$", re.MULTILINE)
_FUNC = regex(
    r"^func[ \t]+(?:\((\w+)[ \t]+\*?(\w+)\)[ \t]*)?(\w+)\(([^\n{]{0,400}?)\)[ \t]*"
    r"(\([^()\n]{0,200}\)|[\w.*\[\]]+)?[ \t]*\{",
    re.MULTILINE,
)
_ADDS = (
    regex(r"\.Where\(\s*(?:[\w.\[\]]+\s*\+\s*)?\"\.?(?:\w+\.)?(\w+)\s*=\s*(?:\?|\$\d+)\"\s*,\s*(\w+)\.\w+\s*\)"),
    regex(r"\.Where\(\s*(?:sq|squirrel|goqu)\.(?:Eq|Ex)\{\s*(?:[\w.\[\]]+\s*\+\s*)?\"\.?(?:\w+\.)?(\w+)\"\s*:\s*(\w+)\.\w+\s*,?\s*\}\s*\)"),
    regex(r"\.Where\(\s*goqu\.C\(\"(\w+)\"\)\.Eq\((\w+)\.\w+\)\s*\)"),
)  # fmt: skip
_NAMES_COLUMN = regex(r"\.Columns\(\s*\"(\w+)\"")
_GIVES_VALUE = regex(r"append\(\s*\[\](?:any|interface\{\})\{\s*(\w+)\.\w+\s*\}\s*,|\.Values\(\s*(\w+)\.\w+\s*,")
_VARIABLE = regex(r"^(?:var\s+|\t)(\w+)\s*(?:[\w.]+\s*)?=\s*(?:sq|squirrel|goqu)\.", re.MULTILINE)
_MAX_BODY = 4_000


@dataclass(slots=True)
class _Type:
    origin: Origin
    members: dict[str, str] = field(default_factory=dict)
    """Field or `method()` to the type it has; `*0`, `*1`, … are embedded."""
    columns: dict[str, str] = field(default_factory=dict)
    """Method to the column that it compares, or `Insert` and `Values` to the one they write."""


def declares(data: bytes) -> bool:
    """Whether a file of Go may say something of a statement builder."""
    return any(word in data for word in _WORDS) or (b"uilder" in data and _HOLDS.search(data) is not None)


def read_go_builders(catalog: Catalog, files: Mapping[str, str]) -> None:
    """Add what the files say of builders, as entities of the kind `go_builder` named `folder:Type`."""
    if not any(_LIBRARY.search(text) for text in files.values()):
        return
    folders = {path.rpartition("/")[0] for path in files}
    types: dict[str, _Type] = {}
    for path, text in sorted(files.items()):
        _read(path, text, folders, types)
    for name, found in types.items():
        if found.members or found.columns:
            catalog.entities.append(
                Entity(
                    name=name,
                    table="",
                    kind=KIND,
                    columns=found.columns,
                    relations=found.members,
                    origin=found.origin,
                )
            )


def _read(path: str, text: str, folders: set[str], types: dict[str, _Type]) -> None:
    folder = path.rpartition("/")[0]
    imports = imports_of(text)

    def meant(written: str) -> str:
        """`folder:Type` of a type as it is written here, `plain` for the library's, empty for anything else."""
        package, _, bare = written.strip().lstrip("*").rpartition(".")
        if not package:
            return f"{folder}:{bare}"
        place = imports.get(package, "")
        if _LIBRARY.search(place):
            return PLAIN
        inside = [known for known in folders if known and place.endswith(f"/{known}")]
        return f"{max(inside, key=len)}:{bare}" if inside else ""

    def of(name: str, at: int) -> _Type:
        origin = Origin(path=path, line=text.count("\n", 0, at) + 1, why=name)
        return types.setdefault(f"{folder}:{name}", _Type(origin))

    ends = ends_of(text)
    for struct in _STRUCT.finditer(text):
        held = of(struct.group(1), struct.start())
        fields = body_from(text, struct.end(), ends)[:_MAX_BODY]
        for position, (name, kind) in enumerate(_FIELD.findall(fields)):
            held.members[name or f"*{position}"] = meant(kind)
            if not name:
                held.members.setdefault(kind.lstrip("*").rpartition(".")[2], meant(kind))
    for name in _VARIABLE.findall(text):
        of("", 0).members[name] = PLAIN
    for function in _FUNC.finditer(text):
        receiver, owner, name, _, gives = function.groups()
        kind = _first(gives or "")
        if kind:
            of(owner or "", function.start()).members[f"{name}()"] = meant(kind)
        column = _column(name, receiver or "", body_from(text, function.end(), ends)[:_MAX_BODY]) if owner else None
        if column is not None:
            of(owner, function.start()).columns[name] = column


def _first(gives: str) -> str:
    """The first type that a function gives back."""
    first = gives.strip("()").split(",")[0].split()
    return first[-1] if first else ""


def _column(name: str, receiver: str, body: str) -> str | None:
    """The column that a method always compares, or writes, with something that the builder itself holds."""
    if name == "Insert":
        named = _NAMES_COLUMN.search(body)
        return named.group(1) if named is not None and not re.search(r"\bif\b", body) else None
    if name == "Values":
        given = _GIVES_VALUE.search(body)
        return "*" if given is not None and receiver in given.groups() and not re.search(r"\bif\b", body) else None
    parts = body.split("} else {") if re.search(r"\bif\b", body) else [body]
    if re.search(r"\belse if\b|\bswitch\b|\bfor\b|\bfunc\(", body) or (len(parts) == 1 and re.search(r"\bif\b", body)):
        return None
    if len(parts) > 2 or len(re.findall(r"\bif\b", body)) > 1:
        return None
    found = [{column for column, holder in _added(part) if holder == receiver} for part in parts]
    shared = set.intersection(*found) if found else set()
    return min(shared) if shared else None


def _added(part: str) -> Iterator[tuple[str, str]]:
    """(column, holder) of the comparisons whose outcome is given back."""
    lines = part.split("\n")
    for pattern in _ADDS:
        for found in pattern.finditer(part):
            number = part.count("\n", 0, found.start())
            while number > 0 and lines[number - 1].rstrip().endswith((".", "(", ",")):
                number -= 1
            kept = re.match(r"\s*(?:return\b|([A-Za-z_]\w*)[\w.]*\s*:?=[^=])", lines[number])
            rest = part[found.end() :]
            given = kept is not None and (kept.group(1) is None or _given(kept.group(1), rest, part))
            if given:
                yield found.group(1), found.group(2)


def _given(name: str, rest: str, part: str) -> bool:
    """Whether what a variable holds is given back later; a branch leaves that to what follows it."""
    returned = re.search(r"\breturn\b[^\n]*(?:\n[^\n}]*)*", rest)
    return re.search(rf"\b{name}\b", returned.group() if returned is not None else "") is not None or (
        returned is None and "return" not in part
    )
