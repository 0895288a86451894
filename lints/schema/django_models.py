"""Models of Django, and of Peewee and Tortoise, which are declared like them: what they say of tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from lints.extract.ir import ClassBody, Define, Expr, Invoke, Items, Name
from lints.patterns import regex
from lints.schema.catalog import Catalog, Draft
from lints.schema.facts import Entity
from lints.schema.orm import (
    Class,
    Source,
    calls_within,
    constant,
    inherited,
    keyword,
    members,
    texts,
    truth,
)
from lints.schema.query_helpers import MANAGERS
from lints.tenancy import Column, ForeignKey

_DJANGO_RELATIONS = frozenset(
    {"ForeignKey", "OneToOneField", "ParentalKey", "TreeForeignKey", "ForeignKeyField", "DeferredForeignKey"}
)
_OTHER_ORMS = {
    "peewee": regex(rb"^\s*(?:from|import)\s+(?:peewee|playhouse)\b", re.MULTILINE),
    "tortoise": regex(rb"^\s*(?:from|import)\s+tortoise\b", re.MULTILINE),
}
"""ORMs whose models are declared as Django's are, by what their files import."""
_DJANGO_BASES = frozenset(
    {"Model", "AbstractUser", "AbstractBaseUser", "MPTTModel", "TimeStampedModel", "PolymorphicModel"}
)


def is_django(found: Class, known: Mapping[str, list[Class]]) -> bool:
    if any(name == "__tablename__" for name, *_ in members(found.body)):
        return False
    lineage = inherited(found, known)
    if _kind(lineage) == "peewee":  # a base without fields is none of its tables
        return any(isinstance(v, Invoke) and v.method.endswith("Field") for _, v, _, _ in members(found.body))
    told = any(base in _DJANGO_BASES and b"models" in c.source.data for c in lineage for base in c.body.bases)
    # A base of another package that nobody here has read: the fields say that it is a model.
    return told or any(
        base not in known and any(_is_field(value) for _, value, _, _ in members(c.body))
        for c in lineage
        for base in c.body.bases
    )


def _kind(lineage: Sequence[Class]) -> str:
    """`django`, or which of the ORMs that look like it."""
    for kind, imported in _OTHER_ORMS.items():
        if any("Model" in c.body.bases and imported.search(c.source.data) is not None for c in lineage):
            return kind
    return "django"


def _is_field(value: Expr | None) -> bool:
    """`models.ForeignKey(…)`, `models.TextField(…)`."""
    return (
        isinstance(value, Invoke)
        and isinstance(value.receiver, Name)
        and value.receiver.path == "models"
        and (value.method.endswith("Field") or value.method in _DJANGO_RELATIONS)
    )


def _meta(body: ClassBody) -> Mapping[str, Expr]:
    for statement in body.body:
        if isinstance(statement, ClassBody) and statement.name == "Meta":
            return {name: value for name, value, _, _ in members(statement) if value is not None}
    return {}


def django_table(found: Class, known: Mapping[str, list[Class]]) -> str | None:
    """The table of a model, or None for an abstract class or a proxy."""
    meta = _meta(found.body)
    if truth(meta.get("abstract")) or truth(meta.get("proxy")) or "db_table_comment" in meta:
        return None if truth(meta.get("abstract")) or truth(meta.get("proxy")) else constant(meta.get("db_table"))
    named = constant(meta.get("db_table")) or constant(meta.get("table")) or constant(meta.get("table_name"))
    if named is not None:
        return named.strip('"')
    if _kind(inherited(found, known)) != "django":
        return found.body.name.lower()
    parts = PurePosixPath(found.source.path).parts
    label = constant(meta.get("app_label"))
    if label is None:
        folders = [part for part in parts[:-1] if part not in {"models", "src", "entities"}]
        label = folders[-1] if folders else "app"
    return f"{label}_{found.body.name.lower()}"


