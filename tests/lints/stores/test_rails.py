"""Rails end to end: associations from a tenant or a row, scopes that have names, what takes a scope away, writes."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

SCHEMA = b"""ActiveRecord::Schema[7.1].define(version: 1) do
  create_table "accounts", force: :cascade do |t|
    t.string "name"
    t.bigint "parent_account_id"
  end
  create_table "boats", force: :cascade do |t|
    t.bigint "account_id", null: false
    t.bigint "captain_id"
    t.bigint "ex_account_id"
    t.string "name"
    t.integer "state"
    t.index ["account_id", "name"], unique: true
  end
  create_table "captains", force: :cascade do |t|
    t.bigint "account_id", null: false
    t.string "name"
  end
  create_table "logs", force: :cascade do |t|
    t.bigint "boat_id", null: false
    t.string "text"
  end
  create_table "photos", force: :cascade do |t|
    t.string "shown_type"
    t.bigint "shown_id"
    t.bigint "account_id", null: false
  end
  create_table "races", force: :cascade do |t|
    t.bigint "account_id", null: false
  end
  create_table "boats_races", id: false, force: :cascade do |t|
    t.bigint "boat_id"
    t.bigint "race_id"
  end
  create_table "users", force: :cascade do |t|
    t.string "email"
  end
  create_table "memberships", force: :cascade do |t|
    t.bigint "account_id", null: false
    t.bigint "user_id", null: false
  end
  create_table "ports", force: :cascade do |t|
    t.string "name"
  end
  create_table "berths", force: :cascade do |t|
    t.bigint "account_id", null: false
    t.bigint "port_id"
  end
  create_table "dock_cranes", force: :cascade do |t|
    t.bigint "account_id", null: false
  end
end
"""
MODELS = b"""class Account < ApplicationRecord
  has_many :boats, dependent: :destroy
  has_many :captains
  has_many :memberships
  has_many :users, through: :memberships
  has_many :logs, through: :boats
  has_many :former_boats, class_name: "Boat", foreign_key: :ex_account_id
  has_many :any_boats, -> { unscoped }, class_name: "Boat"
  has_many :photos, as: :shown
  has_one :flagship, class_name: "Boat"

  def sweep
    boats.where(state: 1).delete_all
  end
end
module Shown
  extend ActiveSupport::Concern
  included do
    has_many :photos, as: :shown
  end
end
class Boat < ApplicationRecord
  include Shown
  belongs_to :account
  belongs_to :captain, optional: true
  has_many :logs
  has_and_belongs_to_many :races
  enum :state, { afloat: 0, sunk: 1 }
  scope :of, ->(account) { where(account: account) }
  scope :maybe_of, ->(account) { where(account: account) if account }
  scope :named, ->(name) { where("name = ?", name) }
  scope :of_or_free, ->(account) { where(account: account).or(where(state: 1)) }
  scope :everywhere, -> { unscope(where: :account_id) }
  scope :sober, -> { unscope(where: :state) }
  scope :of_captains, ->(account) { joins(:captain).where(captains: { account_id: account.id }) }
  scope :of_nobody, -> { where(account_id: nil) }
  scope :of_first, -> { where(account_id: 1) }
  def self.ours
    where(account_id: Current.account.id).order(:name)
  end
  def self.all_of(account)
    query = Boat.where(account: account)
    query.order(:name)
  end
  class << self
    def by_token(token)
      find_by(name: token)
    end
  end
end
class Captain < ApplicationRecord
  belongs_to :account
  has_many :boats
end
class Log < ApplicationRecord
  belongs_to :boat
end
class Photo < ApplicationRecord
  belongs_to :shown, polymorphic: true
end
class Race < ApplicationRecord
  has_and_belongs_to_many :boats
end
class User < ApplicationRecord
  has_many :memberships
  has_many :accounts, through: :memberships
end
class Membership < ApplicationRecord
  belongs_to :account
  belongs_to :user
end
class Port < ApplicationRecord
  has_many :berths
end
class Berth < ApplicationRecord
  acts_as_tenant :account
  belongs_to :port
end
module Dock
  class Crane < ApplicationRecord
    self.table_name = "dock_cranes"
    belongs_to :account
  end
