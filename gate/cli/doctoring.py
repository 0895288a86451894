"""`gate doctor`: does this machine, this clone and this configuration give the gate what it needs?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from gate import __version__
from gate.cli import options
from gate.model import GateError, UndecidedError
from gate.pipeline import LOCAL, pipeline_id
from gate.tree import find_repository, head, index_paths, is_shallow

Finding = tuple[str, str]  # "ok", "warn" or "FAIL", and one sentence


def doctor(argv: list[str]) -> int:
    """Print one line a check. Exit 0 when nothing failed, 2 when something must be repaired first."""
    parser = options.Parser("doctor", "Check what the gate needs on this machine.")
    parser.add_argument("path", nargs="?", type=options.path, help="the checkout (same as -C)")
    options.add_root(parser)
    arguments = parser.parse_args(argv)
    root = (arguments.path or arguments.root).resolve()
    from gate.report.escape import line

    failed = False
    for name, check in _CHECKS.items():
        try:
            word, sentence = check(root)
        except (GateError, UndecidedError) as error:
            word, sentence = "FAIL", str(error)
        failed = failed or word == "FAIL"
        sys.stdout.write(f"  {word:<4} {name:<14} {line(sentence, 300)}\n")
    return 2 if failed else 0


def _python(_: Path) -> Finding:
    return "ok", f"Python {sys.version.split()[0]}, tenantgate {__version__}"


def _git(_: Path) -> Finding:
    path = shutil.which("git")
    if path is None:
        return "FAIL", "git is not on PATH; install git 2.30 or newer"
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=10)
    return "ok", done.stdout.strip()


def _repository(root: Path) -> Finding:
    top = find_repository(root)
    if top is None:
        return "FAIL", "not a git repository; a release can't be bound to a commit"
    if is_shallow(top):
        return "warn", "the clone is shallow: --base may not find its revision; fetch with full depth"
    commit = head(root)
    if commit is None:
        return "FAIL", "there is no commit yet"
    return "ok", f"commit {commit[:12]}, {len(index_paths(root) or ())} tracked files"


def _policy(root: Path) -> Finding:
    from gate.run import load_policy

    policy = load_policy(root, None)
    return "ok", f"policy {policy.version}, {len(policy.controls)} controls, sha256:{policy.digest[:12]}…"


def _trust(root: Path) -> Finding:
    from gate.run import load_policy
    from gate.signing import trust_of

    trust = trust_of(load_policy(root, None))
    if trust.keys is None and trust.sigstore_root is None:
        return "warn", "no trusted keys: signed evidence can't be verified; see `gate keys`"
    count = len(trust.keys.keys) if trust.keys else 0
    root_note = ", a Sigstore root" if trust.sigstore_root else ""
    return "ok", f"{count} trusted keys{root_note}"


def _clock(_: Path) -> Finding:
    now = datetime.now(UTC)
    if now.year < 2026:
        return "FAIL", f"the clock says {now.date()}; set it, every age depends on it"
    return "ok", f"{now.isoformat(timespec='seconds')} (UTC; ages are counted in UTC whatever TZ says)"


def _pipeline(_: Path) -> Finding:
    found = pipeline_id(os.environ)
    if found == LOCAL and os.environ.get("CI"):
        return "warn", "CI is set, but the CI system is not recognised; attestations will say `local`"
    oidc = "; OIDC available" if os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL") else ""
    return "ok", f"{found}{oidc}"


def _writable(root: Path) -> Finding:
    place = root / ".gate" if (root / ".gate").is_dir() else root
    if not os.access(place, os.W_OK):
        return "warn", f"{place} is read-only; give --out and --output elsewhere"
    free = shutil.disk_usage(place).free
    return ("ok" if free > 200 << 20 else "warn"), f"{place} is writable, {free >> 20:,} MiB free"


def _store(_: Path) -> Finding:
    import duckdb

    return "ok", f"DuckDB {duckdb.__version__}, in memory, no extensions, no network"


_CHECKS: dict[str, Callable[[Path], Finding]] = {
    "gate": _python,
    "git": _git,
    "repository": _repository,
    "policy": _policy,
    "trust": _trust,
    "clock": _clock,
    "pipeline": _pipeline,
    "files": _writable,
    "engine": _store,
}
