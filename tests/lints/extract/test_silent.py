"""A file that is passed over at a glance is one in which a close look finds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import lints
from lints.examine import examine, schema_of
from lints.extract import language_of, silent
from lints.extract.parse import LANGUAGES

ROOT = Path(lints.__file__).parent.parent
FILES = [path for path in sorted(ROOT.glob("*/**/*")) if path.is_file() and language_of(path.name) is not None]
ENDINGS = sorted(LANGUAGES)
WORDS = """select from update set delete insert into where values with as tenant tenant_id boats ( ) { } [ ] . , ; = == + " ' `
: => -> :: $ # // @ redis cache get prisma objects filter findMany Repository db tx es search knex static String let var
const def class func function return if else for in async await global export import public private null None 1 $1 ? %s
tenant-ok current_tenant_id request req.query mongoose collection session query execute <<<<<<< >>>>>>> match merge call"""


def _is_silent_rightly(path: str, data: bytes) -> None:
    assert not silent(path, data) or examine(path, data).empty


def test_every_source_file_here() -> None:
    passed = 0
    for path in FILES:
        data = path.read_bytes()
        _is_silent_rightly(str(path.relative_to(ROOT)), data)
        passed += silent(path.name, data)
    assert passed > 50


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(ENDINGS),
    st.lists(st.one_of(st.sampled_from([*WORDS.split(), "\n", " "]), st.text(max_size=3)), max_size=30),
    st.sampled_from(["", " ", "\n"]),
)
@example(".py", ["global current_tenant_id"], "")
@example(".ts", ["let tenantId;\nfunction f(x) {\n  tenantId = x;\n}\n"], "")
def test_whatever_is_written(ending: str, words: list[str], between: str) -> None:
    _is_silent_rightly(f"app/boats{ending}", between.join(words).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    ("path", "data"),
    {
        "another language": ("boats.md", b"nothing"),
        "a script": ("boats.sql", b""),
        "too large": ("boats.py", b"a = 1\n" * 500_000),
        "a NUL byte": ("boats.py", b"a = '\0'\n"),
        "two bytes a character": ("boats.py", "a = 1\n".encode("utf-16")),
        "a comment for the lint": ("boats.py", b"a = 1  # tenant-ok: admin\n"),
    }.values(),
)
def test_what_is_looked_at_closely(path: str, data: bytes) -> None:
    assert not silent(path, data)


def test_a_glance_is_short_whatever_it_falls_on() -> None:
    """The parent of a scan looks, and nobody could end it: no expression may take its time."""
    for piece in (
        b"select ",
        b"implements ",
        b"\n",
        b" ",
        b"update set ",
        b"match (",
        b"A::b(",
        b"a.",
        b"tenant=",
        b"(",
    ):
        data = piece * (1_000_000 // len(piece))
        for ending in (".py", ".ts", ".php", ".cs", ".rb"):
            silent(f"boats{ending}", data)
            schema_of(f"app/test_boats{ending}", b"models. Eloquent Table(\n" + data)


@pytest.mark.parametrize(
    "before",
    [
        "", " ", "\\n  ", "-- why\\n", "/* hint */ ", "(", "BEGIN; ", "BEGIN TRANSACTION ", "SET x = 1; ", "EXPLAIN (ANALYZE) ",
        "EXPLAIN ANALYZE ", "USE [fleet] ", "IF NOT EXISTS (", "DECLARE @a int; ", "LOCK TABLES boats WRITE; ",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "text",
    ["SELECT a FROM boats WHERE id = 1", "DELETE FROM boats WHERE id = 1", "UPDATE boats SET a = 1 WHERE id = 1"],
)
def test_what_stands_before_a_statement_hides_it_in_no_language(before: str, text: str) -> None:
    sql = f"{before}{text}"
    sources = {
        "a.py": f"def f(c):\n    c.execute({sql!r})\n".replace("\\\\n", "\\n"),
        "a.ts": f"export const f = (c) => c.query(`{sql}`);\n",
        "A.java": f'class A {{ void f(C c) {{ c.executeQuery("{sql}"); }} }}\n',
        "A.kt": f'class A {{ fun f(c: C) {{ c.executeQuery("{sql}") }} }}\n',
        "A.cs": f'class A {{ void F(C c) {{ c.Query("{sql}"); }} }}\n',
        "a.go": f'package a\nfunc F(c C) {{ c.Query("{sql}") }}\n',
        "a.rb": f'def f(c)\n  c.exec("{sql}")\nend\n',
        "a.php": f'<?php\n$c->query("{sql}");\n',
    }
    lost = [path for path, source in sources.items() if not examine(path, source.encode()).extraction.statements]
    assert lost == []
