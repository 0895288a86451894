"""The schema being built: migrations are applied to it one statement at a time, then it is frozen into a `Schema`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from lints.extract.facts import Helper
from lints.schema.facts import Entity, Grant, Index, Key, Policy, Relation, Role, Routine, RowSecurity, Schema
from lints.tenancy import Column, ForeignKey, Origin, View

_REVERSED = frozenset({"django", "tortoise", "pony"})
_DEFAULT_SCHEMAS = frozenset({"public", "dbo", "main"})


@dataclass(slots=True)
class Draft:
    """A table under construction. Constraints keep their names so that a later DROP CONSTRAINT finds them."""

    name: str
    schema: str | None
    origin: Origin
    columns: dict[str, Column] = field(default_factory=dict)
    column_origins: dict[str, Origin] = field(default_factory=dict)
    primary_key: tuple[str, ...] = ()
    unique: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unique_origins: dict[str, Origin] = field(default_factory=dict)
    """Where a unique key was declared; without one it is where its first column was."""
    foreign_keys: dict[str, tuple[ForeignKey, Origin]] = field(default_factory=dict)
    indexes: dict[str, Index] = field(default_factory=dict)
    parent_partition: str | None = None
    row_security: RowSecurity | None = None
    owner: str | None = None

    def add_column(self, column: Column, origin: Origin) -> None:
        """A column that exists already stays: repeated scripts say `IF NOT EXISTS` or come from a dump."""
        if column.name not in self.columns:
            self.columns[column.name] = column
            self.column_origins[column.name] = origin

    def add_index(self, columns: tuple[str, ...], origin: Origin) -> None:
        """An index without a name of its own, as models declare it."""
        name = f"{self.name}_{'_'.join(columns)}_idx"
        self.indexes.setdefault(name, Index(name=name, columns=columns, unique=False, partial=False, origin=origin))

    def drop_column(self, name: str) -> None:
        self.columns.pop(name, None)
        self.column_origins.pop(name, None)
        if name in self.primary_key:
            self.primary_key = ()
        self.unique = {key: columns for key, columns in self.unique.items() if name not in columns}
        self.foreign_keys = {key: pair for key, pair in self.foreign_keys.items() if name not in pair[0].columns}
        self.indexes = {key: index for key, index in self.indexes.items() if name not in index.columns}

    def rename_column(self, old: str, new: str) -> None:
        if old not in self.columns:
            return
        was = self.columns[old]
        self.columns = {
            (new if key == old else key): (replace(was, name=new) if key == old else column)
            for key, column in self.columns.items()
        }
        self.column_origins[new] = self.column_origins.pop(old, self.origin)
        self.primary_key = _swapped(self.primary_key, old, new)
        self.unique = {key: _swapped(columns, old, new) for key, columns in self.unique.items()}
        self.indexes = {
            key: replace(index, columns=_swapped(index.columns, old, new)) for key, index in self.indexes.items()
        }
        self.foreign_keys = {
            key: (replace(fk, columns=_swapped(fk.columns, old, new)), origin)
            for key, (fk, origin) in self.foreign_keys.items()
        }

    def change_column(self, name: str, *, nullable: bool | None = None, default: str | None = "") -> None:
        """Set nullability, or the default (`None` drops it, the empty string keeps it)."""
        was = self.columns.get(name)
        if was is not None:
            self.columns[name] = replace(
                was,
                nullable=was.nullable if nullable is None else nullable,
                default=was.default if default == "" else default,
            )

    def drop_constraint(self, name: str) -> bool:
        """Whether a constraint or unique index of that name was there."""
        found = (
            self.unique.pop(name, None) is not None
            or self.foreign_keys.pop(name, None) is not None
            or self.indexes.pop(name, None) is not None
        )
        if not found and name == f"{self.name}_pkey" and self.primary_key:
            self.primary_key = ()
            return True
        return found

    def inherit(self, other: Draft) -> None:
        for column in other.columns.values():
            self.add_column(column, other.column_origins.get(column.name, self.origin))


Place = tuple[str | None, str]
"""Schema and name of a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafts:
    """All that a catalog holds, to go on from at another time (`Catalog.drafts`)."""

    tables: tuple[Draft, ...]
    views: Mapping[str, View]
    policies: Mapping[tuple[Place, str], Policy]
    routines: Mapping[tuple[str, str], Routine]
    roles: Mapping[str, Role]
    grants: tuple[Grant, ...]
    assembled: tuple[Origin, ...]
    entities: tuple[Entity, ...]
    helpers: tuple[Helper, ...]
    backward: Mapping[str, tuple[tuple[str, str], ...]]
    unread: tuple[Origin, ...]
    files: tuple[str, ...]


