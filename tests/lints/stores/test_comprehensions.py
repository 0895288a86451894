"""Queries that a comprehension of Python goes over, or asks for in its conditions; conditions that change in place."""

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


CHANGED: dict[str, calls.Case] = {
    "Q, or": (
        "django",
        "def f(t):\n    q = Q(tenant=t)\n    q |= Q(name='x')\n    return Boat.objects.filter(q)\n",
        [("violation", "TENORM006")],
    ),
    "Q, and": (
        "django",
        "def f(t, n):\n    q = Q(name=n)\n    q &= Q(tenant=t)\n    return Boat.objects.filter(q)\n",
        [("proven", None)],
    ),
    "Q that is added to": (
        "django",
        "def f(t):\n    q = Q(tenant=t)\n    q.add(Q(name='x'), Q.OR)\n    return Boat.objects.filter(q)\n",
        [("violation", "TENORM006")],
    ),
    "query sets": (
        "django",
        "def f(t):\n    qs = Boat.objects.filter(tenant=t)\n    qs |= Boat.objects.filter(name='x')\n    return list(qs)\n",
        [("proven", None), ("violation", "TENORM001")],
    ),
    "dictionaries": (
        "django",
        "def f(t, i):\n    d = {'pk': i}\n    d |= {'tenant': t}\n    return Boat.objects.filter(**d)\n",
        [("proven", None)],
    ),
    "expressions": (
        "sqlalchemy",
        "def f(s, t, i):\n    c = Boat.tenant_id == t\n    c |= Boat.id == i\n    return s.scalars(select(Boat).where(c))\n",
        [("violation", "TENORM006")],
    ),
    **{
        f"a query set that is longer on one path, {name}": (
            "django",
            (
                f"def f(self, t, flag, context):\n    qs = Boat.objects.all()\n    if flag:\n"
                f"        qs = qs.filter(tenant=t)\n    {use}\n"
            ),
            [("violation", "TENORM005")],
        )
        for name, use in {
            "in a dictionary": "return render(request, 'x', {'boats': qs})",
            "in a context": "context['boats'] = qs",
            "as an attribute": "self.queryset = qs",
            "as a condition": "return 1 if qs else 2",
            "by its length": "return {'n': len(qs)}",
            "by a slice": "return qs[0:10]",
        }.items()
    },
    **{
        f"a tenant that is taken away again, {name}": (
            "sqlalchemy",
            f"def f(s, t):\n    {body}\n    return s.query(Boat).{asked}.all()\n",
            [wanted],
        )
        for name, body, asked, wanted in (
            ("del", "d = {'tenant_id': t}; del d['tenant_id']", "filter_by(**d)", ("violation", "TENORM001")),
            ("pop", "d = {'tenant_id': t}; d.pop('tenant_id')", "filter_by(**d)", ("violation", "TENORM001")),
            ("clear", "c = [Boat.tenant_id == t]; c.clear()", "filter(*c)", ("opaque", "TENORM013")),
            ("the last one", "c = [Boat.tenant_id == t]; c.pop()", "filter(*c)", ("opaque", "TENORM013")),
        )
    },
    "what is selected instead": (
        "sqlalchemy",
        "def f(s, t):\n    return s.query(Boat).filter(Boat.tenant_id == t).with_entities(Pier.id).all()\n",
        [("violation", "TENORM001")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_gone_over(name: str) -> None:
    calls.check(CASES[name])


@pytest.mark.parametrize("name", CHANGED)
def test_what_changes_in_place(name: str) -> None:
    calls.check(CHANGED[name])
