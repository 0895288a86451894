"""`gate verify`: check bundles, archives and single attestations, offline."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gate import run
from gate.cli import options
from gate.model import Artifact, GateError

if TYPE_CHECKING:
    from attestations.trust import Trust
    from gate.bundle.checking import Question
    from gate.bundle.report import Report, Setting

MAX_ATTESTATION = 64 << 20


def verify(argv: list[str]) -> int:
    """Exit 0 only when every target verified and none says that something failed."""
    parser = options.Parser("verify", "Verify release bundles, archives of them, and single attestations, offline.")
    parser.add_argument(
        "targets", nargs="+", type=options.path, metavar="PATH",
        help="a bundle's folder or .tar, a file of signed statements (Sigstore bundle, DSSE, JSONL), or a batch of "
        "records (FILE.jsonl, or .gz, with FILE.jsonl.sigstore.json beside it)",
    )  # fmt: skip
    add_question(parser)
    parser.add_argument(
        "--type", type=options.text, metavar="TYPE",
        help="what it must be: provenance, sbom, vsa, test-result, svr, policy, a kind of evidence, or a URI",
    )  # fmt: skip
    parser.add_argument(
        "--against", type=options.path, metavar="BUNDLE",
        help="the release bundle that a slice or packet was made from: that nothing of the tenant is missing",
    )  # fmt: skip
    add_tenants(parser)
    parser.add_argument("--json", action="store_true", help="machine-readable")
    options.add_terminal(parser)
    arguments = parser.parse_args(argv)
    from gate.bundle import report as reporting

    trust, question, setting = question_of(arguments)
    if arguments.against is not None:
        _, full = authentic(arguments.against, trust, replace(question, artifacts=(), predicate_type=None))
        question = replace(question, against=full, tenants=tenants_of(arguments))
    reports = [report for target in arguments.targets for report in _reports(target, trust, question)]
    if arguments.json:
        sys.stdout.write(json.dumps(reporting.document(reports, setting), indent=2, sort_keys=True) + "\n")
    else:
        sys.stdout.write(reporting.text(reports, setting, quiet=arguments.quiet))
    sys.stdout.flush()
    return 0 if reports and all(report.passed for report in reports) else 1


def _reports(target: Path, trust: Trust, question: Question) -> Iterator[Report]:
    from attestations.batches import STATEMENT_SUFFIX
    from gate.bundle import archive
    from gate.bundle.checking import check
    from gate.collect import batches

    if target.is_dir():
        yield check(target, trust, question)
        return
    from gate.bundle.single import check_attestations, check_batch

    if not target.is_file():
        raise GateError(f"{target}: no such file or folder")
    beside = target.with_name(f"{target.name}{STATEMENT_SUFFIX}")
    if batches.ending(target.name) and beside.is_file():
        target = beside
    if lines := batches.subject_of(target.name):
        with target.open("rb") as file:
            data = file.read(MAX_ATTESTATION + 1)
        yield check_batch(data, str(target), target.with_name(lines), trust, question)
        return
    with target.open("rb") as file:
        start = file.read(512)
        if archive.looks_like_tar(start) or target.suffix == ".tar":
            yield check(target, trust, question)
            return
        data = start + file.read(MAX_ATTESTATION + 1)
    yield from check_attestations(data, str(target), trust, question)


def authentic(path: Path, trust: Trust, question: Question) -> tuple[Report, Mapping[str, bytes]]:
    """A release bundle that verifies, with its files. Raises GateError for any other, naming the first reason."""
    from gate.bundle.checking import read_and_check

    report, files = read_and_check(path, trust, question)
    for check in report.checks:
        if not check.held:
            raise GateError(f"{path}: does not verify: {check.name}: {check.detail} [{check.code}]")
    if report.kind != "release-bundle":
        raise GateError(f"{path}: a {report.kind}; give a whole release bundle")
    return report, files


def add_tenants(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tenants", type=options.path, metavar="FILE", help="all tenants there are (one a line, or JSON), known or not"
    )


def tenants_of(arguments: Any) -> frozenset[str]:
    """The tenants that `--tenants` lists."""
    from gate.bundle.tenants import read_names

    if arguments.tenants is None:
        return frozenset()
    if not arguments.tenants.is_file():
        raise GateError(f"--tenants {arguments.tenants}: no such file")
    return read_names(arguments.tenants.read_bytes(), str(arguments.tenants))


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Whose signatures count."""
    parser.add_argument("--trusted-keys", type=options.path, metavar="FILE", help="whose signatures count")
    parser.add_argument("--trusted-root", type=options.path, metavar="FILE", help="Sigstore trusted_root.json")
    parser.add_argument("--identity", type=options.text, help="who must have signed, exactly")
    parser.add_argument(
        "--identity-regexp", type=options.text, metavar="PATTERN", help="or by a pattern for all of it, from ^ to $"
    )
    parser.add_argument("--issuer", type=options.text, metavar="URL", help="who must vouch for that identity, exactly")


