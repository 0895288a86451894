"""MyBatis-Plus as the SQL it stands for: wrappers of conditions, and the methods of a mapper that run them.

Conditions are sent flat and in order: `eq(a).or().eq(b).eq(c)` is `a OR b AND c`, as SQL reads it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.extract.facts import Argument, OrmStep
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.stores.call_text import calls, closure, literal, split
from lints.stores.orm_sql import Builder

SELECTS = names(
    "selectOne selectList selectCount selectPage selectMaps selectMapsPage selectObjs selectFirstOne selectJoinList"
    " selectJoinOne selectJoinPage selectJoinCount exists list listMaps listObjs getOne getOneOpt getMap getObj count"
    " page pageMaps one oneOpt selectJoinMaps"
)
DELETES = names("delete deleteBatch remove deleteByMap removeByMap")
UPDATES = names("update updateBatch")
WHOLE = names("updateById saveOrUpdate insertOrUpdate saveOrUpdateBatch updateBatchById")
"""Calls that write a row, or rows, by their keys."""
KEYS = names("selectById getById getOptById selectByIdForUpdate deleteById removeById") | WHOLE
MANY = names("selectBatchIds selectByIds listByIds deleteBatchIds deleteByIds removeByIds removeBatchByIds")
MAPS = names("selectByMap listByMap deleteByMap removeByMap")
RUNS = SELECTS | DELETES | UPDATES
_COMPARES = names(
    "ne gt ge lt le like notLike likeLeft likeRight notLikeLeft notLikeRight between notBetween notIn isNotNull inSql"
    " notInSql gtSql geSql ltSql leSql betweenIfPresent geIfPresent gtIfPresent leIfPresent ltIfPresent likeIfPresent"
    " neIfPresent likeIfExists geIfExists leIfExists"
)
_SILENT = names(
    "wrapper lambda query lambdaQuery lambdaUpdate select selectAll selectAs selectCount selectSum selectMax"
    " selectMin selectAvg orderBy orderByAsc orderByDesc groupBy having comment distinct setEntity"
    " selectAssociation selectCollection clear checkSqlInjection disableLogicDel enableLogicDel"
    " limitN first"
)
_JOINS = names("leftJoin rightJoin innerJoin fullJoin join")
_REFERENCE = regex(r"(?:\w+\.)*(\w+)::(?:get|is)?(\w+)")
_HARMLESS = regex(r"\s*\"?\s*(?:limit|for\s+update|order\s+by|offset)\b", re.IGNORECASE)
_MAX_DEPTH = 6


def mybatis_plus(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`mapper.selectList(new LambdaQueryWrapper<Boat>().eq(Boat::getTenantId, tenant))`, `mapper.deleteById(id)`."""
    conditions = _Conditions(builder)
    unseen = False
    for step in steps[:-1]:
        given = [argument.text for argument in step.arguments]
        unseen = conditions.take(step.method, given) or unseen
    last = steps[-1]
    given = [argument.text for argument in last.arguments]
    method = last.method
    if method in KEYS and given:
        builder.where.append(builder.compare(builder.key_of(builder.table), _key(method, last.arguments[0])))
    elif method in MANY and given:
        builder.where.append(f"{builder.qualified(builder.key_of(builder.table))} IN ({builder.parameter()})")
    elif method in MAPS:
        builder.where.append(_mapped(builder, given[0] if given else ""))
    elif method not in RUNS:
        return []
    elif not _pairs(builder, given) and len(steps) == 1:
        rest = [text for text in given if text != "null" and not _settles(text)]
        if method in UPDATES and len(given) < 2:
            return []
        if rest and not (
            method in {"selectPage", "page"} and len(rest) == 1 and len(given) == 2 and given[1] == "null"
        ):
            builder.where.append(builder.hole())  # a wrapper that is put together elsewhere
    said = conditions.text()
    if said:
        builder.where.append(said)
    if method in DELETES or method.startswith(("delete", "remove")):
        text = builder.delete()
    elif method in UPDATES or method in WHOLE:
        row = given[0] if given and len(steps) > 1 else ""
        text = _updated(builder, conditions, row, whole=method in WHOLE)
    else:
        text = builder.select()
    return [text, None] if unseen else [text]


