"""What extraction hands on: statements found in a source file, and what could not be analysed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lints.context.facts import Context
from lints.vouch.facts import Follow


class Confidence(StrEnum):
    """How sure it is that the text is a statement for a database."""

    EXECUTED = "executed"  # handed to something that executes statements, or a .sql file
    LIKELY = "likely"  # reads like SQL; no call seen that executes it
    PROSE = "prose"  # starts like SQL and reads like a sentence: never a finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A part of a statement that is not in the source as text.

    `bound`: it travels as a parameter (written `:h0`); otherwise its text is spliced in (written `__hole_0__`).
    `dropped`: it stands where only a whole clause could, so the statement has only a comment `/*__hole_0__*/` of it.
    """

    marker: str
    source: str
    bound: bool
    dropped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The call a statement is handed to. Texts are source text, cut at 200 characters.

    `receiver_origin` is the call that the receiver came from (`withTenantConnection(tenantId, …)` for a parameter of
    its callback), if that can be seen in the same file.
    """

    receiver: str
    method: str
    arguments: tuple[str, ...]
    line: int
    receiver_origin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """The function a statement stands in. `tenant_parameter` is the parameter that names a tenant, if it has one."""

    name: str
    line: int
    parameters: tuple[str, ...]
    tenant_parameter: str | None = None
    tenant_ignored: bool = False
    """Its body never mentions that parameter."""
    tenant_optional: bool = False
    """The parameter may be left out, and the body never asks whether it was."""
    asks: bool = False
    """Something in its body knows the caller, compares a tenant, or is called like what decides who may do what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of one place. `variants` are the texts of its paths (`sql` is the first); lines count from 1.

    Columns count characters from 1, `end_column` is exclusive; the span is that of the literal that begins it.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    sql: str
    variants: tuple[str, ...]
    snippet: str
    language: str
    confidence: Confidence
    dialect_hint: str | None = None
    call: Call | None = None
    function: Function | None = None
    holes: tuple[Hole, ...] = ()
    truncated: bool = False
    """It has more paths than are kept in `variants`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """An argument of an ORM call on one path, as plain data.

    `kind`: text (a constant), value (unknown, travels as a parameter), null, list, map (`names` are the keys), term
    (`text` is the operator or function, `names` the keywords, empty for positions), query, closure, dynamic (text that
    is put together at run time; of a tagged template `items` are the SQL with its markers, then what they stand for),
    call (of an imported function: `text` is its source, the first item `module:name`).
    """

    kind: str
    text: str = ""
    items: tuple[Argument, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrmStep:
    """One call of a chain."""

    method: str
    arguments: tuple[Argument, ...] = ()
    keywords: tuple[tuple[str, Argument], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """A function that gives a query or a condition, by file and name (`Class.name` of a static method).

    `kind` is that of the query it begins on `model`, or `condition`; `base` the parameter whose query it goes on with.
    `paths` are the steps it adds on each path, its parameters by their names; none: it can't be followed.
    """

    path: str
    name: str
    parameters: tuple[str, ...]
    kind: str = ""
    model: str = ""
    base: str = ""
    paths: tuple[tuple[OrmStep, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrmCall:
    """A query put together by an ORM or a query builder; `variants` are its chains on each path."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    snippet: str
    language: str
    kind: str
    model: str
    variants: tuple[tuple[OrmStep, ...], ...]
    function: Function | None = None
    receiver: str = ""
    """What the call is made on, as written: `prisma.boat`, `trx`."""
    origin: str | None = None
    """The call that the receiver came from (`Call.receiver_origin`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A file, or a part of it, that was not analysed."""

    path: str
    line: int
    reason: str
    whole_file: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An inline `tenant-ok` comment as written; policy judges it. Missing fields are None.

    `stmt` pins it: the first hex digits of the statement's digest, so that another statement in its place is not meant.
    """

    path: str
    line: int
    covers_line: int
    category: str | None
    until: str | None
    reason: str | None
    owner: str | None
    stmt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """Everything found in one file. `analysed` is False only if nothing of it was."""

    path: str
    language: str
    statements: tuple[Statement, ...] = ()
    calls: tuple[OrmCall, ...] = ()
    problems: tuple[Problem, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    analysed: bool = True
    contexts: tuple[Context, ...] = ()
    """What is known of the code around the statements; see `lints.context`."""
    follows: tuple[Follow, ...] = ()
    """Which statements run only after others; see `lints.vouch`."""
