"""The release bundle: everything a release was decided on, in one folder or archive that anybody can check offline.

Layout (BagIt 1.0, RFC 8493; see `bag`):

    bagit.txt  bag-info.txt  manifest-sha256.txt  tagmanifest-sha256.txt
    bundle.sigstore.json              signed statement whose subject is tagmanifest-sha256.txt
    data/VERIFY.md                    how to check it with this tool, with coreutils and openssl, with cosign
    data/decision.json                the decision, complete
    data/panels.json                  the panels drawn from the same evidence at the same clock; they decide nothing
    data/attestations/*.sigstore.json SBOM, SaaSBOM, provenance, test result, verification
                                      summary (VSA), signed policy
    data/attestations/given/…         attestations made elsewhere that the decision took into account
    data/sbom.cdx.json                the SBOM by itself
    data/saasbom.cdx.json             the outside services by themselves, if integrations were asked about
    data/policy/…                     every file the policy digest covers
    data/evidence/<kind>.json         the records each control was asked about, with their coverage
    data/evidence/files/…             the signed records as they were read
    data/ledger/…                     the ledger's entries for the verdict, and its receipts
    data/reports/…                    report.txt, report.html, report.sarif
    data/trust/…                      the trusted keys, and each public key as PEM

`sha256sum -c manifest-sha256.txt` checks the payload with coreutils alone; the signature covers the manifests, so that
nothing can be added, removed or changed.
"""

from typing import Final

RELEASE: Final = "release_bundle"
SLICE: Final = "tenant_slice"
PACKET: Final = "trust_packet"
SEAL_KINDS: Final = (RELEASE, SLICE, PACKET)
"""The kinds of statement that seal a bundle: a release, one tenant's part of it, a redacted derivative."""
POLICY_KIND: Final = "policy"
"""The kind of statement that signs a policy."""
DECISION: Final = "data/decision.json"
PANELS: Final = "data/panels.json"
ATTESTATIONS: Final = "data/attestations"
GIVEN: Final = f"{ATTESTATIONS}/given"
VERDICT: Final = f"{ATTESTATIONS}/verdict.sigstore.json"
TEST_RESULT: Final = f"{ATTESTATIONS}/test-result.sigstore.json"
PROVENANCE: Final = f"{ATTESTATIONS}/provenance.sigstore.json"
SBOM_ATTESTATION: Final = f"{ATTESTATIONS}/sbom.sigstore.json"
POLICY_SIGNATURE: Final = f"{ATTESTATIONS}/policy.sigstore.json"
SBOM: Final = "data/sbom.cdx.json"
SAASBOM: Final = "data/saasbom.cdx.json"
SAASBOM_ATTESTATION: Final = f"{ATTESTATIONS}/saasbom.sigstore.json"
POLICY: Final = "data/policy"
EVIDENCE: Final = "data/evidence"
EVIDENCE_FILES: Final = f"{EVIDENCE}/files"
LEDGER: Final = "data/ledger"
REPORTS: Final = {
    "data/reports/report.txt": "text",
    "data/reports/report.html": "html",
    "data/reports/report.sarif": "sarif",
}
