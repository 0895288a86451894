"""`gate verify`: check a release bundle offline."""

from __future__ import annotations

import json
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from gate import run
from gate.cli import options
from gate.model import GateError

if TYPE_CHECKING:
    from attestations.trust import Trust
    from gate.bundle.checking import Report


def verify(argv: list[str]) -> int:
    """Exit 0 only when everything verified and the signed verdict is PASSED."""
    parser = options.Parser("verify", "Verify a release bundle offline.")
    parser.add_argument("bundle", type=options.path, metavar="DIR")
    parser.add_argument("--trusted-keys", type=options.path, metavar="FILE", help="whose signatures count")
    parser.add_argument("--trusted-root", type=options.path, metavar="FILE", help="Sigstore trusted_root.json")
    parser.add_argument("--artifact", action="append", nargs="+", type=options.path, default=[], metavar="FILE")
    parser.add_argument(
        "--policy-digest", type=options.text, metavar="SHA256", help="the policy that must have applied"
    )
    parser.add_argument("--max-age", type=options.text, metavar="DAYS", help="the oldest verdict that still counts")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    options.add_root(parser)
    options.add_as_of(parser)
    options.add_terminal(parser)
    arguments = parser.parse_args(argv)
    from gate.bundle.checking import check

    now, _ = run.clock(arguments.as_of)
    report = check(
        arguments.bundle,
        _trust(arguments.trusted_keys, arguments.trusted_root, arguments.root.resolve()),
        now=now,
        artifacts=[path for group in arguments.artifact for path in group],
        policy_digest=_digest(arguments.policy_digest),
        max_age=_days(arguments.max_age),
    )
    sys.stdout.write(_json(report) if arguments.json else _text(report, quiet=arguments.quiet))
    return 0 if report.passed else 1


def _trust(keys: Path | None, sigstore_root: Path | None, root: Path) -> Trust:
    from attestations.trust import Trust
    from gate.signing import trust_of, trusted_keys

    for path in (keys, sigstore_root):
        if path is not None and not path.is_file():
            raise GateError(f"{path}: no such file")
    if keys is not None or sigstore_root is not None:
        return Trust(
            keys=trusted_keys(keys.read_bytes(), str(keys)) if keys else None,
            sigstore_root=sigstore_root.read_bytes() if sigstore_root else None,
        )
    if (root / "gate.yaml").is_file():
        return trust_of(run.load_policy(root, None))
    raise GateError("verify: whose signatures count? give --trusted-keys FILE (never the copy inside the bundle)")


def _digest(text: str | None) -> str | None:
    if text is None:
        return None
    digest = text.removeprefix("sha256:")
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise GateError("--policy-digest: not a SHA-256 in lower-case hex")
    return digest


def _days(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text):
        raise GateError("--max-age: a whole number of days")
    return timedelta(days=int(text))


def _text(report: Report, *, quiet: bool) -> str:
    from gate.report.escape import line

    word = "VERIFIED" if report.passed else "AUTHENTIC, BUT NOT PASSED" if report.authentic else "REFUSED"
    what = f"release {line(report.version)}, verdict {line(report.verdict)}, policy {line(report.policy_version)}"
    lines = [f"{word}: {what}, signed by {line(report.signer)}"]
    for check in report.checks:
        if not (quiet and check.held):
            mark = "ok  " if check.held else "FAIL"
            code = f" [{check.code}]" if check.code else ""
            lines.append(f"  {mark} {check.name:<18} {line(check.detail, 300)}{code}")
    return "\n".join(lines) + "\n"


def _json(report: Report) -> str:
    from gate.reading import format_time

    return (
        json.dumps(
            {
                "schemaVersion": "1",
                "authentic": report.authentic,
                "passed": report.passed,
                "verdict": report.verdict,
                "version": report.version,
                "policy": {"version": report.policy_version, "digest": report.policy_digest},
                "signer": report.signer,
                "verified_at": format_time(report.verified_at),
                "checks": [
                    {"name": c.name, "held": c.held, "code": c.code or None, "detail": c.detail} for c in report.checks
                ],
            },
            indent=2,
            sort_keys=True,
        )
        + "\n"
    )
