"""The embedded ledger: one SQLite file, opened only under settings where a commit that returned is on the disk.

SQLite before 3.51.3 (3.44.6, 3.50.7) can lose commits when a checkpoint of the write-ahead log runs while another
connection writes. Here both happen only under a lock of the ledger's own, so never at the same time.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from attestations.ledger.errors import Code, LedgerError
from attestations.ledger.store import Session, statements
from attestations.strict_json import shown

APPLICATION_ID: Final = 0x54474C31  # "TGL1"
_TABLES: Final = {
    "entry": "CREATE TABLE entry (idx INTEGER PRIMARY KEY, body BLOB NOT NULL, hashes BLOB NOT NULL) STRICT",
    "checkpoint": "CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT",
}
_SQL: Final = statements(mark="?", schema="", contains="instr(body, ?) > 0")
_MAX_VALUE: Final = 1024 * 1024  # bytes; more than any row of a ledger, less than a damaged length could ask for
_SIDECARS: Final = ("-wal", "-shm", "-journal")
_NETWORK: Final = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "gfs2", "gpfs"}
    | {"lustre", "nfs", "nfs4", "ocfs2", "smb3", "smbfs"}
)
_CODES: Final = {
    sqlite3.SQLITE_BUSY: Code.BUSY,
    sqlite3.SQLITE_LOCKED: Code.BUSY,
    sqlite3.SQLITE_FULL: Code.DISK_FULL,
    sqlite3.SQLITE_IOERR: Code.IO,
    sqlite3.SQLITE_READONLY: Code.UNWRITABLE,
    sqlite3.SQLITE_PERM: Code.UNWRITABLE,
    sqlite3.SQLITE_CANTOPEN: Code.UNWRITABLE,
}


class SqliteStore:
    """A ledger in a file. Threads may share it; a forked child must open its own."""

    def __init__(self, path: Path, *, writable: bool, timeout: float, vfs: str | None = None) -> None:
        """Open an existing file; `timeout`, in seconds, is how long to wait for other writers. Raises LedgerError."""
        self.where = str(path)
        self._path = path
        self._timeout = timeout
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        _check_files(path)
        with self._refusing():
            self._connection = _connect(path, writable=writable, timeout=timeout, vfs=vfs)
            try:
                _check_schema(self._connection, path)
                self.durability = _durable(self._connection, path) if writable else "read-only"
                if writable:
                    with self._only_writer():
                        self._connection.execute("BEGIN IMMEDIATE")  # a file that can't be written says so now
                        self._connection.execute("ROLLBACK")
            except BaseException:
                self._connection.close()
                raise

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._lock, self._refusing():
            connection = self._open()
            connection.execute("BEGIN")
            try:
                yield Session(connection, _SQL, "?")
            finally:
                _rollback(connection)

    @contextmanager
    def write(self) -> Iterator[Session]:
        with self._lock, self._refusing(), self._only_writer():
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Session(connection, _SQL, "?")
                connection.execute("COMMIT")
            finally:
                _rollback(connection)

    def damage(self) -> list[str]:
        with self._lock, self._refusing():
            found = [str(line, "utf-8", "replace") for (line,) in self._open().execute("PRAGMA integrity_check(20)")]
        return [] if found == ["ok"] else found

    def reconnect(self) -> bool:
        return False

    def close(self) -> None:
        """Idempotent. The last one out folds the write-ahead log into the file."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None and os.getpid() == self._pid:
                with suppress(LedgerError), self._only_writer():
                    connection.close()
                connection.close()

    def _open(self) -> sqlite3.Connection:
        if os.getpid() != self._pid:
            raise LedgerError(Code.UNAVAILABLE, f"{self.where}: opened before a fork; open it again in the child")
        if self._connection is None:
            raise LedgerError(Code.UNAVAILABLE, f"{self.where}: closed, or given up after an input/output error")
        return self._connection

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Turn the database's errors into the ledger's. After a failed disk access the connection is not used again."""
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:
            refusal = _refusal(error, self.where)
            if refusal.code is Code.IO and self._connection is not None:
                self._connection.close()
                self._connection = None
            raise refusal from None
        except OSError as error:
            raise LedgerError(Code.IO, f"{self.where}: {error.strerror}") from None

    @contextmanager
    def _only_writer(self) -> Iterator[None]:
        """A lock on the folder, which the kernel releases however this process ends."""
        import fcntl

        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        deadline = time.monotonic() + self._timeout
        try:
            while True:
                try:
                    fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        message = f"{self.where}: another writer held the ledger for {self._timeout:g} s"
                        raise LedgerError(Code.BUSY, message) from None
                    time.sleep(0.001)
            yield
        finally:
            os.close(folder)


_REMEDY: Final = {
    Code.DISK_FULL: "; nothing was recorded: make room and repeat",
    Code.IO: "; nothing was acknowledged: check the disk, open the ledger again and repeat",
    Code.UNWRITABLE: "; the ledger's file and folder must be writable",
    Code.CORRUPT: "; keep the file as evidence and restore a copy",
    Code.BUSY: "; repeat, or wait longer",
}


def _refusal(error: Exception, where: str) -> LedgerError:
    """The ledger's word for an error of the database. In a damaged file even the database's message may not be text."""
    number = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    code = _CODES.get(number, Code.CORRUPT)
    text = "damaged" if isinstance(error, UnicodeDecodeError) else shown(str(error), 200)[1:-1]
    return LedgerError(code, f"{where}: {text}{_REMEDY.get(code, '')}")


def create(path: Path, genesis: str, *, timeout: float, vfs: str | None = None) -> None:
    """Make a ledger that holds the signed checkpoint of the empty tree; whole or not at all, never over a file.

    Raises LedgerError; EXISTS when there is something at `path` already.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    _check_free(path)
    _check_folder(path)
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise LedgerError(Code.UNWRITABLE, f"{path}: {error.strerror}; the folder must exist and be writable") from None
    try:
        connection = _connect(temporary, writable=True, timeout=timeout, vfs=vfs)
        try:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            _durable(connection, path)
            connection.execute("BEGIN IMMEDIATE")
            for table in _TABLES.values():
                connection.execute(table)
            Session(connection, _SQL, "?").insert([], 0, genesis)
            connection.execute("COMMIT")
        finally:
            connection.close()
        _move_into_place(temporary, path)
    except sqlite3.Error as error:
        raise _refusal(error, str(path)) from None
    except OSError as error:
        raise LedgerError(Code.IO, f"{path}: {error.strerror}") from None
    finally:
        for name in ("", *_SIDECARS):
            Path(f"{temporary}{name}").unlink(missing_ok=True)


