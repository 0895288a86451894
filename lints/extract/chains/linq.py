"""Where a query over a set of Entity Framework begins, and which calls run it."""

from __future__ import annotations

import re

from lints.extract.chains.parts import Asked, Begun, as_written
from lints.extract.sqltext import names

_SET = re.compile(
    r"(?:^|[.(\s!])_?\w*(?:[cC]ontext|[cC]tx|[dD]b\w*)(?:\(\))?[?!]?\.(?:Set<(?:\w+\.)*(\w+)>\(\)|(\w+))$"
)
_LINQ = names(
    "Where First FirstAsync FirstOrDefault FirstOrDefaultAsync Single SingleAsync SingleOrDefault SingleOrDefaultAsync"
    " Any AnyAsync Count CountAsync Find FindAsync ToList ToListAsync ToArrayAsync IgnoreQueryFilters Include"
    " AsNoTracking AsNoTrackingWithIdentityResolution AsSplitQuery TagWith Select SelectMany OrderBy OrderByDescending"
    " AsQueryable ExecuteDelete ExecuteDeleteAsync ExecuteUpdate ExecuteUpdateAsync Last LastAsync LastOrDefault"
    " LastOrDefaultAsync All AllAsync Max MaxAsync Min MinAsync Sum SumAsync Average AverageAsync LongCountAsync Skip"
    " Take Distinct GroupBy Join GroupJoin ToDictionaryAsync ToDictionary ToHashSetAsync ToArray AsAsyncEnumerable"
    " AsEnumerable ForEachAsync ThenBy Cast OfType ContainsAsync ElementAtAsync from"
)
RUNS = re.compile(
    r"(?:First|Single|Last|Find|Any|All|Count|LongCount|Max|Min|Sum|Average|ExecuteDelete|ExecuteUpdate|ElementAt|Contains"
    r"|To(?:List|Array|Dictionary|HashSet|Lookup))(?:OrDefault)?(?:Async)?"
)
"""Calls that run a query: what is called on their result is no part of it."""


def begun(asked: Asked) -> Begun | None:
    """The query that a call of C# begins; None for any other call."""
    call = asked.call
    written = asked.interpreter.notes.text(call.receiver.span)[-160:] if call.receiver is not None else ""
    found = _SET.search(written) or _SET.search(asked.path)
    if found is None or call.method not in _LINQ:
        return None
    return Begun("ef", found.group(1) or found.group(2), (as_written(asked.interpreter, call, call.method),))
