"""Golden Path commands that misbehave: each becomes a record of what it did, and none harms the gate."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gate import commands, process
from gate.interruption import Stop
from gate.model import GateError, Row

Project = Callable[..., Path]
Git = Callable[..., str]


def ran(root: Path, *argv: str, timeout_seconds: int = 20, environment: dict[str, str] | None = None) -> Row:
    command = {"name": "step", "run": list(argv), "timeout_seconds": timeout_seconds}
    [step] = commands.run_path("self_checks", [command], root, {**os.environ, **(environment or {})}, Stop())
    return step


def python(code: str) -> tuple[str, str, str]:
    return sys.executable, "-c", code


def test_one_that_prints_without_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MAX_WRITTEN_BYTES", 1 << 20)
    step = ran(tmp_path, "yes", timeout_seconds=60)

    assert (step["exit_code"], step["timed_out"]) == (-signal.SIGKILL, False)
    assert step["output_tail"].endswith("killed, because it printed too much\n")


def test_one_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    step = ran(tmp_path, "sh", "-c", "sleep 1000 & echo $! > child; cat; sleep 1000", timeout_seconds=1)

    assert (step["exit_code"], step["timed_out"]) == (-signal.SIGKILL, True)
    child = Path("/proc", (tmp_path / "child").read_text("ascii").strip())
    for _ in range(1000):
        if not child.exists() or (child / "stat").read_text("ascii").split()[2] == "Z":
            return
        os.sched_yield()
    pytest.fail("its child lives on")


def test_one_that_makes_itself_a_daemon_does_not_hold_the_gate(tmp_path: Path) -> None:
    daemon = "import os, sys, time\nif os.fork() == 0:\n  os.setsid()\n  open('pid', 'w').write(str(os.getpid()))\n  t = time.time() + 60\n  while time.time() < t: os.write(1, b'x' * 65536); time.sleep(0.001)\n"
    step = ran(tmp_path, *python(daemon + "else:\n  time.sleep(0.3)"))
    try:
        assert (step["exit_code"], step["timed_out"]) == (0, False)
    finally:
        os.kill(int((tmp_path / "pid").read_text("ascii")), signal.SIGKILL)


def test_one_that_reads_finds_nothing(tmp_path: Path) -> None:
    assert ran(tmp_path, *python("import sys; sys.exit(len(sys.stdin.read()) + 7)"))["exit_code"] == 7


SECRET = "Zx9" * 12


def test_no_secret_of_the_gate_reaches_a_command(tmp_path: Path) -> None:
    names = [
        "GATE_KEY_PASSPHRASE",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "SIGSTORE_ID_TOKEN",
        "COSIGN_PASSWORD",
        "VAULT_TOKEN",
    ]
    step = ran(tmp_path, "env", environment=dict.fromkeys(names, SECRET))

    assert SECRET not in step["output_tail"]
    assert not any(name in step["output_tail"] for name in names)


@pytest.mark.parametrize("after", [0, 1900, 1950, 1980, 1995, 5000])
def test_a_secret_is_redacted_wherever_the_tail_begins(tmp_path: Path, after: int) -> None:
    """A tail that is cut first begins in the middle of the secret, where nothing says any more that it is one."""
    step = ran(tmp_path, *python(f"print('password={SECRET}' + ' ' + 'y' * {after})"))

    assert len(step["output_tail"]) <= 2000
    assert not any(SECRET[i : i + 6] in step["output_tail"] for i in range(len(SECRET) - 6))


def test_what_is_recorded_is_text_and_bounded(tmp_path: Path) -> None:
    step = ran(tmp_path, "sh", "-c", "printf '\\377\\000\\033[2J::set-output name=x::y\\n'", "x" * 10_000)

    assert step["output_sha256"] == hashlib.sha256(b"\xff\x00\x1b[2J::set-output name=x::y\n").hexdigest()
    assert len(step["command"]) <= 4096
    json.dumps(step).encode("utf-8")


@pytest.mark.parametrize(
    ("name", "argv", "said"),
    [
        ("no such program", ["no-such-program-anywhere"], "can't be started: No such file"),
        ("a folder", ["/"], "can't be started"),
        ("a zero byte", ["a\0b"], "can't be started: embedded null byte"),
        ("a file that is no program", ["./data"], "can't be started"),
    ],
)
def test_one_that_cannot_be_started_is_one_error(tmp_path: Path, name: str, argv: list[str], said: str) -> None:
    (tmp_path / "data").write_text("data", "utf-8")
    with pytest.raises(GateError, match=r"^step: ") as error:
        ran(tmp_path, *argv)

    assert said in str(error.value)


GA = """
golden_path:
  - {name: bootstrap, run: [sh, -c, %s]}
"""


def judged(root: Path, git: Git, script: str, *argv: str) -> subprocess.CompletedProcess[str]:
    config = (root / "gate.yaml").read_text("utf-8").replace("[governance]", "[governance, golden-path]")
    (root / "gate.yaml").write_text(config + GA % json.dumps(script), "utf-8")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    return subprocess.run(
        [sys.executable, "-I", "-m", "gate", "ga", *argv],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("name", "script", "argv", "code", "said"),
    [
        ("kills the gate", "kill -TERM $PPID; sleep 30", ["--run-only"], 130, "interrupted"),
        ("hangs up on the gate", "kill -HUP $PPID; sleep 30", ["--run-only"], 130, "interrupted"),
        ("kills the gate for good", "kill -KILL $PPID", ["--run-only"], -9, ""),
        ("commits something else", "git -c user.name=x -c user.email=x@example.com commit -q --allow-empty -m x", ["--run-only"], 3, "moved HEAD"),
        ("succeeds", "true", ["--run-only"], 0, "ok"),
        ("fails", "false", ["--run-only"], 1, "FAIL"),
        ("forges its own evidence", "mkdir -p .gate/evidence/golden_path_run; echo '{\"id\": \"forged\"}' > .gate/evidence/golden_path_run/x.json", [], 1, "the key 'commit' is missing"),
        ("rewrites the policy", "printf 'version: 1\\npolicy_version: \"1\"\\nproject: x\\npacks: [tenancy]\\n' > gate.yaml", [], 1, "GAC001"),
    ],
)  # fmt: skip
def test_a_hostile_golden_path_never_ends_in_a_pass(
    project: Project, git: Git, name: str, script: str, argv: list[str], code: int, said: str
) -> None:
    done = judged(project({"things/one.json": '{"id": "one"}'}), git, script, *argv)

    assert done.returncode == code, (done.stdout, done.stderr)
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_step_that_fails_is_one_finding(project: Callable[..., Path], git: Git) -> None:
    done = judged(project({"things/one.json": '{"id": "one"}'}), git, "exit 7", "-o", "json")

    (found,) = [c for c in json.loads(done.stdout)["controls"] if c["id"] == "GAC001"]
    messages = [v["message"] for v in found["violations"]]
    assert any("exit code 7" in message for message in messages)
    assert len(messages) == len(set(messages))


def test_a_second_run_of_the_same_second_overwrites_nothing(tmp_path: Path) -> None:
    from gate.writing import write_new

    assert write_new(tmp_path / "deep/record.json", b"first")
    assert not write_new(tmp_path / "deep/record.json", b"second")
    assert (tmp_path / "deep/record.json").read_bytes() == b"first"
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["record.json"]
