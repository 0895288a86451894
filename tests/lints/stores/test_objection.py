"""Objection's models and chains end to end: what a call asks for, verdict and rule."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

from . import calls

MODELS = b"""
export class Boat extends Model {
  static tableName = 'boats';
}
export class Logbook extends Base {
  static get tableName(): string {
    return 'logbooks';
  }
  static relationMappings = () => ({
    boat: { relation: Base.BelongsToOneRelation, modelClass: Boat, join: { from: 'logbooks.boat_id', to: 'boats.id' } },
  });
}
"""
PROVEN: list[tuple[str, str | None]] = [("proven", None)]
BARE: list[tuple[str, str | None]] = [("violation", "TENORM001")]
CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "by key": ("Boat.query().findById(id)", BARE),
    "by key, of the tenant": ("Boat.query(trx).findById(id).where('tenant_id', t)", PROVEN),
    "mapped names": ("Boat.query().findOne({ id, tenantId: t }).throwIfNotFound()", PROVEN),
    "one of two columns": ("Boat.query().findOne('tenant_id', t)", PROVEN),
    "a patch": ("Boat.query().findById(id).patch({ name: 'x' })", BARE),
    "a patch that is fetched": ("Boat.query().patchAndFetchById(id, { name: 'x' }).where({ tenant_id: t })", PROVEN),
    "a delete by key": ("Boat.query().deleteById(id)", BARE),
    "an insert": ("Boat.query().insert({ name: 'x', tenantId: t })", PROVEN),
    "a graph": ("Boat.query().upsertGraph(graph)", [("opaque", "TENORM013")]),
    "rows of a parent": ("Logbook.query().where({ boat_id: id })", [("weak", "TENORM002")]),
    "rows of the tenant's parents": (
        "Logbook.query().whereIn('boat_id', Boat.query().select('id').where('tenant_id', t))",
        [("proven", None), ("proven", None)],
    ),
    "along a relation": (
        "Logbook.query().joinRelated('boat').where('boat.tenant_id', t).where('logbooks.id', id)",
        PROVEN,
    ),
    "along a relation, of anybody": ("Logbook.query().joinRelated('boat').where('logbooks.id', id)", BARE),
    "along no relation that is known": (
        "Logbook.query().joinRelated('crew').where('crew.tenant_id', t).where('logbooks.id', id)",
        BARE,
    ),
    "what belongs to a row": ("Boat.relatedQuery('logbooks').for(id)", [("weak", "TENORM002")]),
    "what belongs to the tenant's rows": (
        "Boat.relatedQuery('logbooks').for(Boat.query().select('id').where('tenant_id', t))",
        [("proven", None), ("proven", None)],
    ),
    "what belongs to anybody's rows": (
        "Boat.relatedQuery('logbooks').for(Boat.query().select('id').where('name', id))",
        [("violation", "TENORM001"), ("violation", "TENORM001")],
    ),
    "what belongs to a row in a way that is not known": (
        "Boat.relatedQuery('crew').for(id)",
        [("opaque", "TENORM013")],
    ),
    "SQL that an entity runs is no model of Objection": ("Boat.query('SELECT 1')", []),
}


@pytest.mark.parametrize("name", CASES)
def test_call(name: str) -> None:
    call, wanted = CASES[name]
    source = f"async function f(trx, t, id, graph) {{ return await {call}; }}".encode()
    tree = {"db/migrations/1.sql": calls.SQL.encode(), "src/models.ts": MODELS, "src/a.ts": source}
    found = scan([("src/a.ts", source)], build_model(tree, None))
    assert [(row.verdict, row.rule) for row in found.accesses] == wanted, [(r.sql, r.why) for r in found.accesses]


def test_a_relation_says_what_a_row_belongs_to() -> None:
    plain = (
        b"CREATE TABLE boats (id int PRIMARY KEY, tenant_id int NOT NULL); CREATE TABLE logbooks (id int, boat_id int);"
    )
    model = build_model({"db/migrations/1.sql": plain, "src/models.ts": MODELS}, None)
    parent = model.tables["logbooks"].parent
    assert (model.tables["logbooks"].ownership.value, parent and parent.references) == ("child", "boats")
