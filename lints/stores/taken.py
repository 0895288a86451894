"""A row that was loaded and takes an object as a whole: the columns that say whose it is, the update it stands for."""

from __future__ import annotations

from collections.abc import Collection

from lints.stores.orm_sql import Builder
from lints.tenancy import Ownership

_MAX_DEPTH = 6


def of_tenant(builder: Builder) -> Collection[str]:
    """The columns of a table that say whose its rows are; none of a table that is no tenant's, or that of tenants."""
    known = builder.model.tables.get(builder.table)
    if known is None or known.ownership not in {Ownership.OWNED, Ownership.SHARED_NULL, Ownership.CHILD}:
        return ()
    if known.ownership is Ownership.CHILD:
        return known.parent.columns if known.parent is not None else ()
    return (known.tenant_column,) if known.tenant_column is not None else ()


def others(builder: Builder) -> list[tuple[str, str]]:
    """What an update sets that leaves alone whose its rows are: a column that says nothing of that, if there is one."""
    known = builder.model.tables.get(builder.table)
    keys = {*of_tenant(builder), *(known.primary_key if known is not None else ())}
    keys |= {column for key in (known.foreign_keys if known is not None else ()) for column in key.columns}
    column = next((name for name in (known.columns if known is not None else ()) if name not in keys), None)
    return [(column, builder.parameter())] if column is not None else []


def unseen(builder: Builder) -> list[str | None]:
    """An update of a row in its tenant to what can't be seen: where it is loaded is judged by itself."""
    confined = _confined(builder, builder.table)
    if confined is None:
        return []
    builder.where[:] = [confined]
    return [builder.update([], whole=True)]


def _confined(builder: Builder, table: str, depth: int = 0) -> str | None:
    """The condition that a row is the caller's, by the tables that it belongs to."""
    known = builder.model.tables.get(table)
    if known is None or depth > _MAX_DEPTH:
        return None
    if known.tenant_column is not None:
        return f"{builder.qualified(known.tenant_column, table)} = {builder.parameter()}"
    above = known.parent
    inner = _confined(builder, above.references, depth + 1) if above is not None and len(above.columns) == 1 else None
    if above is None or inner is None or above.references == table:
        return None
    key = (above.referenced_columns or ("id",))[0]
    tie = f"{builder.qualified(key, above.references)} = {builder.qualified(above.columns[0], table)}"
    return f"EXISTS (SELECT 1 FROM {builder.ident(above.references)} WHERE {tie} AND {inner})"  # noqa: S608 - judged only
