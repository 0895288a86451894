"""Eloquent and Laravel's query builder as the SQL their calls stand for.

A closure is not followed: it stands for a condition, which matters if its text names a tenant's column or hands the
query on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lints.extract.chains.laravel import ATTACHES, DELETES, INSERTS, KEYED, PLAIN, RUNS, UPDATES
from lints.extract.chains.laravel_rows import CLIENT_SENT, FILLED, NEW, WIRED
from lints.extract.facts import Argument, OrmStep
from lints.extract.sqltext import names
from lints.patterns import regex
from lints.schema.eloquent_scopes import BODY, CALLED, CLIENT, OPENS, ROWS, SENT
from lints.schema.laravel import snake
from lints.stores.eloquent_closures import CLOSURE, argument, calls
from lints.stores.eloquent_paths import attached, tied
from lints.stores.eloquent_rows import filled, updated, upserted
from lints.stores.orm_sql import Builder, mapping, step_of
from lints.stores.taken import of_tenant, others

_BY_KEY = names("find findOrFail findMany findOr findOrNew findSole destroy forceDestroy whereKey")
_ESCAPES = names("withoutGlobalScope withoutGlobalScopes withoutTenancy allTenants withoutTenant")
_OF_ROWS = names(
    "attach detach sync syncWithoutDetaching syncWithPivotValues toggle updateExistingPivot save saveQuietly saveOrFail"
    " saveMany push associate dissociate"
)
"""What is done with a row that is held, or made."""
_BY_NUMBER = names("increment decrement touch restore incrementEach decrementEach updateFrom")
"""Updates of columns that are named, or of those of time."""
_GUARDED = names("create createQuietly createMany fillAndInsert")
"""Inserts that ask a model which columns may be filled."""
_OPERATORS = frozenset({"=", "==", "<=>", "<>", "!=", "<", "<=", ">", ">=", "like", "ilike", "not like", "in", "rlike"})
_OWN = regex(r"(?:factory|make|dispatch|instance|newInstance|fake|unguarded|observe)\b|(?:get|set|is|to|new)[A-Z]")
_HEAD = regex(r"\b(?:function|fn)\s*&?\s*\([^()]*\)")
_SOMETIMES = regex(r"\b(?:if|switch|match|when|unless|for|foreach|while)\s*\(|\?(?!->)|\breturn\s*;")
_QUOTED = regex(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_MAX_CLOSURE, _MAX_DEPTH = 4000, 6


def eloquent(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`Boat::where('tenant_id', $tenant)->find($id)`; what is put together elsewhere can't be seen."""
    condition: str | None = None
    whole = next((step for step in steps if step.method == FILLED), None)
    if whole is not None:
        taken, by, *new = whole.arguments
        pairs = [one.text.partition("=") for one in new if "=" in one.text]  # what is put into it, or set after it
        ours = next((value for name, _, value in pairs if builder.column(name) in of_tenant(builder)), None)
        made = any(one.text == NEW for one in new) or by.text[:1].isupper()
        if ours is not None and made:
            builder.untrusted = ours if CLIENT_SENT.fullmatch(ours) is not None else None
            return [builder.insert([(column, builder.parameter(ours)) for column in of_tenant(builder)])]
        if ours is not None and CLIENT_SENT.fullmatch(ours) is None:
            return []  # the tenant that the code itself says, whatever a client sent
        return filled(builder, taken, forced=by.text == "forceFill", made=made)

    def add(part: str | None, *, beside: bool = False) -> None:
        nonlocal condition
        if part is not None:
            sign = "OR" if beside else "AND"
            condition = f"({part})" if condition is None else f"{condition} {sign} ({part})"  # as it is sent: flat

    if len(steps) == 2 and steps[0].method == "@along" and steps[1].method in ATTACHES:
        return attached(builder, steps[0])
    local = builder.entity.methods if builder.entity is not None else {}
    first = steps[0].method if steps else ""
    known = first == "@along" or first in local or first in PLAIN or first in RUNS or _shaped(first)
    if not known and (len(steps) == 1 or _OWN.match(first)):
        return []  # a method of the model, not of its builder
    if local.get(first, ())[:1] == (ROWS,) or (steps and steps[-1].method in _OF_ROWS):
        return []
    written: list[tuple[str, str]] = []
    for step in steps:
        method, given = step.method, step.arguments
        if method == "@along":
            part, key = tied(builder, step)
            add(part if part != "TRUE" else None)
            written = [(key, builder.parameter())] if key is not None else []
        elif method in local:
            add(_named(builder, method))
            if "!" in local[method][:2] and step is steps[-1]:
                return _run(builder, "get", (), condition, steps)
        elif method in {"firstWhere", "where"} or _bare(method).startswith("where"):
            add(
                _condition(builder, _bare(method.replace("firstWhere", "where")), given), beside=method.startswith("or")
            )
        elif method in {"tap", "pipe"} and given and given[0].kind != "closure":
            add(builder.hole())  # what is called with the query may narrow it
        elif method in {"when", "unless"}:
            add(next((builder.hole() for one in given[1:] if _matters(builder, one)), None))
        elif method in {"join", "leftJoin", "rightJoin", "crossJoin", "joinSub", "leftJoinSub"}:
            _join(builder, method, given)
        elif re.fullmatch(r"(?:or)?(?:[hH]as|[dD]oesntHave)\w*", method):
            continue
        elif method not in PLAIN and method not in RUNS:
            add(_named(builder, method))
        if method in _BY_KEY and given:
            add(_by_key(builder, given[0]))
        if method in KEYED and given:
            add(_condition(builder, "where", given[:1]))
        if method == "upsert" and given:
            return [upserted(builder, given)]
        if method in RUNS:
            return _run(builder, method, given, condition, steps, written)
    if [step.method for step in steps] == ["query"] or not steps:
        return []
    add(builder.hole())  # whoever it is handed to may add to it
    return _run(builder, "get", (), condition, steps)


