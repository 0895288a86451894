"""Many records under one signature: a JSON Lines file, and the signed statement that is about exactly that file.

The statement's one subject is the file as it is stored, plain or gzip, by SHA-256. Its predicate counts the lines and
commits to them with two Merkle trees (RFC 9162, section 2.1). `root` is over all lines in order, so that one line can
be proven without the others. `tenants.root` is over one leaf a tenant, which holds the number and the root of that
tenant's lines and a salt: so a tenant can be shown all its lines, that they are all, and nothing of anybody else. The
salts come from the file's whole content; whoever has it can open every leaf.

A file is read once, in pieces: what is hashed is what is returned, and nothing counts before its end was reached. Of
its lines so many bytes are kept as tell whether one is there twice, and no more.
"""

from __future__ import annotations

import hmac
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, BinaryIO, Final

from attestations import merkle, predicates, statements, strict_json
from attestations.refusal import Reason, Refused
from attestations.statements import Subject, parse_time, timestamp
from attestations.strict_json import shown
from attestations.trust import EVIDENCE, Trust
from attestations.verify import SKEW, UNCHECKED, Expectation, verify

KIND: Final = "record_batch"
PREDICATE_TYPE: Final = statements.evidence_type(KIND)
STATEMENT_SUFFIX: Final = ".sigstore.json"
"""What the statement's file is called after the name of the file that it is about."""
MAX_RECORDS: Final = 10_000_000
MAX_BYTES: Final = 4 << 30
"""Of the content, unpacked."""
MAX_LINE: Final = 1 << 20

_PIECE: Final = 1 << 18
_SEED: Final = b"tenantgate record batch v1\0"
_GZIP: Final = 16 + zlib.MAX_WBITS
_FIELDS: Final = frozenset(
    {"kind", "schema_sha256", "encoding", "records", "content_bytes", "root", "producer", "sealed_at"}
)
_OPTIONAL: Final = frozenset({"tenants", "time", "scope"})

Record = Mapping[str, Any]
TenantOf = Callable[[Record], str | None]
"""Whose a record is: one tenant, or None for nobody's or several tenants'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The earliest and the latest value of one field, an RFC 3339 time, as they are written."""

    field: str
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A statement about a file of records whose signature verified; the file is still to be read.

    `sha256` is that of the file as stored, `schema_sha256` of the JSON Schema (canonical JSON) that its maker checked
    the records with. `tenants` are the number of groups (tenants, and one for the lines of none or several) and the
    root over them.
    """

    name: str
    sha256: str
    kind: str
    schema_sha256: str
    encoding: str
    records: int
    content_bytes: int
    root: str
    producer: str
    signer: str
    sealed_at: datetime
    tenants: tuple[int, str] | None = None
    time: Times | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All lines of one tenant (None: of none or several) as the tenants' tree holds them; digests in hex."""

    tenant: str | None
    records: int
    root: str
    salt: str

    @property
    def leaf(self) -> bytes:
        members = {"tenant": self.tenant, "records": self.records, "root": self.root, "salt": self.salt}
        return merkle.leaf_hash(strict_json.dumps(members))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One group, and the path that proves it is in the tenants' tree (2.1.3 of RFC 9162); hashes in hex."""

    group: Group
    index: int
    path: tuple[str, ...]


