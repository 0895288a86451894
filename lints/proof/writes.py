"""INSERT, UPDATE, DELETE and MERGE: which rows are written, and whose they are before and after."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from lints.proof.conditions import holds
from lints.proof.facts import CONFLICT
from lints.proof.ir import Atom, Col, Eq, Group, Kind, Same, Target, Unsupported
from lints.proof.parse import view_query
from lints.proof.queries import unused, with_env
from lints.proof.relations import join_tree, relation
from lints.proof.rows import assign, deciding_columns, joined, new_rows, set_default, target_of, written_value
from lints.proof.scalars import bind, survey, term, unwrap
from lints.proof.scopes import NOTHING, Rel, Scope, expand
from lints.proof.work import Columns, Cte, Env, Work
from lints.tenancy import Ownership, Table

COLLIDES = "a key collision with another tenant's row shows, as a skipped insert or an error"
_UPDATE_PARTS = frozenset({"with_", "this", "expressions", "from_", "where", "returning", "order", "limit", "joins"})
_DELETE_PARTS = frozenset({"with_", "this", "tables", "using", "where", "returning", "order", "limit", "cluster"})


def write(w: Work, node: Any, outer: Scope | None, env: Env | None, group: Group) -> Columns:
    """Translate a modifying statement; returns what RETURNING gives."""
    if type(node) is exp.MultitableInserts:
        _insert_all(w, node, outer, env, group)
        return []
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
    if clause is not None and clause.args.get("into"):
        _output(w, clause.args["into"])
    for item in clause.expressions if clause is not None else ():
        inner = item.this if type(item) is exp.Alias else item
        if type(inner) is exp.Star or (type(inner) is exp.Column and type(inner.this) is exp.Star):
            columns.extend(scope.rels.values())
        else:
            columns.append((item.alias_or_name.lower() or None, term(w, inner, scope, group)))
    return _after(w, node, columns) if columns and type(node) is exp.Update else columns


def _after(w: Work, node: Any, columns: Columns) -> Columns:
    """RETURNING of an UPDATE shows what was assigned, of which the conditions on the old row say nothing."""
    known = expand(columns, w.index)
    if known is None:
        return columns
    left = (e.this for e in node.expressions if isinstance(e, exp.EQ))
    assigned = {c.name.lower() for e in left for c in e.find_all(exp.Column)}
    return [
        (name, NOTHING)
        if type(value) is Col and value.name.lower() in assigned and not w.holds_tenant(value)
        else (name, value)
        for name, value in known
    ]


def _output(w: Work, into: Any) -> None:
    """T-SQL's OUTPUT ... INTO: the rows of another table, which takes them by their order."""
    if isinstance(into, (exp.Parameter, exp.Placeholder)):  # a variable of the caller
        return
    name = getattr(into, "name", "")
    table = w.index.table(w.index.fold(into)) if isinstance(into, exp.Identifier) else None
    if not name.startswith(("#", "@")) and (table is None or table.ownership is not Ownership.GLOBAL):
        w.opaque[f"OUTPUT INTO {name} writes rows that are not followed"] = None


def _parts(node: Any, known: frozenset[str]) -> None:
    for part, value in node.args.items():
        if value and part not in known:
            text = f"{part} in {type(node).__name__.upper()} is not modelled"
            raise Unsupported(text)


