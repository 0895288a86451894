"""GORM, pop and xorm as the SQL their calls stand for; texts are constants, the rest comes as source text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.schema import go_scopes
from lints.schema.facts import Entity
from lints.schema.go_names import plural, snake
from lints.stores import go_writes
from lints.stores.go_text import COMPUTED, MAP, STRUCT, arguments, as_id, named, written
from lints.stores.orm_sql import Builder, step_of

KINDS = frozenset({"gorm", "pop", "xorm", "bun", "pg", "ent", "gen", "beego", "boiler"})
_READS = frozenset(
    {"First", "Find", "Take", "Last", "Count", "Pluck", "Scan", "FirstOrCreate", "FirstOrInit", "Rows", "Row", "All",
     "Exists", "Exist", "Get", "FindAndCount", "FindInBatches", "Iterate", "Sum", "ScanRows", "Sums"}
)  # fmt: skip
_CONDITIONS = frozenset({"Where", "Or", "Not", "Scopes", "Joins", "Order", "Limit", "Select", "Preload", "Table"})
"""Calls of GORM's generic API that take no context."""
_UNSEEN = Argument(kind="value")
_NEW_KEY = regex(r"(?:\w+\.)*(?:New\w*|Make|Generate\w*|Must\w*)\(")
"""A key that is made for a new row: `uuid.New()`."""
_DELETES = frozenset({"Delete", "Destroy"})
_INLINE = frozenset({"First", "Find", "Take", "Last", "Delete", "FirstOrCreate", "FirstOrInit"})
_CLAUSE = regex(
    r"\s*&?clause\.(Eq|IN|Gt|Gte|Lt|Lte|Like|Neq)\{\s*Column:\s*(?:clause\.Column\{[^{}]*?Name:\s*)?\"([\w.]+)\""
)
_CONNECTS = regex(r"(?:^(?:New|Get)?Session|Begin|Prepare|[dD][bB]|[tT]x|[cC]onn\w*|[eE]ngine|Context|Session)$")
_HANDED = regex(r"\s*((?:\w+\.)*)(\w+)\s*(?:\(|$)")
_ADDS_NOTHING = regex(r"\s*&?clause\.(?:Locking|Returning|OnConflict|Insert|OrderBy|Limit|GroupBy|Select)\b|\s*hints\.")


def entity_named(name: str, path: str, known: Mapping[str, Entity]) -> Entity | None:
    """The struct that a name means in a file: of the package before its dot, else of the file's folder. A package is
    its name, or `parent/name` where an import says which one of that name it is."""
    package, _, bare = name.rpartition(".")
    folder = "/".join(path.split("/")[:-1][-2:])
    own = known.get(f"{package or folder}.{bare}") or known.get(f"{(package or folder).rpartition('/')[2]}.{bare}")
    return own or known.get(bare)


def scopes(by_kind: Mapping[str, Mapping[str, Entity]], path: str) -> dict[str, Entity]:
    """The functions that narrow a query, by the names that a file can use for them: `scopes.ByTenant()`."""
    stored = by_kind.get(go_scopes.KIND, {})
    folder = path.rpartition("/")[0]
    found = dict(stored)
    by_name: dict[str, list[Entity]] = {}
    for name, held in stored.items():
        by_name.setdefault(name.rpartition(".")[2], []).append(held)
    for name, listed in by_name.items():
        near = [held for held in listed if held.origin.path.rpartition("/")[0] == folder]
        if len(near or listed) == 1:
            found[name] = (near or listed)[0]
    return found


