"""Read a journal, ours or the Chaos Toolkit's, and judge every step of it again.

A journal's own `status` and `deviated` are not asked: the Chaos Toolkit calls a process that exited with 1 succeeded, a
run with a failed action completed, and a dry run both. The experiment in the journal must be an approved playbook, word
for word; what counts are the exit statuses, tolerances and times of its steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gate.drills import runner
from gate.drills.playbook import Activity, Measure, Playbook, Reading
from gate.drills.tolerance import within
from gate.model import GateError
from gate.reading import parse_time
from gate.report.redact import redact

MAX_SKEW = timedelta(minutes=5)

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One activity as it went. `problem` is why it did not succeed, in words."""

    name: str
    kind: str
    status: str
    duration_ms: int
    exit_code: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the drill measured, each None when it was not."""

    rto_seconds: int | None = None
    rpo_seconds: int | None = None
    restore_validation: Mapping[str, str] | None = None
    canary: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A journal as judged here. `problems` are sentences; none is left when the drill did what it had to."""

    mode: str
    status: str
    started_at: datetime
    finished_at: datetime
    steady_before: bool
    steady_after: bool
    steps: tuple[Step, ...]
    measured: Measured
    problems: tuple[str, ...]


def playbook_of(journal: Any, playbooks: Iterable[Playbook], name: str) -> Playbook:
    """The approved playbook that the journal's experiment is, compared as values. Raises GateError for none."""
    experiment = journal.get("experiment") if isinstance(journal, dict) else None
    if not isinstance(experiment, dict):
        raise GateError(f"{name}: not a journal of the Chaos Toolkit: it holds no experiment")
    bare = redacted({key: value for key, value in experiment.items() if key != "dry"})
    for playbook in playbooks:
        if redacted(playbook.value) == bare:
            return playbook
    raise GateError(
        f"{name}: its experiment is none of the playbooks that gate.yaml approves, word for word; approve that playbook"
    )


def judge(journal: Mapping[str, Any], playbook: Playbook, now: datetime, name: str) -> Outcome:
    """Judge a journal of this playbook. Raises GateError for one that can't be a record of a run (shape, times)."""
    reader = _Reader(name)
    started, finished = reader.time(journal, ("start",)), reader.time(journal, ("end",))
    if finished <= started:
        raise GateError(f"{name}: end: the run ends before it starts")
    if finished > now + MAX_SKEW:
        raise GateError(f"{name}: end: in the future; check the clock of the machine that ran it")
    states = reader.mapping(journal, ("steady_states",))
    mode = _mode(journal)
    parts: list[tuple[str, Sequence[Activity], Sequence[Any]]] = [
        ("steady state before", playbook.hypothesis, reader.probes(states, "before")),
        ("method", playbook.method, reader.entries(journal, ("run",))),
        ("steady state after", playbook.hypothesis, reader.probes(states, "after")),
        ("rollbacks", playbook.rollbacks, reader.entries(journal, ("rollbacks",))),
    ]
    if states.get("during"):
        raise GateError(f"{name}: steady_states.during: a hypothesis probed in the background is not supported")
    judged: dict[str, list[Step]] = {}
    for part, activities, entries in parts:
        if len(entries) > len(activities):
            raise GateError(f"{name}: {part}: {len(entries)} activities ran, the playbook has {len(activities)}")
        judged[part] = [
            _step(reader, part, activity, entries[i] if i < len(entries) else None, (started, finished), mode)
            for i, activity in enumerate(activities)
        ]
    method = dict(zip((a.name for a in playbook.method), parts[1][2], strict=False))
    succeeded = {step.name for step in judged["method"] if step.status == "succeeded"}
    measured = Measured()
    if playbook.measure is not None and mode == runner.EXECUTE:
        measured = _measured(playbook.measure, {n: e for n, e in method.items() if n in succeeded})
    problems = _problems(judged, playbook, measured, mode)
    interrupted = journal.get("status") in ("interrupted", "aborted") or any(
        entry.get("status") == "aborted" for _, _, entries in parts for entry in entries
    )
    return Outcome(
        mode=mode,
        status="interrupted" if interrupted else "failed" if problems else "completed",
        started_at=started,
        finished_at=finished,
        steady_before=all(s.status == "succeeded" for s in judged["steady state before"]),
        steady_after=all(s.status == "succeeded" for s in judged["steady state after"]),
        steps=tuple(step for part, _, _ in parts for step in judged[part]),
        measured=measured,
        problems=(*(("it was interrupted",) if interrupted else ()), *problems),
    )


