"""What a tenant's slice promises: its records are the sealed ones, all are accounted for, nobody else is in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attestations import statements
from attestations.strict_json import shown
from attestations.trust import EVIDENCE
from attestations.verify import UNCHECKED
from gate import bundle
from gate.bundle import bag, deriving, portions, records, release, slicing, tenants
from gate.bundle.checking import Step, Verification
from gate.bundle.refusal import BundleError, Code
from gate.reading import parse_time


def _check_release(v: Verification) -> str:
    """The full bundle's seal, and that the slice says of the release what the seal says."""
    digest = bag.sha256(v.file(slicing.TAGS))
    found = v.attested(
        slicing.SEAL, statements.evidence_type(bundle.RELEASE), (digest,), require_binding=True,
        now=parse_time(v.record["sealed_at"]),
    )  # fmt: skip
    sealed, about = found.statement["predicate"]["record"], v.json(slicing.SLICE)["release"]
    binding = found.binding
    if binding is None or binding.policy_digest != v.binding.policy_digest:
        raise BundleError(Code.POLICY_MISMATCH, "the slice names another policy than the release was decided under")
    for what, said, expected in (
        ("digest", (about["digest"], v.record["release_digest"]), (digest, digest)),
        ("version", (about["version"], v.record["version"]), (sealed["version"],) * 2),
        ("verdict", (about["verdict"], v.record["verdict"]), (sealed["verdict"],) * 2),
        ("verdict", (about["releasable"], v.record["releasable"]), (sealed["releasable"],) * 2),
        ("policy", about["policy"], {"version": binding.policy_version, "digest": binding.policy_digest}),
        ("kinds", v.record["kinds"].keys(), sealed["evidence"].keys()),
    ):  # fmt: skip
        if said != expected:
            raise BundleError(Code.PREDICATE_MISMATCH, f"the {what} is not the one that the release was sealed with")
    v.commitments = sealed["evidence"]
    v.result = "PASSED" if sealed["releasable"] is True else "FAILED"
    v.facts |= {"tenant": str(v.record["tenant"]), "release_digest": digest, "release_signer": found.signer_identity}
    return f"{sealed['verdict']}, sealed by {found.signer_identity}; sha256:{digest}"


def _check_records(v: Verification) -> str:
    """Records, parts and digests are all of each kind, in their places, under the root that the release sealed."""
    about = v.json(slicing.SLICE)
    kinds = {path: v.json(path) for path in v.files if path.startswith(f"{bundle.EVIDENCE}/") and path.count("/") == 2}
    if set(kinds) != {f"{bundle.EVIDENCE}/{kind}.json" for kind in v.commitments}:
        raise BundleError(Code.INCOMPLETE, "the kinds of evidence are not those of the release")
    at = parse_time(v.record["sealed_at"])
    shown_ = accounted = batched = 0
    for path, document in sorted(kinds.items()):
        kind, promised = document["kind"], v.commitments[document["kind"]]
        leaves = _leaves(document)
        if path != f"{bundle.EVIDENCE}/{kind}.json" or sorted(leaves) != list(range(promised["records"])):
            raise BundleError(
                Code.INCOMPLETE, f"{kind}: not every one of {promised['records']} records is accounted for"
            )
        if records.root([leaves[index] for index in range(promised["records"])]) != promised["root"]:
            raise BundleError(Code.EVIDENCE_MISMATCH, f"{kind}: the records are not the ones that were sealed")
        documents, batches = document.get("batches", []), promised.get("batches", {})
        lines = portions.check(v, kind, documents, batches, at)
        shown_ += lines
        accounted += lines
        batched += sum(batches.values())
        counted = slicing.numbers(document)
        if counted != about["kinds"][kind] or counted != v.record["kinds"][kind]:
            raise BundleError(Code.PREDICATE_MISMATCH, f"{kind}: the numbers are not those of its records")
        shown_ += counted["whole"] + counted["parts"]
        accounted += counted["records"]
    others = f"; of {batched} in signed batches all lines of the tenant" if batched else ""
    return (
        f"{shown_} records shown, {accounted - shown_} as salted digests, {accounted} sealed: none is missing{others}"
    )


