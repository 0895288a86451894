"""`VERIFY.md`: how to check a bundle without believing it, with this tool or without. The tests run its commands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gate.bundle.bag import MANIFEST, SIGNATURE, TAG_MANIFEST


def verify_md(
    what: str,
    *,
    artifact: str,
    tool_version: str,
    keyless: bool,
    inside: Sequence[str] = (),
) -> bytes:
    """The file, for a bundle described as `what`. `inside` are sections about what is special in this kind of bundle.

    The commands of the section on OpenSSL run as they stand, in the bundle's folder, in any POSIX shell.
    """
    name = artifact if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", artifact) else "ARTIFACT"
    middle = [_CERTIFICATE if keyless else _KEY, *inside, _OTHERS_KEYLESS if keyless else _OTHERS_KEY]
    text = "\n".join([_HEAD.replace("WHAT", what), _FILES, *middle])
    return text.replace("ARTIFACT", name).replace("TOOL_VERSION", tool_version).encode()


POLICY_SECTION = """## The policy's digest

What the signed statements call the policy digest is made from the files in `data/policy/`:

    (cd data/policy && find . -type f | sed 's|^[.]/||' | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 sha256sum
    echo 'tenantgate TOOL_VERSION') | sha256sum
"""

_HEAD = """# How to check this bundle

It holds WHAT. Nothing in it has to be believed: check the signatures with trusted keys
that you got from somewhere else than this folder. `data/trust/` is a copy for comparison only.

## With the gate, offline

    gate verify . --trusted-keys KEYS.json --artifact ARTIFACT
    gate replay . --trusted-keys KEYS.json

The second command decides again, from the evidence, policy and clock in here, and compares byte for byte.
"""

_FILES = f"""## With coreutils: every file is the one that is listed

    sha256sum --check --strict --quiet {TAG_MANIFEST} && sha256sum --check --strict --quiet {MANIFEST}

Nothing printed means that all are. That no file was added: the two numbers must be equal.

    find data -type f | wc -l
    wc -l < {MANIFEST}
"""

_EXTRACT = f"""    work=$(mktemp -d)
    sed 's/.*"payload":"\\([^"]*\\)".*/\\1/' {SIGNATURE} | base64 -d > "$work/payload"
    sed 's/.*"sig":"\\([^"]*\\)".*/\\1/' {SIGNATURE} | base64 -d > "$work/sig"
    {{ printf 'DSSEv1 28 application/vnd.in-toto+json %s ' "$(wc -c < "$work/payload" | tr -d ' ')"
      cat "$work/payload"; }} > "$work/signed"
"""

_SUBJECT = f"""    digest=$(sha256sum {TAG_MANIFEST} | cut -d ' ' -f 1)
    grep -c "\\"digest\\":{{\\"sha256\\":\\"$digest\\"}}" "$work/payload"
"""

_KEY = f"""## With OpenSSL: the list is the one that was signed

`PUBLIC-KEY.pem` is the signer's key, from your own source. This needs `sed`, `base64` and `openssl`, nothing else.

{_EXTRACT}    openssl dgst -sha256 -verify PUBLIC-KEY.pem -signature "$work/sig" "$work/signed"
{_SUBJECT}
`Verified OK` and `1`: the signature is by that key, and it is about the list of files that was just checked.
"""

_CERTIFICATE = f"""## With OpenSSL: the list is the one that was signed

The signature was made keyless: with a key that lived for minutes and a certificate that names the CI identity. OpenSSL
shows that the signature fits the certificate; that the certificate is genuine, cosign or the gate must say.

    work=$(mktemp -d)
    python3 -I -c 'import base64, json, sys
    bundle = json.load(open(sys.argv[1], encoding="utf-8"))
    envelope, certificate = bundle["dsseEnvelope"], bundle["verificationMaterial"]["certificate"]["rawBytes"]
    payload = base64.b64decode(envelope["payload"])
    signed = b"DSSEv1 28 application/vnd.in-toto+json %d %b" % (len(payload), payload)
    sig = base64.b64decode(envelope["signatures"][0]["sig"])
    for name, data in ("payload", payload), ("signed", signed), ("sig", sig), ("der", base64.b64decode(certificate)):
        open(sys.argv[2] + "/" + name, "wb").write(data)' {SIGNATURE} "$work"
    openssl x509 -inform DER -in "$work/der" -noout -pubkey > "$work/key.pem"
    openssl dgst -sha256 -verify "$work/key.pem" -signature "$work/sig" "$work/signed"
{_SUBJECT}"""

_OTHERS_KEY = """## With cosign, a single attestation

    cosign verify-blob-attestation --key PUBLIC-KEY.pem --bundle data/attestations/verdict.sigstore.json \\
      --insecure-ignore-tlog --type https://slsa.dev/verification_summary/v1 ARTIFACT

## With npm's sigstore (JavaScript), a single attestation

    const { bundleFromJSON } = require('@sigstore/bundle');
    const { toSignedEntity, toTrustMaterial, Verifier } = require('@sigstore/verify');
    const root = { certificateAuthorities: [], ctlogs: [], tlogs: [], timestampAuthorities: [] };
    const key = { publicKey: require('crypto').createPublicKey(pem), validFor: () => true };
    new Verifier(toTrustMaterial(root, () => key), { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 })
      .verify(toSignedEntity(bundleFromJSON(require('./data/attestations/verdict.sigstore.json'))));

It checks the signature alone: compare payload type, predicate type and subject yourself.
"""

_OTHERS_KEYLESS = """## With cosign, a single attestation

    cosign verify-blob-attestation --bundle data/attestations/verdict.sigstore.json \\
      --certificate-identity IDENTITY --certificate-oidc-issuer ISSUER \\
      --type https://slsa.dev/verification_summary/v1 ARTIFACT

## With npm's sigstore (JavaScript), a single attestation

    require('sigstore').verify(require('./data/attestations/verdict.sigstore.json'),
      { certificateIdentityURI: '^IDENTITY, escaped$', certificateIssuer: 'ISSUER' });

The identity is a regular expression there: escape it, and anchor it with ^ and $. Compare predicate type and subject
yourself.
"""
