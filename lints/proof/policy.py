"""Row level security policies through the same engine: a policy is the WHERE of `SELECT * FROM table`."""

from __future__ import annotations

from dataclasses import replace

from lints.proof.engine import prove_text
from lints.proof.parse import parse
from lints.proof.result import Proof, Verdict
from lints.tenancy import Model

_CONFINES = {"TENSQL005": "TENDDL005"}
_ALLOWED = frozenset({"select"})


def judge_policy(table: str, expression: str, model: Model, dialect: str, budget: int, *, check: bool) -> Proof:
    """The proof of one policy expression, about the policy's own table only: what it consults has policies itself."""
    quoted = ".".join(f'"{part}"' for part in table.replace('"', "").split("."))
    proofs = prove_text(f"SELECT * FROM {quoted} WHERE {expression}", model, dialect, budget)  # noqa: S608 - never run
    proof = proofs[0]
    if len(proofs) != 1 or proof.operation not in _ALLOWED or not _is_condition(expression, dialect):
        return replace(
            proof, verdict=Verdict.UNPARSED, operation="policy", rules=(), references=(), reason="not one condition"
        )
    if not proof.references or proof.verdict in (Verdict.UNPARSED, Verdict.OPAQUE):
        return replace(proof, operation="policy")
    own = proof.references[0]
    rule = own.rule
    if not own.proven and rule is not None and rule != "TENSQL013":
        rule = "TENDDL006" if check else _CONFINES.get(rule, "TENDDL004")
    verdict = Verdict.PROVEN
    if not own.proven:
        verdict = Verdict.OPAQUE if rule == "TENSQL013" else Verdict.VIOLATION
    elif rule is not None:
        verdict = Verdict.WEAK
    return replace(
        proof,
        operation="policy",
        verdict=verdict,
        rules=(rule,) if rule is not None else (),
        references=(replace(own, rule=rule, start=None, end=None), *proof.references[1:]),
    )


def _is_condition(expression: str, dialect: str) -> bool:
    """Whether the text is a condition and nothing more: no clause after it, no second statement."""
    _, statements = parse(f"SELECT 1 WHERE {expression}", dialect)
    if len(statements) != 1 or statements[0].tree is None:
        return False
    return {part for part, value in statements[0].tree.args.items() if value} <= {"expressions", "where"}
