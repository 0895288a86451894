"""Whole projects through children and the cache: the same facts as in one process, whatever is remembered."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from lints import cache as caching
from lints import project as projects
from lints import whole, workers
from lints.cache import Cache
from lints.examine import PYTHON_WORDS, TYPESCRIPT_WORDS, Schema, could_be_schema, schema_of
from lints.files import Files
from lints.frames import pack
from lints.project import Project, Scanned, model_of_project, scan_project
from lints.scan import scan
from lints.schema import build_model, python_models, read_declarations, typescript_models
from lints.schema.sources import READERS
from lints.schema.steps import BASES, STEPS
from lints.whole import Whole

ROOT = Path(__file__).parent.parent.parent
SCHEMA = b"""
CREATE TABLE tenants (id uuid PRIMARY KEY);
CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants(id), name text);
"""
UNOWNED = SCHEMA.replace(b", tenant_id uuid NOT NULL REFERENCES tenants(id)", b"")
BY_ID = b'def f(c, id):\n    c.execute("SELECT * FROM boats WHERE id = %s", (id,))\n'
SCOPED = b'def f(c, t, id):\n    c.execute("SELECT * FROM boats WHERE id = %s AND tenant_id = %s", (id, t))\n'
SMALL = {"db/migrations/001.sql": SCHEMA, "app/a.py": BY_ID, "app/b.py": SCOPED, "readme.md": b"x"}
DJANGO = {
    "fleet/models.py": b"""
from django.db import models
class Tenant(models.Model):
    pass
