"""The neutral form a statement is proven in: relation instances, terms, conditions, and groups of conditions.

A `Group` is a set of rows that appear or disappear together; its conditions hold whenever it contributes a row.
Nullable sides of outer joins, LIMITed sub-selects, OR branches and sub-queries are groups of their own, and what is
known of one group is known of another only as far as the links between them allow (`facts.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Any, NamedTuple

from lints.tenancy import Table

TENANT = "\0tenant"
"""Pseudo-column: the tenant a row of a child table belongs to through its parent."""


class Rank(IntEnum):
    """What a value is worth as a tenant, best first. Up to SET it proves; up to LITERAL it is weak."""

    PARAMETER = 0
    SETTING = 1
    SET = 2
    PRINCIPAL = 3
    SHARED = 4
    WIDER = 5
    FK = 6
    LITERAL = 7
    NONE = 8


class Col(NamedTuple):
    """A column of a relation instance."""

    inst: int
    name: str


class Val(NamedTuple):
    """A value that does not depend on any row. Equal keys are equal values."""

    key: str
    rank: Rank


class Alt(NamedTuple):
    """One of several terms (COALESCE, CASE), or NULL."""

    options: tuple[Term, ...]
    constant: bool = False
    """Parameters alone decide which."""


class Merged(NamedTuple):
    """A column joined by USING in a FULL JOIN: whichever side is there."""

    columns: tuple[Col, ...]


class Other(NamedTuple):
    """A term nothing is known of but what occurs in it."""

    columns: frozenset[Col]
    hole: bool = False
    constant: bool = False
    """Only parameters, settings and literals occur."""


Term = Col | Val | Alt | Merged | Other
NULL = Val("null", Rank.NONE)


class Eq(NamedTuple):
    """Both sides are equal and not NULL."""

    left: Col | Val
    right: Col | Val
    why: str


class Same(NamedTuple):
    """Both sides are the same value, perhaps NULL."""

    left: Col | Val
    right: Col | Val
    why: str


class Trusted(NamedTuple):
    """Both sides are the same value if simple foreign keys stay inside their tenant."""

    left: Col | Val
    right: Col | Val
    why: str


class OneOf(NamedTuple):
    """The column is one of a set of values of this rank."""

    column: Col
    rank: Rank
    label: str
    why: str


class Null(NamedTuple):
    column: Col


class NotNull(NamedTuple):
    column: Col


class Atom(NamedTuple):
    """A condition that says nothing about equality. `strict` are the columns whose NULL makes it fail."""

    columns: frozenset[Col]
    strict: frozenset[Col] = frozenset()
    hole: bool = False
    constant: bool = False
    parameters: bool = False


class Or(NamedTuple):
    """At least one of the groups contributes."""

    branches: tuple[Group, ...]
    why: str


Cond = Eq | Same | Trusted | OneOf | Null | NotNull | Atom | Or


class Kind(IntEnum):
    ROOT = 0
    NULLABLE = 1  # nullable side of an outer join: becomes part of its parent when a condition rejects NULLs
    SEALED = 2  # a sub-select with LIMIT or the like: conditions from outside come too late for its rows
    BRANCH = 3  # an OR branch, a branch of a set operation, a sub-query that no row depends on


class Group:
    """Rows that appear or disappear together. `into` is set once it has been merged into another group."""

    __slots__ = ("conds", "dead", "full", "implied", "insts", "into", "kind", "parent", "sealed", "through", "why")

    def __init__(self, parent: Group | None, kind: Kind, why: str = "") -> None:
        self.parent = parent
        self.kind = kind
        self.why = why
        self.conds: list[Cond] = []
        self.insts: list[int] = []
        self.dead = False
        self.into: Group | None = None
        self.implied = False
        """SEALED only: the parent's row implies a row of this group."""
        self.sealed: list[Group] = []
        """The implied sealed children."""
        self.through: frozenset[Col] = frozenset()
        """SEALED only: columns on which a condition from outside may pass (PARTITION BY, DISTINCT ON)."""
        self.full: Full | None = None

    def home(self) -> Group:
        group = self
        while group.into is not None:
            group = group.into
        return group

    def up(self) -> Group | None:
        parent = self.parent
        return None if parent is None else parent.home()

    def absorb(self, other: Group) -> None:
        """Take over everything `other` knows; the two have become one."""
        self.conds.extend(other.conds)
        self.insts.extend(other.insts)
        self.sealed.extend(other.sealed)
        self.dead = self.dead or other.dead
        other.into = self

    def ancestors(self) -> Iterator[Group]:
        group: Group | None = self.home()
        while group is not None:
            yield group
            group = group.up()


class Full:
    """A FULL JOIN: its ON holds where both sides are there."""

    __slots__ = ("on", "sides", "used")

    def __init__(self, left: Group, right: Group, on: Group) -> None:
        self.sides = (left, right)
        self.on = on
        self.used = False


class Inst:
    """One use of a relation. `table` is None for rows that no stored table holds; `shape` goes with it."""

    __slots__ = ("alias", "group", "key", "returned", "shape", "stored", "table", "view")

    def __init__(self, table: Table | None, shape: Any, alias: str, group: Group, *, stored: bool = True) -> None:
        self.table = table
        self.shape = shape
        self.key: Col | None = None
        """The column that must hold the tenant."""
        self.alias = alias
        self.group = group
        self.stored = stored
        """False for a row that is about to be written: it may not exist, so no key identifies it."""
        self.view: str | None = None
        """The view whose definition it stands in."""
        self.returned = False
        """A row that was written and is read from RETURNING: it exists, and other new rows may refer to it."""


class Target(NamedTuple):
    """An obligation: the rows of this instance must belong to the caller's tenant."""

    inst: int
    action: str
    table: str
    place: Any
    """The identifier that names the relation, for its offsets; None inside views."""
    group: Group
    nested: bool
    """Not the first relation of the statement."""
    view: str | None = None
    rule: str | None = None
    """The rule to report instead of the one the action implies."""
    silent: bool = False
    """Report only if it fails."""


class Unsupported(Exception):  # noqa: N818 - it is an answer, not an error
    """A construct whose meaning is not modelled; the statement is opaque. The text says which."""


class OutOfBudget(Exception):  # noqa: N818
    """The statement cost more steps than it was given."""
