"""The words of a query in JPQL, and the way from one to another past brackets and blanks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lints.patterns import regex

_TOKEN = regex(
    r"(?P<space>\s+)|(?P<text>'(?:[^'\\]|''|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<comment>/\*.*?\*/|--[^\n]*)"
    r"|(?P<param>:#\{[^{}]*\}|\?#\{[^{}]*\}|:[A-Za-z_]\w*|\?\d*)|(?P<cast>::)"
    r"|(?P<word>[A-Za-z_$][\w$]*(?:\s*\.\s*[A-Za-z_$][\w$]*)*)|(?P<number>\d[\w.]*)|(?P<other>.)",
    re.DOTALL,
)


@dataclass(slots=True)
class Token:
    """A word, a sign, a text or a blank; a path is one word, without the blanks around its dots."""

    kind: str
    text: str

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "word" else self.text


def tokens_of(text: str) -> list[Token]:
    """The tokens of a query, comments too."""
    tokens = [Token(found.lastgroup or "other", found.group()) for found in _TOKEN.finditer(text)]
    for token in tokens:
        if token.kind == "word":
            token.text = re.sub(r"\s+", "", token.text)
    return tokens


class Tokens(list[Token]):
    """Tokens without the comments that say nothing; places count from 0, ends are exclusive."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        super().__init__(token for token in tokens if token.kind != "comment" or "__hole_" in token.text)

    def level(self, start: int, end: int) -> list[int]:
        """The places of the words and commas that stand in no bracket of their own."""
        out: list[int] = []
        depth = 0
        for at in range(start, end):
            text = self[at].text
            if text == "(":
                depth += 1
            elif text == ")":
                depth -= 1
            elif depth == 0 and (self[at].kind == "word" or text == ","):
                out.append(at)
        return out

    def closing(self, at: int, end: int) -> int:
        """Where the bracket at a place is closed, or the end."""
        depth = 0
        for place in range(at, end):
            depth += {"(": 1, ")": -1}.get(self[place].text, 0)
            if depth == 0:
                return place
        return end

    def next(self, at: int, end: int) -> int:
        """The first place from here on that is no blank."""
        while at < end and self[at].kind == "space":
            at += 1
        return at

    def after(self, at: int, end: int) -> str:
        """The word there; empty at the end."""
        place = self.next(at, end)
        return self[place].word if place < end else ""

    def before(self, at: int, start: int) -> str:
        """The last word before a place; empty at the start."""
        at -= 1
        while at > start and self[at].kind == "space":
            at -= 1
        return self[at].word if at >= start else ""
