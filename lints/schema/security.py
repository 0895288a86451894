"""Row-level security in migrations: policies, ENABLE and FORCE, routines that run with their owner's rights."""

from __future__ import annotations

import re
from collections.abc import Callable

from lints.schema.catalog import Catalog, Draft
from lints.schema.facts import Policy, Routine, RowSecurity
from lints.schema.names import IDENT, NAME
from lints.tenancy import Origin

_MAX_BODY = 512 * 1024
_MADE = re.compile(rf"(?:create|alter)\s+policy\s+({IDENT})\s+on\s+({NAME})\s*(.*)", re.IGNORECASE | re.DOTALL)
_DROPPED = re.compile(rf"drop\s+policy\s+(?:if\s+exists\s+)?({IDENT})\s+on\s+({NAME})", re.IGNORECASE)
_COMMAND = re.compile(r"\bfor\s+(all|select|insert|update|delete)\b", re.IGNORECASE)
_ROLES = re.compile(r"\bto\s+(.*?)(?:\busing\b|\bwith\s+check\b|$)", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(r"'(?:[^']|'')*+'|\"[^\"]*+\"|[(),]")


def apply_policy(
    catalog: Catalog,
    text: str,
    qualified: Callable[[str], tuple[str | None, str]],
    origin: Callable[[str], Origin],
) -> str | None:
    """CREATE, ALTER or DROP POLICY; returns why it could not be read, or None."""
    dropped = _DROPPED.match(text)
    if dropped is not None:
        catalog.policies.pop((qualified(dropped.group(2))[1], qualified(dropped.group(1))[1]), None)
        return None
    made = _MADE.match(text)
    if made is None:
        return "a POLICY statement that could not be read"
    name, table, rest = qualified(made.group(1))[1], qualified(made.group(2))[1], made.group(3)
    before = catalog.policies.get((table, name))
    head = rest.split("(", 1)[0]
    command, roles = _COMMAND.search(head), _ROLES.search(head)
    using, check = parenthesised(rest, "using"), parenthesised(rest, "with check")
    listed = [qualified(role)[1] for role in roles.group(1).split(",") if role.strip()] if roles is not None else []
    catalog.policies[(table, name)] = Policy(
        name=name,
        table=table,
        command=command.group(1).lower() if command is not None else before.command if before else "all",
        permissive=before.permissive if before else re.search(r"\bas\s+restrictive\b", head, re.IGNORECASE) is None,
        roles=tuple(listed) or (before.roles if before else ("public",)),
        using=before.using if using is None and before else using,
        check=before.check if check is None and before else check,
        origin=origin(f"policy on {table}"),
    )
    return None


def change_row_security(draft: Draft, verb: str, origin: Origin) -> None:
    """`enable`, `disable`, `force` or `no force`."""
    was = draft.row_security
    enabled = verb == "enable" if verb in {"enable", "disable"} else was is not None and was.enabled
    forced = verb == "force" if verb in {"force", "no force"} else was is not None and was.forced
    draft.row_security = RowSecurity(enabled=enabled, forced=forced, origin=origin)


def routine_of(name: str, text: str, origin: Origin) -> Routine:
    """What matters of a CREATE FUNCTION or PROCEDURE."""
    body = text[:_MAX_BODY]
    return Routine(
        name=name,
        definer=re.search(r"\bsecurity\s+definer\b", body, re.IGNORECASE) is not None,
        pinned=re.search(r"\bset\s+search_path\b", body, re.IGNORECASE) is not None,
        sql=text,
        origin=origin,
    )


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
