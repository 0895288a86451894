"""Branches of Python over a parameter whose type is a union: where each of its types is asked for, none is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from lints.patterns import regex

if TYPE_CHECKING:
    from tree_sitter import Node

_ASKS = regex(r"(?:isinstance\((\w+),\s*\(?([\w.,|\s]{1,300})\)?\)|(?:\w+\.)?is_(\w+)\((\w+)\))")
_UNION = regex(r"(?:(\w+)\[)?(?:(?:typing\.)?Union\[([\w.,\s]{1,300})\]|([\w.|\s]{1,300}))\]?")
_CLASS = regex(r"case\s+([\w.]+)\(\)((?:\s*\|\s*[\w.]+\(\)){0,10})(?:\s+as\s+\w+)?\s*:")
_MAX_BRANCHES = 12


def covers(tests: Sequence[Node | None], text: Callable[[Node], str]) -> bool:
    """Whether the conditions of a chain without an `else` ask for each type of the union that a parameter is declared
    as: `isinstance(x, User)`, or a function named for the type (`is_user(x)`, a `TypeGuard`), which may look into what
    it is given (`x: Subject[User | Robot]`).
    """
    first = tests[0]
    if first is None or first.type != "call" or len(tests) > _MAX_BRANCHES:
        return False
    asked: set[str] = set()
    names: set[str] = set()
    inside = True
    for test in tests:
        found = _ASKS.fullmatch(text(test)) if test is not None and test.type == "call" else None
        if found is None:
            return False
        one, types, guard, other = found.groups()
        names.add(one or other)
        asked |= _plain(guard) if types is None else _plain(*types.replace("|", ",").split(","))
        inside = inside and types is None
    return len(names) == 1 and _is_of(first, names.pop(), asked, text, inside=inside)


def matched(subject: Node | None, cases: Iterable[Node], text: Callable[[Node], str]) -> bool:
    """Whether the cases of a `match` name each type of the union that its subject, a parameter, is declared as."""
    if subject is None or subject.type != "identifier":
        return False
    asked: set[str] = set()
    for case in cases:
        found = _CLASS.match(text(case)[:300])
        if found is not None:
            asked |= _plain(*f"{found.group(1)}{found.group(2)}".replace("()", "").split("|"))
    return bool(asked) and _is_of(subject, text(subject), asked, text, inside=False)


def _is_of(node: Node, name: str, asked: set[str], text: Callable[[Node], str], *, inside: bool) -> bool:
    """Whether the parameter of a name, of the function around, is declared as a union of no other types."""
    around = node.parent
    while around is not None and around.type not in {"function_definition", "lambda", "class_definition"}:
        around = around.parent
    parameters = around.child_by_field_name("parameters") if around is not None else None
    for one in parameters.named_children if parameters is not None else ():
        kind = one.child_by_field_name("type")
        if kind is None or text(one).partition(":")[0].strip() != name:
            continue
        written = " ".join(text(kind).split()).strip("\"'")
        found = _UNION.fullmatch(written)
        if found is None or "Optional" in written or (found.group(1) is not None and not inside):
            return False
        listed, joined = found.group(2), found.group(3)
        types = listed.split(",") if listed is not None else joined.split("|")
        return len(types) > 1 and _plain(*types) <= asked
    return False


def _plain(*names: str) -> set[str]:
    """`webuser` of `models.WebUser` and of `web_user`."""
    return {name.strip().rpartition(".")[2].replace("_", "").lower() for name in names if name.strip()}
