"""A row that was loaded, and whose tenant is set to what a client sent."""

from __future__ import annotations

from collections.abc import Sequence

from lints.extract.facts import OrmStep
from lints.stores.orm_sql import Builder


def reassigned(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """The update that saving it stands for: of a row in its tenant, for where it is loaded is judged by itself."""
    known = builder.model.tables.get(builder.table)
    tenant = known.tenant_column if known is not None else None
    for given in steps[-1].arguments if tenant is not None else ():
        name, _, value = given.text.partition("=")
        if tenant is not None and (name == tenant or builder.column(name) == tenant or f"{name}_id" == tenant):
            builder.where[:] = [f"{builder.qualified(tenant)} = {builder.parameter()}"]
            return [builder.update([(tenant, builder.parameter(value))])]
    return []
