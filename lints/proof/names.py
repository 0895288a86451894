"""Names: what a table's name in a statement stands for, with the model's schema and the dialect's folding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

from lints.proof.facets import facets
from lints.proof.ir import TENANT, Unsupported
from lints.tenancy import Model, Ownership, Table, View

_FOLDED = frozenset(
    {"sqlite", "tsql", "mysql", "bigquery", "snowflake", "oracle", "redshift", "duckdb", "spark", "trino"}
)
"""Dialects in which column names match whatever their case, quoted or not (nearly so in those of `_UPPER`)."""
_UPPER = frozenset({"snowflake", "oracle"})
"""Dialects that fold names to capitals: a quoted name with small letters is another one."""
_PLACES = {"postgres": "ctid", "sqlite": "rowid", "oracle": "rowid"}
"""Hidden columns that tell every row of a table from the others while a statement runs."""
_TRUSTING = frozenset({"clickhouse", "bigquery", "snowflake", "redshift", "spark", "trino"})
"""Engines that take keys for a promise and don't enforce them."""
_TENANTS = frozenset(
    {"tenant", "org", "organization", "organisation", "account", "workspace", "company", "customer", "team", "jwt"}
)
"""Words in the names of settings and functions that hold the caller's tenant."""
_CATALOGS = frozenset({"pg_catalog", "information_schema", "sys", "performance_schema", "system", "pg_temp", "mysql"})
_CATALOG_TABLES = frozenset(
    {"sqlite_master", "sqlite_schema", "sqlite_sequence", "sqlite_temp_master", "dual", "inserted", "deleted"}
)


_NOBODYS = frozenset({Ownership.GLOBAL, Ownership.UNKNOWN})
_NONE: frozenset[str | None] = frozenset()


def _are_members(table: Table) -> bool:
    return table.name.lower().endswith(("member", "members", "membership", "memberships"))


def _refers(table: Table, to: Table) -> bool:
    return any(key.references == to.name for key in table.foreign_keys)


class Bond(NamedTuple):
    """A reference to a parent row. `via` maps each key of the parent that the reference covers to the own columns."""

    parent: Table
    via: Mapping[tuple[str, ...], tuple[str, ...]]


