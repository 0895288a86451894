"""Text to syntax trees, within limits: sqlglot's exceptions and recursion end here, as a refusal with a reason."""

from __future__ import annotations

import itertools
import logging
import re
import threading
from typing import Any, NamedTuple

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from lints.patterns import regex
from lints.proof.batches import VERBS, apart
from lints.proof.dialects import ALIASES
from lints.proof.ir import Unsupported
from lints.proof.marks import NOT_PLAIN, written_out
from lints.proof.names import Index
from lints.proof.spellings import again, plain
from lints.proof.text import (
    MAX_DEPTH,
    MAX_JOINS,
    MAX_LENGTH,
    MAX_LOOSE,
    MAX_PREFIX,
    MAX_SPREAD,
    Prepared,
    fingerprint,
    prepare,
)
from lints.tenancy import View

_STEPS: dict[TokenType, tuple[int, bool, int]] = {
    **dict.fromkeys((TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE), (1, False, 0)),
    **dict.fromkeys((TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE), (-1, False, 0)),
    **dict.fromkeys((TokenType.NOT, TokenType.DASH, TokenType.TILDE, TokenType.INTERVAL), (0, True, 0)),
    TokenType.CASE: (1, False, 0),
    TokenType.END: (-1, False, 0),
    TokenType.JOIN: (0, False, 1),
    TokenType.ON: (0, False, -1),
    TokenType.USING: (0, False, -1),
}
"""Token to what it adds: nesting, a prefix operator, a join whose condition is still to come."""
_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_QUOTED = frozenset(
    {
        TokenType.STRING, TokenType.IDENTIFIER, TokenType.RAW_STRING, TokenType.NATIONAL_STRING,
        TokenType.HEREDOC_STRING, TokenType.BYTE_STRING, TokenType.UNICODE_STRING,
    }
)  # fmt: skip
_CLAUSES = {
    **dict.fromkeys((TokenType.ORDER_BY, TokenType.LIMIT, TokenType.OFFSET, TokenType.SELECT), "other"),
    **dict.fromkeys((TokenType.WHERE, TokenType.HAVING, TokenType.GROUP_BY, TokenType.SET), "where"),
    **dict.fromkeys((TokenType.FROM, TokenType.JOIN, TokenType.ON, TokenType.USING, TokenType.INTO), "from"),
}
_OPERATORS = frozenset({TokenType.AND, TokenType.OR, TokenType.WHERE, TokenType.ON, TokenType.HAVING})
_OPERANDS = frozenset({TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER, TokenType.R_PAREN})


CUT = "a NUL character, at which drivers end the text"
REFUSALS = frozenset(
    {CUT, "too deeply nested", "too many joins", "the text is too long", "a comment that MySQL executes", NOT_PLAIN}
)
"""Reasons not to parse a text that may well be SQL: it is opaque, not unparsed."""


class Statement(NamedTuple):
    """One statement of a text. `tree` is None if it was not understood; then `error` says why."""

    tree: Any
    error: str | None
    tokens: list[Any]
    fingerprint: str = ""
    holes: tuple[str, ...] = ()
    """What was assumed to make text with interpolations parse."""
    dropped: bool = False
    """Whether interpolated text that may hold a condition was left out."""
    opens: bool = False
    """Whether interpolated text was left out where it may add a relation."""
    hidden: str | None = None
    """What the tree does not say of the statement's meaning."""


class _Tools(threading.local):
    """Tokenizers and parsers of this thread; they are costly to make and keep state while they work."""

    def __init__(self) -> None:
        self.made: dict[str, tuple[Any, Any]] = {}

    def of(self, dialect: str) -> tuple[Any, Any]:
        if dialect not in self.made:
            logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it warns of every statement it keeps as text
            found = Dialect.get_or_raise(dialect)
            self.made[dialect] = (found.tokenizer(), found.parser())
        return self.made[dialect]


_tools = _Tools()


def parse(sql: str, dialect: str) -> tuple[Prepared, list[Statement]]:
    """The statements of a text, in order. A text that can't even be split is one statement with an error."""
    if len(sql) > MAX_LENGTH:
        sql = _shortened(sql)
        if len(sql) > MAX_SPREAD or len(sql) - sql.count(" ") > MAX_LENGTH:
            return Prepared(sql, (), {}), [Statement(None, "the text is too long", [])]
    if "\0" in sql:  # where drivers cut it off
        return Prepared(sql.replace("\0", " "), (), {}), [Statement(None, CUT, [])]
    if dialect == "mysql" and "/*!" in sql:
        sql = _RUN.sub(_uncovered, sql)
    prepared = prepare(sql, dialect)
    tokens = tokenize(prepared.text, dialect)
    if isinstance(tokens, str):
        return prepared, [Statement(None, tokens, [])]
    if dialect == "mysql" and "/*" in prepared.text and re.search(r"/\*M?!", prepared.text):
        return prepared, [Statement(None, "a comment that MySQL executes", tokens)]
    if dialect == "oracle" and _is_block(tokens):
        return prepared, [Statement(None, "a procedural block", tokens)]
    chunks = _chunks(tokens) if ";" in prepared.text else [tokens] if tokens else []
    statements = [_statement(prepared.text, chunk, dialect) for chunk in chunks]
    if dialect == "tsql":
        statements = [one for whole in statements for one in _apart(prepared.text, whole, dialect)]
    return prepared, statements


