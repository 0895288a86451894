"""Where a query of Doctrine begins, in the ORM or in DBAL, and which calls run it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from lints.extract.chains.parts import Asked, Begun
from lints.extract.ir import Expr, Invoke, Name, Pairs, Text
from lints.extract.recorder import Recorder
from lints.extract.sqltext import names
from lints.extract.values import Fn, Gap, Lit, Nothing, Query, Record, Rope, Step, Value
from lints.patterns import regex

KINDS = frozenset({"doctrine", "dbal"})
_LOOKUPS = names("find findOneBy findBy findAll count matching findOneOrFail get")
RUNS = _LOOKUPS | names(
    "getResult getOneOrNullResult getSingleResult getArrayResult getScalarResult getSingleScalarResult"
    " getSingleColumnResult toIterable iterate execute executeQuery executeStatement fetchAllAssociative"
    " fetchAssociative fetchOne fetchFirstColumn fetchAllNumeric fetchAllKeyValue fetchAllAssociativeIndexed"
    " fetchNumeric iterateAssociative replace_row insert_row update_rows delete_rows magic"
)
"""Calls that run a query: what is called on their result is no part of it."""
_ADDS = names(
    "where andWhere orWhere join innerJoin leftJoin rightJoin select addSelect from set setParameter"
    " setParameters getQuery orderBy addOrderBy groupBy having andHaving setMaxResults setFirstResult delete"
    " update createQueryBuilder getDQL getSQL"
)
ASIDE = names(
    "expr getEntityManager getAllAliases getRootAliases getRootEntities getParameter getParameters getConnection"
    " createNamedParameter createPositionalParameter getDQLPart getQueryPart getType getState setSQLLogger"
)
"""What a query builder tells of itself."""
_MAGIC = regex(r"(?:findOneBy|findBy|countBy)[A-Z]\w*")
_CLASS = regex(r"\\?(?:\w+\\)*([A-Z]\w*)(?:::class|\.class)$")
_REPOSITORY = regex(r"^(?:this\.)?_?(\w+?)(?:Repository|Repo)$")
_CONNECTION = regex(
    r"(?:^|\.)(?:conn|connection|dbal|db|wpdb|dbalConnection|databaseConnection)$|getConnection\(\)$", re.IGNORECASE
)
_MANAGER = regex(
    r"(?:^|\.)(?:em|entityManager|manager|objectManager|_em|orm|doctrine|registry|managerRegistry|om)$"
    r"|get(?:Entity)?Manager(?:ForClass)?\([^()]*\)$",
    re.IGNORECASE,
)
_OF_REPOSITORY = regex(
    rb"\bclass\s+(\w+?)(?:Repository)?\s+extends\s+(?:\w+\\)*(?:\w*Repository|ServiceEntityRepository|EntityRepository)\b"
)
_CONSTRUCTED = regex(rb"parent::__construct\(\s*\$\w+\s*,\s*(?:\\?\w+\\)*(\w+)::class")
_EXTENDS = regex(rb"@(?:template-)?extends\s+\\?(?:\w+\\)*\w*Repository<\s*\\?(?:\w+\\)*(\w+)")
_TYPED = regex(rb"\b(\w+)Repository(?:Interface)?\s+\$(\w+)")
_HELD = regex(rb"\$(?:this->)?(\w+)\s*=\s*\$[^;=]{0,80}?getRepository\(\s*\\?(?:\w+\\)*(\w+)::class\s*\)")
_DISABLED = regex(rb"(?:getFilters\(\)\s*->\s*disable|->disableFilter|->suspend)\(\s*(?:['\"]([\w.-]+)['\"])?")
_SHORT = {"insert": "insert_row", "update": "update_rows", "delete": "delete_rows", "replace": "replace_row"}
"""What a connection of DBAL, or that of WordPress, does with a table and arrays."""
_ROOTS = names("select from delete update addSelect")


def step_of(notes: Recorder, call: Invoke, arguments: list[Value], keywords: Mapping[str, Value]) -> Step:
    """A step whose classes are their names and whose constants are such."""
    given = [_given(notes, written, value) for written, value in zip(call.arguments, arguments, strict=False)]
    return Step(_spelled().get(call.method.lower(), call.method), tuple(given), dict(keywords), call.span)


@lru_cache(maxsize=1)
def _spelled() -> Mapping[str, str]:
    """Methods of PHP are found whatever their letters' case."""
    return {name.lower(): name for name in (*RUNS, *_ADDS)}


def _given(notes: Recorder, written: Expr, value: Value) -> Value:
    text = notes.text(written.span)
    named = _CLASS.search(text) if not isinstance(written, Text) else None
    if named is not None and re.fullmatch(r"[\w\\:]+", text):
        return Lit(named.group(1), written.span)
    if isinstance(value, Rope) and all(isinstance(part, Lit) for part in value.parts):
        return Lit("".join(part.text for part in value.parts if isinstance(part, Lit)), written.span)
    if isinstance(written, Name) and (isinstance(value, Fn) or (isinstance(value, Nothing) and text == "false")):
        return Gap(text, written.span)  # a variable is no method of its name
    if isinstance(written, Pairs) and isinstance(value, Record):
        fields = dict(value.fields)
        for name, one in written.pairs:
            if name in fields:
                fields[name or ""] = _given(notes, one, fields[name or ""])
        return Record(fields, value.source)
    return value


