"""The rows a statement writes: which relation they belong to, what is assigned, what new ones hold."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from lints.proof.ir import Atom, Col, Group, Kind, Other, Rank, Same, Target, Term, Unsupported, Val
from lints.proof.relations import join_tree, relation, stored
from lints.proof.scalars import bind, is_hole, setting, survey, term, unwrap
from lints.proof.scopes import NOTHING, Rel, Scope, expand
from lints.proof.work import Assigned, Work
from lints.tenancy import Ownership, Table


def target_of(w: Work, node: Any, scope: Scope, group: Group, action: str) -> Rel:
    """The written relation itself, which is never a common table expression."""
    identifier = node.this
    if type(node) is exp.Subquery and w.dialect == "oracle":
        return _behind(w, node, scope, group, action)
    if not isinstance(identifier, exp.Identifier):
        text = "the written relation is not a table"
        raise Unsupported(text)
    w.see(identifier)
    alias = node.args.get("alias")
    name = w.index.fold(identifier)
    schema = w.index.fold(node.args["db"]) if node.args.get("db") is not None else None
    if schema in (None, "pg_temp") and f"{'#' if identifier.args.get('temporary') else ''}{name}" in w.temporary:
        shown = w.index.fold(alias.this) if alias is not None else name
        rel = Rel(shown, w.instance(None, shown, group))
        scope.add(rel)
        return rel
    through = _through(w, name, schema, alias, node, scope, group, action)
    if through is not None:
        scope.add(through)
        return through
    rel = stored(
        w, name, schema, w.index.fold(alias.this) if alias is not None else name, [], identifier, group, action
    )
    scope.add(rel)
    return rel


def _behind(w: Work, node: Any, scope: Scope, group: Group, action: str) -> Rel:
    """Oracle's UPDATE (query) and DELETE FROM (query): the rows behind what the query shows are written."""
    before = len(w.targets)
    rel = relation(w, node, scope, group)[0]
    shown = rel.by_position(w.index)
    insts = {value.inst for _, value in shown or () if type(value) is Col}
    for position in range(before, len(w.targets)):
        if not insts or w.targets[position].inst in insts:
            w.targets[position] = w.targets[position]._replace(action=action)
    scope.add(rel)
    return rel


def _through(
    w: Work, name: str, schema: str | None, alias: Any, node: Any, scope: Scope, group: Group, action: str
) -> Rel | None:
    """A write through a view, or in T-SQL through a common table expression: it reaches the rows behind."""
    view = w.index.view(name, schema) is not None and w.index.table(name, schema) is None
    env = scope.env if w.dialect == "tsql" and schema is None else None
    while env is not None and env.cte.name != name:
        env = env.outer
    if not view and env is None:
        return None
    before = len(w.targets)
    rel = relation(w, node, scope, group)[0]
    rel.alias = w.index.fold(alias.this) if alias is not None else name
    for position in range(before, len(w.targets)):
        w.targets[position] = w.targets[position]._replace(action=action)
    return rel


def joined(w: Work, source: Any, scope: Scope, group: Group, action: str, written: set[str]) -> None:
    """A join tree some relations of which are written."""
    before = len(w.targets)
    join_tree(w, source, [], scope, group)
    insts = {rel.inst for rel in scope.rels.values() if rel.alias in written or not written}
    for position in range(before, len(w.targets)):
        if w.targets[position].inst in insts:
            w.targets[position] = w.targets[position]._replace(action=action)


