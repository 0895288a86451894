"""Frozen dataclasses as JSON arrays and back: what children answer and caches keep, checked on the way in.

A dataclass becomes the array of its fields in their order, an enum its value, a frozenset a sorted array, a mapping an
array of pairs. Reading checks every type and every length, so that a damaged or foreign text is refused and never half
understood. What is asked of each of many thousand records is asked once of their shape, the types of their fields.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

T = TypeVar("T")
_Convert = Callable[[Any], Any]


class CodecError(ValueError):
    """A text that is not what the wanted type is written as."""


def encode(value: object, kind: Hashable) -> bytes:
    """`value`, an instance of `kind`, as JSON. Lone surrogates in texts become `?`: JSON has no place for them."""
    plain = _writer(kind)(value)
    try:
        return orjson.dumps(plain)
    except TypeError:
        return orjson.dumps(_clean(plain))


def decode(data: bytes, kind: type[T]) -> T:
    """The value that `encode` wrote. Raises CodecError for anything else."""
    wanted: Any = kind
    try:
        found: T = _reader(wanted)(orjson.loads(data))
    except (TypeError, ValueError, KeyError, RecursionError) as error:
        raise CodecError(f"not a {kind.__name__}: {str(error)[:100]}") from None
    return found


def _clean(plain: Any) -> Any:
    if isinstance(plain, str):
        return plain.encode("utf-8", "replace").decode("utf-8")
    if isinstance(plain, list | tuple):
        return [_clean(item) for item in plain]
    return plain


@cache
def _writer(kind: Any) -> _Convert:
    if is_dataclass(kind):
        return _record_writer(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        write = _writer(_optional(kind))
        return lambda value: None if value is None else write(value)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            if _scalars(arguments[0]):
                return _as_it_is
            write = _writer(arguments[0])
            return lambda value: [write(item) for item in value]
        writes = [_writer(argument) for argument in arguments]
        return lambda value: [write(item) for write, item in zip(writes, value, strict=True)]
    if origin is frozenset:
        return lambda value: sorted(value)
    if _is_mapping(origin):
        write_key, write = _writer(arguments[0]), _writer(arguments[1])
        return lambda value: [[write_key(key), write(item)] for key, item in value.items()]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return lambda value: kind(value).value
    if kind in (str, int, bool):
        return _as_it_is
    raise TypeError(f"{kind} has no JSON form here")


def _as_it_is(value: Any) -> Any:
    return value


def _record_writer(kind: Any) -> _Convert:
    names, hints = _fields(kind)
    take = attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)
    inner: list[tuple[int, _Convert]] | None = None

    def write(value: Any) -> Any:
        nonlocal inner
        if inner is None:  # at the first use: a type may hold itself
            writers = [(n, _writer(hints[name])) for n, name in enumerate(names)]
            inner = [(n, writer) for n, writer in writers if not _scalars(hints[names[n]]) and writer is not _as_it_is]
        if not inner:
            return take(value)
        plain = [*take(value)]
        for position, convert in inner:
            plain[position] = convert(plain[position])
        return plain

    return write


def _fields(kind: Any) -> tuple[list[str], Mapping[str, Any]]:
    """The names of a dataclass's fields and their types. Raises TypeError for one that does more than hold them."""
    names = [field.name for field in fields(kind)]
    if not names or hasattr(kind, "__post_init__") or any(not hasattr(kind, name) for name in names):
        raise TypeError(f"{kind} has no JSON form here: a record has slots, and nothing else")
    return names, get_type_hints(kind)


@cache
def _reader(kind: Any) -> _Convert:
    if is_dataclass(kind):
        return _record_reader(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        read = _reader(_optional(kind))
        return lambda value: None if value is None else read(value)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return _items_reader(_scalars(arguments[0]), _reader(arguments[0]))
        reads = [_reader(argument) for argument in arguments]
        return lambda value: tuple([read(item) for read, item in zip(reads, _exactly(list, value), strict=True)])
    if origin is frozenset:
        read = _reader(arguments[0])
        return lambda value: frozenset([read(item) for item in _exactly(list, value)])
    if _is_mapping(origin):
        return _mapping_reader(_reader(arguments[0]), _reader(arguments[1]))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if kind in (str, int, bool):
        return lambda value: _exactly(kind, value)
    raise TypeError(f"{kind} has no JSON form here")


def _record_reader(kind: Any) -> _Convert:
    names, hints = _fields(kind)
    plain = [(n, found) for n, name in enumerate(names) if (found := _scalars(hints[name]))]
    # What `__init__` of a frozen class does, without its search for each field.
    fill = [getattr(kind, name).__set__ for name in names]
    shapes: set[tuple[type, ...]] = set()
    inner: list[tuple[int, _Convert]] | None = None

    def check(shape: tuple[type, ...]) -> None:
        if len(shape) != len(names):
            raise ValueError(f"{len(shape)} fields where {len(names)} should be")
        for position, kinds in plain:
            if shape[position] not in kinds:
                raise TypeError(f"{shape[position].__name__} in {names[position]}")
        shapes.add(shape)

    def read(value: Any) -> Any:
        nonlocal inner
        if inner is None:
            inner = [(n, _reader(hints[name])) for n, name in enumerate(names) if not _scalars(hints[name])]
        if type(value) is not list:
            raise TypeError(f"{type(value).__name__} where list should be")
        shape = tuple(map(type, value))
        if shape not in shapes:
            check(shape)
        for position, convert in inner:
            value[position] = convert(value[position])
        made = object.__new__(kind)
        for put, item in zip(fill, value, strict=True):
            put(made, item)
        return made

    return read


def _items_reader(kinds: frozenset[type], read: _Convert) -> _Convert:
    def convert(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise TypeError(f"{type(value).__name__} where list should be")
        if not kinds:
            return tuple([read(item) for item in value]) if value else ()
        if not kinds.issuperset(map(type, value)):
            raise TypeError("an item of another type")
        return tuple(value)

    return convert


def _mapping_reader(read_key: _Convert, read: _Convert) -> _Convert:
    def convert(value: Any) -> dict[Any, Any]:
        pairs = [_exactly(list, pair) for pair in _exactly(list, value)]
        found = {read_key(key): read(item) for key, item in pairs}
        if len(found) != len(pairs):
            raise ValueError("a key twice")
        return found

    return convert


def _exactly(kind: Any, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{type(value).__name__} where {kind.__name__} should be")
    return value


def _scalars(kind: Any) -> frozenset[type]:
    """The types of the values of a plain type, one that is written as it is; empty for any other."""
    if kind in (str, int, bool):
        return frozenset({kind})
    if get_origin(kind) in (Union, types.UnionType) and (one := _optional(kind)) in (str, int, bool):
        return frozenset({one, types.NoneType})
    return frozenset()


def _optional(kind: Any) -> Any:
    wanted = [argument for argument in get_args(kind) if argument is not types.NoneType]
    if len(wanted) != 1:
        raise TypeError(f"{kind} has no JSON form here")
    return wanted[0]


def _is_mapping(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)
