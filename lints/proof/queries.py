"""SELECT, set operations, VALUES and WITH as groups of conditions over relation instances; everything is inlined."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from lints.proof.blocks import at_most_one, group_keys, nothing, plain_column, seal_of, through
from lints.proof.conditions import holds
from lints.proof.facts import mentioned
from lints.proof.ir import Col, Eq, Group, Kind, OneOf, Or, Other, Same, Term, Unsupported, Val
from lints.proof.relations import join_tree, relation
from lints.proof.scalars import survey, term, unwrap
from lints.proof.scopes import NOTHING, Rel, Scope, expand
from lints.proof.work import Columns, Cte, Env, Summary, Work

_SEALED = Kind.SEALED
_SELECT_PARTS = frozenset(
    {
        "with_", "kind", "expressions", "hint", "distinct", "into", "from_", "joins", "where", "group", "having",
        "qualify", "windows", "order", "limit", "offset", "locks", "prewhere", "settings", "format", "options",
        "operation_modifiers", "sample", "for_", "laterals", "rownum", "connect", "match",
        "distribute", "sort", "cluster",
    }
)  # fmt: skip
_LAST = ("cluster", "distinct", "distribute", "limit", "offset", "order", "sort", "windows")
"""Clauses that say nothing of which rows there are but how they come."""
_RECURSIVE = frozenset({"tsql", "oracle", "sqlite", "snowflake"})
"""Dialects whose WITH needs no RECURSIVE for a query that names itself."""
_SUBQUERY_PARTS = frozenset({"this", "alias", "with_", "order", "limit", "offset", "sample", "joins"})


def inline(
    w: Work, node: Any, scope: Scope | None, group: Group, *, env: Env | None = None, scalar: bool = False
) -> Columns:
    """Translate a query whose rows belong to `group`; returns its columns.

    A query that fixes its rows before an outer condition applies (LIMIT, DISTINCT ON, windows) gets a sealed group; an
    ungrouped aggregate always has a row, so its group is not implied. `scope` is what the query may refer to outside.
    """
    if env is None and scope is not None:
        env = scope.env
    w.spend(2)
    seal = seal_of(node)
    if seal is None and not scalar:
        return query(w, node, scope, env, group)
    inner = Group(group, Kind.SEALED, seal or "scalar sub-query")
    columns = query(w, node, scope, env, inner)
    if seal == "aggregate":
        constant = node.args.get("group") is None  # totals of a grouping have NULL for it
        known = expand(columns, w.index) or [(None, NOTHING)]
        return [(name, value if constant and type(value) is Val else NOTHING) for name, value in known]
    if seal is None and at_most_one(w, inner):
        group.absorb(inner)
        return columns
    inner.implied = True
    group.sealed.append(inner)
    return columns


def query(w: Work, node: Any, outer: Scope | None, env: Env | None, group: Group) -> Columns:
    """Translate a query expression of any kind into `group`."""
    kind = type(node)
    if kind is exp.Select:
        return select(w, node, outer, env, group)
    if kind is exp.Subquery:
        for part, value in node.args.items():
            if value and part not in _SUBQUERY_PARTS:
                text = f"{part} on a sub-select is not modelled"
                raise Unsupported(text)
        if node.args.get("with_") is not None:
            env, ctes = with_env(w, node.args["with_"], outer, env, group)
            columns = query(w, node.this, outer, env, group)
            unused(w, ctes, group)
            return columns
        return query(w, node.this, outer, env, group)
    if isinstance(node, exp.SetOperation):
        return _set_operation(w, node, outer, env, group)
    if kind is exp.Values:
        return values(w, node, outer, env, group)
    if kind is exp.Table:
        scope = Scope(outer, env)
        join_tree(w, node, [], scope, group)
        return list(scope.rels.values())
    return w.statement(w, node, outer, env, group)


def select(w: Work, node: Any, outer: Scope | None, env: Env | None, group: Group, *, root: bool = False) -> Columns:
    """Translate one SELECT block. With `root` nobody asks for its columns."""
    w.spend(2)
    args = node.args
    for part in args.keys() - _SELECT_PARTS:
        if args[part]:
            text = f"{part} in SELECT is not modelled"
            raise Unsupported(text)
    if args.get("match") is not None and any(
        args.get(part) for part in ("where", "group", "having", "qualify", "joins")
    ):
        raise Unsupported("what is asked of the rows of MATCH_RECOGNIZE is not modelled")
    ctes: list[Cte] = []
    if args.get("with_") is not None:
        env, ctes = with_env(w, args["with_"], outer, env, group)
    scope = Scope(outer, env)
    source = args.get("from_")
    if source is None and args.get("joins"):
        raise Unsupported("a join to nothing")
    if source is not None:
        join_tree(w, source.this, args.get("joins") or [], scope, group)
        for view in args.get("laterals") or ():  # Spark's LATERAL VIEW
            for rel in relation(w, view, scope, group):
                scope.add(rel)
    if w.dialect == "clickhouse":
        scope.aliases = _aliases(w, node)
        while env is not None:
            if env.cte.scalar:
                scope.aliases.setdefault(env.cte.name, env.cte.body)
            env = env.outer
    for clause in ("prewhere", "where"):
        if args.get(clause) is not None and args.get("connect") is None:
            holds(w, args[clause].this, scope, group, "WHERE")
    if args.get("connect") is not None:
        _connected(w, args["connect"], args.get("where"), scope, group)
    keys = group_keys(w, node, scope, group)
    if args.get("having") is not None:
        scope.keys = keys
        if w.dialect == "mysql":
            scope.aliases = _aliases(w, node)
        if keys is not None and not keys[0] and args.get("group") is not None:
            _having_of_totals(w, node, scope, group)
        else:
            holds(w, args["having"].this, scope, group, "HAVING")
        if w.dialect == "mysql":
            scope.aliases = None
    scope.keys = keys
    if args.get("qualify") is not None:
        _qualify(w, node, scope, group)
    if args.get("match") is not None:
        survey(w, args["match"], scope, group)
        columns: Columns = [_unknown_columns()]
    else:
        columns = _projections(w, node, scope, group, root=root)
    for clause in _LAST:
        value = args.get(clause)
        if value is not None:
            for part in value if isinstance(value, list) else [value]:
                survey(w, part, scope, group)
    if args.get("limit") is not None and nothing(args["limit"]):
        group.dead = True
    if group.kind is _SEALED:
        scope.keys = None
        group.through = through(w, node, scope, group)
    unused(w, ctes, group)
    return columns


def _connected(w: Work, connect: Any, where: Any, scope: Scope, group: Group) -> None:
    """START WITH … CONNECT BY: a row is of the tree for its ancestors' sake, so a condition on it or on where the tree
    starts holds of all of them only if it is on columns that every row has from the one above it (`PRIOR a = a`)."""
    handed: set[Col] = set()
    for part in _conjuncts(connect.args["connect"]):
        pair = (unwrap(part.this), unwrap(part.expression)) if type(part) is exp.EQ else ()
        above = [p.this for p in pair if type(p) is exp.Prior]
        below = [term(w, p, scope, group) for p in pair if type(p) is not exp.Prior]
        if len(above) == len(below) == 1 and type(below[0]) is Col and term(w, above[0], scope, group) == below[0]:
            handed.add(below[0])
    late = Group(group, Kind.BRANCH, "CONNECT BY")
    for condition in (connect.args.get("start"), where.this if where is not None else None):
        if condition is not None:
            holds(w, condition, scope, late, "START WITH")
    survey(w, connect.args["connect"], scope, group)
    group.conds.extend(cond for cond in late.conds if mentioned(cond) and mentioned(cond) <= handed)


def _rows_of(
    w: Work, first: tuple[Term, ...], later: tuple[Term, ...], seen: tuple[tuple[Group, int], ...]
) -> tuple[tuple[Term, ...], tuple[Term, ...]]:
    """Where a recursive query shows the key of one table's rows, each of its rows has such a row behind it: whose
    tenant is one more column of the recursion, and references to the key are references to that row."""
    width = len(first)
    for one, other in zip(first[:width], later[:width], strict=False):
        if type(one) is not Col or type(other) is not Col or one.name != other.name:
            continue
        rows = w.insts[one.inst], w.insts[other.inst]
        shape, key = rows[0].shape, rows[0].key
        if rows[0].table is None or rows[0].table is not rows[1].table or not (rows[0].stored and rows[1].stored):
            continue
        if key is None or rows[1].key is None or (one.name,) not in shape.keys or not w.index.enforces:
            continue
        for around, inst in seen:
            behind = w.instance(rows[0].table, rows[0].alias, around)
            for j, (a, b) in enumerate(zip(first[:width], later[:width], strict=False)):
                if type(a) is Col and a.inst == one.inst and b == Col(other.inst, a.name):
                    around.conds.append(Same(Col(behind, a.name), Col(inst, str(j)), "recursion"))
            around.conds.append(Same(Col(behind, key.name), Col(inst, str(len(first))), "recursion"))
        first, later = (*first, key), (*later, rows[1].key)
    return first, later


def _conjuncts(node: Any) -> list[Any]:
    found: list[Any] = []
    stack = [unwrap(node)]
    while stack:
        item = stack.pop()
        if type(item) is exp.And:
            stack += (unwrap(item.expression), unwrap(item.this))
        else:
            found.append(item)
    return found


def _having_of_totals(w: Work, node: Any, scope: Scope, group: Group) -> None:
    """HAVING after ROLLUP and the like, in whose totals a key is NULL: a key that equals a value is no total's."""
    clause = node.args["group"]
    parts = [clause, *clause.expressions, *(clause.args.get("rollup") or ()), *(clause.args.get("cube") or ())]
    listed = [part for item in parts if hasattr(item, "expressions") for part in item.expressions]
    listed += [p for s in (*listed, *(clause.args.get("grouping_sets") or ())) for p in getattr(s, "expressions", [])]
    scope.keys = None
    keys = frozenset(t for t in (term(w, key, scope, group) for key in listed if plain_column(key)) if type(t) is Col)
    late = Group(group, Kind.BRANCH, "HAVING")
    scope.keys = keys, frozenset()
    holds(w, node.args["having"].this, scope, late, "HAVING")
    group.conds.extend(cond for cond in late.conds if type(cond) is Eq or type(cond) is OneOf)
    scope.keys = frozenset(), frozenset()


