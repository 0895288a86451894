"""What kind of file a path is: source, test, migration, seed or generated."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath

from lints.patterns import regex
from lints.schema.order import in_migrations, is_migration_code

_TEST_FOLDERS = frozenset(
    [
        "test",
        "tests",
        "__tests__",
        "__test__",
        "spec",
        "specs",
        "e2e",
        "mailer_previews",
        "testing",
        "testdata",
        "test-data",
        "test_data",
        "fixtures",
        "__fixtures__",
        "__mocks__",
        "mocks",
        "cypress",
        "playwright",
        "integration-tests",
        "integration_tests",
        "__integration__",
        "__e2e__",
        "test-utils",
        "test_utils",
        "test-config",
        "test-harness",
    ]
)
_TEST_PROJECT = regex(r"[\w.-]*[._-](?:unit|integration|functional|acceptance|api|e2e)?[._-]?tests?")
_TEST_FILE = regex(
    r"(?:[._-](?:test|spec|e2e|cy|fixture|stories)\.[cm]?[jt]sx?|_test\.(?:go|py|exs?)|_spec\.rb|_mailer_preview\.rb|Tests?\.(?:java|kt|cs|php)"
    r"|IT\.java)$|^(?:test_.*|conftest)\.py$"
)
CODE = (
    ".py", ".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".go", ".rb", ".php", ".java", ".kt", ".cs",
)  # fmt: skip
"""Endings of the source files whose language is read."""
_TEST_FACTORIES = regex(r"(?:^|/)database/factories/", re.IGNORECASE)
"""Laravel's; any other folder of that name may hold what is served."""
_SEED_FOLDERS = frozenset({"seed", "seeds", "seeder", "seeders", "seeding", "demo-data", "sample-data"})
_SEED_FILE = regex(r"(?:^|[._-])seed(?:s|er)?(?:[._-]|$)", re.IGNORECASE)
_MIGRATION_FILE = regex(r"(?:db_|data_)?migrations?\.(?:go|rb|cs|java|kt|php|py|ts|js)", re.IGNORECASE)
_VIEW = regex(r"(?:^|/)db/(?:views|functions|triggers)/\w+_v\d+\.sql$")
"""What a view of Rails (Scenic) is made of, version by version: the schema has it, and where it is asked is judged."""
_GENERATED_FOLDERS = frozenset(
    [
        "dist",
        "build",
        "out",
        "node_modules",
        "vendor",
        ".next",
        ".nuxt",
        "generated",
        "__generated__",
        "gen",
        "third_party",
        "site-packages",
        ".venv",
        "venv",
        "bower_components",
        "coverage",
        "target",
    ]
)
_GENERATED_FILE = regex(
    r"\.min\.[cm]?js$|\.(?:gen|generated|pb|g)\.\w+$|_pb2(?:_grpc)?\.py$|\.bundle\.js$|\.pb\.go$|^_ide_helper\w*\.php$"
)


def path_class(path: str, declared: Mapping[str, Sequence[str]] | None = None) -> str:
    """`source`, `test`, `migration`, `seed` or `generated`; globs of `tenancy.yaml` come before the conventions.

    What is source may be a script (`is_script`).
    """
    for name, globs in (declared or {}).items():
        if any(_glob(pattern).fullmatch(path) for pattern in globs):
            return name
    pure = PurePosixPath(path)
    folders = {part.lower() for part in pure.parts[:-1]}
    if folders & _GENERATED_FOLDERS or _GENERATED_FILE.search(pure.name):
        return "generated"
    if folders & _TEST_FOLDERS or any(map(_TEST_PROJECT.fullmatch, folders)) or _TEST_FILE.search(pure.name):
        return "test"
    if _TEST_FACTORIES.search(path):
        return "test"
    if folders & _SEED_FOLDERS or _SEED_FILE.search(pure.stem):
        return "seed"
    told = in_migrations(path) if pure.suffix.lower() not in CODE else is_migration_code(path)
    if told or "alembic" in folders or _VIEW.search(path) or _MIGRATION_FILE.fullmatch(pure.name):
        return "migration"
    return "source"


_SCRIPT_FOLDERS = frozenset(
    {"scripts", "script", "one-off", "one_off", "oneoff", "backfill", "backfills", "data_migrations"}
)
_COMMANDS = regex(r"(?:^|/)(?:management/commands|lib/tasks)/")
"""Of Django and Rails."""


def is_script(path: str, declared: Mapping[str, Sequence[str]] | None = None) -> bool:
    """Whether what is source by its path is run by hand: `scripts/`, a management command, a backfill.

    It is judged as all source is; who reads a finding sees that no client can ask for it.
    """
    if any(_glob(pattern).fullmatch(path) for pattern in (declared or {}).get("source", ())):
        return False
    folders = {part.lower() for part in PurePosixPath(path).parts[:-1]}
    return bool(folders & _SCRIPT_FOLDERS) or _COMMANDS.search(path) is not None


_TESTS = regex(rb"^[ \t]*(?:async[ \t]+)?def test|\b(?:pytest|unittest|TestCase)\b", re.MULTILINE)


def misnamed(path: str, data: bytes) -> bool:
    """Whether a Python file is no test although its name says so: `services/test_set.py` of a product about tests."""
    pure = PurePosixPath(path)
    named = pure.name.startswith("test_") and pure.suffix == ".py"
    return named and path_class(f"{pure.parent}/{pure.name[5:]}") == "source" and _TESTS.search(data) is None


_DIALECTS = {
    "clickhouse": "clickhouse",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
    "postgres": "postgres",
    "postgresql": "postgres",
    "mssql": "tsql",
    "sqlserver": "tsql",
    "oracle": "oracle",
    "snowflake": "snowflake",
    "bigquery": "bigquery",
}


def dialect_of(path: str) -> str | None:
    """The SQL dialect that a folder on the path, or the file's name, says."""
    for part in reversed(re.split(r"[/._-]", path.lower())):
        if part in _DIALECTS:
            return _DIALECTS[part]
    return None


_HEADER = regex(
    rb"Code generated .{0,80}DO NOT EDIT|@generated\b|<auto-generated>"
    rb"|This file (?:was|is) (?:auto-?|automatically )?generated"
    rb"|AUTO-?GENERATED FILE|Generated by the protocol buffer compiler",
    re.IGNORECASE,
)


def says_generated(data: bytes) -> bool:
    """Whether the head of a file says that a tool wrote it."""
    return _HEADER.search(data[:1500]) is not None


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    """`**` crosses folders, `*` and `?` stay inside one."""
    wild = {"**/": "(?:[^/]+/)*+", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(wild.get(part) or re.escape(part) for part in re.split(r"(\*\*/|\*\*|\*|\?)", pattern)))
