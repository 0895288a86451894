"""Batches of records in a release bundle: once, as they were signed, replayed to the byte, and shared tenant by tenant."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from attestations.signers.key import signer_for
from gate import bundle, cli
from gate.bundle import bag, records, replaying, slicing

Files = dict[str, bytes]
T, OTHER = "acme", "globex"
SINGLES = [{"id": "r0", "tenant": T, "text": "fine"}, {"id": "r1", "tenant": OTHER, "text": "private to them"}]
NOTES: list[dict[str, Any]] = [
    {"id": f"b{n}", "count": 1, **({"tenant": t} if t else {})}
    for n, t in enumerate([T, OTHER, T, None, OTHER, T, OTHER, OTHER])
]
NOTES[5]["text"] = f"moved from {OTHER}"
BATCH = b"".join(json.dumps(note).encode() + b"\n" for note in NOTES)
DIGEST = sha256(BATCH).hexdigest()
FILE = f"data/evidence/files/{DIGEST}.jsonl"
STATEMENT = f"{FILE}.sigstore.json"


def codes(report: Any) -> list[str]:
    return [check.code for check in report.checks if not check.held]


@pytest.fixture(scope="module")
def full(works: Any) -> Files:
    return dict(works.release(SINGLES, batch=BATCH))


def made(
    works: Any, full: Mapping[str, bytes], tenant: str = T, change: Callable[[Files], None] = lambda _: None
) -> Files:
    cut = slicing.cut(full, tenant)
    payload = slicing.payload(full, cut, keyless=False)
    change(payload)
    return slicing.sealed(payload, cut, works.original(full), works.hand)


def test_a_batch_is_in_the_bundle_once_and_the_decision_is_repeated_from_it(works: Any, full: Files) -> None:
    document = json.loads(full["data/evidence/note.json"])

    assert works.check(full).authentic
    assert full[FILE] == BATCH
    assert [row["id"] for row in document["rows"]] == ["r0", "r1"]
    assert document["batches"] == [
        {"at": 2, "path": "notes/b.jsonl", "sha256": DIGEST, "records": 8, "signer": works.ops.identity}
    ]
    assert replaying.replay(full) == ()
    again = records.read_evidence(full["data/evidence/note.json"], "data/evidence/note.json", full)
    assert [row["id"] for row in again.rows] == ["r0", "r1", *(note["id"] for note in NOTES)]
    assert records.write_evidence(again) == full["data/evidence/note.json"]


def without(name: str) -> Callable[[Files], Files]:
    return lambda files: {key: data for key, data in files.items() if key != name}


def other(name: str, change: Callable[[bytes], bytes]) -> Callable[[Files], Files]:
    return lambda files: {**files, name: change(files[name])}


def document(change: Callable[[Any], Any]) -> Callable[[Files], Files]:
    def applied(files: Files) -> Files:
        value = json.loads(files["data/evidence/note.json"])
        change(value)
        return {**files, "data/evidence/note.json": (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()}

    return applied


@pytest.mark.parametrize(
    ("case", "change"),
    [
        ("the file is gone", without(FILE)),
        ("the statement is gone", without(STATEMENT)),
        ("a line is gone", other(FILE, lambda data: data[: data.rindex(b'{"id"')])),
        ("a line is edited", other(FILE, lambda data: data.replace(b'"count": 1', b'"count": 0', 1))),
        ("a line is added", other(FILE, lambda data: data + b'{"id": "x"}\n')),
        ("the batch is left out", document(lambda d: d.pop("batches"))),
        ("it has fewer records", document(lambda d: d["batches"][0].update(records=7))),
        ("it was another signer", document(lambda d: d["batches"][0].update(signer="mallory@summit.example"))),
        ("it is of another file", document(lambda d: d["batches"][0].update(sha256="0" * 64))),
        ("it comes twice", document(lambda d: d["batches"].append({**d["batches"][0], "at": 10}))),
        ("its name leads elsewhere", document(lambda d: d["batches"][0].update(path="../../b.jsonl"))),
    ],
)  # fmt: skip
def test_an_insider_with_the_key_of_the_ci_can_not_change_it(works: Any, full: Files, case: str, change: Any) -> None:
    changed = works.release(SINGLES, batch=BATCH, changes=change)

    assert codes(works.check(changed))


def test_a_batch_signed_by_somebody_else_does_not_verify(works: Any) -> None:
    stranger = signer_for(ec.generate_private_key(ec.SECP256R1()), works.ops.identity)
    signed = works.statement(BATCH, signer=stranger)
    changed = works.release(SINGLES, batch=BATCH, changes=lambda files: {**files, STATEMENT: signed})

    assert codes(works.check(changed)) == ["untrusted-key"]


def test_a_slice_shows_all_lines_of_the_tenant_and_of_nobody_else(works: Any, full: Files) -> None:
    slice_ = made(works, full)
    (portion,) = json.loads(slice_["data/evidence/note.json"])["batches"]
    report = works.check(slice_, against=full)

    assert codes(report) == []
    assert [json.loads(line)["id"] for _, line in portion["lines"]] == ["b0", "b2"]
    assert [number for number, _ in portion["mentions"]] == [6]
    assert (portion["records"], portion["tenant"]["records"], portion["nobody"]["records"]) == (8, 3, 1)
    assert FILE not in slice_
    assert STATEMENT in slice_
    assert not any(OTHER.encode() in data for data in slice_.values())
    assert json.loads(slice_["data/slice.json"])["kinds"]["note"]["batches"] == {
        "records": 8, "lines": 2, "mentions": 1,
    }  # fmt: skip
    schema = Path(bundle.__file__).parent / "schemas/slice-v1.json"
    jsonschema.validate(json.loads(slice_["data/slice.json"]), json.loads(schema.read_text("utf-8")))
    assert any("signed batches" in check.detail for check in report.checks)


def portions(change: Callable[[Any], Any]) -> Callable[[Files], None]:
    def applied(files: Files) -> None:
        value = json.loads(files["data/evidence/note.json"])
        change(value["batches"])
        files["data/evidence/note.json"] = (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()
        about = json.loads(files["data/slice.json"])
        about["kinds"]["note"]["batches"] = {
            "records": sum(b["records"] for b in value["batches"]),
            "lines": sum(len(b.get("lines", ())) for b in value["batches"]),
            "mentions": sum(len(b.get("mentions", ())) for b in value["batches"]),
        }
        files["data/slice.json"] = (json.dumps(about, indent=1, sort_keys=True) + "\n").encode()

    return applied


@pytest.mark.parametrize(
    ("case", "change", "code"),
    [
        ("a line left out", lambda b: b[0]["lines"].pop(), "predicate-mismatch"),
        ("a digest left out", lambda b: b[0]["mentions"].pop(), "predicate-mismatch"),
        ("a line edited", lambda b: b[0]["lines"][0].__setitem__(1, '{"id": "b0", "count": 0, "tenant": "acme"}'), "predicate-mismatch"),
        ("lines in another order", lambda b: b[0]["lines"][0].__setitem__(0, 4), "predicate-mismatch"),
        ("a number said twice", lambda b: b[0]["lines"][0].__setitem__(0, 3), "malformed"),
        ("fewer records said", lambda b: b[0]["tenant"].update(records=2), "predicate-mismatch"),
        ("another salt", lambda b: b[0]["tenant"].update(salt="00" * 16), "predicate-mismatch"),
        ("a path of nothing", lambda b: b[0]["tenant"].update(path=[]), "malformed"),
        ("nobody's are said to be none", lambda b: b[0]["nobody"].update(records=0), "predicate-mismatch"),
        ("the batch left out", lambda b: b.clear(), "incomplete"),
        ("the batch twice", lambda b: b.append(b[0]), "incomplete"),
        ("another number of records", lambda b: b[0].update(records=9), "incomplete"),
        ("the statement elsewhere", lambda b: b[0].update(statement="data/slice.json"), "malformed"),
    ],
)  # fmt: skip
def test_the_tenant_sees_that_a_portion_is_not_all_of_it(
    works: Any, full: Files, case: str, change: Any, code: str
) -> None:
    assert code in codes(works.check(made(works, full, change=portions(change))))


def test_of_a_batch_without_a_line_of_the_tenant_only_the_digest_is_told(works: Any) -> None:
    lines = b"".join(line + b"\n" for line in BATCH.splitlines() if b"globex" in line and b"acme" not in line)
    full = dict(works.release(SINGLES, batch=lines))
    slice_ = made(works, full)
    hidden = {"sha256": sha256(lines).hexdigest(), "records": 4}

    assert json.loads(slice_["data/evidence/note.json"])["batches"] == [hidden]
    assert codes(works.check(slice_, against=full)) == []


def test_the_full_bundle_tells_that_a_tenants_portion_was_withheld(works: Any, full: Files) -> None:
    keys = ("statement", "tenant", "nobody", "lines", "mentions")
    withheld = made(works, full, change=portions(lambda b: [b[0].pop(key) for key in keys]))

    assert codes(works.check(withheld)) == [], "the slice alone can't tell"
    assert "incomplete" in codes(works.check(withheld, against=full))


def test_a_packet_shows_records_of_a_batch_as_any_others(works: Any, full: Files) -> None:
    rows = [row for item in replaying.release.evidence_of(full) if item.kind == "note" for row in item.rows]

    assert [row["verified"] for row in rows] == [True] * 10
    assert bag.sha256(full[FILE]) == DIGEST


def test_the_whole_way_on_the_command_line(works: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """record, release, verify, replay, slice: with nothing but the commands."""
    root = Path(shutil.copytree(works.root, tmp_path / "app"))
    (tmp_path / "week-47.jsonl.gz").write_bytes(gzip.compress(BATCH, mtime=0))
    (tmp_path / "everybody.txt").write_text("acme\nglobex\n", "utf-8")

    def run(*argv: object) -> str:
        code = cli.run([str(a) for a in argv])
        captured = capsys.readouterr()
        assert code == 0, captured.out + captured.err
        return captured.out

    trusted = ("--trusted-keys", works.keys)
    run("record", "note", tmp_path / "week-47.jsonl.gz", "--key", works.key, "-C", root)
    run(
        "release", "-C", root, "--version", "1.0.0", "--artifact", works.artifact, "--key", works.key, "--quiet",
        "--out", tmp_path / "full", "--archive", tmp_path / "full.tar",
    )  # fmt: skip
    assert "counted as verified, and verify" in run("verify", tmp_path / "full.tar", *trusted)
    run("replay", tmp_path / "full.tar", *trusted)
    (lines,) = (tmp_path / "full/data/evidence/files").glob("*.jsonl.gz")
    assert gzip.decompress(lines.read_bytes()) == BATCH
    assert "## Batches of records" in (tmp_path / "full/data/VERIFY.md").read_text("utf-8")
    both = sorted((tmp_path / "full/data/evidence/files").glob("*.jsonl*"))
    assert run("verify", *both, *trusted).endswith("2 of 2 accepted\n")
    said = run(
        "bundle", "slice", tmp_path / "full", *trusted, "--tenant", T, "--key", works.key,
        "--tenants", tmp_path / "everybody.txt", "--out", tmp_path / "slice", "-C", root,
    )  # fmt: skip
    assert "2 of 8 lines of batches, 1 as digests" in said
    said = run("verify", tmp_path / "slice", *trusted, "--against", tmp_path / "full")
    assert "nothing of the tenant is left out" in said
    packed = next((tmp_path / "slice/data/evidence/files").glob("*.jsonl.gz.sigstore.json"))
    assert packed.name == f"{lines.name}.sigstore.json"
