"""What a release bundle promises: that verdict, attestations, decision, policy, evidence and ledger say one thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from attestations import statements, strict_json
from attestations.batches import STATEMENT_SUFFIX, open_batch
from attestations.refusal import Refused
from attestations.strict_json import shown
from attestations.trust import EVIDENCE
from attestations.verify import UNCHECKED, Verified, verify
from gate import bundle, ledger
from gate.bundle import bag, records
from gate.bundle.checking import Step, Verification
from gate.bundle.refusal import BundleError, Code
from gate.model import Evidence, Row
from gate.policy import CONFIG, SOURCE_FIELDS, digest
from gate.policy_signing import expectation
from gate.reading import parse_time, read_yaml


def _check_verdict(v: Verification) -> str:
    found = v.alike(bundle.VERDICT, statements.VSA, UNCHECKED, max_age=v.question.max_age or UNCHECKED)
    predicate = found.statement["predicate"]
    for item in predicate["inputAttestations"]:
        path = f"{bundle.ATTESTATIONS}/{item['uri']}"
        if bag.sha256(v.file(path)) != item["digest"]["sha256"]:
            raise BundleError(Code.DIGEST_MISMATCH, f"the verdict was made on another {item['uri']}")
    v.verdict = found
    v.result = "PASSED" if predicate["verificationResult"] == "PASSED" else "FAILED"
    return f"{predicate['verificationResult']} at {predicate['timeVerified']} for {predicate['resourceUri']}"


def _subjects(v: Verification) -> tuple[str, ...]:
    """The digests of the released files, as the verdict names them."""
    return tuple(digests["sha256"] for _, digests in _of_verdict(v).subjects)


def _of_verdict(v: Verification) -> Verified:
    if v.verdict is None:
        raise BundleError(Code.MALFORMED, "the verdict was not verified")
    return v.verdict


def _check_test_result(v: Verification) -> str:
    found = v.alike(bundle.TEST_RESULT, statements.TEST_RESULT, _subjects(v))
    predicate = found.statement["predicate"]
    by: dict[str, list[str]] = {"passedTests": [], "warnedTests": [], "failedTests": []}
    for control in v.json(bundle.DECISION)["controls"]:
        warned = control["outcome"] == "waived" or (control["outcome"] != "pass" and control["level"] == "warn")
        by["failedTests" if control["blocks"] else "warnedTests" if warned else "passedTests"].append(control["id"])
    for name, expected in by.items():
        if sorted(expected) != predicate[name]:
            raise BundleError(Code.PREDICATE_MISMATCH, f"{name} are not those of the decision")
    measured: dict[str, int] = next(
        (e["numbers"] for e in v.json(bundle.DECISION)["evidence"] if e["kind"] == "coverage"), {}
    )
    if predicate.get(statements.EXTENSION + "measurements", {}) != measured:
        raise BundleError(Code.PREDICATE_MISMATCH, "its measurements are not those of the decision")
    return f"{predicate['result']}, {sum(map(len, by.values()))} controls as in the decision"


def _check_provenance(v: Verification) -> str:
    found = v.alike(bundle.PROVENANCE, statements.SLSA_PROVENANCE, _subjects(v))
    commit = v.json(bundle.DECISION)["subject"]["commit"]
    dependencies = found.statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    commits = [d["digest"]["gitCommit"] for d in dependencies if "gitCommit" in d.get("digest", {})]
    if commits != ([] if commit is None else [commit]):
        raise BundleError(Code.PREDICATE_MISMATCH, "the provenance names another commit than the decision")
    return f"signed by {found.signer_identity} for {len(found.subjects)} artifacts, commit {str(commit)[:12]}"


def _check_sbom(v: Verification) -> str:
    found = v.alike(bundle.SBOM_ATTESTATION, statements.CYCLONEDX, _subjects(v))
    if v.json(bundle.SBOM) != found.statement["predicate"]:
        raise BundleError(Code.PREDICATE_MISMATCH, f"{bundle.SBOM} is not the SBOM that was signed")
    return f"signed by {found.signer_identity}, {len(found.statement['predicate'].get('components', ()))} components"


def _check_saasbom(v: Verification) -> str:
    """It is there exactly when the decision was about integrations; that it says what they are, a replay finds out."""
    from attestations.sbom import SbomError, validate
    from gate.bundle.saasbom import KINDS

    decision = v.json(bundle.DECISION)
    if not any(item["kind"] in KINDS for item in decision["evidence"]):
        if bundle.SAASBOM in v.files or bundle.SAASBOM_ATTESTATION in v.files:
            raise BundleError(Code.EVIDENCE_MISMATCH, f"{bundle.SAASBOM}: the decision was about no integrations")
        return "none: the decision was about no integrations"
    found = v.alike(bundle.SAASBOM_ATTESTATION, statements.CYCLONEDX, _subjects(v))
    document = v.json(bundle.SAASBOM)
    if document != found.statement["predicate"]:
        raise BundleError(Code.PREDICATE_MISMATCH, f"{bundle.SAASBOM} is not the SaaSBOM that was signed")
    try:
        validate(v.file(bundle.SAASBOM))
    except SbomError as error:
        raise BundleError(Code.MALFORMED, f"{bundle.SAASBOM}: {error}") from None
    return f"signed by {found.signer_identity}, {len(document.get('services', ()))} services"


def _check_decision(v: Verification) -> str:
    if bag.sha256(v.file(bundle.DECISION)) != v.record["decision_sha256"]:
        raise BundleError(Code.DIGEST_MISMATCH, "decision.json is not the decision that was signed")
    decision, verdict = v.json(bundle.DECISION), _of_verdict(v)
    predicate, subject = verdict.statement["predicate"], decision["subject"]
    binding = v.binding
    for what, said, expected in (
        ("result", predicate["verificationResult"] == "PASSED", bool(decision["releasable"])),
        ("version", v.record["version"], subject["version"]),
        ("verdict", (v.record["verdict"], v.record["releasable"]), (decision["verdict"], decision["releasable"])),
        ("resource", predicate["resourceUri"], f"pkg:generic/{subject['project']}@{subject['version']}"),
        ("time", decision["as_of_overridden"] or parse_time(predicate["timeVerified"]),
         decision["as_of_overridden"] or parse_time(decision["as_of"]).replace(microsecond=0)),
        ("artifacts", _named(verdict.statement["subject"]), _rows(subject["artifacts"])),
        ("policy version", binding.policy_version, decision["policy"]["version"]),
        ("policy digest", binding.policy_digest, decision["policy"]["digest"]),
        ("pipeline", binding.pipeline_id, decision["pipeline"]["id"]),
    ):  # fmt: skip
        if said != expected:
            raise BundleError(Code.PREDICATE_MISMATCH, f"the {what} of the decision is not the one that was signed")
    return f"{decision['verdict']}, {'releasable' if decision['releasable'] else 'not releasable'}"


def _named(subjects: Any) -> list[tuple[str, str]]:
    return sorted((subject["name"], subject["digest"]["sha256"]) for subject in subjects)


def _check_policy(v: Verification) -> str:
    files = policy_files(v.files)
    if digest(files, tool_version(v.files)) != v.binding.policy_digest:
        raise BundleError(Code.POLICY_MISMATCH, "data/policy/ is not the policy that was signed")
    signer = _policy_signer(v, read_yaml(files[CONFIG], CONFIG).value.get("trust", {}))
    if signer != v.record["policy_signer"] or signer != v.json(bundle.DECISION)["policy"].get("signer", signer):
        raise BundleError(Code.IDENTITY_MISMATCH, "the policy was signed by another than the decision says")
    signed = f"signed by {signer}" if signer else "not signed"
    return f"version {v.binding.policy_version}, sha256:{v.binding.policy_digest}, {len(files)} files, {signed}"


def _policy_signer(v: Verification, trust: Mapping[str, Any]) -> str | None:
    """Who signed the policy, by the keys of whoever verifies; the policy itself may say that somebody must have."""
    if bundle.POLICY_SIGNATURE not in v.files:
        if trust.get("require_signed_policy", False):
            raise BundleError(Code.POLICY_UNSIGNED, "the policy says that it must be signed, and is not")
        return None
    data, expected = v.files[bundle.POLICY_SIGNATURE], expectation(v.binding.policy_digest)
    return verify(data, v.trust, expected, now=parse_time(v.record["sealed_at"])).signer_identity


def tool_version(files: Mapping[str, bytes]) -> str:
    """The version of the tool that made the bundle. Raises BundleError."""
    try:
        return str(strict_json.loads(files[bundle.DECISION])["tool"]["version"])
    except (strict_json.StrictJsonError, KeyError, TypeError) as error:
        raise BundleError(Code.MALFORMED, f"{bundle.DECISION}: no decision: {error}") from None


def policy_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of the sealed policy by the names that its digest covers."""
    prefix = f"{bundle.POLICY}/"
    return {name.removeprefix(prefix): data for name, data in files.items() if name.startswith(prefix)}


