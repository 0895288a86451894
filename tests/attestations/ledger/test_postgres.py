"""The team's ledger on a real server: refused wherever the server could lose or change what it acknowledged."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest

from attestations.ledger import Code, Ledger, LedgerError, audit, verify_receipt


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def test_the_settings_are_the_ones_the_server_answered(database: str, kit: Any) -> None:
    with kit.create(database) as ledger:
        assert ledger.durability.startswith("postgresql ")
        assert ledger.durability.endswith("fsync on, full_page_writes on, synchronous_commit on")
        assert ledger.where.startswith("PostgreSQL database postgres on ")


@pytest.mark.parametrize("level", ["off", "local", "remote_write"])
def test_a_session_that_would_commit_too_early_is_set_right(level: str, database: str, kit: Any) -> None:
    run(database, f"ALTER DATABASE postgres SET synchronous_commit = {level}")
    with kit.create(database) as ledger:
        assert ledger.durability.endswith("synchronous_commit on")
        ledger.append(kit.entries(0, 2))
        assert audit(ledger).ok


def test_a_stronger_setting_stays(database: str, kit: Any) -> None:
    run(database, "ALTER DATABASE postgres SET synchronous_commit = remote_apply")
    with kit.create(database) as ledger:
        assert ledger.durability.endswith("synchronous_commit remote_apply")


@contextmanager
def setting(postgres: Any, name: str, value: str) -> Iterator[None]:
    """A setting of the whole server, reloaded as its administrator would."""

    def reach(wanted: str) -> None:
        with psycopg.connect(postgres.get_uri(), autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
        for _ in range(500):
            with psycopg.connect(postgres.get_uri()) as connection:
                if connection.execute(f"SHOW {name}").fetchone() == (wanted,):
                    return
            threading.Event().wait(0.01)
        raise AssertionError(name)

    run(postgres.get_uri(), f"ALTER SYSTEM SET {name} = {value}")
    try:
        reach(value)
        yield
    finally:
        run(postgres.get_uri(), f"ALTER SYSTEM RESET {name}")
        reach("on")


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_server_that_would_lose_acknowledged_entries_is_refused(
    name: str, postgres: Any, database: str, kit: Any
) -> None:
    with kit.create(database) as ledger, setting(postgres, name, "off"):
        assert kit.refused(lambda: kit.open(database)).code is Code.NOT_DURABLE
        # An open ledger notices too: a reload reaches every session between two of its commands.
        assert kit.refused(lambda: [ledger.append(kit.entries(0, 1)) for _ in range(50)]).code is Code.NOT_DURABLE
        with kit.read(database) as reader:
            assert audit(reader).ok


@pytest.mark.parametrize(
    ("case", "code", "statements"),
    [
        ("tables that a crash empties", Code.SCHEMA, ["ALTER TABLE {}entry SET UNLOGGED"]),
        (
            "trigger that drops entries",
            Code.SCHEMA,
            [
                "CREATE FUNCTION {}f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                "CREATE TRIGGER t BEFORE INSERT ON {}entry FOR EACH ROW EXECUTE FUNCTION {}f()",
            ],
        ),
        ("rule", Code.SCHEMA, ["CREATE RULE r AS ON INSERT TO {}checkpoint DO INSTEAD NOTHING"]),
        ("row security", Code.SCHEMA, ["ALTER TABLE {}entry ENABLE ROW LEVEL SECURITY"]),
        ("one more column", Code.SCHEMA, ["ALTER TABLE {}entry ADD COLUMN more int"]),
        ("other type", Code.SCHEMA, ["ALTER TABLE {}checkpoint ALTER COLUMN note TYPE text USING 'x'"]),
        ("one more table", Code.SCHEMA, ["CREATE TABLE {}more (a int)"]),
        (
            "view for a table",
            Code.SCHEMA,
            ["ALTER TABLE {}entry RENAME TO e", "CREATE VIEW {}entry AS SELECT * FROM {}e"],
        ),
        ("no table", Code.SCHEMA, ["DROP TABLE {}entry"]),
        ("no schema", Code.MISSING, ["DROP SCHEMA tenantgate_ledger CASCADE"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_schema_that_is_not_just_the_ledgers_tables(
    case: str, code: Code, statements: list[str], database: str, kit: Any
) -> None:
    kit.create(database).close()
    run(database, *(statement.replace("{}", "tenantgate_ledger.") for statement in statements))
    assert kit.refused(lambda: kit.open(database)).code is code, case
    assert kit.refused(lambda: kit.read(database)).code is code, case


@pytest.mark.parametrize(
    ("code", "statements"),
    [
        (Code.ENTRY_EDITED, ["UPDATE {}entry SET body = 'x' WHERE idx = 2"]),
        (Code.ENTRY_MISSING, ["DELETE FROM {}entry WHERE idx = 2"]),
        (Code.TAIL_CUT, ["DELETE FROM {}entry WHERE idx = 4"]),
        (
            Code.ENTRIES_REORDERED,
            [
                "UPDATE {}entry e SET body = o.body FROM {}entry o WHERE e.idx IN (1, 3) AND o.idx = 4 - e.idx",
            ],
        ),
        (Code.NODE_ALTERED, ["UPDATE {}entry SET hashes = hashes || hashes WHERE idx = 1"]),
        (Code.CHECKPOINT_ALTERED, ["UPDATE {}checkpoint SET note = 'x' WHERE size = 3"]),
        (Code.UNCOVERED, ["DELETE FROM {}checkpoint"]),
        (Code.ROLLED_BACK, ["DELETE FROM {}checkpoint WHERE size = 5", "DELETE FROM {}entry WHERE idx >= 3"]),
    ],
)
def test_what_an_administrator_did_is_found_and_named(
    code: Code, statements: list[str], database: str, kit: Any
) -> None:
    with kit.create(database) as ledger:
        ledger.append(kit.entries(0, 3))
        newest = ledger.append(kit.entries(3, 5))[0].checkpoint
    run(database, *(statement.replace("{}", "tenantgate_ledger.") for statement in statements))
    with kit.read(database) as ledger:
        report = audit(ledger, newest)
    assert code in {finding.code for finding in report.findings}, report.findings


@contextmanager
def role(database: str, *grants: str) -> Iterator[str]:
    """The URL for a role with these rights on the ledger's schema."""
    run(database, "DROP ROLE IF EXISTS somebody", "CREATE ROLE somebody LOGIN")
    run(database, *(f"GRANT {grant} TO somebody" for grant in ("USAGE ON SCHEMA tenantgate_ledger", *grants)))
    try:
        yield database.replace("postgres:@", "somebody:@")
    finally:
        run(database, "DROP OWNED BY somebody", "DROP ROLE somebody")


