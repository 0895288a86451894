"""What the schema sources say, before anybody decides who owns a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lints.extract.facts import Helper
from lints.tenancy import Column, ForeignKey, Model, Origin, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table as read, without its classification. `column_origins` says where each column came from."""

    name: str
    schema: str | None
    origin: Origin
    columns: Mapping[str, Column]
    column_origins: Mapping[str, Origin]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    keys: tuple[Key, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    foreign_key_names: tuple[str, ...] = ()
    foreign_key_origins: tuple[Origin, ...] = ()
    indexes: tuple[Index, ...] = ()
    parent_partition: str | None = None
    row_security: RowSecurity | None = None
    owner: str | None = None
    """The role that `ALTER TABLE … OWNER TO` names, if any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A unique constraint or index, or the primary key; `columns` holds the empty string for an expression."""

    name: str
    columns: tuple[str, ...]
    origin: Origin
    primary: bool = False
    index: Index | None = None
    """The index that CREATE UNIQUE INDEX made, if it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index; `columns` holds plain columns only, an expression is an empty string. `partial`: it has a WHERE.

    `parts` and `where` are SQL text, for whoever wants to make it again.
    """

    name: str
    columns: tuple[str, ...]
    unique: bool
    partial: bool
    origin: Origin
    parts: tuple[str, ...] = ()
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSecurity:
    """PostgreSQL row-level security of a table as the migrations leave it."""

    enabled: bool
    forced: bool
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A row-level security policy. `command` is lower case (`all`, `select`, …); expressions are SQL text."""

    name: str
    table: str
    command: str
    permissive: bool
    roles: tuple[str, ...]
    using: str | None
    check: str | None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The policies that confine a table, and the session settings they compare with."""

    policies: tuple[str, ...]
    context: str
    forced: bool = True
    """Whether they bind the table's owner too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine:
    """A stored function or procedure. `definer`: it runs with its owner's rights; `pinned`: its search_path is set."""

    name: str
    definer: bool
    pinned: bool
    sql: str
    origin: Origin
    language: str = ""
    body: str | None = None
    """The statements of its body; None if they are not to be seen (C, Python, a body in a file)."""
    body_line: int = 1
    arguments: str = ""
    """As written between the parentheses."""
    trigger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A database role as the scripts leave it. `origin` is the statement that last gave or took a power."""

    name: str
    origin: Origin
    superuser: bool = False
    bypasses: bool = False
    """BYPASSRLS."""
    member_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Privileges on tables that one GRANT gave to one role and no later REVOKE took back.

    `privileges` maps a table to what is granted on it, lower case and sorted; `*` is every table made later in `schema`
    (ALTER DEFAULT PRIVILEGES).
    """

    role: str
    privileges: Mapping[str, tuple[str, ...]]
    origin: Origin
    schema: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """A declared association of an ActiveRecord model: from its rows to those of `target`, a class as it is written.

    `key` is the foreign key: of this table for `belongs_to`, else of the other one (for `habtm` of the `join` table).
    """

    kind: str
    """belongs_to, has_many, has_one or habtm."""
    target: str
    key: str = ""
    type: str = ""
    """The column that names the class, if it is polymorphic."""
    through: str = ""
    source: str = ""
    join: str = ""
    primary: str = ""
    """The column that the foreign key refers to, if it is not the primary key."""
    opens: bool = False
    """Its own scope may take conditions away, or can't be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A class or model of an ORM that stands for a table.

    `columns` are by attribute, `relations` by attribute to the entity related.
    """

    name: str
    table: str
    kind: str
    """The ORM: prisma, django, sqlalchemy, typeorm, drizzle, jpa, ef, gorm, eloquent."""
    columns: Mapping[str, str]
    relations: Mapping[str, str]
    origin: Origin
    reverse: Mapping[str, str] = field(default_factory=dict)
    """Names under which other entities' foreign keys lead back here, to those entities (Django's related_name)."""
    scopes: Mapping[str, str] = field(default_factory=dict)
    """Columns that the ORM itself compares in every query of the entity, each with the place that says so; `*` is the
    tenant's column, compared by something that is not in the project."""
    methods: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Conditions that have a name (local scopes) and the columns they compare, `~` before one that is only mentioned.
    Marks come first: `?`, on some paths only; `!`, it gives rows and not the query."""
    condition: str = ""
    """The condition that the ORM puts on every query, as written (`b => b.TenantId == tenant`)."""
    associations: Mapping[str, Association] = field(default_factory=dict)
    """What an instance leads to, by name (ActiveRecord)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Everything that was read. Keys are folded names; a table outside the default schema is `schema.name`
    only where its bare name is taken."""

    relations: Mapping[str, Relation] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    policies: tuple[Policy, ...] = ()
    routines: tuple[Routine, ...] = ()
    roles: Mapping[str, Role] = field(default_factory=dict)
    grants: tuple[Grant, ...] = ()
    assembled: tuple[Origin, ...] = ()
    """Where row security or policies are put together at run time, so that their state is not known."""
    entities: tuple[Entity, ...] = ()
    helpers: tuple[Helper, ...] = ()
    """Functions that give conditions or queries."""
    unread: tuple[Origin, ...] = ()
    files: tuple[str, ...] = ()
    """The schema sources that were read, in the order they were applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceModel(Model):
    """The tenancy model of a project with the schema it was derived from: entities, policies, indexes."""

    schema: Schema = field(default_factory=Schema)
    hiding: Mapping[str, str] = field(default_factory=dict)
    """Stored functions whose call touches tenants' rows out of sight, each with what and where."""
    harmless: tuple[str, ...] = ()
    """Stored functions that were read and touch no tenant's row."""
    guarded: Mapping[str, Guard] = field(default_factory=dict)
    """Tables whose policies confine every row that is read or written, if somebody asked (`lints.ddl.guards`)."""
