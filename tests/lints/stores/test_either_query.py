"""A query that comes by two ways is judged on both: what only one of them compares proves nothing for the other."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

RUBY = b"""class Account < ApplicationRecord
  has_many :boats
end
class Boat < ApplicationRecord
  belongs_to :account
end
"""
SCHEMA = b"""ActiveRecord::Schema[7.1].define(version: 1) do
  create_table "accounts", force: :cascade do |t|
  end
  create_table "boats", force: :cascade do |t|
    t.bigint "account_id", null: false
  end
end
"""
PHP = b"<?php class Boat extends Model { protected $fillable = ['account_id', 'name']; }"
NET = b"""public class Fleet : DbContext { public DbSet<Boat> Boats { get; set; } }
public class Boat { public Guid Id { get; set; } public Guid AccountId { get; set; } }
"""
PYTHON = b"""from django.db import models
class Boat(models.Model):
    account_id = models.IntegerField()
"""
MODELS = {
    "harbour.rb": ({"db/schema.rb": SCHEMA, "app/models/boat.rb": RUBY}, "account_id"),
    "Harbour.php": ({"app/Models/Boat.php": PHP}, "account_id"),
    "Harbour.cs": ({"src/Fleet.cs": NET}, "AccountId"),
    "harbour.py": ({"fleet/models.py": PYTHON}, "account_id"),
}
AROUND = {
    "harbour.rb": "class Harbour\n  def f(a, id)\n    {}\n  end\nend\n",
    "Harbour.php": "<?php class Harbour {{ function f($a, $id) {{ {} }} }}",
    "Harbour.cs": "using Microsoft.EntityFrameworkCore; public class Harbour {{ Fleet _db; object F(Guid a, Guid id, bool all) {{ {} }} }}",
    "harbour.py": "from fleet.models import Boat\ndef f(a, id):\n    {}\n",
}
PROVEN, UNSCOPED, SOMETIMES = ("proven", None), ("violation", "TENORM001"), ("violation", "TENORM005")
CASES: dict[str, tuple[str, str, set[tuple[str, str | None]]]] = {
    "Ruby: the class itself": (
        "harbour.rb",
        "scope = a ? Boat.where(account: a) : Boat\n    scope.find(id)",
        {SOMETIMES},
    ),
    "Ruby: the class, then narrowed": (
        "harbour.rb",
        "boats = Boat\n    boats = boats.where(account: a) if a\n    boats.find(id)",
        {SOMETIMES},
    ),
    "Ruby: rows of an association, or all": (
        "harbour.rb",
        "scope = a ? current_account.boats.order(:id) : Boat\n    scope.find(id)",
        {PROVEN, UNSCOPED},
    ),
    "Ruby: narrowed further on one way": (
        "harbour.rb",
        "boats = Boat\n    boats = boats.where(name: 1) if a\n    boats.where(account: a).find(id)",
        {PROVEN},
    ),
    "PHP: two queries": (
        "Harbour.php",
        "$q = $a ? Boat::where('account_id', $a) : Boat::query(); return $q->find($id);",
        {SOMETIMES},
    ),
    "C#: the set itself": (
        "Harbour.cs",
        "var q = all ? _db.Boats : _db.Boats.Where(b => b.AccountId == a); return q.ToList();",
        {SOMETIMES},
    ),
    "C#: the set, then narrowed": (
        "Harbour.cs",
        "IQueryable<Boat> q = _db.Boats; if (!all) { q = q.Where(b => b.AccountId == a); } return q.ToList();",
        {SOMETIMES},
    ),
    "C#: narrowed on both": (
        "Harbour.cs",
        "var q = all ? _db.Boats : _db.Boats.Where(b => b.Id == id); return q.Where(b => b.AccountId == a).ToList();",
        {PROVEN},
    ),
    "Django: the manager itself": (
        "harbour.py",
        "rows = Boat.objects.filter(account_id=a) if a else Boat.objects\n    return rows.get(pk=id)",
        {SOMETIMES},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_both_ways(name: str) -> None:
    path, body, expected = CASES[name]
    files, column = MODELS[path]
    rows = scan([(path, AROUND[path].format(body).encode())], build_model(files, {"tenant_columns": [column]})).accesses
    assert {(row.verdict, row.rule) for row in rows} == expected, [(row.sql, row.why) for row in rows]


@pytest.mark.parametrize("other", ["$q", "$q->where('id', 1)", "Boat::where('id', 1)"])
def test_many_ways_are_told_apart_as_far_as_that_goes(other: str) -> None:
    ways = "".join(f"$q = $a{n} ? $q->where('name', {n}) : {other};\n" for n in range(60))
    files, column = MODELS["Harbour.php"]
    code = AROUND["Harbour.php"].format(f"$q = Boat::query();\n{ways} return $q->get();")
    rows = scan([("Harbour.php", code.encode())], build_model(files, {"tenant_columns": [column]})).accesses
    assert [row.verdict for row in rows] in (["violation"], ["opaque"])
