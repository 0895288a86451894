"""Where a query of Prisma, TypeORM, Sequelize, Drizzle, Knex, Kysely or Mongoose begins, and which calls run it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from lints.extract import invocations
from lints.extract.chains import stores
from lints.extract.chains.parts import Asked, Begun, class_name, collection, table_name, variable
from lints.extract.ir import Choose, Expr, Invoke, Name, Other, Pairs, Span
from lints.extract.sqltext import names
from lints.extract.values import Fn, Gap, Listing, Lit, Query, Record, Returned, Step, Term, Value
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.extract.environment import Env
    from lints.extract.interpret import Interpreter

_PRISMA = names(
    "findMany findUnique findFirst findUniqueOrThrow findFirstOrThrow create createMany createManyAndReturn update"
    " updateMany updateManyAndReturn upsert delete deleteMany count aggregate groupBy"
)
_PRISMA_SURE = names(
    "findMany findUnique findFirst findUniqueOrThrow findFirstOrThrow createMany createManyAndReturn updateMany"
    " updateManyAndReturn upsert deleteMany groupBy aggregate"
)
_REPOSITORY = names(
    "find findOne findOneBy findBy findOneOrFail findOneByOrFail findAndCount findAndCountBy count countBy exist exists"
    " existsBy save insert update upsert delete softDelete remove softRemove restore increment decrement nativeDelete"
    " createQueryBuilder findByIds findOneById preload sum average minimum maximum query clear nativeUpdate upsertMany"
    " insertMany findAll"
)
_SEQUELIZE = names(
    "findAll findOne findByPk findAndCountAll findOrCreate findCreateFind create bulkCreate update destroy count upsert"
    " increment decrement restore max min sum truncate aggregate build"
)
_MONGO = names(
    "findById findByIdAndUpdate findByIdAndDelete findByIdAndRemove findOneAndUpdate findOneAndDelete findOneAndReplace"
    " updateOne updateMany deleteOne deleteMany replaceOne countDocuments insertOne insertMany bulkWrite"
)
_FRESH = regex(r"new\s+(?:\w+\.)*([A-Z]\w*)\s*\(")
_SELECTS = names("select selectDistinct selectDistinctOn")
_SOURCE = regex(r"^(?:\w*[dD]ata[sS]ource|ds|connection|conn|\w*[mM]anager|queryRunner)$")
_MANAGERS = names("manager entityManager em queryRunner tx trx")
NATIVE = {
    "nativeUpdate": "update", "nativeDelete": "delete", "upsertMany": "upsert", "insertMany": "insert",
    "findAll": "find",
}  # fmt: skip
"""Calls of MikroORM by what TypeORM calls them."""
_SUB_SELECTS = frozenset({"eb", "eb1", "eb2", "eb3", "qb", "expressionBuilder", "ctx.eb"})
TURNS = regex(r"[?!]?\.\s*(or|not|and)$")
"""Properties of a builder of Knex that turn the condition after them."""
_CONNECTION = regex(r"(?:db|trx|tx|knex|conn|scoped|tenant|database)\w*$", re.IGNORECASE)
_OF_MODELS = regex(r"(?:\w+\.)*(?:db|models|sequelize|database|entities)\.[A-Z]\w*")
_BUILT_IN = names("Math Object Array Promise JSON Date Error Number String Reflect Map Set Symbol Buffer Response")
_EITHER = regex(r"^\(?\s*(?:\w+\.)*(?:tx|trx|knex|db|conn)\b")
_EITHER_OF = regex(r"\(?\s*[\w.?!]+\s*(?:\|\||\?\?)\s*([\w.?!]+)\s*\)?((?:\s*[?!]?\.\s*\w+)*)")
_BEFORE_TABLE = names("select column columns distinct count min max sum avg withSchema queryBuilder")
_KNEX = names("knex trx db tx conn database connection")
_REPOSITORY_TYPE = regex(r"(?:\w+\.)?(?:Entity|Tree|Mongo)?Repository<\s*(\w+)\s*>")
_COLLECTION = regex(r"\w*[cC]ollection|coll")
_MONGOOSE = names("find findOne exists distinct aggregate count create insertMany")
_OWN_MODEL = regex(r"this\._?(?:[mM]ongoose)?[mM]odel")
_HELD_REPOSITORY = regex(r"(?:\w+\.)*([a-z]\w*(?:Repository|Repo)|repository|repo)")
_PASSED_ON = _MONGO | names(
    "find findOne findMany findAll findBatch findFirst list count exists distinct aggregate create insert update upsert"
    " upsertMany delete remove softDelete paginate"
)
_OF_REPOSITORIES = _PASSED_ON | names(
    "findOneBy findBy findOneOrFail findOneByOrFail findAndCount findAndCountBy countBy existsBy save softRemove"
    " restore increment decrement nativeUpdate nativeDelete preload insertMany"
)
_DATABASE = regex(r"(?:^|\.)(?:\w*[dD]b|tx|trx|database|drizzle|conn|connection|transaction)$")
MUTABLE = frozenset({"typeorm", "knex", "objection"})
"""Kinds whose calls change the builder itself, whether or not what they give is kept."""
COPIES = frozenset({"clone", "subQuery"})
"""Calls of those that give another one."""
COMMON = "@common"
"""The step that a common table expression is."""
ANY_MODEL = "Model_of_"
"""What stands for a table or an entity that a class or a function is handed (`lints.stores.any_model`)."""
_ANY_TABLE = regex(r"(?:this\.)?_?(?:table|tableName|table_name)")
_ANY_ENTITY = regex(r"[A-Z]\d?|T[A-Z]\w*|Entity(?:Type|Class)?")
RUNS = {
    "typeorm": names(
        "getOne getOneOrFail getMany getManyAndCount getRawOne getRawMany getCount getExists execute stream"
    ),
    "kysely": names("execute executeTakeFirst executeTakeFirstOrThrow stream"),
    "objection": names("throwIfNotFound first resultSize execute"),
}
"""Calls that run a query: what is called on their result is no part of it."""


def begun(asked: Asked) -> Begun | None:
    """The query that a call of one of the libraries begins; None for any other call."""
    around = asked.call.receiver
    path = asked.path
    if isinstance(around, Invoke) and around.method in {"unscoped", "scope"} and isinstance(around.receiver, Name):
        path = around.receiver.path
    path = path or _of_result(asked.interpreter, around) or _of_either(asked.interpreter, around)
    if path != asked.path:
        asked = replace(asked, path=path)
    found = _begun(asked)
    if found is None or not isinstance(around, Invoke) or around.method != "scope":
        return found
    return replace(found, steps=(*found.steps, Step("scope", (), {}, around.span)))


def _begun(asked: Asked) -> Begun | None:
    if entity_of(asked) is not None:  # of TypeORM, even where others have a method of the same name
        return _typeorm(asked)
    if asked.path.rpartition(".")[2] in _MANAGERS and (found := _typeorm(asked)) is not None:
        return found
    return (
        _repository(asked)
        or _prisma(asked)
        or _mongo(asked)
        or _typeorm(asked)
        or _kysely(asked)
        or _objection(asked)
        or _sequelize(asked)
        or (stores.supabase(asked) if asked.call.method == "from" else None)
        or _knex(asked)
        or _drizzle(asked)
    )


def _first(asked: Asked) -> Value | None:
    return asked.step.arguments[0] if asked.step.arguments else None


def _prisma(asked: Asked) -> Begun | None:
    head, _, last = asked.path.rpartition(".")
    method, first = asked.call.method, _first(asked)
    if method not in _PRISMA or not head or not last[:1].islower():
        return None
    if head.endswith(".query") and method in {"findMany", "findFirst"}:
        return Begun("drizzle_query", last, (_with_callback(asked, first),))
    shaped = isinstance(first, Record) and ({"where", "data"} & first.fields.keys())
    client = re.search(r"(?:prisma|tx|trx|client|db)\w*$", head, re.IGNORECASE) is not None
    if method in _PRISMA_SURE or shaped or (client and (first is None or isinstance(first, (Record, Gap)))):
        return Begun("prisma", last, (asked.step,))
    return None


def _repository(asked: Asked) -> Begun | None:
    """A class of the project around a model: `this.boatRepository.find(query)`, `this.find(query)` in the class itself.

    What its method does with the query is told by where the class is (`lints.schema.repositories`).
    """
    builds = asked.call.method == "createQueryBuilder"
    if entity_of(asked) is not None or not (builds or asked.call.method in _OF_REPOSITORIES):
        return None
    kind = "typeorm" if builds else "repository"
    if not asked.step.arguments and asked.call.method in _PASSED_ON:
        return None
    held = _HELD_REPOSITORY.fullmatch(asked.path)
    if held is not None:
        return Begun(kind, held[1], (asked.step,))
    own = asked.env.find("cls") if asked.path in {"this", "super"} else None
    if isinstance(own, Gap) and own.source.endswith("Repository"):
        return Begun(kind, own.source, (asked.step,))
    return None


def _with_callback(asked: Asked, options: Value | None) -> Step:
    """The step of `findMany({ where: (boats, { eq }) => eq(boats.id, id) })`, with what its callback returns."""
    where = options.fields.get("where") if isinstance(options, Record) else None
    if not isinstance(options, Record) or not isinstance(where, Fn):
        return asked.step
    result = invocations.returned(asked.interpreter, where, None)
    if not isinstance(result, Term):
        return asked.step
    fields = {**options.fields, "where": Returned(result, where.function)}
    return replace(asked.step, arguments=(Record(fields, options.source), *asked.step.arguments[1:]))


def _mongo(asked: Asked) -> Begun | None:
    """Collections of the driver, models of Mongoose."""
    call, path = asked.call, asked.path
    if call.method == "save":
        return _new_document(asked)
    if call.method not in _MONGO and call.method not in _MONGOOSE:
        return None
    head, _, last = path.rpartition(".")
    native = isinstance(call.receiver, Invoke) and _COLLECTION.fullmatch(call.receiver.method) is not None
    if not native and _COLLECTION.fullmatch(last) and b"ongo" in asked.interpreter.notes.source:
        native = not isinstance(_first(asked), (Fn, Returned))  # an array is searched by a function
    if native and (call.method in _MONGO or call.method in {"find", "findOne", "aggregate", "distinct"}):
        return Begun("mongo", collection(call, "") or _constant_of(asked) or last, (asked.step,))
    own = asked.env.find("cls") if _OWN_MODEL.fullmatch(path) is not None else None
    if isinstance(own, Gap) and "Repo" in own.source and call.method in _MONGO | _MONGOOSE:
        return Begun("repository", own.source, (asked.step,))  # the model that the class is made for
    mongoose = path and re.fullmatch(r"[A-Z]\w*|\w+Model|model", last) and b"ongoose" in asked.interpreter.notes.source
    if mongoose and call.method in _MONGOOSE:
        return Begun("mongo", last, (asked.step,))
    if call.method in _MONGO and (re.fullmatch(r"[A-Z]\w*", path) or re.search(r"[cC]ollection$|(?:M|^m)odel$", last)):
        return Begun("mongo", path if not head else last, (asked.step,))
    return None


def _new_document(asked: Asked) -> Begun | None:
    """`new Boat(dto).save()` of Mongoose, or of a variable that holds the document."""
    held = asked.receiver
    made = held.call if isinstance(held, Gap) and b"ongoose" in asked.interpreter.notes.source else None
    fresh = _FRESH.match(held.source) if isinstance(held, Gap) and made is not None and made.arguments else None
    if fresh is None or made is None:
        return None
    return Begun("mongo", fresh[1], (replace(asked.step, method="create", arguments=tuple(made.arguments[:1])),))


def _constant_of(asked: Asked) -> str:
    """`boats` of `getCollection(COLLECTION)`, where that is a constant of the file."""
    receiver = asked.call.receiver
    first = receiver.arguments[0] if isinstance(receiver, Invoke) and receiver.arguments else None
    held = asked.env.find(first.path) if isinstance(first, Name) else None
    return held.text if isinstance(held, Lit) else ""


def _typeorm(asked: Asked) -> Begun | None:
    """Repositories, the entity manager, and what is copied onto a new entity."""
    call, path, step = asked.call, asked.path, asked.step
    if path == "Object" and call.method == "assign":
        first = _first(asked)
        fresh = _FRESH.match(first.origin or "") if isinstance(first, Gap) else None
        # what is copied onto a new entity is what will be saved
        return Begun("typeorm", fresh.group(1), (step,), aside=True) if fresh is not None else None
    last = path.rpartition(".")[2]
    if call.method == "create" and last in _MANAGERS and b"ikro-orm" in asked.interpreter.notes.source:
        named = _entity_named(call.arguments[0], asked.env) if len(call.arguments) > 1 else None
        rest = Step("create", step.arguments[1:], step.keywords, call.span)  # it is saved with everything else
        return Begun("typeorm", named, (rest,)) if named is not None else None
    if call.method not in _REPOSITORY:
        return None
    entity = entity_of(asked)
    if entity is not None:
        method = NATIVE.get(call.method, call.method)
        return Begun("typeorm", entity, (Step(method, _set_later(asked), step.keywords, call.span),))
    if call.method == "createQueryBuilder" and _SOURCE.search(last) is not None and not call.arguments:
        return Begun("typeorm", "", (step,))  # its entity comes with `from`, `update` or `into`
    if last in _MANAGERS or _SOURCE.search(last) is not None:
        named = _entity_named(call.arguments[0], asked.env) if call.arguments else None
        if named is not None:
            method = NATIVE.get(call.method, call.method)
            rest = Step(method, _set_later(asked)[1:], step.keywords, call.span)
            return Begun("typeorm", named, (rest,))
    return None


def _set_later(asked: Asked) -> tuple[Value, ...]:
    """The arguments of a call, of which a new entity is what was set on it: `boat.name = name` after `new Boat()`."""
    given, written = asked.step.arguments, asked.call.arguments
    last = written[-1] if written and asked.call.method in {"save", "insert", "upsert"} else None
    held = given[-1] if isinstance(last, Name) and len(given) == len(written) else None
    if not isinstance(last, Name) or not isinstance(held, Gap) or _FRESH.match(held.source) is None:
        return given
    head = f"{last.path}."
    fields = {name.removeprefix(head): value for name, value in asked.env.vars.items() if name.startswith(head)}
    return (*given[:-1], Record(fields, f"{{ {', '.join(fields)} }}")) if fields else given


def _entity_named(expression: Expr, env: Env) -> str | None:
    """The class that a manager is asked for; a table of Drizzle, `boats` or `schema.boats`, is none."""
    named = class_name(expression, env)
    if not isinstance(expression, Name) or named is None:
        return named
    parts = expression.path.split(".")
    return None if parts[-1][:1].islower() and named in {parts[0], expression.path} else named


def _kysely(asked: Asked) -> Begun | None:
    first = _first(asked)
    if asked.call.method not in {"selectFrom", "updateTable", "deleteFrom", "insertInto", "replaceInto", "mergeInto"}:
        return None
    if isinstance(first, Listing):  # `selectFrom(["boats", "logbooks as l"])`
        first = first.items[0] if first.items else None
    named = first.text.strip() if isinstance(first, Lit) else _any_table(first)
    return Begun("kysely", named, (asked.step,), inner=asked.path in _SUB_SELECTS) if named is not None else None


def _any_table(value: Value | None) -> str | None:
    """What stands for the table of `knex(this.tableName)`."""
    return ANY_MODEL if isinstance(value, Gap) and _ANY_TABLE.fullmatch(value.source) is not None else None


def _sequelize(asked: Asked) -> Begun | None:
    """Models by their own name: those of Sequelize, and entities that are asked by themselves."""
    path, method, first = asked.path, asked.call.method, _first(asked)
    if method not in _SEQUELIZE and method not in _REPOSITORY:
        return None
    known = re.fullmatch(r"[A-Z]\w*", path) is not None or _OF_MODELS.fullmatch(path) is not None
    model = path.rpartition(".")[2] if known else ""
    sure = method in {"findAll", "findByPk", "findAndCountAll", "destroy", "findOrCreate", "bulkCreate"}
    if sure and path in {"this.model", "this._model", "model"}:
        return Begun("sequelize", ANY_MODEL, (asked.step,))
    if not model or model in _BUILT_IN:
        return None
    if sure:
        return Begun("sequelize", model, (asked.step,))
    if isinstance(first, (Record, Gap)) or first is None or method in {"aggregate", "increment", "max", "min", "sum"}:
        return Begun("entity", model, (asked.step,))
    return None


def _objection(asked: Asked) -> Begun | None:
    """`Boat.query()`, `Boat.query(trx)`; with a text it is TypeORM's."""
    named, given = asked.path.rpartition(".")[2], asked.step.arguments
    if asked.call.method == "relatedQuery" and given and re.fullmatch(r"[A-Z]\w*[a-z]\w*", named) is not None:
        return Begun("objection", named, (asked.step,))
    if asked.call.method != "query" or re.fullmatch(r"[A-Z]\w*[a-z]\w*", named) is None or len(given) > 1:
        return None
    return (
        Begun("objection", named, (Step("table", (), {}, asked.call.span),)) if not given or _bare(given[0]) else None
    )


