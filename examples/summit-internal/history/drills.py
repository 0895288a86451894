"""Drill reports of the past year, and the journals they were drawn from.

The last major drill that was really executed is 117 days old. What came after it is minor, a tabletop, or a dry run;
the one that failed was repeated a week later.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from history.records import encode, second, sha256
from history.timeline import Timeline
from service import settings
from service.ops import snapshot

REQUESTED_BY = "release-manager@summit.example"
EXECUTED_BY = "sre-oncall@summit.example"
APPROVED_BY = "dr-approver@summit.example"

# (name, kind) of every activity, in the order of the playbook; a test holds them against the files.
ACTIVITIES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "dr-restore": (
        ("live-database-is-sound", "probe"),
        ("prepare-working-copy", "action"),
        ("write-canary", "action"),
        ("take-backup", "action"),
        ("write-after-backup", "action"),
        ("destroy-working-copy", "action"),
        ("confirm-destruction", "probe"),
        ("restore-latest-backup", "action"),
        ("verify-restored-copy", "probe"),
        ("live-database-is-sound", "probe"),
        ("discard-working-copy", "rollback"),
    ),
    "tenant-breach": (
        ("live-database-is-sound", "probe"),
        ("prepare-working-copy", "action"),
        ("open-simulated-incident", "action"),
        ("stolen-key-reaches-no-other-tenant", "probe"),
        ("revoke-stolen-keys", "action"),
        ("stolen-key-is-refused", "probe"),
        ("close-simulated-incident", "action"),
        ("live-database-is-sound", "probe"),
        ("discard-working-copy", "rollback"),
    ),
    "copilot-misbehaviour": (
        ("live-database-is-sound", "probe"),
        ("prepare-working-copy", "action"),
        ("copilot-misbehaves", "action"),
        ("nothing-destructive-was-executed", "probe"),
        ("switch-copilot-off", "action"),
        ("copilot-is-off", "probe"),
        ("live-database-is-sound", "probe"),
        ("discard-working-copy", "rollback"),
    ),
    "analytics-corruption": (
        ("live-database-is-sound", "probe"),
        ("prepare-working-copy", "action"),
        ("corrupt-invoice-lines", "action"),
        ("corruption-is-noticed", "probe"),
        ("rebuild-from-meter-events", "action"),
        ("invoices-reconcile", "probe"),
        ("live-database-is-sound", "probe"),
        ("discard-working-copy", "rollback"),
    ),
    "key-rotation": (
        ("live-database-is-sound", "probe"),
        ("prepare-working-copy", "action"),
        ("issue-new-key", "action"),
        ("both-keys-are-accepted", "probe"),
        ("revoke-old-keys", "action"),
        ("only-new-key-is-accepted", "probe"),
        ("live-database-is-sound", "probe"),
        ("discard-working-copy", "rollback"),
    ),
}

RTO_TARGET_SECONDS = 900
RPO_TARGET_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """A drill that took place `days_ago`. `failed_step` names the activity at which it failed."""

    playbook: str
    days_ago: int
    severity: str
    mode: str = "execute"
    release: str | None = None
    tenants: tuple[str, ...] = ()
    rto_seconds: int | None = None
    rpo_seconds: int | None = None
    failed_step: str | None = None


DRILLS = (
    Drill(playbook="dr-restore", days_ago=389, severity="major", release="1.1.0", rto_seconds=611, rpo_seconds=74),
    Drill(playbook="tenant-breach", days_ago=341, severity="tabletop", mode="simulate", tenants=("acme-eu",)),
    Drill(
        playbook="dr-restore",
        days_ago=301,
        severity="major",
        release="1.2.0",
        rto_seconds=1287,
        rpo_seconds=402,
        failed_step="verify-restored-copy",
    ),
    Drill(playbook="dr-restore", days_ago=294, severity="major", release="1.2.0", rto_seconds=488, rpo_seconds=66),
    Drill(playbook="key-rotation", days_ago=243, severity="minor", tenants=("globex",)),
    Drill(playbook="dr-restore", days_ago=208, severity="major", release="1.3.0", rto_seconds=437, rpo_seconds=51),
    Drill(playbook="analytics-corruption", days_ago=160, severity="minor", tenants=("initech",)),
    Drill(playbook="dr-restore", days_ago=117, severity="major", release="1.4.0", rto_seconds=402, rpo_seconds=48),
    Drill(playbook="key-rotation", days_ago=88, severity="minor", tenants=("acme-eu",)),
    Drill(playbook="tenant-breach", days_ago=61, severity="tabletop", mode="simulate", tenants=("globex",)),
    Drill(playbook="copilot-misbehaviour", days_ago=33, severity="minor", tenants=("summit-internal",)),
    Drill(playbook="dr-restore", days_ago=19, severity="minor", mode="dry-run"),
    Drill(playbook="analytics-corruption", days_ago=9, severity="minor", tenants=("acme-eu",)),
)


def reports(timeline: Timeline) -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    """(reports, journals), each file name → bytes, oldest first."""
    found: dict[str, bytes] = {}
    journals: dict[str, bytes] = {}
    for drill in DRILLS:
        draw = timeline.random(f"drill:{drill.playbook}:{drill.days_ago}")
        finished_at = timeline.as_of - timedelta(days=drill.days_ago, minutes=draw.randint(5, 50))
        drill_id = f"drill-{finished_at:%Y%m%d}-{drill.playbook}"
        report, journal = _report(drill_id, drill, draw, finished_at)
        found[f"{drill_id}.json"] = encode(report)
        journals[f"{drill_id}.json"] = journal
    return found, journals


def _report(drill_id: str, drill: Drill, draw: random.Random, finished_at: datetime) -> tuple[dict[str, object], bytes]:
    failed = drill.failed_step is not None
    executed = drill.mode == "execute"
    steps = _steps(drill, draw)
    talk = timedelta(minutes=0 if executed else draw.randint(30, 55))
    length = timedelta(milliseconds=sum(int(str(step["duration_ms"])) for step in steps)) + talk
    started_at = (finished_at - length).replace(microsecond=0)
    playbook = (settings.ROOT / "playbooks" / f"{drill.playbook}.yaml").read_bytes()
    journal = encode(
        {
            "chaoslib-version": "1.45.1",
            "status": "failed" if failed else "completed",
            "deviated": failed,
            "dry": "actions" if drill.mode == "dry-run" else None,
            "start": second(started_at),
            "end": second(finished_at),
            "experiment": {"sha256": sha256(playbook), "name": drill.playbook},
            "run": steps,
        }
    )
    report: dict[str, object] = {
        "id": drill_id,
        "playbook": f"playbooks/{drill.playbook}.yaml",
        "playbook_sha256": sha256(playbook),
        "kind": drill.playbook,
        "severity": drill.severity,
        "mode": drill.mode,
        "environment": "production-copy",
        "tenants": list(drill.tenants or (tenant.id for tenant in settings.tenants())),
        "release": drill.release,
        "artifact_sha256": sha256(f"summit {drill.release}".encode()) if drill.release else None,
        "requested_by": REQUESTED_BY,
        "executed_by": EXECUTED_BY,
        "approved_by": APPROVED_BY,
        "started_at": second(started_at),
        "finished_at": second(finished_at),
        "status": "failed" if failed else "completed",
        "steady_state_before": executed,
        "steady_state_after": executed,
        "steps": steps,
        "components": [],
        "journal_sha256": sha256(journal),
        "recorded_at": second(finished_at + timedelta(minutes=4)),
    }
    if drill.rto_seconds is not None and drill.rpo_seconds is not None:
        report |= _recovery(drill.rto_seconds, drill.rpo_seconds, draw, failed=failed)
    return report, journal


def _recovery(rto_seconds: int, rpo_seconds: int, draw: random.Random, *, failed: bool) -> dict[str, object]:
    """What only a drill that restored something can say."""
    canary = f"{draw.getrandbits(128):032x}"
    rows = draw.randint(9_000, 12_000)
    return {
        "components": [
            {
                "name": "tenant-database",
                "rto_target_seconds": RTO_TARGET_SECONDS,
                "rto_seconds": rto_seconds,
                "rpo_target_seconds": RPO_TARGET_SECONDS,
                "rpo_seconds": rpo_seconds,
            }
        ],
        "restore_validation": {
            "query": snapshot.COUNT_ALL,
            "expected": str(rows),
            "observed": str(rows - draw.randint(20, 90) if failed else rows),
        },
        "canary": {"written": canary, "found": canary},
    }


def _steps(drill: Drill, draw: random.Random) -> list[dict[str, object]]:
    steps: list[dict[str, object]] = []
    activities = ACTIVITIES[drill.playbook]
    failed_at = next((i for i, (name, _) in enumerate(activities) if name == drill.failed_step), None)
    for index, (name, kind) in enumerate(activities):
        succeeded = index != failed_at
        # A dry run or a tabletop walks through the steps; it runs none of them.
        ran = drill.mode == "execute"
        duration = draw.randint(400, 9_000) if ran else 0
        if ran and drill.rto_seconds is not None and name in ("restore-latest-backup", "verify-restored-copy"):
            duration = drill.rto_seconds * 500
        steps.append(
            {
                "name": name,
                "kind": kind,
                "status": ("succeeded" if succeeded else "failed") if ran else "skipped",
                "duration_ms": duration,
                "exit_code": (0 if succeeded else 1) if ran else None,
            }
        )
    return steps
