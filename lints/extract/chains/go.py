"""Where a query of GORM, pop, xorm, Bun or Ent begins, and which struct it is about."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from lints.extract.chains import go_reform
from lints.extract.chains.go_steps import CONNECTION, ORDERS, conditions, function, step_of
from lints.extract.chains.go_types import (
    MAX_HEAD,
    declared_type,
    function_before,
    imported,
    struct_of,
)
from lints.extract.chains.parts import Asked, Begun
from lints.extract.ir import Invoke, Name, Text
from lints.extract.sqltext import names
from lints.extract.values import (
    Gap,
    Lit,
    Query,
    Step,
)
from lints.patterns import regex

_ASKS = names(
    "Where First Find Take Last Model Delete Not Or Scopes Joins InnerJoins Preload Unscoped Updates Count Table Save"
    " FirstOrCreate FirstOrInit Pluck Create CreateInBatches UpdateColumn UpdateColumns Clauses"
)
_OF_COLLECTION = names("Find Insert InsertReturning UpdateReturning")
_POP = names(
    "Where First Find Last All Count Exists Delete Destroy Update Eager EagerPreload Scope Q Order Join InnerJoin"
    " LeftJoin Select Paginate PaginateFromParams Save Create UpdateColumns ValidateAndCreate ValidateAndUpdate"
)
_XORM = names(
    "Where And Or In ID Id Get Find FindAndCount Count Exist Exists Update Delete Table Join Iterate Cols Desc Asc"
    " OrderBy Limit NotIn Omit AllCols Alias Rows Sum Insert InsertOne InsertMulti"
)
KINDS = frozenset({"gorm", "pop", "xorm", "bun", "pg", "ent", "gen", "beego", "boiler"})
MUTABLE = frozenset({"pop", "xorm", "bun", "pg", "ent"})
"""Kinds whose calls change the query itself, whether or not what they give is kept."""
_LOADS = names("First Find Take Last FirstOrCreate Get All Scan")
_GORM_ROOT = regex(
    r"(?:^|[._])(?:db|DB|tx|Db|gormDB|gdb)(?:\(\))?"
    r"(?:\.(?:WithContext|Debug|Session|Table|Select|Order|Limit|Offset)\([^()]*\))*$"
)
_GENERIC = regex(rb"\bgorm\.G\[\*?((?:\w+\.)?\w+)\]\(\s*$")
_DOT = regex(r"\s*\.\s*")
_ENGINE = regex(r"(?:^|[._])(?:\w*[eE]ngine|\w*[xX]orm\w*)(?:\(\))?$")
_GIVES = regex(r"((?:\w+\.){0,2}\w*(?:[sS]ession|[sS]cope|[qQ]uery|[dD][bB]|[tT]enant|[tT]x|[oO]rg|[bB]ase)\w*)\(")
_GETS_CONNECTION = regex(r"(?:^|[._])(?:Get)?[cC]onn(?:ection)?\([^()]*\)$|(?:^|\.)(?:conn?|connection)$")
_IMPORTS = (
    ("gorm", regex(rb"\"(?:gorm\.io/gorm|github\.com/jinzhu/gorm)\"")),
    ("pop", regex(rb"\"github\.com/(?:gobuffalo/pop|ory/pop|ory/x/popx)[\w./]*\"")),
    (
        "xorm",
        regex(rb"\"(?:xorm\.io/xorm|github\.com/go-xorm/xorm)"),
    ),
    ("pg", regex(rb"\"(?:github\.com/go-pg/pg|gopkg\.in/pg\.v)")),
    ("reform", regex(rb"\"gopkg\.in/reform\.v")),
    ("beego", regex(rb"\"github\.com/(?:astaxie/beego|beego/beego(?:/v\d)?(?:/client)?|beego/orm)/?(?:orm)?\"")),
)
_BEGINS = {"gorm": _ASKS, "pop": _POP, "xorm": _XORM, "pg": names("Model ModelContext")}
_FINDS = regex(r"Find([A-Z]\w*?)(?:G|P|GP)?|([A-Z]\w*?)Exists(?:G|P|GP)?")
_OF_ROW = regex(r"(Insert|Update|Upsert|Delete)[GP]{0,2}")
_FROM = regex(r"\bqm\.From\(\s*[\"`](\w+)[\"`]\s*\)")
_SEVERAL = regex(r"[A-Z]\w*(?:s|ren|ople|dia|ata)")
_OF_BEEGO = names("Read ReadForUpdate ReadOrCreate Insert InsertMulti Update Delete")
_NEW_ORM = regex(r"\borm\.NewOrm(?:UsingDB)?\(")
_ORMER = regex(r"(?:\w+\.)*(?:o|orm|ormer|db|tx|txOrm|txo)")
_OF_GEN = regex(rb"\"(?:gorm\.io/gen\b|[\w./-]+/(?:query|dal|dao)\")")
"""What a file imports that asks by code which GORM Gen has made."""
_GENERATED = regex(r"^(?:\w+\.)+([A-Z][a-z]\w*)$")
_ENT = regex(r"(?:^|\.)(?:\w*[cC]lient|tx|db|ent\w*)(?:\(\))?\.([A-Z]\w*)$")
_ENT_CALLS = names("Query Delete Update UpdateOneID DeleteOneID UpdateOne DeleteOne Get GetX Create MapCreateBulk")
_LENGTHENS = regex(r"(?:with|apply|filter|scope|add|expand|include|paginate|order|query|build|prepare)", re.IGNORECASE)


def begun(asked: Asked) -> Begun | None:
    """The query that a call of Go begins; None for any other call."""
    call, method = asked.call, asked.call.method
    if (
        method in {"NewSelect", "NewUpdate", "NewDelete", "NewInsert"}
        and call.receiver is not None
        and not call.arguments
    ):
        return Begun("bun", "", (Step(method, (), {}, call.span),))
    if call.receiver is None:
        return None
    if b"upper/db" in asked.interpreter.notes.source[:6000] and (upper := _upper(asked, call)) is not None:
        return upper
    entity = _ENT.search(_DOT.sub(".", asked.path)) if method in _ENT_CALLS else None
    if entity is not None:
        return Begun("ent", entity.group(1), (step_of(asked.interpreter, call, asked.step.arguments, asked.env),))
    if method == "ModelContext" and len(call.arguments) > 1:
        step = step_of(asked.interpreter, call, asked.step.arguments, asked.env, "pg")
        return Begun("pg", struct_of(asked.interpreter, step), (step,))
    if method == "WithContext" and isinstance(call.receiver, Name) and (model := _generated(asked, call.receiver)):
        return Begun("gen", model, (Step(method, (), {}, call.span),))
    if method[:1].isupper() and (boiler := _boiler(asked)) is not None:
        return boiler
    kind = orm_of(asked.interpreter.notes.source)
    if kind == "beego":
        return _beego(asked)
    if kind == "reform":
        return go_reform.begun(asked)
    written = _DOT.sub(".", asked.interpreter.notes.text(call.receiver.span)[-400:])
    if kind is None and method in _XORM and _ENGINE.search(written) is not None:
        kind = "xorm"  # the engine that another file of the package has made
    generic = _GENERIC.search(
        asked.interpreter.notes.source[max(0, call.receiver.span[0] - 120) : call.receiver.span[0]]
    )
    if generic is not None and method in _ASKS:
        step = step_of(asked.interpreter, call, asked.step.arguments, asked.env)
        return Begun("gorm", generic.group(1).decode(), (Step("G", (), {}, call.receiver.span), step))
    handed = asked.receiver.origin if isinstance(asked.receiver, Gap) and isinstance(call.receiver, Name) else None
    if isinstance(call.receiver, Invoke) and "ession" in call.receiver.method and "(" in written:
        handed = written
    made = _GIVES.match(handed) if handed is not None else None
    if made is not None and (kind is not None or "ession" in made.group(1)):
        kind = kind or "xorm"
        step = step_of(asked.interpreter, call, asked.step.arguments, asked.env, kind)
        if method in _BEGINS[kind]:
            start = Step("@made", (Gap(handed or "", call.receiver.span),), {}, call.receiver.span)
            return Begun(kind, struct_of(asked.interpreter, step), (start, step))
    if method not in (_BEGINS[kind] if kind is not None else _ASKS | {"All"}) and not (
        kind == "gorm" and method in ORDERS
    ):
        return None
    before: tuple[Step, ...] = ()
    if kind is None or (kind == "gorm" and CONNECTION.search(written) is None):
        if kind is None and _GETS_CONNECTION.search(written) is not None and _asks(asked):
            kind = "pop"  # a file that is handed its connection need not import what it is of
        elif _GORM_ROOT.search(written[-200:]) is None:
            narrows = kind is not None and isinstance(call.receiver, Invoke) and method in _LOADS | {"Where", "Model"}
            sure = kind == "gorm" and (method == "Model" or _asks(asked))
            found = (
                _narrowing(asked, call.receiver, sure=sure) if narrows and isinstance(call.receiver, Invoke) else None
            )
            if found is None:
                return None
            before = found
    elif CONNECTION.search(written) is None:
        return None
    step = step_of(asked.interpreter, call, asked.step.arguments, asked.env, kind)
    return Begun(kind or "gorm", struct_of(asked.interpreter, step), (*before, step))


@lru_cache(maxsize=4)
def _of_boiler(source: bytes) -> bool:
    head = source[:6000]
    return b"sqlboiler" in head or b'/qm"' in head


def _boiler(asked: Asked) -> Begun | None:
    """`models.Boats(…)` and `models.FindBoat(ctx, db, id)` of the code that SQLBoiler makes."""
    call, source = asked.call, asked.interpreter.notes.source
    if not isinstance(call.receiver, Name) or not call.receiver.path.isidentifier() or not _of_boiler(source):
        return None
    if call.receiver.path not in imported(source):
        return _boiler_row(asked, call.receiver)
    if call.method == "NewQuery":
        named = _FROM.search(asked.interpreter.notes.text(call.arguments_span))
        step = step_of(asked.interpreter, call, asked.step.arguments, asked.env)
        where = Step("Where", step.arguments, {}, call.span)
        table = Step("Table", (Lit(named.group(1), call.span),), {}, call.span) if named is not None else where
        return Begun("boiler", "", (table, where)) if named is not None else None
    found, many = _FINDS.fullmatch(call.method), _SEVERAL.fullmatch(call.method)
    if call.receiver.path in {"qm", "boil", "queries"} or (found is None and many is None):
        return None
    step = step_of(asked.interpreter, call, asked.step.arguments, asked.env)
    if found is not None:
        return Begun("boiler", found.group(1) or found.group(2), (Step("Find", step.arguments, {}, call.span),))
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", call.method).lower()
    table = Step("Table", (Lit(name, call.span),), {}, call.span)
    return Begun("boiler", "", (table, Step("Where", step.arguments, {}, call.span)))


def _boiler_row(asked: Asked, receiver: Name) -> Begun | None:
    """`boat.Insert(ctx, db, boil.Infer())`, `boat.Update(…)`, `boat.Delete(ctx, db)` of a row of SQLBoiler."""
    call, source = asked.call, asked.interpreter.notes.source
    verb = _OF_ROW.fullmatch(call.method)
    if verb is None or asked.receiver is None:
        return None
    rest = [asked.interpreter.notes.text(argument.span)[:400] for argument in call.arguments]
    if verb.group(1) != "Delete" and not any(text.startswith("boil.") for text in rest):
        return None
    kind = declared_type(source, receiver.path, call.span[0])
    asks = re.search(
        rb"\b%s\s*(?:,\s*\w+\s*)?:?=\s*\w+\.([A-Z]\w*)\([\s\S]{0,600}?\)\s*\.One[GP]{0,2}\(" % receiver.path.encode(),
        function_before(source, call.span[0]),
    )
    if kind is None and asks is None:
        return None
    written = "Insert" if verb.group(1) == "Upsert" else verb.group(1)
    row = step_of(asked.interpreter, replace(call, method=written, arguments=(receiver,)), (asked.receiver,), asked.env)
    given = tuple(Gap(text, argument.span) for text, argument in zip(rest, call.arguments, strict=True))
    step = Step(f"@{verb.group(1)}", (*row.arguments, *given), row.keywords, call.span)
    if asks is not None:
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", asks.group(1).decode()).lower()
        return Begun("boiler", "", (step, Step("Table", (Lit(name, call.span),), {}, call.span)))
    package, _, bare = (kind or "").rpartition(".")
    return Begun("boiler", bare, (step,)) if package in imported(source) or not package else None


def _beego(asked: Asked) -> Begun | None:
    """`o.QueryTable("boats")`, `o.Read(&boat)` of Beego's ORM; a condition of text is judged where it stands."""
    call = asked.call
    if call.method == "QueryTable" and len(call.arguments) == 1:
        step = step_of(asked.interpreter, call, asked.step.arguments, asked.env)
        table = asked.step.arguments[0]
        named = (Step("Table", (table,), {}, call.span),) if isinstance(table, Lit) else ()
        return Begun("beego", struct_of(asked.interpreter, step), named or (step,))
    if call.method not in _OF_BEEGO or not call.arguments or call.receiver is None:
        return None
    written = asked.interpreter.notes.text(call.receiver.span)
    origin = asked.receiver.origin if isinstance(asked.receiver, Gap) else None
    if _NEW_ORM.search(origin or written) is None and _ORMER.fullmatch(written) is None:
        return None
    position = 1 if call.method == "InsertMulti" else 0
    step = step_of(asked.interpreter, call, asked.step.arguments, asked.env)
    return Begun("beego", struct_of(asked.interpreter, _from(step, position)), (step,))


