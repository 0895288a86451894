"""What scans found out, kept by the digest of everything it depends on: the same question is not worked out twice.

A cache is as hostile as any input. It lives outside of what is judged, in a folder that nobody else can write to; every
entry carries a digest of itself and of its key, made with a secret where there is one; what does not fit, for whatever
reason, was never there. Values are checked once more by whoever asked for them. With no folder given it is a temporary
file: the same code, no memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import sqlite3
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import lints

MAX_BYTES = 512 << 20
BUSY_SECONDS = 5.0
_FILE = "scan-v1.sqlite"
_TABLE = "CREATE TABLE entry (key BLOB PRIMARY KEY, day INTEGER NOT NULL, value BLOB NOT NULL)"
_CHECK = 16
_BATCH, _BATCH_BYTES = 512, 4 << 20
_DEPENDS = (
    "jsonschema-rs", "msgspec", "sqlglot", "sqlglotc", "tree-sitter", "tree-sitter-c-sharp", "tree-sitter-go",
    "tree-sitter-java", "tree-sitter-javascript", "tree-sitter-kotlin", "tree-sitter-php", "tree-sitter-python",
    "tree-sitter-ruby", "tree-sitter-typescript",
)  # fmt: skip


class CacheError(ValueError):
    """A folder that can't be trusted with a cache; one line that says why."""


def default_folder() -> Path:
    """Where a user's caches belong: `$XDG_CACHE_HOME/tenantgate`, on macOS `~/Library/Caches/tenantgate`."""
    home = Path(os.environ.get("HOME") or "~").expanduser()
    named = os.environ.get("XDG_CACHE_HOME")
    if named and Path(named).is_absolute():
        return Path(named, "tenantgate")
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "tenantgate"


@cache
def version() -> bytes:
    """Digest of all that decides what a scan says beside its input: this package's source, its parsers, the Python."""
    digest = hashlib.sha256(repr((sys.version_info[:3], sys.implementation.name)).encode())
    folder = str(Path(lints.__file__).parent)
    sources = sorted(_sources(folder))
    if not sources:
        return os.urandom(32)  # not to be told from another version: nothing is recalled
    for path in sources:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 many small files, at every start
            data = file.read()
        digest.update(f"{path[len(folder) :]}\0{len(data)}\0".encode() + data)
    digest.update(repr(_installed()).encode())
    return digest.digest()


