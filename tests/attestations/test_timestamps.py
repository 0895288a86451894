"""RFC 3161: a trusted time decides about retired keys, and a timestamp that nobody trusts is never overlooked."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from attestations.refusal import Reason, Refused
from attestations.signers import SignerError
from attestations.timestamps import TimestampAuthority, TimestampError, request, verified_time
from attestations.trust import Trust
from attestations.verify import verify

CONFIG = """
[tsa]
default_tsa = authority
[authority]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.57264.2
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""
NO_TRUST: dict[str, Any] = {
    "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "tlogs": [],
    "certificateAuthorities": [],
    "ctlogs": [],
}


@dataclass(frozen=True)
class Authority:
    """A time-stamping authority over HTTP that answers with `openssl ts`."""

    url: str
    root: bytes
    answer: Callable[[bytes], bytes]


def certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, issuer_key: ec.EllipticCurvePrivateKey, *, ca: bool
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not ca:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def trusted_root(chain: list[x509.Certificate], **window: str) -> dict[str, Any]:
    raw = [{"rawBytes": base64.b64encode(item.public_bytes(Encoding.DER)).decode()} for item in chain]
    authority = {
        "subject": {"organization": "test", "commonName": "test"},
        "certChain": {"certificates": raw},
        "validFor": {"start": "2020-01-01T00:00:00Z"} | window,
    }
    return NO_TRUST | {"timestampAuthorities": [authority]}


def start_authority(folder: Path) -> tuple[Authority, HTTPServer]:
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test root")])
    root = certificate("test root", root_key, root_name, root_key, ca=True)
    leaf = certificate("test authority", key, root_name, root_key, ca=False)
    (folder / "tsa.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    (folder / "tsa.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "serial").write_text("01\n")
    (folder / "ts.cnf").write_text(CONFIG)

    def answer(query: bytes) -> bytes:
        (folder / "query").write_bytes(query)
        command = ["openssl", "ts", "-reply", "-config", "ts.cnf", "-queryfile", "query", "-out", "reply"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return (folder / "reply").read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            replies = {
                "/good": answer,
                "/stale": lambda _: answer(other_query(b"something else", query)),
                "/other": lambda q: answer(other_query(b"something else", q)),
                "/junk": lambda _: b"junk",
                "/refused": lambda _: bytes.fromhex("30053003020102"),
                "/endless": lambda _: bytes(1_000_000),
            }
            reply = replies[self.path](query) if self.path in replies else None
            self.send_response(200 if reply is not None else 404)
            self.end_headers()
            self.wfile.write(reply or b"")

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    return Authority(url=url, root=json.dumps(trusted_root([leaf, root])).encode(), answer=answer), server


def other_query(data: bytes, instead_of: bytes) -> bytes:
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    return (
        TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True).build().as_bytes()
    )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    authority, server = start_authority(tmp_path_factory.mktemp("tsa"))
    yield authority
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    authority, server = start_authority(tmp_path_factory.mktemp("other-tsa"))
    yield authority
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def stamped(bench: Any, authority: Authority) -> bytes:
    signer = replace(bench.signer, authority=TimestampAuthority(f"{authority.url}/good", authority.root))
    return signer.sign(bench.provenance())  # type: ignore[no-any-return]


def judged(bench: Any, bundle: bytes, trust: Trust, **changes: Any) -> Any:
    return verify(bundle, trust, bench.anything(require_binding=True, **changes), now=datetime.now(UTC))


