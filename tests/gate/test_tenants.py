"""The map of tenants: who is judged by which pack, who is not, and that nobody drops out in silence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gate import policy, run
from gate.model import Coverage, Decision, Evidence, GateError, Outcome, Policy, Stage, Subject, Verdict
from gate.policy.tenants import map_of
from gate.policy_diff import Effect, compare
from gate.reading import Schema
from gate.tree import WorkTree

Project = Callable[..., Path]
AS_OF = datetime(2026, 11, 21, 12, tzinfo=UTC)
MAP = """
plans:
  pro: {packs: [own]}
  free: {packs: []}
tenants:
  acme: {plan: pro}
  globex: {plan: free}
"""
CONFIG = """
version: 1
policy_version: "1"
project: tests
packs: [governance, tenant-zero]
rules: [policy/rules]
evidence:
  thing: ["things/*.json"]
"""
SCHEMA = """{
  "type": "object", "additionalProperties": false, "required": ["id"],
  "properties": {"id": {"type": "string"}, "count": {"type": "integer"}, "tenantid": {"type": "string"},
    "tenants": {"type": "array", "items": {"type": "string"}},
    "shares": {"type": "array", "items": {"type": "object", "properties": {
      "ownerTenantId": {"type": "string"}, "part": {"type": "integer"}}}}},
  "examples": [{"id": "one", "count": 1, "tenantid": "acme"}]
}"""


@pytest.fixture
def load(project: Project, control_text: Callable[[str], str]) -> Callable[..., Policy]:
    def make(
        mapped: str = MAP, *, column: bool = True, need: str = "{min: 1}", more: Mapping[str, str] | None = None
    ) -> Policy:
        text = control_text("THG001").replace("thing: {min: 1}", f"thing: {need}")
        if column:
            text = text.replace("t.count AS count FROM", "t.count AS count, t.tenantid AS tenant FROM")
        files = {
            "gate.yaml": CONFIG + mapped, "policy/rules/own/schemas/thing.json": SCHEMA,
            "policy/rules/own/controls/THG001.yaml": text, **(more or {}),
        }  # fmt: skip
        return policy.load(WorkTree(project(files)))

    return make


def decided(loaded: Policy, rows: Sequence[Mapping[str, Any]]) -> Decision:
    own = replace(loaded, controls=tuple(c for c in loaded.controls if c.pack == "own"))
    return run.decide_on(
        own, Stage.CHECK, {"thing": Evidence(kind="thing", rows=rows, coverage=Coverage(scope="test"))}, AS_OF,
        as_of_overridden=False, subject=Subject(project="tests", commit=None), pipeline_id="local",
    )  # fmt: skip


def things(*counts: tuple[str | None, int]) -> list[dict[str, Any]]:
    return [
        {"id": f"t{n}", "count": count, **({} if tenant is None else {"tenantid": tenant})}
        for n, (tenant, count) in enumerate(counts)
    ]


def test_a_pack_judges_the_tenants_of_its_plans_and_says_whom_it_does_not(load: Callable[..., Policy]) -> None:
    decision = decided(load(), things(("acme", 6), ("globex", 9), ("globex", 1)))

    assert [v.tenant for v in decision.results[0].violations] == ["acme"]
    assert decision.verdict is Verdict.BLOCKED
    assert (
        "the pack own for tenants whose plan has it not: globex (free); 2 records and 1 finding of theirs"
        in decision.not_checked
    )


def test_findings_of_others_alone_do_not_block(load: Callable[..., Policy]) -> None:
    assert decided(load(), things(("acme", 1), ("globex", 9))).verdict is Verdict.ALLOWED


def test_records_of_others_are_no_evidence_about_those_who_are_judged(load: Callable[..., Policy]) -> None:
    decision = decided(load(), things(("globex", 1)))

    assert decision.results[0].outcome is Outcome.UNKNOWN
    assert "thing: 0 records; at least 1 needed" in decision.results[0].reasons


TWO = MAP.replace("globex: {plan: free}", "globex: {plan: pro}")


def test_the_records_of_one_tenant_do_not_speak_for_another(load: Callable[..., Policy]) -> None:
    decision = decided(load(TWO), things(("acme", 1)))

    assert decision.verdict is Verdict.UNDECIDED
    assert decision.results[0].reasons == (
        (
            "globex: its plan 'pro' has the pack own, and there is no record of it at all; "
            "bring in its evidence, or correct its plan"
        ),
    )
    assert decided(load(TWO), things(("acme", 1), ("globex", 1))).verdict is Verdict.ALLOWED


def test_what_is_known_to_be_wrong_is_shown_though_a_tenant_is_silent(load: Callable[..., Policy]) -> None:
    result = decided(load(TWO), things(("acme", 9))).results[0]

    assert result.outcome is Outcome.FAIL
    assert [v.tenant for v in result.violations] == ["acme"]
    assert any("globex: its plan 'pro'" in reason for reason in result.reasons)


def test_a_minimum_may_be_every_tenants(load: Callable[..., Policy]) -> None:
    loaded = load(TWO, need="{min: 2, per: tenant}")

    assert decided(loaded, things(("acme", 1), ("acme", 1), ("globex", 1))).results[0].reasons == (
        "thing: 1 of the tenant 'globex'; at least 2 of each tenant needed",
    )
    assert decided(loaded, things(*[("acme", 1), ("globex", 1)] * 2)).verdict is Verdict.ALLOWED
    assert decided(load(MAP, need="{min: 2, per: tenant}"), things(*[("acme", 1)] * 2)).verdict is Verdict.ALLOWED
    assert decided(load("", need="{min: 2, per: tenant}"), things(*[("acme", 1)] * 2)).verdict is Verdict.ALLOWED


@pytest.mark.parametrize("tenant", ["stranger", "Acme", "x'; DROP TABLE thing", ""])
def test_a_list_in_a_record_names_declared_tenants_only(load: Callable[..., Policy], tenant: str) -> None:
    loaded = load()
    (row,) = things(("acme", 1))

    assert decided(loaded, [{**row, "tenants": ["acme", "globex"]}]).verdict is Verdict.ALLOWED
    decision = decided(loaded, [{**row, "tenants": ["acme", tenant]}])
    assert decision.verdict is Verdict.UNDECIDED
    assert decision.results[0].reasons[0].startswith(f"thing: a list in its records names the tenant {tenant!r}, which")
    nested = decided(loaded, [{**row, "shares": [{"ownerTenantId": tenant, "part": 1}, {"part": 2}]}])
    assert nested.verdict is Verdict.UNDECIDED


UPGRADED = """
plans:
  pro: {packs: [own]}
  free: {packs: []}
