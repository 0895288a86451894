"""The command line as CI, developers and attackers meet it: whole processes, exit codes, nothing on the wrong stream."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from gate.cli import COMMANDS
from gate.report import REPORTS

Project = Callable[..., Path]
THING = '{"id": "one", "count": %d, "at": "2026-11-20T00:00:00Z"}'
WORKFLOW = "jobs:\n  gate:\n    steps:\n      - run: gate check --base origin/main\n"
GOOD: Mapping[str, str] = {"things/one.json": THING % 1, ".github/workflows/gate.yml": WORKFLOW}


def gate(cwd: Path, *argv: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GITHUB_", "CI", "FORCE_", "NO_COLOR"))
    }
    return subprocess.run(
        [sys.executable, "-I", "-m", "gate", *argv], cwd=cwd, env={**kept, **(environment or {})}, capture_output=True,
        text=True, check=False, timeout=120,
    )  # fmt: skip


def sound(done: subprocess.CompletedProcess[str], code: int) -> None:
    assert done.returncode == code, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr + done.stdout
    if code in (2, 130):
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize(
    ("name", "changes", "code", "said"),
    [
        ("allowed", {}, 0, "ALLOWED"),
        ("blocked", {"things/one.json": THING % 6}, 1, "one has 6; the limit is 5"),
        ("no evidence", {"things/one.json": None}, 3, "thing: 0 records; at least 1 needed"),
        ("broken evidence", {"things/two.json": "{"}, 3, "things/two.json"),
        ("evidence with a wrong type", {"things/two.json": '{"id": 2}'}, 3, "id: must be of type string"),
        ("duplicate keys in evidence", {"things/two.json": '{"id": "a", "id": "b"}'}, 3, "things/two.json"),
        ("not a number", {"things/two.json": '{"id": "a", "count": NaN}'}, 3, "things/two.json"),
        ("one id twice", {"things/two.json": THING % 2}, 3, "the id 'one' is used by another record"),
        ("time without a zone", {"things/two.json": '{"id": "b", "at": "2026-11-20T00:00:00"}'}, 3, "date-time"),
        ("no workflow", {".github/workflows/gate.yml": None}, 1, "none of the 0 workflow steps"),
        ("swallowed", {".github/workflows/gate.yml": WORKFLOW.replace("main", "main || true")}, 1, "a failure is lost by || true"),
        ("broken workflow", {".github/workflows/x.yml": "jobs: [unclosed"}, 3, "x.yml"),
    ],
)  # fmt: skip
def test_check(project: Project, name: str, changes: dict[str, str | None], code: int, said: str) -> None:
    done = gate(project({**GOOD, **changes}), "check")

    sound(done, code)
    assert said in done.stdout.replace("\n     ", " "), done.stdout


@pytest.mark.parametrize("form", sorted(REPORTS))
@pytest.mark.parametrize(("count", "code"), [(1, 0), (6, 1)])
def test_the_exit_code_is_the_same_for_every_format(project: Project, form: str, count: int, code: int) -> None:
    root = project({**GOOD, "things/one.json": THING % count})
    done = gate(root, "check", "--output", form, "--output", f"text={root}/out.txt")

    sound(done, code)
    assert ("BLOCKED" if code else "ALLOWED") in (root / "out.txt").read_text("utf-8")
    assert done.stderr == ""
    if form in ("json", "sarif", "sarif-github", "gitlab-codequality"):
        json.loads(done.stdout)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "usage: gate COMMAND"),
        (["chek"], "unknown command 'chek' (did you mean 'check'?)"),
        (["check", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["check", "--bas", "x"], "unrecognized arguments"),
        (["check", "--output", "sarfi"], "unknown format 'sarfi' (did you mean 'sarif'?)"),
        (["check", "--output", ""], "the value is empty"),
        (["check", "--output", "json="], "the file name is empty"),
        (["check", "--output", "json", "--output", "sarif"], "only one format can go to stdout"),
        (["check", "--output", "json=/nowhere/x.json"], "the folder '/nowhere' does not exist"),
        (["check", "--base", ""], "the value is empty"),
        (["check", "--base", " "], "the value is empty"),
        (["check", "--as-of", "yesterday"], "--as-of 'yesterday'"),
        (["check", "--as-of", "2026-11-21T00:00:00"], "has no offset"),
        (["check", "no-such-folder"], "not a directory"),
        (["check", "--evidence", "no-such-folder"], "no such folder"),
        (["check", "--base", "main"], "not inside a git repository"),
        (["release", "--artifact", "x", "--out", "o", "--key", "k"], "--version"),
        (["release", "--version", "", "--artifact", "x", "--out", "o", "--key", "k"], "the value is empty"),
        (["release", "--version", "1", "--artifact", "", "--out", "o", "--key", "k"], "the value is empty"),
        (["release", "--version", "1", "--artifact", "x", "--out", "o"], "--key --keyless is required"),
        (["explain", "THG002"], "no control 'THG002' (did you mean 'THG001'?)"),
        (["schema", "thng"], "no schema 'thng' (did you mean 'thing'?)"),
        (["verify", "no-such-folder", "--trusted-keys", "nothing.json"], "nothing.json: no such file"),
        (["keys", "list", "--file", "gate.yaml"], "gate.yaml: "),
        (["drill"], "gate drill --help"),
        (["ga"], "there is no commit to bind the run to"),
    ],
)
def test_usage_errors_are_one_line_and_two(project: Project, argv: Sequence[str], said: str) -> None:
    done = gate(project(GOOD), *argv)

    if argv:
        sound(done, 2)
    assert done.returncode == 2
    assert said in done.stderr + done.stdout, (done.stderr, done.stdout)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(project: Project, command: str) -> None:
    done = gate(project(), command, "--help")

    assert done.returncode == 0, done.stderr
    assert f"usage: gate {command}" in done.stdout


PLANTED = 'import pathlib; pathlib.Path(__file__ + ".fired").touch(); raise SystemExit(0)\n'


def test_nothing_planted_in_the_checkout_is_imported(project: Project) -> None:
    """A planted module that is imported would end the process with 0."""
    names = ["yaml.py", "json.py", "duckdb.py", "sitecustomize.py", "usercustomize.py", "conftest.py", "encodings.py"]
    packages = ["gate", "lints", "attestations", "jsonschema_rs", "git"]
    root = project({
        **GOOD, "things/one.json": THING % 6, **dict.fromkeys(names, PLANTED),
        **{f"{name}/__init__.py": PLANTED for name in packages}, "pyproject.toml": "[tool.gate]\nx = 1\n",
    })  # fmt: skip
    script = Path(sys.executable).parent / "gate"

    for argv in ([sys.executable, "-I", "-m", "gate"], [str(script)]):
        done = subprocess.run([*argv, "check"], cwd=root, capture_output=True, text=True, check=False)
        sound(done, 1)
    assert list(root.rglob("*.fired")) == []


HOSTILE = "\x1b[2J\x1b]0;pwned\x07::set-output name=verdict::allowed\n::error::x\r##[set-env name=A]b\u202e</script><img src=x>"


def test_hostile_text_reaches_no_sink_unescaped(project: Project) -> None:
    evil = json.dumps({"id": HOSTILE, "count": 6})
    root = project({**GOOD, "things/evil.json": evil})
    for form in sorted(REPORTS):
        done = gate(root, "check", "--output", form)
        sound(done, 1)
        assert "\x1b" not in done.stdout
        assert "\u202e" not in done.stdout
        assert form not in ("html", "markdown", "junit") or "<img" not in done.stdout
        if form in ("text", "github"):
            assert not any(line.lstrip().startswith("::set-output") for line in done.stdout.splitlines())
            assert "##[set-env" not in done.stdout


def test_hostile_file_names_and_keys_stay_inert(project: Project) -> None:
    root = project({**GOOD, "things/a\n::set-output name=x::y.json": "{", f"things/{'x' * 200}\x1b[31m.json": "{"})
    done = gate(root, "check")
    sound(done, 3)
    assert "\x1b" not in done.stdout
    assert "\n::set-output" not in done.stdout

    done = gate(project({"gate.yaml": 'version: 1\n"\\e[31m::error::x": 1\n'}, root="second"), "check")
    sound(done, 2)
    assert "\x1b" not in done.stderr
    assert not done.stderr.startswith("::")


def test_policy_and_waivers_of_a_pull_request_come_from_its_base(project: Project, git: Callable[..., str]) -> None:
    root = project({**GOOD, "things/one.json": THING % 6})
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "base")
    git(root, "checkout", "-q", "-b", "change")
    config = (root / "gate.yaml").read_text("utf-8")
    (root / "gate.yaml").write_text(config + "controls: {THG001: {severity: warn, params: {limit: 99}}}\n", "utf-8")
    git(root, "commit", "-qam", "relax the policy")

    sound(gate(root, "check"), 0)
    done = gate(root, "check", "--base", "main", "--output", "json")
    sound(done, 1)
    document = json.loads(done.stdout)
    assert document["policy"]["origin"] == f"commit {git(root, 'rev-parse', 'main')}"
    sound(gate(root, "check", "--base", "main", "--rev", "HEAD"), 1)


def test_an_as_of_is_printed_and_signed_into_the_document(project: Project) -> None:
    root = project(GOOD)
    done = gate(root, "check", "--as-of", "2026-01-01T00:00:00Z", "--output", "json")
    document = json.loads(done.stdout)

    assert (document["as_of"], document["as_of_overridden"], document["releasable"]) == (
        "2026-01-01T00:00:00Z",
        True,
        False,
    )
    assert "2026-01-01" in gate(root, "check", "--as-of", "2026-01-01T00:00:00Z").stdout


def test_the_same_input_gives_the_same_bytes(project: Project) -> None:
    root = project(
        {**GOOD, "things/two.json": '{"id": "two", "count": 9}', "things/three.json": '{"id": "three", "count": 7}'}
    )
    argv = ("check", "--as-of", "2026-11-21T00:00:00Z", "--output", "json")
    runs = {
        gate(root, *argv, environment={"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"}).stdout
        for seed, zone in (("1", "UTC"), ("2", "Pacific/Apia"))
    }

    assert len(runs) == 1


def test_colour_obeys_the_conventions(project: Project) -> None:
    root = project(GOOD)

    assert "\x1b[" not in gate(root, "check").stdout
    assert "\x1b[" in gate(root, "check", "--color", "always").stdout
    assert "\x1b[" in gate(root, "check", environment={"FORCE_COLOR": "1"}).stdout
    assert "\x1b[" not in gate(root, "check", environment={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout


def test_a_failed_write_is_undecided_and_leaves_the_old_file(project: Project) -> None:
    root = project(GOOD)
    target = root / "report.json"
    target.mkdir()
    done = gate(root, "check", "--output", f"json={target}")

    sound(done, 3)
    assert "can't be written" in done.stderr
    assert done.stdout == "", "stdout must not promise what could not be delivered"
    assert [p.name for p in root.iterdir() if p.name.startswith(".report")] == []


def test_a_full_disk_is_undecided(project: Project) -> None:
    root = project(GOOD)
    limit = "import resource, sys, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); import signal;"
    code = (
        limit + "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); from gate.cli import run; sys.exit(run(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", code, "check", "--output", f"json={root}/r.json"], cwd=root, capture_output=True,
        text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 3, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert not (root / "r.json").exists()
    assert [p.name for p in root.iterdir() if p.name.startswith(".r.json")] == []


def test_a_closed_output_is_not_a_pass(project: Project) -> None:
    root = project(GOOD)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-I", "-m", "gate", "check", "--output", "json"], cwd=root, stdout=writer, stderr=subprocess.PIPE,
        text=True, check=False,
    )  # fmt: skip
    os.close(writer)

    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_an_interruption_ends_with_130(project: Project) -> None:
    slow = "golden_path:\n  - {name: bootstrap, run: [sleep, '60']}\n"
    root = project({**GOOD})
    (root / "gate.yaml").write_text((root / "gate.yaml").read_text("utf-8") + slow, "utf-8")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    for argv in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *argv], cwd=root, env=environment, check=True)
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "gate", "ga", "--run-only"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    for _ in range(400):
        if subprocess.run(["pgrep", "-P", str(process.pid), "sleep"], capture_output=True, check=False).returncode == 0:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 130, (out, err)
    assert err.splitlines()[-1] == "gate: interrupted: nothing was decided"
    assert len(err.splitlines()) <= 2
    assert not (root / ".gate" / "evidence").exists()


def test_explain_controls_and_schema_read_the_policy(project: Project) -> None:
    root = project(GOOD)

    assert "make it smaller" in gate(root, "explain", "thg001").stdout
    assert "THG001" in gate(root, "controls").stdout
    assert json.loads(gate(root, "controls", "--json").stdout)["policy_version"] == "1"
    assert gate(root, "controls", "--test").stdout.endswith("0 came out differently\n")
    assert json.loads(gate(root, "schema", "thing").stdout)["required"] == ["id"]
    assert json.loads(gate(root, "schema", "decision").stdout)["$schema"]
    assert "DRL001" in gate(root.parent, "controls").stdout, "outside a checkout: the built-in rules"


def test_doctor_names_what_is_missing(project: Project) -> None:
    done = gate(project(GOOD), "doctor")

    assert done.returncode == 2
    assert "FAIL repository" in done.stdout
    assert "ok   policy" in done.stdout
