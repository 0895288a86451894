"""Git, asked through its plumbing commands alone, in a closed environment.

A judged repository is hostile: its configuration may name commands (fsmonitor, textconv, filters, hooks, promisor
remotes). Only cat-file, ls-files, ls-tree and rev-parse run here: none of them runs what a configuration names. No
variable of the caller (GIT_DIR in a hook, GIT_CONFIG_COUNT …) points git elsewhere, and git itself is not taken from a
relative folder of PATH, which may be one of the checkout.
"""

from __future__ import annotations

import os
import subprocess
import weakref
from collections.abc import Mapping
from pathlib import Path

from gate.model import GateError, UndecidedError

TIMEOUT_SECONDS = 120
MAX_HEAD = 256
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
    """The blobs of one repository, from a git that stays and is asked for one after the other."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._process: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[..., Objects] | None = None

    def blob(self, name: str, limit: int) -> tuple[int, bytes | None]:
        """The size of a blob in bytes, and its bytes unless that is over the limit. Raises ValueError, which says what
        is there instead: of a name that is no hexadecimal id nothing is asked."""
        if not name or set(name) - set("0123456789abcdef"):
            raise ValueError("not an object id")
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(f"{name}\n".encode())
            process.stdin.flush()
            head = process.stdout.readline(MAX_HEAD)
            words = head.decode("ascii", "replace").split()
            if len(words) != 3 or not head.endswith(b"\n") or words[:2] != [name, "blob"] or not words[2].isdecimal():
                raise ValueError(f"git says {' '.join(words[1:2]) or 'nothing'}")
            size = int(words[2])
            if size > limit:
                self._stop()
                return size, None
            data = process.stdout.read(size + 1)
        except (OSError, ValueError) as error:
            self._stop()
            raise ValueError(str(error)) from None
        if len(data) != size + 1:
            self._stop()
            raise ValueError("git ended before all of it was read")
        return size, data[:-1]

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            self._process = subprocess.Popen(
                _argv(self._top, "cat-file", "--batch"), env=_environment(), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            raise _cannot_run(error) from None
        self._end = weakref.finalize(self, _ended, self._process)
        return self._process

    def _stop(self) -> None:
        """Whatever comes next is asked of another process: what is left of this answer belongs to nothing."""
        if self._end is not None:
            self._end()
        self._process = None


def _ended(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


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
