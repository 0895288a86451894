"""Where a query of Active Record or Sequel begins, along which associations, and which calls run it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from lints.extract.chains import ruby_rows
from lints.extract.chains.parts import Asked, Begun
from lints.extract.ir import Expr, Invoke, Items, Leave, Name, Other, Pairs, Text
from lints.extract.recorder import Recorder
from lints.extract.sqltext import names
from lints.extract.values import Alt, Fn, Gap, Listing, Lit, Nothing, Query, Record, Returned, Step, Value
from lints.patterns import regex

KINDS = frozenset({"active_record", "sequel"})
ONE = names(
    "find find_by find_by! first first! last last! take take! second third sole find_sole_by find_or_create_by"
    " find_or_create_by! find_or_initialize_by first_or_create first_or_create! first_or_initialize"
    " create_or_find_by create_or_find_by! create create! with_pk with_pk! first_where find_signed find_signed!"
    " find_by_token_for find_by_token_for!"
)
"""Calls that give one record."""
RUNS = ONE | names(
    "count exists? pluck pick ids sum average minimum maximum calculate update_all delete_all destroy_all"
    " touch_all destroy_by delete_by insert insert! insert_all insert_all! upsert upsert_all find_by_sql"
    " count_by_sql delete destroy update update! update_counters increment_counter decrement_counter"
    " reset_counters find_each find_in_batches each map any? none? many? one? empty? size length to_a"
    " each_with_index each_with_object flat_map filter_map index_by group_by async_count async_pluck discard_all"
    " discard_all! undiscard_all import import! map_with_index each_slice present? blank? include? member?"
    " multi_insert get select_map select_order_map paged_each"
)
"""Calls that run a query: what is called on their result is no part of it."""
PLAIN = names(
    "all where rewhere not or and order reorder in_order_of limit offset distinct select reselect joins"
    " left_joins left_outer_joins includes preload eager_load references group having merge unscoped unscope"
    " except only none from readonly lock in_batches extending create_with annotate strict_loading missing"
    " associated excluding without invert_where regroup with load load_async reverse_order optimizer_hints unscope"
    " itself filter exclude join left_join inner_join association_join dataset for_update naked reverse select_all"
    " eager eager_graph graph paginate project"
)
SURE = names(
    "where rewhere find_by find_by! find_sole_by find_or_create_by find_or_create_by! find_or_initialize_by"
    " find_each find_in_batches in_batches update_all delete_all destroy_all touch_all pluck pick exists? joins"
    " left_joins left_outer_joins includes preload eager_load unscoped unscope insert_all insert_all! upsert_all"
    " delete_by destroy_by find order reorder limit ids create create! first_or_create first_or_create!"
    " update_counters merge first! last! find_by_sql take! find_signed find_signed!"
)
"""Calls that a list or a hash does not have, or seldom."""
_TAKES = names("where rewhere not or and merge find_by find_by! exists? exclude filter excluding without from with")
"""Calls that take a query as a part of their own."""
_OF_MODEL = regex(r"class$|klass$|klazz$|model$|^DB$|^db$")
_GOES_ON = RUNS | PLAIN | {"accessible_by"}
_CLASS = regex(r"(?:::)?(?:[A-Z]\w*(?:::|\.))*[A-Z]\w*")
_PATH = regex(
    r"(?:::)?[A-Za-z_][\w:]*[?!]?(?:\(\))?(?:\[[^\[\]]*(?:\[[^\[\]]*\])?[^\[\]]*\])?"
    r"(?:\.[A-Za-z_]\w*[?!]?(?:\(\))?(?:\[\])?)*"
)
_POLICIES = names("policy_scope policy_scope! authorized_scope authorized")
"""What Pundit and Action Policy call the rows that a policy lets through."""
_LOCATES = {
    "locate": "find",
    "locate_many": "find",
    "locate_signed": "find_signed",
    "locate_many_signed": "find_signed",
}
"""How rows are found by global ids; only the server can have made one that is signed."""
_BEGINS = SURE | _POLICIES | ruby_rows.BEGINS | {"find_by_sql", "count_by_sql", "resolve", *_LOCATES}
OF_CLASS = names(
    "connection connection_pool lease_connection with_connection arel_table table_name primary_key columns_hash"
    " model_name human_attribute_name column_names attribute_names reflect_on_association new name call perform_later"
    " perform_async perform_now transaction descendants subclasses superclass ancestors instance_methods"
)
"""Methods of a model's class that begin no query of it."""
SERVES = names(
    "Service Job Worker Mailer Helper Controller Error Serializer Policy Presenter Decorator Builder Client Query"
    " Factory Validator Type Form Component Adapter Parser Formatter Calculator Logger Config Configuration Util Utils"
    " Errors"
)
"""What the names of classes end in that are no models."""
BUILT_IN = names(
    "Rails Time Date DateTime File Dir JSON YAML Hash Array String Integer Float Set Struct Kernel Process ENV Redis"
    " Sidekiq Sentry SecureRandom Digest Base64 URI Net CGI ERB I18n Math Random Regexp Thread Mutex Marshal Object"
    " ObjectSpace Class Module Proc Current Faker FactoryBot Stripe Nokogiri HTTParty Faraday OpenSSL Logger Benchmark"
    " Pathname Tempfile Zip CSV StringIO Range Comparable Enumerable GC Signal Timeout Socket IO BigDecimal Rational"
    " Data Money ISO3166 Arel"
)
_NOT_MODELS = regex(rf".*(?:{'|'.join(sorted(SERVES))})|{'|'.join(sorted(BUILT_IN))}|Time\w*")
_HEAD = regex(rb"^([ \t]*)(?:class|module)[ \t]+((?:::)?[A-Z][\w:]*)", re.MULTILINE)
_RELEASED = regex(
    rb"(?:\.without_tenant|\bMultiTenant\.without|\bwithout_current_tenant|\.unscoped|\.without_multi_tenant"
    rb"|\.with_tenant\([ \t]*nil[ \t]*\))"
    rb"[ \t]*(?:\([^()\n]{0,80}\)[ \t]*)?$"
)
_TABLE = regex(r"^@{0,2}(?:\w+::)*(?:DB|db|\w*[dD]atabase|sequel)\[:(\w+)\]$")
_OF_DATABASE = regex(r"(?:^|\.)(?:DB|db|\w*[dD]atabase|sequel)$")
_EACH = regex(
    r"^(.{1,120}?)\.(?:filter_map|map|collect|flat_map|pluck|each_with_object)\(\s*&?:(\w+)\s*\)(?:\.\w+)*$", re.DOTALL
)
_DATASET = regex(rb"\bSequel\b")
_AFTER = regex(rb"\s*&?\.([a-z]\w*[?!]?)")
_OF_FOUND = regex(r"[A-Z][\w:]*\[[^\]]*\]\.\w+\.")
"""A path along what a row has that was found before: `Boat[id].fleet.boats`."""
_IVAR = regex(r"@{1,2}\w+(?:&?\.\w+)*")
_NUMBER = regex(r"-?\d[\d_]*")


