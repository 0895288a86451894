"""Verify signed files by themselves: Sigstore bundles, bare DSSE envelopes, in-toto JSONL, and batches of records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attestations import batches, envelope, statements, strict_json
from attestations.refusal import Reason, Refused
from attestations.trust import ATTESTATIONS, EVIDENCE, POLICY
from attestations.verify import UNCHECKED, Verified, verify
from gate import bundle
from gate.bundle.checking import Question, allowed_builders, expect
from gate.bundle.refusal import BundleError, Code
from gate.bundle.report import Check, Report

if TYPE_CHECKING:
    from attestations.trust import Trust

TYPES: Final[Mapping[str, str]] = {
    "provenance": statements.SLSA_PROVENANCE,
    "sbom": statements.CYCLONEDX,
    "vsa": statements.VSA,
    "test-result": statements.TEST_RESULT,
    "svr": statements.SVR,
    "policy": statements.evidence_type(bundle.POLICY_KIND),
}
"""Short names of predicate types; a kind of evidence is one too, and a URI stands for itself."""
_SEALS: Final = tuple(statements.evidence_type(kind) for kind in bundle.SEAL_KINDS)
_RESULTS: Final[Mapping[str, str]] = {statements.VSA: "verificationResult", statements.TEST_RESULT: "result"}
MAX_LINES: Final = 10_000


def predicate_type(name: str) -> str:
    """The predicate type that a short name, a kind of evidence or a URI stands for. Raises Refused."""
    if name in TYPES:
        return TYPES[name]
    return name if ":" in name else statements.evidence_type(name)


def usage_of(found_type: str) -> str:
    """What a key must be trusted for to sign a statement of this type."""
    if found_type == TYPES["policy"]:
        return POLICY
    if found_type.startswith(statements.EVIDENCE_PREFIX) and found_type not in _SEALS:
        return EVIDENCE
    return ATTESTATIONS


def check_attestations(data: bytes, name: str, trust: Trust, question: Question) -> Iterator[Report]:
    """One report a statement. A file of several is in-toto JSONL; an empty file is refused."""
    documents = _documents(data)
    if not 0 < len(documents) <= MAX_LINES:
        check = Check(name="file", detail=f"{len(documents)} signed statements", code=Code.MALFORMED)
        yield Report(target=name, kind="attestation", checks=(check,), verdict="unknown")
        return
    for number, document in enumerate(documents, 1):
        yield _report(document, f"{name}:{number}" if len(documents) > 1 else name, trust, question)


def _documents(data: bytes) -> tuple[bytes, ...]:
    """The lines of a JSONL file, or the whole file where it is one document over several lines."""
    lines = envelope.lines(data)
    if len(lines) < 2:
        return lines
    try:
        strict_json.loads(lines[0])
    except strict_json.StrictJsonError:
        return (data,)
    return lines


def check_batch(data: bytes, name: str, file: Path, trust: Trust, question: Question) -> Report:
    """A batch of records: its statement, and the file it is about to the last line."""
    report, found = _examined(data, name, trust, question)
    checks = list(report.checks)
    facts = dict(report.facts)
    if found is not None:
        try:
            detail, said = _batch(found, file, question)
            checks.append(Check(name="records", detail=detail))
            facts |= said
        except (Refused, BundleError) as refused:
            checks.append(Check(name="records", detail=refused.message, code=str(refused.code)))
            return Report(target=name, kind="record-batch", checks=tuple(checks), verdict="unknown")
    return replace(report, kind="record-batch", checks=tuple(checks), facts=facts)


def _batch(found: Verified, file: Path, question: Question) -> tuple[str, dict[str, str]]:
    from gate.collect.batches import tenant_of

    if found.predicate_type != batches.PREDICATE_TYPE:
        raise Refused(Reason.PREDICATE_TYPE, f"a {strict_json.shown(found.predicate_type)}, not one of a batch")
    batch = batches.batch_of(found.statement, found.signer_identity, now=question.now)
    if not file.is_file():
        raise BundleError(Code.MISSING_FILE, f"{strict_json.shown(file.name)} is not beside its statement")
    with file.open("rb") as opened:
        if batch.tenants is None and batch.time is None:
            count = sum(1 for _ in batches.lines(batch, opened))
        else:
            count = sum(1 for _ in batches.records(batch, opened, tenant_of))
    said = {
        "kind": batch.kind,
        "records": str(count),
        "groups": str(batch.tenants[0]) if batch.tenants else "",
        "first": batch.time.first if batch.time else "",
        "last": batch.time.last if batch.time else "",
        "scope": batch.scope or "",
        "producer": batch.producer,
        "sealed_at": statements.timestamp(batch.sealed_at),
        "schema_sha256": batch.schema_sha256,
    }
    detail = f"{count:,} records, all as they were signed under one root; sha256:{batch.sha256}"
    return detail, {name: value for name, value in said.items() if value}


def _report(data: bytes, name: str, trust: Trust, question: Question) -> Report:
    report, found = _examined(data, name, trust, question)
    if found is not None and found.predicate_type == batches.PREDICATE_TYPE:
        said = "a batch counts with its file: call the statement what its file is called, with .sigstore.json behind"
        refusal = Check(name="records", detail=said, code=Code.MISSING_FILE)
        return Report(target=name, kind="record-batch", checks=(*report.checks, refusal), verdict="unknown")
    return report


def _examined(data: bytes, name: str, trust: Trust, question: Question) -> tuple[Report, Verified | None]:
    checks: list[Check] = []
    try:
        found = verify_one(data, trust, question)
        checks.append(Check(name="signature", detail=f"{found.format}, by {found.signer_identity}"))
        _check_builder(found)
        checks.append(Check(name="statement", detail=_words(found, question)))
    except (Refused, BundleError) as refused:
        step = "statement" if checks else "verification"
        checks.append(Check(name=step, detail=refused.message, code=str(refused.code)))
        return Report(target=name, kind="attestation", checks=tuple(checks), verdict="unknown"), None
    report = Report(
        target=name, kind="attestation", checks=tuple(checks), verdict=_verdict(found), facts=dict(_facts(found))
    )
    return report, found


def verify_one(data: bytes, trust: Trust, question: Question) -> Verified:
    """Verify under the usage that the statement's own type needs: the type is read first, and believed only then.

    Raises Refused.
    """
    claimed = _claimed_type(data)
    expectation = expect(
        predicate_type=question.predicate_type or claimed or UNCHECKED,
        subjects=tuple(artifact.sha256 for artifact in question.artifacts) or UNCHECKED,
        usage=usage_of(question.predicate_type or claimed or ""),
        identity=question.identity or UNCHECKED,
        issuer=question.issuer or UNCHECKED,
        policy_digest=question.policy_digest or UNCHECKED,
        max_age=question.max_age or UNCHECKED,
        require_binding=question.policy_digest is not None,
    )
    found = verify(data, trust, expectation, now=question.now)
    if usage_of(found.predicate_type) != expectation.usage:
        raise Refused(Reason.PREDICATE_TYPE, "the statement is of another type than was read first")
    return found


def _claimed_type(data: bytes) -> str | None:
    """The predicate type before anything is verified; None where there is none, and `verify` will say why."""
    try:
        return str(statements.parse(envelope.read(data).envelope.payload)["predicateType"])
    except Refused:
        return None


def _check_builder(found: Verified) -> None:
    """Of our own builders, each way of signing has one; what others call theirs is for them to say."""
    builder = statements.builder_of(found.statement)
    if builder in statements.BUILDERS.values() and builder not in allowed_builders(found):
        raise BundleError(Code.BUILDER_NOT_ALLOWED, f"{found.format} does not speak for {strict_json.shown(builder)}")


def _verdict(found: Verified) -> str | None:
    """PASSED or another result, of the types that have one."""
    name = _RESULTS.get(found.predicate_type)
    if name is None:
        return None
    result = found.statement["predicate"].get(name)
    # A test result may pass with warnings; an unknown word passes nothing.
    return "PASSED" if result in ("PASSED", "WARNED") else "FAILED" if result == "FAILED" else "unknown"


def _facts(found: Verified) -> Iterator[tuple[str, str]]:
    yield "type", found.predicate_type
    yield "signer", found.signer_identity
    if found.issuer is not None:
        yield "issuer", found.issuer
    if found.keyid is not None:
        yield "key", found.keyid
    if found.signed_at is not None:
        yield "signed_at", statements.timestamp(found.signed_at)
    if found.binding is not None:
        yield "policy", found.binding.policy_version
        yield "policy_digest", found.binding.policy_digest
        yield "pipeline", found.binding.pipeline_id


def _words(found: Verified, question: Question) -> str:
    names = ", ".join(name for name, _ in found.subjects[:5]) + (", …" if len(found.subjects) > 5 else "")
    compared = f"{len(question.artifacts)} compared" if question.artifacts else "not compared: give --artifact FILE"
    bound = "bound to its policy" if found.binding is not None else "bound to no policy"
    claimed: Any = statements.claimed_time(found.statement)
    time = f", says it was made at {statements.timestamp(claimed)}" if claimed else ""
    return f"about {names} ({compared}), {bound}{time}"
