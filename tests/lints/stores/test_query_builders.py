"""Knex: joins and conditions in closures, derived tables; clients that come from a call; wrappers around ORM calls."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

SQL = """
CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE boats (id uuid NOT NULL, tenant_id uuid NOT NULL REFERENCES tenants (id), name text,
  PRIMARY KEY (tenant_id, id), UNIQUE (id));
CREATE TABLE logbooks (id uuid PRIMARY KEY, boat_id uuid NOT NULL REFERENCES boats (id));
"""
PRISMA = """
model Sail {
  id String @id
  tenant_id String
}
"""
Rows = list[tuple[str, str | None]]

CASES: dict[str, tuple[str, Rows]] = {
    "the tenant in the closure of an inner join": (
        'knex("logbooks as l").join("boats as b", (j) => j.on("b.id", "l.boat_id").andOnVal("b.tenant_id", t))',
        [("proven", None)],
    ),
    "a join of several columns in a closure": (
        (
            'knex("boats as b").leftJoin("logbooks as l", function () { this.on("l.boat_id", "=", "b.id")'
            '.andOn("l.id", "=", "b.name"); }).where("b.tenant_id", t)'
        ),
        [("proven", None)],
    ),
    "an or in the closure of a join": (
        'knex("logbooks as l").join("boats as b", (j) => j.on("b.id", "l.boat_id").orOnVal("b.tenant_id", t))',
        [("violation", "TENORM001")],
    ),
    "conditions grouped by a closure": (
        'knex("boats").where((qb) => qb.where("tenant_id", t).andWhere("id", id))',
        [("proven", None)],
    ),
    "an or grouped by a closure": (
        'knex("boats").where((qb) => { qb.where("tenant_id", t).orWhere("id", id); })',
        [("violation", "TENORM006")],
    ),
    "a closure with more than conditions": (
        'knex("boats").where(function () { if (id) this.where("tenant_id", t); })',
        [("opaque", "TENORM013")],
    ),
    "a derived table is a query of its own": (
        'knex("boats as b").leftJoin(knex("logbooks").where("id", id).as("l"), "l.boat_id", "b.id").where("b.tenant_id", t)',
        [("proven", None), ("violation", "TENORM001")],
    ),
    "a sub-query that refers to the query around it": (
        'db.selectFrom("logbooks").whereRef("logbooks.boat_id", "=", "boats.id").selectAll()',
        [],
    ),
    "a comparison of columns of the same query": (
        'db.selectFrom("logbooks").whereRef("logbooks.boat_id", "=", "logbooks.id").selectAll().execute()',
        [("violation", "TENORM001")],
    ),
    "the key of a held row, where the tenant is part of the key": (
        'knex("boats").where({ id: boat.id }).del()',
        [("weak", "TENORM003")],
    ),
    "a table of a connection": ('trx.table("boats").where({ id }).first()', [("violation", "TENORM001")]),
    "a table of something else": ('console.table("boats")', []),
    "a client that a function gives": (
        "getPrisma().sail.findUnique({ where: { id } })",
        [("violation", "TENORM001")],
    ),
    "a client that is waited for": (
        "(await getClient()).sail.findUnique({ where: { id } })",
        [("violation", "TENORM001")],
    ),
    "a client that a declared wrapper gives": (
        "forTenant(prisma, t).sail.findUnique({ where: { id } })",
        [("weak", "TENORM001")],
    ),
    "a client that a declared wrapper hands to a closure": (
        "forTenant(t, async (tx) => tx.sail.findUnique({ where: { id } }))",
        [("weak", "TENORM001")],
    ),
    "a connection that a declared wrapper made": (
        'scoped.table("boats").where({ id }).first()',
        [("weak", "TENORM001")],
    ),
    "a connection that a function gives for a tenant, which nothing is declared of": (
        'tenantDb(knex, t.tenantId).table("boats").where({ id }).first()',
        [("opaque", "TENORM013")],
    ),
    "such a connection, and what it is asked for names the tenant": (
        'tenantDb(knex, t.tenantId).table("boats").where({ id, tenant_id: t.tenantId }).first()',
        [("proven", None)],
    ),
    "a connection that a function gives for no tenant": (
        'dbFor(knex, t.region).table("boats").where({ id }).first()',
        [("violation", "TENORM001")],
    ),
    "a connection that a wrapper hands to a closure": (
        'withTenant(t.tenantId, async (trx) => trx.table("boats").where({ id }).first())',
        [("violation", "TENORM001")],
    ),
}
DECLARED = {"carriers": [{"call": "forTenant", "trust": "enforces", "reason": "adds the tenant to every query"}]}


@pytest.mark.parametrize("name", CASES)
def test_call(name: str) -> None:
    call, wanted = CASES[name]
    source = f"async function f(knex, prisma, t, id, boat) {{ const scoped = forTenant(knex, t); return {call}; }}"
    tree = {"db/migrations/1.sql": SQL.encode(), "prisma/schema.prisma": PRISMA.encode(), "src/a.ts": source.encode()}
    found = scan([("src/a.ts", tree["src/a.ts"])], build_model(tree, DECLARED), declared=DECLARED)
    assert [(row.verdict, row.rule) for row in found.accesses] == wanted, [(r.sql, r.why) for r in found.accesses]


def test_what_a_function_of_the_file_asks_of_such_a_connection_goes_on_with_it() -> None:
    source = b"""
    function own(conn, tenant) { return tenantDb(conn, tenant).table("boats"); }
    const f = (knex, tenant, id) => own(knex, tenant).where({ id }).first();
    """
    tree = {"db/migrations/1.sql": SQL.encode(), "src/a.ts": source}
    rows = scan([("src/a.ts", source)], build_model(tree, None)).accesses
    assert {(row.verdict, row.rule) for row in rows} == {("opaque", "TENORM013")}, [row.why for row in rows]


def test_the_declared_tenant_column_comes_first() -> None:
    declared = {"tenant_columns": ["tenant"]}
    schema = b"CREATE TABLE flows (id int PRIMARY KEY, tenant_id int NOT NULL, tenant int NOT NULL);"
    assert build_model({"db/migrations/1.sql": schema}, declared).tables["flows"].tenant_column == "tenant"


def test_a_table_put_in_at_run_time_is_nobodys() -> None:
    tree = {
        "db/migrations/1.sql": SQL.encode(),
        "src/a.ts": b"const f = (fields, table) => pool.query(`SELECT ${fields} FROM ${table} GROUP BY ${fields}`);",
    }
    (row,) = scan([("src/a.ts", tree["src/a.ts"])], build_model(tree, None)).accesses
    assert row.verdict == "opaque"
