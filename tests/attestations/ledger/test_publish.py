"""Anchors outside: a witness and a Rekor log over real HTTP, honest and lying; nothing else ever leaves the ledger."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from sigstore_models.rekor.v2.entry import CreateEntryRequest

from attestations.ledger import Code, Ledger, LedgerError, open_checkpoint, verify_consistency
from attestations.ledger.note import COSIGNATURE, verifier_for
from attestations.ledger.publish import publish_to_rekor, verify_cosignature, witness

Answer = tuple[int, bytes]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@contextmanager
def serving(answer: Callable[[str, bytes], Answer]) -> Iterator[str]:
    """An HTTP server on this machine; `answer` gets path and body of each request."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = answer(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/witness/"
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Witness:
    """A witness as c2sp.org/tlog-witness has it, for one ledger."""

    keys: list[str]
    key: Ed25519PrivateKey = field(default_factory=lambda: Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32))
    latest: str | None = None
    asked: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def vkey(self) -> str:
        return str(verifier_for(self.key.public_key(), "witness.example/w", COSIGNATURE))

    def answer(self, path: str, body: bytes) -> Answer:
        self.asked.append((path, body))
        head, _, checkpoint = body.decode().partition("\n\n")
        old, *proof = head.split("\n")
        known = int(self.latest.split("\n")[1]) if self.latest else 0
        if old != f"old {known}":
            return 409, f"{known}\n".encode()
        try:
            if self.latest:
                verify_consistency(self.latest, checkpoint, [base64.b64decode(line) for line in proof], self.keys)
        except LedgerError as error:
            return 422, str(error).encode()
        self.latest = checkpoint
        return 200, self.cosign(checkpoint)

    def cosign(self, checkpoint: str) -> bytes:
        text = checkpoint.split("\n\n")[0] + "\n"
        signature = self.key.sign(f"cosignature/v1\ntime 1700000000\n{text}".encode())
        verifier = verifier_for(self.key.public_key(), "witness.example/w", COSIGNATURE)
        blob = base64.b64encode(verifier.key_id + (1700000000).to_bytes(8, "big") + signature).decode()
        return f"— witness.example/w {blob}\n".encode()


def test_a_witness_cosigns_as_the_ledger_grows(ledger: Ledger, kit: Any) -> None:
    someone = Witness([kit.key])
    verifier = verifier_for(someone.key.public_key(), "witness.example/w", COSIGNATURE)
    with serving(someone.answer) as url:
        for size in (0, 3, 3, 10):
            if size > ledger.size():
                ledger.append(kit.entries(ledger.size(), size))
            note = witness(ledger, url, someone.vkey)
            assert open_checkpoint(note, ledger.verifiers).size == size
            assert verify_cosignature(note, verifier) == 1700000000
    assert {path for path, _ in someone.asked} == {"/witness/add-checkpoint"}
    sent = b"".join(body for _, body in someone.asked)
    assert not any(entry.statement.encode() in sent for entry in kit.entries(0, 10))


