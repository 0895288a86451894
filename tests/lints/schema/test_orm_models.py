"""ORM models and migrations in code say the same as SQL would: one small fleet, told in each of their languages."""

from __future__ import annotations

import pytest

from lints.schema import build_model, read_schema
from lints.tenancy import Model, Ownership

PRISMA = """
datasource db { provider = "postgresql" }
model Tenant { // the root
  id    String @id @default(uuid())
  boats Harbour[]
}
model Harbour {
  id       String  @id
  tenantId String  @map("tenant_id")
  tenant   Tenant  @relation(fields: [tenantId], references: [id], onDelete: Cascade)
  kind     Kind    @default(OPEN)
  boats    Boat[]
  @@unique([tenantId, id])
  @@map("harbours")
}
model Boat {
  id        String   @id
  harbourId String?
  harbour   Harbour? @relation(fields: [harbourId], references: [id])
}
model Country { code String @id }
enum Kind { OPEN CLOSED }
"""

DJANGO = """
from django.db import models
from django.conf import settings

class Owned(models.Model):
    tenant = models.ForeignKey("fleet.Tenant", on_delete=models.CASCADE)
    class Meta:
        abstract = True

class Tenant(models.Model):
    name = models.TextField()
    class Meta:
        db_table = "Tenant"

class Harbour(Owned):
    crew = models.ManyToManyField("Boat", related_name="homes")
    class Meta:
        db_table = "harbours"
        constraints = [models.UniqueConstraint(fields=["tenant", "id"], name="u")]

class Boat(models.Model):
    harbour = models.ForeignKey(Harbour, null=True, on_delete=models.CASCADE)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    class Meta:
        db_table = "Boat"

class Country(models.Model):
    code = models.CharField(primary_key=True, max_length=2)
    class Meta:
        db_table = "Country"
"""

SQLALCHEMY = """
class OwnedMixin:
    @declared_attr
    def tenant_id(cls):
        return Column("tenant_id", UUID, ForeignKey("Tenant.id"), nullable=False)

class Tenant(Base):
    __tablename__ = "Tenant"
    id: Mapped[int] = mapped_column(primary_key=True)

class Harbour(OwnedMixin, Base):
    __tablename__ = "harbours"
    __table_args__ = (UniqueConstraint("tenant_id", "id"), {"schema": "public"})
    id = Column(UUID(as_uuid=True), primary_key=True)

class Boat(Base):
    __tablename__ = "Boat"
    id: Mapped[int] = mapped_column(primary_key=True)
    harbour_id: Mapped[Optional[int]] = mapped_column(ForeignKey("harbours.id", ondelete="CASCADE"))
    harbour = relationship("Harbour")

Country = Table("Country", metadata, Column("code", String, primary_key=True))
"""

TYPEORM = """
@Entity("Tenant")
export class Tenant { @PrimaryGeneratedColumn("uuid") id: string; }
export abstract class Owned {
  @Column({ name: "tenant_id", type: "uuid" }) tenantId: string;
  @ManyToOne(() => Tenant) @JoinColumn({ name: "tenant_id", referencedColumnName: "id" }) tenant: Tenant;
}
@Entity({ name: "harbours" })
@Unique(["tenantId", "id"])
export class Harbour extends Owned { @PrimaryColumn() id: string; @OneToMany(() => Boat, (b) => b.harbour) boats: Boat[]; }
@Entity("Boat")
export class Boat {
  @PrimaryColumn() id: string;
  @ManyToOne(() => Harbour, (h) => h.boats, { nullable: true }) harbour: Harbour;
}
@Entity("Country")
export class Country { @PrimaryColumn() code: string; }
"""

DRIZZLE = """
export const tenants = pgTable("Tenant", { id: uuid("id").primaryKey() });
export const harbours = pgTable("harbours", {
  id: uuid("id").primaryKey(),
  tenantId: uuid("tenant_id").notNull().references(() => tenants.id, { onDelete: "cascade" }),
}, (t) => [unique("u").on(t.tenantId, t.id)]);
export const boats = pgTable("Boat", { id: uuid("id").primaryKey(), harbourId: uuid().references(() => harbours.id) });
export const countries = pgTable("Country", { code: text("code").primaryKey() });
"""

