"""Manifest files as text, JSON and TOML: size, depth, encoding and types are checked, and errors know their line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from attestations import strict_json
from attestations.sbom.inventory import UnreadableError, plain, quoted
from attestations.strict_json import StrictJsonError

MAX_TOML_BYTES: Final = 16 * 1024 * 1024
MAX_TEXT_BYTES: Final = 8 * 1024 * 1024

_CONFLICT = re.compile(rb"^(?:<{7}|>{7})(?: |\r?$)", re.MULTILINE)
_PLACE = re.compile(r"(\d+):\d+: (.*)", re.DOTALL)
_TOML_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")
# tomllib is quadratic in the parts of a dotted key; nobody writes seventeen of them
_LONG_KEY = re.compile(
    r"""(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]++|"[^"\n]{0,200}"|'[^'\n]{0,200}')[ \t]{0,8}\.[ \t]{0,8}){17}"""
)

_T = TypeVar("_T")


def text_of(data: bytes, *, limit: int = MAX_TEXT_BYTES) -> str:
    """The file as UTF-8 text, without a byte order mark; raises UnreadableError."""
    if len(data) > limit:
        raise UnreadableError(f"larger than {limit} bytes")
    conflict = _CONFLICT.search(data)
    if conflict:
        raise UnreadableError("unresolved merge conflict", _line(data, conflict.start()))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError("not UTF-8", _line(data, error.start)) from None
    if "\0" in text:
        raise UnreadableError("holds a NUL byte", _line(data, data.index(b"\0")))
    return text.removeprefix("\ufeff")


def json_of(data: bytes) -> dict[str, Any]:
    """The JSON object in the file; raises UnreadableError."""
    conflict = _CONFLICT.search(data)
    if conflict:
        raise UnreadableError("unresolved merge conflict", _line(data, conflict.start()))
    try:
        value = strict_json.loads(data)
    except StrictJsonError as error:
        placed = _PLACE.fullmatch(str(error))
        line, reason = (int(placed[1]), placed[2]) if placed else (None, str(error))
        raise UnreadableError(f"not strict JSON: {plain(reason)}", line) from None
    if not isinstance(value, dict):
        raise UnreadableError("not a JSON object")
    return value


def toml_of(data: bytes) -> dict[str, Any]:
    """The TOML document in the file; raises UnreadableError."""
    import tomllib

    text = text_of(data, limit=MAX_TOML_BYTES)
    long_key = _LONG_KEY.search(text)
    if long_key:
        raise UnreadableError("a key of more than 16 parts", text.count("\n", 0, long_key.start()) + 1)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise UnreadableError("nested too deeply") from None
    except ValueError as error:
        placed = _TOML_PLACE.search(str(error))
        reason = _TOML_PLACE.sub("", str(error))
        raise UnreadableError(f"not TOML: {plain(reason, 120)}", int(placed[1]) if placed else None) from None


def member(table: Mapping[str, Any], key: str, kind: type[_T], default: _T) -> _T:
    """`table[key]` if it is of that type, `default` if it is not there; raises UnreadableError otherwise."""
    value = table.get(key)
    if value is None:
        return default
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise UnreadableError(f"{quoted(key, 60)} is not {_KINDS[kind]}")
    return value


def tables(table: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The list of tables at `key`, empty if it is not there."""
    items: list[Any] = member(table, key, list, [])
    if not all(isinstance(item, dict) for item in items):
        raise UnreadableError(f"{quoted(key, 60)} is not a list of tables")
    return items


def strings(table: Mapping[str, Any], key: str) -> list[str]:
    """The list of strings at `key`, empty if it is not there."""
    items: list[Any] = member(table, key, list, [])
    if not all(isinstance(item, str) for item in items):
        raise UnreadableError(f"{quoted(key, 60)} is not a list of strings")
    return items


_KINDS: dict[type, str] = {str: "a string", dict: "a table", list: "a list", int: "an integer", bool: "true or false"}


def _line(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1
