"""Clients that others wrote judge every kind of attestation of ours, signed in every way; tampered ones are refused.

Run by `make interop` (the Go clients are built by building.py); not collected by name, since it needs them.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from attestations import predicates, statements
from attestations.envelope import bare_envelope
from attestations.signers.key import load_key
from attestations.signers.sigstore import load_sigstore
from attestations.trust import PublicKey
from gate import cli

from .building import CLIENTS
from .clients import Instance, Node, not_run
from .conftest import Project, gate, github_job
from .judging import (
    FILES,
    TAMPERED,
    Record,
    Signed,
    Tool,
    cosign_line,
    other_root,
    ours,
    retold,
    tool,
    variants,
)
from .test_verify_md import filled, sections, shell

KINDS = (*FILES, "simple verification result")


@pytest.fixture(
    params=[(way, kind) for way in ("by_key", "by_certificate", "by_certificate_v2") for kind in KINDS], ids="-".join
)
def signed(
    request: pytest.FixtureRequest, project: Project, instance: Instance, tmp_path: Path, monkeypatch: Any
) -> Signed:
    way, kind = request.param
    keyless, rekor = way != "by_key", 2 if way.endswith("v2") else 1
    if kind in FILES:
        folder: Path = request.getfixturevalue(way)
        path, found_type = FILES[kind]
        subject = folder / "tagmanifest-sha256.txt" if kind.startswith("seal") else project.artifact
        return Signed(folder / path, found_type, subject, keyless, rekor)
    for name, value in github_job(instance).items():
        monkeypatch.setenv(name, value)
    signer = (
        load_sigstore(trust_config=instance.config(rekor_version=rekor))
        if keyless
        else load_key(project.key, None, "ci@summit.example")
    )
    digest = sha256(project.artifact.read_bytes()).hexdigest()
    statement = predicates.simple_verification(
        subjects=[statements.Subject(name=project.artifact.name, sha256=digest)],
        binding=statements.Binding(
            policy_version="2026.1", policy_digest="a" * 64, pipeline_id=instance.run, signer_identity=signer.identity
        ),
        verifier_id=statements.BUILDERS["sigstore" if keyless else "key"], created_at=datetime.now(UTC), properties=["TENANTS_APART"],
    )  # fmt: skip
    (path := tmp_path / "svr.sigstore.json").write_bytes(signer.sign(statement))
    return Signed(path, statements.SVR, project.artifact, keyless, rekor)


def test_cosign_judges_ours(
    signed: Signed, project: Project, instance: Instance, cosign: Tool, tmp_path: Path, record: Record, request: Any, capsys: Any
) -> None:  # fmt: skip
    kind = request.node.callspec.params["signed"][1]
    done = cosign(*cosign_line(signed.path, signed, project, instance))
    assert (done.returncode, "Verified OK" in done.stderr) == (0, True), done.stderr
    assert ours(signed.path, signed, project, instance) == 0, capsys.readouterr().out

    (other := tmp_path / "other").write_bytes(b"another file")
    wrong: dict[str, dict[str, object]] = {
        "another file": {"subject": other},
        "another type": {"type": "https://example.com/other/v1"},
    }
    if signed.keyless:
        wrong["another identity"] = {"certificate_identity": instance.identity + "x"}
        wrong["another issuer"] = {"certificate_oidc_issuer": "https://gitlab.com"}
        wrong["another trusted root"] = {"trusted_root": other_root(tmp_path)}
    else:
        assert gate("keys", "new", str(tmp_path / "k"), "--no-passphrase").returncode == 0
        wrong["another key"] = {"key": tmp_path / "k.pub"}
    for name, changes in wrong.items():
        assert cosign(*cosign_line(signed.path, signed, project, instance, **changes)).returncode, name
    tampered = variants(signed, tmp_path)
    for name, path in tampered.items():
        assert cosign(*cosign_line(path, signed, project, instance)).returncode, f"cosign accepts {name}"
        assert ours(path, signed, project, instance) == 1, f"we accept {name}"
    record(
        f"cosign {CLIENTS['cosign'].version}",
        f"ours, {signed.way}: {kind}",
        f"accepted; refused {len(wrong) + len(tampered)} wrong",
    )


def test_npm_judges_ours(
    signed: Signed, project: Project, instance: Instance, node: Node, tmp_path: Path, record: Record, request: Any
) -> None:
    kind = request.node.callspec.params["signed"][1]
    if signed.keyless:
        trust = {
            "trustedRoot": json.loads(instance.trusted_root),
            "identity": instance.identity,
            "issuer": instance.issuer,
        }
    else:
        trust = {"key": project.public.read_text(), "hint": load_key(project.key, None, "x").keyid}
    # sigstore-js is content with the promise of Rekor v1, and reads bundles of versions to come as v0.3.
    lenient = ("a future bundle", *(["no inclusion proof"] if signed.rekor == 1 else []))
    tampered = {name: path for name, path in variants(signed, tmp_path).items() if name not in lenient}
    asked = [{"bundle": json.loads(path.read_bytes()), **trust} for path in (signed.path, *tampered.values())]
    good, *bad = json.loads(node("verify.cjs", asked))
    assert good["accepted"], good
    assert [name for name, verdict in zip(tampered, bad, strict=True) if verdict["accepted"]] == []
    record(
        "npm @sigstore/verify 4.1.3 (sigstore 5.0.1)",
        f"ours, {signed.way}: {kind}",
        f"accepted; refused {len(bad)} wrong",
    )


def test_sigstore_python_judges_ours(
    signed: Signed, instance: Instance, tmp_path: Path, record: Record, request: Any
) -> None:
    from sigstore.errors import Error
    from sigstore.models import Bundle, ClientTrustConfig, InvalidBundle
    from sigstore.verify import Verifier, policy

    kind = request.node.callspec.params["signed"][1]
    verifier = Verifier(trusted_root=ClientTrustConfig.from_json(instance.trust_config.decode()).trusted_root)
    exact = policy.Identity(identity=instance.identity, issuer=instance.issuer)
    if not signed.keyless:
        with pytest.raises(InvalidBundle):
            Bundle.from_json(signed.path.read_bytes())
        record("sigstore-python 4.5.1", f"ours, key: {kind}", "not supported: wants a certificate")
        return
    assert verifier.verify_dsse(Bundle.from_json(signed.path.read_bytes()), exact)
    tampered = {name: path for name, path in variants(signed, tmp_path).items() if name != "another payload type"}
    for path in tampered.values():
        with pytest.raises((Error, ValueError)):
            verifier.verify_dsse(Bundle.from_json(path.read_bytes()), exact)
    record("sigstore-python 4.5.1", f"ours, {signed.way}: {kind}", f"accepted; refused {len(tampered)} wrong")


@pytest.mark.parametrize("client", ["cosign", "slsa-verifier"])
@pytest.mark.parametrize("way", ["by_key", "by_certificate"])
def test_the_commands_of_verify_md(
    way: str, client: str, project: Project, instance: Instance, request: Any, tmp_path: Path, record: Record
) -> None:
    tool(client, tmp_path)
    (bin_folder := tmp_path / "bin").mkdir()
    (bin_folder / client).symlink_to(CLIENTS[client].executable)
    bundle: Path = request.getfixturevalue(way)
    commands = sections(bundle)
    if client == "slsa-verifier" and way == "by_certificate":
        assert client not in commands
        return
    script = filled(commands[client], project, instance)
    path = {"PATH": f"{bin_folder}:/usr/bin:/bin"}
    assert "exit" not in shell(script, bundle, **path)
    assert "exit" in shell(script.replace(str(project.artifact), str(project.config)), bundle, **path)
    record(
        f"{client} {CLIENTS[client].version}", f"VERIFY.md's own command, {way.replace('_', ' ')}", "runs as it stands"
    )


def test_slsa_verifier_judges_our_verdict(
    by_key: Path, project: Project, instance: Instance, slsa_verifier: Tool, tmp_path: Path, record: Record
) -> None:
    def line(envelope: Path, **changes: str) -> list[str]:
        flags = {
            "subject-digest": f"sha256:{sha256(project.artifact.read_bytes()).hexdigest()}",
            "attestation-path": str(envelope),
            "verifier-id": statements.BUILDERS["key"],
            "resource-uri": "pkg:generic/summit/app@1.0.0",
            "public-key-path": str(project.public),
            "verified-level": "TENANTGATE_RELEASE_ALLOWED",
        }
        return [
            "verify-vsa",
            *(f"--{n}={v}" for n, v in (flags | {k.replace("_", "-"): v for k, v in changes.items()}).items()),
        ]

    bundle = (by_key / FILES["verdict (VSA)"][0]).read_bytes()
    (good := tmp_path / "verdict.intoto.jsonl").write_bytes(bare_envelope(bundle))
    done = slsa_verifier(*line(good))
    assert (done.returncode, "PASSED" in done.stdout + done.stderr) == (0, True), done.stderr
    assert gate("keys", "new", str(tmp_path / "k"), "--no-passphrase").returncode == 0
    wrong = [
        {"subject_digest": "sha256:" + "a" * 64},
        {"verifier_id": statements.BUILDERS["sigstore"]},
        {"resource_uri": "pkg:generic/summit/app@1.0.1"},
        {"public_key_path": str(tmp_path / "k.pub")},
        {"verified_level": "SLSA_BUILD_LEVEL_3"},
    ]
    for changes in wrong:
        assert slsa_verifier(*line(good, **changes)).returncode, changes
    signer = load_key(project.key, None, "ci@summit.example")
    failed = json.loads(base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"]))
    failed["predicate"] |= {"verificationResult": "FAILED", "verifiedLevels": ["FAILED"]}
    (bad := tmp_path / "failed.jsonl").write_bytes(bare_envelope(signer.sign(json.dumps(failed).encode())))
    assert slsa_verifier(*line(bad)).returncode
    tampered = 0
    for edit in (
        TAMPERED["a bit of the payload"],
        TAMPERED["a bit of the signature"],
        retold,
        TAMPERED["no signature"],
    ):
        document = json.loads(bundle)
        edit(document)
        bad.write_text(json.dumps(document["dsseEnvelope"]))
        assert slsa_verifier(*line(bad)).returncode
        tampered += 1
    name = f"slsa-verifier {CLIENTS['slsa-verifier'].version}"
    record(name, "ours, key: verdict (VSA), bare envelope", f"accepted; refused {len(wrong) + 1 + tampered} wrong")


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PKCS#11 token (SoftHSM) with a P-256 key of id 2, and the PEM file of its public half."""
    util, module = shutil.which("softhsm2-util"), os.environ.get("PYKCS11LIB")
    if util is None or module is None or importlib.util.find_spec("pkcs11") is None:
        not_run("a key in a PKCS#11 token: needs softhsm2-util, python-pkcs11, and PYKCS11LIB naming libsofthsm2.so")
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path}/tokens\nobjectstore.backend = file\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "token.pub").write_bytes(PublicKey.of(key.public_key()).pem)
    for argv in (
        ["--init-token", "--free", "--label", "gate", "--pin", "123456", "--so-pin", "12345678"],
        ["--import", str(tmp_path / "key.pem"), "--token", "gate", "--label", "gate", "--id", "02", "--pin", "123456"],
    ):
        done = subprocess.run([util, "--module", module, *argv], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    (tmp_path / "key.pem").unlink()
    return tmp_path / "token.pub"


def test_a_release_signed_in_a_token(
    token: Path, project: Project, cosign: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, record: Record
) -> None:  # fmt: skip
    mine = replace(project, root=Path(shutil.copytree(project.root, tmp_path / "app")))
    trusted = gate(
        "keys", "trust", str(token), "--identity", "hsm@summit.example", "--usage", "attestations", "--file", str(mine.keys)
    )  # fmt: skip
    assert trusted.returncode == 0, trusted.stderr
    mine.change((mine.root / "gate.yaml").read_text("utf-8"))
    reference = tmp_path / "release.key.json"
    reference.write_text(json.dumps({"uri": "hsm:2?label=gate", "publicKey": "token.pub"}))
    (out := tmp_path / "out").mkdir()
    for pin, code, says in ((None, 3, "asks for a PIN"), ("000000", 3, "PinIncorrect"), ("123456", 0, "")):
        if pin is None:
            monkeypatch.delenv("GATE_KEY_PASSPHRASE", raising=False)
        else:
            monkeypatch.setenv("GATE_KEY_PASSPHRASE", pin)
        assert cli.run(mine.release(out, "--key", str(reference))) == code
        said = capsys.readouterr().err
        assert says in said
        assert code == 0 or (said.count("\n"), list(out.iterdir())) == (1, [])
    assert cli.run(["verify", str(out / "bundle"), "--trusted-keys", str(mine.keys)]) == 0
    path, found = FILES["verdict (VSA)"]
    judged = cosign(
        "verify-blob-attestation", "--key", token, "--bundle", out / "bundle" / path, "--insecure-ignore-tlog",
        "--type", found, project.artifact,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stderr
    assert statements.BUILDERS["kms"] in (out / "bundle/data/VERIFY.md").read_text("utf-8")
    record(f"cosign {CLIENTS['cosign'].version}", "ours, key in a PKCS#11 token (SoftHSM): verdict (VSA)", "accepted")
