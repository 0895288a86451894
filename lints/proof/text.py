"""SQL text before parsing: one spelling for all placeholders, offsets that lead back, limits on depth and size."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from typing import NamedTuple

from lints.patterns import regex

MAX_LENGTH = 400_000
"""Characters; a longer text is not analysed."""
MAX_SPREAD = 4 << 20
"""Characters of a text that is mostly one list of constants."""
MAX_DEPTH = 32
"""Open brackets at once. Beyond it the parser's recursion is neither bounded nor safe."""
MAX_PREFIX = 64
"""NOT or minus in a row: each costs the parser a level of recursion."""
MAX_JOINS = 64
"""Joins whose ON is still to come: so do these."""
MAX_LOOSE = 10
"""Joins without a condition, along one line of brackets: the parser reads what follows each of them twice."""

HOLE = regex(r"__hole_\d+__\Z")

_PLACEHOLDER = r"""
(?=[-'":@<?%$/`\[\#{{]) (?:
  (?P<mapped> [:?]?\#\{{ [^{{}}]{{1,200}} \}} )
| (?P<template> \$\{{ [^{{}}]{{1,200}} \}} | \{{\{{ [^{{}}]{{1,200}} \}}\}}
    | %?\{{ (?:[A-Za-z_]\w{{0,80}}+(?:\.\w{{1,80}}+)*+|\d{{1,3}}) \}} )
| (?P<skip> --[^\n]* | {strings} | ::+ | := | @@\w+ | @[>@?] | <@ | \?[|&](?!\|) )
| (?P<block> /\* )
| {dollar}
| %\((?P<pyname>\w+)\)s
| (?P<percent> (?<![\w%])%s(?!\w) | (?:(?<=[=(,<>])|(?<=[=(,<>]\s)|(?<=limit\s)|(?<=offset\s))%[dfi](?!\w) )
| (?<![\w:\])]) : (?P<colon>\w+)
| (?<![\w:\])]) :' (?P<psql>\w+) '
| (?<!\?) (?P<question> \?\?? ) (?P<qnum>\d*)
| (?<![\w@<]) @ (?P<at>[A-Za-z_]\w*)
)"""
_NAMED = ("mapped", "pyname", "num", "dname", "colon", "psql")
_SQLC = regex(r"\bsqlc\.n?(?:arg|slice)\(\s*'?(\w+)'?\s*\)")
_DOLLAR_QUOTE = (
    r"(?P<quote>(?<![\w$])\$(?:[A-Za-z_]\w*)?\$) | (?<![\w$])\$(?P<num>\d+) | (?<![\w$])\$(?P<dname>[A-Za-z_]\w*)"
)
_DOLLAR_PLAIN = r"(?P<quote>(?!)) | (?<![\w$])\$(?P<num>\d+) | (?<![\w$])\$(?P<dname>[A-Za-z_]\w*)"
_ESCAPES = r"'(?:[^'\\]|\\.|'')*+'"
_PLAIN = r"'(?:[^']|'')*+'"
_DOUBLE = r'"(?:[^"]|"")*+"'
_STRINGS = {
    "postgres": rf"(?<=[eE])(?<!\w\w){_ESCAPES} | {_PLAIN} | {_DOUBLE}",
    "mysql": rf'{_ESCAPES} | "(?:[^"\\]|\\.|"")*+" | `[^`]*+` | \#[^\n]*',
    "sqlite": rf"{_PLAIN} | {_DOUBLE} | `[^`]*+` | \[[^\]]*+\]",
    "tsql": rf"{_PLAIN} | {_DOUBLE} | \[[^\]]*+\]",
    "clickhouse": rf"{_ESCAPES} | {_DOUBLE} | `[^`]*+`",
    "bigquery": rf"\"\"\".*?\"\"\" | \'\'\'.*?\'\'\' | {_ESCAPES}"
    r' | "(?:[^"\\]|\\.)*+" | `[^`]*+` | \#[^\n]*',
    "snowflake": rf"{_ESCAPES} | {_DOUBLE}",
    "oracle": r"(?<=[qQ])'(?: \[.{0,1000}?\] | \{.{0,1000}?\} | \(.{0,1000}?\) | <.{0,1000}?>"
    rf" | (?P<delimiter>[^\s\[{{(<]).{{0,1000}}?(?P=delimiter))' | {_PLAIN} | {_DOUBLE}",
    "spark": rf'{_ESCAPES} | "(?:[^"\\]|\\.)*+" | `[^`]*+`',
}
_DOLLAR_QUOTES = frozenset({"postgres", "redshift", "duckdb", "snowflake"})
_START = regex(r"[-'\":@<?%$/`\[#{]")
"""What all of it begins with."""
_TRIGGER = regex(r"[$%?@]|\{|(?<!:):(?!h\d)\w|:'\w|sqlc\.")
_BOUND = regex(r"h\d+\Z")
_JSON_OPERAND = regex(r"\s*(?:'|\$\d|:[A-Za-z_]|array\b)", re.IGNORECASE)
_patterns: dict[str, re.Pattern[str]] = {}


