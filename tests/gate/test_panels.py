"""Panels: every one shows on its example what it says, on any engine's terms; none decides; hostile rows stay text."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import html5lib
import pytest

from gate import panels, policy, run
from gate.model import Coverage, Decision, Evidence, GateError, Policy, QueryError, Stage, Subject, Unread
from gate.panels import Drawn, draw
from gate.policy.panels import Panel, Shape, Target, panels_of, trials_of
from gate.reading import Schema, read_json
from gate.report import REPORTS
from gate.report import panels as figures
from gate.report.text import PLAIN, render
from gate.store import Store
from gate.tree import WorkTree

Project = Callable[..., Path]
RULES = Path(__file__).parents[2] / "rules"
OPERATIONAL = (
    "audit", "drills", "finops", "high-risk-ops", "integrations", "quotas", "regulatory", "retention-and-purge",
    "revops", "slo", "tenant-zero",
)  # fmt: skip
AS_OF = datetime(2026, 11, 21, 12, tzinfo=UTC)
PANEL = """
id: counts
title: Counts of things
why: What this test is about, in a sentence.
kind: bars
unit: count
evidence: [thing]
params: {limit: THG001.limit}
target: {is: at_most, param: limit}
query: |
  SELECT t.id AS label, t.count AS value FROM thing AS t
example:
  as_of: "2026-11-21T00:00:00Z"
  records: {thing: [{}]}
  rows: [{label: one, value: 1}]
