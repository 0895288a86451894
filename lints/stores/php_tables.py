"""Queries of CodeIgniter, Yii and Medoo as the SQL they stand for: conditions as arrays, tables named in calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from lints.extract.chains.php_tables import RUNS
from lints.extract.facts import Argument, OrmCall, OrmStep
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.stores.orm_sql import Builder, mapping
from lints.stores.taken import others
from lints.tenancy import Model

_NAMED_IN = names("from get getWhere get_where update delete insert insertBatch insert_batch replace countAllResults")
_NAMED_IN |= names(
    "updateBatch update_batch count_all_results countAll count_all truncate emptyTable empty_table table"
)
_QUIET = names(
    "table select addSelect distinct limit offset orderBy order_by addOrderBy groupBy group_by having with asArray as"
    " indexBy from find selectCount selectMax select_max selectSum select_sum select_min select_avg set withDeleted"
    " onlyDeleted asObject set_dbprefix alias"
)
_WHERES = names("where andWhere orWhere or_where filterWhere andFilterWhere orFilterWhere onCondition andOnCondition")
_OPENS = names("groupStart group_start orGroupStart or_group_start notGroupStart not_group_start")
_DELETES = names("delete deleteAll truncate emptyTable empty_table")
_UPDATES = names("update updateAll updateAllCounters updateBatch update_batch")
_INSERTS = names("insert insertBatch insert_batch replace")
_BY_KEY = names("find findOne")
_KEYED = regex(
    r"(?:`?(\w+)`?\.)?`?(\w+)`?\s*(?:\[)?(=|!=?|<>|>=?|<=?|~|!~|><|like|in|not in)?\]?(?:\(\w+\))?", re.IGNORECASE
)
_SENT = regex(
    r"(?:\$?this|\w*[iI]gniter|Yii::\$?app|Yii\.app|\$?request|service\([^()]*\))?(?:->|\.)?(?:input|request)(?:->|\.)"
    r"(?:post|get|getPost|getVar|getGet|get_post|getParam|getQueryParam|getBodyParam|param)\([^()]{0,80}\)"
)
_SIGNS = regex(r"=|!=|<>|[<>]=?|(?:not )?in|(?:or )?(?:not )?i?like|(?:not )?between")
_PLACE = regex(r"(?<![:\w]):\w+|\?")
_MAX_DEPTH = 6


def target(
    call: OrmCall, known: Mapping[str, Entity], model: Model
) -> tuple[str, Entity | None, Mapping[str, Entity], str | None] | None:
    """The table that a query is about: that of its model, or the one that it names."""
    entity = known.get(call.model)
    if entity is not None:
        return (entity.table, entity, known, None) if entity.table in model.tables else None
    written = call.model
    for step in (step for steps in call.variants for step in steps) if not written else ():
        first = step.arguments[0] if step.arguments and step.method in _NAMED_IN else None
        if first is not None and first.kind in {"text", "list", "map"}:
            item = first.items[0] if first.items else first
            alias = first.names[0] if first.kind == "map" and first.names else ""
            written = f"{item.text} {alias}".strip() if item.kind == "text" else written
    found = re.fullmatch(r"(?:\{\{%?)?`?(\w+)`?(?:\}\})?(?:\s+(?:as\s+)?(\w+))?", written.strip(), re.IGNORECASE)
    if found is None:
        return None
    table = found.group(1) if found.group(1) in model.tables else prefixed(found.group(1), model)
    return (table, None, known, found.group(2)) if table is not None else None


def prefixed(name: str, model: Model) -> str | None:
    """The table that a name means where code leaves out the prefix that most tables have."""
    ends = [table for table in model.tables if table.endswith(f"_{name}")]
    prefix = ends[0].removesuffix(name) if len(ends) == 1 else ""
    having = sum(table.startswith(prefix) for table in model.tables) if prefix else 0
    return ends[0] if having * 2 > len(model.tables) else None


def codeigniter(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`$this->db->where('id', $id)->get('boats')`, `$boatModel->find($id)`."""
    condition, written = "", None
    around: list[tuple[str, bool]] = []
    for step in steps:
        method, given = step.method, step.arguments
        beside = method.lower().startswith("or") and method not in {"order_by", "orderBy"}
        if method in _OPENS:
            around.append((condition, beside))
            condition = ""
        elif method in {"groupEnd", "group_end"} and around:
            before, apart = around.pop()
            condition = put_beside(builder, before, condition, beside=apart) if condition else before
        elif method in {"resetQuery", "reset_query"}:
            condition, written = "", None
            builder.joins.clear()
        elif method in {"whereIn", "where_in", "orWhereIn", "or_where_in"} and len(given) > 1:
            condition = put_beside(builder, condition, compared(builder, given[0], given[1], many=True), beside=beside)
        elif method in _WHERES and given:
            condition = put_beside(builder, condition, where(builder, given), beside=beside)
        elif re.match(r"(?:or|not)?_?(?:not_?)?like$|(?:or_?)?where_?not_?in$", method, re.IGNORECASE):
            condition = put_beside(builder, condition, neutral(builder), beside=beside)
        elif method == "set":
            written = _set(written, given)
        elif method in RUNS["codeigniter"]:
            return _run(builder, method, given, _closed(builder, condition, around), written, keyed=_keyed(builder))
        else:
            condition = _further(builder, method, given, condition)
    return unrun(builder, steps, _closed(builder, condition, around))