def _sources(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir() and entry.name != "__pycache__":
                yield from _sources(entry.path)
            elif entry.name.endswith((".py", ".json")):
                yield entry.path


def _installed() -> list[tuple[str, str]]:
    """The versions of the parsers: from the names of the folders that say what is installed, which costs a tenth of
    reading what is in them. One that is not found so is asked for."""
    found: dict[str, set[str]] = {}
    for folder in sys.path:
        with contextlib.suppress(OSError), os.scandir(folder or ".") as entries:
            for entry in entries:
                if entry.name.endswith(".dist-info"):
                    name, _, number = entry.name.removesuffix(".dist-info").rpartition("-")
                    found.setdefault(name.lower().replace("_", "-").replace(".", "-"), set()).add(number)
    return [(name, " ".join(sorted(found.get(name, ()))) or _asked(name)) for name in _DEPENDS]


def _asked(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def key(*parts: bytes | str) -> bytes:
    """The key of a question: a digest of its parts and of `version()`."""
    digest = hashlib.sha256(version())
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(b"%16x" % len(data))
        digest.update(data)
    return digest.digest()


class Cache:
    """A dictionary of bytes that may forget. Several processes can share one; none of them waits long for another."""

    def __init__(
        self, folder: Path | None = None, *, secret: bytes = b"", max_bytes: int = MAX_BYTES, today: int | None = None
    ) -> None:
        """Open the cache in `folder`, made if need be; None, or busy: a temporary one. Raises CacheError.

        With a `secret` only entries made with the same one count: code that runs as the same user can't forge them.
        """
        self._secret = secret
        self._day = int(time.time() // 86_400) if today is None else today
        self._max_bytes = max_bytes
        self._new: dict[bytes, bytes] = {}
        self._size = 0
        self._seen: list[bytes] = []
        shared = None if folder is None else _shared(folder)
        self._temporary = shared is None
        self._database = shared if shared is not None else _opened("")
        self._aside: sqlite3.Connection | None = None
        """What could not be written to a shared cache, for the rest of this run."""

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def lasting(self) -> bool:
        """Whether anything put in now is there on another day."""
        return not self._temporary

    def get(self, name: bytes) -> bytes | None:
        """What was put under a key, or None."""
        return self.get_many([name]).get(name)

    def get_many(self, names: Sequence[bytes]) -> dict[bytes, bytes]:
        """What was put under those of the keys that are known."""
        found = {name: self._new[name] for name in names if name in self._new}
        for database in (self._database, self._aside):
            asked = [name for name in names if name not in found] if found else list(names)
            for start in range(0, len(asked) if database is not None else 0, _BATCH):
                for name, day, written in _rows(database, asked[start : start + _BATCH]):
                    if not isinstance(written, bytes) or not isinstance(day, int):
                        continue
                    value = written[_CHECK:]
                    if not hmac.compare_digest(written[:_CHECK], self._check(name, value)):
                        continue
                    found[name] = value
                    if day != self._day:
                        self._seen.append(name)
        return found

    def put(self, name: bytes, value: bytes) -> None:
        self._new[name] = value
        self._size += len(value)
        if len(self._new) >= _BATCH or self._size >= _BATCH_BYTES:
            self._write()

    def close(self) -> None:
        """Write what is new and let go of what was not asked for longest, if it has grown too large."""
        self._write()
        with contextlib.suppress(sqlite3.Error):
            if not self._temporary:
                self._evict()
        self._database.close()
        if self._aside is not None:
            self._aside.close()

    def _write(self) -> None:
        rows = [(name, self._day, self._check(name, value) + value) for name, value in self._new.items()]
        seen = [(self._day, name) for name in self._seen]
        try:
            _insert(self._aside or self._database, rows, seen)
        except sqlite3.Error:
            if self._temporary or self._aside is not None:
                raise CacheError("the temporary file of the scan can't be written; is the disk full?") from None
            self._aside = _opened("")  # somebody holds the shared one, or its disk is full
            self._write()
        self._new.clear()
        self._size = 0
        self._seen.clear()

    def _check(self, name: bytes, value: bytes) -> bytes:
        if self._secret:
            return hmac.digest(self._secret, name + value, "sha256")[:_CHECK]
        return hashlib.sha256(name + value).digest()[:_CHECK]

    def _evict(self) -> None:
        ((pages,),) = self._database.execute("PRAGMA page_count")
        ((size,),) = self._database.execute("PRAGMA page_size")
        if pages * size <= self._max_bytes:
            return
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            ((count,),) = self._database.execute("SELECT count(*) FROM entry")
            self._database.execute(
                "DELETE FROM entry WHERE key IN (SELECT key FROM entry ORDER BY day, key LIMIT ?)", (count // 2 + 1,)
            )
        self._database.execute("VACUUM")


def _rows(database: sqlite3.Connection | None, names: Sequence[bytes]) -> list[tuple[bytes, object, object]]:
    marks = ",".join("?" * len(names))
    query = f"SELECT key, day, value FROM entry WHERE key IN ({marks})"  # noqa: S608 question marks only
    try:
        return database.execute(query, names).fetchall() if database is not None else []
    except sqlite3.Error:
        return []


def _insert(
    database: sqlite3.Connection, rows: Sequence[tuple[bytes, int, bytes]], seen: Sequence[tuple[int, bytes]]
) -> None:
    with database:
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", rows)
        database.executemany("UPDATE entry SET day = ? WHERE key = ?", seen)


def _shared(folder: Path) -> sqlite3.Connection | None:
    """The cache of a folder; None for one that is busy or can't be written to. Raises CacheError for no safe place."""
    path = _trusted(folder) / _FILE
    for _ in range(2):
        try:
            return _opened(str(path))
        except sqlite3.OperationalError:
            break
        except sqlite3.DatabaseError:  # damaged, or somebody else's: begin anew
            with contextlib.suppress(OSError):
                for ending in ("", "-wal", "-shm"):
                    Path(f"{path}{ending}").unlink(missing_ok=True)
    return None


def _opened(name: str) -> sqlite3.Connection:
    """Raises sqlite3.DatabaseError for a file that is no such database, OperationalError where none can be."""
    database = sqlite3.connect(name, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        database.execute("PRAGMA trusted_schema = OFF")
        if name:
            database.execute("PRAGMA page_size = 32768")  # most of it is large answers
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
        with contextlib.suppress(sqlite3.OperationalError):
            database.execute(_TABLE)
        objects = database.execute("SELECT type, sql FROM sqlite_schema ORDER BY type DESC").fetchall()
        if objects != [("table", _TABLE), ("index", None)]:
            raise sqlite3.DatabaseError("not a cache of this version")
    except BaseException:
        database.close()
        raise
    return database


def _trusted(folder: Path) -> Path:
    """The folder, made for its owner alone. Raises CacheError for one that somebody else could write to."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in (folder, *(folder / f"{_FILE}{ending}" for ending in ("", "-wal", "-shm"))):
            with contextlib.suppress(FileNotFoundError):
                _refuse_others(path, os.lstat(path))
    except OSError as error:
        raise CacheError(f"{folder}: can't be used as a cache: {error.strerror}") from None
    return folder


def _refuse_others(path: Path, found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise CacheError(f"{path}: a symbolic link; a cache is only read from a place of its own")
    if found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise CacheError(f"{path}: others may write to it; chmod go-w, or choose another folder")
    if stat.S_ISREG(found.st_mode) and found.st_nlink != 1:
        raise CacheError(f"{path}: has another name; a cache is only read from a file of its own")
