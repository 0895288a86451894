"""Bun and go-pg as the SQL their calls stand for; texts are constants, the rest comes as source text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.schema.go_names import snake
from lints.stores import go_writes
from lints.stores.go_orms import named_table, remember, scoped
from lints.stores.go_text import arguments, plain
from lints.stores.orm_sql import Builder

_RUNS = frozenset({"Exec", "Scan", "Count", "Exists", "ScanAndCount", "Rows"})
_HIDES = frozenset({"WhereGroup", "WhereOrGroup", "WhereNotGroup", "With", "Scopes"})
_ASSIGNS = regex(r"\s*(?:\w+\.)?[\"`]?(\w+)[\"`]?\s*=\s*(.*)", re.DOTALL)
_CONFLICT = regex(r"\s*(?:CONFLICT\s*)?\(([\w\s,\"]+)\)\s*DO\s+UPDATE\b", re.IGNORECASE)
_TABLES = frozenset({"TableExpr", "ModelTableExpr"})
_SAYS = ("Where", "Join")
_JOIN = regex(r"(?:(?:inner|left|right|full|cross)\s+)?(?:outer\s+)?join\b", re.IGNORECASE)
_JOINED = regex(r"\bJOIN\s+[\"`]?(\w+)[\"`]?(?:\s+(?:AS\s+)?[\"`]?(?!ON\b)(\w+))?", re.IGNORECASE)
_QUALIFIED = regex(r"(?<![\w.\"?])\"?(\w+)\"?\.\"?\w+\"?\s*(?:=|IN\b|IS\b|<|>|LIKE\b)")
_NOTHING = regex(r"\s*(?:CONFLICT\b[^?]*)?DO\s+NOTHING\s*", re.IGNORECASE)
_PG = {
    **dict.fromkeys(
        ("Select", "First", "Last", "Count", "CountEstimate", "Exists", "SelectAndCount", "ForEach"), "NewSelect"
    ),
    **dict.fromkeys(("Update", "UpdateNotZero"), "NewUpdate"),
    **dict.fromkeys(("Delete", "ForceDelete"), "NewDelete"),
    "Insert": "NewInsert",
}


def pg(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`db.Model(&boat).Where("tenant_id = ?", tenant).Select()` of go-pg, whose last call says what it does."""
    verb = next((_PG[step.method] for step in reversed(steps) if step.method in _PG), None)
    if verb is None:
        return []
    ends = (OrmStep(method="OmitZero", arguments=()),) if steps[-1].method == "UpdateNotZero" else ()
    said = [step for step in steps if step.method not in _PG]
    return bun(builder, (OrmStep(method=verb, arguments=()), *said, *ends, OrmStep(method="Exec", arguments=())))


