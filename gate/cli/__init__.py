"""argv → calls. This module knows the commands and the exit codes; each command group is a module of its own.

Exit codes, the same for every command and output format: 0 allowed, 1 blocked, 2 usage or configuration, 3 could not
decide (which blocks too), 130 interrupted. Anything unforeseen is 3: nothing but a decision may end in 0.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from importlib import import_module
from types import FrameType
from typing import NoReturn, TextIO

from gate import __version__
from gate.model import GateError, UndecidedError

ALLOWED, BLOCKED, USAGE, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130

# name: (module, one line). The one list of commands; the help, the README and the completion are made from it.
COMMANDS = {
    "init": ("starting", "write the files with which this repository is judged, from what is found in it"),
    "check": ("judging", "judge the checkout as a pull request does"),
    "release": ("releasing", "judge a release, sign the verdict and write its bundle"),
    "ga": ("judging", "run the Golden Path and the self-checks, and judge GA readiness"),
    "verify": ("verifying", "verify a release bundle, an archive of it or single attestations, offline"),
    "replay": ("replaying", "decide again from a release bundle; the decision must come out the same"),
    "ledger": ("ledgering", "keep verdicts in an append-only log: make, append, prove, verify, checkpoint, audit"),
    "policy": ("policing", "what a change of policy means; sign a policy"),
    "bundle": ("bundling", "make an archive, a tenant's slice or a redacted packet of a release bundle"),
    "status": ("judging", "what runs out when"),
    "ingest": ("ingesting", "read events into an evidence store: each accepted, parked or rejected, all counted"),
    "query": ("ingesting", "ask an event store something in SQL; for people, never evidence"),
    "memo": ("costing", "a month's costs by tenant, pack, SLA tier and SKU, and what changed"),
    "prove": ("proving", "prove SQL statements against a schema"),
    "tenancy": ("classifying", "which tables belong to a tenant, and where that was read"),
    "baseline": ("baselining", "the code findings that were there when the gate came: write, shrink, show"),
    "explain": ("reading", "why a control exists, and how to fix what it finds"),
    "controls": ("reading", "list the controls, or try their examples"),
    "schema": ("reading", "print the JSON Schema of a file format or kind of evidence"),
    "drill": ("drilling", "run a DR drill playbook, or record a drill that ran elsewhere"),
    "purge": ("purging", "run a purge and record its manifest"),
    "record": ("recording", "sign evidence that something else produced, one record or a file of many"),
    "integrations": ("integrating", "begin an integration with a profile that has its guardrails"),
    "keys": ("keeping", "make and trust signing keys"),
    "doctor": ("doctoring", "check what the gate needs on this machine"),
    "demo": ("demonstrating", "see the gate block, fix and release the embedded example"),
}


def main() -> NoReturn:
    """The console script: signals end it in order, its streams are UTF-8, and 0 means that all was written."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays nohup
            signal.signal(number, _end)
    gc.set_threshold(50_000)  # starting up makes many objects and next to no garbage
    written = _open_streams()
    code = run(sys.argv[1:])
    if not (_flushed(sys.stdout) and written) and code == ALLOWED:
        code = _complain("undecided", "standard output can't be written", UNDECIDED)
    _flushed(sys.stderr)
    if "duckdb" not in sys.modules:  # whose library warns of whatever was not collected
        gc.freeze()  # the interpreter's end need not look for garbage in what is given back anyway
    sys.exit(code)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    """End at once. An exception raised wherever a signal happens to come breaks libraries in the middle of their work;
    and whatever the gate writes is there whole or not at all, so that nothing is left to do."""
    writing = sys.modules.get("gate.writing")
    if writing is not None:
        writing.abandon()
    os.write(2, b"gate: interrupted: nothing was decided\n")
    os._exit(INTERRUPTED)


def _open_streams() -> bool:
    """Make both streams usable whatever the caller closed and whatever its locale is; False when output is lost."""
    closed = sys.stdout is None
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 it lives as long as the process
        else:
            getattr(sys, name).reconfigure(encoding="utf-8", errors="backslashreplace")
    return not closed


def _flushed(stream: TextIO) -> bool:
    """Whether all that was printed is written; what can't be is dropped, or Python would try again at its end."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return False
    return True


def run(argv: list[str]) -> int:
    """Run one command and return its exit code; no exception leaves."""
    try:
        _refuse_planted_packages()
        return _dispatch(argv)
    except SystemExit:
        raise  # --help
    except GateError as error:
        return _complain("error", str(error), USAGE)
    except UndecidedError as error:
        return _complain("undecided", str(error), UNDECIDED)
    except KeyboardInterrupt:
        return _complain("interrupted", "nothing was decided", INTERRUPTED)
    except BrokenPipeError:
        return _complain("undecided", "the output was closed before the result was written", UNDECIDED)
    except RecursionError:
        return _complain("undecided", "the input is nested too deeply", UNDECIDED)
    except MemoryError:
        return _complain("undecided", "out of memory", UNDECIDED)
    except OSError as error:
        return _complain("undecided", f"{error.filename or 'system'}: {error.strerror or error}", UNDECIDED)
    except BaseException as error:
        if os.environ.get("GATE_TRACEBACK"):
            raise
        where = _where(error)
        return _complain("undecided", f"internal error: {type(error).__name__}: {error} ({where})", UNDECIDED)


def _dispatch(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help", "help"):
        sys.stdout.write(help_text())
        return ALLOWED if argv else USAGE
    if argv[0] in ("-V", "--version"):
        sys.stdout.write(f"tenantgate {__version__}\n")
        return ALLOWED
    if argv[0] not in COMMANDS:
        from gate.reading import did_you_mean

        raise GateError(f"unknown command {argv[0]!r}{did_you_mean(argv[0], list(COMMANDS))}; see gate --help")
    module = import_module(f"gate.cli.{COMMANDS[argv[0]][0]}")
    return int(getattr(module, argv[0])(argv[1:]))


def help_text() -> str:
    """The top-level help: static, so that it costs no more than starting Python."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {summary}" for name, (_, summary) in COMMANDS.items()]
    return (
        "gate: proves that a multi-tenant SaaS keeps its tenants apart and keeps its operational promises.\n\n"
        "usage: gate COMMAND [options]        gate COMMAND --help for the options\n\n"
        + "\n".join(lines)
        + "\n\nexit codes: 0 allowed, 1 blocked, 2 usage or configuration, 3 could not decide, 130 interrupted\n"
    )


def _complain(word: str, message: str, code: int) -> int:
    from gate.report.escape import line

    with contextlib.suppress(OSError):
        sys.stderr.write(f"gate: {word}: {line(message, 600)}\n")
        sys.stderr.flush()
    return code


def _where(error: BaseException) -> str:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return f"{last.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{last.tb_lineno}" if last else "unknown place"


def _refuse_planted_packages() -> None:
    """`gate`, `lints` and `attestations` must come from one place: a checkout could plant one of them."""
    import importlib.util

    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120 start-up
    for name in ("lints", "attestations"):
        spec = importlib.util.find_spec(name)
        origin = spec.origin if spec else None
        if origin is None or os.path.dirname(os.path.dirname(os.path.abspath(origin))) != home:  # noqa: PTH100, PTH120
            raise GateError(f"the package {name!r} is not the gate's own; run gate from its own environment")
