"""Schemas with one defect each: what is found, where, and that the SQL of the finding repairs it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lints.ddl import Finding, judge_schema
from lints.schema import build_model, read_declarations

from . import observed

ROOT = "CREATE TABLE tenants (id uuid PRIMARY KEY, slug text NOT NULL UNIQUE);\n"
BOATS = (
    "CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), name text);\n"
    "CREATE INDEX ON boats (tenant_id);\n"
)
GUARD = "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY;\nALTER TABLE {0} FORCE ROW LEVEL SECURITY;\n"
OWN = "{0} = NULLIF(current_setting('app.tenant_id', true), '')::uuid"
SELF = GUARD.format("tenants") + f"CREATE POLICY self ON tenants USING ({OWN.format('id')});\n"
SAFE = ROOT + BOATS + SELF + GUARD.format("boats") + f"CREATE POLICY own ON boats USING ({OWN.format('tenant_id')});\n"

FOUND: dict[str, tuple[str, list[str]]] = {
    "nothing": (SAFE, []),
    "no row level security anywhere: policies are no topic": (ROOT + BOATS, []),
    "one table of many without": (SAFE + "CREATE TABLE berths (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, UNIQUE (tenant_id, id));",
                                  ["TENDDL001 berths"]),
    "switched off later": (SAFE + "ALTER TABLE boats DISABLE ROW LEVEL SECURITY;", ["TENDDL001 boats"]),
    "the root is a tenant's too": (ROOT + BOATS + GUARD.format("boats") + f"CREATE POLICY own ON boats USING ({OWN.format('tenant_id')});",
                                   ["TENDDL001 tenants"]),
    "a partition by its own name": (
        SAFE + "CREATE TABLE events (id uuid, tenant_id uuid NOT NULL, at date, PRIMARY KEY (tenant_id, id, at)) PARTITION BY RANGE (at);\n"
        "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');\n"
        "CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');\n"
        + GUARD.format("events") + f"CREATE POLICY own ON events USING ({OWN.format('tenant_id')});", ["TENDDL001 partitions of events"]),
    "not forced any more": (SAFE + "ALTER TABLE boats NO FORCE ROW LEVEL SECURITY;", ["TENDDL002 boats"]),
    "the only policy dropped": (SAFE + "DROP POLICY own ON boats;", ["TENDDL003 boats"]),
    "an INSERT policy without WITH CHECK": (SAFE + "DROP POLICY own ON boats; CREATE POLICY w ON boats FOR INSERT;", ["TENDDL003 boats"]),
    "a second policy opens it": (SAFE + "CREATE POLICY support ON boats FOR SELECT USING (true);", ["TENDDL004 policy support on boats"]),
    "a restrictive one closes it again": (
        SAFE + "CREATE POLICY support ON boats FOR SELECT USING (true);\n"
        f"CREATE POLICY wall ON boats AS RESTRICTIVE USING ({OWN.format('tenant_id')});", []),
    "a restrictive one for other people": (
        SAFE + "CREATE ROLE clerk;\nCREATE POLICY support ON boats FOR SELECT USING (true);\n"
        f"CREATE POLICY wall ON boats AS RESTRICTIVE TO clerk USING ({OWN.format('tenant_id')});", ["TENDDL004 policy support on boats"]),
    "a restrictive one for other commands": (
        SAFE + "CREATE POLICY support ON boats FOR SELECT USING (true);\n"
        f"CREATE POLICY wall ON boats AS RESTRICTIVE FOR DELETE USING ({OWN.format('tenant_id')});", ["TENDDL004 policy support on boats"]),
    "altered to be open": (SAFE + "ALTER POLICY own ON boats USING (true);", ["TENDDL004 policy own on boats"]),
    "altered to confine": (SAFE + f"CREATE POLICY p ON boats USING (true); ALTER POLICY p ON boats USING ({OWN.format('tenant_id')});", []),
    "renamed and open": (SAFE + "ALTER POLICY own ON boats RENAME TO mine; ALTER POLICY mine ON boats USING (true);",
                         ["TENDDL004 policy mine on boats"]),
    "a constant": (SAFE + "CREATE POLICY demo ON boats USING (tenant_id = '00000000-0000-0000-0000-000000000001');",
                   ["TENDDL004 policy demo on boats"]),
    "a function nobody knows": (SAFE + "CREATE FUNCTION may(x uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true';\n"
                                "CREATE POLICY asks ON boats USING (may(tenant_id));", ["TENDDL004 policy asks on boats"]),
    "a function that gives the setting back": (
        SAFE + "CREATE SCHEMA app; CREATE FUNCTION app.own() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid $$;\n"
        "CREATE POLICY p ON boats USING (tenant_id = (SELECT app.own()));", []),
    "a function that gives it back in plpgsql": (
        SAFE + "CREATE FUNCTION own() RETURNS uuid LANGUAGE plpgsql AS $$ BEGIN RETURN current_setting('app.tenant_id')::uuid; END $$;\n"
        "CREATE POLICY p ON boats USING (tenant_id = own());", []),
    "a function that compares": (
        SAFE + "CREATE FUNCTION mine(t uuid) RETURNS boolean LANGUAGE sql AS $$ SELECT t = current_setting('app.tenant_id', true)::uuid $$;\n"
        "CREATE POLICY p ON boats USING (mine(tenant_id));", []),
    "a function that compares, and fails open": (
        SAFE + "CREATE FUNCTION mine(uuid) RETURNS boolean LANGUAGE sql AS $$ SELECT current_setting('app.tenant_id', true) IS NULL OR $1 = current_setting('app.tenant_id', true)::uuid $$;\n"
        "CREATE POLICY p ON boats USING (mine(tenant_id));", ["TENDDL005 policy p on boats"]),
    "an argument named like a column": (
        SAFE + "CREATE FUNCTION mine(tenant_id uuid) RETURNS boolean LANGUAGE sql AS $$ SELECT tenant_id = current_setting('app.tenant_id', true)::uuid $$;\n"
        "CREATE POLICY p ON boats USING (mine(tenant_id));", ["TENDDL004 policy p on boats"]),
    "a comment is no expression": (SAFE + "CREATE POLICY c ON boats FOR SELECT -- USING (tenant_id = 1)\n USING (true);",
                                   ["TENDDL004 policy c on boats"]),
    "opens without a tenant": (SAFE + "CREATE POLICY late ON boats USING (current_setting('app.tenant_id', true) IS NULL OR "
                               f"{OWN.format('tenant_id')});", ["TENDDL005 policy late on boats"]),
    "opens by COALESCE": (SAFE + "CREATE POLICY late ON boats USING (tenant_id = COALESCE(NULLIF(current_setting('app.tenant_id', true), '')::uuid,"
                          " tenant_id));", ["TENDDL005 policy late on boats"]),
    "writes for anybody": (SAFE + "CREATE POLICY w ON boats FOR INSERT WITH CHECK (true);", ["TENDDL006 policy w on boats (new rows)"]),
    "moves to anybody": (SAFE + f"CREATE POLICY w ON boats FOR UPDATE USING ({OWN.format('tenant_id')}) WITH CHECK (name <> '');",
                         ["TENDDL006 policy w on boats (new rows)"]),
    "a child through its parent's policies": (
        SAFE + "CREATE TABLE logs (id uuid PRIMARY KEY, boat_id uuid NOT NULL REFERENCES boats (id));\n" + GUARD.format("logs")
        + "CREATE POLICY own ON logs USING (boat_id IN (SELECT id FROM boats));", []),
    "a child through a parent without policies": (
        ROOT + SELF + BOATS + "CREATE TABLE logs (id uuid PRIMARY KEY, boat_id uuid NOT NULL REFERENCES boats (id));\n" + GUARD.format("logs")
        + "CREATE POLICY own ON logs USING (boat_id IN (SELECT id FROM boats));", ["TENDDL001 boats", "TENDDL004 policy own on logs"]),
    "a child through a join in parentheses": (
        SAFE + "CREATE TABLE logs (id uuid PRIMARY KEY, boat_id uuid NOT NULL REFERENCES boats (id));\n" + GUARD.format("logs")
        + "CREATE POLICY own ON logs USING (EXISTS (SELECT 1 FROM (tenants t JOIN boats b ON b.tenant_id = t.id) WHERE b.id = boat_id));", []),
    "a view with its owner's rights": (SAFE + "CREATE VIEW names AS SELECT name FROM boats;", ["TENDDL007 names"]),
    "a view made an invoker's": (SAFE + "CREATE VIEW names AS SELECT name FROM boats; ALTER VIEW names SET (security_invoker = on);", []),
    "a view replaced without it": (
        SAFE + "CREATE VIEW names WITH (security_invoker) AS SELECT name FROM boats; CREATE OR REPLACE VIEW names AS SELECT name FROM boats;",
        ["TENDDL007 names"]),
    "a view that compares the tenant": (SAFE + f"CREATE VIEW names AS SELECT name FROM boats WHERE {OWN.format('tenant_id')};", []),
    "a view on a view": (SAFE + "CREATE VIEW a WITH (security_invoker = true) AS SELECT id FROM boats; CREATE VIEW b AS SELECT id FROM a;",
                         ["TENDDL007 b"]),
    "a dropped view": (SAFE + "CREATE VIEW names AS SELECT name FROM boats; DROP VIEW names;", []),
    "a materialized view": (SAFE + "CREATE MATERIALIZED VIEW sizes AS SELECT count(*) FROM boats;", ["TENDDL008 sizes"]),
    "a definer's function": (
        SAFE + "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public AS 'SELECT count(*) FROM boats';",
        ["TENDDL009 f/0"]),
    "an argument is no tenant": (
        SAFE + "CREATE FUNCTION f(uuid) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public AS "
        "'SELECT count(*) FROM boats WHERE tenant_id = $1';", ["TENDDL009 f/1"]),
    "a definer's function that compares the tenant": (
        SAFE + "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public AS "
        f"$$ SELECT count(*) FROM boats WHERE {OWN.format('tenant_id')} $$;", []),
    "search_path not pinned": (SAFE + "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN NEW; END $$;",
                               ["TENDDL009 f/0"]),
    "search_path pinned later": (
        SAFE + "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN NEW; END $$;\n"
        "ALTER FUNCTION f() SET search_path = pg_catalog;", []),
    "a definer's function dropped": (
        SAFE + "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM boats'; DROP FUNCTION f();", []),
    "NULL tenants": (ROOT + "CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid REFERENCES tenants (id), UNIQUE (tenant_id, id));",
                     ["TENDDL010 boats.tenant_id"]),
    "no index": (ROOT + "CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL);", ["TENDDL011 boats"]),
    "the primary key leads with the tenant": (ROOT + "CREATE TABLE boats (id uuid, tenant_id uuid, PRIMARY KEY (tenant_id, id));", []),
    "a unique name": (ROOT + BOATS + "ALTER TABLE boats ADD CONSTRAINT boats_name_key UNIQUE (name);", ["TENDDL012 boats (name)"]),
    "a unique name by an index": (ROOT + BOATS + "CREATE UNIQUE INDEX names ON boats (name);", ["TENDDL012 boats (name)"]),
    "keys that are made up, in the words of several houses": (
        ROOT + BOATS + 'ALTER TABLE boats ADD COLUMN "hashedKey" text UNIQUE, ADD COLUMN hashed_key_v2 text UNIQUE, ADD COLUMN "apiKey" text UNIQUE, ADD COLUMN invite_code text UNIQUE, ADD COLUMN fingerprint text UNIQUE;', []),
    "keys that are chosen": (
        ROOT + BOATS + "ALTER TABLE boats ADD COLUMN country_code text UNIQUE, ADD COLUMN hashtag_name text UNIQUE;",
        ["TENDDL012 boats (country_code)", "TENDDL012 boats (hashtag_name)"]),
    "a unique expression": (ROOT + BOATS + "CREATE UNIQUE INDEX names ON boats (lower(name));", ["TENDDL012 boats (names)"]),
    "a unique name of rows that count": (ROOT + BOATS + "CREATE UNIQUE INDEX names ON boats (name) WHERE name <> '';", ["TENDDL012 boats (name)"]),
    "a name within the tenant": (ROOT + BOATS + "CREATE UNIQUE INDEX names ON boats (tenant_id, lower(name));", []),
    "unique secrets and random ids": (
        ROOT + BOATS + "ALTER TABLE boats ADD COLUMN token_hash text UNIQUE, ADD COLUMN public_id uuid UNIQUE, ADD COLUMN n bigserial UNIQUE;", []),
    "unique within the parent": (
        ROOT + BOATS + "CREATE TABLE logs (id uuid PRIMARY KEY, boat_id uuid NOT NULL REFERENCES boats (id), day date, UNIQUE (boat_id, day));", []),
    "a child with a name for all": (
        ROOT + BOATS + "CREATE TABLE logs (id uuid PRIMARY KEY, boat_id uuid NOT NULL REFERENCES boats (id), number text UNIQUE);",
        ["TENDDL012 logs (number)"]),
    "a key on the id alone": (
        ROOT + BOATS + "CREATE TABLE visits (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, boat_id uuid NOT NULL REFERENCES boats (id), UNIQUE (tenant_id, id));",
        ["TENDDL013 visits (boat_id) -> boats"]),
    "who did it": (
        ROOT + BOATS + "CREATE TABLE users (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, UNIQUE (tenant_id, id));\n"
        "ALTER TABLE boats ADD COLUMN created_by uuid REFERENCES users (id);", []),
    "an index of a partitioned table alone": (
        ROOT + "CREATE TABLE events (id int, tenant_id uuid NOT NULL, at date, name text) PARTITION BY RANGE (at);\n"
        "CREATE INDEX own ON ONLY events (tenant_id); CREATE UNIQUE INDEX taken ON ONLY events (name, at);", ["TENDDL012 events (name, at)"]),
    "a key that carries the tenant": (
        ROOT + "CREATE TABLE boats (id uuid, tenant_id uuid NOT NULL, PRIMARY KEY (tenant_id, id));\n"
        "CREATE TABLE visits (id uuid, tenant_id uuid NOT NULL, boat_id uuid, PRIMARY KEY (tenant_id, id),"
        " FOREIGN KEY (tenant_id, boat_id) REFERENCES boats (tenant_id, id));", []),
    "a second parent of a child": (
        ROOT + BOATS + "CREATE TABLE logs (id uuid PRIMARY KEY, boat_id uuid NOT NULL REFERENCES boats (id), other_id uuid NOT NULL REFERENCES boats (id));",
        ["TENDDL013 logs (other_id) -> boats"]),
    "a role above policies": (SAFE + "CREATE ROLE job BYPASSRLS;", ["TENDDL014 job"]),
    "a role brought down again": (SAFE + "CREATE ROLE job BYPASSRLS; ALTER ROLE job NOBYPASSRLS;", []),
    "a password is no power": (SAFE + "CREATE ROLE job PASSWORD 'superuser';", []),
    "everything granted": (SAFE + "CREATE ROLE app; GRANT ALL ON ALL TABLES IN SCHEMA public TO app;",
                           ["TENDDL015 app: references, trigger, truncate"]),
    "granted and taken back": (SAFE + "CREATE ROLE app; GRANT ALL ON boats TO app; REVOKE TRUNCATE, REFERENCES, TRIGGER ON TABLE boats FROM app;", []),
    "granted for tables to come": (SAFE + "CREATE ROLE app; ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO app;",
                                   ["TENDDL015 app: references, trigger, truncate on tables to come"]),
    "only what is needed": (SAFE + "CREATE ROLE app; GRANT SELECT, INSERT ON boats TO app; GRANT USAGE ON SCHEMA public TO app;", []),
    "a loop over names": (
        ROOT + SELF + BOATS + "DO $$ DECLARE t text; BEGIN FOREACH t IN ARRAY ARRAY['boats'] LOOP\n"
        "EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t); EXECUTE 'ALTER TABLE ' || quote_ident(t) || ' FORCE ROW LEVEL SECURITY';\n"
        f"EXECUTE format($f$CREATE POLICY own ON %I USING ({OWN.format('tenant_id')})$f$, t); END LOOP; END $$;", []),
    "the other schema's policy": (
        SAFE + "CREATE SCHEMA old; CREATE TABLE old.boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, UNIQUE (tenant_id, id));\n"
        + GUARD.format("old.boats"), ["TENDDL003 old.boats"]),
}  # fmt: skip
REPAIRS_BY_HAND = {"a materialized view", "a child with a name for all", "a second parent of a child"}


def judged(script: str, declared: dict[str, Any] | None = None, dialect: str = "postgres") -> tuple[Finding, ...]:
    declarations = read_declarations(declared)
    model = build_model({"db/migrations/001.sql": script.encode()}, declarations, dialect=dialect)
    assert not model.unread
    return judge_schema(model, declarations).findings


def names(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{finding.rule} {finding.subject}" for finding in findings]


@pytest.mark.parametrize("name", FOUND)
def test_found(name: str) -> None:
    script, wanted = FOUND[name]
    assert names(judged(script)) == wanted


def test_every_repair_is_sql_that_runs_and_repairs(server: observed.Server) -> None:
    """The schemas run on a real PostgreSQL, and so does each finding's repair, after which the finding is gone."""
    scripts = []
    for name, (script, wanted) in FOUND.items():
        repairs = "\n".join(finding.fix for finding in judged(script))
        scripts.append(f"BEGIN;\n{script}\n{repairs}\nROLLBACK;")
        if name not in REPAIRS_BY_HAND:
            assert not set(names(judged(f"{script}\n{repairs}"))) & set(wanted), repairs
    server.run("\n".join(scripts))


