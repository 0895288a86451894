"""Tables whose own policies keep their rows apart, whatever a statement asks: a fact for the proof, never the proof."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from lints.ddl.row_security import judge
from lints.ddl.subject import Subject
from lints.patterns import regex
from lints.schema.declared import Declarations
from lints.schema.facts import Guard, Policy, SourceModel
from lints.tenancy import Model

_SETTING = regex(r"current_setting\s*\(\s*'([\w.]+)'", re.IGNORECASE)


def with_guards(model: Model, declared: Declarations) -> Model:
    """The model with its guarded tables: row level security is enabled, and forced or the service is declared to
    connect as roles that don't own them, a policy admits rows, and every policy that admits some confines them, those
    that are read and those that are written.

    Nothing is guarded where policies are put together at run time, nor where `tenancy.yaml` says that statements
    alone keep tenants apart.
    """
    if not isinstance(model, SourceModel) or model.schema.assembled:
        return model
    subject = Subject(model, declared)
    if not subject.row_security or not subject.everywhere:
        return model
    return replace(model, guarded=_guards(subject))


def _guards(subject: Subject) -> Mapping[str, Guard]:
    found: dict[str, Guard] = {}
    for name, table in subject.owned.items():
        security = subject.relation(name).row_security
        if security is None or not security.enabled or subject.dialects[name] != "postgres":
            continue
        owner = subject.relation(name).owner
        if not security.forced and (subject.roles is None or owner in subject.roles):
            continue  # the service may own the table, and policies don't bind its owner
        own = [policy for policy in subject.by_table.get(name, ()) if subject.counts(policy.roles)]
        admitting = [p for p in own if p.permissive and (p.using is not None or p.check is not None)]
        if admitting and not any(j.rule for policy in admitting for j in judge(subject, name, policy, own)):
            names = tuple(p.name for p in admitting)
            found[table.name] = Guard(policies=names, context=_context(admitting), forced=security.forced)
    return found


def _context(policies: list[Policy]) -> str:
    """What the session must hold for the policies to admit the caller's rows."""
    settings = {name for p in policies for name in _SETTING.findall(f"{p.using} {p.check}")}
    return " and ".join(sorted(settings)) or "what its policies ask for"
