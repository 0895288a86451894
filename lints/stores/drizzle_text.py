# ruff: noqa: S608 - the text is judged, it never reaches a database
"""SQL text with Drizzle's tables and columns put in: sql`${boats.id} = ${id}`, sql`(SELECT … FROM ${boats} …)`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.tenancy import Model

HOLDERS = regex(r"|\w*[sS]chema|tables?|models|s|t|[A-Z]\w*")
"""What tables are imported as a whole under, `schema`, `Db`; `ctx.boats.id` is a value."""
_GAP = regex(r"/\*__hole_(\d+)__\*/|__hole_(\d+)__|:h(\d+)\b")
_PATH = regex(r"\w+(?:\.\w+){0,2}")
_EQUAL = regex(r"eq\(\s*([\w.]{1,80}?)\s*,\s*([\w.?!]{1,80}?)\s*,?\s*\)")
_QUERY = regex(r"\s*(?:EXISTS\s*)?\(?\s*SELECT\b", re.IGNORECASE)
_UNSURE = regex(r"--|/\*|;")
_READ = r"(?:\b(?:FROM|JOIN|UPDATE|INTO)|,)\s+[\"`]?%s\b[\"`]?(?:\s+(?:AS\s+)?(\w+))?"
_NO_ALIAS = names(
    "where on join inner left right full cross natural group order limit set values union having as using"
)
_SIMILAR = regex(r"<{1,2}%|%>{1,2}")
"""Operators of pg_trgm, which a parser takes for a remainder that lacks a side."""
Gap = Callable[[str, str], str]


def column_of(source: str, known: Mapping[str, Entity]) -> tuple[str, str] | None:
    """(table, column) of `boats.tenantId`, `schema.boats.tenantId`."""
    head, _, attribute = source.rpartition(".")
    holder, _, named = head.rpartition(".")
    if HOLDERS.fullmatch(holder.rpartition(".")[2]) is None and head != "this.table":
        return None
    entity = known.get(named)
    column = entity.columns.get(attribute) if entity is not None else None
    return (entity.table, column) if entity is not None and column is not None else None


def fragment(text: str, sources: Sequence[str], known: Mapping[str, Entity], model: Model, gap: Gap) -> str:
    """A condition as SQL. `gap` gives what stands for a part that is neither table nor column, by marker and source."""
    filled = _filled(text, sources, known, model, gap)
    return filled if _closed(filled) and _UNSURE.search(filled) is None else gap("__hole_0__", text)


def statement(text: str, sources: Sequence[str], known: Mapping[str, Entity], model: Model) -> str:
    """A statement, or a part of one in brackets, as SQL.

    Where a part compares with a table that it does not read, that is of the query around it, which is judged itself:
    the part is judged as one of a query of the tenant's rows of that table.
    """
    if not any(_named(part, known, model) for source in sources for part in _parts(source)):
        return text
    filled = _filled(text, sources, known, model, lambda marker, _: marker)
    if not _QUERY.match(filled) or not _closed(filled) or _UNSURE.search(filled):
        return filled
    outer: dict[str, str] = {}
    for part in (part for source in sources for part in _parts(source)):
        found = column_of(part, known)
        table = model.tables.get(found[0]) if found is not None else None
        if table is not None and table.tenant_column is not None and not _reads(filled, table.name):
            outer[table.name] = table.tenant_column
    if not outer:
        return filled
    tables = ", ".join(_quoted(name, model) for name in outer)
    tied = " AND ".join(f"{_quoted(f'{name}.{column}', model)} = :around" for name, column in outer.items())
    bare = filled.lstrip()[:6].upper() == "SELECT"
    return f"SELECT {f'({filled})' if bare else filled} FROM {tables} WHERE {tied}"


def _reads(text: str, table: str) -> bool:
    """Whether a table is read under its own name."""
    return any(
        found[1] is None or found[1].lower() in _NO_ALIAS
        for found in re.finditer(_READ % re.escape(table), text, re.IGNORECASE)
    )


def _quoted(path: str, model: Model) -> str:
    quote = "`" if model.dialect == "mysql" else '"'
    return ".".join(f"{quote}{part}{quote}" for part in path.split("."))


def _parts(source: str) -> tuple[str, ...]:
    equal = _EQUAL.fullmatch(source)
    return (equal[1], equal[2]) if equal is not None else (source,)


def _filled(text: str, sources: Sequence[str], known: Mapping[str, Entity], model: Model, gap: Gap) -> str:
    def put(found: re.Match[str]) -> str:
        number = int(next(group for group in found.groups() if group is not None))
        source = sources[number] if number < len(sources) else ""
        equal = _EQUAL.fullmatch(source)
        if equal is not None and column_of(equal[1], known) is not None:
            right = _named(equal[2], known, model) or gap(f":h{number}", equal[2])
            return f"{_named(equal[1], known, model)} = {right}"
        return _named(source, known, model) or gap(found.group(), source)

    return _GAP.sub(put, _SIMILAR.sub(" ~ ", text))


def _named(source: str, known: Mapping[str, Entity], model: Model) -> str | None:
    column = column_of(source, known)
    if column is not None:
        return _quoted(f"{column[0]}.{column[1]}", model)
    holder, _, named = source.rpartition(".")
    if _PATH.fullmatch(source) and named in known and HOLDERS.fullmatch(holder.rpartition(".")[2]):
        return _quoted(known[named].table, model)
    return None


def _closed(text: str) -> bool:
    """Whether its brackets and quotes close: what is around it is not touched by it."""
    depth = 0
    for character in re.sub(r"'[^']*'|\"[^\"]*\"", "", text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0 or character in "'\"":
            return False
    return depth == 0
