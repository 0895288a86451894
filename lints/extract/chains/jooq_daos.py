"""Calls of the classes that jOOQ makes for each table: `boatsDao.fetchOneById(id)`, `boatsDao.deleteById(id)`."""

from __future__ import annotations

import re
from functools import lru_cache

from lints.extract.chains.parts import Asked, Begun
from lints.extract.ir import Invoke
from lints.extract.values import Gap, Step
from lints.patterns import regex

_IMPORTED = regex(rb"\bimport\s+[\w.]{1,200}\.daos\.(?:(\w{1,80})Dao|\*)\s*[;\n]")
_HELD = regex(rb"\b(\w{1,80}?)Dao\s+(\w{1,80})\s*[;=,)]")
_HELD_AFTER = regex(rb"\b(\w{1,80})\s{0,4}:\s{0,4}(\w{1,80}?)Dao\b")
_MADE = regex(r"(?:new\s+)?(\w+?)Dao\([^()]*(?:\([^()]*\))?[^()]*\)$")
_CALLS = regex(r"(?P<verb>fetch|fetchOne|fetchOptional|find|findOptional|delete|exists)By(?P<column>[A-Z]\w*)")
_BY_RANGE = regex(r"fetchRangeOf[A-Z]\w*|findAll|count")
_ROWS = {"update": "update", "merge": "update", "delete": "deleteFrom"}
_OF_KEY = frozenset({"find", "findOptional", "delete", "exists"})


def begun(asked: Asked) -> Begun | None:
    """The query of jOOQ that a call of a DAO stands for; None for any other call."""
    call, notes = asked.call, asked.interpreter.notes
    known = _daos(notes.source)
    if call.receiver is None or known is None:
        return None
    made = _MADE.search(notes.text(call.receiver.span)[-200:]) if isinstance(call.receiver, Invoke) else None
    of = made.group(1) if made is not None else known.get(asked.path.rpartition(".")[2])
    if not of:
        return None
    table, where = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", of).upper(), call.span
    given = [notes.text(argument.span)[:400] for argument in call.arguments]
    by = _CALLS.fullmatch(call.method)
    if by is not None and given:
        column = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", by["column"]).upper()
        said = f"{table}.{column}.{'eq' if len(given) == 1 else 'in'}({given[0]})"
        narrowed = Step("where", (Gap(said, where),), {}, where)
        if by["verb"] in _OF_KEY and by["column"] == "Id":
            narrowed = Step("@key", (), {}, where)
        verb = "deleteFrom" if by["verb"] == "delete" else "selectFrom"
        return Begun("jooq", "", (_from(verb, table, where), narrowed))
    if _BY_RANGE.fullmatch(call.method):
        return Begun("jooq", "", (_from("selectFrom", table, where),))
    if call.method in {"fetch", "fetchOne", "fetchOptional"} and len(given) > 1:
        said = f"{given[0]}.{'eq' if len(given) == 2 else 'in'}({given[1]})"
        return Begun("jooq", "", (_from("selectFrom", table, where), Step("where", (Gap(said, where),), {}, where)))
    if call.method in _ROWS and len(given) == 1 and given[0].isidentifier():
        verb = _ROWS[call.method]
        sets = (Step("set", (Gap(given[0], where),), {}, where),) if verb == "update" else ()
        return Begun("jooq", "", (_from(verb, table, where), *sets, Step("@held", (), {}, where)))
    return None


def _from(verb: str, table: str, where: tuple[int, int]) -> Step:
    return Step(verb, (Gap(table, where),), {}, where)


@lru_cache(maxsize=4)
def _daos(source: bytes) -> dict[str, str] | None:
    """What is declared to be a DAO of jOOQ in a file, and the class of its rows; None where there is none."""
    if b".daos." not in source:
        return None
    listed = set(_IMPORTED.findall(source))
    pairs = [*_HELD.findall(source), *((of, name) for name, of in _HELD_AFTER.findall(source))]
    return {name.decode(): of.decode() for of, name in pairs if of in listed or b"" in listed}
