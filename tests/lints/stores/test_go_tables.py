"""Tables that Go names by a struct, a function or a quoting helper, and builders of a project's own."""

from __future__ import annotations

import pytest

from lints.rows import Access
from lints.scan import scan
from lints.schema import build_model

SCHEMA = b"""CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), name text);
CREATE TABLE sails (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, boat_id uuid NOT NULL);
CREATE TABLE weather (id uuid PRIMARY KEY, day date);
"""
BOAT = b"""package fleet

type Boat struct{ ID string }

func (Boat) TableName() string { return "boats" }

type sailsTable struct{ ID string }

func (s *sailsTable) Table() string {
	return "sails"
}
"""
OTHER = b"""package weather

type Boat struct{ ID string }

func (Boat) TableName(ctx context.Context) string { return "weather" }
"""
TREE = {"migrations/1.sql": SCHEMA, "fleet/boat.go": BOAT, "weather/boat.go": OTHER}

CASES: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "a struct of this package": (
        'db.Exec(fmt.Sprintf("DELETE FROM %s WHERE id = $1", Boat{}.TableName()), id)', [("violation", "boats")]),
    "new": (
        'db.Exec(fmt.Sprintf("DELETE FROM %s WHERE id = $1 AND tenant_id = $2", new(Boat).TableName()), id, t)',
        [("proven", "boats")]),
    "a struct of another package": (
        'db.Exec(fmt.Sprintf("DELETE FROM %s WHERE id = $1", weather.Boat{}.TableName(ctx)), id)', []),
    "a struct by its package": (
        'db.Exec(fmt.Sprintf("DELETE FROM %s WHERE id = $1", new(fleet.Boat).TableName()), id)', [("violation", "boats")]),
    "a variable": (
        'sail := &sailsTable{}\n\tdb.Exec("SELECT id FROM " + sail.Table() + " WHERE id = $1", id)', [("violation", "sails")]),
    "a conversion": (
        'sail := (*sailsTable)(held)\n\tdb.Exec("SELECT id FROM " + sail.Table() + " WHERE tenant_id = $1", t)',
        [("proven", "sails")]),
    "quoted": (
        'db.Exec(fmt.Sprintf("DELETE FROM %s WHERE id = $1", pq.QuoteIdentifier("boats")), id)', [("violation", "boats")]),
    "quoted by a driver": (
        'db.Exec("DELETE FROM " + pgx.Identifier{"boats"}.Sanitize() + " WHERE tenant_id = $1", t)', [("proven", "boats")]),
    "an interface": (
        'db.Exec(fmt.Sprintf("DELETE FROM %s WHERE id = $1", item.Table()), id)', [("opaque", "")]),
    "a struct that nobody knows": (
        'db.Exec(fmt.Sprintf("DELETE FROM %s WHERE id = $1", Ship{}.TableName()), id)', [("opaque", "")]),
}  # fmt: skip


def _rows(code: str, head: str = "", tree: dict[str, bytes] = TREE) -> list[Access]:
    text = (
        f"package fleet\n\n{head}\nfunc F(ctx context.Context, db *sql.DB, item Item, id, t string) {{\n\t{code}\n}}\n"
    )
    files = {**tree, "fleet/harbour.go": text.encode()}
    rows = scan([("fleet/harbour.go", text.encode())], build_model(files, None)).accesses
    return list(rows)


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_tables(code: str, expected: list[tuple[str, str]]) -> None:
    rows = _rows(code)
    assert [(row.verdict, row.table) for row in rows] == expected, [(row.sql, row.why) for row in rows]


def test_caches_in_the_process_are_no_redis() -> None:
    found = {
        "f.cache.Get(key + id)": 0,
        'f.cache.Get(ctx, "boat:" + id)': 1,
        'f.redisClient.Get(ctx, "boat:" + id)': 1,
        'f.redis.Get("boat:" + id)': 1,
    }
    assert {code: len(_rows(code)) for code in found} == found
