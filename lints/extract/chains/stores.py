"""Where a call of a search or vector index, or of Supabase, begins, in any language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lints.extract.chains.parts import Asked, Begun
from lints.extract.ir import Invoke
from lints.extract.sqltext import names
from lints.extract.values import Gap, Lit, Record, Step, Value
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.extract.interpret import Interpreter

_INDEX_CLIENT = regex(
    r"(?:^|[._])(?:\w*elastic\w*|\w*opensearch\w*|es|es_?client|os_?client|meili\w*|qdrant\w*|pinecone(?:_?(?:client|index))?|\w*search_?client)$",
    re.IGNORECASE,
)
_INDEX_CALLS = names(
    "search msearch count deleteByQuery delete_by_query updateByQuery update_by_query get exists delete update index"
    " create bulk mget getSource get_source query query_points upsert addDocuments add_documents"
)


def index(asked: Asked) -> Begun | None:
    """A call of a search or vector index: `es.search({…})`, `meili.index("boats").search(…)`."""
    interpreter, call, step, path = asked.interpreter, asked.call, asked.step, asked.path
    if call.method not in _INDEX_CALLS:
        return None
    inner = call.receiver
    if isinstance(inner, Invoke) and inner.method in {"index", "namespace", "Index"} and inner.receiver is not None:
        base = interpreter.notes.text(inner.receiver.span)
        if _INDEX_CLIENT.search(base.partition("(")[0][-60:].rpartition(".index")[0] or base[-60:]):
            named = tuple(interpreter.eval(argument, asked.env) for argument in inner.arguments[:1])
            name = next((value.text for value in named if isinstance(value, Lit)), "")
            return Begun("index", name, (Step(inner.method, named, {}, call.span), step))
        return None
    if _INDEX_CLIENT.search(path) is None or (not step.arguments and not step.keywords):
        return None
    first = step.arguments[0] if step.arguments else None
    return Begun("index", first.text if isinstance(first, Lit) else "", (step,))


def supabase(asked: Asked) -> Begun | None:
    """`supabase.from("boats")`, `supabase.table("boats")` of Python; buckets of its storage are no tables."""
    interpreter, call, step = asked.interpreter, asked.call, asked.step
    client = interpreter.notes.text(call.receiver.span)[:200] if call.receiver is not None else ""
    first = step.arguments[0] if len(step.arguments) == 1 else None
    named = re.search(r"supabase|\b(?:client|sb|db|admin)\b", client, re.IGNORECASE) is not None
    known = named and b"upabase" in interpreter.notes.source and not re.search(r"storage\W*$", client)
    if not known or not isinstance(first, Lit) or re.fullmatch(r"\w+", first.text) is None:
        return None
    begun = Step(call.method, (first, Gap(client, call.span)), {}, call.span)
    return Begun("supabase", first.text, (begun,))


def routine(interpreter: Interpreter, call: Invoke, arguments: list[Value]) -> None:
    """Put the statement that `admin.rpc("boats_of", { t: tenant })` runs in the place of the routine's name. Only the
    service's own client is above the policies that bind every other one."""
    name, source = arguments[0] if arguments else None, interpreter.notes.source
    client = interpreter.notes.text(call.receiver.span)[:200] if call.receiver is not None else ""
    above = SERVICE.search(client) is not None or b"SERVICE_ROLE" in source or b"service_role" in source
    if not above or not isinstance(name, Lit) or re.fullmatch(r"\w+", name.text) is None or b"upabase" not in source:
        return
    given = arguments[1] if len(arguments) > 1 else None
    named = [key for key in given.fields if key.isidentifier()] if isinstance(given, Record) else []
    values = ", ".join(f"{key} => ${at}" for at, key in enumerate(named, 1))
    arguments[0] = Lit(f"CALL {name.text}({values})", name.span)


SERVICE = regex(r"admin|service|root|secret", re.IGNORECASE)
"""Clients of Supabase whose key is above row level security, by their names."""
RUNS = {"supabase": names("single maybeSingle execute")}
"""Calls that run a query: what is called on their result is no part of it."""