def test_a_role_that_may_only_read(database: str, kit: Any) -> None:
    with kit.create(database) as ledger:
        ledger.append(kit.entries(0, 3))
    with role(database, "SELECT ON ALL TABLES IN SCHEMA tenantgate_ledger") as url:
        with kit.read(url) as ledger:
            assert audit(ledger).ok
            ledger.receipt(1)
        with kit.open(url) as ledger:
            assert kit.refused(lambda: ledger.append(kit.entries(3, 4))).code is Code.UNWRITABLE


def test_a_role_that_may_only_insert_is_enough_to_append(database: str, kit: Any) -> None:
    kit.create(database).close()
    with role(database, "SELECT, INSERT ON ALL TABLES IN SCHEMA tenantgate_ledger") as url:
        with kit.open(url) as ledger:
            ledger.append(kit.entries(0, 3))
            assert audit(ledger).ok
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            run(url, "UPDATE tenantgate_ledger.entry SET body = 'x'")


def test_a_writer_that_does_not_queue_makes_no_fork(database: str, kit: Any) -> None:
    """The same index can't be had twice, whoever is first."""

    class Overtaken:
        verifier = kit.signer().verifier

        def sign(self, text: bytes) -> bytes:
            run(database, "INSERT INTO tenantgate_ledger.entry VALUES (0, 'x', 'x')")
            return bytes(kit.signer().sign(text))

    kit.create(database).close()
    with kit.open(database, signer=Overtaken()) as ledger:
        assert kit.refused(lambda: ledger.append(kit.entries(0, 3))).code is Code.BUSY
        assert {finding.code for finding in audit(ledger).findings} == {Code.UNCOVERED}


