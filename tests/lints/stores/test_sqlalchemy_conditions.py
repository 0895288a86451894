"""Conditions of SQLAlchemy and SQLModel: what ties a row to the tenant, what does not, what nobody can say."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

from . import calls

_TABLES = "from fleet.models import crews\n"
_PG = "from sqlalchemy.dialects.postgresql import insert as pg_insert\n"

WHERE: dict[str, tuple[str, str]] = {
    "the column of SQLModel's col": ("col(Boat.tenant_id) == t", "proven"),
    "and keeps its left side: the comparison is false": ("Boat.tenant_id == t and Boat.id == i", "proven"),
    "and loses the tenant on its right side": ("Boat.id == i and Boat.tenant_id == t", "violation"),
    "or keeps its right side": ("Boat.id == i or Boat.tenant_id == t", "proven"),
    "or loses the tenant on its left side": ("Boat.tenant_id == t or Boat.id == i", "violation"),
    "unequal is true: and keeps its right side": ("Boat.id != i and Boat.tenant_id == t", "proven"),
    "and between values stays a choice": ("Boat.id == i, Boat.tenant_id == (t and i)", "proven"),
    "a list that is excluded": ("Boat.id.not_in(i)", "violation"),
    "a beginning": ("Boat.name.startswith(i)", "violation"),
    "a range": ("Boat.id.between(1, i)", "violation"),
    "always true": ("true(), Boat.id == i", "violation"),
    "an attribute that was not read": ("Boat.status == Status.OPEN", "violation"),
    "an attribute that was not read, named for the tenant": ("Boat.tenant == i", "opaque"),
    "a part of a document": ("Boat.data['k'].astext == i", "violation"),
    "the tenant's column, cast": ("cast(Boat.tenant_id, sa.UUID(as_uuid=True)) == t", "proven"),
    "the tenant's column, cut short": ("cast(Boat.tenant_id, String(4)) == t", "opaque"),
    "a cast": ("cast(Boat.name, String) == i", "violation"),
    "a part of a date": ("extract('year', Boat.created) == i", "violation"),
    "arithmetic of the caller": ("Boat.created >= datetime.now() - timedelta(days=i)", "violation"),
    "several columns at once": ("tuple_(Boat.id, Boat.name).in_(i)", "violation"),
    "a function that gets the tenant too": ("within(Boat.id, tenant)", "opaque"),
    "a value that nobody knows compared with a constant": ("make(i) == 'open'", "violation"),
    "a value that nobody knows": ("make(i) == t", "opaque"),
    "SQL as text": ("text('name = :n')", "violation"),
    "SQL as text that ties": ("text('tenant_id = :t')", "proven"),
    "SQL as text opens what stands beside it": ("Boat.tenant_id == t, text('name = :n or id = :i')", "violation"),
    "SQL as text with a piece put in": ("text(f'name = {i}')", "opaque"),
    "text that nobody can see": ("text(i)", "opaque"),
}

CASES: dict[str, tuple[str, list[str]]] = {
    "has with the tenant": (
        "def f(s, t):\n    return s.scalars(select(Logbook).where(Logbook.boat.has(Boat.tenant_id == t)))\n",
        ["proven"],
    ),
    "has by keywords": (
        "def f(s, t):\n    return s.scalars(select(Logbook).where(Logbook.boat.has(tenant_id=t)))\n",
        ["proven"],
    ),
    "has without the tenant": (
        "def f(s, n):\n    return s.scalars(select(Logbook).where(Logbook.boat.has(name=n)))\n",
        ["violation"],
    ),
    "keys of a sub-query with the tenant": (
        ("def f(s, t):\n    return s.scalars(select(Logbook)"
        ".where(Logbook.boat_id.in_(select(Boat.id).where(Boat.tenant_id == t))))\n"),
        ["proven"],
    ),
    "keys of a sub-query that is kept first": (
        ("def f(s, t):\n    mine = select(Boat.id).where(Boat.tenant_id == t)\n"
        "    return s.scalars(select(Logbook).where(Logbook.boat_id.in_(mine)))\n"),
        ["proven"],
    ),
    "keys of a sub-query that runs by itself too": (
        ("def f(s, t, n):\n    some = select(Boat.id).where(Boat.name == n)\n    s.scalars(some)\n"
        "    return s.scalars(select(Logbook).where(Logbook.boat_id.in_(some)))\n"),
        ["violation", "violation"],
    ),
    "keys of a sub-query without the tenant": (
        ("def f(s, n):\n    return s.scalars(select(Logbook)"
        ".where(Logbook.boat_id.in_(select(Boat.id).where(Boat.name == n))))\n"),
        ["violation"],
    ),
    "keys that a sub-query leaves out": (
        ("def f(s, t):\n    return s.scalars(select(Logbook)"
        ".where(Logbook.boat_id.not_in(select(Boat.id).where(Boat.tenant_id == t))))\n"),
        ["violation"],
    ),
    "keys that were loaded": (
        (
            "def f(s, n):\n    some = s.query(Boat.id).filter(Boat.name == n).all()\n"
            "    return s.scalars(select(Logbook).where(Logbook.boat_id.in_(some)))\n"
        ),
        ["violation", "weak"],
    ),
    "exists about the row": (
        ("def f(s, t):\n    return s.scalars(select(Logbook)"
        ".where(exists().where(Boat.id == Logbook.boat_id, Boat.tenant_id == t)))\n"),
        ["proven"],
    ),
    "exists of a query about the row": (
        ("def f(s, t):\n    return s.scalars(select(Logbook)"
        ".where(select(Boat.id).where(Boat.id == Logbook.boat_id, Boat.tenant_id == t).exists()))\n"),
        ["proven"],
    ),
    "exists by itself": (
        "def f(s, i, t):\n    return s.query(exists().where(Boat.id == i).where(Boat.tenant_id == t)).scalar()\n",
        ["proven"],
    ),
    "exists by itself without the tenant": ("def f(s, i):\n    return s.query(exists().where(Boat.id == i)).scalar()\n", ["violation"]),
    "select exists": ("def f(s, i):\n    return s.scalar(select(exists(select(Boat.id).where(Boat.id == i))))\n", ["violation"]),
    "a count whose table only the conditions name": (
        "def f(s, n):\n    return s.query(func.count()).filter(Boat.name == n).scalar()\n",
        ["violation"],
    ),
    "a count with a list of conditions": (
        "def f(s, t):\n    held = [Boat.tenant_id == t]\n    return s.query(func.count().label('n')).filter(*held).all()\n",
        ["proven"],
    ),
    "filter_by after a join is about what was joined": (
        "def f(s, t):\n    return s.query(Boat).join(Pier, Pier.id == Boat.id).filter_by(tenant_id=t).all()\n",
        ["violation"],
    ),
    "filter_by after a join to what has the tenant": (
        "def f(s, t):\n    return s.query(Logbook).join(Boat).filter_by(tenant_id=t).all()\n",
        ["proven"],
    ),
    "an alias": ("def f(s, i):\n    B = aliased(Boat)\n    return s.query(B).filter(B.id == i).all()\n", ["violation"]),
    "an alias with the tenant": (
        "def f(s, i, t):\n    b = aliased(Boat)\n    return s.scalars(select(b).where(b.id == i, b.tenant_id == t))\n",
        ["proven"],
    ),
    "an alias is tied, the entity is not": (
        ("def f(s, t):\n    b = aliased(Boat)\n"
        "    return s.scalars(select(Boat).join(b, b.name == Boat.name).where(b.tenant_id == t))\n"),
        ["violation"],
    ),
    "the columns of an entity's table": (
        "def f(s, i):\n    return s.execute(select(Boat.__table__).where(Boat.__table__.c.id == i))\n",
        ["violation"],
    ),
    "a table": (_TABLES + "def f(s, i):\n    return s.execute(select(crews).where(crews.c.id == i))\n", ["violation"]),
    "a table's own select": (_TABLES + "def f(s, t):\n    return s.execute(crews.select().where(crews.c.tenant_id == t))\n", ["proven"]),
    "a table's own update": (
        _TABLES + "def f(s, i):\n    s.execute(crews.update().where(crews.c.id == i).values(boat_id=3))\n",
        ["violation"],
    ),
    "a table's own delete": (_TABLES + "def f(s, i):\n    s.execute(crews.delete().where(crews.c.id == i))\n", ["violation"]),
    "a table's own insert": (_TABLES + "def f(s, t):\n    s.execute(crews.insert(), [{'tenant_id': t, 'boat_id': 3}])\n", ["proven"]),
    "a dictionary is no table": ("def f(s, held):\n    held.update()\n    return held.select()\n", []),
    "several rows by a comprehension": (
        _PG + "def f(s, t, rows):\n    data = [{'tenant_id': t, 'name': n} for n in rows]\n    s.execute(pg_insert(Boat).values(data))\n",
        ["proven"],
    ),
    "rows beside the statement": ("def f(s, t):\n    s.execute(insert(Boat), [{'tenant_id': t, 'name': 'a'}])\n", ["proven"]),
    "rows beside the statement without a tenant": ("def f(s):\n    s.execute(insert(Boat), [{'name': 'a'}])\n", ["weak"]),
    "rows of a query of the tenant's": (
        ("def f(s, t):\n    s.execute(insert(Boat).from_select(['tenant_id', 'name'],"
        " select(Boat.tenant_id, Boat.name).where(Boat.tenant_id == t)))\n"),
        ["proven"],
    ),
    "rows of a query of everybody's": (
        "def f(s):\n    s.execute(insert(Boat).from_select(['tenant_id', 'name'], select(Boat.tenant_id, Boat.name)))\n",
        ["violation", "weak"],
    ),
    "an instance of a spread object and the tenant": ("def f(session, d, t):\n    session.add(Boat(**d.dict(), tenant_id=t))\n", ["proven"]),
    "an instance of a spread object that gets its tenant later": (
        "def f(session, d, t):\n    b = Boat(**d.model_dump())\n    b.tenant_id = t\n    session.add(b)\n",
        ["proven"],
    ),
    "an instance of a spread object": ("def f(session, d):\n    session.add(Boat(**d.model_dump()))\n", ["opaque"]),
    "what is spread into a dictionary after the tenant wins": (
        "def f(s, d, t):\n    s.execute(insert(Boat).values({'tenant_id': t, **d}))\n",
        ["opaque"],
    ),
    "an instance of another object and the tenant": (
        "def f(session, d, t):\n    b = Boat.model_validate(d, update={'tenant_id': t})\n    session.add(b)\n",
        ["proven"],
    ),
    "an instance of another object": ("def f(session, d):\n    session.add(Boat.model_validate(d))\n", ["opaque"]),
    "a session with a short name": ("def f(s, t):\n    s.add(Boat(name='a', tenant_id=t))\n", ["proven"]),
}  # fmt: skip


def _verdicts(source: str) -> list[str]:
    return [row.verdict for row in calls.facts("sqlalchemy", source).accesses if row.path == "fleet/views.py"]


@pytest.mark.parametrize("name", WHERE)
def test_where(name: str) -> None:
    written, wanted = WHERE[name]
    assert _verdicts(f"def f(s, t, i, tenant):\n    return s.scalars(select(Boat).where({written}))\n") == [wanted]


@pytest.mark.parametrize("name", CASES)
def test_query(name: str) -> None:
    source, wanted = CASES[name]
    assert _verdicts(source) == wanted


_OWN_FILE = """
class Dinghy(SQLModel, table=True):
    id: int = Field(primary_key=True)
    tenant_id: int = Field(foreign_key="tenants.id")
    state: str = "new"
