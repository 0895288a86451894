"""A statement that reads a tenant's rows beside those of a table nobody has classified is never proven as a whole."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

SCHEMA = b"""
CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE orders (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), total int);
CREATE TABLE mystery (id uuid PRIMARY KEY, order_ref text);
CREATE TABLE riddles (id uuid PRIMARY KEY, order_ref text);
"""
OWN = "SELECT * FROM orders o WHERE o.tenant_id = %s"
BESIDE = "SELECT * FROM orders o JOIN mystery m ON m.order_ref = o.id WHERE o.tenant_id = %s"
TWO = "SELECT * FROM orders o, mystery m, riddles r WHERE o.tenant_id = %s AND m.order_ref = r.order_ref"
OPEN = "SELECT * FROM orders o JOIN mystery m ON m.order_ref = o.id WHERE o.total = %s"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (OWN, [("proven", None, "orders")]),
        (BESIDE, [("weak", "TENSQL000", "mystery")]),
        (TWO, [("weak", "TENSQL000", "mystery"), ("weak", "TENSQL000", "riddles")]),
        (OPEN, [("violation", "TENSQL001", "orders")]),
        ("DELETE FROM mystery USING orders o WHERE o.tenant_id = %s", [("weak", "TENSQL000", "mystery")]),
        ("SELECT * FROM mystery WHERE order_ref = %s", []),
        ("SELECT * FROM mystery m JOIN riddles r ON r.order_ref = m.order_ref WHERE m.id = %s", []),
    ],
)
def test_rows(sql: str, rows: list[tuple[str, str | None, str]]) -> None:
    tree = {"migrations/1.sql": SCHEMA, "app.py": f'def f(db, t):\n    db.execute("{sql}", (t,))\n'.encode()}
    found = scan(sorted(tree.items()), build_model(tree, None, tenant_columns=("tenant_id",)))
    assert [(row.verdict, row.rule, row.table) for row in found.accesses] == rows
    for row in found.accesses:  # nobody knows whose they are: not that they are everybody's
        assert "for every tenant" not in row.why
        assert ("which is not classified" in row.why) == (row.rule == "TENSQL000")
    assert found.numbers["proven"] == (rows == [("proven", None, "orders")])
    assert found.numbers["statements_unclassified"] == (not rows)


def test_an_orm_says_what_is_not_classified_too() -> None:
    models = b"""from django.db import models
class Tenant(models.Model):
    pass
class Kind(models.Model):
    name = models.TextField()
class Order(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    kind = models.ForeignKey(Kind, on_delete=models.CASCADE)
"""
    code = b"from app.models import Order\ndef f(t):\n    return Order.objects.filter(tenant=t, kind__name='x').all()\n"
    tree = {"app/models.py": models, "app/views.py": code}
    found = scan(sorted(tree.items()), build_model(tree, None, tenant_columns=("tenant_id",)))
    [row] = [row for row in found.accesses if row.path == "app/views.py"]
    assert (row.verdict, row.rule) == ("weak", "TENSQL000")
