"""Hostile files in real children: each is analysed or reported as not analysed, and the scan goes on."""

from __future__ import annotations

import signal
from collections.abc import Mapping

import pytest

from lints import workers
from lints.rows import CodeFacts
from lints.workers import Answer, Lost, Workers, WorkersError
from tests.lints.test_project import BY_ID, SCHEMA, SCOPED, scanned

QUERY = b'"select * from boats"'


def facts(files: Mapping[str, bytes], size: int = 1) -> CodeFacts:
    return scanned({**files, "db/migrations/001.sql": SCHEMA, "app/ok.py": BY_ID}, size=size).facts


HOSTILE: Mapping[str, tuple[str, bytes, str]] = {
    "invalid Python": ("a.py", b"def f(:\n" + BY_ID + b"\n  class )(:\n", "violation"),
    "conflict markers": (
        "a.py",
        b"<<<<<<< HEAD\n" + BY_ID + b"=======\n" + SCOPED + b"\n>>>>>>> x\n",
        "merge conflict",
    ),
    "50 MB on one line": ("a.js", b'var a=1;q.query("select * from boats");' * (50 * 1024 * 1024 // 39), "larger than"),
    "2 MB on one line": (
        "a.js",
        b"var a=1;" * 250_000 + b'q.query("select * from boats");',
        "minified: one line of",
    ),
    "parentheses, deep": ("a.py", b"x=" + b"(" * 100_000 + QUERY + b")" * 100_000, "too deeply"),
    "lists, deep": ("a.js", b"x=" + b"[" * 100_000 + QUERY + b"]" * 100_000, "too deeply"),
    "calls, deep": ("a.ts", b"f(" * 100_000 + QUERY + b")" * 100_000, "too deeply"),
    "arrows, deep": ("a.js", b"a=>" * 50_000 + b"q(" + QUERY + b")", "too deeply"),
    "blocks, deep": ("A.java", b"class A { void f() { " + b"{" * 100_000 + b"c.execute(" + QUERY + b");", "violation"),
    "SQL, deep": ("a.sql", b"SELECT " + b"(" * 100_000 + b"1" + b")" * 100_000 + b" FROM boats;", "opaque|unparsed"),
    "a condition, deep": (
        "a.py",
        b'c.execute("SELECT * FROM boats WHERE ' + b"(" * 20_000 + b"id=1" + b")" * 20_000 + b'")',
        "opaque|unparsed",
    ),
    "not UTF-8": (
        "a.py",
        "def f(c):\n    c.execute(\"SELECT * FROM boats WHERE name = 'é'\")\n".encode("latin-1"),
        "violation",
    ),
    "UTF-16": ("a.py", BY_ID.decode().encode("utf-16"), "violation"),
    "binary": ("a.py", bytes(range(256)) * 100, "NUL byte"),
    "a NUL byte": ("a.py", BY_ID.replace(b"f(", b"f\0("), "violation"),
    "a dump of a million lines": ("a.sql", b"INSERT INTO boats VALUES ('x','y','z');\n" * 1_000_000, "larger than"),
    "a dump of thousands": (
        "a.sql",
        b"".join(b"INSERT INTO boats VALUES ('x%d','y','z');\n" % number for number in range(4_000)),
        "weak",
    ),
    "a string never closed": ("a.py", b"c.execute(\"SELECT * FROM boats WHERE\n\n'''", "not valid syntax"),
    "a quote never closed": ("a.sql", b"SELECT * FROM boats WHERE name = 'abc\n;DELETE FROM boats;", "never closed"),
    "a query of 200 CTEs": (
        "a.py",
        b'c.execute("""WITH c0 AS (SELECT * FROM boats), '
        + b", ".join(b"c%d AS (SELECT * FROM c%d JOIN boats USING (id))" % (n, n - 1) for n in range(1, 200))
        + b' SELECT * FROM c199""")',
        "opaque|violation",
    ),
    "a text of 1 MB": (
        "a.py",
        b"c.execute(\"SELECT * FROM boats WHERE name = '" + b"a" * 1_000_000 + b"'\")",
        "unparsed|opaque",
    ),
    "a text of 1 MB in SQL": ("a.sql", b"INSERT INTO boats VALUES ('" + b"a" * 1_000_000 + b"');", "opaque|weak"),
    "a name with a line break and an escape": ("a\n\x1b[31m.py", BY_ID, "violation"),
    "thousands of alternatives": (
        "a.py",
        b'c.execute("SELECT * FROM boats b WHERE '
        + b" OR ".join(b"(b.id=:a%d AND b.tenant_id=:t%d)" % (n, n) for n in range(2_000))
        + b'")',
        "proven|opaque|violation",
    ),
    "thousands of branches": (
        "a.py",
        b"def f(c,t):\n    q='SELECT * FROM boats WHERE 1=1'\n"
        + b"".join(b"    if t: q+=' AND x%d=1'\n" % number for number in range(3_000))
        + b"    c.execute(q)\n",
        "CPU time|no answer within|violation|opaque|too many",
    ),
    "words that begin a statement": ("a.py", b"select " * 250_000 + BY_ID, "CPU time|violation|not valid"),
}


@pytest.fixture(scope="module")
def hostile() -> CodeFacts:
    """All of them in one run, each in a folder of its own."""
    files = {f"{number}/{path}": data for number, (path, data, _) in enumerate(HOSTILE.values())}
    return facts(files, size=2)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_analysed_or_reported(name: str, hostile: CodeFacts) -> None:
    number = list(HOSTILE).index(name)
    path, _, wanted = HOSTILE[name]
    said = [u.reason for u in hostile.unanalysed if u.path == f"{number}/{path}"]
    said += [row.verdict for row in hostile.accesses if row.path == f"{number}/{path}"]
    assert any(word in text for text in said for word in wanted.split("|")), said


def test_the_file_beside_them_is_judged_as_ever(hostile: CodeFacts) -> None:
    assert [(row.rule, row.line) for row in hostile.accesses if row.path == "app/ok.py"] == [("TENSQL001", 2)]


def test_generated_twins_are_told_once() -> None:
    source = b'const f = (p, id) => p.query("SELECT * FROM boats WHERE id = $1", [id]);\n'
    found = facts({"a.ts": source, "a.js": b"exports.f = 1;\n" + source})
    assert [row.path for row in found.accesses] == ["a.ts", "app/ok.py"]


# A child whose examination does what no known file makes it do: everything else about it is real.
_POSSESSED = """
import json, os, signal, sys, time
sys.path[:] = json.loads(sys.argv.pop())
import lints.examine as module
real = module.examine
def possessed(path, data):
    if b"SEGFAULT" in data: os.kill(os.getpid(), signal.SIGSEGV)
    if b"ONCE" in data and not os.path.exists(data.split()[-1]): open(data.split()[-1], "w"); os.abort()
    if b"HUNGRY" in data: bytearray(3 << 30)
    if b"HANG" in data: time.sleep(1000)
    while b"BUSY" in data: pass
    if b"RAISE" in data: raise TypeError("secret")
    if b"LEAVE" in data: os._exit(7)
    return real(path, data)
module.examine = possessed
from lints.child import main
main()
"""


@pytest.fixture
def possessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_CHILD", _POSSESSED)
    monkeypatch.setattr(workers, "START_SECONDS", 24.0)  # a quarter of it is the patience with a first answer
    monkeypatch.setattr(workers, "WALL_PER_CPU", 3)


ENDS = {
    "SEGFAULT": "crashed (SIGSEGV)",
    "HUNGRY": "failed (MemoryError)",
    "HANG": "no answer within",
    "BUSY": "more CPU time|no answer within",  # whichever is over first: the machine may be busy too
    "RAISE": "failed (TypeError)",
    "LEAVE": "ended with 7",
}


@pytest.mark.usefixtures("possessed")
def test_a_file_that_ends_its_child_is_reported_and_no_other() -> None:
    files = {f"m{number:02}.py": BY_ID for number in range(20)}
    files |= {f"n{word}.py": b'x = "select * from boats" # ' + word.encode() for word in ENDS}
    found = facts(files, size=2)
    said = {u.path: u.reason for u in found.unanalysed}
    assert {path: reason for path, reason in said.items() if not path.startswith("n")} == {}
    for word, reason in ENDS.items():
        assert any(text in said[f"n{word}.py"] for text in reason.split("|")), word
    assert "secret" not in str(said)
    assert {row.path for row in found.accesses} == {"app/ok.py", *(f"m{number:02}.py" for number in range(20))}
    assert found.numbers["files_skipped"] == len(ENDS)


@pytest.mark.usefixtures("possessed")
def test_a_child_that_dies_by_chance_costs_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    mark = str(tmp_path_factory.mktemp("once") / "mark").encode()
    found = facts({"a.py": BY_ID + b"# ONCE " + mark})
    assert [row.path for row in found.accesses] == ["a.py", "app/ok.py"]


@pytest.mark.usefixtures("possessed")
def test_a_tree_of_nothing_but_such_files_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "MAX_LOST", 2)
    found = facts({f"a{number}.py": BY_ID + b"# SEGFAULT" for number in range(30)})
    reasons = [u.reason for u in found.unanalysed if u.path.startswith("a")]
    assert len(reasons) == 30
    assert sum("crashed" in reason for reason in reasons) == 3
    assert sum("too many other files" in reason for reason in reasons) == 27


@pytest.mark.parametrize("size", [1, 2])
def test_children_that_retire_after_every_message_lose_nothing(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    code = _POSSESSED.split("import lints.examine")[0] + "import lints.child as c\nc._RETIRE_BYTES = 0\nc.main()\n"
    monkeypatch.setattr(workers, "_CHILD", code)
    monkeypatch.setattr(workers, "BATCH_FILES", 2)
    files = {f"m{number}.py": BY_ID for number in range(8)}
    found = facts(files, size)
    assert found.unanalysed == ()
    assert {row.path for row in found.accesses} == {"app/ok.py", *files}


def test_a_parent_with_much_memory_has_children_that_stay() -> None:
    ballast = bytearray(b"x" * (400 << 20))
    with Workers(1) as pool:
        for number in range(3):
            assert len(list(pool.run(b"x", [(f"a{number}.py", (b"a.py", BY_ID))]))) == 1
            (slot,) = pool._slots
            assert slot.answers == number + 1
    assert ballast[0] == ord("x")


def test_a_schema_source_that_ends_the_child_is_told_as_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    code = _POSSESSED.split("import lints.examine")[0] + (
        "import lints.schema.split as module\nimport lints.schema.ddl\nreal = module.split\n"
        "def possessed(text, *rest):\n"
        "    if 'CURSED' in text: os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    return real(text, *rest)\n"
        "for name, found in list(sys.modules.items()):\n"
        "    if name.startswith('lints.schema') and getattr(found, 'split', None) is real: found.split = possessed\n"
        "from lints.child import main\nmain()\n"
    )
    monkeypatch.setattr(workers, "_CHILD", code)
    files = {
        "db/migrations/001.sql": SCHEMA,
        "db/migrations/002.sql": b"CREATE TABLE x (id int); -- CURSED",
        "a.py": BY_ID,
    }
    found = scanned(files)
    assert [(o.path, "SIGSEGV" in o.why) for o in found.model.unread] == [("db/migrations/002.sql", True)]
    assert [row.rule for row in found.facts.accesses if row.path == "a.py"] == ["TENSQL001"]


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "import lints.nowhere", "while True: pass"])
def test_without_any_child_there_is_no_answer(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_CHILD", code)
    monkeypatch.setattr(workers, "START_SECONDS", 3.0)
    with pytest.raises(WorkersError, match="did not start"):
        facts({"a.py": BY_ID})


def test_a_child_that_cannot_begin_is_missed_when_there_is_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers.sys, "executable", "/no/such/python")
    with Workers(1) as pool:
        pool.begin()
        with pytest.raises(WorkersError, match="did not start"):
            list(pool.run(b"x", [("a.py", (b"a.py", BY_ID))]))


