"""`gate prove`: the proof engine by itself, for people and for logs. Nothing is connected to, nothing is run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.cli import options
from gate.model import GateError
from gate.reading import read_yaml

if TYPE_CHECKING:
    from lints.proof import Proof
    from lints.tenancy import Model

DIALECTS = ("postgres", "mysql", "sqlite", "tsql", "clickhouse")
RANK = ("proven", "weak", "opaque", "violation", "unparsed")
MAX_LINE = 4 << 20


def prove(argv: list[str]) -> int:
    """Judge SQL against a schema.

    Exit 0: every statement is proven or weak; 1: one is a violation, opaque or not understood. With `-` (NDJSON in,
    NDJSON out, same order) the verdicts are in the output and 0 only says that every line was judged; 2 that one was
    not a JSON object with `sql`.
    """
    parser = options.Parser("prove", "Prove that SQL statements stay inside their tenant.")
    parser.add_argument("--schema", action="append", nargs="+", type=options.path, required=True, metavar="FILE")
    parser.add_argument("--tenancy", type=options.path, metavar="FILE", help="declarations (tenancy.yaml)")
    parser.add_argument("--dialect", choices=DIALECTS, default="postgres")
    parser.add_argument("--output", choices=["text", "json"], default="text")
    parser.add_argument("sql", nargs="*", metavar="SQL", help="statements; - reads NDJSON lines {id, sql} from stdin")
    options.add_terminal(parser)
    arguments = parser.parse_args(argv)
    schemas, statements = _sort([str(path) for group in arguments.schema for path in group], arguments.sql)
    model = _model(schemas, arguments.tenancy, arguments.dialect)
    if statements == ["-"]:
        return _stream(model, arguments.dialect)
    from lints.proof import prove as judge

    proofs = [(text, judge(text, model, dialect=arguments.dialect)) for text in statements]
    if arguments.output == "json":
        sys.stdout.writelines(f"{json.dumps(_document(None, found))}\n" for _, found in proofs)
    else:
        sys.stdout.writelines(_text(text, found, verbose=not arguments.quiet) for text, found in proofs)
    return 0 if all(_worst(found) in ("proven", "weak") for _, found in proofs) else 1


def _sort(schemas: list[str], statements: list[str]) -> tuple[list[Path], list[str]]:
    """`--schema a.sql b.sql -` and `--schema a.sql "SELECT …"`: what is no file name after the files is SQL."""
    first = next(
        (i for i, text in enumerate(schemas) if text == "-" or (" " in text and not Path(text).exists())), None
    )
    if first is not None:
        schemas, statements = schemas[:first], [*schemas[first:], *statements]
    if not schemas or not statements:
        raise GateError("prove: give --schema FILE and the SQL to judge (- reads NDJSON from stdin)")
    return [Path(text) for text in schemas], statements


def _model(schemas: Sequence[Path], tenancy: Path | None, dialect: str) -> Model:
    from lints.schema import build_model

    files = {}
    for path in schemas:
        if not path.is_file():
            raise GateError(f"--schema {path}: no such file")
        files[str(path)] = path.read_bytes()
    if tenancy is not None and not tenancy.is_file():
        raise GateError(f"--tenancy {tenancy}: no such file")
    declared: Mapping[str, Any] | None = None
    if tenancy is not None:
        declared = read_yaml(tenancy.read_bytes(), str(tenancy)).value
    try:
        model = build_model(files, declared, dialect=dialect)
    except ValueError as error:
        raise GateError(f"{tenancy}: {error}") from None
    if not model.tables:
        raise GateError(f"--schema {', '.join(files)}: no table was found; give the SQL that creates the schema")
    return model


def _stream(model: Model, dialect: str) -> int:
    from lints.proof import prove as judge

    broken = 0
    for number, line in enumerate(_lines(sys.stdin.buffer), 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line) if len(line) <= MAX_LINE else None
        except (ValueError, RecursionError):
            item = None
        if isinstance(item, dict) and isinstance(item.get("sql"), str):
            found = judge(item["sql"], model, dialect=str(item.get("dialect", dialect)))
            sys.stdout.write(json.dumps(_document(item.get("id"), found)) + "\n")
        else:
            broken += 1
            said = f"line {number} is not a JSON object with a string `sql` of at most {MAX_LINE:,} bytes"
            sys.stdout.write(json.dumps({"id": None, "verdict": "unparsed", "error": said}) + "\n")
    sys.stdout.flush()
    return 2 if broken else 0


def _lines(stream: Any) -> Iterator[bytes]:
    """Lines of at most MAX_LINE + 1 bytes; the rest of a longer one is thrown away."""
    while line := stream.readline(MAX_LINE + 1):
        yield line
        while line and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE + 1)


def _document(identifier: Any, proofs: Iterable[Proof]) -> dict[str, Any]:
    found = list(proofs)
    references = [
        {
            "table": r.table, "column": r.column, "alias": r.alias, "action": r.action, "rule": r.rule,
            **({"proven_by": r.proven_by} if r.proven else {"why_not": r.why_not}),
        }
        for proof in found
        for r in proof.references
    ]  # fmt: skip
    document: dict[str, Any] = {
        "id": identifier,
        "verdict": _worst(found),
        "rules": sorted({rule for proof in found for rule in proof.rules}),
        "references": references,
        "assumptions": list(dict.fromkeys(text for proof in found for text in proof.assumptions)),
    }
    reasons = [proof.reason for proof in found if proof.reason]
    return {**document, "reason": "; ".join(reasons)} if reasons else document


def _worst(proofs: Iterable[Proof]) -> str:
    """The verdict on a text of several statements: a violation outranks what is unknown; no statement is unparsed."""
    verdicts = [str(proof.verdict) for proof in proofs] or ["unparsed"]
    if "violation" in verdicts:
        return "violation"
    return max(verdicts, key=RANK.index)


def _text(sql: str, proofs: Iterable[Proof], *, verbose: bool) -> str:
    from gate.report.escape import line
    from lints.proof import RULES

    lines = []
    for proof in proofs:
        rules = "".join(f" {rule} ({RULES.get(rule, 'rule')})" for rule in proof.rules)
        lines.append(
            f"{str(proof.verdict).upper()}:{rules} {line(' '.join(sql[proof.start : proof.end].split()), 160)}"
        )
        for r in proof.references:
            mark = "ok  " if r.proven else "FAIL"
            said = (r.proven_by if r.proven else r.why_not) or ""
            name = line(r.table) if r.alias == r.table else f"{line(r.table)} as {line(r.alias)}"
            lines.append(f"  {mark} {name}: {line(said, 400)}")
        lines += [f"  assuming that {line(text, 300)}" for text in proof.assumptions]
        if proof.reason:
            lines.append(f"  because {line(proof.reason, 300)}")
        if verbose:
            lines += [f"    {number}. {line(step, 300)}" for number, step in enumerate(proof.steps, 1)]
    return "\n".join(lines or ["UNPARSED: there is no statement in it"]) + "\n"
