"""CREATE TABLE, VIEW and INDEX, applied to a `Catalog`."""

from __future__ import annotations

import re

from sqlglot import exp

from lints.patterns import regex
from lints.schema.catalog import Draft
from lints.schema.facts import Index
from lints.schema.names import IDENT, NAME
from lints.schema.security import parenthesised, top_level_commas
from lints.schema.statement import Statement
from lints.tenancy import Column, ForeignKey, View

CREATE_TABLE = regex(
    rf"create\s+(?:unlogged\s+|foreign\s+|external\s+)?table\s+(?:if\s+not\s+exists\s+)?({NAME})\s*\(", re.IGNORECASE
)
_COLUMN_NAME = regex(
    rf"(?!(?:constraint|primary|foreign|unique|check|exclude|index|key|like|partition|projection|period)\b)({IDENT})\s+(\w+)",
    re.IGNORECASE,
)
RELAXED = regex(
    r"\s(?:nulls\s+(?:not\s+)?distinct|compression\s+\w+|storage\s+(?:plain|main|extended|external|default)"
    r"|collate\s+(?:\"[^\"]*\"|\w+)|(?<=identity\s)\(\s*cache\s+\d+\s*\))(?=\W|$)",
    re.IGNORECASE,
)
"""Options that sqlglot does not know and the model has no use for."""
TSQL_STORAGE = regex(
    r"\b(?:non)?clustered\b|\bforeign\s+key(?=\s+references\b)|(?<=\))\s*with\s*\([^()]{0,400}\)"
    r"|\b(?:asc|desc)(?=\s*[,)])|\b(?:textimage_)?on\s+\[?primary\]?(?=[\s,);]|$)|\bwith\s+(?:no)?check(?=\s+add\b)",
    re.IGNORECASE,
)
"""How T-SQL says where keys are stored, and words of it that add nothing."""
DATA_TAIL = regex(
    r"\s+with\s+(?:(?:no\s+)?data|(?:cascaded\s+|local\s+)?check\s+option|read\s+only)\s*$", re.IGNORECASE
)


def create(s: Statement, tree: exp.Create) -> str | None:
    """Apply a CREATE; returns why it could not be, or None."""
    kind = str(tree.args.get("kind") or "").upper()
    properties = tree.args.get("properties")
    listed = properties.expressions if properties is not None else []
    if kind == "VIEW":
        return _view(s, tree, listed)
    if kind == "INDEX":
        return _index(s, tree)
    if kind != "TABLE":
        return None
    if any(isinstance(prop, exp.TemporaryProperty) for prop in listed):
        return None
    schema, name = s.table_name(tree.this)
    if not name:
        return "a table without a name"
    draft = s.catalog.create(schema, name, s.origin("created here", name))
    body = tree.this.expressions if isinstance(tree.this, exp.Schema) else []
    for item in body:
        table_item(s, draft, item)
    for prop in listed:
        if isinstance(prop, exp.InheritsProperty):
            for parent in prop.expressions:
                _inherit(s, draft, parent)
        elif isinstance(prop, exp.PartitionedOfProperty):
            _inherit(s, draft, prop.this)
            draft.parent_partition = s.table_name(prop.this)[1]
    if isinstance(tree.expression, exp.Query):
        _columns_of_query(s, draft, tree.expression)
    elif isinstance(tree.expression, exp.Table):  # ClickHouse: `CREATE TABLE a AS b` has the columns of b
        _inherit(s, draft, tree.expression)
    return None


def create_by_item(s: Statement, written: str, rest: str) -> str | None:
    """A CREATE TABLE that sqlglot does not know as a whole: each column and constraint by itself.

    Of a column that still can't be read the name is kept; a constraint that can't be is a reason. What is put in at
    run time is nothing: a table without a tenant's column or key is a finding of its own until it is declared.
    """
    body = parenthesised(f"body ({rest}", "body")
    if body is None:
        return "the SQL parser does not know this statement"
    schema, name = s.written_name(written)
    draft = s.catalog.create(schema, name, s.origin("created here", name))
    reason = None
    for item in top_level_commas(RELAXED.sub(" ", body)):
        tree = s.parse(f"CREATE TABLE x ({item})")
        if isinstance(tree, exp.Create) and isinstance(tree.this, exp.Schema) and tree.this.expressions:
            table_item(s, draft, tree.this.expressions[0])
            continue
        named = _COLUMN_NAME.match(item)
        if "__hole_" in item:
            continue  # columns that are put in at run time: who owns the rows has to be seen elsewhere, or declared
        if named is None:
            reason = reason or "a constraint or option that is not understood"
            continue
        folded = s.written_name(named.group(1))[1]
        nullable = re.search(r"\bnot\s+null\b", item, re.IGNORECASE) is None
        found = Column(name=folded, type=named.group(2).lower(), nullable=nullable)
        draft.add_column(found, s.origin(f"{folded} is declared here", folded))
    return reason


