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
    protected override void OnModelCreating(ModelBuilder builder) {
        builder.Entity<Berth>().HasQueryFilter(b => b.TenantId == _tenant.Id);
    }
}
public class Boat {
    public Guid Id { get; set; }
    public Guid TenantId { get; set; }
    public string Name { get; set; }
}
public class Berth {
    public Guid Id { get; set; }
    public Guid TenantId { get; set; }
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
    "go: a struct as filter": ("go", "Where(&Boat{ID: id, TenantID: tenantID}).First(&boat)", SCOPED),
    "go: Delete": ("go", 'Where("id = ?", id).Delete(&Boat{})', UNSCOPED),
    "go: a scope out of sight": ("go", "Scopes(Fleet(tenantID)).Find(&boat)", UNSEEN),
    "go: Updates": ("go", 'Model(&Boat{}).Where("id = ? AND tenant_id = ?", id, tenantID).Updates(v)', SCOPED),
}
VERDICTS = {SCOPED: "proven", UNSEEN: "opaque", "TENORM002": "weak"}


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
