"""What a query looks like on each path of the code, as plain data."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lints.extract.closures import calls_of
from lints.extract.facts import Argument, Hole, OrmStep
from lints.extract.place import place
from lints.extract.values import (
    ABSENT,
    Fn,
    Fragment,
    Gap,
    Joined,
    Listing,
    Lit,
    Nothing,
    Query,
    Record,
    Returned,
    Rope,
    Step,
    Term,
    Value,
    assignments,
    paths,
    present,
    settled,
)
from lints.patterns import regex

MAX_VARIANTS = 8
WITH_STEPS = frozenset(
    {"active_record", "sequel", "sqlalchemy", "django", "python_record", "knex", "kysely", "drizzle", "objection"}
    | {"eloquent", "laravel", "gorm"}
)
"""Kinds whose queries are judged inside the query that takes them as an argument."""
MAX_SOURCE = 2000
"""Characters of a value's source: a lambda or a query expression is read there."""
_MAX_DEPTH = 12
_MAX_NESTED = 4
"""How deep an argument may be to be looked into: a query can stand many times in the next one, and that again."""
_MAX_HOLES = 200
_MAX_TEMPLATE = 10_000
_OF_A_QUERY = regex(r"^\w+\.c\.\w+$")
_ALIASED = regex(r"^(?:\w+\.)?aliased\(|\.(?:subquery|cte|alias|lateral)\([^()]*\)$")
_NAMED_ALIAS = regex(r"aliased\(\w+\)@\d+")
"""An alias of an entity by where it is made, so that two of them are two."""
_EACH = regex(r"([\w.$?!]+)\.(?:map|flatMap|forEach|filter|reduce)\(")


def variants_of(query: Query) -> tuple[tuple[OrmStep, ...], ...]:
    """The steps of a query on each of its paths, without repetitions."""
    out: list[tuple[OrmStep, ...]] = []
    for chosen in assignments(query, MAX_VARIANTS):
        steps = tuple(
            OrmStep(
                method=step.method,
                arguments=tuple(argument(value, chosen) for value in step.arguments),
                keywords=tuple(
                    (name, argument(value, chosen))
                    for name, value in step.keywords.items()
                    if settled(value, chosen) is not ABSENT
                ),
            )
            for held in query.steps
            if isinstance(step := settled(held, chosen), Step)
        )
        if steps not in out:
            out.append(steps)
    return tuple(out)


