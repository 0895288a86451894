"""ORM and query builder calls end to end: schema, chain, the SQL it stands for, verdict and rule."""

from __future__ import annotations

import pytest

from lints.scan import CodeFacts, scan
from lints.schema import build_model

DJANGO = """
from django.db import models
class Tenant(models.Model):
    class Meta:
        db_table = "tenants"
class Boat(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.TextField()
    class Meta:
        db_table = "boats"
class Logbook(models.Model):
    boat = models.ForeignKey(Boat, on_delete=models.CASCADE)
    class Meta:
        db_table = "logbooks"
"""

SQLALCHEMY = """
class Tenant(Base):
    __tablename__ = "tenants"
    id = Column(Integer, primary_key=True)
class Boat(Base):
    __tablename__ = "boats"
    id = Column(Integer, primary_key=True)
    tenant_id = Column(ForeignKey("tenants.id"), nullable=False)
    name = Column(String)
class Logbook(Base):
    __tablename__ = "logbooks"
    id = Column(Integer, primary_key=True)
    boat_id = Column(ForeignKey("boats.id"), nullable=False)
    boat = relationship("Boat")
crews = Table("crews", Base.metadata, Column("id", Integer, primary_key=True),
    Column("tenant_id", ForeignKey("tenants.id"), nullable=False), Column("boat_id", ForeignKey("boats.id")))
"""

MEMBERS = """
model Tenant {
  id String @id
  boats Boat[]
  members Member[]
}
model User {
  id String @id
  members Member[]
}
model Member {
  id String @id
  tenantId String
  userId String
  tenant Tenant @relation(fields: [tenantId], references: [id])
  user User @relation(fields: [userId], references: [id])
  @@unique([tenantId, userId])
}
model Boat {
  id String @id
  tenantId String
  tenant Tenant @relation(fields: [tenantId], references: [id])
  logbooks Logbook[]
}
model Logbook {
  id String @id
  boatId String
  boat Boat @relation(fields: [boatId], references: [id])
  entries Entry[]
}
model Entry {
  id String @id
  logbookId String
  logbook Logbook @relation(fields: [logbookId], references: [id])
}
"""

PRISMA = """
model Tenant { id String @id
  boats Boat[]
}
model Boat { id String @id
  tenantId String @map("tenant_id")
  tenant Tenant @relation(fields: [tenantId], references: [id])
  name String?
  logbooks Logbook[]
}
model Logbook { id String @id
  boatId String
  boat Boat @relation(fields: [boatId], references: [id])
}
"""

TYPEORM = """
@Entity("tenants") export class Tenant { @PrimaryColumn() id: string; }
@Entity("boats") export class Boat {
  @PrimaryColumn() id: string;
  @Column({ name: "tenant_id" }) tenantId: string;
  @ManyToOne(() => Tenant) @JoinColumn({ name: "tenant_id" }) tenant: Tenant;
  @Column() name: string;
}
@Entity("logbooks") export class Logbook {
  @PrimaryColumn() id: string;
  @ManyToOne(() => Boat) @JoinColumn({ name: "boat_id" }) boat: Boat;
}
"""

DRIZZLE = """
export const tenants = pgTable("tenants", { id: uuid("id").primaryKey() });
export const boats = pgTable("boats", { id: uuid("id").primaryKey(), name: text("name"),
  tenantId: uuid("tenant_id").notNull().references(() => tenants.id) });
"""

SQL = """
CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants(id), name text);
CREATE TABLE logbooks (id uuid PRIMARY KEY, boat_id uuid NOT NULL REFERENCES boats(id));
"""

SCHEMAS = {
    "django": ("fleet/models.py", DJANGO, "fleet/views.py"),
    "sqlalchemy": ("fleet/models.py", SQLALCHEMY, "fleet/views.py"),
    "prisma": ("prisma/schema.prisma", PRISMA, "src/a.ts"),
    "members": ("prisma/schema.prisma", MEMBERS, "src/a.ts"),
    "typeorm": ("src/entities.ts", TYPEORM, "src/a.ts"),
    "drizzle": ("src/schema.ts", DRIZZLE, "src/a.ts"),
    "sql-ts": ("db/migrations/1.sql", SQL, "src/a.ts"),
    "sql-rb": ("db/migrations/1.sql", SQL, "app/models/a.rb"),
}

