"""The manifests and locks of a tree, each read by its reader; what can't be read is a problem, never a silence."""

from __future__ import annotations

import fnmatch
import hashlib
import posixpath
from collections.abc import Callable, Mapping

from attestations.sbom import locks, npm, pyproject, requirements
from attestations.sbom.inventory import Inventory, Node, Problem, SbomError, Source, UnreadableError, assemble, plain
from attestations.sbom.python import Manifest, link

_Reader = Callable[[str, Mapping[str, bytes]], "Manifest | None"]

_PYTHON: Mapping[str, _Reader] = {
    "pyproject.toml": pyproject.read,
    "setup.cfg": pyproject.read_setup_cfg,
    "setup.py": pyproject.read_setup_py,
    "poetry.lock": locks.read_poetry,
    "uv.lock": locks.read_uv,
    "pdm.lock": locks.read_pdm,
    "pylock.toml": locks.read_pylock,
    "pylock.*.toml": locks.read_pylock,
    "requirements*.txt": requirements.read,
    "requirements*.in": requirements.read,
    "*[-_.]requirements.txt": requirements.read,
    "*[-_.]requirements.in": requirements.read,
}
_NPM_LOCKS = ("npm-shrinkwrap.json", "package-lock.json")
_UNSUPPORTED = (
    *("Pipfile", "Pipfile.lock", "environment.yml", "environment.yaml", "conda-lock.yml", "pixi.lock"),
    *("yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb", "deno.lock"),
    *("go.mod", "Cargo.toml", "Cargo.lock", "Gemfile", "Gemfile.lock", "*.gemspec", "composer.json", "composer.lock"),
    *("pom.xml", "build.gradle", "build.gradle.kts", "gradle.lockfile", "packages.lock.json", "*.csproj", "mix.lock"),
)
"""Manifests of ecosystems and tools that are not read: a tree with one has an incomplete SBOM, and it says so."""


def is_manifest(path: str) -> bool:
    """Whether a file of a tree (path with `/`) says what the project is made of, in a format that is read or not.

    Files of installed packages (`node_modules/`, `site-packages/`) are not manifests of the project.
    """
    return _reader(path) is not None or _is_npm(path) or _unsupported(path)


def read_sources(files: Mapping[str, bytes]) -> Inventory:
    """The components that the manifests and locks of a tree name. `files` maps paths in the tree to their bytes.

    Files that are not manifests may be among them; requirements files may include them and archives are hashed.
    Raises SbomError if there is no manifest at all. A manifest that can't be read or resolved is in `problems`.
    """
    found = sorted(path for path in files if is_manifest(path))
    if not found:
        raise SbomError(f"no dependency manifest among {len(files)} files: an SBOM of nothing proves nothing")
    problems: list[Problem] = [
        Problem(path=path, reason="is a dependency manifest of a kind that is not read")
        for path in found
        if _unsupported(path)
    ]
    manifests = _python(found, files, problems)
    nodes, unresolved, closed = link(manifests)
    nodes += _npm(found, files, problems)
    known = [path for path in found if not _unsupported(path)]
    if not manifests and not nodes and not problems:
        raise SbomError(f"no manifest states dependencies: {plain(', '.join(known))}")
    return assemble(
        nodes,
        problems=[*problems, *unresolved],
        sources=[Source(path=path, sha256=hashlib.sha256(files[path]).hexdigest()) for path in known],
        closed=closed,
    )


def _python(found: list[str], files: Mapping[str, bytes], problems: list[Problem]) -> list[Manifest]:
    manifests: list[Manifest] = []
    included = _included([path for path in found if _reader(path) is requirements.read], files)
    for path in found:
        reader = _reader(path)
        if reader is None or path in included:
            continue
        try:
            manifest = reader(path, files)
        except UnreadableError as error:
            problems.append(Problem(path=path, reason=error.reason, line=error.line))
            continue
        if manifest is not None:
            manifests.append(manifest)
    return manifests


def _included(found: list[str], files: Mapping[str, bytes]) -> set[str]:
    """The requirements files that are read as part of another one. Of a ring, only its first file is read by itself."""
    targets = {path: requirements.includes(path, files[path]) for path in found}
    covered: set[str] = set()
    named = {target for path in found for target in targets[path]}
    for top in sorted(found, key=lambda path: path in named):
        if top in covered:
            continue
        pending = list(targets[top])
        while pending:
            path = pending.pop()
            if path not in covered and path != top:
                covered.add(path)
                pending += targets.get(path) or requirements.includes(path, files.get(path, b""))
    return covered


def _npm(found: list[str], files: Mapping[str, bytes], problems: list[Problem]) -> list[Node]:
    read: dict[str, npm.Lock] = {}
    broken: set[str] = set()
    for name in _NPM_LOCKS:
        for path in found:
            home = posixpath.dirname(path)
            if posixpath.basename(path) != name:
                continue
            if home in read or home in broken:
                problems.append(Problem(path=path, reason="is ignored by npm beside npm-shrinkwrap.json: remove one"))
                continue
            try:
                read[home] = npm.read_lock(path, files)
            except UnreadableError as error:
                broken.add(home)
                problems.append(Problem(path=path, reason=error.reason, line=error.line))
    for path in found:
        if posixpath.basename(path) != "package.json":
            continue
        try:
            unresolved = npm.check_manifest(path, files, read)
        except UnreadableError as error:
            unresolved = [Problem(path=path, reason=error.reason, line=error.line)]
        if posixpath.dirname(path) not in broken:
            problems += unresolved
    problems += [problem for lock in read.values() for problem in lock.problems]
    return [node for lock in read.values() for node in lock.nodes]


def _reader(path: str) -> _Reader | None:
    if _installed(path):
        return None
    directory, name = posixpath.split(path)
    for pattern, reader in _PYTHON.items():
        if fnmatch.fnmatchcase(name, pattern):
            return reader
    in_folder = posixpath.basename(directory) == "requirements" and name.endswith((".txt", ".in"))
    return requirements.read if in_folder else None


def _is_npm(path: str) -> bool:
    return posixpath.basename(path) in (*_NPM_LOCKS, "package.json") and not _installed(path)


def _unsupported(path: str) -> bool:
    name = posixpath.basename(path)
    return not _installed(path) and any(fnmatch.fnmatchcase(name, pattern) for pattern in _UNSUPPORTED)


def _installed(path: str) -> bool:
    return any(part in ("node_modules", "site-packages") for part in path.split("/")[:-1])