def _key(method: str, given: Argument) -> Argument:
    """The key that a row is found by; `updateById` takes the row itself, or the key of one that was loaded."""
    return Argument(kind="value") if method in WHOLE and not given.text.endswith(".id") else given


def _updated(builder: Builder, conditions: _Conditions, row: str, *, whole: bool) -> str:
    """UPDATE with what a wrapper sets, and with a row: made here of these fields, or one whose fields nobody sees."""
    assigned = list(conditions.assigned)
    if row.startswith("{"):
        for part in row[1:-1].split("; "):
            name, _, value = part.partition(" = ")
            column = builder.column(name)
            if column is not None and value != "null":
                assigned.append((column, builder.parameter(value)))
    unseen = conditions.unread or bool(row and not row.startswith("{"))
    return builder.update(assigned, dynamic=not assigned, whole=whole or unseen)


def _mapped(builder: Builder, text: str) -> str:
    """`Map.of("tenant_id", tenant, "name", name)` as what the columns equal."""
    found = re.fullmatch(r"\s*(?:\w+\.)*(?:of|mapOf|singletonMap)\((.*)\)\s*", text, re.DOTALL)
    parts = split(found.group(1)) if found is not None else []
    names_of = [literal(part) for part in parts[::2]]
    if not parts or len(parts) % 2 or not all(names_of):
        return builder.hole()
    pairs = zip(names_of, parts[1::2], strict=True)
    return builder.all_of(builder.compare(n or "", Argument(kind="value", text=value.strip())) for n, value in pairs)


def _settles(text: str) -> bool:
    """Whether an argument says how rows come, not which."""
    return (
        re.search(r"page(?:Param|able|Req)?\b|^\w*[pP]age$|^(?:req|pageReq)VO$|::new$|^false$|^true$", text) is not None
    )


def _pairs(builder: Builder, given: Sequence[str]) -> bool:
    """`selectOne(Boat::getId, id, Boat::getTenantId, tenant)`: properties and what they equal."""
    if len(given) < 2 or _REFERENCE.fullmatch(given[0].strip()) is None:
        return False
    for name, value in zip(given[::2], given[1::2], strict=False):
        column = _column(builder, name)
        if column is None:
            builder.where.append(builder.hole())
        else:
            builder.where.append(builder.compare(column, Argument(kind="value", text=value)))
    return True


def _column(builder: Builder, text: str) -> str | None:
    """The column of `Boat::getTenantId`, `"tenant_id"`, `"b.tenant_id"`."""
    reference = _REFERENCE.fullmatch(text.strip())
    if reference is not None:
        entity = builder.entity
        if entity is not None and reference.group(1) not in {entity.name, "this"}:
            return None  # of a table that is joined
        name = reference.group(2)
        return builder.column(name[:1].lower() + name[1:])
    stated = literal(text)
    if stated is None:
        return None
    name = stated.rpartition(".")[2].strip("` ")
    return name if re.fullmatch(r"\w+", name) else None


