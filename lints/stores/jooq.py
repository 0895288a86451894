# ruff: noqa: S608 - the text is judged, it never reaches a database
"""Queries of jOOQ as the SQL they stand for. A condition that is not understood is text that nobody has seen."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lints.extract.facts import Argument, OrmStep
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.go_names import plural, snake
from lints.stores import jvm_helpers
from lints.stores.call_text import Called, calls, literal
from lints.stores.jvm_helpers import MAYBE
from lints.stores.orm_sql import Builder
from lints.tenancy import Model

_MAX_DEPTH = 8
_SILENT = names(
    "ne notEqual gt ge lt le greaterThan lessThan like notLike between isNotNull isTrue isFalse greaterOrEqual"
    " lessOrEqual likeIgnoreCase contains startsWith endsWith notIn containsIgnoreCase notBetween likeRegex"
)
_JOOQ_JOINS = {
    "join": "JOIN", "innerJoin": "JOIN", "leftJoin": "LEFT JOIN", "leftOuterJoin": "LEFT JOIN",
    "rightJoin": "RIGHT JOIN", "rightOuterJoin": "RIGHT JOIN", "fullJoin": "FULL JOIN", "crossJoin": "CROSS JOIN",
}  # fmt: skip
_JOOQ_STARTS = names("select selectFrom selectOne selectCount selectDistinct update delete deleteFrom insertInto with")
_JOOQ_FETCHES = names("fetch fetchOne fetchAny fetchCount fetchExists fetchOptional fetchSingle fetchStream")
_NAMES_TABLE = names("@made mergeInto from selectFrom update delete deleteFrom insertInto") | _JOOQ_FETCHES
_CONSTANT = regex(r"[A-Z][A-Z0-9_]*")


def jooq_table(steps: Sequence[OrmStep], model: Model) -> str | None:
    """The table that a query is about; None if it does not say."""
    for step in steps:
        if step.method in {
            "@made",
            "mergeInto",
            "from",
            "selectFrom",
            "update",
            "delete",
            "deleteFrom",
            "insertInto",
            *_JOOQ_FETCHES,
        }:
            table = _table(step.arguments[0].text, model)[0] if step.arguments else None
            if table is not None:
                return table
    return None


def _stored(name: str, model: Model) -> str:
    """A table as the schema spells it; `@LogEntry` is that of an entity, by one of the names it would have."""
    if not name.startswith("@"):
        return name if name in model.tables else name.lower()
    whole = snake(name[1:])
    for one in (whole, re.sub(r"_(?:entry|entity|record|model|row|po|do)\Z", "", whole)):
        for called in (one, plural(one), one.replace("_", ""), plural(one.replace("_", ""))):
            if called in model.tables:
                return called
    return whole


def jooq(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`dsl.selectFrom(BOATS).where(BOATS.TENANT_ID.eq(tenant)).fetch()`."""
    chain = [Called(step.method, tuple(argument.text for argument in step.arguments)) for step in steps]
    if chain[0].name in _JOOQ_FETCHES:  # dsl.fetchOne(BOATS, BOATS.ID.eq(id))
        given = chain[0].arguments or ()
        chain = [Called("selectFrom", given[:1]), *([Called("where", given[1:])] if len(given) > 1 else [])]
    if chain[0].name in {"@made", "mergeInto"}:
        return [None]  # what it is made of, or set to, is not to be seen
    if chain[0].name == "insertInto":
        return _inserted(builder, chain)
    return [_Jooq(builder).query(chain)]


def _table(text: str, model: Model) -> tuple[str | None, str | None]:
    """(table, alias) of `BOATS`, `Tables.BOATS.as("b")`."""
    chain = calls(text)
    named = next(
        (c.name for c in chain if c.arguments is None and _CONSTANT.fullmatch(c.name) and c.name != "DSL"), None
    )
    stated = next((said.rpartition(".")[2] for c in chain if (said := _named(c, "table"))), None)
    alias = next((literal(c.arguments[0]) for c in chain if c.name in {"as", "`as`"} and c.arguments), None)
    named = stated if named is None else named.lower()
    return (_stored(named, model) if named is not None else None), alias