class Shape:
    """What matters of a table: its tenant, its keys, and the references its rows take their tenant from."""

    __slots__ = (
        "also", "carried", "child", "columns", "domain", "further", "keys", "known", "level", "names", "nullable",
        "own", "place", "principal", "referring", "table", "tenant", "trusted", "wider",
    )  # fmt: skip

    def __init__(self, index: Index, table: Table) -> None:
        loose = index.loose
        self.table = table.name
        self.columns = frozenset(map(loose, table.columns)) if table.columns else None
        """All column names; None if the model does not list them."""
        named = [table.primary_key, *table.unique, *(k.columns for k in table.foreign_keys)]
        self.known = (self.columns or frozenset()) | {loose(c) for key in named for c in key}
        primary = {loose(c) for c in table.primary_key}
        stated = {loose(name): column.nullable for name, column in table.columns.items()}
        self.nullable = frozenset(c for c in self.known if c not in primary and stated.get(c, True))
        self.keys: tuple[tuple[str, ...], ...] = tuple(
            dict.fromkeys(tuple(map(loose, key)) for key in (table.primary_key, *table.unique) if key)
        )
        if index.place is not None:  # where a row is stored says which row it is
            self.known |= {index.place}
            self.keys += ((index.place,),)
        self.place: str | None = None
        """What the place of a row is also called: SQLite's INTEGER PRIMARY KEY is its rowid."""
        if index.dialect == "sqlite" and len(table.primary_key) == 1:
            key = table.columns.get(table.primary_key[0])
            self.place = loose(table.primary_key[0]) if key is not None and key.type == "integer" else None
        self.principal = tuple(map(loose, table.principal_columns))
        self.wider: tuple[str, ...] = ()
        """Those of them that name the tenant of a wider level."""
        self.own: str | None = None
        """The column that names the tenant of a row, if it has one of its own."""
        if table.tenant_column is not None:
            self.own = loose(table.tenant_column)
            self.known |= {self.own}
        elif table.ownership is Ownership.ROOT and len(table.primary_key) == 1:
            self.own = loose(table.primary_key[0])
        elif table.ownership is Ownership.CHILD and index.enforces:
            self.own = _carried(index, table)
        self.tenant = TENANT if table.ownership is Ownership.CHILD and self.own is None else self.own
        """The column that stands for the tenant of a row, perhaps the pseudo-column."""
        if table.ownership in (Ownership.GLOBAL, Ownership.UNKNOWN):
            self.tenant = None
        self.level = index.levels.get(id(table)) if table.ownership is Ownership.OWNED else None
        """The key, if other tables name their tenant by it: a row is a tenant of a narrower level."""
        is_tenant = table.ownership is Ownership.ROOT or self.level is not None
        unique = (*self.keys, *((n,) for n in self.principal if table.ownership is Ownership.ROOT))
        self.names = tuple(k for k in unique if is_tenant and k not in ((index.place,), (self.level or self.own,)))
        """What is unique among tenants beside their key."""
        self.referring = _referring(index, table) - {self.own} if self.names else _NONE
        """Columns of a tenant that name a row of another table, which is no tenant."""
        self.also = tuple(sorted((index.tenant_names & self.known) - {self.own or ""}))
        """Columns that name a tenant of another level."""
        self.wider = tuple(name for name in self.principal if name in self.also)
        self.principal = tuple(name for name in self.principal if name not in self.also)
        self.domain = index.domains.get(self.own or "", self.own or table.name)
        """Whose values the tenant column holds: the table it refers to, or its own name."""
        self.child: Bond | None = None
        self.further: tuple[Bond, ...] = ()
        """Of a child by a key of several columns: the parents of its parent that some of these columns name too."""
        self.carried: tuple[Bond, ...] = ()
        """Foreign keys that carry the tenant: the referenced row has the same one."""
        self.trusted: tuple[Bond, ...] = ()
        """Other foreign keys between owned tables."""
        self._bonds(index, table)

    def _bonds(self, index: Index, table: Table) -> None:
        for key in dict.fromkeys((*((table.parent,) if table.parent else ()), *table.foreign_keys)):
            parent = index.table(index.loose(key.references))
            if parent is None or parent.ownership in (Ownership.GLOBAL, Ownership.UNKNOWN):
                continue
            referenced = tuple(map(index.loose, key.referenced_columns or parent.primary_key))
            pairs = dict(zip(referenced, map(index.loose, key.columns), strict=False))
            keys = [tuple(map(index.loose, k)) for k in (parent.primary_key, *parent.unique, referenced) if k]
            bond = Bond(parent, {k: tuple(pairs[c] for c in k) for k in keys if all(c in pairs for c in k)})
            theirs = parent.tenant_column or (parent.primary_key[0] if len(parent.primary_key) == 1 else "")
            if table.ownership is Ownership.CHILD and key == table.parent and self.own is None:
                self.child = bond
                self.further = tuple(self._above(index, parent, pairs)) if index.enforces else ()
            elif parent.ownership is Ownership.ROOT or self.tenant is None or set(pairs.values()) == {self.own}:
                continue  # the tenant column itself
            elif self.own is not None and pairs.get(index.loose(theirs)) == self.own and parent.tenant_column:
                if self.own not in self.nullable and index.enforces:
                    self.carried += (bond,)
                else:
                    self.trusted += (bond,)
            else:
                self.trusted += (bond,)

    def _above(self, index: Index, parent: Table, pairs: Mapping[str, str]) -> Iterator[Bond]:
        """An item by (order, line) is the order's too, as the line is: its key says that there is such a line."""
        for _ in range(_HEIGHT):
            key = parent.parent
            if key is None or parent.ownership is not Ownership.CHILD or not self.nullable.isdisjoint(pairs.values()):
                return
            parent_columns = tuple(map(index.loose, key.columns))
            above = index.table(index.loose(key.references))
            if above is None or len(pairs) < 2 or not pairs.keys() >= set(parent_columns):
                return
            referenced = tuple(map(index.loose, key.referenced_columns or above.primary_key))
            pairs = {theirs: pairs[own] for theirs, own in zip(referenced, parent_columns, strict=False)}
            yield Bond(above, {referenced: tuple(pairs[column] for column in referenced)})
            parent = above


_HEIGHT = 8
"""Parents of parents that are followed."""


def _referring(index: Index, table: Table) -> frozenset[str | None]:
    others = [(key, index.table(index.loose(key.references))) for key in table.foreign_keys]
    return frozenset(
        index.loose(column)
        for key, parent in others
        if parent is None or (parent is not table and parent.ownership is not Ownership.ROOT)
        for column in key.columns
    )


def _carried(index: Index, table: Table) -> str | None:
    """The column of a child that its foreign key ties to the tenant column of its parent: as good as one of its own."""
    key = table.parent
    parent = index.table(index.loose(key.references)) if key is not None else None
    if key is None or parent is None or parent.tenant_column is None or parent.ownership is not Ownership.OWNED:
        return None
    pairs = zip(key.referenced_columns or parent.primary_key, key.columns, strict=False)
    found = next((own for theirs, own in pairs if index.loose(theirs) == index.loose(parent.tenant_column)), None)
    return index.loose(found) if found is not None and len(key.columns) > 1 else None


