"""What authorization libraries of Rails let a user read, as scopes of the models: CanCanCan and Pundit.

`Boat.accessible_by(ability)` becomes the scope that the rules of an ability give (`can :read, Boat, fleet: fleet`), and
`policy_scope(Boat)` the one that a policy's `Scope#resolve` gives. Marks are those of `lints.schema.rails_scopes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lints.extract.ir import (
    Cases,
    ClassBody,
    Closure,
    Define,
    Do,
    Expr,
    Func,
    If,
    Invoke,
    Items,
    Leave,
    Loop,
    Name,
    Pairs,
    Stmt,
)
from lints.patterns import regex
from lints.schema.orm import Source
from lints.schema.rails_scopes import branches, compared

DECLARES = regex(
    rb"CanCan::Ability|\brelation_scope\b|\bcan\s*\(?\s*(?::|\[|%i)|\bclass\s+[\w:]*Policy\b|\bdef\s+resolve\b"
)
ABILITY, POLICY = "accessible_by", "policy_scope"
_UNSEEN = ("%",)
_MAX_DEPTH, _MAX = 8, 2000


@dataclass(frozen=True, slots=True)
class Told:
    """What a model says of itself: the marks of its scopes, and the keys of what it belongs to."""

    name: str
    scopes: Mapping[str, tuple[str, ...]]
    keys: Mapping[str, str]


def read_policies(sources: Sequence[Source], classes: Mapping[str, Told]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Marks by full name of the model and name of the scope. `classes` are the models by what code may call them."""
    rules: dict[str, list[tuple[str, ...]]] = {}
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for source in sources:
        if b"CanCan" in source.data or b"can " in source.data:
            for model, marks in _abilities(source):
                if model in classes:
                    rules.setdefault(classes[model].name, []).append(tuple(_plain(marks, classes[model], 0)))
        for body, outer in _bodies(source.body):
            policy = next((name for name in reversed(outer) if name.endswith("Policy")), None)
            model = policy.removesuffix("Policy") if policy is not None else ""
            if model not in classes:
                continue
            resolve = next(_resolves(body, within=outer[-1].rpartition("::")[2]), None)
            if resolve is not None:
                said = _resolved(source, *resolve, classes[model])
                found.setdefault(classes[model].name, {}).setdefault(POLICY, said)
    for model, given in rules.items():
        found.setdefault(model, {})[ABILITY] = _together(given)
    return found


def _together(rules: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """What all rules compare: a row is let through by any one of them."""
    if not all(rules):
        return () if not any(rules) else _UNSEEN
    shared = [mark for mark in rules[0] if all(mark in other for other in rules)]
    same = all(set(other) == set(shared) for other in rules)
    return tuple(shared) if same else (*shared, "%")


def _resolves(body: Sequence[Stmt], *, within: str) -> Iterator[tuple[Func, str]]:
    """What narrows a relation, and what that is called there: Pundit's `Scope#resolve`, Action Policy's block."""
    for statement in body:
        if isinstance(statement, Define) and statement.function.name == "resolve" and within == "Scope":
            yield statement.function, "scope"
        elif isinstance(statement, (Do, Leave)) and isinstance(statement.value, Invoke):
            call = statement.value
            block = next((one.function for one in call.arguments if isinstance(one, Closure)), None)
            if call.method == "relation_scope" and block is not None and block.parameters:
                yield block, block.parameters[0].name


def _plain(marks: Sequence[str], model: Told, depth: int) -> Iterator[str]:
    """Marks with the scopes of the model in place of their names, and associations by their keys."""
    for mark in marks:
        inner = model.scopes.get(mark[1:]) if mark[:1] == "@" and depth < _MAX_DEPTH else None
        if inner is not None and not {"?", "%", "-", "#"} & set(inner):
            yield from _plain(inner, model, depth + 1)
        else:
            yield "%" if inner is not None else model.keys.get(mark, mark)


def _resolved(source: Source, function: Func, relation: str, model: Told) -> tuple[str, ...]:
    """What is compared whichever way `scope.where(…)` is come out of; what one of them leaves out can't be told."""
    said = [
        tuple(mark for mark in _plain(marks, model, 0) if mark != "!") if marks is not None else None
        for marks in branches(source, function, relation)
    ]
    known = [marks for marks in said if marks is not None]
    return _together(known) if known and len(known) == len(said) else _UNSEEN


def _bodies(body: Sequence[Stmt], outer: tuple[str, ...] = ()) -> Iterator[tuple[Sequence[Stmt], tuple[str, ...]]]:
    """The bodies of classes with the names of the classes around them, outermost first."""
    for statement in body:
        if isinstance(statement, ClassBody) and len(outer) < _MAX_DEPTH:
            around = (*outer, statement.name.removeprefix("::"))
            yield statement.body, around
            yield from _bodies(statement.body, around)


def _abilities(source: Source) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(model, marks) of each `can`; of one that is about everything nothing, it is what administrators have."""
    for call in _calls(source.body):
        if call.method != "can" or call.receiver is not None or len(call.arguments) < 2:
            continue
        subject, given = call.arguments[1], call.arguments[2:]
        marks = _conditions(call, given)
        for one in subject.items if isinstance(subject, Items) else (subject,):
            if isinstance(one, Name) and one.path[:1].isupper():
                yield one.path.replace(".", "::"), marks


def _conditions(call: Invoke, given: Sequence[Expr]) -> tuple[str, ...]:
    """`account_id: user.account_id`, `boat: { account_id: … }`; of a query or a block nothing is seen."""
    if any(not isinstance(one, Pairs) for one in given):
        return _UNSEEN
    marks = tuple(compared(Invoke(None, "where", tuple(given), call.keywords, call.span, call.span)))
    joined = tuple(
        dict.fromkeys(f"+{mark.partition('.')[0]}" for mark in marks if mark[:1] not in "~%" and "." in mark)
    )
    return (*joined, *marks)


def _calls(body: Sequence[Stmt], depth: int = 0) -> Iterator[Invoke]:
    for statement in body[:_MAX]:
        inner: Sequence[Stmt] = ()
        if isinstance(statement, (Do, Leave)) and isinstance(statement.value, Invoke):
            yield statement.value
        elif isinstance(statement, ClassBody):
            inner = statement.body
        elif isinstance(statement, Define):
            inner = statement.function.lower_body()
        elif isinstance(statement, If):
            inner = (*statement.then, *statement.other)
        elif isinstance(statement, Cases):
            inner = tuple(one for alternative in statement.alternatives for one in alternative)
        elif isinstance(statement, Loop):
            inner = statement.body
        if inner and depth < _MAX_DEPTH:
            yield from _calls(inner, depth + 1)
