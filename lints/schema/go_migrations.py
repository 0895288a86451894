"""Migrations written in Go (goose, gormigrate, sql-migrate, Bun's): the part that undoes them is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lints.patterns import regex

DECLARES = regex(rb"\bMemoryMigrationSource\b|\bgormigrate\.Migration\b|\bgoose\.AddMigration")
"""A file that is one wherever it stands."""
_REGISTERED = regex(rb"\bAddMigration\w*\(\s*\w+\s*,\s*(\w+)\s*\)")
_FUNCTION = regex(rb"^func\s+(?:\([^()\n]*\)\s*)?(\w+)\s*\(", re.MULTILINE)
_UNDOES = regex(rb"(?:[dD]own|[rR]ollback|[rR]evert|[uU]ndo)(?:[A-Z0-9_]\w*)?")
_MEMBER = regex(rb"\b(?:Rollback|Down|DownFn|DownFnContext)\s*:\s*(?:func\s*\(|\[\]string\s*(?=\{))")
_BUN = regex(rb"\b(?:Must)?Register\(\s*(?=func\s*\()")
_TOKEN = regex(rb"\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`|'(?:[^'\\\n]|\\.)+'|//[^\n]*|/\*.*?\*/|[{}]", re.DOTALL)


def up_part(data: bytes) -> bytes:
    """`data` with the functions that undo a migration blanked out; every line stays where it is."""
    spans = sorted(_undoing(data))
    out = bytearray(data)
    for start, end in spans:
        out[start:end] = re.sub(rb"[^\n]", b" ", data[start:end])
    return bytes(out)


def _undoing(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the bodies stand, without their braces."""
    registered = set(_REGISTERED.findall(data))
    for found in _FUNCTION.finditer(data):
        if found.group(1) in registered or _UNDOES.fullmatch(found.group(1)) is not None:
            yield from _body(data, found.end())
    for found in _MEMBER.finditer(data):
        yield from _body(data, found.end())
    for found in _BUN.finditer(data):
        first = next(_body(data, found.end()), None)
        follows = re.compile(rb"\}\s*,\s*func\s*\(").match(data, first[1]) if first is not None else None
        if follows is not None:
            yield from _body(data, follows.end())


def _body(data: bytes, start: int) -> Iterator[tuple[int, int]]:
    """The inside of the next braces."""
    depth, begun = 0, 0
    for token in _TOKEN.finditer(data, start):
        if token.group() == b"{":
            begun = begun or token.end()
            depth += 1
        elif token.group() == b"}":
            depth -= 1
            if depth <= 0:
                if begun:
                    yield begun, token.start()
                return
