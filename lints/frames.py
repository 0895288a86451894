"""Messages between a scan and its children: a few chunks of bytes, each with its length in front."""

from __future__ import annotations

import socket
import struct

MAX_BYTES = 1 << 30
MAX_CHUNKS = 1 << 20
_HEAD = struct.Struct(">II")
_LENGTH = struct.Struct(">I")


class FrameError(ValueError):
    """Bytes that are no message."""


def pack(*chunks: bytes) -> bytes:
    """One message."""
    body = b"".join(part for chunk in chunks for part in (_LENGTH.pack(len(chunk)), chunk))
    return _HEAD.pack(len(body), len(chunks)) + body


def unpack(buffer: bytearray) -> list[bytes] | None:
    """Take the first message out of a buffer; None if it is not complete yet. Raises FrameError."""
    if len(buffer) < _HEAD.size:
        return None
    size, count = _HEAD.unpack_from(buffer)
    if size > MAX_BYTES or count > MAX_CHUNKS:
        raise FrameError("a message larger than any that is sent")
    end = _HEAD.size + size
    if len(buffer) < end:
        return None
    with memoryview(buffer) as whole, whole[_HEAD.size : end] as body:
        chunks = _chunks(body, count)
    del buffer[:end]
    return chunks


def split(message: bytes) -> list[bytes]:
    """The chunks of one whole message. Raises FrameError."""
    if len(message) < _HEAD.size:
        raise FrameError("a message shorter than its head")
    size, count = _HEAD.unpack_from(message)
    if size != len(message) - _HEAD.size or count > MAX_CHUNKS:
        raise FrameError("a message of another length than it says")
    return _chunks(memoryview(message)[_HEAD.size :], count)


def _chunks(body: memoryview, count: int) -> list[bytes]:
    chunks: list[bytes] = []
    position = 0
    for _ in range(count):
        if position + _LENGTH.size > len(body):
            raise FrameError("a message shorter than it says")
        (length,) = _LENGTH.unpack_from(body, position)
        position += _LENGTH.size
        chunks.append(bytes(body[position : position + length]))
        position += length
    if position != len(body):
        raise FrameError("a message of another length than it says")
    return chunks


def receive(channel: socket.socket) -> list[bytes] | None:
    """The next message of a blocking socket whose other side sends one at a time; None when that side hung up."""
    buffer = bytearray()
    while (message := unpack(buffer)) is None:
        piece = channel.recv(1 << 20)
        if not piece:
            return None
        buffer += piece
    return message
