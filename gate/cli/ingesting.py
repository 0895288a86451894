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
from gate.model import GateError, Policy, Row, UndecidedError

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
        "--compact",
        action="store_true",
        help="merge the store's small files, and judge what was ingested under other schemas by today's; with --key "
        "those whose records that key vouches for, without it those that nobody does; takes no source",
    )
    parser.add_argument(
        "--expire",
        action="append",
        type=_window,
        default=[],
        metavar="KIND=DAYS",
        help="drop the records of a kind that are older, except under a legal hold; -o json prints the facts for "
        "gate purge record --manifest; what was parked or rejected goes with its kind, and all of it under the name "
        "held; takes no source",
    )
    parser.add_argument(
        "--commit-every",
        type=_positive,
        default=1024,
        metavar="MIB",
        help="commit so much input at a time: a run that is stopped goes on from there when it is started again "
        "(default 1024; what is read from - is committed as a whole)",
    )
    parser.add_argument(
        "--attestation",
        action="append",
        type=options.path,
        default=[],
        metavar="FILE",
        help="a signed in-toto statement whose subjects are source files: with one, every source must be attested; "
        "needs --key or --keyless, for who ingests signs for what comes of them",
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 also when anything was parked or rejected")
    parser.add_argument("--base", type=options.text, metavar="REF", help="take the policy from this revision")
    options.add_signing(parser, required=False)
    parser.add_argument("-o", "--output", choices=["text", "json"], default="text")
    parser.add_argument("-q", "--quiet", action="store_true", help="only the summary")
    arguments = parser.parse_args(argv)
    if sum(map(bool, (arguments.source, arguments.replay, arguments.compact, arguments.expire))) != 1:
        raise GateError("ingest: give sources, or --replay, --compact or --expire alone; see gate ingest --help")
    from gate.ingest import reporting, sources
    from gate.ingest import run as ingesting
    from gate.ingest.forgetting import ANY
    from gate.signing import trust_of
    from gate.tree import resolve

    root = arguments.root.resolve()
    policy = run.load_policy(root, resolve(root, arguments.base) if arguments.base else None)
    store = arguments.into or root / run.LOCAL_STORE
    now, _ = run.clock(None)
    found = sources.find(arguments.source, arguments.format)
    for option, kind in (("--kind", arguments.kind), *(("--expire", kind) for kind, _ in arguments.expire)):
        if kind is not None and kind not in policy.kinds and (option, kind) != ("--expire", ANY):
            from gate.reading import did_you_mean

            hint = did_you_mean(kind, sorted(policy.kinds))
            raise GateError(f"{option}: no pack of this policy has the kind {kind!r}{hint}")
    if arguments.compact or arguments.expire:
        return _rewrite(arguments, policy, root, store, now)
    rules = ingesting.rules_of(policy, arguments.kind, _tenants(policy, root, store, now), now)
    signer = _signer(arguments, policy)
    attested = None
    if arguments.attestation:
        from gate.ingest import attesting

        if signer is None:
            raise GateError("--attestation: give --key or --keyless too, to sign for what comes of the sources")
        attested = attesting.read(arguments.attestation, trust_of(policy), now)
    with _bar(found, quiet=arguments.quiet) as advance:
        outcome = (
            ingesting.replay(store, rules, policy, now, advance)
            if arguments.replay
            else ingesting.ingest(
                store, found, rules, policy, now, advance, commit=arguments.commit_every << 20, attested=attested
            )
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


def _rewrite(arguments: argparse.Namespace, policy: Policy, root: Path, store: Path, now: datetime) -> int:
    """Compaction or expiry: what the store holds, written anew."""
    from gate.ingest import rewriting
    from gate.ingest.run import rules_of
    from gate.report.escape import line
    from gate.signing import trust_of

    signer = _signer(arguments, policy)
    rules = rules_of(policy, None, None, now)
    named = line(str(store), 120)
    if arguments.compact:
        done = rewriting.compact(store, rules, policy, now, trust_of(policy), signer)
        if arguments.output == "json":
            from gate.report.escape import json_document

            sys.stdout.write(json_document({} if done is None else {**done.counts, "files": len(done.batch.files)}))
        elif done is None:
            sys.stdout.write(f"{named}: nothing to compact\n")
        else:
            counts = done.counts
            sys.stdout.write(
                f"{named}: {len(done.batch.replaces):,} files are {len(done.batch.files):,}; {counts['accepted']:,} "
                f"records, {counts['parked']:,} parked and {counts['rejected']:,} rejected by today's schemas\n"
            )
        return 0
    held = _legal_holds(policy, root, store, now)
    found = rewriting.expire(store, rules, policy, now, trust_of(policy), signer, dict(arguments.expire), held)
    if arguments.output == "json":
        import json

        sys.stdout.write(json.dumps(dict(found.facts), indent=2, sort_keys=True) + "\n")
        return 0
    for count in found.facts["counts"]:
        sys.stdout.write(
            f"{named}: {count['table']}: {count['purged']:,} of {count['before']:,} records dropped, "
            f"{count['after']:,} are left\n"
        )
    for kept in found.facts["exceptions"]:
        sys.stdout.write(f"{named}: {kept['table']}: {kept['rows']:,} are kept: {kept['reason']}\n")
    return 0


def _window(value: str) -> tuple[str, int]:
    kind, _, days = value.partition("=")
    if not (kind and days.isascii() and days.isdigit() and 0 < int(days) <= 36_500):
        raise argparse.ArgumentTypeError(f"{value[:60]!r} is not KIND=DAYS, e.g. meter_event=400")
    return kind, int(days)


def _legal_holds(policy: Policy, root: Path, store: Path, now: datetime) -> frozenset[str]:
    """The tenants under a legal hold (records of the kind `retention_window`)."""
    found = _records(policy, root, store, now, "retention_window")
    return frozenset(str(row["tenantid"]) for row in found if row.get("legal_hold"))


def _signer(arguments: argparse.Namespace, policy: Policy) -> Any:
    if arguments.key is None and not arguments.keyless:
        return None
    from attestations.trust import EVIDENCE
    from gate.signing import choose, trust_of

    return choose(arguments, trust_of(policy), EVIDENCE)[0]


def _tenants(policy: Policy, root: Path, store: Path, now: datetime) -> frozenset[str] | None:
    """The tenants that the policy's map declares and the registry has (records of the kind `tenant`); of the two those
    that there are. None without either: then nobody can say who is a stranger."""
    from gate.policy.tenants import map_of

    mapped = map_of(policy, now)
    registered = frozenset(str(row.get("tenantid")) for row in _records(policy, root, store, now, "tenant"))
    if mapped is None:
        return registered or None
    return registered & mapped.tenants.keys() if registered else frozenset(mapped.tenants)


def _records(policy: Policy, root: Path, store: Path, now: datetime, kind: str) -> list[Row]:
    """All records of a kind, none where the policy has no such kind."""
    if kind not in policy.kinds:
        return []
    from gate.collect import collect

    found = collect(_context(policy, root, store, now), {kind}, lambda _: None)[kind]
    if found.coverage.unread:
        lost = found.coverage.unread[0]
        raise UndecidedError(f"{lost.path}:{lost.line}: records of the kind {kind} can't be read: {lost.reason}")
    return list(found.rows)


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

    from gate.report.escape import csv_cell, line

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([line(name) for name in columns])
    writer.writerows([["" if value is None else csv_cell(line(_shown(value))) for value in row] for row in rows])


_WRITERS = {"table": _table, "json": _rows_json, "csv": _csv}
