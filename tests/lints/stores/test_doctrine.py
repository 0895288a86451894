"""Doctrine end to end: entities by attributes, annotations and traits, repositories, builders, DQL, DBAL, filters."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model, read_schema
from lints.tenancy import Ownership

ENTITIES = b"""<?php
namespace App\\Entity;
use Doctrine\\ORM\\Mapping as ORM;

#[ORM\\Entity(repositoryClass: FleetRepository::class)]
#[ORM\\Table(name: 'fleets')]
class Fleet {
    #[ORM\\Id]
    #[ORM\\GeneratedValue]
    #[ORM\\Column(type: 'integer')]
    private int $id;
    #[ORM\\OneToMany(targetEntity: Boat::class, mappedBy: 'fleet')]
    private Collection $boats;
}

trait OfFleet {
    #[ORM\\ManyToOne(targetEntity: Fleet::class)]
    #[ORM\\JoinColumn(name: 'fleet_id', nullable: false)]
    protected Fleet $fleet;
}

#[ORM\\Entity]
#[ORM\\Table(name: Boat::TABLE)]
class Boat {
    use OfFleet;
    public const TABLE = 'boats';
    #[ORM\\Id, ORM\\Column]
    private int $id;
    #[ORM\\Column(length: 80)]
    private string $boatName;
    #[ORM\\ManyToOne]
    private ?Harbour $homeHarbour;
}

/**
 * @ORM\\Entity(repositoryClass="App\\Repository\\LogRepository")
 * @ORM\\Table(name="logs")
 */
class Log {
    /**
     * @ORM\\Id
     * @ORM\\Column(type="integer")
     */
    private $id;
    /**
     * @ORM\\ManyToOne(targetEntity="App\\Entity\\Boat")
     * @ORM\\JoinColumn(name="boat_id", referencedColumnName="id")
     */
    private $boat;
}

