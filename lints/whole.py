"""What there is to judge, what judging it gave, and that again where no byte of it changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from lints.cache import Cache, key
from lints.codec import CodecError, decode, encode
from lints.examine import Schema, could_be_schema
from lints.extract import language_of
from lints.files import DIGEST, Files, Read, Stamped
from lints.frames import FrameError, pack, split
from lints.rows import CodeFacts
from lints.schema.declared import Declarations
from lints.schema.facts import SourceModel

MAX_ANSWER = 64 << 20
_APART = 64
_SIZE = DIGEST + 3
_NONE = bytes(_SIZE)
"""A file that could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What there is to judge. `judged` are the paths whose statements are; the model is made of all `paths`.

    `scripts` narrows which scripts and migrations make the model (None: all of them); models of an ORM always do.
    With `stamped` a file that nobody has written to is not read again.
    """

    paths: Sequence[str]
    judged: Collection[str]
    read: Read
    declared: Declarations = field(default_factory=Declarations)
    dialect: str = "postgres"
    scripts: Collection[str] | None = None
    stamped: Stamped | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """The facts of a project, the model they were judged by, and the SHA-256 of every judged file by its path."""

    model: SourceModel
    facts: CodeFacts
    digests: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Of one file: whether there is anything in it to judge, and what it may add to the model."""

    full: bool
    schema: Schema

    def written(self) -> bytes:
        return b"%d%02x" % (self.full, self.schema)

    @staticmethod
    @lru_cache(maxsize=64)
    def read(written: bytes) -> Seen | None:
        """What `written` wrote, or None."""
        if re.fullmatch(rb"[01][01][0-9a-f]", written) is None:
            return None
        return Seen(full=written[:1] == b"1", schema=Schema(int(written[1:], 16)))


class Whole:
    """The answer of an earlier scan of the very same paths. It holds if each has the same bytes now."""

    def __init__(self, project: Project, files: Files, cache: Cache) -> None:
        self.known: dict[str, tuple[bytes, Seen]] = {}
        """After `recalled` said no: what was seen in each file of these digests."""
        self.model = b""
        """After `recalled` said no: the model that the earlier scan judged by."""
        self._project = project
        self._files = files
        self._cache = cache
        self._name = key(b"w", encode(project.declared), project.dialect, *_listed(project))

    def recalled(self, changed: Callable[[], None]) -> Scanned | None:
        """The answer, if it holds; `changed` is called as soon as a file shows that it doesn't and there is work."""
        found = self._cache.get(self._name)
        if found is None:
            return None
        paths = [*_read(self._project)]
        try:
            contents, model, facts = split(found)
            before = _before(contents, paths)
        except (FrameError, ValueError):
            return None
        same = True
        for path in _scattered(paths):
            known, _ = before.get(path, (None, None))
            digest = self._files.digest(path, known=known)
            if digest != known:
                same = False
                if digest is not None and language_of(path) is not None:
                    changed()
        try:
            if same:
                judged = {path: before[path][0] for path in sorted(self._project.judged) if path in before}
                return Scanned(model=decode(model, SourceModel), facts=decode(facts, CodeFacts), digests=judged)
            self.known, self.model = before, model
        except CodecError:
            pass
        return None

    def remember(self, digests: Mapping[str, bytes], seen: Mapping[str, Seen], model: bytes, facts: CodeFacts) -> None:
        """Keep the answer; `digests` are those of all files that were read, `seen` what was in each."""
        if self._cache.lasting:
            paths = _read(self._project)
            files = b"".join(digests[path] + seen[path].written() if path in digests else _NONE for path in paths)
            answer = pack(files, model, encode(facts))
            if len(answer) <= MAX_ANSWER:
                self._cache.put(self._name, answer)


def _read(project: Project) -> Iterator[str]:
    """The paths whose bytes matter."""
    return (path for path in project.paths if path in project.judged or could_be_schema(path))


def _scattered(paths: Sequence[str]) -> Iterator[str]:
    """All the paths, far from each other: a change is of a few files that lie together, and the sooner the first of
    them is found, the sooner a child can prepare itself."""
    for first in range(min(_APART, len(paths))):
        yield from paths[first::_APART]


def _listed(project: Project) -> tuple[bytes, bytes]:
    judged, scripts = project.judged, project.scripts
    roles = bytes((path in judged) + 2 * (scripts is None or path in scripts) for path in project.paths)
    return "\0".join(project.paths).encode("utf-8", "surrogatepass"), roles


def _before(contents: bytes, paths: Sequence[str]) -> dict[str, tuple[bytes, Seen]]:
    """The digest of each file that could be read, and what was seen in it. Raises ValueError."""
    found: dict[str, tuple[bytes, Seen]] = {}
    if len(contents) != _SIZE * len(paths):
        raise ValueError("not as many as there are files")
    for position, path in enumerate(paths):
        written = contents[_SIZE * position : _SIZE * (position + 1)]
        if written != _NONE:
            seen = Seen.read(written[DIGEST:])
            if seen is None:
                raise ValueError("not what is seen in a file")
            found[path] = (written[:DIGEST], seen)
    return found
