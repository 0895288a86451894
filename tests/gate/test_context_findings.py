"""Findings about context are findings like others: comments, the baseline and the base revision set them aside."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from attestations.trust import Trust
from gate import baseline, policy, run
from gate.collect import Context
from gate.model import Aside, Decision, Policy, Stage, Subject
from gate.tree import CommitTree, WorkTree

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SCHEMA = """
CREATE TABLE tenants (id text PRIMARY KEY);
CREATE TABLE boats (id text NOT NULL, tenant_id text NOT NULL REFERENCES tenants (id), name text, PRIMARY KEY (tenant_id, id));
"""
CONFIG = """
version: 1
policy_version: "1"
project: fleet
packs: [tenancy, governance]
tenancy: tenancy.yaml
source: {{migrations: ["migrations/*.sql"]{more}}}
"""
GOOD = 'until=2027-01-31 reason="the back office sees every tenant" owner=@ops'
BY = {
    "TENCTX001": """def f(cur, request):
    t = request.headers['X-Tenant']
    {comment}
    cur.execute("SELECT name FROM boats WHERE tenant_id = %s", (t,))
""",
    "TENCTX002": """@shared_task
def f(cur):
    {comment}
    cur.execute("SELECT name FROM boats WHERE tenant_id = current_setting('app.tenant_id')")
""",
    "TENCTX003": """current_tenant = None

def use(t):
    {comment}
    global current_tenant
    current_tenant = t
""",
    "TENCTX004": """def f(cur, ctx):
    tenant = ctx.tenant or 'default'
    {comment}
    cur.execute("SELECT name FROM boats WHERE tenant_id = %s", (tenant,))
""",
    "TENCTX005": """@app.route('/sweep')
def sweep():
    {comment}
    cur.execute("DELETE FROM boats WHERE name = 'x'")
""",
}
LOADED: dict[bytes, Policy] = {}


def make(root: Path, files: dict[str, str], more: str = "") -> Path:
    base = {
        "gate.yaml": CONFIG.format(more=more), "migrations/1.sql": SCHEMA,
        "tenancy.yaml": "version: 1\nsettings: [app.tenant_id]\n",
        "app/safe.py": 'def g(cur, t):\n    cur.execute("SELECT name FROM boats WHERE tenant_id = %s", (t,))\n',
    }  # fmt: skip
    for name, text in {**base, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


def decide(root: Path, base: str | None = None) -> Decision:
    loaded = policy_of(root)
    context = Context(
        tree=WorkTree(root), root=root, policy=loaded, as_of=NOW, now=NOW, trust=Trust(),
        subject=Subject(project="fleet", commit=None), base=None if base is None else CommitTree(root, base),
    )  # fmt: skip
    return run.judge(context, Stage.CHECK, as_of_overridden=False, pipeline_id="local", progress=lambda _: None)


def said(decision: Decision) -> list[tuple[str, Aside | None]]:
    return sorted((r.control.id, v.aside) for r in decision.results for v in r.violations if r.control.id[:3] == "TEN")


def policy_of(root: Path) -> Policy:
    said = b"".join((root / name).read_bytes() for name in ("gate.yaml", "baseline.yaml") if (root / name).exists())
    if said not in LOADED:
        LOADED[said] = policy.load(WorkTree(root))
    return LOADED[said]


@pytest.mark.parametrize("rule", BY)
def test_a_comment_the_baseline_and_the_base_revision_set_it_aside(tmp_path: Path, rule: str) -> None:
    path, code = "db/seeds/a.py" if rule == "TENCTX005" else "app/a.py", BY[rule]
    make(tmp_path, {path: code.format(comment="#")})
    decision = decide(tmp_path)
    assert said(decision) == [(rule, None)]
    (violation,) = (v for r in decision.results for v in r.violations if r.control.id == rule)

    pin = str(violation.details["statement"])[:8]
    make(tmp_path, {path: code.format(comment=f"# tenant-ok: admin {GOOD} stmt={pin}")})
    assert said(decide(tmp_path)) == [(rule, Aside.SUPPRESSED)]

    entry = baseline.entry_of(violation, owner=None, reason=None, until=None)
    assert entry is not None
    listed = {"baseline.yaml": baseline.write([entry]).decode(), path: code.format(comment="#")}
    make(tmp_path, listed, more=", baseline: baseline.yaml")
    assert said(decide(tmp_path)) == [(rule, Aside.BASELINE)]

    if rule not in {"TENCTX001", "TENCTX003"}:
        return
    (tmp_path / "baseline.yaml").unlink()
    make(tmp_path, {})
    for arguments in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=t", "-c", "user.email=t@e", "commit", "-qm", "a"],
    ):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)
    make(tmp_path, {path: "# a line more\n" + code.format(comment="#")})
    assert said(decide(tmp_path, "HEAD")) == [(rule, Aside.EARLIER)]


SWEEP = """
{mark}
def start(cur):
    sweep(cur)

def sweep(cur):
    # tenant-ok: {category} {GOOD} stmt={pin}
    cur.execute("DELETE FROM boats WHERE name = 'x'")
"""


@pytest.mark.parametrize(
    ("mark", "category", "expected"),
    [
        ("@app.post('/sweep')", "background-sweep", [("TENSQL003", None), ("TENSUP009", None)]),
        ("@app.post('/sweep')", "migration", [("TENSQL003", None), ("TENSUP003", None)]),
        ("@app.post('/sweep')", "admin", [("TENSQL003", Aside.SUPPRESSED)]),
        ("@shared_task", "background-sweep", [("TENSQL003", Aside.SUPPRESSED)]),
    ],
)
def test_what_a_request_starts_is_no_background_sweep(
    tmp_path: Path, mark: str, category: str, expected: list[tuple[str, Aside | None]]
) -> None:
    text = SWEEP.format(mark=mark, category=category, GOOD=GOOD, pin="00000000")
    first = decide(make(tmp_path, {"app/a.py": text}))
    (pin,) = {
        str(v.details["statement"])[:8] for r in first.results for v in r.violations if r.control.id == "TENSQL003"
    }

    make(tmp_path, {"app/a.py": text.replace("00000000", pin)})

    assert said(decide(tmp_path)) == expected
