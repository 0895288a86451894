"""Every way to change a release bundle is refused, for its own reason."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from attestations.trust import Trust, TrustedKeys
from gate import bundle
from gate.bundle import bag

Files = dict[str, bytes]
Change = Callable[[Files], Files]


def codes(report: Any) -> list[str]:
    return [check.code for check in report.checks if not check.held]


@pytest.fixture(scope="module")
def files(works: Any) -> Files:
    return works.release([{"id": "one", "count": 1, "tenant": "acme"}, {"id": "two", "count": 2}])


def test_a_bundle_of_ours_holds(works: Any, released: Any, files: Files) -> None:
    for found in (works.check(files), works.check(released.files, now=None or _now())):
        assert codes(found) == [], found
        assert (found.kind, found.verdict, found.passed) == ("release-bundle", "PASSED", True)
        assert found.facts["version"] == "1.0.0"


def _now() -> Any:
    from gate.run import clock

    return clock(None)[0]


def edit(name: str) -> Change:
    def change(files: Files) -> Files:
        data = bytearray(files[name])
        data[len(data) // 2] ^= 1
        return {**files, name: bytes(data)}

    return change


def test_every_byte_of_every_file_is_covered(works: Any, files: Files, resealed: Any) -> None:
    """Each single file edited, with and without manifests made to fit; removed; emptied; given to another name."""
    for name in files:
        assert not works.check(edit(name)(files)).authentic, name
        assert not works.check({**files, name: b""}).authentic, name
        assert not works.check({n: d for n, d in files.items() if n != name}).authentic, name
        renamed = {(n if n != name else f"{n}.bak"): d for n, d in files.items()}
        assert not works.check(renamed).authentic, name
        if name.startswith("data/"):
            assert codes(works.check(resealed(edit(name)(files)))) == ["subject-mismatch"], name


def swap(one: str, other: str) -> Change:
    return lambda files: {**files, one: files[other], other: files[one]}


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("edited evidence", edit("data/evidence/note.json"), "digest-mismatch"),
        ("edited report", edit("data/reports/report.html"), "digest-mismatch"),
        ("added file", lambda f: {**f, "data/extra.txt": b"x"}, "unlisted-file"),
        ("added at the top", lambda f: {**f, "README": b"x"}, "unlisted-file"),
        ("removed policy file", lambda f: {n: d for n, d in f.items() if n != "data/policy/gate.yaml"}, "missing-file"),
        ("removed bagit.txt", lambda f: {n: d for n, d in f.items() if n != "bagit.txt"}, "missing-file"),
        ("removed manifest", lambda f: {n: d for n, d in f.items() if n != bag.MANIFEST}, "missing-file"),
        ("attestations swapped", swap(bundle.VERDICT, bundle.PROVENANCE), "digest-mismatch"),
        ("seal swapped for the verdict", lambda f: {**f, bag.SIGNATURE: f[bundle.VERDICT]}, "subject-mismatch"),
        ("manifest line twice", lambda f: {**f, bag.MANIFEST: f[bag.MANIFEST] + f[bag.MANIFEST][:200]}, "malformed"),
        ("manifest without a newline", lambda f: {**f, bag.TAG_MANIFEST: f[bag.TAG_MANIFEST][:-1]}, "subject-mismatch"),
        ("manifest with CRLF", lambda f: {**f, bag.MANIFEST: f[bag.MANIFEST].replace(b"\n", b"\r\n")}, "unlisted-file"),
        ("manifest not UTF-8", lambda f: {**f, bag.MANIFEST: b"\xff" + f[bag.MANIFEST]}, "malformed"),
        ("manifest in capitals", lambda f: {**f, bag.MANIFEST: f[bag.MANIFEST].upper()}, "malformed"),
        ("empty seal", lambda f: {**f, bag.SIGNATURE: b""}, "malformed"),
        ("seal cut off", lambda f: {**f, bag.SIGNATURE: f[bag.SIGNATURE][:-10]}, "malformed"),
        ("seal too large", lambda f: {**f, bag.SIGNATURE: b" " * (65 << 20)}, "too-large"),
        ("seal twice", lambda f: {**f, bag.SIGNATURE: f[bag.SIGNATURE] * 2}, "malformed"),
    ],
)
def test_a_change_is_refused_for_its_reason(works: Any, files: Files, name: str, change: Change, code: str) -> None:
    found = works.check(change(files))

    assert not found.authentic
    assert codes(found) == [code]
    assert found.verdict == "unknown"
    assert found.facts == {}


def payload_change(works: Any, change: Change) -> Any:
    """What is found when the CI's own key seals a payload that does not fit together."""
    return works.check(works.release(changes=change))


