"""Functions of a project that give conditions or queries: what they add for whom, so that their callers can be judged.

Python and TypeScript, functions of a module and static methods of its classes. What can't be followed is told as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from lints.extract import invocations
from lints.extract.chains.helpers import CONDITION, is_condition, whole
from lints.extract.chains.paths import MAX_VARIANTS, argument, variants_of
from lints.extract.facts import Argument, Helper, OrmStep
from lints.extract.interpret import Interpreter, TooLargeError
from lints.extract.ir import ClassBody, Define, Func, Span
from lints.extract.parse import language_of
from lints.extract.values import Fn, Listing, Query, Record, Value, assignments, settled
from lints.patterns import regex
from lints.schema.catalog import Catalog
from lints.schema.orm import Source

_OF_TENANT = (
    rb"|(?:=>\s*\(|\breturn\s+)\{\s*(?:\w{1,40}\s*:[^{}\n,]{0,80},\s*){0,3}"
    rb"\w{0,20}(?:[tT]enant|[oO]rg|[wW]orkspace|[tT]eam|[pP]roject|[aA]ccount|[cC]ompany)\w{0,20}\s*[:,}]"
)
_MARKUP = (
    rb"\breturn\s+\(?\s*(?:[\w.]{1,80}\s*(?:\([^()\n]{0,120}\)\s*)?\.(?:where|andWhere)\("
    rb"|(?:select|and|or|eq|inArray)\()|=>\s*(?:and|or|eq|inArray)\("
)
_PYTHON = (
    rb"\breturn\s+\(?\s*(?:[\w.]{1,80}\s*(?:\([^()\n]{0,120}\)\s*)?\.(?:where|filter|filter_by|exclude)\("
    rb"|(?:select|and_|or_|Q)\(|[\w.]{1,60}\s*==|[A-Z]\w{0,40}\.\w{1,40}\.(?:in_|is_)\()"
    rb"|\bclass\s+\w{1,60}\(\s*(?:[\w.]{1,60}\s*,\s*){0,3}[\w.]{0,60}(?:Manager|Query[sS]et)\b"
)
DECLARES: Mapping[str, re.Pattern[bytes]] = {
    ".py": regex(_PYTHON + _OF_TENANT),
    ".tsx": regex(_MARKUP),  # what a page or a component gives of a tenant are its properties
    **dict.fromkeys((".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"), regex(_MARKUP + _OF_TENANT)),
}
"""By the ending of a file, some expression that a helper returns; what else is in the file does not matter. Arrays of
JavaScript have a `filter` and comparisons are no conditions there, so that neither says anything."""
MANAGERS = ("Manager", "QuerySet", "Queryset")
"""How Django's managers and query sets, and what is made of them, are called."""
_MAX_HELPERS = 100
_NARROWS = (
    r"\s*\.(?:where|filter|filter_by|exclude|andWhere|orWhere|join|innerJoin|leftJoin|order_by|orderBy|options)\("
)
_NARROWED = regex(r"(?<![\w.])(\w+)" + _NARROWS)
_CHANGED = regex(r"\.(?:andWhere|orWhere)\(")


def declares(path: str, data: bytes, span: Span | None = None) -> bool:
    """Whether a helper in a file, or in a part of it, may return a query or a condition; in other languages none."""
    told = DECLARES.get(PurePosixPath(path).suffix)
    return told is not None and told.search(data, *(span or (0, len(data)))) is not None


def read_query_helpers(catalog: Catalog, sources: Sequence[Source]) -> None:
    """Add the helpers that the files declare."""
    for source in sources:
        catalog.helpers.extend(_helpers(source))


def _helpers(source: Source) -> Iterator[Helper]:
    language = language_of(source.path) or ""
    named = {
        id(function): (name, managed)
        for name, function, managed in _declared(source)
        if managed or _builders(source, function) or _returns(source, function)
    }
    if not named:
        return
    interpreter = Interpreter(source.data, language, source.lines, orm=True)
    interpreter.notes.muted += 1
    try:
        interpreter.run(source.body, lambda _: False)
        for function, env, _ in interpreter.pending[:_MAX_HELPERS]:
            name, managed = named.get(id(function), ("", False))
            if managed:  # a manager's own queryset is what its methods go on with
                env = env.copy()
                for own in ("self", "self.queryset"):
                    env.put(own, Query("django", "@self", (), (-1, -1)))
            made = _helper(interpreter, source, name, Fn(function, env), managed=managed) if name else None
            if made is not None:
                yield made
    except (TooLargeError, RecursionError):
        return  # what could not be followed is known to nobody: its callers stay as they are


