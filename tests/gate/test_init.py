"""`gate init`: a repository that was never judged is judged a command later; what is there is never touched."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

Git = Callable[..., str]
SCHEMA = """
CREATE TABLE tenants (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE invoices (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), total numeric);
CREATE TABLE settings (key text PRIMARY KEY, value text);
"""
MYSQL = "CREATE TABLE tenants (id int AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB;\n"
COUNTED = "model Boat {\n  id Int @id @default(autoincrement())\n}\n"
PRISMA = 'datasource db {\n  provider = "sqlite"\n}\nmodel Tenant {\n  id String @id\n}\n'
MAKE = "bootstrap:\n\ttrue\nup: bootstrap\n\ttrue\nsmoke:\n\ttrue\n"


def gate(root: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-m", "gate", *argv], cwd=root, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def repository(tmp_path: Path, git: Git) -> Callable[..., Path]:
    def make(**files: str) -> Path:
        root = tmp_path / "My Shop"
        for name, text in {"migrations/0001.sql": SCHEMA, **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        git(root, "init", "-q")
        return root

    return make


def test_what_it_writes_can_be_judged_at_once(repository: Callable[..., Path]) -> None:
    query = 'def invoice(c, id):\n    return c.execute("SELECT total FROM invoices WHERE id = %s", (id,))\n'
    root = repository(**{"app/db.py": query, ".github/CODEOWNERS": "* @platform\n", "Makefile": MAKE})
    done = gate(root, "init")

    assert done.returncode == 0, done.stderr
    assert "1 owned, 1 root, 1 unknown" in done.stdout
    config = yaml.safe_load((root / "gate.yaml").read_text("utf-8"))
    assert (config["project"], config["packs"]) == ("My-Shop", ["golden-path", "governance", "tenancy"])
    assert [step["name"] for step in config["golden_path"]] == ["bootstrap", "up", "smoke"]
    assert '"settings"' in (root / "tenancy.yaml").read_text("utf-8")
    judged = gate(root, "check")
    assert judged.returncode == 1
    assert "app/db.py:2" in judged.stdout
    assert "CIW" not in judged.stdout  # the workflow it wrote is one that the pack governance takes


@pytest.mark.parametrize(
    ("files", "dialect"),
    [
        ({}, "postgres"),
        ({"migrations/0001.sql": MYSQL}, "mysql"),
        ({"migrations/0001.sql": "", "prisma/schema.prisma": PRISMA}, "sqlite"),
        ({"prisma/a.prisma": PRISMA.replace("sqlite", "mysql"), "prisma/b.prisma": COUNTED, "prisma/c.prisma": COUNTED}, "mysql"),
    ],
)  # fmt: skip
def test_the_dialect_is_what_the_schema_looks_like(
    repository: Callable[..., Path], files: dict[str, str], dialect: str
) -> None:
    root = repository(**files)
    assert gate(root, "init").returncode == 0
    config = yaml.safe_load((root / "gate.yaml").read_text("utf-8"))
    assert config["source"]["dialect"] == dialect
    assert config["packs"] == ["tenancy"]  # no forge, no Golden Path: nothing that could not pass
    assert not (root / ".github").exists()


def test_a_job_for_gitlab_is_shown_and_not_written(repository: Callable[..., Path]) -> None:
    ci = "stages: [test]\n"
    root = repository(**{".gitlab-ci.yml": ci})
    assert gate(root, "init").returncode == 0
    assert "gate check --rev HEAD" in (root / "gate.yaml").read_text("utf-8")
    assert (root / ".gitlab-ci.yml").read_text("utf-8") == ci


def test_what_is_there_stays(repository: Callable[..., Path]) -> None:
    own = 'version: 1\nglobals: {settings: "the product\'s own"}\n'
    root = repository(**{"tenancy.yaml": own, ".github/workflows/tenantgate.yml": "on: push\njobs: {}\n"})
    assert gate(root, "init").returncode == 0
    assert (root / "tenancy.yaml").read_text("utf-8") == own
    assert (root / ".github/workflows/tenantgate.yml").read_text("utf-8").startswith("on: push")
    before = (root / "gate.yaml").read_bytes()
    again = gate(root, "init", "--project", "other")
    assert (again.returncode, again.stdout) == (2, "")
    assert (root / "gate.yaml").read_bytes() == before


@pytest.mark.parametrize("flag", [("--dialect", "klingon"), ("--project", "a b\nc"), ("--dialect", "x\n  evil: 1")])
def test_a_value_that_no_config_takes_leaves_nothing_behind(
    repository: Callable[..., Path], flag: tuple[str, str]
) -> None:
    root = repository(**{".github/x": "y"})
    done = gate(root, "init", *flag)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert not any((root / name).exists() for name in ("gate.yaml", "tenancy.yaml", ".github/workflows/tenantgate.yml"))


def test_what_a_tool_has_packed_is_proposed_for_exclusion_and_nothing_else_is(repository: Callable[..., Path]) -> None:
    packed = "function a(b){return b+1};" * 400 + "b.query('SELECT total FROM invoices WHERE id = "
    root = repository(
        **{
            "web/bundle.js": packed,
            "app/old.py": "<<<<<<< ours\na = 'SELECT total FROM invoices'\n=======\n>>>>>>> b\n",
        }
    )
    done = gate(root, "init")
    assert done.returncode == 0
    assert "app/old.py:1" in done.stderr
    assert "1 file under source.exclude" in done.stdout
    (excluded,) = yaml.safe_load((root / "gate.yaml").read_text("utf-8"))["source"]["exclude"]
    assert excluded["path"] == "web/bundle.js"
    assert excluded["reason"].startswith("packed by a tool: ")
    judged = gate(root, "check")
    assert judged.returncode == 1
    assert "could not be read, first app/old.py" in judged.stdout


@pytest.mark.parametrize(
    ("schema", "expected"),
    {
        "a small shop": (
            (
                "CREATE TABLE stores (id int PRIMARY KEY);"
                "CREATE TABLE products (id int PRIMARY KEY, store_id int NOT NULL REFERENCES stores (id));"
                "CREATE TABLE orders (id int PRIMARY KEY, store_id int NOT NULL REFERENCES stores (id));"
            ),
            "  perhaps `tenant_columns: [store_id]  # orders, products refer to stores`\n",
        ),
        "what people are in, before what each of them has": (
            (
                "CREATE TABLE coins (id int PRIMARY KEY);"
                "CREATE TABLE words (id int PRIMARY KEY); CREATE TABLE tags (id int PRIMARY KEY);"
                "CREATE TABLE guilds (id int PRIMARY KEY);"
                "CREATE TABLE users (id int PRIMARY KEY, email text, guild_id int REFERENCES guilds (id));"
                "CREATE TABLE rules (id int PRIMARY KEY, guild_id int REFERENCES guilds (id));"
                "CREATE TABLE coin_user (coin_id int REFERENCES coins (id), user_id int REFERENCES users (id));"
                "CREATE TABLE sums (id int PRIMARY KEY, coin_id int REFERENCES coins (id), user_id int);"
                "CREATE TABLE bills (id int PRIMARY KEY, coin_id int REFERENCES coins (id), user_id int);"
            ),
            "does, if one does\n  perhaps `tenant_columns: [guild_id]  # rules, users refer to guilds`\n",
        ),
        "people are no tenants": (
            (
                "CREATE TABLE users (id int PRIMARY KEY, email text);"
                "CREATE TABLE posts (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users (id));"
                "CREATE TABLE likes (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users (id));"
            ),
            None,
        ),
        "one table is no sign": (
            (
                "CREATE TABLE stores (id int PRIMARY KEY);"
                "CREATE TABLE products (id int PRIMARY KEY, store_id int NOT NULL REFERENCES stores (id));"
            ),
            None,
        ),
    }.values(),
)
def test_what_could_be_the_tenant_is_proposed(
    schema: str, expected: str | None, repository: Callable[..., Path]
) -> None:
    done = gate(repository(**{"migrations/0001.sql": schema}), "init")

    assert done.returncode == 0, done.stderr
    assert "no table names a tenant" in done.stdout
    assert expected in done.stdout if expected is not None else "perhaps" not in done.stdout


def test_of_two_levels_the_inner_one_is_proposed(repository: Callable[..., Path]) -> None:
    schema = "CREATE TABLE organizations (id int PRIMARY KEY);" + "".join(
        f"CREATE TABLE {name} (id int PRIMARY KEY, {column} int NOT NULL REFERENCES {other} (id));"
        for name, column, other in (
            ("workspaces", "organization_id", "organizations"), ("bills", "organization_id", "organizations"),
            ("boats", "workspace_id", "workspaces"), ("crews", "workspace_id", "workspaces"),
            ("ports", "workspace_id", "workspaces"),
        )
    )  # fmt: skip
    root = repository(**{"migrations/0001.sql": schema})
    assert gate(root, "init").returncode == 0

    told = (root / "tenancy.yaml").read_text("utf-8")
    assert 'tenant_columns: ["workspace_id", "organization_id"]' in told
    assert (
        "# Tables that name a row of workspaces alone: 3 (boats, crews, ports); a row of organizations alone: 1."
        in told
    )
    done = gate(root, "tenancy", "show")
    assert done.returncode == 0, done.stdout
    assert "boats" in done.stdout
