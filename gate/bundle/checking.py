"""Verify a release bundle offline: every file, every signature, and that they all speak of the same thing."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attestations import statements, strict_json
from attestations.refusal import Refused
from attestations.trust import ATTESTATIONS
from attestations.verify import UNCHECKED, Expectation, Unchecked, Verified, verify
from gate import bundle
from gate.model import GateError
from gate.policy import digest

if TYPE_CHECKING:
    from attestations.trust import Trust

MAX_FILES = 100_000
MAX_BYTES = 2 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was checked. `code` is empty when it held, else the reason code of the refusal."""

    name: str
    detail: str
    code: str = ""

    @property
    def held(self) -> bool:
        return not self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a verification found. `authentic`: every check held. `passed`: and the signed verdict is PASSED."""

    checks: tuple[Check, ...]
    verdict: str
    version: str
    policy_version: str
    policy_digest: str
    signer: str
    verified_at: datetime

    @property
    def authentic(self) -> bool:
        return bool(self.checks) and all(check.held for check in self.checks)

    @property
    def passed(self) -> bool:
        return self.authentic and self.verdict == "PASSED"


class _BrokenError(Exception):
    """A check did not hold."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check(
    folder: Path,
    trust: Trust,
    *,
    now: datetime,
    artifacts: Sequence[Path] = (),
    policy_digest: str | None = None,
    max_age: timedelta | None = None,
) -> Report:
    """Check a bundle folder. `artifacts` are hashed and must be its subjects. Raises GateError only when there is no
    bundle to look at; everything else is a Check with a reason code."""
    if not folder.is_dir():
        raise GateError(f"{folder}: no such folder; give the folder of a release bundle")
    return _Verification(folder, trust, now, artifacts, policy_digest, max_age).run()


