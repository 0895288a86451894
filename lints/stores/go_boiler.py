"""SQLBoiler as the SQL its calls stand for: query mods come as source text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.schema.go_names import snake
from lints.stores import go_orms, go_writes
from lints.stores.go_text import arguments, as_id, fields_of, listed
from lints.stores.orm_sql import Builder

_MOD = regex(r"\s*qm\.(\w+)\((.*)\)\s*", re.DOTALL)
_TYPED = regex(r"\s*(?:\w+\.)?\w+Where\.(\w+)\.(\w+)\((.*)\)\s*", re.DOTALL)
_TEXT = regex(r"\s*[\"`]([^\"`]*)[\"`]\s*")
_COLUMN = regex(r"\s*(?:\"(\w+)\"|(?:\w+\.)*\w+Columns\.(\w+))\s*")
_ADDS_NOTHING = frozenset(
    {
        "From",
        "OrderBy",
        "Limit",
        "Offset",
        "Select",
        "Load",
        "For",
        "GroupBy",
        "Distinct",
        "Comment",
        "Rels",
        "WithDeleted",
    }
)
_SIGNS = {"NEQ": "<>", "GT": ">", "GTE": ">=", "LT": "<", "LTE": "<=", "LIKE": "LIKE", "ILIKE": "ILIKE"}


def boiler(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`models.Boats(models.BoatWhere.ID.EQ(id), qm.Where("tenant_id = ?", tenant)).One(ctx, db)`."""
    if steps[0].method.startswith("@"):
        return _row(builder, steps[0])
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


def _row(builder: Builder, step: OrmStep) -> list[str | None]:
    """`boat.Insert(ctx, db, boil.Infer())`, `boat.Update(ctx, db, boil.Whitelist("name"))`, `boat.Delete(ctx, db)`: the
    row is the first argument, what the call is given comes after it."""
    verb, given = step.method[1:], step.arguments[1:]
    step = replace(step, method="Insert" if verb == "Upsert" else verb, arguments=step.arguments[:1])
    limits = _limits(builder, given[-1].text if given else "")
    if verb == "Delete":
        key = go_orms.held_key(builder, step.arguments[0], step)
        builder.where += [key] if key is not None else []
        return [builder.delete()] if key is not None else []
    if go_writes.sent(builder, [replace(step, method="Save")] if verb == "Update" else [step], limits):
        return []
    if verb == "Update":
        return go_orms.saved(builder, step, limits)
    if verb == "Insert" or (len(given) > 2 and given[2].text == "false"):
        text = go_writes.inserted(builder, step)
        return [text] if text is not None else []
    columns = listed(given[3]) if len(given) > 3 else None
    known = builder.model.tables.get(builder.table)
    if not columns or known is None or len(given) < 5:
        return [None]
    fields = fields_of(step.arguments[0])
    written = [column for name in fields or () if (column := builder.column(name))] if fields else list(known.columns)
    allowed = _limits(builder, given[4].text)
    changed = [column for column in written if column not in {*columns, *known.primary_key} and allowed.allow(column)]
    return [go_writes.inserted(builder, step, conflict=columns, updated=changed or columns)]


def _limits(builder: Builder, text: str) -> go_writes.Limits:
    """Which columns `boil.Whitelist(…)`, `boil.Blacklist(…)` leave; `boil.Infer()` leaves all."""
    found = re.fullmatch(r"\s*boil\.(Whitelist|Blacklist)\((.*)\)\s*", text, re.DOTALL)
    named = [_COLUMN.fullmatch(part) for part in arguments(found.group(2))] if found is not None else []
    columns = frozenset(one.group(1) or snake(one.group(2)) for one in named if one is not None)
    if found is None or len(columns) < len(named):
        return go_writes.Limits(zeros=found is None)
    return (
        go_writes.Limits(only=columns, zeros=True)
        if found.group(1) == "Whitelist"
        else go_writes.Limits(but=columns, zeros=True)
    )


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
