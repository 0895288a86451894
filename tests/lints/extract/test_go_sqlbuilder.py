"""huandu/go-sqlbuilder end to end: builders that change in place, conditions that are calls on them."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

SCHEMA = b"""CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), name text);
"""
MODEL = build_model({"migrations/1.sql": SCHEMA}, None)
CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "in one chain": (
        'sb := sqlbuilder.NewSelectBuilder()\n\tsb.Select("id").From("boats").Where(sb.Equal("tenant_id", t))\n\tq, a := sb.Build()',
        [("proven", None)],
    ),
    "line by line": (
        (
            'sb := sqlbuilder.PostgreSQL.NewSelectBuilder()\n\tsb.Select("id", "name")\n\tsb.From("boats")\n'
            '\tsb.Where(sb.EQ("tenant_id", t), sb.EQ("id", id))\n\tq, a := sb.Build()'
        ),
        [("proven", None)],
    ),
    "by its key": (
        'sb := sqlbuilder.Select("id").From("boats")\n\tsb.Where(sb.E("id", id))\n\tq, a := sb.Build()',
        [("violation", "TENSQL001")],
    ),
    "on some paths": (
        (
            'sb := sqlbuilder.Select("id").From("boats")\n\tsb.Where(sb.E("id", id))\n\tif t != "" {\n'
            '\t\tsb.Where(sb.E("tenant_id", t))\n\t}\n\tq, a := sb.Build()'
        ),
        [("violation", "TENSQL005")],
    ),
    "or": (
        'sb := sqlbuilder.Select("id").From("boats")\n\tsb.Where(sb.Or(sb.E("tenant_id", t), sb.E("id", id)))\n\tq, a := sb.Build()',
        [("violation", "TENSQL006")],
    ),
    "and": (
        'sb := sqlbuilder.Select("id").From("boats")\n\tsb.Where(sb.And(sb.E("tenant_id", t), sb.IsNotNull("name")))\n\tq, a := sb.Build()',
        [("proven", None)],
    ),
    "a text with an or": (
        'sb := sqlbuilder.Select("id").From("boats")\n\tsb.Where("name IS NULL OR id IS NULL", sb.E("tenant_id", t))\n\tq, a := sb.Build()',
        [("violation", "TENSQL006")],
    ),
    "a deletion": (
        'db := sqlbuilder.NewDeleteBuilder()\n\tdb.DeleteFrom("boats")\n\tdb.Where(db.In("id", ids))\n\tq, a := db.Build()',
        [("violation", "TENSQL003")],
    ),
    "an update": (
        'ub := sqlbuilder.Update("boats")\n\tub.Set(ub.Assign("name", id))\n\tub.Where(ub.Equal("id", id))\n\tq, a := ub.Build()',
        [("violation", "TENSQL002")],
    ),
    "an insert": (
        'ib := sqlbuilder.InsertInto("boats").Cols("id", "name").Values(id, t)\n\tq, a := ib.Build()',
        [("violation", "TENSQL004")],
    ),
    "a struct": (
        'sb := boats.SelectFrom("boats")\n\tsb.Where(sb.Equal("id", id))\n\tq, a := sb.Build()',
        [("violation", "TENSQL001")],
    ),
    "a clause from elsewhere": (
        'sb := sqlbuilder.Select("id").From("boats")\n\tsb.AddWhereClause(mine)\n\tq, a := sb.Build()',
        [("opaque", "TENSQL013")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_go_sqlbuilder(name: str) -> None:
    code, expected = CASES[name]
    source = f'package x\nimport "github.com/huandu/go-sqlbuilder"\n\nfunc f(t, id string) {{\n\t{code}\n}}\n'.encode()
    assert [(row.verdict, row.rule) for row in scan([("x/x.go", source)], MODEL).accesses] == expected