CASES: dict[str, tuple[str, str, list[tuple[str, str | None]]]] = {
    "django: by pk only": ("django", "def f(pk):\n    return Boat.objects.get(pk=pk)\n", [("violation", "TENORM001")]),
    "django: with the tenant": (
        "django",
        "def f(t, pk):\n    return Boat.objects.filter(tenant=t).get(pk=pk)\n",
        [("proven", None)],
    ),
    "django: along a relation": (
        "django",
        "def f(t, pk):\n    return Logbook.objects.filter(boat__tenant_id=t, pk=pk).first()\n",
        [("proven", None)],
    ),
    "django: a relation key only": (
        "django",
        "def f(boat):\n    return Logbook.objects.filter(boat=boat)\n",
        [("weak", "TENORM002")],
    ),
    "django: a held instance": (
        "django",
        "def f(self):\n    return Boat.objects.get(pk=self.boat.id)\n",
        [("weak", "TENORM003")],
    ),
    "django: an OR beside the tenant": (
        "django",
        "def f(t, n):\n    return list(Boat.objects.filter(Q(tenant=t) | Q(name=n)))\n",
        [("violation", "TENORM006")],
    ),
    "django: a filter on some paths only": (
        "django",
        "def f(t=None):\n    qs = Boat.objects.filter(name='a')\n    if t:\n        qs = qs.filter(tenant=t)\n    return qs\n",
        [("violation", "TENORM005")],
    ),
    "django: more of a query that a base class begins, without a tenant": (
        "django",
        (
            "class V(View):\n    model = Boat\n    def get_queryset(self):\n"
            "        return super().get_queryset().filter(name='a')\n"
        ),
        [("opaque", "TENORM013")],
    ),
    "django: more of a query that a base class begins, with the tenant": (
        "django",
        (
            "class V(View):\n    model = Boat\n    def get_queryset(self):\n"
            "        return super().get_queryset().filter(tenant=self.request.tenant)\n"
        ),
        [("proven", None)],
    ),
    "django: a class method asks its own class": (
        "django",
        "class Boat(Model):\n    @classmethod\n    def f(cls, n):\n        return cls.objects.filter(name=n)\n",
        [("violation", "TENORM001")],
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
    "django: a row under an instance that the code holds": (
        "django",
        "def f(boat):\n    return Logbook.objects.create(boat=boat)\n",
        [("weak", "TENORM002")],
    ),
    "django: a row under what a client names": (
        "django",
        "def f(request):\n    return Logbook.objects.create(boat_id=request.data['boat'])\n",
        [("violation", "TENORM002")],
    ),
    "django: rows under a list of what another query loaded": (
        "django",
        "def f(t):\n    boats = Boat.objects.filter(tenant=t)\n    return Logbook.objects.filter(boat__in=boats)\n",
        [("proven", None), ("weak", "TENORM002")],
    ),
    "django: what is done with a record is no query": (
        "django",
        (
            "def f(pk):\n    boat = Boat.objects.get(pk=pk)\n    boat.name = 'a'\n    boat.save()\n"
            "    boat.refresh_from_db()\n    return boat.delete()\n"
        ),
        [("violation", "TENORM001")],
    ),
    "django: one query used in two ways is told once": (
        "django",
        "def f():\n    boats = Boat.objects.filter(name='a')\n    return boats.count(), boats.order_by('name')\n",
        [("violation", "TENORM001")],
    ),
    "django: a validator asks by itself": (
        "django",
        "class S:\n    validators = [UniqueTogetherValidator(queryset=Boat.objects.all(), fields=['tenant', 'name'])]\n",
        [],
    ),
    "django: asked whether the caller may touch it": (
        "django",
        (
            "def f(self, request, pk):\n    boat = Boat.objects.get(pk=pk)\n"
            "    self.check_object_permissions(request, boat)\n    return boat\n"
        ),
        [("weak", "TENORM010")],
    ),
    "prisma: asked whether the caller may touch another one": (
        "prisma",
        (
            "async function f(user, id, other) {\n  const boat = await prisma.boat.findUnique({ where: { id } });\n"
            '  authorize(user, "read", other);\n  return boat;\n}'
        ),
        [("violation", "TENORM001")],
    ),
    "prisma: tenants that somebody is a member of": (
        "members",
        "async function f(user) { return prisma.tenant.findMany({ where: { members: { some: { userId: user.id } } } }); }",
        [("weak", "TENSQL022")],
    ),
    "prisma: a boat of a tenant that the caller is a member of": (
        "members",
        (
            "async function f(user, id) { return prisma.boat.findFirst({"
            " where: { id, tenant: { members: { some: { userId: user.id } } } } }); }"
        ),
        [("weak", "TENSQL022")],
    ),
    "prisma: membership is one branch of an OR": (
        "members",
        (
            "async function f(user, id) { return prisma.boat.findFirst({"
            " where: { OR: [{ id }, { tenant: { members: { some: { userId: user.id } } } }] } }); }"
        ),
        [("violation", "TENORM006")],
    ),
    "prisma: a relation key further along": (
        "members",
        "async function f(boatId) { return prisma.entry.findMany({ where: { logbook: { boatId } } }); }",
        [("weak", "TENORM002")],
    ),
    "prisma: the key of the parent itself": (
        "members",
        "async function f(id) { return prisma.entry.findMany({ where: { logbook: { boat: { id } } } }); }",
        [("weak", "TENORM002")],
    ),
    "prisma: another column further along is no key": (
        "members",
        "async function f(id) { return prisma.entry.findMany({ where: { logbook: { boat: { id: { gt: id } } } } }); }",
        [("violation", "TENORM001")],
    ),
    "drizzle: a value that is named like a table": (
        "drizzle",
        "async function f(ctx) { return db.update(tenants).set({ id: 'x' }).where(eq(tenants.id, ctx.tenants.id)); }",
        [("violation", "TENORM004")],
    ),
    "drizzle: a table of an imported schema": (
        "drizzle",
        "async function f(t) { return db.select().from(schema.boats).where(eq(schema.boats.tenantId, t)); }",
        [("proven", None)],
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
    "prisma: no such relation is not such a relation": (
        "members",
        "async function f(t) { return prisma.boat.findMany({ where: { tenant: { is: null } } }); }",
        [("opaque", "TENORM013")],
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
        [("opaque", "TENORM013")],
    ),
    "django: the class has a method that says what is asked for": (
        "django",
        (
            "class V(View):\n    queryset = Boat.objects.all()\n    def get_queryset(self):\n"
            "        return Boat.objects.filter(tenant=self.request.tenant)\n"
        ),
        [("proven", None)],
    ),
    "django: the method adds to the query of the class": (
        "django",
        (
            "class V(View):\n    queryset = Boat.objects.all()\n    def get_queryset(self):\n"
            "        return self.queryset.filter(name='a')\n"
        ),
        [("violation", "TENORM001")],
    ),
    "django: the query of a class without such a method": (
        "django",
        "class V(View):\n    queryset = Boat.objects.all()\n",
        [("violation", "TENORM001")],
    ),
    "drizzle: a row that is named like its table": (
        "drizzle",
        "async function f(boats) { return db.delete(schema.boats).where(eq(schema.boats.id, boats.id)); }",
        [("weak", "TENORM003")],
    ),
    "prisma: what a schema has read of the body": (
        "prisma",
        (
            "async function f(req, t, id) { const data = patch.parse(req.body);"
            " return prisma.boat.update({ where: { id, tenantId: t }, data }); }"
        ),
        [("proven", None)],
    ),
    "prisma: the body as it was sent": (
        "prisma",
        (
            "async function f(req, t, id) { const data = req.body;"
            " return prisma.boat.update({ where: { id, tenantId: t }, data }); }"
        ),
        [("violation", "TENORM004")],
    ),
    "django: get_object_or_404": (
        "django",
        "def f(pk):\n    return get_object_or_404(Boat, pk=pk)\n",
        [("violation", "TENORM001")],
    ),
    "django: filters out of sight": (
        "django",
        "def f(**filters):\n    return Boat.objects.filter(**filters)\n",
        [("opaque", "TENORM013")],
    ),
    "django: update and delete": (
        "django",
        "def f(t, pk):\n    Boat.objects.filter(pk=pk).update(name='x')\n    Boat.objects.filter(pk=pk, tenant=t).delete()\n",
        [("violation", "TENORM001"), ("proven", None)],
    ),
    "django: a tenant assigned": (
        "django",
        "def f(t, new, pk):\n    Boat.objects.filter(pk=pk, tenant=t).update(tenant=new)\n",
        [("violation", "TENORM004")],
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
    "prisma: by id only": (
        "prisma",
        "const f = (id) => prisma.boat.findUnique({ where: { id } });",
        [("violation", "TENORM001")],
    ),
    "prisma: with the tenant": (
        "prisma",
        "const f = (id, tenantId) => prisma.boat.findFirst({ where: { id, tenantId }, include: { logbooks: true } });",
        [("proven", None)],
    ),
    "prisma: along a relation": (
        "prisma",
        "const f = (id, t) => tx.logbook.findFirst({ where: { id, boat: { tenantId: t } } });",
        [("proven", None)],
    ),
    "prisma: OR": (
        "prisma",
        "const f = (id, t) => prisma.boat.findMany({ where: { OR: [{ id }, { tenantId: t }] } });",
        [("violation", "TENORM006")],
    ),
    "prisma: a conditional spread": (
        "prisma",
        "const f = (n, t) => prisma.boat.findMany({ where: { name: n, ...(t ? { tenantId: t } : {}) } });",
        [("violation", "TENORM005")],
    ),
    "prisma: a filter out of sight": (
        "prisma",
        "const f = (where) => prisma.boat.deleteMany({ where });",
        [("opaque", "TENORM013")],
    ),
    "prisma: deleteMany without where": (
        "prisma",
        "const f = () => prisma.boat.deleteMany();",
        [("violation", "TENORM001")],
    ),
    "prisma: upsert by id": (
        "prisma",
        "const f = (id, t) => prisma.boat.upsert({ where: { id }, create: { id, tenantId: t }, update: {} });",
        [("violation", "TENORM008")],
    ),
    "typeorm: an injected repository": (
        "typeorm",
        """
        class S {
          constructor(@InjectRepository(Boat) private readonly boats: Repository<Boat>) {}
          get(id: string) { return this.boats.findOne({ where: { id } }); }
          own(id: string, t: string) { return this.boats.findOneBy({ id, tenantId: t }); }
        }
        """,
        [("violation", "TENORM001"), ("proven", None)],
    ),
    "typeorm: AND binds before OR": (
        "typeorm",
        """
        async function f(ds, t, n, id) {
          return ds.getRepository(Boat).createQueryBuilder("b")
            .where("b.id = :id", { id }).orWhere("b.name = :n", { n }).andWhere("b.tenantId = :t", { t }).getMany();
        }
        """,
        [("violation", "TENORM006")],
    ),
    "typeorm: a query builder with orWhere": (
        "typeorm",
        """
        async function f(ds, t, n) {
          return ds.getRepository(Boat).createQueryBuilder("b")
            .where("b.tenantId = :t", { t }).orWhere("b.name = :n", { n }).getMany();
        }
        """,
        [("violation", "TENORM006")],
    ),
    "typeorm: a builder changed in place, on some paths only": (
        "typeorm",
        """
        async function f(ds, t, name) {
          const qb = ds.getRepository(Boat).createQueryBuilder("b").orderBy("b.name");
          if (name) qb.andWhere("b.name = :name", { name });
          if (t) qb.andWhere("b.tenantId = :t", { t });
          const [rows, total] = await qb.getManyAndCount();
          return rows;
        }
        """,
        [("violation", "TENORM005")],
    ),
    "typeorm: a joined query builder": (
        "typeorm",
        """
        async function f(ds, t, id) {
          return ds.getRepository(Logbook).createQueryBuilder("l").innerJoin("l.boat", "b")
            .where("l.id = :id").andWhere("b.tenantId = :t").getOne();
        }
        """,
        [("proven", None)],
    ),
    "drizzle: eq and and": (
        "drizzle",
        """
        const f = (db, id, t) => db.select().from(boats).where(and(eq(boats.id, id), eq(boats.tenantId, t)));
        const g = (db, id) => db.delete(boats).where(eq(boats.id, id));
        const h = (db, id) => db.query.boats.findFirst({ where: eq(boats.id, id) });
        """,
        [("proven", None), ("violation", "TENORM001"), ("violation", "TENORM001")],
    ),
    "knex: AND binds before OR": (
        "sql-ts",
        "const f = (id, t, n) => knex('boats').where({ id }).orWhere('name', n).andWhere('tenant_id', t);",
        [("violation", "TENORM006")],
    ),
    "knex: where and orWhere": (
        "sql-ts",
        """
        const f = (id, t) => knex('boats').where({ id, tenant_id: t }).first();
        const g = (id, t) => knex('boats').where('tenant_id', t).orWhere('id', id);
        const h = (id) => knex('boats').where('id', id).update({ name: 'x' });
        const j = (t, id) => knex('logbooks').join('boats', 'boats.id', 'logbooks.boat_id').where('boats.tenant_id', t);
        """,
        [("proven", None), ("violation", "TENORM006"), ("violation", "TENORM001"), ("proven", None)],
    ),
    "kysely": (
        "sql-ts",
        """
        const f = (db, id, t) => db.selectFrom('boats').selectAll().where('id', '=', id).where('tenant_id', '=', t).execute();
        const g = (db, id) => db.updateTable('boats').set({ name: 'x' }).where('id', '=', id).execute();
        """,
        [("proven", None), ("violation", "TENORM001")],
    ),
    "active record": (
        "sql-rb",
        """
        class S
          def f(id, t)
            Boat.find(id)
            Boat.where(tenant_id: t).find_by(id: id)
            Boat.where("tenant_id = ?", t).update_all(name: "x")
            Boat.where(id: id).delete_all
          end
        end
        """,
        [("violation", "TENORM001"), ("proven", None), ("proven", None), ("violation", "TENORM001")],
    ),
    "prisma: as sent": (
        "prisma",
        "const f=(req,t)=>prisma.boat.update({ where: { id: 1, tenantId: t }, data: req.body });",
        [("violation", "TENORM004")],
    ),
    "prisma: spread sent": (
        "prisma",
        "const f=(req,t)=>prisma.boat.update({ where: { id: 1, tenantId: t }, data: { ...req.body } });",
        [("violation", "TENORM004")],
    ),
    "prisma: spread then tenant": (
        "prisma",
        "const f=(req,t)=>prisma.boat.create({ data: { ...req.body, tenantId: t } });",
        [("opaque", "TENORM013")],
    ),
    "prisma: create sent": (
        "prisma",
        "const f=(req,t)=>prisma.boat.create({ data: { tenantId: t, ...req.body } });",
        [("violation", "TENORM004")],
    ),
    "prisma: input": (
        "prisma",
        "const f=(input,t)=>prisma.boat.update({ where: { id: 1, tenantId: t }, data: { name: input.name } });",
        [("proven", None)],
    ),
    "prisma: undefined chain": (
        "prisma",
        "const f=(s)=>prisma.boat.findMany({ where: { tenantId: s?.tenantId } });",
        [("weak", "TENORM007")],
    ),
    "prisma: optional param": (
        "prisma",
        "async function f(id: string, tenantId?: string){ return prisma.boat.findFirst({ where: { id, tenantId } }) }",
        [("violation", "TENORM007")],
    ),
    "prisma: optional param asked": (
        "prisma",
        "async function f(id: string, tenantId?: string){ if (!tenantId) throw new Error('x'); return prisma.boat.findFirst({ where: { id, tenantId } }) }",
        [("proven", None)],
    ),
    "prisma: optional in object": (
        "prisma",
        "async function f({ id, tenantId }: { id: string; tenantId?: string }){ return prisma.boat.findFirst({ where: { id, tenantId } }) }",
        [("violation", "TENORM007")],
    ),
    "prisma: required in object": (
        "prisma",
        "async function f({ id, tenantId }: { id: string; tenantId: string }){ return prisma.boat.findFirst({ where: { id, tenantId } }) }",
        [("proven", None)],
    ),
    "prisma: connect": (
        "prisma",
        "const f=(id,t,x)=>prisma.boat.update({ where: { id, tenantId: t }, data: { logbooks: { connect: { id: x } } } });",
        [("violation", "TENORM001"), ("violation", "TENORM002")],
    ),
    "prisma: compared": (
        "prisma",
        "async function f(id, ctx){ const boat = await prisma.boat.findUnique({ where: { id } }); if (boat.tenantId !== ctx.tenantId) throw new Error(); return boat }",
        [("weak", "TENORM010")],
    ),
    "prisma: held map": (
        "prisma",
        "async function f(old){ await prisma.boat.deleteMany({ where: { id: { in: old.map((b) => b.id) } } }) }",
        [("weak", "TENORM003")],
    ),
    "prisma: upsert": (
        "prisma",
        "const f=(id,t)=>prisma.boat.upsert({ where: { id, tenantId: t }, create: { id, tenantId: t }, update: {} });",
        [("proven", None)],
    ),
    "typeorm: assign save": (
        "typeorm",
        "async function f(req, ds){ const b = new Boat(); Object.assign(b, req.body); return ds.getRepository(Boat).save(b) }",
        [("violation", "TENORM004")],
    ),
    "typeorm: const body assign save": (
        "typeorm",
        "async function f(req, ds){ const body = req.body; const b = new Boat(); Object.assign(b, body); const r = ds.getRepository(Boat).create(b); return ds.getRepository(Boat).save(r) }",
        [("violation", "TENORM004")],
    ),
    "typeorm: assign loaded": (
        "typeorm",
        "async function f(req, ds, t){ const b = await ds.getRepository(Boat).findOneBy({ id: 1, tenantId: t }); Object.assign(b, req.body); return ds.getRepository(Boat).save(b) }",
        [("proven", None), ("violation", "TENORM008")],
    ),
    "typeorm: save dto": ("typeorm", "async function f(dto, ds){ return ds.getRepository(Boat).save(dto) }", []),
    "typeorm: save body": (
        "typeorm",
        "async function f(req, ds){ return ds.getRepository(Boat).save(req.body) }",
        [("violation", "TENORM008")],
    ),
    "typeorm: save body keyed": (
        "typeorm",
        "async function f(req, ds, id, t){ return ds.getRepository(Boat).save({ ...req.body, id, tenantId: t }) }",
        [],
    ),
    "typeorm: update body": (
        "typeorm",
        "async function f(req, ds, id, t){ return ds.getRepository(Boat).update({ id, tenantId: t }, req.body) }",
        [("violation", "TENORM004")],
    ),
    "typeorm: filter elsewhere": (
        "typeorm",
        "async function f(em, ctx){ return em.findOne(Boat, scoped({ id: 1 }, ctx)) }",
        [("opaque", "TENORM013")],
    ),
    "typeorm: em by id": (
        "typeorm",
        "async function f(em, id){ return em.findOne(Boat, { id }) }",
        [("violation", "TENORM001")],
    ),
    "typeorm: undefined": (
        "typeorm",
        "async function f(ds, tenantId?: string){ return ds.getRepository(Boat).find({ where: { tenantId } }) }",
        [("violation", "TENORM007")],
    ),
    "kysely: eb": (
        "sql-ts",
        "const f=(db,t)=>db.selectFrom('boats').where('tenant_id','=',t).where((eb) => eb.exists(eb.selectFrom('logbooks as l').whereRef('l.boat_id','=','boats.id'))).execute();",
        [("proven", None)],
    ),
    "kysely: alias": (
        "sql-ts",
        "const f=(db,t)=>db.selectFrom('boats as b').selectAll().where('b.tenant_id','=',t).execute();",
        [("proven", None)],
    ),
    "sequelize: unscoped": (
        "typeorm",
        "const f=(id)=>Boat.unscoped().findAll({ where: { id } });",
        [("violation", "TENORM011")],
    ),
    "rails: unscoped": (
        "sql-rb",
        "class S\n def f(id)\n  Boat.unscoped.find(id)\n end\nend\n",
        [("violation", "TENORM011")],
    ),
    "django: all_objects": (
        "django",
        "def f(pk):\n    return Boat.all_objects.get(pk=pk)\n",
        [("violation", "TENORM011")],
    ),
    "prisma: keys of rows that were loaded": (
        "prisma",
        """
        async function f(t) {
          const boats = await prisma.boat.findMany({ where: { tenantId: t } });
          return prisma.boat.deleteMany({ where: { id: { in: boats.map((b) => b.id) } } });
        }
        """,
        [("proven", None), ("weak", "TENORM003")],
    ),
    "prisma: keys that a client sent": (
        "prisma",
        "const f = (input) => prisma.boat.deleteMany({ where: { id: { in: input.boats.map((b) => b.id) } } });",
        [("violation", "TENORM001")],
    ),
    "kysely: a builder handed on may get its tenant there": (
        "sql-ts",
        "const f = (db, id) => scoped(db.selectFrom('boats').where('id', '=', id)).execute();",
        [("opaque", "TENORM013")],
    ),
    "prisma: the tenant that a client names": (
        "prisma",
        "const f = (req) => prisma.boat.findMany({ where: { tenantId: req.query.tenantId } });",
        [("weak", "TENCTX001")],
    ),
    "sql: the tenant that a client names": (
        "sql-ts",
        "const f = (req) => pool.query('SELECT name FROM boats WHERE tenant_id = $1', [req.headers['x-tenant-id']]);",
        [("weak", "TENCTX001")],
    ),
    "sql: the tenant of the session": (
        "sql-ts",
        "const f = (req) => pool.query('SELECT name FROM boats WHERE tenant_id = $1', [req.user.tenantId]);",
        [("proven", None)],
    ),
    "sql: markers of pg-promise": (
        "sql-ts",
        """
        const f = (t, id) => db.one('SELECT name FROM boats WHERE id = $<id> AND tenant_id = $<t>', { t, id });
        const g = (t, id) => db.one('SELECT name FROM boats WHERE id = $(id)', { id });
        const h = (w) => db.any('SELECT name FROM boats WHERE $<w:raw>', { w });
        """,
        [("proven", None), ("violation", "TENSQL001"), ("opaque", "TENSQL013")],
    ),
    "sql: markers of knex": (
        "sql-ts",
        "const f = (id) => knex.raw('UPDATE ?? SET name = ? WHERE id = ?', ['boats', 'x', id]);",
        [("opaque", "TENSQL013")],
    ),
    "prisma: a child of a row that is held": (
        "prisma",
        "const f = (boat) => prisma.logbook.create({ data: { id: '1', boatId: boat.id } });",
        [("weak", "TENORM002")],
    ),
    "prisma: a child of a row that the client names": (
        "prisma",
        "const f = (req) => prisma.logbook.create({ data: { id: '1', boatId: req.body.boatId } });",
        [("violation", "TENORM002")],
    ),
    "kysely: a sub-select grown on some paths": (
        "sql-ts",
        """
        const near = (eb, deep) => {
          let sub = eb.selectFrom('logbooks').whereRef('logbooks.boat_id', '=', 'boats.id');
          if (deep) sub = sub.where('logbooks.id', '=', deep);
          return sub;
        };
        """,
        [],
    ),
    "django: raw SQL": (
        "django",
        "def f(q, pk):\n    Boat.objects.raw(q)\n    Boat.objects.raw('SELECT * FROM boats WHERE id = %s', [pk])\n",
        [("opaque", "TENORM009"), ("violation", "TENSQL001")],
    ),
    "typeorm: raw SQL": (
        "typeorm",
        "async function f(ds, q) { return ds.getRepository(Boat).query(q); }",
        [("opaque", "TENORM009")],
    ),
}


def facts(schema: str, source: str) -> CodeFacts:
    path, declared, code = SCHEMAS[schema]
    tree = {path: declared.encode(), code: source.encode()}
    return scan(sorted(tree.items()), build_model(tree, None, tenant_columns=("tenant_id", "tenantId")))


@pytest.mark.parametrize("name", CASES)
def test_call(name: str) -> None:
    schema, source, wanted = CASES[name]
    found = facts(schema, source)
    rows = [row for row in found.accesses if row.path == SCHEMAS[schema][2]]
    assert [(row.verdict, row.rule) for row in rows] == wanted, [(row.sql, row.why) for row in rows]


def test_a_call_of_an_unknown_model_is_counted_not_judged() -> None:
    found = facts("django", "def f(pk):\n    return Elsewhere.objects.get(pk=pk)\n")
    assert found.accesses == ()
    assert found.numbers["orm_unknown"] == 1


def test_a_row_shows_the_sql_a_call_stands_for() -> None:
    (row,) = facts("django", "def f(pk):\n    return Boat.objects.get(pk=pk)\n").accesses
    assert row.sql == 'SELECT "boats".* FROM "boats" WHERE "boats"."id" = :h1'
    assert (row.line, row.column, row.snippet) == (2, 12, "Boat.objects.get(pk=pk)")


def test_parameters_with_types_are_of_clickhouse() -> None:
    source = "const q = `SELECT name FROM boats FINAL WHERE tenant_id = {t: UUID} AND id IN ({ids: Array(UUID)})`; ch.query({ query: q });"
    (row,) = [row for row in facts("sql-ts", source).accesses if row.path == "src/a.ts"]
    assert row.verdict == "proven"


def test_the_raw_pool_beside_a_declared_wrapper() -> None:
    declared = {"carriers": [{"call": "withTenant", "trust": "sets_context", "reason": "SET LOCAL for the policies"}]}
    source = b"""
    const f = (id) => pool.query('SELECT name FROM boats WHERE id = $1', [id]);
    const g = (t, id) => withTenant(t, (client) => client.query('SELECT name FROM boats WHERE id = $1', [id]));
    const h = (t) => pool.query('SELECT name FROM boats WHERE tenant_id = $1', [t]);
    """
    tree = {"db/migrations/1.sql": SQL.encode(), "src/a.ts": source}
    found = scan(sorted(tree.items()), build_model(tree, declared), declared=declared)
    rows = [(row.line, row.verdict, row.rule) for row in found.accesses if row.path == "src/a.ts"]
    assert rows == [
        (2, "violation", "TENORM012"),
        (2, "violation", "TENSQL001"),
        (3, "weak", "TENSQL001"),
        (4, "proven", None),
    ]


def test_a_tenant_column_that_refers_to_a_table_without_a_key() -> None:
    fleet = """
@Table({ tableName: "tenants" }) export class Tenant extends Model { @Column name: string; }
@Table({ tableName: "boats" }) export class Boat extends Model {
  @Column id: string;
  @ForeignKey(() => Tenant) @Column({ field: "tenant_id" }) tenantId: string;
}
"""
    tree = {"src/a.ts": b"async function f(id) { return Boat.findByPk(id); }", "src/entities.ts": fleet.encode()}
    (row,) = scan(sorted(tree.items()), build_model(tree, None)).accesses
    assert (row.verdict, row.rule) == ("violation", "TENORM001")


def test_a_model_whose_file_is_named_like_a_test_is_a_model() -> None:
    tree = {
        "fleet/models/boat.py": SQLALCHEMY.encode(),
        "fleet/models/test_set.py": b'class TestSet(Base):\n    __tablename__ = "test_sets"\n'
        b'    id = Column(Integer, primary_key=True)\n    tenant_id = Column(ForeignKey("tenants.id"))\n',
        "fleet/services/test_set.py": b"def f(db, id):\n    return db.query(models.TestSet).filter_by(id=id)\n",
    }
    (row,) = scan(sorted(tree.items()), build_model(tree, None)).accesses
    assert (row.verdict, row.rule, row.path_class) == ("violation", "TENORM001", "source")


def test_found_or_else_made_is_one_path() -> None:
    fleet = DJANGO + (
        "class Watch(models.Model):\n    boat = models.ForeignKey(Boat, on_delete=models.CASCADE)\n"
        "    user = models.ForeignKey('User', on_delete=models.CASCADE)\n"
        "    class Meta:\n        unique_together = ('boat', 'user')\n"
        "class User(models.Model):\n    pass\n"
    )
    tree = {
        "fleet/models.py": fleet.encode(),
        "fleet/views.py": b"def f(boat, user):\n    return Watch.objects.get_or_create(boat=boat, user=user)\n",
    }
    (row,) = scan([("fleet/views.py", tree["fleet/views.py"])], build_model(tree, None)).accesses
    assert (row.verdict, row.rule) == ("weak", "TENORM002")
