"""Texts in constants of other files, end to end: verdict and rule of the statement that names them."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model, constants

SCHEMA = b"""CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), name text);
"""
TEXTS = b"""package store

import "errors"

const (
\tBoatsTable = "boats" // where they are
\tboatsOfTenant = "tenant_id = ? AND " + byID
\tbyID = `id = ?`
\tofNobodyCond = errors.New("tenant_id = ?").Error()
)

const TenantColumn = "tenant_id"

const tenantCond = "tenant_id = $1"

var changingCond = "tenant_id = ?"

type Boat struct {
\tID string `gorm:"primaryKey"`
\tTenantID string `gorm:"column:tenant_id"`
}

func (Boat) TableName() string { return "boats" }
"""
GO = b'package store\nimport (\n\tsq "github.com/Masterminds/squirrel"\n\t"gorm.io/gorm"\n)\n\nfunc %s {\n\t%s\n}\n'
GO_CASES: dict[str, tuple[str, str, list[tuple[str, str | None]]]] = {
    "a table, by a builder": (
        "f(id, t string)",
        'sq.Select("id").From(BoatsTable).Where(sq.Eq{"id": id, "tenant_id": t})',
        [("proven", None)],
    ),
    "a table, and nobody's rows": (
        "f(id string)",
        'sq.Select("id").From(BoatsTable).Where(sq.Eq{"id": id})',
        [("violation", "TENSQL001")],
    ),
    "a table in a text": (
        "f(db *sql.DB, t string)",
        'db.Query("SELECT id FROM " + BoatsTable + " WHERE tenant_id = $1", t)',
        [("proven", None)],
    ),
    "a whole condition": (
        "f(db *sql.DB, t string)",
        'db.Query(fmt.Sprintf("SELECT id FROM boats WHERE %s", tenantCond), t)',
        [("proven", None)],
    ),
    "a condition of GORM, a sum": (
        "f(db *gorm.DB, id, t string)",
        "db.Model(&Boat{}).Where(boatsOfTenant, t, id).Take(&b)",
        [("proven", None)],
    ),
    "a condition after what is deleted": (
        "f(db *gorm.DB, id, t string)",
        "db.Delete(&Boat{}, boatsOfTenant, t, id)",
        [("proven", None)],
    ),
    "a column of a builder's condition": (
        "f(db *sql.DB, t string)",
        'sq.Select("id").From("boats").Where(sq.Eq{TenantColumn: t}).RunWith(db).Query()',
        [("proven", None)],
    ),
    "a column that nobody knows": (
        "f(db *sql.DB, t string)",
        'sq.Select("id").From("boats").Where(sq.Eq{OtherColumn: t}).RunWith(db).Query()',
        [("opaque", "TENSQL013")],
    ),
    "a column of a map": (
        "f(db *gorm.DB, t string)",
        "db.Where(map[string]any{TenantColumn: t}).First(&Boat{})",
        [("proven", None)],
    ),
    "a column of a map that nobody knows": (
        "f(db *gorm.DB, t string)",
        "db.Where(map[string]any{OtherColumn: t}).First(&Boat{})",
        [("opaque", "TENORM013")],
    ),
    "a condition that names no tenant": (
        "f(db *gorm.DB, id string)",
        "db.Delete(&Boat{}, byIDCond, id)",
        [("violation", "TENORM001")],
    ),
    "a parameter of the same name": (
        "f(db *sql.DB, tenantCond, t string)",
        'db.Query(fmt.Sprintf("SELECT id FROM boats WHERE %s", tenantCond), t)',
        [("opaque", "TENSQL013")],
    ),
    "computed": (
        "f(db *sql.DB, t string)",
        'db.Query(fmt.Sprintf("SELECT id FROM boats WHERE %s", ofNobodyCond), t)',
        [("opaque", "TENSQL013")],
    ),
    "a variable, which anybody may set": (
        "f(db *sql.DB, t string)",
        'db.Query(fmt.Sprintf("SELECT id FROM boats WHERE %s", changingCond), t)',
        [("opaque", "TENSQL013")],
    ),
}


def rows(files: dict[str, bytes], path: str) -> list[tuple[str, str | None]]:
    model = build_model({"migrations/1.sql": SCHEMA, **files}, None)
    return [(one.verdict, one.rule) for one in scan([(path, files[path])], model).accesses]


@pytest.mark.parametrize("name", GO_CASES)
def test_go(name: str) -> None:
    head, body, expected = GO_CASES[name]
    source = GO % (head.encode(), body.encode())
    assert rows({"store/texts.go": TEXTS, "store/boats.go": source}, "store/boats.go") == expected


def test_a_constant_of_a_package_that_is_imported() -> None:
    source = b'package api\n\nfunc f(db *sql.DB, t string) {\n\tdb.Query("SELECT id FROM " + store.BoatsTable + " WHERE tenant_id = $1", t)\n}\n'
    assert rows({"store/texts.go": TEXTS, "api/boats.go": source}, "api/boats.go") == [("proven", None)]


def test_two_packages_of_one_name_that_say_different_things() -> None:
    other = b'package store\n\nconst (\n\tBoatsTable = "ships"\n)\n'
    source = b'package api\n\nfunc f(db *sql.DB, t string) {\n\tdb.Query("SELECT id FROM " + store.BoatsTable + " WHERE id = $1", t)\n}\n'
    files = {"store/texts.go": TEXTS, "old/store/texts.go": other, "api/boats.go": source}
    assert rows(files, "api/boats.go") == [("opaque", "TENSQL013")]


JAVA = b"""package x;
class Boats {
    void f(Connection connection, String tenant) throws SQLException {
        connection.prepareStatement("SELECT id FROM " + Tables.BOATS_TABLE + " WHERE " + Tables.%s);
    }
}
"""
TABLES = b"""package x;
public final class Tables {
    static class Inner {
        static final String OF_TENANT = "name = ?";
    }
    public static final String BOATS_TABLE = "boats";
    public static final String OF_TENANT = TENANT_COLUMN + " = ?";
    static final String TENANT_COLUMN = "tenant_id";
    public static final String BY_ID = "id = ?";
}
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [("OF_TENANT", ("proven", None)), ("BY_ID", ("violation", "TENSQL001")), ("NOBODY_KNOWS", ("opaque", "TENSQL013"))],
)
def test_java(name: str, expected: tuple[str, str | None]) -> None:
    assert rows({"x/Tables.java": TABLES, "x/Boats.java": JAVA % name.encode()}, "x/Boats.java") == [expected]


