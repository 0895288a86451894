"""SQL and Active Record beside ORMs end to end: what the text or the chain asks for, verdict and rule."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

from . import calls

CASES: dict[str, calls.Case] = {
    "sql: the tenant that a client names": (
        "sql-ts",
        "const f = (req) => pool.query('SELECT name FROM boats WHERE tenant_id = $1', [req.headers['x-tenant-id']]);",
        [("weak", "TENCTX001")],
    ),
    "sql: the tenant of the session": (
        "sql-ts",
        "const f = (req) => pool.query('SELECT name FROM boats WHERE tenant_id = $1', [req.user.tenantId]);",
        [("proven", None)],
    ),
    "sql: markers of pg-promise": (
        "sql-ts",
        """
        const f = (t, id) => db.one('SELECT name FROM boats WHERE id = $<id> AND tenant_id = $<t>', { t, id });
        const g = (t, id) => db.one('SELECT name FROM boats WHERE id = $(id)', { id });
        const h = (w) => db.any('SELECT name FROM boats WHERE $<w:raw>', { w });
        """,
        [("proven", None), ("violation", "TENSQL001"), ("opaque", "TENSQL013")],
    ),
    "sql: markers of knex": (
        "sql-ts",
        "const f = (id) => knex.raw('UPDATE ?? SET name = ? WHERE id = ?', ['boats', 'x', id]);",
        [("opaque", "TENSQL013")],
    ),
    "active record": (
        "sql-rb",
        """
        class S
          def f(id, t)
            Boat.find(id)
            Boat.where(tenant_id: t).find_by(id: id)
            Boat.where("tenant_id = ?", t).update_all(name: "x")
            Boat.where(id: id).delete_all
          end
        end
        """,
        [("violation", "TENORM001"), ("proven", None), ("proven", None), ("violation", "TENORM001")],
    ),
    "rails: unscoped": (
        "sql-rb",
        "class S\n def f(id)\n  Boat.unscoped.find(id)\n end\nend\n",
        [("violation", "TENORM011")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_call(name: str) -> None:
    calls.check(CASES[name])


def test_parameters_with_types_are_of_clickhouse() -> None:
    source = "const q = `SELECT name FROM boats FINAL WHERE tenant_id = {t: UUID} AND id IN ({ids: Array(UUID)})`; ch.query({ query: q });"
    (row,) = [row for row in calls.facts("sql-ts", source).accesses if row.path == "src/a.ts"]
    assert row.verdict == "proven"


def test_the_raw_pool_beside_a_declared_wrapper() -> None:
    declared = {"carriers": [{"call": "withTenant", "trust": "sets_context", "reason": "SET LOCAL for the policies"}]}
    source = b"""
    const f = (id) => pool.query('SELECT name FROM boats WHERE id = $1', [id]);
    const g = (t, id) => withTenant(t, (client) => client.query('SELECT name FROM boats WHERE id = $1', [id]));
    const h = (t) => pool.query('SELECT name FROM boats WHERE tenant_id = $1', [t]);
    """
    tree = {"db/migrations/1.sql": calls.SQL.encode(), "src/a.ts": source}
    found = scan(sorted(tree.items()), build_model(tree, declared), declared=declared)
    rows = [(row.line, row.verdict, row.rule) for row in found.accesses if row.path == "src/a.ts"]
    assert rows == [
        (2, "violation", "TENORM012"),
        (2, "violation", "TENSQL001"),
        (3, "weak", "TENSQL001"),
        (4, "proven", None),
    ]


DRIVERS = {
    "rows of psycopg2": ("execute_values(cursor, 'INSERT INTO boats (id, tenant_id) VALUES %s', rows)", ["proven"]),
    "rows of psycopg2 without a tenant": (
        "execute_values(cursor, 'INSERT INTO boats (id) VALUES %s', rows)",
        ["violation"],
    ),
    "records of asyncpg": (
        "conn.copy_records_to_table('boats', records=rows, columns=['id', 'tenant_id'])",
        ["proven"],
    ),
    "records of asyncpg without a tenant": (
        "conn.copy_records_to_table('boats', records=rows, columns=['id'])",
        ["violation"],
    ),
    "records of asyncpg of columns that nobody sees": ("conn.copy_records_to_table('boats', records=rows)", ["opaque"]),
    "a copy of psycopg2": ("cursor.copy_from(rows, 'boats', columns=('id', 'name'))", ["violation"]),
}


@pytest.mark.parametrize("name", DRIVERS)
def test_what_a_driver_makes_of_rows(name: str) -> None:
    written, wanted = DRIVERS[name]
    tree = {
        "db/migrations/1.sql": calls.SQL.encode(),
        "app/a.py": f"def f(conn, cursor, rows):\n    {written}\n".encode(),
    }
    found = scan(sorted(tree.items()), build_model(tree, None))
    assert [row.verdict for row in found.accesses if row.path == "app/a.py"] == wanted


def test_what_puts_a_value_beside_a_statement_gives_its_placeholder() -> None:
    source = b"""
    function f(qb, workspaceId, id) {
      const tenant = qb.addQueryValue(workspaceId, "String");
      return client.query({ query: `SELECT * FROM boats WHERE tenant_id = ${tenant} AND id = ${qb.addQueryValue(id, "String")}` });
    }
    function g(qb, id) {
      return client.query({ query: `SELECT * FROM boats WHERE id = ${qb.addQueryValue(id, "String")}` });
    }
    """
    tree = {"db/migrations/1.sql": calls.SQL.encode(), "src/a.ts": source}
    rows = scan([("src/a.ts", source)], build_model(tree, None)).accesses
    assert [(row.verdict, row.rule) for row in rows] == [("proven", None), ("violation", "TENSQL001")]
