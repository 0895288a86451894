"""What is declared is meant of the tables that the schema has, however it spells them; partitions are their table's."""

from __future__ import annotations

from typing import Any

import pytest

from lints.schema import build_model
from lints.tenancy import Model, Ownership


def model(sql: str, declared: dict[str, Any], dialect: str = "postgres") -> Model:
    return build_model({"m/1.sql": sql.encode()}, declared, dialect=dialect)


@pytest.mark.parametrize(
    ("sql", "name", "key", "dialect"),
    [
        ("CREATE TABLE countries (iso char(2) PRIMARY KEY)", "Countries", "countries", "postgres"),
        ("CREATE TABLE countries (iso char(2) PRIMARY KEY)", "countries", "COUNTRIES", "oracle"),
        ("CREATE TABLE [ref].[Countries] ([Iso] char(2) PRIMARY KEY)", "ref.Countries", "countries", "tsql"),
        ('CREATE TABLE "Countries" (iso char(2) PRIMARY KEY)', "countries", "Countries", "postgres"),
        ("CREATE SCHEMA ref; CREATE TABLE ref.countries (iso char(2) PRIMARY KEY)", "ref.countries", "countries", "postgres"),
    ],
)  # fmt: skip
def test_a_declared_table_is_found_however_it_is_spelled(sql: str, name: str, key: str, dialect: str) -> None:
    found = model(sql, {"globals": {name: "ISO 3166"}}, dialect)
    assert {k: t.ownership for k, t in found.tables.items()} == {key: Ownership.GLOBAL}


def test_a_name_without_a_schema_is_each_of_its_tables() -> None:
    sql = "CREATE TABLE a.notes (id int PRIMARY KEY); CREATE TABLE b.notes (id int PRIMARY KEY)"
    assert {t.ownership for t in model(sql, {"globals": {"notes": "ours"}}).tables.values()} == {Ownership.GLOBAL}
    found = model(sql, {"globals": {"a.notes": "ours"}}).tables
    assert {k: t.ownership.value for k, t in found.items()} == {"a.notes": "global", "b.notes": "unknown"}


def test_a_declared_column_is_the_schema_s() -> None:
    sql = "CREATE TABLE notes (id number PRIMARY KEY, company_id number)"
    found = model(sql, {"tables": {"notes": {"ownership": "owned", "column": "company_id"}}}, "oracle")
    assert found.tables["NOTES"].tenant_column == "COMPANY_ID"


def test_a_partition_is_whose_its_table_is() -> None:
    sql = """
    CREATE TABLE orgs (id int PRIMARY KEY);
    CREATE TABLE devices (id int PRIMARY KEY, org_id int NOT NULL REFERENCES orgs (id));
    CREATE TABLE samples (device_id int NOT NULL, at date NOT NULL, PRIMARY KEY (device_id, at)) PARTITION BY RANGE (at);
    CREATE TABLE samples_1 PARTITION OF samples FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (at);
    CREATE TABLE samples_1_a PARTITION OF samples_1 DEFAULT;
    CREATE TABLE samples_2 (device_id int NOT NULL, at date NOT NULL);
    ALTER TABLE samples ATTACH PARTITION samples_2 DEFAULT;
    ALTER TABLE samples ADD CONSTRAINT d FOREIGN KEY (device_id) REFERENCES devices (id);
    """
    tables = model(sql, {"tenant_columns": ["org_id"]}).tables
    for name in ("samples", "samples_1", "samples_1_a", "samples_2"):
        assert tables[name].ownership is Ownership.CHILD, name
        assert tables[name].primary_key == ("device_id", "at")
    said = {"tenant_columns": ["org_id"], "globals": {"samples_2": "a copy for everybody"}}
    assert model(sql, said).tables["samples_2"].ownership is Ownership.GLOBAL
