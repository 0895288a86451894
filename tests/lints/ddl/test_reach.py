"""A wrapper that sets the tenant for policies helps as far as the policies reach, and no further."""

from __future__ import annotations

from typing import Any

import pytest

from lints.scan import scan
from lints.schema import build_model, read_declarations

POLICIES = """
CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, name text);
ALTER TABLE boats ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON boats USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
CREATE TABLE users (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, email text);
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY open ON users USING (true);
CREATE TABLE berths (id uuid PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE VIEW names AS SELECT id, name FROM boats;
CREATE VIEW safe_names WITH (security_invoker = true) AS SELECT id, name FROM boats;
"""
NO_POLICIES = "CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, name text);"
DECLARED = read_declarations(
    {"carriers": [{"call": "withTenant", "trust": "sets_context", "reason": "SET LOCAL, and the policies confine"}]}
)
CASES: dict[str, tuple[str, str, str, str]] = {
    "confined": (POLICIES, "SELECT name FROM boats WHERE id = %s", "weak", "taken as scoped"),
    "an open policy": (POLICIES, "SELECT email FROM users WHERE id = %s", "violation", "TENDDL004, migrations/1.sql:7"),
    "no policy": (POLICIES, "SELECT id FROM berths WHERE id = %s", "violation", "row level security of berths is not enabled"),
    "past the policies": (POLICIES, "SELECT name FROM names WHERE id = %s", "violation", "names goes around them (TENDDL007)"),
    "through an invoker's view": (POLICIES, "SELECT name FROM safe_names WHERE id = %s", "weak", "taken as scoped"),
    "TRUNCATE": (POLICIES, "TRUNCATE boats", "violation", "no policy is asked about it"),
    "policies live elsewhere": (NO_POLICIES, "SELECT name FROM boats WHERE id = %s", "weak", "taken as scoped"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_carrier_is_worth_its_policies(name: str) -> None:
    schema, sql, verdict, said = CASES[name]
    code = f'def load(db, key):\n    return db.withTenant("""{sql}""", (key,))\n'
    declared: Any = DECLARED
    model = build_model({"migrations/1.sql": schema.encode()}, declared)
    (row,) = scan([("app/boats.py", code.encode())], model, declared=declared).accesses

    assert (row.verdict, row.carrier) == (verdict, "withTenant")
    assert said in row.why