def older(works: Any, *names: str, **about: Any) -> Change:
    def change(payload: Files) -> Files:
        other = works.release(**about)
        return {**payload, **{name: other[name] for name in names}}

    return change


@pytest.mark.parametrize(
    ("name", "names", "about", "code"),
    [
        ("verdict of an older release", [bundle.VERDICT], {"version": "0.9.0"}, "digest-mismatch"),
        ("its inputs too", [bundle.VERDICT, bundle.SBOM_ATTESTATION, bundle.PROVENANCE, bundle.SBOM], {"version": "0.9.0"}, "predicate-mismatch"),
        ("test result of a blocked release", [bundle.TEST_RESULT], {"records": [{"id": "one", "count": 9}]}, "predicate-mismatch"),
        ("attestation of another run", [bundle.TEST_RESULT], {"pipeline": "https://ci.example/2"}, "binding-invalid"),
        ("decision of another release", [bundle.DECISION], {"version": "0.9.0"}, "predicate-mismatch"),
        ("evidence of another release", ["data/evidence/note.json"], {"records": [{"id": "other", "count": 1}]}, "evidence-mismatch"),
    ],
)  # fmt: skip
def test_even_the_signer_can_not_mix_releases(
    works: Any, name: str, names: list[str], about: dict[str, Any], code: str
) -> None:
    found = payload_change(works, older(works, *names, **about))

    assert code in codes(found), (name, codes(found))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"count": 0}, "evidence-mismatch"),
        ({"text": "added"}, "evidence-mismatch"),
        ({"signer": "somebody@else.example"}, "evidence-mismatch"),
        ({"source_digest": "0" * 64}, "missing-file"),
        ({"source_digest": None}, "missing-file"),
    ],
)
def test_a_record_that_was_not_signed_like_this_can_not_pass_as_verified(works: Any, change: Any, code: str) -> None:
    """Not even when the decision was made on it and the CI's key sealed it."""
    evidence = works.evidence([{"id": "one", "count": 1}])
    lying = replace(works)
    altered = replace(evidence, rows=({**evidence.rows[0], **change},))
    object.__setattr__(lying, "evidence", lambda *_, **__: altered)

    assert codes(works.check(lying.release())) == [code]


def test_a_record_by_an_untrusted_key_can_not_pass_as_verified(works: Any) -> None:
    only_ci = Trust(keys=TrustedKeys(tuple(k for k in works.trust.keys.keys if k.identity == works.ci.identity)))
    found = works.check(works.release(), trust=only_ci)

    assert codes(found) == ["untrusted-key"]


def test_a_key_retired_later_does_not_spoil_the_evidence_of_an_earlier_release(works: Any, later: Any) -> None:
    files = works.release()
    retired = Trust(keys=works.trust.keys.retire(works.ops.keyid, works.now + timedelta(days=1)))

    assert works.check(files, trust=retired, now=later).authentic
    earlier = Trust(keys=works.trust.keys.retire(works.ops.keyid, works.now - timedelta(days=1)))
    assert codes(works.check(files, trust=earlier, now=later)) == ["key-retired"]


def test_a_blocked_release_is_authentic_and_not_passed(works: Any) -> None:
    found = works.check(works.release([{"id": "one", "count": 9}]))

    assert found.authentic
    assert not found.passed
    assert found.verdict == "FAILED"


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"policy_digest": "0" * 64}, "policy-mismatch"),
        ({"identity": "somebody@else.example"}, "identity-mismatch"),
        ({"issuer": "https://accounts.example"}, "identity-mismatch"),
        ({"max_age": timedelta(days=1)}, "too-old"),
        ({"predicate_type": "https://slsa.dev/provenance/v1"}, "predicate-mismatch"),
    ],
)
def test_what_the_asker_demands(works: Any, files: Files, later: Any, question: Any, code: str) -> None:
    assert code in codes(works.check(files, now=later, **question))
    assert works.check(files, now=later, policy_digest=works.small.digest, identity=works.ci.identity).passed