def evidence_of(files: Mapping[str, bytes]) -> Iterator[Evidence]:
    """The evidence of a bundle, kind by kind. Raises BundleError."""
    for name in sorted(files):
        if name.startswith(f"{bundle.EVIDENCE}/") and name.count("/") == 2:
            yield records.read_evidence(files[name], name, files)


def _check_evidence(v: Verification) -> str:
    """Every record that counted as verified is there as it was signed, and verifies again as of the sealing."""
    sealed_at = parse_time(v.record["sealed_at"])
    secret = records.secret_of(v.files[bag.MANIFEST])
    listed = {item["kind"]: item for item in v.json(bundle.DECISION)["evidence"]}
    found = {item.kind: item for item in evidence_of(v.files)}
    attestations = {bag.sha256(d): path for path, d in v.files.items() if path.startswith(f"{bundle.ATTESTATIONS}/")}
    if found.keys() != listed.keys() or found.keys() != v.record["evidence"].keys():
        raise BundleError(Code.EVIDENCE_MISMATCH, "the kinds of evidence are not those of the decision")
    signed = total = 0
    for kind, item in sorted(found.items()):
        total += len(item.rows)
        if records.commitment(secret, item) != v.record["evidence"][kind]:
            raise BundleError(Code.EVIDENCE_MISMATCH, f"{kind}: its records are not the ones that were signed")
        if listed[kind]["records"] != len(item.rows):
            raise BundleError(Code.EVIDENCE_MISMATCH, f"{kind}: the decision counts {listed[kind]['records']} records")
        parts = records.batched(item)
        signed += _check_batches(v, item, parts, sealed_at)
        for row in records.single(item, parts):
            if row.get("verified") is True:
                try:
                    if kind == "attestation":
                        _attestation_row(v, item, row, sealed_at, attestations)
                    else:
                        _record_row(v, item, row, sealed_at)
                except Refused as refused:
                    message = f"{kind}: {shown(row.get('source_path') or row.get('path'))}: {refused.message}"
                    raise BundleError(str(refused.code), message) from None
                signed += 1
    return f"{total} records of {len(found)} kinds; {signed} counted as verified, and verify"


