"""Integration templates: what `gate integrations init` writes passes the pack's controls as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from gate import cli, policy, run
from gate.cli.integrating import templates
from gate.collect import collect
from gate.model import Outcome, Stage
from gate.tree import WorkTree

CONFIG = """
version: 1
policy_version: "2026.11.1"
project: tests
packs: [governance, tenant-zero, integrations]
evidence:
  integration_profile: ["integrations/*.profile.json"]
  connector: ["integrations/*.connector.json"]
"""
AS_OF = datetime(2026, 11, 21, 12, tzinfo=UTC)
GIVEN = {
    "--host": "siem.summit.example",
    "--owner": "secops@summit.example",
    "--tenant": "acme",
    "--secret-ref": "vault://acme/siem",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "gate.yaml").write_text(CONFIG, "utf-8")
    return tmp_path


@pytest.fixture
def init(root: Path) -> Callable[..., int]:
    def call(name: str, **changes: str) -> int:
        given = {**GIVEN, **{f"--{key.replace('_', '-')}": value for key, value in changes.items()}}
        return cli.run(
            ["integrations", "init", name, "-C", str(root), *(part for pair in given.items() for part in pair)]
        )

    return call


def test_the_three_that_are_asked_for_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(templates()) == {"observability", "siem", "ticketing"}
    assert cli.run(["integrations", "list"]) == 0
    assert "Security events to a SIEM" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["observability", "siem", "ticketing"])
def test_what_is_written_is_evidence_and_passes_the_controls(root: Path, init: Callable[..., int], name: str) -> None:
    assert init(name) == 0
    loaded = policy.load(WorkTree(root))
    context = run.evidence_context(loaded, root, (), AS_OF)
    evidence = collect(context, {"integration_profile", "connector", "tenant", "secret_record"}, lambda _: None)

    assert [len(evidence[kind].rows) for kind in ("integration_profile", "connector")] == [1, 1]
    assert not evidence["integration_profile"].coverage.unread
    wanted = ("INT002", "INT003", "INT004", "TZC010")
    asked = replace(loaded, controls=tuple(c for c in loaded.controls if c.id in wanted))
    for control in asked.controls:
        mine = {kind: evidence[kind] for kind in control.evidence if kind in evidence}
        decision = run.decide_on(
            replace(asked, controls=(control,)), Stage.RELEASE, mine, AS_OF, as_of_overridden=False,
            subject=context.subject, pipeline_id="x",
        )  # fmt: skip
        (result,) = decision.results
        assert result.violations == (), control.id
        if set(control.evidence) <= {"integration_profile"}:
            assert result.outcome is Outcome.PASS, control.id


def test_the_profile_names_the_api_description_by_its_digest(root: Path, init: Callable[..., int]) -> None:
    init("siem")
    profile = json.loads((root / "integrations/siem.profile.json").read_text("utf-8"))

    assert profile["schema_sha256"] == sha256((root / "integrations/siem.openapi.json").read_bytes()).hexdigest()
    assert (
        json.loads((root / "integrations/siem.acme.connector.json").read_text("utf-8"))["secret_ref"]
        == "vault://acme/siem"
    )


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("siemm", {}, "no template 'siemm' (did you mean 'siem'?)"),
        ("siem", {"secret_ref": "hunter2hunter2"}, "takes a reference such as vault://acme/siem"),
        ("siem", {"host": "*.summit.example"}, "one host name in lower case"),
        ("siem", {"host": "https://siem.summit.example"}, "one host name in lower case"),
        ("siem", {"host": "siem.summit.example/../x"}, "one host name in lower case"),
        ("siem", {"tenant": "../../etc"}, "no tenant's id"),
        ("siem", {"owner": "x"}, "owner"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    root: Path,
    init: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    name: str,
    changes: dict[str, str],
    said: str,
) -> None:
    assert init(name, **changes) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "hunter2" not in error
    assert error.count("\n") == 1
    assert not (root / "integrations").exists()


def test_nothing_is_overwritten(root: Path, init: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert init("siem") == 0
    (root / "integrations/siem.openapi.json").unlink()
    assert init("siem") == 2
    assert "already exists" in capsys.readouterr().err
    assert not (root / "integrations/siem.openapi.json").exists()


def test_the_packs_must_be_enabled(root: Path, init: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    (root / "gate.yaml").write_text(CONFIG.replace(", tenant-zero, integrations", ""), "utf-8")
    (root / "gate.yaml").write_text((root / "gate.yaml").read_text().split("evidence:")[0], "utf-8")

    assert init("siem") == 2
    assert "gate.yaml does not enable integrations, tenant-zero" in capsys.readouterr().err


def test_templates_are_no_part_of_the_policy(root: Path) -> None:
    assert not any("/templates/" in name for name in policy.load(WorkTree(root)).files)
