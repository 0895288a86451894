"""Django models, SQLAlchemy (declarative, `Table`) and SQLModel classes: what they say of tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from lints.extract.ir import Assign, ClassBody, Define, Expr, Invoke, Items, Member, Name, Pairs
from lints.patterns import regex
from lints.schema import pony_models
from lints.schema.catalog import Catalog, Draft
from lints.schema.facts import Entity
from lints.schema.orm import (
    Class,
    Source,
    calls_within,
    classes,
    constant,
    inherited,
    keyword,
    members,
    properties,
    texts,
    truth,
)
from lints.schema.query_helpers import MANAGERS
from lints.tenancy import Column, ForeignKey

DECLARES = regex(
    rb"\bmodels\.[A-Z]|__tablename__|\btable\s*=\s*True\b|\bTable\(|\bdeclared_attr\b|\bmapped_column\(|\bColumn\(|\bSQLModel\b"
    rb"|\bForeignKeyField\(|\b(?:peewee|tortoise|playhouse|pony)\b"
)
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
_COLUMNS = frozenset({"Column", "mapped_column", "Field"})
_MAKES_COLUMN = regex(r"(?:[a-z]+_){0,3}(?:primary_key|column|pk)")
"""Functions of a project that make a column."""
_NULLABLE = regex(r"\bOptional\[|\bNone\b|^Any$")
_MAPPED = regex(r"(?:\w+\.)*(?:Mapped|WriteOnlyMapped|DynamicMapped)\[(.*)\]")
_NOT_STORED = regex(r"(?:\w+\.)*(?:ClassVar|ConfigDict|Final|AssociationProxy|Config)\b")
_CONTAINER = regex(
    r"(?:\w+\.)*(?:Optional|List|list|Set|set|Sequence|Annotated|Mapped|WriteOnlyMapped|DynamicMapped)\[|['\"]|\|\s*None|\]"
)


def read_python_models(catalog: Catalog, sources: Sequence[Source]) -> None:
    """Add the tables that classes and `Table(…)` calls declare."""
    known: dict[str, list[Class]] = {}
    for source in sources:
        for found in classes(source):
            known.setdefault(found.body.name, []).append(found)
    django = [c for group in known.values() for c in group if _is_django(c, known)]
    tables = {id(c): _django_table(c, known) for c in django}
    by_name = {c.body.name: tables[id(c)] for c in django if tables[id(c)] is not None}
    for found in django:
        table = tables[id(found)]
        if table is not None:
            _add_django(catalog, found, known, table, {name: t for name, t in by_name.items() if t is not None})
    others = [c for group in known.values() for c in group if not _is_django(c, known)]
    pony = [c for c in others if pony_models.is_entity(inherited(c, known))]
    pony_models.read_pony_models(catalog, pony, known)
    for found in others:
        _add_declarative(catalog, found, known)
    for source in sources:
        for statement in source.body:
            if isinstance(statement, Assign):
                for call in calls_within(statement.value):
                    if call.method == "Table" and constant(call.arguments[0] if call.arguments else None):
                        _add_table(catalog, source, call, statement.target)
                        break
    _name_tables(catalog)


# Django


def _is_django(found: Class, known: Mapping[str, list[Class]]) -> bool:
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


def _django_table(found: Class, known: Mapping[str, list[Class]]) -> str | None:
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


def _add_django(
    catalog: Catalog, found: Class, known: Mapping[str, list[Class]], table: str, tables: Mapping[str, str]
) -> None:
    origin = found.source.origin(found.body.span[0], f"model {found.body.name}")
    draft = catalog.create(None, table, origin)
    fields: dict[str, str] = {}
    relations: dict[str, str] = {}
    for holder in inherited(found, known):
        if holder is not found and not truth(_meta(holder.body).get("abstract")):
            if _is_django(holder, known) and holder.body.name in tables:
                _django_parent(draft, holder, tables[holder.body.name])
            elif _is_django(holder, known):
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


# SQLAlchemy and SQLModel


def _add_declarative(catalog: Catalog, found: Class, known: Mapping[str, list[Class]]) -> None:
    own = {name: value for name, value, _, _ in members(found.body)}
    head = found.source.data[found.body.span[0] : found.body.span[0] + 400].split(b":", 1)[0]
    table = constant(own.get("__tablename__"))
    if table is None and re.search(rb"\btable\s*=\s*True\b", head):
        table = found.body.name.lower()
    lineage = inherited(found, known)
    typed = table is not None and _of_sqlmodel(lineage)
    named_above = any("__tablename__" in {n for n, *_ in members(c.body)} for c in lineage[1:])
    has_columns = any(isinstance(v, Invoke) and v.method in _COLUMNS for v in own.values())
    if table is None and named_above and has_columns and not truth(own.get("__abstract__")):
        table = found.body.name.lower()  # the base makes the name of the class's
    if table is None or truth(own.get("__abstract__")):
        return
    schema: str | None = None
    arguments = own.get("__table_args__")
    options = (
        [item for item in arguments.items if isinstance(item, Pairs)] if isinstance(arguments, Items) else [arguments]
    )
    for option in options:
        schema = constant(properties(option).get("schema")) or schema
    origin = found.source.origin(found.body.span[0], f"class {found.body.name}")
    draft = catalog.create(schema, table, origin)
    fields: dict[str, str] = {}
    relations: dict[str, str] = {}
    for holder in lineage:
        for name, value, offset, member in members(holder.body):
            call = value if isinstance(value, Invoke) else None
            kind = member.type if isinstance(member, Member) else ""
            if call is not None and call.method in _COLUMNS and name not in fields:
                fields[name] = add_column(draft, holder.source, name, call, offset, found.body.name, kind)
            elif call is None and kind and name not in fields and _stored(name, kind, typed=typed):
                fields[name] = name
                inner = _MAPPED.fullmatch(kind)
                written = inner.group(1) if inner is not None else kind
                draft.add_column(
                    Column(name=name, type=written.lower()[:40], nullable=_NULLABLE.search(written) is not None),
                    holder.source.origin(offset, f"{name} is a field of {found.body.name}"),
                )
            elif call is not None and _MAKES_COLUMN.fullmatch(call.method) and name not in fields:
                fields[name] = name
                keyed = "column" not in call.method
                draft.add_column(Column(name=name, nullable=not keyed), holder.source.origin(offset, call.method))
                draft.primary_key = draft.primary_key or ((name,) if keyed else ())
            elif call is not None and call.method in {"relationship", "Relationship"}:
                target = _related(call, kind)
                if target is not None:
                    relations[name] = target
    for call in calls_within(arguments):
        table_constraint(draft, found.source, call)
    catalog.entities.append(
        Entity(name=found.body.name, table=table, kind="sqlalchemy", columns=fields, relations=relations, origin=origin)
    )


def _of_sqlmodel(lineage: Sequence[Class]) -> bool:
    """Whether a table's annotations are its columns, as SQLModel has it."""
    return any("SQLModel" in c.body.bases or b"sqlmodel" in c.source.data for c in lineage)