class Boat(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.TextField()
""",
    "fleet/views.py": b"def f(request, pk):\n    return Boat.objects.get(pk=pk)\n",
}
PRISMA = {
    "packages/db/prisma/schema.prisma": b"""
model Tenant { id String @id
  boats Boat[] }
model Boat { id String @id
  tenantId String
  tenant Tenant @relation(fields: [tenantId], references: [id]) }
""",
    "apps/web/a.ts": b"export const f = (prisma, id) => prisma.boat.findUnique({ where: { id } });\n",
}
COMPILED = {
    "src/main/java/Boat.java": b"""
@Entity
@Table(name = "boats")
public class Boat {
    @Id
    private UUID id;
    @Column(name = "tenant_id")
    private UUID tenantId;
}
""",
    "Data/Fleet.cs": b"""
public class FleetContext : DbContext { public DbSet<Sail> Sails { get; set; } }
public class Sail
{
    public Guid Id { get; set; }
    public Guid TenantId { get; set; }
}
""",
    "store/models.go": b"""
package store
import "gorm.io/gorm"
type Winch struct {
	ID       string `gorm:"primaryKey"`
	TenantID string
}
""",
    "src/berth.entity.ts": b"@Entity('berths')\nexport class Berth { @PrimaryColumn() id: string; @Column() tenantId: string; }\n",
    "src/schema.ts": b"export const crews = pgTable('crews', { id: uuid('id').primaryKey(), tenantId: uuid('tenant_id') });\n",
    "app/orm.py": b"class Buoy(Base):\n    __tablename__ = 'buoys'\n    id = Column(Integer, primary_key=True)\n",
    "db/schema.rb": b"ActiveRecord::Schema.define do\n  create_table 'lights' do |t|\n    t.string 'name'\n  end\nend\n",
    "alembic/versions/1.py": b"revision = '1'\ndown_revision = None\ndef upgrade():\n    op.create_table('masts', sa.Column('id', sa.Integer()))\n",
}
DECLARED = {"version": 1, "tenant_columns": ["tenant_id", "tenantId"]}


def project(files: Mapping[str, bytes], **more: object) -> Project:
    given = {"paths": sorted(files), "judged": frozenset(files), "read": files.get, **more}
    return Project(**given)  # type: ignore[arg-type]


def scanned(files: Mapping[str, bytes], folder: Path | None = None, *, size: int = 1, **more: object) -> Scanned:
    with Cache(folder) as cache:
        return scan_project(project(files, **more), cache, workers=size)


def _name(cache: Cache) -> bytes:
    """The key of the whole answer."""
    small = project(SMALL)
    return Whole(small, Files(small.paths, small.read, None, cache), cache)._name


def no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise AssertionError("a child was started")

    monkeypatch.setattr(workers.Workers, "_start", refuse)


def own_sources() -> dict[str, bytes]:
    """The corpora and test sources of the lints: thousands of statements in every language."""
    files = {
        path.relative_to(ROOT / folder).as_posix(): path.read_bytes()
        for folder in ("tests/lints", "examples")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    return {**files, **DJANGO, **PRISMA, **COMPILED}


def test_children_say_what_one_process_says_and_so_does_the_memory(tmp_path: Path) -> None:
    files = own_sources()
    model = build_model(files, None)
    facts = scan(files.items(), model)
    assert facts.numbers["statements"] > 300

    for size, folder in ((1, tmp_path / "one"), (2, None), (3, tmp_path / "three")):
        found = scanned(files, folder, size=size)
        assert found.model == model, size
        assert found.facts == facts, size
    assert scanned(files, tmp_path / "one") == found
    assert scanned(files, tmp_path / "three") == found


def test_what_is_remembered_starts_no_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {**SMALL, **DJANGO}
    found = scanned(files, tmp_path)
    no_child(monkeypatch)
    assert scanned(files, tmp_path) == found


def test_file_by_file_it_is_remembered_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {**SMALL, **DJANGO}
    found = scanned(files, tmp_path)
    monkeypatch.setattr(Whole, "recalled", lambda *_: None)
    no_child(monkeypatch)
    assert scanned(files, tmp_path) == found


@pytest.mark.parametrize("held", [0, 1 << 20])
def test_no_file_is_read_twice_if_there_is_room_for_it(
    held: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One that can't be read is told once whatever room there is."""
    files = {**SMALL, "app/c.py": BY_ID}
    scanned(files, tmp_path)
    monkeypatch.setattr("lints.files.MAX_HELD", held)
    asked: list[str] = []

    def read(path: str) -> bytes | None:
        asked.append(path)
        return files[path] + b"\n" if path != "app/c.py" else None

    changed = {path: data + b"\n" for path, data in SMALL.items()}
    found = scanned(files, tmp_path, read=read)
    assert (found.facts, found.digests) == (scanned(changed).facts, scanned(changed).digests)
    assert asked.count("app/c.py") == 1
    model = {path for path in files if path.endswith(".sql")}
    assert {path for path in files if asked.count(path) > 1} == (model if held else set(SMALL))


def test_a_child_begins_with_the_first_source_that_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = scanned(SMALL, tmp_path)
    seen: list[str] = []

    def read(path: str) -> bytes:
        seen.append(path)
        return changed[path]

    monkeypatch.setattr(workers.Workers, "begin", lambda _: seen.append("a child begins"))
    changed = {**SMALL, "readme.md": b"another text"}
    with monkeypatch.context() as patch:
        no_child(patch)
        assert scanned(SMALL, tmp_path, read=read).facts == found.facts
    assert seen == sorted(SMALL)
    changed = {**SMALL, "app/a.py": SCOPED}
    fresh = scanned(changed).facts
    seen.clear()
    assert scanned(SMALL, tmp_path, read=read).facts == fresh
    assert seen == ["app/a.py", "a child begins", "app/b.py", "db/migrations/001.sql", "readme.md"]


@pytest.mark.parametrize("damage", [b"", b"{}", pack(b"", b"", b""), pack(b"one"), b"\0" * 8])
def test_an_answer_that_is_none_is_worked_out_again(damage: bytes, tmp_path: Path) -> None:
    found = scanned(SMALL, tmp_path)
    with Cache(tmp_path) as cache:
        cache.put(_name(cache), damage)
    assert scanned(SMALL, tmp_path) == found


def test_an_answer_too_large_to_be_kept_is_worked_out_from_its_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "MAX_ANSWER", 10)
    found = scanned(SMALL, tmp_path)
    no_child(monkeypatch)
    with Cache(tmp_path) as cache:
        assert cache.get(_name(cache)) is None
    assert scanned(SMALL, tmp_path) == found


