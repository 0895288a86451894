"""Rows that CanCanCan and Pundit let a user read: what their rules compare is what `accessible_by` and `policy_scope`
add, and what they leave out they do not."""

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
  create_table "captains", force: :cascade do |t|
    t.bigint "account_id", null: false
  end
  create_table "logs", force: :cascade do |t|
    t.bigint "boat_id", null: false
  end
  add_foreign_key "boats", "accounts"
  add_foreign_key "captains", "accounts"
  add_foreign_key "logs", "boats"
end
"""
MODELS = b"""class Account < ApplicationRecord
  has_many :boats
end
class Boat < ApplicationRecord
  belongs_to :account
  has_many :logs
  def self.labels(fleet)
    fleet.boats.map { |boat| [boat.name, boat.id] }
  end
  scope :of, ->(account) { where(account: account) }
  scope :afloat, -> { where(state: 1) }
end
class Captain < ApplicationRecord
  belongs_to :account
end
class Log < ApplicationRecord
  belongs_to :boat
end
"""
ABILITY = """class Ability
  include CanCan::Ability
  def initialize(user)
    {}
  end
end
"""
SCOPE = """class BoatPolicy < ApplicationPolicy
  class Scope < ApplicationPolicy::Scope
    def resolve
      {}
    end
  end
