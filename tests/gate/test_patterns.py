"""Semgrep as a sensor: what it finds, and every way in which it could have said nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gate.collect.patterns import scan
from gate.model import GateError, UndecidedError
from gate.reading import read_yaml

RULES = """
rules:
  - id: no-raw-pool
    languages: [typescript, javascript]
    severity: ERROR
    message: use the tenant wrapper instead of the raw pool
    pattern: pool.query(...)
  - id: tenant-from-body
    languages: [python]
    severity: WARNING
    message: the tenant comes from the request body
    pattern: $X.json["tenant_id"]
"""


def run(files: dict[str, bytes], rules: str = RULES) -> tuple[list[tuple[str, str, int]], list[str]]:
    rows, unread = scan([read_yaml(rules.encode(), "r.yml", foreign=True).value], files)
    return [(r["rule"], r["path"], r["line"]) for r in rows], [u.path for u in unread]


def test_matches_are_placed_and_inline_suppressions_do_not_count() -> None:
    rows, unread = run({
        "web/a.ts": b'\npool.query("select 1"); // nosemgrep\n',
        "tests/b.py": b'def f(r):\n    return r.json["tenant_id"]  # nosem\n',
        "node_modules/c.min.js": b"pool.query(1)\n",
    })  # fmt: skip

    assert rows == [
        ("no-raw-pool", "node_modules/c.min.js", 1),
        ("tenant-from-body", "tests/b.py", 2),
        ("no-raw-pool", "web/a.ts", 2),
    ]
    assert unread == []


def test_equal_matches_in_one_file_are_told_apart() -> None:
    rows, _ = scan(
        [read_yaml(RULES.encode(), "r.yml", foreign=True).value], {"a.ts": b"pool.query(1)\n\npool.query(1)\n"}
    )

    assert len({row["fingerprint"] for row in rows}) == 2


def test_a_file_that_semgrep_cannot_parse_is_unread() -> None:
    rows, unread = run({"e.py": b'x = json["tenant_id"] + r.json["tenant_id"\n', "ok.py": b'y = r.json["tenant_id"]\n'})

    assert rows == [("tenant-from-body", "ok.py", 1)]
    assert unread == ["e.py"]


@pytest.mark.parametrize("text", ["rules: []", "x: 1", "[]", "rules: 1"])
def test_no_rules_are_a_configuration_error(text: str) -> None:
    with pytest.raises(GateError, match="non-empty list of rules"):
        run({"a.py": b"x\n"}, text)


def test_a_broken_rule_is_never_a_clean_answer() -> None:
    broken = RULES.replace("pattern: pool.query(...)", "pattern: 'pool.query((('")
    try:
        _, unread = run({"a.ts": b"pool.query(1)\n"}, broken)
    except UndecidedError:
        return
    assert unread


CONFIG = """
version: 1
policy_version: "1"
project: patterns
packs: [governance, code-patterns]
patterns: {rules: ["policy/semgrep/*.yml"]}
"""


@pytest.fixture
def judged(tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    def judge(source: str, config: str = CONFIG) -> subprocess.CompletedProcess[str]:
        files = {
            "gate.yaml": config, "policy/semgrep/own.yml": RULES, "src/a.ts": source, ".semgrepignore": "*\n",
            ".github/workflows/g.yml": "jobs:\n  g:\n    steps:\n      - run: gate check\n",
        }  # fmt: skip
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, "utf-8")
        return subprocess.run(
            [sys.executable, "-I", "-m", "gate", "check", "-C", str(tmp_path), "--output", "json"], capture_output=True,
            text=True, check=False,
        )  # fmt: skip

    return judge


def test_the_organisations_rules_decide(judged: Callable[[str], subprocess.CompletedProcess[str]]) -> None:
    clean, dirty = judged("wrapper.query(1)\n"), judged("pool.query(1)\n")

    assert clean.returncode == 0, clean.stdout[-1500:] + clean.stderr
    assert dirty.returncode == 1
    document = json.loads(dirty.stdout)
    found = [v for c in document["controls"] if c["id"] == "PAT001" for v in c["violations"]]
    assert [(v["location"]["path"], v["location"]["line"]) for v in found] == [("src/a.ts", 1)]


def test_the_pack_with_every_rule_off_is_undecided(
    tmp_path: Path, judged: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = judged("x\n", CONFIG.replace('{rules: ["policy/semgrep/*.yml"]}', "{built_in: false}"))

    assert done.returncode == 3
