"""Attestations that strangers published through the public Sigstore instance, verified offline with its trusted root.

They are the test data of a package's source distribution (PEP 740 objects made on GitHub, GitLab and CircleCI), fetched
once by hash and read in memory.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from attestations import statements
from attestations.refusal import Reason, Refused
from attestations.trust import Identity, Trust
from attestations.verify import Expectation, verify

SOURCE = "pypi-attestations==0.0.30"
SHA256 = "14ff13c76bbef02a483c2b77532da02bfd746b5141b881f355e06b9807434423"
GITHUB = "https://token.actions.githubusercontent.com"
RELEASE = "https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml@refs/tags/v0.0.19"
CIRCLE_PROJECT = "fdd9283f-e619-46af-8f9c-851f7d3e8b2b"
CIRCLE_PIPELINE = "8e4f8ab2-8d7c-4827-9f15-de076d6d647f"
# file, kind of attestation, identity, issuer, when
PUBLISHED = [
    ("pypi_attestations-0.0.19.tar.gz", "publish.", RELEASE, GITHUB, "2024-12-04T23:14:01Z"),
    ("pypi_attestations-0.0.19.tar.gz", "slsa.", RELEASE, GITHUB, "2024-12-04T23:13:46Z"),
    (
        "pypi_attestation_models-0.0.4a2.tar.gz",
        "",
        "https://github.com/trailofbits/pypi-attestation-models/.github/workflows/release.yml@refs/tags/v0.0.4a2",
        GITHUB,
        "2024-06-10T19:47:25Z",
    ),
    (
        "gitlab_oidc_project-0.0.3.tar.gz",
        "publish.",
        "https://gitlab.com/facutuesca/gitlab-oidc-project//.gitlab-ci.yml@refs/heads/main",
        "https://gitlab.com",
        "2024-11-19T17:37:00Z",
    ),
    (
        "circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl",
        "publish.",
        f"https://circleci.com/api/v2/projects/{CIRCLE_PROJECT}/pipeline-definitions/{CIRCLE_PIPELINE}",
        "https://oidc.circleci.com",
        "2026-02-05T22:59:42Z",
    ),
]


@pytest.fixture(scope="module")
def published() -> Iterator[tarfile.TarFile]:
    folder = Path(__file__).parents[2] / ".gate" / f"published-{SHA256[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / "pypi_attestations-0.0.30.tar.gz"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            (folder / "wanted.txt").write_text(f"{SOURCE} --hash=sha256:{SHA256}\n")
            options = ["--no-deps", "--no-binary", "pypi-attestations", "--require-hashes", "--quiet", "--dest", folder]
            command = [sys.executable, "-m", "pip", "download", *options, "-r", folder / "wanted.txt"]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
                problem = done.stderr.strip()[-300:]
            except subprocess.TimeoutExpired:
                problem = "timed out"
            if not archive.exists():
                what = f"the published attestations could not be fetched: {problem}"
                if os.environ.get("CI") == "true":
                    pytest.fail(what)
                pytest.skip(f"NOT RUN: {what}")
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == SHA256
    with tarfile.open(archive) as opened:
        yield opened


def member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(f"pypi_attestations-0.0.30/test/assets/{name}")
    assert file is not None
    return file.read()


def as_bundle(attestation: bytes) -> dict[str, Any]:
    """A PEP 740 attestation object holds the parts of a bundle under other names."""
    found = json.loads(attestation)
    material, envelope = found["verification_material"], found["envelope"]
    return {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": material["certificate"]},
            "tlogEntries": material["transparency_entries"],
        },
        "dsseEnvelope": {
            "payload": envelope["statement"],
            "payloadType": statements.PAYLOAD_TYPE,
            "signatures": [{"sig": envelope["signature"]}],
        },
    }


@pytest.mark.parametrize(
    ("name", "kind", "identity", "issuer", "when"), PUBLISHED, ids=["github", "slsa", "older", "gitlab", "circleci"]
)
def test_it_verifies_and_nothing_else_does(
    bench: Any, published: tarfile.TarFile, name: str, kind: str, identity: str, issuer: str, when: str
) -> None:
    from sigstore._internal.tuf import DEFAULT_TUF_URL
    from sigstore._utils import read_embedded

    document = as_bundle(member(published, f"{name}.{kind}attestation"))
    bundle = json.dumps(document).encode()
    digest = hashlib.sha256(member(published, name)).hexdigest()
    trust = Trust(
        sigstore_root=read_embedded("trusted_root.json", DEFAULT_TUF_URL), identities=(Identity(identity, issuer),)
    )

    def expect(**changes: Any) -> Expectation:
        return bench.anything(subjects=(digest,), require_timestamp=True, **changes)  # type: ignore[no-any-return]

    now = datetime.now(UTC)
    verified = verify(bundle, trust, expect(identity=identity, issuer=issuer), now=now)
    assert verified.signed_at == statements.parse_time(when)
    assert verified.binding is None
    if kind == "slsa.":
        assert verified.predicate_type == statements.SLSA_PROVENANCE

    def refused(changed: dict[str, Any], *, trusted: Trust = trust, **changes: Any) -> Reason:
        with pytest.raises(Refused) as refusal:
            verify(json.dumps(changed).encode(), trusted, expect(**changes), now=now)
        return refusal.value.code

    assert refused(document, identity=identity + "x") is Reason.IDENTITY_MISMATCH
    assert refused(document, require_binding=True) in (Reason.BINDING_MISSING, Reason.MALFORMED)
    stranger = Trust(sigstore_root=trust.sigstore_root, identities=(Identity(identity, "https://other.example"),))
    assert refused(document, trusted=stranger) is Reason.IDENTITY_MISMATCH
    payload = base64.b64decode(document["dsseEnvelope"]["payload"])
    document["dsseEnvelope"]["payload"] = base64.b64encode(payload.replace(digest.encode(), b"a" * 64)).decode()
    assert refused(document) is Reason.BAD_SIGNATURE
