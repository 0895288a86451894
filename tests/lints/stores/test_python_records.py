"""Models that are asked for their rows by their own class, as in Peewee and Tortoise, or by a class made for any."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

PEEWEE = """
from peewee import *
db = PostgresqlDatabase("x")
class BaseModel(Model):
    class Meta:
        database = db
class Tenant(BaseModel):
    name = CharField()
class Boat(BaseModel):
    tenant = ForeignKeyField(Tenant, backref="boats")
    name = CharField(null=True)
    class Meta:
        table_name = "boats"
class Logbook(BaseModel):
    boat = ForeignKeyField(Boat, backref="logbooks", on_delete="CASCADE")
    day = DateField()
"""

TORTOISE = """
from tortoise import fields
from tortoise.models import Model
class Tenant(Model):
    id = fields.IntField(pk=True)
class Boat(Model):
    id = fields.IntField(pk=True)
    tenant = fields.ForeignKeyField("models.Tenant", related_name="boats")
    name = fields.CharField(max_length=20)
    class Meta:
        table = "boats"
class Logbook(Model):
    id = fields.UUIDField(pk=True)
    boat: fields.ForeignKeyRelation[Boat] = fields.ForeignKeyField("models.Boat", related_name="logbooks")
"""

OF_PEEWEE: dict[str, tuple[str, list[str]]] = {
    "by its key": ("Boat.select().where(Boat.id == i).get()", ["violation"]),
    "by its key and the tenant": ("Boat.select().where((Boat.id == i) & (Boat.tenant_id == t)).get()", ["proven"]),
    "by its key or the tenant": ("Boat.select().where((Boat.id == i) | (Boat.tenant == t))", ["violation"]),
    "one, by a condition": ("Boat.get(Boat.id == i)", ["violation"]),
    "one, by conditions": ("Boat.get(Boat.id == i, Boat.tenant == t)", ["proven"]),
    "one, by its key": ("Boat.get_by_id(i)", ["violation"]),
    "one, by keywords": ("Boat.get_or_none(id=i, tenant=t)", ["proven"]),
    "changed": ("Boat.update(name='x').where(Boat.id == i).execute()", ["violation"]),
    "changed, the tenant's": ("Boat.update({Boat.name: 'x'}).where(Boat.tenant == t).execute()", ["proven"]),
    "deleted, in a list": ("Boat.delete().where(Boat.id << i).execute()", ["violation"]),
    "deleted, by its key": ("Boat.delete_by_id(i)", ["violation"]),
    "made": ("Boat.create(tenant=t, name=i)", ["proven"]),
    "made without a tenant": ("Boat.create(name=i)", ["weak"]),
    "an object that is written": ("Boat.update(**i).where(Boat.tenant == t).execute()", ["weak"]),
    "moved": ("Boat.update(tenant=i).where(Boat.tenant == t).execute()", ["violation"]),
    "made of an object": ("Boat.create(**i)", ["opaque"]),
    "made of an object, with the tenant": ("Boat.create(**i, tenant=t)", ["proven"]),
    "in the place of what is there": ("Boat.replace(id=i, tenant=t).execute()", ["violation", "violation"]),
    "in the way by a key": (
        "Boat.insert(id=i, tenant=t).on_conflict(conflict_target=[Boat.id], update={Boat.name: 'x'}).execute()",
        ["violation"],
    ),
    "in the way by a key with the tenant": (
        (
            "Boat.insert(name=i, tenant=t).on_conflict(conflict_target=[Boat.tenant, Boat.name],"
            " update={Boat.name: 'x'}).execute()"
        ),
        ["proven"],
    ),
    "rows that are handed over": ("Boat.bulk_update(i, fields=[Boat.name])", ["weak"]),
    "several made that are handed over": ("Boat.bulk_create(i)", ["opaque"]),
    "several made": ("Boat.insert_many([{'tenant': t, 'name': n} for n in i]).execute()", ["proven"]),
    "joined": ("Logbook.select().join(Boat, JOIN.LEFT_OUTER).where(Boat.tenant == t)", ["proven"]),
    "joined on a condition": (
        "Logbook.select(Logbook, Boat).join(Boat, on=(Logbook.boat == Boat.id)).where(Boat.tenant == t)",
        ["proven"],
    ),
    "under a sub-query": (
        "Logbook.select().where(Logbook.boat.in_(Boat.select().where(Boat.tenant == t)))",
        ["proven"],
    ),
    "counted": ("Boat.select(fn.COUNT(Boat.id)).where(Boat.name == i).scalar()", ["violation"]),
    "by a subscript": ("Boat[i]", ["violation"]),
    "changed by a subscript": ("t\n    Boat[i] = {'name': t}", ["violation"]),
    "deleted by a subscript": ("t\n    del Boat[i]", ["violation"]),
    "a subscript of what is no model": ("Colour[i]", []),
    "SQL": ("db.execute_sql('SELECT * FROM boats WHERE id = %s', (i,))", ["violation"]),
    "a class that is no model": ("Config.get(name=i)", []),
}

OF_TORTOISE: dict[str, tuple[str, list[str]]] = {
    "by its key": ("await Boat.get(id=i)", ["violation"]),
    "by its key and the tenant": ("await Boat.get(id=i, tenant_id=t)", ["proven"]),
    "all of them": ("await Boat.all().limit(3)", ["violation"]),
    "the tenant's": ("await Boat.filter(tenant=t).first()", ["proven"]),
    "by its key or the tenant": ("await Boat.filter(Q(id=i) | Q(tenant=t))", ["violation"]),
    "along a relation": ("await Logbook.filter(boat__tenant_id=t)", ["proven"]),
    "changed": ("await Boat.filter(id=i).update(name='x')", ["violation"]),
    "deleted": ("await Boat.filter(id=i).delete()", ["violation"]),
    "whether there is one": ("await Boat.exists(id=i)", ["violation"]),
    "made": ("await Boat.create(tenant_id=t, name=i)", ["proven"]),
    "made and saved": ("await Boat(name=i, tenant_id=t).save()", ["proven"]),
    "under keys of others": (
        "await Logbook.filter(boat_id__in=await Boat.filter(tenant=t).values_list('id', flat=True))",
        ["proven"],
    ),
}

PONY = """
from pony.orm import *
db = Database()
class Tenant(db.Entity):
    boats = Set("Boat")