class Catalog:
    """Tables by `(schema, name)`. Names arrive folded."""

    def __init__(self) -> None:
        self.tables: dict[Place, Draft] = {}
        self.views: dict[str, View] = {}
        self.policies: dict[tuple[Place, str], Policy] = {}
        """By (schema, table) and name."""
        self.routines: dict[tuple[str, str], Routine] = {}
        """By name and number of arguments."""
        self.roles: dict[str, Role] = {}
        self.grants: list[Grant] = []
        self.assembled: list[Origin] = []
        """Where row security or policies are put together at run time: what they are is not known."""
        self.entities: list[Entity] = []
        self.helpers: list[Helper] = []
        self.backward: dict[str, list[tuple[str, str]]] = {}
        """Entity to (related entity, the name under which that one sees it)."""
        self.unread: list[Origin] = []
        self.files: list[str] = []

    @classmethod
    def of(cls, drafts: Drafts) -> Catalog:
        """The catalog that gave the drafts."""
        made = cls()
        made.tables = {(draft.schema, draft.name): draft for draft in drafts.tables}
        made.views, made.policies, made.routines = dict(drafts.views), dict(drafts.policies), dict(drafts.routines)
        made.roles, made.grants, made.assembled = dict(drafts.roles), [*drafts.grants], [*drafts.assembled]
        made.entities, made.helpers = [*drafts.entities], [*drafts.helpers]
        made.backward = {name: [*pairs] for name, pairs in drafts.backward.items()}
        made.unread, made.files = [*drafts.unread], [*drafts.files]
        return made

    def drafts(self) -> Drafts:
        """What it holds now."""
        return Drafts(
            tables=tuple(self.tables.values()),
            views=self.views,
            policies=self.policies,
            routines=self.routines,
            roles=self.roles,
            grants=tuple(self.grants),
            assembled=tuple(self.assembled),
            entities=tuple(self.entities),
            helpers=tuple(self.helpers),
            backward={name: tuple(pairs) for name, pairs in self.backward.items()},
            unread=tuple(self.unread),
            files=tuple(self.files),
        )

    def find(self, schema: str | None, name: str) -> Draft | None:
        """The table of that name; an unqualified name finds a table of another schema only if it is the only one."""
        schema = None if schema in _DEFAULT_SCHEMAS else schema
        found = self.tables.get((schema, name))
        if found is not None or schema is not None:
            return found
        others = [draft for (_, bare), draft in self.tables.items() if bare == name]
        return others[0] if len(others) == 1 else None

    def place(self, schema: str | None, name: str) -> tuple[str | None, str]:
        """The key of the table of that name, whether or not it is known."""
        found = self.find(schema, name)
        return (
            (found.schema, found.name) if found is not None else (None if schema in _DEFAULT_SCHEMAS else schema, name)
        )

    def create(self, schema: str | None, name: str, origin: Origin) -> Draft:
        """A new table, or the one that is already there under exactly this name."""
        schema = None if schema in _DEFAULT_SCHEMAS else schema
        return self.tables.setdefault((schema, name), Draft(name=name, schema=schema, origin=origin))

    def drop(self, draft: Draft) -> None:
        self.tables.pop((draft.schema, draft.name), None)
        gone = (draft.schema, draft.name)
        self.policies = {key: policy for key, policy in self.policies.items() if key[0] != gone}

    def rename(self, draft: Draft, schema: str | None, name: str) -> None:
        if "__hole_" in name:
            return  # to what is not known: it stays what it was
        before = (draft.schema, draft.name)
        old = draft.name
        self.tables.pop(before, None)
        draft.name = name
        draft.schema = None if schema in _DEFAULT_SCHEMAS else schema
        after = (draft.schema, name)
        self.tables[after] = draft
        self.policies = {
            (after, key[1]) if key[0] == before else key: replace(policy, table=name) if key[0] == before else policy
            for key, policy in self.policies.items()
        }
        if old == name:
            return
        self.grants = [
            replace(
                grant, privileges={name if table == old else table: held for table, held in grant.privileges.items()}
            )
            for grant in self.grants
        ]
        for other in self.tables.values():
            if other.parent_partition == old:
                other.parent_partition = name
            other.foreign_keys = {
                key: (replace(fk, references=name) if fk.references == old else fk, origin)
                for key, (fk, origin) in other.foreign_keys.items()
            }

    def freeze(self) -> Schema:
        """The schema as read. A foreign key without columns refers to the other table's primary key."""
        shared = _repeated(name for _, name in self.tables)
        relations: dict[str, Relation] = {}
        keys: dict[tuple[str | None, str], str] = {}
        for (schema, name), draft in self.tables.items():
            if "__hole_" in name:
                continue  # a table whose name is put together at run time
            key = f"{schema}.{name}" if schema is not None and name in shared else name
            keys[schema, name] = key
            relations[key] = self._relation(draft)
        return Schema(
            relations=relations,
            views=dict(self.views),
            policies=tuple(replace(p, table=keys.get(place, place[1])) for (place, _), p in self.policies.items()),
            routines=tuple(self.routines.values()),
            roles=dict(self.roles),
            grants=tuple(grant for grant in self.grants if grant.privileges),
            assembled=tuple(self.assembled),
            entities=tuple(self._with_reverse()),
            helpers=tuple(sorted(self.helpers, key=lambda helper: helper.path)),
            unread=tuple(self.unread),
            files=tuple(sorted(set(self.files))),
        )

    def _with_reverse(self) -> Iterable[Entity]:
        seen: dict[str, dict[str, str]] = {}
        for name, pairs in self.backward.items():
            for target, label in pairs:
                seen.setdefault(target, {}).setdefault(label, name)
        return (
            replace(e, reverse=seen[e.name]) if e.kind in _REVERSED and e.name in seen else e for e in self.entities
        )

    def _relation(self, draft: Draft) -> Relation:
        keys: list[ForeignKey] = []
        for fk, _ in draft.foreign_keys.values():
            columns = fk.referenced_columns
            if not columns:
                target = self.find(None, fk.references)
                columns = target.primary_key if target is not None else ()
            keys.append(replace(fk, referenced_columns=columns))
        unique = list(dict.fromkeys(draft.unique.values()))
        if draft.primary_key and draft.primary_key not in unique:
            unique.insert(0, draft.primary_key)
        return Relation(
            name=draft.name,
            schema=draft.schema,
            origin=draft.origin,
            columns=dict(draft.columns),
            column_origins=dict(draft.column_origins),
            primary_key=draft.primary_key,
            unique=tuple(unique),
            keys=tuple(self._keys(draft)),
            foreign_keys=tuple(keys),
            foreign_key_names=tuple(draft.foreign_keys),
            foreign_key_origins=tuple(origin for _, origin in draft.foreign_keys.values()),
            indexes=tuple(draft.indexes.values()),
            parent_partition=draft.parent_partition,
            row_security=draft.row_security,
            owner=draft.owner,
        )

    def _keys(self, draft: Draft) -> Iterable[Key]:
        """Everything that must be unique, the primary key first; partial indexes and expressions too."""

        def place(columns: tuple[str, ...]) -> Origin:
            return draft.column_origins.get(columns[0], draft.origin)

        if draft.primary_key:
            yield Key(name="", columns=draft.primary_key, primary=True, origin=place(draft.primary_key))
        for name, columns in draft.unique.items():
            origin = draft.unique_origins.get(name) or place(columns)
            yield Key(name=name, columns=columns, index=draft.indexes.get(name), origin=origin)
        for index in draft.indexes.values():
            if index.unique and index.name not in draft.unique:
                yield Key(name=index.name, columns=index.columns, index=index, origin=index.origin)


def _swapped(columns: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    return tuple(new if column == old else column for column in columns)


def _repeated(names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    twice: set[str] = set()
    for name in names:
        (twice if name in seen else seen).add(name)
    return twice
