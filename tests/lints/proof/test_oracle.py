"""On a real PostgreSQL: what the engine calls proven does not depend on another tenant's rows, nor touch them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from types import ModuleType

import pytest

from lints.proof import Proof, prove

from . import cases, fuzz, fuzz_shapes, oracle
from .harbour import MODEL

RUNNABLE = ("select", "insert", "update", "delete", "merge")
TOLD = re.compile("collision|names one tenant")
"""What proofs take for granted and the oracle does not: that a key is taken shows; any tenant's name may be given."""
UNSTABLE = re.compile(r"gen_random_uuid|TABLESAMPLE|SKIP LOCKED|INTO dinghies")
TENANTS = {
    "values: element of the caller's array": {1},
    "adversarial: insert many, tenants from the caller's array": {2},
    "adversarial-2: ordinality": {1},
    "adversarial-2: bulk update through unnest with tenants": {2},
    "adversarial: IN a query of the parameter": {1},
    "adversarial: IN a VALUES list": {1, 2},
    "adversarial: ANY of an unnested parameter": {1},
    "adversarial: ANY of a split parameter": {1},
    "adversarial: the value is IN the row's own tenant": {2},
    "adversarial: row of value and key IN query": {1},
}
"""Parameters that carry the tenant where the text alone does not show it."""


@pytest.fixture(scope="module")
def server() -> Iterator[oracle.Server]:
    with tempfile.TemporaryDirectory(prefix="tg-run-") as run, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", run)  # the server's package wants one while it is imported
        opened = oracle.Server(tempfile.mkdtemp(prefix="tg-pg-"))
        try:
            yield opened
        finally:
            opened.close()


def _corpus(verdict: str) -> list[oracle.Statement]:
    found = []
    for case in cases.load():
        if case.dialect != "postgres" or case.verdicts != (verdict,) or UNSTABLE.search(case.sql):
            continue
        proof = prove(case.sql, MODEL)[0]
        if proof.operation not in RUNNABLE or any(TOLD.search(a) for a in proof.assumptions):
            continue
        item = oracle.statement(case.name, case.sql, _texts(proof))
        if item is not None:
            found.append(item._replace(tenants=item.tenants | TENANTS.get(case.name, set())))
    return found


def _texts(proof: Proof) -> list[str]:
    return [r.proven_by or "" for r in proof.references]


def test_proven_statements_of_the_corpus_do_not_leak(server: oracle.Server) -> None:
    statements = _corpus("proven")
    leaks, ran = server.leaks(statements, trials=3)
    assert ran > 250
    assert not leaks, "\n".join(f"{leak.statement.name}: {leak.what}\n{leak.call}" for leak in leaks)


@pytest.mark.parametrize("maker", [fuzz, fuzz_shapes], ids=["queries", "shapes"])
def test_random_statements_that_are_proven_do_not_leak(server: oracle.Server, maker: ModuleType) -> None:
    statements = []
    for number, text in enumerate(maker.statements("oracle", 900)):
        proof = prove(text, MODEL)[0]
        if proof.verdict == "proven" and proof.relevant and not any("collision" in a for a in proof.assumptions):
            statements.append(oracle.Statement(str(number), text, frozenset({1})))
    leaks, ran = server.leaks(statements, trials=3)
    assert ran > 200
    assert not leaks, "\n".join(f"{leak.what}\n{leak.call}" for leak in leaks)


def test_the_oracle_sees_leaks_where_there_are_some(server: oracle.Server) -> None:
    statements = _corpus("violation")
    leaks, ran = server.leaks(statements, trials=3)
    assert len(leaks) > ran // 3
