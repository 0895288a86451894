"""Temporary tables that a text itself makes: their rows are a query's, or what was put into them and judged there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from lints.proof.names import Index
from lints.proof.parse import Statement, reparse, unfold
from lints.proof.session import query_after_as

Made = dict[str, Any]
"""By name (with T-SQL's number sign): the query whose rows it holds, or None after something else was put into it."""

_TRANSACTIONS = frozenset(
    {"set", "reset", "begin", "start", "commit", "savepoint", "release", "analyze", "vacuum", "show", "explain"}
)
_WRITES = (exp.Insert, exp.Update, exp.Merge, exp.Copy, exp.Alter, exp.TruncateTable)


def spelled(index: Index, identifier: Any) -> str:
    """The name that a relation in the statement would have here; a table in a variable of T-SQL has the variable's."""
    if type(identifier) is exp.Parameter:
        return f"@{identifier.name}".lower()
    return f"{'#' if identifier.args.get('temporary') else ''}{index.fold(identifier)}"


def note(index: Index, statement: Statement, text: str, made: Made) -> None:
    """What is known of temporary tables after the statement."""
    tree = statement.tree
    tokens = unfold(statement.tokens, text, index.dialect)
    words = [token.text.lower() for token in tokens[:8]]
    if words[:1] == ["prepare"] and len(words) > 1:
        made[f"\0prepared {words[1]}"] = None
        return
    kind = next((word for word in words if word in ("table", "view")), "")
    if words[:1] == ["create"] and ("temp" in words or "temporary" in words) and kind:
        _create(index, tree, tokens, words.index(kind) + 1, text, made)
    elif index.dialect == "tsql" and words[:1] in (["exec"], ["execute"]):
        made.clear()  # a procedure sees the tables of who calls it
    elif tree is None or (isinstance(tree, (exp.Command, exp.Block)) and words[:1][0] not in _TRANSACTIONS):
        made.clear()  # it may have put anything into any of them
    else:
        _write(index, tree, made)


def _create(index: Index, tree: Any, tokens: list[Any], position: int, text: str, made: Made) -> None:
    if position >= len(tokens) or tokens[position].text.lower() == "if":  # it may be there already
        return
    if position + 1 < len(tokens) and tokens[position + 1].text == ".":
        position += 2
    start = query_after_as(tokens)
    query = tree.expression if type(tree) is exp.Create else None
    columns: list[Any] = []
    if type(tree) is exp.Create and type(tree.this) is exp.Schema:
        columns = tree.this.expressions
    elif query is None and start is not None:
        query = reparse(tokens[start:], text, index.dialect).tree
    quoted = tokens[position].token_type.name == "IDENTIFIER"
    name = index.fold(exp.to_identifier(tokens[position].text, quoted=quoted))
    if index.table(name) is None and index.view(name) is None:  # it may be gone again, and the real one is read
        made[name] = query if isinstance(query, exp.Query) and not columns else None
        if query is None and columns:
            made[_EMPTY + name] = _names(columns)


def _names(columns: list[Any]) -> list[Any]:
    return [column.this.copy() for column in columns if type(column) is exp.ColumnDef]


def _declared(index: Index, tree: Any) -> Iterator[tuple[str, list[Any]]]:
    """The temporary tables that a statement of T-SQL makes, with their columns: a variable's, or `#name`."""
    if type(tree) is exp.Declare:
        for item in tree.expressions:
            for name in item.this if type(item.args.get("kind")) is exp.Schema and isinstance(item.this, list) else ():
                yield spelled(index, name), _names(item.args["kind"].expressions)
    elif type(tree) is exp.Create and type(tree.this) is exp.Schema and type(tree.this.this) is exp.Table:
        name = tree.this.this.this
        if isinstance(name, exp.Identifier) and name.args.get("temporary"):
            yield spelled(index, name), _names(tree.this.expressions)


_EMPTY = "\0empty "
"""Before the name of a table that was made and that nothing was put into: its columns."""


def _filled(insert: Any, columns: list[Any]) -> Any:
    """The rows of a table after the first INSERT into it, as a query; None if they are not a query's."""
    query = insert.args.get("expression")
    if not isinstance(query, exp.Query) or insert.args.get("with_") or query.args.get("with_"):
        return None
    if type(insert.this) is exp.Schema:
        columns = [column.copy() for column in insert.this.expressions]
    if not all(isinstance(column, exp.Identifier) for column in columns):
        return None
    alias = exp.TableAlias(this=exp.to_identifier("filled"), columns=columns)
    return exp.Select(expressions=[exp.Star()], from_=exp.From(this=exp.Subquery(this=query.copy(), alias=alias)))


def _write(index: Index, tree: Any, made: Made) -> None:
    for name, columns in _declared(index, tree):
        made[name] = None
        made[_EMPTY + name] = columns
    into = tree.args.get("into") if type(tree) is exp.Select else None
    if into is not None and into.args.get("temporary") and isinstance(into.this.this, exp.Identifier):
        made[spelled(index, into.this.this)] = tree
        return
    for node in tree.find_all(*_WRITES) if made else ():
        through_alias = index.dialect == "tsql" and type(node) is exp.Update
        targets = node if through_alias or type(node) is exp.TruncateTable else node.this
        for table in targets.find_all(exp.Table) if isinstance(targets, exp.Expression) else ():
            named = isinstance(table.this, (exp.Identifier, exp.Parameter))
            if named and (name := spelled(index, table.this)) in made:
                empty = made.pop(_EMPTY + name, None)
                made[name] = _filled(node, empty) if empty is not None and node is tree else None
        output = node.args.get("returning")
        for item in output.find_all(exp.Identifier, exp.Parameter) if output is not None else ():
            name = spelled(index, item) if type(item) is exp.Parameter else f"#{item.name.lower()}"
            if name in made:
                made[name] = None
                made.pop(_EMPTY + name, None)