def test_settings_of_the_database_do_not_change_what_is_done(database: str, kit: Any) -> None:
    """An isolation that keeps the picture from before the lock, and functions put in front of the server's own."""
    run(
        database,
        "ALTER DATABASE postgres SET default_transaction_isolation = 'serializable'",
        "ALTER DATABASE postgres SET search_path = public, pg_catalog",
        "CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE sql AS 'SELECT ''on''::text'",
    )
    try:
        kit.create(database).close()
        with kit.open(database) as one, kit.open(database) as two:
            one.append(kit.entries(0, 2))
            two.append(kit.entries(2, 4))
            one.append(kit.entries(4, 6))
            assert audit(one).ok
    finally:
        run(database, "DROP FUNCTION public.current_setting(text)")


def test_a_database_set_read_only_is_left_alone(database: str, kit: Any) -> None:
    kit.create(database).close()
    run(database, "ALTER DATABASE postgres SET default_transaction_read_only = on")
    with kit.open(database) as ledger:
        assert kit.refused(lambda: ledger.append(kit.entries(0, 1))).code is Code.UNWRITABLE
        assert ledger.size() == 0


def test_a_server_that_is_not_there_and_no_word_of_the_password(kit: Any) -> None:
    for url in (
        "postgresql://gate:s3cret@127.0.0.1:1/evidence",
        "postgresql://gate:s3cret@/evidence?host=/nonexistent",
        "postgresql://gate:s3cret@/evidence?nonsense=1",
        "postgres://gate:s3cret@[",
    ):
        for call in (lambda url=url: kit.open(url, timeout=2), lambda url=url: kit.create(url, timeout=2)):
            error = kit.refused(call)
            assert error.code is Code.UNAVAILABLE
            assert "s3cret" not in str(error)


def kill(database: str) -> None:
    """Everybody else on this database is cut off, at once."""
    run(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


def test_a_connection_cut_in_the_middle_leaves_nothing(database: str, kit: Any) -> None:
    class Cut:
        verifier = kit.signer().verifier

        def sign(self, text: bytes) -> bytes:
            kill(database)
            return bytes(kit.signer().sign(text))

    kit.create(database).close()
    ledger = kit.open(database, signer=Cut())
    assert kit.refused(lambda: ledger.append(kit.entries(0, 3))).code is Code.UNAVAILABLE
    assert kit.refused(ledger.checkpoint).code is Code.UNAVAILABLE
    ledger.close()
    with kit.open(database) as again:
        assert again.size() == 0
        again.append(kit.entries(0, 3))
        assert audit(again).ok


def crash(database: str) -> None:
    """kill -9 for a server process: the server throws everybody out and recovers from its log."""
    with psycopg.connect(database, autocommit=True) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)


def reopened(kit: Any, database: str, trusted: str) -> Ledger:
    for _ in range(600):
        try:
            return cast("Ledger", kit.open(database, trusted=trusted))
        except LedgerError as error:
            if error.code is not Code.UNAVAILABLE:
                raise
        threading.Event().wait(0.1)  # it is recovering
    raise AssertionError("the server did not come back")


def test_nothing_acknowledged_is_lost_to_a_server_crash(database: str, kit: Any) -> None:
    kit.create(database).close()
    acknowledged: list[int] = []
    newest = ""
    failed = threading.Event()

    def work() -> None:
        nonlocal newest
        number = 0
        with reopened(kit, database, newest) if newest else kit.open(database) as ledger:
            while not failed.is_set():
                try:
                    receipts = ledger.append([kit.entry(number), kit.entry(number + 1)])
                except Exception:
                    failed.set()
                    return
                acknowledged.extend(receipt.index for receipt in receipts)
                newest = receipts[0].checkpoint
                number += 2

    for _ in range(2):
        failed.clear()
        before = len(acknowledged)
        thread = threading.Thread(target=work)
        thread.start()
        while len(acknowledged) < before + 6 and not failed.is_set():
            threading.Event().wait(0.005)
        crash(database)
        thread.join(30)
        assert failed.is_set()
        with reopened(kit, database, newest) as ledger:
            report = audit(ledger, newest)
            assert report.ok, report.findings
            assert report.size > max(acknowledged)
    assert len(set(acknowledged)) == len(acknowledged)


