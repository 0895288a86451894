"""Row level security as PostgreSQL applies it: TENDDL001 to 006, each policy judged by the proof engine.

A row is reached through a policy if its expression and those of all restrictive policies for the same command hold
(CREATE POLICY, "Details of policy handling"). A permissive policy without an expression admits nothing. INSERT and
UPDATE check new rows with WITH CHECK or, where an ALL or UPDATE policy has none, with USING. So a permissive policy
confines if, together with the restrictive ones that bind the same roles, it proves the tenant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lints.ddl.helpers import written_out
from lints.ddl.result import Finding
from lints.ddl.seeing import seen_through
from lints.ddl.subject import Subject, quoted
from lints.proof import Proof, Verdict, prove_policy
from lints.schema.facts import Policy
from lints.tenancy import Origin, Ownership, Table

_READS = ("select", "update", "delete")
_WRITES = ("insert", "update")
_REPAIRED = 100
"""Partitions that a repair names."""
_HOLDS = frozenset({"TENSQL011", "TENSQL020", "TENSQL022"})
"""What a policy may rest on: a parent's row, one of several of the caller's values, the caller's own key."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one expression admits: nothing wrong if `rule` is None."""

    rule: str | None
    why: str
    commands: tuple[str, ...]


def tables(subject: Subject) -> Iterator[Finding]:
    """TENDDL001, 002 and 003."""
    schema = subject.schema
    unprotected: dict[str, list[str]] = {}
    for name, table in subject.owned.items():
        relation = subject.relation(name)
        if subject.dialects[name] != "postgres":
            continue
        security = relation.row_security
        if not subject.enabled(name):
            if not subject.everywhere or (schema.assembled and security is None):
                continue
            if relation.parent_partition is not None:
                unprotected.setdefault(relation.parent_partition, []).append(name)
                continue
            yield _off(subject, name, table)
            continue
        if security is None:
            continue
        if not security.forced and (subject.roles is None or relation.owner in subject.roles):
            owner = f"its owner {relation.owner}" if relation.owner else "its owner"
            yield Finding(
                rule="TENDDL002",
                subject=name,
                table=name,
                why=f"row level security of {name} is not forced: {owner} sees every tenant's rows, and so does a"
                " service that connects as the role that ran the migrations",
                fix=f"ALTER TABLE {subject.named(name)} FORCE ROW LEVEL SECURITY;",
                origin=security.origin,
                owned_because=table.origin,
            )
        if name in subject.partitions:
            continue  # who reads the parent is judged by the parent's policies; nobody else is admitted
        admitting = [p for p in subject.by_table.get(name, ()) if p.permissive and subject.counts(p.roles) and _some(p)]
        if not admitting and not schema.assembled:
            yield Finding(
                rule="TENDDL003",
                subject=name,
                table=name,
                why=f"row level security of {name} is on and no policy admits a row: nobody but its owner and roles"
                " above policies can use it, so that a test of its isolation tests nothing",
                fix=_policy(subject, name),
                origin=security.origin,
                owned_because=table.origin,
            )
    for parent, names in unprotected.items():
        if parent in subject.owned and subject.enabled(parent):
            yield _partitions(subject, parent, sorted(names))


def _some(policy: Policy) -> bool:
    return policy.using is not None or policy.check is not None


def _off(subject: Subject, name: str, table: Table) -> Finding:
    security = subject.relation(name).row_security
    origin = security.origin if security is not None else subject.relation(name).origin
    how = "is switched off again" if security is not None else "was never enabled"
    named = subject.named(name)
    lines = [f"ALTER TABLE {named} ENABLE ROW LEVEL SECURITY;", f"ALTER TABLE {named} FORCE ROW LEVEL SECURITY;"]
    if not any(p.permissive for p in subject.by_table.get(name, ())):
        lines.append(_policy(subject, name))
    return Finding(
        rule="TENDDL001",
        subject=name,
        table=name,
        why=f"{name} holds rows of tenants and row level security {how}: whoever may read it reads all tenants' rows",
        fix="\n".join(lines),
        origin=Origin(path=origin.path, line=origin.line, why=f"row level security {how}"),
        owned_because=table.origin,
    )


def _partitions(subject: Subject, parent: str, names: list[str]) -> Finding:
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    lines = [
        f"ALTER TABLE {subject.named(name)} {verb} ROW LEVEL SECURITY;"
        for name in names[:_REPAIRED]
        for verb in ("ENABLE", "FORCE")
    ]
    if len(names) > _REPAIRED:
        lines.append(f"-- and the same for {len(names) - _REPAIRED} more partitions of {parent}")
    return Finding(
        rule="TENDDL001",
        subject=f"partitions of {parent}",
        table=parent,
        why=f"policies of {parent} do not hold for whoever names its partitions: {shown}",
        fix="\n".join(lines),
        origin=subject.relation(names[0]).origin,
        owned_because=subject.owned[parent].origin,
    )


def _policy(subject: Subject, name: str) -> str:
    return f"CREATE POLICY tenant_isolation ON {subject.named(name)} USING ({subject.confining(name)});"


def policies(subject: Subject) -> tuple[list[Finding], int]:
    """TENDDL004 to 006, and the number of policies that confine."""
    findings: list[Finding] = []
    confining = 0
    for name, table in subject.owned.items():
        if not subject.enabled(name):
            continue
        own = [policy for policy in subject.by_table.get(name, ()) if subject.counts(policy.roles)]
        for policy in own:
            if not policy.permissive:
                continue
            reading, writing = judge(subject, name, policy, own)
            wrong = [_finding(subject, name, table, policy, found) for found in (reading, writing) if found.rule]
            # A new row is checked with USING where there is no WITH CHECK: one defect, said once.
            if len(wrong) > 1 and policy.check is None:
                wrong = wrong[:1]
            confining += not wrong
            findings += wrong
    return findings, confining


