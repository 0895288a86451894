"""Equalities between terms, rows, lists and queries: what they say of the rows they hold of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from lints.proof.blocks import seal_of
from lints.proof.ir import (
    NULL,
    Alt,
    Atom,
    Col,
    Cond,
    Eq,
    Group,
    Kind,
    Merged,
    NotNull,
    Null,
    OneOf,
    Or,
    Other,
    Rank,
    Same,
    Term,
    Val,
)
from lints.proof.scalars import children, columns_of, is_constant, term, unwrap
from lints.proof.scopes import Rel, Scope, expand
from lints.proof.work import Work


def equal(w: Work, left: Any, right: Any, scope: Scope, group: Group, why: str) -> None:
    """`left = right` is true."""
    left, right = unwrap(left), unwrap(right)
    row = row_of(left)
    other = row_of(right)
    if row is not None and other is not None:
        if len(row) == len(other):
            for a, b in zip(row, other, strict=True):
                equal(w, a, b, scope, group, why)
        return
    if quantifier(left) is not None:
        left, right = right, left
    over = quantifier(right)
    if over is not None:
        values = [unwrap(child) for child in children(right)]
        if over == "all" and len(values) == 1 and type(values[0]) is exp.Array and _listed(values[0]):
            for value in values[0].expressions:
                equal(w, left, value, scope, group, why)
        elif over == "all" or len(values) != 1:  # ALL of nothing is true
            plain(w, exp.Tuple(expressions=[left, right]), scope, group)
        else:
            _equal_any(w, left, unwrap(next(children(right))), scope, group, why)
        return
    if type(left) is exp.Array and type(right) is exp.Array and _listed(left) and _listed(right):
        if len(left.expressions) == len(right.expressions):  # in arrays NULL is equal to NULL
            for a, b in zip(left.expressions, right.expressions, strict=True):
                null_safe(w, a, b, scope, group, why)
        return
    for one, query in ((left, right), (right, left)):
        if isinstance(query, (exp.Subquery, exp.Select, exp.SetOperation)):
            equal_query(w, row if row is not None else [one], query, scope, group, why, scalar=True)
            return
    match(w, term(w, left, scope, group), term(w, right, scope, group), group, why)


def _listed(array: Any) -> bool:
    """Whether the elements stand in the text, one at least, none of them a query or an array."""
    nested = (exp.Query, exp.Array)
    return bool(array.expressions) and not any(isinstance(unwrap(item), nested) for item in array.expressions)


def using(w: Work, name: str, left: Term, right: list[Rel], group: Group) -> Term:
    """Join by one column: equal on both sides. Returns the right side's column."""
    found = [rel for rel in right if rel.has(w.index, name)] or [rel for rel in right if rel.has(w.index, name) is None]
    other = found[0].column(w.index, name) if len(found) == 1 else Other(frozenset())
    match(w, left, other, group, "USING")
    return other


def quantifier(node: Any) -> str | None:
    """`any` or `all` for ANY (...), SOME (...), ALL (...), however the parser keeps them."""
    kind = type(node)
    if kind is exp.Any:
        return "any"
    if kind is exp.All:
        return "all"
    if kind is exp.Anonymous:
        return {"ANY": "any", "SOME": "any", "ALL": "all"}.get(str(node.this).upper())
    return None


def row_of(node: Any) -> list[Any] | None:
    if type(node) is exp.Tuple:
        return list(node.expressions)
    if type(node) is exp.Anonymous and str(node.this).upper() == "ROW":
        return list(node.expressions)
    return None


def _equal_any(w: Work, left: Any, values: Any, scope: Scope, group: Group, why: str) -> None:
    if isinstance(values, (exp.Subquery, exp.Select, exp.SetOperation)):
        equal_query(w, row_of(left) or [left], values, scope, group, why)
        return
    if type(values) is exp.Array and not (
        len(values.expressions) == 1 and isinstance(values.expressions[0], exp.Query)
    ):
        one_of(w, left, values.expressions, scope, group, why)
        return
    if type(values) is exp.Array:
        equal_query(w, [left], values.expressions[0], scope, group, why)
        return
    member(w, term(w, left, scope, group), term(w, values, scope, group), group, why)


