"""`gate purge record`: run the week's purge, check its tombstones, and put its manifest into the chain."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from gate import purges
from gate import run as gate_run
from gate.cli import options
from gate.collect import Context
from gate.drills.report import require_signing
from gate.interruption import stoppable
from gate.model import GateError, Subject, UndecidedError
from gate.report.escape import line
from gate.signing import trust_of
from gate.tree import WorkTree, head

MAX_MANIFEST_BYTES = 16 << 20


def purge(argv: list[str]) -> int:
    """record."""
    if not argv:
        raise GateError("purge: record what? see gate purge --help")
    if argv[0] in ("-h", "--help"):
        sys.stdout.write(
            "usage: gate purge record --week WEEK --key FILE --verified-by WHO [--manifest FILE]\n\n"
            "gate purge record --help for the options\n"
        )
        return 0
    if argv[0] != "record":
        from gate.reading import did_you_mean

        raise GateError(f"purge: unknown action {argv[0]!r}{did_you_mean(argv[0], ['record'])}; see gate purge --help")
    return _record(argv[1:])


def _record(argv: list[str]) -> int:
    parser = options.Parser("purge record", "Run the configured purge for a week and record its manifest, signed.")
    options.add_root(parser)
    parser.add_argument(
        "--week", type=options.text, required=True, metavar="WEEK", help="ISO week in UTC, e.g. 2026-W46"
    )
    parser.add_argument(
        "--key", type=options.path, required=True, metavar="FILE",
        help="the key to sign with; whoever the policy says holds it is recorded as the performer",
    )  # fmt: skip
    parser.add_argument("--verified-by", type=options.text, required=True, metavar="WHO", help="the second person")
    parser.add_argument(
        "--manifest",
        type=options.path,
        metavar="FILE",
        help="record this JSON of a purge that ran elsewhere; run nothing",
    )
    parser.add_argument(
        "--store", type=options.path, metavar="DIR", help="the evidence store (default: .gate/evidence)"
    )
    parser.add_argument(
        "--evidence",
        action="append",
        type=options.path,
        default=[],
        metavar="DIR",
        help="stores with earlier manifests",
    )
    arguments = parser.parse_args(argv)
    root = arguments.root.resolve()
    policy = gate_run.load_policy(root, None)
    if purges.KIND not in policy.kinds:
        raise GateError("gate.yaml: packs: purges need the pack 'retention-and-purge'; add it")
    from gate.recording import record, signer_for

    signer = signer_for(arguments.key, policy)
    verified_by = purges.two_people(signer.identity, arguments.verified_by)
    folder = arguments.store or root / gate_run.LOCAL_STORE
    now, _ = gate_run.clock(None)
    require_signing(signer, policy, now)
    wanted = purges.week(arguments.week, now)
    facts = None if arguments.manifest is None else _read(arguments.manifest)
    origin = "purge" if arguments.manifest is None else str(arguments.manifest)
    with stoppable() as stop, purges.locked(folder):
        context = Context(
            tree=WorkTree(root),
            root=root,
            policy=policy,
            as_of=now,
            now=now,
            trust=trust_of(policy),
            subject=Subject(project=policy.config["project"], commit=head(root)),
            stores=_stores(root, folder, arguments.evidence),
        )
        place = purges.link(context, wanted)
        try:
            if facts is None:
                facts = purges.perform(policy, root, wanted, dict(os.environ), stop)
            done, _ = gate_run.clock(None)
            row = purges.complete(
                facts, wanted, place, performed_by=signer.identity, verified_by=verified_by, now=done, origin=origin
            )
            purges.check(row, policy, wanted, done, origin)
        except purges.PurgeError as refused:
            _say(f"refused: {wanted.name}: {refused}; nothing was recorded")
            return 1
        try:
            target = record(root, purges.KIND, row, signer, policy, store=folder)
        except (GateError, UndecidedError) as error:
            sys.stdout.write(purges.kept_facts(row) + "\n")
            raise UndecidedError(
                f"the purge was not recorded: {error}; keep what stands on stdout and record it with --manifest"
            ) from None
    _tell(row, wanted, target, root)
    return 0


def _stores(root: Path, folder: Path, extra: list[Path]) -> tuple[Path, ...]:
    """Where earlier manifests lie: the usual stores and the one that is written, each once."""
    found = (*gate_run.stores(root, extra), *((folder,) if folder.is_dir() else ()))
    return tuple({path.resolve(): path for path in found}.values())


def _read(path: Path) -> dict[str, Any]:
    from gate.reading import read_json

    try:
        with path.open("rb") as file:
            data = file.read(MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        raise GateError(f"{path}: can't be read: {error.strerror}") from None
    value = read_json(data, str(path), max_bytes=MAX_MANIFEST_BYTES).value
    if not isinstance(value, dict):
        raise GateError(f"{path}: a manifest is a JSON object")
    return value


def _tell(row: dict[str, Any], wanted: purges.Week, target: Path, root: Path) -> None:
    from gate.reading import parse_time

    purged = sum(count["purged"] for count in row["counts"])
    what = (
        "nothing was due"
        if row["noop"]
        else f"{purged} rows purged, {row['tombstone_validation']['observed']} tombstones"
    )
    late = (parse_time(row["recorded_at"]) - wanted.end).days
    shown = target.relative_to(root).as_posix() if target.is_relative_to(root) else str(target)
    sys.stdout.write(f"purge {wanted.name}: {what}; manifest {row['sequence']} of the chain\n")
    if late > 0:
        sys.stdout.write(f"  late: recorded {late} days after the week ended, and shown as such (PRG002)\n")
    sys.stdout.write(f"  recorded as {line(shown, 300)}\n")


def _say(text: str) -> None:
    sys.stderr.write(f"gate: {line(text, 400)}\n")
    sys.stderr.flush()
