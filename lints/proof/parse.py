"""Text to syntax trees, within limits: sqlglot's exceptions and recursion end here, as a refusal with a reason."""

from __future__ import annotations

import logging
import re
from typing import Any, NamedTuple

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from lints.proof.names import Index
from lints.proof.text import MAX_DEPTH, MAX_LENGTH, MAX_PREFIX, Prepared, fingerprint, prepare
from lints.tenancy import View

DIALECTS = ("postgres", "mysql", "sqlite", "tsql", "clickhouse")
_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_PREFIXES = frozenset({TokenType.NOT, TokenType.DASH, TokenType.TILDE, TokenType.INTERVAL})
_OPERATORS = frozenset({TokenType.AND, TokenType.OR, TokenType.WHERE, TokenType.ON, TokenType.HAVING})
_OPERANDS = frozenset({TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER, TokenType.R_PAREN})
_dialects: dict[str, Any] = {}


REFUSALS = frozenset({"too deeply nested", "too many joins", "the text is too long", "a comment that MySQL executes"})
"""Reasons not to parse a text that may well be SQL: it is opaque, not unparsed."""


class Statement(NamedTuple):
    """One statement of a text. `tree` is None if it was not understood; then `error` says why."""

    tree: Any
    error: str | None
    tokens: list[Any]
    holes: tuple[str, ...]
    """What was assumed to make text with interpolations parse."""
    dropped: bool
    """Whether interpolated text that may hold a condition was left out."""


def dialect_of(name: str) -> Any:
    if name not in _dialects:
        logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it warns of every statement it keeps as text
        _dialects[name] = Dialect.get_or_raise(name)
    return _dialects[name]


def parse(sql: str, dialect: str) -> tuple[Prepared, list[Statement]]:
    """The statements of a text, in order. A text that can't even be split is one statement with an error."""
    if len(sql) > MAX_LENGTH:
        return Prepared(sql, (), {}), [Statement(None, "the text is too long", [], (), dropped=False)]
    prepared = prepare(sql, dialect)
    try:
        tokens = dialect_of(dialect).tokenize(prepared.text)
    except (SqlglotError, RecursionError, ValueError, IndexError) as error:
        return prepared, [Statement(None, _line(error), [], (), dropped=False)]
    if dialect == "mysql" and re.search(r"/\*[!+M]", prepared.text):
        return prepared, [Statement(None, "a comment that MySQL executes", tokens, (), dropped=False)]
    return prepared, [_statement(prepared.text, chunk, dialect) for chunk in _chunks(tokens)]


def _chunks(tokens: list[Any]) -> list[list[Any]]:
    chunks: list[list[Any]] = []
    start = 0
    for position, token in enumerate(tokens):
        if token.token_type is TokenType.SEMICOLON:
            if position > start:
                chunks.append(tokens[start:position])
            start = position + 1
    if start < len(tokens):
        chunks.append(tokens[start:])
    return chunks


