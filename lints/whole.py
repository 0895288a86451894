"""What there is to judge, what judging it gave, and that again where no byte of it changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lints.cache import Cache, key
from lints.codec import CodecError, decode, encode
from lints.examine import could_be_schema
from lints.frames import FrameError, pack, unpack
from lints.rows import CodeFacts
from lints.schema.declared import Declarations
from lints.schema.facts import SourceModel

MAX_HELD = 64 << 20

Read = Callable[[str], bytes | None]
"""The bytes of a path; None for one that can't be read, which the caller has noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What there is to judge. `judged` are the paths whose statements are; the model is made of all `paths`.

    `scripts` narrows which scripts and migrations make the model (None: all of them); models of an ORM always do.
    """

    paths: Sequence[str]
    judged: Collection[str]
    read: Read
    declared: Declarations = field(default_factory=Declarations)
    dialect: str = "postgres"
    scripts: Collection[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """The facts of a project, the model they were judged by, and the SHA-256 of every judged file by its path."""

    model: SourceModel
    facts: CodeFacts
    digests: Mapping[str, bytes]


class Whole:
    """The answer of an earlier scan of the very same paths. It holds if each has the same bytes now."""

    def __init__(self, project: Project, cache: Cache) -> None:
        self.project = project
        """The project, whose files are not read a second time where they have been for `recalled`."""
        self._cache = cache
        self._name = key(b"w", encode(project.declared, Declarations), project.dialect, *_listed(project))

    def recalled(self) -> Scanned | None:
        """The answer, if it holds."""
        found = self._cache.get(self._name)
        if found is None:
            return None
        digests: dict[str, bytes] = {}
        held: dict[str, bytes | None] = {}
        size = 0
        for path in _read(self.project):
            data = self.project.read(path)
            if data is not None:
                digests[path] = hashlib.sha256(data).digest()
                size += len(data)
            if data is None or size <= MAX_HELD:
                held[path] = data
        try:
            contents, model, facts = unpack(bytearray(found)) or (b"", b"", b"")
            if contents == _contents(digests):
                judged = {path: digests[path] for path in sorted(self.project.judged) if path in digests}
                return Scanned(model=decode(model, SourceModel), facts=decode(facts, CodeFacts), digests=judged)
        except (FrameError, CodecError, ValueError):
            pass
        read = self.project.read
        self.project = replace(self.project, read=lambda path: held.pop(path) if path in held else read(path))
        return None

    def remember(self, digests: Mapping[str, bytes], model: bytes, facts: CodeFacts) -> None:
        """Keep the answer; `digests` are those of all files that were read."""
        if self._cache.lasting:
            self._cache.put(self._name, pack(_contents(digests), model, encode(facts, CodeFacts)))


def _read(project: Project) -> Iterator[str]:
    """The paths whose bytes matter."""
    return (path for path in project.paths if path in project.judged or could_be_schema(path))


def _listed(project: Project) -> tuple[bytes, bytes]:
    judged, scripts = project.judged, project.scripts
    roles = bytes((path in judged) + 2 * (scripts is None or path in scripts) for path in project.paths)
    return "\0".join(project.paths).encode("utf-8", "surrogatepass"), roles


def _contents(digests: Mapping[str, bytes]) -> bytes:
    digest = hashlib.sha256()
    for path, found in sorted(digests.items()):
        digest.update(hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest() + found)
    return digest.digest()