class Proxy:
    """Stands between client and server, and cuts both off around a COMMIT: before the server hears of it, or after it
    was done and before the client does."""

    def __init__(self, server: str, folder: Path, *, lose: str, times: int) -> None:
        self._server, self._lose, self._left = server, lose, times
        self.cut = 0
        self._sockets = [socket.socket(socket.AF_UNIX)]
        self._sockets[0].bind(str(folder / ".s.PGSQL.5432"))
        self._sockets[0].listen()
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._sockets[0].accept()
                server = socket.socket(socket.AF_UNIX)
                self._sockets += [client, server]
                server.connect(self._server)
                committing = threading.Event()
                self._start(self._pump, client, server, True, committing)
                self._start(self._pump, server, client, False, committing)

    def _pump(self, source: socket.socket, target: socket.socket, asks: bool, committing: threading.Event) -> None:
        try:
            while data := source.recv(1 << 16):
                if asks and self._left and b"COMMIT\0" in data:
                    self._left -= 1
                    self.cut += 1
                    committing.set()
                    if self._lose == "question":
                        break
                elif not asks and committing.is_set():
                    break  # the server has answered: it is done
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def refuse(self) -> None:
        """Nobody new is let through."""
        with contextlib.suppress(OSError):
            self._sockets[0].shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for one in self._sockets:
            one.close()


@pytest.fixture
def between(database: str) -> Iterator[Callable[..., tuple[Proxy, str]]]:
    """Makes a proxy before the server, and the URL that leads through it."""
    made: list[Proxy] = []
    with tempfile.TemporaryDirectory(prefix="tg-px-") as name:
        folder = Path(name)

        def make(**how: Any) -> tuple[Proxy, str]:
            info = psycopg.conninfo.conninfo_to_dict(database)
            made.append(Proxy(f"{info['host']}/.s.PGSQL.{info.get('port') or 5432}", folder, **how))
            return made[-1], f"postgresql://{info['user']}@/{info['dbname']}?host={folder}&port=5432"

        yield make
        for proxy in made:
            proxy.close()


@pytest.mark.parametrize("lose", ["question", "answer"])
def test_a_commit_whose_outcome_nobody_heard_is_asked_for_and_never_doubled(
    database: str, between: Any, kit: Any, lose: str
) -> None:
    kit.create(database).close()
    with kit.open(database) as first:
        first.append(kit.entries(0, 2))
    proxy, url = between(lose=lose, times=0)
    with kit.open(url) as ledger:
        proxy._left = 1
        receipts = ledger.append(kit.entries(2, 5))
        assert proxy.cut == 1
        assert [receipt.index for receipt in receipts] == [2, 3, 4]
        for receipt, entry in zip(receipts, kit.entries(2, 5), strict=True):
            verify_receipt(receipt, entry, [kit.key])
        ledger.append(kit.entries(5, 6))
    with kit.open(database) as again:
        assert [again.entry(index) for index in range(again.size())] == kit.entries(0, 6)
        assert audit(again).ok


def test_a_server_that_stays_away_acknowledges_nothing(database: str, between: Any, kit: Any) -> None:
    kit.create(database).close()
    proxy, url = between(lose="answer", times=0)
    with kit.open(url) as ledger:
        proxy._left = 1
        proxy.refuse()
        assert kit.refused(lambda: ledger.append(kit.entries(0, 2))).code is Code.UNAVAILABLE
    with kit.open(database) as again:
        assert again.size() == 2, "it was done all the same, which nobody was told"
        assert audit(again).ok


def test_another_writer_in_between_does_not_hide_what_was_recorded(database: str, between: Any, kit: Any) -> None:
    """The commit is done and its answer lost; before the question is asked again, somebody else records something."""
    kit.create(database).close()
    proxy, url = between(lose="answer", times=0)
    with kit.open(url) as ledger, kit.open(database) as other:
        reconnect = ledger.store.reconnect

        def later() -> bool:
            other.append(kit.entries(10, 13))
            return bool(reconnect())

        ledger.store.reconnect = later
        proxy._left = 1
        receipts = ledger.append(kit.entries(0, 2))
        assert [receipt.index for receipt in receipts] == [0, 1]
        assert ledger.size() == 5
        for receipt, entry in zip(receipts, kit.entries(0, 2), strict=True):
            assert verify_receipt(receipt, entry, [kit.key]).size == 5
        assert audit(other).ok
