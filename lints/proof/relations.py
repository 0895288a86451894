"""FROM: tables, views, sub-selects and functions as relations in scope, and joins as links between groups."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from lints.proof.conditions import holds
from lints.proof.equality import using
from lints.proof.ir import Atom, Col, Full, Group, Kind, Merged, Other, Rank, Target, Term, Unsupported, Val
from lints.proof.names import NOTHING, Rel, Scope, expand
from lints.proof.parse import view_query
from lints.proof.scalars import children, declared, is_hole, survey, term
from lints.proof.work import OPENS, Columns, Work
from lints.tenancy import Ownership, View

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
_ELEMENTS = frozenset(
    {
        "jsonb_array_elements_text", "json_array_elements_text", "string_to_table", "regexp_split_to_table",
        "string_split", "json_each",
    }
)  # fmt: skip
_SETS = frozenset(
    {
        "generate_series", "generate_subscripts", "unnest", "json_each", "json_each_text", "jsonb_each", "json_tree",
        "jsonb_each_text", "json_array_elements", "json_array_elements_text", "jsonb_array_elements", "string_split",
        "jsonb_array_elements_text", "json_to_recordset", "jsonb_to_recordset", "json_to_record", "jsonb_to_record",
        "json_populate_recordset", "jsonb_populate_recordset", "jsonb_path_query", "jsonb_object_keys", "openjson",
        "json_object_keys", "regexp_matches", "regexp_split_to_table", "string_to_table", "json_table", "numbers",
        "zeros", "ts_stat", "xmltable", "plainto_tsquery", "to_tsquery", "websearch_to_tsquery", "phraseto_tsquery",
        "now", "values", "current_setting", "explodinggenerateseries", "generateseries", "jsonbarrayelements",
        "jsoneach", "openjsoncolumn", "pg_options_to_table", "aclexplode", "regexp_split_to_array",
    }
)  # fmt: skip


_MADE = frozenset(
    {
        "explodinggenerateseries", "generateseries", "explode", "explodeouter", "posexplode", "posexplodeouter",
        "inline", "jsontable", "openjson", "xmltable", "flatten", "generator", "generatedatearray", "split", "values",
        "generatetimestamparray", "stringtoarray", "regexpsplit", "regexpextractall", "jsonobjectkeys", "jsonkeys",
        "tablefromrows", "unnest", "currenttimestamp", "array", "arrayconcat", "jsonextract", "jsonbextract",
        "jsonextractarray", "jsonvaluearray", "jsonextractscalar",
    }
)  # fmt: skip
"""What else makes rows of its arguments alone."""
_CATALOG = re.compile(
    r"pragma_\w+\Z|pg_(?:partition|stat|get|ls|available|show|lock|tablespace|timezone|event_trigger|snapshot|control|safe_snapshot"
    r"|blocking)_?\w*\Z"
)
"""Functions of the catalog: what they return is nobody's."""


def join_tree(w: Work, first: Any, joins: list[Any], scope: Scope, group: Group) -> list[Rel]:
    """Translate `first` and what is joined to it. Rows of the whole tree belong to `group`."""
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
        survey(w, join.this, scope, part)
        return [], part
    outer_apply = type(join.this) is exp.Lateral and join.this.args.get("cross_apply") is False
    if side == "LEFT" or outer_apply or kind in ("ANTI", "LEFT ANTI"):
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
        return [_derived(w, node, columns)]
    if kind is exp.Unnest:
        return [_unnest(w, node, scope, group)]
    if isinstance(node, exp.Query):
        return [_derived(w, node, w.inline(w, node, scope.outer, group, env=scope.env))]
    text = f"{kind.__name__} in FROM is not modelled"
    raise Unsupported(text)


def _keep_merged(scope: Scope, inner: Scope) -> None:
    if inner.merged:
        scope.merged = {**(scope.merged or {}), **inner.merged}


