"""What the schema says matters: levels of tenants, keys that carry the tenant, nullable keys, views, functions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lints.proof import Proof, prove
from lints.schema import build_model
from lints.tenancy import Column, Function, Model, Ownership, Table, View

from .harbour import MODEL, ORIGIN, fk, table

OWNED, CHILD, ROOT = Ownership.OWNED, Ownership.CHILD, Ownership.ROOT

LEVELS = Model(
    tables={
        t.name: t
        for t in (
            table("orgs", ROOT, "id slug:text", tenant="id"),
            table("projects", OWNED, "id org_id name:text", tenant="org_id", keys=(fk("org_id", "orgs"),)),
            table(
                "tasks",
                OWNED,
                "id project_id org_id title:text",
                tenant="project_id",
                keys=(fk("project_id", "projects"),),
            ),
            table("members", OWNED, "id org_id email:text", tenant="org_id", keys=(fk("org_id", "orgs"),)),
        )
    },
    tenant_columns=("org_id", "project_id"),
)


def one(sql: str, model: Model, dialect: str = "postgres") -> Proof:
    (proof,) = prove(sql, model, dialect=dialect)
    return proof


@pytest.mark.parametrize(
    ("sql", "verdict", "rule"),
    [
        ("SELECT * FROM projects WHERE id = $1", "proven", None),
        ("SELECT * FROM projects WHERE org_id = $1", "proven", None),
        ("SELECT * FROM projects WHERE name = $1", "violation", "TENSQL001"),
        ("SELECT * FROM projects p JOIN members m ON m.org_id = p.org_id WHERE p.id = $1", "proven", None),
        ("SELECT * FROM tasks t JOIN projects p ON p.id = t.project_id WHERE p.org_id = $1", "weak", "TENSQL021"),
        ("SELECT * FROM tasks WHERE org_id = $1", "violation", "TENSQL021"),
        ("SELECT * FROM tasks t JOIN members m ON m.org_id = t.org_id WHERE t.project_id = $1", "weak", "TENSQL011"),
        ("SELECT * FROM tasks t, members m WHERE t.project_id = $1 AND m.org_id = $2", "proven", None),
        ("SELECT * FROM members a, members b WHERE a.org_id = $1 AND b.org_id = $2", "weak", "TENSQL020"),
        (
            "INSERT INTO tasks (id, project_id, org_id) SELECT $2, id, org_id FROM projects WHERE id = $1",
            "proven",
            None,
        ),
        ("INSERT INTO members (id, org_id) SELECT $2, org_id FROM projects WHERE id = $1", "proven", None),
        ("INSERT INTO members (id, org_id) SELECT $2, org_id FROM projects WHERE name = $1", "violation", "TENSQL004"),
    ],
)
def test_levels(sql: str, verdict: str, rule: str | None) -> None:
    proof = one(sql, LEVELS)
    assert proof.verdict.value == verdict, proof.steps
    assert rule is None or rule in proof.rules, proof.steps


def _with(changed: Table) -> Model:
    return replace(MODEL, tables={**MODEL.tables, changed.name: changed})


def test_a_composite_key_over_a_nullable_tenant_proves_nothing() -> None:
    repairs = MODEL.tables["repairs"]
    loose = replace(repairs, columns={**repairs.columns, "harbour_id": Column(name="harbour_id", type="uuid")})
    sql = "SELECT * FROM boats b JOIN repairs r ON r.boat_id = b.id WHERE b.harbour_id = $1"
    assert one(sql, MODEL).verdict == "proven"
    assert one(sql, _with(loose)).verdict == "weak"


def test_a_composite_key_whose_rest_is_not_unique_proves_nothing() -> None:
    boats = MODEL.tables["boats"]
    shared_ids = replace(boats, primary_key=("harbour_id", "id"), unique=(("harbour_id", "id"),))
    sql = "SELECT * FROM boats b JOIN repairs r ON r.boat_id = b.id WHERE b.harbour_id = $1"
    assert one(sql, _with(shared_ids)).verdict == "violation"


def test_clickhouse_enforces_no_key() -> None:
    sql = "SELECT * FROM boats b JOIN repairs r ON r.boat_id = b.id WHERE b.harbour_id = {h:UUID}"
    assert one(sql, MODEL, "clickhouse").verdict == "weak"


def test_a_cast_that_rounds_is_no_key() -> None:
    amounts = table("amounts", OWNED, "id harbour_id value:numeric", tenant="harbour_id", unique=("value",))
    sql = "SELECT * FROM amounts a JOIN amounts b ON a.value{0} = b.value{0} WHERE a.harbour_id = $1"
    assert one(sql.format(""), _with(amounts)).verdict == "proven"
    assert one(sql.format("::int"), _with(amounts)).verdict == "violation"


def test_a_view_gives_its_columns_their_names() -> None:
    sql = "CREATE VIEW swapped (harbour_id, id) AS SELECT id, harbour_id FROM boats"
    model = replace(MODEL, views={"swapped": View(name="swapped", sql=sql, origin=ORIGIN)})
    assert one("SELECT * FROM swapped WHERE harbour_id = $1", model).verdict == "violation"
    assert one("SELECT * FROM swapped WHERE id = $1", model).verdict == "proven"


def test_a_view_that_does_not_parse_is_opaque() -> None:
    model = replace(MODEL, views={"odd": View(name="odd", sql="SELECT FROM WHERE", origin=ORIGIN)})
    proof = one("SELECT * FROM odd WHERE harbour_id = $1", model)
    assert (proof.verdict, proof.rules) == ("opaque", ("TENSQL013",))


def test_views_upon_views() -> None:
    views = {n: View(name=n, sql=f"SELECT * FROM {of}", origin=ORIGIN) for n, of in (("v1", "boats"), ("v2", "v1"))}
    model = replace(MODEL, views=views)
    assert one("SELECT * FROM v2 WHERE harbour_id = $1", model).verdict == "proven"
    proof = one("SELECT * FROM v2", model)
    assert (proof.verdict, proof.references[0].table, proof.references[0].start) == ("violation", "boats", None)


def test_a_function_is_judged_by_the_argument_that_was_declared() -> None:
    second = Function(name="boats_of", tenant_argument=1, origin=ORIGIN)
    model = replace(MODEL, functions={"boats_of": second})
    assert one("SELECT * FROM boats_of(b.id, $1)", model).verdict == "proven"
    assert one("SELECT f.* FROM countries c, boats_of($1, c.id) f", model).verdict == "violation"
    assert one("SELECT * FROM boats_of($1)", model).verdict == "violation"


def test_a_model_that_lists_no_columns_is_enough_for_its_tenant_columns() -> None:
    bare = {n: replace(t, columns={}) for n, t in MODEL.tables.items()}
    model = replace(MODEL, tables=bare)
    assert one("SELECT * FROM boats WHERE harbour_id = $1", model).verdict == "proven"
    assert one("SELECT * FROM boats WHERE kind = $1", model).verdict == "violation"
    assert one("SELECT * FROM (SELECT * FROM boats) b WHERE b.harbour_id = $1", model).verdict == "proven"
    assert one("INSERT INTO boats (id, harbour_id) VALUES ($1, $2)", model).verdict == "proven"
    assert one("INSERT INTO boats VALUES ($1, $2)", model).verdict in ("opaque", "violation")
    inner = "SELECT * FROM boats b WHERE b.harbour_id = $1 AND EXISTS (SELECT 1 FROM sailors WHERE harbour_id = $1)"
    assert one(inner, model).verdict == "proven"


def test_schemas_tell_tables_apart() -> None:
    app = replace(MODEL.tables["boats"], schema="app")
    model = replace(MODEL, tables={"boats": app})
    assert one("SELECT * FROM app.boats WHERE harbour_id = $1", model).verdict == "proven"
    assert one("SELECT * FROM boats WHERE harbour_id = $1", model).verdict == "proven"
    assert one("SELECT * FROM other.boats WHERE id = $1", model).verdict == "opaque"
    keyed = replace(
        MODEL,
        tables={"app.boats": app, "other.boats": replace(MODEL.tables["countries"], name="boats", schema="other")},
    )
    assert one("SELECT * FROM app.boats WHERE id = $1", keyed).verdict == "violation"
    assert one("SELECT * FROM other.boats WHERE id = $1", keyed).verdict == "proven"


def test_camel_case_models_in_dialects_that_fold_otherwise() -> None:
    assert one("SELECT * FROM auditlog WHERE HARBOURID = ?", MODEL, "mysql").verdict == "proven"
    assert one("SELECT * FROM AuditLog WHERE harbourId = {h:UUID}", MODEL, "clickhouse").verdict == "proven"
    assert one('SELECT * FROM "AuditLog" WHERE harbourId = $1', MODEL).verdict == "violation"


def test_a_proof_explains_itself() -> None:
    sql = "SELECT s.name FROM boats b\nJOIN sailors s ON s.id = b.owner_id AND s.harbour_id = b.harbour_id\nWHERE b.harbour_id = $1"
    proof = one(sql, MODEL)
    boats, sailors = proof.references
    assert (proof.operation, proof.tables) == ("select", ("boats", "sailors"))
    assert (sql[boats.start : boats.end], sql[sailors.start : sailors.end]) == ("boats", "sailors")
    assert boats.proven_by == "b.harbour_id = $1 (WHERE)"
    assert sailors.proven_by == "s.harbour_id = b.harbour_id (ON), b.harbour_id = $1 (WHERE)"
    assert "select sailors (s): proven" in proof.steps[1]
    opened = one("SELECT * FROM boats b LEFT JOIN berths p ON p.id = b.berth_id AND b.harbour_id = $1", MODEL)
    assert opened.references[0].why_not is not None
    assert "ON of an outer join" in opened.references[0].why_not


def test_offsets_lead_through_rewritten_placeholders_and_statements() -> None:
    sql = "SELECT %(a_long_name)s, $9 FROM countries ; \n SELECT * FROM boats WHERE id = %s"
    first, second = prove(sql, MODEL)
    assert sql[first.start : first.end] == "SELECT %(a_long_name)s, $9 FROM countries"
    assert sql[second.start : second.end] == "SELECT * FROM boats WHERE id = %s"
    reference = second.references[0]
    assert sql[reference.start : reference.end] == "boats"
    quoted = 'SELECT * FROM "boats" WHERE id = ?'
    found = one(quoted, MODEL).references[0]
    assert quoted[found.start : found.end] == '"boats"'
    replaced = "REPLACE INTO boats (id, harbour_id) VALUES (?, ?)"
    target = one(replaced, MODEL, "mysql").references[0]
    assert replaced[target.start : target.end] == "boats"


def test_a_fingerprint_survives_spelling_only() -> None:
    base = one("SELECT * FROM boats WHERE id = $1 AND name = 'A'", MODEL).fingerprint
    assert one("select *\n from BOATS where ID = $1 /* x */ and name = 'A'", MODEL).fingerprint == base
    assert one("SELECT * FROM boats WHERE id = $1 AND name = 'a'", MODEL).fingerprint != base
    assert one("SELECT * FROM boats WHERE id = $2 AND name = 'A'", MODEL).fingerprint == base
    assert one("SELECT * FROM boats WHERE id = $1", MODEL).fingerprint != base
    assert (
        one("SELECT * FROM boats WHERE id = $1 AND id = $2", MODEL).fingerprint
        != one("SELECT * FROM boats WHERE id = $1 AND id = $1", MODEL).fingerprint
    )


def test_keywords_may_name_placeholders() -> None:
    for name in (":values", "%(from)s", "@select", ":end", ":order"):
        assert one(f"SELECT * FROM boats WHERE harbour_id = {name} AND id = {name}", MODEL).verdict == "proven"


def test_a_model_that_knows_no_tenant_proves_nothing() -> None:
    """That a table names no tenant says something only where tables do."""
    nobody = Model(tables={"notes": table("notes", Ownership.UNKNOWN, "id account_id title:text")})
    for sql in ("SELECT * FROM notes WHERE id = $1", "DELETE FROM notes"):
        proof = one(sql, nobody)
        assert (proof.verdict, proof.rules) == ("opaque", ("TENSQL000",))
    known = replace(nobody, tables={**nobody.tables, **LEVELS.tables}, tenant_columns=LEVELS.tenant_columns)
    assert one("SELECT * FROM notes WHERE id = $1", known).verdict == "weak"


@pytest.mark.parametrize(
    ("sql", "verdict"),
    [
        ("SELECT * FROM orgs WHERE slug = $1", "proven"),
        ("SELECT * FROM orgs WHERE slug = ANY ($1)", "proven"),
        ("SELECT * FROM orgs WHERE slug = 'acme'", "weak"),
        ("SELECT * FROM orgs WHERE slug IS NULL", "violation"),
        ("SELECT * FROM orgs WHERE lower(slug) = $1", "violation"),
        ("SELECT * FROM orgs WHERE slug <> $1", "violation"),
        ("SELECT * FROM orgs WHERE slug = $1 OR plan = $2", "violation"),
        ("SELECT * FROM orgs WHERE region = $1 AND external_id = $2", "proven"),
        ("SELECT * FROM orgs WHERE external_id = $2", "violation"),
        ("SELECT m.* FROM members m JOIN orgs o ON o.id = m.org_id WHERE o.slug = $1", "proven"),
        ("SELECT m.* FROM members m LEFT JOIN orgs o ON o.id = m.org_id AND o.slug = $1", "violation"),
        ("DELETE FROM members USING orgs o WHERE o.id = members.org_id AND o.slug = $1", "proven"),
        ("INSERT INTO orgs (id, slug) VALUES ($1, $2) ON CONFLICT (slug) DO UPDATE SET plan = 'x'", "violation"),
    ],
)
def test_what_is_unique_among_tenants_names_one(sql: str, verdict: str) -> None:
    orgs = table(
        "orgs",
        ROOT,
        "id slug:text plan:text region:text external_id:text?",
        tenant="id",
        unique=("slug", "region external_id"),
    )
    proof = one(sql, replace(LEVELS, tables={**LEVELS.tables, "orgs": orgs}))
    assert proof.verdict == verdict, proof.steps
    if verdict == "proven":
        assert any("names one tenant" in text for text in proof.assumptions)


@pytest.mark.parametrize(
    ("sql", "assumption"),
    [
        ("SELECT * FROM members WHERE org_id = :h0 AND __hole_1__", "__hole_1__ holds no top-level OR"),
        ("SELECT * FROM members WHERE org_id = :h0 AND NOT __hole_1__", "__hole_1__ holds no top-level OR"),
        ("SELECT * FROM members WHERE org_id = :h0 AND email = '__hole_1__'", "__hole_1__ is one value"),
        ("SELECT * FROM members WHERE org_id = :h0 __hole_1__", "__hole_1__ adds no relation and no alternative"),
        ("UPDATE members SET __hole_0__ WHERE org_id = :h1", "does not assign org_id"),
        ("UPDATE members SET email = __hole_0__ WHERE org_id = :h1", "__hole_0__ is one value"),
    ],
)
def test_what_interpolated_text_is_taken_to_be_is_said(sql: str, assumption: str) -> None:
    proof = one(sql, LEVELS)
    assert (proof.verdict, proof.rules) == ("weak", ("TENSQL013",))
    assert any(assumption in text for text in proof.assumptions), proof.assumptions
    assert one(sql.replace("org_id = ", "name = "), LEVELS).verdict not in ("proven", "weak")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM members WHERE org_id = :h0 AND (__hole_1__)",
        "SELECT * FROM (SELECT * FROM members WHERE org_id = :h0) m WHERE m.email <> '' AND (__hole_1__)",
        "SELECT * FROM (SELECT * FROM members WHERE org_id = :h0) m WHERE m.email <> '' AND __hole_1__",
        "SELECT __hole_0__ FROM members WHERE org_id = :h1 ORDER BY __hole_2__ LIMIT __hole_3__",
    ],
)
def test_text_that_can_not_undo_the_predicate_leaves_it_proven(sql: str) -> None:
    assert one(sql, LEVELS).verdict == "proven"


@pytest.mark.parametrize("ownership", [None, "child"])
@pytest.mark.parametrize(
    ("sql", "verdict"),
    [
        ("SELECT text FROM logs WHERE owner_org = $1", "proven"),
        ("SELECT text FROM logs WHERE id = $1", "violation"),
        ("INSERT INTO logs (id, owner_org, boat_id) VALUES ($1, $2, $3)", "proven"),
        ("INSERT INTO logs (id, boat_id) VALUES ($1, $2)", "violation"),
        ("UPDATE logs SET boat_id = $3 WHERE owner_org = $1 AND id = $2", "proven"),
        ("UPDATE logs SET owner_org = $1 WHERE id = $2", "violation"),
        ("DELETE FROM logs WHERE boat_id = $1", "violation"),
        ("SELECT l.text FROM logs l JOIN boats b ON b.tenant_id = l.owner_org AND b.id = l.boat_id WHERE b.tenant_id = $1", "proven"),
    ],
)  # fmt: skip
def test_a_child_whose_foreign_key_carries_the_tenant_has_a_column_of_its_own(
    ownership: str | None, sql: str, verdict: str
) -> None:
    schema = b"""
    CREATE TABLE tenants (id int PRIMARY KEY);
    CREATE TABLE boats (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants (id), UNIQUE (tenant_id, id));
    CREATE TABLE logs (id int PRIMARY KEY, owner_org int NOT NULL, boat_id int NOT NULL, text text,
      FOREIGN KEY (owner_org, boat_id) REFERENCES boats (tenant_id, id));
    """
    declared = {"tables": {"logs": {"ownership": ownership}}} if ownership is not None else None
    proof = prove(sql, build_model({"migrations/1.sql": schema}, declared))[0]

    assert proof.verdict == verdict, proof.steps
    assert not any("None" in step for step in proof.steps)


def test_rows_of_a_child_belong_to_a_row_of_its_parent_and_not_to_nobody() -> None:
    schema = b"""
    CREATE TABLE tenants (id int PRIMARY KEY);
    CREATE TABLE boats (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants (id));
    CREATE TABLE logs (id int PRIMARY KEY, tenant_id int, boat_id int NOT NULL REFERENCES boats (id));
    """
    model = build_model({"migrations/1.sql": schema}, {"tables": {"logs": {"ownership": "child"}}})
    proof = prove("SELECT * FROM logs WHERE tenant_id = $1", model)[0]

    assert proof.verdict == "violation"
    assert [r.why_not for r in proof.references] == [
        "tenant_id is a caller's value, but rows of logs belong to a row of boats"
    ]


PAID = Model(
    tables={
        t.name: t
        for t in (
            table("accounts", Ownership.UNKNOWN, "id"),
            table(
                "orgs", ROOT, "id account_id slug:text", tenant="id", keys=(fk("account_id", "accounts"),),
                unique=("account_id", "slug"),
            ),
            table("teams", OWNED, "id org_id", tenant="org_id", keys=(fk("org_id", "orgs"),)),
            table("tasks", OWNED, "id team_id", tenant="team_id", keys=(fk("team_id", "teams"),)),
        )
    },
    tenant_columns=("org_id", "team_id"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "verdict", "rule"),
    [
        ("SELECT * FROM orgs WHERE id = $1", "proven", None),
        ("SELECT * FROM orgs WHERE id IN ($1)", "proven", None),
        ("SELECT * FROM orgs WHERE slug = $1", "proven", None),
        ("SELECT * FROM orgs WHERE account_id = $1", "weak", "TENSQL022"),
        ("SELECT * FROM orgs WHERE id IN (:ids)", "weak", "TENSQL020"),
        ("SELECT * FROM orgs WHERE id = ANY(:ids)", "weak", "TENSQL020"),
        ("SELECT * FROM orgs WHERE id IN ($1, $2)", "weak", "TENSQL020"),
        ("UPDATE orgs SET slug = $2 WHERE id = ANY($1)", "weak", "TENSQL020"),
        ("SELECT * FROM orgs WHERE id = ANY($2) AND id = $1", "proven", None),
        ("SELECT o.* FROM orgs o JOIN unnest($1::bigint[]) u(id) ON u.id = o.id", "weak", "TENSQL020"),
        ("SELECT * FROM teams WHERE id IN (:ids)", "weak", "TENSQL020"),
        ("SELECT * FROM tasks WHERE team_id = ANY($1)", "proven", None),
        (
            "SELECT * FROM orgs o JOIN teams t ON t.id IN (:ids) JOIN tasks k ON k.team_id IN (:ids) WHERE o.id = $1",
            "weak",
            "TENSQL020",
        ),
    ],
)
def test_tenants_by_a_list_or_by_another_rows_key(sql: str, verdict: str, rule: str | None) -> None:
    proof = one(sql, PAID)
    assert (proof.verdict.value, rule is None or rule in proof.rules) == (verdict, True), proof.steps


def test_two_values_of_one_list_are_not_equal() -> None:
    sql = "SELECT b.* FROM boats b, boats c WHERE c.harbour_id = :h AND c.id IN ({0}) AND b.id IN ({0})"
    assert one(sql.format(":ids"), MODEL).verdict == "violation"
    assert one(sql.format("$1"), MODEL).verdict == "proven"
