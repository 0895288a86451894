"""Lines that are written alike: one match says that a line is JSON, has each key once, and is valid by its schema.

A producer writes its records with the same keys in the same order, again and again. From a line that was accepted the
long way a shape is made: a regular expression of exactly that order, whose values are what the kind's schema allows.
It takes fewer lines than the schema does (no escapes, nothing outside ASCII, one way to write a number and a time),
and what it does not take goes the long way; so it can be slow about a line, and never wrong about one.

Each value ends before the quote, comma or bracket behind it, and at most one part of it has no fixed length, so that a
match takes linear time whatever the line holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

CANONICAL = orjson.OPT_STRICT_INTEGER | orjson.OPT_SORT_KEYS
MAX_LINE: Final = 1 << 16

_NOTES = frozenset({"$schema", "$id", "title", "description", "examples", "default"})
_OBJECT = _NOTES | {"type", "additionalProperties", "required", "properties"}
_LEAVES = {
    "string": _NOTES | {"type", "pattern", "minLength", "maxLength", "format"},
    "integer": _NOTES | {"type", "minimum", "maximum"},
    "boolean": _NOTES | {"type"},
    "array": _NOTES | {"type", "items", "minItems", "maxItems"},
}
_TEXT = rb"[ !#-\[\]-~]"
_DAY = (
    rb"[1-9][0-9]{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)"
    rb"|(?:0[13578]|1[02])-31)"
)
_FORMATS = {
    "date": _DAY,
    "date-time": _DAY + rb"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9}+)?Z",
}
_PATTERN = re.compile(r"\^(.{1,500})\$", re.ASCII)
_ITEM = re.compile(
    r"(\[(?:[A-Za-z0-9_@.:/ +,()-]|\\[\].+/-])+\]|[A-Za-z0-9_@:/ ,-]|\\[.+/-])"
    r"(?:\{([0-9]{1,4})(?:(,)([0-9]{1,4})?)?\}|([*+?]))?"
)
_COUNTS = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class UnshapedError(Exception):
    """A schema or a record that no shape is made for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a producer writes the records of one kind.

    `match` takes a line to the groups of its values as they stand there, strings in their quotes; `canonical % groups`
    in this `order` is the record as canonical JSON. `tenant` and `time` say where in that order these fields stand.
    """

    kind: str
    match: Callable[[bytes], re.Match[bytes] | None]
    canonical: bytes
    order: tuple[int, ...]
    tenant: int | None
    time: int | None


@dataclass(slots=True)
class _Made:
    """A shape in the making: its pattern piece by piece, and the group of each value by its path."""

    colon: bytes
    comma: bytes
    pattern: list[bytes] = field(default_factory=list)
    groups: dict[tuple[str | int, ...], int] = field(default_factory=dict)


def shape_of(
    kind: str, schema: Mapping[str, Any], record: Mapping[str, Any], line: bytes, *, apart: frozenset[str],
    tenant: str | None, time: str | None,
) -> Shape:  # fmt: skip
    """The shape of an accepted line; `record` is what it says, key by key in its order. The keys `apart` are taken as
    they stand and are no part of the record. Raises UnshapedError."""
    if len(line) > MAX_LINE:
        raise UnshapedError("a long line")
    for colon, comma in ((b":", b","), (b": ", b", ")):
        made = _Made(colon, comma)
        canonical, order = _object(made, schema, record, (), apart)
        found = re.compile(b"".join(made.pattern)).fullmatch
        match = found(line)
        if match is None:
            continue
        kept = {name: value for name, value in record.items() if name not in apart}
        if len(order) < 2 or canonical % match.group(*order) != orjson.dumps(kept, option=CANONICAL):
            raise UnshapedError("another record")
        return Shape(
            kind=kind, match=found, canonical=canonical, order=order,
            tenant=_place(made, order, tenant), time=_place(made, order, time),
        )  # fmt: skip
    raise UnshapedError("written in another way")


def _place(made: _Made, order: tuple[int, ...], name: str | None) -> int | None:
    group = made.groups.get((name,)) if name is not None else None
    return None if group is None else order.index(group)


def _object(
    made: _Made, schema: Mapping[str, Any], record: Mapping[str, Any], path: tuple[str | int, ...],
    apart: frozenset[str] = frozenset(),
) -> tuple[bytes, tuple[int, ...]]:  # fmt: skip
    if schema.keys() - _OBJECT or schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        raise UnshapedError("an object of more than properties")
    parts: dict[str, tuple[bytes, tuple[int, ...]]] = {}
    made.pattern.append(rb"\{")
    for number, (name, value) in enumerate(record.items()):
        made.pattern.append((made.comma if number else b"") + re.escape(_literal(name)) + made.colon)
        if name in apart:
            made.pattern.append(re.escape(_literal(value)))
        else:
            parts[name] = _value(made, schema["properties"][name], value, (*path, name))
    made.pattern.append(rb"\}")
    canonical = b",".join(_escaped(_literal(name)) + b":" + parts[name][0] for name in sorted(parts))
    return b"{" + canonical + b"}", tuple(group for name in sorted(parts) for group in parts[name][1])


def _array(
    made: _Made, schema: Mapping[str, Any], items: list[Any], path: tuple[str | int, ...]
) -> tuple[bytes, tuple[int, ...]]:
    """An array of as many items as this one."""
    parts = []
    made.pattern.append(rb"\[")
    for number, item in enumerate(items):
        made.pattern.append(made.comma if number else b"")
        parts.append(_value(made, schema["items"], item, (*path, number)))
    made.pattern.append(rb"\]")
    return b"[" + b",".join(part for part, _ in parts) + b"]", tuple(g for _, groups in parts for g in groups)


def _value(
    made: _Made, schema: Mapping[str, Any], value: Any, path: tuple[str | int, ...]
) -> tuple[bytes, tuple[int, ...]]:
    """Add a value's pattern; its part of the canonical text, and the groups in it."""
    if isinstance(value, dict):
        return _object(made, schema, value, path)
    if value is None or "const" in schema:
        literal = _literal(value)
        made.pattern.append(re.escape(literal))
        return _escaped(literal), ()
    if isinstance(value, list):
        if schema.keys() - _LEAVES["array"]:
            raise UnshapedError("an array of more than items")
        return _array(made, schema, value, path)
    group = made.groups[path] = len(made.groups) + 1
    made.pattern.append(b"(" + _leaf(schema) + b")")
    return b"%b", (group,)


