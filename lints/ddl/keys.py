"""Keys and columns that don't keep tenants apart: TENDDL010 to 013. In every dialect, with or without policies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from lints.ddl.result import Finding
from lints.ddl.subject import Subject, quoted
from lints.patterns import regex
from lints.schema.classify import WHO_DID_IT
from lints.schema.facts import Key, Relation
from lints.tenancy import Column, ForeignKey, Ownership, Table

_WITH_COLUMN = frozenset({Ownership.OWNED, Ownership.SHARED_NULL})
_SECRET = regex(
    r"(?:token|hash|secret|digest|checksum|sha(?:256|512)?|nonce|salt|signature|password|fingerprint)(?:_?\w{0,3})?$"
    r"|(?:^|_)(?:hash(?:ed)?|hmac|encrypted|salted)_"
    r"|(?:api|access|secret|private|public|signing|encryption|licen[cs]e|share|invite|invitation|activation|recovery"
    r"|confirmation|verification|reset)_?(?:key|code)$"
)
"""Of names in small letters, their words parted."""
_MADE_UP = regex(r"(?:^|_)(?:uuid|guid|ulid|cuid|nano_?id)(?:$|_)")
_COUNTED = regex(r"serial|identity|autoincrement|auto_increment|nextval")
_RANDOM = regex(
    r"identity|uuid|ulid|cuid|nanoid|random|newid|newsequentialid|gen_|generate|autoincrement|nextval|objectid"
)
_UUID_TYPES = regex(r"uuid|uniqueidentifier|guid|ulid")


def findings(subject: Subject) -> Iterator[Finding]:
    """All of them, table by table; a partition is judged with its parent."""
    for name, table in subject.owned.items():
        if name in subject.partitions:
            continue
        relation = subject.relation(name)
        if table.ownership is Ownership.OWNED:
            yield from _nullable(subject, name, table)
        if table.ownership in _WITH_COLUMN:
            yield from _index(subject, name, table, relation)
        if table.ownership is not Ownership.ROOT:
            yield from _unique(subject, name, table, relation)
            yield from _foreign(subject, name, table, relation)


def _nullable(subject: Subject, name: str, table: Table) -> Iterator[Finding]:
    column = table.columns.get(table.tenant_column or "")
    if column is None or not column.nullable or column.name in table.primary_key:
        return
    origin = subject.relation(name).column_origins.get(column.name, table.origin)
    yield Finding(
        rule="TENDDL010",
        subject=f"{name}.{column.name}",
        table=name,
        why=f"{name}.{column.name} may be NULL: a row without a tenant belongs to nobody, and is found by whoever asks"
        " for rows without one",
        fix=_not_null(subject, name, column),
        origin=replace(origin, why=f"{column.name} is declared without NOT NULL"),
        owned_because=table.origin,
    )


def _not_null(subject: Subject, name: str, column: Column) -> str:
    table, own = subject.named(name), quoted(column.name)
    if subject.dialects[name] == "mysql":
        return f"ALTER TABLE {table} MODIFY {own} {column.type or '/* its type */'} NOT NULL;"
    if subject.dialects[name] == "tsql":
        return f"ALTER TABLE {table} ALTER COLUMN {own} {column.type or '/* its type */'} NOT NULL;"
    if subject.dialects[name] == "sqlite":
        return f"-- SQLite can't alter a column: rebuild {table} with {own} {column.type.upper()} NOT NULL"
    return f"ALTER TABLE {table} ALTER COLUMN {own} SET NOT NULL;"


def _index(subject: Subject, name: str, table: Table, relation: Relation) -> Iterator[Finding]:
    column = table.tenant_column
    if column is None or column not in table.columns:
        return
    leading = {key.columns[0] for key in relation.keys if key.columns} | {
        index.columns[0] for index in relation.indexes if index.columns
    }
    if subject.dialects[name] == "mysql":
        leading |= {fk.columns[0] for fk in relation.foreign_keys if fk.columns}  # InnoDB makes one for each
    if column in leading:
        return
    plain = quoted(f"{relation.name}_{column}_idx")
    yield Finding(
        rule="TENDDL011",
        subject=name,
        table=name,
        why=f"no index of {name} begins with {column}: a statement that is tied to a tenant reads all tenants'"
        " rows, which is a reason to leave the condition out",
        fix=f"CREATE INDEX {plain} ON {subject.named(name)} ({quoted(column)});",
        origin=replace(relation.origin, why=f"{name} is created here"),
        owned_because=table.origin,
    )


def _unique(subject: Subject, name: str, table: Table, relation: Relation) -> Iterator[Finding]:
    own = {table.tenant_column, *(c for c in subject.model.tenant_columns if c in table.columns)}
    bound = {fk.columns for fk in relation.foreign_keys if fk.references in subject.owned}
    seen: set[tuple[str, ...]] = set()
    for key in relation.keys:
        plain = [column for column in key.columns if column]
        if key.columns in seen or own & set(plain):
            continue
        seen.add(key.columns)
        if any(set(columns) <= set(plain) for columns in bound):
            continue  # the parent's key is in it, and the parent is one tenant's
        if key.primary and len(plain) == 1:
            continue  # made by the database or the application, not chosen by a customer
        if plain and any(_random(table.columns.get(column), column) for column in plain):
            continue
        yield _spanning(subject, name, table, relation, key)


def _random(column: Column | None, name: str) -> bool:
    """Whether values of a column are made up at random or counted by the database, so that nobody can choose one."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    if _SECRET.search(name.lower()) or _SECRET.search(parted) or _MADE_UP.search(parted):
        return True
    if column is None:
        return False
    counted = _UUID_TYPES.search(column.type) or _COUNTED.search(column.type)
    return bool(counted or (column.default and _RANDOM.search(column.default.lower())))


