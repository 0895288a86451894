"""Where a query of a Spring Data repository or of JPA's entity manager begins."""

from __future__ import annotations

import re

from lints.extract.chain_parts import Asked, Begun, as_written
from lints.extract.values import Gap, Step


def begun(asked: Asked) -> Begun | None:
    """The query that a call of Java or Kotlin begins; None for any other call."""
    method, last = asked.call.method, asked.path.rpartition(".")[2]
    step = as_written(asked.interpreter, asked.call, method)
    held = re.fullmatch(r"_?(\w+?)(?:Jpa)?Repository", last)
    if held is not None and re.match(r"(?:find|get|read|query|count|exists|delete|remove|stream)", method):
        return Begun("jpa", held.group(1)[:1].upper() + held.group(1)[1:], (step,))
    if last in {"em", "entityManager"} and method in {"find", "getReference"} and len(step.arguments) > 1:
        first = step.arguments[0]
        named = re.match(r"(?:\w+\.)*(\w+)(?:\.class|::class)", first.source) if isinstance(first, Gap) else None
        if named is not None:
            return Begun("jpa", named.group(1), (Step(method, step.arguments[1:2], {}, step.span),))
    return None
