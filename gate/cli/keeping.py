"""`gate keys`: make a signing key, and say whom the policy trusts."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.cli import options
from gate.model import GateError
from gate.run import clock
from gate.signing import PASSPHRASE_VARIABLE, trusted_keys
from gate.writing import write_file

if TYPE_CHECKING:
    from attestations.trust import PublicKey

USAGES = ("attestations", "evidence", "policy", "layout")


def keys(argv: list[str]) -> int:
    """new | trust | rotate | retire | list."""
    parser = options.Parser("keys", "Make and trust signing keys (ECDSA P-256, PKCS#8).")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=_Sub)
    new = actions.add_parser("new", help="make a key pair; the private key is encrypted and readable by you alone")
    new.add_argument("file", type=options.path)
    new.add_argument("--no-passphrase", action="store_true", help="for a key that lives in a secret store or a demo")
    trust = actions.add_parser("trust", help="add a public key to a trusted-keys file")
    trust.add_argument("public", type=options.path, help="PEM file of the public key")
    trust.add_argument("--identity", type=options.text, required=True, help="who holds it, e.g. ci@example.com")
    trust.add_argument("--usage", action="append", choices=USAGES, required=True)
    trust.add_argument("--file", type=options.path, required=True, help="the trusted-keys file")
    trust.add_argument("--start", type=options.text, metavar="TIME", help="valid from (default: now)")
    rotate = actions.add_parser(
        "rotate", help="make a new key that is trusted as the old one is, and end the old one's validity"
    )
    rotate.add_argument("keyid", type=options.text, help="the key that goes (see gate keys list)")
    rotate.add_argument("key", type=options.path, metavar="NEW", help="the new private key")
    rotate.add_argument("--file", type=options.path, required=True, help="the trusted-keys file")
    rotate.add_argument(
        "--overlap", type=_days, default=0, metavar="DAYS",
        help="let the old key count so much longer, e.g. until what it signed has left every control's window",
    )  # fmt: skip
    rotate.add_argument("--no-passphrase", action="store_true", help="for a key that lives in a secret store or a demo")
    retire = actions.add_parser("retire", help="end a key's validity; it stays listed for what it signed before")
    retire.add_argument("keyid", type=options.text)
    retire.add_argument("--file", type=options.path, required=True)
    listing = actions.add_parser("list", help="show a trusted-keys file")
    listing.add_argument("--file", type=options.path, required=True)
    arguments = parser.parse_args(argv)
    return int(globals()[f"_{arguments.action}"](arguments))


class _Sub(options.Parser):
    """A subcommand's parser with the same error contract."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(rest["prog"].removeprefix("gate "), "")


def _days(value: str) -> int:
    if not (value.isascii() and value.isdigit() and int(value) <= 3650):
        raise argparse.ArgumentTypeError(f"{value[:20]!r} is no number of days up to 3650")
    return int(value)


def _new(arguments: Any) -> int:
    public, target = _made(arguments.file, arguments)
    sys.stdout.write(f"{public.keyid}\nprivate key {arguments.file}, public key {target}\n")
    return 0


def _made(file: Path, arguments: Any) -> tuple[PublicKey, Path]:
    from attestations.signers import SignerError
    from attestations.signers.key import new_key

    passphrase = None if arguments.no_passphrase else _passphrase(arguments.action)
    try:
        public = new_key(file, passphrase)
    except SignerError as error:
        raise GateError(str(error)) from None
    target = Path(f"{file}.pub")
    write_file(target, public.pem)
    return public, target


def _rotate(arguments: Any) -> int:
    """The new key has the old one's holder and usages from now on; the old one ends, now or later, and stays listed."""
    from dataclasses import replace

    from attestations.trust import TrustedKeys
    from gate.reading import format_time

    present = _read(arguments.file)
    now, _ = clock(None)
    found = present.find(arguments.keyid)
    current = [key for key in found if key.end is None or now < key.end]
    if not current:
        said = "is retired already" if found else "is no key of that file; see gate keys list"
        raise GateError(f"keys rotate: {arguments.keyid[:80]} {said}")
    public, target = _made(arguments.key, arguments)
    start = max(now, *(key.start for key in current))
    end = start + timedelta(days=arguments.overlap)
    changed = present.retire(arguments.keyid, end)
    merged = TrustedKeys((*changed.keys, *(replace(key, public=public, start=start, end=None) for key in current)))
    write_file(arguments.file, merged.dump())
    sys.stdout.write(
        f"{public.keyid}\nprivate key {arguments.key}, public key {target}; trusted as {current[0].identity}\n"
        f"{arguments.keyid} ends at {format_time(end)}; from then on what it signed counts only with a trusted "
        "timestamp\n"
    )
    return 0


def _passphrase(action: str) -> bytes:
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given:
        return given.encode()
    if not sys.stdin.isatty():
        raise GateError(f"keys {action}: set {PASSPHRASE_VARIABLE}, or say --no-passphrase")
    first = getpass.getpass("passphrase for the new key: ")
    if not first or first != getpass.getpass("again: "):
        raise GateError(f"keys {action}: the passphrases are empty or differ")
    return first.encode()


def _trust(arguments: Any) -> int:
    from attestations import trust
    from attestations.refusal import Refused
    from attestations.trust import PublicKey, TrustedKey, TrustedKeys
    from gate.reading import parse_time

    try:
        start = parse_time(arguments.start) if arguments.start else clock(None)[0]
    except ValueError as error:
        raise GateError(f"--start: {error}") from None
    if not arguments.public.is_file():
        raise GateError(f"{arguments.public}: no such file")
    try:
        public = PublicKey.from_pem(arguments.public.read_bytes())
        new = tuple(
            TrustedKey(public=public, identity=arguments.identity, usage=trust.USAGES[u], start=start)
            for u in sorted(set(arguments.usage))
        )
        present = trusted_keys(arguments.file.read_bytes(), str(arguments.file)) if arguments.file.exists() else None
        merged = TrustedKeys((*(present.keys if present else ()), *new))
    except Refused as refused:
        raise GateError(f"keys trust: {refused}") from None
    write_file(arguments.file, merged.dump())
    sys.stdout.write(
        f"{public.keyid} is trusted as {arguments.identity} for {', '.join(sorted(set(arguments.usage)))}\n"
    )
    return 0


def _retire(arguments: Any) -> int:
    from attestations.refusal import Refused

    present = _read(arguments.file)
    try:
        now, _ = clock(None)
        latest = max((key.start for key in present.find(arguments.keyid)), default=now)
        changed = present.retire(arguments.keyid, max(now, latest))
    except Refused as refused:
        raise GateError(f"keys retire: {refused}") from None
    write_file(arguments.file, changed.dump())
    sys.stdout.write(f"{arguments.keyid} is retired as of now; what it signed before needs a trusted timestamp\n")
    return 0


def _list(arguments: Any) -> int:
    from gate.reading import format_time
    from gate.report.escape import line

    for key in _read(arguments.file).keys:
        end = f" until {format_time(key.end)}" if key.end else ""
        sys.stdout.write(f"{key.public.keyid}  {line(key.identity)}  {key.usage}  from {format_time(key.start)}{end}\n")
    return 0


def _read(path: Path) -> Any:
    if not path.is_file():
        raise GateError(f"{path}: no such file")
    return trusted_keys(path.read_bytes(), str(path))