class _Conditions:
    """What a wrapper has been told, as one condition."""

    def __init__(self, builder: Builder, depth: int = 0) -> None:
        self.builder = builder
        self.depth = depth
        self.parts: list[str] = []
        self.assigned: list[tuple[str, str]] = []
        self.unread = False
        self.after_or = False

    def text(self) -> str:
        return " ".join(self.parts)

    def add(self, condition: str) -> None:
        if self.parts:
            self.parts.append("OR" if self.after_or else "AND")
        self.parts.append(condition)
        self.after_or = False

    def take(self, method: str, given: Sequence[str]) -> bool:
        """One call on the wrapper; returns whether rows are asked for that can't be seen."""
        builder = self.builder
        if method in _JOINS:
            return True
        if method == "or" and not [text for text in given if text != "true"]:
            self.after_or = True
        elif method in {"and", "or", "nested", "not"}:
            self.after_or = self.after_or or method == "or"
            inner = self._nested(given)
            self.add(f"NOT ({inner})" if method == "not" else f"({inner})")
        elif method in {"eq", "eqIfPresent", "eqIfExists", "in", "inIfPresent", "inIfExists", "isNull"}:
            self.add(self._compared(method, given))
        elif method == "last":
            if given and not _HARMLESS.match(given[0]):
                self.after_or = bool(self.parts)
                self.add(builder.hole())  # what stands at the end can open an OR
        elif method == "set":
            told = given[1:] if len(given) > 2 else given
            column = _column(builder, told[0]) if len(told) == 2 else None
            self.unread = self.unread or column is None
            if column is not None:
                self.assigned.append((column, builder.parameter(told[1].strip())))
        elif method in {"setSql", "setIncrBy", "setDecrBy"}:
            self._set_otherwise(method, given)
        elif method == "apply":
            stated = literal(given[0]) if given else None
            self.add(f"({_placed(builder, stated)})" if stated is not None else builder.hole())
        elif method in _COMPARES:
            column = next((held for text in given[:2] if (held := _column(builder, text)) is not None), None)
            self.add(f"{builder.qualified(column)} > {builder.parameter()}" if column is not None else builder.hole())
        elif method not in _SILENT:
            self.add(builder.hole())
        return False

    def _set_otherwise(self, method: str, given: Sequence[str]) -> None:
        """`setSql("seen = seen + 1")`, `setIncrBy(Boat::getSeen, 1)`: the columns that are set."""
        told = given[1:] if len(given) > (1 if method == "setSql" else 2) else given
        if method == "setSql":
            stated = literal(told[0]) if told else None
            columns = re.findall(r"(?:^|,)\s*(?:\w+\.)?`?(\w+)`?\s*=", stated) if stated is not None else []
        else:
            column = _column(self.builder, told[0]) if told else None
            columns = [column] if column is not None else []
        self.unread = self.unread or not columns
        self.assigned += [(column, self.builder.parameter()) for column in columns]

    def _compared(self, method: str, given: Sequence[str]) -> str:
        """`eq(column, value)`, or `eq(condition, column, value)`, which compares on some paths only."""
        builder = self.builder
        wanted = 1 if method == "isNull" else 2
        optional = method.endswith(("Present", "Exists"))
        values = list(given)
        if method.startswith("in") and len(values) > 2 and _column(builder, values[0]) is not None:
            values = values[:2]  # in(column, one, two)
        elif len(values) > wanted:
            optional = values[0].strip() != "true"
            values = values[1:]
        column = _column(builder, values[0]) if len(values) >= wanted else None
        if column is None:
            return builder.hole()
        if method == "isNull":
            said = f"{builder.qualified(column)} IS NULL"
        elif method.startswith("in"):
            builder._remember_parent(column)
            said = f"{builder.qualified(column)} IN ({builder.parameter()})"
        else:
            said = builder.compare(column, Argument(kind="value", text=values[1]))
        return f"({builder.parameter()} IS NULL OR {said})" if optional else said

    def _nested(self, given: Sequence[str]) -> str:
        """`w -> w.eq(…).or().eq(…)`."""
        found = closure(given[-1]) if given else None
        chain = calls(found[1]) if found is not None else ()
        if found is None or self.depth > _MAX_DEPTH or not chain or chain[0].name not in found[0]:
            return self.builder.hole()
        inner = _Conditions(self.builder, self.depth + 1)
        for called in chain[1:]:
            if inner.take(called.name, called.arguments or ()):
                return self.builder.hole()
        said = inner.text() or "TRUE"
        return f"{self.builder.parameter()} IS NULL OR ({said})" if len(given) > 1 else said


def _placed(builder: Builder, text: str) -> str:
    """A condition as SQL with `{0}` for what is bound."""
    return re.sub(r"\{\d+\}", lambda _: builder.parameter(), text)
