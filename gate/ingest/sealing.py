"""The accepted events of a batch as signed batches of records, one to each Parquet file: what a release bundle carries.

The Parquet is what controls are asked on; it is bound to the signature by the report, whose statement names every file.
A bundle shows the records themselves, `ingest/signed/<batch>-<part>.<kind>.jsonl.gz` with its statement beside it, in
the format of `attestations.batches`. As each is made from one slice of the input, none of them grows with the batch.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.ingest.manifest import RAW, SIGNED, Batch, File, Manifest
from gate.model import Kind, Policy, UndecidedError
from gate.writing import write_file

if TYPE_CHECKING:
    from attestations.signers import Signer
    from attestations.trust import Trust


@dataclass(frozen=True, slots=True)
class Sealed:
    """The signed records of a Parquet file: their name in the store, their place there and the statement."""

    name: str
    path: Path
    sha256: str
    statement: bytes
    records: int
    signer: str


def entries(store: Path, parquet: str, raw: str) -> Iterator[Mapping[str, Any]]:
    """The kept lines of a Parquet file's records, in its order: `e` is the record, `f` and `l` where it was read."""
    import duckdb
    import orjson
    import zstandard

    with duckdb.connect(":memory:", config={"threads": "1"}) as engine:
        kept = engine.execute("SELECT _at FROM read_parquet($1) ORDER BY _at", [str(store / parquet)])
        wanted = kept.fetchone()
        opened = (store / raw).open("rb")
        with opened, zstandard.ZstdDecompressor().stream_reader(opened, read_across_frames=True) as data:
            for line in io.BufferedReader(data):
                entry = orjson.loads(line)
                if wanted is not None and entry["o"] == wanted[0]:
                    wanted = kept.fetchone()
                    yield entry


def raw_of(parquet: str, kind: str) -> str:
    """The name of the records that a Parquet file was made from."""
    return f"{RAW}/{Path(parquet).stem}.{kind}.jsonl.zst"


def seal(manifest: Manifest, batch: Batch, signer: Signer, trust: Trust, policy: Policy, now: datetime) -> None:
    """Write the signed records of what a batch accepted. Raises UndecidedError."""
    from attestations.refusal import Refused
    from attestations.signers import SignerError

    for kind in sorted({file.table for file in batch.files if file.table in policy.kinds}):
        for part in mains(batch, kind):
            try:
                _seal(manifest.store, part, signer, trust, policy.kinds[kind], now)
            except (Refused, SignerError, OSError) as error:
                said = f"the batch {batch.id} is ingested, but its records of {kind} were not signed: {error}"
                raise UndecidedError(said) from None


def _seal(store: Path, part: File, signer: Signer, trust: Trust, kind: Kind, now: datetime) -> None:
    import orjson

    from attestations import batches
    from attestations.signers import sign_verified
    from attestations.trust import EVIDENCE
    from gate.collect import batches as reading
    from gate.ingest.shapes import CANONICAL

    path = store / signed_name(part)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    try:
        with temporary.open("wb") as file:
            with gzip.GzipFile("", "wb", 1, file, mtime=0) as packed:
                for entry in entries(store, part.name, raw_of(part.name, kind.name)):
                    packed.write(orjson.dumps(entry["e"], option=CANONICAL) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with temporary.open("rb") as whole:
            statement = batches.statement(
                whole, name=path.name, kind=kind.name, schema_sha256=reading.schema_digest(kind),
                producer=signer.identity, now=now, tenant_of=reading.tenant_of, time_field=reading.time_field(kind),
                read=orjson.loads,
            )  # fmt: skip
        bundle = sign_verified(signer, statement, trust, usage=EVIDENCE, now=now)
        write_file(path.with_name(f"{path.name}{batches.STATEMENT_SUFFIX}"), bundle)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def mains(batch: Batch, kind: str) -> list[File]:
    """The Parquet files of a kind's own table, in order."""
    return [file for file in batch.files if file.table == kind]


def signed_name(part: File) -> str:
    """The name of the signed records of a Parquet file."""
    return f"{SIGNED}/{Path(part.name).stem}.{part.table}.jsonl.gz"


def opened(manifest: Manifest, part: File, trust: Trust, now: datetime) -> Sealed | None:
    """The signed records of a Parquet file, if they are there, verify, and are as many as the store accepted."""
    from attestations import batches
    from attestations.refusal import Refused

    path = manifest.store / signed_name(part)
    beside = path.with_name(f"{path.name}{batches.STATEMENT_SUFFIX}")
    if path.is_symlink() or beside.is_symlink() or not (path.is_file() and beside.is_file()):
        return None
    try:
        statement = beside.read_bytes()
        found = batches.open_batch(statement, trust, now=now, kind=part.table)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (Refused, OSError):
        return None
    if digest != found.sha256 or found.records != part.records:
        return None
    return Sealed(signed_name(part), path, digest, statement, found.records, str(found.signer))
