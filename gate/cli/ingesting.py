"""`gate ingest`: streams of events into a store that controls judge; `gate query`: ask a store something."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate import run
from gate.cli import options
from gate.model import GateError, Policy, UndecidedError

if TYPE_CHECKING:
    from gate.collect import Context
    from gate.ingest.run import Outcome

SHOWN = 10


def ingest(argv: list[str]) -> int:
    """Exit code 0: all that was read is accounted for and every source was whole."""
    parser = options.Parser(
        "ingest",
        "Read CloudEvents or bare records into an evidence store: each is accepted, parked or rejected, and all are "
        "counted. NDJSON, JSON, CSV and Parquet; gzip or zstd.",
    )
    parser.add_argument(
        "source",
        nargs="*",
        type=options.text,
        metavar="SOURCE",
        help="a file, a folder, a pattern, or - for standard input",
    )
    options.add_root(parser)
    parser.add_argument("--into", type=options.path, metavar="DIR", help="the evidence store (default: .gate/evidence)")
    parser.add_argument("--kind", type=options.text, metavar="KIND", help="the sources hold bare records of this kind")
    parser.add_argument("--format", choices=["ndjson", "json", "csv", "parquet"], help="whatever the names end in")
    parser.add_argument("--replay", action="store_true", help="judge what is parked once more; takes no source")
    parser.add_argument(
        "--commit-every",
        type=_positive,
        default=1024,
        metavar="MIB",
        help="commit so much input at a time: a run that is stopped goes on from there when it is started again "
        "(default 1024; what is read from - is committed as a whole)",
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 also when anything was parked or rejected")
    parser.add_argument("--base", type=options.text, metavar="REF", help="take the policy from this revision")
    options.add_signing(parser, required=False)
    parser.add_argument("-o", "--output", choices=["text", "json"], default="text")
    parser.add_argument("-q", "--quiet", action="store_true", help="only the summary")
    arguments = parser.parse_args(argv)
    if arguments.replay == bool(arguments.source):
        raise GateError("ingest: give sources to read, or --replay alone; see gate ingest --help")
    from gate.ingest import reporting, sources
    from gate.ingest import run as ingesting
    from gate.signing import trust_of
    from gate.tree import resolve

    root = arguments.root.resolve()
    policy = run.load_policy(root, resolve(root, arguments.base) if arguments.base else None)
    store = arguments.into or root / run.LOCAL_STORE
    now, _ = run.clock(None)
    found = sources.find(arguments.source, arguments.format)
    if arguments.kind is not None and arguments.kind not in policy.kinds:
        from gate.reading import did_you_mean

        hint = did_you_mean(arguments.kind, sorted(policy.kinds))
        raise GateError(f"--kind: no pack of this policy has the kind {arguments.kind!r}{hint}")
    rules = ingesting.rules_of(policy, arguments.kind, _tenants(policy, root, store, now), now)
    signer = _signer(arguments, policy)
    with _bar(found, quiet=arguments.quiet) as advance:
        outcome = (
            ingesting.replay(store, rules, policy, now, advance)
            if arguments.replay
            else ingesting.ingest(store, found, rules, policy, now, advance, commit=arguments.commit_every << 20)
        )
    if outcome is None:
        sys.stdout.write("ingest: nothing is parked\n" if arguments.output == "text" else "{}\n")
        return 0
    report = reporting.write(outcome.manifest, signer, trust_of(policy), policy, now)
    sys.stdout.write(
        _json(outcome, report) if arguments.output == "json" else _text(outcome, store, quiet=arguments.quiet)
    )
    failed = outcome.broken or (arguments.strict and (outcome.counts["parked"] or outcome.counts["rejected"]))
    return 1 if failed else 0


def _signer(arguments: argparse.Namespace, policy: Policy) -> Any:
    if arguments.key is None and not arguments.keyless:
        return None
    from attestations.trust import EVIDENCE
    from gate.signing import choose, trust_of

    return choose(arguments, trust_of(policy), EVIDENCE)[0]


def _tenants(policy: Policy, root: Path, store: Path, now: datetime) -> frozenset[str] | None:
    """The tenants of the registry (records of the kind `tenant`); None when there is no registry."""
    if "tenant" not in policy.kinds:
        return None
    from gate.collect import collect

    found = collect(_context(policy, root, store, now), {"tenant"}, lambda _: None)["tenant"]
    if found.coverage.unread:
        lost = found.coverage.unread[0]
        raise UndecidedError(f"{lost.path}:{lost.line}: the tenant registry can't be read: {lost.reason}")
    return frozenset(str(row.get("tenantid")) for row in found.rows) or None


def _context(policy: Policy, root: Path, store: Path, now: datetime) -> Context:
    """What lies in the checkout, its own store and this one."""
    stores = {path.resolve(): path for path in (*run.stores(root, ()), *((store,) if store.is_dir() else ()))}
    return run.evidence_context(policy, root, stores.values(), now)


@contextlib.contextmanager
def _bar(found: list[Any], *, quiet: bool) -> Any:
    """A progress bar for a person at a terminal; silence for everybody else."""
    if quiet or not sys.stderr.isatty():
        yield lambda _size, _records: None
        return
    total = sum(source.path.stat().st_size for source in found if source.path is not None)
    yield _drawn(total)
    sys.stderr.write("\r\x1b[K")
    sys.stderr.flush()


def _drawn(total: int) -> Callable[[int, int], None]:
    def advance(size: int, records: int) -> None:
        part = min(1.0, size / total) if total else 0.0
        filled = "#" * int(part * 30)
        sys.stderr.write(f"\r[{filled:<30}] {part:4.0%}  {records:,} records")
        sys.stderr.flush()

    return advance


def _text(outcome: Outcome, store: Path, *, quiet: bool) -> str:
    from gate.report.escape import line

    counts = outcome.counts
    lines = [f"  {line(name, 120)}: goes on where an earlier run was stopped" for name, _ in outcome.resumed]
    lines += [
        f"  {line(name, 120)}: is not the file that an earlier run began; read from its beginning"
        for name in outcome.changed
    ]
    if not quiet:
        places = {(o, r): (place, detail) for o, r, place, detail in outcome.places}
        for kind, reason, count in outcome.reasons[:SHOWN]:
            place, detail = places.get((kind, reason), ("", ""))
            lines.append(f"  {kind} {count:>9,}  {line(reason, 80)}, first at {line(place, 120)}: {line(detail, 160)}")
        if len(outcome.reasons) > SHOWN:
            lines.append(f"  and {len(outcome.reasons) - SHOWN} more reasons")
    lines.append(
        f"{line(str(store), 120)}: {counts['read']:,} read = {counts['accepted']:,} accepted + "
        f"{counts['duplicates']:,} duplicates + {counts['parked']:,} parked + {counts['rejected']:,} rejected; "
        f"{counts['parked_open']:,} parked in all"
    )
    return "\n".join(lines) + "\n"


def _json(outcome: Outcome, report: Path) -> str:
    from gate.report.escape import json_document, json_string

    counts = outcome.counts
    places = {(o, r): (place, detail) for o, r, place, detail in outcome.places}
    return json_document(
        {
            **{n: counts[n] for n in ("read", "accepted", "duplicates", "parked", "rejected", "parked_open")},
            "batch": outcome.batch.id,
            "batches": [batch.id for batch in outcome.batches],
            "report": json_string(str(report)),
            "whole": not outcome.broken,
            "resumed": [json_string(name) for name, _ in outcome.resumed],
            "changed": [json_string(name) for name in outcome.changed],
            "reasons": [
                {
                    "outcome": kind, "reason": json_string(reason), "records": count,
                    "first": json_string(places.get((kind, reason), ("", ""))[0]),
                    "detail": json_string(places.get((kind, reason), ("", ""))[1]),
                }
                for kind, reason, count in outcome.reasons
            ],
            "store": dict(outcome.manifest.totals),
        }
    )  # fmt: skip


def query(argv: list[str]) -> int:
    """Print what one SELECT finds. It informs, it never decides."""
    parser = options.Parser(
        "query",
        "Ask the evidence something: one SELECT over the kinds of the policy, `held` (what was parked or rejected) and "
        "`batch`. Read only, and nothing but the stores' files can be opened.",
    )
    parser.add_argument("select", type=options.text, metavar="SELECT")
    options.add_root(parser)
    parser.add_argument(
        "--store", type=options.path, metavar="DIR", help="the evidence store (default: .gate/evidence)"
    )
    parser.add_argument("-o", "--output", choices=["table", "json", "csv"], default="table")
    parser.add_argument("--limit", type=_positive, default=1000, metavar="N", help="show so many rows (default 1000)")
    parser.add_argument("--timeout", type=_positive, default=60, metavar="SECONDS", help="give up after (default 60)")
    arguments = parser.parse_args(argv)
    from itertools import islice

    from gate.ingest import querying

    root = arguments.root.resolve()
    now, _ = run.clock(None)
    store = arguments.store or root / run.LOCAL_STORE
    if not store.is_dir():
        raise GateError(f"{store}: no such folder; gate ingest makes an event store")
    context = _context(run.load_policy(root, None), root, store, now)
    answer = querying.ask(context, arguments.select, arguments.timeout)
    rows = list(islice(answer.rows, arguments.limit + 1))
    _WRITERS[arguments.output](answer.columns, rows[: arguments.limit])
    if len(rows) > arguments.limit:
        sys.stderr.write(f"gate: there are more than {arguments.limit:,} rows; give --limit\n")
    return 0


def _positive(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 0 < int(value) <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{value[:20]!r} is not a number from 1 to 10,000,000")
    return int(value)


def _table(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    from gate.report.escape import line

    cells = [[line(name, 60) for name in columns]]
    cells += [["" if value is None else line(_shown(value), 60) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    for row in cells:
        sys.stdout.write("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")


def _shown(value: object) -> str:
    return ascii(bytes(value))[2:-1] if isinstance(value, bytes | bytearray) else str(value)


def _rows_json(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    from gate.report.escape import json_document, json_string, json_value

    names = [json_string(name) for name in columns]
    found = [dict(zip(names, map(json_value, row), strict=True)) for row in rows]
    sys.stdout.write(json_document([dict(row) for row in found]))


def _csv(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    import csv

    from gate.report.escape import line

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([line(name) for name in columns])
    writer.writerows([["" if value is None else line(_shown(value)) for value in row] for row in rows])


_WRITERS = {"table": _table, "json": _rows_json, "csv": _csv}