def _move_into_place(temporary: Path, path: Path) -> None:
    import fcntl

    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # held for moments only: between the look and the rename nobody else creates
        _check_free(path)
        temporary.rename(path)
        os.fsync(folder)
    finally:
        os.close(folder)


def _check_free(path: Path) -> None:
    if os.path.lexists(path):
        raise LedgerError(Code.EXISTS, f"{path}: exists already; a ledger is never made over a file")


def _connect(path: Path, *, writable: bool, timeout: float, vfs: str | None) -> sqlite3.Connection:
    if sys.platform == "win32":
        raise LedgerError(
            Code.UNAVAILABLE, f"{path}: the file ledger needs the locks of a POSIX system; use PostgreSQL"
        )
    if sqlite3.sqlite_version_info < (3, 37, 0):
        raise LedgerError(
            Code.UNAVAILABLE, f"SQLite {sqlite3.sqlite_version} has no STRICT tables; 3.37 or newer is needed"
        )
    uri = f"{path.absolute().as_uri()}?mode={'rw' if writable else 'ro'}" + (f"&vfs={vfs}" if vfs else "")
    try:
        return _prepared(uri, timeout, writable=writable)
    except sqlite3.Error:
        # A cleanly closed ledger on a read-only medium: no write-ahead log, and no place for its index.
        if writable or Path(f"{path}-wal").exists():
            raise
        return _prepared(uri + "&immutable=1", timeout, writable=False)


