# ruff: noqa: E501 - a pattern is read as one line
"""The functions of a module as units: what stands around each of them, and whether a request or a clock starts it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from lints.context.words import CHECKS
from lints.extract.ir import (
    Assign,
    Cases,
    Cat,
    Choose,
    ClassBody,
    Closure,
    Define,
    Do,
    Expr,
    Func,
    If,
    Invoke,
    Items,
    Leave,
    Loop,
    Member,
    Name,
    Other,
    Pairs,
    Percent,
    Repeat,
    Scope,
    Span,
    Spread,
    Stmt,
    Tagged,
    Text,
    Unpack,
)
from lints.patterns import regex

MAX_DEPTH = 40
_HEAD = 1_500
_ROUTES = frozenset(
    [
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "all",
        "head",
        "options",
        "route",
        "register",
        "api_route",
        "websocket",
        "use",
        "mutation",
        "query",
        "action",
        "handler",
        "on",
    ]
)
_SOCKETS = regex(r"(?i)(?:socket|channel|\bws|\bio)\b[^.]*$")
_MARKS = regex(
    r"^(?:\w+Mapping|Get|Post|Put|Patch|Delete|All|GET|POST|PUT|PATCH|DELETE|Http(?:Get|Post|Put|Patch|Delete)|get|post|put|patch"
    r"|delete|route|api_view|action|websocket|api_route|Query|Mutation|endpoint|api_endpoint)$"
)
_JOB_MARKS = regex(
    r"^(?:task|shared_task|periodic_task|background_task|actor|job|scheduled_job|cron|on_after_configure|Cron|Interval|Process|"
    r"OnQueueActive|Scheduled|KafkaListener|RabbitListener|JmsListener|SqsListener|StreamListener|EventPattern|"
    r"MessagePattern|KafkaHandler|RabbitSubscribe|SqsMessageHandler|OnWorkerEvent|db_task|db_periodic_task)$"
)
_JOB_CALLS = regex(
    r"^(?:new )?(?:Worker|CronJob|scheduleJob|schedule|AddFunc|createFunction|consume|eachMessage|eachBatch|process|define|"
    r"work|every|HandleFunc|subscribe)$"
)
_JOB_RECEIVERS = regex(
    r"(?i)(?:queue|cron|schedul|agenda|boss|inngest|consumer|channel|worker|bull|bree|asynq|\bmux\b|celery|kafka|rabbit|amqp)"
)
_HANDLER_HEAD = regex(
    r"http\.ResponseWriter|\*gin\.Context|echo\.Context|\*fiber\.Ctx|HttpServletRequest|\bNextApiRequest\b|\bNextRequest\b"
    r"|APIGatewayProxyEvent|\bHttpRequest\b|\bFastifyRequest\b|\[Http(?:Get|Post|Put|Patch|Delete)|:\s*Request\s*[,)].{0,40}Response\b"
)
_JOB_HEAD = regex(
    r"\*asynq\.Task|\*river\.Job|\*work\.Job|amqp\.Delivery|\*?kafka\.Message|\*?sarama\.ConsumerMessage|JobExecutionContext|"
    r"ConsumeContext<|\[TimerTrigger|\[QueueTrigger|\[ServiceBusTrigger|\bSQSEvent\b|\bScheduledEvent\b|<-chan\b.{0,20}Message"
)
_REQUEST_METHODS = frozenset(
    [
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "list",
        "create",
        "retrieve",
        "update",
        "destroy",
        "partial_update",
        "dispatch",
    ]
)
_VIEWS = regex(r"View(?:Set)?$|Endpoint$|Resource$")
_EXPORTS = frozenset(["GET", "POST", "PUT", "PATCH", "DELETE", "handler", "loader", "action", "load"])
"""What a module of Next.js, Remix or SvelteKit exports to answer requests."""
_HOOKS = frozenset(["get_queryset", "get_object", "perform_create", "perform_update", "perform_destroy"])
_NEXT = regex(r"(?:^|/)(?:route|\+server|\+page\.server)\.[cm]?[jt]sx?$|(?:^|/)pages/api/|(?:^|/)routes/.*\.[jt]sx?$")
_BASES = regex(r"\b(?:extends|implements)\s+|\bclass\s+\w+[^:<{\n]{0,80}[:<]\s*")
_ATTRIBUTE = regex(r"(?:\[|#\[|,\s*)(?:\w+: ?)?([A-Z]\w*)(?=[\](,<])")
_HANDS_ON = frozenset(["UseGuards", "UseInterceptors", "method_decorator", "decorator_from_middleware", "Depends"])
_BUILDS = frozenset(["input", "output", "meta", "metadata", "schema", "inputSchema", "outputSchema", "openapi"])
_BEFORE = frozenset(
    ["before_action", "prepend_before_action", "load_and_authorize_resource", "authorize_resource", "use"]
)


@dataclass(slots=True, eq=False)
class Unit:
    """A function. `head` is what stands before its body, `marks` the names of what else is called to start it.

    `request` and `job` say what starts it, as written, if it is a request or something in the background.
    """

    function: Func
    name: str
    owner: str
    span: Span
    head: str
    marks: tuple[str, ...]
    owner_marks: tuple[str, ...]
    request: str | None = None
    job: str | None = None
    chain: tuple[str, ...] = ()
    """What the call that it is handed to is made on, and goes through: `protectedProcedure`, `.use(checkMember)`."""
    _body: tuple[Stmt, ...] | None = None

    def body(self) -> tuple[Stmt, ...]:
        """The statements of its body, lowered once."""
        if self._body is None:
            self._body = self.function.lower_body()
        return self._body


class Units:
    """Finds them. `into` says of a function whether its body is looked into for functions inside."""

    def __init__(self, path: str, data: bytes, language: str, into: Callable[[Span], bool]) -> None:
        self.path = path
        self.data = data
        self.language = language
        self.into = into
        self.found: list[Unit] = []
        self.named: dict[str, str] = {}
        """Functions handed by name to what starts them: name to the request, as written."""
        self.named_jobs: dict[str, str] = {}
        self.bodies: set[str] = set()
        """Classes of the module that a framework reads a body into."""
        self.before: list[str] = []
        """What every handler of the module goes through: `router.use(requireMember)`."""

    def text(self, span: Span, limit: int = 200) -> str:
        return " ".join(self.data[span[0] : min(span[1], span[0] + 4 * limit)].decode("utf-8", "replace").split())[
            :limit
        ]

    def module(self, body: Iterable[Stmt]) -> list[Unit]:
        self._block(body, "", (), 0)
        for unit in self.found:
            unit.request = unit.request or self.named.get(unit.name)
            unit.job = unit.job or self.named_jobs.get(unit.name)
        return self.found

    def _block(self, body: Iterable[Stmt], owner: str, marks: tuple[str, ...], depth: int) -> None:
        if depth > MAX_DEPTH:
            return
        for statement in body:
            if isinstance(statement, Define):
                self._unit(statement.function, statement.span, owner, marks, None, depth)
            elif isinstance(statement, ClassBody):
                if "BaseModel" in statement.bases:
                    self.bodies.add(statement.name)
                said = (*marks_of(statement.decorators), *statement.bases, *self._head_of_class(statement))
                self._block(statement.body, statement.name, (*said, *_included(statement.body)), depth + 1)
            else:
                for inner in blocks(statement):
                    self._block(inner, owner, marks, depth + 1)
                target = statement.target or "" if isinstance(statement, Assign) else ""
                for expression in expressions(statement):
                    self._closures(expression, owner, marks, None, depth, target.rpartition(".")[2])

    def _head_of_class(self, statement: ClassBody) -> Iterator[str]:
        """What a class extends and what stands on it, in the languages whose classes are lowered without."""
        if self.language not in {"c_sharp", "php", "ruby", "java", "kotlin"}:
            return
        first = min((s.span[0] for s in statement.body), default=statement.span[1])
        head = self.text((statement.span[0], max(first, statement.span[0] + 20)), 600)
        brace = head.find("{")
        head = head if brace < 0 else head[:brace]
        yield from _ATTRIBUTE.findall(head)
        for found in _BASES.finditer(head):
            yield from re.findall(r"[\w:]*\b([A-Z]\w*)", re.split(r"[\n;(]| implements ", head[found.end() :])[0])

    def _closures(
        self, value: Expr, owner: str, marks: tuple[str, ...], call: Invoke | None, depth: int, name: str = ""
    ) -> None:
        """The functions in an expression; `name` is the variable that it becomes (`const get = cache(() => …)`)."""
        if depth > MAX_DEPTH:
            return
        if isinstance(value, Closure):
            self._unit(value.function, value.span, owner, marks, call, depth, name)
            return
        around = value if isinstance(value, Invoke) else call
        if isinstance(value, Invoke):
            self._names(value)
            if sum(isinstance(argument, Closure) for argument in value.arguments) != 1:
                name = ""
            elif call is not None and value in call.arguments and self._request_call(call) is not None:
                around = call  # `router.get('/boats', wrapped(async (req, res) => …))`
        for part in parts(value):
            inner = value if isinstance(value, Invoke) and part is value.receiver else around
            self._closures(part, owner, marks, inner, depth + 1, name)

    def _names(self, call: Invoke) -> None:
        """Functions that are handed to a route or a schedule by their name."""
        if call.method == "use" and call.receiver is not None:
            self.before += marks_of(call.arguments)
        request, job = self._request_call(call), self._job_call(call)
        if request is None and job is None:
            return
        for argument in call.arguments[1:]:
            if isinstance(argument, Name):
                name = argument.path.rpartition(".")[2]
                if request is not None:
                    self.named.setdefault(name, request)
                else:
                    self.named_jobs.setdefault(name, job or "")

    def _request_call(self, call: Invoke) -> str | None:
        named = call.method in _ROUTES or re.fullmatch(
            r"Map(?:Get|Post|Put|Patch|Delete)|HandleFunc|Handle|GET|POST|PUT|PATCH|DELETE|Get|Post|Put|Patch|Delete",
            call.method,
        )
        if not named or call.receiver is None:
            return None
        first = call.arguments[0] if call.arguments else None
        if call.method == "on":
            heard = isinstance(first, Text) and first.value not in {"connection", "disconnect", "error", "close"}
            return "socket.on(…)" if heard and _SOCKETS.search(self.text(call.receiver.span, 60)) else None
        if call.method in {
            "query",
            "mutation",
            "action",
            "handler",
        }:  # tRPC, next-safe-action: a procedure with its resolver
            one = len(call.arguments) == 1 and _holds_closure(call.arguments[0])
            word = "ction" if call.method == "action" else "rocedure"
            before = self.text(call.receiver.span, 400)
            called = word in before or (call.method in {"query", "mutation"} and ".input(" in before)
            return f".{call.method}(…)" if one and called else None
        if isinstance(first, Text) and first.value[:1] == "/" and len(call.arguments) > 1:
            return f"{self.text(call.receiver.span, 40)}.{call.method}({self.text(first.span, 60)})"
        return None

    def _job_call(self, call: Invoke) -> str | None:
        if not _JOB_CALLS.match(call.method):
            return None
        receiver = self.text(call.receiver.span, 80) if call.receiver is not None else ""
        fits = call.method in {"Worker", "CronJob", "scheduleJob", "AddFunc", "createFunction", "eachMessage"}
        return (
            f"{receiver}{'.' if receiver else ''}{call.method}(…)" if fits or _JOB_RECEIVERS.search(receiver) else None
        )

    def _unit(
        self, function: Func, span: Span, owner: str, marks: tuple[str, ...], call: Invoke | None, depth: int,
        name: str = "",
    ) -> None:  # fmt: skip
        start = min([span[0], function.span[0], *(d.span[0] for d in function.decorators)])
        body = function.body_span[0] if function.body_span != function.span else function.span[0] + 200
        head = self.text((start, min(body, start + 4 * _HEAD)), _HEAD)
        beside = marks_of(function.decorators)
        if self.language in {"c_sharp", "php"}:
            beside += tuple(_ATTRIBUTE.findall(head.partition("(")[0] if head[:1] not in "[#" else head))
        if call is not None:
            beside += marks_of(a for a in call.arguments if not isinstance(a, (Text, Closure)))
        unit = Unit(
            function=function, name=function.name or name, owner=owner, span=(start, max(span[1], function.span[1])), head=head,
            marks=beside, owner_marks=marks,
        )  # fmt: skip
        unit.request, unit.job = self._started(unit, call)
        if call is not None and call.receiver is not None:
            unit.chain = tuple(self._chain(call.receiver))
        self.found.append(unit)
        if self.into(unit.span):
            self._block(unit.body(), owner, marks, depth + 1)

    def _chain(self, value: Expr) -> Iterator[str]:
        for _ in range(MAX_DEPTH):
            if not isinstance(value, Invoke) or value.receiver is None:
                break
            if value.method == "use":
                yield from marks_of(value.arguments)
                closures = (a for a in value.arguments if isinstance(a, Closure))
                yield from ("checks" for a in closures if CHECKS.search(self.text(a.span, 2_000)))
            elif value.method not in _BUILDS:
                yield value.method
            value = value.receiver
        yield callee(value)

    def _started(self, unit: Unit, call: Invoke | None) -> tuple[str | None, str | None]:
        if call is not None:
            request = self._request_call(call)
            if request is not None:
                return request, None
            job = self._job_call(call)
            if job is not None:
                return None, job
        for mark in unit.marks:
            last = mark.rpartition(".")[2]
            if _JOB_MARKS.match(last):
                return None, f"@{mark}"
            if _MARKS.match(last):
                return f"@{mark}", None
        if _JOB_HEAD.search(unit.head):
            return None, unit.name or "a message"
        if _HANDLER_HEAD.search(unit.head):
            return (unit.name or "a request") if self._is_route(unit) else None, None
        return self._by_convention(unit)

    def _is_route(self, unit: Unit) -> bool:
        """Next.js routes by the place of a file: a function elsewhere is called by one, which may check before."""
        if "NextApiRe" not in unit.head and "NextRequest" not in unit.head:
            return True
        return _NEXT.search(self.path) is not None

    def _by_convention(self, unit: Unit) -> tuple[str | None, str | None]:
        first = unit.function.parameters[0].name if unit.function.parameters else ""
        where = f"{unit.owner}{'.' if unit.owner else ''}{unit.name}"
        if self.language == "python":
            view = unit.name in _REQUEST_METHODS or any(_VIEWS.search(name) for name in (unit.owner, *unit.owner_marks))
            if first == "request" and (not unit.owner or view):
                return where, None
            if unit.owner and unit.name in _HOOKS:
                return where, None
            if unit.name == "run" and any("Task" in base for base in unit.owner_marks):
                return None, where
            if unit.name == "handle" and "BaseCommand" in unit.owner_marks:
                return None, where
        elif self.language == "ruby":
            if "/controllers/" in f"/{self.path}" and unit.owner.endswith("Controller"):
                return where, None
            jobs = ("ApplicationJob", "Worker", "Job")
            if unit.name == "perform" and any(mark.endswith(jobs) for mark in unit.owner_marks):
                return None, where
        elif self.language == "php":
            if unit.owner.endswith("Controller") and not unit.name.startswith("__"):
                return where, None
            if unit.name == "handle" and "ShouldQueue" in unit.owner_marks:
                return None, where
        elif self.language == "c_sharp":
            if unit.name == "ExecuteAsync" and "BackgroundService" in unit.owner_marks:
                return None, where
        elif unit.name in {"process", "handle"} and not {"WorkerHost", "Processor"}.isdisjoint(unit.owner_marks):
            return None, where
        elif _NEXT.search(self.path) and unit.name in _EXPORTS:
            return where, None
        return None, None


def _holds_closure(value: Expr) -> bool:
    """A function, or one that is wrapped: `audited("updated", async (…) => …)`."""
    inner = value.arguments if isinstance(value, Invoke) else (value,)
    return sum(isinstance(argument, Closure) for argument in inner) == 1


def _included(body: Iterable[Stmt]) -> Iterator[str]:
    """What a class mixes in (`include Sidekiq::Job`), calls first (`before_action :authorize`) and permits by."""
    for statement in body:
        if isinstance(statement, Do) and isinstance(statement.value, Invoke):
            call = statement.value
            if call.method == "include":
                yield from (
                    a.path.rpartition(".")[2].rpartition("::")[2] for a in call.arguments if isinstance(a, Name)
                )
            elif call.method in _BEFORE:
                yield from (a.value for a in call.arguments if isinstance(a, Text))
                yield from (call.method,) if "authorize" in call.method else ()
        elif isinstance(statement, Assign) and statement.target == "permission_classes":
            yield from (name for name in map(callee, parts(statement.value)) if name)


def marks_of(values: Iterable[Expr]) -> tuple[str, ...]:
    """The names of what is called or named, and of what is handed to those that only pass it on."""
    found: list[str] = []
    for value in values:
        name = callee(value)
        if name:
            found.append(name)
        if isinstance(value, Invoke) and name.rpartition(".")[2] in _HANDS_ON:
            found += marks_of(value.arguments)
        elif isinstance(value, Invoke):
            found += [inner for _, given in value.keywords for inner in marks_of((given,))]
        elif isinstance(value, (Items, Pairs)):
            found += marks_of(parts(value))
    return tuple(found[:40])


def callee(value: Expr) -> str:
    """The dotted name of what is called or named."""
    if isinstance(value, Invoke):
        before = callee(value.receiver) if value.receiver is not None else ""
        return f"{before}.{value.method}" if before and value.method else value.method or before
    return value.path if isinstance(value, Name) else ""


def blocks(statement: Stmt) -> tuple[tuple[Stmt, ...], ...]:
    """The blocks inside of a statement, of functions and classes not."""
    if isinstance(statement, If):
        return (statement.then, statement.other)
    if isinstance(statement, Cases):
        return statement.alternatives
    if isinstance(statement, (Loop, Scope)):
        return (statement.body,)
    return ()


def expressions(statement: Stmt) -> tuple[Expr, ...]:
    """The expressions that stand in a statement itself."""
    if isinstance(statement, (Do, Assign, Unpack)):
        return (statement.value,)
    if isinstance(statement, (Leave, Member)):
        return (statement.value,) if statement.value is not None else ()
    if isinstance(statement, If):
        return (statement.test.value,) if statement.test.value is not None else ()
    if isinstance(statement, Loop):
        return (statement.over,) if statement.over is not None else ()
    if isinstance(statement, Scope):
        return tuple(value for _, value in statement.bindings)
    return ()


def parts(value: Expr) -> tuple[Expr, ...]:
    """The expressions that an expression is made of; the body of a closure is not."""
    if isinstance(value, (Name, Text)):  # most are
        return ()
    if isinstance(value, Invoke):
        receiver = (value.receiver,) if value.receiver is not None else ()
        return (*receiver, *value.arguments, *(given for _, given in value.keywords))
    if isinstance(value, (Cat, Other, Tagged)):
        return value.parts
    if isinstance(value, Choose):
        test = (value.test.value,) if value.test.value is not None and value.test.value is not value.then else ()
        return (*test, value.then, value.other)
    if isinstance(value, Items):
        return value.items
    if isinstance(value, Pairs):
        return tuple(given for _, given in value.pairs)
    if isinstance(value, Spread):
        return (value.value,)
    if isinstance(value, Repeat):
        return (value.item,)
    return (value.template, *(value.values or ())) if isinstance(value, Percent) else ()
