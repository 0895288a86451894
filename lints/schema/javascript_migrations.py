"""Migrations of Knex, Kysely and Sequelize: what their schema builders do to tables, step by step."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lints.extract.ir import (
    Assign,
    Cases,
    Choose,
    ClassBody,
    Closure,
    Define,
    Do,
    Expr,
    Func,
    If,
    Invoke,
    Items,
    Leave,
    Loop,
    Member,
    Name,
    Other,
    Pairs,
    Scope,
    Stmt,
    Unpack,
)
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.catalog import Catalog, Draft
from lints.schema.facts import Entity
from lints.schema.orm import Source, chain, constant, properties, texts, truth
from lints.tenancy import Column, ForeignKey, Origin

DECLARES = regex(
    rb"\.(?:createTable\w*|alterTable|dropTable\w*|renameTable|addColumn|addConstraint)\(|schema\s*\.\s*table\("
)
NAMES_TABLES = regex(
    rb"\benum\s+(\w*[tT]ables?\w*)\s*\{([^{}]{1,40000})\}"
    rb"|^export\s+const\s+(\w*(?:Table|TABLE)\w*)\s*=\s*['\"]([\w.]{1,100})['\"]",
    re.MULTILINE,
)
_NAMED = regex(rb"(\w+)\s*=\s*['\"]([\w.]+)['\"]")
_DOWN = frozenset({"down", "revert", "rollback", "undo"})
_OPENS = names("createTable createTableIfNotExists alterTable table")
_NO_COLUMN = names(
    "comment engine charset collate inherits check dropChecks dropNullable setNullable dropTimestamps index dropIndex"
    " queryContext raw timestamps"
)
_MAX_ITEMS, _MAX_CALLS = 200, 100_000


def read_table_names(catalog: Catalog, files: Mapping[str, bytes]) -> None:
    """`enum TableName { Boats = "boats" }`: the names that code uses for tables instead of writing them out."""
    for path, data in sorted(files.items()):
        for found in NAMES_TABLES.finditer(data):
            holder, body, single, value = found.groups()
            listed = [(holder + b"." + name, table) for name, table in _NAMED.findall(body)] if holder else []
            origin = Origin(path=path, line=data.count(b"\n", 0, found.start()) + 1, why="named here")
            for name, table in listed or ([(single, value)] if single else []):
                short = table.decode().rpartition(".")[2]
                catalog.entities.append(
                    Entity(name=name.decode(), table=short, kind="knex", columns={}, relations={}, origin=origin)
                )


def apply_javascript(catalog: Catalog, source: Source) -> None:
    """The `up` of a migration, or whatever is not its `down`."""
    _Migration(catalog, source).run()


class _Migration:
    """One file. `known` are constants by name: texts, and lists that loops go over."""

    def __init__(self, catalog: Catalog, source: Source) -> None:
        self.catalog = catalog
        self.source = source
        self.known: dict[str, Expr] = {}
        self.tables = {e.name: e.table for e in catalog.entities if e.kind == "knex"}
        self.budget = _MAX_CALLS

    def run(self) -> None:
        self._block(self.source.body)

    # Walking: branches and loops count as taken, what undoes does not run

    def _block(self, body: Iterable[Stmt]) -> None:
        for statement in body:
            self.budget -= 1
            if self.budget <= 0:
                return
            if isinstance(statement, Define):
                if statement.function.name not in _DOWN:
                    self._block(statement.function.lower_body())
            elif isinstance(statement, ClassBody):
                self._block(statement.body)
            elif isinstance(statement, If):
                self._block((*statement.then, *statement.other))
            elif isinstance(statement, Cases):
                for alternative in statement.alternatives:
                    self._block(alternative)
            elif isinstance(statement, Scope):
                self._block(statement.body)
            elif isinstance(statement, Loop):
                self._loop(statement)
            elif isinstance(statement, (Assign, Do, Leave, Member, Unpack)):
                self._valued(statement)

    def _valued(self, statement: Assign | Do | Leave | Member | Unpack) -> None:
        target = statement.target if isinstance(statement, Assign) else getattr(statement, "name", None)
        if isinstance(target, str):
            if target.rpartition(".")[2] in _DOWN:
                return
            if statement.value is not None:
                self.known[target] = statement.value
        if statement.value is not None:
            self._expression(statement.value)

    def _loop(self, statement: Loop) -> None:
        over = self._resolved(statement.over)
        if isinstance(over, Items) and len(statement.names) == 1:
            for item in over.items[:_MAX_ITEMS]:
                self.known[statement.names[0]] = item
                self._block(statement.body)
            return
        self._block(statement.body)

    def _expression(self, expression: Expr) -> None:
        if isinstance(expression, Closure):
            self._block(expression.function.lower_body())
        elif isinstance(expression, Pairs):
            for key, value in expression.pairs:
                if key not in _DOWN:
                    self._expression(value)
        elif isinstance(expression, (Items, Other)):
            for part in expression.items if isinstance(expression, Items) else expression.parts:
                self._expression(part)
        elif isinstance(expression, Choose):
            self._expression(expression.then)
            self._expression(expression.other)
        elif isinstance(expression, Invoke):
            self._invoked(expression)

    def _invoked(self, call: Invoke) -> None:
        made = chain(call)
        position = next((i for i, inner in enumerate(made) if _builds(inner)), None)
        if position is None:
            for inner in made:
                over = self._resolved(inner.receiver) if inner.method in {"forEach", "map"} else None
                for argument in inner.arguments:
                    if isinstance(over, Items) and isinstance(argument, Closure) and argument.function.parameters:
                        for item in over.items[:_MAX_ITEMS]:
                            self.known[argument.function.parameters[0].name] = item
                            self._expression(argument)
                    else:
                        self._expression(argument)
            return
        opened: Draft | None = None
        for inner in made[position:]:
            if _builds(inner):
                opened = self._operation(inner)
            elif opened is not None:
                self._kysely(opened, inner)
            if inner.method in {"then", "finally"}:
                for argument in inner.arguments:
                    self._expression(argument)

    def _resolved(self, expression: Expr | None) -> Expr | None:
        for _ in range(4):
            if not isinstance(expression, Name) or expression.path not in self.known:
                break
            expression = self.known[expression.path]
        return expression

    def _text(self, expression: Expr | None) -> str | None:
        resolved = self._resolved(expression)
        if isinstance(resolved, Name):
            return self.tables.get(resolved.path)
        if isinstance(resolved, Pairs):  # Sequelize: { tableName: "boats", schema: "public" }
            return constant(properties(resolved).get("tableName"))
        text = constant(resolved)
        return text.rpartition(".")[2] if text is not None else None

    def _texts(self, expression: Expr | None) -> tuple[str, ...]:
        resolved = self._resolved(expression)
        if isinstance(resolved, Items):
            return tuple(text for item in resolved.items if (text := self._text(item)) is not None)
        text = self._text(resolved)
        return (text,) if text is not None else ()

    # Operations on tables

    def _operation(self, call: Invoke) -> Draft | None:
        method, arguments = call.method, call.arguments
        table = self._text(arguments[0]) if arguments else None
        if table is None:
            return None
        catalog, found = self.catalog, self.catalog.find(None, table)
        if method.startswith("dropTable"):
            if found is not None:
                catalog.drop(found)
            return None
        new = self._text(arguments[1]) if len(arguments) > 1 else None
        if method == "renameTable":
            if found is not None and new is not None:
                catalog.rename(found, None, new)
            return None
        said = "created here" if method.startswith("create") else "altered here"
        draft = found or catalog.create(None, table, self.source.origin(call.span[0], said))
        if method in _OPENS:
            for argument in arguments[1:2]:
                if isinstance(argument, Closure):
                    self._builder(draft, argument.function)
                else:
                    for column, options in properties(self._resolved(argument)).items():
                        self._attribute(draft, call, column, options)
        elif method == "addColumn" and new is not None:
            self._attribute(draft, call, new, arguments[2] if len(arguments) > 2 else None)
        elif method == "changeColumn" and new is not None and len(arguments) > 2:
            nullable = truth(properties(self._resolved(arguments[2])).get("allowNull"))
            draft.change_column(new, nullable=nullable)
        elif method == "removeColumn" and new is not None:
            draft.drop_column(new)
        elif method == "renameColumn" and new is not None and len(arguments) > 2:
            draft.rename_column(new, self._text(arguments[2]) or new)
        elif method in {"addConstraint", "addIndex"} and len(arguments) > 1:
            self._constraint(draft, call)
        elif method == "removeConstraint" and new is not None:
            draft.drop_constraint(new)
        return draft

    def _attribute(self, draft: Draft, call: Invoke, column: str, options: Expr | None) -> None:
        """A column as Sequelize declares it."""
        said = properties(self._resolved(options))
        primary = truth(said.get("primaryKey")) is True
        nullable = truth(said.get("allowNull")) is not False and not primary
        named = constant(said.get("field")) or column
        origin = self.source.origin(call.span[0], f"{named} is a column of {draft.name}")
        draft.add_column(Column(name=named, nullable=nullable), origin)
        if primary and named not in draft.primary_key:
            draft.primary_key = (*draft.primary_key, named)
        if truth(said.get("unique")):
            draft.unique[f"{draft.name}_{named}_key"] = (named,)
        refers = self._resolved(said.get("references"))
        target = self._text(properties(refers).get("model")) or (constant(refers) if refers is not None else None)
        if target is not None:
            key = constant(properties(refers).get("key"))
            self._refer(draft, call, (named,), target, (key,) if key else ())

    def _constraint(self, draft: Draft, call: Invoke) -> None:
        given = [self._resolved(argument) for argument in call.arguments[1:]]
        said: dict[str, Expr] = {}
        for part in given:
            said.update(properties(part))
        columns = self._texts(said.get("fields")) or next((self._texts(p) for p in given if isinstance(p, Items)), ())
        kind = (constant(said.get("type")) or "").lower()
        if not columns or said.get("where") is not None:
            return
        if kind == "foreign key":
            refers = properties(said.get("references"))
            target = self._text(refers.get("table"))
            if target is not None:
                self._refer(draft, call, columns, target, self._texts(refers.get("field") or refers.get("fields")))
        elif kind == "primary key":
            draft.primary_key = columns
        else:
            self._key(draft, call, columns, unique=kind == "unique" or truth(said.get("unique")) is True)

    # Knex: t.uuid("tenant_id").notNullable().references("id").inTable("tenants")

    def _builder(self, draft: Draft, function: Func) -> None:
        variable = function.parameters[0].name if function.parameters else "this"
        for call in self._inside(function.lower_body(), variable):
            made = chain(call)
            self._column(draft, made[0], {inner.method: inner for inner in made[1:]})

    def _inside(self, body: Iterable[Stmt], variable: str) -> Iterator[Invoke]:
        for statement in body:
            if isinstance(statement, (Do, Assign, Leave)) and isinstance(statement.value, Invoke):
                first = chain(statement.value)[0]
                if isinstance(first.receiver, Name) and first.receiver.path == variable:
                    yield statement.value
                elif first.method == "forEach" or isinstance(first.receiver, Items):
                    over = self._resolved(first.receiver)
                    closure = next((a for a in first.arguments if isinstance(a, Closure)), None)
                    if closure is not None and isinstance(over, Items) and closure.function.parameters:
                        for item in over.items[:_MAX_ITEMS]:
                            self.known[closure.function.parameters[0].name] = item
                            yield from self._inside(closure.function.lower_body(), variable)
            elif isinstance(statement, If):
                yield from self._inside((*statement.then, *statement.other), variable)
            elif isinstance(statement, (Scope, Loop)):
                yield from self._inside(statement.body, variable)

    def _column(self, draft: Draft, first: Invoke, said: Mapping[str, Invoke]) -> None:
        method, arguments = first.method, first.arguments
        columns = self._texts(arguments[0]) if arguments else ()
        if method == "foreign" and columns:
            self._knex_reference(draft, first, columns, said)
        elif method == "primary" and columns:
            draft.primary_key = columns
        elif method in {"unique", "index"} and columns:
            self._key(draft, first, columns, unique=method == "unique")
        elif method in {"dropColumn", "dropColumns"}:
            for argument in arguments:
                for column in self._texts(argument):
                    draft.drop_column(column)
        elif method == "renameColumn" and columns and len(arguments) > 1:
            draft.rename_column(columns[0], self._text(arguments[1]) or columns[0])
        elif method in {"dropForeign", "dropUnique"} and columns:
            kind = method.removeprefix("drop").lower()
            draft.drop_constraint(f"{draft.name}_{'_'.join(columns)}_{kind}")
            if len(arguments) > 1:
                draft.drop_constraint(self._text(arguments[1]) or "")
        elif method == "dropPrimary":
            draft.primary_key = ()
        elif method in {"dropNullable", "setNullable"} and columns:
            draft.change_column(columns[0], nullable=method == "setNullable")
        elif method == "timestamps":
            for column in ("created_at", "updated_at"):
                draft.add_column(Column(name=column), self.source.origin(first.span[0], "timestamps"))
        elif method not in _NO_COLUMN and (columns or method in {"increments", "bigIncrements"}):
            self._added(draft, first, columns[0] if columns else "id", said)

    def _added(self, draft: Draft, first: Invoke, column: str, said: Mapping[str, Invoke]) -> None:
        keyed = "primary" in said or first.method in {"increments", "bigIncrements"}
        required = keyed or "notNullable" in said
        if "alter" in said:
            draft.change_column(column, nullable=not required)
        origin = self.source.origin(first.span[0], f"{column} is a column of {draft.name}")
        draft.add_column(Column(name=column, type=first.method.lower(), nullable=not required), origin)
        if keyed:
            draft.primary_key = (column,)
        if "unique" in said:
            self._key(draft, first, (column,), unique=True)
        if "references" in said:
            self._knex_reference(draft, first, (column,), said)

    def _knex_reference(self, draft: Draft, call: Invoke, columns: tuple[str, ...], said: Mapping[str, Invoke]) -> None:
        to = said.get("references")
        written = texts(self._resolved(to.arguments[0])) if to is not None and to.arguments else ()
        named = said.get("inTable") or said.get("on")
        target = self._text(named.arguments[0]) if named is not None and named.arguments else None
        if target is None and len(written) == 1 and "." in written[0]:
            target = written[0].rpartition(".")[0].rpartition(".")[2]
        if target is not None:
            self._refer(draft, call, columns, target, tuple(name.rpartition(".")[2] for name in written))

    # Kysely: createTable("boats").addColumn("tenant_id", "uuid", (c) => c.notNull().references("tenants.id"))

    def _kysely(self, draft: Draft, call: Invoke) -> None:
        method, arguments = call.method, call.arguments
        named = self._text(arguments[0]) if arguments else None
        if method == "addColumn" and named is not None:
            closure = next((a for a in arguments if isinstance(a, Closure)), None)
            said: dict[str, Invoke] = {}
            for statement in closure.function.lower_body() if closure is not None else ():
                if isinstance(statement, Leave) and statement.value is not None:
                    said = {inner.method: inner for inner in chain(statement.value)}
            required = "notNull" in said or "primaryKey" in said
            origin = self.source.origin(call.span[0], f"{named} is a column of {draft.name}")
            draft.add_column(Column(name=named, nullable=not required), origin)
            if "primaryKey" in said:
                draft.primary_key = (named,)
            if "unique" in said:
                self._key(draft, call, (named,), unique=True)
            if "references" in said:
                self._knex_reference(draft, call, (named,), said)
        elif method == "dropColumn" and named is not None:
            draft.drop_column(named)
        elif method == "renameColumn" and named is not None and len(arguments) > 1:
            draft.rename_column(named, self._text(arguments[1]) or named)
        elif method in {"addPrimaryKeyConstraint", "addUniqueConstraint"} and len(arguments) > 1:
            columns = self._texts(arguments[1])
            if method == "addPrimaryKeyConstraint":
                draft.primary_key = columns
            elif columns:
                self._key(draft, call, columns, unique=True)
        elif method == "addForeignKeyConstraint" and len(arguments) > 3:
            columns, target = self._texts(arguments[1]), self._text(arguments[2])
            if columns and target is not None:
                self._refer(draft, call, columns, target, self._texts(arguments[3]))

    # Keys

    def _key(self, draft: Draft, call: Invoke, columns: tuple[str, ...], *, unique: bool) -> None:
        origin = self.source.origin(call.span[0], "declared here")
        if unique:
            name = f"{draft.name}_{'_'.join(columns)}_unique"
            draft.unique[name] = columns
            draft.unique_origins[name] = origin
        else:
            draft.add_index(columns, origin)

    def _refer(
        self, draft: Draft, call: Invoke, columns: tuple[str, ...], target: str, referenced: Sequence[str]
    ) -> None:
        origin = self.source.origin(call.span[0], f"foreign key ({', '.join(columns)}) to {target}")
        for column in columns:
            draft.add_column(Column(name=column), origin)  # it is there, wherever it was added
        draft.foreign_keys[f"{draft.name}_{'_'.join(columns)}_foreign"] = (
            ForeignKey(columns=columns, references=target, referenced_columns=tuple(referenced)),
            origin,
        )


def _builds(call: Invoke) -> bool:
    """`knex.schema.createTable(…)`, `queryInterface.addColumn(…)`, `db.schema.alterTable(…)`."""
    if call.method not in _OPERATIONS or not call.arguments:
        return False
    receiver = call.receiver
    if call.method in _OF_SEQUELIZE and not isinstance(receiver, Name):
        return False
    for _ in range(8):  # knex.schema.withSchema("x").createTable(…).createTable(…)
        if not isinstance(receiver, Invoke):
            break
        receiver = receiver.receiver
    path = receiver.path if isinstance(receiver, Name) else ""
    last = path.rpartition(".")[2]
    return last == "schema" or last.lower() in {"queryinterface", "qi", "context"} or last in {"trx", "transaction"}


_OF_SEQUELIZE = names("addColumn changeColumn removeColumn renameColumn addConstraint addIndex removeConstraint")
_OPERATIONS = _OPENS | _OF_SEQUELIZE | names("dropTable dropTableIfExists renameTable")
