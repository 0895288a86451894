"""INSERT, UPDATE, DELETE and MERGE: which rows are written, and whose they are before and after."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from lints.proof.conditions import holds
from lints.proof.ir import Atom, Col, Eq, Group, Kind, Other, Rank, Same, Target, Term, Unsupported, Val
from lints.proof.names import NOTHING, Rel, Scope, expand
from lints.proof.queries import unused, with_env
from lints.proof.relations import join_tree, relation, stored
from lints.proof.scalars import bind, is_hole, setting, survey, term, unwrap
from lints.proof.work import Assigned, Columns, Cte, Env, Work
from lints.tenancy import Ownership, Table

COLLIDES = "a key collision with another tenant's row shows, as a skipped insert or an error"
_UPDATE_PARTS = frozenset({"with_", "this", "expressions", "from_", "where", "returning", "order", "limit", "joins"})
_DELETE_PARTS = frozenset({"with_", "this", "tables", "using", "where", "returning", "order", "limit", "cluster"})


def write(w: Work, node: Any, outer: Scope | None, env: Env | None, group: Group) -> Columns:
    """Translate a modifying statement; returns what RETURNING gives."""
    handler = {exp.Insert: _insert, exp.Update: _update, exp.Delete: _delete, exp.Merge: _merge}.get(type(node))
    if handler is None or not isinstance(node.this, exp.Expression):
        text = f"{type(node).__name__} is not modelled"
        raise Unsupported(text)
    ctes: list[Cte] = []
    if node.args.get("with_") is not None:
        env, ctes = with_env(w, node.args["with_"], outer, env, group)
    scope = Scope(outer, env)
    handler(w, node, scope, group)
    unused(w, ctes, group)
    return _returning(w, node, scope, group)


def _returning(w: Work, node: Any, scope: Scope, group: Group) -> Columns:
    clause = node.args.get("returning")
    columns: Columns = []
    for item in clause.expressions if clause is not None else ():
        inner = item.this if type(item) is exp.Alias else item
        if type(inner) is exp.Star or (type(inner) is exp.Column and type(inner.this) is exp.Star):
            columns.extend(scope.rels.values())
        else:
            columns.append((item.alias_or_name.lower() or None, term(w, inner, scope, group)))
    return columns


def _parts(node: Any, known: frozenset[str]) -> None:
    for part, value in node.args.items():
        if value and part not in known:
            text = f"{part} in {type(node).__name__.upper()} is not modelled"
            raise Unsupported(text)


def _target(w: Work, node: Any, scope: Scope, group: Group, action: str) -> Rel:
    """The written relation itself, which is never a common table expression."""
    identifier = node.this
    if not isinstance(identifier, exp.Identifier):
        text = "the written relation is not a table"
        raise Unsupported(text)
    w.see(identifier)
    alias = node.args.get("alias")
    name = w.index.fold(identifier)
    schema = w.index.fold(node.args["db"]) if node.args.get("db") is not None else None
    through = _through(w, name, schema, alias, node, scope, group, action)
    if through is not None:
        scope.add(through)
        return through
    rel = stored(
        w, name, schema, w.index.fold(alias.this) if alias is not None else name, [], identifier, group, action
    )
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


def _update(w: Work, node: Any, scope: Scope, group: Group) -> None:
    _parts(node, _UPDATE_PARTS)
    source = node.args.get("from_")
    if node.this.args.get("joins"):  # MySQL: UPDATE a JOIN b ON ... SET a.x = ..., b.y = ...
        written = {
            w.index.fold(e.this.args["table"])
            for e in node.expressions
            if type(e) is exp.EQ and type(e.this) is exp.Column and e.this.args.get("table") is not None
        }
        _joined(w, node.this, scope, group, "update", written)
    elif source is not None and _names_alias(w, node.this, source.this):  # T-SQL: UPDATE a SET ... FROM t AS a
        w.see(node.this.this)
        _joined(w, source.this, scope, group, "update", {w.index.fold(node.this.this)})
    else:
        _target(w, node.this, scope, group, "update")
        if source is not None:
            items = source.this if isinstance(source.this, list) else [source.this]
            for item in items:
                join_tree(w, item, [], scope, group)
    if node.args.get("where") is not None:
        holds(w, node.args["where"].this, scope, group, "WHERE")
    first = next(iter(scope.rels.values()))
    _assign(w, node.expressions, scope, group, first)
    for clause in ("order", "limit"):
        if node.args.get(clause) is not None:
            survey(w, node.args[clause], scope, group)


def _delete(w: Work, node: Any, scope: Scope, group: Group) -> None:
    _parts(node, _DELETE_PARTS)
    tables = node.args.get("tables")
    using = node.args.get("using")
    if tables:
        for table in tables:
            w.see(table.this)
        _joined(w, node.this, scope, group, "delete", {w.index.fold(t.this) for t in tables})
    elif using and (using[0].args.get("joins") or len(using) > 1) and w.dialect == "mysql":
        w.see(node.this.this)
        for item in using:
            _joined(w, item, scope, group, "delete", {w.index.fold(node.this.this)})
    else:
        _target(w, node.this, scope, group, "delete")
        for item in using or ():
            join_tree(w, item, [], scope, group)
    if node.args.get("where") is not None:
        holds(w, node.args["where"].this, scope, group, "WHERE")
    for clause in ("order", "limit"):
        if node.args.get(clause) is not None:
            survey(w, node.args[clause], scope, group)


def _names_alias(w: Work, target: Any, source: Any) -> bool:
    """Whether the written name is an alias given in FROM."""
    if not isinstance(target.this, exp.Identifier) or w.dialect != "tsql":
        return False
    name = w.index.fold(target.this)
    nodes = [source, *(j.this for j in source.args.get("joins") or ())]
    return any(n.alias_or_name and w.index.loose(n.alias_or_name) == w.index.loose(name) for n in nodes)


def _joined(w: Work, source: Any, scope: Scope, group: Group, action: str, written: set[str]) -> None:
    """A join tree some relations of which are written."""
    before = len(w.targets)
    join_tree(w, source, [], scope, group)
    insts = {rel.inst for rel in scope.rels.values() if rel.alias in written or not written}
    for position in range(before, len(w.targets)):
        if w.targets[position].inst in insts:
            w.targets[position] = w.targets[position]._replace(action=action)


def _assign(w: Work, items: list[Any], scope: Scope, group: Group, target: Rel) -> None:
    """SET: the tenant must stay what it is; a child may only move under a row that is proven."""
    for item in items:
        if type(item) is not exp.EQ:
            _opaque_set(w, item, target)
            continue
        left, right = unwrap(item.this), unwrap(item.expression)
        if type(left) is exp.Tuple and type(right) is exp.Tuple and len(left.expressions) == len(right.expressions):
            for one, value in zip(left.expressions, right.expressions, strict=True):
                _assign_one(w, one, term(w, value, scope, group), one, scope, group, target)
        elif type(left) is exp.Tuple:
            values: list[Term] = [NOTHING for _ in left.expressions]
            if isinstance(right, exp.Query):
                found = expand(w.inline(w, right, scope, Group(group, Kind.BRANCH, "SET")), w.index) or []
                values = [t if i < len(found) else NOTHING for i, (_, t) in enumerate(found)] or values
            for one, value in zip(left.expressions, values, strict=False):
                _assign_one(w, one, value, one, scope, group, target)
        else:
            value = _value(w, right, scope, group)
            _assign_one(w, left, value, left, scope, group, target)


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
        w.assume(f"the interpolated column {column.this.name} is not the tenant's")
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


def _insert(w: Work, node: Any, scope: Scope, group: Group) -> None:
    schema = node.this
    table_node = schema.this if type(schema) is exp.Schema else schema
    if not isinstance(table_node, exp.Table) or not isinstance(table_node.this, exp.Identifier):
        text = "the written relation is not a table"
        raise Unsupported(text)
    for part in ("overwrite", "partition", "by_name", "is_function"):
        if node.args.get(part):
            text = f"{part} in INSERT is not modelled"
            raise Unsupported(text)
    listed = (
        [w.index.fold(c if isinstance(c, exp.Identifier) else c.this) for c in schema.expressions]
        if (type(schema) is exp.Schema)
        else None
    )
    w.see(table_node.this)
    name = w.index.fold(table_node.this)
    qualifier = w.index.fold(table_node.args["db"]) if table_node.args.get("db") is not None else None
    table = w.index.table(name, qualifier)
    alias = w.index.fold(table_node.args["alias"].this) if table_node.args.get("alias") is not None else name
    row = w.instance(table, alias, group, stored=False)
    w.tables[table.name if table is not None else name] = None
    if table is None or table.ownership is not Ownership.GLOBAL:
        place = table_node.this
        w.targets.append(
            Target(row, "insert", table.name if table is not None else name, place, group, bool(w.targets))
        )
    if listed is not None and any("__hole_" in c for c in listed):
        w.opaque["the column list is interpolated"] = None
        group.conds.append(Atom(frozenset(), hole=True))
    columns = listed
    if columns is None and table is not None and table.columns:
        columns = [w.index.loose(c) for c in table.columns]
    _source(w, node, scope, group, row, table, columns)
    conflict = node.args.get("conflict")
    replaces = str(node.args.get("alternative") or "").upper() == "REPLACE"
    if conflict is not None or replaces:
        _conflict(w, conflict, scope, group, row, table, alias, columns or [])
    result = Rel(alias, row, table)
    scope.rels = {alias: result}


def _source(
    w: Work, node: Any, scope: Scope, group: Group, row: int, table: Table | None, columns: list[str] | None
) -> None:
    """Where the new row's columns come from: VALUES, a query, or the columns' defaults."""
    source = node.args.get("expression")
    needed = _needed(w, table)
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
            _default(w, table, column, row, group)
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
            terms = tuple(_written(w, v, scope, group, c, table) for c, v in values_)
        else:
            terms = tuple(_written(w, v, scope, group, c, table) if c in needed else NOTHING for c, v in values_)
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
            _default(w, table, column, inst, group)
        first = False


def _written(w: Work, node: Any, scope: Scope, group: Group, column: str, table: Table | None) -> Term:
    node = unwrap(node)
    if type(node) is exp.Var and str(node.this).upper() == "DEFAULT":
        return _default_term(w, table, column)
    return _value(w, node, scope, group)


def _needed(w: Work, table: Table | None) -> set[str]:
    """The columns that decide whose row it is."""
    if table is None:
        return set()
    tenant = w.index.tenant_of(table)
    if tenant is not None:
        return {tenant}
    return {w.index.loose(c) for c in table.parent.columns} if table.parent is not None else set()


def _default(w: Work, table: Table | None, column: str, inst: int, group: Group) -> None:
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


def _conflict(
    w: Work, node: Any, scope: Scope, group: Group, row: int, table: Table | None, alias: str, columns: list[str]
) -> None:
    """An upsert also writes the row that is in the way: it must be the caller's too."""
    if table is None or table.ownership is Ownership.GLOBAL:
        if node is not None:
            inner = Scope(scope.outer, scope.env)
            for item in node.expressions:
                survey(w, item, inner, group)
        return
    if node is not None and not node.args.get("duplicate"):
        action = str(getattr(node.args.get("action"), "name", "")).upper()
        if "UPDATE" not in action:
            w.assume(COLLIDES)
            return
        keys = _conflict_keys(w, node, table)
        if any(w.index.tenant_of(table) not in [w.index.loose(c) for c in key] for key in keys):
            w.assume(COLLIDES)
    else:
        keys = [k for k in (table.primary_key, *table.unique) if k and _may_collide(w, k, columns)]
        if not (table.primary_key or table.unique):
            keys = [()]
    for key in keys:
        existing = Group(group, Kind.BRANCH, "ON CONFLICT")
        inst = w.instance(table, alias, existing)
        for column in key:
            name = w.index.loose(column)
            existing.conds.append(Eq(Col(inst, name), Col(row, name), "conflict key"))
        inner = Scope(scope.outer, scope.env)
        rel = Rel(alias, inst, table)
        inner.add(rel)
        new = Rel("excluded", row, table)
        inner.add(new)
        if node is not None:
            where = node.args.get("where")
            if where is not None:
                holds(w, where.this, inner, existing, "WHERE of the conflict")
            items = [e for e in node.expressions if not _is_values_call(e)]
            _assign(w, items, inner, existing, rel)
        w.targets.append(Target(inst, "update", table.name, None, existing, nested=True, rule="TENSQL008", silent=True))