def _stored(name: str, kind: str, *, typed: bool) -> bool:
    """Whether an annotation without a call, `name: Mapped[str]` or SQLModel's `name: str`, declares a column."""
    if name.startswith("_") or name == "model_config":
        return False
    return _MAPPED.fullmatch(kind) is not None or (typed and _NOT_STORED.match(kind) is None)


def _related(call: Invoke, kind: str) -> str | None:
    """The class that a relationship leads to: its first argument, or what its annotation says."""
    first = call.arguments[0] if call.arguments else keyword(call, "argument")
    target = constant(first) or (first.path if isinstance(first, Name) else None)
    if target is None and kind:
        target = _CONTAINER.sub("", kind).strip()
    named = target.rpartition(".")[2] if target is not None else ""
    return named if named.isidentifier() else None


def _add_table(catalog: Catalog, source: Source, call: Invoke, variable: str | None) -> None:
    """`Table("boats", metadata, Column("id", …), …)`."""
    name = constant(call.arguments[0]) or ""
    origin = source.origin(call.span[0], f"table {name}")
    draft = catalog.create(constant(keyword(call, "schema")), name, origin)
    fields: dict[str, str] = {}
    for argument in call.arguments[1:]:
        if isinstance(argument, Invoke) and argument.method == "Column":
            label = constant(argument.arguments[0]) if argument.arguments else None
            if label is not None:
                fields[label] = add_column(draft, source, label, argument, argument.span[0], name)
        elif isinstance(argument, Invoke):
            table_constraint(draft, source, argument)
    if variable is not None:
        catalog.entities.append(
            Entity(name=variable, table=name, kind="sqlalchemy", columns=fields, relations={}, origin=origin)
        )


