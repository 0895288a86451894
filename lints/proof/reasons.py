"""What is said of an obligation: by which equalities it holds, or why it does not and which rule that breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lints.proof.facts import Closure, mentioned
from lints.proof.ir import TENANT, Atom, Col, Cond, Group, Kind, NotNull, Or, Rank, Target, Val
from lints.proof.ranking import PROVES, Context, branch_rank, closed, rank_of
from lints.proof.work import Work
from lints.tenancy import Ownership, Table


class Finding(NamedTuple):
    """What became of one obligation."""

    target: Target
    rank: Rank
    rule: str | None
    because: str
    opaque: bool = False
    value: str | None = None
    """The key of the value that proves it."""


def unproven(w: Work, target: Target, table: Table | None, context: Context) -> Finding:
    """Why the obligation fails, as the rule that fits best."""
    rule = (
        target.rule
        or {"select": "TENSQL001", "update": "TENSQL002", "delete": "TENSQL003", "insert": "TENSQL004"}[target.action]
    )
    if table is not None and table.ownership is Ownership.CHILD and target.action == "insert":
        rule = "TENSQL019"
    if _has_hole(w, target, context.conds):
        return Finding(
            target,
            Rank.NONE,
            "TENSQL013",
            "a condition that is put in at run time stands where the predicate could",
            opaque=True,
        )
    if _elsewhere(target):
        return Finding(target, Rank.NONE, "TENSQL013", "the table's schema is interpolated", opaque=True)
    if target.rule is None:
        alternative = _failing_or(w, target, context)
        if alternative is not None:
            return alternative
        late = _too_late(w, target)
        if late is not None:
            return late
        if table is not None:
            wider = _wider(w, target, table, context)
            if wider is not None:
                return wider
    return Finding(target, Rank.NONE, rule, _reason(w, target, table, context))


def _elsewhere(target: Target) -> bool:
    """Whether the schema of the table is put in at run time: it may be the tenant's own."""
    around = getattr(target.place, "parent", None)
    schema = around.args.get("db") if around is not None else None
    return schema is not None and "__hole_" in schema.name


def _has_hole(w: Work, target: Target, conds: list[Cond]) -> bool:
    for cond in conds:
        if type(cond) is Atom and cond.hole:
            return True
        if type(cond) is Or and any(_has_hole(w, target, b.conds) for b in cond.branches):
            return True
    return False


def _failing_or(w: Work, target: Target, context: Context) -> Finding | None:
    """A disjunction with a branch that would prove: the other branches are the hole."""
    for cond in _all_ors(context.ors):
        good: list[Group] = []
        bad: list[Group] = []
        for branch in cond.branches:
            rank = branch_rank(w, target, closed(context.trusting().copy(), w, target), branch, [], context.active)
            (good if rank < Rank.NONE else bad).append(branch)
        if not good or not bad:
            continue
        if all(_only_constants(b) for b in bad):
            return Finding(
                target, Rank.NONE, "TENSQL005", "a parameter's value makes the tenant predicate true for all"
            )
        return Finding(target, Rank.NONE, "TENSQL006", "the tenant predicate is only one branch of an OR")
    return None


def _all_ors(ors: list[Or]) -> list[Or]:
    found: list[Or] = []
    stack = list(ors)
    while stack and len(found) < 32:
        cond = stack.pop()
        found.append(cond)
        stack.extend(c for b in cond.branches for c in b.conds if type(c) is Or)
    return found


def _only_constants(branch: Group) -> bool:
    """Whether the branch depends on parameters only (NOT NULL of a column apart)."""
    parameters = False
    for cond in branch.conds:
        if type(cond) is Atom and cond.constant:
            parameters = parameters or cond.parameters
        elif type(cond) is Or and all(b.dead or not b.conds or _only_constants(b) for b in cond.branches):
            parameters = True
        elif type(cond) is not NotNull:
            return False
    return parameters


def _too_late(w: Work, target: Target) -> Finding | None:
    if not any(g.kind is Kind.SEALED for g in target.group.ancestors()):
        return None
    context = Context(w, target.group, relaxed=True)
    rank, _ = rank_of(w, target, context)
    if rank is Rank.NONE:
        return None
    sealed = next(g for g in target.group.ancestors() if g.kind is Kind.SEALED)
    return Finding(target, Rank.NONE, "TENSQL012", f"the tenant filter comes after the {sealed.why}")


