"""From conditions to a verdict: which obligations follow, by what value, and what is wrong with those that don't."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from lints.proof.facts import Closure, activate, mentioned, promote, reaching
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
    Target,
    Val,
)
from lints.proof.work import Summary, Work
from lints.tenancy import Ownership, Table

if TYPE_CHECKING:
    from lints.schema.facts import Guard

_PROVES = Rank.SET
_WEAK_RULES = {
    Rank.PRINCIPAL: "TENSQL022",
    Rank.SHARED: "TENSQL018",
    Rank.WIDER: "TENSQL021",
    Rank.FK: "TENSQL011",
    Rank.LITERAL: "TENSQL007",
}
_WEAK_ASSUMPTIONS = {
    Rank.PRINCIPAL: "{0} is scoped by the caller's own key, which belongs to one tenant",
    Rank.WIDER: "all tenants of the narrower level that {0} belongs to may be seen together",
    Rank.SHARED: "rows of {0} without a tenant are meant for everyone",
    Rank.FK: "every foreign key of {0} stays inside its tenant",
    Rank.LITERAL: "the constant tenant of {0} is the caller's",
}


_UNGUARDED = frozenset({"TENSQL000", "TENSQL014"})
"""What policies don't help against: tables nobody knows, TRUNCATE and COPY."""


class Finding(NamedTuple):
    """What became of one obligation."""

    target: Target
    rank: Rank
    rule: str | None
    because: str
    opaque: bool = False
    value: str | None = None
    """The key of the value that proves it."""


def judge(w: Work) -> list[Finding]:
    """Decide every obligation of the statement, in the order of the text."""
    promote(w)
    for summary in w.summaries:
        _summarise(w, summary)
    if w.summaries:
        promote(w)
    contexts: dict[int, Context] = {}
    findings = [_guarded(w, _decide(w, target, contexts), contexts) for target in w.targets]
    proven = any(f.rank < Rank.NONE and f.rule is None for f in findings)
    writes = any(t.action != "select" for t in w.targets)
    if any(f.rank < Rank.NONE for f in findings):
        for text in w.named.values():
            w.assume(text)
    out: list[Finding] = []
    for finding in findings:
        if finding.rule == "TENSQL001" and proven and (finding.target.nested or writes):
            finding = finding._replace(rule="TENSQL010")
        out.append(finding)
    out.extend(_guarded(w, finding, contexts) for finding in _reassigned(w, contexts))
    return out


class Context:
    """What is known where a group contributes; shared by the obligations in it."""

    __slots__ = ("active", "conds", "dead", "ors", "strict", "w", "weak")

    def __init__(self, w: Work, group: Group, *, relaxed: bool = False) -> None:
        self.w = w
        self.dead = any(g.dead for g in group.ancestors())
        self.conds, self.active = reaching(w, group, relaxed=relaxed)
        self.strict = Closure(w)
        self.ors = self.strict.add(self.conds)
        self.weak: Closure | None = None

    def trusting(self) -> Closure:
        if self.weak is None:
            self.weak = Closure(self.w, weak=True)
            self.weak.add(self.conds)
        return self.weak


def _decide(w: Work, target: Target, contexts: dict[int, Context]) -> Finding:
    home = target.group.home()
    context = contexts.get(id(home))
    if context is None:
        context = contexts[id(home)] = Context(w, home)
    if context.dead:
        return Finding(target, Rank.PARAMETER, None, "the condition is never true")
    inst = w.insts[target.inst]
    table = inst.table
    if table is None and inst.key is None:
        return _unknown_table(w, target, context)
    if table is not None and table.ownership is Ownership.UNKNOWN:
        return _unclassified(w, target, context)
    if table is not None and target.action == "insert" and table.ownership is Ownership.ROOT:
        return Finding(target, Rank.PARAMETER, None, "a new tenant")
    if target.rule == "TENSQL014":
        return Finding(target, Rank.NONE, "TENSQL014", "no predicate can apply to TRUNCATE or COPY")
    rank, closure = _rank(w, target, context)
    if rank <= _PROVES:
        return Finding(target, rank, None, _path(w, target, closure), value=_value(closure, target, w))
    if rank < Rank.NONE:
        return _weak(w, target, table, rank, closure)
    return _unproven(w, target, table, context)


def _guarded(w: Work, finding: Finding, contexts: dict[int, Context]) -> Finding:
    """What the statement leaves open and policies of its tables close: weak, for it is the session that decides."""
    target = finding.target
    if not w.index.guarded or finding.rank is not Rank.NONE or finding.opaque or finding.rule in _UNGUARDED:
        return finding
    home = target.group.home()
    context = contexts.get(id(home)) or Context(w, home)
    closure = context.strict.copy()
    used: dict[str, Guard] = {}
    for i in sorted({*closure.nodes, target.inst}):
        guard = _guard(w, i)
        key = w.insts[i].key
        if guard is not None and key is not None:
            closure.lower(key, Rank.SETTING)
            used[w.insts[i].shape.table] = guard
    if not used:
        return finding
    rank = _read(w, target, _closed(closure, w, target))
    if rank > _PROVES and context.ors:
        rank = _split(w, target, closure, context.ors, context.active)
    if rank > _PROVES:
        return finding
    own = {target.table: used[target.table]} if target.table in used else used
    for table, guard in own.items():
        w.assume(
            f"it runs as a role that row level security of {table} binds, with {guard.context} set to the caller's"
        )
    shown = "; ".join(f"{table}: {', '.join(guard.policies[:3])}" for table, guard in own.items())
    return Finding(target, Rank.LITERAL, "TENSQL023", f"row level security admits only the caller's rows ({shown})")


