"""The Semgrep rules of the pack: each says what its file of examples says, and its findings are findings like others."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gate.collect import patterns
from gate.collect.patterns import _Need, find, scan
from gate.model import GateError, Policy
from gate.policy import load
from gate.reading import read_yaml
from gate.tree import WorkTree

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "rules" / "code-patterns" / "semgrep"
EXAMPLES = ROOT / "tests" / "rules" / "code_patterns"
_NOTE = re.compile(r"(?://|#) (ruleid|ok): ([\w-]+)$")
"""Semgrep's own convention: the note stands above the line that it is about."""


@cache
def rules() -> dict[str, dict[str, Any]]:
    found = {}
    for path in sorted(RULES.glob("*.yaml")):
        for rule in read_yaml(path.read_bytes(), path.name, foreign=True).value["rules"]:
            assert rule["id"] not in found, rule["id"]
            found[rule["id"]] = rule
    return found


@cache
def examples() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(EXAMPLES.iterdir()) if path.is_file()}


@cache
def noted(word: str) -> frozenset[tuple[str, int, str]]:
    return frozenset(
        (name, number + 1, note.group(2))
        for name, data in examples().items()
        for number, line in enumerate(data.decode().split("\n"), 1)
        if (note := _NOTE.search(line)) is not None and note.group(1) == word
    )


@cache
def found() -> tuple[frozenset[tuple[str, int, str]], tuple[str, ...]]:
    rows, unread = scan([{"rules": list(rules().values())}], examples())
    return frozenset((row["path"], row["line"], row["rule"]) for row in rows), tuple(u.path for u in unread)


def test_every_rule_finds_what_its_examples_say_and_nothing_else() -> None:
    assert found() == (noted("ruleid"), ())


def test_every_rule_has_an_example_of_what_it_finds_and_of_what_it_leaves_in_every_language() -> None:
    for word in ("ruleid", "ok"):
        covered = {(rule, os.path.splitext(name)[1]) for name, _, rule in noted(word)}  # noqa: PTH122 a name
        for rule in rules().values():
            for language in rule["languages"]:
                endings = set(patterns._SUFFIXES[language])
                if language == "javascript" and "typescript" in rule["languages"]:
                    continue  # one parser reads both
                if rule["id"] in {"row-security-off", "role-bypasses-row-security"} and word == "ok":
                    endings = set(sum(patterns._SUFFIXES.values(), ()))
                if rule["id"] == "search-path-of-a-tenant-stays" and language == "python":
                    assert (rule["id"], ".py") in covered
                assert any((rule["id"], ending) in covered for ending in endings), (rule["id"], language, word)


def test_what_a_rule_needs_is_in_every_file_that_it_matches() -> None:
    """A file that has not got it is not parsed: a need that is too narrow would be a hole."""
    for name, _, rule in noted("ruleid"):
        assert _Need(rules()[rule]).meets(name, examples()[name]), (rule, name)


@pytest.mark.parametrize("rule", sorted(rules()))
def test_a_rule_says_what_to_do_and_what_the_lint_says_of_the_same(rule: str) -> None:
    one = rules()[rule]

    assert set(one) <= {
        "id", "languages", "severity", "message", "mode", "pattern", "patterns", "pattern-either", "pattern-sources",
        "pattern-sinks", "pattern-sanitizers", "metadata",
    }  # fmt: skip
    assert one["severity"] in {"ERROR", "WARNING"}
    assert 60 <= len(one["message"]) <= 300
    assert re.fullmatch(r"CWE-\d+", one["metadata"]["cwe"])
    assert one["metadata"]["needs"]
    assert set(one["metadata"]) <= {"cwe", "same_as", "needs"}


CONFIG = """
version: 1
policy_version: "1"
project: patterns
packs: [{packs}]
source: {{suppressions: {{admin: {{days: 90, writes: true}}}}{baseline}}}
{patterns}
"""
ROUTE = """import {{ Pool }} from "pg";
app.get("/boats", async (req, res) => {{
  {comment}
  const pool = new Pool(url);
  res.json(await pool.query("SELECT 1"));
}});
"""
Judge = Callable[..., dict[str, Any]]


