"""Entities of JPA and GORM, and of Entity Framework (`entity_framework`): what classes and structs say of tables.

Read line by line, not parsed: names, columns, keys and references are all that is wanted, and they stand on lines of
their own in every project that a formatter has touched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lints.schema import entity_framework, go_models
from lints.schema.catalog import Catalog
from lints.schema.facts import Entity
from lints.tenancy import Column, ForeignKey, Origin

ENDINGS = (".java", ".kt", ".cs", ".go")
_MAX = 512 * 1024
_JPA = re.compile(r"^\s*(?:@[\w.]+\s*)*(?:public\s+|open\s+|data\s+|abstract\s+|final\s+)*class\s+(\w+)")
_JPA_FIELD = re.compile(
    r"^\s*(?:(?:private|protected|public)\s+)(?:final\s+)?([\w.<>, \[\]?]{1,80}?)\s+(\w+)\s*(?:=[^;]*)?;"
    r"|^\s*(?:@\S+\s+)*(?:(?:private|override|lateinit|protected)\s+)*va[lr]\s+(\w+)\s*:\s*([\w.<>?]{1,80})"
)
_MARK = re.compile(r"@(?:field:)?(\w+)")
_NAMED = re.compile(r"\bname\s*=\s*\"([\w.]+)\"")
_CONSTANT = re.compile(r"\bString\s+(\w+)\s*=\s*\"([\w.]+)\"\s*;")
_TABLE = re.compile(r"@Table\s*\([^)]{0,400}?\bname\s*=\s*\"([\w.`\[\]]+)\"")


@dataclass(slots=True)
class Found:
    """An entity, or a class that hands its properties down to some."""

    name: str
    table: str
    kind: str
    origin: Origin
    columns: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    """Property to (column, type, line)."""
    keys: tuple[str, ...] = ()
    references: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    """Property to (column, entity, line)."""
    base: str | None = None
    mapped: bool = True
    """A table of its own; False for a class that only hands its properties down."""
    also: str = ""
    """Another name that code uses for it: that of the set in a context."""
    condition: str = ""
    scopes: dict[str, str] = field(default_factory=dict)


def read_compiled_models(catalog: Catalog, files: Mapping[str, str]) -> None:
    """Add the tables that entities in `.java`, `.kt`, `.cs` and `.go` files stand for."""
    texts = {path: text for path, text in files.items() if len(text) <= _MAX}
    constants: dict[str, str] = {}
    for path, text in texts.items():
        if path.endswith(("Constants.java", "Constants.kt")):
            constants.update(_CONSTANT.findall(text))
    found: dict[str, Found] = {}
    for path, text in texts.items():
        if path.endswith((".java", ".kt")) and ("@Entity" in text or "@MappedSuperclass" in text):
            _jpa(path, text, found, constants)
    go_models.read_go_models(catalog, {path: text for path, text in texts.items() if path.endswith(".go")})
    entity_framework.read(texts, found)
    folded = {draft.name.lower(): draft.name for draft in catalog.tables.values()}
    for entity in found.values():  # scripts fold the names that they do not quote
        entity.table = folded.get(entity.table.lower(), entity.table)
    for entity in found.values():
        if entity.mapped:
            _inherit(entity, found)
            _add(catalog, entity, found)


def _inherit(entity: Found, known: Mapping[str, Found]) -> None:
    """Properties of the classes above it, nearest first."""
    above = known.get(entity.base or "")
    for _ in range(8):
        if above is None or above is entity:
            return
        for name, column in above.columns.items():
            entity.columns.setdefault(name, column)
        for name, reference in above.references.items():
            entity.references.setdefault(name, reference)
        entity.keys = entity.keys or above.keys
        above = known.get(above.base or "")


def declares(path: str, data: bytes) -> bool:
    """Whether a file may say something of an entity."""
    if path.endswith((".java", ".kt")):
        return b"@Entity" in data or b"@MappedSuperclass" in data or path.endswith(("Constants.java", "Constants.kt"))
    if path.endswith(".go"):
        return go_models.declares(data)
    return path.endswith(".cs") and entity_framework.DECLARES.search(data) is not None


def _add(catalog: Catalog, entity: Found, known: Mapping[str, Found]) -> None:
    draft = catalog.find(None, entity.table) or catalog.create(None, entity.table, entity.origin)
    stored = {column.lower(): column for column in draft.columns}
    path = entity.origin.path
    columns: dict[str, str] = {}
    relations: dict[str, str] = {}
    for name, (written, kind, line) in entity.columns.items():
        column = stored.get(written.lower(), written)
        columns[name] = column
        nullable = kind.endswith("?") or kind.startswith("*")
        if column not in draft.columns:
            place = Origin(path=path, line=line, why=f"{column} is a property of {entity.name}")
            draft.add_column(Column(name=column, type=kind.lower()[:60], nullable=nullable), place)
    for name, (written, target, line) in entity.references.items():
        column = stored.get(written.lower(), written)
        relations[name] = target
        place = Origin(path=path, line=line, why=f"{column} joins {entity.name}.{name} to {target}")
        if column not in draft.columns:
            draft.add_column(Column(name=column), place)
        if target in known:
            draft.foreign_keys.setdefault(
                f"{entity.table}_{column}_fkey",
                (ForeignKey(columns=(column,), references=known[target].table, referenced_columns=()), place),
            )
    if entity.keys and not draft.primary_key:
        draft.primary_key = entity.keys
    for label in dict.fromkeys(name for name in (entity.name, entity.also) if name):
        catalog.entities.append(
            Entity(
                name=label,
                table=entity.table,
                kind=entity.kind,
                columns=columns,
                relations=relations,
                condition=entity.condition,
                scopes=entity.scopes,
                origin=entity.origin,
            )
        )


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _jpa(path: str, text: str, found: dict[str, Found], constants: Mapping[str, str]) -> None:
    current: Found | None = None
    marks = ""
    depth = 0
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        header = _JPA.match(line)
        if header is not None and (current is None or depth <= 0):
            current = None
            if re.search(r"@(?:Entity|MappedSuperclass)\b", marks + line):
                table = _TABLE.search(_resolved(marks + line, constants))
                base = re.search(r"\bextends\s+(\w+)|\)\s*:\s*(\w+)\(", line)
                name = header.group(1)
                current = Found(
                    name,
                    table.group(1).strip("`[]") if table is not None else _snake(name),
                    "jpa",
                    Origin(path=path, line=number, why=f"entity {name}"),
                    base=(base.group(1) or base.group(2)) if base is not None else None,
                    mapped=re.search(r"@Entity\b", marks + line) is not None,
                )
                found.setdefault(name, current)
                depth = 0
            marks = ""
        member = _JPA_FIELD.match(line) if current is not None and header is None else None
        if current is not None and member is not None:
            name, kind = (member.group(2), member.group(1)) if member.group(2) else (member.group(3), member.group(4))
            _jpa_field(current, name, kind, _resolved(marks + line, constants), number)
            marks = ""
        elif stripped.startswith(("@", '"', ")")) or (marks.count("(") > marks.count(")")):
            marks = (marks + stripped + " ")[-2000:]
        elif stripped and header is None and not stripped.startswith(("*", "/", "//")):
            marks = ""
        if current is not None:
            depth += line.count("{") - line.count("}")


def _resolved(marks: str, constants: Mapping[str, str]) -> str:
    """Names of tables and columns that are constants, as what they say."""

    def value(found: re.Match[str]) -> str:
        held = constants.get(found.group(2).rpartition(".")[2])
        return f'{found.group(1)}"{held}"' if held is not None else found.group()

    return re.sub(r"(\bname\s*=\s*)([A-Za-z_][\w.]*)", value, marks)


def _jpa_field(entity: Found, name: str, kind: str, marks: str, line: int) -> None:
    written = set(_MARK.findall(marks))
    if not written.isdisjoint({"Transient", "OneToMany", "ManyToMany", "ElementCollection"}) or "static" in kind:
        return
    named = _NAMED.search(marks)
    if not written.isdisjoint({"ManyToOne", "OneToOne"}):
        if "mappedBy" not in marks:
            column = named.group(1) if named is not None else f"{_snake(name)}_id"
            entity.references[name] = (column, kind.strip("?").rpartition(".")[2], line)
        return
    if "Column" not in written:
        named = None
    column = named.group(1) if named is not None else _snake(name)
    entity.columns[name] = (column, kind, line)
    if not written.isdisjoint({"Id", "EmbeddedId"}):
        entity.keys = (*entity.keys, column)