def _update(w: Work, node: Any, scope: Scope, group: Group) -> None:
    _parts(node, _UPDATE_PARTS)
    source = node.args.get("from_")
    if node.this.args.get("joins"):  # MySQL: UPDATE a JOIN b ON ... SET a.x = ..., b.y = ...
        written = {
            w.index.fold(e.this.args["table"])
            for e in node.expressions
            if type(e) is exp.EQ and type(e.this) is exp.Column and e.this.args.get("table") is not None
        }
        joined(w, node.this, scope, group, "update", written)
    elif source is not None and (name := _name_in(w, node.this, source.this)) is not None:  # UPDATE a … FROM t AS a
        w.see(node.this.this)
        joined(w, source.this, scope, group, "update", {name})
    else:
        target_of(w, node.this, scope, group, "update")
        if source is not None:
            items = source.this if isinstance(source.this, list) else [source.this]
            for item in items:
                join_tree(w, item, [], scope, group)
    if node.args.get("where") is not None:
        holds(w, node.args["where"].this, scope, group, "WHERE")
    first = next(iter(scope.rels.values()))
    assign(w, node.expressions, scope, group, first)
    for clause in ("order", "limit"):
        if node.args.get(clause) is not None:
            survey(w, node.args[clause], scope, group)


def _delete(w: Work, node: Any, scope: Scope, group: Group) -> None:
    _parts(node, _DELETE_PARTS)
    tables = node.args.get("tables")
    using = node.args.get("using")
    if tables:
        written = set()
        for table in tables:
            w.see(table.this)
            name = _name_in(w, table, node.this)
            if name is not None:
                written.add(name)
            elif w.dialect == "tsql":  # a table that FROM does not name: all of it goes
                target_of(w, table, Scope(scope.outer, scope.env), group, "delete")
            else:
                raise Unsupported("rows are deleted of a table that FROM does not name")
        joined(w, node.this, scope, group, "delete", written or {""})
    elif using and (using[0].args.get("joins") or len(using) > 1) and w.dialect == "mysql":
        w.see(node.this.this)
        for item in using:
            joined(w, item, scope, group, "delete", {w.index.fold(node.this.this)})
    else:
        target_of(w, node.this, scope, group, "delete")
        for item in using or ():
            join_tree(w, item, [], scope, group)
    if node.args.get("where") is not None:
        holds(w, node.args["where"].this, scope, group, "WHERE")
    for clause in ("order", "limit"):
        if node.args.get(clause) is not None:
            survey(w, node.args[clause], scope, group)


def _name_in(w: Work, target: Any, source: Any) -> str | None:
    """The name that a written table has in FROM: its alias there, or, in T-SQL, that of the only use of the table."""
    if not isinstance(target.this, exp.Identifier):
        return None
    name = w.index.fold(target.this)
    nodes = [source, *(j.this for j in source.args.get("joins") or ())]
    if any(n.alias_or_name and w.index.loose(n.alias_or_name) == w.index.loose(name) for n in nodes):
        return name if w.dialect != "tsql" or not target.args.get("db") or _plainly(w, name, nodes) else None
    if w.dialect != "tsql":
        return None
    uses = [n for n in nodes if type(n) is exp.Table and w.index.loose(n.name) == w.index.loose(name)]
    return w.index.loose(uses[0].alias_or_name) if len(uses) == 1 else None


def _plainly(w: Work, name: str, nodes: list[Any]) -> bool:
    """Whether the name is a table's own, not an alias that another table has been given."""
    return any(
        type(n) is exp.Table and w.index.loose(n.name) == w.index.loose(name) == w.index.loose(n.alias_or_name)
        for n in nodes
    )


