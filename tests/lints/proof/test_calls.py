"""Calls of stored procedures are judged by the procedure's own statements, with what they are handed put in."""

from __future__ import annotations

import pytest

from lints.proof import prove
from lints.schema import build_model
from lints.tenancy import Model

TABLES = """
CREATE TABLE tenants (id int PRIMARY KEY);{0}
CREATE TABLE boats (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants (id), name varchar(10));{0}
"""
TRANSACT = (
    TABLES.format("\nGO")
    + """
CREATE PROCEDURE [dbo].[BoatsOf] @TenantId INT, @Name NVARCHAR(10) = NULL AS
BEGIN
    SET NOCOUNT ON
    SELECT * FROM [dbo].[boats] WITH (NOLOCK) WHERE [tenant_id] = @TenantId AND (@Name IS NULL OR name = @Name)
    ORDER BY id OFFSET 5 ROWS FETCH NEXT 5 ROWS ONLY
END
GO
CREATE OR ALTER PROC OneBoat(@Id INT) AS SET NOCOUNT ON; SELECT * FROM boats WHERE id = @Id
GO
CREATE PROC Rename @Id INT, @TenantId INT, @N NVARCHAR(10) OUTPUT AS
BEGIN TRY
  DECLARE @now DATETIME = GETUTCDATE()
  IF EXISTS (SELECT 1 FROM boats WHERE id = @Id AND tenant_id = @TenantId)
  BEGIN
    UPDATE boats
    SET name = CASE WHEN @N IS NULL THEN 'x' ELSE @N END
    WHERE id = @Id AND tenant_id = @TenantId
  END
  ELSE
    INSERT INTO boats (id, tenant_id, name) SELECT @Id, @TenantId, @N
  EXEC BoatsOf @TenantId
END TRY
BEGIN CATCH
  THROW
END CATCH
GO
CREATE PROC Peeks @Id INT AS IF EXISTS (SELECT 1 FROM boats WHERE id = @Id) PRINT 'there'
GO
CREATE PROC Either @Id INT, @TenantId INT AS
BEGIN
  IF @Id > 0 DELETE FROM boats WHERE id = @Id
  ELSE DELETE FROM boats WHERE tenant_id = @TenantId
END
GO
CREATE PROC Through @Id INT AS EXEC OneBoat @Id
GO
CREATE PROC Hers @TenantId INT AS EXEC BoatsOf @TenantId = @TenantId, @Name = 'x'
GO
CREATE PROC Ping @Id INT AS EXEC Pong @Id
GO
CREATE PROC Pong @Id INT AS EXEC Ping @Id
GO
CREATE PROC Walks AS BEGIN DECLARE c CURSOR FOR SELECT id FROM boats
 OPEN c END
GO
CREATE PROC Guesses @Id INT, @TenantId INT AS
BEGIN
  IF @TenantId IS NULL SET @TenantId = (SELECT tenant_id FROM boats WHERE id = @Id AND tenant_id = @TenantId)
  DELETE FROM boats WHERE tenant_id = @TenantId
END
GO
CREATE PROC Took @Id INT AS
DECLARE @t INT
SELECT @t = tenant_id FROM boats WHERE id = @Id
DELETE FROM boats WHERE tenant_id = @t
GO
CREATE PROC Runs @Sql NVARCHAR(MAX) AS EXEC(@Sql)
GO
CREATE PROC Nothing @Id INT AS SELECT @Id + 1
GO
CREATE PROC Chosen @Id INT AS
DECLARE @t INT
SELECT @t = id FROM countries WHERE code = @Id
DELETE FROM boats WHERE tenant_id = @t
GO
CREATE PROC InRounds @TenantId INT AS
BEGIN
  DECLARE @n INT = 100
  WHILE @n > 0
  BEGIN
    DELETE TOP (@n) FROM boats WHERE tenant_id = @TenantId
    SET @n = @@ROWCOUNT
  END
END
GO
CREATE PROC RoundAbout @TenantId INT AS
BEGIN
  DECLARE @t INT = @TenantId
  WHILE @t > 0
  BEGIN
    DELETE FROM boats WHERE tenant_id = @t
    SET @t = @t - 1
  END
END
GO
CREATE PROC Unclosed @Id INT AS SET @Id = CASE WHEN 1 = 1 UPDATE boats SET name = 'x' WHERE id = @Id
GO
CREATE FUNCTION [dbo].[Mine] (@Id INT) RETURNS TABLE AS RETURN SELECT * FROM boats WHERE id = @Id
GO
"""
)
MYSQL = (
    TABLES.format("")
    + """
DELIMITER $$
CREATE PROCEDURE boats_of(IN t INT, OUT n INT)
BEGIN
  SELECT count(*) INTO n FROM boats WHERE tenant_id = t;
  UPDATE boats SET name = 'x' WHERE tenant_id = t;
END$$
CREATE DEFINER=`root`@`%` PROCEDURE boat(IN i INT) SELECT * FROM boats WHERE id = i$$
CREATE PROCEDURE clash(IN tenant_id INT) SELECT * FROM boats WHERE tenant_id = tenant_id$$
CREATE PROCEDURE held(IN t INT) BEGIN DECLARE x INT; SET x = t; SELECT * FROM boats WHERE tenant_id = x; END$$
CREATE PROCEDURE branches(IN t INT) BEGIN IF t > 1 THEN DELETE FROM boats WHERE tenant_id = t; END IF; END$$
DELIMITER ;
"""
)
POSTGRES = (
    TABLES.format("")
    + """
CREATE PROCEDURE renamed(t int, i int, n text) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE boats SET name = n WHERE tenant_id = t AND id = i;
END $$;
CREATE PROCEDURE gone(t int, i int) LANGUAGE SQL BEGIN ATOMIC DELETE FROM boats WHERE id = i; END;
CREATE PROCEDURE two(t int, i int) LANGUAGE sql AS $$
  DELETE FROM boats WHERE tenant_id = t; UPDATE boats SET name = 'x' WHERE id = $2; $$;
CREATE PROCEDURE loops(t int) LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..2 LOOP DELETE FROM boats; END LOOP; END $$;
CREATE PROCEDURE form(i int) LANGUAGE sql AS $$ DELETE FROM boats WHERE id = i $$;
CREATE PROCEDURE form(i text) LANGUAGE sql AS $$ DELETE FROM boats WHERE name = i $$;
"""
)
ORACLE = (
    TABLES.format("").replace("varchar(10)", "varchar2(10)")
    + """
CREATE OR REPLACE PROCEDURE renamed(p_t IN NUMBER, p_i IN NUMBER) IS
BEGIN
  UPDATE boats SET name = 'x' WHERE tenant_id = p_t AND id = p_i;
END;
/
"""
)
MODELS: dict[str, Model] = {
    dialect: build_model(
        {"migrations/1.sql": text.encode()},
        {"globals": {"countries": "ISO 3166"}} if "countries" in text else None,
        dialect=dialect,
    )
    for dialect, text in (("tsql", TRANSACT), ("mysql", MYSQL), ("postgres", POSTGRES), ("oracle", ORACLE))
}