def member(w: Work, one: Term, values: Term, group: Group, why: str) -> None:
    """`one` is an element of the array or list `values`."""
    if type(one) is Col and type(values) is Val:
        group.conds.append(OneOf(one, max(values.rank, Rank.SET), values.key, why))
    else:
        unknown(w, (one, values), group)


def equal_query(
    w: Work, left: list[Any], query: Any, scope: Scope, group: Group, why: str, *, scalar: bool = False
) -> None:
    """A positive `= (query)` or `IN (query)`: the query's row exists, and its columns equal the left side's."""
    terms = [term(w, node, scope, group) for node in left]
    order = w.inline(w, query, scope, group, scalar=scalar)
    columns = expand(order, w.index)
    if columns is None or len(columns) != len(terms):
        unknown(w, terms, group)
        return
    for one, (_, out) in zip(terms, columns, strict=True):
        match(w, one, out, group, why)


def among(w: Work, node: Any, scope: Scope, group: Group) -> bool:
    """`x IN (query)` where it need not be true: if neither side is ever NULL, only the query's rows that equal x
    matter, as in EXISTS. False where that is not known, and nothing is translated."""
    query = node.args["query"]
    inner = query.this if type(query) is exp.Subquery else query
    row = row_of(unwrap(node.this)) or [node.this]
    plain_ = type(inner) is exp.Select and not any(inner.args.get(part) for part in _TURNED)
    if not plain_ or len(inner.expressions) != len(row) or seal_of(query) is not None:
        return False
    branch = Group(group, Kind.BRANCH, "sub-query")
    left = [term(w, part, scope, group) for part in row]
    shown = expand(w.inline(w, query, scope, branch), w.index) or []
    kept = all(_never_null(w, value, group) for value in left) and all(_never_null(w, v, branch) for _, v in shown)
    if kept and len(shown) == len(row):
        for one, (_, other) in zip(left, shown, strict=True):
            match(w, one, other, branch, "IN")
    return True


_TURNED = ("group", "having", "distinct", "with_", "limit", "offset", "qualify")


def _never_null(w: Work, value: Any, group: Group) -> bool:
    """Whether a column holds no NULL: it is declared so and no outer join adds rows, or a condition says so."""
    if type(value) is not Col:
        return False
    if _says(group, NotNull(value)):
        return True
    inst = w.insts[value.inst]
    shape = inst.shape
    if shape is None or not inst.stored or shape.columns is None or value.name not in shape.columns:
        return False
    return value.name not in shape.nullable and all(g.kind is not Kind.NULLABLE for g in inst.group.ancestors())


def one_of(w: Work, left: Any, values: list[Any], scope: Scope, group: Group, why: str) -> None:
    """`left IN (values)` with a list."""
    if len(values) == 1:
        value = unwrap(values[0])
        if type(value) is exp.Placeholder and row_of(unwrap(left)) is None:
            _in_place(w, term(w, left, scope, group), term(w, value, scope, group), group, why)
        else:
            equal(w, left, value, scope, group, why)
        return
    row = row_of(unwrap(left))
    if row is None:
        one = term(w, left, scope, group)
        terms = [term(w, v, scope, group) for v in values]
        if type(one) is Col and all(type(t) is Val for t in terms):
            found = [t for t in terms if type(t) is Val and t != NULL]
            rank = max((t.rank for t in found), default=Rank.NONE)
            label = ", ".join(t.key for t in found[:4])
            group.conds.append(OneOf(one, max(rank, Rank.SET), label, why))
            return
        branches = []
        for value in terms:
            branch = Group(group, Kind.BRANCH, why)
            if one == value:
                branch.conds.append(Atom(frozenset(), constant=True, parameters=True))
            match(w, one, value, branch, why)
            branches.append(branch)
        disjoin(branches, group, why)
        return
    if w.dialect == "clickhouse" and len(values) == len(row) and not any(row_of(unwrap(v)) for v in values):
        equal(w, exp.Tuple(expressions=row), exp.Tuple(expressions=values), scope, group, why)  # (a, b) IN (1, 2)
        return
    branches = []
    for value in values:
        branch = Group(group, Kind.BRANCH, why)
        equal(w, left, value, scope, branch, why)
        branches.append(branch)
    disjoin(branches, group, why)