class Boat(db.Entity):
    _table_ = ("fleet", "boats")
    id = PrimaryKey(int, auto=True)
    name = Optional(str)
    tenant = Required(Tenant)
    crew = Set("Sailor")
class Yacht(Boat):
    masts = Required(int)
class Sailor(db.Entity):
    name = Required(str)
    boat = Required(lambda: Boat, column="boat_key")
class Logbook(db.Entity):
    boat = Required("Boat")
"""

OF_PONY: dict[str, tuple[str, list[str]]] = {
    "by a subscript": ("Boat[i].to_dict()", ["violation"]),
    "by its key": ("Boat.get(id=i)", ["violation"]),
    "by its key and the tenant": ("Boat.get(id=i, tenant=t)", ["proven"]),
    "a generator": ("select(b for b in Boat if b.id == i)[:]", ["violation"]),
    "a generator with the tenant": ("select(b for b in Boat if b.tenant == t and b.name == i)[:10]", ["proven"]),
    "a generator with the tenant or not": ("select(b for b in Boat if b.tenant == t or b.name == i)", ["violation"]),
    "a generator with the tenant's key": ("select(b.name for b in Boat if b.tenant.id == t).first()", ["proven"]),
    "a generator, the value before": ("select(b for b in Boat if t == b.tenant)", ["proven"]),
    "a generator without the tenant": ("select(b for b in Boat if b.tenant != t)", ["violation"]),
    "a generator with tenants": ("select(b for b in Boat if not b.tenant == t)", ["violation"]),
    "two conditions": ("select(b for b in Boat if b.name.startswith(i) if b.tenant == t)", ["proven"]),
    "along a relation": ("select(x for x in Logbook if x.boat.tenant == t).order_by(Logbook.id)", ["proven"]),
    "along a relation to another column": ("select(x for x in Logbook if x.boat.name == i)", ["violation"]),
    "rows that come with it": ("select((b, x) for b in Boat for x in b.logbooks if b.tenant == t)", ["proven"]),
    "rows beside it": ("select((b, x) for b in Boat for x in Logbook if x.boat == b)", ["opaque"]),
    "a condition that is not read": ("select(b for b in Boat if mine(b))", ["opaque"]),
    "of an entity that is made of another": ("select(y for y in Yacht if y.masts > 2)", ["violation"]),
    "of an entity that is made of another, with the tenant": ("Yacht.get(id=i, tenant=t)", ["proven"]),
    "a lambda": ("Boat.select(lambda b: b.name == i)[:]", ["violation"]),
    "a lambda with the tenant": ("Boat.select(lambda b: b.tenant == t)", ["proven"]),
    "more of a query": ("Boat.select().filter(lambda b: b.tenant == t)", ["proven"]),
    "one by a lambda": ("Boat.get(lambda b: b.id == i)", ["violation"]),
    "one by a generator": ("get(b for b in Boat if b.id == i and b.tenant == t)", ["proven"]),
    "whether there is one": ("exists(b for b in Boat if b.name == i)", ["violation"]),
    "counted": ("count(b for b in Boat)", ["violation"]),
    "deleted": ("delete(b for b in Boat if b.name == i)", ["violation"]),
    "deleted, the tenant's": ("delete(b for b in Boat if b.tenant == t)", ["proven"]),
    "made": ("Boat(name=i, tenant=t)", ["proven"]),
    "made of an object": ("Boat(**i)", ["opaque"]),
    "given an object": ("t\n    boat = Boat.get(id=i, tenant=t)\n    boat.set(**i)", ["proven", "weak"]),
    "a list of what is no entity": ("sorted(b for b in boats if b.name == i)", []),
    "a class that is no entity": ("Config(name=i)", []),
}

MODELS = """
class Tenant(Base):
    __tablename__ = "tenants"
    id = Column(Integer, primary_key=True)