def table_item(s: Statement, draft: Draft, item: exp.Expr) -> None:
    """A column or constraint in the body of a table."""
    if isinstance(item, exp.ColumnDef):
        column(s, draft, item)
    elif isinstance(item, exp.LikeProperty):
        _inherit(s, draft, item.this)
    elif isinstance(item, exp.Constraint):
        for inner in item.expressions:
            constraint(s, draft, inner, s.fold(item.this))
    elif isinstance(item, exp.Identifier):
        name = s.fold(item)
        draft.add_column(Column(name=name), s.origin(f"{name} is declared here", name))
    else:
        constraint(s, draft, item, None)


def _inherit(s: Statement, draft: Draft, parent: exp.Expr) -> None:
    other = s.catalog.find(*s.table_name(parent))
    if other is not None:
        draft.inherit(other)


def _columns_of_query(s: Statement, draft: Draft, query: exp.Query) -> None:
    for projection in query.selects:
        if projection.is_star:
            for table in query.find_all(exp.Table):
                _inherit(s, draft, table)
        elif projection.alias_or_name:
            name = s.fold(projection.args.get("alias") or projection)
            draft.add_column(Column(name=name), s.origin(f"{name} is selected here", name))


def column(s: Statement, draft: Draft, item: exp.ColumnDef, why: str = "is declared here") -> None:
    """A column with the constraints that stand beside it."""
    name = s.fold(item.this)
    kind = item.args.get("kind")
    nullable, default = True, None
    kinds = [c.args.get("kind") for c in item.args.get("constraints") or [] if isinstance(c, exp.ColumnConstraint)]
    for what in kinds:
        if isinstance(what, exp.NotNullColumnConstraint):
            nullable = bool(what.args.get("allow_null"))
        elif isinstance(what, exp.PrimaryKeyColumnConstraint):
            nullable = False
        elif isinstance(what, exp.DefaultColumnConstraint):
            default = what.this.sql(dialect=s.dialect)
        elif isinstance(what, (exp.GeneratedAsIdentityColumnConstraint, exp.AutoIncrementColumnConstraint)):
            default = default or "identity"
    written = kind.sql(dialect=s.dialect).lower() if isinstance(kind, exp.Expr) else str(kind or "").lower()
    draft.add_column(
        Column(name=name, type=written, nullable=nullable, default=default), s.origin(f"{name} {why}", name)
    )
    for what in kinds:
        if isinstance(what, exp.PrimaryKeyColumnConstraint):
            draft.primary_key = draft.primary_key or (name,)
        elif isinstance(what, exp.UniqueColumnConstraint):
            draft.unique[f"{draft.name}_{name}_key"] = (name,)
            draft.unique_origins[f"{draft.name}_{name}_key"] = s.origin(f"{name} is unique", name)
        elif isinstance(what, exp.Reference):
            _reference(s, draft, (name,), what, None)


def constraint(s: Statement, draft: Draft, item: exp.Expr, name: str | None) -> None:
    """A constraint of the whole table; `name` if it has one."""
    if isinstance(item, exp.PrimaryKey):
        draft.primary_key = s.columns(item.expressions)
        for key in draft.primary_key:
            draft.change_column(key, nullable=False)
    elif isinstance(item, exp.UniqueColumnConstraint):
        inner = item.this
        if isinstance(inner, exp.Schema):
            columns = s.columns(inner.expressions)
            label = name or (s.fold(inner.this) if inner.this is not None else None)
            if columns and "" not in columns:
                label = label or f"{draft.name}_{'_'.join(columns)}_key"
                draft.unique[label] = columns
                draft.unique_origins[label] = s.origin(f"unique ({', '.join(columns)})", _nearest(s, item, label))
    elif isinstance(item, exp.ForeignKey):
        reference = item.args.get("reference")
        if isinstance(reference, exp.Reference):
            _reference(s, draft, s.columns(item.expressions), reference, name)
    elif isinstance(item, exp.Constraint):
        for inner in item.expressions:
            constraint(s, draft, inner, s.fold(item.this))
    elif isinstance(item, exp.IndexColumnConstraint):
        label = s.fold(item.this) if item.this is not None else f"{draft.name}_index_{len(draft.indexes)}"
        draft.indexes[label] = Index(
            name=label,
            columns=s.columns(item.expressions),
            unique=False,
            partial=False,
            origin=s.origin("index declared here", label),
        )


