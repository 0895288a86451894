"""`gate check`, `gate ga` and `gate status`: judge the checkout."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from gate import commands, run
from gate.cli import options
from gate.collect import Context
from gate.model import Decision, GateError, Policy, Row, Stage, Subject, UndecidedError, WaiverState, WaiverUse
from gate.pipeline import pipeline_id
from gate.signing import trust_of
from gate.tree import CommitTree, Tree, WorkTree, head, resolve


def check(argv: list[str]) -> int:
    """Judge the work tree, or with --rev a commit, under the policy of the base revision."""
    parser = options.Parser("check", "Judge the checkout as a pull request does.")
    parser.add_argument("path", nargs="?", type=options.path, help="the checkout (same as -C)")
    options.add_root(parser)
    parser.add_argument(
        "--base", type=options.text, metavar="REF",
        help="the revision that the change is to be merged into: policy, waivers, baseline and trusted keys come from"
        " it, and findings of the code that it has too do not count",
    )  # fmt: skip
    parser.add_argument("--rev", type=options.text, metavar="REF", help="judge this commit instead of the work tree")
    parser.add_argument(
        "--all", action="store_true", help="list what the baseline or the base revision sets aside, too"
    )
    parser.add_argument("--evidence", action="append", type=options.path, default=[], metavar="DIR")
    options.add_as_of(parser)
    options.add_output(parser)
    arguments = parser.parse_args(argv)
    wanted = options.outputs(arguments.output)
    root = (arguments.path or arguments.root).resolve()
    # The revision itself, not where the change forked from it: a branch begun long ago must not bring back the policy,
    # the waivers and the keys of that day.
    base = resolve(root, arguments.base) if arguments.base else None
    tree: Tree = CommitTree(root, arguments.rev) if arguments.rev else WorkTree(root)
    policy = run.load_policy(root, base)
    commit = tree.sha if isinstance(tree, CommitTree) else head(root)
    decision = _judge(
        arguments, Stage.CHECK, root, tree, policy, commit, (), base=CommitTree(root, base) if base else None
    ).decision
    options.deliver(decision, wanted, arguments)
    return decision.exit_code


def ga(argv: list[str]) -> int:
    """Run the configured commands for this commit, keep the record, and judge GA readiness."""
    parser = options.Parser("ga", "Run the Golden Path and the GA self-checks, and judge GA readiness.")
    parser.add_argument("path", nargs="?", type=options.path, help="the checkout (same as -C)")
    options.add_root(parser)
    parser.add_argument("--evidence", action="append", type=options.path, default=[], metavar="DIR")
    options.add_signing(parser, required=False)
    parser.add_argument(
        "--run-only", action="store_true", help="run and record the commands; leave judging to a release"
    )
    options.add_as_of(parser)
    options.add_panels(parser)
    options.add_output(parser)
    arguments = parser.parse_args(argv)
    wanted = options.outputs(arguments.output)
    root = (arguments.path or arguments.root).resolve()
    tree = WorkTree(root)
    policy = run.load_policy(root, None)
    commit = head(root)
    runs = _run_paths(arguments, root, policy, commit)
    if arguments.run_only:
        return _say_runs(runs)
    judged = _judge(arguments, Stage.GA, root, tree, policy, commit, runs)
    options.deliver(judged.decision, wanted, arguments, judged.panels)
    return judged.decision.exit_code


def _run_paths(arguments: Any, root: Path, policy: Policy, commit: str | None) -> tuple[Row, ...]:
    from attestations.trust import EVIDENCE
    from gate.interruption import stoppable
    from gate.reading import format_time
    from gate.recording import record
    from gate.signing import choose

    if commit is None:
        raise GateError("ga: there is no commit to bind the run to; commit first")
    signing = arguments.key is not None or arguments.keyless
    signer = choose(arguments, trust_of(policy), EVIDENCE)[0] if signing else None
    say = options.progress(arguments)
    rows = []
    for path in ("golden_path", "self_checks"):
        configured = policy.config.get(path)
        if not configured:
            continue
        started, _ = run.clock(None)
        steps = []
        with stoppable() as stop:
            for step in commands.run_path(path, configured, root, dict(os.environ), stop):
                steps.append(step)
                say(f"{path}: {step['name']}: exit {step['exit_code']} after {step['duration_ms']} ms")
        finished, _ = run.clock(None)
        if head(root) != commit:
            raise UndecidedError(f"{path}: its commands moved HEAD away from {commit[:12]}; the run is of no commit")
        row = {
            "id": f"{path.replace('_', '-')}-{commit[:12]}-{finished:%Y%m%d-%H%M%S}",
            "commit": commit, "path": path, "started_at": format_time(started), "finished_at": format_time(finished),
            "steps": steps,
        }  # fmt: skip
        if signer is not None:
            record(root, "golden_path_run", row, signer, policy)
        rows.append({**row, "verified": True, "signer": "this run"})
    return tuple(rows)


def _say_runs(runs: tuple[Row, ...]) -> int:
    """What ran and how it ended; 0 only when something ran and everything succeeded."""
    from gate.report.escape import line

    if not runs:
        raise GateError("ga: nothing is configured; name the commands under golden_path and self_checks in gate.yaml")
    failed = False
    for row in runs:
        for step in row["steps"]:
            wrong = step["timed_out"] or step["exit_code"] != 0
            failed = failed or wrong
            outcome = "timed out" if step["timed_out"] else f"exit {step['exit_code']}"
            sys.stdout.write(
                f"  {'FAIL' if wrong else 'ok  '} {line(step['command'])} ({outcome}, {step['duration_ms']} ms)\n"
            )
            if wrong:
                sys.stdout.writelines(f"       | {line(text, 160)}\n" for text in step["output_tail"].splitlines()[-8:])
    return 1 if failed else 0


def status(argv: list[str]) -> int:
    """Print the clocks of the release and GA controls, soonest first. Informs; exit code 0 even when one ran out."""
    parser = options.Parser("status", "What runs out when: drills, purges, waivers.")
    parser.add_argument("path", nargs="?", type=options.path, help="the checkout (same as -C)")
    options.add_root(parser)
    parser.add_argument("--evidence", action="append", type=options.path, default=[], metavar="DIR")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    options.add_as_of(parser)
    options.add_terminal(parser)
    arguments = parser.parse_args(argv)
    root = (arguments.path or arguments.root).resolve()
    policy = run.load_policy(root, None)
    decision = _judge(arguments, Stage.GA, root, WorkTree(root), policy, head(root), (), clocks_only=True).decision
    sys.stdout.write(_status_json(decision) if arguments.json else _status_text(decision))
    return 0


def _judge(
    arguments: Any,
    stage: Stage,
    root: Path,
    tree: Tree,
    policy: Policy,
    commit: str | None,
    runs: tuple[Row, ...],
    *,
    base: Tree | None = None,
    clocks_only: bool = False,
) -> run.Judgement:
    as_of, overridden = run.clock(arguments.as_of)
    context = Context(
        tree=tree,
        root=root,
        policy=_clocks_only(policy) if clocks_only else policy,
        as_of=as_of,
        now=run.clock(None)[0],
        trust=trust_of(policy),
        subject=Subject(project=policy.config["project"], commit=commit),
        stores=run.stores(root, arguments.evidence),
        runs=runs,
        base=base,
    )
    return run.judge_and_draw(
        context, stage, as_of_overridden=overridden, pipeline_id=pipeline_id(os.environ),
        progress=options.progress(arguments),
    )  # fmt: skip


def _clocks_only(policy: Policy) -> Policy:
    from dataclasses import replace

    return replace(policy, controls=tuple(c for c in policy.controls if c.clock is not None))


def _status_text(decision: Decision) -> str:
    from gate.report import outline
    from gate.report.escape import line

    lines = [f"as of {outline.stamp(decision.as_of)}, policy {line(decision.policy_version)}", ""]
    for clock in decision.clocks:
        lines.append(f"  {line(clock.subject):<34} {outline.clock_words(clock, decision.as_of)}  [{clock.control}]")
    for use in decision.waivers:
        lines.append(
            f"  {'waiver ' + line(use.waiver.id):<34} {_life(use)}: expires {use.waiver.expires.isoformat()}"
            f"  [{use.waiver.control}]"
        )
    for result in decision.results:
        lines += [f"  {result.control.id}: {line(reason)}" for reason in result.reasons]
    if len(lines) == 2:
        lines.append("  nothing runs out: no control of this policy has a clock")
    return "\n".join(lines) + "\n"


def _life(use: WaiverUse) -> WaiverState:
    """Where a waiver stands in its life; whether it covers anything was not asked here."""
    return WaiverState.ACTIVE if use.state is WaiverState.ORPHANED else use.state


def _status_json(decision: Decision) -> str:
    import json

    from gate.reading import format_time

    clocks = [
        {
            "control": c.control, "subject": c.subject, "due": format_time(c.due),
            "since": None if c.since is None else format_time(c.since), "expired": c.due < decision.as_of,
        }
        for c in decision.clocks
    ]  # fmt: skip
    waivers = [
        {"id": u.waiver.id, "control": u.waiver.control, "expires": u.waiver.expires.isoformat(), "state": _life(u)}
        for u in decision.waivers
    ]
    return json.dumps({"as_of": format_time(decision.as_of), "clocks": clocks, "waivers": waivers}, indent=2) + "\n"