def assign(w: Work, items: list[Any], scope: Scope, group: Group, target: Rel) -> None:
    """SET: the tenant must stay what it is; a child may only move under a row that is proven."""
    for item in items:
        if type(item) is not exp.EQ:
            _opaque_set(w, item, target)
            continue
        left, right = unwrap(item.this), unwrap(item.expression)
        if type(left) is exp.Tuple and type(right) is exp.Tuple and len(left.expressions) == len(right.expressions):
            for one, node in zip(left.expressions, right.expressions, strict=True):
                value, known = _set_value(w, node, scope, group)
                _assign_one(w, one, value, one, scope, known, target)
        elif type(left) is exp.Tuple:
            values: list[Term] = [NOTHING for _ in left.expressions]
            known = Group(group, Kind.BRANCH, "SET")
            if isinstance(right, exp.Query):
                found = expand(w.inline(w, right, scope, known), w.index) or []
                values = [t if i < len(found) else NOTHING for i, (_, t) in enumerate(found)] or values
            for one, value in zip(left.expressions, values, strict=False):
                _assign_one(w, one, value, one, scope, known, target)
        else:
            value, known = _set_value(w, right, scope, group)
            _assign_one(w, left, value, left, scope, known, target)


def _set_value(w: Work, node: Any, scope: Scope, group: Group) -> tuple[Term, Group]:
    """A value to set, and where it is known: a scalar sub-query may have no row, and then the row is set to NULL all
    the same, so what the sub-query asks says nothing of the row that is written."""
    known = Group(group, Kind.BRANCH, "SET") if isinstance(node, exp.Query) else group
    return _value(w, node, scope, known), known


def _value(w: Work, node: Any, scope: Scope, group: Group) -> Term:
    """A value to write; a scalar sub-query's row is a row it may come from."""
    if isinstance(node, exp.Query):
        columns = expand(w.inline(w, node, scope, group, scalar=True), w.index)
        return columns[0][1] if columns else NOTHING
    return term(w, node, scope, group)


def _opaque_set(w: Work, item: Any, target: Rel) -> None:
    if "__hole_" in item.sql():
        column = w.index.tenant_of(target.table) if target.table is not None else None
        w.assume(f"the interpolated SET list does not assign {column or 'the tenant'}")
    else:
        text = "an assignment that is not understood"
        raise Unsupported(text)


def _assign_one(w: Work, column: Any, value: Term, place: Any, scope: Scope, group: Group, target: Rel) -> None:
    if type(column) is not exp.Column:
        return
    qualifier = column.args.get("table")
    rel = scope.rels.get(w.index.fold(qualifier), target) if qualifier is not None else target
    if qualifier is None and len(scope.rels) > 1 and w.dialect == "mysql":
        owners = [r for r in scope.rels.values() if r.has(w.index, w.index.fold(column.this))]
        rel = owners[0] if len(owners) == 1 else target
    name = w.index.fold(column.this)
    inst, table = rel.inst, rel.table
    if rel.outputs is not None:
        behind = rel.column(w.index, name)
        if type(behind) is not Col:
            return
        inst, name = behind
        table = w.insts[inst].table
    if is_hole(column.this.name):
        w.assume(f"the interpolated column {column.this.name} is not the tenant's, or is given the row's own")
        return
    if table is None or table.ownership is Ownership.GLOBAL:
        return
    if name == w.index.tenant_of(table):
        w.assigned.append(Assigned(inst, value, group, table.name, column.this))
        return
    parent = table.parent
    if table.ownership is Ownership.CHILD and parent is not None and name in map(w.index.loose, parent.columns):
        if value == Col(inst, name):
            return
        row = w.instance(table, rel.alias, group, stored=False)
        bind(group, Col(row, name), value, "SET")
        for other in map(w.index.loose, parent.columns):
            if other != name:
                group.conds.append(Same(Col(row, other), Col(inst, other), "SET"))
        w.targets.append(
            Target(row, "update", table.name, column.this, group, nested=True, rule="TENSQL019", silent=True)
        )


