"""Row-level security in migrations: policies, ENABLE and FORCE."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from lints.patterns import regex
from lints.schema.catalog import Draft
from lints.schema.facts import Policy, RowSecurity
from lints.schema.names import IDENT, NAME
from lints.tenancy import Origin

if TYPE_CHECKING:
    from lints.schema.statement import Statement

_MADE = regex(rf"(?:create|alter)\s+policy\s+({IDENT})\s+on\s+({NAME})\s*(.*)", re.IGNORECASE | re.DOTALL)
_DROPPED = regex(rf"drop\s+policy\s+(?:if\s+exists\s+)?({IDENT})\s+on\s+({NAME})", re.IGNORECASE)
_COMMAND = regex(r"\bfor\s+(all|select|insert|update|delete)\b", re.IGNORECASE)
_ROLES = regex(r"\bto\s+(.*?)(?:\busing\b|\bwith\s+check\b|$)", re.IGNORECASE | re.DOTALL)
_RENAMED = regex(rf"rename\s+to\s+({IDENT})", re.IGNORECASE)
_COMMENTS = regex(r"'(?:[^']|'')*+'|\"[^\"]*+\"|--[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?")
_CAST = regex(
    r"(?P<text>'(?:[^']|'')*+')::(?:text|character varying|varchar|name)\b(?!\s*[\[(])|'(?:[^']|'')*+'|\"[^\"]*+\"",
    re.IGNORECASE,
)
_TOKEN = regex(r"'(?:[^']|'')*+'|\"[^\"]*+\"|[(),]")


def apply_policy(s: Statement, written: str) -> str | None:
    """CREATE, ALTER or DROP POLICY; returns why it could not be read, or None."""
    text = without_comments(written)
    policies = s.catalog.policies
    dropped = _DROPPED.match(text)
    if dropped is not None:
        policies.pop((s.catalog.place(*s.written_name(dropped.group(2))), s.written_name(dropped.group(1))[1]), None)
        return None
    made = _MADE.match(text)
    if made is None:
        return "a POLICY statement that could not be read"
    name, rest = s.written_name(made.group(1))[1], made.group(3)
    place = s.catalog.place(*s.written_name(made.group(2)))
    before = policies.get((place, name)) if text[:5].lower() == "alter" else None
    renamed = _RENAMED.match(rest)
    if renamed is not None:
        if before is not None:
            del policies[place, name]
            name = s.written_name(renamed.group(1))[1]
            policies[place, name] = replace(before, name=name)
        return None
    head = rest.split("(", 1)[0]
    command, roles = _COMMAND.search(head), _ROLES.search(head)
    using, check = parenthesised(rest, "using"), parenthesised(rest, "with check")
    listed = (
        [s.written_name(role)[1] for role in roles.group(1).split(",") if role.strip()] if roles is not None else []
    )
    policies[place, name] = Policy(
        name=name,
        table=place[1],
        command=command.group(1).lower() if command is not None else before.command if before else "all",
        permissive=before.permissive if before else re.search(r"\bas\s+restrictive\b", head, re.IGNORECASE) is None,
        roles=tuple(listed) or (before.roles if before else ("public",)),
        using=before.using if using is None and before else _as_written(using),
        check=before.check if check is None and before else _as_written(check),
        origin=s.origin(f"policy {name} on {place[1]}"),
    )
    return None


def _as_written(expression: str | None) -> str | None:
    """An expression without the casts that PostgreSQL adds to the constants of one when it tells it."""
    if expression is None or "::" not in expression:
        return expression
    return _CAST.sub(lambda found: found.group("text") or found.group(), expression)


def change_row_security(draft: Draft, verb: str, origin: Origin) -> None:
    """`enable`, `disable`, `force` or `no force`."""
    was = draft.row_security
    enabled = verb == "enable" if verb in {"enable", "disable"} else was is not None and was.enabled
    forced = verb == "force" if verb in {"force", "no force"} else was is not None and was.forced
    draft.row_security = RowSecurity(enabled=enabled, forced=forced, origin=origin)


def without_comments(text: str) -> str:
    """`text` with its comments blanked, line breaks kept."""
    return _COMMENTS.sub(lambda found: found.group() if found.group()[0] in "'\"" else _blank(found.group()), text)


def _blank(comment: str) -> str:
    return " " + "\n" * comment.count("\n")


def parenthesised(text: str, keyword: str) -> str | None:
    """The parenthesised expression after `keyword`, or None."""
    words = r"\s+".join(keyword.split())
    start = re.search(rf"\b{words}\s*\(", text, re.IGNORECASE)
    if start is None:
        return None
    depth = 1
    for match in _TOKEN.finditer(text, start.end()):
        depth += {"(": 1, ")": -1}.get(match.group(), 0)
        if depth == 0:
            return text[start.end() : match.start()].strip()
    return None


def top_level_commas(text: str) -> list[str]:
    """`text` cut at commas outside parentheses and quotes."""
    parts: list[str] = []
    depth = start = 0
    for match in _TOKEN.finditer(text):
        depth += {"(": 1, ")": -1}.get(match.group(), 0)
        if match.group() == "," and depth == 0:
            parts.append(text[start : match.start()].strip())
            start = match.end()
    parts.append(text[start:].strip())
    return [part for part in parts if part]
