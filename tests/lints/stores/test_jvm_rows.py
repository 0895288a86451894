"""Rows of the JVM: classes of rows of Exposed, tenants that an ORM adds itself, pages that are no conditions, maps."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

SCHEMA = b"""CREATE TABLE tenants (id bigint PRIMARY KEY);
CREATE TABLE boats (id bigint PRIMARY KEY, tenant_id bigint NOT NULL REFERENCES tenants (id), name text);
"""
TABLES = b"""package x
import org.jetbrains.exposed.dao.id.LongIdTable

object BoatsTable : LongIdTable("boats") {
    val tenantId = long("tenant_id")
    val name = text("name")
}

class BoatDao(id: EntityID<Long>) : LongEntity(id) {
    companion object : SortableEntityClass<BoatDao>(BoatsTable)

    var name by BoatsTable.name
}
"""
EXPOSED: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "by its key": ("fun f(id: Long) = BoatDao[id].mapToModel()", [("violation", "TENORM001")]),
    "by its key, deleted": ("fun f(id: Long) = db.query { BoatDao[id].delete() }", [("violation", "TENORM001")]),
    "findById": ("fun f(id: Long) = BoatDao.findById(id)?.map()", [("violation", "TENORM001")]),
    "a condition": (
        "fun f(t: Long) = BoatDao.find { BoatsTable.tenantId eq t }.limit(1).firstOrNull()?.mapToModel()",
        [("proven", None)],
    ),
    "a condition of another column": (
        "fun f(n: String) = BoatDao.find { BoatsTable.name eq n }.toList()",
        [("violation", "TENORM001")],
    ),
    "a condition that is given": (
        "fun f(t: Long) = BoatDao.find(BoatsTable.tenantId eq t).singleOrNull()",
        [("proven", None)],
    ),
    "a condition from elsewhere": ("fun f(op: Op<Boolean>) = BoatDao.find(op).toList()", [("opaque", "TENORM013")]),
    "all": ("fun f() = BoatDao.all().map { it.mapToModel() }", [("violation", "TENORM001")]),
    "no class of rows": ("fun f(id: Long) = Boats[id].mapToModel()", []),
}


def rows(files: dict[str, bytes], path: str) -> list[tuple[str, str | None]]:
    model = build_model({"migrations/1.sql": SCHEMA, **files}, None)
    return [(one.verdict, one.rule) for one in scan([(path, files[path])], model).accesses]


@pytest.mark.parametrize("name", EXPOSED)
def test_exposed(name: str) -> None:
    code, expected = EXPOSED[name]
    source = f"package x\nimport org.jetbrains.exposed.sql.Database\n\n{code}\n".encode()
    assert rows({"x/Tables.kt": TABLES, "x/Boats.kt": source}, "x/Boats.kt") == expected


ABOVE = b"""package x;
@MappedSuperclass
@TenantDiscriminatorColumn(name = "tenant_id", length = 40)
@Multitenant(MultitenantType.SINGLE_TABLE)
public abstract class Kept {
    @Column(name = "tenant_id", insertable = false)
    private String tenantId;
}
"""
BOAT = b"""package x;
@Entity
@Table(name = "boats")
public class Boat
        extends Kept implements Serializable {
    @Id
    private Long id;
    private String name;
}
"""
STORE = b"package x;\npublic interface BoatRepository extends JpaRepository<Boat, Long> {}\n"
JAVA = b"""package x;
class Boats {
    private BoatRepository boatRepository;
    Object f(Long id, Pageable pageable, Specification<Boat> given) { return boatRepository.%s; }
}
"""


@pytest.mark.parametrize(
    ("above", "call", "expected"),
    [
        (ABOVE, b"findById(id)", ("weak", "TENORM014")),
        (ABOVE, b"findAll(pageable)", ("weak", "TENORM014")),
        (ABOVE.replace(b"SINGLE_TABLE", b"TABLE_PER_TENANT"), b"findById(id)", ("violation", "TENORM001")),
        (ABOVE.replace(b"@Multitenant", b"// "), b"findAll(pageable)", ("violation", "TENORM001")),
        (ABOVE.replace(b"@Multitenant", b"// "), b"findAll(PageRequest.of(0, 5))", ("violation", "TENORM001")),
        (ABOVE.replace(b"@Multitenant", b"// "), b'findAll(Sort.by("name"))', ("violation", "TENORM001")),
        (
            ABOVE.replace(b"@Multitenant", b"// "),
            b"findAll(Specs.of(pageable.getSort()), pageable)",
            ("opaque", "TENORM013"),
        ),
        (ABOVE.replace(b"@Multitenant", b"// "), b"findAll(given, pageable)", ("opaque", "TENORM013")),
    ],
)
def test_what_eclipselink_adds_and_pages(above: bytes, call: bytes, expected: tuple[str, str]) -> None:
    files = {"x/Kept.java": above, "x/Boat.java": BOAT, "x/BoatRepository.java": STORE, "x/Boats.java": JAVA % call}
    assert rows(files, "x/Boats.java") == [expected]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (b'findOne((root, query, cb) -> cb.equal(root.get("name"), id))', [("violation", "TENORM001")]),
        (b'findOne((root, query, cb) -> cb.equal(root.get("tenantId"), id))', [("proven", None)]),
        (b'exists((root, query, cb) -> cb.equal(root.get("name"), id))', [("violation", "TENORM001")]),
        (b'findBy((root, query, cb) -> cb.equal(root.get("name"), id), q -> q.first())', [("violation", "TENORM001")]),
        (b"findOne(Example.of(boat))", [("opaque", "TENORM013")]),
        (b"findOne(given)", [("opaque", "TENORM013")]),
        (b'delete((root, query, cb) -> cb.equal(root.get("name"), id))', [("violation", "TENORM001")]),
        (b"delete(boat)", []),
        (b"deleteAllByIdInBatch(ids)", [("violation", "TENORM001")]),
    ],
)
def test_a_specification_is_a_condition_wherever_it_is_taken(
    call: bytes, expected: list[tuple[str, str | None]]
) -> None:
    plain = ABOVE.replace(b"@Multitenant", b"// ")
    files = {"x/Kept.java": plain, "x/Boat.java": BOAT, "x/BoatRepository.java": STORE, "x/Boats.java": JAVA % call}
    assert rows(files, "x/Boats.java") == expected


DAO = b"package x;\npublic interface BoatDao extends CrudRepository<Boat, Long> {}\n"
MAPPER_DAO = b"package x;\npublic interface BoatDao extends BaseMapper<Boat> {}\n"
PLUS = b'package x;\n@TableName("boats")\npublic class Boat {\n    private Long id;\n    private Long tenantId;\n}\n'


@pytest.mark.parametrize(
    ("store", "entity", "call", "expected"),
    [
        (DAO, BOAT, "dao.findById(id)", [("violation", "TENORM001")]),
        (DAO, BOAT, "this.dao.deleteById(id)", [("violation", "TENORM001")]),
        (DAO, BOAT, "dao.findByIdAndTenantId(id, 1L)", [("proven", None)]),
        (DAO, BOAT, "dao.findAll()", [("violation", "TENORM001")]),
        (DAO, BOAT, "other.findById(id)", []),
        (MAPPER_DAO, PLUS, "dao.deleteById(id)", [("violation", "TENORM001")]),
        (b"package x;\npublic class BoatDao {}\n", BOAT, "dao.findById(id)", []),
    ],
)
def test_stores_of_other_names(store: bytes, entity: bytes, call: str, expected: list[tuple[str, str | None]]) -> None:
    source = (
        f"package x;\nclass Boats {{\n    private final BoatDao dao;\n    Object f(Long id) {{ return {call}; }}\n}}\n"
    )
    plain = ABOVE.replace(b"@Multitenant", b"// ")
    files = {"x/Kept.java": plain, "x/Boat.java": entity, "x/BoatDao.java": store, "x/Boats.java": source.encode()}
    assert rows(files, "x/Boats.java") == expected


OF_ITSELF = b"""package x;
public interface BoatRepository extends JpaRepository<Boat, Long>, JpaSpecificationExecutor<Boat> {
    default Optional<Boat> named(String name) {
        return %s;
    }
    default Boat first(String name) { return null; }
}
"""


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (b'findOne((root, query, cb) -> cb.equal(root.get("name"), name))', [("violation", "TENORM001")]),
        (b'findOne((root, query, cb) -> cb.equal(root.get("tenantId"), name))', [("proven", None)]),
        (b"findById(Long.valueOf(name))", [("violation", "TENORM001")]),
        (b"this.findByNameAndTenantId(name, 1L)", [("proven", None)]),
        (b"Optional.of(first(name))", []),
    ],
)
def test_a_repository_that_asks_itself(call: bytes, expected: list[tuple[str, str | None]]) -> None:
    plain = ABOVE.replace(b"@Multitenant", b"// ")
    files = {"x/Kept.java": plain, "x/Boat.java": BOAT, "x/BoatRepository.java": OF_ITSELF % call}
    assert rows(files, "x/BoatRepository.java") == expected


def test_of_two_spellings_of_a_table_the_written_one_is_meant() -> None:
    source = (
        b'package x;\n@TableName("boats")\npublic class Boat {\n    private Long id;\n    private Long tenantId;\n}\n'
    )
    upper = SCHEMA.replace(b"boats", b'"BOATS"')
    model = build_model({"migrations/1.sql": SCHEMA, "oracle/2.sql": upper, "x/Boat.java": source}, None)
    assert [one.table for one in model.schema.entities if one.name == "Boat"] == ["boats"]


MAPS = {
    "a map": (b"private static final Map<String, Boat> CACHE = new ConcurrentHashMap<>();", 0),
    "a map of this thread": (b"private final ThreadLocal<Map<String, Boat>> CACHE = new ThreadLocal<>();", 0),
    "a cache of Caffeine": (b"private final LoadingCache<String, Boat> CACHE = Caffeine.newBuilder().build();", 0),
    "who knows": (b"private final BoatCache CACHE = caches.of(1);", 1),
}


@pytest.mark.parametrize("name", MAPS)
def test_maps_of_the_process_are_no_redis(name: str) -> None:
    field, count = MAPS[name]
    source = (
        b'package x;\nclass Boats {\n    %s\n    Boat f(String tenantId, String id) { return CACHE.get("boat:" + id); }\n}\n'
        % field
    )
    assert len(rows({"x/Boats.java": source}, "x/Boats.java")) == count


def test_the_caption_of_a_button_is_no_cypher() -> None:
    source = b'package x;\nclass Boats {\n    Button create = tooltip(new Button("Create"), "Create (Enter)");\n}\n'
    assert rows({"x/Boats.java": source}, "x/Boats.java") == []