ALEMBIC = {
    "app/alembic/versions/zzz_first.py": """
revision = "a1"
down_revision = None
def upgrade():
    op.create_table("Tenant", sa.Column("id", sa.UUID(), nullable=False), sa.PrimaryKeyConstraint("id"))
    op.create_table("harbours", sa.Column("id", sa.UUID(), primary_key=True), sa.Column("tenant", sa.UUID()))
    op.create_table("Boat", sa.Column("id", sa.UUID()), sa.Column("harbour_id", sa.UUID()),
        sa.ForeignKeyConstraint(["harbour_id"], ["harbours.id"]), sa.PrimaryKeyConstraint("id"))
def downgrade():
    op.drop_table("Boat")
""",
    "app/alembic/versions/aaa_second.py": '''
revision: str = "b2"
down_revision: Union[str, None] = "a1"
def upgrade():
    with op.batch_alter_table("harbours") as batch:
        batch.alter_column("tenant", new_column_name="tenant_id", nullable=False)
    op.create_foreign_key("f", "harbours", "Tenant", ["tenant_id"], ["id"])
    op.create_unique_constraint("u", "harbours", ["tenant_id", "id"])
    op.execute("""CREATE TABLE "Country" (code text PRIMARY KEY)""")
''',
}

RAILS = """
ActiveRecord::Schema[7.0].define(version: 2024) do
  create_table "Tenant", id: :uuid do |t|
    t.string "name"
  end
  create_table "harbours", force: :cascade do |t|
    t.bigint "tenant_id", null: false
    t.index ["tenant_id", "id"], name: "u", unique: true
  end
  create_table "Boat", force: :cascade do |t|
    t.references "harbour", foreign_key: { to_table: "harbours" }
  end
  create_table "Country", id: false do |t|
    t.string "code"
  end
  add_foreign_key "harbours", "Tenant", column: "tenant_id"
end
"""

TYPEORM_MIGRATION = """
export class Init1700000000000 implements MigrationInterface {
  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE "Tenant" (id uuid PRIMARY KEY)`);
    await queryRunner.query(`CREATE TABLE harbours (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES "Tenant"(id), UNIQUE (tenant_id, id))`);
    await queryRunner.query('CREATE TABLE "Boat" (id uuid, harbour_id uuid REFERENCES harbours(id)); CREATE TABLE "Country" (code text)');
  }
  public async down(queryRunner: QueryRunner): Promise<void> { await queryRunner.query(`DROP TABLE "Boat"`); }
}
"""

FLEETS: dict[str, dict[str, str]] = {
    "prisma": {"prisma/schema.prisma": PRISMA},
    "django": {"app/fleet/models.py": DJANGO},
    "sqlalchemy": {"app/models/fleet.py": SQLALCHEMY},
    "typeorm": {"src/entities.ts": TYPEORM},
    "drizzle": {"src/db/schema.ts": DRIZZLE},
    "alembic": ALEMBIC,
    "rails": {"db/schema.rb": RAILS},
    "sql in a migration class": {"src/migrations/1700000000000-init.ts": TYPEORM_MIGRATION},
}


def fleet(name: str) -> Model:
    return build_model({path: text.encode() for path, text in FLEETS[name].items()}, None)


@pytest.mark.parametrize("name", FLEETS)
def test_the_fleet_is_read(name: str) -> None:
    found = fleet(name)
    owners = {table: found.tables[table].ownership.value for table in ("Tenant", "harbours", "Boat", "Country")}
    assert owners == {"Tenant": "root", "harbours": "owned", "Boat": "child", "Country": "unknown"}
    assert found.tables["harbours"].tenant_column == "tenant_id"
    assert ("tenant_id", "id") in found.tables["harbours"].unique
    assert not found.unread
    for table in found.tables.values():
        assert table.origin.line >= 1
        assert table.origin.path in FLEETS[name]


@pytest.mark.parametrize("name", ["prisma", "django", "sqlalchemy", "typeorm", "drizzle"])
def test_entities_lead_from_attributes_to_columns(name: str) -> None:
    schema = read_schema({path: text.encode() for path, text in FLEETS[name].items()})
    tables = {entity.table: entity for entity in schema.entities}
    harbour = tables["harbours"]
    attribute = "tenant_id" if name in {"django", "sqlalchemy"} else "tenantId"
    assert harbour.columns[attribute] == "tenant_id"
    if name != "drizzle":
        assert "Harbour" in tables["Boat"].relations.values()


def test_django_names_tables_after_app_and_model() -> None:
    source = "from django.db import models\nclass Boat(models.Model):\n    a = models.TextField()\n"
    found = build_model({"apps/fleet/models/boat.py": source.encode()}, None)
    assert list(found.tables) == ["fleet_boat"]


def test_a_join_table_of_a_many_to_many_is_a_child() -> None:
    join = fleet("django").tables["harbours_crew"]
    assert join.ownership.value == "child"
    assert set(join.columns) == {"id", "harbour_id", "boat_id"}


