"""FROM: tables, views, sub-selects and functions as relations in scope, and joins as links between groups."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from lints.proof.conditions import holds
from lints.proof.derived import alias_of, derived, function, named, opaque, unnest
from lints.proof.equality import using
from lints.proof.ir import Col, Full, Group, Kind, Merged, Other, Target, Term, Unsupported
from lints.proof.parse import view_query
from lints.proof.scalars import is_hole, survey
from lints.proof.scopes import NOTHING, Rel, Scope, expand
from lints.proof.work import Columns, Work
from lints.tenancy import Ownership, View

_GLOBAL = Ownership.GLOBAL
_JOIN_PARTS = frozenset(
    {"this", "on", "side", "kind", "using", "method", "hint", "global_", "global", "match_condition"}
)
_TABLE_PARTS = frozenset(
    {
        "this",
        "alias",
        "db",
        "catalog",
        "joins",
        "only",
        "sample",
        "hints",
        "rows_from",
        "ordinality",
        "final",
        "partition",
        "when",
        "version",
        "changes",
    }
)


def join_tree(w: Work, first: Any, joins: list[Any], scope: Scope, group: Group) -> list[Rel]:
    """Translate `first` and what is joined to it. Rows of the whole tree belong to `group`."""
    if not joins:
        return _add(scope, relation(w, first, scope, group))
    if all(str(j.args.get("side") or "").upper() not in ("RIGHT", "FULL") for j in joins):
        rels = _add(scope, relation(w, first, scope, group))
        for join in joins:
            rels += _join(w, join, rels, scope, group, group)[0]
        return rels
    part = Group(group, Kind.BRANCH, "FROM")
    rels = _add(scope, relation(w, first, scope, part))
    parts = [part]
    current = list(rels)
    for join in joins:
        if _is_comma(join):  # what stands before a comma is not touched by later outer joins
            part = Group(group, Kind.BRANCH, "FROM")
            parts.append(part)
            current = _add(scope, relation(w, join.this, scope, part))
            rels += current
            continue
        added, parts[-1] = _join(w, join, current, scope, parts[-1], group)
        current += added
        rels += added
    for part in parts:
        group.absorb(part)
    return rels


def _is_comma(join: Any) -> bool:
    return not any(join.args.get(part) for part in ("side", "kind", "on", "using", "method"))


def _add(scope: Scope, rels: list[Rel]) -> list[Rel]:
    for rel in rels:
        if rel.alias in scope.rels:  # twice the same name: no column of it can be told apart
            blurred = Rel(rel.alias)
            blurred.outputs = {}
            scope.rels[rel.alias] = blurred
        else:
            scope.rels[rel.alias] = rel
    return list(rels)


def _join(w: Work, join: Any, left: list[Rel], scope: Scope, part: Group, top: Group) -> tuple[list[Rel], Group]:
    """One join to the rows in `part`; returns the new relations and the group the joined rows belong to."""
    args = join.args
    for name, value in args.items():
        if value and name not in _JOIN_PARTS:
            text = f"{name} in JOIN is not modelled"
            raise Unsupported(text)
    side = str(args.get("side") or "").upper()
    kind = str(args.get("kind") or "").upper()
    method = str(args.get("method") or "").upper()
    if kind == "ARRAY":
        return [_elements(w, join, scope, part)], part
    if kind in _HALF and side in ("", "LEFT"):
        return _half_join(w, join, left, scope, part, semi="SEMI" in kind), part
    outer_apply = type(join.this) is exp.Lateral and join.this.args.get("cross_apply") is False
    if side == "LEFT" or outer_apply:
        inner = w.nullable(part, "LEFT JOIN")
        rels = relation(w, join.this, scope, inner)
        _on(w, join, left, rels, scope, inner, natural=method == "NATURAL", keep=left)
        for rel in rels:
            rel.nullable = True
        return rels, part
    if side == "RIGHT":
        outer = Group(top, Kind.BRANCH, "FROM")
        part.parent = outer
        part.kind = Kind.NULLABLE
        part.why = "RIGHT JOIN"
        w.nullables.append(part)
        rels = relation(w, join.this, scope, outer)
        _on(w, join, left, rels, scope, part, natural=method == "NATURAL", keep=rels)
        for rel in left:
            rel.nullable = True
        return rels, outer
    if side == "FULL":
        return _full_join(w, join, left, scope, part, top, natural=method == "NATURAL")
    if join.args.get("match_condition") is not None:  # which row is the nearest: it says nothing of whose it is
        if method != "ASOF":
            raise Unsupported("match_condition in JOIN is not modelled")
        survey(w, join.args["match_condition"], scope, part)
    if kind in ("ANY", "ASOF") or method in ("ASOF", "ANY"):
        inner = Group(part, Kind.SEALED, "ANY JOIN")
        inner.implied = True
        part.sealed.append(inner)
        rels = relation(w, join.this, scope, inner)
        _on(w, join, left, rels, scope, inner, natural=method == "NATURAL", keep=left)
        return rels, part
    rels = relation(w, join.this, scope, part)
    _on(w, join, left, rels, scope, part, natural=method == "NATURAL", keep=left)
    return rels, part


def _elements(w: Work, join: Any, scope: Scope, part: Group) -> Rel:
    """ClickHouse's ARRAY JOIN: names that stand for the elements from here on, whatever they stood for before."""
    rel = Rel(f"\0{id(join)}")
    rel.outputs = {}
    for item in (join.this, *join.expressions):
        survey(w, item, scope, part)
        shown = item.args.get("alias") if type(item) is exp.Alias else item.this if type(item) is exp.Column else None
        if isinstance(shown, exp.Identifier):
            rel.outputs[w.index.fold(shown)] = NOTHING
    _add(scope, [rel])
    return rel


