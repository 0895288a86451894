"""What stands in a closure that adds to a query of Eloquent, as it is written: calls, and their arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lints.extract.facts import Argument
from lints.patterns import regex

CLOSURE = regex(r"\s*(?:static\s+)?(?:function|fn)\b\s*&?\s*\(\s*(?:[\w\\|?]+\s+)?&?\$(\w+)")
"""The head of a closure, with the name of what it is handed."""
_CALL = regex(r"\s*\??->\s*(\w+)\s*\(")
_BRACKETS = regex(r"[()\[\]{},]|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


def calls(body: str, variable: str) -> Iterator[tuple[str, list[str]]]:
    """(method, arguments) of the calls that are chained to a closure's own query, in order."""
    position = 0
    for start in re.finditer(rf"\${variable}\b", body):
        if start.start() < position:
            continue  # in the arguments of a call before
        position = start.end()
        while (call := _CALL.match(body, position)) is not None:
            close = _close(body, call.end())
            yield call.group(1), _split(body[call.end() : close])
            position = close + 1


def _close(text: str, start: int) -> int:
    """Where the bracket that is open before `start` is closed; the end of the text if it is not."""
    depth = 1
    for mark in _BRACKETS.finditer(text, start):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(mark.group(), 0)
        if depth == 0:
            return mark.start()
    return len(text)


def _split(text: str) -> list[str]:
    """Arguments, as written."""
    parts: list[str] = []
    depth = start = 0
    for mark in _BRACKETS.finditer(text):
        if mark.group() == "," and depth == 0:
            parts.append(text[start : mark.start()].strip())
            start = mark.end()
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(mark.group(), 0)
    last = text[start:].strip()
    return [*parts, last] if last else parts


def argument(text: str) -> Argument:
    """An argument that is only known as it is written."""
    if re.fullmatch(r"'[^']*'|\"[^\"$]*\"", text):
        return Argument(kind="text", text=text[1:-1])
    if text == "null":
        return Argument(kind="null")
    if CLOSURE.match(text) is not None:
        return Argument(kind="closure", text=text)
    return Argument(
        kind="dynamic" if text.startswith(("[", "new ")) else "value", text=text.removeprefix("$").replace("->", ".")
    )
