"""Rows of Active Record that take an object as a whole, and rows of a class that only the running code knows."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

SCHEMA = b"""ActiveRecord::Schema[7.1].define(version: 1) do
  create_table "fleets", force: :cascade do |t|
    t.string "name"
  end
  create_table "boats", force: :cascade do |t|
    t.bigint "fleet_id", null: false
    t.string "name"
  end
  create_table "logs", force: :cascade do |t|
    t.bigint "boat_id", null: false
    t.string "body"
  end
  create_table "countries", force: :cascade do |t|
    t.string "name"
  end
  add_foreign_key "boats", "fleets"
  add_foreign_key "logs", "boats"
end
"""
MODELS = b"""class Fleet < ApplicationRecord
  has_many :boats
end
class Boat < ApplicationRecord
  belongs_to :fleet
  has_many :logs
end
class Log < ApplicationRecord
  belongs_to :boat
end
class Country < ApplicationRecord
end
"""
CODE = """class BoatsController < ApplicationController
  def update
    %s
  end

  private

  def open_params
    params.require(:boat).permit!
  end

  def named_params
    params.require(:boat).permit(:name, crew: [:id])
  end

  def tenant_params
    params.require(:boat).permit(:name, :fleet_id)
  end

  def made_params
    more = params[:more]&.permit! || {}
    { name: params[:name], fleet_id: Current.fleet.id, more: more }
  end

  def spread_params
    params.require(:boat).permit(:name, *Boat::MORE)
  end
