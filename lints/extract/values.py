"""What an expression can be, as far as text is concerned: literal pieces, gaps, and choices between paths.

A value is symbolic: a condition is kept as a keyed choice, not multiplied out, so that the same condition asked twice
gives the same answer on one path. `paths` multiplies out, bounded, at the very end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

from lints.extract.ir import Func, Span

if TYPE_CHECKING:
    from lints.extract.environment import Env

MAX_VARIANTS = 16
MAX_PARTS = 4000
MAX_TEXT = 256 * 1024
MAX_ITEMS = 500


@dataclass(slots=True)
class Lit:
    """A piece of a literal with its place."""

    text: str
    span: Span


@dataclass(slots=True)
class Gap:
    """Something whose text is not known. `bound`: it is a parameter; `keys`: the properties of an object helper."""

    source: str
    span: Span
    bound: bool = False
    keys: tuple[str, ...] | None = None
    origin: str | None = None
    """The call it came from, if it is the result of one."""
    call: Imported | None = None
    """That call, if it is of a function that the file imports."""


@dataclass(slots=True)
class Imported:
    """A call of an imported function: `module:name` as the file imports it, and what is handed to it."""

    name: str
    arguments: tuple[Value, ...]
    keywords: dict[str, Value]


@dataclass(slots=True)
class Rope:
    """Pieces one after the other."""

    parts: tuple[Value, ...]


@dataclass(slots=True)
class Alt:
    """`yes` on the paths where the condition `key` holds, else `no`."""

    key: str
    yes: Value
    no: Value


@dataclass(slots=True)
class Sized:
    """`yes` if the list has items on this path, else `no`."""

    listing: Listing
    yes: Value
    no: Value


@dataclass(slots=True)
class Listing:
    """A list. An item that is on some paths only is an `Alt` with `NOTHING` on the others."""

    items: tuple[Value, ...]


@dataclass(slots=True)
class Joined:
    """The items of a list with a separator between them."""

    separator: str
    listing: Listing


@dataclass(slots=True)
class Fragment:
    """A piece of SQL that a tagged template takes in as SQL, not as a parameter."""

    value: Value
    tag: str = ""


@dataclass(slots=True)
class Record:
    """An object by its properties."""

    fields: dict[str, Value] = field(default_factory=dict)
    source: str = ""


@dataclass(slots=True)
class Fn:
    """A function and the variables around it."""

    function: Func
    env: Env


@dataclass(slots=True)
class Returned:
    """A callback that has been interpreted, by what it returns."""

    result: Value
    function: Func | None = None


@dataclass(slots=True, eq=False)
class Term:
    """A condition or another expression that an ORM reads: `Boat.id == x`, `Q(id=x) | Q(…)`, `eq(boats.id, x)`."""

    operator: str
    arguments: tuple[Value, ...]
    keywords: dict[str, Value]
    source: str


@dataclass(slots=True, eq=False)
class Step:
    """One call in a chain that builds or runs a query."""

    method: str
    arguments: tuple[Value, ...]
    keywords: dict[str, Value]
    span: Span


@dataclass(slots=True, eq=False)
class Query:
    """A query that an ORM or a query builder is putting together. `base`: the queries it was made from."""

    kind: str
    model: str
    steps: tuple[Value, ...]
    span: Span
    base: tuple[Query, ...] = ()


@dataclass(slots=True)
class Nothing:
    """No text: null, undefined, false, an empty fragment, a list item that is not there."""


NOTHING = Nothing()
ABSENT = Nothing()
"""A property that an object does not have on some path; JavaScript's undefined."""

Value: TypeAlias = (
    Lit
    | Gap
    | Rope
    | Alt
    | Sized
    | Listing
    | Joined
    | Fragment
    | Record
    | Fn
    | Returned
    | Term
    | Step
    | Query
    | Nothing
)
_WITHOUT_TEXT = (Gap, Record, Fn, Returned, Nothing, Listing, Term, Step, Query)
Segment: TypeAlias = Lit | Gap
Choice: TypeAlias = Callable[[Value, Value], Value]
"""Makes the value of a branch out of the values of its two sides."""


def rope(*values: Value) -> Value:
    """Concatenation, flattened. Beyond `MAX_PARTS` pieces the rest is one gap."""
    parts: list[Value] = []
    for value in values:
        if isinstance(value, Rope):
            parts.extend(value.parts)
        elif not isinstance(value, Nothing):
            parts.append(value)
    if len(parts) > MAX_PARTS:
        cut = parts[MAX_PARTS - 1]
        span = cut.span if isinstance(cut, (Lit, Gap)) else (0, 0)
        parts = [*parts[: MAX_PARTS - 1], Gap("…", span)]
    return parts[0] if len(parts) == 1 else Rope(tuple(parts))


