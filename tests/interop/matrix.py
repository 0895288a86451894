"""Clients that others wrote judge every kind of attestation of ours, and we judge theirs; the tampered ones are refused.

Run by `make interop` (the Go clients are built by building.py); not collected by name, since it needs them.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from attestations import statements
from attestations.envelope import bare_envelope
from attestations.signers.key import load_key
from attestations.signers.sigstore import load_sigstore
from attestations.trust import PublicKey
from gate import cli
from gate.bundle import RELEASE

from .building import CLIENTS
from .clients import Instance, Node, not_run
from .conftest import Project, gate, github_job
from .test_verify_md import filled, sections, shell

Record = Callable[[str, str, str], None]
Edit = Callable[[dict[str, Any]], object]


@dataclass(frozen=True)
class Tool:
    """A client's command; it may write nowhere but in its own home."""

    executable: Path
    home: Path

    def __call__(self, *argv: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.executable, *map(str, argv)], capture_output=True, text=True, check=False, timeout=120, cwd=self.home,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), "COSIGN_PASSWORD": "", "NO_PROXY": "127.0.0.1", **environment},
        )  # fmt: skip


def tool(name: str, home: Path) -> Tool:
    client = CLIENTS[name]
    if not client.executable.exists():
        not_run(f"{name} {client.version} is not built; `make interop` builds it where there is Go and a module proxy")
    return Tool(client.executable, home)


