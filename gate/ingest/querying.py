"""Questions of people to the evidence: any SELECT of DuckDB, read only, with nothing to open but the stores' files.

What comes out is no evidence and decides nothing; controls ask in the portable subset, through `Store.ask`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gate.collect import Context, collect
from gate.collect.events import EventStore, open_stores
from gate.ingest.forgetting import is_held
from gate.ingest.manifest import check
from gate.model import GateError, UndecidedError
from gate.store import Store

PIECE = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """The columns of an answer, and its rows as they come."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


def ask(context: Context, text: str, seconds: int) -> Answer:
    """Run one SELECT over the kinds it names, and over `held` and `batch`, the stores' own tables.

    Raises GateError for what is not one SELECT or does not run, and UndecidedError when it takes longer or when
    evidence of a kind it names is not whole.
    """
    import duckdb

    _one_select(text)
    words = {word.lower() for word in re.findall(r"\w+", text)}
    kinds = [kind for name, kind in context.policy.kinds.items()
             if any(word == name.lower() or word.startswith(f"{name.lower()}__") for word in words)]  # fmt: skip
    evidence = collect(context, [kind.name for kind in kinds], lambda _: None)
    for item in evidence.values():
        if item.coverage.unread:
            lost = item.coverage.unread[0]
            raise UndecidedError(f"{lost.path}:{lost.line}: {lost.reason}")
    store = Store(kinds, context.as_of)
    for item in evidence.values():
        store.load(item.kind, item.rows)
    taken = {name for name, _ in context.policy.kinds.items()}
    if not {"held", "batch"} & taken:
        _own_tables(store, [found for found in open_stores(context) if isinstance(found, EventStore)])
    store.lock()
    timer = threading.Timer(seconds, store.connection.interrupt)
    timer.start()
    try:
        cursor = store.connection.execute(text)
        columns = tuple(str(column[0]) for column in cursor.description)
        first = cursor.fetchmany(PIECE)
    except duckdb.InterruptException:
        raise UndecidedError(f"the query took longer than {seconds} s; give --timeout") from None
    except (duckdb.Error, UnicodeEncodeError) as error:
        raise GateError(f"query: {(str(error).splitlines() or ['not answered'])[0][:300]}") from None
    finally:
        timer.cancel()
    return Answer(columns, _rest(store, cursor, first))


def _rest(store: Store, cursor: Any, rows: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    import duckdb

    del store  # named so that the engine and its folder live as long as the rows do
    while rows:
        yield from rows
        try:
            rows = cursor.fetchmany(PIECE)
        except duckdb.Error as error:
            raise UndecidedError(f"query: {(str(error).splitlines() or ['stopped'])[0][:300]}") from None


def _one_select(text: str) -> None:
    import duckdb

    try:
        statements = duckdb.extract_statements(text)
    except (duckdb.Error, UnicodeEncodeError) as error:
        raise GateError(f"query: {(str(error).splitlines() or ['not SQL'])[0][:300]}") from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise GateError("query: give one SELECT; nothing else is run")


def _own_tables(store: Store, stores: Sequence[EventStore]) -> None:
    """`held`: what was parked or rejected, with its bytes; `batch`: the runs that filled the stores."""
    columns = (
        "outcome VARCHAR, reason VARCHAR, detail VARCHAR, kind VARCHAR, source_path VARCHAR, source_line BIGINT, "
        "digest VARCHAR, size BIGINT, bytes BLOB, held_at BIGINT"
    )
    store.connection.execute(f"CREATE TABLE _held ({columns})")
    store.connection.execute(
        "CREATE TABLE batch (number BIGINT, id VARCHAR, finished_at VARCHAR, replay BOOLEAN, read BIGINT, "
        "accepted BIGINT, duplicates BIGINT, parked BIGINT, rejected BIGINT, parked_open BIGINT)"
    )
    files: dict[str, list[str]] = {}
    for found in stores:
        for batch in found.manifest.batches:
            store.connection.execute(
                "INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [batch.number, batch.id, batch.finished_at, batch.replay, batch.read, batch.accepted,
                 batch.duplicates, batch.parked, batch.rejected, batch.parked_open],
            )  # fmt: skip
        for batch, file in found.manifest.files():
            if is_held(file.name):
                wrong = check(found.manifest, file)
                if wrong is not None:
                    raise UndecidedError(f"{file.name}: {wrong}")
                files[str(found.manifest.store / file.name)] = [name for name, _, _ in batch.sources]
    store.add_view("held", "_held", files)
