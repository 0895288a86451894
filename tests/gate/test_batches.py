"""A file of records under one signature: all of it counts, or nothing, whatever was done to file or statement."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attestations import batches, merkle, predicates, statements, strict_json
from attestations.refusal import Refused
from attestations.signers.key import load_key, new_key, signer_for
from attestations.signers.managed import ManagedSigner
from attestations.trust import EVIDENCE, Trust, TrustedKey, TrustedKeys
from gate import cli, policy
from gate.collect import Context, collect
from gate.collect import batches as reading
from gate.model import Evidence, Subject
from gate.tree import WorkTree

Project = Callable[..., Path]
OPS = "operations@summit.example"
NOW = datetime.now(UTC).replace(microsecond=0)
START = NOW - timedelta(days=300)
CONFIG = """
version: 1
policy_version: "1"
project: tests
packs: [governance]
rules: [policy/rules]
evidence:
  thing: ["things/*"]
"""
SCHEMA = """{
  "type": "object", "additionalProperties": false, "required": ["id"],
  "properties": {"id": {"type": "string"}, "count": {"type": "integer"}, "at": {"type": "string", "format": "date-time"},
                 "tenantid": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
  "examples": [{"id": "one", "count": 1, "at": "2026-11-20T00:00:00Z", "tags": ["a"], "tenantid": "acme"}]
}"""
FILES = {"gate.yaml": CONFIG, "policy/rules/own/schemas/thing.json": SCHEMA}
TENANTS = ("acme", "globex", None)


def lines(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def things(count: int = 6, prefix: str = "t", at: str = "2026-11-20T00:00:{:02}Z") -> list[dict[str, Any]]:
    return [
        {"id": f"{prefix}{n}", "count": 1, "at": at.format(n), **({"tenantid": t} if (t := TENANTS[n % 3]) else {})}
        for n in range(count)
    ]


DATA = lines(*things())
OTHER = lines(*things(prefix="u"))


@dataclass(frozen=True)
class Maker:
    """A project whose policy trusts an evidence key, and the signer who has it."""

    project: Project
    signer: ManagedSigner
    trust: Trust

    def statement(self, data: bytes, name: str = "a.jsonl", **about: Any) -> bytes:
        """The honest statement about a file, not signed yet."""
        options: dict[str, Any] = {"kind": "thing", "time_field": "at", "now": NOW, "tenant_of": reading.tenant_of}
        return batches.statement(
            io.BytesIO(data), name=name, schema_sha256="0" * 64, producer="exporter", **(options | about)
        )

    def signed(self, data: bytes, name: str = "a.jsonl", **about: Any) -> bytes:
        return self.signer.sign(self.statement(data, name, **about))

    def lying(self, data: bytes, **said: Any) -> bytes:
        """Signed by the right key, and untrue."""
        document = statements.parse(self.statement(data))
        document["predicate"]["record"] |= said
        return self.signer.sign(strict_json.dumps(document))

    def collect(self, files: dict[str, bytes | None]) -> Evidence:
        root = self.project({**FILES, **{f"things/{name}": data for name, data in files.items()}})
        files_ = WorkTree(root)
        context = Context(
            tree=files_, root=root, policy=policy.load(files_), as_of=NOW, now=NOW, trust=self.trust,
            subject=Subject(project="p", commit=None),
        )  # fmt: skip
        return collect(context, {"thing"}, lambda _: None)["thing"]


@pytest.fixture
def maker(project: Project) -> Maker:
    signer = signer_for(ec.generate_private_key(ec.SECP256R1()), OPS)
    key = TrustedKey(public=signer.public, identity=OPS, usage=EVIDENCE, start=START)
    return Maker(project, signer, Trust(keys=TrustedKeys((key,))))


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.jsonl.gz"])
def test_the_records_of_a_batch_are_verified(maker: Maker, name: str) -> None:
    stored = packed(DATA) if name.endswith(".gz") else DATA
    found = maker.collect({name: stored, f"{name}.sigstore.json": maker.signed(stored, name)})

    assert found.coverage.unread == ()
    assert [(row["id"], row["verified"], row["signer"], row["source_line"]) for row in found.rows] == [
        (f"t{n}", True, OPS, n + 1) for n in range(6)
    ]
    assert {row["source_path"] for row in found.rows} == {f"things/{name}"}
    assert {row["source_digest"] for row in found.rows} == {hashlib.sha256(stored).hexdigest()}
    assert [material.name for material in found.materials] == [f"things/{name}", f"things/{name}.sigstore.json"]


def test_what_the_statement_says(maker: Maker) -> None:
    document = statements.parse(maker.statement(DATA, scope="production"))
    about = document["predicate"]["record"]

    assert document["predicateType"] == "https://tenantgate.dev/evidence/record_batch/v1"
    assert document["subject"] == [{"name": "a.jsonl", "digest": {"sha256": hashlib.sha256(DATA).hexdigest()}}]
    assert about["time"] == {"field": "at", "first": "2026-11-20T00:00:00Z", "last": "2026-11-20T00:00:05Z"}
    assert (about["records"], about["content_bytes"], about["scope"]) == (6, len(DATA), "production")
    assert about["tenants"]["groups"] == 3
    assert "acme" not in json.dumps(document)
    assert about["root"] == merkle.root_of([merkle.leaf_hash(line) for line in DATA.splitlines()]).hex()


HALF = DATA[: DATA.index(b'{"id": "t3"')]
BOMB = packed(b" " * 50_000_000 + b"\n")


@pytest.mark.parametrize(
    ("case", "files", "reason"),
    [
        ("a line less", lambda m: {"a.jsonl": HALF, "a.jsonl.sigstore.json": m.signed(DATA)}, "3 of 6 lines"),
        ("cut in a line", lambda m: {"a.jsonl": DATA[:-9], "a.jsonl.sigstore.json": m.signed(DATA)}, "last newline"),
        ("a line more", lambda m: {"a.jsonl": DATA + OTHER, "a.jsonl.sigstore.json": m.signed(DATA)}, "more than"),
        ("an edited line", lambda m: {"a.jsonl": DATA.replace(b'"count": 1', b'"count": 9', 1), "a.jsonl.sigstore.json": m.signed(DATA)}, "not the file that was signed"),
        ("two lines changed places", lambda m: {"a.jsonl": b"".join(reversed(DATA.splitlines(keepends=True))), "a.jsonl.sigstore.json": m.signed(DATA)}, "not the file that was signed"),
        ("another signed file", lambda m: {"a.jsonl": OTHER, "a.jsonl.sigstore.json": m.signed(DATA)}, "not the file that was signed"),
        ("no file", lambda m: {"a.jsonl.sigstore.json": m.signed(DATA)}, "not there"),
        ("an empty file", lambda m: {"a.jsonl": b"", "a.jsonl.sigstore.json": m.signed(DATA)}, "0 of 6 lines"),
        ("a statement about two files", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": two_files(m)}, "about 2 files"),
        ("a key nobody trusts", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": stranger().sign(m.statement(DATA))}, "untrusted-key"),
        ("a statement that is none", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": b"{}"}, "not a Sigstore bundle"),
        ("a single record's bundle", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": m.signer.sign(predicates.evidence_statement("thing", {"id": "x"}))}, "predicate-type"),
        ("another kind", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": m.signed(DATA, kind="drill_report")}, "a batch of 'drill_report'"),
        ("sealed tomorrow", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": m.signed(DATA, now=NOW + timedelta(days=1))}, "future-time"),
        ("a record after the sealing", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": m.signed(DATA, now=NOW - timedelta(days=60))}, "after it was sealed"),
        ("packed, nothing signed", lambda m: {"a.jsonl.gz": packed(DATA)}, "packed lines count only with"),
        ("packed, something behind", lambda m: {"a.jsonl.gz": packed(DATA) + b"x", "a.jsonl.gz.sigstore.json": m.signed(packed(DATA), "a.jsonl.gz")}, "follows the end"),
        ("packed twice in a row", lambda m: {"a.jsonl.gz": packed(DATA) * 2, "a.jsonl.gz.sigstore.json": m.signed(packed(DATA), "a.jsonl.gz")}, "follows the end"),
        ("packed, cut off", lambda m: {"a.jsonl.gz": packed(DATA)[:-9], "a.jsonl.gz.sigstore.json": m.signed(packed(DATA), "a.jsonl.gz")}, "ends too early"),
        ("a bomb", lambda m: {"a.jsonl.gz": BOMB, "a.jsonl.gz.sigstore.json": m.signed(packed(DATA), "a.jsonl.gz")}, "more than"),
        ("unpacked, said to be packed", lambda m: {"a.jsonl.gz": DATA, "a.jsonl.gz.sigstore.json": m.signed(packed(DATA), "a.jsonl.gz")}, "not gzip"),
        ("count untrue", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": m.lying(DATA, records=7)}, "says 7 records"),
        ("count too small", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": m.lying(DATA, records=5)}, "more than 5 lines"),
        ("size untrue", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": m.lying(DATA, content_bytes=10**9)}, "says 6 records"),
        ("root untrue", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": m.lying(DATA, root="0" * 64)}, "root"),
        ("tenants untrue", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": m.lying(DATA, tenants={"groups": 2, "root": "0" * 64})}, "lines of each tenant"),
        ("times untrue", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": m.lying(DATA, time={"field": "at", "first": "2026-11-19T00:00:00Z", "last": "2026-11-20T00:00:05Z"})}, "times of the records"),
        ("a field nobody knows", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": m.lying(DATA, note="x")}, "does not describe"),
        ("a count that is none", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": m.lying(DATA, records="6")}, "does not describe"),
        ("tenants that are none", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": m.lying(DATA, tenants=["acme"])}, "does not describe"),
        ("more about tenants", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": m.lying(DATA, tenants={"groups": 3, "root": "0" * 64, "names": 1})}, "does not describe"),
        ("more about times", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": m.lying(DATA, time={"field": "at"})}, "does not describe"),
        ("encoding nobody knows", lambda m: {"a.jsonl": DATA, "a.jsonl.sigstore.json": m.lying(DATA, encoding="br")}, "encoding"),
    ],
)  # fmt: skip
def test_nothing_of_it_counts(maker: Maker, case: str, files: Any, reason: str) -> None:
    found = maker.collect(files(maker))

    assert found.rows == ()
    assert len(found.coverage.unread) == 1
    assert reason in found.coverage.unread[0].reason


def stranger() -> ManagedSigner:
    return signer_for(ec.generate_private_key(ec.SECP256R1()), OPS)


def two_files(maker: Maker) -> bytes:
    document = statements.parse(maker.statement(DATA))
    document["subject"].append({"name": "b.jsonl", "digest": {"sha256": hashlib.sha256(OTHER).hexdigest()}})
    return maker.signer.sign(strict_json.dumps(document))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (DATA + b"\n", "an empty line"),
        (b"\n" + DATA, "an empty line"),
        (DATA + DATA[: DATA.index(b"\n") + 1], "line 7 repeats line 1"),
        (DATA + b"[1]\n", "line 7: a record is a JSON object"),
        (DATA + b'{"id": "x", "id": "y"}\n', "line 7: duplicate key 'id'"),
        (DATA + b'{"id": "x", "at": "yesterday"}\n', "not an RFC 3339 time"),
        (DATA + b'{"id": "x"}\n', "not an RFC 3339 time"),
        (DATA[:-1], "last newline is missing"),
        (b"", "no records"),
        (b"\xef\xbb\xbf" + DATA, "byte order mark"),
        (b'{"id": "' + b"x" * (batches.MAX_LINE + 500_000) + b'"}\n', "more than"),
    ],
)
def test_no_statement_is_made_about_a_file_that_nobody_could_read(maker: Maker, data: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        maker.statement(data)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"id": "x", "count": 0.5}, "count"),
        ({"id": "x", "other": 1}, "unknown key"),
        ({"id": "x", "verified": True}, "'verified' is the gate's"),
        ({"id": "t1", "count": 7}, "the id 't1' is used by another record"),
        ({"id": "x", "at": "2026-11-20T23:59:60Z"}, "date-time"),
    ],
)
def test_one_record_that_does_not_fit_takes_the_whole_batch_with_it(maker: Maker, line: Any, reason: str) -> None:
    data = DATA + lines(line)
    found = maker.collect({"a.jsonl": data, "a.jsonl.sigstore.json": maker.signed(data, time_field=None)})

    assert found.rows == ()
    assert reason in found.coverage.unread[0].reason


def test_the_same_batch_under_two_names_counts_once(maker: Maker) -> None:
    signed = maker.signed(DATA)
    found = maker.collect(
        {"a.jsonl": DATA, "a.jsonl.sigstore.json": signed, "b.jsonl": DATA, "b.jsonl.sigstore.json": signed}
    )

    assert len(found.rows) == 6
    assert [u.reason for u in found.coverage.unread] == ["malformed: the same batch as things/a.jsonl"]


def test_a_batch_that_repeats_a_record_of_another_is_refused(maker: Maker) -> None:
    more = OTHER + DATA[: DATA.index(b"\n") + 1]
    found = maker.collect({
        "a.jsonl": DATA, "a.jsonl.sigstore.json": maker.signed(DATA),
        "b.jsonl": more, "b.jsonl.sigstore.json": maker.signed(more, "b.jsonl"),
    })  # fmt: skip

    assert len(found.rows) == 6
    assert "line 7: the same record was read before" in found.coverage.unread[0].reason


def test_a_claim_gives_way_to_the_same_record_in_a_batch(maker: Maker) -> None:
    claim = json.dumps(things()[2]).encode()
    found = maker.collect({"0.json": claim, "a.jsonl": DATA, "a.jsonl.sigstore.json": maker.signed(DATA)})

    assert found.coverage.unread == ()
    assert [row["verified"] for row in found.rows] == [True] * 6


def test_without_its_statement_a_file_is_only_a_claim(maker: Maker) -> None:
    found = maker.collect({"a.jsonl": DATA})

    assert [row["verified"] for row in found.rows] == [False] * 6


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_change_of_a_byte_goes_unseen(maker: Maker, data: st.DataObject) -> None:
    stored = packed(DATA) if data.draw(st.booleans()) else DATA
    name = "a.jsonl" if stored is DATA else "a.jsonl.gz"
    batch = batches.open_batch(maker.signed(stored, name), maker.trust, now=NOW, kind="thing")
    at = data.draw(st.integers(0, len(stored) - 1))
    changed = stored[:at] + bytes([stored[at] ^ data.draw(st.integers(1, 255))]) + stored[at + 1 :]

    for read in (lambda f: batches.records(batch, f, reading.tenant_of), lambda f: batches.lines(batch, f)):
        with pytest.raises(Refused):
            list(read(io.BytesIO(changed)))
        assert len(list(read(io.BytesIO(stored)))) == 6


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["acme", "globex", "initech", None]), min_size=1, max_size=40), st.data())
def test_a_tenant_is_shown_all_its_lines_or_the_proof_fails(
    maker: Maker, whose: list[Any], data: st.DataObject
) -> None:
    content = lines(*({"id": f"i{n}", **({"tenantid": t} if t else {})} for n, t in enumerate(whose)))
    batch = batches.open_batch(maker.signed(content, time_field=None), maker.trust, now=NOW)
    found = batches.openings(batch, io.BytesIO(content), reading.tenant_of)
    tenant = data.draw(st.sampled_from(sorted(set(whose), key=str)))
    mine = [merkle.leaf_hash(line) for line, t in zip(content.splitlines(), whose, strict=True) if t == tenant]

    assert found.keys() == set(whose)
    batches.check_opening(batch, found[tenant], mine)
    for wrong in (mine[1:], mine[:-1], [*mine, mine[0]], [merkle.leaf_hash(b"x"), *mine[1:]]):
        with pytest.raises(Refused):
            batches.check_opening(batch, found[tenant], wrong)
    for other in found.keys() - {tenant}:
        with pytest.raises(Refused):
            batches.check_opening(batch, found[other], mine)
    number = data.draw(st.integers(0, len(whose) - 1))
    leaves = [merkle.leaf_hash(line) for line in content.splitlines()]
    path = batches.proof(leaves, number)
    batches.check_line(batch, content.splitlines()[number], number, path)
    for line, index, hashes in (
        (b"{}", number, path), (content.splitlines()[number], number + 1, path),
        (content.splitlines()[number], number, (*path, "00" * 32)), (content.splitlines()[number], number, ("xy",)),
    ):  # fmt: skip
        with pytest.raises(Refused):
            batches.check_line(batch, line, index, hashes)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 200))
def test_the_root_at_once_is_the_root_leaf_by_leaf(count: int) -> None:
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(count)]
    frontier: list[bytes] = []
    for index, leaf in enumerate(leaves):
        merkle.append(frontier, index, leaf)

    assert merkle.root_of(leaves) == merkle.root(frontier)


@pytest.fixture
def keyed(project: Project, tmp_path: Path) -> tuple[Path, Path]:
    """A project that trusts the evidence key in a file, for the command line."""
    key = tmp_path / "ops.key"
    new_key(key, None)
    public = load_key(key, None, OPS).public
    keys = TrustedKeys((TrustedKey(public=public, identity=OPS, usage=EVIDENCE, start=START),))
    config = f"{CONFIG}trust: {{keys: policy/trusted-keys.json}}\n"
    workflow = {".github/workflows/g.yml": "jobs: {g: {steps: [{run: gate check}]}}\n"}
    return project({**FILES, **workflow, "gate.yaml": config, "policy/trusted-keys.json": keys.dump()}), key


def test_the_command_signs_a_file_and_the_gate_counts_it(
    keyed: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, key = keyed
    file = tmp_path / "week-47.jsonl.gz"
    file.write_bytes(packed(DATA))
    argv = ["record", "thing", str(file), "--key", str(key), "-C", str(root), "--time-field", "at", "--scope", "all"]

    assert cli.run(argv) == 0
    assert capsys.readouterr().out == (
        "thing: 6 records, 3 groups by tenant, 2026-11-20T00:00:00Z to 2026-11-20T00:00:05Z, signed by "
        f"{OPS}: .gate/evidence/thing/week-47.jsonl.gz.sigstore.json\n"
    )
    assert cli.run(["check", "-C", str(root), "-o", "json"]) == 0
    decision = json.loads(capsys.readouterr().out)
    assert next(item["records"] for item in decision["evidence"] if item["kind"] == "thing") == 6
    assert cli.run(argv) == 2
    assert "never overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "data", "extra", "reason"),
    [
        ("a.jsonl", DATA + b'{"id": 5}\n', (), "line 7: id: must be of type string"),
        ("a.jsonl", DATA[:-1], (), "the last newline is missing"),
        ("a.txt", DATA, (), "a batch is named *.jsonl"),
        ("a.jsonl", DATA, ("--time-field", "count"), "no time of the kind thing"),
        ("a.json", b"[]", (), "a JSON object with an id"),
        ("a.json", b'{"id": 1}', (), "a JSON object with an id"),
        ("a.json", b'{"id": "x", "other": 1}', (), "unknown key 'other'"),
        ("a.jsonl", None, (), "no such file"),
    ],
)
def test_the_command_stores_nothing_of_what_does_not_fit(
    keyed: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    name: str, data: bytes | None, extra: tuple[str, ...], reason: str,
) -> None:  # fmt: skip
    root, key = keyed
    if data is not None:
        (tmp_path / name).write_bytes(data)

    assert cli.run(["record", "thing", str(tmp_path / name), "--key", str(key), "-C", str(root), *extra]) == 2
    assert reason in capsys.readouterr().err
    assert not (root / ".gate").exists()


def test_a_record_whose_id_is_no_file_name_stays_in_the_store(keyed: tuple[Path, Path], tmp_path: Path) -> None:
    root, key = keyed
    (tmp_path / "a.json").write_text('{"id": "../../../escaped"}', "utf-8")

    assert cli.run(["record", "thing", str(tmp_path / "a.json"), "--key", str(key), "-C", str(root)]) == 0
    stored = [path.name for path in (root / ".gate/evidence/thing").iterdir()]
    assert stored == [f"{hashlib.sha256(b'../../../escaped').hexdigest()}.sigstore.json"]
    assert cli.run(["record", "thin", str(tmp_path / "a.json"), "--key", str(key), "-C", str(root)]) == 2


def test_what_the_gate_collects_itself_is_not_recorded(
    keyed: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, key = keyed
    (tmp_path / "a.json").write_text('{"id": "x"}', "utf-8")

    assert cli.run(["record", "waiver", str(tmp_path / "a.json"), "--key", str(key), "-C", str(root)]) == 2
    assert "what the gate itself collects" in capsys.readouterr().err


@pytest.fixture
def batch(keyed: tuple[Path, Path], tmp_path: Path) -> tuple[Path, list[str]]:
    """A batch on record, and how to verify it."""
    root, key = keyed
    (tmp_path / "a.jsonl").write_bytes(DATA)
    options = ["--key", str(key), "-C", str(root), "--time-field", "at", "--scope", "production"]
    assert cli.run(["record", "thing", str(tmp_path / "a.jsonl"), *options]) == 0
    return root / ".gate/evidence/thing/a.jsonl", ["--trusted-keys", str(root / "policy/trusted-keys.json")]


@pytest.mark.parametrize("suffix", ["", ".sigstore.json"])
def test_verify_reads_a_batch_to_its_last_line(
    batch: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    file, trusted = batch
    capsys.readouterr()

    assert cli.run(["verify", f"{file}{suffix}", *trusted, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    schema = json.loads(resources.files("gate.bundle").joinpath("schemas/verification-v1.json").read_bytes())
    jsonschema.validate(found, schema)
    (target,) = found["targets"]
    assert target["kind"] == "record-batch"
    assert {name: target["facts"][name] for name in ("kind", "records", "groups", "first", "last", "scope", "signer")} == {
        "kind": "thing", "records": "6", "groups": "3", "first": "2026-11-20T00:00:00Z",
        "last": "2026-11-20T00:00:05Z", "scope": "production", "signer": OPS,
    }  # fmt: skip
    assert cli.run(["verify", f"{file}{suffix}", *trusted, "--artifact", str(file)]) == 0
    assert "ok   records" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda file: file.write_bytes(DATA[:-1]), "malformed"),
        (lambda file: file.write_bytes(HALF), "subject-mismatch"),
        (lambda file: file.unlink(), "missing-file"),
        (lambda file: file.with_name("a.jsonl.sigstore.json").rename(file.with_name("b.sigstore.json")), None),
    ],
)
def test_verify_refuses_a_batch_with_a_reason(
    batch: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str], change: Callable[[Path], None], code: str | None
) -> None:
    file, trusted = batch
    change(file)
    capsys.readouterr()
    statement = file.with_name("a.jsonl.sigstore.json")
    target = statement if statement.exists() else file.with_name("b.sigstore.json")

    assert cli.run(["verify", str(target), *trusted, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["targets"][0]
    assert [check["code"] for check in found["checks"] if not check["held"]] == [code or "missing-file"]


def test_many_statements_under_one_signature(maker: Maker) -> None:
    """What nothing is said about tenants or times of is not parsed: only hashed, and compared with the signed root."""
    payloads = b"".join(predicates.evidence_statement("thing", {"id": f"x{n}"}) + b"\n" for n in range(300))
    signed = maker.signer.sign(
        batches.statement(
            io.BytesIO(payloads), name="s.jsonl", kind="statement", schema_sha256="0" * 64, producer="ci", now=NOW
        )
    )
    batch = batches.open_batch(signed, maker.trust, now=NOW)
    found = list(batches.lines(batch, io.BytesIO(payloads)))

    assert [statements.parse(line)["predicate"]["record"]["id"] for line in found] == [f"x{n}" for n in range(300)]
    leaves = [merkle.leaf_hash(line) for line in found]
    batches.check_line(batch, found[217], 217, batches.proof(leaves, 217))
    with pytest.raises(Refused, match="not line 218"):
        batches.check_line(batch, found[216], 217, batches.proof(leaves, 217))


@pytest.mark.parametrize("name", ["verification", "slice", "packet", "redactions", "decision"])
def test_the_schemas_of_what_is_written_can_be_had(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert cli.run(["schema", name]) == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))
    assert cli.run(["schema"]) == 0
    assert name in capsys.readouterr().out.split()


@settings(max_examples=25, deadline=None)
@given(size=st.integers(0, 1300) | st.sampled_from([255, 256, 257, 511, 512, 513, 768, 1024, 1025]))
def test_a_head_that_grows_is_the_head_at_once_at_every_size(size: int) -> None:
    leaves = [merkle.leaf_hash(str(number).encode()) for number in range(size)]
    head = merkle.Head()
    for leaf in leaves:
        head.add(leaf)

    assert (head.size, head.root) == (size, merkle.root_of(leaves))


@pytest.mark.parametrize(("first", "again"), [(0, 1), (3, 700), (699, 700), (255, 256)])
def test_a_line_that_comes_again_is_named_with_the_first_of_them(first: int, again: int) -> None:
    made = [b'{"n":%d}\n' % number for number in range(900)]
    made[again] = made[first]
    made[800] = made[10]
    with pytest.raises(Refused, match=f"line {again + 1} repeats line {first + 1}"):
        batches.statement(
            io.BytesIO(b"".join(made)), name="a.jsonl", kind="k", schema_sha256="0" * 64, producer="p", now=NOW
        )
