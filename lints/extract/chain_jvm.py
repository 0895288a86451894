"""Where a query of Java or Kotlin begins: repositories, the entity manager, MyBatis-Plus."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from lints.extract.chain_parts import Asked, Begun, as_written
from lints.extract.sqltext import names
from lints.extract.values import Alt, Gap, Query, Step, Value

if TYPE_CHECKING:
    from lints.extract.interpret import Interpreter
    from lints.extract.ir import Invoke

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
_RUNS = names(
    "selectOne selectList selectCount selectPage selectMaps selectMapsPage selectObjs selectFirstOne selectJoinList"
    " selectJoinOne selectJoinPage selectJoinCount exists list listMaps listObjs getOne getOneOpt getMap getObj count"
    " page pageMaps delete remove update selectJoinMaps deleteBatch updateBatch"
)
_KEYS = names(
    "selectById deleteById updateById selectBatchIds selectByIds deleteBatchIds deleteByIds selectByIdForUpdate"
)


KINDS = frozenset({"mybatis_plus"})
MUTABLE = KINDS
"""A call on what is held in a variable changes it."""
RUNS = {"mybatis_plus": (_RUNS | _KEYS | names("one oneOpt removeById")) - names("exists count")}


def begun(asked: Asked) -> Begun | None:
    """The query that a call of Java or Kotlin begins; None for any other call."""
    return _plus(asked) or _spring(asked)


def step_of(interpreter: Interpreter, call: Invoke, receiver: Value, step: Step) -> Step:
    """A step of a chain as it is written, where its conditions are read from the source."""
    held = receiver.yes if isinstance(receiver, Alt) else receiver
    if not isinstance(held, Query) or held.kind not in KINDS:
        return step
    return as_written(interpreter, call, step.method)


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
