"""The TENDDL controls say what the schema's lint finds: one control a rule, true illustrations, and a run from the
migrations to the decision."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from gate import policy
from gate.collect import Context
from gate.collect.schema_findings import collect
from gate.model import Evidence, GateError, Subject
from gate.reading import Schema
from gate.report.redact import redact
from gate.tree import WorkTree
from gate.trial import failures
from lints.ddl import RULES, judge_schema
from lints.schema import build_model

CONTROLS = sorted((policy.rules_root() / "tenancy" / "controls").glob("TENDDL*.yaml"))
ROOT = """CREATE TABLE tenants (id uuid PRIMARY KEY);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY self ON tenants USING (id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
"""
GATE = 'version: 1\npolicy_version: "1"\nproject: t\npacks: [governance, tenancy]\ntenancy: tenancy.yaml\n'


def rules_found(script: str, *, with_root: bool) -> set[str]:
    text = (ROOT if with_root else "CREATE TABLE tenants (id uuid PRIMARY KEY);\n") + script
    model = build_model({"migrations/0001.sql": text.encode()}, None)
    assert not model.unread
    return {finding.rule for finding in judge_schema(model).findings}


def test_every_rule_has_a_control_and_every_control_a_rule() -> None:
    assert {path.stem for path in CONTROLS} == set(RULES)


@pytest.mark.parametrize("path", CONTROLS, ids=lambda path: path.stem)
def test_an_illustration_is_what_the_lint_says_of_it(path: Path) -> None:
    document = yaml.safe_load(path.read_text("utf-8"))
    for shown in document["illustrations"]:
        guarded = "ROW LEVEL SECURITY" in shown["good"]

        assert document["id"] in rules_found(shown["bad"], with_root=guarded)
        assert rules_found(shown["good"], with_root=guarded) == set()
        model = build_model({"migrations/0001.sql": (ROOT + shown["bad"]).encode()}, None)
        for finding in judge_schema(model).findings:
            assert redact(f"{finding.why}. Repair: {finding.fix}") == f"{finding.why}. Repair: {finding.fix}"


def test_examples_come_out_as_they_say(tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text('version: 1\npolicy_version: "1"\nproject: t\npacks: [tenancy]\n', "utf-8")
    loaded = policy.load(WorkTree(tmp_path))

    assert failures([c for c in loaded.controls if c.id.startswith("TENDDL")], loaded.kinds) == []


def collected(root: Path, script: str, declared: str = "version: 1\n") -> Evidence:
    (root / "migrations").mkdir(exist_ok=True)
    (root / "migrations" / "0001.sql").write_text(script, "utf-8")
    (root / "gate.yaml").write_text(GATE, "utf-8")
    (root / "tenancy.yaml").write_text(declared, "utf-8")
    now = datetime(2026, 11, 22, tzinfo=UTC)
    tree = WorkTree(root)
    context = Context(
        tree=tree, root=root, policy=policy.load(tree), as_of=now, now=now, trust=None,  # type: ignore[arg-type]
        subject=Subject(project="t", commit=None),
    )  # fmt: skip
    return next(iter(collect(context)))


def test_findings_are_evidence_with_their_line(tmp_path: Path) -> None:
    script = ROOT + "CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL,\n  secret text UNIQUE);\n"
    evidence = collected(tmp_path, script)
    by_rule = {row["rule"]: row for row in evidence.rows}

    assert set(by_rule) == {"TENDDL001", "TENDDL011"}
    row = by_rule["TENDDL001"]
    assert (row["path"], row["line"], row["subject"]) == ("migrations/0001.sql", 5, "boats")
    assert row["snippet"].startswith("CREATE TABLE boats")
    assert row["owned_because"] == "migrations/0001.sql:5: tenant_id is declared here"
    assert evidence.coverage.numbers["policies_confining"] == 1
    assert [m.name for m in evidence.materials] == ["migrations/0001.sql"]


def test_a_fingerprint_survives_lines_and_wording(tmp_path: Path) -> None:
    script = "CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid);\n"
    before = {row["rule"]: row["fingerprint"] for row in collected(tmp_path, script).rows}
    after = {row["rule"]: row["fingerprint"] for row in collected(tmp_path, f"-- a comment\n\n{script}").rows}

    assert before == after
    assert set(before) == {"TENDDL010", "TENDDL011"}


def test_what_cannot_be_read_is_unread(tmp_path: Path) -> None:
    script = ROOT + "DO $$ BEGIN EXECUTE (SELECT 'ALTER TABLE boats ENABLE ROW LEVEL SECURITY'); END $$;\n"
    unread = collected(tmp_path, script).coverage.unread

    assert [(u.path, u.line) for u in unread] == [("migrations/0001.sql", 5)]
    assert "at run time" in unread[0].reason


def test_names_of_any_length_are_told(tmp_path: Path) -> None:
    name = "b" * 100_000
    parts = "".join(f"CREATE TABLE e{n} PARTITION OF events FOR VALUES IN ({n});\n" for n in range(2_000))
    script = (
        ROOT + f"CREATE TABLE {name} (id uuid PRIMARY KEY, tenant_id uuid);\n"
        "CREATE TABLE events (tenant_id uuid NOT NULL, id int, PRIMARY KEY (tenant_id, id)) PARTITION BY LIST (id);\n"
        "ALTER TABLE events ENABLE ROW LEVEL SECURITY;\n" + parts
    )
    evidence = collected(tmp_path, script)
    kind = policy.load(WorkTree(tmp_path)).kinds["schema_finding"]

    assert {row["rule"] for row in evidence.rows} >= {"TENDDL001", "TENDDL002", "TENDDL003", "TENDDL010"}
    for row in evidence.rows:
        assert Schema(kind.schema, "schema_finding").is_valid(row), row["rule"]


def test_declarations_have_lines(tmp_path: Path) -> None:
    declared = "version: 1\ntables:\n  boats:\n    ownership: owned\n    column: fleet_id\n"
    evidence = collected(tmp_path, "CREATE TABLE boats (id uuid PRIMARY KEY, fleet_id uuid);\n", declared)

    assert {row["owned_because"] for row in evidence.rows} == {"tenancy.yaml:3: declared owned"}


def test_everything_that_the_lint_reads_may_be_declared(tmp_path: Path) -> None:
    declared = (
        "version: 1\ndialect: postgres\ntenant_columns: [tenant_id]\nsettings: [app.tenant_id]\n"
        "isolation: {by: row_security, roles: [app]}\nglobals: {countries: 'ISO 3166'}\n"
        "tables: {prices: {ownership: shared_null, column: tenant_id, reason: 'list prices'}}\n"
        "functions: {reserve: {tenant_argument: 0, reason: 'checks it itself'}}\n"
        "carriers: [{call: withTenant, trust: sets_context, reason: 'SET LOCAL'}]\n"
        "graph: {properties: [tenantId], globals: {Country: 'ISO 3166'}}\npaths: {test: ['**/*.spec.ts']}\n"
    )

    assert collected(tmp_path, ROOT, declared).coverage.unread == ()


@pytest.mark.parametrize(
    ("isolation", "said"),
    [
        ("{by: magic}", "'magic' is not one of row_security, statements"),
        ("{by: statements}", "isolation: reason"),
        ("{by: row_security, roles: web}", "a list of texts is wanted"),
        ("row_security", "a mapping is wanted"),
    ],
)
def test_isolation_that_can_t_be_meant_is_refused_in_one_line(tmp_path: Path, isolation: str, said: str) -> None:
    with pytest.raises(GateError) as refused:
        collected(tmp_path, ROOT, f"version: 1\nisolation: {isolation}\n")

    assert "\n" not in str(refused.value)
    assert "tenancy.yaml" in str(refused.value)
