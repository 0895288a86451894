"""Old findings and new ones: the baseline that may only shrink, and what a change is compared with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate import baseline, cli, policy
from gate.baseline import Entry, in_force, pair, read, write
from gate.model import Aside, GateError, Outcome, Policy, Stage
from gate.policy_diff import compare
from gate.tree import WorkTree
from tests.gate.test_suppressions import (
    DELETE,
    GOOD,
    READ,
    SAFE,
    SCHEMA,
    aside_of,
    code,
    commit,
    decide,
    make,
    open_of,
)

Git = Callable[..., str]

OTHER = 'cur.execute("SELECT id FROM boats WHERE name = %s", (name,))'
NAMED = "source: {baseline: baseline.yaml}"


def gate(*arguments: str) -> int:
    return cli.run([*arguments])


def adopt(root: Path, files: dict[str, str]) -> Path:
    """A project whose findings are its baseline."""
    make(root, files)
    assert gate("baseline", "write", "-C", str(root)) == 0
    return make(root, {}, source=NAMED)


# --- the file ----------------------------------------------------------------------------------------------------


def test_a_baseline_sets_what_was_there_aside_and_nothing_else(tmp_path: Path) -> None:
    root = adopt(tmp_path, {"app/a.py": code(READ, DELETE)})
    assert (open_of(decide(root)), aside_of(decide(root))) == (
        [],
        [("TENSQL001", Aside.BASELINE), ("TENSQL003", Aside.BASELINE)],
    )

    make(root, {"app/b.py": code(OTHER)})
    assert open_of(decide(root)) == ["TENSQL001"]


def test_moving_and_reformatting_a_statement_is_no_news_an_edit_is(tmp_path: Path) -> None:
    root = adopt(tmp_path, {"app/a.py": code(READ)})
    make(root, {"app/a.py": "\n\n\n" + code("x = 1", READ.replace("WHERE id = %s", "\\n   where  id = %s"))})
    assert open_of(decide(root)) == []

    (root / "app/a.py").unlink()
    make(root, {"lib/moved.py": code(READ)})
    assert open_of(decide(root)) == []

    make(root, {"lib/moved.py": code(READ.replace("SELECT name", "SELECT name, id"))})
    assert open_of(decide(root)) == ["TENBAS002", "TENSQL001"]


def test_a_second_copy_of_a_known_statement_is_new_and_is_the_one_that_is_shown(tmp_path: Path) -> None:
    root = adopt(tmp_path, {"app/z.py": code(READ)})
    make(root, {"app/a.py": code(READ)})
    decision = decide(root)

    (found,) = [v for r in decision.results if r.control.id == "TENSQL001" for v in r.violations if v.is_open]
    assert found.location.path == "app/a.py"


def test_an_entry_that_is_repaired_is_a_finding_until_the_file_shrinks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = adopt(tmp_path, {"app/a.py": code(READ, DELETE)})
    make(root, {"app/a.py": code(DELETE, SAFE)})
    decision = decide(root)
    assert open_of(decision) == ["TENBAS002"]
    (result,) = [r for r in decision.results if r.control.id == "TENBAS002"]
    assert result.control.fix == "gate baseline shrink"
    assert gate("baseline", "show", "-C", str(root)) == 1

    assert gate("baseline", "shrink", "-C", str(root)) == 0
    assert "1 entry dropped, 1 left" in capsys.readouterr().out
    assert open_of(decide(root)) == []
    assert gate("baseline", "show", "-C", str(root)) == 0


def test_shrinking_what_need_not_shrink_changes_no_byte(tmp_path: Path) -> None:
    root = adopt(tmp_path, {"app/a.py": code(READ, DELETE)})
    before = (root / "baseline.yaml").read_bytes()

    assert gate("baseline", "shrink", "-C", str(root)) == 0
    assert (root / "baseline.yaml").read_bytes() == before


def test_a_baseline_does_not_grow_by_accident(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = adopt(tmp_path, {"app/a.py": code(READ)})
    make(root, {"app/b.py": code(DELETE)})
    before = (root / "baseline.yaml").read_bytes()

    assert gate("baseline", "write", "-C", str(root)) == 2
    assert "would grow by 1" in capsys.readouterr().err
    assert gate("baseline", "write", "-C", str(root), "--grow") == 2
    assert (root / "baseline.yaml").read_bytes() == before
    grow = ("--grow", "--reason", "adopted from the acquired product", "--owner", "@fleet", "--until", "2027-06-30")
    assert gate("baseline", "write", "-C", str(root), *grow) == 0
    assert [(e.rule, e.owner, str(e.until)) for e in read((root / "baseline.yaml").read_bytes(), "b")] == [
        ("TENSQL001", None, "None"),
        ("TENSQL003", "@fleet", "2027-06-30"),
    ]


def test_an_entry_that_ran_out_counts_again(tmp_path: Path) -> None:
    root = make(tmp_path, {"app/a.py": code(READ)})
    assert gate("baseline", "write", "-C", str(root), "--until", "2026-12-31", "--as-of", "2026-11-22T00:00:00Z") == 0
    make(root, {}, source=NAMED)

    assert open_of(decide(root, now=datetime(2026, 12, 31, 23, tzinfo=UTC))) == []
    over = decide(root, now=datetime(2027, 1, 1, tzinfo=UTC))
    assert open_of(over, warnings=True) == ["TENBAS003", "TENSQL001"]


def test_suppressed_findings_do_not_go_into_a_baseline(tmp_path: Path) -> None:
    root = adopt(tmp_path, {"app/a.py": code(f"# tenant-ok: admin {GOOD}", READ), "app/b.py": code(DELETE)})

    assert [entry.rule for entry in read((root / "baseline.yaml").read_bytes(), "b")] == ["TENSQL003"]


def test_what_is_wrong_with_a_suppression_can_not_be_baselined(tmp_path: Path) -> None:
    root = adopt(tmp_path, {"app/a.py": code(f"# tenant-ok: admin {GOOD}", "print(1)")})

    assert (root / "baseline.yaml").read_bytes().endswith(b"findings: []\n")
    assert open_of(decide(root)) == ["TENSUP006"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 2\nfindings: []\n", "baseline.yaml:1: version"),
        ("version: 1\nfindings:\n  - {rule: TENSQL001}\n", "baseline.yaml:3"),
        ('version: 1\nfindings:\n  - {path: a, rule: DRL001, verdict: stale, statement: "00000000"}\n', "verdict"),
        ("findings: [\n", "not YAML"),
    ],
)
def test_a_baseline_that_is_none_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    root = make(tmp_path, {"baseline.yaml": text}, source=NAMED)

    with pytest.raises(GateError) as caught:
        decide(root)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_control_of_other_evidence_can_not_set_aside(tmp_path: Path) -> None:
    root = make(
        tmp_path,
        {
            "gate.yaml": 'version: 1\npolicy_version: "1"\nproject: p\npacks: [drills, governance, supply-chain]\nrules: [own]\n',
            "own/mine/pack.yaml": "name: mine\ntitle: t\nsummary: s\nrequires: [drills]\n",
            "own/mine/controls/MINE001.yaml": """
