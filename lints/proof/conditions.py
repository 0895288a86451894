"""Conditions as facts: what must hold of the rows when an expression is true (or false, or not true, or not false)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

from sqlglot import exp

from lints.proof.ir import (
    NULL,
    Alt,
    Atom,
    Col,
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
    Unsupported,
    Val,
)
from lints.proof.names import Rel, Scope, expand
from lints.proof.scalars import children, columns_of, is_constant, is_hole, survey, term, unwrap
from lints.proof.work import Work


class Mode(IntEnum):
    """What an expression of SQL's three-valued logic is known to be."""

    TRUE = 0
    FALSE = 1
    NOT_TRUE = 2
    NOT_FALSE = 3


_TRUE, _FALSE, _NOT_TRUE, _NOT_FALSE = Mode
_NEGATED = {_TRUE: _FALSE, _FALSE: _TRUE, _NOT_TRUE: _NOT_FALSE, _NOT_FALSE: _NOT_TRUE}
Part = tuple[Any, Mode]


def holds(w: Work, node: Any, scope: Scope, group: Group, why: str, mode: Mode = _TRUE) -> None:
    """Add to `group` what follows from `node` being `mode`. Conditions that say nothing are kept as atoms."""
    stack: list[Part] = [(node, mode)]
    while stack:
        item, mode = stack.pop()
        kind = type(item)
        if kind is exp.Paren:
            stack.append((item.this, mode))
        elif kind is exp.Not:
            stack.append((item.this, _NEGATED[mode]))
        elif kind is exp.And or kind is exp.Or:
            if (kind is exp.And) == (mode is _TRUE or mode is _NOT_FALSE):
                stack.append((item.expression, mode))
                stack.append((item.this, mode))
            else:
                either(w, [[(o, mode)] for o in _operands(item, kind)], scope, group, why)
        else:
            w.spend()
            handler = _LEAVES.get(kind)
            if handler is None:
                _atom(w, item, scope, group, mode)
            else:
                handler(w, item, mode, scope, group, why)


def _operands(node: Any, kind: Any) -> list[Any]:
    out: list[Any] = []
    stack: list[Any] = [node]
    while stack:
        item = unwrap(stack.pop())
        if isinstance(item, kind):
            stack.append(item.expression)
            stack.append(item.this)
        else:
            out.append(item)
    return out


def either(w: Work, alternatives: Sequence[Sequence[Part]], scope: Scope, group: Group, why: str) -> None:
    """At least one of the alternatives holds, each a conjunction."""
    branches: list[Group] = []
    for alternative in alternatives:
        branch = Group(group, Kind.BRANCH, why)
        for node, mode in alternative:
            holds(w, node, scope, branch, why, mode)
        branches.append(branch)
    _disjoin(branches, group, why)


def _disjoin(branches: list[Group], group: Group, why: str) -> None:
    alive = [b for b in branches if not b.dead]
    if not alive:
        group.dead = True
    elif len(alive) == 1:
        group.absorb(alive[0])
    else:
        for cond in alive[0].conds:  # what every branch says is said outright
            if not isinstance(cond, (Or, Atom)) and all(cond in branch.conds for branch in alive[1:]):
                group.conds.append(cond)
        group.conds.append(Or(tuple(alive), why))


def equal(w: Work, left: Any, right: Any, scope: Scope, group: Group, why: str) -> None:
    """`left = right` is true."""
    left, right = unwrap(left), unwrap(right)
    row = _row(left)
    other = _row(right)
    if row is not None and other is not None:
        if len(row) == len(other):
            for a, b in zip(row, other, strict=True):
                equal(w, a, b, scope, group, why)
        return
    if _quantifier(left) is not None:
        left, right = right, left
    quantifier = _quantifier(right)
    if quantifier is not None:
        if quantifier == "all" or len(list(children(right))) != 1:  # ALL of nothing is true
            _plain(w, exp.Tuple(expressions=[left, right]), scope, group)
        else:
            _equal_any(w, left, unwrap(next(children(right))), scope, group, why)
        return
    for one, query in ((left, right), (right, left)):
        if isinstance(query, (exp.Subquery, exp.Select, exp.SetOperation)):
            _equal_query(w, row if row is not None else [one], query, scope, group, why, scalar=True)
            return
    match(w, term(w, left, scope, group), term(w, right, scope, group), group, why)


def _quantifier(node: Any) -> str | None:
    """`any` or `all` for ANY (...), SOME (...), ALL (...), however the parser keeps them."""
    kind = type(node)
    if kind is exp.Any:
        return "any"
    if kind is exp.All:
        return "all"
    if kind is exp.Anonymous:
        return {"ANY": "any", "SOME": "any", "ALL": "all"}.get(str(node.this).upper())
    return None


