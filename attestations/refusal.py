"""Why something is not accepted: one exception with a stable reason code, raised everywhere in this package."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The reason codes. They are part of the interface: machines branch on them, tests name them, none is reused."""

    MALFORMED = "malformed"  # not strict JSON, or not the shape of the format it claims to be
    TOO_LARGE = "too-large"  # over the size the reader takes
    UNSUPPORTED_FORMAT = "unsupported-format"  # well-formed, but a format, version or variant that is not verified here
    NO_TRUST = "no-trust"  # no trusted key, root or identity was given for this kind of signature
    SIGNATURE_COUNT = "signature-count"  # not exactly one signature
    UNTRUSTED_KEY = "untrusted-key"  # the signing key is not among the trusted keys
    KEY_USAGE = "key-usage"  # the key is trusted, but not for this
    KEY_NOT_YET_VALID = "key-not-yet-valid"  # before the start of the key's validity
    KEY_RETIRED = "key-retired"  # after its end, or after its end and no trusted time says it was signed before
    BAD_SIGNATURE = "bad-signature"
    UNTRUSTED_CERTIFICATE = "untrusted-certificate"  # chain, profile, SCT or validity at signing time
    UNTRUSTED_LOG = "untrusted-log"  # the transparency log entry does not verify or does not match
    UNTRUSTED_TIMESTAMP = "untrusted-timestamp"  # a timestamp is there and does not verify
    NO_TIMESTAMP = "no-timestamp"  # a trusted time is required and there is none
    NO_TIME = "no-time"  # an age is limited and the statement says no time
    FUTURE_TIME = "future-time"  # a time beyond now plus the allowed clock skew
    TOO_OLD = "too-old"
    PAYLOAD_TYPE = "payload-type"  # the signed bytes are not an in-toto statement
    STATEMENT_TYPE = "statement-type"  # `_type` is not the expected Statement version
    PREDICATE_TYPE = "predicate-type"
    SUBJECT_MISMATCH = "subject-mismatch"  # the statement is about something else
    BINDING_MISSING = "binding-missing"  # no policy version, policy digest, pipeline id or signer identity
    BINDING_INVALID = "binding-invalid"  # there, but malformed or contradicting itself
    IDENTITY_MISMATCH = "identity-mismatch"  # signed by another than expected, or than it claims
    PIPELINE_MISMATCH = "pipeline-mismatch"
    POLICY_MISMATCH = "policy-mismatch"
    BUILDER_NOT_ALLOWED = "builder-not-allowed"  # this signer may not speak for this builder or verifier
    PREDICATE_MISMATCH = "predicate-mismatch"  # a field of the predicate is not what was expected
    THRESHOLD = "threshold"  # fewer distinct signers than required


class Refused(ValueError):  # noqa: N818 - reads as what happened
    """Not accepted. `code` is a `Reason`; `message` is one line of printable text for a person."""

    def __init__(self, code: Reason, message: str) -> None:
        super().__init__(message)
        self.code = Reason(code)
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
