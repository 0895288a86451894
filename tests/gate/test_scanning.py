"""The gate's way to the lints: one model for everybody who asks, and a memory that no change can write to."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gate import policy
from gate.cli import run
from gate.collect.scanning import Scanned, model_of, scanned
from gate.model import GateError, Policy
from gate.tree import CommitTree, WorkTree

CONFIG = """
version: 1
policy_version: "1"
project: tests
packs: [governance]
tenancy: tenancy.yaml
"""
FILES = {
    "gate.yaml": CONFIG,
    "tenancy.yaml": "version: 1\n",
    "db/0001.sql": "CREATE TABLE tenants (id uuid PRIMARY KEY);\n"
    "CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants(id));\n",
    "fleet/models.py": "from django.db import models\n\nclass Tenant(models.Model):\n    pass\n\n"
    "class Yacht(models.Model):\n    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)\n",
    "fleet/views.py": "def f(request, pk):\n    return Yacht.objects.get(pk=pk)\n",
    "app/a.py": 'def f(c, id):\n    c.execute("""\n        SELECT b.id\n        FROM boats b WHERE b.id = %s\n    """, (id,))\n',
}
Made = tuple[Path, Policy]


@pytest.fixture
def made(project: Callable[..., Path]) -> Callable[..., Made]:
    """Writes a project and loads its policy."""

    def make(**changes: str | None) -> Made:
        names = {"source": "gate.yaml"}
        root = project({**FILES, **{names.get(name, name): text for name, text in changes.items()}})
        return root, policy.load(WorkTree(root))

    return make


def seen(made: Made) -> Scanned:
    return scanned(WorkTree(made[0]), made[1])


def test_calls_on_models_of_an_orm_are_judged(made: Callable[..., Made]) -> None:
    assert {(row.path, row.rule) for row in seen(made()).facts.accesses} == {
        ("app/a.py", "TENSQL001"),
        ("fleet/views.py", "TENORM001"),
    }


def test_the_reference_itself_is_marked(made: Callable[..., Made]) -> None:
    (row,) = [row for row in seen(made()).facts.accesses if row.path == "app/a.py"]
    assert row.reference is not None
    assert (row.reference.line, row.reference.column, row.reference.end_column) == (4, 14, 19)
    assert row.source.split("\n")[row.reference.line - row.line][13:18] == "boats"


def test_whoever_asks_gets_the_same_model(made: Callable[..., Made], capsys: pytest.CaptureFixture[str]) -> None:
    root, loaded = made()
    alone, _ = model_of(WorkTree(root), loaded)
    tree = WorkTree(root)
    facts = scanned(tree, loaded).facts
    assert model_of(tree, loaded)[0] == alone
    assert [table.table for table in facts.tables] == sorted(alone.tables)
    assert run(["tenancy", "show", "-C", str(root)]) == 0
    said = capsys.readouterr().out
    assert all(f"  {name} " in said for name in alone.tables)


def test_the_model_of_a_tree_is_not_read_twice(made: Callable[..., Made], monkeypatch: pytest.MonkeyPatch) -> None:
    root, loaded = made()
    tree = WorkTree(root)
    scanned(tree, loaded)
    monkeypatch.setattr(WorkTree, "read", lambda *_: pytest.fail("read again"))
    assert "boats" in model_of(tree, loaded)[0].tables


def test_migrations_narrow_the_scripts_and_not_the_models(made: Callable[..., Made]) -> None:
    found = seen(made(source=CONFIG + 'source: {migrations: ["nowhere/*.sql"]}\n'))
    assert {table.table for table in found.facts.tables} == {"fleet_tenant", "fleet_yacht"}


def test_what_is_excluded_is_not_judged_and_still_makes_the_model(made: Callable[..., Made]) -> None:
    excluded = 'source: {exclude: [{path: "fleet/**", reason: "judged in a repository of its own"}]}\n'
    found = seen(made(source=CONFIG + excluded))
    assert {row.path for row in found.facts.accesses} == {"app/a.py"}
    assert "fleet_yacht" in {table.table for table in found.facts.tables}
    assert "fleet/views.py" not in found.digests


def test_a_schema_source_that_cannot_be_read_is_told_twice_over(made: Callable[..., Made]) -> None:
    root, loaded = made()
    (root / "db/0002.sql").symlink_to("/etc/hostname")
    found = scanned(WorkTree(root, versioned=False), loaded)
    assert [u.path for u in found.schema_unread] == ["db/0002.sql"]
    assert [u.path for u in found.unread] == ["db/0002.sql"]


PLACES = {
    "in the judged tree": ".gate/cache",
    "in the judged tree by another name": "../project/cache",
    "by a link into the judged tree": "../link",
}


@pytest.mark.parametrize("name", PLACES)
def test_no_memory_lies_inside_of_what_is_judged(
    name: str, made: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    made_ = made()
    (made_[0] / "cache").mkdir()
    (made_[0].parent / "link").symlink_to(made_[0] / "cache")
    monkeypatch.setenv("GATE_CACHE", str(made_[0] / PLACES[name]))
    with pytest.raises(GateError, match="lies inside the judged tree"):
        seen(made_)


def test_no_memory_lies_in_a_checkout_when_a_commit_is_judged(
    made: Callable[..., Made], git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, loaded = made()
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        git(root, *arguments)
    monkeypatch.setenv("GATE_CACHE", str(root / "cache"))
    with pytest.raises(GateError, match="lies inside the judged tree"):
        scanned(CommitTree(root, "HEAD"), loaded)
    monkeypatch.setenv("GATE_CACHE", "off")
    assert scanned(CommitTree(root, "HEAD"), loaded).facts == seen((root, loaded)).facts


def test_the_default_is_the_users_folder_and_none_under_ci(
    made: Callable[..., Made], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("GATE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setenv("CI", "true")
    seen(made())
    assert not (tmp_path / "caches").exists()
    monkeypatch.delenv("CI")
    first = seen(made())
    assert (tmp_path / "caches/tenantgate").exists()
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("GATE_CACHE", str(tmp_path / "caches/tenantgate"))
    monkeypatch.setenv("GATE_CACHE_KEY", "of the pipeline")
    assert seen(made()) == first


def test_what_a_pipeline_or_a_release_states_of_a_file_it_has_read(
    made: Callable[..., Made], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Elsewhere a file that nobody has written to is known by its stamp."""
    root, loaded = made()
    monkeypatch.setattr("lints.files.REST", -(10**18))
    monkeypatch.setenv("GATE_CACHE", str(tmp_path / "caches"))
    monkeypatch.delenv("CI", raising=False)
    read: list[str] = []
    monkeypatch.setattr(WorkTree, "read", lambda self, path, **_: (read.append(path), (root / path).read_bytes())[1])

    def asked(**more: bool) -> set[str]:
        read.clear()
        assert scanned(WorkTree(root, versioned=False, **more), loaded).digests == first.digests
        return set(read)

    first = scanned(WorkTree(root, versioned=False), loaded)
    everything = set(read)
    assert asked() == set()
    assert asked(stamped=False) == everything
    monkeypatch.setenv("CI", "true")
    assert asked() == everything
    monkeypatch.setenv("CI", "false")
    assert asked() == set()


def test_a_default_folder_that_cannot_be_used_costs_only_time(
    made: Callable[..., Made], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.delenv("GATE_CACHE")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert seen(made()).facts.numbers["statements"] == 2


@pytest.mark.parametrize(
    ("variable", "value"),
    [("GATE_CACHE", "relative"), ("GATE_CACHE", ""), ("GATE_JOBS", "0"), ("GATE_JOBS", "many"), ("GATE_JOBS", "-1")],
)
def test_a_wrong_setting_is_a_usage_error(
    variable: str, value: str, made: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(GateError, match=variable):
        seen(made())
    assert os.environ[variable] == value
