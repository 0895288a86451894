"""What an event store holds: its batches, their files by SHA-256 and their counts. Replacing this file is the commit.

A file that the manifest does not name does not count, whoever put it there; a file that it names and that is not there,
or not the same, makes the store unreadable. Below the store's folder `ingest/` belongs to the store, and
`<kind>/<batch>-<part>.parquet` are the accepted events of a kind.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attestations import strict_json
from gate.model import GateError, UndecidedError
from gate.writing import write_file

FORMAT = "tenantgate event store v1"
FOLDER = "ingest"
NAME = f"{FOLDER}/manifest.json"
LOCK = f"{FOLDER}/lock"
STAGING = f"{FOLDER}/staging"
HELD = f"{FOLDER}/held"
RAW = f"{FOLDER}/accepted"
SIGNED = f"{FOLDER}/signed"
REWRITTEN = f"{FOLDER}/rewritten"
ATTESTATIONS = f"{FOLDER}/attestations"
COMPACTION, EXPIRY = "compaction", "expiry"
MAX_BYTES = 64 << 20
_OURS = re.compile(
    r"[0-9]{6}-[0-9]{4}(__[A-Za-z0-9_]+)?\.parquet|[0-9]{6}\.parquet|[0-9a-f]{64}\.bytes|[0-9]{6}-[0-9]{4}\.[A-Za-z0-9_]+\.jsonl\.zst"
)
_SIGNED = re.compile(r"\.?([0-9]{6}-[0-9]{4})\.([A-Za-z0-9_]+)\.jsonl\.gz(?:\.sigstore\.json)?")
_SAFE = re.compile(r"[A-Za-z0-9_]+(/[A-Za-z0-9_.-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of the store. `table` is the kind or one of its array tables; empty for what was held."""

    name: str
    sha256: str
    size: int
    records: int
    table: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one run added, or a part of one. `schemas` are the SHA-256 of the kinds' schemas it was judged by.

    `sources` are (name, SHA-256, bytes); `reasons` are (outcome, reason, records), most first. A replay judges what was
    parked once more: its `read` is no new record. A batch that `rewrites` (COMPACTION or EXPIRY) writes anew what files
    of earlier ones hold; it `replaces` these, which do not count from then on, and may leave records out: so many are
    `purged`, and `dropped` is the SHA-256 over their digests. `expired` is by kind until when they were.
    `until` are the blocks that were read of the last source, and what blocks they are; None when that was read whole.
    """

    number: int
    finished_at: str
    replay: bool
    policy_version: str
    policy_digest: str
    schemas: Mapping[str, str]
    sources: tuple[tuple[str, str, int], ...]
    read: int
    accepted: int
    duplicates: int
    parked: int
    rejected: int
    parked_open: int
    oldest_parked_at: str | None
    reasons: tuple[tuple[str, str, int], ...]
    files: tuple[File, ...]
    attested: tuple[tuple[str, str], ...] = ()
    """(SHA-256 of a source, who signed for it): what was let in on the word of its producers."""
    until: tuple[int, str] | None = None
    rewrites: str = ""
    replaces: tuple[str, ...] = ()
    purged: int = 0
    dropped: str = ""
    expired: Mapping[str, str] = field(default_factory=dict)
    previous: str = ""
    """SHA-256 of the batch before it, as it stands in the manifest."""

    @property
    def id(self) -> str:
        return f"ingest-{self.number:06}-{batch_digest(self)[:12]}"

    def report(self) -> dict[str, Any]:
        """The batch as a record of the kind `ingest_report`."""
        return {
            "id": self.id, "batch": self.id, "read": self.read, "accepted": self.accepted,
            "duplicates": self.duplicates, "parked": self.parked, "rejected": self.rejected,
            "parked_open": self.parked_open,
            "reasons": [{"outcome": o, "reason": r, "events": n} for o, r, n in self.reasons],
            "oldest_parked_at": self.oldest_parked_at, "finished_at": self.finished_at,
        }  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        rewritten = {"rewrites": self.rewrites, "replaces": list(self.replaces), "purged": self.purged,
                     "dropped": self.dropped, "expired": dict(self.expired)}  # fmt: skip
        return {
            **{name: getattr(self, name) for name in _SCALARS},
            "schemas": dict(self.schemas),
            "sources": [list(source) for source in self.sources],
            "reasons": [list(reason) for reason in self.reasons],
            "files": [{name: getattr(file, name) for name in File.__slots__} for file in self.files],
            **({"attested": [list(one) for one in self.attested]} if self.attested else {}),
            **({} if self.until is None else {"until": list(self.until)}),
            **(rewritten if self.rewrites else {}),
        }


_SCALARS = (
    "number", "finished_at", "replay", "policy_version", "policy_digest", "read", "accepted", "duplicates", "parked",
    "rejected", "parked_open", "oldest_parked_at", "previous",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The store's folder and its batches, oldest first."""

    store: Path
    batches: tuple[Batch, ...] = field(default=())

    def files(self) -> Iterator[tuple[Batch, File]]:
        """The files that count: those that no later batch replaced."""
        replaced = {name for batch in self.batches for name in batch.replaces}
        for batch in self.batches:
            for file in batch.files:
                if file.name not in replaced:
                    yield batch, file

    @property
    def expired(self) -> dict[str, str]:
        """By kind until when its records were dropped, at the latest."""
        found: dict[str, str] = {}
        for batch in self.batches:
            found |= {kind: max(text, found.get(kind, "")) for kind, text in batch.expired.items()}
        return found

    @property
    def totals(self) -> dict[str, int]:
        """Over all batches: what was read and what became of it at once, what replays made of it, what was refused or
        purged when it was written anew, and what waits."""
        new = [batch for batch in self.batches if not batch.replay and not batch.rewrites]
        rewritten = [batch for batch in self.batches if batch.rewrites]
        replays = [batch for batch in self.batches if batch.replay]
        names = ("read", "accepted", "duplicates", "parked", "rejected")
        return {
            **{name: sum(getattr(batch, name) for batch in new) for name in names},
            **{f"replayed_{name}": sum(getattr(batch, name) for batch in replays) for name in ("accepted", "rejected")},
            "refused_later": sum(batch.parked + batch.rejected for batch in rewritten),
            "purged": sum(batch.purged for batch in rewritten),
            "parked_open": self.batches[-1].parked_open if self.batches else 0,
        }


