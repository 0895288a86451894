"""Models that are made by a call: Sequelize's `define` and `init` with their associations, Mongoose's `model`; classes
that say their table, of Objection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lints.extract.ir import (
    Assign,
    ClassBody,
    Closure,
    Define,
    Do,
    Expr,
    If,
    Invoke,
    Leave,
    Member,
    Name,
    Pairs,
    Scope,
    Stmt,
)
from lints.patterns import regex
from lints.schema import repositories
from lints.schema.catalog import Catalog
from lints.schema.facts import Entity
from lints.schema.orm import Source, classes, constant, properties, truth
from lints.tenancy import Column, ForeignKey

DECLARES = regex(
    repositories.DECLARES + rb"|@Schema\(|\.define\(\s*['\"`]\w|\b[A-Z]\w*\.init\(\s*\{"
    rb"|\bstatic\s+(?:override\s+)?(?:readonly\s+)?(?:get\s+)?tableName\b|\.belongsTo\(|\bmodel\s*(?:<[^()]{1,200}>)?\(\s*['\"`]\w+['\"`]\s*,"
)
WORDS = (b".define(", b".init(", b".belongsTo(", b"ongoose", b"Repository", b"tableName")
_MAX_STATEMENTS = 50_000


@dataclass(slots=True)
class _Sequelize:
    """A model of Sequelize and what was said of it."""

    source: Source
    name: str
    attributes: Expr | None
    options: Expr | None
    offset: int
    aliases: set[str] = field(default_factory=set)


def read_javascript_models(catalog: Catalog, sources: Sequence[Source]) -> None:
    """Add the tables of Sequelize's models, and the collections that Mongoose's models stand for."""
    repositories.read_repositories(catalog, sources)
    found: dict[str, _Sequelize] = {}
    links: list[tuple[Source, Invoke]] = []
    for source in sources:
        catalog.entities.extend(_document_classes(source))
        catalog.entities.extend(_named_classes(catalog, source))
        for target, call in _calls(source.body):
            first = constant(call.arguments[0]) if call.arguments else None
            named = first is not None and re.fullmatch(r"\w+", first) is not None  # no custom element of a browser
            if call.method == "define" and first is not None and named and len(call.arguments) > 1:
                options = call.arguments[2] if len(call.arguments) > 2 else None
                model = _Sequelize(source, first, call.arguments[1], options, call.span[0], {first})
                found.setdefault(first, model).aliases |= {target} if target else set()
            elif call.method == "init" and isinstance(call.receiver, Name) and len(call.arguments) == 2:
                name = call.receiver.path.rpartition(".")[2]
                if isinstance(call.arguments[0], Pairs) and isinstance(call.arguments[1], Pairs):
                    model = _Sequelize(source, name, call.arguments[0], call.arguments[1], call.span[0], {name})
                    found.setdefault(name, model)
            elif call.method == "belongsTo" and isinstance(call.receiver, Name) and call.arguments:
                links.append((source, call))
            elif call.method == "model" and first is not None and len(call.arguments) > 1 and b"ongoose" in source.data:
                origin = source.origin(call.span[0], f"model {first}")
                held, refers = _document(source, call.arguments[1])
                for name in {first, target or first}:
                    catalog.entities.append(
                        Entity(name=name, table=first, kind="mongoose", columns=held, relations=refers, origin=origin)
                    )
    tables = {name: _table(catalog, model) for name, model in found.items()}
    fields = {name: _add(catalog, model, tables) for name, model in found.items()}
    relations: dict[str, dict[str, str]] = {name: {} for name in found}
    by_alias = {alias: name for name, model in found.items() for alias in model.aliases}
    for source, call in links:
        owner = by_alias.get(call.receiver.path.rpartition(".")[2]) if isinstance(call.receiver, Name) else None
        first_argument = call.arguments[0]
        written = first_argument.path.rpartition(".")[2] if isinstance(first_argument, Name) else ""
        target_name = by_alias.get(written)
        if owner is None or target_name is None:
            continue
        said = properties(call.arguments[1]) if len(call.arguments) > 1 else {}
        key = said.get("foreignKey")
        attribute = constant(key) or constant(properties(key).get("name")) or f"{_lower(target_name)}Id"
        draft = catalog.find(None, tables[owner])
        if draft is None:
            continue
        column = fields[owner].get(attribute, attribute)
        fields[owner].setdefault(attribute, column)
        relations[owner][constant(said.get("as")) or _lower(target_name)] = target_name
        origin = source.origin(call.span[0], f"{owner} belongs to {target_name}")
        draft.add_column(Column(name=column), origin)
        draft.foreign_keys.setdefault(
            f"{draft.name}_{column}_fkey",
            (ForeignKey(columns=(column,), references=tables[target_name], referenced_columns=()), origin),
        )
    for name, model in found.items():
        origin = model.source.origin(model.offset, f"model {name}")
        for alias in sorted(model.aliases):
            catalog.entities.append(
                Entity(
                    name=alias,
                    table=tables[name],
                    kind="typeorm",
                    columns=fields[name],
                    relations=relations[name],
                    origin=origin,
                )
            )


def _document(source: Source, schema: Expr) -> tuple[dict[str, str], dict[str, str]]:
    """The fields of a document, and what those refer to: of `new Schema({ … })`, or of a variable that holds one."""
    if isinstance(schema, Name):
        held = (s.value for s in source.body if isinstance(s, Assign) and s.target == schema.path)
        schema = next(held, None) or schema
    made = schema.arguments if isinstance(schema, Invoke) and schema.method == "Schema" else ()
    fields = properties(made[0] if made else None)
    refers = {field: constant(properties(value).get("ref")) for field, value in fields.items()}
    return {field: field for field in fields}, {field: to for field, to in refers.items() if to is not None}


def _document_classes(source: Source) -> Iterator[Entity]:
    """`@Schema() class Boat { @Prop() tenantId: string }` of NestJS."""
    for found in classes(source):
        if any(isinstance(mark, Invoke) and mark.method == "Schema" for mark in found.body.decorators):
            fields = [
                member.name
                for member in found.body.body
                if isinstance(member, Member)
                and any(isinstance(mark, Invoke) and mark.method == "Prop" for mark in member.decorators)
            ]
            yield Entity(
                name=found.body.name,
                table=found.body.name,
                kind="mongoose",
                columns={field: field for field in fields},
                relations={},
                origin=source.origin(found.body.span[0], f"schema {found.body.name}"),
            )


_TABLE_NAME = regex(
    rb"\bstatic\s+(?:override\s+)?(?:readonly\s+)?(?:get\s+)?tableName\s*(?::\s*string\s*)?"
    rb"(?:=|\(\)\s*(?::\s*string\s*)?\{\s*return)\s*['\"`](\w+)['\"`]"
)
_BELONGS = regex(
    rb"BelongsToOneRelation\b.{0,200}?\bfrom\s*:\s*['\"`](\w+)\.(\w+)['\"`]\s*,\s*to\s*:\s*['\"`](\w+)\.(\w+)['\"`]",
    re.DOTALL,
)


def _named_classes(catalog: Catalog, source: Source) -> Iterator[Entity]:
    """Models of Objection, which say their table, and in `relationMappings` what they belong to."""
    for found in classes(source) if b"tableName" in source.data else ():
        text = source.data[found.body.span[0] : found.body.span[1]]
        told = _TABLE_NAME.search(text)
        if told is None:
            continue
        table = told[1].decode()
        origin = source.origin(found.body.span[0], f"model {found.body.name}")
        draft = catalog.find(None, table)
        for key in _BELONGS.finditer(text) if draft is not None else ():
            own, column, target, referenced = (part.decode() for part in key.groups())
            if draft is not None and own == table and column in draft.columns:
                refers = ForeignKey(columns=(column,), references=target, referenced_columns=(referenced,))
                draft.foreign_keys.setdefault(f"{table}_{column}_fkey", (refers, origin))
        yield Entity(name=found.body.name, table=table, kind="knex", columns={}, relations={}, origin=origin)


def _calls(body: Iterable[Stmt]) -> Iterator[tuple[str | None, Invoke]]:
    """(the variable it is assigned to, call), in functions too: `module.exports = (sequelize) => { … }`."""
    stack: list[Iterator[Stmt]] = [iter(body)]
    budget = _MAX_STATEMENTS
    while stack and budget:
        budget -= 1
        statement = next(stack[-1], None)
        if statement is None:
            stack.pop()
        elif isinstance(statement, (ClassBody, Scope)):
            stack.append(iter(statement.body))
        elif isinstance(statement, Define):
            stack.append(iter(statement.function.lower_body()))
        elif isinstance(statement, If):
            stack.append(iter((*statement.then, *statement.other)))
        elif isinstance(statement, (Assign, Do, Leave)):
            value = statement.value
            if isinstance(value, Invoke):
                yield (statement.target if isinstance(statement, Assign) else None), value
            elif isinstance(value, Closure):
                stack.append(iter(value.function.lower_body()))
            elif value is not None and hasattr(value, "parts"):  # mongoose.models.Boat || mongoose.model("Boat", …)
                for part in value.parts:
                    if isinstance(part, Invoke):
                        yield None, part
            elif value is not None and hasattr(value, "other") and isinstance(value.other, Invoke):
                yield (statement.target if isinstance(statement, Assign) else None), value.other


def _table(catalog: Catalog, model: _Sequelize) -> str:
    """The table a model says, or one of the schema that is named after it, or the name that Sequelize makes."""
    told = constant(properties(model.options).get("tableName"))
    if told is not None:
        return told
    named = constant(properties(model.options).get("modelName")) or model.name
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", named).lower()
    names = [_plural(named), _plural(snake), named, snake, _plural(_lower(named))]
    if truth(properties(model.options).get("underscored")) is True:
        names.insert(0, _plural(snake))
    return next((name for name in names if catalog.find(None, name) is not None), names[0])


def _add(catalog: Catalog, model: _Sequelize, tables: dict[str, str]) -> dict[str, str]:
    source, table = model.source, tables[model.name]
    draft = catalog.find(None, table) or catalog.create(None, table, source.origin(model.offset, f"model {model.name}"))
    snake = truth(properties(model.options).get("underscored")) is True
    fields: dict[str, str] = {}
    for attribute, value in properties(model.attributes).items():
        said = properties(value)
        column = constant(said.get("field")) or (
            re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", attribute).lower() if snake else attribute
        )
        if constant(said.get("field")) is None and column not in draft.columns:
            column = next((c for c in draft.columns if c.replace("_", "").lower() == column.lower()), column)
        fields[attribute] = column
        primary = truth(said.get("primaryKey")) is True
        origin = source.origin(value.span[0], f"{column} is an attribute of {model.name}")
        nullable = truth(said.get("allowNull")) is not False and not primary
        draft.add_column(Column(name=column, nullable=nullable), origin)
        if primary and not draft.primary_key:
            draft.primary_key = (column,)
        if truth(said.get("unique")):
            draft.unique.setdefault(f"{draft.name}_{column}_key", (column,))
        refers = properties(said.get("references"))
        to = refers.get("model")
        target = constant(to) or constant(properties(to).get("tableName"))
        if target is None and isinstance(to, Name):
            target = tables.get(to.path.rpartition(".")[2])
        if target is not None:
            key = constant(refers.get("key"))
            draft.foreign_keys.setdefault(
                f"{draft.name}_{column}_fkey",
                (ForeignKey(columns=(column,), references=target, referenced_columns=(key,) if key else ()), origin),
            )
    if not draft.primary_key:
        draft.add_column(Column(name="id", nullable=False), draft.origin)
        draft.primary_key = ("id",)
    fields.setdefault("id", draft.primary_key[0])
    return fields


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _plural(name: str) -> str:
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return name[:-1] + "ies"
    return name if name.endswith("s") else name + "s"
