"""Drills that really run: processes, time-outs, rollbacks, signals, full disks; and what is on record afterwards."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gate.model import Outcome

Value = dict[str, Any]
Activity = Callable[..., Value]


def text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.01)


def test_a_drill_that_went_well(site: Any, capfd: Any) -> None:
    artifact = site.root / "release.tar"
    artifact.write_bytes(b"release")

    code = site.drill("--release", "1.4.0", "--artifact", str(artifact), "--environment", "staging")

    shown = capfd.readouterr()
    assert code == 0
    assert text(site.root / "ran") == "gone\nback\n"
    assert text(site.root / "rolled-back") == "cleaned\n"
    row = site.record()
    assert row["status"] == "completed"
    assert (row["mode"], row["severity"], row["release"], row["environment"]) == (
        "execute",
        "major",
        "1.4.0",
        "staging",
    )
    assert row["executed_by"] == "sre-oncall@summit.example"
    assert [(s["name"], s["kind"], s["status"], s["exit_code"]) for s in row["steps"]] == [
        ("fine", "probe", "succeeded", 0),
        ("destroy", "action", "succeeded", 0),
        ("repair", "action", "succeeded", 0),
        ("verify", "probe", "succeeded", 0),
        ("fine", "probe", "succeeded", 0),
        ("clean up", "rollback", "succeeded", 0),
    ]
    assert row["components"] == [
        {"name": "database", "rto_target_seconds": 60, "rto_seconds": 1, "rpo_target_seconds": 30, "rpo_seconds": 2}
    ]
    assert row["restore_validation"] == {"query": "SELECT 1", "expected": "12", "observed": "12"}
    assert row["canary"] == {"written": "c1", "found": "c1"}
    (record,) = (n for n in site.stored() if n.startswith("drill_report/"))
    assert f"recorded as .gate/evidence/{record}" in shown.out
    assert "action destroy: succeeded" in shown.err
    results = {r.control.id: r.outcome for r in site.judge().results if r.control.id.startswith("DRL")}
    assert set(results.values()) == {Outcome.PASS}, results


def test_the_journal_is_that_of_the_record(site: Any) -> None:
    import hashlib

    assert site.drill() == 0

    (path,) = (site.store / "journals").iterdir()
    row, journal = site.record(), site.journal()
    assert row["journal_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert row["playbook_sha256"] == hashlib.sha256((site.root / "playbooks/dr.yaml").read_bytes()).hexdigest()
    assert path.stem == row["id"]
    assert journal["status"] == "completed"
    assert not journal["deviated"]
    assert [entry["activity"]["name"] for entry in journal["run"]] == ["destroy", "repair", "verify"]
    assert journal["steady_states"]["after"]["steady_state_met"]
    assert "dry" not in journal["experiment"]


def test_recovery_time_is_that_between_the_anchors(site: Any, good: Value) -> None:
    good["method"][1]["provider"]["arguments"] = ["-c", "sleep 1.2"]
    good["steady-state-hypothesis"]["probes"][0]["provider"]["arguments"] = ["-c", "sleep 0.9"]
    site.playbook(good)

    assert site.drill() == 0
    assert site.record()["components"][0]["rto_seconds"] == 2


def changed(good: Value, section: str, index: int, script: str) -> Value:
    items = good["steady-state-hypothesis"]["probes"] if section == "hypothesis" else good[section]
    items[index]["provider"]["arguments"] = ["-c", script]
    return good


FAILURES = {
    "an action failed": ("method", 1, "exit 3", "method: repair: exited with 3"),
    "a probe was not met": ("method", 2, "exit 1", "method: verify: exited with 1"),
    "a rollback failed": ("rollbacks", 0, "exit 1", "rollbacks: clean up: exited with 1"),
    "not steady before": ("hypothesis", 0, "exit 1", "steady state before: fine: exited with 1"),
    "not steady after": ("hypothesis", 0, "test ! -e ran", "steady state after: fine: exited with 1"),
    "nothing was measured": ("method", 2, "echo done", "RTO and RPO were not both measured"),
    "the measure is no number": ("method", 2, 'echo \'{"rpo_seconds": "3"}\'', "not both measured"),
    "the measure is negative": ("method", 2, "echo '{\"rpo_seconds\": -3}'", "not both measured"),
    "the measure is true": ("method", 2, "echo '{\"rpo_seconds\": true}'", "not both measured"),
    "the measure is NaN": ("method", 2, "echo '{\"rpo_seconds\": NaN}'", "not both measured"),
    "the measure is said twice": ("method", 2, 'echo \'{"rpo_seconds": 900, "rpo_seconds": 1}\'', "not both measured"),
    "killed by a signal": ("method", 1, "kill -9 $$", "exited with -9"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failed_drill_is_recorded_as_one(site: Any, good: Value, capsys: Any, case: str) -> None:
    section, index, script, said = FAILURES[case]
    site.playbook(changed(good, section, index, script))

    assert site.drill("-q") == 1

    row = site.record()
    assert row["status"] == "failed"
    assert said in capsys.readouterr().out
    assert ("components" not in row) or row["components"] == [] or section in ("rollbacks", "hypothesis")
    blocking = {r.control.id for r in site.judge().results if r.outcome is Outcome.FAIL}
    assert "DRL001" in blocking


def test_what_runs_after_a_failure(site: Any, good: Value) -> None:
    site.playbook(changed(good, "method", 1, "exit 3"))

    assert site.drill() == 1

    assert text(site.root / "rolled-back") == "cleaned\n"
    row = site.record()
    assert [(s["name"], s["status"]) for s in row["steps"]] == [
        ("fine", "succeeded"), ("destroy", "succeeded"), ("repair", "failed"), ("verify", "skipped"),
        ("fine", "succeeded"), ("clean up", "succeeded"),
    ]  # fmt: skip
    journal = site.journal()
    rolled_back = journal["rollbacks"][0]["end"]
    assert rolled_back <= journal["steady_states"]["after"]["probes"][0]["start"], "rolled back first, then looked at"


def test_every_rollback_runs_though_one_fails(site: Any, good: Value, activity: Activity) -> None:
    good["rollbacks"] = [activity("first", "exit 1"), activity("second", "echo second > rolled-back")]
    site.playbook(good)

    assert site.drill() == 1
    assert text(site.root / "rolled-back") == "second\n"


def test_nothing_is_touched_when_the_state_is_not_steady(site: Any, good: Value) -> None:
    site.playbook(changed(good, "hypothesis", 0, "exit 1"))

    assert site.drill() == 1

    assert not (site.root / "ran").exists()
    assert not (site.root / "rolled-back").exists()
    assert {s["status"] for s in site.record()["steps"]} == {"failed", "skipped"}


MISSED = {
    "recovery too slow": ({"rto_seconds": 0, "rpo_seconds": 30}, {}, "database: RTO 1 s; the target is 0 s"),
    "too much data lost": ({"rto_seconds": 60, "rpo_seconds": 1}, {}, "database: RPO 2 s; the target is 1 s"),
    "a fraction over the target": (
        {"rto_seconds": 60, "rpo_seconds": 2}, {"rpo_seconds": 2.001}, "RPO 3 s; the target is 2 s"
    ),
    "rows are missing": (
        None, {"restore_validation": {"query": "q", "expected": 12, "observed": 11}}, "expected 12, observed 11"
    ),
    "nothing was compared": (None, {"restore_validation": None}, "the restored data was not validated"),
    "the canary is gone": (None, {"canary": {"written": "c1", "found": None}}, "the canary written before"),
    "another canary": (None, {"canary": {"written": "c1", "found": "c0"}}, "the canary written before"),
}  # fmt: skip


@pytest.mark.parametrize("case", MISSED)
def test_a_drill_that_fell_short_is_completed_and_exits_with_1(site: Any, good: Value, capsys: Any, case: str) -> None:
    targets, says, said = MISSED[case]
    good["extensions"][0]["targets"] = targets or good["extensions"][0]["targets"]
    measured = {"rpo_seconds": 2, "canary": {"written": "c1", "found": "c1"},
                "restore_validation": {"query": "q", "expected": 1, "observed": 1}, **says}  # fmt: skip
    site.playbook(changed(good, "method", 2, f"echo '{json.dumps(measured)}'"))

    assert site.drill("-q") == 1

    assert site.record()["status"] == "completed"
    assert said in capsys.readouterr().out
    failed = {r.control.id for r in site.judge().results if r.outcome is Outcome.FAIL}
    assert failed & {"DRL003", "DRL006"}


@pytest.mark.parametrize("mode", ["--dry-run", "--simulate"])
def test_a_rehearsal_never_looks_like_an_execution(site: Any, capsys: Any, mode: str) -> None:
    assert site.drill(mode=mode) == 0

    assert not (site.root / "ran").exists()
    row = site.record()
    assert row["mode"] == mode.removeprefix("--")
    assert row["components"] == []
    assert "restore_validation" not in row
    probed = mode == "--simulate"
    assert row["steady_state_before"] is probed
    assert {s["status"] for s in row["steps"] if s["name"] != "fine"} == {"skipped"}
    assert {s["status"] for s in row["steps"] if s["name"] == "fine"} == {"succeeded" if probed else "skipped"}
    assert site.journal()["experiment"]["dry"]
    assert mode.removeprefix("--") in capsys.readouterr().out
    failed = {r.control.id for r in site.judge().results if r.outcome is Outcome.FAIL}
    assert failed == {"DRL001"}


def test_a_simulation_of_an_unsteady_state_fails(site: Any, good: Value) -> None:
    site.playbook(changed(good, "hypothesis", 0, "exit 1"))

    assert site.drill(mode="--simulate") == 1


def test_a_time_out_ends_the_whole_process_group(site: Any, good: Value) -> None:
    changed(good, "method", 1, "sleep 60 & echo $! > pid; wait")
    good["method"][1]["provider"]["timeout"] = 1
    site.playbook(good)

    assert site.drill() == 1

    assert "timed out after 1 s" in site.journal()["run"][1]["exception"][0]
    assert text(site.root / "rolled-back") == "cleaned\n"
    assert ended(int(text(site.root / "pid")))


def ended(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_middle_rolls_back_and_is_recorded(site: Any, good: Value, number: signal.Signals) -> None:
    # The second signal comes during the rollback and must not cut it short.
    changed(good, "method", 1, "echo $$ > started; exec sleep 60")
    changed(good, "rollbacks", 0, "touch rolling; sleep 0.5; echo cleaned > rolled-back")
    site.playbook(good)

    running = site.process("drill", "run", *site.arguments())
    wait_for(site.root / "started")
    running.send_signal(number)
    wait_for(site.root / "rolling")
    running.send_signal(number)
    out, err = running.communicate(timeout=60)

    assert running.returncode == 130, err
    assert "Traceback" not in err
    assert "interrupted" in out
    assert text(site.root / "rolled-back") == "cleaned\n"
    row = site.record()
    assert row["status"] == "interrupted"
    assert [s["status"] for s in row["steps"]] == [
        "succeeded", "succeeded", "failed", "skipped", "skipped", "succeeded"
    ]  # fmt: skip
    assert ended(int(text(site.root / "started")))


def test_interrupted_before_the_method_there_is_nothing_to_roll_back(site: Any, good: Value) -> None:
    site.playbook(changed(good, "hypothesis", 0, "touch started; exec sleep 60"))

    running = site.process("drill", "run", *site.arguments())
    wait_for(site.root / "started")
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)

    assert running.returncode == 130
    assert site.record()["status"] == "interrupted"
    assert not (site.root / "rolled-back").exists()


REFUSED = {
    "the requester approves": (["--approved-by", " Release@summit.example"], 2, "name a second person"),
    "a name with an escape": (["--approved-by", "a\x1b[2Jb"], 2, "not somebody's name"),
    "an empty name": (["--requested-by", ""], 2, "the value is empty"),
    "no such artifact": (["--artifact", "nowhere.tar"], 2, "no such file"),
    "no such key": (["--key", "nowhere.key"], 2, "nowhere.key"),
    "two modes": (["--dry-run"], 2, "not allowed with"),
    "a store that can't be written": (["--store", "gate.yaml/store"], 3, "nothing was run"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_anything_runs(site: Any, capsys: Any, monkeypatch: Any, case: str) -> None:
    extra, code, said = REFUSED[case]
    monkeypatch.chdir(site.root)

    assert site.drill(*extra) == code

    shown = capsys.readouterr()
    assert said in shown.err
    assert len(shown.err.splitlines()) == 1
    assert not (site.root / "ran").exists()
    assert not site.store.exists() or site.stored() == []


def test_a_key_that_the_policy_does_not_trust(site: Any, tmp_path: Path, capsys: Any) -> None:
    from attestations.signers.key import new_key

    new_key(tmp_path / "stranger.key", None)

    assert site.drill("--key", str(tmp_path / "stranger.key")) == 2
    assert "is not trusted" in capsys.readouterr().err
    assert not (site.root / "ran").exists()


def test_a_key_whose_time_is_over_runs_nothing(site: Any, capsys: Any) -> None:
    from datetime import UTC, datetime

    from attestations.trust import load_trusted_keys

    path = site.root / "trusted-keys.json"
    keys = load_trusted_keys(path.read_bytes())
    path.write_bytes(keys.retire(keys.keys[0].public.keyid, datetime(2026, 1, 1, tzinfo=UTC)).dump())

    assert site.drill() == 2
    assert "its signature would not count" in capsys.readouterr().err
    assert not (site.root / "ran").exists()


def test_the_executor_is_who_holds_the_key(site: Any, capsys: Any) -> None:
    assert site.drill("-q", "--approved-by", "SRE-oncall@summit.example") == 0

    assert "DRL004" in capsys.readouterr().err
    failed = {r.control.id for r in site.judge().results if r.outcome is Outcome.FAIL}
    assert failed == {"DRL004"}


def test_a_missing_program_is_found_before_the_disaster(site: Any, good: Value, capsys: Any) -> None:
    good["rollbacks"][0]["provider"]["path"] = "no-such-program"
    site.playbook(good)

    assert site.drill() == 3
    assert "no program 'no-such-program'" in capsys.readouterr().err
    assert not (site.root / "ran").exists()


@pytest.mark.parametrize("path", ["./missing", "playbooks", "./not-executable"])
def test_a_program_that_can_not_be_started_fails_its_step(site: Any, good: Value, path: str) -> None:
    (site.root / "not-executable").write_text("#!/bin/sh\n")
    good["method"][1]["provider"]["path"] = path if path.startswith("./") else "./playbooks"
    site.playbook(good)

    assert site.drill() == 1
    assert text(site.root / "rolled-back") == "cleaned\n"
    assert "can't be started" in site.journal()["run"][1]["exception"][0]


def test_an_argument_with_a_zero_byte_fails_its_step(site: Any, good: Value) -> None:
    site.playbook(changed(good, "method", 1, "a\x00b"))

    assert site.drill() == 1
    assert text(site.root / "rolled-back") == "cleaned\n"


def test_a_full_disk_leaves_nothing_half_written(site: Any) -> None:
    """The drill runs, its journal can't be written: exit code 3, the outcome is told, and the store stays empty."""
    code = (
        "import resource, sys; from gate import cli; from gate.drills import report; kept = report.store\n"
        "def full(*rest):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))\n"
        "    return kept(*rest)\n"
        "report.store = full\n"
        "sys.exit(cli.run(sys.argv[1:]))"
    )

    done = subprocess.run(
        [sys.executable, "-B", "-c", code, "drill", "run", *site.arguments()], cwd=site.root, capture_output=True, text=True,
        check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )  # fmt: skip

    assert done.returncode == 3, done.stderr
    assert "can't be written" in done.stderr
    assert "completed" in done.stdout
    assert "recorded" not in done.stdout
    assert site.stored() == []


