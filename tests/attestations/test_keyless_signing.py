"""Keyless signing against a private Sigstore instance over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from attestations import statements
from attestations.refusal import Reason, Refused
from attestations.signers import SIGNERS, SignerError, sign_verified
from attestations.signers.sigstore import SigstoreSigner, load_sigstore
from attestations.trust import ATTESTATIONS

from .holders import believed, bound_to, judged


def test_a_ci_job_signs_keyless(bench: Any, ci: Any) -> None:
    signer = SIGNERS["sigstore"](trust_config=ci.trust_config)
    assert isinstance(signer, SigstoreSigner)
    assert (signer.identity, signer.issuer, signer.run, signer.keyid) == (ci.identity, ci.issuer, ci.run, None)
    assert json.loads(signer.trusted_root)["tlogs"]
    for kind, payload in bench.every_kind(bound_to(bench, ci)).items():
        now = datetime.now(UTC)
        trust = believed(ci, sigstore_root=signer.trusted_root)
        if kind == statements.SLSA_PROVENANCE:
            payload = bench.provenance(bound_to(bench, ci), at=now)
            bundle = sign_verified(signer, payload, trust, usage=ATTESTATIONS, now=now)
            verified = judged(bench, ci, bundle, trust=trust)
            assert verified.payload == payload
            assert (verified.signer_identity, verified.issuer, verified.keyid) == (ci.identity, ci.issuer, None)
            assert abs(verified.signed_at - now) < timedelta(minutes=5)
            assert verified.format == "bundle-v0.3+certificate"
        else:
            assert signer.sign(payload)


def test_an_authority_that_replays_fails_the_run(bench: Any, ci: Any) -> None:
    signer = load_sigstore(trust_config=ci.config(tsa="replay"))
    with pytest.raises(SignerError, match="another nonce"):
        signer.sign(bench.provenance(bound_to(bench, ci)))


def test_outside_a_ci_job_there_is_no_identity(instance: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "BUILDKITE", "ACTIONS_ID_TOKEN_REQUEST_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with pytest.raises(SignerError, match=r"no signing certificate|no identity"):
        load_sigstore(trust_config=instance.trust_config)


def test_tokens_and_configurations_that_do_not_work(instance: Any) -> None:
    for token in ("x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJhdWQiOiJzaWdzdG9yZSJ9."):
        with pytest.raises(SignerError, match="no signing certificate"):
            load_sigstore(trust_config=instance.trust_config, token=token)
    for config in (b"", b"{}", b'{"a":1,"a":2}', instance.trusted_root):
        with pytest.raises(SignerError, match="trust configuration"):
            load_sigstore(trust_config=config)


def test_a_service_that_is_down(bench: Any, ci: Any) -> None:
    with pytest.raises(SignerError, match="no signing certificate"):
        load_sigstore(trust_config=ci.config(fulcio="down"))


def test_nothing_unbound_or_bound_to_another_is_signed(bench: Any, ci: Any, keyless: SigstoreSigner) -> None:
    with pytest.raises(Refused) as refusal:
        keyless.sign(bench.provenance())
    assert refusal.value.code is Reason.IDENTITY_MISMATCH


def test_an_expired_certificate_is_renewed(bench: Any, ci: Any, keyless: SigstoreSigner) -> None:
    from sigstore._internal.fulcio import ExpiredCertificate

    class Expired:
        def sign_dsse(self, _: object) -> None:
            raise ExpiredCertificate

    keyless._signer = Expired()
    payload = bench.provenance(bound_to(bench, ci), at=datetime.now(UTC))
    assert judged(bench, ci, keyless.sign(payload)).payload == payload
