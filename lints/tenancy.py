"""The tenancy model: which table belongs to which tenant, and where each of these facts was read.

`Model` is what everything else in this package is judged against. It is derived from migrations and ORM models
(`lints.schema`) and overridden, with a reason, by an organisation's `tenancy.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Ownership(StrEnum):
    """Who owns the rows of a table."""

    OWNED = "owned"  # a column of its own names the tenant
    ROOT = "root"  # the table of tenants itself; its primary key is the tenant
    CHILD = "child"  # belongs to a tenant only through a foreign key to an owned table, a root or another child
    GLOBAL = "global"  # reference data, the same for every tenant (declared, with a reason)
    SHARED_NULL = "shared_null"  # owned, but rows whose tenant is NULL are meant for everyone (declared)
    UNKNOWN = "unknown"  # not classified: a finding of its own, once per table


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a fact was read. `why` is one clause a person can check."""

    path: str
    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column; `type` is the SQL type as written, lower-cased. `default` is its SQL text, if any."""

    name: str
    type: str = ""
    nullable: bool = True
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """`columns` refer to `references(referenced_columns)`; it carries the tenant if tenant columns are among them."""

    columns: tuple[str, ...]
    references: str
    referenced_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as the migrations leave it. `unique` holds the primary key too, each as a tuple of columns.

    `tenant_column` is set for OWNED, SHARED_NULL and ROOT (the primary key). `parent` is the foreign key that makes a
    CHILD one. Names are folded as the dialect folds unquoted identifiers (PostgreSQL: lower case).
    """

    name: str
    ownership: Ownership
    origin: Origin
    columns: Mapping[str, Column] = field(default_factory=dict)
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    tenant_column: str | None = None
    parent: ForeignKey | None = None
    principal_columns: tuple[str, ...] = ()
    """Columns that identify the caller (a membership's user, an API key's hash): equality on one scopes weakly."""
    schema: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view and the query it stands for, so that a statement on it is judged on its definition."""

    name: str
    sql: str
    origin: Origin
    materialized: bool = False
    security_invoker: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A stored function declared in `tenancy.yaml` as scoped by one of its arguments (0-based)."""

    name: str
    tenant_argument: int
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The tenancy model of a project.

    `settings` are session settings that hold the tenant (`app.tenant_id`); a comparison with
    `current_setting('app.tenant_id')` is a comparison with the caller's tenant.
    """

    tables: Mapping[str, Table]
    views: Mapping[str, View] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    tenant_columns: tuple[str, ...] = ("tenant_id",)
    dialect: str = "postgres"
    unread: tuple[Origin, ...] = ()
    """Schema statements or files that could not be understood: the model may be incomplete there."""
