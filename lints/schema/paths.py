"""What kind of file a path is: source, test, migration, seed or generated."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath

from lints.schema.order import in_migrations

_TEST_FOLDERS = frozenset(
    [
        "test",
        "tests",
        "__tests__",
        "__test__",
        "spec",
        "specs",
        "e2e",
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
    ]
)
_TEST_FILE = re.compile(
    r"(?:[._-](?:test|spec|e2e|cy|fixture|stories)\.[cm]?[jt]sx?|_test\.(?:go|py|exs?)|_spec\.rb|Tests?\.(?:java|kt|cs|php)"
    r"|IT\.java)$|^(?:test_.*|conftest)\.py$"
)
_SEED_FOLDERS = frozenset({"seed", "seeds", "seeders", "seeding", "demo-data", "sample-data"})
_SEED_FILE = re.compile(r"(?:^|[._-])seed(?:s|er)?(?:[._-]|$)", re.IGNORECASE)
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
_GENERATED_FILE = re.compile(
    r"\.min\.[cm]?js$|\.(?:gen|generated|pb|g)\.\w+$|_pb2(?:_grpc)?\.py$|\.bundle\.js$|\.pb\.go$"
)


def path_class(path: str, declared: Mapping[str, Sequence[str]] | None = None) -> str:
    """`source`, `test`, `migration`, `seed` or `generated`; globs of `tenancy.yaml` come before the conventions."""
    for name, globs in (declared or {}).items():
        if any(_glob(pattern).fullmatch(path) for pattern in globs):
            return name
    pure = PurePosixPath(path)
    folders = {part.lower() for part in pure.parts[:-1]}
    if folders & _GENERATED_FOLDERS or _GENERATED_FILE.search(pure.name):
        return "generated"
    if folders & _TEST_FOLDERS or _TEST_FILE.search(pure.name):
        return "test"
    if folders & _SEED_FOLDERS or _SEED_FILE.search(pure.stem):
        return "seed"
    if in_migrations(path):
        return "migration"
    return "source"


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    """`**` crosses folders, `*` and `?` stay inside one."""
    wild = {"**/": "(?:[^/]+/)*+", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(wild.get(part) or re.escape(part) for part in re.split(r"(\*\*/|\*\*|\*|\?)", pattern)))
