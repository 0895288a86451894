"""A row that was loaded inside its tenant and is handed to the one that a client names."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model
from tests.lints.stores import calls

DJANGO = b"""from django.db import models
class Tenant(models.Model):
    name = models.TextField()
class Boat(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.TextField()
"""
SCHEMA = b"""CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), name text);
"""
MOVED = [("proven", None), ("violation", "TENORM004")]
KEPT: list[tuple[str, str | None]] = [("proven", None)]
PYTHON: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "by its key": ('boat.tenant_id = request.data["tenant"]\n    boat.save()', MOVED),
    "by its relation": ('boat.tenant = form.cleaned_data["tenant"]\n    boat.save()', MOVED),
    "from a query string": ('boat.tenant_id = int(request.GET["t"])\n    boat.save()', MOVED),
    "another column": ('boat.name = request.data["name"]\n    boat.save()', KEPT),
    "to the caller's own": ("boat.tenant = request.user.tenant\n    boat.save()", KEPT),
    "compared": ('if boat.tenant_id == request.data["t"]:\n        boat.save()', KEPT),
    "another row": ('other.tenant_id = request.data["t"]\n    boat.save()', KEPT),
    "never saved": ('boat.tenant_id = request.data["t"]', KEPT),
}
RUBY: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "updated": ("boat.update!(tenant_id: params[:tenant])", MOVED),
    "updated among others": ("boat.update(name: params[:name], tenant_id: params.dig(:boat, :t))", MOVED),
    "set and saved": ("boat.tenant_id = params[:t]\n    boat.save!", MOVED),
    "another column": ("boat.update!(name: params[:name])", KEPT),
    "to the caller's own": ("boat.update!(tenant_id: current_user.tenant_id)", KEPT),
}
SENT: list[tuple[str, str | None]] = [("proven", None), ("weak", "TENORM013")]
ALL_OF_IT: list[tuple[str, str | None]] = [("proven", None), ("violation", "TENORM004")]
SQLALCHEMY: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "by its key": ("boat.tenant_id = payload.tenant_id\n    db.commit()", MOVED),
    "by its key, of a route's own parameter": ("boat.tenant_id = data.tenant_id\n    db.commit()", MOVED),
    "another column": ("boat.name = payload.name\n    db.commit()", KEPT),
    "to the caller's own": ("boat.tenant_id = user.tenant_id\n    db.commit()", KEPT),
    "never saved": ("boat.tenant_id = payload.tenant_id", KEPT),
    "by a name": ('setattr(boat, "tenant_id", payload.tenant_id)\n    db.commit()', MOVED),
    "attributes in a loop": (
        "for k, v in data.model_dump(exclude_unset=True).items():\n        setattr(boat, k, v)\n    db.commit()", SENT,
    ),
    "attributes in a loop over what was sent": (
        "for k, v in request.json.items():\n        setattr(boat, k, v)\n    db.commit()", ALL_OF_IT,
    ),
    "attributes of a dictionary that is made before": (
        "sent = data.dict()\n    for k in sent:\n        setattr(boat, k, sent[k])\n    db.add(boat)", SENT,
    ),
    "attributes without the tenant": (
        'for k, v in data.dict(exclude={"tenant_id"}).items():\n        setattr(boat, k, v)\n    db.commit()', KEPT,
    ),
    "attributes whose tenant is taken out": (
        ('sent = data.dict()\n    sent.pop("tenant_id", None)\n    for k, v in sent.items():\n        setattr(boat, k, v)\n'
        "    db.commit()"), KEPT,
    ),
    "attributes whose name is taken out": (
        ('sent = data.dict()\n    del sent["name"]\n    for k, v in sent.items():\n        setattr(boat, k, v)\n'
        "    db.commit()"), SENT,
    ),
    "attributes that code names": (
        'for k in ("name", "length"):\n        setattr(boat, k, data[k])\n    db.commit()', KEPT,
    ),
    "attributes that code asks about": (
        "for k, v in data.items():\n        if k in EDITABLE:\n            setattr(boat, k, v)\n    db.commit()", KEPT,
    ),
    "attributes in a loop, never saved": ("for k, v in data.items():\n        setattr(boat, k, v)", KEPT),
    "attributes of something else": ("for k, v in data.items():\n        setattr(form, k, v)\n    db.commit()", KEPT),
    "SQLModel's": ("boat.sqlmodel_update(data)\n    db.add(boat)", SENT),
    "SQLModel's, of what is seen": ('boat.sqlmodel_update({"name": data.name})\n    db.add(boat)', KEPT),
}  # fmt: skip


@pytest.mark.parametrize("loads", ["db.query(Boat).filter({}).one()", "db.scalars(select(Boat).where({})).one()"])
@pytest.mark.parametrize(("code", "expected"), SQLALCHEMY.values(), ids=list(SQLALCHEMY))
def test_sqlalchemy(code: str, expected: list[tuple[str, str | None]], loads: str) -> None:
    head = '@router.patch("/boats/{pk}")\ndef patch(pk, data, payload, form, request, user=Depends(me), db=Depends(session)):\n'
    row = loads.format("Boat.id == pk, Boat.tenant_id == user.tenant_id")
    files = {"fleet/models.py": calls.SQLALCHEMY.encode()}
    _judged(files, "fleet/views.py", f"{head}    boat = {row}\n    {code}\n", expected)


@pytest.mark.parametrize(("code", "expected"), PYTHON.values(), ids=list(PYTHON))
def test_django(code: str, expected: list[tuple[str, str | None]]) -> None:
    head = "from fleet.models import Boat\n\ndef view(request, pk, form, other):\n"
    loads = "    boat = Boat.objects.get(pk=pk, tenant=request.user.tenant)\n"
    _judged({"fleet/models.py": DJANGO}, "fleet/views.py", f"{head}{loads}    {code}\n", expected)


@pytest.mark.parametrize(("code", "expected"), RUBY.values(), ids=list(RUBY))
def test_rails(code: str, expected: list[tuple[str, str | None]]) -> None:
    models = b"class Boat < ApplicationRecord\n  belongs_to :tenant\nend\n"
    loads = "    boat = Boat.where(tenant_id: current_user.tenant_id).find(params[:id])\n"
    text = f"class BoatsController < ApplicationController\n  def move\n{loads}    {code}\n  end\nend\n"
    _judged({"db/1.sql": SCHEMA, "app/models/boat.rb": models}, "app/controllers/boats_controller.rb", text, expected)


def _judged(files: dict[str, bytes], path: str, text: str, expected: list[tuple[str, str | None]]) -> None:
    model = build_model(files, {"tenant_columns": ["tenant_id"]})
    rows = scan([(path, text.encode())], model).accesses
    assert [(row.verdict, row.rule) for row in rows] == expected, [(row.sql, row.why) for row in rows]
