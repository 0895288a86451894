"""In-toto statements: made with the policy, pipeline and signer they are bound to, and read back with the same rules.

A statement is bytes; they are signed and kept as they are. Predicates: SLSA provenance v1, CycloneDX, SLSA verification
summary v1, in-toto test-result v0.1 and simple verification result v0.2, and evidence records of our own. Everything
but evidence must carry a `Binding`; it is refused without one when made and when verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from attestations import strict_json
from attestations.refusal import Reason, Refused
from attestations.strict_json import shown

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
STATEMENT_TYPE_V01: Final = "https://in-toto.io/Statement/v0.1"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
SLSA_PROVENANCE: Final = "https://slsa.dev/provenance/v1"
SLSA_PROVENANCE_V02: Final = "https://slsa.dev/provenance/v0.2"
CYCLONEDX: Final = "https://cyclonedx.org/bom"
VSA: Final = "https://slsa.dev/verification_summary/v1"
TEST_RESULT: Final = "https://in-toto.io/attestation/test-result/v0.1"
SVR: Final = "https://in-toto.io/attestation/svr/v0.2"
EVIDENCE_PREFIX: Final = "https://tenantgate.dev/evidence/"
EXTENSION: Final = "https://tenantgate.dev/attestation/v1/"
"""Where a predicate has no field for a fact, its key is this URI plus the name (in-toto: extension fields)."""
PROPERTY: Final = "tenantgate:"
"""Namespace of our CycloneDX properties."""
BOUND_TYPES: Final = frozenset({SLSA_PROVENANCE, CYCLONEDX, VSA, TEST_RESULT, SVR})
BUILDERS: Final[Mapping[str, str]] = {
    "key": "https://tenantgate.dev/builders/managed-key/v1",
    "kms": "https://tenantgate.dev/builders/kms/v1",
    "sigstore": "https://tenantgate.dev/builders/keyless/v1",
}
"""`builder.id` (and `verifier.id`) for each way of signing: each is a trust base of its own (SLSA v1, "builder.id")."""
MAX_SUBJECTS: Final = 1024
HEX_DIGITS: Final[Mapping[str, int]] = {"sha256": 64, "sha384": 96, "sha512": 128}
"""The digest algorithms of a subject that are ever compared, with the length of their hex form."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_HEX = re.compile(r"[0-9a-f]+")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+~-]{0,127}")
_TOKEN = re.compile(r"[!-~]{1,1024}")
_KIND = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*")
_TYPE_URI = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]{1,512}")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_POLICY_NAME: Final = "policy-bundle"
_DESCRIPTOR_FIELDS: Final = frozenset(
    {"name", "uri", "digest", "content", "downloadLocation", "mediaType", "annotations"}
)
_STATEMENT_FIELDS: Final = frozenset({"_type", "subject", "predicateType", "predicate"})


def evidence_type(kind: str) -> str:
    """The predicate type of an evidence record: `https://tenantgate.dev/evidence/<kind>/v1`."""
    if not _KIND.fullmatch(kind):
        raise Refused(Reason.PREDICATE_TYPE, f"{shown(kind)} is not an evidence kind (lower case, digits, - and _)")
    return f"{EVIDENCE_PREFIX}{kind}/v1"