def merge(choice: Choice, yes: Value, no: Value) -> Value:
    """The value after a branch: what both paths share stays shared, the rest is a choice."""
    if yes is no:
        return yes
    if isinstance(yes, Listing) and isinstance(no, Listing) and len(yes.items) + len(no.items) <= MAX_ITEMS:
        shared = _shared(yes.items, no.items)
        return Listing(
            (
                *yes.items[:shared],
                *(choice(item, NOTHING) for item in yes.items[shared:]),
                *(choice(NOTHING, item) for item in no.items[shared:]),
            )
        )
    if isinstance(yes, Record) and isinstance(no, Record):
        names = dict.fromkeys((*yes.fields, *no.fields))
        fields = {name: merge(choice, yes.fields.get(name, ABSENT), no.fields.get(name, ABSENT)) for name in names}
        return Record(fields, yes.source)
    if isinstance(yes, Query) and isinstance(no, Query) and yes.span == no.span:
        shared = _shared(yes.steps, no.steps)
        steps = (
            *yes.steps[:shared],
            *(choice(step, NOTHING) for step in yes.steps[shared:]),
            *(choice(NOTHING, step) for step in no.steps[shared:]),
        )
        return Query(yes.kind, yes.model, steps, yes.span, (yes, no))
    left = yes.parts if isinstance(yes, Rope) else (yes,)
    right = no.parts if isinstance(no, Rope) else (no,)
    shared = _shared(left, right)
    if not shared:
        return choice(yes, no)
    return rope(*left[:shared], choice(rope(*left[shared:]), rope(*right[shared:])))


def on_each_path(value: Value, of: Callable[[Value], Value]) -> Value:
    """What `of` makes of a value on each of its paths. Paths share what they have in common, and that is asked once."""
    done: dict[int, Value] = {}

    def walk(value: Value) -> Value:
        if not isinstance(value, Alt):
            return of(value)
        if id(value) not in done:
            done[id(value)] = Alt(value.key, walk(value.yes), walk(value.no))
        return done[id(value)]

    return walk(value)


def _shared(left: tuple[Value, ...], right: tuple[Value, ...]) -> int:
    count = 0
    for one, two in zip(left, right, strict=False):
        if one is not two:
            break
        count += 1
    return count


def first_literal(value: Value) -> Lit | None:
    """The literal a text starts with, on its first path."""
    if isinstance(value, Lit):
        return value if value.text.strip() else None
    if isinstance(value, _WITHOUT_TEXT):
        return None
    stack: list[Value] = [value]
    seen: set[int] = set()
    while stack:
        top = stack.pop()
        if id(top) in seen:
            continue
        seen.add(id(top))
        if isinstance(top, Lit):
            if top.text.strip():
                return top
        elif isinstance(top, Rope):
            stack.extend(reversed(top.parts))
        elif isinstance(top, (Alt, Sized)):
            stack.extend((top.no, top.yes))
        elif isinstance(top, Fragment):
            stack.append(top.value)
        elif isinstance(top, Joined):
            stack.extend(reversed(top.listing.items))
        elif isinstance(top, Gap):
            return None
    return None


def literals(value: Value) -> Iterator[Lit]:
    """Every literal in it, on any path, from left to right."""
    stack: list[Value] = [value]
    seen: set[int] = set()
    while stack:
        top = stack.pop()
        if id(top) in seen:
            continue
        seen.add(id(top))
        if isinstance(top, Lit):
            yield top
        else:
            stack.extend(reversed(_inside(top)))


def _inside(value: Value) -> tuple[Value, ...]:
    if isinstance(value, Rope):
        return value.parts
    if isinstance(value, Alt):
        return (value.yes, value.no)
    if isinstance(value, Sized):
        return (value.listing, value.yes, value.no)
    if isinstance(value, Listing):
        return value.items
    if isinstance(value, Joined):
        return (value.listing,)
    if isinstance(value, Fragment):
        return (value.value,)
    if isinstance(value, Record):
        return tuple(value.fields.values())
    if isinstance(value, (Term, Step)):
        return (*value.arguments, *value.keywords.values())
    return value.steps if isinstance(value, Query) else ()


def is_text(value: Value) -> bool:
    """Whether it can be a string with at least one literal piece in it."""
    if isinstance(value, Lit):
        return True
    return not isinstance(value, _WITHOUT_TEXT) and next(literals(value), None) is not None


def is_fragment(value: Value) -> bool:
    """Whether a tagged template takes it in as SQL on some path."""
    stack: list[Value] = [value]
    seen: set[int] = set()
    while stack:
        top = stack.pop()
        if id(top) in seen:
            continue
        seen.add(id(top))
        if isinstance(top, Fragment):
            return True
        if isinstance(top, (Rope, Alt, Sized)):
            stack.extend(_inside(top))
        elif isinstance(top, Joined):
            stack.extend(top.listing.items)
    return False


