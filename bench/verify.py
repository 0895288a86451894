"""Verification beside the tools people use for it: statements a second in one process, and whole processes.

python bench/verify.py            # prints the tables; needs pip's network once, for a bundle that strangers signed
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from measure import compare, table

from attestations import batches, envelope, predicates, statements
from attestations.signers.key import signer_for
from attestations.statements import Binding, Subject
from attestations.trust import ATTESTATIONS, EVIDENCE, Identity, Trust, TrustedKey, TrustedKeys
from attestations.verify import UNCHECKED, Expectation, verify

BIN = Path(sys.executable).parent
NOW = datetime.now(UTC).replace(microsecond=0)
SIGNER = signer_for(ec.generate_private_key(ec.SECP256R1()), "release-ci@bench.example")
START = NOW - timedelta(days=9)
TRUST = Trust(
    keys=TrustedKeys(
        tuple(
            TrustedKey(public=SIGNER.public, identity=SIGNER.identity, usage=usage, start=START)
            for usage in (ATTESTATIONS, EVIDENCE)
        )
    )
)
POLICY = "b" * 64
BINDING = Binding(policy_version="1", policy_digest=POLICY, pipeline_id="local", signer_identity=SIGNER.identity)
RELEASE = "https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml@refs/tags/v0.0.19"
GITHUB = "https://token.actions.githubusercontent.com"
SOURCE = "pypi-attestations==0.0.30 --hash=sha256:14ff13c76bbef02a483c2b77532da02bfd746b5141b881f355e06b9807434423"
PUBLISHED = "pypi_attestations-0.0.19.tar.gz"
PROCESSES = 30


def expect(**changes: Any) -> Expectation:
    values: dict[str, Any] = {
        "predicate_type": UNCHECKED, "subjects": UNCHECKED, "usage": ATTESTATIONS, "identity": UNCHECKED,
        "issuer": UNCHECKED, "policy_digest": UNCHECKED, "pipeline_id": UNCHECKED, "builders": UNCHECKED,
        "predicate": UNCHECKED, "max_age": UNCHECKED, "require_timestamp": False, "require_binding": False,
    }  # fmt: skip
    return Expectation(**(values | changes))


STRICT = expect(
    predicate_type=statements.VSA, identity=SIGNER.identity, issuer=None, policy_digest=POLICY,
    predicate={("verificationResult",): "PASSED"}, max_age=timedelta(days=30), require_binding=True,
)  # fmt: skip


def summary(number: int) -> bytes:
    """One of many verification summaries: each about another file, at another time."""
    return predicates.verification_summary(
        subjects=[Subject(name=f"app-{number}.whl", sha256=sha256(str(number).encode()).hexdigest())],
        binding=BINDING,
        verifier_id=statements.BUILDERS["key"],
        tool_version="1",
        verified_at=NOW - timedelta(seconds=number),
        resource_uri=f"pkg:generic/app@{number}",
        passed=True,
        levels=["BENCH"],
    )


def rates(title: str, count: int, work: Mapping[str, Callable[[], object]], rounds: int) -> str:
    """Items per second of CPU, interleaved; the ratio is to the second row, round by round."""
    found: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, run in work.items():
            start = time.process_time()
            run()
            found[name].append(count / (time.process_time() - start))
    peer = list(found.values())[1]
    lines = [
        f"{title} ({rounds} rounds, medians, one thread)\n",
        "| what | a second | rate over peer |",
        "|---|---|---|",
    ]
    for name, rows in found.items():
        over = statistics.median(row / other for row, other in zip(rows, peer, strict=True))
        lines.append(f"| {name} | {statistics.median(rows):,.0f} | {over:.2f} |")
    return "\n".join(lines) + "\n"


def keys(count: int, rounds: int) -> str:
    """Key-signed statements, and the same statements under one signature."""
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey

    payloads = [summary(number) for number in range(count)]
    bundles = [SIGNER.sign(payload) for payload in payloads]
    raw = [
        (e.signatures[0].sig, envelope.pae(e.payload_type, e.payload))
        for e in (envelope.read(b).envelope for b in bundles)
    ]
    key = SSlibKey(SIGNER.keyid, "ecdsa", "ecdsa-sha2-nistp256", {"public": SIGNER.public.pem.decode()})
    algorithm = ec.ECDSA(SHA256())
    lines = b"".join(payload + b"\n" for payload in payloads)
    statement = batches.statement(
        io.BytesIO(lines), name="statements.jsonl", kind="statement", schema_sha256="0" * 64, producer="bench", now=NOW
    )
    batch = SIGNER.sign(statement)

    def floor() -> None:
        for sig, message in raw:
            SIGNER.public.key.verify(sig, message, algorithm)

    def securesystemslib() -> None:
        for bundle in bundles:
            found = Envelope.from_dict(json.loads(bundle)["dsseEnvelope"])
            found.verify([key], 1)
            json.loads(found.payload)

    def gate() -> None:
        for bundle in bundles:
            verify(bundle, TRUST, STRICT, now=NOW)

    def under_root() -> None:
        assert sum(1 for _ in batches.lines(batches.open_batch(batch, TRUST, now=NOW), io.BytesIO(lines))) == count

    def under_root_parsed() -> None:
        opened = batches.open_batch(batch, TRUST, now=NOW)
        assert sum(1 for _ in batches.records(opened, io.BytesIO(lines), lambda _: None)) == count

    work = {
        "cryptography: ECDSA P-256 alone": floor,
        "securesystemslib: Envelope.verify, JSON": securesystemslib,
        "attestations.verify: all checks": gate,
        "one signed Merkle root over all of them": under_root,
        "the same, each parsed strictly": under_root_parsed,
    }
    return rates(f"{count:,} key-signed statements of {len(payloads[0])} bytes", count, work, rounds)


def published(folder: Path) -> tuple[bytes, bytes]:
    """A provenance that a stranger's CI signed through the public Sigstore instance, and the file it is about."""
    import subprocess

    root = Path(__file__).parents[1] / ".gate/published-14ff13c76bbef02a"
    (folder / "wanted.txt").write_text(SOURCE, "utf-8")
    if not root.is_dir():
        argv = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", "pypi-attestations", "--quiet",
                "--require-hashes", "--dest", str(folder), "-r", str(folder / "wanted.txt")]  # fmt: skip
        subprocess.run(argv, check=True)
        root = folder
    with tarfile.open(next(root.glob("*.tar.gz"))) as archive:

        def member(name: str) -> bytes:
            file = archive.extractfile(f"pypi_attestations-0.0.30/test/assets/{name}")
            assert file is not None
            return file.read()

        found = json.loads(member(f"{PUBLISHED}.slsa.attestation"))
        artifact = member(PUBLISHED)
    material, signed = found["verification_material"], found["envelope"]
    document = {
        "mediaType": envelope.BUNDLE_V03,
        "verificationMaterial": {
            "certificate": {"rawBytes": material["certificate"]}, "tlogEntries": material["transparency_entries"],
        },
        "dsseEnvelope": {
            "payload": signed["statement"], "payloadType": statements.PAYLOAD_TYPE,
            "signatures": [{"sig": signed["signature"]}],
        },
    }  # fmt: skip
    return json.dumps(document).encode(), artifact


