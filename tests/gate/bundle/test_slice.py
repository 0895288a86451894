"""A tenant's slice: all that is its own, nothing of anybody else, and the proof of both."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attestations.trust import Trust, TrustedKeys
from gate import bundle, cli
from gate.bundle import bag, deriving, records, slicing, tenants
from gate.bundle.refusal import BundleError
from gate.bundle.scanning import Scanner
from gate.model import GateError
from gate.writing import write_folder

Files = dict[str, bytes]
T, OTHER = "acme", "globex"
MIXED = [
    {"id": "r0", "tenant": T, "text": "fine"},
    {"id": "r1", "tenant": OTHER, "text": "private to them"},
    {"id": "r2", "tenants": [T, OTHER], "count": 3},
    {"id": "r3", "parts": [{"tenant": T, "amount": 1}, {"tenant": OTHER, "amount": 2}], "count": 3},
    {"id": "r4", "tenant": T, "text": f"moved from {OTHER} yesterday"},
    {"id": "r5", "text": "about nobody"},
    {"id": "r6", "scope": {"tenants": [T]}, "tenant": T},
]


def made(works: Any, full: Mapping[str, bytes], tenant: str = T, **asked: Any) -> Files:
    cut = slicing.cut(full, tenant, **asked)
    payload = slicing.payload(full, cut, keyless=False)
    return slicing.sealed(payload, cut, works.original(full), works.hand)


def codes(report: Any) -> list[str]:
    return [check.code for check in report.checks if not check.held]


@pytest.fixture(scope="module")
def full(works: Any) -> Files:
    return works.release(MIXED)


@pytest.fixture(scope="module")
def slice_(works: Any, full: Files) -> Files:
    return made(works, full)


def notes(files: Mapping[str, bytes]) -> Any:
    return json.loads(files["data/evidence/note.json"])


def test_what_is_shown_and_in_which_form(works: Any, full: Files, slice_: Files) -> None:
    document = notes(slice_)

    assert [item["row"]["id"] for item in document["whole"]] == ["r0", "r6"]
    assert [(item["index"], item["parts"]) for item in document["parts"]] == [
        (3, {"/parts": [{"tenant": T, "amount": 1}]})
    ]
    assert {k: [i for i, _ in v] for k, v in document["withheld"].items()} == {
        "others": [1, 5],
        "several": [2],
        "mentions": [4],
    }
    signed = [name for name in slice_ if name.startswith(bundle.EVIDENCE_FILES)]
    assert len(signed) == 2
    assert all(slice_[name] == full[name] for name in signed)
    report = works.check(slice_, against=full)
    assert codes(report) == []
    assert (report.kind, report.verdict, report.facts["tenant"]) == ("tenant-slice", "PASSED", T)
    assert report.facts["release_digest"] == bag.sha256(full[bag.TAG_MANIFEST])


def everywhere(files: Mapping[str, bytes]) -> bytes:
    """All bytes that leave, and what is encoded in them."""
    inner = [
        base64.b64decode(json.loads(d)["dsseEnvelope"]["payload"])
        for n, d in files.items()
        if n.endswith(".sigstore.json")
    ]
    return b"\n".join([*files.values(), *(n.encode() for n in files), *inner, b"".join(bag.pack(files))])


def test_no_other_tenant_and_nothing_of_theirs_is_in_it(works: Any, full: Files, slice_: Files) -> None:
    leaving = everywhere(slice_)

    for text in (OTHER, "private to them", "about nobody", "moved from", '"count"'):
        assert text.encode() not in leaving, text
    secret = records.secret_of(full[bag.MANIFEST])
    for index in (1, 2, 3, 4, 5):
        assert records.salt(secret, "note", index).hex().encode() not in leaving, (
            "its salt would let a digest be guessed"
        )
    assert full[bag.MANIFEST] not in leaving
    for name in full:
        if name.startswith(bundle.EVIDENCE_FILES) and name not in slice_:
            assert name.rsplit("/", 1)[-1][:64].encode() not in leaving, "an unsalted digest would too"


def resealed(works: Any, files: Mapping[str, bytes], change: Callable[[Any, Any], object]) -> Files:
    """A slice whose maker lies: the notes changed, every number made to fit, sealed with the right key."""
    document, about = notes(files), json.loads(files[slicing.SLICE])
    change(document, about)
    about["kinds"]["note"] = slicing.numbers(document)
    payload = {n: d for n, d in files.items() if n.startswith("data/") and n != deriving.REFERENCE}
    payload |= {"data/evidence/note.json": deriving.write_json(document), slicing.SLICE: deriving.write_json(about)}
    cut = slicing.Cut(tenant=about["tenant"], others=frozenset(), public=frozenset())
    original = replace(works.original(files), digest=about["release"]["digest"])
    return slicing.sealed(payload, cut, original, works.hand)


def whole(document: Any, index: int) -> Any:
    return next(item for item in document["whole"] if item["index"] == index)


def hide(document: Any, _: Any) -> None:
    """A record of the tenant is passed off as somebody else's."""
    item = whole(document, 6)
    leaf = records.leaf(bytes.fromhex(item["salt"]), item["row"]).hex()
    document["whole"].remove(item)
    document["withheld"]["others"].append([6, leaf])


