"""Weekly purge manifests: run the purge, check what it says it did, and chain the record to the one before.

Weeks are ISO weeks in UTC. `sequence` counts manifests in the order they were recorded; `previous_digest` is the
`record_digest` of the one before, whichever week that was for. The whole of it happens under a lock of the store.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gate import process
from gate.collect import Context, collect
from gate.drills.journal import measurements
from gate.drills.report import require_signable
from gate.interruption import Stop
from gate.model import GateError, Policy, UndecidedError
from gate.reading import Schema, did_you_mean, format_time, parse_time
from gate.report.redact import redact

KIND = "purge_manifest"
LOCK = ".lock"
DEFAULT_TIMEOUT_SECONDS = 3600
MAX_SKEW = timedelta(minutes=5)
WEEK_PLACEHOLDER = "${week}"

# Set here, never believed when a purge or a file says otherwise.
_OURS = ("id", "week", "period_start", "period_end", "sequence", "previous_digest", "performed_by", "verified_by",
         "recorded_at")  # fmt: skip
_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")


class PurgeError(Exception):
    """The purge ran (or a manifest came) and what it says does not hold; nothing was recorded. Exit code 1."""


@dataclass(frozen=True, slots=True)
class Week:
    """An ISO week in UTC; `end` is exclusive."""

    name: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """Where the next manifest stands in the chain."""

    sequence: int
    previous_digest: str | None


def week(text: str, now: datetime) -> Week:
    """The week named `YYYY-Www`. Raises GateError for one that does not exist or has not begun."""
    match = _WEEK.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        start = datetime.fromisocalendar(int(match[1]), int(match[2]), 1).replace(tzinfo=UTC)
    except ValueError:
        raise GateError(f"--week {text[:40]!r}: no such ISO week; write one as 2026-W46") from None
    if start > now:
        raise GateError(f"--week {text}: begins on {start:%Y-%m-%d}; a purge can't be recorded before its week")
    return Week(text, start, start + timedelta(days=7))


def link(context: Context, wanted: Week) -> Link:
    """The place of the next manifest, from every manifest in the tree and the stores.

    Raises GateError when the week has one already, UndecidedError when the chain can't be told: an unreadable manifest
    might be its newest.
    """
    found = collect(context, {KIND}, lambda _: None)[KIND]
    if found.coverage.unread:
        unread = found.coverage.unread[0]
        raise UndecidedError(f"{unread.path}: {unread.reason}; the chain of manifests can't be continued past it")
    for row in found.rows:
        if not row["verified"]:
            raise UndecidedError(f"{row['source_path']}: not signed; the chain is not continued from a mere claim")
        if row["week"] == wanted.name:
            raise GateError(
                f"--week {wanted.name}: recorded already ({row['source_path']}); a manifest is never replaced"
            )
    last = max((row["sequence"] for row in found.rows), default=0)
    newest = [row for row in found.rows if row["sequence"] == last]
    if len(newest) > 1:
        raise UndecidedError(
            f"{newest[1]['source_path']}: two manifests have the sequence number {last}; the chain forks"
        )
    return Link(last + 1, newest[0]["record_digest"] if newest else None)


def perform(policy: Policy, root: Path, wanted: Week, environment: Mapping[str, str], stop: Stop) -> dict[str, Any]:
    """Run the configured purge and return what it printed. `${week}` in its arguments is the week.

    Raises GateError (not configured, no program), UndecidedError (timed out, printed nothing) and PurgeError.
    """
    config = policy.config.get("purge")
    if config is None:
        raise GateError(
            "gate.yaml: purge: not configured; say what to run, e.g. purge: {run: [python3, -m, ops.purge]}"
        )
    argv = [argument.replace(WEEK_PLACEHOLDER, wanted.name) for argument in config["run"]]
    timeout = config.get("timeout_seconds", DEFAULT_TIMEOUT_SECONDS)
    started = datetime.now(UTC).replace(microsecond=0)
    try:
        ran = process.run(argv, root, timeout_seconds=timeout, environment=environment, stop=stop)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise GateError(f"gate.yaml: purge.run: {argv[0]!r} can't be started: {reason}") from None
    if stop.requested:
        raise KeyboardInterrupt
    tail = redact((ran.stderr.strip() or ran.stdout.strip())[-300:])
    if ran.timed_out:
        raise UndecidedError(f"purge: timed out after {timeout} s; nothing was recorded")
    facts = dict(measurements(ran.stdout))
    if ran.exit_code != 0:
        if facts:
            raise PurgeError(f"the purge exited with {ran.exit_code}: {redact(str(facts.get('failure') or tail))}")
        raise UndecidedError(f"purge: exited with {ran.exit_code}; nothing was recorded: {tail}")
    if not facts:
        raise UndecidedError("purge: printed no JSON object as its last line; nothing was recorded")
    ended = datetime.now(UTC).replace(microsecond=0)
    claimed = _time(facts.pop("performed_at", None), "purge: performed_at")
    if claimed is not None and not started - MAX_SKEW <= claimed <= ended + MAX_SKEW:
        raise PurgeError("the purge says it was performed at another time than it was; check its clock")
    return {**facts, "performed_at": format_time(ended)}


def complete(
    facts: Mapping[str, Any],
    wanted: Week,
    place: Link,
    *,
    performed_by: str,
    verified_by: str,
    now: datetime,
    origin: str,
) -> dict[str, Any]:
    """A manifest from what a purge printed or a file holds; whatever is ours to say must agree if it is there.

    Raises GateError naming `origin`.
    """
    ours: dict[str, Any] = {
        "id": f"purge-{wanted.name}",
        "week": wanted.name,
        "period_start": format_time(wanted.start),
        "period_end": format_time(wanted.end),
        "sequence": place.sequence,
        "previous_digest": place.previous_digest,
        "performed_by": performed_by,
        "verified_by": verified_by,
        "recorded_at": format_time(now),
    }
    for key in _OURS:
        if key in facts and key != "recorded_at" and not _agrees(key, facts[key], ours[key]):
            raise GateError(f"{origin}: {key}: says {str(facts[key])[:60]!r}; this record has {str(ours[key])!r}")
    row = {**facts, **ours}
    row.setdefault("verified_at", format_time(now))
    return row


def kept_facts(row: Mapping[str, Any]) -> str:
    """What a purge said, as the JSON that `--manifest` takes: the purge can't be run again to say it again."""
    return json.dumps({key: value for key, value in row.items() if key not in _OURS}, sort_keys=True)


