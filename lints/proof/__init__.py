"""Proves, statement by statement, that SQL stays inside its tenant, or says which reference does not and why.

What *proven* means: whenever a row of a tenant-owned relation can influence what the statement returns or writes, its
tenant equals a value the caller supplies (a bound parameter, a session setting, an argument). What it does **not**
mean: that this value is the *authenticated* caller's tenant, that the schema's constraints are enforced, or that a
collision of keys can't be noticed. The proof is about the text with its placeholders, for every content of the tables.
"""

from __future__ import annotations

from lints.proof.result import RULES, Proof, Reference, Verdict
from lints.tenancy import Model

__all__ = ["RULES", "Proof", "Reference", "Verdict", "prove", "prove_policy"]


def prove(
    sql: str,
    model: Model,
    *,
    dialect: str = "postgres",
    budget: int | None = None,
    known: tuple[tuple[str, str, str], ...] = (),
) -> tuple[Proof, ...]:
    """Judge each statement in `sql`, in order.

    Placeholders of all drivers are understood; an interpolated value is `:h0`, interpolated text of unknown meaning
    `__hole_0__`. `dialect` is one of `lints.proof.dialects` (else ValueError). `budget` bounds the work per statement
    in steps, never in time; spent, the verdict is opaque with reason "budget". `known` are rows that were seen to be
    the caller's before: (table, key column, the placeholder that holds the key, without its colon). Never raises for
    any text.
    """
    from lints.proof.engine import BUDGET, prove_text

    return prove_text(sql, model, dialect, BUDGET if budget is None else budget, known)


def prove_policy(
    table: str,
    expression: str,
    model: Model,
    *,
    check: bool = False,
    dialect: str = "postgres",
    budget: int | None = None,
) -> Proof:
    """Judge the USING expression of a row level security policy (with `check`, the WITH CHECK expression) on `table`.

    PROVEN: it admits rows of the caller's tenant only. VIOLATION with TENDDL005: it fails open, a missing setting
    admits every row; with TENDDL004 (TENDDL006 for `check`): it admits other tenants' rows.
    """
    from lints.proof.engine import BUDGET
    from lints.proof.policy import judge_policy

    return judge_policy(table, expression, model, dialect, BUDGET if budget is None else budget, check=check)