_BINDING_RULES: Final = (
    ("policy_version", _VERSION, "letters, digits and ._+~-, at most 128"),
    ("policy_digest", _SHA256, "64 lower-case hex digits"),
    ("pipeline_id", _TOKEN, "printable ASCII without spaces, at most 1024"),
    ("signer_identity", _TOKEN, "printable ASCII without spaces, at most 1024"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a statement is bound to: printable ASCII without spaces; the digest is 64 lower-case hex digits."""

    policy_version: str
    policy_digest: str
    pipeline_id: str
    signer_identity: str

    def __post_init__(self) -> None:
        for name, pattern, rule in _BINDING_RULES:
            value = getattr(self, name)
            if not isinstance(value, str) or not value:
                raise Refused(Reason.BINDING_MISSING, f"{name} is missing")
            if not pattern.fullmatch(value):
                raise Refused(Reason.BINDING_INVALID, f"{name} {shown(value)} must be {rule}")

    def to_json(self) -> dict[str, str]:
        return {
            "policyDigest": self.policy_digest,
            "policyVersion": self.policy_version,
            "pipelineId": self.pipeline_id,
            "signerIdentity": self.signer_identity,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a statement is about: an artifact by name and SHA-256 (64 lower-case hex digits)."""

    name: str
    sha256: str

    def __post_init__(self) -> None:
        if not self.name or not _SHA256.fullmatch(self.sha256):
            raise Refused(Reason.MALFORMED, f"subject {shown(self.name)}: a name and a SHA-256 in lower-case hex")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceDescriptor:
    """Something a predicate refers to (in-toto ResourceDescriptor). `digest`: sha256, gitCommit … to hex."""

    name: str | None = None
    uri: str | None = None
    digest: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (self.uri or self.digest):
            raise Refused(Reason.MALFORMED, f"resource {shown(self.name)}: a uri or a digest is needed")

    def to_json(self) -> dict[str, Any]:
        members = {
            "name": self.name,
            "uri": self.uri,
            "digest": dict(self.digest),
            "annotations": dict(self.annotations),
        }
        return {key: value for key, value in members.items() if value}


def statement(subjects: Sequence[Subject], predicate_type: str, predicate: Mapping[str, Any]) -> bytes:
    """An in-toto Statement v1 as the bytes to sign. Raises Refused, also when a type that must be bound is not."""
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": subject.name, "digest": {"sha256": subject.sha256}} for subject in subjects],
        "predicateType": predicate_type,
        "predicate": dict(predicate),
    }
    return _encode(document)


def _encode(document: Mapping[str, Any]) -> bytes:
    """The bytes to sign of a whole statement, after the checks its verifier will make."""
    check(document)
    if document["predicateType"] in BOUND_TYPES:
        read_binding(document)
    try:
        return strict_json.dumps(document)
    except strict_json.StrictJsonError as error:
        raise Refused(Reason.MALFORMED, str(error)) from None


def provenance(
    *,
    subjects: Sequence[Subject],
    binding: Binding,
    builder_id: str,
    build_type: str,
    parameters: Mapping[str, Any],
    dependencies: Sequence[ResourceDescriptor],
    started_at: datetime,
    finished_at: datetime,
    byproducts: Sequence[ResourceDescriptor] = (),
    policy_uri: str | None = None,
) -> bytes:
    """SLSA provenance v1. `parameters` are the external ones (`source` …); the source commit goes to `dependencies`."""
    policy = policy_descriptor(binding, policy_uri)
    predicate = {
        "buildDefinition": {
            "buildType": build_type,
            "externalParameters": {**parameters, "policyBundle": {"uri": policy["uri"]}},
            "internalParameters": binding.to_json(),
            "resolvedDependencies": [policy, *(dependency.to_json() for dependency in dependencies)],
        },
        "runDetails": {
            "builder": {"id": builder_id},
            "metadata": {
                "invocationId": binding.pipeline_id,
                "startedOn": timestamp(started_at),
                "finishedOn": timestamp(finished_at),
            },
            **({"byproducts": [product.to_json() for product in byproducts]} if byproducts else {}),
        },
    }
    return statement(subjects, SLSA_PROVENANCE, predicate)


def verification_summary(
    *,
    subjects: Sequence[Subject],
    binding: Binding,
    verifier_id: str,
    tool_version: str,
    verified_at: datetime,
    resource_uri: str,
    passed: bool,
    levels: Sequence[str],
    inputs: Sequence[ResourceDescriptor] = (),
    policy_uri: str | None = None,
) -> bytes:
    """SLSA verification summary v1. `levels` are what was verified when it passed; a failed one says `FAILED`."""
    if passed and not levels:
        raise Refused(Reason.MALFORMED, "a passed verification summary names at least one verified level")
    predicate = {
        "verifier": {"id": verifier_id, "version": {"tenantgate": tool_version, "policy": binding.policy_version}},
        "timeVerified": timestamp(verified_at),
        "resourceUri": resource_uri,
        "policy": policy_descriptor(binding, policy_uri),
        "inputAttestations": [attestation.to_json() for attestation in inputs],
        "verificationResult": "PASSED" if passed else "FAILED",
        "verifiedLevels": list(levels) if passed else ["FAILED"],
        "slsaVersion": "1.1",
        **_extension(binding),
    }
    return statement(subjects, VSA, predicate)


def test_result(
    *,
    subjects: Sequence[Subject],
    binding: Binding,
    passed: Iterable[str],
    warned: Iterable[str],
    failed: Iterable[str],
    finished_at: datetime,
    measurements: Mapping[str, int] | None = None,  # noqa: PT028
    url: str | None = None,  # noqa: PT028
    policy_uri: str | None = None,  # noqa: PT028
) -> bytes:
    """In-toto test-result v0.1 with rule ids as tests. A run without any test is refused: it says nothing.

    `measurements` are counts that say what the result is worth, such as how much of the code was understood.
    """
    tests = {"passedTests": sorted(passed), "warnedTests": sorted(warned), "failedTests": sorted(failed)}
    if not any(tests.values()):
        raise Refused(Reason.MALFORMED, "a test result without a single test")
    predicate = {
        "result": "FAILED" if tests["failedTests"] else "WARNED" if tests["warnedTests"] else "PASSED",
        "configuration": [policy_descriptor(binding, policy_uri)],
        **tests,
        **({"url": url} if url else {}),
        **({EXTENSION + "measurements": dict(measurements)} if measurements else {}),
        **_extension(binding),
        EXTENSION + "finishedOn": timestamp(finished_at),
    }
    return statement(subjects, TEST_RESULT, predicate)


# pytest would otherwise collect it wherever a test module imports it by name.
test_result.__test__ = False  # type: ignore[attr-defined]


def simple_verification(
    *,
    subjects: Sequence[Subject],
    binding: Binding,
    verifier_id: str,
    created_at: datetime,
    properties: Sequence[str],
    policy_uri: str | None = None,
) -> bytes:
    """In-toto simple verification result v0.2: the properties that were found to hold, at least one."""
    if not properties:
        raise Refused(Reason.MALFORMED, "a simple verification result names at least one property")
    predicate = {
        "verifier": {"id": verifier_id, "policies": [policy_descriptor(binding, policy_uri)]},
        "timeCreated": timestamp(created_at),
        "properties": sorted(properties),
        **_extension(binding),
    }
    return statement(subjects, SVR, predicate)


def sbom_statement(*, subjects: Sequence[Subject], binding: Binding, sbom: Mapping[str, Any]) -> bytes:
    """A CycloneDX document as predicate, with the binding added to its `metadata.properties` (`sbom` is not changed).

    A document that already carries one of these properties is refused.
    """
    if sbom.get("bomFormat") != "CycloneDX":
        raise Refused(Reason.MALFORMED, "the SBOM does not say bomFormat CycloneDX")
    metadata = dict(_mapping(sbom.get("metadata", {}), "metadata"))
    properties = _sequence(metadata.get("properties", []), "metadata.properties")
    ours = ({"name": PROPERTY + name, "value": value} for name, value in binding.to_json().items())
    metadata["properties"] = [*properties, *ours]
    return statement(subjects, CYCLONEDX, {**sbom, "metadata": metadata})


def evidence_statement(
    kind: str, record: Mapping[str, Any], *, subjects: Sequence[Subject] = (), binding: Binding | None = None
) -> bytes:
    """An evidence record signed by whoever produced it; `subjects` default to the record itself.

    The predicate is `{"record": …, "binding": {…}}`. The binding is optional: a purge job does not know the policy.
    """
    predicate: dict[str, Any] = {"record": dict(record)}
    if binding is not None:
        predicate["binding"] = binding.to_json()
    if not subjects:
        try:
            subjects = (Subject(name=f"{kind}.json", sha256=sha256(strict_json.dumps(dict(record))).hexdigest()),)
        except strict_json.StrictJsonError as error:
            raise Refused(Reason.MALFORMED, f"{kind}: {error}") from None
    return statement(subjects, evidence_type(kind), predicate)


def policy_descriptor(binding: Binding, uri: str | None = None) -> dict[str, Any]:
    """The policy as an in-toto ResourceDescriptor; its URI defaults to a generic package URL with the version."""
    return ResourceDescriptor(
        name=_POLICY_NAME,
        uri=uri or f"pkg:generic/tenantgate-policy@{quote(binding.policy_version, safe='')}",
        digest={"sha256": binding.policy_digest},
        annotations={"policyVersion": binding.policy_version},
    ).to_json()


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, whole seconds (rounded down)."""
    if moment.tzinfo is None:
        raise Refused(Reason.MALFORMED, f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def parse_time(text: object) -> datetime:
    """RFC 3339 with an explicit offset, as UTC. Leap seconds and impossible dates are refused."""
    if isinstance(text, str) and _RFC3339.fullmatch(text):
        try:
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise Refused(Reason.MALFORMED, f"{shown(text)} is not an RFC 3339 time with an offset")


def parse(payload: bytes) -> dict[str, Any]:
    """The statement in signed bytes, checked for shape. Raises Refused."""
    try:
        document = strict_json.loads(payload)
    except strict_json.StrictJsonError as error:
        raise Refused(Reason.MALFORMED, f"the statement is not strict JSON: {error}") from None
    check(document)
    return document  # type: ignore[no-any-return]  # check() saw that it is an object


def check(document: object) -> None:
    """Refuse what is not a Statement v1 or v0.1. Unknown fields are fatal, as for readers that use strict protojson."""
    members = _mapping(document, "the statement")
    if members.get("_type") not in (STATEMENT_TYPE, STATEMENT_TYPE_V01):
        raise Refused(Reason.STATEMENT_TYPE, f"_type is {shown(members.get('_type'))}")
    if unknown := members.keys() - _STATEMENT_FIELDS:
        raise Refused(Reason.MALFORMED, f"unknown field {shown(min(unknown))} in the statement")
    predicate_type = members.get("predicateType")
    if not isinstance(predicate_type, str) or not _TYPE_URI.fullmatch(predicate_type):
        raise Refused(Reason.PREDICATE_TYPE, f"predicateType {shown(predicate_type)} is not a URI")
    if members.get("predicate") is not None:  # optional; no kind of ours does without
        _mapping(members["predicate"], "predicate")
    subjects = _sequence(members.get("subject"), "subject")
    if not 0 < len(subjects) <= MAX_SUBJECTS:
        raise Refused(Reason.MALFORMED, f"{len(subjects)} subjects; between 1 and {MAX_SUBJECTS} are allowed")
    for subject in subjects:
        _check_subject(_mapping(subject, "a subject"))


def subject_digests(document: Mapping[str, Any], algorithm: str) -> frozenset[str]:
    """The digests of one algorithm over all subjects of a checked statement."""
    return frozenset(subject["digest"][algorithm] for subject in document["subject"] if algorithm in subject["digest"])


def read_binding(document: Mapping[str, Any]) -> Binding:
    """What a checked statement is bound to; Refused if a part is missing or two copies of it disagree."""
    predicate_type, predicate = document["predicateType"], document.get("predicate")
    kind = EVIDENCE_PREFIX if predicate_type.startswith(EVIDENCE_PREFIX) else predicate_type
    if kind not in _BINDING_AT:
        raise Refused(Reason.BINDING_MISSING, f"a {shown(predicate_type)} statement carries no binding")
    if kind == CYCLONEDX:
        predicate = _own_properties(predicate)
    copies = [(part, at(predicate, *path)) for part, path in _BINDING_AT[kind]]
    if kind in _POLICY_AT:
        policy = _policy(at(predicate, *_POLICY_AT[kind]))
        copies += [
            ("policy_version", at(policy, "annotations", "policyVersion")),
            ("policy_digest", at(policy, "digest", "sha256")),
        ]
    values: dict[str, Any] = {}
    for part, value in copies:
        if value is None or value == "":
            raise Refused(Reason.BINDING_MISSING, f"{part} is missing")
        if not isinstance(value, str) or values.setdefault(part, value) != value:
            raise Refused(Reason.BINDING_INVALID, f"{part} is {shown(value)} in one place and otherwise in another")
    return _binding(**values)


@lru_cache(maxsize=64)
def _binding(**values: str) -> Binding:
    """One object for the statements of one run: they are bound to the same."""
    return Binding(**values)


def for_signer(payload: bytes, identity: str) -> bytes:
    """The same statement bound to another signer: what a second person signs to counter-sign. Raises Refused."""
    document = parse(payload)
    read_binding(document)
    predicate = document["predicate"]
    kind = EVIDENCE_PREFIX if document["predicateType"].startswith(EVIDENCE_PREFIX) else document["predicateType"]
    if kind == CYCLONEDX:
        for item in predicate["metadata"]["properties"]:
            if item.get("name") == PROPERTY + "signerIdentity":
                item["value"] = identity
    else:
        for part, (*path, name) in _BINDING_AT[kind]:
            if part == "signer_identity":
                holder: Any = at(predicate, *path)
                holder[name] = identity
    return _encode(document)


def builder_of(document: Mapping[str, Any]) -> str | None:
    """On whose behalf the statement speaks: `builder.id` of a provenance, `verifier.id` of a VSA or SVR, else None."""
    path = _BUILDER_AT.get(document["predicateType"])
    if path is None:
        return None
    builder = at(document.get("predicate"), *path)
    if not isinstance(builder, str) or not builder:
        raise Refused(Reason.MALFORMED, f"{'.'.join(path)} is missing")
    return builder


def claimed_time(document: Mapping[str, Any]) -> datetime | None:
    """When the statement says it was made, or None if its predicate says no time. Nothing proves it."""
    path = _TIME_AT.get(document["predicateType"])
    text = None if path is None else at(document.get("predicate"), *path)
    return None if text is None else parse_time(text)


def _extension(binding: Binding) -> dict[str, str]:
    return {EXTENSION + "pipelineId": binding.pipeline_id, EXTENSION + "signerIdentity": binding.signer_identity}


def at(value: object, *path: str) -> object:
    """The member at a path of names, None where one is missing; Refused where something is not an object."""
    found: Any = value
    try:
        for name in path:
            found = found[name]
    except (KeyError, TypeError):
        return _at(value, path)  # one by one, to say what is missing
    return found


def _at(value: object, path: tuple[str, ...]) -> object:
    found = value
    for name in path:
        if not isinstance(found, dict):
            depth = next(d for d in range(len(path)) if not isinstance(at(value, *path[:d]), dict))
            raise Refused(Reason.MALFORMED, f"{'.'.join(('predicate', *path[:depth]))} is not an object")
        found = found.get(name)
        if found is None:
            return None
    return found


_INTERNAL: Final = ("buildDefinition", "internalParameters")
_EXTENDED: Final = (("pipeline_id", (EXTENSION + "pipelineId",)), ("signer_identity", (EXTENSION + "signerIdentity",)))
_BINDING_AT: Final[Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    SLSA_PROVENANCE: (
        ("policy_version", (*_INTERNAL, "policyVersion")),
        ("policy_digest", (*_INTERNAL, "policyDigest")),
        ("pipeline_id", (*_INTERNAL, "pipelineId")),
        ("pipeline_id", ("runDetails", "metadata", "invocationId")),
        ("signer_identity", (*_INTERNAL, "signerIdentity")),
    ),
    CYCLONEDX: (
        ("policy_version", ("policyVersion",)),
        ("policy_digest", ("policyDigest",)),
        ("pipeline_id", ("pipelineId",)),
        ("signer_identity", ("signerIdentity",)),
    ),
    VSA: _EXTENDED,
    SVR: _EXTENDED,
    TEST_RESULT: _EXTENDED,
    EVIDENCE_PREFIX: (
        ("policy_version", ("binding", "policyVersion")),
        ("policy_digest", ("binding", "policyDigest")),
        ("pipeline_id", ("binding", "pipelineId")),
        ("signer_identity", ("binding", "signerIdentity")),
    ),
}
_POLICY_AT: Final[Mapping[str, tuple[str, ...]]] = {
    SLSA_PROVENANCE: ("buildDefinition", "resolvedDependencies"),
    VSA: ("policy",),
    SVR: ("verifier", "policies"),
    TEST_RESULT: ("configuration",),
}
_BUILDER_AT: Final[Mapping[str, tuple[str, ...]]] = {
    SLSA_PROVENANCE: ("runDetails", "builder", "id"),
    SLSA_PROVENANCE_V02: ("builder", "id"),
    VSA: ("verifier", "id"),
    SVR: ("verifier", "id"),
}
_TIME_AT: Final[Mapping[str, tuple[str, ...]]] = {
    SLSA_PROVENANCE: ("runDetails", "metadata", "finishedOn"),
    CYCLONEDX: ("metadata", "timestamp"),
    VSA: ("timeVerified",),
    SVR: ("timeCreated",),
    TEST_RESULT: (EXTENSION + "finishedOn",),
}


def _policy(descriptors: object) -> Mapping[str, Any]:
    """The one policy among resource descriptors, empty if there is none."""
    items = descriptors if isinstance(descriptors, list) else [descriptors]
    found = [item for item in items if isinstance(item, dict) and item.get("name") == _POLICY_NAME]
    if len(found) > 1:
        raise Refused(Reason.BINDING_INVALID, f"more than one {_POLICY_NAME}")
    return found[0] if found else {}


def _own_properties(bom: object) -> Mapping[str, Any]:
    """The CycloneDX metadata properties that bind the document, without our namespace; others of ours may repeat."""
    binding = {name for _, (name,) in _BINDING_AT[CYCLONEDX]}
    found: dict[str, Any] = {}
    for item in _sequence(at(bom, "metadata", "properties") or [], "metadata.properties"):
        name = _mapping(item, "a property").get("name")
        if isinstance(name, str) and (short := name.removeprefix(PROPERTY)) != name and short in binding:
            if short in found:
                raise Refused(Reason.BINDING_INVALID, f"property {shown(name)} occurs twice")
            found[short] = item.get("value")
    return found


def _check_subject(subject: Mapping[str, Any]) -> None:
    if unknown := subject.keys() - _DESCRIPTOR_FIELDS:
        raise Refused(Reason.MALFORMED, f"unknown field {shown(min(unknown))} in a subject")
    name = subject.get("name")
    if not isinstance(name, str) or not name:
        raise Refused(Reason.MALFORMED, "a subject has no name")
    digest = _mapping(subject.get("digest"), "a subject's digest")
    if not 0 < len(digest) <= 32:
        raise Refused(Reason.MALFORMED, f"subject {shown(name)} has {len(digest)} digests")
    for algorithm, value in digest.items():
        length = HEX_DIGITS.get(algorithm)
        if not isinstance(value, str) or not value or (length and (len(value) != length or not _HEX.fullmatch(value))):
            wanted = f"{length} lower-case hex digits" if length else "a string"
            raise Refused(Reason.MALFORMED, f"subject {shown(name)}: digest {shown(algorithm)} must be {wanted}")


def _mapping(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refused(Reason.MALFORMED, f"{what} is not an object")
    return value


def _sequence(value: object, what: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise Refused(Reason.MALFORMED, f"{what} is not an array")
    return value
