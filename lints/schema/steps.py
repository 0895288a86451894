"""The steps in which schema sources are read, one kind after the other: each adds to what those before have left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`endings` are those of the files whose models it reads, `modules` what reads them, under `lints.schema`."""

    endings: tuple[str, ...] = ()
    modules: tuple[str, ...]


SCRIPTS, BASES = "scripts", "python bases"
STEPS: Mapping[str, Step] = {
    SCRIPTS: Step(
        modules=("code_migrations", "ddl", "fluent_migrator", "go_migrations", "javascript_migrations", "laravel")
    ),
    "prisma": Step(endings=(".prisma",), modules=("prisma",)),
    "python": Step(endings=(".py",), modules=("python_models",)),
    BASES: Step(endings=(".py",), modules=("python_bases",)),
    "javascript": Step(
        endings=(".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs"),
        modules=("javascript_models", "typescript_models"),
    ),
    "php": Step(endings=(".php",), modules=("doctrine", "php_models")),
    "ruby": Step(endings=(".rb",), modules=("rails_models",)),
    "mappings": Step(endings=(".orm.xml", ".dcm.xml"), modules=("doctrine",)),
    "compiled": Step(endings=(".java", ".kt", ".cs", ".go", ".stg"), modules=("compiled_models",)),
}
"""In their order; migrations of any kind are of `SCRIPTS`."""
