"""Where a CI script loses the gate's failure: tables of real ways, and real bash as the judge of generated scripts."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gate.collect.shell.failing import Failure, follow
from gate.collect.shell.syntax import Simple, UnfollowedError


def matters(command: Simple) -> str | None:
    words = [word.literal for word in command.words]
    return "" if words[:2] == ["gate", "check"] else None


def followed(script: str, *, errexit: bool = True, pipefail: bool = False) -> list[Failure]:
    return follow(script, matters, lambda text: "gate" in text and "check" in text, errexit=errexit, pipefail=pipefail)


KEPT = {
    "the last command": "make\ngate check",
    "a command before others": "gate check\nmake",
    "an argument that looks like an operator": "gate check '|| true'",
    "a continued line": "gate \\\n  check --format sarif",
    "and": "make && gate check",
    "and with the last command after it": "gate check && make",
    "a handler that exits": "gate check || exit 2",
    "a handler that exits with its status": "gate check || { echo no; exit 1; }",
    "its status kept and used": "set +e\ngate check\nrc=$?\nset -e\nupload\nexit $rc",
    "its status kept and asked": 'set +e\ngate check; rc=$?\nif [ "$rc" -ne 0 ]; then exit "$rc"; fi\nmake',
    "a negated condition that exits": "if ! gate check; then\n  exit 1\nfi",
    "a subshell": "(cd service && gate check)",
    "a group with a log": "{ gate check; } 2>&1 > log",
    "a function": "judge() { gate check; }\njudge",
    "a loop": "for f in a b; do gate check; done",
    "a variable": 'report="$(gate check)"',
    "time": "time gate check",
    "an expression of the workflow beside it": "gate check --base ${{ github.event.pull_request.base.sha }}",
    "a heredoc beside it": "cat > gate.txt <<'EOF'\ngate check || true\nEOF\ngate check",
}

LOST = {
    "or true": "gate check || true",
    "or colon": "gate check || :",
    "or echo": "gate check || echo 'not yet'",
    "or exit 0": "gate check || exit 0",
    "or exit 256, which is 0": "gate check || exit 256",
    "or a handler that goes on": "gate check || { echo no; }",
    "a condition": "if gate check; then make; fi",
    "a negated condition that goes on": "if ! gate check; then echo no; fi",
    "while": "while ! gate check; do sleep 1; done",
    "a pipe": "gate check | tee log",
    "a pipe in a group": "{ gate check; } 2>&1 | tee log",
    "negated": "! gate check",
    "in the background": "gate check &",
    "set +e": "set +e\ngate check\nmake",
    "set +o errexit": "set +o errexit\ngate check\nmake",
    "and more": "gate check && make\nmake",
    "an echo of it": "echo $(gate check)",
    "export of it": "export REPORT=$(gate check)",
    "an exit before it": "exit 0\ngate check",
    "a trap": "trap 'exit 0' EXIT\ngate check",
    "its status overwritten": "set +e\ngate check\nrc=$?\nrc=0\nexit $rc",
    "its status asked the wrong way": 'set +e\ngate check; rc=$?\nif [ "$rc" -eq 1 ]; then exit 1; fi\ntrue',
    "a function that returns": "judge() { gate check || return 0; }\njudge",
    "a function in its place": "gate() { true; }\ngate check",
    "a here-document that runs it": "cat <<EOF\n$(gate check)\nEOF",
    "a process substitution": "cat <(gate check)",
    "text for another shell": "bash -c 'gate check || true'",
    "eval": 'eval "gate check"',
    "its status kept for nothing": "set +e\ngate check\nrc=$?",
    "a return outside a function": "gate check || return 1",
    "or something or true": "gate check || false || true",
    "or a pipeline": "gate check || true | cat",
    "a handler that may leave with 0": "gate check || { if later; then exit 0; fi; exit 1; }",
    "its status kept inside a subshell": "(gate check || rc=1)\nexit ${rc:-0}",
    "until": "until gate check; do make; done",
    "a loop that goes on": "set +e\nfor f in a b; do gate check; done",
    "another loop's turn": "rc=0\nset +e\nfor f in a b; do gate check; rc=$?; done\nexit $rc",
}


@pytest.mark.parametrize("script", KEPT.values(), ids=KEPT)
def test_a_failure_ends_the_script(script: str) -> None:
    found = followed(script)
    assert found
    assert [failure.lost_by for failure in found] == [None] * len(found)


@pytest.mark.parametrize("script", LOST.values(), ids=LOST)
def test_a_failure_is_lost(script: str) -> None:
    assert any(failure.lost_by for failure in followed(script))


def test_pipefail_and_other_shells_change_the_answer() -> None:
    assert followed("gate check | tee log", pipefail=True)[0].lost_by is None
    assert followed("set -o pipefail\ngate check | tee log")[0].lost_by is None
    assert followed("gate check\nmake", errexit=False)[0].lost_by is not None


@pytest.mark.parametrize(
    "script",
    [
        "if gate check; then", "gate check 'x", "select x in a; do gate check; done", "coproc gate check",
        "gate check <<EOF\nno end", "(" * 30_000 + "gate check" + ")" * 30_000, "gate check\n" * 20_000,
        "case $(gate check) in a) ;; esac", "\x00gate check (",
    ],
    ids=lambda script: script[:12].replace("\x00", "NUL"),
)  # fmt: skip
def test_what_cannot_be_followed_says_so(script: str) -> None:
    with pytest.raises(UnfollowedError):
        followed(script)


# --- bash itself ----------------------------------------------------------------------------------------------------

_BASH = shutil.which("bash")

_harmless = st.sampled_from(["true", "echo a", ":", "x=1", "set +e", "set -e", "set -o pipefail"])
_gate = st.sampled_from(["gate check", "gate check | cat", "gate check > /dev/null 2>&1", "time gate check"])
_leaf = st.one_of(_gate, _gate, _harmless)


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def two(form: str) -> st.SearchStrategy[str]:
        return st.tuples(inner, inner).map(lambda pair: form.format(*pair))

    return st.one_of(
        two("{0}\n{1}"), two("{0} && {1}"), two("{0} || {1}"), two("{0} | {1}"), two("if {0}; then\n{1}\nfi"),
        two("if ! {0}; then\n{1}\nfi"), two("if {0}; then\n:\nelse\n{1}\nfi"), two("{{ {0}\n{1}\n}}"),
        two("for i in 1 2; do\n{0}\n{1}\ndone"), two("({0}\n{1}\n)"), two("case a in a)\n{0}\n;; b) {1}\n;; esac"),
        inner.map("! {}".format), inner.map("f() {{\n{}\n}}\nf".format), inner.map("v=$({}\n)".format),
        inner.map("{}\nrc=$?\nexit $rc".format), inner.map("set +e\n{}\nrc=$?\n[ $rc -ne 0 ] && exit $rc".format),
        inner.map("{} || exit 3".format), inner.map("{} || exit 0".format), inner.map("echo $({}\n)".format),
        inner.map("{} || rc=$?\nexit $rc".format), inner.map("{} || failed=1\nexit ${{failed:-0}}".format),
    )  # fmt: skip


_scripts = st.recursive(_leaf, _grow, max_leaves=6)


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a `gate` that fails with the code in GATE_CODE and leaves a mark that it ran."""
    folder = tmp_path_factory.mktemp("fake")
    program = folder / "gate"
    program.write_text('#!/bin/sh\n: > "$GATE_MARK"\nexit "$GATE_CODE"\n')
    program.chmod(0o755)
    return folder


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(script=_scripts, errexit=st.booleans(), pipefail=st.booleans(), code=st.sampled_from([1, 2, 3, 130]))
def test_no_script_that_bash_ends_well_is_called_kept(
    fake: Path, script: str, errexit: bool, pipefail: bool, code: int
) -> None:
    """If the gate ran, failed every time, and the script still ended with 0, something must have been named."""
    assert _BASH, "bash is needed to run this test"
    mark = fake / f"mark-{os.getpid()}"
    mark.unlink(missing_ok=True)
    flags = (["-e"] if errexit else []) + (["-o", "pipefail"] if pipefail else [])
    done = subprocess.run(
        [_BASH, "--noprofile", "--norc", *flags, "-c", script], capture_output=True, check=False, timeout=20,
        env={"PATH": f"{fake}:{os.defpath}", "GATE_CODE": str(code), "GATE_MARK": str(mark)},
    )  # fmt: skip
    if done.returncode == 0 and mark.exists():
        with contextlib.suppress(UnfollowedError):  # said so, which is no pass either
            assert any(failure.lost_by for failure in followed(script, errexit=errexit, pipefail=pipefail))
