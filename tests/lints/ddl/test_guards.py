"""Row level security as a fact for the proof: what it admits is weakly scoped, with its conditions named."""

from __future__ import annotations

import pytest

from lints.ddl.guards import with_guards
from lints.proof import prove
from lints.scan import scan
from lints.schema import build_model, read_declarations
from lints.tenancy import Model

TABLES = """
CREATE TABLE tenants (id uuid PRIMARY KEY, slug text UNIQUE);
CREATE TABLE boats (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), name text);
CREATE TABLE logs (id bigint PRIMARY KEY, boat_id bigint NOT NULL REFERENCES boats (id), text text);
CREATE TABLE crews (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), name text);
CREATE VIEW names AS SELECT id, name FROM boats;
CREATE VIEW own_names WITH (security_invoker = true) AS SELECT id, name FROM boats;
CREATE MATERIALIZED VIEW kept_names AS SELECT id, name FROM boats;
"""
ON = "ALTER TABLE boats ENABLE ROW LEVEL SECURITY;"
FORCED = "ALTER TABLE boats FORCE ROW LEVEL SECURITY;"
OWN = "(tenant_id = current_setting('app.tenant')::uuid)"
POLICY = f"CREATE POLICY isolation ON boats USING {OWN} WITH CHECK {OWN};"
READ = "SELECT name FROM boats WHERE id = $1"
APP = {"isolation": {"by": "row_security", "roles": ["app"]}}
MIGRATION = "migrations/1.sql"


def guarded(*more: str, declared: dict[str, object] | None = None) -> Model:
    declarations = read_declarations(declared)
    return with_guards(
        build_model({"migrations/1.sql": "\n".join((TABLES, *more)).encode()}, declarations), declarations
    )


@pytest.mark.parametrize(
    "sql",
    [
        READ,
        "UPDATE boats SET name = 'x' WHERE id = $1",
        "DELETE FROM boats WHERE id = $1",
        "INSERT INTO boats (id, tenant_id) VALUES ($1, (SELECT tenant_id FROM boats LIMIT 1))",
        "UPDATE boats SET tenant_id = $1 WHERE id = $2",
        "INSERT INTO boats (id, tenant_id) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = 'x'",
        "SELECT l.text FROM logs l JOIN boats b ON b.id = l.boat_id",
        "SELECT name FROM own_names",
        "SELECT name FROM boats WHERE tenant_id = $1 OR name = 'x'",
    ],
)
def test_policies_scope_weakly_and_say_on_what_they_rest(sql: str) -> None:
    proof = prove(sql, guarded(ON, FORCED, POLICY))[0]

    assert (proof.verdict, proof.rules) == ("weak", ("TENSQL023",)), proof.steps
    assert any("binds (none with BYPASSRLS), with app.tenant set to the caller's in" in a for a in proof.assumptions)
    assert prove(sql, guarded())[0].verdict == "violation"


@pytest.mark.parametrize(
    ("why", "sql"),
    [
        ("policies hold for no TRUNCATE", "TRUNCATE boats"),
        ("another table has none", "SELECT name FROM crews"),
        ("nor has a child by itself", "SELECT text FROM logs"),
        ("the join keeps every row of the other side", "SELECT l.text FROM logs l LEFT JOIN boats b ON b.id = l.boat_id"),
        ("a view reads with its owner's rights", "SELECT name FROM names"),
        ("a materialised view was read before", "SELECT name FROM kept_names"),
        ("the other table is tied in one case only", "SELECT c.name FROM crews c, boats b WHERE c.tenant_id = b.tenant_id OR c.id = 1"),
    ],
)  # fmt: skip
def test_what_policies_do_not_reach(why: str, sql: str) -> None:
    assert prove(sql, guarded(ON, FORCED, POLICY))[0].verdict == "violation", why


@pytest.mark.parametrize(
    ("why", "more"),
    [
        ("not enabled", (FORCED, POLICY)),
        ("not forced", (ON, POLICY)),
        ("no policy", (ON, FORCED)),
        ("everybody is admitted", (ON, FORCED, "CREATE POLICY all_of_them ON boats USING (true);")),
        ("a second policy admits everybody", (ON, FORCED, POLICY, "CREATE POLICY more ON boats FOR SELECT USING (true);")),
        ("it fails open", (ON, FORCED, "CREATE POLICY p ON boats USING (tenant_id = current_setting('app.tenant', true)::uuid OR current_setting('app.tenant', true) IS NULL);")),
        ("new rows are anybody's", (ON, FORCED, f"CREATE POLICY p ON boats USING {OWN} WITH CHECK (true);")),
        ("it is dropped again", (ON, FORCED, POLICY, "DROP POLICY isolation ON boats;")),
        ("it is switched off again", (ON, FORCED, POLICY, "ALTER TABLE boats DISABLE ROW LEVEL SECURITY;")),
        ("more policies are put together at run time", (ON, FORCED, POLICY, "DO $$ BEGIN EXECUTE 'CREATE POLICY ' || name() || ' ON boats USING (true)'; END $$;")),
    ],
)  # fmt: skip
def test_what_is_no_guard(why: str, more: tuple[str, ...]) -> None:
    assert prove(READ, guarded(*more))[0].verdict == "violation", why


