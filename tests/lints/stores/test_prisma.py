"""Calls of Prisma's client end to end: schema, call, the SQL it stands for, verdict and rule."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

from . import calls

CASES: dict[str, calls.Case] = {
    "prisma: a row that a key alone connects": (
        "prisma",
        """
        const f = (t, k, id) => prisma.logbook.create({ data: { id, boat: { connect: { id: k } } } });
        const g = (t, k, id) => prisma.boat.create({ data: { id, tenantId: t, dock: { connect: { id: k } } } });
        const h = (t, k, id) => prisma.boat.update({ where: { id, tenantId: t }, data: { crew: { connect: ks(k) } } });
        const i = (t, k, id) => prisma.boat.update({ where: { id, tenantId: t }, data: { crew: { set: [{ id: k }] } } });
        const j = (t, k, id) => prisma.boat.update({ where: { id, tenantId: t }, data: {
          dock: { connectOrCreate: { where: { id: k }, create: { id: k, tenantId: t } } } } });
        const l = (t, k, id) => prisma.boat.update({ where: { id, tenantId: t }, data: {
          logbooks: { create: [{ id, signer: { connect: { id: k } } }] } } });
        """,
        [("violation", "TENORM002"), *[("weak", "TENORM013")] * 5],
    ),
    "prisma: a row that is connected as the tenant's": (
        "prisma",
        """
        const f = (t, id) => prisma.boat.create({ data: { id, tenant: { connect: { id: t } } } });
        const g = (t, k, id) => prisma.boat.create({ data: { id, tenantId: t, dock: { connect: { id: k, tenantId: t } } } });
        const h = (t, dock, id) => prisma.boat.create({ data: { id, tenantId: t, dock: { connect: { id: dock.id } } } });
        const i = (t, id) => prisma.boat.update({ where: { id, tenantId: t }, data: { crew: { set: [] } } });
        const j = (t, id) => prisma.boat.update({ where: { id, tenantId: t }, data: { logbooks: { create: { id } } } });
        const k = (t, id, l) => prisma.boat.update({ where: { id, tenantId: t }, data: {
          logbooks: { updateMany: { where: { id: l }, data: { id } } } } });
        """,
        [("proven", None)] * 6,
    ),
    "prisma: columns on some paths only": (
        "prisma",
        """
        const f = (t, n, id) => prisma.boat.update({ where: { id, tenantId: t }, data: { ...(n && { name: n }) } });
        const g = (t, n, id) => prisma.boat.update({ where: { id, tenantId: t }, data: { ...(n && { tenantId: n }) } });
        const h = (t, n, id) => prisma.boat.update({ where: { id, tenantId: t }, data: { [n]: 1 } });
        const i = (t, n, id) => prisma.boat.update({ where: { id, tenantId: t }, data: {} });
        """,
        [("proven", None), ("violation", "TENORM004"), ("weak", "TENORM013"), ("proven", None)],
    ),
    "prisma: a filter that loses its tenant": (
        "prisma",
        "const f = (t) => { const where = { tenantId: t }; delete where.tenantId; return prisma.boat.findMany({ where }); };",
        [("violation", "TENORM001")],
    ),
    "prisma: a filter that loses its tenant on one path": (
        "prisma",
        "const f = (id, t, all) => { const where = { id, tenantId: t }; if (all) delete where.tenantId; return prisma.boat.findMany({ where }); };",
        [("violation", "TENORM005")],
    ),
    "prisma: asked whether the caller may touch another one": (
        "prisma",
        (
            "async function f(user, id, other) {\n  const boat = await prisma.boat.findUnique({ where: { id } });\n"
            '  authorize(user, "read", other);\n  return boat;\n}'
        ),
        [("violation", "TENORM001")],
    ),
    "prisma: tenants that somebody is a member of": (
        "members",
        "async function f(user) { return prisma.tenant.findMany({ where: { members: { some: { userId: user.id } } } }); }",
        [("weak", "TENSQL022")],
    ),
    "prisma: a boat of a tenant that the caller is a member of": (
        "members",
        (
            "async function f(user, id) { return prisma.boat.findFirst({"
            " where: { id, tenant: { members: { some: { userId: user.id } } } } }); }"
        ),
        [("weak", "TENSQL022")],
    ),
    "prisma: membership is one branch of an OR": (
        "members",
        (
            "async function f(user, id) { return prisma.boat.findFirst({"
            " where: { OR: [{ id }, { tenant: { members: { some: { userId: user.id } } } }] } }); }"
        ),
        [("violation", "TENORM006")],
    ),
    "prisma: a relation key further along": (
        "members",
        "async function f(boatId) { return prisma.entry.findMany({ where: { logbook: { boatId } } }); }",
        [("weak", "TENORM002")],
    ),
    "prisma: the key of the parent itself": (
        "members",
        "async function f(id) { return prisma.entry.findMany({ where: { logbook: { boat: { id } } } }); }",
        [("weak", "TENORM002")],
    ),
    "prisma: another column further along is no key": (
        "members",
        "async function f(id) { return prisma.entry.findMany({ where: { logbook: { boat: { id: { gt: id } } } } }); }",
        [("violation", "TENORM001")],
    ),
    "prisma: no such relation is not such a relation": (
        "members",
        "async function f(t) { return prisma.boat.findMany({ where: { tenant: { is: null } } }); }",
        [("opaque", "TENORM013")],
    ),
    "prisma: what a schema has read of the body": (
        "prisma",
        (
            "async function f(req, t, id) { const data = patch.parse(req.body);"
            " return prisma.boat.update({ where: { id, tenantId: t }, data }); }"
        ),
        [("weak", "TENORM013")],
    ),
    "prisma: the body as it was sent": (
        "prisma",
        (
            "async function f(req, t, id) { const data = req.body;"
            " return prisma.boat.update({ where: { id, tenantId: t }, data }); }"
        ),
        [("violation", "TENORM004")],
    ),
    "prisma: by id only": (
        "prisma",
        "const f = (id) => prisma.boat.findUnique({ where: { id } });",
        [("violation", "TENORM001")],
    ),
    "prisma: with the tenant": (
        "prisma",
        "const f = (id, tenantId) => prisma.boat.findFirst({ where: { id, tenantId }, include: { logbooks: true } });",
        [("proven", None)],
    ),
    "prisma: along a relation": (
        "prisma",
        "const f = (id, t) => tx.logbook.findFirst({ where: { id, boat: { tenantId: t } } });",
        [("proven", None)],
    ),
    "prisma: OR": (
        "prisma",
        "const f = (id, t) => prisma.boat.findMany({ where: { OR: [{ id }, { tenantId: t }] } });",
        [("violation", "TENORM006")],
    ),
    "prisma: a conditional spread": (
        "prisma",
        "const f = (n, t) => prisma.boat.findMany({ where: { name: n, ...(t ? { tenantId: t } : {}) } });",
        [("violation", "TENORM005")],
    ),
    "prisma: a filter out of sight": (
        "prisma",
        "const f = (where) => prisma.boat.deleteMany({ where });",
        [("opaque", "TENORM013")],
    ),
    "prisma: deleteMany without where": (
        "prisma",
        "const f = () => prisma.boat.deleteMany();",
        [("violation", "TENORM001")],
    ),
    "prisma: upsert by id": (
        "prisma",
        "const f = (id, t) => prisma.boat.upsert({ where: { id }, create: { id, tenantId: t }, update: {} });",
        [("violation", "TENORM008")],
    ),
    "prisma: as sent": (
        "prisma",
        "const f=(req,t)=>prisma.boat.update({ where: { id: 1, tenantId: t }, data: req.body });",
        [("violation", "TENORM004")],
    ),
    "prisma: spread sent": (
        "prisma",
        "const f=(req,t)=>prisma.boat.update({ where: { id: 1, tenantId: t }, data: { ...req.body } });",
        [("violation", "TENORM004")],
    ),
    "prisma: a chain of which each call has a line": (
        "prisma",
        """
        async function f(id) {
          await this.prisma
            .boat
            .delete({ where: { id } });
        }
        async function g(id) {
          await prisma.boat
            .update({ where: { id }, data: { name: 'x' } });
        }
        """,
        [("violation", "TENORM001"), ("violation", "TENORM001")],
    ),
    "prisma: the transaction, or else the client": (
        "prisma",
        """
        const f = (tx, id) => (tx || this.prisma).boat.count({ where: { name: id } });
        const g = (tx, id, t) => (tx ?? prisma).boat.findMany({ where: { tenantId: t } });
        const h = (tx, id) => (tx ?? this.prisma)
            .boat.findUniqueOrThrow({ where: { id } });
        """,
        [("violation", "TENORM001"), ("proven", None), ("violation", "TENORM001")],
    ),
    "prisma: a client by another name": (
        "prisma",
        """
        const f = (ctx, id) => ctx.db.boat.delete({ where: { id } });
        const g = (prismaClient, id) => prismaClient.boat.update({ where: { id }, data: { name: 'x' } });
        const h = (client, t) => client.boat.count({ where: { tenantId: t } });
        """,
        [("violation", "TENORM001"), ("violation", "TENORM001"), ("proven", None)],
    ),
    "prisma: spread then tenant": (
        "prisma",
        "const f=(req,t)=>prisma.boat.create({ data: { ...req.body, tenantId: t } });",
        [("opaque", "TENORM013")],
    ),
    "prisma: create sent": (
        "prisma",
        "const f=(req,t)=>prisma.boat.create({ data: { tenantId: t, ...req.body } });",
        [("violation", "TENORM004")],
    ),
    "prisma: input": (
        "prisma",
        "const f=(input,t)=>prisma.boat.update({ where: { id: 1, tenantId: t }, data: { name: input.name } });",
        [("proven", None)],
    ),
    "prisma: undefined chain": (
        "prisma",
        "const f=(s)=>prisma.boat.findMany({ where: { tenantId: s?.tenantId } });",
        [("weak", "TENORM007")],
    ),
    "prisma: optional param": (
        "prisma",
        "async function f(id: string, tenantId?: string){ return prisma.boat.findFirst({ where: { id, tenantId } }) }",
        [("violation", "TENORM007")],
    ),
    "prisma: optional param asked": (
        "prisma",
        "async function f(id: string, tenantId?: string){ if (!tenantId) throw new Error('x'); return prisma.boat.findFirst({ where: { id, tenantId } }) }",
        [("proven", None)],
    ),
    "prisma: optional in object": (
        "prisma",
        "async function f({ id, tenantId }: { id: string; tenantId?: string }){ return prisma.boat.findFirst({ where: { id, tenantId } }) }",
        [("violation", "TENORM007")],
    ),
    "prisma: required in object": (
        "prisma",
        "async function f({ id, tenantId }: { id: string; tenantId: string }){ return prisma.boat.findFirst({ where: { id, tenantId } }) }",
        [("proven", None)],
    ),
    "prisma: connect": (
        "prisma",
        "const f=(id,t,x)=>prisma.boat.update({ where: { id, tenantId: t }, data: { logbooks: { connect: { id: x } } } });",
        [("violation", "TENORM001"), ("violation", "TENORM002")],
    ),
    "prisma: compared": (
        "prisma",
        "async function f(id, ctx){ const boat = await prisma.boat.findUnique({ where: { id } }); if (boat.tenantId !== ctx.tenantId) throw new Error(); return boat }",
        [("weak", "TENORM010")],
    ),
    "prisma: held map": (
        "prisma",
        "async function f(old){ await prisma.boat.deleteMany({ where: { id: { in: old.map((b) => b.id) } } }) }",
        [("weak", "TENORM003")],
    ),
    "prisma: upsert": (
        "prisma",
        "const f=(id,t)=>prisma.boat.upsert({ where: { id, tenantId: t }, create: { id, tenantId: t }, update: {} });",
        [("proven", None)],
    ),
    "prisma: keys of rows that were loaded": (
        "prisma",
        """
        async function f(t) {
          const boats = await prisma.boat.findMany({ where: { tenantId: t } });
          return prisma.boat.deleteMany({ where: { id: { in: boats.map((b) => b.id) } } });
        }
        """,
        [("proven", None), ("weak", "TENORM003")],
    ),
    "prisma: keys that a client sent": (
        "prisma",
        "const f = (input) => prisma.boat.deleteMany({ where: { id: { in: input.boats.map((b) => b.id) } } });",
        [("violation", "TENORM001")],
    ),
    "prisma: the tenant that a client names": (
        "prisma",
        "const f = (req) => prisma.boat.findMany({ where: { tenantId: req.query.tenantId } });",
        [("weak", "TENCTX001")],
    ),
    "prisma: a child of a row that is held": (
        "prisma",
        "const f = (boat) => prisma.logbook.create({ data: { id: '1', boatId: boat.id } });",
        [("weak", "TENORM002")],
    ),
    "prisma: a child of a row that the client names": (
        "prisma",
        "const f = (req) => prisma.logbook.create({ data: { id: '1', boatId: req.body.boatId } });",
        [("violation", "TENORM002")],
    ),
    "prisma: several conditional spreads": (
        "prisma",
        "const f = (n, t, s) => prisma.boat.findMany({ where: { tenantId: t, ...(n && s !== 'x' && { name: n }), ...(s && { id: s }) } });",
        [("proven", None)],
    ),
    "prisma: the first of several conditional spreads holds the tenant": (
        "prisma",
        "const f = (n, t) => prisma.boat.findMany({ where: { ...(t && { tenantId: t }), ...(n && { name: n }) } });",
        [("violation", "TENORM005")],
    ),
    "prisma: a conditional spread takes the tenant's place": (
        "prisma",
        "const f = (n, t, all) => prisma.boat.findMany({ where: { tenantId: t, ...(all && { tenantId: { not: null } }) } });",
        [("violation", "TENORM005")],
    ),
    "prisma: notIn": (
        "prisma",
        "const f = (ids, t) => prisma.boat.findMany({ where: { id: { notIn: ids } } });",
        [("violation", "TENORM001")],
    ),
    "prisma: the tenant is none of these": (
        "prisma",
        "const f = (ts) => prisma.boat.findMany({ where: { tenantId: { notIn: ts } } });",
        [("violation", "TENORM001")],
    ),
    "prisma: a key that is derived from the tenant at hand": (
        "prisma",
        "import { fleetOf } from './x';\nconst f = (workspace) => { const id = fleetOf(workspace); return prisma.boat.findUnique({ where: { id } }); };",
        [("weak", "TENORM003")],
    ),
    "prisma: a key that is derived from what was sent": (
        "prisma",
        "import { fleetOf } from './x';\nconst f = (body) => { const id = fleetOf(body); return prisma.boat.findUnique({ where: { id } }); };",
        [("violation", "TENORM001")],
    ),
    "prisma: compared in the next function, which has a variable of that name": (
        "prisma",
        (
            "async function f(id) {\n  const boat = await prisma.boat.findUnique({ where: { id } });\n  return boat;\n}\n"
            "async function g(boat, ctx) {\n  if (boat.tenantId !== ctx.tenantId) throw new Error();\n}"
        ),
        [("violation", "TENORM001")],
    ),
    "prisma: what is compared is another name but for its capitals": (
        "prisma",
        (
            "async function f(id, ctx) {\n  const boat = await prisma.boat.findUnique({ where: { id } });\n"
            "  if (Boat.tenantId !== ctx.tenantId) throw new Error();\n  return boat;\n}"
        ),
        [("violation", "TENORM001")],
    ),
    "prisma: checked before, by key and tenant": (
        "prisma",
        "async function f(id, t){ await getBoatOrThrow({ id, tenantId: t.id }); return prisma.boat.update({ where: { id }, data: { name: 'x' } }) }",
        [("weak", "TENORM010")],
    ),
    "prisma: checked before, by another key": (
        "prisma",
        "async function f(id, pier, t){ await getBoatOrThrow({ pier, tenantId: t.id }); return prisma.boat.update({ where: { id }, data: { name: 'x' } }) }",
        [("violation", "TENORM001")],
    ),
    "prisma: checked before, by key alone": (
        "prisma",
        "async function f(id){ await getBoatOrThrow({ id }); return prisma.boat.update({ where: { id }, data: { name: 'x' } }) }",
        [("violation", "TENORM001")],
    ),
    "prisma: looked up before, but nothing throws": (
        "prisma",
        "async function f(id, t){ await getBoat({ id, tenantId: t.id }); return prisma.boat.update({ where: { id }, data: { name: 'x' } }) }",
        [("violation", "TENORM001")],
    ),
    "prisma: checked in another function": (
        "prisma",
        "async function g(id, t){ await getBoatOrThrow({ id, tenantId: t.id }); }\nasync function f(id, t){ return prisma.boat.update({ where: { id }, data: { name: 'x' } }) }",
        [("violation", "TENORM001")],
    ),
    "prisma: checked afterwards": (
        "prisma",
        "async function f(id, t){ const b = await prisma.boat.update({ where: { id }, data: { name: 'x' } }); await getBoatOrThrow({ id, tenantId: t.id }); return b }",
        [("violation", "TENORM001")],
    ),
    "prisma: keys of rows that were loaded, taken apart": (
        "prisma",
        "async function f(t){ const boats = await prisma.boat.findMany({ where: { tenantId: t } });\nreturn prisma.boat.updateMany({ where: { id: { in: boats.map(({ id }) => id) } }, data: { name: 'x' } }) }",
        [("proven", None), ("weak", "TENORM003")],
    ),
    "prisma: keys of what was sent, taken apart": (
        "prisma",
        "async function f(body){ return prisma.boat.updateMany({ where: { id: { in: body.boats.map(({ id }) => id) } }, data: { name: 'x' } }) }",
        [("violation", "TENORM001")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_call(name: str) -> None:
    calls.check(CASES[name])


COMPOSED = b"""
model Tenant {
  id String @id
  enrollments Enrollment[]
}
model Enrollment {
  id String @id
  tenantId String
  partnerId String
  tenant Tenant @relation(fields: [tenantId], references: [id])
  fees Fee[]
  notes Note[]
  @@unique([partnerId, tenantId])
}
model Note {
  id String @id
  slug String
  enrollmentId String
  enrollment Enrollment @relation(fields: [enrollmentId], references: [id])
  @@unique([enrollmentId, slug])
}
model Fee {
  id String @id
  partnerId String
  tenantId String
  enrollment Enrollment @relation(fields: [partnerId, tenantId], references: [partnerId, tenantId])
}
"""


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("enrollment: { tenantId: t }", ("proven", None)),
        ("enrollment: { id: { in: ids } }", ("violation", "TENORM001")),
        ("enrollment: { id: boat.enrollmentId }", ("weak", "TENORM002")),
        ("enrollment: { is: null }", ("opaque", "TENORM013")),
    ],
)
def test_a_relation_by_several_columns(where: str, wanted: tuple[str, str | None]) -> None:
    code = f"const f = (t, ids, boat) => prisma.fee.findMany({{ where: {{ {where} }} }})".encode()
    tree = {"prisma/schema.prisma": COMPOSED, "src/a.ts": code}
    found = scan(sorted(tree.items()), build_model(tree, None, tenant_columns=("tenantId",)))
    assert [(row.verdict, row.rule) for row in found.accesses] == [wanted]


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("enrollmentId_slug: { enrollmentId: e, slug }", ("weak", "TENORM002")),
        ("id", ("violation", "TENORM008")),
    ],
)
def test_an_upsert_under_a_parent(where: str, wanted: tuple[str, str | None]) -> None:
    made = "create: { slug, enrollmentId: e.id }, update: { slug }"
    code = f"const f = (id, e, slug) => prisma.note.upsert({{ where: {{ {where} }}, {made} }})".encode()
    tree = {"prisma/schema.prisma": COMPOSED, "src/a.ts": code}
    found = scan(sorted(tree.items()), build_model(tree, None, tenant_columns=("tenantId",)))
    assert wanted in [(row.verdict, row.rule) for row in found.accesses], found.accesses


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        ("boat.create({ data })", [("opaque", "Boat")]),
        ("user.create({ data })", []),
        ("user.upsert({ where, create, update })", []),
        ("user.update({ where, data })", []),
    ],
)
def test_what_is_written_out_of_sight(call: str, wanted: list[tuple[str, str]]) -> None:
    """Into a table that is no tenant's there is nothing to tell; into a tenant's, the finding says which."""
    rows = calls.facts("members", f"const f = ({{ where, data, create, update }}) => prisma.{call};").accesses
    assert [(row.verdict, row.table) for row in rows] == wanted
