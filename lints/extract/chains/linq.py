"""Where a query over a set of Entity Framework begins, and which calls run it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from lints.extract.chains.linq_rows import put
from lints.extract.chains.parts import Asked, Begun, as_written
from lints.extract.sqltext import names
from lints.extract.values import Gap, Lit, Step, Value
from lints.patterns import regex

_OF_SET = r"(?:Set<(?:\w+\.)*(\w+)>\(\)|(\w+))$"
_SET = regex(
    r"(?:^|[.(\s!])(_?\w*(?:[cC]ontext|[cC]tx|[dD]b(?:[cC]ontext|[cC]tx|[sS]ession|[aA]ccess|\d+)?))(?:\(\))?[?!]?\."
    rf"{_OF_SET}"
)
_ANY_SET = regex(r"\w[?!]?\.Set<(?:\w+\.)*(\w+)>\(\)$")
_LINQ = names(
    "Where First FirstAsync FirstOrDefault FirstOrDefaultAsync Single SingleAsync SingleOrDefault SingleOrDefaultAsync"
    " Any AnyAsync Count CountAsync Find FindAsync ToList ToListAsync ToArrayAsync IgnoreQueryFilters Include"
    " AsNoTracking AsNoTrackingWithIdentityResolution AsSplitQuery TagWith Select SelectMany OrderBy OrderByDescending"
    " AsQueryable ExecuteDelete ExecuteDeleteAsync ExecuteUpdate ExecuteUpdateAsync Last LastAsync LastOrDefault"
    " LastOrDefaultAsync All AllAsync Max MaxAsync Min MinAsync Sum SumAsync Average AverageAsync LongCountAsync Skip"
    " Take Distinct GroupBy Join GroupJoin ToDictionaryAsync ToDictionary ToHashSetAsync ToArray AsAsyncEnumerable"
    " AsEnumerable ForEachAsync ThenBy Cast OfType ContainsAsync ElementAtAsync from WhereIf AsTracking ProjectTo"
    " LongCount"
)
READS = regex(
    r"(?:Get|Find|List|Query|Single|First|Any|Count|LongCount|Exists?|Delete|Remove|With(?:Details|Specification))"
    r"(?:All|One|By(?:Id|Key)|List|Queryable|Many|Where|OrDefault|Including)*(?:ReadOnly)?(?:Async)?"
)
"""What the generic repositories of .NET call their reads and deletes."""
RUNS = regex(
    r"(?:First|Single|Last|Find|Any|All|Count|LongCount|Max|Min|Sum|Average|ExecuteDelete|ExecuteUpdate|ElementAt|Contains"
    r"|To(?:List|Array|Dictionary|HashSet|Lookup))(?:OrDefault)?(?:Async)?"
    r"|(?:UniqueResult|List|ExecuteCommand|ExecuteAffrows|InSingle)(?:Async)?"
)
"""Calls that run a query: what is called on their result is no part of it."""
_STRANGER = regex(r"\b([A-Z]\w*)(?:<[^<>;(){}]{1,60}>)?\??\s+(_?(?:\w*[cC]ontext|\w*[cC]tx|db|Db))\s*[,;)]")
_NO_STORE = regex(
    r"(?:Validation|Http|Authorization\w*|Action\w*|Exception\w*|Consume|Resource\w*|Handler|Request|Security|Test|Host\w*"
    r"|Filter|Job\w*|Command|Page\w*|Message|Tag\w*|Model\w*|Hub\w*|Server\w*|Rendering|Mapping|Resolution|Token\w*)Context"
    r"|\w*(?:Dto|DTO|State|Model|Request|Response|Command|Event)"
)
"""Types of what is called a context, and is none of Entity Framework."""
_CONTEXT = regex(
    r"\b\w*(?:Context|Db|DB)\??\s+(\w+)\s*[,;)=]|\bvar\s+(\w+)\s*=[^;=]{0,120}?(?:\bCreateDbContext(?:Async)?\(|<\w*Context>\()"
)
_DECLARED = regex(r"\b(?:DbSet|ITable)<(?:\w+\.)*(\w+)>\??\s+(\w+)\s*(?:[;={,)]|$)", re.MULTILINE)
_REPOSITORY = regex(
    r"\b(?!I?(?:User|Role|Password|Login|Claim|Token|Key|Data|(?:In)?Memory)\w{0,20}Store<)"
    r"I?\w*(?:Repository(?:Base)?|EfRepo\w*|Store|Dao|DataAccess)<([\w., ?]{1,160})>\??\s+(\w+)\s*[;={,)]"
)
_CLASS = regex(
    r"^[ \t]*(?:\w+[ \t]+){0,4}class\s+\w+(?:<[^<>{]{0,80}>)?\s*(?:\([^()]{0,600}\))?"
    r"(?:\s*:\s*(?:\w+\.)*\w*Repository\w*<([^<>{]{1,200})>)?",
    re.MULTILINE,
)
_NO_ENTITY = regex(r"I?\w*(?:Context|Module)|[a-z]\w*|Guid|String|Int\d\d|T\w{0,7}Key|TKey|T[A-Z]\w*|T")
_TABLES = names("Table TableNoTracking Entities DbSet Query Queryable")
"""What generic repositories call the rows that they are of."""
_UNIT = regex(r"\b(?:Get)?Repository(?:Async)?<(?:\w+\.)*(\w+)(?:,[^<>]{1,80})?>\(\)$")
_OWN_SET = regex(r"(?:^|\.)(?:Table(?:NoTracking)?|_?[dD]bSet|_?Entities|_entities|_set)$")
_OWN_CALL = names("GetDbSetAsync GetDbSet GetQueryableAsync GetQueryable GetAll GetAllAsync Query AsQueryable")
_ROWS_OF = regex(
    r"(?:^|[.(\s!])_?\w*(?:[sS]ession|[cC]onn(?:ection)?|[cC]ontext|[cC]tx|[dD]b\w*|[sS]ql(?:ugar|Sugar)?\w*|[cC]ontainer|[sS]tore)(?:\(\))?[?!]?"
    r"\s*\.\s*(Query(?:able|Over)?|GetTable|Select|GetItemLinqQueryable|Linq|Table|Entities|CreateCriteria|Deleteable|Updateable"
    r"|Delete|Update)<(?:\w+\.)*(\w+)>\(([^()]{0,120})\)$"
)
"""Rows of a class where NHibernate, Marten, linq2db, SqlSugar, FreeSql or Cosmos is asked for them."""
_ROW_OF = regex(
    r"_?\w*(?:[sS]ession|[cC]onn(?:ection)?|[cC]ontext|[cC]tx|[dD]b\w*|[uU]ow|[uU]nitOfWork)[?!]?"
    r"\s*\.\s*(?:Find|Get|Load|GetAll|Single|First|QuerySingleById)(?:Async)?<(?:\w+\.)*(\w+)>\($"
)
"""A row of a class by its key: `db.FindAsync<Boat>(id)`, `session.Get<Boat>(id)`."""
PUTS = regex(
    r"(Add|Update|Attach|Remove)(?:Range)?(?:Async)?|Entry(Added|Modified|Deleted)"
    r"|(?:Bulk|Single)(Update|Delete|Merge|InsertOrUpdate)(?:Async)?"
)
"""What hands a row, or rows, to a context or to a set of it."""
_ENTRIES = {"Added": "Add", "Deleted": "Remove", "Delete": "Remove"}
_OF_CONTEXT = regex(r"(?:^|[.(\s!])_?\w*(?:[cC]ontext|[cC]tx|[dD]b\w*)[?!]?(?:\.(?:\w+|Set<[\w.]+>\(\)))?$")
_BY_KEY = regex(r"(?:Find|Get|Load|GetAll)(?:Async)?")
_MAX_BEFORE = 8000
_DISABLED = regex(
    r"\busing\s*(?:(\()\s*|(?:var|IDisposable)\s+\w+\s*=\s*)[\w.]{0,80}"
    r"(?:\.Disable<\w*Tenant\w*>\(\)|\.DisableFilter\([^()]{0,80}Tenant[^()]{0,80}\)|Tenant\.Change\(\s*null[^()]{0,40}\))"
)
"""Where ABP's filter by tenant is taken away."""
_TEXT = regex(r"[$@]*\"")
_CHANGES = names("Delete DeleteAsync Update UpdateAsync Set Value")
"""Calls of linq2db that change rows, which other libraries hand rows."""
_LIBRARIES = (b"Dapper", b"LinqToDB", b"RepoDb", b"SqlSugar", b"FreeSql", b"NHibernate", b"PetaPoco", b"NPoco")
_VERBS = regex(
    r"(Update|Delete|DeleteAll|SaveOrUpdate|Merge|Save|InsertOrReplace|InsertOrUpdate|Deleteable|Updateable|Storageable"
    r"|Query|QueryAll|GetList|SetSource)(?:Async)?"
)
_OF_CONNECTION = regex(
    r"(?:^|[.(\s!])_?\w*(?:[sS]ession|[cC]onn(?:ection)?|[dD]b\w*|[sS]ql(?:ugar|Sugar)\w*|[dD]atabase|Update<[\w.]+>\(\)|InsertOrUpdate<[\w.]+>\(\))"
    r"(?:\(\))?[?!]?$"
)
_OF_TYPE = regex(r"<(?:\w+\.)*(\w+)>(?:\(\)\s*\.\s*SetSource)?$")
_AGNOSTIC = regex(r"\b(?:tenantAgnostic|ignoreQueryFilters|(?:ignore|disable)Tenant\w*)\s*:\s*true\b")
"""What a wrapper is told that takes the tenant's filter away."""
_AFTER = regex(r"\s*\)?[?!]?\s*\.(\w+)")
_NARROWS = regex(
    r"(?:For|Of|By|With|In|Where|Filter|Apply|Visible|Accessible|Active|Not|Owned|Scoped)[A-Z]\w*|To\w+Async"
)
_TYPE_BEFORE = regex(r"\b([A-Z]\w*)(?:<(?:[^<>;(){}]|<[^<>;(){}]{0,60}>){0,80}>)?\??$")
_NO_SETS = names("Database ChangeTracker Model Connection Request Response User Items Session Features")