def test_places() -> None:
    """A finding stands at the line that makes it so, and says where it was read whose table it is."""
    found = {
        finding.rule: finding
        for finding in judged(
            SAFE + "CREATE POLICY\n  p ON boats USING (true);\nCREATE UNIQUE INDEX n\n  ON boats (name);"
        )
    }
    lines = SAFE.count("\n")
    assert found["TENDDL004"].origin.line == lines + 1
    assert found["TENDDL012"].origin.line == lines + 3
    owner = found["TENDDL004"].owned_because
    assert owner is not None
    assert (owner.path, owner.line) == ("db/migrations/001.sql", 2)


def test_declared_isolation() -> None:
    off = ROOT + BOATS
    demanded = {"isolation": {"by": "row_security"}}
    assert names(judged(off, demanded)) == ["TENDDL001 tenants", "TENDDL001 boats"]
    by_statements = {"isolation": {"by": "statements", "reason": "every statement is proven"}}
    mixed = SAFE + "CREATE TABLE berths (id uuid, tenant_id uuid NOT NULL, PRIMARY KEY (tenant_id, id));"
    assert names(judged(mixed, by_statements)) == []
    assert names(judged(SAFE + "ALTER POLICY own ON boats USING (true);", by_statements)) == [
        "TENDDL004 policy own on boats"
    ]


