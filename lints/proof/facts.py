"""What is known of a group of rows: the conditions that reach it, and the equalities that follow from them.

A condition reaches a group from its ancestors unless it mentions rows on the near side of a barrier: the nullable side
of an outer join (the condition would filter after the join) or a sealed sub-select (after its LIMIT).
"""

from __future__ import annotations

from collections.abc import Iterable

from lints.proof.ir import (
    TENANT,
    Atom,
    Col,
    Cond,
    Eq,
    Group,
    Kind,
    NotNull,
    Null,
    OneOf,
    Or,
    Rank,
    Same,
    Val,
)
from lints.proof.work import Work
from lints.tenancy import ForeignKey, Ownership, Table

Node = Col | Val


def promote(w: Work) -> None:
    """Turn outer joins into inner ones wherever a condition after the join rejects NULLs of the nullable side."""
    changed = bool(w.nullables)
    while changed:
        changed = False
        for group in w.nullables:
            parent = group.up()
            if group.into is not None or parent is None:
                continue
            if any(_rejects(w, cond, group) for cond in parent.conds):
                _join_in(group, parent)
                changed = True


def _join_in(group: Group, parent: Group) -> None:
    full = group.full
    parent.absorb(group)
    if full is not None and not full.used:
        full.used = True
        other = full.sides[0] if full.sides[1] is group else full.sides[1]
        other.home().absorb(full.on)


def _rejects(w: Work, cond: Cond, group: Group) -> bool:
    """Whether the condition can't hold of a row in which `group` is all NULL."""
    kind = type(cond)
    if kind is Eq:
        return any(type(side) is Col and _inside(w, side, group) for side in (cond.left, cond.right))  # type: ignore[union-attr]
    if kind is OneOf or kind is NotNull:
        return _inside(w, cond.column, group)  # type: ignore[union-attr]
    if kind is Atom:
        return any(_inside(w, column, group) for column in cond.strict)  # type: ignore[union-attr]
    if kind is Or:
        return all(any(_rejects(w, c, group) for c in branch.conds) for branch in cond.branches)  # type: ignore[union-attr]
    return False


def _inside(w: Work, column: Col, group: Group) -> bool:
    return w.insts[column.inst].group.home() is group


def under(w: Work, group: Group) -> frozenset[int]:
    """The instances in the group and in everything below it."""
    return frozenset(i for i, inst in enumerate(w.insts) if any(g is group for g in inst.group.ancestors()))


def mentioned(cond: Cond) -> set[Col]:
    kind = type(cond)
    if kind is Eq or kind is Same:
        return {side for side in (cond.left, cond.right) if type(side) is Col}  # type: ignore[union-attr]
    if kind is OneOf or kind is NotNull or kind is Null:
        return {cond.column}  # type: ignore[union-attr]
    if kind is Atom:
        return set(cond.columns)  # type: ignore[union-attr]
    found: set[Col] = set()
    for branch in cond.branches:  # type: ignore[union-attr]
        for inner in branch.conds:
            found |= mentioned(inner)
    return found


def reaching(w: Work, group: Group, *, relaxed: bool = False) -> list[Cond]:
    """The conditions that hold whenever `group` contributes a row. `relaxed`: as if nothing came too late."""
    start = group.home()
    out: list[Cond] = []
    barriers: list[tuple[frozenset[int], frozenset[Col]]] = []
    path: list[Group] = []
    child: Group | None = None
    node: Group | None = start
    while node is not None:
        w.spend()
        path.append(node)
        if child is not None:
            if child.kind is Kind.NULLABLE:
                barriers.append((under(w, child), frozenset()))
            elif child.kind is Kind.SEALED and not relaxed:
                barriers.append((under(w, child), child.through))
        for cond in node.conds:
            if type(cond) is Or and any(b.home() in path for b in cond.branches):
                continue
            if not barriers or _passes(cond, barriers):
                out.append(cond)
        _sealed_below(node, out, path)
        child = node
        node = node.up()
    if w.nullables:
        _activate(w, out, path)
    w.spend(len(out))
    return out


def _passes(cond: Cond, barriers: list[tuple[frozenset[int], frozenset[Col]]]) -> bool:
    columns = mentioned(cond)
    return all(c.inst not in insts or c in through for insts, through in barriers for c in columns)


def _sealed_below(node: Group, out: list[Cond], path: list[Group]) -> None:
    stack = [s.home() for s in node.sealed]
    while stack:
        sealed = stack.pop()
        if sealed in path:
            continue
        out.extend(sealed.conds)
        stack.extend(s.home() for s in sealed.sealed)


