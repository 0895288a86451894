"""The evidence ledger beside what it can't be faster than: JSON + SHA-256 chained in memory, and the same made durable.

python bench/ledger.py                          # appends, batched and not; proofs in a ledger of a million
python bench/ledger.py --proofs 0               # appends only
python bench/ledger.py --postgres postgresql:/… # a team's ledger too; the database must have none yet
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402

from attestations.ledger import Entry, Ledger, audit, create_ledger, key_signer, verify_receipt  # noqa: E402

ORIGIN = "ledger.example/bench"
SIGNER = key_signer(Ed25519PrivateKey.from_private_bytes(bytes(32)), ORIGIN)
START = datetime(2026, 11, 21, tzinfo=UTC)


def entries(count: int, start: int = 0) -> list[Entry]:
    def digest(number: int, what: bytes) -> str:
        return hashlib.sha256(what + number.to_bytes(8, "big")).hexdigest()

    return [
        Entry(
            kind="decision",
            subject=digest(number, b"subject"),
            statement=digest(number, b"statement"),
            recorded_at=START + timedelta(milliseconds=number),
            tenant=f"tenant-{number % 50}",
        )
        for number in range(start, start + count)
    ]


def batches(items: Sequence[Entry], size: int) -> Iterator[Sequence[Entry]]:
    return (items[at : at + size] for at in range(0, len(items), size))


def chained(items: Sequence[Entry]) -> Iterator[bytes]:
    """Each line holds the hash of the one before: the least that calls itself an append-only log."""
    head = ""
    for item in items:
        line = json.dumps(
            {
                "kind": item.kind,
                "prev": head,
                "recorded_at": item.recorded_at.isoformat(),
                "statement": item.statement,
                "subject": item.subject,
                "tenant": item.tenant,
            },
            sort_keys=True,
            separators=(",", ":"),
        ).encode()
        head = hashlib.sha256(line).hexdigest()
        yield line


def floor(items: Sequence[Entry], _: int, folder: Path) -> None:
    for _line in chained(items):
        pass


def synced_lines(items: Sequence[Entry], size: int, folder: Path) -> None:
    with (folder / "lines").open("wb") as file:
        for number, line in enumerate(chained(items), 1):
            file.write(line + b"\n")
            if number % size == 0:
                file.flush()
                os.fdatasync(file.fileno())


def plain_table(items: Sequence[Entry], size: int, folder: Path) -> None:
    connection = sqlite3.connect(folder / "plain", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE entry (idx INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT")
    lines = chained(items)
    for at in range(0, len(items), size):
        connection.execute("BEGIN IMMEDIATE")
        rows = [(number, next(lines)) for number in range(at, min(at + size, len(items)))]
        connection.executemany("INSERT INTO entry VALUES (?, ?)", rows)
        connection.execute("COMMIT")
    connection.close()


def in_ledger(items: Sequence[Entry], size: int, folder: Path) -> None:
    with create_ledger(folder / "ledger", origin=ORIGIN, signer=SIGNER) as ledger:
        for batch in batches(items, size):
            ledger.append(batch)


def appends(count: int, rounds: int) -> None:
    rows: dict[str, tuple[Callable[[Sequence[Entry], int, Path], None], int, int]] = {
        "floor: JSON + SHA-256 chain in memory": (floor, count, count),
        "lines, fdatasync every 1,000": (synced_lines, count, 1000),
        "SQLite WAL FULL, chain only, batches of 1,000": (plain_table, count, 1000),
        "ledger, batches of 1,000": (in_ledger, count, 1000),
        "ledger, batches of 100": (in_ledger, count, 100),
        "lines, fdatasync each": (synced_lines, count // 20, 1),
        "SQLite WAL FULL, chain only, one at a time": (plain_table, count // 20, 1),
        "ledger, one at a time": (in_ledger, count // 20, 1),
    }
    items = entries(count)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in rows}
    for _ in range(rounds):
        for name, (work, number, size) in rows.items():
            with tempfile.TemporaryDirectory() as folder:
                wall, cpu = time.perf_counter(), time.process_time()
                work(items[:number], size, Path(folder))
                found[name].append((number / (time.perf_counter() - wall), number / (time.process_time() - cpu)))
    first = next(iter(found.values()))
    print(
        f"durable appends, {count:,} entries ({rounds} rounds, medians; ledger: signed checkpoint and receipts too)\n"
    )
    print("| what | entries/s | entries/s of CPU | time over floor | CPU over floor |\n|---|---|---|---|---|")
    for name, runs in found.items():
        wall, cpu = (statistics.median(run[part] for run in runs) for part in (0, 1))
        over = [statistics.median(f[part] / r[part] for r, f in zip(runs, first, strict=True)) for part in (0, 1)]
        print(f"| {name} | {wall:,.0f} | {cpu:,.0f} | {over[0]:.2f} | {over[1]:.2f} |")


def milliseconds(work: Callable[[int], object], arguments: Sequence[int]) -> tuple[float, float]:
    """Median and 99th percentile."""
    taken = []
    for argument in arguments:
        start = time.perf_counter()
        work(argument)
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken), statistics.quantiles(taken, n=100)[98]


def proofs(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger"
        with create_ledger(path, origin=ORIGIN, signer=SIGNER) as ledger:
            for start in range(0, count, 50_000):
                ledger.append(entries(min(50_000, count - start), start))
            measured(ledger, count, path)


def measured(ledger: Ledger, count: int, path: Path) -> None:
    chance = random.Random(1)
    wanted = [chance.randrange(count) for _ in range(2000)]
    connection = sqlite3.connect(path)
    key = str(SIGNER.verifier)
    receipts = {index: ledger.receipt(index) for index in wanted[:500]}
    one = {index: entries(1, index)[0] for index in wanted[:500]}
    rows: dict[str, tuple[Callable[[int], object], Sequence[int]]] = {
        "floor: read one row": (lambda at: connection.execute("SELECT * FROM entry WHERE idx = ?", (at,)).fetchone(), wanted),
        "inclusion proof": (lambda at: ledger.prove_inclusion(at, count), wanted),
        "consistency proof": (lambda at: ledger.prove_consistency(at + 1, count), wanted),
        "receipt, verified": (ledger.receipt, wanted),
        "verify a receipt offline": (lambda at: verify_receipt(receipts[at], one[at], [key]), list(one)),
        "find a statement (reads all)": (lambda at: ledger.find(one[at].statement), list(one)[:5]),
    }  # fmt: skip
    print(f"\nproofs among {count:,} entries, {path.stat().st_size / count:.0f} bytes an entry on disk\n")
    print("| what | median ms | p99 ms | over floor |\n|---|---|---|---|")
    base = 0.0
    for name, (work, arguments) in rows.items():
        median, p99 = milliseconds(work, arguments)
        base = base or median
        print(f"| {name} | {median:.3f} | {p99:.3f} | {median / base:.1f} |")
    connection.close()
    start = time.perf_counter()
    report = audit(ledger)
    print(f"\naudit: {count / (time.perf_counter() - start):,.0f} entries/s, {len(report.findings)} findings")


def team(url: str, count: int) -> None:
    items = entries(count)
    with create_ledger(url, origin=ORIGIN, signer=SIGNER) as ledger:
        print(f"\n{ledger.durability}\n")
        for size, number in ((1000, count), (1, count // 20)):
            start = time.perf_counter()
            for batch in batches(items[:number], size):
                ledger.append(batch)
            print(f"batches of {size}: {number / (time.perf_counter() - start):,.0f} entries/s")
        total = ledger.size()
        median, p99 = milliseconds(lambda at: ledger.prove_inclusion(at, total), range(0, total, total // 300))
        print(f"inclusion proof among {total:,}: {median:.3f} ms, p99 {p99:.3f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=50_000, help="entries a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--proofs", type=int, default=1_000_000, metavar="N", help="prove in a ledger of N entries")
    parser.add_argument("--postgres", metavar="URL", help="measure a PostgreSQL ledger, too")
    arguments = parser.parse_args()
    appends(arguments.count, arguments.rounds)
    if arguments.proofs:
        proofs(arguments.proofs)
    if arguments.postgres:
        team(arguments.postgres, arguments.count)


if __name__ == "__main__":
    main()
