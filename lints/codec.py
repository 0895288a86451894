"""Frozen dataclasses as MessagePack and back: what children answer and caches keep, checked on the way in.

Reading checks every type, so that a damaged or foreign text is refused and never half understood.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
_ENCODER = msgspec.msgpack.Encoder()


class CodecError(ValueError):
    """Bytes that are not what the wanted type is written as."""


def encode(value: object) -> bytes:
    """A value of plain types and dataclasses of them, alike for values that were made alike: so no sets, which have no
    order. Lone surrogates in texts become `?`: UTF-8 has no place for them."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        return _ENCODER.encode(_clean(msgspec.to_builtins(value)))


def decode(data: bytes, kind: type[T]) -> T:
    """The value that `encode` wrote. Raises CodecError for anything else."""
    try:
        wanted: Any = kind
        found: T = _decoder(wanted).decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CodecError(f"not a {kind.__name__}: {str(error)[:100]}") from None
    return found


@cache
def _decoder(kind: Any) -> Any:
    return msgspec.msgpack.Decoder(kind)


def _clean(plain: Any) -> Any:
    if isinstance(plain, str):
        return plain.encode("utf-8", "replace").decode("utf-8")
    if isinstance(plain, dict):
        return {_clean(key): _clean(item) for key, item in plain.items()}
    if isinstance(plain, list | tuple):
        return [_clean(item) for item in plain]
    return plain
