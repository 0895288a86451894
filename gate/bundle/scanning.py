"""Find identifiers in bytes, however they are spelled there: escaped, quoted, in other letters' forms, in base64."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote

from attestations.strict_json import shown
from gate.bundle.refusal import BundleError, Code

WHOLE_WORD_BELOW = 5
"""Shorter identifiers are looked for as whole words only: as part of a word they would be found in any digest."""

_ROUNDS = 4
_JSON_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|([\"\\/bfnrt]))")
_JSON_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")


class Scanner:
    """Looks for some identifiers, and not for where they are merely part of an allowed one."""

    def __init__(self, forbidden: Iterable[str], allowed: Iterable[str] = ()) -> None:
        """Raises BundleError FOREIGN_TENANT for two identifiers that a reader could not tell apart."""
        self._forbidden = {folded(text): text for text in forbidden if searchable(text)}
        named = tuple(allowed)
        self._allowed = tuple(folded(spelling) for text in named for spelling in _spellings(text))
        for text in named:
            if folded(text) in self._forbidden:
                other = self._forbidden[folded(text)]
                raise BundleError(
                    Code.FOREIGN_TENANT,
                    f"{shown(other)} differs from what may be shown only in case or form: the two can't be told apart",
                )

    def find(self, data: bytes) -> str | None:
        """The first forbidden identifier in the bytes, as it was given; None when there is none.

        Raises BundleError for what can't be searched: bytes that are not text, such as anything compressed.
        """
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise BundleError(Code.MALFORMED, "not text, so that nobody can tell what is in it") from None
        return next((found for view in views(text) if (found := self._in(folded(view)))), None)

    def _in(self, text: str) -> str | None:
        for word, original in self._forbidden.items():
            start = text.find(word)
            while start >= 0:
                if self._stands_alone(text, start, start + len(word)) and not self._covered(text, start, word):
                    return original
                start = text.find(word, start + 1)
        return None

    def _stands_alone(self, text: str, start: int, end: int) -> bool:
        if end - start >= WHOLE_WORD_BELOW:
            return True
        return not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())

    def _covered(self, text: str, start: int, word: str) -> bool:
        """Whether this occurrence lies inside an allowed identifier, and not the other way round."""
        for allowed in self._allowed:
            offset = allowed.find(word)
            while offset >= 0:
                if start >= offset and text.startswith(allowed, start - offset):
                    return True
                offset = allowed.find(word, offset + 1)
        return False


def views(text: str) -> Iterator[str]:
    """The text as it stands, and as it reads once escapes of JSON, HTML and URLs, and base64, are undone."""
    seen: set[str] = set()
    waiting = [(text, 0)]
    while waiting:
        view, depth = waiting.pop()
        if view in seen:
            continue
        seen.add(view)
        yield view
        if depth < _ROUNDS:
            waiting += [(undo(view), depth + 1) for undo in (_unescape, html.unescape, unquote)]
            waiting += [(inner, depth + 1) for inner in _decoded(view)]


def _spellings(text: str) -> Iterator[str]:
    """How an identifier is written in JSON, HTML and URLs."""
    yield from (
        text,
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        html.escape(text),
        quote(text),
    )


def folded(text: str) -> str:
    """The text without what the eye may overlook: compatibility forms and case."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _unescape(text: str) -> str:
    """Escapes of JSON strings, and `\\u{..}` as our reports write it."""

    def character(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        if code is None:
            return _JSON_LETTERS.get(match[3], match[3])
        return chr(int(code, 16)) if int(code, 16) <= 0x10FFFF else match[0]

    plain = _JSON_ESCAPE.sub(character, text)
    return _SURROGATES.sub(lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), plain)


def _decoded(text: str) -> Iterator[str]:
    """What base64 in the text stands for, where that is text again."""
    for match in _BASE64.finditer(text):
        run = match[0].rstrip("=").replace("-", "+").replace("_", "/")
        try:
            yield base64.b64decode(run + "=" * (-len(run) % 4)).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            continue


def searchable(text: str) -> bool:
    """Whether finding it says anything: `*`, `a` and `42` stand in texts that mean nobody by them."""
    plain = folded(text)
    return sum(c.isalnum() for c in plain) >= (WHOLE_WORD_BELOW if plain.isdecimal() else 3)
