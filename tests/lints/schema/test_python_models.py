"""Models of Python: SQLModel, SQLAlchemy, Tortoise and Peewee, as tables."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

SQLMODEL = """
from sqlmodel import Column, Field, ForeignKey, Relationship, SQLModel
class Tenant(SQLModel, table=True):
    id: int = Field(primary_key=True)
class BoatBase(SQLModel):
    name: str
    retired: bool = False
    note: Optional[str]
class Boat(BoatBase, table=True):
    model_config = ConfigDict(extra="forbid")
    kinds: ClassVar[list[str]] = []
    id: Optional[int] = Field(default=None, primary_key=True)
    tenant_id: int = Field(foreign_key="tenant.id")
    logs: list["Log"] = Relationship(back_populates="boat")
class Log(SQLModel, table=True):
    id: int = Field(primary_key=True)
    vessel: int = Field(foreign_key="boat.id")
    boat: "Boat" = Relationship(back_populates="logs")
class Port(SQLModel, table=True):
    id: int = Field(primary_key=True)
    boat_id: int = Field(sa_column=Column("the_boat", ForeignKey("boat.id", ondelete="CASCADE"), nullable=False))
"""


def test_annotations_of_sqlmodel_are_columns() -> None:
    model = build_model({"fleet/models.py": SQLMODEL.encode()}, None)
    boat = model.tables["boat"]
    assert set(boat.columns) == {"id", "tenant_id", "name", "retired", "note"}
    assert (boat.columns["name"].nullable, boat.columns["note"].nullable) == (False, True)
    assert {name: str(table.ownership) for name, table in model.tables.items()} == {
        "tenant": "root", "boat": "owned", "log": "child", "port": "child",
    }  # fmt: skip
    assert set(model.tables["port"].columns) == {"id", "the_boat"}


def test_a_mapped_annotation_alone_is_a_column() -> None:
    declared = """
class Boat(Base):
    __tablename__ = "boats"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int]
    name: Mapped[str | None]
    loose: int
    tenant: Mapped["Tenant"] = relationship()
"""
    boat = build_model({"fleet/models.py": declared.encode()}, None).tables["boats"]
    assert set(boat.columns) == {"id", "tenant_id", "name"}
    assert (boat.columns["tenant_id"].nullable, boat.columns["name"].nullable) == (False, True)


@pytest.mark.parametrize(("column", "wanted"), [("berth_id", "child"), ("other_id", "unknown")])
def test_the_name_of_a_class_without_underscores_is_named_by_its_end(column: str, wanted: str) -> None:
    """SQLModel calls the table of HarbourBerth harbourberth."""
    declared = f"""
from sqlmodel import Field, SQLModel
class HarbourBerth(SQLModel, table=True):
    id: int = Field(primary_key=True)
    tenant_id: int
class Mooring(SQLModel, table=True):
    id: int = Field(primary_key=True)
    {column}: int | None = Field(default=None, foreign_key="harbourberth.id")
"""
    model = build_model({"fleet/models.py": declared.encode()}, None, tenant_columns=("tenant_id",))
    assert str(model.tables["mooring"].ownership) == wanted


def test_a_sentence_in_a_migration_is_no_statement() -> None:
    migration = b'''
revision = "a"
down_revision = None
def _grant(conn):
    """Grant an org access to every platform catalog row for a direct provider."""
    conn.execute(rows)
def upgrade():
    op.execute("CREATE TABLE boats (id int PRIMARY KEY, tenant_id int NOT NULL)")
    op.execute("GRANT SELECT ON boats TO reader")
'''
    found = build_model({"alembic/versions/a.py": migration}, None)
    assert (found.unread, "boats" in found.tables) == ((), True)


def test_a_table_named_like_one_of_the_catalog_is_another() -> None:
    tree = {
        "db/migrations/1.sql": b"CREATE TABLE tables (id int PRIMARY KEY, tenant_id int NOT NULL);",
        "a.py": b'def f(cur): cur.execute("SELECT 1 FROM information_schema.tables WHERE table_name = %s", ("x",))',
    }
    assert scan([("a.py", tree["a.py"])], build_model(tree, None)).accesses == ()


def test_a_foreign_key_by_the_class_it_refers_to() -> None:
    models = b"""
class Tenant(Base):
    __tablename__ = "tenants"
    id = mapped_column(GUID, primary_key=True)
class Boat(Base):
    __tablename__ = "boats"
    id = mapped_column(GUID, primary_key=True)
    tenant_id: Mapped[UUID4] = mapped_column(GUID, ForeignKey(Tenant.id, ondelete="CASCADE"), nullable=False)
class Logbook(Base):
    __tablename__ = "logbooks"
    id = mapped_column(GUID, primary_key=True)
    boat_id: Mapped[UUID4] = mapped_column(GUID, ForeignKey(column=models.Boat.id), nullable=False)
class Page(Base):
    __tablename__ = "pages"
    id = mapped_column(GUID, primary_key=True)
    logbook_id = Column(ForeignKey(Logbook.__table__.c.id))
"""
    found = build_model({"fleet/models.py": models}, None)
    owners = {
        name: (table.ownership.value, table.parent and table.parent.references) for name, table in found.tables.items()
    }
    assert owners == {
        "tenants": ("root", None),
        "boats": ("owned", None),
        "logbooks": ("child", "boats"),
        "pages": ("child", "logbooks"),
    }


def test_tables_that_code_makes_where_it_starts() -> None:
    code = {
        "app/db.py": b'''
SCHEMA = """
CREATE TABLE IF NOT EXISTS tenants (id INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS boats (id INTEGER PRIMARY KEY, tenant_id INTEGER NOT NULL REFERENCES tenants(id));
CREATE TEMP TABLE scratch (id INTEGER);
DROP TABLE tenants;
"""
def start(conn):
    conn.executescript(SCHEMA)
def make(conn, name):
    conn.execute(f"CREATE TABLE {name} (id INTEGER, tenant_id INTEGER)")
def load(conn, key):
    return conn.execute("SELECT id FROM boats WHERE id = ?", (key,)).fetchone()
''',
        "src/db.ts": b"await pool.query('CREATE TABLE IF NOT EXISTS piers (id int PRIMARY KEY, tenant_id int NOT NULL)');",
        "tests/test_db.py": b'conn.execute("CREATE TABLE fixtures (id int, tenant_id int)")',
    }
    model = build_model(code, None)
    assert {n: t.ownership.value for n, t in model.tables.items()} == {
        "tenants": "root",
        "boats": "owned",
        "piers": "owned",
    }
    assert model.unread == ()
    rows = scan([("app/db.py", code["app/db.py"])], model).accesses
    assert [(row.verdict, row.rule, row.path_class) for row in rows] == [("violation", "TENSQL001", "source")]
