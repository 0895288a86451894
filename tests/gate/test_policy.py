"""What does not load: every way a policy can be wrong is one line with file, place and remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gate import policy
from gate.model import GateError, Policy, Severity
from gate.tree import WorkTree
from gate.trial import failures

Load = Callable[..., Policy]
THG = "policy/rules/own/controls/THG001.yaml"


def test_a_policy_loads_with_its_own_and_the_built_in_packs(loaded: Load) -> None:
    found = loaded()

    assert found.version == "1"
    assert {"THG001", "WVR001", "SRC001"} <= {c.id for c in found.controls}
    assert found.control("THG001") is not None
    assert found.origin == "work tree"


def edit(control_text: Callable[[str], str], *changes: tuple[str, str]) -> str:
    text = control_text("THG001")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("unknown key", "owner:", "ownr: x\nowner:", f"{THG}:6: unknown key 'ownr' (did you mean 'owner'?)"),
        ("no failing example", "  fail:\n", "  fall:\n", "unknown key 'fall'"),
        ("delete", "SELECT t.id AS subject, t.count AS count FROM thing AS t WHERE t.count > $limit", "DELETE FROM thing",
         f"{THG}:14: query: not one SELECT"),
        ("two statements", "> $limit", "> $limit; SELECT 1", "several statements"),
        ("clock", "> $limit", "> $limit AND now() IS NOT NULL", "the function now() is outside"),
        ("clock without parentheses", "> $limit", "> $limit AND current_date IS NOT NULL", "$as_of is the only clock"),
        ("randomness", "> $limit", "> $limit AND random() > 0", "the function random()"),
        ("file", "FROM thing AS t", "FROM 'x.csv' AS t", "reading a file"),
        ("table function", "FROM thing AS t", "FROM read_csv('x') AS t", "TABLE_FUNCTION"),
        ("environment", "> $limit", "> $limit AND getenv('HOME') = ''", "the function getenv()"),
        ("star", "SELECT t.id AS subject, t.count AS count", "SELECT *", "SELECT * (name the columns)"),
        ("limit", "> $limit", "> $limit LIMIT 1", "LIMIT is not allowed"),
        ("division", "t.count AS count", "t.count / 2 AS count", "int_div"),
        ("syntax", "SELECT t.id", "SELEC t.id", f"{THG}:14: query: not one SELECT"),
        ("unknown table", "FROM thing AS t", "FROM thong AS t", "unknown table 'thong' (did you mean 'thing'?)"),
        ("undeclared evidence", "FROM thing AS t", "FROM waiver AS t", "reads 'waiver'; declare it under evidence"),
        ("catalogue", "FROM thing AS t", "FROM information_schema.tables AS t", "a table of another schema"),
        ("hidden by a CTE", "SELECT t.id", "WITH thing AS (SELECT 1 AS id, 2 AS count) SELECT t.id", "hides the evidence table"),
        ("recursion", "SELECT t.id AS subject, t.count AS count FROM thing AS t WHERE t.count > $limit",
         "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 AS n FROM r) SELECT n AS subject, $limit AS count FROM r", "WITH RECURSIVE"),
        ("unknown column", "t.count >", "t.cnt >", 'a column named "cnt"'),
        ("no subject", "t.id AS subject", "t.id AS topic", "must return a column named subject"),
        ("unknown parameter", "$limit", "$limt", "$limt is not a parameter (did you mean 'limit'?)"),
        ("unused parameter", "{limit: 5}", "{limit: 5, other: 1}", "'other' is used by neither query nor message"),
        ("message names nothing", "has {count}", "has {cuont}", "{cuont} is neither a column"),
        ("message reaches into a value", "has {count}", "has {count.__class__}", "is neither a column"),
        ("unknown kind", "  thing: {min: 1}", "  thng: {min: 1}", "unknown kind 'thng' (did you mean 'thing'?)"),
        ("example of another kind", "records: {thing: [{}]}", "records: {waiver: []}", "'waiver' is not in this control's evidence"),
        ("example breaks the schema", "[{count: 6}]", "[{count: six}]", "count: must be of type integer"),
        ("example without a zone", '"2026-11-21T00:00:00Z", expect', '"2026-11-21T00:00:00", expect', "as_of"),
        ("unknown stage", "[check, release]", "[check, relaese]", "must be one of check, release, ga"),
        ("bad id", "id: THG001", "id: thing-1", "id: must match"),
    ],
)  # fmt: skip
def test_a_wrong_control_does_not_load(
    loaded: Load, control_text: Callable[[str], str], name: str, old: str, new: str, said: str
) -> None:
    with pytest.raises(GateError) as error:
        loaded({THG: edit(control_text, (old, new))})

    assert said in str(error.value), str(error.value)
    assert str(error.value).startswith(THG), str(error.value)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("no gate.yaml", {"gate.yaml": None}, "gate.yaml: not found in the work tree"),
        ("unknown pack", {"gate.yaml": ("[governance]", "[govrnance]")}, "gate.yaml:5: packs: unknown pack 'govrnance' (did you mean 'governance'?)"),
        ("unknown key", {"gate.yaml": ("rules:", "rulse:")}, "gate.yaml:6: unknown key 'rulse' (did you mean 'rules'?)"),
        ("own pack missing", {"gate.yaml": ("policy/rules", "policy/rule")}, "rules: no pack.yaml under 'policy/rule'"),
        ("override of nothing", {"gate.yaml": ("evidence:", "controls: {THG002: {severity: warn}}\nevidence:")}, "unknown control 'THG002'"),
        ("override with a wrong type", {"gate.yaml": ("evidence:", 'controls: {THG001: {params: {limit: "5"}}}\nevidence:')}, "must be of type int"),
        ("trusted keys missing", {"gate.yaml": ("evidence:", "trust: {keys: keys.json}\nevidence:")}, "the file 'keys.json' does not exist"),
        ("empty version", {"gate.yaml": ('policy_version: "1"', 'policy_version: ""')}, "gate.yaml:3: policy_version"),
        ("pack name", {"policy/rules/own/pack.yaml": ("name: own", "name: other")}, "is not the folder's name"),
        ("kind without schema", {"policy/rules/own/pack.yaml": ("[thing]", "[thing, more]")}, "'more' has no schema"),
        ("a pack without one that it requires", {"gate.yaml": ("[governance]", "[governance, quotas]")},
         "gate.yaml:5: packs: the pack quotas asks for evidence of the pack tenant-zero; add tenant-zero to packs in gate.yaml"),
        ("an own pack without one that it requires", {"policy/rules/own/pack.yaml": ("kinds:", "requires: [slo]\nkinds:")},
         "own/pack.yaml:5: requires: the pack own asks for evidence of the pack slo; add slo to packs in gate.yaml"),
        ("evidence of a pack that is not required", {THG: ("  thing: {min: 1}", "  thing: {min: 1}\n  waiver: {min: 0}")},
         "evidence: waiver is a kind of the pack governance; say `requires: [governance]` in policy/rules/own/pack.yaml"),
        ("floats", {"policy/rules/own/schemas/thing.json": ('"integer"', '"number"')}, "needs exactly one portable type"),
        ("remote reference", {"policy/rules/own/schemas/thing.json": ('{"type": "string"}', '{"$ref": "http://example.com/x"}')}, "thing"),
        ("duplicate JSON key", {"policy/rules/own/schemas/thing.json": ('"required"', '"type": "object", "required"')}, "not strict JSON"),
    ],
)  # fmt: skip
def test_a_wrong_policy_does_not_load(
    project: Callable[..., Path], name: str, changes: dict[str, tuple[str, str] | None], said: str
) -> None:
    root = project()
    for path, change in changes.items():
        if change is None:
            (root / path).unlink()
        else:
            text = (root / path).read_text("utf-8")
            assert change[0] in text
            (root / path).write_text(text.replace(*change, 1), "utf-8")

    with pytest.raises(GateError) as error:
        policy.load(WorkTree(root))

    assert said in str(error.value), str(error.value)
    assert "\n" not in str(error.value)


def test_two_controls_of_one_id_do_not_load(loaded: Load, control_text: Callable[[str], str]) -> None:
    with pytest.raises(GateError, match="id: THG001 is already used by"):
        loaded({"policy/rules/own/controls/twin.yaml": control_text("THG001")})


WAIVER = """
id: W-1
control: THG001
scope: {fingerprint: 0123456789abcdef0123456789abcdef}
reason: A long enough reason for this test.
owner: owner@example.com
requested_by: a@example.com
approved_by: b@example.com
created: 2026-11-01
expires: 2026-12-01
ticket: T-1
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("control: THG001", "control: THG009", "no control 'THG009' in this policy (did you mean 'THG001'?)"),
        ("scope: {fingerprint: 0123456789abcdef0123456789abcdef}", "scope: {}", "scope: violates minProperties (1)"),
        ("ticket: T-1", "", "the key 'ticket' is missing"),
        ("expires: 2026-12-01", "expires: never", "expires: must be a valid date"),
        ("ticket: T-1", "ticket: T-1\ndefect: none", "is computed by the gate"),
        ("reason: A long enough reason for this test.", "reason: because", "reason: violates minLength (20)"),
    ],
)
def test_a_wrong_waiver_does_not_load(loaded: Load, old: str, new: str, said: str) -> None:
    with pytest.raises(GateError, match=r"^waivers/w\.yaml:\d+: ") as error:
        loaded({"waivers/w.yaml": WAIVER.replace(old, new)})

    assert said in str(error.value), str(error.value)


