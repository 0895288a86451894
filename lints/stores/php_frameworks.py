"""Queries of CakePHP, Laminas (and Zend), RedBean, Propel and Phalcon as the SQL they stand for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from lints.extract.chains.php_frameworks import RUNS
from lints.extract.facts import Argument, OrmCall, OrmStep
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.schema.laravel import plural, snake
from lints.stores.orm_sql import Builder, mapping
from lints.stores.php_tables import (
    as_written,
    compared,
    joined,
    mapped,
    of_key,
    prefixed,
    put_beside,
    unrun,
    where,
)
from lints.tenancy import Model

_QUIET = names(
    "begin query contain select distinct order orderBy orderAsc orderDesc orderByAsc orderByDesc limit offset page"
    " group selectAllExcept"
    " groupBy having enableHydration disableHydration formatResults enableAutoFields cache epilog modifier"
    " leftJoinWith notMatching set update delete insert into values applyOptions setFirstResult columns quantifier"
    " forUpdate with joinWith leftJoin_with setLimit setFormatter setOffset bind getQuery inner_count sharedLock"
    " createBuilder addOrderBy hydrate clearOrder lockForUpdate paginate addColumn"
)
_FINDERS = names("all list threaded first count neighbors treeList children")
_SIGNED = regex(r"\s*(=)?\s*\(?\s*\?\s*\)?\s*$")
_SORTED = regex(r"\s*(?:order\s+by|limit|group\s+by)\b.*", re.IGNORECASE | re.DOTALL)
_PLACES = regex(r":(\w+):|\?(\d+)")
_INSIDE = regex(r"where\(\s*\[([^\[\]]{1,400})\]\s*\)")
_PAIR = regex(r"['\"](?:\w+\.)?(\w+)['\"]\s*=>\s*([^,\]]{1,120})")
_SOMETIMES = regex(r"\b(?:if|switch|match|foreach)\s*\(|\?|\bOR\b|orWhere")


def target(
    call: OrmCall, known: Mapping[str, Entity], model: Model
) -> tuple[str, Entity | None, Mapping[str, Entity], str | None] | None:
    """The table of a query: that of its model, the one that it names, or the one that its class is called after."""
    entity = known.get(call.model)
    if entity is not None and entity.table in model.tables:
        return entity.table, entity, known, None
    name, alias = call.model, None
    for step in (step for steps in call.variants for step in steps) if not name else ():
        if step.method in {"from", "addFrom"} and step.arguments:
            first = step.arguments[0]
            held = first.items[0] if first.items else first
            alias = first.names[0] if first.kind == "map" and first.names else None
            name = held.text.rpartition("\\")[2].removesuffix("::class").removesuffix(".class")
            entity = known.get(name)
            if entity is not None and entity.table in model.tables:
                return entity.table, entity, known, alias
    spelled = snake(name)
    found = next((one for one in (name, spelled, plural(spelled)) if one in model.tables), None)
    found = found or (prefixed(spelled, model) if spelled else None)
    return (found, None, known, name if call.kind == "cake" else alias) if found is not None else None


def _bare(given: Argument) -> Argument:
    """Conditions of Laminas without their marks: `['id = ?' => $id]`."""
    if given.kind != "map":
        return given
    return Argument(kind="map", items=given.items, names=tuple(_SIGNED.sub("", name) or name for name in given.names))


def cake(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`$this->Boats->find()->where(['id' => $id])->first()`, `$this->Boats->get($id)`."""
    condition, verb, written = "", "first", None
    for step in steps:
        method, given, named = step.method, step.arguments, dict(step.keywords)
        options = [one for one in given[1:] if one.kind == "map"] if method in {"find", "get"} else []
        for held in (mapping(options[0]).get("conditions") if options else None, named.get("conditions")):
            condition = put_beside(builder, condition, where(builder, [held])) if held is not None else condition
        if method == "find" and given and given[0].text not in _FINDERS:
            condition = put_beside(builder, condition, builder.hole())  # a finder of the project's own
        elif method == "get" and given:
            condition = put_beside(builder, condition, of_key(builder, given[0]))
        elif method in {"exists", "deleteAll", "findOrCreate"} and given:
            condition = put_beside(builder, condition, where(builder, given[:1]))
        elif method == "updateAll":
            written = given[0] if given else None
            condition = put_beside(builder, condition, where(builder, given[1:2])) if len(given) > 1 else condition
        elif re.match(r"find(?:All)?By[A-Z]", method):
            condition = put_beside(builder, condition, _by_name(builder, re.sub(r"^find(?:All)?By", "", method), given))
        elif method in {"where", "andWhere", "orWhere"} and given:
            condition = put_beside(builder, condition, where(builder, given[:1]), beside=method == "orWhere")
        elif method in {"matching", "innerJoinWith"} and given and given[0].kind == "text":
            condition = _matching(builder, given, condition)
        elif method in {"update", "delete", "insert"}:
            verb = {"update": "updateAll", "delete": "deleteAll", "insert": "insert"}[method]
        elif method == "set":
            written = given[0] if given and given[0].kind == "map" else written
        elif method not in _QUIET and method not in RUNS["cake"] and method != "find":
            condition = put_beside(builder, condition, builder.hole())
        if method in RUNS["cake"]:
            verb = method if method in {"deleteAll", "updateAll"} else verb
            return _finished(builder, verb, condition, written)
    return unrun(builder, steps, condition)


