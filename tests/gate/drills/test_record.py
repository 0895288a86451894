"""Drills that ran elsewhere: what a journal or a report claims against what its numbers say."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gate.model import Outcome

Value = dict[str, Any]
START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
PEOPLE = ("--requested-by", "release@summit.example", "--approved-by", "approver@summit.example")


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat(timespec="microseconds")


def entry(activity: Value, start: float, output: str = "", **more: Any) -> Value:
    """An activity as the Chaos Toolkit (1.44) writes it; each takes two seconds."""
    written = {
        "activity": activity, "output": {"status": 0, "stdout": output, "stderr": ""}, "start": at(start),
        "status": "succeeded", "end": at(start + 2), "duration": 2.0,
    }  # fmt: skip
    if "tolerance" in activity:
        written["tolerance_met"] = True
    return written | more


def chaos(playbook: Value) -> Value:
    """A journal of a run in which everything went well."""
    method = playbook["method"]
    (fine,) = playbook["steady-state-hypothesis"]["probes"]
    measured = method[2]["provider"]["arguments"][1].removeprefix("echo '").removesuffix("'")
    journal: Value = {
        "chaoslib-version": "1.44.0",
        "platform": "Linux",
        "node": "runner",
        "experiment": playbook,
        "start": at(0),
        "status": "completed",
        "deviated": False,
        "steady_states": {
            "before": {"steady_state_met": True, "probes": [entry(fine, 1)]},
            "after": {"steady_state_met": True, "probes": [entry(fine, 17)]},
            "during": [],
        },
        "run": [entry(method[0], 4), entry(method[1], 7), entry(method[2], 10, f"looked\n{measured}\n")],
        "rollbacks": [entry(playbook["rollbacks"][0], 20)],
        "end": at(30),
        "duration": 30.0,
    }
    unshared: Value = json.loads(json.dumps(journal))
    return unshared


@pytest.fixture
def record(site: Any, good: Value, tmp_path: Path) -> Callable[..., int]:
    """Writes a changed journal and records it."""

    def run(change: Callable[[Value], Any] = lambda _: None, *extra: str) -> int:
        journal = chaos(good)
        change(journal)
        path = tmp_path / "journal.json"
        path.write_text(json.dumps(journal), "utf-8")
        arguments = ("--journal", str(path), *PEOPLE, "--key", str(site.key), *extra)
        code: int = site.gate("drill", "record", *arguments)
        return code

    return run


def test_a_good_journal(site: Any, record: Any) -> None:
    assert record(lambda _: None, "--release", "1.4.0") == 0

    row = site.record()
    assert (row["status"], row["mode"], row["release"]) == ("completed", "execute", "1.4.0")
    assert row["components"][0]["rto_seconds"] == 8
    assert row["components"][0]["rpo_seconds"] == 2
    assert row["executed_by"] == "sre-oncall@summit.example"
    results = {r.control.id: r.outcome for r in site.judge().results if r.control.id.startswith("DRL")}
    assert set(results.values()) == {Outcome.PASS}, results


def put(*path: Any, to: Any) -> Callable[[Value], None]:
    def change(value: Value) -> None:
        node: Any = value
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = to

    return change


BEFORE = ("steady_states", "before", "probes", 0)
FAILED = {
    "exit 1 that is called succeeded": (put("run", 1, "output", "status", to=1), "repair: exited with 1"),
    "exit 1 in a rollback": (put("rollbacks", 0, "output", "status", to=1), "rollbacks: clean up: exited with 1"),
    "a failed activity in a completed run": (
        lambda j: j["run"][1].update(status="failed", output=None, exception=["Traceback\n", "  too long\n"]),
        "repair: too long",
    ),
    "failed without an exception": (put("run", 1, "status", to="failed"), "repair: did not succeed"),
    "an exception beside a success": (put("run", 1, "exception", to=["boom"]), "repair: boom"),
    "a dry run whose mark was taken out": (
        lambda j: [e.update(output=None, end=e["start"]) for e in j["run"]], "nothing was run"
    ),
    "no hypothesis was probed": (put("steady_states", "before", "probes", to=[]), "steady state before: 1 not run"),
    "not probed afterwards": (put("steady_states", "after", to=None), "steady state after: 1 not run"),
    "a tolerance called met": (
        lambda j: j["steady_states"]["before"]["probes"][0]["output"].update(status=2), "fine: exited with 2"
    ),
    "a step left out": (lambda j: j["run"].pop(), "method: 1 not run"),
    "rollbacks left out": (put("rollbacks", to=[]), "rollbacks: 1 not run"),
    "an exit status that is true": (put("run", 0, "output", "status", to=True), "it has no exit status"),
    "an output that is text": (put("run", 0, "output", to="ok"), "it has no exit status"),
    "nothing measured": (put("run", 2, "output", "stdout", to="done"), "not both measured"),
    "measured on the wrong stream": (
        lambda j: j["run"][2]["output"].update(stdout="", stderr=j["run"][2]["output"]["stdout"]), "not both measured"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILED)
def test_a_journal_that_calls_a_failure_a_success(site: Any, record: Any, capsys: Any, case: str) -> None:
    change, said = FAILED[case]

    assert record(change) == 1

    assert said in capsys.readouterr().out
    assert site.record()["status"] == "failed"
    assert "DRL001" in {r.control.id for r in site.judge().results if r.outcome is Outcome.FAIL}


DRY = {
    "actions": put("experiment", "dry", to="actions"),
    "any other mark": put("experiment", "dry", to="pause"),
    "on the journal": put("dry", to="actions"),
    "on an activity": put("run", 0, "dry", to=True),
    "our own": put("tenantgate", to={"mode": "dry-run"}),
    "our own, unheard of": put("tenantgate", to={"mode": "rehearse"}),
}


@pytest.mark.parametrize("case", DRY)
def test_anything_dry_is_not_an_execution(site: Any, record: Any, case: str) -> None:
    record(DRY[case])

    row = site.record()
    assert row["mode"] == "dry-run"
    assert row["components"] == []
    assert "DRL001" in {r.control.id for r in site.judge().results if r.outcome is Outcome.FAIL}


def test_an_interrupted_run(site: Any, record: Any) -> None:
    assert record(put("status", to="interrupted")) == 130
    assert site.record()["status"] == "interrupted"


def test_a_missed_target(site: Any, record: Any, capsys: Any) -> None:
    assert record(lambda j: (put("run", 2, "end", to=at(90))(j), put("end", to=at(99))(j),
                             put("rollbacks", 0, "start", to=at(91))(j), put("rollbacks", 0, "end", to=at(92))(j))) == 1  # fmt: skip
    assert "RTO 86 s; the target is 60 s" in capsys.readouterr().out


REFUSED = {
    "a changed experiment": (put("experiment", "title", to="Rest0re"), "none of the playbooks"),
    "laxer targets": (put("experiment", "extensions", 0, "targets", "rto_seconds", to=9999), "none of the playbooks"),
    "no experiment": (put("experiment", to=None), "not a journal"),
    "another activity in its place": (
        put("run", 1, "activity", "provider", "arguments", to=["-c", "true"]), "'repair' is another one"
    ),
    "one activity too many": (lambda j: j["run"].append(j["run"][0]), "4 activities ran, the playbook has 3"),
    "backwards": (put("end", to=at(-1)), "ends before it starts"),
    "no time at all": (put("end", to=at(0)), "ends before it starts"),
    "in the future": (put("end", to="2999-01-01T00:00:00+00:00"), "in the future"),
    "times without a zone": (put("start", to="2026-01-01T00:00:00"), "no offset"),
    "a time that is a number": (put("start", to=0), "start: is missing"),
    "a step outside the run": (put("run", 0, "start", to=at(-60)), "outside the run"),
    "a step that runs backwards": (put("run", 0, "end", to=at(1)), "outside the run"),
    "a step without times": (lambda j: j["run"][0].pop("end"), "end: is missing"),
    "no steady states": (put("steady_states", to=None), "steady_states"),
    "a run that is no list": (put("run", to={}), "run: is missing or not a list"),
    "entries that are no objects": (put("run", to=[1, 2, 3]), "run: is missing or not a list"),
    "probed in the background": (put("steady_states", "during", to=[{}]), "in the background"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_journal_of_an_approved_playbook(site: Any, record: Any, capsys: Any, case: str) -> None:
    change, said = REFUSED[case]

    assert record(change) == 2

    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert not site.store.exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": NaN}', '{"a": 1, "a": 2}', "null", "[" * 500, "\ufeff{}"])
def test_what_is_no_json_object(site: Any, tmp_path: Path, capsys: Any, text: str) -> None:
    path = tmp_path / "journal.json"
    path.write_text(text, "utf-8")

    for flag in ("--journal", "--report"):
        assert site.gate("drill", "record", flag, str(path), *PEOPLE, "--key", str(site.key)) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_one_journal_is_recorded_once(site: Any, record: Any, capsys: Any) -> None:
    assert record() == 0
    capsys.readouterr()
    before = site.stored()

    assert record() == 2

    assert "recorded already" in capsys.readouterr().err
    assert site.stored() == before


def test_a_journal_of_our_own_can_be_recorded_where_it_did_not_run(site: Any, capsys: Any) -> None:
    assert site.drill() == 0
    first = site.record()
    (journal,) = (site.store / "journals").iterdir()
    other = site.root / "other"

    arguments = ("--journal", str(journal), *PEOPLE, "--key", str(site.key), "--store", str(other))
    assert site.gate("drill", "record", *arguments) == 0

    (again,) = (other / "journals").iterdir()
    assert again.read_bytes() == journal.read_bytes()
    assert again.name == journal.name == f"{first['id']}.json"


def test_a_secret_in_a_journal_is_not_stored(site: Any, record: Any, capsys: Any) -> None:
    token = "ghp_" + "a1B2c3D4" * 5

    assert record(put("run", 0, "output", "stderr", to=f"pushed with {token}")) == 0

    shown = capsys.readouterr()
    assert "holds what looks like a secret" in shown.err
    assert token not in shown.out + shown.err + "".join((site.store / n).read_text() for n in site.stored())


def report(site: Any, good: Value) -> Value:
    """A report as another tool might write it; what the policy and the key know is left to them."""
    names = [("fine", "probe"), ("destroy", "action"), ("verify", "probe"), ("fine", "probe")]
    return {
        "playbook": "playbooks/dr.yaml",
        "mode": "execute",
        "started_at": at(0).replace("+00:00", "Z"),
        "finished_at": at(900).replace("+00:00", "Z"),
        "status": "completed",
        "steady_state_before": True,
        "steady_state_after": True,
        "steps": [{"name": n, "kind": k, "status": "succeeded", "duration_ms": 5, "exit_code": 0} for n, k in names],
        "components": [
            {
                "name": "database",
                "rto_target_seconds": 60,
                "rto_seconds": 50,
                "rpo_target_seconds": 30,
                "rpo_seconds": 1,
            }
        ],
        "restore_validation": {"query": "q", "expected": "1", "observed": "1"},
        "journal_sha256": "ab" * 32,
    }


def send(site: Any, tmp_path: Path, value: Any, *extra: str) -> int:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(value), "utf-8")
    code: int = site.gate("drill", "record", "--report", str(path), *PEOPLE, "--key", str(site.key), *extra)
    return code


def test_a_plain_report_is_completed_and_signed(site: Any, good: Value, tmp_path: Path) -> None:
    assert send(site, tmp_path, report(site, good), "--release", "1.4.0") == 0

    row = site.record()
    assert (row["kind"], row["severity"], row["environment"]) == ("dr-restore", "major", "rehearsal")
    assert (row["executed_by"], row["release"]) == ("sre-oncall@summit.example", "1.4.0")
    assert row["recorded_at"] > row["finished_at"]
    results = {r.control.id: r.outcome for r in site.judge().results if r.control.id.startswith("DRL")}
    assert set(results.values()) == {Outcome.PASS}, results


def test_a_report_of_a_missed_target_is_recorded(site: Any, good: Value, tmp_path: Path) -> None:
    value = report(site, good)
    value["components"][0]["rto_seconds"] = 61

    assert send(site, tmp_path, value) == 1
    assert site.record()["components"][0]["rto_seconds"] == 61


CONTRADICTED = {
    "executed by somebody else": (put("executed_by", to="ceo@summit.example"), "executed_by: is not what"),
    "approved by somebody else": (put("approved_by", to="ceo@summit.example"), "approved_by: is not what"),
    "another severity": (put("severity", to="minor"), "severity: is not what"),
    "another version of the playbook": (put("playbook_sha256", to="cd" * 32), "playbook_sha256: is not what"),
    "an unknown playbook": (put("playbook", to="playbooks/other.yaml"), "not one of those"),
    "laxer targets": (put("components", 0, "rto_target_seconds", to=9999), "not those of the playbook"),
    "another component": (put("components", 0, "name", to="cache"), "measures no component"),
    "recovered longer than it took": (put("components", 0, "rto_seconds", to=99_999), "longer than the drill"),
    "a failed step": (put("steps", 1, "status", to="failed"), "'destroy' did not succeed"),
    "a step that exited with 1": (put("steps", 1, "exit_code", to=1), "'destroy' did not succeed"),
    "a skipped step": (put("steps", 1, "status", to="skipped"), "'destroy' did not succeed"),
    "not steady": (put("steady_state_after", to=False), "did not hold before and after"),
    "backwards": (put("finished_at", to="2020-01-01T00:00:00Z"), "ends before it starts"),
    "in the future": (put("finished_at", to="2999-01-01T00:00:00Z"), "in the future"),
    "a misspelt key": (put("sevrity", to="major"), "unknown key 'sevrity' (did you mean 'severity'?)"),
    "without its journal": (lambda r: r.pop("journal_sha256"), "'journal_sha256' is missing"),
    "a time without a zone": (put("started_at", to="2026-01-01T00:00:00"), "date-time"),
    "an id that leaves the store": (put("id", to="../../../x"), "id: must match"),
    "a negative measure": (put("components", 0, "rpo_seconds", to=-1), "rpo_seconds"),
    "a measure with a fraction": (put("components", 0, "rpo_seconds", to=1.5), "rpo_seconds"),
}


@pytest.mark.parametrize("case", CONTRADICTED)
def test_a_report_that_contradicts_itself_is_refused(
    site: Any, good: Value, tmp_path: Path, capsys: Any, case: str
) -> None:
    change, said = CONTRADICTED[case]
    value = report(site, good)
    change(value)

    assert send(site, tmp_path, value) == 2

    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert not site.store.exists()
