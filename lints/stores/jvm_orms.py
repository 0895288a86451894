"""Which entity a call of Java or Kotlin is about, and what its framework puts on every query of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from lints.extract.facts import OrmCall, OrmStep, Statement
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.stores import (
    compiled_orms,
    ebean_beans,
    jooq,
    jvm_builders,
    jvm_helpers,
    jvm_rows,
    mybatis_examples,
    mybatis_plus,
    querydsl,
)
from lints.stores.orm_sql import Builder
from lints.tenancy import Model

RENDER: Mapping[str, Callable[[Builder, Sequence[OrmStep]], list[str | None]]] = {
    "jpa": compiled_orms.jpa,
    "mybatis_plus": mybatis_plus.mybatis_plus,
    "query_bean": ebean_beans.query_bean,
    "mybatis_example": mybatis_examples.mybatis_example,
    "criteria": jvm_builders.criteria,
    "jooq": jooq.jooq,
    "exposed": jvm_builders.exposed,
    "panache": jvm_builders.panache,
    "querydsl": querydsl.querydsl,
    "template": querydsl.template,
    "whole": jvm_rows.whole,
    "expressions": jvm_rows.expressions,
}
KINDS = frozenset(RENDER)
_ENTITIES: Mapping[str, tuple[str, ...]] = {
    "jpa": ("link", "jpa"),
    "criteria": ("link", "jpa"),
    "panache": ("link", "jpa"),
    "querydsl": ("link", "jpa"),
    "template": ("link", "jpa"),
    "mybatis_plus": ("mybatis",),
    "exposed": ("exposed",),
    "expressions": ("link", "jpa"),
    "query_bean": ("link", "jpa"),
    "whole": ("mybatis", "link", "jpa"),
}
_BY_KEY = regex(r"(?:find|get|exists)(?:One|Reference)?ById\w*|find|getReference")
_CLASS = regex(r"(?:\w+\.)*(\w+)(?:\.class|::class)")
_GETTER = regex(r"__table_(get\w+?Table(?:Name)?)__")
_STATED = frozenset({"Select", "Update", "Delete"})
Known = Mapping[str, Mapping[str, Entity]]


def target(
    call: OrmCall, by_kind: Known, model: Model
) -> tuple[str, Entity | None, Mapping[str, Entity], str | None] | None:
    """(table, entity, entities, alias) of a call; None if nothing is known of what it asks for."""
    if call.kind == "jooq":
        table = next((name for steps in call.variants if (name := jooq.jooq_table(steps, model))), None)
        known = jvm_helpers.near(by_kind, call.path)
        return (table, None, known, None) if table is not None and table in model.tables else None
    if call.kind == "mybatis_example":
        table = mybatis_examples.table_of(call.model, model)
        return (table, None, {}, None) if table is not None else None
    known = {name: entity for kind in _ENTITIES[call.kind] for name, entity in by_kind.get(kind, {}).items()}
    known.update(jvm_helpers.near(by_kind, call.path))
    held = _store(call, by_kind)
    if call.model.endswith("@"):
        known = {**by_kind.get("mybatis", {}), **known}
    if call.kind == "criteria":
        named = (_CLASS.match(a.text) for s in call.variants[0] if s.method == "from" for a in s.arguments[:1])
        entity = next((known.get(found.group(1)) for found in named if found is not None), None)
        if entity is not None:
            return entity.table, entity, known, None
    if call.kind == "querydsl":
        about = next((known.get(name) for steps in call.variants if (name := querydsl.entity_of(steps))), None)
        return (about.table, about, known, None) if about is not None else None
    if call.kind == "whole":
        store, at, named_class = call.model.rpartition("@")
        if at and store not in by_kind.get("repository", {}):
            return None  # of something that is no repository
        stored = by_kind["repository"][store].relations["of"] if at and not named_class else ""
        entity = known.get(named_class or stored)
        return (entity.table, entity, known, None) if entity is not None else None
    entity = known.get(held.relations["of"]) if held is not None else None
    entity = entity or known.get(call.model) or known.get(f"{call.model}Entity")
    return (entity.table, entity, known, None) if entity is not None else None


def asks_itself(call: OrmCall, by_kind: Known) -> bool:
    """Whether the method has a query of its own, which is judged where it stands."""
    held = _store(call, by_kind)
    asked = [steps for steps in call.variants if call.kind != "mybatis_plus" or len(steps) == 1]
    return held is not None and any(step.method in held.columns for steps in asked for step in steps[-1:])


def scope(call: OrmCall, entity: Entity | None, table: str, by_kind: Known, model: Model) -> str | None:
    """What the framework compares in every query of the entity, if that is the tenant's column."""
    known = model.tables.get(table)
    column = known.tenant_column if known is not None else None
    if entity is None or column is None:
        return None
    place = entity.scopes.get(column)
    last = call.variants[0][-1].method if call.variants and call.variants[0] else ""
    if place is not None and place.startswith("@Filter") and _BY_KEY.fullmatch(last):
        return None  # a row that is asked for by its key is not filtered
    held = _store(call, by_kind)
    if place is None and not (held is not None and {"*", last} & set(held.scopes)):
        place = entity.scopes.get("*")
    return f"{column}, which is compared in every query of {entity.name} ({place})" if place is not None else None


def with_tables(text: str, by_kind: Known) -> str:
    """A statement with the tables that getters name (`config.getBoatsTable()`); one nobody knows stays unseen."""
    if "__table_" not in text:
        return text
    getters = by_kind.get("getter", {})

    def named(found: re.Match[str]) -> str:
        held = getters.get(found.group(1))
        return held.table if held is not None else f"__hole_9{len(found.group(1))}__"

    return _GETTER.sub(named, text)


def _store(call: OrmCall, by_kind: Known) -> Entity | None:
    """The repository, mapper or service that a call is made on."""
    stores = by_kind.get("repository", {})
    if call.model.endswith("@"):  # a type that may be one
        return stores.get(call.model.removesuffix("@"))
    for name in (call.model, f"{call.model}Repository", f"{call.model}JpaRepository", f"I{call.model}"):
        if name in stores:
            return stores[name]
    return None


def confines(statement: Statement, table: str, by_kind: Known, model: Model, *, of_entities: bool) -> str | None:
    """What the framework adds to a statement over entities, or to one of a mapper; None for any other."""
    call = statement.call
    if of_entities:
        entity = next((e for e in by_kind.get("jpa", {}).values() if e.table == table and e.scopes), None)
    elif call is not None and (statement.language == "mybatis" or (call.method in _STATED and not call.receiver)):
        store = by_kind.get("repository", {}).get(call.receiver)
        if store is not None and {"*", call.method} & set(store.scopes):
            return None
        entity = next((e for e in by_kind.get("mybatis", {}).values() if e.table == table and e.scopes), None)
    else:
        return None
    known = model.tables.get(table)
    column = known.tenant_column if known is not None else None
    place = (entity.scopes.get(column) or entity.scopes.get("*")) if entity is not None and column is not None else None
    return f"{column}, which is compared in every query of {table} ({place})" if place is not None else None
