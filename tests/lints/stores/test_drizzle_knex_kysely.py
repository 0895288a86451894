"""Query builders of TypeScript end to end: schema, chain, the SQL it stands for, verdict and rule."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

from . import calls

CASES: dict[str, calls.Case] = {
    "drizzle: a value that is named like a table": (
        "drizzle",
        "async function f(ctx) { return db.update(tenants).set({ id: 'x' }).where(eq(tenants.id, ctx.tenants.id)); }",
        [("violation", "TENORM004")],
    ),
    "drizzle: a table of an imported schema": (
        "drizzle",
        "async function f(t) { return db.select().from(schema.boats).where(eq(schema.boats.tenantId, t)); }",
        [("proven", None)],
    ),
    "drizzle: a row that is named like its table": (
        "drizzle",
        "async function f(boats) { return db.delete(schema.boats).where(eq(schema.boats.id, boats.id)); }",
        [("weak", "TENORM003")],
    ),
    "kysely: rows above those of the tenant's, by what they refer to": (
        "sql-ts",
        """
        const f = (db, id, t) => db.withRecursive("up", (q) => q.selectFrom("boats").select(["id", "boats.name as n"])
          .where("id", "=", id).where("tenant_id", "=", t)
          .unionAll((eb) => eb.selectFrom("logbooks as l").select(["l.id"]).innerJoin("up as u", "u.id", "l.boat_id")))
          .selectFrom("up").selectAll().execute();
        """,
        [("proven", None), ("proven", None)],
    ),
    "kysely: rows above those of any tenant": (
        "sql-ts",
        """
        const f = (db, id) => db.with("up", (q) => q.selectFrom("boats").select("id").where("id", "=", id))
          .selectFrom("logbooks").innerJoin("up", "up.id", "logbooks.boat_id").selectAll().execute();
        const g = (db, t) => db.with("up", (q) => q.selectFrom("boats").select("id").where("tenant_id", "=", t))
          .selectFrom("logbooks").leftJoin("up", "up.id", "logbooks.boat_id").selectAll().execute();
        const h = (db) => db.selectFrom("logbooks").innerJoin("up", "up.id", "logbooks.boat_id").selectAll().execute();
        """,
        [*[("violation", "TENORM001")] * 3, ("proven", None), ("violation", "TENORM001")],
    ),
    "drizzle: counted": (
        "drizzle",
        """
        const f = (db, n) => db.$count(boats, eq(boats.name, n));
        const g = (db, t) => db.$count(boats, eq(boats.tenantId, t));
        const h = (db) => db.$count(boats);
        """,
        [("violation", "TENORM001"), ("proven", None), ("violation", "TENORM001")],
    ),
    "drizzle: what is left open is a value": (
        "drizzle",
        """
        const one = db.select().from(boats).where(eq(boats.id, sql.placeholder("id"))).prepare("one");
        const own = db.select().from(boats).where(eq(boats.tenantId, sql.placeholder("tenant"))).prepare("own");
        const odd = db.select().from(boats).where(eq(boats.tenantId, sql.raw("tenant_id"))).prepare("odd");
        """,
        [("violation", "TENORM001"), ("proven", None), ("opaque", "TENORM013")],
    ),
    "drizzle: along a relation that is declared": (
        "drizzle",
        """
        const f = (db, t) => db.query.logbooks.findMany({ where: { ship: { tenantId: t } } });
        const g = (db, n) => db.query.logbooks.findMany({ where: { ship: { name: n } } });
        """,
        [("proven", None), ("violation", "TENORM001")],
    ),
    "drizzle: eq and and": (
        "drizzle",
        """
        const f = (db, id, t) => db.select().from(boats).where(and(eq(boats.id, id), eq(boats.tenantId, t)));
        const g = (db, id) => db.delete(boats).where(eq(boats.id, id));
        const h = (db, id) => db.query.boats.findFirst({ where: eq(boats.id, id) });
        """,
        [("proven", None), ("violation", "TENORM001"), ("violation", "TENORM001")],
    ),
    "knex: the row is what a client sent, its tenant too": (
        "sql-ts",
        """
        async function f(req, t, id) { await knex('boats').where({ id, tenant_id: t }).update(req.body); }
        async function g(req) { await knex('boats').insert(req.body); }
        """,
        [("violation", "TENORM004"), ("violation", "TENORM004")],
    ),
    "drizzle: the row is what a client sent, its tenant too": (
        "drizzle",
        "const f = (db, id, t, req) => db.update(boats).set(req.body).where(and(eq(boats.id, id), eq(boats.tenantId, t)));",
        [("violation", "TENORM004")],
    ),
    "knex: AND binds before OR": (
        "sql-ts",
        "const f = (id, t, n) => knex('boats').where({ id }).orWhere('name', n).andWhere('tenant_id', t);",
        [("violation", "TENORM006")],
    ),
    "knex: where and orWhere": (
        "sql-ts",
        """
        const f = (id, t) => knex('boats').where({ id, tenant_id: t }).first();
        const g = (id, t) => knex('boats').where('tenant_id', t).orWhere('id', id);
        const h = (id) => knex('boats').where('id', id).update({ name: 'x' });
        const j = (t, id) => knex('logbooks').join('boats', 'boats.id', 'logbooks.boat_id').where('boats.tenant_id', t);
        """,
        [("proven", None), ("violation", "TENORM006"), ("violation", "TENORM001"), ("proven", None)],
    ),
    "kysely": (
        "sql-ts",
        """
        const f = (db, id, t) => db.selectFrom('boats').selectAll().where('id', '=', id).where('tenant_id', '=', t).execute();
        const g = (db, id) => db.updateTable('boats').set({ name: 'x' }).where('id', '=', id).execute();
        """,
        [("proven", None), ("violation", "TENORM001")],
    ),
    "kysely: eb": (
        "sql-ts",
        "const f=(db,t)=>db.selectFrom('boats').where('tenant_id','=',t).where((eb) => eb.exists(eb.selectFrom('logbooks as l').whereRef('l.boat_id','=','boats.id'))).execute();",
        [("proven", None)],
    ),
    "kysely: alias": (
        "sql-ts",
        "const f=(db,t)=>db.selectFrom('boats as b').selectAll().where('b.tenant_id','=',t).execute();",
        [("proven", None)],
    ),
    "kysely: a builder handed on may get its tenant there": (
        "sql-ts",
        "const f = (db, id) => scoped(db.selectFrom('boats').where('id', '=', id)).execute();",
        [("opaque", "TENORM013")],
    ),
    "kysely: a sub-select grown on some paths": (
        "sql-ts",
        """
        const near = (eb, deep) => {
          let sub = eb.selectFrom('logbooks').whereRef('logbooks.boat_id', '=', 'boats.id');
          if (deep) sub = sub.where('logbooks.id', '=', deep);
          return sub;
        };
        """,
        [],
    ),
    "kysely: a conflict on a caller's key": (
        "sql-ts",
        "const f = (id, t) => db.insertInto('boats').values({ id, tenant_id: t }).onConflict((oc) => oc.column('id').doUpdateSet({ name: 'x' })).execute()",
        [("violation", "TENORM008")],
    ),
    "kysely: a conflict that changes nothing": (
        "sql-ts",
        "const f = (id, t) => db.insertInto('boats').values({ id, tenant_id: t }).onConflict((oc) => oc.column('id').doNothing()).execute()",
        [("proven", None)],
    ),
    "kysely: a conflict whose key holds the tenant": (
        "sql-ts",
        "const f = (n, t) => db.insertInto('boats').values({ name: n, tenant_id: t }).onConflict((oc) => oc.columns(['tenant_id', 'name']).doUpdateSet({ name: n })).execute()",
        [("proven", None)],
    ),
    "kysely: an expression builder": (
        "sql-ts",
        "const f = (id, t) => db.selectFrom('boats').where((eb) => eb.and([eb('id', '=', id), eb('tenant_id', '=', t)])).selectAll().execute()",
        [("proven", None)],
    ),
    "kysely: an expression builder with OR": (
        "sql-ts",
        "const f = (id, t) => db.selectFrom('boats').where((eb) => eb.or([eb('id', '=', id), eb('tenant_id', '=', t)])).selectAll().execute()",
        [("violation", "TENORM006")],
    ),
    "kysely: a part of an OR that is put together out of sight": (
        "sql-ts",
        "const f = (id, t) => db.selectFrom('boats').where((eb) => eb.or([mine(eb), eb('tenant_id', '=', t)])).selectAll().execute()",
        [("opaque", "TENORM013")],
    ),
    "knex: an upsert on a caller's key": (
        "sql-ts",
        "const f = (id, t) => knex('boats').insert({ id, tenant_id: t }).onConflict('id').merge({ name: 'x' })",
        [("violation", "TENORM008")],
    ),
    "knex: a conflict that is ignored": (
        "sql-ts",
        "const f = (id, t) => knex('boats').insert({ id, tenant_id: t }).onConflict('id').ignore()",
        [("proven", None)],
    ),
    "knex: modify with what adds the tenant": (
        "sql-ts",
        "const f = (id, t) => knex('boats').where({ id }).modify((b) => { b.where('tenant_id', t) })",
        [("proven", None)],
    ),
    "knex: modify with an OR": (
        "sql-ts",
        "const f = (id, t) => knex('boats').where({ tenant_id: t }).modify((b) => { b.where('id', id).orWhere('name', 'x') })",
        [("violation", "TENORM006")],
    ),
    "knex: modify with what is out of sight": (
        "sql-ts",
        "const f = (id, t) => knex('boats').where({ id }).modify(scoped, t)",
        [("opaque", "TENORM013")],
    ),
    "drizzle: a condition by a callback": (
        "drizzle",
        "async function f(id, t){ return db.query.boats.findFirst({ where: (b, { eq, and }) => and(eq(b.id, id), eq(b.tenantId, t)) }) }",
        [("proven", None)],
    ),
    "drizzle: a condition by a callback, without the tenant": (
        "drizzle",
        "async function f(id){ return db.query.boats.findFirst({ where: (b, { eq }) => eq(b.id, id) }) }",
        [("violation", "TENORM001")],
    ),
    "drizzle: what a conflict sets": (
        "drizzle",
        "async function f(id, t){ return db.insert(boats).values({ id, tenantId: t, name: 'x' }).onConflictDoUpdate({ target: boats.id, set: { name: 'x' } }) }",
        [("violation", "TENORM008")],
    ),
    "drizzle: a conflict that changes nothing": (
        "drizzle",
        "async function f(id, t){ return db.insert(boats).values({ id, tenantId: t }).onConflictDoNothing({ target: boats.id }) }",
        [("proven", None)],
    ),
    "drizzle: a condition that is a template": (
        "drizzle",
        """
        const f = (db, t, q) => db.select().from(boats).where(and(eq(boats.tenantId, t), sql`${boats.name} ILIKE ${q}`));
        const g = (db, t, q) => db.select().from(boats).where(sql`${boats.tenantId} = ${t} AND ${boats.name} = ${q}`);
        const h = (db, q) => db.select().from(boats).where(sql`${boats.name} ILIKE ${q}`);
        """,
        [("proven", None), ("proven", None), ("violation", "TENORM001")],
    ),
    "drizzle: a template is put among the conditions without brackets of its own": (
        "drizzle",
        """
        const f = (db, t) => db.select().from(boats).where(and(eq(boats.tenantId, t), sql`${boats.name} = 'x' OR true`));
        const g = (db, t, q) => db.select().from(boats).where(and(eq(boats.tenantId, t), sql`${sql.raw(q)}`));
        const h = (db, t, q) => db.select().from(boats).where(and(eq(boats.tenantId, t), or(eq(boats.name, q), sql`true`)));
        """,
        [("violation", "TENORM006"), ("weak", "TENORM013"), ("proven", None)],
    ),
    "drizzle: tables and columns in a template": (
        "drizzle",
        """
        const f = (db, t) => db.execute(sql`SELECT * FROM ${boats} WHERE ${boats.tenantId} = ${t}`);
        const g = (db, q) => db.execute(sql`SELECT * FROM ${boats} WHERE ${boats.name} = ${q}`);
        const h = (db, t) => db.execute(sql`SELECT * FROM ${boats} WHERE ${eq(boats.tenantId, t)} AND ${boats.name} = 'x'`);
        """,
        [("proven", None), ("violation", "TENSQL001"), ("proven", None)],
    ),
    "drizzle: a part that compares with the query around it": (
        "drizzle",
        """
        const f = (db, t) => db.select({ n: sql`(SELECT count(*) FROM ${boats} WHERE ${boats.tenantId} = ${tenants.id})` })
            .from(tenants).where(eq(tenants.id, t));
        """,
        [("proven", None), ("proven", None)],
    ),
    "drizzle: a chain of which each call has a line": (
        "drizzle",
        """
        async function f(db, id) {
          await db
            .update(boats)
            .set({ name: 'x' })
            .where(eq(boats.id, id));
        }
        async function g(tx, t) {
          const [made] = await tx
            .insert(boats)
            .values({ tenantId: t })
            .returning();
        }
        """,
        [("violation", "TENORM001"), ("proven", None)],
    ),
    "drizzle: the transaction, or else the database": (
        "drizzle",
        """
        const f = (tx, id) => (tx ?? db).update(boats).set({ name: 'x' }).where(eq(boats.id, id));
        const g = (tx, t) => (tx || this.db).insert(boats).values({ tenantId: t });
        const h = (id) => db.selectDistinctOn([boats.name]).from(boats).where(eq(boats.id, id));
        """,
        [("violation", "TENORM001"), ("proven", None), ("violation", "TENORM001")],
    ),
    "drizzle: rows that are gathered in a list": (
        "drizzle",
        """
        async function f(db, t, names) {
          const rows = [];
          for (const name of names) { rows.push({ tenantId: t, name }); }
          await db.insert(boats).values(rows);
        }
        """,
        [("proven", None)],
    ),
    "drizzle: what travels in a template, and what may be SQL itself": (
        "drizzle",
        """
        const f = (db, q) => db.select().from(boats).where(sql`${boats.name} = ${JSON.stringify(q)}`);
        const g = (db, rest) => db.select().from(boats).where(sql`${otherSql(rest)}`);
        """,
        [("violation", "TENORM001"), ("opaque", "TENORM013")],
    ),
    "drizzle: the tenant after what is spread": (
        "drizzle",
        """
        const f = (db, t, rest) => db.insert(boats).values({ ...rest, tenantId: t });
        const g = (db, t, rest) => db.insert(boats).values({ tenantId: t, ...rest });
        const h = (db, t, one, two) => db.insert(boats).values({ ...one, tenantId: t, ...two });
        """,
        [("proven", None), ("opaque", "TENORM013"), ("opaque", "TENORM013")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_call(name: str) -> None:
    calls.check(CASES[name])


MYSQL = """
export const tenants = mysqlTable("tenants", { id: varchar("id").primaryKey() });
export const boats = mysqlTable("boats", { pk: bigint("pk").autoincrement().primaryKey(), id: varchar("id"), name: varchar("name"),
  tenantId: varchar("tenant_id").notNull().references(() => tenants.id) }, (t) => [%s]);