def yii(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`Boat::find()->where(['id' => $id])->one()`, `(new Query())->from('boats')->all()`."""
    condition = ""
    for step in steps:
        method, given = step.method, step.arguments
        if method in RUNS["yii"]:
            return _run(builder, method, given, condition, None, keyed=_keyed(builder))
        if "ilterWhere" in method and given:  # what is empty is no condition
            condition = put_beside(builder, condition, builder.hole(), beside=method.startswith("or"))
        elif method == "where" and given:
            condition = f"({where(builder, given)})"  # instead of what was asked for before
        elif method in _WHERES and given:
            condition = put_beside(builder, f"({condition})", where(builder, given), beside=method == "orWhere")
        elif method in {"joinWith", "innerJoinWith"} and given and given[0].kind == "text":
            _related(builder, given[0].text)
        else:
            condition = _further(builder, method, given, condition)
    return unrun(builder, steps, condition)


def _keyed(builder: Builder) -> bool:
    return builder.entity is not None


def _further(builder: Builder, method: str, given: Sequence[Argument], condition: str) -> str:
    """A call that joins, or that neither says whose rows are asked for nor is known."""
    if method in {"join", "innerJoin", "leftJoin", "rightJoin"} and len(given) > 1:
        joined(builder, method, given)
        return condition
    if method in _QUIET:
        return condition
    return put_beside(builder, condition, builder.hole(), beside=method.lower().startswith(("or", "union")))


def _closed(builder: Builder, condition: str, around: list[tuple[str, bool]]) -> str:
    """The conditions with those around a group that is still open."""
    while around:
        before, apart = around.pop()
        condition = put_beside(builder, before, condition or builder.hole(), beside=apart)
    return condition


def unrun(builder: Builder, steps: Sequence[OrmStep], condition: str) -> list[str | None]:
    """A query that is handed on: whoever has it may add to it."""
    more = put_beside(builder, condition, builder.hole()) if len(steps) > 1 else condition
    return _run(builder, "all", (), more, None)


def medoo(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`$db->select('boats', '*', ['id' => $id])`: the conditions come last, joins before the columns."""
    method, given = steps[-1].method, steps[-1].arguments[1:]
    written = given[0] if method in _UPDATES | _INSERTS and given else None
    last = given[-1] if given and given[-1] is not written else None
    if last is not None and last.kind == "map":
        builder.where.append(mapped(builder, last))
    elif last is not None and last.kind not in {"text", "list"}:
        builder.where.append(builder.hole())
    if method in {"select", "get"} and len(given) > 2 and given[0].kind == "map":
        builder.where.append(neutral(builder))  # what is joined
    return as_written(builder, method, written)


def _set(written: Argument | None, given: Sequence[Argument]) -> Argument | None:
    """What is set with `set('name', $name)`, `set(['name' => $name])`, beside what was set before."""
    first = given[0] if given else None
    if first is None or (written is not None and written.kind != "map"):
        return written
    pair = first.kind == "text" and len(given) > 1
    more = {first.text: given[1]} if pair else mapping(first)
    if not more:
        return first
    both = {**mapping(written), **more}
    return Argument(kind="map", names=tuple(both), items=tuple(both.values()))


def _run(
    builder: Builder,
    method: str,
    given: Sequence[Argument],
    condition: str,
    written: Argument | None,
    *,
    keyed: bool = False,
) -> list[str | None]:
    """`keyed`: on a model, whose calls are given keys, and no table."""
    rest = list(given)
    if method in _NAMED_IN and rest and rest[0].kind == "text" and not keyed:
        rest = rest[1:]  # the table
    if method in {"getWhere", "get_where"} and rest:
        condition = put_beside(builder, condition, where(builder, rest[:1]))
    elif method in {"updateAll", "updateAllCounters"}:
        written, more = (rest[0], rest[1:]) if rest else (None, [])
        condition = put_beside(builder, condition, where(builder, more)) if more else condition
    elif method in {"updateBatch", "update_batch"}:
        written = rest[0] if rest else written
    elif method == "update":
        if keyed and len(rest) > 1:
            condition, rest = put_beside(builder, condition, of_key(builder, rest[0])), rest[1:]
        written = _set(written, rest[:1])
        condition = put_beside(builder, condition, where(builder, rest[1:2])) if len(rest) > 1 else condition
    elif method in _DELETES and rest:
        by_key = keyed and rest[0].kind not in {"map", "list"} and method == "delete"
        part = of_key(builder, rest[0]) if by_key else where(builder, rest)
        condition = put_beside(builder, condition, part)
    elif method in {*_BY_KEY, "findAll"} and rest and (keyed or method != "findAll"):
        of_map = rest[0].kind in {"map", "list"} and method != "find"
        if method != "findAll" or of_map:
            part = where(builder, rest) if of_map else of_key(builder, rest[0])
            condition = put_beside(builder, condition, part)
    elif method in _INSERTS:
        written = _set(written, rest[:1])
    if condition:
        builder.where.append(condition)
    return as_written(builder, method, written)


def as_written(builder: Builder, method: str, written: Argument | None) -> list[str | None]:
    """The statement that a method stands for, with the conditions so far and the row that it writes."""
    if method in _DELETES:
        return [builder.delete()]
    row = written.items[0] if written is not None and written.kind == "list" and written.items else written
    assigned, dynamic = builder.assignments(mapping(row))
    unseen = dynamic or (row is not None and row.kind != "map")
    if method in _INSERTS:
        if row is not None and row.kind in {"value", "dynamic"} and _SENT.search(row.text):
            builder.raw = row.text
        return [builder.insert(assigned, dynamic=unseen)]
    if method in _UPDATES:
        if (
            row is not None
            and row.kind in {"value", "dynamic"}
            and builder.entity is None
            and _SENT.fullmatch(row.text)
        ):
            builder.raw = row.text
        return [builder.update(assigned or ([] if unseen else others(builder)), whole=unseen)]
    return [builder.select()]


def put_beside(builder: Builder, condition: str, part: str, *, beside: bool = False) -> str:
    """A condition with another one, which holds too, or holds as well (`beside`)."""
    if not condition.strip("()"):
        return f"({part})"
    return f"{condition} OR ({part})" if beside else f"{condition} AND ({part})"


def neutral(builder: Builder) -> str:
    """A condition that can't say whose row it is."""
    return f"{builder.qualified(builder.key_of(builder.table))} > {builder.parameter()}"


def of_key(builder: Builder, given: Argument) -> str:
    """The condition that a row, or rows, have a key."""
    return builder.compare(builder.key_of(builder.table), given, "in" if given.kind == "list" else "=")


def where(builder: Builder, given: Sequence[Argument], depth: int = 0) -> str:
    """The condition that the arguments of `where` are."""
    if not given:
        return builder.hole()
    first = given[0]
    if first.kind == "map":
        return mapped(builder, first, depth)
    if first.kind == "list":
        return _listed(builder, first.items, depth)
    if (
        first.kind == "text"
        and len(given) > 1
        and re.fullmatch(r"[\w.`]+\s*(?:[<>!=]{1,2}|like)?\s*", first.text, re.IGNORECASE)
    ):
        return compared(builder, first, given[1])
    if first.kind == "text":
        text = re.sub(r"\{\{%?|\}\}|\[\[|\]\]", "", first.text)
        return _PLACE.sub(lambda _: builder.parameter(), text) or "TRUE"
    return builder.hole()


def _listed(builder: Builder, items: Sequence[Argument], depth: int) -> str:
    """`['and', […], […]]`, `['=', 'id', $id]`, `['in', 'id', $ids]`."""
    sign = items[0].text.strip().lower() if items and items[0].kind == "text" else ""
    if depth > _MAX_DEPTH:
        return builder.hole()
    if sign in {"and", "or"} and len(items) > 1:
        parts = list(_members(builder, items[1:], depth))
        return f"({builder.any_of(parts)})" if sign == "or" else builder.all_of(f"({part})" for part in parts)
    if sign in {"=", "in"} and len(items) == 3:
        return compared(builder, items[1], items[2], many=sign == "in")
    if sign in {"not", "exists", "not exists"}:
        return neutral(builder) if sign == "not" else builder.hole()
    return neutral(builder) if len(items) >= 3 and items[1].kind == "text" else builder.hole()


def _members(builder: Builder, items: Sequence[Argument], depth: int) -> Iterator[str]:
    """The conditions of `['or', ['like', 'name', $name], ['id' => $id]]`, with its inner lists in a row."""
    rest = list(items)
    while rest:
        word = rest[0].text.strip().lower() if rest[0].kind == "text" else ""
        if word in {"and", "or", "not", "exists", "not exists"}:
            yield builder.hole()  # where it ends is not to be seen
            return
        size = 4 if "between" in word else 3 if _SIGNS.fullmatch(word) is not None else 1
        yield where(builder, rest[:1], depth + 1) if size == 1 else _listed(builder, rest[:size], depth + 1)
        rest = rest[size:]


def mapped(builder: Builder, given: Argument, depth: int = 0) -> str:
    """`['id' => $id, 'OR' => […]]`."""
    parts: list[str] = []
    for name, value in mapping(given).items():
        word = name.partition("#")[0].strip().upper()
        if word in {"AND", "OR"} and depth < _MAX_DEPTH:
            inner = [
                mapped(builder, Argument(kind="map", items=(v,), names=(n,)), depth + 1)
                for n, v in mapping(value).items()
            ]
            parts.append(f"({builder.any_of(inner)})" if word == "OR" else builder.all_of(inner))
            if not inner:
                parts.append(builder.hole())
        elif word not in {"ORDER", "LIMIT", "GROUP", "HAVING", "MATCH"}:
            parts.append(compared(builder, Argument(kind="text", text=name), value))
    return builder.all_of(f"({part})" if " OR " in part else part for part in parts)


def compared(builder: Builder, name: Argument, value: Argument, *, many: bool = False) -> str:
    """`column = value`, of a column as an array names it."""
    found = _KEYED.fullmatch(name.text.strip()) if name.kind == "text" else None
    if found is None:
        return builder.hole()
    table, column, sign = found.group(1), found.group(2), (found.group(3) or "=").lower()
    if sign not in {"=", "in"}:
        return neutral(builder)
    if table is not None and table not in {builder.table, builder.alias}:
        return f"{builder.ident(table)}.{builder.ident(column)} = {builder.value(value)}"
    known = builder.model.tables.get(builder.table)
    if known is not None and column == known.tenant_column and _SENT.fullmatch(value.text):
        builder.untrusted = value.text
    return builder.compare(column, value, "in" if many or value.kind == "list" else "=")


def _related(builder: Builder, label: str) -> None:
    """`joinWith('boat')`: the table of what `getBoat()` gives, along the only key between the two."""
    held = builder.entity.reverse.get(f"get{label[:1].upper()}{label[1:]}", "") if builder.entity is not None else ""
    target = builder.entities.get(held)
    if target is None or target.table == builder.table:
        return
    mine = builder.foreign_column(target.table)
    theirs = builder.inside(target).foreign_column(builder.table) if mine is None else None
    ours = builder.qualified(mine or builder.key_of(builder.table))
    other = builder.qualified(theirs or builder.key_of(target.table), target.table)
    if mine is not None or theirs is not None:
        builder.joins.append(f"LEFT JOIN {builder.ident(target.table)} ON {other} = {ours}")


def joined(builder: Builder, method: str, given: Sequence[Argument]) -> None:
    """`join('ports p', 'p.id = boats.port_id', 'left')`."""
    if any(one.kind != "text" for one in given[:2]):
        return
    found = re.fullmatch(r"(?:\{\{%?)?(\w+)(?:\}\})?(?:\s+(?:as\s+)?(\w+))?", given[0].text.strip(), re.IGNORECASE)
    if found is None or re.fullmatch(r"[\w.\s=`]+", given[1].text) is None:
        return
    left = method == "leftJoin" or (len(given) > 2 and given[2].text.lower() == "left")
    alias = f" AS {builder.ident(found.group(2))}" if found.group(2) else ""
    builder.joins.append(f"{'LEFT JOIN' if left else 'JOIN'} {builder.ident(found.group(1))}{alias} ON {given[1].text}")
