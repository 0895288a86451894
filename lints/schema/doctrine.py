"""Entities of Doctrine by attributes, annotations or XML: tables, relations, and the filters put on every query.

Read as text: what says how a class is stored stands before it and before its properties, in comments or attributes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lints.patterns import regex
from lints.schema.catalog import Catalog, Draft
from lints.schema.facts import Entity
from lints.schema.laravel import inside, snake
from lints.schema.orm import Source
from lints.tenancy import Column, ForeignKey, Origin

DECLARES = regex(
    rb"#\[\s*(?:\w+\\)*(?:Entity|MappedSuperclass|Column|ManyToOne|Embeddable)\b"
    rb"|@(?:ORM\\)?(?:Entity|MappedSuperclass|Column|ManyToOne)\b|\bextends\s+SQLFilter\b"
)
MAPPINGS = (".orm.xml", ".dcm.xml")
"""How the names of mappings in XML end."""
_HEAD = regex(
    r"^[ \t]*(?:(?:abstract|final|readonly)\s+)*(class|trait|enum|interface)\s+(\w+)"
    r"(?:\s+extends\s+([\w\\]+))?(?:\s+implements\s+([\w\\,\s]+?))?\s*(?=\{|$)",
    re.MULTILINE,
)
_NAMESPACE = regex(r"^[ \t]*namespace\s+([\w\\]+)", re.MULTILINE)
_USES = regex(r"^[ \t]+use\s+([\w\\,\s]+?)\s*[;{]", re.MULTILINE)
_PROPERTY = regex(
    r"^[ \t]*(?:(?:#\[[^\n]*\])[ \t]*)?(?:public|protected|private)(?:\s+(?:readonly|static|private\(set\)))*"
    r"(?:\s+\??([\w\\|]+))?\s+\$(\w+)",
    re.MULTILINE,
)
_MARK = regex(
    r"(?:#\[|,\s*|@)\s*(?:\w+\\)*(Table|Entity|MappedSuperclass|Column|Id|ManyToOne|OneToOne|OneToMany|ManyToMany|JoinColumn"
    r"|JoinTable|Embedded|DiscriminatorColumn)\b\s*(\()?"
)
_PAIR = regex(r"(\w+)\s*[:=]\s*(?:'([^'\n]*)'|\"([^\"\n]*)\"|([\w\\]+(?:::\w+)?))")
_FIRST = regex(r"\s*(?:'([^'\n]*)'|\"([^\"\n]*)\")")
_COMPARED = regex(r"[.\s'\"](\w+)[\"`]?\s*=\s*(?:%s|\{|\"|'|\$|:|\?)|\.\s*['\"]\.?(\w+)\s*=\s*")
_ENTITY = regex(r"<(?:entity|mapped-superclass)\b([^>]*)>(.*?)</(?:entity|mapped-superclass)>", re.DOTALL)
_XML = regex(r"<(id|field|many-to-one|one-to-one|one-to-many|many-to-many)\b([^>]*?)(?:/>|>(.*?)</\1>)", re.DOTALL)
_ATTRIBUTE = regex(r"([\w-]+)\s*=\s*\"([^\"]*)\"")
_JOIN_COLUMN = regex(r"<join-column\b([^>]*)>")
_MAX, _MAX_DEPTH = 512 * 1024, 8


@dataclass(slots=True)
class _Field:
    name: str
    kind: str
    """column, id, one (this table has the foreign key) or many."""
    column: str = ""
    target: str = ""
    nullable: bool = True
    line: int = 1


@dataclass(slots=True)
class _Class:
    name: str
    path: str
    line: int
    namespace: str = ""
    entity: bool = False
    table: str | None = None
    base: str = ""
    uses: list[str] = field(default_factory=list)
    fields: list[_Field] = field(default_factory=list)
    filters: list[str] = field(default_factory=list)
    """The columns that an SQL filter compares, if it is one."""


def read_doctrine(catalog: Catalog, sources: Sequence[Source]) -> None:
    """Add the tables that entities stand for where no migration made them, and what relations say of foreign keys."""
    found = [one for source in sources for one in _classes(source.path, source.data.decode("utf-8", "replace"))]
    add_entities(catalog, found)


def read_doctrine_xml(catalog: Catalog, files: Mapping[str, str]) -> None:
    """The same from mappings in XML (`Boat.orm.xml`)."""
    add_entities(catalog, [one for path, text in files.items() if len(text) <= _MAX for one in _mapped(path, text)])


def add_entities(catalog: Catalog, found: Sequence[_Class]) -> None:
    known: dict[str, _Class] = {}
    for one in found:
        known.setdefault(one.name, one)
    filters = {column: f"{one.path}:{one.line}, {one.name}" for one in found for column in one.filters}
    entities = [one for one in found if one.entity]
    own = [_table(catalog, one, known, 0) for one in entities]
    tables = {one.name: table for one, table in reversed(list(zip(entities, own, strict=True)))}
    for one, table in zip(entities, own, strict=True):
        _add(catalog, one, table, known, tables, filters)


def _table(catalog: Catalog, one: _Class, known: Mapping[str, _Class], depth: int) -> str:
    above = known.get(one.base)
    if one.table is None and above is not None and above.entity and above is not one and depth < _MAX_DEPTH:
        return _table(catalog, above, known, depth + 1)  # single table inheritance
    stated = one.table or snake(one.name)
    return next((t for t in (stated, stated.lower(), one.name) if catalog.find(None, t) is not None), stated)


def _fields(one: _Class, known: Mapping[str, _Class], depth: int = 0) -> Iterator[_Field]:
    """Its own properties, those of its traits and of the classes above."""
    yield from one.fields
    for name in (*one.uses, one.base):
        above = known.get(name)
        if above is not None and above is not one and depth < _MAX_DEPTH:
            yield from _fields(above, known, depth + 1)


def _add(
    catalog: Catalog,
    one: _Class,
    table: str,
    known: Mapping[str, _Class],
    tables: Mapping[str, str],
    filters: Mapping[str, str],
) -> None:
    origin = Origin(path=one.path, line=one.line, why=f"entity {one.name}")
    before = catalog.find(None, table)
    draft = before or catalog.create(None, table, origin)
    columns: dict[str, str] = {}
    relations: dict[str, str] = {}
    reverse: dict[str, str] = {}
    for held in _fields(one, known):
        if held.name in columns or held.name in relations or held.name in reverse:
            continue
        if held.kind == "many":
            reverse[held.name] = held.target
            continue
        place = Origin(path=one.path, line=held.line, why=f"{one.name}.{held.name}")
        column = _stored(draft, held.column, before is not None)
        if column not in draft.columns and before is None:
            draft.add_column(Column(name=column, nullable=held.nullable), place)
        if held.kind == "id" and not draft.primary_key:
            draft.primary_key = (column,)
        columns[held.name] = column
        if held.kind == "one":
            relations[held.name] = held.target
            references = tables.get(held.target)
            joined = any(fk.columns == (column,) for fk, _ in draft.foreign_keys.values())
            if references is not None and column in draft.columns and not joined:
                draft.foreign_keys[f"{draft.name}_{column}_entity"] = (
                    ForeignKey(columns=(column,), references=references, referenced_columns=("id",)),
                    place,
                )
    scopes = {column: place for column, place in filters.items() if column in draft.columns}
    full = f"{one.namespace}\\{one.name}" if one.namespace else one.name
    for spelled in dict.fromkeys((one.name, full)):
        catalog.entities.append(
            Entity(
                name=spelled, table=table, kind="doctrine", columns=columns, relations=relations, reverse=reverse,
                scopes=scopes, origin=origin,
            )
        )  # fmt: skip


def _stored(draft: Draft, column: str, made: bool) -> str:
    """A column as the migrations have it, which may fold names."""
    if not made or column in draft.columns:
        return column
    folded = {name.replace("_", "").lower(): name for name in draft.columns}
    return folded.get(column.replace("_", "").lower(), column)


def _classes(path: str, text: str) -> Iterator[_Class]:
    if len(text) > _MAX:
        return
    namespace = _NAMESPACE.search(text)
    heads = list(_HEAD.finditer(text))
    for position, head in enumerate(heads):
        stop = heads[position + 1].start() if position + 1 < len(heads) else len(text)
        begin = heads[position - 1].end() if position else 0
        before = _decoration(text, begin, head.start())
        marks = dict(_marks(before))
        body = text[head.end() : stop]
        one = _Class(
            head.group(2),
            path,
            text.count("\n", 0, head.start(2)) + 1,
            namespace.group(1) if namespace is not None else "",
            entity="Entity" in marks and head.group(1) == "class",
            base=(head.group(3) or "").rpartition("\\")[2],
        )
        stated = _values(marks.get("Table", ""))
        one.table = _constant(stated.get("name", ""), text) or None
        for used in _USES.findall(body):
            one.uses += [name.strip().rpartition("\\")[2] for name in used.split(",")]
        if one.base == "SQLFilter":
            one.filters = [name for pair in _COMPARED.findall(body) for name in pair if name]
        one.fields = list(_properties(text, head.end(), stop))
        yield one


def _constant(value: str, text: str) -> str:
    """A name that is written, or the value of a constant of the file (`Boat::TABLE`)."""
    if "::" not in value:
        return value.strip('`"')
    found = re.search(rf"\bconst\s+(?:string\s+)?{re.escape(value.rpartition('::')[2])}\s*=\s*['\"](\w+)['\"]", text)
    return found.group(1) if found is not None else ""


def _properties(text: str, start: int, stop: int) -> Iterator[_Field]:
    last = start
    for found in _PROPERTY.finditer(text, start, stop):
        before = _decoration(text, last, found.start(2))
        last = found.end()
        marks = dict(_marks(before))
        name, kind = found.group(2), (found.group(1) or "").rpartition("\\")[2]
        line = text.count("\n", 0, found.start(2)) + 1
        join = _values(marks.get("JoinColumn", ""))
        for relation in ("ManyToOne", "OneToOne", "OneToMany", "ManyToMany"):
            if relation not in marks:
                continue
            said = _values(marks[relation])
            target = (said.get("targetEntity") or said.get("") or kind).removesuffix("::class").rpartition("\\")[2]
            if relation in {"ManyToOne", "OneToOne"} and "mappedBy" not in said:
                column = join.get("name") or f"{snake(name)}_id"
                yield _Field(name, "one", column, target, join.get("nullable") != "false", line)
            else:
                yield _Field(name, "many", "", target, line=line)
            break
        else:
            if "Column" in marks or "Id" in marks:
                said = _values(marks.get("Column", ""))
                stored = (said.get("name") or snake(name)).strip("`")
                yield _Field(
                    name, "id" if "Id" in marks else "column", stored, "", said.get("nullable") == "true", line
                )


def _decoration(text: str, start: int, end: int) -> str:
    """The comments and attributes right before a declaration."""
    chunk = text[max(start, end - 4000) : end]
    code = max(chunk.rfind(";\n"), chunk.rfind("}\n"), chunk.rfind("{\n"))
    return chunk[code + 1 :]


def _marks(text: str) -> Iterator[tuple[str, str]]:
    for found in _MARK.finditer(text):
        yield found.group(1), inside(text, found.end()) if found.group(2) else ""


def _values(text: str) -> dict[str, str]:
    values = {name: one or two or bare for name, one, two, bare in _PAIR.findall(text)}
    first = _FIRST.match(text)
    if first is not None:
        values[""] = first.group(1) or first.group(2) or ""
    return values


def _mapped(path: str, text: str) -> Iterator[_Class]:
    for found in _ENTITY.finditer(text):
        said = dict(_ATTRIBUTE.findall(found.group(1)))
        full = said.get("name", "")
        one = _Class(
            full.rpartition("\\")[2], path, text.count("\n", 0, found.start()) + 1, full.rpartition("\\")[0],
            entity=found.group().startswith("<entity"), table=(said.get("table") or "").strip("`") or None,
        )  # fmt: skip
        for kind, attributes, inner in _XML.findall(found.group(2)):
            told = dict(_ATTRIBUTE.findall(attributes))
            label = told.get("name") or told.get("field") or ""
            if kind in {"id", "field"}:
                stored = told.get("column") or snake(label)
                one.fields.append(_Field(label, "id" if kind == "id" else "column", stored.strip("`"), line=one.line))
                continue
            target = told.get("target-entity", "").rpartition("\\")[2]
            join = _JOIN_COLUMN.search(inner)
            owns = kind in {"many-to-one", "one-to-one"} and "mapped-by" not in told
            column = dict(_ATTRIBUTE.findall(join.group(1))).get("name") if join is not None else None
            stored = column or f"{snake(label)}_id"
            one.fields.append(_Field(label, "one" if owns else "many", stored if owns else "", target, line=one.line))
        yield one