_ITEM = r"(?:'[^']*+'|[0-9]++|\$[0-9]++|\?)"
_LISTED = regex(rf"\"[^\"]*+\"|`[^`]*+`|(?P<list>{_ITEM}(?P<more>(?:\s*,\s*{_ITEM}(?=\s*[,)])){{999,}}+))|'[^']*+'")
_UNSAFE = regex(r"\\|--|/\*|\#|\[|\$(?:[A-Za-z_]\w*)?\$|\bq'", re.IGNORECASE)
"""What makes it unsure where a string ends, without the tokenizer."""


def _shortened(sql: str) -> str:
    """A text with blanks in the place of all constants but the first of a list of thousands."""
    if _UNSAFE.search(sql):
        return sql
    return _LISTED.sub(
        lambda m: m[0] if m["list"] is None else m["list"][: m.start("more") - m.start()] + " " * len(m["more"]), sql
    )


def _is_block(tokens: list[Any]) -> bool:
    """Whether the whole text is one of PL/SQL's blocks."""
    words = [token.text.lower() for token in (*tokens[:2], *tokens[-3:])]
    return len(tokens) > 3 and words[0] in ("begin", "declare") and words[1] != ";" and "end" in words[2:]


_RUN = regex(
    r"""'(?:[^'\\]|\\.|'')*+'|"(?:[^"\\]|\\.|"")*+"|`[^`]*+`|\#[^\n]*|--[^\n]*"""
    r"""|/\*!(?P<version>[0-9]{5}(?![0-9])|(?![0-9M]))(?P<text>(?:[^*'"`/]|\*(?!/)|/(?!\*))*+)\*/|/\*(?:[^*]|\*(?!/))*+\*/"""
)
_OLDEST = 80_000
"""The MySQL that still runs: what older ones execute, it does too."""


def _uncovered(found: re.Match[str]) -> str:
    """The text of a comment that MySQL executes, at its place."""
    if found["text"] is None or int(found["version"] or 0) > _OLDEST:
        return found.group()
    return " " * (3 + len(found["version"])) + found["text"] + "  "


def tokenize(text: str, dialect: str) -> list[Any] | str:
    """The tokens, or why there are none."""
    try:
        tokens: list[Any] = _tools.of(dialect)[0].tokenize(text)
    except (SqlglotError, RecursionError, ValueError, IndexError) as error:
        return _line(error)
    return tokens


def _chunks(tokens: list[Any]) -> list[list[Any]]:
    ends = [position for position, token in enumerate(tokens) if token.token_type is TokenType.SEMICOLON]
    edges = [-1, *ends, len(tokens)]
    return [tokens[a + 1 : b] for a, b in itertools.pairwise(edges) if b > a + 1]


_QUERIES = VERBS | {"with"}


def _piece(text: str, tokens: list[Any], dialect: str) -> Statement:
    found = _statement(text, tokens, dialect)
    if found.tree is None and tokens[0].token_type is TokenType.COMMAND:  # one that the tokenizer keeps as a text
        start, end = tokens[0].start, tokens[-1].end + 1
        again_ = tokenize(" " * start + text[start:end], dialect)
        found = found if isinstance(again_, str) else _statement(text, again_, dialect)
    return found


def _apart(text: str, whole: Statement, dialect: str) -> list[Statement]:
    """The statements of a text of T-SQL that is not one. A query that does not parse stays one where a part of it does
    not; what comes after a statement that touches no row is judged, whatever it is."""
    if isinstance(whole.tree, (exp.Query, exp.DML, exp.Merge, exp.MultitableInserts)) or len(whole.tokens) < 2:
        return [whole]
    pieces = apart(unfold(whole.tokens, text, dialect))
    if len(pieces) < 2:
        return [whole]
    statements = [_piece(text, piece, dialect) for piece in pieces]
    queried = whole.tree is None and whole.tokens[0].text.lower() in _QUERIES
    return [whole] if queried and not all(one.tree is not None for one in statements) else statements


