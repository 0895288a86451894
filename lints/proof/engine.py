"""One text to its proofs: parse, translate, judge, and put the outcome into words."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any, TypedDict

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from lints.patterns import regex
from lints.proof import calls, equality, queries, session, temporary, writes
from lints.proof.dialects import ALIASES, DIALECTS
from lints.proof.facets import worst
from lints.proof.holes import holes_of
from lints.proof.inlined import bodies, of_one_form
from lints.proof.ir import Atom, Col, Eq, Group, Kind, OutOfBudget, Rank, Unsupported, Val
from lints.proof.judge import judge
from lints.proof.names import Index
from lints.proof.parse import REFUSALS, Statement, parse
from lints.proof.ranking import PROVES
from lints.proof.reasons import Finding
from lints.proof.result import Proof, Reference, Verdict
from lints.proof.text import Prepared
from lints.proof.variables import note_variables
from lints.proof.work import OPENS, Work
from lints.tenancy import Model, Ownership

BUDGET = 200_000
"""Steps a statement may cost; a few hundred for an ordinary one, a second of work at most for all of them."""


MAX_FRAMES = 6_000
"""Python's frames while a statement is judged: they are no stack of the machine's."""
MEMORY = 2_000
"""Texts whose proofs are kept: logs repeat themselves."""
LONGEST = 8_000
"""Characters of such a text."""


KnownRow = tuple[str, str, str]
"""A table, a key of it and the placeholder that holds its value: the row with that key is the caller's."""


class Frame(TypedDict):
    """What a proof says of its statement's place, whatever the verdict."""

    fingerprint: str
    start: int
    end: int


_PROVEN, _NONE, _ROOT = Verdict.PROVEN, Rank.NONE, Kind.ROOT
_GOOD = frozenset({Verdict.PROVEN, Verdict.WEAK})
_VERBS = frozenset({TokenType.SELECT, TokenType.INSERT, TokenType.UPDATE, TokenType.DELETE, TokenType.MERGE})
_indexes: dict[tuple[int, str], tuple[Model, Index]] = {}


def index_of(model: Model, dialect: str) -> Index:
    """The model's index; kept for the last few models, which are immutable."""
    key = (id(model), dialect)
    found = _indexes.get(key)
    if found is not None and found[0] is model:
        return found[1]
    if len(_indexes) >= 8:
        _indexes.clear()
    index = Index(model, dialect)
    index.bodies = bodies(model)
    index.routines = of_one_form(model)
    _indexes[key] = (model, index)
    return index


def prove_text(
    sql: str, model: Model, dialect: str, budget: int, known: tuple[KnownRow, ...] = ()
) -> tuple[Proof, ...]:
    dialect = ALIASES.get(dialect, dialect)
    if dialect not in DIALECTS:
        text = f"dialect {dialect!r} is not supported: use one of {', '.join(DIALECTS)}"
        raise ValueError(text)
    index = index_of(model, dialect)
    if known:
        prepared, statements = parse(sql, dialect)
        return tuple(_attempt(index, prepared, one, budget, {}, {}, doubts=True, known=known) for one in statements)
    found = index.proofs.get((sql, budget))
    if found is None:
        prepared, statements = parse(sql, dialect)
        found = _proofs(index, prepared, statements, budget)
        for facet in index.facets:
            found = worst(found, _proofs(index_of(facet, dialect), prepared, statements, budget))
        if len(index.proofs) >= MEMORY:
            index.proofs.clear()
        if len(sql) <= LONGEST:
            index.proofs[sql, budget] = found
    return found


def _proofs(index: Index, prepared: Prepared, statements: list[Statement], budget: int) -> tuple[Proof, ...]:
    """The proofs in order; later statements know the temporary tables that earlier ones made."""
    made: temporary.Made = {}
    if len(statements) == 1:
        return (_prove(index, prepared, statements[0], budget, made, {}),)
    found: list[Proof] = []
    variables: dict[str, Val] = {}
    for statement in statements:
        found.append(_prove(index, prepared, statement, budget, made, variables))
        try:
            note_variables(index, prepared.labels, statement, variables)
            temporary.note(index, statement, prepared.text, made)
        except Exception:  # noqa: BLE001 - what a tree of a shape nobody thought of leaves behind is not known
            rest = [one._replace(tree=None, error="an earlier statement leaves unknown behind") for one in statements]
            return (*found, *(_prove(index, prepared, s, budget, made, variables) for s in rest[len(found) :]))
    return tuple(found)


