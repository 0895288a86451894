"""Repositories of TypeORM and MikroORM that have a class of their own, wherever they are asked."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model
from tests.lints.stores import calls

REPOSITORY = """
import { Repository } from "typeorm";
export class TypeOrmBoatRepository extends Repository<Boat> {
  named(name) { return this.findOne({ where: { name } }); }
  namedOf(tenantId, name) { return this.findOne({ where: { name, tenantId } }); }
}
"""
CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "by its key": ("this.typeOrmBoatRepository.findOneBy({ id })", [("violation", "TENORM001")]),
    "by its key and the tenant": ("this.typeOrmBoatRepository.findOneBy({ id, tenantId: t })", [("proven", None)]),
    "what came is saved": ("this.typeOrmBoatRepository.save(dto)", [("opaque", "TENORM013")]),
    "an entity in memory": ("this.typeOrmBoatRepository.create(dto)", []),
    "a builder": (
        "this.typeOrmBoatRepository.createQueryBuilder('b').where('b.name = :n', { n }).getMany()",
        [("violation", "TENORM001")],
    ),
    "a builder with the tenant": (
        "this.typeOrmBoatRepository.createQueryBuilder('b').where('b.tenantId = :t', { t }).getMany()",
        [("proven", None)],
    ),
    "changed at once": (
        "this.typeOrmBoatRepository.nativeUpdate({ id, tenantId: t }, { name: n })",
        [("proven", None)],
    ),
    "moved at once": (
        "this.typeOrmBoatRepository.nativeUpdate({ id, tenantId: t }, { tenantId: n })",
        [("violation", "TENORM004")],
    ),
    "of no entity": ("this.otherRepository.findOneBy({ id })", []),
}


@pytest.mark.parametrize("name", CASES)
def test_service(name: str) -> None:
    call, wanted = CASES[name]
    source = f"export class BoatService {{\n  f(id, t, n, dto) {{ return {call}; }}\n}}\n"
    tree = {"entities.ts": calls.TYPEORM.encode(), "boats.ts": REPOSITORY.encode(), "service.ts": source.encode()}
    rows = [row for row in scan(tree.items(), build_model(tree, {})).accesses if row.path == "service.ts"]

    assert [(row.verdict, row.rule) for row in rows] == wanted, [(row.sql, row.why) for row in rows]


def test_an_entity_under_decorators_of_the_projects_own_is_the_table_of_its_name() -> None:
    tree = {
        "db/migrations/1.sql": calls.SQL.encode(),
        "boats.ts": REPOSITORY.encode(),
        "service.ts": b"const f = (s, id, t) => [s.boatRepository.findOneBy({ id }),"
        b" s.typeOrmBoatRepository.findOneBy({ id }), s.typeOrmBoatRepository.findOneBy({ id, tenantId: t })];",
    }
    rows = [row for row in scan(tree.items(), build_model(tree, {})).accesses if row.path == "service.ts"]

    assert [row.verdict for row in rows] == ["violation", "proven"]


def test_the_class_itself() -> None:
    tree = {"entities.ts": calls.TYPEORM.encode(), "boats.ts": REPOSITORY.encode()}
    rows = [row for row in scan(tree.items(), build_model(tree, {})).accesses if row.path == "boats.ts"]

    assert [row.verdict for row in rows] == ["violation", "proven"]
