"""Rows that are written under a row which a client names: their tenant is right, and the other row may be anybody's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from lints.context.facts import About, Context
from lints.context.judging import OBJECTS
from lints.context.keys import sent
from lints.patterns import regex
from lints.rows import Access, assumed
from lints.tenancy import Model, Ownership, Table
from lints.vouch.plain import plain

if TYPE_CHECKING:
    from lints.vouch.said import Text

ORM, SQL = "TENORM002", "TENSQL011"
_INSERT = regex(r"\s*INSERT\s+INTO\s+[\"`\[]?([\w.]+)[\"`\]]?\s*\(([^()]{1,4000})\)\s*VALUES\s*\(", re.IGNORECASE)
_UPDATE = regex(r"\s*UPDATE\s+[\"`\[]?([\w.]+)[\"`\]]?\s+SET\s", re.IGNORECASE)
_WHERE = regex(r"\bWHERE\b", re.IGNORECASE)
_SET = regex(r"(\w+)[\"`\]]?\s*=\s*")
_TENANTS = frozenset({Ownership.OWNED, Ownership.CHILD})


def possible(rows: Sequence[Access], facts: Sequence[Context]) -> bool:
    """Whether any of some rows is a proven one that is written where a client is heard."""
    return any(
        row.verdict == "proven"
        and row.operation in {"insert", "update"}
        and any(f.about is About.CLIENT and f.line <= row.line <= f.end_line for f in facts)
        for row in rows
    )


def linked(
    row: Access, texts: Sequence[Text], facts: Sequence[Context], read: Collection[tuple[str, str]], model: Model
) -> Access:
    """The row of a proven INSERT or UPDATE as it is judged where a client names the row that it is put under, unasked.

    What is read along that key later shows the other tenant's row, or lets it count this one. `read` are keys by which
    rows of tables were found under their tenant before.
    """
    around = [fact for fact in facts if fact.line <= row.line <= fact.end_line]
    if row.verdict != "proven" or any(fact.about is About.STAFF for fact in around):
        return row
    if row.language == "php" or (row.language == "ruby" and OBJECTS.search(row.path) is not None):
        return row  # the rules of a request of its own class may ask, out of sight; an object's own `params`
    clients = [fact for fact in around if fact.about is About.CLIENT]
    for text in texts:
        for column, parent, source in _written(text, model):
            if (plain(source), parent) in read:
                continue
            said = sent(source, clients, row.first_line - 1)  # what it is written with asks nothing
            if said is not None:
                rule = ORM if text.table is not None else SQL
                return assumed(row, rule, f"what {column} refers to was checked to be the caller's ({said})")
    return row


def _written(text: Text, model: Model) -> Iterator[tuple[str, str, str]]:
    """The keys to tenants' rows that a statement writes, each with their table and the value as written."""
    new = _INSERT.match(text.sql)
    head = new or _UPDATE.match(text.sql)
    table = model.tables.get(head.group(1)) if head is not None else None
    if head is None or table is None:
        return
    keys = dict(_keys(table, model))
    where = None if new is not None else _WHERE.search(text.sql, head.end())
    columns = [name.strip(' "`[]\n\t') for name in new.group(2).split(",")] if new is not None else []
    for start, _, source in text.marks if keys else ():
        if new is not None:
            before = text.sql[new.end() : start]
            column = columns[before.count(",")] if "(" not in before and before.count(",") < len(columns) else ""
        elif where is None or start < where.start():
            found = _SET.search(text.sql, max(head.end(), start - 80), start)
            column = found.group(1) if found is not None and found.end() == start else ""
        else:
            continue
        if column in keys:
            yield column, keys[column], source


def _keys(table: Table, model: Model) -> Iterator[tuple[str, str]]:
    """Columns that refer to a tenant's row and that no key makes one of the same tenant."""
    carried = {c for k in table.foreign_keys if table.tenant_column in k.columns for c in k.columns}
    for key in table.foreign_keys:
        parent = model.tables.get(key.references)
        owned = parent is not None and parent.ownership in _TENANTS
        if owned and len(key.columns) == 1 and key.columns[0] not in carried:
            yield key.columns[0], key.references