def bun(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`db.NewSelect().Model(&boat).Where("tenant_id = ?", tenant).Scan(ctx)`."""
    verb = steps[0].method if steps else ""
    if verb == "NewInsert":
        return _inserted(builder, steps)
    condition: str | None = None
    runs = False
    builder.alias = builder.alias or _alias(builder, steps)
    for step in steps[1:]:
        part: str | None = None
        if step.method in {"Where", "WhereOr"} and step.arguments:
            part = _compared(builder, step)
        elif step.method in {"WhereIn", "WhereInMulti"} and step.arguments and step.arguments[0].kind == "text":
            part = _text(builder, step.arguments[0].text)
        elif step.method == "WherePK":
            part = _by_keys(builder, steps)
        elif step.method in {"Apply", "ApplyQueryBuilder"} and step.arguments:
            part = scoped(builder, step.arguments)
        elif step.method in {"Join", "JoinOn", "JoinOnOr"}:
            part = _joined(builder, step)
        elif step.method in _HIDES or (step.method in _TABLES and not _alone(steps, step)):
            part = builder.hole()
        elif step.method in _RUNS:
            runs = True
        if part is not None:
            sign = "OR" if step.method == "WhereOr" else "AND"
            condition = f"({part})" if condition is None else f"{condition} {sign} ({part})"
    if not runs:
        condition = f"{condition} AND ({builder.hole()})" if condition is not None else builder.hole()
    if condition is not None:
        builder.where.append(condition)
    if verb == "NewUpdate":
        keyed = builder.held and all(step.method != "Where" for step in steps)
        assigned = _assigned(builder, steps, by_key=keyed)
        return [go_writes.updated(builder, assigned)]
    return [builder.delete() if verb == "NewDelete" else builder.select()]


def _alone(steps: Sequence[OrmStep], step: OrmStep) -> bool:
    """Whether a table that is written out is the only one: `TableExpr("boats AS b")` stands beside that of a model."""
    beside = step.method == "TableExpr" and any(one.method in {"Model", "ModelTableExpr"} for one in steps)
    return not beside and named_table(steps)[0] is not None


def _by_keys(builder: Builder, steps: Sequence[OrmStep]) -> str:
    """`WherePK()`: every column of the key has what the model holds."""
    model = next((step for step in steps if step.method == "Model" and step.arguments), None)
    known = builder.model.tables.get(builder.table)
    keys = known.primary_key if known is not None else ()
    name = plain(model.arguments[0].text) if model is not None and model.arguments[0].kind == "value" else ""
    if model is None or len(keys) < 2:
        key = Argument(kind="value", text=f"{name}.id" if name.isidentifier() else "")
        return builder.compare(builder.key_of(builder.table), key)
    held = go_writes.held(builder, model)
    return builder.all_of(f"{builder.qualified(key)} = {builder.parameter(held.get(key, ''))}" for key in keys)


def _compared(builder: Builder, step: OrmStep) -> str:
    """The condition of a `Where`; what its placeholders stand for is kept."""
    first, values = step.arguments[0], step.arguments[1:]
    if first.kind != "text":
        return builder.hole()
    issued = builder.counter[0]
    text = _text(builder, first.text)
    if builder.counter[0] - issued == len(values):
        builder.sources.update((f":h{issued + n}", value.text) for n, value in enumerate(values, start=1))
    if step.method == "Where":
        remember(builder, first, values)
    return text


def _assigned(builder: Builder, steps: Sequence[OrmStep], *, by_key: bool) -> list[tuple[str, str]]:
    """What `Set("name = ?", name)` says; without one, or with a list of columns, what the model holds."""
    said = [step for step in steps if step.method == "Set" and step.arguments]
    listed = any(step.method == "Column" for step in steps)
    model = next((step for step in steps if step.method == "Model"), None)
    found: list[tuple[str, str]] = []
    for step in said:
        found += _set(builder, step)
    if model is not None and (listed or not said):
        found += go_writes.sets(builder, model, go_writes.limits_of(builder, steps, "bun", zeros=True), by_key=by_key)
    return found


def _set(builder: Builder, step: OrmStep) -> list[tuple[str, str]]:
    first, values = step.arguments[0], list(step.arguments[1:])
    parts = arguments(first.text) if first.kind == "text" else []
    found = [_ASSIGNS.fullmatch(part) for part in parts]
    if not parts or None in found:
        go_writes.suppose(builder, first)
        return []
    pairs = []
    for match in found:
        column, value = match.groups() if match is not None else ("", "")
        given = [values.pop(0) for _ in range(min(value.count("?"), len(values)))]
        written = go_writes.value(builder, given[0]) if value.strip() == "?" and given else _text(builder, value)
        pairs.append((column, written))
    return pairs


def _inserted(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`db.NewInsert().Model(&boat).On("CONFLICT (id) DO UPDATE").Set("name = EXCLUDED.name")`."""
    model = next((step for step in steps if step.method == "Model" and step.arguments), None)
    on = next((step.arguments[0] for step in steps if step.method in {"On", "OnConflict"} and step.arguments), None)
    if model is None:
        return []
    meets = _CONFLICT.match(on.text) if on is not None and on.kind == "text" else None
    if on is not None and meets is None and not _NOTHING.fullmatch(on.text):
        return [None]
    conflict = [name.strip().strip('"') for name in meets.group(1).split(",")] if meets is not None else None
    texts = [step.arguments[0].text for step in steps if step.method == "Set" and step.arguments]
    columns = [match.group(1) for text in texts for part in arguments(text) if (match := _ASSIGNS.fullmatch(part))]
    text = go_writes.inserted(builder, model, conflict=conflict, updated=columns)
    return [text] if text is not None else []


def _joined(builder: Builder, step: OrmStep) -> str | None:
    """`Join("JOIN ports AS p")`, `JoinOn("p.id = b.port_id")`: a join as it is written; a hole for one that is not."""
    first = step.arguments[0] if step.arguments else None
    if first is None or first.kind != "text":
        return builder.hole()
    if step.method == "Join":
        said = first.text.strip()
        builder.joins.append(_text(builder, said if _JOIN.match(said) else f"JOIN {said}"))
        return None
    if not builder.joins:
        return builder.hole()
    before = builder.joins[-1]
    word = "AND" if re.search(r"\bON\b", before, re.IGNORECASE) else "ON"
    builder.joins[-1] = f"{before} {word if step.method == 'JoinOn' else 'OR'} ({_text(builder, first.text)})"
    return None


def _alias(builder: Builder, steps: Sequence[OrmStep]) -> str | None:
    """The alias that a query's conditions use for its own table, which the struct's tag gives it."""
    if any(step.method in {"TableExpr", "ModelTableExpr", "With"} for step in steps):
        return None
    names = {snake(name) for name in builder.entity.relations} if builder.entity is not None else set()
    texts = [step.arguments[0].text for step in steps if step.method.startswith(_SAYS) and step.arguments]
    for text in texts:
        names.update(name for pair in _JOINED.findall(text) for name in pair)
    used = set(_QUALIFIED.findall(" ".join(texts))) - names
    own = snake(builder.entity.name.rpartition(".")[2]) if builder.entity is not None else ""
    if own not in names | {"", builder.table} and re.search(rf'(?<![\w."?])"?{own}"?\."?\w', " ".join(texts)):
        return own
    return used.pop() if len(used) == 1 and builder.table not in used else None


def _text(builder: Builder, text: str) -> str:
    text = re.sub(r"\?Table(?:Alias|Name)\b", lambda _: builder.ident(builder.table), text)
    text = re.sub(r"\?PKs\b", lambda _: builder.qualified(builder.key_of(builder.table)), text)
    return re.sub(
        r"\(\s*\?\s*\)|\?",
        lambda found: f"({builder.parameter()})" if "(" in found.group() else builder.parameter(),
        text,
    )