def test_only_the_roles_of_the_service_count() -> None:
    script = (
        SAFE + "CREATE ROLE ops BYPASSRLS; CREATE ROLE web; CREATE ROLE readers; GRANT readers TO web;\n"
        "CREATE POLICY all_rows ON boats TO ops USING (true); GRANT ALL ON boats TO ops;\n"
        "ALTER TABLE boats NO FORCE ROW LEVEL SECURITY;\n"
    )
    web = {"isolation": {"by": "row_security", "roles": ["web"]}}
    assert names(judged(script, web)) == []
    assert names(judged(script)) == ["TENDDL002 boats", "TENDDL014 ops"]
    reached = script + "CREATE POLICY more ON boats TO readers USING (true);"
    assert names(judged(reached, web)) == ["TENDDL004 policy more on boats"]
    owned = script + "ALTER TABLE boats OWNER TO web;"
    assert names(judged(owned, web)) == ["TENDDL002 boats"]
    climbs = script + "GRANT ops TO readers;"
    assert names(judged(climbs, web)) == [
        "TENDDL004 policy all_rows on boats", "TENDDL014 ops",
        "TENDDL015 ops: references, trigger, truncate",
    ]  # fmt: skip


def test_shared_rows_are_declared() -> None:
    script = ROOT + SELF + (
        "CREATE TABLE prices (id uuid PRIMARY KEY, tenant_id uuid); CREATE INDEX ON prices (tenant_id);\n" + GUARD.format("prices")
        + f"CREATE POLICY own ON prices USING ({OWN.format('tenant_id')} OR tenant_id IS NULL) WITH CHECK ({OWN.format('tenant_id')});"
    )  # fmt: skip
    assert names(judged(script)) == ["TENDDL004 policy own on prices", "TENDDL010 prices.tenant_id"]
    declared = {"tables": {"prices": {"ownership": "shared_null", "column": "tenant_id", "reason": "list prices"}}}
    assert names(judged(script, declared)) == []


