"""Queries that a comprehension of Python goes over, or asks for in its conditions."""

from __future__ import annotations

import pytest

from . import calls

BARE: list[tuple[str, str | None]] = [("violation", "TENORM001")]
CASES: dict[str, calls.Case] = {
    "a list": ("sqlalchemy", "x = [b.name for b in session.scalars(select(Boat).where(Boat.id == key))]\n", BARE),
    "a set of tuples": ("sqlalchemy", "x = {str(i) for (i,) in session.query(Boat.id).filter(Boat.id == key)}\n", BARE),
    "a generator": ("sqlalchemy", "x = sum(b.n for b in session.execute(delete(Boat).where(Boat.id == key)))\n", BARE),
    "a dictionary": (
        "sqlalchemy",
        "def f(t):\n    return {b.id: b for b in session.query(Boat).filter(Boat.tenant_id == t)}\n",
        [("proven", None)],
    ),
    "a condition": (
        "sqlalchemy",
        "x = [i for i in ids if session.query(Boat).filter(Boat.id == i).count()]\n",
        BARE,
    ),
    "Django": ("django", "def f(key):\n    return [b.name for b in Boat.objects.filter(pk=key)]\n", BARE),
    "text": (
        "sqlalchemy",
        "def f(cur, key):\n    return [r[0] for r in cur.execute('SELECT id FROM boats WHERE id = ?', (key,))]\n",
        [("violation", "TENSQL001")],
    ),
    "a query that was put together before": (
        "sqlalchemy",
        "def f(t):\n    boats = session.query(Boat).filter(Boat.tenant_id == t)\n    return [b.id for b in boats]\n",
        [("proven", None)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_gone_over(name: str) -> None:
    calls.check(CASES[name])
