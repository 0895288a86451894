"""Many expressions over the bytes of a file at once: whether any of them can match, before each is tried by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property, lru_cache

_PIECE = re.compile(
    r"""
      (?P<edge>\\[bBAZ]|[\^$])
    | (?P<back>\\[1-9])
    | (?P<escape>\\.)
    | (?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])
    | (?P<ahead>\(\?=)
    | (?P<around>\(\?(?:!|<[!=]))
    | (?P<open>\(\?(?::|>|P<\w+>)|\((?!\?))
    | (?P<odd>\(\?)
    | (?P<close>\))
    | (?P<times>\{\d+,?\d*\}|\{,\d+\}|[*+?])[?+]?
    | (?P<any>\.)
    | (?P<letters>[\w\s"'`=,:;/@&%~<>-]+(?![*+?{]))
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPENS = frozenset({"ahead", "around", "open", "odd"})
_MANY = 40
_MANY_FILES = 40
_WORD = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


@lru_cache(maxsize=1)
def _characters(data: bytes) -> str:
    """The bytes of a file as characters: one file is searched for many things, one after another."""
    return data.decode("latin-1")


class Search:
    """Where any of some expressions matches in a file.

    Most files hold nothing of what they look for. One automaton, made of all of them with the tests of edges and
    surroundings left out, says so at the speed of memory; the expressions themselves run only where it can't.
    """

    def __init__(self, *wanted: bytes | Search, flags: re.RegexFlag = re.NOFLAG) -> None:
        """`wanted` are expressions, and searches whose expressions are all looked for with these."""
        self._wanted = wanted
        self.flags = flags

    def __call__(self, data: bytes) -> list[int]:
        """Offsets where a match begins, in order."""
        text = _characters(data)
        if not self._any(text):
            return []
        found: set[int] = set()
        for one in self.each:
            if one.possible(text):
                found.update(match.start() for match in one.pattern.finditer(data))
        return sorted(found)

    def possible(self, data: bytes) -> bool:
        """False only if none of the expressions matches."""
        return self._any(_characters(data))

    def matches(self, data: bytes) -> bool:
        """Whether one of the expressions does."""
        return self.possible(data) and any(True for one in self.each for _ in one.matches(data))

    @cached_property
    def expressions(self) -> Sequence[bytes]:
        """What is looked for, one alternative each: taken apart at the first use, which most never come to."""
        parts = (one.expressions if isinstance(one, Search) else _alternatives(one) for one in self._wanted)
        return [part for some in parts for part in some]

    @cached_property
    def each(self) -> Sequence[Expression]:
        """The expressions, each to be asked by itself."""
        return [Expression(expression, self.flags) for expression in self.expressions]

    @cached_property
    def _any(self) -> Callable[[str], bool]:
        if not self.expressions:
            return lambda _: False
        return _automaton("|".join(f"(?:{one.relaxed})" for one in self.each))


class Expression:
    """One of the expressions: what each question needs is made when it is asked for the first time."""

    def __init__(self, expression: bytes, flags: re.RegexFlag) -> None:
        self._expression = expression
        self._flags = flags
        self._passed = 0
        self.possible: Callable[[str], bool] = self._glance
        """False only if it does not match a file of these characters."""

    def _glance(self, text: str) -> bool:
        """An automaton is fast, but to make it costs as much as to look for the letters in a hundred files: for few
        files none is made without need."""
        self._passed += 1
        if self._passed < _MANY_FILES and self._letters not in text.lower():
            return False
        self.possible = _automaton(self.relaxed)
        return self.possible(text)

    def matches(self, data: bytes) -> Iterator[re.Match[bytes]]:
        """Its matches, in order."""
        return self.pattern.finditer(data) if self.possible(_characters(data)) else iter(())

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        return re.compile(self._expression, self._flags)

    @cached_property
    def relaxed(self) -> str:
        return relaxed(self._expression, self._flags)

    @cached_property
    def _letters(self) -> str:
        return letters_of(self._expression)


def named(data: bytes, name: bytes, start: int = 0, end: int | None = None) -> Iterator[int]:
    """Where a name stands as a whole word: most are asked for once, for which an expression would cost too much."""
    end = len(data) if end is None else end
    length = len(name)
    at = data.find(name, start, end)
    while at >= 0:
        after = at + length
        if (not at or data[at - 1] not in _WORD) and (after >= end or data[after] not in _WORD):
            yield at
        at = data.find(name, after, end)


def _alternatives(expression: bytes) -> list[bytes]:
    """`a|b` as `a` and `b`: each is tried only where it can match, and by its own first letters."""
    text = expression.decode("latin-1")
    pieces = list(_PIECE.finditer(text))
    cuts: list[int] = []
    depth = 0
    for piece in pieces:
        depth += (piece.lastgroup in _OPENS) - (piece.lastgroup == "close")
        if piece.group() == "|" and not depth:
            cuts.append(piece.start())
    flag = "(?i)" if cuts and text.startswith("(?i)") else ""
    parts = [text[start:end] for start, end in zip((0, *(cut + 1 for cut in cuts)), (*cuts, len(text)), strict=True)]
    return [(part if not position else flag + part).encode("latin-1") for position, part in enumerate(parts)]


def _automaton(expression: str) -> Callable[[str], bool]:
    """Whether a text holds a match: asked as the `pattern` of a JSON Schema, whose validator brings a linear engine."""
    import jsonschema_rs

    schema = {"pattern": expression}
    return jsonschema_rs.Draft202012Validator(schema, pattern_options=jsonschema_rs.RegexOptions()).is_valid


def relaxed(expression: bytes, flags: re.RegexFlag = re.NOFLAG) -> str:
    """An expression over the bytes as characters that matches wherever `expression` does, and elsewhere too: it knows
    no edges, does not look around, and does not count high. Raises ValueError for what it does not understand."""
    text = expression.decode("latin-1")
    if flags & ~(re.DOTALL | re.MULTILINE | re.IGNORECASE):
        raise ValueError(f"{text[:60]}: flags that mean something else here")
    capitals = bool(flags & re.IGNORECASE) or text.startswith("(?i)")
    pieces = list(_PIECE.finditer(text.removeprefix("(?i)")))
    out: list[str] = []
    position = 0
    while position < len(pieces):
        piece = pieces[position]
        kind = piece.lastgroup
        position += 1
        if kind == "times":
            out.append(_repeated(piece["times"]))
        elif kind == "around" or (kind == "ahead" and _closing(pieces, position) != len(pieces)):
            position = _closing(pieces, position)
        elif kind in {"ahead", "open"}:
            out.append("(?:")
        elif kind == "any" or kind == "set" or (kind == "escape" and piece.group()[1] in "dDsSwW"):
            out.append(_class(piece.group()))
        elif kind == "other" and piece.group() in "{}":
            out.append(f"\\{piece.group()}")
        elif kind in {"odd", "back"}:
            raise ValueError(f"{text[:60]}: {piece.group()} at {piece.start()}")
        elif kind != "edge":
            out.append(piece.group())
    return f"(?i:{''.join(out)})" if capitals else "".join(out)


def letters_of(expression: bytes) -> str:
    """The longest run of letters that each match holds, in small ones; nothing where that can't be told."""
    longest = ""
    depth = 0
    for piece in _PIECE.finditer(expression.decode("latin-1")):
        depth += (piece.lastgroup in _OPENS) - (piece.lastgroup == "close")
        if depth == 0 and piece.group() == "|":
            return ""
        if depth == 0 and piece.lastgroup == "letters":
            longest = max(longest, piece.group(), key=len)
    return longest.lower()


@cache
def _class(written: str) -> str:
    """A class of bytes as ranges of characters: beyond ASCII, `\\w`, `\\s` and what is left out mean others there."""
    found = [match.start() for match in re.finditer(written.encode("latin-1"), bytes(range(256)), re.DOTALL)]
    ranges: list[list[int]] = []
    for byte in found:
        if ranges and ranges[-1][1] == byte - 1:
            ranges[-1][1] = byte
        else:
            ranges.append([byte, byte])
    return "[" + "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in ranges) + "]"


def _closing(pieces: Sequence[re.Match[str]], position: int) -> int:
    """The position after the bracket that closes what is open before `position`."""
    depth = 1
    while depth:
        kind = pieces[position].lastgroup
        depth += (kind in {"ahead", "around", "open"}) - (kind == "close")
        position += 1
    return position


def _repeated(times: str) -> str:
    """`{2,4000}` as `{2,}`: counting is what makes an automaton large."""
    least, _, most = times.strip("{}").partition(",")
    if not times.startswith("{") or int(most or least) <= _MANY:
        return times
    return f"{{{min(int(least or 0), _MANY)},}}"