def _qualify(w: Work, node: Any, scope: Scope, group: Group) -> None:
    """QUALIFY filters after the windows: a condition on what all of them partition by may as well come first."""
    qualify = node.args["qualify"]
    if qualify.find(exp.Query) is not None:
        survey(w, qualify, scope, group)
        return
    late = Group(group, Kind.BRANCH, "QUALIFY")
    holds(w, qualify.this, scope, late, "QUALIFY")
    shown = _aliases(w, node)  # which may be what the condition means
    whole = frozenset(c for c in through(w, node, scope, group) if c.name not in shown)
    group.conds.extend(cond for cond in late.conds if mentioned(cond) <= whole)


def _aliases(w: Work, node: Any) -> dict[str, Any]:
    """The names the select list gives, where conditions see them first."""
    return {w.index.fold(e.args["alias"]): e.this for e in node.expressions if type(e) is exp.Alias}


def _projections(w: Work, node: Any, scope: Scope, group: Group, *, root: bool) -> Columns:
    columns: Columns = []
    for item in node.expressions:
        kind = type(item)
        if root:
            if kind is exp.Alias:
                item = item.this
                kind = type(item)
            if kind is not exp.Column and kind is not exp.Star and kind is not exp.Literal:
                survey(w, item, scope, group)
            continue
        if kind is exp.Star:
            if any(item.args.values()):
                columns.extend(_changed_star(w, item, scope, group))
            else:
                columns.extend(scope.rels.values())
        elif kind is exp.Column and type(item.this) is exp.Star:
            rel = scope.rels.get(w.index.fold(item.args["table"])) if item.args.get("table") else None
            columns.append(rel or _unknown_columns())
        elif kind is exp.Alias:
            columns.append((w.index.fold(item.args["alias"]), term(w, item.this, scope, group)))
        elif kind is exp.Column:
            columns.append((w.index.fold(item.this), term(w, item, scope, group)))
        else:
            columns.append((item.alias_or_name.lower() or None, term(w, item, scope, group)))
    return columns


