"""A text that is handed to a function of the same file, which makes a longer one of it: what is added is not seen."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

SCHEMA = b"""CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), name text);
"""
MODEL = build_model({"migrations/1.sql": SCHEMA}, None)
GO = """package x

func list(db *sql.DB, t string) {
	executeQuery(db, `select id from boats`, "tenant_id = $1", t)
}

func executeQuery(db *sql.DB, query string, where string, args ...any) (int, error) {
	%s
	return db.Exec(query, args...)
}
"""
CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "conditions": ('query = "select count(*) from (" + query + " where " + where + ") x"', [("opaque", "TENSQL013")]),
    "conditions, after it": ('query += " where " + where', [("opaque", "TENSQL013")]),
    "formatted": ('query = fmt.Sprintf("%s where %s", query, where)', [("opaque", "TENSQL013")]),
    "a limit": ('query += " limit 10"', [("violation", "TENSQL001")]),
    "a message": ('log.Print("query: " + query + where)', [("violation", "TENSQL001")]),
    "a comparison": ("if query == where { return 0, nil }", [("violation", "TENSQL001")]),
    "another text": ('where = where + "x"', [("violation", "TENSQL001")]),
}


@pytest.mark.parametrize("name", CASES)
def test_go(name: str) -> None:
    code, expected = CASES[name]
    source = GO.replace("%s\n\treturn", f"{code}\n\treturn").encode()
    found = scan([("x/x.go", source)], MODEL).accesses
    assert [(row.verdict, row.rule) for row in found if row.line == 4] == expected


def test_python() -> None:
    source = b"""
def boats(where):
    return execute("SELECT id FROM boats", where)


def execute(query, where):
    query += " WHERE " + where
    return db.execute(query)
"""
    assert [(row.verdict, row.rule) for row in scan([("x.py", source)], MODEL).accesses] == [("opaque", "TENSQL013")]
