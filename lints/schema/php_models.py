"""Eloquent models: their tables, relations, and the scopes that put conditions on what they read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lints.extract.ir import Define, Invoke, Items, Leave, Name, Pairs
from lints.patterns import regex
from lints.schema.catalog import Catalog
from lints.schema.eloquent_scopes import global_scopes, local_scopes
from lints.schema.facts import Entity
from lints.schema.laravel import plural, snake
from lints.schema.orm import Class, Source, chain, classes, constant, inherited, members, texts
from lints.tenancy import Column, ForeignKey

DECLARES = regex(
    rb"\bEloquent\b|\bextends\s+[\w\\]*(?:ActiveRecord|Model|Pivot|Authenticatable|User|Builder)\b"
    rb"|\bimplements\s[\w\\, ]{0,200}Scope\b"
    rb"|addGlobalScope|\$fillable\b|\$guarded\b|(?:belongsTo|hasMany|hasOne)\("
)
_BASES = frozenset({"ActiveRecord", "CActiveRecord", "Model", "Eloquent", "Authenticatable", "Pivot", "MorphPivot"})
_NAMESPACE = regex(rb"^[ \t]*namespace\s+([\w\\]+)", re.MULTILINE)
_RELATIONS = {"belongsTo": True, "hasMany": False, "hasOne": False, "hasOneThrough": False, "hasManyThrough": False,
              "belongsToMany": False, "morphMany": False, "morphOne": False}  # fmt: skip


@dataclass(slots=True)
class _Model:
    found: Class
    chain: list[Class]
    table: str
    stated: bool


def read_php_models(catalog: Catalog, sources: Sequence[Source]) -> None:
    """Add the tables that Eloquent models stand for, and what their relations say of foreign keys."""
    known: dict[str, list[Class]] = {}
    for source in sources:
        for found in classes(source):
            known.setdefault(found.body.name, []).append(found)
    models: list[_Model] = []
    for group in known.values():
        for found in group:
            above = inherited(found, known)
            if any(base in _BASES or base.endswith("Model") for held in above for base in held.body.bases):
                stated = _said(above, "table") or _told(above)
                models.append(_Model(found, above, stated or _table_of(catalog, found.body.name), stated is not None))
    by_name: dict[str, str] = {}
    for model in models:
        by_name.setdefault(model.found.body.name, model.table)
    for model in models:
        _add(catalog, model, known, by_name)


def _said(above: Sequence[Class], wanted: str) -> str | None:
    for held in above:
        for name, value, _, _ in members(held.body):
            if name == wanted and (text := constant(value)) is not None:
                return text
    return None


def _told(above: Sequence[Class]) -> str | None:
    """The table that `tableName()` of Yii gives, without the marks of a prefix: `{{%boats}}`."""
    for held in above:
        for member in held.body.body:
            if isinstance(member, Define) and member.function.name == "tableName":
                given = next((one.value for one in member.function.lower_body() if isinstance(one, Leave)), None)
                text = constant(given)
                return re.sub(r"[{}%]", "", text) if text is not None else None
    return None


def _table_of(catalog: Catalog, name: str) -> str:
    spelled = snake(name)
    irregular = re.sub(r"person$", "people", re.sub(r"child$", "children", spelled))
    for table in (plural(spelled), irregular, spelled):
        if catalog.find(None, table) is not None:
            return table
    return plural(spelled)


def _add(catalog: Catalog, model: _Model, known: Mapping[str, list[Class]], tables: Mapping[str, str]) -> None:
    found = model.found
    name, source = found.body.name, found.source
    if re.match(rb"(?:#\[[^\]]*\]\s*)*abstract\b", source.data[found.body.span[0] : found.body.span[0] + 400]):
        return
    origin = source.origin(found.body.span[0], f"model {name}")
    before = catalog.find(None, model.table)
    draft = before or catalog.create(None, model.table, origin)
    if before is None:
        key = _said(model.chain, "primaryKey") or "id"
        draft.add_column(Column(name=key, nullable=False), origin)
        draft.primary_key = (key,)
        for column in _attributes(model.chain):
            draft.add_column(Column(name=column), origin)
    relations: dict[str, str] = {}
    reverse: dict[str, str] = {}
    for held in model.chain:
        for member, call in _relations(held):
            target = _target(call)
            if target is None:
                continue
            (relations if call.method == "belongsTo" else reverse).setdefault(member, target)
            if call.method != "belongsTo":
                continue
            named = constant(call.arguments[1]) if len(call.arguments) > 1 else None
            column = named or f"{snake(member)}_id"
            place = held.source.origin(call.span[0], f"{column} joins {name}.{member} to {target}")
            if target not in tables:
                continue
            if before is None and column not in draft.columns:
                draft.add_column(Column(name=column), place)
            if column in draft.columns and not any(fk.columns == (column,) for fk, _ in draft.foreign_keys.values()):
                draft.foreign_keys[f"{draft.name}_{column}_belongs_to"] = (
                    ForeignKey(columns=(column,), references=tables[target], referenced_columns=("id",)),
                    place,
                )
    scopes = global_scopes(model.chain, known)
    methods = local_scopes(model.chain, known)
    namespace = _NAMESPACE.search(source.data)
    full = f"{namespace.group(1).decode()}\\{name}" if namespace is not None else name
    for spelled in dict.fromkeys((full, name)):
        catalog.entities.append(
            Entity(
                name=spelled,
                table=model.table,
                kind="eloquent",
                columns={column: column for column in draft.columns},
                relations=relations,
                reverse=reverse,
                scopes=scopes,
                methods={**methods, **_assignable(model.chain)},
                origin=origin,
            )
        )


def _assignable(above: Sequence[Class]) -> dict[str, tuple[str, ...]]:
    """`$fillable` and `$guarded`, as the nearest class that has them writes them out."""
    found: dict[str, tuple[str, ...]] = {}
    for held in above:
        for name, value, _, _ in members(held.body):
            if name in {"fillable", "guarded"} and isinstance(value, Items):
                found.setdefault(f"${name}", tuple(texts(value)))
    return found


def _attributes(above: Sequence[Class]) -> Iterator[str]:
    for held in above:
        for name, value, _, _ in members(held.body):
            if name in {"fillable", "hidden", "dates"} and isinstance(value, Items):
                yield from texts(value)
            elif name == "casts" and isinstance(value, Pairs):
                yield from (key for key, _ in value.pairs if key is not None)


def _relations(held: Class) -> Iterator[tuple[str, Invoke]]:
    """(method, `$this->belongsTo(…)`) of each relation; constraints put behind it don't matter here."""
    for member in held.body.body:
        if not isinstance(member, Define) or b"$this->" not in _text(held, member).encode():
            continue
        if not any(f"{kind}(" in _text(held, member) for kind in _RELATIONS):
            continue
        for statement in member.function.lower_body():
            value = getattr(statement, "value", None)
            if isinstance(value, Invoke):
                first = chain(value)[0]
                if first.method in _RELATIONS and isinstance(first.receiver, Name) and first.receiver.path == "this":
                    yield member.function.name, first


def _target(call: Invoke) -> str | None:
    """The model a relation leads to: `Boat::class`, `'App\\Models\\Boat'`."""
    first = call.arguments[0] if call.arguments else None
    written = constant(first) or (first.path if isinstance(first, Name) else "")
    return written.removesuffix(".class").replace(".", "\\").rpartition("\\")[2] or None


def _text(held: Class, member: Define) -> str:
    return held.source.data[member.span[0] : member.span[1]].decode("utf-8", "replace")
