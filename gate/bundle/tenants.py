"""Whose a record is: the tenants that its own fields name, and the part of it that is one tenant's alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gate.model import GateError, Row
from gate.policy import SOURCE_FIELDS
from gate.policy.tenants import names_tenants


def named(value: Any) -> frozenset[str]:
    """The tenants that the fields of a record name, at any depth."""
    found: set[str] = set()
    _collect(value, found)
    return frozenset(found)


def _collect(value: Any, found: set[str]) -> None:
    if type(value) is dict or isinstance(value, Mapping):
        for key, member in value.items():
            if names_tenants(str(key)):
                found.update(_ids(member if isinstance(member, list | tuple) else [member]))
            if type(member) is not str:
                _collect(member, found)
    elif isinstance(value, list | tuple):
        for item in value:
            _collect(item, found)


def _ids(values: Iterable[Any]) -> Iterator[str]:
    """Identifiers are strings; whole numbers are taken as they are written."""
    yield from (str(value) for value in values if isinstance(value, str) or type(value) is int)


def own(row: Row) -> dict[str, Any]:
    """A row without what the gate noted beside the record."""
    return {name: value for name, value in row.items() if name not in SOURCE_FIELDS}


def parts(record: Mapping[str, Any], tenant: str) -> dict[str, list[Any]]:
    """The elements of the record's arrays that name this tenant alone, by JSON pointer of the array.

    Nothing else of a record that names several tenants is anybody's: a number beside them may count them all.
    """
    return dict(_parts(record, tenant, ""))


def _parts(value: Any, tenant: str, pointer: str) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _parts(member, tenant, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list | tuple):
        if mine := [item for item in value if isinstance(item, Mapping) and named(item) == {tenant}]:
            yield pointer, mine
        for index, item in enumerate(value):
            if isinstance(item, Mapping) and named(item) != {tenant}:
                yield from _parts(item, tenant, f"{pointer}/{index}")


def known(files: Mapping[str, bytes], rows: Iterable[Row], decision: Mapping[str, Any]) -> frozenset[str]:
    """Every tenant that a bundle knows of: from records, findings, waivers and the policy's own declarations."""
    found: set[str] = set()
    for row in rows:
        found |= named(row)
    found |= named([control["violations"] for control in decision["controls"]]) | named(decision["waivers"])
    for name, data in files.items():
        if not _of_a_pack(name, files):
            found |= named(_document(name, data))
    return frozenset(found)


def _of_a_pack(name: str, files: Mapping[str, bytes]) -> bool:
    """Rules are no declarations: the tenants in their examples are invented."""
    parents = name.split("/")[:-1]
    return any("/".join([*parents[:end], "pack.yaml"]) in files for end in range(1, len(parents) + 1))


def _document(name: str, data: bytes) -> Any:
    from gate.reading import read_document

    if not name.endswith((".yaml", ".yml", ".json")):
        return None
    try:
        return read_document(data, name).value
    except GateError:
        return None


def read_names(data: bytes, name: str) -> frozenset[str]:
    """A file that lists tenants: one a line, or JSON (strings, or objects with `id` or a tenant field)."""
    from gate.reading import read_json

    if name.endswith(".json"):
        value = read_json(data, name).value
        items = value if isinstance(value, list) else [value]
        ids = [item.get("id") for item in items if isinstance(item, Mapping)]
        return frozenset(t for t in [*items, *ids] if isinstance(t, str)) | named(value)
    try:
        lines = data.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise GateError(f"{name}: not UTF-8") from None
    return frozenset(line.strip() for line in lines if line.strip())