def _nearest(s: Statement, item: exp.Expr, label: str) -> str | None:
    """A word that stands where a constraint does: its name, else its first words as they are written."""
    if re.search(rf"(?<![\w$]){re.escape(label)}(?![\w$])", s.piece.text, re.IGNORECASE):
        return label
    columns = [re.escape(name.name) for name in item.find_all(exp.Identifier)]
    found = re.search(r"unique\s*(?:key\s*)?\(\W*" + r"\W+".join(columns) + r"\W*\)", s.piece.text, re.IGNORECASE)
    return found.group() if found is not None else None


def _reference(
    s: Statement, draft: Draft, columns: tuple[str, ...], reference: exp.Reference, name: str | None
) -> None:
    target = reference.this
    _, table = s.table_name(target)
    referenced = s.columns(target.expressions) if isinstance(target, exp.Schema) else ()
    label = name or f"{draft.name}_{'_'.join(columns)}_fkey"
    origin = s.origin(f"foreign key ({', '.join(columns)}) to {table}", columns[0] if columns else None)
    draft.foreign_keys[label] = (
        ForeignKey(columns=columns, references=table, referenced_columns=referenced),
        origin,
    )


def _view(s: Statement, tree: exp.Create, listed: list[exp.Expr]) -> str | None:
    _, name = s.table_name(tree.this)
    query = tree.expression
    if not isinstance(query, exp.Query):
        return "a view without a query"
    columns = [s.fold(c) for c in tree.this.expressions] if isinstance(tree.this, exp.Schema) else []
    if columns and len(columns) == len(query.selects) and not any(item.is_star for item in query.selects):
        query = query.copy()
        renamed = [exp.alias_(i.unalias(), c, quoted=True) for i, c in zip(query.selects, columns, strict=True)]
        query.set("expressions", renamed)
    invoker = any(
        isinstance(prop, exp.Property)
        and prop.name.lower() == "security_invoker"
        and str(prop.args["value"]).strip("'\"").lower() in {"true", "on", "1", "yes"}
        for prop in listed
    ) or any(isinstance(prop, exp.SqlSecurityProperty) and str(prop.this).upper() == "INVOKER" for prop in listed)
    if any(isinstance(prop, exp.TemporaryProperty) for prop in listed):
        return None
    s.catalog.views[name] = View(
        name=name,
        sql=query.transform(_constant).sql(dialect=s.dialect),
        origin=s.origin("view defined here", name),
        materialized=any(isinstance(prop, exp.MaterializedProperty) for prop in listed),
        security_invoker=invoker,
    )
    return None


def _constant(node: exp.Expr) -> exp.Expr:
    """A constant without the cast to text that PostgreSQL adds when it tells a view's definition."""
    if not (isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and node.this.is_string):
        return node
    plain = node.to.this in (exp.DataType.Type.TEXT, exp.DataType.Type.VARCHAR) and not node.to.expressions
    return node.this if plain else node


def _index(s: Statement, tree: exp.Create) -> str | None:
    index = tree.this
    table = index.args.get("table") if isinstance(index, exp.Index) else None
    if table is None:
        return "an index without a table" if tree.args.get("unique") else None
    draft = s.catalog.find(*s.table_name(table))
    params = index.args.get("params")
    columns = s.columns(params.args.get("columns") or []) if params is not None else ()
    if draft is None:
        return None  # of a view, a temporary table or one made elsewhere: a key that is not known proves nothing
    label = s.fold(index.this) if index.this is not None else f"{draft.name}_{'_'.join(columns)}_idx"
    partial = params is not None and params.args.get("where") is not None
    unique = bool(tree.args.get("unique"))
    origin = s.origin("index created here", label)
    parts = [item.sql(dialect=s.dialect) for item in params.args.get("columns") or []] if params is not None else []
    where = params.args["where"].sql(dialect=s.dialect) if params is not None and partial else None
    draft.indexes[label] = Index(
        name=label, columns=columns, unique=unique, partial=partial, origin=origin, parts=tuple(parts), where=where
    )
    if unique and not partial and columns and "" not in columns:
        draft.unique[label] = columns
        draft.unique_origins[label] = origin
    return None
