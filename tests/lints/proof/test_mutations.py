"""A statement that is proven by one predicate is not proven any more when that predicate is weakened in any way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from lints.proof import prove
from lints.proof.text import prepare

from . import cases
from .harbour import MODEL

TENANT = {"harbour_id", "harbourid"}
ONE = exp.Literal.number(1)
WEAKER = {
    "left out": lambda p, c, o: exp.true(),
    "one branch of an OR": lambda p, c, o: exp.paren(exp.or_(p, exp.EQ(this=ONE.copy(), expression=ONE.copy()))),
    "negated": lambda p, c, o: exp.not_(exp.paren(p)),
    "not equal": lambda p, c, o: exp.NEQ(this=c, expression=o),
    "greater or equal": lambda p, c, o: exp.GTE(this=c, expression=o),
    "alike": lambda p, c, o: exp.Like(this=exp.cast(c, "text"), expression=exp.cast(o, "text")),
    "with itself": lambda p, c, o: exp.EQ(this=c, expression=c.copy()),
    "one of several, itself among them": lambda p, c, o: exp.In(this=c, expressions=[o, c.copy()]),
    "any tenant": lambda p, c, o: exp.In(this=c, query=exp.Subquery(this=parse_one("SELECT id FROM harbours"))),
    "not unknown": lambda p, c, o: exp.not_(exp.Is(this=exp.paren(p), expression=exp.null())),
    "its beginning": lambda p, c, o: exp.EQ(this=exp.Left(this=c, expression=ONE.copy()), expression=exp.Left(this=o, expression=ONE.copy())),
    "as the value of a test": lambda p, c, o: exp.NEQ(this=exp.paren(p), expression=exp.paren(exp.GT(this=ONE.copy(), expression=ONE.copy()))),
    "looked at in a CASE": lambda p, c, o: exp.Case(ifs=[exp.If(this=p, true=exp.true())], default=exp.true()),
}  # fmt: skip
WITH_PARAMETERS = {
    "unless the value is NULL": lambda p, c, o: exp.paren(exp.or_(p, exp.Is(this=o, expression=exp.null()))),
    "the value or itself": lambda p, c, o: exp.EQ(this=c, expression=exp.Coalesce(this=o, expressions=[c.copy()])),
    "not false": lambda p, c, o: exp.not_(exp.Is(this=exp.paren(p), expression=exp.false())),
}  # fmt: skip
"""Weaker only where the other side may be NULL, which a tenant column is not."""


def _predicates(tree: exp.Expression) -> list[exp.EQ]:
    found = []
    for node in tree.find_all(exp.EQ):
        sides = [s for s in (node.this, node.expression) if isinstance(s, exp.Column) and s.name.lower() in TENANT]
        if sides and node.find_ancestor(exp.Where, exp.Join, exp.Having) and not isinstance(node.parent, exp.Update):
            found.append(node)
    return found


def _weakened() -> Iterator[tuple[str, str, str]]:
    """Name of the case and of the change, and the text, for predicates whose loss alone undoes the proof."""
    for case in cases.everything()[::3]:
        if case.verdicts != ("proven",) or "__hole_" in case.sql:
            continue
        try:
            tree = parse_one(prepare(case.sql, case.dialect).text.rstrip("; \n"), dialect=case.dialect)
        except SqlglotError:
            continue
        for position in range(len(_predicates(tree))):
            made = {}
            for name, change in {**WEAKER, **WITH_PARAMETERS}.items():
                copy = tree.copy()
                node = _predicates(copy)[position]
                column, other = node.this, node.expression
                if not (isinstance(column, exp.Column) and column.name.lower() in TENANT):
                    column, other = other, column
                if name in WITH_PARAMETERS and isinstance(other, exp.Column):
                    continue
                node.replace(change(node.copy(), column.copy(), other.copy()))
                made[name] = copy.sql(case.dialect)
            if prove(made["left out"], MODEL, dialect=case.dialect)[0].verdict != "proven":
                yield from ((f"{case.dialect} {case.name}", name, text) for name, text in made.items())


def test_no_weakened_predicate_proves() -> None:
    survived = []
    count = 0
    for case, change, text in _weakened():
        dialect = case.split()[0]
        if change == "not false" and dialect == "snowflake":
            continue  # sqlglot writes it as NOT NOT
        count += 1
        if any(p.verdict == "proven" for p in prove(text, MODEL, dialect=dialect)):
            survived.append(f"{change}: {text} ({case})")
    assert count > 2_000
    assert not survived, "\n".join(survived)


@pytest.mark.parametrize("dialect", ["postgres", "mysql", "sqlite", "tsql", "snowflake", "redshift", "duckdb"])
@pytest.mark.parametrize("side", ["LEFT", "RIGHT", "FULL"])
def test_an_outer_join_does_not_filter(dialect: str, side: str) -> None:
    proven = "SELECT l.title FROM logbooks l JOIN boats b ON b.id = l.boat_id AND b.harbour_id = 'h'"
    text = proven.replace("'h'", "@h" if dialect == "tsql" else "?" if dialect != "postgres" else "$1")
    assert prove(text, MODEL, dialect=dialect)[0].verdict == "proven"
    assert prove(text.replace(" JOIN", f" {side} JOIN"), MODEL, dialect=dialect)[0].verdict == "violation"
