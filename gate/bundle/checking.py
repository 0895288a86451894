"""Verify a bundle offline: every file, the seal, and then what its kind of bundle promises."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attestations import statements, strict_json
from attestations.refusal import Refused
from attestations.statements import Binding
from attestations.trust import ATTESTATIONS
from attestations.verify import UNCHECKED, Expectation, Unchecked, Verified, verify
from gate import bundle
from gate.bundle import bag
from gate.bundle.refusal import BundleError, Code
from gate.bundle.report import Check, Report
from gate.model import Artifact, GateError

if TYPE_CHECKING:
    from attestations.trust import Trust

Step = tuple[str, Callable[["Verification"], str]]
"""A check: its name, and what to do; it returns what held, in words, or raises BundleError or Refused."""

KINDS: Final[Mapping[str, tuple[str, str]]] = {
    statements.evidence_type(bundle.RELEASE): ("release-bundle", "gate.bundle.release"),
    statements.evidence_type(bundle.SLICE): ("tenant-slice", "gate.bundle.slices"),
    statements.evidence_type(bundle.PACKET): ("trust-packet", "gate.bundle.packets"),
}
"""Predicate type of the seal → the report's word for it, and the module whose STEPS check it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the one who verifies wants to hold beside what always must; None and empty demand nothing.

    `ledger_keys` are verifier keys of ledgers; without any, those that the sealed policy names count. `against` are
    the files of the release bundle that a slice or packet was made from, verified, and `tenants` are tenants that even
    that bundle may not know of.
    """

    now: datetime
    artifacts: tuple[Artifact, ...] = ()
    predicate_type: str | None = None
    policy_digest: str | None = None
    identity: str | re.Pattern[str] | None = None
    issuer: str | None = None
    max_age: timedelta | None = None
    ledger_keys: tuple[str, ...] = ()
    against: Mapping[str, bytes] | None = None
    tenants: frozenset[str] = frozenset()


@dataclass(slots=True)
class Verification:
    """One pass over one bundle; later steps use what earlier ones established."""

    files: Mapping[str, bytes]
    trust: Trust
    question: Question
    seal: Verified | None = None
    verdict: Verified | None = None
    result: str = "unknown"
    """What the bundle says became of the release: PASSED or FAILED."""
    commitments: Mapping[str, Any] = field(default_factory=dict)
    """Number and root of the records of each kind, as the release's seal states them."""
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def sealed(self) -> Verified:
        if self.seal is None:
            raise BundleError(Code.MALFORMED, "the bundle's own signature was not verified")
        return self.seal

    @property
    def binding(self) -> Binding:
        if self.sealed.binding is None:
            raise BundleError(Code.BINDING_MISSING, "the bundle is not bound to policy, pipeline and signer")
        return self.sealed.binding

    @property
    def record(self) -> Mapping[str, Any]:
        """What the seal says of the bundle."""
        found: Mapping[str, Any] = self.sealed.statement["predicate"]["record"]
        return found

    def file(self, path: str) -> bytes:
        if path not in self.files:
            raise BundleError(Code.MISSING_FILE, f"{path} is missing")
        return self.files[path]

    def json(self, path: str) -> Any:
        try:
            return strict_json.loads(self.file(path))
        except strict_json.StrictJsonError as error:
            raise BundleError(Code.MALFORMED, f"{path}: {error}") from None

    def attested(
        self,
        path: str,
        predicate_type: str,
        subjects: tuple[str, ...] | Unchecked,
        *,
        usage: str = ATTESTATIONS,
        now: datetime | None = None,
        **demands: Any,
    ) -> Verified:
        """Verify a signed file of the bundle. `demands` are fields of the Expectation, all unchecked without."""
        expectation = expect(predicate_type=predicate_type, subjects=subjects, usage=usage, **demands)
        return verify(self.file(path), self.trust, expectation, now=now or self.question.now)

    def alike(self, path: str, predicate_type: str, subjects: tuple[str, ...] | Unchecked, **demands: Any) -> Verified:
        """Verify a signed file that must have been made by the same signer, run and policy as the bundle."""
        found = self.attested(
            path, predicate_type, subjects, identity=self.sealed.signer_identity, require_binding=True, **demands
        )
        if found.binding != self.binding:
            raise BundleError(Code.BINDING_INVALID, "it is bound to another policy, pipeline or signer than the bundle")
        builder = statements.builder_of(found.statement)
        if builder is not None and builder not in allowed_builders(found):
            raise BundleError(
                Code.BUILDER_NOT_ALLOWED, f"{found.format} does not speak for {strict_json.shown(builder)}"
            )
        return found


def expect(**changes: Any) -> Expectation:
    """An Expectation that demands nothing but a good signature, with these changes."""
    nothing: dict[str, Any] = dict.fromkeys(
        (
            "predicate_type", "subjects", "identity", "issuer", "policy_digest", "pipeline_id", "builders",
            "predicate", "max_age",
        ),
        UNCHECKED,
    )  # fmt: skip
    return Expectation(
        **{**nothing, "usage": ATTESTATIONS, "require_timestamp": False, "require_binding": False, **changes}
    )


