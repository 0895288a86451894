"""ALTER, DROP and RENAME of tables, applied to a `Catalog`."""

from __future__ import annotations

import re

from sqlglot import exp

from lints.patterns import regex
from lints.schema.catalog import Draft
from lints.schema.create import column, constraint, table_item
from lints.schema.names import IDENT, NAME, fold
from lints.schema.security import change_row_security, top_level_commas
from lints.schema.statement import Statement

ALTER = regex(
    rf"alter\s+(?:foreign\s+)?table\s+(?:if\s+exists\s+)?(?:only\s+)?({NAME})\s*\*?\s*(?:on\s+cluster\s+[\w'{{}}]+\s+)?(.*)",
    re.IGNORECASE | re.DOTALL,
)
_RLS = regex(r"(enable|disable|force|no\s+force)\s+row\s+level\s+security\s*$", re.IGNORECASE)
_SET_SCHEMA = regex(rf"set\s+schema\s+({IDENT})\s*$", re.IGNORECASE)
_USING_INDEX = regex(
    rf"add\s+(?:constraint\s+({IDENT})\s+)?(unique|primary\s+key)\s+using\s+index\s+({IDENT})", re.IGNORECASE
)
_NO_PART_OF_IT = regex(r"\bwith\s+(?:no)?check\s+(?=add\b)|(?<=constraint)\s+if\s+not\s+exists\b", re.IGNORECASE)
"""What an action may say that changes nothing here, and that parsers stumble over."""
_COLUMN_AS = regex(
    rf"(?:alter|modify)\s+(?:column\s+)?(?:if\s+exists\s+)?({IDENT})\s+(\w.*)", re.IGNORECASE | re.DOTALL
)
_NULLABLE = regex(r"\s*(?:set\s+null|drop\s+not\s+null)\b", re.IGNORECASE)
_OWNER = regex(rf"owner\s+to\s+({IDENT})\s*$", re.IGNORECASE)
_ATTACH = regex(rf"attach\s+partition\s+({NAME})", re.IGNORECASE)
_HARMLESS_ACTION = regex(
    r"(?:set\s*\(|reset\s*\(|set\s+(?:logged|unlogged|tablespace|without|access)|cluster|validate\s+constraint"
    r"|replica\s+identity|(?:enable|disable)\s+(?:always\s+|replica\s+)?(?:trigger|rule)|alter\s+(?:column\s+)?\S+\s+"
    r"(?:set\s+(?:statistics|storage|compression|data\s+type)|reset|add\s+generated|drop\s+(?:identity|expression)"
    r"|restart|set\s+generated|type)|rename\s+constraint|alter\s+constraint|detach\s+partition|no\s+inherit|inherit"
    r"|engine\b|convert\s+to|default\s+character|character\s+set|auto_increment|comment|row_format|order\s+by"
    r"|(?:with\s+(?:no)?check\s+)?(?:no)?check\s+constraint"
    r"|drop\s+(?:index|key|partition|projection)|partition|algorithm|lock|modify\s+(?:query|ttl|setting|sql|comment)"
    r"|materialize|update\s|delete\s+where|add\s+(?:projection|index)|freeze|clear)\b",
    re.IGNORECASE,
)
_RENAME_TABLES = regex(rf"({NAME})\s+to\s+({NAME})", re.IGNORECASE)
SP_RENAME = regex(r"exec(?:ute)?\s+sp_rename\s+N?'([^']+)'\s*,\s*N?'([^']+)'(?:\s*,\s*N?'([^']+)')?", re.IGNORECASE)


def drop(s: Statement, tree: exp.Drop) -> str | None:
    """DROP TABLE, VIEW or INDEX."""
    kind = str(tree.args.get("kind") or "").upper()
    for target in tree.args.get("tables") or ([tree.this] if tree.this is not None else []):
        schema, name = s.table_name(target)
        if kind == "TABLE":
            draft = s.catalog.find(schema, name)
            if draft is not None:
                s.catalog.drop(draft)
        elif kind == "VIEW":
            s.catalog.views.pop(name, None)
        elif kind == "INDEX":
            for draft in s.catalog.tables.values():
                draft.indexes.pop(name, None)
                draft.unique.pop(name, None)
    return None


def rename_tables(s: Statement, text: str) -> str | None:
    """MySQL's RENAME TABLE; returns why it could not be read, or None."""
    pairs = _RENAME_TABLES.findall(re.sub(r"^\s*rename\s+table\s+", "", text, flags=re.IGNORECASE))
    for old, new in pairs:
        draft = s.catalog.find(*s.written_name(old))
        if draft is not None:
            schema, name = s.written_name(new)
            s.catalog.rename(draft, schema or draft.schema, name)
    return None if pairs else "a RENAME that could not be read"


def sp_rename(s: Statement, text: str) -> str | None:
    """SQL Server's sp_rename."""
    found = SP_RENAME.match(text)
    if found is None:
        return None
    old, new = s.written_name(found.group(1)), fold(found.group(2).strip("[]"), s.dialect, quoted=True)
    if (found.group(3) or "").upper() == "COLUMN":
        draft = s.catalog.find(None, old[0] or "")
        if draft is not None:
            draft.rename_column(old[1], new)
    else:
        draft = s.catalog.find(*old)
        if draft is not None:
            s.catalog.rename(draft, draft.schema, new)
    return None