def step_of(notes: Recorder, call: Invoke, arguments: list[Value], keywords: Mapping[str, Value]) -> Step:
    """A step with its constants as such, and keys of rows that the code holds by where they are from."""
    given = [_given(notes, written, value) for written, value in zip(call.arguments, arguments, strict=False)]
    if call.method in {"or", "merge", "and"}:
        given = [_scope(one, value) for one, value in zip(call.arguments, given, strict=False)]
    given += arguments[len(given) :]
    written = dict(call.keywords)
    named = {
        name: _given(notes, written[name], value) if name in written else value for name, value in keywords.items()
    }
    return Step(call.method, tuple(given), named, call.span)


def _scope(written: Expr, value: Value) -> Value:
    """`or(Boat.afloat)`: a scope by itself, which nothing else tells from a method of the class."""
    if not isinstance(value, Gap) or not isinstance(written, Invoke) or not isinstance(written.receiver, Name):
        return value
    name = written.receiver.path.replace(".", "::").removeprefix("::")
    if not name[:1].isupper() or written.arguments or written.keywords:
        return value
    around = Step("@in", (Lit("", written.span),), {}, written.span)
    return Query("active_record", name, (around, Step(written.method, (), {}, written.span)), written.span)


def _given(notes: Recorder, written: Expr, value: Value) -> Value:
    if isinstance(value, Nothing) and isinstance(written, Name) and written.path == "false":
        return Gap("false", written.span)
    if isinstance(written, Items) and isinstance(value, Listing) and len(written.items) == len(value.items):
        return Listing(
            tuple(
                Gap("nil", one.span) if isinstance(one, Name) and one.path == "nil" else held
                for one, held in zip(written.items, value.items, strict=True)
            )
        )
    if isinstance(written, Name) and isinstance(value, (Fn, Returned)):
        made = _hash_of(notes, value)
        if made is not None:
            return made
        return Gap(
            ruby_rows.permitted(notes, written.path), written.span
        )  # a method of the file, called without arguments
    if isinstance(written, Invoke) and written.method == "merge" and isinstance(value, (Gap, Query)):
        pairs = {name: _plain(notes, one) for name, one in (*written.keywords, *_pairs(written.arguments))}
        if pairs and written.receiver is not None:  # what is merged wins over what was there
            return Record(
                {"...": Gap(notes.text(written.receiver.span), written.span), **pairs}, notes.text(written.span)
            )
    if isinstance(value, Gap):
        if isinstance(written, Name) and value.source == written.path:
            return Gap(ruby_rows.permitted(notes, written.path), value.span, origin=value.origin)
        if _IVAR.fullmatch(value.source):
            return Gap(value.source.lstrip("@"), value.span, origin=value.origin)
        if _NUMBER.fullmatch(value.source):
            return Lit(value.source, value.span)
        each = _EACH.match(value.source)
        if each is not None and _PATH.fullmatch(path_of(each.group(1))):
            return Gap(f"{path_of(each.group(1))}.each.{each.group(2)}", value.span)
        if "[" in (text := notes.text(written.span)) and isinstance(written, Other):
            return Gap(text, written.span)
    return value