def f(s, t):
    return s.exec(select(Dinghy).where({}))
"""


@pytest.mark.parametrize(
    ("written", "wanted"),
    [("Dinghy.tenant_id == t", "proven"), ("Dinghy.state == t", "violation"), ("Dinghy.tenant_id != t", "violation")],
)
def test_a_model_is_asked_for_in_its_own_file(written: str, wanted: str) -> None:
    """What its columns are declared with stood there for the columns themselves."""
    tree = {"fleet/models.py": calls.SQLALCHEMY.encode(), "fleet/dinghy.py": _OWN_FILE.format(written).encode()}
    found = scan(sorted(tree.items()), build_model(tree, None, tenant_columns=("tenant_id",)))
    assert [row.verdict for row in found.accesses] == [wanted]


def test_a_join_to_what_a_function_gives_is_none_to_the_entity() -> None:
    source = (
        "def f(s, t):\n    parts = func.json_each(Boat.name).table_valued('value')\n"
        "    return s.execute(select(Boat.id).outerjoin(parts, parts.c.value.isnot(None)).where(Boat.tenant_id == t))\n"
    )
    assert _verdicts(source) == ["proven"]


TWO_KEYS = """
class Tenant(Base):
    __tablename__ = "tenants"
    id = Column(Integer, primary_key=True)