def test_what_is_assembled_at_run_time_is_said_and_not_guessed() -> None:
    loop = (
        "DO $$ DECLARE r record; BEGIN FOR r IN SELECT tablename FROM pg_tables LOOP\n"
        "EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', r.tablename); END LOOP; END $$;"
    )
    model = build_model(
        {
            "db/migrations/001.sql": (
                SAFE + "CREATE TABLE x (id uuid, tenant_id uuid NOT NULL, PRIMARY KEY (tenant_id, id));" + loop
            ).encode()
        },
        None,
    )
    assert [re.sub(r":.*", "", origin.why) for origin in model.unread] == [
        "schema changes assembled at run time in a DO block"
    ]
    assert names(judge_schema(model).findings) == []


MYSQL = """CREATE TABLE tenants (id char(36) PRIMARY KEY);
CREATE TABLE boats (id bigint AUTO_INCREMENT PRIMARY KEY, tenant_id char(36), name varchar(99), UNIQUE KEY names (name),
 CONSTRAINT t FOREIGN KEY (tenant_id) REFERENCES tenants (id));"""
SQLITE = """CREATE TABLE tenants (id text PRIMARY KEY);
CREATE TABLE boats (id integer PRIMARY KEY, tenant_id text NOT NULL REFERENCES tenants (id), name text UNIQUE);"""
CLICKHOUSE = "CREATE TABLE boats (id UInt64, tenant_id String, name String) ENGINE = MergeTree ORDER BY id;"
OTHER: dict[str, tuple[str, list[str], list[str]]] = {
    "mysql": (
        MYSQL,
        ["TENDDL010 boats.tenant_id", "TENDDL012 boats (name)"],
        ["MODIFY tenant_id", "ADD UNIQUE names (tenant_id, name)"],
    ),
    "sqlite": (SQLITE, ["TENDDL011 boats", "TENDDL012 boats (name)"], ["CREATE INDEX", "rebuild boats"]),
    "clickhouse": (CLICKHOUSE, [], []),
}


