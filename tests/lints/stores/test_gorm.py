"""GORM, pop and xorm end to end: structs, calls, verdict and rule."""

from __future__ import annotations

import pytest

from lints.rows import Access
from lints.scan import scan
from lints.schema import build_model
from lints.stores.go_writes import _COLUMNS

MODELS = b"""package models

import "gorm.io/gorm"

type Base struct {
	ID       string `gorm:"primaryKey"`
	TenantID string
}

type Tenant struct {
	gorm.Model
}

type Boat struct {
	Base
	Name     string
	HarbourID uint
	Harbour  Harbour
	Logs     []Logbook
}

type Harbour struct {
	gorm.Model
	TenantID string
}

type Logbook struct {
	gorm.Model
	BoatID string
	Text   string
}

type Vessel struct {
	ID       string `gorm:"primaryKey"`
	OwnerRef string `gorm:"column:tenant_id"`
}

func (Vessel) TableName() string { return "fleet_vessels" }
"""
TREE = {"models/boat.go": MODELS}
MODEL = build_model(TREE, None)
UNSCOPED, SCOPED, OR, UNSEEN, HELD, SOME = "TENORM001", None, "TENORM006", "TENORM013", "TENORM003", "TENORM005"
EMPTY = "TENORM007"

GORM: dict[str, tuple[str, str | None]] = {
    "by its key": ('db.First(&boat, id)', UNSCOPED),
    "a text": ('db.Where("id = ? AND tenant_id = ?", id, t).First(&boat)', SCOPED),
    "inline": ('db.First(&boat, "id = ? AND tenant_id = ?", id, t)', SCOPED),
    "inline, without": ('db.First(&boat, "id = ?", id)', UNSCOPED),
    "a column's name": ('db.Where("tenant_id", t).First(&boat, id)', SCOPED),
    "another column's name": ('db.Where("name", t).First(&boat, id)', UNSCOPED),
    "named values": ('db.Where("id = @id AND tenant_id = @t", sql.Named("id", id), sql.Named("t", t)).First(&boat)', SCOPED),
    "a struct": ("db.Where(&models.Boat{Name: n}).First(&boat)", UNSCOPED),
    "a struct within": ("db.Where(&models.Boat{Base: b, Name: n}).First(&boat)", UNSEEN),
    "a struct with the tenant": ("db.Where(&models.Harbour{TenantID: t}).First(&models.Harbour{}, id)", EMPTY),
    "a struct whose fields count": (
        'db.Where(&models.Harbour{TenantID: t}, "TenantID").First(&models.Harbour{}, id)', SCOPED),
    "a struct beside its key": ("db.First(&models.Harbour{}, models.Harbour{TenantID: t})", EMPTY),
    "a map, whose entries count": (
        'db.Where(map[string]any{"tenant_id": t}).First(&models.Harbour{}, id)', SCOPED),
    "a struct in a variable": ("q := models.Harbour{TenantID: t}\n\tdb.Where(&q).First(&models.Harbour{}, id)", EMPTY),
    "a struct that may have it": (
        'q := models.Harbour{Name: n}\n\tif n != "" {\n\t\tq = models.Harbour{TenantID: t}\n\t}\n\tdb.Where(&q).Find(&boats)',
        UNSEEN),
    "a map": ('db.Where(map[string]interface{}{"tenant_id": t, "id": id}).First(&boat)', SCOPED),
    "a map without": ('db.Where(map[string]interface{}{"id": id}).First(&boat)', UNSCOPED),
    "the fields of what is loaded are no conditions": ("db.First(&models.Harbour{TenantID: t}, id)", UNSCOPED),
    "the fields of what is deleted, but its key, are no conditions": (
        "db.Delete(&models.Vessel{ID: id, OwnerRef: t})", UNSCOPED),
    "a held record": ("db.Delete(boat)", HELD),
    "a new record": ("var one models.Boat\n\tdb.Where(\"name = ?\", n).Delete(&one)", UNSCOPED),
    "all of a model that is made on the spot": ('db.Where("name = ?", n).Delete(new(models.Boat))', UNSCOPED),
    "all of a model": ("db.Model(&models.Boat{}).Count(&n)", UNSCOPED),
    "a model of a held record": ('db.Model(boat).Update("name", n)', HELD),
    "the tenant is changed": ('db.Model(boat).Where("tenant_id = ?", t).Update("tenant_id", id)', "TENORM004"),
    "a deletion": ('db.Where("tenant_id = ?", t).Delete(&models.Boat{}, id)', SCOPED),
    "or": ('db.Where("tenant_id = ?", t).Or("name = ?", n).Find(&boats)', OR),
    "or, then and": ('db.Where("name = ?", n).Or("id = ?", id).Where("tenant_id = ?", t).Find(&boats)', OR),
    "or inside of a text": ('db.Where("tenant_id = ?", t).Where("name = ? OR id = ?", n, id).Find(&boats)', SCOPED),
    "or beside it in a text": ('db.Where("tenant_id = ? OR id = ?", t, id).Find(&boats)', OR),
    "not": ('db.Not("tenant_id = ?", t).Find(&boats)', UNSCOPED),
    "if": ('q := db.Where("id = ?", id)\n\tif n != "" {\n\t\tq = q.Where("tenant_id = ?", t)\n\t}\n\tq.Find(&boats)', SOME),
    "another variable": ('q := db.Model(&models.Boat{})\n\tr := q.Where("tenant_id = ?", t)\n\t_ = r\n\tq.Find(&boats)', UNSCOPED),
    "shadowed": (
        'q := db.Where("id = ?", id)\n\tif n != "" {\n\t\tq := q.Where("tenant_id = ?", t)\n\t\t_ = q\n\t}\n\tq.Find(&boats)',
        UNSCOPED),
    "shadowed in a block": (
        'q := db.Where("id = ?", id)\n\t{\n\t\tq := q.Where("tenant_id = ?", t)\n\t\t_ = q\n\t}\n\tq.Find(&boats)', UNSCOPED),
    "shadowed in a condition": (
        'q := db.Where("id = ?", id)\n\tif q := q.Where("tenant_id = ?", t); n == "" {\n\t\t_ = q\n\t}\n\tq.Find(&boats)',
        UNSCOPED),
    "held by a comparison": ('db.Where("id = ?", boat.ID).Find(&boats)', HELD),
    "not kept": ('q := db.Model(&models.Boat{})\n\tq.Where("tenant_id = ?", t)\n\tq.Find(&boats)', UNSCOPED),
    "a scope": ("db.Scopes(somewhere.OfTenant(t)).Find(&boats)", UNSEEN),
    "a scope of this file": ("db.Scopes(ofTenant(t)).First(&boat, id)", SCOPED),
    "a scope of this file that says nothing": ("db.Scopes(newest(t)).First(&boat, id)", UNSEEN),
    "a function that narrows": ("scoped(db, t).First(&boat, id)", SCOPED),
    "a constant": ("db.Where(byTenant, id, t).First(&boat)", SCOPED),
    "put together": ('db.Where(fmt.Sprintf("%s = ?", column), t).First(&boat)', UNSEEN),
    "a quoted hole": ("db.Where(fmt.Sprintf(\"tenant_id = ? AND name LIKE '%%%s'\", n), t).First(&boat)", UNSEEN),
    "a table": ('db.Table("boats").Where("id = ?", id).Scan(&rows)', UNSCOPED),
    "a table with an alias": ('db.Table("boats AS b").Where("b.tenant_id = ?", t).Scan(&rows)', SCOPED),
    "its own table name": ('db.Where("tenant_id = ?", t).First(&models.Vessel{}, id)', SCOPED),
    "its own table name, without": ("db.First(&models.Vessel{}, id)", UNSCOPED),
    "a child": ("db.First(&models.Logbook{}, id)", UNSCOPED),
    "a child of what is held": ('db.Where("boat_id = ?", boat.ID).Find(&[]models.Logbook{})', "TENORM002"),
    "joined": (
        'db.Joins("JOIN boats ON boats.id = logbooks.boat_id").Where("boats.tenant_id = ?", t).Find(&logs)', SCOPED),
    "joined outside": (
        'db.Joins("LEFT JOIN boats ON boats.id = logbooks.boat_id AND boats.tenant_id = ?", t).Find(&logs)', UNSCOPED),
    "a relation": ('db.Joins("Harbour").Where("boats.tenant_id = ?", t).Find(&boats)', SCOPED),
    "preloaded": ('db.Preload("Logs").Where("tenant_id = ?", t).Find(&boats)', SCOPED),
    "locked": ('db.Clauses(clause.Locking{Strength: "UPDATE"}).Where("tenant_id = ?", t).First(&boat, id)', SCOPED),
    "a clause": ("db.Clauses(mine).First(&boat, id)", UNSEEN),
    "unscoped": ('db.Unscoped().Where("tenant_id = ?", t).Delete(&models.Boat{}, id)', SCOPED),
    "found or made": ("db.FirstOrCreate(&boat, models.Boat{Name: n})", UNSCOPED),
    "a session": ('db.Session(&gorm.Session{}).WithContext(ctx).Where("tenant_id = ?", t).First(&boat, id)', SCOPED),
    "sent by a client": ("c.ShouldBindJSON(&boat)\n\tdb.Save(&boat)", "TENORM008"),
    "ordered by a function": ('ordered(db).Where("id = ?", id).First(&boat)', UNSCOPED),
    "ordered by a function, with the tenant": (
        'ordered(db).Where("id = ? AND tenant_id = ?", id, t).First(&boat)', SCOPED),
    "ordered by a method of who knows what": ('s.sorted().Where("id = ?", id).First(&boat)', UNSEEN),
    "ordered by a method, with the tenant": ('s.sorted().First(&boat, "id = ? AND tenant_id = ?", id, t)', SCOPED),
    "begun elsewhere": ('s.elsewhere(ctx).Where("id = ?", id).First(&boat)', UNSEEN),
    "begun elsewhere, with the tenant": ('s.elsewhere(ctx).Where("tenant_id = ?", t).First(&boat)', SCOPED),
    "upserted by another's key": (
        'db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "name"}}, DoUpdates: list("name")}).Create(&boat)',
        "TENORM008"),
    "upserted by the tenant's key": (
        'db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}, {Name: "tenant_id"}}, DoUpdates: x}).Create(&boat)',
        "TENORM013"),
    "upserted by the tenant's key, with the tenant": (
        ('boat.TenantID = t\n\tdb.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}, {Name: "tenant_id"}},'
         " DoUpdates: x}).Create(&boat)"),
        SCOPED),
    "upserted by what a variable says": (
        "on := clause.OnConflict{Columns: key, UpdateAll: true}\n\tdb.Clauses(on).Create(&boat)", UNSEEN),
    "upserted by the primary key": ("db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&boat)", "TENORM008"),
    "upserted by a key that is not seen": (
        "db.Clauses(clause.OnConflict{Columns: key, UpdateAll: true}).Create(&boat)", UNSEEN),
    "upserted by a constraint": (
        'db.Clauses(clause.OnConflict{OnConstraint: "one", UpdateAll: true}).Create(&boat)', UNSEEN),
    "saved under a new key": (
        'boat.ID = uuid.New()\n\tboat.TenantID = t\n\tdb.Save(boat)', SCOPED),
    "saved under a key that is given": (
        'boat.ID = id\n\tboat.TenantID = t\n\tdb.Save(boat)', "TENORM004"),
    "sent by a client, the tenant set": ("c.ShouldBindJSON(&boat)\n\tboat.TenantID = t\n\tdb.Create(&boat)", SCOPED),
}  # fmt: skip
_HEAD = """package fleet

import "gorm.io/gorm"

const byTenant = "id = ? AND tenant_id = ?"

func ofTenant(t string) func(db *gorm.DB) *gorm.DB {
	return func(db *gorm.DB) *gorm.DB { return db.Where("tenant_id = ?", t) }
}

func ordered(db *gorm.DB) *gorm.DB {
	return db.Order("name")
}

type Store struct{ db *gorm.DB }

func (s *Store) sorted() *gorm.DB {
	return s.db.Order("name").Limit(20)
}

func newest(t string) func(db *gorm.DB) *gorm.DB {
	return func(db *gorm.DB) *gorm.DB {
		if t == "" {
			return db
		}
		return db.Where("tenant_id = ?", t)
	}
}

func scoped(db *gorm.DB, t string) *gorm.DB { return db.Where("tenant_id = ?", t) }

func F(ctx context.Context, db *gorm.DB, c *gin.Context, id, t, n string, boat *models.Boat) error {
	var boats []models.Boat
	var logs []*models.Logbook
"""


