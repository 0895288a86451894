"""The arrows between the packages point one way, the policy holds no code, and starting up stays cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {
    "sigstore", "cyclonedx", "semgrep", "duckdb", "sqlglot", "jsonschema", "jsonschema_rs", "git", "in_toto",
    "securesystemslib", "cryptography", "tree_sitter", "jinja2", "yaml", "requests", "pydantic",
}  # fmt: skip


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize(
    ("package", "forbidden"), [("lints", {"gate", "attestations"}), ("attestations", {"gate", "lints"})]
)
def test_a_leaf_imports_neither_the_gate_nor_the_other_leaf(package: str, forbidden: set[str]) -> None:
    assert sources(package)
    for path in sources(package):
        assert not {name.split(".")[0] for name in imports(path)} & forbidden, path


def test_rules_hold_no_code() -> None:
    suffixes = {path.suffix for path in (ROOT / "rules").rglob("*") if path.is_file()}

    assert suffixes <= {".yaml", ".json", ".md"}


def test_the_decision_is_pure() -> None:
    """decide and waivers see no clock, no file, no network and no randomness; only the run's shell does."""
    impure = {"os", "pathlib", "subprocess", "socket", "time", "random", "tempfile", "sys", "io", "requests", "duckdb"}
    for name in ("decide.py", "waivers.py"):
        path = ROOT / "gate" / name
        assert not {n.split(".")[0] for n in imports(path)} & impure, name
        assert "now(" not in path.read_text("utf-8"), name


def test_reports_are_pure() -> None:
    impure = {"os", "subprocess", "socket", "time", "random", "tempfile", "sys"}
    for path in (ROOT / "gate" / "report").glob("*.py"):
        assert not {n.split(".")[0] for n in imports(path)} & impure, path


def test_only_the_golden_path_and_git_start_processes() -> None:
    allowed = {
        "gate/process.py", "gate/plumbing.py", "gate/collect/patterns.py", "gate/collect/shell/parser.py",
        "gate/cli/doctoring.py", "gate/cli/demonstrating.py", "lints/workers.py",
    }  # fmt: skip
    starting = {
        path.relative_to(ROOT).as_posix()
        for package in ("gate", "lints")
        for path in sources(package)
        if "subprocess" in imports(path)
    }

    assert starting <= allowed


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["nonsense"]])
def test_start_up_reaches_no_heavy_import(argv: list[str]) -> None:
    code = (
        "import sys; from gate.cli import run; run(sys.argv[1:]); "
        f"print(sorted(set(m.split('.')[0] for m in sys.modules) & {HEAVY!r}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *argv], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stderr.strip().splitlines()[-1] == "[]"


def test_verifying_a_managed_key_bundle_needs_no_sigstore() -> None:
    code = "import sys, attestations.verify, attestations.trust; assert 'sigstore' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_verifying_loads_nothing_that_judging_needs() -> None:
    judging = {
        "gate.store",
        "gate.calendars",
        "zoneinfo",
        "duckdb",
        "jsonschema",
        "jsonschema_rs",
        "sqlglot",
        "sigstore",
    }
    code = (
        "import sys, gate.cli.verifying, gate.bundle.release, gate.bundle.single; "
        f"assert not {judging!r} & set(sys.modules), {judging!r} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
