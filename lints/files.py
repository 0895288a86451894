"""The files of a project: the digest of each first, its bytes only for whoever needs them.

A file that nobody has written to since it was last read is not read again. Its stamp says so: size, inode, device and
both times, of which no program can set the last. As git's index does, a stamp is relied upon only where the file had
rested for a while before it was read: two changes within one tick of a clock look like one.
"""

from __future__ import annotations

import hashlib
import struct
import time
from collections.abc import Callable, Sequence

from lints.cache import Cache, key

MAX_HELD = 64 << 20
DIGEST = 32
Read = Callable[[str], bytes | None]
"""The bytes of a path; None for one that can't be read, which the caller has noted."""
Stamp = tuple[int, int, int, int, int]
"""Size in bytes, inode, device, times of the last change of the bytes and of the inode, in nanoseconds."""
Stamped = Callable[[str], Stamp | None]
"""The stamp of a path; None for what is no regular file."""

REST = 2_000_000_000
"""Nanoseconds; the coarsest clock of a file system in use (FAT)."""
_RECORD = struct.Struct(f">{DIGEST}sQQQqq")
_NONE = bytes(_RECORD.size)


class Files:
    """What is read of a project, each file once as a rule."""

    def __init__(self, paths: Sequence[str], read: Read, stamped: Stamped | None, cache: Cache) -> None:
        """`paths`, in their order, are the name under which `cache` remembers their stamps."""
        self._paths = paths
        self._read = read
        self._stamped = stamped if cache.lasting else None
        self._cache = cache
        self._digests: dict[str, bytes | None] = {}
        self._sizes: dict[str, int] = {}
        self._held: dict[str, bytes] = {}
        self._room = MAX_HELD
        self._before: dict[str, bytes] = {}
        self._learnt: dict[str, bytes] = {}
        if self._stamped is not None:
            self._name = key(b"y", "\0".join(paths))
            written = cache.get(self._name) or b""
            if len(written) == _RECORD.size * len(paths):
                records = (written[at : at + _RECORD.size] for at in range(0, len(written), _RECORD.size))
                self._before = dict(zip(paths, records, strict=True))

    def digest(self, path: str, *, known: bytes | None = None) -> bytes | None:
        """The SHA-256 of a file; None for one that can't be read. Nobody needs the bytes of one that is `known`."""
        if path not in self._digests:
            self._digests[path] = self._rested(path) or self._hashed(path, known)
        return self._digests[path]

    def size(self, path: str) -> int:
        """The bytes of a file whose digest is known."""
        return self._sizes[path]

    def take(self, path: str) -> bytes | None:
        """The bytes of a file whose digest is known, to hold no longer; None if they are others by now."""
        data = self._held.pop(path, None)
        if data is not None:
            self._room += len(data)
            return data
        data = self._read(path)
        return data if data is not None and hashlib.sha256(data).digest() == self._digests[path] else None

    def keep(self) -> None:
        """Remember the stamps of what was read, for the next time."""
        if self._learnt:
            records = {**self._before, **self._learnt}
            self._cache.put(self._name, b"".join(records.get(path, _NONE) for path in self._paths))

    def _rested(self, path: str) -> bytes | None:
        """The digest of a file that nobody has written to since it was last read."""
        before = self._before.get(path, _NONE)
        if self._stamped is None or before == _NONE:
            return None
        digest = before[:DIGEST]
        stamp = self._stamped(path)
        if stamp is None or _RECORD.pack(digest, *stamp) != before:
            return None
        self._sizes[path] = stamp[0]
        return digest

    def _hashed(self, path: str, known: bytes | None) -> bytes | None:
        stamp = self._stamped(path) if self._stamped is not None else None
        began = time.time_ns()
        data = self._read(path)
        if data is None:
            return None
        digest = hashlib.sha256(data).digest()
        self._sizes[path] = len(data)
        if digest != known and len(data) <= self._room:
            self._held[path] = data
            self._room -= len(data)
        rested = stamp is not None and max(stamp[3:]) < began - REST
        if self._stamped is not None and stamp is not None and rested and self._stamped(path) == stamp:
            self._learnt[path] = _RECORD.pack(digest, *stamp)
        return digest
