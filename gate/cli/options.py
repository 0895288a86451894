"""Options that several commands share, and what becomes of them."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from gate.model import Decision, GateError

if TYPE_CHECKING:
    from gate.panels import Drawn


class Parser(argparse.ArgumentParser):
    """argparse that raises GateError, so that a wrong flag ends like any other usage error."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(prog=f"gate {command}", description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        raise GateError(f"{self.prog.removeprefix('gate ')}: {message}; see {self.prog} --help")


def text(value: str) -> str:
    """A flag's value that must not be empty: an unset shell variable is not an answer."""
    if not value.strip():
        raise argparse.ArgumentTypeError("the value is empty")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"the value {ascii(value)[:60]} is not UTF-8") from None
    return value


def path(value: str) -> Path:
    if not text(value).isprintable():
        raise argparse.ArgumentTypeError(f"the path {ascii(value)[:60]} is not printable")
    return Path(value)


def add_root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-C", "--root", type=path, default=Path(), metavar="PATH", help="the checkout (default: here)")


def add_as_of(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--as-of", type=text, metavar="TIME", help="judge as of this RFC 3339 time; the result is never releasable"
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", action="append", type=text, default=[], metavar="FORMAT[=FILE]",
        help="text (default), json, sarif, sarif-github, junit, gitlab-codequality, github, markdown, html; repeatable",
    )  # fmt: skip
    add_terminal(parser)


def add_panels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--panels", action="store_true", help="show the panels in the text report too")
    parser.add_argument(
        "--panels-json", type=_report_file, metavar="FILE", help="write the panels as JSON (gate schema panels)"
    )


def add_signing(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """How to sign; see `gate.signing.choose`."""
    how = parser.add_mutually_exclusive_group(required=required)
    how.add_argument("--key", type=path, metavar="FILE", help="sign with this key (see gate keys)")
    how.add_argument("--keyless", action="store_true", help="sign as the CI's own OIDC identity (Sigstore)")
    parser.add_argument(
        "--trust-config", type=path, metavar="FILE", help="a private Sigstore instance's ClientTrustConfig"
    )


def add_terminal(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-q", "--quiet", action="store_true", help="only the verdict and what blocks")
    parser.add_argument("-v", "--verbose", action="store_true", help="every control, clock and piece of evidence")
    parser.add_argument("--color", choices=["auto", "always", "never"], default="auto")


@dataclass(frozen=True, slots=True)
class Output:
    """Where one report goes; `file` None is stdout."""

    format: str
    file: Path | None


def outputs(specs: Sequence[str]) -> tuple[Output, ...]:
    """Parse `--output`. Text goes to stdout unless another format does. Raises GateError before any work is done."""
    from gate.report import REPORTS

    found: list[Output] = []
    for spec in specs:
        name, separator, file = spec.partition("=")
        if name not in REPORTS:
            from gate.reading import did_you_mean

            hint = did_you_mean(name, list(REPORTS)) or f"; formats: {', '.join(REPORTS)}"
            raise GateError(f"--output: unknown format {name!r}{hint}")
        if separator and not file:
            raise GateError(f"--output {spec}: the file name is empty")
        if file and not Path(file).parent.is_dir():
            raise GateError(f"--output {spec}: the folder {str(Path(file).parent)!r} does not exist")
        if file and (Path(file).is_symlink() or (Path(file).exists() and not _replaceable(Path(file)))):
            raise GateError(f"--output {spec}: not a regular file; for standard output leave the file name out")
        if file and any(o.file is not None and o.file.resolve() == Path(file).resolve() for o in found):
            raise GateError(f"--output {spec}: another format goes to this file")
        found.append(Output(name, Path(file) if file else None))
    if sum(o.file is None for o in found) > 1:
        raise GateError("--output: only one format can go to stdout; give the others a file (FORMAT=FILE)")
    if all(o.file is not None for o in found):
        found.append(Output("text", None))
    return tuple(found)


def _report_file(value: str) -> Path:
    """Where a report goes: a new file, or one that may be replaced."""
    found = path(value)
    if not found.parent.is_dir():
        raise argparse.ArgumentTypeError(f"the folder {str(found.parent)!r} does not exist")
    if found.is_symlink() or (found.exists() and not found.is_file()):
        raise argparse.ArgumentTypeError(f"{value} is not a regular file")
    return found


def _replaceable(path: Path) -> bool:
    """A report replaces its file by another; doing that to a device (/dev/stdout) would break it for everybody."""
    return path.is_file() or path.is_dir()


def deliver(decision: Decision, wanted: Sequence[Output], arguments: Any, panels: Sequence[Drawn] = ()) -> None:
    """Write every report; files first, so that stdout never promises what is not there."""
    from gate.report import REPORTS
    from gate.report.text import Style, Verbosity, render
    from gate.writing import write_file

    for output in wanted:
        if output.file is not None:
            write_file(output.file, REPORTS[output.format](decision, panels).encode("utf-8"))
    if getattr(arguments, "panels_json", None) is not None:
        from gate.report.panels import document

        write_file(arguments.panels_json, document(decision, panels).encode("utf-8"))
    for output in wanted:
        if output.file is None and output.format == "text":
            verbosity = (
                Verbosity.VERBOSE if arguments.verbose else Verbosity.QUIET if arguments.quiet else Verbosity.NORMAL
            )
            style = Style(
                colour=colour(arguments.color, sys.stdout), width=width(), verbosity=verbosity,
                everything=getattr(arguments, "all", False),
            )  # fmt: skip
            shown = panels if getattr(arguments, "panels", False) else ()
            sys.stdout.write(render(decision, shown, style=style))
        elif output.file is None:
            sys.stdout.write(REPORTS[output.format](decision, panels))
    sys.stdout.flush()


def colour(choice: str, stream: Any) -> bool:
    """`--color`, then NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE, then whether a person is looking (GitHub's log too)."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE", "0") != "0":
        return True
    if os.environ.get("TERM") == "dumb":
        return False
    return bool(stream.isatty()) or os.environ.get("GITHUB_ACTIONS") == "true"


def width() -> int:
    import shutil

    return max(60, min(120, shutil.get_terminal_size((100, 24)).columns))


def progress(arguments: Any) -> Callable[[str], None]:
    """Says on stderr what the gate is doing: to a person at a terminal, or when asked with -v."""
    if arguments.quiet or not (arguments.verbose or sys.stderr.isatty()):
        return lambda _: None
    from gate.report.escape import line

    def say(message: str) -> None:
        with contextlib.suppress(OSError):  # what is decided does not depend on who watches
            sys.stderr.write(f"gate: {line(message, 200)}\n")
            sys.stderr.flush()

    return say
