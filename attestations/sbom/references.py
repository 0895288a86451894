"""Where a package comes from when a manifest says so: a checkout, an archive at a URL, or a path of the tree."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from attestations.sbom.inventory import Reference, UnreadableError, hash_of, quoted

ARCHIVES: Final = (".whl", ".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz", ".tar")

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SCHEMES = frozenset(
    {"http", "https", "ftp", "git", "ssh"}
    | {f"{vcs}+{scheme}" for vcs in ("git", "hg", "svn", "bzr") for scheme in ("http", "https", "ssh", "git")}
)
_SCP = re.compile(r"(?:[A-Za-z0-9._-]+@)?([A-Za-z0-9.-]+):([^/:][^:]*)")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_TAIL = re.compile(r"[#?]")
_VCS = re.compile(r"(git|hg|svn|bzr)\+")
_FRAGMENT_HASH = re.compile(r"(?:^|[#&])(md5|sha\d+)=([0-9A-Fa-f]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """`qualifier` belongs into the purl (`vcs_url=…`, `download_url=…`); all of it is empty for a package index."""

    qualifier: str = ""
    references: frozenset[Reference] = frozenset()
    hashes: frozenset[tuple[str, str]] = frozenset()
    version: str | None = None


INDEX: Final = Origin()
"""From the package index that the installer was told to use: nothing more is known."""


def public_url(url: str) -> str | None:
    """The URL as it may be published: without user, password, query and fragment; None if it is not one of a host.

    Locks carry the tokens of private registries in exactly those parts.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _SCHEMES or not host or not _HOST.fullmatch(host):
        return None
    path = _LONE_PERCENT.sub("%25", quote(parts.path, safe="/%@:!$&'()*+,;=~"))
    return f"{parts.scheme}://{host}{f':{port}' if port is not None else ''}{path}"


def vcs_origin(url: str, commit: str, kind: str = "git") -> Origin:
    """A checkout; raises UnreadableError unless the commit is a full one, for everything else can move."""
    if not _COMMIT.fullmatch(commit):
        raise UnreadableError(f"{quoted(kind, 10)} reference {quoted(commit, 60)} is not a full commit: it can move")
    bare = url.removeprefix(f"{kind}+")
    if scp := _SCP.fullmatch(bare):
        bare = f"ssh://{scp[1]}/{scp[2]}"
    where = public_url(bare if bare.startswith(f"{kind}://") else f"{kind}+{bare}")
    if where is None:
        raise UnreadableError(f"{quoted(kind, 10)} reference without a host")
    pinned = f"{where}@{commit}"
    return Origin(qualifier=f"vcs_url={pinned}", references=frozenset({Reference(type="vcs", url=pinned)}))


def download_origin(url: str) -> Origin:
    """An archive at a URL; INDEX if the URL is not one of a host (a path of a machine)."""
    where = public_url(_TAIL.split(url)[0])
    if where is None:
        return INDEX
    reference = Reference(type="distribution", url=where)
    return Origin(qualifier=f"download_url={where}", references=frozenset({reference}))


def direct_origin(url: str, name: str) -> Origin:
    """A direct reference of PEP 508 (`name @ URL`), with the hash that its fragment states; raises UnreadableError."""
    where = _TAIL.split(url)[0]
    if vcs := _VCS.match(url):
        bare, _, commit = where.rpartition("@")
        if "://" not in bare or "/" in commit:
            raise UnreadableError(f"{quoted(public_url(where) or 'a checkout', 80)} names no commit: it can move")
        return vcs_origin(bare, commit, vcs[1])
    origin = download_origin(where)
    if not origin.qualifier:
        raise UnreadableError(f"{name} comes from something that is not a URL of a host")
    archive = python_archive(where)
    hashes = frozenset(hash_of(m[1], m[2]) for m in _FRAGMENT_HASH.finditer(url[len(where) :]))
    version = archive[1] if archive and archive[0] == name else None
    return Origin(qualifier=origin.qualifier, references=origin.references, hashes=hashes, version=version)


def python_archive(path: str) -> tuple[str, str] | None:
    """Normalised name and version in the file name of a wheel or source archive; None for any other name."""
    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

    base = posixpath.basename(_TAIL.split(path)[0])
    try:
        parsed = parse_wheel_filename(base)[:2] if base.endswith(".whl") else parse_sdist_filename(base)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
    return str(parsed[0]), str(parsed[1])


def within(directory: str, path: str) -> str:
    """`path` as a file of `directory` writes it, relative to the tree; raises UnreadableError if it leaves the tree."""
    relative = posixpath.join(directory, path.replace("\\", "/"))
    place = posixpath.normpath(relative)
    if place.startswith(("/", "..")) or "\0" in path:
        raise UnreadableError(f"{quoted(path, 80)} is outside the tree")
    return "" if place == "." else place
