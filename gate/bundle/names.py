"""Names of files in a bundle: only such that mean the same one file on every system that may unpack it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from attestations.strict_json import shown
from gate.bundle.refusal import BundleError, Code

MAX_NAME = 1024
MAX_COMPONENT = 255  # bytes: what common file systems can hold

_DRIVE = re.compile(r"[A-Za-z]:")
_RESERVED = re.compile(r"con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]", re.IGNORECASE)
# Nearly all names are like this, and then none of the rules can be broken but the one about device names.
_ORDINARY = re.compile(r"(?:[A-Za-z0-9_-](?:[A-Za-z0-9_.-]{0,98}[A-Za-z0-9_-])?(?:/(?!\Z)|\Z)){1,9}")
_DEVICE = re.compile(r"(?:^|/)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:[./]|\Z)", re.IGNORECASE)


def check_name(name: str) -> str:
    """The name, a `/`-separated relative path, if it is safe everywhere. Raises BundleError with the rule it breaks."""
    if _ORDINARY.fullmatch(name) and not _DEVICE.search(name):
        return name
    for code, broken, rule in (
        (Code.NAME_ENCODING, not _is_unicode(name), "is not UTF-8"),
        (Code.NAME_ABSOLUTE, name.startswith("/"), "is absolute"),
        (Code.NAME_BACKSLASH, "\\" in name, "has a backslash"),
        (Code.NAME_CONTROL, not name.isprintable(), "has a character that can't be printed"),
    ):
        if broken:
            raise BundleError(code, f"the name {shown(name)} {rule}")
    if len(name.encode()) > MAX_NAME:
        raise BundleError(Code.NAME_TOO_LONG, f"the name {shown(name)} is longer than {MAX_NAME} bytes")
    for part in name.split("/"):
        if part in ("", ".", ".."):
            raise BundleError(Code.NAME_PARENT, f"the name {shown(name)} has the component {part!r}")
        if _DRIVE.match(part):
            raise BundleError(Code.NAME_DRIVE, f"the name {shown(name)} has a drive letter")
        if part.endswith((".", " ")):
            raise BundleError(Code.NAME_TRAILING, f"the name {shown(name)}: {shown(part)} ends in a dot or a space")
        if _RESERVED.fullmatch(part.split(".", 1)[0].rstrip(" ")):
            raise BundleError(Code.NAME_RESERVED, f"the name {shown(name)}: {shown(part)} is a device on Windows")
        if len(part.encode()) > MAX_COMPONENT:
            raise BundleError(Code.NAME_TOO_LONG, f"the name {shown(name)}: {shown(part)} is longer than 255 bytes")
    return name


class Names:
    """A set of safe names no two of which any file system takes for the same: neither by case nor by Unicode form."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._spelled: dict[str, str] = {}  # folded path of a file or folder → as it was spelled
        self._files: set[str] = set()
        self._folders: set[str] = set()
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Raises BundleError when the name is not safe, is there already, or collides with one that is."""
        if check_name(name) in self._files:
            raise BundleError(Code.NAME_DUPLICATE, f"the name {shown(name)} occurs twice")
        parts = name.split("/")
        for end in range(1, len(parts)):
            folder = "/".join(parts[:end])
            if folder in self._files:
                raise BundleError(Code.NAME_COLLISION, f"{shown(folder)} is a file and a folder")
            if folder not in self._folders:
                self._spell(folder)
                self._folders.add(folder)
        if name in self._folders:
            raise BundleError(Code.NAME_COLLISION, f"{shown(name)} is a file and a folder")
        self._spell(name)
        self._files.add(name)

    def _spell(self, path: str) -> None:
        known = self._spelled.setdefault(_folded(path), path)
        if known != path:
            raise BundleError(Code.NAME_COLLISION, f"the names {shown(path)} and {shown(known)} collide")


def _folded(path: str) -> str:
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _is_unicode(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