_HALF = frozenset({"SEMI", "ANTI", "LEFT SEMI", "LEFT ANTI"})


def _half_join(w: Work, join: Any, left: list[Rel], scope: Scope, part: Group, *, semi: bool) -> list[Rel]:
    """A semi-join asks for a row of the other side, an anti-join for none; nothing else can name that row.

    The rows an anti-join does not find are seen all the same: one of another tenant's that matches takes a row of the
    outer side away. So the side that is not there is an obligation like any other, here, in NOT EXISTS and in LEFT JOIN
    … IS NULL. It needs no condition of its own only where whatever can match is of the outer row's tenant: then what is
    known of the outer row (which these conditions reach, for a row that is not asked for is not shown) and a key that
    says whose the other row is prove it. That the columns of the absent side are NULL says nothing of its rows.
    """
    inner = part if semi else w.nullable(part, "ANTI JOIN")
    seen = dict(scope.rels)
    merged = scope.merged
    rels = relation(w, join.this, scope, inner)
    _on(w, join, left, rels, scope, inner, natural=str(join.args.get("method") or "").upper() == "NATURAL", keep=left)
    scope.rels, scope.merged = seen, merged
    return []


def _full_join(
    w: Work, join: Any, left: list[Rel], scope: Scope, part: Group, top: Group, *, natural: bool
) -> tuple[list[Rel], Group]:
    outer = Group(top, Kind.BRANCH, "FROM")
    part.parent = outer
    part.kind = Kind.NULLABLE
    part.why = "FULL JOIN"
    w.nullables.append(part)
    right = w.nullable(outer, "FULL JOIN")
    rels = relation(w, join.this, scope, right)
    on = Group(outer, Kind.BRANCH, "ON of a FULL JOIN")
    _on(w, join, left, rels, scope, on, natural=natural, keep=None)
    part.full = right.full = Full(part, right, on)
    for rel in (*left, *rels):
        rel.nullable = True
    return rels, outer


def _on(
    w: Work, join: Any, left: list[Rel], right: list[Rel], scope: Scope, group: Group, *, natural: bool,
    keep: list[Rel] | None,
) -> None:  # fmt: skip
    """Add the join condition to `group`. `keep` are the relations whose columns USING shows; None: either (FULL)."""
    names = [w.index.fold(c) for c in join.args.get("using") or ()]
    if natural:
        names = _common(w, left, right)
    before: dict[str, Term] = {}
    for name in names:
        merged = scope.merged.get(name) if scope.merged is not None else None
        before[name] = merged if merged is not None else _left_column(w, left, name)
    _add(scope, right)
    for name in names:
        other = using(w, name, before[name], right, group)
        shown = before[name] if keep is left else other
        if keep is None:
            shown = _either_side(before[name], other)
        if scope.merged is None:
            scope.merged = {}
        if type(shown) is Col or type(shown) is Merged:
            scope.merged[name] = shown
        else:
            scope.merged.pop(name, None)
    if join.args.get("on") is not None:
        holds(w, join.args["on"], scope, group, "ON")


def _either_side(left: Term, right: Term) -> Term:
    if type(right) is not Col:
        return NOTHING
    if type(left) is Col:
        return Merged((left, right))
    return Merged((*left.columns, right)) if type(left) is Merged else NOTHING


def _common(w: Work, left: list[Rel], right: list[Rel]) -> list[str]:
    names: set[str] = set()
    known: list[set[str]] = []
    for rels in (left, right):
        names = set()
        for rel in rels:
            columns = rel.by_position(w.index)
            if columns is None:
                return []
            names.update(n for n, _ in columns if n is not None)
        known.append(names)
    return sorted(known[0] & known[1])


