"""`VERIFY.md`: how to check a bundle without believing it, with this tool or without. The tests run its commands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from attestations.statements import evidence_type
from gate.bundle.bag import MANIFEST, SIGNATURE, TAG_MANIFEST


class Example(NamedTuple):
    """A signed file of the bundle to show other clients with: its path, predicate type, and the file it is about.

    `resource` and `verifier` are the `resourceUri` and `verifier.id` of a VSA, for the clients that ask for them.
    """

    path: str
    predicate_type: str
    subject: str
    resource: str | None = None
    verifier: str | None = None


def verify_md(
    what: str, *, seal: str, commands: Sequence[str], example: Example, keyless: bool, inside: Sequence[str] = ()
) -> bytes:
    """The file, for a bundle that holds `what` and whose own signature is of the kind `seal`.

    `inside` are sections about what is special in this kind of bundle.

    Every command runs as it stands, in the bundle's folder, in a POSIX shell; names in capitals are the reader's own.
    """
    others = [_COSIGN_KEYLESS, _NPM_KEYLESS] if keyless else [_COSIGN_KEY, _NPM_KEY]
    if not keyless and example.verifier is not None:
        others.insert(1, _SLSA_VERIFIER)
    values = {
        "WHAT": what,
        "COMMANDS": "\n".join(f"    {_trusting(command, keyless=keyless)}" for command in commands),
        "PATH": example.path,
        "TYPE": example.predicate_type,
        "SUBJECT": example.subject,
        "RESOURCE": example.resource or "",
        "VERIFIER": example.verifier or "",
        "SEALTYPE": evidence_type(seal),
    }
    text = "\n".join(
        [_HEAD, *([_EVIDENCE_KEYS] if keyless else []), _FILES, _CERTIFICATE if keyless else _KEY, *inside, *others]
    )
    return re.sub(r"@([A-Z]+)@", lambda match: values.get(match[1], match[0]), text).encode()


def _trusting(command: str, *, keyless: bool) -> str:
    """A command of the gate that says `--trusted-keys KEYS.json`, for a bundle that was signed in this way."""
    certificate = "--trusted-root TRUSTED-ROOT.json --identity IDENTITY --issuer ISSUER"
    return command.replace("--trusted-keys KEYS.json", certificate) if keyless else command


def argument(name: str) -> str:
    """A file's name as it may stand in a command; ARTIFACT for one that a shell could read otherwise."""
    return name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", name) else "ARTIFACT"


def policy_section(tool_version: str) -> str:
    """How to recompute the policy digest."""
    return _POLICY.replace("TOOL_VERSION", tool_version)


def decision_section(artifact: str) -> str:
    """How to read what a release bundle says of a released file."""
    return _DECISION.replace("ARTIFACT", artifact)


_DECISION = """## What was decided, and about which file

    grep -E '^  "(verdict|releasable|as_of|as_of_overridden)": ' data/decision.json
    grep -c "\\"sha256\\": \\"$(sha256sum ARTIFACT | cut -d ' ' -f 1)\\"" data/decision.json

A release may go out when the verdict is `"allowed"` and `releasable` is `true`; the number is how often the decision
names exactly that file, and must not be 0. `data/reports/report.html` says the same for people, with every finding, who
set one aside, and what was not checked. Signatures prove who says something and that it was not changed, not that it is
so: each piece of evidence is worth what its signer's word is.
"""

LEDGER_SECTION = """## The ledger

`data/ledger/` holds the ledger's entries for the verdict and the proofs (C2SP tlog-proof) that they are in it. `KEY` is
the ledger's verifier key, from your own source.

    gate ledger verify data/ledger/*.tlog-proof --ledger-key KEY --statement data/attestations/verdict.sigstore.json

An entry's `statement` is the SHA-256 of the verdict's payload, its `subject` that of the released file.
"""

BATCH_SECTION = """## Batches of records

A `data/evidence/files/*.jsonl` (or `.jsonl.gz`) is a whole batch of records under one signature, that of the statement
beside it. Its name is its SHA-256, which is the one subject of the statement.

    gate verify data/evidence/files/*.jsonl* --trusted-keys KEYS.json
"""

_POLICY = """## The policy's digest

What the signed statements call the policy digest is made from the files in `data/policy/`:

    (cd data/policy && find . -type f | sed 's|^[.]/||' | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 sha256sum
    echo 'tenantgate TOOL_VERSION') | sha256sum
"""

_HEAD = """# How to check this bundle

It holds @WHAT@. Nothing in it has to be believed: check the signatures with trusted keys
that you got from somewhere else than this folder. `data/trust/` is a copy for comparison only.

Three things are to be seen, in this order: that every file is the one that is listed (coreutils), that the list is the
one that was signed, and by whom (OpenSSL or cosign), and then what is in them. The gate sees to all three at once.

Names in capitals stand for what is yours. Under `sh -e` the commands end at the first thing that does not hold.

## With the gate, offline

@COMMANDS@
"""

