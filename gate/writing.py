"""Files appear whole or not at all: temporary name beside the target, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gate.model import GateError, UndecidedError

_unfinished: set[Path] = set()
"""The temporary files and folders that exist now, for `abandon`."""


def abandon() -> None:
    """Remove what is half written. For a signal handler: nothing of this process may write afterwards."""
    for path in list(_unfinished):
        with contextlib.suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def write_file(path: Path, data: bytes | Iterable[bytes], *, mode: int = 0o644) -> None:
    """Write or replace one file; large ones may come in pieces.

    Raises UndecidedError (disk full, no permission) and whatever the pieces raise; then the old file is untouched.
    """
    with _written(path, data, mode) as temporary:
        temporary.replace(path)


def write_new(path: Path, data: bytes) -> bool:
    """Write one file that must not exist yet; False, and nothing changed, when it does. Raises UndecidedError."""
    with _written(path, data, 0o644) as temporary:
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        return True


@contextlib.contextmanager
def _written(path: Path, data: bytes | Iterable[bytes], mode: int) -> Iterator[Path]:
    """A temporary file beside `path` that holds the data safely; gone afterwards unless it was renamed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        _unfinished.add(temporary)
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines([data] if isinstance(data, bytes) else data)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(mode)
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)
            _unfinished.discard(temporary)
        _sync(path.parent)
    except OSError as error:
        raise UndecidedError(f"{path}: can't be written: {error.strerror or error}") from None


def write_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Create `target` with the given files; it must not exist. On any failure nothing is left behind.

    Names are `/`-separated relative paths that the caller has made safe. Raises GateError and UndecidedError.
    """
    if target.exists() or target.is_symlink():
        raise GateError(f"{target}: already exists; give a folder that does not exist yet")
    temporary = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        _unfinished.add(temporary)
        folders = {temporary}
        for name, data in files.items():
            path = temporary / name
            path.parent.mkdir(parents=True, exist_ok=True)
            folders.add(path.parent)
            with path.open("xb") as file:
                file.write(data)
        temporary.chmod(0o755)
        # All are written before the first is synced: then the file system can do it in one go.
        for path in (*(temporary / name for name in files), *folders):
            _sync(path)
        temporary.rename(target)
        _sync(target.parent)
    except OSError as error:
        raise UndecidedError(f"{target}: can't be written: {error.strerror or error}") from None
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
            _unfinished.discard(temporary)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