def _leaf(schema: Mapping[str, Any]) -> bytes:
    if "enum" in schema:
        if schema.keys() - _NOTES - {"enum", "type"}:
            raise UnshapedError("a choice of more than values")
        plain = [_literal(option) for option in schema["enum"] if isinstance(option, str)]
        if not plain:
            raise UnshapedError("a choice of other values than texts")
        return b"|".join(map(re.escape, plain))
    types = schema.get("type")
    kinds = [kind for kind in (types if isinstance(types, list) else [types]) if kind != "null"]
    if len(kinds) != 1 or kinds[0] not in ("string", "integer", "boolean") or schema.keys() - _LEAVES[kinds[0]]:
        raise UnshapedError("a value of more than a type")
    if kinds[0] == "boolean":
        return b"true|false"
    return _string(schema) if kinds[0] == "string" else _integer(schema)


def _string(schema: Mapping[str, Any]) -> bytes:
    low, high = schema.get("minLength", 0), schema.get("maxLength", 4096)
    if "format" in schema:
        if "pattern" in schema or "minLength" in schema or "maxLength" in schema or schema["format"] not in _FORMATS:
            raise UnshapedError("a format and more")
        return b'"' + _FORMATS[schema["format"]] + b'"'
    if "pattern" not in schema:
        return b'"' + _TEXT + b'{%d,%d}+"' % (low, min(high, 4096))
    bounded = b'(?=[^"]{%d,%d}")' % (low, min(high, 4096)) if "minLength" in schema or "maxLength" in schema else b""
    return b'"' + bounded + _pattern(schema["pattern"]) + b'"'


def _pattern(text: str) -> bytes:
    """A schema's pattern for bytes: literals and plain classes of ASCII, of which one may have any length."""
    whole = _PATTERN.fullmatch(text)
    if whole is None or "--" in text:
        raise UnshapedError("a pattern without its ends")
    items = list(_items(whole[1]))
    if sum(low != high for _, low, high in items) > 1:
        raise UnshapedError("a pattern with several parts of any length")
    made = []
    for number, (item, low, high) in enumerate(items):
        if any(re.fullmatch(item, bytes([byte])) for byte in (*range(0x20), 0x22, 0x5C, *range(0x7F, 0x100))):
            raise UnshapedError("a pattern that takes quotes or more")
        last = b"+" if number == len(items) - 1 and low != high else b""
        count = b"" if low == high == 1 else b"{%d,%d}" % (low, 4096 if high is None else high)
        made.append(item + count + last)
    return b"".join(made)


def _items(text: str) -> Iterator[tuple[bytes, int, int | None]]:
    at = 0
    while at < len(text):
        found = _ITEM.match(text, at)
        if found is None:
            raise UnshapedError("a pattern of more than classes")
        item, least, comma, most, sign = found.groups()
        if sign:
            low, high = _COUNTS[sign]
        else:
            low = int(least) if least else 1
            high = int(most) if most else None if comma else low
        yield item.encode("ascii"), low, high
        at = found.end()


def _integer(schema: Mapping[str, Any]) -> bytes:
    """The integers of so many digits that lie in the bounds for sure."""
    low, high = schema.get("minimum", 0), schema.get("maximum", 10**15)
    digits = len(str(high)) - 1 if type(high) is int and high > 9 else 0
    if low not in (0, 1) or type(low) is not int or not digits:
        raise UnshapedError("a number with bounds of its own")
    some = b"[1-9][0-9]{0,%d}+" % (min(digits, 15) - 1)
    return some if low else b"0|" + some


def _literal(value: Any) -> bytes:
    """A plain value as it stands in JSON."""
    text = orjson.dumps(value)
    if isinstance(value, float | list | dict) or not text.isascii() or b"\\" in text:
        raise UnshapedError("a value that is not plain")
    return text


def _escaped(text: bytes) -> bytes:
    return text.replace(b"%", b"%%")
