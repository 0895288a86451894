"""What Eloquent models put on their queries: global and local scopes, static methods that begin one, builders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from lints.extract.chains.laravel import RUNS
from lints.extract.ir import Assign, Define, Do, Expr, Invoke, Leave, Name
from lints.patterns import regex
from lints.schema.laravel import inside, snake
from lints.schema.orm import Class, calls_within, chain, returned
from lints.tenancy import Origin

_TENANT_TRAIT = regex(
    r"(?:(?:BelongsTo|ScopedBy|Has|Uses|For)(?:Current)?(?:Primary)?)?(?:Multi)?"
    r"(?:Tenant|Team|Company|Organi[sz]ation|Workspace|Account)(?:able|Aware|Scoped?|Trait|Model|Connection)*"
)
_COLUMN = regex(
    r"\b(?:where(?:In|Not|Null)?|qualifyColumn|WhereIn)\(\s*[^,'\"]{0,80}['\"](?:[^'\"\n]{0,80}\.)?`?(\w+)`?['\"]"
)
_EQUAL = regex(
    r"\bwhere(?:In)?\(\s*[^,'\"]{0,80}['\"](?:[^'\"\n]{0,80}\.)?`?(\w+)`?['\"]\s*\)?\s*,"
    r"(?!\s*(?:['\"](?:[<>!]|not|like)|null\b))"
)
_DYNAMIC = regex(r"->where((?:[A-Z][a-z0-9]+)+)\(")
_RAW = regex(r"\w*[rR]aw\([^;]{0,300}")
_IN_RAW = regex(r"\b([a-z]\w*)`?\s*(?:=|\b[iI][nN]\b)")
_CONDITIONAL = regex(r"\bif\s*\(|\bwhen\(|\bunless\(|\borWhere|\?")
_SCOPED_BY = regex(r"#\[\s*(?:\w+\\)*ScopedBy\(\s*\[?([^\])]{1,400})")
_NAMED = regex(r"(?:new\s+|^[ \t]*)\\?(?:\w+\\)*(\w+)(?:::class)?")
_HANDED = regex(r"\b(\w+)::(\w+)\(\s*\$(?:builder|query|q)\b")
_DEFAULT = regex(r"[(,]\s*(?:\??string\s+)?\$(\w+)\s*=\s*('\w+'|\"\w+\")")
_MARKED = regex(r"#\[\s*(?:\w+\\)*Scope\b")
_STATIC = regex(r"\bstatic\b[^(){}]*\bfunction\b")
_BUILDER = regex(
    r"\bfunction\s+newEloquentBuilder\b[^{}]{0,200}\{[^{}]{0,200}\bnew\s+\\?(?:\w+\\)*(\w+)"
    r"|#\[\s*(?:\w+\\)*UseEloquentBuilder\(\s*\\?(?:\w+\\)*(\w+)::class"
    r"|\bstatic\s+string\s+\$builder\s*=\s*\\?(?:\w+\\)*(\w+)::class"
)
_RETURNS_ROWS = regex(
    r"return\s+\$\w+(?:\s*->[^;{}]{0,200})?->(?:get|paginate|simplePaginate|cursorPaginate|first\w*|count|pluck)\([^;{}]{0,60};"
)
BODY = "{"
"""Stands before the text of a scope that is a condition on related rows: it is read where it is used."""
CLIENT = "&"
"""Stands before what a client sends, where a scope compares with that."""
CALLED = "@"
"""Stands before what a global scope is called."""
OPENS = "-"
"""A scope that takes what is compared in every query away, or, before a name, what that one compares."""
ROWS = "="
"""A static method that gives rows of the model: they are asked for in it, and judged there."""
SENT = regex(
    r"\$?\brequest(?:\(\))?\s*->\s*(?:(?:header|input|query|get|post|cookie|json|string|integer)\([^()]{0,80}\)"
    r"|(?!user\b|session\b|attributes\b|route\b)\w+(?![\w(]|\s*->))|\brequest\(\s*['\"][^()]{0,80}\)"
    r"|\bRequest::(?:header|input|query|get|post)\([^()]{0,80}\)|\$this->(?:input|header|post|validated|get)\([^()]{0,80}\)"
    r"|\$(?:validated|input)\[['\"]\w{1,80}['\"]\]"
)
"""Where a value of a Laravel application comes from if a client names it."""
_ON_RELATED = regex(r"->where(?:Has|BelongsTo|Relation)\(")
_OWN = "begun"
"""What a query is called in the closure that a method is turned into."""
_MAX_CALLS = 3


def global_scopes(above: Sequence[Class], known: Mapping[str, list[Class]]) -> dict[str, str]:
    """Column to place: what conditions are put on every query of the model. `*` stands for the tenant's, unseen; what a
    scope is called, behind `@`, leads to the columns that it compares."""
    scopes: dict[str, str] = {}

    def remember(text: str, place: Origin, name: str) -> None:
        for column in _EQUAL.findall(text):
            scopes.setdefault(column, f"{place.path}:{place.line}")
            scopes[f"{CALLED}{name}"] = f"{scopes.get(f'{CALLED}{name}', '')} {column}"

    def of_class(name: str, held: Class) -> None:
        """The scope of a class, as a file calls it: `use App\\Scopes\\Category as Scope`."""
        renamed = re.search(rb"^use\s+[\w\\]*?(\w+)\s+as\s+%s\s*;" % name.encode(), held.source.data, re.MULTILINE)
        for scope in known.get(renamed.group(1).decode() if renamed is not None else name, []):
            origin = scope.source.origin(scope.body.span[0], name)
            text = scope.source.data[scope.body.span[0] : scope.body.span[1]].decode("utf-8", "replace")
            if renamed is not None and "function apply" not in text:
                continue  # another class of that name
            scopes.setdefault(f"{CALLED}{name}", "")
            remember(text, origin, name)
            for method in _handed(scope, text, known):
                remember(method, origin, name)

    for held in above:
        start, end = held.body.span
        text = held.source.data[start:end].decode("utf-8", "replace")
        for found in re.finditer(r"addGlobalScope\(", text):
            written = inside(text, found.end())
            named = _NAMED.match(written)
            if re.search(r"\b(?:function|fn)\b", written):
                called = re.match(r"\s*['\"]([\w.-]+)['\"]\s*,", written)
                name = called.group(1) if called is not None else ""
                scopes.setdefault(f"{CALLED}{name}", "")
                remember(written, held.source.origin(start, ""), name)
            elif named is not None:
                of_class(named.group(1), held)
        by = _SCOPED_BY.search(text)
        for name in re.findall(r"(\w+)::class", by.group(1)) if by is not None else ():
            of_class(name, held)
        for base in held.body.bases:
            if base not in known and _TENANT_TRAIT.fullmatch(base):
                scopes.setdefault("*", f"{held.source.path}: {base}")
    return scopes


def _handed(holder: Class, text: str, known: Mapping[str, list[Class]], depth: int = 0) -> Iterator[str]:
    """The static methods that a scope hands its query to: `Fleet::narrow($builder)`."""
    for name, method in _HANDED.findall(text) if depth < _MAX_CALLS else ():
        for owner in [holder] if name in {"self", "static"} else known.get(name, []):
            for member in owner.body.body:
                if isinstance(member, Define) and member.function.name == method:
                    body = _text(owner, member)
                    for variable, value in _DEFAULT.findall(body[: body.find("{")]):
                        body = re.sub(rf"\${variable}\b(?!\s*=)", value, body)
                    yield body
                    yield from _handed(owner, body, known, depth + 1)


def local_scopes(above: Sequence[Class], known: Mapping[str, list[Class]]) -> dict[str, tuple[str, ...]]:
    """Name to the columns that a local scope (`scopeOpen`) compares, `~` before one that it only mentions.

    Marks come first: `?` if it does so on some paths only, `!` if it gives rows and not the query.
    """
    texts_of: dict[str, str] = {}
    begun: dict[str, tuple[str, ...]] = {}
    for held in above:
        for member in held.body.body:
            name = member.function.name if isinstance(member, Define) else ""
            text = _text(held, member) if isinstance(member, Define) else ""
            if isinstance(member, Define) and re.match(r"scope[A-Z]", name):
                texts_of.setdefault(name[5].lower() + name[6:], text)
            elif _MARKED.search(text[:200]) is not None:
                texts_of.setdefault(name, text)
            elif isinstance(member, Define) and _STATIC.search(text[:200]) is not None:
                marks = _begins(held, member, {"self", "static", "parent", above[0].body.name})
                begun.setdefault(name, marks) if marks else None
    found = {**begun, **_of_builders(above, known)}
    for name, text in texts_of.items():
        called = [other for other in re.findall(r"->(\w+)\(", text) if other in texts_of and other != name]
        equal = {*_EQUAL.findall(text), *(snake(found) for found in _DYNAMIC.findall(text))}
        columns = [column if column in equal else f"~{column}" for column in _columns_in(text)]
        columns += [f"~{column}" for other in called for column in _columns_in(texts_of[other])]
        some = _CONDITIONAL.search(text) is not None or bool(called)
        marks = ("?",) * some + ("!",) * (_RETURNS_ROWS.search(text) is not None)
        if _ON_RELATED.search(text) is not None and not called:
            columns, marks = (
                [BODY + re.sub(r"^.*?\bfunction\s+\w+", "function ", text, count=1, flags=re.DOTALL)],
                marks[len(marks) :],
            )
        found[name] = (*marks, *dict.fromkeys((*columns, *_further(text))))
    return found


def _further(text: str) -> Iterator[str]:
    """What else is said of a query beside its conditions."""
    for found in re.finditer(r"withoutGlobalScopes?\(([^()]{0,200})", text):
        called = re.findall(r"(?:new\s+|['\"])?\\?(?:\w+\\)*(\w[\w.-]*)", found.group(1).replace("::class", ""))
        named = [name for name in called if name != "new"]
        yield from (f"{OPENS}{name}" for name in named or ("",))
    sent = SENT.search(text)
    if sent is not None:
        yield CLIENT + sent.group()


def _begins(held: Class, member: Define, own: set[str]) -> tuple[str, ...]:
    """`public static function ofFleet($fleet) { return self::where('fleet_id', $fleet->id); }` as a scope.

    Nothing if it need not give a query, or gives one on some paths only.
    """
    body = list(member.function.lower_body())
    left = [one.value for one in body if isinstance(one, Leave) and one.value is not None]
    if not left or len(left) > 1 or not all(isinstance(one, (Assign, Do, Leave)) for one in body):
        return (ROWS,) if any(_runs(one, own) for one in left) else ()
    calls = chain(left[0])
    if not calls or not _on_itself(calls[0], own):
        return (ROWS,) if _runs(left[0], own) else ()
    if any(call.method in RUNS for call in calls):
        return (ROWS,)
    receiver = calls[0].receiver
    after = receiver.span[1] if receiver is not None else calls[0].span[0]
    text = held.source.data[after : calls[-1].span[1]].decode("utf-8", "replace").lstrip()
    if not text.startswith("::"):
        return ()
    return (f"{BODY}function (${_OWN}) {{ ${_OWN}->{text[2:].lstrip()}; }}", *_further(text))


def _on_itself(call: Invoke, own: set[str]) -> bool:
    return isinstance(call.receiver, Name) and call.receiver.path in own


def _runs(given: Expr | None, own: set[str]) -> bool:
    """Whether rows of the class are asked for in an expression, or in a closure that a call of it is handed."""
    for call in calls_within(given):
        if call.method in RUNS and _on_itself(chain(call)[0], own):
            return True
        if any(_runs(returned(one), own) for one in call.arguments):
            return True
    return False


def _of_builders(above: Sequence[Class], known: Mapping[str, list[Class]]) -> dict[str, tuple[str, ...]]:
    """What the methods of a builder that the model names put on its query."""
    found: dict[str, tuple[str, ...]] = {}
    for held in above:
        start, end = held.body.span
        text = held.source.data[max(0, start - 400) : end].decode("utf-8", "replace")
        for names in _BUILDER.findall(text):
            for builder in known.get(next((name for name in names if name), ""), []):
                for member in builder.body.body:
                    name = member.function.name if isinstance(member, Define) else "__"
                    if isinstance(member, Define) and not name.startswith("__"):
                        said = _text(builder, member).partition("{")[2].replace("$this", f"${_OWN}")
                        found.setdefault(name, (f"{BODY}function (${_OWN}) {{ {said}", *_further(said)))
    return found


def _text(held: Class, member: Define) -> str:
    return held.source.data[member.span[0] : member.span[1]].decode("utf-8", "replace")


def _columns_in(text: str) -> tuple[str, ...]:
    dynamic = (snake(found) for found in _DYNAMIC.findall(text))
    raw = (column for said in _RAW.findall(text) for column in _IN_RAW.findall(said))
    return tuple(dict.fromkeys((*_COLUMN.findall(text), *dynamic, *raw)))