class Tally:
    """What a batch's statement says of its lines, found out line by line: the same for who makes it and who checks."""

    def __init__(self, tenant_of: TenantOf | None = None, time_field: str | None = None) -> None:
        self.tree = merkle.Head()
        self._groups: dict[str | None, merkle.Head] = {}
        self._seen = _Seen()
        self._tenant_of = tenant_of
        self._time_field = time_field
        self._times: tuple[tuple[datetime, str], tuple[datetime, str]] | None = None

    def add(self, line: bytes, record: Record) -> None:
        """Raises Refused when the record has no time in the field that must hold one."""
        leaf = merkle.leaf_hash(line)
        self.tree.add(leaf)
        self._seen.add(leaf)
        if self._tenant_of is not None:
            tenant = self._tenant_of(record)
            if (group := self._groups.get(tenant)) is None:
                group = self._groups[tenant] = merkle.Head()
            group.add(leaf)
        if self._time_field is not None:
            text = record.get(self._time_field)
            moment = (parse_time(text), str(text))
            first, last = self._times or (moment, moment)
            self._times = (moment if moment[0] < first[0] else first, moment if moment[0] > last[0] else last)

    @property
    def times(self) -> Times | None:
        if self._time_field is None or self._times is None:
            return None
        first, last = self._times
        return Times(field=self._time_field, first=first[1], last=last[1])

    def groups(self, seed: bytes) -> tuple[Group, ...]:
        """In the order of their salts, so that a tenant's place says nothing about the names of the others."""
        found = (
            Group(tenant=tenant, records=head.size, root=head.root.hex(), salt=_salt(seed, tenant))
            for tenant, head in self._groups.items()
        )
        return tuple(sorted(found, key=lambda group: group.salt))

    def check_repeats(self) -> None:
        """Raises Refused when there are no lines, or one is there twice."""
        if not self.tree.size:
            raise Refused(Reason.MALFORMED, "the file holds no records")
        if (twice := self._seen.twice()) is not None:
            raise Refused(Reason.MALFORMED, f"line {twice[1]} repeats line {twice[0]}")


class _Seen:
    """Which lines were there before, in 20 bytes each: half of its hash and its number, in 256 heaps by the first byte.

    Two lines with the same 128 bits would be refused as one repeated, which is safe; nobody has ever found such two.
    """

    def __init__(self) -> None:
        self._heaps = [bytearray() for _ in range(256)]
        self._number = 0

    def add(self, leaf: bytes) -> None:
        self._number += 1
        self._heaps[leaf[0]] += leaf[1:17] + self._number.to_bytes(4, "big")

    def twice(self) -> tuple[int, int] | None:
        """The numbers of two lines that are the same, those whose second comes first; None when all differ."""
        found: list[tuple[int, int]] = []
        for heap in self._heaps:
            halves = [bytes(heap[at : at + 16]) for at in range(0, len(heap), 20)]
            if len(set(halves)) == len(halves):
                continue
            first: dict[bytes, int] = {}
            for index, half in enumerate(halves):
                number = int.from_bytes(heap[20 * index + 16 : 20 * index + 20], "big")
                if (before := first.setdefault(half, number)) != number:
                    found.append((before, number))
        return min(found, key=lambda pair: pair[1], default=None)


def statement(
    file: BinaryIO,
    *,
    name: str,
    kind: str,
    schema_sha256: str,
    producer: str,
    now: datetime,
    tenant_of: TenantOf | None = None,
    time_field: str | None = None,
    scope: str | None = None,
    examine: Callable[[int, Record], None] | None = None,
    read: Callable[[bytes], Any] = strict_json.loads,
) -> bytes:
    """Read a file of records (`name` ending in `.gz`: gzip) to its end and make the statement about it, to be signed.

    `examine` is shown each record with its line number and raises for one that must not be in it; `read` is how a line
    is read, another than the strict way only for lines that went that way before. Raises Refused for
    an empty file, a last line without its end, an empty or repeated line, and lines that are no JSON objects.
    """
    encoding = "gzip" if name.endswith(".gz") else "identity"
    source = _Source(file, encoding, MAX_BYTES, MAX_RECORDS)
    tally = Tally(tenant_of, time_field)
    for number, line, record in _parsed(source.lines(), read):
        if examine is not None:
            examine(number, record)
        tally.add(line, record)
    tally.check_repeats()
    about: dict[str, Any] = {
        "kind": kind,
        "schema_sha256": schema_sha256,
        "encoding": encoding,
        "records": tally.tree.size,
        "content_bytes": source.size,
        "root": tally.tree.root.hex(),
        "producer": producer,
        "sealed_at": timestamp(now),
    }
    if tenant_of is not None:
        groups = tally.groups(source.seed)
        about["tenants"] = {"groups": len(groups), "root": merkle.root_of([g.leaf for g in groups]).hex()}
    if (times := tally.times) is not None:
        about["time"] = {"field": times.field, "first": times.first, "last": times.last}
    if scope is not None:
        about["scope"] = scope
    subject = Subject(name=name, sha256=source.sha256)
    return predicates.evidence_statement(KIND, about, subjects=[subject])


