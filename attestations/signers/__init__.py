"""Signers: one protocol, statement in, Sigstore bundle out; each way of signing is a module loaded only when used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from attestations import statements
from attestations.refusal import Reason, Refused
from attestations.strict_json import shown

if TYPE_CHECKING:
    from attestations.trust import Trust


class SignerError(Exception):
    """A signer cannot be used or did not sign: one line that names the key or service and the remedy."""


class SignerConfigError(SignerError):
    """What was given to sign with is no key or configuration at all: the caller's mistake, and not a failure."""


class Signer(Protocol):
    """Signs statements in the name of `identity`. `keyid` is None where every signature has a key of its own; `run` is
    the CI run that a certificate was issued to, and the only pipeline id that its signatures can be bound to."""

    @property
    def identity(self) -> str: ...

    @property
    def keyid(self) -> str | None: ...

    @property
    def run(self) -> str | None: ...

    def sign(self, statement: bytes) -> bytes:
        """A Sigstore bundle v0.3 around the statement, byte for byte.

        Raises Refused for a statement that is not one, or not bound to this signer's identity, and SignerError when
        the key or service fails.
        """
        ...


def check_signable(statement: bytes, identity: str) -> None:
    """Refuse to sign what the verifier would refuse: an unbound statement, or one bound to another signer."""
    document = statements.parse(statement)
    if document["_type"] != statements.STATEMENT_TYPE:
        raise Refused(Reason.STATEMENT_TYPE, f"_type is {shown(document['_type'])}; only Statement v1 is signed")
    if document["predicateType"] in statements.BOUND_TYPES or "binding" in (document.get("predicate") or {}):
        claimed = statements.read_binding(document).signer_identity
        if claimed != identity:
            raise Refused(Reason.IDENTITY_MISMATCH, f"the statement names {shown(claimed)}, the signer is {identity}")


def sign_verified(signer: Signer, statement: bytes, trust: Trust, *, usage: str, now: datetime) -> bytes:
    """Sign, then verify the bundle at once with the trust its readers will have: nothing unverifiable is handed out.

    Raises what `Signer.sign` and `verify` raise.
    """
    from attestations.verify import UNCHECKED, Expectation, verify

    bundle = signer.sign(statement)
    expectation = Expectation(
        predicate_type=UNCHECKED,
        subjects=UNCHECKED,
        usage=usage,
        identity=signer.identity,
        issuer=UNCHECKED,
        policy_digest=UNCHECKED,
        pipeline_id=UNCHECKED,
        builders=UNCHECKED,
        predicate=UNCHECKED,
        max_age=UNCHECKED,
        require_timestamp=False,
        require_binding=False,  # evidence may be unbound; what must be bound is judged below
    )
    verified = verify(bundle, trust, expectation, now=now)
    if verified.payload != statement:
        raise Refused(Reason.BAD_SIGNATURE, "the bundle does not hold the statement that was to be signed")
    if verified.binding is None and verified.predicate_type in statements.BOUND_TYPES:
        raise Refused(Reason.BINDING_MISSING, f"a {verified.predicate_type} statement must be bound")
    return bundle


def _key(**options: Any) -> Signer:
    from attestations.signers.key import load_key

    return load_key(**options)


def _kms(**options: Any) -> Signer:
    from attestations.signers.kms import load_kms

    return load_kms(**options)


def _sigstore(**options: Any) -> Signer:
    from attestations.signers.sigstore import load_sigstore

    return load_sigstore(**options)


SIGNERS: Final[Mapping[str, Callable[..., Signer]]] = {"key": _key, "kms": _kms, "sigstore": _sigstore}
"""The ways of signing by name; each takes the keyword arguments of its module's loader."""
