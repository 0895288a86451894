"""The same three tables declared to each ORM, and what is found in a file of code beside them."""

from __future__ import annotations

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
class Captain(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
class Entry(models.Model):
    logbook = models.ForeignKey(Logbook, on_delete=models.CASCADE)
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
class Pier(Base):
    __tablename__ = "piers"
    id = primary_key("Pier")
    tenant_id = Column(ForeignKey("tenants.id"), nullable=False)
    tenant = relationship("Tenant")
class Loan(Base):
    __tablename__ = "loans"
    id = Column(Integer, primary_key=True)
    tenant_id = Column(ForeignKey("tenants.id"), nullable=False)
    borrower_id = Column(ForeignKey("tenants.id"), nullable=False)
    lender = relationship("Tenant")
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
  dockId String?
  dock Dock? @relation(fields: [dockId], references: [id])
  crew Sailor[]
}
model Logbook { id String @id
  boatId String
  boat Boat @relation(fields: [boatId], references: [id])
  signerId String?
  signer Sailor? @relation(fields: [signerId], references: [id])
}
model Dock { id String @id
  tenantId String
  tenant Tenant @relation(fields: [tenantId], references: [id])
  boats Boat[] }
model Sailor { id String @id
  tenantId String
  tenant Tenant @relation(fields: [tenantId], references: [id])
  boats Boat[] }
"""

TYPEORM = """
@Entity("tenants") export class Tenant { @PrimaryColumn() id: string; }
@Entity("boats") export class Boat {
  @PrimaryColumn() id: string;
  @Column({ name: "tenant_id" }) tenantId: string;
  @ManyToOne(() => Tenant) @JoinColumn({ name: "tenant_id" }) tenant: Tenant;
  @Column() name: string;
}
@ChildEntity() export class Yacht extends Boat { @Column() masts: number; }
@Entity({ discriminatorValue: "ferry" }) export class Ferry extends Boat { @Column() decks: number; }
@Entity("logbooks") export class Logbook {
  @PrimaryColumn() id: string;
  @ManyToOne(() => Boat) @JoinColumn({ name: "boat_id" }) boat: Boat;
}
"""

DRIZZLE = """
export const tenants = pgTable("tenants", { id: uuid("id").primaryKey() });
export const boats = pgTable("boats", { id: uuid("id").primaryKey(), name: text("name"),
  tenantId: uuid("tenant_id").notNull().references(() => tenants.id) });
export const logbooks = pgTable("logbooks", { id: uuid("id").primaryKey(),
  boatId: uuid("boat_id").notNull().references(() => boats.id) });
export const logbookRelations = relations(logbooks, ({ one }) => ({
  ship: one(boats, { fields: [logbooks.boatId], references: [boats.id] }) }));
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

Case = tuple[str, str, list[tuple[str, str | None]]]
"""Schema, source, and verdict and rule of each row in order."""


def facts(schema: str, source: str) -> CodeFacts:
    path, declared, code = SCHEMAS[schema]
    tree = {path: declared.encode(), code: source.encode()}
    found = scan(sorted(tree.items()), build_model(tree, None, tenant_columns=("tenant_id", "tenantId")))
    assert all(row.operation for row in found.accesses), found.accesses  # evidence without one is refused as a whole
    return found


def check(case: Case) -> None:
    """Assert that the code of a case gives its rows."""
    schema, source, wanted = case
    rows = [row for row in facts(schema, source).accesses if row.path == SCHEMAS[schema][2]]
    assert [(row.verdict, row.rule) for row in rows] == wanted, [(row.sql, row.why) for row in rows]