def test_another_artifact_is_not_of_this_release(works: Any, files: Files) -> None:
    from gate.model import Artifact

    own = Artifact(name="any name", sha256=json.loads(files[bundle.DECISION])["subject"]["artifacts"][0]["sha256"])
    assert works.check(files, artifacts=(own,)).passed
    assert codes(works.check(files, artifacts=(own, Artifact(name="x", sha256="0" * 64)))) == ["subject-mismatch"]


def test_the_future_and_other_trust(works: Any, files: Files) -> None:
    assert codes(works.check(files, now=works.now - timedelta(days=1)))
    assert codes(works.check(files, trust=Trust())) == ["no-trust"]


def test_hostile_shapes_under_a_good_seal_are_refusals(works: Any) -> None:
    """Whatever JSON stands where an object is expected: a reason, never a traceback."""
    hostile = (b"", b"null", b"[]", b'{"a":1,"a":2}', b"[" * 200, b'"\\ud800"', b"1e999", b"\xff")
    paths = (bundle.DECISION, bundle.SBOM, "data/evidence/note.json", bundle.VERDICT)
    cases = [(path, data) for path in paths for data in hostile]
    changes = [lambda payload, path=path, data=data: {**payload, path: data} for path, data in cases]
    for case, files in zip(cases, works.variants(changes), strict=True):
        assert not works.check(files).authentic, case


def test_old_statement_types_are_not_a_way_round(works: Any, files: Files) -> None:
    """A downgrade: the seal as a bare envelope with an old statement type, resigned by nobody."""
    envelope = json.loads(files[bag.SIGNATURE])["dsseEnvelope"]
    assert works.check({**files, bag.SIGNATURE: json.dumps(envelope).encode()}).authentic, "a bare envelope is the same"
    payload = json.loads(base64.b64decode(envelope["payload"]))
    payload["_type"] = "https://in-toto.io/Statement/v0.1"
    envelope["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()
    assert codes(works.check({**files, bag.SIGNATURE: json.dumps(envelope).encode()})) == ["bad-signature"]


def test_a_seal_of_another_kind_is_no_bundle(works: Any, files: Files) -> None:
    from attestations.predicates import evidence_statement
    from attestations.statements import Binding, Subject

    binding = Binding(
        policy_version="1", policy_digest="0" * 64, pipeline_id="local", signer_identity=works.ci.identity
    )
    subject = Subject(name=bag.TAG_MANIFEST, sha256=bag.sha256(files[bag.TAG_MANIFEST]))
    seal = works.ci.sign(evidence_statement("drill_report", {}, subjects=[subject], binding=binding))

    assert codes(works.check({**files, bag.SIGNATURE: seal})) == ["unknown-kind"]


def test_the_bag_is_a_bag_for_others_too(released: Any) -> None:
    import bagit

    assert bagit.Bag(str(released.folder)).validate()


def _same(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> set[str]:
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def test_equal_input_gives_equal_bytes_but_for_the_signatures(works: Any) -> None:
    """ECDSA signatures are random, up to their length; what holds them, counts them or names their digests differs, and
    nothing else."""
    evidence = works.evidence([{"id": "one", "count": 1}])
    again = replace(works)
    object.__setattr__(again, "evidence", lambda *_, **__: evidence)
    one, other = again.release(), again.release()

    signed = {name for name in one if name.endswith(".sigstore.json")}
    assert _same(one, other) <= signed | {bag.MANIFEST, bag.TAG_MANIFEST, bag.INFO}
    assert set(one) == set(other)
    about = [
        [row for row in made[bag.INFO].splitlines() if not row.startswith(b"Payload-Oxum: ")] for made in (one, other)
    ]
    assert about[0] == about[1]
