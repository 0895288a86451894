"""The commands of VERIFY.md, taken from the file and run: coreutils, sed and OpenSSL, in a shell, nothing else."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from attestations.envelope import pae
from gate.bundle import bag
from gate.bundle.instructions import Example, argument, verify_md


def commands(text: str) -> dict[str, str]:
    """Section title → its indented lines, as somebody would paste them."""
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    return {
        section.split("\n", 1)[0]: "".join(line[4:] + "\n" for line in section.split("\n") if line.startswith("    "))
        for section in sections
    }


def shell(script: str, folder: Path) -> str:
    done = subprocess.run(
        ["sh", "-eu", "-c", script], cwd=folder, capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(folder.parent)},
    )  # fmt: skip
    return done.stdout if done.returncode == 0 else f"exit {done.returncode}: {done.stdout}{done.stderr}"


@pytest.fixture
def folder(released: Any, tmp_path: Path) -> Path:
    return Path(shutil.copytree(released.folder, tmp_path / "a bundle's copy"))


def test_every_command_runs_as_it_stands(works: Any, folder: Path, tmp_path: Path) -> None:
    sections = commands((folder / "data/VERIFY.md").read_text("utf-8"))
    (tmp_path / "PUBLIC-KEY.pem").write_bytes(works.ci.public.pem)
    files, openssl = (next(s for title, s in sections.items() if word in title) for word in ("coreutils", "OpenSSL"))
    openssl = openssl.replace("PUBLIC-KEY.pem", "../PUBLIC-KEY.pem")

    listed, there = shell(files, folder).split()
    assert listed == there
    assert shell(openssl, folder) == "Verified OK\n1\n"
    assert shell(sections["The policy's digest"], folder) == f"{works.policy.digest}  -\n"
    decided = sections["What was decided, and about which file"]
    *facts, times = shell(decided.replace(works.artifact.name, str(works.artifact)), folder).splitlines()
    assert [fact.split()[0] for fact in facts] == ['"as_of":', '"as_of_overridden":', '"releasable":', '"verdict":']
    assert int(times) > 0
    assert shell(decided.replace(works.artifact.name, "bagit.txt"), folder).endswith("\n0\n"), "another file"
    assert "jq" not in files + openssl + decided
    assert bag.read(folder), "nothing was written into the bundle"

    (folder / "data" / "link").symlink_to("/etc/hostname")
    listed, there = shell(files, folder).split()
    assert listed != there, "something that is in no list"
    (folder / "data" / "link").unlink()
    (folder / "data/decision.json").write_bytes(b"{}")
    assert "exit 1" in shell(files, folder)
    manifest = folder / bag.TAG_MANIFEST
    manifest.write_text(manifest.read_text().replace("a", "b", 1))
    assert shell(openssl, folder) == "exit 1: Verified OK\n0\n", "a good signature over another list"
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    from attestations.trust import PublicKey

    (tmp_path / "PUBLIC-KEY.pem").write_bytes(PublicKey.of(other).pem)
    assert "Verification failure" in shell(openssl, folder)


def test_the_commands_of_the_gate_are_commands(works: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gate import cli

    monkeypatch.chdir(folder)
    lines = commands((folder / "data/VERIFY.md").read_text("utf-8"))["With the gate, offline"].splitlines()
    assert len(lines) == 3
    for line in [line for line in lines if not line.startswith("#")]:
        argv = line.replace("KEYS.json", str(works.keys)).replace("app-1.0.0.bin", str(works.artifact)).split()
        assert argv[0] == "gate"
        assert cli.run(argv[1:]) == 0, line


def test_the_keyless_commands_check_the_certificate_in_the_bundle(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now).not_valid_after(now + timedelta(minutes=10)).sign(key, SHA256())
    )  # fmt: skip
    (tmp_path / bag.TAG_MANIFEST).write_text("list\n")
    payload = json.dumps({"subject": [{"digest": {"sha256": bag.sha256(b"list\n")}}]}, separators=(",", ":")).encode()
    kind = "application/vnd.in-toto+json"
    sig = key.sign(pae(kind, payload), ec.ECDSA(SHA256()))
    encode = lambda data: base64.b64encode(data).decode()  # noqa: E731
    document = {
        "verificationMaterial": {"certificate": {"rawBytes": encode(certificate.public_bytes(Encoding.DER))}},
        "dsseEnvelope": {"payload": encode(payload), "payloadType": kind, "signatures": [{"sig": encode(sig)}]},
    }
    (tmp_path / bag.SIGNATURE).write_text(json.dumps(document, indent=2))
    text = verify_md("x", seal="release_bundle", commands=[], example=Example("a", "b", "c"), keyless=True).decode()
    script = next(script for title, script in commands(text).items() if "OpenSSL" in title)

    assert shell(script, tmp_path) == "Verified OK\n1\n"
    document["dsseEnvelope"]["signatures"][0]["sig"] = encode(key.sign(b"other", ec.ECDSA(SHA256())))
    (tmp_path / bag.SIGNATURE).write_text(json.dumps(document))
    assert "Verification failure" in shell(script, tmp_path)


@pytest.mark.parametrize("name", ["a b.tar", "$(touch fired).tar", "`id`", "-rf", "a\nb", "a'b", "..", ""])
def test_a_strange_artifact_name_never_reaches_a_command(name: str) -> None:
    assert argument(name) == "ARTIFACT"


def test_what_is_filled_in_is_not_filled_in_again() -> None:
    example = Example("a", "b", "c")
    text = verify_md(
        "the @TYPE@ of @SUBJECT@", seal="release_bundle", commands=["@PATH@"], example=example, keyless=False
    )

    assert b"It holds the @TYPE@ of @SUBJECT@." in text
    assert b"\n    @PATH@\n" in text
    assert b"--bundle a " in text


def test_the_file_of_a_slice_runs_too(works: Any, tmp_path: Path) -> None:
    from gate.bundle import slicing
    from gate.writing import write_folder

    full = works.release([{"id": "a", "tenant": "acme"}])
    made = slicing.payload(full, asked := slicing.cut(full, "acme"), keyless=False)
    files = slicing.sealed(made, asked, works.original(full), works.hand)
    write_folder(tmp_path / "slice", files)
    (tmp_path / "PUBLIC-KEY.pem").write_bytes(works.ci.public.pem)
    sections = commands((tmp_path / "slice/data/VERIFY.md").read_text("utf-8"))
    openssl = next(s for title, s in sections.items() if "OpenSSL" in title).replace("PUBLIC-KEY", "../PUBLIC-KEY")

    assert shell(openssl, tmp_path / "slice") == "Verified OK\n1\n"
    assert "replay" not in sections["With the gate, offline"]
