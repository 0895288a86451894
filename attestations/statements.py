"""In-toto statements: what they are bound to (policy, pipeline, signer), and read back with the rules they are made by.

A statement is bytes; they are signed and kept as they are. Everything but evidence must carry a `Binding`; it is
refused without one when made and when verified. `predicates` makes them; a verifier needs only this module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

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
POLICY_NAME: Final = "policy-bundle"
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
    members = mapping(document, "the statement")
    if members.get("_type") not in (STATEMENT_TYPE, STATEMENT_TYPE_V01):
        raise Refused(Reason.STATEMENT_TYPE, f"_type is {shown(members.get('_type'))}")
    if unknown := members.keys() - _STATEMENT_FIELDS:
        raise Refused(Reason.MALFORMED, f"unknown field {shown(min(unknown))} in the statement")
    predicate_type = members.get("predicateType")
    if not isinstance(predicate_type, str) or not _TYPE_URI.fullmatch(predicate_type):
        raise Refused(Reason.PREDICATE_TYPE, f"predicateType {shown(predicate_type)} is not a URI")
    if members.get("predicate") is not None:  # optional; no kind of ours does without
        mapping(members["predicate"], "predicate")
    subjects = sequence(members.get("subject"), "subject")
    if not 0 < len(subjects) <= MAX_SUBJECTS:
        raise Refused(Reason.MALFORMED, f"{len(subjects)} subjects; between 1 and {MAX_SUBJECTS} are allowed")
    for subject in subjects:
        _check_subject(mapping(subject, "a subject"))


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
    found = [item for item in items if isinstance(item, dict) and item.get("name") == POLICY_NAME]
    if len(found) > 1:
        raise Refused(Reason.BINDING_INVALID, f"more than one {POLICY_NAME}")
    return found[0] if found else {}


def _own_properties(bom: object) -> Mapping[str, Any]:
    """The CycloneDX metadata properties that bind the document, without our namespace; others of ours may repeat."""
    binding = {name for _, (name,) in _BINDING_AT[CYCLONEDX]}
    found: dict[str, Any] = {}
    for item in sequence(at(bom, "metadata", "properties") or [], "metadata.properties"):
        name = mapping(item, "a property").get("name")
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
    digest = mapping(subject.get("digest"), "a subject's digest")
    if not 0 < len(digest) <= 32:
        raise Refused(Reason.MALFORMED, f"subject {shown(name)} has {len(digest)} digests")
    for algorithm, value in digest.items():
        length = HEX_DIGITS.get(algorithm)
        if not isinstance(value, str) or not value or (length and (len(value) != length or not _HEX.fullmatch(value))):
            wanted = f"{length} lower-case hex digits" if length else "a string"
            raise Refused(Reason.MALFORMED, f"subject {shown(name)}: digest {shown(algorithm)} must be {wanted}")


def mapping(value: object, what: str) -> dict[str, Any]:
    """The value, which must be an object; Refused otherwise."""
    if not isinstance(value, dict):
        raise Refused(Reason.MALFORMED, f"{what} is not an object")
    return value


def sequence(value: object, what: str) -> Sequence[Any]:
    """The value, which must be an array; Refused otherwise."""
    if not isinstance(value, list | tuple):
        raise Refused(Reason.MALFORMED, f"{what} is not an array")
    return value