def _spanning(subject: Subject, name: str, table: Table, relation: Relation, key: Key) -> Finding:
    shown = ", ".join(column or "an expression" for column in key.columns) or "an expression"
    what = "primary key" if key.primary else "unique key"
    tenant = table.tenant_column
    named = subject.named(name)
    old = quoted(key.name or f"{relation.name}_pkey")
    parts = key.index.parts if key.index is not None and len(key.index.parts) == len(key.columns) else key.columns
    listed = ", ".join(quoted(column) if column else part for column, part in zip(key.columns, parts, strict=True))
    if tenant is None:
        fix = f"-- give {named} the tenant column first, then make the key (tenant, {listed})"
    elif key.index is not None:
        more = f" {key.index.where}" if key.index.where is not None else ""
        fix = f"DROP INDEX {old};\nCREATE UNIQUE INDEX {old} ON {named} ({quoted(tenant)}, {listed}){more};"
        if subject.dialects[name] == "mysql":
            fix = f"ALTER TABLE {named} DROP INDEX {old}, ADD UNIQUE {old} ({quoted(tenant)}, {listed});"
    elif subject.dialects[name] == "sqlite":
        fix = f"-- SQLite can't change a constraint: rebuild {named} with UNIQUE ({quoted(tenant)}, {listed})"
    elif key.primary:
        fix = f"ALTER TABLE {named} DROP CONSTRAINT {old}, ADD PRIMARY KEY ({quoted(tenant)}, {listed});"
    elif subject.dialects[name] == "mysql":
        fix = f"ALTER TABLE {named} DROP INDEX {old}, ADD UNIQUE {old} ({quoted(tenant)}, {listed});"
    else:
        fix = f"ALTER TABLE {named} DROP CONSTRAINT {old}, ADD CONSTRAINT {old} UNIQUE ({quoted(tenant)}, {listed});"
    return Finding(
        rule="TENDDL012",
        subject=f"{name} ({', '.join(key.columns) if all(key.columns) else key.name})",
        table=name,
        why=f"the {what} ({shown}) of {name} is one for all tenants: a taken value tells that another tenant has it,"
        " and whoever comes first keeps the others from it",
        fix=fix,
        origin=key.origin,
        owned_because=table.origin,
    )


def _foreign(subject: Subject, name: str, table: Table, relation: Relation) -> Iterator[Finding]:
    for fk, label, origin in zip(
        relation.foreign_keys, relation.foreign_key_names, relation.foreign_key_origins, strict=True
    ):
        parent = subject.owned.get(fk.references)
        if parent is None or parent.ownership is Ownership.ROOT or fk.columns == (table.tenant_column,):
            continue
        if all(column.lower() in WHO_DID_IT for column in fk.columns):
            continue  # who acted, not whose row it is: people of another tenant may act, support for one
        if fk == table.parent or _carries(subject, table, parent, fk):
            continue
        yield Finding(
            rule="TENDDL013",
            subject=f"{name} ({', '.join(fk.columns)}) -> {fk.references}",
            table=name,
            why=f"the foreign key ({', '.join(fk.columns)}) of {name} does not carry the tenant: a row can refer to"
            f" another tenant's row of {fk.references}",
            fix=_composite(subject, name, table, parent, fk, label),
            origin=origin,
            owned_because=table.origin,
        )


def _carries(subject: Subject, table: Table, parent: Table, fk: ForeignKey) -> bool:
    pairs = dict(zip(fk.columns, fk.referenced_columns, strict=False))
    shared = [c for c in pairs if c == table.tenant_column or c in subject.model.tenant_columns]
    return any(pairs[column] in {parent.tenant_column, *subject.model.tenant_columns} for column in shared)


def _composite(subject: Subject, name: str, table: Table, parent: Table, fk: ForeignKey, label: str) -> str:
    own, theirs = table.tenant_column, parent.tenant_column
    here, there = subject.named(name), subject.named(fk.references)
    if own is None or theirs is None:
        lacking = " and ".join(n for n, column in ((here, own), (there, theirs)) if column is None)
        return f"-- give {lacking} the tenant column first, then make the foreign key (tenant, {', '.join(fk.columns)})"
    columns = ", ".join(map(quoted, (own, *fk.columns)))
    referenced = (theirs, *(fk.referenced_columns or parent.primary_key))
    listed = ", ".join(map(quoted, referenced))
    made = f"ADD CONSTRAINT {quoted(label)} FOREIGN KEY ({columns}) REFERENCES {there} ({listed})"
    if subject.dialects[name] == "sqlite":
        wanted = f"FOREIGN KEY ({columns}) REFERENCES {there} ({listed})"
        return f"-- SQLite can't change a constraint: rebuild {here} with {wanted}"
    lines = []
    if set(referenced) not in [set(key) for key in (parent.primary_key, *parent.unique)]:
        key = quoted(f"{parent.name.rpartition('.')[2]}_{'_'.join(referenced)}_key")
        lines.append(f"ALTER TABLE {there} ADD CONSTRAINT {key} UNIQUE ({listed});")
    old = "FOREIGN KEY" if subject.dialects[name] == "mysql" else "CONSTRAINT"
    lines.append(f"ALTER TABLE {here} DROP {old} {quoted(label)}, {made};")
    return "\n".join(lines)