"""


@pytest.mark.parametrize(
    ("key", "verdict"), [("unique('a').on(t.id)", "violation"), ("unique('a').on(t.tenantId, t.id)", "proven")]
)
def test_a_row_in_the_way_by_a_key_without_the_tenant_may_be_anybodys(key: str, verdict: str) -> None:
    code = "const f = (db, id, t) => db.insert(boats).values({ id, tenantId: t, name: 'x' }).onDuplicateKeyUpdate({ set: { name: 'x' } });"
    tree = {"src/schema.ts": (MYSQL % key).encode(), "src/a.ts": code.encode()}
    found = scan(sorted(tree.items()), build_model(tree, {"dialect": "mysql"}))
    assert [row.verdict for row in found.accesses] == [verdict], [(row.sql, row.why) for row in found.accesses]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('await knex.batchInsert("boats", rows);', [("opaque", "TENORM013")]),
        ('await trx.batchInsert("boats", req.body, 50);', [("violation", "TENORM004")]),
        ('await knex.batchInsert("boats", [{ tenant_id: t, name: n }], 50);', [("proven", None)]),
        ('await knex.batchInsert("boats", [{ name: n }]);', [("violation", "TENSQL004")]),
        ('await knex.batchInsert("nowhere", rows);', []),
    ],
)
def test_rows_that_knex_inserts_in_batches(code: str, expected: list[tuple[str, str | None]]) -> None:
    schema = b"CREATE TABLE tenants (id int PRIMARY KEY); CREATE TABLE boats (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants (id), name text);"
    text = f'import knex from "knex";\nasync function f(req, trx, rows, t, n) {{ {code} }}\n'
    found = scan([("src/a.ts", text.encode())], build_model({"db/1.sql": schema}, None))
    assert [(row.verdict, row.rule) for row in found.accesses] == expected, [
        (row.sql, row.why) for row in found.accesses
    ]