class Index:
    """A model, indexed for lookups in one dialect."""

    def __init__(self, model: Model, dialect: str) -> None:
        self.model = model
        self.dialect = dialect
        self.folds = dialect in _FOLDED
        self.keeps = dialect == "clickhouse"
        self.capitals = frozenset(_capitals(model)) if dialect in _UPPER else frozenset()
        """The lower case of names that exist in capitals only."""
        self.enforces = dialect not in _TRUSTING
        """Whether the engine enforces keys at all."""
        self.place = _PLACES.get(dialect)
        self.tables: dict[str, Table] = {}
        self.views: dict[str, View] = {}
        self.parsed_views: dict[str, Any] = {}
        self.view_columns: dict[str, list[str]] = {}
        for key, table in model.tables.items():
            for name in {key, table.name, f"{table.schema}.{table.name}" if table.schema else table.name}:
                self.tables.setdefault(self.loose(name), table)
        self.tables.update({name: table for name, table in _twins(self.tables).items() if name not in self.tables})
        for key, view in model.views.items():
            for name in {key, view.name}:
                self.views.setdefault(self.loose(name), view)
        self.tenanted = any(t.ownership not in _NOBODYS for t in model.tables.values())
        """Whether the model knows any tenant at all: without one, that a table names none says nothing."""
        self.levels: dict[int, str] = {}
        self.domains: dict[str, str] = {}
        for table in model.tables.values():
            if table.ownership is Ownership.ROOT and len(table.primary_key) == 1:
                self.domains.setdefault(self.loose(table.primary_key[0]), table.name)
            for reference in table.foreign_keys:
                parent = self.table(self.loose(reference.references))
                if reference.columns == (table.tenant_column,) and parent is not None and parent is not table:
                    referenced = reference.referenced_columns or parent.primary_key
                    if len(parent.primary_key) == 1 and tuple(referenced) == parent.primary_key:
                        self.levels[id(parent)] = self.loose(parent.primary_key[0])
                        self.domains[self.loose(reference.columns[0])] = parent.name
        self.functions = {name.lower(): f for name, f in model.functions.items()}
        self.hiding: dict[str, str] = {n.lower(): why for n, why in getattr(model, "hiding", {}).items()}
        """Stored functions whose call touches tenants' rows out of sight."""
        self.bodies: Mapping[str, Any] = {}
        """Stored functions that are one query each (`lints.proof.inlined`)."""
        self.read_bodies: dict[str, Any] = {}
        self.routines: Mapping[str, Any] = {}
        """Stored routines of one form, by name in small letters."""
        self.scripts: dict[str, Any] = {}
        """Their statements (`lints.proof.scripts`), once they were asked for."""
        self.calling: list[str] = []
        """The procedures that are being judged, the outermost first."""
        self.called = 0
        """Statements that were judged for the outermost of them."""
        self.guarded: Mapping[str, Any] = getattr(model, "guarded", {})
        """Tables whose policies confine their rows (`lints.schema.facts.Guard`)."""
        self.harmless = frozenset(n.lower() for n in getattr(model, "harmless", ()))
        self.proofs: dict[tuple[str, int], tuple[Any, ...]] = {}
        """The proofs of the last texts."""
        self.steps: dict[tuple[Any, ...], tuple[int, list[tuple[Any, tuple[Any, ...]]]]] = {}
        """What may follow from the keys of some rows (`facts.Closure`), and what it costs to find out."""
        self._shapes: dict[int, Shape] = {}
        self._memberships: list[Table] | None = None
        self.tenant_names = frozenset(self.loose(c) for c in model.tenant_columns)
        self.settings = frozenset(s.lower() for s in model.settings)
        stems = {c.lower().replace("_", "").removesuffix("id") for c in model.tenant_columns}
        self.stems = frozenset(s for s in stems if len(s) > 2) | _TENANTS

    @cached_property
    def facets(self) -> tuple[Model, ...]:
        """The model by the further columns of a tenant's key."""
        return facets(self.model)

    def loose(self, name: str) -> str:
        """The form under which names of the model are compared."""
        return name.lower() if self.folds else name

    def fold(self, identifier: Any) -> str:
        """An identifier of the statement as the dialect folds it."""
        if identifier is None or isinstance(identifier, str):
            raise Unsupported("something stands where a name should")
        name = identifier.args.get("this")
        if type(name) is not str:
            name = str(identifier.name)
        if self.folds:
            other = identifier.args.get("quoted") and name.lower() in self.capitals and name != name.upper()
            return f'"{name}"' if other else name.lower()
        if self.keeps or identifier.args.get("quoted"):
            return name
        return name.lower()

    def table(self, name: str, schema: str | None = None) -> Table | None:
        if schema:
            found = self.tables.get(f"{schema}.{name}")
            if found is not None:
                return found
            found = self.tables.get(name) if schema not in _CATALOGS else None
            if found is not None and found.schema and self.loose(found.schema) != schema:
                return None
            return found
        found = self.tables.get(name)
        if found is None and "." in name:
            return self.tables.get(name.rsplit(".", 1)[1])
        return found

    def view(self, name: str, schema: str | None = None) -> View | None:
        if schema and (found := self.views.get(f"{schema}.{name}")) is not None:
            return found
        return self.views.get(name)

    def is_catalog(self, name: str, schema: str | None) -> bool:
        if schema:
            return schema.lower() in _CATALOGS
        return name.lower() in _CATALOG_TABLES or name.lower().startswith("pg_")

    def shape(self, table: Table) -> Shape:
        found = self._shapes.get(id(table))
        if found is None:
            found = self._shapes[id(table)] = Shape(self, table)
        return found

    def tenant_of(self, table: Table) -> str | None:
        """The column that names the tenant of a row, if it has one of its own."""
        return self.shape(table).own

    def several(self, table: Table, column: str) -> str | None:
        """Why somebody whom a column names may have rows in several tenants; None if nothing says so."""
        key = next((k for k in table.foreign_keys if tuple(map(self.loose, k.columns)) == (column,)), None)
        people = self.table(self.loose(key.references)) if key is not None else None
        if people is not None and people.ownership is Ownership.ROOT:
            return None
        if people is not None and people.ownership in _NOBODYS:
            return f"nothing ties {people.name} to one tenant"
        if self._memberships is None:
            self._memberships = [t for t in self.model.tables.values() if self._is_membership(t)]
        # Where a user is of one tenant, a key of the two says no more than that; a table of members says more.
        of = (t for t in self._memberships if people is None or (_refers(t, people) and _are_members(t)))
        one = next(of, None)
        return f"{one.name} has a row for each tenant somebody is in" if one is not None else None

    def _is_membership(self, table: Table) -> bool:
        """Whether rows of a table say who is in which tenant: keyed by the two, or called members."""
        if table.ownership is not Ownership.OWNED or table.tenant_column is None:
            return False
        keys = [{table.tenant_column, column} for column in table.principal_columns]
        return bool(keys) and (
            _are_members(table) or any(set(key) in keys for key in (table.primary_key, *table.unique))
        )

    def names_tenant(self, name: str) -> bool:
        """Whether a setting or function is named like one that holds the tenant."""
        if name.lower() in self.settings:
            return True
        plain = name.lower().replace("_", "")
        return any(stem in plain for stem in self.stems)

    def is_context(self, name: str) -> bool:
        """Whether a setting holds the tenant: declared, or (with none declared) named like one."""
        plain = name.lower().lstrip("@")
        if plain in self.settings or name.lower() in self.settings:
            return True
        return not self.settings and self.names_tenant(plain)


