"""LINQ on Entity Framework as the SQL it stands for: chains of methods with lambdas, and query expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from lints.extract.chains.linq import READS
from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.stores import linq_writes
from lints.stores.linq_conditions import LAMBDA, Names, condition, member, value_of
from lints.stores.orm_sql import Builder
from lints.tenancy import Model

_FILTERS = regex(
    r"(?:Where|First|FirstOrDefault|Single|SingleOrDefault|Any|Count|LongCount|Last|LastOrDefault)(?:Async)?"
)
_RUNS = regex(
    r"from$|To(?:List|Array|Dictionary|HashSet|Lookup)|Select|OrderBy|Max|Min|Sum|Average|As(?:Async)?Enumerable|Skip"
    r"|Take|Distinct|GroupBy|All(?:Async)?$|Contains(?:Async)?$|ElementAt|ThenBy|ForEach(?:Async)?$|ProjectTo|\w*Pag(?:e|ed|inat\w*)(?:[A-Z]\w*)?$"
)
_SILENT = regex(
    r"As\w+|(?:Then)?Include\w*|TagWith\w*|ConfigureAwait|Cast|OfType|Reverse|Load\w*|DefaultIfEmpty|Temporal\w*"
    r"|IgnoreQueryFilters|IgnoreAutoIncludes|GetDbSet(?:Async)?|(?:Get)?Query(?:able)?(?:Async)?|Sort\w*|WithDetails\w*"
    r"|AutoInclude|WithPartitionKey|With(?:Cancellation|Lock|NoLock)\w*|Cacheable|FromCache\w*|Append|Prepend"
)
"""Calls that say nothing of whose rows there are."""
_IN_BULK = regex(r"(?:Batch)?(?:Update|Delete)(?:FromQuery)?Async|Batch(?:Update|Delete)|(?:Update|Delete)FromQuery")
"""What libraries beside Entity Framework call `ExecuteUpdate` and `ExecuteDelete`."""
_NO_FILTER = regex(
    r"(?:\w+\.)*(?:ct|cts?\.Token|\w*[cC]ancell?(?:ation)?(?:Token)?|\w*[tT]oken|default|None|RequestAborted)(?:\([^()]*\))?"
    r"|true|false|\w*[tT]rack\w*|\w*[iI]nclude\w*"
)
"""Arguments that are no conditions."""
_NO_ROW = regex(r"(?:[iI]ds?|[kK]eys?|[gG]uid|pec\w*|redicate|xpression)$")
"""What a key, a specification or a condition is called."""
_WRITES = frozenset({"Add", "AddAsync", "AddRange", "AddRangeAsync", "Update", "UpdateRange", "Attach", "Entry"})
_NAMES_TENANT = regex(r"tenant|organi[sz]ation|workspace|company|account|owner", re.IGNORECASE)
_FILTERS_NAMED = regex(r"(?:new\s*\w*\s*(?:\[\])?\s*)?[\[{]\s*(?:[\w.]+|\"\w+\")(?:\s*,\s*(?:[\w.]+|\"\w+\"))*\s*[\]}]")
_PUT = regex(r"(Add|Update|Attach|Remove)(Sent|Unseen|New|Handed)(?<!UpdateNew)(?<!RemoveNew)")
_FIELD = regex(r"(\w+)\s*=(?!=)\s*(.+)", re.DOTALL)
_CLIENTS = regex(r"(?:\w*[dD]to|req(?:uest)?|[mM]odel|input|body|payload|command|cmd|vm|viewModel)[?!]?\.")
"""What a handler calls what a client sends."""
_CALL = regex(r"\s*[?!]?\.\s*(\w+)(?:<[^<>()]{1,80}>)?\(")
_CLAUSES = regex(r"\b(from|join|let|where|orderby|select|group)\b")
_SOURCE = regex(r"(?:\w+\.)*(?:Set<(?:\w+\.)*(\w+)>\(\)|(\w+))(?:\.(?:As\w+|Include|IgnoreQueryFilters)\([^()]*\))*")
_OF_REPOSITORY = regex(
    r"\(?(?:await\s+)?(?:\w+\.)*_?(\w+?)Repo(?:sitory)?\.(?:GetAll|GetQueryable|Table(?:NoTracking)?|Query(?:able)?)"
    r"(?:Async)?(?:\(\))?\)?(?:\.As\w+\(\))*"
)
_JOIN = regex(r"(?:\w+\s+)?(\w+)\s+in\s+(.+?)\s+on\s+(.+?)\s+equals\s+(.+?)(?:\s+into\s+(\w+))?\s*", re.DOTALL)
_FROM = regex(r"(?:\w+\s+)?(\w+)\s+in\s+(.+)", re.DOTALL)
_WORDS = regex(r"'[^']*'|\"[^\"]*\"|\[[^\]]*\]|`[^`]*`|[@:$#]\w+|\w+")


def with_sets(text: str, model: Model, entities: Mapping[str, Entity]) -> str:
    """A statement in text with what Entity Framework declares in mixed case quoted: its database folds no name."""
    if model.dialect != "postgres":
        return text
    words = {word.lower() for word in re.findall(r"\w+", text)}
    met = [e for e in entities.values() if e.table.lower() in words - model.tables.keys()]
    if not met:
        return text
    stored = {name.lower(): name for e in met for name in (e.table, *e.columns.values()) if name != name.lower()}

    def quoted(found: re.Match[str]) -> str:
        name = stored.get(found.group().lower())
        return f'"{name}"' if name is not None else found.group()

    return _WORDS.sub(quoted, text)


def framework(builder: Builder, steps: Sequence[OrmStep]) -> list[str | None]:
    """`Boats.Where(b => b.TenantId == tenant)`, `from b in Boats where b.TenantId == tenant select b`."""
    methods = [step.method for step in steps]
    names = Names({})
    if methods and (put := _PUT.fullmatch(methods[0]) or _PUT.fullmatch(methods[-1])) is not None:
        put_in = steps[0] if put.string == methods[0] else steps[-1]
        for step in steps[1:] if put_in is steps[0] else ():  # `Updateable(boat).Where(b => …)`
            found = LAMBDA.fullmatch(step.arguments[0].text) if step.arguments else None
            if step.method == "Where" and found is not None:
                builder.where.append(condition(names.with_(found.group(1), builder), builder, found.group(2)))
        return _put(builder, put, [argument.text for argument in put_in.arguments])
    current: Builder | None = builder
    if builder.entity is not None and all(s.method != "IgnoreQueryFilters" or keeps_tenant(s) for s in steps):
        _own_filter(builder, names)
    runs = False
    if builder.where and any(step.method in {"Find", "FindAsync"} for step in steps):
        builder.taken = "a row that the context holds already was loaded through its filter"
    steps = [step for step in steps if step.method != "IgnoreQueryFilters"]
    change = linq_writes.Change(builder, names)
    steps = change.begun(steps)
    first = steps[0] if steps else None
    for step in steps:
        given = [argument.text for argument in step.arguments]
        method = step.method
        if method in {"RemoveNew", "UpdateNew"}:
            _by_made(builder, given[0])
            return [builder.delete() if method == "RemoveNew" else builder.update([])] if builder.where else []
        if change.takes(method, given):
            runs = True
            continue
        ends = linq_writes.ENDS.fullmatch(method) is not None and (bool(builder.where) or "=>" in "".join(given[:1]))
        if method.startswith("FromSql") or (method in _WRITES and not ends) or method in {"Remove", "RemoveRange"}:
            return []
        if (
            not ends
            and (step is first or re.fullmatch(r"(?:Find|Get)(?:ById)?(?:Async)?", method) is not None)
            and READS.fullmatch(method)
            and not _FILTERS.fullmatch(method)
        ):
            if method.startswith(("Delete", "Remove")) and _is_row(given):
                return []  # which is judged where it is loaded
            if not _SILENT.fullmatch(method) or (given and "=>" in given[0]):
                runs = True
                _by_repository(builder, given, names, current, keyed=method.startswith(("Find", "Get", "Delete")))
            if method.startswith(("Delete", "Remove")):
                return [builder.delete()]
        elif method == "from":
            current = _expression(builder, current, given[0] if given else "", names)
            runs = True
        elif _FILTERS.fullmatch(method):
            runs = True
            found = LAMBDA.fullmatch(given[0]) if given else None
            if found is not None:
                builder.where.append(condition(names.with_(found.group(1), current), builder, found.group(2)))
            elif given and (method.startswith("Where") or not _NO_FILTER.fullmatch(given[0].strip())):
                builder.where.append(builder.hole())
        elif method in {"WhereIf", "ConditionalWhere"} and len(given) > 1:
            runs = True
            given = given[::-1] if "=>" in given[0] else given  # the condition may come first
            found = LAMBDA.fullmatch(given[1])
            said = (
                condition(names.with_(found.group(1), current), builder, found.group(2))
                if found is not None
                else builder.hole()
            )
            builder.where.append(said if given[0] == "true" else f"({builder.parameter()} IS NULL OR {said})")
        elif method.startswith("ExecuteDelete"):
            return [builder.delete()]
        elif method.startswith("ExecuteUpdate"):
            change.setters(given)
            return [change.update()]
        elif ends or _IN_BULK.fullmatch(method):
            change.ends(given)
            return [builder.delete() if "Delete" in method else change.update()]
        elif method in {"Join", "GroupJoin", "Union", "Concat", "Except", "Intersect"}:
            builder.where.append(builder.hole())
            current = None
        elif _RUNS.match(method):
            runs = True
            if method.startswith(("Select", "GroupBy", "ProjectTo")):
                current = None
        elif not _SILENT.fullmatch(method):
            runs = True
            _extended(builder, method, names, current)
    return [change.statement()] if runs or change.verb else []


def over(builder: Builder, steps: Sequence[OrmStep], text: str) -> str:
    """A statement that `FromSqlRaw` hands to a set, with what the set's filter and what is called on it add to it."""
    method = next((step.method for step in steps if step.method.startswith("FromSql")), "")
    builder.counter = [9_000]  # whose placeholders are none of the statement's
    framework(builder, [step for step in steps if step.method != method])
    if not builder.where or builder.joins or not text.lstrip()[:7].lower().startswith(("select", "with")):
        return text
    rows = builder.ident(builder.alias or builder.table)
    return f"SELECT {rows}.* FROM ({text.rstrip().rstrip(';')}) AS {rows}{builder.condition()}"  # noqa: S608 - judged