end
"""
RELATION = "class BoatPolicy < ApplicationPolicy\n  relation_scope do |rows|\n    {}\n  end\nend\n"
PROVEN, UNSCOPED, UNSEEN = ("proven", None), ("violation", "TENORM001"), ("opaque", "TENORM013")
BY_ABILITY, BY_POLICY = "Boat.accessible_by(current_ability).find(params[:id])", "policy_scope(Boat).find(params[:id])"

CASES: dict[str, tuple[str, str, str, tuple[str, str | None]]] = {
    "a rule with the tenant": (ABILITY, "can :read, Boat, account_id: user.account_id", BY_ABILITY, PROVEN),
    "by the association": (ABILITY, "can :manage, Boat, account: user.account", BY_ABILITY, PROVEN),
    "several models in one rule": (ABILITY, "can :read, [Boat, Captain], account: user.account", BY_ABILITY, PROVEN),
    "behind other conditions": (
        ABILITY,
        "can :read, Boat, account_id: user.account_id",
        "Boat.afloat.accessible_by(current_ability, :read).to_a",
        PROVEN,
    ),
    "a rule without conditions": (ABILITY, "can :read, Boat", BY_ABILITY, UNSCOPED),
    "a rule with another condition": (ABILITY, "can :read, Boat, name: user.name", BY_ABILITY, UNSCOPED),
    "one rule of two": (
        ABILITY,
        "can :read, Boat, account_id: user.account_id\n    can :read, Boat, name: user.name",
        BY_ABILITY,
        UNSEEN,
    ),
    "one rule that lets everything through": (
        ABILITY,
        "can :read, Boat, account_id: user.account_id\n    can :read, Boat if user.admin?",
        BY_ABILITY,
        UNSEEN,
    ),
    "both rules of two": (
        ABILITY,
        "can :read, Boat, account_id: user.account_id\n    can :edit, Boat, account_id: user.account_id, name: user.name",
        BY_ABILITY,
        PROVEN,
    ),
    "what administrators have": (
        ABILITY,
        "can :read, Boat, account_id: user.account_id\n    can :manage, :all if user.root?",
        BY_ABILITY,
        PROVEN,
    ),
    "a rule by a query": (ABILITY, "can :read, Boat, Boat.of(user)", BY_ABILITY, UNSEEN),
    "no rule at all": (ABILITY, "can :read, Captain, account: user.account", BY_ABILITY, UNSEEN),
    "through what a row belongs to": (
        ABILITY,
        "can :read, Log, boat: { account_id: user.account_id }",
        "Log.accessible_by(current_ability).to_a",
        PROVEN,
    ),
    "a policy with the tenant": (SCOPE, "scope.where(account: user.account)", BY_POLICY, PROVEN),
    "a policy that takes what it is given": (SCOPE, "scope", BY_POLICY, UNSCOPED),
    "a policy that lets everything through": (SCOPE, "scope.all", BY_POLICY, UNSCOPED),
    "a policy with branches": (
        SCOPE,
        "if user.root?\n        scope.all\n      else\n        scope.where(account: user.account)\n      end",
        BY_POLICY,
        UNSEEN,
    ),
    "a policy with the tenant in every branch": (
        SCOPE,
        "case user\n when Admin\n scope.where(account: user.account)\n when Mate\n scope.of(user.account)\n else\n raise\n end",
        BY_POLICY,
        PROVEN,
    ),
    "a policy with nothing in one branch": (
        SCOPE,
        "return scope.none unless user\n\n      user.mate? ? scope.where(account: user.account) : scope.of(user.account)",
        BY_POLICY,
        PROVEN,
    ),
    "a policy that leaves early": (
        SCOPE,
        "return scope if user.root?\n\n      scope.where(account: user.account)",
        BY_POLICY,
        UNSEEN,
    ),
    "a policy by a scope of the model": (SCOPE, "scope.of(user.account)", BY_POLICY, PROVEN),
    "a new row of what a policy lets through": (
        SCOPE,
        "scope.all",
        "policy_scope(Boat).new(name: 1); Boat.find(params[:id])",
        UNSCOPED,
    ),
    "a policy of the project's own making": (SCOPE, "Visible.new(user, scope).rows", BY_POLICY, UNSEEN),
    "no policy": (ABILITY, "can :read, Captain, account: user.account", BY_POLICY, UNSEEN),
    "another policy than the model's": (
        SCOPE,
        "scope.where(account: user.account)",
        "policy_scope(Boat, policy_scope_class: FleetPolicy::Scope).to_a",
        UNSEEN,
    ),
    "on a relation": (SCOPE, "scope.where(account: user.account)", "policy_scope(Boat.afloat).to_a", PROVEN),
    "along an association": (SCOPE, "scope.all", "policy_scope(current_account.boats).to_a", PROVEN),
    "by its own name": (
        SCOPE,
        "scope.where(account_id: user.account_id)",
        "BoatPolicy::Scope.new(current_user, Boat).resolve.find(params[:id])",
        PROVEN,
    ),
    "Pundit's module": (SCOPE, "scope.where(account: user.account)", "Pundit.policy_scope!(me, Boat).to_a", PROVEN),
    "Action Policy": (RELATION, "rows.where(account: user.account)", "authorized_scope(Boat.all).to_a", PROVEN),
    "Action Policy without the tenant": (
        RELATION,
        "rows.where(name: user.name)",
        "authorized_scope(Boat.all).to_a",
        UNSCOPED,
    ),
    "a module named like the table is no model": (
        ABILITY,
        "",
        "Boats.where(name: params[:name]).to_a; Boat.find(params[:id])",
        UNSCOPED,
    ),
    "found by a column, then followed": (ABILITY, "", "Boat.find_by_name(params[:name]).logs.each { |l| l }", UNSCOPED),
    "merged into a relation that is not named": (
        ABILITY,
        "",
        "rows = joins(:boat).merge(Boat.order(:name)); Boat.find(params[:id])",
        UNSCOPED,
    ),
    "joined along several associations": (
        ABILITY,
        "",
        'Account.joins(boats: [:logs]).where("boats.account_id": current_account.id, id: current_account.id).to_a',
        PROVEN,
    ),
    "in a branch of an if that is a value": (
        ABILITY,
        "",
        "@boat =\n if params[:again]\n  boat = Boat.find_by(name: params[:again])\n  boat if boat&.afloat?\n end",
        UNSCOPED,
    ),
    "in a branch of a case that is a value": (
        ABILITY,
        "",
        "@boat ||= case params[:by]\n when 'name'\n  key = params[:name]\n  Boat.find_by(name: key)\n else\n  raise X\n end",
        UNSCOPED,
    ),
    "what a branch gives goes on": (
        ABILITY,
        "",
        "boats = if params[:n]\n n = 1\n Boat.where(name: n)\n else\n Boat\n end\n boats.where(account: current_account).to_a",
        PROVEN,
    ),
    "a method of the class that gives a query after all": (
        ABILITY,
        "",
        "Boat.labels(fleet).where(name: params[:name]).to_a",
        UNSEEN,
    ),
    "a method of the class that gives no query": (
        ABILITY,
        "",
        "Boat.labels(fleet).find { |label| label }; Boat.find(params[:id])",
        UNSCOPED,
    ),
    "a connection is no relation": (
        ABILITY,
        "",
        'Boat.connection.select_all("select count(*) from boats")',
        ("violation", "TENSQL001"),
    ),
}


@pytest.mark.parametrize(("around", "rule", "code", "expected"), CASES.values(), ids=list(CASES))
def test_what_is_let_through(around: str, rule: str, code: str, expected: tuple[str, str | None]) -> None:
    controller = f"class BoatsController < ApplicationController\n  def index\n    {code}\n  end\nend\n"
    files = {
        "db/schema.rb": SCHEMA,
        "app/models/fleet.rb": MODELS,
        "app/policies/rules.rb": around.format(rule).encode(),
        "app/controllers/boats_controller.rb": controller.encode(),
    }
    model = build_model(files, {"tenant_columns": ["account_id"]})
    rows = [row for row in scan(sorted(files.items()), model).accesses if "controllers" in row.path]
    assert [(row.verdict, row.rule) for row in rows] == [expected], [(row.sql, row.why) for row in rows]
