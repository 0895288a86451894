"""The tenancy controls say what the lint finds: one control a rule, and illustrations that are really so."""

from __future__ import annotations

from functools import cache

import pytest

from gate import policy
from gate.model import Policy
from gate.tree import WorkTree
from lints.proof import RULES, prove
from lints.schema import build_model
from lints.tenancy import Model

SCHEMA = b"""
CREATE TABLE tenants (id text PRIMARY KEY);
CREATE TABLE boats (
  id text NOT NULL UNIQUE, tenant_id text NOT NULL REFERENCES tenants (id), name text, harbour text, public boolean,
  PRIMARY KEY (tenant_id, id));
CREATE TABLE budgets (id text NOT NULL, tenant_id text NOT NULL REFERENCES tenants (id), spent int, PRIMARY KEY (tenant_id, id));
CREATE TABLE berths (id text NOT NULL, tenant_id text NOT NULL REFERENCES tenants (id), boat_id text, PRIMARY KEY (tenant_id, id));
CREATE TABLE logbooks (id text PRIMARY KEY, boat_id text NOT NULL REFERENCES boats (id), tenant_id text);
CREATE TABLE pages (id text PRIMARY KEY, boat_id text NOT NULL REFERENCES boats (id));
CREATE TABLE prices (id text PRIMARY KEY, tenant_id text REFERENCES tenants (id), amount int);
CREATE TABLE memberships (id text PRIMARY KEY, user_id text NOT NULL, tenant_id text NOT NULL REFERENCES tenants (id));
"""
DECLARED = {"tables": {"memberships": {"principal": ["user_id"], "reason": "a membership belongs to its user"}},
            "settings": ["app.tenant_id"]}  # fmt: skip
# Rules that need more than one statement's text (data flow, several tenant levels, the schema's policies).
ELSEWHERE = {"TENSQL000", "TENSQL016", "TENSQL021", "TENDDL004", "TENDDL005", "TENDDL006"}


@cache
def model() -> Model:
    return build_model({"migrations/0001.sql": SCHEMA}, DECLARED)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    root = tmp_path_factory.mktemp("tenancy")
    (root / "gate.yaml").write_text(
        'version: 1\npolicy_version: "1"\nproject: t\npacks: [governance, tenancy]\n', "utf-8"
    )
    return policy.load(WorkTree(root))


def test_every_rule_of_the_proof_has_a_control(loaded: Policy) -> None:
    controls = {c.id for c in loaded.controls}

    assert set(RULES) - ELSEWHERE <= controls
    catch_all = loaded.control("TEN002")
    assert catch_all is not None
    for control in controls & set(RULES):
        assert f"'{control}'" in catch_all.query, f"{control} would be judged twice"


def test_every_tenancy_control_shows_how_it_looks(loaded: Policy) -> None:
    for control in loaded.controls:
        if control.id.startswith("TENSQL"):
            assert control.illustrations, control.id


def sql_illustrations() -> list[tuple[str, str, str]]:
    import yaml

    found = []
    for path in sorted((policy.rules_root() / "tenancy" / "controls").glob("TENSQL*.yaml")):
        document = yaml.safe_load(path.read_text("utf-8"))
        found += [(document["id"], i["bad"], i["good"]) for i in document["illustrations"] if i["language"] == "sql"]
    return found


@pytest.mark.parametrize(("rule", "bad", "good"), sql_illustrations())
def test_an_illustration_is_what_the_lint_says_of_it(rule: str, bad: str, good: str) -> None:
    wrong = [r for proof in prove(bad, model()) for r in proof.rules]
    right = prove(good, model())

    assert rule in wrong, wrong
    assert [r for proof in right for r in proof.rules] == [], right[0].steps
    assert {str(proof.verdict) for proof in right} == {"proven"}
