"""What is said of a schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lints.tenancy import Origin

RULES: Mapping[str, str] = {
    "TENDDL001": "row level security is off",
    "TENDDL002": "the table's owner is exempt from row level security",
    "TENDDL003": "row level security without a policy that admits anything",
    "TENDDL004": "a policy admits other tenants' rows",
    "TENDDL005": "a policy fails open without a tenant",
    "TENDDL006": "a policy lets rows be written for another tenant",
    "TENDDL007": "a view reads with its owner's rights",
    "TENDDL008": "a materialized view has no row level security",
    "TENDDL009": "a function runs with its owner's rights",
    "TENDDL010": "rows without a tenant can exist",
    "TENDDL011": "no index leads with the tenant",
    "TENDDL012": "a unique key spans tenants",
    "TENDDL013": "a foreign key can lead to another tenant's row",
    "TENDDL014": "a role ignores row level security",
    "TENDDL015": "a privilege goes around row level security",
}
"""Rule id to what is wrong. A table that is not classified (016 of the catalogue) is judged from `Model.tables`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, at the statement that makes it so.

    `subject` names the object and identifies the finding beside its rule: no line, no wording. `fix` is SQL, one
    statement a line, that makes the finding go away; where it needs a decision, it says so in a comment.
    """

    rule: str
    subject: str
    table: str | None
    why: str
    fix: str
    origin: Origin
    owned_because: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaFacts:
    """Everything that was found and how much was looked at."""

    findings: tuple[Finding, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)
