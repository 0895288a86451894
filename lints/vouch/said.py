"""What a statement says of the rows that it gives: which table they are of, and by which keys they were found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lints.patterns import regex
from lints.rows import Access
from lints.tenancy import Model, Ownership, Table
from lints.vouch.plain import plain

MARK = 9900
_NOBODYS = frozenset({Ownership.GLOBAL, Ownership.UNKNOWN})
PART = regex(
    r"(?P<first>(?:\[0\]|\.rows\[0\]|\.first(?:\(\))?|\.at\(0\))?)(?:\.(?P<word>\w+)(?P<call>\(\))?|\[(?P<index>\d+)\])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The SQL of one path; `marks` are its placeholders with what they stand for: (start, end, source)."""

    sql: str
    dialect: str
    marks: tuple[tuple[int, int, str], ...]
    loose: bool = False
    """Whether a value that is undefined is no condition at all."""
    table: str | None = None
    """The table of an ORM's call, whose rows it gives."""

    def with_values(self, markers: Mapping[str, str]) -> str:
        """The text with placeholders of their own for some expressions."""
        out, position = [], 0
        for start, end, source in self.marks:
            marker = markers.get(plain(source))
            if marker is not None:
                out += [self.sql[position:start], f":{marker}"]
                position = end
        return "".join([*out, self.sql[position:]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One statement where it stands: its rows so far, and its texts on each path."""

    rows: list[Access]
    texts: tuple[Text, ...]


_Key = tuple[str, str, str]
"""A table, a column that says which of its rows is meant, and the table that refers to it, if that is known of one."""


def pinned(first: Place, value: str, model: Model, *, answers: bool = False, listed: bool = False) -> set[_Key]:
    """The tables of which a statement, on every path, finds the one row whose key is a value, or (`listed`) those whose
    keys are in a list. `answers`: it may tell only that there is one, or how many."""
    out: set[_Key] | None = None
    for text in first.texts:
        sql = marked(text, value)
        found = _keys(sql, text.dialect, model, answers=answers, listed=listed) if f":h{MARK}" in sql else set()
        out = found if out is None else out & found
    return out or set()


def tree_of(sql: str, dialect: str) -> Any:
    from lints.proof.dialects import ALIASES, DIALECTS
    from lints.proof.parse import parse

    dialect = ALIASES.get(dialect, dialect)
    if dialect not in DIALECTS:
        return None
    _, statements = parse(sql, dialect)
    return statements[0].tree if len(statements) == 1 else None


def _keys(sql: str, dialect: str, model: Model, *, answers: bool = False, listed: bool = False) -> set[_Key]:
    """The keys that the marked placeholder is compared with, of tables each row of the result comes from."""
    from sqlglot import exp

    tree = tree_of(sql, dialect)
    if isinstance(tree, exp.Select) and answers and tree.args.get("from_") is None and len(tree.expressions) == 1:
        asked = tree.expressions[0].unalias()
        tree = asked.this if isinstance(asked, exp.Exists) else tree
    if not isinstance(tree, (exp.Select, exp.Update, exp.Delete)) or (
        isinstance(tree, exp.Select) and _always_a_row(tree) and not answers
    ):
        return set()
    return {key for known, column in _compared(tree, model, listed=listed) for key in _named_by(known, column, model)}


def _compared(tree: Any, model: Model, *, listed: bool = False) -> Iterable[tuple[tuple[str, Table], str]]:
    """The columns that the marked placeholder is equal to in every row, or (`listed`) that are in it, each with its
    table."""
    from sqlglot import exp

    tables = relations(tree)
    where = tree.args.get("where")
    if tables is None or where is None or tree.args.get("with_") is not None:
        return
    for part in conjuncts(where.this):
        sides: tuple[tuple[Any, Any], ...]
        if isinstance(part, exp.In) and listed and len(part.expressions) == 1:
            sides = ((part.this, part.expressions[0]),)
        elif isinstance(part, exp.EQ) and not listed:
            sides = ((part.this, part.expression), (part.expression, part.this))
        else:
            continue
        for column, value in sides:
            if not isinstance(column, exp.Column) or not _is_marker(value):
                continue
            alone = next(iter(tables.values())) if len(tables) == 1 else None
            table = tables.get(column.table) if column.table else alone
            known = table_of(table, model) if table is not None else None
            key = stored(column.name, known) if known is not None else None
            if known is not None and key is not None:
                yield known, key


def marked(text: Text, value: str) -> str:
    """The text with a placeholder of its own for an expression; see `equal_to`."""
    return text.with_values({value: f"h{MARK}"})


def equal_to(sql: str, dialect: str, model: Model) -> Iterable[tuple[str, str]]:
    """The tables and columns that what `marked` has marked is equal to in every row."""
    from sqlglot import exp

    tree = tree_of(sql, dialect)
    if isinstance(tree, (exp.Select, exp.Update, exp.Delete)):
        yield from ((known[0], column) for known, column in _compared(tree, model))


def _named_by(known: tuple[str, Table], column: str, model: Model) -> set[_Key]:
    """The rows that a column of a row names: its own, or one that it refers to."""
    out: set[_Key] = {(known[0], column, "")} if identifies(known, column) else set()
    for key in known[1].foreign_keys:
        parent = table_of(key.references, model)
        if key.columns == (column,) and parent is not None and parent[1].ownership is not Ownership.ROOT:
            there = key.referenced_columns or parent[1].primary_key
            if len(there) == 1 and identifies(parent, there[0]):
                out.add((parent[0], there[0], known[0]))
    return out


def _is_marker(node: Any) -> bool:
    from sqlglot import exp

    while isinstance(node, (exp.Paren, exp.Cast)):
        node = node.this
    return isinstance(node, exp.Placeholder) and str(node.this).lower() == f"h{MARK}"


def conjuncts(node: Any) -> Iterable[Any]:
    from sqlglot import exp

    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, exp.Paren):
            stack.append(top.this)
        elif isinstance(top, exp.And):
            stack += [top.this, top.expression]
        else:
            yield top


def _always_a_row(tree: Any) -> bool:
    """Whether it gives a row even where it finds none: `SELECT count(*)`, `SELECT EXISTS (…)`."""
    from sqlglot import exp

    grouped = tree.args.get("group") is not None
    return not grouped and any(item.find(exp.AggFunc, exp.Exists) is not None for item in tree.expressions)


def relations(tree: Any) -> dict[str, str] | None:
    """The tables that each row of the result comes from, by the name conditions use; None if that can't be said."""
    from sqlglot import exp

    if isinstance(tree, exp.Select):
        start = tree.args.get("from_")
        first = start.this if start is not None else None
    else:
        first = tree.this
    joins = [*(tree.args.get("joins") or ()), *(first.args.get("joins") or () if first is not None else ())]
    if not isinstance(first, exp.Table) or any(join.side in {"RIGHT", "FULL"} for join in joins):
        return None
    found = {first.alias_or_name: first.name}
    for join in joins:
        if isinstance(join.this, exp.Table) and not join.side and join.kind in {"", "INNER", "CROSS"}:
            found[join.this.alias_or_name] = join.this.name
        else:
            found[join.alias_or_name] = ""
    return found


def table_of(name: str, model: Model) -> tuple[str, Table] | None:
    for key in (name, name.lower()):
        known = model.tables.get(key)
        if known is not None and known.ownership not in _NOBODYS:
            return key, known
    return None


def stored(column: str, known: tuple[str, Table]) -> str | None:
    columns = known[1].columns
    return next((name for name in (column, column.lower()) if name in columns), None)


def identifies(known: tuple[str, Table], column: str) -> bool:
    """Whether a column says which row of a table is meant."""
    table = known[1]
    key = tuple(name for name in table.primary_key if name != table.tenant_column) or table.primary_key
    return key == (column,) or (column,) in table.unique


def row_of(first: Place, part: re.Match[str], model: Model) -> _Key | None:
    """The table and key that a part of what a statement found is."""
    word, index = part.group("word"), part.group("index")
    found: set[_Key | None] = set()
    for text in first.texts:
        found.add(_given_by(text, word, int(index) if index is not None else None, model))
    return found.pop() if len(found) == 1 else None


def _given_by(text: Text, word: str | None, index: int | None, model: Model) -> _Key | None:
    from sqlglot import exp

    tree = tree_of(text.sql, text.dialect)
    if isinstance(tree, exp.Insert):
        target, listed = tree.this, tree.args.get("returning")
        first = target.this if isinstance(target, exp.Schema) else target
        if tree.args.get("conflict") is not None or not isinstance(first, exp.Table):
            return None
        given = listed.expressions if listed is not None else []
        tables = {first.name: first.name}
    elif isinstance(tree, exp.Select):
        if relations(tree) is None or len(tables := relations(tree) or {}) != 1:
            return None
        given = tree.expressions
    elif isinstance(tree, (exp.Update, exp.Delete)):
        listed = tree.args.get("returning")
        given = listed.expressions if listed is not None else []
        tables = relations(tree) or {}
    else:
        return None
    if len(tables) != 1:
        return None
    known = table_of(next(iter(tables.values())), model)
    if known is None or (text.table is not None and text.table != known[0]):
        return None
    whole = text.table is not None or any(isinstance(item, exp.Star) or item.name == "*" for item in given)
    for column in known[1].columns:
        meant = _named_by(known, column, model)
        if len(meant) != 1:
            continue
        own_key = ("pk",) if text.table is not None and identifies(known, column) else ()
        if word is not None and spelled(word) in {spelled(column), *own_key}:
            named = [item for item in given if spelled(item.alias_or_name) == spelled(column)]
            own = all(isinstance(item, exp.Column) and item.name.lower() == column.lower() for item in named)
            if (whole and own) or (named and own):
                return next(iter(meant))
        if index is not None and text.table is None and index < len(given):
            item = given[index]
            if isinstance(item, exp.Column) and item.name.lower() == column.lower():
                return next(iter(meant))
    return None


def spelled(word: str) -> str:
    return re.sub(r"^get(?=[A-Z])", "", word).replace("_", "").lower()
