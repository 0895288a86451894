"""The written form of what children answer: everything comes back as it was, anything else is refused."""

from __future__ import annotations

from dataclasses import dataclass, field, is_dataclass
from enum import StrEnum
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lints.codec import CodecError, decode, encode
from lints.examine import Examined, Queries, examine
from lints.rows import CodeFacts, Judged
from lints.schema import build_model
from lints.schema.catalog import Drafts
from lints.schema.declared import Declarations
from lints.schema.facts import SourceModel


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    text: str
    number: int = 0
    on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    leaf: Leaf | None
    colour: Colour
    pair: tuple[str, int]
    leaves: tuple[Leaf, ...] = ()
    inner: tuple[Branch, ...] = ()
    by_pair: dict[tuple[str, str], Leaf] = field(default_factory=dict)


TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
LEAF = st.builds(Leaf, text=TEXT, number=st.integers(-(2**53), 2**53), on=st.booleans())


def branches(inner: Any) -> Any:
    return st.builds(
        Branch,
        leaf=st.none() | LEAF,
        colour=st.sampled_from(Colour),
        pair=st.tuples(TEXT, st.integers(-5, 5)),
        leaves=st.lists(LEAF, max_size=3).map(tuple),
        inner=inner,
        by_pair=st.dictionaries(st.tuples(TEXT, TEXT), LEAF, max_size=2),
    )


BRANCH = st.recursive(
    branches(st.just(())), lambda inner: branches(st.lists(inner, max_size=2).map(tuple)), max_leaves=4
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4) | st.binary(max_size=4) | st.floats(),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(BRANCH)
def test_what_is_written_is_read_back(branch: Branch) -> None:
    found = decode(encode(branch), Branch)
    assert found == branch
    assert type(found.colour) is Colour


@given(BRANCH)
def test_equal_values_are_written_equally(branch: Branch) -> None:
    assert encode(decode(encode(branch), Branch)) == encode(branch)


@given(PLAIN)
def test_nothing_else_is_half_understood(value: object) -> None:
    data = msgspec.msgpack.encode(value)
    for kind in (Examined, Judged, SourceModel, Branch, Leaf):
        with pytest.raises(CodecError):
            decode(data, kind)


@given(st.binary(max_size=40))
def test_no_bytes_are_more_than_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode(data, Branch)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({"text": "x", "number": 1, "on": 1}, "a number for a truth value"),
        ({"text": "x", "number": True}, "a truth value for a number"),
        ({"text": "x", "number": 1.0}, "a fraction for a number"),
        ({"text": "x", "number": "1"}, "a text for a number"),
        ({"text": None}, "nothing for a text"),
        ({"text": b"x"}, "bytes for a text"),
        ({"number": 1}, "a field missing"),
        (["x", 1, True], "an array for an object"),
    ],
)  # fmt: skip
def test_a_value_of_another_shape_is_refused(value: object, name: str) -> None:
    with pytest.raises(CodecError):
        decode(msgspec.msgpack.encode(value), Leaf)


@pytest.mark.parametrize(
    "data", [b"\x91" * 100_000, encode(Leaf(text="x")) + b"\0", encode(Leaf(text="x"))[:-1], b"\xc1"]
)
def test_what_is_no_whole_value_is_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode(data, Leaf)


def test_lone_surrogates_do_not_stop_a_scan() -> None:
    assert decode(encode(Leaf(text="a\ud800b")), Leaf).text == "a?b"


@pytest.mark.parametrize("kind", [Examined, Judged, Queries, Drafts, Declarations, SourceModel, CodeFacts])
def test_every_type_that_travels_has_a_form(kind: Any) -> None:
    """A field of a type without one, or whose items have no order, would be found only when a scan meets it."""
    msgspec.msgpack.Decoder(kind)
    seen: set[Any] = set()

    def walk(of: Any) -> None:
        assert get_origin(of) not in (set, frozenset)
        if is_dataclass(of) and of not in seen:
            seen.add(of)
            for hint in get_type_hints(of).values():
                walk(hint)
        for argument in get_args(of):
            walk(argument)

    walk(kind)
    assert seen


def test_a_model_and_a_file_travel_whole() -> None:
    sql = b"CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t ENABLE ROW LEVEL SECURITY; GRANT SELECT ON t TO x;"
    model = build_model({"migrations/1.sql": sql}, None)
    assert decode(encode(model), SourceModel) == model
    examined = examine(
        "a.py", b'def f(c, id):\n    c.execute(f"SELECT * FROM t WHERE id = {id} {where}")  # tenant-ok: x\n'
    )
    assert examined.extraction.statements
    assert decode(encode(examined), Examined) == examined