def scoped(builder: Builder, given: Sequence[Argument], *, plain: bool = False) -> str | None:
    """What the functions that a query is handed to add to it; a hole for one that nobody knows.

    `plain`: a function that says it gives a connection adds nothing."""
    parts: list[str] = []
    for argument in given:
        named = _HANDED.match(argument.text)
        held = builder.entities.get(f"{named.group(1) or ''}{named.group(2)}()") if named is not None else None
        if held is None and named is not None and not (named.group(1) or "")[:-1].islower():
            held = builder.entities.get(f"{named.group(2)}()")
        if held is None and named is not None and len(named.group(1) or "") <= 3:
            held = builder.entities.get(f"{named.group(2)}()")  # a method: `r.forTenant(id)`
        if held is None:
            if not plain or named is None or _CONNECTS.search(named.group(2)) is None:
                parts.append(builder.hole())
            continue
        for line in held.condition.split("\n") if held.condition else ():
            said = line[1:].strip()
            if line[0] == go_scopes.UNSEEN:
                parts.append(builder.hole())
                continue
            kind = "text" if said.startswith('"') else "value"
            part = _condition(builder, Argument(kind=kind, text=said.strip('"') if kind == "text" else said), 0)
            part = re.sub(r"%[svdq]", lambda _: builder.hole(), part) if kind == "text" else part
            always = line[0] == go_scopes.ALWAYS
            parts.append(f"({part})" if always else f"({builder.parameter()} IS NULL OR {part})")
    return " AND ".join(parts) or None


_OF_STRUCT = regex(r"__hole_7000__/\*go:([\w.]+)\*/")


def with_tables(text: str, path: str, known: Mapping[str, Entity]) -> str:
    """`FROM __hole_7000__/*go:login.Flow*/` with the table of that struct; a struct of no table stays a hole."""

    def table(found: re.Match[str]) -> str:
        entity = entity_named(found.group(1), path, known)
        return entity.table if entity is not None else "__hole_7000__"

    return _OF_STRUCT.sub(table, text)


def table_of(name: str) -> str:
    """The table that an ORM makes of a struct of which no more than its name is known."""
    return plural(snake(name.rpartition(".")[2])) if name else ""


def named_table(steps: Sequence[OrmStep]) -> tuple[str | None, str | None]:
    """The table and the alias that a query names as text: `db.Table("boats AS b")`."""
    for step in steps:
        first = step.arguments[0] if step.arguments else None
        named = step.method in {"Table", "TableExpr", "ModelTableExpr"} and first is not None
        if named and first is not None and first.kind in {"text", "dynamic"}:
            found = re.fullmatch(
                r"\s*(?:\{[^{}]*\})?(?:\w+\.)?[\"`]?(\w+)[\"`]?(?:\s+(?:AS\s+)?(\w+))?\s*",
                first.text,
                re.IGNORECASE,
            )
            return (found.group(1), found.group(2)) if found is not None else (None, None)
    return None, None


