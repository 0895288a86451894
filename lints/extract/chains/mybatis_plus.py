"""Where a query of MyBatis-Plus begins: wrappers of conditions, mappers, and services over one table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from lints.extract.chains import jvm_rows, jvm_text
from lints.extract.chains.parts import Asked, Begun, as_written
from lints.extract.sqltext import names
from lints.extract.values import Alt, Gap, Query, Step, Value
from lints.patterns import regex

_TYPED = regex(
    rb"\b([A-Z]\w{0,80}(?:Repository|Mapper|Dao|Service))(<[\w.]{1,80})?(?:[^<>;(){}]{0,40}>)?\s+([a-z_]\w{0,80})\s*[;,)=]"
)
_TYPED_AFTER = regex(
    rb"\b([a-z_]\w{0,80})\s{0,9}:\s{0,9}([A-Z]\w{0,80}(?:Repository|Mapper|Dao|Service))\b(<[\w.]{1,80})?"
)
_MAPPER = regex(r"(?:\w*Mapper|\w*Dao|mapper|dao|baseMapper)")
_WRAPPER = regex(r"(?:MPJ)?(?:Lambda)?(?:Query|Update)?(?:Chain)?Wrapper(?:s|X)?|QueryChain|UpdateChain")
_WRAPS = names("lambdaQuery lambdaUpdate query update lambdaJoin")
_OF_A_CLASS = regex(r"<\s*(?:\w+\.)*(\w+)\s*>|\(\s*(?:\w+\.)*(\w+)(?:\.class|::class)")
_TAKES_OVER = regex(
    rb"\b(?:interface|class)\s+(\w{1,80})[^{};]{0,200}?\b\w{0,20}(?:BaseMapper\w{0,3}|ServiceImpl)\s*<\s*"
    rb"(?:(?:\w+\.){0,8}(\w{1,80}(?:Mapper|Dao))\s*,)?"
)
_RUNS = names(
    "selectOne selectList selectCount selectPage selectMaps selectMapsPage selectObjs selectFirstOne selectJoinList"
    " selectJoinOne selectJoinPage selectJoinCount exists list listMaps listObjs getOne getOneOpt getMap getObj count"
    " page pageMaps delete remove update selectJoinMaps deleteBatch updateBatch selectByMap deleteByMap listByMap"
    " removeByMap"
)
_KEYS = names(
    "selectById deleteById updateById selectBatchIds selectByIds deleteBatchIds deleteByIds selectByIdForUpdate"
    " insertOrUpdate"
)
_OF_SERVICES = names(
    "getById getOptById removeById removeByIds removeBatchByIds listByIds updateById saveOrUpdate saveOrUpdateBatch"
    " updateBatchById listByMap removeByMap"
)
_ALL = names("list count")
_INTO_WRAPPER = regex(r"Wrapper\w{0,3}<\s*(?:\w+\.)*\w+\s*>\s+\w+\s*=\s*$")
_CHANGES = names("update updateBatch saveOrUpdate")
_MAKES = names("saveOrUpdate insertOrUpdate")
_IF_THERE = regex(r"([\w.]+)\s*!=\s*null|(?:\w+\.)?(?:isNot(?:Null|Blank|Empty)|nonNull|hasText)\(\s*([\w.]+)\s*\)")
ENDS = (_RUNS | _KEYS | _OF_SERVICES | names("one oneOpt")) - names("exists count")
"""Calls after which a wrapper has run."""


@lru_cache(maxsize=2)
def declared(source: bytes) -> Mapping[str, str]:
    """What is declared to be a repository, a mapper or a service, by its name: its type, with what it is of."""
    found = {name: kind + of for kind, of, name in _TYPED.findall(source)}
    found.update((name, kind + of) for name, kind, of in _TYPED_AFTER.findall(source))
    return {name.decode(): kind.decode() for name, kind in found.items()}


def begun(asked: Asked) -> Begun | None:
    """A wrapper of conditions, or what a mapper does with one or without."""
    call, method = asked.call, asked.call.method
    if method in _RUNS:
        held = next((value for value in asked.step.arguments if _wrapper(value) is not None), None)
        wrapper = _wrapper(held) if held is not None else None
        if wrapper is not None:
            # What stands beside the wrapper is a page or the row that is written.
            model = wrapper.model or _mapped(asked)
            given = tuple(Gap(row, call.span) for row in (_changed(asked),) if row) if method in _CHANGES else ()
            return Begun("mybatis_plus", model, (*wrapper.steps, Step(method, given, {}, call.span)), base=(wrapper,))
    if _WRAPPER.fullmatch(method) is not None and call.receiver is None:
        return Begun("mybatis_plus", _class_of(asked), (Step("wrapper", (), {}, call.span),))
    if method in _WRAPS and re.search(r"(?:^|\.)(?:Wrappers|ChainWrappers|JoinWrappers)$", asked.path):
        return Begun("mybatis_plus", _class_of(asked), (Step("wrapper", (), {}, call.span),))
    if not call.arguments and asked.path[:1].isupper() and _gives_wrapper(asked):
        return Begun("mybatis_plus", asked.path.rpartition(".")[2], (Step("wrapper", (), {}, call.span),))
    if asked.path == "Db" and b"mybatisplus" in asked.interpreter.notes.source:
        return _of_db(asked)
    if method in {"lambdaQuery", "lambdaUpdate"} and not call.arguments:
        return Begun("mybatis_plus", _mapped(asked), (Step("wrapper", (), {}, call.span),))
    if not _stores(asked):
        return None
    step = _of_row(asked, as_written(asked.interpreter, call, method))
    if method in _MAKES and _is_new(asked):
        return None
    return Begun("mybatis_plus", _mapped(asked), (step,))


def _gives_wrapper(asked: Asked) -> bool:
    """Whether conditions on its own columns are asked of what a class gives, `Boat.gw().eq(Boat::getId, id)`, or it is
    declared to be a wrapper."""
    name = re.escape(asked.path.rpartition(".")[2])
    start, end = asked.call.span
    before = asked.interpreter.notes.source[max(0, start - 160) : start].decode("utf-8", "replace")
    if _INTO_WRAPPER.search(before) is not None:
        return True
    after = asked.interpreter.notes.source[end : end + 200].decode("utf-8", "replace")
    return re.match(rf"\s*\.\s*\w+\(\s*(?:[^(),;]{{1,60}},\s*)?{name}::(?:get|is)\w", after) is not None


def _changed(asked: Asked) -> str:
    """The row whose fields an update sets: `update(boat, wrapper)`."""
    call = asked.call
    text = asked.interpreter.notes.text(call.arguments[0].span).strip()[:200] if len(call.arguments) > 1 else "null"
    return jvm_rows.written(asked, text) if text != "null" else ""


def _is_new(asked: Asked) -> bool:
    """Whether a row that is saved was made here, without a key."""
    call = asked.call
    name = asked.interpreter.notes.text(call.arguments[0].span).strip()[:200] if call.arguments else ""
    said = jvm_rows.written(asked, name)
    return said.startswith("{") and re.search(r"[{;]\s*id =", said) is None


def _of_db(asked: Asked) -> Begun | None:
    """`Db.getById(id, Boat.class)`, `Db.lambdaQuery(Boat.class)`."""
    call, method = asked.call, asked.call.method
    model = _class_of(asked)
    named = re.search(r"\b([A-Z]\w*)(?:\.class|::class)", asked.interpreter.notes.text(call.arguments_span)[:400])
    model = model or (named.group(1) if named is not None else "")
    if method in _WRAPS:
        return Begun("mybatis_plus", model, (Step("wrapper", (), {}, call.span),))
    if not model or not (method in _OF_SERVICES or method in _ALL):
        return None
    step = as_written(asked.interpreter, call, method)
    return Begun(
        "mybatis_plus", model, (Step(method, step.arguments[:1] if method in _OF_SERVICES else (), {}, call.span),)
    )


def stated(step: Step, around: str) -> Step:
    """A comparison of a value that is there for sure, which a wrapper is told to make only if it is."""
    test = step.arguments[0] if len(step.arguments) > 2 else None
    found = _IF_THERE.fullmatch(test.source.strip()) if isinstance(test, Gap) else None
    name = next((group for group in found.groups() if group), "") if found is not None else ""
    if not name or not jvm_rows.required(around, name):
        return step
    return Step(step.method, (Gap("true", step.span), *step.arguments[1:]), step.keywords, step.span)


def _stores(asked: Asked) -> bool:
    """Whether a call without a wrapper is one of a mapper, or of a service over a table."""
    call, method = asked.call, asked.call.method
    last = asked.path.rpartition(".")[2]
    kind = declared(asked.interpreter.notes.source).get(last, "").partition("<")[0]
    if _MAPPER.fullmatch(last) is not None or kind.endswith(("Mapper", "Dao")):
        return method in _KEYS or method in _RUNS
    whole = method in _ALL and not call.arguments
    if kind.endswith("Service") or last.endswith("Service"):
        return method in _OF_SERVICES or whole
    said = asked.interpreter.notes.text(call.receiver.span) if call.receiver is not None else "this"
    own = said in {"this", "super"}
    if not own or not _enclosed(asked):
        return False
    if method in _KEYS or (method in _RUNS and len(call.arguments) > 1):
        return call.receiver is None or method in _KEYS
    return (method in _OF_SERVICES or whole) and (
        said == "super" or not _overrides(asked.interpreter.notes.source, method)
    )


def _overrides(source: bytes, method: str) -> bool:
    """Whether a class has a method of that name itself."""
    return (
        b"ServiceImpl" not in source
        or re.search(rb"\b(?:public|protected|private|fun)\s[\w<>,.? ]{0,80}\b%s\(" % method.encode(), source)
        is not None
    )


def _of_row(asked: Asked, step: Step) -> Step:
    """`updateById(boat)` and `removeById(boat.getId())` of a row that was loaded before, by its key: `boat.id`."""
    first = step.arguments[0] if step.arguments else None
    found = re.fullmatch(r"(\w+)(?:\.getId\(\))?", first.source) if isinstance(first, Gap) else None
    if found is None:
        return step
    around = jvm_text.before(asked.interpreter.notes.source, asked.call.span[0])
    if not jvm_text.loaded(around, found.group(1)):
        return step
    return Step(step.method, (Gap(f"{found.group(1)}.id", step.span), *step.arguments[1:]), {}, step.span)


def _wrapper(value: Value) -> Query | None:
    """The wrapper that a value is; of one that has two forms the one with more in it."""
    if isinstance(value, Query):
        last = value.steps[-1] if value.steps else None
        rows = isinstance(last, Step) and last.method in ENDS  # what it gave: a row, no wrapper
        return value if value.kind == "mybatis_plus" and not rows else None
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
    kind = declared(asked.interpreter.notes.source).get(last)
    if kind is not None:
        return kind.partition("<")[2] or kind
    of_service = next((mapper for _, _, mapper in _around(asked)), "") if last == "baseMapper" else ""
    if of_service:
        return of_service
    if last not in {"", "mapper", "dao", "baseMapper", "this", "super", "self"}:
        return last[:1].upper() + last[1:]
    reference = re.search(r"\b([A-Z]\w*)::(?:get|is)\w", asked.interpreter.notes.text(asked.call.span)[:1000])
    return reference.group(1) if reference is not None else _enclosed(asked)


def _enclosed(asked: Asked) -> str:
    """The mapper around a call, whose own methods it can use: `interface BoatMapper extends BaseMapper<Boat>`."""
    return next((name for _, name, _ in _around(asked)), "")


def _around(asked: Asked) -> Iterator[tuple[int, str, str]]:
    """The classes before a call that take over the methods of a mapper, nearest first."""
    return (held for held in reversed(_mappers(asked.interpreter.notes.source)) if held[0] < asked.call.span[0])


@lru_cache(maxsize=2)
def _mappers(source: bytes) -> tuple[tuple[int, str, str], ...]:
    """Where each class begins that takes over the methods of a mapper, its name, and the mapper of a service."""
    return tuple(
        (found.start(), found.group(1).decode(), (found.group(2) or b"").decode())
        for found in _TAKES_OVER.finditer(source)
    )