def _guard(w: Work, inst: int) -> Guard | None:
    """The policies that a stored row has passed. A view reads with its owner's rights, unless it says otherwise."""
    shape, view = w.insts[inst].shape, w.insts[inst].view
    found = w.index.view(view) if view is not None else None
    if shape is None or (found is not None and not found.security_invoker):
        return None
    return w.index.guarded.get(shape.table)


def _weak(w: Work, target: Target, table: Table | None, rank: Rank, closure: Closure) -> Finding:
    because = _path(w, target, closure)
    if rank is Rank.SHARED and table is not None:
        if target.action != "select":
            rule = {"update": "TENSQL002", "delete": "TENSQL003", "insert": "TENSQL004"}[target.action]
            if target.action != "insert" or table.ownership is not Ownership.SHARED_NULL:
                return Finding(
                    target, Rank.NONE, target.rule or rule, "rows without a tenant, shared by all, are written"
                )
        elif table.ownership is Ownership.SHARED_NULL:
            return Finding(target, Rank.SET, None, because)
    w.assume(_WEAK_ASSUMPTIONS[rank].format(target.table))
    return Finding(target, rank, _WEAK_RULES[rank], because, value=_value(closure, target, w))


def _rank(w: Work, target: Target, context: Context) -> tuple[Rank, Closure]:
    """The best value the target's tenant is tied to whatever branch of an OR holds, without and then with trust."""
    strict = _closed(context.strict, w, target)
    rank = _read(w, target, strict)
    if rank > _PROVES and context.ors:
        rank = min(rank, _split(w, target, strict, context.ors, context.active))
    if rank <= Rank.WIDER:
        return rank, strict
    weak = _closed(context.trusting(), w, target)
    trusted = _read(w, target, weak)
    if trusted > _PROVES and context.ors:
        trusted = min(trusted, _split(w, target, weak, context.ors, context.active))
    if trusted < rank and trusted <= _PROVES:
        return Rank.FK, weak
    return rank, strict


def _closed(closure: Closure, w: Work, target: Target) -> Closure:
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


def _read(w: Work, target: Target, closure: Closure) -> Rank:
    key = w.insts[target.inst].key
    rank = Rank.NONE if key is None else closure.rank(key)
    if rank > Rank.PRINCIPAL and target.action != "insert" and target.rule != "TENSQL008":
        shape = w.insts[target.inst].shape
        if shape is not None and any(closure.rank(Col(target.inst, n)) <= _PROVES for n in shape.principal):
            return Rank.PRINCIPAL
    return rank


def _split(w: Work, target: Target, closure: Closure, ors: list[Or], active: frozenset[int]) -> Rank:
    """Case analysis: the worst of the branches, for the first disjunction that helps and those after it."""
    best = Rank.NONE
    for position, cond in enumerate(ors):
        if not all(_useful(w, branch) for branch in cond.branches):
            continue
        worst = Rank.PARAMETER
        for branch in cond.branches:
            w.spend(2)
            rank = _branch(w, target, closure, branch, ors[position + 1 :], active)
            worst = max(worst, rank)
            if worst is Rank.NONE:
                break
        best = min(best, worst)
        if best <= _PROVES:
            break
    return best


def _branch(w: Work, target: Target, closure: Closure, branch: Group, rest: list[Or], active: frozenset[int]) -> Rank:
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
    _closed(inner, w, target)
    rank = _read(w, target, inner)
    if rank > _PROVES and (more or rest):
        rank = min(rank, _split(w, target, inner, more + rest, active))
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


def _unclassified(w: Work, target: Target, context: Context) -> Finding:
    """A table the model knows and does not classify (which is a finding of its own, once for the table). Without a
    column that could name a tenant there is nothing to ask of a statement."""
    shape = w.insts[target.inst].shape
    if shape is None or shape.columns is None or shape.columns & w.index.tenant_names or not w.index.tenanted:
        return _unknown_table(w, target, context)
    w.assume(f"{target.table}, which is not classified, holds the same rows for every tenant")
    return Finding(target, Rank.LITERAL, "TENSQL000", "no column of it names a tenant, and no key leads to one")


