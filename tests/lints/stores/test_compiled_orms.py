"""Spring Data, JPA, Entity Framework and GORM end to end: entities, calls, verdict and rule."""

from __future__ import annotations

import pytest

from lints.scan import CodeFacts, scan
from lints.schema import build_model

JAVA = """
@Entity
@Table(name = "tenants")
public class Tenant { @Id private UUID id; }
@Entity
@Table(name = "boats")
public class Boat {
    @Id
    private UUID id;
    @Column(name = "tenant_id", nullable = false)
    private UUID tenantId;
    private String name;
}
@Entity
public class Logbook {
    @Id
    private UUID id;
    @ManyToOne
    @JoinColumn(name = "boat_id")
    private Boat boat;
}
"""
CSHARP = """
public class FleetContext : DbContext {
    public DbSet<Boat> Boats { get; set; }
    public DbSet<Berth> Berths { get; set; }
    public DbSet<Sail> Sails => Set<Sail>();
    public DbSet<Log> Logs { get; set; }
    public DbSet<Buoy> Buoys { get; set; }
    protected override void OnModelCreating(ModelBuilder builder) {
        builder.Entity<Berth>().HasQueryFilter(b => b.TenantId == _tenant.Id);
    }
}
public abstract class Owned : Entity, IAudited
{
    public Guid TenantId { get; set; }
}
public class Boat : Owned {
    public Guid Id { get; set; }
    public string Name { get; set; }
}
public class Berth {
    public Guid Id { get; set; }
    public Guid TenantId { get; set; }
    public bool Deleted { get; set; }
}
public class Sail {
    public Guid Id { get; set; }
    public Guid TenantId { get; set; }
    public bool Deleted { get; set; }
}
public record Log(Guid Id, Guid BoatId, string Text) { public virtual Boat Boat { get; set; } }
public class Buoy : IMultiTenant {
    public Guid Id { get; set; }
    public Guid? TenantId { get; set; }
}
public class SailConfiguration : IEntityTypeConfiguration<Sail> {
    public void Configure(EntityTypeBuilder<Sail> builder) {
        builder.ToTable("sails");
        builder.HasQueryFilter(s => !s.Deleted);
    }
}
"""
GO = """
package fleet
import "gorm.io/gorm"
type Boat struct {
	ID       string `gorm:"primaryKey"`
	TenantID string `gorm:"column:tenant_id"`
	Name     string
}
"""
SCHEMAS = {
    "java": ("src/Boat.java", JAVA, "src/Harbour.java"),
    "kotlin": ("src/Boat.java", JAVA, "src/Harbour.kt"),
    "csharp": ("src/Fleet.cs", CSHARP, "src/Harbour.cs"),
    "go": ("fleet/boat.go", GO, "fleet/harbour.go"),
}
AROUND = {
    "java": "class Harbour {{ Object f(UUID id, UUID tenantId, EntityManager em) {{ {}; }} }}",
    "kotlin": "class Harbour {{ fun f(id: UUID, t: UUID) = {} }}",
    "csharp": "class Harbour {{ async Task<object> F(Guid id, Guid tenantId) {{ return await _context.{}; }} }}",
    "go": "package fleet\nfunc F(db *gorm.DB, id, tenantID string) error {{\n\tvar boat Boat\n\treturn db.{}.Error\n}}\n",
}
UNSCOPED, SCOPED, OR, UNSEEN = "TENORM001", None, "TENORM006", "TENORM013"
CASES: dict[str, tuple[str, str, str | None]] = {
    "java: findById": ("java", "return boatRepository.findById(id)", UNSCOPED),
    "java: with the tenant": ("java", "return boatRepository.findByIdAndTenantId(id, tenantId)", SCOPED),
    "java: by name": ("java", "return boatRepository.findAllByNameOrderByNameDesc(n)", UNSCOPED),
    "java: Or": ("java", "return boatRepository.findByTenantIdOrName(tenantId, n)", OR),
    "java: along a relation": ("java", "return logbookRepository.findByBoatId(id)", "TENORM002"),
    "java: through a relation": ("java", "return logbookRepository.findByBoatTenantId(tenantId)", SCOPED),
    "java: deleteById": ("java", "boatRepository.deleteById(id)", UNSCOPED),
    "java: what something has loaded is deleted": ("java", "boatRepository.deleteAll(boats)", "TENORM003"),
    "java: everything is deleted": ("java", "boatRepository.deleteAll()", UNSCOPED),
    "java: a specification": ("java", "return boatRepository.findAll(spec)", UNSEEN),
    "java: entity manager": ("java", "return em.find(Boat.class, id)", UNSCOPED),
    "kotlin: findById": ("kotlin", "boatRepository.findByIdOrNull(id)", UNSCOPED),
    "kotlin: with the tenant": ("kotlin", "boatRepository.findByIdAndTenantId(id, t)", SCOPED),
    "csharp: by id": ("csharp", "Boats.FirstOrDefaultAsync(b => b.Id == id)", UNSCOPED),
    "csharp: with the tenant": (
        "csharp",
        "Boats.Where(b => b.Id == id && b.TenantId == tenantId).ToListAsync()",
        SCOPED,
    ),
    "csharp: two filters": ("csharp", "Boats.Where(b => b.TenantId == tenantId).FirstAsync(b => b.Id == id)", SCOPED),
    "csharp: an alternative": ("csharp", "Boats.Where(b => b.TenantId == tenantId || b.Name == n).ToListAsync()", OR),
    "csharp: FindAsync": ("csharp", "Boats.FindAsync(id)", UNSCOPED),
    "csharp: a query filter of the model": ("csharp", "Berths.FirstAsync(b => b.Id == id)", SCOPED),
    "csharp: filters ignored": ("csharp", "Berths.IgnoreQueryFilters().FirstAsync(b => b.Id == id)", "TENORM011"),
    "csharp: a query filter of something else": ("csharp", "Sails.FirstAsync(s => s.Id == id)", UNSCOPED),
    "csharp: an interface of the framework": ("csharp", "Buoys.FirstAsync(b => b.Id == id)", "TENORM014"),
    "csharp: what a record does later is told once": (
        "csharp",
        "Boats.FirstAsync(b => b.Id == id); var x = boat.Crew.ToList(); boat.Touch()",
        UNSCOPED,
    ),
    "csharp: a flag says nothing of the tenant": (
        "csharp",
        "Boats.Where(b => !b.Name.Contains(n)).ToListAsync()",
        UNSCOPED,
    ),
    "csharp: any of related rows": ("csharp", "Boats.Where(b => b.Crew.Any(c => c.UserId == u)).ToListAsync()", UNSEEN),
    "csharp: through a navigation": ("csharp", "Logs.Where(l => l.Boat.TenantId == tenantId).ToListAsync()", SCOPED),
    "csharp: the key of a navigation": ("csharp", "Logs.Where(l => l.Boat.Id == boat.Id).ToListAsync()", "TENORM002"),
    "csharp: keys of parents": ("csharp", "Logs.Where(l => ids.Contains(l.BoatId)).ToListAsync()", "TENORM002"),
    "csharp: only if there is one": (
        "csharp",
        "Boats.Where(b => tenantId == null || b.TenantId == tenantId).ToListAsync()",
        "TENORM005",
    ),
    "csharp: projected, then filtered": (
        "csharp",
        "Boats.Select(b => new { b.Name, TenantId = b.Id }).Where(x => x.TenantId == tenantId).ToListAsync()",
        UNSEEN,
    ),
    "csharp: a long condition is read to its end": (
        "csharp",
        f"Boats.Where(b => {' && '.join(f'b.Name != n{n}' for n in range(30))} && b.TenantId == tenantId).ToListAsync()",
        SCOPED,
    ),
    "csharp: Set": ("csharp", "Set<Boat>().Where(b => b.Id == id).ToListAsync()", UNSCOPED),
    "csharp: All is no filter": ("csharp", "Boats.AllAsync(b => b.TenantId == tenantId)", UNSCOPED),
    "csharp: a condition of another method": ("csharp", "Boats.Where(b => Mine(b)).ToListAsync()", UNSEEN),
    "go: First by key": ("go", "First(&boat, id)", UNSCOPED),
    "go: with the tenant": ("go", 'Where("id = ? AND tenant_id = ?", id, tenantID).First(&boat)', SCOPED),
    "go: without it": ("go", 'WithContext(ctx).Where("id = ?", id).First(&boat)', UNSCOPED),
    "go: AND binds before OR": (
        "go",
        'Where("id = ?", id).Or("name = ?", id).Where("tenant_id = ?", tenantID).Find(&boat)',
        OR,
    ),
    "go: Or": ("go", 'Where("tenant_id = ?", tenantID).Or("name = ?", id).Find(&boat)', OR),
    "go: a struct as filter": ("go", "Where(&Boat{ID: id, TenantID: tenantID}).First(&boat)", "TENORM007"),
    "go: Delete": ("go", 'Where("id = ?", id).Delete(&Boat{})', UNSCOPED),
    "go: a scope out of sight": ("go", "Scopes(Fleet(tenantID)).Find(&boat)", UNSEEN),
    "go: Updates": (
        "go",
        'Model(&Boat{}).Where("id = ? AND tenant_id = ?", id, tenantID).Updates(Boat{Name: n})',
        SCOPED,
    ),
}
VERDICTS = {SCOPED: "proven", UNSEEN: "opaque"} | dict.fromkeys(("TENORM002", "TENORM003", "TENORM014"), "weak")


