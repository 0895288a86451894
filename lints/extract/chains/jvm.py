"""Where a query of Java or Kotlin begins: repositories, the entity manager, MyBatis-Plus."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from lints.extract.chains.parts import Asked, Begun, as_written
from lints.extract.sqltext import names
from lints.extract.values import Alt, Gap, Listing, Nothing, Query, Step, Value

if TYPE_CHECKING:
    from lints.extract.environment import Env
    from lints.extract.interpret import Interpreter
    from lints.extract.ir import Expr, Invoke

_REPOSITORY = re.compile(r"_?(\w+?)(?:Jpa)?Repository(?:<\s*(?:\w+\.)*(\w+))?")
_TYPED = re.compile(
    rb"\b([A-Z]\w{0,80}(?:Repository|Mapper|Dao|Service))(<[\w.]{1,80})?(?:[^<>;(){}]{0,40}>)?\s+([a-z_]\w{0,80})\s*[;,)=]"
)
_TYPED_AFTER = re.compile(
    rb"\b([a-z_]\w{0,80})\s{0,9}:\s{0,9}([A-Z]\w{0,80}(?:Repository|Mapper|Dao|Service))\b(<[\w.]{1,80})?"
)
_ASKS = re.compile(r"(?:find|get|read|query|count|exists|delete|remove|stream|search)")
_MAPPER = re.compile(r"(?:\w*Mapper|\w*Dao|mapper|dao|baseMapper)")
_WRAPPER = re.compile(r"(?:MPJ)?(?:Lambda)?(?:Query|Update)?(?:Chain)?Wrapper(?:s|X)?|QueryChain|UpdateChain")
_WRAPS = names("lambdaQuery lambdaUpdate query update lambdaJoin")
_OF_A_CLASS = re.compile(r"<\s*(?:\w+\.)*(\w+)\s*>|\(\s*(?:\w+\.)*(\w+)(?:\.class|::class)")
_TAKES_OVER = re.compile(
    rb"\b(?:interface|class)\s+(\w{1,80})[^{};]{0,200}?\b\w{0,20}(?:BaseMapper\w{0,3}|ServiceImpl)\s*<"
)
_CRITERIA = names("createQuery createSelectionQuery createMutationQuery createCriteriaDelete createCriteriaUpdate")
_CLASS = re.compile(r"(?:\w+\.)*(\w+)(?:\.class|::class)")
_BUILDER = re.compile(r"(?:^|[.\s])(?:cb|\w*[bB]uilder|getCriteriaBuilder\(\))$")
_DSL = re.compile(
    r"(?:^|[.\s(])(?:\w*dsl\w*|\w*[dD]slContext|\w*[jJ]ooq|create|ctx|context)(?:\(\))?$|\bDSL(?:\.using\([^()]*\))?$"
)
_JOOQ = names(
    "select selectFrom selectOne selectCount selectDistinct update delete deleteFrom insertInto fetch fetchOne fetchAny"
    " fetchCount fetchExists fetchOptional fetchSingle"
)
_JOOQ_FETCHES = names("fetch fetchOne fetchAny fetchCount fetchExists fetchOptional fetchSingle update delete")
_EXPOSED = names("select selectAll deleteWhere deleteIgnoreWhere update deleteAll find findById")
_PANACHE = names(
    "find list stream count delete update findById findByIdOptional listAll findAll streamAll deleteAll deleteById"
)
_TAKES_QUERIES = names("in notIn eq ne exists notExists any all")
_RUNS = names(
    "selectOne selectList selectCount selectPage selectMaps selectMapsPage selectObjs selectFirstOne selectJoinList"
    " selectJoinOne selectJoinPage selectJoinCount exists list listMaps listObjs getOne getOneOpt getMap getObj count"
    " page pageMaps delete remove update selectJoinMaps deleteBatch updateBatch"
)
_KEYS = names(
    "selectById deleteById updateById selectBatchIds selectByIds deleteBatchIds deleteByIds selectByIdForUpdate"
)


KINDS = frozenset({"mybatis_plus", "criteria", "jooq", "exposed"})
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
        "deleteWhere deleteAll findById map toList singleOrNull single firstOrNull first forEach count any none empty"
    ),
    "mybatis_plus": (_RUNS | _KEYS | names("one oneOpt removeById")) - names("exists count"),
}


def begun(asked: Asked) -> Begun | None:
    """The query that a call of Java or Kotlin begins; None for any other call."""
    return _plus(asked) or _spring(asked) or _criteria(asked) or _jooq(asked) or _by_class(asked)


def inside(call: Invoke, arguments: Sequence[Value]) -> Iterator[Query]:
    """The queries of jOOQ that are part of a condition: they are judged with the query around it."""
    if call.method in _TAKES_QUERIES:
        yield from (value for value in arguments if isinstance(value, Query) and value.kind == "jooq")


def step_of(interpreter: Interpreter, call: Invoke, receiver: Value, step: Step, env: Env) -> Step:
    """A step of a chain as it is written, where its conditions are read from the source."""
    held = receiver.yes if isinstance(receiver, Alt) else receiver
    if not isinstance(held, Query) or held.kind not in KINDS:
        return step
    if held.kind == "criteria":
        given = [value for argument in call.arguments for value in _stated(interpreter, argument, env)]
        return Step(step.method, tuple(given), {}, call.span)
    return as_written(interpreter, call, step.method)


def _stated(interpreter: Interpreter, argument: Expr, env: Env) -> Iterator[Value]:
    """A predicate as it was written where it was made, each of a list by itself."""
    source = interpreter.notes.text(argument.span)[:1000]
    array = re.fullmatch(r"\*?(\w+)(?:\s*\.\s*toArray\(.*|\s*\.\s*toTypedArray\(\))?", source, re.DOTALL)
    held = env.find(array.group(1)) if array is not None else None
    if isinstance(held, Listing):
        for item in held.items[:50]:
            shown = item.yes if isinstance(item, Alt) and not isinstance(item.yes, Nothing) else item
            shown = item.no if isinstance(item, Alt) and isinstance(item.yes, Nothing) else shown
            text = (shown.origin or shown.source) if isinstance(shown, Gap) else "?"
            yield Gap(f"{'__maybe__' if isinstance(item, Alt) else ''}{text}", argument.span)
    elif isinstance(held, Gap) and held.origin is not None:
        yield Gap(held.origin, argument.span)
    else:
        yield Gap(source, argument.span)


def _spring(asked: Asked) -> Begun | None:
    method, last = asked.call.method, asked.path.rpartition(".")[2]
    declared = _declared(asked.interpreter.notes.source).get(last, "")
    held = _REPOSITORY.fullmatch(declared) or _REPOSITORY.fullmatch(last)
    manager = last in {"em", "entityManager"} and method in {"find", "getReference"}
    if held is None and not manager:
        return None
    step = as_written(asked.interpreter, asked.call, method)
    if held is not None and _ASKS.match(method):
        model = held.group(2) or held.group(1)
        return Begun("jpa", model[:1].upper() + model[1:], (step,))
    if manager and len(step.arguments) > 1:
        first = step.arguments[0]
        named = re.match(r"(?:\w+\.)*(\w+)(?:\.class|::class)", first.source) if isinstance(first, Gap) else None
        if named is not None:
            return Begun("jpa", named.group(1), (Step(method, step.arguments[1:2], {}, step.span),))
    return None


@lru_cache(maxsize=2)
def _declared(source: bytes) -> Mapping[str, str]:
    """What is declared to be a repository, a mapper or a service, by its name: its type, with what it is of."""
    found = {name: kind + of for kind, of, name in _TYPED.findall(source)}
    found.update((name, kind + of) for name, kind, of in _TYPED_AFTER.findall(source))
    return {name.decode(): kind.decode() for name, kind in found.items()}


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
    if method not in _JOOQ or call.receiver is None:
        return None
    receiver = asked.interpreter.notes.text(call.receiver.span)[-80:]
    if not _DSL.search(receiver):
        return None
    if method in _JOOQ_FETCHES and not re.match(
        r"(?:\w+\.)*[A-Z][A-Z0-9_]*\b", asked.interpreter.notes.text(call.arguments[0].span) if call.arguments else ""
    ):
        return None
    return Begun("jooq", "", (as_written(asked.interpreter, call, method),))


def _by_class(asked: Asked) -> Begun | None:
    """A call on a class: a table of Exposed, an entity of Panache."""
    call, method = asked.call, asked.call.method
    if not re.fullmatch(r"[A-Z]\w*[a-z]\w*", asked.path):
        return None
    if method in _EXPOSED and asked.interpreter.language == "kotlin":
        block = any(asked.interpreter.notes.text(argument.span)[:1] == "{" for argument in call.arguments)
        if block or method in {"selectAll", "deleteAll", "findById"}:
            return Begun("exposed", asked.path, (as_written(asked.interpreter, call, method),))
    if method in _PANACHE:
        return Begun("panache", asked.path, (as_written(asked.interpreter, call, method),))
    return None


# MyBatis-Plus


def _plus(asked: Asked) -> Begun | None:
    """A wrapper of conditions, or what a mapper does with one or without."""
    call, method = asked.call, asked.call.method
    if method in _RUNS:
        held = next((value for value in asked.step.arguments if _wrapper(value) is not None), None)
        wrapper = _wrapper(held) if held is not None else None
        if wrapper is not None:
            # What stands beside the wrapper is a page or the row that is written.
            model = wrapper.model or _mapped(asked)
            return Begun("mybatis_plus", model, (*wrapper.steps, Step(method, (), {}, call.span)), base=(wrapper,))
    if _WRAPPER.fullmatch(method) is not None and call.receiver is None:
        return Begun("mybatis_plus", _class_of(asked), (Step("wrapper", (), {}, call.span),))
    if method in _WRAPS and re.search(r"(?:^|\.)(?:Wrappers|ChainWrappers|JoinWrappers)$", asked.path):
        return Begun("mybatis_plus", _class_of(asked), (Step("wrapper", (), {}, call.span),))
    if method in {"lambdaQuery", "lambdaUpdate"} and not call.arguments:
        return Begun("mybatis_plus", _mapped(asked), (Step("wrapper", (), {}, call.span),))
    last = asked.path.rpartition(".")[2]
    declared = _declared(asked.interpreter.notes.source).get(last, "").partition("<")[0]
    mapper = _MAPPER.fullmatch(last) is not None or declared.endswith(("Mapper", "Dao"))
    inside = call.receiver is None and _enclosed(asked) != ""
    if not (mapper or inside) or (method not in _KEYS and method not in _RUNS):
        return None
    if inside and method in _RUNS and len(call.arguments) < 2:
        return None
    step = as_written(asked.interpreter, call, method)
    return Begun("mybatis_plus", _mapped(asked), (step,))


def _wrapper(value: Value) -> Query | None:
    """The wrapper that a value is; of one that has two forms the one with more in it."""
    if isinstance(value, Query):
        return value if value.kind == "mybatis_plus" else None
    if isinstance(value, Alt):
        sides = [side for side in (_wrapper(value.yes), _wrapper(value.no)) if side is not None]
        return max(sides, key=lambda side: len(side.steps), default=None) if len(sides) == 2 else None
    return None


def _class_of(asked: Asked) -> str:
    """The entity of a wrapper: `new QueryWrapper<Boat>()`, `QueryWrapper<Boat> w = new QueryWrapper<>()`."""
    notes, span = asked.interpreter.notes, asked.call.span
    written = notes.text(span)[:300]
    found = _OF_A_CLASS.search(written.partition(")")[0] + ")")
    if found is None:
        before = notes.source[max(0, span[0] - 200) : span[0]].decode("utf-8", "replace")
        found = re.search(r"Wrapper\w*<\s*(?:\w+\.)*(\w+)\s*>\s*\w+\s*=\s*$", before)
    if found is None:
        return ""
    return found.group(1) or (found.group(2) if found.re.groups > 1 else "") or ""


def _mapped(asked: Asked) -> str:
    """The mapper that a call is made on, by the name its class would have, or the entity that its arguments name."""
    last = asked.path.rpartition(".")[2]
    declared = _declared(asked.interpreter.notes.source).get(last)
    if declared is not None:
        return declared.partition("<")[2] or declared
    if last not in {"", "mapper", "dao", "baseMapper", "this"}:
        return last[:1].upper() + last[1:]
    reference = re.search(r"\b([A-Z]\w*)::(?:get|is)\w", asked.interpreter.notes.text(asked.call.span)[:1000])
    return reference.group(1) if reference is not None else _enclosed(asked)


def _enclosed(asked: Asked) -> str:
    """The mapper around a call, whose own methods it can use: `interface BoatMapper extends BaseMapper<Boat>`."""
    around = [name for start, name in _mappers(asked.interpreter.notes.source) if start < asked.call.span[0]]
    return around[-1] if around else ""


@lru_cache(maxsize=2)
def _mappers(source: bytes) -> tuple[tuple[int, str], ...]:
    """Where each class begins that takes over the methods of a mapper, and its name."""
    return tuple((found.start(), found.group(1).decode()) for found in _TAKES_OVER.finditer(source))
