"""Vendors' spellings that the parser does not know, as spellings that it does; what they add is said beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot.tokenizer_core import Token, TokenType

Tokens = list[Any]

_MODIFIERS = frozenset({"low_priority", "high_priority", "delayed", "quick", "ignore", "concurrent"})
_WRITES = frozenset({"insert", "update", "delete", "replace"})
_WHERE, _CURRENT = TokenType.WHERE, ["current", "of"]
CURSOR = "the row is the one a cursor stands on"
PIPED = "a pipe goes on after rows were cut off or numbered"
REPLACES = "OR REPLACE deletes the rows in the way"


def plain(tokens: Tokens, dialect: str) -> tuple[Tokens, str | None]:
    """The statement's tokens as the parser knows them, and what of their meaning is not to be seen any more."""
    known = _BY_DIALECT.get(dialect)
    return known(tokens) if known is not None else (tokens, None)


def again(tokens: Tokens, dialect: str) -> Tokens | None:
    """The tokens of a statement that did not parse, spelled as the parser would have them; None: there is no other."""
    changed = _conditions_in_json(tokens)
    further = _UNREAD.get(dialect)
    found = further(changed) if further is not None else changed
    return found if found is not tokens else None


_PAIRS = frozenset({"json_object", "json_objectagg", "jsonb_object", "json_array", "json_arrayagg"})
_CONDITION = frozenset(
    {
        TokenType.EQ, TokenType.NEQ, TokenType.LT, TokenType.GT, TokenType.LTE, TokenType.GTE, TokenType.AND,
        TokenType.OR, TokenType.NOT, TokenType.IS, TokenType.IN, TokenType.LIKE, TokenType.ILIKE, TokenType.BETWEEN,
        TokenType.NULLSAFE_EQ, TokenType.RLIKE,
    }
)  # fmt: skip
_OPENS = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSES = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_OPERANDS = frozenset({TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER, TokenType.R_PAREN})
_ENDS_VALUE = frozenset({"absent", "returning", "format", "with", "without", "order"})


def _conditions_in_json(tokens: Tokens) -> Tokens:
    """A condition as a value of JSON_OBJECT and its like: put in brackets, the parser knows it."""
    out: Tokens = []
    starts: list[tuple[int, bool] | None] = []
    """Of each open bracket, if it is such a call's: where its value begins, and whether it is a condition."""
    for position, token in enumerate(tokens):
        kind = token.token_type
        call = starts[-1] if starts else None
        ends = kind is TokenType.COMMA or kind in _CLOSES or _ends_value(tokens, position)
        if call is not None and ends:
            start, condition = call
            if condition and start < len(out):
                out.insert(start, _made(TokenType.L_PAREN, "(", out[start]))
                out.append(_made(TokenType.R_PAREN, ")", token))
            starts[-1] = (len(out) + 1, False)
        elif call is not None and (kind in _CONDITION or token.text.lower() in ("is", "regexp")):
            starts[-1] = (call[0], True)
        if kind in _OPENS:
            named = position > 0 and tokens[position - 1].text.lower() in _PAIRS
            starts.append((len(out) + 1, False) if named else None)
        elif kind in _CLOSES and starts:
            starts.pop()
        out.append(token)
    return out if len(out) != len(tokens) else tokens


def _ends_value(tokens: Tokens, position: int) -> bool:
    if tokens[position].token_type is TokenType.COLON:  # the other colons are placeholders'
        return position > 0 and tokens[position - 1].token_type in _OPERANDS
    word = tokens[position].text.lower()
    if word == "null":
        return position + 1 < len(tokens) and tokens[position + 1].text.lower() == "on"
    return word in _ENDS_VALUE


def _made(kind: TokenType, text: str, at: Token) -> Token:
    return Token(kind, text, at.line, at.col, at.start, at.end)


def _depths(tokens: Tokens) -> list[int]:
    """How many brackets are open at each token, those that it opens or closes counted."""
    depth = 0
    out: list[int] = []
    for token in tokens:
        depth += (token.token_type in _OPENS) - (token.token_type in _CLOSES)
        out.append(depth)
    return out


