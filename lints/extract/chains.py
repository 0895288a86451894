"""Calls of ORMs and query builders, followed as chains: where one begins, what is added to it on which path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from lints.extract import calls, chain_laravel
from lints.extract.facts import Function
from lints.extract.ir import Func, Invoke, Name, Other, Span, Text
from lints.extract.sqltext import names
from lints.extract.values import (
    Alt,
    Fn,
    Gap,
    Listing,
    Lit,
    Query,
    Record,
    Sized,
    Step,
    Term,
    Value,
)

if TYPE_CHECKING:
    from lints.extract.environment import Env
    from lints.extract.interpret import Interpreter


_DJANGO = names(
    "all filter exclude get first last count exists create get_or_create update_or_create update delete bulk_create"
    " bulk_update values values_list order_by distinct annotate aggregate select_related prefetch_related only defer"
    " iterator in_bulk latest earliest none using raw extra select_for_update reverse union intersection difference"
    " aget afirst acount aexists acreate aupdate adelete alast aget_or_create aupdate_or_create dates datetimes"
)
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
    " existsBy save insert update upsert delete softDelete remove softRemove restore increment decrement"
    " createQueryBuilder findByIds findOneById preload sum average minimum maximum query clear"
)
_SEQUELIZE = names(
    "findAll findOne findByPk findAndCountAll findOrCreate findCreateFind create bulkCreate update destroy count upsert"
    " increment decrement restore max min sum truncate aggregate"
)
_MONGO = names(
    "findById findByIdAndUpdate findByIdAndDelete findByIdAndRemove findOneAndUpdate findOneAndDelete findOneAndReplace"
    " updateOne updateMany deleteOne deleteMany replaceOne countDocuments insertOne insertMany bulkWrite"
)
_MONGO_PYTHON = names(
    "find_one find_one_and_update find_one_and_delete find_one_and_replace update_one update_many delete_one"
    " delete_many replace_one insert_one insert_many count_documents"
)
_ACTIVE_RECORD = names(
    "where find find_by find_by! all first last count exists? order limit update_all delete_all destroy_all pluck ids"
    " find_each find_in_batches find_or_create_by find_or_create_by! find_or_initialize_by create create! insert_all"
    " upsert upsert_all unscoped not or joins includes select group take find_sole_by in_batches destroy_by delete_by"
    " update rewhere none sum maximum minimum average"
)
_TERMS = names(
    "eq ne gt gte lt lte and or not inArray notInArray isNull isNotNull like ilike between exists and_ or_ not_ Q F In"
    " Not IsNull Equal Like ILike MoreThan LessThan Any Raw Between In_ any_ all_ in_ is_ is_not is_null isnot func"
    " notin_ contains desc asc sql ArrayContains"
)
_MUTABLE = frozenset({"typeorm", "knex", "eloquent", "laravel"})
_RECORDS = names(
    "find find_by find_by! first first! last last! take take! create create! find_or_create_by find_or_create_by!"
    " find_or_initialize_by find_sole_by sole destroy_by delete_by update_all delete_all destroy_all count exists?"
    " pluck"
)
_INNER = names("Prefetch Subquery Exists OuterRef ArraySubquery")
_INDEX_CLIENT = re.compile(
    r"(?:^|[._])(?:\w*elastic\w*|\w*opensearch\w*|es|es_?client|os_?client|meili\w*|qdrant\w*|pinecone(?:_?(?:client|index))?|\w*search_?client)$",
    re.IGNORECASE,
)
_INDEX_CALLS = names(
    "search msearch count deleteByQuery delete_by_query updateByQuery update_by_query get exists delete update index"
    " create bulk mget getSource get_source query query_points upsert addDocuments add_documents"
)
_LINQ = names(
    "Where First FirstAsync FirstOrDefault FirstOrDefaultAsync Single SingleAsync SingleOrDefault SingleOrDefaultAsync"
    " Any AnyAsync Count CountAsync Find FindAsync ToList ToListAsync ToArrayAsync IgnoreQueryFilters Include"
    " AsNoTracking AsNoTrackingWithIdentityResolution AsSplitQuery TagWith Select SelectMany OrderBy OrderByDescending"
    " AsQueryable ExecuteDelete ExecuteDeleteAsync ExecuteUpdate ExecuteUpdateAsync Last LastAsync LastOrDefault"
    " LastOrDefaultAsync All AllAsync Max MaxAsync Min MinAsync Sum SumAsync Average AverageAsync LongCountAsync Skip"
    " Take Distinct GroupBy Join GroupJoin ToDictionaryAsync ToDictionary ToHashSetAsync ToArray AsAsyncEnumerable"
    " AsEnumerable ForEachAsync ThenBy Cast OfType ContainsAsync ElementAtAsync from"
)
_SET = re.compile(
    r"(?:^|[.(\s!])_?\w*(?:[cC]ontext|[cC]tx|[dD]b\w*)(?:\(\))?[?!]?\.(?:Set<(?:\w+\.)*(\w+)>\(\)|(\w+))$"
)
_GORM = names("Where First Find Take Last Model Delete Not Or Scopes Joins Preload Unscoped Updates Count")
_GORM_ROOT = re.compile(
    r"(?:^|[._])(?:db|DB|tx|Db|gormDB|gdb)(?:\(\))?(?:\.(?:WithContext|Debug|Session|Table|Select|Order|Limit|Offset)\([^()]*\))*$"
)
_ENT = re.compile(r"(?:^|\.)(?:\w*[cC]lient|tx|db|ent\w*)(?:\(\))?\.([A-Z]\w*)$")
_ENT_CALLS = names("Query Delete Update UpdateOneID DeleteOneID Get GetX")
_FRESH = re.compile(r"new\s+(?:\w+\.)*([A-Z]\w*)\s*\(")
_SUB_SELECTS = frozenset({"eb", "qb", "expressionBuilder", "ctx.eb"})
_CONNECTION = re.compile(r"(?:db|trx|tx|knex|conn|scoped|tenant|database)\w*$", re.IGNORECASE)
_OF_MODELS = re.compile(r"(?:\w+\.)*(?:db|models|sequelize|database|entities)\.[A-Z]\w*")
_BUILT_IN = names("Math Object Array Promise JSON Date Error Number String Reflect Map Set Symbol Buffer Response")
_EITHER = re.compile(r"^\(?\s*(?:\w+\.)*(?:tx|trx|knex|db|conn)\b")
_KNEX = names("knex trx db tx conn database connection")
_ROOTS = frozenset({"select", "update", "delete", "insert"})
_SQLALCHEMY = frozenset({"sa", "sqlalchemy", "db", "sql", "sqla", "expression"})
_BEGINS = re.compile(r"(?:_?get|_?build|base)?_?\w*(?:queryset|statement|query|stmt)")
_NARROWS = names("filter exclude where get filter_by first all count exists update delete order_by options join values")
_SESSION = re.compile(r"(?:^|[._])(?:session|sess|db|s)$", re.IGNORECASE)
_REPOSITORY_TYPE = re.compile(r"(?:\w+\.)?(?:Entity|Tree|Mongo)?Repository<\s*(\w+)\s*>")


class Chains:
    """The queries of one file. A query counts where it is run or handed on, or where nothing more is added to it."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self.made: list[tuple[Query, Function | None]] = []
        self._extended: set[int] = set()
        self._used: set[int] = set()
        self._inner: set[int] = set()
        self._kept: list[Query] = []
        self.receivers: dict[Span, tuple[str, str | None]] = {}
        """What the call that begins a query is made on, and the call that this came from."""

    # Observed by the interpreter

    def called(
        self, call: Invoke, receiver: Value | None, arguments: list[Value], keywords: Mapping[str, Value], env: Env
    ) -> Value | None:
        """The query a call begins or continues, or the term it is; None for any other call."""
        step = Step(call.method, tuple(arguments), dict(keywords), call.span)
        if self.interpreter.language == "php":
            step = chain_laravel.step_of(self.interpreter.notes, call, arguments)
        if isinstance(receiver, Query) and _loaded(receiver):
            self.used(receiver)  # what it gave is a record, or records: no part of the query
            if call.method in {"map", "flatMap", "filter", "slice"}:
                return receiver  # of the rows it gave
            return Gap(self.interpreter.notes.text(call.span)[:200], call.span)
        if isinstance(receiver, Query):
            longer = self._continued(receiver, step, call)
            if longer.kind in _MUTABLE and (changed := self._variable_of(call, receiver, env)) is not None:
                env.put(changed, longer)  # the builder itself has changed
            return longer
        if isinstance(receiver, Alt):
            sides = [side for side in (receiver.yes, receiver.no) if isinstance(side, Query)]
            if sides:
                longest = max(sides, key=lambda side: len(side.steps))
                if _loaded(longest):
                    for side in sides:
                        self.used(side)
                    return Gap(self.interpreter.notes.text(call.span)[:200], call.span)
                return self._continued(longest, step, call)
        if call.method in _INNER or call.method.endswith("Validator"):
            for value in (*arguments, *keywords.values()):
                if isinstance(value, Query):
                    self._extend(value)  # a part of the query around it
            return Term(call.method, tuple(arguments), dict(keywords), self.interpreter.notes.text(call.span)[:200])
        made = step.arguments[-1] if call.method in {"create", "merge"} and step.arguments else None
        if isinstance(made, Record) and self._entity_of(call, receiver, env) is not None:
            return made  # an entity in memory: what it is made of is what will be saved
        begun = self._begun(call, receiver, step, env)
        if begun is not None:
            if call.receiver is not None:
                written = " ".join(self.interpreter.notes.text(call.receiver.span).split())[:200]
                self.receivers[begun.span] = (written, calls.origin_of(self.interpreter.notes, call.receiver, env))
            return begun
        if keywords and not arguments and call.receiver is None and call.method[:1].isupper():
            return Term(call.method, (), dict(keywords), self.interpreter.notes.text(call.span)[:200])
        if isinstance(receiver, Term) or (call.method in _TERMS and (arguments or keywords)):
            inner = (
                (receiver, *arguments) if receiver is not None and not isinstance(receiver, Fn) else tuple(arguments)
            )
            return Term(call.method, inner, dict(keywords), self.interpreter.notes.text(call.span)[:200])
        return None

    def _variable_of(self, call: Invoke, receiver: Query, env: Env) -> str | None:
        """The variable whose builder a call changes: `$query->where(…)`, `$query->with(…)->where(…)`."""
        base = call.receiver
        while isinstance(base, Invoke) and self.interpreter.language == "php":
            base = base.receiver
        if not isinstance(base, Name) or (
            base is not call.receiver and not isinstance(env.find(base.path), (Query, Alt))
        ):
            return None
        return base.path

    def replaced(self, value: Value) -> None:
        """A query that a method of the same class answers for: it runs only where that one uses it."""
        if isinstance(value, Query):
            self._extend(value)

    def used(self, value: Value, *, handed: bool = False) -> None:
        """A query that is returned or looped over runs as it is; what a call does with it is not known (`handed`)."""
        stack: list[Value] = [value]
        seen: set[int] = set()  # choices share their sides: without this their number doubles at every branch
        while stack:
            top = stack.pop()
            if id(top) in seen:
                continue
            seen.add(id(top))
            if isinstance(top, Query):
                self._use(self._handed(top) if handed else top)
            elif isinstance(top, (Alt, Sized)):
                stack.extend((top.no, top.yes))
            elif isinstance(top, Listing):
                stack.extend(reversed(top.items))

    def _handed(self, query: Query) -> Query:
        """A builder that has not run yet may get further conditions where it is handed to."""
        runs = any(isinstance(step, Step) and step.method.startswith(("execute", "stream")) for step in query.steps)
        if query.kind != "kysely" or runs or id(query) in self._inner:
            return query
        self._extend(query)
        more = Step("where", (Gap("…", query.span),), {}, query.span)
        return self._kept_query(Query(query.kind, query.model, (*query.steps, more), query.span, (query,)))

    def _use(self, query: Query) -> None:
        if id(query) not in self._used and not self.interpreter.notes.muted:
            self._used.add(id(query))
            self._kept.append(query)
            if any(id(base) in self._inner for base in query.base):
                self._sub_select(query)
            if len(query.base) > 1:  # where paths met: it stands for what came in on each
                self.made.append((query, self.interpreter.notes.enclosing()))
                for base in query.base:
                    self._extend(base)

    def fields(self, function: Func, env: Env) -> None:
        """Repositories that a constructor takes become fields: `constructor(private boats: Repository<Boat>)`."""
        if function.name == "constructor":
            for parameter in function.parameters:
                self.field(parameter.name, parameter.type, env)

    def field(self, name: str, kind: str, env: Env) -> None:
        found = _REPOSITORY_TYPE.match(kind)
        if found is not None:
            env.put(f"this.{name}", Gap(f"this.{name}", (0, 0), origin=f"getRepository({found.group(1)})"))

    # Making queries

    def _begun(self, call: Invoke, receiver: Value | None, step: Step, env: Env) -> Query | None:
        language = self.interpreter.language
        path = call.receiver.path if isinstance(call.receiver, Name) else ""
        method = call.method
        if language in {"python", "typescript", "tsx", "javascript"}:
            indexed = self._index(call, path, method, step, env)
            if indexed is not None:
                return indexed
        if language == "python":
            return self._python(call, path, method, step, env)
        if language in {"java", "kotlin", "c_sharp", "go"}:
            return self._compiled(call, path, method)
        if language == "php":
            found = chain_laravel.begun(self.interpreter.notes, call, path, step)
            return self._new(*found, call.span, (step,)) if found is not None else None
        if language == "ruby":
            if re.fullmatch(r"(?:::)?(?:[A-Z]\w*(?:::|\.))*[A-Z]\w*", path) and method in _ACTIVE_RECORD:
                return self._new("active_record", re.split(r"::|\.", path)[-1], call.span, (step,))
            return None
        if language in {"typescript", "tsx", "javascript"}:
            return self._javascript(call, receiver, path, method, step, env)
        return None

    def _index(self, call: Invoke, path: str, method: str, step: Step, env: Env) -> Query | None:
        """A call of a search or vector index: `es.search({…})`, `meili.index("boats").search(…)`."""
        if method not in _INDEX_CALLS:
            return None
        inner = call.receiver
        if isinstance(inner, Invoke) and inner.method in {"index", "namespace", "Index"} and inner.receiver is not None:
            base = self.interpreter.notes.text(inner.receiver.span)
            if _INDEX_CLIENT.search(base.partition("(")[0][-60:].rpartition(".index")[0] or base[-60:]):
                named = tuple(self.interpreter.eval(argument, env) for argument in inner.arguments[:1])
                name = next((value.text for value in named if isinstance(value, Lit)), "")
                return self._new("index", name, call.span, (Step(inner.method, named, {}, call.span), step))
            return None
        if _INDEX_CLIENT.search(path) is None or (not step.arguments and not step.keywords):
            return None
        first = step.arguments[0] if step.arguments else None
        return self._new("index", first.text if isinstance(first, Lit) else "", call.span, (step,))

    def _supabase(self, call: Invoke, method: str, step: Step) -> Query | None:
        """`supabase.from("boats")`, `supabase.table("boats")` of Python; buckets of its storage are no tables."""
        client = self.interpreter.notes.text(call.receiver.span)[:200] if call.receiver is not None else ""
        first = step.arguments[0] if len(step.arguments) == 1 else None
        named = re.search(r"supabase|\b(?:client|sb|db|admin)\b", client, re.IGNORECASE) is not None
        known = named and b"upabase" in self.interpreter.notes.source and not re.search(r"storage\W*$", client)
        if not known or not isinstance(first, Lit) or re.fullmatch(r"\w+", first.text) is None:
            return None
        begun = Step(method, (first, Gap(client, call.span)), {}, call.span)
        return self._new("supabase", first.text, call.span, (begun,))

    def _python(self, call: Invoke, path: str, method: str, step: Step, env: Env) -> Query | None:
        head, _, last = path.rpartition(".")
        if method in _MONGO_PYTHON and (path or isinstance(call.receiver, Other)):
            return self._new("mongo", _collection(call, last), call.span, (step,))
        if method in {"table", "from_"}:
            return self._supabase(call, method, step)
        if last.endswith("objects") and head and method in _DJANGO:
            return self._new("django", _held_class(head, env) or head.rpartition(".")[2], call.span, (step,))
        if not path and method in {"get_object_or_404", "get_list_or_404", "aget_object_or_404"} and call.arguments:
            model = _class_name(call.arguments[0], env)
            if model is not None:
                rest = Step("get" if "object" in method else "filter", step.arguments[1:], step.keywords, call.span)
                return self._new("django", model, call.span, (rest,))
        if last == "query" and "." not in head:
            model = head if head[:1].isupper() else _held_class(head, env)
            if model is not None:
                return self._new("sqlalchemy", model, call.span, (Step("query", (), {}, call.span), step))
        inherited = self._inherited(call, method, step, env)
        if inherited is not None:
            return inherited
        model = _class_name(call.arguments[0], env) if call.arguments else None
        if method in _ROOTS and (not path or path in _SQLALCHEMY):
            if model is None and method == "select" and call.arguments:
                return self._new("sqlalchemy", "", call.span, (step,))  # FROM comes with `select_from`
            return self._new("sqlalchemy", model, call.span, (step,)) if model is not None else None
        if model is None:
            return None
        if method == "query" and path:
            return self._new("sqlalchemy", model, call.span, (Step("query", step.arguments, {}, call.span),))
        if method in {"get", "get_one"} and _SESSION.search(path):
            return self._new(
                "sqlalchemy", model, call.span, (Step("get", step.arguments[1:], step.keywords, call.span),)
            )
        return None

    def _inherited(self, call: Invoke, method: str, step: Step, env: Env) -> Query | None:
        """`super().get_queryset().filter(…)`, `self.get_base_statement().where(…)`: more of a query that a class out of
        sight begins, on the model that this class names. What was asked for before can't be seen."""
        begun = call.receiver
        if not isinstance(begun, Invoke) or _BEGINS.fullmatch(begun.method) is None or method not in _NARROWS:
            return None
        whose = begun.receiver
        above = isinstance(whose, Invoke) and whose.method == "super"
        if not above and not (isinstance(whose, Name) and whose.path in {"self", "cls"}):
            return None
        held = env.find("self.queryset")
        model = held.model if isinstance(held, Query) else _held_class("self.model", env)
        if model is None:
            return None
        kind = "sqlalchemy" if method == "where" or "queryset" not in begun.method else "django"
        unseen = Gap(self.interpreter.notes.text(begun.span)[:200], begun.span)
        first = (Step("select", (), {}, call.span),) if kind == "sqlalchemy" else ()
        return self._new(kind, model, call.span, (*first, Step("filter", (unseen,), {}, begun.span), step))

    def _javascript(
        self, call: Invoke, receiver: Value | None, path: str, method: str, step: Step, env: Env
    ) -> Query | None:
        around = call.receiver
        if isinstance(around, Invoke) and around.method in {"unscoped", "scope"} and isinstance(around.receiver, Name):
            path = around.receiver.path
        path = path or self._of_result(around)
        head, _, last = path.rpartition(".")
        first = step.arguments[0] if step.arguments else None
        if method in _PRISMA and head and last[:1].islower():
            shaped = isinstance(first, Record) and ({"where", "data"} & first.fields.keys())
            client = re.search(r"(?:prisma|tx|trx|client|db)\w*$", head, re.IGNORECASE) is not None
            if head.endswith(".query") and method in {"findMany", "findFirst"}:
                return self._new("drizzle_query", last, call.span, (step,))
            if method in _PRISMA_SURE or shaped or (client and (first is None or isinstance(first, (Record, Gap)))):
                return self._new("prisma", last, call.span, (step,))
        native = isinstance(call.receiver, Invoke) and call.receiver.method == "collection"
        if native and (method in _MONGO or method in {"find", "findOne", "aggregate", "distinct"}):
            return self._new("mongo", _collection(call, ""), call.span, (step,))
        mongoose = path and re.fullmatch(r"[A-Z]\w*|\w+Model", last) and b"mongoose" in self.interpreter.notes.source
        if mongoose and method in {
            "find",
            "findOne",
            "exists",
            "distinct",
            "aggregate",
            "count",
            "create",
            "insertMany",
        }:
            return self._new("mongo", last, call.span, (step,))
        if method in _MONGO and (re.fullmatch(r"[A-Z]\w*", path) or re.search(r"[cC]ollection$|Model$", last)):
            return self._new("mongo", path if not head else last, call.span, (step,))
        if method == "getRepository" or method == "getTreeRepository":
            return None
        if path == "Object" and method == "assign" and isinstance(first, Gap):
            fresh = _FRESH.match(first.origin or "")
            if fresh is not None:  # what is copied onto a new entity is what will be saved
                self._new("typeorm", fresh.group(1), call.span, (step,))
            return None
        entity = self._entity_of(call, receiver, env)
        if entity is not None and method in _REPOSITORY:
            return self._new("typeorm", entity, call.span, (step,))
        if last in {"manager", "entityManager", "em", "queryRunner"} or path in {"manager", "em"}:
            named = _class_name(call.arguments[0], env) if call.arguments else None
            if named is not None and method in _REPOSITORY:
                rest = Step(method, step.arguments[1:], step.keywords, call.span)
                return self._new("typeorm", named, call.span, (rest,))
        if method in {"selectFrom", "updateTable", "deleteFrom", "insertInto"} and isinstance(first, Lit):
            made = self._new("kysely", first.text.strip(), call.span, (step,))
            if path in _SUB_SELECTS:
                self._sub_select(made)
            return made
        model = path if re.fullmatch(r"[A-Z]\w*", path) else last if _OF_MODELS.fullmatch(path) else ""
        if model and model not in _BUILT_IN and (method in _SEQUELIZE or method in _REPOSITORY):
            if method in {"findAll", "findByPk", "findAndCountAll", "destroy", "findOrCreate", "bulkCreate"}:
                return self._new("sequelize", model, call.span, (step,))
            if isinstance(first, (Record, Gap)) or first is None or (method == "aggregate" and first is not None):
                return self._new("entity", model, call.span, (step,))
        plain = isinstance(first, Lit) and re.fullmatch(r"[\w.]+(?:\s+as\s+\w+)?", first.text.strip()) is not None
        begun = self._supabase(call, method, step) if method == "from" else None
        if begun is not None:
            return begun
        builder = (not path or bool(last)) and method in _KNEX
        if not method and call.receiver is not None:  # (tx || db.replicaNode())("boats")
            builder = _EITHER.search(self.interpreter.notes.text(call.receiver.span)) is not None
        builder = builder or (path.endswith("knex") and method in {"from", "table", "into"})
        builder = builder or (method == "table" and _CONNECTION.search(path) is not None)
        table = first.text.strip() if isinstance(first, Lit) and plain else _table_name(first)
        if table is not None and builder and len(step.arguments) == 1:
            return self._new("knex", table, call.span, (Step("table", step.arguments, {}, call.span),))
        if (
            method == "from"
            and isinstance(call.receiver, Invoke)
            and call.receiver.method in {"select", "selectDistinct"}
        ):
            table = _variable(call.arguments[0]) if call.arguments else None
            if table is not None:
                return self._new("drizzle", table, call.span, (Step("select", (), {}, call.span),))
        if (
            method in {"update", "delete", "insert"}
            and re.search(r"(?:^|\.)(?:db|tx|trx|database|drizzle)$", path)
            and call.arguments
        ):
            table = _variable(call.arguments[0])
            if table is not None and len(call.arguments) == 1:
                return self._new("drizzle", table, call.span, (Step(method, (), {}, call.span),))
        return None

    def _of_result(self, receiver: object) -> str:
        """`getPrisma.boat` of `getPrisma().boat`, `(await getPrisma(tenant)).boat`."""
        if not isinstance(receiver, Other) or receiver.operator or len(receiver.parts) != 1:
            return ""
        called = receiver.parts[0]
        written = re.search(r"\.\s*(\w+)$", self.interpreter.notes.text(receiver.span))
        if not isinstance(called, Invoke) or not called.method or written is None:
            return ""
        return f"{called.method}.{written.group(1)}"

    def _entity_of(self, call: Invoke, receiver: Value | None, env: Env) -> str | None:
        """The entity of a repository: `getRepository(Boat)` itself, or what a variable or field was set to."""
        origin = receiver.origin if isinstance(receiver, Gap) else None
        if origin is None and isinstance(call.receiver, Name):
            held = env.find(call.receiver.path)
            origin = held.origin if isinstance(held, Gap) else None
        found = re.search(r"getRepository\(\s*(\w+)\s*\)$", origin or "")
        return found.group(1) if found is not None else None

    def _new(self, kind: str, model: str, span: Span, steps: tuple[Value, ...]) -> Query:
        return self._kept_query(Query(kind, model, steps, span))

    def _as_written(self, call: Invoke, method: str) -> Step:
        """A step with its arguments as source text; constants stay constants."""
        given = tuple(
            Lit(argument.value, argument.span)
            if isinstance(argument, Text) and self.interpreter.language == "go"
            else Gap(self.interpreter.notes.text(argument.span)[: 2000 if method == "from" else 1000], argument.span)
            for argument in call.arguments
        )
        return Step(method, given, {}, call.span)

    def _compiled(self, call: Invoke, path: str, method: str) -> Query | None:
        """Spring Data repositories, Entity Framework's sets, GORM's chains."""
        language = self.interpreter.language
        step = self._as_written(call, method)
        last = path.rpartition(".")[2]
        if language in {"java", "kotlin"}:
            held = re.fullmatch(r"_?(\w+?)(?:Jpa)?Repository", last)
            if held is not None and re.match(r"(?:find|get|read|query|count|exists|delete|remove|stream)", method):
                return self._new("jpa", held.group(1)[:1].upper() + held.group(1)[1:], call.span, (step,))
            if last in {"em", "entityManager"} and method in {"find", "getReference"} and len(step.arguments) > 1:
                first = step.arguments[0]
                named = (
                    re.match(r"(?:\w+\.)*(\w+)(?:\.class|::class)", first.source) if isinstance(first, Gap) else None
                )
                if named is not None:
                    rest = Step(method, step.arguments[1:2], {}, call.span)
                    return self._new("jpa", named.group(1), call.span, (rest,))
            return None
        if language == "c_sharp":
            written = self.interpreter.notes.text(call.receiver.span)[-160:] if call.receiver is not None else ""
            found = _SET.search(written) or _SET.search(path)
            if found is None or method not in _LINQ:
                return None
            return self._new("ef", found.group(1) or found.group(2), call.span, (step,))
        if method in {"NewSelect", "NewUpdate", "NewDelete"} and call.receiver is not None and not call.arguments:
            return self._new("bun", "", call.span, (step,))
        entity = _ENT.search(path) if method in _ENT_CALLS else None
        if entity is not None:
            return self._new("ent", entity.group(1), call.span, (step,))
        if method in _GORM and call.receiver is not None:
            written = self.interpreter.notes.text(call.receiver.span)
            if _GORM_ROOT.search(written[-200:]):
                return self._new("gorm", self._struct(step), call.span, (step,))
        return None

    def _struct(self, step: Step) -> str:
        """The struct that a step of GORM names, by itself or by a variable of that type declared before it."""
        for value in step.arguments[:1]:
            text = value.source if isinstance(value, Gap) else ""
            named = re.match(r"&?(?:\[\])?\*?(?:\w+\.)?([A-Z]\w*)\s*\{|\(\*(?:\w+\.)?([A-Z]\w*)\)\(nil\)", text)
            if named is not None:
                return named.group(1) or named.group(2)
            held = re.fullmatch(r"&?(\w+)", text)
            if held is not None:
                source = self.interpreter.notes.source[max(0, step.span[0] - 4000) : step.span[0]]
                kinds = re.findall(
                    rb"\b" + held.group(1).encode() + rb"\s*(?::=\s*&?|\s)(?:\[\])?\*?(?:\w+\.)?([A-Z]\w*)", source
                )
                if kinds:
                    return str(kinds[-1].decode())
        return ""

    def _continued(self, query: Query, step: Step, call: Invoke | None = None) -> Query:
        inner = id(query) in self._inner
        self._extend(query)
        model = query.model
        if query.kind == "sqlalchemy" and not model and step.method == "select_from" and call is not None:
            model = (_class_name(call.arguments[0]) if call.arguments else None) or ""
        if query.kind in {"ef", "gorm", "bun", "ent"}:
            step = self._as_written(call, step.method) if call is not None else step
            model = model or (self._struct(step) if query.kind != "bun" or step.method == "Model" else "")
        longer = self._kept_query(Query(query.kind, model, (*query.steps, step), query.span, (query,)))
        if inner:
            self._sub_select(longer)
        return longer

    def _sub_select(self, query: Query) -> None:
        """A part of the query around it, which is judged; it never runs by itself."""
        self._inner.add(id(query))
        self._extend(query)

    def _kept_query(self, query: Query) -> Query:
        if not self.interpreter.notes.muted:
            self.made.append((query, self.interpreter.notes.enclosing()))
        return query

    def _extend(self, query: Query) -> None:
        stack = [query]
        while stack:
            top = stack.pop()
            if id(top) not in self._extended:
                self._extended.add(id(top))
                self._kept.append(top)
                stack.extend(top.base)

    # Results

    def finished(self) -> Iterable[tuple[Query, Function | None]]:
        """The queries that run, once for each place they begin and form they take."""
        for query, function in self.made:
            if not query.model and query.kind == "sqlalchemy":
                continue  # of values, or of other queries, which are judged themselves
            if id(query) not in self._extended or (id(query) in self._used and id(query) not in self._inner):
                yield query, function


