"""Tables that PHP and C# make where they install or start, outside of migrations."""

from __future__ import annotations

import pytest

from lints.schema import build_model

TEXT = b"""<?php
class Install {
    private function tables(): string {
        $sql = "
            CREATE TABLE `fleets` (`id` int NOT NULL AUTO_INCREMENT, PRIMARY KEY (`id`));
            CREATE TABLE `boats` (
                `id` int NOT NULL AUTO_INCREMENT,
                `tenant_id` int NOT NULL,
                PRIMARY KEY (`id`)
            ) ENGINE=InnoDB;
        ";
        return $sql;
    }
}
"""
BUILDER = b"""<?php
class Installer {
    public function boats(): void {
        Schema::create('boats', function (Blueprint $table) { $table->id(); $table->foreignId('tenant_id'); });
    }
}
"""
NET = b"""public class Store {
    void Start() {
        _connection.Execute("CREATE TABLE IF NOT EXISTS boats (id INTEGER PRIMARY KEY, tenant_id INTEGER NOT NULL)");
    }
}
"""
CASES = {
    "SQL of an installer": ("app/Install.php", TEXT, True),
    "a builder of an installer": ("app/Installer.php", BUILDER, True),
    "a store that makes its tables": ("src/Store.cs", NET, True),
    "a table of a test is none of the schema": ("tests/Install.php", TEXT, False),
    "nor one that a test builds": ("tests/Feature/Installer.php", BUILDER, False),
}


@pytest.mark.parametrize("name", CASES)
def test_tables_of_installers(name: str) -> None:
    path, data, made = CASES[name]
    tables = build_model({path: data}, {"tenant_columns": ["tenant_id"]}).tables
    assert (tables["boats"].tenant_column if "boats" in tables else None) == ("tenant_id" if made else None)