def _tsql_again(tokens: Tokens) -> Tokens:
    """DELETE FROM a FROM t AS a: the first FROM may as well be left out. `SET a += 1` sets a to something else."""
    if tokens[0].text.lower() in ("update", "merge", "with", "set"):
        joined = {i for i, t in enumerate(tokens[:-1]) if t.text in _STEPS and _touch(t, tokens[i + 1])}
        return [t for i, t in enumerate(tokens) if i not in joined] if joined else tokens
    words = [token.text.lower() for token in tokens[:9]]
    if words[:2] == ["delete", "from"] and "from" in words[3:]:
        second = words.index("from", 3)
        if all(word == "." for word in words[3:second:2]) and second % 2:
            return [tokens[0], *tokens[second - 1 :]]
    return tokens


_STEPS = frozenset("+-*/%&^|")


def _touch(token: Token, equal: Token) -> bool:
    return equal.token_type is TokenType.EQ and token.end + 1 == equal.start


def _oracle_again(tokens: Tokens) -> Tokens:
    """UPDATE (query) SET: the query needs a name."""
    if tokens[0].text.lower() != "update" or len(tokens) < 4 or tokens[1].token_type is not TokenType.L_PAREN:
        return tokens
    close = next((i for i, depth in enumerate(_depths(tokens)) if i > 1 and depth == 0), len(tokens))
    if close + 1 < len(tokens) and tokens[close + 1].text.lower() == "set":
        return [*tokens[: close + 1], _made(TokenType.VAR, "inline_view", tokens[close]), *tokens[close + 1 :]]
    return tokens


def _clickhouse_again(tokens: Tokens) -> Tokens:
    """LIMIT n BY a LIMIT m: of the rows that the first leaves the second takes some; it is the stricter of the two."""
    depths = _depths(tokens)
    for start, token in enumerate(tokens):
        if token.token_type is not TokenType.LIMIT:
            continue
        rest = range(start + 1, len(tokens))
        end = next((i for i in rest if depths[i] < depths[start] or tokens[i].token_type is TokenType.LIMIT), None)
        words = [t.text.lower() for t in tokens[start:end]]
        if end is not None and tokens[end].token_type is TokenType.LIMIT and "by" in words and "select" not in words:
            return _clickhouse_again([*tokens[:start], *tokens[end:]])
    return tokens


_UNREAD: dict[str, Callable[[Tokens], Tokens]] = {
    "tsql": _tsql_again,
    "oracle": _oracle_again,
    "clickhouse": _clickhouse_again,
}


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
    if words[0] == "delete":
        tokens = _several_tables(tokens)
    for position, token in enumerate(tokens[:-1]):
        if token.token_type is TokenType.INTO and tokens[position + 1].text.lower() in ("outfile", "dumpfile"):
            rest = range(position + 2, len(tokens))
            end = next((i for i in rest if tokens[i].token_type is TokenType.FROM), len(tokens))
            return [*tokens[:position], *tokens[end:]], None
    return tokens, None


def _several_tables(tokens: Tokens) -> Tokens:
    """DELETE FROM a, b.* USING … is DELETE a, b FROM …"""
    words = [token.text.lower() for token in tokens[:40]]
    end = next((i for i, word in enumerate(words) if i > 1 and word in ("from", "using", "where", "(")), None)
    if end is None or words[end] not in ("from", "using"):
        return tokens
    named = tokens[1 + (words[1] == "from") : end]
    stars = [i for i, token in enumerate(named) if token.token_type is TokenType.STAR]
    several = words[end] == "using" and "," in words[1:end]
    if not stars and not several:
        return tokens
    named = [t for i, t in enumerate(named) if i not in stars and i + 1 not in stars]
    return [tokens[0], *named, _made(TokenType.FROM, "FROM", tokens[end]), *tokens[end + 1 :]]


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
    for position in range(3, len(tokens) - 2):
        if tokens[position].token_type is _WHERE and [t.text.lower() for t in tokens[position + 1 :][:2]] == _CURRENT:
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
