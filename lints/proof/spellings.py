"""Vendors' spellings that the parser does not know, as spellings that it does; what they add is said beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot.tokenizer_core import Token, TokenType

Tokens = list[Any]

_MODIFIERS = frozenset({"low_priority", "high_priority", "delayed", "quick", "ignore", "concurrent"})
_WRITES = frozenset({"insert", "update", "delete", "replace"})
CURSOR = "the row is the one a cursor stands on"
PIPED = "a pipe goes on after rows were cut off or numbered"
REPLACES = "OR REPLACE deletes the rows in the way"


def plain(tokens: Tokens, dialect: str) -> tuple[Tokens, str | None]:
    """The statement's tokens as the parser knows them, and what of their meaning is not to be seen any more."""
    known = _BY_DIALECT.get(dialect)
    return known(tokens) if known is not None else (tokens, None)


def _mysql(tokens: Tokens) -> tuple[Tokens, str | None]:
    """Priorities say nothing of rows; rows that go to a file are rows that are read."""
    words = [token.text.lower() for token in tokens[:6]]
    if words[0] in _WRITES:
        end = 1
        while end < len(words) and words[end] in _MODIFIERS:
            end += 1
        if end > 1 and not (words[0] == "insert" and words[1] == "ignore"):
            kept = [t for t in tokens[1:end] if words[0] == "insert" and t.text.lower() == "ignore"]
            tokens = [tokens[0], *kept, *tokens[end:]]
    for position, token in enumerate(tokens[:-1]):
        if token.token_type is TokenType.INTO and tokens[position + 1].text.lower() in ("outfile", "dumpfile"):
            rest = range(position + 2, len(tokens))
            end = next((i for i in rest if tokens[i].token_type is TokenType.FROM), len(tokens))
            return [*tokens[:position], *tokens[end:]], None
    return tokens, None


def _sqlite(tokens: Tokens) -> tuple[Tokens, str | None]:
    """UPDATE OR what to do with a row in the way."""
    hidden = None
    words = [token.text.lower() for token in tokens]
    if words[:2] == ["update", "or"] and len(words) > 3:
        hidden = REPLACES if words[2] == "replace" else None
        tokens = [tokens[0], *tokens[3:]]
    for position, token in enumerate(tokens):
        if token.token_type is TokenType.INDEXED_BY:
            return [*tokens[:position], *tokens[position + 2 :]], hidden
    return tokens, hidden


def _tsql(tokens: Tokens) -> tuple[Tokens, str | None]:
    """FROM is written in a DELETE; TOP takes fewer rows, and OUTPUT of a DELETE shows only its own."""
    word = tokens[0].text.lower()
    if word not in _WRITES:
        return tokens, None
    if len(tokens) > 4 and tokens[1].text.lower() == "top":
        past = 3
        if tokens[2].token_type is TokenType.L_PAREN:
            past = next((i for i, t in enumerate(tokens) if t.token_type is TokenType.R_PAREN), len(tokens) - 1) + 1
        past += past < len(tokens) and tokens[past].text.lower() == "percent"
        tokens = [tokens[0], *tokens[past:]]
    return (_delete(tokens) if word == "delete" else tokens), None


def _delete(tokens: Tokens) -> Tokens:
    words = [token.text.lower() for token in tokens]
    if "output" in words and "into" not in words:
        start = words.index("output")
        end = next((i for i in range(start, len(words)) if words[i] in ("where", "from", "option")), len(words))
        if "select" not in words[start:end]:
            tokens, words = [*tokens[:start], *tokens[end:]], [*words[:start], *words[end:]]
    if words[1:2] != ["from"] and (len(words) < 3 or words[2] in ("where", "option")):
        first = tokens[-1] if len(tokens) < 2 else tokens[1]
        tokens = [tokens[0], Token(TokenType.FROM, "FROM", first.line, first.col, first.start, first.end), *tokens[1:]]
    return tokens


def _oracle(tokens: Tokens) -> tuple[Tokens, str | None]:
    """DELETE without FROM; DELETE WHERE of a MERGE, which takes away some of the rows that ON found."""
    if tokens[0].text.lower() == "merge":
        return _merge(tokens), None
    if tokens[0].text.lower() != "delete" or len(tokens) < 2 or tokens[1].token_type is TokenType.FROM:
        return tokens, None
    first = tokens[1]
    written = Token(TokenType.FROM, "FROM", first.line, first.col, first.start, first.end)
    return [tokens[0], written, *tokens[1:]], None


def _merge(tokens: Tokens) -> Tokens:
    words = [token.text.lower() for token in tokens]
    for start in range(1, len(words) - 1):
        if words[start : start + 2] == ["delete", "where"] and words[start - 1] != "then":
            end = next((i for i in range(start, len(words)) if words[i] == "when"), len(words))
            return tokens if "select" in words[start:end] else [*tokens[:start], *tokens[end:]]
    return tokens


def _postgres(tokens: Tokens) -> tuple[Tokens, str | None]:
    """WHERE CURRENT OF: the row is whichever the cursor stands on."""
    if tokens[0].text.lower() not in _WRITES or len(tokens) < 6:
        return tokens, None
    words = [token.text.lower() for token in tokens]
    for position in range(3, len(words) - 2):
        if words[position : position + 3] == ["where", "current", "of"]:
            return [*tokens[:position], *tokens[position + 4 :]], CURSOR
    return tokens, None


def _bigquery(tokens: Tokens) -> tuple[Tokens, str | None]:
    """Pipes: the parser moves a later WHERE before an earlier LIMIT."""
    cut = next((i for i, t in enumerate(tokens) if t.token_type in (TokenType.LIMIT, TokenType.OVER)), None)
    if cut is not None and any(t.token_type is TokenType.PIPE_GT for t in tokens[cut:]):
        return tokens, PIPED
    return tokens, None


_BY_DIALECT: dict[str, Callable[[Tokens], tuple[Tokens, str | None]]] = {
    "mysql": _mysql,
    "sqlite": _sqlite,
    "tsql": _tsql,
    "oracle": _oracle,
    "postgres": _postgres,
    "bigquery": _bigquery,
}
