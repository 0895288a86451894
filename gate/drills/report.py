"""A judged journal and the people behind it → a drill report record, stored with its journal."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.drills.journal import MAX_SKEW, Outcome, Step, redacted
from gate.drills.playbook import Playbook
from gate.drills.runner import EXECUTE
from gate.model import Artifact, GateError, Policy, UndecidedError
from gate.reading import format_time, parse_time
from gate.recording import record
from gate.report.redact import redact
from gate.signing import trust_of
from gate.writing import write_file

if TYPE_CHECKING:
    from attestations.signers import Signer

KIND = "drill_report"
JOURNALS = "journals"


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who asked for the drill, who signs for having run it, and who approved it."""

    requested_by: str
    executed_by: str
    approved_by: str


def people(requested_by: str, executed_by: str, approved_by: str) -> People:
    """Refuse a drill that its requester approved. Raises GateError."""
    for flag, name in (("--requested-by", requested_by), ("--approved-by", approved_by)):
        if not name.isprintable() or len(name.strip()) < 3:
            raise GateError(f"{flag} {name[:60]!r}: not somebody's name or address")
    if same(requested_by, approved_by):
        raise GateError(
            f"--approved-by {approved_by}: whoever requests a drill does not approve it; name a second person"
        )
    return People(requested_by=requested_by.strip(), executed_by=executed_by, approved_by=approved_by.strip())


def self_dealing(who: People) -> str | None:
    """A warning when the executor also requested or approved the drill (control DRL004), else None."""
    for role, name in (("requested", who.requested_by), ("approved", who.approved_by)):
        if same(name, who.executed_by):
            return f"{who.executed_by} executes and {role} this drill; control DRL004 does not accept that"
    return None


def same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def require_writable(store: Path) -> None:
    """Find out before a drill runs whether its record can be written. Raises UndecidedError."""
    for folder in (store / KIND, store / JOURNALS):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"x")
        except OSError as error:
            raise UndecidedError(f"{folder}: can't be written, so nothing was run: {error.strerror or error}") from None


def require_signing(signer: Signer, policy: Policy, now: datetime) -> None:
    """Find out before anything runs whether this key's signature will count now. Raises GateError when it will not."""
    from attestations.predicates import evidence_statement
    from attestations.refusal import Refused
    from attestations.signers import SignerError, sign_verified
    from attestations.trust import EVIDENCE

    try:
        sign_verified(
            signer, evidence_statement("rehearsal", {"id": "rehearsal"}), trust_of(policy), usage=EVIDENCE, now=now
        )
    except (Refused, SignerError) as error:
        raise GateError(f"--key: nothing was run, because its signature would not count: {error}") from None


def require_signable(row: Mapping[str, Any], name: str) -> None:
    """Refuse what JSON Schema lets pass and signed JSON does not, such as 3.0 for an integer. Raises GateError."""
    from attestations.strict_json import StrictJsonError, dumps

    try:
        dumps(dict(row))
    except StrictJsonError as error:
        raise GateError(f"{name}: {error}") from None


def journal_bytes(journal: Mapping[str, Any]) -> bytes:
    """The journal as it is kept: redacted, one spelling."""
    text = json.dumps(redacted(journal), ensure_ascii=True, allow_nan=False, indent=1, sort_keys=True)
    return text.encode("ascii") + b"\n"


def compose(
    playbook: Playbook,
    outcome: Outcome,
    journal: bytes,
    who: People,
    *,
    environment: str | None,
    release: str | None,
    artifact: Artifact | None,
    recorded_at: datetime,
) -> dict[str, Any]:
    """The drill report of a journal (its bytes as they are kept)."""
    digest = hashlib.sha256(journal).hexdigest()
    started, finished = _span(outcome)
    measure, measured = playbook.measure, outcome.measured
    row: dict[str, Any] = {
        # No capitals: an identifier of mixed letters and digits looks like a secret to the redaction of every report.
        "id": f"drill-{outcome.started_at:%Y%m%d-%H%M%S}-{playbook.kind}-{digest[:8]}",
        "playbook": playbook.name,
        "playbook_sha256": playbook.sha256,
        "kind": playbook.kind,
        "severity": playbook.severity,
        "mode": outcome.mode,
        "environment": redact(environment or playbook.environment),
        "tenants": list(playbook.tenants),
        "release": release,
        "artifact_sha256": artifact.sha256 if artifact else None,
        "requested_by": who.requested_by,
        "executed_by": who.executed_by,
        "approved_by": who.approved_by,
        "started_at": format_time(started),
        "finished_at": format_time(finished),
        "status": outcome.status,
        "steady_state_before": outcome.steady_before,
        "steady_state_after": outcome.steady_after,
        "steps": [_step(step) for step in outcome.steps],
        "components": [],
        "journal_sha256": digest,
        "recorded_at": format_time(max(recorded_at, finished)),
    }
    if measure is not None and measured.rto_seconds is not None and measured.rpo_seconds is not None:
        row["components"] = [
            {
                "name": measure.component,
                "rto_target_seconds": measure.rto_target_seconds,
                "rto_seconds": measured.rto_seconds,
                "rpo_target_seconds": measure.rpo_target_seconds,
                "rpo_seconds": measured.rpo_seconds,
            }
        ]
    if measured.restore_validation is not None:
        row["restore_validation"] = dict(measured.restore_validation)
    if measured.canary is not None:
        row["canary"] = dict(measured.canary)
    return row


