"""The terminal report: verdict first, exact columns, short when fine, nothing hidden."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gate.model import Location
from gate.report import REPORTS
from gate.report.snippet import excerpt
from gate.report.text import PLAIN, Style, Verbosity, render

ANSI = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;;[^\x1b]*\x1b\\")


def test_snapshot(sample, snapshot):
    name, decision = sample
    for verbosity in Verbosity:
        snapshot(f"{name}.{verbosity}.txt", render(decision, style=Style(verbosity=verbosity)))


def test_the_registry_uses_the_plain_style(decisions):
    decision = decisions["blocked"]()
    assert REPORTS["text"](decision) == render(decision, style=PLAIN)


def test_the_first_word_is_the_verdict(sample):
    _, decision = sample
    for verbosity in Verbosity:
        assert render(decision, style=Style(verbosity=verbosity)).startswith(decision.verdict.value.upper() + ": ")


def test_quiet_is_one_line_when_nothing_blocks(decisions):
    assert render(decisions["allowed"](), style=Style(verbosity=Verbosity.QUIET)).count("\n") == 1


def test_allowed_fits_on_one_screen(decisions):
    assert render(decisions["allowed"]()).count("\n") <= 24


def test_quiet_keeps_what_blocks_with_its_fix_and_drops_the_rest(decisions):
    text = render(decisions["blocked"](), style=Style(verbosity=Verbosity.QUIET))
    assert "error[TEN001]" in text
    assert "= fix: gate drill run" in text
    assert "warning[" not in text
    assert "Not checked" not in text


def test_the_caret_stands_under_the_statement(decisions):
    lines = render(decisions["blocked"]()).splitlines()
    at = next(i for i, text in enumerate(lines) if "db.execute" in text)
    begin, end = lines[at + 1].index("^"), lines[at + 1].rindex("^") + 1
    assert lines[at][begin:end] == "SELECT * FROM orders WHERE id = ?"


def test_a_time_set_by_hand_is_marked_in_the_first_line(decisions):
    decision = decisions["undecided"]()
    for verbosity in Verbosity:
        first = render(decision, style=Style(verbosity=verbosity)).splitlines()[0]
        assert "time set by hand: not releasable" in first


def test_waived_findings_and_broken_waivers_are_shown(decisions):
    text = render(decisions["waived"]())
    for ident in ("WVR-7", "WVR-9", "WVR-2", "WVR-3", "WVR-4"):
        assert ident in text
    assert "until 2026-11-27 (6 days left)" in re.sub(r"\s+", " ", text)


def test_many_findings_are_capped_and_counted(decisions):
    text = render(decisions["many"]())
    assert "… and 5,995 more (see --output json)" in text
    assert text.count("\n") < 120


def test_endless_strings_are_cut_with_the_number_of_what_is_missing(decisions):
    text = render(decisions["endless"]())
    assert len(text) < 100_000
    assert "more characters)" in text


def test_colour_changes_no_word(sample):
    _, decision = sample
    for verbosity in Verbosity:
        plain = render(decision, style=Style(verbosity=verbosity))
        coloured = render(decision, style=Style(verbosity=verbosity, colour=True))
        assert ANSI.sub("", coloured) == plain
        assert "\x1b" not in plain


def test_links_lead_into_the_tree_and_nowhere_else(decisions):
    style = Style(link_base="https://forge.example/blob/4f0c/")
    text = render(decisions["blocked"](), style=style)
    assert (
        "\x1b]8;;https://forge.example/blob/4f0c/src/orders/repository.py#L42\x1b\\src/orders/repository.py:42:24"
        in text
    )
    decision = decisions["blocked"]()
    failing = decision.results[0]
    outside = replace(failing.violations[0], location=Location(path="../../etc/passwd"))
    text = render(replace(decision, results=(replace(failing, violations=(outside,)),)), style=style)
    assert "../../etc/passwd:1" in text
    assert "passwd#L" not in text


@pytest.mark.parametrize("width", [60, 100, 200])
def test_lines_of_prose_keep_to_the_width(decisions, width):
    for text in render(decisions["waived"](), style=Style(width=width)).splitlines()[1:]:
        assert len(text) <= width or "= fix" in text or "-->" in text or text.startswith("warning[")


@pytest.mark.parametrize(
    ("snippet", "columns", "shown", "marked"),
    [
        ("a = b", (5, 6), "a = b", "b"),
        ("\tx.get(1)", (2, 10), "    x.get(1)", "x.get(1)"),
        ("é漢字 = q", (1, 4), "é漢字 = q", "é漢字"),
        ('k = "AKIAQYCANARY7SECRET9"; f(x)', (29, 33), 'k = "(redacted)"; f(x)', "f(x)"),
        ("a\u202eb(c)", (3, 7), "a\\u{202e}b(c)", "b(c)"),
        ("##[error] f(x)", (11, 15), "#\\u{23}[error] f(x)", "f(x)"),
        ("\u00a0 ::error::x f(x)", (14, 18), "\u00a0 \\u{3a}:error::x f(x)", "f(x)"),
        ("f(x)", (9, 13), "f(x)", None),  # only what stands between the columns
        ("f(x)", (1, 5), "f(x)", "f(x)"),
        ("f(x)", (90, 99), "f(x)", None),
        ("f(x)", (None, None), "f(x)", None),
        ("f(x)\r", (1, 2), "f(x)\\u{d}", "f"),
    ],
)
def test_excerpt_marks_what_was_meant_whatever_became_of_the_line(snippet, columns, shown, marked):
    found = excerpt(Location(path="x", line=3, column=columns[0], end_column=columns[1], snippet=snippet))
    assert found is not None
    assert found.lines == ((3, shown),)
    if marked is None:
        assert found.mark is None
    else:
        before, under = found.mark
        cells = "".join(c * (2 if c in "漢字" else 1) for c in shown)
        assert cells[before : before + under] == "".join(c * (2 if c in "漢字" else 1) for c in marked)


@pytest.mark.parametrize(
    ("snippet", "mark"),
    [("q = SELECT 1 FROM t", None), ("q = SELECT\n  1", (4, 6)), ("    FROM t\n  1", (4, 6))],
)
def test_excerpt_of_several_lines_marks_only_what_kept_its_lines(snippet, mark):
    found = excerpt(Location(path="x", line=3, column=5, end_line=4, end_column=4, snippet=snippet))
    assert found.mark == mark


def test_excerpt_cuts_a_long_line_around_the_mark():
    snippet = "x" * 5000 + "NEEDLE" + "y" * 5000
    found = excerpt(Location(path="x", column=5001, end_column=5007, snippet=snippet), width=80)
    text = found.lines[0][1]
    assert len(text) <= 80
    assert text[found.mark[0] :][: found.mark[1]] == "NEEDLE"
    assert text.startswith("…")
    assert text.endswith("…")


def test_excerpt_shows_a_secret_over_several_lines_once_and_keeps_the_numbers():
    snippet = "key = '''-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----'''\nuse(key)"
    found = excerpt(Location(path="x", line=10, column=1, snippet=snippet))
    assert found.lines == ((10, "key = '''(redacted)"), (12, "'''"), (13, "use(key)"))


@pytest.mark.parametrize("snippet", ["", "   \n\t", None])
def test_no_excerpt_of_nothing(snippet):
    assert excerpt(Location(path="x", column=1, snippet=snippet)) is None
