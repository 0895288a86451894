"""Scripts cut into statements: every case is something that hides, or seems to hide, a semicolon."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lints.schema.split import split

CASES = {
    "a quote": ("postgres", "SELECT 'a;b'; SELECT 2", ["SELECT 'a;b'", "SELECT 2"]),
    "a doubled quote": ("postgres", "SELECT 'it''s; x'; SELECT 2", ["SELECT 'it''s; x'", "SELECT 2"]),
    "a backslash is no escape in standard strings": (
        "postgres",
        r"SELECT 'a\'; SELECT 2",
        [r"SELECT 'a\'", "SELECT 2"],
    ),
    "a backslash is one in E strings": ("postgres", r"SELECT E'a\'; b'; SELECT 2", [r"SELECT E'a\'; b'", "SELECT 2"]),
    "a backslash is one in MySQL": ("mysql", r"SELECT 'a\'; b'; SELECT 2", [r"SELECT 'a\'; b'", "SELECT 2"]),
    "an identifier": ("postgres", 'SELECT "a;b"; SELECT 2', ['SELECT "a;b"', "SELECT 2"]),
    "a line comment": ("postgres", "SELECT 1 -- ; x\n; SELECT 2", ["SELECT 1 -- ; x", "SELECT 2"]),
    "a nested comment": (
        "postgres",
        "SELECT /* a /* ; */ ; */ 1; SELECT 2",
        ["SELECT /* a /* ; */ ; */ 1", "SELECT 2"],
    ),
    "a dollar quote": ("postgres", "DO $$ BEGIN; END $$; SELECT 2", ["DO $$ BEGIN; END $$", "SELECT 2"]),
    "a tagged dollar quote": ("postgres", "DO $a$ $$;$$ ; $a$; SELECT 2", ["DO $a$ $$;$$ ; $a$", "SELECT 2"]),
    "parameters are no dollar quotes": ("postgres", "SELECT $1; SELECT $2", ["SELECT $1", "SELECT $2"]),
    "a trigger's body": (
        "sqlite",
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET c = CASE WHEN d THEN 1 END; DELETE FROM e; END; SELECT 2",
        [
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET c = CASE WHEN d THEN 1 END; DELETE FROM e; END",
            "SELECT 2",
        ],
    ),
    "a transaction is no routine body": (
        "postgres",
        "BEGIN; SELECT 1; END; SELECT 2",
        ["BEGIN", "SELECT 1", "END", "SELECT 2"],
    ),
    "MySQL's DELIMITER": (
        "mysql",
        "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END//\nDELIMITER ;\nSELECT 2;",
        ["CREATE PROCEDURE p() BEGIN SELECT 1; END", "SELECT 2"],
    ),
    "rows of a COPY": ("postgres", "COPY a FROM stdin;\n1;2\n'\n\\.\nSELECT 2;", ["COPY a FROM stdin", "SELECT 2"]),
    "psql's commands": ("postgres", "\\connect db\nSELECT 1;\n\\echo 'x\nSELECT 2;", ["SELECT 1", "SELECT 2"]),
    "comments alone": ("postgres", "-- a\n/* b; */\n;;\n", []),
}


@pytest.mark.parametrize("name", CASES)
def test_cut(name: str) -> None:
    dialect, script, wanted = CASES[name]
    assert [piece.text for piece in split(script, dialect)] == wanted


@pytest.mark.parametrize(
    ("script", "what"), [("SELECT 'a", "quote '"), ("DO $x$ a", "dollar quote $x$"), ("SELECT /* a", "comment")]
)
def test_what_is_never_closed_is_said(script: str, what: str) -> None:
    assert [piece.unterminated for piece in split(script)] == [what]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["'", '"', "`", "$$", "$a$", "--", "/*", "*/", ";", "\n", "a", " ", "begin", "end", "\\", "create trigger"]
        ),
        max_size=30,
    )
)
def test_any_script_is_cut_and_lines_are_right(parts: list[str]) -> None:
    script = "".join(parts)
    for dialect in ("postgres", "mysql", "sqlite"):
        for piece in split(script, dialect):
            assert piece.text == piece.text.strip()
            assert script[piece.offset : piece.offset + len(piece.text)] == piece.text
            assert piece.line == script.count("\n", 0, piece.offset) + 1


def test_a_million_lines_are_cut_in_linear_time() -> None:
    rows = "".join(f"INSERT INTO boats VALUES ({n}, 'x;y');\n" for n in range(60_000))
    assert sum(1 for _ in split(rows)) == 60_000


def test_go_ends_a_batch_of_t_sql_whatever_is_open() -> None:
    script = (
        "CREATE TABLE a (id int)\nGO\nCREATE PROCEDURE p AS BEGIN SELECT 1;\ngo 2\nCREATE TABLE b (go int)\n  GO  \n"
    )

    assert [piece.text.split("\n")[0] for piece in split(script, "tsql")] == [
        "CREATE TABLE a (id int)", "CREATE PROCEDURE p AS BEGIN SELECT 1;", "CREATE TABLE b (go int)",
    ]  # fmt: skip
    assert [piece.line for piece in split(script, "tsql")] == [1, 3, 5]
    assert len(list(split("SELECT a AS\ngo\nFROM b", "postgres"))) == 1