@dataclass(frozen=True, slots=True)
class _Held:
    """What the fields, parameters and variables of a file are declared as."""

    contexts: frozenset[str]
    strangers: frozenset[str]
    """What is called a context, and is declared to be something else."""
    sets: Mapping[str, str]
    repositories: Mapping[str, str]
    own: tuple[tuple[int, str], ...]
    """Where a class begins that is a repository itself, and the entity it is of; empty for any other class."""


def begun(asked: Asked) -> Begun | None:
    """The query that a call of C# begins; None for any other call."""
    made = _begun(asked)
    notes = asked.interpreter.notes
    if made is None:
        return None
    open_to_all = _AGNOSTIC.search(notes.text(asked.call.arguments_span)[-400:]) is not None
    if not open_to_all and not _released(notes.source, asked.call.span[0]):
        return made
    return Begun(made.kind, made.model, (Step("IgnoreQueryFilters", (), {}, asked.call.span), *made.steps))


def _released(source: bytes, position: int) -> bool:
    """Whether a place is where the tenant's filter is off: `using (_filter.Disable<IMultiTenant>()) { … }`."""
    if b"Tenant" not in source or not any(word in source for word in (b"Disable", b".Change(null")):
        return False
    text = source[max(0, position - _MAX_BEFORE) : position].decode("utf-8", "replace")
    for found in _DISABLED.finditer(text):
        depth = 0
        block = found.group(1) is not None
        opened = False
        inside = True
        for letter in text[found.end() :]:
            depth += {"{": 1, "}": -1}.get(letter, 0)
            opened = opened or letter == "{"
            if depth < 0 or (block and depth == 0 and letter in "};" and (opened or letter == ";")):
                inside = False
                break
        if inside:
            return True
    return False