def _left_column(w: Work, left: list[Rel], name: str) -> Term:
    found = [rel for rel in left if rel.has(w.index, name)] or [r for r in left if r.has(w.index, name) is None]
    return found[0].column(w.index, name) if len(found) == 1 else Other(frozenset())


def relation(w: Work, node: Any, scope: Scope, group: Group) -> list[Rel]:
    """One item of FROM. A parenthesised join tree yields several relations."""
    w.spend()
    kind = type(node)
    if kind is exp.Final:
        return relation(w, node.this, scope, group)
    joins = node.args.get("joins")
    if joins:
        rest = node.copy()
        rest.set("joins", None)
        if kind is not exp.Subquery or type(node.this) is not exp.Table:
            inner = Scope(scope.outer, scope.env)
            inner.rels = dict(scope.rels)
            rels = join_tree(w, rest, joins, inner, group)
            _keep_merged(scope, inner)
            return rels
    if kind is exp.Table:
        return [_table(w, node, scope, group)]
    if kind is exp.Subquery:
        return _subquery(w, node, scope, group)
    if kind is exp.Lateral:
        return [_lateral(w, node, scope, group)]
    if kind is exp.Values:
        columns = w.inline(w, node, scope.outer, group, env=scope.env)
        return [named(w, node, columns)]
    if kind is exp.Unnest:
        return [unnest(w, node, scope, group)]
    if kind is exp.TableFromRows:  # TABLE(FLATTEN(…))
        return [function(w, node.this, node, scope, group)]
    if isinstance(node, exp.Query):
        return [named(w, node, w.inline(w, node, scope.outer, group, env=scope.env))]
    text = f"{kind.__name__} in FROM is not modelled"
    raise Unsupported(text)


def _keep_merged(scope: Scope, inner: Scope) -> None:
    if inner.merged:
        scope.merged = {**(scope.merged or {}), **inner.merged}


def _subquery(w: Work, node: Any, scope: Scope, group: Group) -> list[Rel]:
    inner = node.this
    if type(inner) is exp.Table and not inner.args.get("joins") and is_hole(inner.name):
        w.opaque["a sub-select is interpolated"] = None
        return [named(w, node, [opaque(w, node, group)])]
    if type(inner) is exp.Table or (
        type(inner) is exp.Subquery and (type(inner.this) is exp.Table or inner.args.get("joins"))
    ):
        if node.args.get("pivots"):
            raise Unsupported("pivots on a table is not modelled")
        nested = Scope(scope.outer, scope.env)
        nested.rels = dict(scope.rels)
        joins = [*(inner.args.get("joins") or ()), *(node.args.get("joins") or ())]
        bare = inner.copy()
        bare.set("joins", None)
        rels = join_tree(w, bare, joins, nested, group)
        if node.args.get("alias") is None:
            _keep_merged(scope, nested)
            return rels
        rel = named(w, node, list(rels))
        if nested.merged and rel.outputs is not None:
            rel.outputs.update({n: t for n, t in nested.merged.items() if type(t) is Col})
        return [rel]
    if node.args.get("pivots"):
        return [_pivoted(w, node, scope, group)]
    return [named(w, node, w.inline(w, node, scope.outer, group, env=scope.env))]


def _pivoted(w: Work, node: Any, scope: Scope, group: Group) -> Rel:
    """(query) PIVOT (…): its rows are grouped by the columns that PIVOT does not name, which stay; the rest is new."""
    inner = Group(group, Kind.SEALED, "pivot")
    inner.implied = True
    group.sealed.append(inner)
    columns = expand(w.inline(w, node.this, scope.outer, inner, env=scope.env), w.index)
    pivot = node.args["pivots"][0]
    named = {w.index.fold(column.this) for column in pivot.find_all(exp.Column) if type(column.this) is exp.Identifier}
    if columns is None or len(node.args["pivots"]) > 1 or pivot.args.get("unpivot") or pivot.find(exp.Query):
        raise Unsupported("pivots on a sub-select is not modelled")
    kept = [(name, value) for name, value in columns if name is not None and name not in named]
    inner.through = frozenset(value for _, value in kept if type(value) is Col)
    alias, _ = alias_of(w, pivot)
    rel = derived(w, alias or alias_of(w, node)[0] or f"\0{id(node)}", [], [*kept])
    rel.complete = False
    return rel


