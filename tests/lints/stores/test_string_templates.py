"""jDBI with StringTemplate end to end: templates in files, groups that import others, what nobody can decide."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

DDL = "create table tenants (id int primary key); create table boats (id int primary key, tenant_id int not null, name text);"
DDL += " create table berths (id int primary key, tenant_id int not null);"
BASE = """
tableName() ::= ""
tableFields(prefix) ::= ""
/** almost any query should use it */
CHECK(prefix) ::= "<prefix>tenant_id = :tenantId"
AND_CHECK(prefix) ::= "and <CHECK(prefix)>"

getAll() ::= <<
select <tableFields("t.")>
from <tableName()> t
where <CHECK("t.")>
;
>>
"""
BOATS = """
import "fleet/Base.sql.stg"
tableName() ::= "boats"
tableFields(prefix) ::= <<
  <prefix>id
, <prefix>name
>>
{}
"""
CASES: dict[str, tuple[str, str]] = {
    "a condition by a template": (
        'own() ::= <<select id from <tableName()> where id = :id <AND_CHECK("")>>>',
        "proven",
    ),
    "none": ('own() ::= <<select <tableFields("")> from <tableName()> where id = :id>>', "violation"),
    "or": ('own() ::= <<select id from boats where id = :id or <CHECK("")>>>', "violation"),
    "a list": ('own(ids) ::= <<select id from boats where id in (<ids>) <AND_CHECK("")>>>', "proven"),
    "an order": ("own(o) ::= <<select id from boats where tenant_id = :tenantId order by id <o>>>", "proven"),
    "a condition of the caller's": ("own(c) ::= <<select id from boats where <c>>>", "opaque"),
    "on some paths": (
        'own(all) ::= <<select id from boats where id = :id <if(!all)><AND_CHECK("")><endif>>>',
        "violation",
    ),
    "on every path": (
        'own(all) ::= <<select id from boats where <if(all)>id > 0 and <else>id = :id and <endif><CHECK("")>>>',
        "proven",
    ),
    "an escaped sign": ('own() ::= <<select id from boats where id \\< :id <AND_CHECK("")>>>', "proven"),
    "a loop": (
        'own(xs) ::= <<select id from boats where (<xs:{x | name = :<x.key>}; separator=" or ">) <AND_CHECK("")>>>',
        "proven",
    ),
    "deleted": ("own() ::= <<delete from <tableName()> where id = :id>>", "violation"),
}


def rows(files: dict[str, str]) -> list[tuple[str, str, str]]:
    data = {"db/schema.sql": DDL.encode(), **{path: text.encode() for path, text in files.items()}}
    found = scan(sorted(data.items()), build_model(data, None))
    return [(row.path.rpartition("/")[2], row.verdict, row.table) for row in found.accesses]


@pytest.mark.parametrize("name", CASES)
def test_template(name: str) -> None:
    text, verdict = CASES[name]
    found = rows({"src/fleet/Base.sql.stg": BASE, "src/fleet/Boats.sql.stg": BOATS.replace("{}", text)})
    own = {row[1] for row in found if row[0] == "Boats.sql.stg"}
    assert own == {verdict}


def test_what_is_imported_is_judged_for_each_table() -> None:
    files = {"src/fleet/Base.sql.stg": BASE, "src/fleet/Boats.sql.stg": BOATS.replace("{}", "")}
    assert rows(files) == [("Base.sql.stg", "proven", "boats")]
    careless = 'import "fleet/Base.sql.stg"\ntableName() ::= "berths"\nCHECK(prefix) ::= "1 = 1"\n'
    assert ("Base.sql.stg", "violation", "berths") in rows({**files, "src/fleet/Berths.sql.stg": careless})


def test_a_template_of_its_own_hides_the_imported_one() -> None:
    own = BOATS.replace("{}", "getAll() ::= <<select id from boats>>")
    found = rows({"src/fleet/Base.sql.stg": BASE, "src/fleet/Boats.sql.stg": own})
    assert [row for row in found if row[2] == "boats"] == [("Boats.sql.stg", "violation", "boats")]


def test_templates_that_call_each_other_end() -> None:
    loop = 'a(x) ::= "<b(x)> <b(x)>"\nb(x) ::= "<a(x)> <a(x)>"\nown() ::= <<select id from boats where <a("")>>>\n'
    assert {row[1] for row in rows({"src/fleet/Loop.sql.stg": loop})} <= {"opaque", "unparsed"}
