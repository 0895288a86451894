"""What is suggested was proven to help; what can be applied as it stands leaves nothing to find."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lints.remedy import Remedy, remedy
from lints.rows import Access
from lints.scan import scan
from lints.schema import build_model

SCHEMA = b"""
CREATE TABLE tenants (id text PRIMARY KEY);
CREATE TABLE boats (id text NOT NULL UNIQUE, tenant_id text NOT NULL REFERENCES tenants (id), name text, PRIMARY KEY (tenant_id, id));
CREATE TABLE berths (id text NOT NULL, tenant_id text NOT NULL REFERENCES tenants (id), boat_id text, PRIMARY KEY (tenant_id, id));
"""
MODEL = build_model({"migrations/0001.sql": SCHEMA}, None)


def findings(files: dict[str, str]) -> list[Access]:
    return [a for a in scan([(n, t.encode()) for n, t in files.items()], MODEL).accesses if a.verdict != "proven"]


def of_sql(sql: str) -> Remedy | None:
    found = findings({"app/a.py": f"def f(cur, *values):\n    cur.execute({sql!r}, values)\n"})
    assert len(found) == 1, found
    return remedy(found[0], MODEL, "postgres")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT name FROM boats WHERE id = $1", "Add `AND tenant_id = $2` to its WHERE: that proves it"),
        ("SELECT name FROM boats WHERE id = %s", "Add `AND tenant_id = %s` to its WHERE: that proves it"),
        ("SELECT name FROM boats WHERE id = ?", "Add `AND tenant_id = ?` to its WHERE: that proves it"),
        ("SELECT name FROM boats WHERE id = :id", "Add `AND tenant_id = :tenant_id` to its WHERE: that proves it"),
        ("SELECT name FROM boats WHERE id = %(id)s", "Add `AND tenant_id = %(tenant_id)s` to its WHERE: that proves it"),
        ("SELECT b.name FROM boats AS b WHERE b.id = $1", "Add `AND b.tenant_id = $2` to its WHERE: that proves it"),
        ("SELECT name FROM boats", "Add `WHERE tenant_id = <the caller's tenant>` after it: that proves it"),
        ("SELECT name FROM boats ORDER BY name LIMIT 5", "Add `WHERE tenant_id = <the caller's tenant>` after it: that proves it"),
        ("SELECT name FROM boats WHERE id = $1 -- by id\nORDER BY name", "Add `AND tenant_id = $2` to its WHERE: that proves it"),
        ("UPDATE boats SET name = $1 WHERE id = $2 RETURNING id", "Add `AND tenant_id = $3` to its WHERE: that proves it"),
        ("DELETE FROM boats WHERE id = $1", "Add `AND tenant_id = $2` to its WHERE: that proves it"),
        (
            "SELECT name FROM boats WHERE id = $1 OR name = $2",
            "Bracket the WHERE and add `AND tenant_id = $3` behind the bracket: that proves it",
        ),
        (
            "SELECT b.name, s.id FROM boats b LEFT JOIN berths s ON s.boat_id = b.id WHERE b.tenant_id = $1 AND b.id = $2",
            "Add `AND s.tenant_id = $3` to its ON: that proves it",
        ),
        (
            "SELECT name FROM boats WHERE tenant_id = $1 AND id IN (SELECT s.boat_id FROM berths s WHERE s.id = $2)",
            "Add `AND s.tenant_id = $3` to its WHERE: that proves it",
        ),
    ],
)  # fmt: skip
def test_what_is_suggested_has_the_alias_the_place_and_the_placeholder(sql: str, said: str) -> None:
    found = of_sql(sql)

    assert found is not None
    assert found.said == said
    assert found.line is None  # a value has to be bound too


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM boats UNION SELECT name FROM boats WHERE id = $1",
        "INSERT INTO boats (id) VALUES ($1)",
        "TRUNCATE boats",
    ],
)
def test_what_is_not_certain_is_not_suggested(sql: str) -> None:
    found = findings({"app/a.py": f"def f(cur, *values):\n    cur.execute({sql!r}, values)\n"})

    assert [remedy(a, MODEL, "postgres") for a in found] == [None] * len(found)


FILES = {
    "a tagged template": (
        "src/a.ts",
        "async function f(sql, id, tenantId) {\n  return await sql`SELECT b.name FROM boats b WHERE b.id = ${id} ORDER BY 1`;\n}\n",
        "AND b.tenant_id = ${tenantId}",
    ),
    "a tagged template that ends with a value": (
        "src/a.ts",
        "async function f(sql, id, tenantId) {\n  return await sql`\n    DELETE FROM boats\n    WHERE id = ${id}\n  `;\n}\n",
        "AND tenant_id = ${tenantId}",
    ),
    "a query file": (
        "queries/boats.sql",
        "-- name: GetBoat :one\nSELECT name FROM boats\nWHERE id = $1\nLIMIT 1;\n\n-- name: Other :one\nSELECT 1;\n",
        "AND tenant_id = $2",
    ),
    "a query file with names": (
        "queries/boats.sql",
        "-- name: boats\nUPDATE boats SET name = :name WHERE id = :id;\n",
        "AND tenant_id = :tenant_id",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_what_can_be_applied_leaves_nothing_to_find(name: str) -> None:
    path, text, condition = FILES[name]
    (access,) = findings({path: text})
    found = remedy(access, MODEL, "postgres")

    assert found is not None
    assert found.line is not None
    assert found.column is not None
    assert found.text.strip() == condition
    lines = text.split("\n")
    line = lines[found.line - 1]
    lines[found.line - 1] = line[: found.column - 1] + found.text + line[found.column - 1 :]
    assert findings({path: "\n".join(lines)}) == []


def test_nothing_is_applied_where_the_tenant_is_not_at_hand() -> None:
    text = "async function f(sql, id) {\n  return await sql`SELECT name FROM boats WHERE id = ${id}`;\n}\n"
    (access,) = findings({"src/a.ts": text})
    found = remedy(access, MODEL, "postgres")

    assert found is not None
    assert (found.line, found.said) == (None, "Add `AND tenant_id = ${tenantId}` to its WHERE: that proves it")


words = st.sampled_from(
    ["SELECT", "name", "FROM", "boats", "b", "WHERE", "(", ")", "AND", "OR", "id = $1", "JOIN berths s", "ON", "'", '"', "--",
     "/*", "*/", ";", "ORDER BY", ",", "LIMIT 1", "\n", "UNION", "${", ":h0", "é"]
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.lists(words, max_size=14))
def test_hostile_text_neither_breaks_nor_is_answered_without_proof(parts: list[str]) -> None:
    for access in findings({"queries/q.sql": "SELECT name FROM boats " + " ".join(parts)}):
        found = remedy(access, MODEL, "postgres")
        assert found is None or found.said
