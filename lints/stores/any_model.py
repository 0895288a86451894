"""What stands for any model: a query on one that a function is handed is judged on that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from lints.schema.facts import Entity
from lints.tenancy import Model, Ownership

NAME = "Model_of_"
"""What extraction calls it (`lints.extract.chains.python`)."""
_OWNED = frozenset({Ownership.OWNED, Ownership.SHARED_NULL})


def stand_in(entities: Mapping[str, Entity], model: Model) -> Entity | None:
    """Of the entities of a tenant's own tables the one that has most of the columns that the others have."""
    owned = {
        entity.table: entity
        for entity in reversed(list(entities.values()))
        if entity.table in model.tables and model.tables[entity.table].ownership in _OWNED
    }
    common = Counter(column for entity in owned.values() for column in set(entity.columns.values()))
    return max(owned.values(), key=lambda one: sum(common[c] - 1 for c in set(one.columns.values())), default=None)


def table(model: Model) -> str:
    """The same of tables; nothing if no tenant owns any."""
    owned = {name: one for name, one in model.tables.items() if one.ownership in _OWNED}
    common = Counter(column for one in owned.values() for column in one.columns)
    return max(owned, key=lambda name: sum(common[c] - 1 for c in owned[name].columns), default="")
