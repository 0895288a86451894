"""`gate record`: sign evidence that something else produced, one record or a file of a million, and store it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from gate import run
from gate.cli import options
from gate.model import GateError, Policy

MAX_RECORD_BYTES = 16 << 20


def record(argv: list[str]) -> int:
    """Exit 0 when everything is signed, verified and stored; nothing is stored of what does not fit its schema."""
    parser = options.Parser("record", "Check evidence against its kind's schema, sign it, and put it into the store.")
    parser.add_argument("kind", type=options.text, metavar="KIND", help="the kind of evidence (see gate schema)")
    parser.add_argument(
        "files", nargs="+", type=options.path, metavar="FILE",
        help="one record as .json, or one record a line as .jsonl, .ndjson or either with .gz: signed as one batch",
    )  # fmt: skip
    parser.add_argument("--key", type=options.path, required=True, metavar="FILE", help="the evidence key to sign with")
    parser.add_argument(
        "--store", type=options.path, metavar="DIR", help="the evidence store (default: .gate/evidence)"
    )
    parser.add_argument("--producer", type=options.text, metavar="NAME", help="what made a batch (default: the signer)")
    parser.add_argument("--scope", type=options.text, metavar="TEXT", help="what a batch covers, in words")
    parser.add_argument(
        "--time-field", type=options.text, metavar="FIELD", help="when a record happened (default: by the schema)"
    )
    options.add_root(parser)
    arguments = parser.parse_args(argv)
    from gate.collect import COLLECTORS
    from gate.recording import signer_for

    root = arguments.root.resolve()
    policy = run.load_policy(root, None)
    if arguments.kind not in policy.kinds:
        from gate.reading import did_you_mean

        hint = did_you_mean(arguments.kind, list(policy.kinds)) or "; enable its pack in gate.yaml"
        raise GateError(f"record: no kind of evidence {arguments.kind!r}{hint}")
    if any(arguments.kind in collector.kinds for collector in COLLECTORS):
        raise GateError(f"record: {arguments.kind} is what the gate itself collects; nothing recorded of it is read")
    signer = signer_for(arguments.key, policy)
    for file in arguments.files:
        sys.stdout.write(_record(arguments, root, file, signer, policy))
    return 0


def _record(arguments: Any, root: Path, file: Path, signer: Any, policy: Policy) -> str:
    from attestations import statements
    from attestations.envelope import read
    from gate import recording
    from gate.report.escape import line

    if not file.name.endswith(".json"):
        target, bundle = recording.record_batch(
            root, arguments.kind, file, signer, policy, store=arguments.store, producer=arguments.producer,
            scope=arguments.scope, time=arguments.time_field,
        )  # fmt: skip
        about = statements.parse(read(bundle).envelope.payload)["predicate"]["record"]
        span = f", {about['time']['first']} to {about['time']['last']}" if "time" in about else ""
        what = f"{about['records']:,} records, {about['tenants']['groups']} groups by tenant{span}"
    else:
        target = recording.record(root, arguments.kind, _one(file), signer, policy, store=arguments.store)
        what = "1 record"
    shown = target.relative_to(root).as_posix() if target.is_relative_to(root) else str(target)
    return f"{arguments.kind}: {line(what, 200)}, signed by {line(signer.identity)}: {line(shown, 300)}\n"


def _one(file: Path) -> dict[str, Any]:
    from gate.reading import read_json

    if not file.is_file():
        raise GateError(f"{file}: no such file")
    with file.open("rb") as opened:
        data = opened.read(MAX_RECORD_BYTES + 1)
    value = read_json(data, str(file), max_bytes=MAX_RECORD_BYTES).value
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        raise GateError(f"{file}: a record is a JSON object with an id")
    return value