def test_a_timestamp_gives_a_trusted_time(bench: Any, authority: Authority, stamped: bytes) -> None:
    trust = replace(bench.trust, keys=bench.trusted(bench.signer, start=bench.start), sigstore_root=authority.root)
    verified = judged(bench, stamped, trust, require_timestamp=True)
    assert abs(verified.signed_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert verified.signed_at.tzinfo is not None


def test_a_retired_key_is_believed_for_what_it_signed_before(bench: Any, authority: Authority, stamped: bytes) -> None:
    now = datetime.now(UTC)
    unstamped = bench.bundle
    for start, end, reason in (
        (now - timedelta(days=9), now + timedelta(days=9), None),
        (now - timedelta(days=9), now - timedelta(minutes=30), Reason.KEY_RETIRED),
        (now + timedelta(minutes=30), None, Reason.KEY_NOT_YET_VALID),
    ):
        trust = Trust(keys=bench.trusted(bench.signer, start=start, end=end), sigstore_root=authority.root)
        if reason is None:
            assert judged(bench, stamped, trust)
        else:
            with pytest.raises(Refused) as refusal:
                judged(bench, stamped, trust)
            assert refusal.value.code is reason
    # Retired since it signed: with the timestamp it is believed, without it is not.
    later = now + timedelta(days=30)
    retired = Trust(
        keys=bench.trusted(bench.signer, start=now - timedelta(days=9), end=now + timedelta(days=1)),
        sigstore_root=authority.root,
    )
    assert verify(stamped, retired, bench.anything(), now=later)
    with pytest.raises(Refused, match="no trusted time says that this was signed before") as refusal:
        verify(unstamped, retired, bench.anything(), now=later)
    assert refusal.value.code is Reason.KEY_RETIRED


def test_a_statement_cannot_be_made_after_it_was_signed(bench: Any, authority: Authority) -> None:
    now = datetime.now(UTC)
    signer = replace(bench.signer, authority=TimestampAuthority(f"{authority.url}/good", authority.root))
    trust = replace(bench.trust, keys=bench.trusted(signer), sigstore_root=authority.root)
    for minutes, believed in ((4, True), (6, False)):
        bundle = signer.sign(bench.provenance(at=now + timedelta(minutes=minutes)))
        if believed:
            assert verify(bundle, trust, bench.anything(), now=now + timedelta(hours=1))
        else:
            with pytest.raises(Refused, match="after it was signed") as refusal:
                verify(bundle, trust, bench.anything(), now=now + timedelta(hours=1))
            assert refusal.value.code is Reason.FUTURE_TIME


def root_with(authority: Authority, **window: str) -> bytes:
    document = json.loads(authority.root)
    document["timestampAuthorities"][0]["validFor"] = window
    return json.dumps(document).encode()


def test_timestamps_nobody_trusts_are_refused(
    bench: Any, authority: Authority, another: Authority, stamped: bytes
) -> None:
    for root in (
        None,
        another.root,
        json.dumps(NO_TRUST).encode(),
        root_with(authority, start="2020-01-01T00:00:00Z", end="2021-01-01T00:00:00Z"),
        root_with(authority, start="2099-01-01T00:00:00Z"),
    ):
        with pytest.raises(Refused) as refusal:
            judged(bench, stamped, replace(bench.trust, sigstore_root=root))
        assert refusal.value.code is Reason.UNTRUSTED_TIMESTAMP


def test_one_timestamp_too_many_is_refused(
    bench: Any, authority: Authority, another: Authority, stamped: bytes
) -> None:
    document = json.loads(stamped)
    stamps = document["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    sig = base64.b64decode(document["dsseEnvelope"]["signatures"][0]["sig"])
    stamps.append({"signedTimestamp": base64.b64encode(request(f"{another.url}/good", sig)).decode()})
    with pytest.raises(Refused) as refusal:
        judged(bench, json.dumps(document).encode(), replace(bench.trust, sigstore_root=authority.root))
    assert refusal.value.code is Reason.UNTRUSTED_TIMESTAMP


def test_a_timestamp_over_something_else(bench: Any, authority: Authority) -> None:
    token = request(f"{authority.url}/good", b"another signature")
    assert verified_time(token, b"another signature", authority.root)
    with pytest.raises(Refused) as refusal:
        verified_time(token, b"this signature", authority.root)
    assert refusal.value.code is Reason.UNTRUSTED_TIMESTAMP


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/stale", "another nonce"),
        ("/other", "another nonce"),
        ("/junk", "not a granted RFC 3161 timestamp"),
        ("/refused", "not a granted RFC 3161 timestamp"),
        ("/endless", "not a granted RFC 3161 timestamp"),
        ("/missing", "no timestamp: .*404"),
    ],
)
def test_an_authority_that_answers_wrongly_fails_the_signing(
    bench: Any, authority: Authority, path: str, why: str
) -> None:
    signer = replace(bench.signer, authority=TimestampAuthority(authority.url + path, authority.root))
    with pytest.raises(SignerError, match=why):
        signer.sign(bench.provenance())