def judge(subject: Subject, name: str, policy: Policy, own: list[Policy]) -> tuple[Judgement, Judgement]:
    """What a permissive policy lets be read, and what it lets be written, beside the restrictive ones in `own`."""
    commands = (*_READS, "insert") if policy.command == "all" else (policy.command,)
    restrictive = [other for other in own if not other.permissive and _binds(subject, other, policy)]
    reading = [(c, policy.using, [r.using for r in _for(restrictive, c)]) for c in commands if c in _READS]
    writing = [(c, _check(policy, c), [_check(r, c) for r in _for(restrictive, c)]) for c in commands if c in _WRITES]
    return _judged(subject, name, policy, reading, check=False), _judged(subject, name, policy, writing, check=True)


def _binds(subject: Subject, restrictive: Policy, policy: Policy) -> bool:
    """Whether everybody whom the policy admits is restricted too."""
    roles = set(policy.roles)
    if subject.roles is not None:
        roles = roles & subject.roles if "public" not in roles else set(subject.declared_roles())
    return "public" in restrictive.roles or roles <= set(restrictive.roles)


def _for(restrictive: list[Policy], command: str) -> list[Policy]:
    return [policy for policy in restrictive if policy.command in ("all", command)]


def _check(policy: Policy, command: str) -> str | None:
    """The expression for new rows."""
    if policy.check is not None or policy.command == "insert":
        return policy.check
    return policy.using if policy.command in ("all", command) else None


def _judged(
    subject: Subject,
    name: str,
    policy: Policy,
    cases: list[tuple[str, str | None, list[str | None]]],
    *,
    check: bool,
) -> Judgement:
    bad: dict[tuple[str, str], list[str]] = {}
    for command, expression, others in cases:
        if expression is None:
            continue
        whole = " AND ".join(f"({part})" for part in (expression, *(o for o in others if o is not None)))
        rule, why = _rule(subject, name, whole, check=check)
        if rule is not None:
            bad.setdefault((rule, why), []).append(command)
    if not bad:
        return Judgement(None, "", ())
    (rule, why), commands = min(bad.items(), key=lambda item: (item[0][0] != "TENDDL005", -len(item[1])))
    return Judgement(rule, why, tuple(commands))


def _rule(subject: Subject, name: str, expression: str, *, check: bool) -> tuple[str | None, str]:
    known = subject.judged.get((name, expression, check))
    if known is None:
        known = subject.judged[name, expression, check] = _asked(subject, name, expression, check=check)
    return known


def _asked(subject: Subject, name: str, expression: str, *, check: bool) -> tuple[str | None, str]:
    seen = seen_through(subject, name, expression)
    meant = written_out(seen, name.rpartition(".")[2], subject.schema.routines, subject.columns)
    proof = prove_policy(name, meant, subject.model, check=check, dialect="postgres")
    rule = "TENDDL006" if check else "TENDDL004"
    if proof.verdict is Verdict.PROVEN:
        return None, ""
    if proof.verdict in (Verdict.OPAQUE, Verdict.UNPARSED):
        return rule, f"is not shown to confine ({proof.reason or _because(proof)})"
    if proof.verdict is Verdict.WEAK:
        held = [r for r in proof.rules if r not in _HOLDS]
        if not held:
            return None, ""
        if "TENSQL018" in held:
            return rule, "admits rows without a tenant; if they are meant for everyone, declare the table shared_null"
        if "TENSQL007" in held:
            return rule, "compares the tenant with a constant: everybody gets that tenant's rows"
        return rule, _because(proof)
    found = proof.rules[0] if proof.rules else rule
    return (found if found in ("TENDDL004", "TENDDL005", "TENDDL006") else rule), _because(proof)


def _because(proof: Proof) -> str:
    said = next((r.why_not or r.proven_by for r in proof.references[:1]), None)
    if said is not None and said.startswith("a parameter's value"):
        return "what it asks of the setting holds for every row when the setting is missing or empty"
    return said or proof.reason or "it is not understood"


def _finding(subject: Subject, name: str, table: Table, policy: Policy, found: Judgement) -> Finding:
    own_words = found.why.startswith(("is not", "admits", "compares"))
    commands = ", ".join(command.upper() for command in found.commands)
    writes = found.rule == "TENDDL006"
    clause = "WITH CHECK" if writes and (policy.check is not None or policy.command == "insert") else "USING"
    what = {
        "TENDDL004": f"policy {policy.name} lets {commands} reach other tenants' rows of {name}",
        "TENDDL005": f"policy {policy.name} opens {name} to {commands} when no tenant is set",
        "TENDDL006": f"policy {policy.name} lets {commands} leave rows of {name} to another tenant",
    }[found.rule or "TENDDL004"]
    own = f"ALTER POLICY {quoted(policy.name)} ON {subject.named(name)} {clause} ({subject.confining(name)});"
    if table.ownership is Ownership.SHARED_NULL and not writes:
        column = quoted(table.tenant_column or "")
        own = own.replace(");", f" OR {column} IS NULL);") if own.endswith(");") else own
    return Finding(
        rule=found.rule or "TENDDL004",
        subject=f"policy {policy.name} on {name}" + (" (new rows)" if writes else ""),
        table=name,
        why=f"{what}: it {found.why}" if own_words else f"{what}: {found.why}",
        fix=own,
        origin=policy.origin,
        owned_because=table.origin,
    )
