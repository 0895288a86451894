"""What is acted upon apart from what was checked: a client names a tenant he may use, and a row of whichever one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lints.context.asked import last_word, may_mean
from lints.context.words import CALLER_ID, TENANT
from lints.patterns import regex

_ASKED = regex(r"#(\w+(?:\.\w+)*)")
"""What the expression of an annotation asks about: `@PreAuthorize("@access.isMember(#tenantId)")`."""
_FORM_OF = regex(r"valid|parse|exist|uuid|convert|format|encode|decode|^(?:to|is|has)[A-Z_]", re.IGNORECASE)

MAX_TOLD = 20


@dataclass(frozen=True, slots=True)
class Sent:
    """A value that a client sent: as it is written, its other names, and the call that it was checked by."""

    said: str
    names: frozenset[str]
    checked: str | None = None

    def mentioned(self, text: str) -> bool:
        """Whether a text has it in it, by any of its names."""
        held = [name for name in self.names if name in text]
        return any(re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text) for name in held)


@dataclass(frozen=True, slots=True)
class Call:
    """A call that a client's values are handed to, and its arguments without them. `leaves`: to another module, and
    nothing but what he sent."""

    name: str
    arguments: str
    others: str
    span: tuple[int, int]
    given: tuple[str, ...]
    leaves: bool


def asked_before(head: str) -> Iterator[str]:
    """What an annotation of a function asks about, of its parameters: `member.teamId`."""
    for found in _ASKED.finditer(head):
        yield found.group(1)


def apart(
    head: str, sent: Sequence[Sent], calls: Sequence[Call], loaded: Mapping[str, Collection[str]]
) -> Iterator[tuple[Sent, str, Call]]:
    """Each row that a client names and that nothing ties to the tenant that is checked: it, the tenant, the call.

    `loaded` are variables that hold what was found by what a client sent: name to how that is written.
    """
    asked = list(asked_before(head))
    tenants = [one for one in sent if one.checked is not None and TENANT.fullmatch(last_word(one.said)) is not None]
    named = [name for name in asked if TENANT.fullmatch(last_word(name)) is not None]
    if not tenants and not named:
        return
    first = tenants[0].said if tenants else named[0]
    told: set[str] = set()
    asked_words = {last_word(name).lower() for name in asked}
    for call in calls:
        for said in call.given:
            one = next((s for s in sent if s.said == said), None)
            word = last_word(said)
            if one is None or said in told or not call.leaves or one.checked is not None or _FORM_OF.search(call.name):
                continue
            if TENANT.fullmatch(word) or not (word.lower() == "id" or may_mean(word)):
                continue
            if word.lower() in asked_words:
                continue
            if len(told) >= MAX_TOLD:
                return
            held = Sent(said, one.names | {name for name, by in loaded.items() if said in by})
            told.add(said)
            if any(held.mentioned(c.arguments) and _ties(c, tenants, named) for c in calls):
                continue
            yield one, first, call


def _ties(call: Call, tenants: Sequence[Sent], named: Sequence[str]) -> bool:
    """Whether a call is given a tenant or the caller: then it can compare."""
    if any(tenant.mentioned(call.arguments) for tenant in tenants) or CALLER_ID.search(call.others) is not None:
        return True
    words = {last_word(name).lower() for name in named}
    given = [last_word(word) for word in re.findall(r"[\w.]+(?:\(\))?", call.arguments)]
    return any(word.lower() in words or TENANT.fullmatch(word) is not None for word in given)
