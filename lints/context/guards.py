"""What stands before a function: whether it says whose tenant the caller may name, or only who the caller is."""

from __future__ import annotations

import re
from collections.abc import Collection

from lints.context.units import Unit
from lints.context.words import SAYS_WHOSE, SIGNS_IN, TENANT
from lints.patterns import regex

_WAITS = regex(r"\b(?:Depends|Security|Provide|Inject)\(\s*([\w.]+)")
_ANYBODY = regex(
    r"(?:public|protected|private|auth(?:ed|enticated|orized|ed_?user)?|base|safe|user|logged_?in|t)?_?\.?(?:action_?client|action|proc(?:edure)?)",
    re.IGNORECASE,
)
_NO_POLICY = regex(r"PreAuthorize\(\s*['\"](?:isAuthenticated\(\)|permitAll(?:\(\))?|isFullyAuthenticated\(\))['\"]")
_VERBS = frozenset(["get", "post", "put", "patch", "delete", "route", "query", "mutation", "action"])
_PLAIN_BASES = regex(
    r"(?:Generic|Model|ReadOnlyModel)?ViewSet|APIView|View|(?:\w+)?APIView|\w*Mixin|Controller(?:Base)?|AbstractController|object|"
    r"Resource|MethodView|ApplicationController|RestController|ApiController|Authorize|Route|Injectable|Resolver|Service|"
    r"IsAuthenticated|AllowAny|CustomEndpoint"
)

_ADMIN = regex(r"(?:^|/)(?:admin|admin-api)/", re.IGNORECASE)
_OURS = regex(
    r"(?:^|/)(?:super_?-?admin|backoffice|back_office|staff|sysadmin|platform-admin|platform/api)/", re.IGNORECASE
)
_STAFF = regex(
    rb"(?i)super_?admin|super_?user|is_?staff|staff_(?:member|required|only)|require_?staff|IsAdminUser"
    rb"|(?:platform|instance|system|site|global|root|infra|server|tenant_?host)_?(?:admin|operator|staff|owner|super)"
    rb"|Admin::(?:Base|Application|Admin)\w*Controller|module Admin\s+class \w{1,80} < BaseController"
    rb"|ActiveAdmin|Administrate|GqlAdminGuard|impersonat"
)


def for_staff(path: str, data: bytes) -> bool:
    """Whether a file serves people of the company: by a folder that is only theirs, or by a folder for administrators
    and a role of the platform in it. An organisation has administrators too, and they may not name another one."""
    return _OURS.search(path) is not None or (_ADMIN.search(path) is not None and _STAFF.search(data) is not None)


def check_before(unit: Unit, before: Collection[str], sources: Collection[str]) -> str | None:
    """The name of what says whose the tenant is before the function runs.

    `before` is what every handler of the module goes through; `sources` are functions of the module known to hand on
    the client's word, which check nothing.
    """
    names: list[str] = [*unit.marks, *unit.owner_marks, *before, *_WAITS.findall(unit.head)]
    if unit.request is not None and unit.chain:
        *uses, first = unit.chain
        procedure = first.rpartition(".")[2]
        if unit.request.startswith(".") and procedure and not _ANYBODY.fullmatch(procedure):
            return procedure
        names += uses
    for name in names:
        last = name.rpartition(".")[2]
        if (
            last in sources
            or last.isupper()
            or not SAYS_WHOSE.search(last)
            or SIGNS_IN.match(last)
            or TENANT.fullmatch(last)
        ):
            continue
        if last == "Authorize" and re.search(r"Authorize[(<]", unit.head) is None:
            continue
        if last == "PreAuthorize" and _NO_POLICY.search(unit.head) is not None:
            continue
        return last
    return None


def path_guarded(unit: Unit) -> bool:
    """Whether anything stands before the function that could check its path: then it is taken to do so."""
    if unit.request is None:
        return True
    beside = [
        last
        for mark in (*unit.marks, *unit.owner_marks)
        if (last := mark.rpartition(".")[2]) not in _VERBS and not SIGNS_IN.match(last)
    ]
    unknown = [mark for mark in beside if not _PLAIN_BASES.fullmatch(mark)]
    waits = [name for name in _WAITS.findall(unit.head) if not SIGNS_IN.match(name.rpartition(".")[2])]
    return bool(unknown or waits)


def called_by_a_route(unit: Unit) -> bool:
    """Whether a function of Next.js takes a request and is no route by its place: what calls it may check before."""
    return unit.request is None and re.search(r"NextApiRequest|NextRequest", unit.head) is not None