def _twins(tables: Mapping[str, Table]) -> dict[str, Table]:
    """By bare name: what is known of a table that several schemas have, whichever of them is meant, if they agree on
    whose rows they hold."""
    several: dict[str, list[Table]] = {}
    for name, table in tables.items():
        found = several.setdefault(name.rpartition(".")[2], []) if "." in name else []
        if all(table is not other for other in found):
            found.append(table)
    merged: dict[str, Table] = {}
    for bare, same in several.items():
        one = same[0]
        said = {(t.ownership, t.tenant_column, t.parent is None) for t in same}
        if len(same) < 2 or len(said) > 1 or one.parent is not None or one.ownership is Ownership.UNKNOWN:
            continue
        alike = all(set(t.columns) == set(one.columns) for t in same)
        merged[bare] = replace(
            one,
            name=bare,
            schema=None,
            columns=one.columns if alike else {},
            primary_key=one.primary_key if all(t.primary_key == one.primary_key for t in same) else (),
            unique=tuple(key for key in one.unique if all(key in t.unique for t in same)),
            foreign_keys=tuple(key for key in one.foreign_keys if all(key in t.foreign_keys for t in same)),
            principal_columns=tuple(c for c in one.principal_columns if all(c in t.principal_columns for t in same)),
        )
    return merged


def _capitals(model: Model) -> set[str]:
    names = {*model.tables, *model.views, *(t.name for t in model.tables.values())}
    names |= {column for table in model.tables.values() for column in table.columns}
    return {name.lower() for name in names if name == name.upper()} - {n for n in names if n != n.upper()}
