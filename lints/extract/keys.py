"""Calls of Redis and caches like it: which commands they send, and to which keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lints.extract.ir import Invoke
from lints.extract.sqltext import names
from lints.extract.values import Gap, Joined, Listing, Lit, Record, Returned, Value, is_text, rope
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.extract.facts import Call
    from lints.extract.interpret import Interpreter

_STORE = r"(?:^|[._])(?:\w*(?:redis|valkey)\w*|cache|rdb|kv)(?:\(\))?"
_NAMED = regex(rf"{_STORE}$", re.IGNORECASE)
_QUEUED = regex(rf"{_STORE}[?!]?\.(?:multi|pipeline|batch|duplicate)\(", re.IGNORECASE)
_MADE = regex(r"\bnew\s+(?:\w+\.)?(?:Redis|IORedis|Cluster|Valkey)\s*\(|\bredis\.(?:createClient|Redis|from_url)\(")
_IN_PROCESS = regex(r"\bnew\s+(?:\w+\.)?(?:Map|WeakMap|Set|\w*L[Rr][Uu]\w*|NodeCache|QuickLRU)\b|^(?:Map|WeakMap)\(")
_HELD_HERE = rb"(?:\w*Map|\w*ThreadLocal|LoadingCache|AsyncLoadingCache|AsyncCache|L[Rr][Uu]Cache|AtomicReference)"
_DECLARED = (
    rb"\b" + _HELD_HERE + rb"\s*<[^;={}()]{0,120}>\??\s+%(name)s\s*[=;,)]"
    rb"|\b%(name)s\s*:\s*" + _HELD_HERE + rb"\s*<"
    rb"|\bva[lr]\s+%(name)s\s*=\s*(?:"
    + _HELD_HERE
    + rb"\s*<|(?:mutable|linked|hash|concurrent)?[mM]apOf\b|Caffeine\.|CacheBuilder\.)"
    rb"|\b%(name)s\s*=\s*(?:Caffeine|CacheBuilder)\b"
)
_CONTEXT = regex(r"(?:\w*[cC]tx|\w*[cC]ontext|[\w.]*[cC]ontext\(\)|context\.\w+\(.*\))", re.DOTALL)
_REDIS = regex(r"redis|valkey", re.IGNORECASE)
_ONE_KEY = names(
    "get set setex psetex setnx getset getdel getex getrange setrange append strlen expire pexpire expireat ttl pttl"
    " persist incr incrby incrbyfloat decr decrby dump restore setbit getbit bitcount lpush rpush lpop rpop lrange lrem"
    " lset llen ltrim lindex sadd srem smembers sismember scard spop srandmember zadd zrem zrange zrangebyscore"
    " zrevrange zscore zcard zcount zincrby zrank zremrangebyscore pfadd geoadd publish spublish hscan sscan zscan type"
    " delete hgetall hmget hmset hkeys hvals hlen xadd xrange xlen xtrim xdel"
)
_FIELDS = names("hget hset hdel hsetnx hexists hincrby hincrbyfloat")
_MANY_KEYS = names("mget del unlink exists touch watch sinter sunion sdiff pfcount subscribe psubscribe")
_WALKS = names("scan scanstream scaniterator")
_SCRIPTS = names("eval evalsha evalro evalsha_ro fcall")
_ANY = names("keys flushall flushdb")
_RELAYS = names("call sendcommand send_command execute_command")
_COMMANDS = _ONE_KEY | _FIELDS | _MANY_KEYS | _WALKS | _SCRIPTS | _ANY | _RELAYS


def note_keys(
    interpreter: Interpreter, call: Invoke, receiver: Value | None, arguments: Sequence[Value], described: Call
) -> None:
    """Note the keys that a call of a key-value store touches, each as an access of its own."""
    if _takes_context(interpreter, call):
        arguments = arguments[1:]  # Go's context is no key
    for command, key in _accesses(call.method.lower(), tuple(arguments)):
        interpreter.notes.note_key(key, replace(described, method=command), call.arguments_span)


def is_key_store(interpreter: Interpreter, call: Invoke, receiver: Value | None, arguments: Sequence[Value]) -> bool:
    """Whether a call goes to Redis or a cache like it, not to a map in this process."""
    method = call.method.lower()
    if call.receiver is None or method not in _COMMANDS:
        return False
    written = interpreter.notes.text(call.receiver.span)
    origin = (receiver.origin or "") if isinstance(receiver, Gap) else ""
    if _IN_PROCESS.search(origin):
        return False
    known = _MADE.search(origin) is not None or _QUEUED.search(f"{written}(") is not None
    if known or _QUEUED.search(origin) or _QUEUED.search(written):
        return True
    if _NAMED.search(written[-60:]) is None:
        return False
    if interpreter.language in {"java", "kotlin"} and _held_here(interpreter, written):
        return False
    if interpreter.language == "go" and _REDIS.search(written[-60:]) is None and not _takes_context(interpreter, call):
        return False  # `cache.Get(key)` is a cache in this process: one that is elsewhere takes a context first
    if method in _RELAYS | _SCRIPTS:
        return _REDIS.search(written[-60:]) is not None
    arguments = arguments[1:] if _takes_context(interpreter, call) else arguments
    # A wrapper of a cache hands on what it is given: what the key is, its callers say.
    handed_on = len(arguments) > 0 and isinstance(arguments[0], Gap) and arguments[0].origin is None
    plain = handed_on and re.fullmatch(r"[\w.]+", getattr(arguments[0], "source", "")) is not None
    return _REDIS.search(written[-60:]) is not None or not plain


def _held_here(interpreter: Interpreter, written: str) -> bool:
    """Whether a name of the JVM is declared in its file as a map, or as something else that no other process sees."""
    name = written.rpartition(".")[2].strip()
    if not name.isidentifier():
        return False
    kind = re.search(_DECLARED % {b"name": re.escape(name.encode())}, interpreter.notes.source)
    return kind is not None


def _takes_context(interpreter: Interpreter, call: Invoke) -> bool:
    text = interpreter.notes.text(call.arguments[0].span) if call.arguments else ""
    return _CONTEXT.fullmatch(text) is not None


def _accesses(method: str, arguments: tuple[Value, ...]) -> Iterator[tuple[str, Value]]:
    first = arguments[0] if arguments else None
    if method in _RELAYS:
        words = tuple(first.items) if isinstance(first, Listing) else arguments
        if words and isinstance(words[0], Lit) and words[0].text.lower() in _COMMANDS - _RELAYS:
            yield from _accesses(words[0].text.lower(), words[1:])
    elif method in _WALKS:
        yield "scan", _pattern(arguments)
    elif method in _SCRIPTS:
        for key in _script_keys(arguments):
            yield method, key
    elif method in _ANY:
        yield method, first if first is not None else Lit("*", (0, 0))
    elif method in _FIELDS and first is not None:
        # A hash that all tenants share is a key space of its own: its fields are the keys.
        whole = isinstance(first, Lit) and len(arguments) > 1 and not isinstance(arguments[1], (Record, Listing))
        yield method, rope(first, Lit(":", (0, 0)), arguments[1]) if whole else first
    elif method in _MANY_KEYS:
        for key in _listed(arguments):
            yield method, key
    elif first is not None:
        yield method, first


def _listed(arguments: Iterable[Value]) -> Iterator[Value]:
    for value in arguments:
        if isinstance(value, (Listing, Joined)):
            yield from (value.listing if isinstance(value, Joined) else value).items
        elif not isinstance(value, Returned):
            yield value


def _pattern(arguments: tuple[Value, ...]) -> Value:
    """What SCAN is narrowed to: `MATCH` and the pattern after it, or an option of that name."""
    for position, value in enumerate(arguments):
        if isinstance(value, Record):
            found = value.fields.get("match") or value.fields.get("MATCH")
            if found is not None:
                return found
        elif isinstance(value, Lit) and value.text.lower() == "match" and position + 1 < len(arguments):
            return arguments[position + 1]
    return Lit("*", (0, 0))


def _script_keys(arguments: tuple[Value, ...]) -> Iterator[Value]:
    """KEYS of a script: as many as its second argument says, or the `keys` of an options object."""
    for value in arguments[1:]:
        if isinstance(value, Record):
            yield from _listed([value.fields["keys"]] if "keys" in value.fields else [])
            return
    number = arguments[1].source if len(arguments) > 1 and isinstance(arguments[1], Gap) else ""
    if number.isdigit():
        yield from _listed(arguments[2 : 2 + min(int(number), 50)])
    else:
        yield from (value for value in arguments[2:] if is_text(value))