def keeps_tenant(step: OrmStep) -> bool:
    """Whether filters are taken away by their names, and none of these is the tenant's:
    `IgnoreQueryFilters([Filters.SoftDelete])`."""
    text = step.arguments[0].text if step.method == "IgnoreQueryFilters" and step.arguments else ""
    return bool(text) and _NAMES_TENANT.search(text) is None and _FILTERS_NAMED.fullmatch(text.strip()) is not None


def _put(builder: Builder, put: re.Match[str], given: Sequence[str]) -> list[str | None]:
    """A row that is put into a set: by the fields it is made with, by who sent it, or unseen."""
    verb, how = put.groups()
    if how == "Handed":  # whose it is is for whoever loaded it to know: here it goes by its key alone
        builder.where.append(f"{builder.qualified(builder.key_of(builder.table))} = {builder.parameter()}")
        builder.held = True
        return [builder.delete() if verb == "Remove" else builder.update([], whole=True)]
    fields = {
        found.group(1): Argument(kind="value", text=found.group(2).strip())
        for text in given[1:]
        for part in _parts(text)
        if (found := _FIELD.fullmatch(part)) is not None
    }
    assigned, _ = builder.assignments(fields)
    known = builder.model.tables.get(builder.table)
    tenant = known.tenant_column if known is not None else None
    spelled = (tenant or "").replace("_", "").lower()
    assigned = [(tenant if tenant and name.replace("_", "").lower() == spelled else name, v) for name, v in assigned]
    column = next((name for name in fields if spelled and name.lower() == spelled), None)
    if column is not None and _CLIENTS.match(fields[column].text):
        builder.untrusted = fields[column].text
    if how == "Sent" and (verb != "Add" or tenant not in dict(assigned)):
        builder.raw, builder.by_client_key = given[0], verb != "Add"
        return []
    if how == "Unseen" and tenant not in dict(assigned):
        told = any(part.replace("_", "").lower().endswith(spelled) for part in re.findall(r"\w+", given[0]))
        if tenant is None or not told:
            return [None]
        assigned = [*assigned, (tenant, builder.parameter())]
    return [builder.insert(assigned)] if assigned else [None]


