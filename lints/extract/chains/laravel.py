"""Where a query of Eloquent or of Laravel's query builder begins, and which calls run it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from lints.extract.chains import laravel_rows
from lints.extract.chains.parts import Asked, Begun
from lints.extract.ir import Invoke, Name
from lints.extract.sqltext import names
from lints.extract.values import Fn, Gap, Lit, Query, Returned, Step, Value
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.extract.recorder import Recorder

READS = names(
    "get first firstOrFail firstOr firstWhere find findOrFail findMany findOr findOrNew findSole all pluck value"
    " valueOrFail sole soleValue count exists doesntExist sum avg average max min paginate simplePaginate"
    " cursorPaginate chunk chunkById chunkMap each eachById lazy lazyById lazyByIdDesc cursor toArray implode modelKeys"
    " fastPaginate rawValue numericAggregate existsOr doesntExistOr collect"
)
DELETES = names("delete forceDelete truncate destroy forceDestroy deleteQuietly")
UPDATES = names("update increment decrement touch updateQuietly restore incrementEach decrementEach updateFrom")
INSERTS = names("create forceCreate createQuietly insert insertGetId insertOrIgnore fillAndInsert createMany")
KEYED = names("firstOrCreate updateOrCreate updateOrInsert createOrFirst firstOrNew")
RUNS = READS | DELETES | UPDATES | INSERTS | KEYED
"""Methods that run a query: what is called on their result is no part of it."""
PLAIN = names(
    "query newQuery newModelQuery on table from select addSelect selectRaw selectSub distinct with without withOnly"
    " withCount withSum withAvg withMin withMax withExists withAggregate load orderBy orderByDesc orderByRaw latest"
    " oldest inRandomOrder reorder limit take skip offset forPage groupBy groupByRaw having orHaving havingRaw"
    " havingBetween lockForUpdate sharedLock withTrashed onlyTrashed withoutTrashed onWriteConnection useWritePdo"
    " withCasts tap toBase getQuery timeout clone dd dump withoutEvents withDefault as alias useIndex forceIndex"
    " withPivot withTimestamps"
    " withoutGlobalScope withoutGlobalScopes withoutTenancy allTenants withoutTenant setEagerLoads enforceOrderBy using"
)
"""Methods that say nothing of whose rows are read."""
ATTACHES = names("attach sync syncWithoutDetaching toggle")
"""What ties rows to a row through a pivot table."""
_SENT = regex(r"\(?\s*(?:\$request\s*(?:->|\[)|request\(|\$this->request\s*->|Request::)")
_BUILDS = regex(r"(?:or|and)?[wW]here\w*|(?:or)?[hH]as|doesntHave|when|unless|\w*[jJ]oin|upsert")
_MEMBER = regex(r"(?:or)?[wW]here(?:Not)?In|where")
_CHAINED = regex(rb"\s*\??->\s*(\w*)")
_NOT_MODELS = names(
    "Arr Str Cache Http Storage Log Route Config Session Carbon CarbonImmutable Collection Request Response Auth Hash"
    " Crypt Mail Queue Event Gate Redirect URL Url View Validator Schema Artisan Bus Notification Password RateLimiter"
    " File Lang Cookie DateTime Date App Redis Excel PDF Pdf Rule Factory Closure Uuid Number Process Concurrency"
    " Context Pipeline Blade Broadcast Vite Lottery Sleep Benchmark Stringable Fluent Inertia DB"
)
_CONNECTIONS = names("PDO Mysqli Database Db Medoo Wpdb Query PdoWrapper Sql SQLite3 EasyDB Redis Predis")
"""What connections and clients are called that a property may hold."""
_CLASS = regex(rb"^[ \t]*(?:(?:final|abstract|readonly)\s+)*class\s+(\w+)", re.MULTILINE)
_NAMESPACE = regex(rb"^[ \t]*namespace\s+([\w\\]+)", re.MULTILINE)
_TYPED = regex(
    rb"\b(?:private|protected|public|readonly)\s+(?:(?:static|readonly|private|protected)\s+)*\??([\w\\]+)\s+\$(\w+)"
    rb"|\$this->(\w+)\s*=\s*\$(\w+)\s*;|[(,]\s*\??([A-Z][\w\\]*)\s+\$(\w+)|\$this->(\w+)\s*=\s*new\s+([\w\\]+)"
    rb"|\$(\w+)\s*=\s*(?:new\s+)?([A-Z]\w*)(?:::class)?(?:\(\))?\s*;"
)
"""What properties are declared as, promoted, or set to from a parameter that has a type."""
_NO_MODEL = regex(
    r".*(?:Connection|Manager|Client|Service|Repository|Factory|Interface|Builder|Request|Response|Store|Cache|Handler|Logger"
    r"|Contract|Helper|Provider|Resolver|Gateway|Queue|Dispatcher|Session|Guard|Filesystem|Storage|Collection|Validator"
    r"|Mailer|Api|Auth|Translator|Router|Command|Event|Job|Listener|Controller|Exception|DTO|Data|Enum|Config)"
)
_ON_MODEL = names(
    "find findOrFail findMany first firstOrFail firstWhere all paginate query newQuery newModelQuery with withTrashed"
    " onlyTrashed select orderBy orderByDesc latest oldest pluck create insert upsert updateOrCreate firstOrCreate join"
    " firstOrNew insertGetId insertOrIgnore destroy truncate count exists chunk chunkById cursor lockForUpdate when on"
    " withCount"
)
"""What is called on a model that is injected; the rest is called on rows as well, which a property may hold too."""
ANY_MODEL = "Model_of_"
"""What stands for a model that a variable names the class of (`lints.stores.any_model`)."""
_ASKED_OF_ANY = regex(
    r"(?:only|with)Trashed|find(?:OrFail|Many|OrNew)?|query|newQuery|where\w*|first(?:OrFail|Where)|withoutGlobalScopes?"
)
_NAMED_MODEL = names("model modelClass entity eloquent")
"""What a class that stands for any model calls it."""
_VARIABLE = regex(r"\$\w+(?:->\w+)*")
_MAX_BEFORE = 6000
_STATIC = regex(rb"\s*::")
_MADE_BY_CLASS = names("app resolve make")
_FORM = regex(rb"\bclass\s+\w+\s+extends\s+\w*(?:Request|Component)\b")
_RELATED = regex(r"(?:\$\w+|\w+\(\)|Auth)(?:->\w+(?:\(\))?)*->[a-z]\w*\(\)")
_CONNECTION = regex(r"(?:^|\.)(?:DB|db|connection|database|Capsule)$")


def step_of(notes: Recorder, call: Invoke, arguments: list[Value]) -> Step:
    """A step whose closures are source text: what they add to the query is read there.

    So are members of arrays and of a form, `$row['id']`: unlike `$boat->id` they are no key of a record.
    """
    form = _is_form(notes.source)
    given: list[Value] = []
    for written, value in zip(call.arguments, arguments, strict=False):
        text = notes.text(written.span)
        if form and laravel_rows.wired(notes.source, text):
            text += laravel_rows.WIRED
        sent = isinstance(value, Gap) and ("[" in text or (form and text.startswith("$this->")))
        given.append(Gap(text, written.span) if sent or isinstance(value, (Fn, Returned)) else value)
    return Step(call.method, tuple(given), {}, call.span)


@lru_cache(maxsize=4)
def _is_form(source: bytes) -> bool:
    return _FORM.search(source) is not None


def nested(step: Step) -> list[Query]:
    """Queries that are an argument of `whereIn` and have not run: parts of the one around them."""
    given = step.arguments[1:] if _MEMBER.fullmatch(step.method) else ()
    found = [one for one in given if isinstance(one, Query) and one.kind in {"eloquent", "laravel"}]
    return [one for one in found if not (isinstance(one.steps[-1], Step) and one.steps[-1].method in RUNS)]


def begun(notes: Recorder, call: Invoke, path: str, step: Step) -> tuple[str, str] | None:
    """(kind, model) of `Boat::where(…)`, `DB::table('boats')`, `(new Boat)->newQuery()`; None for any other call."""
    made, first = call.receiver, step.arguments[0] if step.arguments else None
    if call.method == "query" and call.arguments:
        return None  # of SQL in text, on a connection
    if call.method == "table" and isinstance(first, (Lit, Gap)) and made is not None:
        connected = isinstance(made, Invoke) and made.method in {"connection", "getConnection"}
        if not connected and _CONNECTION.search(path) is None:
            return None
        if isinstance(first, Gap):
            return ("laravel", ANY_MODEL) if _VARIABLE.fullmatch(notes.text(call.arguments[0].span)) else None
        return "laravel", first.text.strip()
    name = path
    held = path.removeprefix("this.") if path.startswith("this.") else ""
    if held:
        asks = call.method in _ON_MODEL or re.match(r"where|(?:or)?[hH]as|doesntHave", call.method) is not None
        name = _held(notes.source).get(held, "") if asks else ""
        if name in {"", "Model"} and held in _NAMED_MODEL and _ASKED_OF_ANY.fullmatch(call.method):
            return "eloquent", ANY_MODEL  # of whichever model those made of the class have
    elif isinstance(made, Invoke) and made.receiver is None and made.method in _MADE_BY_CLASS and made.arguments:
        asked = made.arguments[0]
        name = asked.path.removesuffix(".class") if isinstance(asked, Name) and asked.path.endswith(".class") else ""
        if not name and _VARIABLE.fullmatch(notes.text(asked.span)) and _ASKED_OF_ANY.fullmatch(call.method):
            return "eloquent", ANY_MODEL
    elif isinstance(made, Invoke) and made.receiver is None and made.method[:1].isupper():
        name = made.method if re.match(r"\(?\s*new\b", notes.text(made.span)) else ""
    elif path in {"self", "static"}:
        around = _CLASS.findall(notes.source[: call.span[0]])
        name = around[-1].decode() if around else ""
    held_class = made is not None and notes.source[made.span[0] : made.span[0] + 1] == b"$"
    if held_class and made is not None and _STATIC.match(notes.source, made.span[1]):
        return ("eloquent", ANY_MODEL) if _ASKED_OF_ANY.fullmatch(call.method) else None  # `$class::find($id)`
    if re.fullmatch(r"[A-Z]\w*", name) is None or not call.method[:1].islower():
        return None
    if name in _NOT_MODELS and f"Models\\{name}" not in _full_name(notes.source, name):
        return None
    known = call.method in RUNS or call.method in PLAIN or _BUILDS.fullmatch(call.method) is not None
    if not known and (call.method[:3] == "get" or _CHAINED.match(notes.source, call.span[1]) is None):
        return None  # a method of the class; a scope of the model would be followed by what runs it
    return "eloquent", _full_name(notes.source, name)


def held_model(source: bytes, path: str, before: int) -> str:
    """The model that a variable is declared as, or loaded from, last before a place; empty if that is not seen."""
    if not path.isidentifier():
        return ""
    around = source[max(0, before - _MAX_BEFORE) : before].decode("utf-8", "replace")
    around = around[max(around.rfind("function "), 0) :]
    found = re.findall(rf"\b([A-Z]\w*)\s+\${path}\b|\${path}\s*=\s*(?:new\s+)?([A-Z]\w*)\b", around)
    name = next((one or two for one, two in reversed(found)), "")
    return _full_name(source, name) if name and name not in _NOT_MODELS else ""


def along(asked: Asked) -> Begun | None:
    """A query on a relation of a record: `$account->boats()->where(…)`. What the names stand for, the models say.

    The first step, `@along`, has the path and the class that the code stands in.
    """
    call, notes = asked.call, asked.interpreter.notes
    made = call.receiver
    written = notes.text(made.span) if isinstance(made, Invoke) and not made.arguments else ""
    if isinstance(made, Name) and isinstance(asked.receiver, Gap):
        written = asked.receiver.origin or ""  # held in a variable
    if not written:
        return None
    known = call.method in RUNS or call.method in PLAIN or _BUILDS.fullmatch(call.method) is not None
    known = known or (call.method in ATTACHES and _SENT.match(notes.text(call.arguments_span)) is not None)
    if not known and not (call.arguments and _goes_on(notes.source, call.span[1])):
        return None  # a scope of the model would be followed by what runs it
    text = "".join(written.split()).replace("?->", "->").replace("::", "->")
    if _RELATED.fullmatch(text) is None or len(text) > 160 or text.endswith("Locator()"):
        return None
    path = text.replace("()", "").replace("$", "").replace("->", ".")
    around = _CLASS.findall(notes.source[: call.span[0]])
    held = Lit(around[-1].decode() if around else "", call.span)
    row = (Gap(path, call.span),) if text[0] == "$" and not path.startswith(("this.", "request.")) else ()
    return Begun("eloquent", path, (Step("@along", (Lit(path, call.span), held, *row), {}, call.span), asked.step))


def _goes_on(source: bytes, end: int) -> bool:
    """Whether a query goes on behind a call that is none of Eloquent's."""
    after = _CHAINED.match(source, end)
    name = after.group(1).decode() if after is not None else ""
    return name in RUNS or name in PLAIN or _BUILDS.fullmatch(name) is not None