"""
WHERE = "policy/rules/own/panels/counts.yaml"


@pytest.fixture(scope="module")
def builtin(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    root = tmp_path_factory.mktemp("packs")
    names = sorted(p.name for p in RULES.iterdir() if (p / "pack.yaml").exists())
    (root / "gate.yaml").write_text(f'version: 1\npolicy_version: "1"\nproject: packs\npacks: [{", ".join(names)}]\n')
    return policy.load(WorkTree(root))


@pytest.fixture
def load(project: Project) -> Callable[..., Policy]:
    def make(*changes: tuple[str, str], config: str | None = None) -> Policy:
        text = PANEL
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        return policy.load(WorkTree(project({WHERE: text, **({} if config is None else {"gate.yaml": config})})))

    return make


def judged(loaded: Policy, rows: Sequence[Mapping[str, Any]], stage: Stage = Stage.RELEASE) -> run.Judgement:
    own = replace(loaded, controls=tuple(c for c in loaded.controls if c.pack == "own"))
    evidence = {"thing": Evidence(kind="thing", rows=rows, coverage=Coverage(scope="test"))}
    return run.decide_and_draw(
        own, stage, evidence, AS_OF, as_of_overridden=False, subject=Subject(project="t", commit=None), pipeline_id="x"
    )


def test_every_panel_shows_on_its_example_what_it_says(builtin: Policy) -> None:
    trials = trials_of(builtin)
    wrong = []
    for panel in panels_of(builtin):
        trial = trials[panel.id]
        store = Store([builtin.kinds[kind] for kind in panel.evidence], trial.as_of)
        for kind in panel.evidence:
            store.load(kind, tuple(trial.records.get(kind, ())))
        found = [dict(row) for row in panels.rows(panel, store.ask, trial.as_of)]
        if found != [dict(row) for row in trial.rows]:
            wrong.append((panel.id, found))
    assert wrong == []


@pytest.mark.parametrize("pack", OPERATIONAL)
def test_every_operational_pack_has_panels(builtin: Policy, pack: str) -> None:
    assert sum(panel.pack == pack for panel in panels_of(builtin)) >= 1


def test_the_dashboards_of_the_requirements_are_there(builtin: Policy) -> None:
    """Counts by type, approval latency, receipts, policy coverage, side doors, drills, routing, discounts, approval and
    closing, pipeline, costs, margins, quotas, integrations, purges, retention, latency, errors, budget."""
    assert {panel.id for panel in panels_of(builtin)} >= {
        "high-risk-ops/requests-by-class", "high-risk-ops/approval-latency", "high-risk-ops/receipts-complete",
        "high-risk-ops/policy-coverage", "high-risk-ops/side-door-attempts", "drills/drill-readiness",
        "drills/recovery", "revops/hot-lead-routing", "revops/discounts", "revops/approval-and-closing",
        "revops/conversion-by-source", "revops/routing-by-segment", "revops/ageing", "finops/cost-by-tenant",
        "finops/cost-by-pack", "finops/cost-by-sla-tier", "finops/margin-by-sku", "quotas/usage",
        "integrations/posture", "retention-and-purge/weeks", "tenant-zero/retention", "slo/latency", "slo/errors",
        "slo/error-budget",
    }  # fmt: skip


def test_a_targets_number_is_the_controls(load: Callable[..., Policy]) -> None:
    config = 'version: 1\npolicy_version: "1"\nproject: t\npacks: [governance]\nrules: [policy/rules]\n'
    (panel,) = panels_of(load(config=config + "controls: {THG001: {params: {limit: 9}}}\n"))

    assert panel.target == Target(must="at_most", bound=9, control="THG001.limit")


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("a misspelt key", ("title:", "titel:"), "counts.yaml:3: unknown key 'titel'"),
        ("another id than the file's", ("id: counts", "id: count"), "is not the file's name 'counts'"),
        ("an unknown kind", ("evidence: [thing]", "evidence: [thng]"), "unknown kind 'thng' (did you mean 'thing'?)"),
        ("evidence that is not read", ("evidence: [thing]", "evidence: [thing, waiver]"), "waiver is a kind of the pack governance"),
        ("an unknown control", ("THG001.limit", "THG002.limit"), "no control THG002 in this policy (did you mean 'THG001'?)"),
        ("an unknown parameter", ("THG001.limit", "THG001.limt"), "THG001 has no parameter 'limt' (did you mean 'limit'?)"),
        ("a parameter that nobody uses", ("target: {is: at_most, param: limit}\n", ""), "'limit' is used by neither query nor target"),
        ("a target that is no parameter", ("param: limit}", "param: limits}"), "'limits' is not in params"),
        ("two targets", ("param: limit}", "param: limit, value: 3}"), "target"),
        ("a column that is missing", ("t.count AS value", "t.count AS number"), "returns label, number; a bars returns label, value, tenant"),
        ("a column too many", ("t.count AS value", "t.count AS value, t.at AS at"), "a bars returns label, value, tenant"),
        ("text for a number", ("t.count AS value", "t.id AS value"), "the column value is of type VARCHAR; its unit is count"),
        ("a clock of its own", ("t.count AS value", "epoch_ms(now()) AS value"), "outside the portable subset"),
        ("a file", ("FROM thing AS t", "FROM read_csv('x') AS t"), "outside the portable subset"),
        ("a limit", ("FROM thing AS t", "FROM thing AS t LIMIT 1"), "LIMIT is not allowed"),
        ("an unknown table", ("FROM thing AS t", "FROM thong AS t"), "unknown table 'thong'"),
        ("an unknown name", ("t.count AS value", "$limt AS value"), "$limt is not a parameter"),
        ("a table without columns", ("kind: bars", "kind: table"), "a table has `columns` and no `unit`"),
        ("a unit that nobody knows", ("unit: count", "unit: furlongs"), "unit"),
        ("an example that breaks the schema", ("{thing: [{}]}", "{thing: [{count: x}]}"), "count: must be of type integer"),
        ("an example without a zone", ('"2026-11-21T00:00:00Z"', '"2026-11-21T00:00:00"'), "as_of"),
    ],
)  # fmt: skip
def test_a_wrong_panel_does_not_load(
    load: Callable[..., Policy], name: str, change: tuple[str, str], said: str
) -> None:
    with pytest.raises(GateError) as error:
        load(change)

    assert said in str(error.value)
    assert str(error.value).startswith(WHERE)
    assert "\n" not in str(error.value)


def test_a_panel_under_another_ending_is_no_panel_that_nobody_sees(project: Project) -> None:
    with pytest.raises(GateError, match=r"counts.yml: not read; the files of panels/ end with .yaml"):
        policy.load(WorkTree(project({WHERE.replace(".yaml", ".yml"): PANEL})))


def test_panels_are_of_the_digest(load: Callable[..., Policy]) -> None:
    assert load().digest != load(("Counts of things", "Counts of everything")).digest


def test_a_panel_never_changes_the_decision(load: Callable[..., Policy], project: Project) -> None:
    loaded = load()
    rows = [{"id": "a", "count": 9}, {"id": "b", "count": 1}]
    both = judged(loaded, rows)

    assert both.panels[0].missed == 1
    own = replace(loaded, controls=tuple(c for c in loaded.controls if c.pack == "own"))
    alone = run.decide_on(
        own, Stage.RELEASE, {"thing": Evidence(kind="thing", rows=rows, coverage=Coverage(scope="test"))}, AS_OF,
        as_of_overridden=False, subject=Subject(project="t", commit=None), pipeline_id="x",
    )  # fmt: skip
    assert REPORTS["json"](both.decision) == REPORTS["json"](alone)


def test_a_panel_that_cannot_be_drawn_says_why(load: Callable[..., Policy]) -> None:
    loaded = load()

    def broken(text: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        raise QueryError("the query took longer than 30 s")

    some = {"thing": Evidence(kind="thing", rows=({"id": "a"},), coverage=Coverage(scope="x"))}
    none = {"thing": Evidence(kind="thing", rows=(), coverage=Coverage(scope="x"))}
    for evidence, said in (
        (some, "the query took longer than 30 s"),
        (none, "there is no record of thing"),
        ({}, "no control of this stage asks for thing"),
    ):
        (drawn,) = draw(loaded, Stage.GA, evidence, broken, as_of=AS_OF)
        assert drawn.reason == said
        assert figures.state(drawn) == "not drawn"
        for name in ("html", "markdown"):
            assert said in REPORTS[name](judged(loaded, []).decision, [drawn]), name


def test_a_pull_request_draws_no_panels(load: Callable[..., Policy]) -> None:
    assert judged(load(), [{"id": "a", "count": 1}], Stage.CHECK).panels == ()


def test_what_could_not_be_read_is_noted(load: Callable[..., Policy]) -> None:
    loaded = load()
    unread = (Unread(path="x.json", reason="broken"),)
    evidence = {
        "thing": Evidence(kind="thing", rows=({"id": "a", "count": 1},), coverage=Coverage(scope="x", unread=unread))
    }
    store = Store([loaded.kinds["thing"]], AS_OF)
    store.load("thing", evidence["thing"].rows)
    (drawn,) = draw(loaded, Stage.GA, evidence, store.ask, as_of=AS_OF)

    assert drawn.notes == ("thing: 1 could not be read",)


def test_too_many_rows_are_counted_not_dropped(load: Callable[..., Policy]) -> None:
    (drawn,) = judged(load(), [{"id": f"t{n:04}", "count": n} for n in range(panels.MAX_ROWS + 7)]).panels

    assert (len(drawn.rows), drawn.beyond) == (panels.MAX_ROWS, 7)
    assert drawn.rows[0]["value"] == panels.MAX_ROWS + 6  # the longest bars are kept
    assert "more rows" in REPORTS["html"](judged(load(), []).decision, [drawn])


def decision(load: Callable[..., Policy]) -> Decision:
    return judged(load(), []).decision


HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'; DROP TABLE thing; --", "a\nb\u202ec", "##[error]x",
    "::error::x", "[x](javascript:alert(1))", "| a | b |", "password=hunter2hunter2hunter2", "{{7*7}}", "x" * 5000,
]  # fmt: skip


def hostile(shape: Shape) -> Drawn:
    base: dict[str, str] = {
        Shape.NUMBER: {"value": "count"}, Shape.BARS: {"label": "text", "value": "count"},
        Shape.SERIES: {"at": "time", "value": "count"}, Shape.TABLE: {"word": "text", "size": "count", "good": "yes_no"},
    }[shape]  # fmt: skip
    panel = Panel(
        id="own/x", pack="own", title=HOSTILE[0], why=HOSTILE[1], shape=shape, columns=base, evidence=("thing",),
        params={}, target=Target(must="at_most", bound=3), query="",
    )  # fmt: skip
    rows = [
        {"tenant": text, "label": text, "word": text, "value": n - 2, "size": n, "good": n % 2 == 0, "at": n * 10**11}
        for n, text in enumerate(HOSTILE)
    ]
    rows.append(
        {"tenant": None, "label": "none", "word": "none", "value": None, "size": None, "good": None, "at": 2**60}
    )
    kept = {"tenant", *base}
    return Drawn(
        panel=panel, rows=tuple({k: v for k, v in row.items() if k in kept} for row in rows), notes=(HOSTILE[0],)
    )


@pytest.mark.parametrize("shape", list(Shape))
def test_hostile_rows_are_text_in_every_report(load: Callable[..., Policy], shape: Shape) -> None:
    drawn, of = [hostile(shape)], decision(load)
    page = REPORTS["html"](of, drawn)
    tree = html5lib.parse(page, namespaceHTMLElements=False)

    assert not list(tree.iter("script"))
    assert not list(tree.iter("img"))
    assert not [name for e in tree.iter() for name in e.attrib if str(name).lower().startswith("on")]
    assert "hunter2hunter2" not in page + REPORTS["markdown"](of, drawn) + render(of, drawn) + figures.document(
        of, drawn
    )
    for text in (REPORTS["markdown"](of, drawn), render(of, drawn)):
        assert "\u202e" not in text
        assert not re.search(r"(?m)^\s*::error", text)
        assert "##[" not in text
    assert "<script" not in REPORTS["markdown"](of, drawn)
    Schema(read_json(files("gate.report").joinpath("schemas/panels-v1.json").read_bytes(), "x").value, "x")
    assert json.loads(figures.document(of, drawn))["panels"][0]["rows"]


def test_the_document_fits_its_schema(load: Callable[..., Policy], builtin: Policy) -> None:
    schema = Schema(read_json(files("gate.report").joinpath("schemas/panels-v1.json").read_bytes(), "x").value, "x")
    trials = trials_of(builtin)
    drawn = [Drawn(panel=p, rows=trials[p.id].rows) for p in panels_of(builtin)]
    drawn += [hostile(shape) for shape in Shape] + [replace(drawn[0], rows=(), reason="why not")]

    document = json.loads(figures.document(decision(load), drawn))
    assert schema.problems(document) == []
    assert len(document["panels"]) == len(drawn)


def test_the_text_report_shows_panels_when_asked(load: Callable[..., Policy]) -> None:
    both = judged(load(), [{"id": "a", "count": 9}])

    assert "Counts of things" not in render(both.decision, style=PLAIN)
    text = render(both.decision, both.panels, style=PLAIN)
    assert "1 panel: 1 off target" in text
    assert "own/counts: Counts of things (target at most 5 (THG001.limit))" in text
    assert "a, 9 [off target]" in text


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (None, "count", "unknown"), (0, "count", "0"), (1234567, "count", "1,234,567"), (973, "permille", "97.3 %"),
        (-5, "permille", "-0.5 %"), (1000, "permille", "100.0 %"), (50, "percent", "50 %"), (30, "min", "30 min"),
        (1_234_565_000, "micros", "1,234.57"), (-5_000, "micros", "-0.01"), (4_999, "micros", "0.00"),
        (-4_999, "micros", "0.00"), (99000, "minor", "990.00"), (5, "minor", "0.05"), (True, "yes_no", "yes"),
        (1795219200000, "time", "2026-11-21"), (1795262400000, "time", "2026-11-21 12:00"),
        (2**62, "time", "beyond the calendar"), ("text", "text", "text"), (12, "text", "12"),
    ],
)  # fmt: skip
def test_values_in_words(value: object, unit: str, said: str) -> None:
    assert figures.value_text(value, unit) == said


def test_what_has_no_value_misses_no_target_and_is_not_on_it(load: Callable[..., Policy]) -> None:
    (panel,) = panels_of(load())
    drawn = Drawn(panel=panel, rows=({"label": "a", "value": None}, {"label": "b", "value": 1}))

    assert drawn.missed == 0
    assert figures.state(drawn) == "partly unknown"
    assert [bar.state for bar in figures.bars(drawn)] == ["unknown", "on target"]


def test_the_command_line_writes_the_document_and_shows_it_when_asked(
    project: Project, control_text: Callable[[str], str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from gate import cli

    root = project(
        {
            WHERE: PANEL,
            "things/a.json": '{"id": "a", "count": 9}',
            "gate.yaml": GA,
            "policy/rules/own/controls/THG001.yaml": control_text("THG001").replace("[check, release]", "[check, ga]"),
        }
    )
    run_git(root)
    out, link = tmp_path / "panels.json", tmp_path / "link"
    link.symlink_to("/dev/null")
    cli.run(["ga", "-C", str(root), "--panels", "--panels-json", str(out)])

    text = capsys.readouterr().out
    assert "own/counts: Counts of things" in text
    assert json.loads(out.read_text("utf-8"))["panels"][0]["state"] == "off target"
    assert cli.run(["ga", "-C", str(root), "--panels-json", str(link)]) == 2
    assert "is not a regular file" in capsys.readouterr().err


GA = """
version: 1
policy_version: "1"
project: tests
packs: [governance]
rules: [policy/rules]
evidence:
  thing: ["things/*.json"]
"""


def run_git(root: Path) -> None:
    names = {f"GIT_{r}_{w}": "test@example.com" for r in ("AUTHOR", "COMMITTER") for w in ("NAME", "EMAIL")}
    environment = {"PATH": os.environ["PATH"], "HOME": os.devnull, "GIT_CONFIG_GLOBAL": os.devnull, **names}
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "first"]):
        subprocess.run(["git", *arguments], cwd=root, env=environment, check=True, capture_output=True)