def _check_batches(v: Verification, item: Evidence, parts: Sequence[records.Part], at: datetime) -> int:
    """Each signed batch that was read is there whole, signed by whom its rows say; returns the number of records.

    That the lines are those the statement commits to was found out when they were read.
    """
    names = {material.name for material in item.materials}
    wanted = {m.name for m in item.materials if f"{m.name}{STATEMENT_SUFFIX}" in names}
    refused = {unread.path for unread in item.coverage.unread}
    if left_out := wanted - refused - {part.path for part in parts}:
        raise BundleError(Code.EVIDENCE_MISMATCH, f"{item.kind}: the records of {shown(min(left_out))} are left out")
    for part in parts:
        batch = open_batch(v.file(part.statement), v.trust, now=at, kind=item.kind)
        if (batch.sha256, batch.records, batch.signer) != (part.sha256, part.records, part.signer):
            raise BundleError(Code.EVIDENCE_MISMATCH, f"{item.kind}: {shown(part.path)} was signed otherwise")
    return sum(part.records for part in parts)


def _record_row(v: Verification, item: Evidence, row: Row, at: datetime) -> None:
    path = f"{bundle.EVIDENCE_FILES}/{row['source_digest']}.sigstore.json"
    if bag.sha256(v.file(path)) != row["source_digest"]:
        raise BundleError(Code.DIGEST_MISMATCH, f"{path} is not the file its name says")
    found = v.attested(path, statements.evidence_type(item.kind), UNCHECKED, usage=EVIDENCE, now=at)
    own = {name: value for name, value in row.items() if name not in SOURCE_FIELDS}
    same = records.canonical(own) == records.canonical(found.statement["predicate"]["record"])
    if not same or row["signer"] != found.signer_identity:
        raise BundleError(Code.EVIDENCE_MISMATCH, f"{item.kind}: {shown(row['source_path'])} was signed otherwise")