def show(full: Mapping[str, bytes], index: int) -> Callable[[Any, Any], None]:
    """Somebody else's record is shown."""

    def change(document: Any, _: Any) -> None:
        row = json.loads(full["data/evidence/note.json"])["rows"][index]
        salt = records.salt(records.secret_of(full[bag.MANIFEST]), "note", index)
        for items in document["withheld"].values():
            items[:] = [pair for pair in items if pair[0] != index]
        document["whole"].append({"index": index, "salt": salt.hex(), "row": row})

    return change


@pytest.mark.parametrize(
    ("name", "change", "alone", "against"),
    [
        ("a record is hidden", hide, [], ["incomplete"]),
        ("a record is dropped", lambda d, _: d["whole"].pop(), ["incomplete"], ["incomplete", "incomplete"]),
        ("a digest is dropped", lambda d, _: d["withheld"]["others"].pop(), ["incomplete"], ["incomplete", "incomplete"]),
        ("a record is changed", lambda d, _: whole(d, 0)["row"].update(text="nicer"), ["evidence-mismatch"], None),
        ("a digest is changed", lambda d, _: d["withheld"]["others"][0].__setitem__(1, "0" * 64), ["evidence-mismatch"], None),
        ("a record counts twice", lambda d, _: d["withheld"]["others"].append([0, "0" * 64]), ["malformed"], None),
        ("another index", lambda d, _: whole(d, 0).update(index=7), ["incomplete"], None),
        ("more records than sealed", lambda d, _: d["withheld"]["others"].append([7, "0" * 64]), ["incomplete"], None),
        ("parts are changed", lambda d, _: d["parts"][0]["parts"]["/parts"][0].update(amount=9), [], ["incomplete"]),
        ("parts of another", lambda d, _: d["parts"][0]["parts"]["/parts"][0].update(tenant=OTHER), ["foreign-tenant"], None),
        ("no parts", lambda d, _: d["parts"][0].update(parts={}), ["foreign-tenant"], None),
        ("another reason", lambda d, _: d["withheld"]["others"].append(d["withheld"]["several"].pop()), [], ["incomplete"]),
        ("another release", lambda _, a: a["release"].update(version="9.9"), ["predicate-mismatch"], None),
        ("another verdict", lambda _, a: a["release"].update(verdict="blocked"), ["predicate-mismatch"], None),
        ("another policy", lambda _, a: a["release"]["policy"].update(digest="0" * 64), ["predicate-mismatch"], None),
        ("another tenant's file", lambda _, a: a.update(tenant=OTHER), ["foreign-tenant", "foreign-tenant"], None),
    ],
)  # fmt: skip
def test_a_maker_who_lies_is_found_out(
    works: Any, full: Files, slice_: Files, name: str, change: Any, alone: list[str], against: list[str] | None
) -> None:
    lying = resealed(works, slice_, change)

    found = codes(works.check(lying))
    assert set(found) == set(alone) or (alone and set(alone) <= set(found)), (name, found)
    if against is not None:
        assert codes(works.check(lying, against=full))[-1:] == against[-1:], name
    if not alone:
        assert works.check(lying).authentic, "only the full bundle shows it"


