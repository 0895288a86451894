"""Cypher as tokens, and the few things that are asked of runs of tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lints.patterns import regex

TOKEN = regex(
    r"""
      (?P<space>\s+|//[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<string>'(?:[^'\\]|\\.)*+(?:'|\Z)|"(?:[^"\\]|\\.)*+(?:"|\Z))
    | (?P<param>\$(?:\w+|`[^`]*`)(?:\.\w+)*|:h\d+)
    | (?P<word>`[^`]*`|[^\x00-@[-^`{-\x7f][^\x00-/:-@[-^`{-\x7f]*)
    | (?P<number>\d+(?:\.(?!\.)\d+)?)
    | (?P<mark><-|->|<>|<=|>=|=~|\+=|\.\.|[-<>=+*/%^|&!?:;,.(){}\[\]])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
CLAUSES = frozenset(
    [
        "match",
        "optional",
        "where",
        "with",
        "return",
        "unwind",
        "merge",
        "on",
        "create",
        "set",
        "remove",
        "delete",
        "detach",
        "call",
        "yield",
        "union",
        "foreach",
        "load",
        "order",
        "skip",
        "limit",
        "use",
        "using",
        "finish",
    ]
)


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    start: int

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "word" else ""


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text, without white space and comments."""
    return [Token(m.lastgroup or "", m.group(), m.start()) for m in TOKEN.finditer(text) if m.lastgroup != "space"]


def name_of(token: Token) -> str:
    return token.text.strip("`")


def begins_clause(token: Token, previous: str) -> bool:
    """Whether a word begins a clause; STARTS WITH and ENDS WITH are operators, `.` and `:` precede names."""
    if token.word not in CLAUSES or previous in {".", ":"}:
        return False
    return not (token.word == "with" and previous in {"starts", "ends"})


def top_level(tokens: Sequence[Token]) -> list[Token]:
    depth = 0
    out: list[Token] = []
    for token in tokens:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.text, 0)
        if depth == 0:
            out.append(token)
    return out


def split_on(tokens: Sequence[Token], word: str) -> list[list[Token]]:
    depth = 0
    parts: list[list[Token]] = [[]]
    for token in tokens:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.text, 0)
        if depth == 0 and token.word == word:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def unwrapped(tokens: Sequence[Token]) -> Sequence[Token]:
    """Without the parentheses around all of it."""
    while len(tokens) > 2 and tokens[0].text == "(" and tokens[-1].text == ")":
        depth = 0
        for position, token in enumerate(tokens):
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if depth == 0 and position < len(tokens) - 1:
                return tokens
        tokens = tokens[1:-1]
    return tokens


def depth_of(tokens: Iterable[Token]) -> int:
    depth = deepest = 0
    for token in tokens:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.text, 0)
        deepest = max(deepest, depth)
    return deepest
