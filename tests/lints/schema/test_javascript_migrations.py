"""Migrations of Knex, Kysely and Sequelize: the schema builders say the same as SQL would."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

KNEX = """
import { Knex } from "knex";
const LOGS = "logbooks";
export async function up(knex: Knex): Promise<void> {
  if (!(await knex.schema.hasTable("tenants"))) {
    await knex.schema.createTable("tenants", (t) => { t.uuid("id").primary().defaultTo(knex.fn.uuid()); });
  }
  await knex.schema.createTable("boats", (t) => {
    t.uuid("id", { primaryKey: true }).primary();
    t.uuid("tenant_id").notNullable().references("id").inTable("tenants").onDelete("CASCADE");
    t.string("name");
    t.unique(["tenant_id", "name"]);
    t.timestamps(true, true);
  }).createTable(LOGS, function (table) {
    table.increments();
    table.uuid("boat_id").notNullable();
    table.foreign("boat_id").references("boats.id");
  });
  for (const name of ["sails", "oars"]) {
    await knex.schema.createTable(name, (t) => {
      t.increments("id");
      ["tenant_id"].forEach((column) => { t.uuid(column).notNullable().references("tenants.id"); });
    });
  }
  await knex.schema.createTable("old", (t) => { t.uuid("tenant_id"); });
  return knex.schema.alterTable("boats", (t) => { t.renameColumn("name", "title"); }).dropTableIfExists("old");
}
export async function down(knex: Knex) { await knex.schema.dropTable("boats"); }
"""

SEQUELIZE = """
"use strict";
module.exports = {
  up: async (queryInterface, Sequelize) => {
    await queryInterface.sequelize.transaction(async (transaction) => {
      const id = { type: Sequelize.UUID, primaryKey: true, allowNull: false };
      await queryInterface.createTable("tenants", { id }, { transaction });
      await queryInterface.createTable("boats", {
        id: id,
        tenant_id: { type: Sequelize.UUID, allowNull: false, references: { model: "tenants", key: "id" } },
        name: { type: Sequelize.STRING },
      });
      await queryInterface.addIndex("boats", ["tenant_id", "name"], { unique: true });
      await queryInterface.renameColumn("boats", "name", "title");
      await queryInterface.createTable("logbooks", { id: id });
      await queryInterface.addColumn("logbooks", "boat_id", { type: Sequelize.UUID, allowNull: false });
      await queryInterface.addConstraint("logbooks", {
        fields: ["boat_id"], type: "foreign key", references: { table: "boats", field: "id" },
      });
      for (const name of ["sails", "oars"]) {
        await queryInterface.createTable(name, {
          id: id, tenant_id: { allowNull: false, references: { model: { tableName: "tenants" }, key: "id" } },
        });
      }
    });
  },
  down: async (queryInterface) => { await queryInterface.dropTable("boats"); },
};
"""

KYSELY = """
export async function up(db: Kysely<any>): Promise<void> {
  await db.schema.createTable("tenants").addColumn("id", "uuid", (c) => c.primaryKey()).execute();
  await db.schema.createTable("boats").ifNotExists()
    .addColumn("id", "uuid", (c) => c.primaryKey())
    .addColumn("tenant_id", "uuid", (c) => c.notNull().references("tenants.id").onDelete("cascade"))
    .addColumn("name", "text")
    .addUniqueConstraint("boats_name", ["tenant_id", "name"])
    .execute();
  await db.schema.alterTable("boats").renameColumn("name", "title").execute();
  await db.schema.createTable("logbooks")
    .addColumn("id", "uuid", (c) => c.primaryKey()).addColumn("boat_id", "uuid", (c) => c.notNull())
    .addForeignKeyConstraint("of_boat", ["boat_id"], "boats", ["id"]).execute();
  for (const name of ["sails", "oars"]) {
    await db.schema.createTable(name).addColumn("id", "uuid", (c) => c.primaryKey())
      .addColumn("tenant_id", "uuid", (c) => c.notNull().references("tenants.id")).execute();
  }
}
export async function down(db: Kysely<any>) { await db.schema.dropTable("boats").execute(); }
"""

FLEET = {
    "tenants": ("root", "id"),
    "boats": ("owned", "tenant_id"),
    "logbooks": ("child", None),
    "sails": ("owned", "tenant_id"),
    "oars": ("owned", "tenant_id"),
}


@pytest.mark.parametrize(
    ("path", "text"),
    [("db/migrations/1.ts", KNEX), ("migrations/1.js", SEQUELIZE), ("src/migrations/1.ts", KYSELY)],
    ids=["knex", "sequelize", "kysely"],
)
def test_schema_builders(path: str, text: str) -> None:
    model = build_model({path: text.encode()}, None)
    assert {name: (t.ownership.value, t.tenant_column) for name, t in model.tables.items()} == FLEET
    boats = model.tables["boats"]
    assert "title" in boats.columns
    assert "name" not in boats.columns
    assert ("tenant_id", "title") in boats.unique
    assert boats.primary_key == ("id",)
    assert not boats.columns["tenant_id"].nullable


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ('export enum TableName { Boats = "boats" }', "db(TableName.Boats)"),
        ('export enum TableName { Boats = "boats" }', "(tx || db.replicaNode())(TableName.Boats)"),
        ('export const BoatsTableName = "boats";', "this.database(BoatsTableName)"),
    ],
    ids=["a member of an enum", "called on one of two connections", "a constant of another file"],
)
def test_a_table_by_the_name_that_code_gives_it(written: str, asked: str) -> None:
    name = asked.rpartition("(")[2].rstrip(")")
    tree = {
        "src/names.ts": written.encode(),
        "db/migrations/1.ts": KNEX.replace('createTable("boats"', f"createTable({name}").encode(),
        "src/a.ts": f"async function f(id) {{ return {asked}.where({{ id }}).first(); }}".encode(),
    }
    model = build_model(tree, None)
    assert model.tables["boats"].ownership == "owned"
    (row,) = scan([("src/a.ts", tree["src/a.ts"])], model).accesses
    assert (row.verdict, row.rule, row.table) == ("violation", "TENORM001", "boats")
