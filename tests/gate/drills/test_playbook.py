"""Playbooks that must not be approved: each case is a drill that would have proved nothing, or done something else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gate import run
from gate.drills import playbook as playbooks
from gate.model import GateError, Policy

Value = dict[str, Any]


def put(*path: Any, to: Any) -> Callable[[Value], None]:
    """A change: set (or with None remove) the node at a path of keys and indexes."""

    def change(value: Value) -> None:
        node: Any = value
        for key in path[:-1]:
            node = node[key]
        if to is None:
            del node[path[-1]]
        else:
            node[path[-1]] = to

    return change


PROBE = ("steady-state-hypothesis", "probes", 0)
DRILL = ("extensions", 0)
SECRET = {"vault": {"token": {"type": "env", "key": "DRILL_TOKEN"}}}


def both(*changes: Callable[[Value], None]) -> Callable[[Value], None]:
    def change(value: Value) -> None:
        for one in changes:
            one(value)

    return change


REFUSED = {
    "misspelt key": (put("methods", to=[]), "unknown key 'methods' (did you mean 'method'?)"),
    "misspelt key in an activity": (put("method", 0, "tolerence", to=0), "unknown key 'tolerence'"),
    "misspelt key of ours": (put(*DRILL, "severty", to="major"), "unknown key 'severty' (did you mean 'severity'?)"),
    "background": (put("method", 0, "background", to=True), "background activities are not supported"),
    "controls of the run": (put("controls", to=[]), "controls: not supported"),
    "controls of an activity": (put("method", 0, "controls", to=[]), "Python that runs inside the runner"),
    "runtime strategy": (put("runtime", to={}), "runtime: not supported"),
    "reference": (put("method", 0, to={"ref": "fine"}), "references to other activities"),
    "python provider": (put("method", 0, "provider", "type", to="python"), "provider 'python' is not supported"),
    "http provider": (put("method", 0, "provider", "type", to="http"), "provider 'http' is not supported"),
    "arguments for a shell": (put("method", 0, "provider", "arguments", to="-c 'rm -rf /'"), "arguments: write a list"),
    "no time-out": (put("method", 0, "provider", "timeout", to=0), "timeout"),
    "boolean time-out": (put("method", 0, "provider", "timeout", to=True), "timeout"),
    "no hypothesis": (put("steady-state-hypothesis", to=None), "'steady-state-hypothesis' is missing"),
    "empty hypothesis": (put("steady-state-hypothesis", "probes", to=[]), "probes"),
    "probe without tolerance": (put(*PROBE, "tolerance", to=None), "'tolerance' is missing"),
    "tolerance that accepts a crash": (put(*PROBE, "tolerance", to=1), "accepts a probe that failed"),
    "tolerance of several values": (put(*PROBE, "tolerance", to=[0, 1]), "tolerance: only"),
    "jsonpath": (put(*PROBE, "tolerance", to={"type": "jsonpath", "path": "$"}), "tolerance: only"),
    "empty text": (put(*PROBE, "tolerance", to=" "), "prints that did nothing"),
    "regex that matches anything": (put(*PROBE, "tolerance", to={"type": "regex", "pattern": ".*"}), "an empty text"),
    "broken regex": (put(*PROBE, "tolerance", to={"type": "regex", "pattern": "("}), "not a usable"),
    "regex with a backreference": (
        put(*PROBE, "tolerance", to={"type": "regex", "pattern": r"(a)\1"}), "not a usable",
    ),
    "backwards range": (put(*PROBE, "tolerance", to={"type": "range", "range": [5, 1]}), "from 5 down to 1"),
    "only probes": (both(put("method", 0, to=None), put("method", 0, to=None), put(*DRILL, "severity", to="minor"),
                         put(*DRILL, "measure", to=None), put(*DRILL, "targets", to=None)), "without an action"),
    "rollback that is a probe": (put("rollbacks", 0, "type", to="probe"), "rollbacks.0.type"),
    "one name twice": (put("method", 1, "name", to="destroy"), "stands twice"),
    "name with a newline": (put("method", 0, "name", to="a\nfake"), "method.0.name"),
    "name with a terminal escape": (put("method", 0, "name", to="\x1b[2Ja"), "method.0.name"),
    "name that turns the text round": (put("method", 0, "name", to="a\u202eb"), "method.0.name"),
    "tenant with a newline": (put(*DRILL, "tenants", to=["a\nb"]), "tenants.0"),
    "program with a zero byte": (put("method", 0, "provider", "path", to="sh\x00"), "path"),
    "major without a measure": (both(put(*DRILL, "measure", to=None), put(*DRILL, "targets", to=None)),
                                "a major drill needs targets and measure"),
    "targets without a measure": (put(*DRILL, "measure", to=None), "belong together"),
    "measured activity that does not exist": (
        put(*DRILL, "measure", "rpo", "activity", to="verfy"), "no activity 'verfy' in the method (did you mean 'verify'?)",
    ),
    "measured in a rollback": (put(*DRILL, "measure", "rto", "to", to="clean up"), "no activity 'clean up'"),
    "disaster that is a probe": (put(*DRILL, "measure", "rto", "from", to="verify"), "a disaster is an action"),
    "recovered before the disaster": (
        both(put(*DRILL, "measure", "rto", "from", to="repair"), put(*DRILL, "measure", "rto", "to", to="destroy")),
        "comes after the disaster",
    ),
    "no extension": (put(*DRILL, "name", to="other"), "exactly one must be named"),
    "two extensions": (lambda v: v["extensions"].append(v["extensions"][0]), "exactly one must be named"),
    "unknown name": (put("method", 0, "provider", "arguments", to=["${nowhere}"]), "${nowhere} is not known"),
    "secret without its group": (
        both(put("secrets", to=SECRET), put("method", 0, "provider", "arguments", to=["${token}"])), "is not known",
    ),
    "unknown group": (
        both(put("secrets", to=SECRET), put("method", 0, "provider", "secrets", to=["vaul"])), "did you mean 'vault'?",
    ),
    "secret as a program": (put("method", 0, "provider", "path", to="${token}"), "a program is named outright"),
    "secret in the clear": (put("secrets", to={"vault": {"token": "hunter2"}}), "secrets.vault.token"),
}  # fmt: skip


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    root = tmp_path_factory.mktemp("policy")
    config = 'version: 1\npolicy_version: "1"\nproject: t\npacks: [drills, governance]\n'
    (root / "gate.yaml").write_text(config, "utf-8")
    return run.load_policy(root, None)


def read(policy: Policy, text: str, name: str = "playbooks/dr.yaml") -> playbooks.Playbook:
    return playbooks.read(replace(policy, files={**policy.files, name: text.encode()}), name)


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_file_and_line(policy: Policy, good: Value, case: str) -> None:
    change, said = REFUSED[case]
    change(good)

    with pytest.raises(GateError) as caught:
        read(policy, json.dumps(good, indent=1))

    message = str(caught.value)
    assert said in message
    assert message.startswith("playbooks/dr.yaml:")
    assert int(message.split(":")[1]) >= 1


def test_the_line_is_that_of_the_mistake(policy: Policy, good: Value) -> None:
    good["method"][1]["tolerence"] = 0
    text = json.dumps(good, indent=1)

    with pytest.raises(GateError) as caught:
        read(policy, text)

    line = int(str(caught.value).split(":")[1])
    assert "tolerence" in text.splitlines()[line - 1]


@pytest.mark.parametrize("text", ["", "[]", "a: &a [*a]", "title: [", "- 1\n---\n- 2", "title: a\ntitle: b"])
def test_what_is_no_playbook_at_all(policy: Policy, text: str) -> None:
    with pytest.raises(GateError, match=r"^playbooks/dr\.yaml:"):
        read(policy, text)


def test_a_json_playbook_names_its_file(policy: Policy, good: Value) -> None:
    assert read(policy, json.dumps(good), "p.json").kind == "dr-restore"
    with pytest.raises(GateError, match=r"^p\.json"):
        read(policy, '{"title": NaN}', "p.json")


def test_defaults_of_the_measure(policy: Policy, good: Value) -> None:
    measure = read(policy, json.dumps(good)).measure

    assert measure is not None
    assert measure.restore_validation == playbooks.Reading("verify", ("restore_validation",))
    assert measure.canary_found == playbooks.Reading("verify", ("canary", "found"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("playbooks/dr.yml", "did you mean 'playbooks/dr.yaml'?"),
        ("../site/playbooks/../other.yaml", "not among the playbooks"),
        ("/etc/passwd", "not among the playbooks"),
        ("gate.yaml", "not among the playbooks"),
        ("drafts/dr.yaml", "not among the playbooks"),
    ],
)
def test_only_approved_playbooks(site: Any, good: Value, given: str, said: str) -> None:
    site.playbook(good, "drafts/dr.yaml")

    with pytest.raises(GateError, match="not among") as caught:
        playbooks.load(site.policy(), site.root, Path(given))

    assert said in str(caught.value)


def test_a_path_may_be_absolute_or_roundabout(site: Any) -> None:
    policy = site.policy()
    for given in (Path("playbooks/dr.yaml"), site.root / "playbooks/dr.yaml", Path("./playbooks/../playbooks/dr.yaml")):
        assert playbooks.load(policy, site.root, given).name == "playbooks/dr.yaml"


def test_a_policy_that_approves_none(site: Any) -> None:
    (site.root / "playbooks/dr.yaml").unlink()

    with pytest.raises(GateError, match="no playbook is approved"):
        playbooks.load(site.policy(), site.root, Path("playbooks/dr.yaml"))


def configured(policy: Policy, good: Value, configuration: Value, secrets: Value) -> playbooks.Playbook:
    return read(policy, json.dumps({**good, "configuration": configuration, "secrets": secrets}))


def test_names_are_looked_up_before_anything_runs(policy: Policy, good: Value) -> None:
    good["method"][0]["provider"] |= {"arguments": ["${host}:${port}", "${token}", "$host"], "secrets": ["vault"]}
    host = {"type": "env", "key": "DB_HOST", "default": "localhost"}
    playbook = configured(policy, good, {"host": host, "port": 5432}, SECRET)

    values = playbooks.values(playbook, {"DRILL_TOKEN": "s3cret-${host}"})

    assert values.arguments(playbook.method[0]) == ("localhost:5432", "s3cret-${host}", "$host")
    for environment, said in (({}, "DRILL_TOKEN is not set"), ({"DRILL_TOKEN": "short"}, "shorter than 8")):
        with pytest.raises(GateError, match=said):
            playbooks.values(playbook, environment)
    without = {"type": "env", "key": "DB_HOST"}
    with pytest.raises(GateError, match="DB_HOST is not set"):
        playbooks.values(configured(policy, good, {"host": without, "port": 1}, SECRET), {})
