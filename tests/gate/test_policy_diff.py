"""What a change of policy means, change by change, and that nothing open passes as the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from attestations.trust import ATTESTATIONS, EVIDENCE, PublicKey, TrustedKey, TrustedKeys
from gate import cli, policy
from gate.bundle.replaying import Files
from gate.model import Policy
from gate.policy_diff import compare, same_or_stronger

ON = date(2026, 11, 21)
START = datetime(2025, 1, 1, tzinfo=UTC)
ONE, TWO = (PublicKey.of(ec.generate_private_key(ec.SECP256R1()).public_key()) for _ in range(2))


def keys(*entries: TrustedKey) -> str:
    return TrustedKeys(entries).dump().decode()


def key(
    public: PublicKey = ONE, identity: str = "ci@x.example", usage: str = ATTESTATIONS, **window: datetime
) -> TrustedKey:
    return TrustedKey(public=public, identity=identity, usage=usage, **{"start": START, **window})


CONTROL = """
id: {id}
title: Every thing is as it should be
why: Because this is what the test is about.
fix: make it so
owner: tests
stages: [check, release]
severity: {severity}
{dates}evidence:
  thing: {{min: {min}, verified: {verified}}}
params: {{limit: {limit}, weeks: 26, word: a}}
message: "{{subject}}: {{limit}} {{word}}"
query: |
  SELECT t.id AS subject FROM thing AS t
  WHERE t.count {op} $limit OR days_between(t.at, $as_of) < 0 - $weeks
examples:
  pass:
    - {{name: small, as_of: "2026-11-21T00:00:00Z", records: {{thing: [{{count: 1}}, {{id: two}}]}}}}
  fail:
    - {{name: large, as_of: "2026-11-21T00:00:00Z", records: {{thing: [{{count: 60}}, {{id: two}}]}}}}
    - {{name: eight, as_of: "2026-11-21T00:00:00Z", params: {{limit: 7}}, records: {{thing: [{{count: 8}}, {{id: two}}]}}}}
