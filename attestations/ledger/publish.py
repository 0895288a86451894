"""Anchors outside the ledger's host: a witness cosigns a checkpoint (C2SP tlog-witness), or a Rekor log takes it in.

Nothing here runs by itself: each function makes its requests when it is called, and only to the address it is given.
What goes out is the checkpoint (origin, size, root, signature) and, to a witness, hashes; never an entry.
"""

from __future__ import annotations

import base64
import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Final

from attestations import strict_json
from attestations.ledger.errors import Code, LedgerError
from attestations.ledger.log import Ledger
from attestations.ledger.note import COSIGNATURE, Verifier, open_checkpoint, parse_verifier, split_note
from attestations.strict_json import shown

_MAX_ANSWER: Final = 1024 * 1024


def witness(ledger: Ledger, url: str, witness_key: str, *, timeout: float = 30.0) -> str:
    """The newest checkpoint with the witness's cosignature added: proof that it saw no other history.

    `url` is the witness's submission prefix, `witness_key` its verifier key (type 0x04). Raises LedgerError:
    UNAVAILABLE; ROLLED_BACK or FORKED when the witness knows a larger ledger or another one; UNTRUSTED, BAD_SIGNATURE
    for its answer.
    """
    verifier = parse_verifier(witness_key, COSIGNATURE)
    checkpoint = ledger.checkpoint()
    size = open_checkpoint(checkpoint, ledger.verifiers).size
    status, answer = 409, b"0\n"
    for _ in range(2):  # the first answer may be only which size the witness knows
        if status != 409:
            break
        known = _known_size(answer, url)
        if known > size:
            message = (
                f"{url}: has cosigned {known} entries of {ledger.origin}, which has {size}: an old copy was put back"
            )
            raise LedgerError(Code.ROLLED_BACK, message)
        path = ledger.prove_consistency(known, size)
        hashes = "".join(f"{base64.b64encode(value).decode()}\n" for value in path)
        body = f"old {known}\n{hashes}\n{checkpoint}".encode()
        status, answer = _post(f"{url.rstrip('/')}/add-checkpoint", body, "text/plain; charset=utf-8", timeout)
    if status == 422:
        raise LedgerError(Code.FORKED, f"{url}: has cosigned another history of {ledger.origin}: {shown(answer[:200])}")
    if status != 200:
        raise LedgerError(Code.UNAVAILABLE, f"{url}: no cosignature, status {status}: {shown(answer[:200])}")
    cosigned = checkpoint + answer.decode("utf-8", "surrogateescape")
    verify_cosignature(cosigned, verifier)
    return cosigned


def verify_cosignature(checkpoint: str, witness_verifier: Verifier) -> int:
    """Check a witness's cosignature on a checkpoint; return its time in seconds since 1970 (tlog-cosignature).

    Says nothing of the ledger's own signature: see `open_checkpoint`. Raises LedgerError UNTRUSTED, BAD_SIGNATURE.
    """
    from cryptography.exceptions import InvalidSignature

    text, signatures = split_note(checkpoint)
    found = None
    for name, key_id, signature in signatures:
        if (name, key_id) != (witness_verifier.name, witness_verifier.key_id):
            continue
        found = int.from_bytes(signature[:8], "big")
        try:
            witness_verifier.key.verify(signature[8:], f"cosignature/v1\ntime {found}\n{text}".encode())
        except InvalidSignature:
            message = f"the cosignature by {shown(name)} does not verify"
            raise LedgerError(Code.BAD_SIGNATURE, message) from None
    if found is None:
        raise LedgerError(Code.UNTRUSTED, f"the checkpoint has no cosignature by {witness_verifier.name}")
    return found


def publish_to_rekor(
    checkpoint: str, url: str, *, sign: Callable[[bytes], bytes], public_key: bytes, timeout: float = 30.0
) -> bytes:
    """Put a hash of the checkpoint into a Rekor v2 log as `hashedrekord` 0.0.2; return the log entry (JSON).

    `sign` makes an ECDSA P-256 / SHA-256 signature (DER) over the checkpoint's bytes, and `public_key` (DER) verifies
    it: Rekor takes no Ed25519 over a hash, so the attestation key signs. Keep the answer beside the checkpoint; it is
    checked here to be about this checkpoint and key, and its proof by whoever relies on it. Raises LedgerError
    UNAVAILABLE, PROOF_INVALID.
    """
    data = checkpoint.encode()
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    signature = base64.b64encode(sign(data)).decode()
    raw_key = base64.b64encode(public_key).decode()
    verifier = {"publicKey": {"rawBytes": raw_key}, "keyDetails": "PKIX_ECDSA_P256_SHA_256"}
    request = {"hashedRekordRequestV002": {"digest": digest, "signature": {"content": signature, "verifier": verifier}}}
    status, answer = _post(
        f"{url.rstrip('/')}/api/v2/log/entries", strict_json.dumps(request), "application/json", timeout
    )
    if status not in (200, 201):
        raise LedgerError(Code.UNAVAILABLE, f"{url}: not logged, status {status}: {shown(answer[:200])}")
    try:
        entry: Any = strict_json.loads(answer)
        body: Any = strict_json.loads(base64.b64decode(entry["canonicalizedBody"], validate=True))
        logged = body["spec"]["hashedRekordV002"]
        about = (logged["data"]["digest"], logged["signature"]["content"])
        key = logged["signature"]["verifier"]["publicKey"]["rawBytes"]
    except (ValueError, KeyError, TypeError):
        raise LedgerError(Code.PROOF_INVALID, f"{url}: the answer is not a hashedrekord 0.0.2 log entry") from None
    if (*about, key) != (digest, signature, raw_key):
        raise LedgerError(Code.PROOF_INVALID, f"{url}: the answer is an entry about something else")
    return answer


def _known_size(answer: bytes, url: str) -> int:
    text = answer.removesuffix(b"\n")
    if not text.isdigit() or len(text) > 19:
        raise LedgerError(
            Code.UNAVAILABLE, f"{url}: conflict without the size the witness knows: {shown(answer[:200])}"
        )
    return int(text)


def _post(url: str, body: bytes, content_type: str, timeout: float) -> tuple[int, bytes]:
    if not url.startswith(("https://", "http://")):
        raise LedgerError(Code.UNAVAILABLE, f"{shown(url)}: not an http(s) address")
    request = urllib.request.Request(url, data=body, headers={"Content-Type": content_type})  # noqa: S310 checked above
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=timeout) as answer:
            return answer.status, _bounded(answer.read(_MAX_ANSWER + 1), url)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _bounded(error.read(_MAX_ANSWER + 1), url)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise LedgerError(Code.UNAVAILABLE, f"{url}: no answer: {shown(str(error))}") from None


def _bounded(answer: bytes, url: str) -> bytes:
    if len(answer) > _MAX_ANSWER:
        raise LedgerError(Code.UNAVAILABLE, f"{url}: the answer is longer than {_MAX_ANSWER} bytes")
    return answer


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A checkpoint goes to the address that was given, nowhere else."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None
