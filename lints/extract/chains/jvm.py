"""Where a query of Java or Kotlin begins: repositories, the entity manager, MyBatis-Plus."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from lints.extract.chains import ebean_beans, jooq_daos, jvm_rows, jvm_text, mybatis_examples, mybatis_plus
from lints.extract.chains.mybatis_plus import declared
from lints.extract.chains.parts import Asked, Begun, as_written
from lints.extract.ir import Text
from lints.extract.sqltext import names
from lints.extract.values import Alt, Gap, Query, Step, Value
from lints.patterns import regex
from lints.search import named

if TYPE_CHECKING:
    from lints.extract.environment import Env
    from lints.extract.interpret import Interpreter
    from lints.extract.ir import Invoke

_REPOSITORY = regex(r"_?(\w+?)(?:Jpa)?Repository(?:<\s*(?:\w+\.)*(\w+))?")
_SESSION = regex(r"(?:^|[.\s])(?:\w*[sS]ession(?:\(\))?|[eE]ntityManager(?:\(\))?)$")
_ASKS = regex(r"(?:find|get|read|query|count|exists|delete|remove|stream|search)")
_STORES = rb"(?!String\b|Map\b|List\b|Set\b|Object\b|Optional\b)[A-Z]\w*(?<!Service)(?<!Controller)(?<!Mapper)"
_TYPED = regex(rb"\b(" + _STORES + rb")(?:<[^;={}()]{0,80}>)?\s+\Z")
_TYPED_AFTER = regex(rb"\s*:\s*(" + _STORES + rb")\b")
_ENDS = regex(rb"\s*[;=,)]")
_MAX_TYPE = 200
_OF_ITSELF = regex(r"findOne|findAll\w*|exists|count|deleteAll\w*|(?:find|get|exists|delete|count|read|remove)\w*By\w*")
_REPOSITORIES = regex(rb"\binterface\s+(\w{1,80})[^{};]{0,300}?Repository\s*<\s*(?:\w+\.){0,8}\w{1,80}\s*[,>]")
_CRITERIA = names("createQuery createSelectionQuery createMutationQuery createCriteriaDelete createCriteriaUpdate")
_CLASS = regex(r"(?:\w+\.)*(\w+)(?:\.class|::class)")
_BUILDER = regex(r"(?:^|[.\s])(?:cb|\w*[bB]uilder|getCriteriaBuilder\(\))$")
_DSL = regex(
    r"(?:^|[.\s(])(?:\w*(?:dsl|Dsl|DSL|[jJ]ooq)\w*|create|ctx|context)(?:\(\))?$|\bDSL(?:\.using\([^()]*(?:\(\))?[^()]*\))?$"
)
_JOOQ = names(
    "select selectFrom selectOne selectCount selectDistinct update delete deleteFrom insertInto fetch fetchOne fetchAny"
    " fetchCount fetchExists fetchOptional fetchSingle mergeInto store insert executeUpdate executeDelete executeInsert"
)
_RECORDS = names("store update delete insert")
_OF_RECORDS = names("executeUpdate executeDelete executeInsert")
_NEW_RECORD = regex(r"\.newRecord\(\s*(?:\w+\.)*([A-Z][A-Z0-9_]*)\s*(,[^;]{1,200})?\)")
_CONTEXT = regex(rb"\bDSLContext\s+(\w{1,60})\s*[;=,)]")
_CONTEXT_AFTER = regex(rb"\b(\w{1,60})\s{0,4}:\s{0,4}DSLContext\b")
_JOOQ_FETCHES = names("fetch fetchOne fetchAny fetchCount fetchExists fetchOptional fetchSingle update delete")
_EXPOSED = names(
    "select selectAll deleteWhere deleteIgnoreWhere update deleteAll find findById get all upsert insert insertAndGetId"
    " insertIgnore batchInsert new findByIdAndUpdate findSingleByAndUpdate forIds forEntityIds count"
)
_EBEAN = names("find update delete deleteAll createQuery reference")
_FINDER, _FINDS = regex(r"(?:\w+\.)*([A-Z]\w*)\.find"), names("byId ref all query")
"""What a model of Ebean holds for those who ask for its rows: `Boat.find.byId(id)`."""
_OF_SESSION = names("createCriteria byId byMultipleIds byNaturalId bySimpleNaturalId")
_SERVER = regex(r"(?:^|\.)(?:DB|Ebean|\w*[dD]atabase|\w*[sS]erver|db)$")
_SEQUENCE = regex(r"\.(?:from|sequenceOf)\(\s*([A-Z]\w*)\s*\)$|(?:^|[.\s({])(?:\w*[dD]atabase|db)\s*\.\s*([a-z]\w*)$")
_TABLE_OBJECT = regex(r"[A-Z]\w*[a-z]\w*")
_WHERE = regex(r"\bwhere\s*\{")
_OF_ROWS = names("find findById get all new findByIdAndUpdate findSingleByAndUpdate forIds forEntityIds count")
"""Calls on a class of rows of Exposed."""
_PANACHE = names(
    "find list stream count delete update findById findByIdOptional listAll findAll streamAll deleteAll deleteById"
)
_CONSTANT = regex(r"\b[A-Z][A-Z0-9_]*\b")
_NAMES_TABLES = names(
    "from selectFrom update delete deleteFrom insertInto join innerJoin leftJoin rightJoin crossJoin leftOuterJoin"
)
_OF_STORE = regex(r"(?:this\.)?(\w+)\s*\.\s*(?:getTable|table)\(\)(\.`?as`?\(\s*\"\w+\"\s*\))?")
_FIELD = regex(rb"\bField<[^;={}]{1,60}>\s+([A-Z][A-Z0-9_]*)\s*=\s*((?:\w+\.)?field\([^;]{1,200}\))\s*;")
"""The table of a generic repository, which is told by the entity it is of: `boatRepository.getTable()`."""
_DSL_STARTS = names("select selectFrom selectOne selectDistinct from update delete")
_FACTORY = regex(r"(?:^|[.\s(])(?:\w*[qQ]uery[dD]?s?l?\w*|\w*[fF]actory|jpa\w*)(?:\(\))?$|new\s+JPA\w+\([^()]*\)$")
_TEMPLATES = names("select selectOne delete update count exists")
_WHOLE = names("listAll findAll streamAll deleteAll findByIdOptional")
_PANACHES = regex(
    rb"\bclass\s+(\w{1,80})[^{};]{0,200}?\bPanache(?:Entity\w{0,10}|Repository(?:Base)?\s*<\s*(?:\w+\.){0,8}(\w{1,80}))"
)
_TAKES_QUERIES = names("in notIn eq ne exists notExists any all")


KINDS = frozenset({"expressions", "mybatis_plus", "criteria", "jooq", "exposed", "querydsl", "template"})
MUTABLE = KINDS
"""A call on what is held in a variable changes it."""
RUNS = {
    "criteria": names("createQuery createSelectionQuery createMutationQuery"),
    "jooq": names(
        "fetch fetchOne fetchInto fetchOneInto fetchAny fetchAnyInto fetchOptional fetchOptionalInto fetchSingle"
        " fetchSingleInto fetchMap fetchSet fetchCount fetchExists fetchStream fetchStreamInto fetchGroups fetchLazy"
        " execute executeAsync stream collect awaitSingle awaitFirstOrNull"
    ),
    "exposed": names(
        "deleteWhere deleteAll find findById get all map toList singleOrNull single firstOrNull first forEach count any"
        " none empty"
    ),
    "mybatis_plus": mybatis_plus.ENDS,
    "mybatis_example": names("select count delete update"),
    "query_bean": ebean_beans.ENDS,
    "querydsl": names("fetch fetchOne fetchFirst fetchCount fetchResults execute stream iterate transform"),
    "expressions": names(
        "findOne findList findOneOrEmpty findCount findIds findEach findIterate findPagedList findMap findSet"
        " findSingleAttribute findStream findExists list uniqueResult delete update"
        " load loadOptional getReference multiLoad"
    ),
    "template": names("all one first count exists selectOne delete update"),
}


def begun(asked: Asked) -> Begun | None:
    """The query that a call of Java or Kotlin begins; None for any other call."""
    shared = asked.call.method == "deleteById"  # a mapper has it as well: the model says which
    return (
        jooq_daos.begun(asked)
        or mybatis_examples.begun(asked)
        or ebean_beans.begun(asked)
        or (_of_store(asked, asked.path.rpartition(".")[2]) if shared else None)
        or mybatis_plus.begun(asked)
        or _template(asked)
        or _querydsl(asked)
        or _expressions(asked)
        or _row(asked)
        or _spring(asked)
        or _criteria(asked)
        or _jooq(asked)
        or _by_class(asked)
    )


def inside(call: Invoke, arguments: Sequence[Value]) -> Iterator[Query]:
    """The queries of jOOQ that are part of a condition: they are judged with the query around it."""
    if call.method in _TAKES_QUERIES:
        yield from (value for value in arguments if isinstance(value, Query) and value.kind == "jooq")


def step_of(interpreter: Interpreter, call: Invoke, receiver: Value, step: Step, env: Env) -> Step:
    """A step of a chain as it is written, where its conditions are read from the source."""
    held = receiver.yes if isinstance(receiver, Alt) else receiver
    if not isinstance(held, Query) or held.kind not in KINDS:
        return step
    stated = _stated(interpreter, call, step.method)
    if held.kind != "mybatis_plus" or len(stated.arguments) < 3:
        return stated
    return mybatis_plus.stated(stated, jvm_text.before(interpreter.notes.source, call.span[0]))


def _stated(interpreter: Interpreter, call: Invoke, method: str) -> Step:
    """A step with its conditions as what they were put together from, and a loaded row's key as one."""
    step = as_written(interpreter, call, method)
    around = jvm_text.before(interpreter.notes.source, call.span[0])
    read = _named_table if method in _NAMES_TABLES else _condition
    source = interpreter.notes.source
    given = tuple(
        Gap(read(_key_of_row(value.source, around), around, source), value.span) if isinstance(value, Gap) else value
        for value in step.arguments
    )
    return Step(method, given, {}, call.span)