@pytest.mark.parametrize(
    ("dialect", "sql", "verdict"),
    [
        ("tsql", "EXECUTE BoatsOf", "proven"),
        ("tsql", "EXEC dbo.BoatsOf @TenantId = @t, @Name = 'x'", "proven"),
        ("tsql", "EXEC @rc = [dbo].[BoatsOf] @t WITH RECOMPILE", "proven"),
        ("tsql", "EXEC BoatsOf 5", "weak"),
        ("tsql", "EXEC BoatsOf @Nme = @x", "opaque"),
        ("tsql", "EXEC BoatsOf @a, @b, @c", "opaque"),
        ("tsql", "EXEC OneBoat @p0", "violation"),
        ("tsql", "EXEC Rename", "proven"),
        ("tsql", "EXEC Rename @i, @t, @n OUTPUT", "proven"),
        ("tsql", "EXEC Peeks @i", "violation"),
        ("tsql", "EXEC Either @i, @t", "violation"),
        ("tsql", "EXEC Through @i", "violation"),
        ("tsql", "EXEC Hers @t", "proven"),
        ("tsql", "EXEC Ping 1", "opaque"),
        ("tsql", "EXEC Walks", "opaque"),
        ("tsql", "EXEC Guesses @i, @t", "opaque"),
        ("tsql", "EXEC Took @i", "violation"),
        ("tsql", "EXEC Runs @s", "opaque"),
        ("tsql", "EXEC Nothing 1", "proven"),
        ("tsql", "EXEC Unclosed 1", "opaque"),
        ("tsql", "EXEC Chosen 1", "violation"),
        ("tsql", "EXEC InRounds @t", "proven"),
        ("tsql", "EXEC RoundAbout @t", "opaque"),
        ("tsql", "EXEC NoSuch 1", "opaque"),
        ("tsql", "{call dbo.BoatsOf(?, ?)}", "proven"),
        ("tsql", "{? = call OneBoat(?)}", "violation"),
        ("tsql", "SELECT * FROM dbo.Mine(@i)", "violation"),
        ("tsql", "SELECT * FROM dbo.Mine(@i) m WHERE m.tenant_id = @t", "proven"),
        ("mysql", "CALL boats_of(?, @n)", "proven"),
        ("mysql", "CALL boats_of(3, @n)", "weak"),
        ("mysql", "CALL boats_of((SELECT tenant_id FROM boats LIMIT 1), @n)", "opaque"),
        ("mysql", "CALL boat(?)", "violation"),
        ("mysql", "CALL clash(?)", "violation"),
        ("mysql", "CALL held(?)", "opaque"),
        ("mysql", "CALL branches(?)", "opaque"),
        ("mysql", "{ call boats_of(?, ?) }", "proven"),
        ("mysql", "{call no_such(?)}", "opaque"),
        ("postgres", "CALL renamed($1, $2, $3)", "proven"),
        ("postgres", "CALL renamed(i => $1, t => $2, n => 'x')", "proven"),
        ("postgres", "CALL gone($1, $2)", "violation"),
        ("postgres", "CALL two($1, $2)", "violation"),
        ("postgres", "CALL loops($1)", "opaque"),
        ("postgres", "CALL form($1)", "opaque"),
        ("postgres", "EXECUTE renamed", "proven"),
        ("postgres", "EXECUTE renamed($1, $2, $3)", "opaque"),
        ("oracle", "CALL renamed(:t, :i)", "proven"),
        ("oracle", "{call renamed(?, ?)}", "proven"),
    ],
)
def test_a_call_is_what_its_procedure_does(dialect: str, sql: str, verdict: str) -> None:
    (proof,) = prove(sql, MODELS[dialect], dialect=dialect)
    assert proof.verdict == verdict, proof.steps
    assert all(reference.start is None for reference in proof.references if "FROM" not in sql)