@pytest.mark.parametrize("dialect", OTHER)
def test_keys_in_other_dialects(dialect: str) -> None:
    script, wanted, repairs = OTHER[dialect]
    found = judged(script, dialect=dialect)
    assert names(found) == wanted
    for finding, repair in zip(found, repairs, strict=True):
        assert repair in finding.fix


def test_models_of_an_orm_are_judged_like_tables() -> None:
    schema = """
model Tenant {
  id    String @id @default(uuid())
  boats Boat[]
  @@map("tenants")
}
model Boat {
  id       String  @id @default(cuid())
  tenantId String?
  tenant   Tenant? @relation(fields: [tenantId], references: [id])
  email    String  @unique
  @@map("boats")
}
model Berth {
  id       String @id @default(uuid())
  tenantId String
  @@index([tenantId])
  @@map("berths")
}
"""
    declarations = read_declarations({"tenant_columns": ["tenantId"]})
    found = judge_schema(build_model({"prisma/schema.prisma": schema.encode()}, declarations), declarations).findings
    assert names(found) == ["TENDDL010 boats.tenantId", "TENDDL011 boats", "TENDDL012 boats (email)"]
    assert [finding.origin.line for finding in found] == [9, 7, 11]
    assert found[0].fix == 'ALTER TABLE boats ALTER COLUMN "tenantId" SET NOT NULL;'