def _condition(text: str, around: str, source: bytes) -> str:
    fields = _fields(source)
    stated = _CONSTANT.sub(lambda found: fields.get(found.group(), found.group()), text) if fields else text
    return jvm_text.condition(stated, around)


def _named_table(text: str, around: str, source: bytes) -> str:
    stores = declared(source)
    held = _OF_STORE.fullmatch(text)
    of = stores.get(held.group(1), "").partition("<")[2] if held is not None else ""
    of = of or _made_of(text, source, stores)
    root = _rooted(text, source)
    if root:
        return root
    alias = (held.group(2) or "") if held is not None else ""
    return f'table("@{of}"){alias}' if of else jvm_text.table(text, around)


def _rooted(text: str, source: bytes) -> str:
    """`QBoat.boat` of a variable that stands for it, or of a name that is imported."""
    if b"querydsl" not in source or not text.isidentifier():
        return ""
    name = text.encode()
    made = re.search(rb"\bQ(\w{1,80})\s+%s\s*=" % name, source) or re.search(
        rb"import\s+(?:static\s+)?[\w.]{1,200}\.Q(\w{1,80})\.%s\b" % name, source
    )
    return f"Q{made.group(1).decode()}.{text}" if made is not None else ""


@lru_cache(maxsize=2)
def _fields(source: bytes) -> Mapping[str, str]:
    """Columns that have a name: `Field<Object> TENANT = field("tenant_id")`."""
    return {name.decode(): " ".join(made.decode("utf-8", "replace").split()) for name, made in _FIELD.findall(source)}


