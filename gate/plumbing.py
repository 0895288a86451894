"""Git, asked through its plumbing commands alone, in a closed environment.

A judged repository is hostile: its configuration may name commands (fsmonitor, textconv, filters, hooks, promisor
remotes). Only cat-file, ls-files, ls-tree and rev-parse run here: none of them runs what a configuration names. No
variable of the caller (GIT_DIR in a hook, GIT_CONFIG_COUNT …) points git elsewhere, and git itself is not taken from a
relative folder of PATH, which may be one of the checkout. Single questions start one git each; the objects of a commit
are read through GitPython, whose git stays.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gate.model import GateError, UndecidedError

TIMEOUT_SECONDS = 120
LONG_ID = 64
_CLOSED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "HOME": os.devnull,
    "LC_ALL": "C",
}
_SETTINGS = (
    "core.fsmonitor=false", "core.hooksPath=/dev/null", "core.untrackedCache=false", "protocol.allow=never",
    "safe.bareRepository=explicit", "safe.directory=*",
)  # fmt: skip


def ask(top: Path, command: str, *arguments: str) -> bytes | None:
    """What one command says of the repository at `top`; None when git answers with an error.

    Raises GateError without a git, UndecidedError when it does not answer in time.
    """
    try:
        done = subprocess.run(
            _argv(top, command, *arguments), env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, timeout=TIMEOUT_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise UndecidedError(f"git {command}: no answer within {TIMEOUT_SECONDS} s") from None
    except OSError as error:
        raise _cannot_run(error) from None
    return done.stdout if done.returncode == 0 else None


class Objects:
    """The blobs of one repository, by GitPython: its git stays and is asked for one after the other."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._runner: Any = None

    def blob(self, name: str, limit: int) -> tuple[int, bytes | None]:
        """The size of a blob in bytes, and its bytes unless that is over the limit.

        Raises ValueError, in one line, when there is none: of a name that is no hexadecimal id nothing is asked.
        """
        if not name or set(name) - set("0123456789abcdef"):
            raise ValueError("not an object id")
        if len(name) == LONG_ID:
            return self._long(name, limit)
        if self._runner is None:
            self._runner = _runner(self._top)
        try:
            _, kind, size = self._runner.get_object_header(name)
            if os.fsdecode(kind) == "blob":  # typed as text, and bytes in fact
                return size, None if size > limit else self._runner.get_object_data(name)[3]
        except Exception as error:  # noqa: BLE001 GitPython raises many types on a damaged store, for one fact
            self._runner = None  # whatever comes next is asked of another process
            raise ValueError(" ".join(str(error).split())[:200]) from None
        raise ValueError(f"it is a {os.fsdecode(kind)}")

    def _long(self, name: str, limit: int) -> tuple[int, bytes | None]:
        """A blob with a name by SHA-256: GitPython's own process knows names by SHA-1 only."""
        said = ask(self._top, "cat-file", "-s", name)
        size = int(said) if said is not None else 0
        if said is not None and size > limit:
            return size, None
        data = ask(self._top, "cat-file", "blob", name)
        if data is None:
            raise ValueError("git has no such blob")
        return len(data), data


def _runner(top: Path) -> Any:
    """GitPython's command runner, closed as `ask` is."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    environment = _environment()
    found = shutil.which("git", path=environment["PATH"])
    if found is None:
        raise _cannot_run(FileNotFoundError())
    os.environ["GIT_PYTHON_GIT_EXECUTABLE"] = found  # GitPython asks it for its version when it is imported
    import git

    runner = git.cmd.Git(os.fspath(top))
    runner.update_environment(**{**_CLOSED, "PATH": environment["PATH"]})
    runner.set_persistent_git_options(c=list(_SETTINGS))
    return runner


def _argv(top: Path, *command: str) -> list[str]:
    settings = (part for setting in _SETTINGS for part in ("-c", setting))
    return ["git", "-C", os.fspath(top), *settings, *command]


def _environment() -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    path = (folder for folder in os.get_exec_path() if Path(folder).is_absolute())
    return {**kept, **_CLOSED, "PATH": os.pathsep.join(path) or os.defpath}


def _cannot_run(error: OSError) -> GateError:
    if isinstance(error, FileNotFoundError):
        return GateError("git: not found on PATH; install git 2.30 or newer")
    return GateError(f"git: can't be run: {error.strerror}")