def _subquery(w: Work, node: Any, scope: Scope, group: Group) -> list[Rel]:
    inner = node.this
    if type(inner) is exp.Table and not inner.args.get("joins") and is_hole(inner.name):
        w.opaque["a sub-select is interpolated"] = None
        return [_derived(w, node, [_opaque_rel(w, node, group)])]
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
        rel = _derived(w, node, list(rels))
        if nested.merged and rel.outputs is not None:
            rel.outputs.update({n: t for n, t in nested.merged.items() if type(t) is Col})
        return [rel]
    if node.args.get("pivots"):
        return [_pivoted(w, node, scope, group)]
    return [_derived(w, node, w.inline(w, node, scope.outer, group, env=scope.env))]


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
    alias, _ = _alias(w, pivot)
    rel = derived(w, alias or _alias(w, node)[0] or f"\0{id(node)}", [], [*kept])
    rel.complete = False
    return rel


def _alias(w: Work, node: Any) -> tuple[str | None, list[str]]:
    alias = node.args.get("alias")
    if alias is None:
        return None, []
    name = w.index.fold(alias.this) if alias.args.get("this") is not None else None
    if name is not None and is_hole(name):
        w.opaque[OPENS] = None
        return None, []
    columns = [w.index.fold(c.this if type(c) is exp.ColumnDef else c) for c in alias.args.get("columns") or ()]
    return name, columns


def _derived(w: Work, node: Any, columns: Columns, name: str | None = None) -> Rel:
    alias, names = _alias(w, node)
    return derived(w, alias or name or f"\0{id(node)}", names, columns)


def derived(w: Work, alias: str, names: list[str], columns: Columns) -> Rel:
    """A relation whose columns are terms."""
    rel = Rel(alias)
    rel.outputs = {}
    if names:
        known = expand(columns, w.index)
        if known is None:
            rel.complete = False
            rel.order = []
            return rel
        columns = [(names[i] if i < len(names) else n, t) for i, (n, t) in enumerate(known)]
    rel.order = columns
    for item in columns:
        if isinstance(item, Rel):
            rel.stars.append(item)
            if item.outputs is not None and not item.complete:
                rel.complete = False
        elif item[0] is not None:
            rel.outputs[item[0]] = NOTHING if item[0] in rel.outputs else item[1]
    return rel


def _table(w: Work, node: Any, scope: Scope, group: Group) -> Rel:
    args = node.args
    for name, value in args.items():
        if value and name not in _TABLE_PARTS:
            text = f"{name} on a table is not modelled"
            raise Unsupported(text)
    identifier = args.get("this")
    if args.get("rows_from"):
        for item in args["rows_from"]:
            _function(w, item.this, node, scope, group)
        return _opaque_rel(w, node, group)
    if not isinstance(identifier, exp.Identifier):
        if type(identifier) is exp.Dot:
            identifier = identifier.expression
        return _function(w, identifier, node, scope, group)
    w.see(identifier)
    name = w.index.fold(identifier)
    schema = w.index.fold(args["db"]) if args.get("db") is not None else None
    alias, names = _alias(w, node)
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
    if table is None or table.ownership is not Ownership.GLOBAL:
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


def _lateral(w: Work, node: Any, scope: Scope, group: Group) -> Rel:
    inner = node.this
    if isinstance(inner, (exp.Subquery, exp.Select, exp.SetOperation)):
        return _derived(w, node, w.inline(w, inner, scope, group))
    if type(inner) is exp.Dot:
        inner = inner.expression
    return _function(w, inner, node, scope, group)


def _function(w: Work, call: Any, node: Any, scope: Scope, group: Group) -> Rel:
    """A function in FROM: declared in the model, known to invent its rows from its arguments, or opaque."""
    if type(call) is exp.Table:
        return _table(w, call, scope, group)
    if type(call) is exp.Unnest:
        return _unnest(w, node, scope, group, call)
    name = (str(call.this) if type(call) is exp.Anonymous else type(call).__name__).lower()
    held = name == "parameter" and w.dialect == "tsql"  # a table variable: what was put into it is judged there
    if type(call) is not exp.Anonymous and name not in _MADE and not held:
        w.opaque[f"{name} stands where a relation is named: what it reads is not in the text"] = None
    if not declared(w, call, scope, group):
        if type(call) is exp.Anonymous and name not in _SETS | w.index.harmless and _CATALOG.match(name) is None:
            w.opaque[f"the function {name} is not declared in the tenancy model"] = None
            w.tables[name] = None
        if name in _ELEMENTS and call.expressions:
            return _elements(w, call.expressions, node, scope, group, name)
        for argument in children(call):
            survey(w, argument, scope, group)
    return _opaque_rel(w, node, group, name)