def _insert(w: Work, node: Any, scope: Scope, group: Group) -> None:
    schema = node.this
    table_node = schema.this if type(schema) is exp.Schema else schema
    if isinstance(table_node, exp.Table) and (
        type(table_node.this) is exp.Parameter
        or getattr(table_node.this, "args", {}).get("temporary")
        or (table_node.args.get("db") is None and table_node.name and w.index.fold(table_node.this) in w.temporary)
    ):  # table variables and temporary tables: what is put into them is read here
        if isinstance(table_node.this, exp.Identifier):
            w.see(table_node.this)
        if node.args.get("expression") is not None:
            survey(w, node.args["expression"], scope, group)
        return
    if not isinstance(table_node, exp.Table) or not isinstance(table_node.this, exp.Identifier):
        text = "the written relation is not a table"
        raise Unsupported(text)
    static, dynamic = _partition(w, table_node)
    if node.args.get("overwrite") and not node.args.get("partition"):
        _overwritten(w, table_node, static, scope, group)
    for part in ("partition", "is_function"):
        if node.args.get(part):
            text = f"{part} in INSERT is not modelled"
            raise Unsupported(text)
    listed = (
        [w.index.fold(c if isinstance(c, exp.Identifier) else c.this) for c in schema.expressions]
        if (type(schema) is exp.Schema)
        else None
    )
    if node.args.get("by_name"):
        listed = _by_name(w, node.args.get("expression"))
    w.see(table_node.this)
    name = w.index.fold(table_node.this)
    qualifier = w.index.fold(table_node.args["db"]) if table_node.args.get("db") is not None else None
    table = w.index.table(name, qualifier)
    through = None
    if table is None and (behind := _behind_view(w, name, qualifier)) is not None:
        table, shown = behind
        listed = [shown.get(c, c) for c in listed] if listed is not None else list(shown.values())
        through = name
    alias = w.index.fold(table_node.args["alias"].this) if table_node.args.get("alias") is not None else name
    row = w.instance(table, alias, group, stored=False)
    w.tables[table.name if table is not None else name] = None
    if table is None or table.ownership is not Ownership.GLOBAL:
        place = table_node.this if through is None else None
        shown_as = table.name if table is not None else name
        w.targets.append(Target(row, "insert", shown_as, place, group, bool(w.targets), through))
    if listed is not None and any("__hole_" in c for c in listed):
        w.opaque["the column list is interpolated"] = None
        group.conds.append(Atom(frozenset(), hole=True))
    columns = listed
    if columns is None and table is not None and table.columns:
        plain = [c for c in map(w.index.loose, table.columns) if c not in static and c not in dynamic]
        columns = [*plain, *dynamic]
    for column, value in static.items():
        bind(group, Col(row, column), written_value(w, value, scope, group, column, table), "PARTITION")
    new_rows(w, node, scope, group, row, table, columns)
    conflict = node.args.get("conflict")
    replaces = str(node.args.get("alternative") or "").upper() == "REPLACE"
    if conflict is not None or replaces:
        keys = _conflict(w, conflict, scope, group, row, table, alias, columns or [])
    else:
        keys = []
    if node.args.get("returning") is not None and table is not None:
        if keys or (type(node.args.get("expression")) is exp.Values and len(node.args["expression"].expressions) > 1):
            row = _either(w, row, table, keys, group)
        w.insts[row].returned = True
    result = Rel(alias, row, table)
    scope.rels = {alias: result}


def _behind_view(w: Work, name: str, schema: str | None) -> tuple[Table, dict[str, str]] | None:
    """The table that a row put into a view goes to, and its columns by the names the view has for them; None if the
    view is more than some columns of some rows of one table."""
    view = w.index.view(name, schema)
    query = view_query(w.index, view) if view is not None else None
    if view is None or type(query) is not exp.Select or any(v for part, v in query.args.items() if part not in _PLAIN):
        return None
    source = query.args["from_"].this if query.args.get("from_") is not None else None
    if type(source) is not exp.Table or not isinstance(source.this, exp.Identifier) or source.args.get("joins"):
        return None
    owner = w.index.fold(source.args["db"]) if source.args.get("db") is not None else None
    table = w.index.table(w.index.fold(source.this), owner)
    if table is None:
        return None
    shown: dict[str, str] = {}
    for item in query.expressions:
        inner = item.this if type(item) is exp.Alias else item
        if item.is_star:
            shown |= {c: c for c in map(w.index.loose, table.columns)}
        elif type(inner) is exp.Column:
            shown[w.index.fold(item.args["alias"] if type(item) is exp.Alias else inner.this)] = w.index.fold(
                inner.this
            )
        else:
            return None
    renamed = w.index.view_columns.get(view.name)
    return table, dict(zip(renamed, shown.values(), strict=False)) if renamed else shown


