"""Models of ActiveRecord end to end: tables, relations, scopes, calls, verdict and rule."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model
from lints.tenancy import Ownership

SCHEMA = b"""ActiveRecord::Schema[7.1].define(version: 1) do
  create_table "accounts", force: :cascade do |t|
    t.string "name"
  end
  create_table "boats", force: :cascade do |t|
    t.bigint "account_id", null: false
    t.bigint "captain_id"
    t.string "name"
    t.datetime "deleted_at"
  end
  create_table "log_entries", force: :cascade do |t|
    t.bigint "vessel_id", null: false
  end
  create_table "berths", force: :cascade do |t|
    t.bigint "account_id", null: false
  end
  create_table "buoys", force: :cascade do |t|
    t.bigint "account_id", null: false
  end
end
"""
MODELS = b"""class Boat < ApplicationRecord
  belongs_to :account
  belongs_to :captain,
             class_name: "User",
             optional: true
  belongs_to :owner, polymorphic: true
  default_scope { where(deleted_at: nil) }
end
class Ferry < Boat
end
module Fleet
  class Entry < ApplicationRecord
    self.table_name = "log_entries"
    belongs_to :vessel, class_name: "::Boat", foreign_key: :vessel_id
  end
end
class Berth < ApplicationRecord
  acts_as_tenant :account
end
class Buoy < ApplicationRecord
  default_scope -> { where(account: Current.account) }
end
"""
FILES = {"db/schema.rb": SCHEMA, "app/models/boat.rb": MODELS}
MODEL = build_model(FILES, {"tenant_columns": ["account_id"], "tables": {"accounts": {"ownership": "root"}}})

CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "by its key": ("Boat.find(id)", [("violation", "TENORM001")]),
    "with the tenant": ("Boat.where(account: current_account).find(id)", [("proven", None)]),
    "told once": ("boat = Boat.find(id); boat.update!(name: 1); boat.logs.where(a: 1).destroy_all", [("violation", "TENORM001")]),
    "a class above": ("Ferry.find(id)", [("violation", "TENORM001")]),
    "a table by its name": ("Fleet::Entry.find(id)", [("violation", "TENORM001")]),
    "along what it belongs to": ("Fleet::Entry.where(vessel: boats)", [("weak", "TENORM002")]),
    "acts_as_tenant": ("Berth.find(id)", [("weak", "TENORM014")]),
    "acts_as_tenant, unscoped": ("Berth.unscoped.find(id)", [("violation", "TENORM011")]),
    "a default scope of the tenant": ("Buoy.find(id)", [("weak", "TENORM014")]),
    "unscoped of something else": ("Boat.unscoped.find(id)", [("violation", "TENORM001")]),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_calls(code: str, expected: list[tuple[str, str | None]]) -> None:
    text = f"class Harbour\n  def f(id, boats)\n    {code}\n  end\nend\n"
    rows = scan([("app/services/harbour.rb", text.encode())], MODEL).accesses
    assert [(row.verdict, row.rule) for row in rows] == expected, [(row.sql, row.why) for row in rows]


def test_what_it_belongs_to_makes_a_child() -> None:
    entries = MODEL.tables["log_entries"]
    assert (entries.ownership, entries.parent and entries.parent.references) == (Ownership.CHILD, "boats")
    assert entries.origin.path == "app/models/boat.rb"
