"""Stored functions in statements: what they do out of sight is never called proven."""

from __future__ import annotations

import pytest

from lints.proof import prove
from lints.schema import build_model

SCHEMA = """
CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), name text);
CREATE TABLE countries (id text PRIMARY KEY);
CREATE VIEW all_boats AS SELECT id, name FROM boats;
CREATE MATERIALIZED VIEW sizes AS SELECT tenant_id, count(*) AS n FROM boats GROUP BY tenant_id;
CREATE FUNCTION boat_count() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT count(*) FROM boats $$;
CREATE FUNCTION boats_of(t uuid, only text) RETURNS SETOF boats LANGUAGE sql AS
  $$ SELECT * FROM boats WHERE tenant_id = t AND name = only $$;
CREATE FUNCTION second_of(text, uuid) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM boats WHERE name = $1 AND tenant_id = $2';
CREATE FUNCTION shadowed(tenant_id uuid) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM boats WHERE tenant_id = tenant_id $$;
CREATE FUNCTION mine() RETURNS SETOF boats LANGUAGE sql AS $$ SELECT * FROM boats WHERE tenant_id = current_setting('app.tenant_id')::uuid $$;
CREATE FUNCTION slug(t text) RETURNS text LANGUAGE sql AS $$ SELECT lower(t) $$;
CREATE FUNCTION country(t text) RETURNS text LANGUAGE sql AS $$ SELECT id FROM countries WHERE id = t $$;
CREATE FUNCTION twice() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN 2 * boat_count(); END $$;
CREATE FUNCTION anything(q text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE q; END $$;
CREATE FUNCTION native(q text) RETURNS text LANGUAGE c AS 'x', 'y';
CREATE FUNCTION quoted() RETURNS text LANGUAGE sql AS $$ SELECT 'boats' $$;
CREATE FUNCTION forms(a uuid) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM boats WHERE tenant_id = a $$;
CREATE FUNCTION forms(a uuid, b text) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM boats WHERE name = b $$;
CREATE FUNCTION left_pad(t text) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM boats $$;
CREATE FUNCTION initcap(t text) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM boats $$;
CREATE VIEW counted AS SELECT twice() AS n;
"""
DECLARED = {
    "globals": {"countries": "ISO 3166"},
    "functions": {"native": {"tenant_argument": 0, "reason": "compares it in C"}},
}
MODEL = build_model({"migrations/1.sql": SCHEMA.encode()}, DECLARED)
VERDICTS = {
    "SELECT b.name, boat_count() FROM boats b WHERE b.tenant_id = $1": "opaque",
    "SELECT name FROM boats WHERE tenant_id = $1 AND boat_count() > 3": "opaque",
    "SELECT name FROM boats WHERE tenant_id = $1 ORDER BY public.boat_count()": "opaque",
    "SELECT 1 WHERE boat_count() > 3": "opaque",
    "SELECT name FROM boats WHERE tenant_id = $1 AND name IN (SELECT boat_count()::text)": "opaque",
    "UPDATE boats SET name = boat_count()::text WHERE tenant_id = $1": "opaque",
    "INSERT INTO boats (id, tenant_id, name) VALUES ($1, $2, boat_count()::text)": "opaque",
    "DELETE FROM boats WHERE tenant_id = $1 RETURNING boat_count()": "opaque",
    "SELECT initcap(name) FROM boats WHERE tenant_id = $1": "opaque",  # the name of one that comes with the database
    "SELECT twice()": "opaque",
    "SELECT n FROM counted": "opaque",
    "SELECT anything($1)": "opaque",
    "SELECT forms($1) FROM boats WHERE tenant_id = $1": "opaque",
    "SELECT shadowed($1) FROM boats WHERE tenant_id = $1": "opaque",
    "SELECT * FROM boats_of($1, $2)": "proven",
    "SELECT * FROM boats_of('00000000-0000-0000-0000-000000000001', $1)": "weak",
    "SELECT second_of($1, $2)": "proven",
    "SELECT native($1)": "proven",
    "SELECT * FROM mine()": "proven",
    "SELECT slug($1)": "proven",
    "SELECT country($1)": "proven",
    "SELECT quoted()": "proven",
    "SELECT slug(name) FROM boats WHERE tenant_id = $1": "proven",
    "SELECT slug(name) FROM boats": "violation",
    "SELECT * FROM all_boats WHERE id = $1": "violation",
    "SELECT n FROM sizes": "violation",
    "SELECT n FROM sizes WHERE tenant_id = $1": "proven",
}


@pytest.mark.parametrize("sql", VERDICTS)
def test_a_statement_that_calls(sql: str) -> None:
    (proof,) = prove(sql, MODEL)
    assert str(proof.verdict) == VERDICTS[sql], proof.steps


def test_what_is_hidden_is_told_with_its_place() -> None:
    (proof,) = prove("SELECT name, twice() FROM boats WHERE tenant_id = $1", MODEL)
    assert proof.reason == "the function twice calls boat_count, which uses boats (migrations/1.sql:15)"
    assert MODEL.functions["boats_of"].origin.line == 8
    assert MODEL.functions["second_of"].tenant_argument == 1
