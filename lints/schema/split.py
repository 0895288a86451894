"""A SQL script cut into its statements, each with its place, without trusting the script to be well formed.

Knows what hides a semicolon: quotes, dollar quotes, comments, routine bodies (`BEGIN … END`), MySQL's `DELIMITER`,
T-SQL's `GO`, Oracle's `/`, the data rows of a `COPY … FROM stdin`, psql's own commands. Linear in the script's length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lints.patterns import regex


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement without its terminator. `line` is 1-based, of its first character; `comment` precedes it."""

    text: str
    line: int
    end_line: int
    offset: int
    comment: str = ""
    unterminated: str | None = None
    """What was still open at the end of the script: a quote, a comment, a routine body."""


_TOKEN = regex(
    r"""
      (?P<line_comment>--[^\n]*)
    | (?P<block>/\*)
    | (?P<dollar>(?<![\w$])\$(?:[^\x00-@[-^`{-\x7f][^\x00-/:-@[-^`{-\x7f]{0,62})?\$)
    | (?P<quote>['"`])
    | (?P<bracket>\[[A-Za-z_][^\]\n]{0,128}\])
    | (?P<hash>\#[^\n]*)
    | (?P<end>;)
    | (?P<word>\b(?:begin|case|end|delimiter)\b)
    | (?P<psql>^\\[^\n]*)
    | (?P<batch>^[ \t]*go(?:[ \t]+\d{1,9})?[ \t]*\r?$)
    | (?P<slash>^[ \t]*/[ \t]*\r?$)
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
_BLOCK_EDGE = regex(r"/\*|\*/")
# Possessive throughout: an unterminated quote must fail at once, never be closed by half of a doubled one.
_SINGLE_PLAIN = regex(r"[^']*+(?:''[^']*+)*+'")
_SINGLE_BACKSLASH = regex(r"[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'", re.DOTALL)
_DOUBLE = regex(r'[^"]*+(?:""[^"]*+)*+"')
_DOUBLE_BACKSLASH = regex(r'[^"\\]*+(?:(?:\\.|"")[^"\\]*+)*+"', re.DOTALL)
_BACKTICK = regex(r"[^`]*+(?:``[^`]*+)*+`")
_ROUTINE = regex(
    r"\s*create\s+(?:or\s+replace\s+)?(?:definer\s*=\s*\S+\s+)?(?:temp(?:orary)?\s+)?"
    r"(?:constraint\s+)?(?:trigger|procedure|function|event)\b",
    re.IGNORECASE,
)
_BATCHED = regex(
    r"\s*(?:create(?:\s+or\s+alter)?|alter)\s+(?:proc(?:edure)?|function|trigger)\b",
    re.IGNORECASE,
)
"""What T-SQL lets go on to the end of its batch, whatever stands between."""
_COPY_DATA = regex(r"copy\s[^;]*\bfrom\s+stdin\b", re.IGNORECASE)
_END_OF_CONTROL = regex(r"\s+(?:if|loop|while|repeat)\b", re.IGNORECASE)
_DELIMITER = regex(r"[ \t]+(\S{1,16})[ \t]*(?:\r?\n|$)")
_DELIMITER_LINE = regex(r"^[ \t]*delimiter[ \t]+(\S{1,16})", re.IGNORECASE | re.MULTILINE)
_BLANK = regex(r"\s*")


def split(text: str, dialect: str = "postgres") -> Iterator[Piece]:
    """The statements of `text` in order. A `Piece` is never empty; comments alone are not statements."""
    backslash = dialect in {"mysql", "bigquery", "clickhouse", "databricks", "spark", "hive"}
    hash_comments = dialect == "mysql"
    brackets = dialect in {"tsql", "sqlite"}
    position = start = 0
    depth = 0
    delimiter = ";"
    comments: list[str] = []
    lines = _Lines(text)

    def piece(end: int, unterminated: str | None = None) -> Piece | None:
        body = text[start:end].rstrip()
        lead = len(body) - len(body.lstrip())
        if not body.strip():
            return None
        first = start + lead
        return Piece(
            body[lead:],
            lines.at(first),
            lines.at(start + len(body)),
            first,
            "\n".join(comments),
            unterminated,
        )

    length = len(text)
    while position < length:
        if delimiter != ";":
            # Inside a DELIMITER section nothing but that delimiter ends a statement.
            stop = text.find(delimiter, position)
            back = _DELIMITER_LINE.search(text, position)
            if back is not None and (stop < 0 or back.start() < stop):
                found = piece(back.start())
                if found is not None:
                    yield found
                comments.clear()
                delimiter = back.group(1)
                position = start = back.end()
                continue
            if stop < 0:
                break
            found = piece(stop)
            if found is not None:
                yield found
            comments.clear()
            position = start = stop + len(delimiter)
            continue
        match = _TOKEN.search(text, position)
        if match is None:
            break
        kind = match.lastgroup
        position = match.end()
        if kind == "line_comment" or (kind == "hash" and hash_comments):
            if _BLANK.fullmatch(text, start, match.start()):
                comments.append(match.group())
                start = position
        elif kind == "block":
            nested = 1
            opened = match.start()
            while nested:
                edge = _BLOCK_EDGE.search(text, position)
                if edge is None:
                    position = length
                    break
                nested += 1 if edge.group() == "/*" and dialect == "postgres" else (-1 if edge.group() == "*/" else 0)
                position = edge.end()
            if nested:
                found = piece(length, "comment")
                if found is not None:
                    yield found
                return
            if _BLANK.fullmatch(text, start, opened):
                comments.append(text[opened:position])
                start = position
        elif kind == "dollar":
            if dialect not in {"postgres", "duckdb", "redshift", "snowflake"}:
                position = match.start() + 1
                continue
            close = text.find(match.group(), position)
            if close < 0:
                found = piece(length, f"dollar quote {match.group()}")
                if found is not None:
                    yield found
                return
            position = close + len(match.group())
        elif kind == "quote":
            mark = match.group()
            escape = backslash or (mark == "'" and text[match.start() - 1 : match.start()] in {"E", "e"})
            if mark == "'":
                body = _SINGLE_BACKSLASH if escape else _SINGLE_PLAIN
            elif mark == '"':
                body = _DOUBLE_BACKSLASH if backslash else _DOUBLE
            else:
                body = _BACKTICK
            close_match = body.match(text, position)
            if close_match is None:
                found = piece(length, f"quote {mark}")
                if found is not None:
                    yield found
                return
            position = close_match.end()
        elif kind == "bracket":
            if not brackets:
                position = match.start() + 1
        elif kind == "hash":
            position = match.start() + 1
        elif kind == "word":
            word = match.group().lower()
            if word == "delimiter":
                switch = _DELIMITER.match(text, position)
                if _BLANK.fullmatch(text, start, match.start()) and switch is not None:
                    delimiter = switch.group(1)
                    position = start = switch.end()
            elif _ROUTINE.match(text, start):
                if word == "begin" or (word == "case" and depth):
                    depth += 1
                elif word == "end" and depth and not _END_OF_CONTROL.match(text, position):
                    depth -= 1
        elif kind == "psql":
            if _BLANK.fullmatch(text, start, match.start()):
                start = position
        elif (kind == "batch" and dialect != "tsql") or (kind == "slash" and dialect != "oracle"):
            continue
        elif kind == "end" or kind == "batch" or kind == "slash":
            if kind != "end":
                depth = 0
            if depth or (kind == "end" and dialect == "tsql" and _BATCHED.match(text, start)):
                continue
            found = piece(match.start())
            if found is not None:
                yield found
                if _COPY_DATA.match(found.text):
                    stop = text.find("\n\\.", position)
                    position = length if stop < 0 else stop + 3
            comments.clear()
            start = position
    found = piece(length, "routine body" if depth else None)
    if found is not None:
        yield found


class _Lines:
    """Line numbers of growing offsets, without scanning the text again for each."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._offset = 0
        self._line = 1

    def at(self, offset: int) -> int:
        if offset < self._offset:
            return self._line - self._text.count("\n", offset, self._offset)
        self._line += self._text.count("\n", self._offset, offset)
        self._offset = offset
        return self._line
