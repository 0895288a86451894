"""Entities of Pony ORM: what they say of tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lints.extract.ir import Expr, Invoke, Items, Name
from lints.schema.catalog import Catalog, Draft
from lints.schema.facts import Entity
from lints.schema.orm import Class, constant, inherited, keyword, members, returned, truth
from lints.tenancy import Column, ForeignKey, Origin

_ATTRIBUTES = frozenset({"Required", "Optional", "PrimaryKey", "Discriminator"})


def is_entity(lineage: Iterable[Class]) -> bool:
    """Whether a class is an entity of a `Database`: `class Boat(db.Entity)`, or one that is made of such."""
    return any("Entity" in one.body.bases and b"pony" in one.source.data for one in lineage)


def read_pony_models(catalog: Catalog, found: Iterable[Class], known: Mapping[str, list[Class]]) -> None:
    """Add the tables of entities. Those that are made of another one have their rows in its table."""
    entities = {one.body.name: (one, inherited(one, known)) for one in found}
    tables = {name: _table(lineage) for name, (_, lineage) in entities.items()}
    for name, (one, lineage) in entities.items():
        origin = one.source.origin(one.body.span[0], f"entity {name}")
        draft = catalog.create(None, tables[name], origin)
        columns: dict[str, str] = {}
        relations: dict[str, str] = {}
        for holder in lineage:
            for attribute, value, offset, _ in members(holder.body):
                if not isinstance(value, Invoke) or attribute in columns:
                    continue
                target = _target(value)
                if value.method == "Set" and target is not None:
                    catalog.backward.setdefault(target, []).append((name, attribute))
                elif value.method in _ATTRIBUTES:
                    columns[attribute] = constant(keyword(value, "column")) or attribute
                    at = holder.source.origin(offset, f"{columns[attribute]} is an attribute of {name}")
                    _add(draft, value, columns[attribute], at)
                    if target in tables:
                        relations[attribute] = target
                        draft.foreign_keys[f"{draft.name}_{attribute}_fkey"] = (
                            ForeignKey(columns=(columns[attribute],), references=tables[target], referenced_columns=()),
                            at,
                        )
        if not draft.primary_key:
            draft.primary_key = ("id",)
            draft.add_column(Column(name="id", nullable=False), origin)
        columns.setdefault("id", draft.primary_key[0])
        columns.setdefault("pk", draft.primary_key[0])
        catalog.entities.append(
            Entity(name=name, table=draft.name, kind="pony", columns=columns, relations=relations, origin=origin)
        )


def _table(lineage: list[Class]) -> str:
    """The table of the entity that all of them are made of: what it says, else its name, which most databases fold."""
    for holder in lineage:
        written: Expr | None = next((value for name, value, _, _ in members(holder.body) if name == "_table_"), None)
        named = constant(written.items[-1] if isinstance(written, Items) and written.items else written)
        if named is not None:
            return named
    return next(one for one in reversed(lineage) if is_entity([one])).body.name.lower()


def _target(call: Invoke) -> str | None:
    """The entity that an attribute leads to: `Required(Tenant)`, `Set("Crew")`."""
    first = call.arguments[0] if call.arguments else None
    first = returned(first) or first  # `Required(lambda: Boat)`
    named = first.path.rpartition(".")[2] if isinstance(first, Name) else constant(first)
    return named if named is not None and named[:1].isupper() else None


def _add(draft: Draft, call: Invoke, column: str, at: Origin) -> None:
    first = call.arguments[0] if call.arguments else None
    kind = first.path.rpartition(".")[2].lower() if isinstance(first, Name) else ""
    draft.add_column(Column(name=column, type=kind, nullable=call.method == "Optional"), at)
    if call.method == "PrimaryKey":
        draft.primary_key = (column,)
    elif truth(keyword(call, "unique")):
        draft.unique[f"{draft.name}_{column}_key"] = (column,)
    if truth(keyword(call, "index")):
        draft.add_index((column,), at)
