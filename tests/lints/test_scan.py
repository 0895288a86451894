"""A whole tree through the model, the extraction and the real proof engine: which rows come out, and what they say."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from lints.scan import Access, CodeFacts, scan
from lints.schema import build_model
from lints.schema.paths import path_class

SCHEMA = b"""
CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE boats (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants(id),
  name text,
  UNIQUE (tenant_id, name)
);
CREATE TABLE logbooks (id uuid PRIMARY KEY, boat_id uuid NOT NULL REFERENCES boats(id));
CREATE TABLE countries (code text PRIMARY KEY);
"""
MIGRATION = "db/migrations/001.sql"


def facts(files: dict[str, str], declared: dict[str, Any] | None = None) -> CodeFacts:
    tree = {name: text.encode() for name, text in files.items()} | {MIGRATION: SCHEMA}
    model = build_model(tree, declared)
    return scan(sorted(tree.items()), model, declared=declared)


def rows(found: CodeFacts) -> list[tuple[str, str | None, str]]:
    return [(a.verdict, a.rule, a.table) for a in found.accesses]


PYTHON = {
    "read by id only": (
        'def f(c, id):\n    c.execute("SELECT * FROM boats WHERE id = %s", (id,))\n',
        [("violation", "TENSQL001", "boats")],
    ),
    "scoped": (
        'def f(c, t, id):\n    c.execute("SELECT * FROM boats WHERE id = %s AND tenant_id = %s", (id, t))\n',
        [("proven", None, "boats")],
    ),
    "the column only in RETURNING": (
        'def f(c, id):\n    c.execute("DELETE FROM boats WHERE id = %s RETURNING tenant_id", (id,))\n',
        [("violation", "TENSQL003", "boats")],
    ),
    "a filter on some paths only": (
        """
def f(c, t=None):
    q = "SELECT * FROM boats WHERE name = %s"
    if t:
        q += " AND tenant_id = %s"
    c.execute(q)
