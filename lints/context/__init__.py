# ruff: noqa: E501 - a pattern is read as one line
"""Where a tenant comes from and on whose behalf code runs: facts about functions that no single statement shows.

A statement is proven to compare its rows with *a* tenant. What this package sees, within one function, is whose word
that tenant is; and within one module, whether what is set aside as background work is started by a request.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from lints.context.facts import About, Context
from lints.context.held import declarations, held
from lints.search import Search

if TYPE_CHECKING:
    from lints.context.units import Unit, Units
    from lints.extract.ir import Stmt
    from lints.extract.lines import Lines

MAX_ROUNDS = 4
"""How often a module is read: a value crosses at most so many functions."""

# The words are searched at the speed of memory; what they are is decided by the syntax tree.
_TENANT = Search(
    rb"(?i)tenant|org|workspace|account|company|team|project|customer"
    rb"|(?:school|store|shop|practice|clinic|realm|site|merchant|branch|agency|firm|vendor|club|hub|space|instance|partner|brand"
    rb"|group|facility|hotel|property|studio)_?id"
)
_CLIENT = Search(
    rb"req(?:uest)?[?!]?\.|request\(|searchParams|headers\(|URL\.Query|\.(?:Query|Param|Params|PathValue|GetHeader|FormValue|PostForm|Default\w+)\("
    rb"|URLParam|Header\.Get\(|mux\.Vars|params\b[.\[ ,}:;)]|rocedure|\.input\(|\b(?:input|args)[?!]?\.\w|ction\(|[fF]ormData|['\"]use server|kwargs|def \w+\((?:self, )?request, |parameters\[|\.receive<|\[Http|valid\(|\$_(?:GET|POST|REQUEST|SERVER)|request->|getParameter|getHeader"
    rb"|\b(?:ctx|context)\.(?:params|query)\b|\bevent\.(?:body|pathParam|query|headers)|validated_data|cleaned_data|\(self, (?:attrs|data|instance,|value\))|\.Get\(\"[xX]-|\.on\(\s*['\"]|[/'\"_.-]<(?:\w{1,20}:)?\w{1,40}>"
    rb"|function \w{1,60}\([^()\n]{0,120}(?:[tT]enant|[oO]rgani[sz]ation|[wW]orkspace|[cC]ompany|[tT]eam|[aA]ccount)"
    rb"|@(?:Request|Query|Header|Path|Body|Param|Args|\w+Mapping\b)|\.(?:Decode|ShouldBind\w*|Bind\w*|BodyParser)\(|@\w+\.(?:get|post|put|patch|delete)\(|\(\s*(?:_+\w{0,8}|parent|root|obj|source)\s*(?::[^,()\n]{0,40})?,|\[From|Request\.|\b(?:Query|Header|Body|Form|Path)\("
)
_DEFAULT = Search(
    rb"(?i)(?:tenant|org|workspace|account)\w{0,20}[\w.\])\"'?!]{0,40}\s*(?:\|\||\?\?|\?:|\bor\b)\s*(?:['\"][^'\"\n]|[\w.]*default)"
    rb"|(?:tenant|org|workspace|account)\w{0,20}\s*(?::\s*\w+\s*)?:?=[^\n]{0,80}\b(?:if|else)\b"
    rb"|(?:tenant|org|workspace|account)\w{0,20}\s*:?=[^\n?]{0,80}\?[^\n:]{0,60}:\s*(?:['\"]\w|[\w.]*default)"
    rb"|(?:tenant|org|workspace|account)\w{0,20}['\"]\s*,\s*(?:['\"]\w|[\w.]*default)"
    rb"|(?:tenant|org|workspace|account)\w{0,20}\s*(?::[^=\n]{0,40})?=\s*(?:['\"]\w|[\w.]*default)"
)
_HANDED = Search(
    rb"(?i)(?:tenant|org|organi[sz]ation|workspace|account|company|team|project|customer)s?[_-]?(?:id|uuid|slug)\b",
    rb"(?i)\b(?:tenant|org|organi[sz]ation|workspace)\b",
)
_STARTS = Search(
    rb"\.(?:get|post|put|patch|delete|route|all)\(\s*['\"`]/|@\w*(?:Mapping|Get|Post|Put|Patch|Delete|route|api_view|action)\b"
    rb"|@\w+\.(?:get|post|put|patch|delete|route)\(|def \w+\((?:self, )?request|ResponseWriter|gin\.Context|echo\.Context"
    rb"|fiber\.Ctx|\[Http|(?<!<)Controller\b(?!\s*[,}]|['\"])|NextRequest|NextApiRequest|HttpServletRequest|rocedure|\.input\(|\.action\((?!\s*\))|['\"]use server"
    rb"|,\s*next\s*(?::\s*\w+\s*)?\)|\(req(?:uest)?\s*(?::[^,()\n]{1,60})?,\s*res|get_response|headers(?:\(\))?[.\[]|(?:[.>=,]\s?|get\w{0,20})[Hh]eader\("
)
_JOBS = Search(
    rb"@\w*\.?(?:task|shared_task|periodic_task|actor|job|scheduled_job|db_task)\b|@(?:Cron|Process|Scheduled|KafkaListener|RabbitListener"
    rb"|SqsListener|JmsListener|EventPattern|MessagePattern|Interval|Processor)\b|WorkerHost|class \w+\([^)\n]{0,80}Task\b|new Worker\(|CronJob|scheduleJob|cron\.schedule|\.process\("
    rb"|createFunction\(|asynq\.Task|river\.Job|amqp\.Delivery|kafka\.Message|ConsumerMessage|BackgroundService|ConsumeContext<"
    rb"|JobExecutionContext|ApplicationJob|Sidekiq|ShouldQueue|BaseCommand|eachMessage|AddFunc\(|agenda\.define|boss\.work"
)


def possible(language: str, data: bytes) -> bool:
    """False only if there are no `contexts` in a file without a statement."""
    return declarations(language).possible(data) or (language != "sql" and hands_on(data))


def hands_on(data: bytes) -> bool:
    """Whether a file without a statement may hand a client's tenant to one that has some: then it is parsed."""
    asked = (_STARTS, _CLIENT, _HANDED)
    return all(search.possible(data) for search in asked) and all(search.matches(data) for search in asked)


