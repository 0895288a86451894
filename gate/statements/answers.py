"""What `gate prove` says of a statement: one JSON object, the same keys always."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gate.statements.shapes import restored, shape

if TYPE_CHECKING:
    from lints.proof import Proof
    from lints.tenancy import Model

RANK = ("proven", "weak", "opaque", "violation", "unparsed")
MEMORY = 4_000
"""Shapes whose answers are kept."""


def document(identifier: Any, proofs: Iterable[Proof]) -> dict[str, Any]:
    """The answer to a text of one or more statements."""
    found = list(proofs)
    references = [
        {
            "table": r.table, "column": r.column, "alias": r.alias, "action": r.action, "rule": r.rule,
            **({"proven_by": r.proven_by} if r.proven else {"why_not": r.why_not}),
        }
        for proof in found
        for r in proof.references
    ]  # fmt: skip
    answer: dict[str, Any] = {
        "id": identifier,
        "verdict": worst(found),
        "rules": sorted({rule for proof in found for rule in proof.rules}),
        "references": references,
        "assumptions": list(dict.fromkeys(text for proof in found for text in proof.assumptions)),
    }
    reasons = [proof.reason for proof in found if proof.reason]
    if not found:
        reasons = ["there is no statement in it"]
    return {**answer, "reason": "; ".join(reasons)} if reasons else answer


def refusal(identifier: Any, reason: str) -> str:
    """The answer to a line that holds no statement, as JSON."""
    answer = {"id": identifier, "verdict": "unparsed", "rules": [], "references": [], "assumptions": []}
    return json.dumps({**answer, "reason": reason})


def worst(proofs: Iterable[Proof]) -> str:
    """The verdict on a text of several statements: a violation outranks what is unknown; no statement is unparsed."""
    verdicts = [str(proof.verdict) for proof in proofs] or ["unparsed"]
    if "violation" in verdicts:
        return "violation"
    return max(verdicts, key=RANK.index)


class Answers:
    """Answers as JSON texts, worked out once for statements of one shape."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._known: dict[tuple[str, str], str] = {}

    def to(self, identifier: Any, sql: str, dialect: str) -> str:
        """The answer to one statement. Raises ValueError for a dialect that is not supported."""
        from lints.proof import prove

        found = shape(sql)
        rest = self._known.get((dialect, found.text))
        if rest is None:
            answer = document(None, prove(found.text, self.model, dialect=dialect))
            if found.constants and "reason" in answer:  # it may tell a place in the text
                return json.dumps(document(identifier, prove(sql, self.model, dialect=dialect)))
            del answer["id"]
            rest = json.dumps(answer)[1:]
            if len(self._known) >= MEMORY:
                self._known.clear()
            self._known[dialect, found.text] = rest
        if found.constants:
            rest = restored(rest, _escaped(found.constants))
        return f'{{"id": {json.dumps(identifier)}, {rest}'


def _escaped(constants: Mapping[str, str]) -> dict[str, str]:
    return {stood: json.dumps(original)[1:-1] for stood, original in constants.items()}