def _changed_star(w: Work, star: Any, scope: Scope, group: Group) -> Columns:
    """`*` without some columns, with others in their place or under another name."""
    if set(star.args) - {"except_", "replace", "rename"} and any(
        value for part, value in star.args.items() if part not in ("except_", "replace", "rename")
    ):
        return [_unknown_columns()]
    known = expand(list(scope.rels.values()), w.index)
    if known is None:
        return [_unknown_columns()]
    out = {w.index.fold(_named(item)) for item in star.args.get("except_") or ()}
    put = {w.index.fold(e.args["alias"]): term(w, e.this, scope, group) for e in star.args.get("replace") or ()}
    new = {w.index.fold(_named(e.this)): w.index.fold(e.args["alias"]) for e in star.args.get("rename") or ()}
    return [(new.get(n or "", n), put.get(n or "", value)) for n, value in known if n is None or n not in out]


def _named(item: Any) -> Any:
    return item.this if type(item) is exp.Column else item


def _unknown_columns() -> Rel:
    rel = Rel("")
    rel.outputs = {}
    rel.complete = False
    return rel


def _set_operation(w: Work, node: Any, outer: Scope | None, env: Env | None, group: Group) -> Columns:
    """UNION, INTERSECT, EXCEPT: a relation of its own whose columns are the branches' columns."""
    ctes: list[Cte] = []
    if node.args.get("by_name") or node.args.get("on"):
        raise Unsupported("a set operation by name is not modelled")
    if node.args.get("with_") is not None:
        env, ctes = with_env(w, node.args["with_"], outer, env, group)
    scope = Scope(outer, env)
    result = w.instance(None, "set operation", group)
    operands = [node.expression]
    left = node.this
    kind = type(node)
    while kind is exp.Union and type(left) is exp.Union and seal_of(left) is None and left.args.get("with_") is None:
        operands.append(left.expression)
        left = left.this
    operands.append(left)
    operands.reverse()
    names: list[str | None] = []
    branches: list[Group] = []
    for position, operand in enumerate(operands):
        branch = group
        if kind is exp.Union or position:
            branch = Group(group, Kind.BRANCH, kind.__name__.upper())
        if kind is exp.Intersect and position:
            branch = group
        columns = expand(inline(w, operand, scope.outer, branch, env=env), w.index)
        if position == 0:
            names = [name for name, _ in columns] if columns is not None else []
        for number, (_, value) in enumerate(columns or ()):
            if number < len(names):
                _link(branch, Col(result, str(number)), value, kind.__name__.upper())
        branches.append(branch)
    w.headings[result] = [name or "?" for name in names]
    if kind is exp.Union:
        group.conds.append(Or(tuple(branches), "UNION"))
    if node.args.get("limit") is not None and nothing(node.args["limit"]):
        group.dead = True
    for clause in ("order", "limit", "offset"):
        if node.args.get(clause) is not None:
            survey(w, node.args[clause], Scope(outer, env), group)
    unused(w, ctes, group)
    if not names:
        return [_unknown_columns()]
    return [(name, Col(result, str(number))) for number, name in enumerate(names)]


