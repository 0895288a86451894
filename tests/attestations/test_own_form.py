"""Our own bundles are read without parsing their JSON; whoever parses it must see the same, or refuse the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attestations import envelope
from attestations.refusal import Refused

SAME = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FIELD = st.text('ab+/=:"\\{}[], \n\u00e9.', max_size=6)


def outcome(data: bytes) -> Any:
    try:
        return envelope.read(data)
    except Refused as refused:
        return refused.code


def parsed(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Any:
    with monkeypatch.context() as patch:
        patch.setattr(envelope, "_OWN_START", b"never")
        return outcome(data)


def test_the_short_way_is_taken_for_what_we_write(bench: Any) -> None:
    start, rest = envelope._OWN_START, envelope._OWN_REST
    end = bench.bundle.find(b'"', len(start))

    assert bench.bundle.startswith(start)
    assert rest.fullmatch(bench.bundle, end)


@SAME
@given(st.data())
def test_both_ways_agree_about_any_changed_byte(
    bench: Any, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    good = bench.bundle
    at = data.draw(st.integers(0, len(good) - 1))
    new = data.draw(
        st.one_of(st.sampled_from([b"", b"=", b'"', b"\\", b" ", b"+", b"A", b"\n"]), st.binary(max_size=2))
    )
    changed = good[:at] + new + good[at + 1 :]

    assert outcome(changed) == parsed(changed, monkeypatch)


@SAME
@given(FIELD, FIELD, FIELD, FIELD, FIELD)
def test_both_ways_agree_about_any_fields(
    monkeypatch: pytest.MonkeyPatch, payload: str, kind: str, keyid: str, sig: str, hint: str
) -> None:
    document = {
        "dsseEnvelope": {"payload": payload, "payloadType": kind, "signatures": [{"keyid": keyid, "sig": sig}]},
        "mediaType": envelope.BUNDLE_V03,
        "verificationMaterial": {"publicKey": {"hint": hint}, "tlogEntries": []},
    }
    data = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()

    assert outcome(data) == parsed(data, monkeypatch)
