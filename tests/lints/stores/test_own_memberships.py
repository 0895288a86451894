"""Rows of the tenants that somebody belongs to, found by the memberships of whoever asks: weak, whatever way they go."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

MODELS = """
from django.db import models
class Tenant(models.Model):
    name = models.TextField()
class Membership(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE, related_name="memberships")
    role = models.TextField()
class Boat(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    status = models.TextField()
class Logbook(models.Model):
    boat = models.ForeignKey(Boat, on_delete=models.CASCADE)
class Order(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
"""
MINE = "Membership.objects.filter(tenant=OuterRef('tenant'), user=u)"
CASES = {
    "memberships of one's own": ("Membership.objects.filter(user=u)", "weak"),
    "somebody's memberships": ("Membership.objects.filter(role='admin')", "violation"),
    "what one has ordered says nothing of tenants": ("Order.objects.filter(user=u)", "violation"),
    "along the tenant": ("Boat.objects.filter(tenant__memberships__user=u)", "weak"),
    "in a query of memberships": (
        "Boat.objects.filter(tenant__in=Membership.objects.filter(user=u).values('tenant'))",
        "weak",
    ),
    "in a query of tenants": ("Boat.objects.filter(tenant__in=Tenant.objects.filter(memberships__user=u))", "weak"),
    "beside a membership": (f"Boat.objects.filter(Exists({MINE}))", "weak"),
    "beside a membership, under a name": (f"Boat.objects.annotate(m=Exists({MINE})).filter(m=True)", "weak"),
    "beside a membership, two steps away": (
        "Logbook.objects.filter(Exists(Membership.objects.filter(tenant=OuterRef('boat__tenant'), user=u)))",
        "weak",
    ),
    "beside anybody's membership": (
        "Boat.objects.filter(Exists(Membership.objects.filter(tenant=OuterRef('tenant'), role='admin')))",
        "violation",
    ),
    "beside a membership of any tenant": (
        "Boat.objects.filter(Exists(Membership.objects.filter(user=u)))",
        "violation",
    ),
    "of the tenant, and beside a membership": (
        "Boat.objects.filter(tenant_id=t, tenant__memberships__user=u)",
        "proven",
    ),
    "of the tenant, where one is a member of something": (
        "Boat.objects.filter(Exists(Membership.objects.filter(user=u)), tenant_id=t)",
        "proven",
    ),
    "beside no membership": (f"Boat.objects.filter(~Exists({MINE}))", "violation"),
    "beside a membership or not": (f"Boat.objects.filter(Exists({MINE}) | Q(status='public'))", "violation"),
    "beside a membership, or only said so": (f"Boat.objects.annotate(m=Exists({MINE})).filter(m=False)", "opaque"),
    "beside the row it belongs to": (
        "Logbook.objects.filter(Exists(Boat.objects.filter(pk=OuterRef('boat_id'), tenant_id=t)))",
        "proven",
    ),
    "beside some row of the tenant": (
        "Logbook.objects.filter(Exists(Boat.objects.filter(status=OuterRef('pk'), tenant_id=t)))",
        "violation",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rows(name: str) -> None:
    written, wanted = CASES[name]
    tree = {"fleet/models.py": MODELS.encode(), "fleet/views.py": f"def f(u, t):\n    return {written}\n".encode()}
    rows = [row for row in scan(tree.items(), build_model(tree, {})).accesses if row.path == "fleet/views.py"]
    worst = max(rows, key=lambda row: ("proven", "weak", "opaque", "violation").index(row.verdict))

    assert worst.verdict == wanted, [(row.sql, row.why) for row in rows]
