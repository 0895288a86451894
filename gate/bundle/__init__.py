"""The release bundle: everything a release was decided on, in one folder that anybody can check offline.

Layout (BagIt 1.0, RFC 8493):

    bagit.txt  bag-info.txt  manifest-sha256.txt  tagmanifest-sha256.txt
    bundle.sigstore.json              signed statement whose subject is tagmanifest-sha256.txt
    data/VERIFY.md                    how to check it with this tool, with coreutils and openssl, with cosign
    data/decision.json                the decision, complete
    data/attestations/*.sigstore.json SBOM, provenance, test result, verification summary (VSA)
    data/sbom.cdx.json                the SBOM by itself
    data/policy/…                     every file the policy digest covers
    data/evidence/<kind>.json         the records each control was asked about, with their coverage
    data/evidence/files/…             the signed records as they were read
    data/reports/…                    report.txt, report.html, report.sarif
    data/trust/…                      the trusted keys, and each public key as PEM

`sha256sum -c manifest-sha256.txt` checks the payload with coreutils alone; the signature covers the manifests, so that
nothing can be added, removed or changed.
"""

BUNDLE_KIND = "release_bundle"
SIGNATURE = "bundle.sigstore.json"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
TAG_FILES = ("bagit.txt", "bag-info.txt", MANIFEST)
DECISION = "data/decision.json"
ATTESTATIONS = "data/attestations"
VERDICT = f"{ATTESTATIONS}/verdict.sigstore.json"
TEST_RESULT = f"{ATTESTATIONS}/test-result.sigstore.json"
PROVENANCE = f"{ATTESTATIONS}/provenance.sigstore.json"
SBOM_ATTESTATION = f"{ATTESTATIONS}/sbom.sigstore.json"
SBOM = "data/sbom.cdx.json"
