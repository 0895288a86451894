"""argv → calls. This module knows the commands and the exit codes; each command group is a module of its own.

Exit codes, the same for every command and output format: 0 allowed, 1 blocked, 2 usage or configuration, 3 could not
decide (which blocks too), 130 interrupted. Anything unforeseen is 3: nothing but a decision may end in 0.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import NoReturn

from gate import __version__
from gate.model import GateError, UndecidedError

ALLOWED, BLOCKED, USAGE, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130

# name: (module, one line). The one list of commands; the help, the README and the completion are made from it.
COMMANDS = {
    "check": ("judging", "judge the checkout as a pull request does"),
    "release": ("releasing", "judge a release, sign the verdict and write its bundle"),
    "ga": ("judging", "run the Golden Path and the self-checks, and judge GA readiness"),
    "verify": ("verifying", "verify a release bundle, an archive of it or single attestations, offline"),
    "replay": ("replaying", "decide again from a release bundle; the decision must come out the same"),
    "ledger": ("ledgering", "keep verdicts in an append-only log: make, append, prove, verify, checkpoint, audit"),
    "policy": ("policing", "what a change of policy means; sign a policy"),
    "bundle": ("bundling", "make an archive, a tenant's slice or a redacted packet of a release bundle"),
    "status": ("judging", "what runs out when"),
    "prove": ("proving", "prove SQL statements against a schema"),
    "tenancy": ("classifying", "which tables belong to a tenant, and where that was read"),
    "explain": ("reading", "why a control exists, and how to fix what it finds"),
    "controls": ("reading", "list the controls, or try their examples"),
    "schema": ("reading", "print the JSON Schema of a file format or kind of evidence"),
    "drill": ("drilling", "run a DR drill playbook, or record a drill that ran elsewhere"),
    "purge": ("purging", "run a purge and record its manifest"),
    "keys": ("keeping", "make and trust signing keys"),
    "doctor": ("doctoring", "check what the gate needs on this machine"),
    "demo": ("demonstrating", "see the gate block, fix and release the embedded example"),
}


def main() -> NoReturn:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def run(argv: list[str]) -> int:
    """Run one command and return its exit code; no exception leaves."""
    try:
        _refuse_planted_packages()
        return _dispatch(argv)
    except GateError as error:
        return _complain("error", str(error), USAGE)
    except UndecidedError as error:
        return _complain("undecided", str(error), UNDECIDED)
    except KeyboardInterrupt:
        return _complain("interrupted", "nothing was decided", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _complain("undecided", "the output was closed before the result was written", UNDECIDED)
    except RecursionError:
        return _complain("undecided", "the input is nested too deeply", UNDECIDED)
    except MemoryError:
        return _complain("undecided", "out of memory", UNDECIDED)
    except OSError as error:
        return _complain("undecided", f"{error.filename or 'system'}: {error.strerror or error}", UNDECIDED)
    except Exception as error:
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

    sys.stderr.write(f"gate: {word}: {line(message, 600)}\n")
    return code


def _where(error: Exception) -> str:
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