def _parts(text: str) -> list[str]:
    """The fields of an initializer, split at the commas outside brackets."""
    flat = _blanked(text)
    marks = [-1, *(found.start() for found in re.finditer(",", flat)), len(text)]
    return [text[one + 1 : two].strip() for one, two in pairwise(marks)]


def _by_made(builder: Builder, text: str) -> None:
    """The key that a row is made with, only to be named by it: nothing else of it is compared."""
    known = builder.model.tables.get(builder.table)
    builder.where.clear()
    for name, value in re.findall(r"(\w+)\s*=(?!=)\s*([^,{}]+)", text):
        column = builder.column(name)
        if column is not None and known is not None and column in known.primary_key:
            builder.where.append(f"{builder.qualified(column)} = {value_of(Names({}), builder, value)}")


def _is_row(given: Sequence[str]) -> bool:
    """Whether a repository is handed a row, or rows, and no key, no lambda and no specification."""
    first = given[0].strip() if given else ""
    bare = re.fullmatch(r"(?:\w+[?!]?\.)*(\w+)[?!]?", first)
    return bare is not None and _NO_ROW.search(bare.group(1)) is None


def _by_repository(
    builder: Builder, given: Sequence[str], names: Names, current: Builder | None, *, keyed: bool
) -> None:
    """`GetListAsync(b => …)`, `GetByIdAsync(id)`, `ListAsync(new BoatsOf(tenant))` of a generic repository."""
    first = given[0].strip() if given else ""
    found = LAMBDA.fullmatch(first)
    made = re.fullmatch(r"(?:new[^{}]{0,20})?[\[{]\s*([\w.?!]+)\s*[\]}]", first)
    first = made.group(1) if made is not None and keyed else first
    if found is not None and found.group(2).startswith(f"{found.group(1)}."):
        builder.where += _narrowed(builder, names, current, found.group(1), found.group(2))
    elif found is not None:
        builder.where.append(condition(names.with_(found.group(1), current), builder, found.group(2)))
    elif first and not _NO_FILTER.fullmatch(first):
        key = re.fullmatch(r"[\w.?!()\[\]\"]+", first) is not None and "pec" not in first and "redicate" not in first
        own = f"{builder.qualified(builder.key_of(builder.table))} = {builder.parameter()}"
        builder.where.append(own if keyed and key else builder.hole())