def _table(w: Work, node: Any, scope: Scope, group: Group) -> Rel:
    args = node.args
    if not args.keys() <= _TABLE_PARTS:
        for name, value in args.items():
            if value and name not in _TABLE_PARTS:
                text = f"{name} on a table is not modelled"
                raise Unsupported(text)
    identifier = args.get("this")
    if args.get("rows_from"):
        for item in args["rows_from"]:
            if type(item) is exp.Unnest:
                survey(w, item, scope, group)
                continue
            _called(w, item.this, node, scope, group)
        return opaque(w, node, group)
    if not isinstance(identifier, exp.Identifier):
        if type(identifier) is exp.Parameter and w.temporary.get(variable := f"@{identifier.name}".lower()):
            alias, names = alias_of(w, node)
            return _made(w, variable, alias or variable, names, group)
        if type(identifier) is exp.Dot:
            identifier = identifier.expression
        return _called(w, identifier, node, scope, group)
    w.see(identifier)
    name = w.index.fold(identifier)
    schema = w.index.fold(args["db"]) if args.get("db") is not None else None
    alias, names = alias_of(w, node)
    hidden = w.temporary and schema in (None, "pg_temp")
    if identifier.args.get("temporary") and not hidden:
        return Rel(alias or name, w.instance(None, alias or name, group))
    if schema is None:
        env = scope.env
        while env is not None:
            if env.cte.name == name and not env.cte.scalar:
                columns = w.reference(w, env.cte, group)
                return derived(w, alias or name, names or env.cte.columns, columns)
            env = env.outer
    temporary = f"#{name}" if identifier.args.get("temporary") else name
    if temporary != name or (hidden and temporary in w.temporary):
        return _made(w, temporary, alias or name, names, group)
    return stored(w, name, schema, alias or name, names, identifier, group)


def _made(w: Work, name: str, alias: str, names: list[str], group: Group) -> Rel:
    """A temporary table: the rows of the query that made it, or what was judged when it was put there."""
    query = w.temporary.get(name)
    if query is None:
        return Rel(alias, w.instance(None, alias, group))
    outer = w.view, w.views
    w.view, w.views = name, (*w.views, name)
    try:
        return derived(w, alias, names, w.inline(w, query, None, group, env=None))
    finally:
        w.view, w.views = outer


def stored(
    w: Work, name: str, schema: str | None, alias: str, names: list[str], place: Any, group: Group,
    action: str = "select",
) -> Rel:  # fmt: skip
    """A use of a stored table or a view; an obligation unless its rows belong to everyone."""
    view = w.index.view(name, schema)
    if view is not None and action == "select":
        columns = _view(w, view, name, group)
        return derived(w, alias, names or w.index.view_columns.get(view.name, []), columns)
    table = w.index.table(name, schema)
    if table is None and "__hole_" not in name and w.index.is_catalog(name, schema):
        inst = w.instance(None, alias, group)
        return Rel(alias, inst)
    inst = w.instance(table, alias, group)
    rel = Rel(alias, inst, table)
    w.tables[table.name if table is not None else name] = None
    if names and table is not None and table.columns:
        hidden = [w.index.loose(c) for c in table.columns]
        rel.renamed = dict.fromkeys(hidden[: len(names)])
        rel.renamed.update(zip(names, hidden, strict=False))
    elif names:
        rel.renamed = dict.fromkeys(names)
    if table is None or table.ownership is not _GLOBAL:
        shown = table.name if table is not None else name
        nested = bool(w.targets)
        w.targets.append(Target(inst, action, shown, place if w.view is None else None, group, nested, w.view))
    return rel


def _view(w: Work, view: View, name: str, group: Group) -> Columns:
    """A view is judged on its definition, at the place it is used."""
    if name in w.views:
        text = f"the view {name} refers to itself"
        raise Unsupported(text)
    body = view_query(w.index, view)
    if body is None:
        w.opaque[f"the definition of the view {name} is not understood"] = None
        inst = w.instance(None, name, group)
        rel = Rel(name, inst)
        rel.outputs = {}
        rel.complete = False
        return [rel]
    if w.index.hiding:
        w.calls(body)
    outer = w.view, w.views
    w.view, w.views = name, (*w.views, name)
    try:
        return w.inline(w, body, None, group, env=None)
    finally:
        w.view, w.views = outer


def _called(w: Work, call: Any, node: Any, scope: Scope, group: Group) -> Rel:
    return _table(w, call, scope, group) if type(call) is exp.Table else function(w, call, node, scope, group)


def _lateral(w: Work, node: Any, scope: Scope, group: Group) -> Rel:
    inner = node.this
    if isinstance(inner, (exp.Subquery, exp.Select, exp.SetOperation)):
        return named(w, node, w.inline(w, inner, scope, group))
    if type(inner) is exp.Dot:
        inner = inner.expression
    return _called(w, inner, node, scope, group)
