"""`gate demo`: the embedded example, blocked for true reasons, fixed for real, released, verified, tampered with.

Every step is a command that is printed before it runs, so that a person can repeat it by hand in the workspace. The
past (months of signed evidence) and throw-away demo keys are made first; nothing outside the workspace changes.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gate.cli import options
from gate.model import GateError, UndecidedError

VERSION = "1.4.0"
WORKSPACE = Path(".gate/demo")
MARKER = ".tenantgate-demo"
CI, SRE, PRIVACY = "release-ci@summit.example", "sre-oncall@summit.example", "privacy-ops@summit.example"
TELEMETRY = "telemetry@summit.example"


def demo(argv: list[str]) -> int:
    """Exit 0 when the story came out as told: blocked, fixed, allowed, verified, and the tampered copy refused."""
    parser = options.Parser("demo", "See the gate block, fix and release the embedded example.")
    parser.add_argument(
        "--workspace", type=options.path, default=WORKSPACE, metavar="DIR", help=f"default: {WORKSPACE}; replaced"
    )
    parser.add_argument("--prepare", action="store_true", help="only make the workspace")
    options.add_terminal(parser)
    arguments = parser.parse_args(argv)
    story = _Story(arguments.workspace.resolve(), quiet=arguments.quiet, color=arguments.color)
    story.prepare()
    if arguments.prepare:
        sys.stdout.write(f"the workspace is {story.show(story.root)}\n")
        return 0
    story.tell()
    return 0


class _Story:
    """The demo's workspace and the commands it runs there."""

    def __init__(self, workspace: Path, *, quiet: bool, color: str) -> None:
        self.workspace = workspace
        self.root = workspace / "summit-internal"
        self.keys = workspace / "keys"
        self.artifact = workspace / "dist" / f"summit-internal-{VERSION}.tar"
        self.quiet = quiet
        self.color = "always" if options.colour(color, sys.stdout) else "never"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GATE_", "GIT_"))}
        identity = {"NAME": "demo", "EMAIL": "demo@summit.example"}
        git = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in identity.items()}
        self.environment = {
            **kept, **git, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PYTHON": sys.executable,
            "GATE_CACHE": str(workspace.resolve() / "cache"),
            "PATH": f"{workspace / 'bin'}{os.pathsep}{kept.get('PATH', os.defpath)}",
        }  # fmt: skip

    def prepare(self) -> None:
        """Copy the example, make keys and the past, commit. Replaces only a workspace that a demo made."""
        _need_service()
        if self.workspace.exists() and any(self.workspace.iterdir()) and not (self.workspace / MARKER).is_file():
            raise GateError(f"--workspace {self.workspace}: not empty and not made by a demo; give another folder")
        self.say("Preparing tenant zero: a small real service, its database, and months of signed evidence.")
        shutil.rmtree(self.workspace, ignore_errors=True)
        for folder in (self.workspace, self.keys, self.artifact.parent, self.workspace / "bin"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.workspace / MARKER).write_text("made by gate demo; replaced by the next one\n", "utf-8")
        # The example's commands say python3 and gate; here both are the ones of this installation.
        # (Scripts, not links: a link beside no pyvenv.cfg would lose the virtual environment.)
        for name, flags in (("python3", ""), ("gate", " -I -m gate")):
            script = self.workspace / "bin" / name
            script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)}{flags} "$@"\n', "utf-8")
            script.chmod(0o755)
        shutil.copytree(_example(), self.root, ignore=shutil.ignore_patterns("__pycache__", "var", "evidence"))
        for name, identity, usage in (
            ("ci", CI, ("attestations", "evidence")),
            ("sre", SRE, ("evidence",)),
            ("privacy", PRIVACY, ("evidence",)),
            ("telemetry", TELEMETRY, ("evidence",)),
        ):
            self.gate("keys", "new", f"../keys/{name}.key", "--no-passphrase", hidden=True)
            usages = [part for u in usage for part in ("--usage", u)]
            self.gate(
                "keys", "trust", f"../keys/{name}.key.pub", "--identity", identity, *usages,
                "--file", "policy/trusted-keys.json", "--start", "2020-01-01T00:00:00Z", hidden=True,
            )  # fmt: skip
        self.command(sys.executable, "generate.py", hidden=True)
        self._sign_the_past()
        self._record_the_past()
        self.say("Half a year of four tenants' events, as they arrived: late, twice, some of no use; all are counted.")
        self.gate("ingest", "var/events", "--key", "../keys/telemetry.key")
        self.git("init", "--quiet", "--initial-branch=main")
        self._commit("tenant zero as it was before the release")

    def tell(self) -> None:
        """Blocked, fixed, allowed, verified, tampered."""
        self.say("Build the release and run its Golden Path.")
        self._build()
        self.gate("ga", "--run-only", "--key", "../keys/ci.key")
        self.say("Ask the gate.")
        self._release("../bundle-blocked", expect=1)

        self.say("Fix 1: run the disaster-recovery drill for real, against the real database.")
        self.gate(
            "drill", "run", "playbooks/dr-restore.yaml", "--execute", "--release", VERSION,
            "--artifact", self._relative(self.artifact), "--requested-by", "release-manager@summit.example",
            "--approved-by", "dr-approver@summit.example", "--key", "../keys/sre.key",
        )  # fmt: skip
        self.say("Fix 2: purge what is due, verify the tombstones, and record the missing week (late, and shown so).")
        self.gate(
            "purge", "record", "--week", self._missing_week(), "--verified-by", "privacy-review@summit.example",
            "--key", "../keys/privacy.key",
        )  # fmt: skip
        self.say("Fix 3: scope the query to its tenant.")
        patch = min((self.root / "fixes").glob("*.patch"))
        self.git("apply", f"fixes/{patch.name}", shown=True)
        self._commit("A download reads the export of the caller's tenant only", shown=True)

        self.say("Build the fixed release, run its Golden Path again, and ask again.")
        self._build()
        self.gate("ga", "--run-only", "--key", "../keys/ci.key")
        self._release("../bundle", expect=0)

        self.say("An auditor checks the bundle, offline.")
        verify = ("verify", "../bundle", "--trusted-keys", "policy/trusted-keys.json")
        self.gate(*verify, "--artifact", self._relative(self.artifact))
        self.say("Somebody changes one byte of a copy.")
        self._tamper()
        self.gate("verify", "../bundle-tampered", *verify[2:], expect=1)
        self.say(f"Done. The bundle is in {self.show(self.workspace / 'bundle')}; open data/reports/report.html in it.")

    def _build(self) -> None:
        self.git(
            "archive", "--format=tar", f"--prefix=summit-internal-{VERSION}/", "-o", self._relative(self.artifact),
            "HEAD", shown=True,
        )  # fmt: skip

    def _release(self, out: str, *, expect: int) -> None:
        self.gate(
            "release", "--version", VERSION, "--artifact", self._relative(self.artifact), "--out", out,
            "--key", "../keys/ci.key", expect=expect,
        )  # fmt: skip

    def _commit(self, message: str, *, shown: bool = False) -> None:
        self.git("add", "--all", shown=shown)
        self.git("commit", "--quiet", "-m", message, shown=shown)

    def _sign_the_past(self) -> None:
        """The records of the past months, signed by those who made them (with the demo's keys)."""
        from attestations import strict_json
        from attestations.predicates import evidence_statement
        from attestations.signers.key import load_key

        for folder, kind, key, identity in (
            ("drills", "drill_report", "sre", SRE),
            ("purges", "purge_manifest", "privacy", PRIVACY),
        ):
            signer = load_key(self.keys / f"{key}.key", None, identity)
            for path in sorted((self.root / "evidence" / folder).glob("*.json")):
                bundle = signer.sign(evidence_statement(kind, strict_json.loads(path.read_bytes())))
                path.with_suffix(".sigstore.json").write_bytes(bundle)
                path.unlink()

    def _record_the_past(self) -> None:
        """What was measured, counted and published over the months: each kind is one signed batch in the store."""
        from gate import recording, run

        policy = run.load_policy(self.root, None)
        signer = recording.signer_for(self.keys / "telemetry.key", policy)
        for path in sorted((self.root / "var" / "records").glob("*.jsonl")):
            recording.record_batch(self.root, path.stem, path, signer, policy)

    def _missing_week(self) -> str:
        """The one week that the past lacks, read from what is there."""
        from gate.run import clock
        from gate.store import calendar_weeks

        present = {p.name.split(".")[0] for p in (self.root / "evidence" / "purges").iterdir()}
        weeks = [name for name, _, _, back in calendar_weeks(clock(None)[0]) if 1 <= back <= 26]
        started = [week for week in weeks if week >= min(present)]
        return next(week for week in started if week not in present)

    def _tamper(self) -> None:
        copy = self.workspace / "bundle-tampered"
        self.command("cp", "-r", "../bundle", "../bundle-tampered", hidden=False)
        target = copy / "data" / "decision.json"
        data = bytearray(target.read_bytes())
        place = data.index(b'"verdict"')
        data[place + 13] ^= 0x01
        target.write_bytes(bytes(data))
        sys.stdout.write(f"# one bit of {self.show(target)} at byte {place + 13} is flipped\n")

    def gate(self, *arguments: str, expect: int = 0, hidden: bool = False) -> None:
        """Run `gate …` in the workspace; anything but the expected exit code ends the demo."""
        tail = [] if arguments[0] in ("keys", "drill", "purge", "ingest") or hidden else ["--color", self.color]
        shown = f"gate {shlex.join(arguments)}"
        self._run([sys.executable, "-I", "-m", "gate", *arguments, *tail], shown, expect=expect, hidden=hidden)

    def git(self, *arguments: str, shown: bool = False) -> None:
        self._run(["git", *arguments], f"git {shlex.join(arguments)}", expect=0, hidden=not shown)

    def command(self, *argv: str, hidden: bool) -> None:
        self._run(list(argv), shlex.join(argv), expect=0, hidden=hidden)

    def _run(self, argv: Sequence[str], shown: str, *, expect: int, hidden: bool) -> None:
        if not hidden:
            sys.stdout.write(f"\n$ {shown}\n")
            sys.stdout.flush()
        try:
            done = subprocess.run(
                argv, cwd=self.root, env=self.environment, check=False, stdin=subprocess.DEVNULL,
                capture_output=hidden,
            )  # fmt: skip
        except FileNotFoundError:
            raise GateError(f"{argv[0]}: not found on PATH; the demo needs git, make and a POSIX shell") from None
        if done.returncode != expect:
            if hidden:
                sys.stderr.write(done.stderr.decode("utf-8", "replace")[-2000:])
            raise UndecidedError(f"demo: `{shown}` ended with {done.returncode}, expected {expect}")

    def say(self, text: str) -> None:
        if not self.quiet:
            sys.stderr.write(f"\n== {text}\n")
            sys.stderr.flush()

    def show(self, path: Path) -> str:
        return os.path.relpath(path)

    def _relative(self, path: Path) -> str:
        return os.path.relpath(path, self.root)


def _example() -> Path:
    """The embedded example: the installed copy, else the checkout's."""
    package = Path(__file__).parent.parent
    for candidate in (package / "examples" / "summit-internal", package.parent / "examples" / "summit-internal"):
        if candidate.is_dir():
            return candidate
    raise GateError("demo: the embedded example is not installed; reinstall tenantgate")


def _need_service() -> None:
    import importlib.util

    if any(importlib.util.find_spec(name) is None for name in ("fastapi", "uvicorn")):
        raise GateError("demo: the example service needs FastAPI; install tenantgate[demo]")
    for tool in ("git", "make"):
        if shutil.which(tool) is None:
            raise GateError(f"demo: {tool} is not on PATH")