def test_an_authority_that_cannot_be_reached_or_asked(authority: Authority) -> None:
    with pytest.raises(TimestampError, match="no timestamp"):
        request("http://127.0.0.1:9/", b"x")
    for url in ("http://[", "http://127.0.0.1:port/", "http://a b/", "http://127.0.0.1:9/\n", "http://"):
        with pytest.raises(TimestampError, match="no timestamp"):
            request(url, b"x")
    for url in ("file:///etc/passwd", "ftp://x/", ""):
        with pytest.raises(TimestampError, match="not an http"):
            request(url, b"x")


def test_an_authority_that_speaks_no_http(bench: Any, instance: Any, authority: Authority) -> None:
    signer = replace(bench.signer, authority=TimestampAuthority(instance.misbehaving["noise"], authority.root))
    with pytest.raises(SignerError, match=r"no timestamp: .*no HTTP"):
        signer.sign(bench.provenance())


def test_an_authority_we_do_not_trust_is_found_out_when_signing(
    bench: Any, authority: Authority, another: Authority
) -> None:
    signer = replace(bench.signer, authority=TimestampAuthority(f"{authority.url}/good", another.root))
    with pytest.raises(SignerError, match="does not verify"):
        signer.sign(bench.provenance())


@pytest.mark.parametrize(
    "root",
    [
        b"",
        b"[]",
        b"{}x",
        b'{"timestampAuthorities":[{}]}',
        b'{"timestampAuthorities":[{"certChain":{"certificates":[]},"validFor":{}}]}',
        b'{"timestampAuthorities":[{"certChain":{"certificates":[{"rawBytes":"AAAA"}]},"validFor":{}}]}',
        b'{"timestampAuthorities":1}',
    ],
)
def test_a_trusted_root_that_is_not_one(authority: Authority, root: bytes) -> None:
    token = request(f"{authority.url}/good", b"x")
    with pytest.raises(Refused) as refusal:
        verified_time(token, b"x", root)
    assert refusal.value.code is Reason.NO_TRUST


def test_a_certificate_that_makes_rust_panic(bench: Any, authority: Authority, stamped: bytes) -> None:
    """A panic is no Exception in Python; it must be a refusal all the same. Here: a name that is not a string."""

    def spoiled(der: bytes) -> bytes:
        return der.replace(b"\x06\x03\x55\x04\x03\x0c", b"\x06\x03\x55\x04\x03\x8c")

    document = json.loads(authority.root)
    for certificate in document["timestampAuthorities"][0]["certChain"]["certificates"]:
        certificate["rawBytes"] = base64.b64encode(spoiled(base64.b64decode(certificate["rawBytes"]))).decode()
    root = json.dumps(document).encode()
    token = request(f"{authority.url}/good", b"x")
    with pytest.raises(Refused) as refusal:
        verified_time(token, b"x", root)
    assert refusal.value.code is Reason.UNTRUSTED_TIMESTAMP
    assert "unwrap" in refusal.value.message
    with pytest.raises(Refused) as refusal:
        bench.verify(stamped, trust=Trust(keys=bench.trust.keys, sigstore_root=root))
    assert refusal.value.code in (Reason.UNTRUSTED_TIMESTAMP, Reason.NO_TRUST)


def test_a_flipped_bit_never_moves_the_time(authority: Authority) -> None:
    """The signature of a token leaves out two version numbers and the name of its own algorithm; nothing else."""
    token = request(f"{authority.url}/good", b"x")
    honest = verified_time(token, b"x", authority.root)
    uncovered = []
    for position in range(len(token)):
        flipped = bytearray(token)
        flipped[position] ^= 1 << position % 7
        try:
            time = verified_time(bytes(flipped), b"x", authority.root)
        except Refused:
            continue
        assert time == honest
        uncovered.append(position)
    assert len(uncovered) <= 2 + len(bytes.fromhex("300a06082a8648ce3d040302"))
