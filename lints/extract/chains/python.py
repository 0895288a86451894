# ruff: noqa: S608 - the text is judged, it never reaches a database
"""Where a query of Django, SQLAlchemy or pymongo begins, and which calls run it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from lints.extract.chains import python_rows, stores
from lints.extract.chains.helpers import INHERITED, OF, RELATED
from lints.extract.chains.parts import Asked, Begun, class_name, collection, held_class
from lints.extract.ir import Expr, Invoke, Name, Other
from lints.extract.sqltext import names
from lints.extract.values import Alt, Gap, Listing, Lit, Query, Record, Step, Term, Value, rope
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.extract.environment import Env
    from lints.extract.interpret import Interpreter

DJANGO = names(
    "all filter exclude get first last count exists create get_or_create update_or_create update delete bulk_create"
    " bulk_update values values_list order_by distinct annotate aggregate select_related prefetch_related only defer"
    " iterator in_bulk latest earliest none using raw extra select_for_update reverse union intersection difference"
    " aget afirst acount aexists acreate aupdate adelete alast aget_or_create aupdate_or_create dates datetimes"
)
_MANAGERS = names("_default_manager _base_manager")
_OF_RELATED = names("all filter exclude order_by values_list get_or_create update_or_create aget_or_create")
"""Methods that an instance's related managers have and hardly anything else has."""
_OF_MANAGERS = regex(
    r"(?!(?:create|make|build|new|add|register|normalize|bulk|save|send|import|sync|generate|contribute|db_manager|check"
    r"|natural|contains|get_by_natural|make_random)(?:_|$))[a-z]\w*"
)
"""Methods of a manager that give a query set; those that make rows say nothing of whose rows are read."""
_MONGO_PYTHON = names(
    "find_one find_one_and_update find_one_and_delete find_one_and_replace update_one update_many delete_one"
    " delete_many replace_one insert_one insert_many count_documents"
)
_OF_BEANIE = {
    "find": "find", "find_many": "find", "find_all": "find", "find_one": "find_one", "get": "findById",
    "aggregate": "aggregate", "count": "count_documents", "insert_many": "insert_many", "insert_one": "insert_one",
    "delete_all": "delete_many",
}  # fmt: skip
"""What Beanie asks a document's class for, by what a collection calls it."""
_OF_COLLECTIONS = {"find": "find", "aggregate": "aggregate", "distinct": "distinct", "bulk_write": "bulkWrite"}
_COLLECTION = regex(
    r"(?:\w+\.)*(?:\w*db|database|mongo\w*)\.(?!db$|client$)\w+|(?:\w+\.)*_?(?:\w+_)?(?:collection|coll)"
)
_HELD_COLLECTION = regex(r"(?:\w+\.)*(?:\w*db|database|mongo\w*)\[[^\]]{1,60}\]|.{0,80}\bget_collection\([^()]{0,80}\)")
KINDS = python_rows.KINDS
ROOTS = frozenset({"select", "update", "delete", "insert", "exists"})
_OF_COLUMNS = names(
    "has any between not_in startswith endswith icontains notlike not_like notilike not_ilike regexp_match match"
    " is_distinct_from is_not_distinct_from"
)
"""Methods of a column or a relationship that give a condition."""
_MAKES = names("model_validate from_orm parse_obj validate construct model_construct")
"""Class methods that make an instance of what they are given, and of `update`."""
_EXECUTES = names("execute exec scalars scalar stream stream_scalars execute_async")
_NESTED_IN = names("where filter exclude get having from_select join outerjoin")
_OF_RECORDS = names(
    "select filter exclude get get_or_none get_by_id delete_by_id set_by_id create get_or_create update_or_create"
    " bulk_create bulk_update insert insert_many replace update delete all first annotate in_bulk exists"
)
"""What Peewee and Tortoise ask a model's class itself for."""
_OF_TABLES = names("select insert update delete")
ASKS = {"get_object_or_404": "get", "get_list_or_404": "filter", "aget_object_or_404": "get"}
"""Functions that ask a model, a manager or a query for what their arguments say."""
_SQLALCHEMY = frozenset({"sa", "sqlalchemy", "db", "sql", "sqla", "expression"})
_BEGINS = regex(r"(?:_?get|_?build|base)?_?\w*(?:queryset|statement|query|stmt)")
_OF_ROWS = regex(r"(\s*INSERT\s+INTO\s+[\w.\"`]+\s*)\(([^()]*)\)\s*VALUES\s*%s(.*)", re.IGNORECASE | re.DOTALL)
_TABLE_NAME = regex(r"[A-Za-z_][\w.]*")
_MADE_ABOVE = regex(r"(super\(\)|self|cls)\.(_?\w*(?:queryset|statement|query|stmt))\([^()]*\)$")
_CONDITIONS = names("where filter filter_by exclude")
_NARROWS = names("filter exclude where get filter_by first all count exists update delete order_by options join values")
_SAVES = names("add add_all merge bulk_save_objects bulk_insert_mappings bulk_update_mappings")
_BY_KEY = names("get get_one get_or_404")
_BROUGHT = regex(r"sqlalchemy(?:\.\w+)*:insert")
_GENERAL = "Model_of_"
"""What stands for any model: an entity of that name is made of the others (`lints.schema.python_bases`)."""
_MODEL = regex(r"(?:\w+_)?(?:model|entity)(?:_class|_cls|_type|_klass)?")
_ATTRIBUTE = regex(r"(?:[a-z_]\w*\.){0,3}(?:[A-Z]\w*|cls|\w*model)\.[a-z_]\w*|\w+\.c\.\w+")
_SESSION = regex(r"(?:^|[._])(?:session|sess|db|s)$", re.IGNORECASE)
RUNS = {
    "django": names(
        "get first last create get_or_create update_or_create count exists aggregate latest earliest in_bulk delete"
        " update bulk_create bulk_update iterator aget afirst alast acount aexists acreate aupdate adelete aaggregate"
        " aget_or_create aupdate_or_create"
    ),
    "python_record": names(
        "first get get_or_none get_by_id delete_by_id set_by_id create get_or_create update_or_create bulk_create count"
        " exists scalar in_bulk bulk_update"
    ),
    "sqlalchemy": names(
        "first one one_or_none all scalar count get get_one first_or_404 one_or_404 get_or_404 update delete"
    ),
}
"""Calls that run a query: what is called on their result is no part of it."""


