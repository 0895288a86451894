"""How far the database's policies reach: what a wrapper that sets the tenant for them is worth for one statement."""

from __future__ import annotations

from functools import cached_property

from lints.ddl import row_security, ways_around
from lints.ddl.result import Finding
from lints.ddl.subject import Subject
from lints.patterns import regex
from lints.schema.declared import Declarations
from lints.schema.facts import SourceModel
from lints.tenancy import Model

_NOT_JUDGED = {
    "TENSQL014": "no policy is asked about it",
    "TENSQL015": "the tenant stays set for whoever gets the connection next",
    "TENSQL017": "it switches the policies, or the role they bind, off",
}
_WORD = regex(r"[A-Za-z_][\w$]*")


class Reach:
    """Asked of a model whose migrations hold policies; of one without any, nothing is known and nothing denied."""

    def __init__(self, model: Model, declared: Declarations) -> None:
        self._subject = Subject(model, declared) if isinstance(model, SourceModel) else None

    def why_not(self, table: str, rule: str | None, sql: str) -> str | None:
        """Why policies do not confine a statement of this table, in one clause; None if they do, as far as known."""
        if rule in _NOT_JUDGED:
            return _NOT_JUDGED[rule]
        subject = self._subject
        if subject is None or not (subject.schema.policies or subject.row_security):
            return None
        if table in subject.owned and not subject.enabled(table):
            return f"row level security of {table} is not enabled"
        if table in self._open:
            found = self._open[table]
            return f"{found.why} ({found.rule}, {found.origin.path}:{found.origin.line})"
        words = {word.lower() for word in _WORD.findall(sql)}
        past = next((name for name in self._past if name.lower() in words), None)
        return f"{past} goes around them ({self._past[past].rule})" if past is not None else None

    @cached_property
    def _open(self) -> dict[str, Finding]:
        """Tables whose policies let something through."""
        assert self._subject is not None
        findings, _ = row_security.policies(self._subject)
        return {finding.table: finding for finding in reversed(findings) if finding.table is not None}

    @cached_property
    def _past(self) -> dict[str, Finding]:
        """Views and functions that policies do not bind."""
        assert self._subject is not None
        kinds = ("TENDDL007", "TENDDL008", "TENDDL009")
        return {f.subject.partition("/")[0]: f for f in ways_around.findings(self._subject) if f.rule in kinds}
