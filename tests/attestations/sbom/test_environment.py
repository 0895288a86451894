"""An installed environment against importlib.metadata as the second opinion, and metadata that lie."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from attestations.sbom import Inventory, SbomError, Scope, read_environment

Document = Callable[[Inventory], dict[str, Any]]
Edges = Callable[[Inventory], set[tuple[str, str]]]

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SITE = Path(os.__file__).parent / "site-packages"


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def here() -> Path:
    return next(Path(p) for p in sys.path if p.endswith("site-packages"))


def test_this_environment_is_what_importlib_metadata_says(document: Document) -> None:
    theirs: dict[str, Distribution] = {normal(d.name): d for d in distributions(path=[str(here())])}
    inventory = read_environment(Path(sys.executable))
    assert not inventory.problems
    bom = document(inventory)
    ours = {normal(c["name"]): c for c in bom["components"]}
    assert ours.keys() == theirs.keys()
    graph = {entry["ref"]: set(entry["dependsOn"]) for entry in bom["dependencies"]}
    refs = {name: component["bom-ref"] for name, component in ours.items()}
    assert graph.keys() == {"summit@1.2.3", *refs.values()}
    asked = asked_extras(theirs)
    for name, distribution in theirs.items():
        component = ours[name]
        assert (component["name"], component["version"]) == (distribution.metadata["Name"], distribution.version)
        if name != "tenantgate":  # installed from its own directory: not a published package
            assert component["purl"] == f"pkg:pypi/{name}@{distribution.version}"
        expected = {refs[needed] for needed in needs(distribution, asked[name]) if needed in theirs and needed != name}
        assert graph[refs[name]] == expected, name
        expression = distribution.metadata.get("License-Expression")
        if expression:
            (licence,) = component["licenses"]
            assert (licence.get("expression") or licence["license"]["id"]).lower() == expression.lower()
        else:
            stated = distribution.metadata.get_all("License") or any(
                c.startswith("License :: ") for c in distribution.metadata.get_all("Classifier", [])
            )
            assert not stated or component["licenses"], name


def needs(distribution: Distribution, extras: set[str]) -> set[str]:
    found = set()
    for text in distribution.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": e}) for e in {"", *extras}):
            found.add(normal(requirement.name))
    return found


def asked_extras(installed: dict[str, Distribution]) -> dict[str, set[str]]:
    asked: dict[str, set[str]] = {name: set() for name in installed}
    while True:
        before = {name: set(extras) for name, extras in asked.items()}
        for name, distribution in installed.items():
            for text in distribution.requires or ():
                requirement = Requirement(text)
                target = normal(requirement.name)
                wanted = requirement.marker is None or any(
                    requirement.marker.evaluate({"extra": e}) for e in {"", *asked[name]}
                )
                if wanted and target in asked:
                    asked[target] |= requirement.extras
        if asked == before:
            return asked


Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Puts a distribution into a directory of packages; `record` and `more` say what its other files hold."""
    site = tmp_path / "lib" / "python3.12" / "site-packages"

    def put(name: str, version: str, headers: str = "", **more: bytes | None) -> Path:
        folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir(parents=True)
        metadata = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{headers}\n\nA description.\n".encode()
        digest = base64.urlsafe_b64encode(hashlib.sha256(metadata).digest()).rstrip(b"=").decode()
        record = f"{folder.name}/METADATA,sha256={digest},{len(metadata)}\n".encode()
        for file, content in {"METADATA": metadata, "RECORD": record, **more}.items():
            if content is not None:
                (folder / file).write_bytes(content)
        return site

    return put


