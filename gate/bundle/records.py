"""Evidence as it lies in a bundle, `data/evidence/<kind>.json`: all that a control is asked about, written and read."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from attestations import strict_json
from attestations.ledger import tree
from gate.bundle.refusal import BundleError, Code
from gate.model import Coverage, Descriptor, Evidence, Row, Unread


def write_evidence(evidence: Evidence) -> bytes:
    """One kind as JSON: rows, coverage and materials, enough to ask the controls again."""
    coverage = evidence.coverage
    document = {
        "kind": evidence.kind,
        "rows": [dict(row) for row in evidence.rows],
        "coverage": {
            "scope": coverage.scope,
            "numbers": dict(coverage.numbers),
            "unread": [{"path": u.path, "line": u.line, "reason": u.reason} for u in coverage.unread],
        },
        "materials": [{"name": m.name, "sha256": m.sha256} for m in evidence.materials],
    }
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n").encode()


def read_evidence(data: bytes, name: str) -> Evidence:
    """What `write_evidence` wrote. Raises BundleError for anything else."""
    try:
        document = strict_json.loads(data)
        coverage = document["coverage"]
        found = Evidence(
            kind=_text(document["kind"]),
            rows=tuple(_object(row) for row in document["rows"]),
            coverage=Coverage(
                scope=_text(coverage["scope"]),
                numbers={_text(key): _integer(value) for key, value in coverage["numbers"].items()},
                unread=tuple(
                    Unread(path=_text(u["path"]), line=_integer(u["line"]), reason=_text(u["reason"]))
                    for u in coverage["unread"]
                ),
            ),
            materials=tuple(
                Descriptor(name=_text(m["name"]), sha256=_text(m["sha256"])) for m in document["materials"]
            ),
        )
    except (strict_json.StrictJsonError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(Code.MALFORMED, f"{name}: not the evidence of a kind: {error}") from None
    if name != f"data/evidence/{found.kind}.json":
        raise BundleError(Code.MALFORMED, f"{name}: says it is of kind {strict_json.shown(found.kind)}")
    return found


def canonical(row: Row) -> bytes:
    """A row in its one spelling: ASCII JSON, sorted keys, no white space."""
    return json.dumps(dict(row), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


# --- commitments -------------------------------------------------------------------------------------------------
#
# The seal of a release bundle names, for each kind, the number of its records and the Merkle root (RFC 9162) over
# them. Each leaf is salted, so that whoever is shown some of the records learns nothing about the others. The salts
# come from the manifest of the full bundle, which is as secret as the bundle: its reader can open every leaf.


def secret_of(manifest: bytes) -> bytes:
    """What the salts of a bundle are made from."""
    return sha256(b"tenantgate evidence commitment v1\n" + manifest).digest()


def salt(secret: bytes, kind: str, index: int) -> bytes:
    """The salt of record number `index` (from 0) of a kind."""
    return hmac.digest(secret, f"{kind}\n{index}".encode(), "sha256")


def leaf(row_salt: bytes, row: Row) -> bytes:
    """The leaf of one record: 32 bytes that only who knows salt and record can make."""
    return tree.leaf_hash(row_salt + canonical(row))


def root(leaves: Sequence[bytes]) -> str:
    """The Merkle root over leaves in order, in hex."""
    frontier: list[bytes] = []
    for index, value in enumerate(leaves):
        tree.append(frontier, index, value)
    return tree.root(frontier).hex()


def commitment(secret: bytes, kind: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Number of records and root over them, for the seal."""
    return {"records": len(rows), "root": root([leaf(salt(secret, kind, i), row) for i, row in enumerate(rows)])}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _integer(value: object) -> int:
    if type(value) is not int:
        raise TypeError("not an integer")
    return value


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value
