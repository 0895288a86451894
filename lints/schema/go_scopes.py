"""Functions of Go that give a query or narrow one: a tenant's scope, a session with conditions. What each of them adds.

Read from the text, as gofmt has laid it out. A condition that is added under an `if`, or after a way out, is there on
some paths only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lints.patterns import regex
from lints.schema.facts import Entity
from lints.schema.go_names import body_from, ends_of
from lints.tenancy import Origin

KIND = "go_scope"
ALWAYS, SOMETIMES, UNSEEN = "=", "~", "%"
_QUERY = r"\*?(?:gorm\.DB|xorm\.Session|pop\.Query|bun\.(?:Select|Update|Delete)?Query(?:Builder)?)"
_FUNCTION = regex(
    rf"^func\s*(?:\(\s*(?:\w+\s+)?\*?\w+(?:\[\w+\])?\s*\)\s*)?(?P<name>\w+)\([^\n{{]{{0,400}}?\)\s*"
    rf"(?:\(?(?:\w+\s+)?{_QUERY}(?:,\s*(?:\w+\s+)?error\s*)?\)?|func\(\s*(?:\w+\s+)?{_QUERY}\s*\)\s*{_QUERY}|pop\.ScopeFunc)\s*\{{",
    re.MULTILINE,
)
_PACKAGE = regex(r"^package\s+(\w+)", re.MULTILINE)
_INNER = regex(r"\s*return\s+func\([^()\n]*\)\s*[^\n{]*\{")
_CALL = regex(r"\.(Where|And|Or|WhereOr|Not|Scopes|Scope|Apply|WhereGroup|Filter|Raw|Having|Joins?|In)\(")
_TOKEN = regex(r"\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`|'(?:[^'\\\n]|\\.)*'|//[^\n]*|/\*[\s\S]*?\*/|[(\[{]|[)\]}]|,")
_TEXT = regex(r"\"((?:[^\"\\\n]|\\.)*)\"|`([^`]*)`")
_MAX_BODY, _MAX_FUNCTIONS = 4000, 200


def declares(data: bytes) -> bool:
    """Whether a file may have such a function."""
    return any(word in data for word in (b"gorm.DB", b"xorm.Session", b"pop.Query", b"pop.ScopeFunc", b"bun."))


def read(texts: Mapping[str, str]) -> Iterator[Entity]:
    """Entities of the kind `go_scope` named `package.Function()`. `condition` has a line for each condition: a sign,
    then the SQL in quotes or the source of what is compared; a function that adds nothing has none."""
    for path, text in texts.items():
        if not path.endswith(".go") or not declares(text.encode()):
            continue
        package, ends = next(iter(_PACKAGE.findall(text)), ""), ends_of(text)
        for function in list(_FUNCTION.finditer(text))[:_MAX_FUNCTIONS]:
            name = function.group("name")
            body = body_from(text, function.end(), ends)[:_MAX_BODY]
            place = Origin(path=path, line=text.count("\n", 0, function.start()) + 1, why=f"{name} narrows a query")
            yield Entity(
                name=f"{package}.{name}()",
                table="",
                kind=KIND,
                columns={},
                relations={},
                condition="\n".join(_added(body)),
                origin=place,
            )


def _added(body: str) -> Iterator[str]:
    inner = _INNER.match(body)
    text = body[inner.end() :] if inner is not None else body
    depth, left, position = 0, False, 0
    for call in _CALL.finditer(text):
        for token in _TOKEN.finditer(text, position, call.start()):
            depth += {"{": 1, "}": -1}.get(token.group(), 0)
        left = left or re.search(r"\breturn\b", text[position : call.start()].rpartition("\n")[0]) is not None
        position = call.start()
        end = _closes(text, call.end() - 1)
        given = " ".join(text[call.end() : end].split())
        sign = SOMETIMES if depth > 0 or left else ALWAYS
        stated = _TEXT.match(given.removeprefix("fmt.Sprintf("))
        method = call.group(1)
        if method in {"Where", "And"} and (
            stated is not None or re.match(r"[&*]?[\w.]+(?:\[[^\]]*\][\w.{}]*)?\{", given)
        ):
            yield f'{sign}"{stated.group(1) or stated.group(2) or ""}"' if stated is not None else f"{sign}{given}"
        elif method in {"Join", "Joins"}:
            continue
        else:
            yield UNSEEN
    if not _CALL.search(text) and re.search(
        r"\breturn\s+\w+(?:\.\w+)*\((?!\s*\))(?:[^()]*\b(?:db|tx|q|query|sess|session)\b)", text
    ):
        yield UNSEEN  # what another function makes of it


def _closes(text: str, start: int) -> int:
    depth = 0
    for token in _TOKEN.finditer(text, start):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.group(), 0)
        if depth == 0 and token.group() in {")", "]", "}"}:
            return token.start()
    return len(text)