def _bare(value: Value) -> bool:
    return isinstance(value, Gap) and re.fullmatch(r"[\w.]+", value.source) is not None


def _clickhouse(asked: Asked, given: Value | None) -> Begun | None:
    """`client.insert({ table: "events", values: rows })`."""
    fields = given.fields if isinstance(given, Record) else {}
    table, rows = fields.get("table"), fields.get("values")
    if not isinstance(table, Lit) or rows is None or b"lickhouse" not in asked.interpreter.notes.source:
        return None
    span = asked.call.span
    return Begun("knex", table.text.strip(), (Step("table", (table,), {}, span), Step("insert", (rows,), {}, span)))


def _knex(asked: Asked) -> Begun | None:
    call, path, method, first = asked.call, asked.path, asked.call.method, _first(asked)
    if method == "insert":
        return _clickhouse(asked, first)
    if method == "batchInsert" and isinstance(first, Lit):
        start = Step("table", asked.step.arguments[:1], {}, call.span)
        return Begun("knex", first.text.strip(), (start, Step("insert", asked.step.arguments[1:2], {}, call.span)))
    if method not in _KNEX and method not in {"", "from", "table", "into"}:
        return None
    plain = isinstance(first, Lit) and re.fullmatch(r"[\w.]+(?:\s+as\s+\w+)?", first.text.strip()) is not None
    builder = (not path or bool(path.rpartition(".")[2])) and method in _KNEX
    if not method and call.receiver is not None:  # (tx || db.replicaNode())("boats")
        builder = _EITHER.search(asked.interpreter.notes.text(call.receiver.span)) is not None
    builder = builder or (path.endswith("knex") and method in {"from", "table", "into"})
    builder = builder or (method == "from" and isinstance(first, Lit) and _begins(call.receiver))
    made = call.receiver.method if isinstance(call.receiver, Invoke) else ""
    builder = builder or (method == "table" and _CONNECTION.search(path or made) is not None)
    table = first.text.strip() if isinstance(first, Lit) and plain else table_name(first) or _any_table(first)
    if table is None or not builder or len(asked.step.arguments) != 1:
        return None
    return Begun("knex", table, (Step("table", asked.step.arguments, {}, call.span),))


