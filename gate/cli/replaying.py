"""`gate replay`: verify a release bundle, then decide again from what lies in it."""

from __future__ import annotations

import sys

from gate.cli import options, verifying
from gate.model import GateError


def replay(argv: list[str]) -> int:
    """Exit 0 when the bundle is authentic and its decision follows from its evidence, byte for byte; else 1."""
    parser = options.Parser("replay", "Decide again from a release bundle; the decision must come out the same.")
    parser.add_argument("bundle", type=options.path, metavar="BUNDLE", help="the bundle's folder or .tar")
    verifying.add_question(parser)
    options.add_terminal(parser)
    arguments = parser.parse_args(argv)
    from gate.bundle import DECISION, replaying, report
    from gate.bundle.checking import read_and_check
    from gate.report.escape import line

    trust, question, setting = verifying.question_of(arguments)
    found, files = read_and_check(arguments.bundle, trust, question)
    if not found.authentic:
        sys.stdout.write(report.text([found], setting, quiet=True))
        return 1
    if found.kind != "release-bundle":
        raise GateError(f"{arguments.bundle}: a {found.kind}; only a whole release bundle can be replayed")
    differences = replaying.replay(files)
    for difference in differences:
        sys.stdout.write(f"DIFFERENT: {line(difference, 400)}\n")
    if not differences:
        version, digest = found.facts["version"], found.facts["policy_digest"]
        sys.stdout.write(
            f"REPLAYED: the decision on release {line(version)} came out the same, byte for byte ({DECISION}): "
            f"verdict {found.verdict}, policy sha256:{digest}\n"
        )
    return 1 if differences else 0
