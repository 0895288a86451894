"""Functions that give a query or a condition: of this file by what they return, imported ones as steps to be resolved.

What an imported function gives is known only where the whole project is (`lints.stores.helpers`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lints.extract.ir import Invoke, Name
from lints.extract.sqltext import names
from lints.extract.values import (
    Alt,
    Fn,
    Gap,
    Imported,
    Lit,
    Nothing,
    Query,
    Returned,
    Step,
    Term,
    Value,
    merge,
)

if TYPE_CHECKING:
    from lints.extract.environment import Env

THROUGH, FROM, IMPORTED, CONDITION = "@through", "@from", "imported", "condition"
"""Two steps that are calls of imported functions: one that is handed the query, one that begins it. The kind of what
the latter begins, and the kind of a helper that gives a condition. The first argument of a step is `module:name`; the
second of `THROUGH` is the position of the query among the rest."""
RELATED, OF = "django_related", "@of"
"""What is asked of an instance for the rows that refer to it (`boat.logbook_set.all()`): the kind, and the step that
names the instance."""
INHERITED, OF_BASES = "@inherited", "@bases"
"""A step that is a method of a class out of sight, which begins the query: its name; and where the helpers stand for
those of them that add nothing to say whose rows these are."""
SCOPE = "@scope"
"""A step that a model's own manager adds to every query: the place that says so, and what is compared."""
_HANDED = frozenset({"django", "sqlalchemy", "knex", "kysely", "drizzle"})
_CONTINUES = names("filter filter_by where andWhere exclude")
"""What is called on the result of an imported function only if that is a query."""


def imported(call: Invoke, arguments: list[Value], keywords: dict[str, Value], env: Env) -> Imported | None:
    """The call of a function that the file imports, by its own name or by that of its module or class.

    A name that anything here has given another value is not the one that was imported.
    """
    path = call.receiver.path if isinstance(call.receiver, Name) else ""
    if call.receiver is not None and not path:
        return None
    brought = env.find(f"@{path or call.method}")
    if not isinstance(brought, Lit) or env.find(path or call.method) is not None:
        return None
    module, _, name = brought.text.rpartition(":")
    if path:
        name = f"{name}.{call.method}" if name else call.method
    return Imported(f"{module}:{name}", tuple(arguments), dict(keywords))


def through(call: Invoke, made: Imported) -> tuple[Query, Step] | None:
    """A query that is handed to an imported function, and the step with which it goes on as what that gives."""
    for position, value in enumerate(made.arguments):
        if isinstance(value, Query) and value.kind in _HANDED:
            around = [*made.arguments[:position], Gap("…", call.span), *made.arguments[position + 1 :]]
            name, place = Lit(made.name, call.span), Lit(str(position), call.span)
            return value, Step(THROUGH, (name, place, *around), made.keywords, call.span)
    return None


def begun(call: Invoke, receiver: Value | None, step: Step) -> Query | None:
    """The query that an imported function begins, if what is called on its result says that it is one."""
    if not isinstance(receiver, Gap) or receiver.call is None or call.method not in _CONTINUES:
        return None
    if call.method == "filter" and step.arguments and isinstance(step.arguments[0], (Fn, Returned)):
        return None  # of an array
    name = Lit(receiver.call.name, call.span)
    first = Step(FROM, (name, *receiver.call.arguments), receiver.call.keywords, receiver.span)
    return Query(IMPORTED, receiver.call.name, (first, step), call.span)


def whole(value: Value) -> Value:
    """Paths that go on with the same query, as one query whose steps say on which of them they are."""
    done: dict[int, Value] = {}

    def walk(value: Value) -> Value:
        if not isinstance(value, Alt):
            return value
        if id(value) not in done:
            key, yes, no = value.key, walk(value.yes), walk(value.no)
            if isinstance(yes, Query) and isinstance(no, Nothing):
                done[id(value)] = yes
            elif isinstance(no, Query) and isinstance(yes, Nothing):
                done[id(value)] = no
            else:
                done[id(value)] = merge(lambda one, two: Alt(key, one, two), yes, no)
        return done[id(value)]

    return walk(value)


def is_condition(value: Value) -> bool:
    """Whether every path gives a condition, or none does on some."""
    done: dict[int, bool] = {}

    def walk(value: Value) -> bool:
        if not isinstance(value, Alt):
            return isinstance(value, Term)
        if id(value) not in done:
            sides = [side for side in (value.yes, value.no) if not isinstance(side, Nothing)]
            done[id(value)] = bool(sides) and all(map(walk, sides))
        return done[id(value)]

    return walk(value)