def _hash_of(notes: Recorder, value: Fn | Returned) -> Record | None:
    """The hash that a method of the file gives, if that is all it does."""
    body = value.function.lower_body() if value.function is not None and not value.function.parameters else ()
    last = body[-1] if len(body) == 1 else None
    given = last.value if isinstance(last, Leave) else None
    if not isinstance(given, Pairs) or not given.pairs:
        return None
    return Record({name or "": _plain(notes, one) for name, one in given.pairs}, notes.text(given.span)[:200])


def _plain(notes: Recorder, written: Expr) -> Value:
    if isinstance(written, Text):
        return Lit(written.value, written.span)
    return Gap(notes.text(written.span).lstrip("@"), written.span)


def _pairs(arguments: tuple[Expr, ...]) -> Iterator[tuple[str, Expr]]:
    for one in arguments:
        if isinstance(one, Pairs):
            yield from ((name, value) for name, value in one.pairs if name is not None)


def begun(asked: Asked) -> Begun | None:
    """The query that a call of Ruby begins; None for any other call.

    On a class the query is of that; else the first step, `@along`, says along which path of names the rows are reached,
    and which class the code stands in. What the names stand for is known only with the models.
    """
    call, method, notes = asked.call, asked.call.method, asked.interpreter.notes
    if _is_idle(asked):
        return None
    if method in {"find_by_sql", "count_by_sql"} and not isinstance(next(iter(asked.step.arguments), None), Gap):
        return None  # the text is judged where it stands
    if method in _POLICIES and (call.receiver is None or notes.text(call.receiver.span) == "Pundit"):
        return _by_policy(asked, asked.call)
    if method == "resolve" and isinstance(call.receiver, Invoke) and call.receiver.method == "new":
        made = call.receiver.receiver
        if made is not None and notes.text(made.span).endswith("Policy::Scope"):
            return _by_policy(asked, call.receiver)
    steps: tuple[Step, ...] = (asked.step,)
    if _released(notes):
        steps = (Step("without_tenant", (), {}, call.span), asked.step)
    if method == "from" and call.arguments and _OF_DATABASE.search(asked.path) and _DATASET.search(notes.source):
        first = asked.step.arguments[0]
        begin = Step("dataset", (), {}, call.span)
        return Begun("sequel", first.text, (*steps[:-1], begin)) if isinstance(first, Lit) else None
    if isinstance(call.receiver, Other) and _DATASET.search(notes.source):
        table = _TABLE.match(notes.text(call.receiver.span))
        if table is not None:
            return Begun("sequel", table.group(1), steps)
    written = notes.text(call.receiver.span) if call.receiver is not None else ""
    if isinstance(asked.receiver, Gap) and _CLASS.fullmatch(asked.receiver.source):
        written = asked.receiver.source
    if _CLASS.fullmatch(written):
        return _of_class(asked, written.replace(".", "::").removeprefix("::"), steps)
    if ruby_rows.of_any(notes, call, written):
        return Begun("active_record", ruby_rows.ANY_MODEL, steps)
    of_arel = ruby_rows.of_table(call, asked.receiver, written)
    if of_arel is not None:
        return _of_class(asked, of_arel, steps)
    row = ruby_rows.of_row(notes, call, asked.step)
    if row is not None:
        around = Lit("::".join(_around(notes.source, call.span[0])), call.span)
        return Begun("active_record", row[0], (Step("@in", (around,), {}, call.span), row[1]), aside=True)
    known = method in RUNS or method in PLAIN
    if call.receiver is None or (not known and not ((call.arguments or call.keywords) and _followed(notes, call))):
        return None
    if _of_hash(asked, call.receiver):
        return None
    path = _from_found(asked, call.receiver) or _start(notes, asked.receiver, call.receiver)
    if _PATH.fullmatch(path) is None or path in {"params", "self"} or path.rpartition(".")[2] in OF_CLASS:
        return None  # `Boat.connection.select_all(sql)` is handed its text
    hops = path.count(".")
    if method == "merge" and (not hops or path.endswith(("params", "attributes", "options", "data"))):
        return None  # of two hashes
    if (hops == 0 and (method not in SURE or not known)) or (
        method in {"find", "order", "limit", "delete", "first"} and not hops
    ):
        return None
    held = Lit("::".join(_around(notes.source, call.span[0])), call.span)
    said = (Lit(path, call.span), held, *((Gap(path, call.span),) if _OF_FOUND.match(path) else ()))
    return Begun("active_record", path, (Step("@along", said, {}, call.span), *steps))


