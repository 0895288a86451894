"""Replay: the decision follows from the bundle alone, byte for byte, whatever is installed; or the difference is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gate import __version__, bundle, cli
from gate.bundle import records, replaying
from gate.bundle.refusal import BundleError
from gate.model import UndecidedError
from gate.report import REPORTS

Files = dict[str, bytes]


def test_the_decision_comes_out_the_same(released: Any) -> None:
    judged = replaying.decide_again(released.files)

    assert REPORTS["json"](judged.decision).encode() == released.files[bundle.DECISION]
    assert replaying.replay(released.files) == ()


def test_the_panels_come_out_the_same_and_are_in_the_reports(released: Any) -> None:
    document = json.loads(released.files[bundle.PANELS])

    assert [(p["id"], p["rows"]) for p in document["panels"]] == [
        ("own/notes", [{"tenant": "acme", "label": "one", "value": 1}])
    ]
    assert b"Notes by their count" in released.files["data/reports/report.html"]


def test_a_panel_that_says_something_else_is_found(released: Any) -> None:
    changed = released.files[bundle.PANELS].replace(b'"value": 1', b'"value": 2')
    found = replaying.replay({**released.files, bundle.PANELS: changed})

    assert found == ("data/panels.json/panels/0/rows/0/value: recorded 2, repeated 1",)
    left_out = {path: data for path, data in released.files.items() if path != bundle.PANELS}
    assert replaying.replay(left_out) == ("data/panels.json: not in the bundle",)


def test_for_blocked_plain_and_odd_evidence_too(works: Any) -> None:
    odd = {
        "id": 'quote" \\ new\nline \u202e ü 日本 <b> ##[x]',
        "count": 2**53 - 1,
        "text": "password=hunter2hunter2",
        "tenants": [],
    }
    for records_, plain in (
        ([{"id": "one", "count": 9}], False),
        ([odd], False),
        ([odd, {"id": "p"}], True),
        ([], True),
    ):
        assert replaying.replay(works.release(records_, plain=plain)) == ()


def run(works: Any, target: Path, *more: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-m", "gate", "replay", str(target), "--trusted-keys", str(works.keys), *more],
        cwd=target.parent, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_in_another_process_place_time_zone_and_hash_seed(works: Any, released: Any) -> None:
    done = run(works, released.archive, env={"PYTHONHASHSEED": "7", "TZ": "Pacific/Apia", "LC_ALL": "C"})

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("REPLAYED: the decision on release 1.0.0 came out the same")


def test_the_rules_are_those_of_the_bundle_and_not_the_installed_ones(works: Any, monkeypatch: Any) -> None:
    files = works.release()
    for name in ("paths", "read"):
        monkeypatch.setattr(
            f"gate.tree.WorkTree.{name}", lambda *_, **__: pytest.fail("the installation's rules were read")
        )

    assert replaying.replay(files) == ()
    control = f"{bundle.POLICY}/policy/rules/own/controls/NOT001.yaml"
    files[control] = files[control].replace(b"params: {limit: 5}", b"params: {limit: 0}")
    assert any("/policy/digest" in d or "/controls/" in d for d in replaying.replay(files))


def changed(name: str, change: Callable[[Any], Any]) -> Callable[[Files], Files]:
    def apply(payload: Files) -> Files:
        document = json.loads(payload[name])
        change(document)
        return {**payload, name: (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()}

    return apply


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["controls"][0].update(outcome="fail"), "data/decision.json/controls/0/outcome: recorded 'fail', repeated 'unknown'"),
        (lambda d: d["controls"][0]["violations"].append({}), "/controls/0/violations: 1 items recorded, 0 repeated"),
        (lambda d: d.update(extra=1), "/extra: only in the recorded decision"),
        (lambda d: d["clocks"].append({}), "/clocks: 1 items recorded, 0 repeated"),
        (lambda d: d.update(exit_code=True), "/exit_code: recorded True, repeated 0"),
        (lambda d: d["policy"].update(version="9"), "/policy/version: recorded '9', repeated '2026.11.1'"),
        (lambda d: d.update(as_of="2026-11-22T12:00:00Z"), "data/reports/report.txt: not the report of this decision"),
    ],
)  # fmt: skip
def test_the_first_difference_is_named(works: Any, change: Any, said: str) -> None:
    files = changed(bundle.DECISION, change)(works.release())

    assert any(said in difference for difference in replaying.replay(files)), replaying.replay(files)


def test_a_decision_only_written_differently_is_different(works: Any) -> None:
    files = works.release()
    files[bundle.DECISION] = json.dumps(json.loads(files[bundle.DECISION])).encode()

    assert replaying.replay(files)[0] == "data/decision.json: written differently, though the values are equal"


def test_an_insider_who_seals_a_nicer_decision_is_found_out(works: Any, tmp_path: Path, capsys: Any) -> None:
    """Everything verifies: the CI's key signed it. Only deciding again shows that the verdict does not follow."""
    from gate.writing import write_folder

    lenient = replace(
        works.small,
        controls=tuple(replace(c, params={"limit": 99}) if c.id == "NOT001" else c for c in works.small.controls),
    )
    files = works.release([{"id": "one", "count": 9}], policy=lenient)
    write_folder(tmp_path / "bundle", files)

    argv = [str(tmp_path / "bundle"), "--trusted-keys", str(works.keys), "--as-of", works.as_of]
    assert cli.run(["verify", *argv]) == 0
    assert cli.run(["replay", *argv]) == 1
    assert "DIFFERENT: data/decision.json/controls/" in capsys.readouterr().out