def begun(asked: Asked) -> Begun | None:
    """The query that a call of Django, SQLAlchemy, Supabase or pymongo begins; None for any other call."""
    call, path, step, env = asked.call, asked.path, asked.step, asked.env
    method = call.method
    head, _, last = path.rpartition(".")
    of_class = last[:1].isupper() and not last.isupper()
    if method in _OF_BEANIE and of_class and b"beanie" in asked.interpreter.notes.source:
        return Begun("mongo", last, (Step(_OF_BEANIE[method], step.arguments, step.keywords, call.span),))
    if method[:1].isupper() and method[1:] and call.keywords and last in {"", "models"} and _makes_rows(asked):
        return Begun("python_record", method, (Step("create", (), step.keywords, call.span),))
    if method in _OF_RECORDS and of_class:
        return Begun("python_record", last, (step,))
    if method == "insert_many" and _MODEL.fullmatch(last) is not None:
        return None  # of a model that a class of its own holds: it is for each that it is made for
    if method in _OF_COLLECTIONS and _is_collection(asked):
        return Begun("mongo", collection(call, last), (Step(_OF_COLLECTIONS[method], *_given(step), call.span),))
    if method in _MONGO_PYTHON and (path or isinstance(call.receiver, Other)):
        return Begun("mongo", collection(call, last), (step,))
    if method in {"table", "from_"}:
        return stores.supabase(asked)
    if (
        (last.endswith("objects") or last in _MANAGERS)
        and head
        and (method in DJANGO or _OF_MANAGERS.fullmatch(method) is not None)
    ):
        named = held_class(head, env) or (_GENERAL if _is_handed(head, env) else head.rpartition(".")[2])
        return Begun("django", named, (step,))
    if not path and method in ASKS and call.arguments:
        model = class_name(call.arguments[0], env)
        if model is not None:
            rest = Step(ASKS[method], step.arguments[1:], step.keywords, call.span)
            return Begun("django", model, (rest,))
    if last == "query" and head:
        named = head.rpartition(".")[2]
        model = named if named[:1].isupper() else held_class(head, env)
        if model is not None:
            return Begun("sqlalchemy", model, (Step("query", (), {}, call.span), step))
    inherited = _inherited(asked)
    if inherited is not None:
        return inherited
    if head and last != "query" and (method in _OF_RELATED or (last.endswith("_set") and method in DJANGO)):
        return Begun(RELATED, last, (Step(OF, (Gap(head, call.span),), {}, call.span), step))
    if method in _SAVES and _SESSION.search(path):
        return python_rows.saved(asked)
    if method in {"save", "asave"} and isinstance(asked.receiver, Term) and asked.receiver.operator[:1].isupper():
        made = python_rows.with_later(asked.receiver, call.receiver, env)
        return Begun("django", asked.receiver.operator, (Step("create", (), made, call.span),)) if made else None
    if not path and method == "exists":
        return _exists(asked)
    if method in _OF_TABLES and path and not call.arguments and class_name(call.receiver, env) == path:
        return Begun("sqlalchemy", path, (step,))  # `boats.select()`, of a `Table`
    if method not in ROOTS and not path and _BROUGHT.fullmatch(_from_where(method, env)) is not None:
        step = Step("insert", step.arguments, step.keywords, step.span)  # `pg_insert`, as it is imported
        method = "insert"
    entity = dict(call.keywords).get("entity") if method in _BY_KEY else None
    first = call.arguments[0] if call.arguments else entity
    model = class_name(first, env) if first is not None else None
    if model is None and method == "select":
        model = _counted(call.arguments[:8], env)
    if step.arguments and isinstance(step.arguments[0], Query):
        model = None  # of a query, not of a class
    elif model is None and method in ROOTS | {"query", "get", "get_one"} and call.arguments:
        model = _handed(call.arguments[0], env)
    if method in ROOTS and (not path or path in _SQLALCHEMY):
        if model is None and method == "select" and call.arguments:
            return Begun("sqlalchemy", "", (step,))  # FROM comes with `select_from`
        return Begun("sqlalchemy", model, (step,)) if model is not None else None
    if model is None:
        counts = method == "query" and call.arguments and _SESSION.search(path) is not None
        return Begun("sqlalchemy", "", (step,)) if counts else None  # FROM comes with its conditions
    if method == "query" and path:
        return Begun("sqlalchemy", model, (Step("query", step.arguments, {}, call.span),))
    if method in _BY_KEY and _SESSION.search(path):
        ident = tuple(step.keywords[name] for name in ("ident", "id_") if name in step.keywords)
        return Begun("sqlalchemy", model, (Step("get", (*step.arguments[1:], *ident), step.keywords, call.span),))
    return None