def _is_values_call(item: Any) -> bool:
    """MySQL: `col = VALUES(col)` writes what the new row has."""
    return (
        type(item) is exp.EQ
        and type(item.expression) is exp.Anonymous
        and str(item.expression.this).upper() == "VALUES"
        and bool(item.expression.expressions)
        and item.this.name.lower() == item.expression.expressions[0].name.lower()
    )


def _may_collide(w: Work, key: tuple[str, ...], columns: list[str]) -> bool:
    """A key none of whose columns is given is generated, and generated keys don't collide."""
    return any(w.index.loose(c) in columns for c in key)


def _conflict_keys(w: Work, node: Any, table: Table) -> list[tuple[str, ...]]:
    listed = node.args.get("conflict_keys")
    if listed:
        names: list[str] = []
        for item in listed:
            inner = unwrap(item.this if type(item) is exp.Ordered else item)
            if type(inner) is exp.Column:
                names.append(w.index.fold(inner.this))
            elif isinstance(inner, exp.Identifier):
                names.append(w.index.fold(inner))
        return [tuple(names)]
    constraint = node.args.get("constraint")
    if constraint is not None:
        name = constraint.name.lower()
        if name == f"{table.name}_pkey":
            return [table.primary_key]
        for key in table.unique:
            if name == f"{table.name}_{'_'.join(key)}_key".lower():
                return [key]
    return [table.primary_key, *table.unique]


