"""Which expressions of the code stand for the tenant in a statement or an ORM call."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache

from lints.extract import OrmCall, Statement
from lints.extract.facts import Argument, OrmStep
from lints.patterns import regex

MAX_VALUES = 20
_EQUALS = frozenset(["==", "eq", "equals", "in_", "inArray", "inList"])
_BY_TENANT = regex(r"^(?:find|get|read|query|count|exists|delete|remove|stream)\w*?By(?=[A-Z])")
_WRITTEN = regex(r"(?:\.|[{,\s\"])\"?(\w+)\"?\s*(?:==|:)\s*(?!=)([\w.?!()\[\]\"']{1,80})")
_MARK = r"(?P<mark>:h\d+|\$\d+|\?|%\(\w+\)s|%s|(?<!:):\w+|@\w+|\{\w+\}|\$\{\w+\}|\$\w+)"
_PLAIN_MARK = regex(_MARK)
_INSERT = regex(r"\binsert\s+into\s+[\w.\"`]+\s*\(([^()]{1,2000})\)\s*values\s*\(([^;]{1,3000})", re.IGNORECASE)


def of_statement(statement: Statement, columns: Collection[str]) -> tuple[str, ...]:
    """The expressions bound to a tenant column of a SQL or Cypher text, as far as they can be told from the call."""
    found: dict[str, None] = {}
    # The gaps are those of one path, and each path counts its own.
    whole = next((t for t in statement.variants if all(h.marker in t for h in statement.holes)), "")
    for text in statement.variants[:8] if not statement.holes else (whole,):
        for mark, position in _marks(text, tuple(sorted(columns))):
            value = _bound(statement, mark, position)
            if value is not None:
                found[value] = None
    return tuple(found)[:MAX_VALUES]


def of_call(call: OrmCall, columns: Collection[str]) -> tuple[str, ...]:
    """The expressions that an ORM call gives for its tenant."""
    named = tuple(sorted(columns))
    spelled = _spelled(named)
    found: dict[str, None] = {}
    for steps in call.variants[:8]:
        for step in steps:
            found.update(dict.fromkeys(_of_step(step, spelled, named)))
    return tuple(found)[:MAX_VALUES]


_BY_KEY = regex(
    r"(?:find|get|load|fetch|read)(?:One|Unique|First)?(?:_?by_?(?:id|pk|key)|Async)?(?:_?or_?(?:fail|throw|404)|_or_none|!)?(?:Async)?",
    re.IGNORECASE,
)
_KEYS = frozenset(["id", "pk", "uuid", "_id"])


def of_key(source: OrmCall | Statement, column: str) -> tuple[str, ...]:
    """The expressions that a call or a text compares a row's own key with."""
    if not isinstance(source, OrmCall):
        return of_statement(source, (column,))
    keys = _KEYS | {column.lower()}
    found: dict[str, None] = {}
    for step in (step for steps in source.variants[:8] for step in steps):
        for argument in step.arguments:
            found.update(dict.fromkeys(_of_argument(argument, keys, 0)))
        found.update(
            dict.fromkeys(
                text for name, value in step.keywords if name.partition("__")[0] in keys for text in _texts(value)
            )
        )
        if len(step.arguments) == 1 and step.arguments[0].kind == "value" and _BY_KEY.fullmatch(step.method):
            found[step.arguments[0].text] = None
    return tuple(found)[:MAX_VALUES]


def _of_step(step: OrmStep, spelled: Collection[str], columns: tuple[str, ...]) -> Iterator[str]:
    for argument in step.arguments:
        yield from _of_argument(argument, spelled, 0)
    yield from _of_pairs(step.arguments, spelled)
    first = step.arguments[0] if step.arguments else None
    if first is not None and first.kind == "text" and len(step.arguments) > 1:  # Where("tenant_id = ?", tenant)
        rest = step.arguments[1:]
        for mark, position in _marks(first.text, columns):
            if mark in {"?", "%s"} and position < len(rest):
                yield from _texts(rest[position])
            elif mark[0] in ":@":
                yield from (text for given in rest for text in _texts_of(given, mark[1:]))
    if _BY_TENANT.search(step.method):  # findByTenantId(tenant)
        names = re.split(r"And|Or", _BY_TENANT.split(step.method, maxsplit=1)[1])
        for name, argument in zip(names, step.arguments, strict=False):
            if name.lower() in spelled:
                yield from _texts(argument)
    for name, argument in step.keywords:
        if any(part.lower() in spelled for part in (name, *name.split("__"))):
            yield from _texts(argument)


