"""Eloquent models: their tables, relations, and the scopes that put conditions on what they read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lints.extract.ir import Define, Invoke, Items, Name, Pairs
from lints.schema.catalog import Catalog
from lints.schema.facts import Entity
from lints.schema.laravel import plural, snake
from lints.schema.orm import Class, Source, chain, classes, constant, inherited, members, texts
from lints.tenancy import Column, ForeignKey, Origin

DECLARES = re.compile(
    rb"\bEloquent\b|\bextends\s+\w*(?:Model|Pivot|Authenticatable|User)\b|\bimplements\s[\w\\, ]{0,200}Scope\b"
    rb"|addGlobalScope|\$fillable\b|\$guarded\b|(?:belongsTo|hasMany|hasOne)\("
)
_BASES = frozenset({"Model", "Eloquent", "Authenticatable", "Pivot", "MorphPivot"})
_TENANT_TRAIT = re.compile(
    r"(?:(?:BelongsTo|ScopedBy|Has|Uses|For)(?:Current)?(?:Primary)?)?(?:Multi)?"
    r"(?:Tenant|Team|Company|Organi[sz]ation|Workspace|Account)(?:able|Aware|Scoped?|Trait|Model|Connection)*"
)
_COLUMN = re.compile(
    r"\b(?:where(?:In|Not|Null)?|qualifyColumn|WhereIn)\(\s*[^,'\"]{0,80}['\"](?:[^'\"\n]{0,80}\.)?`?(\w+)`?['\"]"
)
_EQUAL = re.compile(
    r"\bwhere(?:In)?\(\s*[^,'\"]{0,80}['\"](?:[^'\"\n]{0,80}\.)?`?(\w+)`?['\"]\s*\)?\s*,"
    r"(?!\s*(?:['\"](?:[<>!]|not|like)|null\b))"
)
_DYNAMIC = re.compile(r"->where((?:[A-Z][a-z0-9]+)+)\(")
_CONDITIONAL = re.compile(r"\bif\s*\(|\bwhen\(|\bunless\(|\borWhere|\?")
_SCOPED_BY = re.compile(r"#\[\s*(?:\w+\\)*ScopedBy\(\s*\[?([^\])]{1,400})")
_NAMED = re.compile(r"(?:new\s+|^[ \t]*)\\?(?:\w+\\)*(\w+)(?:::class)?")
_NAMESPACE = re.compile(rb"^[ \t]*namespace\s+([\w\\]+)", re.MULTILINE)
BODY = "{"
"""Stands before the text of a scope that is a condition on related rows: it is read where it is used."""
CLIENT = "&"
"""Stands before what a client sends, where a scope compares with that."""
OPENS = "-"
"""A scope that takes what is compared in every query away."""
SENT = re.compile(
    r"\$?\brequest(?:\(\))?\s*->\s*(?:(?:header|input|query|get|post|cookie|json|string|integer)\([^()]{0,80}\)"
    r"|(?!user\b|session\b|attributes\b|route\b)\w+(?![\w(]|\s*->))|\brequest\(\s*['\"][^()]{0,80}\)"
    r"|\bRequest::(?:header|input|query|get|post)\([^()]{0,80}\)|\$this->(?:input|header|post|validated|get)\([^()]{0,80}\)"
    r"|\$(?:validated|input)\[['\"]\w{1,80}['\"]\]"
)
"""Where a value of a Laravel application comes from if a client names it."""
_ON_RELATED = re.compile(r"->where(?:Has|BelongsTo|Relation)\(")
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
                stated = _said(above, "table")
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
    scopes = _global_scopes(model.chain, known)
    methods = _local_scopes(model.chain)
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
                methods=methods,
                origin=origin,
            )
        )


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


def _columns_in(text: str) -> tuple[str, ...]:
    dynamic = (snake(found) for found in _DYNAMIC.findall(text))
    return tuple(dict.fromkeys((*_COLUMN.findall(text), *dynamic)))


def _global_scopes(above: Sequence[Class], known: Mapping[str, list[Class]]) -> dict[str, str]:
    """Column to place: what conditions are put on every query of the model. `*` stands for the tenant's, unseen."""
    scopes: dict[str, str] = {}

    def remember(text: str, place: Origin) -> None:
        for column in _EQUAL.findall(text):
            scopes.setdefault(column, f"{place.path}:{place.line}")

    def of_class(name: str) -> None:
        for scope in known.get(name, []):
            text = scope.source.data[scope.body.span[0] : scope.body.span[1]].decode("utf-8", "replace")
            remember(text, scope.source.origin(scope.body.span[0], name))

    for held in above:
        start, end = held.body.span
        text = held.source.data[start:end].decode("utf-8", "replace")
        for found in re.finditer(r"addGlobalScope\(", text):
            written = _inside(text, found.end())
            named = _NAMED.match(written)
            if re.search(r"\b(?:function|fn)\b", written):
                remember(written, held.source.origin(start, ""))
            elif named is not None:
                of_class(named.group(1))
        by = _SCOPED_BY.search(text)
        for name in re.findall(r"(\w+)::class", by.group(1)) if by is not None else ():
            of_class(name)
        for base in held.body.bases:
            if base not in known and base not in _BASES and _TENANT_TRAIT.fullmatch(base):
                scopes.setdefault("*", f"{held.source.path}: {base}")
    return scopes


def _inside(text: str, start: int) -> str:
    """What stands between the parenthesis before `start` and its partner, at most 2,000 characters of it."""
    depth = 1
    for position in range(start, min(len(text), start + 2000)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return text[start:position]
    return text[start : start + 2000]


_RETURNS_ROWS = re.compile(
    r"return\s+\$\w+(?:\s*->[^;{}]{0,200})?->(?:get|paginate|simplePaginate|cursorPaginate|first\w*|count|pluck)\([^;{}]{0,60};"
)


def _local_scopes(above: Sequence[Class]) -> dict[str, tuple[str, ...]]:
    """Name to the columns that a local scope (`scopeOpen`) compares, `~` before one that it only mentions.

    Marks come first: `?` if it does so on some paths only, `!` if it gives rows and not the query.
    """
    texts_of: dict[str, str] = {}
    for held in above:
        for member in held.body.body:
            name = member.function.name if isinstance(member, Define) else ""
            if isinstance(member, Define) and re.match(r"scope[A-Z]", name):
                texts_of.setdefault(name[5].lower() + name[6:], _text(held, member))
    found: dict[str, tuple[str, ...]] = {}
    for name, text in texts_of.items():
        called = [other for other in re.findall(r"->(\w+)\(", text) if other in texts_of and other != name]
        equal = {*_EQUAL.findall(text), *(snake(found) for found in _DYNAMIC.findall(text))}
        columns = [column if column in equal else f"~{column}" for column in _columns_in(text)]
        columns += [f"~{column}" for other in called for column in _columns_in(texts_of[other])]
        some = _CONDITIONAL.search(text) is not None or bool(called)
        marks = ("?",) * some + ("!",) * (_RETURNS_ROWS.search(text) is not None)
        if _ON_RELATED.search(text) is not None and not called:
            columns, marks = (
                [BODY + re.sub(r"^.*?\bfunction\s+\w+", "function ", text, count=1, flags=re.DOTALL)],
                marks[len(marks) :],
            )
        columns += [OPENS] if "withoutGlobalScope" in text else []
        sent = SENT.search(text)
        columns += [CLIENT + sent.group()] if sent is not None else []
        found[name] = (*marks, *dict.fromkeys(columns))
    return found
