"""Signals at any moment, streams that are gone: 0 always means a complete result, and no file is ever half there."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gate.writing import write_file, write_folder, write_new

Project = Callable[..., Path]
GATE = (sys.executable, "-I", "-m", "gate")
GOOD = {"things/one.json": '{"id": "one"}', ".github/workflows/g.yml": "jobs: {g: {steps: [{run: gate check}]}}\n"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_a_gate_that_is_stopped_has_decided_whole_or_not_at_all(project: Project, number: int) -> None:
    root = project({**GOOD, "report.json": "old"})
    chance = random.Random(int(number))
    argv = [*GATE, "check", "--output", f"json={root}/report.json", "--output", f"sarif={root}/report.sarif"]
    started = time.monotonic()
    assert subprocess.run(argv, cwd=root, capture_output=True, check=False).returncode == 0
    whole = time.monotonic() - started
    (root / "report.json").write_text("old", "utf-8")
    seen: set[int] = set()
    for _ in range(6):
        process = subprocess.Popen(
            argv, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            # A test under nohup would hand on an ignored signal.
            preexec_fn=None if number == signal.SIGKILL else lambda: signal.signal(number, signal.SIG_DFL),
        )  # fmt: skip
        time.sleep(chance.uniform(0, whole * 0.8))
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        seen.add(process.returncode)
        # Before the gate's own code runs, a signal ends Python itself; that is no pass either.
        assert process.returncode in (0, 130, -number, 1), err
        if process.returncode in (0, 130):
            assert "Traceback" not in err
        if process.returncode == 0:
            assert "ALLOWED" in out
            json.loads((root / "report.json").read_text("utf-8"))
        text = (root / "report.json").read_text("utf-8")
        assert text == "old" or json.loads(text)["verdict"] == "allowed"
        if number != signal.SIGKILL:
            assert [p.name for p in root.iterdir() if p.name.startswith(".report")] == []
    assert seen - {0}, "some were stopped"


WRITERS = {
    "write_file": lambda path: write_file(path, b"new" * 100_000),
    "write_new": lambda path: write_new(path, b"new" * 100_000),
    "write_folder": lambda path: write_folder(path, {f"d{i}/f": b"new" * 10_000 for i in range(10)}),
}
SYSTEM_CALLS = ("fsync", "link", "replace", "rename", "open", "mkdir", "chmod", "close", "unlink")


@pytest.mark.parametrize("writer", sorted(WRITERS))
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_anywhere_leaves_all_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str, error: BaseException
) -> None:
    """Every call to the system fails once, in turn: afterwards there is the whole new thing, or what was before."""
    number, finished = 0, False
    while not finished:
        number += 1
        calls = 0
        folder = tmp_path / str(number)
        folder.mkdir()
        target = folder / "target"
        with monkeypatch.context() as patch:

            def failing(name: str, real: Callable[..., object], fatal: int = number) -> Callable[..., object]:
                def call(*arguments: object, **named: object) -> object:
                    nonlocal calls
                    calls += 1
                    if calls == fatal and name not in ("close", "unlink"):
                        raise error
                    return real(*arguments, **named)

                return call

            for name in SYSTEM_CALLS:
                patch.setattr(os, name, failing(name, getattr(os, name)))
            try:
                WRITERS[writer](target)
                finished = calls < number
            except (Exception, KeyboardInterrupt):
                pass
        left = [p for p in folder.iterdir() if p != target]
        assert left == [], (number, left)
        if target.is_dir():
            assert sum(p.is_file() for p in target.rglob("*")) == 10
        elif target.exists():
            assert target.stat().st_size == 300_000
    assert number > 3


@pytest.mark.parametrize(
    ("name", "argv", "redirect", "code"),
    [
        ("a full disk behind standard output", "check", ">/dev/full", 3),
        ("the same for JSON", "check -o json", ">/dev/full", 3),
        ("the same for help", "--help", ">/dev/full", 3),
        ("the same for a list", "controls", ">/dev/full", 3),
        ("standard output closed", "check", ">&-", 3),
        ("standard output closed for a status", "status", ">&-", 3),
        ("standard error closed", "check", "2>&-", 0),
        ("standard error full", "check -v", "2>/dev/full", 0),
        ("standard error full for an error", "chek", "2>/dev/full", 2),
        ("standard input closed", "check", "<&-", 0),
        ("all closed", "check", "<&- >&- 2>&-", 3),
    ],
)
def test_a_result_that_nobody_gets_is_no_pass(project: Project, name: str, argv: str, redirect: str, code: int) -> None:
    command = f'"{sys.executable}" -I -m gate {argv} {redirect}'
    done = subprocess.run(
        ["sh", "-c", command], cwd=project(GOOD), capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert len(done.stderr.splitlines()) <= 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_the_locale_changes_no_byte(project: Project, encoding: str) -> None:
    root = project({**GOOD, "things/two.json": '{"id": "zwei ☃ €", "count": 9}'})
    outs = []
    for extra in ({}, {"PYTHONIOENCODING": encoding}):
        done = subprocess.run(
            [sys.executable, "-m", "gate", "check", "--as-of", "2026-11-21T00:00:00Z"], cwd=root, capture_output=True, check=False,
            env={**os.environ, "PYTHONSAFEPATH": "1", **extra},
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        outs.append(done.stdout)

    assert outs[0] == outs[1]
    assert "☃".encode() in outs[0]


@pytest.mark.parametrize("target", ["/dev/stdout", "/dev/null", "/dev/full", "/proc/self/fd/1"])
def test_a_report_never_replaces_a_device(project: Project, target: str) -> None:
    before = os.lstat(target) if target.startswith("/dev/") else None
    done = subprocess.run(
        [*GATE, "check", "--output", f"json={target}"], cwd=project(GOOD), capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "not a regular file; for standard output leave the file name out" in done.stderr
    assert before is None or os.lstat(target).st_ino == before.st_ino


def test_two_gates_at_once_do_not_disturb_each_other(project: Project) -> None:
    root = project(GOOD)
    argv = [*GATE, "check", "--as-of", "2026-11-21T00:00:00Z", "--output", f"json={root}/report.json"]
    running = [subprocess.Popen(argv, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]

    assert {(process.communicate()[1], process.returncode) for process in running} == {(b"", 0)}
    assert json.loads((root / "report.json").read_text("utf-8"))["verdict"] == "allowed"
    assert [p.name for p in root.iterdir() if p.name.startswith(".report")] == []


def test_the_same_file_for_two_formats_is_refused(project: Project) -> None:
    done = subprocess.run(
        [*GATE, "check", "-o", "json=x", "-o", "sarif=./x"],
        cwd=project(GOOD),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, "another format goes to this file" in done.stderr) == (2, True)