@lru_cache(maxsize=4)
def _held(source: bytes) -> Mapping[str, str]:
    """The classes of a file's properties, as far as they may be models."""
    kinds: dict[str, str] = {}
    typed: dict[str, str] = {}
    given: list[tuple[str, str]] = []
    for found in _TYPED.finditer(source):
        kind, label, target, origin, wanted, parameter, made, of, default, named = (
            (part or b"").decode("utf-8", "replace") for part in found.groups()
        )
        if kind or default:
            kinds.setdefault(label or default, (kind or named).rpartition("\\")[2])
        elif origin:
            given.append((target, origin))
        elif parameter:
            typed.setdefault(parameter, wanted.rpartition("\\")[2])
        elif made:
            kinds.setdefault(made, of.rpartition("\\")[2])
    for target, origin in given:
        if origin in typed:
            kinds[target] = typed[origin]
    return {
        label: kind
        for label, kind in kinds.items()
        if kind[:1].isupper() and kind not in _NOT_MODELS | _CONNECTIONS and _NO_MODEL.fullmatch(kind) is None
    }


@lru_cache(maxsize=64)
def _full_name(source: bytes, name: str) -> str:
    """The full name of a class, as far as the file's imports say."""
    spelled = name.encode()
    imported = re.search(
        rb"^[ \t]*use\s+\\?([\w\\]+?)(?:\\%s|(\s+as\s+%s))\s*;" % (spelled, spelled), source, re.MULTILINE
    )
    if imported is not None:
        whole = imported.group(1).decode()
        return whole if imported.group(2) is not None else f"{whole}\\{name}"
    around = _NAMESPACE.search(source)
    return f"{around.group(1).decode()}\\{name}" if around is not None else name