end
"""
FILES = {"db/schema.rb": SCHEMA, "app/models/all.rb": MODELS}
DECLARED = {
    "tenant_columns": ["account_id"],
    "tables": {"ports": {"ownership": "global", "reason": "the ports of the world"}},
}
MODEL = build_model(FILES, DECLARED)

PROVEN: list[tuple[str, str | None]] = [("proven", None)]
UNTIED: list[tuple[str, str | None]] = [("violation", "TENORM001")]
TRUSTED: list[tuple[str, str | None]] = [("weak", "TENORM002")]
UNSEEN: list[tuple[str, str | None]] = [("opaque", "TENORM013")]

CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    # From a tenant
    "the caller's account": ("current_account.boats.find(params[:id])", PROVEN),
    "of the current thread": ("Current.account.boats.find_by!(name: name)", PROVEN),
    "an instance variable": ("@account.boats.where(state: 1).update_all(state: 2)", PROVEN),
    "safely navigated": ("current_user&.account&.boats&.find_by(id: params[:id])", PROVEN),
    "held in a variable": ("list = account.boats\n    list = list.where(state: 1)\n    list.find(id)", PROVEN),
    "on some paths more": ("list = account.boats\n    list = list.where(state: 1) if late\n    list.find_each { |b| b }", PROVEN),
    "of the row's own account": ("boat.account.captains.where(name: name).first", PROVEN),
    "made through it": ("current_account.boats.create!(boat_params)", PROVEN),
    "by another column than the tenant's": ("account.former_boats.find(id)", TRUSTED),
    "through memberships": ("account.logs.where(text: text).to_a", PROVEN),
    "one that opens": ("account.any_boats.find(id)", UNSEEN),
    # From a row
    "of a row": ("@boat.logs.find(params[:id])", TRUSTED),
    "of a row that was loaded": ("Boat.where(account: account).find(id).logs.find(2)", [("proven", None), ("weak", "TENORM002")]),
    "of a row loaded by its key": ("Boat.find(id).logs.find(2)", [("violation", "TENORM001"), ("weak", "TENORM002")]),
    "many to many": ("boat.races.find(id)", TRUSTED),
    "of a concern": ("boat.photos.find(id)", TRUSTED),
    "of a row of everybody's": ("port.berths.unscoped.find(id)", [("violation", "TENORM011")]),
    "of someone whose class can't be seen": ("record.captains.find(id)", TRUSTED),
    "no association": ("record.things.find(id)", []),
    "a list": ("names.find { |n| n == 1 }; names.first; names.select { |n| n }", []),
    "parameters": ("params.where(x: 1)", []),
    "of someone, tied on some paths only": (
        "list = record.captains\n    list = list.where(account: account) if account\n    list.to_a", TRUSTED
    ),
    "of a row, another way in on some paths": (
        "list = boat.logs\n    list = list.or(Log.where(text: text)) if text\n    list.to_a", UNTIED
    ),
    # What takes it away
    "unscoped": ("account.boats.unscoped.find(id)", UNTIED),
    "unscoped, then tied": ("Boat.unscoped.where(account_id: account.id).find(id)", PROVEN),
    "the condition taken away": ("account.boats.unscope(where: :account_id).find(id)", UNTIED),
    "another condition taken away": ("account.boats.unscope(where: :state).find(id)", PROVEN),
    "all conditions taken away": ("account.boats.unscope(:where).find(id)", UNTIED),
    "only its order": ("account.boats.unscope(:order).find(id)", PROVEN),
    "another account in its place": ("account.boats.rewhere(account_id: other.id).find(id)", PROVEN),
    "nobody in its place, where every boat is somebody's": ("account.boats.rewhere(account_id: nil).find(id)", PROVEN),
    "or of all boats": ("account.boats.or(Boat.where(state: 1)).find(id)", [("violation", "TENORM006")]),
    "or of the same account's": ("account.boats.or(Boat.where(account: account, state: 1)).find(id)", PROVEN),
    "a carrier": ("Berth.find(id)", [("weak", "TENORM014")]),
    "a carrier, with none": ("ActsAsTenant.with_tenant(nil) { Berth.find(id) }", [("violation", "TENORM011")]),
    "a carrier, with one": ("ActsAsTenant.with_tenant(account) { Berth.find(id) }", [("weak", "TENORM014")]),
    "one of them by its key, what is named": ("account.boats.update(id, name: 'x')", PROVEN),
    "a row that the server has signed": ("GlobalID::Locator.locate_signed(id)", [("weak", "TENORM003")]),
    "a carrier, without its tenant": ("ActsAsTenant.without_tenant { Berth.find(id) }", [("violation", "TENORM011")]),
    "a carrier, in a block of everybody's": ("Berth.unscoped do\n      Berth.find(id)\n    end", [("violation", "TENORM011")]),
    "a carrier and its tenant": ("ActsAsTenant.with_tenant(account) { Berth.find(id) }", [("weak", "TENORM014")]),
    # Scopes
    "a scope of the tenant": ("Boat.of(current_account).find(id)", PROVEN),
    "a scope of something else": ("Boat.named(name).find_each { |b| b }", UNTIED),
    "a scope on some paths only": ("Boat.maybe_of(account).find(id)", UNSEEN),
    "a scope with another way in": ("Boat.of_or_free(account).find(id)", UNTIED),
    "a scope that opens": ("account.boats.everywhere.find(id)", UNTIED),
    "a scope that opens something else": ("account.boats.sober.find(id)", PROVEN),
    "a scope along a join": ("Boat.of_captains(account).to_a", TRUSTED),
    "a scope of rows without a tenant": ("Boat.of_nobody.find(id)", UNTIED),
    "a scope of one tenant": ("Boat.of_first.find(id)", UNTIED),
    "a method of the class": ("Boat.ours.find(id)", PROVEN),
    "a method of the class that names it": ("Boat.all_of(account).find(id)", PROVEN),
    "a gem's search": ("Boat.search(text)", []),
    "among the rows of a named query": (
        "account.boats.with(few: Boat.limit(3)).where('id IN (SELECT id FROM few)').to_a", PROVEN
    ),
    "rows of a joined table's row": ("Log.joins(:boat).where(boat: { captain: captain }).to_a", TRUSTED),
    "a method that gives a row": ("Boat.by_token(token)", UNTIED),
    "a value of an enum": ("account.boats.sunk.where(name: name).count", PROVEN),
    "a value of an enum, of everybody": ("Boat.sunk.pluck(:id)", UNTIED),
    "a scope out of sight": ("Boat.policy_of(user).find(id)", UNSEEN),
    "a scope out of sight, tied": ("account.boats.visible_to(user).find(id)", PROVEN),
    # Conditions
    "a string": ("Boat.where('account_id = ?', account.id).find(id)", PROVEN),
    "a string with a name": ("Boat.where('boats.account_id = :a', a: account.id).first", PROVEN),
    "a list of text and value": ("Boat.where(['account_id = ?', account.id]).first", PROVEN),
    "a string with another way in": ("Boat.where('account_id = ? OR state = 1', account.id).first", [("violation", "TENORM006")]),
    "a string that closes brackets": ("account.boats.where('1 = 1) OR (1 = 1').find(id)", UNSEEN),
    "or of everything": ("Boat.where(account: account).or(Boat.all).find(id)", [("violation", "TENORM006")]),
    "turned round": ("Boat.where(account: account).invert_where.find(id)", UNTIED),
    "a string that is put together": ("Boat.where(\"#{column} = 1\").first", UNSEEN),
    "a range of tenants": ("Boat.where(account_id: 1..).first", UNTIED),
    "a range of variables": ("Boat.where(account_id: low..high).first", UNTIED),
    "all but one": ("Boat.where.not(account_id: account.id).first", UNTIED),
    "the tenant or none": ("Boat.where(account_id: [account.id, nil]).first", PROVEN),
    "a key that is computed": ("Boat.where(account_id => account.id).first", UNSEEN),
    "keywords out of sight": ("Boat.where(**filters).first", UNSEEN),
    "a number": ("Boat.where(account_id: 7).first", [("weak", "TENSQL007")]),
    "false is a value": ("Boat.where(account: account, state: false).first", PROVEN),
    "its own table": ("Boat.where(boats: { account_id: account.id }).first", PROVEN),
    "a joined table": ("Boat.joins(:captain).where(captains: { account_id: account.id }).find(id)", TRUSTED),
    "merged": ("Boat.joins(:captain).merge(Captain.where(account: account)).find(id)", TRUSTED),
    "merged out of sight": ("Boat.all.merge(filter).find(id)", UNSEEN),
    "among the rows of a tenant": ("Log.where(boat_id: account.boats.select(:id)).to_a", PROVEN),
    "among the rows of everybody": ("Log.where(boat_id: Boat.where(state: 1).select(:id)).to_a", UNTIED),
    "told with the query around it": ("account.boats.where(captain_id: Captain.where(name: name).select(:id)).to_a", PROVEN),
    "a column of Arel": ("Boat.where(Boat.arel_table[:account_id].eq(account.id)).first", PROVEN),
    "another node of Arel": ("Boat.where(Boat.arel_table[:account_id].not_eq(account.id)).first", UNSEEN),
    "keys of rows that are held": ("Boat.where(id: boats.map(&:id)).update_all(state: 1)", [("weak", "TENORM003")]),
    "whether there is one": ("Boat.exists?(id)", UNTIED),
    "whether the tenant has one": ("Boat.exists?(account_id: account.id, id: id)", PROVEN),
    "the name of the method": ("Boat.find_by_name(name)", UNTIED),
    "the name of the method, with the tenant": ("Boat.find_by_account_id_and_name(account.id, name)", PROVEN),
    "a class inside a module": ("Dock::Crane.find(id)", UNTIED),
    "a record that is handed on": ("boat = Boat.find(id)\n    Sinker.call!(boat: boat)", UNTIED),
    "a record as a condition": (
        "captain = Captain.find(id)\n    Boat.where(captain: captain).to_a", [("violation", "TENORM001"), ("weak", "TENORM002")]
    ),
    "rows that are handed on": ("list = Boat.where(name: name)\n    Sinker.sink_all(list).first", UNTIED),
    "a class from the top": ("::Boat.find_by(name: name)", UNTIED),
    # Writes
    "a row of any tenant": ("Boat.update(id, name: name)", UNTIED),
    "a counter": ("Boat.update_counters(id, state: 1)", UNTIED),
    "the tenant is changed": ("account.boats.update_all(account_id: other.id)", [("violation", "TENORM004")]),
    "permitted to change the tenant": ("Boat.create!(params.require(:boat).permit(:name, :account_id))", [("violation", "TENORM004")]),
    "permitted everything": ("Boat.where(account: account).update_all(params.permit!)", [("violation", "TENORM004")]),
    "permitted, without the tenant": ("account.boats.create!(params.require(:boat).permit(:name))", PROVEN),
    "put together out of sight": ("Boat.create!(boat_params)", UNSEEN),
    "made with its tenant": ("Boat.create!(account: account, name: name)", PROVEN),
    "many by a key of all": ("Boat.upsert_all([{ account_id: account.id, name: name }])", [("violation", "TENORM008")]),
    "many by a key of the tenant": (
        "Boat.upsert_all([{ account_id: account.id, name: name }], unique_by: [:account_id, :name])", PROVEN
    ),
    "merged attributes": ("Boat.create!(boat_params.merge(account: account))", PROVEN),
    "attributes of a method": ("boat.logs.create!(log_hash)", TRUSTED),
    "a method of the class that makes a row": ("Boat.make_with(name: name).logs.to_a", []),
    "found or made": ("account.boats.find_or_create_by!(name: name)", PROVEN),
    "found or made for anybody": ("Boat.find_or_create_by!(name: name)", UNTIED),
    "everything": ("Boat.delete_all", UNTIED),
    "all of a tenant": ("account.boats.destroy_all", PROVEN),
    "a method of the class that is no query": ("Boat.human_name(1)", []),
    "SQL of its own": ("Boat.find_by_sql(['SELECT * FROM boats WHERE account_id = ?', account.id])", PROVEN),
    "SQL of its own, untied": ("Boat.find_by_sql('SELECT * FROM boats')", [("violation", "TENSQL001")]),
    "SQL out of sight": ("Boat.find_by_sql(statement)", UNSEEN),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_calls(code: str, expected: list[tuple[str, str | None]]) -> None:
    made = "  def log_hash\n    { text: text }\n  end\n"
    text = f"class Harbour\n  def f(id, boats)\n    {code}\n  end\n{made}end\n"
    rows = scan([("app/services/harbour.rb", text.encode())], MODEL).accesses
    assert [(row.verdict, row.rule) for row in rows] == expected, [(row.sql, row.why) for row in rows]


def test_the_account_that_a_client_names() -> None:
    code = "Account.find(params[:a]).boats.find(id)"
    text = f"class BoatsController < ApplicationController\n  def show\n    {code}\n  end\nend\n"
    rows = scan([("app/controllers/boats_controller.rb", text.encode())], MODEL).accesses
    assert [(row.verdict, row.rule) for row in rows] == [("weak", "TENCTX001"), ("weak", "TENCTX001")]


def test_an_account_reaches_its_own_rows() -> None:
    rows = scan([("app/models/all.rb", MODELS)], MODEL).accesses
    assert [(row.verdict, row.operation) for row in rows if row.function == "sweep"] == [("proven", "delete")]


def test_a_class_is_that_of_the_module_around() -> None:
    text = b"module Dock\n  class Lift\n    def f(id)\n      Crane.find(id)\n    end\n  end\nend\n"
    assert [row.table for row in scan([("app/services/lift.rb", text)], MODEL).accesses] == ["dock_cranes"]


def test_a_concern_of_a_class_reaches_what_that_has() -> None:
    text = b"module Account::Sweeping\n  extend ActiveSupport::Concern\n  def f\n    boats.where(state: 1).destroy_all\n  end\nend\n"
    assert [row.verdict for row in scan([("app/models/account/sweeping.rb", text)], MODEL).accesses] == ["proven"]