id: MINE001
title: A drill that is old news
why: Because somebody would like to have one.
fix: there is none
owner: x
stages: [check]
severity: block
evidence: {drill_report: {min: 0}}
message: "{subject}"
query: |
  SELECT 'x' AS subject, 'baseline' AS aside FROM drill_report AS d
examples: {pass: [{name: none, as_of: "2026-11-21T00:00:00Z", records: {drill_report: []}}],
           fail: [{name: one, as_of: "2026-11-21T00:00:00Z", records: {drill_report: [{}]}}]}
""",
        },
    )

    with pytest.raises(GateError, match="only findings of code can be set aside"):
        decide(root)


def test_not_all_was_read_so_no_baseline_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make(tmp_path, {"app/a.py": code(READ)})
    (root / "app/b.py").write_bytes(b'x = "SELECT id FROM boats"\0\xff')

    assert gate("baseline", "write", "-C", str(root)) == 3
    assert "app/b.py" in capsys.readouterr().err
    assert not (root / "baseline.yaml").exists()


entries = st.builds(
    Entry,
    rule=st.sampled_from(["TENSQL001", "TENORM001", "unparsed"]),
    verdict=st.sampled_from(["weak", "violation", "opaque", "unparsed"]),
    table=st.sampled_from(["", "boats", 'na"me\n: {x}']),
    statement=st.sampled_from(["0" * 32, "a" * 32]),
    path=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    owner=st.none() | st.just("@fleet"),
    reason=st.none() | st.just('because: "it" is # so'),
    until=st.none() | st.dates(),
)


@given(st.lists(entries, max_size=6))
def test_what_is_written_is_read_and_the_same_whatever_the_order(found: list[Entry]) -> None:
    data = write(found)

    assert write(reversed(found)) == data
    assert sorted(map(repr, (_unplaced(e) for e in read(data, "b")))) == sorted(map(repr, map(_unplaced, found)))
    assert write(read(data, "b")) == data


def _unplaced(entry: Entry) -> tuple[object, ...]:
    return (*entry.key, entry.path, entry.owner, entry.reason, entry.until)


places = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), max_size=8)


@given(places, places)
def test_pairing_uses_each_known_one_once_and_as_many_as_there_are(
    found: list[tuple[str, str]], known: list[tuple[str, str]]
) -> None:
    pairs = pair(found, known)
    used = [index for index in pairs if index is not None]

    assert len(used) == len(set(used))
    for key in "ab":
        there = sum(k == key for k, _ in known)
        assert sum(p is not None and f[0] == key for f, p in zip(found, pairs, strict=True)) == min(
            there, sum(k == key for k, _ in found)
        )
    for place in set(found):
        exact = sum(p is not None and known[p] == place for f, p in zip(found, pairs, strict=True) if f == place)
        assert exact == min(found.count(place), known.count(place))


@given(st.lists(entries, max_size=5), st.lists(entries, max_size=5))
def test_only_what_both_sides_have_holds_and_never_longer(base: list[Entry], head: list[Entry]) -> None:
    kept, added = in_force(base, head)

    assert len(kept) <= min(len(base), len(head))
    assert all(any(e.key == b.key for b in base) for e in kept)
    last = [e.until for e in base]
    assert None in last or all(e.until is not None and e.until <= max(u for u in last if u) for e in kept)
    assert len(kept) + len(added) >= len(head)


# --- a change against its base revision --------------------------------------------------------------------------


def test_a_change_is_judged_by_what_it_brings(tmp_path: Path, git: Git) -> None:
    root = make(tmp_path, {"app/old.py": code(READ)})
    commit(git, root)
    make(root, {"app/new.py": code(DELETE)})
    decision = decide(root, base="main")

    assert (open_of(decision), aside_of(decision)) == (["TENSQL003"], [("TENSQL001", Aside.EARLIER)])
    numbers = {e.kind: e.coverage.numbers for e in decision.evidence}["data_access"]
    assert (numbers["findings"], numbers["findings_earlier"]) == (1, 1)
    assert open_of(decide(root)) == ["TENSQL001", "TENSQL003"]  # a release is judged whole
    assert open_of(decide(root, stage=Stage.RELEASE)) == ["TENSQL001", "TENSQL003"]


def test_a_migration_that_gives_a_table_a_tenant_makes_its_old_statements_new(tmp_path: Path, git: Git) -> None:
    root = make(tmp_path, {"app/old.py": code('cur.execute("SELECT id FROM harbours WHERE id = %s", (key,))')})
    commit(git, root)
    assert open_of(decide(root, base="main")) == []
    make(
        root,
        {
            "tenancy.yaml": "version: 1\n",
            "migrations/0002.sql": "ALTER TABLE harbours ADD COLUMN tenant_id text NOT NULL REFERENCES tenants (id);\n",
        },
    )
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "declarations", "--", "tenancy.yaml")  # the policy lets the migration decide

    decision = decide(root, base="main")
    assert "TENSQL001" in open_of(decision)
    (found,) = [v for r in decision.results if r.control.id == "TENSQL001" for v in r.violations]
    assert (found.location.path, found.aside) == ("app/old.py", None)
    assert "migrations/0002.sql" in found.message


def test_a_constant_changed_in_another_file_makes_the_statement_new(tmp_path: Path, git: Git) -> None:
    files = {
        "app/sql.py": 'FIND = "SELECT name FROM boats WHERE tenant_id = %s"\n',
        "app/use.py": "from app.sql import FIND\n\n\ndef f(cur, tenant):\n    cur.execute(FIND, (tenant,))\n",
    }
    root = make(tmp_path, {"app/other.py": code(OTHER), **files})
    commit(git, root)
    make(root, {"app/sql.py": 'FIND = "SELECT name FROM boats WHERE id = %s"\n'})

    assert open_of(decide(root, base="main")) == ["TENSQL001"]


def test_a_finding_that_got_worse_is_new(tmp_path: Path, git: Git) -> None:
    shared = SCHEMA + "CREATE TABLE notes (id text PRIMARY KEY, tenant_id text REFERENCES tenants (id));\n"
    weak = 'cur.execute("SELECT id FROM notes WHERE tenant_id = %s OR tenant_id IS NULL", (tenant,))'
    root = make(tmp_path, {"migrations/0001.sql": shared, "app/a.py": code(weak)})
    commit(git, root)
    make(root, {"app/a.py": code(weak.replace("tenant_id IS NULL", "tenant_id <> %s"))})

    assert open_of(decide(root, base="main")) == ["TENSQL006"]


def test_from_a_test_into_the_source_is_new(tmp_path: Path, git: Git) -> None:
    root = make(tmp_path, {"tests/test_a.py": code(READ)})
    commit(git, root)
    (root / "tests/test_a.py").unlink()
    make(root, {"app/a.py": code(READ)})

    assert open_of(decide(root, base="main")) == ["TENSQL001"]


def test_a_base_that_can_not_be_analysed_makes_everything_new(tmp_path: Path, git: Git) -> None:
    root = make(tmp_path, {"app/old.py": code(READ)})
    commit(git, root)
    blob = git(root, "rev-parse", "main:app/old.py")
    (root / ".git/objects" / blob[:2] / blob[2:]).unlink()

    decision = decide(root, base="main")
    assert open_of(decision) == ["TENSQL001"]


def test_a_change_that_adds_to_the_baseline_is_a_finding_and_gains_nothing(tmp_path: Path, git: Git) -> None:
    root = adopt(tmp_path, {"app/a.py": code(READ)})
    commit(git, root)
    make(root, {"app/b.py": code(DELETE)})
    grow = ("--grow", "--reason", "in the way of the release", "--owner", "@me")
    assert gate("baseline", "write", "-C", str(root), *grow) == 0

    assert open_of(decide(root)) == []
    assert open_of(decide(root, base="main")) == ["TENBAS001", "TENSQL003"]


def test_a_change_that_prolongs_an_entry_is_a_finding(tmp_path: Path, git: Git) -> None:
    root = make(tmp_path, {"app/a.py": code(READ)})
    assert gate("baseline", "write", "-C", str(root), "--until", "2026-12-31", "--as-of", "2026-11-22T00:00:00Z") == 0
    make(root, {}, source=NAMED)
    commit(git, root)
    text = (root / "baseline.yaml").read_text("utf-8")
    (root / "baseline.yaml").write_text(text.replace("2026-12-31", "2036-12-31"), "utf-8")

    assert open_of(decide(root, base="main")) == ["TENBAS001"]


def test_a_repair_and_the_smaller_baseline_come_in_one_change(tmp_path: Path, git: Git) -> None:
    root = adopt(tmp_path, {"app/a.py": code(READ, DELETE)})
    commit(git, root)
    make(root, {"app/a.py": code(DELETE, SAFE)})
    assert open_of(decide(root, base="main")) == ["TENBAS002"]

    assert gate("baseline", "shrink", "-C", str(root)) == 0
    assert open_of(decide(root, base="main")) == []


def test_an_entry_taken_out_without_a_repair_is_open(tmp_path: Path, git: Git) -> None:
    root = adopt(tmp_path, {"app/a.py": code(READ)})
    commit(git, root)
    (root / "baseline.yaml").write_bytes(baseline.write([]))

    assert open_of(decide(root, base="main")) == ["TENSQL001"]


def test_an_entry_that_ran_out_stops_the_release_and_no_bystander(tmp_path: Path, git: Git) -> None:
    root = make(tmp_path, {"app/a.py": code(READ)})
    assert gate("baseline", "write", "-C", str(root), "--until", "2026-12-31", "--as-of", "2026-11-22T00:00:00Z") == 0
    make(root, {}, source=NAMED)
    commit(git, root)
    make(root, {"app/b.py": code(SAFE)})
    later = datetime(2027, 1, 1, tzinfo=UTC)

    assert open_of(decide(root, base="main", now=later)) == []
    assert open_of(decide(root, stage=Stage.RELEASE, now=later)) == ["TENSQL001"]


# --- coverage ----------------------------------------------------------------------------------------------------


def test_a_change_hides_no_more_than_was_hidden(tmp_path: Path, git: Git) -> None:
    hidden = 'cur.execute("SELECT name FROM boats WHERE " + key)'
    root = make(tmp_path, {"app/a.py": code(hidden)})
    commit(git, root)
    assert "TEN004" not in open_of(decide(root, base="main"))
    make(root, {"app/b.py": code(hidden)})

    assert "TEN004" in open_of(decide(root, base="main"))


def test_a_floor_of_proven_statements_is_demanded(tmp_path: Path, git: Git) -> None:
    root = make(tmp_path, {"app/a.py": code(READ)})
    text = (root / "gate.yaml").read_text("utf-8")
    (root / "gate.yaml").write_text(text + "controls: {TEN003: {params: {min_proven_percent: 90}}}\n", "utf-8")
    decision = decide(root)

    assert open_of(decision) == ["TEN003", "TENSQL001"]
    (found,) = [v.message for r in decision.results if r.control.id == "TEN003" for v in r.violations]
    assert found == "share of the statements on tenants' tables that is proven (per cent): 50; the limit is 90"

    commit(git, root)
    make(root, {"app/b.py": code(SAFE)})
    assert open_of(decide(root, base="main")) == []  # better than before, and still too little for a release
    make(root, {"app/c.py": code(READ, OTHER)})
    assert open_of(decide(root, base="main")) == ["TEN003", "TENSQL001", "TENSQL001"]


# --- the schema --------------------------------------------------------------------------------------------------

HALF = """
CREATE TABLE berths (id text NOT NULL, tenant_id text NOT NULL REFERENCES tenants (id), PRIMARY KEY (tenant_id, id));
ALTER TABLE berths ENABLE ROW LEVEL SECURITY;
ALTER TABLE berths FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON berths USING (tenant_id = current_setting('app.tenant_id'));
"""


def test_findings_of_the_schema_are_old_and_new_too(tmp_path: Path, git: Git) -> None:
    root = make(tmp_path, {"migrations/0002.sql": HALF})
    assert "TENDDL001" in open_of(decide(root))
    commit(git, root)
    make(root, {"app/b.py": code(SAFE)})
    decision = decide(root, base="main")
    assert (open_of(decision), ("TENDDL001", Aside.EARLIER) in aside_of(decision)) == ([], True)

    table = "CREATE TABLE crew (id text NOT NULL, tenant_id text NOT NULL REFERENCES tenants (id), PRIMARY KEY (tenant_id, id));\n"
    make(root, {"migrations/0003.sql": table})
    assert "TENDDL001" in open_of(decide(root, base="main"))


def test_findings_of_the_schema_can_be_baselined_and_shrink(tmp_path: Path) -> None:
    root = adopt(tmp_path, {"migrations/0002.sql": HALF, "app/a.py": code(READ)})
    assert open_of(decide(root)) == []
    assert {entry.rule for entry in read((root / "baseline.yaml").read_bytes(), "b")} >= {"TENDDL001", "TENSQL001"}

    make(
        root,
        {
            "migrations/0003.sql": "ALTER TABLE boats ENABLE ROW LEVEL SECURITY;\nALTER TABLE boats FORCE ROW LEVEL SECURITY;\n"
            "CREATE POLICY own ON boats USING (tenant_id = current_setting('app.tenant_id'));\n"
        },
    )
    assert open_of(decide(root)) == ["TENBAS002", "TENBAS002"]  # the table's own, and what the policy now confines
    assert gate("baseline", "shrink", "-C", str(root)) == 0
    assert open_of(decide(root)) == []


# --- what a change of them means ---------------------------------------------------------------------------------


def test_a_policy_that_sets_more_aside_is_weaker(tmp_path: Path) -> None:
    entry = Entry(rule="TENSQL001", verdict="violation", table="boats", statement="0" * 32, path="app/a.py")
    later = Entry(rule="TENSQL003", verdict="violation", table="boats", statement="1" * 32, path="app/a.py")

    def loaded(name: str, entries: list[Entry], categories: str) -> Policy:
        source = f"source: {{baseline: baseline.yaml, suppressions: {categories}}}"
        root = make(tmp_path / name, {"baseline.yaml": write(entries).decode()}, source=source)
        return policy.load(WorkTree(root))

    old = loaded("old", [entry], "{admin: {days: 30}, public-surface: {days: 30}}")
    new = loaded("new", [entry, later], "{admin: {days: 90, writes: true}, sweep: {days: 30}}")
    on = datetime(2026, 11, 22, tzinfo=UTC).date()

    assert [(c.effect.value, c.text) for c in compare(old, new, on) if c.subject != "gate.yaml"] == [
        ("weaker", "sets aside TENSQL003 on boats in app/a.py"),
        ("weaker", "tenant-ok admin may live 90 days (before: 30)"),
        ("weaker", "tenant-ok admin may set writes aside"),
        ("weaker", "tenant-ok sweep sets findings aside"),
        ("stronger", "tenant-ok public-surface no longer counts"),
    ]
    assert {c.effect.value for c in compare(new, old, on) if c.subject == "baseline.yaml"} == {"stronger"}


def test_a_table_that_nobody_classified_is_old_and_new_too(tmp_path: Path, git: Git) -> None:
    table = "CREATE TABLE {} (id text PRIMARY KEY);\n"
    root = make(tmp_path, {"migrations/0002.sql": table.format("winds")})
    commit(git, root)
    make(root, {"app/b.py": code(SAFE)})
    assert (open_of(decide(root)), open_of(decide(root, base="main"))) == (["TEN001"], [])
    make(root, {"migrations/0003.sql": table.format("tides")})
    assert open_of(decide(root, base="main")) == ["TEN001"]

    assert gate("baseline", "write", "-C", str(root)) == 0
    make(root, {}, source=NAMED)
    assert open_of(decide(root)) == []
    make(
        root,
        {"tenancy.yaml": "version: 1\nglobals: {harbours: of the world, winds: of the world, tides: of the world}\n"},
    )
    assert open_of(decide(root)) == ["TENBAS002", "TENBAS002"]


# --- the command line --------------------------------------------------------------------------------------------


def test_a_broken_baseline_in_a_change_is_no_pass(tmp_path: Path, git: Git) -> None:
    root = adopt(tmp_path, {"app/a.py": code(READ)})
    commit(git, root)
    (root / "baseline.yaml").write_text("version: 1\nfindings: [[", "utf-8")
    decision = decide(root, base="main")

    unknown = {r.control.id: r.reasons for r in decision.results if r.outcome is Outcome.UNKNOWN}
    assert unknown["TENBAS001"][0].startswith("baseline_entry: baseline.yaml:3: not YAML")
    assert "TENSQL001" in open_of(decision)  # it sets nothing aside


def test_the_command_counts_what_it_does_not_show(tmp_path: Path, git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    root = make(tmp_path, {"app/old.py": code(READ, DELETE)})
    commit(git, root)
    make(root, {"app/new.py": code(OTHER)})

    assert gate("check", "-C", str(root), "--base", "main", "--color", "never") == 1
    short = capsys.readouterr().out
    assert "2 in the base revision too; --all shows them" in short
    assert "app/old.py" not in short
    assert "app/new.py:2" in short
    assert gate("check", "-C", str(root), "--base", "main", "--color", "never", "--all") == 1
    assert "app/old.py:2" in capsys.readouterr().out