def test_kotlin() -> None:
    source = b'package x\n\nclass Boats(val jdbc: JdbcTemplate) {\n    fun f(tenant: String) = jdbc.queryForList("SELECT id FROM ${Tables.BOATS_TABLE} WHERE tenant_id = ?", tenant)\n}\n'
    tables = b'package x\n\nobject Tables {\n    const val BOATS_TABLE = "boats"\n}\n'
    assert rows({"x/Tables.kt": tables, "x/Boats.kt": source}, "x/Boats.kt") == [("proven", None)]


def test_what_is_hostile_ends() -> None:
    """Openings without ends, long lines, sums that name themselves."""
    for text in (
        b"\nconst (\n" * 20_000,
        b'\nconst a_cond = "' + b"x" * 300_000,
        b"\nconst " + b'a_cond = "x" + ' * 30_000,
        b'\nconst (\n\tOneCond = TwoCond + OneCond\n\tTwoCond = OneCond + OneCond\n\tThree = "a = ?"\n)\n',
    ):
        path = "x/texts.go"
        constants.declares(path, text)
        assert len(list(constants.read({path: b"package x\n".decode() + text.decode()}))) <= 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b'package x\n\nconst TenantColumn = "tenant_id"\n', True),
        (b'package x\n\nconst (\n\tA = 1\n\tTenantColumn string = "tenant_id"\n)\n', True),
        (b'package x\n\nconst greeting = "hello"\n', False),
        (b'package x\n\nfunc f() {\n\tquery := "tenant_id = ?"\n}\n', False),
    ],
)
def test_which_files_have_any(text: bytes, *, told: bool) -> None:
    assert constants.declares("x/x.go", text) is told