def test_what_a_call_is_handed_is_followed_through_a_script() -> None:
    took = "DECLARE @x INT; SELECT @x = tenant_id FROM boats WHERE id = @i AND tenant_id = @t; EXEC BoatsOf @x, 'a'"
    assert [p.verdict for p in prove(took, MODELS["tsql"], dialect="tsql")] == ["proven", "proven", "violation"]


def test_a_call_says_which_procedure_and_where() -> None:
    (proof,) = prove("EXEC Through @i", MODELS["tsql"], dialect="tsql")
    assert proof.operation == "call"
    assert proof.steps[0].startswith("In the procedure through, In the procedure oneboat, select boats: not proven")
    assert [r.why_not for r in proof.references] == [
        "nothing ties boats.tenant_id to a caller's value [procedure oneboat] [procedure through]"
    ]
    (proof,) = prove("EXEC NoSuch 1", MODELS["tsql"], dialect="tsql")
    assert "the procedure nosuch is not in the schema" in str(proof.reason)


@pytest.mark.parametrize("calls", [1, 400])
def test_a_hostile_chain_of_procedures_ends(calls: int) -> None:
    text = TABLES.format("\nGO") + "".join(f"\nCREATE PROC p{n} AS {f'EXEC p{n + 1} ' * 30}\nGO" for n in range(calls))
    model = build_model({"migrations/1.sql": text.encode()}, None, dialect="tsql")
    (proof,) = prove("EXEC p0", model, dialect="tsql")
    assert proof.verdict == "opaque"
