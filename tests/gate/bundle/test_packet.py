"""A Trust & Proof packet: what is taken out is gone for good and listed, and nothing else was changed."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from attestations.trust import Trust, TrustedKeys
from gate import bundle, cli
from gate.bundle import bag, deriving, packing, records, redacting, views
from gate.bundle.redacting import Rule
from gate.model import GateError
from gate.report import REPORTS
from gate.writing import write_folder

Files = dict[str, bytes]
WHO, TENANT = "jane.doe@summit.example", "globex-corporation"
NOTES = "data/evidence/note.json"
FULL = [
    {"id": "drill-1", "by": WHO, "tenant": TENANT, "text": "went well", "count": 4},
    {"id": "drill-2", "by": WHO, "tenants": [TENANT, "initech-inc"], "text": "went very well", "count": 9},
    {"id": "drill-3", "by": "joe.bloggs@summit.example", "text": "internal", "count": 1},
]
WHY = "Names of employees stay inside."


def plan(*rules: Mapping[str, Any], **show: Any) -> packing.Plan:
    written = {
        "version": 1, "audience": "prospective customers", "show": show or {"records": {"note": ["drill-1", "drill-2"]}},
        "redact": [{"by": "remove", "reason": WHY, **rule} for rule in rules],
    }  # fmt: skip
    return packing.read_plan(yaml.safe_dump(written).encode(), "redactions.yaml")


HIDE = ({"in": "note", "at": "/by"}, {"in": "note", "at": "/tenant"}, {"in": "note", "at": "/tenants/*", "by": "hash"})


@pytest.fixture(scope="module")
def full(works: Any) -> Files:
    return works.release(FULL)


def made(works: Any, full: Files, asked: packing.Plan, salt: bytes = bytes(32)) -> Files:
    return packing.sealed(packing.payload(full, asked, salt, keyless=False), works.original(full), works.hand)


@pytest.fixture(scope="module")
def packet(works: Any, full: Files) -> Files:
    return made(works, full, plan(*HIDE), b"random")


def codes(report: Any) -> list[str]:
    return [check.code for check in report.checks if not check.held]


def everywhere(files: Mapping[str, bytes]) -> str:
    inner = [
        base64.b64decode(json.loads(d)["dsseEnvelope"]["payload"])
        for n, d in files.items()
        if n.endswith(".sigstore.json")
    ]
    return b"\n".join([*files.values(), *inner, b"".join(bag.pack(files))]).decode()


def test_what_is_shown_and_what_is_gone(works: Any, full: Files, packet: Files) -> None:
    document = json.loads(packet[NOTES])
    hashed = [
        redacting.HASHED + hashlib.sha256(b"random" + json.dumps(t).encode()).hexdigest()
        for t in (TENANT, "initech-inc")
    ]

    assert document == {"kind": "note", "of": 3, "records": [
        {"index": 0, "record": {"id": "drill-1", "text": "went well", "count": 4, "verified": True, "signer": works.ops.identity}},
        {"index": 1, "record": {"id": "drill-2", "tenants": hashed, "text": "went very well", "count": 9, "verified": True, "signer": works.ops.identity}},
    ]}  # fmt: skip
    listed = json.loads(packet[packing.REDACTIONS])
    assert [(i["pointer"], i["by"], i["reason"]) for i in listed] == [
        ("/records/0/record/by", "remove", WHY), ("/records/0/record/tenant", "remove", WHY), ("/records/1/record/by", "remove", WHY),
        ("/records/1/record/tenants/0", "hash", WHY), ("/records/1/record/tenants/1", "hash", WHY),
    ]  # fmt: skip
    report = works.check(packet, against=full)
    assert codes(report) == [], report
    assert (report.kind, report.verdict) == ("trust-packet", "FAILED")
    assert report.facts["release_digest"] == bag.sha256(full[bag.TAG_MANIFEST])


def test_nothing_taken_out_survives_and_no_digest_of_it(works: Any, full: Files, packet: Files) -> None:
    leaving = everywhere(packet)

    for text in (WHO, "jane", TENANT, "initech", "joe.bloggs", "internal", "drill-3"):
        assert text not in leaving, text
    rows = json.loads(full[NOTES])["rows"]
    for row, record in zip(rows, FULL, strict=True):
        for digest in (hashlib.sha256(records.canonical(record)).hexdigest(), row["source_digest"]):
            assert digest not in leaving
    assert bag.sha256(full[bundle.DECISION]) not in leaving
    for value in (WHO, TENANT):
        for unsalted in (value, json.dumps(value)):
            assert hashlib.sha256(unsalted.encode()).hexdigest() not in leaving


def test_the_salt_is_used_once_and_not_kept(works: Any, full: Files, tmp_path: Path, capsys: Any) -> None:
    write_folder(tmp_path / "full", full)
    (tmp_path / "r.yaml").write_text(yaml.safe_dump({
        "version": 1, "audience": "everybody", "show": {"records": {"note": ["drill-2"]}},
        "redact": [{"in": "note", "at": "/tenants/*", "by": "hash", "reason": WHY}, {"in": "note", "at": "/by", "by": "hash", "reason": WHY}],
    }))  # fmt: skip
    found = []
    for name in ("one", "two.tar"):
        argv = [
            "bundle",
            "packet",
            str(tmp_path / "full"),
            "--redact",
            str(tmp_path / "r.yaml"),
            "-o",
            str(tmp_path / name),
        ]
        signing = ["--key", str(works.key), "--trusted-keys", str(works.keys), "--as-of", works.as_of]
        assert cli.run([*argv, *signing]) == 0, capsys.readouterr()
        found.append(json.loads(bag.read(tmp_path / name)[NOTES])["records"][0]["record"])
    assert set(found[0]["tenants"]).isdisjoint(found[1]["tenants"])
    argv = ["verify", str(tmp_path / "one"), str(tmp_path / "two.tar"), "--trusted-keys", str(works.keys)]
    assert cli.run([*argv, "--against", str(tmp_path / "full"), "--as-of", "2099-01-01T00:00:00Z"]) == 1
    out = capsys.readouterr().out
    assert out.count("AUTHENTIC, BUT NOT PASSED: trust-packet") == 2, "the release was blocked, and that is said"
    assert out.count("nothing but the 3 listed places differs") == 2


def test_the_decision_and_its_reports(works: Any) -> None:
    full = works.release(FULL)
    rules = [
        {"in": "decision", "at": "/controls/*/violations", "elsewhere": True},
        {"in": "decision", "at": "/subject/artifacts/*/name"},
        {"in": "decision", "at": "/pipeline/id", "by": "hash", "elsewhere": True},
        {"in": "decision", "at": "/evidence/*/materials", "elsewhere": True},
    ]
    packet = made(works, full, plan(*rules, decision=True))

    assert codes(works.check(packet, against=full)) == []
    leaving = everywhere(packet)
    for text in (works.artifact.name, "drill-2 has 9", "notes/1"):
        assert text in full[bundle.DECISION].decode()
        assert text not in leaving
    page = packet["data/reports/report.html"].decode()
    assert "NOT001" in page
    assert "<script" not in page
    assert packet["data/reports/report.md"].decode().startswith("<!-- gate")


def test_panels_are_shown_when_asked_for_and_redacted_like_everything_else(works: Any, full: Files) -> None:
    rules = ({"in": "panels", "at": "/panels/*/rows/*/tenant", "by": "hash"}, {"in": "panels", "at": "/panels/*/rows/*/value"},
             {"in": "decision", "at": "/controls/*/violations", "elsewhere": True})  # fmt: skip
    packet = made(works, full, plan(*rules, decision=True, panels=True))

    assert codes(works.check(packet, against=full)) == []
    assert json.loads(packet[packing.PACKET])["shown"]["panels"] is True
    page = packet["data/reports/report.html"].decode()
    assert "Notes by their count" in page
    assert "unknown" in page
    assert TENANT not in everywhere(packet)
    without = made(works, full, plan(rules[2], decision=True))
    assert bundle.PANELS not in without
    assert "Notes by their count" not in without["data/reports/report.html"].decode()


def test_a_panel_that_was_changed_is_found_out(works: Any, full: Files) -> None:
    payload = packing.payload(full, plan(decision=True, panels=True), bytes(32), keyless=False)
    document = json.loads(payload[bundle.PANELS])
    document["panels"][0]["rows"][0]["value"] = 1
    payload[bundle.PANELS] = deriving.write_json(document)
    payload |= packing.reports({p: json.loads(payload[p]) for p in packing.WHOLE.values()}, "prospective customers")
    changed = packing.sealed(payload, works.original(full), works.hand)

    assert codes(works.check(changed)) == []
    assert codes(works.check(changed, against=full)) == ["evidence-mismatch"]


def test_an_unredacted_decision_renders_as_the_original_did(works: Any) -> None:
    """What is rebuilt from the document is all that the reports show."""
    for full in (works.release(FULL), works.release([{"id": "one", "count": 1, "tenant": "acme"}]), works.release([])):
        decision = views.decision_of(json.loads(full[bundle.DECISION]))
        panels = views.panels_of(json.loads(full[bundle.PANELS]))
        assert len(panels) == 1
        for path, name in bundle.REPORTS.items():
            assert REPORTS[name](decision, panels).encode() == full[path], path


@pytest.mark.parametrize(
    ("name", "rules", "show", "said"),
    [
        ("a rule for nothing", [{"in": "note", "at": "/nothing"}], {}, "nothing stands at /records/*/record/nothing"),
        ("a rule for a document not shown", [{"in": "decision", "at": "/pipeline/id"}], {}, "nothing stands at /pipeline/id"),
        ("no such kind", [], {"records": {"nothing": "all"}}, "no evidence of kind 'nothing'"),
        ("no such record", [], {"records": {"note": ["drill-9"]}}, "there is no record 'drill-9'"),
        ("no such attestation", [], {"attestations": ["policy"], "decision": True}, "the bundle has no policy"),
        ("it also stands in another field", [{"in": "note", "at": "/tenant"}], {"records": {"note": ["drill-1", "drill-2"]}},
         "what is taken out at /records/0/record/tenant of data/evidence/note.json also stands at /records/1/record/tenants/0 of data/evidence/note.json"),
        ("it also stands in the decision", [{"in": "note", "at": "/id"}], {"records": {"note": ["drill-2"]}, "decision": True},
         "also stands at /controls/"),
        ("the finding's fingerprint", [{"in": "decision", "at": "/controls/*/violations/*/subject", "elsewhere": True}], {"decision": True},
         "stands a digest over what is taken out"),
        ("a report without a verdict", [{"in": "decision", "at": "/verdict", "elsewhere": True}], {"decision": True}, "leave verdict, stage"),
        ("outcomes hashed", [{"in": "decision", "at": "/controls/*/outcome", "by": "hash", "elsewhere": True}], {"decision": True}, "leave verdict, stage"),
    ],
)  # fmt: skip
def test_what_makes_no_packet(works: Any, full: Files, name: str, rules: Any, show: Any, said: str) -> None:
    with pytest.raises(GateError) as caught:
        made(works, full, plan(*rules, **show))

    assert said in str(caught.value)


def test_digests_by_which_a_guess_could_be_confirmed(works: Any) -> None:
    """A chain of records: each names the digest of the one before, which is redacted, or not shown at all."""
    first = {"id": "week-1", "by": WHO, "count": 1}
    chain = [first, {"id": "week-2", "text": hashlib.sha256(records.canonical(first)).hexdigest()}]
    full = works.release(chain)

    for ids, rules in ((["week-1", "week-2"], [{"in": "note", "at": "/by"}]), (["week-2"], [])):
        with pytest.raises(GateError, match="a digest over what is taken out"):
            made(works, full, plan(*rules, records={"note": ids}))
        packet = made(works, full, plan(*rules, {"in": "note", "at": "/text"}, records={"note": ids}))
        assert codes(works.check(packet, against=full)) == []
    assert made(works, full, plan(records={"note": ["week-1", "week-2"]})), "shown whole, the chain may be seen"


def test_values_that_are_public_anyway(works: Any) -> None:
    full = works.release([{"id": "one", "tenant": "summit", "text": "of summit"}])
    asked = plan({"in": "note", "at": "/tenant"}, records={"note": "all"})

    with pytest.raises(GateError, match="also stands at"):
        made(works, full, asked)
    packet = made(works, full, replace(asked, public=frozenset(["summit"])))
    assert json.loads(packet[packing.PACKET])["public_names"] == ["summit"]
    assert codes(works.check(packet, against=full)) == []


def test_attestations_come_as_they_are_or_not_at_all(works: Any, full: Files) -> None:
    packet = made(works, full, plan(attestations=["verdict", "test-result"]))

    assert packet[bundle.VERDICT] == full[bundle.VERDICT]
    assert codes(works.check(packet, against=full)) == []
    other = works.release(FULL)
    swapped = resealed(works, packet, {bundle.VERDICT: other[bundle.VERDICT]})
    assert codes(works.check(swapped)) == []
    assert codes(works.check(swapped, against=full)) == ["digest-mismatch"]
    with pytest.raises(GateError, match="also stands"):
        made(
            works,
            full,
            plan({"in": "decision", "at": "/subject/artifacts/*/name"}, decision=True, attestations=["verdict"]),
        )


# --- a maker who lies --------------------------------------------------------------------------------------------


def resealed(works: Any, files: Files, changes: Mapping[str, bytes]) -> Files:
    payload = {n: d for n, d in files.items() if n.startswith("data/") and n != deriving.REFERENCE} | dict(changes)
    original = replace(works.original(files), digest=json.loads(payload[packing.PACKET])["release"]["digest"])
    return packing.sealed(payload, original, works.hand)


def lying(works: Any, files: Files, change: Callable[[Any, Any, Any], object]) -> Files:
    note, listed, about = (json.loads(files[p]) for p in (NOTES, packing.REDACTIONS, packing.PACKET))
    change(note, listed, about)
    about["redactions"] = len(listed)
    made_ = {NOTES: note, packing.REDACTIONS: listed, packing.PACKET: about}
    changes = {path: deriving.write_json(value) for path, value in made_.items()}
    changes |= packing.reports({NOTES: note}, about["audience"])
    return resealed(works, files, changes)


@pytest.mark.parametrize(
    ("name", "change", "alone", "against"),
    [
        ("a nicer text", lambda n, r, a: n["records"][0]["record"].update(text="perfect"), [], ["evidence-mismatch"]),
        ("a nicer number", lambda n, r, a: n["records"][1]["record"].update(count=1), [], ["evidence-mismatch"]),
        ("a field removed and not listed", lambda n, r, a: n["records"][0]["record"].pop("text"), [], ["evidence-mismatch"]),
        ("a digest and not listed", lambda n, r, a: n["records"][0]["record"].update(text=redacting.HASHED + "0" * 64), ["predicate-mismatch"], None),
        ("a redaction not listed", lambda n, r, a: r.pop(3), ["predicate-mismatch"], None),
        ("a removal not listed", lambda n, r, a: r.pop(0), [], ["evidence-mismatch"]),
        ("listed and still there", lambda n, r, a: r.append({**r[0], "pointer": "/records/0/record/text"}), ["predicate-mismatch"], None),
        ("two values, one digest", lambda n, r, a: n["records"][1]["record"]["tenants"].__setitem__(1, n["records"][1]["record"]["tenants"][0]), [], ["evidence-mismatch"]),
        ("another record's place", lambda n, r, a: n["records"][0].update(index=2), [], ["evidence-mismatch"]),
        ("a verified record that is not", lambda n, r, a: n["records"][0]["record"].update(verified=False), [], ["evidence-mismatch"]),
        ("another verdict", lambda n, r, a: a["release"].update(verdict="allowed"), [], None),
        ("another policy", lambda n, r, a: a["release"]["policy"].update(digest="0" * 64), ["predicate-mismatch"], None),
        ("more shown than there is", lambda n, r, a: n.update(of=2), ["predicate-mismatch"], None),
    ],
)  # fmt: skip
def test_a_maker_who_lies_is_found_out(
    works: Any, full: Files, packet: Files, name: str, change: Any, alone: list[str], against: list[str] | None
) -> None:
    changed = lying(works, packet, change)

    assert codes(works.check(changed)) == alone, name
    if against is not None:
        assert codes(works.check(changed, against=full)) == against, name


def test_reports_hold_nothing_but_the_redacted_documents(works: Any, packet: Files) -> None:
    changed = resealed(works, packet, {packing.RECORDS: packet[packing.RECORDS] + b"by jane\n"})

    assert codes(works.check(changed)) == ["predicate-mismatch"]
    extra = resealed(works, packet, {"data/reports/extra.html": b"<p>jane</p>"})
    assert codes(works.check(extra)) == ["predicate-mismatch"]


def test_every_file_is_covered(works: Any, packet: Files) -> None:
    for name in packet:
        changed = bytearray(packet[name])
        changed[len(changed) // 2] ^= 1
        assert not works.check({**packet, name: bytes(changed)}).authentic, name
        assert not works.check({n: d for n, d in packet.items() if n != name}).authentic, name
    only_ops = Trust(keys=TrustedKeys(tuple(k for k in works.trust.keys.keys if k.identity == works.ops.identity)))
    assert codes(works.check(packet, trust=only_ops)) == ["untrusted-key"]
    assert codes(works.check(packet, against=works.release(FULL))) == ["subject-mismatch"]


def test_the_documents_fit_their_schemas(packet: Files) -> None:
    schemas = Path(packing.__file__).parent / "schemas"
    schema = json.loads((schemas / "packet-v1.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(packet[packing.PACKET]))
    jsonschema.Draft202012Validator.check_schema(json.loads((schemas / "redactions-v1.json").read_text("utf-8")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\n", "redactions.yaml:1: the key 'audience' is missing"),
        ("version: 1\naudience: x y z\nshow: {}\nredact: []\n", "redactions.yaml:3: show"),
        ("version: 1\naudience: x y z\nshow: {decision: true}\nredact: [{in: decision, at: by, by: remove, reason: because}]\n", "redactions.yaml:4: redact.0.at: must match"),
        ("version: 1\naudience: x y z\nshow: {decision: true}\nredact: [{in: decision, at: /by, by: blur, reason: because}]\n", "redact.0.by: must be one of remove, hash"),
        ("version: 1\naudience: x y z\nshow: {decision: true}\nredact: [{in: decision, at: /by, by: hash}]\n", "the key 'reason' is missing"),
        ("version: 1\naudience: x y z\nshow: {decison: true}\nredact: []\n", "unknown key 'decison' (did you mean 'decision'?)"),
        ("[", "not YAML"),
    ],
)  # fmt: skip
def test_a_redactions_file_that_is_none(text: str, said: str) -> None:
    with pytest.raises(GateError) as caught:
        packing.read_plan(text.encode(), "redactions.yaml")

    assert said in str(caught.value)


# --- taking out --------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text("ab/~*", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~*", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(JSON, st.lists(st.tuples(st.lists(st.sampled_from(["*", "a", "b", "ab", "0", "1", "~1", "~0"]), min_size=1, max_size=3), st.sampled_from(["remove", "hash"])), max_size=4))  # fmt: skip
def test_what_is_listed_is_gone_and_nothing_else(document: Any, wanted: Any) -> None:
    rules = [Rule(document="d", pointer="/" + "/".join(parts), by=by, reason="x") for parts, by in wanted]
    copy, taken = redacting.redact("d", {"a": document, "b": 1}, rules, b"s")

    concrete = [Rule(document="d", pointer=t.pointer, by=t.rule.by, reason="x") for t in taken]
    assert redacting.redact("d", {"a": document, "b": 1}, concrete, b"s")[0] == copy, "the list says all that was done"
    if not taken:
        assert copy == {"a": document, "b": 1}


def test_the_deepest_place_goes_first() -> None:
    rules = [
        Rule(document="d", pointer="/a", by="remove", reason="x"),
        Rule(document="d", pointer="/a/b", by="hash", reason="x"),
    ]
    copy, taken = redacting.redact("d", {"a": {"b": 1}, "c": 2}, rules, b"")

    assert copy == {"c": 2}
    assert [t.pointer for t in taken] == ["/a", "/a/b"]