def _of_argument(argument: Argument, spelled: Collection[str], depth: int) -> Iterator[str]:
    if depth > 8:
        return
    if argument.kind == "term" and argument.text in _EQUALS and len(argument.items) >= 2:
        for column, value in (argument.items[:2], argument.items[1::-1]):
            if column.kind == "value" and _last(column.text) in spelled and "." in column.text:
                yield from _texts(value)
        return
    for name, item in zip(argument.names, argument.items, strict=False):
        if name.lower() in spelled:
            yield from _texts(item)
        yield from _of_argument(item, spelled, depth + 1)
    if not argument.names:
        for item in argument.items:
            yield from _of_argument(item, spelled, depth + 1)
    if argument.kind == "value" and not argument.items:  # b => b.TenantId == tenant, &Boat{TenantID: tenant}
        for found in _WRITTEN.finditer(argument.text[:400]):
            if found.group(1).lower().replace('"', "") in spelled:
                yield found.group(2).strip()


def _of_pairs(arguments: Sequence[Argument], spelled: Collection[str]) -> Iterator[str]:
    """`where('tenant_id', '=', tenant)`: a column written out, its value after it."""
    first = arguments[0] if len(arguments) in {2, 3} else None
    if first is None or first.kind != "text" or _last(first.text) not in spelled:
        return
    if len(arguments) == 3 and not (arguments[1].kind == "text" and arguments[1].text.strip() in {"=", "in", "IN"}):
        return
    yield from _texts(arguments[-1])


def _last(name: str) -> str:
    return name.rpartition(".")[2].strip('`"[] ').lower()


def _texts_of(argument: Argument, name: str) -> Iterator[str]:
    for key, item in zip(argument.names, argument.items, strict=False):
        if key == name:
            yield from _texts(item)


def _texts(argument: Argument) -> Iterator[str]:
    if argument.kind in {"value", "dynamic"} and argument.text:
        yield argument.text
    for item in argument.items[:6]:
        yield from _texts(item)


@lru_cache(maxsize=64)
def _spelled(columns: tuple[str, ...]) -> frozenset[str]:
    """A column as attributes and properties name it: `tenant_id`, `tenantid`, `tenant`."""
    names = {column.lower() for column in columns}
    names |= {name.replace("_", "") for name in names}
    names |= {re.sub(r"_?(?:id|uuid)$", "", name) for name in names}
    return frozenset(name for name in names if len(name) > 2)


@lru_cache(maxsize=64)
def _compared(columns: tuple[str, ...]) -> re.Pattern[str]:
    names = "|".join(re.escape(column) for column in columns)
    return re.compile(
        rf"(?<![\w$])[\"`\[]?(?:{names})[\"`\]]?(?:::\w+)?\s*(?:=\s*(?:any\s*)?|in\s*)\(*\s*{_MARK}"
        rf"|{_MARK.replace('mark', 'before')}(?:::\w+)?\s*=\s*[\w.\"`]*?\b(?:{names})\b",
        re.IGNORECASE,
    )


