"""Statements that change the schema, applied to a `Catalog`. sqlglot parses; what it can't is recorded as unread."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from lints.schema.catalog import Catalog, Draft
from lints.schema.facts import Grant, Index
from lints.schema.names import IDENT, NAME, fold, qualified
from lints.schema.security import apply_policy, change_row_security, parenthesised, routine_of, top_level_commas
from lints.schema.split import Piece, split
from lints.tenancy import Column, ForeignKey, Origin, View

_MAX_STATEMENT = 512 * 1024
_HEAD = re.compile(r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*+([A-Za-z_]+)(?:\s+([A-Za-z_]+))?", re.DOTALL)
_TABLE_DDL = re.compile(
    r"\b(?:create|alter|drop|rename)\s+(?:(?:or\s+replace|unlogged|foreign|materialized|recursive|unique|global|local)\s+)*"
    r"(?:table|view|policy|index)\b",
    re.IGNORECASE,
)
_ALTER = re.compile(
    rf"alter\s+(?:foreign\s+)?table\s+(?:if\s+exists\s+)?(?:only\s+)?({NAME})\s*\*?\s*(.*)", re.IGNORECASE | re.DOTALL
)
_RLS = re.compile(r"(enable|disable|force|no\s+force)\s+row\s+level\s+security\s*$", re.IGNORECASE)
_SET_SCHEMA = re.compile(rf"set\s+schema\s+({IDENT})\s*$", re.IGNORECASE)
_USING_INDEX = re.compile(
    rf"add\s+constraint\s+({IDENT})\s+(unique|primary\s+key)\s+using\s+index\s+({IDENT})", re.IGNORECASE
)
_ATTACH = re.compile(rf"attach\s+partition\s+({NAME})", re.IGNORECASE)
_HARMLESS_ACTION = re.compile(
    r"(?:owner\s+to|set\s*\(|reset\s*\(|set\s+(?:logged|unlogged|tablespace|without|access)|cluster|validate\s+constraint"
    r"|replica\s+identity|(?:enable|disable)\s+(?:always\s+|replica\s+)?(?:trigger|rule)|alter\s+(?:column\s+)?\S+\s+"
    r"(?:set\s+(?:statistics|storage|compression|data\s+type)|reset|add\s+generated|drop\s+(?:identity|expression)"
    r"|restart|set\s+generated|type)|rename\s+constraint|alter\s+constraint|detach\s+partition|no\s+inherit|inherit"
    r"|engine\b|convert\s+to|default\s+character|character\s+set|auto_increment|comment|row_format|order\s+by"
    r"|drop\s+(?:index|key|partition|projection)|partition|algorithm|lock|modify\s+(?:query|ttl|setting|sql|comment)"
    r"|materialize|update\s|delete\s+where|add\s+(?:projection|index)|freeze|clear)\b",
    re.IGNORECASE,
)
_ROUTINE = re.compile(rf"create\s+(?:or\s+replace\s+)?(?:function|procedure)\s+({NAME})", re.IGNORECASE)
_RENAME_TABLES = re.compile(rf"({NAME})\s+to\s+({NAME})", re.IGNORECASE)
_SP_RENAME = re.compile(
    r"exec(?:ute)?\s+sp_rename\s+N?'([^']+)'\s*,\s*N?'([^']+)'(?:\s*,\s*N?'([^']+)')?", re.IGNORECASE
)
_CREATE_TABLE = re.compile(
    rf"create\s+(?:unlogged\s+|foreign\s+|external\s+)?table\s+(?:if\s+not\s+exists\s+)?({NAME})\s*\(", re.IGNORECASE
)
_COLUMN_NAME = re.compile(
    rf"(?!(?:constraint|primary|foreign|unique|check|exclude|index|key|like|partition|projection|period)\b)({IDENT})\s+(\w+)",
    re.IGNORECASE,
)
_RELAXED = re.compile(
    r"\s(?:nulls\s+(?:not\s+)?distinct|compression\s+\w+|storage\s+(?:plain|main|extended|external|default)"
    r"|collate\s+(?:\"[^\"]*\"|\w+)|(?<=identity\s)\(\s*cache\s+\d+\s*\))(?=\W|$)",
    re.IGNORECASE,
)
"""Options that sqlglot does not know and the model has no use for."""
_DATA_TAIL = re.compile(r"\s+with\s+(?:no\s+)?data\s*$", re.IGNORECASE)
_DO_BODY = re.compile(r"\$(\w*)\$(.*)\$\1\$", re.DOTALL)
_CONTROL = re.compile(
    r"\s*(?:declare\b.*?\bbegin\b|begin\b|else\b|loop\b|exception\b|when\b.*?\bthen\b|(?:els)?if\b.*?\bthen\b"
    r"|for(?:each)?\b.*?\bloop\b|while\b.*?\bloop\b)",
    re.IGNORECASE | re.DOTALL,
)


def apply_script(catalog: Catalog, path: str, text: str, dialect: str) -> None:
    """Apply every schema statement of a script; data statements are not looked at here."""
    with quiet():
        for piece in split(text, dialect):
            apply_piece(catalog, path, piece, dialect)


@contextmanager
def quiet() -> Iterator[None]:
    """sqlglot logs a warning for each statement it keeps as text; here that is an expected case with its own path."""
    log = logging.getLogger("sqlglot")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def apply_piece(catalog: Catalog, path: str, piece: Piece, dialect: str) -> None:
    """Apply one statement. Never raises: what can't be applied becomes an `unread` origin."""
    head = _HEAD.match(piece.text)
    verb = head.group(1).lower() if head is not None else ""
    noun = (head.group(2) or "").lower() if head is not None else ""
    if verb not in _VERBS:
        if piece.unterminated and _TABLE_DDL.search(piece.text[:_MAX_STATEMENT]):
            catalog.unread.append(_unread(path, piece, f"the {piece.unterminated} is never closed"))
        return
    if verb == "comment" or (verb in {"exec", "execute"} and not _SP_RENAME.match(piece.text)):
        return
    if piece.unterminated and (verb != "create" or noun not in {"function", "procedure", "trigger"}):
        catalog.unread.append(_unread(path, piece, f"the {piece.unterminated} is never closed"))
        return
    if len(piece.text) > _MAX_STATEMENT:
        catalog.unread.append(_unread(path, piece, f"longer than {_MAX_STATEMENT} characters"))
        return
    reason: str | None
    try:
        reason = _Applier(catalog, path, piece, dialect).apply(verb)
    except Exception as error:  # noqa: BLE001 - the one boundary: a hostile statement must become a fact, not a crash
        reason = f"could not be read ({type(error).__name__})"
    if reason is not None:
        catalog.unread.append(_unread(path, piece, reason))