def trusted_root() -> bytes:
    from sigstore._internal.tuf import DEFAULT_TUF_URL
    from sigstore._utils import read_embedded

    return bytes(read_embedded("trusted_root.json", DEFAULT_TUF_URL))


def certificates(bundle: bytes, artifact: bytes, count: int, rounds: int) -> str:
    import logging

    from sigstore.models import Bundle, TrustedRoot
    from sigstore.verify import Verifier, policy
    from sigstore_models.trustroot.v1 import TrustedRoot as Model

    logging.disable(logging.CRITICAL)
    root = trusted_root()
    stock = Verifier(trusted_root=TrustedRoot(Model.from_json(root)))
    exact = policy.Identity(identity=RELEASE, issuer=GITHUB)
    parsed = Bundle.from_json(bundle)
    trust = Trust(sigstore_root=root, identities=(Identity(RELEASE, GITHUB),))
    wanted = expect(
        predicate_type=statements.SLSA_PROVENANCE, subjects=(sha256(artifact).hexdigest(),), identity=RELEASE,
        issuer=GITHUB, require_timestamp=True,
    )  # fmt: skip
    work: dict[str, Callable[[], object]] = {
        "sigstore-python: verify_dsse, bundle parsed before": lambda: [
            stock.verify_dsse(parsed, exact) for _ in range(count)
        ],
        "sigstore-python: from_json and verify_dsse": lambda: [
            stock.verify_dsse(Bundle.from_json(bundle), exact) for _ in range(count)
        ],
        "attestations.verify: all checks": lambda: [verify(bundle, trust, wanted, now=NOW) for _ in range(count)],
    }
    for run in work.values():
        run()  # what loads only once is no part of a rate
    return rates("a certificate bundle of the public Sigstore instance", count, work, rounds)


