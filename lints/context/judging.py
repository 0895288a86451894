"""The rows of a file in the light of what is known of its functions: whose word the tenant is, and what starts them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from lints.context.asked import last_word, means, names_caller, stem
from lints.context.facts import About, Context
from lints.context.values import of_call, of_key, of_statement, values_of
from lints.context.words import CLIENT, TENANT
from lints.extract import OrmCall, Statement
from lints.patterns import regex
from lints.rows import Access, fingerprint
from lints.schema.declared import Carrier, Trust

CLIENT_RULE, JOB_RULE, PROCESS_RULE, DEFAULT_RULE, REACHED_RULE, LEAVES_RULE, APART_RULE = (
    "TENCTX001", "TENCTX002", "TENCTX003", "TENCTX004", "TENCTX005", "TENCTX006", "TENCTX007"
)  # fmt: skip
LITERAL_RULE, ASKED_RULE, UNSTATED_RULE = "TENSQL007", "TENORM010", "TENSQL004"
SET_ASIDE = frozenset({"migration", "seed"})
"""Path classes whose statements nobody judges, because no request reaches them."""
_SENT = regex(r"req|param|header|query|input|_(?:GET|POST|SERVER)", re.IGNORECASE)
_COALESCE = regex(
    r"\bcoalesce\(\s*(?:\$\d+|\?|%s|%\(\w+\)s|[:@]\w+|current_setting\([^()]*\))(?:::\w+)?\s*,\s*('[^']+')",
    re.IGNORECASE,
)
_CAST = regex(r"^(?:await|String|Number|str|int|UUID|uuid\.UUID|&|\*)+\(?")
_FOUND_BY = regex(r"^([A-Z]\w*)\[params:(\w+)\]")
"""How a row of Rails that was found by a parameter is written where its attributes are used."""
_ID_OF = regex(r"\.(?:get(?=[A-Z]))?(\w+_?[iI][dD])\W*$")
_ASKED_BEFORE = regex(r"(?:^|/)Http/Requests/")
"""Where a request of Laravel of a class of its own finds what its `authorize` asks about."""
OBJECTS = regex(
    r"(?:^|/)(?:services|jobs|models|lib|queries|interactors|operations|forms|policies|workers|mailers|serializers)/"
)
"""Where `params` of Ruby is what an object was made with, not a request's."""
_OF_CALLER = regex(r"Current\.\w+\.\w|@?[a-z_]\w*\.\w")
"""A chain of Rails that begins at the caller: `Current.family.accounts`, `current_user.teams`."""
_AMONG_HIS = regex(r"\bcurrent_\w+|\bpolicy_scope\b|\bCurrent\.\w")
"""What a row is looked for among, if that is the caller's own: `accessible_by(current_ability)`."""
_INDEX = regex(r"\[['\"](\w+)['\"]\]")
_BY_ITSELF = "the model sets its tenant by itself"
"""What is assumed of a new row that is put under no other one, of which the model could take the tenant."""
_ASKS = regex(
    r"authori|check|assert|ensure|verif|requir|permi|access|polic|allow|owner|member|forbid|guard|(?-i:\bcan[A-Z_])",
    re.IGNORECASE,
)
"""A call that is named for what it asks; what only takes the row, `cancelSubscription(team)`, asks nothing of it."""
_SETTING = regex(r"\bcurrent_setting\s*\(", re.IGNORECASE)


def in_context(
    rows: Sequence[Access],
    source: Statement | OrmCall,
    facts: Sequence[Context],
    columns: Collection[str],
    carriers: Sequence[Carrier],
) -> list[Access]:
    """The rows of one statement as they are judged where it stands."""
    around = [fact for fact in facts if fact.line <= source.line <= fact.end_line]
    found = [_started(row, around, carriers) for row in rows] if around else list(rows)
    given = _given(source)
    if not around and _SENT.search(given) is None and {LITERAL_RULE, CLIENT_RULE}.isdisjoint(row.rule for row in found):
        return found
    if not any(row.verdict in {"violation", "opaque", "unparsed"} for row in found):
        values = of_call(source, columns) if isinstance(source, OrmCall) else of_statement(source, columns)
        values = tuple(value for value in values if not _of_something_else(value, columns))
        return [
            _whose(row, values, around, facts, source, given)
            if values
            else _whose(row, _of_root(row, source, columns), around, facts, source, given, by_key=True)
            for row in found
        ]
    return found


