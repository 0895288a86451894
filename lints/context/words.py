# ruff: noqa: E501 - a pattern is read as one line
"""How requests, callers, guards and tenants are spelled in the languages and frameworks that are read."""

from __future__ import annotations

import re

from lints.patterns import regex

_NAMES = r"tenant|org|organi[sz]ation|workspace|account|company|team|project|customer"
TENANT = regex(
    rf"_*(?:(?:current|owner|caller|req|request|my|this|target|the|p|in|x|raw|header|default|effective|resolved)_?)?"
    rf"(?:{_NAMES})s?_?(?:id|ids|uuid|key|slug|code|ctx|context|name|param|header|str|string)?_*",
    re.IGNORECASE,
)
"""A name that means a tenant, all of it."""
TENANT_WORD = regex(r"tenant|\borg(?!an|\b)|_org\b|organi[sz]ation|workspace|account_?id|company_?id", re.IGNORECASE)

_REQUEST = r"(?:req|request|ctx\.req|ctx\.request|context\.req|context\.request|c\.req|event|self\.request|evt)"
_MEMBER = r"(?:[?!]?\.[\w$]+|[?!]?\.?\[\s*['\":]?[\w.$-]{1,60}['\"]?\s*\])"
_KEY = r"['\"][\w.:-]{1,60}['\"]"

