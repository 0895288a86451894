"""The wheel, installed alone with the sources out of sight: the demo's whole story, as a new user would see it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)], check=True,
        capture_output=True,
    )  # fmt: skip
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own: the wheel itself, and this environment's dependencies by path."""
    home = tmp_path_factory.mktemp("installed") / "env"
    venv.create(home, with_pip=False, symlinks=True)
    site = next(home.glob("lib/python*/site-packages"))
    # A path in a .pth file is searched, but its own .pth files (the editable install of this checkout) are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), "install", "--quiet", "--no-deps",
         "--no-index", str(wheel)], check=True, capture_output=True,
    )  # fmt: skip
    return home


def test_the_wheel_holds_rules_schemas_templates_and_the_example_and_no_leftovers(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    for path in (
        "gate/rules/drills/controls/DRL001.yaml", "gate/rules/governance/schemas/gate_config.json",
        "gate/report/schemas/decision-v1.json", "gate/examples/summit-internal/gate.yaml",
        "gate/examples/summit-internal/.github/workflows/gate.yml", "gate/examples/summit-internal/.gitignore",
        "lints/tenancy.py", "attestations/verify.py",
    ):  # fmt: skip
        assert path in names, path
    assert not [n for n in names if re.search(r"__pycache__|\.pyc$|/var/|/evidence/|\.gate/|\.key$|^tests/", n)]
    assert {n.split("/")[0] for n in names if ".dist-info" not in n} == {"gate", "lints", "attestations"}


def test_the_demo_tells_its_story_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    done = subprocess.run(
        [str(installed / "bin" / "gate"), "demo"], cwd=tmp_path, env=environment, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    story = done.stdout
    order = [
        "$ gate ga --run-only", "BLOCKED: the release of summit-internal 1.4.0 must not go out.", "DRL001", "PRG001",
        "exports.py", "$ gate drill run playbooks/dr-restore.yaml --execute", "$ gate purge record --week", "$ git apply",
        "ALLOWED: the release of summit-internal 1.4.0 may go out.", "$ gate verify ../bundle", "VERIFIED", "REFUSED",
        "[digest-mismatch]",
    ]  # fmt: skip
    places = [story.index(text) for text in order]
    assert places == sorted(places), order
    blocked = story[story.index("BLOCKED") : story.index("$ gate drill run")]
    assert re.findall(r"^error\[(\w+)\]", blocked, re.MULTILINE) == ["DRL001", "PRG001", "TENSQL001"]
    assert list(home.iterdir()) == []

    bundle = tmp_path / ".gate" / "demo" / "bundle"
    decision = json.loads((bundle / "data" / "decision.json").read_text("utf-8"))
    assert (decision["verdict"], decision["releasable"], decision["as_of_overridden"]) == ("allowed", True, False)
    subprocess.run(
        ["sha256sum", "--quiet", "-c", "tagmanifest-sha256.txt", "manifest-sha256.txt"], cwd=bundle, check=True
    )