def test_a_base_in_another_file_brings_the_tenant() -> None:
    files = {
        "src/base.ts": b"export abstract class Owned { @PrimaryColumn() id: string; @Column() tenantId: string; }",
        "src/boat.ts": b'@Entity("boats") export class Boat extends Owned { @Column() name: string; }',
    }
    found = build_model(files, {"tenant_columns": ["tenantId"]})
    assert (found.tables["boats"].ownership.value, found.tables["boats"].primary_key) == ("owned", ("id",))


def test_drizzle_tables_with_what_is_chained_to_them_spread_into_them_and_said_apart() -> None:
    script = """
const shared = { tenantId: uuid("tenant_id").notNull(), at: timestamp() };
const auth = pgSchema("auth");
export const tenants = pgTable("tenants", { id: uuid().primaryKey() }).enableRLS();
export const boats = pgTable("boats", { id: uuid().primaryKey(), ...shared }, (t) => [index("i").on(t.at)]).enableRLS();
export const logs = pgTable("logs", { id: uuid().primaryKey(), boatId: uuid("boat_id") });
export const users = auth.table("users", (t) => ({ id: t.uuid().primaryKey(), tenantId: t.uuid("tenant_id") }));
export const logRelations = relations(logs, ({ one, many }) => ({
  boat: one(boats, { fields: [logs.boatId], references: [boats.id] }),
  notes: many(notes),
}));
export const boatRelations = relations(boats, ({ one }) => ({
  log: one(logs, { fields: [boats.id], references: [logs.boatId] }),
}));
"""
    found = build_model({"src/schema.ts": script.encode()}, None)
    owners = {name: table.ownership.value for name, table in found.tables.items()}
    assert owners == {"tenants": "root", "boats": "owned", "logs": "child", "users": "owned"}
    assert found.tables["users"].schema == "auth"
    assert found.tables["logs"].parent is not None
    assert not found.tables["boats"].foreign_keys  # what is seen from the side that is referred to


def test_what_a_script_and_an_entity_say_of_one_key_is_one_way() -> None:
    script = b"""CREATE TABLE "Tenants" ("Id" uuid PRIMARY KEY);
    CREATE TABLE "Boats" ("Id" uuid PRIMARY KEY, "TenantId" uuid NOT NULL REFERENCES "Tenants" ("Id"));
    CREATE TABLE "Logs" ("Id" uuid PRIMARY KEY, "BoatId" uuid NOT NULL REFERENCES "Boats" ("Id"));"""
    context = b"""public class Fleet : DbContext { public DbSet<Boat> Boats { get; set; } public DbSet<Log> Logs { get; set; } }
public class Boat { public Guid Id { get; set; } public Guid TenantId { get; set; } }
public class Log { public Guid Id { get; set; } public Guid BoatId { get; set; } public Boat Boat { get; set; } }"""
    model = build_model({"migrations/1.sql": script, "src/Fleet.cs": context}, {"tenant_columns": ["TenantId"]})
    assert len(model.tables["Logs"].foreign_keys) == 1
    assert model.tables["Logs"].ownership is Ownership.CHILD


def test_a_snapshot_names_what_conventions_have_made() -> None:
    context = b"""public class Fleet : DbContext { public DbSet<BoatLog> BoatLogs { get; set; } }
public class BoatLog { public Guid Id { get; set; } public string Said { get; set; } }"""
    snapshot = b"""partial class FleetModelSnapshot : ModelSnapshot { protected override void BuildModel(ModelBuilder m) {
        m.Entity("Fleet.BoatLog", b => {
            b.Property<Guid>("Id").HasColumnType("uuid").HasColumnName("id");
            b.Property<string>("TenantId").IsRequired().HasMaxLength(64).HasColumnType("text").HasColumnName("tenant_id");
            b.Property<string>("Said").HasColumnType("text");
            b.HasKey("Id"); b.HasAnnotation("Finbuckle:MultiTenant", true); b.ToTable("boat_logs", (string)null); }); } }"""
    files = {"src/Fleet.cs": context, "src/Migrations/FleetModelSnapshot.cs": snapshot}
    table = build_model(files, {}).tables["boat_logs"]
    assert (table.tenant_column, table.primary_key) == ("tenant_id", ("id",))
    assert set(table.columns) == {"id", "tenant_id", "Said"}
    entities = read_schema(files).entities
    assert all("FleetModelSnapshot.cs:2" in entity.scopes["*"] for entity in entities if entity.name == "BoatLog")
