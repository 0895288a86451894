"""`gate bundle`: make something of a release bundle: one archive, one tenant's slice, a redacted packet."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attestations.trust import ATTESTATIONS
from gate import run
from gate.bundle.checking import Question, check_files
from gate.bundle.deriving import Hand, Original
from gate.cli import options, verifying
from gate.model import GateError, UndecidedError
from gate.report.escape import line

if TYPE_CHECKING:
    from attestations.signers import Signer
    from attestations.trust import Trust
    from gate.bundle.report import Report


def bundle(argv: list[str]) -> int:
    """archive | slice | packet."""
    parser = options.Parser("bundle", "Make something of a release bundle.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=_Sub)
    archive = actions.add_parser("archive", help="pack a bundle's folder into one reproducible tar")
    archive.add_argument("folder", type=options.path, metavar="DIR")
    archive.add_argument("-o", "--out", type=options.path, required=True, metavar="FILE.tar", help="must be new")
    cut = actions.add_parser("slice", help="one tenant's records, and the proof that none is missing")
    cut.add_argument("bundle", type=options.path, metavar="BUNDLE", help="a release bundle that verifies")
    cut.add_argument("--tenant", type=options.text, required=True, metavar="ID")
    cut.add_argument("-o", "--out", type=options.path, required=True, metavar="DIR", help="or FILE.tar; must be new")
    cut.add_argument(
        "--public", action="append", type=options.text, default=[], metavar="ID",
        help="a tenant's name that may appear (the service's own); its records do not",
    )  # fmt: skip
    verifying.add_tenants(cut)
    options.add_signing(cut, required=True)
    verifying.add_question(cut)
    packet = actions.add_parser("packet", help="what of a release outsiders may see, redacted for good")
    packet.add_argument("bundle", type=options.path, metavar="BUNDLE", help="a release bundle that verifies")
    packet.add_argument(
        "--redact", type=options.path, required=True, metavar="FILE", help="what to show, and without what"
    )
    packet.add_argument("-o", "--out", type=options.path, required=True, metavar="DIR", help="or FILE.tar; must be new")
    options.add_signing(packet, required=True)
    verifying.add_question(packet)
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


def _slice(arguments: Any) -> int:
    """Exit 0 when the slice is written; it was verified against the full bundle, and searched, before."""
    from gate.bundle import slicing
    from gate.signing import choose

    new(arguments.out)
    trust, question, _ = verifying.question_of(arguments)
    report, files = verifying.authentic(arguments.bundle, trust, question)
    signer, builder = choose(arguments, trust, ATTESTATIONS)
    more = verifying.tenants_of(arguments)
    asked = slicing.cut(files, arguments.tenant, public=arguments.public, more=more)
    made = slicing.payload(files, asked, keyless=signer.keyid is None)
    hand = _hand(signer, builder, trust)
    whole = slicing.sealed(made, asked, _original(report), hand)
    assure_made(whole, trust, Question(now=hand.now, against=files, tenants=more))
    write(arguments.out, whole)
    _say(arguments.out, whole)
    return 0


def _original(report: Report) -> Original:
    facts = report.facts
    return Original(digest=facts["digest"], policy_version=facts["policy"], policy_digest=facts["policy_digest"])


def _hand(signer: Signer, builder: str, trust: Trust) -> Hand:
    from gate.signing import run_of

    now, _ = run.clock(None)
    return Hand(signer=signer, builder_id=builder, pipeline_id=run_of(signer, os.environ), trust=trust, now=now)


def _say(out: Path, files: Mapping[str, bytes]) -> None:
    import json

    from gate.bundle.slicing import SLICE

    about = json.loads(files[SLICE])
    sys.stdout.write(f"slice of {line(about['tenant'])}: {out}\n")
    for kind, count in about["kinds"].items():
        withheld = ", ".join(f"{n} {reason}" for reason, n in count["withheld"].items() if n)
        sys.stdout.write(
            f"  {kind:<20} {count['whole']} of {count['records']} records, {count['parts']} in part"
            f"{'; withheld: ' + withheld if withheld else ''}\n"
        )
        if batches := count.get("batches"):
            lines, digests = batches["lines"], batches["mentions"]
            sys.stdout.write(f"  {'':<20} {lines} of {batches['records']} lines of batches, {digests} as digests\n")


def _packet(arguments: Any) -> int:
    """Exit 0 when the packet is written; it was searched, and compared with the full bundle, before."""
    import secrets

    from gate.bundle import packing
    from gate.signing import choose

    new(arguments.out)
    if not arguments.redact.is_file():
        raise GateError(f"--redact {arguments.redact}: no such file")
    plan = packing.read_plan(arguments.redact.read_bytes(), str(arguments.redact))
    trust, question, _ = verifying.question_of(arguments)
    report, files = verifying.authentic(arguments.bundle, trust, question)
    signer, builder = choose(arguments, trust, ATTESTATIONS)
    made = packing.payload(files, plan, secrets.token_bytes(32), keyless=signer.keyid is None)
    hand = _hand(signer, builder, trust)
    whole = packing.sealed(made, _original(report), hand)
    assure_made(whole, trust, Question(now=hand.now, against=files))
    write(arguments.out, whole)
    sys.stdout.write(f"packet for {line(plan.audience)}: {arguments.out}\n")
    return 0


def assure_made(files: Mapping[str, bytes], trust: Trust, question: Question) -> None:
    """What is made here must verify, or it is not written."""
    for check in check_files(files, trust, question, target="").checks:
        if not check.held:
            raise UndecidedError(f"what was made would not verify: {check.name}: {check.detail} [{check.code}]")


def write(out: Path, files: Mapping[str, bytes]) -> None:
    """As a folder, or as an archive when the name says so."""
    from gate.bundle import bag
    from gate.writing import write_file, write_folder

    if out.suffix == ".tar":
        write_file(out, bag.pack(files))
    else:
        write_folder(out, files)


def new(path: Path) -> None:
    """Refuse to overwrite."""
    if path.exists() or path.is_symlink():
        raise GateError(f"{path}: already exists; a bundle is never overwritten")


_ACTIONS = {"archive": _archive, "slice": _slice, "packet": _packet}
