"""The embedded store under what happens to files: links, damage, full disks, read-only folders, kill -9, power loss."""

from __future__ import annotations

import ast
import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from attestations.ledger import Code, Ledger, audit, create_ledger
from attestations.ledger.sqlite import SqliteStore, create, file_system

IN = "attestations.ledger.sqlite"


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_the_settings_are_the_ones_the_database_answered(ledger: Ledger, path: Path) -> None:
    assert ledger.durability == f"sqlite {sqlite3.sqlite_version}, journal wal, synchronous full"
    connection = ledger.store._connection  # type: ignore[attr-defined]
    answers = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "trusted_schema", "cell_size_check", "mmap_size")
    }
    expected = {"journal_mode": b"wal", "synchronous": 2, "trusted_schema": 0, "cell_size_check": 1, "mmap_size": 0}
    assert answers == expected
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_where_wal_is_impossible_every_commit_syncs_its_folder_too(path: Path, kit: Any) -> None:
    """SQLite's `unix-dotfile` has no shared memory, as on some file systems."""
    with kit.create(path.with_name("other")) as other:
        genesis = other.checkpoint()
    create(path, genesis, timeout=1, vfs="unix-dotfile")
    store = SqliteStore(path, writable=True, timeout=1, vfs="unix-dotfile")
    with Ledger(store, kit.origin, kit.signer(), [kit.signer().verifier]) as ledger:
        assert ledger.durability.endswith("journal delete, synchronous extra")
        assert store._connection is not None
        assert store._connection.execute("PRAGMA synchronous").fetchone() == (3,)
        ledger.append(kit.entries(0, 3))
        assert audit(ledger).ok


class Stubborn(sqlite3.Connection):
    """A database that takes a setting without a word and does not keep it."""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:  # type: ignore[override]
        return super().execute(sql.replace("FULL", "NORMAL").replace("EXTRA", "NORMAL"), *parameters)


