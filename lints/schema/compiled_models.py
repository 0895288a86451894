"""Entities of compiled languages: structs of GORM, classes of the JVM (`jvm_models`) and of .NET (`entity_framework`).

Read line by line, not parsed: names, columns, keys and references are all that is wanted, and they stand on lines of
their own in every project that a formatter has touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lints.schema import constants, entity_framework, go_models, go_scopes, jvm_conditions, jvm_models
from lints.schema.catalog import Catalog, Draft
from lints.schema.facts import Entity
from lints.schema.go_names import snake
from lints.tenancy import Column, ForeignKey, Origin

ENDINGS = (".java", ".kt", ".cs", ".go", ".stg")
_MAX = 512 * 1024


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
    keyed: int = 0
    """How sure the key is: by its name only, or said to be it (`.NET`)."""
    references: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    """Property to (column, entity, line)."""
    inverse: dict[str, str] = field(default_factory=dict)
    """Property to `Entity.property`, the other end that has the column, or `Entity#column`."""
    pairs: dict[str, tuple[str, str, str, str, int]] = field(default_factory=dict)
    """Property to (table of pairs, its column for this end, its column for the other, entity, line); empty: by rule."""
    base: str | None = None
    mapped: bool = True
    """A table of its own; False for a class that only hands its properties down."""
    apart: bool = False
    """Its subclasses have tables of their own, not rows in its table."""
    also: str = ""
    """Another name that code uses for it: that of the set in a context."""
    condition: str = ""
    scopes: dict[str, str] = field(default_factory=dict)
    methods: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What methods that the project adds to queries compare, as lambdas (`.NET`)."""


def read_compiled_models(catalog: Catalog, files: Mapping[str, str]) -> None:
    """Add the tables that entities in `.java`, `.kt`, `.cs` and `.go` files stand for."""
    texts = {path: text for path, text in files.items() if len(text) <= _MAX}
    found: dict[str, Found] = {}
    stores = jvm_models.read(texts, found)
    go_models.read_go_models(catalog, {path: text for path, text in texts.items() if path.endswith(".go")})
    entity_framework.read(texts, found)
    spelled = sorted((draft.name for draft in catalog.tables.values()), reverse=True)
    folded = {name.lower(): name for name in spelled}  # of two spellings that in lower case
    stored = set(spelled)
    for entity in found.values():  # scripts fold the names that they do not quote
        if entity.table not in stored:
            spelt = snake(entity.table)
            entity.table = folded.get(entity.table.lower()) or (spelt if spelt in stored else entity.table)
    for entity in list(found.values()):
        if entity.mapped:
            _inherit(entity, found)
    for entity in list(found.values()):
        if entity.mapped:
            jvm_models.link(entity, found, folded)
            _add(catalog, entity, found)
    for entity in list(found.values()):
        if entity.kind == "link":
            _add(catalog, entity, found)
        elif entity.kind == "document":
            columns = {name: column for name, (column, _, _) in entity.columns.items()}
            catalog.entities.append(
                Entity(name=entity.name, table="", kind="document", columns=columns, relations={}, origin=entity.origin)
            )
    for path, text in texts.items():
        if path.endswith(".stg"):
            catalog.entities.append(jvm_models.templates_of(path, text))
    for getter, (table, origin) in jvm_models.named_tables(texts).items():
        named = folded.get(table.lower(), table)
        catalog.entities.append(
            Entity(name=getter, table=named, kind="getter", columns={}, relations={}, origin=origin)
        )
    catalog.entities.extend(jvm_conditions.read(texts))
    catalog.entities.extend(go_scopes.read(texts))
    catalog.entities.extend(constants.read(texts))
    for name, store in stores.items():
        catalog.entities.append(
            Entity(
                name=name,
                table="",
                kind="repository",
                columns=dict.fromkeys(sorted(store.own), ""),
                relations={"of": store.entity},
                scopes=dict.fromkeys(sorted(store.unconfined), "left out"),
                origin=store.origin,
            )
        )


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
        for name, other in above.inverse.items():
            entity.inverse.setdefault(name, other)
        for name, pair in above.pairs.items():
            entity.pairs.setdefault(name, pair)
        for compared, said in above.scopes.items() if entity.kind == "jpa" else ():
            entity.scopes.setdefault(compared, said)
        entity.keys = entity.keys or above.keys
        if above.mapped and above.kind == "jpa" and not above.apart:
            entity.table = above.table  # rows of one table, told apart by a column
        above = known.get(above.base or "")


def declares(path: str, data: bytes) -> bool:
    """Whether a file may say something of an entity."""
    if path.endswith(".stg"):
        return True
    if path.endswith((".java", ".kt")):
        return jvm_models.declares(path, data) or constants.declares(path, data)
    if path.endswith(".go"):
        return go_models.declares(data) or go_scopes.declares(data) or constants.declares(path, data)
    if path.endswith("ModelSnapshot.cs"):
        return True
    return path.endswith(".cs") and entity_framework.DECLARES.search(data) is not None


def _add(catalog: Catalog, entity: Found, known: Mapping[str, Found]) -> None:
    draft = catalog.find(None, entity.table) or catalog.create(None, entity.table, entity.origin)
    stored = {column.lower(): column for column in draft.columns}
    path = entity.origin.path
    columns: dict[str, str] = {}
    relations: dict[str, str] = {}
    for name, (written, kind, line) in entity.columns.items():
        column = stored.get(written.lower()) or stored.get(snake(written), written)
        columns[name] = column
        nullable = kind.endswith("?") or kind.startswith("*")
        if column not in draft.columns:
            place = Origin(path=path, line=line, why=f"{column} is a property of {entity.name}")
            draft.add_column(Column(name=column, type=kind.lower()[:60], nullable=nullable), place)
    for name, (written, target, line) in entity.references.items():
        column = stored.get(written.lower()) or stored.get(snake(written), written)
        relations[name] = target
        if entity.kind in {"jpa", "link"}:
            columns[name] = column
        place = Origin(path=path, line=line, why=f"{column} joins {entity.name}.{name} to {target}")
        if column not in draft.columns:
            draft.add_column(Column(name=column), place)
        if target in known and not _refers(draft, column, known[target].table):
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
                reverse=entity.inverse,
                methods=entity.methods,
                origin=entity.origin,
            )
        )


def _refers(draft: Draft, column: str, table: str) -> bool:
    """Whether a script has said already that a column refers to a table."""
    keys = (key for key, _ in draft.foreign_keys.values())
    return any(key.columns == (column,) and key.references == table for key in keys)
