"""The statements of a stored procedure's body, as far as they stand there plainly: what runs, and in which order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlglot.tokenizer_core import Token, TokenType

from lints.proof.batches import BRACKETS, QUOTED, VERBS, Cut
from lints.proof.parse import tokenize

_MOST = 64
"""Statements of a body that are judged."""
_SILENT = frozenset({"print", "raiserror", "throw", "goto", "waitfor", "commit", "rollback", "save", "begin"})
_REFUSED = frozenset({"open", "close", "fetch", "deallocate"})
_SIMPLE = VERBS | {"with", "call", "truncate", "replace"}


class Parameter(NamedTuple):
    """What a routine is handed: T-SQL's names begin with `@`. `default` is its text, if it has one."""

    name: str
    default: str | None = None
    out: bool = False


class Script(NamedTuple):
    """A routine: its parameters and its statements, each as a text of its own."""

    parameters: tuple[Parameter, ...]
    statements: tuple[str, ...]
    unsure: frozenset[str] = frozenset()
    """Variables that may hold one thing or another where they are read."""


def read(routine: Any, dialect: str) -> Script | str:
    """The routine as a script, or why it is none. Control flow is followed in T-SQL only: every branch counts."""
    if dialect == "tsql":
        return _transact(routine.sql)
    given = tuple(_parameters(routine.arguments, dialect))
    if routine.body is not None:
        text = routine.body
        tokens = tokenize(text, dialect)
        inside = routine.language != "sql"
    else:
        text = routine.sql
        tokens = tokenize(text, dialect)
        if not isinstance(tokens, str):
            tokens = _after_head(tokens)
        inside = True
    if isinstance(tokens, str):
        return tokens
    if inside and tokens and tokens[0].text.lower() == "begin":
        ends = [i for i, token in enumerate(tokens) if token.text.lower() == "end"]
        tokens = tokens[1 : ends[-1]] if ends else []
    found: list[str] = []
    for piece in _between_semicolons(tokens):
        words = [token.text.lower() for token in piece[:2]]
        if words == ["return", "query"]:
            piece = piece[2:]
        elif words[0] in ("return", "raise", "null") and len(piece) == 1:
            continue
        if piece and piece[0].text.lower() not in _SIMPLE:
            return f"{piece[0].text.upper()[:20]} stands in it"
        found.append(_text(text, piece))
    return Script(given, tuple(found)) if 0 < len(found) <= _MOST else "its body is not to be seen"


def _text(text: str, tokens: list[Any]) -> str:
    return text[tokens[0].start : tokens[-1].end + 1] if tokens else ""


def _between_semicolons(tokens: list[Any]) -> Iterator[list[Any]]:
    piece: list[Any] = []
    for token in tokens:
        if token.token_type is TokenType.SEMICOLON:
            if piece:
                yield piece
            piece = []
        else:
            piece.append(token)
    if piece:
        yield piece


def _after_head(tokens: list[Any]) -> list[Any]:
    """What follows the head of CREATE PROCEDURE: MySQL's after its arguments, Oracle's after IS or AS."""
    depth = 0
    for position, token in enumerate(tokens):
        depth += BRACKETS.get(token.token_type, 0)
        word = token.text.lower()
        if depth == 0 and position > 2 and (word == "begin" or word in _SIMPLE):
            return tokens[position:]
        if depth == 0 and position > 2 and word in ("is", "as"):
            return tokens[position + 1 :]
    return []


def _parameters(arguments: str, dialect: str) -> Iterator[Parameter]:
    from lints.schema.security import top_level_commas

    for part in top_level_commas(arguments):
        words = part.split()
        modes = {word.lower() for word in words[:3]} & {"in", "out", "inout", "variadic"}
        named = [word for word in words if word.lower() not in ("in", "out", "inout", "variadic")]
        name = named[0].strip('"`').lower() if len(named) > 1 else ""
        lowered = part.lower()
        default = next((part[lowered.index(mark) + len(mark) :].strip() for mark in (":=", " default ", "=")
                        if mark in lowered), None)  # fmt: skip
        yield Parameter(name, default, modes == {"out"})


# T-SQL


def _transact(text: str) -> Script | str:
    tokens = tokenize(text, "tsql")
    if isinstance(tokens, str):
        return tokens
    depth = 0
    body = first = 0
    for position, token in enumerate(tokens):
        depth += BRACKETS.get(token.token_type, 0)
        word = token.text.lower()
        if token.token_type is TokenType.PARAMETER and not first:
            first = position
        if word == "as" and depth == 0 and position > 2 and tokens[position - 2].token_type is not TokenType.PARAMETER:
            body = position + 1
            break
    if not body:
        return "its body is not to be seen"
    given = tuple(_marked(text, tokens[first : body - 1] if first else []))
    pieces = _Pieces(text, frozenset(parameter.name for parameter in given))
    found = pieces.of(tokens[body:])
    return found if isinstance(found, str) else Script(given, found, frozenset(filter(pieces.unsure, pieces.assigned)))