def _made_of(text: str, source: bytes, stores: Mapping[str, str]) -> str:
    """The entity of the rows that a method of this file gives as a table: a sub-select over what a repository has."""
    called = re.match(r"(?:this\.)?(\w+)\(", text)
    pattern = rb"\bTable<[^<>]{1,40}>\s+%s\([^()]{0,200}\)\s*\{([^{}]{0,600})\}"
    made = re.search(pattern % called.group(1).encode(), source) if called is not None else None
    words = re.findall(r"\w+", made.group(1).decode("utf-8", "replace")) if made is not None else []
    return next((stores[word].partition("<")[2] for word in words if "<" in stores.get(word, "")), "")


def _key_of_row(text: str, around: str) -> str:
    """`boat.getId()` as `boat.id`, where a row of that name was loaded before."""
    found = re.fullmatch(r"(\w+)\.getId\(\)", text)
    return f"{found.group(1)}.id" if found is not None and jvm_text.loaded(around, found.group(1)) else text


def _of_store(asked: Asked, name: str) -> Begun | None:
    """A call on what is declared to be a store of another name, `BoatDao dao`: the model says whether it is one."""
    method = asked.call.method
    if _OF_ITSELF.fullmatch(method) is None or not name.isidentifier():
        return None
    kind = _kind_of(asked.interpreter.notes.source, name)
    step = _stated(asked.interpreter, asked.call, method) if kind is not None else None
    return Begun("jpa", f"{kind}@", (step,)) if step is not None else None


