"""A call that may begin a query of an ORM or a query builder, and what its parts name: a class, a table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lints.extract.ir import Invoke, Name, Other, Text
from lints.extract.values import Gap, Lit, Query, Step, Value
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.extract.environment import Env
    from lints.extract.interpret import Interpreter


_ALIASED = regex(r"aliased\((\w+)\)@\d+")
_TABLE = regex(r"(?:\w+\.){0,2}Table\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call with what is known of it where it stands. `path` is its receiver if that is a name, else empty."""

    interpreter: Interpreter
    call: Invoke
    receiver: Value | None
    path: str
    step: Step
    env: Env


@dataclass(frozen=True, slots=True)
class Begun:
    """The beginning of a query: its kind (a key of `lints.stores`), the model or table, the steps that the call is.

    `inner`: it is a part of the query around it and never runs by itself. `aside`: it is judged, but what the call
    gives is something else.
    """

    kind: str
    model: str
    steps: tuple[Value, ...]
    inner: bool = False
    aside: bool = False
    base: tuple[Query, ...] = ()
    """Queries it goes on with."""


def class_name(expression: object, env: Env | None = None) -> str | None:
    """`Boat` of `Boat`, `models.Boat`, `Boat.id`, `func.count(Boat.id)`, or of what `self.model` was set to."""
    for _ in range(4):  # label(…) of a function of a column
        if not isinstance(expression, Invoke):
            break
        plain = expression.receiver is None or _name_of(expression.receiver) in {"func", "sa", "sql"}
        expression = (expression.arguments[0] if expression.arguments else None) if plain else expression.receiver
    if isinstance(expression, Name):
        known = env.find(expression.path.split(".")[0]) if env is not None else None
        alias = _ALIASED.fullmatch(known.origin or "") if isinstance(known, Gap) else None
        if alias is not None:
            return alias.group(1)
        if env is not None and env.renamed(expression.path) and isinstance(known, Gap) and known.source[:1].isupper():
            return known.source
        for part in expression.path.split("."):
            if part[:1].isupper():
                return part
        table = re.match(r"(?:\w+\.){0,2}?(\w+)\.c(?:\.\w+)?$", expression.path)
        if table is not None:
            return table.group(1)  # `boats.c.name`, of a `Table`
        if _is_table(expression.path, env):
            return expression.path
        return held_class(expression.path, env) or held_class(expression.path.rpartition(".")[0], env)
    return None


def _is_table(path: str, env: Env | None) -> bool:
    """Whether a plain lower-case name is a `Table` of this file, or one that is imported."""
    if env is None or "." in path or not path.islower():
        return False
    held = env.find(path)
    if isinstance(held, Gap):
        return _TABLE.match(held.origin or "") is not None
    return held is None and isinstance(env.find(f"@{path}"), Lit)


def held_class(path: str, env: Env | None) -> str | None:
    """The class that `cls`, or an attribute such as `self.model`, stands for."""
    held = env.find(path) if path and env is not None else None
    if not isinstance(held, Gap):
        return None
    found = re.fullmatch(r"(?:[a-z_]\w*\.)*([A-Z]\w*)", held.source)
    return found.group(1) if found is not None else None


def _name_of(expression: object) -> str:
    return expression.path.rpartition(".")[2] if isinstance(expression, Name) else ""


def table_name(value: Value | None) -> str | None:
    """The name that code uses for a table: `TableName.Boats`, `BoatsTableName`."""
    named = (
        re.fullmatch(r"\w*[tT]ables?\w*\.\w+|\w*(?:Table|TABLE)\w*", value.source) if isinstance(value, Gap) else None
    )
    return named.group() if named is not None else None


def collection(call: Invoke, last: str) -> str:
    """The name of a collection: `db.collection("boats")`, `db["boats"]`, `db.boats`."""
    receiver = call.receiver
    named = (
        receiver.arguments if isinstance(receiver, Invoke) else receiver.parts if isinstance(receiver, Other) else ()
    )
    return next((part.value for part in named if isinstance(part, Text)), last)


def variable(expression: object) -> str | None:
    return expression.path.rpartition(".")[2] if isinstance(expression, Name) else None


def as_written(interpreter: Interpreter, call: Invoke, method: str) -> Step:
    """A step with its arguments as source text; constants stay constants."""
    given = tuple(
        Lit(argument.value, argument.span)
        if isinstance(argument, Text) and interpreter.language == "go"
        else Gap(interpreter.notes.text(argument.span)[: 2000 if method == "from" else 1000], argument.span)
        for argument in call.arguments
    )
    return Step(method, given, {}, call.span)
