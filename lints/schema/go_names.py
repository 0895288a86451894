"""Names that Go's ORMs make of names in the code, and where a declaration that gofmt has laid out ends."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from lints.patterns import regex

_IMPORT = regex(r"^\s*(?:import\s+)?(?:([\w.]+)\s+)?\"([\w./-]+)\"\s*$", re.MULTILINE)
_VERSION = regex(r"/v\d+\Z")
_CLOSES = regex(r"^\}", re.MULTILINE)
_MAX_BODY = 20_000


def snake(name: str) -> str:
    """`ProjectID` as `project_id`, `OAuthURL` as `o_auth_url`: GORM's and Bun's naming."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def plural(name: str) -> str:
    if re.search(r"[^aeiou]y$", name):
        return name[:-1] + "ies"
    return name + "es" if name.endswith(("s", "x", "ch", "sh", "z")) else name + "s"


def ends_of(text: str) -> list[int]:
    """Where declarations end: the braces that begin a line."""
    return [found.start() for found in _CLOSES.finditer(text)]


def body_from(text: str, start: int, ends: Sequence[int]) -> str:
    """What stands between an opening brace, which ends at `start`, and its closing one; cut where that is far away."""
    line = text.find("\n", start)
    line = len(text) if line < 0 else line
    inside = text[start:line].rstrip()
    if inside:
        return inside.removesuffix("}")
    place = bisect_left(ends, line)
    return text[line : min(ends[place], line + _MAX_BODY)] if place < len(ends) else ""


def imports_of(text: str) -> dict[str, str]:
    """Where the packages are that a file imports, by the names it uses for them: that of `…/goqu/v9` is `goqu`."""
    found = _IMPORT.findall(text[:8000])
    return {name or _VERSION.sub("", place).rpartition("/")[2]: place for name, place in found}