@lru_cache(maxsize=256)
def _kind_of(source: bytes, name: str) -> str | None:
    """The type of a name that is called like a store: before it, or after it in Kotlin."""
    spelled = name.encode()
    places = [(at, at + len(spelled)) for at in named(source, spelled)]
    for start, end in places:
        found = _TYPED.search(source, max(0, start - _MAX_TYPE), start) if _ENDS.match(source, end) else None
        if found is not None:
            return found.group(1).decode()
    for _, end in places:
        found = _TYPED_AFTER.match(source, end)
        if found is not None:
            return found.group(1).decode()
    return None


def _expressions(asked: Asked) -> Begun | None:
    """A query of Ebean, or an old one of Hibernate, with the class of its rows."""
    call, notes = asked.call, asked.interpreter.notes
    finder = _FINDER.fullmatch(asked.path) if call.method in _FINDS else None
    if finder is not None:
        given = _stated(asked.interpreter, call, "").arguments if call.method in {"byId", "ref"} else ()
        begins = Step("find@", (Gap(finder.group(1), call.span), *given), {}, call.span)
        ends = (Step("findList", (), {}, call.span),) if call.method == "all" else ()
        return Begun("expressions", finder.group(1), (begins, *ends))
    if call.receiver is None or not call.arguments:
        return None
    if call.method in _OF_SESSION:
        if not jvm_rows.is_manager(asked):
            return None
    elif call.method not in _EBEAN or b"io.ebean" not in notes.source or _SERVER.search(asked.path) is None:
        return None
    named = _CLASS.fullmatch(notes.text(call.arguments[0].span)[:200].removesuffix(".java"))
    step = _stated(asked.interpreter, call, f"{call.method}@")
    return Begun("expressions", named.group(1), (step,)) if named is not None else None


def _row(asked: Asked) -> Begun | None:
    """A row that is written as a whole."""
    last = asked.path.rpartition(".")[2]
    return jvm_rows.begun(asked, _kind_of(asked.interpreter.notes.source, last) if last.isidentifier() else None)


def _around(asked: Asked) -> str | None:
    """The repository in whose interface a call stands, on itself: in a method that has a body there."""
    found = [one for one in _REPOSITORIES.finditer(asked.interpreter.notes.source) if one.start() < asked.call.span[0]]
    return found[-1].group(1).decode() if found else None