def argument(value: Value, chosen: Mapping[str, bool], depth: int = 0) -> Argument:
    """A value on one path as plain data."""
    value = settled(value, chosen)
    if depth > _MAX_DEPTH:
        return Argument(kind="value", text="…")
    if isinstance(value, Lit):
        return Argument(kind="text", text=value.text[:2000])
    if isinstance(value, Nothing):
        return Argument(kind="null")
    if isinstance(value, Listing):
        items = tuple(argument(item, chosen, depth + 1) for item in present(value, chosen)[:200])
        return Argument(kind="list", items=items)
    if isinstance(value, Record):
        there = [(key, settled(held, chosen)) for key, held in value.fields.items()]
        if "..." in value.fields:  # what is spread may hold the property that is taken away
            gone = Joined("", Listing(()))
            there = [(key, gone if inner is ABSENT else inner) for key, inner in there]
        there = [(key, inner) for key, inner in there if inner is not ABSENT]
        named = [(key, argument(inner, chosen, depth + 1)) for key, inner in there]
        return Argument(
            kind="map", text=value.source[:200], names=tuple(k for k, _ in named), items=tuple(v for _, v in named)
        )
    if isinstance(value, Term):
        items = tuple(argument(inner, chosen, depth + 1) for inner in value.arguments)
        named = [(key, argument(inner, chosen, depth + 1)) for key, inner in value.keywords.items()]
        return Argument(
            kind="term",
            text=value.operator,
            items=(*items, *(v for _, v in named)),
            names=("",) * len(items) + tuple(k for k, _ in named),
        )
    if isinstance(value, Query):
        return Argument(kind="query", text=value.model, items=_nested(value, chosen, depth))
    if isinstance(value, Returned) and isinstance(value.result, Term) and value.function is not None:
        given = next((parameter.name for parameter in value.function.parameters), "")
        return Argument(kind="term", text="=>", items=(argument(value.result, chosen, depth + 1),), names=(given,))
    if isinstance(value, Returned) and isinstance(value.result, Query) and value.result.kind == "kysely":
        return argument(value.result, chosen, depth + 1)  # `(eb) => eb.selectFrom("boats")…`
    if isinstance(value, (Fn, Returned)):
        return Argument(kind="closure", items=calls_of(value.function) if value.function is not None else ())
    if isinstance(value, Fragment):
        text, holes = place(list(paths(value)[0][0]))
        seen = len(text) <= _MAX_TEMPLATE and len(holes) <= _MAX_HOLES
        parts = (Argument(kind="text", text=text), *map(_of_hole, holes)) if seen else ()
        return Argument(kind="dynamic", text=_shown(value)[:2000], items=parts)
    if isinstance(value, (Rope, Joined)):
        return Argument(kind="dynamic", text=_shown(value)[:2000])
    if isinstance(value, Gap) and (alias := _NAMED_ALIAS.fullmatch(value.origin or "")) is not None:
        rest = value.source.partition(".")[2]
        return Argument(kind="dynamic", text=f"{alias.group()}.{rest}" if rest else alias.group())
    if isinstance(value, Gap) and (_OF_A_QUERY.search(value.source) or _ALIASED.search(value.origin or "")):
        return Argument(kind="dynamic", text=value.source[:200])  # a column of another relation, no value
    if isinstance(value, Gap) and value.call is not None and depth < _MAX_DEPTH // 2:
        called = value.call
        first = Argument(kind="text", text=called.name)
        listed = [argument(inner, chosen, depth + 1) for inner in called.arguments]
        named = [(key, argument(inner, chosen, depth + 1)) for key, inner in called.keywords.items()]
        return Argument(
            kind="call",
            text=value.source[:MAX_SOURCE],
            items=(first, *listed, *(inner for _, inner in named)),
            names=("",) * (len(listed) + 1) + tuple(key for key, _ in named),
        )
    return Argument(kind="value", text=_named(value) if isinstance(value, Gap) else "")


def _of_hole(hole: Hole) -> Argument:
    return Argument(kind="value" if hole.bound else "dynamic", text=hole.source[:200])


def _nested(query: Query, chosen: Mapping[str, bool], depth: int) -> tuple[Argument, ...]:
    """The steps of a query that is an argument of another, as terms, where its kind is judged with that one."""
    if query.kind not in WITH_STEPS or depth > _MAX_NESTED:
        return ()
    found: list[Argument] = []
    for held in query.steps:
        if isinstance(step := settled(held, chosen), Step):
            given = [argument(value, chosen, depth + 1) for value in step.arguments]
            named = [(name, argument(value, chosen, depth + 1)) for name, value in step.keywords.items()]
            names = ("",) * len(given) + tuple(name for name, _ in named)
            items = (*given, *(value for _, value in named))
            found.append(Argument(kind="term", text=step.method, items=items, names=names))
    return tuple(found)


def _shown(value: Value) -> str:
    """The text of a value on its first path, its gaps as `{source}`."""
    segments = paths(value)[0][:1]
    return "".join(s.text if isinstance(s, Lit) else "{" + s.source[:80] + "}" for part in segments for s in part)


def _named(value: Gap) -> str:
    """The source of a value; that of `b.id` in `boats.map((b) => b.id)` says where `b` is from: `boats.each.id`."""
    found = (
        _EACH.match(value.origin) if value.origin is not None and re.fullmatch(r"\w+\.[\w.]+", value.source) else None
    )
    if found is None:
        return value.source[:MAX_SOURCE]
    return f"{found.group(1)}.each.{value.source.partition('.')[2]}"[-200:]