def _elements(w: Work, arguments: list[Any], node: Any, scope: Scope, group: Group, name: str) -> Rel:
    """A function that takes the caller's list apart: its column is one of the caller's values."""
    rel = _opaque_rel(w, node, group, name)
    _, names = _alias(w, node)
    terms = [term(w, argument, scope, group) for argument in arguments]
    first = terms[0]
    if type(first) is not Val or first.rank > Rank.SETTING:
        return rel
    element = Val(f"element {rel.inst} of {first.key}", Rank.SET)
    rel.outputs = dict.fromkeys((*names, "value", rel.alias) if name != "json_each" else ("value",), element)
    rel.complete = False
    return rel


def _opaque_rel(w: Work, node: Any, group: Group, name: str = "") -> Rel:
    """A relation of which only the names of its columns may be known."""
    alias, _ = _alias(w, node)
    inst = w.instance(None, alias or name, group)
    return Rel(alias or name or f"\0{id(node)}", inst)


def _structs(array: Any) -> list[Any]:
    """The structs of BigQuery's `[STRUCT(a AS x, …), …]`, if it is such a list with names in the first of them."""
    items = array.expressions if type(array) is exp.Array else []
    if not items or not all(type(item) is exp.Struct for item in items):
        return []
    named = all(type(part) is exp.PropertyEQ and isinstance(part.this, exp.Identifier) for part in items[0].expressions)
    return items if named and len({len(item.expressions) for item in items}) == 1 else []


def _fields(w: Work, structs: list[Any], inst: int, scope: Scope, group: Group) -> Columns:
    """The fields of structs as the columns of VALUES."""
    columns: Columns = []
    for position, field in enumerate(structs[0].expressions):
        parts = [s.expressions[position] for s in structs]
        terms = [term(w, p.expression if type(p) is exp.PropertyEQ else p, scope, group) for p in parts]
        constant = [t for t in terms if type(t) is Val]
        value: Term = terms[0] if len(terms) == 1 else NOTHING
        if len(terms) > 1 and len(constant) == len(terms):
            value = Val(f"field {inst}.{position}", max(Rank.SET, *(t.rank for t in constant)))
        columns.append((w.index.fold(field.this), value))
    return columns


def _unnest(w: Work, node: Any, scope: Scope, group: Group, call: Any = None) -> Rel:
    """UNNEST of the caller's arrays: each column is one of a set of the caller's values."""
    alias, names = _alias(w, node)
    call = node if call is None else call
    inst = w.instance(None, alias or "unnest", group)
    if len(call.expressions) == 1 and (fields := _structs(call.expressions[0])):
        return derived(w, alias or (names[0] if names else "unnest"), [], _fields(w, fields, inst, scope, group))
    columns: Columns = []
    for position, argument in enumerate(call.expressions):
        value = term(w, argument, scope, group)
        label: str | None = names[position] if position < len(names) else alias if len(call.expressions) == 1 else None
        if type(value) is Val and value.rank <= Rank.SETTING:
            columns.append((label, Val(f"element {inst}.{position} of {value.key}", Rank.SET)))
        elif type(value) is Val:
            columns.append((label, Val(f"element {inst}.{position} of {value.key}", value.rank)))
        else:
            group.conds.append(Atom(frozenset()))
            columns.append((label, NOTHING))
    rel = derived(w, alias or "unnest", [], columns)
    if rel.outputs is not None and len(call.expressions) == 1 and "unnest" not in rel.outputs and not names:
        rel.outputs.setdefault("unnest", columns[0][1] if isinstance(columns[0], tuple) else NOTHING)
    return rel