def _begun(asked: Asked) -> Begun | None:
    call = asked.call
    notes = asked.interpreter.notes
    written = notes.text(call.receiver.span)[-160:] if call.receiver is not None else ""
    held = _held(notes.source)
    steps = (as_written(asked.interpreter, call, call.method),)
    if call.receiver is None:
        mine = _own(held, call.span[0]) if call.method in _OWN_CALL else ""
        return Begun("ef", mine, steps) if mine else None
    last = asked.path.rpartition(".")[2] if asked.path else written
    base, _, name = asked.path.rpartition(".")
    if name in _TABLES and base.rpartition(".")[2] in held.repositories and call.method in _LINQ:
        return Begun("ef", held.repositories[base.rpartition(".")[2]], steps)
    of_unit = _UNIT.search(written)
    of_repository = of_unit.group(1) if of_unit is not None else held.repositories.get(last)
    if of_repository is not None:
        return Begun("ef", of_repository, steps) if call.method in _LINQ or READS.fullmatch(call.method) else None
    puts = PUTS.fullmatch(call.method)
    lambdas = "=>" in notes.text(call.arguments_span)[:200]
    if puts is not None and call.arguments and not (puts.group(1) == "Update" and lambdas):
        of_context = _OF_CONTEXT.search(written) is not None or last in held.contexts
        verb = puts.group(1) or _ENTRIES.get(puts.group(2) or puts.group(3), "Update")
        handed = put(asked, verb, _set_of(asked, held, written, last), of_context)
        if handed is not None:
            return handed
    of_class = _ROWS_OF.search(written)
    if of_class is not None and call.method not in _NO_SETS and call.method != "SetSource":
        begins = Step(f"@{of_class.group(1)}", (Gap(of_class.group(3), call.receiver.span),), {}, call.span)
        return Begun("ef", of_class.group(2), (begins, *steps))
    if (written_by := _written(asked, written)) is not None:
        return written_by
    if _BY_KEY.fullmatch(call.method) and "HttpContext" not in written:
        whole = notes.source[call.receiver.span[0] : call.arguments_span[0] + 1].decode("utf-8", "replace")[-240:]
        row = _ROW_OF.search(whole)
        if row is not None and not (steps[0].arguments and _TEXT.match(_source(steps[0].arguments[0]))):
            method = "GetAll" if call.method.startswith("GetAll") else "Find"
            return Begun("ef", row.group(1), (as_written(asked.interpreter, call, method),))
    known = call.method in _LINQ or (lambdas and call.method in _CHANGES)
    if not known and not _narrows(notes.source, call.span[1], call.method):
        return None
    if last in held.sets and not _other_here(notes.source, call.span[0], last):
        return Begun("ef", held.sets[last], steps)
    mine = _own(held, call.span[0]) if _OWN_SET.search(asked.path) is not None else ""
    if mine:
        return Begun("ef", mine, steps)
    alias = asked.receiver.source if isinstance(asked.receiver, Gap) else ""
    for text in (written, asked.path, alias[-160:]):
        found = _named_set(held, text)
        if found is not None and (known or (found.group(3) or "A") not in _NO_SETS):
            return Begun("ef", found.group(2) or found.group(3), steps)
    of_any = _ANY_SET.search(written)  # of a context by another name
    return Begun("ef", of_any.group(1), steps) if of_any is not None else None


