"""T-SQL's batches, in which no semicolon needs to stand between two statements: where each of them begins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot.tokenizer_core import TokenType

QUOTED = frozenset({TokenType.STRING, TokenType.IDENTIFIER, TokenType.NATIONAL_STRING})
BRACKETS = {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}
VERBS = frozenset({"select", "insert", "update", "delete", "merge"})
_STARTS = VERBS | {
    "with", "exec", "execute", "set", "declare", "if", "while", "return", "print", "raiserror", "throw", "begin",
    "end", "else", "truncate", "commit", "rollback", "save", "goto", "create", "drop", "alter", "open", "close",
    "fetch", "deallocate", "waitfor",
}  # fmt: skip
"""What a statement begins with."""
_PLAIN = VERBS | {
    "with", "exec", "execute", "set", "declare", "print", "drop", "truncate", "commit", "rollback", "save", "use",
}  # fmt: skip
"""What does not decide whether the next statement runs, nor has statements in it."""
_QUERIES = VERBS | {"with"}
_COMBINES = frozenset({"union", "all", "except", "intersect"})


_MAKES = {"begin": ("tran", "transaction"), "create": ("table", "index"), "alter": ("table", "index")}
"""What has no statements in it either, by a word after the first."""
_FIRST = _PLAIN | _MAKES.keys() | {"go"}


class Cut:
    """Cuts tokens into statements; `open` says afterwards whether a bracket or a CASE was left open."""

    def __init__(self) -> None:
        self.open = False
        self._kind = ""
        self._taken = False

    def pieces(self, tokens: list[Any]) -> Iterator[tuple[str, list[Any]]]:
        """The word that each statement begins with ("" for none that could) and its tokens."""
        depth = cases = 0
        piece: list[Any] = []
        for position, token in enumerate(tokens):
            before = tokens[position - 1] if position else None
            word = token.text.lower() if token.token_type not in QUOTED else ""
            if before is not None and before.token_type in (TokenType.DOT, TokenType.PARAMETER):
                word = ""
            depth += BRACKETS.get(token.token_type, 0)
            if word == "case":
                cases += 1
            elif word == "end" and cases:
                cases -= 1
                word = ""
            if depth == 0 and not cases:
                after = tokens[position + 1] if position + 1 < len(tokens) else None
                ends = token.token_type is TokenType.SEMICOLON or (word == "go" and _alone(before, token, after))
                if ends or (word in _STARTS and not self._goes_on(word, before, after)):
                    if piece:
                        yield self._kind, piece
                    piece, self._kind, self._taken = [], "" if ends else word, False
                    if ends:
                        continue
                elif self._kind == "insert" and word in ("values", "default"):
                    self._taken = True
            piece.append(token)
        if piece:
            yield self._kind, piece
        self.open = bool(depth or cases)

    def _goes_on(self, word: str, before: Any, after: Any) -> bool:
        """Whether a word that could begin a statement is a part of the one that stands there."""
        hinted = self._kind in ("exec", "execute") or (after is not None and after.token_type is TokenType.L_PAREN)
        if word == "with" and hinted:
            return True
        if self._kind == "merge":
            return word not in ("end", "else")
        after_what = before.text.lower() if before is not None else ""
        if (after_what == "on" and word in ("delete", "update")) or (after_what in ("as", "for") and word in _QUERIES):
            return True  # what a foreign key does then; what a table is made of, or a cursor goes through
        if self._kind in ("create", "drop", "alter"):
            altered = ("drop", "alter") if self._kind == "alter" else ()
            return word in ("if", "set", *altered) or (word == "with" and self._kind != "drop")
        if word == "fetch" and after_what in ("row", "rows"):
            return True
        if word == "select" and after_what in _COMBINES:
            return True
        if self._kind == "with" and word in VERBS:
            self._kind = word
            return True
        if self._kind == "update" and word == "set" and not self._taken:
            self._taken = True
            return True
        if self._kind == "insert" and word in ("select", "exec", "execute", "with") and not self._taken:
            self._taken = word != "with"
            return True
        return False


def _alone(before: Any, token: Any, after: Any) -> bool:
    """Whether a token has a line of its own, as GO must."""
    return (before is None or before.line < token.line) and (after is None or after.line > token.line)


def apart(tokens: list[Any]) -> list[list[Any]]:
    """The statements of a batch, while they follow each other plainly: from the first one on that decides what runs
    (IF, WHILE, BEGIN) or has statements in it (CREATE VIEW), it is one piece to its end."""
    if tokens[0].text.lower() not in _FIRST:
        return [tokens]
    cut = Cut()
    pieces = list(cut.pieces(tokens))
    found: list[list[Any]] = []
    for position, (kind, piece) in enumerate(pieces):
        words = {token.text.lower() for token in piece[:4]}
        plain = kind in _PLAIN or not (position or words.isdisjoint(("use", "go")))
        plain = plain or not words.isdisjoint(_MAKES.get(kind, ()))
        if not plain or (kind == "declare" and any(token.text.lower() == "cursor" for token in piece)):
            found.append([token for _, rest in pieces[position:] for token in rest])
            break
        found.append(piece)
    return [tokens] if cut.open else found
