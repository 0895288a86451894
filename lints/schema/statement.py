"""One statement that changes the schema: its text, how names fold in it and where its facts come from."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from lints.patterns import regex
from lints.schema.catalog import Catalog
from lints.schema.names import fold, qualified
from lints.schema.split import Piece
from lints.tenancy import Origin

_MANY = 10
"""Joins of which a parser may try each in two ways."""

HEAD = regex(r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*+([A-Za-z_]+)(?:\s+([A-Za-z_]+))?", re.DOTALL)
TABLE_DDL = regex(
    r"\b(?:create|alter|drop|rename)\s+(?:(?:or\s+(?:replace|alter)|unlogged|foreign|materialized|recursive|unique|global"
    r"|local|secure|external|dynamic|transient|hybrid|(?:no)?force|(?:non)?editionable|algorithm\s*=\s*\w+"
    r"|definer\s*=\s*\S+|sql\s+security\s+\w+)\s+)*"
    r"(?:table|view|policy|index)\b",
    re.IGNORECASE,
)


def _lines_before(text: str, word: str) -> int:
    """The lines before the first place where a word stands by itself, in capitals or not; 0 if nowhere. It is asked
    for each column of each table, so that no expression is made for it."""
    text, word = text.lower(), word.lower()
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        beside = text[max(0, start - 1) : start] + text[end : end + 1]
        if not any(letter.isalnum() or letter in "_$" for letter in beside):
            return text.count("\n", 0, start)
        start = text.find(word, start + 1)
    return 0


class Statement:
    """A statement at its place, applied to `catalog`."""

    def __init__(self, catalog: Catalog, path: str, piece: Piece, dialect: str) -> None:
        self.catalog = catalog
        self.path = path
        self.piece = piece
        self.dialect = dialect

    def origin(self, why: str, near: str | None = None) -> Origin:
        """The statement's place, or the line of the first mention of `near` in it."""
        line = self.piece.line
        if near:
            line += _lines_before(self.piece.text, near)
        return Origin(path=self.path, line=line, why=why)

    def parse(self, text: str) -> exp.Expr | None:
        """The syntax tree in the first dialect that knows the statement; None for what no parser may see."""
        if text.lower().count("join") > _MANY:
            from lints.proof.parse import refusal  # it reads models itself

            if refusal(text, self.dialect) is not None:
                return None
        for dialect in dict.fromkeys((self.dialect, "postgres", "mysql", "sqlite", "tsql", "clickhouse")):
            try:
                tree = parse_one(text, dialect=dialect)
            except (SqlglotError, RecursionError):
                continue
            if not isinstance(tree, exp.Command):
                return tree
        return None

    def fold(self, identifier: exp.Expr | None) -> str:
        """The name that an identifier, or a column, stands for."""
        if isinstance(identifier, exp.Column):
            identifier = identifier.this
        if not isinstance(identifier, exp.Identifier):
            return str(identifier.name) if identifier is not None else ""
        return fold(identifier.name, self.dialect, quoted=bool(identifier.args.get("quoted")))

    def table_name(self, table: exp.Expr | None) -> tuple[str | None, str]:
        """(schema or None, name)."""
        if isinstance(table, exp.Schema):
            table = table.this
        if not isinstance(table, exp.Table):
            return None, self.fold(table)
        schema = self.fold(table.args["db"]) if table.args.get("db") else None
        return schema, self.fold(table.this)

    def written_name(self, written: str) -> tuple[str | None, str]:
        """(schema or None, name) of a name as written."""
        return qualified(written, self.dialect)

    def columns(self, expressions: Iterable[exp.Expr]) -> tuple[str, ...]:
        """Column names in order; an expression that is not a plain column is the empty string."""
        names: list[str] = []
        for item in expressions:
            inner = item.this if isinstance(item, exp.Ordered) else item
            if isinstance(inner, exp.ColumnPrefix):
                inner = inner.this
            names.append(self.fold(inner) if isinstance(inner, (exp.Identifier, exp.Column)) else "")
        return tuple(names)