def _narrowed(builder: Builder, names: Names, current: Builder | None, query: str, text: str) -> list[str]:
    """The conditions of `query => query.Where(b => …).OrderBy(b => …)`; of `b => b.Afloat` that of the row itself."""
    calls = list(_calls(text[len(query) :]))
    if not calls or not (_FILTERS.fullmatch(calls[0][0]) or _RUNS.match(calls[0][0]) or _SILENT.fullmatch(calls[0][0])):
        return [condition(names.with_(query, current), builder, text)]
    parts: list[str] = []
    for method, given in calls:
        found = LAMBDA.fullmatch(given)
        if _FILTERS.fullmatch(method) and found is not None:
            parts.append(condition(names.with_(found.group(1), current), builder, found.group(2)))
        elif not _RUNS.match(method) and not _SILENT.fullmatch(method):
            parts.append(builder.hole())
    return parts


def _calls(text: str) -> Iterator[tuple[str, str]]:
    """(method, what stands in its brackets) of `.Where(…).OrderBy(…)`."""
    at = 0
    while (call := _CALL.match(text, at)) is not None:
        depth, end = 1, call.end()
        while end < len(text) and depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        yield call.group(1), text[call.end() : end - 1]
        at = end


def _extended(builder: Builder, method: str, names: Names, current: Builder | None) -> None:
    """A method that the project adds to queries: what it compares, if that is to be seen."""
    added = builder.entity.methods.get(method) if builder.entity is not None else None
    for text in added if added is not None else ("",):
        found = LAMBDA.fullmatch(text)
        builder.where.append(
            condition(names.with_(found.group(1), current), builder, found.group(2))
            if found is not None
            else builder.hole()
        )


def _own_filter(builder: Builder, names: Names) -> None:
    """What the context puts on every query of the entity."""
    entity = builder.entity
    found = LAMBDA.fullmatch(entity.condition) if entity is not None and entity.condition else None
    if found is not None:
        builder.where.append(condition(names.with_(found.group(1), builder), builder, found.group(2)))
    known = builder.model.tables.get(builder.table)
    column = known.tenant_column if known is not None else None
    place = entity.scopes.get(column) or entity.scopes.get("*") if entity is not None and column is not None else None
    builder.scope = f"{column}, which the context compares in every query ({place})" if place else None