_EVIDENCE_KEYS = """\
`IDENTITY` and `ISSUER` say whose certificate counts: a CI job, and the service that vouches for it. Evidence that was
signed with keys needs those too: add `--trusted-keys KEYS.json`.
"""

_FILES = f"""## With coreutils: every file is the one that is listed

    sha256sum --check --strict --quiet {TAG_MANIFEST}
    sha256sum --check --strict --quiet {MANIFEST}

Nothing printed means that all are. That nothing was added: the two numbers must be equal. (The second list and its
signature stand in no list.)

    find . ! -type d | wc -l
    echo "$(($(cat {MANIFEST} {TAG_MANIFEST} | wc -l) + 2))"
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

`PUBLIC-KEY.pem` is the signer's key, from your own source. This needs `sed`, `base64` and `openssl`, nothing else. The
key's fingerprint, as trusted-keys files and the gate show it, is printed by
`ssh-keygen -i -m PKCS8 -f PUBLIC-KEY.pem | ssh-keygen -l -f -`.

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

_COSIGN_KEY = f"""## With cosign: the list is the one that was signed, and a single attestation

Instead of OpenSSL, or beside it. (The name of the flag warns of what a signature by key does without: a public log.)

    cosign verify-blob-attestation --key PUBLIC-KEY.pem --bundle {SIGNATURE} \\
      --insecure-ignore-tlog --type @SEALTYPE@ {TAG_MANIFEST}
    cosign verify-blob-attestation --key PUBLIC-KEY.pem --bundle @PATH@ \\
      --insecure-ignore-tlog --type @TYPE@ @SUBJECT@
"""

_SLSA_VERIFIER = """## With slsa-verifier, the verdict

It reads the bare DSSE envelope, which is the first member of the bundle.

    work=$(mktemp -d)
    sed 's/^{"dsseEnvelope":\\(.*\\),"mediaType":.*/\\1/' @PATH@ > "$work/verdict.intoto.jsonl"
    slsa-verifier verify-vsa --public-key-path PUBLIC-KEY.pem --attestation-path "$work/verdict.intoto.jsonl" \\
      --subject-digest "sha256:$(sha256sum @SUBJECT@ | cut -d ' ' -f 1)" \\
      --verifier-id @VERIFIER@ --resource-uri @RESOURCE@
"""

_NPM_KEY = """## With npm's sigstore (JavaScript), a single attestation

    node -e "
    const { readFileSync } = require('fs');
    const { bundleFromJSON } = require('@sigstore/bundle');
    const { toSignedEntity, toTrustMaterial, Verifier } = require('@sigstore/verify');
    const root = { certificateAuthorities: [], ctlogs: [], tlogs: [], timestampAuthorities: [] };
    const publicKey = require('crypto').createPublicKey(readFileSync('PUBLIC-KEY.pem'));
    new Verifier(toTrustMaterial(root, () => ({ publicKey, validFor: () => true })),
      { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 })
      .verify(toSignedEntity(bundleFromJSON(JSON.parse(readFileSync('@PATH@')))));
    console.log('Verified OK');"

It checks the signature alone: compare payload type, predicate type and subject yourself.
"""

_COSIGN_KEYLESS = f"""## With cosign: the list is the one that was signed, and a single attestation

    cosign verify-blob-attestation --bundle {SIGNATURE} --trusted-root TRUSTED-ROOT.json \\
      --certificate-identity IDENTITY --certificate-oidc-issuer ISSUER \\
      --type @SEALTYPE@ {TAG_MANIFEST}
    cosign verify-blob-attestation --bundle @PATH@ --trusted-root TRUSTED-ROOT.json \\
      --certificate-identity IDENTITY --certificate-oidc-issuer ISSUER \\
      --type @TYPE@ @SUBJECT@
"""

_NPM_KEYLESS = """## With npm's sigstore (JavaScript), a single attestation

    node -e "
    const { readFileSync } = require('fs');
    const { bundleFromJSON } = require('@sigstore/bundle');
    const { TrustedRoot } = require('@sigstore/protobuf-specs');
    const { toSignedEntity, toTrustMaterial, Verifier } = require('@sigstore/verify');
    const root = TrustedRoot.fromJSON(JSON.parse(readFileSync('TRUSTED-ROOT.json')));
    const signer = new Verifier(toTrustMaterial(root)).verify(
      toSignedEntity(bundleFromJSON(JSON.parse(readFileSync('@PATH@')))), { extensions: { issuer: 'ISSUER' } });
    if (signer.identity.subjectAlternativeName !== 'IDENTITY') throw new Error('signed by another');
    console.log('Verified OK');"

Its own check of the identity takes a regular expression, hence the comparison. Compare payload type, predicate type and
subject yourself.
"""
