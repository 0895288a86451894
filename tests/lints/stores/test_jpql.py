"""JPA end to end: JPQL along relations, repositories by what they are of, what Hibernate adds by itself."""

from __future__ import annotations

import pytest

from lints.rows import Access
from lints.scan import scan
from lints.schema import build_model

ENTITIES = """
@Entity
@Table(
    uniqueConstraints = {@UniqueConstraint(name = "tenant_name", columnNames = {"name"})},
    name = "tenants")
public class Tenant {
    @Id private UUID id;
    private String name;
}
@MappedSuperclass
public abstract class Owned {
    @Id private UUID id;
    @ManyToOne private Tenant tenant;
}
@Entity
@Table(name = "boats")
public class Boat extends Owned {
    private String name;
    @Enumerated private State state;
    @OneToMany(mappedBy = "boat")
    private List<Logbook> logs;
    @ManyToMany
    @JoinTable(name = "boat_tags", joinColumns = @JoinColumn(name = "boat"), inverseJoinColumns = @JoinColumn(name = "tag"))
    private Set<Tag> tags;
}
@Entity
public class Logbook {
    @Id private UUID id;
    @ManyToOne
    @JoinColumn(name = "boat_id")
    private Boat boat;
    private String text;
}
@Entity
public class Tag extends Owned {
    private String label;
    @ManyToMany(mappedBy = "tags")
    private List<Boat> boats;
}
"""
PROVEN, UNSCOPED, OPAQUE = "proven", "violation", "opaque"
QUERIES: dict[str, tuple[str, str]] = {
    "a relation's key": ("select b from Boat b where b.tenant.id = :t and b.id = :id", PROVEN),
    "a relation by itself": ("select b from Boat b where b.tenant = :tenant", PROVEN),
    "another relation by itself": ("select l from Logbook l where l.boat = :boat", UNSCOPED),
    "a join along a relation": ("select l from Logbook l join l.boat b where b.tenant.id = :t", PROVEN),
    "a path through a relation": ("select l from Logbook l where l.boat.tenant.id = :t", PROVEN),
    "a path that says something else": ("select l from Logbook l where l.boat.name = :n", UNSCOPED),
    "a collection": ("select b.name, l.text from Boat b join b.logs l where b.tenant.id = :t", PROVEN),
    "a collection of everybody": ("select l.text from Boat b join b.logs l where b.name = :n", UNSCOPED),
    "an outer join filters nothing": (
        "select b from Boat b left join b.tenant t on t.id = :t where b.name = :n",
        UNSCOPED,
    ),
    "a condition on a join": ("select b from Boat b join b.tenant t on t.id = :t where b.name = :n", PROVEN),
    "an OR in the condition of a join": (
        "select b from Boat b join b.tenant t on t.id = :t or t.name = :n where b.name = :n",
        UNSCOPED,
    ),
    "fetched along": ("select b from Boat b left join fetch b.logs where b.tenant.id = ?1", PROVEN),
    "pairs": ("select t from Tag t join t.boats b where b.tenant.id = :t and t.tenant = b.tenant", PROVEN),
    "an OR": ("select b from Boat b where b.tenant.id = :t or b.name = :n", UNSCOPED),
    "an enum's constant": ("select b from Boat b where b.state = fleet.State.SUNK and b.tenant.id = :t", PROVEN),
    "a constructor": ("select new fleet.Named(b.id, b.name) from Boat b where b.tenant.id = :t", PROVEN),
    "a constructor by its bare name": ("select new Named(b.id, b.name) from Boat b where b.tenant.id = :t", PROVEN),
    "a sub-select": (
        "select b from Boat b where b.tenant.id = :t and exists (select 1 from Logbook l where l.boat = b)",
        PROVEN,
    ),
    "a sub-select of everybody's": (
        "select b from Boat b where b.tenant.id = :t and b.name in (select t.label from Tag t where t.label like :n)",
        UNSCOPED,
    ),
    "the tenant in a sub-select of other rows": (
        "select b from Boat b where exists (select 1 from Tag t where t.tenant.id = :t)",
        UNSCOPED,
    ),
    "deleted along a path": ("delete from Logbook l where l.boat.tenant.id = :t", PROVEN),
    "deleted by another path": ("delete from Logbook l where l.boat.name = :n", UNSCOPED),
    "changed": ("update Boat b set b.name = :n where b.tenant.id = :t", PROVEN),
    "given to another tenant": ("update Boat b set b.tenant = :other where b.tenant.id = :t", UNSCOPED),
    "without an alias": ("from Boat where name = :n and tenant.id = :t", PROVEN),
    "an expression of Spring": ("select b from Boat b where b.tenant.id = :#{principal.tenantId}", PROVEN),
    "a member of a collection": (
        "select b from Boat b where :tag member of b.tags and b.logs is not empty and b.tenant.id = :t",
        PROVEN,
    ),
    "a relation nobody knows": (
        "select b from Boat b join b.crew c where b.tenant.id = :t and c.tenant.id = :t",
        OPAQUE,
    ),
    "an attribute nobody knows": ("select b from Boat b where b.owner.tenantId = :t", UNSCOPED),
}
DECLARED = {"tenant_columns": ["tenant_id"], "tables": {"tenants": {"ownership": "root", "column": "id"}}}