_OWN_KEY = regex(r"(?:\b\w+\"?\.)?\"?\b(\w*id|pk|\w*key|\w*no)\"?\s*=\s*(?:[:@$?%]|\{)", re.IGNORECASE)
_NAMES_ONE = regex(r"\.(\w+) names one tenant\b")
"""What a proof takes for granted of a key that is unique among tenants: a slug, a domain."""
_ONLY_WHETHER = regex(
    r"a?(?:exists|count|any|doesntExist)(?:Async)?\??|\s*SELECT\s+(?:EXISTS\b|COUNT\s*\(|1\b)", re.IGNORECASE
)
"""A question that is answered without showing a row."""


def _of_root(row: Access, source: Statement | OrmCall, columns: Collection[str]) -> tuple[str, ...]:
    """What a row of the tenants themselves is found by, where that is its key alone."""
    if row.verdict != "proven" or len(row.tables) > 1 or stem(row.table) not in set(map(stem, columns)):
        return ()
    if any(re.search(rf"\b{re.escape(column)}\b", row.sql, re.IGNORECASE) for column in columns):
        return ()
    compared = _NAMES_ONE.search("; ".join(row.assumptions)) or _OWN_KEY.search(row.sql)
    return of_key(source, compared.group(1)) if compared is not None else ()


def _of_something_else(value: str, columns: Collection[str]) -> bool:
    """Whether an expression names the id of something that is no tenant: one is looked up by it, out of sight."""
    found = _ID_OF.search(value)
    if found is None or TENANT.fullmatch(found.group(1)) is not None:
        return False
    return found.group(1).replace("_", "").lower() not in {column.replace("_", "").lower() for column in columns}


def _given(source: Statement | OrmCall) -> str:
    return source.snippet if isinstance(source, OrmCall) else values_of(source)


def alone(path: str, language: str, facts: Iterable[Context], kind: str, columns: Collection[str]) -> Iterator[Access]:
    """Findings that no statement shows; `columns` are the tenant columns of tables that have one."""
    for fact in facts:
        if fact.about is About.LEAVES and means(last_word(fact.name), columns):
            said = f"{fact.said} checks that {fact.name}, which a client names, is the caller's own"
            why = f"{fact.name} is handed to {fact.said} as the client sent it; taken as scoped because {said}"
            yield _by_itself(path, language, kind, fact, LEAVES_RULE, "weak", why, (said,))
        if fact.about is About.BECOMES and means(last_word(fact.name), columns):
            said = f"what stands before {fact.function or fact.said} checks that {fact.name} is the caller's own"
            why = f"{fact.name} becomes {fact.said} as the client sent it; taken as scoped because {said}"
            yield _by_itself(path, language, kind, fact, LEAVES_RULE, "weak", why, (said,))
        if fact.about is About.APART and means(last_word(fact.checked or ""), columns):
            said = f"{fact.said} checks that what {fact.name} names belongs to {fact.checked}"
            why = (
                f"{fact.checked} is checked, {fact.name} is acted upon, and a client names both; taken as scoped"
                f" because {said}"
            )
            yield _by_itself(path, language, kind, fact, APART_RULE, "weak", why, (said,))
        if fact.about is About.PROCESS:
            why = (
                f"{fact.name} is a variable of the whole process (line {fact.where}): of two requests at once, each can"
                " work for the other one's tenant"
            )
            yield _by_itself(path, language, kind, fact, PROCESS_RULE, "violation", why, ())


def _by_itself(
    path: str, language: str, kind: str, fact: Context, rule: str, verdict: str, why: str, assumptions: tuple[str, ...]
) -> Access:
    about = fact.name if fact.about is About.PROCESS else fact.said
    return Access(
        path=path, line=fact.line, column=fact.column, end_line=fact.line, end_column=fact.end_column,
        snippet=fact.text.strip(), language=language, operation="context", table="", tables=(), verdict=verdict,
        rule=rule, why=why, owned_because=None, assumptions=assumptions, fingerprint="",
        statement=fingerprint(rule, about, fact.text.strip()), path_class=kind, confidence="likely",
        call=fact.said if fact.about in {About.LEAVES, About.APART} else None,
        carrier=None, function=fact.function or None, tenant_parameter=None, tenant_ignored=False, variants=1,
        sql=fact.text.strip(), first_line=fact.line, source=fact.text,
    )  # fmt: skip