def _statement(text: str, tokens: list[Any], dialect: str) -> Statement:
    refusal, digest, holes = _scan(tokens)
    if refusal is not None:
        return Statement(None, refusal, tokens, digest)
    tokens, hidden = plain(tokens, dialect)
    parser = _tools.of(dialect)[1]
    notes: list[str] = []
    dropped = opens = respelled = False
    current = tokens
    for _ in range(2 + min(8, holes)):
        try:
            trees = parser.parse(current, text)
        except RecursionError:
            return Statement(None, "too deeply nested", tokens, digest)
        except (SqlglotError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
            spelled = again(current, dialect) if not respelled else None
            if spelled is not None:
                current, respelled = spelled, True
                continue
            repaired = _repair(current, error) if holes else None
            if repaired is None:
                return Statement(None, _line(error), tokens, digest)
            current, note, place = repaired
            notes.append(note)
            dropped = dropped or place in ("where", "from")
            opens = opens or place == "from"
            continue
        if len(trees) != 1 or trees[0] is None:
            return Statement(None, "not one statement", tokens, digest)
        tree = trees[0]
        if "(+)" in text and any(token.token_type is TokenType.JOIN_MARKER for token in tokens):
            try:
                tree = written_out(tree)
            except Unsupported as reason:
                return Statement(None, str(reason), tokens, digest)
        if dialect == "oracle":
            _numbered(tree)
        return Statement(tree, None, tokens, digest, tuple(notes), dropped, opens, hidden)
    return Statement(None, "interpolated text in places that don't parse", tokens, digest)


def refusal(text: str, dialect: str) -> str | None:
    """Why the parser must not see a text, if there is a reason; what can't be split into tokens is one."""
    tokens = tokenize(text, ALIASES.get(dialect, dialect))
    return tokens if isinstance(tokens, str) else _scan(tokens)[0]


def _numbered(tree: Any) -> None:
    """Oracle's ROWNUM numbers the rows of its block before anything outside is asked: the block is marked."""
    for column in tree.find_all(exp.Column, exp.Pseudocolumn):
        if column.name.upper() == "ROWNUM" and (block := column.find_ancestor(exp.Select)) is not None:
            block.set("rownum", True)


def _scan(tokens: list[Any]) -> tuple[str | None, str, int]:
    """In one pass: whether the parser must not see it, the fingerprint, and how many interpolations there are."""
    depth = run = joins = 0
    last = -1
    refusal: str | None = None
    kinds = [token.token_type for token in tokens]
    texts = [token.text for token in tokens]
    few = sum(map(_STEPS.__contains__, kinds)) <= MAX_DEPTH  # the least of the limits: nothing can be beyond one
    for position, step in enumerate(() if few else map(_STEPS.get, kinds)):
        if step is None:
            continue
        opening, prefix, join = step
        depth += opening
        joins = max(0, joins + join)
        if prefix:
            run = run + 1 if position == last + 1 else 1
            last = position
        if depth > MAX_DEPTH or run > MAX_PREFIX:
            refusal = "too deeply nested"
        elif joins > MAX_JOINS:
            refusal = "too many joins"
    if refusal is None and len(kinds) > 2 * MAX_LOOSE and sum(map(kinds.count, _JOINS)) > MAX_LOOSE and _loose(kinds):
        refusal = "too many joins"
    if _QUOTED.isdisjoint(kinds):
        whole = "\x1f".join(texts).lower()
    else:
        whole = "\x1f".join(f"'{t}" if k in _QUOTED else t.lower() for k, t in zip(kinds, texts, strict=True))
    return refusal, fingerprint(whole), sum("__hole_" in text for text in texts) if "__hole_" in whole else 0


_JOINS = frozenset({TokenType.JOIN, TokenType.STRAIGHT_JOIN})
_CONDITIONS = frozenset({TokenType.ON, TokenType.USING})
_FREE = frozenset({TokenType.CROSS, TokenType.ARRAY})
"""What makes a join that has no condition."""


def _loose(kinds: list[Any]) -> bool:
    """Whether too many joins lack a condition, counting those of a bracket and of the worst bracket inside of it."""
    stack = [[0, 0]]
    for position, kind in enumerate(kinds):
        level = stack[-1]
        if kind in _OPENING:
            stack.append([0, 0])
        elif kind in _CLOSING and len(stack) > 1:
            stack.pop()
            stack[-1][1] = max(stack[-1][1], sum(level))
        elif kind in _JOINS:
            level[0] += not _free(kinds, position)
        elif kind in _CONDITIONS:
            level[0] = max(0, level[0] - 1)
    while len(stack) > 1:  # brackets that are never closed
        inside = sum(stack.pop())
        stack[-1][1] = max(stack[-1][1], inside)
    return sum(stack[0]) > MAX_LOOSE


def _free(kinds: list[Any], position: int) -> bool:
    """Whether a join has no condition to wait for: CROSS, unless that is what is joined."""
    return position > 1 and kinds[position - 1] in _FREE and kinds[position - 2] not in _JOINS


_AFTER_ORDER = frozenset({"nulls", "limit", "offset", "fetch", "for", "option"})


def _repair(tokens: list[Any], error: Exception) -> tuple[list[Any], str, str] | None:
    """Drop the interpolation nearest before the place the parser stopped at. None: there is none.

    Returns the tokens, what is assumed, and the clause it stood in.
    """
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
    direction = after is not None and after.text.lower() in _AFTER_ORDER  # `ORDER BY name ${direction} NULLS LAST`
    if (
        before.token_type in _OPERANDS
        and after is not None
        and not direction
        and (after.token_type in _OPERANDS or after.text == ":")
    ):
        operator = Token(TokenType.NEQ, "<>", token.line, token.col, token.start, token.end)
        return [*tokens[:last], operator, *tokens[last + 1 :]], f"{token.text} is an operator", "operator"
    rest = tokens[:last] + tokens[last + 1 :]
    note = f"the interpolated text {token.text} adds no relation and no alternative"
    if before.token_type in _OPERATORS or (after is not None and after.token_type in (TokenType.AND, TokenType.OR)):
        return None
    return rest, note, _clause(tokens, last)


def _clause(tokens: list[Any], position: int) -> str:
    """The clause a place is in: where, from, or other for those in which neither condition nor relation can stand."""
    depth = 0
    for token in reversed(tokens[:position]):
        kind = token.token_type
        if kind in _CLOSING:
            depth += 1
        elif kind in _OPENING:
            depth -= 1
            if depth < 0:
                return "where"
        elif depth == 0 and kind in _CLAUSES:
            return _CLAUSES[kind]
    return "where"


def _line(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "too deeply nested"
    text = _ESCAPE.sub("", str(error)).strip().splitlines()
    said = (
        _CLASS.sub(r"\1", _TOKEN.sub(r"\1", text[0]))[:200].replace("SENTINEL", "the end").rstrip(".") if text else ""
    )
    return said or type(error).__name__


_ESCAPE = regex(r"\x1b\[\d*m")
_TOKEN = regex(r"<Token token_type: [\w.]+, text: (.*?), line: \d+,[^>]*>")
_CLASS = regex(r"<class '[\w.]*?(\w+)'>")
"""How the parser shows what it is made of."""


def reparse(tokens: list[Any] | None, text: str, dialect: str) -> Statement:
    """A statement inside another one, from its tokens, or from a text whose offsets are those of the whole."""
    if tokens is None:
        found = tokenize(text, dialect)
        if isinstance(found, str):
            return Statement(None, found, [])
        tokens = found
    if not tokens:
        return Statement(None, "an empty statement", [])
    return _statement(text, tokens, dialect)


def unfold(tokens: list[Any], text: str, dialect: str) -> list[Any]:
    """The tokens of a statement whose rest the tokenizer left as one string (EXPLAIN, PREPARE, CALL and the like)."""
    if len(tokens) != 2 or tokens[1].token_type is not TokenType.STRING:
        return tokens
    start = tokens[0].end + 1
    rest = tokenize(" " * start + text[start : tokens[1].end + 1], dialect)
    if isinstance(rest, str):
        return tokens
    if len(rest) == 2 and rest[1].token_type is TokenType.STRING and text[rest[1].start] not in "'\"":
        return [tokens[0], *unfold(rest, text, dialect)]  # a name that is a verb elsewhere: PREPARE fetch AS …
    return [tokens[0], *rest]


def view_query(index: Index, view: View) -> Any:
    """The query a view stands for; None if it does not parse. Parsed once per index."""
    if view.name not in index.parsed_views:
        index.parsed_views[view.name] = None
        _, statements = parse(view.sql, index.dialect)
        if len(statements) == 1 and statements[0].tree is not None:
            tree = statements[0].tree
            if isinstance(tree, exp.Create):
                named = tree.this.expressions if isinstance(tree.this, exp.Schema) else []
                tree = tree.expression
                if named and isinstance(tree, exp.Query):
                    index.view_columns[view.name] = [index.fold(c) for c in named if isinstance(c, exp.Identifier)]
            if isinstance(tree, exp.Query):
                index.parsed_views[view.name] = tree
    return index.parsed_views[view.name]