#[ORM\\Entity]
#[ORM\\Table(name: 'harbours')]
class Harbour {
    #[ORM\\Id, ORM\\Column] private int $id;
    use OfFleet;
}
"""
FILTER = b"""<?php
namespace App\\Doctrine;
class FleetFilter extends SQLFilter {
    public function addFilterConstraint(ClassMetadata $target, $alias): string {
        return sprintf('%s.fleet_id = %s', $alias, $this->getParameter('fleet'));
    }
}
"""
FILES = {"src/Entity/Boat.php": ENTITIES}
DECLARED = {"tenant_columns": ["fleet_id"]}
MODEL = build_model(FILES, DECLARED, dialect="mysql")
FILTERED = build_model({**FILES, "src/Doctrine/FleetFilter.php": FILTER}, DECLARED, dialect="mysql")

PROVEN: list[tuple[str, str | None]] = [("proven", None)]
UNTIED: list[tuple[str, str | None]] = [("violation", "TENORM001")]
TRUSTED: list[tuple[str, str | None]] = [("weak", "TENORM002")]
UNSEEN: list[tuple[str, str | None]] = [("opaque", "TENORM013")]
OF = "$this->em->getRepository(Boat::class)"
QB = f"$qb = {OF}->createQueryBuilder('b')"

CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    # Repositories
    "by its key": (f"return {OF}->find($id);", UNTIED),
    "of the manager": ("return $this->entityManager->find(Boat::class, $id);", UNTIED),
    "with the tenant": (f"return {OF}->findOneBy(['id' => $id, 'fleet' => $fleet]);", PROVEN),
    "without it": (f"return {OF}->findBy(['boatName' => $name]);", UNTIED),
    "everything": (f"return {OF}->findAll();", UNTIED),
    "a class in a text": (
        "return $em->createQuery('UPDATE ' . Boat::class . ' b SET b.boatName = :n WHERE b.fleet = :f')->execute();",
        PROVEN,
    ),
    "the key of a relation": (
        f"return {OF}->createQueryBuilder('b')->where('IDENTITY(b.fleet) = :f')->getQuery()->getResult();",
        PROVEN,
    ),
    "counted": (f"return {OF}->count(['fleet' => $fleet]);", PROVEN),
    "the name of the method": (f"return {OF}->findOneByFleet($fleet);", PROVEN),
    "the name of the method, without it": (f"return {OF}->findOneByBoatName($name);", UNTIED),
    "criteria out of sight": (f"return {OF}->findBy($criteria);", UNSEEN),
    "a property that is typed": ("return $this->boats->findOneBy(['id' => $id]);", UNTIED),
    "a property that is named after it": ("return $this->boatRepository->findOneBy(['fleet' => $fleet]);", PROVEN),
    "another row's": ("return $this->logRepository->findBy(['boat' => $boat]);", TRUSTED),
    "no tenant, where every row has one": (f"return {OF}->findBy(['fleet' => null]);", PROVEN),
    "another repository": ("return $this->weatherRepository->find($id);", []),
    "a method of its own": (f"return {OF}->findByNameAndCrew($name, $crew);", []),
    "whatever the case": (f"return {OF}->createQueryBuilder('b')->andwhere('b.fleet = :f')->getquery()->getresult();", PROVEN),
    "part of another": ("$in = $this->logRepository->createQueryBuilder('l')->select('l.id')->getDQL(); return $in;", []),
    # Query builders
    "a condition": (f"return {OF}->createQueryBuilder('b')->where('b.fleet = :f')->setParameter('f', $f)->getQuery()->getResult();", PROVEN),
    "its key only": (f"return {OF}->createQueryBuilder('b')->andWhere('b.id = :id')->getQuery()->getOneOrNullResult();", UNTIED),
    "one more": (f"{QB}->where('b.id = :id');\n$qb->andWhere('b.fleet = :f');\nreturn $qb->getQuery()->getResult();", PROVEN),
    "on some paths only": (
        f"{QB}->where('b.id = :id');\nif ($f) {{ $qb->andWhere('b.fleet = :f'); }}\nreturn $qb->getQuery()->getResult();",
        [("violation", "TENORM005")],
    ),
    "another way in": (f"return {QB}->where('b.fleet = :f')->orWhere('b.id = :id')->getQuery()->getResult();", [("violation", "TENORM006")]),
    "replaced": (f"return {QB}->where('b.fleet = :f')->where('b.id = :id')->getQuery()->getResult();", UNTIED),
    "along a join": (
        "return $this->logRepository->createQueryBuilder('l')->join('l.boat', 'b')->where('b.fleet = :f')->getQuery()->getResult();",
        PROVEN,
    ),
    "on a join only": (
        ("return $this->logRepository->createQueryBuilder('l')->leftJoin('l.boat', 'b', 'WITH', 'b.fleet = :f')"
        "->getQuery()->getResult();"),
        UNTIED,
    ),
    "an expression": (f"{QB};\n$qb->where($qb->expr()->eq('b.fleet', ':f'));\nreturn $qb->getQuery()->getResult();", PROVEN),
    "another expression": (f"{QB};\n$qb->where($qb->expr()->neq('b.fleet', ':f'));\nreturn $qb->getQuery()->getResult();", UNTIED),
    "one expression or another": (
        (f"{QB};\n$qb->where($qb->expr()->orX($qb->expr()->eq('b.fleet', ':f'), $qb->expr()->eq('b.id', ':id')));\n"
        "return $qb->getQuery()->getResult();"),
        [("violation", "TENORM006")],
    ),
    "one expression and another": (
        (f"{QB};\n$qb->where($qb->expr()->andX($qb->expr()->eq('b.fleet', ':f'), $qb->expr()->in('b.id', $ids)));\n"
        "return $qb->getQuery()->getResult();"),
        PROVEN,
    ),
    "expressions out of sight": (
        f"{QB};\n$qb->where($qb->expr()->orX(...$all));\nreturn $qb->getQuery()->getResult();", UNSEEN
    ),
    "from the manager": (
        "return $this->em->createQueryBuilder()->select('b')->from(Boat::class, 'b')->where('b.fleet = :f')->getQuery()->getResult();",
        PROVEN,
    ),
    "deleted": ("$this->em->createQueryBuilder()->delete(Boat::class, 'b')->where('b.id = :id')->getQuery()->execute();", UNTIED),
    "changed": (
        ("$this->em->createQueryBuilder()->update(Boat::class, 'b')->set('b.boatName', ':n')->where('b.fleet = :f')"
        "->getQuery()->execute();"),
        PROVEN,
    ),
    "moved": (
        ("$this->em->createQueryBuilder()->update(Boat::class, 'b')->set('b.fleet', ':n')->where('b.fleet = :f')"
        "->getQuery()->execute();"),
        [("violation", "TENORM004")],
    ),
    "handed on": (f"return {OF}->createQueryBuilder('b')->where('b.id = :id');", UNSEEN),
    "handed on with its tenant": (f"return {OF}->createQueryBuilder('b')->where('b.fleet = :f');", PROVEN),
    "put together": (f"return {OF}->createQueryBuilder('b')->where(\"b.$column = :v\")->getQuery()->getResult();", UNSEEN),
    "criteria added": (f"return {OF}->createQueryBuilder('b')->addCriteria($criteria)->getQuery()->getResult();", UNSEEN),
    # DQL
    "DQL": ("return $this->em->createQuery('SELECT b FROM App\\\\Entity\\\\Boat b WHERE b.fleet = :f')->getResult();", PROVEN),
    "DQL without it": (
        "return $this->em->createQuery('SELECT b FROM App\\\\Entity\\\\Boat b WHERE b.id = :id')->getResult();",
        [("violation", "TENSQL001")],
    ),
    "DQL along a relation": (
        "return $this->em->createQuery('SELECT l FROM App\\\\Entity\\\\Log l JOIN l.boat b WHERE b.fleet = :f')->getResult();", PROVEN
    ),
    # DBAL and PDO
    "DBAL": ("return $this->connection->fetchAllAssociative('SELECT * FROM boats WHERE fleet_id = ?', [$f]);", PROVEN),
    "DBAL without it": ("return $this->connection->fetchAssociative('SELECT * FROM boats WHERE id = ?', [$id]);", [("violation", "TENSQL001")]),
    "DBAL's builder": (
        "return $this->connection->createQueryBuilder()->select('*')->from('boats', 'b')->where('b.fleet_id = :f')->fetchAllAssociative();",
        PROVEN,
    ),
    "DBAL's builder without it": (
        "return $this->connection->createQueryBuilder()->select('*')->from('boats', 'b')->where('b.id = :f')->executeQuery();", UNTIED
    ),
    "DBAL deletes": ("$this->connection->delete('boats', ['id' => $id]);", UNTIED),
    "DBAL deletes the tenant's": ("$this->connection->delete('boats', ['id' => $id, 'fleet_id' => $f]);", PROVEN),
    "DBAL changes": ("$this->connection->update('boats', ['boat_name' => $n], ['id' => $id]);", UNTIED),
    "DBAL changes, without an alias": (
        "$q = $this->connection->createQueryBuilder(); $q->update('boats')->set('n', 1)->where('id = 1'); $q->execute();",
        UNTIED,
    ),
    "DBAL deletes the tenant's, without an alias": (
        "$this->connection->createQueryBuilder()->delete('boats')->where('fleet_id = :f')->executeStatement();",
        PROVEN,
    ),
    "DBAL adds": ("$this->connection->insert('boats', ['boat_name' => $n, 'fleet_id' => $f]);", PROVEN),
    "PDO": ("$s = $pdo->prepare('SELECT * FROM boats WHERE id = ?'); $s->execute([$id]);", [("violation", "TENSQL001")]),
    "PDO with the tenant": ("$s = $pdo->prepare('SELECT * FROM boats WHERE id = ? AND fleet_id = ?'); $s->execute([$id, $f]);", PROVEN),
    "mysqli": ("$r = mysqli_query($link, \"SELECT * FROM boats WHERE id = $id\");", [("violation", "TENSQL001")]),
}  # fmt: skip


def _rows(code: str, *, filtered: bool = False) -> list[tuple[str, str | None]]:
    text = (
        "<?php\nnamespace App\\Service;\nclass Harbourmaster {\n"
        "  public function __construct(private BoatRepository $boats) {}\n"
        f"  public function f($id, $fleet) {{\n{code}\n  }}\n}}\n"
    )
    rows = scan([("src/Service/Harbourmaster.php", text.encode())], FILTERED if filtered else MODEL).accesses
    return [(row.verdict, row.rule) for row in rows]


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_calls(code: str, expected: list[tuple[str, str | None]]) -> None:
    assert _rows(code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (f"return {OF}->find($id);", [("weak", "TENORM014")]),
        (f"$this->em->getFilters()->disable('fleet');\nreturn {OF}->find($id);", [("violation", "TENORM011")]),
        (f"$this->em->getFilters()->disable($name);\nreturn {OF}->find($id);", [("violation", "TENORM011")]),
        (f"$this->em->getFilters()->disable('soft_delete');\nreturn {OF}->find($id);", [("weak", "TENORM014")]),
        (
            "return $this->connection->fetchAssociative('SELECT * FROM boats WHERE id = ?', [$id]);",
            [("violation", "TENSQL001")],
        ),
    ],
    ids=["confined", "taken away", "perhaps taken away", "another one taken away", "not for SQL"],
)
def test_a_filter_is_an_assumption(code: str, expected: list[tuple[str, str | None]]) -> None:
    assert _rows(code, filtered=True) == expected


def test_a_repository_asks_for_its_own() -> None:
    text = b"""<?php
