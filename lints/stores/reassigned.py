"""A row that was loaded, and whose tenant is set to what a client sent."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.extract.facts import Argument, OrmStep
from lints.stores.orm_sql import Builder
from lints.tenancy import Ownership


def reassigned(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """The update that saving it stands for: of a row in its tenant, for where it is loaded is judged by itself."""
    known = builder.model.tables.get(builder.table)
    tenant = known.tenant_column if known is not None else None
    if known is not None and tenant is None and known.parent is not None:
        above = builder.model.tables.get(known.parent.references)
        tenant = known.parent.columns[0] if above is not None and above.ownership is Ownership.ROOT else None
    for given in steps[-1].arguments if tenant is not None else ():
        name, _, value = given.text.partition("=")
        if name == "*" and tenant is not None and not _without(value, tenant):
            builder.as_sent(Argument(kind="value", text=value))
            builder.where[:] = [f"{builder.qualified(tenant)} = {builder.parameter()}"]
            return [builder.update([], whole=True)]
        if tenant is not None and (name == tenant or builder.column(name) == tenant or f"{name}_id" == tenant):
            builder.where[:] = [f"{builder.qualified(tenant)} = {builder.parameter()}"]
            return [builder.update([(tenant, builder.parameter(value))])]
    return []


def _without(given: str, tenant: str) -> bool:
    """Whether what is written of an object leaves the tenant out: `model_dump(exclude={"tenant_id"})`."""
    only = re.search(r"\binclude\s*=\s*[{\[(]([^})\]]*)", given)
    if only is not None and tenant not in only.group(1):
        return True
    listed = re.findall(r"\bexclude\s*=\s*[{\[(]([^})\]]*)", given)
    bare = tenant.removesuffix("_id")
    return any(re.search(rf"['\"](?:{re.escape(tenant)}|{re.escape(bare)})['\"]", names) for names in listed)