def _inserted(builder: Builder, chain: Sequence[Called]) -> list[str | None]:
    columns = [name for text in (chain[0].arguments or ())[1:] if (name := _field(text)) is not None]
    conflict: list[str] | None = None
    own = [builder.key_of(builder.table)]
    updates, changed = False, []
    for called in chain[1:]:
        given = called.arguments or ()
        if called.name in {"doUpdate", "onDuplicateKeyUpdate"}:
            updates, conflict = True, conflict or own
        elif updates and called.name == "set":
            changed += [column for text in given[:1] if (column := _field(text)) is not None]
        elif called.name == "columns":
            columns += [name for text in given if (name := _field(text)) is not None]
        elif called.name == "set" and len(given) == 2 and (column := _field(given[0])) is not None:
            columns.append(column)
        elif called.name == "onConflict":
            conflict = [name for text in given if (name := _field(text)) is not None]
        elif called.name in {"select", "set"}:
            return [None]
    updated = [(column, builder.parameter()) for column in changed] or None
    written = [(column, builder.parameter()) for column in columns]
    return [builder.insert(written, conflict=conflict if updates else None, updated=updated)]


def _field(text: str) -> str | None:
    chain = calls(text)
    last = chain[-1] if chain else None
    return last.name.lower() if last is not None and last.arguments is None and _CONSTANT.fullmatch(last.name) else None