class BoatRepository extends ServiceEntityRepository {
    public function __construct(ManagerRegistry $registry) { parent::__construct($registry, Boat::class); }
    public function a($id) { return $this->find($id); }
    public function b($f) { return $this->createQueryBuilder('b')->andWhere('b.fleet = :f')->getQuery()->getResult(); }
}
"""
    rows = scan([("src/Repository/BoatRepository.php", text)], MODEL).accesses
    assert [(row.function, row.verdict) for row in rows] == [("a", "violation"), ("b", "proven")]


def test_tables_and_columns_are_read() -> None:
    boats, logs = MODEL.tables["boats"], MODEL.tables["logs"]
    assert set(boats.columns) == {"id", "fleet_id", "boat_name", "home_harbour_id"}
    assert (boats.ownership, logs.ownership, MODEL.tables["fleets"].ownership) == (
        Ownership.OWNED, Ownership.CHILD, Ownership.ROOT,
    )  # fmt: skip


def test_a_mapping_in_xml() -> None:
    text = """<doctrine-mapping><entity name="App\\Entity\\Boat" table="boats"><id name="id" type="integer" column="id"/>
      <field name="boatName" length="80"/><many-to-one field="fleet" target-entity="App\\Entity\\Fleet">
      <join-column name="fleet_id"/></many-to-one></entity></doctrine-mapping>"""
    entity = read_schema({"config/Boat.orm.xml": text.encode()}).entities[0]
    assert (entity.table, dict(entity.columns)) == ("boats", {"id": "id", "boatName": "boat_name", "fleet": "fleet_id"})
