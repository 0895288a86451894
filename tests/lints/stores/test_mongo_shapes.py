"""MongoDB calls written to deceive: each name says what the shape tries; the label stood before the code was run."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.tenancy import Model

CASES = {
    "the tenant itself": ("db.collection('tenants').findOne({ _id: t })", "proven"),
    "the tenant itself, by a name": ("db.collection('tenants').findOne({ name: n })", "violation"),
    "every tenant": ("db.collection('tenants').find({})", "violation"),
    "a collection from a function": ("this.getCollection().deleteMany({ name: n })", "violation"),
    "a collection from a function of its name": ("getCollection(NAME).find({ tenantId: t })", "proven"),
    "by filter": ("col.find({ tenantId: t, name: n })", "proven"),
    "Mongoose, afterwards": ("BoatModel.findById(id).where('tenantId').equals(t).lean()", "proven"),
    "Mongoose, afterwards in an object": ("BoatModel.findById(id).where({ tenantId: t })", "proven"),
    "Mongoose, afterwards something else": ("BoatModel.findById(id).where('name').equals(t)", "violation"),
    "Mongoose, afterwards by another operator": ("BoatModel.findById(id).where('tenantId').ne(t)", "violation"),
    "Mongoose, and": ("BoatModel.findOneAndUpdate({ _id: id }, { a: 1 }).and([{ tenantId: t }])", "proven"),
    "an object that is written": ("col.updateOne({ _id: id, tenantId: t }, { $set: u })", "weak"),
    "an object that is written bare": ("col.updateOne({ _id: id, tenantId: t }, { ...u })", "weak"),
    "an object with the tenant after it": ("col.updateOne({ _id: id, tenantId: t }, { ...u, tenantId: t })", "proven"),
    "a field that is written": ("col.updateOne({ _id: id, tenantId: t }, { $set: { name: n } })", "proven"),
    "no filter": ("col.find({ name: n })", "violation"),
    "empty": ("col.find({})", "violation"),
    "or all": ("col.find({ $or: [{ tenantId: t, a: 1 }, { tenantId: t, b: 2 }] })", "proven"),
    "or one": ("col.find({ $or: [{ tenantId: t }, { owner: u }] })", "violation"),
    "or beside": ("col.find({ tenantId: t, $or: [{ a: 1 }, { b: 2 }] })", "proven"),
    "and": ("col.find({ $and: [{ tenantId: t }, { a: 1 }] })", "proven"),
    "nor": ("col.find({ $nor: [{ tenantId: t }] })", "violation"),
    "ne": ("col.find({ tenantId: { $ne: t } })", "violation"),
    "in": ("col.find({ tenantId: { $in: ts } })", "violation"),
    "exists": ("col.find({ tenantId: { $exists: true } })", "violation"),
    "regex": ("col.find({ tenantId: { $regex: t } })", "violation"),
    "expr": ("col.find({ $expr: { $eq: ['$tenantId', t] } })", "proven"),
    "expr or": ("col.find({ $expr: { $or: [{ $eq: ['$tenantId', t] }, { $eq: ['$a', 1] }] } })", "violation"),
    "where": ("col.find({ $where: 'this.tenantId == x' })", "violation"),
    "not": ("col.find({ tenantId: { $not: { $eq: t } } })", "violation"),
    "aggregate match first": ("col.aggregate([{ $match: { tenantId: t } }, { $group: { _id: '$a' } }])", "proven"),
    "aggregate match later": ("col.aggregate([{ $group: { _id: '$tenantId' } }, { $match: { _id: t } }])", "violation"),
    "aggregate limit before": ("col.aggregate([{ $limit: 5 }, { $match: { tenantId: t } }])", "violation"),
    "aggregate sort before": ("col.aggregate([{ $sort: { a: 1 } }, { $match: { tenantId: t } }])", "proven"),
    "aggregate none": ("col.aggregate([{ $group: { _id: '$a' } }])", "violation"),
    "lookup plain": (
        "col.aggregate([{ $match: { tenantId: t } }, { $lookup: { from: 'crew', localField: 'a', foreignField: 'b', as: 'c' } }])",
        "weak",
    ),
    "lookup pipeline": (
        "col.aggregate([{ $match: { tenantId: t } }, { $lookup: { from: 'crew', let: { a: '$a' }, pipeline: [{ $match: { tenantId: t } }], as: 'c' } }])",
        "proven",
    ),
    "unionWith": ("col.aggregate([{ $match: { tenantId: t } }, { $unionWith: { coll: 'crew' } }])", "violation"),
    "graphLookup": (
        "col.aggregate([{ $match: { tenantId: t } }, { $graphLookup: { from: 'crew', startWith: '$a', connectFromField: 'a', connectToField: 'b', as: 'c' } }])",
        "weak",
    ),
    "facet": ("col.aggregate([{ $match: { tenantId: t } }, { $facet: { a: [{ $count: 'n' }] } }])", "proven"),
    "vector": ("col.aggregate([{ $vectorSearch: { index: 'v', queryVector: q, filter: { tenantId: t } } }])", "proven"),
    "vector no": (
        "col.aggregate([{ $vectorSearch: { index: 'v', queryVector: q } }, { $match: { tenantId: t } }])",
        "violation",
    ),
    "search compound": (
        "col.aggregate([{ $search: { compound: { filter: [{ equals: { path: 'tenantId', value: t } }] } } }])",
        "proven",
    ),
    "insert": ("col.insertOne({ a: 1, tenantId: t })", "proven"),
    "insert no": ("col.insertOne({ a: 1 })", "violation"),
    "insert many one without": ("col.insertMany([{ tenantId: t }, { a: 1 }])", "violation"),
    "insert body": ("col.insertOne({ ...req.body })", "opaque"),
    "update": ("col.updateOne({ _id: id, tenantId: t }, { $set: { a: 1 } })", "proven"),
    "update set tenant": ("col.updateOne({ _id: id, tenantId: t }, { $set: { tenantId: u } })", "violation"),
    "update set body": ("col.updateOne({ _id: id, tenantId: t }, { $set: req.body })", "violation"),
    "update rename tenant": ("col.updateOne({ _id: id, tenantId: t }, { $unset: { tenantId: 1 } })", "violation"),
    "upsert no": ("col.updateOne({ _id: id }, { $set: { tenantId: t } }, { upsert: true })", "violation"),
    "upsert": ("col.updateOne({ _id: id, tenantId: t }, { $set: { a: 1 } }, { upsert: true })", "proven"),
    "replace": ("col.replaceOne({ _id: id, tenantId: t }, { a: 1 })", "violation"),
    "replace ok": ("col.replaceOne({ _id: id, tenantId: t }, { a: 1, tenantId: t })", "proven"),
    "delete": ("col.deleteOne({ _id: id })", "violation"),
    "distinct": ("col.distinct('name', { tenantId: t })", "proven"),
    "distinct no": ("col.distinct('name')", "violation"),
    "count": ("col.countDocuments({ tenantId: t })", "proven"),
    "bulk": (
        "col.bulkWrite([{ updateOne: { filter: { _id: id, tenantId: t }, update: { $set: { a: 1 } } } }])",
        "proven",
    ),
    "bulk no": ("col.bulkWrite([{ deleteOne: { filter: { _id: id } } }])", "violation"),
    "spread": ("col.find({ ...filter })", "opaque"),
    "literal": ("col.find({ tenantId: 'demo' })", "weak"),
    "findById": ("Boat.findById(id)", "violation"),
    "mongoose find chain": ("BoatModel.findOneAndUpdate({ _id: id, tenantId: t }, { a: 1 })", "proven"),
    "nested path": ("col.find({ 'meta.tenantId': t })", "violation"),
    "elemMatch": ("col.find({ tenants: { $elemMatch: { tenantId: t } } })", "violation"),
    "tenant eq": ("col.find({ tenantId: { $eq: t } })", "proven"),
    "new ObjectId": ("col.find({ tenantId: new ObjectId(t) })", "proven"),
}


@pytest.mark.parametrize("name", CASES)
def test_shape(name: str) -> None:
    call, wanted = CASES[name]
    call = call.replace("col.", "db.collection('boats').")
    source = f"const f = async (db, t, id, n, u, q, req, filter) => {{ const r = await {call}; }};"
    found = scan([("src/a.ts", source.encode())], Model(tables={}))
    assert [row.verdict for row in found.accesses] == [wanted], [(row.rule, row.why) for row in found.accesses]


def test_mongoose_models_are_told_by_their_import() -> None:
    source = "import mongoose from 'mongoose';\nconst f = (t) => Boat.find({ tenantId: t });\nconst g = () => Boat.find({});\n"
    found = scan([("src/a.ts", source.encode())], Model(tables={}))
    assert [(row.verdict, row.rule) for row in found.accesses] == [("proven", None), ("violation", "TENMGO001")]


def test_a_new_document_of_mongoose_is_written_where_it_is_saved() -> None:
    source = """
