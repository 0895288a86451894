"""Relations that no stored table holds: sub-selects by their outputs, functions that make rows of their arguments."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from lints.patterns import regex
from lints.proof.inlined import called
from lints.proof.ir import Atom, Group, Rank, Term, Val
from lints.proof.scalars import children, declared, is_hole, survey, term
from lints.proof.scopes import NOTHING, Rel, Scope, expand
from lints.proof.work import OPENS, Columns, Work

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
        "zeros", "xmltable", "plainto_tsquery", "to_tsquery", "websearch_to_tsquery", "phraseto_tsquery",
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


_CATALOG = regex(
    r"pragma_\w+\Z|pg_(?:partition|stat|get|ls|available|show|lock|tablespace|timezone|event_trigger|snapshot|control|safe_snapshot"
    r"|blocking)_?\w*\Z"
)
"""Functions of the catalog: what they return is nobody's."""


def alias_of(w: Work, node: Any) -> tuple[str | None, list[str]]:
    alias = node.args.get("alias")
    if alias is None:
        return None, []
    name = w.index.fold(alias.this) if alias.args.get("this") is not None else None
    if name is not None and is_hole(name):
        w.opaque[OPENS] = None
        return None, []
    columns = [w.index.fold(c.this if type(c) is exp.ColumnDef else c) for c in alias.args.get("columns") or ()]
    return name, columns


def named(w: Work, node: Any, columns: Columns, name: str | None = None) -> Rel:
    alias, names = alias_of(w, node)
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


def function(w: Work, call: Any, node: Any, scope: Scope, group: Group) -> Rel:
    """A function in FROM: declared in the model, known to invent its rows from its arguments, or opaque."""
    if type(call) is exp.Unnest:
        return unnest(w, node, scope, group, call)
    name = (str(call.this) if type(call) is exp.Anonymous else type(call).__name__).lower().strip('"')
    body = called(w, call, scope, group)
    if body is not None:
        alias, names = alias_of(w, node)
        return derived(w, alias or name, names or body[1], body[0])
    if name == "table" and w.dialect == "oracle" and len(call.expressions) == 1:
        rel = _collection(w, call.expressions[0], node, scope, group)
        if rel is not None:
            return rel
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
    return opaque(w, node, group, name)


def _collection(w: Work, item: Any, node: Any, scope: Scope, group: Group) -> Rel | None:
    """Oracle's TABLE of a collection: what the caller binds, a column of a row, or a list that stands there; None for
    what a function returns."""
    while type(item) in (exp.Cast, exp.Paren):
        item = item.this
    last = item.expression if type(item) is exp.Dot else item
    if type(item) is exp.Placeholder:
        return _elements(w, [item], node, scope, group, "column_value")
    if type(item) is exp.Column or (type(last) is exp.Anonymous and _LISTS.match(str(last.this)) is not None):
        survey(w, item, scope, group)
        return opaque(w, node, group, "table")
    return None


_LISTS = regex(r"odci\w+list\Z", re.IGNORECASE)


def _elements(w: Work, arguments: list[Any], node: Any, scope: Scope, group: Group, name: str) -> Rel:
    """A function that takes the caller's list apart: its column is one of the caller's values."""
    rel = opaque(w, node, group, name)
    _, names = alias_of(w, node)
    terms = [term(w, argument, scope, group) for argument in arguments]
    first = terms[0]
    if type(first) is not Val or first.rank > Rank.SETTING:
        return rel
    element = Val(f"element {rel.inst} of {first.key}", Rank.SET)
    shown = {"json_each": ("value",), "column_value": ("column_value",)}
    rel.outputs = dict.fromkeys(shown.get(name, (*names, "value", rel.alias)), element)
    rel.complete = False
    return rel


def opaque(w: Work, node: Any, group: Group, name: str = "") -> Rel:
    """A relation of which only the names of its columns may be known."""
    alias, _ = alias_of(w, node)
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


def unnest(w: Work, node: Any, scope: Scope, group: Group, call: Any = None) -> Rel:
    """UNNEST of the caller's arrays: each column is one of a set of the caller's values."""
    alias, names = alias_of(w, node)
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
