"""What a Trust & Proof packet promises: it says of the release what the original says, but for what it lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attestations import statements, strict_json
from attestations.strict_json import shown
from attestations.trust import ATTESTATIONS, POLICY
from attestations.verify import UNCHECKED
from gate import __version__, bundle
from gate.bundle import bag, deriving, packing, records, redacting, release
from gate.bundle.checking import Step, Verification
from gate.bundle.redacting import Rule
from gate.bundle.refusal import BundleError, Code
from gate.reading import parse_time

_TYPES: Mapping[str, str] = {
    bundle.VERDICT: statements.VSA,
    bundle.TEST_RESULT: statements.TEST_RESULT,
    bundle.PROVENANCE: statements.SLSA_PROVENANCE,
    bundle.SBOM_ATTESTATION: statements.CYCLONEDX,
    bundle.SAASBOM_ATTESTATION: statements.CYCLONEDX,
    bundle.POLICY_SIGNATURE: statements.evidence_type(bundle.POLICY_KIND),
}


def _documents(v: Verification) -> dict[str, Any]:
    evidence = [path for path in v.files if path.startswith(f"{bundle.EVIDENCE}/")]
    return {path: v.json(path) for path in (*packing.WHOLE.values(), *evidence) if path in v.files}


def _check_packet(v: Verification) -> str:
    """packet.json says what was signed, and what is there."""
    about, record = v.json(packing.PACKET), v.record
    found = about["release"]
    kinds = {
        d["kind"]: {"records": len(d["records"]), "of": d["of"]}
        for p, d in _documents(v).items()
        if p not in packing.WHOLE.values()
    }
    attested = sorted(
        path for path in v.files if path.startswith(f"{bundle.ATTESTATIONS}/") and path != deriving.REFERENCE
    )
    for what, said, expected in (
        ("digest", found["digest"], record["release_digest"]),
        ("version", found["version"], record["version"]),
        ("verdict", (found["verdict"], found["releasable"]), (record["verdict"], record["releasable"])),
        ("policy", found["policy"], {"version": v.binding.policy_version, "digest": v.binding.policy_digest}),
        ("audience", about["audience"], record["audience"]),
        ("number of redactions", about["redactions"], record["redactions"]),
        ("number of records", about["shown"]["records"], kinds),
        ("decision", about["shown"]["decision"], bundle.DECISION in v.files),
        ("panels", about["shown"].get("panels", False), bundle.PANELS in v.files),
        ("list of attestations", len(about["shown"]["attestations"]), len(attested)),
    ):
        if said != expected:
            raise BundleError(Code.PREDICATE_MISMATCH, f"the {what} in packet.json is not the one that was signed")
    v.result = "PASSED" if record["releasable"] is True else "FAILED"
    v.facts |= {"audience": str(record["audience"]), "release_digest": str(record["release_digest"])}
    return f"for {record['audience']}: {sum(k['records'] for k in kinds.values())} records of {len(kinds)} kinds"


def _check_redactions(v: Verification) -> str:
    """At every listed place something is gone, and nowhere else; the digests are salted ones of ours."""
    listed = v.json(packing.REDACTIONS)
    if len(listed) != v.record["redactions"]:
        raise BundleError(Code.PREDICATE_MISMATCH, "redactions.json lists another number than was signed")
    found = _documents(v)
    gone = {(item["document"], item["pointer"]) for item in listed}
    for item in listed:
        value = _value(found.get(item["document"]), item["pointer"])
        as_said = (
            value in (None, redacting.REMOVED) if item["by"] == "remove" else str(value).startswith(redacting.HASHED)
        )
        if not as_said and not _inside(item, gone):
            raise BundleError(
                Code.PREDICATE_MISMATCH, f"{item['document']}{item['pointer']} is not taken out as listed"
            )
    hidden = {(path, pointer) for path, document in found.items() for pointer in _hidden(document)}
    if extra := sorted(hidden - gone):
        raise BundleError(Code.PREDICATE_MISMATCH, f"{extra[0][0]}{extra[0][1]} is taken out and not listed")
    reasons = len({item["reason"] for item in listed})
    return f"{len(listed)} values taken out, for {reasons} reasons; all are listed"


def _inside(item: Mapping[str, Any], gone: set[tuple[str, str]]) -> bool:
    """Whether something that holds it was taken out as well."""
    return any(path == item["document"] and item["pointer"].startswith(f"{pointer}/") for path, pointer in gone)


def _value(document: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list):
            document = document[int(name)] if name.isdecimal() and int(name) < len(document) else None
        else:
            document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _hidden(value: Any, path: tuple[str | int, ...] = ()) -> list[str]:
    if isinstance(value, str):
        return [redacting.pointer_of(path)] if value == redacting.REMOVED or value.startswith(redacting.HASHED) else []
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    return [pointer for key, member in items for pointer in _hidden(member, (*path, key))]


def _check_reports(v: Verification) -> str:
    """The reports are the redacted documents rendered, and so hold nothing else."""
    about = v.json(packing.PACKET)
    made = about["tool"]["version"]
    if made != __version__:
        return f"not rendered again: made by tenantgate {made}, this is {__version__}"
    expected = packing.reports(_documents(v), about["audience"])
    found = {path: data for path, data in v.files.items() if path.startswith("data/reports/")}
    for path in sorted(expected.keys() | found.keys()):
        if expected.get(path) != found.get(path):
            raise BundleError(Code.PREDICATE_MISMATCH, f"{path} is not what the redacted documents give")
    return f"{len(found)} reports, as the redacted documents give them"


def _check_attestations(v: Verification) -> str:
    """Signed statements that came along verify, and speak of a release under the same policy."""
    at = parse_time(v.record["sealed_at"])
    names = []
    for path, predicate_type in _TYPES.items():
        if path not in v.files:
            continue
        usage = POLICY if path == bundle.POLICY_SIGNATURE else ATTESTATIONS
        found = v.attested(path, predicate_type, UNCHECKED, usage=usage, now=at, require_binding=True)
        if found.binding is None or found.binding.policy_digest != v.binding.policy_digest:
            raise BundleError(Code.POLICY_MISMATCH, f"{path} was made under another policy")
        names.append(path.rsplit("/", 1)[-1].removesuffix(".sigstore.json"))
    return ", ".join(names) or "none"


def _check_reference(v: Verification) -> str:
    return deriving.check_reference(v, packing.PACKET)


def _check_artifacts(v: Verification) -> str:
    if v.question.artifacts:
        raise BundleError(Code.SUBJECT_MISMATCH, "a packet names no artifacts: compare them with the verdict (VSA)")
    return "none: a packet is about a release"


def _check_unchanged(v: Verification) -> str:
    """With the full bundle at hand: take the same places out of the originals, and compare."""
    full = deriving.full(v)
    if full is None:
        return "not compared: give --against FULL-BUNDLE"
    listed = v.json(packing.REDACTIONS)
    evidence = {f"{bundle.EVIDENCE}/{item.kind}.json": item for item in release.evidence_of(full)}
    for path, document in _documents(v).items():
        if path in packing.WHOLE.values():
            original = _original(full, path)
        elif path in evidence:
            places = [item["index"] for item in document["records"]]
            original = packing.kind_document(evidence[path], None, places)
        else:
            raise BundleError(Code.INCOMPLETE, f"{path}: the full bundle has no such evidence")
        rules = [
            Rule(document=path, pointer=item["pointer"], by=item["by"], reason=item["reason"])
            for item in listed
            if item["document"] == path
        ]
        again, _ = redacting.redact(path, original, rules, b"")
        if records.canonical({"": _numbered(again, {})}) != records.canonical({"": _numbered(document, {})}):
            raise BundleError(Code.EVIDENCE_MISMATCH, f"{path}: differs from the original in more than is listed")
    for path in _TYPES:
        if path in v.files and v.files[path] != full.get(path):
            raise BundleError(Code.DIGEST_MISMATCH, f"{shown(path)} is not the one of the full bundle")
    return f"nothing but the {len(listed)} listed places differs from sha256:{bag.sha256(full[bag.TAG_MANIFEST])}"


def _original(full: Mapping[str, bytes], path: str) -> Any:
    if path not in full:
        raise BundleError(Code.INCOMPLETE, f"{path}: the full bundle has no such document")
    return strict_json.loads(full[path])


def _numbered(value: Any, seen: dict[str, str]) -> Any:
    """The document with each salted digest replaced by a number: equal values must still be equal, and no others."""
    if isinstance(value, str) and value.startswith(redacting.HASHED):
        return seen.setdefault(value, f"{redacting.HASHED}{len(seen)}")
    if isinstance(value, Mapping):
        return {key: _numbered(member, seen) for key, member in sorted(value.items())}
    return [_numbered(item, seen) for item in value] if isinstance(value, list) else value


STEPS: tuple[Step, ...] = (
    ("packet", _check_packet),
    ("redactions", _check_redactions),
    ("reports", _check_reports),
    ("attestations", _check_attestations),
    ("reference", _check_reference),
    ("artifacts", _check_artifacts),
    ("unchanged", _check_unchanged),
)
