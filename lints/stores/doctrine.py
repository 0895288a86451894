# ruff: noqa: S608 - the text is judged, it never reaches a database
"""Doctrine's repositories, query builders and DQL as the SQL they stand for; DBAL's builder and its short forms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lints.extract.chains.doctrine import RUNS
from lints.extract.facts import Argument, OrmCall, OrmStep
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.stores import jpql
from lints.stores.orm_sql import Builder, mapping
from lints.tenancy import Model

_SILENT = names(
    "begin select addSelect distinct setParameter setParameters setMaxResults setFirstResult orderBy addOrderBy groupBy"
    " addGroupBy having andHaving orHaving getQuery indexBy setHint useQueryCache enableResultCache disableResultCache"
    " setCacheable setLockMode setFetchMode setHydrationMode resetDQLPart resetOrderBy createQueryBuilder disable"
    " setCacheRegion setLifetime forUpdate returning setResultCache getDQL getSQL"
)
"""Calls that say nothing of whose rows are read."""
_JOINS = names("join innerJoin leftJoin rightJoin")
_IDENTITY = regex(r"\bIDENTITY\(\s*(\w+\.\w+)\s*\)", re.IGNORECASE)
"""The key that a relation is stored as."""
_MAGIC = regex(r"(findOneBy|findBy|countBy)([A-Z]\w*)")
_BOUND = regex(r"\b(\w+)\.(\w+)\s*(?:=|in)\s*\(?\s*[:?]", re.IGNORECASE)
_NAMED = regex(r"\{[^{}]*create(?:Named|Positional)Parameter[^{}]*\}")
_SIGNS = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "LIKE", "ne": "<>"}
_EXPRESSION = regex(r"\$[\w>-]+?\s*->\s*expr\(\)\s*->\s*(\w+)\((.*)\)", re.DOTALL)
_NAMESPACE = regex(r"\\?(?:\w+\\+)+(\w+)|\b\w+:([A-Z]\w*)\b(?=\s+\w)")
_CLIENT = regex(
    r"\$_(?:GET|POST|REQUEST|COOKIE|SERVER)\b|\brequest\b[\w>()\-]{0,40}->get|getQueryParams|getParsedBody",
    re.IGNORECASE,
)


def target(
    call: OrmCall, known: Mapping[str, Entity], model: Model
) -> tuple[str, Entity | None, Mapping[str, Entity], str | None] | None:
    """The table that a call is about; None if nothing is known of it."""
    if call.kind == "dbal":
        table = call.model.strip('`"').rpartition(".")[2]
        return (table, None, known, None) if table in model.tables else None
    entity = known.get(call.model) or known.get(call.model.rpartition("\\")[2])
    return (entity.table, entity, known, None) if entity is not None and entity.table in model.tables else None


def dql(text: str, model: Model, known: Mapping[str, Entity]) -> str:
    """A statement in DQL as one over tables: a class with its namespace is meant by its last name."""
    return jpql.as_sql(_NAMESPACE.sub(lambda found: found.group(1) or found.group(2), text), model, known)


def doctrine(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """The statements of `$boats->findOneBy([…])`, `$boats->createQueryBuilder('b')->andWhere(…)`."""
    entity = builder.entity
    if entity is None:
        return []
    _confined(builder, entity, [step.arguments[0].text for step in steps if step.method == "disable"])
    last = steps[-1]
    looked = _lookup(builder, entity, last)
    if looked is not None:
        return [builder.select()] if looked else []
    if last.method in {"getDQL", "getSQL"}:
        return []  # a part of a query around it
    aliases: dict[str, Entity] = {}
    lost: list[str] = []
    verb, alias, joins, sets = "SELECT", entity.name[:1].lower() or "x", "", []
    where: str | None = None
    for step in steps:
        method, given = step.method, step.arguments
        texts = [one.text for one in given if one.kind == "text"]
        if method == "createQueryBuilder" and texts:
            alias = texts[0]
        elif method in {"from", "delete", "update"}:
            verb = {"from": verb, "delete": "DELETE", "update": "UPDATE"}[method]
            alias = texts[1] if len(texts) > 1 else alias
        elif method in _JOINS and len(texts) >= 2:
            kind = "LEFT JOIN" if method == "leftJoin" else "RIGHT JOIN" if method == "rightJoin" else "JOIN"
            on = _condition(builder, given[-1]) if len(given) > 3 else ""
            aliases.setdefault(alias, entity)
            joins += _joined(builder, kind, texts[0], texts[1], on, aliases, lost)
        elif method in {"where", "andWhere", "orWhere"}:
            part = _all(builder, given)
            beside = method == "orWhere" and where is not None
            where = part if method == "where" or where is None else f"({where}) {'OR' if beside else 'AND'} ({part})"
        elif method == "set" and texts:
            sets.append(f"{texts[0]} = {builder.parameter() if len(given) < 2 else _written(builder, given[1])}")
        elif method == "addCriteria" or (method not in _SILENT and method not in RUNS and method not in _JOINS):
            where = f"({where}) AND ({builder.hole()})" if where else builder.hole()
    if not any(step.method in RUNS for step in steps):
        where = (
            f"({where}) AND ({builder.hole()})" if where else builder.hole()
        )  # whoever it is handed to may add to it
    for gone in lost:
        where = (
            re.sub(rf"\([^()]*\b{re.escape(gone)}\.\w+[^()]*\)", lambda _: f"({builder.hole()})", f"({where})")
            if where
            else where
        )
    _remember(builder, entity, alias, where or "")
    tail = f" WHERE {where}" if where else ""
    source = f"{entity.name.rpartition(chr(92))[2]} {alias}"
    if verb == "DELETE":
        return [_sql(builder, f"DELETE FROM {source}{tail}")]
    if verb == "UPDATE":
        return [
            _sql(builder, f"UPDATE {source} SET {', '.join(sets) or f'{builder.hole()} = {builder.parameter()}'}{tail}")
        ]
    return [_sql(builder, f"SELECT {alias} FROM {source}{joins}{tail}")]


def _joined(
    builder: Builder, kind: str, path: str, alias: str, on: str, aliases: dict[str, Entity], lost: list[str]
) -> str:
    """A join along a relation, or to a class; `lost` are the aliases of those that nothing is known of."""
    head, _, attribute = path.partition(".")
    owner = aliases.get(head)
    name = path.rpartition("\\")[2]
    if not attribute and name in builder.entities:
        aliases[alias] = builder.entities[name]
        return f" {kind} {name} {alias} ON {on or builder.hole()}"
    if owner is None or head in lost:
        lost.append(alias)
        return ""
    target = builder.entities.get(owner.relations.get(attribute) or owner.reverse.get(attribute) or "")
    if target is None:
        lost.append(alias)
        return ""
    aliases[alias] = target
    if attribute in owner.relations:
        return f" {kind} {path} {alias}" + (f" ON {on}" if on else "")
    back = next((name for name, other in target.relations.items() if other == owner.name.rpartition("\\")[2]), None)
    further = f" AND ({on})" if on else ""
    if back is not None:
        return f" {kind} {target.name} {alias} ON {alias}.{back} = {head}{further}"
    both = _between(builder, owner, target)
    if both is None:
        lost.append(alias)
        return ""
    table, left, right = both
    own, other = builder.key_of(owner.table), builder.key_of(target.table)
    return (
        f" {kind} {table} _{alias} ON _{alias}.{left} = {head}.{own} {kind} {target.name} {alias}"
        f" ON {alias}.{other} = _{alias}.{right}{further}"
    )


def _between(builder: Builder, one: Entity, two: Entity) -> tuple[str, str, str] | None:
    """The table that joins two others many to many, and its columns."""
    for name, table in builder.model.tables.items():
        keys = {key.references: key.columns[0] for key in table.foreign_keys if len(key.columns) == 1}
        if len(table.columns) <= 3 and one.table in keys and two.table in keys and one.table != two.table:
            return name, keys[one.table], keys[two.table]
    return None


def _sql(builder: Builder, text: str) -> str:
    return jpql.as_sql(_IDENTITY.sub(r"\1", text), builder.model, builder.entities)


def _confined(builder: Builder, entity: Entity, disabled: Sequence[str]) -> None:
    """A filter that Doctrine puts on every query, where it compares the tenant's column."""
    known = builder.model.tables.get(builder.table)
    place = entity.scopes.get(known.tenant_column or "") if known is not None else None
    if place is None or known is None:
        return
    spelled = place.rpartition(", ")[2].lower()
    if any(re.sub(r"[\W_]|filter", "", name.lower()) in spelled for name in disabled):
        builder.escape = "disable"
    else:
        builder.scope = (
            f"{known.tenant_column}, which an SQL filter compares in every query ({place}) where it is enabled"
        )


