"""A user's own rows: what is found by the id of whoever is signed in, as his session or his token says it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from lints.context.keys import own_keys
from lints.patterns import regex
from lints.rows import Access, assumed
from lints.tenancy import Model
from lints.vouch.judging import GUARDED, HELPED, WHOSE
from lints.vouch.plain import paths_in, plain
from lints.vouch.said import Text, equal_to, marked, spelled

RULE = "TENSQL022"
_WHO = r"(?:current_?user|signed_?in_?user|logged_?in_?user|login_?user|auth_?user|authenticated_?user|viewer)"
_KEY = r"(?:\.(?:get)?(?:id|pk|uuid|uid|sub|subject|user_?id|email|username|name)(?:\(\))?(?:\.value)?)?"
_SESSION = r"(?:[\w]+\.){0,3}(?:session|claims|token|jwt|auth|identity|principal)(?:\(\))?"
CALLER = regex(
    rf"(?:(?:\w+\.){{0,2}}{_WHO}(?:\(\w*\))?|(?:req|request|ctx|context|c|ctx\.state|res\.locals|locals|self\.request|this\.req|event\.locals"
    rf"|info\.context)\.(?:user|auth|currentuser)(?:\(\))?|current\.user|(?:this\.)?user\(\)|(?:auth|guard)\(\)\.user\(\)|{_SESSION}\.user)"
    rf"{_KEY}"
    rf"|{_SESSION}\.(?:get\(['\"])?(?:user_?id|uid|sub|subject|user)(?:['\"]\))?{_KEY}"
    r"|auth::(?:id\(\)|user\(\)(?:\.id)?)|auth\(\)\.id\(\)"
    r"|(?:\w+\.){0,2}(?:get)?(?:current|login|logged_?in|auth)_?user_?id(?:\(\w*\))?(?:\.value)?"
    r"|(?:_?current_?user(?:_?service|_?provider|_?accessor)?|_?current_?context|_?user_?context)\.(?:user_?id|id)(?:\.value)?"
    r"|user\.(?:getuserid|findfirstvalue)\([\w.]*\)",
    re.IGNORECASE,
)
"""Whoever is signed in, or his key, in the plain spelling of `plain`."""
_PEOPLE = regex(
    r"(?:\w+_)?(?:users?|accounts?|members?|people|persons?|profiles?|employees?|admins?|identit(?:y|ies)|logins?)",
    re.IGNORECASE,
)
_OF_PEOPLE = regex(
    r"(?:\w+_)?(?:user|member|actor|author|creator|owner|person|employee|assignee)(?:_?(?:id|uuid|key))?|(?:created|updated|owned)_?by(?:_?id)?"
    r"|userId|memberId|actorId|authorId|creatorId|ownerId|createdBy(?:Id)?|email",
)
"""Columns that say whose a row is."""


def possible(values: Iterable[str]) -> bool:
    """Whether any of some expressions has the caller in it."""
    return any(CALLER.fullmatch(path) is not None for value in values for path in (plain(value), *paths_in(value)))


def own(rows: Sequence[Access], texts: Sequence[Text], model: Model) -> list[Access]:
    """The rows as they are judged where they are found, on every path, by the caller's own id."""
    return [_judged(row, texts, model) for row in rows]


def _judged(row: Access, texts: Sequence[Text], model: Model) -> Access:
    if row.verdict != "violation" or row.rule not in HELPED or row.operation == "insert" or not texts:
        return row
    found = [next(_by_caller(row.table, text, model), None) for text in texts]
    first = found[0]
    if first is None or None in found:
        return row
    column, value = first
    said = f"{row.table} has only the caller's own rows here: {column} is {' '.join(value.split())[:80]}"
    return assumed(replace(row, rule=None), RULE, said)


def _by_caller(table: str, text: Text, model: Model) -> Iterator[tuple[str, str]]:
    """The columns of a table that a statement compares with the caller in each row, and with what."""
    for _, _, source in text.marks:
        value = plain(source)
        if CALLER.fullmatch(value) is None:
            continue
        for name, column in equal_to(marked(text, value), text.dialect, model):
            known = model.tables[name]
            key = tuple(part for part in known.primary_key if part != known.tenant_column) == (column,)
            people = any(k.columns == (column,) and _PEOPLE.fullmatch(k.references) for k in known.foreign_keys)
            if name == table and (_PEOPLE.fullmatch(name) if key else people or _OF_PEOPLE.fullmatch(column)):
                yield column, source


_NAMED = r"[\w.\"'`:\[\]$ ]"
_ONLY = regex(
    rf"\bselect\s+(?P<sql>{_NAMED}{{1,80}}(?:,{_NAMED}{{1,80}})?)\s+from\b|\b(?:select|columns)\s*:\s*\{{(?P<map>[^{{}}]{{1,120}})\}}"
    rf"|(?:\.|->)(?:values_list|values|only|pluck|pick|select|Select|value)\(\s*(?P<list>{_NAMED}{{1,80}}(?:,{_NAMED}{{1,80}})?)\s*(?:,\s*flat=True)?\)",
    re.IGNORECASE,
)
_WORD = regex(r"(\w+)\W*(?::\s*true\s*)?$")


def asks_whose(shown: str) -> bool:
    """Whether a statement, as written, may read hardly more than a row's tenant."""
    return _ONLY.search(shown) is not None


def whose(rows: Sequence[Access], texts: Sequence[Text], shown: str, model: Model) -> list[Access]:
    """The rows as they are judged where a statement reads, by its key, only whose a row is."""
    asked = _ONLY.search(shown)
    given = (asked.group("sql") or asked.group("map") or asked.group("list") or "") if asked is not None else ""
    words = {spelled(w.group(1)) for part in given.split(",") if (w := _WORD.search(part.strip())) is not None}

    def judged(row: Access) -> Access:
        table = model.tables.get(row.table)
        if row.verdict != "violation" or row.rule not in HELPED or row.operation != "select" or table is None:
            return row
        tenant = spelled(table.tenant_column) if table.tenant_column is not None else None
        keys = {spelled(column) for column in table.primary_key}
        if tenant not in words or not words <= {*keys, tenant} or not own_keys(row, texts, model):
            return row
        return assumed(replace(row, rule=None), GUARDED, f"{WHOSE}: what asks for it compares that with the caller's")

    return [judged(row) for row in rows]