"""
SCHEMA = """{"type": "object", "additionalProperties": false, "required": ["id"], "properties": {
  "id": {"type": "string"}, "count": {"type": "integer"}, "at": {"type": "string", "format": "date-time"}%s},
  "examples": [{"id": "one", "count": 1, "at": "2026-11-20T00:00:00Z"}]}"""
PACK = "name: {name}\ntitle: A pack\nsummary: For tests.\nkinds: [{kinds}]\nlimits: [{limits}]\n"
WAIVER = """
id: W-1
control: {control}
reason: The thing is large for a reason that is written here.
owner: platform
requested_by: dev@x.example
approved_by: {by}
created: "2026-11-01"
expires: "{expires}"
ticket: T-1
scope: {{{scope}}}
"""
CONFIG = """
version: 1
policy_version: "{version}"
project: {project}
packs: [{packs}]
rules: [rules-of-ours]
trust: {{keys: policy/keys.json{trust}}}
{more}
"""


def control(name: str = "THG001", **changes: object) -> str:
    values: dict[str, object] = {
        "id": name, "severity": "block", "dates": "", "min": 2, "verified": "true", "limit": 5, "op": ">",
    }  # fmt: skip
    return CONTROL.format(**{**values, **changes})


def config(**changes: str) -> str:
    values = {"version": "1", "project": "x", "packs": "governance", "trust": "", "more": ""}
    return CONFIG.format(**{**values, **changes})


def waiver(**changes: str) -> str:
    values = {"control": "THG001", "by": "lead@x.example", "expires": "2026-12-01", "scope": "path: a.py"}
    return WAIVER.format(**{**values, **changes})


BASE: Mapping[str, str] = {
    "gate.yaml": config(),
    "policy/keys.json": keys(key(), key(TWO, "sre@x.example", EVIDENCE)),
    "rules-of-ours/own/pack.yaml": PACK.format(name="own", kinds="thing", limits="much"),
    "rules-of-ours/own/schemas/thing.json": SCHEMA % "",
    "rules-of-ours/own/controls/a.yaml": control(),
    "rules-of-ours/own/controls/b.yaml": control("THG002"),
    "waivers/w.yaml": waiver(),
}


def load(changes: Mapping[str, str | None]) -> Policy:
    merged = {**BASE, **changes}
    return policy.load(Files({n: t.encode() for n, t in merged.items() if t is not None}, "work tree"))


BEFORE = load({})
A = "rules-of-ours/own/controls/a.yaml"
B = "rules-of-ours/own/controls/b.yaml"
Y = "gate.yaml"


@pytest.mark.parametrize(
    ("change", "effect", "subject", "text"),
    [
        ({B: None}, "weaker", "THG002", "the control was removed: Every thing is as it should be"),
        ({A: control(severity="warn")}, "weaker", "THG001", "warns where it only blocked"),
        ({A: control(dates="block_from: '2027-01-01'\n")}, "weaker", "THG001", "blocks only from 2027-01-01 (before: at once)"),
        ({A: control(dates="block_from: '2026-01-01'\n")}, "other", "THG001", "both are past"),
        ({A: control().replace("[check, release]", "[release]")}, "weaker", "THG001", "is no longer asked at the stage check"),
        ({A: control(min=1)}, "weaker", "THG001", "is content with 1 records of thing (before: 2)"),
        ({A: control(verified="false")}, "weaker", "THG001", "no longer needs thing records to be verified"),
        ({A: control(verified="true, per: tenant")}, "stronger", "THG001", "needs thing records of every tenant"),
        ({A: control(limit=7)}, "weaker", "THG001", "limit went from 5 to 7; by its examples a higher value lets more through"),
        ({A: control(limit=60)}, "weaker", "THG001", "lets through what its examples say must fail"),
        ({A: control().replace("weeks: 26", "weeks: 52")}, "unclear", "THG001", "weeks went from 26 to 52; its examples do not show which is stricter"),
        ({A: control().replace("word: a", "word: b")}, "unclear", "THG001", "word went from a to b"),
        ({A: control(op=">=").replace("$limit OR", "$limit + 1 OR")}, "unclear", "THG001", "the query changed"),
        ({A: control().replace("$limit OR", "$limit + 55 OR")}, "weaker", "THG001", "the query changed and lets through: large"),
        ({Y: config(packs="governance, drills")}, "stronger", "drills", "the pack drills was added"),
        ({Y: config(more="controls: {THG001: {severity: warn}}")}, "weaker", "THG001", "warns where it only blocked"),
        ({Y: config(more="controls: {THG001: {params: {limit: 99}}}")}, "weaker", "THG001", "limit went from 5 to 99"),
        ({Y: config(more="waiver_max_days: 365")}, "weaker", "waiver_max_days", "365 days (before: 90)"),
        ({Y: config(more="gate_steps: [make thing]")}, "weaker", "gate_steps", "make thing"),
        ({Y: config(more="source: {exclude: [{path: 'a/**', reason: it is generated}]}")}, "weaker", "source.exclude", "not read: a/** (it is generated)"),
        ({Y: config(more="source: {include: ['a/**']}")}, "unclear", "source.include", "a/** (before: the default)"),
        ({Y: config(more="evidence: {thing: ['x/*.json']}")}, "unclear", "evidence.thing", "x/*.json (before: the default)"),
        ({Y: config(more="golden_path: [{name: up, run: [make, up]}]")}, "stronger", "golden_path", "up is run too (make up)"),
        ({Y: config(more="purge: {run: [purge]}")}, "unclear", "purge", "the section purge of gate.yaml was added"),
        ({Y: config(trust=", require_signed_policy: true")}, "stronger", "trust", "a policy must be signed"),
        ({Y: config(trust=", identities: [{identity: a, issuer: b}]")}, "weaker", "trust.identities", "signatures in the name of a of b"),
        ({Y: config(trust=", identities: [{identity_regexp: ^a.b$, issuer: c}]")}, "weaker", "trust.identities", "signatures in the name of ^a.b$ of c"),
        ({Y: config(more="patterns: {without: [rails-unscoped]}")}, "weaker", "patterns.without", "does not look for rails-unscoped"),
        ({Y: config(more="patterns: {include: ['a/**']}")}, "unclear", "patterns.include", "a/** (before: the default)"),
        ({Y: config(more="patterns: {built_in: false}")}, "weaker", "patterns.built_in", "no built-in rule counts any more"),
        ({Y: config(project="shop")}, "other", "project", "the project is called shop"),
        ({Y: config(version="2")}, None, "", ""),
        ({Y: "# a comment\n" + config()}, "other", "gate.yaml", "policy_version is still 1"),
        ({"waivers/v.yaml": waiver(scope="tenant: acme").replace("W-1", "W-2")}, "weaker", "W-2", "sets aside THG001 for tenant acme until 2026-12-01: The thing"),
        ({"waivers/w.yaml": None}, "stronger", "W-1", "no longer sets aside THG001 for path a.py"),
        ({"waivers/w.yaml": waiver(expires="2027-01-01")}, "weaker", "W-1", "holds until 2027-01-01 (before: 2026-12-01)"),
        ({"waivers/w.yaml": waiver(expires="2026-11-22")}, "stronger", "W-1", "holds until 2026-11-22"),
        ({"waivers/w.yaml": waiver(scope="path: '**/*.py'")}, "weaker", "W-1", "covers path **/*.py (before: path a.py)"),
        ({"waivers/w.yaml": waiver(scope="path: a.py, tenant: acme")}, "stronger", "W-1", "covers path a.py, tenant acme"),
        ({"waivers/w.yaml": waiver(control="THG002")}, "weaker", "W-1", "sets aside THG002 instead of THG001"),
        ({"waivers/w.yaml": waiver(by="boss@x.example")}, "other", "W-1", "approved_by: boss@x.example"),
        ({"policy/keys.json": keys(key())}, "stronger", "trust.keys", "sre@x.example is no longer trusted for tenantgate:evidence"),
        ({"policy/keys.json": keys(key(), key(TWO, "sre@x.example", EVIDENCE), key(usage=EVIDENCE))}, "weaker", "trust.keys", "of ci@x.example is trusted for tenantgate:evidence"),
        ({"policy/keys.json": keys(key(identity="evil@x.example"), key(TWO, "sre@x.example", EVIDENCE))}, "weaker", "trust.keys", "speaks for evil@x.example (before: ci@x.example)"),
        ({"policy/keys.json": keys(key(start=START - timedelta(1)), key(TWO, "sre@x.example", EVIDENCE))}, "weaker", "trust.keys", "valid from 2024-12-31"),
        ({"policy/keys.json": keys(key(end=START + timedelta(900)), key(TWO, "sre@x.example", EVIDENCE))}, "stronger", "trust.keys", "valid until 2027-06-20"),
        ({"rules-of-ours/own/schemas/thing.json": SCHEMA % ', "extra": {"type": "string"}'}, "unclear", "thing", "the schema of the evidence kind thing changed"),
        ({"rules-of-ours/own/pack.yaml": PACK.format(name="own", kinds="thing", limits="more")}, "other", "own", "does not check changed"),
        ({A: control().replace("make it so", "make it right")}, "other", "THG001", "its fix changed"),
        ({A: control().replace("{name: small,", "{name: tiny,")}, "other", "THG001", "its examples changed"),
    ],
)  # fmt: skip
def test_a_change_and_what_it_means(
    change: Mapping[str, str | None], effect: str | None, subject: str, text: str
) -> None:
    found = compare(BEFORE, load(change), ON)
    if effect is None:
        assert found == ()
        return
    hits = [c for c in found if c.effect == effect and c.subject == subject and text in c.text]
    assert len(hits) == 1, found
    assert same_or_stronger(found) is (effect in ("stronger", "other"))


OPPOSITES = {"weaker": "stronger", "stronger": "weaker", "unclear": "unclear", "other": "other"}


@pytest.mark.parametrize(
    "change",
    [
        {B: None}, {A: control(severity="warn")}, {A: control(dates="block_from: '2027-01-01'\n")}, {A: control(min=1)},
        {A: control(dates="warn_from: '2027-01-01'\nblock_from: '2027-02-01'\n")}, {A: control(verified="false")},
        {A: control(limit=60)}, {A: control(limit=59)}, {Y: config(packs="governance, drills")}, {"waivers/w.yaml": None},
        {"waivers/w.yaml": waiver(expires="2027-01-01")}, {"policy/keys.json": keys(key())},
        {"policy/keys.json": keys(key(end=START + timedelta(900)), key(TWO, "sre@x.example", EVIDENCE))},
        {Y: config(more="waiver_max_days: 30")}, {Y: config(trust=", require_signed_policy: true")},
        {Y: config(more="gate_steps: [make thing]")}, {Y: config(more="golden_path: [{name: up, run: [make, up]}]")},
    ],
)  # fmt: skip
def test_the_way_back_is_the_opposite(change: Mapping[str, str | None]) -> None:
    after = load(change)
    there = [(c.effect, c.subject) for c in compare(BEFORE, after, ON) if c.subject != "gate.yaml"]
    back = [(c.effect, c.subject) for c in compare(after, BEFORE, ON) if c.subject != "gate.yaml"]

    assert sorted(back) == sorted((OPPOSITES[effect], subject) for effect, subject in there)
    assert there


def test_nothing_changed() -> None:
    assert compare(BEFORE, load({}), ON) == ()


def test_a_broken_query_in_the_making_is_open() -> None:
    """A parameter that the other version does not have, and a query whose examples can't be put to it."""
    found = compare(BEFORE, load({A: control().replace("word: a", "worse: a").replace("{word}", "{worse}")}), ON)

    assert [(c.effect, c.subject) for c in found if c.effect == "unclear"] == [("unclear", "THG001")]


