"""`gate release`: make the SBOM and provenance, judge, sign the verdict and write the bundle: one act or none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate import __version__, run
from gate.cli import options
from gate.collect import Context
from gate.model import Decision, GateError, Row, Stage, Subject, UndecidedError
from gate.pipeline import pipeline_id
from gate.signing import choose, trust_of
from gate.tree import WorkTree, head

if TYPE_CHECKING:
    from attestations.sbom import Inventory
    from attestations.statements import Binding
    from attestations.statements import Subject as StatementSubject

BUILD_TYPE = "https://tenantgate.dev/buildtypes/release/v1"


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
    parser.add_argument(
        "--out", type=options.path, required=True, metavar="DIR", help="the bundle's folder; must be new"
    )
    options.add_signing(parser, required=True)
    parser.add_argument("--evidence", action="append", type=options.path, default=[], metavar="DIR")
    parser.add_argument(
        "--attestation", action="append", type=options.path, default=[], metavar="FILE",
        help="a bundle made elsewhere (an SBOM or provenance of the build); it must verify",
    )  # fmt: skip
    parser.add_argument(
        "--environment", type=options.path, metavar="PYTHON", help="take the SBOM from this installed environment"
    )
    options.add_as_of(parser)
    options.add_output(parser)
    arguments = parser.parse_args(argv)
    wanted = options.outputs(arguments.output)
    if arguments.out.exists():
        raise GateError(f"--out {arguments.out}: already exists; give a folder that does not exist yet")
    decision = _release(arguments)
    options.deliver(decision, wanted, arguments)
    return decision.exit_code


def _release(arguments: Any) -> Decision:
    from attestations.refusal import Refused
    from attestations.sbom import SbomError
    from attestations.signers import SignerError

    try:
        return _judge_and_sign(arguments)
    except SbomError as error:
        raise GateError(f"SBOM: {error}") from None
    except (Refused, SignerError) as error:
        raise UndecidedError(f"signing: {error}") from None


def _judge_and_sign(arguments: Any) -> Decision:
    from attestations.signers import sign_verified
    from attestations.statements import Binding
    from attestations.statements import Subject as StatementSubject
    from attestations.trust import ATTESTATIONS
    from gate.bundle import making
    from gate.writing import write_folder

    say = options.progress(arguments)
    root = (arguments.path or arguments.root).resolve()
    as_of, overridden = run.clock(arguments.as_of)
    now, _ = run.clock(None)
    tree = WorkTree(root)
    policy = run.load_policy(root, None)
    trust = trust_of(policy)
    signer, builder_id = choose(arguments, trust, ATTESTATIONS)
    artifacts = run.artifacts(path for group in arguments.artifact for path in group)
    subject = Subject(
        project=policy.config["project"], commit=head(root), version=arguments.version, artifacts=artifacts
    )
    pipeline = pipeline_id(os.environ)
    binding = Binding(
        policy_version=policy.version,
        policy_digest=policy.digest,
        pipeline_id=pipeline,
        signer_identity=signer.identity,
    )
    subjects = [StatementSubject(name=a.name, sha256=a.sha256) for a in artifacts]

    say("building the SBOM and the provenance")
    inventory = _inventory(tree, arguments.environment)
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
            *_given(arguments.attestation),
        ),
        sboms=_sbom_rows(inventory, subject),
    )
    decision = run.judge(context, Stage.RELEASE, as_of_overridden=overridden, pipeline_id=pipeline, progress=say)

    say("signing the verdict")
    verdict = making.verdict_statements(decision, subjects, binding, signed, builder_id)
    attestations = dict(signed)
    for name, statement in verdict.items():
        attestations[name] = sign_verified(signer, statement, trust, usage=ATTESTATIONS, now=now)
    payload = making.payload(decision, policy, attestations, sbom, trust, policy.config["project"])
    files = making.sealed(payload, decision, signer, binding, trust, now)
    write_folder(arguments.out, files)
    say(f"wrote {arguments.out}")
    return decision


def _inventory(tree: WorkTree, environment: Path | None) -> Inventory:
    from attestations.sbom import is_manifest, read_environment, read_sources

    if environment is not None:
        return read_environment(environment)
    wanted = [p for p in tree.paths() if is_manifest(p) or p.endswith((".txt", ".in"))]
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
    from attestations.statements import ResourceDescriptor, provenance

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
    found = []
    for path in paths:
        if not path.is_file():
            raise GateError(f"--attestation {path}: no such file")
        found.append((path.name, path.read_bytes()))
    return found