def _mode(journal: Mapping[str, Any]) -> str:
    """Anything dry is never an execution; only our own runner says what else it was."""
    if not journal["experiment"].get("dry") and not _dry_anywhere(journal):
        return runner.EXECUTE
    own = journal.get("tenantgate")
    return runner.SIMULATE if isinstance(own, dict) and own.get("mode") == runner.SIMULATE else runner.DRY_RUN


def _dry_anywhere(journal: Mapping[str, Any]) -> bool:
    own = journal.get("tenantgate")
    if isinstance(own, dict) and own.get("mode") != runner.EXECUTE:
        return True
    return bool(journal.get("dry")) or any(
        isinstance(entry, dict)
        and (entry.get("dry") or (isinstance(entry.get("activity"), dict) and entry["activity"].get("dry")))
        for section in ("run", "rollbacks")
        for entry in journal.get(section) or ()
    )


class _Reader:
    """Takes a journal apart; whatever is not as it must be becomes a GateError that names the place."""

    def __init__(self, name: str) -> None:
        self.name = name

    def refuse(self, path: Path, message: str) -> GateError:
        return GateError(f"{self.name}: {'.'.join(map(str, path))}: {message}")

    def mapping(self, value: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
        found = value.get(str(path[-1]))
        if not isinstance(found, dict):
            raise self.refuse(path, "is missing or not an object")
        return found

    def entries(self, value: Mapping[str, Any], path: Path) -> Sequence[Mapping[str, Any]]:
        found = value.get(str(path[-1]))
        if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
            raise self.refuse(path, "is missing or not a list of objects")
        return found

    def probes(self, states: Mapping[str, Any], when: str) -> Sequence[Mapping[str, Any]]:
        """The probes of a steady state; one that was not looked at is written as null or left out."""
        if not states.get(when):
            return ()
        return self.entries(self.mapping(states, ("steady_states", when)), ("steady_states", when, "probes"))

    def time(self, value: Mapping[str, Any], path: Path) -> datetime:
        found = value.get(str(path[-1]))
        if not isinstance(found, str):
            raise self.refuse(path, "is missing or not a text")
        try:
            return parse_time(found)
        except ValueError as error:
            raise self.refuse(path, f"{error}") from None


def _step(
    reader: _Reader,
    part: str,
    activity: Activity,
    entry: Mapping[str, Any] | None,
    span: tuple[datetime, datetime],
    mode: str,
) -> Step:
    """What became of one activity, from its exit status, its tolerance and its times alone."""
    if entry is None:
        return Step(name=activity.name, kind=activity.kind, status="skipped", duration_ms=0)
    declared = entry.get("activity")
    if redacted(declared) != redacted(activity.declared):
        raise GateError(f"{reader.name}: {part}: the activity at the place of {activity.name!r} is another one")
    where = (part, activity.name)
    started, ended = reader.time(entry, (*where, "start")), reader.time(entry, (*where, "end"))
    if not span[0] <= started <= ended <= span[1]:
        raise reader.refuse(where, "its times lie outside the run or run backwards")
    output = entry.get("output")
    if entry.get("status") == "skipped" or (mode != runner.EXECUTE and output is None):
        return Step(name=activity.name, kind=activity.kind, status="skipped", duration_ms=0)
    problem = _problem(activity, entry)
    status = output.get("status") if isinstance(output, dict) else None
    return Step(
        name=activity.name,
        kind=activity.kind,
        status="failed" if problem else "succeeded",
        duration_ms=math.ceil((ended - started) / timedelta(milliseconds=1)),
        exit_code=status if _is_integer(status) else None,
        problem=problem,
    )


def _problem(activity: Activity, entry: Mapping[str, Any]) -> str | None:
    output = entry.get("output")
    if entry.get("exception"):
        return _last_line(entry["exception"])
    if not isinstance(output, dict) or not _is_integer(output.get("status")):
        return "nothing was run: it has no exit status"
    if output["status"] != 0:
        return f"exited with {output['status']}"
    if entry.get("status") != "succeeded":
        return "did not succeed"
    if activity.tolerance is not None and not within(activity.tolerance, output["status"], _printed(entry)):
        return "is not within its tolerance"
    return None


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _last_line(exception: Any) -> str:
    lines = [
        line for part in (exception if isinstance(exception, list) else [exception]) for line in str(part).splitlines()
    ]
    return redact((lines or ["failed"])[-1].strip())[:300]


def _printed(entry: Mapping[str, Any]) -> str:
    output = entry.get("output")
    text = output.get("stdout") if isinstance(output, dict) else None
    return text if isinstance(text, str) else ""


def measurements(printed: str) -> Mapping[str, Any]:
    """The JSON object that stands on the last line that is one; empty without."""
    from attestations.strict_json import StrictJsonError, loads

    for line in reversed(printed.splitlines()):
        if line.startswith("{"):
            try:
                found = loads(line.encode("utf-8", "replace"), max_bytes=1 << 20)
            except StrictJsonError:
                continue
            if isinstance(found, dict):
                return found
    return {}


def _measured(measure: Measure, entries: Mapping[str, Mapping[str, Any]]) -> Measured:
    """Read the measurements from the activities that succeeded; what one of the others says was not measured."""

    def at(reading: Reading) -> Any:
        value: Any = measurements(_printed(entries[reading.activity])) if reading.activity in entries else None
        for key in reading.field:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    rto = None
    if measure.rto_from in entries and measure.rto_to in entries:
        start, end = parse_time(entries[measure.rto_from]["start"]), parse_time(entries[measure.rto_to]["end"])
        rto = math.ceil((end - start) / timedelta(seconds=1)) if end > start else None
    validation = at(measure.restore_validation)
    written, found = _text(at(measure.canary_written)), _text(at(measure.canary_found))
    return Measured(
        rto_seconds=rto,
        rpo_seconds=_seconds(at(measure.rpo)),
        restore_validation=_validation(validation),
        canary={"written": written, "found": found or "nothing"} if written else None,
    )


def _validation(value: Any) -> Mapping[str, str] | None:
    if not isinstance(value, dict):
        return None
    texts = {key: _text(value.get(key)) for key in ("query", "expected", "observed")}
    return {key: text for key, text in texts.items() if text} if all(texts.values()) else None


def _text(value: Any) -> str | None:
    if isinstance(value, str) and value.strip():
        return redact(value)[:4096]
    return str(value) if _is_integer(value) else None


def _seconds(value: Any) -> int | None:
    """A measured number of seconds, rounded up; None for what is no such number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 10**9:
        return None
    return math.ceil(value)


def _problems(
    judged: Mapping[str, Sequence[Step]], playbook: Playbook, measured: Measured, mode: str
) -> tuple[str, ...]:
    found = [f"{part}: {step.name}: {step.problem}" for part, steps in judged.items() for step in steps if step.problem]
    if mode != runner.EXECUTE:
        return tuple(found)
    for part, steps in judged.items():
        missing = [step.name for step in steps if step.status == "skipped"]
        if missing:
            found.append(f"{part}: {len(missing)} not run, first {missing[0]}")
    if playbook.measure is not None and (measured.rto_seconds is None or measured.rpo_seconds is None):
        found.append(f"{playbook.measure.component}: RTO and RPO were not both measured")
    return tuple(found)


def redacted(value: Any) -> Any:
    """A journal's value with every secret-looking text redacted; also what two of them are compared by."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact(str(key)): redacted(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redacted(item) for item in value]
    return value
