"""The judged files: a work tree on disk, or a commit read straight from git objects.

The checkout is hostile: nothing here runs a porcelain command, applies an attribute or checks anything out (see
`plumbing`), the index is believed only in what it lists, and every object's bytes are hashed again.
"""

from __future__ import annotations

import bisect
import fnmatch
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gate import plumbing
from gate.model import GateError, UndecidedError, Unread

MAX_FILE_BYTES = 64 << 20
MAX_LINKED = 100_000
UNLISTED = "can't be listed"

# Never part of a project's own source when git doesn't track them.
_NEVER = frozenset({".git", ".hg", ".svn"})
_UNTRACKED_NOISE = frozenset(
    {
        ".gate",
        "node_modules",
        ".venv",
        "venv",
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".nox",
    }
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
    known: frozenset[str]
    links: Mapping[str, str]


class WorkTree:
    """The files under a directory as they are on disk: what git tracks plus what it neither tracks nor ignores.

    With `versioned` false git is not asked and every file counts, whatever repository the directory may lie in. With
    `stamped` false nothing is believed of a file but its bytes.
    """

    origin = "work tree"

    def __init__(self, root: Path, *, versioned: bool = True, stamped: bool = True) -> None:
        self.root = root.resolve()
        self._stamped = stamped
        self._versioned = versioned
        if not self.root.is_dir():
            raise GateError(f"{root}: not a directory; give the path of the checkout to judge")
        self._listing: _Listing | None = None

    def paths(self) -> Sequence[str]:
        return self._list().paths

    def unread(self) -> Sequence[Unread]:
        return self._list().unread

    def links(self) -> Mapping[str, str]:
        """Symbolic links that stay inside, with what they lead to; the file there is judged under its own name."""
        return self._list().links

    def read(self, path: str, *, limit: int = MAX_FILE_BYTES) -> bytes:
        full = f"{self.root}/{path}"
        follow = 0
        if self._listing is not None and path in self._listing.known:
            follow = os.O_NOFOLLOW  # the walk came here without following a link
        else:
            self._refuse_outside(path)
        try:
            handle = os.open(full, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | follow)
        except OSError as error:
            raise GateError(f"{path}: can't be read: {error.strerror}") from None
        try:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                raise GateError(f"{path}: not a regular file")
            data = os.read(handle, min(found.st_size, limit) + 1)
            while len(data) != found.st_size and len(data) <= limit:  # it changes while it is read
                more = os.read(handle, limit + 1 - len(data))
                if not more:
                    break
                data += more
        except OSError as error:
            raise GateError(f"{path}: can't be read: {error.strerror}") from None
        finally:
            os.close(handle)
        if len(data) > limit:
            raise GateError(f"{path}: larger than {limit:,} bytes")
        return data

    def stamp(self, path: str) -> tuple[int, int, int, int, int] | None:
        """What the file system says of a regular file (see `lints.files.Stamp`); None for anything else."""
        if not self._stamped or path not in self._list().known:
            return None
        try:
            found = os.lstat(f"{self.root}/{path}")
        except OSError:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        return found.st_size, found.st_ino, found.st_dev, found.st_mtime_ns, found.st_ctime_ns

    def _refuse_outside(self, path: str) -> None:
        if ".." in path.split("/") or path.startswith("/"):
            raise GateError(f"{path}: leaves the judged tree")
        if "\0" in path:
            raise FileNotFoundError(path)
        try:
            inside = (self.root / path).resolve(strict=True).is_relative_to(self.root)
        except (OSError, RuntimeError):
            raise FileNotFoundError(path) from None
        if not inside:
            raise GateError(f"{path}: a symbolic link that leaves the judged tree; replace it by a regular file")

    def _list(self) -> _Listing:
        if self._listing is None:
            tracked = index_paths(self.root) if self._versioned else None
            walked, unread, links = _walk(self.root, None if tracked is None else frozenset(tracked))
            if tracked is not None:
                said = {u.path for u in unread}
                missing = [p for p in tracked if p not in walked and p not in links and p not in said and _is_utf8(p)]
                unread += [Unread(path=p, reason="tracked by git but missing on disk") for p in missing]
            self._listing = _Listing(tuple(sorted(walked)), tuple(unread), frozenset(walked), links)
        return self._listing


def _walk(root: Path, tracked: frozenset[str] | None) -> tuple[set[str], list[Unread], dict[str, str]]:
    found: set[str] = set()
    unread: list[Unread] = []
    links: dict[str, str] = {}
    tracked_dirs = _folders(tracked or ())
    ignored = ignored_paths(root) if tracked is not None else frozenset[str]()
    waiting = [""]
    while waiting:
        below = waiting.pop()
        try:
            with os.scandir(f"{root}/{below}") as entries:
                for entry in entries:
                    path = f"{below}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        noise = entry.name in _UNTRACKED_NOISE or f"{path}/" in ignored
                        if entry.name not in _NEVER and (not noise or path in tracked_dirs):
                            waiting.append(f"{path}/")
                    elif entry.name == ".git":
                        continue  # of a worktree or a submodule: names where its repository lies
                    elif not _is_utf8(path):
                        unread.append(Unread(path=_spelled(path), reason="the file name is not UTF-8"))
                    elif tracked is not None and path not in tracked and path in ignored:
                        continue
                    elif entry.is_file(follow_symlinks=False):
                        found.add(path)
                    elif not entry.is_symlink():
                        unread.append(Unread(path=path, reason="not a regular file"))
                    elif (target := _target(root / path)) is None or not target.is_relative_to(root):
                        unread.append(Unread(path=path, reason="a symbolic link that leaves the tree"))
                    else:
                        links[path] = _relative(root, target)
        except OSError as error:
            unread.append(Unread(path=_spelled(below.rstrip("/")), reason=f"{UNLISTED}: {error.strerror}"))
    unread.sort(key=lambda one: one.path)
    return found, unread, dict(sorted(links.items()))


def _target(link: Path) -> Path | None:
    """Where a link leads, or None when it leads round in a circle."""
    try:
        return link.resolve()
    except (OSError, RuntimeError):
        return None


def _folders(paths: Iterable[str]) -> set[str]:
    """The folders that hold any of the paths, and those that hold these."""
    found: set[str] = set()
    for path in paths:
        while (path := path.rpartition("/")[0]) and path not in found:
            found.add(path)
    return found


def _relative(root: Path, path: str | os.PathLike[str]) -> str:
    relative = os.path.relpath(path, root)
    return "" if relative == "." else relative.replace(os.sep, "/")


def _spelled(name: str) -> str:
    """A name as it can be told, whatever its bytes are."""
    return name if _is_utf8(name) else ascii(name)[1:-1]


def _is_utf8(name: str) -> bool:
    if name.isascii():
        return True
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class CommitTree:
    """The files of one commit under `root`, read from git objects only."""

    def __init__(self, root: Path, revision: str) -> None:
        top = find_repository(root)
        if top is None:
            raise GateError(f"{root}: not inside a git repository; the base revision can't be read")
        self.sha = resolve(root, revision)
        self.origin = f"commit {self.sha}"
        self._objects = plumbing.Objects(top)
        self._top = top
        self._prefix = _relative(top, root.resolve())
        self._blobs: dict[str, str] = {}
        self._unread: list[Unread] = []
        self._links: dict[str, str] = {}
        self._index()

    def paths(self) -> Sequence[str]:
        return sorted(self._blobs)

    def unread(self) -> Sequence[Unread]:
        return self._unread

    def links(self) -> Mapping[str, str]:
        """Symbolic links that stay inside, with what they lead to; the file there is judged under its own name."""
        return self._links

    def object_id(self, path: str) -> str | None:
        """The id of a file's blob, or None when the commit has no such file."""
        return self._blobs.get(path)

    def read(self, path: str, *, limit: int = MAX_FILE_BYTES) -> bytes:
        if path not in self._blobs:
            raise FileNotFoundError(path)
        return self._object(path, self._blobs[path], limit)

    def _object(self, path: str, sha: str, limit: int) -> bytes:
        try:
            size, data = self._objects.blob(sha, limit)
        except ValueError as error:
            raise UndecidedError(f"{path}: git object {sha} can't be read: {error}") from None
        if data is None or size > limit:
            raise GateError(f"{path}: larger than {limit:,} bytes")
        if blob_id(data, len(sha)) != sha:
            raise UndecidedError(f"{path}: git object {sha} does not match its name")
        return data

    def _index(self) -> None:
        listing = plumbing.ask(self._top, "ls-tree", "-r", "-z", "--full-tree", f"{self.sha}:{self._prefix}")
        if listing is None:
            raise UndecidedError(f"{self.origin}: its files can't be listed (a missing object, or no such folder)")
        for entry in listing.split(b"\0"):
            if not entry:
                continue
            head_, _, name = entry.partition(b"\t")
            mode, kind, sha = head_.decode().split(" ")
            path = os.fsdecode(name)
            if not _is_utf8(path) or {"", ".", "..", ".git"} & set(path.split("/")):
                self._unread.append(Unread(path=ascii(path)[1:-1], reason="the file name is not allowed"))
            elif kind != "blob":
                self._unread.append(Unread(path=path, reason="a submodule; judge it in its own repository"))
            elif mode == "120000":
                self._link(path, sha)
            else:
                self._blobs[path] = sha

    def _link(self, path: str, sha: str) -> None:
        target = os.fsdecode(self._object(path, sha, MAX_FILE_BYTES))
        resolved = os.path.normpath(f"{path.rpartition('/')[0] or '.'}/{target}")
        if target.startswith("/") or resolved.split("/", 1)[0] == ".." or not _is_utf8(resolved):
            self._unread.append(Unread(path=path, reason="a symbolic link that leaves the tree"))
        else:
            self._links[path] = "" if resolved == "." else resolved


def reached_by_link(tree: Tree, patterns: Sequence[str]) -> list[Unread]:
    """What matches the globs only under the name of a symbolic link: it is listed nowhere else under that name."""
    if not isinstance(tree, WorkTree | CommitTree):
        return []
    files = tree.paths()
    names: list[str] = []
    for link, target in tree.links().items():
        below = f"{target}/" if target else ""
        first = bisect.bisect_left(files, below)
        last = bisect.bisect_left(files, f"{target}0" if target else "\U0010ffff")  # "0" follows "/"
        names += [link, *(f"{link}/{path[len(below) :]}" for path in files[first:last])]
        if len(names) > MAX_LINKED:
            return [Unread(path=link, reason="too many files are reached through symbolic links")]
    return [
        Unread(path=path, reason="reached through a symbolic link; put a regular file there")
        for path in select(names, patterns)
    ]


def not_read(tree: Tree, patterns: Sequence[str]) -> list[Unread]:
    """What matches the globs, or may hold what does, and can't be read as a regular file of its own."""
    wanted = set(select((u.path for u in tree.unread()), patterns))
    lost = [u for u in tree.unread() if u.path in wanted or u.reason.startswith(UNLISTED)]
    return [*lost, *reached_by_link(tree, patterns)]


def blob_id(data: bytes, length: int = 40) -> str:
    """The git object id of a file's bytes; `length` tells SHA-1 (40) from SHA-256 (64) repositories."""
    digest = hashlib.sha256() if length == 64 else hashlib.sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % len(data))
    digest.update(data)
    return digest.hexdigest()


