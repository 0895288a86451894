"""The tenant lint over a tree of 10,000 files: cold, after a change, unchanged; beside Semgrep and git, in one run.

python bench/lint.py                    # a generated tree, the same every time
python bench/lint.py --tree ~/src/app   # a real one; it is copied, and the copy is changed
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from measure import Sample, once, table
from trees import generate

ROOT = Path(__file__).resolve().parent.parent
SCAN = [sys.executable, str(Path(__file__).resolve().parent / "scan.py")]


FEW, ALL = "semgrep scan, 1 job, 8 rules", "semgrep scan, 1 job, every family of calls"
COLD, CHANGED, UNCHANGED = "scan, cold, 1 worker", "scan after 10 files changed", "scan, unchanged"
ANEW, AGAIN = "scan after 10 files changed in a new checkout", "scan, unchanged, in a new checkout"
GIT = "git ls-files and hash-object"
Rule = dict[str, object]

RULES = {
    "rules": [
        {
            "id": "raw-sql", "languages": ["python"], "severity": "ERROR", "message": "raw SQL without the tenant",
            "patterns": [
                {"pattern-either": [{"pattern": "$C.execute($Q, ...)"}, {"pattern": "$C.execute($Q)"}]},
                {"metavariable-regex": {"metavariable": "$Q", "regex": "(?i)(?!.*tenant_id).*\\b(select|update|delete)\\b"}},
            ],
        },
        {
            "id": "django-filter", "languages": ["python"], "severity": "ERROR", "message": "no tenant key",
            "patterns": [
                {"pattern": "$M.objects.filter(...)"}, {"pattern-not": "$M.objects.filter(..., tenant_id=$T, ...)"},
            ],
        },
        {"id": "django-all", "languages": ["python"], "severity": "ERROR", "message": "all rows", "pattern": "$M.objects.all()"},
        {
            "id": "ts-query", "languages": ["typescript"], "severity": "ERROR", "message": "raw SQL without the tenant",
            "patterns": [
                {"pattern": "$C.query($Q, ...)"},
                {"metavariable-regex": {"metavariable": "$Q", "regex": "(?i)(?!.*tenant_id).*\\b(select|update|delete)\\b"}},
            ],
        },
        {
            "id": "prisma", "languages": ["typescript"], "severity": "ERROR", "message": "no tenant key",
            "patterns": [
                {"pattern": "$P.$M.findFirst({where: $W})"}, {"pattern-not": "$P.$M.findFirst({where: {..., tenantId, ...}})"},
            ],
        },
        {"id": "java-query", "languages": ["java"], "severity": "ERROR", "message": "raw SQL", "pattern": "$C.query($Q, ...)"},
        {"id": "go-query", "languages": ["go"], "severity": "ERROR", "message": "raw SQL", "pattern": "$C.QueryContext($X, $Q, ...)"},
        {"id": "ruby-exec", "languages": ["ruby"], "severity": "ERROR", "message": "raw SQL", "pattern": "$C.exec_params($Q, ...)"},
    ]
}  # fmt: skip
"""What the same intent is in Semgrep's patterns, for the calls of the generated tree; a proof it can't give."""
SQL = "(?is)(?!.*tenant_id).*\\b(select|update|delete)\\b"


def rule(
    name: str, languages: str, pattern: str, calls: str = "", *, unless: Sequence[str] = (), text: str = ""
) -> Rule:
    """A rule of Semgrep: `pattern` with CALL as each of some names, none of other patterns, and what `$Q` must be.

    The names are written out, and not asked of a metavariable: so Semgrep can pass over files that have none of them.
    """
    names = calls.split() or [""]
    patterns: list[object] = [{"pattern-either": [{"pattern": pattern.replace("CALL", name)} for name in names]}]
    patterns += [{"pattern-not": other.replace("CALL", "$F")} for other in unless]
    if text:
        patterns.append({"metavariable-regex": {"metavariable": "$Q", "regex": text}})
    return {
        "id": name, "languages": languages.split(), "severity": "ERROR", "message": "not tied to the tenant",
        "patterns": patterns,
    }  # fmt: skip


SCRIPTS = "typescript javascript"
FAMILIES = {
    "rules": [
        rule("python-sql", "python", "$C.CALL($Q, ...)", "execute executemany fetch fetchrow fetchval fetchone fetchall raw", text=SQL),
        rule("django", "python", "$M.objects.CALL(...)", "all filter get exclude first count exists update delete get_or_create", unless=["$M.objects.CALL(..., tenant_id=$T, ...)", "$M.objects.CALL(..., tenant=$T, ...)"]),
        rule("django-or-404", "python", "get_object_or_404($M, ...)", unless=["get_object_or_404($M, ..., tenant_id=$T, ...)"]),
        rule("sqlalchemy", "python", "CALL($M)", "select $S.query", unless=["select($M).where(..., $M.tenant_id == $T, ...)"]),
        rule("python-mongo", "python", "$C.CALL({...}, ...)", "find_one update_one update_many delete_one delete_many count_documents", unless=['$C.CALL({..., "tenant_id": $T, ...}, ...)']),
        rule("python-redis", "python", "$R.CALL($Q, ...)", "setex hget hset mget incr expire", text="(?!.*tenant)"),
        rule("python-search", "python", "$E.search(index=$I, ...)"),
        rule("script-sql", SCRIPTS, "$C.CALL($Q, ...)", "query execute raw any one none many oneOrNone manyOrNone unsafe $queryRawUnsafe $executeRawUnsafe", text=SQL),
        rule("prisma", SCRIPTS, "$P.$M.CALL({..., where: $W, ...})", "findMany findFirst findUnique findFirstOrThrow findUniqueOrThrow update updateMany delete deleteMany count upsert", unless=["$P.$M.CALL({..., where: {..., tenantId: $T, ...}, ...})", "$P.$M.CALL({..., where: {..., tenantId, ...}, ...})"]),
        rule("typeorm", SCRIPTS, "$R.CALL({where: $W, ...})", "find findOne findBy findOneBy findAndCount count", unless=["$R.CALL({where: {..., tenantId: $T, ...}, ...})"]),
        rule("typeorm-builder", SCRIPTS, "$R.createQueryBuilder(...)"),
        rule("drizzle", SCRIPTS, "$D.select(...).from($T)", unless=["$D.select(...).from($T).where(..., eq($T.tenantId, $X), ...)"]),
        rule("knex", SCRIPTS, "knex($T).where(...)", unless=["knex($T).where({..., tenant_id: $X, ...})"]),
        rule("mongoose", SCRIPTS, "$M.CALL({...}, ...)", "findOne updateOne updateMany deleteOne deleteMany countDocuments findOneAndUpdate", unless=["$M.CALL({..., tenantId: $T, ...}, ...)"]),
        rule("script-redis", SCRIPTS, "$R.CALL($Q, ...)", "setex hget hset mget incr expire", text="(?!.*[tT]enant)"),
        rule("script-search", SCRIPTS, "$E.search({..., index: $I, ...})"),
        rule("java-sql", "java", "$C.CALL($Q, ...)", "query queryForObject queryForList update execute prepareStatement createNativeQuery createQuery", text=SQL),
        rule("jpa", "java", "$R.CALL(...)", "findById findAll deleteById"),
        rule("go-sql", "go", "$C.CALL($Q, ...)", "Query QueryRow Exec Get Select", text=SQL),
        rule("go-sql-context", "go", "$C.CALL($X, $Q, ...)", "QueryContext QueryRowContext ExecContext GetContext SelectContext Get Select", text=SQL),
        rule("gorm", "go", "$D.Where($Q, ...).CALL(...)", "First Find Take Delete Updates", text="(?!.*tenant_id)"),
        rule("ruby-sql", "ruby", "$C.CALL($Q, ...)", "exec_params exec execute exec_query find_by_sql select_all", text=SQL),
        rule("active-record", "ruby", "$M.where(...)", unless=["$M.where(..., tenant_id: $T, ...)"]),
    ]
}  # fmt: skip
"""The same for every family of calls that the lint reads, in trees of any kind; those of our pack that ask whose word a
tenant is, as the lint does, come on top."""
PACK = [ROOT / "rules/code-patterns/semgrep" / name for name in ("tenant-from-request.yaml", "background-work.yaml")]


ADDED = {
    ".py": "\ndef added_{n}(c, id):\n    c.execute('DELETE FROM boats WHERE id = %s', (id,))\n",
    ".ts": "\nexport const added{n} = (c: any, id: string) => c.query('DELETE FROM boats WHERE id = $1', [id]);\n",
    ".go": "\nfunc added{n}(c *sql.DB, id string) {{ c.Exec(`DELETE FROM boats WHERE id = $1`, id) }}\n",
    ".rb": "\ndef added_{n}(c, id)\n  c.exec_params('DELETE FROM boats WHERE id = $1', [id])\nend\n",
}
"""A function more, by the ending of the file."""


def touched(paths: Sequence[Path]) -> list[Path]:
    """Ten files that lie together, of the language that most files are of."""
    by_ending = [sorted(path for path in paths if path.suffix == ending) for ending in ADDED]
    most = max(by_ending, key=len)
    return most[5:105:10] if len(most) >= 105 else most[:10]


def change(paths: Sequence[Path], round_number: int) -> None:
    """Another function in each of the files."""
    for path in paths:
        with path.open("a") as file:
            file.write(ADDED[path.suffix].format(n=round_number))


def check_out_anew(paths: Sequence[Path]) -> None:
    """No stamp of a file is what it was: as in a pipeline, where the memory comes from another machine."""
    for path in paths:
        os.utime(path)


def tracked(root: Path) -> list[Path]:
    """The files that git lists and that are files: no symbolic links, no submodules."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout
    paths = [root / os.fsdecode(name) for name in listing.split(b"\0") if name and b"\n" not in name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def rounds(root: Path, work: Path, count: int) -> Iterator[tuple[str, Sample]]:
    """One after the other, `count` times over, so that all rows see the same machine."""
    (work / "rules.json").write_text(json.dumps(RULES))
    (work / "families.json").write_text(json.dumps(FAMILIES))
    semgrep = [
        str(Path(sys.executable).parent / "semgrep"), "scan", "--experimental", "--metrics=off",
        "--disable-version-check", "--oss-only", "--quiet", "--json", "--no-git-ignore", "--max-target-bytes", "0",
        "--jobs", "1", str(root),
    ]  # fmt: skip
    rules = ["--config", str(work / "rules.json")]
    families = [argument for path in (work / "families.json", *PACK) for argument in ("--config", str(path))]
    paths = tracked(root)
    (work / "paths").write_text("".join(f"{path.relative_to(root)}\n" for path in paths))
    hashing = (
        f"cd {root} && git ls-files >/dev/null && git hash-object --stdin-paths --no-filters <{work}/paths >/dev/null"
    )
    changing = touched(paths)
    for number in range(count):
        yield FEW, once([*semgrep, *rules])
        yield ALL, once([*semgrep, *families])
        shutil.rmtree(work / "cache", ignore_errors=True)
        yield COLD, once([*SCAN, str(root), "--cache", str(work / "cache"), "--workers", "1"])
        yield "scan, without a cache", once([*SCAN, str(root)])
        change(changing, number)
        yield CHANGED, once([*SCAN, str(root), "--cache", str(work / "cache")])
        yield UNCHANGED, once([*SCAN, str(root), "--cache", str(work / "cache")])
        change(changing, number)
        check_out_anew(paths)
        yield ANEW, once([*SCAN, str(root), "--cache", str(work / "cache")])
        check_out_anew(paths)
        yield AGAIN, once([*SCAN, str(root), "--cache", str(work / "cache")])
        yield GIT, once(["sh", "-c", hashing])
        yield "python starts", once([sys.executable, "-c", "pass"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tree", type=Path, help="a real tree instead of the generated one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work, root = Path(folder), Path(folder, "tree")
        if arguments.tree is not None:
            shutil.copytree(arguments.tree, root, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        else:
            generate(root, arguments.files)
        git = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
        for argv in (["git", "init", "-q"], ["git", "add", "-A"]):
            subprocess.run(argv, cwd=root, env=git, check=True)
        paths = tracked(root)
        size = sum(path.stat().st_size for path in paths)
        samples: dict[str, list[Sample]] = {}
        for name, sample in rounds(root, work, arguments.rounds):
            samples.setdefault(name, []).append(sample)
        sys.stdout.write(table(f"{len(paths)} files, {size / 1e6:.0f} MB", samples))
        done = subprocess.run(
            [*SCAN, str(root)], capture_output=True, text=True, check=True
        )  # fmt: skip
        sys.stdout.write(f"\n{done.stdout}")
        for name, other in (
            (COLD, FEW), (COLD, ALL), (CHANGED, COLD), (ANEW, COLD), (UNCHANGED, COLD), (UNCHANGED, GIT), (AGAIN, GIT)
        ):  # fmt: skip
            share = statistics.median(a.cpu / b.cpu for a, b in zip(samples[name], samples[other], strict=True))
            sys.stdout.write(f"{name}: {share:.2f} x the CPU time of {other}\n")


if __name__ == "__main__":
    main()
