# ruff: noqa: S608 - the text is judged, it never reaches a database
"""Conditions of LINQ as the SQL they stand for: comparisons of properties, keys among others, rows that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lints.extract.facts import Argument
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.stores.orm_sql import Builder

_ANY = regex(
    r"(?!!)([\w.?!]+?)(?:\.AsNoTracking\(\))?(?:\.Where\(((?:[^()]|\([^()]*\))*)\))?[?!]?\.Any\((.*)\)", re.DOTALL
)
"""Rows of a set or of a collection, whether there are any."""
_AMONG = regex(
    r"(?!!)([\w.?!]+?)(?:\.AsNoTracking\(\))?\.Where\(((?:[^()]|\([^()]*\))*)\)\.Select\(\s*\w+\s*=>\s*\w+\.(\w+)\s*\)"
    r"(?:\.Distinct\(\))?\.Contains\(\s*([\w.?!]+)\s*\)"
)
"""A key among those of narrowed rows."""
LAMBDA = regex(r"\s*(?:async\s+)?\(?\s*(\w+)\s*\)?\s*=>\s*(.+)", re.DOTALL)
_PROPERTY = regex(
    r"\bEF\.Property<[^<>()]{1,40}(?:<[^<>()]{1,40}>)?>"
    r"\(\s*(\w+)\s*,\s*(?:\"(\w+)\"|nameof\((?:\w+\.)*(\w+)\))\s*\)"
)
_CAST = regex(r"\(\([A-Z]\w*\??\)\s*(\w+)\)(?=[.?!])")
_PATH = regex(r"([A-Za-z_]\w*)((?:[?!]?\.\w+)+)[?!]?")
_FROM_CLIENT = regex(r"\bRequest\.(?:Headers|Query|Form|Cookies|RouteValues)\b")
_MAX_DEPTH = 10


@dataclass(slots=True)
class Names:
    """Range variables and lambda parameters: the builder of the rows each stands for; None if that can't be seen."""

    known: dict[str, Builder | None]
    parameters: dict[str, str] = field(default_factory=dict)
    """Source of a value to the parameter it travels as: the same value twice is the same parameter."""

    def with_(self, name: str, builder: Builder | None) -> Names:
        return Names({**self.known, name: builder}, self.parameters)


def condition(names: Names, builder: Builder, text: str, depth: int = 0) -> str:
    """A condition of C#: `||`, `&&`, comparisons of properties; what else there is says nothing of whose row it is,
    or can't be seen."""
    text = _bare(_PROPERTY.sub(lambda found: f"{found.group(1)}.{found.group(2) or found.group(3)}", text))
    text = _CAST.sub(r"\1", text)
    for sign, combine in (("||", builder.any_of), ("&&", builder.all_of)):
        parts = list(_split(text, sign))
        if len(parts) > 1 and depth < _MAX_DEPTH:
            return combine(condition(names, builder, part, depth + 1) for part in parts)
    present = _ANY.fullmatch(text)
    if present is not None and depth < _MAX_DEPTH and (said := _exists(names, builder, present, depth)) is not None:
        return said
    among = _AMONG.fullmatch(text)
    if among is not None and depth < _MAX_DEPTH and (said := _among(names, builder, among, depth)) is not None:
        return said
    listed = re.fullmatch(r"([\w.?!()]+)\.Contains\(\s*([\w.?!]+)\s*\)", text)
    if listed is not None and (column := member(names, listed.group(2))) is not None:
        column.rows._remember_parent(column.name)
        return f"{column.sql} IN ({value_of(names, builder, listed.group(1))})"
    called = re.fullmatch(r"([\w.?!]+)\.Equals\(\s*([\w.?!]+)\s*\)", text)
    found = called or re.fullmatch(r"([^=<>!]+?(?:![^=])?)\s*(==|!=|<=|>=|<|>)\s*([^=<>]+)", text, re.DOTALL)
    if found is None or "=>" in text:
        return _unread(names, builder, text)
    left, right = found.group(1), found.group(2 if called else 3)
    sign = "==" if called else found.group(2)
    one, two = member(names, left), member(names, right)
    if one is None and two is not None:
        one, two, left, right = two, None, right, left
        sign = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(sign, sign)
    if one is None:
        return _unread(names, builder, text)
    operator = {"==": "=", "!=": "<>"}.get(sign, sign)
    if two is not None:
        return f"{one.sql} {operator} {two.sql}"
    if right.strip() == "null":
        return f"{one.sql} IS {'NOT ' if operator == '<>' else ''}NULL"
    if any(re.search(rf"\b{re.escape(name)}\b", right) for name in names.known):
        return _unread(names, builder, text)
    if operator == "=":
        known = builder.model.tables.get(builder.table)
        ours = known is not None and one.name == known.tenant_column
        if one.rows is builder and ours and _FROM_CLIENT.search(right):
            builder.untrusted = right.strip()
        one.rows.remember(one.name, Argument(kind="value", text=_held(right)))
    return f"{one.sql} {operator} {value_of(names, builder, right)}"


