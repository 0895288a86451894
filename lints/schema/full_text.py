"""SQLite's full text tables: an index over a table's rows, or a table of texts."""

from __future__ import annotations

import re

from lints.patterns import regex
from lints.schema.names import NAME
from lints.schema.security import parenthesised, top_level_commas
from lints.schema.statement import Statement
from lints.tenancy import Column, ForeignKey

FULL_TEXT = regex(
    rf"create\s+virtual\s+table\s+(?:if\s+not\s+exists\s+)?({NAME})\s+using\s+fts[345]\s*(?=\()", re.IGNORECASE
)
_OPTION = regex(r"(\w+)\s*=\s*['\"]?([^'\"]*)['\"]?\s*\Z", re.DOTALL)


def full_text(s: Statement, found: re.Match[str]) -> None:
    """CREATE VIRTUAL TABLE … USING fts5(…): its columns, the one that a search names, which is called like the table,
    and `rowid`, which with `content='boats'` is the key of the row that is indexed (https://sqlite.org/fts5.html)."""
    schema, name = s.written_name(found.group(1))
    written = top_level_commas(parenthesised(f"body {s.piece.text[found.end() :]}", "body") or "")
    if not any(re.search(r"\bunindexed\s*\Z|\Acontent\s*=\s*['\"]?\w", part, re.IGNORECASE) for part in written):
        return  # texts without a key: whose they are is not said
    draft = s.catalog.create(schema, name, s.origin("created here", name))
    options: dict[str, str] = {}
    for part in written:
        option = _OPTION.match(part)
        if option is not None:
            options[option.group(1).lower()] = option.group(2).strip()
        elif part:
            column = s.written_name(part.split()[0])[1]
            draft.add_column(Column(name=column, type="text"), s.origin(f"{column} is declared here", column))
    draft.add_column(Column(name=name, type="text"), s.origin("what a search compares", name))
    draft.add_column(Column(name="rowid", type="integer", nullable=False), s.origin("the row's number", name))
    draft.primary_key = ("rowid",)
    content = s.written_name(options["content"])[1] if options.get("content") else ""
    if content and s.catalog.find(None, content) is not None:
        key = s.written_name(options.get("content_rowid") or "rowid")[1]
        parent = s.catalog.find(None, content)
        if parent is not None and key == "rowid" and len(parent.primary_key) == 1:
            key = parent.primary_key[0]  # an INTEGER PRIMARY KEY is the rowid
        draft.foreign_keys[f"{name}_content"] = (
            ForeignKey(columns=("rowid",), references=content, referenced_columns=(key,)),
            s.origin(f"an index of the rows of {content}", name),
        )