def _started(row: Access, around: Sequence[Context], carriers: Sequence[Carrier]) -> Access:
    """What starts the function: a request that reaches what is set aside, or nobody who names a tenant."""
    reached = _narrowest(around, About.REACHED)
    if reached is not None and row.path_class in SET_ASIDE and row.verdict in {"violation", "opaque"}:
        why = f"{row.why}; it is not judged where it is {row.path_class} code, but {_by(reached)}"
        return replace(row, rule=REACHED_RULE, verdict="violation", path_class="source", why=why, reached=_by(reached))
    if reached is not None:
        row = replace(row, reached=_by(reached))
    job = _narrowest(around, About.JOB)
    if job is None or row.path_class in SET_ASIDE:
        return row
    trusted = {carrier.call.rpartition(".")[2] for carrier in carriers if carrier.trust is not Trust.NONE}
    if row.carrier is not None and any(c.call == row.carrier and c.trust is not Trust.NONE for c in carriers):
        return row
    if not trusted.isdisjoint(job.through):
        return row
    said = f"{job.name or 'it'} runs in the background ({job.said}), and nothing in it names a tenant"
    if row.verdict in {"violation", "opaque"} and row.rule is not None:
        return replace(row, why=f"{row.why}; {said}")
    if row.verdict == "proven" and _SETTING.search(row.sql):
        why = f"{said}: the setting that the statement compares the tenant with is empty, or left over from other work"
    elif row.verdict == "weak" and row.rule == UNSTATED_RULE and row.assumptions[-1:] == (_BY_ITSELF,):
        why = f"{said}: there is nothing that the model could set the tenant of the new row from"
    elif row.verdict == "weak" and row.rule == "TENORM014":
        why = f"{said}: {row.assumptions[-1] if row.assumptions else 'the scope'}, which is set from nothing here"
    else:
        return row
    return replace(row, rule=JOB_RULE, verdict="violation", why=why, assumptions=())


def _by(reached: Context) -> str:
    return f"a request reaches it: {reached.said}, line {reached.where}"


def _narrowest(around: Sequence[Context], about: About) -> Context | None:
    return min((f for f in around if f.about is about), key=lambda f: f.end_line - f.line, default=None)


def _whose(
    row: Access,
    values: Sequence[str],
    around: Sequence[Context],
    every: Sequence[Context],
    source: Statement | OrmCall,
    given: str,
    *,
    by_key: bool = False,
) -> Access:
    """A proven statement whose tenant is the client's word, or a constant if nobody says one."""
    if row.rule == LITERAL_RULE and (said := _in_place_of(row, around, source)) is not None:
        return replace(row, rule=DEFAULT_RULE, why=f"{row.why}; {said}", assumptions=(*row.assumptions, said))
    if row.verdict != "proven" and row.rule != CLIENT_RULE:
        return row
    before = row if row.verdict == "proven" else _vouched(row)
    if any(fact.about is About.STAFF for fact in around) or (row.language == "ruby" and OBJECTS.search(row.path)):
        return before  # for people of ours; `params` that are no request's
    if row.language == "php" and _ASKED_BEFORE.search(row.path) is not None:
        return before
    if row.rule == CLIENT_RULE and row.language == "ruby" and _OF_CALLER.match(source.snippet) is not None:
        return before  # one of the caller's, whichever the client names
    asked = next((f.checked for f in around if f.checked and plain_of(f.name) == plain_of(source.snippet)), None)
    if asked is not None:  # loaded by it, then asked about: whether he may is known to what is asked alone
        return assumed(before, ASKED_RULE, f"the row goes through `{asked}` before it is used")
    if row.rule == CLIENT_RULE and not values:  # told by what reads the chain: a row that is found by its key
        named = [f for f in around if f.about is About.CLIENT and f.name and plain_of(f.name) in plain_of(given)]
        return before if any(f.checked is not None for f in named) or _AMONG_HIS.search(given) is not None else row
    for value in values:
        found = _FOUND_BY.match(value)
        if found is not None and TENANT.fullmatch(found.group(1)) is None:
            if row.rule == CLIENT_RULE:
                return before  # the tenant of a row that a client names: whether he may is asked where it is found
            continue
        value = _FOUND_BY.sub(r"\1.find(params[:\2])", value)
        facts = [f for f in around if f.about is About.CLIENT and is_value(value, f)]
        if not facts and plain_of(value) not in plain_of(source.snippet + given):  # a query that another function began
            facts = [f for f in every if f.about is About.CLIENT and is_value(value, f)]
            if not facts:
                continue
            if any(f.checked is not None for f in facts):
                return before
        if not facts and not named_by_client(value):
            continue
        then = [f.checked or "" for f in facts if by_key and _is_given_then(f, source) and not names_caller(given)]
        asked = next((call for call in then if _ASKS.search(call) is not None), None)
        if asked is not None:
            return assumed(before, ASKED_RULE, f"the row goes through `{asked}` before it is used")
        if not then and any(f.checked is not None and f.checked_line <= source.line for f in facts):
            return before
        if names_caller(given) and row.operation != "insert":
            return before
        sent = min(facts, key=lambda f: (f.end_line - f.line, -f.where), default=None)
        shown = " ".join(value.split())[:120] if sent is None or sent.said == sent.name else _shown(sent)
        if by_key and _asks_whether(source, row):
            return assumed(
                before, CLIENT_RULE, f"anybody may know whether a tenant is called {shown}, which a client names"
            )
        return assumed(before, CLIENT_RULE, f"{shown}, which a client names, is checked to be the caller's own")
    for value in values if row.verdict == "proven" else ():
        default = next((f for f in around if f.about is About.DEFAULT and is_value(value, f)), None)
        if default is not None:
            said_so = _as_default(default.channel, default.where)
            return assumed(row, DEFAULT_RULE, said_so)
    return row


