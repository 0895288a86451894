"""`gate drill`: run a playbook, record a drill that ran elsewhere, list what was drilled, say what is due."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate import run as gate_run
from gate.cli import options
from gate.collect import Context
from gate.drills import journal as journals
from gate.drills import playbook as playbooks
from gate.drills import report, runner, schedule
from gate.interruption import stoppable
from gate.model import GateError, Policy, Subject, UndecidedError
from gate.report.escape import line
from gate.signing import trust_of
from gate.tree import WorkTree, head

if TYPE_CHECKING:
    from attestations.signers import Signer

INTERRUPTED = 130
MAX_JOURNAL_BYTES = 64 << 20


def drill(argv: list[str]) -> int:
    """run | record | list | schedule."""
    actions: dict[str, Callable[[list[str]], int]] = {
        "run": _run, "record": _record, "list": _list, "schedule": _schedule,
    }  # fmt: skip
    if not argv:
        raise GateError("drill: run, record, list or schedule? see gate drill --help")
    if argv[0] in ("-h", "--help"):
        sys.stdout.write(
            "usage: gate drill run PLAYBOOK (--execute | --dry-run | --simulate) PEOPLE --key FILE\n"
            "       gate drill record (--journal FILE | --report FILE) PEOPLE --key FILE\n"
            "       gate drill list [--json]\n"
            "       gate drill schedule [--json | --ical]\n\n"
            "PEOPLE is --requested-by WHO --approved-by WHO; gate drill ACTION --help has all options\n"
        )
        return 0
    if argv[0] not in actions:
        from gate.reading import did_you_mean

        raise GateError(
            f"drill: unknown action {argv[0]!r}{did_you_mean(argv[0], list(actions))}; see gate drill --help"
        )
    return actions[argv[0]](argv[1:])


def _add_people(parser: options.Parser) -> None:
    parser.add_argument(
        "--requested-by", type=options.text, required=True, metavar="WHO", help="who asked for the drill"
    )
    parser.add_argument("--approved-by", type=options.text, required=True, metavar="WHO", help="who approved it")
    parser.add_argument(
        "--key", type=options.path, required=True, metavar="FILE",
        help="the key to sign with; whoever the policy says holds it is recorded as the executor",
    )  # fmt: skip


def _add_links(parser: options.Parser) -> None:
    parser.add_argument("--release", type=options.text, metavar="VERSION", help="the release this drill is for")
    parser.add_argument("--artifact", type=options.path, metavar="FILE", help="an artifact of that release")
    parser.add_argument(
        "--environment", type=options.text, metavar="NAME", help="where it runs (default: the playbook's)"
    )
    parser.add_argument(
        "--store", type=options.path, metavar="DIR", help="the evidence store (default: .gate/evidence)"
    )


def _run(argv: list[str]) -> int:
    parser = options.Parser("drill run", "Run an approved playbook and record what happened, signed.")
    parser.add_argument(
        "playbook", type=options.path, help="one of the playbooks of gate.yaml, relative to the checkout"
    )
    options.add_root(parser)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--execute", dest="mode", action="store_const", const=runner.EXECUTE, help="really run it")
    mode.add_argument(
        "--dry-run", dest="mode", action="store_const", const=runner.DRY_RUN, help="check everything, run nothing"
    )
    mode.add_argument(
        "--simulate",
        dest="mode",
        action="store_const",
        const=runner.SIMULATE,
        help="probe the steady state, act on nothing",
    )
    _add_people(parser)
    _add_links(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing while it runs")
    arguments = parser.parse_args(argv)
    root = arguments.root.resolve()
    policy = gate_run.load_policy(root, None)
    playbook = playbooks.load(policy, root, arguments.playbook)
    signer = _signer(arguments, policy)
    who = _people(arguments, signer)
    artifact = gate_run.artifacts([arguments.artifact])[0] if arguments.artifact else None
    environment = dict(os.environ)
    values = playbooks.values(playbook, environment)
    _require_programs(playbook, environment)
    folder = arguments.store or root / gate_run.LOCAL_STORE
    report.require_writable(folder)
    say = (lambda _: None) if arguments.quiet else _say
    say(f"drill {playbook.kind} ({playbook.severity}, {arguments.mode}): {playbook.title}")
    with stoppable() as stop:
        session = runner.Session(
            root=root, mode=arguments.mode, values=values, environment=environment, stop=stop, say=say
        )
        journal = runner.run(playbook, session)
        now, _ = gate_run.clock(None)
        outcome = journals.judge(journal, playbook, now, "journal")
        data = report.journal_bytes(journal)
        row = report.compose(
            playbook, outcome, data, who,
            environment=arguments.environment, release=arguments.release, artifact=artifact, recorded_at=now,
        )  # fmt: skip
        return _finish(root, folder, row, outcome.problems, data, signer, policy)


def _finish(
    root: Path,
    folder: Path,
    row: dict[str, Any],
    found: Sequence[str],
    journal: bytes | None,
    signer: Signer,
    policy: Policy,
) -> int:
    """Record and tell. How the drill went is told also when its record can't be written."""
    problems = (*found, *report.shortfalls(row))
    verdict = "completed, but not good enough" if row["status"] == "completed" and problems else row["status"]
    said = [f"drill {row['kind']} ({row['severity']}, {row['mode']}): {verdict}"]
    for component in row["components"]:
        said.append(
            f"{component['name']}: RTO {component['rto_seconds']} s of {component['rto_target_seconds']} s,"
            f" RPO {component['rpo_seconds']} s of {component['rpo_target_seconds']} s"
        )
    if "restore_validation" in row:
        validation = row["restore_validation"]
        said.append(f"restored: expected {validation['expected']}, observed {validation['observed']}")
    said += problems
    try:
        target, kept = report.store(root, folder, row, journal, signer, policy)
        said.append(f"recorded as {_relative(target, root)}" + (f", journal {_relative(kept, root)}" if kept else ""))
    finally:
        sys.stdout.write("\n  ".join(line(text, 400) for text in said) + "\n")
        sys.stdout.flush()
    if row["status"] == "interrupted":
        return INTERRUPTED
    return 1 if problems or row["status"] != "completed" else 0