def _spring(asked: Asked) -> Begun | None:
    method, last = asked.call.method, asked.path.rpartition(".")[2]
    kind = declared(asked.interpreter.notes.source).get(last, "")
    held = _REPOSITORY.fullmatch(kind) or _REPOSITORY.fullmatch(last)
    if asked.call.receiver is None or last == "this":
        around = _around(asked) if _OF_ITSELF.fullmatch(method) is not None else None
        step = _stated(asked.interpreter, asked.call, method) if around is not None else None
        return Begun("jpa", around, (step,)) if around is not None and step is not None else None
    manages = last in {"em", "entityManager"} or last in jvm_rows.managers(asked.interpreter.notes.source)
    manager = manages and method in {"find", "getReference"}
    if method in {"get", "load", "find"} and len(asked.call.arguments) > 1 and asked.call.receiver is not None:
        manager = manager or _SESSION.search(asked.interpreter.notes.text(asked.call.receiver.span)[-60:]) is not None
    if held is None and not manager:
        return _of_store(asked, last)
    step = _stated(asked.interpreter, asked.call, method)
    if held is not None and method in _PANACHE and _is_text(asked):
        return Begun("panache", held.group(2) or held.group(1), (as_written(asked.interpreter, asked.call, method),))
    if held is not None and _ASKS.match(method):
        model = held.group(2) or held.group(1)
        return Begun("jpa", model[:1].upper() + model[1:], (step,))
    if manager and len(step.arguments) > 1:
        first = step.arguments[0]
        named = re.match(r"(?:\w+\.)*(\w+)(?:\.class|::class)", first.source) if isinstance(first, Gap) else None
        if named is not None:
            return Begun("jpa", named.group(1), (Step("find", step.arguments[1:2], {}, step.span),))
    return None


# The Criteria API, jOOQ, Exposed, Panache


def _criteria(asked: Asked) -> Begun | None:
    """A query of the Criteria API where it begins, and where it is run."""
    call, method = asked.call, asked.call.method
    if method not in _CRITERIA or not call.arguments:
        return None
    held = asked.step.arguments[0] if asked.step.arguments else None
    held = held.yes if isinstance(held, Alt) else held
    if isinstance(held, Query) and held.kind == "criteria":
        return Begun("criteria", held.model, (*held.steps, Step(method, (), {}, call.span)), base=(held,))
    receiver = asked.interpreter.notes.text(call.receiver.span)[-60:] if call.receiver is not None else ""
    named = _CLASS.match(asked.interpreter.notes.text(call.arguments[0].span)[:200])
    if named is None or len(call.arguments) > 1 or not _BUILDER.search(receiver):
        return None
    begins = method if method.startswith("createCriteria") else "criteria"
    return Begun("criteria", named.group(1), (as_written(asked.interpreter, call, begins),))


def _jooq(asked: Asked) -> Begun | None:
    call, method = asked.call, asked.call.method
    if method not in _JOOQ or call.receiver is None or b"jooq" not in asked.interpreter.notes.source:
        return None
    receiver = re.sub(r"\s+", "", asked.interpreter.notes.text(call.receiver.span)[-200:])[-80:]
    held = receiver.rpartition(".")[2] in _contexts(asked.interpreter.notes.source)
    if (method in _RECORDS and not call.arguments) or (method in _OF_RECORDS and (held or _DSL.search(receiver))):
        return _record(asked)
    if not held and not _DSL.search(receiver):
        return None
    first = asked.interpreter.notes.text(call.arguments[0].span) if call.arguments else ""
    if method in _JOOQ_FETCHES and re.match(r"(?:\w+\.)*[A-Z][A-Z0-9_]*\b", first) is None:
        named = _named_table(first, "", asked.interpreter.notes.source) if method in {"update", "delete"} else ""
        if re.match(r"(?:DSL\.)?table\(", named) is None:
            return None
    return Begun("jooq", "", (_stated(asked.interpreter, call, method),))


@lru_cache(maxsize=4)
def _contexts(source: bytes) -> frozenset[str]:
    """What is declared to be a context of jOOQ in this file."""
    names_of = (*_CONTEXT.findall(source), *_CONTEXT_AFTER.findall(source)) if b"DSLContext" in source else ()
    return frozenset(name.decode() for name in names_of)


