"""`gate baseline`: the code findings that were there when the gate came; the file may only shrink."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from gate import baseline as known
from gate import run
from gate.cli import options
from gate.collect import Context
from gate.model import Decision, GateError, Policy, Stage, Subject, UndecidedError
from gate.pipeline import pipeline_id
from gate.reading import parse_date
from gate.report.escape import line
from gate.report.outline import count
from gate.signing import trust_of
from gate.tree import WorkTree, head

DEFAULT = "baseline.yaml"
CODE_KINDS = frozenset(
    ["data_access", "schema_finding", "suppression", "baseline_entry", "coverage", "tenancy_table", "code_pattern"]
)


def baseline(argv: list[str]) -> int:
    """write | shrink | show."""
    parser = options.Parser("baseline", "The code findings that were there when the gate came.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=_Sub)
    write = actions.add_parser("write", help="list the open findings of the code as known")
    write.add_argument(
        "-o", "--out", type=options.path, metavar="FILE", help=f"default: as gate.yaml says, or {DEFAULT}"
    )
    write.add_argument("--grow", action="store_true", help="add to a baseline that is there (new rules, adopted code)")
    write.add_argument("--reason", type=options.text, metavar="TEXT", help="why the new entries are there")
    write.add_argument("--owner", type=options.text, metavar="WHO", help="who repairs them")
    write.add_argument("--until", type=options.text, metavar="DATE", help="the last day on which they count as known")
    shrink = actions.add_parser("shrink", help="drop the entries that nothing matches any more; adds none")
    show = actions.add_parser("show", help="list the entries; exit 1 when one is stale or ran out")
    for action in (write, shrink, show):
        options.add_root(action)
        options.add_as_of(action)
    arguments = parser.parse_args(argv)
    return int(_ACTIONS[arguments.action](arguments))


class _Sub(options.Parser):
    """A subcommand's parser with the same error contract."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(rest["prog"].removeprefix("gate "), "")


def _write(arguments: Any) -> int:
    """The open findings of the code, and the entries that are still there. Growing an old file needs --grow."""
    from gate.writing import write_file

    root = arguments.root.resolve()
    policy = run.load_policy(root, None)
    until = _date(arguments.until)
    decision = _decided(arguments, root, policy)
    before = known.of_policy(policy)
    fresh = [
        entry
        for result in decision.results
        for violation in result.violations
        if (entry := known.entry_of(violation, owner=arguments.owner, reason=arguments.reason, until=until)) is not None
    ]
    if before and fresh and not arguments.grow:
        raise GateError(
            f"baseline write: {known.required(policy)} has {count(len(before), 'entry', 'entries')} and would grow by"
            f" {len(fresh)}; repair the findings, or say --grow with --reason and --owner (in a pull request it then"
            " needs a waiver)"
        )
    if arguments.grow and not (arguments.reason and arguments.owner):
        raise GateError("baseline write: --grow needs --reason and --owner")
    name = _target(arguments, root, policy)
    if known.path_of(policy) is None and (root / name).exists():
        raise GateError(f"baseline write: {name} is there already and gate.yaml does not name it; see --help")
    kept, _ = _sorted_out(decision, before)
    write_file(root / name, known.write([*kept, *fresh]))
    sys.stdout.write(f"{line(name)}: {count(len(kept) + len(fresh), 'finding')}, {len(fresh)} new\n")
    if known.path_of(policy) != name:
        sys.stdout.write(f"now name it in gate.yaml:\n  source:\n    baseline: {line(name)}\n")
    return 0


def _shrink(arguments: Any) -> int:
    from gate.writing import write_file

    root = arguments.root.resolve()
    policy = run.load_policy(root, None)
    name = known.required(policy)
    kept, stale = _sorted_out(_decided(arguments, root, policy), known.of_policy(policy))
    if stale:
        write_file(root / name, known.write(kept))
    sys.stdout.write(f"{line(name)}: {count(len(stale), 'entry', 'entries')} dropped, {len(kept)} left\n")
    return 0


