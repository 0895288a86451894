"""The judged files: a work tree on disk, or a commit read straight from git objects.

The checkout is hostile: its git configuration may name commands (fsmonitor, textconv, filters, hooks, promisor
remotes), so nothing here runs a porcelain command, applies an attribute or checks anything out. Objects are read by
GitPython's pure-Python object database; the two questions it can't answer (the index, a merge base) go to git plumbing
in a closed environment.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import stat
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from gate.model import GateError, UndecidedError, Unread

MAX_FILE_BYTES = 64 << 20

# Never part of a project's own source when git doesn't track them.
_NEVER = frozenset({".git", ".hg", ".svn", ".gate"})
_UNTRACKED_NOISE = frozenset(
    {"node_modules", ".venv", "venv", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox"}
)


class Tree(Protocol):
    """A set of files under one root, named by `/`-separated relative paths."""

    @property
    def origin(self) -> str:
        """`work tree`, or `commit <sha>`."""

    def paths(self) -> Sequence[str]:
        """Every regular file, sorted."""

    def unread(self) -> Sequence[Unread]:
        """What is there and can't be read as a file: links that leave the tree, submodules, names that aren't UTF-8."""

    def read(self, path: str, *, limit: int = MAX_FILE_BYTES) -> bytes:
        """The bytes of a file. Raises FileNotFoundError, or GateError when it is not a readable regular file."""


@dataclass(frozen=True, slots=True)
class _Listing:
    paths: tuple[str, ...]
    unread: tuple[Unread, ...]


class WorkTree:
    """The files under a directory as they are on disk: what git tracks plus what it neither tracks nor ignores."""

    origin = "work tree"

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        if not self.root.is_dir():
            raise GateError(f"{root}: not a directory; give the path of the checkout to judge")
        self._listing: _Listing | None = None

    def paths(self) -> Sequence[str]:
        return self._list().paths

    def unread(self) -> Sequence[Unread]:
        return self._list().unread

    def read(self, path: str, *, limit: int = MAX_FILE_BYTES) -> bytes:
        full = self.root / path
        if ".." in path.split("/") or path.startswith("/"):
            raise GateError(f"{path}: leaves the judged tree")
        try:
            inside = full.resolve(strict=True).is_relative_to(self.root)
        except (OSError, RuntimeError):
            raise FileNotFoundError(path) from None
        if not inside:
            raise GateError(f"{path}: a symbolic link that leaves the judged tree; replace it by a regular file")
        try:
            handle = os.open(full, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise GateError(f"{path}: can't be read: {error.strerror}") from None
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise GateError(f"{path}: not a regular file")
            data = file.read(limit + 1)
        if len(data) > limit:
            raise GateError(f"{path}: larger than {limit:,} bytes")
        return data

    def _list(self) -> _Listing:
        if self._listing is None:
            tracked = index_paths(self.root)
            walked, unread = _walk(self.root, None if tracked is None else frozenset(tracked))
            if tracked is not None:
                missing = [p for p in tracked if p not in walked and not (self.root / p).is_symlink()]
                unread += [Unread(path=p, reason="tracked by git but missing on disk") for p in missing]
            self._listing = _Listing(tuple(sorted(walked)), tuple(unread))
        return self._listing


def _walk(root: Path, tracked: frozenset[str] | None) -> tuple[set[str], list[Unread]]:
    found: set[str] = set()
    unread: list[Unread] = []
    tracked_dirs = {d for p in tracked or () for d in _parents(p)}
    ignored = ignored_paths(root) if tracked is not None else frozenset[str]()

    def failed(error: OSError) -> None:
        unread.append(Unread(path=_relative(root, error.filename), reason=f"can't be listed: {error.strerror}"))

    for folder, subfolders, names in os.walk(root, onerror=failed):
        base = _relative(root, folder)
        kept = []
        for name in sorted(subfolders):
            path = f"{base}/{name}" if base else name
            if (root / path).is_symlink():
                names.append(name)
            elif name in _NEVER or (path not in tracked_dirs and (name in _UNTRACKED_NOISE or f"{path}/" in ignored)):
                continue
            else:
                kept.append(name)
        subfolders[:] = kept
        for name in sorted(names):
            path = f"{base}/{name}" if base else name
            if not _is_utf8(path):
                unread.append(Unread(path=ascii(path)[1:-1], reason="the file name is not UTF-8"))
                continue
            if tracked is not None and path not in tracked and path in ignored:
                continue
            mode = (root / path).lstat().st_mode
            if stat.S_ISLNK(mode):
                target = (root / path).resolve()
                if not target.is_relative_to(root):
                    unread.append(Unread(path=path, reason="a symbolic link that leaves the tree"))
                elif target.is_file():
                    continue  # judged where it really is
            elif stat.S_ISREG(mode):
                found.add(path)
            else:
                unread.append(Unread(path=path, reason="not a regular file"))
    return found, unread


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rsplit("/", 1)[0]
        yield path


def _relative(root: Path, path: str | os.PathLike[str]) -> str:
    relative = os.path.relpath(path, root)
    return "" if relative == "." else relative.replace(os.sep, "/")


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class CommitTree:
    """The files of one commit under `prefix`, read from git objects only."""

    def __init__(self, root: Path, revision: str) -> None:
        self._repo, top = _repository(root)
        self._prefix = _relative(top, root.resolve())
        self.sha = resolve(root, revision)
        self.origin = f"commit {self.sha}"
        self._blobs: dict[str, bytes] = {}
        self._unread: list[Unread] = []
        self._index()

    def paths(self) -> Sequence[str]:
        return sorted(self._blobs)

    def unread(self) -> Sequence[Unread]:
        return self._unread

    def read(self, path: str, *, limit: int = MAX_FILE_BYTES) -> bytes:
        if path not in self._blobs:
            raise FileNotFoundError(path)
        sha = self._blobs[path]
        try:
            info = self._repo.odb.info(sha)
            if info.size > limit:
                raise GateError(f"{path}: larger than {limit:,} bytes")
            data: bytes = self._repo.odb.stream(sha).read()
        except GateError:
            raise
        except Exception as error:  # noqa: BLE001 gitdb raises many types on a damaged store; all mean the object can't be read
            raise UndecidedError(f"{path}: git object {sha.hex()} can't be read: {_first_line(error)}") from None
        if hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).digest() != sha:
            raise UndecidedError(f"{path}: git object {sha.hex()} does not match its name")
        return data

    def _index(self) -> None:
        try:
            node = self._repo.commit(self.sha).tree
            for part in self._prefix.split("/") if self._prefix else ():
                node = node[part]
            stack = [("", node)]
            while stack:
                base, tree = stack.pop()
                for sha, mode, name in tree._cache:
                    path = f"{base}{name}"
                    if not _is_utf8(path) or name in ("", ".", "..", ".git") or "/" in name:
                        self._unread.append(Unread(path=ascii(path)[1:-1], reason="the file name is not allowed"))
                    elif stat.S_ISDIR(mode):
                        stack.append((f"{path}/", type(tree)(self._repo, sha, mode, path)))
                    elif stat.S_ISREG(mode):
                        self._blobs[path] = sha
                    elif stat.S_ISLNK(mode):
                        self._link(base, path, sha)
                    else:
                        self._unread.append(Unread(path=path, reason="a submodule; judge it in its own repository"))
        except KeyError:
            raise GateError(f"{self._prefix}: no such folder in {self.origin}") from None
        except Exception as error:  # noqa: BLE001 as above: a shallow or damaged store
            raise UndecidedError(f"{self.origin} can't be read: {_first_line(error)}") from None

    def _link(self, base: str, path: str, sha: bytes) -> None:
        target = self._repo.odb.stream(sha).read().decode("utf-8", "replace")
        resolved = os.path.normpath(f"{self._prefix}/{base}/{target}" if self._prefix else f"{base}{target}")
        if target.startswith("/") or resolved.startswith(".."):
            self._unread.append(Unread(path=path, reason="a symbolic link that leaves the tree"))


def select(paths: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """The paths that match any glob, sorted. `*` stays inside a folder, `**` crosses folders."""
    import re

    expressions = [re.compile(_glob(pattern)) for pattern in patterns]
    return sorted(p for p in paths if any(e.fullmatch(p) for e in expressions))


def _glob(pattern: str) -> str:
    out = ""
    rest = pattern
    while rest:
        if rest.startswith("**/"):
            out, rest = out + "(?:[^/]+/)*", rest[3:]
        elif rest.startswith("**"):
            out, rest = out + ".*", rest[2:]
        elif rest[0] == "*":
            out, rest = out + "[^/]*", rest[1:]
        elif rest[0] == "?":
            out, rest = out + "[^/]", rest[1:]
        elif rest[0] == "[" and "]" in rest[1:]:
            end = rest.index("]", 1) + 1
            out, rest = out + fnmatch.translate(rest[:end])[4:-3], rest[end:]
        else:
            import re

            out, rest = out + re.escape(rest[0]), rest[1:]
    return out


# --- git ---------------------------------------------------------------------------------------------------------

_CLOSED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CEILING_DIRECTORIES": "",
    "LC_ALL": "C",
}
_SWITCHES = (
    "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "protocol.allow=never",
    "-c", "core.untrackedCache=false",
    "-c", "safe.bareRepository=explicit",
    "-c", "safe.directory=*",
)  # fmt: skip


def plumbing(root: Path, *arguments: str) -> bytes | None:
    """Run one git plumbing command in a closed environment; None when git answers with an error.

    Only ls-files and merge-base come here: none of them runs what a repository's configuration names.
    """
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.devnull, **_CLOSED}
    try:
        done = subprocess.run(
            ["git", *_SWITCHES, "-C", str(root), *arguments],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120,
        )  # fmt: skip
    except FileNotFoundError:
        raise GateError("git: not found on PATH; install git 2.30 or newer") from None
    except subprocess.TimeoutExpired:
        raise UndecidedError(f"git {arguments[0]}: no answer within 120 s") from None
    return done.stdout if done.returncode == 0 else None


def index_paths(root: Path) -> list[str] | None:
    """Paths under `root` in git's index, relative to it; None when `root` is not inside a repository."""
    if find_repository(root) is None:
        return None
    listing = plumbing(root, "ls-files", "-z", "--cached")
    if listing is None:
        raise UndecidedError(f"{root}: the git index can't be read")
    return [os.fsdecode(entry) for entry in listing.split(b"\0") if entry]


