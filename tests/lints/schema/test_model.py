"""Migrations to a tenancy model: what each statement does to it, who owns what, and where it was read."""

from __future__ import annotations

from typing import Any

import pytest

from lints.schema import build_model, read_schema
from lints.schema.declared import DeclarationError
from lints.schema.paths import path_class
from lints.tenancy import Model, Ownership

BASE = """
CREATE TABLE tenants (id uuid PRIMARY KEY, name text);
CREATE TABLE harbours (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants(id),
  UNIQUE (tenant_id, id)
);
CREATE TABLE boats (id uuid PRIMARY KEY, harbour_id uuid NOT NULL REFERENCES harbours);
CREATE TABLE logbooks (id uuid PRIMARY KEY, boat_id uuid REFERENCES boats(id), written_by uuid);
CREATE TABLE countries (code text PRIMARY KEY);
"""


def model(*scripts: str, declared: dict[str, Any] | None = None, dialect: str = "postgres") -> Model:
    files = {f"db/migrations/{number:03}.sql": script.encode() for number, script in enumerate(scripts, 1)}
    return build_model(files, declared, dialect=dialect)


def owners(found: Model) -> dict[str, str]:
    return {name: table.ownership.value for name, table in found.tables.items()}


def test_ownership_follows_columns_and_foreign_keys() -> None:
    found = model(BASE)
    assert owners(found) == {
        "tenants": "root",
        "harbours": "owned",
        "boats": "child",
        "logbooks": "child",
        "countries": "unknown",
    }
    assert found.tables["tenants"].tenant_column == "id"
    assert found.tables["harbours"].tenant_column == "tenant_id"
    parent = found.tables["boats"].parent
    assert parent is not None
    assert (parent.columns, parent.references, parent.referenced_columns) == (("harbour_id",), "harbours", ("id",))
    assert not found.unread


def test_every_fact_has_a_place() -> None:
    found = model(BASE)
    places = {name: (table.origin.path, table.origin.line) for name, table in found.tables.items()}
    assert places["harbours"] == ("db/migrations/001.sql", 5)
    assert places["boats"] == ("db/migrations/001.sql", 8)
    assert places["countries"] == ("db/migrations/001.sql", 10)


