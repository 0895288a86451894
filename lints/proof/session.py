"""Statements that are not queries: session settings, roles, COPY, TRUNCATE, prepared statements, procedures, DDL."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from lints.proof.ir import Group, Kind
from lints.proof.parse import Statement
from lints.proof.result import Proof, Verdict
from lints.proof.text import Prepared
from lints.proof.work import Work

_HARMLESS = frozenset(
    {
        "begin", "commit", "rollback", "savepoint", "release", "start", "end", "abort", "show", "listen", "notify",
        "unlisten", "vacuum", "analyze", "checkpoint", "discard", "close", "fetch", "lock", "use", "pragma",
        "comment", "deallocate", "reindex", "cluster", "describe", "desc", "print", "go", "optimize", "drop",
        "refresh", "move", "grant", "revoke", "attach", "detach", "flush", "unlock", "kill", "system", "exists",
    }
)  # fmt: skip


def special(w: Work, statement: Statement, prepared: Prepared) -> Proof | None:
    """The proof of a statement that is not a query or a write; None if it is one."""
    tree = statement.tree
    tokens = statement.tokens
    if not tokens:
        return None
    word = tokens[0].text.lower()
    return None
