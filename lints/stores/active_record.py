"""ActiveRecord calls as the SQL they stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lints.extract.facts import Argument, OrmStep
from lints.stores.orm_sql import Builder, mapping


def active_record(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    negate = False
    for step in steps:
        method, arguments, keywords = step.method, step.arguments, dict(step.keywords)
        if method in {
            "where",
            "find_by",
            "find_by!",
            "rewhere",
            "destroy_by",
            "delete_by",
            "find_sole_by",
            "not",
        } or method.startswith("find_or_"):
            if method == "where" and not arguments and not keywords:
                negate = True
                continue
            part = _record_condition(builder, arguments, keywords)
            builder.where.append(f"NOT ({part})" if negate or method == "not" else part)
            negate = False
            if method.startswith("find"):
                return [builder.select()]
            if method in {"destroy_by", "delete_by"}:
                return [builder.delete()]
        elif method == "find" and arguments:
            builder.where.append(builder.compare(builder.key_of(builder.table), arguments[0]))
            return [builder.select()]
        elif method in {"delete_all", "destroy_all"}:
            return [builder.delete()]
        elif method in {"update_all", "update"}:
            assigned, dynamic = builder.assignments(keywords or mapping(arguments[0] if arguments else None))
            return [builder.update(assigned, dynamic=dynamic or not assigned)]
        elif method in {"create", "create!"}:
            assigned, dynamic = builder.assignments(keywords or mapping(arguments[0] if arguments else None))
            return [builder.insert(assigned, dynamic=dynamic)]
        elif method in {"or", "insert_all", "upsert", "upsert_all", "joins", "merge"}:
            builder.where.append(builder.hole())
        elif method == "none":
            return []
    return [builder.select()]


def _record_condition(builder: Builder, arguments: Sequence[Argument], keywords: Mapping[str, Argument]) -> str:
    if arguments and arguments[0].kind == "text":
        text = arguments[0].text
        values = iter(arguments[1:])
        return re.sub(
            r"\?", lambda _: builder.value(next(values, Argument(kind="value"))), re.sub(r":(\w+)", r":\1", text)
        )
    if arguments and arguments[0].kind == "map":
        keywords = {**mapping(arguments[0]), **keywords}
    elif arguments:
        return builder.hole()
    parts: list[str] = []
    for name, value in keywords.items():
        column = builder.column(name)
        known = builder.model.tables.get(builder.table)
        if known is not None and column is not None and column not in known.columns and f"{name}_id" in known.columns:
            column = f"{name}_id"
        parts.append(builder.compare(column, value) if column is not None and value.kind != "map" else builder.hole())
    return builder.all_of(parts)
