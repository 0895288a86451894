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
            for key in table.foreign_keys:
                changed |= self._foreign(i, table, key, tables)
        return changed

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
        return all(
            self.same(self._col(i, a), self._col(j, b)) for a, b in zip(columns, others, strict=False)
        ) and bool(columns)

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
        w = self.w
        parent = w.index.table(key.references)
        mine = Col(i, TENANT)
        changed = False
        if parent is None:
            return False
        if parent.ownership is Ownership.ROOT and len(key.columns) == 1:
            changed |= self.union(mine, self._col(i, key.columns[0]), f"{table.name} refers to {parent.name}")
        for j, other in tables:
            if other is parent and j != i and self._linked(i, key.columns, j, key.referenced_columns or parent.primary_key):
                theirs = self.tenant(j, other)
                if theirs is not None:
                    changed |= self.union(mine, theirs, f"child of {parent.name}")
        return changed

    def _siblings(self, i: int, table: Table, j: int, other: Table) -> bool:
        """Two rows that refer to the same parent row share its tenant."""
        changed = False
        for one in self._keys(table):
            for two in self._keys(other):
                if (
                    self.w.index.table(one.references) is self.w.index.table(two.references)
                    and one.referenced_columns == two.referenced_columns
                    and self._linked(i, one.columns, j, two.columns)
                ):
                    mine, theirs = self.tenant(i, table), self.tenant(j, other)
                    if mine is not None and theirs is not None:
                        changed |= self.union(mine, theirs, f"same parent in {one.references}")
        return changed

    def _keys(self, table: Table) -> list[ForeignKey]:
        """The foreign keys that say whose row it is: a child's parent; when trusting, any to an owned table."""
        keys = [table.parent] if table.ownership is Ownership.CHILD and table.parent is not None else []
        if self.weak:
            keys += [k for k in table.foreign_keys if k not in keys and self._owned(k.references)]
        return keys

    def _owned(self, name: str) -> bool:
        table = self.w.index.table(name)
        return table is not None and table.ownership in (Ownership.OWNED, Ownership.CHILD)

    def _foreign(self, i: int, table: Table, key: ForeignKey, tables: list[tuple[int, Table]]) -> bool:
        """A foreign key that carries the tenant makes the two rows' tenants equal; a simple one only if trusted."""
        w = self.w
        parent = w.index.table(key.references)
        mine = self.tenant(i, table)
        if parent is None or mine is None:
            return False
        referenced = key.referenced_columns or parent.primary_key
        theirs_name = w.index.tenant_of(parent)
        pairs = [(w.index.loose(a), w.index.loose(b)) for a, b in zip(key.columns, referenced, strict=False)]
        rest = [(a, b) for a, b in pairs if (a, b) != (mine.name, theirs_name)]
        carries = len(rest) < len(pairs) and bool(rest)
        if carries:
            names = {b for _, b in rest}
            unique = any(k and {w.index.loose(c) for c in k} <= names for k in (parent.primary_key, *parent.unique))
            if not unique or any(w.index.nullable(table, a) for a, _ in pairs if a == mine.name):
                return False
        elif not self.weak or not rest:
            return False
        changed = False
        for j, other in tables:
            if other is parent and j != i and all(self.same(Col(i, a), Col(j, b)) for a, b in rest):
                theirs = self.tenant(j, other)
                if theirs is not None:
                    changed |= self.union(mine, theirs, f"foreign key {table.name} to {parent.name}")
        return changed