def _lookup(builder: Builder, entity: Entity, step: OrmStep) -> bool | None:
    """`find($id)`, `findBy([…])`, `findOneByName($name)`; None if it is none, False if the repository has it itself."""
    method, given = step.method, step.arguments
    magic = _MAGIC.fullmatch(given[0].text) if method == "magic" and given else None
    if method in {"find", "findOneOrFail"} and given and given[0].kind != "map":
        builder.where.append(_compared(builder, builder.key_of(builder.table), given[0]))
    elif method in {"find", "findBy", "findOneBy", "count", "findOneOrFail"}:
        if given:
            builder.where += _criteria(builder, entity, given[0])
    elif method == "matching":
        builder.where.append(builder.hole())
    elif magic is not None:
        attribute = magic.group(2)[:1].lower() + magic.group(2)[1:]
        column = entity.columns.get(attribute)
        if column is None:
            return False
        value = given[1] if len(given) > 1 else Argument(kind="value")
        builder.where.append(_compared(builder, column, value))
    elif method != "findAll":
        return None
    return True


def _criteria(builder: Builder, entity: Entity, given: Argument) -> list[str]:
    if given.kind != "map":
        empty = given.kind == "list" and not given.items
        return [] if empty else [builder.hole()]
    parts: list[str] = []
    for name, value in mapping(given).items():
        column = entity.columns.get(name) or (name if name in _columns(builder) else None)
        parts.append(_compared(builder, column, value) if column is not None else builder.hole())
    return parts


