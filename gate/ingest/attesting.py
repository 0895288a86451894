"""What producers signed about the files that were ingested: in-toto statements whose subjects are those files.

Who ingests with them lets nothing in that its producer did not sign for, and signs for what came of it. The statements
stay in the store and every reader verifies them again: without them, or once their signers are not trusted any more,
what was ingested on their word is a claim like any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gate.ingest.manifest import ATTESTATIONS
from gate.model import GateError, UndecidedError
from gate.writing import write_file

if TYPE_CHECKING:
    from attestations.trust import Trust

_MAX_BYTES = 16 << 20


def read(paths: Sequence[Path], trust: Trust, now: datetime) -> dict[str, tuple[str, bytes]]:
    """By SHA-256 of each file that the statements are about: who signed, and the statement as it is.

    Raises GateError for a file that can't be read, and UndecidedError for a statement that does not verify.
    """
    found: dict[str, tuple[str, bytes]] = {}
    for path in paths:
        try:
            with path.open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
        except OSError as error:
            raise GateError(f"{path}: can't be read: {error.strerror or error}") from None
        if len(data) > _MAX_BYTES:
            raise GateError(f"{path}: an attestation of more than {_MAX_BYTES:,} bytes")
        about = _verified(data, trust, now)
        if isinstance(about, str):
            raise UndecidedError(f"{path}: {about}; nothing was ingested")
        found |= {digest: (signer, data) for digest, signer in about.items()}
    return found


def _verified(data: bytes, trust: Trust, now: datetime) -> dict[str, str] | str:
    """Who signed, by the SHA-256 of each subject; or why it does not count."""
    from attestations.refusal import Refused
    from attestations.trust import EVIDENCE
    from attestations.verify import UNCHECKED, Expectation, verify

    expectation = Expectation(
        predicate_type=UNCHECKED, subjects=UNCHECKED, usage=EVIDENCE, identity=UNCHECKED, issuer=UNCHECKED,
        policy_digest=UNCHECKED, pipeline_id=UNCHECKED, builders=UNCHECKED, predicate=UNCHECKED, max_age=UNCHECKED,
        require_timestamp=False, require_binding=False,
    )  # fmt: skip
    try:
        verified = verify(data, trust, expectation, now=now)
    except Refused as refused:
        return str(refused)
    return {digests["sha256"]: verified.signer_identity for _, digests in verified.subjects if "sha256" in digests}


def keep(store: Path, used: Mapping[str, tuple[str, bytes]]) -> None:
    """Keep the statements where readers look for them. Raises UndecidedError."""
    for data in {data for _, data in used.values()}:
        path = store / ATTESTATIONS / f"{hashlib.sha256(data).hexdigest()}.json"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, data)


def attested(store: Path, trust: Trust, now: datetime) -> dict[str, set[str]]:
    """By SHA-256 of a source: who signed for it, as the statements that are kept say and verify today."""
    found: dict[str, set[str]] = {}
    for path in sorted((store / ATTESTATIONS).glob("*.json")):
        try:
            if path.is_symlink() or path.stat().st_size > _MAX_BYTES:
                continue
            about = _verified(path.read_bytes(), trust, now)
        except OSError:
            continue
        if isinstance(about, dict):
            for digest, signer in about.items():
                found.setdefault(digest, set()).add(signer)
    return found
