"""Cypher, judged statement by statement: is every node that is read or written tied to the caller's tenant?

A purpose-built reader, not a grammar: clauses, patterns, property maps and the conjuncts of WHERE. There is no schema
in a graph, so every node counts as a tenant's, unless its label is declared global. What it does not understand makes
the verdict opaque, never proven. Linear in the length of the text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from lints.patterns import regex
from lints.proof.result import Proof, Reference, Verdict
from lints.stores.cypher_conditions import Node, Query
from lints.stores.cypher_reader import Reader
from lints.stores.cypher_tokens import Token, depth_of, tokens_of
from lints.tenancy import Ownership

_DEFINITION = regex(
    r"\s*(?:create|drop|show|alter|start|stop)\s+(?:or\s+replace\s+)?"
    r"(?:(?:unique|fulltext|vector|range|text|point|lookup|node\s+key)\s+)?"
    r"(?:constraints?|index|indexes|databases?|user|role|alias)\b",
    re.IGNORECASE,
)
_MAX_TOKENS = 60_000
_MAX_DEPTH = 60


def is_definition(text: str) -> bool:
    """Whether the statement only defines indexes, constraints, databases or roles."""
    return _DEFINITION.match(text) is not None


def prove_cypher(text: str, properties: Iterable[str], global_labels: Iterable[str] = ()) -> Proof:
    """Judge one Cypher statement. `properties` are the names under which nodes hold their tenant. Never raises."""
    tokens = tokens_of(text)
    digest = _digest(tokens)
    if is_definition(text):
        return Proof(verdict=Verdict.PROVEN, operation="define", relevant=False, fingerprint=digest)
    if len(tokens) > _MAX_TOKENS or depth_of(tokens) > _MAX_DEPTH:
        reason = "too long" if len(tokens) > _MAX_TOKENS else "nested too deeply"
        return Proof(verdict=Verdict.OPAQUE, operation="", rules=("TENCYP013",), reason=reason, fingerprint=digest)
    reader = Reader(tokens, frozenset(properties))
    reader.read()
    return _judged(reader, frozenset(global_labels), digest)


def _digest(tokens: Sequence[Token]) -> str:
    words = " ".join(token.text if token.kind != "word" else token.text.lower() for token in tokens)
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _judged(reader: Reader, global_labels: frozenset[str], digest: str) -> Proof:
    query = reader.query
    _close(query)
    references: list[Reference] = []
    assumptions: list[str] = []
    scoped = any(node.tenant is not None for node in query.nodes)
    reached = _reached(query)
    for position, node in enumerate(query.nodes):
        if node.labels and all(label in global_labels for label in node.labels):
            continue
        references.append(_reference(reader, node, position in reached, scoped=scoped))
    for node, certain in query.reassigned:
        reason = "its tenant is assigned, so it can move to another tenant"
        if not certain:
            reason = "properties are put in as a whole, the tenant's among them if the caller says so"
        references.append(
            Reference(
                table=_label(node),
                column=next(iter(sorted(reader.properties)), None),
                alias=node.name,
                ownership=Ownership.OWNED,
                action="update",
                proven=not certain,
                proven_by=None if certain else "the properties that are put in do not name the tenant",
                why_not=reason if certain else None,
                rule="TENCYP009",
                start=node.start,
                end=node.end,
            )
        )
        if not certain:
            assumptions.append("the properties that are put in do not name the tenant")
    for reference in references:
        if reference.proven and reference.rule == "TENCYP011":
            assumptions.append("relationships never cross tenants")
        elif reference.proven and reference.rule == "TENCYP007":
            assumptions.append("the tenant written in the statement is meant")
    verdict = _verdict(query, references)
    rules = tuple(dict.fromkeys(r.rule for r in references if r.rule is not None))
    if verdict is Verdict.OPAQUE:
        rules = (*rules, "TENCYP013") if "TENCYP013" not in rules else rules
    return Proof(
        verdict=verdict,
        operation=reader.operation or "match",
        tables=tuple(dict.fromkeys(r.table for r in references)),
        rules=rules,
        references=tuple(references),
        assumptions=tuple(dict.fromkeys(assumptions)),
        fingerprint=digest,
        relevant=bool(references or query.opaque),
        reason=next(iter(query.opaque), None),
    )


def _verdict(query: Query, references: Sequence[Reference]) -> Verdict:
    unproven = [reference for reference in references if not reference.proven]
    if query.opaque and (unproven or not references):
        return Verdict.OPAQUE
    if any(reference.rule != "TENCYP013" for reference in unproven):
        return Verdict.VIOLATION
    if unproven or query.opaque:
        return Verdict.OPAQUE
    return Verdict.WEAK if any(reference.rule is not None for reference in references) else Verdict.PROVEN


def _close(query: Query) -> None:
    """Equality between tenant properties carries a tie from one node to the other, to a fixed point."""
    for _ in range(len(query.equal) + 1):
        changed = False
        for one, two in query.equal:
            if one.tenant is not None and two.tenant is None and not two.cut:
                two.tenant, two.literal = one.tenant, one.literal
                changed = True
        if not changed:
            return


def _reached(query: Query) -> set[int]:
    """Nodes that typed relationships of fixed length tie to a node of the tenant."""
    reached = {position for position, node in enumerate(query.nodes) if node.tenant is not None}
    changed = True
    while changed:
        changed = False
        for left, right, fixed, inward in query.links:
            new = right if left in reached else left
            if fixed and (left in reached) != (right in reached) and (query.nodes[new].optional or not inward):
                reached.add(new)
                changed = True
    return reached


def _label(node: Node) -> str:
    return ":" + ":".join(label for label in node.labels if "__hole_" not in label) if node.labels else "(any node)"


def _reference(reader: Reader, node: Node, reached: bool, *, scoped: bool) -> Reference:
    action = reader.query.writes.get(id(node), node.action)
    column = next(iter(sorted(reader.properties, key=lambda name: (name != "tenantId", name))), None)
    label = _label(node)
    proven_by = why_not = rule = None
    if node.tenant is not None:
        proven_by = f"{column} is {node.tenant}"
        if node.literal:
            rule = "TENCYP007"
    elif node.merged and not reached:
        rule, why_not = (
            "TENCYP008",
            "the key it is merged on does not name the tenant, so another tenant's node can be hit",
        )
        if node.opaque:
            rule, why_not = "TENCYP013", "the properties it is merged on are put in at run time"
    elif node.created:
        rule, why_not = "TENCYP004", "it is created without a tenant"
        if node.opaque:
            rule, why_not = (
                "TENCYP013",
                "its properties are put in as a whole, so whether the tenant is among them can't be seen",
            )
    elif node.merged:
        rule, why_not = "TENCYP008", "the key it is merged on does not name the tenant"
        if node.labels and not node.opaque:
            proven_by, why_not, rule = "merged along a relationship of a scoped node", None, "TENCYP011"
    elif node.opaque:
        rule, why_not = "TENCYP013", "its conditions are put in at run time"
    elif node.rejected == "or":
        rule, why_not = "TENCYP006", "its tenant is compared in one branch of an OR only"
    elif node.rejected == "late":
        rule, why_not = (
            "TENCYP012",
            "rows are cut before its tenant is compared, so other tenants' rows count",
        )
    elif node.rejected == "switch":
        rule, why_not = "TENCYP005", "a parameter can switch the comparison of its tenant off"
    elif reached:
        proven_by, rule = "reached by a relationship from a scoped node", "TENCYP011"
    else:
        rule = {"delete": "TENCYP003", "update": "TENCYP002"}.get(action) or ("TENCYP010" if scoped else "TENCYP001")
        why_not = "nothing ties it to a caller's tenant"
    return Reference(
        table=label,
        column=column,
        alias=node.name,
        ownership=Ownership.OWNED,
        action=action,
        proven=proven_by is not None,
        proven_by=proven_by,
        why_not=why_not,
        rule=rule,
        start=node.start,
        end=node.end,
    )
