"""Expressions that are compiled late: each can be compiled, and is then what `re.compile` gives."""

from __future__ import annotations

import gc
import pkgutil
import re
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lints
from lints.patterns import _Later, regex


def test_every_expression_of_the_lints_can_be_compiled() -> None:
    for module in pkgutil.walk_packages(lints.__path__, "lints."):
        import_module(module.name)
    later = [one for one in gc.get_objects() if type(one) is _Later]
    assert len(later) > 400
    for one in later:
        assert isinstance(one.pattern, str | bytes)


@given(st.text(alphabet="ab1 \n", max_size=20))
def test_it_finds_what_the_compiled_one_finds(text: str) -> None:
    late, compiled = regex(r"a(?P<more>b*)|\d", re.IGNORECASE), re.compile(r"a(?P<more>b*)|\d", re.IGNORECASE)
    assert [m.span() for m in late.finditer(text)] == [m.span() for m in compiled.finditer(text)]
    assert (late.sub("x", text), late.split(text)) == (compiled.sub("x", text), compiled.split(text))
    assert (late.pattern, late.flags, late.groups) == (compiled.pattern, compiled.flags, compiled.groups)
    assert bool(late.fullmatch(text)) == bool(compiled.fullmatch(text))


def test_a_broken_one_says_so_when_it_is_asked() -> None:
    with pytest.raises(re.error):
        regex("(").search("x")