def _merge(w: Work, node: Any, scope: Scope, group: Group) -> None:
    """MERGE: the source's rows, the target matched by ON; what is not matched by the source is every other row."""
    source_scope = Scope(scope.outer, scope.env)
    for rel in relation(w, node.args["using"], source_scope, group):
        source_scope.add(rel)
    target_node = node.this
    whens = node.args["whens"].expressions
    for when in whens:
        matched = bool(when.args.get("matched"))
        by_source = bool(when.args.get("source"))
        action = when.args["then"]
        verb = str(getattr(action, "name", "")).upper() if type(action) is exp.Var else type(action).__name__.upper()
        if verb == "DO NOTHING":
            continue
        clause = Group(group, Kind.BRANCH, "MERGE")
        inner = Scope(scope.outer, scope.env)
        if not (by_source and not matched):
            inner.rels.update(source_scope.rels)
        if not matched and not by_source:
            if when.args.get("condition") is not None:
                holds(w, when.args["condition"], inner, clause, "WHEN")
            _merge_insert(w, target_node, action, inner, clause)
            probe = Group(group, Kind.BRANCH, "ON of MERGE")
            both = Scope(scope.outer, scope.env)
            both.rels.update(source_scope.rels)
            _target(w, target_node, both, probe, "update")
            w.targets[-1] = w.targets[-1]._replace(silent=True)
            holds(w, node.args["on"], both, probe, "ON")
            continue
        rel = _target(w, target_node, inner, clause, "delete" if verb == "DELETE" else "update")
        if not (by_source and not matched):
            holds(w, node.args["on"], inner, clause, "ON")
        if when.args.get("condition") is not None:
            holds(w, when.args["condition"], inner, clause, "WHEN")
        if verb == "UPDATE":
            if not action.expressions:
                text = "an UPDATE of all columns in MERGE"
                raise Unsupported(text)
            _assign(w, action.expressions, inner, clause, rel)
        scope.rels = inner.rels