def _is_idle(asked: Asked) -> bool:
    """Whether a call of something that the method was handed, or has made itself, begins no query: `items.first(3)`,
    `found.sort_by { … }`. Nothing else is asked of most calls of Ruby."""
    call, held = asked.call, asked.receiver
    if call.method in _BEGINS or not isinstance(call.receiver, Name) or not call.receiver.path.islower():
        return False
    plain = isinstance(held, Gap) and held.source == call.receiver.path and held.origin is None
    return plain and call.receiver.path.isidentifier() and not _OF_MODEL.search(call.receiver.path)


def _by_policy(asked: Asked, call: Invoke) -> Begun | None:
    """`policy_scope(Boat)`, `Pundit.policy_scope!(user, fleet.boats)`, `BoatPolicy::Scope.new(user, Boat).resolve`."""
    notes = asked.interpreter.notes
    own = not any(name in {"policy_scope_class", "with"} for name, _ in call.keywords)
    step = Step("policy_scope" if own else "@unseen", (), {}, call.span)
    if not call.arguments:
        return None
    last = call.arguments[-1]
    given = asked.step.arguments[-1] if call is asked.call else None
    if isinstance(given, Query):
        return Begun(given.kind, given.model, (*given.steps, step), base=(given,)) if given.kind in KINDS else None
    around = Lit("::".join(_around(notes.source, call.span[0])), call.span)
    scope: tuple[Step, ...] = ()
    if isinstance(last, Invoke) and last.receiver is not None and not last.arguments and not last.keywords:
        scope, last = (Step(last.method, (), {}, last.span),), last.receiver  # `Boat.afloat`
    written = notes.text(last.span)
    if _CLASS.fullmatch(written) is not None:
        name = written.replace(".", "::").removeprefix("::")
        return Begun("active_record", name, (Step("@in", (around,), {}, call.span), *scope, step))
    path = _start(notes, given, call.arguments[-1])
    if _PATH.fullmatch(path) is None or "." not in path:
        return None
    return Begun("active_record", path, (Step("@along", (Lit(path, call.span), around), {}, call.span), step))


def _followed(notes: Recorder, call: Invoke) -> bool:
    """Whether a query goes on behind a call that is none of Active Record's: it may be a scope."""
    after = _AFTER.match(notes.source, call.span[1])
    return after is not None and after.group(1).decode() in _GOES_ON


def _of_class(asked: Asked, name: str, steps: tuple[Step, ...]) -> Begun | None:
    method = asked.call.method
    last = name.rpartition("::")[2]
    found = _LOCATES.get(method) if name == "GlobalID::Locator" else None
    if found is not None:
        return Begun("active_record", ruby_rows.ANY_MODEL, (Step(found, asked.step.arguments, {}, asked.call.span),))
    made = ruby_rows.filled(asked.interpreter.notes, asked.call, asked.step, made=True)
    known = made is not None or method in RUNS or method in PLAIN or method.startswith("find_by_")
    if name in {"DB", "Sequel"} or (name == last and _NOT_MODELS.fullmatch(last) and not known):
        return None
    goes_on = asked.call.arguments or asked.call.keywords or _followed(asked.interpreter.notes, asked.call)
    if not known and (not goes_on or method[:1].isupper() or method in OF_CLASS):
        return None
    around = Lit("::".join(_around(asked.interpreter.notes.source, asked.call.span[0])), asked.call.span)
    where = Step("@in", (around,), {}, asked.call.span)
    if made is not None:
        return Begun("active_record", name, (where, made), aside=True)
    return Begun("active_record", name, (where, *steps))