def open_batch(data: bytes, trust: Trust, *, now: datetime, kind: str | None = None, usage: str = EVIDENCE) -> Batch:
    """Verify the signed statement about a file; `kind` is what its records must be, None if any will do.

    Raises Refused: also when it is about several files, or was sealed in the future.
    """
    expectation = Expectation(
        predicate_type=PREDICATE_TYPE, subjects=UNCHECKED, usage=usage, identity=UNCHECKED, issuer=UNCHECKED,
        policy_digest=UNCHECKED, pipeline_id=UNCHECKED, builders=UNCHECKED, predicate=UNCHECKED, max_age=UNCHECKED,
        require_timestamp=False, require_binding=False,
    )  # fmt: skip
    verified = verify(data, trust, expectation, now=now)
    return batch_of(verified.statement, verified.signer_identity, now=now, kind=kind)


def batch_of(document: Mapping[str, Any], signer: str, *, now: datetime, kind: str | None = None) -> Batch:
    """A verified statement of this type as a Batch. Raises Refused."""
    if len(document["subject"]) != 1:
        raise Refused(Reason.SUBJECT_MISMATCH, f"about {len(document['subject'])} files; a batch is exactly one")
    about = statements.at(document.get("predicate"), "record")
    if not isinstance(about, dict) or not about.keys() >= _FIELDS or about.keys() - _FIELDS - _OPTIONAL:
        raise Refused(Reason.MALFORMED, "the statement does not describe a batch of records")
    subject = document["subject"][0]
    try:
        batch = Batch(
            name=subject["name"],
            sha256=subject["digest"].get("sha256", ""),
            kind=_text(about["kind"]),
            schema_sha256=_text(about["schema_sha256"]),
            encoding=_text(about["encoding"]),
            records=_count(about["records"]),
            content_bytes=_count(about["content_bytes"]),
            root=_text(about["root"]),
            producer=_text(about["producer"]),
            signer=signer,
            sealed_at=parse_time(about["sealed_at"]),
            tenants=_tenants(about["tenants"]) if "tenants" in about else None,
            time=_times(about["time"]) if "time" in about else None,
            scope=_text(about["scope"]) if "scope" in about else None,
        )
    except (KeyError, TypeError, AttributeError):
        raise Refused(Reason.MALFORMED, "the statement does not describe a batch of records") from None
    _check(batch, kind, now)
    return batch


def _tenants(value: Any) -> tuple[int, str]:
    if value.keys() != {"groups", "root"}:
        raise TypeError("unknown or missing fields")
    return _count(value["groups"]), _text(value["root"])


def _times(value: Any) -> Times:
    if value.keys() != {"field", "first", "last"}:
        raise TypeError("unknown or missing fields")
    return Times(field=_text(value["field"]), first=_text(value["first"]), last=_text(value["last"]))


def _check(batch: Batch, kind: str | None, now: datetime) -> None:
    if not batch.sha256:
        raise Refused(Reason.SUBJECT_MISMATCH, "the file is not named by its SHA-256")
    if batch.encoding not in ("identity", "gzip"):
        raise Refused(Reason.UNSUPPORTED_FORMAT, f"encoding {shown(batch.encoding)} is neither identity nor gzip")
    if kind is not None and batch.kind != kind:
        raise Refused(Reason.PREDICATE_MISMATCH, f"a batch of {shown(batch.kind)}, expected {kind}")
    if not 0 < batch.records <= MAX_RECORDS or batch.content_bytes > MAX_BYTES:
        raise Refused(Reason.TOO_LARGE, f"{batch.records} records in {batch.content_bytes} bytes; too many, or none")
    if batch.sealed_at > now + SKEW:
        raise Refused(Reason.FUTURE_TIME, f"sealed at {timestamp(batch.sealed_at)}, after now ({timestamp(now)})")
    if batch.time is not None and parse_time(batch.time.last) > batch.sealed_at + SKEW:
        raise Refused(Reason.FUTURE_TIME, f"holds a record of {batch.time.last}, after it was sealed")


