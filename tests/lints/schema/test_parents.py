"""Through which of its foreign keys a table belongs to a tenant."""

from __future__ import annotations

import pytest

from lints.schema import build_model

FLEET = """
CREATE TABLE tenants (id int PRIMARY KEY);
CREATE TABLE keys (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants (id));
CREATE TABLE harbours (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants (id));
CREATE TABLE piers (id int PRIMARY KEY, harbour_id int NOT NULL REFERENCES harbours (id));
"""
CASES = {
    "a farther key that can't be NULL, before a near one that can": (
        "key_id int REFERENCES keys (id), pier_id int NOT NULL REFERENCES piers (id)",
        ("pier_id",),
    ),
    "whatever their order": (
        "pier_id int NOT NULL REFERENCES piers (id), key_id int REFERENCES keys (id)",
        ("pier_id",),
    ),
    "a key that can be NULL, where there is no other": ("key_id int REFERENCES keys (id)", ("key_id",)),
    "the nearest of those that can't": (
        "pier_id int NOT NULL REFERENCES piers (id), key_id int NOT NULL REFERENCES keys (id)",
        ("key_id",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_key_that_says_whose_row_it_is(name: str) -> None:
    columns, expected = CASES[name]
    sql = f"{FLEET}CREATE TABLE boats (id int PRIMARY KEY, {columns});"
    parent = build_model({"db/schema.sql": sql.encode()}, None).tables["boats"].parent
    assert parent is not None
    assert parent.columns == expected


PEOPLE = """
CREATE TABLE people (id int PRIMARY KEY, email text, tenant_id int NOT NULL REFERENCES tenants (id));
"""
MAKERS = {
    "whoever made it, if anybody did": ("user_id int REFERENCES people (id)", None),
    "somebody's, always": ("user_id int NOT NULL REFERENCES people (id)", ("user_id",)),
    "whoever made it, and another link": (
        "user_id int REFERENCES people (id), pier_id int NOT NULL REFERENCES piers (id)",
        ("pier_id",),
    ),
    "no people": ("key_id int REFERENCES keys (id)", ("key_id",)),
}


@pytest.mark.parametrize("name", MAKERS)
def test_who_made_a_row_does_not_say_whose_it_is(name: str) -> None:
    columns, expected = MAKERS[name]
    sql = f"{FLEET}{PEOPLE}CREATE TABLE boats (id int PRIMARY KEY, {columns});"
    boats = build_model({"db/schema.sql": sql.encode()}, None).tables["boats"]
    assert (boats.parent.columns if boats.parent is not None else None) == expected
    assert ("user_id, which may be NULL" in boats.origin.why) is (expected is None)


def test_a_tenant_may_stand_under_another_one() -> None:
    sql = """CREATE TABLE tenants (id int PRIMARY KEY, tenant_id int REFERENCES tenants (id));
    CREATE TABLE boats (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants (id));"""
    tables = build_model({"db/schema.sql": sql.encode()}, None).tables
    assert {name: str(table.ownership) for name, table in tables.items()} == {"tenants": "root", "boats": "owned"}


def test_a_table_whose_name_is_put_together_is_none() -> None:
    code = b"""export async function up(knex) {
      await knex.raw(`CREATE TABLE ${name}_log (id int, tenant_id int)`);
      await knex.raw(`ALTER TABLE ${name} ADD COLUMN tenant_id int`);
      await knex.raw(`ALTER TABLE boats RENAME TO ${name}`); }"""
    files = {"db/schema.sql": FLEET.encode() + b"CREATE TABLE boats (id int);", "migrations/2.ts": code}
    assert set(build_model(files, None).tables) == {"tenants", "keys", "harbours", "piers", "boats"}
