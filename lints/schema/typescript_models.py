"""TypeORM, MikroORM and sequelize-typescript entities, and Drizzle tables: what they say of tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lints.extract.ir import Assign, Expr, Invoke, Items, Member, Name, Other, Pairs, Spread
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.catalog import Catalog, Draft
from lints.schema.facts import Entity
from lints.schema.orm import (
    Class,
    Source,
    calls_within,
    chain,
    classes,
    constant,
    inherited,
    properties,
    returned,
    texts,
    truth,
)
from lints.tenancy import Column, ForeignKey

DECLARES = regex(
    rb"@(?:Entity|ChildEntity|Table|ViewEntity)\s*\(|@(?:Primary(?:Generated)?Column|PrimaryKey|Column|Property)\b"
    rb"|\b(?:pg|mysql|sqlite|single\w*|multi\w*)?Table\s*\(\s*['\"`]|Schema\s*\(\s*\{"
)
_COLUMNS = names(
    "Column PrimaryColumn PrimaryGeneratedColumn CreateDateColumn UpdateDateColumn DeleteDateColumn VersionColumn"
    " ObjectIdColumn Property PrimaryKey Enum ForeignKey"
)
_ONE = frozenset({"ManyToOne", "OneToOne", "BelongsTo"})
_Columns = tuple[str, Mapping[str, str]]
"""A Drizzle table: its name, and its columns by property."""
_TABLES = regex(r"(?:pg|mysql|sqlite)Table|\w*[tT]able")


def read_typescript_models(catalog: Catalog, sources: Sequence[Source]) -> None:
    """Add the tables that decorated classes and `pgTable(…)` calls declare."""
    known: dict[str, list[Class]] = {}
    for source in sources:
        for found in classes(source):
            known.setdefault(found.body.name, []).append(found)
    tables: dict[str, str] = {}
    for group in known.values():
        for found in group:
            name = _entity_table(found, known)
            if name is not None:
                tables[found.body.name] = name
    for group in known.values():
        for found in group:
            if found.body.name in tables and _entity_table(found, known) is not None:
                _add_entity(catalog, found, known, tables)
    _read_drizzle(catalog, sources)


# Entities


def _mark(marks: Sequence[Expr], *names: str) -> Invoke | None:
    return next((mark for mark in marks if isinstance(mark, Invoke) and mark.method in names), None)


def _entity_table(found: Class, known: Mapping[str, list[Class]]) -> str | None:
    mark = _mark(found.body.decorators, "Entity", "Table", "ChildEntity")
    if mark is None:
        return None
    if mark.method == "ChildEntity" or "discriminatorValue" in properties(
        mark.arguments[0] if mark.arguments else None
    ):
        above = (one for one in inherited(found, known)[1:] if _mark(one.body.decorators, "Entity") is not None)
        tables = [_entity_table(one, {}) for one in above]  # the farthest has the table that all of them are in
        return tables[-1] if tables else None
    first = mark.arguments[0] if mark.arguments else None
    options = properties(first) or properties(mark.arguments[1] if len(mark.arguments) > 1 else None)
    named = constant(first) or constant(options.get("name")) or constant(options.get("tableName"))
    return named or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", found.body.name).lower()


def _add_entity(catalog: Catalog, found: Class, known: Mapping[str, list[Class]], tables: Mapping[str, str]) -> None:
    table = tables[found.body.name]
    origin = found.source.origin(found.body.span[0], f"entity {found.body.name}")
    mark = _mark(found.body.decorators, "Entity", "Table")
    options = properties(mark.arguments[-1]) if mark is not None and mark.arguments else {}
    draft = catalog.create(constant(options.get("schema")), table, origin)
    fields: dict[str, str] = {}
    relations: dict[str, str] = {}
    for holder in inherited(found, known):
        for member in holder.body.body:
            if isinstance(member, Member) and member.name not in fields:
                _entity_member(draft, holder.source, member, fields, relations, tables, found.body.name)
    for member_mark in found.body.decorators:
        if isinstance(member_mark, Invoke) and member_mark.method in {"Unique", "Index"}:
            listed = next((texts(argument) for argument in member_mark.arguments if isinstance(argument, Items)), ())
            unique = member_mark.method == "Unique" or any(
                truth(properties(argument).get("unique")) for argument in member_mark.arguments
            )
            columns = tuple(fields.get(name, name) for name in listed)
            if unique and listed:
                draft.unique["_".join(listed)] = columns
            elif listed:
                draft.add_index(columns, origin)
    catalog.entities.append(
        Entity(name=found.body.name, table=table, kind="typeorm", columns=fields, relations=relations, origin=origin)
    )


def _entity_member(
    draft: Draft,
    source: Source,
    member: Member,
    fields: dict[str, str],
    relations: dict[str, str],
    tables: Mapping[str, str],
    owner: str,
) -> None:
    relation = next((m for m in member.decorators if isinstance(m, Invoke) and m.method in _ONE), None)
    many = next((m for m in member.decorators if isinstance(m, Invoke) and m.method.endswith("ToMany")), None)
    target = _target(relation or many, member)
    if many is not None:
        if target is not None:
            relations[member.name] = target
        return
    if relation is not None:
        join = _mark(member.decorators, "JoinColumn")
        options = properties(join.arguments[0]) if join is not None and join.arguments else {}
        own = properties(relation.arguments[-1]) if relation.arguments else {}
        column = constant(options.get("name")) or constant(own.get("joinColumn")) or constant(own.get("fieldName"))
        if relation.method == "OneToOne" and join is None and column is None:
            return
        column = column or f"{member.name}Id"
        nullable = truth(own.get("nullable"))
        why = source.origin(member.span[0], f"{column} joins {owner}.{member.name} to {target}")
        draft.add_column(Column(name=column, nullable=nullable is not False), why)
        fields.setdefault(member.name, column)
        if target is not None:
            relations[member.name] = target
            referenced = constant(options.get("referencedColumnName"))
            draft.foreign_keys[f"{draft.name}_{column}_fkey"] = (
                ForeignKey(
                    columns=(column,),
                    references=tables.get(target, target),
                    referenced_columns=(referenced,) if referenced else (),
                ),
                why,
            )
        if _mark(member.decorators, "Index") is not None:
            draft.add_index((column,), why)
        return
    marks = [m for m in member.decorators if isinstance(m, Invoke) and m.method in _COLUMNS]
    mark = next((m for m in marks if m.method != "ForeignKey"), next(iter(marks), None))
    bare = next((m for m in member.decorators if isinstance(m, Name) and m.path in _COLUMNS), None)
    if mark is None and bare is None:
        return
    options = {key: value for part in (mark.arguments if mark else ()) for key, value in properties(part).items()}
    column = (
        constant(options.get("name"))
        or constant(options.get("field"))
        or constant(options.get("fieldName"))
        or member.name
    )
    method = mark.method if mark is not None else bare.path if bare is not None else ""
    primary = (
        method.startswith("Primary")
        or any(isinstance(m, Name) and m.path == "PrimaryKey" for m in member.decorators)
        or truth(options.get("primary")) is True
        or truth(options.get("primaryKey")) is True
    )
    kind = constant(mark.arguments[0]) if mark is not None and mark.arguments else None
    nullable = truth(options.get("nullable")) is True or truth(options.get("allowNull")) is True
    draft.add_column(
        Column(
            name=column, type=(kind or constant(options.get("type")) or member.type).lower()[:60], nullable=nullable
        ),
        source.origin(member.span[0], f"{column} is a column of {owner}"),
    )
    fields[member.name] = column
    if primary:
        draft.primary_key = (*draft.primary_key, column) if column not in draft.primary_key else draft.primary_key
    if truth(options.get("unique")):
        draft.unique[f"{draft.name}_{column}_key"] = (column,)
    if _mark(member.decorators, "Index") is not None:
        draft.add_index((column,), draft.column_origins[column])
    refers = _mark(member.decorators, "ForeignKey")
    referred = _target(refers, member)
    if refers is not None and referred is not None:
        draft.foreign_keys[f"{draft.name}_{column}_fkey"] = (
            ForeignKey(columns=(column,), references=tables.get(referred, referred), referenced_columns=()),
            source.origin(member.span[0], f"{column} refers to {referred}"),
        )


def _target(mark: Invoke | None, member: Member) -> str | None:
    """`() => Tenant`, `"Tenant"`, or the type of the property."""
    if mark is None:
        return None
    for argument in mark.arguments[:1]:
        back = returned(argument)
        if isinstance(back, Name):
            return back.path.rpartition(".")[2]
        named = constant(argument) or constant(properties(argument).get("entity"))
        if named is not None:
            return named.rpartition(".")[2]
    found = re.search(r"[A-Z]\w*", member.type)
    return found.group() if found is not None else None


# Drizzle


@dataclass(slots=True)
class _Drizzle:
    """A variable that holds a Drizzle table, and the call that makes it."""

    source: Source
    variable: str
    call: Invoke
    table: str
    shape: Mapping[str, Expr]
    schema: str | None = None

    @property
    def name(self) -> str:
        """The table as the model calls it: with its schema, unless that is the default one."""
        return self.table if self.schema in {None, "public"} else f"{self.schema}.{self.table}"

    @property
    def fields(self) -> Mapping[str, str]:
        """Columns by property."""
        return {key: _drizzle_column(key, value) for key, value in self.shape.items()}


def _read_drizzle(catalog: Catalog, sources: Sequence[Source]) -> None:
    """Tables with what is chained to them (`.enableRLS()`), and the relations that are said of them apart."""
    shared: dict[str, Pairs] = {}
    schemas: dict[str, str] = {}
    made: list[tuple[Source, str, Invoke]] = []
    related: list[tuple[Source, Invoke]] = []
    for source in sources:
        for statement in source.body:
            if not isinstance(statement, Assign) or not statement.target:
                continue
            if isinstance(statement.value, Pairs):
                shared.setdefault(statement.target, statement.value)
            call = next(iter(chain(statement.value)), None)
            first = constant(call.arguments[0]) if call is not None and call.arguments else None
            if call is not None and first is not None and len(call.arguments) > 1 and _TABLES.fullmatch(call.method):
                made.append((source, statement.target, call))
            elif call is not None and first is not None and call.method in {"pgSchema", "mysqlSchema"}:
                schemas[statement.target] = first
            elif call is not None and call.method == "relations" and len(call.arguments) == 2:
                related.append((source, call))
    tables: dict[str, _Drizzle] = {}
    for source, variable, call in made:
        table = constant(call.arguments[0]) or ""
        schema = schemas.get(call.receiver.path) if isinstance(call.receiver, Name) else None
        tables[variable] = _Drizzle(source, variable, call, table, _shape(call, shared), schema)
    named = {variable: (found.name, found.fields) for variable, found in tables.items()}
    led: dict[str, dict[str, str]] = {}
    for _, call in related:
        led.setdefault(_variable(call.arguments[0]), {}).update(_leads_to(call))
    drafts = {
        variable: _add_drizzle(catalog, found, named, led.get(variable, {})) for variable, found in tables.items()
    }
    for source, call in related:
        variable = _variable(call.arguments[0])
        if variable in drafts:
            _relate(drafts[variable], named[variable][1], source, call, named)


def _variable(expression: Expr) -> str:
    return expression.path.rpartition(".")[2] if isinstance(expression, Name) else ""


def _leads_to(call: Invoke) -> dict[str, str]:
    """The variables of the tables that `relations(boats, …)` leads to, by what it calls them."""
    found = properties(returned(call.arguments[1])).items()
    return {
        name: variable
        for name, value in found
        if isinstance(value, Invoke) and value.arguments and (variable := _variable(value.arguments[0]))
    }


def _shape(call: Invoke, shared: Mapping[str, Pairs]) -> Mapping[str, Expr]:
    """The columns of a `pgTable` call: an object, or a closure that returns one; what it spreads is among them."""
    second = call.arguments[1]
    given = second if isinstance(second, Pairs) else returned(second)
    found: dict[str, Expr] = {}
    for key, value in given.pairs if isinstance(given, Pairs) else ():
        if key is not None:
            found[key] = value
        elif isinstance(value, Spread) and isinstance(value.value, Name):
            found.update(properties(shared.get(value.value.path)))
    return found


def _relate(
    draft: Draft, fields: Mapping[str, str], source: Source, call: Invoke, tables: Mapping[str, _Columns]
) -> None:
    """`relations(boats, ({ one }) => ({ harbour: one(harbours, { fields: […], references: […] }) }))`: references that
    the code follows, and no constraint of the database need say. One by the table's own key is seen from the side that
    is referred to."""
    for value in properties(returned(call.arguments[1])).values():
        said = properties(value.arguments[1]) if isinstance(value, Invoke) and len(value.arguments) > 1 else {}
        own, foreign = said.get("fields"), said.get("references")
        if isinstance(own, Items) and isinstance(foreign, Items):
            columns = tuple(_field(part, fields) for part in own.items)
            known = {draft.primary_key, *(key.columns for key, _ in draft.foreign_keys.values())}
            if all(columns) and columns not in known:
                _drizzle_reference(draft, source, columns, list(foreign.items), tables, value.span[0])


def _drizzle_column(key: str, value: Expr) -> str:
    calls = chain(value)
    first = calls[0].arguments[0] if calls and calls[0].arguments else None
    return constant(first) or key


def _add_drizzle(catalog: Catalog, found: _Drizzle, tables: Mapping[str, _Columns], led: Mapping[str, str]) -> Draft:
    source, variable, call, table = found.source, found.variable, found.call, found.table
    fields = tables[variable][1]
    origin = source.origin(call.span[0], f"table {table}")
    draft = catalog.create(found.schema, table, origin)
    for key, value in found.shape.items():
        column = fields.get(key, key)
        calls = {inner.method: inner for inner in chain(value)}
        place = source.origin(value.span[0], f"{column} is a column of {variable}")
        nullable = "notNull" not in calls and "primaryKey" not in calls
        draft.add_column(Column(name=column, type=next(iter(calls), "").lower(), nullable=nullable), place)
        if "primaryKey" in calls:
            draft.primary_key = (column,)
        if "unique" in calls:
            draft.unique[f"{table}_{column}_unique"] = (column,)
        if "references" in calls:
            _drizzle_reference(draft, source, (column,), [_back(calls["references"])], tables, value.span[0])
    extras = returned(call.arguments[2]) if len(call.arguments) > 2 else None
    for inner in calls_within(extras):
        if (
            inner.method == "on"
            and isinstance(inner.receiver, Invoke)
            and inner.receiver.method in {"unique", "uniqueIndex"}
        ):
            columns = tuple(_field(part, fields) for part in inner.arguments)
            if all(columns):
                draft.unique["_".join(columns)] = columns
        elif inner.method == "on" and isinstance(inner.receiver, Invoke) and inner.receiver.method == "index":
            draft.add_index(
                tuple(_field(part, fields) for part in inner.arguments), source.origin(inner.span[0], "index")
            )
        elif inner.method == "primaryKey" and inner.arguments:
            listed = properties(inner.arguments[0]).get("columns")
            parts = listed.items if isinstance(listed, Items) else inner.arguments
            columns = tuple(_field(part, fields) for part in parts)
            if all(columns):
                draft.primary_key = columns
        elif inner.method == "foreignKey" and inner.arguments:
            shape = properties(inner.arguments[0])
            own, foreign = shape.get("columns"), shape.get("foreignColumns")
            if isinstance(own, Items) and isinstance(foreign, Items):
                columns = tuple(_field(part, fields) for part in own.items)
                _drizzle_reference(draft, source, columns, list(foreign.items), tables, inner.span[0])
    catalog.entities.append(
        Entity(name=variable, table=found.name, kind="drizzle", columns=dict(fields), relations=led, origin=origin)
    )
    return draft


def _back(call: Invoke) -> Expr | None:
    return returned(call.arguments[0]) if call.arguments else None


def _field(part: Expr, fields: Mapping[str, str]) -> str:
    if isinstance(part, Name):
        key = part.path.rpartition(".")[2]
        return fields.get(key, key)
    return ""


def _drizzle_reference(
    draft: Draft,
    source: Source,
    columns: tuple[str, ...],
    targets: Sequence[Expr | None],
    tables: Mapping[str, _Columns],
    offset: int,
) -> None:
    referenced: list[str] = []
    table = ""
    for target in targets:
        inner = target.parts[0] if isinstance(target, Other) and target.parts else target
        if not isinstance(inner, Name):
            return
        variable, _, key = inner.path.rpartition(".")
        table, fields = tables.get(variable.rpartition(".")[2] or variable, (variable, {}))
        referenced.append(fields.get(key, key))
    draft.foreign_keys[f"{draft.name}_{'_'.join(columns)}_fkey"] = (
        ForeignKey(columns=columns, references=table, referenced_columns=tuple(referenced)),
        source.origin(offset, f"foreign key ({', '.join(columns)}) to {table}"),
    )