def _marks(text: str, columns: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """(marker, how many of its kind stand before it) of each value that a tenant column is compared with or set to."""
    for found in _compared(columns).finditer(text):
        name = "mark" if found.group("mark") is not None else "before"
        yield found.group(name), _position(text, found.group(name), found.start(name))
    for insert in _INSERT.finditer(text):
        listed = [name.strip().strip('"`[]').rpartition(".")[2].lower() for name in insert.group(1).split(",")]
        values = _split(insert.group(2))
        start = insert.start(2)
        for index, name in enumerate(listed):
            if name in {column.lower() for column in columns} and index < len(values):
                offset, value = values[index]
                mark = _PLAIN_MARK.match(value)
                if mark is not None:
                    yield mark.group(), _position(text, mark.group(), start + offset)


def _position(text: str, mark: str, at: int) -> int:
    if mark == "?":
        return text.count("?", 0, at)
    if mark == "%s":
        return text.count("%s", 0, at)
    return int(mark[1:]) - 1 if mark[:1] == "$" and mark[1:].isdigit() else 0


def _split(values: str) -> list[tuple[int, str]]:
    """The items of a list up to its closing parenthesis, each with its offset."""
    out: list[tuple[int, str]] = []
    depth, start = 0, 0
    for index, character in enumerate(values):
        if character in "([{":
            depth += 1
        elif character in ")]}" and depth:
            depth -= 1
        elif (character == "," and not depth) or character in ")]}":
            item = values[start:index]
            out.append((start + len(item) - len(item.lstrip()), item.strip()))
            start = index + 1
            if character != ",":
                break
    return out


def _bound(statement: Statement, mark: str, position: int) -> str | None:
    if mark.startswith(":h") and mark[2:].isdigit():
        return next((hole.source for hole in statement.holes if hole.marker == mark), None)
    if statement.call is None:
        return None
    given = _after_text(statement)
    if mark in {"?", "%s"} or (mark[:1] == "$" and mark[1:].isdigit()):
        values = _listed(given)
        return values[position] if values is not None and position < len(values) else None
    name = mark.strip("%()s:@{}$") if mark[0] != "%" else mark[2:-2]
    return _named(given, name)


_TEXT_NAME = regex(r"(?:\w+\.)*\w*(?:sql|query|stmt|statement)\w*(?:\.\w+)?", re.IGNORECASE)
_NOT_VALUES = regex(
    r"(?:ctx|context|r\.Context\(\)|mapper|\w*[rR]owMapper|new \w*RowMapper|\w+\.class|\w+::class(?:\.java)?)(?![\w.])"
)


def _after_text(statement: Statement) -> tuple[str, ...]:
    """The arguments that follow the statement's text in its call."""
    arguments = statement.call.arguments if statement.call is not None else ()
    start = " ".join(statement.snippet.split())[:30]
    plain = [" ".join(argument.split()) for argument in arguments]
    at = next((i for i, text in enumerate(plain) if start and start in text), None)
    if at is None:
        at = next((i for i, text in enumerate(plain) if _TEXT_NAME.fullmatch(text)), None)
    return arguments if at is None else arguments[at + 1 :]


def given_to(statement: Statement) -> tuple[str, ...]:
    """The sources of what is bound to a statement, each by itself."""
    return (*_after_text(statement), *(hole.source for hole in statement.holes))


def values_of(statement: Statement) -> str:
    """The source of everything that is bound to a statement."""
    return " ".join(given_to(statement))


def values_in(call: OrmCall) -> Iterator[str]:
    """The sources of everything that an ORM call is given, as far as they are single expressions."""
    waiting = [a for steps in call.variants[:8] for s in steps for a in (*s.arguments, *(v for _, v in s.keywords))]
    for count, given in enumerate(waiting):
        if count > 200:
            return
        if given.kind in {"value", "call", "dynamic"} and given.text:
            yield given.text
        waiting += given.items


def markers_of(statement: Statement, text: str) -> tuple[tuple[int, int, str], ...]:
    """Each placeholder of a text with the expression that it stands for: its start, its end and the source."""
    out: list[tuple[int, int, str]] = []
    for found in _PLAIN_MARK.finditer(text):
        value = _bound(statement, found.group(), _position(text, found.group(), found.start()))
        if value is not None:
            out.append((*found.span(), value))
    return tuple(out)


def _listed(given: Iterable[str]) -> list[str] | None:
    """Values by position: one list or tuple, or the arguments themselves."""
    rest = [g for g in given if not _NOT_VALUES.match(g) and "=>" not in g]
    for one in rest:
        listed = re.match(r"(?:new \w+\[\]\s*|[aA]rray)?[\[({]", one)
        if listed is not None:
            return [item for _, item in _split(one[listed.end() :] + ")")]
    return rest or None


def _named(given: Iterable[str], name: str) -> str | None:
    word = re.escape(name)
    pair = re.compile(
        rf"[{{,(\s]['\":]?{word}['\"]?\s*(?::|=>|=)\s*([^,}}\n]+)|\(\s*['\"]{word}['\"]\s*,\s*([^,()\n]+(?:\([^()]*\))?)|[{{,]\s*({word})\s*[,}}]"
    )
    for text in given:
        found = pair.search(f" {text}")
        if found is not None:
            return next(group for group in found.groups() if group is not None).strip()
    return None
