"""Statements that change the schema, applied to a `Catalog`. sqlglot parses; what it can't is recorded as unread."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlglot import exp

from lints.patterns import regex
from lints.schema.alter import ALTER, SP_RENAME, alter, alter_by_action, drop, rename_tables, sp_rename
from lints.schema.blocks import GUARDS, apply_block, apply_guarded
from lints.schema.catalog import Catalog
from lints.schema.create import CREATE_TABLE, DATA_TAIL, RELAXED, TSQL_STORAGE, create, create_by_item
from lints.schema.full_text import FULL_TEXT, full_text
from lints.schema.names import NAME
from lints.schema.rights import apply_grant, apply_role, apply_routine
from lints.schema.security import apply_policy
from lints.schema.split import Piece, split
from lints.schema.statement import HEAD, TABLE_DDL, Statement
from lints.tenancy import Origin

_MAX_STATEMENT = 512 * 1024
_ROUTINES = frozenset({"function", "procedure", "routine"})
_ROLES = frozenset({"role", "user", "group"})
_VIEW = regex(rf"alter\s+(?:materialized\s+)?view\s+(?:if\s+exists\s+)?({NAME})\s*(.*)", re.IGNORECASE | re.DOTALL)
_INVOKER = regex(r"(set|reset)\s*\([^)]*\bsecurity_invoker\b(?:\s*=\s*'?(\w+)'?)?", re.IGNORECASE)
_BARE_OPTION = regex(r"\b(security_(?:invoker|barrier))(?=\s*[,)])", re.IGNORECASE)
_FORCED = regex(
    r"create\s+(?:or\s+replace\s+)?(?:(?:no)?force\s+)?(?:(?:non)?editionable\s+)?(?:editioning\s+)?view\b",
    re.IGNORECASE,
)
_ONLY = regex(r"\bon\s+only\s", re.IGNORECASE)
_PLACEHOLDER = regex(r"\$\{([A-Za-z_]\w*)\}(\.)?", re.ASCII)
"""A name that Flyway, goose or envsubst puts in; never SQL itself."""
_CREATE_VIEW = regex(
    rf"create\s+(?:or\s+(?:replace|alter)\s+)?(?:materialized\s+)?view\s+(?:if\s+not\s+exists\s+)?({NAME})\s*[^\s;]",
    re.IGNORECASE,
)
_DROP = regex(
    rf"drop\s+(?:table|(?:materialized\s+)?view)\s+(?:if\s+exists\s+)?({NAME})(?:\s+(?:on\s+cluster|settings|sync|no\s+delay)\b|\s*;|\s*$)",
    re.IGNORECASE,
)
_RENAMED = regex(rf"rename\s+to\s+({NAME})", re.IGNORECASE)


def apply_script(catalog: Catalog, path: str, text: str, dialect: str) -> None:
    """Apply every schema statement of a script; data statements are not looked at here."""
    with quiet():
        for piece in split(_PLACEHOLDER.sub(_named, text), dialect):
            apply_piece(catalog, path, piece, dialect)


def _named(put_in: re.Match[str]) -> str:
    """A name for what is put in; where it is a schema or a database, the one that everything else is in."""
    return "" if put_in[2] else put_in[1]


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
    head = HEAD.match(piece.text)
    verb = head.group(1).lower() if head is not None else ""
    noun = (head.group(2) or "").lower() if head is not None else ""
    if piece.unterminated is None and (verb in GUARDS or (verb in _RUNS and not SP_RENAME.match(piece.text))):
        _guarded(catalog, path, piece, dialect)
        return
    if verb not in _VERBS:
        if piece.unterminated and TABLE_DDL.search(piece.text[:_MAX_STATEMENT]):
            catalog.unread.append(_unread(path, piece, f"the {piece.unterminated} is never closed"))
        return
    if verb == "comment":
        return
    if piece.unterminated and (verb != "create" or noun not in {"function", "procedure", "trigger"}):
        catalog.unread.append(_unread(path, piece, f"the {piece.unterminated} is never closed"))
        return
    if len(piece.text) > _MAX_STATEMENT:
        catalog.unread.append(_unread(path, piece, f"longer than {_MAX_STATEMENT} characters"))
        return
    reason: str | None
    try:
        reason = _apply(Statement(catalog, path, piece, dialect), verb, noun)
    except Exception as error:  # noqa: BLE001 - the one boundary: a hostile statement must become a fact, not a crash
        reason = f"could not be read ({type(error).__name__})"
    if reason is not None:
        catalog.unread.append(_unread(path, piece, reason))


def _guarded(catalog: Catalog, path: str, piece: Piece, dialect: str) -> None:
    """Apply the schema statements in a guard or a text that is run. Most such statements have none."""
    if len(piece.text) > _MAX_STATEMENT or not _CHANGES.search(piece.text):
        return
    reason = apply_guarded(piece.text, piece.line, dialect, lambda inner: apply_piece(catalog, path, inner, dialect))
    if reason is not None:
        catalog.unread.append(_unread(path, piece, reason))


_RUNS = frozenset({"exec", "execute"})
_CHANGES = regex(r"\b(?:create|alter|drop|sp_rename)\b", re.IGNORECASE)
_VERBS = frozenset({"create", "alter", "drop", "rename", "do", "exec", "execute", "comment", "grant", "revoke"})


def _unread(path: str, piece: Piece, reason: str) -> Origin:
    first = " ".join(piece.text[:200].split())[:80]
    return Origin(path=path, line=piece.line, why=f"{reason}: {first}")


def _apply(s: Statement, verb: str, noun: str) -> str | None:
    """Apply the statement; returns why it could not be, or None."""
    text = s.piece.text
    if verb == "do":
        return apply_block(s, text, lambda piece: apply_piece(s.catalog, s.path, piece, s.dialect))
    if verb in {"exec", "execute"}:
        return sp_rename(s, text)
    if verb in {"grant", "revoke"} or (verb == "alter" and noun == "default"):
        return apply_grant(s, text)
    if apply_routine(s, text):
        return None
    if verb == "rename":
        return rename_tables(s, text)
    if noun == "policy":
        return apply_policy(s, text)
    if noun in _ROLES:
        apply_role(s, text)
        return None
    view = _VIEW.match(text)
    if view is not None:
        _alter_view(s, view.group(1), view.group(2))
        return None
    virtual = FULL_TEXT.match(text)
    if virtual is not None:
        full_text(s, virtual)
        return None
    if not TABLE_DDL.match(text):
        return None
    if s.dialect == "tsql":
        text = TSQL_STORAGE.sub(" ", text)
    tree = s.parse(text)
    if tree is None and s.dialect == "oracle" and (view := _FORCED.match(text)) is not None:
        text = f"CREATE VIEW{text[view.end() :]}"
        tree = s.parse(text)
    if tree is None and verb == "create":
        relaxed = RELAXED.sub(" ", _BARE_OPTION.sub(r"\1 = true", DATA_TAIL.sub("", text)))
        tree = s.parse(_ONLY.sub("ON ", relaxed, count=1))
    if isinstance(tree, exp.Create):
        return create(s, tree)
    if isinstance(tree, exp.Drop):
        return drop(s, tree)
    if isinstance(tree, exp.Alter):
        return alter(s, tree)
    found = ALTER.match(text)
    if found is not None:
        return alter_by_action(s, found.group(1), found.group(2))
    table = CREATE_TABLE.match(text)
    if table is not None:
        return create_by_item(s, table.group(1), text[table.end() :])
    if re.match(r"(?:alter|drop|create)\s+index\b", text, re.IGNORECASE):
        return None
    return _by_name(s, text)


def _by_name(s: Statement, text: str) -> str | None:
    """A view or a DROP of which only the name can be read; such a view is a table that somebody has to classify."""
    made = _CREATE_VIEW.match(text)
    if made is not None:
        schema, name = s.written_name(made.group(1))
        s.catalog.create(schema, name, s.origin("created here, by a statement that is not understood", name))
        return None
    dropped = _DROP.match(text)
    if dropped is None:
        return "the SQL parser does not know this statement"
    draft = s.catalog.find(*s.written_name(dropped.group(1)))
    if draft is not None:
        s.catalog.drop(draft)
    s.catalog.views.pop(s.written_name(dropped.group(1))[1], None)
    return None


def _alter_view(s: Statement, written: str, rest: str) -> None:
    name = s.written_name(written)[1]
    view = s.catalog.views.get(name)
    invoker, renamed = _INVOKER.match(rest), _RENAMED.match(rest)
    if view is not None and invoker is not None:
        value = invoker.group(2)
        on = invoker.group(1).lower() == "set" and (value is None or value.lower() in {"true", "on", "1", "yes"})
        s.catalog.views[name] = replace(view, security_invoker=on)
    elif view is not None and renamed is not None:
        del s.catalog.views[name]
        new = s.written_name(renamed.group(1))[1]
        s.catalog.views[new] = replace(view, name=new)