def test_it_refuses_to_run_without_durable_settings(path: Path, kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.filled(path, 2)
    connect = sqlite3.connect
    monkeypatch.setattr(f"{IN}.sqlite3.connect", lambda *a, **k: connect(*a, **k, factory=Stubborn))
    assert kit.refused(lambda: kit.open(path)).code is Code.NOT_DURABLE
    assert kit.refused(lambda: kit.create(path.with_name("other"))).code is Code.NOT_DURABLE
    assert names(path.parent) == [path.name]
    with kit.read(path) as reader:  # reading acknowledges nothing
        assert audit(reader).ok


@pytest.mark.parametrize("name", ["", "-wal", "-shm", "-journal"])
def test_a_symbolic_link_is_refused(name: str, path: Path, kit: Any) -> None:
    kit.filled(path, 2)
    file, real = Path(f"{path}{name}"), path.with_name("real")
    if name:
        real.touch()
    else:
        path.rename(real)
    file.symlink_to(real)
    assert kit.refused(lambda: kit.open(path)).code is Code.UNSAFE_FILE
    assert kit.refused(lambda: kit.read(path)).code is Code.UNSAFE_FILE


def test_a_dangling_link_is_not_followed_to_make_a_ledger(path: Path, kit: Any) -> None:
    path.symlink_to(path.with_name("elsewhere"))
    assert kit.refused(lambda: kit.create(path)).code is Code.EXISTS
    assert kit.refused(lambda: kit.open(path)).code is Code.UNSAFE_FILE
    assert names(path.parent) == [path.name]


def test_a_file_with_two_names_is_refused(path: Path, kit: Any) -> None:
    kit.filled(path, 2)
    os.link(path, path.with_name("second"))
    assert kit.refused(lambda: kit.open(path)).code is Code.UNSAFE_FILE


def test_a_folder_a_pipe_and_a_device_are_refused(tmp_path: Path, kit: Any) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe", Path("/dev/null")):
        assert kit.refused(lambda place=place: kit.open(place)).code is Code.UNSAFE_FILE
        assert kit.refused(lambda place=place: kit.create(place)).code is Code.EXISTS
    assert names(tmp_path) == ["pipe"]


@pytest.mark.parametrize(
    ("case", "code", "data"),
    [
        ("empty", Code.CORRUPT, b""),
        ("text", Code.CORRUPT, b"hello\n"),
        ("header only", Code.CORRUPT, b"SQLite format 3\0"),
        ("random", Code.CORRUPT, random.Random(1).randbytes(9000)),
    ],
)
def test_a_file_that_is_no_database(case: str, code: Code, data: bytes, path: Path, kit: Any) -> None:
    path.write_bytes(data)
    assert kit.refused(lambda: kit.open(path)).code is code, case
    assert kit.refused(lambda: kit.read(path)).code is code, case
    assert path.read_bytes() == data


@pytest.mark.parametrize(
    ("case", "code", "statements"),
    [
        ("another database", Code.NOT_A_LEDGER, ["DROP TABLE entry", "DROP TABLE checkpoint", "PRAGMA application_id=0"]),
        ("no application id", Code.SCHEMA, ["PRAGMA application_id = 0"]),
        ("trigger that drops entries", Code.SCHEMA, [
            "CREATE TRIGGER t BEFORE INSERT ON entry WHEN new.idx > 3 BEGIN SELECT RAISE(IGNORE); END"]),
        ("view for a table", Code.SCHEMA, ["ALTER TABLE entry RENAME TO e", "CREATE VIEW entry AS SELECT * FROM e"]),
        ("one more column", Code.SCHEMA, ["ALTER TABLE entry ADD COLUMN note TEXT"]),
        ("one more table", Code.SCHEMA, ["CREATE TABLE more (a)"]),
        ("index", Code.SCHEMA, ["CREATE INDEX i ON entry (body)"]),
        ("not strict", Code.SCHEMA, [
            "DROP TABLE entry", "CREATE TABLE entry (idx INTEGER PRIMARY KEY, body BLOB NOT NULL, hashes BLOB NOT NULL)"]),
    ],
)  # fmt: skip
def test_a_database_that_is_not_just_the_ledgers_tables(
    case: str, code: Code, statements: list[str], path: Path, kit: Any
) -> None:
    kit.filled(path, 2)
    kit.tamper(path, *statements)
    assert kit.refused(lambda: kit.open(path)).code is code, case


def test_a_damaged_page_met_while_reading(path: Path, kit: Any) -> None:
    kit.filled(path, 300)
    data = bytearray(path.read_bytes())
    data[5 * 4096 : 5 * 4096 + 200] = bytes(range(200))
    path.write_bytes(data)
    with kit.read(path) as reader:
        assert Code.CORRUPT in {finding.code for finding in audit(reader).findings}
        assert kit.refused(lambda: reader.find("0" * 64)).code is Code.CORRUPT


def test_network_file_systems_are_told_by_the_mount_table() -> None:
    table = (
        "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n"
        "40 22 0:45 /exports /mnt/team\\040share rw master:2 shared:9 - nfs4 filer:/exports rw\n"
        "torn line without separator\n"
    )
    assert file_system(os.makedev(254, 1), table) == "ext4"
    assert file_system(os.makedev(0, 45), table) == "nfs4"
    assert file_system(os.makedev(0, 46), table) is None


def test_a_network_file_system_is_refused(path: Path, kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.filled(path, 2)
    monkeypatch.setattr(f"{IN}.file_system", lambda *_: "nfs4")
    assert kit.refused(lambda: kit.open(path)).code is Code.UNSAFE_FILE
    assert kit.refused(lambda: kit.create(path.with_name("other"))).code is Code.UNSAFE_FILE


@contextmanager
def nobody(folder: Path) -> Iterator[None]:
    """Root may write anywhere; act as a user who may not."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder any user can look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_can_not_be_written(shared: Path, kit: Any) -> None:
    path = shared / "ledger"
    kit.filled(path, 3)
    path.chmod(0o644)
    shared.chmod(0o555)
    with nobody(shared):
        assert kit.refused(lambda: kit.open(path)).code is Code.UNWRITABLE
        assert kit.refused(lambda: kit.create(shared / "other")).code is Code.UNWRITABLE
        with kit.read(path) as reader:  # an auditor with a read-only copy
            assert audit(reader).ok
            reader.receipt(2)
    assert names(shared) == ["ledger"]


def test_a_folder_that_is_not_there(path: Path, kit: Any) -> None:
    missing = path / "below" / "ledger"
    assert kit.refused(lambda: kit.create(missing)).code is Code.UNWRITABLE
    assert kit.refused(lambda: kit.open(missing)).code is Code.MISSING


@pytest.mark.parametrize("name", ["with space", "percent%20", "quest?mode=memory", "hash#tag", "ünï", "-dash"])
def test_a_path_is_only_a_path(name: str, tmp_path: Path, kit: Any) -> None:
    kit.filled(tmp_path / name, 2)
    assert names(tmp_path) == [name]
    with kit.open(tmp_path / name) as ledger:
        assert ledger.size() == 2


def test_a_full_disk_is_a_clean_error_and_the_ledger_goes_on_once_there_is_room(ledger: Ledger, kit: Any) -> None:
    ledger.append(kit.entries(0, 3))
    connection = ledger.store._connection  # type: ignore[attr-defined]
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    size = 3
    error = None
    while error is None and size < 200:
        try:
            ledger.append(kit.entries(size, size + 20))
            size += 20
        except Exception as caught:
            error = caught
    assert getattr(error, "code", None) is Code.DISK_FULL, error
    assert ledger.size() == size
    assert audit(ledger).ok
    connection.execute("PRAGMA max_page_count = 100000")
    ledger.append(kit.entries(size, size + 20))
    assert ledger.size() == size + 20
    assert audit(ledger).ok


FILLING = """
import resource, signal, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from datetime import UTC, datetime
from attestations.ledger import Entry, LedgerError, audit, key_signer, open_ledger
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
signer = key_signer(Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32), sys.argv[2])
entry = Entry(kind="x", subject="0" * 64, statement="1" * 64, recorded_at=datetime(2026, 11, 21, tzinfo=UTC))
ledger = open_ledger(sys.argv[1], origin=sys.argv[2], signer=signer)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
size = 0
try:
    while size < 5000:
        ledger.append([entry] * 10)
        size += 10
except LedgerError as error:
    print(error.code)
try: ledger.append([entry])
except LedgerError as error: print(error.code)
ledger.close()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
ledger = open_ledger(sys.argv[1], origin=sys.argv[2], signer=signer)
assert ledger.size() == size, (ledger.size(), size)
ledger.append([entry] * 10)
assert audit(ledger).ok
print(ledger.size() - size)
"""


def test_a_write_the_system_refuses_ends_the_connection_and_loses_nothing(path: Path, kit: Any) -> None:
    """A real failing write(2): the file may grow no further. What failed so is not tried again on the same handle."""
    kit.create(path).close()
    command = [sys.executable, "-c", FILLING, str(path), kit.origin]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.split(), done.returncode) == (["io", "unavailable", "10"], 0), done.stderr


KILLED = """
import sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from datetime import UTC, datetime
from attestations.ledger import Entry, key_signer, open_ledger
name = sys.argv[3]
signer = key_signer(Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32), sys.argv[2])
ledger = open_ledger(sys.argv[1], origin=sys.argv[2], signer=signer)
number = 0
while True:
    number += 1
    moment = datetime(2026, 11, 21, microsecond=number, tzinfo=UTC)
    entries = [Entry(kind=f"{name}/{number}/{part}", subject="0" * 64, statement="1" * 64, recorded_at=moment)
               for part in range(1 + number * 7 % 40)]
    receipts = ledger.append(entries)
    print("".join(f"{receipt.index} {entry.kind} {receipt.leaf_hash.hex()}\\n" for receipt, entry
                  in zip(receipts, entries)) + f"head {receipts[0].checkpoint!r}", flush=True)