def laminas(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`$gateway->select(['id' => $id])`, `$sql->select('boats')->where([…])`, `$this->select()->where('id = ?', 1)`."""
    condition, verb, written = "", "first", None
    for step in steps:
        method, given = step.method, [_bare(one) for one in step.arguments]
        first = given[0] if given else None
        if method in {"@select", "@delete", "@fetchRow", "@fetchAll"}:
            verb = "deleteAll" if method == "@delete" else verb
            condition = put_beside(builder, condition, _asked(builder, given)) if first is not None else condition
            return _finished(builder, verb, condition, None)
        if method == "@find" and first is not None:
            return _finished(builder, verb, of_key(builder, first), None)
        if method in {"@update", "@insert"}:
            more = _asked(builder, given[1:]) if method == "@update" and len(given) > 1 else ""
            condition = put_beside(builder, condition, more) if more else condition
            return _finished(builder, "updateAll" if method == "@update" else "insert", condition, first)
        if method in {"table_update", "table_delete", "table_insert"}:
            verb = {"table_update": "updateAll", "table_delete": "deleteAll", "table_insert": "insert"}[method]
        elif method in {"where", "orWhere"} and given:
            condition = put_beside(builder, condition, _asked(builder, given), beside=method == "orWhere")
        elif method in {"where_equalTo", "where_in"} and len(given) > 1:
            condition = put_beside(builder, condition, compared(builder, given[0], given[1], many=method == "where_in"))
        elif method in {"set", "values"} and first is not None:
            written = first
        elif method in {"join", "joinLeft", "joinInner", "joinRight"} and len(given) > 1:
            joined(builder, "leftJoin" if method == "joinLeft" else "join", _flat(given))
        elif method not in _QUIET and method != "from":
            condition = put_beside(builder, condition, builder.hole())
    return _finished(builder, verb, condition, written)


def redbean(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`R::load('boats', $id)`, `R::find('boats', 'tenant_id = ?', [$tenant])`."""
    method, given = steps[-1].method.removeprefix("@"), steps[-1].arguments
    first = given[0] if given else None
    if method == "wipe":
        return [builder.delete()]
    if method in {"load", "loadAll", "loadForUpdate", "trash", "batch"} and first is not None:
        many = method in {"loadAll", "batch"} and first.kind != "list"
        by_key = builder.compare(builder.key_of(builder.table), first, "in") if many else of_key(builder, first)
        builder.where.append(by_key)
        return [builder.delete() if method == "trash" else builder.select()]
    if method in {"findLike", "findOrCreate"} and first is not None:
        builder.where.append(mapped(builder, first) if first.kind == "map" else builder.hole())
    elif first is not None and first.kind == "text":
        text = _SORTED.sub("", first.text).strip()
        builder.where += [where(builder, [Argument(kind="text", text=text)])] if text else []
    elif first is not None and first.kind != "null":
        builder.where.append(builder.hole())
    return [builder.select()]


def propel(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`BoatQuery::create()->filterById($id)->findOne()`."""
    condition, beside, verb, written = "", False, "first", None
    inner = 0
    for step in steps:
        method, given = step.method, step.arguments
        if re.match(r"use\w+Query$", method) or method == "endUse":
            inner += 1 if method != "endUse" else -1
            condition = put_beside(builder, condition, builder.hole()) if inner else condition
            continue
        by = re.match(r"(?:filter|find|findOne|requireOne)By([A-Z]\w*)", method)
        part = None
        if inner:
            continue
        if method in {"findPk", "findPks", "requirePk", "filterByPrimaryKey", "filterByPrimaryKeys"} and given:
            part = of_key(builder, given[0])
        elif by is not None and given:
            part = _by_name(builder, by.group(1), given)
        elif method == "_or":
            beside = True
            continue
        elif (
            method in {"where", "condition", "addJoin", "filterBy", "mergeWith", "withColumn"}
            and method != "withColumn"
        ):
            part = builder.hole()
        if part is not None:
            condition, beside = put_beside(builder, condition, part, beside=beside), False
        if method in {"update", "delete", "deleteAll"}:
            verb, written = ("updateAll", given[0] if given else None) if method == "update" else ("deleteAll", None)
        if method in RUNS["propel"] or (by is not None and not method.startswith("filter")):
            return _finished(builder, verb, condition, written)
    return unrun(builder, steps, condition)


def phalcon(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`Boats::findFirst(['conditions' => 'id = ?0', 'bind' => [$id]])`, `Boats::query()->where('id = :id:')`."""
    condition = ""
    for step in steps:
        method, given = step.method, step.arguments
        if method in {"@find", "@count"} and given:
            by, rest = given[0].text, given[1:]
            if by:
                condition = _by_name(builder, by, rest)
            elif rest:
                condition = _parameters(builder, rest[0])
            return _finished(builder, "first", condition, None)
        if method in {"where", "andWhere", "orWhere"} and given:
            condition = put_beside(builder, condition, _phql(builder, given[0]), beside=method == "orWhere")
        elif method == "inWhere" and len(given) > 1:
            condition = put_beside(builder, condition, compared(builder, given[0], given[1], many=True))
        elif method not in _QUIET and method not in {"from", "addFrom", "execute", "getSingleResult"}:
            condition = put_beside(builder, condition, builder.hole())
    return _finished(builder, "first", condition, None)


def _parameters(builder: Builder, given: Argument) -> str:
    """What `find` of Phalcon is given: a key, a text, or an array whose `conditions`, or first item, is one."""
    if given.kind in {"text", "dynamic"}:
        return of_key(builder, given) if given.text.isdigit() else _phql(builder, given)
    if given.kind == "value":
        return of_key(builder, given)
    held = mapping(given).get("conditions") if given.kind == "map" else None
    held = held or next((one for name, one in zip(given.names, given.items, strict=False) if name in {"", "[]"}), None)
    if held is None and given.kind == "list" and given.items:
        held = given.items[0]
    if held is None and given.kind == "map" and "bind" not in given.names:
        return ""
    return _phql(builder, held) if held is not None else builder.hole()


def _phql(builder: Builder, given: Argument) -> str:
    if given.kind not in {"text", "dynamic"}:
        return builder.hole()
    text = _PLACES.sub(lambda found: f":{found.group(1) or 'p' + found.group(2)}", given.text)
    if given.kind == "dynamic":
        text = re.sub(r"\{[^{}]*\}", lambda _: builder.parameter(), text)
    text = re.sub(r"\[[\w\\]+\]\.", "", text)
    return where(builder, [Argument(kind="text", text=text)])


def _by_name(builder: Builder, label: str, given: Sequence[Argument]) -> str:
    """`ByIdAndTenantId`: the columns stand in the name."""
    either = re.search(r"(?<=[a-z0-9])Or(?=[A-Z])", label) is not None
    columns = [snake(part) for part in re.split(r"(?<=[a-z0-9])(?:And|Or)(?=[A-Z])", label)]
    parts = [
        compared(builder, Argument(kind="text", text=column), value)
        for column, value in zip(columns, [*given, *[Argument(kind="value")] * len(columns)], strict=False)
    ]
    return f"({builder.any_of(parts)})" if either else builder.all_of(parts)


def _asked(builder: Builder, given: Sequence[Argument]) -> str:
    """The conditions of Laminas and Zend: an array, a text with its values, a closure that puts an array on it."""
    first = given[0]
    if first.kind == "closure" or (first.kind == "value" and re.match(r"(?:static\s+)?(?:function|fn)\b", first.text)):
        found = _INSIDE.search(first.text)
        pairs = _PAIR.findall(found.group(1)) if found is not None and not _SOMETIMES.search(first.text) else []
        parts = (compared(builder, Argument(kind="text", text=n), Argument(kind="value", text=v)) for n, v in pairs)
        return builder.all_of(parts) if pairs else builder.hole()
    if first.kind == "dynamic":
        text = re.sub(r"\{[^{}]*\}|\$\w+", lambda _: builder.parameter(), first.text)
        return (
            where(builder, [Argument(kind="text", text=text)]) if re.search(r"=\s*:h\d+\s*$", text) else builder.hole()
        )
    if first.kind == "text" and len(given) > 1 and (plain := _SIGNED.sub("", first.text)) != first.text:
        return compared(builder, Argument(kind="text", text=plain), given[1])
    return where(builder, given)


def _flat(given: Sequence[Argument]) -> list[Argument]:
    """A table that is joined as it is named with its alias: `['b' => 'boats']`."""
    first = given[0]
    if first.kind == "map" and first.names and first.items:
        first = Argument(kind="text", text=f"{first.items[0].text} {first.names[0]}")
    return [first, *given[1:2]]


def _matching(builder: Builder, given: Sequence[Argument], condition: str) -> str:
    """`matching('Boats', fn ($q) => $q->where(['Boats.tenant_id' => $tenant]))`, along the only key between the two."""
    label = given[0].text.partition(".")[0]
    table = next((one for one in (snake(label), plural(snake(label))) if one in builder.model.tables), None)
    if table is None or table == builder.table:
        return put_beside(builder, condition, builder.hole())
    other = Builder(builder.model, builder.entities, table, None, counter=builder.counter, sources=builder.sources)
    mine, theirs = builder.foreign_column(table), other.foreign_column(builder.table)
    if mine is None and theirs is None:
        return put_beside(builder, condition, builder.hole())
    ours = builder.qualified(mine or builder.key_of(builder.table))
    there = builder.qualified(theirs or builder.key_of(table), label)
    builder.joins.append(f"JOIN {builder.ident(table)} AS {builder.ident(label)} ON {there} = {ours}")
    text = given[1].text if len(given) > 1 else ""
    if not text:
        return condition
    found = _INSIDE.search(text)
    if found is None or _SOMETIMES.search(text) is not None:
        return put_beside(builder, condition, builder.hole())
    for name, value in _PAIR.findall(found.group(1)):
        left = f"{builder.ident(label)}.{builder.ident(name)}"
        condition = put_beside(builder, condition, f"{left} = {builder.parameter(value.strip())}")
    return condition


def _finished(builder: Builder, verb: str, condition: str, written: Argument | None) -> list[str | None]:
    builder.where += [condition] if condition else []
    return as_written(builder, verb, written)


RENDER: Mapping[str, Callable[[Builder, Sequence[OrmStep]], list[str | None]]] = {
    "cake": cake,
    "laminas": laminas,
    "redbean": redbean,
    "propel": propel,
    "phalcon": phalcon,
}
