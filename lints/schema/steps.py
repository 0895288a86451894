"""The steps in which schema sources are read, one kind after the other: each adds to what those before have left."""

from __future__ import annotations

from collections.abc import Mapping

SCRIPTS = "scripts"
STEPS: Mapping[str, tuple[str, ...]] = {
    SCRIPTS: (),
    "prisma": (".prisma",),
    "python": (".py",),
    "javascript": (".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs"),
    "php": (".php",),
    "ruby": (".rb",),
    "mappings": (".orm.xml", ".dcm.xml"),
    "compiled": (".java", ".kt", ".cs", ".go", ".stg"),
}
"""In their order, with the endings of the files whose models each reads; migrations of any kind are of `SCRIPTS`."""