def add_column(
    draft: Draft, source: Source, name: str, call: Invoke, offset: int, owner: str, annotation: str = ""
) -> str:
    """Add a column; returns its name in the database."""
    inner = keyword(call, "sa_column")
    if call.method == "Field" and isinstance(inner, Invoke):
        call = inner  # SQLModel takes all of it from there
    first = constant(call.arguments[0]) if call.arguments else None
    column = first or constant(keyword(call, "name")) or name
    primary = truth(keyword(call, "primary_key")) is True
    nullable = truth(keyword(call, "nullable"))
    if nullable is None:
        nullable = not primary and (not annotation or _NULLABLE.search(annotation) is not None)
    kinds = [part for part in call.arguments if isinstance(part, (Name, Invoke))]
    kind = kinds[0].path if kinds and isinstance(kinds[0], Name) else kinds[0].method if kinds else ""  # type: ignore[union-attr]
    draft.add_column(
        Column(name=column, type=kind.rpartition(".")[2].lower(), nullable=nullable),
        source.origin(offset, f"{column} is a column of {owner}"),
    )
    if primary and column not in draft.primary_key:
        draft.primary_key = (*draft.primary_key, column)
    if truth(keyword(call, "unique")):
        draft.unique[f"{draft.name}_{column}_key"] = (column,)
    if truth(keyword(call, "index")):
        draft.add_index((column,), source.origin(offset, f"{column} is indexed"))
    for inner in call.arguments:
        if isinstance(inner, Invoke) and inner.method == "ForeignKey":
            refers = inner.arguments[0] if inner.arguments else keyword(inner, "column")
            if refers is not None:
                _foreign_key(draft, source, column, refers, offset)
    named = keyword(call, "foreign_key")
    if named is not None:
        _foreign_key(draft, source, column, named, offset)
    return column


def _foreign_key(draft: Draft, source: Source, column: str, target: Expr, offset: int) -> None:
    written = constant(target) or (target.path if isinstance(target, Name) else None)
    if written is None or "." not in written:
        return
    table, _, referenced = written.removesuffix(".").rpartition(".")
    table = table.removesuffix(".c").removesuffix(".__table__")
    draft.foreign_keys[f"{draft.name}_{column}_fkey"] = (
        ForeignKey(columns=(column,), references=table.rpartition(".")[2], referenced_columns=(referenced,)),
        source.origin(offset, f"foreign key ({column}) to {table}"),
    )


def _name_tables(catalog: Catalog) -> None:
    """Foreign keys that name a class, `ForeignKey(Tenant.id)`, or the variable of a `Table`, by the table of that."""
    known = {entity.name: entity for entity in catalog.entities if entity.kind == "sqlalchemy"}
    tables = {name for _, name in catalog.tables}
    for draft in catalog.tables.values():
        for name, (key, origin) in draft.foreign_keys.items():
            entity = known.get(key.references) if key.references not in tables else None
            if entity is not None:
                columns = tuple(entity.columns.get(column, column) for column in key.referenced_columns)
                draft.foreign_keys[name] = (
                    ForeignKey(columns=key.columns, references=entity.table, referenced_columns=columns),
                    origin,
                )


def table_constraint(draft: Draft, source: Source, call: Invoke) -> None:
    if call.method == "UniqueConstraint":
        columns = tuple(text for part in call.arguments if (text := constant(part)) is not None)
        if columns:
            draft.unique[constant(keyword(call, "name")) or "_".join(columns)] = columns
    elif call.method == "Index":
        columns = tuple(constant(part) or "" for part in call.arguments[1:])
        if columns:
            draft.add_index(columns, source.origin(call.span[0], "index declared here"))
    elif call.method == "PrimaryKeyConstraint":
        columns = tuple(text for part in call.arguments if (text := constant(part)) is not None)
        draft.primary_key = columns or draft.primary_key
    elif call.method == "ForeignKeyConstraint" and len(call.arguments) >= 2:
        columns, targets = texts(call.arguments[0]), texts(call.arguments[1])
        if columns and targets and "." in targets[0]:
            table = targets[0].rpartition(".")[0].rpartition(".")[2]
            referenced = tuple(target.rpartition(".")[2] for target in targets)
            draft.foreign_keys[constant(keyword(call, "name")) or f"{draft.name}_{'_'.join(columns)}_fkey"] = (
                ForeignKey(columns=columns, references=table, referenced_columns=referenced),
                source.origin(call.span[0], f"foreign key ({', '.join(columns)}) to {table}"),
            )
