"""What the interpreter notes on its way: texts that may be statements, keys, and the function around them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lints.extract import methods
from lints.extract.facts import Call, Function
from lints.extract.ir import Func, Parameter, Span
from lints.extract.lines import Lines
from lints.extract.values import Gap, Lit, Value, first_literal, is_text
from lints.patterns import regex
from lints.search import Search

_TENANT_NAME = regex(
    r"(?:current|owner|caller|req|request|my|this|target|the|p|in)?_?"
    r"(?:tenant|org|organi[sz]ation|workspace|account)s?_?(?:id|ids|uuid|key|slug|code|ctx|context|name)?",
    re.IGNORECASE,
)


_ASKS = Search(
    rb"(?:[aA]uthori[sz]|[pP]ermi(?:ssion|tted)|[mM]ember|[gG]uard|[bB]elong|[fF]orbid|[eE]nforce|[pP]olic|[rR]estrict|[vV]erif|[aA]ssert"
    rb"|[eE]nsure|[cC]heck|[dD]eny|[aA]bort|\bcan[A-Z_]|[aA]llow|[oO]wner)\w*[!?]?\s*\("
    rb"|[cC]urrent_?(?:[uU]ser|[aA]ccount|[tT]enant|[oO]rg|[tT]eam|[wW]orkspace|[mM]ember)|[lL]og(?:in|ged)_?[iI]?[nN]?_?[uU]ser|[pP]rincipal"
    rb"|[sS]ecurity_?[cC]ontext|\b[sS]ession\b|\b(?:ctx|context|req|request|auth)(?:\.|->)(?:user|auth)|\b[aA]uth(?:\(|::)|\buser_?[iI]d\b"
    rb"|(?:[tT]enant|[oO]rg|[oO]rgani[sz]ation|[tT]eam|[wW]orkspace|[aA]ccount|[cC]ompany)_?[iI]d\)?(?:\(\))?\)?\s*(?:[!=]==?|\.equals)"
)
"""What a function has in it that asks whose something is, or knows who is asking."""
_UNDEFINED = regex(r"\|\s*(?:undefined|null)\b|^(?:undefined|null)\s*\|")


@dataclass(slots=True)
class Sighting:
    """A text that starts like SQL, at one of the places it passes. `rank` orders them: a call beats a bare literal."""

    value: Value
    root: Lit
    call: Call | None
    function: Function | None
    rank: int


class Recorder:
    """The notes of one file. While `muted` is not zero nothing is noted: a helper is only followed for its result."""

    def __init__(self, source: bytes, lines: Lines) -> None:
        self.source = source
        self.lines = lines
        self.sightings: list[Sighting] = []
        self.keys: list[Sighting] = []
        """Keys handed to a key-value store."""
        self.functions: list[Func] = []
        """The functions around the current place, outermost first."""
        self.muted = 0
        self._ignored: dict[tuple[Span, str], bool] = {}
        self._known: dict[tuple[Span, ...], Function] = {}
        self._asking: dict[Span, bool] = {}

    def note(self, value: Value, call: Call | None, rank: int) -> None:
        """A text at a place; kept if a statement could begin with it."""
        root = self.root(value)
        if root is not None:
            self.sightings.append(Sighting(value, root, call, self.enclosing(), rank))

    def root(self, value: Value) -> Lit | None:
        """The literal that a statement begins with, if a text may be one and is noted here."""
        if self.muted:
            return None
        found = first_literal(value)
        return found if found is not None and methods.verb_ahead(found.text) else methods.later_root(value)

    def note_key(self, key: Value, call: Call, span: Span) -> None:
        """A key of Redis: the command and the key's text, its gaps as `{source}`."""
        if not self.muted and (is_text(key) or isinstance(key, Gap)):
            self.keys.append(Sighting(key, first_literal(key) or Lit("", span), call, self.enclosing(), 3))

    def enclosing(self) -> Function | None:
        """The named function around, and the nearest parameter that names a tenant."""
        if not self.functions:
            return None
        place = tuple(function.span for function in self.functions)
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = self._enclosing()
        return known

    def _enclosing(self) -> Function:
        named = next((f for f in reversed(self.functions) if f.name), self.functions[-1])
        for function in reversed(self.functions):
            for parameter in function.parameters:
                for name in bound_names(parameter.name):
                    if _TENANT_NAME.fullmatch(name):
                        return self._described(named, function, name, parameter)
        return self._described(named, named, None)

    def _described(self, named: Func, owner: Func, tenant: str | None, parameter: Parameter | None = None) -> Function:
        ignored = False
        if tenant is not None:
            known = self._ignored.get((owner.body_span, tenant))
            if known is None:
                pattern = rb"(?<![\w.])\$?" + re.escape(tenant.encode()) + rb"(?![\w$])"
                known = re.search(pattern, self.source[owner.body_span[0] : owner.body_span[1]]) is None
                self._ignored[(owner.body_span, tenant)] = known
            ignored = known
        return Function(
            name=named.name,
            line=self.lines.line(named.span[0]),
            parameters=tuple(parameter.name for parameter in named.parameters),
            tenant_parameter=tenant,
            tenant_ignored=ignored,
            tenant_optional=tenant is not None and parameter is not None and self._optional(owner, tenant, parameter),
            asks=bool(named.parameters) and self._asks(named.body_span),
        )

    def _asks(self, body: Span) -> bool:
        known = self._asking.get(body)
        if known is None:
            known = self._asking[body] = _ASKS.matches(self.source[body[0] : body[1]])
        return known

    def _optional(self, owner: Func, tenant: str, parameter: Parameter) -> bool:
        """Whether a caller may leave the tenant out, and nothing in the body asks whether it did."""
        key = (owner.body_span, f"{tenant}?")
        known = self._ignored.get(key)
        if known is None:
            alone = parameter.name == tenant
            left_out = _UNDEFINED.search(parameter.type) if alone else re.search(rf"\b{tenant}\?\s*:", parameter.type)
            asked = rb"(?:!\s*|if\s*\(\s*|[&|?]\s*|===?\s*|assert\w*\(\s*|require\w*\(\s*)" + re.escape(tenant.encode())
            asked += rb"\b|\b" + re.escape(tenant.encode()) + rb"\s*(?:[!=]==?|\?[^.]|&&|\|\|)"
            body = self.source[owner.body_span[0] : owner.body_span[1]]
            known = left_out is not None and re.search(asked, body) is None
            self._ignored[key] = known
        return known

    def text(self, span: Span) -> str:
        """The source of a span, at most 2,000 bytes of it."""
        return self.source[span[0] : min(span[1], span[0] + 2000)].decode("utf-8", "replace")


def bound_names(parameter: str) -> list[str]:
    """The names a parameter binds: one, or those of a destructuring pattern."""
    return parameter.split(",") if "," in parameter else [parameter]