def _worst(code: str, head: str) -> list[Access]:
    rows = scan([("fleet/harbour.go", f"{head}\t{code}\n\treturn nil\n}}\n".encode())], MODEL).accesses
    order = ["proven", "weak", "opaque", "violation"]
    return sorted(rows, key=lambda row: order.index(row.verdict))[-1:]


def test_a_query_that_a_method_of_the_same_class_orders() -> None:
    head = _HEAD.replace("func F(", "func (s *Store) F(")
    rows = _worst('s.sorted().Where("id = ?", id).First(&boat)', head)
    assert [row.rule for row in rows] == [UNSCOPED]
    rows = _worst('s.sorted().Where("id = ? AND tenant_id = ?", id, t).First(&boat)', head)
    assert [(row.verdict, row.rule) for row in rows] == [("proven", None)]


@pytest.mark.parametrize(("code", "rule"), GORM.values(), ids=GORM.keys())
def test_gorm(code: str, rule: str | None) -> None:
    rows = _worst(code, _HEAD)
    assert [row.rule for row in rows] == ([rule] if rows or rule else []), [(row.sql, row.why) for row in rows]
    assert rows or rule is SCOPED


@pytest.mark.parametrize(
    ("code", "carrier"),
    [
        ('r.scopedDB(ctx).Where("id = ?", id).First(&boat)', "scopedDB"),
        ('db := r.scopedDB(ctx)\n\tdb.Where("id = ?", id).First(&boat)', "scopedDB"),
        ('r.db.Where("id = ?", id).First(&boat)', None),
    ],
)
def test_a_declared_wrapper_is_told_and_proves_nothing_by_itself(code: str, carrier: str | None) -> None:
    declared = {"carriers": [{"call": "scopedDB", "trust": "enforces", "reason": "callbacks confine every query"}]}
    source = f"{_HEAD}\t{code}\n\treturn nil\n}}\n".encode()
    rows = scan([("fleet/harbour.go", source)], build_model(TREE, declared), declared=declared).accesses
    assert [(row.verdict, row.carrier) for row in rows] == [("weak" if carrier else "violation", carrier)]


