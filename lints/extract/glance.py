"""What a glance at the bytes of a file says of where something may be. Nothing else of it is followed, or parsed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from lints.context import hands_on
from lints.extract import beginnings
from lints.extract.chains import hits
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.extract.ir import Span

_EDGES = regex(rb"[\"'`\n]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """Offsets in a file, in order: `texts` where a statement or a key may begin, `calls` where one of an ORM may."""

    texts: Sequence[int]
    calls: Sequence[int]
    hands_on: bool
    """Whether it may hand a client's tenant to a file that has statements."""

    def __bool__(self) -> bool:
        return bool(self.texts) or bool(self.calls) or self.hands_on

    @property
    def only_hands_on(self) -> bool:
        """Whether there is no statement in the file, but perhaps the tenant of one that is elsewhere."""
        return self.hands_on and not self.texts and not self.calls

    def within(self, span: Span) -> bool:
        """Whether there may be something in a part of the file."""
        start, end = span
        return any(
            (position := bisect_left(offsets, start)) < len(offsets) and offsets[position] < end
            for offsets in (self.texts, self.calls)
        )


Look: TypeAlias = Callable[[str, bytes], Glance]


def glance(language: str, data: bytes) -> Glance:
    """What the expressions find."""
    return Glance(texts=beginnings.hits(language, data), calls=hits.hits(language, data), hands_on=hands_on(data))


def everywhere(_language: str, data: bytes) -> Glance:
    """As if anything could be anywhere: what a glance is measured by. It takes its time."""
    return Glance(texts=[found.start() for found in _EDGES.finditer(data)], calls=range(len(data)), hands_on=True)
