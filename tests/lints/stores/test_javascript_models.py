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


BASE = """
import { Model } from 'mongoose';
export class BaseRepository<T> {
  constructor(protected model: Model<T>) {}
  async find(query: FilterQuery<T>, select = '') { return await this.model.find(query, select).lean().exec(); }
  async delete(query: FilterQuery<T>) { return this.model.deleteMany(query); }
  async create(data: T) { const made = new this.model(data); return made.save(); }
  async count(query: FilterQuery<T>) { const all = {}; return this.model.countDocuments(all); }
}
"""
SAILS = """
import { BaseRepository } from './base';
export class SailRepository extends BaseRepository<Sail> {
  constructor() { super(Sail); }
  async byBoat(boatId: string) { return this.find({ boatId }); }
  async delete(query: FilterQuery<Sail>) { return this.softly(query); }
  async named(name: string) { return this.model.find({ name }); }
  async own(t: string) { return this.model.find({ tenantId: t }).exec(); }
}
"""
LOFT = """
export class Loft {
  constructor(private sailRepository: SailRepository, private otherRepository: OtherRepository) {}
  async one(t: string, id: string) { return this.sailRepository.find({ _id: id, tenantId: t }); }
  async two(id: string) { return this.sailRepository.find({ _id: id }); }
  async three(t: string) { return this.sailRepository.create({ tenantId: t }); }
  async four(id: string) { await this.sailRepository.delete({ _id: id }); await this.sailRepository.count({ id }); }
  async five(id: string) { return this.otherRepository.find({ id }); }
  async six(query) { return this.sailModel.updateMany(query, { $set: { name: 1 } }); }
}
"""


def test_a_class_around_a_model_is_asked_by_its_callers() -> None:
    """What it passes on is judged where it is asked; what it does itself, and what its heirs do otherwise, there."""
    tree = {
        "src/base.ts": BASE.encode(),
        "src/sails.ts": SAILS.encode(),
        "src/loft.ts": LOFT.encode(),
        "src/sail.ts": b"import { model } from 'mongoose';\nexport const Sail = model('Sail', schema);",
    }
    found = scan(sorted(tree.items()), build_model(tree, {"tenant_columns": ["tenantId"]}))
    assert {row.table for row in found.accesses} == {"Base", "Sail", "sailModel"}
    assert [(row.path, row.function, row.verdict, row.rule) for row in found.accesses] == [
        ("src/base.ts", "count", "violation", "TENMGO001"),
        ("src/loft.ts", "one", "proven", None),
        ("src/loft.ts", "two", "violation", "TENMGO001"),
        ("src/loft.ts", "three", "proven", None),
        ("src/loft.ts", "six", "opaque", "TENMGO013"),  # of a class whose callers are not looked at
        ("src/sails.ts", "byBoat", "violation", "TENMGO001"),
        ("src/sails.ts", "named", "violation", "TENMGO001"),
        ("src/sails.ts", "own", "proven", None),
    ]


DOCUMENTS = """
import mongoose, { Schema } from 'mongoose';
export const Fleet = mongoose.model('Fleet', new Schema({ tenantId: String, name: String }));
export const Keeper = mongoose.model('Keeper', new Schema({ email: String }));
export const Mast = mongoose.model('Mast', new Schema({ tenantId: String, fleetId: { type: String, ref: 'Fleet' },
  keeperId: { type: String, ref: 'Keeper' } }));
const a = (fleetId) => Mast.find({ fleetId });
const b = (keeperId) => Mast.find({ keeperId });
const c = (ids) => Mast.find({ fleetId: { $in: ids } });
const d = (fleetId, tenantId) => Mast.find({ fleetId, tenantId });
"""


def test_documents_found_by_what_refers_to_another_of_the_tenants() -> None:
    """As a foreign key of a table: right if what it refers to was checked."""
    tree = {"src/a.ts": DOCUMENTS.encode()}
    found = scan(sorted(tree.items()), build_model(tree, {"tenant_columns": ["tenantId"]}))
    assert [(row.verdict, row.rule) for row in found.accesses] == [
        ("weak", "TENORM002"),
        ("violation", "TENMGO001"),
        ("violation", "TENMGO001"),
        ("proven", None),
    ]


def test_a_collection_by_a_constant_is_that_of_its_model() -> None:
    source = DOCUMENTS.replace(
        "const a =", "const KEEPERS = 'keepers';\nconst z = () => db.collection(KEEPERS).find({});\nconst a ="
    )
    tree = {
        "src/a.ts": source.encode(),
        "src/b.ts": b"const T = 'tenants';\nconst f = (id) => getCollection(T).findOne({ id });",
    }
    found = scan(sorted(tree.items()), build_model(tree, {"tenant_columns": ["tenantId"]}))
    assert [row.verdict for row in found.accesses] == ["weak", "violation", "violation", "proven", "proven"]
