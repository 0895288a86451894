"""Migrations written in code: Alembic operations, Rails' `schema.rb` and migrations, SQL handed to a query runner."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lints.extract.facts import Confidence, Statement
from lints.extract.ir import (
    Assign,
    Cases,
    ClassBody,
    Closure,
    Define,
    Do,
    Expr,
    If,
    Invoke,
    Leave,
    Loop,
    Name,
    Scope,
    Stmt,
)
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.catalog import Catalog, Draft
from lints.schema.ddl import apply_piece, quiet
from lints.schema.facts import Index
from lints.schema.orm import Source, constant, keyword, properties, texts, truth
from lints.schema.python_models import add_column, table_constraint
from lints.schema.split import Piece, split
from lints.tenancy import Column, ForeignKey

ALEMBIC = regex(rb"\bop\.(?:(?:create|drop|add|alter|rename|batch_alter)_\w+|execute)\b")
RAILS = regex(rb"\b(?:create_table|add_column|add_reference|add_foreign_key|rename_table|ActiveRecord::Schema)\b")
TABLE_DDL = regex(
    rb"\b(?:create|alter|drop)\s+(?:or\s+replace\s+)?(?:table|view|policy|materialized|unique|role|function)\b"
    rb"|row\s+level\s+security|\b(?:grant|revoke)\s+\w",
    re.IGNORECASE,
)
_MAKES_TABLES = regex(
    rb"\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?"
    rb"(?:[\"`\[]?[a-z_][\w.\"`\]]{0,100}\s*\(|`?(?:[\"']\s*\.\s*|\{)?\$(?:this->)?\w{0,20}(?:wpdb|table))",
    re.IGNORECASE,
)
"""WordPress puts the prefix of its tables, or all of a name, in between."""
_MADE = regex(
    r"\s*create\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?(?![^(]*__hole_)[^(]{1,200}\(", re.IGNORECASE
)
_DOWN = frozenset({"down", "downgrade", "revert", "rollback", "undo", "reverse"})
_REVISION = regex(rb"^(revision|down_revision)(?:\s*:\s*[^=\n]+)?\s*=\s*(.+)$", re.MULTILINE)
_QUOTED = regex(rb"['\"]([\w.-]+)['\"]")
_RAILS_TYPES = names(
    "string text integer bigint float decimal numeric datetime timestamp timestamptz time date binary boolean json"
    " jsonb uuid inet citext hstore virtual enum column vector"
)


def makes_tables(data: bytes) -> bool:
    """Whether code makes tables itself, where it starts say: `CREATE TABLE IF NOT EXISTS boats (`."""
    return (b"CREATE TABLE" in data or b"create table" in data) and _MAKES_TABLES.search(data) is not None


def alembic_order(files: Mapping[str, bytes]) -> list[str]:
    """Paths of Alembic revisions, each after the ones it comes down from; broken chains keep the order of names."""
    names: dict[str, str] = {}
    before: dict[str, list[str]] = {}
    for path, data in sorted(files.items()):
        found = {key: _QUOTED.findall(value) for key, value in _REVISION.findall(data)}
        for revision in found.get(b"revision", [])[:1]:
            names[revision.decode()] = path
        before[path] = [parent.decode() for parent in found.get(b"down_revision", [])]
    out: list[str] = []
    done: set[str] = set()
    for start in sorted(before):
        stack = [start]
        while stack:
            path = stack[-1]
            waiting = [
                names[p] for p in before.get(path, []) if p in names and names[p] not in done and names[p] not in stack
            ]
            if waiting:
                stack.append(waiting[0])
                continue
            stack.pop()
            if path not in done:
                done.add(path)
                out.append(path)
    return out


def apply_statements(catalog: Catalog, path: str, statements: Iterable[Statement], dialect: str) -> None:
    """Schema statements that a migration in code runs as SQL text, in the order they stand."""
    with quiet():
        for statement in statements:
            if statement.function is not None and statement.function.name.lower() in _DOWN:
                continue
            if statement.call is None and statement.sql.rstrip().endswith("."):
                continue  # a sentence: `"""Grant an org access to every catalog row."""`
            for piece in split(statement.sql, dialect):
                place = Piece(piece.text, statement.line + piece.line - 1, statement.line + piece.end_line - 1, 0)
                apply_piece(catalog, path, place, dialect)


def apply_made(catalog: Catalog, path: str, statements: Iterable[Statement], dialect: str) -> None:
    """Tables that code makes outside migrations, as statements of its own. What it drops or changes says nothing of the
    schema as deployed, and a table that could not be read is one that nothing is known of."""
    unread = len(catalog.unread)
    for statement in statements:
        pieces = [piece for piece in split(statement.sql, dialect) if _MADE.match(piece.text) is not None]
        for piece in pieces if statement.confidence is not Confidence.PROSE else ():
            place = Piece(piece.text, statement.line + piece.line - 1, statement.line + piece.end_line - 1, 0)
            with quiet():
                apply_piece(catalog, path, place, dialect)
    del catalog.unread[unread:]


# Alembic


def apply_alembic(catalog: Catalog, source: Source, statements: Sequence[Statement], dialect: str) -> None:
    """The operations of `upgrade()`, SQL in `op.execute` among them, in the order they stand."""
    by_line = {statement.line: statement for statement in statements}
    for statement in source.body:
        if isinstance(statement, Define) and statement.function.name == "upgrade":
            for call, table in _operations(statement.function.lower_body(), None):
                if call.method == "execute":
                    first, last = source.lines.line(call.span[0]), source.lines.line(call.span[1])
                    apply_statements(
                        catalog, source.path, [s for line, s in by_line.items() if first <= line <= last], dialect
                    )
                else:
                    _alembic(catalog, source, call, table)


def _operations(body: Iterable[Stmt], table: str | None) -> Iterator[tuple[Invoke, str | None]]:
    """(call, table of the surrounding `batch_alter_table`), in order; branches count as taken."""
    for statement in body:
        if (isinstance(statement, Do) and isinstance(statement.value, Invoke)) or (
            isinstance(statement, Assign) and isinstance(statement.value, Invoke)
        ):
            yield statement.value, table
        elif isinstance(statement, Scope):
            inner = table
            for _, bound in statement.bindings:
                if isinstance(bound, Invoke) and bound.method == "batch_alter_table" and bound.arguments:
                    inner = constant(bound.arguments[0])
            yield from _operations(statement.body, inner)
        elif isinstance(statement, If):
            yield from _operations((*statement.then, *statement.other), table)
        elif isinstance(statement, Cases):
            for alternative in statement.alternatives:
                yield from _operations(alternative, table)
        elif isinstance(statement, Loop):
            yield from _operations(statement.body, table)


def _alembic(catalog: Catalog, source: Source, call: Invoke, batch: str | None) -> None:
    arguments = list(call.arguments)
    schema = constant(keyword(call, "schema"))
    method = call.method

    def table(position: int) -> Draft | None:
        name = batch or (constant(arguments[position]) if position < len(arguments) else None)
        return catalog.find(schema, name) if name else None

    shift = 0 if batch else 1
    if method == "create_table" and arguments:
        made = constant(arguments[0])
        if not made:
            return  # with a prefix that is known at run time: the model says which tables there are
        draft = catalog.create(schema, made, source.origin(call.span[0], "created here"))
        for argument in arguments[1:]:
            if isinstance(argument, Invoke) and argument.method == "Column":
                _alembic_column(draft, source, argument)
            elif isinstance(argument, Invoke):
                table_constraint(draft, source, argument)
    elif method == "add_column" and len(arguments) > shift:
        found = table(0)
        column = arguments[shift]
        if found is not None and isinstance(column, Invoke):
            _alembic_column(found, source, column)
    elif method == "drop_column" and len(arguments) > shift:
        found = table(0)
        if found is not None:
            found.drop_column(constant(arguments[shift]) or "")
    elif method == "drop_table":
        found = table(0)
        if found is not None:
            catalog.drop(found)
    elif method == "rename_table" and len(arguments) > 1:
        found = table(0)
        if found is not None:
            catalog.rename(found, schema, constant(arguments[1]) or found.name)
    elif method == "alter_column" and len(arguments) > shift:
        found = table(0)
        name = constant(arguments[shift])
        if found is not None and name is not None:
            found.change_column(name, nullable=truth(keyword(call, "nullable")))
            renamed = constant(keyword(call, "new_column_name"))
            if renamed is not None:
                found.rename_column(name, renamed)
    elif method == "create_unique_constraint" and len(arguments) > shift + 1:
        found = table(1)
        columns = texts(arguments[shift + 1])
        if found is not None and columns:
            name = constant(arguments[0]) or "_".join(columns)
            found.unique[name] = columns
            found.unique_origins[name] = source.origin(call.span[0], "unique constraint created here")
    elif method == "create_index" and len(arguments) > shift + 1:
        found = table(1)
        columns = texts(arguments[shift + 1])
        if found is not None and columns and keyword(call, "postgresql_where") is None:
            origin = source.origin(call.span[0], "index created here")
            name = constant(arguments[0]) or "_".join(columns)
            if truth(keyword(call, "unique")):
                found.unique[name] = columns
                found.unique_origins[name] = origin
            else:
                found.indexes[name] = Index(name=name, columns=columns, unique=False, partial=False, origin=origin)
    elif method == "create_foreign_key" and len(arguments) > 2 + shift:
        found = table(1)
        target = constant(arguments[1 + shift])
        if found is not None and target is not None:
            columns = texts(arguments[2 + shift])
            referenced = texts(arguments[3 + shift]) if len(arguments) > 3 + shift else ()
            label = constant(arguments[0]) or f"{found.name}_{'_'.join(columns)}_fkey"
            found.foreign_keys[label] = (
                ForeignKey(columns=columns, references=target, referenced_columns=referenced),
                source.origin(call.span[0], f"foreign key ({', '.join(columns)}) to {target}"),
            )
    elif method in {"drop_constraint", "drop_index"} and arguments:
        found = table(1)
        if found is not None:
            found.drop_constraint(constant(arguments[0]) or "")


def _alembic_column(draft: Draft, source: Source, call: Invoke) -> None:
    name = constant(call.arguments[0]) if call.arguments else None
    if name is not None:
        add_column(draft, source, name, call, call.span[0], draft.name)


# Rails


def apply_rails(catalog: Catalog, source: Source) -> None:
    """`schema.rb`, or the `change` and `up` of a migration."""
    for call, variable, table in _rails_calls(source.body):
        _rails(catalog, source, call, variable, table)


def _rails_calls(body: Iterable[Stmt]) -> Iterator[tuple[Invoke, str | None, str | None]]:
    """(call, block variable, table of the surrounding block)."""
    stack: list[tuple[Iterator[Stmt], str | None, str | None]] = [(iter(body), None, None)]
    budget = 200_000
    while stack and budget:
        budget -= 1
        statements, variable, table = stack[-1]
        statement = next(statements, None)
        if statement is None:
            stack.pop()
            continue
        if isinstance(statement, ClassBody):
            stack.append((iter(statement.body), None, None))
        elif isinstance(statement, Define) and statement.function.name not in _DOWN:
            stack.append((iter(statement.function.lower_body()), None, None))
        elif isinstance(statement, (Do, Leave)) and isinstance(statement.value, Invoke):
            call = statement.value
            yield call, variable, table
            closure = next((a for a in call.arguments if isinstance(a, Closure)), None)
            if closure is not None:
                inner = closure.function.parameters[0].name if closure.function.parameters else None
                named = constant(call.arguments[0]) if call.arguments else None
                takes = call.method in {"create_table", "change_table"}
                stack.append(
                    (iter(closure.function.lower_body()), inner if takes else variable, named if takes else table)
                )


def _rails(catalog: Catalog, source: Source, call: Invoke, variable: str | None, table: str | None) -> None:
    listed = [name for argument in call.arguments if (name := constant(argument)) is not None]
    method = call.method
    if method == "create_table" and listed:
        draft = catalog.create(None, listed[0], source.origin(call.span[0], "created here"))
        if not _false(keyword(call, "id")) and not draft.columns:
            draft.add_column(Column(name="id", type="bigint", nullable=False), draft.origin)
            draft.primary_key = ("id",)
    elif isinstance(call.receiver, Name) and call.receiver.path == variable and table is not None:
        inside = catalog.find(None, table)
        if inside is not None:
            _rails_column(inside, source, call, method, listed)
    elif method in {"add_column", "add_reference", "add_belongs_to"} and len(listed) >= 2:
        elsewhere = source.origin(call.span[0], "altered here, created elsewhere")
        changed = catalog.find(None, listed[0]) or catalog.create(None, listed[0], elsewhere)
        kind = "references" if method != "add_column" else "column"
        _rails_column(changed, source, call, kind, listed[1:])
    elif method == "add_foreign_key" and len(listed) >= 2:
        found = catalog.find(None, listed[0])
        if found is not None:
            column = constant(keyword(call, "column")) or f"{_singular(listed[1])}_id"
            _refer(found, source, call, column, listed[1], constant(keyword(call, "primary_key")))
    elif method in {"remove_column", "remove_reference"} and len(listed) >= 2:
        found = catalog.find(None, listed[0])
        if found is not None:
            found.drop_column(listed[1] if method == "remove_column" else f"{listed[1]}_id")
    elif method == "rename_column" and len(listed) >= 3:
        found = catalog.find(None, listed[0])
        if found is not None:
            found.rename_column(listed[1], listed[2])
    elif method in {"drop_table", "rename_table"} and listed:
        found = catalog.find(None, listed[0])
        if found is not None and method == "drop_table":
            catalog.drop(found)
        elif found is not None and len(listed) > 1:
            catalog.rename(found, None, listed[1])
    elif method == "add_index" and len(call.arguments) > 1 and listed:
        found = catalog.find(None, listed[0])
        if found is not None:
            _rails_index(found, source, call, texts(call.arguments[1]))


def _rails_column(draft: Draft, source: Source, call: Invoke, kind: str, listed: Sequence[str]) -> None:
    nullable = not _false(keyword(call, "null"))
    if kind in {"references", "belongs_to"}:
        for name in listed[:1]:
            column = f"{name}_id"
            origin = source.origin(call.span[0], f"{column} is added here")
            draft.add_column(Column(name=column, type="bigint", nullable=nullable), origin)
            if not _false(keyword(call, "index")):
                draft.add_index((column,), origin)
            foreign = keyword(call, "foreign_key")
            if foreign is not None and not _false(foreign):
                target = constant(properties(foreign).get("to_table"))
                _refer(draft, source, call, column, target or _plural(name), None)
    elif kind == "index":
        _rails_index(draft, source, call, texts(call.arguments[0]) if call.arguments else ())
    elif kind in _RAILS_TYPES and listed:
        name = listed[0]
        origin = source.origin(call.span[0], f"{name} is declared here")
        draft.add_column(Column(name=name, type=kind, nullable=nullable), origin)
    elif kind == "timestamps":
        for name in ("created_at", "updated_at"):
            draft.add_column(Column(name=name, type="datetime"), source.origin(call.span[0], "timestamps"))


def _false(expression: Expr | None) -> bool:
    """Whether an option is switched off: `false`, which the front end of Ruby reads as `nil`: neither is there."""
    return isinstance(expression, Name) and expression.path in {"false", "nil"}


def _rails_index(draft: Draft, source: Source, call: Invoke, columns: tuple[str, ...]) -> None:
    if not columns or keyword(call, "where") is not None:
        return
    origin = source.origin(call.span[0], "index created here")
    if truth(keyword(call, "unique")):
        draft.unique["_".join(columns)] = columns
        draft.unique_origins["_".join(columns)] = origin
    else:
        draft.add_index(columns, origin)


def _refer(draft: Draft, source: Source, call: Invoke, column: str, target: str, key: str | None) -> None:
    draft.foreign_keys[f"{draft.name}_{column}_fkey"] = (
        ForeignKey(columns=(column,), references=target, referenced_columns=(key or "id",)),
        source.origin(call.span[0], f"foreign key ({column}) to {target}"),
    )


def _plural(name: str) -> str:
    return name[:-1] + "ies" if name.endswith("y") else name if name.endswith("s") else name + "s"


def _singular(name: str) -> str:
    return name[:-3] + "y" if name.endswith("ies") else name.removesuffix("s")
