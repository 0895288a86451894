"""Calls of Django's ORM end to end: schema, chain, the SQL it stands for, verdict and rule."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

from . import calls

CASES: dict[str, calls.Case] = {
    "conditions of one call on rows that refer to this one are of the same row": (
        "django",
        "def f(t, n):\n    Tenant.objects.filter(boat__tenant=t, boat__name=n)\n",
        [("proven", None)],
    ),
    "conditions of two calls are of two rows": (
        "django",
        "def f(t, n):\n    Logbook.objects.filter(entry__id=n).filter(entry__logbook__boat__tenant=t)\n",
        [("violation", "TENORM001")],
    ),
    "django: by pk only": ("django", "def f(pk):\n    return Boat.objects.get(pk=pk)\n", [("violation", "TENORM001")]),
    "django: by a user of Django's own": (
        "django",
        "def f(mail):\n    return Captain.objects.filter(user__email=mail, user__is_active=True).first()\n",
        [("violation", "TENORM001")],
    ),
    "django: by a user of Django's own, and the tenant": (
        "django",
        "def f(mail, t):\n    return Captain.objects.filter(user__email=mail, tenant=t).first()\n",
        [("proven", None)],
    ),
    "django: by what is not known of a user": (
        "django",
        "def f(t):\n    return Captain.objects.filter(user__current_tenant=t).first()\n",
        [("opaque", "TENORM013")],
    ),
    "django: with the tenant": (
        "django",
        "def f(t, pk):\n    return Boat.objects.filter(tenant=t).get(pk=pk)\n",
        [("proven", None)],
    ),
    "django: along a relation": (
        "django",
        "def f(t, pk):\n    return Logbook.objects.filter(boat__tenant_id=t, pk=pk).first()\n",
        [("proven", None)],
    ),
    "django: a relation key only": (
        "django",
        "def f(boat):\n    return Logbook.objects.filter(boat=boat)\n",
        [("weak", "TENORM002")],
    ),
    "django: a held instance": (
        "django",
        "def f(self):\n    return Boat.objects.get(pk=self.boat.id)\n",
        [("weak", "TENORM003")],
    ),
    "django: an OR beside the tenant": (
        "django",
        "def f(t, n):\n    return list(Boat.objects.filter(Q(tenant=t) | Q(name=n)))\n",
        [("violation", "TENORM006")],
    ),
    "django: a filter on some paths only": (
        "django",
        "def f(t=None):\n    qs = Boat.objects.filter(name='a')\n    if t:\n        qs = qs.filter(tenant=t)\n    return qs\n",
        [("violation", "TENORM005")],
    ),
    "django: more of a query that a base class begins, without a tenant": (
        "django",
        (
            "class V(View):\n    model = Boat\n    def get_queryset(self):\n"
            "        return super().get_queryset().filter(name='a')\n"
        ),
        [("opaque", "TENORM013")],
    ),
    "django: more of a query that a base class begins, with the tenant": (
        "django",
        (
            "class V(View):\n    model = Boat\n    def get_queryset(self):\n"
            "        return super().get_queryset().filter(tenant=self.request.tenant)\n"
        ),
        [("proven", None)],
    ),
    "django: a class method asks its own class": (
        "django",
        "class Boat(Model):\n    @classmethod\n    def f(cls, n):\n        return cls.objects.filter(name=n)\n",
        [("violation", "TENORM001")],
    ),
    "django: a row under an instance that the code holds": (
        "django",
        "def f(boat):\n    return Logbook.objects.create(boat=boat)\n",
        [("weak", "TENORM002")],
    ),
    "django: a row under what a client names": (
        "django",
        "def f(request):\n    return Logbook.objects.create(boat_id=request.data['boat'])\n",
        [("violation", "TENORM002")],
    ),
    "django: rows under a list of what another query loaded": (
        "django",
        "def f(t):\n    boats = Boat.objects.filter(tenant=t)\n    return Logbook.objects.filter(boat__in=boats)\n",
        [("proven", None)],
    ),
    "django: what is done with a record is no query": (
        "django",
        (
            "def f(pk):\n    boat = Boat.objects.get(pk=pk)\n    boat.name = 'a'\n    boat.save()\n"
            "    boat.refresh_from_db()\n    return boat.delete()\n"
        ),
        [("violation", "TENORM001")],
    ),
    "django: one query used in two ways is told once": (
        "django",
        "def f():\n    boats = Boat.objects.filter(name='a')\n    return boats.count(), boats.order_by('name')\n",
        [("violation", "TENORM001")],
    ),
    "django: a validator asks by itself": (
        "django",
        "class S:\n    validators = [UniqueTogetherValidator(queryset=Boat.objects.all(), fields=['tenant', 'name'])]\n",
        [],
    ),
    "django: asked whether the caller may touch it": (
        "django",
        (
            "def f(self, request, pk):\n    boat = Boat.objects.get(pk=pk)\n"
            "    self.check_object_permissions(request, boat)\n    return boat\n"
        ),
        [("weak", "TENORM010")],
    ),
    "django: the class has a method that says what is asked for": (
        "django",
        (
            "class V(View):\n    queryset = Boat.objects.all()\n    def get_queryset(self):\n"
            "        return Boat.objects.filter(tenant=self.request.tenant)\n"
        ),
        [("proven", None)],
    ),
    "django: a mixin of the module narrows the query of the class": (
        "django",
        (
            "class Mine:\n    def get_queryset(self):\n"
            "        return super().get_queryset().filter(tenant=self.request.tenant)\n"
            "class Named:\n    def get_queryset(self):\n"
            "        return super().get_queryset().filter(name='a')\n"
            "class V(Mine, View):\n    queryset = Boat.objects.all()\n"
            "class W(Named, View):\n    queryset = Boat.objects.all()\n"
            "class X(Named, Mine, View):\n    queryset = Boat.objects.all()\n"
        ),
        [("proven", None), ("violation", "TENORM001"), ("proven", None)],
    ),
    "django: the method adds to the query of the class": (
        "django",
        (
            "class V(View):\n    queryset = Boat.objects.all()\n    def get_queryset(self):\n"
            "        return self.queryset.filter(name='a')\n"
        ),
        [("violation", "TENORM001")],
    ),
    "django: the query of a class without such a method": (
        "django",
        "class V(View):\n    queryset = Boat.objects.all()\n",
        [("violation", "TENORM001")],
    ),
    "django: get_object_or_404": (
        "django",
        "def f(pk):\n    return get_object_or_404(Boat, pk=pk)\n",
        [("violation", "TENORM001")],
    ),
    "django: filters out of sight": (
        "django",
        "def f(**filters):\n    return Boat.objects.filter(**filters)\n",
        [("opaque", "TENORM013")],
    ),
    "django: update and delete": (
        "django",
        "def f(t, pk):\n    Boat.objects.filter(pk=pk).update(name='x')\n    Boat.objects.filter(pk=pk, tenant=t).delete()\n",
        [("violation", "TENORM001"), ("proven", None)],
    ),
    "django: a tenant assigned": (
        "django",
        "def f(t, new, pk):\n    Boat.objects.filter(pk=pk, tenant=t).update(tenant=new)\n",
        [("violation", "TENORM004")],
    ),
    "django: all_objects": (
        "django",
        "def f(pk):\n    return Boat.all_objects.get(pk=pk)\n",
        [("violation", "TENORM011")],
    ),
    "django: raw SQL": (
        "django",
        "def f(q, pk):\n    Boat.objects.raw(q)\n    Boat.objects.raw('SELECT * FROM boats WHERE id = %s', [pk])\n",
        [("opaque", "TENORM009"), ("violation", "TENSQL001")],
    ),
    "django: get_object_or_404 of a query": (
        "django",
        "def f(pk, t):\n    return get_object_or_404(Boat.objects.filter(tenant=t), pk=pk)\n",
        [("proven", None)],
    ),
    "django: get_object_or_404 of a query without the tenant": (
        "django",
        "def f(pk, n):\n    return get_object_or_404(Boat.objects.filter(name=n), pk=pk)\n",
        [("violation", "TENORM001")],
    ),
    "django: a relation key further along": (
        "django",
        "def f(boat):\n    return Entry.objects.filter(logbook__boat=boat)\n",
        [("weak", "TENORM002")],
    ),
    "django: arithmetic of the caller is a value": (
        "django",
        "def f(now, hour):\n    return Boat.objects.filter(name=now - hour)\n",
        [("violation", "TENORM001")],
    ),
    "django: an expression over the row is none": (
        "django",
        "def f():\n    return Boat.objects.filter(tenant=F('id') + 0)\n",
        [("opaque", "TENORM013")],
    ),
    "django: a condition on what is counted": (
        "django",
        "def f(n):\n    return Boat.objects.filter(name=n).annotate(count=Count('id')).filter(count__gt=1)\n",
        [("violation", "TENORM001")],
    ),
    "django: a condition on what is counted, beside the tenant": (
        "django",
        "def f(t):\n    return Boat.objects.filter(tenant=t).annotate(count=Count('id')).filter(count__gt=1)\n",
        [("proven", None)],
    ),
    "django: a condition on a column by another name": (
        "django",
        "def f(t):\n    return Boat.objects.annotate(owner=F('tenant')).filter(owner=t)\n",
        [("opaque", "TENORM013")],
    ),
    "django: compared after it was loaded": (
        "django",
        (
            "def f(request: Request, code: UUID) -> Response:\n    boat = get_object_or_404(Boat, name=code)\n"
            "    if boat.tenant_id != request.tenant.id:\n        return Forbidden()\n    return boat\n"
        ),
        [("weak", "TENORM010")],
    ),
    "django: compared after it was loaded, the other way round": (
        "django",
        (
            "def f(request: Request, code: UUID) -> Response:\n    boat = get_object_or_404(Boat, name=code)\n"
            "    if request.user.tenant_id == boat.tenant_id:\n        return boat\n    return Forbidden()\n"
        ),
        [("weak", "TENORM010")],
    ),
    "django: another row is compared": (
        "django",
        (
            "def f(request: Request, code: UUID, pier) -> Response:\n    boat = get_object_or_404(Boat, name=code)\n"
            "    if pier.tenant_id != request.tenant.id:\n        return Forbidden()\n    return boat\n"
        ),
        [("violation", "TENORM001")],
    ),
    "django: another column is compared": (
        "django",
        (
            "def f(request: Request, code: UUID) -> Response:\n    boat = get_object_or_404(Boat, name=code)\n"
            "    if request.name == boat.name:\n        return boat\n    return Forbidden()\n"
        ),
        [("violation", "TENORM001")],
    ),
    "django: compared after the last of several steps": (
        "django",
        (
            "def f(request, code):\n    q = Boat.objects.select_related('tenant')\n    boat = get_object_or_404(q, name=code)\n"
            "    if request.user.id == boat.tenant.owner_id:\n        return boat\n    raise Denied\n"
        ),
        [("weak", "TENORM010")],
    ),
    "django: rows that refer to an instance": (
        "django",
        "def f(boat):\n    return boat.logbook_set.all()\n",
        [("weak", "TENORM002")],
    ),
    "django: a row among those that refer to an instance": (
        "django",
        "def f(boat, i):\n    return boat.logbook_set.get(pk=i)\n",
        [("weak", "TENORM002")],
    ),
    "django: rows of a tenant": (
        "django",
        "def f(request):\n    return request.tenant.boat_set.filter(name='x')\n",
        [("proven", None)],
    ),
    "django: get_object_or_404 among a tenant's rows": (
        "django",
        "def f(request, pk):\n    return get_object_or_404(request.tenant.boat_set.all(), pk=pk)\n",
        [("proven", None)],
    ),
    "django: a name that no model has": ("django", "def f(x):\n    return x.things.all()\n", []),
    "django: a dictionary is no manager": ("django", "def f(request):\n    return request.boat.get('x')\n", []),
    "django: rows of a variable": ("django", "def f(rows):\n    return rows.filter(pk=1)\n", []),
    "django: compared by what its tenant has": (
        "django",
        (
            "def f(request, pk):\n    boat = Boat.objects.select_related('tenant').get(pk=pk)\n"
            "    if not boat.tenant.key == request.key:\n        raise Denied\n    return boat\n"
        ),
        [("weak", "TENORM010")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_call(name: str) -> None:
    calls.check(CASES[name])


def test_a_call_of_an_unknown_model_is_counted_not_judged() -> None:
    found = calls.facts("django", "def f(pk):\n    return Elsewhere.objects.get(pk=pk)\n")
    assert found.accesses == ()
    assert found.numbers["orm_unknown"] == 1


def test_a_row_shows_the_sql_a_call_stands_for() -> None:
    (row,) = calls.facts("django", "def f(pk):\n    return Boat.objects.get(pk=pk)\n").accesses
    assert row.sql == 'SELECT "boats".* FROM "boats" WHERE "boats"."id" = :h1'
    assert (row.line, row.column, row.snippet) == (2, 12, "Boat.objects.get(pk=pk)")


def test_found_or_else_made_is_one_path() -> None:
    fleet = calls.DJANGO + (
        "class Watch(models.Model):\n    boat = models.ForeignKey(Boat, on_delete=models.CASCADE)\n"
        "    user = models.ForeignKey('User', on_delete=models.CASCADE)\n"
        "    class Meta:\n        unique_together = ('boat', 'user')\n"
        "class User(models.Model):\n    pass\n"
    )
    tree = {
        "fleet/models.py": fleet.encode(),
        "fleet/views.py": b"def f(boat, user):\n    return Watch.objects.get_or_create(boat=boat, user=user)\n",
    }
    (row,) = scan([("fleet/views.py", tree["fleet/views.py"])], build_model(tree, None)).accesses
    assert (row.verdict, row.rule) == ("weak", "TENORM002")


MANAGERS = b"""
from django.db import models
class FleetQuerySet(models.QuerySet):
    def for_tenant(self, tenant):
        return self.filter(tenant=tenant)
    def named(self, n):
        return self.filter(name=n)
    def maybe(self, tenant=None):
        if tenant is not None:
            return self.filter(tenant=tenant)
        return self
    def strange(self, t):
        return apply(self, t)
class ScopedManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(tenant=current_tenant())
class SoftDeletionManager(models.Manager):
    def get_queryset(self):
        return FleetQuerySet(self.model, using=self._db).filter(deleted_at__isnull=True)
class KeptManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(deleted_at__isnull=True)
"""
MANAGED = b"""
from django.db import models
from fleet.managers import FleetQuerySet, KeptManager, ScopedManager, SoftDeletionManager
class Tenant(models.Model):
    pass
class Boat(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.TextField()
    objects = FleetQuerySet.as_manager()
class Buoy(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    objects = ScopedManager()
    all_objects = models.Manager()
class Pier(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    objects = KeptManager()
    all_objects = models.Manager()
class Quay(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    objects = SoftDeletionManager()
    all_objects = models.Manager()
class Ship(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    objects = models.Manager.from_queryset(FleetQuerySet)()
"""


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("Boat.objects.for_tenant(t).get(pk=pk)", ("proven", None)),
        ("Boat.objects.filter(pk=pk).for_tenant(t)", ("proven", None)),
        ("Boat.objects.named(pk).for_tenant(t)", ("proven", None)),
        ("Ship.objects.for_tenant(t)", ("proven", None)),
        ("Boat.objects.for_tenant(None)", ("proven", None)),  # no boat is without a tenant
        ("Boat.objects.named(pk)", ("violation", "TENORM001")),
        ("Boat.objects.maybe(t)", ("violation", "TENORM005")),
        ("Boat.objects.strange(t)", ("opaque", "TENORM013")),
        ("Boat.objects.unseen(t)", ("opaque", "TENORM013")),
        ("Buoy.objects.get(pk=pk)", ("weak", "TENORM014")),
        ("Buoy.all_objects.get(pk=pk)", ("violation", "TENORM011")),
        ("Pier.all_objects.get(pk=pk)", ("violation", "TENORM001")),  # the ones that are gone too
        ("Quay.all_objects.get(pk=pk)", ("violation", "TENORM001")),
        ("Pier.all_objects.get(pk=pk, tenant=t)", ("proven", None)),
    ],
)
def test_managers(asked: str, wanted: tuple[str, str | None]) -> None:
    code = f"def f(t, pk):\n    return {asked}\n".encode()
    tree = {"fleet/managers.py": MANAGERS, "fleet/models.py": MANAGED, "fleet/views.py": code}
    found = scan(sorted(tree.items()), build_model(tree, None, tenant_columns=("tenant_id",)))
    assert [(row.verdict, row.rule) for row in found.accesses if row.path == "fleet/views.py"] == [wanted]


STAMPED = b"""
from django.db import models
class Tenant(models.Model):
    pass
class Project(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
class Favourite(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    project = models.ForeignKey(Project, on_delete=models.CASCADE)
    name = models.TextField()
    def save(self, *args, **kwargs):
        self.tenant = self.project.tenant
        super().save(*args, **kwargs)
"""


@pytest.mark.parametrize(
    ("given", "verdict", "said"),
    [
        ("project_id=request.data.get('project')", "violation", "request.data.get('project'), which a client names"),
        ("project_id=pk", "weak", "what project_id refers to, checked to be the caller's"),
        ("name='a'", "weak", "the model sets its tenant by itself"),
    ],
)
def test_a_tenant_that_the_model_takes_from_a_row_is_as_good_as_that_row(given: str, verdict: str, said: str) -> None:
    code = f"def f(request, pk):\n    return Favourite.objects.create({given})\n".encode()
    tree = {"fleet/models.py": STAMPED, "fleet/views.py": code}
    found = scan(sorted(tree.items()), build_model(tree, None, tenant_columns=("tenant_id",)))
    rows = [row for row in found.accesses if row.path == "fleet/views.py"]
    assert [(row.verdict, row.rule) for row in rows] == [(verdict, "TENSQL004")]
    assert said in rows[0].why