def accesses(files: dict[str, str]) -> list[Access]:
    data = {path: text.encode() for path, text in files.items()}
    found = scan(sorted(data.items()), build_model(data, DECLARED), declared=DECLARED)
    return [row for row in found.accesses if row.path == "src/Harbour.java"]


def worst(files: dict[str, str]) -> str:
    ranks = ["proven", "weak", "opaque", "violation"]
    rows = accesses(files)
    assert rows, "nothing was found"
    return max((row.verdict for row in rows), key=ranks.index)


@pytest.mark.parametrize("name", QUERIES)
def test_query(name: str) -> None:
    text, verdict = QUERIES[name]
    source = f'interface BoatRepository extends JpaRepository<Boat, UUID> {{ @Query("{text}") Object own(UUID t); }}'
    assert worst({"src/Boat.java": ENTITIES, "src/Harbour.java": source}) == verdict


REPOSITORY = """
interface Fleet extends JpaRepository<Boat, UUID> {
    @Query("select b from Boat b where b.tenant.id = :t and b.id = :id")
    @Transactional(readOnly = true)
    Boat findById(UUID id, UUID t);
    Boat findByName(String name);
}
"""
CALLS: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "a name of its own": (
        "private final Fleet fleetRepository; Object f() { return fleetRepository.findByName(n); }",
        [(UNSCOPED, "TENORM001")],
    ),
    "a query of its own": (
        "private final Fleet fleetRepository; Object f() { return fleetRepository.findById(id, t); }",
        [],
    ),
    "the type says it": (
        "private final BoatRepository boats; Object f() { return boats.findByNameAndTenantId(n, t); }",
        [(PROVEN, None)],
    ),
    "the type says it, without the tenant": (
        "Object f(BoatRepository boats) { return boats.findByName(n); }",
        [(UNSCOPED, "TENORM001")],
    ),
    "something else of that name": ("private final Shelf boats; Object f() { return boats.findByName(n); }", []),
}


@pytest.mark.parametrize("name", CALLS)
def test_repository(name: str) -> None:
    code, expected = CALLS[name]
    repository = REPOSITORY.replace("interface Fleet ", "interface FleetRepository ")
    files = {"src/Boat.java": ENTITIES, "src/FleetRepository.java": repository}
    rows = accesses({**files, "src/Harbour.java": f"class Harbour {{ {code} }}"})
    assert [(row.verdict, row.rule) for row in rows] == expected


KOTLIN = """
@Entity
@Table(indexes = [Index(name = "by_name", columnList = "name")])
class Boat :
    Owned(),
    Named {
    var name: String? = null
    @OneToMany(mappedBy = "boat")
    var logs = mutableListOf<Logbook>()
}
@Entity
class Logbook(
    @Id var id: UUID,
    @ManyToOne(optional = false)
    var boat: Boat,
)
@MappedSuperclass
open class Owned {
    @Id var id: UUID? = null
    @Column(name = "tenant_id") var tenantId: UUID? = null
}
"""
CONSTANTS = """
interface BoatRepository : JpaRepository<Boat, UUID> {
    @Query("select b from Boat b where b.name = :n and $SCOPE")
    fun named(n: String, t: UUID): Boat?
    companion object {
        const val SCOPE = "b.tenantId = :t"
    }
}
"""
MARGIN = '''
class Harbour(val em: EntityManager) {
    fun logs(t: UUID) = em.createQuery(
        """
        |select l
        |from Logbook l
        |join l.boat b
        |where {}
        """.trimMargin(), Logbook::class.java
    ).resultList
}
'''


