"""What a probe must find: the Chaos Toolkit's tolerances that can be decided on an exit status and a text."""

from __future__ import annotations

import re
from typing import Any

from gate.model import GateError
from gate.reading import Schema

_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")


def within(tolerance: Any, status: int, printed: str) -> bool:
    """Whether a probe's exit status and output are what the tolerance accepts.

    An integer is the exit status; a boolean is the text `true` or `false`; a string is the whole text without the
    white space around it; a regex is searched in the text; a range holds the number that the text is.
    """
    text = printed.strip()
    match tolerance:
        case bool():
            return text == ("true" if tolerance else "false")
        case int():
            return status == tolerance
        case str():
            return text == tolerance.strip()
        case {"type": "regex", "pattern": str(pattern)}:
            return _searcher(pattern).is_valid(printed)
        case {"type": "range", "range": [low, high]}:
            return _NUMBER.fullmatch(text) is not None and low <= float(text) <= high
    return False


def vacuous(tolerance: Any) -> str | None:
    """Why a tolerance proves nothing, or None. What accepts a crash or anything at all is not a hypothesis."""
    match tolerance:
        case bool():
            return None
        case int() if tolerance != 0:
            return f"{tolerance} accepts a probe that failed; let the probe exit with 0 when what it looks for is so"
        case str() if not tolerance.strip():
            return "an empty text is what a probe prints that did nothing"
        case {"type": "regex", "pattern": str(pattern)}:
            try:
                searcher = _searcher(pattern)
            except GateError as error:
                return str(error)
            return f"the pattern {pattern[:60]!r} matches an empty text" if searcher.is_valid("") else None
        case {"type": "range", "range": [low, high]} if low > high:
            return f"the range runs from {low} down to {high}"
    return None


def _searcher(pattern: str) -> Schema:
    # JSON Schema's patterns are compiled by an engine without backtracking: linear, whatever the pattern.
    return Schema({"type": "string", "pattern": pattern}, "pattern")
