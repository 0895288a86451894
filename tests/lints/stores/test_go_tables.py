"""Tables that Go names by a struct, a function or a quoting helper, and builders of a project's own."""

from __future__ import annotations

import pytest

from lints.rows import Access
from lints.scan import scan
from lints.schema import build_model

SCHEMA = b"""CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), name text);
CREATE TABLE sails (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, boat_id uuid NOT NULL);
CREATE TABLE weather (id uuid PRIMARY KEY, day date);
"""
BOAT = b"""package fleet

type Boat struct{ ID string }

func (Boat) TableName() string { return "boats" }

type sailsTable struct{ ID string }

func (s *sailsTable) Table() string {
	return "sails"
}
"""
OTHER = b"""package weather

type Boat struct{ ID string }

func (Boat) TableName(ctx context.Context) string { return "weather" }
"""
TREE = {"migrations/1.sql": SCHEMA, "fleet/boat.go": BOAT, "weather/boat.go": OTHER}

CASES: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "a struct of this package": (
        'db.Exec(fmt.Sprintf("DELETE FROM %s WHERE id = $1", Boat{}.TableName()), id)', [("violation", "boats")]),
    "new": (
        'db.Exec(fmt.Sprintf("DELETE FROM %s WHERE id = $1 AND tenant_id = $2", new(Boat).TableName()), id, t)',
        [("proven", "boats")]),
    "a struct of another package": (
        'db.Exec(fmt.Sprintf("DELETE FROM %s WHERE id = $1", weather.Boat{}.TableName(ctx)), id)', []),
    "a struct by its package": (
        'db.Exec(fmt.Sprintf("DELETE FROM %s WHERE id = $1", new(fleet.Boat).TableName()), id)', [("violation", "boats")]),
    "a variable": (
        'sail := &sailsTable{}\n\tdb.Exec("SELECT id FROM " + sail.Table() + " WHERE id = $1", id)', [("violation", "sails")]),
    "a conversion": (
        'sail := (*sailsTable)(held)\n\tdb.Exec("SELECT id FROM " + sail.Table() + " WHERE tenant_id = $1", t)',
        [("proven", "sails")]),
    "quoted": (
        'db.Exec(fmt.Sprintf("DELETE FROM %s WHERE id = $1", pq.QuoteIdentifier("boats")), id)', [("violation", "boats")]),
    "quoted by a driver": (
        'db.Exec("DELETE FROM " + pgx.Identifier{"boats"}.Sanitize() + " WHERE tenant_id = $1", t)', [("proven", "boats")]),
    "an interface": (
        'db.Exec(fmt.Sprintf("DELETE FROM %s WHERE id = $1", item.Table()), id)', [("opaque", "")]),
    "a struct that nobody knows": (
        'db.Exec(fmt.Sprintf("DELETE FROM %s WHERE id = $1", Ship{}.TableName()), id)', [("opaque", "")]),
}  # fmt: skip


def _rows(code: str, head: str = "", tree: dict[str, bytes] = TREE) -> list[Access]:
    text = (
        f"package fleet\n\n{head}\nfunc F(ctx context.Context, db *sql.DB, item Item, id, t string) {{\n\t{code}\n}}\n"
    )
    files = {**tree, "fleet/harbour.go": text.encode()}
    rows = scan([("fleet/harbour.go", text.encode())], build_model(files, None)).accesses
    return list(rows)


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_tables(code: str, expected: list[tuple[str, str]]) -> None:
    rows = _rows(code)
    assert [(row.verdict, row.table) for row in rows] == expected, [(row.sql, row.why) for row in rows]


def test_caches_in_the_process_are_no_redis() -> None:
    found = {
        "f.cache.Get(key + id)": 0,
        'f.cache.Get(ctx, "boat:" + id)': 1,
        'f.redisClient.Get(ctx, "boat:" + id)': 1,
        'f.redis.Get("boat:" + id)': 1,
    }
    assert {code: len(_rows(code)) for code in found} == found


