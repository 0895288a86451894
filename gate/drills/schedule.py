"""Who ran which drill, when and how it went, and which drill is due next: as values, as text, as an iCalendar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from gate import run
from gate.collect import Context, collect
from gate.drills.playbook import Playbook
from gate.drills.report import KIND
from gate.model import Evidence, Row, Stage, fingerprint
from gate.reading import parse_time
from gate.report.escape import line

PACK = "drills"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A drill to run: `last` is when it last really ran (None: never), `why` the control or playbook that asks."""

    subject: str
    why: str
    last: datetime | None
    due: datetime


def evidence(context: Context) -> Evidence:
    """Every drill report of the tree and the stores, and what could not be read."""
    return collect(context, {KIND}, lambda _: None)[KIND]


def newest_first(found: Evidence) -> list[Row]:
    return sorted(found.rows, key=lambda row: (parse_time(row["finished_at"]), row["id"]), reverse=True)


def due(context: Context, playbooks: Sequence[Playbook], found: Evidence) -> tuple[list[Due], list[str]]:
    """What is due when, soonest first: the clocks of the drill controls, and each playbook's own `every_days`.

    Also returns the sentences that say why a clock could not be read.
    """
    asked = tuple(c for c in context.policy.controls if c.pack == PACK and c.clock is not None)
    policy = replace(context.policy, controls=asked)
    entries: list[Due] = []
    reasons: list[str] = []
    if asked:
        decision = run.decide_on(
            policy, Stage.GA, {KIND: found}, context.as_of, as_of_overridden=False, subject=context.subject,
            pipeline_id="local",
        )  # fmt: skip
        entries += [Due(subject=c.subject, why=c.control, last=c.since, due=c.due) for c in decision.clocks]
        reasons += [f"{r.control.id}: {reason}" for r in decision.results for reason in r.reasons]
    for playbook in playbooks:
        if playbook.every_days is not None:
            last = max(_executions(playbook, found.rows, context.as_of), default=None)
            when = context.as_of if last is None else last + timedelta(days=playbook.every_days)
            entries.append(Due(subject=playbook.title, why=playbook.name, last=last, due=when))
    return sorted(entries, key=lambda entry: (entry.due, entry.subject)), reasons


def _executions(playbook: Playbook, rows: Iterable[Row], as_of: datetime) -> Iterable[datetime]:
    for row in rows:
        executed = row["mode"] == "execute" and row["status"] == "completed" and row["verified"]
        if executed and row["playbook"] == playbook.name and parse_time(row["finished_at"]) <= as_of:
            yield parse_time(row["finished_at"])


FIELDS = (
    "id", "playbook", "kind", "severity", "mode", "status", "started_at", "finished_at", "requested_by", "executed_by",
    "approved_by", "environment", "tenants", "release", "components", "verified", "source_path",
)  # fmt: skip
_COLUMNS = ("FINISHED", "DRILL", "SEVERITY", "MODE", "OUTCOME", "RTO", "RPO", "EXECUTED BY", "RELEASE", "SIGNATURE")


def listed(row: Row) -> dict[str, Any]:
    """What the list says of one drill report."""
    return {name: row.get(name) for name in FIELDS}


def table(rows: Iterable[Row]) -> str:
    """Drill reports as a text table; every cell is one safe line."""
    cells = [list(_COLUMNS)]
    for row in rows:
        finished = parse_time(row["finished_at"])
        shown = (
            f"{finished:%Y-%m-%d %H:%M}", row["kind"], row["severity"], row["mode"], row["status"],
            _against(row["components"], "rto"), _against(row["components"], "rpo"), row["executed_by"],
            row.get("release") or "-", "verified" if row["verified"] else "none",
        )  # fmt: skip
        cells.append([line(str(cell), 60) for cell in shown])
    widths = [max(len(row[i]) for row in cells) for i in range(len(_COLUMNS))]
    return "".join("  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip() + "\n" for row in cells)


def _against(components: Sequence[Mapping[str, Any]], what: str) -> str:
    """Measured and target seconds of the component that is closest to its target, or furthest over it."""
    worst = max(components, key=lambda c: c[f"{what}_seconds"] - c[f"{what}_target_seconds"], default=None)
    return "-" if worst is None else f"{worst[f'{what}_seconds']}/{worst[f'{what}_target_seconds']} s"


def calendar(project: str, entries: Sequence[Due], as_of: datetime) -> str:
    """The due drills as an iCalendar (RFC 5545): one event each, at the moment it is due."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tenantgate//drill schedule//EN", "CALSCALE:GREGORIAN"]
    for entry in entries:
        last = "never executed" if entry.last is None else f"last executed {entry.last:%Y-%m-%d}"
        lines += [
            "BEGIN:VEVENT",
            f"UID:{fingerprint(project, entry.why, entry.subject)}@tenantgate",
            f"DTSTAMP:{as_of:%Y%m%dT%H%M%SZ}",
            f"DTSTART:{entry.due:%Y%m%dT%H%M%SZ}",
            f"SUMMARY:{_text(f'Drill due: {entry.subject} ({project})')}",
            f"DESCRIPTION:{_text(f'{entry.why}: {last}')}",
            "END:VEVENT",
        ]
    return "".join(f"{_folded(text)}\r\n" for text in (*lines, "END:VCALENDAR"))


def _text(text: str) -> str:
    """A TEXT value, RFC 5545 section 3.3.11."""
    return line(text, 400).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _folded(text: str) -> str:
    """Lines of at most 75 octets, continued by a space, never inside a character (section 3.1)."""
    parts, room = [""], 75
    for character in text:
        size = len(character.encode("utf-8"))
        if size > room:
            parts.append("")
            room = 74
        parts[-1] += character
        room -= size
    return "\r\n ".join(parts)
