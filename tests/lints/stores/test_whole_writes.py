"""Objects that are written as a whole: what is in them is not seen, so they may name another tenant.

A row that is found in its tenant and changed to such an object is weak, with that assumption named; what is set beside
the object wins; a tenant that is set to something else is a finding.
"""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model
from tests.lints.stores import calls

WEAK = [("weak", "TENORM013")]
PROVEN = [("proven", None)]
MOVED = [("violation", "TENORM004")]
OPAQUE = [("opaque", "TENORM013")]
BY_KEY = [("violation", "TENORM001")]
UPSERT = [("violation", "TENORM008")]

BOATS = "const r = getRepository(Boat);\n"

CASES: dict[str, calls.Case] = {
    "django: an object": ("django", "def f(t, i, data):\n    Boat.objects.filter(id=i, tenant_id=t).update(**data)\n", WEAK),
    "django: an object by key": ("django", "def f(i, data):\n    Boat.objects.filter(id=i).update(**data)\n", BY_KEY),
    "django: a column": ("django", "def f(t, i, n):\n    Boat.objects.filter(id=i, tenant_id=t).update(name=n)\n", PROVEN),
    "django: another tenant": (
        "django", "def f(t, i, o):\n    Boat.objects.filter(id=i, tenant_id=t).update(tenant_id=o)\n", MOVED,
    ),
    "django: found or made, and moved": (
        "django",
        "def f(t, n, o):\n    Boat.objects.update_or_create(tenant_id=t, name=n, defaults={'tenant_id': o})\n",
        MOVED,
    ),
    "django: found or made, with an object": (
        "django", "def f(t, n, d):\n    Boat.objects.update_or_create(tenant_id=t, name=n, defaults=d)\n", WEAK,
    ),
    "django: rows that are in the way by a key": (
        "django",
        (
            "def f(t, rows):\n    Boat.objects.bulk_create([Boat(id=r.id, tenant_id=t, name=r.name) for r in rows],\n"
            "        update_conflicts=True, unique_fields=['id'], update_fields=['name'])\n"
        ),
        UPSERT,
    ),
    "django: rows that are in the way by a key with the tenant": (
        "django",
        (
            "def f(t, rows):\n    Boat.objects.bulk_create([Boat(tenant_id=t, name=r.name) for r in rows],\n"
            "        update_conflicts=True, unique_fields=['tenant', 'name'], update_fields=['name'])\n"
        ),
        PROVEN,
    ),
    "django: rows that are in the way by what is not seen": (
        "django",
        "def f(t, k):\n    Boat.objects.bulk_create([Boat(tenant_id=t)], update_conflicts=True, unique_fields=k)\n",
        OPAQUE,
    ),
    "django: rows of many spread objects": (
        "django", "def f(rows):\n    Boat.objects.bulk_create([Boat(**r) for r in rows])\n", OPAQUE,
    ),
    "django: rows that are changed by a key of what came": (
        "django",
        "def f(rows):\n    Boat.objects.bulk_update([Boat(id=r.id, name=r.name) for r in rows], ['name'])\n",
        BY_KEY,
    ),
    "django: rows that were handed over": (
        "django", "def f(boats):\n    Boat.objects.bulk_update(boats, ['name'])\n", [("weak", "TENORM003")],
    ),
    "django: rows that are gathered": (
        "django",
        (
            "def f(t):\n    found = []\n    for boat in Boat.objects.filter(tenant_id=t):\n        found.append(boat)\n"
            "    Boat.objects.bulk_update(found, ['name'])\n"
        ),
        [("proven", None), ("weak", "TENORM003")],
    ),
    "django: the tenant of rows that were handed over": (
        "django", "def f(boats):\n    Boat.objects.bulk_update(boats, ['name', 'tenant'])\n",
        [("weak", "TENORM003"), ("violation", "TENORM004")],
    ),
    "sqlalchemy: an object": (
        "sqlalchemy",
        "def f(s, t, i, d):\n    s.execute(update(Boat).where(Boat.id == i, Boat.tenant_id == t).values(**d))\n",
        WEAK,
    ),
    "sqlalchemy: what a schema gives": (
        "sqlalchemy",
        (
            "def f(s, t, i, d):\n    s.execute(update(Boat).where(Boat.id == i, Boat.tenant_id == t)"
            ".values(d.model_dump(exclude_unset=True)))\n"
        ),
        WEAK,
    ),
    "sqlalchemy: columns by name and by attribute": (
        "sqlalchemy",
        (
            "def f(s, t, i):\n    s.query(Boat).filter(Boat.id == i, Boat.tenant_id == t)"
            ".update({'id': i, Boat.name: 'x'})\n"
        ),
        PROVEN,
    ),
    "sqlalchemy: the tenant by its attribute": (
        "sqlalchemy",
        "def f(s, t, i, o):\n    s.query(Boat).filter(Boat.id == i, Boat.tenant_id == t).update({Boat.tenant_id: o})\n",
        MOVED,
    ),
    "sqlalchemy: a row that is in the way by its key": (
        "sqlalchemy",
        (
            "def f(s, t, i, n):\n    s.execute(insert(Boat).values(id=i, tenant_id=t, name=n)"
            ".on_conflict_do_update(index_elements=['id'], set_=dict(name=n)))\n"
        ),
        UPSERT,
    ),
    "sqlalchemy: a row that is in the way by its key, if it is the tenant's": (
        "sqlalchemy",
        (
            "def f(s, t, i, n):\n    s.execute(insert(Boat).values(id=i, tenant_id=t, name=n)"
            ".on_conflict_do_update(index_elements=['id'], set_=dict(name=n), where=(Boat.tenant_id == t)))\n"
        ),
        PROVEN,
    ),
    "prisma: an object": (
        "prisma", "const f = (t, id, d) => prisma.boat.update({ where: { id, tenantId: t }, data: d });", WEAK,
    ),
    "prisma: a spread object": (
        "prisma", "const f = (t, id, d) => prisma.boat.update({ where: { id, tenantId: t }, data: { ...d } });", WEAK,
    ),
    "prisma: the tenant beside a spread object": (
        "prisma",
        "const f = (t, id, d) => prisma.boat.update({ where: { id, tenantId: t }, data: { ...d, tenantId: t } });",
        PROVEN,
    ),
    "prisma: the tenant before a spread object": (
        "prisma",
        "const f = (t, id, d) => prisma.boat.update({ where: { id, tenantId: t }, data: { tenantId: t, ...d } });",
        WEAK,
    ),
    "prisma: columns that may be left out": (
        "prisma",
        (
            "const f = (t, id, name) => prisma.boat.update({ where: { id, tenantId: t },"
            " data: { ...(name && { name }) } });"
        ),
        PROVEN,
    ),
    "typeorm: an object": (
        "typeorm",
        f"{BOATS}const f = (t, id, d) => r.update({{ id, tenantId: t }}, d);",
        WEAK,
    ),
    "typeorm: another tenant": (
        "typeorm",
        f"{BOATS}const f = (t, id, o) => r.update({{ id, tenantId: t }}, {{ tenantId: o }});",
        MOVED,
    ),
    "drizzle: an object": (
        "drizzle",
        "const f = (t, id, d) => db.update(boats).set(d).where(and(eq(boats.id, id), eq(boats.tenantId, t)));",
        WEAK,
    ),
    "drizzle: a column": (
        "drizzle",
        "const f = (t, id, n) => db.update(boats).set({ name: n }).where(and(eq(boats.id, id), eq(boats.tenantId, t)));",
        PROVEN,
    ),
    "drizzle: a row that is in the way takes an object": (
        "drizzle",
        (
            "const f = (t, n, d) => db.insert(boats).values({ tenantId: t, name: n })"
            ".onConflictDoUpdate({ target: [boats.tenantId, boats.name], set: d });"
        ),
        WEAK,
    ),
    "knex: an object": (
        "sql-ts", "const f = (t, id, d) => knex('boats').where({ id, tenant_id: t }).update(d);", WEAK,
    ),
    "knex: a row that is in the way takes an object": (
        "sql-ts",
        "const f = (t, n, d) => knex('boats').insert({ tenant_id: t, name: n }).onConflict(['tenant_id', 'name']).merge(d);",
        WEAK,
    ),
    "knex: a row that is in the way takes some of what was to be inserted": (
        "sql-ts",
        (
            "const f = (t, n) => knex('boats').insert({ tenant_id: t, name: n })"
            ".onConflict(['tenant_id', 'name']).merge(['name']);"
        ),
        PROVEN,
    ),
    "kysely: an object": (
        "sql-ts",
        "const f = (t, id, d) => db.updateTable('boats').set(d).where('id', '=', id).where('tenant_id', '=', t).execute();",
        WEAK,
    ),
    "kysely: columns that a function gives": (
        "sql-ts",
        (
            "const f = (t, id) => db.updateTable('boats').set((eb) => ({ name: eb('name', '||', 'x') }))"
            ".where('id', '=', id).where('tenant_id', '=', t).execute();"
        ),
        PROVEN,
    ),
    "kysely: the tenant that a function gives": (
        "sql-ts",
        (
            "const f = (t, id, o) => db.updateTable('boats').set((eb) => ({ tenant_id: o }))"
            ".where('id', '=', id).where('tenant_id', '=', t).execute();"
        ),
        MOVED,
    ),
    "kysely: what was to be inserted": (
        "sql-ts",
        (
            "const f = (t, n) => db.insertInto('boats').values({ tenant_id: t, name: n }).onConflict((oc) =>"
            " oc.columns(['tenant_id', 'name']).doUpdateSet((eb) => ({ name: eb.ref('excluded.name') }))).execute();"
        ),
        PROVEN,
    ),
    "kysely: of several tables": (
        "sql-ts",
        (
            "const f = (t) => db.selectFrom(['boats as b', 'logbooks as l']).selectAll('l')"
            ".whereRef('l.boat_id', '=', 'b.id').where('b.tenant_id', '=', t).execute();"
        ),
        PROVEN,
    ),
    "kysely: of several tables, one of which is anybody's": (
        "sql-ts",
        "const f = (t) => db.selectFrom(['logbooks', 'boats']).selectAll('logbooks').where('boats.tenant_id', '=', t).execute();",
        BY_KEY,
    ),
    "kysely: in the place of what is there": (
        "sql-ts",
        "const f = (t, id) => db.replaceInto('boats').values({ id, tenant_id: t }).execute();\n// kysely",
        MOVED + UPSERT,
    ),
    "kysely: merged": (
        "sql-ts",
        (
            "const f = () => db.mergeInto('boats').using('logbooks', 'boats.id', 'logbooks.boat_id').whenMatched()"
            ".thenDelete().execute();\n// kysely"
        ),
        OPAQUE,
    ),
    "kysely: the tenant on one path": (
        "sql-ts",
        "const f = (t) => db.selectFrom('boats').selectAll().$if(!!t, (qb) => qb.where('tenant_id', '=', t)).execute();",
        [("violation", "TENORM005")],
    ),
    "kysely: a name on one path": (
        "sql-ts",
        (
            "const f = (t, n) => db.selectFrom('boats').selectAll().where('tenant_id', '=', t)"
            ".$if(!!n, (qb) => qb.where('name', '=', n)).execute();"
        ),
        PROVEN,
    ),
    "kysely: something else on one path": (
        "sql-ts",
        (
            "const f = (t, n) => db.selectFrom('boats').selectAll().where('tenant_id', '=', t)"
            ".$if(!!n, (qb) => qb.orWhere('name', '=', n)).execute();"
        ),
        [("violation", "TENORM005")],
    ),
    "knex: nobody sets the tenant": (
        "sql-ts", "const f = (name) => knex('boats').insert({ name });", [("violation", "TENSQL004")],
    ),
    "clickhouse: rows that came": (
        "sql-ts", "// clickhouse\nconst f = (c, values) => c.insert({ table: 'boats', values });", OPAQUE,
    ),
    "clickhouse: rows of a tenant": (
        "sql-ts",
        (
            "// clickhouse\nconst f = (c, t, rows) => c.insert({ table: 'boats', format: 'JSONEachRow',"
            " values: rows.map((r) => ({ name: r.name, tenant_id: t })) });"
        ),
        PROVEN,
    ),
    "kysely: a row that is in the way takes an object": (
        "sql-ts",
        (
            "const f = (t, n, d) => db.insertInto('boats').values({ tenant_id: t, name: n })"
            ".onConflict((oc) => oc.columns(['tenant_id', 'name']).doUpdateSet(d)).execute();"
        ),
        WEAK,
    ),
    "typeorm: what came is saved": ("typeorm", f"{BOATS}const f = (dto) => r.save(dto);", OPAQUE),
    "typeorm: what came is inserted": ("typeorm", f"{BOATS}const f = (dto) => r.insert(dto);", OPAQUE),
    "typeorm: what came is inserted with the tenant": (
        "typeorm", f"{BOATS}const f = (t, dto) => r.insert({{ ...dto, tenantId: t }});", PROVEN,
    ),
    "typeorm: what came is saved with the tenant": (
        "typeorm", f"{BOATS}const f = (t, dto) => r.save({{ ...dto, tenantId: t }});", WEAK,
    ),
    "typeorm: what came is saved with a key and the tenant": (
        "typeorm", f"{BOATS}const f = (t, id, dto) => r.save({{ ...dto, id, tenantId: t }});", UPSERT,
    ),
    "typeorm: what came is saved with a key": (
        "typeorm", f"{BOATS}const f = (id, name) => r.save({{ id, name }});", BY_KEY,
    ),
    "typeorm: a new row": ("typeorm", f"{BOATS}const f = (t, name) => r.save({{ name, tenantId: t }});", PROVEN),
    "typeorm: a new entity": (
        "typeorm",
        f"{BOATS}const f = (t, n) => {{ const b = new Boat(); b.name = n; b.tenantId = t; return r.save(b); }};",
        PROVEN,
    ),
    "typeorm: a new entity without its tenant": (
        "typeorm",
        f"{BOATS}const f = (n) => {{ const b = new Boat(); b.name = n; return r.save(b); }};",
        [("weak", "TENSQL004")],
    ),
    "typeorm: what is copied onto a new entity": (
        "typeorm",
        f"{BOATS}const f = (dto) => {{ const b = Object.assign(new Boat(), dto); return r.save(b); }};",
        OPAQUE,
    ),
    "typeorm: an entity made of what came": (
        "typeorm", f"{BOATS}const f = (dto) => {{ const b = r.create(dto); return r.save(b); }};", OPAQUE,
    ),
    "typeorm: an entity that was handed over": (
        "typeorm", f"{BOATS}const f = (boat) => r.save(boat);", [("weak", "TENORM003")],
    ),
    "typeorm: an entity that was loaded": (
        "typeorm",
        f"{BOATS}const f = async (t, id) => {{ const b = await r.findOneBy({{ id, tenantId: t }}); return r.save(b); }};",
        PROVEN,
    ),
    "typeorm: an entity that is removed": (
        "typeorm", f"{BOATS}const f = (boat) => r.remove(boat);", [("weak", "TENORM003")],
    ),
    "typeorm: what is merged onto the row of a key": (
        "typeorm", f"{BOATS}const f = (id, dto) => r.preload({{ id, ...dto }});", BY_KEY,
    ),
    "typeorm: rows of a builder": (
        "typeorm", f"{BOATS}const f = (dto) => r.createQueryBuilder().insert().values(dto).execute();", OPAQUE,
    ),
    "typeorm: rows of a builder with the tenant": (
        "typeorm",
        f"{BOATS}const f = (t, n) => r.createQueryBuilder().insert().values([{{ tenantId: t, name: n }}]).execute();",
        PROVEN,
    ),
    "typeorm: rows of a builder that are in the way": (
        "typeorm",
        (
            f"{BOATS}const f = (t, id, n) => r.createQueryBuilder().insert().values({{ id, tenantId: t, name: n }})"
            ".orUpdate(['name'], ['id']).execute();"
        ),
        UPSERT,
    ),
    "typeorm: what belongs to a row": (
        "typeorm",
        "const f = (ds, id, l) => ds.createQueryBuilder().relation(Boat, 'logbooks').of(id).add(l);",
        BY_KEY,
    ),
    "typeorm: the largest": ("typeorm", f"{BOATS}const f = (name) => r.maximum('price', {{ name }});", BY_KEY),
    "typeorm: a builder that several calls change, then others": (
        "typeorm",
        (
            f"{BOATS}const f = (t, id) => {{ const q = r.createQueryBuilder('b');"
            " q.leftJoin('b.x', 'x').leftJoin('b.y', 'y').where('b.id = :id', { id });"
            " q.andWhere('b.tenantId = :t', { t }); return q.getMany(); };"
        ),
        PROVEN,
    ),
    "typeorm: a builder to which nothing is added here": (
        "typeorm", f"{BOATS}const f = () => r.createQueryBuilder('b');", OPAQUE,
    ),
    "typeorm: a builder without a condition": (
        "typeorm", f"{BOATS}const f = () => r.createQueryBuilder('b').orderBy('b.name').getMany();", BY_KEY,
    ),
    "typeorm: a copy of a builder is another": (
        "typeorm",
        (
            f"{BOATS}const f = (t, id) => {{ const q = r.createQueryBuilder('b');"
            " const c = q.clone().where('b.tenantId = :t', { t }).orderBy('b.name');"
            " return [c.getMany(), q.where('b.id = :id', { id }).getMany()]; };"
        ),
        PROVEN + BY_KEY,
    ),
    "knex: a builder that several calls change, then others": (
        "sql-ts",
        (
            "const f = (t, id) => { const q = knex('boats'); q.select('id').where({ id }); q.where({ tenant_id: t });"
            " return q; };"
        ),
        PROVEN,
    ),
    "mikro: found or made by its key": (
        "typeorm", "const f = (em, id, t) => em.upsert(Boat, { id, tenantId: t, name: 'x' });", MOVED + UPSERT,
    ),
    "mikro: what came": (
        "typeorm", "import '@mikro-orm/core';\nconst f = (em, dto) => em.create(Boat, dto);", OPAQUE,
    ),
    "mikro: what came with the tenant": (
        "typeorm",
        "import '@mikro-orm/core';\nconst f = (em, t, dto) => em.create(Boat, { ...dto, tenantId: t });",
        PROVEN,
    ),
    "mikro: many rows that came": ("typeorm", "const f = (em, rows) => em.insertMany(Boat, rows);", OPAQUE),
    "sequelize: rows that are in the way by any key": (
        "typeorm",
        (
            "const f = (t, rows) => Boat.bulkCreate(rows.map((r) => ({ id: r.id, name: r.name, tenantId: t })),"
            " { updateOnDuplicate: ['name'] });"
        ),
        UPSERT,
    ),
    "sequelize: many rows": (
        "typeorm", "const f = (t, rows) => Boat.bulkCreate(rows.map((r) => ({ name: r.name, tenantId: t })));", PROVEN,
    ),
    "sequelize: many rows that came": ("typeorm", "const f = (rows) => Boat.bulkCreate(rows);", OPAQUE),
    "sequelize: found or made by its key": (
        "typeorm", "const f = (t, id) => Boat.upsert({ id, tenantId: t, name: 'x' });", MOVED + UPSERT,
    ),
    "sequelize: counted up": (
        "typeorm", "const f = (t, id) => Boat.increment({ price: 1 }, { where: { id, tenantId: t } });", PROVEN,
    ),
    "sequelize: counted up by key": (
        "typeorm", "const f = (id) => Boat.increment({ price: 1 }, { where: { id } });", BY_KEY,
    ),
    "sequelize: made of what came": (
        "typeorm", "import 'sequelize';\nconst f = (dto) => Boat.build(dto).save();", OPAQUE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_call(name: str) -> None:
    calls.check(CASES[name])


def test_the_assumption_is_named() -> None:
    tree = {"prisma/schema.prisma": calls.PRISMA.encode(), "a.ts": CASES["prisma: an object"][1].encode()}
    (row,) = (a for a in scan(tree.items(), build_model(tree, {})).accesses if a.path == "a.ts")

    assert row.assumptions == ("the interpolated SET list does not assign tenant_id",)
