"""`gate prove`: the proof engine by itself, for people, for editors, and for what production really ran."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.cli import options
from gate.model import GateError, UndecidedError
from gate.reading import read_yaml
from lints.proof.dialects import DIALECTS, dialect_named

if TYPE_CHECKING:
    from gate.statements.observed import Observed, Record
    from lints.proof import Proof
    from lints.tenancy import Model, Origin

_MODELS = (".prisma", ".py", ".ts", ".tsx", ".js", ".mjs", ".cjs", ".go", ".rb", ".php", ".java", ".kt", ".cs")
MAX_LINE = 4 << 20
SHOWN = 200
_ORDER = ("violation", "opaque", "unparsed", "weak", "proven")


def prove(argv: list[str]) -> int:
    """Judge SQL against a schema.

    Exit 0: every statement is proven or weak; 1: one is a violation, opaque or not understood; 2: usage; 3: what ran is
    not wholly known (`--from`). With `-` the verdicts are in the answers, one line for each line of input in the same
    order, whatever that line is; 0 says that every line held a statement, 2 that one did not.
    """
    parser = options.Parser("prove", "Prove that SQL statements stay inside their tenant.")
    parser.add_argument("--schema", action="append", nargs="+", type=options.path, default=[], metavar="FILE",
                        help="SQL or ORM models that make the schema, in their order; without it and --live, the"
                        " schema is that of the project in this directory, as `gate check` reads it")  # fmt: skip
    parser.add_argument("--live", type=options.text, metavar="DSN", help="take the schema from a running PostgreSQL")
    parser.add_argument("--tenancy", type=options.path, metavar="FILE", help="declarations (tenancy.yaml)")
    parser.add_argument("--dialect", type=options.text, metavar="NAME",
                        help=f"{', '.join(DIALECTS)}; default: postgres, or what the project says")  # fmt: skip
    parser.add_argument("--output", choices=["text", "json"], default="text")
    parser.add_argument("--from", dest="recorded", choices=["pg_stat_statements", "log"],
                        help="judge what ran; give a connection, or a PostgreSQL log (- reads stdin)")  # fmt: skip
    parser.add_argument("sql", nargs="*", metavar="SQL", help="statements; - reads NDJSON lines {id, sql} from stdin")
    options.add_terminal(parser)
    arguments = parser.parse_args(argv)
    if arguments.schema and arguments.live is not None:
        raise GateError("prove: give the schema, either as --schema FILE or as --live DSN")
    if arguments.dialect is not None and (found := dialect_named(arguments.dialect)) is None:
        raise GateError(f"--dialect {arguments.dialect[:40]!r} is not one of {', '.join(DIALECTS)}")
    arguments.dialect = found if arguments.dialect is not None else None
    schemas, statements = _sort([str(path) for group in arguments.schema for path in group], arguments.sql)
    if schemas or arguments.live is not None:
        model = _model(_sources(schemas, arguments.live), arguments.tenancy, arguments.dialect or "postgres")
    else:
        model = _project(arguments.tenancy)
    arguments.dialect = arguments.dialect or model.dialect
    if arguments.recorded is not None:
        if len(statements) != 1:
            wanted = "a connection (postgresql://…)" if arguments.recorded != "log" else "a file, or -"
            raise GateError(f"prove --from {arguments.recorded}: give {wanted}")
        return _recorded(arguments.recorded, statements[0], model, arguments)
    if statements == ["-"]:
        return _stream(model, arguments.dialect)
    from gate.statements.answers import document, worst
    from lints.proof import prove as judge

    proofs = [(text, judge(text, model, dialect=arguments.dialect)) for text in statements]
    if arguments.output == "json":
        sys.stdout.writelines(f"{json.dumps(document(None, found))}\n" for _, found in proofs)
    else:
        sys.stdout.writelines(_text(text, found, model, level=_level(arguments)) for text, found in proofs)
    return 0 if all(worst(found) in ("proven", "weak") for _, found in proofs) else 1


def _sort(schemas: list[str], statements: list[str]) -> tuple[list[Path], list[str]]:
    """`--schema a.sql b.sql -` and `--schema a.sql "SELECT …"`: what is no file name after the files is SQL."""
    first = next(
        (
            i
            for i, text in enumerate(schemas)
            if text == "-" or "://" in text or (" " in text and not Path(text).exists())
        ),
        None,
    )
    if first is not None:
        schemas, statements = schemas[:first], [*schemas[first:], *statements]
    if not statements:
        raise GateError("prove: give the SQL to judge (- reads NDJSON from stdin)")
    return [Path(text) for text in schemas], statements


def _sources(schemas: Sequence[Path], live: str | None) -> dict[str, bytes]:
    if live is not None:
        from gate.statements.live_schema import read_live_schema

        return {"live.sql": read_live_schema(live).encode()}
    for path in schemas:
        if not path.is_file():
            raise GateError(f"--schema {path}: no such file")
    return {str(path): path.read_bytes() for path in schemas}


def _project(tenancy: Path | None) -> Model:
    """The model that the lint judges the project in this directory by."""
    from gate.collect.scanning import declarations, model_of
    from gate.run import load_policy
    from gate.tree import WorkTree
    from lints.ddl.guards import with_guards

    if tenancy is not None:
        raise GateError("prove: --tenancy goes with --schema or --live; a project's own is named in its gate.yaml")
    root = Path.cwd()
    if not (root / "gate.yaml").is_file():
        raise GateError("prove: give the schema, either as --schema FILE or as --live DSN, or go where a gate.yaml is")
    policy = load_policy(root, None)
    model, unread = model_of(WorkTree(root), policy)
    if unread:
        first = unread[0]
        raise UndecidedError(f"prove: {first.path}:{first.line}: the schema is not wholly known: {first.reason}")
    return with_guards(model, declarations(policy))


def _named(paths: Iterable[str]) -> dict[str, str]:
    """Names for files that were pointed at: they are the schema, in this order, whatever they are called."""
    from lints.schema.order import is_down
    from lints.schema.paths import path_class

    names: dict[str, str] = {}
    for number, path in enumerate(paths, 1):
        given = Path(path)
        if path.lower().endswith(_MODELS):
            plain = path_class(path) == "source" or (path_class(path) == "migration" and not is_down(path))
            names[path if plain else f"given{number}/{given.name.removeprefix('test_')}"] = path
        else:
            names[f"migrations/{number:06}.sql"] = path
    return names


def _model(given: Mapping[str, bytes], tenancy: Path | None, dialect: str) -> Model:
    from lints.ddl.guards import with_guards
    from lints.schema import build_model, read_declarations

    if tenancy is not None and not tenancy.is_file():
        raise GateError(f"--tenancy {tenancy}: no such file")
    declared: Mapping[str, Any] | None = None
    line_of = None
    if tenancy is not None:
        document = read_yaml(tenancy.read_bytes(), str(tenancy))
        declared, line_of = document.value, document.line
    names = _named(given)
    files = {name: given[path] for name, path in names.items()}
    try:
        declarations = read_declarations(declared, str(tenancy), line_of)
        model = with_guards(build_model(files, declarations, dialect=dialect), declarations)
    except ValueError as error:
        raise GateError(str(error)) from None
    if not model.tables:
        raise GateError(f"{', '.join(given)}: no table was found; give the SQL that creates the schema")
    return _as_given(model, names)


def _as_given(model: Model, names: Mapping[str, str]) -> Model:
    """The model with every place in a file under the name that it was given by."""

    def there(found: Origin) -> Origin:
        return replace(found, path=names.get(found.path, found.path))

    hiding = getattr(model, "hiding", None)
    if hiding:
        for name, path in names.items():
            hiding = {function: why.replace(name, path) for function, why in hiding.items()}
        model = replace(model, hiding=hiding)  # type: ignore[call-arg]  # a model that was read has it
    return replace(
        model,
        tables={k: replace(t, origin=there(t.origin)) for k, t in model.tables.items()},
        views={k: replace(v, origin=there(v.origin)) for k, v in model.views.items()},
        functions={k: replace(f, origin=there(f.origin)) for k, f in model.functions.items()},
        unread=tuple(there(found) for found in model.unread),
    )


# A stream of JSON lines


def _stream(model: Model, dialect: str) -> int:
    from gate.statements.answers import Answers, refusal

    if sys.stdin is None:
        raise GateError("prove -: the standard input is closed; give NDJSON lines {id, sql}")
    answers = Answers(model)
    broken = 0
    for number, line in enumerate(_lines(sys.stdin.buffer), 1):
        if not line.strip():
            continue
        identifier, sql, said = None, "", ""
        spoken: str | None = dialect
        try:
            item = _object(line) if len(line) <= MAX_LINE else None
        except (ValueError, RecursionError):
            item = None
        if not isinstance(item, dict) or not isinstance(item.get("sql"), str):
            said = f"line {number} is not one JSON object with a string `sql` of at most {MAX_LINE:,} bytes"
            identifier = item.get("id") if isinstance(item, dict) else None
        else:
            identifier, sql = item.get("id"), item["sql"]
            named = item.get("dialect", dialect)
            spoken = dialect_named(named) if isinstance(named, str) else None
            if spoken is None:
                said = f"line {number}: dialect {str(named)[:40]!r} is not one of {', '.join(DIALECTS)}"
        broken += bool(said)
        sys.stdout.write((refusal(identifier, said) if said else answers.to(identifier, sql, spoken or dialect)) + "\n")
        sys.stdout.flush()
    return 2 if broken else 0


def _object(line: bytes) -> Any:
    """A line of JSON; ValueError also where one object has two values of one name, or a number is none of JSON's."""
    item = json.loads(line, object_pairs_hook=_unique)
    json.dumps(item, allow_nan=False)
    return item


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name twice")
    return found