def _agrees(key: str, said: Any, own: Any) -> bool:
    if key in ("period_start", "period_end"):
        return _time(said, key) == parse_time(own)
    if key.endswith("_by"):
        return isinstance(said, str) and _same(said, own)
    return bool(said == own)


def _time(value: Any, where: str) -> datetime | None:
    if value is None:
        return None
    try:
        return parse_time(value)
    except (TypeError, ValueError) as error:
        raise GateError(f"{where}: {error}") from None


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def two_people(performed_by: str, verified_by: str) -> str:
    """The verifier's name. Raises GateError unless it is a second person's."""
    if not verified_by.isprintable() or len(verified_by.strip()) < 3:
        raise GateError(f"--verified-by {verified_by[:60]!r}: not somebody's name or address")
    if _same(performed_by, verified_by):
        raise GateError(f"--verified-by {verified_by}: holds the signing key; a second person verifies a purge")
    return verified_by.strip()


def check(row: Mapping[str, Any], policy: Policy, wanted: Week, now: datetime, origin: str) -> None:
    """Refuse a manifest that could only ever fail its controls.

    Raises GateError for its shape and PurgeError for what it says.
    """
    kind = policy.kinds[KIND]
    known = list(kind.schema["properties"])
    for key in row:
        if key not in known:
            raise GateError(f"{origin}: unknown key {key[:60]!r}{did_you_mean(key, known)}")
    for problem in Schema(kind.schema, str(kind.source)).problems(dict(row)):
        raise GateError(f"{origin}: {problem.text}")
    require_signable(row, origin)
    for refused in _contradictions(row, wanted, now):
        raise PurgeError(refused)


def _contradictions(row: Mapping[str, Any], wanted: Week, now: datetime) -> Iterator[str]:
    tombstones = row["tombstone_validation"]
    if tombstones["expected"] != tombstones["observed"]:
        yield f"tombstones: expected {tombstones['expected']}, found {tombstones['observed']}"
    for count in row["counts"]:
        if count["before"] - count["purged"] != count["after"]:
            yield f"counts: {count['table']}: {count['before']} - {count['purged']} is not {count['after']}"
    purged = sum(count["purged"] for count in row["counts"])
    if row["noop"] != (row["trigger"] == "noop"):
        yield "noop and trigger contradict each other"
    if row["noop"] and purged:
        yield f"called a no-op, but {purged} rows were purged"
    if row["noop"] and not (row.get("noop_query") or "").strip():
        yield "a no-op needs the query that proved that nothing was due"
    if not row["noop"] and not purged:
        yield "nothing was purged and it is not called a no-op"
    performed, verified = parse_time(row["performed_at"]), parse_time(row["verified_at"])
    if performed < wanted.start:
        yield "performed before its week began"
    if verified < performed:
        yield "verified before it was performed"
    if max(performed, verified) > now:
        yield "performed or verified in the future"


@contextlib.contextmanager
def locked(store: Path) -> Iterator[None]:
    """Hold the store's lock for manifests: two recordings at once would take the same place in the chain.

    The kernel keeps the lock (flock) and lets go of it when its holder ends, however it ends; the file says who holds
    it. Raises UndecidedError when somebody does, or the store can't be written.
    """
    path = store / KIND / LOCK
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = _acquire(path)
    except OSError as error:
        raise UndecidedError(f"{path}: can't be written, so nothing was run: {error.strerror or error}") from None
    try:
        yield
    finally:
        # Removed while it is still held; who waits on this very file finds that the name is another one's by now.
        path.unlink(missing_ok=True)
        os.close(handle)


def _acquire(path: Path) -> int:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _still_named(path, handle):
                os.ftruncate(handle, 0)
                os.write(handle, json.dumps({"pid": os.getpid(), "since": format_time(datetime.now(UTC))}).encode())
                return handle
        except BlockingIOError:
            holder = redact(os.pread(handle, 200, 0).decode("ascii", "replace"))
            os.close(handle)
            raise UndecidedError(f"{path}: another recording is running {holder}; try again when it is done") from None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _still_named(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False
