"""`gate release`: make the SBOM and provenance, judge, sign the verdict and write the bundle: one act or none."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate import __version__, ledger, run
from gate.cli import options
from gate.collect import Context
from gate.model import GateError, Policy, Row, Stage, Subject, UndecidedError
from gate.policy_signing import read_signature
from gate.signing import choose, run_of, trust_of
from gate.tree import WorkTree, head

if TYPE_CHECKING:
    from attestations.ledger import Ledger
    from attestations.sbom import Inventory
    from attestations.statements import Binding
    from attestations.statements import Subject as StatementSubject

BUILD_TYPE = "https://tenantgate.dev/buildtypes/release/v1"
MAX_JOURNAL = 16 << 20


def release(argv: list[str]) -> int:
    """Judge a release. The bundle is written whatever the verdict, so that a blocked release is on record too."""
    parser = options.Parser("release", "Judge a release, sign the verdict and write its bundle.")
    parser.add_argument("path", nargs="?", type=options.path, help="the checkout (same as -C)")
    options.add_root(parser)
    parser.add_argument("--version", type=options.text, required=True, metavar="V", help="the release's version")
    parser.add_argument(
        "--artifact",
        action="append",
        nargs="+",
        type=options.path,
        required=True,
        metavar="FILE",
        help="a released file",
    )
    parser.add_argument("--out", type=options.path, metavar="DIR", help="the bundle's folder; must be new")
    parser.add_argument(
        "--archive", type=options.path, metavar="FILE.tar", help="the bundle as one archive; must be new"
    )
    options.add_signing(parser, required=True)
    parser.add_argument("--evidence", action="append", type=options.path, default=[], metavar="DIR")
    parser.add_argument(
        "--attestation", action="append", type=options.path, default=[], metavar="FILE",
        help="a bundle made elsewhere (an SBOM or provenance of the build); it must verify",
    )  # fmt: skip
    parser.add_argument(
        "--checkpoint-key", type=options.path, metavar="FILE", help="the key of the ledger that gate.yaml names"
    )
    parser.add_argument(
        "--trusted-checkpoint", type=options.path, metavar="FILE", help="a checkpoint that the ledger must extend"
    )
    parser.add_argument(
        "--environment", type=options.path, metavar="PYTHON", help="take the SBOM from this installed environment"
    )
    options.add_as_of(parser)
    options.add_panels(parser)
    options.add_output(parser)
    arguments = parser.parse_args(argv)
    wanted = options.outputs(arguments.output)
    _check_arguments(arguments)
    judged = _release(arguments)
    options.deliver(judged.decision, wanted, arguments, judged.panels)
    return judged.decision.exit_code


def _check_arguments(arguments: Any) -> None:
    if arguments.out is None and arguments.archive is None:
        raise GateError("release: say where the bundle goes: --out DIR, --archive FILE.tar, or both")
    for flag, path in (("--out", arguments.out), ("--archive", arguments.archive)):
        if path is not None and (path.exists() or path.is_symlink()):
            raise GateError(f"{flag} {path}: already exists; a bundle is never overwritten")
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._+~-]{0,127}", arguments.version):
        raise GateError("--version: letters, digits and ._+~- only, at most 128, such as 1.4.0-rc.1")


def _release(arguments: Any) -> run.Judgement:
    from attestations.refusal import Refused
    from attestations.sbom import SbomError
    from attestations.signers import SignerError

    root = (arguments.path or arguments.root).resolve()
    policy = run.load_policy(root, None)
    try:
        with _recorder(arguments, policy, root) as recorder:
            return _judge_and_sign(arguments, root, policy, recorder)
    except SbomError as error:
        raise GateError(f"SBOM: {error}") from None
    except (Refused, SignerError) as error:
        raise UndecidedError(f"signing: {error}") from None


def _recorder(arguments: Any, policy: Policy, root: Path) -> AbstractContextManager[Ledger | None]:
    """The ledger that the policy names, open to append; opened first, so that nothing is judged in vain."""
    place = ledger.named_by(policy, root)
    if place is None:
        if arguments.checkpoint_key is not None:
            raise GateError("--checkpoint-key: gate.yaml names no ledger")
        return nullcontext()
    if arguments.checkpoint_key is None:
        raise GateError(f"release: gate.yaml records verdicts in the ledger {place.origin}; give --checkpoint-key FILE")
    trusted = arguments.trusted_checkpoint
    if trusted is not None and not trusted.is_file():
        raise GateError(f"--trusted-checkpoint {trusted}: no such file")
    return ledger.writable(place, arguments.checkpoint_key, trusted.read_text("utf-8") if trusted else None)


def _judge_and_sign(arguments: Any, root: Path, policy: Policy, recorder: Ledger | None) -> run.Judgement:
    from attestations.signers import sign_verified
    from attestations.statements import Binding
    from attestations.statements import Subject as StatementSubject
    from attestations.trust import ATTESTATIONS
    from gate.bundle import bag, making
    from gate.bundle.assurance import assure
    from gate.writing import write_file, write_folder

    say = options.progress(arguments)
    as_of, overridden = run.clock(arguments.as_of)
    now, _ = run.clock(None)
    tree = WorkTree(root, stamped=False)  # what is signed of a file was read
    trust = trust_of(policy)
    signer, builder_id = choose(arguments, trust, ATTESTATIONS)
    given = _given(arguments.attestation)
    artifacts = run.artifacts(path for group in arguments.artifact for path in group)
    subject = Subject(
        project=policy.config["project"], commit=head(root), version=arguments.version, artifacts=artifacts
    )
    pipeline = run_of(signer, os.environ)
    binding = Binding(
        policy_version=policy.version,
        policy_digest=policy.digest,
        pipeline_id=pipeline,
        signer_identity=signer.identity,
    )
    subjects = [StatementSubject(name=a.name, sha256=a.sha256) for a in artifacts]

    say("building the SBOM and the provenance")
    inventory = _inventory(tree, policy, arguments.environment)
    sbom = _sbom(inventory, subject, binding, now)
    signed = {
        "sbom": sign_verified(signer, _sbom_statement(subjects, sbom), trust, usage=ATTESTATIONS, now=now),
        "provenance": sign_verified(
            signer, _provenance(subject, subjects, binding, now, builder_id), trust, usage=ATTESTATIONS, now=now
        ),
    }
    context = Context(
        tree=tree,
        root=root,
        policy=policy,
        as_of=as_of,
        now=now,
        trust=trust,
        subject=subject,
        stores=run.stores(root, arguments.evidence),
        attestations=(
            *((f"{name}.sigstore.json", data) for name, data in signed.items()),
            *given,
        ),
        sboms=_sbom_rows(inventory, subject),
    )
    judged = run.judge_and_draw(context, Stage.RELEASE, as_of_overridden=overridden, pipeline_id=pipeline, progress=say)
    decision = judged.decision

    say("signing the verdict")
    verdict = making.verdict_statements(decision, subjects, binding, signed, builder_id, rehearsed_at=now)
    attestations = dict(signed)
    if policy.signer is not None:
        attestations["policy"] = read_signature(policy, tree) or b""
    for name, statement in verdict.items():
        attestations[name] = sign_verified(signer, statement, trust, usage=ATTESTATIONS, now=now)
    saasbom = making.saasbom_of(decision, binding, rehearsed_at=now)
    if saasbom is not None:
        statement = _sbom_statement(subjects, saasbom)
        attestations["saasbom"] = sign_verified(signer, statement, trust, usage=ATTESTATIONS, now=now)
    recorded: Mapping[str, bytes] = {}
    if recorder is not None:
        say(f"recording the verdict in the ledger {recorder.origin}")
        entries = ledger.verdict_entries(decision, verdict["verdict"], now)
        recorded = ledger.files_of(entries, recorder.append(entries))
    material = making.Material(
        attestations=attestations,
        ledger=recorded,
        sbom=sbom,
        saasbom=saasbom,
        given=[data for _, data in given],
        attached=making.attached(decision.evidence, list(_journals(context.stores))),
    )
    payload = making.payload(decision, policy, material, trust, panels=judged.panels, keyless=signer.keyid is None)
    files = making.sealed(payload, decision, signer, binding, trust, now)
    say("verifying the bundle and repeating its decision")
    assure(files, trust, now)
    if arguments.archive is not None:
        write_file(arguments.archive, bag.pack(files))
    if arguments.out is not None:
        write_folder(arguments.out, files)
    say(f"wrote {' and '.join(str(path) for path in (arguments.archive, arguments.out) if path is not None)}")
    return judged


def _inventory(tree: WorkTree, policy: Policy, environment: Path | None) -> Inventory:
    """What the release is made of: the manifests of the tree without what the policy excludes, or an environment."""
    from attestations.sbom import is_manifest, read_environment, read_sources
    from gate.tree import select

    if environment is not None:
        return read_environment(environment)
    excluded = set(select(tree.paths(), [item["path"] for item in policy.config.get("source", {}).get("exclude", ())]))
    wanted = [p for p in tree.paths() if p not in excluded and (is_manifest(p) or p.endswith((".txt", ".in", ".whl")))]
    return read_sources({path: tree.read(path) for path in wanted})


def _sbom(inventory: Inventory, subject: Subject, binding: Binding, now: datetime) -> bytes:
    from attestations.sbom import build, validate

    data = build(
        inventory,
        name=subject.project,
        version=str(subject.version),
        binding=binding.to_json(),
        timestamp=now,
        tools=[("tenantgate", __version__)],
        sha256=subject.artifacts[0].sha256 if len(subject.artifacts) == 1 else None,
    )
    validate(data)
    return data


def _sbom_statement(subjects: list[StatementSubject], sbom: bytes) -> bytes:
    from attestations import strict_json
    from attestations.statements import CYCLONEDX, statement

    document: Mapping[str, Any] = strict_json.loads(sbom)
    return statement(subjects, CYCLONEDX, document)


def _provenance(
    subject: Subject, subjects: list[StatementSubject], binding: Binding, now: datetime, builder_id: str
) -> bytes:
    from attestations.predicates import ResourceDescriptor, provenance

    dependencies = []
    if subject.commit is not None:
        dependencies.append(
            ResourceDescriptor(
                name="source", uri=f"git+file:///{subject.project}", digest={"gitCommit": subject.commit}
            )
        )
    return provenance(
        subjects=subjects,
        binding=binding,
        builder_id=builder_id,
        build_type=BUILD_TYPE,
        parameters={"project": subject.project, "version": subject.version},
        dependencies=dependencies,
        started_at=now,
        finished_at=now,
    )


def _sbom_rows(inventory: Inventory, subject: Subject) -> tuple[Row, ...]:
    problems = [
        {"path": p.path, "reason": p.reason, **({"line": p.line} if p.line is not None else {})}
        for p in inventory.problems
    ]
    return tuple(
        {
            "artifact_sha256": artifact.sha256, "spec_version": "1.6", "components": len(inventory.components),
            "complete": not problems, "problems": problems,
        }
        for artifact in subject.artifacts
    )  # fmt: skip


def _given(paths: list[Path]) -> list[tuple[str, bytes]]:
    """Name and bytes of the attestations made elsewhere; no two of one name, and none of this release's own."""
    found: dict[str, bytes] = {}
    for path in paths:
        if not path.is_file():
            raise GateError(f"--attestation {path}: no such file")
        if path.name in found or path.name in ("sbom.sigstore.json", "provenance.sigstore.json"):
            raise GateError(f"--attestation {path}: another attestation is named {path.name!r}; rename one")
        found[path.name] = path.read_bytes()
    return list(found.items())


def _journals(stores: Iterable[Path]) -> Iterator[bytes]:
    """The journals that drills left in the evidence stores; records name them by digest."""
    for store in stores:
        for path in sorted((store / "journals").glob("*.json")):
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= MAX_JOURNAL:
                yield path.read_bytes()
