"""A revision's code to the lints' facts: which files, under which declarations, with which memory.

One way for everybody who asks what the tenancy model is or what the code does, so that all of them get one answer.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from gate.collect import first_line
from gate.model import GateError, Policy, UndecidedError, Unread
from gate.reading import read_yaml
from gate.tree import Tree, WorkTree, find_repository, select

if TYPE_CHECKING:
    from lints.cache import Cache
    from lints.project import Project
    from lints.rows import CodeFacts
    from lints.schema.declared import Declarations
    from lints.tenancy import Model

CACHE_VARIABLE, SECRET_VARIABLE, JOBS_VARIABLE = "GATE_CACHE", "GATE_CACHE_KEY", "GATE_JOBS"
_models: WeakKeyDictionary[Tree, tuple[str, Model, tuple[Unread, ...]]] = WeakKeyDictionary()
"""The models of trees that this process has read, with the policy they were read under: nothing is read twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """One revision's code as facts, the digest (hex SHA-256) of each judged file, and what could not be read."""

    facts: CodeFacts
    digests: Mapping[str, str]
    excluded: int
    unread: tuple[Unread, ...]
    schema_unread: tuple[Unread, ...]


def scanned(tree: Tree, policy: Policy) -> Scanned:
    """Judge every statement of a tree. Raises GateError for declarations that can't be meant."""
    from lints.project import scan_project

    source = _Source(tree, policy)
    wanted = frozenset(select(tree.paths(), _config(policy).get("include", ("**",)))) - source.excluded
    with _refusals(), _cache(tree) as cache:
        found = scan_project(_project(source, policy, wanted), cache, workers=_jobs())
    schema_unread = source.schema_unread(found.model)
    _models[tree] = (policy.digest, found.model, schema_unread)
    told = {(u.path, u.line) for u in schema_unread}
    unread = [u for u in (*source.unread, *tree.unread()) if u.path not in source.excluded]
    return Scanned(
        facts=found.facts, digests={path: digest.hex() for path, digest in found.digests.items()},
        excluded=len(source.excluded), schema_unread=schema_unread,
        unread=(*schema_unread, *(u for u in unread if (u.path, u.line) not in told)),
    )  # fmt: skip


def model_of(tree: Tree, policy: Policy) -> tuple[Model, tuple[Unread, ...]]:
    """The tenancy model, and what of it can't be read: migrations and ORM models of the whole tree under the policy's
    declarations. `source.migrations` narrows which scripts count; models in code always do."""
    from lints.project import model_of_project

    known = _models.get(tree)
    if known is not None and known[0] == policy.digest:
        return known[1], known[2]
    source = _Source(tree, policy)
    with _refusals(), _cache(tree) as cache:
        model = model_of_project(_project(source, policy, frozenset()), cache)
    schema_unread = source.schema_unread(model)
    _models[tree] = (policy.digest, model, schema_unread)
    return model, schema_unread


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    from lints.cache import CacheError
    from lints.schema.declared import DeclarationError
    from lints.workers import WorkersError

    try:
        yield
    except DeclarationError as error:
        raise GateError(first_line(error)) from None
    except (WorkersError, CacheError) as error:
        raise UndecidedError(first_line(error)) from None


class _Source:
    """Reads files of a tree once, and notes what can't be read."""

    def __init__(self, tree: Tree, policy: Policy) -> None:
        self.tree = tree
        self.excluded = frozenset(select(tree.paths(), [item["path"] for item in _config(policy).get("exclude", ())]))
        self.unread: list[Unread] = []

    def read(self, path: str) -> bytes | None:
        try:
            return self.tree.read(path)
        except (GateError, UndecidedError, FileNotFoundError) as error:
            self.unread.append(Unread(path=path, reason=first_line(error)))
            return None

    def schema_unread(self, model: Model) -> tuple[Unread, ...]:
        """What may be missing in the model. What the policy leaves out with a reason still adds what can be read."""
        from lints.examine import could_be_schema

        tree = [u for u in self.tree.unread() if u.path not in self.excluded]
        files = [u for u in (*self.unread, *tree) if could_be_schema(u.path)]
        said = (Unread(path=o.path, line=o.line, reason=o.why) for o in model.unread if o.path not in self.excluded)
        return (*files, *said)


def _project(source: _Source, policy: Policy, wanted: frozenset[str]) -> Project:
    from lints.project import Project

    config = _config(policy)
    paths = source.tree.paths()
    scripts = config.get("migrations")
    return Project(
        paths=paths, judged=wanted, read=source.read, declared=declarations(policy),
        dialect=config.get("dialect", "postgres"),
        scripts=None if scripts is None else frozenset(select(paths, scripts)),
        stamped=source.tree.stamp if isinstance(source.tree, WorkTree) and not _in_ci() else None,
    )  # fmt: skip


def _in_ci() -> bool:
    """Whether a pipeline runs this: what it states of a file, it has read."""
    return os.environ.get("CI", "false").lower() not in ("", "0", "false")


def _config(policy: Policy) -> Mapping[str, Any]:
    config: Mapping[str, Any] = policy.config.get("source", {})
    return config


def declarations(policy: Policy) -> Declarations:
    """The organisation's `tenancy.yaml`, each declaration with its line. Raises GateError for what can't be meant."""
    from lints.schema.declared import Declarations, read_declarations

    name = policy.config.get("tenancy")
    if name is None:
        return Declarations()
    document = read_yaml(policy.files[name], name)
    try:
        return read_declarations(document.value, name, document.line)
    except ValueError as error:
        raise GateError(first_line(error)) from None


def _jobs() -> int | None:
    """How many children: one a core, or as many as GATE_JOBS says."""
    value = os.environ.get(JOBS_VARIABLE)
    if value is None:
        return None
    if not value.isascii() or not value.isdigit() or not 1 <= int(value[:4]) <= 64:
        raise GateError(f"{JOBS_VARIABLE}={value[:20]!r}: give the number of processes, 1 to 64")
    return int(value)


def _cache(tree: Tree) -> Cache:
    """What earlier scans found: in the user's cache folder, or where GATE_CACHE says; `off` remembers nothing.

    A CI job remembers only where GATE_CACHE says so: what ran there before may have written to the user's folder. With
    GATE_CACHE_KEY, a secret of the pipeline, only entries made with it count. A folder inside of what is judged is no
    place for a cache, because whoever proposes a change could fill it.
    """
    from lints.cache import Cache, CacheError, default_folder

    value = os.environ.get(CACHE_VARIABLE)
    if value == "off" or (value is None and _in_ci()):
        return Cache(None)
    if value is not None and not Path(value).is_absolute():
        raise GateError(f"{CACHE_VARIABLE}={value[:200]!r}: give an absolute path, or off")
    folder = default_folder() if value is None else Path(value)
    try:
        if isinstance(tree, WorkTree):
            inside = folder.resolve().is_relative_to(tree.root)
        else:
            inside = find_repository(folder) is not None
        if inside:
            raise CacheError(f"{folder}: lies inside the judged tree, whose changes could fill it")
        return Cache(folder, secret=os.environb.get(SECRET_VARIABLE.encode(), b""))
    except CacheError as error:
        if value is not None:
            raise GateError(f"{CACHE_VARIABLE}: {first_line(error)}") from None
        return Cache(None)