_PLAIN = frozenset({"kind", "expressions", "from_", "where", "hint", "operation_modifiers"})


def _partition(w: Work, table: Any) -> tuple[dict[str, Any], list[str]]:
    """INSERT … PARTITION (a = 1, b): the columns with a value, and those that the query gives last."""
    clause = table.args.get("partition")
    static: dict[str, Any] = {}
    dynamic: list[str] = []
    for item in clause.expressions if clause is not None else ():
        column = item.this if type(item) is exp.EQ else item
        if type(column) is not exp.Column:
            raise Unsupported("a partition in INSERT that is not understood")
        if type(item) is exp.EQ:
            static[w.index.fold(column.this)] = item.expression
        else:
            dynamic.append(w.index.fold(column.this))
    return static, dynamic


def _overwritten(w: Work, table: Any, static: dict[str, Any], scope: Scope, group: Group) -> None:
    """INSERT OVERWRITE: what was there goes, whoever's it was, or what was there in the partition that is named."""
    gone = Group(group, Kind.BRANCH, "OVERWRITE")
    if not static:
        unscopable(w, table.this, table.args.get("db"), gone)
        return
    rel = target_of(
        w, exp.Table(this=table.this, db=table.args.get("db")), Scope(scope.outer, scope.env), gone, "delete"
    )
    for column, value in static.items():
        bind(gone, Col(rel.inst, column), term(w, value, scope, gone), "PARTITION")


def _insert_all(w: Work, node: Any, outer: Scope | None, env: Env | None, group: Group) -> None:
    """INSERT ALL and INSERT FIRST: one INSERT for each table, of what its VALUES make of the source's rows."""
    source = node.args["source"]
    alias = exp.TableAlias(this=exp.to_identifier("\0source"))
    for item in node.expressions:
        inner = item.this.copy()
        rows = exp.Subquery(this=source.copy(), alias=alias.copy())
        given = inner.args.get("expression")
        made = given.expressions[0].expressions if type(given) is exp.Values else [exp.Star()]
        query = exp.select(*made, copy=False).from_(rows, copy=False)
        if item.args.get("expression") is not None and not item.args.get("else_"):
            query = query.where(item.args["expression"].copy(), copy=False)
        inner.set("expression", query)
        write(w, inner, outer, env, Group(group, Kind.BRANCH, "INSERT ALL"))


def _by_name(w: Work, query: Any) -> list[str]:
    """The columns that INSERT BY NAME fills: those that the query gives a name to."""
    while type(query) is exp.Subquery:
        query = query.this
    if type(query) is not exp.Select or any(item.is_star or not item.alias_or_name for item in query.expressions):
        raise Unsupported("by_name in INSERT is not modelled")
    return [w.index.fold(item.args.get("alias") or item.this) for item in query.expressions]


def _conflict(
    w: Work, node: Any, scope: Scope, group: Group, row: int, table: Table | None, alias: str, columns: list[str]
) -> list[tuple[str, ...]]:
    """An upsert also writes the row in its way: it must be the caller's too. Returns the keys that row is found by."""
    if table is None or table.ownership is Ownership.GLOBAL:
        if node is not None:
            inner = Scope(scope.outer, scope.env)
            for item in node.expressions:
                survey(w, item, inner, group)
        return []
    if node is not None and not node.args.get("duplicate"):
        action = str(getattr(node.args.get("action"), "name", "")).upper()
        if "UPDATE" not in action:
            w.assume(COLLIDES)
            return []
        keys = _conflict_keys(w, node, table)
        if any(w.index.tenant_of(table) not in [w.index.loose(c) for c in key] for key in keys):
            w.assume(COLLIDES)
    else:
        keys = [k for k in (table.primary_key, *table.unique) if k and _may_collide(w, k, columns)]
        if not (table.primary_key or table.unique):
            keys = [()]
    for key in keys:
        existing = Group(group, Kind.BRANCH, CONFLICT)
        inst = w.instance(table, alias, existing)
        for column in key:
            name = w.index.loose(column)
            existing.conds.append(Eq(Col(inst, name), Col(row, name), "conflict key"))
        around = Scope(scope.outer, scope.env)
        around.add(Rel("excluded", row, table))
        inner = Scope(around, scope.env)  # a bare column is the existing row's
        rel = Rel(alias, inst, table)
        inner.add(rel)
        if node is not None:
            where = node.args.get("where")
            if where is not None:
                holds(w, where.this, inner, existing, "WHERE of the conflict")
            items = [e for e in node.expressions if not _is_values_call(e)]
            assign(w, items, inner, existing, rel)
        w.targets.append(Target(inst, "update", table.name, None, existing, nested=True, rule="TENSQL008", silent=True))
    return keys