def _asks_whether(source: Statement | OrmCall, row: Access) -> bool:
    """Whether nothing of a row comes back, but that it is there."""
    if not isinstance(source, OrmCall):
        return _ONLY_WHETHER.match(row.sql) is not None
    return all(steps and _ONLY_WHETHER.fullmatch(steps[-1].method) is not None for steps in source.variants)


def _is_given_then(fact: Context, source: Statement | OrmCall) -> bool:
    """Whether what is taken for a check is given the row that was loaded, not the key before."""
    return not fact.before and fact.checked_line >= source.line and (fact.checked or "").endswith("(…)")


def _in_place_of(row: Access, around: Sequence[Context], source: Statement | OrmCall) -> str | None:
    """What says that the constant a tenant is compared with is one for who comes without."""
    written = _COALESCE.search(row.sql)
    if written is not None:
        return _as_default(written.group(1), source.line)
    text = source.snippet if isinstance(source, OrmCall) else " ".join((source.snippet, values_of(source)))
    for fact in around:
        named = fact.about is About.DEFAULT and (
            source.line <= fact.where <= source.end_line or re.search(rf"(?<![\w.]){re.escape(fact.name)}(?!\w)", text)
        )
        if named:
            return _as_default(fact.channel, fact.where)
    return None


def _as_default(constant: str, line: int) -> str:
    return f"whoever comes without a tenant may work as {constant} (line {line})"


def _vouched(row: Access) -> Access:
    """The row without the assumption that what a client names was checked: it was."""
    why = row.why.partition("; taken as scoped because ")[0]
    return replace(row, verdict="proven", rule=None, assumptions=row.assumptions[:-1], why=why)


def _shown(fact: Context) -> str:
    return f"{fact.said} (line {fact.where})"


def is_value(value: str, fact: Context) -> bool:
    """Whether an expression is the value that a fact is about, perhaps converted."""
    plain, name = _CAST.sub("", plain_of(value)), plain_of(fact.name)
    if not name:
        return False
    if plain.startswith(name):
        rest = plain[len(name) :]
        return not rest or rest.startswith((".", "[", ")", "("))
    if plain.startswith("item.") and plain[5:] == name:
        return True  # a parameter that is taken apart
    return "," in plain and name in plain.split(",") and plain.replace(",", "").isidentifier()


def plain_of(text: str) -> str:
    """An expression without what languages spell differently: `$a->b`, `a?.b`, `a['b']` are all `a.b`."""
    bare = re.sub(r"\s+", "", text).replace("?.", ".").replace("->", ".").replace("!", "").lstrip("$@")
    return _INDEX.sub(r".\1", bare)


def named_by_client(value: str) -> bool:
    """Whether an expression is, as written, something that a client sends."""
    return any(pattern.match(value.lstrip("( +!")) for _, pattern in CLIENT)


def assumed(row: Access, rule: str, said: str) -> Access:
    """The row of a statement that holds only if what is said is so."""
    why = f"{row.why}; taken as scoped because {said}"
    return replace(row, rule=rule, verdict="weak", assumptions=(*row.assumptions, said), why=why)