def test_a_bundle_that_does_not_verify_is_not_replayed(works: Any, tmp_path: Path, capsys: Any) -> None:
    from gate.writing import write_folder

    files = works.release()
    write_folder(tmp_path / "bundle", {**files, "data/evidence/note.json": b"{}"})

    assert cli.run(["replay", str(tmp_path / "bundle"), "--trusted-keys", str(works.keys)]) == 1
    out = capsys.readouterr().out
    assert "REFUSED" in out
    assert "digest-mismatch" in out


def of_version(works: Any, version: str, **policy: Any) -> Files:
    from gate.policy import digest

    other = replace(works.small, tool_version=version, digest=digest(works.small.files, version), **policy)
    return works.release([{"id": "one", "count": 9}], policy=other)


def test_another_version_of_the_tool(works: Any) -> None:
    assert replaying.replay(of_version(works, "0.0.1")) == (), "the decision still follows"
    lenient = tuple(replace(c, params={"limit": 99}) for c in works.small.controls if c.id == "NOT001")
    with pytest.raises(UndecidedError) as caught:
        replaying.replay(of_version(works, "0.0.1", controls=lenient))
    assert str(caught.value).startswith(f"made by tenantgate 0.0.1; this is {__version__} and decides otherwise")
    assert str(caught.value).endswith("replay it with 0.0.1")


def test_evidence_is_read_as_it_was_written(works: Any) -> None:
    evidence = works.evidence([{"id": "one", "count": 1}])
    data = records.write_evidence(evidence)
    again = records.read_evidence(data, "data/evidence/note.json", {})

    assert again.rows == evidence.rows
    assert again.coverage == evidence.coverage
    assert [(m.name, m.sha256) for m in again.materials] == [(m.name, m.sha256) for m in evidence.materials]
    for broken in (b"", b"[]", b"{}", data.replace(b'"rows"', b'"rowz"'), data.replace(b'"line"', b'"lime"'),
                   data.replace(b'"files": 1', b'"files": true'), data.replace(b'"kind": "note"', b'"kind": "other"')):  # fmt: skip
        if broken != data:
            with pytest.raises(BundleError):
                records.read_evidence(broken, "data/evidence/note.json", {})