def _either(w: Work, row: int, table: Table, keys: list[tuple[str, ...]], group: Group) -> int:
    """What an upsert returns, the new row or the one in its way, and what a write of several rows does, any of them:
    they agree on the key and, if proven, are the tenant's."""
    back = w.instance(table, w.insts[row].alias, group, stored=False)
    common = {w.index.loose(c) for c in keys[0]} if len(keys) == 1 else set()
    tenant = w.index.shape(table).tenant
    for name in sorted(common | ({tenant} if tenant is not None else set())):
        group.conds.append(Same(Col(back, name), Col(row, name), "upsert"))
    return back


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
        # What is in no row of the source is there whatever the source is: nothing that it asks says anything of it.
        clause = Group(None, Kind.ROOT, "MERGE") if by_source and not matched else Group(group, Kind.BRANCH, "MERGE")
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
            target_of(w, target_node, both, probe, "update")
            w.targets[-1] = w.targets[-1]._replace(silent=True)
            holds(w, node.args["on"], both, probe, "ON")
            continue
        rel = target_of(w, target_node, inner, clause, "delete" if verb == "DELETE" else "update")
        if not (by_source and not matched):
            holds(w, node.args["on"], inner, clause, "ON")
        if when.args.get("condition") is not None:
            holds(w, when.args["condition"], inner, clause, "WHEN")
        if isinstance(action, exp.Expression) and action.args.get("where") is not None:  # Oracle's own WHERE
            holds(w, action.args["where"].this, inner, clause, "WHERE")
        if verb == "UPDATE":
            if not action.expressions:
                text = "an UPDATE of all columns in MERGE"
                raise Unsupported(text)
            assign(w, _each_column(w, action.expressions, rel, source_scope), inner, clause, rel)
        scope.rels = inner.rels


def _each_column(w: Work, items: list[Any], rel: Rel, source: Scope) -> list[Any]:
    """What SET * stands for: each column of the target gets the source's column of its name."""
    if not (len(items) == 1 and type(items[0]) is exp.Star and rel.table is not None and len(source.rels) == 1):
        return items
    alias = next(iter(source.rels))
    names = [w.index.loose(column) for column in rel.table.columns]
    return [exp.EQ(this=exp.column(name, rel.alias), expression=exp.column(name, alias)) for name in names]


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
    whole = type(action.this) is exp.Star or (type(action.this) is exp.Var and action.this.name.upper() == "ROW")
    if whole and len(scope.rels) == 1:  # INSERT *, INSERT ROW
        values = [exp.column(column, next(iter(scope.rels))) for column in columns]
    deciding = deciding_columns(w, table)
    for column, value in zip(columns, values, strict=False):
        if column in deciding:
            bind(group, Col(row, column), written_value(w, value, scope, group, column, table), "INSERT")
        else:
            survey(w, value, scope, group)
    for column in deciding - set(columns[: len(values)]):
        set_default(w, table, column, row, group)


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
