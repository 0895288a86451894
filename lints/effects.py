"""Does a finding let other tenants' data be read, or be changed? What is not certainly a read counts as a write."""

from __future__ import annotations

from lints.extract.sqltext import names

_READS = names(
    "select match get mget getrange strlen exists type ttl pttl keys scan hget hmget hgetall hkeys hvals hlen hexists"
    " lrange llen lindex smembers sismember scard zrange zrangebyscore zrevrange zscore zcard subscribe psubscribe"
    " search msearch count knn"
)
_WRITING_RULES = names(
    "TENSQL002 TENSQL003 TENSQL004 TENSQL008 TENSQL009 TENSQL014 TENSQL015 TENSQL017 TENSQL019"
    " TENORM004 TENORM008 TENCYP002 TENCYP003 TENCYP004 TENCYP008 TENCYP009"
    " TENMGO004 TENMGO008 TENMGO009 TENIDX003 TENIDX004"
)


def writes(operation: str, rule: str | None) -> bool:
    """Whether a finding of `rule` on a statement that does `operation` is about changing rows.

    A SELECT can write (`WITH gone AS (DELETE …) SELECT …`): then the rule says so.
    """
    return rule in _WRITING_RULES or operation.lower() not in _READS
