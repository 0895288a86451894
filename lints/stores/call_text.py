"""The source of a chain of calls taken apart: `BOATS.ID.eq(id).and(…)` is a head and calls with their arguments."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lints.patterns import regex

_TOKEN = regex(
    r"(?P<space>\s+)|(?P<text>\"\"\".*?\"\"\"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')|(?P<comment>//[^\n]*|/\*.*?\*/)"
    r"|(?P<word>[A-Za-z_$][\w$]*)|(?P<arrow>->|=>)|(?P<reference>::)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<other>.)",
    re.DOTALL,
)
_LAMBDA = regex(r"\s*\(?\s*((?:[\w.<>]+\s+)?\w+(?:\s*,\s*(?:[\w.<>]+\s+)?\w+)*)\s*\)?\s*->\s*(.*)", re.DOTALL)
MAX_TEXT = 8000


@dataclass(frozen=True, slots=True)
class Called:
    """One call of a chain; `arguments` are source, None for a plain name such as a field."""

    name: str
    arguments: tuple[str, ...] | None


def calls(text: str) -> tuple[Called, ...]:
    """The parts of a chain between its dots, in order; empty if the text is anything else."""
    text = bare(text)
    if len(text) > MAX_TEXT:
        return ()
    found: list[Called] = []
    position, wants = 0, True
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            return ()
        kind = token.lastgroup
        if kind in {"space", "comment"}:
            position = token.end()
        elif token.group() in {".", "?.", "!!"} or (token.group() in {"?", "!"} and found):
            wants, position = True, token.end()
        elif wants and kind == "other" and token.group() == "<" and found:
            close = text.find(">", position, position + 200)  # Wrappers.<Boat>lambdaQuery()
            if close < 0:
                return ()
            position = close + 1
        elif wants and kind in {"word", "text"}:
            found.append(Called(token.group(), None))
            wants, position = False, token.end()
        elif not wants and kind == "open" and token.group() == "(" and found and found[-1].arguments is None:
            end = closing(text, position)
            found[-1] = Called(found[-1].name, tuple(split(text[position + 1 : end])))
            position = end + 1
        elif not wants and kind == "open" and token.group() == "{" and found:  # a trailing lambda of Kotlin
            end = closing(text, position)
            held = found[-1].arguments or ()
            found[-1] = Called(found[-1].name, (*held, text[position : end + 1]))
            position = end + 1
        else:
            return ()
    return tuple(found)


def closing(text: str, start: int) -> int:
    """Where the bracket at `start` is closed, or the end of the text."""
    depth, position = 0, start
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            break
        depth += {"open": 1, "close": -1}.get(token.lastgroup or "", 0)
        if depth <= 0 and token.lastgroup == "close":
            return position
        position = token.end()
    return len(text)


def split(text: str, sign: str = ",") -> list[str]:
    """The parts between signs that stand in no bracket and no string."""
    out: list[str] = []
    depth, start, position = 0, 0, 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            break
        depth += {"open": 1, "close": -1}.get(token.lastgroup or "", 0)
        if depth == 0 and token.group() == sign:
            out.append(text[start:position].strip())
            start = token.end()
        position = token.end()
    out.append(text[start:].strip())
    return [part for part in out if part]


def words(text: str) -> list[tuple[str, str]]:
    """(kind, text) of what stands in no bracket, each bracket with what is in it as one piece of kind `group`."""
    out: list[tuple[str, str]] = []
    position = 0
    while position < len(text) and len(out) < 2000:
        token = _TOKEN.match(text, position)
        if token is None:
            break
        kind = token.lastgroup or "other"
        if kind == "open":
            end = closing(text, position)
            out.append(("group", text[position : end + 1]))
            position = end + 1
            continue
        if kind not in {"space", "comment"}:
            out.append((kind, token.group()))
        position = token.end()
    return out


def bare(text: str) -> str:
    """Without the brackets around the whole of it, and without a cast."""
    text = text.strip()
    while text.startswith("(") and closing(text, 0) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def closure(text: str) -> tuple[tuple[str, ...], str] | None:
    """(parameters, body) of `w -> w.eq(…)`, `(root, query, cb) -> { return …; }`, `{ it.eq(…) }`."""
    text = text.strip()
    if text.startswith("{") and text.endswith("}"):
        inner = text[1:-1]
        found = re.match(r"\s*(\w+(?:\s*,\s*\w+)*)\s*->(.*)", inner, re.DOTALL)
        if found is None:
            return ("it",), inner.strip()
        return tuple(part.strip() for part in found.group(1).split(",")), found.group(2).strip()
    found = _LAMBDA.fullmatch(text)
    if found is None:
        return None
    names = tuple(part.split()[-1] for part in found.group(1).split(","))
    body = found.group(2).strip()
    block = re.fullmatch(r"\{\s*return\s+([^;]*);\s*\}|\{([^;{}]*);?\s*\}", body, re.DOTALL)
    if block is not None:
        body = (block.group(1) or block.group(2) or "").strip()
    elif body.startswith("{"):
        return None  # more than one statement: what it says depends on the path
    return names, body


def literal(text: str) -> str | None:
    """The content of a string; None for anything else."""
    found = re.fullmatch(r"\"((?:[^\"\\\n]|\\.)*)\"|\"\"\"(.*)\"\"\"", text.strip(), re.DOTALL)
    return (found.group(1) if found.group(1) is not None else found.group(2)) if found is not None else None