def test_an_answer_of_other_bytes_under_the_same_names_does_not_hold(tmp_path: Path) -> None:
    """A file without a word of SQL: nothing in the facts shows which bytes they are of, but its digest does."""
    one, two = ({**SMALL, "app/plain.py": data} for data in (b"a = 1\n", b"a = 2\n"))
    scanned(one, tmp_path)
    assert scanned(two, tmp_path) == scanned(two)


@pytest.mark.parametrize(("files", "wanted"), [(DJANGO, "TENORM001"), (PRISMA, "TENORM001")], ids=["django", "prisma"])
def test_models_anywhere_in_the_tree_make_the_model(files: dict[str, bytes], wanted: str) -> None:
    found = scanned(files, declared=read_declarations(DECLARED), scripts=frozenset())
    assert [row.rule for row in found.facts.accesses] == [wanted]


def test_functions_that_give_queries_are_read_file_by_file(tmp_path: Path) -> None:
    """The model is made again only when one of them gives others."""
    gives = b"from .models import Boat\ndef boats_of(tenant):\n    return Boat.objects.filter(tenant=tenant)\n"
    use = b"from .queries import boats_of\ndef f(request, tenant, pk):\n    return boats_of(tenant).get(pk=pk)\n"
    files = {**DJANGO, "fleet/queries.py": gives, "fleet/use.py": use}
    assert schema_of("fleet/queries.py", gives) is Schema.QUERIES
    found = scanned(files, tmp_path)
    assert found.model == build_model(files, None)
    assert found.model.schema.helpers
    for changed, same in (
        (gives + b"# another line\n", True),
        (gives.replace(b"filter(tenant=tenant)", b"all()"), False),
    ):
        files["fleet/queries.py"] = changed
        again = scanned(files, tmp_path)
        assert again == scanned(files)
        assert (again.model == found.model) is same
        assert (again.facts == found.facts) is same
        assert again.model == build_model(files, None)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What children were asked for, steps of the model by their names."""
    asked: list[str] = []
    run = workers.Workers.run

    def noted(
        self: workers.Workers, step: bytes, items: Iterable[tuple[str, Sequence[bytes]]], **more: Any
    ) -> Iterator[tuple[str, workers.Answer | workers.Lost]]:
        def told() -> Iterator[tuple[str, Sequence[bytes]]]:
            for name, chunks in items:
                asked.append(chunks[0].decode() if step == b"b" else f"{step.decode()} {name}".strip())
                yield name, chunks

        return run(self, step, told(), **more)

    monkeypatch.setattr(workers.Workers, "run", noted)
    return asked


MIXED = {**DJANGO, **PRISMA, **COMPILED, **SMALL}
NEW_COLUMN = MIXED["fleet/models.py"] + b"    port = models.TextField()\n"
REREAD: Mapping[str, tuple[Mapping[str, bytes], list[str]]] = {
    "a file with models, but not the models": (
        {"fleet/models.py": MIXED["fleet/models.py"] + b"# a remark\n"},
        ["x fleet/models.py", "python"],
    ),
    "a model": (
        {"fleet/models.py": NEW_COLUMN},
        ["x fleet/models.py", "python", "javascript", "ruby", "compiled", "c"],
    ),
    "the last models that are read": (
        {"store/models.go": MIXED["store/models.go"].replace(b"TenantID", b"\tFleet string\n\tTenantID")},
        ["x store/models.go", "compiled", "c"],
    ),
    "a script": (
        {"db/migrations/002.sql": b"ALTER TABLE boats ADD port text;"},
        ["x db/migrations/002.sql", *(step for step in STEPS if step not in {BASES, "php", "mappings"}), "c"],
    ),
    "a class that asks for rows of some model": (
        {"fleet/rows.py": b"class Rows:\n    def all(self):\n        return self.model.objects.all()\n"},
        ["x fleet/rows.py", BASES, "javascript", "ruby", "compiled", "c"],
    ),
}


@pytest.mark.parametrize("name", REREAD)
def test_of_the_schema_sources_only_those_are_read_again_that_may_say_more(
    name: str, tmp_path: Path, steps: list[str]
) -> None:
    before = scanned(MIXED, tmp_path)
    steps.clear()
    changes, wanted = REREAD[name]
    files = {**MIXED, **changes}
    found = scanned(files, tmp_path)
    assert [step for step in steps if not step.startswith("j ")] == wanted
    assert found.model == build_model(files, None)
    assert found.facts == scan(files.items(), found.model)
    assert (found.model == before.model) is ("c" not in wanted)
    assert any(step.startswith("j app/a.py") for step in steps) is ("c" in wanted)


QUERIES = b"""
from .models import Boat
def boats_of(tenant):
    return Boat.objects.filter(tenant=tenant)