def ignored_paths(root: Path) -> frozenset[str]:
    """Untracked paths under `root` that .gitignore excludes; folders end with `/`."""
    listing = plumbing(root, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    return frozenset(os.fsdecode(entry) for entry in (listing or b"").split(b"\0") if entry)


def find_repository(root: Path) -> Path | None:
    """The top folder of the git repository that holds `root`, or None."""
    folder = root.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / ".git").exists():
            return candidate
    return None


def _repository(root: Path) -> tuple[Any, Path]:
    import git

    top = find_repository(root)
    if top is None:
        raise GateError(f"{root}: not inside a git repository; the base revision can't be read")
    try:
        return git.Repo(top, odbt=git.GitDB), top
    except Exception as error:  # noqa: BLE001 GitPython raises many types on a damaged or foreign repository
        raise UndecidedError(f"{top}: the git repository can't be opened: {_first_line(error)}") from None


def resolve(root: Path, revision: str) -> str:
    """The full commit id of a revision. Raises GateError when it names no commit, and says if the clone is shallow."""
    if not revision or revision.startswith("-"):
        raise GateError(f"revision {revision!r}: give a branch, tag or commit")
    repo, top = _repository(root)
    try:
        return str(repo.commit(revision).hexsha)
    except Exception:  # noqa: BLE001 gitdb raises BadName, BadObject, ValueError, IndexError … for one fact: no such commit
        shallow = " (the clone is shallow: fetch with full depth)" if is_shallow(top) else ""
        raise GateError(f"revision {revision!r}: no such commit in {top.name}{shallow}") from None


