"""Clients that others wrote, as commands; and attestations with all the ways to tamper with them."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attestations import statements
from gate import cli
from gate.bundle import RELEASE

from .building import CLIENTS
from .clients import Instance, not_run

if TYPE_CHECKING:
    from .conftest import Project

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


def other_root(folder: Path) -> Path:
    from sigstore._internal.tuf import DEFAULT_TUF_URL
    from sigstore._utils import read_embedded

    (path := folder / "production.json").write_bytes(read_embedded("trusted_root.json", DEFAULT_TUF_URL))
    return path