"""
USES = b"from .queries import boats_of\ndef f(request, tenant, pk):\n    return boats_of(tenant).get(pk=pk)\n"
VERSIONS: Mapping[str, Sequence[bytes]] = {
    "fleet/models.py": (MIXED["fleet/models.py"], NEW_COLUMN, b"\n" + MIXED["fleet/models.py"], b"\n" + QUERIES),
    "fleet/views.py": (MIXED["fleet/views.py"], b"\n" + MIXED["fleet/views.py"], b"x = 1\n"),
    "fleet/queries.py": (QUERIES, QUERIES.replace(b"filter(tenant=tenant)", b"all()"), QUERIES + b"\n# a remark\n"),
    "fleet/use.py": (USES, b"# moved\n" + USES),
    "db/migrations/001.sql": (SCHEMA, UNOWNED),
    "db/migrations/002.sql": (b"ALTER TABLE boats ADD port text;", b"DROP TABLE boats;", b"not SQL at all"),
    "alembic/versions/1.py": (
        MIXED["alembic/versions/1.py"],
        MIXED["alembic/versions/1.py"].replace(b"masts", b"boats"),
    ),
    "db/schema.rb": (MIXED["db/schema.rb"], b""),
    "src/berth.entity.ts": (MIXED["src/berth.entity.ts"], b"enum Tables { Boats = 'boats' }\n"),
    "packages/db/prisma/schema.prisma": (MIXED["packages/db/prisma/schema.prisma"], b"model Pier { id String @id }"),
    "app/a.py": (BY_ID, SCOPED, b"\xff\xfe\0", b""),
    "app/b.py": (SCOPED, BY_ID),
}
WORDS: Mapping[str, Mapping[str, Any]] = {
    "nothing": {},
    "columns": DECLARED,
    "globals": {"globals": {"boats": "the same boats for everybody here"}},
    "mysql": {"dialect": "mysql"},
}
one_edit = st.tuples(st.sampled_from(sorted(VERSIONS)), st.integers(-1, 3))
edits = st.lists(
    st.tuples(st.lists(one_edit, min_size=1, max_size=3), st.sampled_from(sorted(WORDS)), st.booleans()),
    min_size=2,
    max_size=4,
)


@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(edits)
@example([([("fleet/models.py", 3)], "nothing", False), ([("fleet/models.py", 2)], "nothing", False)])
@example([([("db/migrations/002.sql", 1)], "nothing", False), ([("db/migrations/002.sql", -1)], "columns", True)])
def test_whatever_is_edited_the_memory_says_what_a_scan_without_one_says(
    changes: Sequence[tuple[Sequence[tuple[str, int]], str, bool]],
) -> None:
    """Files that come, change, change back and go, other declarations, entries that were let go or are damaged."""
    files = {**MIXED, **{path: versions[0] for path, versions in VERSIONS.items()}}
    with tempfile.TemporaryDirectory() as folder, Cache(Path(folder, "cache")) as memory:
        for named, declared, damaged in ([], "nothing", False), *changes:
            for path, version in named:
                files.pop(path, None)
                if version >= 0:
                    files[path] = VERSIONS[path][version % len(VERSIONS[path])]
            if damaged:
                memory._write()
                memory._database.execute("DELETE FROM entry WHERE rowid % 3 = 0")
                memory._database.execute("UPDATE entry SET value = zeroblob(40) WHERE rowid % 3 = 1")
            said = WORDS[declared]
            found = scan_project(project(files, declared=read_declarations(said)), memory, workers=1)
            assert found.model == build_model(files, said)
            assert found.facts == scan(files.items(), found.model, declared=said)


def test_what_a_bundler_packed_gives_no_queries_and_spoils_no_model() -> None:
    """It would be read for longer than a file is given, and then nothing of the project could be decided."""
    gives = b"export const ofTenant = (t) => ({ tenantId: t });\nprisma.boat.findMany({ where: { id: 1 } });\n"
    packed = gives + b"var packed=[" + b"1," * 5_000 + b"0];\n"
    assert schema_of("app/boats.js", gives) is Schema.QUERIES
    assert schema_of("public/app.js", packed) is Schema.NOTHING
    found = scanned({**PRISMA, "public/app.js": packed})
    assert [row.rule for row in found.facts.accesses if row.path == "public/app.js"]  # judged all the same


def test_scripts_are_narrowed_and_models_are_not() -> None:
    files = {**DJANGO, "db/migrations/1.sql": SCHEMA, "vendor/other.sql": b"CREATE TABLE others (id int);"}
    assert "others" in scanned(files).model.tables
    narrowed = scanned(files, scripts=frozenset({"db/migrations/1.sql"})).model.tables
    assert "others" not in narrowed
    assert {"boats", "fleet_boat"} <= set(narrowed)


def test_the_model_alone_is_the_model_that_is_judged_by() -> None:
    files = {**DJANGO, **PRISMA, **SMALL}
    with Cache(None) as cache:
        assert model_of_project(project(files), cache) == scanned(files).model


def test_files_that_are_not_judged_make_the_model_all_the_same() -> None:
    found = scanned(SMALL, judged=frozenset({"app/a.py"}))
    assert [(row.path, row.rule) for row in found.facts.accesses] == [("app/a.py", "TENSQL001")]
    assert sorted(found.digests) == ["app/a.py"]


CHANGES: Mapping[str, Callable[[dict[str, bytes]], Mapping[str, object]]] = {
    "a file": lambda files: files.update({"app/a.py": SCOPED}) or {},
    "a file moves": lambda files: files.update({"tests/test_a.py": files.pop("app/a.py")}) or {},
    "a file goes": lambda files: files.pop("app/a.py") and {},
    "two files swap": lambda files: files.update({"app/a.py": SCOPED, "app/b.py": BY_ID}) or {},
    "the schema": lambda files: (
        files.update({"db/migrations/002.sql": b"ALTER TABLE boats DROP COLUMN tenant_id;"}) or {}
    ),
    "the schema in its place": lambda files: files.update({"db/migrations/001.sql": UNOWNED}) or {},
    "the schema and a file": lambda files: files.update({"db/migrations/001.sql": UNOWNED, "app/a.py": SCOPED}) or {},
    "the schema's folder": lambda files: files.update({"app/c.sql": b"DELETE FROM boats;", "app/d.sql": SCHEMA}) or {},
    "declarations": lambda _: {
        "declared": read_declarations({"globals": {"boats": "the same boats for everybody here"}})
    },
    "path classes": lambda _: {"declared": read_declarations({"paths": {"test": ["app/**"]}})},
    "the dialect": lambda _: {"dialect": "mysql"},
    "which scripts count": lambda _: {"scripts": frozenset()},
}


@pytest.fixture(scope="module")
def remembered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that knows the small project and the ones before."""
    folder = tmp_path_factory.mktemp("cache")
    scanned(SMALL, folder)
    return folder


