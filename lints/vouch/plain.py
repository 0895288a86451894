"""Expressions of eight languages in one spelling: `$a->b`, `a?.b`, `a['b']` and `String(a.b)` are all `a.b`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from lints.patterns import regex

_INDEX = regex(r"\[['\"](\w+)['\"]\]|\[:(\w+)\]")
_ACCESS = regex(r"\?\.|!!\.|!\.|\?->|->|&\.")
_CONVERSIONS = (
    "String|Number|str|int|UUID|uuid.UUID|parseInt|BigInt|Long.valueOf|Integer.parseInt|Long.parseLong|UUID.fromString"
    "|Guid.Parse|intval|Integer|ObjectId|sql.Named|await"
)
_CONVERTED = regex(rf"(?:{_CONVERSIONS.replace('.', '[.]')})\((.*)\)")
_CAST = regex(r"^(?:\(\w+\)|await\s+|&(?=\w)|\*(?=\w))")
_GAPS = regex(r"(?<!\w)\s+|\s+(?!\w)")
_PATH = regex(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*(?:\(\))?|\[[\w:]*\])*(?:\(\))?")
_FOUND = regex(
    r"(?<![\w.'\"])[$@]{0,2}[A-Za-z_]\w*(?:(?:\?\.|!!?\.|\?->|->|&\.|\.)[A-Za-z_]\w*(?:\(\))?|\[['\":]?\w+['\"]?\])*"
)
_GOT = regex(r"[A-Za-z_]\w*(?:\.\w+){0,4}\.(?:get|param|Param|input|route|query|Query)\(['\"][\w.-]{1,60}['\"]\)")
"""A value of a request by its name: the same each time it is asked for."""
_WORDS = frozenset(
    [
        "true", "false", "null", "nil", "None", "undefined", "True", "False", "new", "await", "async", "return", "and",
        "or", "not", "in", "is", "if", "else", "function", "fn", "lambda", "this", "self", "const", "let", "var",
        "select", "from", "where",
    ]
)  # fmt: skip
MAX_PATHS = 40


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """An expression in its plain spelling; what it is made of is not changed."""
    bare = _GAPS.sub("", text.strip())
    for _ in range(4):
        shorter = _CAST.sub("", bare)
        found = _CONVERTED.fullmatch(shorter)
        shorter = found.group(1) if found is not None else shorter
        shorter = shorter.removesuffix("!")
        if shorter == bare:
            break
        bare = shorter
    bare = _ACCESS.sub(".", bare).replace("$", "").lstrip("@")
    return _INDEX.sub(lambda found: "." + (found.group(1) or found.group(2)), bare)


def is_path(text: str) -> bool:
    """Whether a plain expression is a variable, or a part of one."""
    return _PATH.fullmatch(text) is not None and text not in _WORDS


def root(text: str) -> str:
    """The variable that a plain path begins at."""
    found = re.match(r"\w+", text)
    return found.group() if found is not None else ""


def paths_in(text: str) -> Iterator[str]:
    """The plain paths that stand in an expression, or the expression itself if it is one."""
    whole = plain(text)
    if is_path(whole) or _GOT.fullmatch(whole) is not None:
        yield whole
        return
    for count, found in enumerate(_FOUND.finditer(text[:600])):
        if count >= MAX_PATHS:
            return
        inner = plain(found.group())
        if is_path(inner):
            yield inner