TOKEN = "tok-9f+/4711-hush"


def test_a_secret_reaches_its_process_and_nothing_else(site: Any, good: Value, monkeypatch: Any, capfd: Any) -> None:
    data = TOKEN.encode()
    script = (
        'printf %s "$0" > received; echo "plain $0"; printf %s "$0" | base64; printf %s "$0" | od -An -tx1 | tr -d " \\n";'
        " echo; echo \"$0\" | sed 's/+/%2B/; s#/#%2F#'; echo password=correct-horse-Battery; exit 1"
    )
    good["secrets"] = {"vault": {"token": {"type": "env", "key": "DRILL_TOKEN"}}}
    provider = good["method"][0]["provider"]
    provider["secrets"] = ["vault"]
    provider["arguments"] = [
        "-c",
        script,
        "${token}",
    ]
    site.playbook(good)
    monkeypatch.setenv("DRILL_TOKEN", TOKEN)

    assert site.drill() == 1

    assert text(site.root / "received") == TOKEN
    assert "plain (redacted)" in site.journal()["run"][0]["output"]["stdout"]
    shown = capfd.readouterr()
    kept = shown.out + shown.err + "".join((site.store / name).read_text() for name in site.stored())
    payload = json.loads((site.store / next(n for n in site.stored() if "drill_report" in n)).read_text())
    kept += base64.b64decode(payload["dsseEnvelope"]["payload"]).decode()
    for spelling in (TOKEN, base64.b64encode(data).decode(), data.hex(), "tok-9f%2B%2F4711-hush", "correct-horse"):
        assert spelling not in kept
    assert "(redacted)" in kept


def test_the_key_s_passphrase_stays_with_the_gate(site: Any, good: Value, monkeypatch: Any) -> None:
    site.playbook(changed(good, "method", 0, 'echo "${GATE_TEST_SECRET-unset}" > seen'))
    monkeypatch.setenv("GATE_TEST_SECRET", "hush")

    assert site.drill() == 0
    assert text(site.root / "seen") == "unset\n"


def test_hostile_texts_stay_inert(site: Any, good: Value, capfd: Any) -> None:
    attack = "\x1b[2J\r::set-output name=x::y\n##[error]z\u202e"
    good["title"] = good["description"] = attack
    site.playbook(changed(good, "method", 1, f"printf '{attack}' >&2; exit 1".replace("\x1b", "\\033")))

    assert site.drill("--environment", "a\x1b[31mb") == 1

    shown = capfd.readouterr()
    for line in (shown.out + shown.err).splitlines():
        assert "\x1b" not in line
        assert "\u202e" not in line
        assert not line.startswith(("::", "##["))


def test_two_drills_in_one_second_are_two_records(site: Any) -> None:
    assert site.drill() == 0
    assert site.drill() == 0
    assert len(site.records()) == 2