@pytest.fixture(scope="session")
def cosign(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    return tool("cosign", tmp_path_factory.mktemp("cosign"))


@pytest.fixture(scope="session")
def slsa_verifier(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    return tool("slsa-verifier", tmp_path_factory.mktemp("slsa-verifier"))


@dataclass(frozen=True)
class Signed:
    """An attestation of ours: its bundle, its type, the file it is about, and how it was signed."""

    path: Path
    type: str
    subject: Path
    keyless: bool
    rekor: int = 1

    @property
    def way(self) -> str:
        return f"keyless, Rekor v{self.rekor}" if self.keyless else "key"


FILES: Mapping[str, tuple[str, str]] = {
    "provenance": ("data/attestations/provenance.sigstore.json", statements.SLSA_PROVENANCE),
    "SBOM": ("data/attestations/sbom.sigstore.json", statements.CYCLONEDX),
    "verdict (VSA)": ("data/attestations/verdict.sigstore.json", statements.VSA),
    "test result": ("data/attestations/test-result.sigstore.json", statements.TEST_RESULT),
    "seal of a release": ("bundle.sigstore.json", statements.evidence_type(RELEASE)),
}
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
    statement = statements.simple_verification(
        subjects=[statements.Subject(name=project.artifact.name, sha256=digest)],
        binding=statements.Binding(
            policy_version="2026.1", policy_digest="a" * 64, pipeline_id=instance.run, signer_identity=signer.identity
        ),
        verifier_id=statements.BUILDERS["sigstore" if keyless else "key"], created_at=datetime.now(UTC), properties=["TENANTS_APART"],
    )  # fmt: skip
    (path := tmp_path / "svr.sigstore.json").write_bytes(signer.sign(statement))
    return Signed(path, statements.SVR, project.artifact, keyless, rekor)


def flip(text: str) -> str:
    """Base64 of the bytes with one bit of the middle one turned."""
    data = bytearray(base64.b64decode(text))
    data[len(data) // 2] ^= 1
    return base64.b64encode(data).decode()


def in_envelope(name: str, change: Callable[[Any], Any]) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        document["dsseEnvelope"][name] = change(document["dsseEnvelope"][name])

    return edit


def retold(document: dict[str, Any]) -> None:
    """Another statement under the same signature."""
    payload = json.loads(base64.b64decode(document["dsseEnvelope"]["payload"]))
    payload["subject"][0]["name"] += "x"
    document["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()


TAMPERED: Mapping[str, Edit] = {
    "a bit of the payload": in_envelope("payload", flip),
    "a bit of the signature": in_envelope("signatures", lambda s: [{**s[0], "sig": flip(s[0]["sig"])}]),
    "another statement": retold,
    "another payload type": in_envelope("payloadType", lambda _: "application/json"),
    "no signature": in_envelope("signatures", lambda _: []),
    "an empty signature": in_envelope("signatures", lambda s: [{**s[0], "sig": ""}]),
    "no payload": in_envelope("payload", lambda _: ""),
    "a future bundle": lambda d: d.update(mediaType="application/vnd.dev.sigstore.bundle.v9.9+json"),
    "no verification material": lambda d: d.update(verificationMaterial={}),
}
KEYLESS_TAMPERED: Mapping[str, Edit] = {
    "no log entry": lambda d: d["verificationMaterial"].update(tlogEntries=[]),
    "no inclusion proof": lambda d: d["verificationMaterial"]["tlogEntries"][0].pop("inclusionProof"),
    "a bit of the certificate": lambda d: d["verificationMaterial"]["certificate"].update(
        rawBytes=flip(d["verificationMaterial"]["certificate"]["rawBytes"])
    ),
}
BY_REKOR: Mapping[int, Mapping[str, Edit]] = {
    1: {"another time": lambda d: d["verificationMaterial"]["tlogEntries"][0].update(integratedTime="1000000000")},
    2: {"no timestamp": lambda d: d["verificationMaterial"].pop("timestampVerificationData")},
}


def variants(signed: Signed, folder: Path) -> Mapping[str, Path]:
    """The tampered bundles, written out."""
    found = {}
    for number, (name, edit) in enumerate(
        ({**TAMPERED, **(KEYLESS_TAMPERED | BY_REKOR[signed.rekor] if signed.keyless else {})}).items()
    ):
        document = json.loads(signed.path.read_bytes())
        edit(document)
        (path := folder / f"tampered-{number}.sigstore.json").write_text(json.dumps(document))
        found[name] = path
    return found


def cosign_line(bundle: Path, signed: Signed, project: Project, instance: Instance, **changes: object) -> list[object]:
    """The command line that accepts a bundle of ours; `changes` are flags by name, and `subject`."""
    flags: dict[str, object] = {"bundle": bundle, "type": signed.type}
    if signed.keyless:
        flags |= {
            "trusted-root": project.sigstore_root, "certificate-identity": instance.identity,
            "certificate-oidc-issuer": instance.issuer, "use-signed-timestamps": "true",
        }  # fmt: skip
    else:
        flags |= {"key": project.public, "insecure-ignore-tlog": "true"}
    subject = changes.pop("subject", signed.subject)
    flags |= {name.replace("_", "-"): value for name, value in changes.items()}
    return ["verify-blob-attestation", *(f"--{name}={value}" for name, value in flags.items()), subject]


def ours(bundle: Path, signed: Signed, project: Project, instance: Instance) -> int:
    """What `gate verify` makes of a bundle."""
    certificate = [
        "--trusted-root",
        project.sigstore_root,
        "--identity",
        instance.identity,
        "--issuer",
        instance.issuer,
    ]
    trust = certificate if signed.keyless else ["--trusted-keys", project.keys]
    return cli.run(list(map(str, ["verify", bundle, "--artifact", signed.subject, "--type", signed.type, *trust])))


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
        wrong["another trusted root"] = {"trusted_root": _other_root(tmp_path)}
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


def _other_root(folder: Path) -> Path:
    from sigstore._internal.tuf import DEFAULT_TUF_URL
    from sigstore._utils import read_embedded

    (path := folder / "production.json").write_bytes(read_embedded("trusted_root.json", DEFAULT_TUF_URL))
    return path


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


PREDICATES: Mapping[str, Any] = {
    "slsaprovenance1": {
        "buildDefinition": {"buildType": "https://summit.example/build", "externalParameters": {}},
        "runDetails": {"builder": {"id": "https://summit.example/builder"}},
    },
    "slsaprovenance02": {"builder": {"id": "https://summit.example/builder"}, "buildType": "https://summit.example/build"},
    "cyclonedx": {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1},
    "spdxjson": {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "app"},
    "vuln": {"scanner": {"uri": "https://scanner.example", "result": {}}, "metadata": {}},
    "openvex": {"@context": "https://openvex.dev/ns/v0.2.0", "statements": []},
    "custom": {"anything": True},
    "https://summit.example/attestation/v1": {"anything": True},
}  # fmt: skip


@dataclass(frozen=True)
class CosignKey:
    private: Path
    public: Path
    trusted: Path


@pytest.fixture(scope="session")
def cosign_key(cosign: Tool) -> CosignKey:
    done = cosign("generate-key-pair")
    assert done.returncode == 0, done.stderr
    key = CosignKey(cosign.home / "cosign.key", cosign.home / "cosign.pub", cosign.home / "keys.json")
    trusted = gate(
        "keys", "trust", str(key.public), "--identity", "builder@summit.example", "--usage", "attestations",
        "--file", str(key.trusted), "--start", "2020-01-01T00:00:00Z",
    )  # fmt: skip
    assert trusted.returncode == 0, trusted.stderr
    return key


def found_type(bundle: Path) -> str:
    payload = json.loads(base64.b64decode(json.loads(bundle.read_bytes())["dsseEnvelope"]["payload"]))
    return str(payload["predicateType"])


@pytest.mark.parametrize("kind", PREDICATES)
def test_we_judge_cosigns_key_bundles(
    kind: str, project: Project, cosign: Tool, cosign_key: CosignKey, tmp_path: Path, record: Record, capsys: Any
) -> None:
    (predicate := tmp_path / "predicate.json").write_text(json.dumps(PREDICATES[kind]))
    bundle = tmp_path / "theirs.sigstore.json"
    made = cosign(
        "attest-blob", "--yes", "--key", cosign_key.private, "--predicate", predicate, "--type", kind,
        "--use-signing-config=false", "--tlog-upload=false", "--bundle", bundle, project.artifact,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr

    def verify(path: Path, *more: str) -> int:
        wanted = ["--type", found_type(bundle), "--artifact", str(project.artifact)]
        return cli.run(["verify", str(path), "--trusted-keys", str(cosign_key.trusted), *(more or wanted)])

    assert verify(bundle) == 0, capsys.readouterr().out
    assert verify(bundle, "--artifact", str(project.config)) == 1
    assert verify(bundle, "--type", "provenance" if kind != "slsaprovenance1" else "sbom") == 1
    assert cli.run(["verify", str(bundle), "--trusted-keys", str(project.keys)]) == 1
    signed = Signed(bundle, kind, project.artifact, keyless=False)
    tampered = variants(signed, tmp_path)
    for name, path in tampered.items():
        assert verify(path) == 1, f"we accept {name}"
        theirs = cosign(
            "verify-blob-attestation", "--key", cosign_key.public, "--bundle", path, "--insecure-ignore-tlog",
            "--type", kind, project.artifact,
        )  # fmt: skip
        assert theirs.returncode, f"cosign accepts {name}"
    record("the gate", f"cosign's, key: {kind}", f"accepted; refused {3 + len(tampered)} wrong")


@pytest.mark.parametrize("rekor", [1, 2])
def test_we_judge_what_cosign_signs_keyless(
    rekor: int,
    project: Project,
    instance: Instance,
    cosign: Tool,
    by_certificate: Path,
    tmp_path: Path,
    record: Record,
    capsys: Any,
) -> None:
    """cosign signs a statement of ours in the private instance, as the same CI job."""
    document = json.loads((by_certificate / FILES["provenance"][0]).read_bytes())
    (statement := tmp_path / "statement.json").write_bytes(base64.b64decode(document["dsseEnvelope"]["payload"]))
    (config := tmp_path / "signing-config.json").write_text(
        json.dumps(json.loads(instance.config(rekor_version=rekor))["signingConfig"])
    )
    (token := tmp_path / "token").write_text(instance.token())
    bundle = tmp_path / "theirs.sigstore.json"
    made = cosign(
        "attest-blob", "--yes", "--statement", statement, "--signing-config", config, "--trusted-root",
        project.sigstore_root, "--identity-token", token, "--bundle", bundle, project.artifact,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    signed = Signed(bundle, statements.SLSA_PROVENANCE, project.artifact, keyless=True, rekor=rekor)
    assert ours(bundle, signed, project, instance) == 0, capsys.readouterr().out
    assert cosign(*cosign_line(bundle, signed, project, instance)).returncode == 0
    tampered = variants(signed, tmp_path)
    for name, path in tampered.items():
        assert ours(path, signed, project, instance) == 1, f"we accept {name}"
        assert cosign(*cosign_line(path, signed, project, instance)).returncode, f"cosign accepts {name}"
    record(
        "the gate", f"cosign's, keyless: provenance (Rekor v{rekor}, TSA)", f"accepted; refused {len(tampered)} wrong"
    )


@pytest.mark.parametrize("kind", ["dsse", "intoto"])
def test_we_judge_what_npm_signs_keyless(
    kind: str, project: Project, instance: Instance, node: Node, by_certificate: Path, tmp_path: Path, record: Record, capsys: Any
) -> None:  # fmt: skip
    """npm's own provenance has log entries of the kind `intoto`, which sigstore-python does not verify."""
    payload = json.loads((by_certificate / FILES["provenance"][0]).read_bytes())["dsseEnvelope"]["payload"]
    order = {"url": instance.url, "token": instance.token(), "payload": payload, "entryType": kind}
    (bundle := tmp_path / "theirs.sigstore.json").write_text(node("sign.cjs", order))
    signed = Signed(bundle, statements.SLSA_PROVENANCE, project.artifact, keyless=True)
    assert ours(bundle, signed, project, instance) == 0, capsys.readouterr().out
    tampered = variants(signed, tmp_path)
    for name, path in tampered.items():
        assert ours(path, signed, project, instance) == 1, f"we accept {name}"
    record("the gate", f"npm's, keyless: provenance (Rekor v1, {kind})", f"accepted; refused {len(tampered)} wrong")


def test_a_key_bundle_with_a_timestamp(
    project: Project, instance: Instance, cosign: Tool, cosign_key: CosignKey, by_key: Path, tmp_path: Path, record: Record, capsys: Any
) -> None:  # fmt: skip
    """cosign's with a timestamp of the instance: we say when it was signed; ours: cosign wants the timestamp to hold."""
    from attestations.timestamps import TimestampAuthority

    config = json.loads(instance.trust_config)["signingConfig"]
    stamping = config["tsaUrls"][0]["url"]
    for name in ("caUrls", "oidcUrls", "rekorTlogUrls", "rekorTlogConfig"):
        del config[name]
    (path := tmp_path / "signing-config.json").write_text(json.dumps(config))
    (predicate := tmp_path / "predicate.json").write_text(json.dumps(PREDICATES["cyclonedx"]))
    theirs = tmp_path / "theirs.sigstore.json"
    made = cosign(
        "attest-blob", "--yes", "--key", cosign_key.private, "--predicate", predicate, "--type", "cyclonedx",
        "--signing-config", path, "--trusted-root", project.sigstore_root, "--bundle", theirs, project.artifact,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    trust = ["verify", str(theirs), "--trusted-keys", str(cosign_key.trusted), "--json"]
    assert cli.run(trust) == 1, "a timestamp that nobody can judge"
    capsys.readouterr()
    assert cli.run([*trust, "--trusted-root", str(project.sigstore_root)]) == 0
    assert '"signed_at": "2' in capsys.readouterr().out
    assert cli.run([*trust, "--trusted-root", str(_other_root(tmp_path))]) == 1, "an authority that is not in the root"
    record("the gate", "cosign's, key with RFC 3161 timestamp: SBOM", "accepted, with the time; refused 2 wrong")

    authority = TimestampAuthority(stamping, instance.trusted_root)
    signer = load_key(project.key, None, "ci@summit.example", authority=authority)
    document = json.loads((by_key / FILES["provenance"][0]).read_bytes())
    (mine := tmp_path / "ours.sigstore.json").write_bytes(
        signer.sign(base64.b64decode(document["dsseEnvelope"]["payload"]))
    )
    signed = Signed(mine, statements.SLSA_PROVENANCE, project.artifact, keyless=False)
    line = cosign_line(
        mine, signed, project, instance, trusted_root=project.sigstore_root, use_signed_timestamps="true"
    )
    done = cosign(*line)
    assert done.returncode == 0, done.stderr
    line = cosign_line(
        mine, signed, project, instance, trusted_root=_other_root(tmp_path), use_signed_timestamps="true"
    )
    assert cosign(*line).returncode, "a timestamp of an authority that is not in the root"
    record(
        f"cosign {CLIENTS['cosign'].version}",
        "ours, key with RFC 3161 timestamp: provenance",
        "accepted; refused 1 wrong",
    )


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