def test_structs_make_tables() -> None:
    table = MODEL.tables
    assert {name: found.ownership.value for name, found in table.items()} == {
        "tenants": "root", "boats": "owned", "harbours": "owned", "logbooks": "child", "fleet_vessels": "owned",
    }  # fmt: skip
    assert table["boats"].primary_key == ("id",)
    assert [(key.columns, key.references) for key in table["logbooks"].foreign_keys] == [(("boat_id",), "boats")]
    assert [(key.columns, key.references) for key in table["boats"].foreign_keys] == [(("harbour_id",), "harbours")]


POP: dict[str, tuple[str, str | None]] = {
    "by its key": ("tx.Find(&boat, id)", UNSCOPED),
    "a text": ('p.GetConnection(ctx).Where("id = ? AND tenant_id = ?", id, t).First(&boat)', SCOPED),
    "without": ('p.GetConnection(ctx).Where("id = ?", id).First(&boat)', UNSCOPED),
    "changed in place": ('q := tx.Where("id = ?", id)\n\tq.Where("tenant_id = ?", t)\n\tq.All(&boats)', SCOPED),
    "on some paths": (
        'q := tx.Where("id = ?", id)\n\tif n != "" {\n\t\tq.Where("tenant_id = ?", t)\n\t}\n\tq.All(&boats)', SOME),
    "a held record": ("tx.Destroy(boat)", HELD),
    "columns that are left out": (
        'boat.TenantID = t\n\ttx.Update(boat, "tenant_id")', HELD),
    "columns that are written": ('boat.TenantID = t\n\ttx.UpdateColumns(boat, "name", "tenant_id")', "TENORM004"),
    "a scope": ("tx.Scope(mine).All(&boats)", UNSEEN),
    "a join": ('tx.Join("harbours h", "h.id = boats.harbour_id").Where("boats.tenant_id = ?", t).All(&boats)', SCOPED),
}  # fmt: skip
_POP_HEAD = """package fleet

import "github.com/gobuffalo/pop/v6"

func F(ctx context.Context, tx *pop.Connection, id, t, n string, boat *models.Boat) error {
	var boats []models.Boat
"""