def _in_place(w: Work, one: Term, value: Term, group: Group, why: str) -> None:
    """`x IN (?)`: most drivers put a whole list there, so two that are in it need not be equal. `$1` is one
    value, and what is known to name the caller's rows names them as one does."""
    if type(one) is Col and type(value) is Val and not value.key.startswith("$") and value.key not in w.known:
        member(w, one, value, group, why)
    else:
        match(w, one, value, group, why)


def match(w: Work, left: Term, right: Term, group: Group, why: str) -> None:
    """Two terms are equal and not NULL."""
    if type(left) is Alt or type(right) is Alt:
        _match_alternatives(w, left, right, group, why)
    elif type(left) is Merged or type(right) is Merged:
        _match_merged(w, left, right, group, why)
    elif left == NULL or right == NULL:
        group.dead = True
    elif type(left) is Val and type(right) is Val:
        _match_values(left, right, group)
    elif w.dialect == "mysql" and (_loosely(w, left, right) or _loosely(w, right, left)):
        unknown(w, (left, right), group)
    elif type(left) is Col and left == right:
        group.conds.append(NotNull(left))
    elif (type(left) is Col or type(left) is Val) and (type(right) is Col or type(right) is Val):
        group.conds.append(Eq(left, right, why))
    else:
        unknown(w, (left, right), group)


_TEXTS = ("char", "varchar", "text", "tinytext", "mediumtext", "longtext", "enum")


def _loosely(w: Work, column: Term, value: Term) -> bool:
    """MySQL compares a text with a number as numbers: every text that is none is 0."""
    if type(column) is not Col or type(value) is not Val or value.rank is not Rank.LITERAL:
        return False
    table = w.insts[column.inst].table
    stored = table.columns.get(column.name) if table is not None and value.key[:1].isdigit() else None
    return stored is not None and stored.type.startswith(_TEXTS)


def _match_values(left: Val, right: Val, group: Group) -> None:
    if left.rank is Rank.LITERAL and right.rank is Rank.LITERAL:
        if _differ(left.key, right.key):
            group.dead = True
    elif left.rank is not Rank.LITERAL or right.rank is not Rank.LITERAL:
        group.conds.append(Atom(frozenset(), constant=True, parameters=True))


def _differ(left: str, right: str) -> bool:
    """Whether two literals are different whatever the collation and type."""
    if left.startswith("'") and right.startswith("'"):
        return left.isascii() and right.isascii() and left.strip("' ").casefold() != right.strip("' ").casefold()
    try:
        return float(left) != float(right)
    except ValueError:
        return {left, right} == {"true", "false"}


def _match_alternatives(w: Work, left: Term, right: Term, group: Group, why: str) -> None:
    """COALESCE and CASE: one of the options is the value. An option counts only if those before it are NULL."""
    branches: list[Group] = []
    alt, other = (left, right) if type(left) is Alt else (right, left)
    if type(alt) is not Alt:
        return
    for position, option in enumerate(alt.options):
        branch = Group(group, Kind.BRANCH, why)
        for earlier in alt.options[:position]:
            if type(earlier) is Col:
                branch.conds.append(Null(earlier))
            elif is_constant(earlier):
                branch.conds.append(Atom(frozenset(), constant=True, parameters=True))
        if alt.constant:
            branch.conds.append(Atom(frozenset(), constant=True, parameters=True))
        match(w, option, other, branch, why)
        branches.append(branch)
    disjoin(branches, group, why)


