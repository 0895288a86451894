"""Conditions as facts: what must hold of the rows when an expression is true (or false, or not true, or not false)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

from sqlglot import exp

from lints.proof.equality import (
    all_null_safe,
    among,
    disjoin,
    equal,
    equal_query,
    match,
    member,
    null_safe,
    one_of,
    plain,
    quantifier,
    row_of,
)
from lints.proof.equality import unknown as compared
from lints.proof.holes import opens_chain
from lints.proof.ir import (
    NULL,
    Atom,
    Col,
    Group,
    Kind,
    NotNull,
    Null,
    Other,
    Rank,
    Unsupported,
    Val,
)
from lints.proof.scalars import children, columns_of, is_constant, is_hole, survey, term, unwrap
from lints.proof.scopes import Scope
from lints.proof.work import Work
from lints.tenancy import Ownership


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
                if w.doubts and kind is exp.And and opens_chain(item):
                    _doubted(w, item, scope, group, why, mode)
                    continue
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


def _doubted(w: Work, node: Any, scope: Scope, group: Group, why: str, mode: Mode) -> None:
    """A conjunction with an interpolated conjunct that may hold an alternative: then it says nothing."""
    parts: list[Any] = [node]
    said = Group(group, Kind.BRANCH, why)
    while parts:
        part = parts.pop()
        if type(part) is exp.And:
            parts += (part.expression, part.this)
        else:
            holds(w, part, scope, said, why, mode)
    other = Group(group, Kind.BRANCH, why)
    other.conds.append(Atom(frozenset(), hole=True))
    disjoin([said, other], group, why)


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
    disjoin(branches, group, why)


def _atom(w: Work, node: Any, scope: Scope, group: Group, mode: Mode = _TRUE) -> None:
    """Any other condition. A comparison that is true or false has no NULL on either side."""
    strict = isinstance(node, _STRICT) and (mode is _TRUE or mode is _FALSE)
    if strict and not any(quantifier(unwrap(c)) for c in children(node)):
        terms = [term(w, child, scope, group) for child in children(node)]
        compared(w, terms, group)
        return
    value = term(w, node, scope, group)
    rejects = frozenset((value,)) if type(value) is Col and (mode is _TRUE or mode is _FALSE) else frozenset()
    hole = type(value) is Other and value.hole
    parameters = is_constant(value)
    group.conds.append(Atom(columns_of(value), rejects, hole=hole, constant=parameters, parameters=parameters))


def _xor(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    """One of the two and not the other; of neither is it known, if it is not known of one."""
    if mode not in (_TRUE, _FALSE):
        _atom(w, node, scope, group, mode)
        return
    one, other = node.this, node.expression
    unlike = _NEGATED[mode]
    either(w, [[(one, _TRUE), (other, unlike)], [(one, _FALSE), (other, mode)]], scope, group, why)


def _eq(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    left, right = node.this, node.expression
    if mode is _TRUE and type(left) in _SIMPLE and type(right) in _SIMPLE:  # as nearly all of them are
        match(w, term(w, left, scope, group), term(w, right, scope, group), group, why)
    else:
        _equality(w, left, right, mode, scope, group, why)


def _neq(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    over = unwrap(node.expression)
    if mode is _FALSE and quantifier(over) == "all" and len(list(children(over))) == 1:  # equal to some
        equal(w, node.this, exp.Any(this=next(children(over))), scope, group, why)
        return
    if quantifier(over) or quantifier(unwrap(node.this)):  # NOT (x <> ANY (nothing)) is true
        plain(w, node, scope, group)
        return
    _equality(w, node.this, node.expression, _NEGATED[mode], scope, group, why)


def _equality(w: Work, left: Any, right: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    left, right = unwrap(left), unwrap(right)
    for flag, node in ((left, right), (right, left)):
        if type(flag) is exp.Boolean and (mode is _TRUE or mode is _FALSE):  # (condition) = true, (condition) <> false
            holds(w, node, scope, group, why, _TRUE if bool(flag.this) == (mode is _TRUE) else _FALSE)
            return
    if mode is _TRUE:
        for flag, node in ((left, right), (right, left)):
            chosen = _chosen(node, flag)
            if chosen is not None:  # CASE WHEN condition THEN 1 ELSE 0 END = 1
                either(w, chosen, scope, group, why)
                return
        equal(w, left, right, scope, group, why)
    elif mode is _NOT_FALSE:
        branch = Group(group, Kind.BRANCH, why)
        equal(w, left, right, scope, branch, why)
        unknown = Group(group, Kind.BRANCH, why)  # NULL on either side: a NULL parameter is enough
        unknown.conds.append(Atom(frozenset(), constant=True, parameters=True))
        disjoin([branch, unknown], group, why)
    else:
        for node in (left, right):
            if isinstance(node, exp.Tuple) or quantifier(node):
                plain(w, exp.Tuple(expressions=[left, right]), scope, group)
                return
        terms = (term(w, left, scope, group), term(w, right, scope, group))
        if mode is _FALSE:
            if type(terms[0]) is Val and terms[0] == terms[1] and terms[0].rank is Rank.LITERAL:
                group.dead = True
            else:
                compared(w, terms, group)
        else:
            group.conds.append(Atom(frozenset().union(*(columns_of(t) for t in terms))))


def _chosen(node: Any, value: Any) -> list[list[Part]] | None:
    """The conditions under which a CASE or IF of constants gives this constant; None if it is no such thing."""
    if type(value) is not exp.Literal or type(node) not in (exp.Case, exp.If, exp.DecodeCase):
        return None
    if type(node) is exp.DecodeCase:
        node = _decoded(node)
    if type(node) is exp.Case:
        if node.this is not None:
            return None
        tests = [(branch.this, unwrap(branch.args["true"])) for branch in node.args["ifs"]]
        default = node.args.get("default")
    else:
        tests = [(node.this, unwrap(node.args["true"]))]
        default = node.args.get("false")
    if not all(type(result) is exp.Literal for _, result in tests) or type(default) not in (exp.Literal, type(None)):
        return None
    wanted = str(value.this)
    alternatives: list[list[Part]] = [[(test, _TRUE)] for test, result in tests if str(result.this) == wanted]
    if default is not None and str(default.this) == wanted:
        alternatives.append([(test, _NOT_TRUE) for test, _ in tests])
    return alternatives or None


def _decoded(node: Any) -> Any:
    """DECODE(value, this, that, …, otherwise) as a CASE; to DECODE two NULLs are the same."""
    value, *rest = node.expressions
    pairs = zip(rest[::2], rest[1::2], strict=False)
    ifs = [exp.If(this=exp.NullSafeEQ(this=value, expression=one), true=result) for one, result in pairs]
    return exp.Case(ifs=ifs, default=rest[-1] if len(rest) % 2 else None)


def _ordered(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    """`(condition) >= true` and its like: false comes before true. Other comparisons say nothing."""
    for flag, other, kinds in (
        (unwrap(node.expression), node.this, (exp.GTE, exp.LTE)),
        (unwrap(node.this), node.expression, (exp.LTE, exp.GTE)),
    ):
        if mode is _TRUE and type(flag) is exp.Boolean and type(node) is kinds[0 if flag.this else 1]:
            holds(w, other, scope, group, why, _TRUE if flag.this else _FALSE)
            return
    _atom(w, node, scope, group, mode)


def _operator(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    """PostgreSQL's OPERATOR(schema.=)."""
    if str(node.args.get("operator")).lower() in ("=", "pg_catalog.="):
        _equality(w, node.this, node.expression, mode, scope, group, why)
    else:
        _atom(w, node, scope, group, mode)


