"""A whole project: every file read once, examined and judged by children on all cores, what is known already recalled.

Three steps. Each file is examined by itself; what the schema sources among them say becomes the model; each file is
judged against the model. A result is kept under the digest of everything it depends on (`cache`), so that after a
change only what the change touches is worked out again, and the facts are the same to the byte as without memory.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeVar

from lints.cache import Cache, key
from lints.child import BUILD_SECONDS, JUDGE_SECONDS
from lints.codec import CodecError, decode, encode
from lints.examine import Queries, Schema, could_be_schema, schema_of
from lints.extract import language_of, silent
from lints.files import Files
from lints.rows import Judged, Unanalysed
from lints.scan import facts_of, other
from lints.schema.declared import DeclarationError
from lints.schema.facts import SourceModel
from lints.schema.order import in_migrations
from lints.schema.steps import BASES, SCRIPTS, STEPS
from lints.tenancy import Origin
from lints.whole import Project as Project
from lints.whole import Scanned, Seen, Whole
from lints.workers import Answer, Lost, Workers, WorkersError

T = TypeVar("T")

MAX_SCHEMA_BYTES = 192 << 20
MAX_DROPPED = 5
_CHANGED = "it changed while it was scanned; run it again"
_TOGETHER, _TOGETHER_BYTES = 256, 4 << 20
_ANYTHING = Schema.SCRIPT | Schema.NAMES | Schema.MODELS | Schema.QUERIES | Schema.BASES


def scan_project(project: Project, cache: Cache, *, workers: int | None = None) -> Scanned:
    """Examine, build the model, judge; or recall it all where nothing changed since. Raises DeclarationError, or
    WorkersError when no child can work at all."""
    files = Files(project.paths, project.read, project.stamped, cache)
    whole = Whole(project, files, cache)
    with Workers(workers) as pool:
        found = whole.recalled(pool.begin)
        if found is not None:
            files.keep()
            return found
        run = _Run(project, files, cache, pool, known=whole.known, earlier=whole.model)
        run.examine()
        model = run.build()
        facts = facts_of(model, run.judge())
    scanned = Scanned(model=model, facts=facts, digests={p: run.digests[p] for p in sorted(run.judged)})
    if run.lasting and not (run.lost or run.unread):
        whole.remember(run.digests, run.seen, run.model, facts)
    files.keep()
    return scanned


def model_of_project(project: Project, cache: Cache) -> SourceModel:
    """The model alone, the same as `scan_project` judges by."""
    files = Files(project.paths, project.read, project.stamped, cache)
    with Workers(1) as pool:
        run = _Run(replace(project, judged=()), files, cache, pool)
        run.examine()
        model = run.build()
    files.keep()
    return model


class _ForgottenError(Exception):
    """The cache has let go of what is needed now."""


@dataclass(slots=True)
class _Run:
    project: Project
    files: Files
    cache: Cache
    pool: Workers
    known: Mapping[str, tuple[bytes, Seen]] = field(default_factory=dict)
    """What an earlier scan saw in files of these digests."""
    earlier: bytes = b""
    """The model that the earlier scan judged by."""
    expected: SourceModel | None = None
    """The same, decoded while there was nothing else to do."""
    recalled: dict[bytes, Judged] = field(default_factory=dict)
    """Answers of earlier scans by their keys."""
    seen: dict[str, Seen] = field(default_factory=dict)
    digests: dict[str, bytes] = field(default_factory=dict)
    judged: set[str] = field(default_factory=set)
    sources: dict[str, int] = field(default_factory=dict)
    """Files that may add to the model, and how large each is."""
    kinds: dict[str, Schema] = field(default_factory=dict)
    """What each of the sources may add."""
    drafts: dict[bytes, bytes] = field(default_factory=dict)
    """What the sources say up to some step, by its digest."""
    size: int = 0
    """Bytes of `sources`."""
    full: set[str] = field(default_factory=set)
    """Files with something in them to judge."""
    forgotten: list[str] = field(default_factory=list)
    at_hand: dict[str, bytes] = field(default_factory=dict)
    """Results that are not for the cache."""
    lost: dict[str, str] = field(default_factory=dict)
    unread: list[Origin] = field(default_factory=list)
    model: bytes = b""
    lasting: bool = True
    """Nothing of it would be otherwise on another day."""

    # One file by itself

    def examine(self) -> None:
        """Read what is new and send it to children."""
        for path, answer in self.pool.run(b"x", self._new_files(), meanwhile=self._recall_ahead):
            if isinstance(answer, Lost):
                self.lost[path] = answer.reason
                self._source(path, _ANYTHING if could_be_schema(path) else Schema.NOTHING)
                continue
            written, schema = answer.chunks
            self.lasting &= answer.lasting
            seen = Seen(full=bool(written), schema=Schema(int(schema)))
            self._examined(path, seen)
            if answer.lasting:
                self.cache.put(self._key(b"f", path), seen.written())
            if written and answer.lasting:
                self.cache.put(self._key(b"x", path), written)
            elif written:
                self.at_hand[path] = written

    def _new_files(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        asked: dict[bytes, tuple[str, bytes]] = {}
        size = 0
        rescan = bool(self.known)  # a glance at each of a few files is not worth preparing for it
        for path in self.project.paths:
            wanted = path in self.project.judged
            if not wanted and not could_be_schema(path):
                continue
            digest = self.files.digest(path)
            if digest is None:
                continue
            self.digests[path] = digest
            if wanted:
                self.judged.add(path)
            before, seen = self.known.get(path, (b"", None))
            if seen is not None and before == digest:
                self._examined(path, seen)
                continue
            data = self.files.take(path)
            if data is None:
                self._changed(path)
            elif wanted and language_of(path) is not None and (rescan or not silent(path, data)):
                asked[self._key(b"f", path)] = (path, data)
                size += len(data)
            else:
                self._examined(path, Seen(full=False, schema=schema_of(path, data)))
            if len(asked) >= _TOGETHER or size >= _TOGETHER_BYTES:
                yield from self._unknown(asked)
                asked, size = {}, 0
        yield from self._unknown(asked)

    def _unknown(self, asked: Mapping[bytes, tuple[str, bytes]]) -> Iterator[tuple[str, Sequence[bytes]]]:
        """Those of the files that the cache doesn't know."""
        known = self.cache.get_many(list(asked))
        for name, (path, data) in asked.items():
            seen = Seen.read(known.get(name, b""))
            if seen is not None:
                self._examined(path, seen)
            else:
                yield path, (path.encode(), data)

    def _changed(self, path: str) -> None:
        """A file has other bytes than it had a moment ago."""
        self.lost[path] = _CHANGED
        origin = Origin(path=path, line=1, why=_CHANGED)
        if could_be_schema(path) and origin not in self.unread:
            self.unread.append(origin)

    def _examined(self, path: str, seen: Seen) -> None:
        self.seen[path] = seen
        if seen.full:
            self.full.add(path)
        self._source(path, seen.schema)

    def _source(self, path: str, schema: Schema) -> None:
        scripts = self.project.scripts
        if scripts is not None and path not in scripts:
            schema &= ~Schema.SCRIPT
        if not schema:
            return
        self.sources[path] = self.files.size(path)
        self.kinds[path] = schema
        self.size += self.sources[path]
        while self.size > MAX_SCHEMA_BYTES:  # whichever come in first, the same ones stay
            largest = max(self.sources, key=lambda path: (self.sources[path], path))
            self.size -= self.sources.pop(largest)
            why = f"the schema sources together are larger than {MAX_SCHEMA_BYTES >> 20} MiB"
            self.unread.append(Origin(path=largest, line=1, why=why))

    # The model

    def build(self) -> SourceModel:
        """What the schema sources say, read by a child; one that ends it is left out and told as not read."""
        declared = encode(self.project.declared)
        spoken = self.project.declared.dialect or self.project.dialect
        sources = sorted(self.sources)
        self.unread.sort(key=lambda origin: origin.path)
        queries = self._queries(sources)
        try:
            state = self._read(sources, spoken)
            model = self._classified(state, declared, spoken, queries)
        except _ForgottenError:  # the cache has let go of what it had read, though not that it had
            state = self._read(sources, spoken, anew=True)
            model = self._classified(state, declared, spoken, queries)
        self.unread.sort(key=lambda origin: origin.path)
        return replace(model, unread=(*model.unread, *self.unread))

    def _read(self, sources: Sequence[str], spoken: str, *, anew: bool = False) -> bytes:
        """What all the sources say, `Drafts` by their digest: each step depends on what those before it have left and
        on its own files, so that a change of a file with models reads no migration again. Raises _ForgottenError."""
        digest = _digest(b"")
        self.drafts[digest] = b""
        for step in STEPS:
            files = [path for path in sources if self._is_of(step, path)]
            if not files:
                continue
            listing = b"".join(_digest(path.encode()) + self.digests[path] for path in files)
            name = key(b"t", step, spoken, digest, listing)
            after = None if anew else self.cache.get(name)
            if after is None or len(after) != len(digest):
                written, lasting = self._stepped(step, spoken, self._drafts(digest), files)
                after = _digest(written)
                self.drafts[after] = written
                self.cache.put(key(b"s", after), written)
                if lasting:
                    self.cache.put(name, after)
            digest = after
        return digest

    def _drafts(self, digest: bytes) -> bytes:
        written = self.drafts.get(digest)
        if written is None:
            written = self.cache.get(key(b"s", digest))
            if written is None or _digest(written) != digest:
                raise _ForgottenError
        return written

    def _is_of(self, step: str, path: str) -> bool:
        """Whether a step can learn anything from a source. A script that lies among no migrations may declare models
        too; what nobody has looked into may be anything."""
        kinds = self.kinds[path]
        if step == SCRIPTS:
            return bool(kinds & (Schema.SCRIPT | Schema.NAMES))
        if not path.endswith(STEPS[step].endings):
            return False
        beside = kinds & Schema.SCRIPT and (step == "compiled" or not in_migrations(path))
        wanted = Schema.BASES if step == BASES else Schema.MODELS | Schema.NAMES
        return bool(kinds & wanted or beside)

    def _taken(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The bytes of schema sources. One that has others by now is told as not read."""
        for path in paths:
            data = self.files.take(path)
            if data is not None:
                yield path, data
            else:
                self._changed(path)

    def _stepped(self, step: str, spoken: str, before: bytes, files: list[str]) -> tuple[bytes, bool]:
        """The `Drafts` after a step, and whether they would be the same on another day."""
        reason = ""
        unread = len(self.unread)
        for _ in range(MAX_DROPPED + 1):
            chunks = [step.encode(), spoken.encode(), before]
            for path, data in self._taken(files):
                chunks += (path.encode(), data)
            answer = self._asked(b"b", chunks)
            if not isinstance(answer, Lost):
                return answer.chunks[0], answer.lasting and len(self.unread) == unread
            reason = answer.reason
            if answer.at is None:
                break
            files.remove(answer.at)
            self.unread.append(Origin(path=answer.at, line=1, why=f"as a schema source: {answer.reason}"))
        raise WorkersError(f"the tenancy model can't be built: {reason}")

    def _classified(self, state: bytes, declared: bytes, spoken: str, queries: Mapping[str, bytes]) -> SourceModel:
        """The model that follows from what the sources say, what they give and what is declared."""
        listing = b"".join(_digest(path.encode()) + _digest(queries[path]) for path in queries)
        name = key(b"m", declared, spoken, state, listing)
        if (found := self.cache.get(name)) is not None:
            with contextlib.suppress(CodecError):
                as_before = self.expected if found == self.earlier else None
                model = as_before or decode(found, SourceModel)
                self.model = found
                return model
        answer = self._asked(b"c", [declared, spoken.encode(), self._drafts(state)])
        if isinstance(answer, Lost):
            if answer.refused:
                raise DeclarationError(answer.reason)
            raise WorkersError(f"the tenancy model can't be built: {answer.reason}")
        given = {path: _answered(written, Queries) for path, written in queries.items()}
        model = _with_queries(_answered(answer.chunks[0], SourceModel), given)
        self.model = encode(model)
        if answer.lasting:
            self.cache.put(name, self.model)
        return model

    def _asked(self, step: bytes, chunks: Sequence[bytes]) -> Answer | Lost:
        ((_, answer),) = self.pool.run(step, [("", chunks)], seconds=BUILD_SECONDS)
        if not isinstance(answer, Lost):
            self.lasting &= answer.lasting
        return answer

    def _queries(self, sources: Sequence[str]) -> dict[str, bytes]:
        """What some of the sources give to others, read file by file: a change of one is no change of the model unless
        it gives others."""
        files = [path for path in sources if self.kinds[path] & Schema.QUERIES]
        names = {self._key(b"q", path): path for path in files}
        found: dict[str, bytes] = {}
        for some in _batched(names, _TOGETHER):
            for name, written in self.cache.get_many(some).items():
                with contextlib.suppress(CodecError):
                    decode(written, Queries)
                    found[names[name]] = written
        items = ((path, (path.encode(), data)) for path, data in self._taken(p for p in files if p not in found))
        for path, answer in self.pool.run(b"q", items):
            if isinstance(answer, Lost):
                self.unread.append(Origin(path=path, line=1, why=f"as a schema source: {answer.reason}"))
                continue
            self.lasting &= answer.lasting
            found[path] = answer.chunks[0]
            if answer.lasting:
                self.cache.put(self._key(b"q", path), answer.chunks[0])
        return dict(sorted(found.items()))

    # Each file against the model

    def judge(self) -> Iterator[Judged]:
        """What every judged file does, in no order."""
        setup = (b"m", self.model, encode(self.project.declared))
        against = _against(*setup[1:])
        asked: dict[str, bytes] = {}
        for path in sorted(self.judged):
            if path in self.lost:
                continue
            if language_of(path) is None:
                yield other(path)
            elif path not in self.full:
                yield Judged(path=path, numbers={"files_analysed": 1})
            else:
                asked[path] = key(b"j", path, self.digests[path], against)
        self._recall(asked)
        todo: dict[str, bytes] = {}
        for path, name in asked.items():
            if (recalled := self.recalled.pop(name, None)) is not None:
                yield recalled
            else:
                todo[path] = name
        yield from self._each(todo, setup)
        if self.forgotten:
            yield from self._each({path: todo[path] for path in self._examined_again()}, setup)
        for path in self.forgotten:
            self.lost[path] = "what was found in it is lost from the cache; run it again"
        for path, reason in sorted(self.lost.items()):
            problem = Unanalysed(path=path, line=1, reason=reason, whole_file=True)
            yield Judged(path=path, unanalysed=(problem,), numbers={"files_skipped": 1})

    def _recall_ahead(self) -> None:
        """What is known of the files that did not change, should the model be what it was: while children start."""
        if self.earlier:
            with contextlib.suppress(CodecError):
                self.expected = decode(self.earlier, SourceModel)
            against = _against(self.earlier, encode(self.project.declared))
            self._recall({path: key(b"j", path, self.digests[path], against) for path in self.full})

    def _recall(self, names: Mapping[str, bytes]) -> None:
        for some in _batched(((path, name) for path, name in names.items() if name not in self.recalled), _TOGETHER):
            known = self.cache.get_many([name for _, name in some])
            for path, name in some:
                if (recalled := _recalled(path, known.get(name, b""))) is not None:
                    self.recalled[name] = recalled

    def _each(self, todo: Mapping[str, bytes], setup: Sequence[bytes]) -> Iterator[Judged]:
        for path, answer in self.pool.run(b"j", self._found(todo), setup=setup, seconds=JUDGE_SECONDS):
            if isinstance(answer, Lost):
                self.lost[path] = answer.reason
                continue
            found = _answered(answer.chunks[0], Judged)
            self.lasting &= answer.lasting
            if answer.lasting and path not in self.at_hand:
                self.cache.put(todo[path], answer.chunks[0])
            yield found

    def _found(self, paths: Iterable[str]) -> Iterator[tuple[str, Sequence[bytes]]]:
        """What was found in each of the files: kept at hand, or recalled."""
        for path in paths:
            written = self.at_hand.get(path) or self.cache.get(self._key(b"x", path))
            if written is None:
                self.forgotten.append(path)
            else:
                yield path, (written,)

    def _examined_again(self) -> list[str]:
        """The files of which the cache has let go what it had found in them, though not that it had."""
        examined: list[str] = []

        def again(paths: Iterable[str]) -> Iterator[tuple[str, Sequence[bytes]]]:
            for path in paths:
                data = self.files.take(path)
                if data is None:
                    self._changed(path)
                else:
                    yield path, (path.encode(), data)

        forgotten, self.forgotten = self.forgotten, []
        for path, answer in self.pool.run(b"x", again(forgotten)):
            if isinstance(answer, Lost):
                self.lost[path] = answer.reason
                continue
            examined.append(path)
            self.lasting &= answer.lasting
            if answer.lasting:
                self.cache.put(self._key(b"x", path), answer.chunks[0])
            else:
                self.at_hand[path] = answer.chunks[0]
        return examined

    def _key(self, kind: bytes, path: str) -> bytes:
        return key(kind, path, self.digests[path])


def _with_queries(model: SourceModel, queries: Mapping[str, Queries]) -> SourceModel:
    """The model and what its other files give."""
    schema, given = model.schema, queries.values()
    helpers = sorted((*schema.helpers, *(h for one in given for h in one.helpers)), key=lambda helper: helper.path)
    files = sorted({*schema.files, *(path for path, one in queries.items() if one.read)})
    unread = [origin for one in given for origin in one.unread]
    schema = replace(schema, helpers=tuple(helpers), files=tuple(files), unread=(*schema.unread, *unread))
    return replace(model, schema=schema, unread=(*model.unread, *unread))


def _against(model: bytes, declared: bytes) -> bytes:
    """What a file is judged by."""
    return _digest(model) + _digest(declared)


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def _answered(written: bytes, kind: type[T]) -> T:
    try:
        return decode(written, kind)
    except CodecError as error:
        raise WorkersError(f"a child process of the scan answered with what is no answer: {error}") from None


def _recalled(path: str, written: bytes) -> Judged | None:
    if not written:
        return None
    try:
        found = decode(written, Judged)
    except CodecError:
        return None
    return found if found.path == path else None
