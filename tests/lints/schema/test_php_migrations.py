"""Migrations of Yii and CodeIgniter: the tables that they leave."""

from __future__ import annotations

import pytest

from lints.schema import build_model
from lints.tenancy import Ownership

YII = b"""<?php
class m240101_000000_init extends Migration {
    public function safeUp() {
        $this->createTable('{{%tenants}}', ['id' => $this->primaryKey(), 'name' => $this->string()->notNull()]);
        $this->createTable('{{%boats}}', ['id' => $this->primaryKey(), 'tenant_id' => $this->integer()->notNull(),
            'name' => $this->string(), 'kind' => 'varchar(20) NOT NULL', 'old' => $this->text()]);
        $this->createTable('logs', ['id' => 'pk', 'boat_id' => $this->integer()->notNull()]);
        $this->createTable('spare', ['id' => 'pk']);
        $this->addColumn('{{%boats}}', 'draught', $this->integer()->notNull());
        $this->dropColumn('boats', 'old');
        $this->renameColumn('boats', 'kind', 'rig');
        $this->addForeignKey('fk1', '{{%boats}}', 'tenant_id', '{{%tenants}}', 'id');
        $this->addForeignKey('fk2', 'logs', 'boat_id', '{{%boats}}', 'id', 'CASCADE');
        $this->createIndex('one', 'boats', ['tenant_id', 'name'], true);
        $this->dropTable('spare');
        $this->createTable($this->name, ['id' => 'pk']);
    }
    public function safeDown() { $this->dropTable('{{%boats}}'); }
}
"""
FORGE = b"""<?php
class Init extends Migration {
    public function up() {
        $this->forge->addField(['id' => ['type' => 'INT', 'auto_increment' => true]]);
        $this->forge->addKey('id', true);
        $this->forge->createTable('tenants');
        $this->forge->addField(['id' => ['type' => 'INT', 'auto_increment' => true], 'tenant_id' => ['type' => 'INT'],
            'name' => ['type' => 'VARCHAR', 'null' => true]]);
        $this->forge->addPrimaryKey('id');
        $this->forge->addForeignKey('tenant_id', 'tenants', 'id');
        $this->forge->createTable('boats');
        $this->forge->addColumn('boats', ['draught' => ['type' => 'INT']]);
        $this->forge->addField('id');
        $this->forge->addField(['boat_id' => ['type' => 'INT']]);
        $this->forge->addForeignKey('boat_id', 'boats', 'id');
        $this->forge->createTable('logs');
    }
    public function down() { $this->forge->dropTable('boats'); }
}
"""


@pytest.mark.parametrize(
    ("path", "data"),
    [("migrations/m240101_000000_init.php", YII), ("app/Database/Migrations/2024-01-01-000000_Init.php", FORGE)],
)
def test_tables_are_what_their_migrations_leave(path: str, data: bytes) -> None:
    tables = build_model({path: data}, {}).tables
    owners = {name: table.ownership for name, table in tables.items()}
    assert owners == {"tenants": Ownership.ROOT, "boats": Ownership.OWNED, "logs": Ownership.CHILD}
    boats = tables["boats"]
    assert boats.primary_key == ("id",)
    assert boats.tenant_column == "tenant_id"
    assert not boats.columns["tenant_id"].nullable
    assert boats.columns["name"].nullable
    assert not boats.columns["draught"].nullable
    assert "old" not in boats.columns


def test_a_unique_index_of_yii_is_a_key() -> None:
    boats = build_model({"migrations/m240101_000000_init.php": YII}, {}).tables["boats"]
    assert ("tenant_id", "name") in boats.unique
    assert "rig" in boats.columns
