"""Calls of stored procedures that the schema defines: judged by the procedure's own statements, its parameters bound
to what the call hands them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from lints.proof.ir import NULL, Group, Kind, Rank, Val
from lints.proof.names import Index
from lints.proof.parse import Statement, parse, reparse
from lints.proof.result import Proof, Verdict
from lints.proof.scalars import term
from lints.proof.scopes import Scope
from lints.proof.scripts import Parameter, Script, read, top_level
from lints.proof.text import Prepared
from lints.proof.variables import note_variables
from lints.proof.work import Work

_DEEPEST = 6
"""Procedures that call one another."""
_MOST = 400
"""Statements of all procedures that one call may lead to."""
_WORST = (Verdict.PROVEN, Verdict.WEAK, Verdict.UNPARSED, Verdict.OPAQUE, Verdict.VIOLATION)
Prove = Callable[[Index, Prepared, Statement, int, dict[str, Any], dict[str, Val]], Proof]


def name_of(tokens: list[Any]) -> tuple[str, list[Any]] | None:
    """The bare name after the verb, folded to small letters, and the tokens after it: `EXEC @result = dbo.name …`."""
    position = 1
    if len(tokens) > 4 and tokens[1].token_type is TokenType.PARAMETER and tokens[3].token_type is TokenType.EQ:
        position = 4
    while position + 2 < len(tokens) and tokens[position + 1].token_type is TokenType.DOT:
        position += 2
    if position >= len(tokens) or tokens[position].token_type in (TokenType.STRING, TokenType.L_PAREN):
        return None
    return str(tokens[position].text).lower(), tokens[position + 1 :]


def known(index: Index, name: str) -> bool:
    """Whether the schema has a procedure of that name, in one form."""
    return name in index.routines


def judged(w: Work, name: str, rest: list[Any], text: str, prove: Prove, variables: dict[str, Val]) -> Proof | str:
    """The proof of a call, without its place; a text says why there is none."""
    from lints.proof import temporary  # which asks `session` what a text is, as that asks here

    index = w.index
    routine = index.routines[name]
    if name in index.calling:
        return f"the procedure {name} calls itself"
    if len(index.calling) >= _DEEPEST:
        return "procedures call one another too deeply"
    if routine.definer and index.guarded:
        return f"the procedure {name} runs with its owner's rights"
    script = index.scripts.get(name)
    if script is None:
        script = index.scripts[name] = read(routine, index.dialect)
    if isinstance(script, str):
        return f"the procedure {name}: {script} ({routine.origin.path}:{routine.origin.line})"
    bound = _bound(w, script, rest, text)
    if isinstance(bound, str):
        return f"the procedure {name}: {bound}"
    unsure = {name: Val(f"what {name} is set to", Rank.NONE) for name in script.unsure}
    held = {key: value for key, value in variables.items() if key.startswith("@@")} | bound | unsure
    proofs: list[Proof] = []
    made: dict[str, Any] = {}
    if not index.calling:
        index.called = 0
    index.calling.append(name)
    try:
        for said in script.statements:
            w.spend(2000)
            index.called += 1
            if index.called > _MOST:
                return f"the procedure {name} calls too many others"
            prepared, statements = parse(said, index.dialect)
            for statement in statements:
                proof = prove(index, prepared, statement, max(w.left, 0), made, held)
                if proof.verdict is Verdict.UNPARSED or "budget" in (proof.reason or ""):
                    return f"the procedure {name} has a statement that is not understood ({proof.reason})"
                proofs.append(_decided(proof, said, script.unsure))
                note_variables(index, prepared.labels, statement, held)
                temporary.note(index, statement, prepared.text, made)
                held |= unsure
    finally:
        index.calling.pop()
    return _together(name, proofs)


def _decided(proof: Proof, said: str, unsure: frozenset[str]) -> Proof:
    """The proof of a statement; what is open of it only for a variable that holds one thing or another is not known."""
    named = sorted(name for name in unsure if name in said.lower())
    if proof.verdict is not Verdict.VIOLATION or not named:
        return proof
    reason = f"what {', '.join(named)} holds is decided while it runs"
    return replace(
        proof, verdict=Verdict.OPAQUE, rules=("TENSQL013",), references=(), reason=reason,
        steps=(f"Not decided: {reason}.",),
    )  # fmt: skip


def _bound(w: Work, script: Script, rest: list[Any], text: str) -> dict[str, Val] | str:
    """The values of the parameters. A call of the name alone leaves it to the driver to hand over the arguments."""
    if rest and rest[-1].text.lower() == "recompile":
        rest = rest[:-2]
    bare = not rest
    if len(rest) > 1 and rest[0].token_type is TokenType.L_PAREN and rest[-1].token_type is TokenType.R_PAREN:
        rest = rest[1:-1]
    values: dict[str, Val] = {}
    given: dict[str, Val] = {}
    for position, part in enumerate(top_level(rest)):
        label, part = _labelled(part)
        if part[-1:] and part[-1].text.lower() in ("out", "output") and len(part) > 1:
            part = part[:-1]
        if label is None and position >= len(script.parameters):
            return "it is handed more than it takes"
        key = label if label is not None else script.parameters[position].name or str(position)
        value = _value(w, part, text)
        if value is None:
            return "what it is handed is not plain"
        given[key] = value
    for number, parameter in enumerate(script.parameters):
        key = parameter.name or str(number)
        value = given.pop(key, None)
        if value is None and (bare or parameter.out):
            value = Val(parameter.name if parameter.name.startswith("@") else f":{parameter.name}", Rank.PARAMETER)
            value = Val(f"what {parameter.name} is set to", Rank.NONE) if parameter.out else value
        if value is None:
            value = _default(parameter)
        if value is None:
            return f"{key} is not handed over"
        if parameter.name:
            values[parameter.name] = value
        values[f"${number + 1}"] = value
    return values if not given else f"it does not take {next(iter(given))}"


def _labelled(part: list[Any]) -> tuple[str | None, list[Any]]:
    """`@name = value` and `name => value`."""
    if len(part) > 3 and part[0].token_type is TokenType.PARAMETER and part[2].token_type is TokenType.EQ:
        return f"@{part[1].text}".lower(), part[3:]
    if len(part) > 2 and part[1].token_type in (TokenType.FARROW, TokenType.COLON_EQ):
        return str(part[0].text).lower(), part[2:]
    return None, part


def _value(w: Work, part: list[Any], text: str) -> Val | None:
    """What an argument is worth; None for a query, or whatever depends on rows."""
    if not part:
        return None
    first = part[0]
    asked = Token(TokenType.SELECT, "SELECT", first.line, first.col, first.start, first.start)
    tree = reparse([asked, *part], text, w.dialect).tree
    if (
        type(tree) is not exp.Select
        or len(tree.expressions) != 1
        or tree.find(exp.Query, exp.Column) not in (None, tree)
    ):
        return None
    if any(type(node) is exp.Column for node in tree.walk()):
        return None
    found = term(w, tree.expressions[0], Scope(None), Group(None, Kind.BRANCH, "argument"))
    return found if type(found) is Val else Val(f"an argument\0{w.fresh()}", Rank.NONE)


def _default(parameter: Parameter) -> Val | None:
    if parameter.default is None:
        return None
    text = parameter.default.strip()
    return NULL if text.lower() == "null" else Val(text, Rank.LITERAL)


def _together(name: str, proofs: list[Proof]) -> Proof:
    """The statements of a procedure as one: the worst of them, and whatever any of them takes for granted."""
    told = [proof for proof in proofs if proof.relevant]
    mark = f" [procedure {name}]"
    references = tuple(
        replace(
            r, start=None, end=None, proven_by=r.proven_by + mark if r.proven_by is not None else None,
            why_not=r.why_not + mark if r.why_not is not None else None,
        )
        for proof in told
        for r in proof.references
    )  # fmt: skip
    reasons = dict.fromkeys(f"{proof.reason}{mark}" for proof in told if proof.reason)
    return Proof(
        verdict=max((proof.verdict for proof in told), key=_WORST.index, default=Verdict.PROVEN),
        operation="call",
        tables=tuple(dict.fromkeys(table for proof in told for table in proof.tables)),
        rules=tuple(sorted({rule for proof in told for rule in proof.rules})),
        references=references,
        assumptions=tuple(dict.fromkeys(text for proof in told for text in proof.assumptions)),
        steps=tuple(f"In the procedure {name}, {step}" for proof in told for step in proof.steps)
        or (f"The procedure {name} touches nothing that is a tenant's.",),
        relevant=bool(told),
        reason="; ".join(reasons) or None,
    )
