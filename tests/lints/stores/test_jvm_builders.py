"""The Criteria API, specifications, jOOQ, Exposed and Panache end to end."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

JAVA = """
@Entity
@Table(name = "boats")
public class Boat {
    @Id private UUID id;
    @Column(name = "tenant_id") private UUID tenantId;
    private String name;
}
@Entity
public class Logbook {
    @Id private UUID id;
    @ManyToOne
    @JoinColumn(name = "boat_id")
    private Boat boat;
}
"""
KOTLIN = """
object Boats : UUIDTable("boats") {
    val tenantId = uuid("tenant_id")
    val name = text("name").nullable()
}
object Logs : Table("logbook") {
    val id = uuid("id")
    val boat = reference("boat_id", Boats)
    override val primaryKey = PrimaryKey(id)
}
"""
START = "CriteriaQuery<Boat> q = cb.createQuery(Boat.class); Root<Boat> root = q.from(Boat.class); "
END = " return em.createQuery(q).getResultList();"
UNSCOPED, CONDITIONAL, OR, UNSEEN, KEY = "TENORM001", "TENORM005", "TENORM006", "TENORM013", "TENORM002"
JAVA_CASES: dict[str, tuple[str, str | None]] = {
    "criteria: the tenant": (START + 'q.where(cb.equal(root.get("tenantId"), t));' + END, None),
    "criteria: and": (
        START + 'q.select(root).where(cb.and(cb.equal(root.get("id"), id), cb.equal(root.get("tenantId"), t)));' + END,
        None,
    ),
    "criteria: or": (
        START + 'q.where(cb.or(cb.equal(root.get("tenantId"), t), cb.like(root.get("name"), n)));' + END,
        OR,
    ),
    "criteria: something else": (START + 'q.where(cb.equal(root.get("name"), n));' + END, UNSCOPED),
    "criteria: no equality": (START + 'q.where(cb.notEqual(root.get("tenantId"), t));' + END, UNSCOPED),
    "criteria: negated": (START + 'q.where(cb.not(cb.equal(root.get("tenantId"), t)));' + END, UNSCOPED),
    "criteria: the last where counts": (
        START + 'q.where(cb.equal(root.get("tenantId"), t)); q.where(cb.equal(root.get("name"), n));' + END,
        UNSCOPED,
    ),
    "criteria: nothing": (START + "q.select(root);" + END, UNSCOPED),
    "criteria: a variable": (START + 'Predicate p = cb.equal(root.get("tenantId"), t); q.where(p);' + END, None),
    "criteria: from elsewhere": (START + "q.where(given);" + END, UNSEEN),
    "criteria: a list": (
        START + 'List<Predicate> all = new ArrayList<>(); all.add(cb.equal(root.get("tenantId"), t));'
        ' if (n != null) { all.add(cb.equal(root.get("name"), n)); } q.where(all.toArray(new Predicate[0]));' + END,
        None,
    ),
    "criteria: a list with the tenant on some paths": (
        START + 'List<Predicate> all = new ArrayList<>(); all.add(cb.equal(root.get("name"), n));'
        ' if (t != null) { all.add(cb.equal(root.get("tenantId"), t)); } q.where(all.toArray(new Predicate[0]));' + END,
        CONDITIONAL,
    ),
    "criteria: a metamodel": (START + "q.where(cb.equal(root.get(Boat_.tenantId), t));" + END, None),
    "criteria: along a relation": (
        "CriteriaQuery<Logbook> q = cb.createQuery(Logbook.class); Root<Logbook> root = q.from(Logbook.class);"
        ' q.where(cb.equal(root.get("boat").get("tenantId"), t));' + END,
        None,
    ),
    "criteria: deleted": (
        (
            "CriteriaDelete<Boat> q = cb.createCriteriaDelete(Boat.class); Root<Boat> root = q.from(Boat.class);"
            ' q.where(cb.equal(root.get("id"), id)); return em.createQuery(q).executeUpdate();'
        ),
        UNSCOPED,
    ),
    "a specification": ('return boatRepository.findAll((root, query, cb) -> cb.equal(root.get("tenantId"), t));', None),
    "a specification of something else": (
        'return boatRepository.findAll((root, query, cb) -> cb.equal(root.get("name"), n));',
        UNSCOPED,
    ),
    "a specification of several statements": (
        'return boatRepository.findAll((root, q, cb) -> { if (t == null) return null; return cb.equal(root.get("tenantId"), t); });',
        CONDITIONAL,
    ),
    "specifications together": (
        'return boatRepository.findAll(Specification.where((r, q, cb) -> cb.equal(r.get("tenantId"), t)).and(named(n)));',
        None,
    ),
    "specifications or": (
        'return boatRepository.findAll(Specification.where((r, q, cb) -> cb.equal(r.get("tenantId"), t)).or(named(n)));',
        UNSEEN,
    ),
    "jooq: the tenant": ("return dsl.selectFrom(BOATS).where(BOATS.TENANT_ID.eq(t)).fetch();", None),
    "jooq: from": (
        "return dsl.select(BOATS.ID).from(BOATS).where(BOATS.ID.eq(id).and(BOATS.TENANT_ID.eq(t))).fetchOne();",
        None,
    ),
    "jooq: without it": ("return dsl.select(BOATS.NAME).from(BOATS).where(BOATS.ID.eq(id)).fetchOne();", UNSCOPED),
    "jooq: nothing": ("return dsl.selectFrom(BOATS).orderBy(BOATS.TENANT_ID).fetch();", UNSCOPED),
    "jooq: or": ("return dsl.selectFrom(BOATS).where(BOATS.TENANT_ID.eq(t)).or(BOATS.NAME.eq(n)).fetch();", OR),
    "jooq: or inside": (
        "return dsl.selectFrom(BOATS).where(BOATS.TENANT_ID.eq(t)).and(BOATS.NAME.eq(n).or(BOATS.NAME.isNull())).fetch();",
        None,
    ),
    "jooq: an or that escapes": (
        "return dsl.selectFrom(BOATS).where(BOATS.TENANT_ID.eq(t).or(BOATS.NAME.eq(n))).fetch();",
        OR,
    ),
    "jooq: a condition from elsewhere": ("return dsl.selectFrom(BOATS).where(given).fetch();", UNSEEN),
    "jooq: a join": (
        "return dsl.select().from(LOGBOOK).join(BOATS).on(BOATS.ID.eq(LOGBOOK.BOAT_ID)).where(BOATS.TENANT_ID.eq(t)).fetch();",
        None,
    ),
    "jooq: an outer join filters nothing": (
        "return dsl.select().from(BOATS).leftJoin(LOGBOOK).on(LOGBOOK.BOAT_ID.eq(BOATS.ID).and(BOATS.TENANT_ID.eq(t))).fetch();",
        UNSCOPED,
    ),
    "jooq: a sub-select": (
        "return dsl.selectFrom(LOGBOOK).where(LOGBOOK.BOAT_ID.in(dsl.select(BOATS.ID).from(BOATS).where(BOATS.TENANT_ID.eq(t)))).fetch();",
        None,
    ),
    "jooq: an alias": (
        'Boats b = BOATS.as("b"); return dsl.selectFrom(BOATS.as("b")).where(b.TENANT_ID.eq(t)).fetch();',
        None,
    ),
    "jooq: deleted": ("return dsl.deleteFrom(BOATS).where(BOATS.ID.eq(id)).execute();", UNSCOPED),
    "jooq: changed": ("return dsl.update(BOATS).set(BOATS.NAME, n).where(BOATS.TENANT_ID.eq(t)).execute();", None),
    "jooq: found": ("return dsl.fetchOne(BOATS, BOATS.ID.eq(id));", UNSCOPED),
    "jooq: two conditions": (
        "return dsl.selectFrom(BOATS).where(BOATS.ID.eq(id), BOATS.TENANT_ID.eq(t)).fetch();",
        None,
    ),
    "panache: by key": ("return Boat.findByIdOptional(id);", UNSCOPED),
    "panache: a condition": ('return Boat.find("tenantId = ?1 and name = ?2", t, n).list();', None),
    "panache: one attribute": ('return Boat.list("tenantId", t);', None),
    "panache: another": ('return Boat.list("name", n);', UNSCOPED),
    "panache: or": ('return Boat.list("tenantId = ?1 or name = ?2", t, n);', OR),
    "panache: all": ("return Boat.listAll();", UNSCOPED),
    "panache: deleted": ('return Boat.delete("id = ?1", id);', UNSCOPED),
    "panache: changed": ('return Boat.update("name = ?1 where tenantId = ?2", n, t);', None),
    "panache: put together": ('return Boat.find("name = ?1 and " + n, t);', UNSEEN),
}
KOTLIN_CASES: dict[str, tuple[str, str | None]] = {
    "exposed: the tenant": ("Boats.selectAll().where { Boats.tenantId eq t }.toList()", None),
    "exposed: a join is not silent": (
        "(Boats innerJoin Logs).selectAll().where { Boats.tenantId eq t }.toList()",
        "TENORM013",
    ),
    "exposed: and": ("Boats.select { (Boats.id eq id) and (Boats.tenantId eq t) }.single()", None),
    "exposed: or": ("Boats.select { (Boats.tenantId eq t) or (Boats.name eq n) }.toList()", OR),
    "exposed: without it": ("Boats.select { Boats.id eq id }.single()", UNSCOPED),
    "exposed: all": ("Boats.selectAll().toList()", UNSCOPED),
    "exposed: no equality": ("Boats.selectAll().where { Boats.tenantId neq t }.toList()", UNSCOPED),
    "exposed: another table's": ("Boats.selectAll().where { Sails.tenantId eq t }.toList()", UNSEEN),
    "exposed: and where": (
        "Boats.selectAll().where { Boats.id eq id }.andWhere { Boats.tenantId eq t }.toList()",
        None,
    ),
    "exposed: or where": ("Boats.selectAll().where { Boats.tenantId eq t }.orWhere { Boats.id eq id }.toList()", OR),
    "exposed: deleted": ("Boats.deleteWhere { Boats.id eq id }", UNSCOPED),
    "exposed: deleted inside": ("Boats.deleteWhere { tenantId eq t }", None),
    "exposed: changed": ("Boats.update({ Boats.id eq id }) { it[name] = n }", UNSCOPED),
    "exposed: changed inside": ("Boats.update({ (Boats.id eq id) and (Boats.tenantId eq t) }) { it[name] = n }", None),
}
VERDICTS = {None: "proven", UNSEEN: "opaque", KEY: "weak"}
DECLARED = {"tenant_columns": ["tenant_id"]}


def rows(files: dict[str, str], path: str) -> list[tuple[str, str | None]]:
    data = {name: text.encode() for name, text in files.items()}
    found = scan(sorted(data.items()), build_model(data, DECLARED), declared=DECLARED)
    return [(row.verdict, row.rule) for row in found.accesses if row.path == path]


@pytest.mark.parametrize("name", JAVA_CASES)
def test_java(name: str) -> None:
    body, rule = JAVA_CASES[name]
    source = f"import org.jooq.DSLContext;\nclass Harbour {{ Object f(UUID id, UUID t, String n, X given, CriteriaBuilder cb) {{ {body} }} }}"
    found = rows({"src/Boat.java": JAVA, "src/Harbour.java": source}, "src/Harbour.java")
    assert found == [(VERDICTS.get(rule, "violation"), rule)]


@pytest.mark.parametrize("name", KOTLIN_CASES)
def test_kotlin(name: str) -> None:
    body, rule = KOTLIN_CASES[name]
    source = f"import org.jetbrains.exposed.sql.*\nclass Harbour {{ fun f(id: UUID, t: UUID, n: String) = transaction {{ {body} }} }}"
    found = rows({"src/Boats.kt": KOTLIN, "src/Harbour.kt": source}, "src/Harbour.kt")
    assert found == [(VERDICTS.get(rule, "violation"), rule)]