def _columns(builder: Builder) -> Mapping[str, object]:
    known = builder.model.tables.get(builder.table)
    return known.columns if known is not None else {}


def _compared(builder: Builder, column: str, value: Argument) -> str:
    known = builder.model.tables.get(builder.table)
    if known is not None and column == known.tenant_column and value.kind == "value" and _CLIENT.search(value.text):
        builder.untrusted = value.text
    if value.kind in {"map", "closure", "dynamic"}:
        return builder.hole()
    return builder.compare(column, value)


def _all(builder: Builder, given: Sequence[Argument]) -> str:
    return builder.all_of(_condition(builder, one) for one in given) if given else builder.hole()


def _condition(builder: Builder, given: Argument) -> str:
    """A condition in DQL or SQL, as text or put together with `expr()`."""
    if given.kind == "text":
        return given.text
    if given.kind == "dynamic":
        text = _NAMED.sub(lambda _: builder.parameter(), given.text)
        bare = "{" in re.sub(r"'[^']*'", "", text)
        text = re.sub(r"\{[^{}]*\}", lambda _: builder.hole(), text)
        return f"({text}) AND ({builder.hole()})" if bare else text
    if given.kind == "term":
        items = [item for item in given.items if item.kind != "value" or not item.text.endswith("expr()")]
        if given.text in {"and", "andX"}:
            return builder.all_of(_condition(builder, item) for item in items)
        if given.text in {"or", "orX"}:
            return f"({builder.any_of(_condition(builder, item) for item in items)})"
        if given.text in _SIGNS and len(items) == 2 and items[0].kind == "text":
            return f"{items[0].text} {_SIGNS[given.text]} {_operand(builder, items[1])}"
        if given.text in {"isNull", "isNotNull"} and items and items[0].kind == "text":
            return f"{items[0].text} IS {'NOT ' if given.text == 'isNotNull' else ''}NULL"
        return builder.hole()
    return _expression(builder, given.text, 0) if given.kind == "value" else builder.hole()


def _expression(builder: Builder, text: str, depth: int) -> str:
    """`$qb->expr()->orX($qb->expr()->eq('b.fleet', ':f'), …)` as it is written."""
    found = _EXPRESSION.fullmatch(text.strip())
    parts = _split(found.group(2)) if found is not None else []
    if found is None or not parts or depth > 6:
        literal = re.fullmatch(r"'([^']*)'|\"([^\"$]*)\"", text.strip())
        return (literal.group(1) or literal.group(2) or builder.hole()) if literal is not None else builder.hole()
    sign = found.group(1)
    if sign in {"andX", "orX"}:
        inner = [_expression(builder, part, depth + 1) for part in parts]
        return builder.all_of(inner) if sign == "andX" else f"({builder.any_of(inner)})"
    column = re.fullmatch(r"['\"]([\w.]+)['\"]", parts[0])
    if column is None:
        return builder.hole()
    if sign == "in":
        return f"{column.group(1)} IN ({builder.parameter()})"
    if sign in {"isNull", "isNotNull"}:
        return f"{column.group(1)} IS {'NOT ' if sign == 'isNotNull' else ''}NULL"
    if sign == "eq" and len(parts) > 1:
        value = re.fullmatch(
            r"['\"](:\w+|\?\d*|\w+\.\w+)['\"]|.*create(?:Named|Positional)Parameter.*", parts[1], re.DOTALL
        )
        return f"{column.group(1)} = {(value.group(1) or builder.parameter()) if value is not None else builder.hole()}"
    return f"{column.group(1)} <> {builder.parameter()}"