def test_overrides_change_only_what_they_name(loaded: Load) -> None:
    config = 'version: 1\npolicy_version: "1"\nproject: t\npacks: [governance]\nrules: [policy/rules]\n'
    found = loaded(
        {"gate.yaml": config + "controls: {THG001: {severity: warn, block_from: 2027-01-01, params: {limit: 9}}}\n"}
    )
    control = found.control("THG001")

    assert control is not None
    assert (control.severity, control.params["limit"], str(control.block_from)) == (Severity.WARN, 9, "2027-01-01")
    assert control.owner == "tests"


@pytest.mark.parametrize("path", ["gate.yaml", THG, "policy/rules/own/schemas/thing.json", "waivers/w.yaml"])
def test_the_digest_changes_with_every_file_of_the_policy(project: Callable[..., Path], path: str) -> None:
    root = project({"waivers/w.yaml": WAIVER})
    before = policy.load(WorkTree(root)).digest
    assert policy.load(WorkTree(root)).digest == before

    target = root / path
    target.write_text(target.read_text("utf-8") + "\n", "utf-8")

    assert policy.load(WorkTree(root)).digest != before


def test_the_digest_is_what_coreutils_compute() -> None:
    import hashlib

    files = {"b": b"2", "a": b"1"}
    lines = "".join(f"{hashlib.sha256(files[n]).hexdigest()}  {n}\n" for n in ("a", "b")) + "tenantgate 9\n"

    assert policy.digest(files, "9") == hashlib.sha256(lines.encode()).hexdigest()
    assert policy.digest(files, "9.1") != policy.digest(files, "9")


