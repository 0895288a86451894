"""What was parked or rejected, without its bytes once it is past its retention: that it was there stays countable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attestations import strict_json
from gate.bundle.tenants import named
from gate.ingest.formats import quoted
from gate.ingest.manifest import HELD, Batch, File, Manifest

FORGOTTEN = "purged"
"""The outcome of what was parked or rejected and expired since; it is neither any more."""
ANY = "held"
"""In a window, everything that was parked or rejected, of whatever kind or none."""
_NAME = "kept.parquet"
_PIECE = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Something that was parked or rejected: of which kind, since when (epoch ms), and its record, if it is one."""

    kind: str | None
    held_at: int
    record: Mapping[str, Any] | None

    @property
    def tenants(self) -> frozenset[str]:
        return frozenset() if self.record is None else named(self.record)


@dataclass(slots=True)
class Forgotten:
    """What came of it: the files of the store that are replaced and the one that replaces them, how many of each kind
    there were and were forgotten (ANY where there is no kind), and their digests in order."""

    replaced: list[str] = field(default_factory=list)
    kept: tuple[Path, int] | None = None
    before: Counter[str] = field(default_factory=Counter)
    gone: Counter[str] = field(default_factory=Counter)
    earlier: int = 0
    """Of the records in the new file, those that had been forgotten before."""
    digests: list[bytes] = field(default_factory=list)


def is_held(name: str) -> bool:
    """Whether a file of a store holds what was parked or rejected."""
    return name.startswith(f"{HELD}/") and name.endswith(".parquet")


def forget(
    before: Manifest, files: Sequence[tuple[Batch, File]], due: Callable[[Held], bool], folder: Path,
    places: Mapping[tuple[str, str, int], int],
) -> Forgotten:  # fmt: skip
    """Write the files of held records that have any that is due anew into one, in `folder`: without what these were.

    `places` numbers the sources that the new file's records are of.
    """
    import duckdb

    found = Forgotten()
    parts: list[str] = []
    beside = {file.name for _, file in before.files() if file.name.endswith(".bytes")}
    with duckdb.connect(":memory:", config={"threads": "1"}) as engine:
        for batch, file in files:
            table = f"read_parquet({quoted(str(before.store / file.name))}, file_row_number = true)"
            rows = []
            for row, kind, digest, held_at, data in _rows(engine, table, before.store):
                label = kind or ANY
                found.before[label] += 1
                if due(Held(kind=kind, held_at=held_at, record=_record(data))):
                    rows.append(row)
                    found.gone[label] += 1
                    found.digests.append(bytes.fromhex(digest))
                    name = f"{HELD}/{digest}.bytes"
                    if name in beside:
                        found.replaced.append(name)
            if rows:
                found.earlier += forgotten([before.store / file.name])
                found.replaced.append(file.name)
                parts.append(_without(table, rows, [places[source] for source in batch.sources]))
        if parts:
            path = folder / _NAME
            engine.execute(f"COPY ({' UNION ALL '.join(parts)}) TO {quoted(str(path))} (FORMAT parquet)")
            count = engine.execute(f"SELECT count(*) FROM read_parquet({quoted(str(path))})").fetchone()  # noqa: S608 quoted
            found.kept = (path, int(count[0]) if count else 0)
    found.replaced = list(dict.fromkeys(found.replaced))
    return found


def forgotten(paths: Sequence[Path]) -> int:
    """How many records of files of held ones are without their bytes, as the files themselves say."""
    import duckdb

    with duckdb.connect(":memory:", config={"threads": "1"}) as engine:
        query = "SELECT count(*) FROM read_parquet($1) WHERE outcome = $2 AND bytes IS NULL"
        counts = [engine.execute(query, [str(path), FORGOTTEN]).fetchone() for path in paths]
    return sum(int(count[0]) for count in counts if count)


def _rows(engine: Any, table: str, store: Path) -> Iterator[tuple[int, str | None, str, int, bytes]]:
    query = f"SELECT file_row_number, kind, digest, held_at, bytes, size FROM {table} WHERE outcome <> $1"  # noqa: S608 quoted
    cursor = engine.cursor().execute(query, [FORGOTTEN])
    while piece := cursor.fetchmany(_PIECE):
        for row, kind, digest, held_at, data, size in piece:
            if data is None and size:
                data = (store / HELD / f"{digest}.bytes").read_bytes()
            yield int(row), kind, str(digest), int(held_at), bytes(data or b"")


def _record(data: bytes) -> Mapping[str, Any] | None:
    try:
        value = strict_json.loads(data, max_bytes=len(data) + 1)
    except strict_json.StrictJsonError:
        return None
    return value if isinstance(value, dict) else None


def _without(table: str, rows: Sequence[int], sources: Sequence[int]) -> str:
    """The rows of a file, those named without all that says what they were."""
    gone = f"file_row_number IN ({', '.join(map(str, rows))})"
    source = f"list_extract([{', '.join(map(str, sources))}], _source + 1)" if sources else "_source"
    return (
        f"SELECT _at, CAST({source} AS BIGINT) AS _source, _line, CASE WHEN {gone} THEN '{FORGOTTEN}' ELSE outcome END "  # noqa: S608 numbers and quoted names
        f"AS outcome, reason, CASE WHEN {gone} THEN '' ELSE detail END AS detail, kind, "
        f"CASE WHEN {gone} THEN NULL ELSE identity END AS identity, digest, size, "
        f"CASE WHEN {gone} THEN NULL ELSE bytes END AS bytes, held_at FROM {table}"
    )