def _prove(
    index: Index, prepared: Prepared, statement: Statement, budget: int, made: temporary.Made,
    variables: dict[str, Val],
) -> Proof:  # fmt: skip
    """The proof; where text is interpolated, with what it takes for granted of that text."""
    proof = _attempt(index, prepared, statement, budget, made, variables, doubts=False)
    if "__hole_" not in prepared.text or statement.tree is None or proof.verdict not in _GOOD or not proof.relevant:
        return proof
    found = holes_of(statement.tree)
    doubtful = proof
    assumptions: list[str] = []
    if found.conditions:
        doubtful = _attempt(index, prepared, statement, budget, made, variables, doubts=True)
        if doubtful.verdict in _GOOD:
            assumptions += [
                f"the interpolated condition {name} is whole: no bracket is left open" for name in found.conditions
            ]
        else:
            assumptions += [
                f"the interpolated condition {name} holds no top-level OR (parentheses around it would see to that)"
                for name in found.conditions
            ]
    assumptions += [f"the interpolated value {name} is one value, with no SQL in it" for name in found.values]
    if doubtful.verdict in _GOOD and not found.values and not found.lists and not statement.dropped:
        return replace(proof, assumptions=(*proof.assumptions, *assumptions))
    return _supposing(proof, doubtful, assumptions)


def _supposing(proof: Proof, doubtful: Proof, assumptions: list[str]) -> Proof:
    """A proof that holds while interpolated text is what it is meant to be."""
    open_ = {(r.table, r.alias, r.start) for r in doubtful.references if not r.proven}
    references = tuple(
        replace(r, rule=r.rule or "TENSQL013") if not open_ or (r.table, r.alias, r.start) in open_ else r
        for r in proof.references
    )
    return replace(
        proof,
        verdict=Verdict.WEAK,
        rules=tuple(sorted({*proof.rules, "TENSQL013"})),
        references=references,
        assumptions=(*proof.assumptions, *assumptions),
        steps=(*proof.steps, f"All of it only if {'; '.join(assumptions or proof.assumptions)} [TENSQL013]."),
    )


def _attempt(
    index: Index, prepared: Prepared, statement: Statement, budget: int, made: temporary.Made,
    variables: dict[str, Val], *, doubts: bool, known: tuple[KnownRow, ...] = (),
) -> Proof:  # fmt: skip
    work = Work(index, budget, prepared.labels)
    work.temporary = made
    work.variables = variables
    work.doubts = doubts
    work.inline = queries.inline
    work.among = equality.among
    work.reference = queries.reference
    work.statement = writes.write
    tokens = statement.tokens
    frame: Frame = {
        "fingerprint": statement.fingerprint,
        "start": prepared.original(tokens[0].start) if tokens else 0,
        "end": prepared.original(tokens[-1].end + 1) if tokens else len(prepared.text),
    }
    operation = _operation(tokens)
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, MAX_FRAMES))  # relations made of relations, two hundred and more in a chain
    try:
        return _judged(work, statement, prepared, frame, known)
    except Unsupported as reason:
        return _opaque(work, operation, str(reason), frame)
    except OutOfBudget:
        return _opaque(work, operation, "budget", frame)
    except RecursionError:
        return _opaque(work, operation, "too deeply nested", frame)
    except Exception as error:  # noqa: BLE001 - a tree of a shape nobody thought of is refused, never a crash or a pass
        return _opaque(work, operation, f"internal error ({type(error).__name__})", frame)
    finally:
        sys.setrecursionlimit(before)


def _judged(w: Work, statement: Statement, prepared: Prepared, frame: Frame, known: tuple[KnownRow, ...] = ()) -> Proof:
    root = Group(None, _ROOT)
    for row in known:
        _known(w, row, root)
    outcome = session.special(w, statement, prepared.text, root, _translate)
    if isinstance(outcome, session.Session):
        return _of_session(outcome, frame)
    if isinstance(outcome, session.Called):
        return _of_call(w, outcome, prepared, frame)
    if outcome is None:
        if statement.tree is None:
            return _refused(statement, _operation(statement.tokens), frame)
        outcome = _translate(w, statement.tree, root)
    for note in statement.holes:
        w.assume(note)
    if statement.opens:
        w.opaque[OPENS] = None
    if statement.hidden:
        w.opaque[statement.hidden] = None
    if w.strangers and statement.tokens[0].token_type is TokenType.L_PAREN:
        w.opaque[f"it names {', '.join(w.strangers)}, no relation of its own: a part of another statement"] = None
        root.conds.append(Atom(frozenset(), hole=True))
    if statement.dropped or OPENS in w.opaque:
        root.conds.append(Atom(frozenset(), hole=True))
    return _assemble(w, prepared, judge(w), outcome, frame)


def _of_call(w: Work, call: session.Called, prepared: Prepared, frame: Frame) -> Proof:
    found = calls.judged(w, call.name, call.rest, prepared.text, _prove, w.variables)
    if isinstance(found, str):
        w.tables[call.name] = None
        return _opaque(w, "call", found, frame)
    return replace(found, assumptions=(*w.assumptions, *found.assumptions), **frame)


