"""The nouns of the gate. Frozen values only; every other module is verbs on these.

Read this file first. A run is one sentence: *collect* `Evidence`, ask every `Control` of the `Policy` its question,
*decide* a `Decision`, *report* and *sign* it. Times are timezone-aware UTC datetimes here and integer epoch
milliseconds in SQL; digests are lower-case hex SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

Row = Mapping[str, Any]
"""One record of evidence, or one row that a control's query returned."""


class GateError(Exception):
    """A usage or configuration error: one line that names file, place, rule and remedy. Exit code 2."""


class UndecidedError(Exception):
    """The gate itself could not do its work (a crashed tool, a full disk, no input). Exit code 3."""


class QueryError(Exception):
    """The store could not answer a query; its control becomes UNKNOWN."""


class Stage(StrEnum):
    """When a control is asked. `check` is the pull request, `release` the release gate, `ga` the GA self-check."""

    CHECK = "check"
    RELEASE = "release"
    GA = "ga"


class Severity(StrEnum):
    """What a failing control does: stop the stage, or be shown."""

    BLOCK = "block"
    WARN = "warn"


class Outcome(StrEnum):
    """What the evidence says. There is no "skipped" and no "error": what could not be judged is UNKNOWN."""

    PASS = "pass"
    FAIL = "fail"
    WAIVED = "waived"  # there are findings, and every one is set aside: by a waiver, a comment, the baseline, the base
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """What the stage says. Only ALLOWED lets anything through."""

    ALLOWED = "allowed"
    BLOCKED = "blocked"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place in the judged tree or in the policy. Lines and columns count from 1; `end_column` is exclusive."""

    path: str
    line: int = 1
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    snippet: str | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" + (f":{self.column}" if self.column else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceNeed:
    """How much of a kind a control must have before its query is asked.

    `minimum` counts records (0: an empty but complete collection is enough). `verified` counts only records whose
    signature verified against the trusted keys, and makes any record that did not verify a reason for UNKNOWN.
    `per_tenant`: every tenant whom the control's pack judges must have the minimum; one tenant's records do not speak
    for another.
    """

    minimum: int = 0
    verified: bool = False
    per_tenant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One case that a control carries about itself; `expect` must occur in a message of a failing case."""

    name: str
    passes: bool
    as_of: datetime
    records: Mapping[str, Sequence[Row]]
    params: Row = field(default_factory=dict)
    expect: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Illustration:
    """How a control's finding looks in code, and how it should."""

    language: str
    bad: str
    good: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One question to the evidence: a SELECT that returns violations.

    `title` says what holds when it passes. From `warn_from` it warns, from `block_from` it may block; before
    `warn_from` it is asked and shown but neither warns nor blocks.
    """

    id: str
    title: str
    why: str
    fix: str
    owner: str
    pack: str
    stages: frozenset[Stage]
    severity: Severity
    evidence: Mapping[str, EvidenceNeed]
    params: Row
    message: str
    query: str
    maps_to: tuple[str, ...]
    examples: tuple[Example, ...]
    source: Location
    warn_from: date | None = None
    block_from: date | None = None
    clock: str | None = None
    """An optional second SELECT of (subject, since_at, due_at): what runs out when. It informs, it never decides."""
    illustrations: tuple[Illustration, ...] = ()

    def level(self, on: date) -> Severity | None:
        """What a failure means on that day (UTC): block, warn, or None while the control is only announced."""
        if self.warn_from is not None and on < self.warn_from and (self.block_from is None or on < self.block_from):
            return None
        if self.severity is Severity.WARN or (self.block_from is not None and on < self.block_from):
            return Severity.WARN
        return Severity.BLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A finding set aside for a stated time and reason. It is shown everywhere and changes only what blocks.

    `fingerprint`, `path` (a glob) and `tenant` narrow it; at least one is set. `expires` is the last day it holds.
    """

    id: str
    control: str
    reason: str
    owner: str
    requested_by: str
    approved_by: str
    created: date
    expires: date
    ticket: str
    source: Location
    fingerprint: str | None = None
    path: str | None = None
    tenant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of evidence: a JSON Schema (draft 2020-12) that is also a table. See `store.tables`."""

    name: str
    pack: str
    schema: Mapping[str, Any]
    source: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything a decision depends on apart from evidence and time; `digest` covers all of it."""

    version: str
    digest: str
    tool_version: str
    origin: str
    """Where it was read from: `work tree`, or `commit <sha>` of the base revision."""
    controls: tuple[Control, ...]
    kinds: Mapping[str, Kind]
    waivers: tuple[Waiver, ...]
    waiver_max_days: int
    config: Mapping[str, Any]
    files: Mapping[str, bytes]
    """Path to bytes of each file the digest covers, so that a bundle can carry the policy."""
    limits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What each pack does not check, in sentences."""
    signer: str | None = None
    """Whose signature over exactly this policy verified; see `policy_signing`."""

    def control(self, control_id: str) -> Control | None:
        return next((c for c in self.controls if c.id == control_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """One piece of evidence as read: where it came from and the digest of its bytes (in-toto ResourceDescriptor).

    `content` is kept for records that go into a release bundle: the very bytes that were hashed.
    """

    name: str
    sha256: str
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Something a collector should have read and could not; it makes every control that needs the kind UNKNOWN."""

    path: str
    reason: str
    line: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a collector looked at. `scope` says it in words; `numbers` are counts worth showing (files, statements)."""

    scope: str
    unread: tuple[Unread, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The records of one kind and the coverage that says how complete they are.

    Every row may carry, beside the schema's own fields: `source_path`, `source_line`, `source_digest`, `verified`
    (bool) and `signer` (the verified identity, or absent).
    """

    kind: str
    rows: Sequence[Row]
    coverage: Coverage
    materials: tuple[Descriptor, ...] = ()


