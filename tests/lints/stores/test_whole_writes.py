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
        "const r = getRepository(Boat);\nconst f = (t, id, d) => r.update({ id, tenantId: t }, d);",
        WEAK,
    ),
    "typeorm: another tenant": (
        "typeorm",
        "const r = getRepository(Boat);\nconst f = (t, id, o) => r.update({ id, tenantId: t }, { tenantId: o });",
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
    "kysely: a row that is in the way takes an object": (
        "sql-ts",
        (
            "const f = (t, n, d) => db.insertInto('boats').values({ tenant_id: t, name: n })"
            ".onConflict((oc) => oc.columns(['tenant_id', 'name']).doUpdateSet(d)).execute();"
        ),
        WEAK,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_call(name: str) -> None:
    calls.check(CASES[name])


def test_the_assumption_is_named() -> None:
    tree = {"prisma/schema.prisma": calls.PRISMA.encode(), "a.ts": CASES["prisma: an object"][1].encode()}
    (row,) = (a for a in scan(tree.items(), build_model(tree, {})).accesses if a.path == "a.ts")

    assert row.assumptions == ("the interpolated SET list does not assign tenant_id",)