def gorm(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`db.Where("id = ? AND tenant_id = ?", id, tenant).First(&boat)`; what a scope adds can't be seen."""
    return _chain(builder, steps, "gorm")


def pop(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`tx.Where("id = ? AND tenant_id = ?", id, tenant).First(&boat)`, `tx.Find(&boat, id)`, `tx.Destroy(&boat)`."""
    return _chain(builder, steps, "pop")


def xorm(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`sess.Where("tenant_id = ?", tenant).And("id = ?", id).Get(&boat)`; a bean's fields are conditions as well."""
    return _chain(builder, steps, "xorm")


def _chain(builder: Builder, steps: Sequence[OrmStep], kind: str) -> list[str | None]:
    condition: str | None = None
    verb = ""
    assigned: list[tuple[str, str]] = []
    if steps and steps[0].method == "G":
        steps = [
            step if step.method in _CONDITIONS else OrmStep(method=step.method, arguments=step.arguments[1:])
            for step in steps
        ]
    names = {step.method for step in steps}
    if "Association" in names:
        return _associated(builder, steps)
    if not names.isdisjoint({"Raw", "Exec", "RawQuery", "SQL"}):
        return []  # a statement that is judged where it stands
    limits = go_writes.limits_of(builder, steps, kind, zeros="Save" in names or kind == "pop")
    if go_writes.sent(builder, steps, limits):
        return []
    made = next((step for step in steps if step.method in go_writes.INSERTS and step.arguments), None)
    if made is not None:
        return go_writes.upserted(builder, steps) or _made(builder, made)
    for step in steps:
        part = _part(builder, step, kind, keyed="Model" not in names)
        method = step.method
        if method in _READS:
            verb = verb or "select"
        elif method in _DELETES:
            verb = "delete"
        elif method == "Save":
            return saved(builder, step, limits)
        elif method in go_writes.WRITES:
            verb = "update"
            by_column = kind == "gorm" and method in {"Update", "UpdateColumn"} and len(step.arguments) == 2
            if by_column:
                assigned += go_writes.column_set(builder, step)
            else:
                assigned += go_writes.sets(builder, step, limits, by_key=builder.held and condition is None)
        elif kind == "xorm" and method in {"SetExpr", "Incr", "Decr"} and step.arguments:
            assigned += go_writes.column_set(builder, replace(step, arguments=(*step.arguments[:1], _UNSEEN)))
        if part is not None:
            sign = "OR" if method == "Or" else "AND"
            condition = f"({part})" if condition is None else f"{condition} {sign} ({part})"  # as it is sent: flat
    if not verb:
        return []
    if condition is not None:
        builder.where.append(condition)
    if verb == "update":
        return [go_writes.updated(builder, assigned)]
    return [builder.delete() if verb == "delete" else builder.select()]


def _associated(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`Model(&Port{ID: id}).Association("Boats").Clear()`: of a record that is made by its key nobody has asked; the
    rows of one that is held are judged where it is loaded."""
    given = next((step.arguments[0] for step in steps if step.method == "Model" and step.arguments), None)
    key = _key_of_literal(builder, named(given.text)) if given is not None and STRUCT.match(given.text) else None
    if key is None:
        return []
    builder.where.append(key)
    return [builder.select() if steps[-1].method in {"Find", "Count"} else builder.update([])]


def _made(builder: Builder, step: OrmStep) -> list[str | None]:
    text = go_writes.inserted(builder, step)
    return [text] if text is not None else []


def saved(builder: Builder, step: OrmStep, limits: go_writes.Limits) -> list[str | None]:
    """`Save(&boat)`: the row of its key is written anew, whatever else is compared: one that is not found is inserted
    over the one that is in the way."""
    first = step.arguments[0] if step.arguments else None
    if first is None:
        return []
    given = next((value for name, value in go_writes.since(step).items() if name in {"ID", "Id"}), None)
    key = _by_key(builder, given) if given is not None else held_key(builder, first, step)
    if key is None or (given is not None and _NEW_KEY.match(given.text)):  # a new one
        return _made(builder, step)
    assigned = go_writes.sets(builder, step, limits, by_key=builder.held)
    builder.where.append(key)
    return [go_writes.updated(builder, assigned)]


def _part(builder: Builder, step: OrmStep, kind: str, *, keyed: bool) -> str | None:
    """The condition that one call adds. `keyed`: what is written says by its key which row is meant."""
    method, given = step.method, step.arguments
    first = given[0] if given else None
    if method in {"Where", "Or", "And", "Not"} and first is not None:
        if kind == "xorm" and method == "Where" and first.kind != "text" and "builder." in first.text:
            return _eq(builder, first.text)
        part = _stated(builder, given)
        if method == "Where":
            remember(builder, first, given[1:])
        return f"NOT ({part})" if method == "Not" else part
    if method in {"Scopes", "Scope", "@made"} and given:
        return scoped(builder, given, plain=method == "@made")
    if method in {"Scopes", "Scope", "Filter"}:
        return builder.hole()
    if method == "Clauses":
        return None if all(_ADDS_NOTHING.match(argument.text) for argument in given) else builder.hole()
    if method in {"Joins", "InnerJoins", "Join", "InnerJoin", "LeftJoin"}:
        return _joined(builder, step, kind)
    if kind == "xorm":
        return _xorm(builder, step)
    if kind == "pop":
        if method == "Find" and len(given) == 2:
            return _by_key(builder, given[1])
        if method in {"Destroy", "Update", "Save"}:
            return held_key(builder, first, step)
        return None
    if method == "Model" and first is not None:
        return held_key(builder, first, step)
    if method in _INLINE and first is not None:
        return _inline(builder, step)
    by_record = keyed and method in {"Updates", "UpdateColumns"}
    return held_key(builder, first, step) if by_record else None


def _stated(builder: Builder, given: Sequence[Argument]) -> str:
    """A condition with its values, which say what its placeholders stand for."""
    first, issued = given[0], builder.counter[0]
    part = _condition(builder, first, len(given) - 1)
    if first.kind == "text" and "@" not in first.text and builder.counter[0] - issued == len(given) - 1:
        marks = {f":h{issued + n}": value for n, value in enumerate(given[1:], start=1)}
        builder.sources.update((mark, value.text) for mark, value in marks.items() if value.kind != "query")
        for mark, value in marks.items():
            rows = _sub_select(builder, value) if value.kind == "query" else None
            if rows is not None:
                shown = f"({rows})".replace("\\", r"\\")
                part = re.sub(rf"\(\s*{mark}\s*\)|{mark}(?!\d)", shown, part)
    return part


def _sub_select(builder: Builder, given: Argument) -> str | None:
    """The rows of a query that stands for a value: `db.Model(&Port{}).Select("id").Where("tenant_id = ?", tenant)`."""
    steps = [step_of(item) for item in given.items if item.kind == "term"]
    table, alias = named_table(steps)
    entity = entity_named(given.text, "", builder.entities) if table is None else None
    table = table or (entity.table if entity is not None else table_of(given.text))
    if table not in builder.model.tables or any(step.method in {"Joins", "Group", "Having"} for step in steps):
        return None
    side = Builder(builder.model, builder.entities, table, entity, alias=alias, counter=builder.counter)
    side.sources = builder.sources
    found = _chain(side, [*steps, OrmStep(method="Find", arguments=())], "gorm")
    shown = next((step.arguments[0].text for step in steps if step.method == "Select" and step.arguments), "")
    column = re.fullmatch(r"\s*(?:DISTINCT[\s(]+)?((?:\w+\.)?\w+)\s*\)?\s*", shown, re.IGNORECASE)
    if len(found) != 1 or found[0] is None or column is None:
        return None
    builder.relation_keys += [key for key in side.relation_keys if key not in builder.relation_keys]
    return found[0].replace(f"{side.ident(side.alias or side.table)}.*", column.group(1), 1)


def _xorm(builder: Builder, step: OrmStep) -> str | None:
    method, given = step.method, step.arguments
    first = given[0] if given else None
    if method in {"ID", "Id"} and first is not None:
        return _by_keys(builder, first) or _by_key(builder, first)
    if method in {"In", "NotIn"} and first is not None and first.kind == "text":
        sign = "IN" if method == "In" else "NOT IN"
        return f"{_column(builder, first.text)} {sign} ({builder.parameter()})"
    if method in {"Get", "Exist", "Delete", "Count", "Find", "Update", "FindAndCount"}:
        second = method in {"Find", "Update", "FindAndCount"}
        bean = given[-1] if second and len(given) == 2 else None if method == "Update" else first
        if bean is not None and STRUCT.match(bean.text):
            _remember_zero(builder, bean.text)
            return _fields(builder, bean.text) if ":" in bean.text else None
        if bean is not None and bean.text.startswith("*"):
            return builder.hole()  # a bean of somewhere else: whatever is set in it is compared
    return None


def _by_keys(builder: Builder, given: Argument) -> str | None:
    """`ID(core.PK{owner, name})`: every column of the key, in order."""
    listed = re.fullmatch(r"\s*&?(?:\w+\.)?PK\{(.*)\}\s*", given.text, re.DOTALL)
    known = builder.model.tables.get(builder.table)
    values = arguments(listed.group(1)) if listed is not None else []
    if known is None or not values or len(values) != len(known.primary_key):
        return builder.hole() if listed is not None else None
    pairs = zip(known.primary_key, values, strict=True)
    return builder.all_of(
        f"{builder.qualified(column)} = {builder.parameter(value.strip())}" for column, value in pairs
    )


def _inline(builder: Builder, step: OrmStep) -> str | None:
    """Conditions after the destination, or the key of the destination itself: `Delete(&Boat{ID: id})`."""
    if len(step.arguments) > 1:
        second = step.arguments[1]
        if second.kind == "text" and re.search(r"[=?@<> ]", second.text):
            remember(builder, second, step.arguments[2:])
            return _stated(builder, step.arguments[1:])
        if second.kind in {"dynamic", "map"} or STRUCT.match(second.text) or MAP.match(second.text):
            return _condition(builder, second, 0)
        return _by_key(builder, second)
    first = step.arguments[0]
    if step.method == "Delete":
        return held_key(builder, first, step)
    return _key_of_literal(builder, named(first.text)) if STRUCT.match(first.text) else None


def _by_key(builder: Builder, given: Argument) -> str:
    column = builder.key_of(builder.table)
    return builder.compare(column, Argument(kind="value", text=as_id(given.text)))


def held_key(builder: Builder, first: Argument | None, step: OrmStep) -> str | None:
    """The key of a record in a variable; a new one has none, and a literal has what is written."""
    text = first.text if first is not None else ""
    if first is not None and first.kind == "map":
        return _key_of_literal(builder, first.names)
    if text.startswith("fresh:") or re.match(r"\s*\(\*|\s*&?\[\]", text):
        return None
    if STRUCT.match(text) or re.match(r"\s*new\(", text):
        return _key_of_literal(builder, named(text))
    if re.fullmatch(r"(?:request:)?&?\*?\w[\w.]*(?:\[\w+\])?", text):
        client = text.startswith("request:")
        name = text.removeprefix("request:").lstrip("&*")
        return builder.compare(
            builder.key_of(builder.table), Argument(kind="value", text="" if client else f"{name}.id")
        )
    return builder.hole()


def _key_of_literal(builder: Builder, names: Sequence[str]) -> str | None:
    """Of a struct's fields GORM compares the primary key alone when it loads into it or deletes it."""
    columns = [builder.column(name) for name in names]
    known = builder.model.tables.get(builder.table)
    keys = known.primary_key if known is not None else ()
    found = [column for column in columns if column is not None and (column in keys or column == "id")]
    return builder.all_of(f"{builder.qualified(c)} = {builder.parameter()}" for c in found) if found else None


def _condition(builder: Builder, given: Argument, more: int) -> str:
    if given.kind == "text":
        text = given.text.strip()
        if text.isdigit():
            return f"{builder.qualified(builder.key_of(builder.table))} = {builder.parameter()}"
        if re.fullmatch(r"[\w.\"`]+", text) and more == 1:  # Where("tenant_id", tenant)
            return f"{_column(builder, text.strip(chr(34) + '`'))} = {builder.parameter()}"
        return _placeholders(builder, text)
    if given.kind == "dynamic":
        beside = re.sub(r"(?<=['=(,%:_/-])\{[^{}]*\}", lambda _: builder.hole(), given.text)
        return builder.hole() if "{" in beside else _placeholders(builder, beside)
    clause = _CLAUSE.match(given.text)
    if clause is not None:
        sign = {"Eq": "=", "IN": "IN"}.get(clause.group(1), ">")
        value = f"({builder.parameter()})" if sign == "IN" else builder.parameter()
        return f"{_column(builder, clause.group(2))} {sign} {value}"
    if MAP.match(given.text):
        names = re.findall(r"\"([\w.]+)\"\s*:", given.text)
        said = [f"{_column(builder, name)} = {builder.parameter()}" for name in names]
        if not said or COMPUTED.search(given.text) is not None:
            said.append(builder.hole())
        return builder.all_of(said)
    if STRUCT.match(given.text):
        if more == 0:  # else the fields that count are named, empty or not
            _remember_zero(builder, given.text)
        return _fields(builder, given.text)
    return builder.hole()


def remember(builder: Builder, condition: Argument, values: Sequence[Argument]) -> None:
    """What `boat_id = ?` is compared with says whose rows these are."""
    parts = re.split(r"\s+AND\s+", condition.text, flags=re.IGNORECASE) if condition.kind == "text" else []
    if len(parts) != len(values) or re.search(r"\bOR\b", condition.text, re.IGNORECASE):
        return
    for part, value in zip(parts, values, strict=True):
        found = re.fullmatch(r"\s*\(?\s*(?:[\w\"`]+\.)?[\"`]?(\w+)[\"`]?\s*=\s*\?\s*\)?\s*", part)
        if found is not None and value.kind == "value":
            builder.remember(found.group(1), Argument(kind="value", text=as_id(value.text)))


def _fields(builder: Builder, text: str) -> str:
    columns = [(builder.column(name), value) for name, value in written(text)]
    if not columns or not all(column for column, _ in columns):
        return builder.hole()
    return builder.all_of(
        f"{builder.qualified(column)} = {_value(builder, value)}" for column, value in columns if column
    )


def _remember_zero(builder: Builder, text: str) -> None:
    """The value of the tenant's field of a struct, where one that is empty is left out."""
    known = builder.model.tables.get(builder.table)
    tenant = known.tenant_column if known is not None else None
    held = next((value.strip() for name, value in written(text) if builder.column(name) == tenant), None)
    if tenant is not None and held and not re.fullmatch(r"\"[^\"]+\"|[1-9]\d*", held):
        builder.zero = held


def _value(builder: Builder, said: str) -> str:
    """A constant as it is, anything else as a parameter."""
    stated = re.fullmatch(r"\s*\"([^\"\\]+)\"\s*", said)
    if stated is not None:
        return builder.value(Argument(kind="text", text=stated.group(1)))
    return builder.parameter(said.strip())


def _eq(builder: Builder, text: str) -> str:
    """`builder.Eq{"tenant_id": tenant}` and `builder.In("id", ids)` of xorm; anything more is not read."""
    listed = re.fullmatch(r"\s*builder\.In\(\s*\"([\w.]+)\"\s*,.*\)\s*", text, re.DOTALL)
    if listed is not None:
        return f"{_column(builder, listed.group(1))} IN ({builder.parameter()})"
    whole = re.fullmatch(r"\s*builder\.Eq\{(.*)\}\s*", text, re.DOTALL)
    names = re.findall(r"\"([\w.]+)\"\s*:", whole.group(1)) if whole is not None else []
    return builder.all_of(f"{_column(builder, n)} = {builder.parameter()}" for n in names) if names else builder.hole()


def _column(builder: Builder, name: str) -> str:
    table, _, column = name.rpartition(".")
    return builder.qualified(column, table or None)


def _placeholders(builder: Builder, text: str) -> str:
    text = re.sub(r"(?<![\w@:'\"])@\w+", lambda _: builder.parameter(), text)
    return re.sub(
        r"\bIN\s*\?|\(\s*\?\s*\)|\?",
        lambda found: (
            f"IN ({builder.parameter()})"
            if found.group()[:2].upper() == "IN"
            else f"({builder.parameter()})"
            if "(" in found.group()
            else builder.parameter()
        ),
        text,
        flags=re.IGNORECASE,
    )


def _joined(builder: Builder, step: OrmStep, kind: str) -> str | None:
    """A join as it is written, or along a relation of the struct."""
    first = step.arguments[0] if step.arguments else None
    if first is None or first.kind != "text":
        return builder.hole()
    text = first.text.strip()
    if kind in {"pop", "xorm"} and len(step.arguments) >= 2:
        words, rest = (
            {"Join": "JOIN", "InnerJoin": "JOIN", "LeftJoin": "LEFT JOIN"}.get(step.method, "JOIN"),
            step.arguments,
        )
        if kind == "xorm" and len(rest) >= 3:
            words, rest = f"{text} JOIN", rest[1:]
        if rest[0].kind == "text" and rest[1].kind == "text" and re.fullmatch(r"[\w.\"` ]+", rest[0].text):
            builder.joins.append(f"{words} {rest[0].text} ON {_placeholders(builder, rest[1].text)}")
            return None
        return builder.hole()
    if re.match(r"(?:(?:inner|left|right|full|cross)\s+)?(?:outer\s+)?(?:join|lateral)\b", text, re.IGNORECASE):
        builder.joins.append(_placeholders(builder, text))
        return None
    target = builder.entities.get(builder.entity.relations.get(text, "")) if builder.entity is not None else None
    return None if target is not None else builder.hole()  # it is read along a key of a row that is judged
