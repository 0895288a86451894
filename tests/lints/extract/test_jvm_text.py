"""What a variable of Java or Kotlin holds, read from the text before a call; hostile texts take no longer than others."""

from __future__ import annotations

import pytest

from lints.extract.chains import go_types, jvm_text

CASES: dict[str, tuple[str, str, str]] = {
    "narrowed under an if": (
        "Condition c = A.X.eq(1);\n if (n != null) {\n c = c.and(A.Y.eq(n));\n }\n",
        "c",
        "and(and(A.X.eq(1), __maybe__and(A.Y.eq(n))))",
    ),
    "one of two": (
        "Condition c;\n if (n) {\n c = A.X.eq(1);\n } else {\n c = A.Y.eq(2);\n }\n",
        "c",
        "and(or(A.X.eq(1), A.Y.eq(2)))",
    ),
    "widened": ("Condition c = A.X.eq(1);\n c = c.or(A.Y.eq(2));\n", "c", "and(and(A.X.eq(1)).or(A.Y.eq(2)))"),
    "a list": (
        "List<Predicate> ps = new ArrayList<>();\n ps.add(cb.equal(a, t));\n if (n) ps.add(cb.like(b, n));\n",
        "cb.and(ps.toArray(new Predicate[0]))",
        "cb.and(cb.equal(a, t), __maybe__and(cb.like(b, n)))",
    ),
    "a list that is emptied": (
        "List<Condition> cs = new ArrayList<>();\n cs.add(A.X.eq(1));\n cs.clear();\n",
        "cs",
        "cs",
    ),
    "of another block": ("if (n) {\n Condition c = A.X.eq(1);\n }\n", "c", "c"),
    "in a string": ('Condition c = A.X.eq(1);\n log("c = c.or(x);");\n', "c", "and(A.X.eq(1))"),
    "a value": ("UUID c = request.id();\n", "A.X.eq(c)", "A.X.eq(c)"),
    "handed on": (
        "BooleanBuilder b = new BooleanBuilder();\n b.and(q.t.eq(t));\n widen(b, f);\n",
        "b",
        "and(or(q.t.eq(t), ?))",
    ),
    "more uses than are read": (
        "Condition c = A.X.eq(1);\n" + "c = c.and(A.Y.eq(2));\n" * 80 + "c = c.or(A.Z.eq(3));\n",
        "c",
        "and(?)",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_condition(name: str) -> None:
    before, text, wanted = CASES[name]
    assert jvm_text.condition(text, before) == wanted


def test_a_row_is_loaded_by_what_stores_rows() -> None:
    assert jvm_text.loaded("Boat boat = boatRepository.findById(id).orElseThrow();\n", "boat")
    assert jvm_text.loaded("List<Boat> boats = mapper.selectList(w);\n for (Boat b : boats) {\n", "b")
    assert not jvm_text.loaded("Boat boat = request.getBoat();\n", "boat")
    assert not jvm_text.loaded("Boat boat = getById(id);\n boat.setId(request.getId());\n", "boat")


def test_conditions_that_double_at_every_step_end() -> None:
    text = "Condition c0 = A.B.eq(1);\n" + "".join(
        f"Condition c{i} = c{i - 1}.and(c{i - 1});\n c{i} = c{i}.or(c{i - 1}).and(c{i - 1});\n" for i in range(1, 60)
    )
    assert len(jvm_text.condition("c59", text)) < 10_000
    assert go_types.declared_type(b"func f() {\n\tfor _, a := range b {\n\tfor _, b := range a {\n\tx", "a", 60) is None
