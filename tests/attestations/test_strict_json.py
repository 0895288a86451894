"""The strict JSON reader and writer: what two parsers could read differently is refused, what is written reads back."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attestations import strict_json
from attestations.strict_json import MAX_DEPTH, MAX_INTEGER, StrictJsonError, dumps, loads

REFUSED = {
    "duplicate key": (b'{"a":1,"a":1}', "duplicate key 'a'"),
    "duplicate key spelled with an escape": (b'{"a":1,"\\u0061":2}', "duplicate key 'a'"),
    "duplicate key deep inside": (b'[[{"x":[{"a":1,"b":2,"a":3}]}]]', "duplicate key 'a'"),
    "NaN": (b'{"a":NaN}', "NaN"),
    "Infinity": (b"[Infinity]", "Infinity"),
    "negative infinity": (b"[-Infinity]", "-Infinity"),
    "a number that overflows to infinity": (b"[1e999]", "double"),
    "an integer that JavaScript would round": (b"[9007199254740992]", "2^53-1"),
    "a negative integer beyond the domain": (b"[-9007199254740992]", "2^53-1"),
    "an integer of 5,000 digits": (b"[" + b"9" * 5000 + b"]", "2^53-1"),
    "an escaped lone high surrogate": (b'["\\ud800"]', "surrogate"),
    "an escaped lone low surrogate in a key": (b'{"\\uDFFF":1}', "surrogate"),
    "swapped surrogates": (b'["\\udc00\\ud800"]', "surrogate"),
    "an encoded surrogate": (b'["\xed\xa0\x80"]', "1:3: not UTF-8"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "byte order mark"),
    "UTF-16": ("{}".encode("utf-16-le"), "1:2"),
    "UTF-16 with a mark": ("{}".encode("utf-16"), "1:1: not UTF-8"),
    "Latin-1": ('{"a":\n"é"}'.encode("latin-1"), "2:2: not UTF-8"),
    "overlong UTF-8": (b'["\xc0\xaf"]', "not UTF-8"),
    "trailing data": (b"{} {}", "1:4"),
    "trailing comma": (b"[1,]", "1:4"),
    "a comment": (b"[1] // no", "1:5"),
    "single quotes": (b"{'a':1}", "1:2"),
    "a raw newline in a string": (b'["a\nb"]', "1:4"),
    "leading zero": (b"[01]", "1:3"),
    "hex": (b"[0x10]", "1:3"),
    "an unfinished string": (b'["abc', "1:2"),
    "nothing": (b"", "1:1"),
    "white space only": (b" \n ", "2:2"),
    "65 levels": (b"[" * 65 + b"]" * 65, "deeper than 64"),
    "a million levels": (b"[" * 1_000_000, "deeper than 64"),
    "deep objects behind a string that looks closed": (b'["\\"]",' + b'{"a":' * 70, "deeper than 64"),
    "more values than allowed": (b"[" + b"{}," * 4_000_001 + b"{}]", "more than 4000000 values"),
}


@pytest.mark.parametrize(("data", "why"), REFUSED.values(), ids=REFUSED)
def test_refused(data: bytes, why: str) -> None:
    with pytest.raises(StrictJsonError) as refusal:
        loads(data)
    assert why in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_size_is_checked_first() -> None:
    with pytest.raises(StrictJsonError, match="larger than 4 bytes"):
        loads(b"[[[[[", max_bytes=4)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a":[1,-0,1.5,true,null]}', {"a": [1, 0, 1.5, True, None]}),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\\\ud800"', "\\ud800"),
        (b'"[[[[{{{{"', "[[[[{{{{"),
        (b"[" * 64 + b"]" * 64, None),
        (b" [9007199254740991,-9007199254740991]\r\n\t", [MAX_INTEGER, -MAX_INTEGER]),
        ('{"é":"é"}'.encode(), {"é": "é"}),
    ],
)
def test_accepted(data: bytes, value: Any) -> None:
    read = loads(data)
    assert value is None or read == value


NOT_WRITTEN = {
    "a float": 1.0,
    "a float deep inside": {"a": [{"b": 0.5}]},
    "NaN": float("nan"),
    "an integer beyond the domain": 2**53,
    "a key that is not a string": {1: "a"},
    "a key that would become a duplicate": {1: "a", "1": "b"},
    "a None key": {None: 1},
    "bytes": b"x",
    "a set": {1},
    "a lone surrogate": "\ud800",
    "a lone surrogate as key": {"\udfff": 1},
    "a datetime": __import__("datetime").datetime.now(),
}


@pytest.mark.parametrize("value", NOT_WRITTEN.values(), ids=NOT_WRITTEN)
def test_not_written(value: Any) -> None:
    with pytest.raises(StrictJsonError):
        dumps(value)


def test_a_cycle_is_not_written() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(StrictJsonError, match="deeper"):
        dumps(loop)


def test_the_deepest_that_is_written_is_the_deepest_that_is_read() -> None:
    value: Any = "x"
    for level in range(MAX_DEPTH):
        value = [value] if level % 2 else {"a": value}
    assert loads(dumps(value)) == value
    with pytest.raises(StrictJsonError, match="deeper"):
        dumps([value])
    with pytest.raises(StrictJsonError, match="deeper"):
        dumps({"a": value})


def test_written_form_is_the_only_one() -> None:
    assert dumps({"b": (1, True), "a": {"é": None}}) == '{"a":{"é":null},"b":[1,true]}'.encode()


writable = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=30,
)


@given(writable)
def test_what_is_written_reads_back_and_is_written_the_same_again(value: Any) -> None:
    data = dumps(value)
    assert loads(data) == value == json.loads(data)
    assert dumps(loads(data)) == data


@given(
    st.binary(max_size=60)
    | st.text(alphabet='{}[]",:\\u0d8DeE+-.19 antrf\n\ud83d', max_size=60).map(
        lambda t: t.encode("utf-8", "surrogatepass")
    )
)
def test_only_its_own_error_leaves_it_and_what_it_takes_python_takes(data: bytes) -> None:
    try:
        value = loads(data)
    except StrictJsonError:
        return
    assert value == json.loads(data)


@given(st.text(string.printable, max_size=40))
def test_an_error_never_carries_the_input_raw(text: str) -> None:
    data = json.dumps({"k" + text: 1}).replace("}", ',"k' + json.dumps(text)[1:-1] + '":2}').encode()
    with pytest.raises(StrictJsonError) as refusal:
        loads(data)
    assert str(refusal.value).isprintable()


def depth_of(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if children is None else 1 + max(map(depth_of, children), default=0)


tangled = st.recursive(
    st.text('[]{}",\\a', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('[]{}",\\a', max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(tangled, st.integers(0, 6))
def test_depth_is_counted_as_the_parser_sees_it(value: Any, limit: int) -> None:
    data = json.dumps(value).encode()
    if depth_of(value) <= limit:
        assert loads(data, max_depth=limit) == value
    else:
        with pytest.raises(StrictJsonError, match="deeper"):
            loads(data, max_depth=limit)


@given(st.recursive(st.one_of(st.text(max_size=4), st.integers(), st.floats(), st.none(), st.booleans()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab\u00e9", max_size=1), inner, max_size=3), max_leaves=6), st.data())  # fmt: skip
def test_the_short_way_never_accepts_what_the_long_way_reads_differently(value: Any, data: st.DataObject) -> None:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=data.draw(st.booleans())).encode(
        "utf-8", "surrogatepass"
    )
    if text and data.draw(st.booleans()):  # one piece of it twice: keys repeat, numbers grow
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        text = text[:end] + b"," * data.draw(st.integers(0, 1)) + text[start:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strict_json, "_COMPACT_BYTES", -1)
        try:
            expected = repr(loads(text))
        except StrictJsonError as error:
            expected = str(error)
    try:
        found = repr(loads(text))
    except StrictJsonError as error:
        found = str(error)
    assert found == expected