def _merge_insert(w: Work, target_node: Any, action: Any, scope: Scope, group: Group) -> None:
    name = w.index.fold(target_node.this)
    table = w.index.table(name, w.index.fold(target_node.args["db"]) if target_node.args.get("db") else None)
    if type(action) is not exp.Insert or table is None:
        text = "an insert in MERGE that is not understood"
        raise Unsupported(text)
    if table.ownership is Ownership.GLOBAL:
        return
    columns = (
        [w.index.fold(c.this) for c in action.this.expressions]
        if isinstance(action.this, exp.Tuple)
        else [w.index.loose(c) for c in table.columns]
    )
    row = w.instance(table, name, group, stored=False)
    w.tables[table.name] = None
    w.targets.append(Target(row, "insert", table.name, target_node.this, group, bool(w.targets)))
    expression = action.args.get("expression")
    values = list(expression.expressions) if isinstance(expression, exp.Tuple) else []
    for column, value in zip(columns, values, strict=False):
        bind(group, Col(row, column), _written(w, value, scope, group, column, table), "INSERT")
    for column in _needed(w, table) - set(columns[: len(values)]):
        _default(w, table, column, row, group)


def unscopable(w: Work, identifier: Any, schema: Any, group: Group) -> None:
    """TRUNCATE and COPY of a table: no predicate can apply."""
    w.see(identifier)
    name = w.index.fold(identifier)
    table = w.index.table(name, w.index.fold(schema) if schema is not None else None)
    w.tables[table.name if table is not None else name] = None
    if table is not None and table.ownership is Ownership.GLOBAL:
        return
    inst = w.instance(table, name, group)
    group.conds.append(Atom(frozenset()))
    shown = table.name if table is not None else name
    w.targets.append(Target(inst, "delete", shown, identifier, group, bool(w.targets), rule="TENSQL014"))
