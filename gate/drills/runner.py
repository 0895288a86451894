"""Run a playbook: steady state, method, rollbacks. Returns a journal in the shape that the Chaos Toolkit writes.

The first activity that fails ends the method. Rollbacks run once the method has begun, whatever became of it, also
after a signal; a failed drill is rolled back before the steady state is looked at again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gate import __version__, process
from gate.drills.playbook import Activity, Playbook, Values
from gate.drills.tolerance import within
from gate.interruption import Stop

EXECUTE, DRY_RUN, SIMULATE = "execute", "dry-run", "simulate"

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run of one playbook. `say` tells a person what happens."""

    root: Path
    mode: str
    values: Values
    environment: Mapping[str, str]
    stop: Stop
    say: Callable[[str], None]


class _Clock:
    """Wall time that advances with the monotonic clock: durations stay true when somebody sets the time."""

    def __init__(self) -> None:
        self._wall = datetime.now(UTC)
        self._monotonic = time.monotonic()

    def now(self) -> datetime:
        return self._wall + timedelta(seconds=time.monotonic() - self._monotonic)


def run(playbook: Playbook, session: Session) -> dict[str, Any]:
    """Run it. Never raises for what an activity does; the journal says how each one ended.

    `execute` runs everything, `simulate` only the probes of the steady state, `dry-run` nothing.
    """
    clock = _Clock()
    started = clock.now()
    before: list[Entry] = []
    method: list[Entry] = []
    rollbacks: list[Entry] = []
    after: list[Entry] = []
    probing = session.mode != DRY_RUN
    acting = session.mode == EXECUTE
    _stretch(playbook.hypothesis, before, session, clock, really=probing)
    steady = _all_well(before, playbook.hypothesis)
    if (steady or not probing) and not session.stop.requested:
        _stretch(playbook.method, method, session, clock, really=acting)
    well = steady and _all_well(method, playbook.method)
    if (well or not acting) and not session.stop.requested:
        _stretch(playbook.hypothesis, after, session, clock, really=probing)
    if method:
        _rollbacks(playbook.rollbacks, rollbacks, session, clock, really=acting)
        if acting and not well and not session.stop.requested:
            _stretch(playbook.hypothesis, after, session, clock, really=True)
    ended = max(clock.now(), started + timedelta(milliseconds=1))
    status = "interrupted" if session.stop.requested else "completed" if well or not acting else "failed"
    return {
        "tenantgate": {"version": __version__, "mode": session.mode},
        "experiment": {**playbook.value, **({} if acting else {"dry": "activities"})},
        "start": started.isoformat(),
        "end": ended.isoformat(),
        "duration": (ended - started).total_seconds(),
        "status": status,
        "deviated": acting and not (_all_well(after, playbook.hypothesis) and steady),
        "steady_states": {
            "before": {"steady_state_met": steady, "probes": before},
            "after": {"steady_state_met": _all_well(after, playbook.hypothesis), "probes": after},
            "during": [],
        },
        "run": method,
        "rollbacks": rollbacks,
    }


def _all_well(entries: Sequence[Entry], activities: Sequence[Activity]) -> bool:
    return len(entries) == len(activities) and all(
        entry["status"] == "succeeded" and entry.get("tolerance_met", True) for entry in entries
    )


def _stretch(
    activities: Sequence[Activity], into: list[Entry], session: Session, clock: _Clock, *, really: bool
) -> None:
    """Run activities in order until one fails or somebody stops the run."""
    stop = session.stop
    for activity in activities:
        if not really:
            into.append(_skipped(activity, clock))
            continue
        if stop.requested:
            return
        stop.sleep(activity.pause_before)
        entry = _started(activity, clock)
        into.append(entry)
        if not stop.requested:
            _perform(activity, entry, session, stop)
        _ended(entry, clock)
        if stop.requested:
            entry |= {"status": "aborted", "exception": ["interrupted"]}
        session.say(f"{activity.kind} {activity.name}: {_words(entry)}")
        if entry["status"] != "succeeded" or not entry.get("tolerance_met", True):
            return
        stop.sleep(activity.pause_after)


def _rollbacks(
    activities: Sequence[Activity], into: list[Entry], session: Session, clock: _Clock, *, really: bool
) -> None:
    """Every one of them, also after a failed one; no signal cuts one short, only its time-out."""
    for activity in activities:
        if not really:
            into.append(_skipped(activity, clock))
            continue
        time.sleep(activity.pause_before)
        entry = _started(activity, clock)
        into.append(entry)
        _perform(activity, entry, session, None)
        _ended(entry, clock)
        session.say(f"{activity.kind} {activity.name}: {_words(entry)}")
        time.sleep(activity.pause_after)


def _started(activity: Activity, clock: _Clock) -> Entry:
    return {"activity": dict(activity.declared), "output": None, "status": "failed", "start": clock.now().isoformat()}


def _ended(entry: Entry, clock: _Clock) -> None:
    end = clock.now()
    entry["end"] = end.isoformat()
    entry["duration"] = (end - datetime.fromisoformat(entry["start"])).total_seconds()


def _skipped(activity: Activity, clock: _Clock) -> Entry:
    at = clock.now().isoformat()
    entry = _started(activity, clock)
    return {**entry, "status": "skipped", "start": at, "end": at, "duration": 0.0}


def _perform(activity: Activity, entry: Entry, session: Session, stop: Stop | None) -> None:
    """Run the process and say in the entry how it ended. Secrets are masked before anything else sees the output."""
    mask = session.values.mask
    try:
        ended = process.run(
            [activity.path, *session.values.arguments(activity)],
            session.root,
            timeout_seconds=activity.timeout_seconds,
            environment=session.environment,
            stop=stop,
        )
    except (OSError, ValueError) as error:  # no such program, a full disk, a zero byte in an argument
        reason = getattr(error, "strerror", None) or str(error)
        entry["exception"] = [mask(f"{activity.path} can't be started: {reason}")]
        return
    entry["output"] = {"status": ended.exit_code, "stdout": mask(ended.stdout), "stderr": mask(ended.stderr)}
    if ended.timed_out:
        entry["exception"] = [f"timed out after {activity.timeout_seconds} s; its process group was killed"]
        return
    if activity.tolerance is not None:
        met = within(activity.tolerance, ended.exit_code, entry["output"]["stdout"])
        entry["tolerance_met"] = ended.exit_code == 0 and met
    entry["status"] = "succeeded" if ended.exit_code == 0 else "failed"


def _words(entry: Entry) -> str:
    what = entry["status"]
    if entry.get("tolerance_met") is False:
        what = "not within its tolerance"
    output = entry.get("output")
    exit_code = f", exit {output['status']}" if output and output["status"] != 0 else ""
    reason = f" ({entry['exception'][-1]})" if entry.get("exception") else ""
    return f"{what} after {entry.get('duration', 0):.2f} s{exit_code}{reason}"
