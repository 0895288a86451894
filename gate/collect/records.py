"""Evidence records from the judged tree and from stores: signed bundles (`*.sigstore.json`), JSON, or JSON Lines.

A plain record counts as a claim (`verified` is false). A bundle must verify against the trusted keys for the usage
`evidence` and hold a record of the wanted kind; one that does not is unread, never half believed. JSON Lines with a
signed statement beside them (`FILE.jsonl.sigstore.json`, see `gate.collect.batches`) are records that verified, all of
them or none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from attestations import strict_json
from attestations.batches import STATEMENT_SUFFIX, open_batch
from attestations.refusal import Reason, Refused
from attestations.statements import evidence_type
from attestations.trust import EVIDENCE
from attestations.verify import UNCHECKED, Expectation, verify
from gate.collect import Context, batches, first_line
from gate.model import Coverage, Descriptor, Evidence, GateError, Row, UndecidedError, Unread
from gate.policy import SOURCE_FIELDS
from gate.tree import Tree, WorkTree, not_read, select

BUNDLE_SUFFIX = ".sigstore.json"
STORED = ("*.json", *(f"*{suffix}" for suffix in (*batches.LINES, *batches.PACKED)))
MAX_RECORD_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class _File:
    """A file of records as it was read, with the statement about it if it is a signed batch."""

    name: str
    data: bytes
    statement: bytes | None = None


def collect_records(context: Context, kind: str) -> Evidence:
    """Every record of a kind that the tree or a store holds, newest version of nothing: all of them."""
    rows: dict[str, Row] = {}
    unread: list[Unread] = []
    materials: list[Descriptor] = []
    ids: dict[str, str] = {}
    signed: list[_File] = []
    for file in _files(context, kind, unread):
        materials.append(_material(file.name, file.data))
        if file.statement is not None:
            materials.append(_material(f"{file.name}{STATEMENT_SUFFIX}", file.statement))
            signed.append(file)
            continue
        for line, text in _records(file.name, file.data):
            try:
                row = _read(context, kind, file.name, line, text)
            except (Refused, strict_json.StrictJsonError) as error:
                unread.append(Unread(path=file.name, line=line, reason=first_line(error)))
                continue
            digest = row["record_digest"]
            if digest in rows and (rows[digest]["verified"] or not row["verified"]):
                continue  # the same record twice: the verified copy counts
            identity = str(row.get("id", digest))
            if ids.setdefault(identity, digest) != digest:
                said = f"the id {identity[:80]!r} is used by another record"
                unread.append(Unread(path=file.name, line=line, reason=said))
                continue
            rows[digest] = row
    _add_batches(context, kind, signed, rows, ids, unread)
    if kind == "golden_path_run":
        rows = _with_runs(rows, context.runs)
    return Evidence(
        kind=kind,
        rows=tuple(rows.values()),
        coverage=Coverage(
            scope=f"{len(materials)} files",
            unread=tuple(unread),
            numbers={"files": len(materials), "records": len(rows)},
        ),
        materials=tuple(materials),
    )


def _with_runs(rows: Mapping[str, Row], runs: Sequence[Row]) -> dict[str, Row]:
    """The records with those of this very run, each once: as recorded where that verifies, else as made."""
    made = {str(run["id"]): run for run in runs}
    kept = {key: row for key, row in rows.items() if row["verified"] or row.get("id") not in made}
    there = {row.get("id") for row in kept.values()}
    return {**kept, **{name: run for name, run in made.items() if name not in there}}


def _material(name: str, data: bytes) -> Descriptor:
    return Descriptor(name=name, sha256=hashlib.sha256(data).hexdigest(), content=data)


def _add_batches(
    context: Context, kind: str, files: Sequence[_File], rows: dict[str, Row], ids: dict[str, str], unread: list[Unread]
) -> None:
    """The records of signed batches behind the others, each batch in one piece: a claim that one repeats gives way."""
    seen: dict[str, str] = {}
    examine = batches.examiner(context.policy.kinds[kind])
    for file in files:
        try:
            batch = open_batch(file.statement or b"", context.trust, now=context.now, kind=kind)
            if (before := seen.setdefault(batch.sha256, file.name)) != file.name:
                raise Refused(Reason.MALFORMED, f"the same batch as {before}")
            found: dict[str, Row] = {}
            new: dict[str, str] = {}
            for row in batches.rows(batch, file.data, file.name, examine):
                line, digest = row["source_line"], row["record_digest"]
                if digest in found or (digest in rows and rows[digest]["verified"]):
                    raise Refused(Reason.MALFORMED, f"line {line}: the same record was read before")
                identity = str(row.get("id", digest))
                if ids.get(identity, digest) != digest or new.setdefault(identity, digest) != digest:
                    raise Refused(Reason.MALFORMED, f"line {line}: the id {identity[:80]!r} is used by another record")
                found[digest] = row
        except Refused as refused:
            unread.append(Unread(path=file.name, reason=first_line(refused)))
            continue
        ids |= new
        for digest in found:
            rows.pop(digest, None)
        rows |= found


def _records(name: str, data: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of a file with their lines: one, or in JSON Lines one a line."""
    if name.endswith(batches.LINES):
        for number, line in enumerate(data.split(b"\n"), 1):
            if line.strip():
                yield number, line
    else:
        yield 1, data


