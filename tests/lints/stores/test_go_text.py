"""Literals, maps and lists of Go as they are written, however they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lints.extract.facts import Argument
from lints.stores.go_text import arguments, as_id, fields_of, listed, plain, written

PARTS = st.sampled_from(
    [
        *'{}[]()"`,:&*. ',
        "Boat{",
        "string(",
        "uuid.UUID(",
        ".String()",
        "map[string]any{",
        "[]string{",
        "ID",
        '"name"',
        "t",
        "new(",
    ]
)


def value(text: str) -> Argument:
    return Argument(kind="value", text=text)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("&Boat{Name: name, TenantID: t}", {"Name": "name", "TenantID": "t"}),
        ('Boat{Name: "a, {b", TenantID: t}', {"Name": "a, {b", "TenantID": "t"}),
        ('map[string]any{"name": name}', {"name": "name"}),
        ("Boat{}", {}),
        ("Boat{a, b}", None),
        ("[]Boat{{Name: n}}", None),
        ("map[string]any{column: name}", None),
        ("Boat{Name: name, Tena", None),
        ("boat", None),
        ("toBoat(in)", None),
    ],
)
def test_fields(text: str, fields: dict[str, str] | None) -> None:
    found = fields_of(value(text))
    assert (None if found is None else {name: one.text for name, one in found.items()}) == fields


@pytest.mark.parametrize(
    ("argument", "names"),
    [
        (value('[]string{"name", "port_id"}'), ["name", "port_id"]),
        (Argument(kind="text", text="boats.name, `port_id`"), ["name", "port_id"]),
        (Argument(kind="list", items=(Argument(kind="text", text="name"),)), ["name"]),
        (value("columns"), None),
        (value("[]string{column}"), None),
    ],
)
def test_lists(argument: Argument, names: list[str] | None) -> None:
    assert listed(argument) == names


@given(st.lists(PARTS, max_size=12).map("".join))
def test_whatever_is_written_is_read_without_an_error(text: str) -> None:
    arguments(text)
    written(text)
    as_id(text)
    fields_of(value(text))
    listed(value(text))
    assert plain(plain(text)) == plain(text)