def _show(arguments: Any) -> int:
    """Exit 1 when an entry is stale or ran out: the file has to be looked at."""
    root = arguments.root.resolve()
    policy = run.load_policy(root, None)
    name = known.required(policy)
    rows = _rows(_decided(arguments, root, policy))
    for row in rows:
        on = f" on {row['table_name']}" if "table_name" in row else ""
        said = "; ".join(str(row[key]) for key in ("until", "owner", "reason") if key in row)
        sys.stdout.write(
            f"  {row['state']:<8} {line(row['rule'] + on)} in {line(row['seen_in'])}"
            f" (stmt {row['statement'][:8]}, {line(name)}:{row['line']}){f': {line(said)}' if said else ''}\n"
        )
    counts = {state: sum(row["state"] == state for row in rows) for state in ("holds", "expired", "stale")}
    sys.stdout.write(f"{line(name)}: " + ", ".join(f"{number} {state}" for state, number in counts.items()) + "\n")
    return 1 if counts["expired"] or counts["stale"] else 0


_ACTIONS = {"write": _write, "shrink": _shrink, "show": _show}


def _decided(arguments: Any, root: Path, policy: Policy) -> Decision:
    """What the policy's controls of the code say about the work tree. Raises UndecidedError when not all was read."""
    from dataclasses import replace

    of_code = tuple(c for c in policy.controls if set(c.evidence) <= CODE_KINDS and Stage.CHECK in c.stages)
    if not any({"data_access", "code_pattern"} & set(c.evidence) for c in of_code):
        raise GateError("baseline: no control of this policy judges code; add the pack tenancy to gate.yaml")
    as_of, overridden = run.clock(arguments.as_of)
    context = Context(
        tree=WorkTree(root), root=root, policy=replace(policy, controls=of_code), as_of=as_of, now=run.clock(None)[0],
        trust=trust_of(policy), subject=Subject(project=policy.config["project"], commit=head(root)),
    )  # fmt: skip
    decision = run.judge(
        context, Stage.CHECK, as_of_overridden=overridden, pipeline_id=pipeline_id(os.environ), progress=lambda _: None
    )
    for evidence in decision.evidence:
        for unread in evidence.coverage.unread:
            raise UndecidedError(
                f"baseline: {unread.path}:{unread.line}: {unread.reason}; make it readable or exclude it with a reason"
            )
    return decision


def _rows(decision: Decision) -> list[dict[str, Any]]:
    return [dict(row) for e in decision.evidence if e.kind == "baseline_entry" for row in e.rows]


def _sorted_out(decision: Decision, entries: tuple[known.Entry, ...]) -> tuple[list[known.Entry], list[known.Entry]]:
    """The entries that are still there, and those that nothing matches."""
    stale = Counter(
        (row["line"], row["seen_in"], row["rule"], row["statement"])
        for row in _rows(decision)
        if row["state"] == "stale"
    )
    kept: list[known.Entry] = []
    gone: list[known.Entry] = []
    for entry in entries:
        place = (entry.line, entry.path, entry.rule, entry.statement)
        (gone if stale[place] > 0 else kept).append(entry)
        stale[place] -= 1
    return kept, gone


def _target(arguments: Any, root: Path, policy: Policy) -> str:
    named = known.path_of(policy)
    if arguments.out is None:
        return named or DEFAULT
    wanted = (Path.cwd() / arguments.out).resolve()
    if not wanted.is_relative_to(root):
        raise GateError(f"baseline write: --out {arguments.out}: not inside the checkout {root}")
    name = str(wanted.relative_to(root))
    if named is not None and name != named:
        raise GateError(f"baseline write: --out {arguments.out}: gate.yaml names {named}; write that one")
    return name


def _date(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return parse_date(text)
    except ValueError:
        raise GateError(f"baseline write: --until {text[:40]!r} is no date: write YYYY-MM-DD") from None