def facts(schema: str, call: str) -> CodeFacts:
    path, declared, code = SCHEMAS[schema]
    tree = {path: declared.encode(), code: AROUND[schema].format(call).encode()}
    model = build_model(tree, None, tenant_columns=("tenant_id", "TenantId"))
    return scan(sorted(tree.items()), model)


@pytest.mark.parametrize("name", CASES)
def test_call(name: str) -> None:
    schema, call, rule = CASES[name]
    found = facts(schema, call)
    rows = [row for row in found.accesses if row.path == SCHEMAS[schema][2]]
    wanted = [(VERDICTS.get(rule, "violation"), rule)]
    assert [(row.verdict, row.rule) for row in rows] == wanted, ([(row.sql, row.why) for row in rows], found.numbers)


def test_a_name_of_no_property_has_a_query_of_its_own() -> None:
    found = facts("java", "return boatRepository.findByOddity(id)")
    assert [row for row in found.accesses if row.path == SCHEMAS["java"][2]] == []


def test_what_is_saved_was_loaded() -> None:
    assert [row for row in facts("java", "boatRepository.save(boat)").accesses if row.verdict != "proven"] == []


QUERIES = {
    "with the tenant": ("SELECT b FROM Boat b WHERE b.id = :id AND b.tenantId = :tenantId", "proven"),
    "without it": ("SELECT b FROM Boat b WHERE b.id = ?1", "violation"),
    "a constructor": ("SELECT new fleet.Named(b.id, b.name) FROM Boat b WHERE b.tenantId = :t", "proven"),
    "along a relation": ("SELECT l FROM Logbook l JOIN Boat b ON b.id = l.boat.id WHERE b.tenantId = :t", "proven"),
    "an update": ("UPDATE Boat b SET b.name = :n WHERE b.id = :id", "violation"),
    "a delete without alias": ("DELETE FROM Boat WHERE id = :id AND tenantId = :t", "proven"),
    "native": ("SELECT * FROM boats WHERE id = :id", "violation"),
}


