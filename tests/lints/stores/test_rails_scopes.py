"""Scopes that gems, concerns and default scopes give to models of ActiveRecord, and rows of an association as an
argument."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

SCHEMA = b"""ActiveRecord::Schema[7.1].define(version: 1) do
  create_table "accounts", force: :cascade do |t|
    t.string "name"
  end
  create_table "boats", force: :cascade do |t|
    t.bigint "account_id", null: false
    t.string "name"
  end
  create_table "logs", force: :cascade do |t|
    t.bigint "boat_id", null: false
    t.text "boats"
  end
end
"""
MODELS = b"""class Account < ApplicationRecord
  has_many :boats
end
module Lookup
  def self.included(base)
    base.extend(ClassMethods)
  end
  module ClassMethods
    def find_by_number(number)
      find_by(id: decode(number))
    end
    def of_account(account)
      where(account: account)
    end
  end
end
module Named
  def called(name)
    where(name: name)
  end
end
class Boat < ApplicationRecord
  include Lookup
  extend Named
  belongs_to :account
  has_many :logs
  has_flags 1 => :afloat,
            2 => :sunk,
            :column => "flags"
  aasm column: :status do
    state :resting, initial: true
    state :racing
  end
  pg_search_scope :search_by_name, against: :name
  scope :ours, ->(account) { where(account_id: account.id) }
  def self.visible(account)
    records = where(account: account)
    records.or(where(name: "public"))
  end
  def self.narrowed(account)
    records = where(account: account)
    records.where(name: "x")
  end
  scope :fast, -> { afloat.racing.called("x") }
  scope :fast_of, ->(account) { afloat.ours(account) }
end
class Log < ApplicationRecord
  belongs_to :boat
  belongs_to :owner, class_name: "Account"
end
class Hidden < ApplicationRecord
  self.table_name = "boats"
  default_scope -> { where(mine) }
end
class Sorted < ApplicationRecord
  self.table_name = "boats"
  default_scope -> { order(:name) }
end
"""
MODEL = build_model(
    {"db/schema.rb": SCHEMA, "app/models/boat.rb": MODELS},
    {"tenant_columns": ["account_id"], "tables": {"accounts": {"ownership": "root"}}},
)
PROVEN, UNSCOPED, UNSEEN = ("proven", None), ("violation", "TENORM001"), ("opaque", "TENORM013")
CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "a finder of ClassMethods": ("Boat.find_by_number(number)", [UNSCOPED]),
    "a scope of ClassMethods": ("Boat.of_account(account).find(id)", [PROVEN]),
    "a module that the class is extended with": ("Boat.called(name).first", [UNSCOPED]),
    "a method that goes on beside what it held": ("Boat.visible(account).to_a", [UNSCOPED]),
    "a method that goes on with what it held": ("Boat.narrowed(account).to_a", [PROVEN]),
    "a flag": ("Boat.afloat.find(id)", [UNSCOPED]),
    "a flag that is not set": ("Boat.not_sunk.where(account: account).first", [PROVEN]),
    "a state": ("Boat.racing.find(id)", [UNSCOPED]),
    "a search": ("Boat.search_by_name(text).first", [UNSCOPED]),
    "a scope of other scopes": ("Boat.fast.find(id)", [UNSCOPED]),
    "a scope of other scopes, of the tenant": ("Boat.fast_of(account).find(id)", [PROVEN]),
    "a default scope that can't be seen": ("Hidden.find(id)", [UNSEEN]),
    "a default scope that can't be seen, taken away": ("Hidden.unscoped.find(id)", [UNSCOPED]),
    "a default scope that only sorts": ("Sorted.find(id)", [UNSCOPED]),
    "merged rows of the tenant": ("Log.joins(:boat).merge(current_account.boats).find(id)", [PROVEN]),
    "a row by what others call it": ("current_owner.boats.find(id)", [PROVEN]),
    "a list in a column, called as what others have": ("log.boats.where(id: id).first", []),
    "what a message has is no row": ("mail.boats.find(id)", []),
    "what a service gave is no row": ("result.boats.includes(:logs).to_a", []),
    "classes below a model": ("Boat.descendants.map { |kind| kind.exists? }", []),
    "whatever is there": ("Boat.where(account: account).presence.to_a", [PROVEN]),
    "what something has is a row": ("harbour.boats.find(id)", [("weak", "TENORM002")]),
    "keys of what a row has": ("Boat.where(id: fleet.boat_ids).to_a", [("weak", "TENORM002")]),
}


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_scopes(code: str, expected: list[tuple[str, str | None]]) -> None:
    text = f"class Harbour\n  def f(id, account, fleet)\n    {code}\n  end\nend\n"
    rows = scan([("app/services/harbour.rb", text.encode())], MODEL).accesses
    assert [(row.verdict, row.rule) for row in rows] == expected, [(row.sql, row.why) for row in rows]


def test_a_class_that_is_named_from_the_top_is_not_one_of_the_same_name_nearby() -> None:
    files = {
        "db/schema.rb": SCHEMA.replace(
            b'"logs"', b'"berths" do |t|\n    t.bigint "account_id"\n  end\n  create_table "logs"'
        ),
        "app/models/boat.rb": MODELS,
        "app/models/log/account.rb": b"class Log::Account < ApplicationRecord\n  self.table_name = 'logs'\nend\n",
        "app/models/log/berth.rb": (
            b"class Log::Berth < ApplicationRecord\n  self.table_name = 'berths'\n"
            b"  belongs_to :account, class_name: '::Account'\nend\n"
        ),
    }
    model = build_model(files, {"tenant_columns": ["account_id"]})
    keys = {key.columns: key.references for key in model.tables["berths"].foreign_keys}
    assert keys == {("account_id",): "accounts"}
