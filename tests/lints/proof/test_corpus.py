"""Every labelled statement gets the verdict, and the rule, that its label says."""

from __future__ import annotations

import pytest

from lints.proof import RULES, prove

from . import cases

CASES = cases.everything()


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    assert len(CASES) >= 800
    assert len({c.name for c in CASES}) == len(CASES)
    assert {c.dialect for c in CASES} == {"postgres", *cases.DIALECTS}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_verdict(case: cases.Case) -> None:
    proofs = prove(case.sql, case.model, dialect=case.dialect)
    steps = "\n".join(step for proof in proofs for step in proof.steps)
    assert tuple(p.verdict.value for p in proofs) == case.verdicts, steps
    if case.rule is not None:
        assert any(case.rule in p.rules for p in proofs), steps


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_a_proof_is_consistent_with_itself(case: cases.Case) -> None:
    for proof in prove(case.sql, case.model, dialect=case.dialect):
        assert set(proof.rules) <= RULES.keys()
        assert all((r.proven_by is None) != (r.why_not is None) == r.proven for r in proof.references)
        if proof.verdict == "proven":
            assert not proof.rules
            assert all(r.proven and r.rule is None for r in proof.references)
        else:
            assert proof.rules or proof.verdict == "unparsed"
        if proof.verdict == "weak":
            assert proof.assumptions
            assert all(r.proven for r in proof.references)
        if proof.verdict in ("opaque", "unparsed"):
            assert proof.reason or any(not r.proven for r in proof.references)
        assert proof.steps
        assert len(proof.fingerprint) in (0, 32)
        for reference in proof.references:
            if reference.start is not None and reference.end is not None:
                quoted = case.sql[reference.start : reference.end]
                named = quoted.strip('"`[]').lower().rpartition(".")[2] if "'" not in quoted else quoted.strip("'")
                table = case.model.tables.get(reference.table)
                columns = {c.lower() for c in table.columns} if table is not None else set()
                bare = reference.table.rpartition(".")[2].strip('"').lower()
                assert named in {reference.table.strip('"').lower(), bare, *columns} or "?" in named