def _known(w: Work, row: KnownRow, root: Group) -> None:
    """A row of which it is known, whatever the statement says, that it is the caller's."""
    table, column, marker = row
    inst = w.instance(w.index.table(w.index.loose(table)), "known", root)
    key = w.insts[inst].key
    if key is not None:
        w.known.add(w.label(marker))
        root.conds.append(Eq(Col(inst, w.index.loose(column)), Val(w.label(marker), Rank.PARAMETER), "known"))
        root.conds.append(Eq(key, Val("known to be the caller's", Rank.PARAMETER), "known"))


def _of_session(outcome: session.Session, frame: Frame) -> Proof:
    verdict = Verdict.PROVEN
    if outcome.rule is not None:
        verdict = Verdict.OPAQUE if outcome.opaque else Verdict.VIOLATION
    if outcome.unparsed:
        verdict = Verdict.UNPARSED
    step = f"{outcome.operation}: {outcome.because}" + (f" [{outcome.rule}]." if outcome.rule else ".")
    return Proof(
        verdict=verdict,
        operation=outcome.operation,
        rules=(outcome.rule,) if outcome.rule else (),
        relevant=outcome.rule is not None or outcome.unparsed,
        reason=outcome.because if outcome.rule or outcome.unparsed else None,
        steps=(step,),
        **frame,
    )


def _operation(tokens: list[Any]) -> str:
    word = tokens[0].text.lower() if tokens else ""
    return word if word in ("select", "insert", "update", "delete", "merge") else "other"


def _refused(statement: Statement, operation: str, frame: Frame) -> Proof:
    """Not parsed. With interpolations in it, that is the interpolation's doing: opaque."""
    holes = any("__hole_" in t.text for t in statement.tokens)
    verbs = any(t.token_type in _VERBS for t in statement.tokens)
    dynamic = (holes and verbs) or statement.error in REFUSALS
    return Proof(
        verdict=Verdict.OPAQUE if dynamic else Verdict.UNPARSED,
        operation=operation,
        rules=("TENSQL013",) if dynamic else (),
        reason=statement.error,
        steps=(f"Not decided: {statement.error}.",),
        **frame,
    )


def _opaque(w: Work, operation: str, reason: str, frame: Frame) -> Proof:
    return Proof(
        verdict=Verdict.OPAQUE,
        operation=operation,
        tables=tuple(w.tables),
        rules=("TENSQL013",),
        reason=reason,
        steps=(f"Not decided: {reason}.",),
        **frame,
    )


def _translate(w: Work, tree: Any, root: Group) -> str:
    if type(tree) is exp.Alias and isinstance(tree.this, exp.Query):
        tree = tree.this  # `(SELECT ...) AS x`: the piece of a query that is put together elsewhere
    kind = type(tree)
    if kind is exp.Select:
        queries.select(w, tree, None, None, root, root=True)
        if tree.args.get("from_") is None:
            session.calls(w, tree)
        operation = "select"
    elif isinstance(tree, exp.Query) or kind is exp.Values:
        w.inline(w, tree, None, root)
        operation = "select"
    else:
        w.statement(w, tree, None, None, root)
        operation = kind.__name__.lower()
    _complete(w, tree)
    if w.index.hiding:
        w.calls(tree)
    return operation


_LEAVES = frozenset(
    {exp.Column, exp.Identifier, exp.Literal, exp.Lock, exp.Into, exp.Star, exp.DataType, exp.Hint, exp.Placeholder,
     exp.TableAlias, exp.Null}
)  # fmt: skip
_NOTHING = frozenset({type(None), bool, str, int, *_LEAVES})


def _complete(w: Work, tree: Any) -> None:
    """Refuse a tree with a relation that no part of the translation has looked at."""
    stack = [tree]
    nothing, table, expression = _NOTHING, exp.Table, exp.Expression
    while stack:
        node = stack.pop()
        if type(node) is table:
            name = node.this
            if type(name) is exp.Identifier and name.meta.get("start", -1) not in w.seen:
                raise Unsupported("a relation in a place that is not modelled")
        for value in node.args.values():
            kind = type(value)
            if kind in nothing:
                continue
            if kind is list:
                stack += [item for item in value if type(item) not in nothing and isinstance(item, expression)]
            elif isinstance(value, expression):
                stack.append(value)