class Boat(Base):
    __tablename__ = "boats"
    id = Column(Integer, primary_key=True)
    tenant_id = Column(ForeignKey("tenants.id"), nullable=False)
class Crew(Base):
    __tablename__ = "crews"
    id = Column(Integer, primary_key=True)
    tenant_id = Column(ForeignKey("tenants.id"), nullable=False)
class Country(Base):
    __tablename__ = "countries"
    id = Column(Integer, primary_key=True)
    code = Column(String)
"""

BASE = """
class BaseRepo(Generic[ModelType, CreateType]):
    def __init__(self, model: type[ModelType], session):
        self.model = model
    def one(self, id):
        return self.session.query(self.model).filter(self.model.id == id).first()
    def mine(self, t):
        return self.session.scalars(select(self.model).where(self.model.tenant_id == t)).all()
    def make(self, given, t):
        made = self.model(**given.dict(), tenant_id=t)
        self.session.add(made)
"""

USED: dict[str, tuple[str, list[str]]] = {
    "made for a model": (
        "crew = BaseRepo(Crew)\ncountry = BaseRepo(Country)\nboat = BaseRepo(Boat)\n",
        ["violation", "proven", "proven"],
    ),
    "typed with a model": (
        "class BoatRepo(BaseRepo[Boat, BoatCreate]):\n    pass\n",
        ["violation", "proven", "proven"],
    ),
    "handed a model": (
        "class BoatRepo(BaseRepo):\n    def __init__(self, session):\n        super().__init__(Boat, session)\n",
        ["violation", "proven", "proven"],
    ),
    "named by a class between": (
        "class Between(BaseRepo[ModelType]):\n    pass\nclass BoatRepo(Between[Boat]):\n    pass\n",
        ["violation", "proven", "proven"],
    ),
    "for nothing of a tenant's": ("country = BaseRepo(Country)\n", []),
    "for nothing": ("", []),
    "what a class asks for itself": (
        (
            "class CrewRepo(BaseRepo[Crew]):\n    def named(self, n):\n"
            "        return self.session.scalars(select(self.model).where(self.model.name == n))\n"
        ),
        ["violation", "proven", "proven", "violation"],
    ),
}


def _verdicts(models: str, source: str) -> list[str]:
    tree = {"fleet/models.py": models.encode(), "fleet/views.py": source.encode()}
    found = scan(sorted(tree.items()), build_model(tree, None, tenant_columns=("tenant_id",)))
    return [row.verdict for row in found.accesses if row.path == "fleet/views.py"]


@pytest.mark.parametrize("name", OF_PEEWEE)
def test_peewee(name: str) -> None:
    written, wanted = OF_PEEWEE[name]
    assert _verdicts(PEEWEE, f"def f(t, i):\n    x = {written}\n") == wanted


@pytest.mark.parametrize("name", OF_PONY)
def test_pony(name: str) -> None:
    written, wanted = OF_PONY[name]
    assert _verdicts(PONY, f"from pony.orm import *\ndef f(t, i):\n    x = {written}\n") == wanted


@pytest.mark.parametrize("name", OF_TORTOISE)
def test_tortoise(name: str) -> None:
    written, wanted = OF_TORTOISE[name]
    assert _verdicts(TORTOISE, f"async def f(t, i):\n    return {written}\n") == wanted


@pytest.mark.parametrize("name", USED)
def test_class_for_any_model(name: str) -> None:
    written, wanted = USED[name]
    tree = {"a/base.py": BASE.encode(), "a/models.py": MODELS.encode(), "a/repo.py": written.encode()}
    found = scan(sorted(tree.items()), build_model(tree, None, tenant_columns=("tenant_id",)))
    assert [row.verdict for row in found.accesses] == wanted


ABOVE = """
class RepositoryBase(Generic[M]):
    model: type[M]
    def get_base_statement(self) -> Select[tuple[M]]:
        return select(self.model)
