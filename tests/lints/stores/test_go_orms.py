"""Bun and ent end to end: migrations, calls, verdict and rule."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

SCHEMA = b"""CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), name text);
CREATE TABLE logbooks (id uuid PRIMARY KEY, boat_id uuid NOT NULL REFERENCES boats (id));
"""
MODEL = build_model({"migrations/1.sql": SCHEMA}, None)

CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "bun: by its key": (
        'err := db.NewSelect().Model(&boat).Where("id = ?", id).Scan(ctx)',
        [("violation", "TENORM001")],
    ),
    "bun: with the tenant": (
        'err := db.NewSelect().Model(&boat).Where("id = ?", id).Where("?TableAlias.tenant_id = ?", t).Scan(ctx)',
        [("proven", None)],
    ),
    "bun: the key of what is held": ("_, err := db.NewUpdate().Model(&boat).WherePK().Exec(ctx)", [("violation", "TENORM001")]),
    "bun: AND binds before OR": (
        'err := db.NewSelect().Model(&boat).Where("id = ?", id).WhereOr("name = ?", n).Where("tenant_id = ?", t).Scan(ctx)',
        [("violation", "TENORM006")],
    ),
    "bun: a group": (
        'err := db.NewSelect().Model(&boat).WhereGroup(" AND ", mine).Scan(ctx)',
        [("opaque", "TENORM013")],
    ),
    "bun: a deletion": (
        '_, err := db.NewDelete().Model((*Boat)(nil)).Where("id IN (?)", bun.In(ids)).Exec(ctx)',
        [("violation", "TENORM001")],
    ),
    "ent: by its key": ("b, err := client.Boat.Get(ctx, id)", [("violation", "TENORM001")]),
    "ent: with the tenant": (
        "b, err := client.Boat.Query().Where(boat.ID(id), boat.TenantID(t)).Only(ctx)",
        [("proven", None)],
    ),
    "ent: or": (
        "b, err := client.Boat.Query().Where(boat.Or(boat.TenantIDEQ(t), boat.Name(n))).All(ctx)",
        [("violation", "TENORM006")],
    ),
    "ent: other than the tenant's": (
        "b, err := client.Boat.Query().Where(boat.TenantIDNEQ(t)).All(ctx)",
        [("violation", "TENORM001")],
    ),
    "ent: through an edge": (
        "b, err := client.Boat.Query().Where(boat.HasTenantWith(tenant.ID(t))).All(ctx)",
        [("proven", None)],
    ),
    "ent: along an edge": (
        "b, err := tx.Logbook.Query().Where(logbook.HasBoatWith(boat.IDEQ(id))).All(ctx)",
        [("weak", "TENORM002")],
    ),
    "ent: a predicate from elsewhere": (
        "b, err := client.Boat.Query().Where(ps...).All(ctx)",
        [("opaque", "TENORM013")],
    ),
    "ent: a deletion": ("n, err := client.Boat.Delete().Where(boat.IDIn(ids...)).Exec(ctx)", [("violation", "TENORM001")]),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_calls(code: str, expected: list[tuple[str, str | None]]) -> None:
    head = "package fleet\n\nfunc F(ctx context.Context, db *bun.DB, id, t string) error {\n\tvar boat Boat\n\t"
    text = f"{head}{code}\n\treturn err\n}}\n"
    rows = scan([("fleet/harbour.go", text.encode())], MODEL).accesses
    assert [(row.verdict, row.rule) for row in rows] == expected, [(row.sql, row.why) for row in rows]