def _record(asked: Asked) -> Begun | None:
    """A record that is written by its key: `BoatsRecord boat = dsl.newRecord(BOATS, dto); boat.update()`."""
    call, notes = asked.call, asked.interpreter.notes
    given = notes.text(call.arguments_span)[1:-1].strip() if call.arguments else asked.path
    made, later = _NEW_RECORD.search(given), ""
    if made is None and given.isidentifier():
        before = jvm_rows.inside(jvm_text.before(notes.source, call.span[0]))
        held = list(re.finditer(rf"\b{given}\s*=(?!=)\s*([^;]{{1,300}})", before))
        made, later = (_NEW_RECORD.search(held[-1].group(1)), before[held[-1].end() :]) if held else (None, "")
    if made is None:
        return None
    table = Gap(made.group(1), call.span)
    filled = made.group(2) or ".from(" in later
    if asked.call.method in {"store", "insert", "executeInsert"}:
        tenant = re.search(r"\.\s*set\w*[tT]enant|TENANT", later) is not None
        return Begun("jooq", "", (Step("@made", (table,), {}, call.span),)) if filled and not tenant else None
    verb = "delete" if "elete" in call.method else "update"
    sets = (Step("set", (Gap(given, call.span),), {}, call.span),) if verb == "update" else ()
    return Begun("jooq", "", (Step(verb, (table,), {}, call.span), *sets, Step("@key", (), {}, call.span)))


def _querydsl(asked: Asked) -> Begun | None:
    call, method = asked.call, asked.call.method
    if method not in _DSL_STARTS or call.receiver is None or b"querydsl" not in asked.interpreter.notes.source:
        return None
    if _FACTORY.search(asked.interpreter.notes.text(call.receiver.span)[-80:]) is None:
        return None
    return Begun("querydsl", "", (_stated(asked.interpreter, call, method),))


def _template(asked: Asked) -> Begun | None:
    """A call of a template of Spring Data R2DBC or JDBC, with the class of its rows."""
    call, method = asked.call, asked.call.method
    if method not in _TEMPLATES or not re.search(r"(?:^|\.)\w*[tT]emplate$", asked.path):
        return None
    written = [asked.interpreter.notes.text(argument.span)[:200] for argument in call.arguments]
    named = next(
        (found for text in written if (found := _CLASS.fullmatch(text.removesuffix(".java"))) is not None), None
    )
    if named is None:
        return None
    return Begun("template", named.group(1), (_stated(asked.interpreter, call, method),))


def _is_text(asked: Asked) -> bool:
    """Whether a call is given a query of Panache: a text first."""
    return bool(asked.call.arguments) and isinstance(asked.call.arguments[0], Text)


_JOINED = regex(r"\(*\s*([A-Z]\w*[a-z]\w*)\s*[.\s]\s*(?:inner|left|right|full|cross)?[jJ]oin\b")


def _exposed_join(asked: Asked) -> Begun | None:
    """`(Boats innerJoin Logs).selectAll()`, `Boats.join(Logs, …).selectAll()`: of the first table the conditions are
    read, of the others it is said that they are not."""
    call = asked.call
    joined = (
        _JOINED.match(asked.interpreter.notes.text(call.receiver.span)[:200]) if call.receiver is not None else None
    )
    if joined is None or b"xposed" not in asked.interpreter.notes.source:
        return None
    steps = (Step("join", (), {}, call.span), as_written(asked.interpreter, call, call.method))
    return Begun("exposed", joined[1], steps)


def _ktorm(asked: Asked) -> Begun | None:
    """`database.from(Boats).select()`, `database.update(Boats) { … }`, `database.sequenceOf(Boats).find { … }`."""
    call, notes = asked.call, asked.interpreter.notes
    if b"org.ktorm." not in notes.source:
        return None
    step = as_written(asked.interpreter, call, call.method)
    of = _SEQUENCE.search(notes.text(call.receiver.span)[-120:]) if call.receiver is not None else None
    if of is not None:
        return _of_sequence(asked, of.group(1) or of.group(2), step)
    given = [argument.source for argument in step.arguments if isinstance(argument, Gap)]
    if call.method not in {"update", "delete", "deleteAll"} or not given or not _TABLE_OBJECT.fullmatch(given[0]):
        return None
    block = given[1] if len(given) > 1 else ""
    if call.method == "update":
        narrowed = _WHERE.search(block)
        said = block[narrowed.end() - 1 : jvm_text.closes(block, narrowed.end() - 1) + 1] if narrowed else ""
        told = (Gap(said, call.span), Gap(block, call.span)) if said else (Gap(block, call.span),)
        return Begun("exposed", given[0], (Step("update", told, {}, call.span),))
    method = "deleteWhere" if block else "deleteAll"
    return Begun("exposed", given[0], (Step(method, step.arguments[1:], {}, call.span),))


