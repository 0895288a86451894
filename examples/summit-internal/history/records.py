"""How records are written: sorted keys, ASCII, a final newline, so that equal records are equal bytes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

PLAIN = frozenset({".json", ".jsonl", ".ndjson", ".log"})


def encode(record: Mapping[str, object]) -> bytes:
    return (json.dumps(record, indent=2, sort_keys=True) + "\n").encode("ascii")


def canonical_sha256(record: Mapping[str, object]) -> str:
    """The record's identity, however it is laid out in a file: SHA-256 over JSON with sorted keys and no spaces."""
    return sha256(json.dumps(record, sort_keys=True, separators=(",", ":")).encode("ascii"))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def second(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def write(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write the files and take away plain records of an earlier `--as-of`. Signed evidence is never touched."""
    directory.mkdir(parents=True, exist_ok=True)
    for stale in directory.iterdir():
        if stale.suffix in PLAIN and stale.name not in files and not stale.name.endswith(".sigstore.json"):
            stale.unlink()
    for name, data in files.items():
        temporary = directory / f".{name}.{os.getpid()}"
        temporary.write_bytes(data)
        temporary.replace(directory / name)
