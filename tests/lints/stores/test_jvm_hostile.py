"""Sources of the JVM made to break or to hold up whoever reads them: every file ends, and none is taken for proven."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

ENTITY = (
    "@Entity\npublic class Boat {\n @Id private UUID id;\n private UUID tenantId;\n @ManyToOne private Boat next;\n}\n"
)
QUERY = 'interface R extends JpaRepository<Boat, UUID> {{ @Query("{}") Object f(UUID t); }}'
WRAPPED = "class H {{ Object f() {{ return boatMapper.selectList({}); }} }}"
NESTED = "new LambdaQueryWrapper<Boat>()" + ".and(w -> w" * 400 + ".eq(Boat::getTenantId, t)" + ")" * 400
SOURCES: dict[str, str] = {
    "brackets without end": QUERY.format("select b from Boat b where " + "(" * 20_000),
    "brackets in brackets": QUERY.format("select b from Boat b where " + "(" * 900 + "b.tenantId = :t" + ")" * 900),
    "sub-selects in sub-selects": QUERY.format(
        "select b from Boat b where exists " + "(select 1 from Boat c where exists " * 300
    ),
    "a long path": QUERY.format("select b from Boat b where b" + ".next" * 3000 + ".tenantId = :t"),
    "many joins": QUERY.format("select b from Boat b " + "".join(f"join b.next n{i} " for i in range(800))),
    "joins of themselves": QUERY.format("select b from Boat b join b.next b join b.next b where b.name = :n"),
    "unions": QUERY.format(" union ".join(["select b from Boat b"] * 500)),
    "no source": QUERY.format("from Boat"),
    "quotes without end": QUERY.format("select b from Boat b where b.name = 'x"),
    "lambdas in lambdas": WRAPPED.format(NESTED),
    "a chain of thousands": WRAPPED.format("Wrappers.<Boat>lambdaQuery()" + ".eq(Boat::getId, x)" * 1500),
    "annotations without end": "@Filter(name = " * 20_000 + "\n@Entity class Boat { }",
    "definitions without end": "@FilterDef(" * 20_000 + "@Entity",
    "a class of angles": "interface X extends JpaRepository<" + "A<" * 30_000,
    "getters": "class C {" + " String getBoatsTable() {" * 20_000,
    "jooq in jooq": "import org.jooq.*; class H { Object f() { return dsl.selectFrom(BOATS).where("
    + "DSL.and(" * 500
    + "BOATS.ID.eq(x)"
    + ")" * 500
    + ").fetch(); } }",
}
TEMPLATES: dict[str, str] = {
    "templates without end": "a() ::= <<" * 5000,
    "angles": "a() ::= <<select id from boats where " + "<" * 20_000 + ">>",
    "conditions without end": "a() ::= <<select id from boats where " + "<if(x)>" * 5000 + "id = :id>>",
    "ends of nothing": "a() ::= <<select id from boats where " + "<endif><else>" * 3000 + " id = :id>>",
    "calls in calls": 'b(x) ::= "<x>"\na() ::= <<select id from boats where <' + "b(" * 300 + '"y"' + ")" * 300 + ">>>",
    "an import of itself": 'import "x/T.sql.stg"\na() ::= <<select id from boats>>',
}


def verdicts(path: str, source: str) -> set[str]:
    data = {"src/Boat.java": ENTITY.encode(), path: source.encode()}
    data["db/boats.sql"] = b"create table boats (id int primary key, tenant_id int not null);"
    found = scan(sorted(data.items()), build_model(data, {"tenant_columns": ["tenant_id"]}))
    return {row.verdict for row in found.accesses if row.path == path}


@pytest.mark.parametrize("name", SOURCES)
def test_sources(name: str) -> None:
    assert "proven" not in verdicts("src/Harbour.java", SOURCES[name]) or "tenantId" in SOURCES[name]


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates(name: str) -> None:
    assert "proven" not in verdicts("src/x/T.sql.stg", TEMPLATES[name])