def _run(
    builder: Builder,
    method: str,
    given: Sequence[Argument],
    condition: str | None,
    steps: Sequence[OrmStep],
    written: Sequence[tuple[str, str]] = (),
) -> list[str | None]:
    if condition is not None:
        builder.where.append(condition)
    scopes = builder.entity.scopes if builder.entity is not None else {}
    known = builder.model.tables.get(builder.table)
    column = known.tenant_column if known is not None else None
    builder.escape = builder.escape or _released(scopes, steps, column)
    if column is not None and builder.escape is None:
        place = scopes.get(column) or scopes.get("*")
        builder.scope = f"{column}, which a scope of the model compares in every query ({place})" if place else None
    if method in DELETES:
        return [builder.delete()]
    if method in INSERTS:
        rows = given[0].items[:1] if given and given[0].kind == "list" else given[:1]
        assigned, dynamic = builder.assignments(mapping(rows[0] if rows else None))
        held = dict(written)
        if not assigned and column not in held and rows and rows[0].kind in {"value", "dynamic"}:
            return filled(builder, rows[0], forced=builder.entity is None or method not in _GUARDED, made=True)
        assigned = [*written, *((name, value) for name, value in assigned if name not in dict(written))]
        return [builder.insert(assigned, dynamic=dynamic)] if assigned else []
    if method in UPDATES or method in {"updateOrCreate", "updateOrInsert"}:
        values = mapping(given[-1]) if given else {}
        keys = mapping(given[0]) if method in KEYED and given else {}
        assigned, dynamic = builder.assignments({name: value for name, value in values.items() if name not in keys})
        last = given[-1] if given and method not in _BY_NUMBER else None
        if last is not None and last.kind in {"value", "dynamic"}:
            return updated(builder, last)
        whole = dynamic or "..." in values
        return [builder.update(assigned or ([] if whole else others(builder)), whole=whole)]
    return [builder.select()]