def batch_digest(batch: Batch) -> str:
    return hashlib.sha256(strict_json.dumps(batch.to_json())).hexdigest()


def read(store: Path) -> Manifest | None:
    """The manifest of a store; None when there is none. Raises GateError for one that is not to be believed."""
    path = store / NAME
    try:
        if path.is_symlink():
            raise GateError(f"{path}: a symbolic link; give the store's own folder")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GateError(f"{path}: can't be read: {error.strerror or error}") from None
    try:
        return Manifest(store=store, batches=tuple(_parsed(strict_json.loads(data, max_bytes=MAX_BYTES))))
    except (strict_json.StrictJsonError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise GateError(f"{path}: not the manifest of an event store: {str(error)[:120]}") from None


def _parsed(value: Any) -> Iterator[Batch]:
    if value["format"] != FORMAT:
        raise ValueError("its format is another one")
    previous = ""
    counted: set[str] = set()
    for number, item in enumerate(value["batches"], 1):
        files = tuple(
            File(name=_name(f["name"]), sha256=_text(f["sha256"]), size=_count(f["size"]), records=_count(f["records"]),
                 table=_text(f["table"]))
            for f in item["files"]
        )  # fmt: skip
        batch = Batch(
            **{name: item[name] for name in _SCALARS},
            schemas={_text(k): _text(v) for k, v in item["schemas"].items()},
            sources=tuple((_text(n), _text(d), _count(s)) for n, d, s in item["sources"]),
            reasons=tuple((_text(o), _text(r), _count(n)) for o, r, n in item["reasons"]),
            files=files,
            attested=tuple((_text(d), _text(s)) for d, s in item.get("attested", ())),
            until=_until(item["until"]) if "until" in item else None,
            rewrites=_text(item.get("rewrites", "")),
            replaces=tuple(_name(name) for name in item.get("replaces", ())),
            purged=_count(item.get("purged", 0)),
            dropped=_text(item.get("dropped", "")),
            expired={_text(k): _text(v) for k, v in item.get("expired", {}).items()},
        )
        if batch.rewrites not in ("", COMPACTION, EXPIRY) or not set(batch.replaces) <= counted:
            raise ValueError(f"batch {number} replaces what is not there")
        counted -= set(batch.replaces)
        counted |= {file.name for file in files}
        for count in (batch.read, batch.accepted, batch.duplicates, batch.parked, batch.rejected, batch.parked_open):
            _count(count)
        if batch.number != number or batch.previous != previous:
            raise ValueError(f"batch {number} does not follow the one before it")
        if batch.read != batch.accepted + batch.duplicates + batch.parked + batch.rejected + batch.purged:
            raise ValueError(f"the counts of batch {number} do not add up")
        previous = batch_digest(batch)
        yield batch


def _until(value: Any) -> tuple[int, str]:
    blocks, which = value
    return _count(blocks), _text(which)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is none")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("a count is none")
    return value


def _name(value: Any) -> str:
    if not _SAFE.fullmatch(_text(value)) or ".." in value:
        raise ValueError("a file has no name of this store")
    return str(value)


def commit(manifest: Manifest, batch: Batch) -> Manifest:
    """Add a batch whose files are in place. From here on it counts. Raises UndecidedError; then it does not."""
    batches = (*manifest.batches, batch)
    value = {"format": FORMAT, "batches": [item.to_json() for item in batches]}
    write_file(manifest.store / NAME, strict_json.dumps(value) + b"\n")
    return Manifest(store=manifest.store, batches=batches)


def sweep(manifest: Manifest) -> None:
    """Remove what a run that did not end left behind: staging, and files of ours that do not count.

    What the last run replaced goes now and not with it: whoever read the manifest before still finds all it names.
    """
    shutil.rmtree(manifest.store / STAGING, ignore_errors=True)
    named = {file.name for _, file in manifest.files()}
    for path in (
        *manifest.store.glob("*/*.parquet"),
        *manifest.store.glob(f"{HELD}/*"),
        *manifest.store.glob(f"{RAW}/*"),
    ):
        name = path.relative_to(manifest.store).as_posix()
        if _OURS.fullmatch(path.name) and name not in named and not path.is_symlink():
            path.unlink()
    for path in manifest.store.glob(f"{SIGNED}/*"):
        found = _SIGNED.fullmatch(path.name)
        if found is not None and f"{found[2]}/{found[1]}.parquet" not in named and not path.is_symlink():
            path.unlink()


def check(manifest: Manifest, file: File) -> str | None:
    """Why a file is not what the manifest says; None when it is."""
    path = manifest.store / file.name
    try:
        if path.is_symlink():
            return "a symbolic link"
        with path.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        return f"can't be read: {error.strerror or error}"
    return None if digest == file.sha256 else "is not the file that was ingested"


@contextlib.contextmanager
def locked(store: Path) -> Iterator[None]:
    """Hold the store's lock: one writer at a time. The kernel lets go of it when its holder ends, however it ends.

    Raises UndecidedError when somebody else holds it, or the folder can't be written.
    """
    path = store / LOCK
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise UndecidedError(f"{path}: can't be written: {error.strerror or error}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UndecidedError(
                f"{store}: another ingest is writing to this store; try again when it is done"
            ) from None
        yield
    finally:
        os.close(handle)
