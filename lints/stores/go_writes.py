"""What a write of GORM, pop, xorm, Bun, go-pg or upper sets: columns, or a whole struct that may name any tenant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.schema.go_names import snake
from lints.stores.go_text import MAP, arguments, as_id, fields_of, listed, plain
from lints.stores.orm_sql import Builder
from lints.stores.taken import others
from lints.tenancy import Ownership

INSERTS = frozenset({"Create", "CreateInBatches", "Insert", "InsertOne", "InsertMulti", "InsertReturning"})
WRITES = frozenset({"Updates", "Update", "UpdateColumn", "UpdateColumns", "UpdateNotZero", "UpdateReturning"})
_ON_CONFLICT = regex(r"\s*&?clause\.OnConflict\{")
_COLUMNS = regex(r"\s*\[\]clause\.Column\{((?:\{[^{}]{0,200}\}|[\s,]){0,80})\}")
_EXPRESSIONS = regex(
    r"\s*clause\.Where\{\s*Exprs:\s*\[\]clause\.Expression\{((?:[^{}]|\{(?:[^{}]|\{[^{}]{0,200}\}){0,400}\}){0,600})\}"
)
_EQUALS = regex(
    r"clause\.Eq\{\s*Column:\s*(?:clause\.Column\{[^{}]*?Name:\s*)?\"([\w.]+)\"\s*\}?\s*,\s*Value:\s*([\s\S]+?)\s*,?\s*\}"
)
_EMBEDS = regex(r"\w*(?:Base|Model|Common|Tenant|Owned|Entity|Mixin)\w*")
"""A field that is not the table's and may be a struct of others: one that is embedded."""
_LIMITS = {"Select": "only", "Cols": "only", "Column": "only", "Omit": "but", "ExcludeColumn": "but"}
_MAX_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Which columns of a struct are written; `zeros`: empty ones too."""

    only: frozenset[str] | None = None
    but: frozenset[str] = frozenset()
    zeros: bool = False

    def allow(self, column: str) -> bool:
        return (self.only is None or column in self.only) and column not in self.but


def limits_of(builder: Builder, steps: Sequence[OrmStep], kind: str, *, zeros: bool = False) -> Limits:
    """What the calls of a chain say of that: `Select("name")`, `Cols("name")`, `Omit("tenant_id")`, `AllCols()`; pop's
    `Update(&boat, "tenant_id")` leaves columns out."""
    only: set[str] | None = None
    but: set[str] = set()
    for step in steps:
        if step.method == "AllCols" or (step.method == "Select" and [a.text for a in step.arguments[:1]] == ["*"]):
            zeros = True
        elif step.method == "OmitZero":
            zeros = False
        elif kind == "pop" and step.method in {"Update", "UpdateColumns"} and len(step.arguments) > 1:
            rest = {builder.column(a.text) or a.text for a in step.arguments[1:] if a.kind == "text"}
            but |= rest if step.method == "Update" else set()
            only = rest if step.method == "UpdateColumns" else only
        elif step.method in _LIMITS and step.arguments:
            found = [listed(argument) for argument in step.arguments]
            seen = {builder.column(name) or snake(name) for each in found for name in each or ()}
            if _LIMITS[step.method] == "but":
                but |= seen
            else:  # a list that cannot be seen may name any column
                only = {*(only or ()), *seen} if None not in found else None
                zeros = zeros or None not in found
    return Limits(only=frozenset(only) if only is not None else None, but=frozenset(but), zeros=zeros)


def since(step: OrmStep) -> dict[str, Argument]:
    """The fields of what is written that were given a value after it was made, not those that were found empty."""
    return {name: value for name, value in step.keywords if value.kind != "null"}


def sets(builder: Builder, step: OrmStep, limits: Limits, *, by_key: bool = False) -> list[tuple[str, str]]:
    """(column, value) pairs of an UPDATE by a struct, or by a map. What cannot be seen to name no other tenant is taken
    for granted, and said (`Builder.taken`). `by_key`: nothing but the key of a record that the code holds says which
    row it is, so that a tenant which the record is given is its own."""
    deciding = _deciding(builder)
    given = step.arguments[0] if step.arguments else None
    if given is None or deciding is None:
        return []
    fields = {} if given.text.startswith("fresh:") else fields_of(given)
    tenant = builder.model.tables[builder.table].tenant_column
    held, unseen = _flat(builder, {**(fields or {}), **since(step)})
    found = {
        column: value(builder, one)
        for column, one in held.items()
        if limits.allow(column) and (column != deciding or tenant is not None)
    }
    for column in sorted(limits.only or ()) if fields is None else ():
        if column != deciding:
            found.setdefault(column, builder.parameter())
    if by_key and fields is None and deciding == tenant:
        found.pop(deciding, None)
        return list(found.items())
    if deciding in found or not limits.allow(deciding):
        return list(found.items())
    if fields is None or unseen:
        name = plain(given.text)
        own = next((mark for mark, said in builder.sources.items() if _names(builder, name, said, deciding)), None)
        if own is not None:
            return [*found.items(), (deciding, own)]
        builder.taken = f"{_shown(given)}, which is written as a whole, assigns {deciding} no other tenant"
        return list(found.items())
    nothing = MAP.match(given.text) is not None or not (held or fields)  # a map, or a struct that nobody has filled
    of_root = builder.model.tables[builder.table].ownership is Ownership.ROOT  # whose key nothing writes
    if limits.zeros and not nothing and tenant is not None and not of_root:
        found[tenant] = "''"
    return list(found.items())


def held(builder: Builder, step: OrmStep) -> dict[str, str]:
    """What a struct holds in its columns, as written: `boat.TenantID` where it is not known to be anything else."""
    given = step.arguments[0]
    seen, _ = _flat(builder, {**(fields_of(given) or {}), **since(step)})
    name = plain(given.text).removeprefix("fresh:")
    columns = builder.entity.columns if builder.entity is not None else {}
    own = {column: f"{name}.{field}" for field, column in columns.items()} if name.isidentifier() else {}
    return {**own, **{column: value.text for column, value in seen.items() if value.kind == "value"}}


def updated(builder: Builder, assigned: Sequence[tuple[str, str]]) -> str:
    """UPDATE of what is known to be set, or else of a column that says nothing of whose rows there are: what may do so
    is taken for granted, and said."""
    return builder.update(assigned or others(builder))


def column_set(builder: Builder, step: OrmStep) -> list[tuple[str, str]]:
    """`Update("name", name)`, `SetExpr("name", …)`."""
    first = step.arguments[0]
    deciding = _deciding(builder)
    if first.kind == "text":
        name = builder.column(first.text) or first.text
        return [] if name == deciding != _tenant(builder) else [(name, value(builder, step.arguments[1]))]
    suppose(builder, first)
    return []


def suppose(builder: Builder, named: Argument) -> None:
    """A column that is named at run time is not the one that says whose row it is."""
    deciding = _deciding(builder)
    if deciding is not None:
        builder.taken = f"the column that {_shown(named)} names is not {deciding}"


def inserted(
    builder: Builder, step: OrmStep, *, conflict: Sequence[str] | None = None, updated: Sequence[str] = ()
) -> str | None:
    """INSERT of a struct, or of a list of them; None if that is none of the tenants' tables. `updated`: the columns
    that are set where a row is in the way by those of `conflict`."""
    deciding = _deciding(builder)
    if deciding is None:
        return None
    given, set_since = step.arguments[0], since(step)
    rows = [item for item in given.items if item.kind == "map"] if given.kind == "list" else [given]
    if given.kind == "list" and len(rows) < len(given.items):
        rows = [Argument(kind="value", text=given.text)]
    found = [_row(builder, row, set_since, deciding) for row in rows or [Argument(kind="value", text="…")]]
    short = next((row for row in found if all(column != deciding for column, _ in row)), found[0])
    pairs = short or [(builder.key_of(builder.table), builder.parameter())]
    present = {column for column, _ in pairs}
    pairs += [(column, builder.parameter()) for column in conflict or () if column not in present]
    return builder.insert(pairs, conflict=conflict, updated=[(column, "") for column in updated] or None)


def _row(builder: Builder, given: Argument, set_since: Mapping[str, Argument], deciding: str) -> list[tuple[str, str]]:
    known = builder.model.tables[builder.table]
    fields = {} if given.text.startswith("fresh:") else fields_of(given)
    held, unseen = _flat(builder, {**(fields or {}), **set_since})
    pairs, _ = builder.assignments(
        {column: Argument(kind=value.kind, text=as_id(value.text)) for column, value in held.items()}
    )
    if deciding in held or known.ownership is Ownership.ROOT or not (fields is None or unseen):
        return pairs
    name = plain(given.text)
    if known.tenant_column is None:
        builder.relation_keys.append(deciding)
        return [*pairs, (deciding, builder.parameter())]
    builder.taken = f"{_shown(given)} holds the caller's tenant in {deciding}"
    return [*pairs, (deciding, builder.parameter(f"{name}.{deciding}" if name.isidentifier() else ""))]


def sent(builder: Builder, steps: Sequence[OrmStep], limits: Limits) -> bool:
    """Whether a record is written as a client sent it."""
    deciding = _deciding(builder)
    for step in steps:
        text = step.arguments[0].text if step.arguments else ""
        if step.method in {"Save", *INSERTS, *WRITES} and text.startswith("request:"):
            held, _ = _flat(builder, since(step))
            if deciding is not None and (deciding in held or not limits.allow(deciding)):
                return False
            builder.raw = text.removeprefix("request:").lstrip("&")
            builder.by_client_key = step.method == "Save"
            return True
    return False


def upserted(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None] | None:
    """`Clauses(clause.OnConflict{Columns: …, UpdateAll: true}).Create(&boat)`: whose row is in the way is asked by the
    columns of the conflict, which are the primary key's where none are named. None if nothing is said of conflicts."""
    created = next((step for step in steps if step.method in {"Create", "CreateInBatches"} and step.arguments), None)
    given = (argument.text for step in steps if step.method == "Clauses" for argument in step.arguments)
    found = next((text for text in given if _ON_CONFLICT.match(text)), None)
    known = builder.model.tables.get(builder.table)
    if created is None or found is None or known is None or re.search(r"\bDoNothing:\s*true\b", found):
        return None
    only: str | None = ""
    _, says, rest = found.partition("Columns:")
    several = _COLUMNS.match(rest)
    spelled = re.findall(r"Name:\s*\"([\w.]+)\"", several.group(1)) if several is not None else []
    said = re.search(r"\bUpdateAll:\s*true\b|\bDoUpdates:", found) is not None
    if (
        not said
        or "OnConstraint:" in found
        or ("Where:" in found and (only := _narrowed(builder, found)) is None)
        or (says and (several is None or several.group(1).count("{") != len(spelled)))
    ):
        return [None]
    conflict = [builder.column(name) or name for name in spelled] or list(known.primary_key)
    record = created.arguments[0]
    fields = fields_of(record)
    written = [column for name in fields or () if (column := builder.column(name))] if fields else list(known.columns)
    columns = list(dict.fromkeys((*written, *conflict)))
    if re.search(r"\bUpdateAll:\s*true\b", found):
        changed = [column for column in columns if column not in {*conflict, *known.primary_key}]
    else:
        after = found.partition("DoUpdates:")[2]
        changed = [column for column in re.findall(r"\"(\w+)\"", after) if column in known.columns]
    if not changed and "DoUpdates:" in found and known.tenant_column is not None:  # named somewhere else
        changed = [one for one in columns if one not in {*conflict, *known.primary_key, known.tenant_column}]
        if known.tenant_column not in conflict:
            builder.taken = f"what is set where a row is in the way leaves {known.tenant_column} as it is"
    if fields is None and known.tenant_column is not None:
        set_since, _ = _flat(builder, since(created))
        if known.tenant_column not in set_since:
            builder.taken = f"{_shown(record)} holds the caller's tenant in {known.tenant_column}"
    values = [(column, builder.parameter()) for column in columns]
    if builder.model.dialect == "mysql":  # which asks by every key of the table
        again = ", ".join(
            f"{builder.ident(column)} = VALUES({builder.ident(column)})" for column in changed or conflict
        )
        return [f"{builder.insert(values)} ON DUPLICATE KEY UPDATE {again}"]
    updated = [(column, "") for column in changed] or None
    return [builder.insert(values, conflict=conflict, updated=updated, only=only or "")]


