"""What is written as the same variable twice in one call is one value; anything else may be two."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

SCHEMA = {
    "prisma/schema.prisma": b"""model Tenant { id String @id
  docs Doc[]
}
model Doc { id String @id
  title String
  tenantId String
  tenant Tenant @relation(fields: [tenantId], references: [id])
}"""
}


@pytest.mark.parametrize(
    ("where", "data", "expected"),
    [
        ("ctx.tenantId", "ctx.tenantId", ("proven", None)),
        ("ctx.tenantId", "input.tenantId", ("violation", "TENORM004")),
        ("next()", "next()", ("violation", "TENORM004")),
    ],
    ids=["the tenant it has", "another variable", "a call may give another value each time"],
)
def test_a_row_is_given_the_tenant_that_was_asked_for(where: str, data: str, expected: tuple[str, str | None]) -> None:
    code = f"""export async function save(prisma, ctx, input, next) {{
  await prisma.doc.updateMany({{ where: {{ id: input.id, tenantId: {where} }}, data: {{ title: "x", tenantId: {data} }} }});
}}"""
    files = {**SCHEMA, "a.ts": code.encode()}
    (row,) = (a for a in scan(files.items(), build_model(files, {})).accesses if a.path == "a.ts")

    assert (row.verdict, row.rule) == expected