def add_django(
    catalog: Catalog, found: Class, known: Mapping[str, list[Class]], table: str, tables: Mapping[str, str]
) -> None:
    origin = found.source.origin(found.body.span[0], f"model {found.body.name}")
    draft = catalog.create(None, table, origin)
    fields: dict[str, str] = {}
    relations: dict[str, str] = {}
    for holder in inherited(found, known):
        if holder is not found and not truth(_meta(holder.body).get("abstract")):
            if is_django(holder, known) and holder.body.name in tables:
                _django_parent(draft, holder, tables[holder.body.name])
            elif is_django(holder, known):
                continue
        for name, value, offset, _ in members(holder.body):
            if isinstance(value, Invoke) and name not in fields:
                _django_field(catalog, draft, holder.source, name, value, offset, fields, relations, tables, found)
    if not draft.primary_key:
        draft.primary_key = ("id",)
        draft.add_column(Column(name="id", nullable=False), origin)
        fields.setdefault("id", "id")
    fields.setdefault("pk", draft.primary_key[0])
    meta = _meta(found.body)
    for unique in _unique_together(meta.get("unique_together")):
        draft.unique[f"{table}_{'_'.join(unique)}_uniq"] = tuple(fields.get(name, name) for name in unique)
    for listed in _unique_together(meta.get("index_together")):
        draft.add_index(tuple(fields.get(name, name) for name in listed), origin)
    for call in calls_within(meta.get("indexes")):
        if listed := texts(keyword(call, "fields")):
            draft.add_index(tuple(fields.get(name.lstrip("-"), name) for name in listed), origin)
    for call in calls_within(meta.get("constraints")):
        listed = texts(keyword(call, "fields"))
        if call.method == "UniqueConstraint" and listed and keyword(call, "condition") is None:
            columns = tuple(fields.get(name, name) for name in listed)
            draft.unique[constant(keyword(call, "name")) or "_".join(columns)] = columns
    catalog.entities.append(
        Entity(
            name=found.body.name,
            table=table,
            kind=_kind(inherited(found, known)),
            columns=fields,
            relations=relations,
            origin=origin,
            methods=_managed(found, known),
        )
    )
    catalog.backward[found.body.name] = _backward(found, known, relations)


def _managed(found: Class, known: Mapping[str, list[Class]]) -> dict[str, tuple[str, ...]]:
    """The methods of a model's managers, each as `file:Class.method`; those of `objects` come first.

    `objects = Fleet.as_manager()`, `Manager.from_queryset(Fleet)()`, `FleetManager()`; a class that nobody has read, or
    that several files declare, has none.
    """
    held: list[tuple[str, str]] = []
    for holder in inherited(found, known):
        for name, value, _, _ in members(holder.body):
            held += [(name, named) for named in _classes_of(value) if named.endswith(MANAGERS)]
    methods: dict[str, tuple[str, ...]] = {}
    for attribute, named in sorted(held, key=lambda pair: pair[0] != "objects"):
        declared = known.get(named, [])
        for holder in inherited(declared[0], known) if len(declared) == 1 else ():
            for member in holder.body.body:
                if isinstance(member, Define):
                    place = f"{holder.source.path}:{holder.body.name}.{member.function.name}"
                    methods.setdefault(member.function.name, (place, attribute))
    return methods


def _classes_of(value: Expr | None, depth: int = 0) -> Iterator[str]:
    """The classes that make a manager: those that are called, and those that are handed over."""
    if isinstance(value, Name):
        yield value.path.rpartition(".")[2]
    if isinstance(value, Invoke) and depth < 4:
        if value.receiver is None or value.method[:1].isupper():
            yield value.method
        for part in (value.receiver, *value.arguments):
            yield from _classes_of(part, depth + 1)


def _backward(found: Class, known: Mapping[str, list[Class]], relations: Mapping[str, str]) -> list[tuple[str, str]]:
    """(related entity, name under which it sees this one) of each relation."""
    names: list[tuple[str, str]] = []
    own = found.body.name.lower()
    for holder in inherited(found, known):
        for name, value, _, _ in members(holder.body):
            if isinstance(value, Invoke) and name in relations:
                written = (
                    constant(keyword(value, "related_query_name"))
                    or constant(keyword(value, "related_name"))
                    or constant(keyword(value, "backref"))
                    or own
                )
                names.append((relations[name], written.replace("%(class)s", own)))
    return names