WRAPPED = {
    "db/builder.go": b"""package db

import sq "github.com/Masterminds/squirrel"

type Plain struct {
	sq.StatementBuilderType
}

type Scoped struct {
	builder  sq.StatementBuilderType
	tenantID string
}

func (b Scoped) Select(columns ...string) Query {
	return Query{builder: b.builder.Select(columns...), tenantID: b.tenantID}
}

func (b Scoped) Update(table string) sq.UpdateBuilder {
	builder := b.builder.Update(table)
	builder = builder.Where("tenant_id = ?", b.tenantID)
	return builder
}

func (b Scoped) Delete(from string) sq.DeleteBuilder {
	return b.builder.Delete(from).Where(sq.Eq{"tenant_id": b.tenantID})
}

func (b Scoped) Insert(into string) Rows {
	return Rows{builder: b.builder.Insert(into).Columns("tenant_id"), tenantID: b.tenantID}
}

type Rows struct {
	builder  sq.InsertBuilder
	tenantID string
}

func (r Rows) Columns(names ...string) Rows {
	r.builder = r.builder.Columns(names...)
	return r
}

func (r Rows) Values(values ...any) Rows {
	values = append([]any{r.tenantID}, values...)
	r.builder = r.builder.Values(values...)
	return r
}

type Query struct {
	builder  sq.SelectBuilder
	tenantID string
}

func (q Query) From(table string, alias ...string) Query {
	if len(alias) > 0 {
		q.builder = q.builder.From(table + " AS " + alias[0])
		q.builder = q.builder.Where(alias[0]+".tenant_id = ?", q.tenantID)
	} else {
		q.builder = q.builder.From(table)
		q.builder = q.builder.Where("tenant_id = ?", q.tenantID)
	}
	return q
}

func (q Query) Join(table string, alias string, on string) Query {
	q.builder = q.builder.Join(table + " AS " + alias + " ON " + on)
	return q
}

func (q Query) Where(pred any, args ...any) Query {
	q.builder = q.builder.Where(pred, args...)
	return q
}

type Careless struct {
	builder  sq.StatementBuilderType
	tenantID string
}

func (b Careless) Update(table string) sq.UpdateBuilder {
	builder := b.builder.Update(table)
	builder.Where("tenant_id = ?", b.tenantID)
	return builder
}

func (b Careless) Delete(table string) sq.DeleteBuilder {
	builder := b.builder.Delete(table)
	if b.tenantID != "" {
		builder = builder.Where("tenant_id = ?", b.tenantID)
	}
	return builder
}

func (b Careless) Select(columns ...string) sq.SelectBuilder {
	narrow := b.builder.Select(columns...).Where("tenant_id = ?", b.tenantID)
	_ = narrow
	return b.builder.Select(columns...)
}
""",
    "app/db.go": b"""package app

import "example.test/fleet/db"

type Builder struct {
	db.Scoped
}

func (s *Harbour) open() *db.Scoped { return s.All.WithTenant() }
""",
    "fleet/store.go": b"""package fleet

import (
	sq "github.com/Masterminds/squirrel"

	"example.test/fleet/app"
	"example.test/fleet/db"
)

type Store struct {
	Mine     *app.Builder
	All      *db.Plain
	Own      sq.StatementBuilderType
	Careless db.Careless
	Unknown  thirdparty.Builder
}

func (s *Store) scopedBuilder() *app.Builder { return s.Mine }
""",
}
BUILDERS: dict[str, tuple[str, str]] = {
    "read": ('s.Mine.Select("id").From("boats").Where("id = ?", id)', "proven"),
    "read, an alias": ('s.Mine.Select("b.id").From("boats", "b").Where("b.id = ?", id)', "proven"),
    "joined without": ('s.Mine.Select("b.id").From("boats", "b").Join("sails", "s", "s.boat_id = b.id")', "violation"),
    "changed": ('s.Mine.Update("boats").Set("name", n).Where("id = ?", id)', "proven"),
    "deleted": ('s.Mine.Delete("boats").Where("id = ?", id)', "proven"),
    "made": ('s.Mine.Insert("boats").Columns("id", "name").Values(id, n)', "proven"),
    "a method that gives it": ('s.scopedBuilder().Delete("boats").Where("id = ?", id)', "proven"),
    "a variable": ('sb := s.scopedBuilder()\n\tq := sb.Delete("boats").Where("id = ?", id)\n\ts.run(ctx, q)\n\t_ = sq.Select("id").From("weather")', "proven"),
    "the library's, embedded": ('s.All.Delete("boats").Where("id = ?", id)', "violation"),
    "the library's": ('s.Own.Delete("boats").Where("id = ?", id)', "violation"),
    "the library's, scoped": ('s.Own.Delete("boats").Where("id = ?", id).Where(sq.Eq{"tenant_id": t})', "proven"),
    "dropped on the way": ('s.Careless.Update("boats").Set("name", n).Where("id = ?", id)', "violation"),
    "on some paths": ('s.Careless.Delete("boats").Where("id = ?", id)', "violation"),
    "kept elsewhere": ('s.Careless.Select("id").From("boats").Where("id = ?", id)', "violation"),
    "one nobody knows": ('s.Unknown.Delete("boats").Where("id = ?", id)', "opaque"),
    "a name for the library": ('psql.Delete("boats").Where("id = ?", id)', "violation"),
    "another type's field of that name": ('o.Mine.Delete("boats").Where("id = ?", id)', "violation"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "verdict"), BUILDERS.values(), ids=BUILDERS.keys())
def test_builders(code: str, verdict: str) -> None:
    body = code if code.startswith("sb :=") else f"s.exec.Run(ctx, {code})"
    text = (
        'package fleet\n\nimport sq "github.com/Masterminds/squirrel"\n\n'
        f"func (s *Store) F(ctx context.Context, o *Other, id, t, n string) {{\n\t{body}\n}}\n"
    )
    files = {"migrations/1.sql": SCHEMA, **WRAPPED, "fleet/harbour.go": text.encode()}
    rows = scan([("fleet/harbour.go", text.encode())], build_model(files, None)).accesses
    assert [row.verdict for row in rows] == [verdict], [(row.sql, row.why) for row in rows]


@pytest.mark.parametrize(
    "piece",
    [
        "func (b T) Select(x string) Query {\n",
        "type Builder struct {\n",
        "func (T) Fields() []ent.Field {\n",
        "\tbuilder := b.builder.Where(\n",
        ")" + " " * 50,
        "func F(" + "(" * 50,
    ],
)
def test_broken_files_take_no_time(piece: str) -> None:
    text = 'package p\n\nimport (\n\tsq "github.com/Masterminds/squirrel"\n\t"entgo.io/ent"\n)\n\n' + piece * (
        200_000 // len(piece)
    )
    scan([("fleet/harbour.go", b"package fleet\n")], build_model({"db/builder.go": text.encode()}, None))