def head(text: str) -> list[Parameter]:
    """The parameters in the head of a routine of T-SQL, which may end anywhere after them."""
    tokens = tokenize(text, "tsql")
    if isinstance(tokens, str):
        return []
    first = next((i for i, token in enumerate(tokens) if token.token_type is TokenType.PARAMETER), len(tokens))
    return list(_marked(text, tokens[first:]))


def _marked(text: str, tokens: list[Any]) -> Iterator[Parameter]:
    """`@name type = default OUTPUT, …`"""
    while tokens and tokens[-1].token_type is TokenType.R_PAREN:
        tokens = tokens[:-1]
    for part in top_level(tokens):
        if len(part) < 2 or part[0].token_type is not TokenType.PARAMETER:
            continue
        equal = next((i for i, token in enumerate(part) if token.token_type is TokenType.EQ), None)
        out = part[-1].text.lower() in ("out", "output")
        default = _text(text, part[equal + 1 :]) if equal is not None else None
        yield Parameter(f"@{part[1].text}".lower(), default, out)


def top_level(tokens: list[Any]) -> list[list[Any]]:
    """Tokens cut at the commas outside of brackets."""
    parts: list[list[Any]] = [[]]
    depth = 0
    for token in tokens:
        depth += BRACKETS.get(token.token_type, 0)
        if depth == 0 and token.token_type is TokenType.COMMA:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


class _Pieces:
    """Cuts a body of T-SQL into its statements. What IF and WHILE ask is a statement of its own; each branch counts as
    run, for a statement that is confined is so whether it runs or not. Variables that are assigned on one of several
    paths, or in a loop, hold nothing that is known."""

    def __init__(self, text: str, parameters: frozenset[str]) -> None:
        self.text = text
        self.parameters = parameters
        self.found: list[str] = []
        self.refusal: str | None = None
        self.branches = self.loops = False
        self.assigned: dict[str, list[int]] = {}
        """Where each variable is given a value: after how many statements."""

    def of(self, tokens: list[Any]) -> tuple[str, ...] | str:
        cut = Cut()
        for kind, piece in cut.pieces(tokens):
            self._close(kind, piece)
        if cut.open:
            self.refusal = "a bracket or a CASE is left open"
        if self.refusal is None and not 0 < len(self.found) <= _MOST:
            self.refusal = "it has no statement, or too many"
        return self.refusal or tuple(self.found)

    def unsure(self, name: str) -> bool:
        """Whether a variable may be read after a value that it has on some paths only, or in some rounds of a loop."""
        places = self.assigned[name]
        if self.loops or not self.branches:
            return self.loops
        if len(places) == 1 and name not in self.parameters:
            return False
        named = re.compile(rf"{re.escape(name)}\b", re.IGNORECASE)
        return any(named.search(said) for said in self.found[places[0] + 1 :])

    def _close(self, kind: str, piece: list[Any]) -> None:
        if self.refusal is not None:
            return
        words = [token.text.lower() for token in piece if token.token_type not in QUOTED]
        if kind in ("if", "while", "else"):
            self.branches = True
            self.loops = self.loops or kind == "while"
        if kind in ("if", "while"):
            self.found.append(f"SELECT 1 WHERE {_text(self.text, piece[1:])}")
        elif kind == "return" and "select" in words:
            self.found.append(f"SELECT {_text(self.text, piece[1:])}")
        elif kind in ("end", "else", "return") or kind in _SILENT:
            if kind == "begin" and words[1:2] in (["try"], ["catch"]):
                self.branches = True
            if "select" in words:
                self.refusal = f"{kind.upper()} reads something"
        elif kind == "" or kind in _REFUSED or "cursor" in words or (kind == "exec" and {"out", "output"} & {*words}):
            self.refusal = f"{piece[0].text.upper()[:20]} stands in it"
        else:
            self._assigns(kind, piece)
            self.found.append(_text(self.text, piece))

    def _assigns(self, kind: str, piece: list[Token]) -> None:
        """Count the variables that a statement gives a value."""
        if kind == "declare":
            for part in top_level(piece[1:]):
                if len(part) > 1 and any(token.token_type is TokenType.EQ for token in part):
                    self._given(part[1])
        elif kind == "set" and len(piece) > 2 and piece[1].token_type is TokenType.PARAMETER:
            self._given(piece[2])
        elif kind in ("select", "update"):
            for before, mark, named, sign in zip(piece, piece[1:], piece[2:], piece[3:], strict=False):
                begins = before.text.lower() in ("select", "set", ",", "distinct")
                if begins and mark.token_type is TokenType.PARAMETER and sign.token_type is TokenType.EQ:
                    self._given(named)

    def _given(self, named: Token) -> None:
        self.assigned.setdefault(f"@{named.text}".lower(), []).append(len(self.found))
