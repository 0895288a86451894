"""Where a query of Django, SQLAlchemy or pymongo begins, and which calls run it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lints.extract.chains import stores
from lints.extract.chains.helpers import OF, RELATED
from lints.extract.chains.parts import Asked, Begun, class_name, collection, held_class
from lints.extract.ir import Invoke, Name, Other
from lints.extract.sqltext import names
from lints.extract.values import Gap, Listing, Lit, Query, Step, Term

if TYPE_CHECKING:
    from lints.extract.environment import Env

DJANGO = names(
    "all filter exclude get first last count exists create get_or_create update_or_create update delete bulk_create"
    " bulk_update values values_list order_by distinct annotate aggregate select_related prefetch_related only defer"
    " iterator in_bulk latest earliest none using raw extra select_for_update reverse union intersection difference"
    " aget afirst acount aexists acreate aupdate adelete alast aget_or_create aupdate_or_create dates datetimes"
)
_OF_RELATED = names("all filter exclude order_by values_list get_or_create update_or_create aget_or_create")
"""Methods that an instance's related managers have and hardly anything else has."""
_OF_MANAGERS = re.compile(
    r"(?!(?:create|make|build|new|add|register|normalize|bulk|save|send|import|sync|generate|contribute|db_manager|check"
    r"|natural|contains|get_by_natural|make_random)(?:_|$))[a-z]\w*"
)
"""Methods of a manager that give a query set; those that make rows say nothing of whose rows are read."""
_MONGO_PYTHON = names(
    "find_one find_one_and_update find_one_and_delete find_one_and_replace update_one update_many delete_one"
    " delete_many replace_one insert_one insert_many count_documents"
)
ROOTS = frozenset({"select", "update", "delete", "insert"})
ASKS = {"get_object_or_404": "get", "get_list_or_404": "filter", "aget_object_or_404": "get"}
"""Functions that ask a model, a manager or a query for what their arguments say."""
_SQLALCHEMY = frozenset({"sa", "sqlalchemy", "db", "sql", "sqla", "expression"})
_BEGINS = re.compile(r"(?:_?get|_?build|base)?_?\w*(?:queryset|statement|query|stmt)")
_NARROWS = names("filter exclude where get filter_by first all count exists update delete order_by options join values")
_SAVES = names("add add_all merge bulk_save_objects bulk_insert_mappings bulk_update_mappings")
_BROUGHT = re.compile(r"sqlalchemy(?:\.\w+)*:insert")
_SESSION = re.compile(r"(?:^|[._])(?:session|sess|db|s)$", re.IGNORECASE)
RUNS = {
    "django": names(
        "get first last create get_or_create update_or_create count exists aggregate latest earliest in_bulk delete"
        " update bulk_create bulk_update iterator aget afirst alast acount aexists acreate aupdate adelete aaggregate"
        " aget_or_create aupdate_or_create"
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
    if method in _MONGO_PYTHON and (path or isinstance(call.receiver, Other)):
        return Begun("mongo", collection(call, last), (step,))
    if method in {"table", "from_"}:
        return stores.supabase(asked)
    if last.endswith("objects") and head and (method in DJANGO or _OF_MANAGERS.fullmatch(method) is not None):
        return Begun("django", held_class(head, env) or head.rpartition(".")[2], (step,))
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
        return _saved(asked)
    if method not in ROOTS and not path and _BROUGHT.fullmatch(_from_where(method, env)) is not None:
        step = Step("insert", step.arguments, step.keywords, step.span)  # `pg_insert`, as it is imported
        method = "insert"
    model = class_name(call.arguments[0], env) if call.arguments else None
    if method in ROOTS and (not path or path in _SQLALCHEMY):
        if model is None and method == "select" and call.arguments:
            return Begun("sqlalchemy", "", (step,))  # FROM comes with `select_from`
        return Begun("sqlalchemy", model, (step,)) if model is not None else None
    if model is None:
        return None
    if method == "query" and path:
        return Begun("sqlalchemy", model, (Step("query", step.arguments, {}, call.span),))
    if method in {"get", "get_one"} and _SESSION.search(path):
        return Begun("sqlalchemy", model, (Step("get", step.arguments[1:], step.keywords, call.span),))
    return None


def _from_where(name: str, env: Env) -> str:
    """`module:name` of an imported name."""
    brought = env.find(f"@{name}")
    return brought.text if isinstance(brought, Lit) else ""


def _saved(asked: Asked) -> Begun | None:
    """`session.add(Boat(name=n))`, `add_all([…])`, `merge(…)`, `bulk_insert_mappings(Boat, […])`."""
    call, method, given = asked.call, asked.call.method, asked.step.arguments
    first = given[0] if given else None
    if method in {"bulk_insert_mappings", "bulk_update_mappings"}:
        model = class_name(call.arguments[0], asked.env) if call.arguments else None
        return Begun("sqlalchemy", model, (Step(method, given[1:], {}, call.span),)) if model is not None else None
    if isinstance(first, Listing):
        first = next((item for item in first.items if isinstance(item, Term)), None)
    if not isinstance(first, Term) or not first.operator[:1].isupper() or not first.keywords:
        return None
    keywords = dict(first.keywords)
    written = call.arguments[0]
    if isinstance(written, Name):  # what was set on it since
        for name, value in asked.env.vars.items():
            head, _, attribute = name.rpartition(".")
            if head == written.path and attribute.isidentifier():
                keywords[attribute] = value
    return Begun(
        "sqlalchemy", first.operator, (Step("merge" if method == "merge" else "add", (), keywords, call.span),)
    )


def _inherited(asked: Asked) -> Begun | None:
    """`super().get_queryset().filter(…)`, `self.get_base_statement().where(…)`: more of a query that a class out of
    sight begins, on the model that this class names. What was asked for before can't be seen."""
    call, step, env = asked.call, asked.step, asked.env
    begun = call.receiver
    if not isinstance(begun, Invoke) or _BEGINS.fullmatch(begun.method) is None or call.method not in _NARROWS:
        return None
    whose = begun.receiver
    above = isinstance(whose, Invoke) and whose.method == "super"
    if not above and not (isinstance(whose, Name) and whose.path in {"self", "cls"}):
        return None
    held = env.find("self.queryset")
    model = held.model if isinstance(held, Query) else held_class("self.model", env)
    if model is None:
        return None
    kind = "sqlalchemy" if call.method == "where" or "queryset" not in begun.method else "django"
    unseen = Gap(asked.interpreter.notes.text(begun.span)[:200], begun.span)
    first = (Step("select", (), {}, call.span),) if kind == "sqlalchemy" else ()
    return Begun(kind, model, (*first, Step("filter", (unseen,), {}, begun.span), step))