def test_a_shown_record_of_another_is_refused_by_the_tenant_itself(works: Any, full: Files, slice_: Files) -> None:
    for index in (1, 2, 5):
        assert "foreign-tenant" in codes(works.check(resealed(works, slice_, show(full, index))))


def test_a_slice_of_another_bundle(works: Any, full: Files, slice_: Files) -> None:
    other = works.release(MIXED)

    assert codes(works.check(slice_, against=other)) == ["subject-mismatch"]
    swapped = {**slice_, slicing.SEAL: other[bag.SIGNATURE]}
    assert not works.check(swapped).authentic
    blocked = works.release([{"id": "x", "tenant": T, "count": 9}])
    report = works.check(made(works, blocked))
    assert report.authentic
    assert report.verdict == "FAILED"
    assert not report.passed


def test_findings_are_the_tenants_own(works: Any) -> None:
    full = works.release(
        [
            {"id": "mine", "tenant": T, "count": 9},
            {"id": "theirs", "tenant": OTHER, "count": 8},
            {"id": OTHER, "tenant": T, "count": 7},
        ]
    )
    about = json.loads(made(works, full)[slicing.SLICE])

    assert [f["message"] for f in about["findings"]] == ["mine has 9; the limit is 5"]
    assert about["findings_withheld"] == 1


@pytest.mark.parametrize(
    ("tenant", "other"),
    [
        ("acme-eu", "acme"),
        ("acme", "acme-eu"),
        ("eu-acme-eu", "acme"),
        ("acme", "асme"),  # Cyrillic а and с
        ('say "hi"', "say"),
        ("acme", 'glo"bex\\'),
        ("acme", "glo\nbex"),
        ("acme", "<b>globex</b>&"),
        ("acme", "Größe & Söhne"),
        ("acme", "日本株式会社"),
        ("acme", "\u202eglobex"),
        ("acme", "../globex"),
        ("acme", "globex%20inc"),
        ("acme", "\U0001f600\U0001f600\U0001f600 smile"),
        ("0f6b7c9e-1111-4222-8333-444455556666", "0f6b7c9e-1111-4222-8333-444455556667"),
    ],
)
def test_adversarial_identifiers(works: Any, tenant: str, other: str) -> None:
    full = works.release([
        {"id": "mine", "tenant": tenant, "text": f"of {tenant}, for {tenant}"},
        {"id": "theirs", "tenant": other, "text": other},
        {"id": "both", "tenants": [tenant, other]},
        {"id": "parts", "parts": [{"tenant": other, "text": other}, {"tenant": tenant, "text": tenant}]},
        {"id": "mention", "tenant": tenant, "text": f"see {other}."},
    ])  # fmt: skip
    slice_ = made(works, full, tenant)

    assert codes(works.check(slice_, against=full)) == []
    assert [item["row"]["id"] for item in notes(slice_)["whole"]] == ["mine"]
    leaving = everywhere(slice_).decode()
    for text in (other, json.dumps(other)[1:-1], html.escape(other), quote(other)):
        if text not in tenant:
            assert text not in leaving.replace(tenant, "").replace(json.dumps(tenant)[1:-1], "")


@pytest.mark.parametrize("encode", [
    lambda t: t, str.upper, html.escape, quote, lambda t: json.dumps(t)[1:-1], lambda t: base64.b64encode(f"see {t} there".encode()).decode(),
    lambda t: "".join(f"\\u{ord(c):04x}" for c in t), lambda t: "".join(f"&#{ord(c)};" for c in t), lambda t: "".join(f"%{ord(c):02X}" for c in t),
    lambda t: "".join(chr(ord(c) + 0xFEE0) for c in t), lambda t: quote(html.escape(t)), lambda t: f"x{t}y",
    lambda t: json.dumps({"a": json.dumps({"t": t})}),
])  # fmt: skip
def test_a_mention_is_found_however_it_is_written(works: Any, encode: Callable[[str], str]) -> None:
    """A record of the tenant that mentions another is withheld, and counted as the tenant's."""
    full = works.release(
        [{"id": "mine", "tenant": T}, {"id": "x", "tenant": T, "text": encode("globex")}, {"id": "o", "tenant": OTHER}]
    )
    slice_ = made(works, full)

    assert [i for i, _ in notes(slice_)["withheld"]["mentions"]] == [1]
    assert encode("globex") not in everywhere(slice_).decode()


