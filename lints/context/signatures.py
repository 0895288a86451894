"""The parameters of a function as they are declared: each one's text, from the head that stands before its body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_OPENS, _CLOSES = "([{<", ")]}>"
_QUOTES = "'\"`"


def declared(head: str, names: Sequence[str]) -> dict[str, str]:
    """Name to declaration (`@RequestParam Long teamId`), of those of `names` that stand in the list of the head.

    The list is the last one in parentheses that has the first of them in it: what stands on a function has others.
    """
    plain = [name for name in names if name.isidentifier()]
    if not plain:
        return {}
    word = re.compile(rf"(?<![\w@]){re.escape(plain[0])}\b")
    listed = ""
    for inside in _groups(head):
        listed = inside if word.search(inside) is not None else listed
    found: dict[str, str] = {}
    for text in _apart(listed):
        bare = re.sub(r"\([^()]*(?:\([^()]*\)[^()]*){0,8}\)", "()", text)
        for name in plain:
            if name not in found and re.search(rf"(?<![\w@.]){re.escape(name)}\b", bare) is not None:
                found[name] = text.strip()
                break
    return found


def _groups(head: str) -> Iterator[str]:
    """What stands in parentheses that are in no others."""
    depth = start = 0
    for at, character in _code(head):
        if character == "(":
            start = at + 1 if not depth else start
            depth += 1
        elif character == ")" and depth:
            depth -= 1
            if not depth:
                yield head[start:at]
    if depth:
        yield head[start:]  # a head that is cut


def _apart(listed: str) -> Iterator[str]:
    depth = start = 0
    for at, character in _code(listed):
        if character in _OPENS:
            depth += 1
        elif character in _CLOSES and depth:
            depth -= 1
        elif character == "," and not depth:
            yield listed[start:at]
            start = at + 1
    yield listed[start:]


def _code(text: str) -> Iterator[tuple[int, str]]:
    """The characters that stand in no string, without the arrows, whose heads close nothing."""
    quote, escaped = "", False
    for at, character in enumerate(text):
        if quote:
            if not escaped and character == quote:
                quote = ""
            escaped = character == "\\" and not escaped
        elif character in _QUOTES:
            quote, escaped = character, False
        elif character != ">" or text[at - 1 : at] not in {"=", "-"}:
            yield at, character
