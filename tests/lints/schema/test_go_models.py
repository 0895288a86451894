"""Which structs of Go are tables, under which names, and which of two packages of one name is meant."""

from __future__ import annotations

from lints.scan import scan
from lints.schema import build_model

ACCOUNT = b"""package types

import "gorm.io/gorm"

type Account struct {
	ID string `gorm:"primaryKey"`
	Name string
	Settings *Settings `gorm:"embedded;embeddedPrefix:settings_"`
	Tokens []Token `gorm:"foreignKey:AccountID"`
}

type Settings struct {
	ID string
	A, B string
	One string `gorm:"size:3"`
	Two string
	Three string
	Four string
	Five string
	Six string
	Seven string
	Eight string
}

type Token struct {
	ID string `gorm:"primaryKey"`
	AccountID string `gorm:"index"`
	Hash string
}

type TokenAndText struct {
	Text string
	Token
}

type Address struct {
	Net string `gorm:"serializer:json"`
	Mac string
}

type Policy struct {
	ID string `gorm:"primaryKey"`
	AccountID string
}

func migrate(db *gorm.DB) { db.AutoMigrate(&Account{}, &Token{}, new(Policy)) }
"""
AGENT = b"""package types

type Policy struct {
	ID string `gorm:"primaryKey"`
	Text string
	AccountID string
}

func (Policy) TableName() string { return "agent_policies" }
"""
FILES = {"server/types/account.go": ACCOUNT, "agent/types/policy.go": AGENT}


def test_what_others_embed_or_a_column_holds_is_no_table() -> None:
    tables = build_model(FILES, {"tenant_columns": ["account_id"]}).tables
    assert sorted(tables) == ["accounts", "agent_policies", "policies", "token_and_texts", "tokens"]
    assert {"settings_one", "settings_id", "id"} <= set(tables["accounts"].columns)
    assert tables["accounts"].primary_key == ("id",)


def test_a_package_is_the_one_that_is_imported() -> None:
    source = b"""package store

import (
	agent "example.com/x/agent/types"
	"example.com/x/server/types"
	"gorm.io/gorm"
)

func f(db *gorm.DB, id string) {
	db.Where("id = ?", id).Delete(&types.Policy{})
	db.Where("id = ?", id).Delete(&agent.Policy{})
}
"""
    files = {**FILES, "store/store.go": source}
    model = build_model(files, {"tenant_columns": ["account_id"]})
    found = [one.table for one in scan([("store/store.go", source)], model).accesses]
    assert found == ["policies", "agent_policies"]


def test_a_table_of_bun_in_a_schema() -> None:
    source = b"""package x

type Pipeline struct {
	bun.BaseModel `bun:"table:_system.pipelines"`
	ID string `bun:"id,pk"`
	TenantID string `bun:"tenant_id"`
}

type Exporter struct {
	bun.BaseModel `bun:"table:_system.exporters"`
	ID string `bun:"id,pk"`
}

func f(db *bun.DB, id string) {
	db.NewDelete().Model(&Pipeline{}).Where("id = ?", id).Exec(ctx)
	db.NewDelete().Model(&Exporter{}).Where("id = ?", id).Exec(ctx)
}
"""
    model = build_model({"x/x.go": source}, None)
    assert {name: table.ownership.value for name, table in model.tables.items()} == {
        "pipelines": "owned",
        "exporters": "unknown",
    }
    rows = scan([("x/x.go", source)], model).accesses
    assert [(row.table, row.verdict) for row in rows] == [("pipelines", "violation")]


def test_an_embedded_struct_is_that_of_the_package_that_is_imported() -> None:
    """Both packages are called types: the one that is embedded is a part, the other one a table."""
    part = b'package types\n\ntype Net struct {\n\tID string `gorm:"primaryKey"`\n\tDNS string\n}\n'
    table = b'package types\n\ntype Net struct {\n\tID string `gorm:"primaryKey"`\n\tAccountID string\n}\n'
    holder = b"""package store

import (
	"example.com/x/net/types"
	"gorm.io/gorm"
)

type Patch struct {
	gorm.Model
	AccountID string
	Net types.Net `gorm:"embedded;embeddedPrefix:net_"`
}
"""
    files = {"other/types/net.go": table, "net/types/net.go": part, "store/patch.go": holder}
    tables = build_model(files, {"tenant_columns": ["account_id"]}).tables
    assert sorted(tables) == ["nets", "patches"]
    assert "account_id" in tables["nets"].columns
    assert "net_dns" in tables["patches"].columns


def test_options_of_a_query_are_not_what_it_loads() -> None:
    source = b"""package types

import "gorm.io/gorm"

func f(db *gorm.DB, id string, locked bool) {
	tx := db
	if locked {
		tx = tx.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	var token Token
	tx.Take(&token, "id = ?", id)
	db.Session(&gorm.Session{}).First(&token, "id = ?", id)
}
"""
    model = build_model({**FILES, "server/types/f.go": source}, {"tenant_columns": ["account_id"]})
    found = scan([("server/types/f.go", source)], model).accesses
    assert [(one.table, one.verdict) for one in found] == [("tokens", "violation")] * 2


def test_a_struct_that_its_package_keeps_to_itself_is_a_table_too() -> None:
    source = b"""package store

import "gorm.io/gorm"

type boat struct {
	ID string `gorm:"primaryKey"`
	TenantID string
}

func f(c *gin.Context, db *gorm.DB, id string, count int64) {
	var found boat
	db.First(&found, "id = ?", id)
	db.Model(&boat{}).Where("id = ?", id).Update("name", id)
	c.MustGet("db").(*gorm.DB).Where("id = ?", id).Delete(&boat{})
	db.Model(&boat{}).Where("tenant_id = ?", id).Count(&count)
}
"""
    model = build_model({"store/boat.go": source}, None)
    assert list(model.tables) == ["boats"]
    rows = scan([("store/boat.go", source)], model).accesses
    assert [(row.table, row.verdict) for row in rows] == [("boats", "violation")] * 3 + [("boats", "proven")]
