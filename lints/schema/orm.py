"""Reading declarations out of lowered source: constants, flags, chains of calls, classes with what they inherit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lints.extract.ir import (
    Assign,
    Cat,
    ClassBody,
    Closure,
    Define,
    Expr,
    Invoke,
    Items,
    Leave,
    Member,
    Name,
    Other,
    Pairs,
    Scope,
    Stmt,
    Text,
)
from lints.extract.lines import Lines
from lints.tenancy import Origin


@dataclass(slots=True)
class Source:
    """One lowered file."""

    path: str
    data: bytes
    body: tuple[Stmt, ...]
    lines: Lines

    def origin(self, offset: int, why: str) -> Origin:
        return Origin(path=self.path, line=self.lines.line(offset), why=why)


@dataclass(slots=True)
class Class:
    """A class and the file it stands in."""

    source: Source
    body: ClassBody


def constant(expression: Expr | None) -> str | None:
    """The text of an expression that is only literals."""
    if isinstance(expression, Text):
        return expression.value
    if isinstance(expression, Cat) and all(isinstance(part, Text) for part in expression.parts):
        return "".join(part.value for part in expression.parts if isinstance(part, Text))
    return None


def truth(expression: Expr | None) -> bool | None:
    if isinstance(expression, Name) and expression.path.lower() in {"true", "false"}:
        return expression.path.lower() == "true"
    return None


def texts(expression: Expr | None) -> tuple[str, ...]:
    """The constants in a list, or a single one."""
    if isinstance(expression, Items):
        return tuple(text for item in expression.items if (text := constant(item)) is not None)
    single = constant(expression)
    return (single,) if single is not None else ()


def keyword(call: Invoke, name: str) -> Expr | None:
    return next((value for key, value in call.keywords if key == name), None)


def properties(expression: Expr | None) -> Mapping[str, Expr]:
    if isinstance(expression, Pairs):
        return {key: value for key, value in expression.pairs if key is not None}
    return {}


def returned(expression: Expr | None) -> Expr | None:
    """What a closure of one expression gives back."""
    if isinstance(expression, Closure):
        for statement in expression.function.lower_body():
            if isinstance(statement, Leave):
                return statement.value
    return None


def chain(expression: Expr | None) -> list[Invoke]:
    """`uuid("x").notNull().references(…)` as its calls, the innermost first."""
    calls: list[Invoke] = []
    while isinstance(expression, Invoke):
        calls.append(expression)
        expression = expression.receiver
    calls.reverse()
    return calls


def calls_within(expression: Expr | None) -> Iterator[Invoke]:
    """Every call in an expression, outermost first, without looking into closures."""
    stack: list[Expr] = [expression] if expression is not None else []
    budget = 5_000
    while stack and budget:
        budget -= 1
        top = stack.pop()
        if isinstance(top, Invoke):
            yield top
            stack.extend(value for _, value in top.keywords)
            stack.extend(reversed(top.arguments))
            if top.receiver is not None:
                stack.append(top.receiver)
        elif isinstance(top, (Items, Other)):
            stack.extend(reversed(top.items if isinstance(top, Items) else top.parts))
        elif isinstance(top, Pairs):
            stack.extend(value for _, value in top.pairs)


def statements(body: Iterable[Stmt]) -> Iterator[Stmt]:
    """Statements of a module, those of `if`-less blocks included."""
    for statement in body:
        yield statement
        if isinstance(statement, Scope):
            yield from statements(statement.body)


def classes(source: Source) -> Iterator[Class]:
    for statement in source.body:
        if isinstance(statement, ClassBody):
            yield Class(source, statement)


def inherited(found: Class, known: Mapping[str, list[Class]], seen: frozenset[str] = frozenset()) -> list[Class]:
    """The class and what it inherits from in this project, nearest first; a name is looked up near the class first."""
    out = [found]
    for base in found.body.bases:
        if base in seen or base == found.body.name:
            continue
        candidates = known.get(base, [])
        if not candidates:
            continue
        nearest = max(candidates, key=lambda c: _shared(c.source.path, found.source.path))
        out.extend(inherited(nearest, known, seen | {base, found.body.name}))
    return out


def _shared(one: str, two: str) -> int:
    count = 0
    for left, right in zip(one.split("/"), two.split("/"), strict=False):
        if left != right:
            break
        count += 1
    return count


def members(body: ClassBody) -> Iterator[tuple[str, Expr | None, int, Stmt]]:
    """(name, value, offset, statement) of what a class assigns or declares."""
    for statement in body.body:
        if isinstance(statement, Assign) and statement.target is not None:
            yield statement.target, statement.value, statement.span[0], statement
        elif isinstance(statement, Member):
            yield statement.name, statement.value, statement.span[0], statement
        elif isinstance(statement, Define) and any(
            isinstance(mark, Name) and mark.path.endswith("declared_attr") for mark in statement.function.decorators
        ):
            value = next((s.value for s in statement.function.lower_body() if isinstance(s, Leave)), None)
            yield statement.function.name, value, statement.span[0], statement