def _exists(names: Names, builder: Builder, found: re.Match[str], depth: int) -> str | None:
    """`_context.Logs.Any(l => l.BoatId == b.Id)` and `b.Logs.Any(l => l.Seen)`; None if the rows can't be seen."""
    path, narrowed, given = found.groups()
    owner, _, label = path.replace("?", "").replace("!", "").rpartition(".")
    of_row = owner.partition(".")[0] in names.known
    of = _reached(names, owner)
    back = of.entity.reverse.get(label) if of is not None and of.entity is not None else None
    target = builder.entities.get(back or ("" if of_row else label))
    if target is None or target.table == builder.table:
        return None
    inner = builder.inside(target)
    for text in (narrowed, given):
        said = LAMBDA.fullmatch(text) if text else None
        if said is not None:
            inner.where.append(condition(names.with_(said.group(1), inner), inner, said.group(2), depth + 1))
        elif text:
            return None
    if back is not None and of is not None:
        return of.reverse(target, inner)
    return f"EXISTS (SELECT 1 FROM {inner.source()}{inner.condition()})"


def _among(names: Names, builder: Builder, found: re.Match[str], depth: int) -> str | None:
    """`_context.Boats.Where(b => …).Select(b => b.Id).Contains(l.BoatId)`; None if the rows can't be seen."""
    path, narrowed, chosen, wanted = found.groups()
    target = builder.entities.get(path.rpartition(".")[2])
    said = LAMBDA.fullmatch(narrowed)
    column = member(names, wanted)
    if target is None or target.table == builder.table or said is None or column is None:
        return None
    inner = builder.inside(target)
    inner.where.append(condition(names.with_(said.group(1), inner), inner, said.group(2), depth + 1))
    key = inner.column(chosen)
    return f"{column.sql} IN (SELECT {inner.qualified(key)} FROM {inner.source()}{inner.condition()})" if key else None


def _held(text: str) -> str:
    """The source of a value as the other languages spell it; of what a form or a message holds nothing."""
    bare = re.sub(r"[?!]|\.Value$", "", text.strip())
    if re.search(r"\b(?:model|vm|viewModel|command|cmd|message|options)\b", bare, re.IGNORECASE):
        return ""
    return re.sub(r"\.([A-Z])(\w*)$", lambda found: f".{found.group(1).lower()}{found.group(2)}", bare)


def value_of(names: Names, builder: Builder, text: str) -> str:
    text = text.strip()
    literal = re.fullmatch(r"\"([^\"]*)\"|(\d+)", text)
    if literal is not None:
        return "'" + (literal.group(1) or literal.group(2) or "").replace("'", "''") + "'"
    bare = re.sub(r"[?!]|\.Value$", "", text)
    if bare not in names.parameters:
        names.parameters[bare] = builder.parameter(bare)
    return names.parameters[bare]