def _record(argv: list[str]) -> int:
    parser = options.Parser("drill record", "Record a drill that ran elsewhere: check, complete, sign and store it.")
    options.add_root(parser)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--journal", type=options.path, metavar="FILE", help="a journal of the Chaos Toolkit or of gate"
    )
    source.add_argument("--report", type=options.path, metavar="FILE", help="a drill report as JSON")
    _add_people(parser)
    _add_links(parser)
    arguments = parser.parse_args(argv)
    root = arguments.root.resolve()
    policy = gate_run.load_policy(root, None)
    signer = _signer(arguments, policy)
    who = _people(arguments, signer)
    artifact = gate_run.artifacts([arguments.artifact])[0] if arguments.artifact else None
    folder = arguments.store or root / gate_run.LOCAL_STORE
    known = [playbooks.read(policy, name) for name in playbooks.approved(policy, root)]
    now, _ = gate_run.clock(None)
    name = str(arguments.journal or arguments.report)
    given = _read(Path(name))
    if arguments.report:
        overrides = {
            "requested_by": who.requested_by, "approved_by": who.approved_by, "release": arguments.release,
            "artifact_sha256": artifact.sha256 if artifact else None, "environment": arguments.environment,
        }  # fmt: skip
        row = report.completed(given, known, signer.identity, overrides, now, name)
        _check_shape(row, policy, name)
        report.check(row, next(p for p in known if p.name == row["playbook"]), now, name)
        return _finish(root, folder, row, (), None, signer, policy)
    playbook = journals.playbook_of(given, known, name)
    outcome = journals.judge(given, playbook, now, name)
    if journals.redacted(given) != given:
        _say(f"warning: {name} holds what looks like a secret; the stored copy is redacted, the original is not")
    data = report.journal_bytes(given)
    row = report.compose(
        playbook, outcome, data, who,
        environment=arguments.environment, release=arguments.release, artifact=artifact, recorded_at=now,
    )  # fmt: skip
    return _finish(root, folder, row, outcome.problems, data, signer, policy)


def _check_shape(row: dict[str, Any], policy: Policy, name: str) -> None:
    from gate.reading import Schema

    kind = policy.kinds[report.KIND]
    for problem in Schema(kind.schema, str(kind.source)).problems(row):
        raise GateError(f"{name}: {problem.text}")
    report.require_signable(row, name)


def _read(path: Path) -> Any:
    from gate.reading import read_json

    try:
        with path.open("rb") as file:
            data = file.read(MAX_JOURNAL_BYTES + 1)
    except OSError as error:
        raise GateError(f"{path}: can't be read: {error.strerror}") from None
    return read_json(data, str(path), max_bytes=MAX_JOURNAL_BYTES).value


