"""A query that grows in a callback, in a property or after a property of its builder is judged as it then is."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

from . import calls

PROVEN = ("proven", None)
EITHER = ("violation", "TENORM006")
SOMETIMES = ("violation", "TENORM005")
SOMETIMES_SQL = ("violation", "TENSQL005")
NAMED = "const q = knex('boats').where('name', 'x');"
OWN = "const q = knex('boats').where('tenant_id', t);"

CASES: dict[str, calls.Case] = {
    "knex: or as a property": (
        "sql-ts",
        "const f = (id, t) => knex('boats').where('tenant_id', t).or.where('id', id);",
        [EITHER],
    ),
    "knex: and as a property": (
        "sql-ts",
        "const f = (id, t) => knex('boats').where('tenant_id', t).and.where('id', id);",
        [PROVEN],
    ),
    "knex: not as a property, of the tenant": (
        "sql-ts",
        "const f = (id, t) => knex('boats').where('id', id).not.where('tenant_id', t);",
        [("violation", "TENORM001")],
    ),
    "knex: not as a property, of something else": (
        "sql-ts",
        "const f = (id, t) => knex('boats').where('tenant_id', t).and.not.where('id', id);",
        [PROVEN],
    ),
    "knex: or not, both as properties": (
        "sql-ts",
        "const f = (id, t) => knex('boats').where('tenant_id', t).or.not.where('id', id);",
        [EITHER],
    ),
    "knex: or as a property of a builder in a variable": (
        "sql-ts",
        f"async function f(id, t) {{ {OWN} q.or.where('id', id); return q; }}",
        [EITHER],
    ),
    "knex: and as a property of a builder in a variable": (
        "sql-ts",
        f"async function f(id, t) {{ {OWN} q.and.where('id', id); return q; }}",
        [PROVEN],
    ),
    "forEach: the tenant for each of nothing": (
        "sql-ts",
        f"async function f(ids) {{ {NAMED} ids.forEach((id) => {{ q.where('tenant_id', id); }}); return q; }}",
        [SOMETIMES],
    ),
    "forEach: something else for each": (
        "sql-ts",
        f"async function f(ids, t) {{ {OWN} ids.forEach((id) => {{ q.where('name', id); }}); return q; }}",
        [PROVEN],
    ),
    "forEach: of a list with something in it": (
        "sql-ts",
        f"async function f(t) {{ {NAMED} ['a', 'b'].forEach((n) => {{ q.where('tenant_id', t); }}); return q; }}",
        [PROVEN],
    ),
    "forEach: or for each": (
        "sql-ts",
        f"async function f(ids, t) {{ {OWN} ids.forEach((id) => {{ q.orWhere('id', id); }}); return q; }}",
        [SOMETIMES],
    ),
    "forEach: conditions in a list": (
        "drizzle",
        """
        function f(ids) { const c = [eq(boats.name, 'x')]; ids.forEach((i) => c.push(eq(boats.tenantId, i)));
          return db.select().from(boats).where(and(...c)); }
        function g(ids, t) { const c = [eq(boats.tenantId, t)]; ids.forEach((i) => c.push(eq(boats.id, i)));
          return db.select().from(boats).where(and(...c)); }
        """,
        [SOMETIMES, PROVEN],
    ),
    "forEach: texts in a list": (
        "sql-ts",
        """
        function f(ids, t) { const c = ["name = 'x'"]; ids.forEach((i) => c.push("tenant_id = $1"));
          return pool.query("SELECT * FROM boats WHERE " + c.join(" AND "), [t]); }
        function g(ids, t) { const c = ["tenant_id = $1"]; ids.forEach((i) => c.push("name = 'x'"));
          return pool.query("SELECT * FROM boats WHERE " + c.join(" AND "), [t]); }
        """,
        [SOMETIMES_SQL, PROVEN],
    ),
    "an object's property is replaced on one path": (
        "sql-ts",
        "async function f(t) { const d = { q: knex('boats').where('name', 'x') }; if (t) { d.q = d.q.where('tenant_id', t); } return await d.q; }",
        [SOMETIMES],
    ),
    "an object's property grows on one path": (
        "sql-ts",
        "async function f(t) { const d = { q: knex('boats').where('name', 'x') }; if (t) { d.q.where('tenant_id', t); } return await d.q; }",
        [SOMETIMES],
    ),
    "an object's property grows on one path by something else": (
        "sql-ts",
        "async function f(t, n) { const d = { q: knex('boats').where('tenant_id', t) }; if (n) { d.q = d.q.where('name', n); } return await d.q; }",
        [PROVEN],
    ),
    "an object's text grows on one path": (
        "sql-ts",
        """async function f(t) { const o = { sql: "SELECT * FROM boats WHERE name = 'x'" };
          if (t) { o.sql += " AND tenant_id = $1"; } return pool.query(o.sql, [t]); }""",
        [SOMETIMES_SQL],
    ),
    "a dictionary's query grows on one path": (
        "django",
        """
def f(request, t):
    held = {"q": Boat.objects.filter(name="x")}
    if t:
        held["q"] = held["q"].filter(tenant_id=t)
    return list(held["q"])
""",
        [SOMETIMES],
    ),
    "a dictionary's query grows on one path by something else": (
        "django",
        """
def f(request, t, name):
    held = {"q": Boat.objects.filter(tenant_id=request.user.tenant_id)}
    if name:
        held["q"] = held["q"].filter(name=name)
    return list(held["q"])
""",
        [PROVEN],
    ),
    "a dictionary's text grows on one path": (
        "django",
        """
def f(t, cur):
    held = {"sql": "SELECT * FROM boats WHERE name = 'x'"}
    if t:
        held["sql"] += " AND tenant_id = %s"
    cur.execute(held["sql"], [t])
""",
        [SOMETIMES_SQL],
    ),
    "an attribute's query grows on one path": (
        "django",
        """
class Fleet:
    def f(self, request, t):
        self.q = Boat.objects.filter(name="x")
        if t:
            self.q = self.q.filter(tenant_id=t)
        return list(self.q)
""",
        [SOMETIMES],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_as_it_then_is(name: str) -> None:
    calls.check(CASES[name])


@pytest.mark.parametrize(
    ("added", "expected"),
    {
        "each": ("collect($ids)->each(function ($i) use ($q) { $q->where('tenant_id', $i); });", {SOMETIMES}),
        "array_map": ("array_map(function ($i) use ($q) { $q->where('tenant_id', $i); }, $ids);", {SOMETIMES}),
        "each of something else": (
            "$q->where('tenant_id', $t); collect($ids)->each(function ($i) use ($q) { $q->where('name', $i); });",
            {PROVEN},
        ),
    }.values(),
)
def test_php(added: str, expected: set[tuple[str, str | None]]) -> None:
    code = f"<?php class A {{ function f($ids, $t) {{ $q = DB::table('boats')->where('name', 'x'); {added} return $q->get(); }} }}"
    files = {"db/1.sql": calls.SQL.encode()}
    rows = scan([("app/a.php", code.encode())], build_model(files, None, tenant_columns=("tenant_id",))).accesses
    assert {(row.verdict, row.rule) for row in rows} == expected, [(row.sql, row.why) for row in rows]