def _from(step: Step, position: int) -> Step:
    """A step without the arguments before a position."""
    return Step(step.method, step.arguments[position:], step.keywords, step.span)


def _generated(asked: Asked, receiver: Name) -> str:
    """The struct that a query of GORM Gen is about: `q.Boat.WithContext(ctx)`, `boats := q.Boat`."""
    if _OF_GEN.search(asked.interpreter.notes.source[:MAX_HEAD]) is None:
        return ""
    held = asked.receiver.source if isinstance(asked.receiver, Gap) else receiver.path
    for path in (receiver.path, held):
        found = _GENERATED.search(path)
        if found is not None and CONNECTION.search(path) is None:
            return found.group(1)
    return ""


def _upper(asked: Asked, call: Invoke) -> Begun | None:
    """`sess.Collection("boats").Find(db.Cond{…})` and `sess.SQL().SelectFrom("boats")` of upper/db."""
    from_table = call.method in {"SelectFrom", "DeleteFrom"}
    named = call if from_table else call.receiver if isinstance(call.receiver, Invoke) else None
    if named is None or (not from_table and (call.method not in _OF_COLLECTION or named.method != "Collection")):
        return None
    table = named.arguments[0] if named.arguments else None
    if not isinstance(table, Text):
        return None
    steps = [Step("Table", (Lit(table.value, table.span),), {}, named.span)]
    asks = step_of(asked.interpreter, call, asked.step.arguments, asked.env)
    if call.method not in {"Find", "SelectFrom", "DeleteFrom"}:
        return Begun("gorm", struct_of(asked.interpreter, asks), (*steps, asks))
    if call.arguments and not from_table:
        steps.append(Step("Where", asks.arguments, {}, call.span))
    steps.append(Step("Delete" if call.method == "DeleteFrom" else "Find", (), {}, call.span))
    return Begun("gorm", "", tuple(steps))