def _called(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    """ClickHouse's equals(a, b)."""
    if w.dialect == "clickhouse" and str(node.this).lower() == "equals" and len(node.expressions) == 2:
        left, right = node.expressions
        _equality(w, left, right, mode, scope, group, why)
    else:
        _atom(w, node, scope, group, mode)


def _null_safe_eq(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    if mode is _TRUE or mode is _NOT_FALSE:
        all_null_safe(w, node.this, node.expression, scope, group, why)
    else:
        plain(w, node, scope, group)


def _null_safe_neq(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    if mode is _FALSE or mode is _NOT_TRUE:
        all_null_safe(w, node.this, node.expression, scope, group, why)
    else:
        plain(w, node, scope, group)


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
            null_safe(w, node.this, what, scope, group, why)
        else:
            plain(w, node, scope, group)
        return
    given = unwrap(node.this)
    if positive and type(given) is exp.Nullif:  # it is NULL, or what NULLIF asks for
        nothing = exp.Is(this=given.this, expression=exp.Null())
        either(
            w, [[(exp.EQ(this=given.this, expression=given.expression), _TRUE)], [(nothing, _TRUE)]], scope, group, why
        )
        return
    value = term(w, given, scope, group)
    if type(value) is Col:
        group.conds.append(Null(value) if positive else NotNull(value))
        group.dead = group.dead or (positive and _is_there(w, value, group))
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


def _is_there(w: Work, column: Col, group: Group) -> bool:
    """Whether the tenant of a row that is of the group itself (not of an outer join's other side) is never NULL."""
    inst = w.insts[column.inst]
    if inst.shape is None or inst.table is None or inst.table.ownership is not Ownership.OWNED:
        return False
    never = column.name == inst.shape.own and column.name not in inst.shape.nullable
    return never and inst.stored and inst.group.home() is group.home()


def _in(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    if len(node.expressions) == 1 and type(node.expressions[0]) is exp.Values:  # IN (VALUES (…), (…))
        rows = node.expressions[0].expressions
        one = row_of(unwrap(node.this)) is None
        node = node.copy()
        node.set("expressions", [r.expressions[0] if one and len(r.expressions) == 1 else r for r in rows])
    query = node.args.get("query")
    field = node.args.get("field")
    if type(field) is exp.Column and not is_hole(field.name) and w.index.table(w.index.fold(field.this)) is not None:
        text = f"IN {field.name} reads a table by name"
        raise Unsupported(text)
    unnest = node.args.get("unnest")
    if unnest is not None and mode is _TRUE and len(unnest.expressions) == 1:
        array = unwrap(unnest.expressions[0])
        if type(array) is exp.Array:
            one_of(w, node.this, array.expressions, scope, group, why)
        else:
            member(w, term(w, node.this, scope, group), term(w, array, scope, group), group, why)
        return
    if unnest is not None or node.args.get("is_global"):
        survey(w, node, scope, group)
        group.conds.append(Atom(frozenset()))
        return
    if mode is not _TRUE:
        if query is None or not among(w, node, scope, group):
            survey(w, node, scope, group)
        left = term(w, node.this, scope, group) if row_of(unwrap(node.this)) is None else NULL
        listed = query is None and bool(node.expressions)
        rejects = type(left) is Col and mode is _FALSE and listed  # NULL NOT IN (nothing) is true
        strict = frozenset((left,)) if type(left) is Col and rejects else frozenset()
        group.conds.append(Atom(columns_of(left), strict))
    elif query is not None:
        equal_query(w, row_of(unwrap(node.this)) or [node.this], query, scope, group, why)
    elif field is not None:
        value = unwrap(field)
        if type(value) is exp.Placeholder or type(value) is exp.Parameter:  # `IN @ids`, which Dapper writes out
            member(w, term(w, node.this, scope, group), term(w, value, scope, group), group, why)
        else:
            compared(w, (term(w, node.this, scope, group), term(w, value, scope, group)), group)
    else:
        one_of(w, node.this, node.expressions, scope, group, why)


def _between(w: Work, node: Any, mode: Mode, scope: Scope, group: Group, why: str) -> None:
    rows = [row_of(unwrap(part)) for part in (node.this, node.args["low"], node.args["high"])]
    parts: list[Any] = [node.this, node.args["low"], node.args["high"]]
    if all(rows) and mode is _TRUE:  # rows between two rows that begin alike begin as they do
        survey(w, node, scope, group)
        parts = [row[0] for row in rows if row]
    value, low, high = (term(w, part, scope, group) for part in parts)
    if mode is _TRUE and type(low) is Val and low == high:
        match(w, value, low, group, why)
    elif mode is _TRUE:
        compared(w, (value, low, high), group)
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


_SIMPLE = frozenset({exp.Column, exp.Placeholder, exp.Parameter, exp.Literal})
_STRICT = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like, exp.ILike, exp.RegexpLike, exp.RegexpILike)
_Leaf = Callable[[Work, Any, Mode, Scope, Group, str], None]
_LEAVES: dict[type, _Leaf] = {
    exp.EQ: _eq,
    exp.NEQ: _neq,
    exp.NullSafeEQ: _null_safe_eq,
    exp.EqualNull: _null_safe_eq,
    exp.NullSafeNEQ: _null_safe_neq,
    exp.Xor: _xor,
    exp.Is: _is,
    exp.In: _in,
    exp.Between: _between,
    exp.GTE: _ordered,
    exp.LTE: _ordered,
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
    exp.Operator: _operator,
    exp.Anonymous: _called,
}