def _declared(source: Source) -> Iterator[tuple[str, Func, bool]]:
    """(name, function, whether it is a method of one of Django's managers or query sets)."""
    for statement in source.body:
        if isinstance(statement, Define):
            yield statement.function.name, statement.function, False
        elif isinstance(statement, ClassBody):
            managed = source.path.endswith(".py") and any(base.endswith(MANAGERS) for base in statement.bases)
            for member in statement.body:
                if isinstance(member, Define):
                    yield f"{statement.name}.{member.function.name}", member.function, managed


def _body(source: Source, function: Func) -> str:
    return source.data[slice(*function.body_span)].decode("utf-8", "replace")


def _builders(source: Source, function: Func) -> list[str]:
    """The parameters that the function narrows, so that they are queries."""
    text = _body(source, function)
    narrowed = {found.group(1) for found in _NARROWED.finditer(text)}
    return [name for parameter in function.parameters if _among(name := parameter.name, narrowed, text)]


def _among(name: str, narrowed: set[str], text: str) -> bool:
    if name.isidentifier():
        return name in narrowed
    return re.search(rf"(?<![\w.]){re.escape(name)}{_NARROWS}", text) is not None


def _returns(source: Source, function: Func) -> bool:
    """Whether it may return a query or a condition."""
    spans = (function.span, function.body_span)
    start, end = min(span[0] for span in spans), max(span[1] for span in spans)
    return declares(source.path, source.data, (start, end))


def _helper(interpreter: Interpreter, source: Source, name: str, held: Fn, *, managed: bool) -> Helper | None:
    function = held.function
    parameters = tuple(parameter.name for parameter in function.parameters)
    builders = _builders(source, function)
    changed = _CHANGED.search(_body(source, function)) is not None  # only builders that change in place have these
    kind = "sqlalchemy" if source.path.endswith(".py") else "knex" if changed else "kysely"
    begins = tuple(
        Query(kind, f"@{p}", (), (-1 - position, -1)) if p in builders[:1] else None
        for position, p in enumerate(parameters)
    )
    given = tuple(
        query if query is not None else invocations.unknown(p, function)
        for query, p in zip(begins, parameters, strict=True)
    )
    result = invocations.returned(interpreter, held, given)
    value = whole(result) if result is not None else None
    unseen = Helper(path=source.path, name=name, parameters=parameters)
    if isinstance(value, Query):
        base = value.model.removeprefix("@") if value.model.startswith("@") else ""
        steps = tuple(_own(path) if managed else path for path in variants_of(value))
        if len(steps) >= MAX_VARIANTS:
            return unseen
        return Helper(
            path=source.path,
            name=name,
            parameters=parameters,
            kind="" if base else value.kind,
            model="" if base else value.model,
            base=base,
            paths=steps,
        )
    if value is not None and (is_condition(value) or _is_map(value)):
        chosen = assignments(value, MAX_VARIANTS)
        if len(chosen) >= MAX_VARIANTS:
            return unseen
        paths = tuple(dict.fromkeys(_condition(argument(settled(value, one), one)) for one in chosen))
        return Helper(path=source.path, name=name, parameters=parameters, kind=CONDITION, paths=paths)
    return unseen if builders else None


def _own(steps: tuple[OrmStep, ...]) -> tuple[OrmStep, ...]:
    """The steps without `super().get_queryset()`, which is where every manager begins."""
    first = steps[0].arguments if steps else ()
    return steps[1:] if first and first[0].kind == "value" and first[0].text.startswith("super()") else steps


def _condition(given: Argument) -> tuple[OrmStep, ...]:
    return (OrmStep(method=CONDITION, arguments=(given,)),)


def _is_map(value: Value) -> bool:
    return isinstance(value, Record) or (isinstance(value, Listing) and bool(value.items))