def test_a_child_that_began_ahead_does_the_work_and_what_may_be_done_meanwhile_is_done_once() -> None:
    done: list[str] = []
    with Workers(1) as pool:
        pool.begin()
        pool.begin()
        (slot,) = pool._slots
        items = [(f"{number}.py", (f"{number}.py".encode(), BY_ID)) for number in range(100)]
        answers = dict(pool.run(b"x", items, meanwhile=lambda: done.append("meanwhile")))
        assert pool._slots == [slot]
        assert not list(pool.run(b"x", [], meanwhile=lambda: done.append("with nothing to wait for")))
    assert len(answers) == 100
    assert done == ["meanwhile"]


def test_an_answer_that_is_none_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import socket, sys; s = socket.socket(fileno=int(sys.argv[1])); s.sendall(b'\\xff' * 64); s.recv(1)"
    monkeypatch.setattr(workers, "_CHILD", code)
    with pytest.raises(WorkersError, match="something else than an answer"):
        facts({"a.py": BY_ID})


def test_no_child_outlives_the_scan() -> None:
    with Workers(2) as pool:
        items = ((f"a{number}.py", (f"a{number}.py".encode(), BY_ID)) for number in range(200))
        answers = dict(pool.run(b"x", items))
        processes = [slot.process for slot in pool._slots]
        assert processes
    assert all(isinstance(answer, Answer) and answer.lasting for answer in answers.values())
    assert all(process.returncode == -signal.SIGKILL for process in processes)


def test_what_is_not_asked_for_to_the_end_is_ended_too() -> None:
    with Workers(1) as pool:
        next(iter(pool.run(b"x", [("a.py", (b"a.py", BY_ID))])))
        (slot,) = pool._slots
    assert slot.process.returncode is not None
    assert isinstance(Lost(reason="x"), Lost)
