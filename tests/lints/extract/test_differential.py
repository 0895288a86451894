"""What is found at a glance is what is found by looking everywhere; a statement is found whatever is written around it.

Over whole checkouts: `python tests/lints/extract/differential.py CHECKOUT…`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lints.extract import extract
from lints.extract.glance import everywhere, glance
from lints.judge import Judge
from lints.scan import scan
from lints.schema.declared import read_declarations
from tests.lints.extract.differential import differences
from tests.lints.extract.judged import load
from tests.lints.proof.harbour import MODEL

SNIPPETS = load()


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(MODEL, read_declarations({}))


@pytest.mark.parametrize("language", sorted({snippet.language for snippet in SNIPPETS}))
def test_every_labelled_snippet(judge: Judge, language: str) -> None:
    found = [
        str(difference)
        for snippet in SNIPPETS
        if snippet.language == language
        for difference in differences(lambda: judge, snippet.path, snippet.source)
    ]

    assert found == []


SEEN = {
    "ruby: a row of an association": ("a.rb", "def f(fleet)\n  fleet.boats.first\nend\n"),
    "ruby: a scope of an association": ("a.rb", "def f(fleet)\n  fleet.boats&.afloat&.last\nend\n"),
    "ruby: several of them": ("a.rb", "def f(fleet)\n  fleet.boats.afloat.sold.first\nend\n"),
    "ruby: each of an association": ("a.rb", "def f(fleet)\n  fleet.boats.each { |b| b.sink }\nend\n"),
    "ruby: a scope of a class": ("a.rb", "def f\n  Boat.afloat.order('random()').take\nend\n"),
    "ruby: a scope that is given something": ("a.rb", "def f(me)\n  Boat.seen_by(me, 1)\nend\n"),
    "ruby: many at once": ("a.rb", "def f(rows)\n  Boat.import(rows, validate: true)\nend\n"),
    "ruby: what a variable was given": ("a.rb", "def f(fleet)\n  boats = fleet.boats\n  boats.first(3)\nend\n"),
    "ruby: what two were given": ("a.rb", "def f(fleet)\n  boats, logs = fleet.boats, fleet.logs\n  boats.order(:id).first\nend\n"),
    "ruby: on lines of their own": ("a.rb", "def f\n  Boat\n    .afloat\n    .order(:id)\n    .first\nend\n"),
    "php: a relation": ("a.php", "<?php\nfunction f($fleet) { $fleet->boats()->forceDelete(); }\n"),
    "php: a relation, perhaps": ("a.php", "<?php\nfunction f($me) { return $me->fleet?->boats()?->first(); }\n"),
    "php: a relation in a variable": ("a.php", "<?php\nfunction f($fleet) { $q = $fleet->boats();\nreturn $q->sum('a'); }\n"),
    "php: a class": ("a.php", "<?php\nfunction f() { Boat::chunk(100, function ($boats) {}); }\n"),
    "go: a table that is a call": (
        "a.go",
        'package a\n\nfunc F(s S) error {\n\tq := s.SQLBuilder.\n\t\tInsert(s.TableName("boats")).\n\t\tColumns("id").\n\t\tValues(1)\n\treturn s.Exec(q)\n}\n',
    ),
    "typescript: a key beside a query": (
        "a.ts", "export async function f(db, redis, id) { await db.boat.findMany({}); return redis.exists(`boat:${id}`); }\n"
    ),
    "typescript: an object beside a query": (
        "a.ts", "export async function f(db, sql, b) { await db.boat.findMany({}); return sql`insert into boats ${sql(b)}`; }\n"
    ),
    "typescript: a model that a class holds": (
        "a.ts", "class A extends Repo { async f(id) { return await this.MongooseModel.findOne({ id }).lean(); } }\n"
    ),
    "java: an annotation with names": (
        "A.java",
        'interface A extends JpaRepository<Boat, Long> { @Query(value = "SELECT * FROM boats b", nativeQuery = true) List<Boat> f(); }\n',
    ),
    "python: a function in a name": ("a.py", 'by = lambda c: f"SELECT * FROM boats WHERE {c} = 1"\n\ndef f(c):\n    c.execute(by("id"))\n'),
    "c#: a procedure": (
        "A.cs", 'class A { void F(C c) { c.Query<B>("[dbo].[Moor]", null, commandType: CommandType.StoredProcedure); } }\n'
    ),
    "a block of statements": ("a.go", "package a\n\nfunc F(c C) { c.Exec(`DO $$ BEGIN DELETE FROM x; END $$`) }\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", SEEN)
def test_what_is_there_is_seen_at_a_glance(name: str) -> None:
    path, source = SEEN[name]
    found, everything = (extract(path, source.encode(), look) for look in (glance, everywhere))

    assert found.statements or found.calls
    assert (found.statements, found.calls) == (everything.statements, everything.calls)


IDLE = {
    "ruby: what a method was handed": "def f(items, limit = 3)\n  items.first(limit).each { |item| item.sink }\nend\n",
    "ruby: a hash of its own": "def f\n  found = Hash.new(0)\n  found.values.sum\nend\n",
    "ruby: a hash that is written out": "def f\n  found = { a: 1 }\n  found.keys.first\nend\n",
}


@pytest.mark.parametrize("name", IDLE)
def test_what_the_language_does_is_no_query(name: str) -> None:
    found, everything = (extract("a.rb", IDLE[name].encode(), look) for look in (glance, everywhere))

    assert not glance("ruby", IDLE[name].encode()).calls
    assert found.calls == everything.calls == ()


KEY = "harbour_id = '00000000-0000-0000-0000-00000000000a'"
STATEMENTS = (
    f"SELECT name FROM boats WHERE {KEY}",
    f"select  b.name from boats b where b.{KEY}",
    f"UPDATE boats SET name = 'x' WHERE {KEY}",
    f"DELETE FROM boats WHERE {KEY}",
    "INSERT INTO boats (id, name) VALUES (1, 'x')",
    f"WITH mine AS (SELECT id FROM boats WHERE {KEY}) SELECT id FROM mine",
    f"(SELECT name FROM boats WHERE {KEY}) UNION (SELECT name FROM boats WHERE {KEY})",
)
BEFORE = (
    "", " ", "\n", "\n    ", "\t", "-- why\n", "/* why */ ", "/* two\n lines */\n", "EXPLAIN ", "EXPLAIN ANALYZE ", "EXPLAIN (ANALYZE, BUFFERS) ",
    "explain analyze verbose ", "SET statement_timeout = 10; ", "BEGIN; ", "-- a; b\n  -- c\n", "/*+ SeqScan(boats) */ ",
)  # fmt: skip
BREAKS = ("\n", "\n  ", " \n\t", "  ", " /* so */ ", " -- so\n")


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A statement on one table, with comments, white space and words before it, broken at any of its blanks."""
    words = draw(st.sampled_from(STATEMENTS)).split(" ")
    between = [draw(st.sampled_from(BREAKS)) if draw(st.integers(0, 4)) == 0 else " " for _ in words[1:]]
    text = words[0] + "".join(blank + word for blank, word in zip(between, words[1:], strict=True))
    before = "".join(draw(st.lists(st.sampled_from(BEFORE), max_size=2).filter(lambda some: sum(map(bool, some)) < 3)))
    explains = before.lower().count("explain")
    alone = explains > 1 or (explains and (";" in before or text[0] == "("))
    return text if alone else before + text