class Boat(Base):
    __tablename__ = "boats"
    id = Column(Integer, primary_key=True)
    tenant_id = Column(ForeignKey("tenants.id"))
class Tow(Base):
    __tablename__ = "tows"
    id = Column(Integer, primary_key=True)
    tug_id = Column(ForeignKey("boats.id"), nullable=False)
    towed_id = Column(ForeignKey("boats.id"), nullable=False)
    tug = relationship("Boat", foreign_keys=[tug_id])
    other = relationship("Boat", foreign_keys=[towed_id])
"""


@pytest.mark.parametrize(("relationship", "wanted"), [("tug", "proven"), ("other", "opaque")])
def test_of_two_keys_the_one_named_for_the_relationship_is_meant(relationship: str, wanted: str) -> None:
    code = f"def f(s, t):\n    return s.scalars(select(Tow).where(Tow.{relationship}.has(Boat.tenant_id == t)))\n"
    tree = {"fleet/models.py": TWO_KEYS.encode(), "fleet/views.py": code.encode()}
    found = scan(sorted(tree.items()), build_model(tree, None, tenant_columns=("tenant_id",)))
    assert [row.verdict for row in found.accesses] == [wanted]


LISTENER = """
class Owned:
    tenant_id = Column(ForeignKey("tenants.id"))
