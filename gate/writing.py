"""Files appear whole or not at all: temporary name beside the target, fsync, rename, fsync of the folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from gate.model import GateError, UndecidedError


def write_file(path: Path, data: bytes | Iterable[bytes], *, mode: int = 0o644) -> None:
    """Write or replace one file; large ones may come in pieces.

    Raises UndecidedError (disk full, no permission) and whatever the pieces raise; then the old file is untouched.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines([data] if isinstance(data, bytes) else data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(mode)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
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
        if temporary is not None and temporary.exists():
            shutil.rmtree(temporary, ignore_errors=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
