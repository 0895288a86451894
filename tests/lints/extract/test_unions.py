"""Branches over a parameter that is one of several types: every type asked for leaves no path without a filter."""

from __future__ import annotations

import pytest

from tests.lints.tables import declared, judged

SCHEMA = declared({"tenants": "", "boats": "name tenant_id>tenants"})
_IF = """
def boats(cur, {parameters}):
    sql = "SELECT id FROM boats WHERE name = %s"
    if {first}:
        sql += " AND tenant_id = %s"
    elif {second}:
        sql += " AND tenant_id = %s"
    cur.execute(sql, ("x", who.tenant_id))
"""
_MATCH = """
def boats(cur, {parameters}):
    sql = "SELECT id FROM boats WHERE name = %s"
    match who:
        case {first}:
            sql += " AND tenant_id = %s"
        case {second}:
            sql += " AND tenant_id = %s"
    cur.execute(sql, ("x", who.tenant_id))
"""
_GUARDS = ("is_user(who)", "is_organization(who)")
_TYPES = ("isinstance(who, User)", "isinstance(who, models.Organization)")
WHOLE = {
    "functions named for the types": (_IF, "who: User | Organization", *_GUARDS),
    "what they look into": (_IF, "who: Subject[User | Organization]", *_GUARDS),
    "a union of typing": (_IF, "who: typing.Union[User, Organization]", *_GUARDS),
    "types": (_IF, "who: User | models.Organization = None", *_TYPES),
    "two types at once": (_IF, "who: User | Robot | Organization", "isinstance(who, (User, Robot))", _TYPES[1]),
    "a match": (_MATCH, "who: User | Organization", "User()", "Organization() as them"),
    "a match of either": (_MATCH, "who: User | Robot | Organization", "User() | Robot()", "Organization()"),
}
OPEN = {
    "nobody says what it is": (_IF, "who", *_GUARDS),
    "one type": (_IF, "who: User", *_GUARDS),
    "a type more": (_IF, "who: User | Organization | Robot", *_GUARDS),
    "nothing at all": (_IF, "who: User | Organization | None", *_GUARDS),
    "what else it is asked": (_IF, "who: User | Organization", "is_user(who) and active", _GUARDS[1]),
    "not these": (_IF, "who: User | Organization", f"not {_GUARDS[0]}", _GUARDS[1]),
    "another parameter": (_IF, "who: User | Organization, him: User | Organization", _GUARDS[0], "is_organization(him)"),
    "what holds one is none": (_IF, "who: Subject[User | Organization]", *_TYPES),
    "a match of some": (_MATCH, "who: User | Organization", "User()", "Robot()"),
    "a match of what is in it": (_MATCH, "who: User | Organization", "User(active=True)", "Organization()"),
}  # fmt: skip


@pytest.mark.parametrize("name", [*WHOLE, *OPEN])
def test_types(name: str) -> None:
    code, parameters, first, second = (WHOLE | OPEN)[name]
    [row] = judged(SCHEMA, "a.py", code.format(parameters=parameters, first=first, second=second))

    assert (row.verdict, row.rule) == (("proven", None) if name in WHOLE else ("violation", "TENSQL005"))