def _released(scopes: Mapping[str, str], steps: Sequence[OrmStep], column: str | None) -> str | None:
    """The call that takes the tenant's scope away; one that names another scope leaves it there."""
    for step in steps:
        if step.method not in _ESCAPES:
            continue
        given = [item for one in step.arguments for item in (one.items if one.kind == "list" else (one,))]
        called = [re.sub(r"(?:::|\.)class$", "", one.text).rpartition("\\")[2] for one in given]
        if not called or not all(_keeps(scopes, name, column) for name in called):
            return step.method
    return None


def _keeps(scopes: Mapping[str, str], name: str, column: str | None) -> bool:
    """Whether what is compared in every query stays where a scope of some name is taken away."""
    return name == "SoftDeletingScope" or column not in scopes.get(f"{CALLED}{name}", f" {column}").split()


def _bare(method: str) -> str:
    bare = re.sub(r"^(?:or|and)(?=Where)", "", method)
    return bare[:1].lower() + bare[1:]


def _columns_of_tenants(builder: Builder) -> set[str]:
    known = builder.model.tables.get(builder.table)
    own = {known.tenant_column} if known is not None and known.tenant_column is not None else set()
    return {*builder.model.tenant_columns, *own}


def _matters(builder: Builder, given: Argument) -> bool:
    """Whether a closure, or a condition that is written as code, may say something of the tenant."""
    if given.kind in {"null", "text"}:
        return given.kind == "text" and any(column in given.text for column in _columns_of_tenants(builder))
    text = given.text
    closure = CLOSURE.match(text)
    if closure is None:
        return True
    for column in _columns_of_tenants(builder):
        camel = "".join(part[:1].upper() + part[1:] for part in column.split("_"))
        if re.search(rf"(?<![A-Za-z0-9]){re.escape(column)}\b|[wW]here{camel}\b", text):
            return True
    handed = re.search(rf"[(,]\s*\${closure.group(1)}\s*[,)]", text[closure.end() + 1 :])
    if handed is not None:
        return True
    called = set(re.findall(rf"\${closure.group(1)}\s*->\s*(\w+)", text))
    local = builder.entity.methods if builder.entity is not None else {}
    return any(name not in PLAIN and name not in RUNS and name not in local and not _shaped(name) for name in called)


def _shaped(method: str) -> bool:
    return re.match(r"(?:or|and)?[wW]here|(?:or)?[hH]as|join|leftJoin|when|unless|on$|orOn$|upsert", method) is not None


def _neutral(builder: Builder) -> str:
    """A condition that can't say whose row it is."""
    return f"{builder.qualified(builder.key_of(builder.table))} > {builder.parameter()}"


def _opaque(builder: Builder, given: Argument) -> str:
    return builder.hole() if _matters(builder, given) else _neutral(builder)


def _by_key(builder: Builder, given: Argument) -> str:
    operator = "in" if given.kind == "list" and len(given.items) != 1 else "="
    _named_by_client(builder, builder.key_of(builder.table), given)
    return builder.compare(builder.key_of(builder.table), given, operator)


def _named_by_client(builder: Builder, column: str, value: Argument) -> None:
    """Remember that a client names the tenant: no comparison with that says whose rows they are."""
    known = builder.model.tables.get(builder.table)
    if known is not None and column == known.tenant_column and value.kind in {"value", "dynamic"}:
        text = value.text if "->" in value.text else value.text.replace(".", "->")
        found = SENT.fullmatch(text)
        builder.untrusted = text if found is not None or text.endswith(WIRED) else builder.untrusted


