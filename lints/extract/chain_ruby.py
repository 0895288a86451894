"""Where a query of Active Record begins, and which calls run it."""

from __future__ import annotations

import re

from lints.extract.chain_parts import Asked, Begun
from lints.extract.sqltext import names

_ACTIVE_RECORD = names(
    "where find find_by find_by! all first last count exists? order limit update_all delete_all destroy_all pluck ids"
    " find_each find_in_batches find_or_create_by find_or_create_by! find_or_initialize_by create create! insert_all"
    " upsert upsert_all unscoped not or joins includes select group take find_sole_by in_batches destroy_by delete_by"
    " update rewhere none sum maximum minimum average"
)
RUNS = names(
    "find find_by find_by! first first! last last! take take! create create! find_or_create_by find_or_create_by!"
    " find_or_initialize_by find_sole_by sole destroy_by delete_by update_all delete_all destroy_all count exists?"
    " pluck"
)
"""Calls that run a query: what is called on their result is no part of it."""
_MODEL = re.compile(r"(?:::)?(?:[A-Z]\w*(?:::|\.))*[A-Z]\w*")


def begun(asked: Asked) -> Begun | None:
    """The query that a call of Ruby begins; None for any other call."""
    if asked.call.method not in _ACTIVE_RECORD or _MODEL.fullmatch(asked.path) is None:
        return None
    return Begun("active_record", re.split(r"::|\.", asked.path)[-1], (asked.step,))
