"""Tenants whose key is several columns: each of them must be tied, or rows of a namesake elsewhere are met."""

from __future__ import annotations

import pytest

from lints.proof import prove
from lints.proof.facets import facets
from lints.schema import build_model

TENANTS = "CREATE TABLE tenants (region text, tenant_no int, name text, PRIMARY KEY (region, tenant_no));"
TABLE = (
    "CREATE TABLE {} (id int PRIMARY KEY, region text NOT NULL, tenant_no int NOT NULL, name text,"
    " UNIQUE (region, tenant_no, name), FOREIGN KEY (region, tenant_no) REFERENCES tenants (region, tenant_no));"
)
MODEL = build_model(
    {"migrations/1.sql": "\n".join([TENANTS, *map(TABLE.format, ("meters", "bills", "notes"))]).encode()}, None
)


@pytest.mark.parametrize(
    ("sql", "verdict"),
    [
        ("SELECT name FROM meters WHERE region = $1 AND tenant_no = $2", "proven"),
        ("SELECT name FROM meters WHERE tenant_no = $1", "violation"),
        ("SELECT name FROM meters WHERE region = $1", "violation"),
        ("SELECT name FROM meters WHERE region = 'eu' AND tenant_no = $1", "weak"),
        ("UPDATE meters SET region = $3 WHERE region = $1 AND tenant_no = $2", "violation"),
        ("INSERT INTO meters (id, tenant_no, name) VALUES ($1, $2, $3)", "violation"),
        ("INSERT INTO meters (id, region, tenant_no) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = 'x'", "violation"),
        ("INSERT INTO meters (id, region, tenant_no) VALUES ($1, $2, $3) ON CONFLICT (region, tenant_no, name) DO UPDATE SET name = 'x'", "proven"),
        ("SELECT * FROM (SELECT *, rank() OVER (PARTITION BY tenant_no) AS r FROM meters) m WHERE region = $1 AND tenant_no = $2", "violation"),
        ("SELECT nonsense FROM WHERE", "unparsed"),
    ],
)  # fmt: skip
def test_every_column_of_the_key_is_asked_for(sql: str, verdict: str) -> None:
    assert prove(sql, MODEL)[0].verdict == verdict


@pytest.mark.parametrize(
    ("why", "tables"),
    [
        ("a table of the tenant's, referred to with the tenant", ["CREATE TABLE boats (tenant_id int, boat_id int, PRIMARY KEY (tenant_id, boat_id));", *(f"CREATE TABLE t{n} (id int PRIMARY KEY, tenant_id int NOT NULL);" for n in range(3)), "CREATE TABLE logs (id int PRIMARY KEY, tenant_id int, boat_id int, FOREIGN KEY (tenant_id, boat_id) REFERENCES boats (tenant_id, boat_id));"]),
        ("the tenants have a key of one column", ["CREATE TABLE tenants (id int PRIMARY KEY, region text);", "CREATE TABLE meters (id int PRIMARY KEY, tenant_id int REFERENCES tenants (id), region text);"]),
    ],
)  # fmt: skip
def test_what_is_no_key_of_several_columns(why: str, tables: list[str]) -> None:
    assert facets(build_model({"migrations/1.sql": "\n".join(tables).encode()}, None)) == (), why
