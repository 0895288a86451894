"""Controls written by an attacker: nothing outside the subset loads, and nothing that loads takes the gate down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gate import sql, store
from gate.model import GateError, Kind, Location, Policy, QueryError
from gate.store import Store

Load = Callable[..., Policy]
AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
THING = Kind(
    name="thing", pack="own", source=Location(path="thing.json"),
    schema={"properties": {"id": {"type": "string"}, "count": {"type": "integer"}}},
)  # fmt: skip
THG = "policy/rules/own/controls/THG001.yaml"
QUERY = "SELECT t.id AS subject, t.count AS count FROM thing AS t WHERE t.count > $limit"


@pytest.fixture(scope="module")
def empty() -> Store:
    found = Store([THING], AS_OF)
    found.lock()
    return found


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        ("a CTE in a subquery lends its name to the catalogue",
         "SELECT t.sql AS subject FROM duckdb_tables AS t WHERE EXISTS (WITH duckdb_tables AS (SELECT 1 AS a) SELECT a FROM duckdb_tables)",
         "WITH inside a query"),
        ("try_cast", "SELECT TRY_CAST(id AS BIGINT) AS subject FROM thing", "TRY_CAST"),
        ("asof join", "SELECT a.id AS subject FROM thing a ASOF JOIN thing b ON a.count >= b.count", "ASOF"),
        ("positional join", "SELECT a.id AS subject FROM thing a POSITIONAL JOIN thing b", "POSITIONAL"),
        ("natural join", "SELECT a.id AS subject FROM thing a NATURAL JOIN thing b", "NATURAL"),
        ("semi join", "SELECT a.id AS subject FROM thing a SEMI JOIN thing b ON a.id = b.id", "SEMI"),
        ("group by all", "SELECT id AS subject, count(*) AS n FROM thing GROUP BY ALL", "GROUP BY ALL"),
        ("union by name", "SELECT id AS subject FROM thing UNION BY NAME SELECT id AS subject FROM thing", "UNION BY NAME"),
        ("min of several", "SELECT min(id, 3) AS subject FROM thing", "min() of more than one"),
        ("numbered in no order", "SELECT id AS subject, row_number() OVER () AS n FROM thing", "without ORDER BY"),
        ("a bomb of replacements", "SELECT replace(id, 'x', 'xx') AS subject FROM thing", "the function replace()"),
        ("nested beyond reason", "SELECT x AS subject FROM " + "(SELECT x FROM " * 500 + "(SELECT 1 AS x) q" + ") q" * 500, "nested too deeply"),
        ("a thousand joins", "SELECT t0.id AS subject FROM thing t0" + "".join(f", thing t{i}" for i in range(1, 200)), "more than 64 tables"),
        ("endless", "SELECT id AS subject FROM thing WHERE id <> '" + "x" * 20_000 + "'", "longer than"),
        ("no text", "SELECT '\ud800' AS subject", "not UTF-8"),
    ],
)  # fmt: skip
def test_what_is_outside_the_subset_is_refused(empty: Store, name: str, query: str, said: str) -> None:
    with pytest.raises(sql.SqlError) as error:
        sql.check(query, empty.connection)

    assert said in str(error.value)


@pytest.mark.parametrize("name", ["duckdb_tables", "pg_settings", "sqlite_master"])
def test_a_cte_makes_no_table_readable_before_it_is_defined(empty: Store, name: str) -> None:
    query = sql.check(
        f"WITH a AS (SELECT 1 AS x FROM {name}), {name} AS (SELECT 1 AS x) SELECT x AS subject FROM a, {name}",
        empty.connection,
    )

    assert name in query.tables, "an unknown table: the policy refuses it"
    inside = sql.check(
        "WITH a AS (SELECT id FROM thing), b AS (SELECT id FROM a) SELECT id AS subject FROM b", empty.connection
    )
    assert inside.tables == {"thing"}


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        ("two columns of one name", "SELECT t.id AS subject, t.count AS count, t.id AS Subject FROM thing AS t WHERE t.count > $limit",
         "two columns are named 'Subject'"),
        ("a line that is text", QUERY.replace("t.count AS count", "t.count AS count, t.id AS line"), "the column line must be an integer, not VARCHAR"),
        ("a column that is text", QUERY.replace("t.count AS count", "t.count AS count, 'x' AS col"), "col must be an integer"),
        ("a path that is a number", QUERY.replace("t.count AS count", "t.count AS count, 7 AS path"), "path must be text, not INTEGER"),
        ("a fingerprint that is a number", QUERY.replace("t.count AS count", "t.count AS count, 7 AS fingerprint"), "fingerprint must be text"),
        ("a tenant that is a boolean", QUERY.replace("t.count AS count", "t.count AS count, true AS tenant"), "tenant must be text"),
        ("a whole row", QUERY.replace("t.count AS count", "t.count AS count, t AS everything"), "the column everything is of type STRUCT"),
    ],
)  # fmt: skip
def test_columns_that_place_a_finding_have_the_right_types(
    loaded: Load, control_text: Callable[[str], str], name: str, query: str, said: str
) -> None:
    with pytest.raises(GateError) as error:
        loaded({THG: control_text("THG001").replace(QUERY, query)})

    assert str(error.value).startswith(f"{THG}:13: query: ")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("name", "message", "said"),
    [
        ("a width of a billion", "{subject:>1000000000} {count} {limit}", "write {subject} alone"),
        ("a width from evidence", "{subject:>{count}} {limit}", "write {subject} alone"),
        ("a conversion", "{subject!r} {count} {limit}", "write {subject} alone"),
        ("an open brace", "{subject} {count} {limit} {", "message: "),
        ("a number", "{0} {subject} {count} {limit}", "{0} is neither a column"),
        ("an index", "{subject[0]} {count} {limit}", "is neither a column"),
    ],
)
def test_a_message_only_names_columns(
    loaded: Load, control_text: Callable[[str], str], name: str, message: str, said: str
) -> None:
    with pytest.raises(GateError) as error:
        loaded({THG: control_text("THG001").replace("{subject} has {count}; the limit is {limit}", message)})

    assert str(error.value).startswith(f"{THG}:12: ")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("name", "clock", "said"),
    [
        ("a time that is text", "SELECT 'x' AS subject, 'never' AS since_at, 1 AS due_at", "since_at must be an integer"),
        ("a due date that is text", "SELECT 'x' AS subject, 1 AS since_at, 'never' AS due_at", "due_at must be an integer"),
        ("a column too many", "SELECT 'x' AS subject, 1 AS since_at, 1 AS due_at, 1 AS more", "exactly subject, since_at, due_at"),
    ],
)  # fmt: skip
def test_a_clock_tells_times(
    loaded: Load, control_text: Callable[[str], str], name: str, clock: str, said: str
) -> None:
    with pytest.raises(GateError) as error:
        loaded({THG: control_text("THG001").replace("examples:", f"clock: |\n  {clock}\nexamples:", 1)})

    assert said in str(error.value)


WEEKS = ", ".join(f"calendar_week AS w{i}" for i in range(6))


def test_a_query_that_would_run_for_ever_on_empty_tables_loads_at_once(
    loaded: Load, control_text: Callable[[str], str]
) -> None:
    """Loading only binds a query: it must not be run where nothing limits it."""
    text = control_text("THG001").replace(QUERY, f"SELECT count(*) AS subject, $limit AS count FROM {WEEKS}")

    assert loaded({THG: text}).control("THG001") is not None


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        ("runs away", f"SELECT count(*) AS subject FROM {WEEKS}", "took longer than"),
        ("answers without end", "SELECT a.week AS subject FROM calendar_week a, calendar_week b, calendar_week c", "more than 1,000 rows"),
        ("grows one string", "WITH a0 AS (SELECT week AS s FROM calendar_week), "
         + ", ".join(f"a{i} AS (SELECT {'||'.join(['s'] * 16)} AS s FROM a{i - 1})" for i in range(1, 9))
         + " SELECT max(length(s)) AS subject FROM a8", ""),
        ("overflows", "SELECT CAST(9223372036854775807 AS BIGINT) + CAST(ordinal AS BIGINT) AS subject FROM calendar_week", ""),
        ("casts nonsense", "SELECT CAST(week AS BIGINT) AS subject FROM calendar_week", "Conversion Error"),
        ("divides by zero", "SELECT int_div(1, 0) AS subject", "Division by zero"),
    ],
)  # fmt: skip
def test_a_runaway_query_is_an_error_of_its_control(
    empty: Store, monkeypatch: pytest.MonkeyPatch, name: str, query: str, said: str
) -> None:
    monkeypatch.setattr(store, "QUERY_SECONDS", 1)
    monkeypatch.setattr(store, "QUERY_BYTES", 256 << 20)
    monkeypatch.setattr(store, "MAX_ROWS", 1000)
    sql.check(query, empty.connection)

    with pytest.raises(QueryError) as error:
        empty.ask(query, {})

    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert empty.ask("SELECT 1 AS subject", {}) == [{"subject": 1}], "the store is still alive"


NAMES: list[tuple[str, dict[str, Any], str]] = [
    ("SQL in a field's name", {"id": {"type": "string"}, 'x" BIGINT); DROP TABLE calendar_week; --': {"type": "string"}}, "must be a plain name"),
    ("two fields of one name", {"id": {"type": "string"}, "ID": {"type": "string"}}, "two fields become the column 'ID'"),
    ("a field of ours", {"id": {"type": "string"}, "Verified": {"type": "boolean"}}, "two fields become the column 'Verified'"),
    ("a field of ours in a list", {"id": {"type": "string"}, "tags": {"type": "array", "items": {"type": "object", "properties": {"evidence_id": {"type": "integer"}}}}},
     "two fields become the column 'evidence_id'"),
    ("a list of one name", {"id": {"type": "string"}, "a": {"type": "object", "properties": {"b": {"type": "array", "items": {"type": "string"}}}},
     "a_b": {"type": "array", "items": {"type": "string"}}}, "two tables are named"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "properties", "said"), NAMES)
def test_a_schema_is_a_table_with_plain_and_different_names(name: str, properties: dict[str, Any], said: str) -> None:
    kind = Kind(name="thing", pack="own", source=Location(path="thing.json"), schema={"properties": properties})

    with pytest.raises(GateError, match="thing") as error:
        Store([kind], AS_OF)

    assert said in str(error.value)


@pytest.mark.parametrize("name", ["calendar_week", "thing__tags"])
def test_a_kind_may_not_take_the_name_of_another_table(loaded: Load, name: str) -> None:
    pack = f"name: own\ntitle: T\nsummary: S.\nkinds: [thing, {name}]\n"
    schema = '{"type": "object", "properties": {"id": {"type": "string"}}, "examples": [{"id": "a"}]}'

    with pytest.raises(GateError, match="two tables are named"):
        loaded({"policy/rules/own/pack.yaml": pack, f"policy/rules/own/schemas/{name}.json": schema})


def test_a_kind_s_schema_refers_to_nothing(loaded: Load) -> None:
    """References, with allOf, make a small schema that takes for ever; a table needs none."""
    laughs = ", ".join(
        f'"a{i}": {{"allOf": [{{"$ref": "#/$defs/a{i + 1}"}}, {{"$ref": "#/$defs/a{i + 1}"}}]}}' for i in range(40)
    )
    schema = f'{{"type": "object", "$defs": {{{laughs}, "a40": {{}}}}, "$ref": "#/$defs/a0", "properties": {{"id": {{"type": "string"}}}}}}'

    with pytest.raises(GateError, match=r"thing\.json: \$ref is not allowed"):
        loaded({"policy/rules/own/schemas/thing.json": schema})


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("a number beyond BIGINT", [{"id": "a", "count": 10**30}]),
        ("text for a number", [{"id": "a", "count": "many"}]),
        ("a lone surrogate", [{"id": "\ud800", "count": 1}]),
        ("a list for a scalar", [{"id": ["a"], "count": {}}]),
    ],
)
def test_records_that_do_not_fit_a_table_are_an_error_of_the_query_kind(name: str, rows: list[dict[str, Any]]) -> None:
    with pytest.raises(QueryError):
        Store([THING], AS_OF).load("thing", rows)


def test_hostile_text_in_evidence_is_only_text(empty: Store) -> None:
    found = Store([THING], AS_OF)
    texts = ["'; DROP TABLE thing; --", "a\0b", "$limit", "{subject}", "\x1b[31m", "x" * 100_000]
    found.load("thing", [{"id": text, "count": 1} for text in texts])
    found.lock()

    assert {row["subject"] for row in found.ask("SELECT id AS subject FROM thing", {})} == set(texts)