def add_question(parser: argparse.ArgumentParser) -> None:
    """What `verify` and its relatives want to know: whom to trust, and what must hold."""
    add_trust(parser)
    parser.add_argument(
        "--artifact", action="append", nargs="+", type=options.text, default=[], metavar="FILE",
        help="a file (or sha256:…) that it must be about",
    )  # fmt: skip
    parser.add_argument(
        "--policy",
        "--policy-digest",
        dest="policy_digest",
        type=options.text,
        metavar="SHA256",
        help="the digest of the policy that must have applied",
    )
    parser.add_argument("--max-age", type=options.text, metavar="DAYS", help="the oldest statement that still counts")
    parser.add_argument(
        "--ledger-key", action="append", type=options.text, default=[], metavar="KEY",
        help="a verifier key of the ledger (default: those of the sealed policy)",
    )  # fmt: skip
    options.add_root(parser)
    parser.add_argument("--as-of", type=options.text, metavar="TIME", help="judge keys and ages as of this time")


def question_of(arguments: Any) -> tuple[Trust, Question, Setting]:
    """The trust, the question and what to say of both. Raises GateError."""
    from hashlib import sha256

    from attestations.refusal import Refused
    from gate.bundle.checking import Question
    from gate.bundle.report import Setting

    now, overridden = run.clock(arguments.as_of)
    trust = _trust(arguments)
    wanted = getattr(arguments, "type", None)
    wanted_type = None
    if wanted is not None:
        from gate.bundle.single import predicate_type

        try:
            wanted_type = predicate_type(wanted)
        except Refused as refused:
            raise GateError(f"--type: {refused.message}") from None
    question = Question(
        now=now,
        artifacts=tuple(_artifact(text) for group in arguments.artifact for text in group),
        predicate_type=wanted_type,
        policy_digest=_digest(arguments.policy_digest, "--policy"),
        identity=_identity(arguments),
        issuer=arguments.issuer,
        max_age=_days(arguments.max_age),
        ledger_keys=tuple(arguments.ledger_key),
    )
    setting = Setting(
        now=now,
        overridden=overridden,
        trusted_keys=sha256(trust.keys.dump()).hexdigest() if trust.keys else None,
        trusted_root=sha256(trust.sigstore_root).hexdigest() if trust.sigstore_root else None,
    )
    return trust, question, setting


def _trust(arguments: Any) -> Trust:
    """`--trusted-keys` and `--trusted-root`, or else what the checkout's policy trusts; never the bundle's own copy."""
    from attestations.trust import Identity, Trust
    from gate.signing import trust_of, trusted_keys

    keys, root = arguments.trusted_keys, arguments.trusted_root
    for path in (keys, root):
        if path is not None and not path.is_file():
            raise GateError(f"{path}: no such file")
    who = _identity(arguments)
    named = bool(who and arguments.issuer)
    if root is not None and not named and (keys is None or arguments.issuer):
        raise GateError("--trusted-root: say whose certificates count: --identity (or --identity-regexp) and --issuer")
    if keys is not None or root is not None:
        return Trust(
            keys=trusted_keys(keys.read_bytes(), str(keys)) if keys else None,
            sigstore_root=root.read_bytes() if root else None,
            # Beside keys, a root without a name vouches for times alone.
            identities=(Identity(who, arguments.issuer),) if root and who and named else (),
        )
    if (arguments.root / "gate.yaml").is_file():
        return trust_of(run.load_policy(arguments.root.resolve(), None))
    raise GateError("verify: whose signatures count? give --trusted-keys FILE (never the copy inside the bundle)")


def _identity(arguments: Any) -> str | re.Pattern[str] | None:
    from attestations.trust import anchored

    exact, pattern = arguments.identity, arguments.identity_regexp
    if exact and pattern:
        raise GateError("--identity and --identity-regexp: give one of them")
    if pattern is None:
        return cast("str | None", exact)
    try:
        return anchored(pattern)
    except ValueError as error:
        raise GateError(f"--identity-regexp: {error}") from None


def _artifact(text: str) -> Artifact:
    if text.startswith("sha256:"):
        return Artifact(name=text, sha256=_digest(text, "--artifact") or "")
    return run.artifacts([Path(text)])[0]


def _digest(text: str | None, flag: str) -> str | None:
    if text is None:
        return None
    digest = text.removeprefix("sha256:")
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise GateError(f"{flag}: not a SHA-256 in lower-case hex")
    return digest


def _days(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text):
        raise GateError("--max-age: a whole number of days")
    return timedelta(days=int(text))