def _wider(w: Work, target: Target, table: Table, context: Context) -> Finding | None:
    tenant = w.index.tenant_of(table)
    for name in sorted(w.index.tenant_names):
        if (
            name != tenant
            and name in w.index.shape(table).known
            and context.strict.rank(Col(target.inst, name)) <= PROVES
        ):
            whose = tenant or (f"row of {table.parent.references}" if table.parent is not None else "tenant")
            because = f"{name} is a caller's value, but rows of {table.name} belong to a {whose}"
            return Finding(target, Rank.NONE, "TENSQL021", because)
    return None


def _reason(w: Work, target: Target, table: Table | None, context: Context) -> str:
    if table is None:
        return "the tenant argument is not a caller's value"
    if table.ownership is Ownership.CHILD and table.parent is not None and w.index.tenant_of(table) is None:
        columns = ", ".join(table.parent.columns)
        return f"nothing ties {table.name}.{columns} to a row of {table.parent.references} that is proven"
    key = w.insts[target.inst].key
    if key is None:
        return f"{table.name} has no known tenant column"
    if target.action == "insert":
        return f"{table.name}.{key.name} is not set from a caller's value"
    for cond in context.conds:
        if type(cond) is Atom and key in cond.columns:
            return (
                f"{table.name}.{key.name} is compared, but not by equality of the column itself with a caller's value"
            )
    for group in w.nullables:
        if group in set(target.group.ancestors()):
            continue
        if group.into is None and any(type(c) is not Atom and key in mentioned(c) for c in group.conds):
            return f"{table.name}.{key.name} is compared only in the ON of an outer join, which filters nothing"
    return f"nothing ties {table.name}.{key.name} to a caller's value"


def value_of(closure: Closure, target: Target, w: Work) -> str | None:
    key = w.insts[target.inst].key
    if key is None:
        return None
    root = closure.find(key)
    values = sorted(n.key for n in closure.parent if type(n) is Val and n.rank <= PROVES and closure.find(n) == root)
    return values[0] if values else None


def path_to(w: Work, target: Target, closure: Closure) -> str:
    """The chain of equalities from the tenant column to the value, as text."""
    key = w.insts[target.inst].key
    if key is None:
        return ""
    for left, right, why in closure.edges:
        if left == key and type(right) is Val and right.rank <= PROVES:
            return f"{name(w, left)} = {right.key} ({why})"
    links: dict[Col | Val, list[tuple[Col | Val, str]]] = {}
    for left, right, why in closure.edges:
        links.setdefault(left, []).append((right, why))
        links.setdefault(right, []).append((left, why))
    shape = w.insts[target.inst].shape
    starts: list[Col | Val] = [key, *(Col(target.inst, c) for c in shape.principal)] if shape is not None else [key]
    for start, own in ((start, own) for own in (False, True) for start in starts):
        seen: dict[Col | Val, tuple[Col | Val, str] | None] = {start: None}
        queue: list[Col | Val] = [start]
        for node in queue:
            if isinstance(node, Val) and node.rank < Rank.NONE:
                return _spell(w, node, seen)
            for other, why in (*links.get(node, ()), *(_own_keys(w, node, links) if own else ())):
                if other not in seen:
                    seen[other] = (node, why)
                    queue.append(other)
    return "every branch of the OR ties it to a caller's value"


_ROW = "the same row"


def _own_keys(w: Work, node: Col | Val, known: Mapping[Col | Val, object]) -> Iterator[tuple[Col, str]]:
    """From a row's tenant to the keys of whose row it is, where the statement says something of them."""
    if not isinstance(node, Col) or w.insts[node.inst].key != node:
        return
    shape = w.insts[node.inst].shape
    for column in (Col(node.inst, name) for name in (shape.principal if shape is not None else ())):
        if column in known:
            yield column, _ROW


def _spell(w: Work, node: Col | Val, seen: dict[Col | Val, tuple[Col | Val, str] | None]) -> str:
    parts: list[str] = []
    step = seen[node]
    while step is not None:
        previous, why = step
        tied = f"belongs to {name(w, node)}" if why is _ROW else f"= {name(w, node)} ({why})"
        parts.append(f"{name(w, previous)} {tied}")
        node, step = previous, seen[previous]
    return ", ".join(reversed(parts))


def name(w: Work, node: Col | Val) -> str:
    if isinstance(node, Val):
        return node.key
    inst = w.insts[node.inst]
    column = "tenant" if node.name == TENANT else node.name
    if column.isdigit() and (shown := w.headings.get(node.inst)) is not None:
        column = shown[int(column)] if int(column) < len(shown) else "tenant"
    return f"{inst.alias}.{column}"
