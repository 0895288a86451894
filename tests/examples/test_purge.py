"""The purge really deletes what is due, only that, and says so truthfully."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from .conftest import AS_OF, Copy

WINDOWS = {
    "leads": ("created_at", "prospect_pii", "status <> 'converted'"),
    "exports": ("created_at", "customer_export", "TRUE"),
    "policy_decisions": ("decided_at", "decision_log", "TRUE"),
    "workflow_executions": ("started_at", "operational_log", "TRUE"),
    "audit_events": ("occurred_at", "audit_log", "TRUE"),
    "meter_events": ("occurred_at", "usage_record", "TRUE"),
    "evidence_bundles": ("created_at", "evidence", "NOT legal_hold"),
}


@contextmanager
def database(example: Copy) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(example.database, isolation_level=None)) as connection:
        yield connection


def due(connection: sqlite3.Connection) -> dict[str, int]:
    """Counted by SQLite's own calendar, not by the purge's code."""
    return {
        table: connection.execute(
            f"SELECT count(*) FROM {table} AS t JOIN retention_policies AS p"
            f" ON p.tenant_id = t.tenant_id AND p.data_class = '{data_class}'"
            f" WHERE ({condition}) AND julianday(t.{column}) < julianday(?) - p.retain_days - 0.000001",
            (AS_OF,),
        ).fetchone()[0]
        for table, (column, data_class, condition) in WINDOWS.items()
    }


def total(connection: sqlite3.Connection, query: str, **values: Any) -> int:
    """A query of the manifest, run again for every tenant."""
    tenants = [row[0] for row in connection.execute("SELECT id FROM tenants")]
    return sum(connection.execute(query, {**values, "tenant_id": tenant}).fetchone()[0] for tenant in tenants)


def test_what_is_due_is_deleted_buried_and_counted(example: Copy) -> None:
    with database(example) as connection:
        before = due(connection)
        assert all(count >= 4 for count in before.values()), "the past must leave something due in every table"
        connection.execute(
            "INSERT INTO leads (tenant_id, id, source, company, segment, temperature, status, created_at)"
            " VALUES ('globex', 'lead_old', 'intro', 'Remember Me Nevermore', 'smb', 'hot', 'dropped',"
            " '2020-01-01T00:00:00.000Z')"
        )
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"Remember Me Nevermore" in example.database.read_bytes()

    manifest = example.op("purge", "--as-of", AS_OF)

    purged = {row["table"]: row["purged"] for row in manifest["counts"]}
    assert {table: purged[table] for table in before} == {**before, "leads": before["leads"] + 1}
    with database(example) as connection:
        assert set(due(connection).values()) == {0}
        for row in manifest["counts"]:
            there = connection.execute(f"SELECT count(*) FROM {row['table']}").fetchone()[0]
            assert there == row["after"] == row["before"] - row["purged"], row
        run = connection.execute("SELECT DISTINCT id FROM purge_runs WHERE performed_at LIKE '2026-11-21%'").fetchone()[
            0
        ]
        again = total(connection, manifest["tombstone_validation"]["query"], purge_run_id=run)
        assert again == manifest["tombstone_validation"]["observed"] == sum(purged.values())
        assert connection.execute("SELECT count(*) FROM evidence_bundles WHERE legal_hold").fetchone()[0] == 2
    assert manifest["exceptions"] == [{"reason": "legal hold", "table": "evidence_bundles", "rows": 2}]
    assert (manifest["noop"], manifest["noop_query"], manifest["week"]) == (False, None, "2026-W47")
    files = b"".join(path.read_bytes() for path in example.database.parent.glob("summit.sqlite*"))
    assert b"Remember Me Nevermore" not in files, "deleted, and still in the file"
    assert example.op("integrity")["broken_references"] == 0


def test_the_second_purge_proves_that_nothing_was_due(example: Copy) -> None:
    first = example.op("purge", "--as-of", AS_OF)
    second = example.op("purge", "--as-of", AS_OF)
    assert (second["noop"], second["trigger"]) == (True, "noop")
    assert [row["after"] for row in first["counts"]] == [row["after"] for row in second["counts"]]
    with database(example) as connection:
        cutoffs = {
            row[0]: row[1]
            for row in connection.execute(
                "SELECT data_class, min(strftime('%Y-%m-%dT%H:%M:%S.000Z', ?, '-' || retain_days || ' days'))"
                " FROM retention_policies GROUP BY data_class",
                (AS_OF,),
            )
        }
        assert total(connection, second["noop_query"], **cutoffs) == 0
        everything = dict.fromkeys(cutoffs, "9999-12-31T00:00:00.000Z")
        assert total(connection, second["noop_query"], **everything) > 1000, (
            "the query would see rows if there were any"
        )


def test_a_row_is_kept_to_the_last_millisecond_of_its_window(example: Copy) -> None:
    with database(example) as connection:
        connection.executemany(
            "INSERT INTO audit_events (tenant_id, id, actor, action, subject, occurred_at)"
            " VALUES ('globex', ?, '', '', '', ?)",
            [("aud_due", "2025-10-17T11:59:59.999Z"), ("aud_kept", "2025-10-17T12:00:00.000Z")],  # 400 days
        )
    example.op("purge", "--as-of", AS_OF)
    with database(example) as connection:
        left = connection.execute("SELECT id FROM audit_events WHERE id IN ('aud_due', 'aud_kept')").fetchall()
    assert left == [("aud_kept",)]


def test_a_tenant_without_a_window_stops_the_purge_before_anything_is_deleted(example: Copy) -> None:
    with database(example) as connection:
        connection.execute("DELETE FROM retention_policies WHERE tenant_id = 'initech' AND data_class = 'evidence'")
        before = due(connection)
    assert example.op("purge", "--as-of", AS_OF, expect=2)["stderr"] == (
        "cannot run: tenant initech has no retention window for evidence"
    )
    with database(example) as connection:
        assert due(connection) == before


def test_rows_that_refuse_to_go_are_not_reported_as_gone(example: Copy) -> None:
    with database(example) as connection:
        connection.execute("CREATE TRIGGER stay BEFORE DELETE ON exports BEGIN SELECT RAISE(IGNORE); END")
    answer = example.op("purge", "--as-of", AS_OF, expect=1)
    assert "still due" in answer["failure"]
    assert {row["table"]: row["purged"] for row in answer["counts"]}["exports"] == 0


def test_a_failure_half_way_purges_nothing(example: Copy) -> None:
    with database(example) as connection:
        connection.execute(
            "CREATE TRIGGER fail BEFORE DELETE ON evidence_bundles WHEN old.tenant_id = 'initech'"
            " BEGIN SELECT RAISE(ABORT, 'disk on fire'); END"
        )
        before = due(connection)
    assert "disk on fire" in example.op("purge", "--as-of", AS_OF, expect=2)["stderr"]
    with database(example) as connection:
        assert due(connection) == before


@pytest.mark.parametrize("week", ["2026-W54", "2025-W53", "2026-W00", "2026-46", "", "2026-W46; DROP TABLE leads"])
def test_a_week_that_does_not_exist_is_refused(bootstrapped: Copy, week: str) -> None:
    answer = bootstrapped.op("purge", f"--week={week}", "--as-of", AS_OF, expect=2)
    assert answer["stderr"].startswith("cannot run: --week")


def test_week_53_is_a_week(example: Copy) -> None:
    manifest = example.op("purge", "--as-of", "2027-01-02T05:00:00Z")
    assert (manifest["week"], manifest["period_start"], manifest["period_end"]) == (
        "2026-W53",
        "2026-12-28T00:00:00Z",
        "2027-01-04T00:00:00Z",
    )