HOSTILE = {
    "nested comments in a block": "DO $$ BEGIN " + "/*" * 20_000 + " END $$;",
    "one long name": "DO $$ DECLARE " + "a" * 100_000 + " END $$;",
    "white space in EXECUTE": "DO $$ BEGIN EXECUTE 'x'" + " " * 200_000 + "|| y; END $$;",
    "quotes": "CREATE POLICY p ON boats USING (" + "'" * 50_001 + ");",
    "on and on": "GRANT " + "a ON " * 50_000 + "b;",
    "a list of roles": "GRANT a TO " + "b, " * 20_000 + "c;",
    "deep policy": "CREATE POLICY p ON boats USING (" + "(" * 5_000 + "true" + ")" * 5_000 + ");",
    "a loop with brackets": "DO $$ BEGIN FOR x IN VALUES (" + ")" * 100_000 + "; LOOP END LOOP; END $$;",
    "format without arguments": "DO $$ BEGIN EXECUTE format('%I %2$I %', 'a'); EXECUTE format(); EXECUTE ''; END $$;",
    "functions that call themselves": "CREATE FUNCTION f() RETURNS boolean LANGUAGE sql AS $$ SELECT "
    + " OR ".join(["f()"] * 500)
    + " $$;\nCREATE POLICY p ON boats USING (f());",
    "tables that consult each other": "CREATE TABLE berths (id uuid PRIMARY KEY, tenant_id uuid NOT NULL); ALTER TABLE berths ENABLE ROW LEVEL SECURITY;\n"
    "CREATE POLICY p ON boats USING (" + " OR ".join(["id IN (SELECT id FROM berths)"] * 60) + ");\n"
    "CREATE POLICY p ON berths USING (" + " OR ".join(["id IN (SELECT id FROM boats)"] * 60) + ");",
    "a policy on itself": "CREATE POLICY p ON boats USING (id IN (SELECT id FROM boats));",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_statements_end(name: str) -> None:
    declarations = read_declarations(None)
    model = build_model({"db/migrations/001.sql": (SAFE + HOSTILE[name]).encode()}, declarations)
    judge_schema(model, declarations)
