"""Evidence records from the judged tree and from stores: signed bundles (`*.sigstore.json`), JSON, or JSON Lines.

A plain record counts as a claim (`verified` is false). A bundle must verify against the trusted keys for the usage
`evidence` and hold a record of the wanted kind; one that does not is unread, never half believed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from attestations import strict_json
from attestations.refusal import Refused
from attestations.statements import evidence_type
from attestations.trust import EVIDENCE
from attestations.verify import UNCHECKED, Expectation, verify
from gate.collect import Context, first_line
from gate.model import Coverage, Descriptor, Evidence, GateError, Row, UndecidedError, Unread
from gate.policy import SOURCE_FIELDS
from gate.tree import Tree, WorkTree, not_read, select

BUNDLE_SUFFIX = ".sigstore.json"
LINES_SUFFIXES = (".jsonl", ".ndjson")
STORED = ("*.json", "*.jsonl", "*.ndjson")
MAX_RECORD_BYTES = 64 << 20


def collect_records(context: Context, kind: str) -> Evidence:
    """Every record of a kind that the tree or a store holds, newest version of nothing: all of them."""
    rows: dict[str, Row] = {}
    unread: list[Unread] = []
    materials: list[Descriptor] = []
    ids: dict[str, str] = {}
    for name, data in _files(context, kind, unread):
        materials.append(Descriptor(name=name, sha256=hashlib.sha256(data).hexdigest(), content=data))
        for line, text in _records(name, data):
            try:
                row = _read(context, kind, name, line, text)
            except (Refused, strict_json.StrictJsonError) as error:
                unread.append(Unread(path=name, line=line, reason=first_line(error)))
                continue
            digest = row["record_digest"]
            if digest in rows and (rows[digest]["verified"] or not row["verified"]):
                continue  # the same record twice: the verified copy counts
            identity = str(row.get("id", digest))
            if ids.setdefault(identity, digest) != digest:
                said = f"the id {identity[:80]!r} is used by another record"
                unread.append(Unread(path=name, line=line, reason=said))
                continue
            rows[digest] = row
    if kind == "golden_path_run":
        rows.update({str(run["id"]): run for run in context.runs})
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


def _records(name: str, data: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of a file with their lines: one, or in JSON Lines one a line."""
    if name.endswith(LINES_SUFFIXES):
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


def _files(context: Context, kind: str, unread: list[Unread]) -> Iterator[tuple[str, bytes]]:
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


def _read_all(tree: Tree, patterns: Sequence[str], prefix: str, unread: list[Unread]) -> Iterator[tuple[str, bytes]]:
    """The files of a tree that match, named with the prefix; what matches and can't be read becomes unread."""
    unread += [replace(u, path=prefix + u.path) for u in not_read(tree, patterns)]
    for path in select(tree.paths(), patterns):
        try:
            yield prefix + path, tree.read(path, limit=MAX_RECORD_BYTES)
        except (GateError, UndecidedError, FileNotFoundError) as error:
            unread.append(Unread(path=prefix + path, reason=first_line(error)))


def _name(folder: Path, root: Path) -> str:
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else folder.name