def _unread(names: Names, builder: Builder, text: str) -> str:
    """A condition that is not understood: it may say whose rows they are only if it names a tenant, hands the row on,
    or asks for related rows."""
    absent = re.fullmatch(r"([\w.?!]+)\s*(==|!=)\s*null|(!?)([\w.?!]+)\.HasValue", text)
    if absent is not None and not any(re.match(rf"!?{re.escape(name)}\b", text) for name in names.known):
        sign = "IS NULL" if absent.group(2) == "==" or absent.group(3) else "IS NOT NULL"
        return f"{value_of(names, builder, absent.group(1) or absent.group(4))} {sign}"
    present = re.fullmatch(r"(!?)([\w.?!]+)\.HasValue", text)
    column = member(names, present.group(2)) if present is not None else None
    if present is not None and column is not None:
        return f"{column.sql} IS {'' if present.group(1) else 'NOT '}NULL"
    said = re.fullmatch(r"!?\s*([\w.?!]+)", text)
    if said is not None and (flag := member(names, said.group(1))) is not None:
        return f"{flag.sql} = {builder.parameter()}"
    if re.match(r"!\s*[\w.?!<>()]+\.(?:Any|Contains|All)\(", text) is not None:
        return f"{builder.parameter()} > {builder.parameter()}"  # rows that are not among others may be anybody's
    if not any(re.search(rf"(?<![\w.]){re.escape(name)}\b", text) for name in names.known if name):
        return f"{builder.parameter()} > {builder.parameter()}"  # of values alone: it holds for every row or for none
    columns = {column.replace("_", "").lower() for column in builder.model.tenant_columns}
    words = {word.lower() for word in re.findall(r"\w+", text)}
    handed = any(re.search(rf"(?<![\w.]){re.escape(name)}\s*[,)]", text) for name in names.known)
    unknown = any(
        rows is None and re.search(rf"(?<![\w.]){re.escape(name)}\b", text) for name, rows in names.known.items()
    )
    if "=>" in text or handed or unknown or words & columns:
        return builder.hole()
    return f"{builder.parameter()} > {builder.parameter()}"


@dataclass(frozen=True, slots=True)
class _Column:
    rows: Builder
    name: str

    @property
    def sql(self) -> str:
        return self.rows.qualified(self.name)


def member(names: Names, text: str) -> _Column | None:
    """The column of `b.TenantId`, `b.Fleet.Id`, `b.Fleet.TenantId`."""
    found = _PATH.fullmatch(text.strip())
    rows = names.known.get(found.group(1)) if found is not None else None
    if found is None or rows is None:
        return None
    parts = [part for part in re.split(r"[?!]?\.", found.group(2))[1:] if part not in {"Value", "ToString"}]
    for position, part in enumerate(parts):
        if position == len(parts) - 1:
            column = rows.column(part)
            return _Column(rows, column) if column is not None else None
        step = _related(rows, part)
        if step is None:
            return None
        forward, target = step
        if parts[position + 1 :] == ["Id"]:
            return _Column(rows, forward)
        rows = rows.joined(forward, target)
    return None


def _related(rows: Builder, name: str) -> tuple[str, Entity] | None:
    """(column, entity) of a navigation to the row that a column refers to."""
    target = rows.entities.get(rows.entity.relations.get(name, "")) if rows.entity is not None else None
    forward = rows.foreign_column(target.table) if target is not None else None
    return (forward, target) if target is not None and forward is not None else None


def _reached(names: Names, path: str) -> Builder | None:
    """The rows that `l.Boat.Tenant` leads to, joined."""
    first, *steps = path.split(".")
    rows = names.known.get(first)
    for name in steps:
        step = _related(rows, name) if rows is not None else None
        rows = rows.joined(*step) if rows is not None and step is not None else None
    return rows


def _bare(text: str) -> str:
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and _closes_last(text):
        text = text[1:-1].strip()
    return text


def _closes_last(text: str) -> bool:
    depth = 0
    for position, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and position < len(text) - 1:
            return False
    return True


def _split(text: str, sign: str) -> Iterator[str]:
    depth, start = 0, 0
    for position, letter in enumerate(text):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(letter, 0)
        if depth == 0 and text.startswith(sign, position) and position >= start:
            yield text[start:position]
            start = position + len(sign)
    yield text[start:]