def test_markers_extras_and_what_was_asked_for(install: Install, edges: Edges) -> None:
    install("app", "1.0", 'Requires-Dist: lib[fast]>=1\nRequires-Dist: win; sys_platform == "win33"', REQUESTED=b"")
    install(
        "lib", "1.1", 'Requires-Dist: speed; extra == "fast"\nRequires-Dist: docs; extra == "docs"\nRequires-Dist: gone'
    )
    install("speed", "2.0", 'Requires-Dist: old; python_version < "3.12"\nRequires-Dist: new; python_version >= "3.12"')
    for name in ("win", "docs", "old", "new"):
        site = install(name, "1.0")
    inventory = read_environment(site)
    assert not inventory.problems
    assert edges(inventory) == {
        (".", "app@1.0"),
        ("app@1.0", "lib@1.1"),
        ("lib@1.1", "speed@2.0"),
        ("speed@2.0", "new@1.0"),  # by the Python of the environment, not by the one that reads it
        *((".", f"{name}@1.0") for name in ("win", "docs", "old")),
    }
    assert {c.scope for c in inventory.components} == {Scope.REQUIRED}


def test_summary_and_links(install: Install, document: Document) -> None:
    headers = """Summary: It does things
Home-page: https://x.example/?utm=1
Project-URL: Bug Tracker, https://user:pw@x.example/issues
Project-URL: Source Code, https://git.example/x
Project-URL: Anything, not a URL
Project-URL: no comma"""
    (component,) = document(read_environment(install("x", "1.0", headers)))["components"]
    assert component["description"] == "It does things"
    assert component["externalReferences"] == [
        {"type": "issue-tracker", "url": "https://x.example/issues"},
        {"type": "vcs", "url": "https://git.example/x"},
        {"type": "website", "url": "https://x.example/"},
    ]


