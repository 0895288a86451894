"""Migrations of Yii and CodeIgniter: what `createTable` and the forge do to tables, step by step."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lints.extract.ir import Expr, Invoke, Name, Pairs
from lints.patterns import regex
from lints.schema.catalog import Catalog, Draft
from lints.schema.orm import Source, chain, constant, properties, texts
from lints.tenancy import Column, ForeignKey

_KEYS = frozenset({"primaryKey", "bigPrimaryKey"})
_PREFIX = regex(r"[{}%`\[\]]")


def apply_php(catalog: Catalog, source: Source, calls: Iterable[Invoke]) -> None:
    """What the calls of a migration do, in the order they run."""
    fields: dict[str, Expr] = {}
    keys: list[Invoke] = []
    for call in calls:
        path = call.receiver.path if isinstance(call.receiver, Name) else ""
        if path == "this":
            _yii(catalog, source, call)
        elif path.rpartition(".")[2].lower() in {"forge", "dbforge"}:
            if call.method in {"createTable", "create_table"}:
                _forged(catalog, source, call, fields, keys)
                fields, keys = {}, []
            elif call.method in {"addField", "add_field"} and call.arguments:
                fields |= properties(call.arguments[0])
                fields |= dict.fromkeys(("id",) if constant(call.arguments[0]) == "id" else (), call)
            elif call.method in {"addKey", "add_key", "addPrimaryKey", "addForeignKey"}:
                keys.append(call)
            elif call.method in {"addColumn", "add_column"} and len(call.arguments) > 1:
                draft = _found(catalog, call.arguments[0])
                for name, kind in properties(call.arguments[1]).items() if draft is not None else ():
                    _add(draft, source, call, name, kind) if draft is not None else None
            elif call.method in {"dropTable", "drop_table"} and call.arguments:
                _drop(catalog, call.arguments[0])


def _name(expression: Expr | None) -> str | None:
    text = constant(expression)
    return _PREFIX.sub("", text) if text is not None else None


def _found(catalog: Catalog, expression: Expr | None) -> Draft | None:
    name = _name(expression)
    return catalog.find(None, name) if name is not None else None


def _drop(catalog: Catalog, expression: Expr) -> None:
    found = _found(catalog, expression)
    if found is not None:
        catalog.drop(found)


def _made(catalog: Catalog, source: Source, call: Invoke) -> Draft | None:
    name = _name(call.arguments[0]) if call.arguments else None
    if name is None or not re.fullmatch(r"\w+", name):
        return None
    return catalog.find(None, name) or catalog.create(None, name, source.origin(call.span[0], "created here"))


def _yii(catalog: Catalog, source: Source, call: Invoke) -> None:
    """`$this->createTable('{{%boats}}', ['id' => $this->primaryKey(), …])` and its like."""
    method, given = call.method, call.arguments
    if method == "createTable" and len(given) > 1:
        draft = _made(catalog, source, call)
        for name, kind in properties(given[1]).items() if draft is not None else ():
            _add(draft, source, call, name, kind) if draft is not None else None
    elif method == "addColumn" and len(given) > 2:
        draft, column = _found(catalog, given[0]), constant(given[1])
        if draft is not None and column is not None:
            _add(draft, source, call, column, given[2])
    elif method == "dropColumn" and len(given) > 1:
        draft, column = _found(catalog, given[0]), constant(given[1])
        if draft is not None and column is not None:
            draft.drop_column(column)
    elif method == "renameColumn" and len(given) > 2:
        draft, old, new = _found(catalog, given[0]), constant(given[1]), constant(given[2])
        if draft is not None and old is not None and new is not None:
            draft.rename_column(old, new)
    elif method == "dropTable" and given:
        _drop(catalog, given[0])
    elif method == "renameTable" and len(given) > 1:
        draft, new = _found(catalog, given[0]), _name(given[1])
        if draft is not None and new is not None:
            catalog.rename(draft, None, new)
    elif method == "addForeignKey" and len(given) > 4:
        _refer(_found(catalog, given[1]), source, call, texts(given[2]), _name(given[3]), texts(given[4]))
    elif method == "addPrimaryKey" and len(given) > 2:
        draft = _found(catalog, given[1])
        if draft is not None:
            draft.primary_key = texts(given[2])
    elif method == "createIndex" and len(given) > 3 and _yes(source, given[3]):
        draft, label = _found(catalog, given[1]), constant(given[0])
        if draft is not None and label is not None:
            draft.unique[label] = texts(given[2])
            draft.unique_origins[label] = source.origin(call.span[0], "declared here")


def _add(draft: Draft, source: Source, call: Invoke, name: str, kind: Expr) -> None:
    """A column whose type is `$this->integer()->notNull()`, `'int NOT NULL'` or `['type' => 'INT']`."""
    said = [one.method for one in chain(kind)] if isinstance(kind, Invoke) else []
    text = (constant(kind) or "").lower()
    listed = properties(kind) if isinstance(kind, Pairs) else {}
    written = (
        (constant(listed.get("type")) or "").lower() if listed else next(iter(said), text.partition(" ")[0]).lower()
    )
    key = bool(_KEYS & set(said)) or re.match(r"(?:big)?u?pk\b", text) is not None
    told = not (key or "notNull" in said or "not null" in text)
    nullable = _yes(source, listed.get("null")) if listed else told
    draft.add_column(
        Column(name=name, type=written, nullable=nullable), source.origin(call.span[0], f"{name} is declared here")
    )
    if key or (listed and _yes(source, listed.get("auto_increment")) and not draft.primary_key):
        draft.primary_key = (name,)


def _yes(source: Source, given: Expr | None) -> bool:
    return given is not None and source.data[given.span[0] : given.span[1]].lower() == b"true"


def _refer(
    draft: Draft | None, source: Source, call: Invoke, columns: tuple[str, ...], on: str | None, to: tuple[str, ...]
) -> None:
    if draft is None or not columns or on is None:
        return
    draft.foreign_keys[f"{draft.name}_{'_'.join(columns)}_foreign"] = (
        ForeignKey(columns=columns, references=on, referenced_columns=to or ("id",)),
        source.origin(call.span[0], f"foreign key ({', '.join(columns)}) to {on}"),
    )


def _forged(catalog: Catalog, source: Source, call: Invoke, fields: dict[str, Expr], keys: Iterable[Invoke]) -> None:
    draft = _made(catalog, source, call)
    if draft is None:
        return
    for name, kind in fields.items():
        _add(draft, source, call, name, kind)
    for key in keys:
        given = key.arguments
        if key.method == "addForeignKey" and len(given) > 1:
            _refer(draft, source, key, texts(given[0]), _name(given[1]), texts(given[2]) if len(given) > 2 else ("id",))
        elif given and (key.method == "addPrimaryKey" or (len(given) > 1 and _yes(source, given[1]))):
            draft.primary_key = texts(given[0])
