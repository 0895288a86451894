"""What a project's own statement builder of Go adds to a statement, put into the place that extraction left for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lints.patterns import regex
from lints.schema.facts import Entity
from lints.schema.go_builders import PLAIN

_CONDITION = regex(r"( WHERE )?\(__hole_7100__/\*go\?([^*]*)\*/\)( AND )?")
_COLUMN = regex(r"__hole_7101__/\*go\+([^*]*)\*/(,\s*)?")
_VALUE = regex(r"__hole_7102__/\*go=([^*]*)\*/(,\s*)?")
_MAX_DEPTH = 8


def with_builders(text: str, path: str, types: Mapping[str, Entity]) -> str:
    """A statement with what its builder adds; where that can't be told the hole stays, and nothing is proven by it."""
    folder = path.rpartition("/")[0]

    def condition(found: re.Match[str]) -> str:
        before, said, after = found.groups()
        maker, calls = _read(said)
        added = _added(types, _type_of(types, folder, maker), calls)
        if added is None:
            return f"{before or ''}(__hole_7100__){after or ''}"
        parts = [
            f"{name}.{column} = :h{7200 + position}" if name else f"{column} = :h{7200 + position}"
            for position, (name, column) in enumerate(added)
        ]
        if not parts:
            return (before or "") if after else "" if before else "TRUE"
        return f"{before or ''}({' AND '.join(parts)}){after or ''}"

    def column(found: re.Match[str]) -> str:
        written = _written(types, folder, found.group(1))
        return (
            "__hole_7101__" + (found.group(2) or "")
            if written is None
            else written and written + (found.group(2) or "")
        )

    def value(found: re.Match[str]) -> str:
        written = _written(types, folder, found.group(1))
        return (
            "__hole_7102__" + (found.group(2) or "")
            if written is None
            else written and ":h7300" + (found.group(2) or "")
        )

    return _VALUE.sub(value, _COLUMN.sub(column, _CONDITION.sub(condition, text)))


def _read(said: str) -> tuple[str, list[tuple[str, str]]]:
    maker, _, rest = said.partition(" ")
    calls = [(method, name) for method, _, name in (word.partition("=") for word in rest.split())]
    return maker, calls


def _type_of(types: Mapping[str, Entity], folder: str, maker: str) -> str | None:
    """The type of the builder: `folder:Type`, `plain`, or None."""
    kind, bar, rest = maker.partition("|")
    steps = [step for step in (rest if bar else maker).split(".") if step]
    current: str | None
    if bar:
        package, _, name = kind.rpartition(".")
        current = _only(types, f"/{package}:{name}") if package else f"{folder}:{name}"
        if current is None or current not in types:
            return PLAIN if not package else None
    elif f"{folder}:{steps[0]}" in types and len(steps) > 1:
        current, steps = f"{folder}:{steps[0]}", steps[1:]
    else:
        current = _member(types, f"{folder}:", steps[0], 0)
        if current is None and len(steps) > 1 and not steps[0].endswith(")"):
            place = _only(types, f"/{steps[0]}:")
            current, steps = (_member(types, place, steps[1], 0) if place else None), steps[1:]
            if current is None and "(" not in maker:
                return PLAIN  # of a struct that says nothing of a builder of the project's own
        steps = steps[1:]
    for step in steps:
        current = _member(types, current, step, 0) if current else None
    return current or None


def _only(types: Mapping[str, Entity], ending: str) -> str | None:
    found = [name for name in types if f"/{name}".endswith(ending)]
    return found[0] if len(found) == 1 else None


def _member(types: Mapping[str, Entity], kind: str | None, name: str, depth: int) -> str | None:
    """The type of a field or of what a method gives, its own or that of an embedded type; empty if it is no type."""
    if kind == PLAIN:
        return PLAIN
    known = types.get(kind or "")
    if known is None or depth > _MAX_DEPTH:
        return None
    if name in known.relations:
        return known.relations[name]
    for inner, held in known.relations.items():
        if inner.startswith("*"):
            found = _member(types, held, name, depth + 1)
            if found is not None:
                return found
    return None


def _column_of(types: Mapping[str, Entity], kind: str | None, method: str, depth: int = 0) -> str | None:
    known = types.get(kind or "")
    if known is None or depth > _MAX_DEPTH:
        return None
    if f"{method}()" in known.relations:
        return known.columns.get(method)
    inner = (_column_of(types, held, method, depth + 1) for name, held in known.relations.items() if name[:1] == "*")
    return next((column for column in inner if column is not None), None)


def _added(
    types: Mapping[str, Entity], kind: str | None, calls: Sequence[tuple[str, str]]
) -> list[tuple[str, str]] | None:
    """(table, column) of what the calls compare with what the builder holds; None if a call can't be followed."""
    added: list[tuple[str, str]] = []
    for method, name in calls:
        if kind == PLAIN:
            break
        column = _column_of(types, kind, method)
        if column is not None:
            if name == "?":
                return None
            added.append((name, column))
        kind = _member(types, kind, f"{method}()", 0)
        if not kind:
            return None
    return added


def _written(types: Mapping[str, Entity], folder: str, said: str) -> str | None:
    """The column that an insertion gets from its builder; empty for none, None where it can't be told."""
    kind = _type_of(types, folder, _read(said)[0])
    if kind == PLAIN:
        return ""
    gives = _member(types, kind, "Insert()", 0)
    column = _column_of(types, kind, "Insert")
    if not gives or (gives != PLAIN and (_column_of(types, gives, "Values") is None) != (column is None)):
        return None
    return None if gives == PLAIN and column is not None else column or ""
