"""The accepted events of a batch as signed batches of records, a file a kind: what a release bundle carries.

The Parquet is what controls are asked on; it is bound to the signature by the report, whose statement names every file.
A bundle shows the records themselves, `ingest/signed/<batch>.<kind>.jsonl.gz` with its statement beside it, in the
format of `attestations.batches`.
"""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.ingest.manifest import RAW, SIGNED, Batch, File, Manifest
from gate.model import Policy, UndecidedError
from gate.writing import write_file

if TYPE_CHECKING:
    from attestations.signers import Signer
    from attestations.trust import Trust


@dataclass(frozen=True, slots=True)
class Sealed:
    """A signed batch of a store: its name in the store, the file and the statement."""

    name: str
    data: bytes
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
    """Write the signed batches of the kinds that a batch accepted. Raises UndecidedError."""
    import orjson

    from attestations import batches
    from attestations.refusal import Refused
    from attestations.signers import SignerError, sign_verified
    from attestations.trust import EVIDENCE
    from gate.collect import batches as reading
    from gate.ingest.judge import CANONICAL

    for kind in sorted({file.table for file in batch.files if file.table in policy.kinds}):
        path = manifest.store / signed_name(batch, kind)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}")
        try:
            with temporary.open("wb") as file:
                with gzip.GzipFile("", "wb", 1, file, mtime=0) as packed:
                    for part in mains(batch, kind):
                        for entry in entries(manifest.store, part.name, raw_of(part.name, kind)):
                            packed.write(orjson.dumps(entry["e"], option=CANONICAL) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            with temporary.open("rb") as whole:
                definition = policy.kinds[kind]
                statement = batches.statement(
                    whole, name=path.name, kind=kind, schema_sha256=reading.schema_digest(definition),
                    producer=signer.identity, now=now, tenant_of=reading.tenant_of,
                    time_field=reading.time_field(definition),
                )  # fmt: skip
            bundle = sign_verified(signer, statement, trust, usage=EVIDENCE, now=now)
            write_file(path.with_name(f"{path.name}{batches.STATEMENT_SUFFIX}"), bundle)
            temporary.replace(path)
        except (Refused, SignerError, OSError) as error:
            said = f"the batch {batch.id} is ingested, but its records of {kind} were not signed: {error}"
            raise UndecidedError(said) from None
        finally:
            temporary.unlink(missing_ok=True)


def mains(batch: Batch, kind: str) -> list[File]:
    """The Parquet files of a kind's own table, in order."""
    return [file for file in batch.files if file.table == kind]


def signed_name(batch: Batch, kind: str) -> str:
    return f"{SIGNED}/{batch.number:06}.{kind}.jsonl.gz"


def opened(manifest: Manifest, batch: Batch, kind: str, trust: Trust, now: datetime) -> Sealed | None:
    """The signed batch of a kind, if it is there, verifies, and has as many records as the store accepted."""
    import hashlib

    from attestations import batches
    from attestations.refusal import Refused
    from gate.collect.batches import MAX_BYTES

    path = manifest.store / signed_name(batch, kind)
    beside = path.with_name(f"{path.name}{batches.STATEMENT_SUFFIX}")
    if path.is_symlink() or beside.is_symlink() or not (path.is_file() and beside.is_file()):
        return None
    try:
        statement = beside.read_bytes()
        found = batches.open_batch(statement, trust, now=now, kind=kind)
        if path.stat().st_size > MAX_BYTES:
            return None
        data = path.read_bytes()
    except (Refused, OSError):
        return None
    digest = hashlib.sha256(data).hexdigest()
    if digest != found.sha256 or found.records != sum(file.records for file in mains(batch, kind)):
        return None
    return Sealed(signed_name(batch, kind), data, digest, statement, found.records, str(found.signer))