def _asks(asked: Asked) -> bool:
    """Whether a call is one of an ORM by what it is given: a condition with placeholders, a pointer to a struct."""
    first = asked.call.arguments[0] if asked.call.arguments else None
    text = asked.interpreter.notes.text(first.span) if first is not None else ""
    if asked.call.method == "Where":
        return isinstance(first, Text) and "?" in first.value
    before = asked.interpreter.notes.source[max(0, first.span[0] - 1) : first.span[0]] if first is not None else b""
    return asked.call.method in _LOADS | {"All"} and (before == b"&" or text.startswith("&"))


@lru_cache(maxsize=4)
def orm_of(source: bytes) -> str | None:
    """The ORM that a file imports."""
    head = source[:6000]
    return next((kind for kind, pattern in _IMPORTS if pattern.search(head) is not None), None)


def passed(asked: Asked) -> Query | None:
    """The query that a call takes and gives back longer: `withLines(db.Boat.Query())`."""
    if _LENGTHENS.match(asked.call.method) is None:
        return None
    queries = [value for value in asked.step.arguments if isinstance(value, Query) and value.kind in KINDS]
    return queries[0] if len(queries) == 1 else None


def _narrowing(asked: Asked, receiver: Invoke, *, sure: bool) -> tuple[Step, ...] | None:
    """What a function that gives a query has put into it: its conditions if it is in this file, else unknown ones.

    `sure`: what is asked of it is asked of nothing but a query, whatever the function is called."""
    name = receiver.method
    if not sure and not re.search(r"(?:^|\.)\w*(?:[dD][bB]|[sS]cope|[qQ]uery|[tT]enant|[tT]x|[oO]rg)\w*$", name):
        return None
    held = function(receiver, asked.env)
    steps = conditions(held) if held is not None else None
    unknown = Gap(asked.interpreter.notes.text(receiver.span)[:200], receiver.span)
    return steps if steps is not None else (Step("Scopes", (unknown,), {}, receiver.span),)