def _list(argv: list[str]) -> int:
    parser = options.Parser("drill list", "Who ran which drill, when, and how it went; newest first.")
    options.add_root(parser)
    parser.add_argument("--evidence", action="append", type=options.path, default=[], metavar="DIR")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    arguments = parser.parse_args(argv)
    found = schedule.evidence(_context(arguments))
    rows = schedule.newest_first(found)
    unread = [f"{u.path}:{u.line}: {u.reason}" for u in found.coverage.unread]
    if arguments.json:
        _write_json({"drills": [schedule.listed(row) for row in rows], "unread": unread})
        return 0
    sys.stdout.write(schedule.table(rows) if rows else "no drill is on record\n")
    for text in unread:
        sys.stdout.write(f"not read: {line(text, 300)}\n")
    return 0


def _schedule(argv: list[str]) -> int:
    parser = options.Parser("drill schedule", "Which drill is due when; informs, exit code 0 even when one is overdue.")
    options.add_root(parser)
    parser.add_argument("--evidence", action="append", type=options.path, default=[], metavar="DIR")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="machine-readable")
    form.add_argument("--ical", action="store_true", help="as an iCalendar (RFC 5545)")
    arguments = parser.parse_args(argv)
    context = _context(arguments)
    known = [playbooks.read(context.policy, name) for name in playbooks.approved(context.policy, context.root)]
    entries, reasons = schedule.due(context, known, schedule.evidence(context))
    if arguments.ical:
        sys.stdout.write(schedule.calendar(context.policy.config["project"], entries, context.as_of))
    elif arguments.json:
        _write_json({"due": [_due_json(entry, context) for entry in entries], "unknown": reasons})
    else:
        for entry in entries:
            state = "overdue since" if entry.due < context.as_of else "due"
            last = "never executed" if entry.last is None else f"last {entry.last:%Y-%m-%d}"
            sys.stdout.write(
                f"{state} {entry.due:%Y-%m-%d}  {line(entry.subject, 80)} ({last}) [{line(entry.why, 80)}]\n"
            )
        if not entries and not reasons:
            sys.stdout.write("nothing is scheduled: no drill control has a clock and no playbook says every_days\n")
        for reason in reasons:
            sys.stdout.write(f"unknown: {line(reason, 300)}\n")
    return 0


def _due_json(entry: schedule.Due, context: Context) -> dict[str, Any]:
    from gate.reading import format_time

    return {
        "subject": entry.subject, "why": entry.why, "due": format_time(entry.due), "overdue": entry.due < context.as_of,
        "last": None if entry.last is None else format_time(entry.last),
    }  # fmt: skip


def _write_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True) + "\n")


def _context(arguments: Any) -> Context:
    root = arguments.root.resolve()
    policy = gate_run.load_policy(root, None)
    now, _ = gate_run.clock(None)
    return Context(
        tree=WorkTree(root),
        root=root,
        policy=policy,
        as_of=now,
        now=now,
        trust=trust_of(policy),
        subject=Subject(project=policy.config["project"], commit=head(root)),
        stores=gate_run.stores(root, arguments.evidence),
    )


def _signer(arguments: Any, policy: Policy) -> Signer:
    from gate.recording import signer_for

    if report.KIND not in policy.kinds:
        raise GateError("gate.yaml: packs: drills need the pack 'drills'; add it")
    signer = signer_for(arguments.key, policy)
    report.require_signing(signer, policy, gate_run.clock(None)[0])
    return signer


def _people(arguments: Any, signer: Signer) -> report.People:
    who = report.people(arguments.requested_by, signer.identity, arguments.approved_by)
    warning = report.self_dealing(who)
    if warning:
        _say(f"warning: {warning}")
    return who


def _require_programs(playbook: playbooks.Playbook, environment: dict[str, str]) -> None:
    """A drill that stops half way for a missing program is worse than one that does not start."""
    import shutil

    for activity in (*playbook.hypothesis, *playbook.method, *playbook.rollbacks):
        if "/" not in activity.path and shutil.which(activity.path, path=environment.get("PATH")) is None:
            raise UndecidedError(
                f"{playbook.name}: {activity.name}: no program {activity.path!r} on PATH; nothing was run"
            )


def _say(text: str) -> None:
    sys.stderr.write(f"gate: {line(text, 300)}\n")
    sys.stderr.flush()


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