_LOADS_LINQ = re.compile(
    r"(?:First|Single|Last|Find|Any|All|Count|LongCount|Max|Min|Sum|Average|ExecuteDelete|ExecuteUpdate|ElementAt|Contains"
    r"|To(?:List|Array|Dictionary|HashSet|Lookup))(?:OrDefault)?(?:Async)?"
)


def _loaded(query: Query) -> bool:
    """Whether its last step gave rows, a record or a number: what is called on that is no part of the query."""
    last = query.steps[-1]
    if not isinstance(last, Step):
        return False
    if query.kind == "active_record":
        return last.method in _RECORDS
    if query.kind in {"eloquent", "laravel"}:
        return last.method in chain_laravel.RUNS
    if query.kind == "typeorm":
        return (query.steps[0] is last and last.method != "createQueryBuilder") or last.method in _RESULTS["typeorm"]
    if query.kind in _RESULTS:
        return last.method in _RESULTS[query.kind] and (query.kind != "sqlalchemy" or _of_query(query, last))
    if query.kind == "ef":
        return _LOADS_LINQ.fullmatch(last.method) is not None
    return query.kind in {"jpa", "prisma", "entity", "sequelize", "mongo", "drizzle_query"}


def _of_query(query: Query, last: Step) -> bool:
    """`update` and `delete` end a `session.query(…)`; elsewhere they begin a statement."""
    return last.method not in _ROOTS or last is not query.steps[0]


