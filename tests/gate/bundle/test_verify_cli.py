"""`gate verify`: bundles, archives and single attestations; what is demanded, what is printed, in words and in JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from attestations import envelope, statements
from attestations.trust import EVIDENCE, TrustedKey, TrustedKeys
from gate import bundle, cli
from gate.bundle import report as reporting
from gate.bundle import single

SCHEMA = json.loads((Path(reporting.__file__).parent / "schemas" / "verification-v1.json").read_text("utf-8"))
Verify = Callable[..., tuple[int, str]]


@pytest.fixture
def verify(works: Any, capsys: Any) -> Verify:
    def call(*argv: Any, keys: Path | None = works.keys) -> tuple[int, str]:
        trust = ["--trusted-keys", str(keys)] if keys else []
        code = cli.run(["verify", *map(str, argv), *trust])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return call


@pytest.fixture
def files(works: Any, released: Any, tmp_path: Path) -> Path:
    """Attestations by themselves, in every form."""
    for path in (bundle.VERDICT, bundle.PROVENANCE, bundle.SBOM_ATTESTATION, bundle.TEST_RESULT):
        (tmp_path / Path(path).name).write_bytes(released.files[path])
    verdict = released.files[bundle.VERDICT]
    (tmp_path / "verdict.dsse.json").write_bytes(envelope.bare_envelope(verdict))
    lines = [envelope.bare_envelope(released.files[path]) for path in (bundle.PROVENANCE, bundle.SBOM_ATTESTATION)]
    (tmp_path / "all.intoto.jsonl").write_bytes(b"\n".join([*lines, verdict]) + b"\n")
    (tmp_path / "pretty.json").write_text(json.dumps(json.loads(verdict), indent=2))
    (tmp_path / "note.sigstore.json").write_bytes(works.signed({"id": "one"}))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("verdict.sigstore.json", "vsa"),
        ("verdict.sigstore.json", statements.VSA),
        ("verdict.dsse.json", "vsa"),
        ("pretty.json", "vsa"),
        ("provenance.sigstore.json", "provenance"),
        ("sbom.sigstore.json", "sbom"),
        ("test-result.sigstore.json", "test-result"),
        ("note.sigstore.json", "note"),
        ("all.intoto.jsonl", None),
    ],
)
def test_an_attestation_by_itself(works: Any, files: Path, verify: Verify, name: str, type_: str | None) -> None:
    more = ["--type", type_] if type_ else []
    if name != "note.sigstore.json":
        more += [
            "--artifact",
            str(works.artifact),
            "--policy-digest",
            f"sha256:{works.policy.digest}",
            "--max-age",
            "1",
        ]
    code, out = verify(files / name, *more)

    assert code == 0, out
    assert out.count("VERIFIED: attestation") == (3 if name == "all.intoto.jsonl" else 1)
    if type_:
        assert verify(files / name, "--type", "svr")[0] == 1


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["--type", "provenance"], "predicate-type"),
        (["--artifact", "sha256:" + "0" * 64], "subject-mismatch"),
        (["--identity", "somebody@else.example"], "identity-mismatch"),
        (["--identity", "release-ci@summit.exampl"], "identity-mismatch"),
        (["--identity-regexp", r"^somebody@.*\.example$"], "identity-mismatch"),
        (["--issuer", "https://accounts.example"], "identity-mismatch"),
        (["--policy-digest", "0" * 64], "policy-mismatch"),
        (["--policy", "0" * 64], "policy-mismatch"),
        (["--as-of", "2019-01-01T00:00:00Z"], "key-not-yet-valid"),
        (["--as-of", "2020-06-01T00:00:00Z"], "future-time"),
        (["--as-of", "2099-01-01T00:00:00Z", "--max-age", "30"], "too-old"),
    ],
)
def test_what_is_demanded_of_an_attestation(files: Path, verify: Verify, argv: list[str], code: str) -> None:
    status, out = verify(files / "verdict.sigstore.json", *argv)

    assert status == 1
    assert f"[{code}]" in out
    if "--as-of" in argv:
        assert out.startswith(f"as of {argv[1]}, as --as-of says, not now")


def test_a_signer_may_be_named_by_a_pattern(works: Any, files: Path, verify: Verify) -> None:
    verdict, ci = files / "verdict.sigstore.json", re.escape(works.ci.identity)
    assert verify(verdict, "--identity-regexp", f"^{ci[:-3]}.*$")[0] == 0
    for argv, why in (
        (["--identity-regexp", "release-ci"], "written from ^ to $"),
        (["--identity-regexp", "^.*$"], "content with anybody"),
        (["--identity-regexp", f"^{ci}$", "--identity", "ci@summit.example"], "give one of them"),
    ):
        status, out = verify(verdict, *argv)
        assert (status, why in out) == (2, True), out


def test_a_key_signs_only_what_it_is_trusted_for(works: Any, files: Path, verify: Verify, tmp_path: Path) -> None:
    """The evidence key signs a verdict, the CI's key is trusted for evidence alone: refused by usage."""
    note = works.signed({"id": "two"}, signer=works.ci)
    (tmp_path / "by-ci.json").write_bytes(note)
    assert verify(tmp_path / "by-ci.json")[0] == 0, "the CI's key has both usages"
    own = works.trust.keys.find(works.ci.keyid)[0]
    keys = tmp_path / "keys.json"
    evidence_only = TrustedKey(public=own.public, identity=own.identity, usage=EVIDENCE, start=own.start)
    keys.write_bytes(TrustedKeys((evidence_only,)).dump())
    assert verify(tmp_path / "by-ci.json", keys=keys)[0] == 0
    status, out = verify(files / "verdict.sigstore.json", keys=keys)
    assert status == 1
    assert "[key-usage]" in out


