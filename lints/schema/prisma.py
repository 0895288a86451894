"""Prisma schema files: models, their columns, keys and relations (Prisma schema language reference)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lints.patterns import regex
from lints.schema.catalog import Catalog
from lints.schema.facts import Entity
from lints.tenancy import Column, ForeignKey, Origin

_BLOCK = regex(r"^[ \t]*(model|view|type|enum)[ \t]+(\w+)[ \t]*\{", re.MULTILINE)
_FIELD = regex(r"[ \t]*(\w+)[ \t]+(\w+)(\[\]|\?)?[ \t]*(.*)")
_NAMED = regex(r"@map\(\s*(?:name:\s*)?\"([^\"]+)\"")
_TABLE = regex(r"@@map\(\s*(?:name:\s*)?\"([^\"]+)\"")
_SCHEMA = regex(r"@@schema\(\s*\"([^\"]+)\"")
_KEY = regex(r"@@(id|unique|index)\(\s*(?:fields:\s*)?\[([^\]]*)\]")
_RELATION = regex(r"@relation\(")
_LISTED = regex(r"\b(fields|references):\s*\[([^\]]*)\]")
_DEFAULT = regex(r"@default\(([^\n]{0,200}?)\)(?:\s|$)")
_COMMENT = regex(r"//.*")


@dataclass(slots=True)
class _Model:
    name: str
    table: str
    schema: str | None
    origin: Origin
    view: bool
    columns: dict[str, str] = field(default_factory=dict)
    """Field name to column name."""
    lines: list[tuple[int, str, str, str, str]] = field(default_factory=list)
    """(line, field, type, suffix, attributes)."""
    attributes: str = ""


def read_prisma(catalog: Catalog, files: Mapping[str, str]) -> None:
    """Add the models of `.prisma` files, which see each other, to the catalog."""
    models: dict[str, _Model] = {}
    for path, text in files.items():
        catalog.files.append(path)
        for found in _models(path, text):
            models.setdefault(found.name, found)
    for model in models.values():
        for _, name, kind, _, attributes in model.lines:
            if kind not in models:
                named = _NAMED.search(attributes)
                model.columns[name] = named.group(1) if named is not None else name
    for model in models.values():
        _add(catalog, model, models)


def _models(path: str, text: str) -> list[_Model]:
    found: list[_Model] = []
    for block in _BLOCK.finditer(text):
        kind, name = block.groups()
        if kind not in {"model", "view"}:
            continue
        first = text.count("\n", 0, block.start()) + 1
        stop = text.find("\n}", block.end())
        after = _BLOCK.search(text, block.end())  # of one that is closed on the line of its last field
        stop = min(len(text) if stop < 0 else stop, after.start() if after is not None else len(text))
        body = text[block.end() : stop]
        attributes = "\n".join(line for line in body.split("\n") if line.lstrip().startswith("@@"))
        table, schema = _TABLE.search(attributes), _SCHEMA.search(attributes)
        model = _Model(
            name=name,
            table=table.group(1) if table is not None else name,
            schema=schema.group(1) if schema is not None else None,
            origin=Origin(path=path, line=first, why=f"model {name}"),
            view=kind == "view",
            attributes=attributes,
        )
        for offset, line in enumerate(body.split("\n")):
            stripped = _COMMENT.sub("", line) if '"' not in line else line
            match = _FIELD.match(stripped)
            if match is not None and not stripped.lstrip().startswith(("@@", "//")):
                model.lines.append((first + offset, *(part or "" for part in match.groups())))  # type: ignore[arg-type]
        found.append(model)
    return found


def _add(catalog: Catalog, model: _Model, models: Mapping[str, _Model]) -> None:
    draft = catalog.create(model.schema, model.table, model.origin)
    relations: dict[str, str] = {}
    for line, name, kind, suffix, attributes in model.lines:
        where = model.origin.path
        if name in model.columns:
            column = model.columns[name]
            default = _DEFAULT.search(attributes)
            draft.add_column(
                Column(
                    name=column,
                    type=kind.lower(),
                    nullable=suffix == "?",
                    default=default.group(1) if default is not None else None,
                ),
                Origin(path=where, line=line, why=f"{column} is a field of model {model.name}"),
            )
            if re.search(r"@id\b", attributes):
                draft.primary_key = (column,)
            elif re.search(r"@unique\b", attributes):
                draft.unique[f"{model.table}_{column}_key"] = (column,)
            continue
        target = models.get(kind)
        if target is None:
            continue
        relations[name] = kind
        listed = dict(_LISTED.findall(attributes)) if _RELATION.search(attributes) else {}
        if "fields" in listed and "references" in listed:
            columns = tuple(model.columns.get(part, part) for part in _split(listed["fields"]))
            referenced = tuple(target.columns.get(part, part) for part in _split(listed["references"]))
            draft.foreign_keys[f"{model.table}_{name}_fkey"] = (
                ForeignKey(columns=columns, references=target.table, referenced_columns=referenced),
                Origin(path=where, line=line, why=f"relation {name} ({', '.join(columns)}) to {kind}"),
            )
    for kind, listed_fields in _KEY.findall(model.attributes):
        columns = tuple(model.columns.get(part, part) for part in _split(listed_fields))
        if kind == "id":
            draft.primary_key = columns
        elif kind == "index":
            draft.add_index(columns, model.origin)
        else:
            draft.unique[f"{model.table}_{'_'.join(columns)}_key"] = columns
    catalog.entities.append(
        Entity(
            name=model.name,
            table=model.table,
            kind="prisma",
            columns=dict(model.columns),
            relations=relations,
            origin=model.origin,
        )
    )


def _split(listed: str) -> list[str]:
    return [re.sub(r"\(.*", "", part).strip() for part in listed.split(",") if part.strip()]
