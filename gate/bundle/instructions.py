"""`VERIFY.md`: how to check a bundle without believing it, with this tool or without. The tests run its commands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from gate.bundle.bag import MANIFEST, SIGNATURE, TAG_MANIFEST


class Example(NamedTuple):
    """A signed file of the bundle to show other clients with: its path, predicate type, and the file it is about."""

    path: str
    predicate_type: str
    subject: str


def verify_md(
    what: str, *, commands: Sequence[str], example: Example, keyless: bool, inside: Sequence[str] = ()
) -> bytes:
    """The file, for a bundle that holds `what`. `inside` are sections about what is special in this kind of bundle.

    The commands of the sections on coreutils and OpenSSL run as they stand, in the bundle's folder, in a POSIX shell.
    """
    middle = [_CERTIFICATE if keyless else _KEY, *inside, _OTHERS_KEYLESS if keyless else _OTHERS_KEY]
    values = {
        "WHAT": what,
        "COMMANDS": "\n".join(f"    {command}" for command in commands),
        "PATH": example.path,
        "TYPE": example.predicate_type,
        "SUBJECT": example.subject,
    }
    text = "\n".join([_HEAD, _FILES, *middle])
    return re.sub(r"@([A-Z]+)@", lambda match: values.get(match[1], match[0]), text).encode()


def argument(name: str) -> str:
    """A file's name as it may stand in a command; ARTIFACT for one that a shell could read otherwise."""
    return name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", name) else "ARTIFACT"


def policy_section(tool_version: str) -> str:
    """How to recompute the policy digest."""
    return _POLICY.replace("TOOL_VERSION", tool_version)


LEDGER_SECTION = """## The ledger

`data/ledger/` holds the ledger's entries for the verdict and the proofs (C2SP tlog-proof) that they are in it. `KEY` is
the ledger's verifier key, from your own source.

    gate ledger verify data/ledger/*.tlog-proof --ledger-key KEY --statement data/attestations/verdict.sigstore.json

An entry's `statement` is the SHA-256 of the verdict's payload, its `subject` that of the released file.
"""

_POLICY = """## The policy's digest

What the signed statements call the policy digest is made from the files in `data/policy/`:

    (cd data/policy && find . -type f | sed 's|^[.]/||' | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 sha256sum
    echo 'tenantgate TOOL_VERSION') | sha256sum
"""

_HEAD = """# How to check this bundle

It holds @WHAT@. Nothing in it has to be believed: check the signatures with trusted keys
that you got from somewhere else than this folder. `data/trust/` is a copy for comparison only.

## With the gate, offline

@COMMANDS@
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

    cosign verify-blob-attestation --key PUBLIC-KEY.pem --bundle @PATH@ \\
      --insecure-ignore-tlog --type @TYPE@ @SUBJECT@

## With npm's sigstore (JavaScript), a single attestation

    const { bundleFromJSON } = require('@sigstore/bundle');
    const { toSignedEntity, toTrustMaterial, Verifier } = require('@sigstore/verify');
    const root = { certificateAuthorities: [], ctlogs: [], tlogs: [], timestampAuthorities: [] };
    const key = { publicKey: require('crypto').createPublicKey(pem), validFor: () => true };
    new Verifier(toTrustMaterial(root, () => key), { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 })
      .verify(toSignedEntity(bundleFromJSON(require('./@PATH@'))));

It checks the signature alone: compare payload type, predicate type and subject yourself.
"""

_OTHERS_KEYLESS = """## With cosign, a single attestation

    cosign verify-blob-attestation --bundle @PATH@ \\
      --certificate-identity IDENTITY --certificate-oidc-issuer ISSUER \\
      --type @TYPE@ @SUBJECT@

## With npm's sigstore (JavaScript), a single attestation

    require('sigstore').verify(require('./@PATH@'),
      { certificateIdentityURI: '^IDENTITY, escaped$', certificateIssuer: 'ISSUER' });

The identity is a regular expression there: escape it, and anchor it with ^ and $. Compare predicate type and subject
yourself.
"""
