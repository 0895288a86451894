"""Interpolated text by what can stand in its place: a whole condition, one value, or a name."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlglot import exp

from lints.proof.scalars import is_hole, unwrap

_CONNECTIVES = (exp.And, exp.Or, exp.Not, exp.Paren)
_CLAUSES = (exp.Where, exp.Having, exp.PreWhere, exp.Qualify, exp.Join)
_ASSIGNS = (exp.Values, exp.Update, exp.Insert)
_NAMES = (exp.Select, exp.Ordered, exp.Order, exp.Group, exp.Limit, exp.Offset, exp.Fetch, exp.Returning, exp.Window)


class Holes(NamedTuple):
    """The names of the holes in a tree: where conditions stand, where values do that are compared or written."""

    conditions: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    """What SET says which columns by, a whole list or one name: it may be the tenant's."""


def holes_of(tree: Any) -> Holes:
    conditions: dict[str, None] = {}
    values: dict[str, None] = {}
    lists: dict[str, None] = {}
    for node in tree.find_all(exp.Column, exp.Literal, exp.National, exp.RawString):
        if type(node) is exp.Column:
            if node.args.get("table") is not None or not is_hole(node.name):
                continue
        elif "__hole_" not in str(node.this):
            continue
        around = node.parent
        if isinstance(around, (*_CONNECTIVES, *_CLAUSES)):
            while isinstance(around, _CONNECTIVES):
                around = around.parent
            if isinstance(around, _CLAUSES):
                conditions[node.name] = None
            continue
        if type(around) is exp.Update:
            lists[node.name] = None
            continue
        if isinstance(around, exp.Binary) and unwrap(around.this) is node and type(node) is exp.Column:
            if isinstance(around.parent, (exp.Update, exp.OnConflict)):
                lists[node.name] = None  # which column is set
            continue  # `${column} = $1`: a name
        while around is not None and not isinstance(around, (*_CLAUSES, *_ASSIGNS, *_NAMES)):
            around = around.parent
        if isinstance(around, (*_CLAUSES, *_ASSIGNS)):
            values[str(node.this) if type(node) is not exp.Column else node.name] = None
    return Holes(tuple(conditions), tuple(values), tuple(lists))


def opens_chain(conjunction: Any) -> bool:
    """Whether a conjunct is interpolated outside parentheses: text with an OR in it would take the others along."""
    stack = [conjunction]
    while stack:
        node = stack.pop()
        if type(node) is exp.And:
            stack.append(node.this)
            stack.append(node.expression)
            continue
        if type(node) is exp.Not:
            node = node.this
        if type(node) is exp.Column and is_hole(node.name):
            return True
    return False
