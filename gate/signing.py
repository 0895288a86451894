"""The gate's own use of keys: whose signatures the policy trusts, and the key this run signs with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.model import GateError, Policy, UndecidedError
from gate.pipeline import pipeline_id

if TYPE_CHECKING:
    from attestations.signers import Signer
    from attestations.trust import Trust, TrustedKeys

PASSPHRASE_VARIABLE = "GATE_KEY_PASSPHRASE"


def trust_of(policy: Policy) -> Trust:
    """What the policy's `trust` section names, read from the policy's own files."""
    from attestations.trust import USAGES, Identity, Trust

    config = policy.config.get("trust", {})
    root = config.get("sigstore_root")
    return Trust(
        keys=trusted_keys(policy.files[config["keys"]], config["keys"]) if "keys" in config else None,
        sigstore_root=policy.files[root] if root else None,
        identities=tuple(
            Identity(_named(i), i["issuer"], tuple(USAGES[u] for u in i.get("usages", ())))
            for i in config.get("identities", ())
        ),
    )


def _named(entry: Mapping[str, str]) -> str | re.Pattern[str]:
    from attestations.trust import anchored

    if "identity" in entry:
        return entry["identity"]
    try:
        return anchored(entry["identity_regexp"])
    except ValueError as error:
        raise GateError(f"gate.yaml: trust.identities: identity_regexp: {error}") from None


def trusted_keys(data: bytes, name: str) -> TrustedKeys:
    """Parse a trusted-keys file. Raises GateError naming it."""
    from attestations.refusal import Refused
    from attestations.trust import load_trusted_keys

    try:
        return load_trusted_keys(data)
    except Refused as refused:
        raise GateError(f"{name}: {refused}") from None


def choose(arguments: Any, trust: Trust, usage: str) -> tuple[Signer, str]:
    """The signer that `--key` or `--keyless` name, and the builder.id of that way of signing."""
    import os

    from attestations.signers.kms import is_reference
    from attestations.statements import BUILDERS

    if arguments.keyless:
        return keyless_signer(arguments.trust_config, trust), BUILDERS["sigstore"]
    kind = "kms" if is_reference(arguments.key) else "key"
    return key_signer(arguments.key, dict(os.environ), trust, usage), BUILDERS[kind]


def run_of(signer: Signer, environment: Mapping[str, str]) -> str:
    """The pipeline id to bind statements to: the run that the signer's certificate names, or what the CI says it is.

    They are not always spelled the same: for Buildkite and CircleCI a certificate names the job.
    """
    return signer.run or pipeline_id(environment)


def keyless_signer(trust_config: Path | None, trust: Trust) -> Signer:
    """The signer of the CI's own OIDC identity (Sigstore); the policy must trust that identity by name.

    `trust_config` is the ClientTrustConfig of a private instance; without one the public instance is used.
    """
    from attestations.signers import SIGNERS, SignerConfigError, SignerError

    if trust.sigstore_root is None or not trust.identities:
        raise GateError(
            "--keyless: the policy trusts no Sigstore identity; set trust.sigstore_root and trust.identities"
        )
    if trust_config is not None and not trust_config.is_file():
        raise GateError(f"--trust-config {trust_config}: no such file")
    try:
        return SIGNERS["sigstore"](trust_config=trust_config.read_bytes() if trust_config else None)
    except SignerConfigError as error:
        raise GateError(f"--trust-config {trust_config}: {error}") from None
    except SignerError as error:
        raise UndecidedError(f"--keyless: {error}") from None


def key_signer(path: Path, environment: dict[str, str], trust: Trust, usage: str) -> Signer:
    """The signer of a key file, in the identity that the trusted keys give it for this usage.

    The file holds a key, or says which key of a KMS or token signs (`attestations.signers.kms.load_reference`). A key
    that the policy does not trust signs nothing: nobody could verify the result.
    """
    from dataclasses import replace

    from attestations.refusal import Refused
    from attestations.signers import SignerError
    from attestations.signers.key import load_key
    from attestations.signers.kms import is_reference, load_reference

    secret = environment.get(PASSPHRASE_VARIABLE)

    def pin(_: str) -> str:
        if secret is None:
            raise SignerError(f"set {PASSPHRASE_VARIABLE}: the key's store asks for a PIN")
        return secret

    try:
        if is_reference(path):
            signer = load_reference(path, "unknown", secret=pin)
        else:
            signer = load_key(path, secret.encode() if secret else None, "unknown")
        entries = [k for k in trust.keys.find(signer.keyid) if k.usage == usage] if trust.keys else []
        if not entries:
            raise GateError(
                f"{path}: key {signer.keyid} is not trusted for {usage}; add it with `gate keys trust` and commit that"
            )
        return replace(signer, identity=entries[0].identity)
    except (Refused, SignerError) as error:
        raise GateError(f"{path}: {error}") from None