@pytest.mark.parametrize(
    ("tenant", "other"), [("acme", "ACME"), ("acme", "ａｃｍｅ"), ("caf\u00e9", "cafe\u0301"), ("strasse", "straße")]
)
def test_identifiers_that_can_not_be_told_apart(works: Any, tenant: str, other: str) -> None:
    full = works.release([{"id": "a", "tenant": tenant}, {"id": "b", "tenant": other}])

    with pytest.raises(GateError, match="can't be told apart"):
        made(works, full, tenant)


def test_short_and_numeric_identifiers_are_told_apart_by_fields_alone(works: Any) -> None:
    full = works.release(
        [{"id": "a", "tenant": "42", "count": 2}, {"id": "b", "tenant": "43", "count": 4}, {"id": "c", "tenant": "*"}]
    )
    slice_ = made(works, full, "42")

    assert [item["row"]["id"] for item in notes(slice_)["whole"]] == ["a"]
    assert json.loads(slice_[slicing.SLICE])["not_searchable"] == 2
    assert codes(works.check(slice_, against=full)) == []


def test_a_name_that_is_no_secret_has_to_be_said_and_is_recorded(works: Any) -> None:
    """The vendor is its own tenant: its name is in every signature."""
    full = works.release(
        [{"id": "a", "tenant": T}, {"id": "b", "tenant": "summit", "text": "of summit"}],
        pipeline="https://ci.example/summit/1",
    )

    with pytest.raises(GateError, match=r"would name the tenant 'summit'; say --public"):
        made(works, full)
    slice_ = made(works, full, public=["summit"])
    assert json.loads(slice_[slicing.SLICE])["public_names"] == ["summit"]
    assert [item["row"]["id"] for item in notes(slice_)["whole"]] == ["a"]
    assert codes(works.check(slice_, against=full)) == []


def test_tenants_that_the_bundle_does_not_know_of(works: Any) -> None:
    full = works.release([{"id": "a", "tenant": T, "text": "like hidden-corp"}, {"id": "b", "tenant": OTHER}])

    assert [i["row"]["id"] for i in notes(made(works, full))["whole"]] == ["a"]
    slice_ = made(works, full, more=["hidden-corp"])
    assert notes(slice_)["whole"] == []
    assert codes(works.check(slice_, against=full)) == ["incomplete"]
    assert codes(works.check(slice_, against=full, tenants=frozenset(["hidden-corp"]))) == []