def config(packs: str = "governance, code-patterns", *, extra: str = "", baseline: str = "") -> str:
    return CONFIG.format(packs=packs, patterns=extra, baseline=baseline)


def gate(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-m", "gate", *arguments, "-C", str(root)], capture_output=True, text=True, check=False,
        env={**os.environ, "GATE_CACHE": "off"},
    )  # fmt: skip


def put(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")


WORKFLOW = {".github/workflows/g.yml": "jobs:\n  g:\n    steps:\n      - run: gate check\n"}


def violations(done: subprocess.CompletedProcess[str], control: str = "PAT002") -> list[dict[str, Any]]:
    assert done.stdout.startswith("{"), done.stdout[:500] + done.stderr
    return [v for c in json.loads(done.stdout)["controls"] if c["id"] == control for v in c["violations"]]


def test_the_built_in_rules_are_on_without_a_word_of_configuration(tmp_path: Path) -> None:
    put(tmp_path, {"gate.yaml": config(), "src/a.ts": ROUTE.format(comment=""), **WORKFLOW})

    (one,) = violations(gate(tmp_path, "check", "--output", "json"))

    assert one["location"]["path"] == "src/a.ts"
    assert one["message"].startswith("connection-opened-in-handler-js: A handler opens a connection of its own")


def policy(root: Path, text: str, files: dict[str, str]) -> tuple[WorkTree, Policy]:
    put(root, {"gate.yaml": text, **files})
    return WorkTree(root), load(WorkTree(root))


OWN = """
rules:
  - id: connection-opened-in-handler-js
    languages: [typescript]
    severity: ERROR
    message: ours
    pattern: new Pool($X, true)
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("patterns: {without: [connection-opened-in-handler-js]}", []),
        ('patterns: {rules: ["own.yml"]}', []),  # the organisation's own rule of that name stands instead
        ('patterns: {rules: ["other.yml"]}', ["connection-opened-in-handler-js"]),
        ('patterns: {rules: ["other.yml"], built_in: false}', []),
        ('patterns: {include: ["web/**"]}', []),
    ],
)
def test_an_organisation_replaces_narrows_and_extends(tmp_path: Path, text: str, expected: list[str]) -> None:
    tree, loaded = policy(
        tmp_path, config(extra=text),
        {"src/a.ts": ROUTE.format(comment=""), "own.yml": OWN, "other.yml": OWN.replace("connection-opened", "other")},
    )  # fmt: skip

    assert [row["rule"] for row in find(tree, loaded).rows] == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("patterns: {without: [connection-open-in-handler-js]}", "no built-in rule 'connection-open-in-handler-js'"),
        ("patterns: {built_in: false}", "leaves no Semgrep rule"),
        ('patterns: {rules: ["none/*.yml"]}', "no rule file matches none"),
    ],
)
def test_a_configuration_that_means_nothing_is_refused(tmp_path: Path, text: str, said: str) -> None:
    tree, loaded = policy(tmp_path, config(extra=text), {})

    with pytest.raises(GateError, match=said):
        find(tree, loaded)


def test_a_file_with_nothing_that_a_rule_needs_is_counted_and_not_parsed(tmp_path: Path) -> None:
    tree, loaded = policy(tmp_path, config(), {"src/a.ts": "not ( valid [\n", "src/b.ts": ROUTE.format(comment="")})

    result = find(tree, loaded)

    assert (sorted(result.digests), result.scanned, result.unread) == (["src/a.ts", "src/b.ts"], 1, ())


def test_a_broken_file_that_could_match_is_unread(tmp_path: Path) -> None:
    tree, loaded = policy(tmp_path, config(), {"src/b.py": "def f(request:\n  x = psycopg.connect((\n"})

    assert [u.path for u in find(tree, loaded).unread] == ["src/b.py"]


SCHEMA = """CREATE TABLE tenants (id text PRIMARY KEY);
CREATE TABLE boats (id text PRIMARY KEY, tenant_id text NOT NULL REFERENCES tenants (id), name text);
"""
SAME = """async function f(pool, tenant) {
  await pool.query(`SELECT id FROM boats WHERE tenant_id = '${tenant}'`);
}
app.get("/boats", async (req, res) => {
  res.json(await new Pool(url).query(text));
});
"""


def test_where_the_lint_says_the_same_there_is_one_finding(tmp_path: Path) -> None:
    put(tmp_path, {"migrations/1.sql": SCHEMA, "src/a.ts": SAME, **WORKFLOW})
    put(tmp_path, {"gate.yaml": config("governance, tenancy, code-patterns")})
    done = gate(tmp_path, "check", "--output", "json")

    by_lint = {(v["location"]["line"]) for c in json.loads(done.stdout)["controls"] for v in c["violations"]
               if c["id"].startswith("TEN")}  # fmt: skip
    assert 2 in by_lint
    assert [v["location"]["line"] for v in violations(done)] == [5]


def test_rules_of_ours_do_not_judge_tests(tmp_path: Path) -> None:
    put(tmp_path, {"gate.yaml": config(), "tests/a.ts": ROUTE.format(comment=""), **WORKFLOW})

    assert violations(gate(tmp_path, "check", "--output", "json")) == []


def test_a_comment_sets_a_match_aside_and_needs_its_digest(tmp_path: Path) -> None:
    put(tmp_path, {"migrations/1.sql": SCHEMA, **WORKFLOW})
    for packs in ("governance, code-patterns", "governance, tenancy, code-patterns"):
        put(tmp_path, {"gate.yaml": config(packs), "src/a.ts": ROUTE.format(comment="")})
        (one,) = violations(gate(tmp_path, "check", "--output", "json", "--as-of", "2026-11-22T00:00:00Z"))
        pin = one["details"]["statement"][:8]
        comment = f'// tenant-ok: admin until=2026-12-01 reason="the pool of the back office" owner=@ops stmt={pin}'
        put(tmp_path, {"src/a.ts": ROUTE.format(comment=comment)})
        done = gate(tmp_path, "check", "--output", "json", "--as-of", "2026-11-22T00:00:00Z")
        assert [v["aside"] for v in violations(done)] == ["suppressed"]
        for control in ("TENSUP004", "TENSUP005", "TENSUP006"):
            assert violations(done, control) == []


def test_the_baseline_knows_matches(tmp_path: Path) -> None:
    put(tmp_path, {"migrations/1.sql": SCHEMA, "src/a.ts": ROUTE.format(comment=""), **WORKFLOW})
    for packs in ("governance, code-patterns", "governance, tenancy, code-patterns"):
        (tmp_path / "baseline.yaml").unlink(missing_ok=True)
        put(tmp_path, {"gate.yaml": config(packs)})
        written = gate(tmp_path, "baseline", "write")
        assert written.returncode == 0, written.stderr
        put(tmp_path, {"gate.yaml": config(packs, baseline=", baseline: baseline.yaml")})
        (one,) = violations(gate(tmp_path, "check", "--output", "json"))
        assert one["aside"] == "baseline"


def test_a_change_answers_for_the_matches_that_it_brings(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example", *arguments], check=True,
            capture_output=True,
        )  # fmt: skip

    old, moved = ROUTE.format(comment=""), ROUTE.format(comment="").replace("/boats", "/ships")
    put(tmp_path, {"gate.yaml": config(), "src/same.ts": old, "src/edited.ts": old, "src/moved.ts": moved, **WORKFLOW})
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "base")
    put(
        tmp_path,
        {"src/edited.ts": "// a line\n" + old, "src/new.ts": old.replace("(url)", "(other)"), "src/to.ts": moved},
    )
    (tmp_path / "src/moved.ts").unlink()
    git("add", "-A")
    git("commit", "-qm", "change")

    done = gate(tmp_path, "check", "--base", "HEAD~1", "--output", "json")

    assert {(v["location"]["path"], v.get("aside")) for v in violations(done)} == {
        ("src/same.ts", "earlier"), ("src/edited.ts", "earlier"), ("src/to.ts", "earlier"), ("src/new.ts", None),
    }  # fmt: skip