def allowed_builders(found: Verified) -> tuple[str, ...]:
    """On whose behalf a signature of this kind may speak: keyless is a trust base of its own."""
    names = ("sigstore",) if found.issuer is not None else ("key", "kms")
    return tuple(statements.BUILDERS[name] for name in names)


def check(path: Path, trust: Trust, question: Question) -> Report:
    """Check the bundle in a folder or archive. Raises GateError only when there is nothing to look at."""
    return read_and_check(path, trust, question)[0]


def read_and_check(path: Path, trust: Trust, question: Question) -> tuple[Report, Mapping[str, bytes]]:
    """The same, with the files that were checked: whoever goes on with the bundle goes on with these very bytes."""
    files: dict[str, bytes] = {}
    checks: list[Check] = []

    def read() -> str:
        files.update(bag.read(path))
        if bag.SIGNATURE not in files:
            raise BundleError(Code.MISSING_FILE, f"{bag.SIGNATURE} is missing: this is not a bundle")
        return f"{len(files)} files, {sum(map(len, files.values())):,} bytes"

    if not _held(checks, "files", read):
        return Report(target=str(path), kind="unknown", checks=tuple(checks), verdict="unknown"), files
    found = check_files(files, trust, question, target=str(path))
    return replace(found, checks=(*checks, *found.checks)), files


def check_files(files: Mapping[str, bytes], trust: Trust, question: Question, *, target: str) -> Report:
    """Check a bundle whose files were read already, or are not written yet."""
    checks: list[Check] = []
    verification = Verification(files, trust, question)
    kind = "unknown"
    if _run(checks, verification, (("manifests", _manifests), ("seal", _seal))):
        kind, module = KINDS[verification.sealed.predicate_type]
        steps: Sequence[Step] = import_module(module).STEPS
        _run(checks, verification, steps, to_the_end=True)
    return Report(target=target, kind=kind, checks=tuple(checks), verdict=verification.result, facts=verification.facts)


def _run(checks: list[Check], verification: Verification, steps: Sequence[Step], *, to_the_end: bool = False) -> bool:
    """Nothing inside is worth a word before its outside holds; what is inside is checked to the end."""
    held = True
    for name, step in steps:
        if held or to_the_end:
            held = _held(checks, name, lambda step=step: step(verification)) and held  # type: ignore[misc]
    return held


def _held(checks: list[Check], name: str, step: Callable[[], str]) -> bool:
    try:
        checks.append(Check(name=name, detail=step()))
    except BundleError as error:
        checks.append(Check(name=name, detail=error.message, code=error.code))
    except Refused as refused:
        checks.append(Check(name=name, detail=refused.message, code=str(refused.code)))
    except GateError as error:
        if name == "files":
            raise
        checks.append(Check(name=name, detail=str(error), code=Code.MALFORMED))
    except Exception as error:  # noqa: BLE001 the one boundary: a shape nobody signed for is a refusal, not a crash
        checks.append(Check(name=name, detail=f"{type(error).__name__}: {error}"[:200], code=Code.MALFORMED))
    return checks[-1].held


def _manifests(v: Verification) -> str:
    payload = bag.check_manifests(v.files, {name: bag.sha256(data) for name, data in v.files.items()})
    return f"{payload} payload files match their digests; nothing is missing, nothing is added"


def _seal(v: Verification) -> str:
    wanted = v.question
    expectation = expect(
        subjects=(bag.sha256(v.files[bag.TAG_MANIFEST]),),
        identity=wanted.identity or UNCHECKED,
        issuer=wanted.issuer or UNCHECKED,
        require_binding=True,
    )
    found = verify(v.files[bag.SIGNATURE], v.trust, expectation, now=wanted.now)
    if found.predicate_type not in KINDS:
        raise BundleError(Code.UNKNOWN_KIND, f"sealed as a {strict_json.shown(found.predicate_type)}")
    if wanted.predicate_type is not None and wanted.predicate_type != found.predicate_type:
        raise BundleError(Code.PREDICATE_MISMATCH, f"a {found.predicate_type}, not a {wanted.predicate_type}")
    v.seal = found
    if wanted.policy_digest is not None and v.binding.policy_digest != wanted.policy_digest:
        raise BundleError(Code.POLICY_MISMATCH, f"made under policy sha256:{v.binding.policy_digest}")
    v.facts |= {
        "version": str(v.record.get("version")),
        "policy": v.binding.policy_version,
        "policy_digest": v.binding.policy_digest,
        "signer": found.signer_identity,
        "digest": bag.sha256(v.files[bag.TAG_MANIFEST]),
    }
    return f"signed by {found.signer_identity}, pipeline {v.binding.pipeline_id}; sha256:{v.facts['digest']}"