def test_trust_is_needed_for_all_of_it(works: Any, full: Files, slice_: Files) -> None:
    only_ci = Trust(keys=TrustedKeys(tuple(k for k in works.trust.keys.keys if k.identity == works.ci.identity)))

    assert codes(works.check(slice_, trust=only_ci)) == ["untrusted-key"]
    for name in slice_:
        changed = bytearray(slice_[name])
        changed[len(changed) // 2] ^= 1
        assert not works.check({**slice_, name: bytes(changed)}).authentic, name
        assert not works.check({n: d for n, d in slice_.items() if n != name}).authentic, name


# --- the command line --------------------------------------------------------------------------------------------


@pytest.fixture
def run(works: Any, full: Files, tmp_path: Path, capsys: Any) -> Callable[..., tuple[int, str]]:
    write_folder(tmp_path / "full", full)
    trust = ["--trusted-keys", str(works.keys), "--as-of", works.as_of]

    def call(*argv: object) -> tuple[int, str]:
        signing = ["--key", str(works.key)] if argv[0] == "bundle" else []
        code = cli.run([*map(str, argv), *trust, *signing])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return call


def test_cut_as_folder_and_archive_and_verify(run: Any, tmp_path: Path) -> None:
    for out in (tmp_path / "slice", tmp_path / "slice.tar"):
        code, said = run("bundle", "slice", tmp_path / "full", "--tenant", T, "-o", out)
        assert code == 0, said
        assert "note                 2 of 7 records, 1 in part; withheld: 1 mentions, 2 others, 1 several" in said
    now = ("--as-of", "2099-01-01T00:00:00Z")
    code, said = run("verify", tmp_path / "slice", tmp_path / "slice.tar", "--against", tmp_path / "full", *now)
    assert code == 0, said
    assert said.count("the full bundle gives the same slice") == 2
    assert run("replay", tmp_path / "slice", *now)[0] == 2


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--tenant", "nobody"], "the bundle knows no such tenant"),
        (["--tenant", ""], "the value is empty"),
        (["--tenant", T, "--tenants", "no-such-file"], "no such file"),
        (["--tenant", T, "-o", "."], "already exists"),
        (["--tenant", T, "--policy-digest", "0" * 64], "does not verify: seal"),
    ],
)
def test_asked_wrongly(run: Any, tmp_path: Path, argv: list[str], said: str) -> None:
    out = [] if "-o" in argv else ["-o", tmp_path / "slice"]
    code, text = run("bundle", "slice", tmp_path / "full", *out, *argv)

    assert code == 2
    assert said in text
    assert len(text.splitlines()) == 1
    assert not (tmp_path / "slice").exists()


def test_a_bundle_that_does_not_verify_is_not_cut(run: Any, tmp_path: Path) -> None:
    (tmp_path / "full/data/decision.json").write_bytes(b"{}")
    code, text = run("bundle", "slice", tmp_path / "full", "--tenant", T, "-o", tmp_path / "slice")

    assert code == 2
    assert "[digest-mismatch]" in text
    assert not (tmp_path / "slice").exists()


# --- its parts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "is_one"),
    [
        ("tenant", True), ("tenants", True), ("tenant_id", True), ("tenant_ids", True), ("source_tenant", True),
        ("target_tenant_id", True), ("tenant_column", False), ("tenant_parameter", False), ("tenancy", False),
        ("subtenant", False), ("tenant_ignored", False), ("multitenant", False),
    ],
)  # fmt: skip
def test_which_fields_name_tenants(field: str, is_one: bool) -> None:
    assert tenants.named({"a": [{field: "x"}]}) == ({"x"} if is_one else frozenset())
    assert tenants.named({field: ["x", "y"]}) == ({"x", "y"} if is_one else frozenset())


@pytest.mark.parametrize(
    ("data", "name", "found"),
    [
        (b"acme\n\nglobex \n", "t.txt", {"acme", "globex"}),
        (b'["acme", "globex"]', "t.json", {"acme", "globex"}),
        (b'[{"id": "acme", "name": "Acme"}, {"tenant_id": 7}]', "t.json", {"acme", "7"}),
        (b"[]", "t.json", set()),
    ],
)
def test_lists_of_tenants(data: bytes, name: str, found: set[str]) -> None:
    assert tenants.read_names(data, name) == found


def test_what_can_not_be_searched_is_refused() -> None:
    import gzip

    with pytest.raises(BundleError, match="not text"):
        Scanner(["globex"]).find(gzip.compress(b"globex" * 100))


@settings(max_examples=200, deadline=None)
@given(
    st.text(min_size=5, max_size=12).filter(lambda t: sum(c.isalnum() for c in t) >= 5),
    st.text(max_size=30), st.text(max_size=30),
    st.sampled_from([str, html.escape, quote, json.dumps, lambda t: json.dumps(t, ensure_ascii=False)]),
)  # fmt: skip
def test_an_identifier_in_a_text_is_found(word: str, before: str, after: str, encode: Callable[[str], str]) -> None:
    try:
        data = encode(before + word + after).encode()
    except UnicodeEncodeError:
        return
    assert Scanner([word]).find(data) == word


def test_slice_json_fits_its_schema(slice_: Files) -> None:
    schema = json.loads((Path(slicing.__file__).parent / "schemas" / "slice-v1.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(slice_[slicing.SLICE]))