def _counted(columns: Iterable[Expr], env: Env) -> str | None:
    """The class of `select(func.count(), Boat.name)`: aggregates come first, and no column of some sub-query."""
    for given in columns:
        named = class_name(given, env)
        of = given.receiver.path if isinstance(given, Invoke) and isinstance(given.receiver, Name) else ""
        if named is not None or not isinstance(given, Invoke):
            return named
        if of.rpartition(".")[2] != "func" and (of or given.method not in {"case", "literal", "text"}):
            return None
    return None


def _makes_rows(asked: Asked) -> bool:
    """Whether an instance is a row as soon as it is made, as Pony has it."""
    return not asked.call.arguments and b"pony" in asked.interpreter.notes.source


def _is_collection(asked: Asked) -> bool:
    """Whether a call is made on a collection of MongoDB: `db.boats`, `db["boats"]`, `boats_collection`."""
    source, receiver = asked.interpreter.notes.source, asked.call.receiver
    if receiver is None or (b"mongo" not in source and b"motor" not in source):
        return False
    if isinstance(receiver, Name):
        return _COLLECTION.fullmatch(receiver.path) is not None
    return _HELD_COLLECTION.fullmatch(asked.interpreter.notes.text(receiver.span)[:200]) is not None


def _given(step: Step) -> tuple[tuple[Value, ...], dict[str, Value]]:
    """The arguments of a call of pymongo, its filter or its pipeline first, though it is named."""
    named = next((step.keywords[name] for name in ("filter", "pipeline", "requests") if name in step.keywords), None)
    return ((named,) if named is not None and not step.arguments else step.arguments), dict(step.keywords)