def begun(asked: Asked) -> Begun | None:
    """The query that a call of PHP begins with Doctrine; None for any other call."""
    call, notes, method = asked.call, asked.interpreter.notes, asked.call.method
    step = step_of(notes, call, list(asked.step.arguments), asked.step.keywords)
    written = " ".join(notes.text(call.receiver.span).split()) if call.receiver is not None else ""
    path = written.replace("->", ".").replace("?.", ".").replace("$", "").replace(" ", "")
    steps: tuple[Step, ...] = (step,)
    taken = _disabled(notes)
    if taken is not None:
        steps = (Step("disable", (Lit(taken, call.span),), {}, call.span), step)
    first = step.arguments[0] if step.arguments else None
    if (
        method in {"find", "getReference"}
        and isinstance(first, Lit)
        and len(step.arguments) > 1
        and _MANAGER.search(path)
    ):
        if method == "getReference" or not re.fullmatch(r"[A-Z]\w*", first.text):
            return None
        found = Step("find", step.arguments[1:], step.keywords, call.span)
        return Begun("doctrine", first.text, (*steps[:-1], found))
    if method in _SHORT and isinstance(first, Lit) and _CONNECTION.search(path):
        rest = _SHORT[method]
        if re.fullmatch(r"[\w.`\"]+", first.text) and len(step.arguments) > 1:
            return Begun("dbal", first.text, (*steps[:-1], Step(rest, step.arguments[1:], {}, call.span)))
        return None
    if method == "createQueryBuilder" and not step.arguments:
        if _CONNECTION.search(path) or re.search(r"\.getConnection\(\)$", path):
            return Begun("dbal", "", (*steps[:-1], Step("begin", (), {}, call.span)))
        if _MANAGER.search(path):
            return Begun("doctrine", "", (*steps[:-1], Step("begin", (), {}, call.span)))
        return None
    entity = _entity(asked, path)
    if entity is None:
        return None
    if method == "createQueryBuilder":
        return Begun("doctrine", entity, steps)
    if method in _LOOKUPS - {"get"}:
        return Begun("doctrine", entity, steps)
    if _MAGIC.fullmatch(method):
        named_after = Step("magic", (Lit(method, call.span), *step.arguments), {}, call.span)
        return Begun("doctrine", entity, (*steps[:-1], named_after))
    return None


def _entity(asked: Asked, path: str) -> str | None:
    """The entity whose repository a call is made on."""
    call, source = asked.call, asked.interpreter.notes.source
    made = call.receiver
    if isinstance(made, Invoke) and made.method == "getRepository" and made.arguments:
        named = _CLASS.search(asked.interpreter.notes.text(made.arguments[0].span))
        if named is not None:
            return named.group(1)
        first = made.arguments[0]
        return re.split(r"[:\\]", first.value)[-1] if isinstance(first, Text) else None
    if path in {"this", "parent", "self"}:
        return _own(source)
    bare = path.removeprefix("this.")
    held = _declared(source)
    if bare in held:
        return held[bare]
    found = _REPOSITORY.fullmatch(bare)
    if found is not None and found.group(1) not in {"entity", "object", "", "base"}:
        return found.group(1)[:1].upper() + found.group(1)[1:]
    if bare in {"repository", "repo"}:
        kinds = set(held.values())
        return next(iter(kinds)) if len(kinds) == 1 else None
    return None


@lru_cache(maxsize=8)
def _own(source: bytes) -> str | None:
    """The entity of the repository that a file declares."""
    if _OF_REPOSITORY.search(source) is None:
        return None
    for pattern in (_CONSTRUCTED, _EXTENDS):
        found = pattern.search(source)
        if found is not None:
            return found.group(1).decode()
    name = _OF_REPOSITORY.search(source)
    return name.group(1).decode() if name is not None else None


@lru_cache(maxsize=8)
def _declared(source: bytes) -> dict[str, str]:
    """Variables and properties that hold a repository, by its type or by what was assigned to them."""
    held = {variable.decode(): kind.decode() for kind, variable in _TYPED.findall(source) if kind[:1].isupper()}
    held |= {variable.decode(): kind.decode() for variable, kind in _HELD.findall(source)}
    return {name: kind for name, kind in held.items() if kind not in {"Entity", "Object", "Base", "Abstract"}}


def _disabled(notes: Recorder) -> str | None:
    """The name of the filter that the function around takes away, empty if it can't be seen; None if it takes none."""
    inner = next((function for function in reversed(notes.functions) if function.name), None)
    found = _DISABLED.search(notes.source, *inner.body_span) if inner is not None else None
    return (found.group(1) or b"").decode() if found is not None else None


def tells(query: Query, call: Invoke) -> bool:
    """Whether a call on a query builder asks something of it, and adds nothing: `$qb->expr()`."""
    return query.kind in KINDS and call.method in ASIDE


def named(step: Step) -> str | None:
    """The entity or table that `from`, `update` or `delete` of a query builder names."""
    if step.method not in _ROOTS or not step.arguments:
        return None
    first = step.arguments[0]
    alone = step.method not in {"from", "update", "delete"} and len(step.arguments) < 2
    return first.text if isinstance(first, Lit) and re.fullmatch(r"[\w.`\\]+", first.text) and not alone else None


__all__ = ["KINDS", "RUNS", "begun", "named", "step_of", "tells"]