def _condition(builder: Builder, method: str, given: Sequence[Argument], depth: int = 0) -> str | None:
    if not given:
        return None
    first, rest = given[0], given[1:]
    if method == "where" and first.kind == "map":
        return builder.all_of(_compared(builder, name, value, "=") for name, value in mapping(first).items())
    if method == "where" and first.kind == "list":
        return builder.all_of(_listed(builder, first.items)) or builder.hole()
    if method in {"whereHas", "whereRelation", "whereDoesntHave", "whereHasMorph", "whereAttachedTo"}:
        return _related(builder, method, given, depth)
    if method == "where" and len(given) == 1 and (said := _closure(builder, first.text, depth + 1)) is not None:
        return said or None
    if method == "whereBelongsTo":
        return _belongs(builder, given)
    if method in {"whereRaw", "whereExists", "whereNotExists", "whereNot", "whereAny", "whereAll", "whereKeyNot"}:
        if method == "whereRaw" and first.kind == "text":
            return re.sub(r"\?|(?<![:\w]):\w+", lambda _: builder.parameter(), first.text)
        return _opaque(builder, first)
    if method == "whereKey":
        return _by_key(builder, first) if depth else None
    if method == "whereColumn" and len(given) >= 2 and first.kind == "text" and given[-1].kind == "text":
        return f"{_column(builder, first.text)} = {_column(builder, given[-1].text)}"
    if first.kind != "text":
        held = re.search(r"\.(\w+)$", first.text) if first.kind == "dynamic" and method == "where" else None
        if held is None or not rest:
            dynamic = _dynamic(builder, method, given)
            return dynamic if dynamic is not None else _opaque(builder, first)
        return _compared(builder, held.group(1), rest[-1], _sign(rest))
    if method == "where":
        return _compared(builder, first.text, rest[-1], _sign(rest)) if rest else builder.hole()
    if method.startswith("wherePivot"):
        return builder.hole() if first.text in _columns_of_tenants(builder) else None
    if method in {"whereNull", "whereNotNull"}:
        return f"{_column(builder, first.text)} IS {'NOT ' if 'Not' in method else ''}NULL"
    if method in {"whereIn", "whereIntegerInRaw"} and rest:
        if CLOSURE.match(rest[0].text):
            ours = first.text.rpartition(".")[2] in _columns_of_tenants(builder)
            return builder.hole() if ours else _neutral(builder)
        return _compared(builder, first.text, rest[0], "in")
    dynamic = _dynamic(builder, method, given)
    return dynamic or (f"{_column(builder, first.text)} > {builder.parameter()}" if "->" not in first.text else None)


def _listed(builder: Builder, items: Sequence[Argument]) -> list[str]:
    """`[['id', $id], ['fleet_id', '=', $fleet]]`, its inner lists one after the other."""
    found: list[str] = []
    rest = list(items)
    while rest:
        inner = list(rest[0].items) if rest[0].kind == "list" else []
        signed = len(rest) > 2 and rest[1].kind == "text" and rest[1].text.strip().lower() in _OPERATORS
        size = 1 if inner else 3 if signed else 2
        found.append(_condition(builder, "where", inner or rest[:size]) or builder.hole())
        rest = rest[size:]
    return found


def _sign(rest: Sequence[Argument]) -> str:
    written = rest[0].text.strip().lower() if len(rest) > 1 and rest[0].kind == "text" else "="
    return "=" if len(rest) < 2 else written if written in _OPERATORS else "<>"


def _compared(builder: Builder, name: str, value: Argument, sign: str) -> str:
    if not re.fullmatch(r"[\w.`]+", name):
        return builder.hole() if "->" not in name else _neutral(builder)
    if value.kind == "query" and sign in {"=", "in"} and (rows := _sub_select(builder, value)) is not None:
        return f"{_column(builder, name)} IN ({rows})"
    if sign in {"=", "==", "<=>", "in"}:
        bare = name.rpartition(".")[2].strip("`")
        if "." not in name or name.partition(".")[0] in {builder.table, builder.alias}:
            if sign == "in" and value.kind == "value":
                builder._remember_parent(bare)
            _named_by_client(builder, bare, value)
            return builder.compare(bare, value, "in" if sign == "in" else "=")
        return f"{_column(builder, name)} {'IN' if sign == 'in' else '='} ({builder.value(value)})"
    if value.kind == "null":
        return f"{_column(builder, name)} IS NOT NULL"
    return f"{_column(builder, name)} {'<>' if sign == '!=' else sign.upper()} {builder.value(value)}"