def test_pop_without_its_import() -> None:
    head = _POP_HEAD.replace('import "github.com/gobuffalo/pop/v6"\n', "")
    asked = {
        'p.GetConnection(ctx).Where("id = ?", id).First(&boat)': UNSCOPED,
        'p.GetConnection(ctx).Where("id = ? AND tenant_id = ?", id, t).First(&boat)': SCOPED,
        "p.GetConnection(ctx).First(name)": "nothing",
        'p.nodes.Where("id = ?", id).First(&boat)': "nothing",
    }
    assert {code: rows[0].rule if (rows := _worst(code, head)) else "nothing" for code in asked} == asked


@pytest.mark.parametrize(("code", "rule"), POP.values(), ids=POP.keys())
def test_pop(code: str, rule: str | None) -> None:
    rows = _worst(code, _POP_HEAD)
    assert [row.rule for row in rows] == [rule], [(row.sql, row.why) for row in rows]


XORM: dict[str, tuple[str, str | None]] = {
    "by its key": ("engine.ID(id).Get(&boat)", UNSCOPED),
    "a text": ('engine.Where("tenant_id = ?", t).And("id = ?", id).Get(&boat)', SCOPED),
    "or": ('sess.Where("tenant_id = ?", t).Or("name = ?", n).Find(&boats)', OR),
    "a bean": ("engine.Get(&models.Harbour{TenantID: t})", EMPTY),
    "a bean without": ("engine.Delete(&models.Vessel{ID: id})", UNSCOPED),
    "some": ('engine.In("id", ids).Find(&boats)', UNSCOPED),
}  # fmt: skip


@pytest.mark.parametrize(("code", "rule"), XORM.values(), ids=XORM.keys())
def test_xorm(code: str, rule: str | None) -> None:
    rows = _worst(code, _POP_HEAD.replace("github.com/gobuffalo/pop/v6", "xorm.io/xorm"))
    assert [row.rule for row in rows] == [rule], [(row.sql, row.why) for row in rows]


def test_columns_of_a_conflict_that_never_end_are_given_up() -> None:
    """Each of them could be read in two ways once: it would not have come back."""
    assert _COLUMNS.match("[]clause.Column{" + '{Name: "id"}, x' * 4_000) is None
    assert _COLUMNS.match('[]clause.Column{{Name: "tenant_id"}, {Name: "id"}}') is not None
