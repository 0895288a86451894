"""What a condition is worth where nothing was found: held to what Python itself says, and to hostile files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lints.extract import extract
from lints.vouch.conditions import faults, when_missing
from lints.vouch.results import Missing

NAMES = {"row": Missing.NULL, "rows": Missing.LIST, "count": Missing.ZERO, "there": Missing.FALSE}
ATOMS = [
    "row", "rows", "count", "there", "row is None", "row is not None", "row == None", "None != row", "len(rows) == 0",
    "len(rows) > 0", "len(rows)", "0 < len(rows)", "count == 0", "count != 0", "count < 1", "count >= 1", "count > 5",
    "bool(row)", "any(rows)", "there == False", "there != True", "other", "other == 1", "other is None",
]  # fmt: skip


def both(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    joined = st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
    flat = st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join)
    return st.one_of(joined, flat, inner.map(lambda text: f"not ({text})"), inner.map(lambda text: f"not {text}"))


@given(st.recursive(st.sampled_from(ATOMS), both, max_leaves=8), st.sampled_from([None, 0, 1, "x"]))
def test_a_condition_is_worth_what_python_says(text: str, other: object) -> None:
    told = when_missing(text, NAMES, "python")

    if told is not None:
        assert told is bool(eval(text, {}, {"row": None, "rows": [], "count": 0, "there": False, "other": other}))


@given(st.text(alphabet="row!()&|=? .<>'\"nulo[0]", max_size=60), st.sampled_from(["typescript", "go", "php", "ruby"]))
def test_no_text_is_too_strange(text: str, language: str) -> None:
    assert when_missing(text, NAMES, language) in {None, True, False}


@pytest.mark.parametrize(
    ("text", "language", "told"),
    [
        ("!row", "typescript", True),
        ("!rows", "typescript", None),  # a list is always there
        ("row === undefined", "typescript", None),  # it may be null
        ("!rows?.length", "typescript", True),
        ("rows[0] === undefined", "typescript", True),
        ("row == null ? a : b", "typescript", None),
        ("row ?? other", "typescript", None),
        ("row.gone", "typescript", None),
        ("!count", "ruby", False),  # 0 is true
        ("row.nil?", "ruby", True),
        ("row.blank? || locked", "ruby", True),
        ("$row === false", "php", None),
        ("!$rows", "php", True),
        ("is_null($row)", "php", True),
        ("row is not { }", "c_sharp", True),
        ("'row' == other", "typescript", None),  # only a text
    ],
)
def test_each_language_has_its_own_nothing(text: str, language: str, told: bool | None) -> None:
    assert when_missing(text, NAMES, language) is told


@pytest.mark.parametrize(
    ("text", "language", "raises"),
    [
        ("row.locked", "typescript", True),
        ("!row.locked || other", "typescript", True),
        ("row?.locked", "typescript", False),
        ("other || row.locked", "typescript", False),
        ("rows.length", "typescript", False),
        ("row.locked", "php", False),  # a warning
        ("row.isPresent()", "java", False),  # an Optional
        ("row.locked?", "ruby", True),
        ("row.blank?", "ruby", False),
        ("row&.locked?", "ruby", False),
        ("row.HasValue", "c_sharp", False),
        ("not row.locked", "python", True),
    ],
)
def test_what_raises_where_there_is_no_row(text: str, language: str, raises: bool) -> None:
    assert faults(text, NAMES, language) is raises


READ = 'await pool.query("SELECT id FROM docs WHERE id = $1 AND tenant_id = $2", [id, tenantId]);'


@pytest.mark.parametrize(
    "body",
    [
        "\n".join(f"const r{n} = {READ}\nif (!r{n}.rowCount) return;" for n in range(320)),
        "if (a) {" * 120 + READ + "}" * 120 + READ,
        "\n".join(f"const r{n} = {READ}" for n in range(40)) + "x = id;" * 20_000,
        f"if ({'(' * 90}await {READ.removeprefix('await ').rstrip(';')}{')' * 90}) return;\n{READ}",
        "try {" * 80 + READ + "} catch (e) { throw e; }" * 80 + READ,
    ],
    ids=["hundreds of statements", "deep branches", "a name written thousands of times", "deep brackets", "deep tries"],
)
def test_a_hostile_function_is_read_like_any_other(body: str) -> None:
    found = extract("a.ts", f"async function f(pool, id, tenantId) {{\n{body}\n}}\n".encode())

    assert found.analysed
    assert not [problem for problem in found.problems if "failed" in problem.reason]
