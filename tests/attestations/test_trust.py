"""Trusted keys: a file that means exactly one thing, or is refused."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from attestations.refusal import Reason, Refused
from attestations.trust import (
    ATTESTATIONS,
    EVIDENCE,
    PublicKey,
    TrustedKey,
    TrustedKeys,
    anchored,
    is_meant,
    load_trusted_keys,
)

Edit = Callable[[Any], object]


def der(key: Any) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[no-any-return]


def test_what_is_dumped_is_loaded(bench: Any) -> None:
    keys = bench.trusted(bench.signer, bench.new_signer("b@summit.example"), end=bench.now)
    assert load_trusted_keys(keys.dump()) == keys
    assert load_trusted_keys(keys.dump()).dump() == keys.dump()


def test_the_keyid_is_what_ssh_keygen_prints(bench: Any, tmp_path: Any) -> None:
    import shutil
    import subprocess

    if shutil.which("ssh-keygen") is None:
        pytest.skip("NOT RUN: ssh-keygen is not installed")
    public = bench.signer.public
    (tmp_path / "k.pub").write_bytes(public.key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))
    printed = subprocess.run(["ssh-keygen", "-lf", tmp_path / "k.pub"], capture_output=True, text=True, check=True)
    assert printed.stdout.split()[1] == public.keyid


def low_order() -> bytes:
    """An Ed25519 key of order one: with it, one signature fits every message."""
    return der(ed25519.Ed25519PublicKey.from_public_bytes(b"\x01" + bytes(31)))


def compressed(spki: bytes) -> bytes:
    """The same key in DER that libraries read too; one key must not have two spellings."""
    point = spki[-65:]
    short = bytes([2 + (point[-1] & 1)]) + point[1:33]
    algorithm = spki[2:-68]
    body = algorithm + bytes([3, 34, 0]) + short
    return bytes([0x30, len(body)]) + body


def off_curve(spki: bytes) -> bytes:
    return spki[:-1] + bytes([spki[-1] ^ 1])


BAD: dict[str, tuple[Edit, Reason]] = {
    "an empty set": (lambda d: d.update(keys=[]), Reason.NO_TRUST),
    "keys is an object": (lambda d: d.update(keys={}), Reason.MALFORMED),
    "no keys": (lambda d: d.pop("keys"), Reason.MALFORMED),
    "no mediaType": (lambda d: d.pop("mediaType"), Reason.MALFORMED),
    "a later version": (lambda d: d.update(mediaType=d["mediaType"].replace("v1", "v2")), Reason.UNSUPPORTED_FORMAT),
    "an unknown field": (lambda d: d.update(comment="x"), Reason.MALFORMED),
    "an unknown field of a key": (lambda d: d["keys"][0].update(comment="x"), Reason.MALFORMED),
    "an unknown field of the public key": (lambda d: d["keys"][0]["publicKey"].update(x=1), Reason.MALFORMED),
    "an unknown field of the window": (
        lambda d: d["keys"][0]["publicKey"]["validFor"].update(until="2027-01-01T00:00:00Z"),
        Reason.MALFORMED,
    ),
    "no identity": (lambda d: d["keys"][0].pop("identity"), Reason.MALFORMED),
    "an empty identity": (lambda d: d["keys"][0].update(identity=""), Reason.MALFORMED),
    "an identity with a space": (lambda d: d["keys"][0].update(identity="a b"), Reason.MALFORMED),
    "an identity that is a list": (lambda d: d["keys"][0].update(identity=["a"]), Reason.MALFORMED),
    "no usage": (lambda d: d["keys"][0].pop("keyUsage"), Reason.MALFORMED),
    "an empty usage": (lambda d: d["keys"][0].update(keyUsage=""), Reason.MALFORMED),
    "a wildcard usage": (lambda d: d["keys"][0].update(keyUsage="*"), Reason.MALFORMED),
    "a keyId of another key": (lambda d: d["keys"][0].update(keyId="SHA256:" + "A" * 43), Reason.MALFORMED),
    "another algorithm named": (
        lambda d: d["keys"][0]["publicKey"].update(keyDetails="PKIX_ED25519"),
        Reason.UNSUPPORTED_FORMAT,
    ),
    "no start": (lambda d: d["keys"][0]["publicKey"]["validFor"].pop("start"), Reason.MALFORMED),
    "start without offset": (
        lambda d: d["keys"][0]["publicKey"]["validFor"].update(start="2026-01-01T00:00:00"),
        Reason.MALFORMED,
    ),
    "an end before the start": (
        lambda d: d["keys"][0]["publicKey"]["validFor"].update(end="2020-01-01T00:00:00Z"),
        Reason.MALFORMED,
    ),
    "an end that is null": (lambda d: d["keys"][0]["publicKey"]["validFor"].update(end=None), Reason.MALFORMED),
    "the same entry twice": (lambda d: d["keys"].append(d["keys"][0]), Reason.MALFORMED),
    "one key with two identities": (
        lambda d: d["keys"].append(d["keys"][0] | {"identity": "b@summit.example", "keyUsage": "other"}),
        Reason.MALFORMED,
    ),
    "base64 with a line end": (
        lambda d: d["keys"][0]["publicKey"].update(rawBytes=d["keys"][0]["publicKey"]["rawBytes"] + "\n"),
        Reason.MALFORMED,
    ),
}


@pytest.mark.parametrize(("edit", "reason"), BAD.values(), ids=BAD)
def test_refused(bench: Any, edit: Edit, reason: Reason) -> None:
    document = json.loads(bench.trust.keys.dump())
    edit(document)
    with pytest.raises(Refused) as refusal:
        load_trusted_keys(json.dumps(document).encode())
    assert refusal.value.code is reason, refusal.value


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b'{"keys":[],"keys":[]}', b"\xff"])
def test_what_is_no_trusted_keys_file(data: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        load_trusted_keys(data)
    assert refusal.value.code is Reason.MALFORMED


KEYS: dict[str, Callable[[bytes], bytes]] = {
    "a low-order Ed25519 key": lambda good: low_order(),
    "Ed25519": lambda good: der(ed25519.Ed25519PrivateKey.generate().public_key()),
    "P-384": lambda good: der(ec.generate_private_key(ec.SECP384R1()).public_key()),
    "secp256k1": lambda good: der(ec.generate_private_key(ec.SECP256K1()).public_key()),
    "RSA": lambda good: der(rsa.generate_private_key(65537, 2048).public_key()),
    "a point off the curve": off_curve,
    "the point at infinity": lambda good: good[:-65] + b"\0",
    "a point of zeros": lambda good: good[:-64] + bytes(64),
    "bytes after the key": lambda good: good + b"\0",
    "a compressed point": lambda good: compressed(good),
    "cut short": lambda good: good[:-1],
    "nothing": lambda good: b"",
}


@pytest.mark.parametrize("change", KEYS.values(), ids=KEYS)
def test_keys_that_are_not_taken(bench: Any, change: Callable[[bytes], bytes]) -> None:
    document = json.loads(bench.trust.keys.dump())
    bad = base64.b64encode(change(bench.signer.public.der)).decode()
    document["keys"][0]["publicKey"]["rawBytes"] = bad
    with pytest.raises(Refused):
        load_trusted_keys(json.dumps(document).encode())


def test_a_pem_that_is_not_p256_is_refused() -> None:
    pem = (
        ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    for data in (pem, b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"):
        with pytest.raises(Refused):
            PublicKey.from_pem(data)


def test_a_public_key_as_pem(bench: Any) -> None:
    assert PublicKey.from_pem(bench.signer.public.pem) == bench.signer.public


def test_a_key_may_have_two_usages(bench: Any) -> None:
    keys = bench.trust.keys.with_key(
        TrustedKey(public=bench.signer.public, identity=bench.identity, usage=EVIDENCE, start=bench.start)
    )
    assert [key.usage for key in load_trusted_keys(keys.dump()).find(bench.signer.keyid)] == [ATTESTATIONS, EVIDENCE]


def test_retiring_keeps_the_key_and_never_prolongs_it(bench: Any) -> None:
    retired = bench.trust.keys.retire(bench.signer.keyid, bench.now)
    assert retired.find(bench.signer.keyid)[0].end == bench.now
    assert retired.retire(bench.signer.keyid, bench.now + timedelta(days=9)) == retired
    with pytest.raises(Refused):
        bench.trust.keys.retire("SHA256:unknown", bench.now)


def test_an_empty_set_cannot_be_made() -> None:
    with pytest.raises(Refused) as refusal:
        TrustedKeys(())
    assert refusal.value.code is Reason.NO_TRUST


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"https://ci\.example/release", "from ^ to $"),
        (r"^https://ci\.example/", "from ^ to $"),
        (r"^https://ci\.example/cost\$", "from ^ to $"),
        (r"^(https://ci\.example$", "not a regular expression"),
        (r"^.*$", "anybody"),
        (r"^.+$", "anybody"),
        (r"^https://.*$", "anybody"),
        (r"^https://github\.com/.*\.yml@refs/heads/main$", "anybody"),
        (r"^https://ci\.example/x$|.*$", "anybody"),
    ],
)
def test_a_pattern_for_names_says_whose(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        anchored(pattern)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("https://ci.example/release.yml@refs/tags/v1.4.0", True),
        ("https://ci.example/release.yml@refs/tags/v1.4.0\n", False),
        ("https://ci.example/release.yml@refs/tags/v1.4.0/../evil", False),
        ("x https://ci.example/release.yml@refs/tags/v1.4.0", False),
        ("https://ciXexample/release.yml@refs/tags/v1.4.0", False),
    ],
)
def test_a_pattern_is_held_against_all_of_a_name(name: str, meant: bool) -> None:
    release = r"https://ci\.example/release\.yml@refs/tags/v[0-9.]+"
    assert is_meant(anchored(f"^{release}$"), name) is meant
    assert is_meant(anchored(f"^nobody|{release}$"), name) is meant  # read as a whole, whatever stands beside the bar
    assert not is_meant(release, name)