def _split(text: str) -> list[str]:
    """The arguments of a call, as written."""
    parts: list[str] = []
    depth, start, quote = 0, 0, ""
    for position, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
        else:
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(letter, 0)
    return [part for part in (*parts, text[start:].strip()) if part]


def _operand(builder: Builder, given: Argument) -> str:
    """The other side: a parameter, a column, or what is put in."""
    if given.kind == "text":
        return given.text if re.fullmatch(r":\w+|\?\d*|\w+\.\w+|\d+|'[^']*'", given.text) else builder.hole()
    if given.kind == "value" and re.search(r"create(?:Named|Positional)Parameter|->literal\(", given.text):
        return builder.parameter()
    return builder.hole()


def _written(builder: Builder, given: Argument) -> str:
    if given.kind == "text" and re.fullmatch(r"[:?]\w*|\w+\.\w+|'[^']*'|\d+", given.text):
        return given.text
    return builder.parameter()


def _remember(builder: Builder, entity: Entity, alias: str, where: str) -> None:
    """Relations that conditions compare with a value: whose row that is, something has checked."""
    for name, attribute in _BOUND.findall(where):
        column = entity.columns.get(attribute)
        if name == alias and column is not None and attribute in entity.relations:
            builder.remember(column, Argument(kind="value", text=attribute))


def dbal(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`$connection->createQueryBuilder()->from('boats', 'b')->where(…)`, `$connection->delete('boats', […])`."""
    verb, alias, joins = "SELECT", "", ""
    where: str | None = None
    assigned: list[tuple[str, str]] = []
    for step in steps:
        method, given = step.method, step.arguments
        texts = [one.text for one in given if one.kind == "text"]
        if method in {"insert_row", "update_rows", "delete_rows", "replace_row"}:
            return [_short(builder, method, given)]
        if method in {"from", "delete", "update", "insert"} and texts:
            verb = verb if method == "from" else method.upper()
            alias = texts[1] if len(texts) > 1 else alias
        elif method in _JOINS and len(texts) >= 3:
            kind = "LEFT JOIN" if method == "leftJoin" else "RIGHT JOIN" if method == "rightJoin" else "JOIN"
            on = _condition(builder, given[3]) if len(given) > 3 else builder.hole()
            joins += f" {kind} {texts[1]} {texts[2]} ON {on}"
        elif method in {"where", "andWhere", "orWhere"}:
            part = _all(builder, given)
            beside = method == "orWhere" and where is not None
            where = part if method == "where" or where is None else f"({where}) {'OR' if beside else 'AND'} ({part})"
        elif method in {"set", "setValue"} and texts:
            assigned.append((texts[0].rpartition(".")[2], builder.parameter()))
        elif method == "values" and given:
            assigned += builder.assignments(mapping(given[0]))[0]
        elif method not in _SILENT and method not in RUNS and method not in _JOINS:
            where = f"({where}) AND ({builder.hole()})" if where else builder.hole()
    if not any(step.method in RUNS for step in steps):
        where = f"({where}) AND ({builder.hole()})" if where else builder.hole()
    if verb == "INSERT":
        return [builder.insert(assigned)]
    tail = f" WHERE {where}" if where else ""
    source = f"{builder.ident(builder.table)} {alias}".rstrip()
    if verb == "DELETE":
        return [f"DELETE FROM {source}{tail}"]
    if verb == "UPDATE":
        sets = ", ".join(f"{builder.ident(name)} = {value}" for name, value in assigned) or f"{builder.hole()} = 1"
        return [f"UPDATE {source} SET {sets}{tail}"]
    return [f"SELECT * FROM {source}{joins}{tail}"]


def _short(builder: Builder, method: str, given: Sequence[Argument]) -> str | None:
    """`insert($table, $row)`, `update($table, $row, $criteria)`, `delete($table, $criteria)`."""
    if method not in {"insert_row", "replace_row"}:
        keys = given[0] if method == "delete_rows" else given[1] if len(given) > 1 else None
        pairs = mapping(keys) if keys is not None and keys.kind == "map" else None
        found = [_compared(builder, name, value) for name, value in pairs.items()] if pairs is not None else []
        builder.where += found if pairs else [builder.hole()]
    if method == "delete_rows":
        return builder.delete()
    assigned, dynamic = builder.assignments(mapping(given[0]))
    dynamic = dynamic or given[0].kind != "map"
    if method == "update_rows":
        return builder.update(assigned, whole=dynamic)
    known = builder.model.tables.get(builder.table)
    key = known.primary_key if known is not None and method == "replace_row" else None
    return builder.insert(assigned, dynamic=dynamic, conflict=key)
