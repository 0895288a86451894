"""What an obligation is tied to: the best value that holds whichever branch of every OR is taken."""

from __future__ import annotations

from lints.proof.facts import Closure, activate, reaching
from lints.proof.ir import TENANT, Atom, Col, Cond, Eq, Group, NotNull, Null, OneOf, Or, Rank, Same, Target
from lints.proof.work import Work

PROVES = Rank.SET
_NONE, _PRINCIPAL, _WIDER = Rank.NONE, Rank.PRINCIPAL, Rank.WIDER


class Context:
    """What is known where a group contributes; shared by the obligations in it."""

    __slots__ = ("active", "conds", "dead", "ors", "strict", "w", "weak")

    def __init__(self, w: Work, group: Group, *, relaxed: bool = False) -> None:
        self.w = w
        self.dead = False
        above: Group | None = group.home()
        while above is not None:
            self.dead = self.dead or above.dead
            above = above.up()
        self.conds, self.active = reaching(w, group, relaxed=relaxed)
        self.strict = Closure(w)
        self.ors = self.strict.add(self.conds)
        self.weak: Closure | None = None

    def trusting(self) -> Closure:
        if self.weak is None:
            self.weak = Closure(self.w, weak=True)
            self.weak.add(self.conds)
        return self.weak


def rank_of(w: Work, target: Target, context: Context) -> tuple[Rank, Closure]:
    """The best value the target's tenant is tied to whatever branch of an OR holds, without and then with trust."""
    strict = closed(context.strict, w, target)
    rank = read(w, target, strict)
    if rank > PROVES and context.ors:
        rank = min(rank, split(w, target, strict, context.ors, context.active))
    if rank <= _WIDER:
        return rank, strict
    weak = closed(context.trusting(), w, target)
    trusted = read(w, target, weak)
    if trusted > PROVES and context.ors:
        trusted = min(trusted, split(w, target, weak, context.ors, context.active))
    if trusted < rank and trusted <= PROVES:
        return Rank.FK, weak
    return rank, strict


def closed(closure: Closure, w: Work, target: Target) -> Closure:
    key = w.insts[target.inst].key
    if key is not None:
        closure.find(key)
    shape = w.insts[target.inst].shape
    if (
        len(closure.nodes) > 1
        or (key is not None and key.name == TENANT)
        or (shape is not None and (shape.level or shape.names))
    ):
        closure.saturate()
    return closure


def read(w: Work, target: Target, closure: Closure) -> Rank:
    key = w.insts[target.inst].key
    rank = _NONE if key is None else closure.rank(key)
    if rank > _PRINCIPAL and target.action != "insert" and target.rule != "TENSQL008":
        shape = w.insts[target.inst].shape
        if shape is None:
            return rank
        for name in shape.principal:
            if closure.rank(Col(target.inst, name)) < PROVES:  # a list of people is no caller
                return _PRINCIPAL
        for name in shape.wider if rank > _WIDER else ():
            if closure.rank(Col(target.inst, name)) <= PROVES:
                return _WIDER
    return rank


def split(w: Work, target: Target, closure: Closure, ors: list[Or], active: frozenset[int]) -> Rank:
    """Case analysis: the worst of the branches, for the first disjunction that helps and those after it."""
    best = Rank.NONE
    for position, cond in enumerate(ors):
        if not all(_useful(w, branch) for branch in cond.branches):
            continue
        worst = Rank.PARAMETER
        for branch in cond.branches:
            w.spend(2)
            rank = branch_rank(w, target, closure, branch, ors[position + 1 :], active)
            worst = max(worst, rank)
            if worst is Rank.NONE:
                break
        best = min(best, worst)
        if best <= PROVES:
            break
    return best


def branch_rank(
    w: Work, target: Target, closure: Closure, branch: Group, rest: list[Or], active: frozenset[int]
) -> Rank:
    shape = w.insts[target.inst].shape
    if shape is not None and any(
        type(c) is Null
        and c.column.inst == target.inst
        and c.column.name == shape.own
        and shape.own not in shape.nullable
        for c in branch.conds
    ):
        return Rank.PARAMETER  # the tenant is never NULL: the branch has no row
    conds: list[Cond] = list(branch.conds)
    stack = [s.home() for s in branch.sealed]
    while stack:
        sealed = stack.pop()
        conds.extend(sealed.conds)
        stack.extend(s.home() for s in sealed.sealed)
    if w.nullables:
        active = activate(w, conds, active)
    inner = closure.copy()
    w.spend(len(conds))
    more = inner.add(conds)
    closed(inner, w, target)
    rank = read(w, target, inner)
    if rank > PROVES and (more or rest):
        rank = min(rank, split(w, target, inner, more + rest, active))
    return rank


def _useful(w: Work, branch: Group) -> bool:
    """Whether the branch says anything an equality proof can use."""
    for cond in branch.conds:
        if isinstance(cond, (Eq, Same, OneOf, Null)):
            return True
        if isinstance(cond, NotNull) and w.nullables:
            return True
        if isinstance(cond, Atom) and w.nullables and cond.strict:
            return True
        if isinstance(cond, Or) and all(_useful(w, b) for b in cond.branches):
            return True
    return bool(branch.sealed)
