"""The playbooks, run activity by activity against a real database."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import EXAMPLE, Copy, copied

PLAYBOOKS = sorted(path.stem for path in (EXAMPLE / "playbooks").glob("*.yaml"))
TENANTS = 4


def playbook(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((EXAMPLE / "playbooks" / f"{name}.yaml").read_bytes())
    return loaded


def run(example: Copy, name: str, *, until: str | None = None) -> dict[str, dict[str, Any]]:
    """Every activity of the method in order, at most up to and including `until`; name → what it measured."""
    measured = {}
    for activity in playbook(name)["method"]:
        module, *arguments = activity["provider"]["arguments"][1:]
        measured[activity["name"]] = example.op(module.removeprefix("service.ops."), *arguments)
        if activity["name"] == until:
            break
    return measured


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_holds_what_a_runner_needs(name: str) -> None:
    book = playbook(name)
    assert {"title", "description", "steady-state-hypothesis", "method", "rollbacks"} <= book.keys()
    [extension] = [e for e in book["extensions"] if e["name"] == "tenantgate.drill"]
    assert extension["kind"] == name
    assert extension["severity"] == ("major" if name == "dr-restore" else "minor")
    assert extension["owner"]
    assert extension["tenants"]
    activities = book["steady-state-hypothesis"]["probes"] + book["method"] + book["rollbacks"]
    names = [activity["name"] for activity in activities]
    assert len(set(names)) == len(names)
    for activity in activities:
        assert activity["provider"].keys() == {"type", "path", "arguments", "timeout"}
        assert activity["provider"]["type"] == "process"
        # A probe that tolerates failure is no probe.
        assert (activity["type"] == "probe") == ("tolerance" in activity)
        assert activity.get("tolerance", 0) == 0
    assert any(activity["type"] == "probe" for activity in book["method"])
    if name == "dr-restore":
        assert {"rto_seconds", "rpo_seconds"} <= extension["targets"].keys()
        measure = extension["measure"]
        assert {measure["rto"]["from"], measure["rto"]["to"], measure["rpo"]["activity"]} <= set(names)


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_runs_and_leaves_the_live_database_alone(example: Copy, name: str) -> None:
    before = hashlib.sha256(example.database.read_bytes()).hexdigest()
    assert example.op("integrity")["tenants"] == TENANTS
    measured = run(example, name)
    assert example.op("integrity")["tenants"] == TENANTS
    assert hashlib.sha256(example.database.read_bytes()).hexdigest() == before
    assert example.op("drill", "discard", "--drill", name) == {"discarded": 1}
    assert not (example.root / "var" / "drills" / name).exists()
    if name != "dr-restore":
        return
    verified = measured["verify-restored-copy"]
    assert verified["canary"] == {"written": measured["write-canary"]["canary_written"]} | {
        "found": measured["write-canary"]["canary_written"]
    }
    assert verified["restore_validation"]["expected"] == verified["restore_validation"]["observed"]
    assert verified["rows_restored"] == measured["take-backup"]["rows"]
    assert verified["checksums_matched"] == verified["tenants"] == TENANTS
    # What was written after the backup is lost; that is the recovery point, and it is measured, not assumed.
    assert verified["rows_lost"] == measured["write-after-backup"]["rows_written"] == TENANTS
    assert 0 < verified["rpo_ms"] <= verified["rpo_seconds"] * 1000 < verified["rpo_ms"] + 1000
    assert 0 < verified["rto_ms"] <= verified["rto_seconds"] * 1000 < verified["rto_ms"] + 1000


def test_the_newest_backup_is_chosen_and_a_tampered_one_is_not(example: Copy) -> None:
    run(example, "dr-restore", until="write-after-backup")
    newer = example.op("backup", "--drill", "dr-restore")
    example.op("damage", "destroy", "--drill", "dr-restore")
    assert example.op("restore", "--drill", "dr-restore")["backup_sha256"] == newer["backup_sha256"]

    backups = example.root / "var" / "drills" / "dr-restore" / "backups"
    newest, older = sorted(backups.glob("*.sqlite"), reverse=True)
    data = bytearray(newest.read_bytes())
    data[-1] ^= 1
    newest.write_bytes(data)
    assert example.op("restore", "--drill", "dr-restore")["backup_sha256"] != newer["backup_sha256"]
    older.unlink()
    assert "no usable backup" in example.op("restore", "--drill", "dr-restore", expect=2)["stderr"]


@pytest.fixture(scope="module")
def restored(bootstrapped: Copy, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A drill that has come as far as the restore."""
    made = copied(tmp_path_factory.mktemp("restored") / "summit", bootstrapped.root)
    run(made, "dr-restore", until="restore-latest-backup")
    return made