_RESULTS = {
    "django": names(
        "get first last create get_or_create update_or_create count exists aggregate latest earliest in_bulk delete"
        " update bulk_create bulk_update iterator aget afirst alast acount aexists acreate aupdate adelete aaggregate"
        " aget_or_create aupdate_or_create"
    ),
    "sqlalchemy": names(
        "first one one_or_none all scalar count get get_one first_or_404 one_or_404 get_or_404 update delete"
    ),
    "typeorm": names(
        "getOne getOneOrFail getMany getManyAndCount getRawOne getRawMany getCount getExists execute stream"
    ),
    "kysely": names("execute executeTakeFirst executeTakeFirstOrThrow stream"),
    "supabase": names("single maybeSingle execute"),
}


def _class_name(expression: object, env: Env | None = None) -> str | None:
    """`Boat` of `Boat`, `models.Boat`, `Boat.id`, `func.count(Boat.id)`, or of what `self.model` was set to."""
    for _ in range(4):  # label(…) of a function of a column
        if not isinstance(expression, Invoke):
            break
        plain = expression.receiver is None or _last_part(expression.receiver) in {"func", "sa", "sql"}
        expression = (expression.arguments[0] if expression.arguments else None) if plain else expression.receiver
    if isinstance(expression, Name):
        for part in expression.path.split("."):
            if part[:1].isupper():
                return part
        table = re.match(r"(?:\w+\.){0,2}?(\w+)\.c(?:\.\w+)?$", expression.path)
        if table is not None:
            return table.group(1)  # `boats.c.name`, of a `Table`
        return _held_class(expression.path, env) or _held_class(expression.path.rpartition(".")[0], env)
    return None


