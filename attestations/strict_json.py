"""JSON read and written so strictly that no two parsers can disagree about it (RFC 8259, RFC 7493)."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from json.scanner import make_scanner
from typing import Any, Final, NoReturn

import orjson

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_DEPTH: Final = 64
MAX_VALUES: Final = 4_000_000
MAX_INTEGER: Final = 2**53 - 1

_COMPACT_BYTES: Final = 1 << 20
_HEAD: Final = 80
_OTHER: Final = object()
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_STRING = re.compile(rb'"[^"]*"')
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_NOT_STRUCTURE: Final = bytes(set(range(256)) - set(b'[]{},"'))
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_BOM: Final = b"\xef\xbb\xbf"


class StrictJsonError(ValueError):
    """Why it is not acceptable JSON: one line, with `line:column` in front where the place is known."""


def loads(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, max_values: int = MAX_VALUES) -> Any:
    """Parse one JSON document; raise StrictJsonError for anything a stricter or laxer parser could read differently.

    Refused: other encodings than UTF-8, a byte order mark, duplicate keys at any depth, NaN and the infinities (also as
    `1e999`), integers beyond ±(2^53−1), lone surrogates, more than `max_bytes`, `max_depth` levels or `max_values`
    values. Size, depth and number of values are checked before anything is built.
    """
    if len(data) > max_bytes:
        raise StrictJsonError(f"larger than {max_bytes} bytes")
    if data.startswith(_BOM):
        raise StrictJsonError("1:1: starts with a byte order mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StrictJsonError(f"{_place(data, error.start)}: not UTF-8") from None
    _bound(data, max_depth, max_values)
    # The first member shows whether there is white space between names and values.
    if len(data) <= _COMPACT_BYTES and b'": ' not in data[:_HEAD] and (known := _compact(data)) is not _OTHER:
        return known
    try:
        try:
            value, end = _SCAN(text, 0)  # enough for a document without white space around it, as most are
        except StopIteration:
            end = -1
        if end != len(text):
            value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise StrictJsonError(f"{error.lineno}:{error.colno}: {error.msg}") from None
    if b"\\" in data and _SURROGATE_ESCAPE.search(data):
        _refuse_lone_surrogates(value)
    return value


def dumps(value: Any) -> bytes:
    """The one way signed JSON is written: UTF-8, sorted keys, no white space, integers only.

    Takes dict with string keys, list, tuple, str, int, bool and None. Raises StrictJsonError for floats (they have no
    single spelling: give integers in the smallest unit, or decimal strings), integers beyond ±(2^53−1), lone
    surrogates, and anything `loads` would refuse by depth.
    """
    _check(value, MAX_DEPTH)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise StrictJsonError("a string holds a lone surrogate") from None


def shown(value: object, limit: int = 80) -> str:
    """A hostile value as short printable ASCII on one line, for messages."""
    text = ascii(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _compact(data: bytes) -> Any:
    """The value of a document that is written without white space and needless escapes; `_OTHER` for any other.

    A native parser reads it and writes it again, members in their order. The same bytes come back only if nothing in
    them could be read in two ways: of a duplicate key one is lost, a large integer is refused, a surrogate is no UTF-8.
    Most signed documents come back, four times as fast as one is examined member by member.
    """
    try:
        value = orjson.loads(data)
        return value if orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER) == data else _OTHER
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _OTHER


def _bound(data: bytes, max_depth: int, max_values: int) -> None:
    """Refuse what would grow too deep or too large, from the structural characters alone.

    Up to the first syntax error, where the parser stops, strings are cut out here exactly where it sees them.
    """
    few = len(data) < max_values - max_depth or data.count(b",") < max_values - max_depth
    if few and data.count(b"[") + data.count(b"{") <= max_depth:
        return
    if b"\\" in data:
        data = _ESCAPE.sub(b"", data)
    # Two quotes in a row change nothing about what lies inside a string; most strings are gone after this.
    structure = data.translate(None, _NOT_STRUCTURE).replace(b'""', b"")
    structure = _STRING.sub(b"", structure)
    brackets = structure.translate(None, b',"')
    if len(structure) > max_values:
        raise StrictJsonError(f"more than {max_values} values")
    if max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > max_depth:
        raise StrictJsonError(f"nested deeper than {max_depth} levels")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise StrictJsonError(f"duplicate key {shown(key)}")
            seen.add(key)
    return members


def _integer(text: str) -> int:
    if len(text) > 17 or not -MAX_INTEGER <= (number := int(text)) <= MAX_INTEGER:
        raise StrictJsonError(f"integer beyond 2^53-1: {shown(text, 30)}")
    return number


def _float(text: str) -> float:
    number = float(text)
    if number - number != 0:  # infinite
        raise StrictJsonError(f"number beyond the range of a double: {shown(text, 30)}")
    return number


def _constant(text: str) -> NoReturn:
    raise StrictJsonError(f"{text} is not JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
_SCAN: Final = make_scanner(_DECODER)  # type: ignore[arg-type]  # what it takes is a decoder


def _refuse_lone_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise StrictJsonError("a string holds a lone surrogate") from None


def _check(value: Any, depth: int) -> None:
    kind = type(value)
    if kind is dict:
        if not depth:
            raise StrictJsonError(f"nested deeper than {MAX_DEPTH} levels")
        for key, member in value.items():
            if not isinstance(key, str):
                raise StrictJsonError(f"key {shown(key)} is not a string")
            if type(member) is not str:
                _check(member, depth - 1)
    elif kind is list or kind is tuple:
        if not depth:
            raise StrictJsonError(f"nested deeper than {MAX_DEPTH} levels")
        for member in value:
            if type(member) is not str:
                _check(member, depth - 1)
    elif isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise StrictJsonError(f"integer beyond 2^53-1: {shown(value, 30)}")
    elif isinstance(value, float):
        raise StrictJsonError(f"{value!r} is a floating-point number; write an integer or a decimal string")
    elif value is not None and not isinstance(value, str):
        raise StrictJsonError(f"{kind.__name__} is not a JSON type")


def _place(data: bytes, offset: int) -> str:
    line = data.count(b"\n", 0, offset) + 1
    column = len(data[data.rfind(b"\n", 0, offset) + 1 : offset].decode("utf-8", "replace")) + 1
    return f"{line}:{column}"
