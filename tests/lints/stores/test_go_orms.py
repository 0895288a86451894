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


ENT = {
    "ent/schema/boat.go": b"""package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
)

type Boat struct {
	ent.Schema
}

func (Boat) Mixin() []ent.Mixin {
	return []ent.Mixin{TenantMixin{}}
}

func (Boat) Fields() []ent.Field {
	return []ent.Field{field.String("name").Optional(), field.String("mark").StorageKey("sail_mark")}
}

func (Boat) Edges() []ent.Edge {
	return []ent.Edge{edge.To("logs", Logbook.Type)}
}

type Logbook struct {
	ent.Schema
}

func (Logbook) Fields() []ent.Field { return []ent.Field{field.Int("boat_id")} }

func (Logbook) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("boat", Boat.Type).Ref("logs").Field("boat_id").Unique().Required(),
	}
}

type Ship struct {
	ent.Schema
}

func (Ship) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "vessels"}}
}
""",
    "ent/schema/mixin.go": b"""package schema

import "entgo.io/ent"

type TenantMixin struct{ mixin.Schema }

func (TenantMixin) Fields() []ent.Field {
	return []ent.Field{field.String("tenant_id").Immutable()}
}
""",
}


def test_schemas_of_ent_make_tables() -> None:
    tables = build_model(ENT, None).tables
    assert {name: (found.ownership.value, sorted(found.columns)) for name, found in tables.items()} == {
        "boats": ("owned", ["id", "name", "sail_mark", "tenant_id"]),
        "logbooks": ("child", ["boat_id", "id"]),
        "vessels": ("unknown", ["id"]),
    }


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("b, err := client.Boat.Query().Where(boat.ID(id), boat.TenantID(t)).Only(ctx)", ["proven"]),
        ("b, err := client.Boat.Query().Where(boat.ID(id)).Only(ctx)", ["violation"]),
        ("b, err := withLogs(client.Boat.Query()).Where(boat.ID(id), boat.TenantID(t)).Only(ctx)", ["proven"]),
        ("b, err := withLogs(client.Boat.Query()).Where(boat.ID(id)).Only(ctx)", ["opaque"]),
        ("b, err := client.Boat.Query().Where(mine(t)).Only(ctx)", ["proven"]),
        ("q := client.Boat.Query()\n\tq.Where(boat.TenantID(t))\n\tb, err := q.All(ctx)", ["proven"]),
        ("b, err := c.client.Boats.Get(ctx, id)", []),
    ],
)
def test_ent_schemas_are_asked(code: str, expected: list[str]) -> None:
    head = "package fleet\n\nfunc mine(t string) predicate.Boat { return boat.And(boat.TenantID(t)) }\n\n"
    text = f"{head}func F(ctx context.Context, client *ent.Client, id, t string) error {{\n\t{code}\n\treturn err\n}}\n"
    rows = scan([("fleet/harbour.go", text.encode())], build_model(ENT, None)).accesses
    assert [row.verdict for row in rows] == expected, [(row.sql, row.why) for row in rows]