def _expression(builder: Builder, current: Builder | None, text: str, names: Names) -> Builder | None:
    """The clauses of a query expression; returns what its rows are, if they are rows of a table."""
    result = current
    for position, (word, clause) in enumerate(_clauses(text)):
        if word == "from":
            found = _FROM.fullmatch(clause)
            if found is None:
                builder.where.append(builder.hole())
            elif position == 0:
                names.known[found.group(1)] = current
                if current is builder and builder.alias is None and not builder.where:
                    builder.alias = found.group(1)
            else:
                _further(builder, found.group(1), found.group(2).strip(), names)
        elif word == "join":
            _join(builder, clause, names)
        elif word == "where":
            builder.where.append(condition(names, builder, clause))
        elif word == "let":
            names.known[clause.split()[0] if clause.split() else ""] = None
        elif word == "select":
            result = names.known.get(clause.strip().rstrip(";)"))
        elif word == "group":
            result = None
    return result


def _clauses(text: str) -> Iterator[tuple[str, str]]:
    """(keyword, what follows it) of each clause; what stands in brackets and strings belongs to its clause."""
    flat = _blanked(text)
    marks = [(found.start(), found.end(), found.group(1)) for found in _CLAUSES.finditer(flat)]
    for position, (_, end, word) in enumerate(marks):
        stop = marks[position + 1][0] if position + 1 < len(marks) else len(text)
        yield word, text[end:stop].strip()


def _blanked(text: str) -> str:
    """The text with spaces in place of strings and of everything in brackets."""
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"', lambda found: " " * len(found.group()), text)
    out: list[str] = []
    depth = 0
    for letter in text:
        depth -= letter in ")]}" and depth > 0
        out.append(letter if depth == 0 else " ")
        depth += letter in "([{"
    return "".join(out)


def _further(builder: Builder, name: str, source: str, names: Names) -> None:
    """A second `from`: rows of a group join (`g.DefaultIfEmpty()`), another set, a collection of a row."""
    group = re.fullmatch(r"(\w+)(?:\.DefaultIfEmpty\(\))?", source)
    if group is not None and group.group(1) in names.known:
        names.known[name] = names.known[group.group(1)]
        return
    inner = _set(builder, source, name)
    names.known[name] = inner
    if inner is not None:
        builder.joins.append(f"CROSS JOIN {inner.source()}")


def _set(builder: Builder, source: str, alias: str) -> Builder | None:
    """The rows of another set of the context, under an alias."""
    found = _SOURCE.fullmatch(source.strip())
    wanted = (found.group(1) or found.group(2)) if found is not None else ""
    entity = builder.entities.get(wanted)
    if entity is None and (held := _OF_REPOSITORY.fullmatch(source.strip())) is not None:
        entity = builder.entities.get(held.group(1)[:1].upper() + held.group(1)[1:])
    if entity is None:
        return None
    return Builder(
        builder.model, builder.entities, entity.table, entity, alias=alias, counter=builder.counter, root=builder
    )


def _join(builder: Builder, clause: str, names: Names) -> None:
    found = _JOIN.fullmatch(" ".join(clause.split()))
    if found is None:
        builder.where.append(builder.hole())
        return
    name, source, left, right, group = found.groups()
    inner = _set(builder, source, name)
    names.known[group or name] = inner
    if inner is None:  # rows of another query, which may be those of one tenant
        builder.where.append(builder.hole())
        return
    seen = names.with_(name, inner)
    pairs = zip(_keys(left), _keys(right), strict=False)
    on = [_matched(_side(seen, builder, one), _side(seen, builder, two)) for one, two in pairs]
    builder.joins.append(f"{'LEFT JOIN' if group else 'JOIN'} {inner.source()} ON {' AND '.join(on) or builder.hole()}")


def _matched(one: str, two: str) -> str:
    """An equality of keys; two keys that are null are equal here, unlike in SQL."""
    if "NULL" in {one, two}:
        return f"{two if one == 'NULL' else one} IS NULL"
    return f"{one} = {two}"


def _side(names: Names, builder: Builder, text: str) -> str:
    text = re.sub(r"^\(\w+\??\)", "", text.strip())
    found = member(names, text)
    if found is not None:
        return found.sql
    if any(re.search(rf"\b{re.escape(name)}\b", text) for name in names.known if name):
        return builder.hole()
    return "NULL" if text == "null" else value_of(names, builder, text)


def _keys(text: str) -> list[str]:
    """`b.Id`, or the parts of `new { b.Id, X = b.TenantId }`."""
    text = text.strip()
    made = re.fullmatch(r"new\s*\{(.*)\}", text, re.DOTALL)
    if made is None:
        return [text]
    return [re.sub(r"^\s*\w+\s*=(?!=)", "", part).strip() for part in made.group(1).split(",")]