def contexts(path: str, data: bytes, language: str, module: tuple[Stmt, ...] | None) -> tuple[Context, ...]:
    """The facts of one file. Without its module there is no statement in it that anything could be known of."""
    if language == "sql":
        return ()
    found = list(held(language, data))
    if module is not None:
        found += _around_statements(path, data, language, module)
    return tuple(sorted(found, key=lambda fact: (fact.line, fact.about, fact.name, fact.said)))


def _around_statements(path: str, data: bytes, language: str, module: tuple[Stmt, ...]) -> list[Context]:
    tenants = _TENANT.possible(data)
    values = _CLIENT(data)  # a key of a row is asked about where no tenant is named, too
    values += _DEFAULT(data) if tenants else []
    starts = _STARTS(data)
    work = _JOBS(data)
    if not values and not starts and not work:
        return []
    from lints.context.guards import for_staff
    from lints.context.starts import jobs, reached
    from lints.context.units import Units
    from lints.extract.lines import Lines

    places = sorted({*values, *starts, *work})

    def into(span: tuple[int, int]) -> bool:
        position = bisect_left(places, span[0])
        return position < len(places) and places[position] < span[1]

    read = Units(path, data, language, into)
    units = read.module(module)
    lines = Lines(data)
    found: list[Context] = []
    if values and for_staff(path, data):
        found.append(Context(about=About.STAFF, line=1, end_line=data.count(b"\n") + 1, name=path, said="", where=1))
    elif values:
        values.sort()
        found += _values(path, data, language, lines, units, values, read)
    if work:
        found += jobs(data, language, lines, units)
    if starts:
        found += reached(data, lines, units)
    return found


def _values(
    path: str, data: bytes, language: str, lines: Lines, units: list[Unit], places: list[int], read: Units
) -> list[Context]:
    """Whose word values are; the module is read again as long as its functions tell each other something new."""
    from lints.context.known import Known
    from lints.context.origins import Origins
    from lints.context.sources import is_server_actions

    known, actions = Known(), is_server_actions(data)
    for _ in range(MAX_ROUNDS):
        origins = Origins(path, data, language, lines, units, places, read, known, actions=actions)
        for unit in units:
            if (
                known
                or actions
                or unit.request is not None
                or bisect_left(places, unit.span[0]) < bisect_left(places, unit.span[1])
            ):
                origins.read(unit)
        if origins.learnt == known or not origins.learnt:
            break
        known = origins.learnt
    return origins.finish()


__all__ = ["About", "Context", "contexts", "hands_on", "possible"]
