"""Runbooks: every operational control has one, and every command, kind and table in them exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from gate import cli
from gate.model import GateError, Policy
from gate.policy.runbooks import runbook_of
from gate.reading import parse_time
from gate.sql import check
from gate.store import Store, all_tables

RULES = Path(__file__).parents[2] / "rules"
OPERATIONAL = (
    "audit", "drills", "finops", "high-risk-ops", "integrations", "quotas", "regulatory", "retention-and-purge",
    "revops", "slo", "tenant-zero",
)  # fmt: skip
WITH_ACTIONS = {"bundle", "drill", "integrations", "memo", "policy", "purge"}
BOOKS = sorted(path for pack in OPERATIONAL for path in (RULES / pack / "runbooks").glob("*.md"))


def commands(path: Path) -> list[list[str]]:
    """The commands of the gate in a runbook's code blocks and code spans."""
    text = path.read_text("utf-8")
    blocks = [line for block in re.findall(r"```\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    spans = re.findall(r"`(gate [^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [shlex.split(line) for line in [*blocks, *spans]]


@pytest.mark.parametrize("pack", OPERATIONAL)
def test_every_control_of_an_operational_pack_has_a_runbook(loaded: Policy, pack: str) -> None:
    for control in (c for c in loaded.controls if c.pack == pack):
        path = runbook_of(loaded, control)
        assert path is not None, control.id
        text = loaded.files[path].decode("utf-8")
        assert re.search(rf"\b{control.id}\b", text), f"{path} does not name {control.id}"


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_a_runbook_names_controls_that_exist_and_is_short(loaded: Policy, path: Path) -> None:
    text = path.read_text("utf-8")
    for control_id in re.findall(r"\b[A-Z]{3}[0-9]{3}\b", text):
        assert loaded.control(control_id), control_id
    assert len(text.splitlines()) <= 60
    assert re.search(r"^## Roll ?back$", text, re.MULTILINE)
    assert not re.search(r"\b[a-z]+@(?!summit\.example)", text)


@pytest.mark.parametrize("path", [p for p in BOOKS if commands(p)], ids=lambda path: path.stem)
def test_every_command_of_a_runbook_exists(
    loaded: Policy, path: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for argv in commands(path):
        assert argv[0] == "gate"
        assert argv[1] in cli.COMMANDS, argv
        actions = argv[2:3] if argv[1] in WITH_ACTIONS else []
        with pytest.raises(SystemExit) as ended:
            cli.run([argv[1], *actions, "--help"])
        assert ended.value.code == 0
        usage = capsys.readouterr().out
        for flag in (word for word in argv if word.startswith("--")):
            assert flag in usage, f"{shlex.join(argv)}: {flag}"
        if argv[1] == "explain":
            assert loaded.control(argv[2]), argv
        if argv[1] in ("record", "schema"):
            assert argv[2] in loaded.kinds, argv


def test_every_query_of_a_runbook_can_be_asked(loaded: Policy) -> None:
    store = Store(loaded.kinds.values(), parse_time("2026-11-21T12:00:00Z"))
    tables = set(all_tables(loaded.kinds.values()))
    for path in BOOKS:
        for argv in commands(path):
            if argv[1] == "query" and "held" not in argv[2]:
                assert check(argv[2], store.connection).tables <= tables
                store.columns(argv[2], {})


def test_what_pack_yaml_says_of_runbooks_is_checked(tmp_path: Path) -> None:
    from gate import policy
    from gate.bundle.replaying import Files

    files = {p.relative_to(RULES).as_posix(): p.read_bytes() for p in RULES.rglob("*") if p.is_file()}
    config = b'version: 1\npolicy_version: "1"\nproject: x\npacks: [governance, drills]\n'

    def load(changes: dict[str, bytes | None]) -> None:
        changed = {name: data for name, data in {**files, **changes}.items() if data is not None}
        policy.load(Files({"gate.yaml": config}, "test"), builtin=Files(changed, "rules"))

    load({})
    manifest, book = files["drills/pack.yaml"], "drills/runbooks/drills.md"
    for changes, said in (
        ({book: None}, "rules/drills/runbooks/drills.md does not exist"),
        ({"drills/runbooks/more.md": b"# More\n"}, "more.md: not named under runbooks"),
        ({"drills/runbooks/more.txt": b"more"}, "more.txt: not read; the files of runbooks/ end with .md"),
        (
            {"drills/pack.yaml": manifest.rstrip() + b"\n  more: [DRL001]\n", "drills/runbooks/more.md": b"#\n"},
            "DRL001 is in drills too",
        ),
        ({"drills/pack.yaml": manifest.replace(b"DRL001, ", b"DRL009, ")}, "the pack has no control 'DRL009'"),
    ):
        with pytest.raises(GateError) as error:
            load(changes)  # type: ignore[arg-type]
        assert said in str(error.value)
