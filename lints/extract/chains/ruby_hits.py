"""Which of the places where a call of Active Record may be are calls of a list or a hash of Ruby's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from lints.extract.chains.ruby import PLAIN, RUNS, SURE
from lints.patterns import regex
from lints.search import named

_ASKED = regex(rb"\w*\s*&?\.\s*(\w+[?!]?)")
_SET = regex(rb"[ \t]*(?:\|\||&&|[+*-])?=(?![=~>])")
_SEVERAL = regex(rb"[ \t(]*(?:[*@]?\w+[ \t]*,[ \t]*)*[*@]?")
"""What stands in a line before a name that is one of several which are given something at once."""
_HASH = regex(rb"[ \t]*=[ \t]*(?:Hash\.new\b|\{|\[)")
_LETTER = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_BEFORE = frozenset(b".@$:&)]}")


@cache
def _goes_on() -> re.Pattern[bytes]:
    """A path of names that ends in what a query is asked."""
    asks = "|".join(sorted(map(re.escape, RUNS | PLAIN), key=lambda name: (-len(name), name))).encode()
    return re.compile(rb"\w*(?:\s*&?\.\s*\w+[?!]?(?:\(\))?){1,4}\s*&?\.\s*(?:%s)(?!\w)" % asks)


def queries(data: bytes, places: Iterable[int]) -> list[int]:
    """The places without those where something is asked of a name that nothing was assigned to, `items.first(3)`, or
    of a hash that was made in the file, `found.values.sum`."""
    held: dict[bytes, bool] = {}
    return [place for place in places if not _idle(data, place, held)]


def _idle(data: bytes, place: int, held: dict[bytes, bool]) -> bool:
    if data[place] not in _LETTER:
        return False
    asked = _ASKED.match(data, place)
    start = _start(data, place)
    head = data[start : _end(data, place)]
    if asked is None or not head[:1].islower() or (method := asked.group(1).decode()) in SURE:
        return False
    before = data[start - 1] if start else 0
    if head in {b"values", b"keys"} and before == 46:
        owner = data[_start(data, start - 2) : start - 1]
        return method in RUNS and owner[:1].islower() and _is_hash(data, owner, start)
    if before in _BEFORE or _goes_on().match(data, place) is not None:
        return False
    if head not in held:
        held[head] = any(_assigned(data, at, at + len(head)) for at in named(data, head))
    return not held[head]


def _start(data: bytes, place: int) -> int:
    while place > 0 and data[place - 1] in _LETTER:
        place -= 1
    return place


def _end(data: bytes, place: int) -> int:
    while place < len(data) and data[place] in _LETTER:
        place += 1
    return place


def _assigned(data: bytes, start: int, end: int) -> bool:
    """Whether a name is given something at one of its places, or is what a method is called."""
    if _SET.match(data, end) is not None or data[max(0, start - 4) : start] == b"def ":
        return True
    line = data.rfind(b"\n", 0, start) + 1
    return data[end : end + 1] in {b",", b")"} and _SEVERAL.fullmatch(data, line, start) is not None


def _is_hash(data: bytes, owner: bytes, before: int) -> bool:
    """Whether a name was last set to a hash or a list that is written out."""
    last = None
    for at in named(data, owner, 0, before):
        last = at if _SET.match(data, at + len(owner)) is not None else last
    return (
        last is not None
        and data[last - 1 : last] not in {b".", b"@"}
        and _HASH.match(data, last + len(owner)) is not None
    )
