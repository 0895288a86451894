"""The generated past: the same bytes for the same clock, and the same story under every clock."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from attestations import strict_json

from .conftest import AS_OF, EXAMPLE, Copy, copied

RULES = EXAMPLE.parents[1] / "rules"
CLOCKS = [
    pytest.param(AS_OF, id="an ordinary Saturday"),
    pytest.param("2026-12-28T00:00:00Z", id="the first second of week 53"),
    pytest.param("2026-12-31T23:59:59Z", id="the last second of the year"),
    pytest.param("2027-01-01", id="New Year, in week 53 of the old year"),
    pytest.param("2027-01-03T23:59:59+00:00", id="the last second of week 53"),
    pytest.param("2027-01-04T00:00:01Z", id="just after week 53"),
    pytest.param("2027-02-10T09:00:00Z", id="the missing week is the last of the old year"),
    pytest.param("2028-02-29T12:00:00Z", id="a leap day"),
    pytest.param("2026-03-29T03:30:00+02:00", id="the hour Europe skips"),
]


def tree(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def records(root: Path, kind: str) -> list[dict[str, Any]]:
    found = [json.loads(path.read_bytes()) for path in sorted((root / "evidence" / kind).glob("*.json"))]
    assert found
    return found


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def ended_weeks(as_of: datetime, count: int) -> list[str]:
    """Newest first, by walking back day by day: no arithmetic on week numbers."""
    day, weeks = as_of.date(), []
    current = day.isocalendar()[:2]
    while len(weeks) < count:
        day -= timedelta(days=1)
        year, week, _ = day.isocalendar()
        name = f"{year}-W{week:02d}"
        if (year, week) != current and name not in weeks:
            weeks.append(name)
    return weeks


def test_same_seed_and_clock_give_the_same_bytes(tmp_path: Path) -> None:
    trees = []
    for name, seed in (("one", "7"), ("two", "7"), ("three", "8")):
        example = copied(tmp_path / name)
        example.python("generate.py", "--as-of", AS_OF, "--seed", seed)
        trees.append({**tree(example.root / "evidence"), **tree(example.root / "var")})
    assert trees[0] == trees[1]
    assert trees[0].keys() == trees[2].keys(), "the seed must not move a gap"
    assert trees[0]["summit.sqlite"] != trees[2]["summit.sqlite"]


def test_another_clock_leaves_nothing_of_the_first_behind(tmp_path: Path) -> None:
    example, fresh = copied(tmp_path / "one"), copied(tmp_path / "two")
    example.python("generate.py", "--only", "evidence", "--as-of", "2026-06-01")
    signed = example.root / "evidence" / "purges" / "purge-2026-W20.sigstore.json"
    signed.write_text("signed by somebody")
    example.python("generate.py", "--only", "evidence", "--as-of", AS_OF)
    fresh.python("generate.py", "--only", "evidence", "--as-of", AS_OF)
    assert signed.read_text() == "signed by somebody", "signed evidence is not the generator's to remove"
    signed.unlink()
    assert tree(example.root / "evidence") == tree(fresh.root / "evidence")


@pytest.mark.parametrize("clock", CLOCKS)
def test_the_story_holds_on_any_day(tmp_path: Path, clock: str) -> None:
    example = copied(tmp_path / "summit")
    example.python("generate.py", "--only", "evidence", "--as-of", clock)
    as_of = when(clock) if "T" in clock else when(f"{clock}T00:00:00+00:00")
    as_of = as_of.astimezone(UTC)
    check_purges(records(example.root, "purges"), as_of)
    check_drills(records(example.root, "drills"), as_of)
    journals = {hashlib.sha256(p.read_bytes()).hexdigest() for p in (example.root / "evidence/journals").iterdir()}
    assert {report["journal_sha256"] for report in records(example.root, "drills")} == journals


def check_purges(manifests: list[dict[str, Any]], as_of: datetime) -> None:
    expected = ended_weeks(as_of, 26)
    missing = expected.pop(4)  # five weeks ago: the newest ended week is one week ago
    assert sorted(m["week"] for m in manifests) == sorted(expected)
    assert missing not in {m["week"] for m in manifests}
    previous = None
    late = []
    for number, manifest in enumerate(manifests, start=1):
        week = manifest["week"]
        start, end = when(manifest["period_start"]), when(manifest["period_end"])
        assert end - start == timedelta(days=7)
        assert f"{start.isocalendar()[0]}-W{start.isocalendar()[1]:02d}" == week
        assert start.isocalendar()[2] == 1
        assert start <= when(manifest["performed_at"]) < end
        assert when(manifest["performed_at"]) <= when(manifest["verified_at"]) <= when(manifest["recorded_at"]) <= as_of
        assert (manifest["sequence"], manifest["previous_digest"]) == (number, previous)
        previous = hashlib.sha256(strict_json.dumps(manifest)).hexdigest()
        purged = sum(row["purged"] for row in manifest["counts"])
        assert all(row["before"] - row["purged"] == row["after"] for row in manifest["counts"])
        assert [row["table"] for row in manifest["counts"]] == manifest["scope"]["tables"]
        assert manifest["noop"] == (purged == 0) == (manifest["trigger"] == "noop") == bool(manifest["noop_query"])
        assert manifest["tombstone_validation"]["expected"] == manifest["tombstone_validation"]["observed"] == purged
        if when(manifest["recorded_at"]) > end + timedelta(days=3):
            late.append(week)
    assert late == [ended_weeks(as_of, 12)[-1]]
    assert sum(m["noop"] for m in manifests) == 4
    schema = json.loads((RULES / "retention-and-purge/schemas/purge_manifest.json").read_bytes())
    for manifest in manifests:
        jsonschema.Draft202012Validator(schema).validate(manifest)


def check_drills(reports: list[dict[str, Any]], as_of: datetime) -> None:
    major = [r for r in reports if r["severity"] == "major" and r["mode"] == "execute"]
    assert (as_of - max(when(r["finished_at"]) for r in major if r["status"] == "completed")).days == 117
    assert any(r["status"] == "failed" and r["severity"] == "major" for r in reports)
    newer = [r for r in reports if (as_of - when(r["finished_at"])).days < 117]
    assert {r["severity"] for r in newer} == {"minor", "tabletop"}
    assert {r["mode"] for r in newer} == {"execute", "simulate", "dry-run"}
    for report in reports:
        assert when(report["started_at"]) < when(report["finished_at"]) < when(report["recorded_at"]) <= as_of
        assert len({report["requested_by"], report["executed_by"], report["approved_by"]}) == 3
        assert any(s["duration_ms"] for s in report["steps"]) == (report["mode"] == "execute")
        for component in report["components"]:
            met = component["rto_seconds"] <= component["rto_target_seconds"]
            assert met == (report["status"] == "completed")
    schema = json.loads((RULES / "drills/schemas/drill_report.json").read_bytes())
    for report in reports:
        jsonschema.Draft202012Validator(schema).validate(report)


def test_drill_reports_name_the_steps_of_their_playbooks(bootstrapped: Copy) -> None:
    for report in records(bootstrapped.root, "drills"):
        text = (bootstrapped.root / report["playbook"]).read_bytes()
        assert report["playbook_sha256"] == hashlib.sha256(text).hexdigest()
        playbook = yaml.safe_load(text)
        steady = [(p["name"], "probe") for p in playbook["steady-state-hypothesis"]["probes"]]
        method = [(a["name"], a["type"]) for a in playbook["method"]]
        rollbacks = [(a["name"], "rollback") for a in playbook["rollbacks"]]
        assert [(s["name"], s["kind"]) for s in report["steps"]] == steady + method + steady + rollbacks, report["id"]


def test_manifests_and_database_tell_the_same_story(bootstrapped: Copy) -> None:
    last = records(bootstrapped.root, "purges")[-1]
    connection = sqlite3.connect(bootstrapped.database)
    try:
        for manifest in records(bootstrapped.root, "purges"):
            buried = connection.execute(
                "SELECT count(*) FROM tombstones AS t JOIN purge_runs AS r"
                " ON r.tenant_id = t.tenant_id AND r.id = t.purge_run_id WHERE r.week = ?",
                (manifest["week"],),
            ).fetchone()[0]
            assert buried == sum(row["purged"] for row in manifest["counts"]), manifest["week"]
        performed = last["performed_at"].replace("Z", ".000Z")
        after = {row["table"]: row["after"] for row in last["counts"]}
        for table, column in (("leads", "created_at"), ("exports", "created_at"), ("audit_events", "occurred_at")):
            there = connection.execute(f"SELECT count(*) FROM {table} WHERE {column} <= ?", (performed,)).fetchone()[0]
            assert there == after[table], table
    finally:
        connection.close()


@pytest.mark.parametrize("clock", ["2026-11-21T12:00:00", "yesterday", "2026-02-30", ""])
def test_a_clock_without_a_zone_or_a_meaning_is_refused(tmp_path: Path, clock: str) -> None:
    example = copied(tmp_path / "summit")
    done = example.python("generate.py", f"--as-of={clock}", expect=2)
    assert re.fullmatch(r"generate\.py: --as-of: .+\n", done.stderr)
    assert not (example.root / "var").exists()
    assert not (example.root / "evidence").exists()