class Aside(StrEnum):
    """Why a finding that is there does not block, beside a waiver. It is counted and named in every report."""

    SUPPRESSED = "suppressed"  # by a comment beside the code, of a category that the policy allows
    BASELINE = "baseline"  # listed in the policy's baseline: known since before the gate came
    EARLIER = "earlier"  # open in the base revision too: not of this change


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One row of a control's answer, with the message filled in and a place to look at.

    `fingerprint` identifies it across runs: it never contains a line number, a date or the message.
    """

    control: str
    subject: str
    message: str
    location: Location
    fingerprint: str
    tenant: str | None = None
    details: Row = field(default_factory=dict)
    waiver: str | None = None
    """Id of the waiver that sets it aside, if any."""
    aside: Aside | None = None
    because: str | None = None
    """What sets it aside, in one clause, if `aside` says that something does."""

    @property
    def is_open(self) -> bool:
        """Whether nothing sets it aside."""
        return self.waiver is None and self.aside is None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlResult:
    """What became of one control. `level` is what its failure means at the decision's time."""

    control: Control
    outcome: Outcome
    level: Severity | None
    violations: tuple[Violation, ...] = ()
    reasons: tuple[str, ...] = ()
    """Why it is UNKNOWN, one sentence each."""

    @property
    def blocks(self) -> bool:
        return self.level is Severity.BLOCK and self.outcome in (Outcome.FAIL, Outcome.UNKNOWN)

    @property
    def open_violations(self) -> tuple[Violation, ...]:
        return tuple(v for v in self.violations if v.is_open)


class WaiverState(StrEnum):
    """ACTIVE covers something; ORPHANED covers nothing; EXPIRED and PENDING (created in the future) never cover."""

    ACTIVE = "active"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    ORPHANED = "orphaned"
    PENDING = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverUse:
    """A waiver as the decision saw it, with the number of violations it covers (or would cover, once expired)."""

    waiver: Waiver
    state: WaiverState
    covers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Something that runs out: fresh since `since` (None: never happened), stale after `due`."""

    control: str
    subject: str
    since: datetime | None
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A released file."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is being judged: a commit of a project, and for a release its version and artifacts."""

    project: str
    commit: str | None
    version: str | None = None
    artifacts: tuple[Artifact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer, complete enough to be replayed: same policy, evidence and clock give the same bytes."""

    stage: Stage
    verdict: Verdict
    as_of: datetime
    as_of_overridden: bool
    subject: Subject
    policy_version: str
    policy_digest: str
    policy_origin: str
    tool_version: str
    pipeline_id: str
    results: tuple[ControlResult, ...]
    waivers: tuple[WaiverUse, ...]
    clocks: tuple[Clock, ...]
    evidence: tuple[Evidence, ...]
    not_checked: tuple[str, ...]
    """What this decision does not cover, in words."""
    policy_signer: str | None = None

    @property
    def releasable(self) -> bool:
        """Whether a release may go out on this decision: allowed, at the release stage, under the real clock."""
        return self.verdict is Verdict.ALLOWED and self.stage is Stage.RELEASE and not self.as_of_overridden

    @property
    def exit_code(self) -> int:
        """0 allowed, 1 blocked, 3 could not decide. A release or GA claim under another clock than the real one is a
        rehearsal: it may read "allowed", but nothing may proceed on it."""
        if self.verdict is Verdict.ALLOWED and self.as_of_overridden and self.stage is not Stage.CHECK:
            return 1
        return {Verdict.ALLOWED: 0, Verdict.BLOCKED: 1, Verdict.UNDECIDED: 3}[self.verdict]


def fingerprint(*parts: str) -> str:
    """Stable identity of a violation: the first 32 hex digits of the SHA-256 over its length-prefixed parts."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(str(len(data)).encode() + b":" + data)
    return digest.hexdigest()[:32]