def test_direct_installations(install: Install, document: Document) -> None:
    def url(**info: Any) -> bytes:
        return json.dumps(info).encode()

    vcs = {"vcs": "git", "commit_id": COMMIT, "requested_revision": "main"}
    install("checkout", "1.0", **{"direct_url.json": url(url="https://u:secret@git.example/c.git", vcs_info=vcs)})
    archive = {"hashes": {"sha256": "a" * 64}}
    install(
        "archive", "1.0", **{"direct_url.json": url(url="https://files.example/a.whl?t=secret", archive_info=archive)}
    )
    old = {"hash": "sha256=" + "b" * 64}
    install("old", "1.0", **{"direct_url.json": url(url="file:///home/somebody/o.whl", archive_info=old)})
    site = install("local", "1.0", **{"direct_url.json": url(url="file:///home/somebody", dir_info={"editable": True})})
    bom = document(read_environment(site))
    found = {c["name"]: c for c in bom["components"]}
    assert found["checkout"]["externalReferences"] == [
        {"type": "vcs", "url": f"git+https://git.example/c.git@{COMMIT}"}
    ]
    assert found["archive"]["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert found["old"]["hashes"] == [{"alg": "SHA-256", "content": "b" * 64}]
    assert found["old"]["purl"] == "pkg:pypi/old@1.0"
    assert "purl" not in found["local"]
    assert "secret" not in str(bom)
    assert "somebody" not in str(bom)


LIES: dict[str, tuple[dict[str, bytes | None], str]] = {
    "metadata changed after installation": (
        {"METADATA": b"Name: x\nVersion: 1.0\nRequires-Dist: evil\n\n"},
        "RECORD says",
    ),
    "no RECORD": ({"RECORD": None}, "no readable RECORD"),
    "no METADATA": ({"METADATA": None}, "METADATA"),
    "another name inside": ({"METADATA": b"Name: y\nVersion: 1.0\n\n", "RECORD": b""}, "calls itself y"),
    "no name": ({"METADATA": b"Version: 1.0\n\n", "RECORD": b""}, "no Name"),
    "no version": ({"METADATA": b"Name: x\n\n", "RECORD": b""}, "no Version"),
    "a version that is none": ({"METADATA": b"Name: x\nVersion: 1 0\n\n", "RECORD": b""}, "not a version"),
    "not UTF-8": ({"METADATA": b"Name: x\nVersion: 1.0\nSummary: \xff\n\n", "RECORD": b""}, "not UTF-8"),
    "no headers at all": ({"METADATA": b"\n\nName: x\nVersion: 1.0\n", "RECORD": b""}, "no Name"),
    "a broken direct_url.json": ({"direct_url.json": b"{"}, "not strict JSON"),
    "a checkout of a branch": (
        {"direct_url.json": b'{"url": "https://git.example/x", "vcs_info": {"vcs": "git", "commit_id": "main"}}'},
        "can move",
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_metadata_that_cannot_be_believed_are_a_problem(install: Install, name: str) -> None:
    files, reason = LIES[name]
    inventory = read_environment(install("x", "1.0", **files))
    (problem,) = inventory.problems
    assert (problem.path, inventory.components) == ("x-1.0.dist-info", ())
    assert reason in problem.reason


def test_a_requirement_that_cannot_be_read_is_a_problem(install: Install) -> None:
    site = install("x", "1.0", "Requires-Dist: y >>> 2\nRequires-Dist: ???")
    install("y", "1.0")
    assert [p.path for p in read_environment(site).problems] == ["x-1.0.dist-info", "x-1.0.dist-info"]


def test_two_installed_versions_are_both_kept(install: Install) -> None:
    install("x", "1.0")
    inventory = read_environment(install("x", "2.0"))
    assert [c.version for c in inventory.components] == ["1.0", "2.0"]


def test_a_pipe_in_place_of_a_file_does_not_hang(install: Install) -> None:
    site = install("x", "1.0", METADATA=None)
    os.mkfifo(site / "x-1.0.dist-info" / "METADATA")
    (problem,) = read_environment(site).problems
    assert "not a regular file" in problem.reason


def test_metadata_of_old_installations(install: Install) -> None:
    site = install("x", "1.0")
    (site / "old-1.0.egg-info").write_text("Metadata-Version: 1.0\nName: old\nVersion: 1.0\n")
    (site / "older-1.0.egg-info").mkdir()
    (site / "older-1.0.egg-info" / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: older\nVersion: 1.0\n")
    inventory = read_environment(site)
    assert not inventory.problems
    assert [o.path for c in inventory.components for o in c.occurrences] == [
        "old-1.0.egg-info",
        "older-1.0.egg-info/PKG-INFO",
        "x-1.0.dist-info/METADATA",
    ]


def test_an_egg_is_a_problem(install: Install) -> None:
    site = install("x", "1.0")
    (site / "old-1.0-py3.12.egg").mkdir()
    (site / "linked.egg-link").write_text("/somewhere\n.")
    assert [p.path for p in read_environment(site).problems] == ["linked.egg-link", "old-1.0-py3.12.egg"]


def test_nothing_of_the_environment_is_imported_or_run(install: Install) -> None:
    site = install("x", "1.0")
    (site / "sitecustomize.py").write_text("raise SystemExit('imported')")
    (site / "x.pth").write_text("import sys; sys.exit('executed')\n")
    root = site.parents[2]
    (root / "pyvenv.cfg").write_text("home = /nowhere\ninclude-system-site-packages = false\nversion = 3.12.1\n")
    (root / "bin").mkdir()
    python = root / "bin" / "python"
    python.write_text("#!/bin/sh\ntouch " + str(root / "ran") + "\n")
    python.chmod(0o755)
    for place in (root, python, site):
        assert [c.name for c in read_environment(place).components] == ["x"]
    assert not (root / "ran").exists()


def test_an_environment_that_sees_the_system_is_incomplete(install: Install) -> None:
    root = install("x", "1.0").parents[2]
    (root / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = true\n")
    (problem,) = read_environment(root).problems
    assert problem.path == "pyvenv.cfg"


def test_places_that_are_no_environment(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text("")
    for place, reason in {
        tmp_path / "nothing": "not there",
        tmp_path / "bin": "no installed distribution",
        tmp_path / "bin" / "python": "no virtual environment",
    }.items():
        with pytest.raises(SbomError, match=reason):
            read_environment(place)
    (tmp_path / "pyvenv.cfg").write_text("")
    with pytest.raises(SbomError, match="0 site-packages"):
        read_environment(tmp_path)