"""


def test_nothing_acknowledged_is_lost_to_kill_9(path: Path, kit: Any, tmp_path: Path) -> None:
    """Two writers at a time, killed at any moment, twenty times over; each new pair goes on where the last one died."""
    chance = random.Random(20261121)
    kit.create(path).close()
    acknowledged: dict[int, str] = {}
    head, head_size = "", 0
    for cycle in range(20):
        outputs = [tmp_path / f"out-{cycle}-{number}" for number in range(2)]
        with outputs[0].open("wb") as one, outputs[1].open("wb") as two:
            writers = [
                subprocess.Popen([sys.executable, "-c", KILLED, str(path), kit.origin, f"{cycle}/{n}"], stdout=file)
                for n, file in enumerate((one, two))
            ]
            while not all(output.stat().st_size for output in outputs):
                assert all(writer.poll() is None for writer in writers)
            for writer in writers:
                signal.sigtimedwait([], chance.random() * 0.03)
                writer.send_signal(signal.SIGKILL)
                writer.wait()
        before = len(acknowledged)
        for output in outputs:
            for line in output.read_text().split("\n")[:-1]:  # a line without its end was not acknowledged
                first, _, rest = line.partition(" ")
                if first != "head":
                    acknowledged[int(first)] = rest
                elif (size := int(rest.split("\\n")[1])) > head_size:
                    head, head_size = ast.literal_eval(rest), size
        assert len(acknowledged) > before
        with kit.open(path, trusted=head) as ledger:
            assert ledger.size() > max(acknowledged)
    with kit.read(path) as ledger:
        report = audit(ledger, head)
        assert report.ok, report.findings
        with ledger.store.read() as session:
            stored = {row.index: f"{kind_of(row.body)} {row.hashes[:32].hex()}" for row in session.entries()}
    assert acknowledged.items() <= stored.items()
    assert not list(tmp_path.glob(".*"))


def kind_of(body: bytes) -> str:
    return body.decode().split('"')[3]


def test_killed_while_a_ledger_is_made_there_is_none_or_a_whole_one(path: Path, kit: Any) -> None:
    code = (
        "import os, sys\n"
        "from attestations.ledger import create_ledger, key_signer, sqlite\n"
        "from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey\n"
        "from pathlib import Path\n"
        "def die(*_): os.kill(os.getpid(), 9)\n"
        "Path.rename = die\n"
        "signer = key_signer(Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32), sys.argv[2])\n"
        "create_ledger(sys.argv[1], origin=sys.argv[2], signer=signer)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path), kit.origin], check=False, timeout=30)
    assert done.returncode == -signal.SIGKILL
    assert kit.refused(lambda: kit.open(path)).code is Code.MISSING
    kit.filled(path, 2)


def test_the_errors_name_the_file_and_never_a_traceback(path: Path, kit: Any) -> None:
    error = kit.refused(lambda: kit.open(path))
    assert str(error).startswith(f"missing: {path}: ")
    path.write_bytes(b"x" * 100)
    assert str(path) in str(kit.refused(lambda: kit.open(path)))
    assert str(path) in str(kit.refused(lambda: create_ledger(path, origin=kit.origin, signer=kit.signer())))
