"""Classes of Python that declare tables: SQLAlchemy (declarative, `Table`) and SQLModel here, others elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lints.extract.ir import Assign, Expr, Invoke, Items, Member, Name, Pairs
from lints.patterns import regex
from lints.schema.catalog import Catalog, Draft
from lints.schema.django_models import add_django, django_table, is_django
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
from lints.schema.pony_models import is_entity, read_pony_models
from lints.tenancy import Column, ForeignKey

DECLARES = regex(
    rb"\bmodels\.[A-Z]|__tablename__|\btable\s*=\s*True\b|\bTable\(|\bdeclared_attr\b|\bmapped_column\(|\bColumn\(|\bSQLModel\b"
    rb"|\bForeignKeyField\(|\b(?:peewee|tortoise|playhouse|pony)\b"
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
    django = [c for group in known.values() for c in group if is_django(c, known)]
    tables = {id(c): django_table(c, known) for c in django}
    by_name = {c.body.name: table for c in django if (table := tables[id(c)]) is not None}
    for found in django:
        table = tables[id(found)]
        if table is not None:
            add_django(catalog, found, known, table, by_name)
    others = [c for group in known.values() for c in group if not is_django(c, known)]
    pony = [c for c in others if is_entity(inherited(c, known))]
    read_pony_models(catalog, pony, known)
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