def _narrowed(builder: Builder, found: str) -> str | None:
    """Which rows in the way are changed: `Where: clause.Where{Exprs: []clause.Expression{clause.Eq{…}}}`; None if that
    is not seen to be equalities."""
    _, _, said = found.partition("Where:")
    listed = _EXPRESSIONS.match(said)
    parts = [_EQUALS.fullmatch(part.strip()) for part in arguments(listed.group(1))] if listed is not None else []
    known = builder.model.tables.get(builder.table)
    columns = [one.group(1).rpartition(".")[2] for one in parts if one is not None]
    if not parts or None in parts or known is None or any(column not in known.columns for column in columns):
        return None
    values = [builder.parameter(one.group(2).strip()) for one in parts if one is not None]
    pairs = zip(columns, values, strict=True)
    return " AND ".join(f"{builder.qualified(column)} = {value}" for column, value in pairs)


def _flat(builder: Builder, fields: Mapping[str, Argument], depth: int = 0) -> tuple[dict[str, Argument], bool]:
    """The columns of a struct's fields, of those of structs inside of it too; whether some of them cannot be seen."""
    found: dict[str, Argument] = {}
    unseen = False
    relations = builder.entity.relations if builder.entity is not None else {}
    for name, value in fields.items():
        column = builder.column(name)
        if column is not None:
            found[column] = value
            continue
        inner = fields_of(value) if depth < 3 else None
        if inner is not None and name not in relations:
            held, hidden = _flat(builder, inner, depth + 1)
            found.update(held)
            unseen = unseen or hidden
        elif name not in relations and _EMBEDS.fullmatch(name):
            unseen = True
    return found, unseen