def record_of(query: Query, call: Invoke) -> Gap | None:
    """What a call on the record that a query gave is, by the path that leads there: `Boat[].logs`."""
    last = query.steps[-1]
    if not isinstance(last, Step) or last.method not in ONE:
        return None
    head = next((step.arguments[0] for step in query.steps if isinstance(step, Step) and step.method == "@along"), None)
    path = head.text if isinstance(head, Lit) else query.model
    told = next((_source(value) for value in (*last.arguments, *last.keywords.values())), "")
    told = re.sub(r"\W+", ":", told).strip(":")[:60]
    text = f"{path}[{told}].{call.method}" if not isinstance(head, Lit) else f"{path}[].{call.method}"
    return Gap(text, call.span, origin=text)


def _source(value: Value) -> str:
    return value.source if isinstance(value, Gap) else ""


def path_of(text: str) -> str:
    """A path of names as it is compared: without `@`, `&.`, `self.` and empty parentheses."""
    text = "".join(text.split()).replace("&.", ".").replace("()", "").lstrip("@")
    return text.removeprefix("self.").removesuffix(".all")


def _of_hash(asked: Asked, written: Expr) -> bool:
    """`found.values` of a hash that the code has made."""
    base = written.receiver if isinstance(written, Invoke) and written.method in {"values", "keys"} else None
    held = asked.env.find(base.path) if isinstance(base, Name) else None
    if isinstance(held, (Record, Listing)):
        return True
    return isinstance(held, Gap) and held.origin is not None and held.origin.startswith("Hash.new")


def _from_found(asked: Asked, written: Expr) -> str | None:
    """The path `Boat[id].fleet.boats` of a variable that holds a row which was found before, and what it has."""
    base: Expr = written
    while isinstance(base, Invoke) and base.receiver is not None and not base.arguments:
        base = base.receiver
    if not isinstance(base, Name) or base is written or "." in base.path:
        return None
    held = asked.env.find(base.path)
    found = record_of(held, asked.call) if isinstance(held, Query) and held.kind == "active_record" else None
    head = path_of(found.source).rpartition(".")[0] if found is not None else ""
    rest = path_of(asked.interpreter.notes.text(written.span)).partition(".")[2]
    return f"{head}.{rest}" if head[:1].isupper() and "." in rest else None


def _start(notes: Recorder, receiver: Value | None, written: Expr) -> str:
    if isinstance(receiver, Alt):
        receiver = next(
            (side for side in (receiver.yes, receiver.no) if isinstance(side, Gap) and side.origin), receiver
        )
    if isinstance(receiver, Gap):
        for text in (receiver.origin, receiver.source):
            if text and _PATH.fullmatch(path_of(text)):
                return path_of(text)
    return path_of(notes.text(written.span))


@lru_cache(maxsize=4)
def _heads(source: bytes) -> tuple[tuple[int, int, str], ...]:
    return tuple((m.start(), len(m.group(1)), m.group(2).decode("utf-8", "replace")) for m in _HEAD.finditer(source))


def _around(source: bytes, offset: int) -> list[str]:
    """The modules and classes around a place, outermost first, as their indentation says."""
    start = source.rfind(b"\n", 0, offset) + 1
    line = source[start : source.find(b"\n", offset) if b"\n" in source[offset:] else len(source)]
    limit = len(line) - len(line.lstrip(b" \t"))
    held: list[tuple[int, str]] = []
    for begin, indent, name in _heads(source):
        if begin >= start:
            break
        while held and held[-1][0] >= indent:
            held.pop()
        held.append((indent, name.removeprefix("::")))
    return [name for indent, name in held if indent < limit]


def _released(notes: Recorder) -> bool:
    """Whether the place is in a block that takes the tenant's scope away: `ActsAsTenant.without_tenant { … }`."""
    return _may_release(notes.source) and any(
        not function.name and _RELEASED.search(notes.source[max(0, function.span[0] - 160) : function.span[0]])
        for function in notes.functions
    )


@lru_cache(maxsize=4)
def _may_release(source: bytes) -> bool:
    return any(
        word in source
        for word in (
            b"without_tenant",
            b".without",
            b"unscoped",
            b"without_current",
            b"without_multi",
            b"with_tenant(nil",
        )
    )


def nested(step: Step) -> list[Query]:
    """Queries among the arguments of a step that are parts of the one that it continues; a record is none."""
    if step.method not in _TAKES:
        return []
    found = [value for value in (*step.arguments, *step.keywords.values()) if isinstance(value, Query)]
    return [query for query in found if not (isinstance(query.steps[-1], Step) and query.steps[-1].method in ONE)]


__all__ = ["KINDS", "ONE", "PLAIN", "RUNS", "SURE", "begun", "nested", "path_of", "record_of", "step_of"]
