"""Variables of a script (BigQuery's DECLARE and SET): a name that stands for a value of the caller's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sqlglot import exp

from lints.proof.ir import Rank, Val
from lints.proof.names import Index
from lints.proof.parse import Statement

_SCRIPTS = frozenset({"bigquery"})
"""Dialects whose variables are written like columns, which are meant first."""


def note_variables(index: Index, labels: Mapping[str, str], statement: Statement, known: dict[str, Val]) -> None:
    """What is known of the variables after a statement; one that may hold anything else is forgotten."""
    if index.dialect in _MARKED:
        for name, value in _marked(statement):
            key = f"@{name}".lower()
            if value is None or value.find(exp.Column, exp.Query) is not None:
                known[key] = Val(f"what @{name} was set to here", Rank.NONE)
            elif (held := _value(labels, value)) is not None:
                known[key] = known.get(held.key.lower(), held)
            else:
                known.pop(key, None)
        return
    if index.dialect not in _SCRIPTS:
        return
    tree = statement.tree
    if type(tree) is exp.Declare:
        for item in tree.expressions:
            names = item.this if isinstance(item.this, list) else [item.this]
            for name in names:
                _assign(index, labels, name, item.args.get("default"), known)
    elif type(tree) is exp.Set:
        for item in tree.expressions:
            pair = item.this
            if type(pair) is not exp.EQ or type(pair.this) is not exp.Column:
                known.clear()
                return
            _assign(index, labels, pair.this.this, pair.expression, known)
    elif not isinstance(tree, (exp.Query, exp.DML, exp.Merge)):
        known.clear()


_MARKED = frozenset({"tsql", "mysql"})
"""Dialects whose variables are written like parameters: one that the text gives a row's value is no caller's."""


def _marked(statement: Statement) -> Iterator[tuple[str, Any]]:
    """The variables that a statement assigns, with the values; None where a value is not to be seen."""
    tree = statement.tree
    if type(tree) is exp.Declare:
        for item in tree.expressions:
            for name in item.this if isinstance(item.this, list) else [item.this]:
                if isinstance(item.args.get("default"), exp.Expression):
                    yield getattr(name, "name", ""), item.args["default"]
    elif type(tree) is exp.Command and statement.tokens and statement.tokens[0].text.lower() == "set":
        yield from ((name, None) for name in re.findall(r"@(\w+)\s*:?=", str(tree.expression or "")))
    elif type(tree) is exp.Set:
        for item in tree.expressions:
            if type(item.this) is exp.EQ and type(item.this.this) is exp.Parameter:
                yield item.this.this.name, item.this.expression
    elif isinstance(tree, (exp.Query, exp.Update)):
        for pair in tree.expressions:
            if type(pair) is exp.EQ and type(pair.this) is exp.Parameter:
                source = tree.args.get("from_") is not None or type(tree) is exp.Update
                yield pair.this.name, None if source else pair.expression
        into = tree.args.get("into")
        if into is not None:
            yield from ((found.name, None) for found in into.find_all(exp.Parameter))


def _assign(index: Index, labels: Mapping[str, str], name: Any, value: Any, known: dict[str, Val]) -> None:
    if not isinstance(name, exp.Identifier):
        known.clear()
        return
    key = index.fold(name)
    held = _value(labels, value)
    known.pop(key, None)
    if held is not None:
        known[key] = held


def _value(labels: Mapping[str, str], value: Any) -> Val | None:
    while isinstance(value, (exp.Cast, exp.Paren)):
        value = value.this
    if type(value) is exp.Placeholder:
        text = value.this if isinstance(value.this, str) else "?"
        return Val(labels.get(text, f":{text}"), Rank.PARAMETER)
    if type(value) is exp.Parameter:
        return Val(f"@{value.this.name}", Rank.PARAMETER)
    if type(value) is exp.Literal and "__hole_" not in str(value.this):
        return Val(f"'{value.this}'" if value.args.get("is_string") else str(value.this), Rank.LITERAL)
    return None