def select(paths: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """The paths that match any glob, sorted. `*` stays inside a folder, a segment `**` stands for any folders."""
    expressions = [re.compile(_glob(pattern)) for pattern in patterns]
    return sorted(p for p in paths if any(e.fullmatch(p) for e in expressions))


def _glob(pattern: str) -> str:
    """The regular expression of a glob. Wherever two gaps follow each other, the first takes as little as it can and
    is never tried again (`(?>…)`): for globs that loses no match, and it keeps the time bounded."""
    parts: list[list[str]] = [[]]
    for segment in pattern.split("/"):
        if segment != "**":
            parts[-1].append(_segment(segment))
        elif parts[-1] or len(parts) == 1:
            parts.append([])
    start, *gaps = ["/".join(part) for part in parts]
    if not gaps:
        return start
    out = f"{start}/" if start else ""
    for part in gaps[:-1]:
        out += f"(?>(?:[^/]+/)*?{part}/)"
    return out + (f"(?:[^/]+/)*{gaps[-1]}" if gaps[-1] else ".+")


def _segment(text: str) -> str:
    pieces: list[str] = [""]
    rest = text
    while rest:
        if rest[0] == "*":
            rest = rest.lstrip("*")
            pieces.append("")
        elif rest[0] == "?":
            pieces[-1], rest = pieces[-1] + "[^/]", rest[1:]
        elif rest[0] == "[" and "]" in rest[2:]:
            end = rest.index("]", 2) + 1
            pieces[-1], rest = pieces[-1] + "(?!/)" + fnmatch.translate(rest[:end])[4:-3], rest[end:]
        else:
            pieces[-1], rest = pieces[-1] + re.escape(rest[0]), rest[1:]
    if len(pieces) == 1:
        return pieces[0]
    middle = "".join(f"(?>[^/]*?{piece})" for piece in pieces[1:-1])
    return f"{pieces[0]}{middle}[^/]*{pieces[-1]}"


# --- git ---------------------------------------------------------------------------------------------------------


def index_paths(root: Path) -> list[str] | None:
    """Paths under `root` in git's index, relative to it; None when `root` is not inside a repository."""
    if find_repository(root) is None:
        return None
    listing = plumbing.ask(root, "ls-files", "-z", "--cached")
    if listing is None:
        raise UndecidedError(f"{root}: the git index can't be read")
    return [os.fsdecode(entry) for entry in listing.split(b"\0") if entry]


def ignored_paths(root: Path) -> frozenset[str]:
    """Untracked paths under `root` that .gitignore excludes; folders end with `/`."""
    listing = plumbing.ask(root, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    return frozenset(os.fsdecode(entry) for entry in (listing or b"").split(b"\0") if entry)


def find_repository(root: Path) -> Path | None:
    """The top folder of the git repository that holds `root`, or None."""
    folder = root.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / ".git").exists():
            return candidate
    return None


def resolve(root: Path, revision: str) -> str:
    """The full commit id of a revision. Raises GateError when it names no commit, and says if the clone is shallow."""
    top = find_repository(root)
    if not revision or revision.startswith("-"):
        raise GateError(f"revision {revision!r}: give a branch, tag or commit")
    if top is None:
        raise GateError(f"{root}: not inside a git repository; there is no revision {revision!r}")
    answer = _commit(top, revision)
    if answer is not None and not re.fullmatch(r"HEAD|refs/.*|[0-9a-f]{40}|[0-9a-f]{64}", revision):
        # Git would take the first of these: whoever may push a tag named like the branch would choose the commit.
        places = ("refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")
        if {_commit(top, place.format(revision)) for place in places} - {answer, None}:
            raise GateError(f"revision {revision!r}: names several commits; write refs/heads/… or refs/remotes/…")
    if answer is None:
        shallow = " (the clone is shallow: fetch with full depth)" if is_shallow(top) else ""
        raise GateError(f"revision {revision!r}: no such commit in {top.name}{shallow}")
    return answer


def _commit(top: Path, revision: str) -> str | None:
    answer = plumbing.ask(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    return None if answer is None else answer.decode("ascii").strip()


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


def dirty_paths(root: Path) -> list[str]:
    """Files under `root` whose bytes differ from HEAD's (changed, added or deleted), by hashing them ourselves."""
    committed = CommitTree(root, "HEAD")
    work = WorkTree(root)
    on_disk = set(work.paths())
    wrong = []
    for path in sorted(on_disk | set(committed.paths())):
        expected = committed.object_id(path)
        if expected is None or path not in on_disk or blob_id(work.read(path), len(expected)) != expected:
            wrong.append(path)
    return wrong
