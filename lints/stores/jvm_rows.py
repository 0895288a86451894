"""Rows that code of the JVM writes as a whole, by their keys; conditions of Ebean and of old Hibernate."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.extract.facts import Argument, OrmStep
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.stores.call_text import literal, split
from lints.stores.orm_sql import Builder

_SILENT = names(
    "where query select fetch fetchQuery fetchLazy orderBy order asc desc setMaxRows setFirstRow setMaxResults addOrder"
    " setFirstResult setFetchMode setCacheable setProjection setResultTransformer setLockMode setReadOnly forUpdate"
    " setUseCache setUseQueryCache setLazyLoadBatchSize setLabel setDistinct setTimeout usingTransaction setParameter"
    " createAlias endAnd having setLoadBeanCache filterMany setFetchSize setFlushMode setCacheMode"
)
_COMPARES = names(
    "ne ieq gt ge lt le like ilike startsWith istartsWith contains icontains endsWith between isNotNull gtOrNull notIn"
    " isEmpty isNotEmpty inRange geOrNull ltOrNull leOrNull after before"
)
_ENDS = regex(r"find\w*|list|uniqueResult\w*|exists|delete|update|query")
_LOADS = names("load loadOptional getReference multiLoad")
"""What ends `session.byId(Boat.class)`."""
_RESTRICTED = regex(r"(?:\w*Restrictions|Expression|Expr)\.(\w+)\((.*)\)", re.DOTALL)


def whole(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`em.merge(boat)`, `repository.delete(boat)`, of a row that a client sends, that is made here, or is handed in."""
    step = steps[0]
    if step.method == "saveNew":
        fields = [part.partition(" = ") for part in step.arguments[0].text[1:-1].split("; ")]
        given = {name.strip(): Argument(kind="value", text=value.strip()) for name, _, value in fields}
        assigned, _ = builder.assignments(given)
        if "?" in given:
            builder.taken = "the key of what is made out of sight is no other row's"
        return [builder.insert(assigned)] if assigned else []
    if step.method.endswith("Sent"):
        builder.raw, builder.by_client_key = step.arguments[0].text, True
        return []
    builder.where.append(f"{builder.qualified(builder.key_of(builder.table))} = {builder.parameter()}")
    builder.held = step.method.endswith("Handed")
    return [builder.delete() if step.method.startswith("delete") else builder.update([], whole=True)]


def expressions(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`DB.find(Boat.class).where().eq("tenantId", tenant).findOne()` of Ebean, and Hibernate's `createCriteria`."""
    assigned: list[tuple[str, str]] = []
    verb, runs = steps[0].method.removesuffix("@"), False
    natural = verb == "bySimpleNaturalId"
    for position, step in enumerate(steps):
        given = [argument.text.strip() for argument in step.arguments]
        if position == 0:
            if len(given) > 1:  # DB.find(Boat.class, id)
                _narrow(builder, "idEq", given[1:])
                runs = True
            continue
        found = _RESTRICTED.fullmatch(given[0]) if step.method == "add" and given else None
        if step.method == "add":
            _narrow(builder, *((found.group(1), split(found.group(2))) if found is not None else ("", ())))
        elif step.method == "set" and len(given) == 2:
            column = builder.column(literal(given[0]) or "")
            if column is not None:
                assigned.append((column, builder.parameter(given[1])))
        elif step.method in _LOADS and verb.startswith("by"):
            runs = True
            if natural or (given and verb == "byNaturalId"):
                builder.where.append(builder.hole())
            elif given:
                _narrow(builder, "idIn" if step.method == "multiLoad" else "idEq", given)
        elif step.method == "using":
            _narrow(builder, "eq", given)
        elif _ENDS.fullmatch(step.method) and (not given or step.method == "exists"):
            runs, verb = True, step.method if step.method in {"delete", "update"} else verb
        elif step.method not in _SILENT:
            _narrow(builder, step.method, given)
    if not runs:
        return []
    if verb in {"delete", "deleteAll"}:
        return [builder.delete()]
    return [builder.update(assigned) if verb == "update" else builder.select()]


def _narrow(builder: Builder, word: str, given: Sequence[str]) -> None:
    """One condition: `eq("tenantId", tenant)`, `idEq(id)`."""
    key = builder.key_of(builder.table)
    if word in {"idEq", "setId", "byId"} and given:
        builder.where.append(f"{builder.qualified(key)} = {builder.parameter()}")
        return
    if word == "idIn":
        builder.where.append(f"{builder.qualified(key)} IN ({builder.parameter()})")
        return
    stated = literal(given[0]) if given else None
    column = builder.column(stated) if stated is not None else None
    if column is None:
        builder.where.append(builder.hole())
    elif word in {"eq", "equalTo", "eqOrNull"} and len(given) == 2:
        compared = builder.compare(column, Argument(kind="value", text=given[1].strip()))
        builder.where.append(f"({builder.parameter()} IS NULL OR {compared})" if word == "eqOrNull" else compared)
    elif word in {"in", "inOrEmpty"}:
        builder.where.append(f"{builder.qualified(column)} IN ({builder.parameter()})")
    elif word == "isNull":
        builder.where.append(f"{builder.qualified(column)} IS NULL")
    else:
        builder.where.append(
            f"{builder.qualified(column)} > {builder.parameter()}" if word in _COMPARES else builder.hole()
        )