def _written(asked: Asked, written: str) -> Begun | None:
    """A row, or a key, that a library beside Entity Framework is handed: `connection.Update(boat)`."""
    call, notes = asked.call, asked.interpreter.notes
    verb = _VERBS.fullmatch(call.method)
    if verb is None or not any(name in notes.source for name in _LIBRARIES) or _OF_CONNECTION.search(written) is None:
        return None
    whole = notes.source[call.span[0] : call.arguments_span[0]].decode("utf-8", "replace")[-240:]
    named = _OF_TYPE.search(whole)
    of_class = named.group(1) if named is not None else ""
    first = as_written(asked.interpreter, call, call.method)
    said = _source(first.arguments[0]) if first.arguments else ""
    if of_class and (not call.arguments or re.match(r"\(?\w+\)?\s*=>|new\s*\{|[\w.]*[iI]ds?(?:\.Value)?$", said)):
        return None if _TEXT.match(said) else Begun("ef", of_class, (replace(first, method=f"@{verb.group(1)}"), first))
    if not call.arguments:
        return None
    does = "Remove" if verb.group(1) in {"Delete", "Deleteable"} else "Update"
    return put(asked, does, of_class, True) if verb.group(1) not in {"Query", "GetList", "DeleteAll"} else None


def _set_of(asked: Asked, held: _Held, written: str, last: str) -> str:
    """The set that a row is put into; empty if it is none."""
    if last in held.sets and not _other_here(asked.interpreter.notes.source, asked.call.span[0], last):
        return held.sets[last]
    for text in (written, asked.path):
        found = _named_set(held, text)
        if found is not None and (found.group(3) or "A") not in _NO_SETS:
            return found.group(2) or found.group(3)
    return ""


