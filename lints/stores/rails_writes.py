"""What a relation of ActiveRecord writes: updates, new rows, rows in numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lints.extract.facts import Argument
from lints.patterns import regex
from lints.stores.orm_sql import Builder, mapping
from lints.stores.rails_paths import FROM_CLIENT
from lints.stores.rails_relation import Relation
from lints.stores.rails_rows import PERMITS, is_open, permitted
from lints.stores.taken import of_tenant, others

_HOLE = regex(r"__hole_\d+__")


@dataclass(slots=True)
class Writing(Relation):
    """A relation with what is written through it."""

    written: list[tuple[str, str]] = field(default_factory=list)
    """What an association sets on every row that is made through it."""

    def settled(self) -> Builder:
        """The builder at the end. What can't be seen only narrows what is already reached from a row that is held."""
        builder = self.builder
        if self.torn:
            builder.where[:] = [builder.hole()]
            builder.relation_keys.clear()
        if builder.relation_keys:
            builder.where[:] = [part for part in builder.where if _HOLE.fullmatch(part) is None]
        return builder

    def update(self, given: Sequence[Argument], named: Mapping[str, Argument], *, by_key: bool) -> str:
        """`update_all(name: name)`, and with `by_key` that of one row: `Boat.update(id, name: name)`."""
        builder = self.builder
        values = {**mapping(given[-1] if given else None), **named}
        keyed = bool(given) and (len(given) > 1 or (bool(named) and given[0].kind == "value"))
        if by_key and keyed and given[0].kind in {"value", "list"}:
            self.add(self.compare(builder.key_of(builder.table), given[0]))  # Boat.update(id, name: name)
            given = given[1:]
        self._sent(given, values, ())
        assigned, dynamic = self._assigned(values)
        whole = self._unseen(given, values) or dynamic
        return self.settled().update(assigned or ([] if whole else others(self.builder)), whole=whole)

    def _unseen(self, given: Sequence[Argument], values: Mapping[str, Argument]) -> bool:
        """Whether rows are set to an object, or to a text, that may name their tenant."""
        last = given[-1] if given else Argument(kind="null")
        if last.kind in {"text", "dynamic"} and permitted(last.text) is None:
            text = last.text if last.kind == "text" else re.sub(r"=\s*[^,]*", "= ?", last.text)
            return "{" in text or any(
                re.search(rf"\b{re.escape(column)}\b", text) for column in of_tenant(self.builder)
            )
        return "..." in values or (last.kind == "value" and permitted(last.text) is None)

    def create(self, given: Sequence[Argument], named: Mapping[str, Argument]) -> str | None:
        """A new row; None if what it is made of can't be seen."""
        values = {**mapping(given[0] if given else None), **named}
        self._sent(given, values, self.written)
        listed = [permitted(one.text) for one in (*given, *values.values()) if PERMITS.search(one.text)]
        assigned, dynamic = self._assigned({name: value for name, value in values.items() if name != "..."})
        others = [one for one in given if one.kind not in {"map", "closure"}] + [
            v for k, v in values.items() if k == "..."
        ]
        dynamic = dynamic or len(listed) < len(others) or any(one is None for one in listed)
        allowed = [name for one in listed for name in one or () if self.key(name) is not None]
        assigned += [(self.key(name) or name, self.builder.parameter()) for name in allowed if name not in values]
        set_by = dict(self.written)
        assigned = [*self.written, *((column, value) for column, value in assigned if column not in set_by)]
        column = self.tenant()
        last = next(iter(values), "") == "..." and column in {self.key(name) for name in values if name != "..."}
        ours = column is not None and (column in set_by or last)  # it wins over what is given
        return self.builder.insert(assigned, dynamic=dynamic and not ours)

    def _sent(
        self, given: Sequence[Argument], values: Mapping[str, Argument], written: Sequence[tuple[str, str]]
    ) -> None:
        """`create!(params.require(:boat).permit(:name, :fleet_id))`: what a client may set, the tenant among it.

        `written` is set by an association, whatever else is.
        """
        known = self.builder.model.tables.get(self.builder.table)
        column = known.tenant_column if known is not None else None
        if column is None or column in values or any(name == column for name, _ in written):
            return
        for one in given:
            found = PERMITS.search(one.text) if one.kind in {"value", "dynamic"} else None
            if found is not None and (found.group(1) is None or re.search(rf":{column}\b", found.group(1))):
                self.builder.raw = one.text

    def _assigned(self, given: Mapping[str, Argument]) -> tuple[list[tuple[str, str]], bool]:
        stored = {self.key(name) or name: value for name, value in given.items()}
        known = self.builder.model.tables.get(self.builder.table)
        own = {name: value for name, value in stored.items() if known is None or name in known.columns or name == "..."}
        found, dynamic = self.builder.assignments(own)
        made = self.builder.entity.associations if self.builder.entity is not None else {}
        for name, value in given.items():
            row = name in made and made[name].kind == "belongs_to" and value.kind in {"value", "query"}
            if row and FROM_CLIENT.search(value.text) is None:
                self.builder._remember_parent(self.key(name) or name)  # a row that something has loaded
        return found, dynamic or "" in given

    def many(self, method: str, given: Sequence[Argument], named: Mapping[str, Argument]) -> str | None:
        """`insert_all(rows)`, `upsert_all(rows, unique_by: :name)`; without a key named, that of the table counts."""
        first = given[0]
        if first.kind in {"value", "dynamic"} and is_open(first.text):
            self.builder.raw = first.text
        rows = first.items if first.kind == "list" else (first,) if first.kind == "map" else ()
        assigned, dynamic = self._assigned(mapping(rows[0]) if rows else {})
        conflict: list[str] | None = None
        known = self.builder.model.tables.get(self.builder.table)
        if method.startswith("upsert"):
            by = named.get("unique_by")
            listed = [
                one.text for one in (by.items if by is not None and by.kind == "list" else (by,)) if one is not None
            ]
            conflict = listed or list(known.primary_key if known is not None else ()) or ["id"]
            if known is None or not all(column in known.columns for column in conflict):
                return None
        set_by = dict(self.written)
        assigned = [*self.written, *((column, value) for column, value in assigned if column not in set_by)]
        kept = {*(conflict or ()), known.tenant_column if known is not None else None}
        updated = [(column, "") for column, _ in assigned if column not in kept]
        return self.builder.insert(assigned, dynamic=dynamic or not rows, conflict=conflict, updated=updated)