class Tenant(Base):
    __tablename__ = "tenants"
    id = Column(Integer, primary_key=True)
class Boat(Owned, Base):
    __tablename__ = "boats"
    id = Column(Integer, primary_key=True)
class Crew(Base):
    __tablename__ = "crews"
    id = Column(Integer, primary_key=True)
    tenant_id = Column(ForeignKey("tenants.id"))
@event.listens_for(Session, "do_orm_execute")
def confine(state):
    state.statement = state.statement.options(
        with_loader_criteria(Owned, lambda cls: cls.tenant_id == state.session.info["tenant"], include_aliases=True))
"""


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("s.scalars(select(Boat).where(Boat.id == i))", ("weak", "TENORM014")),
        ("s.query(Boat).filter(Boat.id == i).delete()", ("weak", "TENORM014")),
        ("s.scalars(select(Crew).where(Crew.id == i))", ("violation", "TENORM001")),
        ("s.execute(insert(Boat).values(id=i))", ("weak", "TENSQL004")),
    ],
)
def test_a_listener_on_the_session_confines_what_it_names(written: str, wanted: tuple[str, str]) -> None:
    tree = {"fleet/models.py": LISTENER.encode(), "fleet/views.py": f"def f(s, i):\n    return {written}\n".encode()}
    found = scan(sorted(tree.items()), build_model(tree, None, tenant_columns=("tenant_id",)))
    assert [(row.verdict, row.rule) for row in found.accesses] == [wanted]