def test_the_command_asks_the_witness_and_keeps_its_word(
    ledger: Ledger, path: Path, kit: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from gate import cli

    someone = Witness([kit.key])
    ledger.append(kit.entries(0, 3))
    argv = ["ledger", "checkpoint", "--ledger", str(path), "--origin", kit.origin, "--ledger-key", kit.key]
    with serving(someone.answer) as url:
        asked = ["--witness", url, "--witness-key", someone.vkey, "-o", str(tmp_path / "anchor")]
        assert cli.run([*argv, *asked, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["size"], found["witnessed"]) == (3, True)
        note = (tmp_path / "anchor").read_text("utf-8")
        assert verify_cosignature(note, verifier_for(someone.key.public_key(), "witness.example/w", COSIGNATURE))
        someone.key = Ed25519PrivateKey.from_private_bytes(bytes([9]) * 32)
        assert cli.run([*argv, *asked]) == 3, "another key than the one that was trusted"
    assert cli.run([*argv, *asked]) == 3, "nobody there"
    assert capsys.readouterr().err.count("\n") == 2
    assert (tmp_path / "anchor").read_text("utf-8") == note, "a refusal replaces nothing"


def test_a_witness_notices_a_rollback_and_a_fork(path: Path, kit: Any) -> None:
    someone = Witness([kit.key])
    kit.filled(path, 3)
    old = path.read_bytes()
    with serving(someone.answer) as url:
        with kit.open(path) as ledger:
            ledger.append(kit.entries(3, 6))
            witness(ledger, url, someone.vkey)
        path.write_bytes(old)
        with kit.open(path) as ledger:
            assert kit.refused(lambda: witness(ledger, url, someone.vkey)).code is Code.ROLLED_BACK
            ledger.append(kit.entries(30, 33))
            assert kit.refused(lambda: witness(ledger, url, someone.vkey)).code is Code.FORKED
            ledger.append(kit.entries(33, 35))
            assert kit.refused(lambda: witness(ledger, url, someone.vkey)).code is Code.FORKED


def forged(checkpoint: str) -> bytes:
    return Witness([], key=Ed25519PrivateKey.from_private_bytes(bytes([8]) * 32)).cosign(checkpoint)


@pytest.mark.parametrize(
    ("case", "code", "answer"),
    [
        ("server error", Code.UNAVAILABLE, lambda _: (500, b"oops\nmore")),
        ("unknown ledger", Code.UNAVAILABLE, lambda _: (404, b"")),
        ("redirect", Code.UNAVAILABLE, lambda _: (302, b"")),
        ("conflict for ever", Code.UNAVAILABLE, lambda _: (409, b"1\n")),
        ("conflict without a size", Code.UNAVAILABLE, lambda _: (409, b"x")),
        ("conflict with other digits", Code.UNAVAILABLE, lambda _: (409, "٣".encode())),
        ("larger than we are", Code.ROLLED_BACK, lambda _: (409, b"99\n")),
        ("endless", Code.UNAVAILABLE, lambda _: (200, b"x" * 2_000_000)),
        ("nothing", Code.UNTRUSTED, lambda _: (200, b"")),
        ("no signature line", Code.NOTE_MALFORMED, lambda _: (200, b"fine\n")),
        ("not UTF-8", Code.NOTE_MALFORMED, lambda _: (200, b"\xff\n")),
        ("signed by somebody else", Code.UNTRUSTED, lambda body: (200, forged(body.decode().partition("\n\n")[2]))),
        ("signed for another time", Code.BAD_SIGNATURE, lambda body: (200, moved(body))),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_a_witness_that_lies_or_fails(case: str, code: Code, answer: Any, ledger: Ledger, kit: Any) -> None:
    ledger.append(kit.entries(0, 3))
    with serving(lambda _, body: answer(body)) as url:
        assert kit.refused(lambda: witness(ledger, url, Witness([]).vkey)).code is code, case


def moved(body: bytes) -> bytes:
    line = Witness([]).cosign(body.decode().partition("\n\n")[2]).decode()
    blob = bytearray(base64.b64decode(line.split(" ")[2]))
    blob[11] ^= 1
    return f"— witness.example/w {base64.b64encode(blob).decode()}\n".encode()


def test_nobody_there_and_no_web_address(ledger: Ledger, kit: Any) -> None:
    for url in ("http://127.0.0.1:9", "file:///etc/passwd", "ftp://witness.example", ""):
        assert kit.refused(lambda url=url: witness(ledger, url, Witness([]).vkey)).code is Code.UNAVAILABLE
    assert kit.refused(lambda: witness(ledger, "http://127.0.0.1:9", kit.key)).code is Code.KEY_INVALID


KEY = ec.derive_private_key(7, ec.SECP256R1())
PUBLIC = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(data: bytes) -> bytes:
    return KEY.sign(data, ec.ECDSA(SHA256()))


def rekor(checkpoint: str, body: bytes, **change: Any) -> Answer:
    """The part of Rekor v2 that matters: it verifies the signature over the hash, and answers with what it logged."""
    CreateEntryRequest.from_json(body)  # the shape, by the ecosystem's own model of it
    request = json.loads(body)["hashedRekordRequestV002"]
    signature = base64.b64decode(request["signature"]["content"])
    verifier = request["signature"]["verifier"]
    key = load_der_public_key(base64.b64decode(verifier["publicKey"]["rawBytes"]))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signature, checkpoint.encode(), ec.ECDSA(SHA256()))
    assert base64.b64decode(request["digest"]) == hashlib.sha256(checkpoint.encode()).digest()
    assert verifier["keyDetails"] == "PKIX_ECDSA_P256_SHA_256"
    record = {
        "data": {"algorithm": "SHA2_256", "digest": request["digest"]} | change.pop("data", {}),
        "signature": {"content": request["signature"]["content"], "verifier": verifier} | change.pop("signature", {}),
    }
    logged = {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": record}}
    canonical = base64.b64encode(json.dumps(logged).encode()).decode()
    return 201, json.dumps({"logIndex": "5", "canonicalizedBody": canonical} | change).encode()


def test_a_checkpoint_goes_into_a_rekor_log(ledger: Ledger, kit: Any) -> None:
    ledger.append(kit.entries(0, 3))
    note = ledger.checkpoint()
    asked = []

    def answer(path: str, body: bytes) -> Answer:
        asked.append(path)
        assert note.encode() not in body  # a hash goes out, not the checkpoint
        return rekor(note, body)

    with serving(answer) as url:
        entry = publish_to_rekor(note, url, sign=sign, public_key=PUBLIC)
    assert json.loads(entry)["logIndex"] == "5"
    assert asked == ["/witness/api/v2/log/entries"]


@pytest.mark.parametrize(
    ("case", "code", "answer"),
    [
        ("server error", Code.UNAVAILABLE, lambda *_: (503, b"later")),
        ("not JSON", Code.PROOF_INVALID, lambda *_: (201, b"<html>")),
        ("duplicate members", Code.PROOF_INVALID, lambda *_: (201, b'{"canonicalizedBody":"","canonicalizedBody":""}')),
        ("no body", Code.PROOF_INVALID, lambda *_: (201, b"{}")),
        ("an array", Code.PROOF_INVALID, lambda *_: (201, b"[]")),
        ("body that is not base64", Code.PROOF_INVALID, lambda *a: rekor(*a, canonicalizedBody="§")),
        ("body that is a number", Code.PROOF_INVALID, lambda *a: rekor(*a, canonicalizedBody=5)),
        ("another digest", Code.PROOF_INVALID, lambda *a: rekor(*a, data={"digest": "AAAA"})),
        ("another signature", Code.PROOF_INVALID, lambda *a: rekor(*a, signature={"content": "AAAA"})),
        ("another key", Code.PROOF_INVALID, lambda *a: rekor(
            *a, signature={"verifier": {"publicKey": {"rawBytes": "AAAA"}}})),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)  # fmt: skip
def test_a_rekor_that_lies_or_fails(case: str, code: Code, answer: Any, ledger: Ledger, kit: Any) -> None:
    note = ledger.checkpoint()
    with serving(lambda _, body: answer(note, body)) as url:
        refusal = kit.refused(lambda: publish_to_rekor(note, url, sign=sign, public_key=PUBLIC))
    assert refusal.code is code, case
