"""`gate explain`, `gate controls` and `gate schema`: what the policy says, for people."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from gate.cli import options
from gate.model import Control, Example, GateError, Policy
from gate.policy import CONFIG, FORMATS, load, rules_root
from gate.policy.runbooks import runbook_of
from gate.reading import did_you_mean
from gate.report.escape import line
from gate.tree import WorkTree

_DOCUMENTS = {
    "decision": "report/schemas/decision-v1.json",
    "panels": "report/schemas/panels-v1.json",
    **{name: f"bundle/schemas/{name}-v1.json" for name in ("verification", "slice", "packet", "redactions")},
}
"""Documents that the gate itself writes or reads beside a bundle, and their schemas."""


def _policy(root: Path) -> Policy:
    """The checkout's policy; outside one, all built-in packs."""
    if (root / CONFIG).exists():
        return load(WorkTree(root))
    return load(_AllPacks())


class _AllPacks(WorkTree):
    """The built-in rules under a gate.yaml that enables every pack."""

    def __init__(self) -> None:
        super().__init__(rules_root(), versioned=False)

    def read(self, path: str, *, limit: int = 1 << 20) -> bytes:
        if path == CONFIG:
            packs = sorted(p.split("/", 1)[0] for p in self.paths() if p.endswith("/pack.yaml"))
            return f"version: 1\npolicy_version: builtin\nproject: none\npacks: [{', '.join(packs)}]\n".encode()
        return super().read(path, limit=limit)


def explain(argv: list[str]) -> int:
    """Print one control: what it promises, why, how to fix, what it is asked, examples."""
    parser = options.Parser("explain", "Why a control exists, and how to fix what it finds.")
    parser.add_argument("id", type=options.text, metavar="ID")
    parser.add_argument("--query", action="store_true", help="show the query and the examples too")
    parser.add_argument("--runbook", action="store_true", help="print its runbook: what to do when it blocks")
    options.add_root(parser)
    arguments = parser.parse_args(argv)
    wanted = arguments.id.upper()
    policy = _policy(arguments.root)
    control = policy.control(wanted)
    if control is None:  # of a built-in pack that this policy does not use
        every = load(_AllPacks())
        control = every.control(wanted)
        known = [c.id for c in (*policy.controls, *every.controls)]
    if control is None:
        raise GateError(f"explain: no control {arguments.id!r}{did_you_mean(arguments.id.upper(), known)}")
    policy = policy if policy.control(wanted) is not None else every
    runbook = runbook_of(policy, control)
    if arguments.runbook:
        if runbook is None:
            raise GateError(f"explain: the pack {control.pack} has no runbooks; see `gate explain {control.id}`")
        sys.stdout.writelines(f"{line(text)}\n" for text in policy.files[runbook].decode("utf-8").splitlines())
        return 0
    sys.stdout.write(_explanation(control, runbook, full=arguments.query))
    return 0


def _explanation(control: Control, runbook: str | None, *, full: bool) -> str:
    from textwrap import fill, indent

    stages = ", ".join(sorted(control.stages))
    lines = [
        f"{control.id}: {line(control.title)}",
        "",
        fill(line(control.why), 100),
        "",
        f"  severity  {control.severity} at {stages}",
        f"  fix       {line(control.fix)}",
        f"  owner     {line(control.owner)}",
        f"  pack      {line(control.pack)} ({line(str(control.source))})",
    ]
    if runbook is not None:
        lines.append(f"  runbook   {line(runbook)} (gate explain {control.id} --runbook)")
    if control.warn_from or control.block_from:
        lines.append(f"  from      warns {control.warn_from or 'now'}, blocks {control.block_from or 'now'}")
    needs = (
        f"{k} (at least {n.minimum}{' of every tenant' if n.per_tenant else ''}{', verified' if n.verified else ''})"
        for k, n in control.evidence.items()
    )
    lines.append(f"  evidence  {', '.join(needs)}")
    if control.params:
        lines.append(f"  params    {', '.join(f'{k} = {v}' for k, v in control.params.items())}")
    if control.maps_to:
        lines.append(f"  supports  {', '.join(control.maps_to)}")
    for item in control.illustrations:
        lines += ["", f"in {line(item.language)}:", indent(item.bad, "  - "), indent(item.good, "  + ")]
    for word, passes in (("passes", True), ("fails", False)):
        lines += ["", f"it {word}:"] + [
            f"  - {line(e.name)}{_expected(e)}" for e in control.examples if e.passes is passes
        ]
    if full:
        lines += ["", "query:", indent(control.query.rstrip(), "  ")]
    return "\n".join(lines) + "\n"


def _expected(example: Example) -> str:
    return f' ("… {line(example.expect)} …")' if example.expect else ""


def controls(argv: list[str]) -> int:
    """List the controls, or run the examples they carry."""
    parser = options.Parser("controls", "List the controls of this checkout's policy (all built-in ones elsewhere).")
    parser.add_argument("--test", action="store_true", help="run every example; exit 1 if one comes out differently")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    options.add_root(parser)
    arguments = parser.parse_args(argv)
    policy = _policy(arguments.root)
    if arguments.test:
        from gate.trial import failures

        wrong = failures(policy.controls, policy.kinds)
        count = sum(len(c.examples) for c in policy.controls)
        sys.stdout.writelines(f"{line(sentence, 500)}\n" for sentence in wrong)
        sys.stdout.write(f"{len(policy.controls)} controls, {count} examples, {len(wrong)} came out differently\n")
        return 1 if wrong else 0
    if arguments.json:
        rows = [
            {
                "id": c.id, "title": c.title, "pack": c.pack, "severity": c.severity, "stages": sorted(c.stages),
                "owner": c.owner, "why": c.why, "fix": c.fix, "maps_to": list(c.maps_to), "params": dict(c.params),
            }
            for c in policy.controls
        ]  # fmt: skip
        head = {"policy_version": policy.version, "policy_digest": policy.digest, "tool_version": policy.tool_version}
        sys.stdout.write(json.dumps({**head, "controls": rows}, indent=2) + "\n")
        return 0
    sys.stdout.write(f"policy {policy.version}  sha256:{policy.digest}  ({policy.origin})\n")
    for c in policy.controls:
        stages = "/".join(sorted(c.stages))
        sys.stdout.write(f"  {c.id:<9} {c.severity:<5}  {stages:<16}  {line(c.title)}\n")
    return 0


def schema(argv: list[str]) -> int:
    """Print a JSON Schema: of a file that is read (gate_config, control …), one that is written, a kind of evidence."""
    parser = options.Parser("schema", "Print the JSON Schema of a file format or kind of evidence.")
    parser.add_argument("name", type=options.text, nargs="?", metavar="NAME")
    options.add_root(parser)
    arguments = parser.parse_args(argv)
    policy = _policy(arguments.root)
    names = sorted({*FORMATS, *_DOCUMENTS, *policy.kinds})
    if arguments.name is None:
        sys.stdout.write("\n".join(names) + "\n")
        return 0
    if arguments.name in policy.kinds:
        text = json.dumps(policy.kinds[arguments.name].schema, indent=2) + "\n"
    elif arguments.name in _DOCUMENTS:
        text = (Path(__file__).parent.parent / _DOCUMENTS[arguments.name]).read_text("utf-8")
    elif arguments.name in FORMATS:
        text = (rules_root() / FORMATS[arguments.name]).read_text("utf-8")
    else:
        raise GateError(f"schema: no schema {arguments.name!r}{did_you_mean(arguments.name, names)}; see `gate schema`")
    sys.stdout.write(text)
    return 0
