"""Functions that policies call, written out: `tenant_id = current_tenant()` is what the function's body says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from lints.patterns import regex
from lints.schema.ddl import quiet
from lints.schema.facts import Routine
from lints.schema.routines import argument_names

if TYPE_CHECKING:
    from sqlglot import exp

_RETURN = regex(r"\s*begin\s+return\s+([^;]+);\s*end\s*;?\s*", re.IGNORECASE)
_DEEPEST = 4
_LONGEST = 20_000
"""Characters that calls are written out to; beyond it they stay calls."""


def written_out(expression: str, table: str, routines: tuple[Routine, ...], columns: frozenset[str]) -> str:
    """`expression` of a policy on `table`, each call of a function whose body is one expression replaced by it.

    Its arguments are put in as columns of `table`, so that nothing inside captures them. `columns` are the names of all
    columns: an argument of such a name is not told from it, and its function stays a call.
    """
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    known = {routine.name: routine for routine in routines}
    if not known or "(" not in expression:
        return expression
    try:
        with quiet():
            tree = parse_one(f"SELECT 1 WHERE {expression}", dialect="postgres")
            where = tree.args.get("where")
            if not isinstance(tree, exp.Select) or where is None:
                return expression
            left = _LONGEST
            for _ in range(_DEEPEST):
                added = _once(where, table, known, columns, left)
                left -= added
                if not added or left <= 0:
                    break
            if left <= 0:
                return expression
            text: str = where.this.sql(dialect="postgres")
    except (SqlglotError, RecursionError):
        return expression
    return text


def _once(where: exp.Expr, table: str, known: Mapping[str, Routine], columns: frozenset[str], most: int) -> int:
    """Write out the calls that stand there until `most` characters of bodies were put in; returns how many were."""
    from sqlglot import exp

    added = 0
    for call in list(where.find_all(exp.Anonymous)):
        routine = known.get(str(call.this).lower())
        body = _body(routine, columns) if routine is not None else None
        if routine is None or body is None:
            continue
        names = argument_names(routine.arguments)
        if len(names) != len(call.expressions):
            continue
        values: dict[str, exp.Expr] = {}
        for position, (name, value) in enumerate(zip(names, call.expressions, strict=True), 1):
            outer = value.copy()
            own = outer if isinstance(outer, exp.Column) else None
            for column in [own] if own is not None else list(outer.find_all(exp.Column)):
                if not column.table:
                    column.set("table", exp.to_identifier(table, quoted=True))
            values[f"${position}"] = outer
            if name:
                values[name] = outer
        made = exp.Paren(this=_replaced(body.copy(), values))
        place = call.parent if isinstance(call.parent, exp.Dot) and call.parent.expression is call else call
        place.replace(made)
        added += len(routine.body or "")
        if added >= most:
            break
    return added


def _replaced(body: exp.Expr, values: Mapping[str, exp.Expr]) -> exp.Expr:
    from sqlglot import exp

    def put(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Parameter):
            return values.get(f"${node.name}", node).copy()
        if isinstance(node, exp.Column) and not node.table and node.name.lower() in values:
            return values[node.name.lower()].copy()
        return node

    return body.transform(put)


@lru_cache(maxsize=512)
def _body(routine: Routine, columns: frozenset[str]) -> exp.Expr | None:
    """The one expression that a function gives back, or None."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    if routine.body is None or len(routine.body) > _LONGEST or set(argument_names(routine.arguments)) & columns:
        return None
    text = routine.body.strip().rstrip(";")
    if routine.language == "plpgsql":
        returned = _RETURN.fullmatch(routine.body)
        if returned is None:
            return None
        text = f"SELECT {returned.group(1)}"
    try:
        with quiet():
            tree = parse_one(text, dialect="postgres")
    except (SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
        return None
    if tree.args.get("from_") is not None:
        return exp.Subquery(this=tree)
    value: exp.Expr = tree.expressions[0].unalias()
    return value
