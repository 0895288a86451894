"""Stored functions that are one query each: a call in FROM is judged as that query with its arguments put in."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, NamedTuple

from sqlglot import exp

from lints.patterns import regex
from lints.proof.names import Index
from lints.proof.parse import parse
from lints.proof.scopes import Scope
from lints.proof.work import Columns, Work
from lints.tenancy import Model

_ARGUMENT = regex(r"__argument_(\d+)__\Z")
_RETURNED = regex(r"\breturns\s+table\s+(?:with\s+\w+\s+)?as\s+return\b(.*)", re.IGNORECASE | re.DOTALL)
_POSITION = regex(r"\$(\d{1,2})(?!\d)")


class Body(NamedTuple):
    """A function's query, with `__argument_1__` for its first argument, and the names of what it returns."""

    query: Any
    columns: list[str]
    arguments: int


def bodies(model: Model) -> dict[str, Any]:
    """The routines that could be read so, by name: SQL, of one form, with the rights of whoever calls."""
    return {
        name: routine
        for name, routine in of_one_form(model).items()
        if routine.language == "sql" and routine.body and not (routine.trigger or routine.definer)
    }


def of_one_form(model: Model) -> dict[str, Any]:
    """The routines of the schema by name, but for those of several forms."""
    schema = getattr(model, "schema", None)
    routines = schema.routines if schema is not None else ()
    forms = Counter(routine.name.lower() for routine in routines)
    return {routine.name.lower(): routine for routine in routines if forms[routine.name.lower()] == 1}


def called(w: Work, call: Any, scope: Scope, group: Any) -> tuple[Columns, list[str]] | None:
    """The columns of a call, and their names; None if it is no function of one query."""
    if type(call) is not exp.Anonymous or scope.env is not None or w.dialect not in ("postgres", "tsql"):
        return None
    name = str(call.this).lower().strip('"')
    body = _body(w.index, name)
    if body is None or name in w.views or len(call.expressions) != body.arguments:
        return None
    query = body.query.copy()
    for column in list(query.find_all(exp.Column)):
        found = _ARGUMENT.match(column.name)
        if found is not None:
            column.replace(exp.paren(call.expressions[int(found[1]) - 1].copy()))
    w.inlined.add(id(call))
    outer = w.view, w.views
    w.view, w.views = name, (*w.views, name)
    try:
        columns = w.inline(w, query, scope, group)
        w.calls(query)
        return columns, body.columns
    finally:
        w.view, w.views = outer


def _body(index: Index, name: str) -> Body | None:
    if name not in index.bodies or name in index.functions or name not in index.hiding:
        return None
    if name not in index.read_bodies:
        index.read_bodies[name] = _read(index, index.bodies[name])
    found: Body | None = index.read_bodies[name]
    return found


def _read(index: Index, routine: Any) -> Body | None:
    from lints.schema.routines import argument_names
    from lints.schema.security import parenthesised, top_level_commas

    if index.dialect == "tsql":
        return _transact(routine)
    names = argument_names(routine.arguments)
    columns = {column for table in index.model.tables.values() for column in table.columns}
    text = _POSITION.sub(lambda found: f"__argument_{found[1]}__", routine.body)
    for position, name in enumerate(names, 1):
        if name and name in columns:  # which of the two is meant depends on the query
            return None
        if name:
            text = re.sub(rf"(?<![\w.\"'$]){re.escape(name)}(?![\w\"'(])", f"__argument_{position}__", text)
    _, statements = parse(text, index.dialect)
    tree = statements[0].tree if len(statements) == 1 else None
    used = [int(found[1]) for found in re.finditer(r"__argument_(\d+)__", text)]
    if not isinstance(tree, exp.Query) or any(not 0 < number <= len(names) for number in used):
        return None
    returned = parenthesised(routine.sql, "returns table")
    given = [part.split()[0].strip('"') for part in top_level_commas(returned) if part.split()] if returned else []
    return Body(tree, given, len(names))


def _transact(routine: Any) -> Body | None:
    """T-SQL's function of one query: RETURNS TABLE AS RETURN …"""
    from lints.proof.scripts import head

    returned = _RETURNED.search(routine.sql)
    if returned is None:
        return None
    given = [parameter.name for parameter in head(routine.sql[: returned.start()])]
    _, statements = parse(returned[1].strip(), "tsql")
    tree = statements[0].tree if len(statements) == 1 else None
    while type(tree) is exp.Subquery and not any(value for part, value in tree.args.items() if part != "this"):
        tree = tree.this
    if not isinstance(tree, exp.Query):
        return None
    for parameter in list(tree.find_all(exp.Parameter)):
        name = f"@{parameter.name}".lower()
        if name in given:
            parameter.replace(exp.column(f"__argument_{given.index(name) + 1}__"))
    return Body(tree, [], len(given))