CLIENT: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (channel, regex(pattern))
    for channel, pattern in (
        (
            "body",
            rf"{_REQUEST}[?!]?\.(?:body|rawBody|formData\(\)|form|json|data|POST|values|get_json\(\)){_MEMBER}?",
        ),
        ("body", rf"{_REQUEST}\.(?:form|json|data|POST|values|get_json\(\w{{0,20}}\))\.get\(\s*{_KEY}"),
        ("query", rf"{_REQUEST}[?!]?\.(?:query|args|GET|query_params|queryStringParameters|queries){_MEMBER}?"),
        ("query", rf"{_REQUEST}\.(?:query|args|GET|query_params)(?:\.get|\.getlist)?\(\s*{_KEY}"),
        ("query", rf"(?:[\w.]*[sS]earchParams|url\.searchParams)\.get\(\s*{_KEY}"),
        ("header", rf"{_REQUEST}[?!]?\.(?:headers|META|Headers){_MEMBER}?"),
        ("header", rf"{_REQUEST}\.(?:headers|META)\.get\(\s*{_KEY}"),
        ("header", rf"{_REQUEST}\.(?:header|get)\(\s*['\"][xX]-[\w-]{{1,60}}['\"]"),
        ("header", rf"(?:\(await )?headers\(\)\)?\.get\(\s*{_KEY}"),
        ("path", rf"{_REQUEST}[?!]?\.(?:params|pathParameters|path_params|view_args|match_info|param){_MEMBER}?"),
        ("path", rf"{_REQUEST}\.param\(\s*{_KEY}"),
        ("path", rf"(?:ctx|context)\.params{_MEMBER}"),  # Koa
        ("query", rf"ctx\.query{_MEMBER}"),
        (
            "body",
            r"Object\.fromEntries\(\s*(?:\w*[fF]ormData|[\w.]*[sS]earchParams)(?:\.entries\(\))?\s*\)(?:\.\w+)?",
        ),
        ("body", rf"request\.(?:input|only|all|qs)\(\s*{_KEY}"),  # AdonisJS
        ("body", rf"\w+\.(?:validated_data|cleaned_data){_MEMBER}?"),  # Django
        # Go
        ("header", r"c\.Get\(\s*\"[xX]-[\w-]{1,60}\""),
        ("query", r"\w+\.URL\.Query\(\)\.Get\(\s*\"[\w-]{1,60}\""),
        ("query", r"(?:c|ctx|gc|ginCtx|fc)\.(?:Query|DefaultQuery|QueryParam|QueryArgs)\(\s*\"[\w-]{1,60}\""),
        ("body", r"(?:r|req|c|ctx)\.(?:FormValue|PostFormValue|PostForm|DefaultPostForm)\(\s*\"[\w-]{1,60}\""),
        ("header", r"(?:r|req|request)\.Header\.Get\(\s*\"[\w-]{1,60}\"|(?:c|ctx|gc)\.GetHeader\(\s*\"[\w-]{1,60}\""),
        ("header", r"(?:c|ctx)\.Request\(?\)?\.Header\.Get\(\s*\"[\w-]{1,60}\""),
        (
            "path",
            r"(?:c|ctx|gc)\.(?:Param|Params)\(\s*\"[\w-]{1,60}\"|chi\.URLParam\(\s*\w+,\s*\"[\w-]{1,60}\"|mux\.Vars\(\w+\)(?:\[\"[\w-]{1,60}\"\])?|\w+\.PathValue\(\s*\"[\w-]{1,60}\"",
        ),
        # Ruby
        (
            "query",
            r"params(?:\[:?\w{1,60}\]|(?:\.(?:require|permit|expect|fetch|dig|slice)\([^()\n]{1,200}\)){1,3}|\[\s*['\"]\w{1,60}['\"]\])",
        ),
        ("header", r"request\.(?:headers|env)\[\s*['\"][\w-]{1,60}['\"]"),
        ("path", r"self\.kwargs(?:\[\s*['\"]\w{1,60}['\"]\s*\]|\.get\(\s*['\"]\w{1,60}['\"])"),
        ("body", r"\w*[fF]ormData\.get\(\s*['\"][\w.-]{1,60}['\"]"),
        ("body", r"c\.req\.valid\(\s*['\"](?:json|form)['\"]\s*\)(?:\.\w+)?"),
        ("query", r"c\.req\.valid\(\s*['\"]query['\"]\s*\)(?:\.\w+)?"),
        ("header", r"c\.req\.valid\(\s*['\"]header['\"]\s*\)(?:\.\w+)?"),
        ("path", r"c\.req\.valid\(\s*['\"]param['\"]\s*\)(?:\.\w+)?"),
        # Ktor
        ("query", r"call\.request\.queryParameters\[\s*\"[\w-]{1,60}\"\s*\]"),
        ("header", r"call\.request\.headers\[\s*\"[\w-]{1,60}\"\s*\]|call\.request\.header\(\s*\"[\w-]{1,60}\""),
        ("path", r"call\.parameters\[\s*\"[\w-]{1,60}\"\s*\]"),
        ("body", r"call\.receive<\w{1,60}>\(\)(?:\.\w+)?"),
        # PHP
        (
            "body",
            r"\$request->(?:input|post|json|get|string|integer|validated)\(\s*['\"][\w.-]{1,60}['\"]|\$_POST\[[^\]\n]{1,60}\]",
        ),
        ("query", r"\$request->query(?:->get)?\(\s*['\"][\w.-]{1,60}['\"]|\$_(?:GET|REQUEST)\[[^\]\n]{1,60}\]"),
        (
            "header",
            r"\$request->(?:header|headers->get)\(\s*['\"][\w.-]{1,60}['\"]|\$_SERVER\[\s*['\"]HTTP_X_\w{1,60}['\"]\s*\]",
        ),
        ("body", r"request\(\s*['\"][\w.-]{1,60}['\"]\s*\)|request\(\)->(?:input|get|post)\(\s*['\"][\w.-]{1,60}['\"]"),
        (
            "body",
            r"\$request->(?:validate|validated|all|only|toArray|json|safe)\([^()\n]{0,300}\)(?:\[[^\]\n]{1,60}\])?",
        ),
        (
            "body",
            r"\$request->(?:\w+_)?(?:tenant|org|organi[sz]ation|workspace|account|company|team|project|customer)(?:_?(?:id|uuid|slug|key))?(?![\w(])",
        ),
        ("path", r"\$request->route\(\s*['\"][\w.-]{1,60}['\"]"),
        # Java, Kotlin
        ("query", r"(?:request|req|httpRequest|servletRequest)\.getParameter\(\s*\"[\w.-]{1,60}\""),
        (
            "header",
            r"(?:request|req|httpRequest|servletRequest|headers)\.(?:getHeader|getFirst|getHeaderString)\(\s*\"[\w.-]{1,60}\"",
        ),
        # C#
        (
            "query",
            r"(?:HttpContext\.|_?httpContext(?:Accessor)?\.(?:HttpContext[?!]?\.)?)?Request\.Query\[[^\]\n]{1,60}\]",
        ),
        (
            "header",
            r"(?:HttpContext\.|_?httpContext(?:Accessor)?\.(?:HttpContext[?!]?\.)?)?Request\.Headers\[[^\]\n]{1,60}\]",
        ),
        ("body", r"(?:HttpContext\.|_?httpContext\.)?Request\.Form\[[^\]\n]{1,60}\]"),
        ("path", r"(?:HttpContext\.)?(?:RouteData|Request)\.(?:Values|RouteValues)\[[^\]\n]{1,60}\]"),
    )
)
"""Channel and spelling of what a client sends, to be matched at the beginning of an expression."""

