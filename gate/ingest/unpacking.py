"""Compression undone piece by piece: gzip and zstd by their first bytes, everything else as it is.

What comes out of one step is bounded, whatever a piece stands for, and all that came before a break is given out.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

_PIECE = 1 << 20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class CorruptError(Exception):
    """A compressed stream that is none from here on."""


class Plain:
    """No compression."""

    name, ended = "plain", True

    def feed(self, piece: bytes) -> Iterator[bytes]:
        yield piece


class Gzip:
    """RFC 1952, any number of members; zeros may follow the last one."""

    name = "gzip"

    def __init__(self) -> None:
        self._member: Any = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._fresh = True

    @property
    def ended(self) -> bool:
        return self._fresh

    def feed(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            if self._fresh:
                piece = piece.lstrip(b"\0")
                if not piece:
                    return
                self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
                self._fresh = False
            try:
                out = self._member.decompress(piece, _PIECE)
                yield out
                while not self._member.eof and (self._member.unconsumed_tail or len(out) == _PIECE):
                    out = self._member.decompress(self._member.unconsumed_tail, _PIECE)
                    yield out
            except zlib.error as error:
                raise CorruptError(f"not gzip from here on: {error}") from None
            if not self._member.eof:
                return
            piece, self._fresh = self._member.unused_data, True


class Zstd:
    """RFC 8878, any number of frames."""

    name = "zstd"

    def __init__(self) -> None:
        self._frame: Any = None

    @property
    def ended(self) -> bool:
        return self._frame is None

    def feed(self, piece: bytes) -> Iterator[bytes]:
        import zstandard

        while piece:
            if self._frame is None:
                self._frame = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
            try:
                # In small pieces: one call unpacks all it is given, and a megabyte may stand for terabytes.
                part, piece = piece[:4096], piece[4096:]
                yield self._frame.decompress(part)
            except zstandard.ZstdError as error:
                raise CorruptError(f"not zstd from here on: {str(error)[:80]}") from None
            if self._frame.eof:
                piece, self._frame = self._frame.unused_data + piece, None


def unpacker(first: bytes) -> Plain | Gzip | Zstd:
    """What undoes the compression of a stream that begins with these bytes."""
    return Gzip() if first[:2] == _GZIP else Zstd() if first[:4] == _ZSTD else Plain()
