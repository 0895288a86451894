"""`gate bundle`: make something of a release bundle: one archive, one tenant's slice, a redacted packet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from gate.cli import options
from gate.model import GateError


def bundle(argv: list[str]) -> int:
    """archive."""
    parser = options.Parser("bundle", "Make something of a release bundle.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=_Sub)
    archive = actions.add_parser("archive", help="pack a bundle's folder into one reproducible tar")
    archive.add_argument("folder", type=options.path, metavar="DIR")
    archive.add_argument("-o", "--out", type=options.path, required=True, metavar="FILE.tar", help="must be new")
    arguments = parser.parse_args(argv)
    return int(_ACTIONS[arguments.action](arguments))


class _Sub(options.Parser):
    """A subcommand's parser with the same error contract."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(rest["prog"].removeprefix("gate "), "")


def _archive(arguments: Any) -> int:
    """Each file is read once; a folder that does not agree with its own manifests is not packed."""
    from gate.bundle import bag
    from gate.bundle.refusal import BundleError
    from gate.writing import write_file

    if not arguments.folder.is_dir():
        raise GateError(f"{arguments.folder}: no such folder; give the folder of a bundle")
    new(arguments.out)
    try:
        write_file(arguments.out, bag.pack_folder(arguments.folder))
    except BundleError as error:
        raise GateError(f"{arguments.folder}: {error.message} [{error.code}]") from None
    sys.stdout.write(f"packed {arguments.out}\n")
    return 0


def new(path: Path) -> None:
    """Refuse to overwrite."""
    if path.exists() or path.is_symlink():
        raise GateError(f"{path}: already exists; a bundle is never overwritten")


_ACTIONS = {"archive": _archive}
