"""Functions of other files that narrow a query: found by their import, judged on every path, opaque where unseen."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

from . import calls

PYTHON = b"""
from sqlalchemy import select
def owned(t):
    return Boat.tenant_id == t
def scoped(q, t):
    return q.where(Boat.tenant_id == t)
def maybe(q, t=None):
    if t:
        q = q.filter(Boat.tenant_id == t)
    return q
def base(s, user):
    return s.query(Boat).filter(Boat.tenant_id == user.tenant_id)
def unscoped_base(s):
    return s.query(Boat).filter(Boat.name != "x")
class Scopes:
    @staticmethod
    def mine(t):
        return Boat.tenant_id == t
def opened(q, t):
    return q.filter(or_(Boat.tenant_id == t, Boat.name == "public"))
def many(q, a, b, c, d, e):
    if a:
        q = q.filter(Boat.name == a)
    if b:
        q = q.filter(Boat.name == b)
    if c:
        q = q.filter(Boat.name == c)
    if d:
        q = q.filter(Boat.name == d)
    return q.filter(Boat.tenant_id == e)
"""
TYPESCRIPT = b"""
import { and, eq } from 'drizzle-orm';
export const owned = (tenantId: string) => ({ tenantId });
export function maybe(tenantId?: string) { if (tenantId) { return { tenantId }; } return {}; }
export const mine = (t) => eq(boats.tenantId, t);
export function scoped(qb, t) { return qb.where('tenant_id', '=', t); }
export function unassigned(qb, t) { qb.where('tenant_id', '=', t); return qb; }
"""
PROVEN = ("proven", None)
UNSCOPED, OPAQUE = ("violation", "TENORM001"), ("opaque", "TENORM013")
_ASKED = "def f(s, t, i):\n    return s.query(Boat).filter(owned(t), Boat.id == i).first()\n"

IN_PYTHON: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "a condition": (f"from fleet.scopes import owned\n{_ASKED}", [PROVEN]),
    "a condition, relative and by another name": (
        "from .scopes import owned as o\ndef f(s, t, i):\n    return s.query(Boat).filter(o(t), Boat.id == i).first()\n",
        [PROVEN],
    ),
    "a query handed over": (
        "from fleet.scopes import scoped\ndef f(s, t, i):\n    return scoped(s.query(Boat), t).filter(Boat.id == i).first()\n",
        [PROVEN],
    ),
    "a query handed over by keywords": (
        "from fleet.scopes import scoped\ndef f(s, t, i):\n    return scoped(s.query(Boat), t=t).filter(Boat.id == i).first()\n",
        [PROVEN],
    ),
    "nothing is handed over for the tenant": (
        "from fleet.scopes import scoped\ndef f(s, i):\n    return scoped(s.query(Boat), None).filter(Boat.id == i).first()\n",
        [("proven", None)],  # no row is without a tenant
    ),
    "it filters on some paths only": (
        "from fleet.scopes import maybe\ndef f(s, t, i):\n    return maybe(s.query(Boat), t).filter(Boat.id == i).first()\n",
        [("violation", "TENORM005")],
    ),
    "an OR beside the tenant": (
        "from fleet.scopes import opened\ndef f(s, t, i):\n    return opened(s.query(Boat), t).all()\n",
        [("violation", "TENORM006")],
    ),
    "a query that begins there": (
        "from fleet.scopes import base\ndef f(s, u, i):\n    return base(s, u).filter(Boat.id == i).first()\n",
        [PROVEN],
    ),
    "a query that begins there without the tenant": (
        "from fleet.scopes import unscoped_base\ndef f(s, i):\n    return unscoped_base(s).filter(Boat.id == i).first()\n",
        [UNSCOPED],
    ),
    "by its module": (
        "from fleet import scopes\ndef f(s, t, i):\n    return s.query(Boat).filter(scopes.owned(t), Boat.id == i).first()\n",
        [PROVEN],
    ),
    "by a name of its module": (
        "import fleet.scopes as sc\ndef f(s, t, i):\n    return s.query(Boat).filter(sc.owned(t), Boat.id == i).first()\n",
        [PROVEN],
    ),
    "a static method": (
        "from fleet.scopes import Scopes\ndef f(s, t, i):\n    return s.query(Boat).filter(Scopes.mine(t), Boat.id == i).first()\n",
        [PROVEN],
    ),
    "the same name in another module": (f"from elsewhere.scopes import owned\n{_ASKED}", [OPAQUE]),
    "the same name from two modules": (f"from fleet.scopes import owned\nfrom other import owned\n{_ASKED}", [OPAQUE]),
    "one of two imports, nobody knows which": (
        f"try:\n    from fast import owned\nexcept ImportError:\n    from fleet.scopes import owned\n{_ASKED}",
        [OPAQUE],
    ),
    "the name gets another value": (f"from fleet.scopes import owned\nowned = other\n{_ASKED}", [OPAQUE]),
    "the name is a parameter": (
        "from fleet.scopes import owned\ndef f(s, t, i, owned):\n    return s.query(Boat).filter(owned(t), Boat.id == i).first()\n",
        [OPAQUE],
    ),
    "a function of the same name here": (
        f"from fleet.scopes import owned\ndef owned(t):\n    return Boat.name == t\n{_ASKED}",
        [UNSCOPED],
    ),
    "many paths, the tenant on each": (
        "from fleet.scopes import many\ndef f(s, t, i):\n    return many(s.query(Boat), 1, 2, 3, 4, t).all()\n",
        [PROVEN],
    ),
    "a function of this file": (f"def owned(t):\n    return Boat.tenant_id == t\n{_ASKED}", [PROVEN]),
    "a function of this file that filters on some paths only": (
        (
            "def scoped(q, t):\n    if t:\n        return q.filter(Boat.tenant_id == t)\n    return q\n"
            "def f(s, t, i):\n    return scoped(s.query(Boat), t).filter(Boat.id == i).first()\n"
        ),
        [("violation", "TENORM005")],
    ),
    "a function of this file that compares with nothing the caller has": (
        f"def owned(t):\n    return Boat.tenant_id == Boat.name\n{_ASKED}",
        [UNSCOPED],
    ),
}
IN_TYPESCRIPT: dict[str, tuple[str, str, list[tuple[str, str | None]]]] = {
    "prisma: spread": (
        "prisma",
        "import { owned } from './scopes';\nasync function f(id, t){ return prisma.boat.findFirst({ where: { id, ...owned(t) } }) }",
        [PROVEN],
    ),
    "prisma: spread, then overwritten": (
        "prisma",
        "import { owned } from './scopes';\nasync function f(id, t){ return prisma.boat.findFirst({ where: { id, ...owned(t), tenantId: undefined } }) }",
        [OPAQUE],
    ),
    "prisma: by an alias of the project": (
        "prisma",
        "import { owned } from '@/scopes';\nasync function f(id, t){ return prisma.boat.findFirst({ where: owned(t) }) }",
        [PROVEN],
    ),
    "prisma: on some paths only": (
        "prisma",
        "import { maybe } from './scopes';\nasync function f(id, t){ return prisma.boat.findFirst({ where: { id, ...maybe(t) } }) }",
        [("violation", "TENORM005")],
    ),
    "prisma: a package of that name": (
        "prisma",
        "import { owned } from 'scopes';\nasync function f(id, t){ return prisma.boat.findFirst({ where: { id, ...owned(t) } }) }",
        [OPAQUE],
    ),
    "prisma: the whole module": (
        "prisma",
        "import * as s from './scopes';\nasync function f(id, t){ return prisma.boat.findFirst({ where: { id, ...s.owned(t) } }) }",
        [PROVEN],
    ),
    "prisma: another function of that name inside": (
        "prisma",
        "import { owned } from './scopes';\nasync function f(id, t){ const owned = (x) => ({}); return prisma.boat.findFirst({ where: { id, ...owned(t) } }) }",
        [UNSCOPED],
    ),
    "drizzle: a condition": (
        "drizzle",
        "import { mine } from './scopes';\nasync function f(id, t){ return db.select().from(boats).where(and(eq(boats.id, id), mine(t))) }",
        [PROVEN],
    ),
    "drizzle: one branch of an OR": (
        "drizzle",
        "import { mine } from './scopes';\nasync function f(id, t){ return db.select().from(boats).where(or(eq(boats.id, id), mine(t))) }",
        [("violation", "TENORM006")],
    ),
    "kysely: a query handed over": (
        "sql-ts",
        "import { scoped } from './scopes';\nconst f = (id, t) => scoped(db.selectFrom('boats'), t).where('id', '=', id).selectAll().execute()",
        [PROVEN],
    ),
    "kysely: what is not returned is not added": (
        "sql-ts",
        "import { unassigned } from './scopes';\nconst f = (id, t) => unassigned(db.selectFrom('boats'), t).where('id', '=', id).selectAll().execute()",
        [UNSCOPED],
    ),
}


def _rows(schema: str, helpers: tuple[str, bytes], code: str, source: str) -> list[tuple[str, str | None]]:
    path, declared, _ = calls.SCHEMAS[schema]
    tree = {path: declared.encode(), helpers[0]: helpers[1], code: source.encode()}
    found = scan(sorted(tree.items()), build_model(tree, None, tenant_columns=("tenant_id", "tenantId")))
    return [(row.verdict, row.rule) for row in found.accesses if row.path == code]


@pytest.mark.parametrize("name", IN_PYTHON)
def test_python(name: str) -> None:
    source, wanted = IN_PYTHON[name]
    assert _rows("sqlalchemy", ("fleet/scopes.py", PYTHON), "fleet/views.py", source) == wanted


@pytest.mark.parametrize("name", IN_TYPESCRIPT)
def test_typescript(name: str) -> None:
    schema, source, wanted = IN_TYPESCRIPT[name]
    assert _rows(schema, ("src/scopes.ts", TYPESCRIPT), "src/a.ts", source) == wanted