@pytest.mark.parametrize(("where", "verdict"), [("b.tenantId = :t", "proven"), ("b.name = :t", "violation")])
def test_kotlin(where: str, verdict: str) -> None:
    files = {"src/Boat.kt": KOTLIN, "src/Harbour.kt": MARGIN.replace("{}", where)}
    data = {path: text.encode() for path, text in files.items()}
    declared = {"tenant_columns": ["tenant_id"]}
    found = scan(sorted(data.items()), build_model(data, declared), declared=declared)
    assert {row.verdict for row in found.accesses if row.path == "src/Harbour.kt"} == {verdict}


def test_constants_of_a_companion_are_known_above_it() -> None:
    data = {"src/Boat.kt": KOTLIN.encode(), "src/BoatRepository.kt": CONSTANTS.encode()}
    declared = {"tenant_columns": ["tenant_id"]}
    found = scan(sorted(data.items()), build_model(data, declared), declared=declared)
    assert [row.verdict for row in found.accesses] == ["proven"]


HIBERNATE = """
@FilterDef(name = "ofTenant", parameters = @ParamDef(name = "t", type = UUID.class), defaultCondition = "tenant_id = :t")
@Entity
@Table(name = "boats")
{}
public class Boat {{
    @Id private UUID id;
    {}
    @Column(name = "tenant_id")
    private UUID tenantId;
    private String name;
}}
"""
ADDS: dict[str, tuple[str, str, str, str | None]] = {
    "a filter": ('@Filter(name = "x", condition = "tenant_id = :t")', "", "boatRepository.findByName(n)", "TENORM014"),
    "a filter by its definition": ('@Filter(name = "ofTenant")', "", "boatRepository.findByName(n)", "TENORM014"),
    "a filter does not see keys": ('@Filter(name = "ofTenant")', "", "boatRepository.findById(n)", "TENORM001"),
    "a filter with a way out": (
        '@Filter(name = "x", condition = "tenant_id = :t or :all = true")',
        "",
        "boatRepository.findByName(n)",
        "TENORM001",
    ),
    "a filter of something else": (
        '@Filter(name = "x", condition = "deleted = :d")',
        "",
        "boatRepository.findByName(n)",
        "TENORM001",
    ),
    "a tenant that Hibernate resolves": ("", "@TenantId", "boatRepository.findById(n)", "TENORM014"),
    "over entities": ("", "@TenantId", 'em.createQuery("select b from Boat b where b.name = :n")', "TENORM014"),
    "not over tables": ("", "@TenantId", 'em.createNativeQuery("select * from boats where name = :n")', "TENSQL001"),
    "a restriction on rows": ('@SQLRestriction("deleted = false")', "", "boatRepository.findByName(n)", "TENORM001"),
}


@pytest.mark.parametrize("name", ADDS)
def test_what_hibernate_adds_is_an_assumption(name: str) -> None:
    on_class, on_field, call, rule = ADDS[name]
    source = f"class Harbour {{ Object f(String n, EntityManager em) {{ return {call}; }} }}"
    files = {"src/Boat.java": HIBERNATE.format(on_class, on_field), "src/Harbour.java": source}
    rows = [(row.verdict, row.rule) for row in accesses(files)]
    assert rows == [("weak" if rule == "TENORM014" else "violation", rule)]


GETTERS = """
class Config {{
    private String prefix;
    public String getBoatsTable() {{ return addPrefix("boats"); }}
    public String getTenantTable() {{ return this.tenants; }}
    private String tenants = "tenants";
    public String getOddTable() {{ return {}; }}
}}
"""
NAMED: dict[str, tuple[str, str]] = {
    "scoped": ('"SELECT * FROM " + getConfig(start).getBoatsTable() + " WHERE tenant_id = ?"', "proven"),
    "unscoped": ('"SELECT * FROM " + Config.getConfig(start).getBoatsTable() + " b WHERE b.id = ?"', "violation"),
    "by a field": ('"SELECT * FROM " + config.getTenantTable() + " WHERE name = ?"', "violation"),
    "a table nobody knows": ('"SELECT * FROM " + config.getOddTable() + " WHERE id = ?"', "opaque"),
}


@pytest.mark.parametrize("name", NAMED)
def test_getters_that_name_a_table(name: str) -> None:
    text, verdict = NAMED[name]
    source = f"class Harbour {{ Object f() {{ return execute(start, {text}, x); }} }}"
    files = {"src/Boat.java": ENTITIES, "src/Config.java": GETTERS.format("a ? b : c"), "src/Harbour.java": source}
    assert worst(files) == verdict