def new_rows(
    w: Work, node: Any, scope: Scope, group: Group, row: int, table: Table | None, columns: list[str] | None
) -> None:
    """Where the new row's columns come from: VALUES, a query, or the columns' defaults."""
    source = node.args.get("expression")
    needed = deciding_columns(w, table)
    if source is None:
        if not node.args.get("default"):
            text = "an INSERT without a source"
            raise Unsupported(text)
        columns = []
        rows: list[list[Any]] = [[]]
    elif type(source) is exp.Values or (type(source) is exp.Subquery and type(source.this) is exp.Values):
        values = source if type(source) is exp.Values else source.this
        rows = [list(r.expressions) if type(r) is exp.Tuple else [r] for r in values.expressions]
    elif isinstance(source, exp.Query):
        found = expand(w.inline(w, source, scope.outer, group, env=scope.env), w.index)
        if found is None or columns is None:
            w.opaque["the columns of the inserted query are not known"] = None
            return
        for i, column in enumerate(columns):
            if i < len(found):
                bind(group, Col(row, column), found[i][1], "INSERT")
        for column in needed - set(columns[: len(found)]):
            set_default(w, table, column, row, group)
        return
    else:
        w.opaque["the inserted values are interpolated"] = None
        group.conds.append(Atom(frozenset(), hole=True))
        return
    if columns is None:
        w.opaque["the columns of the table are not known"] = None
        return
    seen: set[tuple[Term, ...]] = set()
    first = True
    for values_row in rows:
        if len(values_row) == 1 and len(columns) > 1 and "__hole_" in values_row[0].sql():
            w.opaque["the inserted values are interpolated"] = None
            group.conds.append(Atom(frozenset(), hole=True))
            return
        wanted = [(i, c) for i, c in enumerate(columns) if i < len(values_row)]
        values_ = [(c, values_row[i]) for i, c in wanted]
        if first:
            inst = row
            terms = tuple(written_value(w, v, scope, group, c, table) for c, v in values_)
        else:
            terms = tuple(written_value(w, v, scope, group, c, table) if c in needed else NOTHING for c, v in values_)
            for column, value_node in values_:
                if column not in needed:
                    survey(w, value_node, scope, group)
        key = tuple(t for (c, _), t in zip(values_, terms, strict=True) if c in needed)
        if not first and (key in seen or table is None):
            continue
        seen.add(key)
        if not first:
            target = next((t for t in w.targets if t.inst == row), None)
            inst = w.instance(table, w.insts[row].alias, group, stored=False)
            if target is not None:
                w.targets.append(target._replace(inst=inst, silent=True))
        for (column, _), value in zip(values_, terms, strict=True):
            if first or column in needed:
                bind(group, Col(inst, column), value, "VALUES")
        for column in needed - {c for c, _ in values_}:
            set_default(w, table, column, inst, group)
        first = False


def written_value(w: Work, node: Any, scope: Scope, group: Group, column: str, table: Table | None) -> Term:
    """A value of a new row. A sub-query that has no row gives NULL, and the row is written all the same, so what the
    sub-query asks says nothing of it; but for a column that decides whose row it is, or cannot be NULL."""
    node = unwrap(node)
    if isinstance(node, exp.Query) and table is not None and column not in deciding_columns(w, table):
        shape = w.index.shape(table)
        if column not in shape.known or column in shape.nullable:
            group = Group(group, Kind.BRANCH, "VALUES")
    if type(node) is exp.Var and str(node.this).upper() == "DEFAULT":
        return _default_term(w, table, column)
    return _value(w, node, scope, group)


def deciding_columns(w: Work, table: Table | None) -> set[str]:
    """The columns that decide whose row it is."""
    if table is None:
        return set()
    tenant = w.index.tenant_of(table)
    if tenant is not None:
        return {tenant}
    return {w.index.loose(c) for c in table.parent.columns} if table.parent is not None else set()


def set_default(w: Work, table: Table | None, column: str, inst: int, group: Group) -> None:
    bind(group, Col(inst, column), _default_term(w, table, column), "DEFAULT")


def _default_term(w: Work, table: Table | None, column: str) -> Term:
    """A column's default: the session's tenant counts, a literal is weak, anything else is no tenant."""
    if table is None:
        return NOTHING
    for name, stored_column in table.columns.items():
        if w.index.loose(name) != column or stored_column.default is None:
            continue
        text = stored_column.default
        for key in w.index.model.settings:
            if f"'{key}'" in text and "current_setting" in text:
                return setting(w, key)
        if "(" not in text and text.strip().lower() != "null":
            return Val(f"the column's default {text}", Rank.LITERAL)
    return Other(frozenset())
