"""Query sets of Django: sub-queries, dictionaries of conditions, fields that were not read, instances that are saved."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

from . import calls

CASES: dict[str, tuple[str, list[str]]] = {
    "rows of a query set": ("Logbook.objects.filter(boat__in=Boat.objects.filter(tenant=t))", ["proven"]),
    "keys of a query set": ("Logbook.objects.filter(boat_id__in=Boat.objects.filter(tenant=t).values('id'))", ["proven"]),
    "values of a query set's field": (
        "Boat.objects.filter(id__in=Logbook.objects.filter(boat__tenant=t).values_list('boat_id', flat=True))",
        ["proven"],
    ),
    "rows of everybody's query set": ("Logbook.objects.filter(boat__in=Boat.objects.filter(name=i))", ["violation"]),
    "rows of a manager's method that nobody has seen": (
        "Logbook.objects.filter(boat__in=Boat.objects.for_user(t))",
        ["weak", "opaque"],
    ),
    "conditions of a dictionary": ("Boat.objects.filter(**{'tenant': t, 'name': i})", ["proven"]),
    "conditions that nobody can see": ("Boat.objects.filter(**i)", ["opaque"]),
    "conditions that nobody can see beside the tenant": ("Boat.objects.filter(tenant=t, **i)", ["proven"]),
    "SQL beside the query": ("Boat.objects.extra(where=['name = %s'], params=[i])", ["violation"]),
    "SQL beside the query of a tenant": ("Boat.objects.filter(tenant=t).extra(where=['name = %s'], params=[i])", ["proven"]),
    "tables beside the query": ("Boat.objects.filter(tenant=t).extra(tables=['logbooks'])", ["opaque"]),
    "a manager that no class has taken away": ("Boat._base_manager.get(pk=i)", ["violation"]),
    "no condition at all": ("Boat.objects.filter(Q(name=i) if i else Q())", ["violation"]),
    "no condition beside one": ("Boat.objects.filter(Q() | Q(tenant=t))", ["proven"]),
    "a field that was not read": ("Boat.objects.filter(created__date__gte=i, status=1)", ["violation"]),
    "a field that was not read, of the tenant's own table": ("Boat.objects.filter(tenant__slug=i)", ["opaque"]),
    "a way along a relation that was not read": ("Boat.objects.filter(crew__user=i)", ["opaque"]),
    "a column compared with the row": ("Boat.objects.filter(name=F('name'))", ["violation"]),
    "whether there are rows that refer to it": ("Boat.objects.filter(logbook__isnull=False)", ["violation"]),
    "the tenant compared with the row": ("Boat.objects.filter(tenant=F('tenant'))", ["opaque"]),
    "a row of a spread object and the tenant": ("Boat.objects.create(tenant=t, **i)", ["proven"]),
    "a row of a spread object": ("Boat.objects.create(**i)", ["opaque"]),
    "an instance is saved": ("Boat(tenant=t, name=i).save()", ["proven"]),
    "an instance without a tenant is saved": ("Boat(name=i).save()", ["weak"]),
}  # fmt: skip

LINES: dict[str, tuple[str, list[str]]] = {
    "a dictionary that grows": (
        "    held = dict(name=i)\n    held['tenant'] = t\n    return Boat.objects.filter(**held)\n",
        ["proven"],
    ),
    "a dictionary that grows on one path": (
        "    held = {'name': i}\n    if t:\n        held['tenant'] = t\n    return Boat.objects.filter(**held)\n",
        ["violation"],
    ),
    "a dictionary that is updated": (
        "    held = {'name': i}\n    held.update(tenant=t)\n    return Boat.objects.filter(**held)\n",
        ["proven"],
    ),
    "a dictionary that is updated out of sight": (
        "    held = {'name': i}\n    held.update(scope(t))\n    return Boat.objects.filter(**held)\n",
        ["opaque"],
    ),
    "a row under one that was loaded": (
        "    boat = Boat.objects.get(name=i)\n    return Logbook.objects.filter(boat=boat)\n",
        ["violation", "weak"],
    ),
    "an instance that gets its tenant later": (
        "    boat = Boat(name=i)\n    boat.tenant = t\n    boat.save()\n",
        ["proven"],
    ),
}


def _verdicts(source: str) -> list[str]:
    return [row.verdict for row in calls.facts("django", source).accesses if row.path == "fleet/views.py"]


@pytest.mark.parametrize("name", CASES)
def test_call(name: str) -> None:
    written, wanted = CASES[name]
    assert _verdicts(f"def f(t, i):\n    return {written}\n") == wanted


@pytest.mark.parametrize("name", LINES)
def test_function(name: str) -> None:
    written, wanted = LINES[name]
    assert _verdicts(f"def f(t, i):\n{written}") == wanted


MANAGED = """
from django.db import models
class BoatQuerySet(models.QuerySet):
    def filter(self, *args, **kwargs):
        return super().filter(*args, **kwargs, sunk=False)
    def afloat(self, **kwargs):
        return elsewhere(self, kwargs)
class Boat(models.Model):
    tenant = models.ForeignKey("Tenant", on_delete=models.CASCADE)
    objects = BoatQuerySet.as_manager()
    class Meta:
        db_table = "boats"
class Tenant(models.Model):
    class Meta:
        db_table = "tenants"
"""


@pytest.mark.parametrize(
    ("written", "wanted"),
    [("filter(tenant=t)", "proven"), ("filter(pk=t)", "violation"), ("afloat(tenant=t)", "opaque")],
)
def test_a_manager_that_does_more_in_a_method_of_djangos(written: str, wanted: str) -> None:
    tree = {
        "fleet/models.py": MANAGED.encode(),
        "fleet/views.py": f"def f(t):\n    return Boat.objects.{written}\n".encode(),
    }
    found = scan(sorted(tree.items()), build_model(tree, None, tenant_columns=("tenant_id",)))
    assert [row.verdict for row in found.accesses] == [wanted]


VIEWS = {
    "a view that names a model": ("class V(DetailView):\n    model = Boat\n", ["violation"]),
    "a view for whoever is logged in": ("class V(LoginRequiredMixin, UpdateView):\n    model = Boat\n", ["violation"]),
    "a view that says which rows": (
        (
            "class V(ListView):\n    model = Boat\n"
            "    def get_queryset(self):\n        return Boat.objects.filter(tenant=self.request.tenant)\n"
        ),
        ["proven"],
    ),
    "a view with a base that may say it": ("class V(OfTenant, DetailView):\n    model = Boat\n", []),
    "a view that makes a row": ("class V(CreateView):\n    model = Boat\n", []),
}


@pytest.mark.parametrize("name", VIEWS)
def test_generic_view(name: str) -> None:
    source, wanted = VIEWS[name]
    assert _verdicts(source) == wanted


def test_of_two_keys_to_their_parents_rows_are_asked_by_the_one_that_the_instance_is_called_after() -> None:
    models = b"""
from django.db import models
class User(models.Model):
    email = models.TextField()
class Organization(models.Model):
    members = models.ManyToManyField(User, through="Membership")
class Membership(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    role = models.TextField()
"""
    source = b"""
def f(membership, user):
    membership.organization.membership_set.filter(role="a", user__isnull=True).exists()
    user.membership_set.filter(role="c").first()
"""
    tree = {"fleet/models.py": models, "fleet/views.py": source}
    rows = scan([("fleet/views.py", source)], build_model(tree, {"tenant_columns": ["organization_id"]})).accesses
    assert [(row.verdict, row.rule) for row in rows] == [("proven", None), ("weak", "TENSQL022")]