def _handed(expression: Expr, env: Env) -> str | None:
    """What stands for a model that a function is handed: `def load(session, model, key): session.get(model, key)`."""
    head = expression.path.partition(".")[0] if isinstance(expression, Name) else ""
    if not _is_handed(head, env):
        return None
    env.put(head, Gap(_GENERAL, expression.span))  # its attributes are columns of that
    return _GENERAL


def _is_handed(name: str, env: Env) -> bool:
    """Whether a name is that of a parameter for a model, of which nothing else is known."""
    held = env.find(name) if _MODEL.fullmatch(name) is not None else None
    return isinstance(held, Gap) and held.source in {name, _GENERAL} and held.origin is None


def _exists(asked: Asked) -> Begun | None:
    """`exists().where(…)`, `exists(Boat.id)`, `exists(select(…))`."""
    call, step = asked.call, asked.step
    first = step.arguments[0] if step.arguments else None
    if isinstance(first, Query) and first.kind == "sqlalchemy":
        return Begun("sqlalchemy", first.model, (*first.steps, Step("exists", (), {}, call.span)), base=(first,))
    model = class_name(call.arguments[0], asked.env) if call.arguments else None
    return Begun("sqlalchemy", model or "", (step,)) if model is not None or not call.arguments else None


def executed(call: Invoke, arguments: list[Value]) -> tuple[Query, Step] | None:
    """`session.execute(insert(Boat), rows)`: what is written is handed over where the statement is run."""
    if call.method not in _EXECUTES or len(arguments) < 2:
        return None
    query, given = arguments[0], arguments[1]
    first = query.steps[0] if isinstance(query, Query) and query.kind == "sqlalchemy" and query.steps else None
    if not isinstance(query, Query) or not isinstance(first, Step) or first.method != "insert":
        return None
    if any(isinstance(step, Step) and step.method in {"values", "from_select"} for step in query.steps):
        return None
    return (query, Step("values", (given,), {}, call.span)) if isinstance(given, (Listing, Record, Gap, Alt)) else None


def term(interpreter: Interpreter, call: Invoke, receiver: Value | None, step: Step, env: Env) -> Value | None:
    """A condition on a column or a relationship, an alias of an entity, an instance that is made of another object, a
    dictionary."""
    written = interpreter.notes.text(call.span)[:200]
    if call.receiver is None and call.method == "dict" and not call.arguments and "**" not in step.keywords:
        return Record(dict(step.keywords), written)
    if call.receiver is None and call.method == "Q" and not call.arguments and not call.keywords:
        return Term("Q", (), {}, written)
    if (
        isinstance(receiver, Record)
        and isinstance(call.receiver, Name)
        and call.method in {"update", "pop", "setdefault"}
    ):
        env.put(call.receiver.path, _changed(receiver, call.method, step))
        return None
    if (
        isinstance(receiver, Term)
        and isinstance(call.receiver, Name)
        and call.method == "add"
        and len(call.arguments) == 2
    ):
        sign = "|" if written.rstrip(")").rstrip().endswith("OR") else "&"  # `wanted.add(Q(public=True), Q.OR)`
        env.put(call.receiver.path, Term(sign, (receiver, step.arguments[0]), {}, written))
        return None
    if call.method == "aliased" and call.arguments:
        model = class_name(call.arguments[0])
        alias = f"aliased({model})@{call.span[0]}"
        return Gap(alias, call.span, origin=alias) if model is not None else None
    if not isinstance(call.receiver, Name):
        return None
    if (
        call.receiver.path in {"self", "cls"}
        and call.keywords
        and (model := held_class(f"{call.receiver.path}.{call.method}", env))
    ):
        return Term(model, (), step.keywords, written)
    if call.method in _OF_COLUMNS and _ATTRIBUTE.fullmatch(call.receiver.path) is not None and receiver is not None:
        return Term(call.method, (receiver, *step.arguments), step.keywords, written)
    if call.method in _MAKES and call.receiver.path.rpartition(".")[2][:1].isupper() and step.arguments:
        update = step.keywords.get("update")
        more = update.fields if isinstance(update, Record) else {}
        return Term(call.receiver.path.rpartition(".")[2], (), {"**": step.arguments[0], **more}, written)
    return None


