"""A schema read from a running PostgreSQL is judged as the statements that made it are."""

from __future__ import annotations

import pytest

from gate.model import GateError
from gate.statements.live_schema import read_live_schema
from lints.ddl import judge_schema
from lints.proof import prove
from lints.schema import build_model, read_declarations

from . import observed
from .test_rules import FOUND

DECLARED = read_declarations(None)


@pytest.fixture(scope="module")
def uri(server: observed.Server) -> str:
    """A database of its own."""
    server.run("CREATE DATABASE live")
    found: str = server.server.get_uri()
    return found.replace("/postgres?", "/live?")


def test_every_schema_of_the_rules_is_read_back(uri: str) -> None:
    import psycopg

    wrong = {}
    with psycopg.connect(uri, autocommit=True) as connection:
        for name, (script, wanted) in FOUND.items():
            connection.execute(
                "DROP SCHEMA IF EXISTS app CASCADE; DROP SCHEMA IF EXISTS old CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
                " ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM sailor;"
                " DROP ROLE IF EXISTS clerk; DROP ROLE IF EXISTS job; DROP ROLE IF EXISTS app;"
            )
            connection.execute(script)
            model = build_model({"live.sql": read_live_schema(uri).encode()}, DECLARED)
            found = [f"{f.rule} {f.subject}" for f in judge_schema(model, DECLARED).findings if f.subject != "postgres"]
            if sorted(found) != sorted(wanted) or model.unread:
                wrong[name] = (found, model.unread)
    assert wrong == {}


def test_statements_are_proven_against_it(uri: str) -> None:
    import psycopg

    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.execute(
            'CREATE TABLE tenants (id uuid PRIMARY KEY); CREATE TABLE "Boats" (id bigserial PRIMARY KEY, tenant_id uuid NOT NULL'
            " REFERENCES tenants (id), kind text DEFAULT 'x;y' NOT NULL);"
            " CREATE VIEW mine AS SELECT id, kind FROM \"Boats\" WHERE tenant_id = current_setting('app.tenant_id')::uuid;"
        )
    model = build_model({"live.sql": read_live_schema(uri).encode()}, DECLARED)
    verdicts = {
        sql: str(prove(sql, model)[0].verdict)
        for sql in (
            'SELECT * FROM "Boats" WHERE id = $1',
            'SELECT * FROM "Boats" WHERE tenant_id = $1',
            "SELECT * FROM mine",
        )
    }
    assert list(verdicts.values()) == ["violation", "proven", "proven"]


def test_a_server_that_is_not_there_and_a_password_that_is_not_told() -> None:
    with pytest.raises(GateError) as refused:
        read_live_schema("postgresql://somebody:sesame@localhost:1/x")
    assert "sesame" not in str(refused.value)
    assert "\n" not in str(refused.value)
