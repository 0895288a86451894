"""Entries: one spelling each, and nothing else is one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attestations.ledger import Code, Entry, LedgerError, read_entry, write_entry

DIGEST = "ab" * 32
MOMENT = datetime(2026, 11, 21, 22, 5, 6, 70, tzinfo=UTC)
ENTRY = Entry(kind="decision", subject=DIGEST, statement="cd" * 32, recorded_at=MOMENT, tenant="acme")
BYTES = (
    b'{"kind":"decision","recorded_at":"2026-11-21T22:05:06.000070Z","statement":{"sha256":"' + b"cd" * 32 + b'"},'
    b'"subject":{"sha256":"' + b"ab" * 32 + b'"},"tenant":"acme"}'
)


def test_the_bytes_of_an_entry() -> None:
    assert write_entry(ENTRY) == BYTES
    assert read_entry(BYTES) == ENTRY


def test_one_moment_is_one_spelling_in_every_time_zone() -> None:
    local = MOMENT.astimezone(timezone(timedelta(hours=-11, minutes=-30)))
    entry = Entry(kind="decision", subject=DIGEST, statement="cd" * 32, recorded_at=local, tenant="acme")
    assert write_entry(entry) == BYTES


ENTRIES = st.builds(
    Entry,
    kind=st.from_regex(r"[a-z0-9][a-z0-9._/-]{0,127}", fullmatch=True),
    subject=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    statement=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    recorded_at=st.datetimes(
        min_value=datetime(2, 1, 1),
        max_value=datetime(9998, 1, 1),
        timezones=st.timezones(),
    ),
    tenant=st.none() | st.text(min_size=1, max_size=256).filter(str.isprintable),
)


@given(ENTRIES)
def test_what_is_written_is_read_and_equal_entries_are_equal_bytes(entry: Entry) -> None:
    data = write_entry(entry)
    assert write_entry(read_entry(data)) == data
    # Python holds a time that a clock change repeats unequal to itself in another zone: compare in UTC.
    assert read_entry(data).recorded_at == entry.recorded_at.astimezone(UTC)
    assert json.loads(data)["subject"] == {"sha256": entry.subject}


@given(st.data())
def test_no_two_spellings(data: st.DataObject) -> None:
    """Bytes with something changed are not an entry, or are another one."""
    at = data.draw(st.integers(0, len(BYTES) - 1))
    changed = BYTES[:at] + data.draw(st.binary(max_size=3)) + BYTES[at + data.draw(st.integers(0, 2)) :]
    try:
        entry = read_entry(changed)
    except LedgerError as error:
        code = error.code
    else:
        code = None
        assert (entry == ENTRY) == (changed == BYTES)
    assert code in (Code.ENTRY_MALFORMED, None)


@given(st.binary() | st.text().map(lambda text: json.dumps(text).encode()))
def test_any_bytes_are_refused_with_a_code(data: bytes) -> None:
    with pytest.raises(LedgerError) as caught:
        read_entry(data)
    assert caught.value.code is Code.ENTRY_MALFORMED


@pytest.mark.parametrize(
    ("case", "change"),
    [
        ("kind in capitals", {"kind": "Decision"}),
        ("empty kind", {"kind": ""}),
        ("kind with a newline", {"kind": "decision\n"}),
        ("digest in capitals", {"subject": DIGEST.upper()}),
        ("short digest", {"statement": DIGEST[:-1]}),
        ("algorithm in front", {"statement": f"sha256:{DIGEST}"}),
        ("time without a zone", {"recorded_at": MOMENT.replace(tzinfo=None)}),
        ("time before year 1 in UTC", {"recorded_at": datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))}),
        ("empty tenant", {"tenant": ""}),
        ("tenant with a line feed", {"tenant": "a\nb"}),
        ("tenant with a bidirectional override", {"tenant": "a\u202eb"}),
        ("tenant with a lone surrogate", {"tenant": "a\ud800"}),
        ("long tenant", {"tenant": "x" * 257}),
    ],
)
def test_what_is_no_entry(case: str, change: dict[str, Any], kit: Any) -> None:
    values = {"kind": "decision", "subject": DIGEST, "statement": DIGEST, "recorded_at": MOMENT} | change
    assert kit.refused(lambda: Entry(**values)).code is Code.ENTRY_INVALID, case


@pytest.mark.parametrize(
    ("case", "data"),
    [
        ("white space", BYTES.replace(b",", b", ")),
        ("other order", b'{"tenant":"acme",' + BYTES[1:].replace(b',"tenant":"acme"', b"")),
        ("duplicate member", BYTES[:-1] + b',"tenant":"acme"}'),
        ("unknown member", BYTES[:-1] + b',"zone":"x"}'),
        ("second digest", BYTES.replace(b'"subject":{', b'"subject":{"sha1":"' + b"0" * 40 + b'",')),
        ("escaped letter", BYTES.replace(b"acme", rb"\u0061cme")),
        ("other time format", BYTES.replace(b".000070Z", b".00007Z")),
        ("time that is none", BYTES.replace(b"2026-11-21", b"2026-02-30")),
        ("null tenant", BYTES.replace(b'"acme"', b"null")),
        ("array", b"[" + BYTES + b"]"),
        ("number", b"1"),
        ("deep", b"[" * 60000),
        ("byte order mark", b"\xef\xbb\xbf" + BYTES),
        ("final newline", BYTES + b"\n"),
        ("too large", b" " * 70000),
    ],
)
def test_what_is_not_the_bytes_of_an_entry(case: str, data: bytes, kit: Any) -> None:
    assert kit.refused(lambda: read_entry(data)).code is Code.ENTRY_MALFORMED, case