def _statement(text: str, tokens: list[Any], dialect: str) -> Statement:
    refusal = _too_deep(tokens)
    if refusal is not None:
        return Statement(None, refusal, tokens, (), dropped=False)
    parser = dialect_of(dialect).parser()
    notes: list[str] = []
    dropped = False
    current = tokens
    for _ in range(1 + min(8, sum(1 for t in tokens if "__hole_" in t.text))):
        try:
            trees = parser.parse(current, text)
        except RecursionError:
            return Statement(None, "too deeply nested", tokens, (), dropped=False)
        except (SqlglotError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
            repaired = _repair(current, error)
            if repaired is None:
                return Statement(None, _line(error), tokens, (), dropped=False)
            current, note, predicate = repaired
            notes.append(note)
            dropped = dropped or predicate
            continue
        if len(trees) != 1 or trees[0] is None:
            return Statement(None, "not one statement", tokens, (), dropped=False)
        return Statement(trees[0], None, tokens, tuple(notes), dropped)
    return Statement(None, "interpolated text in places that don't parse", tokens, (), dropped=False)


def _too_deep(tokens: list[Any]) -> str | None:
    depth = run = joins = 0
    for token in tokens:
        kind = token.token_type
        if kind in _OPENING:
            depth += 1
            if depth > MAX_DEPTH:
                return "too deeply nested"
        elif kind in _CLOSING:
            depth -= 1
        if kind in _PREFIXES:
            run += 1
            if run > MAX_PREFIX:
                return "too deeply nested"
        elif kind is TokenType.CASE:
            joins += 1
        elif kind is TokenType.JOIN:
            joins += 1
            if joins > MAX_PREFIX * 4:
                return "too many joins"
        elif kind is TokenType.ON or kind is TokenType.USING or kind is TokenType.END:
            joins -= 1 if joins else 0
            run = 0
        else:
            run = 0
    return None


def _repair(tokens: list[Any], error: Exception) -> tuple[list[Any], str, bool] | None:
    """Drop the interpolation nearest before the place the parser stopped at. None: there is none."""
    details = getattr(error, "errors", None) or [{}]
    line, column = details[0].get("line"), details[0].get("col")
    last: int | None = None
    for position, token in enumerate(tokens):
        if "__hole_" in token.text:
            if last is not None and line is not None and (token.line, token.col) > (line, column):
                break
            last = position
    if last is None:
        return None
    token = tokens[last]
    before = tokens[last - 1] if last else None
    after = tokens[last + 1] if last + 1 < len(tokens) else None
    if before is None:
        return None
    if before.token_type in _OPERANDS and after is not None and (after.token_type in _OPERANDS or after.text == ":"):
        operator = Token(TokenType.NEQ, "<>", token.line, token.col, token.start, token.end)
        return [*tokens[:last], operator, *tokens[last + 1 :]], f"{token.text} is an operator", False
    rest = tokens[:last] + tokens[last + 1 :]
    ordering = _in_ordering(tokens, last)
    note = f"the interpolated text {token.text} adds no relation and no alternative"
    if before.token_type in _OPERATORS or (after is not None and after.token_type in (TokenType.AND, TokenType.OR)):
        return None
    return rest, note, not ordering


def _in_ordering(tokens: list[Any], position: int) -> bool:
    """Whether the place is behind ORDER BY or LIMIT, where no condition can stand."""
    depth = 0
    for token in reversed(tokens[:position]):
        kind = token.token_type
        if kind in _CLOSING:
            depth += 1
        elif kind in _OPENING:
            depth -= 1
            if depth < 0:
                return False
        elif depth == 0 and kind in (TokenType.ORDER_BY, TokenType.LIMIT, TokenType.OFFSET):
            return True
        elif depth == 0 and kind in (TokenType.WHERE, TokenType.FROM, TokenType.SELECT):
            return False
    return False


def _line(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "too deeply nested"
    text = re.sub(r"\x1b\[\d*m", "", str(error)).strip().splitlines()
    return text[0][:200] if text else type(error).__name__


def reparse(tokens: list[Any] | None, text: str, dialect: str) -> Statement:
    """A statement inside another one, from its tokens, or from a text whose offsets are those of the whole."""
    if tokens is None:
        try:
            tokens = dialect_of(dialect).tokenize(text)
        except (SqlglotError, RecursionError, ValueError, IndexError) as error:
            return Statement(None, _line(error), [], (), dropped=False)
    if not tokens:
        return Statement(None, "an empty statement", [], (), dropped=False)
    return _statement(text, tokens, dialect)


def unfold(tokens: list[Any], text: str, dialect: str) -> list[Any]:
    """The tokens of a statement whose rest the tokenizer left as one string (EXPLAIN, PREPARE, CALL and the like)."""
    if len(tokens) != 2 or tokens[1].token_type is not TokenType.STRING:
        return tokens
    start = tokens[0].end + 1
    try:
        return [tokens[0], *dialect_of(dialect).tokenize(" " * start + text[start : tokens[1].end + 1])]
    except (SqlglotError, RecursionError, ValueError, IndexError):
        return tokens


def statement_fingerprint(tokens: list[Any]) -> str:
    return fingerprint(tokens)


def view_query(index: Index, view: View) -> Any:
    """The query a view stands for; None if it does not parse. Parsed once per index."""
    if view.name not in index.parsed_views:
        index.parsed_views[view.name] = None
        _, statements = parse(view.sql, index.dialect)
        if len(statements) == 1 and statements[0].tree is not None:
            tree = statements[0].tree
            if isinstance(tree, exp.Create):
                tree = tree.expression
            if isinstance(tree, exp.Query):
                index.parsed_views[view.name] = tree
    return index.parsed_views[view.name]
