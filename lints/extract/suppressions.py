"""Inline comments, read as facts: `tenant-ok: category until=YYYY-MM-DD reason="…" owner=@x stmt=1a2b3c4d`."""

from __future__ import annotations

import re

from lints.extract.facts import Suppression
from lints.patterns import regex

_COMMENT = regex(r"(?:--|//|\#|/\*|\*|<!--)[ \t]*tenant-ok\b[ \t]*:?[ \t]*(?P<rest>[^\n]*)", re.IGNORECASE)
_CATEGORY = regex(r"(?P<category>[a-z][a-z0-9-]{1,40})(?![\w=])")
_FIELD = regex(r"\b(until|reason|owner|stmt)[ \t]*=[ \t]*(?:\"([^\"\n]{0,500})\"|'([^'\n]{0,500})'|([^\s\"'*]{1,200}))")
_COMMENT_LINE = regex(r"[ \t]*(?:--|//|\#|/\*|\*|$)")


def suppressions(path: str, data: bytes) -> tuple[Suppression, ...]:
    """The comments in order. `covers_line` is the line they stand on, or the next line of code if they stand alone."""
    if b"tenant-ok" not in data:
        return ()
    lines = data.decode("utf-8", "replace").split("\n")
    found: list[Suppression] = []
    for number, line in enumerate(lines, 1):
        match = _COMMENT.search(line)
        if match is None:
            continue
        rest = match.group("rest").removesuffix("*/").strip()
        fields = {name: (one or two or three) for name, one, two, three in _FIELD.findall(rest)}
        category = _CATEGORY.match(rest)
        covers = number
        if not line[: match.start()].strip():
            covers = next(
                (
                    n
                    for n in range(number + 1, min(number + 20, len(lines) + 1))
                    if not _COMMENT_LINE.match(lines[n - 1])
                ),
                number,
            )
        found.append(
            Suppression(
                path=path,
                line=number,
                covers_line=covers,
                category=category.group("category") if category is not None else None,
                until=fields.get("until") or None,
                reason=fields.get("reason") or None,
                owner=fields.get("owner") or None,
                stmt=fields.get("stmt") or None,
            )
        )
    return tuple(found)