def head(root: Path) -> str | None:
    """The commit that HEAD names; None without a repository or before the first commit."""
    if find_repository(root) is None:
        return None
    try:
        return resolve(root, "HEAD")
    except GateError:
        return None


def is_shallow(top: Path) -> bool:
    return (top / ".git" / "shallow").exists()


def merge_base(root: Path, base: str, head_revision: str) -> str:
    """The commit where head forked from base: what a pull request is compared with."""
    left, right = resolve(root, base), resolve(root, head_revision)
    answer = plumbing(root, "merge-base", left, right)
    if answer is None:
        shallow = is_shallow(find_repository(root) or root)
        cause = "the clone is shallow: fetch with full depth" if shallow else "they have no common ancestor"
        raise GateError(f"--base {base}: no merge base with {head_revision}: {cause}")
    return answer.decode().strip()


def dirty_paths(root: Path) -> list[str]:
    """Files under `root` whose bytes differ from HEAD's (changed, added or deleted), by hashing them ourselves."""
    committed = CommitTree(root, "HEAD")
    work = WorkTree(root)
    on_disk = set(work.paths())
    wrong = []
    for path in sorted(on_disk | set(committed.paths())):
        if path not in on_disk or path not in committed._blobs:
            wrong.append(path)
            continue
        data = work.read(path)
        if hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).digest() != committed._blobs[path]:
            wrong.append(path)
    return wrong


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