def _link(group: Group, column: Col, value: Term, why: str) -> None:
    if type(value) is Col or type(value) is Val:
        group.conds.append(Same(column, value, why))


def values(w: Work, node: Any, outer: Scope | None, env: Env | None, group: Group) -> Columns:
    """VALUES: each column is one of the values its rows give it."""
    scope = Scope(outer, env)
    rows = [list(r.expressions) if type(r) is exp.Tuple else [r] for r in node.expressions]
    inst = w.instance(None, "VALUES", group)
    width = len(rows[0]) if rows else 0
    out: Columns = []
    for number in range(width):
        terms = [term(w, row[number], scope, group) for row in rows if number < len(row)]
        constant = [t for t in terms if type(t) is Val]
        if len(rows) == 1 and (type(terms[0]) is Val or type(terms[0]) is Col):
            out.append((f"column{number + 1}", terms[0]))
        elif len(constant) == len(terms):
            rank = max(t.rank for t in constant)
            out.append((f"column{number + 1}", Val(f"value {inst}.{number}", rank)))
        else:
            out.append((f"column{number + 1}", NOTHING))
    return out


def with_env(w: Work, node: Any, outer: Scope | None, env: Env | None, group: Group) -> tuple[Env | None, list[Cte]]:
    """The names a WITH clause adds. Modifying ones are translated here: they run whatever the query does."""
    ctes: list[Cte] = []
    for item in node.expressions:
        w.spend()
        alias = item.args["alias"]
        name = w.index.fold(alias.this)
        columns = [w.index.fold(c) for c in alias.args.get("columns") or ()]
        cte = Cte(name, item.this, columns, env, outer)
        cte.recursive = bool(node.args.get("recursive")) or (
            w.dialect in _RECURSIVE and w.index.table(name) is None and w.index.view(name) is None
        )  # of a name that a stored relation has too, the stored one may be meant
        if item.args.get("scalar"):
            survey(w, item.this, Scope(outer, env), group)
            cte.scalar = cte.used = True
        if isinstance(item.this, exp.DML) or type(item.this) is exp.Merge:
            written = Group(None, Kind.ROOT, "modifying CTE")
            cte.returning = (written, w.statement(w, item.this, outer, env, written))
            cte.used = True
        ctes.append(cte)
        env = Env(cte, env)
    return env, ctes


