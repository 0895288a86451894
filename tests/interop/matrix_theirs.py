"""We judge what the clients of others sign: cosign with a key and keyless, npm; tampered ones are refused.

Run by `make interop` (the Go clients are built by building.py); not collected by name, since it needs them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from attestations import statements
from attestations.signers.key import load_key
from gate import cli

from .building import CLIENTS
from .clients import Instance, Node
from .conftest import Project, gate
from .judging import (
    FILES,
    Record,
    Signed,
    Tool,
    cosign_line,
    other_root,
    ours,
    variants,
)

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
    assert cli.run([*trust, "--trusted-root", str(other_root(tmp_path))]) == 1, "an authority that is not in the root"
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
    line = cosign_line(mine, signed, project, instance, trusted_root=other_root(tmp_path), use_signed_timestamps="true")
    assert cosign(*line).returncode, "a timestamp of an authority that is not in the root"
    record(
        f"cosign {CLIENTS['cosign'].version}",
        "ours, key with RFC 3161 timestamp: provenance",
        "accepted; refused 1 wrong",
    )
