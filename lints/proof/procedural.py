"""Procedural blocks: never proven, but a statement in one that stands there as it is run is judged as any other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from lints.patterns import regex
from lints.proof.batches import QUOTED, VERBS
from lints.proof.ir import Group, Kind, Unsupported
from lints.proof.parse import reparse
from lints.proof.work import Work

REASON = "a procedural block"
_MOST = 64
"""Statements of a block that are looked at."""
_PIECE = regex(r"(?:'(?:[^']|'')*+'|\"[^\"]*+\"|--[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/|[^;'\"/-]|[/-])++")
_START = regex(
    r"(?:\s|--[^\n]*\n|<<\w+>>|\b(?:begin|then|else|loop|atomic)\b(?!\s*;))*+"
    r"(?P<verb>insert|update|delete|merge|select|with)\b",
    re.IGNORECASE,
)
_CONTROL = regex(r"\b(?:then|else|loop|begin)\s+(?=(?:insert|update|delete|merge|select|with)\b)", re.IGNORECASE)
_INTO = regex(r"\b(?:into|bulk\s+collect\s+into)\s+(?:strict\s+)?[\w.]+(?:\s*,\s*[\w.]+)*(?=\s+from\b)", re.IGNORECASE)
_BLANK = regex(r"[^\n]")


def block(w: Work, text: str, start: int, end: int, group: Group, translate: Callable[[Work, Any, Group], str]) -> str:
    """Judge the statements between two offsets of `text`: one that is certainly open is a violation, whatever the
    block does; with all others nothing is known, for a block has variables, loops and branches."""
    w.opaque[REASON] = None
    for first, last in _statements(text, start, end):
        said = text[first:last]
        said = _INTO.sub(lambda found: _BLANK.sub(" ", found.group()), said)
        w.spend(2000)
        inner = reparse(None, " " * first + said, w.dialect)
        if inner.tree is None or inner.holes or not isinstance(inner.tree, (exp.Query, exp.DML, exp.Merge)):
            continue
        if _plain(w, inner.tree):
            before = len(w.targets)
            try:
                translate(w, inner.tree, Group(group, Kind.BRANCH, "a block"))
            except Unsupported:
                del w.targets[before:]
    return "procedure"


_OTHER_VERBS = frozenset(
    {"begin", "exec", "execute", "set", "declare", "while", "print", "return", "raiserror", "throw"}
)


def branches(tokens: list[Any]) -> list[list[Any]] | None:
    """The tokens of what T-SQL's IF asks, as a query, and of the one or two statements it decides of; None if there is
    anything else in it."""
    depth = cases = 0
    marks: list[int] = []
    for position, token in enumerate(tokens):
        word = token.text.lower() if token.token_type not in QUOTED else ""
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        cases += (word == "case") - (word == "end" and cases > 0)
        if depth or cases or not position:
            continue
        if (word in _OTHER_VERBS and not (word == "set" and marks)) or (word == "if"):
            return None
        if word == "else" or (not marks and word in VERBS):
            marks.append(position)
    if not 1 <= len(marks) <= 2:
        return None
    first = tokens[0]
    asked = [Token(kind, said, first.line, first.col, first.start, first.end) for kind, said in _ASKED]
    parts = [[*asked, *tokens[1 : marks[0]]], tokens[marks[0] : (marks[1] if len(marks) > 1 else len(tokens))]]
    return [*parts, tokens[marks[1] + 1 :]] if len(marks) > 1 else parts


_ASKED = ((TokenType.SELECT, "SELECT"), (TokenType.NUMBER, "1"), (TokenType.WHERE, "WHERE"))


def _statements(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the statements of a block begin and end, those that stand plainly between its semicolons."""
    for number, piece in enumerate(_PIECE.finditer(text, start, end)):
        if number >= _MOST:
            return
        found = _START.match(text, piece.start(), piece.end())
        if found is not None:
            yield found.start("verb"), piece.end()
            continue
        later = _CONTROL.search(text, piece.start(), piece.end())
        if later is not None:  # IF … THEN UPDATE …
            yield later.end(), piece.end()


def _plain(w: Work, tree: Any) -> bool:
    """Whether every name in it that is no relation's column could be nothing else: none is a variable of the block."""
    columns: set[str] = set()
    for table in tree.find_all(exp.Table):
        known = w.index.table(w.index.fold(table.this)) if isinstance(table.this, exp.Identifier) else None
        if known is None:
            return False
        columns.update(w.index.loose(column) for column in known.columns)
    return all(
        isinstance(column.this, exp.Star) or w.index.fold(column.this) in columns
        for column in tree.find_all(exp.Column)
    )