def _activate(w: Work, out: list[Cond], path: list[Group]) -> None:
    """Add what is known of outer-joined rows that the conditions so far require to be there."""
    active = set(map(id, path))
    changed = True
    while changed:
        changed = False
        for group in w.nullables:
            parent = group.up()
            if group.into is not None or id(group) in active or parent is None or id(parent) not in active:
                continue
            if any(_rejects(w, cond, group) for cond in out):
                active.add(id(group))
                out.extend(group.conds)
                _sealed_below(group, out, path)
                full = group.full
                if full is not None and all(id(side.home()) in active for side in full.sides):
                    out.extend(full.on.conds)
                changed = True


class Closure:
    """Equality classes over columns and values, and the best value of each. `weak` trusts simple foreign keys."""

    __slots__ = ("best", "edges", "nodes", "parent", "w", "weak")

    def __init__(self, w: Work, *, weak: bool = False) -> None:
        self.w = w
        self.weak = weak
        self.parent: dict[Node, Node] = {}
        self.best: dict[Node, Rank] = {}
        self.edges: list[tuple[Node, Node, str]] = []
        self.nodes: set[int] = set()

    def copy(self) -> Closure:
        other = Closure(self.w, weak=self.weak)
        other.parent = self.parent.copy()
        other.best = self.best.copy()
        other.edges = self.edges.copy()
        other.nodes = self.nodes.copy()
        return other

    def find(self, node: Node) -> Node:
        parent = self.parent
        root = parent.get(node)
        if root is None:
            parent[node] = node
            if type(node) is Val:
                self.best[node] = node.rank
            else:
                self.nodes.add(node.inst)  # type: ignore[union-attr]
            return node
        while root != node:
            above = parent[root]
            parent[node] = above
            node, root = root, above
        return node

    def union(self, left: Node, right: Node, why: str) -> bool:
        one, two = self.find(left), self.find(right)
        if one == two:
            return False
        self.parent[one] = two
        rank = self.best.pop(one, Rank.NONE)
        if rank < self.best.get(two, Rank.NONE):
            self.best[two] = rank
        self.edges.append((left, right, why))
        return True

    def same(self, left: Node, right: Node) -> bool:
        return self.find(left) == self.find(right)

    def rank(self, node: Node) -> Rank:
        return self.best.get(self.find(node), Rank.NONE)

    def lower(self, node: Node, rank: Rank) -> None:
        root = self.find(node)
        if rank < self.best.get(root, Rank.NONE):
            self.best[root] = rank

    def add(self, conds: Iterable[Cond]) -> list[Or]:
        """Take in conditions; returns the disjunctions among them."""
        ors: list[Or] = []
        for cond in conds:
            kind = type(cond)
            if kind is Eq or kind is Same:
                self.union(cond.left, cond.right, cond.why)  # type: ignore[union-attr]
            elif kind is OneOf:
                self.edges.append((cond.column, Val(f"one of {cond.label}", cond.rank), cond.why))  # type: ignore[union-attr]
                self.lower(cond.column, cond.rank)  # type: ignore[union-attr]
            elif kind is Null:
                self.lower(cond.column, Rank.SHARED)  # type: ignore[union-attr]
            elif kind is Or:
                ors.append(cond)  # type: ignore[arg-type]
        return ors

    def saturate(self) -> None:
        """Follow keys and foreign keys until nothing changes."""
        tables = [(i, t) for i in sorted(self.nodes) if (t := self.w.insts[i].table) is not None]
        while self._round(tables):
            pass

    def _round(self, tables: list[tuple[int, Table]]) -> bool:
        changed = False
        for position, (i, table) in enumerate(tables):
            self.w.spend()
            if table.ownership is Ownership.CHILD and table.parent is not None:
                changed |= self._child(i, table, table.parent, tables)
            for j, other in tables[position + 1 :]:
                self.w.spend()
                if other is table:
                    changed |= self._same_row(i, j, table)
                changed |= self._siblings(i, table, j, other)
            changed |= self._foreign(i, table, tables)
            changed |= self._principal(i, table)
        return changed

    def _principal(self, i: int, table: Table) -> bool:
        """A row found by the caller's own key belongs to a tenant of the caller's."""
        tenant = self.tenant(i, table)
        if tenant is None or not self.w.insts[i].stored or self.rank(tenant) <= Rank.PRINCIPAL:
            return False
        for name in table.principal_columns:
            if self.rank(self._col(i, name)) <= Rank.SET:
                self.lower(tenant, Rank.PRINCIPAL)
                return True
        return False

    def _col(self, inst: int, name: str) -> Col:
        return Col(inst, self.w.index.loose(name))

    def tenant(self, inst: int, table: Table) -> Col | None:
        """The column that stands for the tenant of the instance's rows."""
        if table.ownership is Ownership.CHILD:
            return Col(inst, TENANT)
        if table.ownership in (Ownership.GLOBAL, Ownership.UNKNOWN):
            return None
        name = self.w.index.tenant_of(table)
        return None if name is None else Col(inst, name)

    def _linked(self, i: int, columns: tuple[str, ...], j: int, others: tuple[str, ...]) -> bool:
        return bool(columns) and all(
            self.same(self._col(i, a), self._col(j, b)) for a, b in zip(columns, others, strict=False)
        )

    def _same_row(self, i: int, j: int, table: Table) -> bool:
        """Equal values of a key are the same row, so all its columns agree."""
        w = self.w
        if not (w.insts[i].stored and w.insts[j].stored):
            return False
        for key in (table.primary_key, *table.unique):
            if key and self._linked(i, key, j, key) and not any(w.index.nullable(table, w.index.loose(c)) for c in key):
                names = {n.name for n in list(self.parent) if type(n) is Col and n.inst in (i, j)}
                names.add(tenant.name if (tenant := self.tenant(i, table)) is not None else "")
                why = f"same row of {table.name}"
                merged = [self.union(Col(i, n), Col(j, n), why) for n in names if n]
                if any(merged):
                    return True
        return False

    def _child(self, i: int, table: Table, key: ForeignKey, tables: list[tuple[int, Table]]) -> bool:
        """A child's tenant is its parent's."""
        parent = self.w.index.table(key.references)
        if parent is None:
            return False
        mine = Col(i, TENANT)
        changed = False
        referenced = key.referenced_columns or parent.primary_key
        if parent.ownership is Ownership.ROOT and len(key.columns) == 1:
            changed |= self.union(mine, self._col(i, key.columns[0]), f"{table.name} refers to {parent.name}")
        for j, other in tables:
            if other is parent and j != i and self._linked(i, key.columns, j, referenced):
                theirs = self.tenant(j, other)
                if theirs is not None:
                    changed |= self.union(mine, theirs, f"child of {parent.name}")
        return changed

    def _bonds(self, i: int, table: Table) -> list[tuple[Table, dict[str, str]]]:
        """Parents whose tenant is the row's: what a child belongs to, a foreign key that carries the tenant and, when
        trusting, any foreign key between owned tables. Each with its columns, parent's name to own name."""
        w = self.w
        mine = self.tenant(i, table)
        if mine is None:
            return []
        bonds: list[tuple[Table, dict[str, str]]] = []
        for key in table.foreign_keys if table.parent in table.foreign_keys else (table.parent, *table.foreign_keys):
            parent = w.index.table(key.references) if key is not None else None
            if key is None or parent is None or parent.ownership in (Ownership.GLOBAL, Ownership.UNKNOWN):
                continue
            referenced = key.referenced_columns or parent.primary_key
            pairs = {w.index.loose(b): w.index.loose(a) for a, b in zip(key.columns, referenced, strict=False)}
            theirs = w.index.tenant_of(parent)
            if table.ownership is Ownership.CHILD and key == table.parent:
                bonds.append((parent, pairs))
            elif not w.insts[i].stored or parent.ownership is Ownership.ROOT:
                continue  # a new row's foreign keys are checked too late: what they refuse shows as an error
            elif theirs is not None and pairs.get(theirs) == mine.name:
                if not w.index.nullable(table, mine.name):
                    bonds.append((parent, pairs))
            elif self.weak:
                bonds.append((parent, pairs))
        return bonds

    def _foreign(self, i: int, table: Table, tables: list[tuple[int, Table]]) -> bool:
        """A row and the row it refers to, where a key says that it is this row."""
        changed = False
        for parent, pairs in self._bonds(i, table):
            for j, other in tables:
                if other is not parent or j == i or not self.w.insts[j].stored:
                    continue
                for key in (parent.primary_key, *parent.unique):
                    names = [self.w.index.loose(c) for c in key]
                    if names and all(c in pairs and self.same(Col(i, pairs[c]), Col(j, c)) for c in names):
                        theirs, mine = self.tenant(j, other), self.tenant(i, table)
                        if theirs is not None and mine is not None:
                            changed |= self.union(mine, theirs, f"foreign key of {table.name} to {parent.name}")
                        break
        return changed

    def _siblings(self, i: int, table: Table, j: int, other: Table) -> bool:
        """Two rows that refer to the same parent row share its tenant."""
        changed = False
        for parent, mine in self._bonds(i, table):
            for same, theirs in self._bonds(j, other):
                if same is not parent:
                    continue
                for key in (parent.primary_key, *parent.unique):
                    names = [self.w.index.loose(c) for c in key]
                    if names and all(
                        c in mine and c in theirs and self.same(Col(i, mine[c]), Col(j, theirs[c])) for c in names
                    ):
                        one, two = self.tenant(i, table), self.tenant(j, other)
                        if one is not None and two is not None:
                            changed |= self.union(one, two, f"same parent in {parent.name}")
                        break
        return changed