def lines(batch: Batch, file: BinaryIO) -> Iterator[bytes]:
    """The lines of the file, without their ends, as raw bytes: nothing is parsed, `tenants` and `time` stay unchecked.

    None of them counts before the last one was taken and nothing was raised: Refused for a file that is not the one
    that was signed, byte by byte, or whose lines are not as many as, or not those, the statement says.
    """
    source = _Source(file, batch.encoding, batch.content_bytes, batch.records)
    tree = merkle.Head()
    for block in source.lines():
        for line in block:
            tree.add(sha256(b"\0" + line).digest())
        yield from block
    _check_file(batch, source, tree)


def records(batch: Batch, file: BinaryIO, tenant_of: TenantOf) -> Iterator[tuple[int, bytes, dict[str, Any]]]:
    """Line number, line and record of each line; everything the statement says is checked, at the end.

    None of them counts before the last one was taken and nothing was raised. Raises Refused like `lines`, and for
    repeated lines, for lines that are no strict JSON objects, and for tenants or times other than was said.
    """
    source = _Source(file, batch.encoding, batch.content_bytes, batch.records)
    tally = Tally(tenant_of if batch.tenants else None, batch.time.field if batch.time else None)
    for number, line, record in _parsed(source.lines()):
        tally.add(line, record)
        yield number, line, record
    _check_file(batch, source, tally.tree)
    tally.check_repeats()
    if batch.tenants is not None:
        groups = tally.groups(source.seed)
        if batch.tenants != (len(groups), merkle.root_of([group.leaf for group in groups]).hex()):
            raise Refused(Reason.PREDICATE_MISMATCH, "the lines of each tenant are not those the statement commits to")
    if batch.time != tally.times:
        raise Refused(Reason.PREDICATE_MISMATCH, "the times of the records are not those the statement says")


def openings(batch: Batch, file: BinaryIO, tenant_of: TenantOf) -> dict[str | None, Opening]:
    """Each group of the file with the proof that it is under the signed root. Raises Refused like `records`."""
    source = _Source(file, batch.encoding, batch.content_bytes, batch.records)
    tally = Tally(tenant_of)
    for _, line, record in _parsed(source.lines()):
        tally.add(line, record)
    _check_file(batch, source, tally.tree)
    groups = tally.groups(source.seed)
    leaves = [group.leaf for group in groups]
    if batch.tenants != (len(groups), merkle.root_of(leaves).hex()):
        raise Refused(Reason.PREDICATE_MISMATCH, "the lines of each tenant are not those the statement commits to")
    count = len(leaves)
    paths = merkle.inclusion_paths(0, count, count, lambda node: merkle.root_of(leaves[node[0] : node[1]]).hex())
    return {group.tenant: Opening(group=group, index=i, path=paths[i]) for i, group in enumerate(groups)}


def check_opening(batch: Batch, opening: Opening, leaves: Sequence[bytes] | None = None) -> None:
    """That a group is under the signed root and that these leaves, where given, are all its lines in order.

    Raises Refused.
    """
    group = opening.group
    if batch.tenants is None:
        raise Refused(Reason.PREDICATE_MISMATCH, "the statement commits to no tenants")
    if leaves is not None and (group.records != len(leaves) or group.root != merkle.root_of(leaves).hex()):
        raise Refused(Reason.PREDICATE_MISMATCH, f"not all of the {group.records} lines that were signed, or others")
    try:
        path = [bytes.fromhex(value) for value in opening.path]
        root = merkle.root_from_inclusion(opening.index, batch.tenants[0], group.leaf, path)
    except ValueError as error:
        raise Refused(Reason.MALFORMED, f"the tenant's proof: {error}") from None
    if root.hex() != batch.tenants[1]:
        raise Refused(Reason.PREDICATE_MISMATCH, "the tenant's lines are not under the root that was signed")


def proof(leaves: Sequence[bytes], index: int) -> tuple[str, ...]:
    """The path from line `index` (from 0) to the root over all lines, in hex; for `check_line`."""
    found = merkle.inclusion_paths(
        index, index + 1, len(leaves), lambda node: merkle.root_of(leaves[node[0] : node[1]])
    )
    return tuple(value.hex() for value in found[0])


def check_line(batch: Batch, line: bytes, index: int, path: Sequence[str]) -> None:
    """That one line is number `index` (from 0) of the batch, by its proof alone. Raises Refused."""
    try:
        hashes = [bytes.fromhex(value) for value in path]
        root = merkle.root_from_inclusion(index, batch.records, merkle.leaf_hash(line), hashes)
    except ValueError as error:
        raise Refused(Reason.MALFORMED, f"the line's proof: {error}") from None
    if root.hex() != batch.root:
        raise Refused(Reason.PREDICATE_MISMATCH, f"not line {index + 1} of {batch.name}")