@pytest.mark.parametrize("name", QUERIES)
def test_query_annotation(name: str) -> None:
    text, verdict = QUERIES[name]
    path, declared, code = SCHEMAS["java"]
    source = (
        f'interface BoatRepository extends JpaRepository<Boat, UUID> {{ @Query("{text}") Boat own(UUID id, UUID t); }}'
    )
    tree = {path: declared.encode(), code: source.encode()}
    found = scan(sorted(tree.items()), build_model(tree, None))
    assert [row.verdict for row in found.accesses] == [verdict], [(row.sql, row.why) for row in found.accesses]


def test_entities_of_constants_and_superclasses() -> None:
    tree = {
        "dao/ModelConstants.java": b'class ModelConstants { public static final String BOAT_TABLE = "boat"; }',
        "dao/Base.java": b"@MappedSuperclass\npublic abstract class Base {\n @Id\n private UUID id;\n private UUID tenantId;\n}\n",
        "dao/BoatEntity.java": b"@Entity\n@Table(name = BOAT_TABLE)\npublic class BoatEntity extends Base {\n private String name;\n}\n",
    }
    table = build_model(tree, None).tables["boat"]
    assert (set(table.columns), table.tenant_column) == ({"id", "tenant_id", "name"}, "tenant_id")


EXPRESSIONS: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "where": ("from b in _context.Boats where b.TenantId == tenantId select b", [("proven", None)]),
    "none": ("from b in _context.Boats where b.Id == id select b", [("violation", "TENORM001")]),
    "two": (
        "from b in _context.Boats where b.Id == id where b.TenantId == tenantId orderby b.Name select new { b.Name }",
        [("proven", None)],
    ),
    "or": (
        "from b in _context.Boats where b.TenantId == tenantId || b.Name == n select b",
        [("violation", "TENORM006")],
    ),
    "run": (
        "(from b in _context.Boats where b.Id == id select b).FirstOrDefaultAsync()",
        [("violation", "TENORM001")],
    ),
    "filtered later": (
        "(from b in _context.Boats select b).Where(x => x.TenantId == tenantId).ToListAsync()",
        [("proven", None)],
    ),
    "what is projected is another row": (
        "(from b in _context.Boats select new { TenantId = b.Id }).Where(x => x.TenantId == tenantId).ToListAsync()",
        [("opaque", "TENORM013")],
    ),
    "join": (
        "from l in _context.Logs join b in _context.Boats on l.BoatId equals b.Id where b.TenantId == tenantId select l",
        [("proven", None)],
    ),
    "left join": (
        "from b in db.Boats join l in db.Logs on b.Id equals l.BoatId into g from x in g.DefaultIfEmpty() where b.TenantId == t select b",
        [("proven", None)],
    ),
    "joined by null": (
        "from b in db.Boats join s in db.Sails on new { b.Id, T = u } equals new { s.Id, T = (Guid?)null } select b",
        [("violation", "TENORM001")],
    ),
    "joined by several keys": (
        "from b in db.Boats join s in db.Sails on new { b.Id, X = b.TenantId } equals new { s.Id, X = s.TenantId } where s.TenantId == t select b",
        [("proven", None)],
    ),
    "joined with rows of another query": (
        "from b in db.Boats join m in mine on b.Id equals m.BoatId select b",
        [("opaque", "TENORM013")],
    ),
    "the joined one only": (
        "from b in _context.Boats join s in _context.Sails on b.Id equals s.Id where s.TenantId == tenantId select b",
        [("violation", "TENORM001")],
    ),
    "a word in a string": (
        'from b in _context.Boats where b.Name == " where b.TenantId == tenantId " select b',
        [("opaque", "TENORM013")],
    ),
}


