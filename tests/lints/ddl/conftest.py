"""One throw-away PostgreSQL for all tests of the schema's rules."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pytest

from . import observed


@pytest.fixture(scope="session")
def server() -> Iterator[observed.Server]:
    with tempfile.TemporaryDirectory(prefix="tg-run-") as run, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", run)  # the server's package wants one while it is imported
        opened = observed.Server(tempfile.mkdtemp(prefix="tg-pg-"))
        try:
            yield opened
        finally:
            opened.close()