def _assemble(w: Work, prepared: Prepared, findings: list[Finding], operation: str, frame: Frame) -> Proof:
    references: list[Reference] = []
    rules: dict[str, None] = {}
    verdict = _PROVEN
    steps: list[str] = []
    for finding in _told(findings):
        references.append(_reference(w, finding, prepared))
        if finding.rule is not None:
            rules[finding.rule] = None
        if finding.rule is not None or finding.rank is _NONE:
            verdict = _worse(verdict, finding)
        steps.append(_step(references[-1]))
    if len(findings) > 1 and _values_differ(w, findings) and verdict is _PROVEN:
        verdict = Verdict.WEAK
        rules["TENSQL020"] = None
        w.assume("the different tenant values of the statement are meant to meet")
    for rule, because in w.session.items():
        rules[rule] = None
        steps.append(f"The session: {because} [{rule}].")
        verdict = Verdict.VIOLATION
    for reason in w.opaque:
        rules["TENSQL013"] = None
        steps.append(f"Not decided: {reason}.")
        if verdict is not Verdict.VIOLATION:
            verdict = Verdict.OPAQUE
    relevant = bool(references or w.opaque or w.session)
    if not relevant:
        steps.append("Nothing tenant-owned is touched.")
    return Proof(
        verdict=verdict,
        operation=operation,
        tables=tuple(w.tables),
        rules=tuple(sorted(rules)),
        references=tuple(references),
        assumptions=tuple(w.assumptions),
        steps=tuple(steps),
        relevant=relevant,
        reason="; ".join(w.opaque) or None,
        **frame,
    )


def _told(findings: list[Finding]) -> list[Finding]:
    """The findings that are said: one for each place and rule."""
    if len(findings) < 2:
        return [f for f in findings if not f.target.silent or f.rank is _NONE or f.rule is not None]
    merged: dict[tuple[int | None, str | None, str, str], Finding] = {}
    for finding in findings:
        target = finding.target
        if target.silent and finding.rank is not _NONE and finding.rule is None:
            continue
        key = (id(target.place) if target.place is not None else None, target.view, target.table, finding.rule or "")
        merged.setdefault(key, finding)
    places = {k[:3] for k, f in merged.items() if f.rank is _NONE or f.rule is not None}
    return [
        finding
        for key, finding in merged.items()  # not of the same place, proven in one use and not in another
        if finding.rule is not None or finding.rank > PROVES or key[0] is None or key[:3] not in places
    ]


def _worse(verdict: Verdict, finding: Finding) -> Verdict:
    if finding.rank is _NONE and not finding.opaque:
        return Verdict.VIOLATION
    if verdict is Verdict.VIOLATION:
        return verdict
    if finding.opaque:
        return Verdict.OPAQUE
    if finding.rule is not None and verdict is Verdict.PROVEN:
        return Verdict.WEAK
    return verdict


_MARK = regex(r"\0\w+")
_BOUND = regex(r":h\d+\Z")
_NUMBERED = regex(r"(?:\$\d+|\$\w+|[:@]\w+|%\(\w+\)s|\?\d+)\Z")


def _values_differ(w: Work, findings: list[Finding]) -> bool:
    """Whether two named parameters stand for tenants of one kind; positional placeholders may carry the same value."""
    values: dict[str, set[str]] = {}
    for finding in findings:
        shape = w.insts[finding.target.inst].shape
        if finding.value is None or shape is None or finding.target.silent:
            continue
        if _NUMBERED.match(finding.value) and not _BOUND.match(finding.value):
            values.setdefault(shape.domain, set()).add(finding.value)
    return any(len(found) > 1 for found in values.values())


def _reference(w: Work, finding: Finding, prepared: Prepared) -> Reference:
    target = finding.target
    inst = w.insts[target.inst]
    table = inst.table
    first = last = None
    meta = target.place.meta if target.place is not None else {}
    if meta.get("start") is not None:
        first = prepared.original(meta["start"])
        last = prepared.original(meta["end"]) + 1
    proven = finding.rank < _NONE
    because = _MARK.sub("", finding.because) if "\0" in finding.because else finding.because
    if target.view:
        because += f" [view {target.view}]"
    return Reference(
        table=target.table,
        column=w.index.tenant_of(table) if table is not None else None,
        alias=inst.alias,
        ownership=table.ownership if table is not None else Ownership.UNKNOWN,
        action=target.action,
        proven=proven,
        proven_by=because if proven else None,
        why_not=None if proven else because,
        rule=finding.rule,
        start=first,
        end=last,
    )


def _step(reference: Reference) -> str:
    who = reference.table if reference.alias == reference.table else f"{reference.table} ({reference.alias})"
    if reference.proven:
        weak = f", weakly [{reference.rule}]" if reference.rule else ""
        return f"{reference.action} {who}: proven{weak}, because {reference.proven_by}."
    return f"{reference.action} {who}: not proven [{reference.rule}], because {reference.why_not}."
