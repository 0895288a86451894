"""A learned shape says what the long way says, of every line; and it never makes more of a pattern than it means."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.ingest import shapes
from gate.ingest.judge import Judge, Rules
from gate.ingest.shapes import UnshapedError, shape_of
from tests.gate.ingest.test_matrix import CASES, EVENT, SCHEMA

RULES = Path(__file__).parents[3] / "rules"
TENANTS = frozenset({"summit-internal", "acme"})
COMPACT = json.dumps(EVENT, separators=(",", ":")).encode()
SPACED = json.dumps(EVENT).encode()


@pytest.fixture(scope="module")
def learned(rules: Rules) -> Judge:
    """A judge of known tenants that has seen the event in both ways it is usually written."""
    judge = Judge(Rules(schemas=rules.schemas, kind=None, tenants=TENANTS, not_after=rules.not_after))
    for line in (COMPACT, SPACED, CASES["JSON by its content type"][0]):
        assert judge(line) == judge._long(line)
    assert [len(found) for found in judge._shapes.values()] == [3]
    return judge


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("compact", [False, True])
def test_every_hostile_line_gets_the_verdict_of_the_long_way(learned: Judge, name: str, *, compact: bool) -> None:
    line, _ = CASES[name]
    line = line.replace(b'": ', b'":').replace(b', "', b',"') if compact else line

    assert learned(line) == learned._long(line)


def test_a_line_as_before_needs_no_parser(learned: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    later = COMPACT.replace(b'"id":"meter-1"', b'"id":"meter-2"').replace(b"09:00:05Z", b"09:00:05.25Z")
    wanted = learned._long(later)
    monkeypatch.setattr("gate.ingest.judge.parse", None)

    assert learned(later) == wanted


@settings(max_examples=400, deadline=None)
@given(
    line=st.sampled_from([COMPACT, SPACED]),
    at=st.integers(0, len(SPACED)),
    length=st.integers(0, 4),
    put=st.sampled_from(["", '"', "\\", "\\u0041", "é", "\x7f", "\n", " ", "0", "-", "9", "1e3", ".5", "null", ",", "{", "}", "Z", "%s"])
    | st.text(max_size=3),
)  # fmt: skip
def test_one_change_anywhere_gets_the_verdict_of_the_long_way(
    learned: Judge, line: bytes, at: int, length: int, put: str
) -> None:
    changed = line[:at] + put.encode("utf-8", "surrogatepass") + line[at + length :]

    assert learned(changed) == learned._long(changed)


def swapped(old: str, new: str) -> bytes:
    assert old in COMPACT.decode()
    return COMPACT.decode().replace(old, new).encode()


@settings(max_examples=150, deadline=None)
@given(
    tenant=st.sampled_from(["acme", "ghost", "acme ", "", "a", "-a"]),
    time=st.datetimes().map(lambda moment: moment.isoformat(timespec="seconds") + "Z")
    | st.sampled_from(["2026-11-21T12:05:00Z", "2026-11-21T12:05:00.0Z", "2026-11-21T12:05:00.1Z", "2026-11-21T12:04:59.9Z",
                       "2026-11-21T12:05:01Z", "2026-02-29T00:00:00Z", "2024-02-29T00:00:00Z", "2026-04-31T00:00:00Z"]),
    quantity=st.integers(-5, 10**19) | st.sampled_from([10**12, 10**12 + 1, 10**12 - 1]),
)  # fmt: skip
def test_the_registry_and_the_clock_are_asked_as_the_long_way_asks(
    learned: Judge, tenant: str, time: str, quantity: int
) -> None:
    made = {**EVENT, "tenantid": tenant, "time": time, "data": {**EVENT["data"], "quantity": quantity}}
    line = json.dumps(made, separators=(",", ":")).encode()

    assert learned(line) == learned._long(line)


def kinds() -> list[Any]:
    found = [(path.stem, json.loads(path.read_text())) for path in sorted(RULES.glob("*/schemas/*.json"))]
    return [pytest.param(name, schema, id=name) for name, schema in found if schema.get("examples")]


@pytest.mark.parametrize(("name", "schema"), kinds())
def test_every_kind_is_judged_the_same_the_second_time(name: str, schema: dict[str, Any]) -> None:
    judge = Judge(Rules(schemas={name: schema}, kind=name, tenants=None, not_after="2100-01-01T00:00:00Z"))
    for example in schema["examples"]:
        line = json.dumps(example).encode()
        first = judge._long(line)
        assert judge(line) == first
        assert judge(line.replace(b"2026", b"2025")) == judge._long(line.replace(b"2026", b"2025"))


PATTERNS = {
    "several parts of any length": r"^[a-z]+[a-z0-9]*x$",
    "a repeated group": r"^([a-z]+)+$",
    "a choice": r"^a|b$",
    "a class over the quote": r"^[ -z]+$",
    "a class that excludes": r"^[^a]+$",
    "any character": r"^.+$",
    "a class of its own engine": r"^\p{L}+$",
    "no end": r"^[a-z]+",
    "no beginning": r"[a-z]+$",
    "a back reference": r"^[a-z]\1$",
    "a lazy count": r"^[a-z]+?$",
    "two counts": r"^a{2}{3}$",
}


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_that_might_mean_more_has_no_shape(name: str) -> None:
    with pytest.raises(UnshapedError):
        shapes._pattern(PATTERNS[name])


@settings(max_examples=200, deadline=None)
@given(
    pattern=st.sampled_from([r"^[A-Za-z0-9][A-Za-z0-9._:-]{1,127}$", r"^[0-9a-f]{64}$", r"^[A-Z]{3,8}[0-9]{3}$", r"^a?b\.c$",
                             r"^[a-z][a-z0-9-]*$", r"^x{2,}y$"]),
    text=st.text(alphabet="abcxyABC019._:-\"\\\n é", max_size=12) | st.from_regex(r"[A-Z]{2,9}[0-9]{2,4}", fullmatch=True),
)  # fmt: skip
def test_a_pattern_means_for_bytes_what_it_means_for_text(pattern: str, text: str) -> None:
    shaped = re.fullmatch(shapes._pattern(pattern), text.encode())

    assert (shaped is not None) == (re.fullmatch(pattern[1:-1], text) is not None)


UNSHAPED = {
    "a condition": {"if": {"required": ["id"]}, "then": {"required": ["subject"]}},
    "fields besides": {"additionalProperties": True},
    "a keyword nobody knows": {"unevaluatedProperties": False},
    "names of its own": {"propertyNames": {"maxLength": 5}},
}


@pytest.mark.parametrize("name", UNSHAPED)
def test_a_schema_that_says_more_has_no_shape(name: str) -> None:
    with pytest.raises(UnshapedError):
        shape_of("k", {**SCHEMA, **UNSHAPED[name]}, EVENT, COMPACT, apart=frozenset(), tenant=None, time=None)


def test_a_line_that_matches_nowhere_takes_linear_time(learned: Judge) -> None:
    """A million steps are a second; what backtracks from field to field would need more than there is time for."""
    long = "a" * 120
    made = {**EVENT, "subject": long, "source": long * 8, "data": {**EVENT["data"], "meter": long, "feature": long}}
    line = json.dumps({**made, "tenantid": "acme"}, separators=(",", ":")).encode()
    assert isinstance(learned(line), tuple)
    for cut in range(0, len(line), 7):
        assert not isinstance(learned(line[:cut] + b"\x00" + line[cut:]), tuple)