def _deciding(builder: Builder) -> str | None:
    """The column that says whose row it is."""
    known = builder.model.tables.get(builder.table)
    if known is None or known.ownership in {Ownership.GLOBAL, Ownership.UNKNOWN}:
        return None
    if known.tenant_column is not None:
        return known.tenant_column
    return known.parent.columns[0] if known.parent is not None else None


def _tenant(builder: Builder) -> str | None:
    known = builder.model.tables.get(builder.table)
    return known.tenant_column if known is not None else None


def value(builder: Builder, given: Argument) -> str:
    """A value to write: what the statement compares with as well is the same placeholder."""
    if given.kind != "value":
        return builder.value(given) if given.kind in {"text", "null"} else builder.parameter()
    text = plain(given.text)
    same = next((mark for mark, said in builder.sources.items() if text and plain(said) == text), None)
    return same or builder.parameter(given.text)


def _names(builder: Builder, name: str, said: str, column: str) -> bool:
    """Whether a value is the tenant of the very struct that is written: `boat.TenantID` of `boat`."""
    head, _, last = plain(said).rpartition(".")
    return bool(head) and head == name and builder.column(last) == column


def _shown(given: Argument) -> str:
    text = " ".join(plain(given.text).split()) or "what it is given"
    text = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
    return text if given.kind != "map" else f"{text.partition('{')[0]}{{…}}"