import mongoose from 'mongoose';
import { Boat } from './boat';
const f = (dto) => new Boat(dto).save();
const g = (t, dto) => { const boat = new Boat({ ...dto, tenantId: t }); return boat.save(); };
const h = (name) => new Boat({ name }).save();
"""
    found = scan([("src/a.ts", source.encode())], Model(tables={}))
    assert [(row.verdict, row.rule) for row in found.accesses] == [
        ("opaque", "TENMGO013"),
        ("proven", None),
        ("violation", "TENMGO004"),
    ]


def test_a_collection_in_a_variable_is_no_array() -> None:
    source = """
import { Collection } from 'mongodb';
const f = (collection: Collection, n) => collection.findOne({ name: n });
const g = (collection, t) => collection.find({ tenantId: t }).toArray();
const h = (collection, t) => collection.find((one) => one.tenantId === t);
"""
    found = scan([("src/a.ts", source.encode())], Model(tables={}))
    assert [row.verdict for row in found.accesses] == ["violation", "proven"]


PYTHON = {
    "motor: by its key": ("await db.boats.find_one({'_id': i})", ["violation"]),
    "motor: several": ("await db.boats.find({'name': n}).to_list(10)", ["violation"]),
    "motor: several of the tenant": ("await self.db['boats'].find({'tenant_id': t}).to_list(10)", ["proven"]),
    "motor: of a function": ("await client.get_collection('boats').find({'name': n}).to_list(9)", ["violation"]),
    "motor: of a variable": ("boats_collection.find({'tenant_id': t})", ["proven"]),
    "motor: a text is searched": ("line.find('x')", []),
    "motor: stages": ("db.boats.aggregate([{'$match': {'tenant_id': t}}, {'$sort': {'a': 1}}])", ["proven"]),
    "motor: stages, named": ("db.boats.aggregate(pipeline=[{'$sort': {'a': 1}}])", ["violation"]),
    "motor: values": ("db.boats.distinct('name', {'name': n})", ["violation"]),
    "motor: a bulk by key": ("db.boats.bulk_write([UpdateOne({'_id': i}, {'$set': {'a': 1}})])", ["violation"]),
    "motor: a bulk of the tenant": (
        "db.boats.bulk_write([UpdateOne({'_id': i, 'tenant_id': t}, {'$set': {'a': 1}}) for i in n])",
        ["proven"],
    ),
    "motor: a bulk that came": ("db.boats.bulk_write(n)", ["opaque"]),
    "motor: an object": ("db.boats.update_one({'_id': i, 'tenant_id': t}, {'$set': n})", ["weak"]),
    "beanie: by its key": ("await Boat.get(i)", ["violation"]),
    "beanie: of the tenant": ("await Boat.find(Boat.tenant_id == t).to_list()", ["proven"]),
    "beanie: of the tenant's and more": ("await Boat.find_one(Boat.id == i, Boat.tenant_id == t)", ["proven"]),
    "beanie: of another than the tenant": ("await Boat.find(Boat.tenant_id != t).to_list()", ["violation"]),
    "beanie: of some tenants": ("await Boat.find(In(Boat.tenant_id, n)).to_list()", ["violation"]),
    "beanie: of anybody": ("await Boat.find(Boat.name == n).delete()", ["violation"]),
    "beanie: a condition that came": ("await Boat.find(n, Boat.name == n).to_list()", ["opaque"]),
    "beanie: all": ("await Boat.find_all().to_list()", ["violation"]),
    "beanie: many": ("await Boat.insert_many([Boat(**r) for r in n])", ["opaque"]),
}


@pytest.mark.parametrize("name", PYTHON)
def test_python(name: str) -> None:
    call, wanted = PYTHON[name]
    head = "import motor\nfrom beanie import Document\nfrom pymongo import UpdateOne\n"
    source = f"{head}async def f(self, db, client, boats_collection, line, t, i, n):\n    return {call}\n"
    found = scan([("app/a.py", source.encode())], Model(tables={}))
    assert [row.verdict for row in found.accesses] == wanted, [(row.rule, row.why) for row in found.accesses]