_VERBS = frozenset({"create", "alter", "drop", "rename", "do", "exec", "execute", "comment", "grant"})


def _unread(path: str, piece: Piece, reason: str) -> Origin:
    first = " ".join(piece.text[:200].split())[:80]
    return Origin(path=path, line=piece.line, why=f"{reason}: {first}")


class _Applier:
    """One statement's view of the catalog: how names fold and where facts come from."""

    def __init__(self, catalog: Catalog, path: str, piece: Piece, dialect: str) -> None:
        self.catalog = catalog
        self.path = path
        self.piece = piece
        self.dialect = dialect

    def origin(self, why: str, near: str | None = None) -> Origin:
        """The statement's place, or the line of the first mention of `near` in it."""
        line = self.piece.line
        if near:
            found = re.search(rf"(?<![\w$]){re.escape(near)}(?![\w$])", self.piece.text, re.IGNORECASE)
            if found is not None:
                line += self.piece.text.count("\n", 0, found.start())
        return Origin(path=self.path, line=line, why=why)

    def apply(self, verb: str) -> str | None:
        """Apply the statement; returns why it could not be, or None."""
        text = self.piece.text
        if verb == "do":
            return self._do_block(text)
        if verb in {"exec", "execute"}:
            return self._sp_rename(text)
        if verb == "grant":
            self.catalog.grants.append(Grant(sql=text, origin=self.origin("granted here")))
            return None
        routine = _ROUTINE.match(text)
        if routine is not None:
            name = self.written_name(routine.group(1))[1]
            self.catalog.routines.append(routine_of(name, text, self.origin("routine defined here")))
            return None
        if verb == "rename":
            return self._rename_tables(text)
        if re.match(r"(?:create|alter|drop)\s+policy\b", text, re.IGNORECASE):
            return apply_policy(self.catalog, text, self.written_name, self.origin)
        if re.match(r"(?:create|alter)\s+(?:role|user)\b", text, re.IGNORECASE):
            self.catalog.grants.append(Grant(sql=text, origin=self.origin("role defined here")))
            return None
        if not _TABLE_DDL.match(text):
            return None
        tree = self._parse(text)
        if tree is None and verb == "create":
            tree = self._parse(_RELAXED.sub(" ", _DATA_TAIL.sub("", text)))
        if isinstance(tree, exp.Create):
            return self._create(tree)
        if isinstance(tree, exp.Drop):
            return self._drop(tree)
        if isinstance(tree, exp.Alter):
            return self._alter(tree)
        alter = _ALTER.match(text)
        if alter is not None:
            return self._alter_by_action(alter.group(1), alter.group(2))
        table = _CREATE_TABLE.match(text)
        if table is not None:
            return self._create_by_item(table.group(1), text[table.end() :])
        if re.match(r"(?:alter|drop|create)\s+index\b|alter\s+(?:materialized\s+)?view\b", text, re.IGNORECASE):
            return None
        return "the SQL parser does not know this statement"

    def _parse(self, text: str) -> exp.Expr | None:
        for dialect in dict.fromkeys((self.dialect, "postgres", "mysql", "sqlite", "tsql", "clickhouse")):
            try:
                tree = parse_one(text, dialect=dialect)
            except (SqlglotError, RecursionError):
                continue
            if not isinstance(tree, exp.Command):
                return tree
        return None

    # Names

    def fold(self, identifier: exp.Expr | None) -> str:
        if isinstance(identifier, exp.Column):
            identifier = identifier.this
        if not isinstance(identifier, exp.Identifier):
            return str(identifier.name) if identifier is not None else ""
        return fold(identifier.name, self.dialect, quoted=bool(identifier.args.get("quoted")))

    def table_name(self, table: exp.Expr | None) -> tuple[str | None, str]:
        if isinstance(table, exp.Schema):
            table = table.this
        if not isinstance(table, exp.Table):
            return None, self.fold(table)
        schema = self.fold(table.args["db"]) if table.args.get("db") else None
        return schema, self.fold(table.this)

    def written_name(self, written: str) -> tuple[str | None, str]:
        return qualified(written, self.dialect)

    # CREATE

    def _create(self, tree: exp.Create) -> str | None:
        kind = str(tree.args.get("kind") or "").upper()
        properties = tree.args.get("properties")
        listed = properties.expressions if properties is not None else []
        if kind == "VIEW":
            return self._view(tree, listed)
        if kind == "INDEX":
            return self._index(tree)
        if kind != "TABLE":
            return None
        if any(isinstance(prop, exp.TemporaryProperty) for prop in listed):
            return None
        schema, name = self.table_name(tree.this)
        if not name:
            return "a table without a name"
        draft = self.catalog.create(schema, name, self.origin("created here", name))
        body = tree.this.expressions if isinstance(tree.this, exp.Schema) else []
        for item in body:
            self._table_item(draft, item)
        for prop in listed:
            if isinstance(prop, exp.InheritsProperty):
                for parent in prop.expressions:
                    self._inherit(draft, parent)
            elif isinstance(prop, exp.PartitionedOfProperty):
                self._inherit(draft, prop.this)
                draft.parent_partition = self.table_name(prop.this)[1]
        if isinstance(tree.expression, exp.Query):
            self._columns_of_query(draft, tree.expression)
        return None

    def _create_by_item(self, written: str, rest: str) -> str | None:
        """A CREATE TABLE that sqlglot does not know as a whole: each column and constraint by itself.

        Of a column that still can't be read the name is kept; a constraint that can't be is a reason.
        """
        body = parenthesised(f"body ({rest}", "body")
        if body is None:
            return "the SQL parser does not know this statement"
        schema, name = self.written_name(written)
        draft = self.catalog.create(schema, name, self.origin("created here", name))
        reason = None
        for item in top_level_commas(_RELAXED.sub(" ", body)):
            tree = self._parse(f"CREATE TABLE x ({item})")
            if isinstance(tree, exp.Create) and isinstance(tree.this, exp.Schema) and tree.this.expressions:
                self._table_item(draft, tree.this.expressions[0])
                continue
            column = _COLUMN_NAME.match(item)
            if column is None:
                reason = reason or "a constraint or option that is not understood"
                continue
            folded = self.written_name(column.group(1))[1]
            nullable = re.search(r"\bnot\s+null\b", item, re.IGNORECASE) is None
            found = Column(name=folded, type=column.group(2).lower(), nullable=nullable)
            draft.add_column(found, self.origin(f"{folded} is declared here", folded))
        return reason

    def _table_item(self, draft: Draft, item: exp.Expr) -> None:
        if isinstance(item, exp.ColumnDef):
            self._column(draft, item)
        elif isinstance(item, exp.LikeProperty):
            self._inherit(draft, item.this)
        elif isinstance(item, exp.Constraint):
            for inner in item.expressions:
                self._constraint(draft, inner, self.fold(item.this))
        elif isinstance(item, exp.Identifier):
            name = self.fold(item)
            draft.add_column(Column(name=name), self.origin(f"{name} is declared here", name))
        else:
            self._constraint(draft, item, None)

    def _inherit(self, draft: Draft, parent: exp.Expr) -> None:
        other = self.catalog.find(*self.table_name(parent))
        if other is not None:
            draft.inherit(other)

    def _columns_of_query(self, draft: Draft, query: exp.Query) -> None:
        for projection in query.selects:
            if projection.is_star:
                for table in query.find_all(exp.Table):
                    self._inherit(draft, table)
            elif projection.alias_or_name:
                name = self.fold(projection.args.get("alias") or projection)
                draft.add_column(Column(name=name), self.origin(f"{name} is selected here", name))

    def _column(self, draft: Draft, item: exp.ColumnDef, why: str = "is declared here") -> None:
        name = self.fold(item.this)
        kind = item.args.get("kind")
        nullable, default = True, None
        constraints = [c for c in item.args.get("constraints") or [] if isinstance(c, exp.ColumnConstraint)]
        for constraint in constraints:
            what = constraint.args.get("kind")
            if isinstance(what, exp.NotNullColumnConstraint):
                nullable = bool(what.args.get("allow_null"))
            elif isinstance(what, exp.PrimaryKeyColumnConstraint):
                nullable = False
            elif isinstance(what, exp.DefaultColumnConstraint):
                default = what.this.sql(dialect=self.dialect)
        written = kind.sql(dialect=self.dialect).lower() if isinstance(kind, exp.Expr) else str(kind or "").lower()
        draft.add_column(
            Column(name=name, type=written, nullable=nullable, default=default), self.origin(f"{name} {why}", name)
        )
        for constraint in constraints:
            what = constraint.args.get("kind")
            if isinstance(what, exp.PrimaryKeyColumnConstraint):
                draft.primary_key = draft.primary_key or (name,)
            elif isinstance(what, exp.UniqueColumnConstraint):
                draft.unique[f"{draft.name}_{name}_key"] = (name,)
            elif isinstance(what, exp.Reference):
                self._reference(draft, (name,), what, None)

    def _constraint(self, draft: Draft, item: exp.Expr, name: str | None) -> None:
        if isinstance(item, exp.PrimaryKey):
            draft.primary_key = self._names(item.expressions)
            for column in draft.primary_key:
                draft.change_column(column, nullable=False)
        elif isinstance(item, exp.UniqueColumnConstraint):
            inner = item.this
            if isinstance(inner, exp.Schema):
                columns = self._names(inner.expressions)
                label = name or (self.fold(inner.this) if inner.this is not None else None)
                if columns and "" not in columns:
                    draft.unique[label or f"{draft.name}_{'_'.join(columns)}_key"] = columns
        elif isinstance(item, exp.ForeignKey):
            reference = item.args.get("reference")
            if isinstance(reference, exp.Reference):
                self._reference(draft, self._names(item.expressions), reference, name)
        elif isinstance(item, exp.Constraint):
            for inner in item.expressions:
                self._constraint(draft, inner, self.fold(item.this))
        elif isinstance(item, exp.IndexColumnConstraint):
            label = self.fold(item.this) if item.this is not None else f"{draft.name}_index_{len(draft.indexes)}"
            draft.indexes[label] = Index(
                name=label,
                columns=self._names(item.expressions),
                unique=False,
                partial=False,
                origin=self.origin("index declared here", label),
            )

    def _reference(self, draft: Draft, columns: tuple[str, ...], reference: exp.Reference, name: str | None) -> None:
        target = reference.this
        _, table = self.table_name(target)
        referenced = self._names(target.expressions) if isinstance(target, exp.Schema) else ()
        label = name or f"{draft.name}_{'_'.join(columns)}_fkey"
        origin = self.origin(f"foreign key ({', '.join(columns)}) to {table}", columns[0] if columns else None)
        draft.foreign_keys[label] = (
            ForeignKey(columns=columns, references=table, referenced_columns=referenced),
            origin,
        )

    def _names(self, expressions: Iterable[exp.Expr]) -> tuple[str, ...]:
        """Column names in order; an expression that is not a plain column is the empty string."""
        names: list[str] = []
        for item in expressions:
            inner = item.this if isinstance(item, exp.Ordered) else item
            if isinstance(inner, exp.ColumnPrefix):
                inner = inner.this
            names.append(self.fold(inner) if isinstance(inner, (exp.Identifier, exp.Column)) else "")
        return tuple(names)

    def _view(self, tree: exp.Create, listed: list[exp.Expr]) -> str | None:
        _, name = self.table_name(tree.this)
        query = tree.expression
        if not isinstance(query, exp.Query):
            return "a view without a query"
        columns = [self.fold(c) for c in tree.this.expressions] if isinstance(tree.this, exp.Schema) else []
        if columns and len(columns) == len(query.selects) and not any(s.is_star for s in query.selects):
            query = query.copy()
            renamed = [exp.alias_(s.unalias(), c, quoted=True) for s, c in zip(query.selects, columns, strict=True)]
            query.set("expressions", renamed)
        invoker = any(
            isinstance(prop, exp.Property)
            and prop.name.lower() == "security_invoker"
            and str(prop.args["value"]).strip("'\"").lower() in {"true", "on", "1", "yes"}
            for prop in listed
        ) or any(isinstance(prop, exp.SqlSecurityProperty) and str(prop.this).upper() == "INVOKER" for prop in listed)
        if any(isinstance(prop, exp.TemporaryProperty) for prop in listed):
            return None
        self.catalog.views[name] = View(
            name=name,
            sql=query.sql(dialect=self.dialect),
            origin=self.origin("view defined here", name),
            materialized=any(isinstance(prop, exp.MaterializedProperty) for prop in listed),
            security_invoker=invoker,
        )
        return None

    def _index(self, tree: exp.Create) -> str | None:
        index = tree.this
        table = index.args.get("table") if isinstance(index, exp.Index) else None
        if table is None:
            return "an index without a table" if tree.args.get("unique") else None
        draft = self.catalog.find(*self.table_name(table))
        params = index.args.get("params")
        columns = self._names(params.args.get("columns") or []) if params is not None else ()
        if draft is None:
            unknown = tree.args.get("unique") and self.table_name(table)[1] not in self.catalog.views
            return "a unique index on a table that was never created" if unknown else None
        label = self.fold(index.this) if index.this is not None else f"{draft.name}_{'_'.join(columns)}_idx"
        partial = params is not None and params.args.get("where") is not None
        unique = bool(tree.args.get("unique"))
        origin = self.origin("index created here", label)
        draft.indexes[label] = Index(name=label, columns=columns, unique=unique, partial=partial, origin=origin)
        if unique and not partial and columns and "" not in columns:
            draft.unique[label] = columns
        return None

    # DROP, RENAME

    def _drop(self, tree: exp.Drop) -> str | None:
        kind = str(tree.args.get("kind") or "").upper()
        for target in tree.args.get("tables") or ([tree.this] if tree.this is not None else []):
            schema, name = self.table_name(target)
            if kind == "TABLE":
                draft = self.catalog.find(schema, name)
                if draft is not None:
                    self.catalog.drop(draft)
            elif kind == "VIEW":
                self.catalog.views.pop(name, None)
            elif kind == "INDEX":
                for draft in self.catalog.tables.values():
                    draft.indexes.pop(name, None)
                    draft.unique.pop(name, None)
        return None

    def _rename_tables(self, text: str) -> str | None:
        pairs = _RENAME_TABLES.findall(re.sub(r"^\s*rename\s+table\s+", "", text, flags=re.IGNORECASE))
        for old, new in pairs:
            draft = self.catalog.find(*self.written_name(old))
            if draft is not None:
                schema, name = self.written_name(new)
                self.catalog.rename(draft, schema or draft.schema, name)
        return None if pairs else "a RENAME that could not be read"

    def _sp_rename(self, text: str) -> str | None:
        found = _SP_RENAME.match(text)
        if found is None:
            return None
        old, new = self.written_name(found.group(1)), fold(found.group(2).strip("[]"), self.dialect, quoted=True)
        if (found.group(3) or "").upper() == "COLUMN":
            draft = self.catalog.find(None, old[0] or "")
            if draft is not None:
                draft.rename_column(old[1], new)
        else:
            draft = self.catalog.find(*old)
            if draft is not None:
                self.catalog.rename(draft, draft.schema, new)
        return None

    # ALTER

    def _alter(self, tree: exp.Alter) -> str | None:
        if str(tree.args.get("kind") or "").upper() != "TABLE":
            return None
        draft = self.catalog.find(*self.table_name(tree.this))
        if draft is None:
            schema, name = self.table_name(tree.this)
            if tree.args.get("exists") or name in self.catalog.views:
                return None
            # The CREATE is somewhere we can't see (another tool, a dump): what is known of it is still a fact.
            draft = self.catalog.create(schema, name, self.origin("altered here, created elsewhere", name))
        reasons = [self._action(draft, action) for action in tree.args.get("actions") or []]
        return next((reason for reason in reasons if reason is not None), None)

    def _action(self, draft: Draft, action: exp.Expr) -> str | None:
        if isinstance(action, exp.ColumnDef):
            self._column(draft, action, "is added here")
        elif isinstance(action, exp.Schema):
            for item in action.expressions:
                self._table_item(draft, item)
        elif isinstance(action, exp.AddConstraint):
            for item in action.expressions:
                self._constraint(draft, item, None)
        elif isinstance(action, exp.RenameColumn):
            draft.rename_column(self.fold(action.this), self.fold(action.args["to"]))
        elif isinstance(action, exp.AlterRename):
            schema, name = self.table_name(action.this)
            self.catalog.rename(draft, schema or draft.schema, name)
        elif isinstance(action, exp.Drop):
            kind = str(action.args.get("kind") or "").upper()
            for target in action.args.get("tables") or ([action.this] if action.this is not None else []):
                name = self.fold(target.this if isinstance(target, exp.Table) else target)
                if kind == "COLUMN":
                    draft.drop_column(name)
                else:
                    draft.drop_constraint(name)
        elif isinstance(action, exp.AlterColumn):
            default = action.args.get("default")
            if action.args.get("allow_null") is not None:
                draft.change_column(self.fold(action.this), nullable=bool(action.args["allow_null"]))
            elif default is not None:
                draft.change_column(self.fold(action.this), default=default.sql(dialect=self.dialect))
            elif action.args.get("drop"):
                draft.change_column(self.fold(action.this), default=None)
        elif isinstance(action, exp.ModifyColumn):
            self._modify(draft, action)
        elif not isinstance(action, (exp.Delete, exp.Update, exp.AlterSet)) and "Modify" not in type(action).__name__:
            return f"an ALTER TABLE action that is not understood ({type(action).__name__})"
        return None

    def _modify(self, draft: Draft, action: exp.ModifyColumn) -> None:
        definition = action.this
        if not isinstance(definition, exp.ColumnDef):
            return
        name = self.fold(definition.this)
        old = action.args.get("rename_from")
        if old is not None:
            draft.rename_column(self.fold(old), name)
        before = draft.column_origins.get(name)
        draft.columns.pop(name, None)
        self._column(draft, definition, "is changed here")
        if before is not None:
            draft.column_origins[name] = before

    def _alter_by_action(self, written: str, actions: str) -> str | None:
        """An ALTER TABLE that sqlglot keeps as text: each action by itself, then the ones it never knows."""
        if re.match(r"(?:modify\s+query|update|delete)\b", actions, re.IGNORECASE):
            return None  # ClickHouse: a view's query, or rows
        schema, name = self.written_name(written)
        draft = self.catalog.find(schema, name)
        parts = top_level_commas(actions)
        for part in parts:
            tree = self._parse(f"ALTER TABLE {written} {part}") if len(parts) > 1 else None
            if isinstance(tree, exp.Alter):
                reason = self._alter(tree)
                if reason is not None:
                    return reason
                draft = self.catalog.find(schema, name)
                continue
            if _HARMLESS_ACTION.match(part):
                continue
            if draft is None:
                draft = self.catalog.create(schema, name, self.origin("altered here, created elsewhere", name))
            if not self._own_action(draft, part):
                return "an ALTER TABLE action that is not understood"
        return None

    def _own_action(self, draft: Draft, part: str) -> bool:
        security = _RLS.match(part)
        if security is not None:
            change_row_security(draft, " ".join(security.group(1).lower().split()), self.origin("row level security"))
            return True
        moved = _SET_SCHEMA.match(part)
        if moved is not None:
            self.catalog.rename(draft, self.written_name(moved.group(1))[1], draft.name)
            return True
        using = _USING_INDEX.match(part)
        if using is not None:
            index = draft.indexes.get(self.written_name(using.group(3))[1])
            if index is None:
                return False
            if using.group(2).lower() == "unique":
                draft.unique[self.written_name(using.group(1))[1]] = index.columns
            else:
                draft.primary_key = index.columns
            return True
        attach = _ATTACH.match(part)
        if attach is not None:
            child = self.catalog.find(*self.written_name(attach.group(1)))
            if child is not None:
                child.parent_partition = draft.name
            return True
        return False

    # DO

    def _do_block(self, text: str) -> str | None:
        """The schema statements of a DO block. A guard such as `IF NOT EXISTS (…) THEN` counts as taken."""
        found = _DO_BODY.search(text)
        if found is None:
            return "a DO block that could not be read" if _TABLE_DDL.search(text) else None
        first = self.piece.line + text.count("\n", 0, found.start(2))
        unknown: str | None = None
        for inner in split(found.group(2), self.dialect):
            body = inner.text
            shift = 0
            for _ in range(32):
                control = _CONTROL.match(body)
                if control is None:
                    break
                shift += body.count("\n", 0, control.end())
                body = body[control.end() :]
            stripped = body.lstrip()
            shift += body.count("\n", 0, len(body) - len(stripped))
            line = first + inner.line - 1 + shift
            if re.match(r"execute\b", stripped, re.IGNORECASE):
                if _TABLE_DDL.search(stripped):
                    unknown = "schema changes assembled at run time in a DO block"
            elif _HEAD.match(stripped) and not re.match(
                r"(?:end|raise|return|null|perform)\b", stripped, re.IGNORECASE
            ):
                apply_piece(
                    self.catalog, self.path, Piece(stripped, line, line + stripped.count("\n"), 0), self.dialect
                )
        return unknown
