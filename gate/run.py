"""One run of the gate: policy → evidence → store → decision."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gate import policy
from gate.model import Artifact, Decision, Evidence, GateError, Kind, Policy, QueryError, Stage, Subject
from gate.policy_signing import signer_of
from gate.reading import parse_time
from gate.tree import CommitTree, Tree, WorkTree

if TYPE_CHECKING:
    from gate.collect import Context, Progress
    from gate.panels import Drawn
    from gate.spark import SparkStore
    from gate.store import Store

LOCAL_STORE = Path(".gate/evidence")


def clock(as_of: str | None) -> tuple[datetime, bool]:
    """The run's one reading of the time, and whether it was overridden."""
    if as_of is None:
        return datetime.now(UTC).replace(microsecond=0), False
    try:
        moment = parse_time(as_of)
    except ValueError as error:
        raise GateError(f"--as-of {as_of[:40]!r}: {error}") from None
    if not 2000 <= moment.year < 2200:
        raise GateError(f"--as-of {as_of[:40]!r}: give a time between the years 2000 and 2199")
    return moment, True


def load_policy(root: Path, base: str | None) -> Policy:
    """The policy of the base revision, or without one of the work tree, with who signed it.

    Raises GateError also when gate.yaml requires a signature and there is none that verifies.
    """
    tree: Tree = WorkTree(root) if base is None else CommitTree(root, base)
    loaded = policy.load(tree)
    return replace(loaded, signer=signer_of(loaded, tree, clock(None)[0]))


def needed_kinds(loaded: Policy, stage: Stage) -> set[str]:
    """The kinds of evidence that the stage's controls ask for, and the map of tenants where there is one."""
    from gate.policy.tenants import KIND

    mapped = {KIND} if "tenants" in loaded.config else set()
    return {kind for control in loaded.controls if stage in control.stages for kind in control.evidence} | mapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A decision, and the panels that were drawn from its evidence; they are no part of it."""

    decision: Decision
    panels: tuple[Drawn, ...]


def judge(context: Context, stage: Stage, *, as_of_overridden: bool, pipeline_id: str, progress: Progress) -> Decision:
    """Collect what the stage needs and decide."""
    return judge_and_draw(
        context, stage, as_of_overridden=as_of_overridden, pipeline_id=pipeline_id, progress=progress
    ).decision


def judge_and_draw(
    context: Context, stage: Stage, *, as_of_overridden: bool, pipeline_id: str, progress: Progress
) -> Judgement:
    """Collect what the stage needs, decide, and draw the panels."""
    from gate.collect import collect

    evidence = collect(context, needed_kinds(context.policy, stage), progress)
    progress(f"deciding {sum(stage in c.stages for c in context.policy.controls)} controls")
    return decide_and_draw(
        context.policy, stage, evidence, context.as_of,
        as_of_overridden=as_of_overridden, subject=context.subject, pipeline_id=pipeline_id,
    )  # fmt: skip


def decide_on(
    loaded: Policy,
    stage: Stage,
    evidence: dict[str, Evidence],
    as_of: datetime,
    *,
    as_of_overridden: bool,
    subject: Subject,
    pipeline_id: str,
) -> Decision:
    """Decide on evidence that is already there."""
    return _decided(
        loaded, stage, evidence, as_of, as_of_overridden=as_of_overridden, subject=subject, pipeline_id=pipeline_id
    )[0]


def decide_and_draw(
    loaded: Policy,
    stage: Stage,
    evidence: dict[str, Evidence],
    as_of: datetime,
    *,
    as_of_overridden: bool,
    subject: Subject,
    pipeline_id: str,
) -> Judgement:
    """Decide on evidence that is already there, then draw the panels; the same call replays both from a bundle."""
    from gate.panels import draw

    decision, store = _decided(
        loaded, stage, evidence, as_of, as_of_overridden=as_of_overridden, subject=subject, pipeline_id=pipeline_id
    )
    return Judgement(decision=decision, panels=draw(loaded, stage, evidence, store.ask, as_of=as_of))


def _decided(
    loaded: Policy,
    stage: Stage,
    evidence: dict[str, Evidence],
    as_of: datetime,
    *,
    as_of_overridden: bool,
    subject: Subject,
    pipeline_id: str,
) -> tuple[Decision, Store | SparkStore]:
    """The decision, and the store that was asked for it."""
    from gate.decide import decide

    store = _store_of(loaded, evidence, as_of)
    decision = decide(
        loaded, stage, evidence, store.ask,
        as_of=as_of, as_of_overridden=as_of_overridden, subject=subject, pipeline_id=pipeline_id,
    )  # fmt: skip
    return decision, store


def _store_of(loaded: Policy, evidence: Mapping[str, Evidence], as_of: datetime) -> Store | SparkStore:
    """The evidence as tables, locked."""
    store = open_store([loaded.kinds[kind] for kind in sorted(evidence)], as_of, loaded.config.get("engine"))
    for kind in sorted(evidence):
        try:
            store.load(kind, evidence[kind].rows)
        except QueryError as error:
            raise GateError(f"evidence of kind {kind}: {error}") from None
    store.lock()
    return store


def open_store(kinds: Iterable[Kind], as_of: datetime, engine: str | None) -> Store | SparkStore:
    """The embedded store, or the Spark that gate.yaml names. Raises UndecidedError when it is not there."""
    if engine is None:
        from gate.store import Store

        return Store(kinds, as_of)
    from gate.spark import SparkStore

    return SparkStore(kinds, as_of, engine)


def evidence_context(loaded: Policy, root: Path, stores: Iterable[Path], now: datetime) -> Context:
    """The checkout and its evidence as of now, for what informs people and decides nothing."""
    from gate.collect import Context
    from gate.signing import trust_of

    return Context(
        tree=WorkTree(root), root=root, policy=loaded, as_of=now, now=now, trust=trust_of(loaded),
        subject=Subject(project=loaded.config["project"], commit=None), stores=tuple(stores),
    )  # fmt: skip


def artifacts(paths: Iterable[Path]) -> tuple[Artifact, ...]:
    """Hash the released files. Raises GateError for a missing, irregular, empty, changing or twice-named one."""
    found: dict[str, Artifact] = {}
    for path in paths:
        if path.name in found:
            raise GateError(f"--artifact {path}: two artifacts are named {path.name!r}")
        if not path.is_file():
            raise GateError(f"--artifact {path}: {'not a regular file' if path.exists() else 'no such file'}")
        found[path.name] = Artifact(name=path.name, sha256=_digest(path))
    return tuple(found[name] for name in sorted(found))


def _digest(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        before = os.fstat(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
        after = os.fstat(file.fileno())
    if size == 0:
        raise GateError(f"--artifact {path}: the file is empty")
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
        raise GateError(f"--artifact {path}: the file changed while it was hashed; build first, then release")
    return digest


def stores(root: Path, extra: Iterable[Path]) -> tuple[Path, ...]:
    """The local evidence store and the given ones. Raises GateError for one that is no folder."""
    for folder in extra:
        if not folder.is_dir():
            raise GateError(f"--evidence {folder}: no such folder")
    local = root / LOCAL_STORE
    return (*((local,) if local.is_dir() else ()), *extra)