class SoftMixin[M: Soft[int]]:
    def get_base_statement(self, *, include_deleted: bool = False) -> Select[tuple[M]]:
        statement = super().get_base_statement()
        if not include_deleted:
            statement = statement.where(self.model.deleted_at.is_(None))
        return statement
class TenantBase(RepositoryBase[M]):
    def get_base_statement(self):
        return super().get_base_statement().where(self.model.tenant_id == self.tenant_id)
"""

BELOW = """
class BoatRepo(SoftMixin[Boat], RepositoryBase[Boat]):
    model = Boat
    def by_name(self, n):
        return self.all(self.get_base_statement().where(Boat.name == n))
    def mine(self, t):
        return self.all(self.get_base_statement().where(Boat.tenant_id == t))
    def var(self, n):
        statement = self.get_base_statement()
        statement = statement.where(Boat.name == n)
        return self.all(statement)
class CrewRepo(TenantBase[Crew]):
    model = Crew
    def by_name(self, n):
        return self.all(self.get_base_statement().where(Crew.name == n))
class Own(RepositoryBase[Crew]):
    model = Crew
    def get_base_statement(self):
        return super().get_base_statement().where(self.model.tenant_id == current())
    def by_name(self, n):
        return self.all(self.get_base_statement().where(Crew.name == n))
"""


def test_what_a_base_begins_is_known_where_it_names_nothing_of_a_tenant() -> None:
    """One that only begins takes nothing away and adds nothing; one that compares may have tied the rows."""
    tree = {"a/base.py": ABOVE.encode(), "a/models.py": MODELS.encode(), "a/repo.py": BELOW.encode()}
    found = scan(sorted(tree.items()), build_model(tree, None, tenant_columns=("tenant_id",)))
    by_line = [(row.line, row.verdict) for row in found.accesses if row.path == "a/repo.py"]
    assert [verdict for _, verdict in sorted(by_line)] == [
        "violation", "proven", "violation", "opaque", "proven", "proven",
    ]  # fmt: skip
