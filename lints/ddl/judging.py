"""All rules over one schema."""

from __future__ import annotations

from lints.ddl import keys, row_security, ways_around
from lints.ddl.result import Finding, SchemaFacts
from lints.ddl.subject import Subject
from lints.schema.declared import Declarations
from lints.schema.facts import SourceModel
from lints.tenancy import Model


def judged(model: Model, declared: Declarations) -> SchemaFacts:
    """See `lints.ddl.judge_schema`."""
    if not isinstance(model, SourceModel):
        return SchemaFacts()
    subject = Subject(model, declared)
    findings: list[Finding] = []
    confining = 0
    if subject.row_security:
        findings += row_security.tables(subject)
        of_policies, confining = row_security.policies(subject)
        findings += of_policies
        findings += ways_around.findings(subject)
    findings += keys.findings(subject)
    by_key = {(finding.rule, finding.subject): finding for finding in reversed(findings)}
    ordered = sorted(by_key.values(), key=lambda f: (f.rule, f.origin.path, f.origin.line, f.subject))
    schema = subject.schema
    return SchemaFacts(
        findings=tuple(ordered),
        numbers={
            "tables": len(schema.relations),
            "tables_owned": len(subject.owned),
            "tables_row_security": sum(map(subject.enabled, subject.owned)),
            "policies": len(schema.policies),
            "policies_confining": confining,
            "keys": sum(len(relation.keys) for relation in schema.relations.values()),
        },
    )