def _lines(stream: Any) -> Iterator[bytes]:
    """Lines of at most MAX_LINE + 1 bytes; the rest of a longer one is thrown away."""
    while line := stream.readline(MAX_LINE + 1):
        yield line
        while line and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE + 1)


# What a database really ran


def _recorded(kind: str, place: str, model: Model, arguments: Any) -> int:
    from gate.statements.answers import document, worst
    from lints.proof import prove as judge

    record = _read(kind, place, model)
    judged = [(found, judge(found.sql, model, dialect="postgres")) for found in record.statements.values()]
    judged.sort(key=lambda pair: (_ORDER.index(worst(pair[1])), -pair[0].calls, pair[0].sql))
    if arguments.output == "json":
        for found, proofs in judged:
            counts = {"calls": found.calls, "rows": found.rows, "milliseconds": found.milliseconds}
            sys.stdout.write(json.dumps({**document(None, proofs), "sql": found.sql, **counts}) + "\n")
    else:
        sys.stdout.writelines(_told(record, judged, model, verbose=arguments.verbose, quiet=arguments.quiet))
    if any(worst(proofs) not in ("proven", "weak") for _, proofs in judged):
        return 1
    if record.lost:
        raise UndecidedError(f"{record.source} does not tell everything: {'; '.join(record.lost)}")
    return 0