def cosign() -> str | None:
    """The cosign that the interoperability tests built, or one on the PATH."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tenantgate/interop"
    built = sorted(path for path in (*cache.glob("cosign-*"), *cache.glob("bin/cosign")) if os.access(path, os.X_OK))
    return str(built[-1]) if built else shutil.which("cosign")


def processes(root: Path, bundle: bytes, artifact: bytes, rounds: int) -> str:
    """One gate on a release bundle of 30 statements beside 30 processes of the others, one a statement."""
    from bundle import release

    folder = release(root, PROCESSES)
    (root / "public.sigstore.json").write_bytes(bundle)
    (root / PUBLISHED).write_bytes(artifact)
    file = root / "app.whl"
    file.write_bytes(b"the released file")
    signed = predicates.verification_summary(
        subjects=[Subject(name=file.name, sha256=sha256(file.read_bytes()).hexdigest())], binding=BINDING,
        verifier_id=statements.BUILDERS["key"], tool_version="1", verified_at=NOW, resource_uri="pkg:generic/app@1",
        passed=True, levels=["BENCH"],
    )  # fmt: skip
    (root / "own.sigstore.json").write_bytes(SIGNER.sign(signed))
    (root / "own.pub").write_bytes(SIGNER.public.pem)
    trusted = ["--trusted-keys", str(root / "keys.json")]
    sigstore = [
        sys.executable, "-m", "sigstore", "verify", "identity", "--offline", "--bundle", str(root / "public.sigstore.json"),
        "--cert-identity", RELEASE, "--cert-oidc-issuer", GITHUB, str(root / PUBLISHED),
    ]  # fmt: skip
    rows = {
        f"gate verify, bundle with {PROCESSES}": [str(BIN / "gate"), "verify", str(folder), *trusted],
        "gate verify, one statement": [str(BIN / "gate"), "verify", str(root / "verdict.sigstore.json"), *trusted],
        f"sigstore verify, 1 of {PROCESSES}": sigstore,
    }
    tool = cosign()
    if tool is not None:
        rows[f"cosign, 1 of {PROCESSES}"] = [
            tool, "verify-blob-attestation", "--key", str(root / "own.pub"), "--bundle", str(root / "own.sigstore.json"),
            "--insecure-ignore-tlog", "--type", statements.VSA, str(file),  # as a key bundle without a log entry needs
        ]  # fmt: skip
    found = compare(rows, rounds=rounds)
    text = table(f"whole processes; the others need {PROCESSES} of theirs for the same", found)
    first, *others = found
    for name in others:
        if name.endswith(f"1 of {PROCESSES}"):
            times = (
                statistics.median(o.wall / f.wall for o, f in zip(found[name], found[first], strict=True)) * PROCESSES
            )
            text += f"{PROCESSES} processes of {name.split(',')[0]}: {times:.1f} x the time of one gate on all {PROCESSES}\n"
    if tool is None:
        text += "cosign: not found (PATH, or what tests/interop builds); nothing is said about it\n"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="key-signed statements a round")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bundle, artifact = published(Path(name))
        print(processes(Path(name), bundle, artifact, arguments.rounds))
    print(certificates(bundle, artifact, 100, arguments.rounds))
    print(keys(arguments.count, arguments.rounds))


if __name__ == "__main__":
    main()
