"""Folding Python text gives what Python itself computes, for any tree of the constructs that are folded."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lints.extract import extract

PREFIX = "SELECT a FROM boats WHERE "
PIECE = st.sampled_from([*"ab %{}'\"\\\n\t=$é☃?:,", "SELECT ", "tenant_id", "--", "/*"])
TEXT = st.lists(PIECE, max_size=6).map("".join)


def _literal(value: str, style: int) -> str:
    if style == 0:
        return repr(value)
    if style == 1:
        return '"' + value.encode("unicode_escape").decode().replace('"', '\\"') + '"'
    if style == 2:
        return "'''" + value.replace("\\", "\\\\").replace("'", "\\'") + "'''"
    half = len(value) // 2
    return f"{value[:half]!r} {value[half:]!r}"


LITERAL = st.builds(_literal, TEXT, st.integers(0, 3))


def _formatted(parts: list[str], literals: list[str]) -> str:
    body = "".join(
        "{" + part + "}" + literal.replace("{", "{{").replace("}", "}}")
        for part, literal in zip(parts, literals, strict=False)
    )
    return 'f"""' + body.replace("\\", "\\\\").replace('"', '\\"') + '"""'


def _extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(lambda a, b: f"({a} + {b})", inner, inner),
        st.builds(lambda a, b: f"({a} if True else {b})", inner, inner),
        st.builds(lambda a, b, c: f"{a}.join([{b}, {c}])", LITERAL, inner, inner),
        st.builds(lambda a, b: f"'{{}}-{{1}}'.format({a}, {b})".replace("{}", "{0}"), inner, inner),
        st.builds(lambda a, b: f"'%s|%s%%' % ({a}, {b})", inner, inner),
        st.builds(lambda a: f"'{{name}}'.format(name={a})", inner),
        st.builds(
            _formatted,
            st.lists(st.sampled_from(["K0", "K1"]), min_size=1, max_size=3),
            st.lists(TEXT, min_size=3, max_size=3),
        ),
    )


EXPRESSION = st.recursive(LITERAL, _extend, max_leaves=8)


@settings(max_examples=250, deadline=None)
@given(expression=EXPRESSION, one=TEXT, two=TEXT, appended=st.lists(EXPRESSION, max_size=2))
def test_folded_text_is_what_python_computes(expression: str, one: str, two: str, appended: list[str]) -> None:
    source = f"K0 = {one!r}\nK1 = {two!r}\ndef f(cur):\n    sql = {PREFIX!r} + {expression}\n"
    source += "".join(f"    sql += {part}\n" for part in appended) + "    cur.execute(sql)\n"
    names: dict[str, str] = {"K0": one, "K1": two}
    wanted = PREFIX + eval(expression, names) + "".join(eval(part, names) for part in appended)

    result = extract("a.py", source.encode())

    assert not result.problems, (source, result.problems)
    assert wanted in {s.sql for s in result.statements}, source