def _sub_select(builder: Builder, given: Argument) -> str | None:
    """The rows of a query that has not run, `Boat::where('fleet_id', $fleet)->select('id')`; None if it has."""
    steps = [step_of(item) for item in given.items if item.kind == "term"]
    entity = builder.entities.get(given.text) or builder.entities.get(given.text.rpartition("\\")[2])
    table = entity.table if entity is not None else given.text
    if not steps or steps[0].method == "@along" or any(step.method in RUNS for step in steps):
        return None
    if table not in builder.model.tables:
        return builder.hole()
    side = Builder(builder.model, builder.entities, table, entity, counter=builder.counter, sources=builder.sources)
    column, condition = side.key_of(table), ""
    for step in steps:
        bare = _bare(step.method)
        part: str | None = None
        if bare.startswith("where"):
            part = _condition(side, bare, step.arguments, 1)
        elif step.method == "select" and step.arguments and step.arguments[0].kind == "text":
            column = step.arguments[0].text.rpartition(".")[2]
        elif step.method not in PLAIN:
            part = _named(side, step.method)
        if part is not None:
            sign = "OR" if step.method.startswith("or") else "AND"
            condition = f"{condition} {sign} ({part})" if condition else f"({part})"
    if entity is not None and entity.scopes:
        side.where.append(side.hole())  # what the model puts on its queries
    side.where += [condition] if condition else []
    builder.relation_keys += [key for key in side.relation_keys if key not in builder.relation_keys]
    return f"SELECT {side.qualified(column)} FROM {side.source()}{side.condition()}"  # noqa: S608 - judged, never sent


def _column(builder: Builder, text: str) -> str:
    parts = [part for part in text.replace("`", "").split(".") if re.fullmatch(r"\w+", part)]
    if not parts:
        return builder.hole()
    return builder.qualified(parts[0]) if len(parts) == 1 else ".".join(builder.ident(part) for part in parts[-2:])


def _dynamic(builder: Builder, method: str, given: Sequence[Argument]) -> str | None:
    """`whereTenantId($id)`: the columns stand in the name; None if they are not there."""
    known = builder.model.tables.get(builder.table)
    named = [
        re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", part).lower()
        for part in re.split(r"And(?=[A-Z])", method.removeprefix("where"))
    ]
    if known is None or not all(name in known.columns for name in named):
        return None
    pairs = list(zip(named, [*given, *[Argument(kind="value")] * len(named)], strict=False))
    for name, value in pairs:
        _named_by_client(builder, name, value)
    return builder.all_of(builder.compare(name, value) for name, value in pairs)


def _related(builder: Builder, method: str, given: Sequence[Argument], depth: int = 0) -> str:
    """Conditions on the rows that a relation leads to."""
    entity, first = builder.entity, given[0]
    label, _, further = first.text.partition(" ")[0].partition(".") if first.kind == "text" else ("", "", "")
    target_name = (entity.relations.get(label) or entity.reverse.get(label)) if entity is not None else None
    target = builder.entities.get(target_name or "")
    rest = given[1:]
    if "Doesnt" in method or not rest:
        return _neutral(builder)
    text = " ".join(one.text for one in rest)
    if target is None or entity is None:
        along = {f"{snake(one)}_id" for one in first.text.split(".")} if first.kind == "text" else set()
        ours = bool(along & _columns_of_tenants(builder)) or _any_tenant(builder, text, target_name)
        return builder.hole() if ours else _neutral(builder)
    side = builder.inside(target)
    if further and depth < _MAX_DEPTH:
        said: str | None = _related(side, method, [Argument(kind="text", text=further), *rest], depth + 1)
    elif method == "whereRelation":
        said = _condition(side, "where", rest, depth + 1)
    else:
        said = _closure(side, rest[0].text, depth + 1)
        if said is None:
            return builder.hole() if _any_tenant(builder, text, target_name) else _neutral(builder)
    side.where += [said] if said else []
    if label in entity.relations:
        forward = builder.foreign_column(target.table)
        return builder.related(forward, target.table, side) if forward is not None and side.where else _neutral(builder)
    return builder.reverse(target, side) or _neutral(builder)


