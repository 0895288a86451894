"""`gate release` leaves a whole bundle or none: killed at any point, on a full disk, asked wrongly."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gate import cli
from gate.bundle import assurance, bag


def argv(works: Any, out: Path, *more: str) -> list[str]:
    return [
        "release", "-C", str(works.root), "--version", "1.0.0", "--artifact", str(works.artifact), "--key", str(works.key),
        "--out", str(out / "bundle"), "--archive", str(out / "bundle.tar"), "--quiet", *more,
    ]  # fmt: skip


def whole(works: Any, out: Path) -> list[str]:
    """What is there under its final name; all of it verifies."""
    found = sorted(path.name for path in out.iterdir() if not path.name.startswith("."))
    for name in found:
        assert cli.run(["verify", str(out / name), "--trusted-keys", str(works.keys)]) == 0
    return found


KILLING = """
import os, signal, sys
from gate import cli
real, calls = os.fsync, []
def fsync(handle):
    calls.append(handle)
    if len(calls) == %d:
        os.kill(os.getpid(), signal.SIGKILL)
    real(handle)
os.fsync = fsync
sys.exit(cli.run(sys.argv[1:]))
"""


@pytest.mark.parametrize(("calls", "left"), [(1, []), (2, ["bundle.tar"]), (30, ["bundle.tar"])])
def test_killed_at_any_point(works: Any, tmp_path: Path, calls: int, left: list[str]) -> None:
    """At the first sync the archive is not named yet; later it is, whole, and the folder is not."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", KILLING % calls, *argv(works, tmp_path)], capture_output=True, check=False
    )

    assert done.returncode == -signal.SIGKILL
    assert whole(works, tmp_path) == left


@pytest.mark.parametrize("calls", [1, 2, 40])
def test_a_full_disk(works: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, calls: int) -> None:
    real, seen = os.fsync, []

    def fsync(handle: int) -> None:
        seen.append(handle)
        if len(seen) >= calls:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    assert cli.run(argv(works, tmp_path)) == 3
    monkeypatch.undo()
    assert "No space left on device" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert whole(works, tmp_path) in ([], ["bundle.tar"])


@pytest.mark.parametrize("limit", [50_000, 400_000])
def test_a_file_that_may_not_grow(works: Any, tmp_path: Path, limit: int) -> None:
    """The kernel's own limit, met while the archive is written."""
    code = (
        f"import resource, signal, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}));"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); from gate import cli; sys.exit(cli.run(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", code, *argv(works, tmp_path)], capture_output=True, text=True, check=False
    )

    if limit == 50_000:
        assert (done.returncode, "File too large" in done.stderr) == (3, True), done.stderr
        assert list(tmp_path.iterdir()) == []
    else:
        assert done.returncode == 0, done.stderr
        assert whole(works, tmp_path) == ["bundle", "bundle.tar"]


def test_a_bundle_that_would_not_verify_is_never_written(
    works: Any, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    real = bag.bagged
    monkeypatch.setattr(bag, "bagged", lambda payload, **about: {**real(payload, **about), "data/decision.json": b"{}"})

    assert cli.run(argv(works, tmp_path)) == 3
    assert "the bundle would not verify: manifests" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_decision_that_can_not_be_repeated_is_never_written(
    works: Any, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.setattr(assurance, "replay", lambda _: ("data/decision.json/verdict: …",))

    assert cli.run(argv(works, tmp_path)) == 3
    assert "can't be repeated from its own bundle" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--version", "1 0"], "--version: letters"),
        (["--version", "1\nX: y"], "--version: letters"),
        (["--version", "../1"], "--version: letters"),
        (["--attestation", "nothing.json"], "no such file"),
    ],
)
def test_asked_wrongly(works: Any, tmp_path: Path, capsys: Any, more: list[str], said: str) -> None:
    assert cli.run(argv(works, tmp_path, *more)) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nowhere_and_over_another(works: Any, tmp_path: Path, capsys: Any) -> None:
    nowhere = [a for a in argv(works, tmp_path) if "bundle" not in a and a not in ("--out", "--archive")]
    assert cli.run(nowhere) == 2
    assert "say where the bundle goes" in capsys.readouterr().err
    (tmp_path / "bundle.tar").symlink_to("/nowhere")
    assert cli.run(argv(works, tmp_path)) == 2
    assert "already exists" in capsys.readouterr().err


def test_attestations_made_elsewhere_are_part_of_the_evidence(works: Any, tmp_path: Path, capsys: Any) -> None:
    from attestations import predicates, statements
    from gate.bundle import GIVEN

    binding = statements.Binding(
        policy_version=works.policy.version, policy_digest=works.policy.digest, pipeline_id="local",
        signer_identity=works.ci.identity,
    )  # fmt: skip
    subject = statements.Subject(name="app", sha256=bag.sha256(works.artifact.read_bytes()))
    data = works.ci.sign(
        predicates.test_result(subjects=[subject], binding=binding, passed=["unit"], warned=[], failed=[], finished_at=works.now)
    )  # fmt: skip
    given = [tmp_path / folder / "unit.sigstore.json" for folder in ("one", "other")]
    for path in given:
        path.parent.mkdir()
        path.write_bytes(data)
    (out := tmp_path / "out").mkdir()

    assert cli.run(argv(works, out, "--attestation", str(given[0]))) == 0
    assert whole(works, out) == ["bundle", "bundle.tar"]
    files = bag.read(out / "bundle")
    assert files[f"{GIVEN}/{bag.sha256(data)}.sigstore.json"] == data
    assert any(row["path"] == given[0].name for row in json.loads(files["data/evidence/attestation.json"])["rows"])
    (again := tmp_path / "again").mkdir()
    assert cli.run(argv(works, again, *(a for path in given for a in ("--attestation", str(path))))) == 2
    assert "rename one" in capsys.readouterr().err