def _row(node: Any) -> list[Any] | None:
    if type(node) is exp.Tuple:
        return list(node.expressions)
    if type(node) is exp.Anonymous and str(node.this).upper() == "ROW":
        return list(node.expressions)
    return None


def _equal_any(w: Work, left: Any, values: Any, scope: Scope, group: Group, why: str) -> None:
    if isinstance(values, (exp.Subquery, exp.Select, exp.SetOperation)):
        _equal_query(w, _row(left) or [left], values, scope, group, why)
        return
    if type(values) is exp.Array and not (
        len(values.expressions) == 1 and isinstance(values.expressions[0], exp.Query)
    ):
        one_of(w, left, values.expressions, scope, group, why)
        return
    if type(values) is exp.Array:
        _equal_query(w, [left], values.expressions[0], scope, group, why)
        return
    member(w, term(w, left, scope, group), term(w, values, scope, group), group, why)


def member(w: Work, one: Term, values: Term, group: Group, why: str) -> None:
    """`one` is an element of the array or list `values`."""
    if type(one) is Col and type(values) is Val:
        group.conds.append(OneOf(one, max(values.rank, Rank.SET), values.key, why))
    else:
        _unknown(w, (one, values), group)


def _equal_query(
    w: Work, left: list[Any], query: Any, scope: Scope, group: Group, why: str, *, scalar: bool = False
) -> None:
    """A positive `= (query)` or `IN (query)`: the query's row exists, and its columns equal the left side's."""
    terms = [term(w, node, scope, group) for node in left]
    order = w.inline(w, query, scope, group, scalar=scalar)
    columns = expand(order, w.index)
    if columns is None or len(columns) != len(terms):
        _unknown(w, terms, group)
        return
    for one, (_, out) in zip(terms, columns, strict=True):
        match(w, one, out, group, why)


def one_of(w: Work, left: Any, values: list[Any], scope: Scope, group: Group, why: str) -> None:
    """`left IN (values)` with a list."""
    if len(values) == 1:
        equal(w, left, values[0], scope, group, why)
        return
    row = _row(unwrap(left))
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
        _disjoin(branches, group, why)
        return
    branches = []
    for value in values:
        branch = Group(group, Kind.BRANCH, why)
        equal(w, left, value, scope, branch, why)
        branches.append(branch)
    _disjoin(branches, group, why)


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
    elif type(left) is Col and left == right:
        group.conds.append(NotNull(left))
    elif (type(left) is Col or type(left) is Val) and (type(right) is Col or type(right) is Val):
        group.conds.append(Eq(left, right, why))
    else:
        _unknown(w, (left, right), group)


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
    _disjoin(branches, group, why)


def _match_merged(w: Work, left: Term, right: Term, group: Group, why: str) -> None:
    """A column joined by USING in a FULL JOIN stands for both sides: each has the value where it is there."""
    merged, other = (left, right) if type(left) is Merged else (right, left)
    if type(merged) is not Merged or not (type(other) is Col or type(other) is Val) or other == NULL:
        _unknown(w, (left, right), group)
        return
    branches: list[Group] = []
    for column in merged.columns:
        side = w.insts[column.inst].group.home()
        if side.up() is group.home():
            side.conds.append(Eq(column, other, why))
        branch = Group(group, Kind.BRANCH, why)
        branch.conds.append(Eq(column, other, why))
        branches.append(branch)
    _disjoin(branches, group, why)


def _unknown(w: Work, terms: Sequence[Term], group: Group) -> None:
    """A comparison nothing follows from, except that bare columns in it are not NULL."""
    columns = frozenset().union(*(columns_of(t) for t in terms))
    strict = frozenset(t for t in terms if type(t) is Col)
    hole = any(type(t) is Other and t.hole for t in terms) and any(w.holds_tenant(c) for c in strict)
    constant = all(is_constant(t) for t in terms)
    group.conds.append(Atom(columns, strict, hole=hole, constant=constant, parameters=constant))


def _null_safe(w: Work, left: Any, right: Any, scope: Scope, group: Group, why: str) -> None:
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


def _atom(w: Work, node: Any, scope: Scope, group: Group, mode: Mode = _TRUE) -> None:
    """Any other condition. A comparison that is true or false has no NULL on either side."""
    strict = isinstance(node, _STRICT) and (mode is _TRUE or mode is _FALSE)
    if strict and not any(_quantifier(unwrap(c)) for c in children(node)):
        terms = [term(w, child, scope, group) for child in children(node)]
        _unknown(w, terms, group)
        return
    value = term(w, node, scope, group)
    rejects = frozenset((value,)) if type(value) is Col and (mode is _TRUE or mode is _FALSE) else frozenset()
    hole = type(value) is Other and value.hole
    if hole:
        w.assume("interpolated conditions are whole: none of them opens an alternative")
    parameters = is_constant(value)
    group.conds.append(Atom(columns_of(value), rejects, hole=hole, constant=parameters, parameters=parameters))


