"""The texts that a statement or call stands for, and what the code around it says of the rows in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from lints.context.values import given_to, markers_of, values_in, values_of
from lints.extract import Extraction, OrmCall, Statement
from lints.patterns import regex
from lints.rows import Access
from lints.schema.paths import dialect_of
from lints.stores.helpers import Helpers
from lints.stores.orm import UNDEFINED_IS_ANY, Entities
from lints.tenancy import Model

if TYPE_CHECKING:
    from lints.extract.facts import Function
    from lints.vouch.facts import Follow
    from lints.vouch.said import Text

_MIXED = regex(r'(?<![aA][sS] )(?<!\.)"([a-z]+(?:[A-Z][a-z0-9]*)+)"')
_VALUE = regex(r":h\d+\b")
_BY_KEYS = frozenset({"TENORM002", "TENORM003", "TENORM007", "TENSQL022"})
"""What is said of rows that are found by keys, whose worth the code around says."""


class Around:
    """Reads what stands around statements and calls, by the model of their tree."""

    def __init__(self, model: Model, entities: Entities, helpers: Helpers) -> None:
        self.model, self._entities, self._helpers = model, entities, helpers
        self._snake = not any(name != name.lower() for table in model.tables.values() for name in table.columns)

    def as_stored(self, statement: Statement) -> tuple[str, ...]:
        """Object helpers (`sql(boat)`) name columns by properties; a driver that maps `tenantId` to `tenant_id` is
        assumed where the whole model has no column in mixed case."""
        if statement.language == "stringtemplate":
            return self._entities.templates.variants(statement)
        if statement.language == "c_sharp":
            return self._entities.of_sets(statement)
        if statement.language == "php":
            return tuple(self._entities.of_doctrine(text) for text in statement.variants)
        if statement.language in {"java", "kotlin"}:
            return tuple(self._entities.of_entities(text) for text in self._entities.constants.variants(statement))
        if statement.language == "go":
            texts = self._entities.constants.variants(statement)
            return tuple(self._entities.of_structs(text, statement.path) for text in texts)
        if statement.language not in {"typescript", "tsx", "javascript"}:
            return statement.variants
        texts = self._entities.of_drizzle(statement)
        return tuple(_MIXED.sub(_snaked, text) if self._snake and '"' in text else text for text in texts)

    def by_keys(self, rows: list[Access], source: Statement | OrmCall, found: Extraction) -> list[Access]:
        """The rows as they are judged where what they rest on is a key that a client sent, or an empty one."""
        if not any(row.verdict == "weak" and row.rule in _BY_KEYS for row in rows):
            return rows
        from lints.context.keys import never_empty, unchecked

        texts = tuple(self._texts(source))
        given = source.snippet if isinstance(source, OrmCall) else values_of(source)
        rows = [unchecked(row, texts, found.contexts, given, self.model) for row in rows]
        if not isinstance(source, OrmCall):
            return rows
        at = (source.line, source.column)
        filled = next((f.filled for f in found.follows if f.filled and (f.line, f.column) == at), ())
        return [never_empty(row, source, filled) for row in rows]

    def own(self, rows: list[Access], source: Statement | OrmCall) -> list[Access]:
        """The rows as they are judged where they are the caller's own, found by the id of whoever is signed in."""
        if not any(row.verdict == "violation" for row in rows):
            return rows
        from lints.vouch import own

        shown = source.snippet if isinstance(source, OrmCall) else source.sql
        if own.asks_whose(shown):
            rows = own.whose(rows, tuple(self._texts(source)), shown, self.model)
        if not own.possible(values_in(source) if isinstance(source, OrmCall) else given_to(source)):
            return rows
        return own.own(rows, tuple(self._texts(source)), self.model)

    def linked(
        self,
        found: Extraction,
        by_place: Mapping[tuple[int, int, tuple[str, ...]], list[Access]],
        sources: Mapping[tuple[int, int, tuple[str, ...]], Statement | OrmCall],
    ) -> None:
        """What is written under a row that a client names, and that was not read under its tenant, is an assumption."""
        from lints.context import links

        for key, rows in by_place.items():
            if links.possible(rows, found.contexts):
                read = {
                    (value, row.table)
                    for follow in found.follows
                    if follow.checked and (follow.line, follow.column) == key[:2]
                    for place, firsts in by_place.items()
                    if place[:2] == (follow.first_line, follow.first_column)
                    for row in firsts
                    if row.verdict == "proven" or row.rule == "TENSQL024"
                    for value, _ in follow.values
                }
                texts = tuple(self._texts(sources[key]))
                rows[:] = [links.linked(row, texts, found.contexts, read, self.model) for row in rows]

    def vouches(
        self, source: Statement | OrmCall, function: Function, rows: Sequence[Access], gives: str
    ) -> tuple[tuple[str, str, str, str], ...]:
        """The tables that a function finds a row of under a tenant; see `Callee`."""
        from lints.context.keys import own_keys

        named = [[name.strip() for name in parameter.split(",")] for parameter in function.parameters]
        return tuple(
            (row.table, gives, str(place), key)
            for row in rows
            if row.verdict == "proven"
            for key in own_keys(row, tuple(self._texts(source)), self.model)
            for place, names in enumerate(named)
            if key in names
        )

    def vouched(
        self,
        follows: Sequence[Follow],
        by_place: Mapping[tuple[int, int, tuple[str, ...]], list[Access]],
        sources: Mapping[tuple[int, int, tuple[str, ...]], Statement | OrmCall],
    ) -> None:
        """What is done with a row that was read under its tenant before is no violation, but an assumption."""
        from lints.vouch import judging
        from lints.vouch.said import Place

        meant = {place for f in follows for place in ((f.line, f.column), (f.first_line, f.first_column), *f.against)}
        places: dict[tuple[int, int], list[Place]] = {}
        for key, rows in by_place.items():
            if key[:2] in meant:
                place = Place(rows=rows, texts=tuple(self._texts(sources[key])))
                places.setdefault(key[:2], []).append(place)
        judging.vouched(places, follows, self.model)

    def _texts(self, source: Statement | OrmCall) -> Iterable[Text]:
        """The SQL of each path with what its placeholders stand for."""
        from lints.vouch.said import Text

        if isinstance(source, Statement):
            dialect = source.dialect_hint or dialect_of(source.path) or self.model.dialect
            if len(source.variants) == 1 or not source.holes:  # the gaps of one path are not those of another
                for text in self.as_stored(source):
                    yield Text(sql=text, dialect=dialect, marks=markers_of(source, text))
            return
        call = self._helpers.resolved(source) if source.kind not in {"mongo", "repository", "index"} else None
        for path in (self._entities.rendered(call) or ()) if call is not None else ():
            for text in path.texts:
                marks = ((*m.span(), path.sources.get(m.group(), "")) for m in _VALUE.finditer(text))
                yield Text(
                    sql=text,
                    dialect=dialect_of(source.path) or self.model.dialect,
                    marks=tuple(mark for mark in marks if mark[2]),
                    loose=source.kind in UNDEFINED_IS_ANY,
                    table=path.table,
                )


def _snaked(found: re.Match[str]) -> str:
    return re.sub(r"(?=[A-Z])", "_", found.group(1)).lower()