class _Verification:
    """One pass over one bundle; later checks use what earlier ones established."""

    def __init__(
        self, folder: Path, trust: Trust, now: datetime, artifacts: Sequence[Path], wanted_policy: str | None,
        max_age: timedelta | None,
    ) -> None:  # fmt: skip
        self.folder, self.trust, self.now = folder, trust, now
        self.artifacts, self.wanted_policy, self.max_age = artifacts, wanted_policy, max_age
        self.checks: list[Check] = []
        self.files: dict[str, bytes] = {}
        self.seal: Verified | None = None
        self.verdict: Verified | None = None
        self.subjects: tuple[str, ...] = ()

    def run(self) -> Report:
        steps: tuple[tuple[str, Callable[[], str]], ...] = (
            ("files", self._read),
            ("manifests", self._manifests),
            ("bundle signature", self._seal),
            ("verdict (VSA)", self._verdict),
            ("test result", lambda: self._attestation(bundle.TEST_RESULT, statements.TEST_RESULT)),
            ("provenance (SLSA)", lambda: self._attestation(bundle.PROVENANCE, statements.SLSA_PROVENANCE)),
            ("SBOM (CycloneDX)", self._sbom),
            ("decision", self._decision),
            ("policy", self._policy),
            ("artifacts", self._artifacts),
        )
        for name, step in steps:
            try:
                self.checks.append(Check(name=name, detail=step()))
            except _BrokenError as broken:
                self.checks.append(Check(name=name, detail=str(broken), code=broken.code))
            except Refused as refused:
                self.checks.append(Check(name=name, detail=refused.message, code=str(refused.code)))
            except (KeyError, TypeError, ValueError, OSError) as error:
                # A shape nobody signed for: the one boundary that makes it a refusal instead of a crash.
                self.checks.append(Check(name=name, detail=f"{type(error).__name__}: {error}"[:200], code="malformed"))
            if not self.checks[-1].held and name in ("files", "manifests", "bundle signature"):
                break  # nothing inside is worth a word before its outside holds
        binding = self.seal.binding if self.seal else None
        statement: Mapping[str, Any] = self.verdict.statement if self.verdict else {}
        return Report(
            checks=tuple(self.checks),
            verdict=str(statement.get("predicate", {}).get("verificationResult", "unknown")),
            version=str(self.seal.statement["predicate"]["record"].get("version")) if self.seal else "unknown",
            policy_version=binding.policy_version if binding else "unknown",
            policy_digest=binding.policy_digest if binding else "unknown",
            signer=self.seal.signer_identity if self.seal else "unknown",
            verified_at=self.now,
        )

    def _read(self) -> str:
        total = 0
        for base, folders, names in os.walk(self.folder):
            for name in (*folders, *names):
                path = Path(base, name)
                mode = path.lstat().st_mode
                relative = path.relative_to(self.folder).as_posix()
                if stat.S_ISDIR(mode):
                    continue
                if not stat.S_ISREG(mode):
                    raise _BrokenError("malformed", f"{relative}: not a regular file")
                total += path.lstat().st_size
                if total > MAX_BYTES or len(self.files) >= MAX_FILES:
                    raise _BrokenError("malformed", "the bundle is larger than any that the gate makes")
                self.files[relative] = path.read_bytes()
        if bundle.SIGNATURE not in self.files:
            raise _BrokenError("malformed", f"{bundle.SIGNATURE} is missing: this is not a release bundle")
        return f"{len(self.files)} files, {total:,} bytes"

    def _manifests(self) -> str:
        tags = _listed(self.files, bundle.TAG_MANIFEST)
        if set(tags) != set(bundle.TAG_FILES):
            raise _BrokenError("malformed", f"{bundle.TAG_MANIFEST} must list exactly {', '.join(bundle.TAG_FILES)}")
        listed = _listed(self.files, bundle.MANIFEST)
        present = set(self.files) - set(bundle.TAG_FILES) - {bundle.TAG_MANIFEST, bundle.SIGNATURE}
        for name in sorted(present - set(listed)):
            raise _BrokenError("unlisted-file", f"{name} is in the folder and not in the manifest")
        for name in sorted(set(listed) - present):
            raise _BrokenError("missing-file", f"{name} is in the manifest and not in the folder")
        for name, expected in sorted({**tags, **listed}.items()):
            if hashlib.sha256(self.files[name]).hexdigest() != expected:
                raise _BrokenError("digest-mismatch", f"{name} is not the file that was signed")
        return f"{len(listed)} payload files match their digests; nothing is missing, nothing is added"

    def _seal(self) -> str:
        tag_digest = hashlib.sha256(self.files[bundle.TAG_MANIFEST]).hexdigest()
        self.seal = self._verified(
            bundle.SIGNATURE, statements.evidence_type(bundle.BUNDLE_KIND), (tag_digest,), bound=False
        )
        if self.seal.binding is None:
            raise _BrokenError("binding-missing", "the bundle is not bound to policy, pipeline and signer")
        if self.wanted_policy is not None and self.seal.binding.policy_digest != self.wanted_policy:
            raise _BrokenError("policy-mismatch", f"made under policy sha256:{self.seal.binding.policy_digest}")
        return f"signed by {self.seal.signer_identity}, pipeline {self.seal.binding.pipeline_id}"

    def _verdict(self) -> str:
        found = self._verified(bundle.VERDICT, statements.VSA, None, max_age=self.max_age)
        self._same_binding(found)
        self.subjects = tuple(digests["sha256"] for _, digests in found.subjects)
        self.verdict = found
        predicate = found.statement["predicate"]
        for item in predicate.get("inputAttestations", ()):
            name = f"{bundle.ATTESTATIONS}/{item['uri']}"
            if hashlib.sha256(self.files.get(name, b"")).hexdigest() != item["digest"]["sha256"]:
                raise _BrokenError("digest-mismatch", f"the verdict was made on another {item['uri']}")
        return f"{predicate['verificationResult']} at {predicate['timeVerified']} for {predicate['resourceUri']}"

    def _attestation(self, path: str, predicate_type: str) -> str:
        found = self._verified(path, predicate_type, self.subjects)
        self._same_binding(found)
        return f"signed by {found.signer_identity} for {len(found.subjects)} artifacts"

    def _sbom(self) -> str:
        said = self._attestation(bundle.SBOM_ATTESTATION, statements.CYCLONEDX)
        found = self._verified(bundle.SBOM_ATTESTATION, statements.CYCLONEDX, self.subjects)
        if strict_json.loads(self.files[bundle.SBOM]) != found.statement["predicate"]:
            raise _BrokenError("predicate-mismatch", f"{bundle.SBOM} is not the SBOM that was signed")
        return said

    def _decision(self) -> str:
        record = self._sealed().statement["predicate"]["record"]
        data = self.files[bundle.DECISION]
        if hashlib.sha256(data).hexdigest() != record["decision_sha256"]:
            raise _BrokenError("digest-mismatch", "decision.json is not the decision that was signed")
        document = strict_json.loads(data)
        result = self.verdict.statement["predicate"]["verificationResult"] if self.verdict else "unknown"
        if (result == "PASSED") != bool(document["releasable"]):
            raise _BrokenError("predicate-mismatch", f"the VSA says {result}, the decision says {document['verdict']}")
        return f"{document['verdict']}, {'releasable' if document['releasable'] else 'not releasable'}"

    def _policy(self) -> str:
        binding = self._sealed().binding
        prefix = "data/policy/"
        files = {name.removeprefix(prefix): data for name, data in self.files.items() if name.startswith(prefix)}
        tool = strict_json.loads(self.files[bundle.DECISION])["tool"]["version"]
        if binding is None or digest(files, tool) != binding.policy_digest:
            raise _BrokenError("policy-mismatch", "data/policy/ is not the policy that was signed")
        return f"version {binding.policy_version}, sha256:{binding.policy_digest}, {len(files)} files"

    def _artifacts(self) -> str:
        for path in self.artifacts:
            if not path.is_file():
                raise _BrokenError("subject-mismatch", f"{path}: no such file")
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found not in self.subjects:
                raise _BrokenError("subject-mismatch", f"{path.name} is not an artifact of this release")
        names = ", ".join(name for name, _ in self.verdict.subjects) if self.verdict else "none"
        if not self.artifacts:
            return f"{names} (not compared: give --artifact FILE)"
        return f"{len(self.artifacts)} of {len(self.subjects)} compared: {names}"

    def _verified(
        self,
        path: str,
        predicate_type: str,
        subjects: tuple[str, ...] | None,
        *,
        bound: bool = True,
        max_age: timedelta | None = None,
    ) -> Verified:
        if path not in self.files:
            raise _BrokenError("missing-file", f"{path} is missing")
        any_subject: tuple[str, ...] | Unchecked = subjects or UNCHECKED
        expectation = Expectation(
            predicate_type=predicate_type,
            subjects=any_subject,
            usage=ATTESTATIONS,
            identity=self.seal.signer_identity if self.seal else UNCHECKED,
            issuer=UNCHECKED,
            policy_digest=self.seal.binding.policy_digest if bound and self.seal and self.seal.binding else UNCHECKED,
            pipeline_id=UNCHECKED,
            builders=UNCHECKED,
            predicate=UNCHECKED,
            max_age=max_age or UNCHECKED,
            require_timestamp=False,
            require_binding=bound,
        )
        return verify(self.files[path], self.trust, expectation, now=self.now)

    def _same_binding(self, found: Verified) -> None:
        if found.binding != self._sealed().binding:
            raise _BrokenError("binding-invalid", "it is bound to another policy, pipeline or signer than the bundle")

    def _sealed(self) -> Verified:
        if self.seal is None:
            raise _BrokenError("bad-signature", "the bundle's own signature did not verify")
        return self.seal


def _listed(files: Mapping[str, bytes], name: str) -> dict[str, str]:
    """The entries of a BagIt manifest: path to digest."""
    if name not in files:
        raise _BrokenError("missing-file", f"{name} is missing")
    entries: dict[str, str] = {}
    for line in files[name].decode("utf-8").splitlines():
        expected, separator, path = line.partition("  ")
        if not separator or len(expected) != 64 or path in entries:
            raise _BrokenError("malformed", f"{name} is not a BagIt manifest")
        entries[path] = expected
    return entries
