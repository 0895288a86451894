"""Files meant to break the analysis: each is analysed or reported, never a crash, never silence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lints.extract import extract, interpret, invocations
from lints.extract.parse import LANGUAGES, MAX_BYTES

from .test_languages import CARRIERS, CASES

QUERY = "SELECT a FROM boats WHERE id = 1"
ENDINGS = sorted(LANGUAGES)
SEEDS = sorted({(path, source) for path, source, _, _ in CASES.values()} | set(CARRIERS.items()))


def analysed(path: str, data: bytes) -> None:
    """The analysis came to an end by itself: the outermost boundary was not needed."""
    result = extract(path, data)
    assert not [p for p in result.problems if p.reason.startswith("the analysis failed")], result.problems
    assert result.analysed or result.problems


@settings(max_examples=120, deadline=None)
@given(ending=st.sampled_from(ENDINGS), data=st.binary(max_size=400))
def test_random_bytes(ending: str, data: bytes) -> None:
    analysed(f"a{ending}", data)
    analysed(f"a{ending}", b'x = "SELECT a FROM b" ' + data + b' "DELETE FROM b"')


@settings(max_examples=250, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    cuts=st.lists(
        st.tuples(st.integers(0, 2000), st.integers(0, 40), st.text("(){}[]'\"`$\\ \n+;,aé", max_size=3)), max_size=4
    ),
)
def test_mutated_sources(seed: tuple[str, str], cuts: list[tuple[int, int, str]]) -> None:
    path, source = seed
    for start, length, new in cuts:
        start %= len(source) + 1
        source = source[:start] + new + source[start + length :]
    analysed(path, source.encode())


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.py", "(", ")"),
        ("a.py", "[", "]"),
        ("a.js", "(", ")"),
        ("a.ts", "[", "]"),
        ("a.tsx", "{", "}"),
        ("a.go", "(", ")"),
        ("A.java", "(", ")"),
        ("a.rb", "[", "]"),
        ("a.php", "(", ")"),
        ("A.cs", "(", ")"),
        ("A.kt", "(", ")"),
    ],
)
def test_nesting_without_end_is_reported(path: str, before: str, after: str) -> None:
    head = "<?php " if path.endswith("php") else "package a\nvar x = " if path.endswith("go") else ""
    result = extract(path, f"{head}{before * 50_000}'{QUERY}'{after * 50_000}".encode())
    assert result.problems or result.statements
    assert not [p for p in result.problems if p.reason.startswith("the analysis failed")], result.problems


@pytest.mark.parametrize("path", ["a.py", "a.ts"])
def test_nested_functions_are_followed_or_reported(path: str) -> None:
    if path == "a.py":
        source = "".join(f"{' ' * n}def f{n}():\n" for n in range(400)) + " " * 400 + f"cur.execute('{QUERY}')\n"
    else:
        source = "(() => {" * 400 + f"db.query('{QUERY}')" + "})()" * 400
    result = extract(path, source.encode())
    assert result.problems or result.statements


def test_a_thousand_conditions_are_cut_short_and_say_so() -> None:
    source = "def f(cur, a):\n    sql = 'SELECT a FROM boats WHERE 1=1'\n"
    source += "".join(f"    if a[{n}]:\n        sql += ' AND c{n} = %s'\n" for n in range(1000))
    (statement,) = extract("a.py", (source + "    cur.execute(sql)\n").encode()).statements
    assert statement.truncated
    assert len(statement.variants) <= 16
    assert "SELECT a FROM boats WHERE 1=1" in statement.variants


def test_a_concatenation_of_thousands_is_folded_or_bounded() -> None:
    parts = " + ".join(f"' AND c{n} = 1'" for n in range(20_000))
    result = extract("a.py", f"def f(cur):\n    cur.execute('{QUERY}' + {parts})\n".encode())
    assert len(result.statements) == 1
    assert len(result.statements[0].sql) < 1_000_000


def test_a_chain_of_else_ifs() -> None:
    chain = " else ".join(f"if (x === {n}) {{ sql += ' AND c = {n}'; }}" for n in range(3_000))
    result = extract("a.ts", f"function f(db, x) {{ let sql = '{QUERY}'; {chain} db.query(sql); }}".encode())
    assert result.statements or result.problems


def test_many_returns_of_lists_do_not_multiply() -> None:
    branches = "".join(f"    if x == {n} and y[{n}]:\n        return [{{'a': ['b{n}']}}]\n" for n in range(200))
    result = extract("a.py", f"def f(cur, x, y):\n    cur.execute('{QUERY}')\n{branches}    return []\n".encode())
    assert len(result.statements) == 1


def test_a_loop_of_helpers_that_call_each_other() -> None:
    source = "".join(
        f"def h{n}(x):\n    return h{(n + 1) % 50}(x) + ' AND a' + h{(n + 7) % 50}(x)\n" for n in range(50)
    )
    result = extract("a.py", (source + f"def f(cur):\n    cur.execute('{QUERY}' + h0(1))\n").encode())
    assert len([s for s in result.statements if s.call is not None]) == 1


def test_too_large_is_reported_before_anything_is_read() -> None:
    result = extract("a.js", b"x" * (MAX_BYTES + 1))
    assert not result.analysed
    assert "larger than" in result.problems[0].reason


def test_minified_in_one_line() -> None:
    body = b"function a(b){return b.query('SELECT a FROM boats WHERE id = '+c)};" * 12_000
    result = extract("a.js", body[:MAX_BYTES])
    assert result.statements or result.problems


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"x = '" + QUERY.encode() + b"'" + b"\0" * 40, "NUL"),
        (b"x = '" + QUERY.encode() + b"\0\xff'", "NUL"),
        (b"<<<<<<< ours\nx = '" + QUERY.encode() + b"'\n=======\ny = 1\n>>>>>>> theirs\n", "conflict"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, wanted: str) -> None:
    assert any(wanted in p.reason for p in extract("a.py", data).problems)


def test_not_utf8_is_read_all_the_same() -> None:
    (statement,) = extract("a.py", f"def f(c):\n    # caf\xe9\n    c.execute('{QUERY}')\n".encode("latin-1")).statements
    assert statement.line == 3


def test_utf16_with_a_mark_is_read() -> None:
    (statement,) = extract("a.py", f"def f(c):\n    c.execute('{QUERY}')\n".encode("utf-16")).statements
    assert statement.sql == QUERY


def test_an_unterminated_string_is_reported() -> None:
    result = extract("a.py", f"def f(c):\n    c.execute('{QUERY}\n".encode())
    assert result.statements or result.problems


def test_invalid_python_still_yields_its_statements() -> None:
    result = extract("a.py", f"def f(c:\n    c.execute('{QUERY}')\nprint 'x'\n".encode())
    assert result.statements


def test_code_no_lowering_looks_at_is_not_silent() -> None:
    source = "type T = { q: 'SELECT a FROM boats WHERE id = $1' };"
    assert [s.sql for s in extract("a.ts", source.encode()).statements] == ["SELECT a FROM boats WHERE id = $1"]


def test_choices_that_share_their_sides_are_followed_once() -> None:
    """Each `if` refers to what was there before it: twice for every `if` would be for ever."""
    branches = "".join(f"  if (o.k{n}) {{ found = o.j{n} ? found : {{ name: made({n}) }} }}\n" for n in range(60))
    source = (
        "import { made } from './made';\n"
        f"function of(o) {{\n  let found = made(o);\n{branches}  return found;\n}}\n"
        "export function all(db, o) {\n  const { name } = of(o);\n"
        f"  db.query(`{QUERY} AND name = ${{name}}`);\n  return db.boat.findFirst({{ where: of(o) }});\n}}\n"
        f"export function spread(db, o) {{\n  let found = made(o);\n{branches}"
        "  return db.boat.findFirst({ where: { ...found } });\n}\n"
    )
    found = extract("a.ts", source.encode())
    assert found.analysed
    assert [statement.variants[0][: len(QUERY)] for statement in found.statements] == [QUERY]


def test_functions_that_call_each_other_everywhere_have_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    functions = "".join(
        f"function f{n}(a) {{ return {' + '.join(f'f{m}(a)' for m in range(12) if m != n)} }}\n" for n in range(12)
    )
    source = f"{functions}export const q = (db, a) => db.query('{QUERY} AND a = ' + f0(a));\n"
    steps: list[int] = []
    for limit in (500, invocations.MAX_INLINED_STEPS):
        monkeypatch.setattr(invocations, "MAX_INLINED_STEPS", limit)
        monkeypatch.setattr(interpret.Interpreter, "step", lambda self: count(self, steps))
        steps.append(0)
        assert len(extract("a.ts", source.encode()).statements) == 1
    assert steps[0] < steps[1]


def count(interpreter: interpret.Interpreter, steps: list[int]) -> None:
    steps[-1] += 1
    interpreter.inlined_steps += bool(interpreter.depth)


def test_a_long_call_after_what_a_query_loads_is_read_once() -> None:
    lines = "        given,\n\n" * 40
    source = f"const boat = await db.boat.findFirst({{ where: {{ id }} }});\n  assertAllowed(\n{lines}  boats;\n"
    assert extract("a.ts", f"export async function f(db, id, given) {{\n  {source}}}\n".encode()).calls


def test_a_stray_nul_hides_nothing_and_proves_nothing() -> None:
    """Serialised objects in test data hold some: the file is read, and a statement with one is no known statement."""
    source = (
        b'<?php\n$job = "s:3:\0*\0id";\n$pdo->query("SELECT a FROM boats WHERE tenant_id = \0");\n$pdo->query(\'%s\');'
    )
    found = extract("a.php", source % QUERY.encode())
    assert (found.analysed, found.problems) == (True, ())
    assert [s.line for s in found.statements] == [3, 4]
    assert found.statements[0].sql.endswith("tenant_id = \x01")


def test_what_a_bundler_made_is_told_at_once() -> None:
    packed = b"var a=[" + b"db.find({})," * 100_000 + b"];\n"
    found = extract("public/app.js", packed)
    assert not found.analysed
    assert found.problems[0].reason == "minified: one line of 1,200,009 bytes (source.exclude takes it out)"
    assert extract("public/app.js", packed.replace(b",", b",\n")[: 1024 * 1024 + 200]).problems != found.problems