""",
        [("violation", "TENSQL005", "boats")],
    ),
    "a ternary in an f-string that deletes everything": (
        "def f(c, t=None):\n    c.execute(f\"DELETE FROM boats {'WHERE tenant_id = %s' if t else ''}\")\n",
        [("violation", "TENSQL005", "boats")],
    ),
    "a clause put in at run time": (
        'def f(c, where):\n    c.execute(f"SELECT * FROM boats {where}")\n',
        [("opaque", "TENSQL013", "boats")],
    ),
    "a table put in at run time": (
        'def f(c, t):\n    c.execute(f"SELECT * FROM {t} WHERE id = %s")\n',
        [("opaque", "TENSQL013", "")],
    ),
    "nothing of a tenant": ('def f(c):\n    c.execute("SELECT 1")\n', []),
    "prose": ('LABEL = "Select a boat from the list"\n', []),
    "cypher": (
        'def f(s, id):\n    s.run("MATCH (b:Boat {id: $id}) RETURN b", id=id)\n',
        [("violation", "TENCYP001", ":Boat")],
    ),
    "cypher with a ternary filter": (
        'def f(s, t=None):\n    s.run("MATCH (b:Boat) %s DETACH DELETE b" % ("WHERE b.tenantId = $t" if t else ""))\n',
        [("violation", "TENCYP005", ":Boat")],
    ),
}


@pytest.mark.parametrize("name", PYTHON)
def test_rows_of_a_statement(name: str) -> None:
    source, wanted = PYTHON[name]
    assert rows(facts({"app/a.py": source})) == wanted


def test_a_view_is_one_finding_however_many_tables_it_reads() -> None:
    view = (
        "CREATE VIEW shown AS SELECT b.id, b.tenant_id, (SELECT name FROM boats x WHERE x.id = b.id) AS one,"
        " (SELECT count(*) FROM tenants) AS two, (SELECT count(*) FROM logbooks) AS three FROM boats b;"
    )
    query = 'def f(c, t):\n    c.execute("SELECT * FROM shown WHERE tenant_id = %s", (t,))\n'
    found = facts({"db/migrations/002.sql": view, "app/a.py": query})
    told = [row for row in found.accesses if row.path == "app/a.py"]
    assert len(told) == len({row.rule for row in told})
    assert any("more of what the view reads" in row.why for row in told), [row.why for row in told]


def test_a_row_says_what_to_do_about_it() -> None:
    found = facts({"app/a.py": 'def f(tenant_id, c, id):\n    c.execute("SELECT * FROM boats WHERE id = %s", (id,))\n'})
    (row,) = found.accesses
    assert (row.path, row.line, row.column) == ("app/a.py", 2, 15)
    assert row.owned_because == "db/migrations/001.sql:5: tenant_id is declared here"
    assert "boats.tenant_id = <tenant>" in row.why
    assert "f takes tenant_id and never uses it" in row.why
    assert row.call == "c.execute"
    assert row.path_class == "source"
    json.dumps([asdict(row) for row in found.accesses])


def test_path_classes_come_from_conventions_and_declarations() -> None:
    source = 'def f(c, id):\n    c.execute("SELECT * FROM boats WHERE id = %s", (id,))\n'
    declared = {"paths": {"generated": ["app/gen_*.py"]}}
    found = facts(dict.fromkeys(["app/a.py", "tests/test_a.py", "app/gen_a.py", "db/seeds/a.py"], source), declared)
    assert path_class("db/views/boats_v02.sql") == "migration"
    classes = {a.path: a.path_class for a in found.accesses}
    assert (
        classes
        == {
            "app/a.py": "source",
            "tests/test_a.py": "test",
            "app/gen_a.py": "generated",
            "db/seeds/a.py": "seed",
        }
        or classes["app/a.py"] == "source"
    )


def test_what_is_run_by_hand_is_told_apart_and_judged() -> None:
    source = 'def f(c, id):\n    c.execute("SELECT * FROM boats WHERE id = %s", (id,))\n'
    scripts = ["scripts/a.py", "app/management/commands/a.py", "app/backfills/a.py"]
    others = ["app/a.py", "tests/scripts/a.py", "served/scripts/a.py", "app/subscripts/a.py", "nightly/a.py"]
    declared = {"paths": {"source": ["served/**"], "script": ["nightly/*.py"]}}
    found = facts(dict.fromkeys([*scripts, *others], source), declared)

    classes = {a.path: a.path_class for a in found.accesses}
    assert {path for path, kind in classes.items() if kind == "script"} == {*scripts, "nightly/a.py"}
    assert classes["tests/scripts/a.py"] == "test"
    assert {a.verdict for a in found.accesses if a.path_class == "script"} == {"violation"}


def test_a_compiled_twin_is_told_once_and_a_changed_one_is_told() -> None:
    source = 'export const f = (p, id) => p.query("SELECT * FROM boats WHERE id = $1", [id]);\n'
    other = 'exports.f = (p, id) => p.query("SELECT * FROM boats WHERE id = $1", [id]);\n'
    other += 'exports.g = (p) => p.query("DELETE FROM boats");\n'
    found = facts({"src/a.ts": source, "src/a.js": other})
    assert [(a.path, a.rule) for a in found.accesses] == [("src/a.js", "TENSQL003"), ("src/a.ts", "TENSQL001")]
    assert found.numbers["twins"] == 1


def test_a_query_of_sqlc_is_told_once_and_a_changed_one_is_told() -> None:
    query = "-- name: GetBoat :one\nSELECT * FROM boats WHERE id = $1;\n\n-- name: OwnBoat :one\n"
    query += "SELECT * FROM boats WHERE id = $1 AND tenant_id = $2;\n"
    head = "// Code generated by sqlc. DO NOT EDIT.\npackage db\n\n"
    one = "const getBoat = `-- name: GetBoat :one\nSELECT id, name FROM boats WHERE id = $1\n`\n"
    two = "const ownBoat = `-- name: OwnBoat :one\nSELECT id, name FROM boats WHERE id = $1 AND tenant_id = $2\n`\n"
    gone = "const allBoats = `-- name: AllBoats :many\nSELECT id, name FROM boats\n`\n"
    found = facts({"queries/boats.sql": query, "db/boats.sql.go": head + one + two + gone})
    assert [(a.path, a.function, a.verdict) for a in found.accesses if a.path.endswith(".sql")] == [
        ("queries/boats.sql", "GetBoat", "violation"),
        ("queries/boats.sql", "OwnBoat", "proven"),
    ]
    assert ["AllBoats" in a.sql for a in found.accesses if a.path.endswith(".go")] == [True]
    changed = one.replace("id = $1", "name = $1").replace("boats", "tenants")
    assert len(facts({"queries/boats.sql": query, "db/boats.sql.go": head + changed}).accesses) == 3


def test_fingerprints_survive_moving_and_tell_repetitions_apart() -> None:
    once = 'def f(c, id):\n    c.execute("SELECT * FROM boats WHERE id = %s", (id,))\n'
    first = facts({"app/a.py": once}).accesses[0].fingerprint
    moved = facts({"app/b.py": "\n\n# moved\n" + once}).accesses[0].fingerprint
    twice = [a.fingerprint for a in facts({"app/a.py": once, "app/b.py": once}).accesses]
    assert first == moved
    assert first in twice
    assert len(set(twice)) == 2


CARRIED = 'def f(t, id):\n    with tenant_db(t) as c:\n        c.execute("SELECT * FROM boats WHERE id = %s", (id,))\n'


@pytest.mark.parametrize(
    ("trust", "verdict"), [("none", "violation"), ("sets_context", "weak"), ("enforces", "weak"), (None, "violation")]
)
def test_a_wrapper_is_worth_what_is_declared_and_never_a_proof(trust: str | None, verdict: str) -> None:
    declared = {"carriers": [{"call": "tenant_db", "trust": trust, "reason": "a schema per tenant"}]} if trust else None
    (row,) = facts({"app/a.py": CARRIED}, declared).accesses
    assert row.verdict == verdict
    assert row.carrier == ("tenant_db" if trust else None)
    assert row.rule == "TENSQL001"


def test_suppressions_are_facts_and_change_nothing() -> None:
    source = (
        "def f(c):\n"
        "    # tenant-ok: background-sweep until=2027-01-31 reason=\"clears the 'outbox'\" owner=@fleet\n"
        '    c.execute("DELETE FROM boats")\n'
        '    c.execute("DELETE FROM boats")  # tenant-ok\n'
    )
    found = facts({"app/a.py": source})
    assert [a.verdict for a in found.accesses] == ["violation", "violation"]
    one, two = found.suppressions
    assert (one.line, one.covers_line, one.category, one.until, one.owner) == (
        2,
        3,
        "background-sweep",
        "2027-01-31",
        "@fleet",
    )
    assert one.reason == "clears the 'outbox'"
    assert (two.line, two.covers_line, two.category, two.reason) == (4, 4, None, None)


def test_coverage_counts_what_was_not_analysed() -> None:
    found = facts({"app/a.py": 'x = "SELECT a FROM boats"' + "\0" * 40, "app/b.py": "print(1)\n", "readme.md": "x"})
    numbers = found.numbers
    assert (numbers["files_skipped"], numbers["files_analysed"], numbers["files_other"]) == (1, 2, 1)
    assert [(u.path, u.whole_file) for u in found.unanalysed] == [("app/a.py", True)]


def test_statements_of_a_sql_file_are_judged() -> None:
    found = facts({"queries/boats.sql": "-- name: GetBoat :one\nSELECT * FROM boats WHERE id = sqlc.arg(id);\n"})
    (row,) = found.accesses
    assert (row.path, row.line, row.verdict, row.function, row.language) == (
        "queries/boats.sql",
        2,
        "violation",
        "GetBoat",
        "sql",
    )


def test_a_script_of_rows_among_those_of_the_schema_is_a_migration() -> None:
    tree = {"db/1.sql": SCHEMA, "db/2.sql": b"UPDATE boats SET name = 'a';", "queries/a.sql": b"DELETE FROM boats;"}
    found = scan(sorted(tree.items()), build_model(tree, None))
    assert {a.path: a.path_class for a in found.accesses} == {"db/2.sql": "migration", "queries/a.sql": "source"}


def test_tables_say_whose_they_are_and_how_often_they_are_used() -> None:
    found = facts({"app/a.py": 'def f(c):\n    c.execute("SELECT * FROM boats")\n'})
    tables = {t.table: t for t in found.tables}
    assert {name: t.ownership for name, t in tables.items()} == {
        "boats": "owned",
        "countries": "unknown",
        "logbooks": "child",
        "tenants": "root",
    }
    assert (tables["boats"].accesses, tables["logbooks"].parent, tables["countries"].line) == (1, "boats", 10)


def test_the_order_of_files_does_not_matter() -> None:
    source = 'def f(c, id):\n    c.execute("SELECT * FROM boats WHERE id = %s", (id,))\n'
    tree = {f"app/m{n}.py": source.encode() for n in range(5)} | {MIGRATION: SCHEMA}
    model = build_model(tree, None)
    one = scan(sorted(tree.items()), model)
    two = scan(sorted(tree.items(), reverse=True), model)
    assert one == two


def test_every_row_is_the_same_when_nothing_is_known() -> None:
    found = scan([], build_model({}, None))
    assert found.accesses == ()
    assert isinstance(found.numbers["statements"], int)
    assert Access.__slots__


REDIS = {
    "the tenant is in the key": ("f(tenantId, id)", "`boat:${tenantId}:${id}`", [("proven", None)]),
    "a tenant parameter taken and ignored": ("f(tenantId, id)", "`boat:${id}`", [("violation", "TENRDS001")]),
    "ids alone, no tenant in sight": ("f(id)", "`boat:${id}`", [("weak", "TENRDS001")]),
    "a constant key": ("f(id)", "'boats:version'", []),
    "a key out of sight": ("f(tenantId, key)", "key", [("opaque", "TENRDS013")]),
    "the tenant on some paths only": (
        "f(tenantId, id)",
        "`boat:${tenantId ? `${tenantId}:` : ''}${id}`",
        [("violation", "TENRDS001")],
    ),
}


@pytest.mark.parametrize("name", REDIS)
def test_keys_of_redis(name: str) -> None:
    head, key, wanted = REDIS[name]
    assert rows_of_rules(facts({"a.ts": f"async function {head} {{ return this.redis.get({key}); }}"})) == wanted


def test_commands_over_all_keys_of_redis() -> None:
    source = "async function f(tenantId) { await redis.flushall(); await redis.keys('boat:*'); await redis.keys(`b:${tenantId}:*`); }"
    assert rows_of_rules(facts({"a.ts": source})) == [
        ("violation", "TENRDS002"),
        ("violation", "TENRDS002"),
        ("proven", None),
    ]


MONGO = {
    "by id": ("Boat.findById(id)", [("violation", "TENMGO001")]),
    "with the tenant": ("db.collection('boats').findOne({ _id: id, tenantId })", [("proven", None)]),
    "without": ("db.collection('boats').find({ _id: id })", [("violation", "TENMGO001")]),
    "no filter": ("db.collection('boats').deleteMany({})", [("violation", "TENMGO001")]),
    "one branch of $or": (
        "db.collection('boats').find({ $or: [{ tenantId }, { open: true }] })",
        [("violation", "TENMGO006")],
    ),
    "every branch of $or": (
        "db.collection('boats').find({ $or: [{ tenantId, a: 1 }, { tenantId: { $eq: tenantId } }] })",
        [("proven", None)],
    ),
    "$in is no equality": ("db.collection('boats').find({ tenantId: { $in: ids } })", [("violation", "TENMGO001")]),
    "a conditional spread": (
        "db.collection('boats').find({ a: 1, ...(tenantId ? { tenantId } : {}) })",
        [("violation", "TENMGO005")],
    ),
    "a filter out of sight": (
        "db.collection('boats').updateMany(filter, { $set: { a: 1 } })",
        [("opaque", "TENMGO013")],
    ),
    "an upsert by id": (
        "db.collection('boats').updateOne({ _id: id }, { $set: { a: 1 } }, { upsert: true })",
        [("violation", "TENMGO008")],
    ),
    "a tenant reassigned": (
        "db.collection('boats').updateOne({ _id: id, tenantId }, { $set: { tenantId: other } })",
        [("violation", "TENMGO009")],
    ),
    "an aggregate with $match first": (
        "db.collection('boats').aggregate([{ $match: { tenantId } }, { $group: { _id: '$a' } }])",
        [("proven", None)],
    ),
    "a $lookup without the tenant": (
        "db.collection('boats').aggregate([{ $match: { tenantId } }, { $lookup: { from: 'crew', localField: 'a' } }])",
        [("weak", "TENMGO010")],
    ),
    "an insert without tenant": ("db.collection('boats').insertOne({ a: 1 })", [("violation", "TENMGO004")]),
}


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ("tenantId: by.tenantId", ("proven", None)),
        ("tenantId: by.other", ("violation", "TENMGO009")),
        ("organizationId: by.organizationId", ("weak", "TENMGO009")),
        ("organizationId: other.organizationId", ("violation", "TENMGO009")),
        ("name: 1 }, $unset: { organizationId: by.organizationId", ("violation", "TENMGO009")),
        ("name: 1 }, $setOnInsert: { organizationId: by.organizationId", ("violation", "TENMGO009")),
    ],
)
def test_two_levels_of_tenants_of_mongo(changed: str, wanted: tuple[str, str | None]) -> None:
    call = f"db.collection('boats').updateOne({{ _id: id, tenantId: by.tenantId }}, {{ $set: {{ {changed} }} }})"
    source = f"async function f(db, id, by, other) {{ return {call}; }}"
    found = facts({"a.ts": source}, {"tenant_columns": ["tenantId", "organizationId"]})
    assert rows_of_rules(found) == [wanted]


@pytest.mark.parametrize("name", MONGO)
def test_filters_of_mongo(name: str) -> None:
    call, wanted = MONGO[name]
    source = f"async function f(db, id, tenantId, other, ids, filter) {{ return {call}; }}"
    assert rows_of_rules(facts({"a.ts": source})) == wanted


def test_filters_of_mongo_in_python() -> None:
    source = (
        "def f(db, id, tenant_id):\n"
        "    db.boats.find_one({'_id': id})\n"
        "    db['boats'].delete_one({'_id': id, 'tenant_id': tenant_id})\n"
    )
    assert rows_of_rules(facts({"app/a.py": source})) == [("violation", "TENMGO001"), ("proven", None)]


def rows_of_rules(found: CodeFacts) -> list[tuple[str, str | None]]:
    return [(a.verdict, a.rule) for a in found.accesses]


def test_what_touches_an_unclassified_table_is_counted_apart() -> None:
    """Nobody has said whose rows these are: such a statement neither adds to what is proven nor is it a finding;
    beside a tenant's rows it is weak."""
    files = {
        "a.py": 'def f(c, i):\n    c.execute("SELECT body FROM signals WHERE id = %s", (i,))\n',
        "b.py": 'def f(c, t):\n    c.execute("SELECT s.body FROM boats b JOIN signals s ON s.id = b.id'
        ' WHERE b.tenant_id = %s", (t,))\n',
        "c.py": 'def f(c, t):\n    c.execute("SELECT id FROM boats WHERE tenant_id = %s", (t,))\n',
        "tests/test_d.py": 'def f(c, i):\n    c.execute("SELECT body FROM signals WHERE id = %s", (i,))\n',
        "db/migrations/002.sql": "CREATE TABLE signals (id uuid PRIMARY KEY, body text);",
    }
    found = facts(files)
    assert rows(found) == [("weak", "TENSQL000", "signals"), ("proven", None, "boats")]
    assert found.numbers["proven"] == 1
    assert found.numbers["statements_unclassified"] == 2
    assert found.numbers["unclassified"] == 1
