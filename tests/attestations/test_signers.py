"""Signers: key files others cannot read, signatures other programs verify, nothing signed that is not bound."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from attestations import statements
from attestations.envelope import pae, read
from attestations.refusal import Reason, Refused
from attestations.signers import SIGNERS, Signer, SignerError, sign_verified
from attestations.signers.key import load_key, new_key
from attestations.signers.kms import load_kms
from attestations.trust import ATTESTATIONS, Trust

PASSPHRASE = b"correct horse battery staple"


def private_pem(key: Any) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[no-any-return]


def test_a_new_key_is_encrypted_private_and_signs(bench: Any, tmp_path: Path) -> None:
    path = tmp_path / "release.key"
    public = new_key(path, PASSPHRASE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert list(tmp_path.iterdir()) == [path]
    signer = SIGNERS["key"](path=path, passphrase=PASSPHRASE, identity=bench.identity)
    assert signer.keyid == public.keyid
    trust = Trust(keys=bench.trusted(signer))
    bundle = sign_verified(signer, bench.provenance(), trust, usage=ATTESTATIONS, now=bench.now)
    assert bench.verify(bundle, trust=trust).payload == bench.provenance()


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "release.key"
    path.write_text("mine")
    with pytest.raises(SignerError, match="exists already"):
        new_key(path, PASSPHRASE)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(SignerError, match="exists already"):
        new_key(tmp_path / "link", PASSPHRASE)


def test_a_short_passphrase_is_not_taken(tmp_path: Path) -> None:
    for passphrase in (b"", b"eleven byte"):
        with pytest.raises(SignerError, match="at least 12 bytes"):
            new_key(tmp_path / "k", passphrase)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for call in ("fsync", "link"):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, full)
            with pytest.raises(OSError, match="No space left"):
                new_key(tmp_path / "k", PASSPHRASE)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "k"
    new_key(path, PASSPHRASE)
    path.chmod(mode)
    with pytest.raises(SignerError, match="chmod 600"):
        load_key(path, PASSPHRASE, "a@summit.example")


def test_a_key_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "k"
    new_key(path, PASSPHRASE)
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(SignerError, match="another user"):
        load_key(path, PASSPHRASE, "a@summit.example")


def test_key_files_that_cannot_be_used(tmp_path: Path) -> None:
    def file(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        path.chmod(0o600)
        return path

    encrypted, plain = tmp_path / "encrypted", tmp_path / "plain"
    new_key(encrypted, PASSPHRASE)
    new_key(plain, None)
    os.mkfifo(tmp_path / "fifo", 0o600)
    cases: list[tuple[Path, bytes | None, str]] = [
        (encrypted, b"wrong passphrase", "wrong passphrase"),
        (encrypted, None, "is encrypted: give its passphrase"),
        (plain, PASSPHRASE, "is not encrypted"),
        (file("p384", private_pem(ec.generate_private_key(ec.SECP384R1()))), None, "not an ECDSA P-256 key"),
        (file("ed25519", private_pem(ed25519.Ed25519PrivateKey.generate())), None, "not an ECDSA P-256 key"),
        (file("text", b"hello"), None, "not a PKCS#8 PEM"),
        (file("empty", b""), None, "not a PKCS#8 PEM"),
        (file("large", b"x" * 70_000), None, "too large"),
        (tmp_path / "missing", None, "No such file"),
        (tmp_path, None, "not a regular file"),
        (tmp_path / "fifo", None, "not a regular file"),
    ]
    for path, passphrase, why in cases:
        with pytest.raises(SignerError, match=why) as error:
            load_key(path, passphrase, "a@summit.example")
        assert str(error.value).isprintable()


@pytest.mark.parametrize("kind", sorted(statements.BOUND_TYPES))
def test_nothing_bound_to_another_is_signed(bench: Any, kind: str) -> None:
    payload = bench.every_kind(bench.binding(signer_identity="cto@summit.example"))[kind]
    with pytest.raises(Refused) as refusal:
        bench.signer.sign(payload)
    assert refusal.value.code is Reason.IDENTITY_MISMATCH


def test_nothing_unbound_is_signed(bench: Any) -> None:
    document = json.loads(bench.provenance())
    del document["predicate"]["buildDefinition"]["internalParameters"]
    old = json.loads(bench.provenance()) | {"_type": statements.STATEMENT_TYPE_V01}
    for unsignable, reason in (
        (document, Reason.BINDING_MISSING),
        (old, Reason.STATEMENT_TYPE),
        ({}, Reason.STATEMENT_TYPE),
        ([], Reason.MALFORMED),
    ):
        with pytest.raises(Refused) as refusal:
            bench.signer.sign(json.dumps(unsignable).encode())
        assert refusal.value.code is reason


def test_a_signature_that_its_readers_would_not_believe_is_not_handed_out(bench: Any) -> None:
    with pytest.raises(Refused) as refusal:
        sign_verified(
            bench.signer,
            bench.provenance(),
            Trust(keys=bench.trusted(bench.new_signer())),
            usage=ATTESTATIONS,
            now=bench.now,
        )
    assert refusal.value.code is Reason.UNTRUSTED_KEY


def test_a_signer_that_signs_something_else_is_found_out(bench: Any) -> None:
    class Liar:
        identity = bench.identity
        keyid = bench.signer.keyid

        def sign(self, statement: bytes) -> bytes:
            return bench.signer.sign(bench.provenance(at=bench.start))  # type: ignore[no-any-return]

    liar: Signer = Liar()
    with pytest.raises(Refused, match="does not hold the statement"):
        sign_verified(liar, bench.provenance(), bench.trust, usage=ATTESTATIONS, now=bench.now)


def test_a_signer_that_signs_the_unbound_is_found_out(bench: Any) -> None:
    from securesystemslib.dsse import Envelope

    from attestations.envelope import write_bundle

    class Careless:
        identity = bench.identity
        keyid = bench.signer.keyid

        def sign(self, statement: bytes) -> bytes:
            signature = Envelope(statement, statements.PAYLOAD_TYPE, {}).sign(bench.signer.backend).signature
            return write_bundle(
                payload=statement,
                payload_type=statements.PAYLOAD_TYPE,
                sig=bytes.fromhex(signature),
                keyid=self.keyid,
            )

    document = json.loads(bench.provenance())
    del document["predicate"]["buildDefinition"]["internalParameters"]
    with pytest.raises(Refused) as refusal:
        sign_verified(Careless(), json.dumps(document).encode(), bench.trust, usage=ATTESTATIONS, now=bench.now)
    assert refusal.value.code is Reason.BINDING_MISSING


def test_a_key_store_by_uri(bench: Any, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "k.pem"
    path.write_bytes(private_pem(key))
    public = bench.trusted(bench.new_signer()).keys[0].public.of(key.public_key())
    signer = SIGNERS["kms"](uri=f"file2:{path}", public_key=public.pem, identity=bench.identity)
    trust = Trust(keys=bench.trusted(signer))
    assert bench.verify(signer.sign(bench.provenance()), trust=trust).keyid == public.keyid


def test_key_stores_that_cannot_be_used(bench: Any, tmp_path: Path) -> None:
    pem = bench.signer.public.pem
    other = tmp_path / "other.pem"
    other.write_bytes(private_pem(ec.generate_private_key(ec.SECP256R1())))
    for uri, public, why in (
        ("nokms:x", pem, "not one of"),
        (f"file2:{tmp_path}/missing", pem, "cannot be used"),
        (f"file2:{other}", pem, "cannot be used: KeyMismatchError"),
        ("awskms:alias/x", pem, "cannot be used"),
        ("file2:x", b"no key", "not an ECDSA P-256"),
    ):
        with pytest.raises(SignerError, match=why):
            load_kms(uri, public, bench.identity)


def test_a_file_that_refers_to_a_key_in_a_store(bench: Any, tmp_path: Path) -> None:
    from attestations.signers.kms import is_reference, load_reference

    key = ec.generate_private_key(ec.SECP256R1())
    public = bench.signer.public.of(key.public_key())
    (tmp_path / "k.pem").write_bytes(private_pem(key))
    (tmp_path / "k.pub").write_bytes(public.pem)
    reference = tmp_path / "release.key.json"
    good = {"uri": f"file2:{tmp_path}/k.pem", "publicKey": "k.pub"}
    reference.write_text(json.dumps(good))

    assert is_reference(reference)
    assert not is_reference(tmp_path / "k.pem")
    assert not is_reference(tmp_path)
    signer = load_reference(reference, bench.identity)
    assert bench.verify(signer.sign(bench.provenance()), trust=Trust(keys=bench.trusted(signer))).keyid == public.keyid
    for bad, why in (
        ("{", "1:2"),
        ("{}", "has the members uri and publicKey"),
        (json.dumps({**good, "x": ""}), "has the members uri and publicKey"),
        (json.dumps({**good, "uri": 1}), "has the members uri and publicKey"),
        (json.dumps({**good, "publicKey": "missing"}), "cannot be read"),
        (json.dumps({**good, "publicKey": "a" * 5000}), "cannot be read"),
        (json.dumps({**good, "publicKey": "."}), "cannot be read"),
        (json.dumps({**good, "publicKey": "k.pem"}), "not an ECDSA P-256"),
        (json.dumps({**good, "uri": "ftp://x"}), "not one of"),
        (json.dumps({**good, "uri": "file2:nowhere"}), "cannot be used"),
        (" " * 70_000, "larger than"),
    ):
        reference.write_text(bad)
        with pytest.raises(SignerError, match=why) as refusal:
            load_reference(reference, bench.identity)
        assert str(refusal.value).count("\n") == 0


def test_a_key_store_that_answers_with_another_key_is_found_out(bench: Any) -> None:
    from dataclasses import replace

    mixed_up = replace(bench.signer, backend=bench.new_signer().backend)
    with pytest.raises(SignerError, match="signed with another key"):
        mixed_up.sign(bench.provenance())


def test_a_key_store_that_fails_is_one_line(bench: Any) -> None:
    from dataclasses import replace

    class Down:
        def sign(self, payload: bytes) -> None:
            raise ConnectionError("no route to host")

    with pytest.raises(SignerError, match="did not sign: ConnectionError"):
        replace(bench.signer, backend=Down()).sign(bench.provenance())


def test_openssl_verifies_the_signature_over_the_pae(bench: Any, tmp_path: Path) -> None:
    envelope = read(bench.bundle).envelope
    (tmp_path / "gate.pub").write_bytes(bench.signer.public.pem)
    (tmp_path / "sig").write_bytes(envelope.signatures[0].sig)

    def verdict(message: bytes) -> str:
        (tmp_path / "pae").write_bytes(message)
        command = ["openssl", "dgst", "-sha256", "-verify", "gate.pub", "-signature", "sig", "pae"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout.strip()

    message = pae(envelope.payload_type, envelope.payload)
    assert verdict(message) == "Verified OK"
    assert verdict(message.replace(b"2026.11.1", b"2026.11.2")) == "Verification failure"


def test_securesystemslib_verifies_the_bare_envelope(bench: Any) -> None:
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import SSlibKey

    key = SSlibKey.from_crypto(bench.signer.public.key, keyid=bench.signer.keyid)
    envelope = Envelope.from_dict(json.loads(bench.bundle)["dsseEnvelope"])
    assert list(envelope.verify([key], 1)) == [key.keyid]
    envelope.payload += b" "
    with pytest.raises(VerificationError):
        envelope.verify([key], 1)


@given(st.text(max_size=20), st.binary(max_size=50))
def test_our_pae_is_theirs(kind: str, payload: bytes) -> None:
    from securesystemslib.dsse import Envelope

    assert pae(kind, payload) == Envelope(payload, kind, {}).pae()


def test_npm_sigstore_accepts_every_kind_of_ours_and_refuses_tampered_ones(bench: Any, node: Any) -> None:
    kinds = bench.every_kind(bench.binding())
    good = [json.loads(bench.signer.sign(payload)) for payload in kinds.values()]
    tampered = json.loads(json.dumps(good[0]))
    payload = tampered["dsseEnvelope"]["payload"]
    tampered["dsseEnvelope"]["payload"] = ("A" if payload[40] != "A" else "B").join((payload[:40], payload[41:]))
    anothers = json.loads(bench.new_signer().sign(bench.provenance()))
    anothers["dsseEnvelope"]["signatures"][0]["keyid"] = bench.signer.keyid
    anothers["verificationMaterial"]["publicKey"]["hint"] = bench.signer.keyid
    asked = [
        {"bundle": bundle, "key": bench.signer.public.pem.decode(), "hint": bench.signer.keyid}
        for bundle in [*good, tampered, anothers]
    ]
    verdicts = json.loads(node("verify.cjs", asked))
    assert [verdict["accepted"] for verdict in verdicts] == [True] * len(kinds) + [False, False], verdicts
    assert "signature verification failed" in verdicts[-2]["error"]


def test_key_mode_never_loads_sigstore_or_opens_a_socket(bench: Any, tmp_path: Path) -> None:
    """Verifying with keys must stay fast to start and offline by construction."""
    import sys

    (tmp_path / "bundle").write_bytes(bench.bundle)
    (tmp_path / "keys").write_bytes(bench.trust.keys.dump())
    program = """
import sys
from datetime import datetime, timezone
from pathlib import Path
sys.addaudithook(lambda event, args: sys.exit(f"network: {event}") if event.startswith("socket.") else None)
from attestations.trust import Trust, load_trusted_keys
from attestations.verify import UNCHECKED as U, Expectation, verify
folder = Path(sys.argv[1])
expectation = Expectation(predicate_type=U, subjects=U, usage="tenantgate:attestations", identity=U, issuer=U,
    policy_digest=U, pipeline_id=U, builders=U, predicate=U, max_age=U, require_timestamp=False, require_binding=True)
trust = Trust(keys=load_trusted_keys((folder / "keys").read_bytes()))
now = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
print(verify((folder / "bundle").read_bytes(), trust, expectation, now=now).format)
heavy = {"sigstore", "pydantic", "requests", "securesystemslib", "rfc3161_client", "tuf"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == ("bundle-v0.3+key", "")
