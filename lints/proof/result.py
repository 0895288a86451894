"""What a proof says: verdicts, rules, and the references that were or were not proven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from lints.tenancy import Ownership


class Verdict(StrEnum):
    """What is known about a statement. Only PROVEN is good news; the order below is from best to worst known."""

    PROVEN = "proven"  # every tenant-owned reference is tied to a caller's tenant (or there is none)
    WEAK = "weak"  # tied, but only while a named assumption holds
    OPAQUE = "opaque"  # cannot be decided: dynamic text, procedural code, an unknown table, an exhausted budget
    VIOLATION = "violation"  # at least one reference is certainly not tied
    UNPARSED = "unparsed"  # not understood as SQL; never a finding, never a pass


RULES: Mapping[str, str] = {
    "TENSQL000": "unknown table",
    "TENSQL001": "unscoped read",
    "TENSQL002": "unscoped update",
    "TENSQL003": "unscoped delete",
    "TENSQL004": "insert without tenant",
    "TENSQL005": "tenant predicate can be switched off",
    "TENSQL006": "tenant predicate is only one OR branch",
    "TENSQL007": "literal tenant",
    "TENSQL008": "conflict target lacks tenant",
    "TENSQL009": "tenant reassigned",
    "TENSQL010": "joined or sub-selected relation unscoped",
    "TENSQL011": "scoped only through a simple foreign key",
    "TENSQL012": "limit, window or aggregate before the tenant filter",
    "TENSQL013": "dynamic SQL, unverifiable",
    "TENSQL014": "TRUNCATE or COPY",
    "TENSQL015": "session-level tenant context",
    "TENSQL017": "row level security or role switched off",
    "TENSQL018": "shared NULL-tenant rows",
    "TENSQL019": "child attached or re-parented without parent check",
    "TENSQL020": "several tenant values in one statement",
    "TENSQL021": "scoped to a wider tenant level",
    "TENSQL022": "scoped by the caller's own key, not by the tenant",
    "TENSQL023": "scoped by row level security alone",
    "TENSQL024": "scoped by a row that was read before",
    "TENDDL004": "policy not confining",
    "TENDDL005": "policy fails open",
    "TENDDL006": "WITH CHECK not confining",
}
"""Rule id to title. Where a value comes from needs data flow: that is TENCTX001, not a rule of the proof."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One use of a tenant-owned (or unknown) relation in a statement.

    `start` and `end` are 0-based character offsets into the text that was given, `end` exclusive; None where the
    reference comes from the definition of a view. Exactly one of `proven_by` and `why_not` is set. A reference that is
    proven only under an assumption has `proven` true and names the weaker rule in `rule`.
    """

    table: str
    column: str | None
    alias: str
    ownership: Ownership
    action: str
    """select, insert, update or delete: what happens to its rows."""
    proven: bool
    proven_by: str | None = None
    why_not: str | None = None
    rule: str | None = None
    start: int | None = None
    end: int | None = None


_NO_PREDICATE = frozenset({"TENSQL004", "TENSQL014", "TENSQL017", "TENSQL019"})
"""Rules about what no predicate can mend."""


class Wanting(Protocol):
    """What `wanted` asks of a reference."""

    @property
    def table(self) -> str: ...
    @property
    def column(self) -> str | None: ...
    @property
    def alias(self) -> str: ...
    @property
    def proven(self) -> bool: ...
    @property
    def rule(self) -> str | None: ...


def wanted(reference: Wanting) -> str | None:
    """What would prove a reference that is not proven, as a clause; None where no predicate can."""
    if reference.proven or reference.column is None or reference.rule in _NO_PREDICATE:
        return None
    column = f"{reference.alias or reference.table}.{reference.column}"
    if reference.rule == "TENSQL008":
        return f"a conflict target that holds `{reference.column}` would prove it"
    if reference.rule == "TENSQL009":
        return f"leaving `{reference.column}` as it is would prove it"
    if reference.rule == "TENSQL006":
        return f"`{column} = <tenant> AND (...)` around all of its conditions would prove it"
    return f"`{column} = <tenant>` would prove it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The judgement on one statement.

    `relevant` is false when nothing tenant-owned, unknown or session-related was found. `fingerprint` identifies the
    statement up to white space, comments and the case of unquoted words. `start`/`end` delimit it in the given text.
    """

    verdict: Verdict
    operation: str
    tables: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    assumptions: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    """The proof explained, one sentence each, for people."""
    fingerprint: str = ""
    relevant: bool = True
    reason: str | None = None
    """Why it is opaque or unparsed."""
    start: int = 0
    end: int = 0