def _last_part(expression: object) -> str:
    return expression.path.rpartition(".")[2] if isinstance(expression, Name) else ""


def _table_name(value: Value | None) -> str | None:
    """The name that code uses for a table: `TableName.Boats`, `BoatsTableName`."""
    named = (
        re.fullmatch(r"\w*[tT]ables?\w*\.\w+|\w*(?:Table|TABLE)\w*", value.source) if isinstance(value, Gap) else None
    )
    return named.group() if named is not None else None


def _held_class(path: str, env: Env | None) -> str | None:
    """The class that `cls`, or an attribute such as `self.model`, stands for."""
    held = env.find(path) if path and env is not None else None
    if not isinstance(held, Gap):
        return None
    found = re.fullmatch(r"(?:[a-z_]\w*\.)*([A-Z]\w*)", held.source)
    return found.group(1) if found is not None else None


def _collection(call: Invoke, last: str) -> str:
    """The name of a collection: `db.collection("boats")`, `db["boats"]`, `db.boats`."""
    receiver = call.receiver
    named = (
        receiver.arguments if isinstance(receiver, Invoke) else receiver.parts if isinstance(receiver, Other) else ()
    )
    return next((part.value for part in named if isinstance(part, Text)), last)


def _variable(expression: object) -> str | None:
    return expression.path.rpartition(".")[2] if isinstance(expression, Name) else None
