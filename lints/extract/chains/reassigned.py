"""A row that was loaded and is given something that a client sent: `boat.tenant_id = request.data["tenant"]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lints.extract.ir import Invoke, Name
from lints.extract.sqltext import names
from lints.extract.values import Gap, Query, Step
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.extract.recorder import Recorder

REASSIGNED = "!reassigned"
_SAVES = names("save asave save!")
_UPDATES = names("update update! update_attributes update_attributes! update_columns update_column assign_attributes")
SENT = regex(
    r"(?:int|str|UUID|uuid\.UUID)?\(?(?:self\.)?request\.(?:data|POST|GET|query_params|json|form|args|headers)\b[^\n]*"
    r"|params\b(?!\.expect|\.require)[^\n]*|(?:\w+\.)?(?:validated_data|cleaned_data)\b[^\n]*"
    r"|(?:request\.)?(?:payload|body)\b[^\n]*"
)
_GIVEN = regex(r"\b(\w+):\s*(params\b(?:[^,()\[\]]|\[[^\[\]]*\]|\([^()]*\)){0,200})")
_MAX_BEFORE, _MAX_GIVEN = 6000, 20


def reassigned(notes: Recorder, query: Query, call: Invoke) -> Query | None:
    """What a row that `query` loaded was given before it is saved, as `attribute=source`; None if nothing was."""
    given: list[str] = []
    if call.method in _SAVES and isinstance(call.receiver, Name) and call.receiver.path.lstrip("@").isidentifier():
        name = re.escape(call.receiver.path)
        before = notes.source[max(0, call.span[0] - _MAX_BEFORE) : call.span[0]].decode("utf-8", "replace")
        around = before[max(before.rfind("def "), 0) :]
        for attribute, value in re.findall(rf"(?<![\w.]){name}\.(\w+)\s*=(?!=)\s*([^\n]{{1,200}})", around):
            given += [f"{attribute}={value.strip()}"] if SENT.fullmatch(value.strip()) else []
    elif call.method in _UPDATES:
        text = notes.text(call.arguments_span)[:_MAX_BEFORE]
        given = [f"{attribute}={value.strip()}" for attribute, value in _GIVEN.findall(text)]
    if not given:
        return None
    held = tuple(step for step in query.steps if isinstance(step, Step) and step.method.startswith("@"))
    said = Step(REASSIGNED, tuple(Gap(text, call.span) for text in given[:_MAX_GIVEN]), {}, call.span)
    return Query(query.kind, query.model, (*held, said), call.span)
