"""Temporary tables that a text itself makes: their rows are a query's, or what was put into them and judged there."""

from __future__ import annotations

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
    """The name that a relation in the statement would have here."""
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


def _write(index: Index, tree: Any, made: Made) -> None:
    into = tree.args.get("into") if type(tree) is exp.Select else None
    if into is not None and into.args.get("temporary") and isinstance(into.this.this, exp.Identifier):
        made[spelled(index, into.this.this)] = tree
        return
    for node in tree.find_all(*_WRITES) if made else ():
        through_alias = index.dialect == "tsql" and type(node) is exp.Update
        targets = node if through_alias or type(node) is exp.TruncateTable else node.this
        for table in targets.find_all(exp.Table) if isinstance(targets, exp.Expression) else ():
            if isinstance(table.this, exp.Identifier) and (name := spelled(index, table.this)) in made:
                made[name] = None
        output = node.args.get("returning")
        for name in {i.name.lower() for i in output.find_all(exp.Identifier)} if output is not None else ():
            if f"#{name}" in made:
                made[f"#{name}"] = None