def _eq(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    _equality(w, node.this, node.expression, mode, scope, group, why)


def _neq(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    if _quantifier(unwrap(node.expression)) or _quantifier(unwrap(node.this)):  # NOT (x <> ANY (nothing)) is true
        _plain(w, node, scope, group)
        return
    _equality(w, node.this, node.expression, _NEGATED[mode], scope, group, why)


def _equality(w: Work, left: Any, right: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    left, right = unwrap(left), unwrap(right)
    if mode is _TRUE:
        for flag, node in ((left, right), (right, left)):
            if type(flag) is exp.Boolean:  # (condition) = true
                holds(w, node, scope, group, why, _TRUE if flag.this else _FALSE)
                return
        equal(w, left, right, scope, group, why)
    elif mode is _NOT_FALSE:
        branch = Group(group, Kind.BRANCH, why)
        equal(w, left, right, scope, branch, why)
        unknown = Group(group, Kind.BRANCH, why)  # NULL on either side: a NULL parameter is enough
        unknown.conds.append(Atom(frozenset(), constant=True, parameters=True))
        _disjoin([branch, unknown], group, why)
    else:
        for node in (left, right):
            if isinstance(node, exp.Tuple) or _quantifier(node):
                _plain(w, exp.Tuple(expressions=[left, right]), scope, group)
                return
        terms = (term(w, left, scope, group), term(w, right, scope, group))
        if mode is _FALSE:
            if type(terms[0]) is Val and terms[0] == terms[1] and terms[0].rank is Rank.LITERAL:
                group.dead = True
            else:
                _unknown(w, terms, group)
        else:
            group.conds.append(Atom(frozenset().union(*(columns_of(t) for t in terms))))


def _null_safe_eq(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    if mode is _TRUE or mode is _NOT_FALSE:
        _null_safe(w, node.this, node.expression, scope, group, why)
    else:
        _plain(w, node, scope, group)


def _null_safe_neq(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    if mode is _FALSE or mode is _NOT_TRUE:
        _null_safe(w, node.this, node.expression, scope, group, why)
    else:
        _plain(w, node, scope, group)


def _plain(w: Work, node: Any, scope: Scope, group: Group) -> None:
    columns: frozenset[Col] = frozenset()
    constant = True
    for child in children(node):
        value = term(w, child, scope, group)
        columns |= columns_of(value)
        constant = constant and is_constant(value)
    group.conds.append(Atom(columns, constant=constant, parameters=constant))


def _is(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    """`x IS [NOT] NULL | TRUE | FALSE | y`: never NULL itself, so two of the four modes coincide."""
    positive = (mode is _TRUE or mode is _NOT_FALSE) != bool(node.args.get("negate"))
    what = node.expression
    if type(what) is exp.Boolean:
        if what.this:
            holds(w, node.this, scope, group, why, _TRUE if positive else _NOT_TRUE)
        else:
            holds(w, node.this, scope, group, why, _FALSE if positive else _NOT_FALSE)
        return
    if type(what) is not exp.Null:
        if positive:
            _null_safe(w, node.this, what, scope, group, why)
        else:
            _plain(w, node, scope, group)
        return
    value = term(w, node.this, scope, group)
    if type(value) is Col:
        group.conds.append(Null(value) if positive else NotNull(value))
    elif type(value) is Val and value.rank is Rank.LITERAL:
        if positive:
            group.dead = True
    elif value == NULL:
        if not positive:
            group.dead = True
    else:
        constant = is_constant(value)
        hole = type(value) is Other and value.hole
        group.conds.append(Atom(columns_of(value), constant=constant, parameters=constant, hole=hole))


def _in(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    query = node.args.get("query")
    field = node.args.get("field")
    if type(field) is exp.Column and not is_hole(field.name) and w.index.table(w.index.fold(field.this)) is not None:
        text = f"IN {field.name} reads a table by name"
        raise Unsupported(text)
    if node.args.get("unnest") is not None or node.args.get("is_global"):
        survey(w, node, scope, group)
        group.conds.append(Atom(frozenset()))
        return
    if mode is not _TRUE:
        survey(w, node, scope, group)
        left = term(w, node.this, scope, group) if _row(unwrap(node.this)) is None else NULL
        rejects = type(left) is Col and mode is _FALSE and query is None  # NULL NOT IN (no rows) is true
        strict = frozenset((left,)) if type(left) is Col and rejects else frozenset()
        group.conds.append(Atom(columns_of(left), strict))
    elif query is not None:
        _equal_query(w, _row(unwrap(node.this)) or [node.this], query, scope, group, why)
    elif field is not None:
        value = unwrap(field)
        if type(value) is exp.Placeholder:
            member(w, term(w, node.this, scope, group), term(w, value, scope, group), group, why)
        else:
            _unknown(w, (term(w, node.this, scope, group), term(w, value, scope, group)), group)
    else:
        one_of(w, node.this, node.expressions, scope, group, why)


def _between(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    low, high = (term(w, node.args[side], scope, group) for side in ("low", "high"))
    value = term(w, node.this, scope, group)
    if mode is _TRUE and type(low) is Val and low == high:
        match(w, value, low, group, why)
    elif mode is _TRUE:
        _unknown(w, (value, low, high), group)
    else:
        group.conds.append(Atom(columns_of(value) | columns_of(low) | columns_of(high)))


def _contains(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    """`values @> ARRAY[x]`, `ARRAY[x] <@ values`, `has(values, x)`: each x is one of the values."""
    values, elements = unwrap(node.this), unwrap(node.expression)
    if type(node) is exp.ArrayContainedBy:
        values, elements = elements, values
    if type(node) is exp.ArrayContains:
        listed = [elements]
    elif type(elements) is exp.Array and elements.expressions:
        listed = elements.expressions
    else:
        _atom(w, node, scope, group, mode)
        return
    several = term(w, values, scope, group)
    if mode is not _TRUE or type(several) is not Val:
        _atom(w, node, scope, group, mode)
        return
    for element in listed:
        member(w, term(w, element, scope, group), several, group, why)


def _exists(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    if mode is _TRUE or mode is _NOT_FALSE:
        w.inline(w, node.this, scope, group)
    else:
        w.inline(w, node.this, scope, Group(group, Kind.BRANCH, "sub-query"))
        group.conds.append(Atom(frozenset()))


def _constant(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    truth: bool | None = None
    if type(node) is exp.Boolean:
        truth = bool(node.this)
    elif type(node) is exp.Literal:
        try:
            truth = float(node.this) != 0
        except ValueError:
            _atom(w, node, scope, group)
            return
    good = {_TRUE: truth is True, _FALSE: truth is False, _NOT_TRUE: truth is not True, _NOT_FALSE: truth is not False}
    if not good[mode]:
        group.dead = True


def _case(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    if mode is not _TRUE and mode is not _FALSE:
        _atom(w, node, scope, group, mode)
        return
    alternatives: list[list[Part]] = []
    for branch in node.args["ifs"]:
        test = branch.this if node.this is None else exp.EQ(this=node.this, expression=branch.this)
        alternatives.append([(test, _TRUE), (branch.args["true"], mode)])
    default = node.args.get("default")
    if default is not None:
        alternatives.append([(default, mode)])
    either(w, alternatives, scope, group, why)


def _if(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    if mode is not _TRUE and mode is not _FALSE:
        _atom(w, node, scope, group, mode)
        return
    alternatives: list[list[Part]] = [[(node.this, _TRUE), (node.args["true"], mode)]]
    if node.args.get("false") is not None:
        alternatives.append([(node.args["false"], mode)])
    either(w, alternatives, scope, group, why)


def _coalesce(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    if mode is not _TRUE and mode is not _FALSE:
        _atom(w, node, scope, group, mode)
        return
    either(w, [[(n, mode)] for n in (node.this, *node.expressions)], scope, group, why)


_STRICT = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like, exp.ILike, exp.RegexpLike, exp.RegexpILike)
_Leaf = Callable[[Work, Any, Mode, Scope, Group, str], None]
_LEAVES: dict[type, _Leaf] = {
    exp.EQ: _eq,
    exp.NEQ: _neq,
    exp.NullSafeEQ: _null_safe_eq,
    exp.NullSafeNEQ: _null_safe_neq,
    exp.Is: _is,
    exp.In: _in,
    exp.Between: _between,
    exp.Exists: _exists,
    exp.ArrayContains: _contains,
    exp.ArrayContainsAll: _contains,
    exp.ArrayContainedBy: _contains,
    exp.Boolean: _constant,
    exp.Null: _constant,
    exp.Literal: _constant,
    exp.Case: _case,
    exp.If: _if,
    exp.Coalesce: _coalesce,
}


def using(w: Work, name: str, left: Term, right: list[Rel], group: Group) -> Term:
    """Join by one column: equal on both sides. Returns the right side's column."""
    found = [rel for rel in right if rel.has(w.index, name)] or [rel for rel in right if rel.has(w.index, name) is None]
    other = found[0].column(w.index, name) if len(found) == 1 else Other(frozenset())
    match(w, left, other, group, "USING")
    return other