@pytest.mark.parametrize(
    ("tampering", "complaint"),
    [
        ("UPDATE quotas SET hard_limit = hard_limit + 1 WHERE tenant_id = 'globex'", "a tenant's rows differ"),
        ("DELETE FROM incident_notes WHERE id = (SELECT min(id) FROM incident_notes)", "a tenant's rows differ"),
        ("UPDATE audit_events SET subject = 'forged' WHERE action = 'drill.canary'", "the canary"),
        ("DELETE FROM audit_events WHERE action = 'drill.canary' AND tenant_id = 'initech'", "the canary"),
        ("DELETE FROM plans WHERE id = 'pro'", "not sound"),
    ],
)
def test_a_restore_that_is_not_whole_is_not_verified(
    restored: Copy, tmp_path: Path, tampering: str, complaint: str
) -> None:
    example = copied(tmp_path / "summit", restored.root)
    working = example.root / "var" / "drills" / "dr-restore" / "working.sqlite"
    with closing(sqlite3.connect(working, isolation_level=None)) as connection:
        connection.execute(tampering)
    answer = example.op("verify_restore", "--drill", "dr-restore", expect=1)
    assert complaint in answer["failure"]


def test_steps_out_of_order_cannot_run(example: Copy) -> None:
    assert "no working copy" in example.op("canary", "write", "--drill", "dr-restore", expect=2)["stderr"]
    example.op("drill", "prepare", "--drill", "dr-restore")
    assert "has not done every step" in example.op("verify_restore", "--drill", "dr-restore", expect=2)["stderr"]
    assert "still opens" in example.op("damage", "confirm", "--drill", "dr-restore", expect=1)["failure"]
    assert "no usable backup" in example.op("restore", "--drill", "dr-restore", expect=2)["stderr"]


@pytest.mark.parametrize("name", ["../../etc", "", ".", "a/b", "UPPER", "x\ny"])
def test_a_drill_cannot_leave_its_directory(bootstrapped: Copy, name: str) -> None:
    assert "no drill name" in bootstrapped.op("drill", "discard", f"--drill={name}", expect=2)["stderr"]


def test_an_unnoticed_corruption_fails_the_analytics_drill(example: Copy) -> None:
    of = ("--drill", "analytics-corruption", "--tenant", "globex")
    example.op("drill", "prepare", "--drill", "analytics-corruption")
    assert "did not notice" in example.op("analytics", "detect", *of, expect=1)["failure"]
    example.op("analytics", "corrupt", *of)
    assert "differ" in example.op("analytics", "reconcile", *of, expect=1)["failure"]


def test_a_key_that_was_not_revoked_fails_the_breach_drill(example: Copy) -> None:
    of = ("--drill", "tenant-breach", "--tenant", "acme-eu")
    example.op("drill", "prepare", "--drill", "tenant-breach")
    example.op("breach", "open", *of)
    assert "still accepted" in example.op("breach", "confirm", *of, expect=1)["failure"]
    assert "no tenant" in example.op("breach", "open", *of[:3], "nobody", expect=2)["stderr"]
