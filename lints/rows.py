"""The rows that judging source code yields, and what is read of a proof to make them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from lints.extract import Suppression
from lints.tenancy import Model


class ReferenceLike(Protocol):
    """What is read of one reference of a proof."""

    @property
    def table(self) -> str: ...
    @property
    def column(self) -> str | None: ...
    @property
    def alias(self) -> str: ...
    @property
    def proven(self) -> bool: ...
    @property
    def why_not(self) -> str | None: ...
    @property
    def rule(self) -> str | None: ...
    @property
    def start(self) -> int | None: ...
    @property
    def end(self) -> int | None: ...


class ProofLike(Protocol):
    """What is read of a proof; `lints.proof.Proof` is one."""

    @property
    def verdict(self) -> str: ...
    @property
    def operation(self) -> str: ...
    @property
    def tables(self) -> tuple[str, ...]: ...
    @property
    def rules(self) -> tuple[str, ...]: ...
    @property
    def references(self) -> Sequence[ReferenceLike]: ...
    @property
    def assumptions(self) -> tuple[str, ...]: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def relevant(self) -> bool: ...
    @property
    def reason(self) -> str | None: ...


class Prove(Protocol):
    """`lints.proof.prove`."""

    def __call__(self, sql: str, model: Model, *, dialect: str) -> Sequence[ProofLike]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A name on one line; columns count from 1, `end_column` is exclusive."""

    line: int
    column: int
    end_column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One data access and what is known of it. Columns count from 1, `end_column` is exclusive.

    `why` is a sentence for people; `owned_because` is `path:line: why` of the table's classification.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    snippet: str
    language: str
    operation: str
    table: str
    tables: tuple[str, ...]
    verdict: str
    rule: str | None
    why: str
    owned_because: str | None
    assumptions: tuple[str, ...]
    fingerprint: str
    statement: str
    """Digest of the normalised statement: the same for every row of one statement."""
    path_class: str
    confidence: str
    call: str | None
    carrier: str | None
    function: str | None
    tenant_parameter: str | None
    tenant_ignored: bool
    variants: int
    sql: str
    first_line: int = 0
    """Where the call begins that the statement is handed to, if that is before `line`; else `line`."""
    source: str = ""
    """The lines `line` to `end_line` as they stand in the file, cut at some length."""
    reference: Place | None = None
    """The mention of `table` that the row is about, where it can be told."""
    voucher: tuple[str, ...] = ()
    """A function of another file that may vouch for its key: the call, what follows it, the key's place, the tables."""
    reached: str | None = None
    """What answers a request with it, if that is seen in its module."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFact:
    """One table of the model, and how many accesses to it were seen."""

    table: str
    ownership: str
    tenant_column: str | None
    tenant_nullable: bool
    parent: str | None
    path: str
    line: int
    why: str
    accesses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanalysed:
    """A file, or a part of one, that nothing is known of."""

    path: str
    line: int
    reason: str
    whole_file: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Callee:
    """A function that reads or writes a tenant's rows, for those who call it from other files.

    `scoped`: each of its rows is proven. `asks`: something in it knows the caller, or decides who may do something.
    """

    path: str
    line: int
    name: str
    scoped: bool
    asks: bool
    vouches: tuple[tuple[str, str, str, str], ...] = ()
    """The tables that it finds a row of under a tenant, each with what it does where there is none, and the place and
    the name of the parameter that is the row's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was found in one file, its accesses without fingerprints: these are numbered over the whole tree."""

    path: str
    accesses: tuple[Access, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    unanalysed: tuple[Unanalysed, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)
    callees: tuple[Callee, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFacts:
    """Everything that was found. `numbers` are counts worth showing; see `scan`."""

    accesses: tuple[Access, ...] = ()
    tables: tuple[TableFact, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    unanalysed: tuple[Unanalysed, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)


def fingerprint(*parts: str) -> str:
    """Stable identity: the first 32 hex digits of the SHA-256 over the length-prefixed parts."""
    data = [part.encode("utf-8", "surrogatepass") for part in parts]
    return hashlib.sha256(b"".join([b"%d:%b" % (len(part), part) for part in data])).hexdigest()[:32]


def assumed(row: Access, rule: str, said: str) -> Access:
    """The same row, weak: scoped if what is `said` holds."""
    why = f"{row.why}; taken as scoped because {said}"
    return replace(row, rule=rule, verdict="weak", assumptions=(*row.assumptions, said), why=why)


_MARKS = Access.__dict__["fingerprint"]


def mark(row: Access, fingerprint: str) -> None:
    """Complete a row that nobody else holds yet: a copy of thirty fields for each of many rows takes long."""
    _MARKS.__set__(row, fingerprint)
