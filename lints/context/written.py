"""How an expression is written: where what is recognised ends, and what it is called when it is shown or compared."""

from __future__ import annotations

import re

from lints.context.words import CLIENT, CONVERSION
from lints.patterns import regex

REST = regex(
    r"(?:[?!]?\.[\w$]+|->\w+|\(\)|[?!]?\.?\[[^\[\]\n]{0,60}\]|\.get\([^()\n]{0,60}\)|!|\s+as\s+[\w.\[\]| ]{1,40}|\))*"
)


def sent(text: str) -> tuple[str, str] | None:
    """What a client sends, as it is shown, and its channel, if an expression is nothing else."""
    for channel, pattern in CLIENT:
        found = pattern.match(text)
        if found is not None and ends(text, found.end()):
            after = REST.match(text, found.end())
            return said(text[: after.end() if after is not None else found.end()]), channel
    return None


def bare(text: str) -> str:
    """An expression without what only converts it."""
    for _ in range(4):
        before = text
        text = text.removeprefix("await ").lstrip("( +!")
        converted = CONVERSION.match(text)
        text = text[converted.end() :] if converted is not None else text
        if text == before:
            break
    return text


def ends(text: str, position: int) -> bool:
    """Whether an expression is over after what was recognised and the fields and conversions that follow."""
    rest = REST.match(text, position)
    after = text[rest.end() if rest is not None else position :].lstrip(" );,!")
    return not after or after.startswith(("||", "??", "or ", "as ", "?:", "&&"))


def said(text: str) -> str:
    """An expression as it is shown and compared: without spaces and conversions, its parentheses closed."""
    plain = re.sub(r"\s+|[)!]+$", "", re.sub(r"\s+as\s.*", "", text)).replace("?.", ".")[:120]
    return plain + ")" * (plain.count("(") - plain.count(")"))
