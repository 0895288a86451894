"""Conditions that a project's own functions give, `BoatSpecs.named(n)`, and those of two forms, `a ? b : c`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lints.schema.facts import Entity
from lints.schema.jvm_conditions import KIND
from lints.stores.call_text import Called, bare, closing, split
from lints.stores.orm_sql import Builder
from lints.tenancy import Ownership

MAYBE = "__maybe__"
"""Before a condition that is there on some paths only."""
MAX_PARTS = 400
"""Parts of the conditions of one query; a function that gives several of another that does so has many more."""
_MAX_ARGUMENT, _MAX_TEXT, _MAX_DEPTH = 300, 8000, 8


def near(by_kind: Mapping[str, Mapping[str, Entity]], path: str) -> dict[str, Entity]:
    """The functions that a file can mean: its own, those of the classes above its own, else the only one of a name."""
    stored = by_kind.get(KIND, {})
    found: dict[str, Entity] = dict(stored)
    if not stored:
        return found
    classes = {name[:-1]: held for name, held in stored.items() if name.endswith(".")}
    line: list[str] = [name for name, held in classes.items() if held.origin.path == path]
    for _ in range(_MAX_DEPTH):
        above = [classes[name].relations.get("base", "") for name in line if name in classes]
        line += [name for name in above if name and name not in line]
    by_name: dict[str, list[Entity]] = {}
    for name, held in stored.items():
        if held.condition:
            by_name.setdefault(name.partition(".")[2], []).append(held)
    for name, listed in by_name.items():
        ranked = [held for owner in line for held in listed if held.name == f"{owner}.{name}"]
        if ranked:
            found[name] = ranked[0]
        elif len({held.condition for held in listed}) == 1:
            found[name] = listed[0]
    return found


def given(known: Mapping[str, Entity], chain: Sequence[Called], at: int) -> str | None:
    """What the function gives that the call at a place of a chain runs; None if nobody knows it."""
    called = chain[at]
    arguments = called.arguments or ()
    owner = chain[at - 1].name if at else ""
    name = f"{owner}.{called.name}" if owner[:1].isupper() else called.name
    held = _meant(known, f"{name}/{len(arguments)}", arguments)
    if held is None or not held.condition:
        return None
    text = held.condition
    for parameter, argument in zip(held.columns, arguments, strict=False):
        if len(argument) <= _MAX_ARGUMENT:
            text = re.sub(rf"(?<![\w.\"]){re.escape(parameter)}(?![\w\"])", argument.replace("\\", r"\\"), text)
    return text if len(text) <= _MAX_TEXT else None


def _meant(known: Mapping[str, Entity], name: str, arguments: Sequence[str]) -> Entity | None:
    """Of functions of one name the one whose parameters are called, or are of a kind, like what is given."""
    listed = [known[name]] if name in known else []
    while f"{name}|{len(listed) + 1}" in known:
        listed.append(known[f"{name}|{len(listed) + 1}"])
    if len(listed) < 2:
        return listed[0] if listed else None

    def alike(held: Entity) -> int:
        pairs = zip(held.columns.items(), arguments, strict=False)
        return sum(
            (given.rpartition(".")[2] == parameter) + (given in {"true", "false"} and kind.lower() == "boolean")
            for (parameter, kind), given in pairs
        )

    ranked = sorted(listed, key=alike, reverse=True)
    return ranked[0] if alike(ranked[0]) > alike(ranked[1]) else None


def forms(text: str) -> tuple[str, str, str] | None:
    """(test, one, other) of `test ? one : other` and `if (test) one else other`."""
    text = bare(text)
    chosen = re.match(r"if\s*\(", text)
    if chosen is not None:
        end = closing(text, chosen.end() - 1)
        rest = re.fullmatch(r"\s*(.*?)\s*\belse\b\s*(.*)", text[end + 1 :], re.DOTALL)
        return (text[chosen.end() : end], _block(rest.group(1)), _block(rest.group(2))) if rest is not None else None
    if "?" not in text or ":" not in text:
        return None
    head, *rest_of = split(re.sub(r"\?(?=[.:])", "", text), "?")
    sides = split("?".join(rest_of), ":") if rest_of else []
    return (head, sides[0], ":".join(sides[1:])) if len(sides) >= 2 else None


def _block(text: str) -> str:
    return text[1:-1].strip() if text.startswith("{") and text.endswith("}") else text


def either(builder: Builder, test: str, one: str, other: str) -> str:
    """A condition of two forms: what either lets through.

    `t == null ? tenant.isNull() : tenant.eq(t)` compares the tenant in both: a row without one is no other tenant's,
    unless such rows are declared to be everybody's.
    """
    null = re.fullmatch(r"\s*\w+\s*(==|!=)\s*null\s*", test)
    if null is not None:
        empty, full = (one, other) if null.group(1) == "==" else (other, one)
        column = empty.removesuffix(" IS NULL")
        if column != empty and full.startswith(f"{column} = "):
            table = builder.model.tables.get(builder.table)
            shared = table is not None and table.ownership is Ownership.SHARED_NULL
            return f"{column} IS NOT DISTINCT FROM {full.removeprefix(f'{column} = ')}" if shared else full
    return f"({one}) OR ({other})"