def _span(outcome: Outcome) -> tuple[datetime, datetime]:
    """Start and end in whole seconds, as the gate's own clock has them, and at least one second apart.

    An end with a fraction would lie in the future of a judgement in the same second; the journal has the exact times.
    """
    started, finished = outcome.started_at.replace(microsecond=0), outcome.finished_at.replace(microsecond=0)
    return min(started, finished - timedelta(seconds=1)), finished


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name, "kind": step.kind, "status": step.status, "duration_ms": step.duration_ms,
        "exit_code": step.exit_code,
    }  # fmt: skip


def shortfalls(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Where an executed drill fell short of what it had to show: targets, restored rows, the canary."""
    if row["mode"] != EXECUTE:
        return ()
    found = [
        f"{component['name']}: {what.upper()} {component[f'{what}_seconds']} s;"
        f" the target is {component[f'{what}_target_seconds']} s"
        for component in row["components"]
        for what in ("rto", "rpo")
        if component[f"{what}_seconds"] > component[f"{what}_target_seconds"]
    ]
    validation, canary = row.get("restore_validation"), row.get("canary")
    if validation is None and row["components"]:
        found.append("the restored data was not validated: no restore_validation {query, expected, observed}")
    if validation is not None and validation["expected"] != validation["observed"]:
        found.append(f"restore validation: expected {validation['expected']}, observed {validation['observed']}")
    if canary is not None and canary["written"] != canary["found"]:
        found.append("the canary written before the backup was not found after the restore")
    return tuple(found)


def completed(
    given: Any, playbooks: Sequence[Playbook], executed_by: str, overrides: Mapping[str, Any], now: datetime, name: str
) -> dict[str, Any]:
    """A drill report that came as JSON, completed by what the policy and the signing key say of it.

    `overrides` are fields given on the command line; they fill what the report leaves open and contradict nothing.
    Raises GateError for a report that contradicts itself, its playbook, or the clock.
    """
    if not isinstance(given, dict):
        raise GateError(f"{name}: a drill report is a JSON object")
    row = {key: value for key, value in given.items() if value is not None}
    found = [playbook for playbook in playbooks if playbook.name == row.get("playbook")]
    if not found:
        raise GateError(f"{name}: playbook: not one of those that gate.yaml approves")
    playbook = found[0]
    known: dict[str, Any] = {
        "playbook_sha256": playbook.sha256, "kind": playbook.kind, "severity": playbook.severity,
        "tenants": list(playbook.tenants), "executed_by": executed_by, **overrides,
    }  # fmt: skip
    for key, value in known.items():
        if value is not None and row.setdefault(key, value) != value:
            raise GateError(
                f"{name}: {key}: is not what the playbook, the key or the command line says ({str(value)[:80]})"
            )
    row.setdefault("environment", playbook.environment)
    row["recorded_at"] = format_time(now)
    row.setdefault("id", f"drill-{str(row.get('started_at'))[:10]}-{playbook.kind}-{_short_digest(given)}")
    return row


def check(row: Mapping[str, Any], playbook: Playbook, now: datetime, name: str) -> None:
    """Refuse a report (of a valid shape) that says of itself what its own numbers deny. Raises GateError."""
    started, finished = parse_time(row["started_at"]), parse_time(row["finished_at"])
    if finished <= started:
        raise GateError(f"{name}: finished_at: the drill ends before it starts")
    if finished > now + MAX_SKEW:
        raise GateError(f"{name}: finished_at: in the future; check the clock of the machine that ran it")
    measure = playbook.measure
    for component in row["components"]:
        targets = (component["rto_target_seconds"], component["rpo_target_seconds"])
        if measure is None or component["name"] != measure.component:
            raise GateError(f"{name}: components: the playbook measures no component {component['name'][:60]!r}")
        if targets != (measure.rto_target_seconds, measure.rpo_target_seconds):
            raise GateError(f"{name}: components: the targets are not those of the playbook")
        if component["rto_seconds"] > (finished - started).total_seconds() + 1:
            raise GateError(f"{name}: components: the recovery took longer than the drill")
    if row["mode"] == EXECUTE and row["status"] == "completed":
        bad = [s["name"] for s in row["steps"] if s["status"] != "succeeded" or s.get("exit_code")]
        if bad:
            raise GateError(f"{name}: status: completed, but the step {bad[0][:60]!r} did not succeed")
        if not (row["steady_state_before"] and row["steady_state_after"]):
            raise GateError(f"{name}: status: completed, but the steady state did not hold before and after")


def _short_digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]


def store(
    root: Path, folder: Path, row: Mapping[str, Any], journal: bytes | None, signer: Signer, policy: Policy
) -> tuple[Path, Path | None]:
    """Write the journal, then the signed record; returns both paths, the record's first.

    Raises UndecidedError. A journal whose record could not be signed is kept: it can be recorded later.
    """
    kept = folder / JOURNALS / f"{row['id']}.json" if journal is not None else None
    if kept is not None and journal is not None:
        if kept.exists():
            raise GateError(f"{kept}: this drill is recorded already; evidence is never overwritten")
        write_file(kept, journal)
    try:
        return record(root, KIND, row, signer, policy, store=folder), kept
    except GateError as error:
        hint = f"; its journal is {kept}: remove the cause, then `gate drill record --journal` it" if kept else ""
        raise UndecidedError(f"the drill was not recorded: {error}{hint}") from None