end
"""
MODEL = build_model({"db/schema.rb": SCHEMA, "app/models/all.rb": MODELS}, {"tenant_columns": ["fleet_id"]})
Rows = list[tuple[str, str | None]]
LOADED = "boat = Current.fleet.boats.find(params[:id]); "
READ: Rows = [("proven", None)]
SENT: Rows = [("violation", "TENORM004")]
UNSEEN: Rows = [("weak", "TENORM013")]
ANY: Rows = [("opaque", "TENORM013")]
CASES: dict[str, tuple[str, Rows]] = {
    "a loaded row takes everything": (LOADED + "boat.update(params.permit!)", READ + SENT),
    "a loaded row takes a hash that nobody checks": (LOADED + "boat.assign_attributes(params[:boat].to_unsafe_h)", READ + SENT),
    "by a method that lets everything through": (LOADED + "boat.update!(open_params)", READ + SENT),
    "by a method that names the tenant": (LOADED + "boat.update(tenant_params)", READ + SENT),
    "by a method that names what may be set": (LOADED + "boat.update(named_params)", READ),
    "by a list of which a part is elsewhere": (LOADED + "boat.update(spread_params)", READ + UNSEEN),
    "an object that can't be seen": (LOADED + "boat.update(attributes_of(boat))", READ + UNSEEN),
    "of a child an object that can't be seen": ("log = Log.find(1); log.update(log_attributes)", [("violation", "TENORM001"), *UNSEEN]),
    "a part of what may be set": (LOADED + "boat.update(named_params.except(:crew))", READ),
    "a part of what names the tenant": (LOADED + "boat.update(tenant_params.except(:fleet_id))", READ),
    "a part of what names the tenant, with it": (LOADED + "boat.update(tenant_params.except(:name))", READ + UNSEEN),
    "some of what can't be seen": (LOADED + "boat.update(some_params.slice(:name, :crew))", READ),
    "some of what can't be seen, the tenant": (LOADED + "boat.update(some_params.slice(:name, :fleet_id))", READ + UNSEEN),
    "what may be set and more": (LOADED + "boat.update(named_params.merge(skipper: current_user))", READ),
    "what may be set and what can't be seen": (LOADED + "boat.update(named_params.merge(more))", READ + UNSEEN),
    "a part of what may be set, by its key": (LOADED + "boat.update(named_params[:boat])", READ),
    "the tenant is set after it": (LOADED + "boat.assign_attributes(open_params)\n    boat.fleet = Current.fleet", READ),
    "the tenant is merged into it": (LOADED + "boat.update(open_params.merge(fleet: Current.fleet))", READ),
    "columns that are written out": (LOADED + "boat.update(name: params[:name])", READ),
    "a row that was loaded elsewhere": ("@boat.update(open_params)", SENT),
    "a row that was loaded elsewhere, by what may be set": ("@boat.update(named_params)", []),
    "of a table that is nobody's": ("@country.update(open_params)", []),
    "a hash has such a method too": ("@options.update(open_params)", []),
    "a new row": ("boat = Boat.new(open_params)", SENT),
    "a new row whose tenant is set after it": ("boat = Boat.new(open_params)\n    boat.fleet_id = Current.fleet.id", []),
    "a new row of what is put together": ("Boat.create!(made_params)", [("opaque", "TENORM013")]),
    "a row of what is put together": (LOADED + "boat.update(made_params)", READ + UNSEEN),
    "a new row of what may be set": ("boat = Boat.new(named_params)", []),
    "a new row of what can't be seen": ("boat = Boat.new(some_params)", []),
    "rows of what was sent": ("Boat.insert_all(params[:boats].map(&:to_unsafe_h))", SENT),
    "a class by its name": ("params[:kind].constantize.find(params[:id])", ANY),
    "a class by its name, in a variable": ("klass = params[:kind].classify.constantize\n    klass.where(id: 1).to_a", ANY),
    "a class by its name, within the tenant": ("model_class.where(fleet: Current.fleet).find(1)", READ),
    "a class by its global id": ("GlobalID::Locator.locate(params[:gid])", ANY),
    "a service by its name": ("service_class.find(1)", []),
    "by a signed id": ("Boat.find_signed!(params[:sid])", [("weak", "TENORM003")]),
    "Arel by itself": ("boats = Boat.arel_table\n    q = boats.project(boats[:name]).where(boats[:id].eq(1))", [("violation", "TENORM001")]),
    "Arel by itself, within the tenant": ("boats = Boat.arel_table\n    q = boats.project(boats[:name]).where(boats[:fleet_id].eq(Current.fleet.id))", READ),
    "rows that are set to an object": ("Current.fleet.boats.update_all(some_attributes)", UNSEEN),
    "rows that are set to what may be set": ("Current.fleet.boats.update_all(named_params)", READ),
    "rows that are set to everything": ("Current.fleet.boats.update_all(open_params)", SENT),
    "rows that are set by a text": ("Current.fleet.boats.update_all(\"name = 'x'\")", READ),
    "rows that are set by a text with a value": ("Current.fleet.boats.update_all(['name = ?', params[:name]])", READ),
    "rows whose tenant is set by a text": ("Current.fleet.boats.update_all(\"fleet_id = 3\")", UNSEEN),
    "rows whose time is set": ("Current.fleet.boats.touch_all(:seen_at)", READ),
    "rows that are set, some of it elsewhere": ("Current.fleet.boats.update_all(name: 1, **more)", UNSEEN),
    "a new row under one that is held": ("Log.create!(body: 1, boat: boat)", [("weak", "TENORM002")]),
    "a new row under one that a client names": ("Log.create!(body: 1, boat: params[:boat])", [("violation", "TENORM002")]),
    "rows that others are not": ("Boat.where.not(id: current_user.boats.select(:id)).to_a", [("violation", "TENORM001")]),
    "a block that makes the row": ("Boat.find_or_initialize_by(name: 1) do |boat|\n      boat.name = 2\n    end", [("violation", "TENORM001")]),
    "a scope of what is loaded": ("ActiveRecord::Associations::Preloader.new(records: boats, associations: :logs, scope: Log.where(body: 1)).call", []),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_rows(code: str, expected: Rows) -> None:
    rows = scan([("app/controllers/boats_controller.rb", (CODE % code).encode())], MODEL).accesses
    assert [(row.verdict, row.rule) for row in rows] == expected, [(row.sql, row.why) for row in rows]