def _prepared(uri: str, timeout: float, *, writable: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=timeout, isolation_level=None, check_same_thread=False)
    try:
        connection.text_factory = bytes
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
        for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
            connection.execute(f"PRAGMA {pragma}")
        if not writable:
            connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # the first read of the file
    except BaseException:
        connection.close()
        raise
    return connection


def _durable(connection: sqlite3.Connection, path: Path) -> str:
    """Ask for durable commits and believe only what the database answers: WAL + FULL, else DELETE + EXTRA."""
    for pragma in (
        "fullfsync = ON",
        "checkpoint_fullfsync = ON",
    ):  # macOS, where fsync alone stops at the drive's cache
        connection.execute(f"PRAGMA {pragma}")
    for journal, synchronous, level in ((b"wal", "FULL", 2), (b"delete", "EXTRA", 3)):
        (answered,) = connection.execute(f"PRAGMA journal_mode = {journal.decode()}").fetchone()
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        (set_level,) = connection.execute("PRAGMA synchronous").fetchone()
        if answered == journal and set_level == level:
            return f"sqlite {sqlite3.sqlite_version}, journal {journal.decode()}, synchronous {synchronous.lower()}"
    message = f"{path}: SQLite gives neither WAL with synchronous FULL nor DELETE with EXTRA here; use a local disk"
    raise LedgerError(Code.NOT_DURABLE, message)


def _check_schema(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    found = {
        bytes(name).decode("utf-8", "replace"): sql
        for name, sql in connection.execute("SELECT name, sql FROM sqlite_schema")
    }
    if application != APPLICATION_ID and set(found) != set(_TABLES):
        raise LedgerError(Code.NOT_A_LEDGER, f"{path}: an SQLite file, but not a ledger")
    if application != APPLICATION_ID or found != {name: sql.encode() for name, sql in _TABLES.items()}:
        raise LedgerError(Code.SCHEMA, f"{path}: its tables are not the ones a ledger has; keep the file as evidence")


def _check_files(path: Path) -> None:
    _check_folder(path)
    for name in ("", *_SIDECARS):
        file = Path(f"{path}{name}")
        try:
            status = file.lstat()
        except FileNotFoundError:
            if not name:
                raise LedgerError(
                    Code.MISSING, f"{path}: there is no ledger; `gate ledger init` makes one, once"
                ) from None
            continue
        except OSError as error:
            raise LedgerError(Code.UNWRITABLE, f"{file}: {error.strerror}") from None
        if not stat.S_ISREG(status.st_mode):
            raise LedgerError(Code.UNSAFE_FILE, f"{file}: a link or special file; the ledger takes only a regular file")
        if status.st_nlink != 1:
            raise LedgerError(
                Code.UNSAFE_FILE, f"{file}: has {status.st_nlink} names; the ledger takes only a file with one"
            )
        if not name and not status.st_size:
            raise LedgerError(Code.CORRUPT, f"{path}: empty; a ledger never is: restore a copy")


def _check_folder(path: Path) -> None:
    with suppress(OSError):
        found = file_system(path.parent.stat().st_dev, Path("/proc/self/mountinfo").read_text(errors="replace"))
        if found in _NETWORK:
            message = f"{path}: on {found}; SQLite is not safe on network file systems: use a local disk or PostgreSQL"
            raise LedgerError(Code.UNSAFE_FILE, message)


def file_system(device: int, mountinfo: str) -> str | None:
    """The type of the file system of a device number, from the text of Linux' mountinfo (proc_pid_mountinfo(5))."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        if separator and before.split(" ")[2:3] == [wanted]:
            return after.split(" ")[0]
    return None


def _rollback(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")
