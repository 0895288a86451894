"""Queries by the `Example` classes that MyBatis Generator makes: `boatMapper.selectByExample(example)`.

What was asked of the example is read from the method's text before the call: groups of conditions, any of which may
hold.
"""

from __future__ import annotations

import re

from lints.extract.chains import jvm_rows, jvm_text
from lints.extract.chains.parts import Asked, Begun
from lints.extract.ir import Span
from lints.extract.values import Gap, Step
from lints.patterns import regex

CALLS = regex(r"(select|count|delete|update)ByExample\w{0,30}")
SOMETIMES, UNSEEN, GROUP = "@sometimes", "@unseen", "@or"
"""Steps: what follows is there on some paths only, nobody sees which groups there are, another group begins."""
_TYPED = regex(r"(?<![\w.])(?:\w+\.)*([A-Z]\w*)Example\s+(\w+)\s*(?:=(?!=)\s*([^;\n]*)|[,)])")
_TYPED_AFTER = regex(r"\bva[lr]\s+(\w+)\s*(?::\s*\w+)?=\s*()(?:\w+\.)*([A-Z]\w*)Example\(\s*\)")
_NEW = regex(r"new\s+(?:\w+\.)*\w+Example\(\s*\)\s*;?\s*")
_INLINE = regex(r"new\s+(?:\w+\.)*(\w+)Example\(\s*\)")
_BEGINS = regex(r"\s*\.\s*(createCriteria|or)\(\s*\)")
_ANEW = regex(r"\s*\.\s*clear\(\s*\)|\s*=(?!=)\s*new\s+(?:\w+\.)*\w+Example\(\s*\)")
_ADDS = regex(r"\s*\.\s*(and[A-Z]\w*)\(")
_SILENT = regex(r"\s*\.\s*(?:set\w+|get\w+|page|limit|orderBy|excludeColumns|isDistinct)\(|\s*\)")
_MAX_USES, _MAX_STEPS = 60, 80


def begun(asked: Asked) -> Begun | None:
    """The query that a call of a mapper with an example is; None for any other call."""
    call, notes = asked.call, asked.interpreter.notes
    verb = CALLS.fullmatch(call.method)
    if verb is None or call.receiver is None or not call.arguments:
        return None
    given = [notes.text(argument.span).strip() for argument in call.arguments]
    name = given[-1] if verb.group(1) == "update" else given[0]
    around = jvm_rows.inside(jvm_text.before(notes.source, call.span[0]))
    inline = _INLINE.fullmatch(name)
    entity, after, made = (inline.group(1), len(around), True) if inline is not None else _declared(name, around)
    entity = entity or _of_mapper(asked)
    if not entity:
        return None
    steps = _steps(name, around, after, call.span) if made else [Step(UNSEEN, (), {}, call.span)]
    row = (jvm_rows.written(asked, given[0]),) if verb.group(1) == "update" and given[0].isidentifier() else ()
    ends = Step(verb.group(1), tuple(Gap(text, call.span) for text in row), {}, call.span)
    return Begun("mybatis_example", entity, (*steps[:_MAX_STEPS], ends))


def _of_mapper(asked: Asked) -> str:
    """What a mapper is of, by its type or by what it is called."""
    name = asked.path.rpartition(".")[2]
    typed = re.search(rb"\b(\w{1,80})Mapper\s+%s\s*[;=,)]" % name.encode(), asked.interpreter.notes.source)
    if typed is not None:
        return typed.group(1).decode()
    bare = name.removesuffix("Mapper")
    return f"{bare[:1].upper()}{bare[1:]}" if bare != name else ""


def _declared(name: str, around: str) -> tuple[str, int, bool]:
    """(entity, where its declaration ends, whether it is a new one there) of an example."""
    found = [one for one in _TYPED.finditer(around) if one.group(2) == name]
    if found:
        return found[-1].group(1), found[-1].end(), _NEW.fullmatch(found[-1].group(3) or "") is not None
    later = [one for one in _TYPED_AFTER.finditer(around) if one.group(1) == name]
    return (later[-1].group(3), later[-1].end(), True) if later else ("", 0, False)


def _steps(name: str, around: str, after: int, where: Span) -> list[Step]:
    """What was asked of an example since it was made."""
    rest = around[after:]
    steps: list[Step] = []
    for use in list(re.finditer(rf"(?<![\w.]){name}(?!\w)", rest))[:_MAX_USES]:
        begins = _BEGINS.match(rest, use.end())
        if _ANEW.match(rest, use.end()) is not None:
            if _certain(rest, use.start()):
                steps.clear()
            else:
                steps.append(Step(UNSEEN, (), {}, where))
            continue
        if begins is None:
            if _SILENT.match(rest, use.end()) is None or not _runs(rest, use.start()):
                steps.append(Step(UNSEEN, (), {}, where))
            continue
        held = re.search(r"(\w+)\s*=\s*\Z", rest[: use.start()])
        sometimes = not _certain(rest, use.start() if held is None else held.start())
        if begins.group(1) == "createCriteria" and any(one.method == GROUP for one in steps):
            if steps[0].arguments != (Gap("", where),):
                steps.append(Step(UNSEEN, (), {}, where))
            continue  # which adds no group to those that are there
        steps.append(Step(GROUP, (Gap("sometimes" if sometimes else "", where),), {}, where))
        end = _chain(rest, begins.end(), steps, where, sometimes=False)
        if held is not None:
            _criteria(held.group(1), rest, end, steps, where)
    return steps


def _runs(rest: str, at: int) -> bool:
    """Whether an example stands alone, or is handed to a mapper that runs it."""
    line = rest[max(0, at - 200) : at]
    opened = line.rfind("(")
    return opened < 0 or ";" in line[opened:] or re.search(r"ByExample\w*\s*\Z", line[:opened]) is not None


def _criteria(name: str, rest: str, start: int, steps: list[Step], where: Span) -> None:
    """What is added to a group that a variable holds."""
    for use in list(re.finditer(rf"(?<![\w.]){name}(?!\w)", rest[start:]))[:_MAX_USES]:
        at = start + use.start()
        end = _chain(rest, start + use.end(), steps, where, sometimes=not _certain(rest, at))
        if end == start + use.end():
            steps.append(Step("and", (Gap(name, where),), {}, where))  # handed on to what may add more


def _chain(rest: str, at: int, steps: list[Step], where: Span, *, sometimes: bool) -> int:
    """Read `.andIdEqualTo(id).andNameLike(name)`; returns where it ends."""
    while (added := _ADDS.match(rest, at)) is not None:
        closed = jvm_text.closes(rest, added.end() - 1)
        value = " ".join(rest[added.end() : closed].split())[:300]
        if sometimes:
            steps.append(Step(SOMETIMES, (), {}, where))
        steps.append(Step(added.group(1), (Gap(value, where),), {}, where))
        at = closed + 1
    return at


def _certain(rest: str, at: int) -> bool:
    """Whether a place is reached whenever what comes after it is: in no block that is closed before the end, under no
    condition of its own."""
    line = rest[rest.rfind("\n", 0, at) + 1 : at]
    return jvm_text.is_open(rest, at) and re.match(r"\s*(?:\}\s*)?(?:else\b|if\b|for\b|while\b|case\b)", line) is None
