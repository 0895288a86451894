"""Schema statements behind guards, in blocks and in texts that are run."""

from __future__ import annotations

import pytest

from lints.schema import build_model

MADE = "CREATE TABLE u (id int primary key, org_id int not null references orgs(id))"
BASE = "CREATE TABLE orgs (id int primary key);\nCREATE TABLE t (id int primary key, o int);\n"
EF = """IF NOT EXISTS (
    SELECT * FROM [__EFMigrationsHistory]
    WHERE [MigrationId] = N'1_Init'
)
BEGIN
    CREATE TABLE [u] (
        [id] int NOT NULL,
        [org_id] int NOT NULL,
        CONSTRAINT [FK] FOREIGN KEY ([org_id]) REFERENCES [orgs] ([id])
    );
END;
GO
"""
CASES = {
    "a guard": ("postgres", f"DO $$ BEGIN IF NOT EXISTS (SELECT 1) THEN {MADE}; END IF; END $$"),
    "a guard and what it says otherwise": (
        "postgres",
        f"DO $$ BEGIN IF to_regclass('u') IS NULL THEN {MADE}; ELSE RAISE NOTICE 'is there'; END IF; END $$",
    ),
    "an exception": ("postgres", f"DO $$ BEGIN {MADE}; EXCEPTION WHEN duplicate_table THEN NULL; END $$"),
    "the language first": ("postgres", f"DO LANGUAGE plpgsql $b$ BEGIN {MADE}; END $b$"),
    "quoted as a string": ("postgres", f"DO 'BEGIN {MADE}; END'"),
    "a CASE": ("postgres", f"DO $$ BEGIN CASE WHEN true THEN {MADE}; END CASE; END $$"),
    "a text that is run": ("postgres", f"DO $$ BEGIN EXECUTE '{MADE}'; END $$"),
    "a guard of T-SQL's with a block": ("tsql", f"IF NOT EXISTS (SELECT * FROM sys.tables) BEGIN {MADE} END"),
    "a guard of T-SQL's with a statement": ("tsql", f"IF OBJECT_ID('dbo.u') IS NULL {MADE};"),
    "what is made otherwise": ("tsql", f"IF 1 = 0 DROP TABLE x ELSE {MADE}"),
    "two statements that no semicolon parts": ("tsql", f"IF 1 = 1 BEGIN\n  DROP TABLE x\n  {MADE}\nEND"),
    "a script of Entity Framework's": ("tsql", EF),
    "a text that T-SQL runs": ("tsql", f"EXEC(N'{MADE}')"),
    "a text that T-SQL runs by its procedure": ("tsql", f"EXEC sp_executesql N'{MADE}'"),
    "a block of Oracle's": ("oracle", f"BEGIN EXECUTE IMMEDIATE '{MADE}'; EXCEPTION WHEN OTHERS THEN NULL; END;\n/\n"),
    "a text that MySQL prepares": ("mysql", f"SET @s = IF((SELECT 1) = 0, '{MADE}', 'SELECT 1'); PREPARE st FROM @s"),
    "a text that MySQL prepares where it stands": ("mysql", f"PREPARE st FROM '{MADE}'"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_block_makes_is_there(name: str) -> None:
    dialect, text = CASES[name]
    parted = "GO\n" if dialect == "tsql" else ""
    model = build_model({"m/1.sql": (BASE + parted + text).encode()}, None, dialect=dialect)
    tables = {key.lower(): table for key, table in model.tables.items()}
    assert "u" in tables, [origin.why for origin in model.unread]
    assert [column.lower() for column in tables["u"].columns] == ["id", "org_id"]
    assert not model.unread


def test_a_table_behind_a_guard_says_where_it_is_made() -> None:
    model = build_model({"m/1.sql": (BASE + "GO\n" + EF).encode()}, None, dialect="tsql")
    assert model.tables["u"].origin.line == 9


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("postgres", "DO $$ DECLARE n text := 'u'; BEGIN EXECUTE 'CREATE TABLE ' || n || ' (id int)'; END $$"),
        ("tsql", "EXEC('CREATE TABLE ' + @n + ' (id int)')"),
        ("mysql", "SET @s = CONCAT('ALTER TABLE ', @t, ' ADD COLUMN org_id int')"),
    ],
)
def test_what_is_put_together_at_run_time_is_said_to_be_unread(dialect: str, text: str) -> None:
    model = build_model({"m/1.sql": (BASE + text).encode()}, None, dialect=dialect)
    assert ["at run time" in origin.why for origin in model.unread] == [True]


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("tsql", "IF @v IS NOT NULL EXEC(N'ALTER TABLE [t] DROP CONSTRAINT [' + @v + '];')"),
        ("tsql", "EXEC dbo.rebuild 'x'"),
        ("postgres", "SET search_path = drop, create"),
        ("mysql", "SET @old = 'create'"),
    ],
)
def test_what_changes_nothing_of_the_model_is_passed_over(dialect: str, text: str) -> None:
    assert not build_model({"m/1.sql": (BASE + text).encode()}, None, dialect=dialect).unread


def test_nested_texts_end() -> None:
    text = MADE
    for _ in range(12):
        text = "EXEC('" + text.replace("'", "''") + "')"
    model = build_model({"m/1.sql": (BASE + "GO\n" + text).encode()}, None, dialect="tsql")
    assert "u" in model.tables


@pytest.mark.parametrize("text", ["EXECUTE format('create sequence boats_%s', NEW.id);", "EXECUTE something('a')"])
def test_a_text_that_is_run_where_nothing_guards_it_is_read_once(text: str) -> None:
    assert build_model({"migrations/1.sql": text.encode()}, None).tables == {}