def _read(kind: str, place: str, model: Model) -> Record:
    if kind == "log":
        from gate.statements.postgres_log import read_log

        return read_log(place)
    from gate.statements.stat_statements import read_statements

    return read_statements(place, model.settings)


def _told(
    record: Record, judged: Sequence[tuple[Observed, Sequence[Proof]]], model: Model, *, verbose: bool, quiet: bool
) -> Iterator[str]:
    from gate.report.escape import line
    from gate.statements.answers import worst

    verdicts = [worst(proofs) for _, proofs in judged]
    calls = sum(found.calls for found, _ in judged)
    tally = ", ".join(f"{verdicts.count(v):,} {v}" for v in _ORDER if v in verdicts)
    yield f"{line(record.source)}: {len(judged):,} statements, {calls:,} calls: {tally}\n"
    shown = 0
    for (found, proofs), verdict in zip(judged, verdicts, strict=True):
        if (verdict == "proven" and not verbose) or (quiet and verdict == "weak"):
            continue
        shown += 1
        if shown > SHOWN and not verbose:
            yield f"\n… and {len(judged) - shown + 1:,} more statements (see --output json)\n"
            break
        rows = "" if found.rows is None else f", {found.rows:,} rows"
        spent = "" if found.milliseconds is None else f", {found.milliseconds / 1000:,.1f} s"
        yield f"\n{found.calls:,} calls{rows}{spent}\n" + _text(found.sql, proofs, model, level=2 if verbose else 0)
    if record.aside:
        yield f"\nnote: {record.aside:,} calls about transactions and the schema are not judged\n"
    for said in [*record.notes, *(f"not judged: {text}" for text in record.lost)]:
        yield f"\nnote: {line(said, 300)}\n"


# For people


def _level(arguments: Any) -> int:
    return 0 if arguments.quiet else 2 if arguments.verbose else 1


def _text(sql: str, proofs: Iterable[Proof], model: Model, *, level: int) -> str:
    """A statement's proof; with level 1 whose the tables are and where that was read, with 2 each step of the proof."""
    from gate.report.escape import line
    from lints.proof import RULES
    from lints.proof.result import wanted

    lines = []
    for proof in proofs:
        rules = "".join(f" {rule} ({RULES.get(rule, 'rule')})" for rule in proof.rules)
        lines.append(
            f"{str(proof.verdict).upper()}:{rules} {line(' '.join(sql[proof.start : proof.end].split()), 160)}"
        )
        told: dict[str, int] = {}  # what was said of the references, and how often
        explained: set[str] = set()
        for r in proof.references:
            mark = "weak" if r.proven and r.rule else "ok  " if r.proven else "FAIL"
            said = (r.proven_by if r.proven else r.why_not) or ""
            name = line(r.table) if r.alias == r.table else f"{line(r.table)} as {line(r.alias)}"
            entry = [f"  {mark} {name}: {line(said, 400)}"]
            table = model.tables.get(r.table)
            if level and table is not None and r.table not in explained:
                place = f"{line(table.origin.path)}:{table.origin.line}"
                entry.append(
                    f"       {line(table.name)} is {table.ownership.value} ({place}: {line(table.origin.why, 200)})"
                )
            if (clause := wanted(r)) is not None:
                entry.append(f"       {line(clause, 400)}")
            if entry[0] in told:
                told[entry[0]] += 1
                continue
            explained.add(r.table)
            told[entry[0]] = 1
            lines += entry
        lines = [f"{text} ({told[text]} times)" if told.get(text, 0) > 1 else text for text in lines]
        lines += [f"  assuming that {line(text, 300)}" for text in proof.assumptions]
        if proof.reason:
            lines.append(f"  because {line(proof.reason, 300)}")
        if level > 1 or (level and not proof.references):
            lines += [f"    {number}. {line(step, 300)}" for number, step in enumerate(proof.steps, 1)]
    return "\n".join(lines or ["UNPARSED: there is no statement in it"]) + "\n"