@pytest.mark.parametrize("name", CHANGES)
def test_no_answer_is_stale_after_a_change_of(name: str, remembered: Path) -> None:
    files = dict(SMALL)
    more = CHANGES[name](files)
    fresh = scanned(files, **more)
    assert scanned(files, remembered, **more) == fresh
    assert scanned(files, remembered, **more) == fresh
    assert fresh.facts != scanned(SMALL, remembered).facts or fresh.model != scanned(SMALL, remembered).model


def test_another_version_of_the_lints_asks_again(remembered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned(SMALL, remembered)
    monkeypatch.setattr(caching, "version", lambda: b"another")
    no_child(monkeypatch)
    with pytest.raises(AssertionError, match="a child was started"):
        scanned(SMALL, remembered)


def test_a_file_that_cannot_be_read_is_left_to_the_caller_to_tell() -> None:
    files = {**SMALL, "app/c.py": BY_ID}
    found = scanned(files, read=lambda path: None if path == "app/c.py" else files[path])
    assert "app/c.py" not in found.digests
    assert found.facts.numbers["files_analysed"] == 3


def test_schema_sources_that_are_too_much_together_are_told_whatever_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(projects, "MAX_SCHEMA_BYTES", 320)
    files = {f"db/{n}.sql": b"CREATE TABLE t%d (id int); -- %s" % (n, b"x" * (20 * n)) for n in range(6)}
    for paths in (sorted(files), sorted(files, reverse=True)):
        model = scanned(files, paths=paths).model
        assert sorted(model.tables) == ["t0", "t1", "t2", "t3"]
        assert [(o.path, o.why[:26]) for o in model.unread] == [
            ("db/4.sql", "the schema sources togethe"),
            ("db/5.sql", "the schema sources togethe"),
        ]


def sources_of(files: Mapping[str, bytes]) -> Iterator[str]:
    for path, data in files.items():
        kind = schema_of(path, data)
        assert kind is Schema.NOTHING or could_be_schema(path)
        if kind is not Schema.NOTHING:
            yield path


def test_no_schema_source_is_missed_by_looking_at_one_file_alone() -> None:
    files = {**own_sources(), **SMALL}
    whole = build_model(files, None)
    assert {"boats", "berths", "crews", "buoys", "lights", "masts"} <= set(whole.tables)
    assert len(build_model(COMPILED, None).tables) >= len(COMPILED)
    assert build_model({path: files[path] for path in sources_of(files)}, None) == whole


@pytest.mark.parametrize(
    ("expression", "words"),
    [(python_models.DECLARES, PYTHON_WORDS), (typescript_models.DECLARES, TYPESCRIPT_WORDS)],
    ids=["python", "typescript"],
)
def test_whatever_declares_a_model_has_one_of_the_words(
    expression: re.Pattern[bytes], words: tuple[bytes, ...]
) -> None:
    depth, alternatives = 0, [b""]
    for byte in expression.pattern.replace(b"\\(", b"<").replace(b"\\", b""):
        depth += (byte == ord("(")) - (byte == ord(")"))
        if byte == ord("|") and depth == 0:
            alternatives.append(b"")
        else:
            alternatives[-1] += bytes([byte]).replace(b"<", b"(")
    assert all(any(word in alternative for word in words) for alternative in alternatives), alternatives


def test_every_step_has_its_reader_in_the_same_order() -> None:
    assert list(READERS) == list(STEPS)


def test_what_the_cache_has_let_go_of_of_the_schema_is_read_again(tmp_path: Path) -> None:
    """That a step was done is remembered apart from what it gave."""
    scanned(MIXED, tmp_path)
    with Cache(tmp_path) as cache:
        cache._database.execute("DELETE FROM entry WHERE length(value) > 1000")
    files = {**MIXED, "fleet/models.py": NEW_COLUMN}
    assert scanned(files, tmp_path) == scanned(files)
    assert scanned(files, tmp_path).model == build_model(files, None)


def test_what_the_cache_has_let_go_of_is_looked_for_again(tmp_path: Path) -> None:
    """A cache that grew too large forgets some entries and not others: that was a file not analysed, for ever."""
    found = scanned(SMALL, tmp_path)
    changed = {**SMALL, "db/2.sql": b"CREATE TABLE piers (id uuid, tenant_id uuid);"}
    fresh = scanned(changed)
    with Cache(tmp_path) as cache:
        for path, digest in found.digests.items():
            cache._database.execute("DELETE FROM entry WHERE key = ?", (caching.key(b"x", path, digest),))
    assert scanned(changed, tmp_path) == fresh
    assert scanned(changed, tmp_path) == fresh