ALL = 'version: 1\npolicy_version: "1"\nproject: all\npacks: [{}]\n'


@pytest.fixture(scope="session")
def built_in(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    root = tmp_path_factory.mktemp("all")
    packs = sorted(p.parent.name for p in policy.rules_root().glob("*/pack.yaml"))
    (root / "gate.yaml").write_text(ALL.format(", ".join(packs)), "utf-8")
    return policy.load(WorkTree(root))


def test_every_built_in_control_does_what_its_examples_say(built_in: Policy) -> None:
    assert failures(built_in.controls, built_in.kinds) == []


def test_every_built_in_control_can_be_acted_on(built_in: Policy) -> None:
    for control in built_in.controls:
        assert len(control.why) > 40, control.id
        assert control.title[0].isupper(), control.id
        assert not control.title.endswith("."), control.id
        assert sum(not e.passes for e in control.examples) >= 1, control.id


def test_an_example_that_comes_out_differently_is_reported(loaded: Load, control_text: Callable[[str], str]) -> None:
    wrong = loaded({THG: edit(control_text, ("[{count: 6}]", "[{count: 5}]"))})

    said = failures([c for c in wrong.controls if c.id == "THG001"], wrong.kinds)
    assert len(said) == 1
    assert "expected fail, got pass" in said[0]


def test_every_file_format_has_a_schema_that_is_valid_json() -> None:
    for name in policy.FORMATS:
        schema: Any = json.loads((policy.rules_root() / policy.FORMATS[name]).read_text("utf-8"))
        assert schema["additionalProperties"] is False
