"""`gate policy`: what a change of policy means, and who stands for a policy."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from gate import run
from gate.cli import options
from gate.model import GateError, Policy


def policy(argv: list[str]) -> int:
    """diff | sign."""
    parser = options.Parser("policy", "Compare policies, or sign one.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=_Sub)
    diff = actions.add_parser("diff", help="say in words what got weaker, stronger, or can't be told")
    diff.add_argument("old", type=options.text, metavar="A", help="a git revision, a checkout, or a release bundle")
    diff.add_argument("new", type=options.text, metavar="B", nargs="?", help="the same; default: the work tree")
    diff.add_argument("--json", action="store_true", help="machine-readable")
    options.add_root(diff)
    sign = actions.add_parser("sign", help="sign the checkout's policy with a key trusted for that")
    options.add_signing(sign, required=True)
    sign.add_argument("-o", "--out", type=options.path, metavar="FILE", help="default: as gate.yaml says")
    options.add_root(sign)
    arguments = parser.parse_args(argv)
    return int(_ACTIONS[arguments.action](arguments))


class _Sub(options.Parser):
    """A subcommand's parser with the same error contract."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(rest["prog"].removeprefix("gate "), "")


def _diff(arguments: Any) -> int:
    """Exit 0 when nothing got weaker and nothing is open, 1 otherwise."""
    from gate.policy_diff import compare, same_or_stronger

    root = arguments.root.resolve()
    old = _load(root, arguments.old)
    new = _load(root, arguments.new) if arguments.new else _load(root, str(root))
    now, _ = run.clock(None)
    changes = compare(old, new, now.date())
    if arguments.json:
        document = {
            "schemaVersion": "1",
            "from": _about(old),
            "to": _about(new),
            "same_or_stronger": same_or_stronger(changes),
            "changes": [{"effect": c.effect, "subject": c.subject, "text": c.text} for c in changes],
        }
        sys.stdout.write(json.dumps(document, indent=2, sort_keys=True) + "\n")
    else:
        sys.stdout.write(_text(old, new, changes))
    return 0 if same_or_stronger(changes) else 1


def _about(loaded: Policy) -> dict[str, str]:
    return {"version": loaded.version, "digest": loaded.digest, "origin": loaded.origin}


_TITLES = {"weaker": "WEAKER", "unclear": "CAN'T BE TOLD", "stronger": "STRONGER", "other": "OTHER"}


def _text(old: Policy, new: Policy, changes: Any) -> str:
    from itertools import groupby

    from gate.report.escape import line

    lines = [
        f"policy {line(p.version)} ({p.digest[:12]}, {line(p.origin)}){arrow}" for p, arrow in ((old, " →"), (new, ""))
    ]
    for effect, group in groupby(changes, key=lambda change: change.effect):
        found = list(group)
        lines.append(f"{_TITLES[effect]} ({len(found)})")
        lines += [f"  {line(change.subject)}: {line(change.text, 400)}" for change in found]
    if not changes:
        lines.append("nothing changed" if old.digest == new.digest else "nothing but layout and comments changed")
    return "\n".join(lines) + "\n"


def _load(root: Path, where: str) -> Policy:
    """The policy of a folder (a checkout or a bundle), of a bundle's archive, or of a git revision."""
    from gate import policy as loading
    from gate.bundle import bag, release
    from gate.bundle.refusal import BundleError
    from gate.bundle.replaying import policy_trees
    from gate.tree import CommitTree, WorkTree

    path = Path(where)
    if path.is_dir() and not (path / bag.SIGNATURE).is_file():
        return loading.load(WorkTree(path))
    if not path.exists():
        return loading.load(CommitTree(root, where))
    try:
        files = bag.read(path)
        version = release.tool_version(files)
    except BundleError as error:
        raise GateError(f"{path}: {error.message} [{error.code}]") from None
    tree, rules = policy_trees(release.policy_files(files), f"bundle {path.name}, not verified")
    return loading.load(tree, builtin=rules, tool_version=version)


def _sign(arguments: Any) -> int:
    from attestations.refusal import Refused
    from attestations.signers import SignerError
    from attestations.trust import POLICY
    from gate import policy as loading
    from gate import policy_signing
    from gate.signing import choose, run_of, trust_of
    from gate.tree import WorkTree
    from gate.writing import write_file

    root = arguments.root.resolve()
    loaded = loading.load(WorkTree(root))
    signer, _ = choose(arguments, trust_of(loaded), POLICY)
    now, _ = run.clock(None)
    try:
        signature = policy_signing.sign(loaded, signer, run_of(signer, os.environ), now)
    except (Refused, SignerError) as error:
        raise GateError(f"policy sign: {error}") from None
    target = arguments.out or root / policy_signing.signature_path(loaded)
    write_file(target, signature)
    sys.stdout.write(f"policy {loaded.version} (sha256:{loaded.digest}) is signed by {signer.identity}: {target}\n")
    return 0


_ACTIONS = {"diff": _diff, "sign": _sign}
