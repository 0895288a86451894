"""Queries inside queries of Knex, Kysely and Drizzle, and names that a plugin spells in camel case."""

from __future__ import annotations

import pytest

from . import calls

PROVEN: list[tuple[str, str | None]] = [("proven", None)]
CASES: dict[str, calls.Case] = {
    "kysely: a plugin spells columns in camel case": (
        "sql-ts",
        "const f = (db, id, t) => db.selectFrom('boats').selectAll().where('id', '=', id).where('tenantId', '=', t).execute();",
        PROVEN,
    ),
    "kysely: camel case in a join": (
        "sql-ts",
        "const f = (db, t) => db.selectFrom('logbooks').innerJoin('boats', 'boats.id', 'logbooks.boatId').where('boats.tenantId', '=', t).execute();",
        PROVEN,
    ),
    "kysely: a join by a callback": (
        "sql-ts",
        """const f = (db, t) => db.selectFrom('logbooks')
            .innerJoin('boats', (j) => j.onRef('boats.id', '=', 'logbooks.boatId').on('boats.tenantId', '=', t)).execute();""",
        PROVEN,
    ),
    "kysely: a value in a join's callback is no column": (
        "sql-ts",
        """const f = (db, t) => db.selectFrom('logbooks')
            .innerJoin('boats', (j) => j.onRef('boats.id', '=', 'logbooks.boatId').on('boats.name', '=', 'x')).execute();""",
        [("violation", "TENORM001")],
    ),
    "kysely: IN a query of the tenant's rows": (
        "sql-ts",
        """const f = (db, t) => db.selectFrom('logbooks').selectAll()
            .where('boatId', 'in', (eb) => eb.selectFrom('boats').select('boats.id').where('boats.tenantId', '=', t)).execute();""",
        PROVEN,
    ),
    "kysely: NOT IN such a query proves nothing": (
        "sql-ts",
        """const f = (db, t) => db.selectFrom('logbooks').selectAll()
            .where('boatId', 'not in', (eb) => eb.selectFrom('boats').select('boats.id').where('boats.tenantId', '=', t)).execute();""",
        [("violation", "TENORM001")],
    ),
    "kysely: exists": (
        "sql-ts",
        """const f = (db, t) => db.selectFrom('logbooks').selectAll().where((eb) => eb.exists(eb.selectFrom('boats')
            .whereRef('boats.id', '=', 'logbooks.boatId').where('boats.tenantId', '=', t))).execute();""",
        PROVEN,
    ),
    "kysely: not exists proves nothing": (
        "sql-ts",
        """const f = (db, t) => db.selectFrom('logbooks').selectAll().where((eb) => eb.not(eb.exists(eb.selectFrom('boats')
            .whereRef('boats.id', '=', 'logbooks.boatId').where('boats.tenantId', '=', t)))).execute();""",
        [("violation", "TENORM001")],
    ),
    "kysely: what is selected on a condition does not matter": (
        "sql-ts",
        "const f = (db, id, n) => db.selectFrom('boats').select('id').$if(n, (qb) => qb.select('name')).where('id', '=', id).execute();",
        [("violation", "TENORM001")],
    ),
    "kysely: a tenant that is compared on a condition only": (
        "sql-ts",
        "const f = (db, id, t) => db.selectFrom('boats').select('id').$if(t, (qb) => qb.where('tenantId', '=', t)).where('id', '=', id).execute();",
        [("violation", "TENORM005")],
    ),
    "knex: IN a query of the tenant's rows, which is judged too": (
        "sql-ts",
        "const f = (knex, t) => knex('logbooks').whereIn('boat_id', knex('boats').select('id').where('tenant_id', t));",
        [("proven", None), ("proven", None)],
    ),
    "knex: IN a query of anybody's rows": (
        "sql-ts",
        "const f = (knex, t) => knex('logbooks').whereIn('boat_id', knex('boats').select('id'));",
        [("violation", "TENORM001"), ("violation", "TENORM001")],
    ),
    "knex: IN a query by a function": (
        "sql-ts",
        "const f = (knex, t) => knex('logbooks').whereIn('boat_id', function () { this.select('id').from('boats').where('tenant_id', t) });",
        PROVEN,
    ),
    "knex: whereExists by a function": (
        "sql-ts",
        """const f = (knex, t) => knex('logbooks').whereExists(function () {
            this.select('*').from('boats').whereRaw('boats.id = logbooks.boat_id').where('boats.tenant_id', t) });""",
        PROVEN,
    ),
    "knex: a function that is more than calls": (
        "sql-ts",
        "const f = (knex, t) => knex('logbooks').whereIn('boat_id', function () { const q = this; q.select('id').from('boats') });",
        [("opaque", "TENORM013")],
    ),
    "drizzle: inArray of a query in a variable": (
        "drizzle",
        """const f = (db, t) => {
            const mine = db.select({ id: boats.id }).from(boats).where(eq(boats.tenantId, t));
            return db.delete(logbooks).where(inArray(logbooks.boatId, mine)); }""",
        [("proven", None), ("proven", None)],
    ),
    "drizzle: inArray of another column": (
        "drizzle",
        """const f = (db, t) => db.delete(logbooks)
            .where(inArray(logbooks.boatId, db.select({ name: boats.name }).from(boats).where(eq(boats.tenantId, t))));""",
        [("violation", "TENORM001"), ("proven", None)],
    ),
    "drizzle: inArray of something of rows that were loaded before": (
        "drizzle",
        """const f = async (db, t) => {
            const rows = await db.select({ id: boats.id }).from(boats).where(eq(boats.tenantId, t));
            return db.delete(logbooks).where(inArray(logbooks.boatId, rows.map((row) => row.other))); }""",
        [("proven", None), ("weak", "TENORM002")],
    ),
    "kysely: something of rows that were loaded before": (
        "sql-ts",
        """const f = async (db, t) => {
            const rows = await db.selectFrom('boats').select('id').where('tenantId', '=', t).execute();
            return db.deleteFrom('logbooks').where('boatId', 'in', rows.map((row) => row.other)).execute(); }""",
        [("proven", None), ("weak", "TENORM002")],
    ),
    "kysely: an alias is no table in camel case": (
        "sql-ts",
        """const f = (db, t) => db.selectFrom('logbooks as logBooks').innerJoin('boats as ownBoats', 'ownBoats.id', 'logBooks.boatId')
            .where('ownBoats.tenantId', '=', t).selectAll().execute();""",
        PROVEN,
    ),
    "drizzle: an imported table in a transaction is no entity of TypeORM's manager": (
        "drizzle",
        """import { boats } from './schema';
        const f = (db, id, t) => db.transaction(async (tx) => {
            await tx.update(boats).set({ name: 'x' }).where(eq(boats.id, id));
            await tx.delete(boats).where(and(eq(boats.id, id), eq(boats.tenantId, t))); });""",
        [("violation", "TENORM001"), ("proven", None)],
    ),
    "drizzle: tables of a namespace": (
        "drizzle",
        """import * as Db from './schema';
        const f = (db, id, t) => db.transaction(async (tx) => {
            await tx.delete(Db.boats).where(eq(Db.boats.id, id));
            await tx.select().from(Db.boats).where(and(eq(Db.boats.id, id), eq(Db.boats.tenantId, t))); });""",
        [("violation", "TENORM001"), ("proven", None)],
    ),
    "kysely: what a common table expression reads is judged, whatever its callback calls the builder": (
        "sql-ts",
        """const f = (db, id, t) => db.withRecursive('above', (qb) => qb.selectFrom('boats').select('id').where('id', '=', id)
            .unionAll((eb) => eb.selectFrom('boats as b').where('b.tenantId', '=', t).select('b.id')))
            .selectFrom('above').selectAll().execute();""",
        [("violation", "TENORM001"), ("proven", None)],
    ),
    "drizzle: code in what a class extends": (
        "drizzle",
        """export class Boats extends Effect.Service()("Boats", { effect: Effect.gen(function* () {
            const one = Effect.fn((id) => Effect.gen(function* () {
                return yield* db.use((db) => db.select().from(Db.boats).where(Dz.eq(Db.boats.id, id)));
            }));
            return { one }; }) }) {}""",
        [("violation", "TENORM001")],
    ),
    "drizzle: a connection that a function gives": (
        "drizzle",
        """const f = async (id, t) => { await db().delete(boats).where(eq(boats.id, id));
            await getDb().update(boats).set({ name: 'x' }).where(and(eq(boats.id, id), eq(boats.tenantId, t))); };""",
        [("violation", "TENORM001"), ("proven", None)],
    ),
    "drizzle: relational queries of a connection that a function gives": (
        "drizzle",
        """const f = async (id, t) => { await db().query.boats.findFirst({ where: eq(boats.id, id) });
            await db().query.boats.findMany({ where: eq(boats.tenantId, t) }); };""",
        [("violation", "TENORM001"), ("proven", None)],
    ),
    "drizzle: a tenant on one path only, and the query is waited for": (
        "drizzle",
        """const f = async (t, flag) => { let q = db.select().from(boats).$dynamic();
            if (flag) q = q.where(eq(boats.tenantId, t)); await q; };""",
        [("violation", "TENORM005")],
    ),
    "knex: a tenant on one path only, and the builder is waited for": (
        "sql-ts",
        "const f = async (id, t, flag) => { const q = knex('boats').where({ id }); if (flag) q.where({ tenant_id: t }); await q; };",
        [("violation", "TENORM005")],
    ),
    "knex: what is on both paths": (
        "sql-ts",
        "const f = async (id, t, flag) => { const q = knex('boats').where({ tenant_id: t }); if (flag) q.where({ id }); await q; };",
        PROVEN,
    ),
    "knex: a table that is told after the columns": (
        "sql-ts",
        "const f = (id, t) => [knex.select('*').from('boats').where({ id }), knex.select('id').from('boats as b').where('b.tenant_id', t)];",
        [("violation", "TENORM001"), ("proven", None)],
    ),
    "knex: conditions that are cleared": (
        "sql-ts",
        "const f = (t) => [knex('boats').where({ tenant_id: t }).clearWhere(), knex('boats').where({ tenant_id: t }).clear('where')];",
        [("violation", "TENORM001"), ("violation", "TENORM001")],
    ),
    "sequelize: a number that grows": (
        "typeorm",
        "const f = (id, t) => [Boat.increment('n', { where: { id } }), Boat.max('n', { where: { tenantId: t } }), Boat.sum('n')];",
        [("violation", "TENORM001"), ("proven", None), ("violation", "TENORM001")],
    ),
    "sequelize: a column compared with a column": (
        "typeorm",
        "const f = () => Boat.findAll({ where: { tenantId: sequelize.col('tenant_id') } });",
        [("opaque", "TENORM013")],
    ),
    "typeorm: rows without a tenant": (
        "typeorm",
        "const f = (repo) => getRepository(Boat).find({ where: { tenantId: IsNull() } });",
        PROVEN,  # there are none: the column may not be NULL
    ),
    "drizzle: exists": (
        "drizzle",
        """const f = (db, t) => db.select().from(logbooks)
            .where(exists(db.select().from(boats).where(and(eq(boats.id, logbooks.boatId), eq(boats.tenantId, t)))));""",
        PROVEN,
    ),
    "drizzle: exists without the tenant": (
        "drizzle",
        "const f = (db) => db.select().from(logbooks).where(exists(db.select().from(boats).where(eq(boats.id, logbooks.boatId))));",
        [("violation", "TENORM001")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_it_stands_for(name: str) -> None:
    calls.check(CASES[name])
