# ruff: noqa: S608 - the text is judged, it never reaches a database
"""A relation of ActiveRecord while it is read: what is joined to it, and what its conditions compare."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lints.extract.chains.ruby import ONE
from lints.extract.facts import Argument
from lints.patterns import regex
from lints.schema.facts import Association, Entity
from lints.schema.laravel import plural
from lints.stores.orm_sql import Builder, mapping
from lints.stores.rails_paths import FROM_CLIENT, Records
from lints.tenancy import Ownership

_BOUND = regex(r"(?:\"?\w+\"?\.)?\"?(\w+)\"?\s*(?:=|IN)\s*\(?\s*\?", re.IGNORECASE)
_RANGE = regex(r"(?<![.\w])[\w:\[\].()]*\.\.\.?(?![.])")
_AREL = regex(r"(?:[A-Z][\w:]*\.arel_table|\w*(?:table|arel)\w*|[a-z_]+)\[:?[\"']?(\w+)[\"']?\]")
MAX_DEPTH = 6


@dataclass(slots=True)
class Relation:
    """Its conditions are those of `builder`."""

    builder: Builder
    joined: dict[str, tuple[str, Entity]] = field(default_factory=dict)
    """(alias, model) of a joined table by the names that conditions use for it."""

    torn: bool = False
    """A text among its conditions closes brackets that it has not opened: nothing around it holds."""
    ctes: set[str] = field(default_factory=set)
    """Queries that were given a name with `with`."""

    def sub_select(self, given: Argument) -> str:
        """A query that is an argument of this one."""
        return self.builder.hole()

    @property
    def records(self) -> Records:
        held = self.builder.entities
        return held if isinstance(held, Records) else Records((), self.builder.model)

    def add(self, *parts: str) -> None:
        self.builder.where += [part for part in parts if part and part != "TRUE"]

    def tied(self, owner: Entity, made: Association, key: str, target: Entity, alias: str | None, depth: int) -> str:
        """The condition that rows of `target` are those that `made` gives of the row of `owner` whose key is `key`."""
        builder = self.builder
        known = builder.model.tables.get(target.table)
        name = alias or target.table
        if known is None or depth > MAX_DEPTH:
            return builder.hole()
        if made.through:
            return self._through(owner, made, key, target, name, depth)
        if made.kind == "habtm":
            return self._both(owner, made, key, target, name)
        if made.kind == "belongs_to" or made.key not in known.columns:
            return builder.hole()
        parts = [f"{builder.qualified(made.key, name)} = {key}"]
        if made.type in known.columns:
            kind = owner.name.replace("'", "")
            parts.append(f"{builder.qualified(made.type, name)} = '{kind}'")
        return builder.all_of(parts)

    def _through(self, owner: Entity, made: Association, key: str, target: Entity, name: str, depth: int) -> str:
        builder = self.builder
        middle = owner.associations.get(made.through)
        between = self.records.named(middle.target, owner.name) if middle is not None else None
        if middle is None or between is None or between.table not in builder.model.tables:
            return builder.hole()
        source = self._source(between, made, target)
        if source is None:
            return builder.hole()
        alias = f"_{made.through}" if between.table in {builder.table, name} else between.table
        link = self._link(between, source, alias, target, name)
        if link is None:
            return builder.hole()
        if middle.kind == "belongs_to":
            inner = f"{builder.qualified(self.key_of(between), alias)} = {builder.parameter()}"
        else:
            inner = self.tied(owner, middle, key, between, alias, depth + 1)
        shown = builder.ident(between.table) + (f" AS {builder.ident(alias)}" if alias != between.table else "")
        return f"EXISTS (SELECT 1 FROM {shown} WHERE {builder.all_of((link, inner))})"

    def _source(self, between: Entity, made: Association, target: Entity) -> Association | None:
        label = made.source
        if label:
            return between.associations.get(label)
        return next((one for one in between.associations.values() if not one.type and one.target == target.name), None)

    def _link(self, between: Entity, source: Association, alias: str, target: Entity, name: str) -> str | None:
        """`between` joined to `target`."""
        builder = self.builder
        if source.through or source.kind == "habtm":
            return None
        if source.kind == "belongs_to":
            key = source.primary or self.key_of(target)
            return f"{builder.qualified(source.key, alias)} = {builder.qualified(key, name)}"
        return f"{builder.qualified(source.key, name)} = {builder.qualified(self.key_of(between), alias)}"

    def _both(self, owner: Entity, made: Association, key: str, target: Entity, name: str) -> str:
        builder = self.builder
        table = builder.model.tables.get(made.join)
        back = next((one.key for one in target.associations.values() if one.join == made.join), None)
        back = back or next(
            (c for c in (table.columns if table is not None else ()) if c not in {made.key, "id"}), None
        )
        if table is None or back is None or made.key not in table.columns:
            return builder.hole()
        link = f"{builder.qualified(back, made.join)} = {builder.qualified(self.key_of(target), name)}"
        return (
            f"EXISTS (SELECT 1 FROM {builder.ident(made.join)} WHERE {link}"
            f" AND {builder.qualified(made.key, made.join)} = {key})"
        )

    def key_of(self, entity: Entity) -> str:
        return self.builder.key_of(entity.table)

    def join(self, given: Sequence[Argument], named: Mapping[str, Argument], *, outer: bool) -> None:
        entity = self.builder.entity
        for one in given:
            if one.kind == "text" and re.match(
                r"\s*(?:inner|left|right|full|cross)?\s*(?:outer\s+)?join\b", one.text, re.IGNORECASE
            ):
                self.builder.joins.append(one.text)
            elif one.kind == "text" and entity is not None and one.text in entity.associations:
                self._joined(entity, self.builder.alias or self.builder.table, one.text, outer=outer)
            elif (
                one.kind == "text" and one.text in self.builder.model.tables and named
            ):  # Sequel: join(:captains, id: :captain_id)
                self._matched(one.text, named, outer=outer)
                return
            elif one.kind == "list":
                self.join(one.items, {}, outer=outer)
            elif one.kind == "map":
                self.join((), mapping(one), outer=outer)
            else:
                self.builder.joins.append(f"CROSS JOIN {self.builder.hole()}") if one.kind != "text" else None
        for label, inner in named.items():
            if entity is None:
                continue
            met = self._joined(entity, self.builder.alias or self.builder.table, label, outer=outer)
            self._further(met, inner, outer=outer)

    def _further(self, met: tuple[str, Entity] | None, given: Argument, *, outer: bool) -> None:
        """What is joined to a table that is joined: `crew: { boats: [:fleet, :logs] }`."""
        if met is None:
            return
        for one in given.items if given.kind == "list" else (given,):
            if one.kind == "map":
                for label, inner in mapping(one).items():
                    self._further(self._joined(met[1], met[0], label, outer=outer), inner, outer=outer)
            elif one.kind == "text":
                self._joined(met[1], met[0], one.text, outer=outer)

    def _matched(self, table: str, named: Mapping[str, Argument], *, outer: bool) -> None:
        builder = self.builder
        pairs = [
            f"{builder.qualified(left, table)} = "
            + (builder.qualified(value.text) if value.kind == "text" else builder.value(value))
            for left, value in named.items()
        ]
        builder.joins.append(f"{'LEFT JOIN' if outer else 'JOIN'} {builder.ident(table)} ON {' AND '.join(pairs)}")

    def _joined(self, entity: Entity, alias: str, label: str, *, outer: bool) -> tuple[str, Entity] | None:
        """Join what an association of a table in FROM leads to; None if it can't be read."""
        builder = self.builder
        if label in self.joined:
            return self.joined[label]
        made = entity.associations.get(label)
        target = self.records.named(made.target, entity.name) if made is not None and made.target else None
        if made is None or target is None or target.table not in builder.model.tables or len(builder.joins) > 12:
            return None
        if made.through:
            met = self._joined(entity, alias, made.through, outer=outer)
            source = self._source(met[1], made, target) if met is not None else None
            found = (
                next((k for k, one in met[1].associations.items() if one is source), None) if met is not None else None
            )
            last = self._joined(met[1], met[0], found, outer=outer) if met is not None and found is not None else None
            if last is not None:
                self.joined[label] = last
            return last
        taken = {builder.alias or builder.table, *(name for name, _ in self.joined.values())}
        name = label if target.table in taken else target.table
        if name in taken:
            return None
        if made.kind == "habtm":
            on = self._both(entity, made, builder.qualified(self.key_of(entity), alias), target, name)
        elif made.kind == "belongs_to":
            on = (
                f"{builder.qualified(made.primary or self.key_of(target), name)} = {builder.qualified(made.key, alias)}"
            )
        else:
            on = self.tied(entity, made, builder.qualified(self.key_of(entity), alias), target, name, 0)
        shown = builder.ident(target.table) + (f" AS {builder.ident(name)}" if name != target.table else "")
        builder.joins.append(f"{'LEFT JOIN' if outer else 'JOIN'} {shown} ON {on}")
        self.joined[label] = self.joined[target.table] = (name, target)
        return name, target

    def conditions(self, given: Sequence[Argument], named: Mapping[str, Argument]) -> str:
        return self.builder.all_of(self.parts(given, named))

    def parts(self, given: Sequence[Argument], named: Mapping[str, Argument]) -> list[str]:
        """The conditions that the arguments of `where` are."""
        builder = self.builder
        parts: list[str] = []
        first = given[0] if given else None
        if first is not None and first.kind == "list" and first.items:
            first, given = first.items[0], first.items
        if first is not None and first.kind in {"text", "dynamic"}:
            parts.append(self._text(first, given[1:]))
            named = {}
        elif first is not None and first.kind == "map":
            named = {**mapping(first), **named}
        elif first is not None and first.kind in {"value", "term"}:
            parts.append(self._expression(first))
        elif first is not None:
            parts.append(builder.hole())
        for name, value in named.items():
            table, dot, column = name.rpartition(".")
            inner = {column: value} if dot else mapping(value) if value.kind == "map" else None
            parts.append(self.nested(table or name, inner) if inner is not None else self.compare(name, value))
        return parts

    def _expression(self, given: Argument) -> str:
        """`where(id)` of `exists?`, or a node of Arel."""
        if given.kind == "term" and len(given.items) == 2:
            left, right = given.items
            node = _AREL.match(left.text)
            if given.text in {"eq", "in"} and node is not None:
                return self.compare(node.group(1), right)
            if given.text == "and":
                return self.builder.all_of((self._expression(left), self._expression(right)))
            if given.text == "or":
                return f"({self.builder.any_of((self._expression(left), self._expression(right)))})"
        if given.kind == "value" and re.fullmatch(r"[\w.@]*\bid|params\[:\w+\]", given.text):
            return self.compare(self.builder.key_of(self.builder.table), given)
        return self.builder.hole()

    def _text(self, first: Argument, rest: Sequence[Argument]) -> str:
        """A condition as text: `?` and `:name` are values, what is interpolated can't be seen."""
        builder = self.builder
        for column, value in zip(_BOUND.findall(first.text), rest, strict=False):
            builder.remember(column, value)
            self._named_by_client(column, value)
        text = first.text
        self.torn = self.torn or _closes(text)
        if any(re.search(rf"\b{re.escape(name)}\b", text) for name in self.ctes):
            return builder.hole()  # of rows that another query gives
        if first.kind == "dynamic":
            bare = re.search(r"\{", re.sub(r"'[^']*'", "", text))
            text = re.sub(r"\{[^{}]*\}", lambda _: builder.hole(), text)
            if bare is not None:  # more than a value may stand there
                self.add(builder.hole())
        if rest:
            values = iter(rest)
            text = re.sub(r"\?", lambda _: builder.value(next(values, Argument(kind="value"))), text)
        return f"({text})" if re.search(r"\bor\b", text, re.IGNORECASE) else text

    def compare(self, name: str, value: Argument) -> str:
        """`column = value` of an attribute or of what the row belongs to."""
        builder = self.builder
        table, _, column = name.rpartition(".")
        if table:
            return self.nested(table.rpartition(".")[2], {column: value})
        stored = self.key(name)
        if stored is None:
            return builder.hole()
        if value.kind == "query" and value.items and value.items[-1].text in ONE:
            value = Argument(kind="value", text=value.text)  # a record, which is judged where it is loaded
        if value.kind == "query":
            return f"{builder.qualified(stored)} IN ({self.sub_select(value)})"
        if value.kind == "closure":
            return builder.hole()
        if (value.kind == "term" and value.text == "..") or (value.kind == "value" and _RANGE.search(value.text)):
            return f"{builder.qualified(stored)} > {builder.parameter()}"
        if value.kind == "list" and any(_is_null(item) for item in value.items):
            present = tuple(item for item in value.items if not _is_null(item))
            null = f"{builder.qualified(stored)} IS NULL"
            return f"({builder.compare(stored, Argument(kind='list', items=present))} OR {null})" if present else null
        self._named_by_client(stored, value)
        self._of_row(name, value)
        self._of_rows(stored, value)
        return builder.compare(stored, value)

    def _of_rows(self, column: str, value: Argument) -> None:
        """`where(id: fleet.boat_ids)`: the keys of what an association of a row gives."""
        listed = re.fullmatch(r"(.+)\.(\w+)_ids", value.text) if value.kind == "value" else None
        if listed is None or column != self.builder.key_of(self.builder.table):
            return
        reached = self.records.reached(f"{listed.group(1)}.{plural(listed.group(2))}", "")
        if reached is not None and reached.target.table == self.builder.table:
            self.builder.relation_keys.append(column)

    def _of_row(self, name: str, value: Argument) -> None:
        """`where(boat: boat)`: what is given is a row itself, or rows, that something has loaded."""
        entity = self.builder.entity
        made = entity.associations.get(name) if entity is not None else None
        if entity is None or made is None or made.kind != "belongs_to" or value.kind not in {"value", "list"}:
            return
        parent = self.builder.model.tables.get(self._table(made, entity))
        if made.type or (parent is not None and parent.ownership in {Ownership.OWNED, Ownership.CHILD}):
            self.builder.relation_keys.append(made.key)

    def _named_by_client(self, column: str, value: Argument) -> None:
        known = self.builder.model.tables.get(self.builder.table)
        if (
            known is not None
            and column == known.tenant_column
            and value.kind == "value"
            and FROM_CLIENT.search(value.text)
        ):
            self.builder.untrusted = value.text

    def key(self, name: str, entity: Entity | None = None) -> str | None:
        """The column of an attribute, or the foreign key of what the row belongs to."""
        entity = entity or self.builder.entity
        table = entity.table if entity is not None else self.builder.table
        known = self.builder.model.tables.get(table)
        if known is None:
            return None
        if name in known.columns or not known.columns:
            return name if re.fullmatch(r"\w+", name) else None
        made = entity.associations.get(name) if entity is not None else None
        if made is not None and made.kind == "belongs_to":
            return made.key if made.key in known.columns else None
        return f"{name}_id" if f"{name}_id" in known.columns else None

    def nested(self, name: str, given: Mapping[str, Argument]) -> str:
        """`where(captains: { fleet_id: id })`: conditions on a table that is joined."""
        builder = self.builder
        known = builder.model.tables.get(builder.table)
        if known is not None and name in known.columns:
            return f"{builder.qualified(name)} > {builder.parameter()}"  # inside a document
        if name == builder.table:
            return builder.all_of(self.compare(column, value) for column, value in given.items())
        met = self.joined.get(name)
        raw = any(re.search(rf"(?i:join)\s+\"?{re.escape(name)}\b", join) for join in builder.joins)
        if met is None and builder.entity is not None and not raw:
            made = builder.entity.associations
            labels = [name, *(k for k, one in made.items() if one.target and self._table(one, builder.entity) == name)]
            for label in labels:
                met = met or (
                    self._joined(builder.entity, builder.alias or builder.table, label, outer=True)
                    if label in made
                    else None
                )
        if met is None:
            alias = name if raw else None
            table = builder.model.tables.get(name)
            if alias is None or table is None:
                return builder.hole()
            return builder.all_of(
                f"{builder.qualified(column, alias)} = {builder.value(value)}"
                if column in table.columns
                else builder.hole()
                for column, value in given.items()
            )
        alias, entity = met
        parts: list[str] = []
        for column, value in given.items():
            stored = self.key(column, entity)
            if stored is None or value.kind in {"map", "closure"}:
                parts.append(builder.hole())
            elif value.kind == "query":
                parts.append(f"{builder.qualified(stored, alias)} IN ({self.sub_select(value)})")
            elif value.kind == "term" and value.text == "..":
                parts.append(f"{builder.qualified(stored, alias)} > {builder.parameter()}")
            else:
                builder._remember_parent(stored, entity.table)
                linked = entity.associations.get(column)
                if linked is not None and linked.kind == "belongs_to" and value.kind == "value":
                    builder.relation_keys.append(stored)  # a row, or rows, that something has loaded
                left = builder.qualified(stored, alias)
                if value.kind == "list":
                    shown = ", ".join(builder.value(item) for item in value.items[:50]) or builder.parameter()
                    parts.append(f"{left} IN ({shown})")
                else:
                    parts.append(f"{left} IS NULL" if value.kind == "null" else f"{left} = {builder.value(value)}")
        return builder.all_of(parts)

    def _table(self, made: Association, entity: Entity) -> str:
        found = self.records.named(made.target, entity.name)
        return found.table if found is not None else ""

    def tenant(self) -> str | None:
        known = self.builder.model.tables.get(self.builder.table)
        return known.tenant_column if known is not None else None


def labels(given: Argument) -> list[str]:
    """The names of `:captain`, `[:captain, :crew]`, `{ captain: :fleet }`."""
    if given.kind == "text":
        return [given.text]
    return [text for item in given.items for text in labels(item)] if given.kind == "list" else list(given.names)


def _closes(text: str) -> bool:
    """Whether a text closes a bracket that it has not opened; what is quoted does not count."""
    depth = 0
    for letter in re.sub(r"'[^']*'", "", text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0:
            return True
    return False


def _is_null(given: Argument) -> bool:
    return given.kind == "null" or (given.kind == "value" and given.text == "nil")