def _closure(builder: Builder, text: str, depth: int = 0) -> str | None:
    """What a closure puts on the query that it is handed; empty if nothing. None if it does so on some paths only, or
    hands the query on."""
    head = CLOSURE.match(text)
    body = text[head.end() :] if head is not None else ""
    if (
        head is None
        or depth > _MAX_DEPTH
        or len(text) > _MAX_CLOSURE
        or _SOMETIMES.search(_QUOTED.sub("''", body)) is not None
    ):
        return None
    if re.search(rf"[(,]\s*\${head.group(1)}\s*[,)]", _HEAD.sub("", body)) is not None:
        return None
    condition = ""
    for method, written in calls(body, head.group(1)):
        bare, given = _bare(method), [argument(one) for one in written]
        local = builder.entity.methods if builder.entity is not None else {}
        if method in local:
            part = _named(builder, method)
        elif bare.startswith("where"):
            part = _condition(builder, bare, given, depth)
        elif method in PLAIN or method in RUNS or _shaped(method):
            part = None
        else:
            part = builder.hole()
        if part:
            condition = (
                f"{condition} {'OR' if method.startswith('or') else 'AND'} ({part})" if condition else f"({part})"
            )
    return condition


def _any_tenant(builder: Builder, text: str, target: str | None) -> bool:
    entity = builder.entities.get(target or "")
    known = builder.model.tables.get(entity.table) if entity is not None else None
    key = known.primary_key if known is not None else ()
    return any(column in text for column in (*_columns_of_tenants(builder), *key))


def _belongs(builder: Builder, given: Sequence[Argument]) -> str:
    relation = given[1].text if len(given) > 1 and given[1].kind == "text" else given[0].text.rpartition(".")[2]
    relation = relation.lstrip("$").rpartition(">")[2]
    target = builder.entities.get(builder.entity.relations.get(relation, "")) if builder.entity is not None else None
    column = builder.foreign_column(target.table) if target is not None else None
    return builder.compare(column, Argument(kind="value", text=given[0].text)) if column is not None else builder.hole()


def _named(builder: Builder, method: str) -> str | None:
    """A local scope: what it compares, if it does so whenever it is called."""
    local = builder.entity.methods if builder.entity is not None else {}
    if method not in local:
        return builder.hole()
    sometimes = "?" in local[method][:2]
    known = builder.model.tables.get(builder.table)
    parts: list[str] = []
    for name in local[method]:
        if name.startswith(OPENS):
            scopes = builder.entity.scopes if builder.entity is not None else {}
            column = known.tenant_column if known is not None else None
            if name == OPENS or not _keeps(scopes, name.removeprefix(OPENS), column):
                builder.escape = method
            continue
        if name.startswith(CLIENT):
            builder.untrusted = name.removeprefix(CLIENT)
            continue
        if name.startswith(BODY):
            said = _closure(builder, name.removeprefix(BODY))
            parts.append(said if said is not None else builder.hole())
            continue
        ours = name.lstrip("~") in _columns_of_tenants(builder)
        if ours and (sometimes or name.startswith("~")):
            return builder.hole()
        if not sometimes and known is not None and name in known.columns:
            parts.append(builder.compare(name, Argument(kind="value")))
    return builder.all_of(part for part in parts if part) if any(parts) else None


def _join(builder: Builder, method: str, given: Sequence[Argument]) -> None:
    texts = [one.text for one in given[1:] if one.kind == "text"]
    if not given or given[0].kind != "text" or method.endswith("Sub"):
        return
    table, _, alias = given[0].text.partition(" as ")
    kind = {"leftJoin": "LEFT JOIN", "rightJoin": "RIGHT JOIN", "crossJoin": "CROSS JOIN"}.get(method, "JOIN")
    shown = f" AS {builder.ident(alias.strip())}" if alias else ""
    on = builder.hole()
    if len(texts) >= 2 and all(re.fullmatch(r"[\w.]+", side) for side in (texts[0], texts[-1])):
        on = f"{_column(builder, texts[0])} = {_column(builder, texts[-1])}"
    tail = "" if method == "crossJoin" else f" ON {on}"
    builder.joins.append(f"{kind} {builder.ident(table.strip())}{shown}{tail}")