def alter(s: Statement, tree: exp.Alter) -> str | None:
    """An ALTER TABLE that sqlglot understands; returns why an action could not be applied, or None."""
    if str(tree.args.get("kind") or "").upper() != "TABLE":
        return None
    draft = s.catalog.find(*s.table_name(tree.this))
    if draft is None:
        schema, name = s.table_name(tree.this)
        if tree.args.get("exists") or name in s.catalog.views:
            return None
        # The CREATE is somewhere we can't see (another tool, a dump): what is known of it is still a fact.
        draft = s.catalog.create(schema, name, s.origin("altered here, created elsewhere", name))
    reasons = [_action(s, draft, action) for action in tree.args.get("actions") or []]
    return next((reason for reason in reasons if reason is not None), None)


def _action(s: Statement, draft: Draft, action: exp.Expr) -> str | None:
    if isinstance(action, exp.ColumnDef):
        column(s, draft, action, "is added here")
    elif isinstance(action, exp.Schema):
        for item in action.expressions:
            table_item(s, draft, item)
    elif isinstance(action, exp.AddConstraint):
        for item in action.expressions:
            constraint(s, draft, item, None)
    elif isinstance(action, exp.RenameColumn):
        draft.rename_column(s.fold(action.this), s.fold(action.args["to"]))
    elif isinstance(action, exp.AlterRename):
        schema, name = s.table_name(action.this)
        s.catalog.rename(draft, schema or draft.schema, name)
    elif isinstance(action, exp.Drop):
        kind = str(action.args.get("kind") or "").upper()
        for target in action.args.get("tables") or ([action.this] if action.this is not None else []):
            name = s.fold(target.this if isinstance(target, exp.Table) else target)
            if kind == "COLUMN":
                draft.drop_column(name)
            else:
                draft.drop_constraint(name)
    elif isinstance(action, exp.AlterColumn):
        default = action.args.get("default")
        if action.args.get("allow_null") is not None:
            draft.change_column(s.fold(action.this), nullable=bool(action.args["allow_null"]))
        elif default is not None:
            draft.change_column(s.fold(action.this), default=default.sql(dialect=s.dialect))
        elif action.args.get("drop"):
            draft.change_column(s.fold(action.this), default=None)
    elif isinstance(action, exp.ModifyColumn):
        _modify(s, draft, action)
    elif isinstance(action, exp.DropPrimaryKey):
        draft.primary_key = ()
    elif not isinstance(action, (exp.Delete, exp.Update, exp.AlterSet)) and "Modify" not in type(action).__name__:
        return f"an ALTER TABLE action that is not understood ({type(action).__name__})"
    return None


def _modify(s: Statement, draft: Draft, action: exp.ModifyColumn) -> None:
    definition = action.this
    if not isinstance(definition, exp.ColumnDef):
        return
    name = s.fold(definition.this)
    old = action.args.get("rename_from")
    if old is not None:
        draft.rename_column(s.fold(old), name)
    before = draft.column_origins.get(name)
    draft.columns.pop(name, None)
    column(s, draft, definition, "is changed here")
    if before is not None:
        draft.column_origins[name] = before


def alter_by_action(s: Statement, written: str, actions: str) -> str | None:
    """An ALTER TABLE that sqlglot keeps as text: each action by itself, then the ones it never knows."""
    if re.match(r"(?:modify\s+query|update|delete)\b", actions, re.IGNORECASE):
        return None  # ClickHouse: a view's query, or rows
    schema, name = s.written_name(written)
    draft = s.catalog.find(schema, name)
    parts = top_level_commas(actions)
    for whole in parts:
        part = _NO_PART_OF_IT.sub("", whole)
        tree = s.parse(f"ALTER TABLE {written} {part}")
        if isinstance(tree, exp.Alter):
            reason = alter(s, tree)
            if reason is not None:
                return reason
            draft = s.catalog.find(schema, name)
            continue
        if _HARMLESS_ACTION.match(part):
            continue
        if draft is None and (name in s.catalog.views or _OWNER.match(part)):
            continue  # a view, a sequence, or a table nothing else is known of
        if draft is None:
            draft = s.catalog.create(schema, name, s.origin("altered here, created elsewhere", name))
        if not _own_action(s, draft, part):
            return "an ALTER TABLE action that is not understood"
    return None


def _own_action(s: Statement, draft: Draft, part: str) -> bool:
    security = _RLS.match(part)
    if security is not None:
        change_row_security(draft, " ".join(security.group(1).lower().split()), s.origin("row level security"))
        return True
    moved = _SET_SCHEMA.match(part)
    if moved is not None:
        s.catalog.rename(draft, s.written_name(moved.group(1))[1], draft.name)
        return True
    using = _USING_INDEX.match(part)
    if using is not None:
        index = draft.indexes.get(s.written_name(using.group(3))[1])
        if index is None:
            return True  # made where nobody sees it; a key that is not known proves nothing
        if using.group(2).lower() == "unique":
            label = s.written_name(using.group(1) or using.group(3))[1]
            draft.unique[label] = index.columns
            draft.unique_origins[label] = index.origin
        else:
            draft.primary_key = index.columns
        return True
    owner = _OWNER.match(part)
    if owner is not None:
        draft.owner = s.written_name(owner.group(1))[1]
        return True
    attach = _ATTACH.match(part)
    if attach is not None:
        child = s.catalog.find(*s.written_name(attach.group(1)))
        if child is not None:
            child.parent_partition = draft.name
        return True
    changed = _COLUMN_AS.match(part)
    if changed is not None:
        name, rest = s.written_name(changed.group(1))[1], changed.group(2)
        if _NULLABLE.match(rest):
            draft.change_column(name, nullable=True)
        elif name in draft.columns:
            nullable = re.search(r"\bnot\s+null\b", rest, re.IGNORECASE) is None
            draft.change_column(name, nullable=nullable)
        return True
    return False
