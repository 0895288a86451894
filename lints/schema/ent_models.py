"""Schemas of ent as tables: fields, mixins, edges with a key, and the name an annotation gives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lints.patterns import regex
from lints.schema.catalog import Catalog
from lints.schema.facts import Entity
from lints.schema.go_names import body_from, ends_of, plural, snake
from lints.tenancy import Column, ForeignKey, Origin

WORD = b"entgo.io/ent"
_SCHEMA = regex(r"^type\s+(\w+)\s+struct\s*\{\s*ent\.Schema\b", re.MULTILINE)
_METHOD = regex(
    r"^func[ \t]+\((?:\w+[ \t]+)?\*?(\w+)\)[ \t]+(Fields|Edges|Mixin|Annotations)\(\)[^{\n]{0,200}\{", re.MULTILINE
)
_FIELD = regex(r"\bfield\.(\w+)\(\s*\"(\w+)\"")
_EDGE = regex(r"\bedge\.(To|From)\(\s*\"(\w+)\"\s*,\s*(\w+)\.Type\b")
_MIXED = regex(r"\b(?:\w+\.)?(\w+)\{")
_TABLE = regex(r"\bTable:\s*\"(\w+)\"|\bentsql\.Table\(\s*\"(\w+)\"")
_STORED = regex(r"\.StorageKey\(\s*\"(\w+)\"")
_MAX_DEPTH = 6


@dataclass(slots=True)
class _Part:
    """A schema or a mixin: what its methods give, as written, each with its line."""

    folder: str
    said: dict[str, tuple[str, int]] = field(default_factory=dict)


def read_ent_models(catalog: Catalog, files: Mapping[str, str]) -> None:
    """Add the tables of the schemas in `.go` files that use ent; one that migrations made is only named."""
    parts: dict[str, list[_Part]] = {}
    schemas: list[tuple[str, Origin]] = []
    for path, text in sorted(files.items()):
        if WORD.decode() not in text:
            continue
        folder = path.rpartition("/")[0]
        here: dict[str, _Part] = {}
        ends = ends_of(text)
        for found in _METHOD.finditer(text):
            part = here.setdefault(found.group(1), _Part(folder))
            part.said[found.group(2)] = (body_from(text, found.end(), ends), text.count("\n", 0, found.end()) + 1)
        for owner, part in here.items():
            parts.setdefault(owner, []).append(part)
        for found in _SCHEMA.finditer(text):
            line_number = text.count("\n", 0, found.start()) + 1
            schemas.append((found.group(1), Origin(path=path, line=line_number, why=f"schema {found.group(1)}")))
    tables = {name: _table(name, _nearest(parts, name, origin)) for name, origin in schemas}
    for name, origin in schemas:
        _add(catalog, name, origin, parts, tables)


def _nearest(parts: Mapping[str, list[_Part]], name: str, origin: Origin) -> _Part:
    """The part of that name, of the folder itself if there is one."""
    folder = origin.path.rpartition("/")[0]
    known = parts.get(name, [])
    return next((part for part in known if part.folder == folder), known[0] if len(known) == 1 else _Part(folder))


def _table(name: str, part: _Part) -> str:
    found = _TABLE.search(part.said.get("Annotations", ("", 0))[0])
    return (found.group(1) or found.group(2)) if found is not None else plural(snake(name))


def _columns(
    parts: Mapping[str, list[_Part]], name: str, origin: Origin, depth: int = 0
) -> Iterator[tuple[str, str, str, bool]]:
    """(field, column, type, whether it may be null) of a schema and of what is mixed into it."""
    part = _nearest(parts, name, origin)
    if depth < _MAX_DEPTH:
        for mixed in _MIXED.findall(part.said.get("Mixin", ("", 0))[0]):
            if mixed != "Mixin" and mixed != name:
                yield from _columns(parts, mixed, origin, depth + 1)
    body = part.said.get("Fields", ("", 0))[0]
    found = list(_FIELD.finditer(body))
    for position, match in enumerate(found):
        end = found[position + 1].start() if position + 1 < len(found) else len(body)
        chain = body[match.end() : end]
        stored = _STORED.search(chain)
        column = stored.group(1) if stored is not None else match.group(2)
        yield match.group(2), column, match.group(1).lower(), ".Optional()" in chain


def _add(
    catalog: Catalog, name: str, origin: Origin, parts: Mapping[str, list[_Part]], tables: Mapping[str, str]
) -> None:
    table = tables[name]
    draft = catalog.find(None, table)
    made = draft is None
    draft = draft or catalog.create(None, table, origin)
    columns = {"id": "id"}
    kinds = {"id": ("int", False)}
    for written, column, kind, nullable in _columns(parts, name, origin):
        columns[written] = column
        kinds[column] = (kind, nullable)
    if made:
        for column, (kind, nullable) in kinds.items():
            draft.add_column(Column(name=column, type=kind, nullable=nullable), origin)
        draft.primary_key = ("id",)
    part = _nearest(parts, name, origin)
    body, line = part.said.get("Edges", ("", origin.line))
    found = list(_EDGE.finditer(body))
    relations: dict[str, str] = {}
    for position, match in enumerate(found):
        chain = body[match.end() : found[position + 1].start() if position + 1 < len(found) else len(body)]
        way, edge, target = match.groups()
        if target not in tables:
            continue
        relations[edge] = target
        held = re.search(r"\.Field\(\s*\"(\w+)\"", chain)
        ref = re.search(r"\.Ref\(\s*\"(\w+)\"", chain)
        column = columns.get(held.group(1), held.group(1)) if held is not None else ""
        if not column and way == "From" and ref is not None and ".Unique()" in chain:
            column = f"{snake(target)}_{ref.group(1)}"
        if not column or not made:
            continue
        place = Origin(path=origin.path, line=line, why=f"{column} is the key of the edge {edge}")
        if column not in draft.columns:
            draft.add_column(Column(name=column, nullable=".Required()" not in chain), place)
        key = ForeignKey(columns=(column,), references=tables[target], referenced_columns=())
        draft.foreign_keys.setdefault(f"{table}_{column}_fkey", (key, place))
    catalog.entities.append(
        Entity(name=name, table=table, kind="go", columns=columns, relations=relations, origin=origin)
    )