@pytest.mark.parametrize(("code", "expected"), EXPRESSIONS.values(), ids=EXPRESSIONS.keys())
def test_query_expressions(code: str, expected: list[tuple[str, str | None]]) -> None:
    source = f"class Harbour {{ object F(Guid id, Guid tenantId) {{ var found = {code}; return found; }} }}"
    model = build_model({"src/Fleet.cs": CSHARP.encode()}, None)
    rows = scan([("src/Harbour.cs", source.encode())], model).accesses
    assert [(row.verdict, row.rule) for row in rows] == expected


def test_the_entity_is_the_class_beside_its_context() -> None:
    shown = "public class Boat { public Guid Id { get; set; } public Guid FleetId { get; set; } }"
    files = {"client/Models/Boat.cs": shown.encode(), "data/Fleet.cs": CSHARP.encode()}
    boats = build_model(files, {"tenant_columns": ["FleetId"]}).tables["Boats"]
    assert "FleetId" not in boats.columns
    assert boats.origin.path == "data/Fleet.cs"


def test_a_declared_column_is_found_as_the_schema_spells_it() -> None:
    model = build_model({"src/Fleet.cs": CSHARP.encode()}, {"tenant_columns": ["tenant_id"]})
    assert model.tables["Boats"].tenant_column == "TenantId"
    assert model.tables["sails"].tenant_column == "TenantId"
    assert model.tables["Logs"].parent is not None


