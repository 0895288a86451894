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
