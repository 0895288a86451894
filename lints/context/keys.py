"""Keys that rows are found by: one that a client sent, and that nobody checked, says nothing of whose the rows are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lints.context.asked import last_word, names_caller, stem
from lints.context.facts import About, Context
from lints.context.judging import OBJECTS, is_value, named_by_client, plain_of
from lints.patterns import regex
from lints.rows import Access
from lints.tenancy import Model, Ownership, Table

if TYPE_CHECKING:
    from lints.extract import OrmCall
    from lints.vouch.said import Text

RELATION, HELD, ALONE, EMPTY, OWN = "TENORM002", "TENORM003", "TENORM001", "TENORM007", "TENSQL022"
BY_KEYS = frozenset({RELATION, HELD, OWN})
_KEY = regex(r"(?:(?P<of>[\w$]+)[\"`\]]?\.)?[\"`\[]?(?P<column>\w+)[\"`\]]?\s*(?:=|\bIN\b)\s*\(?(?:\s*:h\d+,\s*)*$")
_PLACE = regex(r":h\d+\b")
_NOBODYS = frozenset({Ownership.GLOBAL, Ownership.UNKNOWN, Ownership.ROOT})
_SURE = frozenset({"path", "header"})
"""What stands before a function knows these; what a body or a query names beside the tenant is found out later."""


def unchecked(row: Access, texts: Sequence[Text], facts: Sequence[Context], given: str, model: Model) -> Access:
    """The row of a statement or call as it is judged where every key that it rests on is what a client sent.

    A relation's key says whose rows these are if what it refers to was checked, a row's own key if the row was loaded
    inside its tenant, a user's if he is the one who is signed in; a value of a request is neither until something asks
    about it. `given` is the call as written.
    """
    if row.verdict != "weak" or row.rule not in BY_KEYS or row.operation == "insert":
        return row
    if row.rule != OWN and names_caller(given):
        return row
    around = [fact for fact in facts if fact.line <= row.line <= fact.end_line]
    if any(fact.about is About.STAFF for fact in around) or (row.language == "ruby" and OBJECTS.search(row.path)):
        return row
    clients = [fact for fact in around if fact.about is About.CLIENT]
    said = _said(row, texts, clients, model, row.rule)
    if said is None:
        return row
    return _open(row, RELATION, said) if row.rule == RELATION else unheld(row, texts, said, model, clients)


def unheld(row: Access, texts: Sequence[Text], why: str, model: Model, clients: Sequence[Context] = ()) -> Access:
    """The row of a call whose row's own key is worth nothing: as it would be judged without that."""
    other = next((column for text in texts for column, _ in _compared(text, row, model, RELATION)), None)
    if other is not None and _said(row, texts, clients, model, RELATION) is None:
        said = f"what {other} refers to was checked to be the caller's"
        told = f"{row.why.partition(_TAKEN)[0]}{_TAKEN}{said}"
        return replace(row, rule=RELATION, assumptions=(*row.assumptions[:-1], said), why=told)
    return _open(row, ALONE if texts and texts[0].table is not None else "TENSQL001", why)


_TAKEN = "; taken as scoped because "


NEVER_EMPTY = " is never empty here"


def never_empty(row: Access, call: OrmCall, filled: Collection[str]) -> Access:
    """The row of a call that leaves out the tenant where its value is empty: `filled` holds what is not.

    A parameter that nobody asks may be empty; what is a part of something, or comes from a call, is taken not to be.
    """
    name, said, _ = (row.assumptions[-1] if row.assumptions else "").partition(NEVER_EMPTY)
    if row.verdict != "weak" or row.rule != EMPTY or not said:
        return row
    if name in filled:
        why = row.why.partition(_TAKEN)[0]
        return replace(row, verdict="proven", rule=None, assumptions=row.assumptions[:-1], why=why)
    if call.function is None or name not in call.function.parameters:
        return row
    return _open(row, EMPTY, f"{name} may be empty, which nothing asks before, and then this ORM leaves the tenant out")


def _open(row: Access, rule: str, said: str) -> Access:
    return replace(row, verdict="violation", rule=rule, assumptions=(), why=f"{row.why.partition(_TAKEN)[0]}; {said}")


def _said(row: Access, texts: Iterable[Text], clients: Sequence[Context], model: Model, rule: str) -> str | None:
    """Why the keys of a kind are worth nothing on some path; None if there are none, or one that may be."""
    for text in texts:
        told = [sent(value, clients, row.line) for _, value in _compared(text, row, model, rule)]
        if told and all(told):
            return f"{told[0]}, and nothing asks whose it is"
    return None


def own_keys(row: Access, texts: Iterable[Text], model: Model) -> list[str]:
    """What the own key of a statement's rows is compared with, as written."""
    return [value for text in texts for _, value in _compared(text, row, model, HELD)]


def _compared(text: Text, row: Access, model: Model, rule: str) -> Iterator[tuple[str, str]]:
    """The keys that a statement rests on, each with what it is compared with, as written."""
    table = model.tables.get(row.table)
    if table is None:
        return
    own = tuple(name for name in table.primary_key if name != table.tenant_column)
    told = {start: source for start, _, source in text.marks}
    unseen = {found.start(): "" for found in _PLACE.finditer(text.sql)}  # what it stands for can't be seen
    where = text.sql.find(" WHERE ") if text.sql.startswith("UPDATE ") else 0
    for start, source in sorted((unseen | told).items()):
        found = _KEY.search(text.sql, max(0, start - 300), start) if start > where else None
        if found is None:
            continue
        column, of = found.group("column"), found.group("of")
        if rule in {HELD, OWN}:
            named = own == (column,) if rule == HELD else column in table.principal_columns
            if named and (of is None or of == row.table):
                yield column, source
        elif _refers(model.tables.get(of or "") or table, column, model):
            yield column, source


def _refers(table: Table, column: str, model: Model) -> bool:
    """Whether a column is a key to rows of a tenant's."""
    for key in table.foreign_keys:
        parent = model.tables.get(key.references)
        if key.columns == (column,) and parent is not None and parent.ownership not in _NOBODYS:
            return True
    return False


def sent(value: str, clients: Sequence[Context], line: int) -> str | None:
    """How it is told that a client sent a value of which nobody asked anything up to a line; None if that is not so."""
    told = [fact for fact in clients if value and is_value(value, fact)]
    if any(_is_checked(value, fact, line) for fact in told):
        return None
    shown = re.sub(r"\s+", " ", value)[:120]
    if not told:
        return f"{shown} is what a client sent" if named_by_client(plain_of(value)) else None
    first = min(told, key=lambda fact: (fact.end_line - fact.line, -fact.where))
    from_ = "" if plain_of(first.said) == plain_of(value) else f" ({first.said}, line {first.where})"
    return f"{shown} is what a client sent{from_}"


def _is_checked(value: str, fact: Context, line: int) -> bool:
    if fact.checked is None or fact.checked_line > line:
        return False
    # A guard that is named for what the key is of asks about the key: `checkBoatOwner`.
    of = stem(last_word(value))
    return not fact.before or fact.channel in _SURE or (len(of) > 2 and of in fact.checked.replace("_", "").lower())
