"""Tenants known by several columns together, (region, number): a statement is proven by each of them or not at all."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from lints.proof.result import Proof, Verdict
from lints.tenancy import Model, Ownership, Table

_WORSE = (Verdict.PROVEN, Verdict.WEAK, Verdict.OPAQUE, Verdict.VIOLATION)


def facets(model: Model) -> tuple[Model, ...]:
    """The model once more for each further column of the tenants' key, that column in the tenant column's place.

    A tenants' table has such a key if it refers to nothing, its primary key is the tenant column with others, and
    three quarters of the tables that have the tenant column refer to it by all of them under the same names.
    """
    owned = [t for t in model.tables.values() if t.ownership is Ownership.OWNED]
    if any(t.ownership is Ownership.ROOT for t in model.tables.values()):
        return ()
    tied = Counter(name for table in owned for name in {_tenants(model, table)} if name is not None)
    name, count = next(iter(tied.most_common(1)), ("", 0))
    if not count or 4 * count < 3 * (len(owned) - 1):
        return ()
    root = model.tables[name]
    further = [column for column in root.primary_key if column != root.tenant_column]
    return tuple(_by(model, column) for column in further)


def _tenants(model: Model, table: Table) -> str | None:
    """The table that this one's rows name their tenant by, with several columns."""
    for key in table.foreign_keys:
        root = model.tables.get(key.references)
        if root is None or root is table or root.foreign_keys or root.tenant_column not in key.columns:
            continue
        columns = key.referenced_columns or root.primary_key
        if len(columns) > 1 and set(columns) == set(root.primary_key) == set(key.columns):
            return key.references
    return None


def _by(model: Model, column: str) -> Model:
    tables = {
        name: replace(table, tenant_column=column)
        if table.ownership is Ownership.OWNED and column in table.columns
        else table
        for name, table in model.tables.items()
    }
    return replace(model, tables=tables, tenant_columns=(column,))


def worst(proofs: tuple[Proof, ...], others: tuple[Proof, ...]) -> tuple[Proof, ...]:
    """Statement by statement the proof that says less; what is not even parsed is the same for all."""
    return tuple(
        other if other.verdict in _WORSE and one.verdict in _WORSE and _rank(other) > _rank(one) else one
        for one, other in zip(proofs, others, strict=True)
    )


def _rank(proof: Proof) -> int:
    return _WORSE.index(proof.verdict)