def _begins(receiver: object) -> bool:
    """Whether a chain of Knex says its table later: `knex.select("id").from("boats")`."""
    named = receiver.receiver if isinstance(receiver, Invoke) and receiver.method in _BEFORE_TABLE else None
    return isinstance(named, Name) and re.search(r"(?:^|\.)(?:knex|trx|db|database|conn\w*)$", named.path) is not None


def _drizzle(asked: Asked) -> Begun | None:
    call, method = asked.call, asked.call.method
    if method == "$count" and _DATABASE.search(asked.path) is not None and call.arguments:
        where = Step("where", asked.step.arguments[1:], {}, call.span)
        table = variable(call.arguments[0])
        counts = (Step("select", (), {}, call.span), *((where,) if where.arguments else ()))
        return Begun("drizzle", table, counts) if table is not None else None
    if method not in {"from", "update", "delete", "insert"}:
        return None
    if len(call.arguments) != 1 and not (method == "from" and call.arguments):
        return None
    selected = isinstance(call.receiver, Invoke) and call.receiver.method in _SELECTS
    table = variable(call.arguments[0])
    if table is None:
        return None
    held = asked.env.find(table)
    if isinstance(held, Gap) and held.origin is None and held.source.isidentifier():
        table = held.source  # imported under another name
    if method == "from" and selected:
        return Begun("drizzle", table, (Step("select", _projected(call.receiver), {}, call.span),))
    made = call.receiver.method if isinstance(call.receiver, Invoke) and not call.receiver.arguments else ""
    if method != "from" and _DATABASE.search(asked.path or made) is not None:
        return Begun("drizzle", table, (Step(method, (), {}, call.span),))
    return None