def test_nothing_is_taken_from_policies_where_statements_alone_are_declared_to_keep_tenants_apart() -> None:
    declared = {"isolation": {"by": "statements", "reason": "policies are tried out first"}}

    assert prove(READ, guarded(ON, FORCED, POLICY, declared=declared))[0].verdict == "violation"


def test_what_the_statement_proves_itself_rests_on_no_policy() -> None:
    assert prove("SELECT name FROM boats WHERE tenant_id = $1", guarded(ON, FORCED, POLICY))[0].verdict == "proven"


@pytest.mark.parametrize(
    ("why", "more", "declared", "verdict"),
    [
        ("the service owns nothing, as is declared", (ON, POLICY), APP, "weak"),
        ("somebody else owns it", (ON, POLICY, "ALTER TABLE boats OWNER TO migrator;"), APP, "weak"),
        ("the service owns it", (ON, POLICY, "ALTER TABLE boats OWNER TO app;"), APP, "violation"),
        ("the policy is for another role", (ON, POLICY.replace("USING", "TO staff USING", 1)), APP, "violation"),
    ],
)  # fmt: skip
def test_policies_that_are_not_forced_bind_whoever_is_not_the_owner(
    why: str, more: tuple[str, ...], declared: dict[str, object], verdict: str
) -> None:
    proof = prove(READ, guarded(*more, declared=declared))[0]

    assert proof.verdict == verdict, why
    assert verdict == "violation" or any("none with BYPASSRLS, nor its owner" in a for a in proof.assumptions)


CODE = {
    "app/read.py": ('def f(c, id):\n    c.execute("SELECT name FROM boats WHERE id = %s", (id,))\n', ("weak", "TENSQL023")),
    "app/write.py": ('def f(c, id):\n    c.execute("DELETE FROM boats WHERE id = %s", (id,))\n', ("weak", "TENSQL023")),
    "app/own.py": ('def f(c, t):\n    c.execute("SELECT name FROM boats WHERE tenant_id = %s", (t,))\n', ("proven", None)),
    "app/crew.py": ('def f(c, id):\n    c.execute("SELECT name FROM crews WHERE id = %s", (id,))\n', ("violation", "TENSQL001")),
    "app/empty.py": ('def f(c):\n    c.execute("TRUNCATE boats")\n', ("violation", "TENSQL014")),
    "app/view.py": ('def f(c, id):\n    c.execute("SELECT name FROM names WHERE id = %s", (id,))\n', ("violation", "TENSQL001")),
    "app/off.py": ('def f(c):\n    c.execute("SET row_security = off")\n', ("violation", "TENSQL017")),
}  # fmt: skip


@pytest.mark.parametrize("path", CODE)
def test_the_lint_of_the_code_takes_from_policies_what_the_proof_does(path: str) -> None:
    """`gate check` and `gate prove` say the same of a statement."""
    text, expected = CODE[path]
    schema = "\n".join((TABLES, ON, FORCED, POLICY))
    found = scan([(path, text.encode())], build_model({MIGRATION: schema.encode()}, None), declared=None)
    row = found.accesses[0]

    assert (row.verdict, row.rule) == expected, row.why
    sql = row.sql.replace("%s", "$1")
    assert prove(sql, guarded(ON, FORCED, POLICY))[0].verdict == row.verdict
    if row.verdict == "weak":
        assert "BYPASSRLS" in row.why
        assert any("app.tenant" in said for said in row.assumptions)


def test_calls_of_an_orm_rest_on_policies_as_statements_do() -> None:
    models = """
from django.db import models
class Boat(models.Model):
    tenant_id = models.UUIDField()
    name = models.TextField()
    class Meta:
        db_table = "boats"
"""
    view = "from app.models import Boat\ndef f(request, pk):\n    return Boat.objects.get(pk=pk)\n"
    schema = "\n".join((TABLES, ON, FORCED, POLICY))
    tree = {MIGRATION: schema.encode(), "app/models.py": models.encode()}
    for more, verdict in (("", "weak"), ("ALTER TABLE boats NO FORCE ROW LEVEL SECURITY;", "violation")):
        model = build_model({**tree, MIGRATION: f"{schema}\n{more}".encode()}, None)
        assert [a.verdict for a in scan([("app/views.py", view.encode())], model).accesses] == [verdict]
