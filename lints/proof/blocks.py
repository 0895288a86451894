"""What a SELECT block does to its rows before anything outside is asked: grouping, cutting off, numbering."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from lints.patterns import regex
from lints.proof.ir import Col, Group, Val
from lints.proof.scalars import children, survey, term, unwrap
from lints.proof.scopes import NOTHING, Scope
from lints.proof.work import Work

_AGGREGATES = frozenset(
    {
        "jsonb_agg", "json_agg", "jsonb_object_agg", "json_object_agg", "json_group_array", "json_group_object",
        "bool_or", "bool_and", "every", "string_agg", "group_concat", "xmlagg", "bit_and", "bit_or", "any_value",
        "total", "count_big", "percentile_cont", "percentile_disc", "mode", "uniq", "uniqexact", "grouparray",
        "sumif", "countif", "argmax", "argmin", "quantile", "checksum_agg", "st_union", "st_collect", "st_extent",
        "st_makeline", "tdigest", "histogram", "percentile", "stdevp", "var", "varp", "singlevalueornull", "sparkbar",
        "flamegraph", "collect", "stats_mode", "wm_concat", "checksum", "product", "favg", "fsum", "geomean", "entropy",
        "mad", "reservoir_quantile", "sum_no_overflow", "kahan_sum", "arbitrary", "any", "some", "std", "mean",
        "try_avg", "try_sum", "count_min_sketch", "histogram_numeric", "approximate", "merge",
        "jsonb_group_array", "jsonb_group_object",
    }
)  # fmt: skip
_AGGREGATE = regex(r"\w*agg(?:_strict|_unique|_distinct)?\Z|\w+_accum\Z")
"""What extensions call theirs."""


def group_keys(w: Work, node: Any, scope: Scope, group: Group) -> tuple[frozenset[Col], frozenset[int]] | None:
    """What of the rows survives grouping: key columns, and instances a key identifies. None: not grouped."""
    clause = node.args.get("group")
    if clause is None:
        if w.dialect == "mysql" and not _aggregates(node, having=True):
            return None  # HAVING is a second WHERE
        return (frozenset(), frozenset()) if _aggregates(node) else None
    clause = _listed(node, clause)
    if any(clause.args.get(part) for part in ("grouping_sets", "rollup", "cube", "totals", "all")):
        survey(w, clause, scope, group)
        return frozenset(), frozenset()
    found: set[Col] = set()
    for key in clause.expressions:
        if isinstance(key, (exp.Rollup, exp.Cube, exp.GroupingSets)):
            survey(w, clause, scope, group)
            return frozenset(), frozenset()
        expression = unwrap(key)
        if type(expression) is exp.Literal and not expression.args.get("is_string"):
            position = int(expression.this) if expression.this.isdigit() else 0
            if not 0 < position <= len(node.expressions):
                continue
            expression = node.expressions[position - 1]
            if type(expression) is exp.Alias:
                expression = expression.this
        value = term(w, expression, scope, group)
        if value is NOTHING and type(expression) is exp.Column and not expression.args.get("table"):
            name = w.index.fold(expression.this)
            for item in node.expressions:
                if type(item) is exp.Alias and w.index.fold(item.args["alias"]) == name:
                    value = term(w, item.this, scope, group)
        if type(value) is Col:
            found.add(value)
    keys = frozenset(found)
    return keys, frozenset(i for i in {c.inst for c in keys} if _identified(w, i, keys))


def _listed(node: Any, clause: Any) -> Any:
    """GROUP BY, with what GROUP BY ALL stands for written out: the columns that the select list shows plainly."""
    if not clause.args.get("all") or clause.expressions:
        return clause
    return exp.Group(expressions=[e for e in map(_unaliased, node.expressions) if plain_column(e)])


def _unaliased(node: Any) -> Any:
    return node.this if type(node) is exp.Alias else node


def plain_column(node: Any) -> bool:
    return type(unwrap(node)) is exp.Column


def _identified(w: Work, inst: int, columns: frozenset[Col]) -> bool:
    """Whether some key of the instance is among the columns."""
    shape = w.insts[inst].shape
    if shape is None or not w.index.enforces:
        return False
    return any(all(Col(inst, c) in columns for c in key) for key in shape.keys)


def through(w: Work, node: Any, scope: Scope, group: Group) -> frozenset[Col]:
    """Columns whose equal rows stay together: a condition on them may as well come first."""
    sets: list[frozenset[Col]] = []
    args = node.args
    limit = args.get("limit")
    if args.get("offset") is not None or args.get("rownum"):
        return frozenset()
    if limit is not None:
        if not limit.expressions:
            return frozenset()
        sets.append(_columns(w, limit.expressions, scope, group))
    distinct = args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        on = unwrap(distinct.args["on"])
        sets.append(_columns(w, on.expressions if type(on) is exp.Tuple else [on], scope, group))
    named = {n.name: n.args.get("partition_by") or [] for n in args.get("windows") or []}
    for window in _windows(node):
        alias = window.args.get("alias")
        parts = window.args.get("partition_by") or (named.get(alias.name, []) if alias is not None else [])
        sets.append(_columns(w, parts, scope, group))
    return frozenset.intersection(*sets) if sets else frozenset()


def _columns(w: Work, nodes: list[Any], scope: Scope, group: Group) -> frozenset[Col]:
    terms = (term(w, n, scope, group) for n in nodes if type(unwrap(n)) is exp.Column)
    return frozenset(t for t in terms if type(t) is Col)


def seal_of(node: Any) -> str | None:
    """Why conditions from outside come too late for this query's rows, if they do; that it always has a row first."""
    limited = False
    while type(node) is exp.Subquery:
        limited = limited or node.args.get("limit") is not None or node.args.get("offset") is not None
        node = node.this
    if type(node) is exp.Select and _totals(node):
        return "aggregate"
    if limited:
        return "limit"
    args = node.args
    if (args.get("limit") is not None and not _everything(args["limit"])) or args.get("offset") is not None:
        return "limit"
    if type(node) is not exp.Select:
        return None
    if args.get("rownum"):
        return "limit"
    if args.get("match") is not None:
        return "match of rows"
    distinct = args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        return "distinct on"
    if args.get("qualify") is not None or next(_windows(node), None) is not None:
        return "window"
    return None