def _of_django(query: Query) -> bool:
    """Whether a query set is put together in sight, by Django's own methods."""
    return query.kind == "django" and all(isinstance(step, Step) and step.method in DJANGO for step in query.steps)


def written_out(call: Invoke, arguments: list[Value], keywords: Mapping[str, Value]) -> None:
    """Put the statement that a driver makes of what it is handed in the place of that: `execute_values(cursor, "INSERT
    INTO boats (id, tenant_id) VALUES %s", rows)`, `copy_records_to_table("boats", columns=[…], records=rows)`."""
    if call.method == "execute_values" and len(arguments) > 1 and isinstance(text := arguments[1], Lit):
        found = _OF_ROWS.fullmatch(text.text)
        if found is not None:
            row = ", ".join("%s" for _ in found.group(2).split(","))
            arguments[1] = Lit(f"{found.group(1)}({found.group(2)}) VALUES ({row}){found.group(3)}", text.span)
    place = {"copy_records_to_table": 0, "copy_to_table": 0, "copy_from": 1, "copy_from_table": 0}.get(call.method)
    if place is None or len(arguments) <= place:
        return
    table, listed = arguments[place], keywords.get("columns")
    if not isinstance(table, Lit) or _TABLE_NAME.fullmatch(table.text) is None:
        return
    schema = keywords.get("schema_name")
    named = f"{schema.text}.{table.text}" if isinstance(schema, Lit) else table.text
    columns = [item.text for item in listed.items if isinstance(item, Lit)] if isinstance(listed, Listing) else []
    if call.method == "copy_from_table":  # asyncpg's, which writes what it reads to a file
        arguments[place] = Lit(f"SELECT {', '.join(columns) or '*'} FROM {named}", table.span)
    elif isinstance(listed, Listing) and columns and len(columns) == len(listed.items):
        row = ", ".join("%s" for _ in columns)
        arguments[place] = Lit(f"INSERT INTO {named} ({', '.join(columns)}) VALUES ({row})", table.span)
    else:
        head = Lit(f"INSERT INTO {named} SELECT ", table.span)
        arguments[place] = rope(head, Gap("columns", table.span))


def spread(keywords: Mapping[str, Value]) -> Mapping[str, Value]:
    """The keywords of a call with those of a dictionary that is spread into it, if that is one whose keys are seen."""
    held = keywords.get("**")
    if not isinstance(held, Record) or any(not key.isidentifier() for key in held.fields if key != "..."):
        return keywords
    rest = {name: value for name, value in keywords.items() if name != "**"}
    return {("**" if name == "..." else name): value for name, value in {**held.fields, **rest}.items()}


def _changed(held: Record, method: str, step: Step) -> Record:
    """A dictionary after `update(…)`; what else is done to it can't be seen."""
    first = step.arguments[0] if step.arguments else None
    more = {**(first.fields if isinstance(first, Record) else {}), **step.keywords}
    unseen = Gap(method, step.span)
    if method == "pop" and isinstance(first, Lit):
        return Record({name: value for name, value in held.fields.items() if name != first.text}, held.source)
    if method == "update" and (first is None or isinstance(first, Record)) and "**" not in more:
        return Record({**held.fields, **more}, held.source)
    return Record({**held.fields, **more, "...": unseen}, held.source)


