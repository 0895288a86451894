"""The schema under judgement: whose tables, which roles count, and how names and tenants are written in a fix."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from lints.patterns import regex
from lints.schema.declared import Declarations, Means
from lints.schema.facts import Policy, Relation, SourceModel
from lints.schema.paths import dialect_of
from lints.tenancy import Ownership, Table

TENANTS = frozenset({Ownership.OWNED, Ownership.SHARED_NULL, Ownership.CHILD, Ownership.ROOT})
KEYED = frozenset({"postgres", "redshift", "mysql", "sqlite", "tsql"})
"""Dialects whose engines enforce keys."""
_PLAIN = regex(r"[a-z_][a-z0-9_]*\Z")
_SETTING = regex(r"current_setting\s*\(\s*'([\w.]+)'", re.IGNORECASE)
_PLATFORM_ROLES = frozenset({"service_role", "postgres", "supabase_admin", "supabase_auth_admin", "rds_superuser"})
"""Roles of hosted platforms that ignore row level security anyway, so that a policy for one changes nothing."""
_KEYWORDS = frozenset({"user", "order", "group", "table", "column", "check", "default", "grant", "end", "case", "when"})


class Subject:
    """A model with its schema, and what the rules ask of it again and again."""

    def __init__(self, model: SourceModel, declared: Declarations) -> None:
        self.model = model
        self.schema = model.schema
        self.declared = declared
        dialects = {name: dialect_of(r.origin.path) or model.dialect for name, r in model.schema.relations.items()}
        self.dialects = {name: spoken for name, spoken in dialects.items() if spoken in KEYED}
        """The dialect of each table whose engine enforces keys."""
        self.owned = {
            name: table for name, table in model.tables.items() if table.ownership in TENANTS and name in self.dialects
        }
        self.partitions = {
            name for name, relation in self.schema.relations.items() if relation.parent_partition is not None
        }
        self.columns = frozenset(column for r in self.schema.relations.values() for column in r.columns)
        self.by_table: dict[str, list[Policy]] = {}
        for policy in self.schema.policies:
            self.by_table.setdefault(policy.table, []).append(policy)
        isolation = declared.isolation
        declared_so = isolation is not None and isolation.by is Means.ROW_SECURITY
        self.row_security = model.dialect == "postgres" and (declared_so or any(map(self.enabled, self.owned)))
        self.everywhere = isolation is None or isolation.by is Means.ROW_SECURITY
        """Whether a table without row level security is a finding at all."""
        self.roles = self._reachable(isolation.roles) if isolation is not None and isolation.roles else None
        """What the service can act as; None if nobody said."""
        self.setting = self._setting()
        self.judged: dict[tuple[str, str, bool], tuple[str | None, str]] = {}
        """What was found of a table's expression, as one for new rows or not: commands share their policies."""

    def relation(self, name: str) -> Relation:
        return self.schema.relations[name]

    def enabled(self, name: str) -> bool:
        security = self.schema.relations[name].row_security
        return security is not None and security.enabled

    def _reachable(self, roles: Iterable[str]) -> frozenset[str]:
        found = set(roles)
        waiting = list(found)
        while waiting:
            role = self.schema.roles.get(waiting.pop())
            for group in set(role.member_of) - found if role is not None else ():
                found.add(group)
                waiting.append(group)
        return frozenset(found | {"public"})

    def ignores_policies(self, role: str) -> bool:
        """Whether a role is known to be above policies."""
        known = self.schema.roles.get(role)
        return role in _PLATFORM_ROLES or (known is not None and (known.superuser or known.bypasses))

    def counts(self, roles: Iterable[str]) -> bool:
        """Whether one of these roles may be the service's. Where nobody said, all that policies bind."""
        if self.roles is not None:
            return bool(self.roles & set(roles))
        return not all(self.ignores_policies(role) for role in roles)

    def declared_roles(self) -> tuple[str, ...]:
        """The roles that the service connects as, as declared."""
        return self.declared.isolation.roles if self.declared.isolation is not None else ()

    def _setting(self) -> str:
        if self.model.settings:
            return min(self.model.settings)
        texts = [f"{policy.using} {policy.check}" for policy in self.schema.policies]
        found = Counter(name for text in texts for name in _SETTING.findall(text))
        tenant = next(iter(sorted(self.model.tenant_columns)), "tenant_id")
        return found.most_common(1)[0][0] if found else f"app.{tenant}"

    # What a fix is made of

    def named(self, name: str) -> str:
        """A table of the model as SQL names it."""
        relation = self.schema.relations.get(name)
        if relation is None or relation.schema is None:
            return quoted(name)
        return f"{quoted(relation.schema)}.{quoted(relation.name)}"

    def context(self, table: Table) -> str:
        """The caller's tenant, in the type of the table's tenant column."""
        column = table.columns.get(table.tenant_column or "")
        kind = column.type if column is not None else ""
        cast = "" if kind in ("", "text", "varchar", "string") or kind.startswith(("varchar", "char")) else f"::{kind}"
        return f"NULLIF(current_setting('{self.setting}', true), ''){cast}"

    def confining(self, name: str) -> str:
        """A condition that admits only the caller's rows."""
        table = self.owned[name]
        if table.tenant_column is not None:
            return f"{quoted(table.tenant_column)} = {self.context(table)}"
        if table.parent is None or table.parent.references not in self.owned:
            return "false"
        parent = table.parent.references
        columns = table.parent.referenced_columns or self.owned[parent].primary_key
        own = ", ".join(map(quoted, table.parent.columns))
        theirs = ", ".join(map(quoted, columns))
        inner = self.confining(parent) if parent != name else "false"
        left = f"({own})" if len(table.parent.columns) > 1 else own
        return f"{left} IN (SELECT {theirs} FROM {self.named(parent)} WHERE {inner})"  # noqa: S608 - never run


def quoted(name: str) -> str:
    """An identifier, quoted where it must be."""
    plain = _PLAIN.match(name) and name not in _KEYWORDS
    return name if plain else '"' + name.replace('"', '""') + '"'