def test_a_failed_verdict_is_authentic_and_exits_1(works: Any, verify: Verify, tmp_path: Path) -> None:
    blocked = works.release([{"id": "one", "count": 9}])
    for path in (bundle.VERDICT, bundle.TEST_RESULT):
        target = tmp_path / "x.json"
        target.write_bytes(blocked[path])
        status, out = verify(target, "--as-of", works.as_of)
        assert status == 1
        assert "AUTHENTIC, BUT NOT PASSED: attestation" in out
        assert "verdict FAILED" in out


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("empty", b"", "malformed"),
        ("only newlines", b"\n\n", "malformed"),
        ("not JSON", b"hello", "malformed"),
        ("no signature", b'{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[]}', "signature-count"),
        ("another payload type", b'{"payload":"e30=","payloadType":"text/plain","signatures":[]}', "payload-type"),
        ("other JSON", b'{"hello": 1}', "unsupported-format"),
        ("a list", b"[]", "malformed"),
        ("duplicate keys", b'{"payload":"e30=","payload":"e30=","payloadType":"x","signatures":[]}', "malformed"),
        ("binary", bytes(range(256)), "malformed"),
        ("deep", b"[" * 100_000, "malformed"),
    ],
)  # fmt: skip
def test_no_attestation_at_all(verify: Verify, tmp_path: Path, name: str, data: bytes, code: str) -> None:
    target = tmp_path / "file.json"
    target.write_bytes(data)
    status, out = verify(target)

    assert status == 1
    assert f"[{code}]" in out, out
    assert "Traceback" not in out


def test_one_bad_line_spoils_the_file(files: Path, verify: Verify) -> None:
    path = files / "all.intoto.jsonl"
    path.write_bytes(path.read_bytes() + b'{"payload":"e30="}\n')
    status, out = verify(path)

    assert status == 1
    assert out.count("VERIFIED") == 3
    assert f"REFUSED: attestation {path}:4" in out


def test_the_json_document_fits_its_schema(works: Any, released: Any, files: Path, verify: Verify) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    for argv, accepted in (
        ([released.folder, released.archive, files / "all.intoto.jsonl"], True),
        ([released.folder, "--policy-digest", "0" * 64], False),
        ([files / "note.sigstore.json", files / "verdict.sigstore.json", "--type", "note"], False),
        ([released.folder, "--as-of", "2020-06-01T00:00:00Z"], False),
    ):
        status, out = verify(*argv, "--json")
        document = json.loads(out)
        validator.validate(document)
        assert document["accepted"] is accepted
        assert status == (0 if accepted else 1)
        assert document["as_of_overridden"] is ("--as-of" in argv)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["nothing-here"], "no such file or folder"),
        ([".", "--artifact", "nothing-here"], "no such file"),
        ([".", "--artifact", "sha256:12"], "not a SHA-256"),
        ([".", "--policy-digest", "xyz"], "not a SHA-256"),
        ([".", "--max-age", "1.5"], "a whole number of days"),
        ([".", "--max-age", "0"], "a whole number of days"),
        ([".", "--type", "No Such"], "--type: "),
        ([".", "--as-of", "today"], "--as-of"),
        ([".", "--trusted-root", __file__, "--issuer", "https://ci.example"], "say whose certificates count"),
        ([], "required: PATH"),
    ],
)
def test_asked_wrongly(verify: Verify, argv: list[str], said: str) -> None:
    status, out = verify(*argv)

    assert status == 2
    assert said in out
    assert len(out.splitlines()) == 1


def test_whose_signatures_count_must_be_said(
    works: Any, released: Any, verify: Verify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out = verify(released.folder, keys=None)
    assert status == 2
    assert "whose signatures count?" in out
    monkeypatch.chdir(released.folder)
    assert verify(".", keys=None)[0] == 2, "the copy inside the bundle is not asked"
    assert verify(released.folder, "-C", works.root, keys=None)[0] == 0


def test_times_of_old_bundles(works: Any, verify: Verify, tmp_path: Path) -> None:
    """A retired key: what it signed stands under --as-of, and that is said; without, it is refused."""
    from gate.writing import write_folder

    write_folder(tmp_path / "bundle", works.release())
    keys = tmp_path / "keys.json"
    keys.write_bytes(works.trust.keys.retire(works.ci.keyid, works.now + timedelta(hours=1)).dump())
    later = (works.now + timedelta(days=400)).isoformat()

    assert "[key-retired]" in verify(tmp_path / "bundle", "--as-of", later, keys=keys)[1]
    status, out = verify(tmp_path / "bundle", "--as-of", works.as_of, keys=keys)
    assert status == 0
    assert out.startswith("as of 2026-11-21T12:00:00Z")


def test_every_type_has_its_usage() -> None:
    assert single.usage_of(statements.evidence_type("drill_report")) == EVIDENCE
    for kind in bundle.SEAL_KINDS:
        assert single.usage_of(statements.evidence_type(kind)) == "tenantgate:attestations"
    assert single.usage_of(statements.evidence_type("policy")) == "tenantgate:policy"
    assert single.usage_of("https://example.com/other/v1") == "tenantgate:attestations"
