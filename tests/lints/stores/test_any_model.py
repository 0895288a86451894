"""Queries on a model that a function is handed, that a class leaves to those made of it, or that is imported under
another name."""

from __future__ import annotations

import pytest

from . import calls

OPAQUE: list[tuple[str, str | None]] = [("opaque", "TENORM013")]
PROVEN: list[tuple[str, str | None]] = [("proven", None)]
CASES: dict[str, calls.Case] = {
    "a session's get": ("sqlalchemy", "def load(session, model, key):\n    return session.get(model, key)\n", OPAQUE),
    "rows of a model, and of the tenant": (
        "sqlalchemy",
        (
            "def rows(session, model, ids, tenant_id):\n"
            "    return session.query(model).filter(model.id.in_(ids), model.tenant_id == tenant_id).all()\n"
        ),
        PROVEN,
    ),
    "a query that grows": (
        "sqlalchemy",
        (
            "def rows(session, model_class, ids):\n    q = session.query(model_class)\n"
            "    q = q.filter(model_class.id.in_(ids))\n    return q.all()\n"
        ),
        OPAQUE,
    ),
    "a delete": (
        "sqlalchemy",
        "def purge(session, entity, ids):\n    session.execute(delete(entity).where(entity.id.in_(ids)))\n",
        OPAQUE,
    ),
    "conditions that callers put together": (
        "sqlalchemy",
        "def rows(session, model, **kw):\n    return session.execute(select(model).filter_by(**kw))\n",
        OPAQUE,
    ),
    "a variable that holds a class is no parameter": (
        "sqlalchemy",
        "def rows(session, key):\n    model = Boat\n    return session.get(model, key)\n",
        [("violation", "TENORM001")],
    ),
    "a name like a model's that is no parameter of a query": (
        "sqlalchemy",
        "def f(cache, model):\n    return cache.get(model, 1)\n",
        [],
    ),
    "a class whose type variable is in capitals": (
        "sqlalchemy",
        (
            "class Repo(Generic[M_UUID]):\n    def one(self, id):\n"
            "        return self.session.execute(select(self.model).where(self.model.id == id))\n"
            "class Boats(Repo[Boat]):\n    model = Boat\n"
        ),
        [("violation", "TENORM001")],
    ),
    "Knex: a table by its name": (
        "sql-ts",
        "class R { one(id) { return knex(this.tableName).where({ id }).first(); } }",
        OPAQUE,
    ),
    "Knex: and of the tenant": (
        "sql-ts",
        "const f = (knex, tableName, id, t) => knex(tableName).where({ id, tenant_id: t }).update({ name: 'x' });",
        PROVEN,
    ),
    "Kysely: a table by its name": (
        "sql-ts",
        "class R { one(id) { return this.db.selectFrom(this.table).selectAll().where('id', '=', id).execute(); } }",
        OPAQUE,
    ),
    "Drizzle: a table that a function is handed": (
        "drizzle",
        "const f = (tx, table, id) => tx.delete(table).where(eq(table.id, id));",
        OPAQUE,
    ),
    "Drizzle: and of the tenant": (
        "drizzle",
        "class R { all(t) { return this.db.select().from(this.table).where(eq(this.table.tenantId, t)); } }",
        PROVEN,
    ),
    "TypeORM: a repository of any entity": (
        "typeorm",
        "class R<T> { constructor(private readonly repository: Repository<T>) {} one(id) { return this.repository.findOneBy({ id }); } }",
        OPAQUE,
    ),
    "TypeORM: and of the tenant": (
        "typeorm",
        "class R<T> { constructor(private repo: Repository<T>) {} one(id, t) { return this.repo.findOneBy({ id, tenantId: t }); } }",
        PROVEN,
    ),
    "Sequelize: any model": ("typeorm", "class R { all(where) { return this.model.findAll({ where }); } }", OPAQUE),
    "Drizzle: tables that are imported under another name": (
        "drizzle",
        """
        import { boats as dbBoats, logbooks as dbLogbooks } from './schema';
        const f = async (db, id, t) => {
            await db.select().from(dbBoats).where(and(eq(dbBoats.id, id), eq(dbBoats.tenantId, t)));
            await db.select().from(dbLogbooks).innerJoin(dbBoats, eq(dbLogbooks.boatId, dbBoats.id)).where(eq(dbBoats.tenantId, t));
            await db.execute(sql`DELETE FROM ${dbBoats} WHERE ${dbBoats.tenantId} = ${t}`);
            await db.update(dbBoats).set({ name: 'x' }).where(eq(dbBoats.id, id));
        };
        """,
        [("proven", None), ("proven", None), ("proven", None), ("violation", "TENORM001")],
    ),
    "SQLAlchemy: a class that is imported under another name": (
        "sqlalchemy",
        """
from fleet.models import Boat as BoatModel, Logbook as L
def f(session, t, key):
    session.execute(select(BoatModel).where(BoatModel.tenant_id == t))
    session.query(L).join(BoatModel, BoatModel.id == L.boat_id).filter(BoatModel.tenant_id == t).all()
    session.get(BoatModel, key)
""",
        [("proven", None), ("proven", None), ("violation", "TENORM001")],
    ),
    "TypeORM: an entity that is imported under another name": (
        "typeorm",
        """
        import { Boat as BoatEntity } from './entities';
        const f = async (manager, id, t) => {
            await manager.find(BoatEntity, { where: { id, tenantId: t } });
            await getRepository(BoatEntity).findOne({ where: { id } });
        };
        """,
        [("proven", None), ("violation", "TENORM001")],
    ),
    "Django: a manager of a model": ("django", "def load(model, key):\n    return model.objects.get(pk=key)\n", OPAQUE),
    "Django: and of the tenant": (
        "django",
        "def purge(model, key, tenant):\n    model.objects.filter(tenant=tenant, pk=key).delete()\n",
        PROVEN,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_caller_may_hand_over(name: str) -> None:
    calls.check(CASES[name])