def _leaves(document: Mapping[str, Any]) -> dict[int, bytes]:
    """Each record's leaf by its index; an index that occurs twice spoils the number of them."""
    pairs = [(item["index"], records.leaf(bytes.fromhex(item["salt"]), item["row"])) for item in document["whole"]]
    pairs += [(item["index"], bytes.fromhex(item["leaf"])) for item in document["parts"]]
    pairs += [(index, bytes.fromhex(leaf)) for items in document["withheld"].values() for index, leaf in items]
    if len({index for index, _ in pairs}) != len(pairs) or any(type(index) is not int for index, _ in pairs):
        raise BundleError(Code.MALFORMED, f"{document['kind']}: a record is accounted for twice")
    return dict(pairs)


def _check_tenant(v: Verification) -> str:
    """No field names another tenant; records that counted as verified verify again."""
    tenant = v.record["tenant"]
    at = parse_time(v.record["sealed_at"])
    if v.json(slicing.SLICE)["tenant"] != tenant:
        raise BundleError(Code.PREDICATE_MISMATCH, "slice.json is about another tenant than was signed")
    signed = 0
    for kind in sorted(v.commitments):
        document = v.json(f"{bundle.EVIDENCE}/{kind}.json")
        for item in document["whole"]:
            if tenants.named(tenants.own(item["row"])) != {tenant}:
                raise BundleError(Code.FOREIGN_TENANT, f"{kind}: record {item['index']} is not this tenant's alone")
            signed += _check_signed(v, kind, item["row"], at)
        for item in document["parts"]:
            if not item["parts"] or tenants.named(list(item["parts"].values())) != {tenant}:
                raise BundleError(Code.FOREIGN_TENANT, f"{kind}: parts of record {item['index']} are not this tenant's")
    return f"{shown(tenant)}: no field names another tenant; {signed} signed records verify"


def _check_signed(v: Verification, kind: str, row: Mapping[str, Any], at: datetime) -> int:
    if row.get("verified") is not True:
        return 0
    path = f"{bundle.EVIDENCE_FILES}/{row['source_digest']}.sigstore.json"
    if bag.sha256(v.file(path)) != row["source_digest"]:
        raise BundleError(Code.DIGEST_MISMATCH, f"{path} is not the file its name says")
    found = v.attested(path, statements.evidence_type(kind), UNCHECKED, usage=EVIDENCE, now=at)
    same = records.canonical(tenants.own(row)) == records.canonical(found.statement["predicate"]["record"])
    if not same or row["signer"] != found.signer_identity:
        raise BundleError(Code.EVIDENCE_MISMATCH, f"{kind}: {shown(row['source_path'])} was signed otherwise")
    return 1


def _check_reference(v: Verification) -> str:
    return deriving.check_reference(v, slicing.SLICE)


def _check_artifacts(v: Verification) -> str:
    if v.question.artifacts:
        raise BundleError(Code.SUBJECT_MISMATCH, "a slice names no artifacts: compare them with the verdict (VSA)")
    return "none: a slice is about records"


def _check_complete(v: Verification) -> str:
    """With the full bundle at hand: cut the slice again, and compare."""
    full = deriving.full(v)
    if full is None:
        return "not compared: give --against FULL-BUNDLE"
    about = v.json(slicing.SLICE)
    asked = slicing.cut(full, v.record["tenant"], public=about["public_names"], more=v.question.tenants)
    scanner, secret = asked.scanner(), records.secret_of(full[bag.MANIFEST])
    for item in release.evidence_of(full):
        document = v.json(f"{bundle.EVIDENCE}/{item.kind}.json")
        again = slicing.kind_document(full, item, secret, asked, scanner)
        for form in ("whole", "parts", "withheld", "batches"):
            if records.canonical({form: document.get(form)}) != records.canonical({form: again.get(form)}):
                raise BundleError(Code.INCOMPLETE, f"{item.kind}: the full bundle gives other records {_FORMS[form]}")
    if found := next((name for name, data in v.files.items() if scanner.find(data)), None):
        raise BundleError(Code.FOREIGN_TENANT, f"{found} names another tenant of the full bundle")
    return "the full bundle gives the same slice: nothing of the tenant is left out, nobody else is in it"


_FORMS = {"whole": "as the tenant's own", "parts": "in part", "withheld": "as withheld", "batches": "of batches"}

STEPS: tuple[Step, ...] = (
    ("release", _check_release),
    ("records", _check_records),
    ("tenant", _check_tenant),
    ("reference", _check_reference),
    ("artifacts", _check_artifacts),
    ("complete", _check_complete),
)
