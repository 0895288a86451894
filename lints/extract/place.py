"""Segments of text and gaps made into one SQL text that parses, each gap standing in for what its place allows.

What a gap can be is read off its neighbours: a value, an identifier, a list, assignments, or a whole clause. A clause
leaves a comment behind (`Hole.dropped`), so a statement with one is never judged as if it were complete.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from lints.extract.facts import Hole
from lints.extract.sqltext import names
from lints.extract.values import Gap, Lit, Segment
from lints.patterns import regex

# A word by what is left out of it: a class up to \uffff takes long to compile.
_TOKEN = regex(
    r"""
      (?P<space>\s+)
    | (?P<line_comment>--[^\n]*)
    | (?P<block>/\*.*?(?:\*/|\Z))
    | (?P<quoted>'(?:[^']|'')*+(?:'|\Z)|"(?:[^"]|"")*+(?:"|\Z)|`[^`]*+(?:`|\Z))
    | (?P<word>[^\x00-@[-^`{-\x7f][^\x00-#%-/:-@[-^`{-\x7f]*)
    | (?P<number>\d[\w.]*)
    | (?P<param>[$:@]\w+|%s|%\(\w+\)s|\?)
    | (?P<operator><=|>=|<>|!=|\|\||::|->>|->|[=<>+\-*/%~!])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SQL_TABLE = names("from join into update table only truncate using lateral")
_BEFORE_QUERY = names("as materialized from join lateral exists")
_BOOLEAN = names("where and or not on having when")
_BEFORE_VALUE = names(
    "select distinct all by set limit offset in like ilike between is then else case as returning values returns"
    " default any some exists with recursive interval escape fetch first next union except intersect call do nothing"
    " cast over partition top percent similar to at zone tablesample conflict constraint excluded"
)
_AFTER_CONDITION = names(
    "and or group order limit offset having union except intersect returning for window on then fetch qualify"
)
_AFTER_OPERAND = names(
    "from as at is in between like ilike collate over filter and or not union except into where limit"
)
_CLAUSE_START = names(
    "where group order limit offset having union except intersect returning for window set values on join left right"
    " inner outer full cross natural using fetch select from and or as asc desc nulls end then else when"
)


def place(segments: Sequence[Segment]) -> tuple[str, tuple[Hole, ...]]:
    """The SQL text and its holes, in order of their numbers."""
    out: list[str] = []
    holes: list[Hole] = []
    state = _State()
    merged = _merged(segments)
    for position, segment in enumerate(merged):
        if isinstance(segment, Lit):
            out.append(segment.text)
            state.read(segment.text)
            continue
        following = merged[position + 1] if position + 1 < len(merged) else None
        text, hole = _stand_in(segment, len(holes), state, following)
        holes.append(hole)
        if hole.bound and text.startswith(":") and state.sigil:
            # `$${n}`, `:${name}`, `@p${n}`: the gap is the name of a placeholder, the whole of it is a parameter.
            out[-1] = out[-1][: -len(state.sigil)]
            if following is not None and isinstance(following, Lit):
                tail = re.match(r"\w*\)?s?" if state.sigil.startswith("%(") else r"\w*", following.text)
                merged[position + 1] = Lit(following.text[tail.end() if tail else 0 :], following.span)
        out.append(text)
        state.read(text)
    return "".join(out), tuple(holes)


def spelled(segments: Sequence[Segment]) -> tuple[str, tuple[Hole, ...]]:
    """The text with every gap as its marker: `$h0` for a parameter, `__hole_0__` for text. For Cypher."""
    out: list[str] = []
    holes: list[Hole] = []
    for segment in segments:
        if isinstance(segment, Lit):
            out.append(segment.text)
            continue
        marker = f"$h{len(holes)}" if segment.bound else f"__hole_{len(holes)}__"
        out.append(marker)
        holes.append(Hole(marker=marker, source=segment.source[:200], bound=segment.bound))
    return "".join(out), tuple(holes)


def _merged(segments: Sequence[Segment]) -> list[Segment]:
    """Neighbouring literals as one, so that a token is never cut in two."""
    out: list[Segment] = []
    for segment in segments:
        last = out[-1] if out else None
        if isinstance(segment, Lit) and isinstance(last, Lit):
            out[-1] = Lit(last.text + segment.text, last.span)
        else:
            out.append(segment)
    return out


class _State:
    """What stands before the next gap: the last token, an open quote or comment, a placeholder's sigil."""

    def __init__(self) -> None:
        self.last = ""
        self.before_last = ""
        self.before_kind = ""
        self.kind = ""
        self.open = ""
        self.glued = False
        self.sigil = ""
        self.verb = ""

    def read(self, text: str) -> None:
        self.sigil = ""
        self.glued = bool(text) and not text[-1].isspace()
        position = 0
        if self.open:
            close = {"'": "'", '"': '"', "`": "`", "/*": "*/", "--": "\n"}[self.open]
            found = text.find(close)
            if found < 0:
                return
            position = found + len(close)
            self._take("quoted", self.open if self.open in "'\"`" else "")
            self.open = ""
        for match in _TOKEN.finditer(text, position):
            kind = match.lastgroup or ""
            token = match.group()
            if kind == "space":
                continue
            if kind == "line_comment":
                if match.end() == len(text):
                    self.open = "--"
                continue
            if kind == "block":
                if not token.endswith("*/") or len(token) < 4:
                    self.open = "/*"
                continue
            if kind == "quoted" and (len(token) == 1 or token[-1] != token[0] or _odd(token)):
                self.open = token[0]
                continue
            self._take(kind, token.lower() if kind == "word" else token)
        if not self.open:
            sigil = re.search(r"(?<![\w:$@])(?:[$@][A-Za-z_]{0,8}|:[A-Za-z_]{0,32}|%\([A-Za-z_]{0,32})\Z", text[-40:])
            if sigil is not None:
                self.sigil = sigil.group()

    def _take(self, kind: str, token: str) -> None:
        if not token:
            return
        self.before_last, self.last = self.last, token
        self.before_kind, self.kind = self.kind, kind
        if not self.verb and kind == "word":
            self.verb = token


def _odd(token: str) -> bool:
    """Whether a quoted token that ran to the end of the text is still open: an odd number of quote characters."""
    return token.count(token[0]) % 2 == 1


def _next(following: Segment | None) -> tuple[str, str, bool]:
    """(kind, token, glued) of what comes after a gap; kind is empty at the end."""
    if following is None:
        return "", "", False
    if isinstance(following, Gap):
        return "gap", "", True
    first = True
    for match in _TOKEN.finditer(following.text[:2000]):
        kind = match.lastgroup or ""
        if kind in {"space", "line_comment", "block"}:
            first = False
            continue
        return kind, match.group().lower(), first
    return "", "", False


def _stand_in(gap: Gap, number: int, state: _State, following: Segment | None) -> tuple[str, Hole]:
    marker, value = f"__hole_{number}__", f":h{number}"
    source = gap.source[:200]

    def text(written: str = marker) -> tuple[str, Hole]:
        return written, Hole(marker=marker, source=source, bound=False)

    def dropped(written: str = "") -> tuple[str, Hole]:
        return f" {written}/*{marker}*/ ", Hole(marker=marker, source=source, bound=False, dropped=True)

    def bound() -> tuple[str, Hole]:
        return value, Hole(marker=value, source=source, bound=True)

    if state.open:
        return text()
    if state.sigil:
        return bound()
    kind, token, glued_next = _next(following)
    last = state.last
    if state.glued and (state.kind in {"word", "number"} or last == ".") and not gap.bound:
        return text()
    if glued_next and (kind == "word" or token == ".") and not gap.bound:
        return text()
    if gap.keys is not None:
        return _object(gap, state, text, dropped, number)
    if last == "(" and state.before_last in _BEFORE_QUERY and (token in {")", "", "and", "or", "order", "limit"}):
        # A query put in whole, or up to its conditions.
        words = ("select * from", marker, "where", marker) if token in {"and", "or"} else ("select * from", marker)
        return text(" ".join(words))
    if last in _SQL_TABLE and not (last == "using" and token == ")"):
        if last == "update" and state.before_last in {"for", "do", "key"}:
            return dropped()
        return text()
    if last in _BOOLEAN:
        ends = kind in {"", "gap"} or token in _AFTER_CONDITION or token in {")", ";"}
        if gap.bound and (ends or re.fullmatch(r"\w+(?:\.\w+)+", gap.source)):
            return text()
        return bound() if gap.bound else text()
    if last == "set":
        if token == "=" or (kind == "operator" and token.startswith("=")):
            return text()
        return f"{marker} = {marker}", Hole(marker=marker, source=source, bound=False)
    if last == "values":
        return text(f"({marker})")
    if last == "in":
        return (f"({value})", Hole(marker=value, source=source, bound=True)) if gap.bound else text(f"({marker})")
    if last in {"?", "?|", "?&"} and state.before_kind in {"word", "quoted"}:
        return bound() if gap.bound else text()  # PostgreSQL's JSONB operators
    if last in {"select", "distinct"} and (kind == "word" or token == "*") and token not in _AFTER_OPERAND:
        return dropped()
    if last in _BEFORE_VALUE or (state.kind == "operator" and not _star(state)) or last in {"(", ","}:
        return bound() if gap.bound else text()
    if not last:
        return dropped()
    # An expression, a table or a list is complete here: the gap is an operator or a clause.
    operand = kind in {"word", "param", "number", "quoted"} and token not in _CLAUSE_START
    if operand and state.kind in {"word", "quoted"} and last not in {"end", "nothing"}:
        return dropped("< ")
    return dropped()


def _star(state: _State) -> bool:
    """Whether `*` just read is the select list, not a multiplication."""
    return state.last == "*" and state.before_last in {"select", ".", ",", "distinct", "returning", "all"}


def _object(
    gap: Gap,
    state: _State,
    text: Callable[[], tuple[str, Hole]],
    dropped: Callable[[], tuple[str, Hole]],
    number: int,
) -> tuple[str, Hole]:
    """An object helper: columns and values after INSERT INTO t, assignments after SET, else a list of columns."""
    listed = [name for name in gap.keys or () if re.fullmatch(r"\w+", name)]
    columns = ", ".join(f'"{name}"' if name != name.lower() else name for name in listed)
    marker, value = f"__hole_{number}__", f":h{number}"
    whole = Hole(marker=value, source=gap.source[:200], bound=True)
    if state.last == "values":
        return f"({marker})", Hole(marker=marker, source=gap.source[:200], bound=False)
    if not listed:
        return text() if state.last in _SQL_TABLE or state.last in {"select", ",", "(", "set"} else dropped()
    if state.last == "set":
        return ", ".join(f"{name} = {value}" for name in columns.split(", ")), whole
    if state.verb in {"insert", "with"} and state.last not in {"select", ",", "returning", "("}:
        return f" ({columns}) VALUES ({', '.join(value for _ in listed)})", whole
    return columns, Hole(marker=marker, source=gap.source[:200], bound=False)
