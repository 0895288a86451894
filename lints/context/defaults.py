"""A constant that stands in for a tenant nobody gave."""

from __future__ import annotations

import re
from collections.abc import Callable

from lints.context.words import NO_DEFAULT, TENANT
from lints.extract.ir import Choose, Expr, Invoke, Name, Span, Text
from lints.patterns import regex

_WITH_DEFAULT = frozenset(["get", "getOrDefault", "get_or_default", "fetch", "GetValueOrDefault"])
_CONSTANT = regex(
    r"(?:[A-Za-z_]\w*\.)*[A-Z][A-Z0-9_]*DEFAULT[A-Z0-9_]*|(?:[A-Za-z_]\w*\.)*DEFAULT_[A-Z0-9_]+|(?:[a-z_]\w*\.)*default_?(?:tenant|org|workspace|account)\w*",
    re.IGNORECASE,
)
_ENVIRONMENT = regex(
    r"\b(?:process\.env|os\.environ|os\.getenv|getenv|ENV\[|System\.getenv|Environment\.GetEnv|import\.meta\.env|settings|config)\b"
)


def default_of(value: Expr, name: str, text: Callable[[Span, int], str], *, returned: bool) -> str | None:
    """The constant, if an expression is a tenant or else one. `name` is what it becomes, or the function it leaves."""
    if isinstance(value, Invoke) and value.method in _WITH_DEFAULT and len(value.arguments) == 2:
        key, said = value.arguments[0], constant_of(value.arguments[1])
        named = isinstance(key, Text) and TENANT.fullmatch(key.value) is not None
        return said if named and not _ENVIRONMENT.search(text(value.span, 120)) else None
    if not isinstance(value, Choose):
        return None
    means = _means_tenant(name, returned=returned)
    for sent, other in ((value.then, value.other), (value.other, value.then)):
        said = constant_of(other)
        if said is None or constant_of(sent) is not None:
            continue
        if isinstance(sent, Invoke) and sent.arguments and not means:
            return None
        shown = text(sent.span, 120)
        last = re.search(r"([\w-]+)\W*$", shown)
        if not means and (last is None or TENANT.fullmatch(last.group(1).replace("-", "_")) is None):
            return None
        return None if _ENVIRONMENT.search(shown) or not re.search(r"\w", shown) else said
    return None


def default_apart(name: str, text: str) -> str | None:
    """The constant of a name while an object is taken apart: `const { tenantId = 'main' } = context`."""
    if "=" not in text or TENANT.fullmatch(name) is None:
        return None
    found = re.search(rf"\b{re.escape(name)}\s*=\s*(['\"][^'\"\n]{{1,60}}['\"]|\w*DEFAULT\w*)\s*[,}}]", text)
    if found is None or found.group(1)[1:-1].lower() in NO_DEFAULT:
        return None
    return found.group(1)


def _means_tenant(name: str, *, returned: bool) -> bool:
    return gives_tenant(name) if returned else TENANT.fullmatch(name) is not None


def gives_tenant(name: str) -> bool:
    """Whether a function is named for the tenant that it gives: `getTenantFromRequest`, `resolve_org`."""
    bare = re.sub(r"^(?:get|resolve|extract|read|fetch|find|current|determine)_?(?=[A-Za-z])", "", name)
    return (
        bare != name
        and re.sub(r"_?(?:from|of|for)_?\w+$", "", bare, flags=re.IGNORECASE) != ""
        and TENANT.fullmatch(
            re.sub(
                r"(?i)_?(?:from|of|for)_?(?:req|request|headers?|ctx|context|user|session|token|claims?|auth|cookies?|jwt|url|host|query|body)$",
                "",
                bare,
            )
        )
        is not None
    )


def constant_of(value: Expr) -> str | None:
    """The constant that a value is, if it could be taken for a tenant."""
    if isinstance(value, Text):
        text = value.value.strip()
        return repr(text) if text and text.lower() not in NO_DEFAULT and len(text) <= 60 else None
    if isinstance(value, Name) and _CONSTANT.fullmatch(value.path):
        return value.path
    return None