def _keys(value: Value) -> list[str]:
    """The conditions it depends on, outermost first."""
    found: dict[str, None] = {}
    seen: set[int] = set()
    queue: list[Value] = [value]
    position = 0
    while position < len(queue):
        top = queue[position]
        position += 1
        if id(top) in seen:
            continue
        seen.add(id(top))
        if isinstance(top, Alt):
            found.setdefault(top.key)
        queue.extend(_inside(top))
    return list(found)


def paths(value: Value) -> tuple[list[list[Segment]], bool]:
    """The texts of the paths, as segments, without repetitions; and whether there are more than are returned.

    With up to four conditions every combination; with more, all of them on, all of them off, and each one by itself on
    and off: enough to show a piece that is missing on some path.
    """
    keys = _keys(value)
    truncated = 2 ** len(keys) > MAX_VARIANTS
    chosen: list[Mapping[str, bool]] = []
    if not truncated:
        chosen = [dict(zip(keys, bits, strict=True)) for bits in product((True, False), repeat=len(keys))]
    else:
        chosen = [dict.fromkeys(keys, True), dict.fromkeys(keys, False)]
        for key in keys[: MAX_VARIANTS // 2 - 1]:
            chosen.append({**dict.fromkeys(keys, True), key: False})
            chosen.append({**dict.fromkeys(keys, False), key: True})
    out: list[list[Segment]] = []
    seen: set[tuple[tuple[str, bool], ...]] = set()
    for assignment in chosen:
        segments = _render(value, assignment)
        mark = tuple((s.text, True) if isinstance(s, Lit) else (s.source, s.bound) for s in segments)
        if mark not in seen:
            seen.add(mark)
            out.append(segments)
    return out, truncated


def assignments(value: Value, limit: int) -> list[Mapping[str, bool]]:
    """Which conditions hold on which path, at most `limit` paths; all of them on comes first."""
    keys = _keys(value)
    if 2 ** len(keys) <= limit:
        return [dict(zip(keys, bits, strict=True)) for bits in product((True, False), repeat=len(keys))]
    chosen: list[Mapping[str, bool]] = [dict.fromkeys(keys, True), dict.fromkeys(keys, False)]
    chosen += [{**dict.fromkeys(keys, True), key: False} for key in keys[: limit - 2]]
    return chosen


def settled(value: Value, chosen: Mapping[str, bool]) -> Value:
    """The value on one path: the side of each choice that is taken."""
    while isinstance(value, (Alt, Sized)):
        taken = chosen.get(value.key, True) if isinstance(value, Alt) else bool(_present(value.listing, chosen))
        value = value.yes if taken else value.no
    return value


def present(listing: Listing, chosen: Mapping[str, bool]) -> list[Value]:
    """The items of a list that are there on one path."""
    return _present(listing, chosen)


def _render(value: Value, chosen: Mapping[str, bool]) -> list[Segment]:
    out: list[Segment] = []
    size = 0
    stack: list[Value] = [value]
    while stack:
        top = stack.pop()
        if isinstance(top, Lit):
            size += len(top.text)
            if size > MAX_TEXT:
                # What it begins with says that it is a statement; a verdict on the rest there can't be.
                kept = top.text[: MAX_TEXT - (size - len(top.text))]
                return [*out, Lit(kept, top.span), Gap("…", top.span)]
            out.append(top)
        elif isinstance(top, Gap):
            out.append(top)
        elif isinstance(top, Rope):
            stack.extend(reversed(top.parts))
        elif isinstance(top, Alt):
            stack.append(top.yes if chosen.get(top.key, True) else top.no)
        elif isinstance(top, Sized):
            stack.append(top.yes if _present(top.listing, chosen) else top.no)
        elif isinstance(top, Fragment):
            stack.append(top.value)
        elif isinstance(top, Joined):
            present = _present(top.listing, chosen)
            for position, item in reversed(list(enumerate(present))):
                stack.append(item)
                if position:
                    stack.append(Lit(top.separator, (0, 0)))
        elif isinstance(top, Listing):
            stack.append(Joined(", ", top))
        elif isinstance(top, Record):
            out.append(Gap(top.source, (0, 0), keys=tuple(top.fields)))
        elif isinstance(top, Fn):
            out.append(Gap(top.function.name, top.function.span))
        elif isinstance(top, (Term, Query)):
            out.append(Gap(top.source if isinstance(top, Term) else top.model, (0, 0)))
    return out


def _present(listing: Listing, chosen: Mapping[str, bool]) -> list[Value]:
    """The items that are there on this path."""
    found: list[Value] = []
    for item in listing.items:
        value = item
        while isinstance(value, (Alt, Sized)):
            taken = chosen.get(value.key, True) if isinstance(value, Alt) else bool(_present(value.listing, chosen))
            value = value.yes if taken else value.no
        if isinstance(value, Listing):
            found.extend(_present(value, chosen))
        elif not isinstance(value, Nothing):
            found.append(value)
    return found