def _django_parent(draft: Draft, holder: Class, table: str) -> None:
    """Multi-table inheritance: the child's row points to its parent's."""
    column = f"{holder.body.name.lower()}_ptr_id"
    origin = holder.source.origin(holder.body.span[0], f"inherits {holder.body.name}")
    draft.add_column(Column(name=column, nullable=False), origin)
    draft.primary_key = draft.primary_key or (column,)
    draft.foreign_keys[f"{draft.name}_{column}"] = (
        ForeignKey(columns=(column,), references=table, referenced_columns=()),
        origin,
    )


def _django_field(
    catalog: Catalog,
    draft: Draft,
    source: Source,
    name: str,
    call: Invoke,
    offset: int,
    fields: dict[str, str],
    relations: dict[str, str],
    tables: Mapping[str, str],
    owner: Class,
) -> None:
    method = call.method
    if not (method.endswith("Field") or method in _DJANGO_RELATIONS) or "." in name:
        return
    nullable = truth(keyword(call, "null")) is True
    target = _django_target(call, owner) if method in _DJANGO_RELATIONS or method == "ManyToManyField" else None
    if method == "ManyToManyField":
        if target is None or keyword(call, "through") is not None:
            return
        relations[name] = target
        _join_table(catalog, draft, source, name, target, tables, offset, owner)
        return
    default = f"{name}_id" if method in _DJANGO_RELATIONS else name
    written = (constant(keyword(call, name)) for name in ("db_column", "column_name", "source_field"))
    column = next((name for name in written if name is not None), default)
    fields[name] = column
    why = f"{column} is a field of {owner.body.name}"
    draft.add_column(
        Column(name=column, type=method.removesuffix("Field").lower(), nullable=nullable), source.origin(offset, why)
    )
    if truth(keyword(call, "primary_key")) or truth(keyword(call, "pk")):
        draft.primary_key = (column,)
    elif truth(keyword(call, "unique")) or method == "OneToOneField":
        draft.unique[f"{draft.name}_{column}_key"] = (column,)
    if (method in _DJANGO_RELATIONS and truth(keyword(call, "db_index")) is not False) or truth(
        keyword(call, "db_index")
    ):
        draft.add_index((column,), source.origin(offset, why))
    if method in _DJANGO_RELATIONS:
        fields[f"{name}_id"] = column
        if target is not None:
            relations[name] = target
        table = tables.get(target or "")
        if table is not None:
            draft.foreign_keys[f"{draft.name}_{column}_fkey"] = (
                ForeignKey(columns=(column,), references=table, referenced_columns=()),
                source.origin(offset, f"{name} of {owner.body.name} refers to {target}"),
            )


def _django_target(call: Invoke, owner: Class) -> str | None:
    target = call.arguments[0] if call.arguments else keyword(call, "to")
    if isinstance(target, Name):
        last = target.path.rpartition(".")[2]
        return "User" if last == "AUTH_USER_MODEL" else last
    written = constant(target)
    if written is None:
        return None
    return owner.body.name if written == "self" else written.rpartition(".")[2]


def _join_table(
    catalog: Catalog,
    draft: Draft,
    source: Source,
    name: str,
    target: str,
    tables: Mapping[str, str],
    offset: int,
    owner: Class,
) -> None:
    origin = source.origin(offset, f"{name} of {owner.body.name} relates it to {target}")
    join = catalog.create(None, f"{draft.name}_{name}", origin)
    sides = ((f"{owner.body.name.lower()}_id", draft.name), (f"{target.lower()}_id", tables.get(target)))
    for column, table in sides:
        join.add_column(Column(name=column, nullable=False), origin)
        if table is not None:
            join.foreign_keys[f"{join.name}_{column}"] = (
                ForeignKey(columns=(column,), references=table, referenced_columns=()),
                origin,
            )
    join.primary_key = ("id",)
    join.add_column(Column(name="id", nullable=False), origin)
    join.unique["pair"] = tuple(column for column, _ in sides)


def _unique_together(value: Expr | None) -> list[tuple[str, ...]]:
    if isinstance(value, Items):
        nested = [texts(item) for item in value.items if isinstance(item, Items)]
        return nested or ([texts(value)] if texts(value) else [])
    return []
