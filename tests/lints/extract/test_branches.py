"""Code with very many branches: the analysis stays linear in them, or the test never ends."""

from __future__ import annotations

import pytest

from lints.extract import extract

LEVELS = 48

SOURCES = {
    "a variable chosen again and again": "\n".join(
        [
            "function f(v, x) {",
            *(f"  v = c{n} ? (d{n} ? v : x) : v;" for n in range(LEVELS)),
            "  v.concat('x');",
            "  for (const i of v) {}",
            "  return v;",
            "}",
            "const g = (id) => prisma.boat.findUnique({ where: { id } });",
        ]
    ),
    "a long chain of alternatives": "const f = (o) => prisma.boat.findMany({ where: { name: "
    + " || ".join(f"o.names.n{n}?.text({n})" for n in range(LEVELS))
    + " } });",
    "a long chain of conditions": "const f = (o) => { if ("
    + " && ".join(f"o.is{n}({n})" for n in range(LEVELS))
    + ") return prisma.boat.findMany({ where: { name: 'a' } }); };",
}


@pytest.mark.parametrize("name", SOURCES)
def test_many_branches(name: str) -> None:
    found = extract("a.ts", SOURCES[name].encode())
    assert [call.model for call in found.calls] == ["boat"]
    assert not found.problems
