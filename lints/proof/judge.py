"""From conditions to a verdict: which obligations follow, by what value, and what is wrong with those that don't."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lints.proof.facts import Closure, promote, reaching
from lints.proof.ir import (
    Col,
    Group,
    Rank,
    Same,
    Target,
    Term,
    Trusted,
    Val,
)
from lints.proof.ranking import PROVES, Context, closed, rank_of, read, split
from lints.proof.reasons import Finding, path_to, unproven, value_of
from lints.proof.work import Summary, Work
from lints.tenancy import Ownership, Table

if TYPE_CHECKING:
    from lints.schema.facts import Guard

_WEAK_RULES = {
    Rank.PRINCIPAL: "TENSQL022",
    Rank.SHARED: "TENSQL018",
    Rank.WIDER: "TENSQL021",
    Rank.FK: "TENSQL011",
    Rank.LITERAL: "TENSQL007",
}
_WEAK_ASSUMPTIONS = {
    Rank.WIDER: "all tenants of the narrower level that {0} belongs to may be seen together",
    Rank.SHARED: "rows of {0} without a tenant are meant for everyone",
    Rank.FK: "every foreign key of {0} stays inside its tenant",
    Rank.LITERAL: "the constant tenant of {0} is the caller's",
}


_NONE, _SET, _UNKNOWN = Rank.NONE, Rank.SET, Ownership.UNKNOWN
_UNGUARDED = frozenset({"TENSQL000", "TENSQL014"})
"""What policies don't help against: tables nobody knows, TRUNCATE and COPY."""


def judge(w: Work) -> list[Finding]:
    """Decide every obligation of the statement, in the order of the text."""
    promote(w)
    for summary in w.summaries:
        _summarise(w, summary)
    if w.summaries:
        promote(w)
    contexts: dict[int, Context] = {}
    findings: list[Finding] = []
    holds = proven = writes = False
    for target in w.targets:
        finding = _guarded(w, _decide(w, target, contexts), contexts)
        findings.append(finding)
        if finding.rank < _NONE:
            holds = True
            proven = proven or finding.rule is None
        writes = writes or target.action != "select"
    if holds:
        for text in w.named.values():
            w.assume(text)
    if proven:
        findings = [
            f._replace(rule="TENSQL010") if f.rule == "TENSQL001" and (f.target.nested or writes) else f
            for f in findings
        ]
    findings.extend(_guarded(w, finding, contexts) for finding in _reassigned(w, contexts))
    return findings


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
    if table is not None and table.ownership is _UNKNOWN:
        return _unclassified(w, target, context)
    if table is not None and target.action == "insert" and table.ownership is Ownership.ROOT:
        return Finding(target, Rank.PARAMETER, None, "a new tenant")
    if target.rule == "TENSQL014":
        return Finding(target, Rank.NONE, "TENSQL014", "no predicate can apply to TRUNCATE or COPY")
    rank, closure = rank_of(w, target, context)
    if rank is _SET and _tenants_listed(w, target, table, closure):
        w.assume(f"each {target.table} of the list is one of the caller's")
        because = f"{path_to(w, target, closure)}: several tenants, by a list of their keys"
        return Finding(target, rank, "TENSQL020", because)
    if rank <= PROVES:
        return Finding(target, rank, None, path_to(w, target, closure), value=value_of(closure, target, w))
    if rank < _NONE:
        return _weak(w, target, table, rank, closure)
    return unproven(w, target, table, context)


def _tenants_listed(w: Work, target: Target, table: Table | None, closure: Closure) -> bool:
    """Whether rows that are tenants themselves are asked for by a list of their keys. A list of tenants that other
    rows belong to is the caller's word for whom it works for; keys of tenants are what any job has in its hands."""
    if table is None:
        return False
    shape = w.index.shape(table)
    key = shape.own if table.ownership is Ownership.ROOT else shape.level
    own = Col(target.inst, key or "")
    return key is not None and any(
        own in edge and any(type(side) is Val and side.rank is Rank.SET for side in edge[:2]) for edge in closure.edges
    )