@pytest.mark.parametrize(
    ("direction", "values", "effect"),
    [("look back further", (26, 52), "stronger"), ("look back less", (52, 26), "weaker")],
)
def test_a_parameter_that_looks_back_is_stricter_when_higher(
    direction: str, values: tuple[int, int], effect: str
) -> None:
    """The same word can mean either; the built-in purge series shows it by its own examples."""
    old, new = (
        load({Y: config(packs="governance, retention-and-purge", more=f"controls: {{PRG001: {{params: {{look_back_weeks: {n}}}}}}}")})
        for n in values
    )  # fmt: skip
    assert [c.effect for c in compare(old, new, ON) if c.subject == "PRG001"] == [effect], compare(old, new, ON)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*argv: str) -> tuple[int, str, str]:
        code = cli.run(["policy", *argv])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def repository(tmp_path: Path, git: Callable[..., str]) -> Path:
    root = tmp_path / "repo"
    for name, text in BASE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    return root


def test_revisions_folders_and_exit_codes(repository: Path, git: Callable[..., str], run: Run, tmp_path: Path) -> None:
    root = ("-C", str(repository))
    assert run("diff", "HEAD", *root)[0] == 0
    (repository / A).write_text(control(severity="warn"), "utf-8")
    code, out, _ = run("diff", "main", *root)
    assert code == 1
    assert "WEAKER (1)\n  THG001: warns where it only blocked\n" in out
    git(repository, "commit", "-qam", "weaker")
    assert run("diff", "HEAD~1", "HEAD", *root)[0] == 1
    assert run("diff", "HEAD", "HEAD~1", *root)[0] == 0
    code, out, _ = run("diff", "HEAD~1", str(repository), "--json", *root)
    document = json.loads(out)
    assert (code, document["same_or_stronger"]) == (1, False)
    assert document["changes"][0] == {"effect": "weaker", "subject": "THG001", "text": "warns where it only blocked"}
    assert document["from"]["origin"].startswith("commit ")


@pytest.mark.parametrize("where", ["no-such-revision", "HEAD~99", "-x"])
def test_asked_wrongly(repository: Path, run: Run, where: str) -> None:
    code, out, err = run("diff", "-C", str(repository), "--", where)

    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1


def test_a_policy_that_does_not_load_is_no_policy(repository: Path, run: Run) -> None:
    (repository / "gate.yaml").write_text("version: 2\n", "utf-8")
    assert run("diff", "HEAD", "-C", str(repository))[0] == 2