def _escaped(text: str, quote: str = '"') -> str:
    return text.replace("\\", "\\\\").replace(quote, "\\" + quote).replace("\n", "\\n").replace("\t", "\\t")


def _halves(text: str, join: str, quote: str = '"') -> str:
    """The literal in two, at a blank after most of it."""
    at = text.find(" ", 2 * len(text) // 3)
    at = 2 * len(text) // 3 if at < 0 else at
    return f"{quote}{_escaped(text[:at], quote)}{quote}{join}{quote}{_escaped(text[at:], quote)}{quote}"


def _indented(text: str, by: str = "        ") -> str:
    return "".join(by + line if line.strip() else line for line in text.splitlines(keepends=True))


FORMS: dict[str, tuple[str, Callable[[str], str]]] = {
    # name: (path, source of a file with the text)
    "python: triple": ("a.py", lambda t: f'def f(c):\n    c.execute("""{t}""")\n'),
    "python: escaped": ("a.py", lambda t: f'def f(c):\n    c.execute("{_escaped(t)}")\n'),
    "python: raw": ("a.py", lambda t: f'def f(c):\n    c.execute(r"""{t}""")\n'),
    "python: formatted": ("a.py", lambda t: f'def f(c):\n    c.execute(f"""{t} /* {{1}} */""")\n'),
    "python: side by side": ("a.py", lambda t: f"def f(c):\n    c.execute(({_halves(t, chr(10) + '        ')}))\n"),
    "python: added": ("a.py", lambda t: f"def f(c):\n    q = {_halves(t, chr(10) + '    q += ')}\n    c.execute(q)\n"),
    "python: joined": ("a.py", lambda t: f'def f(c):\n    c.execute("".join([{_halves(t, ", ")}]))\n'),
    "python: a constant": ("a.py", lambda t: f'SQL = """{t}"""\n\ndef f(c):\n    c.execute(SQL)\n'),
    "typescript: template": ("a.ts", lambda t: f"export const f = (c) => c.query(`{t}`);\n"),
    "typescript: tagged": ("a.ts", lambda t: f"export const f = (sql) => sql`{t}`;\n"),
    "typescript: escaped": ("a.ts", lambda t: f'export const f = (c) => c.query("{_escaped(t)}");\n'),
    "typescript: plus": ("a.tsx", lambda t: f"export const f = (c) => c.query({_halves(t, ' +' + chr(10) + '    ')});\n"),
    "typescript: joined": ("a.ts", lambda t: f"export const f = (c) => c.query([{_halves(t, ', ')}].join(''));\n"),
    "javascript: added": ("a.js", lambda t: f"function f(c) {{ let q = {_halves(t, '; q += ')}; return c.query(q); }}\n"),
    "java: escaped": ("A.java", lambda t: f'class A {{ void f(C c) {{ c.executeQuery("{_escaped(t)}"); }} }}\n'),
    "java: block": ("A.java", lambda t: f'class A {{ void f(C c) {{ c.executeQuery("""\n{_indented(t)}\n"""); }} }}\n'),
    "java: plus": ("A.java", lambda t: f"class A {{ void f(C c) {{ c.executeQuery({_halves(t, ' + ')}); }} }}\n"),
    "java: appended": (
        "A.java",
        lambda t: f"class A {{ void f(C c) {{ var s = new StringBuilder({_halves(t, '); s.append(')}); c.query(s.toString()); }} }}\n",
    ),
    "kotlin: raw": ("A.kt", lambda t: f'class A {{ fun f(c: C) {{ c.executeQuery("""{t}""") }} }}\n'),
    "kotlin: trimmed": ("A.kt", lambda t: f'class A {{ fun f(c: C) {{ c.query("""\n{_indented(t)}\n""".trimIndent()) }} }}\n'),
    "kotlin: plus": ("A.kt", lambda t: f"class A {{ fun f(c: C) {{ c.executeQuery({_halves(t, ' + ')}) }} }}\n"),
    "c#: verbatim": ("A.cs", lambda t: f'class A {{ void F(C c) {{ c.Query(@"{t}"); }} }}\n'),
    "c#: raw": ("A.cs", lambda t: f'class A {{ void F(C c) {{ c.Query("""\n{_indented(t)}\n        """); }} }}\n'),
    "c#: interpolated": ("A.cs", lambda t: f'class A {{ void F(C c) {{ c.Query($"{_escaped(t)}"); }} }}\n'),
    "c#: plus": ("A.cs", lambda t: f"class A {{ void F(C c) {{ c.Query({_halves(t, ' + ')}); }} }}\n"),
    "go: raw": ("a.go", lambda t: f"package a\n\nfunc F(c C) {{ c.Query(`{t}`) }}\n"),
    "go: escaped": ("a.go", lambda t: f'package a\n\nfunc F(c C) {{ c.Query("{_escaped(t)}") }}\n'),
    "go: plus": ("a.go", lambda t: f"package a\n\nfunc F(c C) {{ c.Query({_halves(t, ' +' + chr(10) + chr(9))}) }}\n"),
    "go: a constant": ("a.go", lambda t: f"package a\n\nconst q = `{t}`\n\nfunc F(c C) {{ c.Query(q) }}\n"),
    "ruby: heredoc": ("a.rb", lambda t: f"def f(c)\n  c.execute(<<~SQL)\n{_indented(t)}\n  SQL\nend\n"),
    "ruby: dashed": ("a.rb", lambda t: f"def f(c)\n  c.execute <<-QUERY\n{t}\n  QUERY\nend\n"),
    "ruby: raw heredoc": ("a.rb", lambda t: f"def f(c)\n  c.execute(<<~'SQL')\n{_indented(t)}\n  SQL\nend\n"),
    "ruby: percent": ("a.rb", lambda t: f"def f(c)\n  c.execute(%q|{t}|)\nend\n"),
    "ruby: escaped": ("a.rb", lambda t: f'def f(c)\n  c.execute("{_escaped(t)}")\nend\n'),
    "ruby: added": ("a.rb", lambda t: f"def f(c)\n  q = {_halves(t, chr(10) + '  q << ')}\n  c.execute(q)\nend\n"),
    "ruby: goes on": ("a.rb", lambda t: f"def f(c)\n  c.execute({_halves(t, ' ' + chr(92) + chr(10) + '    ')})\nend\n"),
    "php: heredoc": ("a.php", lambda t: f"<?php\nfunction f($c) {{\n    $c->query(<<<SQL\n{t}\nSQL);\n}}\n"),
    "php: nowdoc": ("a.php", lambda t: f"<?php\nfunction f($c) {{\n    $c->query(<<<'SQL'\n{t}\nSQL);\n}}\n"),
    "php: escaped": ("a.php", lambda t: f'<?php\nfunction f($c) {{ $c->query("{_escaped(t)}"); }}\n'),
    "php: dots": ("a.php", lambda t: f"<?php\nfunction f($c) {{ $c->query({_halves(t, ' . ')}); }}\n"),
    "php: added": ("a.php", lambda t: f"<?php\nfunction f($c) {{ $q = {_halves(t, '; $q .= ')}; $c->query($q); }}\n"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=15, deadline=None)
@given(texts())
@example("SELECT a FROM boats")
def test_a_statement_is_found_whatever_is_written_around_it(form: str, text: str) -> None:
    path, source = FORMS[form]
    facts = scan([(f"src/{path}", source(text).encode())], MODEL)

    assert {row.table for row in facts.accesses} == {"boats"}, source(text)
    assert len({(row.line, row.column) for row in facts.accesses}) == 1, [row.sql for row in facts.accesses]
    assert not facts.unanalysed
