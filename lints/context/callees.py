"""What a client's word is handed to in another file: where that stands in the tree, it is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from lints.patterns import regex
from lints.rows import Access, Callee, assumed

LEAVES, APART = "TENCTX006", "TENCTX007"
_TAKEN = "; taken as scoped because "
_ENDS = regex(r"(?:impl|class|\.server)$")
_OWN = frozenset({"this", "self", "cls", "await", "new", "ctx", "app", "container", "services", "service"})
_OF_LIBRARIES = frozenset(
    [
        "getById", "removeById", "updateById", "listByIds", "removeByIds", "findById", "deleteById", "findAllById",
        "deleteAllById", "getReferenceById", "getOne",
    ]
)  # fmt: skip
"""What a class of Java inherits from its library (MyBatis-Plus, Spring Data): rows are found by their key alone."""
_MAX_ALIKE = 3


def called(rows: Sequence[Access], callees: Iterable[Callee]) -> list[Access]:
    """The rows, those violations whose assumption is that a function of the tree asks, though it asks nothing."""
    by_name: dict[str, list[Callee]] = {}
    if any(_is_open(row) or row.voucher for row in rows):
        for callee in callees:
            by_name.setdefault(callee.name, []).append(callee)
    return [
        (_judged if _is_open(row) else _vouched)(row, by_name) if by_name and (_is_open(row) or row.voucher) else row
        for row in rows
    ]


def _vouched(row: Access, by_name: Mapping[str, Sequence[Callee]]) -> Access:
    """A violation whose key was handed, with a tenant, to a function of the tree that finds its row under that."""
    call, how, place, *tables = row.voucher
    found = _meant(row, by_name, call) if row.verdict == "violation" else []
    gives = {"leaves", how}
    for callee in found:
        told = (one for one in callee.vouches if one[0] in tables and one[1] in gives and place in one[2:])
        if callee.path == row.path or next(told, None) is None:  # those of its own file have been asked already
            return row
    if not found:
        return row
    first = min(found, key=lambda callee: (callee.path, callee.line))
    said = f"{call} ({first.path}:{first.line}) has found the row of this key under a tenant, or the function leaves"
    return assumed(replace(row, rule=None), "TENSQL024", said)


def _is_open(row: Access) -> bool:
    return row.verdict == "weak" and row.rule in {LEAVES, APART} and row.call is not None


def _judged(row: Access, by_name: Mapping[str, Sequence[Callee]]) -> Access:
    found = _meant(row, by_name)
    if not found and row.rule == APART and _inherits(row, by_name):
        why = f"{row.why.partition(_TAKEN)[0]}; {row.call} is its library's, which finds rows by their key alone"
        return replace(row, verdict="violation", assumptions=(), why=why)
    if not found or any(callee.asks or (row.rule == APART and callee.scoped) for callee in found):
        return row  # it is not in the tree, or it may ask, or it knows the tenant from elsewhere
    first = min(found, key=lambda callee: (callee.path, callee.line))
    why = f"{row.why.partition(_TAKEN)[0]}; {row.call} ({first.path}:{first.line}) asks nothing about it"
    return replace(row, verdict="violation", assumptions=(), why=why)


def _meant(row: Access, by_name: Mapping[str, Sequence[Callee]], call: str | None = None) -> list[Callee]:
    """The functions that a call may be one of: by its name, and by the file that what it is made on is called like."""
    *owners, name = [part for part in re.split(r"\?\.|->|::|\.|!", call or row.call or "") if part]
    kept = [owner for owner in owners if owner not in _OWN]
    same = [c for c in by_name.get(name, ()) if c.path.rpartition(".")[2] in _alike(row.path)]
    if not kept:
        same = same if not owners else [c for c in same if c.path == row.path]
        return same if len({c.path for c in same}) == 1 else []
    owner = _plain(kept[-1])
    return [c for c in same if _is_named(c.path, owner)][:_MAX_ALIKE]


def _inherits(row: Access, by_name: Mapping[str, Sequence[Callee]]) -> bool:
    """Whether a call is one of a method that a class of the tree has from its library."""
    *owners, name = (row.call or "").split(".")
    if row.language not in {"java", "kotlin"} or name not in _OF_LIBRARIES or not owners:
        return False
    owner = _plain(owners[-1])
    return any(_is_named(callee.path, owner) for callees in by_name.values() for callee in callees)


def _alike(path: str) -> frozenset[str]:
    ending = path.rpartition(".")[2]
    for family in ({"ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts"}, {"java", "kt"}):
        if ending in family:
            return frozenset(family)
    return frozenset({ending})


def _is_named(path: str, owner: str) -> bool:
    """Whether a file, or its folder if it is the folder's main one, is called like what a call is made on."""
    *folders, file = path.split("/")
    stem = file.rpartition(".")[0]
    return owner in {_plain(stem), _plain(stem.rpartition(".")[0]), *([_plain(folders[-1])] if folders else [])}


def _plain(name: str) -> str:
    """`boatservice` of `BoatServiceImpl`, `boat.service`, `_boatService` and `boat_service`."""
    return _ENDS.sub("", re.sub(r"[^a-z0-9]", "", re.sub(r"\(.*", "", name).lower()))