tenants:
  acme:
    plan: pro
    history: [{plan: free, until: 2026-03-01}, {plan: pro, until: "2026-06-01T10:30:00+02:00"}, {plan: free, until: 2026-12-01}]
"""


@pytest.mark.parametrize(
    ("at", "plan"),
    [
        ("2020-01-01T00:00:00", "free"), ("2026-02-28T23:59:59", "free"), ("2026-03-01T00:00:00", "pro"),
        ("2026-06-01T08:29:59", "pro"), ("2026-06-01T08:30:00", "free"), ("2026-11-30T23:59:59", "free"),
        ("2026-12-01T00:00:00", "pro"), ("2099-01-01T00:00:00", "pro"),
    ],
)  # fmt: skip
def test_the_plan_in_force_is_that_of_the_time(load: Callable[..., Policy], at: str, plan: str) -> None:
    found = map_of(load(UPGRADED), datetime.fromisoformat(at).replace(tzinfo=UTC))

    assert found is not None
    assert found.tenants == {"acme": plan}
    assert found.leaves_out("own", "acme") is (plan == "free")


def test_the_map_as_evidence_has_every_plan_without_a_gap(load: Callable[..., Policy]) -> None:
    from gate.collect.tenants import collect

    loaded = load(UPGRADED)
    (found,) = collect(run.evidence_context(loaded, Path(), (), AS_OF))
    assert found.rows[0]["plan"] == "free"
    assert found.rows[0]["periods"] == [
        {"plan": "free", "ends_at": "2026-03-01T00:00:00Z"},
        {"plan": "pro", "starts_at": "2026-03-01T00:00:00Z", "ends_at": "2026-06-01T08:30:00Z"},
        {"plan": "free", "starts_at": "2026-06-01T08:30:00Z", "ends_at": "2026-12-01T00:00:00Z"},
        {"plan": "pro", "starts_at": "2026-12-01T00:00:00Z"},
    ]
    assert Schema(loaded.kinds["tenant_plan"].schema, "tenant_plan").is_valid(
        {name: value for name, value in found.rows[0].items() if name != "source_path"}
    )


@pytest.mark.parametrize("tenant", ["stranger", "Acme", "acme ", "o'neil; DROP TABLE thing", "new\nline", ""])
def test_a_record_of_a_tenant_that_nobody_declared_blocks(load: Callable[..., Policy], tenant: str) -> None:
    decision = decided(load(), things(("acme", 1), (tenant, 1)))

    assert decision.verdict is Verdict.UNDECIDED
    assert f"1 record of the tenant {tenant!r}, which the policy does not declare" in decision.results[0].reasons[0]


def test_a_record_of_no_tenant_blocks_where_tenants_are_declared(load: Callable[..., Policy]) -> None:
    decision = decided(load(), things(("acme", 1), (None, 1)))

    assert decision.verdict is Verdict.UNDECIDED


def test_a_control_that_names_no_tenant_is_the_whole_organisations(load: Callable[..., Policy]) -> None:
    decision = decided(load(column=False), things(("acme", 1), ("globex", 9)))

    assert decision.verdict is Verdict.BLOCKED


def test_a_pack_that_no_plan_names_judges_everybody(load: Callable[..., Policy]) -> None:
    mapped = "plans: {pro: {packs: []}}\ntenants: {acme: {plan: pro}, globex: {plan: pro}}\n"
    decision = decided(load(mapped), things(("globex", 9)))

    assert decision.verdict is Verdict.BLOCKED
    assert not any("for tenants whose plan" in line for line in decision.not_checked)


def test_without_a_map_everybody_is_judged_and_nobody_is_a_stranger(load: Callable[..., Policy]) -> None:
    loaded = load("")

    assert map_of(loaded, AS_OF) is None
    assert [v.tenant for v in decided(loaded, things(("anybody", 9), (None, 1))).results[0].violations] == ["anybody"]


def test_the_map_may_lie_in_a_file_that_the_digest_covers(load: Callable[..., Policy]) -> None:
    mapped = "plans: {pro: {packs: [own]}}\ntenants: policy/tenants.yaml\n"
    one = load(mapped, more={"policy/tenants.yaml": "version: 1\ntenants: {acme: {plan: pro}}\n"})
    two = load(mapped, more={"policy/tenants.yaml": "version: 1\ntenants: {acme: {plan: pro}, globex: {plan: pro}}\n"})

    assert map_of(one, AS_OF) is not None
    assert "policy/tenants.yaml" in one.files
    assert one.digest != two.digest


def test_the_decision_document_names_tenants_and_packs(load: Callable[..., Policy]) -> None:
    from gate.collect.tenants import collect
    from gate.report import REPORTS

    loaded = load()
    assert "tenant_plan" in run.needed_kinds(loaded, Stage.CHECK)
    context = run.evidence_context(loaded, Path(), (), AS_OF)
    (found,) = collect(context)
    decision = replace(decided(loaded, things(("acme", 1))), evidence=(found,))

    assert json.loads(REPORTS["json"](decision))["tenants"] == [
        {"tenant": "acme", "plan": "pro", "packs": ["own"]},
        {"tenant": "globex", "plan": "free", "packs": []},
    ]
    for name in ("markdown", "html", "text"):
        assert "globex" in REPORTS[name](decision), name


@pytest.mark.parametrize(
    ("name", "mapped", "said"),
    [
        ("plans alone", "plans: {pro: {packs: [own]}}\n", "plans: declare tenants too"),
        ("tenants alone", "tenants: {acme: {plan: pro}}\n", "tenants: declare plans too"),
        ("a pack that is not enabled", "plans: {pro: {packs: [slo]}}\ntenants: {acme: {plan: pro}}\n", "plans.pro: 'slo' is no pack of this policy; add it to packs"),
        ("a pack misspelt", "plans: {pro: {packs: [onw]}}\ntenants: {acme: {plan: pro}}\n", "'onw' is no pack of this policy (did you mean 'own'?)"),
        ("a plan that is not there", "plans: {pro: {packs: [own]}}\ntenants: {acme: {plan: por}}\n", "tenants.acme: unknown plan 'por' (did you mean 'pro'?)"),
        ("a pack that would judge nobody", "plans: {pro: {packs: [own]}, free: {packs: []}}\ntenants: {acme: {plan: free}}\n", "no tenant has a plan with the pack own, so it would judge nobody"),
        ("a file that is not there", "plans: {pro: {packs: [own]}}\ntenants: nowhere.yaml\n", "tenants: the file 'nowhere.yaml' does not exist"),
        ("a tenant twice", "plans: {pro: {packs: [own]}}\ntenants:\n  acme: {plan: pro}\n  acme: {plan: pro}\n", "acme"),
        ("a name that is no tenant's", "plans: {pro: {packs: [own]}}\ntenants: {'A b': {plan: pro}}\n", "tenants: 'A b' is no tenant's id"),
        ("a name that is no plan's", "plans: {Pro!: {packs: [own]}}\ntenants: {acme: {plan: Pro!}}\n", "plans: 'Pro!' is no plan's name"),
        ("nobody", "plans: {pro: {packs: [own]}}\ntenants: {}\n", "tenants"),
        ("a history out of order", "plans: {pro: {packs: [own]}}\ntenants: {acme: {plan: pro, history: [{plan: pro, until: 2026-03-01}, {plan: pro, until: 2026-03-01}]}}\n", "tenants.acme: the history runs from the oldest plan to the newest"),
        ("a history of no day", "plans: {pro: {packs: [own]}}\ntenants: {acme: {plan: pro, history: [{plan: pro, until: 2026-02-30}]}}\n", "tenants.acme: until: "),
        ("a history without a zone", "plans: {pro: {packs: [own]}}\ntenants: {acme: {plan: pro, history: [{plan: pro, until: '2026-03-01T10:00:00'}]}}\n", "tenants.acme: until: the time has no offset"),
        ("a history of an unknown plan", "plans: {pro: {packs: [own]}}\ntenants: {acme: {plan: pro, history: [{plan: gold, until: 2026-03-01}]}}\n", "tenants.acme: unknown plan 'gold'"),
        ("a list", "plans: {pro: {packs: [own]}}\ntenants: [acme]\n", "tenants"),
    ],
)  # fmt: skip
def test_a_wrong_map_does_not_load(load: Callable[..., Policy], name: str, mapped: str, said: str) -> None:
    with pytest.raises(GateError) as error:
        load(mapped)

    assert said in str(error.value)
    assert str(error.value).startswith("gate.yaml:")
    assert "\n" not in str(error.value)


def test_the_map_needs_the_pack_that_defines_it(project: Project) -> None:
    text = CONFIG.replace(", tenant-zero", "") + MAP
    with pytest.raises(GateError, match="tenants: the map is evidence of the pack tenant-zero; add tenant-zero"):
        policy.load(WorkTree(project({"gate.yaml": text})))


def changes(load: Callable[..., Policy], before: str, after: str) -> set[tuple[str, str]]:
    found: Iterable[Any] = compare(load(before), load(after), AS_OF.date())
    return {(c.effect, c.text) for c in found if c.subject.startswith("tenants")}


def test_the_diff_says_who_loses_and_who_gains_a_pack(load: Callable[..., Policy]) -> None:
    swapped = MAP.replace("acme: {plan: pro}", "acme: {plan: free}").replace(
        "globex: {plan: free}", "globex: {plan: pro}"
    )
    found = changes(load, MAP, swapped)

    assert (Effect.WEAKER, "acme is no longer judged by the pack own (plan pro → free)") in found
    assert (Effect.STRONGER, "globex is judged by the pack own too (plan free → pro)") in found


def test_the_diff_says_what_a_map_means_at_all(load: Callable[..., Policy]) -> None:
    assert changes(load, "", MAP) == {
        (Effect.WEAKER, "globex is no longer judged by the pack own (plan free)"),
        (Effect.STRONGER, "records of tenants that are not declared block"),
    }
    assert changes(load, MAP, "") == {
        (Effect.STRONGER, "globex is judged by the pack own too"),
        (Effect.WEAKER, "records of tenants that are not declared no longer block"),
    }


def test_the_diff_names_tenants_that_come_and_go(load: Callable[..., Policy]) -> None:
    more = MAP + "  hooli: {plan: pro}\n"
    assert changes(load, MAP, more) == {(Effect.STRONGER, "hooli is declared, with the packs own (plan pro)")}
    assert changes(load, more, MAP) == {(Effect.WEAKER, "hooli is no longer declared; it had the packs own (plan pro)")}


def test_the_diff_tells_a_past_that_was_rewritten(load: Callable[..., Policy]) -> None:
    history = "acme: {plan: pro, history: [{plan: free, until: 2026-03-01}]}"

    assert changes(load, MAP, MAP.replace("acme: {plan: pro}", history)) == {
        (Effect.OTHER, "its plans over time were pro; now free until 2026-03-01, then pro")
    }


def test_a_panel_or_a_runbook_that_changes_decides_nothing(project: Project) -> None:
    book = {"policy/rules/own/runbooks/what-to-do.md": "# What to do\n"}
    named = "name: own\ntitle: A test pack\nsummary: For tests.\nkinds: [thing]\nrunbooks: {what-to-do: [THG001]}\n"
    old = policy.load(WorkTree(project({})))
    new = policy.load(WorkTree(project({**book, "policy/rules/own/pack.yaml": named}, root="after")))

    assert {(c.effect, c.text) for c in compare(old, new, AS_OF.date()) if "runbooks" in c.subject} == {
        (Effect.OTHER, "the runbook was added")
    }
