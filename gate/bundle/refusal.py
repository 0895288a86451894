"""Why a bundle is not accepted: reason codes beside those of `attestations.refusal`, and one exception for them."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """The reason codes of bundles and archives. Machines branch on them; none is ever reused for something else."""

    # names, in a folder, an archive or a manifest
    NAME_ENCODING = "name-encoding"  # not UTF-8
    NAME_ABSOLUTE = "name-absolute"
    NAME_PARENT = "name-parent"  # an empty, `.` or `..` component
    NAME_BACKSLASH = "name-backslash"
    NAME_DRIVE = "name-drive"  # a Windows drive letter
    NAME_CONTROL = "name-control"  # a character that can't be printed
    NAME_RESERVED = "name-reserved"  # a device name of Windows
    NAME_TRAILING = "name-trailing"  # a component that ends in a dot or a space
    NAME_TOO_LONG = "name-too-long"
    NAME_DUPLICATE = "name-duplicate"
    NAME_COLLISION = "name-collision"  # two names that one file system or the other takes for the same
    # the container
    ENTRY_TYPE = "entry-type"  # a link, a device, a folder: anything but a plain file
    NOT_AN_ARCHIVE = "not-an-archive"
    NOT_CANONICAL = "not-canonical"  # a tar, but not byte for byte the one the gate makes of these files
    TRUNCATED = "truncated"
    TRAILING_DATA = "trailing-data"  # something after the end, such as a second archive
    TOO_LARGE = "too-large"
    TOO_MANY_FILES = "too-many-files"
    UNREADABLE = "unreadable"
    # the contents
    MALFORMED = "malformed"
    MISSING_FILE = "missing-file"
    UNLISTED_FILE = "unlisted-file"
    DIGEST_MISMATCH = "digest-mismatch"
    UNKNOWN_KIND = "unknown-kind"  # sealed, but not as one of the kinds of bundle that are known here
    BINDING_MISSING = "binding-missing"
    BINDING_INVALID = "binding-invalid"
    IDENTITY_MISMATCH = "identity-mismatch"
    POLICY_MISMATCH = "policy-mismatch"
    POLICY_UNSIGNED = "policy-unsigned"
    PREDICATE_MISMATCH = "predicate-mismatch"  # two parts of the bundle say different things
    SUBJECT_MISMATCH = "subject-mismatch"
    BUILDER_NOT_ALLOWED = "builder-not-allowed"
    EVIDENCE_MISMATCH = "evidence-mismatch"  # a record that is said to be verified, and is not
    LEDGER_MISSING = "ledger-missing"
    LEDGER_MISMATCH = "ledger-mismatch"
    INCOMPLETE = "incomplete"  # something was left out that should be there
    FOREIGN_TENANT = "foreign-tenant"  # another tenant's record or identifier


class BundleError(Exception):
    """Not accepted. `code` is a `Code` or `attestations.Reason`; `message` is one line for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = str(code)
        self.message = message
