"""Steps of CI workflows: which of them run the gate, and which lose what it says, outside the shell's own rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from gate.collect import workflows
from gate.model import Row
from gate.reading import read_yaml

GITHUB = ".github/workflows/ci.yml"


def steps(files: dict[str, str], *, words: tuple[str, ...] = ()) -> list[Row]:
    """The rows of some files, actions first as the collector does it."""
    documents = [read_yaml(text.encode(), name, foreign=True) for name, text in files.items()]
    local: set[str] = set()
    rows: list[Row] = []
    for document in sorted(documents, key=lambda d: not workflows._is_action(d)):
        found = list(workflows._steps(document, workflows._Gate(words, frozenset(local))))
        if workflows._is_action(document):
            if any(row["is_gate"] for row in found):
                local.add(document.name.rpartition("/")[0])
        else:
            rows += found
    return rows


def swallowed(rows: list[Row]) -> list[str]:
    return [str(row["swallowed_by"]) for row in rows if "swallowed_by" in row]


def job(step: str, extra: str = "") -> str:
    return f"jobs:\n  a:\n    runs-on: ubuntu-latest\n{extra}    steps:\n{step}"


@pytest.mark.parametrize(
    ("text", "is_gate", "by"),
    [
        (job("      - run: gate check"), True, []),
        (job("      - run: make gates-open"), False, []),
        (job("      - run: echo a gate is a check"), False, []),
        (job("      - run: gate --version"), False, []),
        (job("      - run: gate check --as-of 2020-01-01T00:00:00Z"), True, ["--as-of"]),
        (job("      - run: uv run gate check"), True, []),
        (job("      - run: python3 -m gate check"), True, []),
        (job("      - run: docker run --detach image gate check"), True, ["a detached container"]),
        (job("      - uses: someone/tenantgate@v1"), True, []),
        (job("      - uses: ./"), False, []),
        (job("      - run: gate check\n        continue-on-error: true"), True, ["continue-on-error"]),
        (job("      - run: gate check\n        continue-on-error: ${{ inputs.x }}"), True, ["continue-on-error"]),
        (job("      - run: gate check\n        if: false"), True, ["if: false"]),
        (job("      - run: gate check\n        if: ${{ !always() }}"), True, ["if: false"]),
        (job("      - run: gate check", "    continue-on-error: true\n"), True, ["continue-on-error of its job"]),
        (job("      - run: gate check\n        shell: bash"), True, []),
        (job("      - run: gate check | tee log\n        shell: bash"), True, []),
        (job("      - run: gate check | tee log"), True, ["a pipe without pipefail"]),
        (job("      - run: |\n          gate check\n          make\n        shell: bash {0}"), True, ["set +e"]),
        (job("      - run: gate check\n        shell: pwsh"), True, []),
        (job("      - run: |\n          gate check\n          exit 0\n        shell: pwsh"), True, ["can't be followed"]),
        (job("      - run: |\n          gate check\n          dir").replace("ubuntu", "windows"), True, ["pwsh"]),
        (job("      - run: |\n          if gate check; then"), True, ["can't be followed"]),
    ],
)  # fmt: skip
def test_steps_of_github(text: str, is_gate: bool, by: list[str]) -> None:
    rows = steps({GITHUB: text})
    assert any(row["is_gate"] for row in rows) is is_gate
    assert len(swallowed(rows)) == len(by)
    assert all(word in found for word, found in zip(by, swallowed(rows), strict=True))


def test_a_local_action_that_runs_the_gate_is_the_gate() -> None:
    action = "runs:\n  using: composite\n  steps:\n    - run: gate check\n      shell: bash\n"
    files = {".github/actions/judge/action.yml": action, GITHUB: job("      - uses: ./.github/actions/judge")}
    assert [row["is_gate"] for row in steps(files)] == [True]
    assert [row["is_gate"] for row in steps({GITHUB: files[GITHUB]})] == [False]


@pytest.mark.parametrize(
    ("text", "is_gate", "by"),
    [
        ("a:\n  script:\n    - gate check", True, []),
        ("a:\n  script:\n    - gate check\n    - make", True, []),
        ("a:\n  script:\n    - - gate check\n    - - make", True, []),
        ("a:\n  script: gate check || true", True, ["|| true"]),
        ("a:\n  before_script: [set +e]\n  script: [gate check, make]", True, ["set +e"]),
        ("default:\n  before_script: [set +e]\na:\n  script: [gate check, make]", True, ["set +e"]),
        ("a:\n  after_script: [gate check]\n  script: [make]", True, ["after_script"]),
        ("a:\n  allow_failure: true\n  script: gate check", True, ["allow_failure"]),
        ("a:\n  rules:\n    - allow_failure: true\n  script: gate check", True, ["allow_failure"]),
        ("a:\n  when: manual\n  script: gate check", True, ["when: manual"]),
        (".b:\n  allow_failure: true\na:\n  extends: .b\n  script: gate check", True, ["allow_failure"]),
        (".b: &b\n  allow_failure: true\na:\n  <<: *b\n  script: gate check", True, ["allow_failure"]),
        (".b:\n  script: gate check", False, []),
        ("a:\n  script:\n    - !reference [.b, script]\n    - gate check", True, []),
        ("a:\n  extends: a\n  script: gate check", True, []),
    ],
)
def test_jobs_of_gitlab(text: str, is_gate: bool, by: list[str]) -> None:
    rows = steps({".gitlab-ci.yml": text})
    assert any(row["is_gate"] for row in rows) is is_gate
    assert len(swallowed(rows)) == len(by)
    assert all(word in found for word, found in zip(by, swallowed(rows), strict=True))


def test_the_projects_own_workflows_run_the_gate_and_lose_nothing() -> None:
    root = Path(__file__).parents[2]
    files = {
        str(p.relative_to(root)): p.read_text() for p in [*root.glob(".github/workflows/*.yml"), root / "action.yml"]
    }
    rows = steps(files)
    assert any(row["is_gate"] for row in rows)
    assert swallowed(rows) == []