def _other_here(source: bytes, position: int, name: str) -> bool:
    """Whether a name that stands for a set elsewhere in a file is the parameter of another kind here."""
    before = source[max(0, position - _MAX_BEFORE) : position].decode("utf-8", "replace")
    said = list(re.finditer(rf"[ \t]{re.escape(name)}[ \t]*[,)=;]", before))
    for found in said[:-20:-1]:
        kind = _TYPE_BEFORE.search(before[max(0, found.start() - 160) : found.start()])
        if kind is not None:
            return kind.group(1) not in {"DbSet", "ITable", "IQueryable", "IIncludableQueryable"}
    return False


def _named_set(held: _Held, text: str) -> re.Match[str] | None:
    """(context, class or set) of `_db.Set<Boat>()`, `_db.Boats`."""
    found = _SET.search(text)
    if found is not None and found.group(1) in held.strangers:
        return None
    base, _, name = text.rpartition(".")
    if found is None and base in held.contexts and name[:1].isupper():
        found = re.fullmatch(rf"(\w+)\.{_OF_SET}", text)
    return found


def _source(value: Value) -> str:
    return value.source if isinstance(value, Gap) else value.text if isinstance(value, Lit) else ""


def _narrows(source: bytes, end: int, method: str) -> bool:
    """Whether a call that is none of LINQ's extends a query: one goes on behind it, or it is named so."""
    after = _AFTER.match(source[end : end + 200].decode("utf-8", "replace"))
    return (after is not None and after.group(1) in _LINQ and method[:1].isupper()) or bool(_NARROWS.fullmatch(method))


def _own(held: _Held, position: int) -> str:
    """The entity of the repository that a place stands in."""
    return next((entity for start, entity in reversed(held.own) if start < position), "")


def _entity(given: str) -> str:
    """What a generic repository is of, among its type arguments: `Boat` of `FleetContext, Boat, Guid`."""
    named = (part.strip().rpartition(".")[2] for part in given.split(","))
    return next((name for name in named if _NO_ENTITY.fullmatch(name) is None), "")


@lru_cache(maxsize=4)
def _held(source: bytes) -> _Held:
    text = source.decode("utf-8", "replace") if b"Context" in source or b"<" in source else ""
    own: list[tuple[int, str]] = []
    for found in _CLASS.finditer(text) if "Repository" in text else ():
        own.append((len(text[: found.start()].encode()), _entity(found.group(1) or "T")))
    typed = [(_NO_STORE.fullmatch(kind) is not None, name) for kind, name in _STRANGER.findall(text)]
    known = {name for other, name in typed if not other}
    return _Held(
        strangers=frozenset(name for other, name in typed if other and name not in known),
        contexts=frozenset(one or two for one, two in _CONTEXT.findall(text)),
        sets={name: entity for entity, name in _DECLARED.findall(text)},
        repositories={name: entity for of, name in _REPOSITORY.findall(text) if (entity := _entity(of))},
        own=tuple(own),
    )
