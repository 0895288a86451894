"""Migrations of Go projects: what creates a table is read, what would undo it is not."""

from __future__ import annotations

import pytest

from lints.schema import build_model
from lints.schema.go_migrations import up_part

UP = """CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid REFERENCES tenants (id), note text DEFAULT '{}');
"""
DOWN = "DROP TABLE boats;\n"
_RUN = "\t\t_, err := tx.ExecContext(ctx, `{0}`)\n\t\treturn err\n"
_PAIR = (_RUN.format(UP), _RUN.format(DOWN))
CASES: dict[str, dict[str, str]] = {
    "goose": {"migrations/0001_a.sql": f"-- +goose Up\n{UP}\n-- +goose Down\n{DOWN}"},
    "golang-migrate": {"db/migrations/000001_a.up.sql": UP, "db/migrations/000001_a.down.sql": DOWN},
    "dbmate": {"db/migrations/20200101_a.sql": f"-- migrate:up\n{UP}\n-- migrate:down\n{DOWN}"},
    "sql-migrate": {"migrations/1.sql": f"-- +migrate Up\n{UP}-- +migrate Down\n{DOWN}"},
    "tern": {"migrations/001_a.sql": f"{UP}---- create above / drop below ----\n{DOWN}"},
    "atlas": {"migrations/20230101_a.sql": UP, "migrations/atlas.sum": "h1:x"},
    "atlas, both ways": {
        "migrations/20230101_a.sql": f"-- atlas:txtar\n\n-- migration.sql --\n{UP}\n-- down.sql --\n{DOWN}"
    },
    "bun": {"migrations/1_a.tx.up.sql": UP, "migrations/1_a.tx.down.sql": DOWN},
    "goose in Go": {
        "migrations/00002_a.go": "package migrations\n\nfunc init() {\n\tgoose.AddMigrationContext(upBoats, dropBoats)\n}\n\n"
        f"func upBoats(ctx context.Context, tx *sql.Tx) error {{\n{_PAIR[0]}}}\n\n"
        f"func dropBoats(ctx context.Context, tx *sql.Tx) error {{\n{_PAIR[1]}}}\n"
    },
    "goose in Go, by name": {
        "migrations/00002_a.go": f"package migrations\n\nfunc up00002(ctx context.Context, tx *sql.Tx) error {{\n{_PAIR[0]}}}\n\n"
        f"func down00002(ctx context.Context, tx *sql.Tx) error {{\n{_PAIR[1]}}}\n"
    },
    "gormigrate": {
        "migrations/m.go": 'package migrations\n\nvar M = &gormigrate.Migration{\n\tID: "1",\n'
        f"\tMigrate: func(tx *gorm.DB) error {{\n{_PAIR[0]}\t}},\n\tRollback: func(tx *gorm.DB) error {{\n{_PAIR[1]}\t}},\n}}\n"
    },
    "sql-migrate in Go, wherever it stands": {
        "auth/store/init.go": "package store\n\nfunc Migration() *migrate.MemoryMigrationSource {\n"
        '\treturn &migrate.MemoryMigrationSource{Migrations: []*migrate.Migration{{\n\t\tId: "1",\n'
        f"\t\tUp: []string{{\n\t\t\t`{UP}`,\n\t\t}},\n\t\tDown: []string{{\n\t\t\t`{DOWN}`,\n\t\t}},\n\t}}}}}}\n}}\n"
    },
    "bun in Go": {
        "migrations/1_a.go": "package migrations\n\nfunc init() {\n\tMigrations.MustRegister(func(ctx context.Context, tx *bun.DB) error {\n"
        f"{_PAIR[0]}\t}}, func(ctx context.Context, tx *bun.DB) error {{\n{_PAIR[1]}\t}})\n}}\n"
    },
}


@pytest.mark.parametrize("tree", CASES.values(), ids=CASES.keys())
def test_only_the_way_up_counts(tree: dict[str, str]) -> None:
    model = build_model({path: text.encode() for path, text in tree.items()}, None)
    assert {name: table.ownership.value for name, table in model.tables.items()} == {
        "tenants": "root",
        "boats": "owned",
    }


def test_lines_stay_and_other_functions_do_too() -> None:
    source = b"package m\n\nfunc Download(x string) { y }\n\nfunc Down(tx *sql.Tx) {\n\tz(`}`)\n}\n\nfunc Up() { w }\n"
    kept = up_part(source)
    assert (kept.count(b"\n"), len(kept)) == (source.count(b"\n"), len(source))
    assert [word in kept for word in (b"{ y }", b"{ w }", b"z(")] == [True, True, False]


@pytest.mark.parametrize(
    "source", [b"func Down(", b"func Down() {", b"func Down() }", b"Rollback: func(", b"{" * 50_000]
)
def test_broken_files_are_read(source: bytes) -> None:
    assert len(up_part(source)) == len(source)