# What can be cast off from around a value: it stays what the client said.
BINDS = frozenset(
    [
        "Decode",
        "ShouldBindJSON",
        "ShouldBind",
        "BindJSON",
        "Bind",
        "BodyParser",
        "ShouldBindQuery",
        "BindQuery",
        "QueryParser",
    ]
)
"""Calls of Go that fill a variable from the request."""
MODEL = regex(r"(?:\w+\.)*[A-Z]\w*(?:Create|Update|Request|In|Input|Payload|Body|Schema|Params|Query|Form|Dto|DTO)")
"""The class of a parameter of FastAPI that is read from the body."""
CONVERSION = regex(
    r"(?:new\s+)?(?:JSON\.parse|String|Number|parseInt|BigInt|str|int|UUID|uuid\.UUID|UUID\.fromString|Long\.parseLong|Long\.valueOf|"
    r"Integer\.parseInt|Guid\.Parse|int\.Parse|long\.Parse|uuid\.(?:Parse|MustParse|FromString)|strconv\.Atoi|ObjectId|"
    r"mongoose\.Types\.ObjectId|Types\.ObjectId|decodeURIComponent|intval|strval|Integer|one|first|strings\.TrimSpace|"
    r"z\.\w+\(\)\.parse|[\w.]*[sS]chema\.(?:parse|parseAsync|validate|validateAsync|safeParse))\(\s*"
)
CALLER_ID = regex(
    r"\b(?:user|session|auth|principal|viewer|member|current_?user|actor|claims|identity|requester|me|account|token|sub)"
    r"(?:[\w.?!()\[\]'\"]|\sas\s){0,40}?[._]?(?:id|uid|sub|uuid|email)\b|\buser_?id\b|\b(?:current_?user|request\.user|req\.user)\b"
    r"|\bctx\.(?:user|session|auth)\b|\bcurrent_?(?:ability|member|person|admin|account)\b|\bpolicy_scope\("
    r"|\brequest(?:\(\))?->user\(|\bauth\(\)->(?:user|id)\(|\bAuth::(?:user|id)\("
    r"|\b(?:get|current|load)_?(?:current|login|logged_?in|auth\w{0,12})?_?user(?:_?(?:id|name|info))?\(",
    re.IGNORECASE,
)
"""Whoever is signed in."""
CHECKS = regex(
    r"authori[sz]|permiss|permit|member|access|guard|belong|allow|assert|ensure|verif|validat|require|^can(?=[A-Z_?]|$)"
    r"|(?<=[._])can(?=[A-Z_])|forbid|enforce|policy|check|owner|isolat|restrict|protect|throw|abort|deny|reject|admin",
    re.IGNORECASE,
)
"""A call that decides whether somebody may do something."""
SIGNS_IN = regex(
    r"^(?:use_?guards|use|middleware|async_?handler|catch_?async|wrap|jwt\w*|login_?required|authenticated?|authentication|"
    r"is_?auth\w*|require_?(?:auth|login|user|session|authentication)|ensure_?(?:auth\w*|login|logged_?in)|verify_?(?:token|jwt|auth)|"
    r"check_?auth|\w*auth_?guard|auth\w*guard|jwt_?auth\w*|token_?auth\w*|is_?authenticated|get_?(?:current_?)?(?:active_?|auth\w*_?)?user|"
    r"current_?(?:active_?)?user|get_?(?:async_?)?(?:db|session)|authenticate_?user!?|set_?\w+|depends|request|use_?interceptors|"
    r"csrf_?exempt|require_?(?:GET|POST|http_?methods)|transaction\w*|atomic|swagger\w*|http_?(?:get|post|put|patch|delete|code)|"
    r"validate|validate_?(?:body|request|schema|query|params|input)\w*|"
    r"rate_?limit\w*|cors|body_?parser|valid\w*pipe|parse\w*)$",
    re.IGNORECASE,
)
"""Something beside a handler that says who the caller is, or that a request is well formed: not which tenant is theirs."""
SAYS_WHOSE = regex(
    r"authori[sz]|permiss|permit|member|access|guard|belong|allow|ensure|verif|require|can(?=[A-Z_])|enforce|policy|check|"
    r"owner|protect|role|scope|admin|tenant|org|workspace|internal|api_?key|signature|webhook|hmac|secret",
    re.IGNORECASE,
)

NO_DEFAULT = frozenset(
    [
        "unknown",
        "none",
        "null",
        "nil",
        "undefined",
        "n/a",
        "na",
        "anonymous",
        "-",
        "?",
        "missing",
        "unset",
        "empty",
        "error",
        "invalid",
        "all",
        "any",
        "*",
    ]
)
"""Constants that stand for "no tenant" in a log or a label, not for one."""