STEPS = {
    "a column added later": ("ALTER TABLE countries ADD COLUMN tenant_id uuid", {"countries": "owned"}),
    "a column dropped": ("ALTER TABLE harbours DROP COLUMN tenant_id CASCADE", {"harbours": "unknown"}),
    "a column renamed": ("ALTER TABLE harbours RENAME COLUMN tenant_id TO org_id", {"harbours": "child"}),
    "a table renamed": ("ALTER TABLE harbours RENAME TO ports", {"ports": "owned", "boats": "child"}),
    "a table dropped": ("DROP TABLE logbooks", {"logbooks": None}),
    "a foreign key added": (
        "ALTER TABLE ONLY public.countries ADD COLUMN boat_id uuid, ADD CONSTRAINT f FOREIGN KEY (boat_id) REFERENCES boats(id)",
        {"countries": "child"},
    ),
    "a foreign key dropped by name": ("ALTER TABLE boats DROP CONSTRAINT boats_harbour_id_fkey", {"boats": "unknown"}),
    "a column of who did it is no parent": (
        "CREATE TABLE notes (id int, created_by uuid REFERENCES logbooks(id))",
        {"notes": "unknown"},
    ),
    "a change inside a DO block": (
        "DO $$ BEGIN IF NOT EXISTS (SELECT 1) THEN ALTER TABLE countries ADD COLUMN tenant_id uuid; END IF; END $$",
        {"countries": "owned"},
    ),
    "a partition": (
        "CREATE TABLE harbours_a PARTITION OF harbours FOR VALUES IN ('a')",
        {"harbours_a": "owned"},
    ),
    "an inherited table": ("CREATE TABLE yards () INHERITS (harbours)", {"yards": "owned"}),
    "a table like another": ("CREATE TABLE copies (LIKE harbours INCLUDING ALL)", {"copies": "owned"}),
    "a table made of a query": ("CREATE TABLE snapshot AS SELECT id, tenant_id FROM harbours", {"snapshot": "owned"}),
    "a temporary table is no table": ("CREATE TEMP TABLE scratch (id int)", {"scratch": None}),
    "a down part is not applied": (
        "-- +goose Up\nSELECT 1;\n-- +goose Down\nDROP TABLE boats;",
        {"boats": "child"},
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_migration_changes_the_model(name: str) -> None:
    script, wanted = STEPS[name]
    found = owners(model(BASE, script))
    assert {table: found.get(table) for table in wanted} == wanted


def test_migrations_run_in_the_order_of_their_numbers() -> None:
    files = {
        "db/migrations/10_drop.sql": b"ALTER TABLE a DROP COLUMN tenant_id",
        "db/migrations/9_add.sql": b"ALTER TABLE a ADD COLUMN tenant_id uuid",
        "db/migrations/1_create.sql": b"CREATE TABLE a (id int)",
        "db/migrations/11_down/rollback.sql": b"ALTER TABLE a ADD COLUMN tenant_id uuid",
        "db/migrations/12_x.down.sql": b"ALTER TABLE a ADD COLUMN tenant_id uuid",
        "tests/fixtures/schema.sql": b"CREATE TABLE only_in_tests (id int)",
    }
    found = build_model(files, None)
    assert owners(found) == {"a": "unknown"}


def test_keys_that_are_really_unique_are_kept() -> None:
    found = model(
        BASE,
        "CREATE UNIQUE INDEX CONCURRENTLY u ON boats (harbour_id, id); CREATE UNIQUE INDEX p ON boats (harbour_id) WHERE id IS NULL;"
        "CREATE UNIQUE INDEX e ON boats (lower(harbour_id::text)); CREATE INDEX n ON boats (harbour_id);",
    )
    assert found.tables["boats"].unique == (("id",), ("harbour_id", "id"))


def test_views_keep_their_query() -> None:
    found = model(
        BASE,
        "CREATE VIEW fleet WITH (security_invoker = true) AS SELECT * FROM boats;"
        "CREATE MATERIALIZED VIEW counts (n) AS SELECT count(*) FROM boats WITH NO DATA",
    )
    assert found.views["fleet"].security_invoker
    assert found.views["counts"].materialized
    assert found.views["counts"].sql == 'SELECT COUNT(*) AS "n" FROM boats'


def test_row_security_is_kept_for_later() -> None:
    script = """
    ALTER TABLE harbours ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON harbours AS RESTRICTIVE FOR SELECT TO app
      USING (tenant_id = current_setting('app.tenant_id')::uuid) WITH CHECK (true);
    CREATE FUNCTION f() RETURNS void AS $$ SELECT 1; $$ LANGUAGE sql SECURITY DEFINER;
    """
    schema = read_schema({"db/migrations/1.sql": (BASE + script).encode()})
    security = schema.relations["harbours"].row_security
    assert security is not None
    assert (security.enabled, security.forced) == (True, True)
    (policy,) = schema.policies
    assert (policy.table, policy.command, policy.permissive, policy.roles, policy.check) == (
        "harbours",
        "select",
        False,
        ("app",),
        "true",
    )
    assert policy.using == "tenant_id = current_setting('app.tenant_id')::uuid"
    assert schema.routines[0].definer
    assert not schema.routines[0].pinned


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE broken (a int, b",
        "ALTER TABLE boats FROBNICATE",
        "CREATE TABLE late (x text DEFAULT 'oops",
        "DO $$ BEGIN EXECUTE format('ALTER TABLE %I ADD COLUMN tenant_id uuid', t); END $$",
        "CREATE TABLE x (" + "a int, " * 100_000 + "b int)",
        "CREATE TABLE y (a int, FOREIGN KEY (a) BORROWS b(c), COMPRESSION lz4 PRIMARY)",
    ],
)
def test_what_cannot_be_read_is_said(script: str) -> None:
    found = model(BASE, script)
    assert [(o.path, o.line) for o in found.unread] == [("db/migrations/002.sql", 1)]


def test_options_nobody_knows_do_not_hide_columns() -> None:
    found = model(
        BASE,
        """
        CREATE TABLE outbox (
          id BIGINT NOT NULL GENERATED BY DEFAULT AS IDENTITY (CACHE 32),
          tenant_id uuid NOT NULL REFERENCES tenants(id),
          message BYTEA COMPRESSION lz4 FROBNICATED (1, 2) NOT NULL,
          note text CHECK ("""
        + "(" * 3_000
        + "a"
        + ")" * 3_000
        + """),
          UNIQUE (tenant_id, id) NULLS NOT DISTINCT
        );
        """,
    )
    assert list(found.tables["outbox"].columns) == ["id", "tenant_id", "message", "note"]
    assert found.tables["outbox"].ownership is Ownership.OWNED
    assert found.tables["outbox"].unique == (("tenant_id", "id"),)
    assert not found.unread


def test_mysql() -> None:
    found = model(
        "CREATE TABLE `Tenants` (`id` int NOT NULL AUTO_INCREMENT, PRIMARY KEY (`id`)) ENGINE=InnoDB;",
        "CREATE TABLE `boats` (`id` int, `tenant_id` int NOT NULL, UNIQUE KEY `u` (`tenant_id`,`id`), KEY `k` (`id`),"
        " CONSTRAINT `c` FOREIGN KEY (`tenant_id`) REFERENCES `Tenants` (`id`)) DEFAULT CHARSET=utf8mb4;"
        "ALTER TABLE `boats` ADD UNIQUE INDEX `x` (`id`), CHANGE COLUMN `id` `key` int; RENAME TABLE boats TO ships;",
        dialect="mysql",
    )
    assert owners(found) == {"tenants": "root", "ships": "owned"}
    assert found.tables["ships"].unique == (("tenant_id", "key"), ("key",))


def test_the_same_name_in_two_schemas_are_two_tables() -> None:
    found = model("CREATE TABLE runs (id int, tenant_id uuid); CREATE TABLE maestro.runs (id int)")
    assert owners(found) == {"runs": "owned", "maestro.runs": "unknown"}


def test_a_declaration_overrides_with_its_reason() -> None:
    found = model(
        BASE,
        declared={
            "globals": {"countries": "ISO 3166"},
            "tables": {
                "logbooks": {"ownership": "shared_null", "column": "tenant", "reason": "NULL is for everybody"},
                "elsewhere": {"ownership": "owned", "column": "tenant_id"},
                "boats": {"principal": ["skipper_id"], "reason": "the caller's own boats"},
            },
            "functions": {"reserve": {"tenant_argument": 1, "reason": "checks it"}},
            "settings": ["app.tenant_id"],
        },
    )
    assert found.tables["countries"].ownership is Ownership.GLOBAL
    assert found.tables["countries"].origin.why == "declared global: ISO 3166"
    assert found.tables["logbooks"].tenant_column == "tenant"
    assert found.tables["elsewhere"].ownership is Ownership.OWNED
    assert found.tables["boats"].ownership is Ownership.CHILD
    assert found.tables["boats"].principal_columns == ("skipper_id",)
    assert found.functions["reserve"].tenant_argument == 1
    assert found.settings == ("app.tenant_id",)


@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        ({"tabels": {}}, "unknown key 'tabels'"),
        ({"tables": {"a": {"ownership": "mine"}}}, "ownership 'mine' is not one of"),
        ({"tables": {"a": {"ownership": "global"}}}, "reason: a non-empty text is wanted"),
        ({"globals": {"a": ""}}, "globals: a: a non-empty text"),
        ({"globals": {"a": "x"}, "tables": {"a": {"ownership": "owned"}}}, "declared under tables too"),
        ({"carriers": [{"call": "f", "trust": "enforces"}]}, "carriers[0]: reason"),
        ({"carriers": [{"call": "f", "trust": "yes"}]}, "trust 'yes' is not one of"),
        ({"functions": {"f": {"tenant_argument": "0", "reason": "x"}}}, "0-based position"),
        ({"paths": {"prod": []}}, "'prod' is not one of"),
        ({"version": 2}, "this version reads 1"),
        ({"tables": ["a"]}, "a mapping is wanted"),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused_in_one_line(declared: dict[str, Any], wanted: str) -> None:
    with pytest.raises(DeclarationError) as error:
        build_model({}, declared)
    assert wanted in str(error.value)
    assert "\n" not in str(error.value)


def test_a_script_of_sql_server_is_read() -> None:
    script = b"""CREATE TABLE [dbo].[Tenants]([TenantId] [uniqueidentifier] NOT NULL PRIMARY KEY CLUSTERED, [Host] nvarchar(90) UNIQUE NONCLUSTERED)
GO
CREATE TABLE [dbo].[Invoices]([Id] [int] IDENTITY(1,1) NOT NULL, [TenantId] [uniqueidentifier] NOT NULL, [No] [nvarchar](20) NULL,
 CONSTRAINT [PK_Invoices] PRIMARY KEY CLUSTERED ([Id] ASC)WITH (PAD_INDEX = OFF, FILLFACTOR = 80) ON [PRIMARY],
 CONSTRAINT [UQ] UNIQUE NONCLUSTERED ([TenantId] ASC, [No] DESC)) ON [PRIMARY] TEXTIMAGE_ON [PRIMARY]
GO
CREATE TABLE Lines (LineId int IDENTITY PRIMARY KEY, InvoiceId int NOT NULL FOREIGN KEY REFERENCES [dbo].[Invoices]([Id]))
GO
ALTER TABLE [dbo].[Invoices]  WITH CHECK ADD  CONSTRAINT [FK_T] FOREIGN KEY([TenantId]) REFERENCES [dbo].[Tenants] ([TenantId])
GO
"""
    model = build_model({"schema.sql": script}, None, dialect="tsql")

    assert model.unread == ()
    assert {name: t.ownership.value for name, t in model.tables.items()} == {
        "tenants": "root", "invoices": "owned", "lines": "child",
    }  # fmt: skip
    assert model.tables["tenants"].unique == (("tenantid",), ("host",))
    assert model.tables["invoices"].primary_key == ("id",)
    assert ("tenantid", "no") in model.tables["invoices"].unique


def test_a_second_column_that_refers_to_the_tenant_is_the_callers_too() -> None:
    schema = b"""
    CREATE TABLE organizations (id uuid PRIMARY KEY);
    CREATE TABLE projects (id uuid PRIMARY KEY, org_id uuid NOT NULL REFERENCES organizations (id));
    CREATE TABLE api_keys (
      id uuid PRIMARY KEY,
      project_id uuid REFERENCES projects (id),
      organization_id uuid REFERENCES organizations (id)
    );
    """
    found = build_model({"db/1.sql": schema}, {"tenant_columns": ["project_id", "org_id"]})
    assert found.tables["api_keys"].tenant_column == "project_id"
    assert found.tables["api_keys"].principal_columns == ("organization_id",)


@pytest.mark.parametrize(
    ("path", "expected"),
    {
        "internal/data/migrations.go": "migration",
        "src/Fleet.Migrations.PostgreSQL/2026_Boats.cs": "migration",
        "src/BTC.Tests/UnitTest1.cs": "test",
        "test/Fleet.IntegrationTests/BoatTest.cs": "test",
        "src/Fleet.Contests/Boat.cs": "source",
        "database/factories/BoatFactory.php": "test",
        "src/factories/boats.ts": "source",
        "pages/api/deploy/boats.ts": "source",
        "src/routes/versions/index.ts": "source",
        "deploy/boats.sql": "migration",
        "db/versions/0001.py": "migration",
        "api/alembic/versions/0001.py": "migration",
        "src/migrations/versions/0001.py": "migration",
        "app/migrations_report.go": "source",
        "_ide_helper.php": "generated",
    }.items(),
)
def test_what_kind_of_file_a_path_is(path: str, expected: str) -> None:
    assert path_class(path) == expected


def test_a_view_of_joins_without_conditions_is_a_table_to_classify_and_costs_no_time() -> None:
    """The SQL parser tries each of them in two ways."""
    script = "CREATE TABLE boats (id int, tenant_id int);\nCREATE VIEW many AS SELECT 1 FROM boats" + " JOIN boats" * 30
    found = build_model({"migrations/1.sql": script.encode()}, None)

    assert "many" not in found.views
    assert found.tables["many"].ownership is Ownership.UNKNOWN


def test_columns_that_are_put_in_at_run_time_leave_a_table_that_somebody_has_to_classify() -> None:
    """SQLite can't add a foreign key, so that revisions of Alembic write such tables anew: that is no unread schema."""
    revision = b"""
revision = "2"
down_revision = "1"
def upgrade():
    op.create_table("tenants", sa.Column("id", sa.String(), primary_key=True))
    columns = []
    for column in inspector.get_columns("logs"):
        default = f"DEFAULT {column['default']}" if column["default"] else ""
        columns.append(f"{column['name']} {column['type']} NULL {default}".strip())
    op.execute(f"CREATE TABLE logs_new ({', '.join(columns)}, FOREIGN KEY (boat_id) REFERENCES boats (id))")
"""
    model = build_model({"migrations/versions/2.py": revision}, None)
    assert (model.unread, model.tables["logs_new"].ownership) == ((), Ownership.UNKNOWN)


@pytest.mark.parametrize(
    ("dialect", "change", "wanted"),
    [
        ("postgres", "ALTER TABLE boats ALTER COLUMN tenant_id SET NULL", {"nullable": True}),
        ("postgres", "ALTER TABLE boats ALTER COLUMN name ENUM ('a', 'b') NOT NULL", {}),
        ("postgres", "ALTER TABLE boats ADD PRIMARY KEY USING INDEX nobody_made_it", {"key": ("id",)}),
        ("postgres", "CREATE UNIQUE INDEX u ON boats (name); ALTER TABLE boats ADD UNIQUE USING INDEX u", {"unique": ("name",)}),
        ("postgres", "ALTER TABLE boats ALTER name SET NOT NULL, ADD CONSTRAINT IF NOT EXISTS u UNIQUE (name)", {"unique": ("name",)}),
        ("postgres", "CREATE TEMPORARY TABLE t (id int); CREATE UNIQUE INDEX ON t (id)", {}),
        ("postgres", "ALTER TABLE ${schema}.boats DROP COLUMN name", {"columns": {"id", "tenant_id"}}),
        ("mysql", "ALTER TABLE boats DROP PRIMARY KEY", {"key": ()}),
        ("tsql", "ALTER TABLE boats WITH CHECK CHECK CONSTRAINT fk", {}),
        ("tsql", "ALTER TABLE boats WITH NOCHECK ADD CONSTRAINT u UNIQUE (name)", {"unique": ("name",)}),
        ("clickhouse", "ALTER TABLE boats ON CLUSTER c ADD INDEX IF NOT EXISTS i name TYPE minmax GRANULARITY 1", {}),
        ("clickhouse", "ALTER TABLE boats MODIFY COLUMN `name` LowCardinality(String) CODEC(ZSTD(1)) TTL d + 1", {}),
        ("clickhouse", "DROP TABLE IF EXISTS boats SETTINGS max_table_size_to_drop = 0", {"columns": None}),
    ],
)  # fmt: skip
def test_what_databases_say_in_words_of_their_own(dialect: str, change: str, wanted: dict[str, Any]) -> None:
    made = "CREATE TABLE boats (id int PRIMARY KEY, tenant_id int NOT NULL, name text);\n"
    found = build_model({"migrations/1.sql": (made + change).encode()}, None, dialect=dialect)
    assert found.unread == ()
    boats = found.tables.get("boats")
    if wanted.get("columns", boats) is None:
        assert boats is None
        return
    assert boats is not None
    assert set(boats.columns) == wanted.get("columns", {"id", "tenant_id", "name"})
    assert boats.columns["tenant_id"].nullable is wanted.get("nullable", False)
    assert boats.primary_key == wanted.get("key", ("id",))
    assert wanted.get("unique") in (None, *boats.unique)
