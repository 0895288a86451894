"""Inline `tenant-ok` comments: what they set aside, what they can't, and what is said about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attestations.trust import Trust
from gate import policy, run
from gate.collect import Context
from gate.collect.suppressions import Category, judge
from gate.model import Aside, Decision, Outcome, Policy, Stage, Subject
from gate.tree import CommitTree, Tree, WorkTree
from lints.scan import scan
from lints.schema import build_model

Git = Callable[..., str]

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SCHEMA = """
CREATE TABLE tenants (id text PRIMARY KEY);
CREATE TABLE boats (id text NOT NULL, tenant_id text NOT NULL REFERENCES tenants (id), name text, PRIMARY KEY (tenant_id, id));
CREATE TABLE harbours (id text PRIMARY KEY, name text);
"""
CONFIG = """
version: 1
policy_version: "1"
project: fleet
packs: [tenancy, governance]
tenancy: tenancy.yaml
{source}
"""
TENANCY = "version: 1\nglobals: {harbours: the harbours of the world}\n"
GOOD = 'until=2027-01-31 reason="the back office sees every tenant" owner=@ops'
READ = 'cur.execute("SELECT name FROM boats WHERE id = %s", (key,))'
SAFE = 'cur.execute("SELECT name FROM boats WHERE tenant_id = %s", (tenant,))'
DELETE = 'cur.execute("DELETE FROM boats WHERE name = %s", (name,))'


LOADED: dict[tuple[bytes, ...], Policy] = {}


def code(*lines: str) -> str:
    return "\n".join(["def f(cur, key, name, tenant):", *(f"    {line}" for line in lines), ""])


def make(root: Path, files: dict[str, str], *, source: str | None = None) -> Path:
    """Write a project, or change one that is there."""
    base = {"tenancy.yaml": TENANCY, "migrations/0001.sql": SCHEMA, "app/safe.py": code(SAFE)}
    if source is not None or not (root / "gate.yaml").exists():
        files = {"gate.yaml": CONFIG.format(source=source or ""), **files}
    for name, text in {**{n: t for n, t in base.items() if not (root / n).exists()}, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


def policy_of(tree: Tree) -> Policy:
    """The policy of a tree; one that says the same was loaded before."""
    said = tuple(
        tree.read(name) if name in tree.paths() else b"" for name in ("gate.yaml", "tenancy.yaml", "baseline.yaml")
    )
    if any(name.endswith("pack.yaml") for name in tree.paths()):
        return policy.load(tree)
    if said not in LOADED:
        LOADED[said] = policy.load(tree)
    return LOADED[said]


def decide(root: Path, *, base: str | None = None, stage: Stage = Stage.CHECK, now: datetime = NOW) -> Decision:
    loaded = policy_of(WorkTree(root) if base is None else CommitTree(root, base))
    context = Context(
        tree=WorkTree(root), root=root, policy=loaded, as_of=now, now=now, trust=Trust(),
        subject=Subject(project="fleet", commit=None), base=None if base is None else CommitTree(root, base),
    )  # fmt: skip
    return run.judge(context, stage, as_of_overridden=False, pipeline_id="local", progress=lambda _: None)


def open_of(decision: Decision, *, warnings: bool = False) -> list[str]:
    """Ids of the tenancy controls with open findings, one an open finding."""
    return sorted(
        r.control.id
        for r in decision.results
        for v in r.violations
        if v.is_open and r.control.id.startswith("TEN") and (warnings or r.blocks)
    )


def aside_of(decision: Decision) -> list[tuple[str, Aside]]:
    return sorted((r.control.id, v.aside) for r in decision.results for v in r.violations if v.aside is not None)


def test_a_suppression_of_an_allowed_category_sets_a_read_aside_and_says_so(tmp_path: Path) -> None:
    decision = decide(make(tmp_path, {"app/a.py": code(f"# tenant-ok: admin {GOOD}", READ)}))

    assert open_of(decision) == []
    assert aside_of(decision) == [("TENSQL001", Aside.SUPPRESSED)]
    (found,) = [v for r in decision.results for v in r.violations if v.aside]
    assert found.because == ("tenant-ok admin until 2027-01-31, @ops: the back office sees every tenant (app/a.py:2)")
    (result,) = [r for r in decision.results if r.control.id == "TENSQL001"]
    assert result.outcome is Outcome.WAIVED


def test_without_the_comment_it_blocks(tmp_path: Path) -> None:
    assert open_of(decide(make(tmp_path, {"app/a.py": code(READ)}))) == ["TENSQL001"]


COMMENTS = {
    "a.py": f'def f(cur, key):\n    # tenant-ok: admin {GOOD}\n    {READ}\n',
    "b.py": f'def f(cur, key):\n    cur.execute("SELECT name FROM boats WHERE id = %s", (key,))  # tenant-ok: admin {GOOD}\n',
    "c.py": f'def f(cur, key):\n    # tenant-ok: admin {GOOD}\n    cur.execute(\n        "SELECT name FROM boats WHERE id = %s", (key,)\n    )\n',
    "d.py": f'def f(cur, key):\n    cur.execute("""\n        -- tenant-ok: admin {GOOD}\n        SELECT name FROM boats WHERE id = %s""", (key,))\n',
    "a.ts": f'async function f(pool, id) {{\n  // tenant-ok: admin {GOOD}\n  await pool.query(`SELECT name FROM boats WHERE id = $1`, [id])\n}}\n',
    "b.ts": f'async function f(pool, id) {{\n  /* tenant-ok: admin {GOOD} */\n  await pool.query(`SELECT name FROM boats WHERE id = $1`, [id])\n}}\n',
    "a.go": f'package a\nfunc f(db *sql.DB, id string) {{\n\t// tenant-ok: admin {GOOD}\n\tdb.Query("SELECT name FROM boats WHERE id = $1", id)\n}}\n',
    "A.java": f'class A {{ void f(JdbcTemplate db, String id) {{\n  // tenant-ok: admin {GOOD}\n  db.queryForList("SELECT name FROM boats WHERE id = ?", id);\n}} }}\n',
    "a.kt": f'fun f(db: JdbcTemplate, id: String) {{\n  // tenant-ok: admin {GOOD}\n  db.queryForList("SELECT name FROM boats WHERE id = ?", id)\n}}\n',
    "A.cs": f'class A {{ void F(IDbConnection db, string id) {{\n  // tenant-ok: admin {GOOD}\n  db.Query("SELECT name FROM boats WHERE id = @id", new {{ id }});\n}} }}\n',
    "a.rb": f'def f(db, id)\n  # tenant-ok: admin {GOOD}\n  db.exec_params("SELECT name FROM boats WHERE id = $1", [id])\nend\n',
    "a.php": f'<?php\nfunction f($pdo, $id) {{\n  // tenant-ok: admin {GOOD}\n  $s = $pdo->prepare("SELECT name FROM boats WHERE id = ?");\n}}\n',
    "q.sql": f"-- tenant-ok: admin {GOOD}\n-- name: GetBoat :one\nSELECT name FROM boats WHERE id = sqlc.arg(id);\n",
}  # fmt: skip


@pytest.mark.parametrize("name", COMMENTS)
def test_a_suppression_is_read_in_every_language(tmp_path: Path, name: str) -> None:
    decision = decide(make(tmp_path, {f"app/{name}": COMMENTS[name]}))

    assert (open_of(decision), aside_of(decision)) == ([], [("TENSQL001", Aside.SUPPRESSED)])


@pytest.mark.parametrize(
    ("comment", "statement", "expected", "said"),
    [
        ("admin until=2027-01-31 owner=@ops", READ, ["TENSQL001", "TENSUP001"], 'add reason="…"'),
        ('admin until=2027-01-31 reason="because" owner=@ops', READ, ["TENSQL001", "TENSUP001"], "ten characters"),
        ('admin until=2027-01-31 reason="the back office sees all"', READ, ["TENSQL001", "TENSUP001"], "owner=@"),
        (f"false-positive {GOOD}", READ, ["TENSQL001", "TENSUP002"], "no category 'false-positive'"),
        (f"amdin {GOOD}", READ, ["TENSQL001", "TENSUP002"], "did you mean 'admin'?"),
        (GOOD, READ, ["TENSQL001", "TENSUP002"], "no category"),
        ('admin reason="the back office sees all" owner=@ops', READ, ["TENSQL001", "TENSUP003"], "until=2027-02-20"),
        (GOOD.replace("2027-01-31", "2026-11-21").join(["admin ", ""]), READ, ["TENSQL001", "TENSUP003"], "it ended"),
        (GOOD.replace("2027-01-31", "2027-02-21").join(["admin ", ""]), READ, ["TENSQL001", "TENSUP003"], "90 days"),
        (GOOD.replace("2027-01-31", "soon").join(["admin ", ""]), READ, ["TENSQL001", "TENSUP003"], "is no date"),
        (f"admin {GOOD}", SAFE, ["TENSUP004"], "nothing is found in it"),
        (f"admin {GOOD}", "print(1)", ["TENSUP006"], "no statement"),
        (f"admin {GOOD}", 'cur.execute("SELECT name FROM harbours")', ["TENSUP006"], "no statement"),
        (f"admin {GOOD} stmt=00000000", READ, ["TENSQL001", "TENSUP005"], "the statement is another one now"),
        (f"admin {GOOD} stmt=xyz", READ, ["TENSQL001", "TENSUP005"], "no digest"),
        (f"public-surface {GOOD}", DELETE, ["TENSQL003", "TENSUP007"], "for reads, and this is delete"),
        (f"admin {GOOD}", DELETE, ["TENSQL003", "TENSUP005"], "add stmt="),
    ],
)  # fmt: skip
def test_a_suppression_that_does_not_do_is_a_finding_and_sets_nothing_aside(
    tmp_path: Path, comment: str, statement: str, expected: list[str], said: str
) -> None:
    decision = decide(make(tmp_path, {"app/a.py": code(f"# tenant-ok: {comment}", statement)}))

    assert open_of(decision) == expected
    texts = [v.message for r in decision.results for v in r.violations if r.control.id.startswith("TENSUP")]
    assert said.replace("ten characters", "10 characters") in " ".join(texts), texts


def test_a_suppressed_write_names_its_statement_and_the_finding_says_how(tmp_path: Path) -> None:
    root = make(tmp_path, {"app/a.py": code(f"# tenant-ok: admin {GOOD}", DELETE)})
    (message,) = [v.message for r in decide(root).results for v in r.violations if r.control.id == "TENSUP005"]
    pin = message.split("stmt=")[1][:8]
    make(tmp_path, {"app/a.py": code(f"# tenant-ok: admin {GOOD} stmt={pin}", DELETE)})
    assert (open_of(decide(root)), aside_of(decide(root))) == ([], [("TENSQL003", Aside.SUPPRESSED)])

    edited = DELETE.replace("WHERE name = %s", "WHERE name LIKE %s")
    make(tmp_path, {"app/a.py": code(f"# tenant-ok: admin {GOOD} stmt={pin}", edited)})
    assert open_of(decide(root)) == ["TENSQL003", "TENSUP005"]


def test_of_two_comments_on_one_statement_the_second_is_redundant(tmp_path: Path) -> None:
    comment = f"# tenant-ok: admin {GOOD}"
    decision = decide(make(tmp_path, {"app/a.py": code(comment, comment, READ)}))

    assert open_of(decision) == ["TENSUP004"]


def test_a_suppression_covers_its_own_statement_and_not_the_next(tmp_path: Path) -> None:
    decision = decide(make(tmp_path, {"app/a.py": code(f"# tenant-ok: admin {GOOD}", READ, READ)}))

    assert open_of(decision) == ["TENSQL001"]


def test_the_policy_decides_which_categories_there_are(tmp_path: Path) -> None:
    files = {"app/a.py": code(f"# tenant-ok: admin {GOOD}", READ)}

    none = decide(make(tmp_path / "none", files, source="source: {suppressions: {}}"))
    short = decide(make(tmp_path / "short", files, source="source: {suppressions: {admin: {days: 30}}}"))
    own = code(f"# tenant-ok: partner-feed {GOOD}", READ)
    theirs = decide(
        make(tmp_path / "own", {"app/a.py": own}, source="source: {suppressions: {partner-feed: {days: 90}}}")
    )

    assert open_of(none) == ["TENSQL001", "TENSUP002"]
    assert open_of(short) == ["TENSQL001", "TENSUP003"]
    assert open_of(theirs) == []


def test_a_change_can_not_allow_itself_a_category(tmp_path: Path, git: Git) -> None:
    root = make(tmp_path, {}, source="source: {suppressions: {}}")
    commit(git, root)
    make(
        root,
        {"app/a.py": code(f"# tenant-ok: admin {GOOD}", READ)},
        source="source: {suppressions: {admin: {days: 90}}}",
    )

    assert open_of(decide(root, base="main")) == ["TENSQL001", "TENSUP002"]


def test_a_suppression_that_comes_with_a_change_is_shown(tmp_path: Path, git: Git) -> None:
    root = make(tmp_path, {"app/a.py": code(f"# tenant-ok: admin {GOOD}", READ)})
    commit(git, root)
    assert open_of(decide(root, base="main"), warnings=True) == []

    make(root, {"app/b.py": code(f"# tenant-ok: admin {GOOD}", READ)})
    decision = decide(root, base="main")

    assert open_of(decision) == []
    (shown,) = [v for r in decision.results for v in r.violations if r.control.id == "TENSUP008"]
    assert shown.location.path == "app/b.py"
    assert "1 finding" in shown.message


def test_a_suppression_that_ran_out_stops_the_release_and_no_bystander(tmp_path: Path, git: Git) -> None:
    root = make(tmp_path, {"app/a.py": code(f"# tenant-ok: admin {GOOD}", READ)})
    commit(git, root)
    later = datetime(2027, 2, 1, tzinfo=UTC)
    make(root, {"app/b.py": code(SAFE)})

    assert open_of(decide(root, base="main", now=later)) == []
    assert open_of(decide(root, stage=Stage.RELEASE, now=later)) == ["TENSQL001", "TENSUP003"]


def test_taking_a_suppression_away_without_a_repair_is_a_finding(tmp_path: Path, git: Git) -> None:
    root = make(tmp_path, {"app/a.py": code(f"# tenant-ok: admin {GOOD}", READ)})
    commit(git, root)
    make(root, {"app/a.py": code(READ)})

    assert open_of(decide(root, base="main")) == ["TENSQL001"]


def test_a_secret_in_a_comment_reaches_no_evidence(tmp_path: Path) -> None:
    comment = '# tenant-ok: admin until=2027-01-31 owner=@ops reason="uses AKIAQYCANARY7SECRET9 for now"'
    decision = decide(make(tmp_path, {"app/a.py": code(comment, READ)}))

    assert "AKIAQYCANARY7SECRET9" not in repr(decision.evidence) + repr(decision.results)


def commit(git: Git, root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "base")


ALLOWED = {"admin": Category(days=90, writes=True), "public-surface": Category(days=90, writes=False)}
words = st.sampled_from(
    ["admin", "public-surface", "other", "until=2027-01-31", "until=2026-01-01", "until=9999-99-99", 'reason="it is all right"',
     "reason=x", "owner=@a", "stmt=00000000", "stmt=zz", ":", '"', "=", "tenant-ok", "\u202e", "*/", "é" * 40]
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.lists(words, max_size=8), st.sampled_from([READ, DELETE]))
def test_only_a_whole_comment_of_a_known_category_sets_aside_and_a_write_only_when_it_is_named(
    parts: list[str], statement: str
) -> None:
    text = code(f"# tenant-ok: {' '.join(parts)}", statement)
    facts = scan([("app/a.py", text.encode())], build_model({"migrations/0001.sql": SCHEMA.encode()}, None))
    (judged,) = judge(facts.suppressions, facts.accesses, ALLOWED, NOW.date(), ())

    if judged.covers:
        comment = judged.comment
        assert comment.category in ALLOWED
        assert (comment.until, comment.owner, comment.reason) == ("2027-01-31", "@a", "it is all right")
        assert statement is READ  # the digest of the DELETE is none of those
    else:
        assert judged.problems


def test_many_comments_and_statements_are_no_reason_to_wait() -> None:
    text = code(*[line for _ in range(1500) for line in (f"# tenant-ok: admin {GOOD}", READ)])
    facts = scan([("app/a.py", text.encode())], build_model({"migrations/0001.sql": SCHEMA.encode()}, None))
    judged = judge(facts.suppressions, facts.accesses, ALLOWED, NOW.date(), ())

    assert sum(len(item.covers) for item in judged) == 1500
    assert not any(item.problems for item in judged)