def _guarded(w: Work, finding: Finding, contexts: dict[int, Context]) -> Finding:
    """What the statement leaves open and policies of its tables close: weak, for it is the session that decides."""
    target = finding.target
    if not w.index.guarded or finding.rank is not _NONE or finding.opaque or finding.rule in _UNGUARDED:
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
    rank = read(w, target, closed(closure, w, target))
    if rank > PROVES and context.ors:
        rank = split(w, target, closure, context.ors, context.active)
    if rank > PROVES:
        return finding
    own = {target.table: used[target.table]} if target.table in used else used
    for table, guard in own.items():
        owner = "none with BYPASSRLS" if guard.forced else "none with BYPASSRLS, nor its owner"
        w.assume(
            f"it runs as a role that row level security of {table} binds ({owner}), with {guard.context} set to the"
            " caller's in its transaction"
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
    because = path_to(w, target, closure)
    if rank is Rank.SHARED and table is not None:
        if target.action != "select":
            rule = {"update": "TENSQL002", "delete": "TENSQL003", "insert": "TENSQL004"}[target.action]
            if target.action != "insert" or table.ownership is not Ownership.SHARED_NULL:
                return Finding(
                    target, Rank.NONE, target.rule or rule, "rows without a tenant, shared by all, are written"
                )
        elif table.ownership is Ownership.SHARED_NULL:
            return Finding(target, Rank.SET, None, because)
    if rank is Rank.PRINCIPAL and table is not None:
        w.assume(_of_caller(w, target, table, closure))
    else:
        w.assume(_WEAK_ASSUMPTIONS[rank].format(target.table))
    return Finding(target, rank, _WEAK_RULES[rank], because, value=value_of(closure, target, w))


def _of_caller(w: Work, target: Target, table: Table, closure: Closure) -> str:
    """What is taken for granted of rows that the caller's own key picks: somebody who is in several tenants has rows in
    each of them."""
    shape = w.index.shape(table)
    given = [n for n in shape.principal if closure.rank(Col(target.inst, n)) < Rank.SET]
    if not given:
        return f"rows of {target.table} in each tenant that the caller has a row in are meant"
    column = given[0]
    if table.ownership is Ownership.ROOT:
        return f"what {column} of {target.table} refers to is the caller's"
    others = (w.index.loose(k.columns[0]) for k in table.foreign_keys if len(k.columns) == 1)
    beside = next((n for n in others if n != column and closure.rank(Col(target.inst, n)) < Rank.SET), None)
    if beside is not None:
        return f"{column} of {target.table} is the caller, who may have the row, whichever tenant {beside} is of"
    several = w.index.several(table, column)
    if several is None:
        return f"{column} of {target.table} is the caller's own key, which belongs to one tenant"
    return f"{column} of {target.table} is the caller, whose rows in every tenant are meant: {several}"


def _unclassified(w: Work, target: Target, context: Context) -> Finding:
    """A table the model knows and does not classify (which is a finding of its own, once for the table). Without a
    column that could name a tenant there is nothing to ask of a statement."""
    shape = w.insts[target.inst].shape
    if shape is None or shape.columns is None or shape.columns & w.index.tenant_names or not w.index.tenanted:
        return _unknown_table(w, target, context)
    w.assume(f"no other tenant's rows of {target.table}, which is not classified, are reached")
    return Finding(target, Rank.LITERAL, "TENSQL000", "no column of it names a tenant, and no key leads to one")


def _unknown_table(w: Work, target: Target, context: Context) -> Finding:
    """A relation the model does not classify: the tenant column's name is the only thing to go by."""
    closure = context.strict
    for name in sorted(w.index.tenant_names):
        column = Col(target.inst, name)
        if column in closure.parent and closure.rank(column) <= PROVES:
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
    trusted: dict[int, set[Val]] = {}
    if len(summary.sources) > 1 and summary.self_inst is not None:
        started = {i: set(found) for i, found in candidates.items()}
        group, terms = summary.sources[1]
        _kept(w, summary.self_inst, group, terms, candidates, weak=False)
        if candidates != started:
            trusted = started
            _kept(w, summary.self_inst, group, terms, trusted, weak=True)
            trusted = {i: found - candidates[i] for i, found in trusted.items()}
        _say(group, summary.self_inst, candidates, trusted, "recursion")
    _say(summary.group.home(), summary.inst, candidates, trusted, "always")


def _kept(
    w: Work, inst: int, group: Group, terms: tuple[Term, ...], candidates: dict[int, set[Val]], *, weak: bool
) -> None:
    """Leave of the values that the first rows have those that each step hands down."""
    changed = True
    while changed:
        changed = False
        w.spend(4)
        inner = Closure(w, weak=weak)
        for i, values in candidates.items():
            for value in values:
                inner.union(Col(inst, str(i)), value, "recursion")
        inner.add(reaching(w, group)[0])
        inner.saturate()
        for i, values in candidates.items():
            later = terms[i] if i < len(terms) else None
            keep = {v for v in values if (type(later) is Col or type(later) is Val) and inner.same(later, v)}
            if keep != values:
                candidates[i] = keep
                changed = True


def _say(group: Group, inst: int, known: dict[int, set[Val]], trusted: dict[int, set[Val]], why: str) -> None:
    for i, values in known.items():
        group.conds.extend(Same(Col(inst, str(i)), v, why) for v in sorted(values))
    for i, values in trusted.items():
        group.conds.extend(Trusted(Col(inst, str(i)), v, why) for v in sorted(values))