def unused(w: Work, ctes: list[Cte], group: Group) -> None:
    """Translate the common table expressions that nothing refers to: they are still in the text."""
    for cte in ctes:
        if not cte.used:
            inline(w, cte.body, cte.outer, Group(group, Kind.BRANCH, f"WITH {cte.name}"), env=cte.env)


def reference(w: Work, cte: Cte, group: Group) -> Columns:
    """The columns of a common table expression at one place it is named."""
    cte.used = True
    if cte.self_rel is not None:
        number, names = cte.self_rel
        if number in w.referred:
            text = f"{cte.name} refers to itself twice"
            raise Unsupported(text)
        w.referred.add(number)
        return [(name, Col(number, str(i))) for i, name in enumerate(names)]
    if cte.returning is not None:
        written, columns = cte.returning
        known = expand(columns, w.index)
        if known is None:
            return [_unknown_columns()]
        if not cte.named:
            cte.named = True
            group.sealed.append(written)  # a row here is a row that was written: what is known of it is known here
            return [*known]
        inst = w.instance(None, cte.name, group)
        w.summaries.append(Summary(inst, group, ((written, tuple(t for _, t in known)),)))
        return [(name, Col(inst, str(i))) for i, (name, _) in enumerate(known)]
    body = cte.body
    while type(body) is exp.Subquery and seal_of(body) is None:
        body = body.this
    if cte.recursive and type(body) is exp.Union and _names(w, body.expression, cte.name):
        return _recursive(w, cte, body, group)
    return inline(w, body, cte.outer, group, env=cte.env)


def _names(w: Work, node: Any, name: str) -> bool:
    return any(
        type(n) is exp.Table and w.index.fold(n.this) == name for n in node.walk() if not isinstance(n.this, str)
    )


def _recursive(w: Work, cte: Cte, body: Any, group: Group) -> Columns:
    """A recursive query: what its first term always has and its second keeps, every row has."""
    result = w.instance(None, cte.name, group)
    first = Group(group, Kind.SEALED, "recursion")
    start = expand(inline(w, body.this, cte.outer, first, env=cte.env), w.index)
    if start is None:
        text = f"the columns of the recursive query {cte.name} are not known"
        raise Unsupported(text)
    names: list[str | None] = [*cte.columns, *(n for n, _ in start[len(cte.columns) :])]
    second = Group(group, Kind.SEALED, "recursion")
    previous = w.instance(None, cte.name, second)
    cte.self_rel = (previous, names)
    w.headings[result] = w.headings[previous] = [name or "?" for name in names]
    try:
        step = expand(inline(w, body.expression, cte.outer, second, env=Env(cte, cte.env)), w.index)
    finally:
        cte.self_rel = None
    terms = tuple(t for _, t in start)
    later = tuple(t for _, t in step) if step is not None else tuple(Other(frozenset()) for _ in terms)
    terms, later = _rows_of(w, terms, later, ((group, result), (second, previous)))
    w.summaries.append(Summary(result, group, ((first, terms), (second, later)), previous))
    kept = {(a, b) for c in second.conds if type(c) is Eq for a, b in ((c.left, c.right), (c.right, c.left))}
    for i, (one, other) in enumerate(zip(terms, later, strict=False)):
        own = Col(previous, str(i))
        if other == own or (own, other) in kept:  # handed down unchanged: a condition on it holds for all ancestors
            _link(first, Col(result, str(i)), one, "recursion")
            _link(second, Col(result, str(i)), other, "recursion")
    return [(name, Col(result, str(i))) for i, name in enumerate(names)]
