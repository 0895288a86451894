"""Models that a call makes: Sequelize's `define` and `init`, Mongoose's `model` in another file than its use."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

DEFINED = """
module.exports = (sequelize, DataTypes) => {
  const Tenant = sequelize.define("Tenant", { id: { type: DataTypes.UUID, primaryKey: true } }, { tableName: "tenants" });
  const Boat = sequelize.define("Boat", {
    id: { type: DataTypes.UUID, primaryKey: true }, name: DataTypes.STRING,
    tenantId: { type: DataTypes.UUID, field: "tenant_id", allowNull: false },
  }, { tableName: "boats" });
  Boat.associate = (models) => { Boat.belongsTo(models.Tenant, { foreignKey: "tenantId" }); };
  return Boat;
};
"""
MADE = """
export class Logbook extends Model {}
Logbook.init({ id: { type: DataTypes.UUID, primaryKey: true }, boatId: DataTypes.UUID }, { sequelize, underscored: true });
Logbook.belongsTo(Boat, { foreignKey: { name: "boatId", allowNull: false } });
"""
MONGOOSE = """
import mongoose, { Schema, model } from "mongoose";
const schema = new Schema({ tenantId: { type: Schema.Types.ObjectId, required: true }, name: String });
export const Crew = mongoose.models.Crew || mongoose.model<ICrew>("Crew", schema);
export const Sail = model("Sail", schema);
"""
INJECTED = """
import { Model } from "mongoose";
export class Sails { constructor(private sailModel: Model<Sail>) {} f(id) { return this.sailModel.find({ name: id }); } }
"""

CASES = {
    "a model by its key": ("Boat.findByPk(id)", ("violation", "TENORM001", "boats")),
    "an attribute stored under another name": (
        "Boat.findOne({ where: { id, tenantId: t } })",
        ("proven", None, "boats"),
    ),
    "a model behind the container of models": (
        "db.Boat.findAll({ where: { name } })",
        ("violation", "TENORM001", "boats"),
    ),
    "a change": ("Boat.update({ name }, { where: { id } })", ("violation", "TENORM001", "boats")),
    "a model made by init, a child by its association": (
        "Logbook.destroy({ where: { id } })",
        ("violation", "TENORM001", "logbooks"),
    ),
    "a count": ("Boat.count({ where: { name } })", ("violation", "TENORM001", "boats")),
    "a document in a file that never says mongoose": ("Crew.findOne({ _id: id })", ("violation", "TENMGO001", "Crew")),
    "a document with its tenant": ("Crew.findOne({ _id: id, tenantId: t })", ("proven", None, "Crew")),
    "documents found and sorted": (
        "Sail.find({ name: id }).sort({ name: 1 }).lean()",
        ("violation", "TENMGO001", "Sail"),
    ),
    "documents by a pipeline": ("Sail.aggregate([{ $match: { name: id } }])", ("violation", "TENMGO001", "Sail")),
}


def judged(source: str) -> list[tuple[str, str | None, str]]:
    tree = {
        "models/boat.js": DEFINED.encode(),
        "models/logbook.ts": MADE.encode(),
        "models/crew.ts": MONGOOSE.encode(),
        "src/a.ts": source.encode(),
    }
    found = scan([("src/a.ts", tree["src/a.ts"])], build_model(tree, None, tenant_columns=("tenant_id", "tenantId")))
    return [(row.verdict, row.rule, row.table) for row in found.accesses]


@pytest.mark.parametrize("name", CASES)
def test_call(name: str) -> None:
    call, wanted = CASES[name]
    assert judged(f"export async function f(id, t, name) {{ return {call}; }}") == [wanted]


def test_an_injected_model() -> None:
    assert judged(INJECTED) == [("violation", "TENMGO001", "sailModel")]


def test_functions_of_the_language_are_no_models() -> None:
    assert judged("export const top = (a) => Math.max(...a) + Object.create(a) + Math.min(a);") == []
