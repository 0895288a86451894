"""`gate init`: the files a repository needs to be judged, made from what is found in it."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gate import __version__, run
from gate.cli import options
from gate.cli.classifying import starter
from gate.collect.scanning import model_of, scanned
from gate.model import GateError, UndecidedError
from gate.report.escape import line
from gate.report.outline import count
from gate.tree import WorkTree
from gate.writing import write_file, write_new

if TYPE_CHECKING:
    from lints.tenancy import Model

CONFIG, TENANCY, WORKFLOW = "gate.yaml", "tenancy.yaml", ".github/workflows/tenantgate.yml"
GOLDEN_PATH = ("bootstrap", "up", "smoke")
MAX_READ, MAX_FILES = 1 << 20, 400
_THERE = f"{CONFIG}: is there already; see `gate doctor` and `gate check`"

# What only one dialect writes. The count decides; PostgreSQL, the default, needs no mark of its own.
_MARKS = {
    "mysql": re.compile(rb"\bENGINE\s*=\s*InnoDB|\bAUTO_INCREMENT\b", re.IGNORECASE),
    "sqlite": re.compile(rb"\bAUTOINCREMENT\b|\bWITHOUT\s+ROWID\b", re.IGNORECASE),
    "tsql": re.compile(rb"\bIDENTITY\s*\(\s*1\s*,\s*1\s*\)|\bNVARCHAR\b", re.IGNORECASE),
    "postgres": re.compile(rb"\bTIMESTAMPTZ\b|\bJSONB\b|\bBIGSERIAL\b|\bSERIAL\b|::[a-z]", re.IGNORECASE),
}
_PROVIDER = re.compile(rb"\bprovider\s*=\s*\"(mysql|sqlite|sqlserver|postgresql|cockroachdb)\"")
_PROVIDERS = {
    "mysql": "mysql",
    "sqlite": "sqlite",
    "sqlserver": "tsql",
    "postgresql": "postgres",
    "cockroachdb": "postgres",
}
_WILD = re.compile(r"[*?\[\]!\\]")
_TARGET = re.compile(rb"^([A-Za-z][A-Za-z0-9_-]*)\s*:(?!=)", re.MULTILINE)

_WORKFLOW = """\
name: tenantgate
on: pull_request
permissions: {}
jobs:
  check:
    runs-on: ubuntu-latest
    timeout-minutes: 15
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
        with:
          fetch-depth: 0 # the base revision is where policy and waivers come from
          persist-credentials: false
      - run: pipx install tenantgate==%s
      - run: gate check --rev HEAD --base "origin/$BASE" --output github
        env:
          BASE: ${{ github.base_ref }}
