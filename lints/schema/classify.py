"""From what the schema says to who owns which table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lints.patterns import regex
from lints.schema import tenants
from lints.schema.declared import Declarations, TableDeclaration
from lints.schema.facts import Relation, Schema, SourceModel
from lints.schema.routines import with_routines
from lints.tenancy import ForeignKey, Model, Origin, Ownership, Table

WHO_DID_IT = frozenset(
    [
        "created_by",
        "updated_by",
        "deleted_by",
        "modified_by",
        "approved_by",
        "reviewed_by",
        "assigned_to",
        "assigned_by",
        "requested_by",
        "created_by_id",
        "updated_by_id",
        "deleted_by_id",
        "modified_by_id",
        "approved_by_id",
        "author_id",
        "actor_id",
        "creator_id",
        "createdby",
        "updatedby",
        "deletedby",
        "createdbyid",
        "updatedbyid",
        "authorid",
        "actorid",
        "creatorid",
    ]
)
"""Columns that say who acted on a row, not whose row it is: a foreign key from one of them makes no table a child."""


def classify(
    schema: Schema, declared: Declarations, dialect: str, tenant_columns: Sequence[str] | None = None
) -> Model:
    """The tenancy model of a schema.

    In order: what `tenancy.yaml` declares; a tenant column of its own (OWNED); the table those columns refer to, or
    that is named after them (ROOT); a foreign key to a root, an owned table or a child (CHILD, breadth first, so the
    shortest way to a tenant wins); else UNKNOWN.
    """
    if tenant_columns is None:
        tenant_columns = () if declared.tenant_columns else tenants.tenant_columns(schema)
        if tenant_columns == tenants.DEFAULT:  # nothing in the schema says it: what is declared of one table may
            documents = tenants.document_keys(schema.entities)
            tenant_columns = (*(documents or tenant_columns), *_declared_columns(declared))
    columns = _spelled(schema, (*declared.tenant_columns, *tenant_columns))  # what is declared comes first
    declared = replace(declared, tables=_meant(schema, declared.tables))
    roots = _roots(schema, columns)
    tables: dict[str, Table] = {}
    for key, relation in schema.relations.items():
        tables[key] = _own(key, relation, roots.get(key), columns, declared.tables.get(key))
    for name, declaration in declared.tables.items():
        if name not in tables and name not in schema.views:
            tables[name] = Table(
                name=name,
                ownership=declaration.ownership,
                origin=declaration.origin,
                tenant_column=declaration.column,
                principal_columns=declaration.principal_columns,
            )
    _children(schema, tables, declared)
    _memberships(tables)
    _partitions(schema, tables, declared)
    _documents(schema, tables, columns)
    model = SourceModel(
        schema=schema,
        tables=tables,
        views=dict(schema.views),
        functions=dict(declared.functions),
        settings=declared.settings,
        tenant_columns=tuple(sorted(set(columns))),
        dialect=dialect,
        unread=schema.unread,
    )
    return with_routines(model)


def _meant(schema: Schema, declared: Mapping[str, TableDeclaration]) -> Mapping[str, TableDeclaration]:
    """What is declared, by the names and columns of the schema: in capitals or not, with its schema or without."""
    spelled: dict[str, list[str]] = {}
    for key, relation in schema.relations.items():
        bare = key.rpartition(".")[2]
        for name in {key, bare, f"{relation.schema}.{bare}" if relation.schema else key}:
            spelled.setdefault(name.lower(), []).append(key)
    found: dict[str, TableDeclaration] = {}
    for name, declaration in declared.items():
        exact = name in schema.relations or name in schema.views
        for key in [name] if exact else spelled.get(name.lower()) or [name]:
            stored = schema.relations.get(key)
            columns = {column.lower(): column for column in stored.columns} if stored is not None else {}
            found[key] = replace(
                declaration,
                column=_as_written(declaration.column, columns) if declaration.column is not None else None,
                principal_columns=tuple(_as_written(c, columns) for c in declaration.principal_columns),
            )
    return found


def _as_written(column: str, columns: Mapping[str, str]) -> str:
    return column if column in columns.values() else columns.get(column.lower(), column)


def _partitions(schema: Schema, tables: dict[str, Table], declared: Declarations) -> None:
    """A partition holds rows of its table: it is whose its table is, has its keys and refers to what it refers to."""
    waiting = {
        key: relation.parent_partition
        for key, relation in schema.relations.items()
        if relation.parent_partition in tables and key not in declared.tables
    }
    while waiting:
        ready = [key for key, whole in waiting.items() if whole not in waiting and whole != key]
        for key in ready:
            relation, whole = schema.relations[key], tables[waiting.pop(key) or ""]
            tables[key] = replace(
                whole, name=key, schema=relation.schema, columns={**whole.columns, **relation.columns},
                foreign_keys=tuple(dict.fromkeys((*whole.foreign_keys, *relation.foreign_keys))),
                unique=tuple(dict.fromkeys((*whole.unique, *relation.unique))),
            )  # fmt: skip
        if not ready:
            return


def _documents(schema: Schema, tables: dict[str, Table], columns: Sequence[str]) -> None:
    """Collections whose documents name no tenant and refer to no document that does: whose they are has to be said."""
    keys = {column.replace("_", "").lower() for column in columns}
    roots = {name.lower() for column in columns for name in _named_after(column.lstrip("_"))}
    documents = {entity.table: entity for entity in schema.entities if entity.kind == "mongoose" and entity.columns}
    unnamed = {
        name: entity
        for name, entity in documents.items()
        if keys.isdisjoint(field.replace("_", "").lower() for field in entity.columns) and name.lower() not in roots
    }
    for name, entity in unnamed.items():
        if all(target in unnamed for target in entity.relations.values()):
            origin = replace(entity.origin, why="no field of its documents names a tenant")
            tables.setdefault(name, Table(name=name, ownership=Ownership.UNKNOWN, origin=origin))


def _declared_columns(declared: Declarations) -> tuple[str, ...]:
    """The tenant columns of tables that `tenancy.yaml` calls owned."""
    owned = (Ownership.OWNED, Ownership.SHARED_NULL)
    return tuple(dict.fromkeys(t.column for t in declared.tables.values() if t.column and t.ownership in owned))


def _spelled(schema: Schema, columns: Sequence[str]) -> tuple[str, ...]:
    """The tenant columns, and how the schema spells them: `tenant_id` is `TenantId` where properties are columns."""
    present = {column for relation in schema.relations.values() for column in relation.columns}
    wanted = {column.replace("_", "").lower() for column in columns}
    others = sorted(column for column in present if column.replace("_", "").lower() in wanted)
    return tuple(dict.fromkeys((*columns, *others)))


def _roots(schema: Schema, columns: Sequence[str]) -> Mapping[str, Origin]:
    """Tables that tenant columns refer to, or, if none does, the one named after a tenant column."""
    found: dict[str, Origin] = {}
    for relation in schema.relations.values():
        for fk, origin in zip(relation.foreign_keys, relation.foreign_key_origins, strict=True):
            if len(fk.columns) == 1 and fk.columns[0] in columns and fk.references in schema.relations:
                target = schema.relations[fk.references]
                if target.primary_key and set(fk.referenced_columns or target.primary_key) == set(target.primary_key):
                    found.setdefault(
                        fk.references, replace(origin, why=f"{relation.name}.{fk.columns[0]} refers to it")
                    )
    if found:
        return found
    for column in columns:
        for name in _named_after(column):
            named = schema.relations.get(name)
            if named is not None and len(named.primary_key) == 1:
                found[name] = replace(named.origin, why=f"named after the tenant column {column}")
    return found


def _named_after(column: str) -> tuple[str, ...]:
    stem = column
    for suffix in ("_id", "Id", "_uuid", "_key", "_slug"):
        if column.endswith(suffix):
            stem = column.removesuffix(suffix)
            break
    plural = stem[:-1] + "ies" if stem.endswith("y") else stem + "s"
    title = stem[:1].upper() + stem[1:]
    return tuple(dict.fromkeys((plural, stem, title, title + "s")))


def _own(
    key: str,
    relation: Relation,
    root: Origin | None,
    columns: Sequence[str],
    declaration: TableDeclaration | None,
) -> Table:
    """A table classified by what it has itself; CHILD comes later."""
    table = Table(
        name=key,
        ownership=Ownership.UNKNOWN,
        origin=replace(relation.origin, why="no tenant column and no foreign key to a tenant's table"),
        columns=relation.columns,
        primary_key=relation.primary_key,
        unique=relation.unique,
        foreign_keys=relation.foreign_keys,
        schema=relation.schema,
    )
    above = [fk.columns for fk in relation.foreign_keys if fk.references == key and len(fk.columns) == 1]
    upwards = {column for names in above for column in names}  # the tenant above a tenant
    own = [column for column in columns if column in relation.columns and column not in upwards]
    required = [column for column in own if not relation.columns[column].nullable]
    column = next(iter(required or own), None)
    if declaration is not None:
        principal = declaration.principal_columns
        if declaration.ownership is Ownership.UNKNOWN:
            return replace(_own(key, relation, root, columns, None), principal_columns=principal)
        named: str | None = declaration.column or column
        if declaration.ownership is Ownership.ROOT:
            named = declaration.column or (relation.primary_key[0] if len(relation.primary_key) == 1 else column)
        if declaration.ownership in (Ownership.CHILD, Ownership.GLOBAL):
            named = None
        return replace(
            table,
            ownership=declaration.ownership,
            origin=declaration.origin,
            tenant_column=named,
            principal_columns=principal,
        )
    if root is not None and (column is None or (column,) == relation.primary_key):
        single = relation.primary_key[0] if len(relation.primary_key) == 1 else None
        if ("id",) in relation.unique and single is not None:
            single = "id"  # beside a row number (`pk`) that nothing refers to
        # A tenant's other names (its slug, its domain) say which tenant is meant as well as its key does; those of
        # tenants that are gone may be given to others.
        kept = (i.columns for i in relation.indexes if i.unique and i.partial and _GONE.fullmatch(i.where or ""))
        others = tuple(
            dict.fromkeys(
                key[0]
                for key in (*relation.unique, *kept)
                if len(key) == 1 and key[0] and key not in {relation.primary_key, (single,)}
            )
        )
        return replace(table, ownership=Ownership.ROOT, origin=root, tenant_column=single, principal_columns=others)
    if column is not None:
        origin = relation.column_origins.get(column, relation.origin)
        return replace(table, ownership=Ownership.OWNED, origin=origin, tenant_column=column)
    return table


def _children(schema: Schema, tables: dict[str, Table], declared: Declarations) -> None:
    """Mark as CHILD what a foreign key ties to a tenant, nearest first; a declared child finds its parent here too.

    A key that can be NULL counts only where none that can't leads further: the `signing_key_id` of an application says
    less of whose it is than its `environment_id`.
    """
    reached = {
        name
        for name, table in tables.items()
        if table.ownership in (Ownership.OWNED, Ownership.ROOT, Ownership.SHARED_NULL)
    }
    waiting = {
        name
        for name, table in tables.items()
        if table.ownership in (Ownership.UNKNOWN, Ownership.CHILD) and name in schema.relations
    }
    people = {
        name
        for name, relation in schema.relations.items()
        if tables[name].ownership is not Ownership.ROOT and tenants.personal(relation)
    }
    while waiting:
        parents = {name: _parent(schema.relations[name], reached - {name}, people) for name in sorted(waiting)}
        found = {name: parent for name, parent in parents.items() if parent is not None}
        sure = {name: parent for name, parent in found.items() if not parent[0]}
        ring: dict[str, Table] = {}
        for name, (_, fk, origin) in (sure or found).items():
            table = tables[name]
            stated = name in declared.tables and table.ownership is Ownership.CHILD
            ring[name] = replace(table, ownership=Ownership.CHILD, parent=fk, origin=table.origin if stated else origin)
        if not ring:
            break
        tables.update(ring)
        reached |= ring.keys()
        waiting -= ring.keys()
    for name in waiting:
        table = tables[name]
        made = [
            fk for fk in table.foreign_keys if fk.references in people & reached and _maker(schema.relations[name], fk)
        ]
        if made and name not in declared.tables:
            said = f"{made[0].columns[0]}, which may be NULL, says who made a row of it, not whose it is"
            tables[name] = replace(table, origin=replace(table.origin, why=said))


_CALLER = regex(r"(?:user|member|account|person|profile)(?:_?(?:id|uuid))?", re.IGNORECASE)


_GONE = regex(r"(?:where\s+)?[\"`(]*\w*(?:deleted|removed|archived|deactivated)\w*[\"`]*\s+is\s+null\)*", re.IGNORECASE)
"""The condition of an index on what is still there."""
_MEMBERSHIP = regex(r"member(?:ship)?s?$", re.IGNORECASE)


def _memberships(tables: dict[str, Table]) -> None:
    """Tables whose key is (somebody, something owned), or that are called members of something: the somebody says whose
    rows these are, as a caller's own key.

    A membership of a tenant, a collaborator of a document: rows found by their user are that user's.
    """
    for name, table in tables.items():
        if table.principal_columns or table.ownership not in (Ownership.OWNED, Ownership.CHILD):
            continue
        wider = tuple(
            fk.columns[0]
            for fk in table.foreign_keys
            if table.ownership is Ownership.OWNED
            and len(fk.columns) == 1
            and fk.columns[0] != table.tenant_column
            and fk.columns[0].lower() not in WHO_DID_IT
            and (parent := tables.get(fk.references)) is not None
            and parent.ownership is Ownership.ROOT
        )
        if wider:  # it names a tenant too, of another level or under another name
            tables[name] = replace(table, principal_columns=wider)
            continue
        tied = {fk.columns[0] for fk in table.foreign_keys if len(fk.columns) == 1} | {table.tenant_column}
        for key in (table.primary_key, *table.unique):
            people = [c for c in key if _CALLER.fullmatch(c) and c != table.tenant_column]
            if len(key) == 2 and len(people) == 1 and set(key) - set(people) <= tied:
                tables[name] = replace(table, principal_columns=(people[0],))
                break
        else:
            somebody = [
                column
                for column in table.columns
                if _CALLER.fullmatch(column) and column not in WHO_DID_IT and (column,) != table.primary_key
            ]
            if table.ownership is Ownership.OWNED and _MEMBERSHIP.search(name) and len(somebody) == 1:
                tables[name] = replace(table, principal_columns=(somebody[0],))


def _named_for(column: str, table: str) -> bool:
    stem = re.sub(r"_?(?:id|uuid|key|pk)$", "", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column).lower())
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", table.rpartition(".")[2]).lower()
    ends = next((end for end in ("ies", "ses", "s") if name.endswith(end)), "")
    singular = name.removesuffix(ends) + {"ies": "y", "ses": "s"}.get(ends, "")
    joined = len(stem) > 4 and "_" not in singular and singular.endswith(stem)  # `service_id` of topologyservice
    return bool(stem) and (stem in {singular, name} or singular.endswith(f"_{stem}") or joined)


_MAKER = regex(r"(?:user|person|profile)_?(?:id|uuid)?", re.IGNORECASE)


def _maker(relation: Relation, key: ForeignKey) -> bool:
    """Whether a foreign key to people names who made a row, if anybody did: a `user_id` that may be NULL."""
    column = relation.columns.get(key.columns[0]) if len(key.columns) == 1 else None
    return column is not None and column.nullable and _MAKER.fullmatch(key.columns[0]) is not None


def _parent(relation: Relation, reached: set[str], people: set[str]) -> tuple[bool, ForeignKey, Origin] | None:
    """The foreign key that says whose row it is, and whether it can be NULL: one that can't before one that can.

    One that can be NULL must be named for its table (`boat_id` of boats): an `avatar_file_id` makes no child.
    """
    usable: list[tuple[bool, int, ForeignKey, Origin]] = []
    for position, (fk, origin) in enumerate(zip(relation.foreign_keys, relation.foreign_key_origins, strict=True)):
        made = any(column.lower() in WHO_DID_IT for column in fk.columns)
        if fk.references in reached and not made and not (fk.references in people and _maker(relation, fk)):
            nullable = any(relation.columns[c].nullable for c in fk.columns if c in relation.columns)
            if not nullable or len(fk.columns) > 1 or _named_for(fk.columns[0], fk.references):
                usable.append((nullable, position, fk, origin))
    if not usable:
        return None
    nullable, _, fk, origin = min(usable, key=lambda item: item[:2])
    return nullable, fk, origin