def _read(context: Context, kind: str, name: str, line: int, data: bytes) -> Row:
    source = {"source_path": name, "source_line": line, "source_digest": hashlib.sha256(data).hexdigest()}
    if not name.endswith(BUNDLE_SUFFIX):
        record = strict_json.loads(data)
        if not isinstance(record, dict):
            raise strict_json.StrictJsonError("a record is a JSON object")
        return {**_own(record), **source, "record_digest": record_digest(record), "verified": False}
    verified = verify(data, context.trust, evidence_expectation(kind), now=context.now)
    record = verified.statement["predicate"].get("record")
    if not isinstance(record, dict):
        raise strict_json.StrictJsonError("the statement holds no record")
    return {
        **_own(record), **source, "record_digest": record_digest(record), "verified": True,
        "signer": verified.signer_identity,
    }  # fmt: skip


def _own(record: Row) -> Row:
    """The record; what the gate itself says of a record can't be in it."""
    for name in sorted(SOURCE_FIELDS & set(record)):
        raise strict_json.StrictJsonError(f"the field {name!r} is the gate's to fill in; remove it")
    return record


def evidence_expectation(kind: str) -> Expectation:
    """What a signed evidence record must be. Its subjects, age and signer are questions for controls."""
    return Expectation(
        predicate_type=evidence_type(kind),
        subjects=UNCHECKED,
        usage=EVIDENCE,
        identity=UNCHECKED,
        issuer=UNCHECKED,
        policy_digest=UNCHECKED,
        pipeline_id=UNCHECKED,
        builders=UNCHECKED,
        predicate=UNCHECKED,
        max_age=UNCHECKED,
        require_timestamp=False,
        require_binding=False,
    )


def record_digest(record: Row) -> str:
    """SHA-256 of the record as canonical JSON: what a later record names as its predecessor."""
    return hashlib.sha256(strict_json.dumps(dict(record))).hexdigest()


def _files(context: Context, kind: str, unread: list[Unread]) -> Iterator[_File]:
    patterns = context.policy.config.get("evidence", {}).get(kind, ())
    yield from _read_all(context.tree, patterns, "", unread)
    for store in context.stores:
        folder = store / kind
        name = _name(folder, context.root)
        try:
            if folder.exists() or folder.is_symlink():
                yield from _read_all(WorkTree(folder, versioned=False), STORED, f"{name}/", unread)
        except (GateError, OSError) as error:
            unread.append(Unread(path=name, reason=first_line(error)))


def _read_all(tree: Tree, patterns: Sequence[str], prefix: str, unread: list[Unread]) -> Iterator[_File]:
    """The files of a tree that match, named with the prefix; what matches and can't be read becomes unread.

    A statement is read with the file it lies beside, whichever of the two matches.
    """
    unread += [replace(u, path=prefix + u.path) for u in not_read(tree, patterns)]
    paths = tree.paths()
    for path, beside in _paired(paths, select(paths, patterns)).items():
        try:
            if beside is None and path.endswith(batches.PACKED):
                raise GateError(f"packed lines count only with {Path(path).name}{STATEMENT_SUFFIX} beside them")
            data = tree.read(path, limit=MAX_RECORD_BYTES if beside is None else batches.MAX_BYTES)
            statement = None if beside is None else tree.read(beside, limit=MAX_RECORD_BYTES)
        except FileNotFoundError:
            unread.append(Unread(path=prefix + path, reason="not there"))
        except (GateError, UndecidedError) as error:
            unread.append(Unread(path=prefix + path, reason=first_line(error)))
        else:
            yield _File(prefix + path, data, statement)


def _paired(paths: Sequence[str], chosen: Sequence[str]) -> Mapping[str, str | None]:
    """Each chosen file with the statement that lies beside it, if it is of lines and there is one."""
    known = frozenset(paths)
    found: dict[str, str | None] = {}
    for path in chosen:
        lines = batches.subject_of(path) or path
        statement = f"{lines}{STATEMENT_SUFFIX}"
        found[lines] = statement if batches.ending(lines) and statement in known else None
    return found


def _name(folder: Path, root: Path) -> str:
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else folder.name