class _Jooq:
    """One query and those inside it; range variables are the tables' own names, or what they are given."""

    def __init__(self, builder: Builder, known: Mapping[str, str] | None = None, depth: int = 0) -> None:
        self.builder = builder
        self.known = dict(known or {})
        self.depth = depth

    def query(self, chain: Sequence[Called]) -> str:
        builder = self.builder
        sources: list[str] = []
        where: str | None = None
        sets: list[str] = []
        fields: Sequence[str] = ()
        verb, waits = "select", False
        for called in chain:
            given = called.arguments or ()
            if called.name in {"from", "selectFrom", "update", "delete", "deleteFrom"}:
                verb = called.name.removesuffix("From") if called.name != "from" else verb
                sources += [", ".join(self._source(text) for text in given[:20])]
            elif called.name in {"select", "selectDistinct"}:
                fields = given
            elif called.name in _JOOQ_JOINS and given:
                sources.append(f"{_JOOQ_JOINS[called.name]} {self._source(given[0])}")
                waits = called.name != "crossJoin"
            elif called.name == "on" and waits:
                sources[-1] += f" ON ({builder.all_of([self.condition(text) for text in given])})"
                waits = False
            elif called.name == "where":
                where = builder.all_of([self.condition(text) for text in given]) or "TRUE"
            elif called.name in {"and", "or"} and given and where is not None:
                more = self.condition(given[0])
                where = f"({where}) {called.name.upper()} ({more})"
            elif called.name == "andExists" or called.name == "addConditions":
                where = builder.all_of([where or "TRUE", builder.hole()])
            elif called.name == "set" and len(given) == 2:
                chain_of = calls(given[0])
                stated = _plain_field(chain_of[-1]) if chain_of else None
                column = _field(given[0]) or (stated.rpartition(".")[2].strip('"`') if stated else None)
                sets.append(f"{builder.ident(column)} = {builder.parameter()}" if column else builder.hole())
            elif called.name == "set":  # a record, or a map
                sets.append(builder.hole())
            elif called.name in {"@key", "@held"}:
                builder.held = called.name == "@held"
                where = f"{builder.qualified(builder.key_of(builder.table))} = {builder.parameter()}"
            elif called.name in {"union", "unionAll", "intersect", "except", "with", "using"}:
                where = builder.all_of([where or "TRUE", builder.hole()])
        source = " ".join(sources)
        condition = f" WHERE {where}" if where is not None else ""
        if verb == "delete":
            return f"DELETE FROM {source}{condition}"
        if verb == "update":
            return f"UPDATE {source} SET {', '.join(sets) or f'{builder.hole()} = 1'}{condition}"
        shown = [self._column(calls(text)) for text in fields]
        listed = ", ".join(column for column in shown if column is not None)
        return f"SELECT {listed if shown and all(shown) else '*'} FROM {source}{condition}"

    def _source(self, text: str) -> str:
        table, alias = _table(text, self.builder.model)
        if table is None:
            return self.builder.hole()
        self.known[alias or table] = table
        self.known[table] = table if alias is None else self.known.get(table, table)
        shown = self.builder.ident(table)
        return f"{shown} AS {self.builder.ident(alias)}" if alias is not None else shown

    def condition(self, text: str) -> str:
        builder = self.builder
        if self.depth > _MAX_DEPTH or builder.counter[0] > jvm_helpers.MAX_PARTS:
            return builder.hole()
        if text.startswith(MAYBE):
            return f"({builder.parameter()} IS NULL OR {self._inside(text.removeprefix(MAYBE))})"
        chosen = jvm_helpers.forms(text)
        if chosen is not None:
            return jvm_helpers.either(builder, chosen[0], self._inside(chosen[1]), self._inside(chosen[2]))
        chain = list(calls(text))
        at = next((place for place, called in enumerate(chain) if called.arguments is not None), None)
        if at is None:
            return builder.hole()
        column = self._column(chain[:at])
        if column is None and (named := _plain_field(chain[at])) is not None and at + 1 < len(chain):
            column, at = self._stated(named), at + 1
        first = chain[at]
        given = first.arguments or ()
        own = jvm_helpers.given(builder.entities, chain, at) if column is None else None
        if column is not None:
            said = self._compared(column, first)
        elif own is not None:
            said = self._inside(own)
        elif first.name in {"and", "or", "not"} and given:
            parts = [self._inside(part) for part in given]
            said = f"({builder.any_of(parts) if first.name == 'or' else builder.all_of(parts)})"
            said = f"NOT {said}" if first.name == "not" else said
        elif first.name in {"exists", "notExists"} and given:
            query = self._select(given[0])
            said = f"{'NOT ' if first.name == 'notExists' else ''}EXISTS ({query})" if query else builder.hole()
        elif first.name in {"noCondition", "trueCondition"}:
            said = "TRUE"
        elif first.name == "condition" and given and (stated := literal(given[0])) is not None:
            said = "(" + re.sub(r"\{\d+\}|\?", lambda _: builder.parameter(), stated) + ")"
        else:
            said = builder.hole()
        for called in chain[at + 1 :]:
            more = [self._inside(part) for part in called.arguments or ()]
            if called.name in {"and", "or"} and len(more) == 1:
                said = f"({said}) {called.name.upper()} ({more[0]})"
            elif called.name == "not":
                said = f"NOT ({said})"
            else:
                return builder.hole()
        return said

    def _inside(self, text: str) -> str:
        return _Jooq(self.builder, self.known, self.depth + 1).condition(text)

    def _select(self, text: str) -> str | None:
        chain = calls(text)
        at = next((place for place, called in enumerate(chain) if called.name in _JOOQ_STARTS), None)
        if (
            at is None
            or self.depth > _MAX_DEPTH
            or jooq_table([_step(c) for c in chain[at:]], self.builder.model) is None
        ):
            return None
        return _Jooq(self.builder, self.known, self.depth + 1).query(chain[at:])

    def _compared(self, column: str, called: Called) -> str:
        builder = self.builder
        given = called.arguments or ()
        if called.name in {"eq", "equal"} and given:
            other = self._column(calls(given[0]))
            query = self._select(given[0]) if "select" in given[0] else None
            return f"{column} = {other or (f'({query})' if query else builder.parameter())}"
        if called.name == "in" and given:
            query = self._select(given[0]) if "select" in given[0] else None
            return f"{column} IN ({query or builder.parameter()})"
        if called.name == "isNull":
            return f"{column} IS NULL"
        return f"{column} > {builder.parameter()}" if called.name in _SILENT else builder.hole()

    def _stated(self, name: str) -> str:
        """A column that is named in a text, of the table that a dot says or of the one that is asked first."""
        table, _, column = name.replace('"', "").replace("`", "").rpartition(".")
        first = next(iter(self.known), None)
        return self.builder.qualified(column, table if table in self.known else first)

    def _column(self, chain: Sequence[Called]) -> str | None:
        """`BOATS.TENANT_ID`, `b.TENANT_ID` of a table that the query, or one around it, is from; `field("name")`."""
        if chain and (named := _plain_field(chain[-1])) is not None and len(chain) <= 2:
            return self._stated(named)
        plain = [called.name for called in chain]
        if len(plain) < 2 or any(called.arguments is not None for called in chain):
            return None
        alias = plain[-2] if plain[-2] in self.known else plain[-2].lower()
        if not _CONSTANT.fullmatch(plain[-1]) or alias not in self.known:
            return None
        return self.builder.qualified(plain[-1].lower(), alias)


def _plain_field(called: Called) -> str | None:
    """The name in `field("tenant_id", UUID.class)`, `DSL.field(DSL.name("b", "tenant_id"))`."""
    return _named(called, "field") if called.name == "field" else None


def _named(called: Called, what: str) -> str | None:
    given = called.arguments or ()
    if not given or called.name != what:
        return None
    stated = literal(given[0])
    if stated is not None:
        return stated if re.fullmatch(r"[\w.\"`@]+", stated) else None
    inner = calls(given[0])
    if inner and inner[-1].name in {"name", "quotedName", "unquotedName"} and inner[-1].arguments:
        parts = [literal(part) for part in inner[-1].arguments]
        return ".".join(part for part in parts if part) if all(parts) else None
    return None


def _step(called: Called) -> OrmStep:
    given = tuple(Argument(kind="value", text=text) for text in called.arguments or ())
    return OrmStep(method=called.name, arguments=given)
