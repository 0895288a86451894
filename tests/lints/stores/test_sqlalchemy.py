"""Calls of SQLAlchemy end to end: schema, chain, the SQL it stands for, verdict and rule."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

from . import calls

CASES: dict[str, calls.Case] = {
    "sqlalchemy: by a key that is named": (
        "sqlalchemy",
        "def f(session, id):\n    return session.get_one(entity=Boat, ident=id)\n",
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: by a key, or not found": (
        "sqlalchemy",
        "def f(id):\n    return db.get_or_404(Boat, id)\n",
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: the children of a row": (
        "sqlalchemy",
        (
            "def f(db, id, t):\n    boat = db.query(Boat).filter_by(id=id, tenant_id=t).one()\n"
            "    return db.query(Logbook).with_parent(boat).all()\n"
        ),
        [("proven", None), ("weak", "TENORM002")],
    ),
    "sqlalchemy: a row as a route is sent it": (
        "sqlalchemy",
        '@router.post("/b")\ndef f(boat: Boat, db=Depends(session)):\n    db.add(boat)\n',
        [("opaque", "TENORM013")],
    ),
    "sqlalchemy: rows as a route is sent them": (
        "sqlalchemy",
        '@router.post("/b")\ndef f(boats: list[Boat], db=Depends(session)):\n    db.add_all(boats)\n',
        [("opaque", "TENORM013")],
    ),
    "sqlalchemy: a row that a route is sent, given the caller's tenant": (
        "sqlalchemy",
        (
            '@router.post("/b")\ndef f(boat: Boat, user=Depends(me), db=Depends(session)):\n'
            "    boat.tenant_id = user.tenant_id\n    db.add(boat)\n"
        ),
        [("proven", None)],
    ),
    "sqlalchemy: a row that a function is handed is its caller's": (
        "sqlalchemy",
        "def f(boat: Boat, db):\n    db.add(boat)\n",
        [],
    ),
    "sqlalchemy: a row that gets its attributes after it is made": (
        "sqlalchemy",
        "def f(db, user, n):\n    boat = Boat()\n    boat.tenant_id = user.tenant_id\n    boat.name = n\n    db.add(boat)\n",
        [("proven", None)],
    ),
    "sqlalchemy: a model by its module": (
        "sqlalchemy",
        "def f(db, id):\n    return db.query(models.Boat).filter(models.Boat.id == id).first()\n",
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: a count over a column": (
        "sqlalchemy",
        "def f(db):\n    return db.scalar(select(func.count(Boat.id).label('n')).where(Boat.name == 'a'))\n",
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: what is told of no rows comes first": (
        "sqlalchemy",
        "def f(db, t):\n    return db.execute(select(func.count(), Logbook.id).join(Boat).where(Boat.tenant_id == t))\n",
        [("proven", None)],
    ),
    "sqlalchemy: a column of a sub-query comes first": (
        "sqlalchemy",
        "def f(db, s, t):\n    return db.execute(select(s.c.day, func.count(Boat.id)).select_from(s).join(Boat, Boat.tenant_id == t, isouter=True))\n",
        [],
    ),
    "sqlalchemy: FROM comes with select_from": (
        "sqlalchemy",
        "def f(db):\n    return db.scalar(select(func.count()).select_from(Boat).where(Boat.name == 'a'))\n",
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: what is selected is joined to where FROM begins": (
        "sqlalchemy",
        (
            "def f(db, t):\n    return db.scalars(sa.select(Logbook.id).select_from(Boat)"
            ".join(Logbook, Logbook.boat_id == Boat.id).where(Boat.tenant_id == t))\n"
        ),
        [("proven", None)],
    ),
    "sqlalchemy: the model that a repository names": (
        "sqlalchemy",
        (
            "class R(Base):\n    model = Boat\n    def f(self, id):\n"
            "        return self.db.execute(select(self.model).where(self.model.id == id))\n"
        ),
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: the model that a repository names, with the tenant": (
        "sqlalchemy",
        (
            "class R(Base):\n    model = Boat\n    def f(self, t):\n"
            "        return self.db.execute(select(self.model).where(self.model.tenant_id == t))\n"
        ),
        [("proven", None)],
    ),
    "sqlalchemy: more of a statement that a base class begins": (
        "sqlalchemy",
        (
            "class R(Base):\n    model = Boat\n    def f(self, n):\n"
            "        return self.one(self.get_base_statement().where(Boat.name == n))\n"
        ),
        [("opaque", "TENORM013")],
    ),
    "sqlalchemy: a table that is no class": (
        "sqlalchemy",
        "def f(db, n):\n    return db.query(crews.c.id).filter(crews.c.boat_id > n).all()\n",
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: joined to a table that is no class": (
        "sqlalchemy",
        (
            "def f(db, t):\n    return db.query(Boat).join(crews, crews.c.boat_id == Boat.id)"
            ".filter(Boat.tenant_id == t, crews.c.tenant_id == t).all()\n"
        ),
        [("proven", None)],
    ),
    "sqlalchemy: a key of what is joined, of an instance that the code has": (
        "sqlalchemy",
        (
            "def f(db, boat):\n    return db.query(Logbook).join(crews, crews.c.id == Logbook.id)"
            ".filter(crews.c.boat_id == boat.id).all()\n"
        ),
        [("weak", "TENORM002")],
    ),
    "sqlalchemy: a held key of another table says nothing of this one": (
        "sqlalchemy",
        "def f(db, crew):\n    return db.query(Boat).join(crews, crews.c.boat_id > Boat.id).filter(crews.c.id == crew.id)\n",
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: a sub-query about a row of the query around it": (
        "sqlalchemy",
        (
            "def f(db, t):\n    logs = select(Logbook.id).where(Logbook.boat_id == Boat.id)\n"
            "    return db.scalars(select(Boat).where(logs.where(Logbook.id > 1).exists(), Boat.tenant_id == t))\n"
        ),
        [("proven", None)],
    ),
    "sqlalchemy: a column of a sub-query is no caller's value": (
        "sqlalchemy",
        (
            "def f(db):\n    parent = make_parent().subquery()\n"
            "    return db.execute(update(Boat).where(Boat.tenant_id == parent.c.tenant_id).values(name='a'))\n"
        ),
        [("opaque", "TENORM013")],
    ),
    "sqlalchemy: a column of an alias is no caller's value": (
        "sqlalchemy",
        (
            "def f(db):\n    other = aliased(Boat)\n"
            "    return db.scalars(select(Boat).where(Boat.tenant_id == other.tenant_id))\n"
        ),
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: select by id": (
        "sqlalchemy",
        "def f(s, id):\n    return s.execute(select(Boat).where(Boat.id == id))\n",
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: both conditions": (
        "sqlalchemy",
        "def f(s, t, id):\n    return s.scalar(select(Boat).where(and_(Boat.id == id, Boat.tenant_id == t)))\n",
        [("proven", None)],
    ),
    "sqlalchemy: query, filter_by and join": (
        "sqlalchemy",
        "def f(s, t, id):\n    return s.query(Logbook).join(Boat).filter(Boat.tenant_id == t, Logbook.id == id).first()\n",
        [("proven", None)],
    ),
    "sqlalchemy: session.get": (
        "sqlalchemy",
        "def f(session, id):\n    return session.get(Boat, id)\n",
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: an optional tenant": (
        "sqlalchemy",
        "def f(s, t=None):\n    q = s.query(Boat)\n    if t is not None:\n        q = q.filter(Boat.tenant_id == t)\n    return q.all()\n",
        [("violation", "TENORM005")],
    ),
    "sqlalchemy: a list of conditions": (
        "sqlalchemy",
        "def f(s, t, id):\n    c = [Boat.id == id]\n    c.append(Boat.tenant_id == t)\n    return s.execute(select(Boat).where(*c))\n",
        [("proven", None)],
    ),
    "sqlalchemy: or_": (
        "sqlalchemy",
        "def f(s, t, id):\n    return s.execute(select(Boat).where(or_(Boat.id == id, Boat.tenant_id == t)))\n",
        [("violation", "TENORM006")],
    ),
    "sqlalchemy: update": (
        "sqlalchemy",
        "def f(s, id):\n    s.execute(update(Boat).where(Boat.id == id).values(name='x'))\n",
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: a relation compared with an instance": (
        "sqlalchemy",
        "def f(s, boat):\n    return s.query(Logbook).filter(Logbook.boat == boat).all()\n",
        [("weak", "TENORM002")],
    ),
    "sqlalchemy: the tenant compared as a relation": (
        "sqlalchemy",
        "def f(s, tenant, n):\n    return s.query(Pier).filter(Pier.tenant == tenant, Pier.id == n).all()\n",
        [("proven", None)],
    ),
    "sqlalchemy: not this tenant": (
        "sqlalchemy",
        "def f(s, tenant, n):\n    return s.query(Pier).filter(Pier.tenant != tenant).all()\n",
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: two keys to tenants": (
        "sqlalchemy",
        "def f(s, tenant, n):\n    return s.query(Loan).filter(Loan.lender == tenant).all()\n",
        [("opaque", "TENORM013")],
    ),
    "sqlalchemy: a function of a column": (
        "sqlalchemy",
        "def f(s, n):\n    return s.query(Boat).filter(func.lower(Boat.name) == n).all()\n",
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: a function of the tenant's column": (
        "sqlalchemy",
        "def f(s, t):\n    return s.query(Boat).filter(func.coalesce(Boat.tenant_id) == t).all()\n",
        [("opaque", "TENORM013")],
    ),
    "sqlalchemy: an instance with its tenant is added": (
        "sqlalchemy",
        "def f(session, n, t):\n    session.add(Boat(name=n, tenant_id=t))\n",
        [("proven", None)],
    ),
    "sqlalchemy: an instance without a tenant is added": (
        "sqlalchemy",
        "def f(session, n):\n    session.add(Boat(name=n))\n",
        [("weak", "TENSQL004")],
    ),
    "sqlalchemy: an instance that gets its tenant later": (
        "sqlalchemy",
        "def f(session, n, t):\n    boat = models.Boat(name=n)\n    boat.tenant_id = t\n    session.add(boat)\n",
        [("proven", None)],
    ),
    "sqlalchemy: an instance made of what a client sent": (
        "sqlalchemy",
        "def f(session):\n    session.add(Boat(**request.json))\n",
        [("violation", "TENORM004")],
    ),
    "sqlalchemy: what a client sent, then the caller's tenant": (
        "sqlalchemy",
        "def f(session, t):\n    session.add(Boat(**request.json, tenant_id=t))\n",
        [("proven", None)],
    ),
    "sqlalchemy: a set of classes is no session": ("sqlalchemy", "def f(seen, n):\n    seen.add(Boat(name=n))\n", []),
    "sqlalchemy: several are added": (
        "sqlalchemy",
        "def f(session, n, t):\n    session.add_all([Boat(name=n, tenant_id=t)])\n",
        [("proven", None)],
    ),
    "sqlalchemy: merged by a caller's key": (
        "sqlalchemy",
        "def f(session, d, t):\n    session.merge(Boat(id=d, tenant_id=t))\n",
        [("violation", "TENORM004"), ("violation", "TENORM008")],
    ),
    "sqlalchemy: mappings": (
        "sqlalchemy",
        "def f(session, n, t):\n    session.bulk_insert_mappings(Boat, [{'name': n, 'tenant_id': t}])\n",
        [("proven", None)],
    ),
    "sqlalchemy: mappings by key": (
        "sqlalchemy",
        "def f(session, i, n):\n    session.bulk_update_mappings(Boat, [{'id': i, 'name': n}])\n",
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: an upsert on a caller's key": (
        "sqlalchemy",
        (
            "from sqlalchemy.dialects.postgresql import insert as pg_insert\ndef f(s, n, i, t):\n"
            "    s.execute(pg_insert(Boat).values(id=i, name=n, tenant_id=t).on_conflict_do_update(index_elements=['id'], set_={'name': n}))\n"
        ),
        [("violation", "TENORM008")],
    ),
    "sqlalchemy: an upsert on a key with the tenant": (
        "sqlalchemy",
        (
            "from sqlalchemy.dialects.postgresql import insert as pg_insert\ndef f(s, n, t):\n"
            "    s.execute(pg_insert(Boat).values(name=n, tenant_id=t).on_conflict_do_update(index_elements=['tenant_id', Boat.name], set_={'name': n}))\n"
        ),
        [("proven", None)],
    ),
    "sqlalchemy: an upsert on a constraint by its name": (
        "sqlalchemy",
        (
            "from sqlalchemy.dialects.postgresql import insert as pg_insert\ndef f(s, n, t):\n"
            "    s.execute(pg_insert(Boat).values(name=n, tenant_id=t).on_conflict_do_update(constraint='uq', set_={'name': n}))\n"
        ),
        [("opaque", "TENORM013")],
    ),
    "sqlalchemy: a function that is called insert": (
        "sqlalchemy",
        "from fleet.tools import insert as pg_insert\ndef f(s, n, t):\n    s.execute(pg_insert(Boat).values(name=n))\n",
        [],
    ),
    "sqlalchemy: a class asks for itself by its own columns": (
        "sqlalchemy",
        (
            "class Pier(Base):\n    id = primary_key('Pier')\n    tenant = relationship('Tenant')\n    @classmethod\n"
            "    def one(cls, i, tenant):\n        return cls.query.filter(cls.id == i, cls.tenant == tenant).one()\n"
        ),
        [("proven", None)],
    ),
    "sqlalchemy: a class asks for itself by its key alone": (
        "sqlalchemy",
        (
            "class Pier(Base):\n    id = primary_key('Pier')\n    @classmethod\n"
            "    def one(cls, i):\n        return cls.query.filter(cls.id == i).one()\n"
        ),
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: a class method goes on with another's query": (
        "sqlalchemy",
        (
            "class Pier(Base):\n    id = Column(Integer)\n    tenant = relationship('Tenant')\n    @classmethod\n"
            "    def of(cls, tenant):\n        return cls.query.filter(cls.tenant == tenant)\n    @classmethod\n"
            "    def one(cls, i, tenant):\n        return cls.of(tenant).filter(cls.id == i).one()\n"
        ),
        [("proven", None), ("proven", None)],
    ),
    "sqlalchemy: a row under an instance": (
        "sqlalchemy",
        "def f(session, boat):\n    session.add(Logbook(boat=boat))\n",
        [("weak", "TENORM002")],
    ),
    "sqlalchemy: a row under what a client names": (
        "sqlalchemy",
        "def f(session, i):\n    session.add(Logbook(boat_id=i))\n",
        [("violation", "TENORM002")],
    ),
    "sqlalchemy: a model by its module asks for itself": (
        "sqlalchemy",
        "def f(i):\n    return models.Boat.query.filter(models.Boat.id == i).one()\n",
        [("violation", "TENORM001")],
    ),
    "sqlalchemy: a model by its module asks for a tenant's": (
        "sqlalchemy",
        "def f(i, t):\n    return models.Boat.query.filter(models.Boat.id == i, models.Boat.tenant_id == t).one()\n",
        [("proven", None)],
    ),
    "sqlalchemy: a relation of a model by its module": (
        "sqlalchemy",
        "def f(n, slug):\n    t = models.Tenant.by_slug(slug)\n    return models.Pier.query.filter(models.Pier.id == n, models.Pier.tenant == t).one()\n",
        [("proven", None)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_call(name: str) -> None:
    calls.check(CASES[name])


def test_a_model_whose_file_is_named_like_a_test_is_a_model() -> None:
    tree = {
        "fleet/models/boat.py": calls.SQLALCHEMY.encode(),
        "fleet/models/test_set.py": b'class TestSet(Base):\n    __tablename__ = "test_sets"\n'
        b'    id = Column(Integer, primary_key=True)\n    tenant_id = Column(ForeignKey("tenants.id"))\n',
        "fleet/services/test_set.py": b"def f(db, id):\n    return db.query(models.TestSet).filter_by(id=id)\n",
    }
    (row,) = scan(sorted(tree.items()), build_model(tree, None)).accesses
    assert (row.verdict, row.rule, row.path_class) == ("violation", "TENORM001", "source")
