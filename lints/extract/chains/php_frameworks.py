"""Where a query of CakePHP, Laminas (and Zend), RedBean, Propel or Phalcon begins, and which calls run it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from lints.extract.chains.parts import Asked, Begun
from lints.extract.sqltext import names
from lints.extract.values import Gap, Lit, Query, Step, Value
from lints.patterns import regex

KINDS = frozenset({"cake", "laminas", "redbean", "propel", "phalcon"})
_CAKE_ONCE = names("get exists deleteAll updateAll findOrCreate")
_GATEWAY = names("select update delete insert fetchRow fetchAll find selectWith")
_BEANS = names(
    "load loadAll loadForUpdate find findOne findAll findLike findOrCreate findForUpdate findOneForUpdate count trash"
    " wipe batch findCollection"
)
_PHALCON = regex(r"find(?:First)?(?:By[A-Z]\w*)?|count(?:By[A-Z]\w*)?|sum|average|maximum|minimum|query")
RUNS: Mapping[str, frozenset[str]] = {
    "cake": _CAKE_ONCE
    | names("first firstOrFail all toArray toList count execute sumOf extract combine indexBy isEmpty"),
    "laminas": names("@select @update @delete @insert @fetchRow @fetchAll @find"),
    "redbean": frozenset(f"@{name}" for name in _BEANS),
    "propel": names(
        "find findOne findPk findPks count exists update delete deleteAll paginate findOneOrCreate toArray requirePk"
        " requireOne"
    ),
    "phalcon": names("@find @count execute getSingleResult"),
}
_CAKE = regex(
    r"(?:fetchTable|loadModel|(?:[tT]ableLocator\(?\)?|TableRegistry)\s*(?:->|::)\s*get)\(\s*['\"](?:\w+[./])*(\w+)['\"]\s*\)"
)
_ALIASED = regex(r"this\.(?:[A-Z]\w*\.)*([A-Z]\w*)")
_IN_CAKE = regex(
    rb"\bCake\\|\bextends\s+(?:App(?:Controller|Model)|Table)\b|\bTableRegistry\b|fetchTable\(|\$this->[A-Z]\w+->find"
)
_IN_LAMINAS = regex(rb"\b(?:Laminas|Zend)\\Db\b|\bZend_Db_|\bTableGateway\b")
_OF_GATEWAY = regex(
    rb"\bclass\s+(\w+)[^{]{0,200}\bextends\s+[\w\\]*(?:TableGateway|Zend_Db_Table(?:_Abstract)?|AbstractTable)\b"
)
_GATEWAY_OF = regex(rb"new\s+[\w\\]*TableGateway\(\s*['\"](\w+)['\"]")
_DECLARED = regex(rb"\$(?:table|_name)\s*=\s*['\"](\w+)['\"]")
_CLASS = regex(rb"^[ \t]*(?:(?:final|abstract)\s+)*class\s+(\w+)", re.MULTILINE)
_SQL = regex(r"(?:^|[.>])_?sql$|\bSql\([^()]*\)+$|getSql\(\)$", re.IGNORECASE)
_ADAPTER = regex(r"(?:^|\.)_?(?:db|adapter|dbAdapter|database)$|get(?:Default)?Adapter\(\)$", re.IGNORECASE)
_BUILT = {"Select": "from", "Update": "table_update", "Delete": "table_delete", "Insert": "table_insert"}
_VERBS = {"select": "from", "update": "table_update", "delete": "table_delete", "insert": "table_insert"}


@lru_cache(maxsize=4)
def _is_cake(source: bytes) -> bool:
    return _IN_CAKE.search(source) is not None


@lru_cache(maxsize=4)
def _is_laminas(source: bytes) -> bool:
    return _IN_LAMINAS.search(source) is not None


def begun(asked: Asked) -> Begun | None:
    """The query that a call of PHP begins with one of these; None for any other call."""
    method, path = asked.call.method, asked.path
    if path.endswith("Query") and method == "create" and path[:1].isupper():
        return Begun("propel", path.removesuffix("Query"), (asked.step,))
    if path in {"R", "RedBean_Facade"} and method in _BEANS:
        return _bean(asked)
    if path.endswith(".where") and asked.call.arguments:
        _added(asked)
        return None
    source = asked.interpreter.notes.source
    if method in _FIRST or method.startswith("find"):
        if _is_cake(source) and (found := _of_cake(asked)) is not None:
            return found
        if _is_laminas(source) and (found := _of_laminas(asked)) is not None:
            return found
        if b"Phalcon" in source:
            return _of_phalcon(asked)
    elif method in _BUILT and asked.call.receiver is None and _is_laminas(source):
        return _made(asked, _BUILT[method], asked.step.arguments[:1])
    return None


_FIRST = _CAKE_ONCE | _GATEWAY | names("find query createBuilder from count sum average maximum minimum")


def _bean(asked: Asked) -> Begun | None:
    given = asked.step.arguments
    first = given[0] if given else None
    if not isinstance(first, Lit) or re.fullmatch(r"\w+", first.text) is None:
        return None
    if asked.call.method == "trash" and len(given) < 2:
        return None
    return Begun("redbean", first.text, (Step(f"@{asked.call.method}", given[1:], {}, asked.call.span),))


def _of_cake(asked: Asked) -> Begun | None:
    call, notes = asked.call, asked.interpreter.notes
    known = (
        call.method in _CAKE_ONCE or call.method in {"find", "query"} or re.match(r"find(?:All)?By[A-Z]", call.method)
    )
    if not known or call.receiver is None:
        return None
    told = _ALIASED.fullmatch(asked.path)
    if told is None and asked.path != "this":
        texts = (notes.text(call.receiver.span), asked.receiver.origin or "" if isinstance(asked.receiver, Gap) else "")
        told = next((found for text in texts if (found := _CAKE.search(text[-200:])) is not None), None)
    name = told.group(1) if told is not None else ""
    if asked.path == "this":
        around = _CLASS.findall(notes.source[: call.span[0]])
        name = around[-1].decode() if around else ""
        name = name.removesuffix("Table") if name.endswith("Table") else ""
    if not name:
        return None
    named = {key: asked.interpreter.eval(value, asked.env) for key, value in call.keywords}
    return Begun("cake", name, (Step(call.method, asked.step.arguments, named, call.span),))


def _of_laminas(asked: Asked) -> Begun | None:
    call, notes, method = asked.call, asked.interpreter.notes, asked.call.method
    if call.receiver is None or method not in _GATEWAY:
        return None
    given = asked.step.arguments
    written = "".join(notes.text(call.receiver.span).split())[-120:]
    path = asked.path or written.replace("->", ".").replace("$", "")
    if method in _VERBS and _SQL.search(path) is not None:
        return _made(asked, _VERBS[method], given[:1])
    of_table = path == "this" and _OF_GATEWAY.search(notes.source[: call.span[0]]) is not None
    if _ADAPTER.search(path) is not None and not of_table:
        if method == "select" and not given:
            return Begun("laminas", "", (Step("begin", (), {}, call.span),))
        first = given[0] if given else None
        if method in {"update", "delete", "insert"} and isinstance(first, Lit) and b"Zend_Db" in notes.source:
            return Begun("laminas", first.text, (Step(f"@{method}", given[1:], {}, call.span),))
        return None
    if not of_table and re.search(r"(?:table)?gateway$", path, re.IGNORECASE) is None:
        return None
    table = _table_of(notes.source, call.span[0])
    if not table or (given and isinstance(given[0], Query)):
        return None
    if method == "select" and of_table and not given and b"Zend_Db" in notes.source:
        return Begun("laminas", table, (Step("begin", (), {}, call.span),))
    return Begun("laminas", table, (Step(f"@{method}", given, {}, call.span),))


def _made(asked: Asked, method: str, given: tuple[Value, ...]) -> Begun:
    first = given[0] if given else None
    label = first.text if isinstance(first, Lit) else ""
    steps = (Step(method, given, {}, asked.call.span),) if given else (Step(method, (), {}, asked.call.span),)
    return Begun("laminas", label, steps)


def _table_of(source: bytes, before: int) -> str:
    """The table of the gateway of a file: as it is made or declared there, else as its class is called."""
    for pattern in (_GATEWAY_OF, _DECLARED):
        found = set(pattern.findall(source))
        if len(found) == 1:
            return str(found.pop().decode())
    around = _CLASS.findall(source[:before])
    return re.sub(r"^.*_|(?:Table|TableGateway|Repository|Mapper)$", "", around[-1].decode()) if around else ""


def _of_phalcon(asked: Asked) -> Begun | None:
    call = asked.call
    if (
        call.method == "createBuilder"
        and not call.arguments
        and asked.path.rpartition(".")[2] in {"modelsManager", "manager"}
    ):
        return Begun("phalcon", "", (Step("begin", (), {}, call.span),))
    if re.fullmatch(r"[A-Z]\w*|static|self", asked.path) is None or _PHALCON.fullmatch(call.method) is None:
        return None
    name = asked.path
    if name in {"static", "self"}:
        around = _CLASS.findall(asked.interpreter.notes.source[: call.span[0]])
        name = around[-1].decode() if around else ""
    if call.method == "query":
        return Begun("phalcon", name, (Step("begin", (), {}, call.span),))
    kind = "@count" if call.method.startswith("count") else "@find"
    by = call.method.partition("By")[2]
    said = (Lit(by, call.span), *asked.step.arguments) if by else (Lit("", call.span), *asked.step.arguments)
    return Begun("phalcon", name, (Step(kind, said, {}, call.span),))


def _added(asked: Asked) -> None:
    """`$delete->where->equalTo('id', $id)`: a condition on what a variable holds."""
    chains = asked.interpreter.chains
    held = asked.path.removesuffix(".where")
    query = asked.env.find(held)
    if chains is None or not isinstance(query, Query) or query.kind != "laminas":
        return
    step = Step(f"where_{asked.call.method}", asked.step.arguments, {}, asked.call.span)
    asked.env.put(held, chains.grown(query, step))
