"""The writers: what comes out of each is inert in its sink, whatever went in."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gate.report.escape import (
    command_data,
    command_property,
    csv_cell,
    json_document,
    json_value,
    line,
    markdown,
    markdown_block,
    markdown_code,
    message,
    relative_uri,
    rfc3339,
    visible,
)

ANY = st.text(st.characters(), max_size=200)
NASTY = st.lists(
    st.sampled_from(
        [
            "::",
            ":",
            "##",
            "#",
            "[",
            "]",
            "##[",
            "##vso[",
            "##VSO[",
            "##teamcity[",
            "\u200b",
            "\u00a0",
            "\u3000",
            " ",
            "\n",
            "\r",
            "\x1b[31m",
            "\u202e",
            "`",
            "|",
            "\\",
            "<b>",
            "@me",
            "%0A",
            "error",
            "](",
            "&",
            "\ud800",
        ]
    ),
    max_size=14,
).map("".join)
WRITERS = [line, message, markdown, markdown_code, command_data, command_property]


@pytest.mark.parametrize("writer", WRITERS)
@given(ANY | NASTY)
def test_one_line_of_visible_characters(writer, text):
    out = writer(text)
    assert not [c for c in out if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    # Cf: the ones assigned by Unicode 15; later ones are not known to every Python.
    assert not [c for c in out if unicodedata.category(c) == "Cf"]
    assert len(out.splitlines()) <= 1
    out.encode()


@pytest.mark.parametrize("writer", WRITERS)
@given(ANY | NASTY)
@example("##\u200b[")
@example("##\x00[error]x")
@example("\u2029::error::x")
@example("\u00a0\u3000::error::x")
@example(":\u200b:error::x")
@example("###[error]")
@example("####vso[x]")
def test_no_runner_command_survives(writer, text):
    out = writer(text)
    if writer is not markdown_code:  # its first character is a backtick
        assert not out.lstrip().startswith("::")
    assert not re.search(r"##(vso|teamcity)?\[", out, re.IGNORECASE)


def test_visible_replaces_each_character_of_the_attackers_kit():
    for code in (
        0,
        7,
        8,
        9,
        10,
        13,
        0x1B,
        0x7F,
        0x85,
        0x9B,
        0xAD,
        0x61C,
        0x200B,
        0x200F,
        0x2028,
        0x2029,
        0x202E,
        0x2066,
        0x2069,
        0xFEFF,
        0xFE0F,
        0xFFF9,
        0xFFFE,
        0xE0041,
        0xD800,
    ):
        assert visible(f"a{chr(code)}b") == f"a\\u{{{code:x}}}b"


def test_ordinary_text_of_many_scripts_is_untouched():
    text = "Größe ≤ 5 × naïve 漢字 العربية עברית हिन्दी 🙂 → “quoted” a::b #1 @x"
    assert visible(text) == text
    assert line(text) == text


def test_a_limit_cuts_after_redaction_and_counts_what_is_gone():
    assert line("x" * 20, 8) == "xxxxxxxx… (12 more characters)"
    assert line("x" * 8, 8) == "xxxxxxxx"
    assert "horse" not in line("a password=horse-battery b", 16)


@given(ANY | NASTY)
def test_command_properties_hold_no_separator(text):
    out = command_property(text)
    assert not set(out) & set("\r\n:,")
    assert not re.search("%(?!25|0D|0A|3A|2C)", out)


def test_command_data_is_what_the_runner_decodes():
    out = command_data("50% of a:b,c")
    assert out == "50%25 of a:b,c"


@given(ANY | NASTY)
def test_markdown_code_is_one_closed_span(text):
    out = markdown_code(text)
    fence = re.match("`+", out)[0]
    assert out.startswith(fence)
    assert out.endswith(fence)
    inner = out[len(fence) : -len(fence)]
    assert fence not in re.findall("`+", inner)


def test_a_code_block_is_closed_by_its_own_fence_alone():
    assert markdown_block(["a", "```", "````b"]).splitlines() == ["`````", "a", "```", "````b", "`````"]
    assert markdown_block(["plain"]) == "```\nplain\n```"


@given(ANY | NASTY)
def test_relative_uris_stay_inside(text):
    uri = relative_uri(text)
    if uri is None:
        return
    assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", uri)
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert not uri.startswith("/")
    assert ".." not in unquote(uri).split("/")


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("src/a.py", "src/a.py"),
        ("./src/a.py", "src/a.py"),
        ("src/a b#c?.py", "src/a%20b%23c%3F.py"),
        ("src/ü.py", "src/%C3%BC.py"),
        ("a\nb.py", "a%0Ab.py"),
        ("../x", None),
        ("a/../../x", None),
        ("/etc/passwd", None),
        ("//host/x", None),
        ("C:\\x", None),
        ("a\\..\\x", None),
        ("javascript:alert(1)", None),
        ("file:///etc", None),
        ("", None),
        (".", None),
        ("a//b", None),
    ],
)
def test_paths_become_uris_or_nothing(path, uri):
    assert relative_uri(path) == uri


@given(st.text(st.characters()))
def test_json_text_never_holds_a_command_and_reads_back(text):
    document = json_document(json_value({"k": text, text: "v"}))
    assert document.isascii()
    assert "##" not in document
    assert not [part for part in document.splitlines() if part.lstrip().startswith("::")]
    json.loads(document)


def test_times_are_utc():
    moment = datetime(2026, 11, 21, 20, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    assert rfc3339(moment) == "2026-11-21T18:04:05Z"
    assert rfc3339(datetime(2026, 1, 1, 0, 0, 0, 7, tzinfo=UTC)) == "2026-01-01T00:00:00.000007Z"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"), ("+1+1", "'+1+1"), ("-1+1", "'-1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
        ("-3.20", "-3.20"), ("+7", "'+7"), ("plain", "plain"), ("", ""), ("-", "'-"), ("-1\n=1", "'-1\n=1"),
    ],
)  # fmt: skip
def test_a_cell_is_no_formula_and_a_credit_stays_a_number(text: str, cell: str) -> None:
    assert csv_cell(text) == cell
