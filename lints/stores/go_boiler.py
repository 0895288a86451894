"""SQLBoiler as the SQL its calls stand for: query mods come as source text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.schema.go_names import snake
from lints.stores import go_writes
from lints.stores.go_text import arguments, as_id, fields_of
from lints.stores.orm_sql import Builder

_MOD = regex(r"\s*qm\.(\w+)\((.*)\)\s*", re.DOTALL)
_TYPED = regex(r"\s*(?:\w+\.)?\w+Where\.(\w+)\.(\w+)\((.*)\)\s*", re.DOTALL)
_TEXT = regex(r"\s*[\"`]([^\"`]*)[\"`]\s*")
_ADDS_NOTHING = frozenset(
    {"OrderBy", "Limit", "Offset", "Select", "Load", "For", "GroupBy", "Distinct", "Comment", "Rels", "WithDeleted"}
)
_SIGNS = {"NEQ": "<>", "GT": ">", "GTE": ">=", "LT": "<", "LTE": "<=", "LIKE": "LIKE", "ILIKE": "ILIKE"}


def boiler(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`models.Boats(models.BoatWhere.ID.EQ(id), qm.Where("tenant_id = ?", tenant)).One(ctx, db)`."""
    first = next((step for step in steps if step.method in {"Where", "Find"}), None)
    if first is None:
        return []
    if first.method == "Find":
        given = first.arguments[2] if len(first.arguments) > 2 else Argument(kind="value")
        builder.where.append(
            builder.compare(builder.key_of(builder.table), Argument(kind="value", text=as_id(given.text)))
        )
        return [builder.select()]
    condition: str | None = None
    for argument in first.arguments:
        sign, part = _mod(builder, argument.text if argument.kind == "value" else "")
        if part is not None:
            condition = f"({part})" if condition is None else f"{condition} {sign} ({part})"
    if condition is not None:
        builder.where.append(condition)
    verb = steps[-1].method.removesuffix("G").removesuffix("P")
    if verb == "UpdateAll":
        fields = fields_of(steps[-1].arguments[-1]) if steps[-1].arguments else None
        if fields is None:
            go_writes.suppose(builder, steps[-1].arguments[-1] if steps[-1].arguments else Argument(kind="value"))
        pairs = [(snake(name), go_writes.value(builder, value)) for name, value in (fields or {}).items()]
        return [go_writes.updated(builder, pairs)]
    if verb == "DeleteAll":
        return [builder.delete()]
    return [builder.select()] if verb in {"One", "All", "Count", "Exists", "Bind"} else []


def _mod(builder: Builder, text: str) -> tuple[str, str | None]:
    """How a query mod is added, and what it says; None if that is nothing of whose rows there are."""
    typed = _TYPED.fullmatch(text)
    if typed is not None:
        column, sign = snake(typed.group(1)), typed.group(2)
        if sign == "EQ":
            return "AND", builder.compare(column, Argument(kind="value", text=as_id(typed.group(3))))
        if sign == "IN":
            return "AND", f"{builder.qualified(column)} IN ({builder.parameter()})"
        if sign in {"IsNull", "IsNotNull"}:
            return "AND", f"{builder.qualified(column)} IS {'NOT ' if sign == 'IsNotNull' else ''}NULL"
        said = f"{builder.qualified(column)} {_SIGNS[sign]} {builder.parameter()}" if sign in _SIGNS else builder.hole()
        return "AND", said
    mod = _MOD.fullmatch(text)
    if mod is None:
        return "AND", builder.hole()
    method, given = mod.group(1), arguments(mod.group(2))
    said_text = _TEXT.fullmatch(given[0]) if given else None
    if method in _ADDS_NOTHING:
        return "AND", None
    if method in {"Where", "And", "Or", "WhereIn", "AndIn", "OrIn"} and said_text is not None:
        issued, values = builder.counter[0], given[1:]
        part = re.sub(
            r"\bIN\s*\?|\?",
            lambda found: f"IN ({builder.parameter()})" if len(found.group()) > 1 else builder.parameter(),
            said_text.group(1),
            flags=re.IGNORECASE,
        )
        if builder.counter[0] - issued == len(values):
            builder.sources.update((f":h{issued + n}", value.strip()) for n, value in enumerate(values, start=1))
        return ("OR" if method.startswith("Or") else "AND"), part
    if method in {"InnerJoin", "LeftOuterJoin"} and said_text is not None and "?" not in said_text.group(1):
        builder.joins.append(f"{'JOIN' if method == 'InnerJoin' else 'LEFT JOIN'} {said_text.group(1)}")
        return "AND", None
    return "AND", builder.hole()
