"""Bun and ent as the SQL their calls stand for; arguments come as source text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.extract.facts import Argument, OrmStep
from lints.schema.laravel import snake
from lints.stores.orm_sql import Builder

_PREDICATE = re.compile(r"\s*[a-z]\w*\.(\w+)\((.*)\)\s*", re.DOTALL)
_SUFFIX = re.compile(
    r"(\w+?)(EQ|NEQ|NotIn|In|GTE|GT|LTE|LT|IsNil|NotNil|ContainsFold|Contains|HasPrefix|HasSuffix|EqualFold)?"
)
_MAX_DEPTH = 8


def bun(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`db.NewSelect().Model(&boat).Where("tenant_id = ?", tenant).Scan(ctx)`."""
    verb = steps[0].method if steps else ""
    condition: str | None = None
    runs = False
    for step in steps[1:]:
        part: str | None = None
        if step.method in {"Where", "WhereOr"} and step.arguments:
            first = step.arguments[0]
            part = _text(builder, first.text) if first.kind == "text" else builder.hole()
        elif step.method == "WherePK":
            part = f"{builder.qualified(builder.key_of(builder.table))} = {builder.parameter()}"
        elif step.method in {"WhereGroup", "Apply", "ApplyQueryBuilder", "Join", "TableExpr", "ModelTableExpr", "With"}:
            part = builder.hole()
        elif step.method in {"Exec", "Scan", "Count", "Exists", "ScanAndCount", "Rows"}:
            runs = True
        if part is not None:
            sign = "OR" if step.method == "WhereOr" else "AND"
            condition = f"({part})" if condition is None else f"{condition} {sign} ({part})"
    if not runs:
        condition = f"{condition} AND ({builder.hole()})" if condition is not None else builder.hole()
    if condition is not None:
        builder.where.append(condition)
    if verb == "NewUpdate":
        return [builder.update([], dynamic=True)]
    return [builder.delete() if verb == "NewDelete" else builder.select()]


def _text(builder: Builder, text: str) -> str:
    text = re.sub(r"\?Table(?:Alias|Name)\b", lambda _: builder.ident(builder.table), text)
    text = re.sub(r"\?PKs\b", lambda _: builder.qualified(builder.key_of(builder.table)), text)
    return re.sub(
        r"\(\s*\?\s*\)|\?",
        lambda found: f"({builder.parameter()})" if "(" in found.group() else builder.parameter(),
        text,
    )


def ent(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`client.Boat.Query().Where(boat.ID(id), boat.TenantID(tenant)).Only(ctx)`."""
    first = steps[0]
    if first.method in {"Get", "GetX", "UpdateOneID", "DeleteOneID"} and first.arguments:
        builder.where.append(_compare(builder, builder.key_of(builder.table), first.arguments[-1].text))
    runs = first.method != "Query"
    for step in steps[1:]:
        if step.method == "Where":
            builder.where += [_predicate(builder, argument.text, 0) for argument in step.arguments]
        elif re.match(r"Query[A-Z]|Modify|Filter", step.method):
            builder.where.append(builder.hole())
            runs = True
        elif re.fullmatch(
            r"(?:All|First|Only|Count|Exist|IDs|FirstID|OnlyID|Scan|Select|GroupBy|Aggregate|Clone)X?", step.method
        ):
            runs = True
    if not runs:
        builder.where.append(builder.hole())
    if first.method.startswith("Delete"):
        return [builder.delete()]
    return [builder.update([], dynamic=True) if first.method.startswith("Update") else builder.select()]


def _predicate(builder: Builder, text: str, depth: int) -> str:
    found = _PREDICATE.fullmatch(text)
    if found is None or depth > _MAX_DEPTH:
        return builder.hole()
    name, inner = found.groups()
    if name in {"And", "Or"}:
        parts = [_predicate(builder, part, depth + 1) for part in _arguments(inner)]
        return builder.all_of(parts) if name == "And" else builder.any_of(parts)
    if name == "Not":
        return f"NOT ({_predicate(builder, inner, depth + 1)})"
    known = builder.model.tables.get(builder.table)
    columns = known.columns if known is not None else {}
    related = re.fullmatch(r"Has(\w+)With", name)
    if related is not None:
        column, key = f"{snake(related.group(1))}_id", _PREDICATE.fullmatch(inner)
        if column in columns and key is not None and key.group(1) in {"ID", "IDEQ"}:
            return _compare(builder, column, key.group(2))
        return builder.hole()
    said = _SUFFIX.fullmatch(name)
    whole = snake(name)
    column = whole if whole in columns else snake(said.group(1)) if said is not None else ""
    sign = "" if whole in columns or said is None else said.group(2) or ""
    if column not in columns:
        return builder.hole()
    if sign in {"", "EQ"}:
        return _compare(builder, column, inner)
    if sign == "In":
        return f"{builder.qualified(column)} IN ({builder.parameter()})"
    if sign in {"IsNil", "NotNil"}:
        return f"{builder.qualified(column)} IS {'NOT ' if sign == 'NotNil' else ''}NULL"
    return f"{builder.qualified(column)} > {builder.parameter()}"


def _compare(builder: Builder, column: str, text: str) -> str:
    return builder.compare(column, Argument(kind="value", text=re.sub(r"\.ID$", ".id", text.strip())))


def _arguments(text: str) -> list[str]:
    """The arguments of a call, split at the commas outside brackets."""
    out, depth, start = [], 0, 0
    for position, letter in enumerate(text):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            out.append(text[start:position])
            start = position + 1
    return [part for part in (*out, text[start:]) if part.strip()]
