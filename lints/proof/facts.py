"""What is known of a group of rows: the conditions that reach it, and the equalities that follow from them.

A condition reaches a group from its ancestors unless it mentions rows on the near side of a barrier: the nullable side
of an outer join (the condition would filter after the join) or a sealed sub-select (after its LIMIT).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

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
    Trusted,
    Val,
)
from lints.proof.names import Bond, Shape
from lints.proof.work import Work
from lints.tenancy import Ownership

Node = Col | Val
Pairs = list[tuple[Col, Col, bool]]
Steps = list[tuple[Any, tuple[Any, ...]]]
_MOST = 2_000
"""Groups of rows whose steps are kept, for statements of one schema are alike."""
_FEW = 12
"""Rows of such a group."""
CONFLICT = "ON CONFLICT"
_NONE, _ROOT, _NULLABLE, _SEALED = Rank.NONE, Ownership.ROOT, Kind.NULLABLE, Kind.SEALED
"""By these names, for in Python 3.11 it takes five times as long to ask the class for its member."""
_NAMES = frozenset({Rank.SETTING, Rank.SET, Rank.LITERAL})
Barriers = list[tuple[frozenset[int], frozenset[Col]]]
"""For each barrier crossed: the instances behind it, and the columns on which conditions may pass all the same."""


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
    if isinstance(cond, Eq):
        return any(type(side) is Col and _inside(w, side, group) for side in (cond.left, cond.right))
    if isinstance(cond, (OneOf, NotNull)):
        return _inside(w, cond.column, group)
    if isinstance(cond, Atom):
        return any(_inside(w, column, group) for column in cond.strict)
    if isinstance(cond, Or):
        return all(any(_rejects(w, c, group) for c in branch.conds) for branch in cond.branches)
    return False


def _inside(w: Work, column: Col, group: Group) -> bool:
    return w.insts[column.inst].group.home() is group


def under(w: Work, group: Group) -> frozenset[int]:
    """The instances in the group and in everything below it."""
    w.spend(len(w.insts))
    found: set[int] = set()
    for i, inst in enumerate(w.insts):
        above: Group | None = inst.group.home()
        while above is not None and above is not group:
            above = above.up()
        if above is not None:
            found.add(i)
    return frozenset(found)


def mentioned(cond: Cond) -> set[Col]:
    if isinstance(cond, (Eq, Same, Trusted)):
        return {side for side in (cond.left, cond.right) if type(side) is Col}
    if isinstance(cond, (OneOf, NotNull, Null)):
        return {cond.column}
    if isinstance(cond, Atom):
        return set(cond.columns)
    found: set[Col] = set()
    for branch in cond.branches:
        for inner in branch.conds:
            found |= mentioned(inner)
    return found


def reaching(w: Work, group: Group, *, relaxed: bool = False) -> tuple[list[Cond], frozenset[int]]:
    """The conditions that hold whenever `group` contributes a row, and the ids of the groups that then contribute too.

    `relaxed`: as if nothing came too late.
    """
    start = group.home()
    out: list[Cond] = []
    barriers: Barriers = []
    path: list[Group] = []
    child: Group | None = None
    node: Group | None = start
    while node is not None:
        w.spend()
        path.append(node)
        if child is not None:
            if child.kind is _NULLABLE:
                barriers.append((under(w, child), frozenset()))
            elif child.kind is _SEALED and not relaxed:
                barriers.append((under(w, child), child.through))
        for cond in node.conds:
            if type(cond) is Or and any(b.home() in path for b in cond.branches):
                continue
            passed = cond if not barriers else _passing(w, cond, barriers)
            if passed is not None:
                out.append(passed)
        if node.sealed:
            _sealed_below(node, out, path)
        child = node
        node = node.up()
    active = frozenset(map(id, path))
    if w.nullables:
        active = activate(w, out, active)
    w.spend(len(out))
    return out, active


def _passing(w: Work, cond: Cond, barriers: Barriers) -> Cond | None:
    """What of a condition does not depend on the rows behind the barriers. A row that fails it is lost anyway."""
    w.spend()
    if all(c.inst not in insts or c in through for insts, through in barriers for c in mentioned(cond)):
        return cond
    if not isinstance(cond, Or):
        return None
    branches: list[Group] = []
    for branch in cond.branches:
        kept = [p for c in branch.conds if (p := _passing(w, c, barriers)) is not None]
        if not kept:
            return None
        weaker = Group(branch.parent, Kind.BRANCH, branch.why)
        weaker.conds = kept
        branches.append(weaker)
    return Or(tuple(branches), cond.why)


def _sealed_below(node: Group, out: list[Cond], path: list[Group]) -> None:
    stack = [s.home() for s in node.sealed]
    while stack:
        sealed = stack.pop()
        if sealed in path:
            continue
        out.extend(sealed.conds)
        stack.extend(s.home() for s in sealed.sealed)


def activate(w: Work, conds: list[Cond], active: frozenset[int]) -> frozenset[int]:
    """Add to `conds` what is known of outer-joined rows that they require to be there; returns all active groups."""
    changed = True
    while changed:
        changed = False
        for group in w.nullables:
            parent = group.up()
            w.spend()
            if group.into is not None or id(group) in active or parent is None or id(parent) not in active:
                continue
            w.spend(len(conds) // 4)
            if any(_rejects(w, cond, group) for cond in conds):
                w.spend(len(conds))
                active |= {id(group)}
                conds.extend(group.conds)
                _sealed_below(group, conds, [])
                full = group.full
                if full is not None and all(id(side.home()) in active for side in full.sides):
                    conds.extend(full.on.conds)
                changed = True
    return active


class Closure:
    """Equality classes over columns and values, and the best value of each. `weak` trusts simple foreign keys."""

    __slots__ = ("best", "dirty", "edges", "nodes", "parent", "soft", "w", "weak")

    def __init__(self, w: Work, *, weak: bool = False) -> None:
        self.w = w
        self.weak = weak
        self.parent: dict[Node, Node] = {}
        self.best: dict[Node, Rank] = {}
        self.edges: list[tuple[Node, Node, str]] = []
        self.nodes: set[int] = set()
        self.dirty = False
        """Something is new since the keys were followed."""
        self.soft = False
        """Some classes may rest on NULLs being the same."""

    def copy(self) -> Closure:
        self.w.spend(len(self.parent) // 4 + 1)
        other = Closure(self.w, weak=self.weak)
        other.parent = self.parent.copy()
        other.best = self.best.copy()
        other.edges = self.edges.copy()
        other.nodes = self.nodes.copy()
        other.soft = self.soft
        other.dirty = self.dirty
        return other

    def find(self, node: Node) -> Node:
        parent = self.parent
        root = parent.get(node)
        if root is None:
            self.dirty = True
            parent[node] = node
            if isinstance(node, Val):
                self.best[node] = node.rank
            else:
                self.nodes.add(node.inst)
            return node
        above = parent[root]
        while above is not root:
            parent[node] = above
            node, root, above = root, above, parent[above]
        return root

    def union(self, left: Node, right: Node, why: str) -> bool:
        one, two = self.find(left), self.find(right)
        if one == two:
            return False
        self.dirty = True
        self.parent[one] = two
        best = self.best
        rank = best.pop(one, _NONE)
        if rank < best.get(two, _NONE):
            best[two] = rank
        self.edges.append((left, right, why))
        return True

    def same(self, left: Node, right: Node) -> bool:
        known = self.parent
        if left not in known or right not in known:  # of what nobody said anything nothing follows
            return left == right
        return self.find(left) == self.find(right)

    def rank(self, node: Node) -> Rank:
        if node not in self.parent:
            return node.rank if type(node) is Val else _NONE
        return self.best.get(self.find(node), _NONE)

    def lower(self, node: Node, rank: Rank) -> None:
        root = self.find(node)
        if rank < self.best.get(root, _NONE):
            self.dirty = True
            self.best[root] = rank

    def add(self, conds: Iterable[Cond]) -> list[Or]:
        """Take in conditions; returns the disjunctions among them."""
        ors: list[Or] = []
        for cond in conds:
            if type(cond) is Eq:
                self.union(cond.left, cond.right, cond.why)
            elif type(cond) is Same:
                self.union(cond.left, cond.right, cond.why)
                self.soft = True
            elif type(cond) is Trusted:
                if self.weak:
                    self.union(cond.left, cond.right, cond.why)
                    self.soft = True
            elif type(cond) is OneOf:
                self.edges.append((cond.column, Val(f"one of {cond.label}", cond.rank), cond.why))
                self.lower(cond.column, cond.rank)
            elif type(cond) is Null:
                self.lower(cond.column, Rank.SHARED)
            elif type(cond) is Or:
                ors.append(cond)
        return ors

    def saturate(self) -> None:
        """Follow keys and foreign keys until nothing changes."""
        if not self.dirty:
            return
        insts = self.w.insts
        rows = [(i, insts[i].shape) for i in sorted(self.nodes) if insts[i].shape is not None]
        known = self.w.index.steps
        of = self.weak, *[(i, shape, insts[i].stored, insts[i].returned) for i, shape in rows]
        found = known.get(of)
        if found is None:
            left = self.w.left
            steps = self._steps(rows)
            if len(known) >= _MOST:
                known.clear()
            if len(rows) <= _FEW:
                known[of] = left - self.w.left, steps
        else:
            cost, steps = found
            self.w.spend(cost)  # as if it were found again: no verdict depends on what was asked before
        while steps and self._round(steps):
            pass
        self.dirty = False

    def _round(self, steps: Steps) -> bool:
        self.w.spend(len(steps))
        changed = False
        for step, given in steps:
            changed |= step(self, *given)
        return changed

    def _steps(self, rows: list[tuple[int, Shape]]) -> Steps:
        """What may follow from these rows by the schema, in the order in which it is asked: each a question and its
        subject."""
        insts = self.w.insts
        bonds = {i: self._bonds(i, shape) for i, shape in rows}
        steps: Steps = []
        for position, (i, shape) in enumerate(rows):
            mine, stored = bonds[i], insts[i].stored
            self.w.spend(1 + len(mine) * (1 + len(rows)) + (len(rows) - position) // 4)
            if (shape.principal or shape.wider) and shape.tenant is not None and stored:
                steps.append((Closure._principal, (i, shape)))
            if shape.names and stored:
                steps.append((Closure._named, (i, shape)))
            if shape.level is not None and shape.tenant is not None and stored:
                steps.append((Closure._level, (i, shape, shape.level)))
            if self.weak and shape.also and shape.tenant is not None and stored:
                steps.append((Closure._also, (i, shape)))
            for bond in mine:
                if bond.parent.ownership is _ROOT:
                    steps.append((Closure._root, (i, bond)))
                for j, other in rows:
                    there = insts[j].stored or (insts[j].returned and not stored)
                    if insts[j].table is bond.parent and j != i and there and shape.tenant and other.tenant:
                        found = [_pairs(i, own, shape, j, key, other) for key, own in bond.via.items()]
                        tenants = Col(i, shape.tenant), Col(j, other.tenant)
                        steps.append((Closure._tied, (found, *tenants, f"refers to {bond.parent.name}")))
            for j, other in rows[position + 1 :]:
                if insts[j].table is insts[i].table and stored and insts[j].stored and self.w.index.enforces:
                    keys = [_pairs(i, k, shape, j, k, shape) for k in shape.keys]
                    steps.append((Closure._same_row, (i, j, shape, keys)))
                if mine and shape.tenant is not None and other.tenant is not None:
                    self.w.spend()
                    steps += _siblings(i, shape, mine, j, other, bonds[j])
        return steps

    def _bonds(self, i: int, shape: Shape) -> tuple[Bond, ...]:
        """The references that say whose row it is. What the foreign keys of a new row refuse shows as an error, so
        they say nothing of the rows it was made from."""
        bonds: tuple[Bond, ...] = (shape.child, *shape.further) if shape.child is not None else ()
        stored = self.w.insts[i].stored
        if stored:
            bonds += shape.carried
        if self.weak and (stored or shape.child is not None):
            bonds += shape.trusted
        return bonds

    def _principal(self, i: int, shape: Shape) -> bool:
        """A row found by the caller's own key belongs to a tenant of the caller's."""
        if shape.tenant is None or self.rank(Col(i, shape.tenant)) <= Rank.PRINCIPAL:
            return False
        if self.w.insts[i].group.why == CONFLICT:  # found in a new row's way, not by its caller
            return False
        if any(self.rank(Col(i, name)) < Rank.SET for name in shape.principal):
            self.lower(Col(i, shape.tenant), Rank.PRINCIPAL)
            return True
        if self.rank(Col(i, shape.tenant)) <= Rank.WIDER:
            return False
        if any(self.rank(Col(i, name)) <= Rank.SET for name in shape.wider):
            self.lower(Col(i, shape.tenant), Rank.WIDER)
            return True
        return False

    def _named(self, i: int, shape: Shape) -> bool:
        """A tenant found by what is unique among tenants (a slug, a domain) is the one that is named so. A key of
        another table's row (its account, its plan) names that row, which may be anybody's."""
        key_column = shape.level or shape.own
        if key_column is None or self.w.insts[i].group.why == CONFLICT:  # the row in a new tenant's way is another's
            return False
        own = Col(i, key_column)
        for key in shape.names:
            rank = max(Rank.SETTING, *(self.rank(Col(i, name)) for name in key))
            if rank not in _NAMES:
                continue
            if shape.referring.issuperset(key):
                rank = max(rank, Rank.PRINCIPAL)
            if rank < self.rank(own):
                alias = self.w.insts[i].alias
                self.edges.append((own, Col(i, key[0]), f"{alias} is the one with this {' and '.join(key)}"))
                self.w.named[i] = f"{shape.table}.{' and '.join(key)} names one tenant, the one that is meant"
                self.lower(own, rank)
                return True
        return False

    def _level(self, i: int, shape: Shape, key: str) -> bool:
        """A row that is itself a tenant of a narrower level: found by its key, its tenant is the caller's; of the
        caller's tenant, its key names one of the caller's, though perhaps not the only one."""
        if shape.tenant is None:
            return False
        own, wide = Col(i, key), Col(i, shape.tenant)
        if self.rank(own) <= Rank.SET < self.rank(wide):
            self.edges.append((wide, own, f"{self.w.insts[i].alias} is the caller's"))
            self.lower(wide, max(self.rank(own), Rank.SETTING))
            return True
        if self.rank(wide) <= Rank.SET and self.rank(own) > Rank.WIDER:
            self.edges.append((own, wide, f"{self.w.insts[i].alias} is one of the caller's"))
            self.lower(own, Rank.WIDER)
            return True
        return False

    def _also(self, i: int, shape: Shape) -> bool:
        """Trusting: a row of the caller's tenant names the caller in its other tenant columns too."""
        if shape.tenant is None or self.rank(Col(i, shape.tenant)) > Rank.SET:
            return False
        changed = False
        for name in shape.also:
            if self.rank(Col(i, name)) > Rank.SET:
                self.edges.append((Col(i, name), Col(i, shape.tenant), "in the same row"))
                self.lower(Col(i, name), Rank.SETTING)
                changed = True
        return changed

    def _root(self, i: int, bond: Bond) -> bool:
        """A child of the root itself: its reference is its tenant."""
        changed = False
        for own in bond.via.values():
            if len(own) == 1:
                changed |= self.union(Col(i, TENANT), Col(i, own[0]), f"refers to {bond.parent.name}")
        return changed

    def _equal(self, pairs: Pairs) -> bool:
        """Whether the columns are equal and not both NULL."""
        for one, other, nulls in pairs:
            if nulls and self.soft:
                return False
            if not self.same(one, other):
                return False
        return True

    def _tied(self, keys: list[Pairs], one: Col, other: Col, why: str) -> bool:
        """A row and the row it refers to, where a key says that it is this row, or one that refers to the same row:
        they share its tenant."""
        return any(map(self._equal, keys)) and self.union(one, other, why)

    def _same_row(self, i: int, j: int, shape: Shape, keys: list[Pairs]) -> bool:
        """Equal values of a key are the same row, so all its columns agree."""
        if not any(map(self._equal, keys)):
            return False
        self.w.spend(len(self.parent) // 4)
        names = {n.name for n in self.parent if type(n) is Col and (n.inst == i or n.inst == j)}
        if shape.tenant is not None:
            names.add(shape.tenant)
        merged = [self.union(Col(i, n), Col(j, n), "same row") for n in sorted(names)]
        return any(merged)


def _pairs(i: int, mine: Sequence[str], one: Shape, j: int, theirs: Sequence[str], two: Shape) -> Pairs:
    """Columns of two rows to be compared, each with whether both may be NULL."""
    return [(Col(i, a), Col(j, b), a in one.nullable and b in two.nullable) for a, b in zip(mine, theirs, strict=True)]


def _siblings(i: int, shape: Shape, mine: tuple[Bond, ...], j: int, other: Shape, theirs: tuple[Bond, ...]) -> Steps:
    """Two rows that refer to the same parent row share its tenant."""
    steps: Steps = []
    for bond in mine:
        for match in theirs:
            if match.parent is bond.parent and (shared := bond.via.keys() & match.via.keys()):
                found = [_pairs(i, bond.via[k], shape, j, match.via[k], other) for k in sorted(shared)]
                tenants = Col(i, shape.tenant or ""), Col(j, other.tenant or "")
                steps.append((Closure._tied, (found, *tenants, f"same parent in {bond.parent.name}")))
    return steps
