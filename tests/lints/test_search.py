"""The quick look at a file never misses what the expressions themselves find."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lints.context.held import _DECLARED, declarations
from lints.extract import beginnings
from lints.extract.chains import hits as chain_hits
from lints.search import Search, relaxed

SEARCHES = {
    "statements": beginnings._SEARCH, "rare statements": beginnings._RARE, "mongoose": chain_hits._MONGOOSE,
    **{f"calls, {name}": search for name, search in ((name, chain_hits._of(name)) for name in chain_hits._HITS)},
    **{f"held, {name}": declarations(name) for name in _DECLARED},
    **{
        name: value
        for module in ("lints.context", "lints.context.held")
        for name, value in vars(import_module(module)).items()
        if isinstance(value, Search)
    },
}  # fmt: skip
EXPRESSIONS = sorted({(one, search.flags) for search in SEARCHES.values() for one in search.expressions})


@pytest.mark.parametrize(("pattern", "flags"), EXPRESSIONS, ids=lambda part: str(part)[:60])
def test_wherever_an_expression_matches_it_is_possible(pattern: bytes, flags: re.RegexFlag) -> None:
    expression = re.compile(pattern, flags)
    search = Search(pattern, flags=flags)
    spelled = re.compile(pattern.removeprefix(b"(?i)"), flags & ~re.IGNORECASE)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(spelled), st.binary(max_size=5))
    def check(matching: bytes, around: bytes) -> None:
        for data in (matching, around + matching, matching + around, matching.swapcase()):
            assert search.possible(data) or expression.search(data) is None
            assert search(data) == [found.start() for found in expression.finditer(data)]

    check()


WORDS = """select from update set delete insert into with as ( ) . redis get prisma objects find db tx es Boat where x , =
truncate table copy to stdin match merge call tenant_id req.query @app.get( \x85 \xa0 \xe9 " ' static String use client"""


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([*WORDS.split(), " ", "\n"]), max_size=12).map("".join))
@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_finds_what_its_expressions_find(name: str, text: str) -> None:
    data = text.encode("latin-1")
    search = SEARCHES[name]
    wanted = sorted({found.start() for one in search.expressions for found in re.finditer(one, data, search.flags)})
    assert search(data) == wanted
    assert search.possible(data) or not wanted


@pytest.mark.parametrize(
    ("pattern", "data"),
    {
        "a word's edge beside a byte beyond ASCII": (rb"\bselect\b", b"\xe9select\xe9"),
        "looking behind": (rb"select(?<!\wselect)", b" select"),
        "looking ahead at the end": (rb"update(?=[\s\S]{0,400}?\bset\b)", b"update x\nset"),
        "looking ahead in the middle": (rb"a(?=b)[a-z]c", b"abc"),
        "an end": (rb"call(?:\(|$)", b"call"),
        "counting high": (rb"x{3,90}y", b"x" * 70 + b"y"),
        "a bracket in a set": (rb"a[\[\]x]b", b"a[b"),
        "a bracket first in a set": (rb"a[]x]b", b"a]b"),
        "signs that mean something in sets elsewhere": (rb"a[x&~\[]b", b"a&b"),
        "no space, which is one elsewhere": (rb"a[^\s]b\S", b"a\xa0b\xa0"),
        "any byte": (rb"a.b", b"a\xffb"),
        "capitals": (rb"(?i)tenant", b"TENANT"),
        "a comma that is no count": (rb"a{,x}", b"a{,x}"),
        "possessive": (rb"a*+b++c?+d", b"aabbcd"),
    }.values(),
)
def test_what_it_must_not_miss(pattern: bytes, data: bytes) -> None:
    assert re.search(pattern, data) is not None
    assert Search(pattern).possible(data)
    assert Search(pattern).matches(data)


def test_most_code_holds_nothing() -> None:
    data = b"def moor(boat, berth):\n    return boat.length <= berth.length and not berth.closed\n" * 50
    assert not any(search.possible(data) for search in SEARCHES.values())


def test_nothing_to_look_for_is_never_there() -> None:
    assert not Search().possible(b"anything")
    assert Search()(b"anything") == []


@pytest.mark.parametrize("pattern", [rb"(a)\1", rb"(?m)^a", rb"(a)?(?(1)b|c)", rb"(?x) a b"])
def test_what_is_not_understood_is_refused(pattern: bytes) -> None:
    with pytest.raises(ValueError, match=" at "):
        relaxed(pattern)


def test_flags_that_mean_something_else_are_refused() -> None:
    with pytest.raises(ValueError, match="flags"):
        relaxed(b"a b", re.VERBOSE)