def _projected(select: object) -> tuple[Value, ...]:
    """The first column of `select({ id: boats.id })`, if that is all there is to its first entry."""
    given = select.arguments[0] if isinstance(select, Invoke) and select.arguments else None
    first = given.pairs[0][1] if isinstance(given, Pairs) and given.pairs else None
    return (Gap(first.path, first.span),) if isinstance(first, Name) else ()


Common: TypeAlias = tuple[str, Span, Query]
"""A common table expression: its name, the call that says it, the query before what it unites with."""


def common(call: Invoke, arguments: list[Value], made: Query) -> list[Common]:
    """What `db.withRecursive("tree", (db) => db.selectFrom("boats")…unionAll(…))` calls the rows of its first query."""
    named = arguments[0] if arguments and call.method in {"with", "withRecursive"} else None
    if not isinstance(named, Lit) or made.kind != "kysely":
        return []
    steps: list[Value] = []
    for step in made.steps:
        if isinstance(step, Step) and step.method.startswith("union"):
            break
        steps.append(step)
    return [(named.text.partition("(")[0].strip(), call.span, Query(made.kind, made.model, tuple(steps), made.span))]


def with_common(query: Query, known: list[Common]) -> Query:
    """A query with the common table expressions that it joins, as steps before its own: those of the calls before it in
    its chain, and of the calls that it stands in."""
    ends: dict[int, int] = {}
    for _, span, _ in known:
        ends[span[0]] = max(span[1], ends.get(span[0], 0))
    joined = [
        step for step in query.steps if isinstance(step, Step) and step.method.endswith("Join") and step.arguments
    ]
    named = {first.text.partition(" as ")[0].strip() for step in joined if isinstance(first := step.arguments[0], Lit)}
    before = {
        name: Step(COMMON, (Lit(name, span), rows), {}, span)
        for name, span, rows in known
        if name in named and span[0] <= query.span[0] < ends[span[0]] and rows.span != query.span
    }
    steps = (*before.values(), *query.steps)
    return Query(query.kind, query.model, steps, query.span, query.base) if before else query