def test_an_entity_finds_its_table_however_the_scripts_fold_names() -> None:
    table = b"CREATE TABLE [dbo].[Boats] ([Id] uniqueidentifier PRIMARY KEY, [TenantId] uniqueidentifier NOT NULL);"
    model = build_model({"sql/Tables/Boats.sql": table, "src/Fleet.cs": CSHARP.encode()}, None, dialect="tsql")
    code = "class A { object F(Guid id) { return _context.Boats.FirstOrDefault(b => b.Id == boat.Id); } }"
    rows = scan([("src/A.cs", code.encode())], model).accesses
    assert [(row.verdict, row.rule) for row in rows] == [("weak", "TENORM003")]


def test_a_navigation_goes_by_the_column_of_its_key() -> None:
    entities = """
public class FleetContext : DbContext { public DbSet<Tenant> Tenants { get; set; } public DbSet<Boat> Boats { get; set; } }
public class Tenant { public Guid Id { get; set; } }
public class Boat {
    public Guid Id { get; set; }
    [Column("tenant_id")]
    public Guid TenantId { get; set; }
    [ForeignKey(nameof(TenantId))]
    public Tenant Owner { get; set; }
}
"""
    boats = build_model({"src/Fleet.cs": entities.encode()}, None).tables["Boats"]
    assert boats.tenant_column == "tenant_id"
    assert [key.columns for key in boats.foreign_keys] == [("tenant_id",)]


def test_sets_of_one_name_in_several_contexts() -> None:
    def module(name: str, kind: str, owned: str) -> bytes:
        return (
            f"public class {name}Context : DbContext {{ public DbSet<{kind}> Orders {{ get; set; }} }}\n"
            f"public class {kind}{owned} {{ public Guid Id {{ get; set; }} public Guid TenantId {{ get; set; }} }}"
        ).encode()

    files = {"src/A/Fleet.cs": module("A", "Order", ""), "src/B/Fleet.cs": module("B", "Berthing", " : IMultiTenant")}
    code = b"class S { object F(Guid id) { return _context.Orders.First(o => o.Id == id); } }"
    model = build_model(files, None)
    rows = scan([("src/A/S.cs", code), ("src/B/S.cs", code)], model).accesses
    assert [row.rule for row in rows] == ["TENORM001", "TENORM014"]


@pytest.mark.parametrize(
    "head",
    [
        '[Table("ships")]\npublic class Ship',
        '[Table("ships")] public class Ship',
        '[Table("ships")] [PrimaryKey(nameof(Id), nameof(Name))] public sealed class Ship',
        '[Index(nameof(Id))][Table("ships")]internal class Ship',
    ],
)
def test_an_entity_is_read_wherever_its_attributes_stand(head: str) -> None:
    model = build_model(
        {
            "Fleet.cs": f"using Microsoft.EntityFrameworkCore;\n{head}\n".encode()
            + b"{\n public Guid Id { get; set; }\n public Guid TenantId { get; set; }\n}\n"
            b"public class Fleet : DbContext { public DbSet<Ship> Ships { get; set; } }\n"
        },
        None,
    )
    assert list(model.tables) == ["ships"]