def _of_sequence(asked: Asked, model: str, step: Step) -> Begun | None:
    """A call on the rows of a table of Ktorm, or a row that is put among them: `database.boats.add(boat)`."""
    method, notes = asked.call.method, asked.interpreter.notes
    if method not in {"add", "update"}:
        return Begun("exposed", model, (step,))
    given = notes.text(asked.call.arguments_span)[1:-1].strip() if len(asked.call.arguments) == 1 else ""
    if method == "update":
        return (
            Begun("exposed", model, (Step("@held", step.arguments, {}, step.span),)) if given.isidentifier() else None
        )
    around = jvm_rows.inside(jvm_text.before(notes.source, asked.call.span[0]))
    named = rf"\bva[lr]\s+{given}\b[^=\n]{{0,60}}=\s*[A-Z]\w*\s*\{{" if given.isidentifier() else r"\A"
    made = re.search(named, around) or re.match(r"[A-Z]\w*\s*\{", given)
    if made is None or not made.group():
        return None
    text = around if made.string is around else given
    block = text[made.end() - 1 : jvm_text.closes(text, made.end() - 1) + 1]
    return Begun("exposed", model, (Step("new", (Gap(block, step.span),), {}, step.span),))


def _by_class(asked: Asked) -> Begun | None:
    """A call on a class: a table of Exposed, an entity of Panache; or in one, on itself."""
    call, method = asked.call, asked.call.method
    if call.receiver is None and method in _PANACHE and (_is_text(asked) or method in _WHOLE):
        around = [one for one in _PANACHES.finditer(asked.interpreter.notes.source) if one.start() < call.span[0]]
        if around:
            model = (around[-1].group(2) or around[-1].group(1)).decode()
            return Begun("panache", model, (as_written(asked.interpreter, call, method),))
    of_ktorm = _ktorm(asked) if asked.interpreter.language == "kotlin" else None
    if of_ktorm is not None:
        return of_ktorm
    if not asked.path and method in {"selectAll", "select"} and asked.interpreter.language == "kotlin":
        return _exposed_join(asked)
    if method in _PANACHE and (_is_text(asked) or method in _WHOLE):
        last = asked.path.rpartition(".")[2]
        kind = _kind_of(asked.interpreter.notes.source, last) if last[:1].islower() and last.isidentifier() else None
        if kind is not None:
            return Begun("panache", f"{kind}@", (as_written(asked.interpreter, call, method),))
    if not re.fullmatch(r"[A-Z]\w*[a-z]\w*", asked.path):
        return None
    if method in _EXPOSED and asked.interpreter.language == "kotlin":
        notes = asked.interpreter.notes
        block = any(notes.text(argument.span)[:1] == "{" for argument in call.arguments)
        named = re.search(r"(?:Dao|DAO|Entity)$", asked.path) is not None or b"xposed" in notes.source
        if block or (named and method in _OF_ROWS) or method in {"selectAll", "deleteAll", "findById"}:
            step = as_written(asked.interpreter, call, method)
            told = tuple(Gap(f"where = {notes.text(v.span)[:1000]}", v.span) for n, v in call.keywords if n == "where")
            return Begun("exposed", asked.path, (Step(method, (*told, *step.arguments), {}, step.span),))
    if method in _PANACHE:
        return Begun("panache", asked.path, (as_written(asked.interpreter, call, method),))
    return None