class Prepared(NamedTuple):
    """The text that is parsed. `edges` are (offset here, offset in the original) where the two begin to differ."""

    text: str
    edges: tuple[tuple[int, int], ...]
    labels: dict[str, str]
    """Name of a rewritten placeholder to the spelling people wrote."""

    def original(self, offset: int) -> int:
        """The offset in the text as given."""
        if not self.edges:
            return offset
        at = bisect_right(self.edges, (offset, MAX_SPREAD)) - 1
        if at < 0:
            return offset
        here, there = self.edges[at]
        return there + offset - here


def prepare(sql: str, dialect: str) -> Prepared:
    """Spell every placeholder `:pn`, the same one always the same; `labels` says how it was written.

    A name could be a keyword, `$1,$2` could be the beginning of a dollar quote, and a bare `?` has no name at all.
    Interpolated values (`:h0`) and, outside PostgreSQL, session variables (`@x`) stay.
    Where `$n` occurs, `?` is PostgreSQL's JSONB operator and stays. `??` between operands is that operator too,
    elsewhere an interpolated identifier.
    """
    if not _TRIGGER.search(sql):
        return Prepared(sql, (), {})
    if "sqlc." in sql:
        sql = _SQLC.sub(lambda m: f":{m[1]}".ljust(len(m[0])), sql)
    pattern = _pattern(dialect)
    numbered = dialect == "postgres" and "?" in sql and re.search(r"(?<![\w$])\$\d", sql) is not None
    out: list[str] = []
    edges: list[tuple[int, int]] = []
    names: dict[str, str] = {}
    labels: dict[str, str] = {}
    done = length = position = count = 0
    while (start := _START.search(sql, position)) is not None:
        match = pattern.match(sql, start.start())
        if match is None:
            position = start.end()
            continue
        kind = match.lastgroup
        position = match.end()
        if kind == "skip":
            continue
        if kind == "block":
            position = _comment_end(sql, position, nested=dialect in ("postgres", "tsql"))
            continue
        if kind == "quote":
            close = sql.find(match["quote"], position)
            position = len(sql) if close < 0 else close + len(match["quote"])
            continue
        replacement = f"__hole_8{count}__" if kind == "template" else None
        name: str | None = match[kind] if kind in _NAMED else None
        if kind == "at":
            name = match["at"] if dialect == "postgres" else None
        elif kind == "qnum":
            operator = numbered or (dialect == "postgres" and _is_operator(sql, match))
            if match["question"] == "??":
                replacement = "?" if operator else f"__hole_9{count}__"
            elif not operator:
                name = match["qnum"]
        if kind == "percent" or (name == "" and match["question"] == "?"):
            name = f"?{count}"
        count += 1
        if replacement is None:
            if not name or (kind == "colon" and _BOUND.match(name)):
                continue
            known = names.setdefault(name, f"p{len(names) + 1}")
            labels[known] = match[0]
            replacement = f":{known}"
        out += (sql[done : match.start()], replacement)
        length += match.start() - done + len(replacement)
        edges.append((length, position))
        done = position
    if not out:
        return Prepared(sql, (), {})
    out.append(sql[done:])
    return Prepared("".join(out), tuple(edges), labels)


def _pattern(dialect: str) -> re.Pattern[str]:
    if dialect not in _patterns:
        text = _PLACEHOLDER.format(
            strings=_STRINGS.get(dialect, _STRINGS["postgres"]),
            dollar=_DOLLAR_QUOTE if dialect in _DOLLAR_QUOTES else _DOLLAR_PLAIN,
        )
        _patterns[dialect] = re.compile(text, re.VERBOSE | re.DOTALL | re.IGNORECASE)
    return _patterns[dialect]


def _is_operator(sql: str, match: re.Match[str]) -> bool:
    """Whether `?` stands between operands: after a word that is no keyword, before a string or placeholder."""
    if not _JSON_OPERAND.match(sql, match.end()):
        return False
    before = re.search(r"(\w+|[\])\"'])\s*\Z", sql[max(0, match.start() - 80) : match.start()])
    if before is None:
        return False
    return before[1].upper() not in {
        "AND", "OR", "NOT", "WHERE", "ON", "IN", "LIKE", "ILIKE", "BETWEEN", "THEN", "ELSE", "WHEN", "SELECT", "SET",
        "VALUES", "LIMIT", "OFFSET", "BY", "HAVING", "RETURNING", "IS", "FROM", "ANY", "CASE", "INTERVAL",
    }  # fmt: skip


def _comment_end(sql: str, position: int, *, nested: bool) -> int:
    depth = 1
    while depth:
        close = sql.find("*/", position)
        if close < 0:
            return len(sql)
        opening = sql.find("/*", position, close) if nested else -1
        if opening >= 0:
            depth += 1
            position = opening + 2
        else:
            depth -= 1
            position = close + 2
    return position


def fingerprint(text: str) -> str:
    """The first 32 hex digits of the SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
