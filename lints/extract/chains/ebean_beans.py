"""Query beans of Ebean, `new QBoat().id.eq(id).tenantId.eq(tenant).findOne()`: properties stand between the calls, so
that the text of a query is read where it ends."""

from __future__ import annotations

import re

from lints.extract.chains import jvm_rows, jvm_text
from lints.extract.chains.parts import Asked, Begun
from lints.extract.sqltext import names
from lints.extract.values import Gap, Step
from lints.patterns import regex

ENDS = names(
    "findOne findOneOrEmpty findList findSet findMap findCount findIds findEach findEachWhile findIterate findStream"
    " findPagedList findSingleAttribute findSingleAttributeList exists delete update findFutureList"
)
_BEAN = regex(r"(?:new\s+)?Q([A-Z]\w*)\([^()]*\)")
_MAX_TEXT = 4000


def begun(asked: Asked) -> Begun | None:
    """The query that a call ends; None for any other call."""
    call, notes = asked.call, asked.interpreter.notes
    if call.method not in ENDS or call.receiver is None:
        return None
    text = notes.text(call.receiver.span)
    if len(text) > _MAX_TEXT:
        return None
    made = _BEAN.match(text.lstrip())
    if made is not None:
        parts = [text.lstrip()[made.end() :]]
        return Begun("query_bean", made.group(1), (_step(call.method, parts, call.span),))
    name = re.match(r"\s*(\w+)\s*(?=\.|\Z)", text)
    if name is None or not name.group(1)[0].islower():
        return None
    around = jvm_rows.inside(jvm_text.before(notes.source, call.span[0]))
    held = list(re.finditer(rf"(?<![\w.]){name.group(1)}\s*=(?!=)\s*(?=(?:new\s+)?Q[A-Z])", around))
    made = _BEAN.match(around, held[-1].end()) if held else None
    if made is None:
        return None
    end = jvm_text.statement(around, held[-1].end())
    parts = [around[made.end() : end]]
    for _, rest, sometimes in jvm_text.uses(name.group(1), around, end):
        said = rest[: jvm_text.statement(rest, 0)]
        parts.append(f"{jvm_text.MAYBE}{said}" if sometimes else said)
    parts.append(text[name.end() :])
    return Begun("query_bean", made.group(1), (_step(call.method, parts, call.span),))


def _step(method: str, parts: list[str], where: tuple[int, int]) -> Step:
    return Step(method, tuple(Gap(part, where) for part in parts if part.strip()), {}, where)