"""


def init(argv: list[str]) -> int:
    """Write gate.yaml, tenancy.yaml and, on GitHub, a workflow; files that are there are never touched."""
    parser = options.Parser("init", "Write the files with which this repository is judged, from what is found in it.")
    options.add_root(parser)
    parser.add_argument("--project", type=options.text, metavar="NAME", help="default: the folder's name")
    parser.add_argument("--dialect", type=options.text, metavar="SQL", help="default: what the schema looks like")
    arguments = parser.parse_args(argv)
    root = arguments.root.resolve()
    if (root / CONFIG).exists():
        raise GateError(_THERE)
    tree = WorkTree(root)
    paths = tree.paths()
    dialect = arguments.dialect or _dialect(tree, paths)
    github = any(path.startswith(".github/") for path in paths) or _on_github(root)
    configured = partial(
        _config, arguments.project or _name(root), dialect, _golden_path(root),
        gitlab=".gitlab-ci.yml" in paths, github=github,
    )  # fmt: skip
    files = {TENANCY: b"version: 1\n", **({WORKFLOW: (_WORKFLOW % __version__).encode()} if github else {})}
    files[CONFIG] = configured({}).encode()
    written = [name for name, data in files.items() if write_new(root / name, data)]
    try:
        if CONFIG not in written:
            raise GateError(_THERE)
        tree, policy = WorkTree(root), run.load_policy(root, None)
        code = scanned(tree, policy)
        lost = {
            **{(u.path, u.line): u.reason for u in code.unread},
            **{(u.path, u.line): u.reason for u in code.facts.unanalysed},
        }
        model, _ = model_of(tree, policy)
        if TENANCY in written:
            write_file(root / TENANCY, starter(model).encode())
        packed = {path: reason for (path, _), reason in lost.items() if _packed(tree, path)}
        if packed:
            write_file(root / CONFIG, configured(packed).encode())
    except (GateError, UndecidedError):
        for name in written:
            (root / name).unlink(missing_ok=True)
        raise
    unread = {place: reason for place, reason in sorted(lost.items()) if place[0] not in packed}
    for (path, number), reason in unread.items():
        sys.stderr.write(f"gate: not read: {line(path)}:{number}: {line(reason, 200)}\n")
    sys.stdout.write(_told(model, written, dialect, packed=len(packed), unread=bool(unread)))
    return 0


def _packed(tree: WorkTree, path: str) -> bool:
    """Whether a file is what a tool wrote: nobody repairs it, so that leaving it out is the only thing to propose."""
    from lints.examine import MAX_LINE
    from lints.schema.paths import path_class

    if _WILD.search(path):
        return False  # `source.exclude` would take it for a pattern
    try:
        data = tree.read(path)
    except (GateError, UndecidedError, FileNotFoundError):
        return False
    return path_class(path) == "generated" or max(map(len, data.splitlines()), default=0) > MAX_LINE


def candidates(model: Model) -> list[str]:
    """What to write where nothing says who the tenants are: the columns by which several tables refer to one that
    refers to no other, those that people belong to and the most used first."""
    from lints.schema.tenants import has_people, people_name, personal

    tied: dict[tuple[str, str], set[str]] = {}
    for name, table in model.tables.items():
        for key in table.foreign_keys:
            target = model.tables.get(key.references)
            if target is None or len(key.columns) != 1 or key.references == name or key.columns == table.primary_key:
                continue
            if not personal(target) and all(up.references == key.references for up in target.foreign_keys):
                tied.setdefault((key.columns[0], key.references), set()).add(name)

    def distance(column: str, root: str) -> int:
        if people_name(model.tables.values(), column):
            return 0
        return 1 if has_people(model.tables.values(), {root}, {column}) else 2

    several = sorted(
        (distance(column, root), -len(names), column, root, sorted(names))
        for (column, root), names in tied.items()
        if len(names) > 1
    )
    return [
        f"`tenant_columns: [{line(column)}]  # {', '.join(map(line, names[:3]))} refer to {line(root)}`"
        for _, _, column, root, names in several[:2]
    ]


def _told(model: Model, written: list[str], dialect: str, *, packed: int, unread: bool) -> str:
    owned = Counter(str(table.ownership) for table in model.tables.values())
    found = ", ".join(f"{number} {line(name)}" for name, number in sorted(owned.items()))
    lines = [
        f"wrote {', '.join(written)}",
        f"{count(len(model.tables), 'table')} ({dialect}){f': {found}' if found else ''}",
    ]
    if not model.tables:
        lines.append("  no schema was found: name the scripts under source.migrations in gate.yaml")
    if model.tables and not (owned["owned"] or owned["root"]):
        lines.append(f"  no table names a tenant: say under tenant_columns in {TENANCY} which column does, if one does")
        lines += [f"  perhaps {candidate}" for candidate in candidates(model)]
    if owned["unknown"]:
        lines.append(f"  whose rows the unknown ones hold has to be said in {TENANCY}")
    if packed:
        names = "what a tool has packed is not analysed"
        lines.append(f"  {names}: {count(packed, 'file')} under source.exclude in {CONFIG}, for you to confirm")
    if unread:
        lines.append(
            f"  what is not read blocks until it can be, or stands under source.exclude in {CONFIG} with a reason"
        )
    lines += [
        "next:",
        "  gate check                       what it says today",
        "  gate tenancy show                which tables are a tenant's, and why",
        "  gate baseline write              set today's findings aside; they may only shrink",
        "  gate explain TENSQL001           why a control is there, and how to repair what it finds",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _config(
    project: str, dialect: str, steps: list[str], packed: Mapping[str, str], *, github: bool, gitlab: bool
) -> str:
    packs = ["tenancy", *(["governance"] if github or gitlab else []), *(["golden-path"] if steps else [])]
    lines = [
        "# What TenantGate holds this repository to. `gate schema gate_config` prints the schema of this file.",
        "version: 1",
        f'policy_version: "{datetime.now(UTC):%Y.%m}.1" # yours; it stands in every report and attestation',
        f"project: {json.dumps(project)}",
        f"packs: [{', '.join(sorted(packs))}] # `gate controls` lists what each demands",
        "",
        "source:",
        f"  dialect: {dialect}",
        *(["  exclude: # packed by a tool; nothing in them is judged"] if packed else []),
        *(
            f"    - {{path: {json.dumps(path)}, reason: {json.dumps(f'packed by a tool: {reason}')}}}"
            for path, reason in sorted(packed.items())
        ),
        f"tenancy: {TENANCY}",
    ]
    if steps:
        lines += ["", "golden_path: # `gate ga` runs these"]
        lines += [f"  - {{name: {step}, run: [make, {step}]}}" for step in steps]
    if gitlab and not github:
        lines += [
            "",
            "# The pack governance wants a job that runs the gate. In .gitlab-ci.yml:",
            "#   tenantgate:",
            '#     rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event"}]',
            "#     variables: {GIT_DEPTH: 0}",
            "#     script:",
            f"#       - pipx install tenantgate=={__version__}",
            "#       - gate check --rev HEAD --base origin/$CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _name(root: Path) -> str:
    found = re.sub(r"[^A-Za-z0-9._-]+", "-", root.name).strip("-._")
    return found or "my-service"


def _dialect(tree: WorkTree, paths: Sequence[str]) -> str:
    """The dialect whose marks most scripts bear; PostgreSQL when none does."""
    found: Counter[str] = Counter()
    for path in [p for p in paths if p.lower().endswith((".sql", ".prisma"))][:MAX_FILES]:
        try:
            data = tree.read(path, limit=MAX_READ)
        except (GateError, UndecidedError, FileNotFoundError):
            continue  # the model tells what it could not read
        stated = _PROVIDER.search(data) if path.lower().endswith(".prisma") else None
        if stated is not None:  # it says so; `autoincrement()` is a word of every provider
            found[_PROVIDERS[stated.group(1).decode()]] += MAX_FILES
        elif not path.lower().endswith(".prisma"):
            found.update(name for name, mark in _MARKS.items() if mark.search(data))
    return max(found, key=lambda name: (found[name], name == "postgres"), default="postgres")


def _golden_path(root: Path) -> list[str]:
    """The targets of the Golden Path, when the Makefile has all of them."""
    try:
        data = (root / "Makefile").read_bytes()[:MAX_READ]
    except OSError:
        return []
    targets = {name.decode() for name in _TARGET.findall(data)}
    return list(GOLDEN_PATH) if targets.issuperset(GOLDEN_PATH) else []


def _on_github(root: Path) -> bool:
    try:
        return b"github.com" in (root / ".git" / "config").read_bytes()[:MAX_READ]
    except OSError:
        return False
