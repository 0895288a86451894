"""A row that was loaded inside its tenant and is handed to the one that a client names."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

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
