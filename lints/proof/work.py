"""What the translation of one statement collects: relation instances, obligations, and what could not be understood."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlglot import exp

from lints.proof.ir import Col, Group, Inst, Kind, OutOfBudget, Target, Term, Unsupported, Val
from lints.proof.names import Index
from lints.proof.scopes import Rel, Scope
from lints.tenancy import Table

_ALIKE = frozenset({"?", "%s", "%d", "%f", "%i"})
"""Placeholders without a name."""
_SYNTAX = (exp.If, exp.Case, exp.Cast, exp.And, exp.Or, exp.Coalesce, exp.Nullif, exp.Array, exp.Exists)
"""What the parser keeps as functions and is the language's own."""
OPENS = "text interpolated among the relations may add one"
Columns = list[tuple[str | None, Term] | Rel]


class Summary(NamedTuple):
    """A relation known only by the values its columns always have: RETURNING of a write, a recursive query.

    Column i of `inst` has a value if every source has it; a source is a group and its terms. `self_inst` is the
    recursive reference, assumed to have what is to be shown.
    """

    inst: int
    group: Group
    sources: tuple[tuple[Group, tuple[Term, ...]], ...]
    self_inst: int | None = None


class Cte:
    """A common table expression, inlined wherever it is named."""

    __slots__ = (
        "body", "columns", "env", "name", "named", "outer", "recursive", "returning", "scalar", "self_rel", "used",
    )  # fmt: skip

    def __init__(self, name: str, body: Any, columns: list[str], env: Env | None, outer: Scope | None) -> None:
        self.name = name
        self.body = body
        self.columns = columns
        self.env = env
        self.outer = outer
        self.recursive = False
        self.scalar = False
        """ClickHouse: a name for a value."""
        self.used = False
        self.named = False
        """For a modifying CTE: whether some relation already stands for its rows."""
        self.self_rel: tuple[int, list[str | None]] | None = None
        self.returning: tuple[Group, Columns] | None = None
        """For a modifying CTE: the group of the written rows and what it returns."""


class Env(NamedTuple):
    cte: Cte
    outer: Env | None


class Work:
    """State of one translation. `left` is the budget in steps; spending it all raises `OutOfBudget`."""

    __slots__ = (
        "among", "assigned", "assumptions", "dialect", "doubts", "headings", "index", "inline", "inlined", "insts",
        "known", "labels", "left", "made", "named", "nullables", "opaque", "reference", "referred", "seen", "session",
        "statement", "strangers", "summaries", "tables", "targets", "temporary", "variables", "view", "views",
    )  # fmt: skip

    def __init__(self, index: Index, budget: int, labels: dict[str, str]) -> None:
        self.index = index
        self.dialect = index.dialect
        self.left = budget
        self.labels = labels
        self.made = 0
        self.insts: list[Inst] = []
        self.targets: list[Target] = []
        self.nullables: list[Group] = []
        self.summaries: list[Summary] = []
        self.assumptions: dict[str, None] = {}
        self.opaque: dict[str, None] = {}
        """Reasons why parts of the statement cannot be judged."""
        self.doubts = False
        """Whether interpolated conditions are taken to hold an alternative."""
        self.headings: dict[int, list[str]] = {}
        """The names of columns that are known by their position, by instance."""
        self.named: dict[int, str] = {}
        """Tenants found by a unique name: what that takes for granted, by instance."""
        self.referred: set[int] = set()
        """The recursive references seen."""
        self.seen: set[int] = set()
        """Offsets of the relations' names that were translated."""
        self.inlined: set[int] = set()
        """Calls of stored functions that were judged by the function's query."""
        self.strangers: dict[str, None] = {}
        """Qualifiers of columns that no relation of the statement has for a name."""
        self.session: dict[str, str] = {}
        """Rules broken by what the statement does to its session, with the reason."""
        self.tables: dict[str, None] = {}
        self.known: set[str] = set()
        """Values that name rows which are known to be the caller's, whatever the statement says."""
        self.temporary: dict[str, Any] = {}
        """The temporary tables that earlier statements of the text made (`temporary.Made`)."""
        self.variables: dict[str, Val] = {}
        """What the variables hold that earlier statements of a script declared, as far as it is the caller's."""
        self.view: str | None = None
        self.views: tuple[str, ...] = ()
        self.assigned: list[Assigned] = []
        self.inline: Callable[..., Columns]
        self.among: Callable[[Work, Any, Scope, Group], bool]
        self.reference: Callable[[Work, Cte, Group], Columns]
        self.statement: Callable[[Work, Any, Scope | None, Env | None, Group], Columns]

    def spend(self, steps: int = 1) -> None:
        self.left -= steps
        if self.left < 0:
            raise OutOfBudget

    def instance(self, table: Table | None, alias: str, group: Group, *, stored: bool = True) -> int:
        self.spend()
        number = len(self.insts)
        shape = self.index.shape(table) if table is not None else None
        inst = Inst(table, shape, alias, group, stored=stored)
        inst.view = self.view
        if shape is not None and shape.tenant is not None:
            inst.key = Col(number, shape.tenant)
        self.insts.append(inst)
        group.insts.append(number)
        return number

    def see(self, identifier: Any) -> None:
        """Note that the relation named here is translated."""
        if not hasattr(identifier, "meta"):
            raise Unsupported("something stands where a name should")
        self.seen.add(identifier.meta.get("start", -1))

    def nullable(self, parent: Group, why: str) -> Group:
        group = Group(parent, Kind.NULLABLE, why)
        self.nullables.append(group)
        return group

    def fresh(self) -> int:
        """A number that no other value of the statement has."""
        self.made += 1
        return self.made

    def assume(self, text: str) -> None:
        self.assumptions[text] = None

    def calls(self, tree: Any) -> None:
        """Note every call of a stored function that touches tenants' rows out of sight, wherever it stands."""
        for call in tree.find_all(exp.Func, exp.Aliases):
            if isinstance(call, _SYNTAX) or id(call) in self.inlined:
                continue
            if type(call) is exp.Aliases:  # `kill (1)`: to the parser, a column of the name of a verb with an alias
                name = call.this.name.lower()
            else:
                name = (str(call.this) if type(call) is exp.Anonymous else type(call).sql_name()).lower()
            if name in self.index.hiding:
                self.opaque[f"the function {name} {self.index.hiding[name]}"] = None

    def label(self, name: str) -> str:
        """The placeholder as people wrote it; two that look alike and may hold different values stay apart."""
        label = self.labels.get(name, f":{name}")
        return f"{label}\0{name}" if label in _ALIKE else label

    def holds_tenant(self, column: Col) -> bool:
        """Whether the column is the one that names its row's tenant."""
        table = self.insts[column.inst].table
        if table is None:
            return column.name in self.index.tenant_names
        return self.index.tenant_of(table) == column.name


class Assigned(NamedTuple):
    """The tenant column of a written row is assigned: allowed only if the value is the one it has."""

    inst: int
    term: Term
    group: Group
    table: str
    place: Any
