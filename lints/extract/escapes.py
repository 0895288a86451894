"""What the escapes in a literal stand for, by the rules of its language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

CONTINUED = {"\n": "", "\r": "", "\r\n": ""}
"""A line that goes on after a backslash, in languages where that adds nothing to the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escapes:
    """Escapes as `pattern` finds them, backslash included. `letters` are those that stand for one text; what begins
    with `x`, `u` or `U` and goes on is in hexadecimal digits; with digits it is octal, of which the bits of `octal`
    count (0: there are none). Any other one stands for itself."""

    pattern: re.Pattern[str]
    letters: Mapping[str, str]
    octal: int = 0o777

    def resolved(self, text: str) -> str:
        """The text that a literal's content stands for; numbers beyond Unicode stand for nothing."""
        return self.pattern.sub(self._one, text) if "\\" in text else text

    def _one(self, match: re.Match[str]) -> str:
        body = match.group()[1:]
        known = self.letters.get(body)
        if known is not None:
            return known
        if body[0] in "xuU" and len(body) > 1:
            codes = (int(digits, 16) for digits in body.lstrip(body[0]).strip("{}").split())
            return "".join(chr(code) for code in codes if code < 0x110000)
        if self.octal and body[0] in "01234567":
            return chr(int(body, 8) & self.octal)
        return body
