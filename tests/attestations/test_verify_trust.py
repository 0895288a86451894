"""Whose signature counts, when, and how many of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from attestations import statements
from attestations.refusal import Reason, Refused
from attestations.trust import EVIDENCE, Identity, Trust, TrustedKeys
from attestations.verify import SKEW, UNCHECKED, verify_threshold

from .edits import sign_bytes


def test_trust(bench: Any) -> None:
    other = bench.new_signer()
    for trust, reason in (
        (Trust(), Reason.NO_TRUST),
        (Trust(identities=(Identity(bench.identity, "x"),)), Reason.NO_TRUST),
        (Trust(keys=bench.trusted(other)), Reason.UNTRUSTED_KEY),
        (Trust(keys=bench.trusted(bench.signer, usage=EVIDENCE)), Reason.KEY_USAGE),
    ):
        with pytest.raises(Refused) as refusal:
            bench.verify(bench.bundle, trust=trust)
        assert refusal.value.code is reason


def test_anothers_key_under_a_trusted_name(bench: Any) -> None:
    forger = bench.new_signer()
    forged = sign_bytes(forger, bench.provenance()).replace(forger.keyid.encode(), bench.signer.keyid.encode())
    with pytest.raises(Refused) as refusal:
        bench.verify(forged)
    assert refusal.value.code is Reason.BAD_SIGNATURE


WINDOWS: dict[str, tuple[timedelta, timedelta | None, Reason | None]] = {
    "from this very moment": (timedelta(0), None, None),
    "from a moment later": (timedelta(microseconds=1), None, Reason.KEY_NOT_YET_VALID),
    "until a moment later": (timedelta(days=-1), timedelta(microseconds=1), None),
    "until this very moment": (timedelta(days=-1), timedelta(0), Reason.KEY_RETIRED),
    "until yesterday": (timedelta(days=-9), timedelta(days=-1), Reason.KEY_RETIRED),
}


@pytest.mark.parametrize(("start", "end", "reason"), WINDOWS.values(), ids=WINDOWS)
def test_the_validity_of_a_key_without_trusted_time(
    bench: Any, start: timedelta, end: timedelta | None, reason: Reason | None
) -> None:
    keys = bench.trusted(bench.signer, start=bench.now + start, end=None if end is None else bench.now + end)
    if reason is None:
        assert bench.verify(bench.bundle, trust=Trust(keys=keys))
    else:
        with pytest.raises(Refused) as refusal:
            bench.verify(bench.bundle, trust=Trust(keys=keys))
        assert refusal.value.code is reason


def test_the_skew_of_clocks_is_exact(bench: Any) -> None:
    assert bench.verify(bench.bundle, now=bench.now - SKEW)
    with pytest.raises(Refused) as refusal:
        bench.verify(bench.bundle, now=bench.now - SKEW - timedelta(microseconds=1))
    assert refusal.value.code is Reason.FUTURE_TIME


def test_the_age_is_exact(bench: Any) -> None:
    assert bench.verify(bench.bundle, now=bench.now + timedelta(days=1))
    with pytest.raises(Refused) as refusal:
        bench.verify(bench.bundle, now=bench.now + timedelta(days=1, microseconds=1))
    assert refusal.value.code is Reason.TOO_OLD


def test_a_clock_without_zone_is_the_callers_mistake(bench: Any) -> None:
    with pytest.raises(ValueError, match="time zone"):
        bench.verify(bench.bundle, now=datetime(2026, 11, 21))


@pytest.fixture
def council(bench: Any) -> dict[str, Any]:
    return {name: bench.new_signer(f"{name}@summit.example") for name in ("a", "b", "c")}


def cosigned(bench: Any, signer: Any) -> bytes:
    return signer.sign(statements.for_signer(bench.provenance(), signer.identity))  # type: ignore[no-any-return]


def judged(bench: Any, bundles: list[bytes], keys: TrustedKeys, threshold: int) -> tuple[Any, ...]:
    expectation = bench.expect(identity=UNCHECKED, builders=UNCHECKED)
    return verify_threshold(bundles, Trust(keys=keys), expectation, threshold=threshold, now=bench.now)


def test_two_of_three(bench: Any, council: dict[str, Any]) -> None:
    keys = bench.trusted(*council.values())
    bundles = [cosigned(bench, council["a"]), cosigned(bench, council["b"])]
    assert [v.signer_identity for v in judged(bench, bundles, keys, 2)] == ["a@summit.example", "b@summit.example"]
    with pytest.raises(Refused) as refusal:
        judged(bench, bundles, keys, 3)
    assert refusal.value.code is Reason.THRESHOLD


def test_one_person_counts_once(bench: Any, council: dict[str, Any]) -> None:
    second_key = bench.new_signer("a@summit.example")
    keys = bench.trusted(*council.values(), second_key)
    one = cosigned(bench, council["a"])
    for bundles in ([one, one], [one, cosigned(bench, council["a"])], [one, cosigned(bench, second_key)]):
        with pytest.raises(Refused) as refusal:
            judged(bench, bundles, keys, 2)
        assert refusal.value.code is Reason.THRESHOLD


def test_a_forged_second_signature_does_not_count(bench: Any, council: dict[str, Any]) -> None:
    keys = bench.trusted(council["a"], council["b"])
    forged = sign_bytes(council["c"], statements.for_signer(bench.provenance(), "b@summit.example"))
    with pytest.raises(Refused, match="1 of 2 required signers; refused: untrusted-key"):
        judged(bench, [cosigned(bench, council["a"]), forged], keys, 2)


def test_signers_of_different_statements_do_not_add_up(bench: Any, council: dict[str, Any]) -> None:
    keys = bench.trusted(*council.values())
    other = council["b"].sign(
        bench.provenance(bench.binding(signer_identity="b@summit.example"), at=bench.now - timedelta(minutes=1))
    )
    with pytest.raises(Refused, match="did not sign the same statement"):
        judged(bench, [cosigned(bench, council["a"]), other], keys, 1)


def test_a_threshold_of_none_is_a_mistake(bench: Any) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        judged(bench, [], bench.trust.keys, 0)
    with pytest.raises(Refused):
        judged(bench, [], bench.trust.keys, 1)
