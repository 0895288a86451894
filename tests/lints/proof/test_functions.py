"""Stored functions of one query are judged by it; whatever hides what it does is opaque, whatever it is called."""

from __future__ import annotations

import pytest

from lints.proof import prove
from lints.schema import build_model

SCHEMA = b"""
CREATE TABLE tenants (id int PRIMARY KEY);
CREATE TABLE boats (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants (id), name text);
CREATE TABLE logs (id int PRIMARY KEY, boat_id int NOT NULL REFERENCES boats (id), text text);
CREATE FUNCTION any_boat(i int) RETURNS SETOF boats LANGUAGE sql STABLE AS $$ SELECT * FROM boats WHERE id = i $$;
CREATE FUNCTION named(int) RETURNS TABLE (a int, b text) LANGUAGE sql AS
  $$ SELECT tenant_id, name FROM boats WHERE id = $1 $$;
CREATE FUNCTION definer_boat(i int) RETURNS SETOF boats LANGUAGE sql SECURITY DEFINER AS
  $$ SELECT * FROM boats WHERE id = i $$;
CREATE FUNCTION twice(i int) RETURNS SETOF boats LANGUAGE sql AS $$ SELECT * FROM any_boat(i) $$;
CREATE FUNCTION again(i int) RETURNS SETOF boats LANGUAGE sql AS $$ SELECT * FROM again(i) JOIN boats USING (id) $$;
CREATE FUNCTION newest() RETURNS SETOF boats LANGUAGE sql AS $$ SELECT * FROM boats ORDER BY id DESC LIMIT 3 $$;
CREATE FUNCTION kill(i int) RETURNS void LANGUAGE sql AS $$ DELETE FROM boats WHERE id = i $$;
CREATE FUNCTION form(i int) RETURNS SETOF boats LANGUAGE sql AS $$ SELECT * FROM boats WHERE id = i $$;
CREATE FUNCTION form(i text) RETURNS SETOF boats LANGUAGE sql AS $$ SELECT * FROM boats WHERE name = i $$;
CREATE FUNCTION clash(name text) RETURNS SETOF boats LANGUAGE sql AS $$ SELECT * FROM boats b WHERE b.name = name $$;
"""
MODEL = build_model({"migrations/1.sql": SCHEMA}, None)


@pytest.mark.parametrize(
    ("sql", "verdict"),
    [
        ("SELECT * FROM any_boat($1)", "violation"),
        ("SELECT * FROM any_boat($1) WHERE tenant_id = $2", "proven"),
        ("SELECT * FROM any_boat($1) AS b WHERE b.tenant_id = $2 OR b.name = 'x'", "violation"),
        ("SELECT b FROM named($1) WHERE a = $2", "proven"),
        ("SELECT x.q FROM named($1) AS x(p, q) WHERE x.p = $2", "proven"),
        ("SELECT b FROM named($1)", "violation"),
        ("SELECT b FROM named($1, $2) WHERE a = $2", "opaque"),
        ("SELECT * FROM definer_boat($1) WHERE tenant_id = $2", "opaque"),
        ("SELECT * FROM twice($1) WHERE tenant_id = $2", "proven"),
        ("SELECT * FROM twice($1)", "violation"),
        ("SELECT * FROM again($1) WHERE tenant_id = $2", "opaque"),
        ("SELECT * FROM newest() WHERE tenant_id = $1", "violation"),
        ("SELECT * FROM form($1) WHERE tenant_id = $2", "opaque"),
        ("SELECT * FROM clash($1) WHERE tenant_id = $2", "opaque"),
        ("SELECT b.* FROM boats o, LATERAL any_boat(o.id) b WHERE o.tenant_id = $1 AND b.tenant_id = o.tenant_id", "proven"),
        ("SELECT l.text FROM logs l JOIN any_boat(l.boat_id) b ON true WHERE b.tenant_id = $1", "proven"),
        ("SELECT l.text FROM logs l LEFT JOIN any_boat(l.boat_id) b ON b.tenant_id = $1", "violation"),
        ("WITH boats AS (SELECT 1) SELECT * FROM any_boat($1) WHERE tenant_id = $2", "opaque"),
        ("SELECT any_boat($1)", "opaque"),
        ("SELECT kill($1)", "opaque"),
        ("SELECT kill($1), name FROM boats WHERE tenant_id = $2", "opaque"),
        ("SELECT * FROM kill($1)", "opaque"),
        ("SELECT purge($1)", "opaque"),
        ("SELECT cache($1)", "opaque"),
    ],
)  # fmt: skip
def test_a_call_is_what_its_query_is(sql: str, verdict: str) -> None:
    proof = prove(sql, MODEL)[0]

    assert proof.verdict == verdict, proof.steps


@pytest.mark.parametrize(
    ("why", "sql", "dialect", "verdicts"),
    [
        ("a statement that stands there", "DO $$ BEGIN DELETE FROM boats WHERE id = 1; END $$", "postgres", ["violation"]),
        ("after a condition", "DO $$ BEGIN IF true THEN UPDATE boats SET name = 'x'; END IF; END $$", "postgres", ["violation"]),
        ("its rows go into a variable", "DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM boats; END $$", "postgres", ["violation"]),
        ("the tenant's, but it is a block", "DO $$ BEGIN DELETE FROM boats WHERE tenant_id = 1; END $$", "postgres", ["opaque"]),
        ("a variable may be the tenant", "DO $$ DECLARE t int := 1; BEGIN DELETE FROM boats WHERE id = t; END $$", "postgres", ["opaque"]),
        ("put together", "DO $$ BEGIN EXECUTE 'DELETE FROM ' || 'boats'; END $$", "postgres", ["opaque"]),
        ("in a string of the block", "DO $$ BEGIN RAISE NOTICE 'x; DELETE FROM boats; y'; END $$", "postgres", ["opaque"]),
        ("in a comment of the block", "DO $$ BEGIN -- ; DELETE FROM boats;\n NULL; END $$", "postgres", ["opaque"]),
        ("a block is one statement", "BEGIN UPDATE boats SET name = 'x' WHERE id = :id; END;", "oracle", ["violation"]),
        ("with declarations", "DECLARE n NUMBER; BEGIN SELECT COUNT(*) INTO n FROM boats; END;", "oracle", ["violation"]),
        ("with text that is run", "BEGIN EXECUTE IMMEDIATE 'DELETE FROM boats WHERE ' || :w; END;", "oracle", ["opaque"]),
    ],
)  # fmt: skip
def test_a_block_is_never_proven_and_what_is_certainly_open_in_it_is_told(
    why: str, sql: str, dialect: str, verdicts: list[str]
) -> None:
    model = build_model({"migrations/1.sql": SCHEMA}, None, dialect=dialect)

    assert [p.verdict for p in prove(sql, model, dialect=dialect)] == verdicts, why
