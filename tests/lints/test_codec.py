"""The JSON form of what children answer: everything comes back as it was, anything else is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lints.codec import CodecError, _reader, _writer, decode, encode
from lints.examine import Examined, examine
from lints.rows import Judged
from lints.schema import build_model
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
    names: frozenset[str] = frozenset()
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
        names=st.frozensets(TEXT, max_size=3),
        by_pair=st.dictionaries(st.tuples(TEXT, TEXT), LEAF, max_size=2),
    )


BRANCH = st.recursive(
    branches(st.just(())), lambda inner: branches(st.lists(inner, max_size=2).map(tuple)), max_leaves=4
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(BRANCH)
def test_what_is_written_is_read_back(branch: Branch) -> None:
    found = decode(encode(branch, Branch), Branch)
    assert found == branch
    assert type(found.colour) is Colour


@given(BRANCH)
def test_equal_values_are_written_equally(branch: Branch) -> None:
    assert encode(decode(encode(branch, Branch), Branch), Branch) == encode(branch, Branch)


@given(JSON)
def test_no_other_json_is_half_understood(value: object) -> None:
    data = orjson.dumps(value)
    for kind in (Examined, Judged, Declarations, SourceModel, Branch):
        try:
            found = decode(data, kind)
        except CodecError:
            continue
        assert encode(found, kind) == data


@given(st.binary(max_size=40))
def test_no_bytes_are_more_than_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode(data, Branch)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b'["x",1,1]', "a number for a truth value"),
        (b'["x",true,true]', "a truth value for a number"),
        (b'["x",1.0,true]', "a fraction for a number"),
        (b'[null,1,true]', "nothing for a text"),
        (b'["x",1]', "a field missing"),
        (b'["x",1,true,2]', "a field more"),
        (b'{"text":"x"}', "an object for an array"),
        (b"[" * 5_000, "never closed"),
    ],
)  # fmt: skip
def test_a_value_of_another_shape_is_refused(data: bytes, name: str) -> None:
    with pytest.raises(CodecError):
        decode(data, Leaf)


def test_lone_surrogates_do_not_stop_a_scan() -> None:
    assert decode(encode(Leaf(text="a\ud800b"), Leaf), Leaf).text == "a?b"


@pytest.mark.parametrize("kind", [Examined, Judged, Declarations, SourceModel])
def test_every_type_that_travels_has_a_form(kind: Any) -> None:
    """A field of a type without one would be found only when a scan meets it."""
    seen: set[Any] = set()

    def walk(of: Any) -> None:
        if of in seen:
            return
        seen.add(of)
        _writer(of), _reader(of)
        from dataclasses import fields, is_dataclass
        from typing import get_args, get_type_hints

        if is_dataclass(of):
            hints = get_type_hints(of)
            for one in fields(of):
                walk(hints[one.name])
        for argument in get_args(of):
            if argument not in (Ellipsis, type(None)):
                walk(argument)

    walk(kind)
    assert len(seen) > 5


def test_a_model_and_a_file_travel_whole() -> None:
    sql = b"CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t ENABLE ROW LEVEL SECURITY; GRANT SELECT ON t TO x;"
    model = build_model({"migrations/1.sql": sql}, None)
    assert decode(encode(model, SourceModel), SourceModel) == model
    examined = examine(
        "a.py", b'def f(c, id):\n    c.execute(f"SELECT * FROM t WHERE id = {id} {where}")  # tenant-ok: x\n'
    )
    assert examined.extraction.statements
    assert decode(encode(examined, Examined), Examined) == examined