def nested(step: Step) -> list[Query]:
    """The queries that a condition of Drizzle asks for the existence of rows of: `exists(db.select()…)`."""
    found: list[Query] = []
    stack: list[Value] = list(step.arguments) if step.method == "where" else []
    while stack:
        top = stack.pop()
        if isinstance(top, Term):
            asks = top.operator in {"exists", "notExists"}
            found += [inner for inner in top.arguments if asks and isinstance(inner, Query)]
            stack += top.arguments
    return found


def repository_of(kind: str) -> str | None:
    """`Boat` of the type `Repository<Boat>`."""
    found = _REPOSITORY_TYPE.match(kind)
    if found is None:
        return None
    return ANY_MODEL if _ANY_ENTITY.fullmatch(found[1]) is not None else found[1]


def _of_result(interpreter: Interpreter, receiver: object) -> str:
    """`getPrisma.boat` of `getPrisma().boat`, `(await getPrisma(tenant)).boat`; `db.query.boats` likewise."""
    if not isinstance(receiver, Other):
        return ""
    called: object = receiver
    while isinstance(called, Other):
        if called.operator or len(called.parts) != 1:
            return ""
        called = called.parts[0]
    written = re.search(r"((?:[?!]?\.\s*\w+)+)$", interpreter.notes.text(receiver.span)[-200:])
    if not isinstance(called, Invoke) or not called.method or written is None:
        return ""
    return called.method + re.sub(r"[\s?!]", "", written.group(1))


def _of_either(interpreter: Interpreter, receiver: object) -> str:
    """`db` of `(tx ?? db)`, `this.prisma.boat` of `(tx || this.prisma).boat`."""
    if not isinstance(receiver, (Choose, Other)):
        return ""
    found = _EITHER_OF.fullmatch(interpreter.notes.text(receiver.span)[:200])
    return re.sub(r"[\s?!]", "", found[1] + found[2]) if found is not None else ""


def entity_of(asked: Asked) -> str | None:
    """The entity of a repository: `getRepository(Boat)` itself, or what a variable or field was set to."""
    origin = asked.receiver.origin if isinstance(asked.receiver, Gap) else None
    if origin is None and isinstance(asked.call.receiver, Name):
        held = asked.env.find(asked.call.receiver.path)
        origin = held.origin if isinstance(held, Gap) else None
    found = re.search(r"getRepository\(\s*(\w+)\s*\)$", origin or "")
    if found is None:
        return None
    held = asked.env.find(found.group(1))  # perhaps imported under another name
    return held.source if isinstance(held, Gap) and held.origin is None and held.source.isidentifier() else found[1]
