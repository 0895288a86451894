"""No report lets evidence speak: each output is read by an emulation of its consumer, and nothing happens."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

import html5lib
import pytest
from markdown_it import MarkdownIt

import gate.report
from gate.model import Location
from gate.report import REPORTS
from gate.report.html import _environment
from gate.report.text import Style, Verbosity, render

ATTACKS = ["hostile", "endless"]
# What actions/runner registers (V2 and V1 grammar).
REGISTERED = {
    "set-env", "set-output", "save-state", "add-mask", "add-path", "add-matcher", "remove-matcher", "stop-commands",
    "echo", "debug", "warning", "error", "notice", "group", "endgroup", "internal-set-repo-path",
}  # fmt: skip


@dataclass(frozen=True)
class Command:
    name: str
    properties: dict[str, str]
    data: str


def trim_start(text: str) -> str:
    """.NET TrimStart, and more: everything that any version of it ever took for white space."""
    return text.lstrip().lstrip("\ufeff\u200b\u180e\u0085\u2028\u2029\u00a0").lstrip()


def runner(text: str) -> list[Command]:
    """The commands that the GitHub runner finds in a log, from its published grammar."""
    found = []
    for part in re.split("\r\n|\n|\r", text):
        trimmed = trim_start(part)
        if trimmed.startswith("::") and (end := trimmed.find("::", 2)) >= 0:
            head, _, rest = trimmed[2:end].partition(" ")
            if head.lower() in REGISTERED or head in ("allowed", "v"):
                properties = dict(p.split("=", 1) for p in rest.split(",") if "=" in p)
                unescaped = {
                    k.strip(): v.replace("%0D", "\r")
                    .replace("%0A", "\n")
                    .replace("%3A", ":")
                    .replace("%2C", ",")
                    .replace("%25", "%")
                    for k, v in properties.items()
                }
                data = trimmed[end + 2 :].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
                found.append(Command(head.lower(), unescaped, data))
                continue
        at = part.find("##[")
        if at >= 0 and (end := part.find("]", at)) >= 0:
            head = part[at + 3 : end].split(" ")[0]
            if head.lower() in REGISTERED:
                found.append(Command(head.lower(), {}, part[end + 1 :]))
    return found


def test_the_emulation_sees_commands():
    assert [c.name for c in runner("x\n \u00a0::error file=a::b\ny ##[set-env name=PATH]/evil")] == ["error", "set-env"]


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("report", [r for r in REPORTS if r != "github"])
def test_printed_to_a_log_no_report_commands_a_runner(name, report, decisions):
    text = REPORTS[report](decisions[name]())
    assert runner(text) == []
    assert not re.search(r"##(vso|teamcity)?\[", text, re.IGNORECASE)


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("verbosity", Verbosity)
@pytest.mark.parametrize("width", [40, 41, 57, 100, 10_000])
def test_no_width_or_style_of_text_commands_a_runner_or_a_terminal(name, verbosity, width, decisions):
    base = "https://forge.example/"
    text = render(decisions[name](), style=Style(verbosity=verbosity, width=width))
    assert runner(text) == []
    assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c != "\n"]
    styled = render(decisions[name](), style=Style(verbosity=verbosity, width=width, colour=True, link_base=base))
    left = re.sub(r"\x1b\[[0-9;]*m|\x1b\]8;;(https://forge\.example/[A-Za-z0-9._~/%-]+#L\d+)?\x1b\\", "", styled)
    assert "\x1b" not in left
    assert runner(left) == []


@pytest.mark.parametrize("name", [*ATTACKS, "blocked", "allowed", "undecided", "waived", "rehearsal", "empty", "many"])
def test_annotations_are_exactly_ours(name, decisions):
    decision = decisions[name]()
    text = REPORTS["github"](decision)
    found = runner(text)
    assert len(found) == len(text.splitlines())
    by = {kind: [c for c in found if c.name == kind] for kind in ("error", "warning", "notice")}
    assert sum(map(len, by.values())) == len(found)
    assert len(by["error"]) <= 10
    assert len(by["warning"]) <= 10
    assert len(by["notice"]) == 1
    assert bool(by["error"]) == (decision.exit_code != 0)
    for command in found:
        assert set(command.properties) <= {"file", "line", "col", "endLine", "title"}
        assert "\r" not in command.data
        assert all("\n" not in value for value in command.properties.values())
        assert not runner(command.data)


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("name", ATTACKS)
def test_no_secret_reaches_any_output(report, name, decisions, secrets):
    text = REPORTS[report](decisions[name]())
    for secret in secrets:
        assert secret not in text


@pytest.mark.parametrize("name", ATTACKS)
def test_no_secret_reaches_any_style_of_text(name, decisions, secrets):
    for verbosity in Verbosity:
        text = render(decisions[name](), style=Style(verbosity=verbosity, colour=True, link_base="file:///x/"))
        assert not [secret for secret in secrets if secret in text]


@pytest.mark.parametrize("report", REPORTS)
def test_no_secret_in_a_file_name_reaches_any_output(report, decisions, secrets):
    decision = decisions["blocked"]()
    failing = decision.results[0]
    named = replace(failing.violations[0], location=Location(path=f"backup/{secrets[0]}.sql", line=3))
    text = REPORTS[report](replace(decision, results=(replace(failing, violations=(named,)),)))
    assert not [secret for secret in secrets if secret in text]
    assert "redacted" in text


def test_the_template_can_write_nothing_past_the_hook(secrets):
    template = _environment().from_string("{{ text }}|{{ items|join(' ') }}|{{ 'x' ~ text }}")
    text = template.render(text=f"<b>##[error]\x1b {secrets[0]}", items=["<i>", secrets[0]])
    once = "&lt;b&gt;#\\u{23}[error]\\u{1b} (redacted)"
    assert text == f"{once}|&lt;i&gt; (redacted)|x{once}"


ELEMENTS = {
    "html": {"lang"}, "head": set(), "meta": {"charset", "http-equiv", "content", "name"}, "title": set(),
    "style": set(), "body": set(), "header": {"class"}, "main": {"class"}, "nav": {"aria-label"},
    "section": {"aria-labelledby"},
    "article": {"class"}, "div": {"class", "tabindex", "role", "aria-labelledby", "aria-label"}, "h1": set(),
    "h2": {"id"}, "h3": set(), "p": {"class"}, "ul": {"class"}, "li": set(), "dl": {"class"}, "dt": set(), "dd": set(),
    "table": {"class"}, "thead": set(), "tbody": set(), "tr": set(), "th": {"scope"}, "td": set(), "a": {"href"},
    "span": {"class", "aria-hidden"}, "code": {"class"}, "pre": {"class", "tabindex"}, "b": set(), "br": set(),
    "details": set(), "summary": set(), "svg": {"class", "width", "height", "viewBox", "role", "aria-label"},
    "rect": {"class", "x", "y", "width", "height", "rx", "fill"},
}  # fmt: skip


@pytest.mark.parametrize("name", [*ATTACKS, "blocked", "waived", "undecided", "allowed", "empty", "many"])
def test_a_browser_finds_only_our_elements_and_attributes(name, decisions):
    text = REPORTS["html"](decisions[name]())
    parser = html5lib.HTMLParser(html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    tree = parser.parse(text)
    assert parser.errors == []
    words = set()
    for element in tree.iter():
        if not isinstance(element.tag, str):  # a comment
            raise AssertionError("a comment")
        tag = element.tag.rpartition("}")[2]
        assert tag in ELEMENTS
        assert set(element.attrib) <= ELEMENTS[tag]
        if tag == "a":
            assert re.fullmatch("#[a-z-]+", element.attrib["href"])
        words |= set(element.attrib.get("class", "").split())
        if "fill" in element.attrib:
            assert re.fullmatch("#[0-9a-f]{6}", element.attrib["fill"])
        for number in ("x", "y", "width", "height"):
            assert element.attrib.get(number, "0").isdigit()
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", word) for word in words)
    assert not re.search(r"url\(|@import|javascript:|<script|\bon\w+=\"", text.replace("&#34;", ""))


def test_the_page_asks_for_nothing_and_may_not(decisions):
    text = REPORTS["html"](decisions["blocked"]())
    assert "default-src 'none'" in text
    assert " src=" not in text
    assert not re.search(r"https?://", text)


@pytest.mark.parametrize("name", [*ATTACKS, "blocked", "waived"])
@pytest.mark.parametrize("report", ["markdown", "markdown-comment"])
def test_rendered_markdown_holds_no_html_link_image_or_mention(name, report, decisions):
    text = REPORTS[report](decisions[name]())
    reader = MarkdownIt("gfm-like", {"html": True})
    reader.linkify.set({"fuzzy_link": False})  # GitHub and GitLab link www. and URLs, not bare domains
    html, kinds = [], set()
    for token in reader.parse(text):
        for part in (token, *(token.children or ())):
            kinds.add(part.type)
            if part.type in ("html_block", "html_inline"):
                html.append(part.content.strip())
            elif part.type == "text":
                assert not re.search(r"@\w|(?<!\w)#\d|\bwww\.\w|https?://", part.content)
    assert html == ["<!-- gate:sticky:v1 -->"]
    assert not {kind for kind in kinds if kind.startswith(("link", "image", "hr", "blockquote", "ordered", "math"))}


def test_the_emulation_sees_markdown():
    reader = MarkdownIt("gfm-like", {"html": True})
    kinds = {
        part.type
        for token in reader.parse("<b>x</b> [a](http://b) www.x.example ![i](j)")
        for part in (token.children or ())
    }
    assert {"html_inline", "link_open", "image"} <= kinds


@pytest.mark.parametrize("report", ["json", "sarif", "sarif-github", "gitlab-codequality"])
@pytest.mark.parametrize("name", ATTACKS)
def test_json_reports_parse_and_hold_no_lone_surrogate(report, name, decisions):
    json.loads(REPORTS[report](decisions[name]()))
    assert not re.search(r"\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])", REPORTS[report](decisions[name]()))


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_ends_in_one_newline_and_is_utf8(report, sample):
    _, decision = sample
    text = REPORTS[report](decision)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    text.encode()


RENDER_ALL = """
import hashlib, importlib.util, sys
spec = importlib.util.spec_from_file_location("samples", sys.argv[1])
samples = sys.modules["samples"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(samples)
from gate.report import REPORTS
print(hashlib.sha256("".join(r(d()) for r in REPORTS.values() for d in samples.SAMPLES.values()).encode()).hexdigest())
"""


def test_another_process_with_another_hash_seed_writes_the_same_bytes(decisions):
    path = Path(__file__).with_name("conftest.py")
    env = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo", "LC_ALL": "C", "NO_COLOR": "1", "COLUMNS": "40"}
    other = subprocess.run(
        [sys.executable, "-c", RENDER_ALL, str(path)], env=env, capture_output=True, text=True, check=True
    ).stdout.strip()
    samples = [name for name in decisions if name not in ("many", "endless")]
    mine = "".join(report(decisions[name]()) for report in REPORTS.values() for name in samples)
    assert hashlib.sha256(mine.encode()).hexdigest() == other


def test_naming_the_formats_imports_none_of_them():
    heavy = "('jinja2', 'jsonschema', 'jsonschema_rs', 'markupsafe', 'xml')"
    code = f"""import sys, gate.report
print([m for m in sys.modules if m.split('.')[0] in {heavy} or m.startswith('gate.report.')])"""
    out = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_reports_reach_for_no_clock_file_or_environment():
    forbidden = {
        "os",
        "pathlib",
        "subprocess",
        "socket",
        "time",
        "random",
        "sys",
        "io",
        "tempfile",
        "locale",
        "secrets",
    }
    for path in Path(gate.report.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & forbidden, path.name
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("now", "utcnow", "today", "getenv"), path.name