class _Source:
    """A file read once: its content in lines, while the bytes as they are stored are hashed."""

    def __init__(self, file: BinaryIO, encoding: str, max_bytes: int, max_lines: int) -> None:
        self._file = file
        self._inflate = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
        self._max_bytes = max_bytes
        self._max_lines = max_lines
        self._stored = sha256()
        self._content = sha256(_SEED)
        self.size = 0
        self.count = 0

    @property
    def sha256(self) -> str:
        return self._stored.hexdigest()

    @property
    def seed(self) -> bytes:
        """Known only to who has the whole content, as is everything that is made of it."""
        return self._content.digest()

    def lines(self) -> Iterator[list[bytes]]:
        """All lines, block by block; each must be there to its end, and none may be empty or too long."""
        rest = b""
        for piece in self._pieces():
            self.size += len(piece)
            if self.size > self._max_bytes:
                raise Refused(Reason.SUBJECT_MISMATCH, f"holds more than {self._max_bytes} bytes")
            self._content.update(piece)
            *block, rest = (rest + piece).split(b"\n")
            self.count += len(block)
            if self.count > self._max_lines:
                raise Refused(Reason.SUBJECT_MISMATCH, f"holds more than {self._max_lines} lines")
            if len(rest) > MAX_LINE or not all(block):
                raise Refused(Reason.MALFORMED, f"an empty line, or one of more than {MAX_LINE} bytes")
            yield block
        if rest:
            raise Refused(Reason.MALFORMED, f"ends within line {self.count + 1}: the last newline is missing")

    def _pieces(self) -> Iterator[bytes]:
        inflate = self._inflate
        while stored := self._file.read(_PIECE):
            self._stored.update(stored)
            if inflate is None:
                yield stored
                continue
            if inflate.eof:
                raise Refused(Reason.MALFORMED, "something follows the end of the gzip stream")
            more = True
            while more:
                try:
                    piece = inflate.decompress(stored, _PIECE)
                except zlib.error as error:
                    raise Refused(Reason.MALFORMED, f"not gzip: {shown(str(error))}") from None
                if piece:
                    yield piece
                stored = inflate.unconsumed_tail
                more = bool(stored) or len(piece) == _PIECE
            if inflate.unused_data:
                raise Refused(Reason.MALFORMED, "something follows the end of the gzip stream")
        if inflate is not None and not inflate.eof:
            raise Refused(Reason.MALFORMED, "the gzip stream ends too early")


def _parsed(
    blocks: Iterator[list[bytes]], read: Callable[[bytes], Any] = strict_json.loads
) -> Iterator[tuple[int, bytes, dict[str, Any]]]:
    number = 0
    for block in blocks:
        for line in block:
            number += 1
            try:
                record = read(line)
            except ValueError as error:  # as both readers' errors are
                raise Refused(Reason.MALFORMED, f"line {number}: {error}") from None
            if not isinstance(record, dict):
                raise Refused(Reason.MALFORMED, f"line {number}: a record is a JSON object")
            yield number, line, record


def _check_file(batch: Batch, source: _Source, tree: merkle.Head) -> None:
    if source.sha256 != batch.sha256:
        raise Refused(
            Reason.SUBJECT_MISMATCH,
            f"not the file that was signed: {source.count} of {batch.records} lines, {source.size} of "
            f"{batch.content_bytes} bytes, sha256:{source.sha256}",
        )
    if (source.count, source.size) != (batch.records, batch.content_bytes):
        raise Refused(
            Reason.PREDICATE_MISMATCH, f"the statement says {batch.records} records; the file has {source.count}"
        )
    if tree.root.hex() != batch.root:
        raise Refused(Reason.PREDICATE_MISMATCH, "the lines are not under the root that the statement says")


def _salt(seed: bytes, tenant: str | None) -> str:
    return hmac.digest(seed, strict_json.dumps({"tenant": tenant}), "sha256")[:16].hex()


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("not a string")
    return value


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError("not a count")
    return value