def _unknown_table(w: Work, target: Target, context: Context) -> Finding:
    """A relation the model does not classify: the tenant column's name is the only thing to go by."""
    closure = context.strict
    for name in sorted(w.index.tenant_names):
        column = Col(target.inst, name)
        if column in closure.parent and closure.rank(column) <= _PROVES:
            w.assume(f"{name} is the tenant column of {target.table}, which the model does not know")
            rule = "TENSQL013" if "__hole_" in target.table else "TENSQL000"
            return Finding(target, Rank.LITERAL, rule, f"{name} is a caller's value")
    if "__hole_" in target.table:
        return Finding(target, Rank.NONE, "TENSQL013", "the table's name is interpolated", opaque=True)
    known = w.insts[target.inst].table is not None
    because = "the table is not classified" if known else "the tenancy model does not know this table"
    if not w.index.tenanted:
        because += ", nor whose any other table's rows are"
    return Finding(target, Rank.NONE, "TENSQL000", because, opaque=True)


def _unproven(w: Work, target: Target, table: Table | None, context: Context) -> Finding:
    """Why the obligation fails, as the rule that fits best."""
    rule = (
        target.rule
        or {"select": "TENSQL001", "update": "TENSQL002", "delete": "TENSQL003", "insert": "TENSQL004"}[target.action]
    )
    if table is not None and table.ownership is Ownership.CHILD and target.action == "insert":
        rule = "TENSQL019"
    if _has_hole(w, target, context.conds):
        return Finding(
            target, Rank.NONE, "TENSQL013", "interpolated text stands where the predicate could", opaque=True
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
            rank = _branch(w, target, _closed(context.trusting().copy(), w, target), branch, [], context.active)
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
    rank, _ = _rank(w, target, context)
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
            and context.strict.rank(Col(target.inst, name)) <= _PROVES
        ):
            because = f"{name} is a caller's value, but rows of {table.name} belong to a {tenant}"
            return Finding(target, Rank.NONE, "TENSQL021", because)
    return None


def _reason(w: Work, target: Target, table: Table | None, context: Context) -> str:
    if table is None:
        return "the tenant argument is not a caller's value"
    if table.ownership is Ownership.CHILD and table.parent is not None:
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


def _reassigned(w: Work, contexts: dict[int, Context]) -> list[Finding]:
    """Assignments to a tenant column that may change it."""
    out: list[Finding] = []
    for item in w.assigned:
        home = item.group.home()
        context = contexts.get(id(home)) or Context(w, home)
        table = w.insts[item.inst].table
        name = w.index.tenant_of(table) if table is not None else None
        if name is None or context.dead:
            continue
        own = Col(item.inst, name)
        value = item.term
        if (type(value) is Col or type(value) is Val) and context.strict.same(value, own):
            continue
        target = Target(item.inst, "update", item.table, item.place, item.group, nested=True, rule="TENSQL009")
        out.append(
            Finding(target, Rank.NONE, "TENSQL009", f"{item.table}.{name} is assigned: the row changes its tenant")
        )
    return out


def _summarise(w: Work, summary: Summary) -> None:
    """Give a summarised relation the values all its sources agree on; for recursion, by fix-point."""
    first_group, first_terms = summary.sources[0]
    closure = Closure(w)
    closure.add(reaching(w, first_group)[0])
    closure.saturate()
    candidates: dict[int, set[Val]] = {}
    for i, term in enumerate(first_terms):
        if type(term) is Col or type(term) is Val:
            root = closure.find(term)
            candidates[i] = {n for n in list(closure.parent) if type(n) is Val and closure.find(n) == root}
    if len(summary.sources) > 1 and summary.self_inst is not None:
        group, terms = summary.sources[1]
        changed = True
        while changed:
            changed = False
            w.spend(4)
            inner = Closure(w)
            for i, values in candidates.items():
                for value in values:
                    inner.union(Col(summary.self_inst, str(i)), value, "recursion")
            inner.add(reaching(w, group)[0])
            inner.saturate()
            for i, values in candidates.items():
                later = terms[i] if i < len(terms) else None
                keep = {v for v in values if (type(later) is Col or type(later) is Val) and inner.same(later, v)}
                if keep != values:
                    candidates[i] = keep
                    changed = True
        for i, values in candidates.items():
            group.conds.extend(Same(Col(summary.self_inst, str(i)), v, "recursion") for v in sorted(values))
    home = summary.group.home()
    for i, values in candidates.items():
        home.conds.extend(Same(Col(summary.inst, str(i)), v, "always") for v in sorted(values))


def _value(closure: Closure, target: Target, w: Work) -> str | None:
    key = w.insts[target.inst].key
    if key is None:
        return None
    root = closure.find(key)
    values = sorted(n.key for n in closure.parent if type(n) is Val and n.rank <= _PROVES and closure.find(n) == root)
    return values[0] if values else None


def _path(w: Work, target: Target, closure: Closure) -> str:
    """The chain of equalities from the tenant column to the value, as text."""
    key = w.insts[target.inst].key
    if key is None:
        return ""
    for left, right, why in closure.edges:
        if left == key and type(right) is Val and right.rank <= _PROVES:
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
    return f"{inst.alias}.{column}"