def _totals(node: Any) -> bool:
    """Whether it gives a row of totals whatever it reads."""
    grouping = node.args.get("group")
    if grouping is None:
        return _aggregates(node) or _may_aggregate(node)
    return bool(grouping.args.get("totals")) or not _always_keyed(_listed(node, grouping))


def nothing(limit: Any) -> bool:
    """LIMIT 0, T-SQL's TOP 0, FETCH FIRST 0 ROWS: there is no row, whatever is read."""
    number = unwrap(limit.args.get("expression") or limit.args.get("count"))
    return type(number) is exp.Literal and not number.args.get("is_string") and str(number.this) == "0"


def _everything(limit: Any) -> bool:
    """T-SQL's TOP 100 PERCENT."""
    options = limit.args.get("limit_options")
    number = limit.args.get("expression") or limit.args.get("count")
    return options is not None and bool(options.args.get("percent")) and getattr(number, "name", "") == "100"


def _always_keyed(grouping: Any) -> bool:
    """Whether every group has key columns: no ROLLUP, CUBE or GROUPING SETS, which add totals."""
    if any(grouping.args.get(part) for part in ("grouping_sets", "rollup", "cube")):
        return False
    keys = [e for e in grouping.expressions if not (type(e) is exp.Tuple and not e.expressions)]
    return bool(keys) and not any(isinstance(e, (exp.Rollup, exp.Cube, exp.GroupingSets)) for e in keys)


def _may_aggregate(node: Any) -> bool:
    """Whether all that the block shows is what functions nobody knows make of columns: they may be aggregates."""
    items = [_unaliased(item) for item in node.expressions]
    if node.args.get("from_") is None or not any(type(item) is exp.Anonymous for item in items):
        return False
    known = (exp.Literal, exp.Boolean, exp.Null)
    return all(type(item) in known or (type(item) is exp.Anonymous and item.find(exp.Column)) for item in items)


def _aggregates(node: Any, *, having: bool = False) -> bool:
    """Whether the block aggregates (beside windows). HAVING says so, but for `having` only if it aggregates itself."""
    stack = list(node.expressions)
    if node.args.get("having") is not None:
        if not having:
            return True
        stack.append(node.args["having"])
    if node.args.get("order") is not None:
        stack.extend(node.args["order"].expressions)
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind is exp.Column or kind is exp.Literal or kind is exp.Star or isinstance(item, exp.Query):
            continue
        if kind is exp.Window:
            stack.extend(c for c in children(item) if c is not item.this)
            stack.extend(children(item.this))
            continue
        if isinstance(item, exp.AggFunc) or (kind is exp.Any and not isinstance(item.this, exp.Query)):
            return True
        if kind is exp.Anonymous and ((name := str(item.this).lower()) in _AGGREGATES or _AGGREGATE.match(name)):
            return True
        stack.extend(children(item))
    return False


def _windows(node: Any) -> Iterator[Any]:
    stack = [*node.expressions, *([node.args["qualify"]] if node.args.get("qualify") is not None else [])]
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind is exp.Column or kind is exp.Literal or kind is exp.Star or isinstance(item, exp.Query):
            continue
        if kind is exp.Window:
            yield item
        stack.extend(children(item))


def at_most_one(w: Work, group: Group) -> bool:
    """Whether a key of the only relation is fixed from outside: the sub-query has one row at most."""
    if len(group.insts) != 1 or group.sealed:
        return False
    inst = group.insts[0]
    fixed: set[Col] = set()
    for cond in group.conds:
        pair = getattr(cond, "left", None), getattr(cond, "right", None)
        for one, other in (pair, pair[::-1]):
            if type(one) is Col and one.inst == inst and (type(other) is Val or _outside(other, inst)):
                fixed.add(one)
    return _identified(w, inst, frozenset(fixed))


def _outside(value: Any, inst: int) -> bool:
    return type(value) is Col and value.inst != inst