def _attestation_row(v: Verification, item: Evidence, row: Row, at: datetime, files: Mapping[str, str]) -> None:
    digests = [m.sha256 for m in item.materials if m.name == row["path"]]
    if len(digests) != 1 or digests[0] not in files:
        raise BundleError(Code.MISSING_FILE, f"the attestation {shown(row['path'])} is not in the bundle")
    found = v.attested(files[digests[0]], row["predicate_type"], UNCHECKED, now=at)
    if found.signer_identity != row["signer_identity"] or _named(found.statement["subject"]) != _rows(row["subjects"]):
        raise BundleError(Code.EVIDENCE_MISMATCH, f"the attestation {shown(row['path'])} says something else")


def _rows(subjects: Any) -> list[tuple[str, str]]:
    return sorted((subject["name"], subject["sha256"]) for subject in subjects)


def _check_ledger(v: Verification) -> str:
    """The verdict is in the ledger that the sealed policy names: for each artifact an entry, under a checkpoint."""
    section = read_yaml(v.file(f"{bundle.POLICY}/{CONFIG}"), CONFIG).value.get("ledger")
    prefix = f"{bundle.LEDGER}/"
    files = {name.removeprefix(prefix): data for name, data in v.files.items() if name.startswith(prefix)}
    if section is None and not files:
        return "none: the policy names no ledger"
    if section is None:
        raise BundleError(Code.LEDGER_MISMATCH, "there are receipts, and the policy names no ledger")
    from attestations.ledger import LedgerError, verify_receipt

    wanted = sha256(_of_verdict(v).payload).hexdigest()
    said = "rehearsed" if v.json(bundle.DECISION)["as_of_overridden"] else v.record["verdict"]
    proved = {}
    try:
        for entry, receipt in ledger.read_files(files):
            checkpoint = verify_receipt(receipt, entry, v.question.ledger_keys or section["keys"])
            about = (entry.kind, entry.statement, checkpoint.origin, entry.recorded_at)
            if about != (ledger.VERDICT + said, wanted, section["origin"], parse_time(v.record["sealed_at"])):
                raise BundleError(
                    Code.LEDGER_MISMATCH, f"entry {receipt.index} records something else than this verdict"
                )
            proved[entry.subject] = f"entry {receipt.index} of {checkpoint.size} in {checkpoint.origin}"
    except LedgerError as error:
        raise BundleError(str(error.code), error.message) from None
    if set(proved) != set(_subjects(v)):
        raise BundleError(Code.LEDGER_MISSING, "the verdict is not recorded in the ledger that the policy names")
    return ", ".join(sorted(proved.values()))


def _check_artifacts(v: Verification) -> str:
    known = _subjects(v)
    for artifact in v.question.artifacts:
        if artifact.sha256 not in known:
            raise BundleError(Code.SUBJECT_MISMATCH, f"{shown(artifact.name)} is not an artifact of this release")
    names = ", ".join(name for name, _ in _of_verdict(v).subjects)
    if not v.question.artifacts:
        return f"{names} (not compared: give --artifact FILE)"
    return f"{len(v.question.artifacts)} of {len(known)} compared: {names}"


STEPS: tuple[Step, ...] = (
    ("verdict (VSA)", _check_verdict),
    ("test result", _check_test_result),
    ("provenance (SLSA)", _check_provenance),
    ("SBOM (CycloneDX)", _check_sbom),
    ("decision", _check_decision),
    ("policy", _check_policy),
    ("evidence", _check_evidence),
    ("SaaSBOM (CycloneDX)", _check_saasbom),
    ("ledger", _check_ledger),
    ("artifacts", _check_artifacts),
)
