"""What calling a stored function does: compare an argument with the tenant, touch no tenant's row, or hide it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from lints.patterns import regex
from lints.schema.facts import Routine, SourceModel
from lints.schema.names import fold
from lints.schema.security import top_level_commas, without_comments
from lints.tenancy import Function, Ownership

_WORD = regex(r"[A-Za-z_][\w$]*|\"[^\"]+\"")
_STRINGS = regex(r"'(?:[^']|'')*+'")
_DYNAMIC = regex(r"\bexecute\b", re.IGNORECASE)
_MODE = regex(r"(?:in|out|inout|variadic)\s+", re.IGNORECASE)
_PARAMETER = regex(r"= \$(\d+) ")
_NOBODYS = frozenset({Ownership.GLOBAL})
_MOST = 2_000
"""Routines looked at; of more, every one hides what it does."""


def with_routines(model: SourceModel) -> SourceModel:
    """The model with what its stored functions do: `functions` (scoped by an argument), `hiding` and `harmless`.

    A function is scoped by an argument if its body, an SQL function's, is proven when the arguments are taken for the
    caller's values and the tenant is one of them. What can't be seen hides: `hiding` says what, and where.
    """
    routines = [routine for routine in model.schema.routines if not routine.trigger]
    if not routines:
        return model
    scoped: dict[str, Function] = {}
    hiding: dict[str, str] = {}
    words = {id(routine): _words(routine, model.dialect) for routine in routines[:_MOST]}
    for routine in routines[_MOST:]:
        hiding[routine.name] = _said("is one of too many routines", routine)
    for routine in routines[:_MOST]:
        touched = [
            name
            for name, table in model.tables.items()
            if table.ownership not in _NOBODYS and name.rpartition(".")[2] in words[id(routine)]
        ]
        view = next((name for name in model.views if name in words[id(routine)]), None)
        if routine.body is None:
            hiding[routine.name] = _said(f"has a body in {routine.language} that is not read", routine)
        elif routine.language != "sql" and _DYNAMIC.search(_STRINGS.sub("''", routine.body)):
            hiding[routine.name] = _said("puts its statements together at run time", routine)
        elif touched or view is not None:
            argument = _argument(model, routine)
            if argument is None:
                hiding[routine.name] = _said(f"uses {', '.join(touched[:3]) or view}", routine)
            elif argument >= 0:
                origin = replace(routine.origin, why=f"compares its argument {argument + 1} with the tenant")
                scoped[routine.name] = Function(name=routine.name, tenant_argument=argument, origin=origin)
    _spread(routines[:_MOST], words, hiding)
    forms = Counter(routine.name for routine in routines)
    for name in [name for name in scoped if forms[name] > 1]:
        del scoped[name]
        hiding.setdefault(name, "has several forms, of which one compares its argument with the tenant")
    for name in (*model.functions, *scoped):
        hiding.pop(name, None)
    names = {routine.name for routine in routines} - set(hiding) - set(scoped) - set(model.functions)
    return replace(
        model, functions={**scoped, **model.functions}, hiding=hiding, harmless=tuple(sorted(names))
    )  # fmt: skip


def _said(what: str, routine: Routine) -> str:
    return f"{what} ({routine.origin.path}:{routine.origin.line})"


def _words(routine: Routine, dialect: str) -> frozenset[str]:
    text = _STRINGS.sub("''", without_comments(routine.body or ""))
    return frozenset(
        fold(word.strip('"'), dialect, quoted=word[0] == '"') for word in _WORD.findall(text)
    )  # fmt: skip


def _spread(routines: list[Routine], words: Mapping[int, frozenset[str]], hiding: dict[str, str]) -> None:
    """Who calls one that hides something hides it too."""
    names = {routine.name for routine in routines} | set(hiding)
    callers: dict[str, list[Routine]] = {}
    for routine in routines:
        for called in words[id(routine)] & names:
            callers.setdefault(called, []).append(routine)
    first = {name: why.partition(" (")[0] for name, why in hiding.items()}
    direct = set(hiding)
    waiting = list(hiding)
    while waiting:
        called = waiting.pop()
        for routine in callers.get(called, ()):
            if routine.name not in hiding:
                first[routine.name] = first[called]
                end = "" if called in direct else "in the end "
                hiding[routine.name] = _said(f"calls {called}, which {end}{first[called]}", routine)
                waiting.append(routine.name)


def _argument(model: SourceModel, routine: Routine) -> int | None:
    """The position of the argument that is the tenant, -1 if the session's setting is; None if neither is proven."""
    from lints.proof import Verdict, prove

    if routine.language != "sql" or routine.body is None:
        return None
    columns = {column for table in model.tables.values() for column in table.columns}
    body = routine.body
    for position, name in enumerate(argument_names(routine.arguments), 1):
        if name and name not in columns:
            body = re.sub(rf"(?<![\w.\"'$]){re.escape(name)}(?![\w\"'(])", f"${position}", body)
    found: set[int] = set()
    for proof in prove(body, model, dialect=model.dialect):
        if proof.verdict is not Verdict.PROVEN:
            return None
        for reference in proof.references:
            by = _PARAMETER.search(f"{reference.proven_by} ")
            if by is not None:
                found.add(int(by.group(1)) - 1)
            elif " = setting " in f"{reference.proven_by}":
                found.add(-1)
            else:
                return None
    return found.pop() if len(found) == 1 else None


def argument_names(arguments: str) -> list[str]:
    """The names of a routine's arguments in their order; the empty string for one without."""
    names = []
    for part in top_level_commas(arguments):
        words = _MODE.sub("", part, count=1).split() if part else []
        names.append(words[0].strip('"').lower() if len(words) > 1 else "")
    return names
