# ruff: noqa: S608 - the text is judged, it never reaches a database
"""The SQL an ORM call stands for, as far as tenancy goes: tables, conditions, what is written.

Only what decides who owns the rows is rendered. A condition that is not understood becomes interpolated text, so that
it can neither prove anything nor be taken for a violation by itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.tenancy import Model, Ownership

MAX_DEPTH = 10
_UNHELD = regex(
    r"\b(?:req|request|params?|body|input|args?|query|data|dto|payload|ctx|event|form|kwargs|message)\b", re.IGNORECASE
)
_VARIABLE = regex(r"[A-Za-z_$][\w$]*(?:\.\w+)*")
_HELD = regex(r"[A-Za-z_][\w.]*(?:\[(?:-?\d|\w+\.length - 1)\])?[!?]?\.(?:id|pk|uuid|[a-z]\w*(?:Id|_id))$")
_OF_TENANT = regex(
    r"(?:await\s+)?[\w.]{1,80}\(\s*(?:\w+\.)?(?:workspace|tenant|organi[sz]ation|org|team|account|company)\s*\)"
)
"""A key that a function gives for the tenant that the code has: `getDefaultFleetId(workspace)`."""
NAMED_BY_CLIENT = regex(
    r"\b(?:req|request|c\.req|event)\.(?:body|query|headers?)\b[\w.?!\[\]'\"(-]{0,40}?(?:tenant|org|workspace)",
    re.IGNORECASE,
)
"""A tenant taken from a body, a query string or a header."""
_READ_BY_SCHEMA = regex(r"\.(?:parse|safeParse|parseAsync|safeParseAsync|validateSync|model_validate)\(")
"""A schema keeps the fields that it names and leaves out what else was sent."""
RAW = regex(
    r"\b(?:req|request|ctx\.req|ctx\.request|context\.request|c\.req|event|evt)\b[\w.?!]*\.(?:body|query|params)\b"
    r"|\b(?:req|request)\.(?:json|all|input)\(|\brequest\.(?:json|form|values|get_json\(\))|^(?:body|reqBody|requestBody|rawBody)$"
)


@dataclass(slots=True)
class Builder:
    """Conditions and joins of one query. `entity` gives the columns; without one, names are taken as columns."""

    model: Model
    entities: Mapping[str, Entity]
    table: str
    entity: Entity | None = None
    alias: str | None = None
    joins: list[str] = field(default_factory=list)
    where: list[str] = field(default_factory=list)
    others: dict[str, Entity] = field(default_factory=dict)
    """Further entities in FROM, by the name conditions use for them."""
    tables: dict[str, str] = field(default_factory=dict)
    """Tables in FROM and around it by the names that conditions use for them, where they are named as such."""
    relation_keys: list[str] = field(default_factory=list)
    held: bool = False
    by_key: bool = False
    """Its rows are found by their own key."""
    raw: str | None = None
    """What is written is, as a whole, something that the client sent: its source."""
    by_client_key: bool = False
    """It is saved under a key that is part of what the client sent."""
    by_parent: str | None = None
    attached: tuple[tuple[str, str], ...] = ()
    """What a new row is put under: the column that refers to a row of a tenant's, and its value as written."""
    """The part of an upsert's key that refers to a row of a tenant's."""
    optional: str | None = None
    """The function's tenant parameter, if it may be left out."""
    shown: str = ""
    """The source of the filter that is being read."""
    untrusted: str | None = None
    """The value of the tenant's column, if a client names it."""
    taken: str | None = None
    """What is taken for granted of what it writes, as a clause: a struct that is written whole may name a tenant."""
    undefined: str | None = None
    """The value of the tenant's column, if it may be undefined."""
    zero: str | None = None
    """The value of the tenant's column where an empty one is no condition."""
    scope: str | None = None
    """What the model itself compares in every query: the tenant's column, and the place that says so."""
    escape: str | None = None
    """What takes that away, as written."""
    counter: list[int] = field(default_factory=lambda: [0])
    sources: dict[str, str] = field(default_factory=dict)
    """What placeholders stand for, as written, where that is known."""
    root: Builder | None = None
    """The builder whose FROM this one's table was joined to."""

    # Names and values

    def ident(self, name: str) -> str:
        quote = "`" if self.model.dialect == "mysql" else '"'
        return quote + name.replace(quote, "") + quote

    def qualified(self, column: str, alias: str | None = None) -> str:
        return f"{self.ident(alias or self.alias or self.table)}.{self.ident(column)}"

    def parameter(self, source: str = "") -> str:
        """A placeholder. What is written as the same variable twice is one value."""
        known = next((m for m, said in self.sources.items() if said == source), None) if source else None
        if known is not None and _VARIABLE.fullmatch(source) is not None:
            return known
        self.counter[0] += 1
        marker = f":h{self.counter[0]}"
        if source:
            self.sources[marker] = source
        return marker

    def hole(self) -> str:
        self.counter[0] += 1
        return f"__hole_{self.counter[0]}__"

    def value(self, given: Argument) -> str:
        if given.kind == "text":
            return "'" + given.text.replace("'", "''") + "'"
        if given.kind == "null":
            return "NULL"
        if given.kind in {"dynamic", "map", "closure"}:
            return self.hole()
        if re.fullmatch(r"\d{1,18}", given.text):
            return f"'{given.text}'"
        return self.parameter(given.text)

    # Conditions

    def compare(self, column: str, given: Argument, operator: str = "=", alias: str | None = None) -> str:
        """`column operator value`; NULL and lists as SQL wants them."""
        left = self.qualified(column, alias)
        single = given.kind == "query" or (given.kind == "list" and len(given.items) == 1)
        if operator == "=" or (operator == "in" and single):
            one = given.items[0] if given.kind == "list" and len(given.items) == 1 else given
            self.remember(column, one, alias)
            if column in self.model.tenant_columns and given.kind == "value":
                self._maybe_undefined(given.text)
        elif operator == "in":
            self._remember_parent(column, alias)
        if given.kind == "null":
            return f"{left} IS NOT NULL" if operator == "<>" else f"{left} IS NULL"
        if given.kind == "list" and operator in {"=", "in"}:
            values = ", ".join(self.value(item) for item in given.items[:50]) or self.parameter()
            return f"{left} IN ({values})"
        if operator == "in":
            return f"{left} IN ({self.value(given)})"
        return f"{left} {operator} {self.value(given)}"

    def _maybe_undefined(self, text: str) -> None:
        if NAMED_BY_CLIENT.search(text):
            (self.root or self).untrusted = text
        chained = re.search(rf":\s*({re.escape(text.split('.')[0])}(?:\.\w+)*\?\.[\w.?!]+)", self.shown)
        if chained is not None:
            (self.root or self).undefined = chained.group(1)
        elif self.optional is not None and text == self.optional:
            (self.root or self).undefined = text

    def remember(self, column: str, given: Argument, joined: str | None = None) -> None:
        """What a comparison with `given` says of whose rows these are. `joined`: the column's table, if not ours."""
        table = self.model.tables.get(self.table)
        if table is None or given.kind in {"null", "text"}:
            return
        self._remember_parent(column, joined)
        if joined not in {None, self.table, self.alias}:
            return
        own = tuple(part for part in table.primary_key if part != table.tenant_column) == (column,)
        self.by_key = self.by_key or own
        if own and given.kind == "query":
            self.held = True  # keys of rows that another call loaded, which is judged itself
        if own and _HELD.match(given.text) and not _UNHELD.search(given.text):
            self.held = True
        if own and _OF_TENANT.fullmatch(given.text):
            self.held = True

    def _remember_parent(self, column: str, joined: str | None = None) -> None:
        if self._refers_to_tenants(column, joined):
            self.relation_keys.append(column)

    def _refers_to_tenants(self, column: str, joined: str | None = None) -> bool:
        """Whether a column of this table, or of one that is joined, names a row that belongs to a tenant."""
        table = self.model.tables.get(joined or "") or self.model.tables.get(self.table)
        for key in table.foreign_keys if table is not None else ():
            parent = self.model.tables.get(key.references)
            owned = parent is not None and parent.ownership not in (Ownership.GLOBAL, Ownership.UNKNOWN, Ownership.ROOT)
            if owned and key.columns == (column,):
                return True
        return False

    def all_of(self, parts: Iterable[str]) -> str:
        listed = [part for part in parts if part]
        apart = [f"({part})" if " OR " in part or part.startswith("__hole_") else part for part in listed]
        return " AND ".join(apart if len(apart) > 1 else listed) or "TRUE"  # what an ORM adds can't open an OR

    def any_of(self, parts: Iterable[str]) -> str:
        listed = [f"({part})" for part in parts if part]
        return " OR ".join(listed) if listed else "TRUE"

    def related(self, column: str, target: str, inner: Builder) -> str:
        """`column IN (SELECT key FROM target WHERE …)`."""
        self.relation_keys += [key for key in inner.relation_keys if key not in self.relation_keys]
        if inner.by_key:
            self._remember_parent(column)
        rows = (
            f"SELECT {inner.qualified(self.key_of(target))} FROM {self.ident(target)} WHERE {inner.all_of(inner.where)}"
        )
        return f"{self.qualified(column)} IN ({rows})"

    def joined(self, column: str, target: Entity) -> Builder:
        """A builder for the table that `column` refers to, joined once to this one; its conditions belong here."""
        prefix = self.alias or self.table
        alias = f"{prefix}__{column}" if self.root is not None or target.table == self.table else f"_{column}"
        top = self.root or self
        inner = Builder(
            self.model,
            self.entities,
            target.table,
            target,
            alias=alias,
            relation_keys=top.relation_keys,
            counter=self.counter,
            sources=self.sources,
            root=top,
        )
        key = inner.qualified(self.key_of(target.table))
        text = f"LEFT JOIN {self.ident(target.table)} AS {self.ident(alias)} ON {key} = {self.qualified(column)}"
        if text not in top.joins:
            top.joins.append(text)
        return inner

    def inside(self, entity: Entity) -> Builder:
        """A builder for a sub-select on a related entity; parameters keep their numbering."""
        return Builder(self.model, self.entities, entity.table, entity, counter=self.counter, sources=self.sources)

    def key_of(self, table: str) -> str:
        known = self.model.tables.get(table)
        return known.primary_key[0] if known is not None and len(known.primary_key) == 1 else "id"

    def foreign_column(self, target: str) -> str | None:
        """The column of this table that refers to `target`."""
        known = self.model.tables.get(self.table)
        for key in known.foreign_keys if known is not None else ():
            if key.references == target and len(key.columns) == 1:
                return key.columns[0]
        return None

    def composed(self, entity: Entity, inner: Builder) -> str | None:
        """`EXISTS` over the row of another table that this one refers to by several columns."""
        known = self.model.tables.get(self.table)
        for key in known.foreign_keys if known is not None else ():
            if key.references == entity.table and 1 < len(key.columns) == len(key.referenced_columns):
                for column, referenced in zip(key.columns, key.referenced_columns, strict=True):
                    inner.where.append(f"{inner.qualified(referenced)} = {self.qualified(column)}")
                self.relation_keys += [name for name in inner.relation_keys if name not in self.relation_keys]
                if inner.by_key:
                    self.relation_keys.append(key.columns[0])
                return f"EXISTS (SELECT 1 FROM {self.ident(entity.table)} WHERE {inner.all_of(inner.where)})"
        return None

    def reverse(self, entity: Entity, inner: Builder) -> str | None:
        """`EXISTS` over the rows of another table that refer to this one."""
        column = inner.foreign_column(self.table)
        if column is None:
            return None
        inner.where.append(f"{inner.qualified(column)} = {self.qualified(self.key_of(self.table))}")
        return f"EXISTS (SELECT 1 FROM {self.ident(entity.table)} WHERE {inner.all_of(inner.where)})"

    # Statements

    def source(self) -> str:
        return self.ident(self.table) + (f" AS {self.ident(self.alias)}" if self.alias else "")

    def condition(self) -> str:
        return f" WHERE {self.all_of(self.where)}" if self.where else ""

    def select(self) -> str:
        joins = "".join(f" {join}" for join in self.joins)
        return f"SELECT {self.ident(self.alias or self.table)}.* FROM {self.source()}{joins}{self.condition()}"

    def delete(self) -> str:
        if self.joins:
            return f"DELETE FROM {self.ident(self.table)} WHERE {self._among_joined()}"
        return f"DELETE FROM {self.source()}{self.condition()}"

    def _among_joined(self) -> str:
        """A row of this table, by its key, among those that the joined tables narrow."""
        known = self.model.tables.get(self.table)
        keys = known.primary_key if known is not None and known.primary_key else (self.key_of(self.table),)
        chosen = ", ".join(self.qualified(key) for key in keys)
        own = ", ".join(self.qualified(key, self.table) for key in keys)
        rows = f"SELECT {chosen} FROM {self.source()} {' '.join(self.joins)}{self.condition()}"
        return f"{f'({own})' if len(keys) > 1 else own} IN ({rows})"

    def statement(self, verb: str) -> str:
        """A `delete`, an `update` of a column that is not seen, or else a select."""
        if verb == "delete":
            return self.delete()
        return self.update([]) if verb == "update" else self.select()

    def update(self, assigned: Sequence[tuple[str, str]], *, dynamic: bool = False, whole: bool = False) -> str:
        """UPDATE. `dynamic`: it sets what can't be seen, but not the tenant; `whole`: an object, which may name it."""
        if self.joins:
            rows = self._among_joined()
            self.joins, self.where, self.alias = [], [rows], None
        sets = [f"{self.ident(column)} = {value}" for column, value in assigned]
        if whole:
            sets.append(self.hole())
        elif dynamic or not sets:
            sets.append(self._kept())
        return f"UPDATE {self.source()} SET {', '.join(sets)}{self.condition()}"

    def _kept(self) -> str:
        """An assignment that leaves a row as it is, in the place of those that do not matter."""
        table = self.model.tables.get(self.table)
        columns = (*table.primary_key, *table.columns) if table is not None else ()
        column = next((name for name in columns if name != self.tenant()), None)
        return f"{self.ident(column)} = {self.ident(column)}" if column else f"{self.hole()} = {self.parameter()}"

    def on_duplicate(self, given: Argument | None) -> str:
        """What MySQL does with a row that is in the way by any of the table's keys."""
        values, unseen = self.assignments(mapping(given))
        sets = [f"{self.ident(column)} = {value}" for column, value in values]
        if unseen or (given is not None and given.kind != "map"):
            sets.append(self.hole())
        elif not sets:
            sets.append(self._kept())
        return f" ON DUPLICATE KEY UPDATE {', '.join(sets)}"

    def insert(
        self,
        assigned: Sequence[tuple[str, str]],
        *,
        dynamic: bool = False,
        conflict: Sequence[str] | None = None,
        updated: Sequence[tuple[str, str]] | None = None,
        only: str = "",
    ) -> str | None:
        """INSERT; None if too little of what is written can be seen. `only`: which rows in the way are changed."""
        if dynamic or not assigned:
            return None
        columns = ", ".join(self.ident(column) for column, _ in assigned)
        values = ", ".join(value for _, value in assigned)
        text = f"INSERT INTO {self.ident(self.table)} ({columns}) VALUES ({values})"
        self.attached = tuple(
            (column, self.sources.get(value, "")) for column, value in assigned if self._refers_to_tenants(column)
        )
        if conflict is not None:
            self.by_parent = self._parent_among(conflict)
            target = ", ".join(self.ident(column) for column in conflict)
            changed = (
                updated if updated is not None else [(column, "") for column, _ in assigned if column not in conflict]
            )
            changed = changed or [(column, "") for column in conflict]
            sets = ", ".join(
                f"{self.ident(c)} = {value or 'EXCLUDED.' + self.ident(c)}" if c else self.hole()
                for c, value in changed
            )
            text += f" ON CONFLICT ({target}) DO UPDATE SET {sets}{' WHERE ' + only if only else ''}"
        return text

    def changed(self, given: Argument | None) -> list[tuple[str, str]] | None:
        """What an upsert sets of a row that is in the way, with a pair of nothing for an object whose columns are not
        seen; None if that is what would be inserted."""
        if given is None or any(
            "excluded" in item.text.lower() for item in (given, *given.items) if item.kind != "map"
        ):
            return None
        found, unseen = self.assignments(mapping(given))
        return [*found, ("", "")] if unseen or given.kind != "map" else found or None

    def _parent_among(self, columns: Sequence[str]) -> str | None:
        table = self.model.tables.get(self.table)
        for key in table.foreign_keys if table is not None else ():
            parent = self.model.tables.get(key.references)
            owned = parent is not None and parent.ownership not in (Ownership.GLOBAL, Ownership.UNKNOWN)
            if owned and len(key.columns) == 1 and key.columns[0] in columns and len(columns) > 1:
                return key.columns[0]
        return None

    def assignments(self, given: Mapping[str, Argument]) -> tuple[list[tuple[str, str]], bool]:
        """(column, value) pairs of an object, and whether part of it can't be seen."""
        found: list[tuple[str, str]] = []
        dynamic = False
        raw: str | None = None
        for name, value in given.items():
            if name in {"...", "**"} or name.startswith("["):  # `[column]`, whichever that is
                dynamic = True
                raw = value.text if self.client(value) else raw
                continue
            column = self.column(name)
            if column is not None:
                found.append((column, self._written(value)))
                if self.holds(name, value):
                    self._remember_parent(column)  # a row under one that the code holds
                if column == self.tenant():  # set after what was spread: the caller's value wins
                    dynamic = dynamic and raw is not None  # what a client sent may connect other rows too
                    raw = None
                continue
            linked = self._connected(name, value)
            if linked is not None:
                found.append(linked)
                if value.kind in {"value", "term"} and self.entity is not None and self.entity.kind == "sqlalchemy":
                    self._remember_parent(linked[0])  # an instance, which something has loaded or made
                if raw is not None and linked[0] == self.tenant():
                    raw = None
        self.raw = raw or self.raw
        return found, dynamic

    def holds(self, name: str, value: Argument) -> bool:
        """Whether a value is the key of an instance that the code has, or the instance itself."""
        if self.entity is not None and self.entity.kind == "django" and name in self.entity.relations:
            return value.kind in {"value", "query"}  # Django takes an instance, which something has loaded
        return value.kind == "value" and _HELD.match(value.text) is not None and not _UNHELD.search(value.text)

    def client(self, given: Argument | None) -> bool:
        """Whether a value is, as a whole, what the client sent."""
        if given is None or given.kind not in {"value", "dynamic"} or _READ_BY_SCHEMA.search(given.text):
            return False
        return RAW.search(given.text) is not None

    def as_sent(self, given: Argument | None) -> None:
        """What a client sent is written as it is, whichever columns it names."""
        if given is not None and self.client(given):
            self.raw = given.text

    def tenant(self) -> str | None:
        """The column that names the tenant of the table's rows."""
        known = self.model.tables.get(self.table)
        return known.tenant_column if known is not None else None

    def _written(self, value: Argument) -> str:
        return self.parameter() if value.kind in {"map", "dynamic", "closure", "list"} else self.value(value)

    def _connected(self, name: str, value: Argument) -> tuple[str, str] | None:
        """`tenant: { connect: { id } }`, `tenant: tenant`: the foreign key that it sets."""
        if self.entity is None or name not in self.entity.relations:
            return None
        target = self.entities.get(self.entity.relations[name])
        column = self.foreign_column(target.table) if target is not None else None
        if column is None:
            return None
        named = mapping(mapping(value).get("connect"))
        key = next(iter(named.values())) if len(named) == 1 and set(named) == {"id"} else None
        return column, self.parameter(key.text if key is not None and key.kind == "value" else "")

    def column(self, name: str) -> str | None:
        """The column of an attribute; None if the entity has no such attribute."""
        table = self.model.tables.get(self.table)
        if self.entity is None:
            named = as_stored(name, table.columns) if table is not None else name
            return named if re.fullmatch(r"\w+", name) else None
        inherited = name if table is not None and name in table.columns and name not in self.entity.relations else None
        column = self.entity.columns.get(name) or inherited  # from a base that could not be read
        if column is not None and table is not None and column != column.lower():
            snake = _snaked(column)  # a naming strategy of the ORM
            return snake if snake in table.columns else column
        return column


def as_stored(name: str, stored: Collection[str]) -> str:
    """A table or a column as the schema spells it, where a plugin spells `tenant_id` as `tenantId`."""
    if name in stored or name == name.lower():
        return name
    snake = _snaked(name)
    return snake if snake in stored else name


def _snaked(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def mapping(given: Argument | None) -> dict[str, Argument]:
    return dict(zip(given.names, given.items, strict=True)) if given is not None and given.kind == "map" else {}


def step_of(term: Argument) -> OrmStep:
    """A call of a query that is an argument of another one."""
    pairs = list(zip(term.names, term.items, strict=True))
    return OrmStep(
        method=term.text,
        arguments=tuple(item for name, item in pairs if not name),
        keywords=tuple((name, item) for name, item in pairs if name),
    )
