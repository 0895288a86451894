"""A small program form that every source language is lowered to: strings, names, calls and the branches around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]
"""Byte offsets in the file; the end is exclusive."""


@dataclass(slots=True)
class Text:
    """A string literal, or the literal part of one, unescaped."""

    value: str
    span: Span


@dataclass(slots=True)
class Name:
    """A variable or a path of attributes, dotted: `sql`, `this.pg`."""

    path: str
    span: Span


@dataclass(slots=True)
class Cat:
    """Strings put together: concatenation, an f-string, a template literal."""

    parts: tuple[Expr, ...]
    span: Span


@dataclass(slots=True)
class Tagged:
    """A template handed to a tag, which decides what a hole means (`sql`, `Prisma.sql`, `FromSqlInterpolated`)."""

    tag: Expr
    parts: tuple[Expr, ...]
    span: Span


@dataclass(slots=True)
class Choose:
    """A conditional expression. `a or b` is `a if a else b`; `a and b` is `b if a else a`."""

    test: Test
    then: Expr
    other: Expr
    span: Span


@dataclass(slots=True)
class Items:
    """A list, tuple or array literal."""

    items: tuple[Expr, ...]
    span: Span


@dataclass(slots=True)
class Spread:
    """`*xs`, `...xs`: the items of a list, or the pairs of an object."""

    value: Expr
    span: Span


@dataclass(slots=True)
class Pairs:
    """An object or dict literal; the key is None for a computed one."""

    pairs: tuple[tuple[str | None, Expr], ...]
    span: Span


@dataclass(slots=True)
class Invoke:
    """A call: `receiver.method(arguments)`, or a plain function with no receiver."""

    receiver: Expr | None
    method: str
    arguments: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...]
    span: Span
    arguments_span: Span


@dataclass(slots=True)
class Closure:
    """A function used as a value."""

    function: Func
    span: Span


@dataclass(slots=True)
class Repeat:
    """Each element of something turned into `item` (a comprehension, `[x] * n`); `maybe`: it may be empty by a flag;
    `asked`: what the elements come from, and what is asked of them."""

    item: Expr
    span: Span
    maybe: Test | None = None
    asked: tuple[Expr, ...] = ()


@dataclass(slots=True)
class Percent:
    """`template % values` of Python, or `sprintf(template, values…)`; `values` None means unknown."""

    template: Expr
    values: tuple[Expr, ...] | None
    span: Span


@dataclass(slots=True)
class Other:
    """Anything else; its parts are looked at, its value is unknown. `operator` is that of a comparison or the like."""

    parts: tuple[Expr, ...]
    span: Span
    operator: str = ""


Expr: TypeAlias = (
    Text | Name | Cat | Tagged | Choose | Items | Spread | Pairs | Invoke | Closure | Repeat | Percent | Other
)


@dataclass(slots=True)
class Test:
    """A condition. `key` is its normalised source; `name` is set for a test of one name's presence.

    `positive` is False for `not x`, `x is None`. `size_of` names a list whose non-emptiness is asked. `constant` is its
    value if it is written out.
    """

    key: str
    value: Expr | None
    positive: bool = True
    name: str | None = None
    size_of: str | None = None
    constant: bool | None = None


@dataclass(slots=True)
class Assign:
    """`target = value` or `target += value` (`add`). The target is a dotted name, or None for anything else."""

    target: str | None
    value: Expr
    add: bool
    span: Span


@dataclass(slots=True)
class Unpack:
    """`a, b = value`; `const {a, b: c} = value`: (key, name) pairs, the key a position or a property."""

    targets: tuple[tuple[str | int, str], ...]
    value: Expr
    span: Span


@dataclass(slots=True)
class Do:
    """An expression for its effect."""

    value: Expr
    span: Span


@dataclass(slots=True)
class If:
    test: Test
    then: tuple[Stmt, ...]
    other: tuple[Stmt, ...]
    span: Span


@dataclass(slots=True)
class Cases:
    """Alternatives of which at most one runs (`switch`, `match`, handlers); exactly one if `complete`."""

    alternatives: tuple[tuple[Stmt, ...], ...]
    complete: bool
    span: Span


@dataclass(slots=True)
class Loop:
    """A loop. It is read as running once."""

    names: tuple[str, ...]
    over: Expr | None
    body: tuple[Stmt, ...]
    span: Span


@dataclass(slots=True)
class Scope:
    """A block; `bindings` are `with` targets, (name, value)."""

    bindings: tuple[tuple[str | None, Expr], ...]
    body: tuple[Stmt, ...]
    span: Span


@dataclass(slots=True)
class Leave:
    """`return`, `throw`, `raise`, `break`, `continue`."""

    value: Expr | None
    returns: bool
    span: Span


@dataclass(slots=True)
class Define:
    function: Func
    span: Span


@dataclass(slots=True)
class Member:
    """A field of a class with what stands on it: annotations, a type, a value."""

    name: str
    type: str
    decorators: tuple[Expr, ...]
    value: Expr | None
    span: Span


@dataclass(slots=True)
class ClassBody:
    """A class; `bases` are the names it extends, the last parts of dotted ones."""

    name: str
    body: tuple[Stmt, ...]
    span: Span
    bases: tuple[str, ...] = ()
    decorators: tuple[Expr, ...] = ()


@dataclass(slots=True)
class Import:
    """Names of another module: (name here, module as written, name there or empty for the module itself)."""

    bindings: tuple[tuple[str, str, str], ...]
    span: Span


Stmt: TypeAlias = Assign | Unpack | Do | If | Cases | Loop | Scope | Leave | Define | Member | ClassBody | Import


@dataclass(slots=True)
class Parameter:
    name: str
    default: Expr | None = None
    type: str = ""


@dataclass(slots=True)
class Func:
    """A function whose body is lowered when somebody asks for it."""

    name: str
    parameters: tuple[Parameter, ...]
    lower_body: Callable[[], tuple[Stmt, ...]]
    span: Span
    body_span: Span
    decorators: tuple[Expr, ...] = ()


def last_part(expression: Expr) -> str:
    """The last name of a path or of what is called: `get` of `boats.get` and of `boats.get(…)`."""
    if isinstance(expression, Name):
        return expression.path.rpartition(".")[2]
    return expression.method if isinstance(expression, Invoke) else ""
