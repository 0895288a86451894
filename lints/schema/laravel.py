"""Laravel's migrations: what `Schema::create` and `Schema::table` do to tables, step by step."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from lints.extract.ir import Assign, Cases, ClassBody, Closure, Define, Do, Expr, Func, If, Invoke, Leave, Loop, Stmt
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.catalog import Catalog, Draft
from lints.schema.orm import Source, chain, constant, texts, truth
from lints.schema.php_migrations import apply_php
from lints.tenancy import Column, ForeignKey

DECLARES = regex(rb"Schema::|Blueprint\b|->\s*createTable\(|->\s*addForeignKey\(|->\s*(?:db)?forge\s*->")
INSTALLS = regex(rb"\bSchema::create\(")
"""Code that makes tables where it is not among migrations: an installer."""
_DOWN = frozenset({"down", "safeDown"})
_KEYS = names("id increments bigIncrements mediumIncrements smallIncrements tinyIncrements integerIncrements")
_REFERENCES = names("foreignId foreignUuid foreignUlid foreignIdFor")
_KINDS = names(
    "bigInteger binary boolean char date dateTime dateTimeTz decimal double enum float geography geometry integer"
    " ipAddress json jsonb longText macAddress mediumInteger mediumText set smallInteger string text time timeTz"
    " timestamp timestampTz tinyInteger tinyText ulid unsignedBigInteger unsignedDecimal unsignedInteger"
    " unsignedMediumInteger unsignedSmallInteger unsignedTinyInteger uuid vector year addColumn"
)


def apply_laravel(catalog: Catalog, source: Source) -> None:
    """The `up` of a migration of Laravel, Yii or CodeIgniter, or its body if it has no such function."""
    calls = list(_calls(source.body))
    apply_php(catalog, source, calls)
    for call in calls:
        names_of = [made.method for made in chain(call)]
        outer = chain(call)[-1]
        if not _on_schema(call):
            continue
        name = constant(outer.arguments[0]) if outer.arguments else None
        method = names_of[-1]
        if method in {"create", "table"} and name is not None:
            closure = next((a for a in outer.arguments if isinstance(a, Closure)), None)
            origin = source.origin(outer.span[0], "created here" if method == "create" else "altered here")
            draft = catalog.find(None, name) or catalog.create(None, name, origin)
            if closure is not None:
                _columns(catalog, draft, source, closure.function)
        elif method in {"drop", "dropIfExists"} and name is not None:
            found = catalog.find(None, name)
            if found is not None:
                catalog.drop(found)
        elif method == "rename" and name is not None and len(outer.arguments) > 1:
            found, new = catalog.find(None, name), constant(outer.arguments[1])
            if found is not None and new is not None:
                catalog.rename(found, None, new)
        elif method == "dropColumns" and name is not None and len(outer.arguments) > 1:
            found = catalog.find(None, name)
            for column in texts(outer.arguments[1]) if found is not None else ():
                found.drop_column(column) if found is not None else None


def _on_schema(call: Invoke) -> bool:
    """`Schema::create(…)`, `Schema::connection('x')->create(…)`, `$this->schema->create(…)`."""
    first = chain(call)[0].receiver
    path = getattr(first, "path", "")
    return isinstance(path, str) and path.rpartition(".")[2].lower() in {"schema", "capsule"}


def _calls(body: Iterable[Stmt]) -> Iterator[Invoke]:
    """Calls in the order they run; branches and loops count as taken, what undoes does not run."""
    stack: list[Iterator[Stmt]] = [iter(body)]
    budget = 100_000
    while stack and budget:
        budget -= 1
        statement = next(stack[-1], None)
        if statement is None:
            stack.pop()
        elif isinstance(statement, ClassBody):
            stack.append(iter(statement.body))
        elif isinstance(statement, Define):
            if statement.function.name not in _DOWN:
                stack.append(iter(statement.function.lower_body()))
        elif isinstance(statement, If):
            stack.append(iter((*statement.then, *statement.other)))
        elif isinstance(statement, Loop):
            stack.append(iter(statement.body))
        elif isinstance(statement, Cases):
            stack.append(iter([inner for alternative in statement.alternatives for inner in alternative]))
        elif isinstance(statement, (Do, Leave, Assign)):
            value = statement.value
            if isinstance(value, Invoke):
                yield value
                if not _on_schema(value):  # DB::transaction(function () { Schema::create(…) })
                    stack += [iter(a.function.lower_body()) for a in value.arguments if isinstance(a, Closure)]


def _columns(catalog: Catalog, draft: Draft, source: Source, function: Func) -> None:
    for call in _calls(function.lower_body()):
        made = chain(call)
        _column(catalog, draft, source, made[0], made[1:])


def _column(catalog: Catalog, draft: Draft, source: Source, first: Invoke, rest: Sequence[Invoke]) -> None:
    method, arguments = first.method, first.arguments
    named = constant(arguments[0]) if arguments else None
    said = {call.method: call for call in rest}
    origin = source.origin(first.span[0], f"{named or method} is declared here")
    nullable = "nullable" in said and truth(_first(said["nullable"])) is not False
    if method in _KEYS:
        name = named or "id"
        draft.add_column(Column(name=name, type="bigint", nullable=False), origin)
        draft.primary_key = draft.primary_key or (name,)
    elif method in _REFERENCES:
        target = None
        if method == "foreignIdFor":
            model = _class(arguments[0]) if arguments else None
            if model is None:
                return
            explicit = constant(arguments[1]) if len(arguments) > 1 else None
            named, target = explicit or f"{snake(model)}_id", plural(snake(model))
        if named is None:
            return
        draft.add_column(Column(name=named, type="bigint", nullable=nullable), origin)
        constrained = said.get("constrained")
        if constrained is not None or "references" in said:
            stated = _on(said) or (constant(_first(constrained)) if constrained is not None else None)
            _refer(draft, source, first, named, stated or target or plural(named.removesuffix("_id")))
    elif method in _KINDS and named is not None:
        if "change" in said:
            draft.change_column(named, nullable=nullable)
        else:
            draft.add_column(Column(name=named, type=method.lower(), nullable=nullable), origin)
        _keys(draft, source, first, (named,), said)
    elif method == "foreign" and arguments:
        columns, on = texts(arguments[0]), _on(said)
        if columns and on is not None:
            referenced = texts(_first(said.get("references")))
            draft.foreign_keys[f"{draft.name}_{'_'.join(columns)}_foreign"] = (
                ForeignKey(columns=columns, references=on, referenced_columns=referenced or ("id",)),
                source.origin(first.span[0], f"foreign key ({', '.join(columns)}) to {on}"),
            )
    elif method in {"primary", "unique", "index"} and arguments:
        _keys(draft, source, first, texts(arguments[0]), {method: first})
    elif method in {"morphs", "nullableMorphs", "uuidMorphs", "nullableUuidMorphs"} and named is not None:
        for end in ("_type", "_id"):
            draft.add_column(Column(name=named + end, nullable=method.startswith("nullable")), origin)
    elif method in {"dropColumn", "removeColumn"} and arguments:
        listed = texts(arguments[0]) or ()
        for column in (*listed, *(text for item in arguments[1:] if (text := constant(item)) is not None)):
            draft.drop_column(column)
    elif method == "dropConstrainedForeignId" and named is not None:
        draft.drop_column(named)
    elif method == "renameColumn" and named is not None and len(arguments) > 1:
        draft.rename_column(named, constant(arguments[1]) or named)
    elif method == "rename" and named is not None:
        catalog.rename(draft, None, named)
    elif method in {"dropForeign", "dropUnique", "dropPrimary", "dropIndex"} and arguments:
        columns = texts(arguments[0])
        name = columns[0] if len(columns) == 1 and constant(arguments[0]) is not None else ""
        draft.drop_constraint(name or f"{draft.name}_{'_'.join(columns)}_{method.removeprefix('drop').lower()}")
    elif method in {"timestamps", "timestampsTz", "nullableTimestamps"}:
        for column in ("created_at", "updated_at"):
            draft.add_column(Column(name=column, type="timestamp"), origin)
    elif method in {"softDeletes", "softDeletesTz"}:
        draft.add_column(Column(name=named or "deleted_at", type="timestamp"), origin)
    elif method == "rememberToken":
        draft.add_column(Column(name="remember_token", type="string"), origin)


def _keys(draft: Draft, source: Source, call: Invoke, columns: tuple[str, ...], said: dict[str, Invoke]) -> None:
    if not columns:
        return
    origin = source.origin(call.span[0], "declared here")
    if "primary" in said:
        draft.primary_key = columns
    if "unique" in said:
        name = f"{draft.name}_{'_'.join(columns)}_unique"
        draft.unique[name] = columns
        draft.unique_origins[name] = origin
    if "index" in said:
        draft.add_index(columns, origin)


def _refer(draft: Draft, source: Source, call: Invoke, column: str, target: str) -> None:
    draft.foreign_keys[f"{draft.name}_{column}_foreign"] = (
        ForeignKey(columns=(column,), references=target, referenced_columns=("id",)),
        source.origin(call.span[0], f"foreign key ({column}) to {target}"),
    )


def _on(said: dict[str, Invoke]) -> str | None:
    return constant(_first(said.get("on")))


def _first(call: Invoke | None) -> Expr | None:
    return call.arguments[0] if call is not None and call.arguments else None


def _class(expression: Expr) -> str | None:
    """`Boat` of `Boat::class`."""
    path = getattr(expression, "path", "")
    held = path.removesuffix(".class").rpartition(".")[2] if isinstance(path, str) else ""
    return held.rpartition("\\")[2] or None


def snake(name: str) -> str:
    """`LogbookEntry` as `logbook_entry`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def plural(name: str) -> str:
    """The plural of a table's name as Laravel spells most of them."""
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return name[:-1] + "ies"
    if name.endswith(("s", "x", "ch", "sh")):
        return name + "es"
    return name + "s"


def inside(text: str, start: int) -> str:
    """What stands between the parenthesis before `start` and its partner, at most 2,000 characters of it."""
    depth = 1
    for position in range(start, min(len(text), start + 2000)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return text[start:position]
    return text[start : start + 2000]