def _match_merged(w: Work, left: Term, right: Term, group: Group, why: str) -> None:
    """A column joined by USING in a FULL JOIN stands for both sides: each has the value where it is there."""
    merged, other = (left, right) if type(left) is Merged else (right, left)
    if type(merged) is not Merged or not (type(other) is Col or type(other) is Val) or other == NULL:
        unknown(w, (left, right), group)
        return
    branches: list[Group] = []
    for column in merged.columns:
        side = w.insts[column.inst].group.home()
        if side.up() is group.home():
            side.conds.append(Eq(column, other, why))
        branch = Group(group, Kind.BRANCH, why)
        branch.conds.append(Eq(column, other, why))
        branches.append(branch)
    disjoin(branches, group, why)


def all_null_safe(w: Work, left: Any, right: Any, scope: Scope, group: Group, why: str) -> None:
    """Neither is distinct from the other; of rows, none of their parts."""
    row, other = row_of(unwrap(left)), row_of(unwrap(right))
    if row is None or other is None:
        null_safe(w, left, right, scope, group, why)
    elif len(row) == len(other):
        for a, b in zip(row, other, strict=True):
            null_safe(w, a, b, scope, group, why)


def null_safe(w: Work, left: Any, right: Any, scope: Scope, group: Group, why: str) -> None:
    one, other = term(w, left, scope, group), term(w, right, scope, group)
    if one == NULL or other == NULL:
        column = other if one == NULL else one
        if type(column) is Col:
            group.conds.append(Null(column))
            return
    column, value = (one, other) if type(one) is Col else (other, one)
    if type(column) is Col and type(value) is Val:
        equal_ = Group(group, Kind.BRANCH, why)
        equal_.conds.append(Eq(column, value, why))
        if value.rank is Rank.LITERAL:
            group.absorb(equal_)
            return
        both_null = Group(group, Kind.BRANCH, why)
        both_null.conds.append(Null(column))
        group.conds.append(Or((equal_, both_null), why))
    elif type(one) is Col and type(other) is Col:
        group.conds.append(Same(one, other, why))
    else:
        columns = columns_of(one) | columns_of(other)
        group.conds.append(Atom(columns, constant=is_constant(one) and is_constant(other)))


def unknown(w: Work, terms: Sequence[Term], group: Group) -> None:
    """A comparison nothing follows from, except that bare columns in it are not NULL."""
    columns = frozenset().union(*(columns_of(t) for t in terms))
    strict = frozenset(t for t in terms if type(t) is Col)
    hole = any(type(t) is Other and t.hole for t in terms) and any(w.holds_tenant(c) for c in strict)
    constant = all(is_constant(t) for t in terms)
    group.conds.append(Atom(columns, strict, hole=hole, constant=constant, parameters=constant))


def plain(w: Work, node: Any, scope: Scope, group: Group) -> None:
    columns: frozenset[Col] = frozenset()
    constant = True
    for child in children(node):
        value = term(w, child, scope, group)
        columns |= columns_of(value)
        constant = constant and is_constant(value)
    group.conds.append(Atom(columns, constant=constant, parameters=constant))


def disjoin(branches: list[Group], group: Group, why: str) -> None:
    alive = [b for b in branches if not b.dead]
    if not alive:
        group.dead = True
    elif len(alive) == 1:
        group.absorb(alive[0])
    else:
        for cond in alive[0].conds:  # what every branch says is said outright
            if not isinstance(cond, (Or, Atom)) and all(_says(branch, cond) for branch in alive[1:]):
                group.conds.append(cond)
        group.conds.append(Or(tuple(alive), why))


def _says(group: Group, cond: Cond) -> bool:
    """Whether a condition is among the group's. As tuples, conditions of two kinds may be equal: NULL and not NULL."""
    return any(type(said) is type(cond) and said == cond for said in group.conds)
