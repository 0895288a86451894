"""The two tables of a ledger and the few questions asked of them, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from attestations.ledger.errors import Code, LedgerError

_PAGE: Final = 2000
_FIRST: Final = -(2**63)  # below any index, so that rows at negative ones, which nobody honest wrote, are seen too
_LAST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One entry as stored: its bytes, and the hashes it completed (see `tree`)."""

    index: int
    body: bytes
    hashes: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """The SQL of one database."""

    newest_index: str
    newest_checkpoint: str
    entry: str
    hashes: str
    entries: str
    checkpoints: str
    find: str
    insert_entry: str
    insert_checkpoint: str


def statements(*, mark: str, schema: str, contains: str) -> Statements:
    """The SQL with that parameter mark, schema prefix and test for bytes within bytes."""
    entry, checkpoint = f"{schema}entry", f"{schema}checkpoint"
    return Statements(
        newest_index=f"SELECT max(idx) FROM {entry}",  # noqa: S608 the three parts are constants of the callers
        newest_checkpoint=f"SELECT size, note FROM {checkpoint} ORDER BY size DESC LIMIT 1",  # noqa: S608
        entry=f"SELECT idx, body, hashes FROM {entry} WHERE idx = {mark}",  # noqa: S608
        hashes=f"SELECT idx, hashes FROM {entry} WHERE idx IN ({{marks}})",  # noqa: S608
        entries=f"SELECT idx, body, hashes FROM {entry} WHERE idx >= {mark} ORDER BY idx LIMIT {_PAGE}",  # noqa: S608
        checkpoints=f"SELECT size, note FROM {checkpoint} WHERE size >= {mark} ORDER BY size LIMIT {_PAGE}",  # noqa: S608
        find=f"SELECT idx FROM {entry} WHERE {contains} ORDER BY idx",  # noqa: S608
        insert_entry=f"INSERT INTO {entry} (idx, body, hashes) VALUES ({mark}, {mark}, {mark})",  # noqa: S608
        insert_checkpoint=f"INSERT INTO {checkpoint} (size, note) VALUES ({mark}, {mark})",  # noqa: S608
    )


class Connection(Protocol):
    """What sqlite3 and psycopg connections have in common."""

    def execute(self, sql: Any, parameters: Any = ..., /) -> Any: ...

    def cursor(self) -> Any: ...


class Session:
    """One transaction. Whatever the database returns is checked for its type: the file may be hostile."""

    def __init__(self, connection: Connection, sql: Statements, mark: str) -> None:
        self._connection = connection
        self._sql = sql
        self._mark = mark

    def size(self) -> int:
        """The number of entries, if none is missing: one more than the newest index."""
        (newest,) = self._connection.execute(self._sql.newest_index).fetchone()
        return 0 if newest is None else _integer(newest) + 1

    def newest_checkpoint(self) -> tuple[int, str] | None:
        found = self._connection.execute(self._sql.newest_checkpoint).fetchone()
        return None if found is None else (_integer(found[0]), _text(found[1]))

    def entry(self, index: int) -> Row | None:
        found = self._connection.execute(self._sql.entry, (index,)).fetchone()
        return None if found is None else _row(found)

    def hashes(self, rows: Iterable[int]) -> dict[int, bytes]:
        """The hashes of some rows by index; a row that is not there is not in the answer."""
        wanted = sorted(rows)
        found: dict[int, bytes] = {}
        for start in range(0, len(wanted), _PAGE):
            page = wanted[start : start + _PAGE]
            sql = self._sql.hashes.format(marks=", ".join([self._mark] * len(page)))
            found.update((_integer(index), _bytes(data)) for index, data in self._connection.execute(sql, page))
        return found

    def entries(self) -> Iterator[Row]:
        """All entries in order of their index."""
        return map(_row, self._ascending(self._sql.entries))

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """All checkpoints in order of their size, as stored: the note may be anything."""
        return ((size, _bytes(note)) for size, note in self._ascending(self._sql.checkpoints))

    def find(self, needle: bytes) -> tuple[int, ...]:
        """The indices of the entries that have these bytes; reads them all."""
        return tuple(_integer(index) for (index,) in self._connection.execute(self._sql.find, (needle,)))

    def insert(self, rows: Sequence[Row], size: int, note: str) -> None:
        """Add entries and the checkpoint that covers them."""
        cursor = self._connection.cursor()
        if rows:
            cursor.executemany(self._sql.insert_entry, [(row.index, row.body, row.hashes) for row in rows])
        cursor.execute(self._sql.insert_checkpoint, (size, note.encode()))

    def _ascending(self, sql: str) -> Iterator[Sequence[Any]]:
        """All rows by their first column, page by page. A damaged database could give them in any order, for ever."""
        start = _FIRST
        while start <= _LAST:
            page = self._connection.execute(sql, (start,)).fetchall()
            for found in page:
                if _integer(found[0]) < start:
                    raise LedgerError(Code.CORRUPT, "the database gives its rows in the wrong order")
                yield found
                start = found[0] + 1
            if len(page) < _PAGE:
                return


class Store(Protocol):
    """A place for a ledger. One transaction at a time in a store; any number of stores on one place."""

    where: str
    """The place, for messages: without credentials."""
    durability: str
    """The settings under which entries are acknowledged, as the database answered when asked."""

    def read(self) -> AbstractContextManager[Session]:
        """A consistent view. Raises LedgerError."""
        ...

    def write(self) -> AbstractContextManager[Session]:
        """The only writer at this time; durable when the context was left without an exception, else undone."""
        ...

    def damage(self) -> list[str]:
        """What the database says of its own integrity; empty is sound."""
        ...

    def reconnect(self) -> bool:
        """Connect again after the connection was lost; False where there is none to lose. Raises LedgerError."""
        ...

    def close(self) -> None: ...


def _row(found: Sequence[object]) -> Row:
    return Row(index=_integer(found[0]), body=_bytes(found[1]), hashes=_bytes(found[2]))


def _integer(value: object) -> int:
    if type(value) is int:
        return value
    raise LedgerError(Code.CORRUPT, "the database holds something else than a number where an index belongs")


def _bytes(value: object) -> bytes:
    if type(value) is bytes:
        return value
    raise LedgerError(Code.CORRUPT, "the database holds something else than bytes where an entry or hash belongs")


def _text(value: object) -> str:
    return _bytes(value).decode("utf-8", "surrogateescape")  # the reader of notes refuses what was not UTF-8