def nested(step: Step) -> list[Query]:
    """The queries in the conditions of a step: they are judged as a part of the query around them."""
    found: list[Query] = []
    stack: list[Value] = [*step.arguments, *step.keywords.values()] if step.method in _NESTED_IN else []
    while stack and len(found) < 100:
        top = stack.pop()
        if isinstance(top, Query) and top.model and (top.kind in {"sqlalchemy", "python_record"} or _of_django(top)):
            last = top.steps[-1] if top.steps else None
            begins = (
                top.kind == "sqlalchemy" and len(top.steps) == 1 and isinstance(last, Step) and last.method in ROOTS
            )
            if begins or not (isinstance(last, Step) and last.method in RUNS[top.kind]):
                found.append(top)  # else it has run: what it gave is judged where it did
        elif isinstance(top, Term):
            stack += [*top.arguments, *top.keywords.values()]
        elif isinstance(top, Listing):
            stack += top.items
        elif isinstance(top, Alt):
            stack += [top.yes, top.no]
    return found


def model_of(call: Invoke, step: Step, env: Env) -> str:
    """The entity of a query that begins without one: `select(func.count()).select_from(Boat)`, `exists().where(…)`."""
    if step.method == "select_from":
        return (class_name(call.arguments[0], env) if call.arguments else None) or ""
    stack: list[Value] = list(reversed(step.arguments)) if step.method in {"where", "filter"} else []
    for _ in range(50):
        if not stack:
            break
        top = stack.pop()
        if isinstance(top, Gap):
            aliased = re.fullmatch(r"aliased\((\w+)\)@\d+", top.origin or "")
            named = aliased or re.fullmatch(r"(?:[a-z_]\w*\.){0,3}([A-Z]\w*)\.\w+", top.source)
            if named is not None:
                return named.group(1)
        elif isinstance(top, Term):
            stack += reversed(top.arguments)
        elif isinstance(top, Listing):
            stack += reversed(top.items)
    return ""


def _from_where(name: str, env: Env) -> str:
    """`module:name` of an imported name."""
    brought = env.find(f"@{name}")
    return brought.text if isinstance(brought, Lit) else ""


def _inherited(asked: Asked) -> Begun | None:
    """`super().get_queryset().filter(…)`, `self.get_base_statement().where(…)`: more of a query that a class out of
    sight begins, on the model that this class names. What was asked for before can't be seen."""
    call, step, env = asked.call, asked.step, asked.env
    begun = call.receiver
    if isinstance(begun, Invoke) and _BEGINS.fullmatch(begun.method) is not None and call.method in _NARROWS:
        whose, named = begun.receiver, begun.method
        above = isinstance(whose, Invoke) and whose.method == "super"
        if not above and not (isinstance(whose, Name) and whose.path in {"self", "cls"}):
            return None
    elif isinstance(begun, Name) and isinstance(asked.receiver, Gap) and call.method in _CONDITIONS:
        made = _MADE_ABOVE.match(asked.receiver.origin or "")
        if made is None or asked.receiver.source != asked.receiver.origin:
            return None
        above, named = made.group(1) == "super()", made.group(2)
    else:
        return None
    held = env.find("self.queryset")
    model = held.model if isinstance(held, Query) else held_class("self.model", env)
    if model is None:
        return None
    kind = "sqlalchemy" if call.method == "where" or "queryset" not in named else "django"
    first = (Step("select", (), {}, call.span),) if kind == "sqlalchemy" else ()
    own = env.find("cls")
    whole = f"{'^' if above else ''}{own.source if isinstance(own, Gap) else ''}.{named}"
    return Begun(kind, model, (*first, Step(INHERITED, (Lit(whole, begun.span),), {}, begun.span), step))
