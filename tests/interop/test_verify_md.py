"""What VERIFY.md tells an auditor to type, typed: coreutils, OpenSSL, Node.js and the gate, on bundles of both kinds."""

from __future__ import annotations

import base64
import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gate import cli

from .clients import Instance, Node
from .conftest import Project

SEAL = "bundle.sigstore.json"
Record = Callable[[str, str, str], None]


def sections(bundle: Path) -> dict[str, str]:
    """The first word of a section's tool → its commands."""
    text = (bundle / "data/VERIFY.md").read_text("utf-8")
    found = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, _, body = section.partition("\n")
        lines = [line[4:] for line in body.split("\n") if line.startswith("    ")]
        found[re.sub(r"^With (the )?|[,:'].*| \(.*", "", title)] = "\n".join(lines) + "\n"
    return found


def filled(script: str, project: Project, instance: Instance) -> str:
    """The commands with the reader's own files and names in place of those in capitals."""
    for name, value in {
        "PUBLIC-KEY.pem": project.public,
        "TRUSTED-ROOT.json": project.sigstore_root,
        "KEYS.json": project.keys,
        "IDENTITY": instance.identity,
        "ISSUER": instance.issuer,
        project.artifact.name: project.artifact,
    }.items():
        script = script.replace(name, str(value))
    return script


def shell(script: str, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        ["sh", "-eu", "-c", script], cwd=folder, capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder.parent), "TMPDIR": str(folder.parent), **environment},
    )  # fmt: skip
    return done.stdout if done.returncode == 0 else f"exit {done.returncode}: {done.stdout}{done.stderr}"


@pytest.fixture(params=["by_key", "by_certificate"])
def bundle(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(request.getfixturevalue(request.param), tmp_path / "a bundle"))


def by_gate(bundle: Path, project: Project, instance: Instance, patch: pytest.MonkeyPatch) -> list[int]:
    """What the gate's own commands in VERIFY.md come to."""
    patch.chdir(bundle)
    lines = filled(sections(bundle)["gate"], project, instance).splitlines()
    return [cli.run(line.removeprefix("gate ").split()) for line in lines if not line.startswith("#")]


def test_every_command_holds(
    bundle: Path, project: Project, instance: Instance, node: Node, monkeypatch: pytest.MonkeyPatch, capsys: Any,
    record: Record, request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    commands = sections(bundle)
    assert by_gate(bundle, project, instance, monkeypatch) == [0, 0], capsys.readouterr().out
    listed, there = shell(commands["coreutils"], bundle).split()
    assert listed == there
    assert shell(filled(commands["OpenSSL"], project, instance), bundle) == "Verified OK\n1\n"
    assert shell(filled(commands["npm"], project, instance), bundle, **node.environment) == "Verified OK\n"
    assert set(commands) - {"slsa-verifier"} == {
        "gate",
        "coreutils",
        "OpenSSL",
        "What was decided",
        "The policy",
        "cosign",
        "npm",
    }
    way = request.node.callspec.params["bundle"].replace("_", " ")
    for client in ("coreutils", "OpenSSL", "npm"):
        record(client, f"VERIFY.md's own command, {way}", "runs as it stands; flipped bits refused")


def flipped(data: bytes, position: int, bit: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1 << bit]) + data[position + 1 :]


def test_a_bit_flipped_in_any_file_is_seen(
    bundle: Path, project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    chance = random.Random(7)
    verify, replay = filled(sections(bundle)["gate"], project, instance).splitlines()[::2]
    coreutils = sections(bundle)["coreutils"]
    openssl = filled(sections(bundle)["OpenSSL"], project, instance)
    monkeypatch.chdir(bundle)
    for path in sorted(path for path in bundle.rglob("*") if path.is_file()):
        good = path.read_bytes()
        path.write_bytes(flipped(good, chance.randrange(len(good)), chance.randrange(8)))
        assert cli.run(verify.split()[1:]) == 1, path
        assert cli.run(replay.split()[1:]) == 1, path
        if path.name == "tagmanifest-sha256.txt":
            assert not shell(openssl, bundle).endswith("Verified OK\n1\n")
        elif path.name != SEAL:
            assert shell(coreutils, bundle).startswith("exit 1"), path
        path.write_bytes(good)
        capsys.readouterr()


def test_a_bit_flipped_in_payload_or_signature_is_seen_by_openssl_and_npm(
    bundle: Path, project: Project, instance: Instance, node: Node
) -> None:
    """Flips that change what the Base64 stands for, or that make it none; the gate also refuses those that don't."""
    chance = random.Random(11)
    commands = sections(bundle)
    openssl, npm = (filled(commands[name], project, instance) for name in ("OpenSSL", "npm"))
    npm = npm.replace("data/attestations/verdict.sigstore.json", SEAL)
    data = (bundle / SEAL).read_bytes()
    envelope = json.loads(data)["dsseEnvelope"]
    seen = 0
    for text in (envelope["payload"], envelope["signatures"][0]["sig"]):
        start = data.index(text.encode())
        for _ in range(12):
            position, bit = start + chance.randrange(len(text) - 4), chance.randrange(8)
            (bundle / SEAL).write_bytes(flipped(data, position, bit))
            assert not shell(openssl, bundle).startswith("Verified OK"), (position, bit)
            if not seen % 4:
                assert not shell(npm, bundle, **node.environment).startswith("Verified OK"), (position, bit)
            seen += 1
    (bundle / SEAL).write_bytes(data)
    assert base64.b64decode(envelope["payload"])
    assert shell(openssl, bundle) == "Verified OK\n1\n"
