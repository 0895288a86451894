"""Struct literals, maps and lists of Go that stand in a call, as they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lints.extract.facts import Argument
from lints.patterns import regex

STRUCT = regex(r"\s*[&*]?(?:\w+\.)?[A-Za-z]\w*\{")
MAP = regex(r"\s*(?:&?(?:\w+\.)?map\[string\]|(?:\w+\.)?(?:M|Map|H|Eq|Cond|Params|Record)\{)")
COMPUTED = regex(r"[{,]\s*[A-Za-z_][\w.]*\s*:")
"""A key of a map that is not written out."""
_OF_MAP = regex(r"\s*\"([\w.]+)\"\s*:(.*)", re.DOTALL)
_OF_STRUCT = regex(r"\s*(\w+)\s*:(.*)", re.DOTALL)
_LISTED = regex(r"\s*(?:\[\d*\]string|\[\]interface\{\}|\[\]any)\{(.*)\}(?:\.\.\.)?\s*", re.DOTALL)
_STATED = regex(r"\s*[\"`]([^\"`]*)[\"`]\s*")
_CONVERTED = regex(
    r"(?:\w+\.)?(?:string|u?int\d*|ID|UUID|\w+ID)\((.*)\)|(.*)\.(?:String|Hex|Int64|Value|StringValue)\(\)", re.DOTALL
)
_MAX_CONVERTED = 200
_WHOLE_LIST = regex(r"\s*&?\[\]\*?(?:\w+\.)?\w+\{")


def arguments(text: str) -> list[str]:
    """The arguments of a call, split at the commas outside brackets and strings."""
    out, depth, start, quote = [], 0, 0, ""
    for position, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote and text[position - 1] != "\\" else quote
        elif letter in '"`':
            quote = letter
        elif letter == "," and depth == 0:
            out.append(text[start:position])
            start = position + 1
        else:
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(letter, 0)
    return [part for part in (*out, text[start:]) if part.strip()]


def written(text: str) -> list[tuple[str, str]]:
    """(field, value) of a struct literal, those of structs inside left out."""
    found = [_OF_STRUCT.match(part) for part in arguments(_inner(text))]
    return [(match.group(1), match.group(2)) for match in found if match is not None]


def named(text: str) -> list[str]:
    """The fields of a struct literal."""
    return [name for name, _ in written(text)]


def as_id(text: str) -> str:
    """`boat.ID` as other languages spell it: the key of a record that the code holds."""
    return re.sub(r"\.(?:ID|Id|UID)$", ".id", plain(text))


def plain(text: str) -> str:
    """A value without what converts it: `&tenant`, `tenant.String()`, `string(tenant)`."""
    text = text.strip().removeprefix("request:").lstrip("&* \t\n")
    found = _CONVERTED.fullmatch(text) if len(text) < _MAX_CONVERTED else None
    return plain(next(group for group in found.groups() if group is not None)) if found is not None else text


def fields_of(given: Argument) -> Mapping[str, Argument] | None:
    """The fields of a struct literal, or the entries of a map; None where some of them cannot be seen."""
    if given.kind == "map":
        return None if {"[]", "..."} & set(given.names) else dict(zip(given.names, given.items, strict=True))
    if given.kind != "value" or not given.text.rstrip().endswith("}") or _WHOLE_LIST.match(given.text):
        return None
    pattern = _OF_MAP if MAP.match(given.text) else _OF_STRUCT if STRUCT.match(given.text) else None
    if pattern is None:
        return None
    found = [pattern.fullmatch(part) for part in arguments(_inner(given.text))]
    if any(match is None for match in found):
        return None
    return {match.group(1): _valued(match.group(2)) for match in found if match is not None}


def listed(given: Argument) -> list[str] | None:
    """The texts that a list, or a text with commas, is of; None where some of them cannot be seen."""
    if given.kind == "text":
        return [part.strip().strip('`"').rpartition(".")[2] for part in given.text.split(",")]
    if given.kind == "list":
        return [item.text for item in given.items] if all(item.kind == "text" for item in given.items) else None
    whole = _LISTED.fullmatch(given.text) if given.kind == "value" else None
    found = [_STATED.fullmatch(part) for part in arguments(whole.group(1))] if whole is not None else [None]
    return [match.group(1) for match in found if match is not None] if all(found) else None


def _inner(text: str) -> str:
    """What stands in the braces of a literal; of one that is cut short, what is there."""
    _, _, rest = text.partition("{")
    return rest.rpartition("}")[0] if "}" in rest else rest


def _valued(text: str) -> Argument:
    stated = _STATED.fullmatch(text)
    return (
        Argument(kind="text", text=stated.group(1)) if stated is not None else Argument(kind="value", text=text.strip())
    )


def given_at(text: str, start: int) -> str | None:
    """What stands in the brackets that open at a place; None if they are not closed."""
    depth, quote = 0, ""
    for position in range(start, len(text)):
        letter = text[position]
        if quote:
            quote = "" if letter == quote and text[position - 1] != "\\" else quote
        elif letter in '"`':
            quote = letter
        else:
            depth += {"(": 1, ")": -1}.get(letter, 0)
            if depth == 0:
                return text[start + 1 : position]
    return None
