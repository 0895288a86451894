"""Any text gets an answer, within bounds, and nothing that was not understood is ever proven."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lints.proof import prove
from lints.proof.text import prepare

from . import cases
from .harbour import MODEL

N = 3000
DEEP = {
    "parentheses": "SELECT * FROM boats WHERE " + "(" * N + "harbour_id = $1" + ")" * N,
    "NOT": "SELECT * FROM boats WHERE " + "NOT " * N + "harbour_id = $1",
    "minus": "SELECT " + "- " * N + "1 FROM boats",
    "CASE": "SELECT " + "CASE WHEN " * N + "true" + " THEN true END" * N + " FROM boats",
    "sub-selects": "SELECT * FROM " + "(SELECT * FROM " * N + "boats" + ") x" * N,
    "joins without conditions": "SELECT * FROM boats " + "JOIN boats " * N + "ON true " * N,
    "functions": "SELECT " + "lower(" * N + "name" + ")" * N + " FROM boats",
    "arrays": "SELECT " + "ARRAY[" * N + "1" + "]" * N + " FROM boats",
    "CTEs in CTEs": "WITH a AS (" * N + "SELECT 1" + ") SELECT * FROM a" * N,
    "intervals": "SELECT " + "INTERVAL " * N + "'1' FROM boats",
    "prefixes": "EXPLAIN " * N + "SELECT * FROM boats",
    "existence": "SELECT * FROM boats WHERE " + "EXISTS (SELECT 1 WHERE " * N + "true" + ")" * N,
    "casts": "SELECT * FROM boats WHERE harbour_id = $1" + "::text" * N,
    "concatenations": "SELECT 'a'" + " || 'a'" * N + " FROM boats",
    "dots": "SELECT boats" + ".a" * N + " FROM boats",
    "unions": " UNION ALL ".join(["SELECT id FROM boats"] * N),
    "conjuncts": "SELECT * FROM boats WHERE " + " AND ".join(["kind = 'x'"] * N),
    "alternatives": "SELECT * FROM boats WHERE " + " OR ".join(["kind = 'x'"] * N),
    "list": "SELECT * FROM boats WHERE id IN (" + ", ".join(["$2"] * N) + ")",
    "rows": "INSERT INTO boats (id, name) VALUES " + ", ".join(["($1, $2)"] * N),
    "comma joins": "SELECT * FROM " + ", ".join(f"boats b{n}" for n in range(N)),
    "statements": "SELECT * FROM boats;" * 300,
    "comments": "/*" * N + "*/" * N + " SELECT * FROM boats",
    "open comments": "SELECT * FROM boats " + "/* " * N,
    "dollar tags": "SELECT * FROM boats WHERE id = " + "$a$ $b$ " * N,
    "quotes": "SELECT * FROM boats WHERE name = " + "'" * (2 * N + 1),
    "question marks": "SELECT * FROM boats WHERE " + "? " * N,
    "length": "SELECT * FROM boats WHERE name = '" + "x" * 1_200_000 + "'",
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_and_long_texts_are_answered_and_never_proven(name: str) -> None:
    proofs = prove(DEEP[name], MODEL)
    assert proofs
    assert all(p.verdict != "proven" or not p.relevant for p in proofs), proofs[0]


def test_two_hundred_ctes_in_a_row() -> None:
    chain = ", ".join(f"c{n} AS (SELECT * FROM c{n - 1})" for n in range(1, 200))
    scoped = f"WITH c0 AS (SELECT * FROM boats WHERE harbour_id = $1), {chain} SELECT * FROM c199"
    opened = f"WITH c0 AS (SELECT * FROM boats), {chain} SELECT * FROM c199"
    assert prove(scoped, MODEL)[0].verdict in ("proven", "opaque")
    assert prove(opened, MODEL)[0].verdict in ("violation", "opaque")


def test_ctes_that_double_run_out_of_budget_and_say_so() -> None:
    chain = ", ".join(f"c{n} AS (SELECT a.* FROM c{n - 1} a JOIN c{n - 1} b ON a.id = b.id)" for n in range(1, 60))
    proof = prove(f"WITH c0 AS (SELECT * FROM boats WHERE harbour_id = $1), {chain} SELECT * FROM c59", MODEL)[0]
    assert (proof.verdict, proof.reason) == ("opaque", "budget")


def test_alternatives_that_multiply_run_out_of_budget_and_say_so() -> None:
    pairs = " AND ".join(f"(b.harbour_id = s{n}.harbour_id OR b.id = s{n}.id)" for n in range(24))
    tables = ", ".join(f"sailors s{n}" for n in range(24))
    proof = prove(f"SELECT * FROM boats b, {tables} WHERE {pairs}", MODEL)[0]
    assert proof.verdict in ("opaque", "violation")
    assert proof.verdict == "violation" or proof.reason == "budget"


def test_a_view_that_refers_to_itself() -> None:
    from dataclasses import replace

    view = replace(MODEL.views["boat_names"], name="loop", sql="SELECT * FROM loop")
    proof = prove("SELECT * FROM loop", replace(MODEL, views={"loop": view}))[0]
    assert proof.verdict == "opaque"


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(max_size=200), st.sampled_from(["postgres", "mysql", "sqlite", "tsql", "clickhouse"]))
@example("\x00", "postgres")
@example("select\ud800", "postgres")
@example("$$", "postgres")
@example("'", "mysql")
@example(";", "tsql")
def test_any_text(text: str, dialect: str) -> None:
    for proof in prove(text, MODEL, dialect=dialect):
        assert proof.verdict != "weak"
        assert "internal error" not in (proof.reason or ""), proof.reason


WORDS = st.sampled_from(
    [
        "SELECT",
        "FROM",
        "WHERE",
        "boats",
        "sailors",
        "b",
        "s",
        "harbour_id",
        "id",
        "$1",
        "$2",
        "=",
        "<>",
        "AND",
        "OR",
        "NOT",
        "(",
        ")",
        ",",
        "*",
        ".",
        "IS",
        "NULL",
        "IN",
        "EXISTS",
        "UNION",
        "JOIN",
        "LEFT",
        "ON",
        "LIMIT",
        "1",
        "'x'",
        "UPDATE",
        "SET",
        "INSERT",
        "INTO",
        "VALUES",
        "DELETE",
        "WITH",
        "AS",
        "RETURNING",
        "CASE",
        "WHEN",
        "THEN",
        "END",
        "__hole_0__",
        ":h1",
        "?",
        "--",
        "/*",
        "*/",
        ";",
    ]
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(WORDS, max_size=30).map(" ".join))
def test_any_words_of_sql(text: str) -> None:
    for proof in prove(text, MODEL):
        assert "internal error" not in (proof.reason or ""), proof.reason


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.sampled_from(cases.load()),
    st.integers(0, 400),
    st.integers(0, 20),
    st.sampled_from(["", "(", "'", " OR ", "--", ";"]),
)
def test_damaged_statements(case: cases.Case, at: int, length: int, new: str) -> None:
    for proof in prove(case.sql[:at] + new + case.sql[at + length :], MODEL, dialect=case.dialect):
        assert "internal error" not in (proof.reason or ""), proof.reason


def test_an_unknown_dialect_is_an_error_that_names_the_remedy() -> None:
    with pytest.raises(ValueError, match="use one of postgres"):
        prove("SELECT 1", MODEL, dialect="dbase")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet="ab $1?%s(){}:@'\"-/*\n;", max_size=60))
def test_offsets_lead_back_to_the_text(text: str) -> None:
    prepared = prepare(text, "postgres")
    assert prepared.original(len(prepared.text)) == len(text)
    positions = [prepared.original(n) for n in range(len(prepared.text) + 1)]
    assert all(0 <= p <= len(text) + 20 for p in positions)


@pytest.mark.parametrize("dialect", ["postgres", "mysql", "oracle", "bigquery"])
@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM boats" + " JOIN boats" * 30,
        "SELECT 1 FROM boats" + " STRAIGHT_JOIN boats" * 30,
        "SELECT 1 FROM boats" + " NATURAL LEFT JOIN" * 30 + " boats",
        "SELECT 1 FROM boats" + " JOIN CROSS" * 30 + " JOIN boats",
        "SELECT 1 FROM boats" + " LEFT JOIN (SELECT 1 FROM boats JOIN boats JOIN boats) AS m" * 9,
        "SELECT 1 FROM boats JOIN (" * 14 + "SELECT 1" + ")" * 14,
    ],
)
def test_joins_without_a_condition_do_not_double_the_work(text: str, dialect: str) -> None:
    """The parser tries each of them in two ways; thirty would take it for years."""
    assert prove(text, MODEL, dialect=dialect)[0].verdict in ("opaque", "unparsed", "violation")


def test_many_joins_that_have_no_condition_to_wait_for_are_read() -> None:
    text = "SELECT b.name FROM boats b" + "".join(f" CROSS JOIN countries c{n}" for n in range(30))
    assert prove(f"{text} WHERE b.harbour_id = $1", MODEL)[0].verdict == "proven"
    text = "SELECT b.name FROM boats b" + "".join(f" JOIN countries c{n} ON c{n}.code = b.kind" for n in range(30))
    assert prove(f"{text} WHERE b.harbour_id = $1", MODEL)[0].verdict == "proven"
