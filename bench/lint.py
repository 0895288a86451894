"""The tenant lint over a tree of 10,000 files: cold, after a change, unchanged; beside Semgrep and git, in one run.

python bench/lint.py                    # a generated tree, the same every time
python bench/lint.py --tree ~/src/app   # a real one; it is copied, and the copy is changed
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from measure import Sample, once, table

ROOT = Path(__file__).resolve().parent.parent
SCAN = [sys.executable, str(Path(__file__).resolve().parent / "scan.py")]


FEW, ALL = "semgrep scan, 1 job, 8 rules", "semgrep scan, 1 job, every family of calls"
COLD, CHANGED, UNCHANGED = "scan, cold, 1 worker", "scan after 10 files changed", "scan, unchanged"
GIT = "git ls-files and hash-object"
Rule = dict[str, object]


def listed(text: str) -> list[str]:
    return text.split()


NOUNS = listed(
    "boat berth crew fleet harbour invoice logbook mooring order payment permit quota receipt route sail shift tariff"
    " ticket vessel voyage waypoint weather winch yard"
)
VERBS = listed(
    "assign cancel check close collect count create export find import list load merge move plan read sync update"
)

MIGRATION = "CREATE TABLE tenants (id uuid PRIMARY KEY, name text NOT NULL);\n" + "".join(
    f"CREATE TABLE {noun}s (\n  id uuid PRIMARY KEY,\n  tenant_id uuid NOT NULL REFERENCES tenants (id),\n"
    f"  name text NOT NULL,\n  status text NOT NULL DEFAULT 'open',\n  total numeric NOT NULL DEFAULT 0,\n"
    f"  created_at timestamptz NOT NULL DEFAULT now(),\n  UNIQUE (tenant_id, name)\n);\n"
    f"CREATE INDEX {noun}s_tenant ON {noun}s (tenant_id, created_at);\n"
    for noun in NOUNS
)
PYTHON_PLAIN = '''
    def {verb}_{noun}_{n}(self, items: list[dict[str, str]], limit: int = {n}) -> dict[str, int]:
        """Group what is open by its status, and count no more than the limit."""
        found: dict[str, int] = {{}}
        for position, item in enumerate(items):
            if position >= limit or item.get("status") != "open":
                continue
            label = f"{{item['name']}}-{{position % 7}}"
            found[label] = found.get(label, 0) + 1
            if found[label] > self.settings.maximum_{noun}:
                raise ValueError(f"{noun} {{label}} has more than {{self.settings.maximum_{noun}}} entries")
        self.log.info("{verb} of %d {noun}s took %s", len(found), self.clock.elapsed())
        return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))
'''
PYTHON_SQL = """
    def {verb}_{noun}_{n}_rows(self, tenant_id: str, name: str | None = None) -> list[Row]:
        query = "SELECT id, name, total FROM {noun}s WHERE {where} AND created_at > %s"
        if name is not None:
            query += " AND name = %s"
        with self.pool.connection() as connection:
            return connection.execute(query, (tenant_id, self.since, name)).fetchall()
"""
DJANGO = """
    def {verb}_{noun}_{n}_entry(self, request, pk):
        return {Noun}.objects.filter({filter}).order_by("-created_at").first()
"""
SCRIPT_PLAIN = """
  {verb}{Noun}{n}(items: Item[], limit = {n}): Map<string, number> {{
    const found = new Map<string, number>();
    for (const [position, item] of items.entries()) {{
      if (position >= limit || item.status !== 'open') continue;
      const label = `${{item.name}}-${{position % 7}}`;
      found.set(label, (found.get(label) ?? 0) + 1);
      if ((found.get(label) ?? 0) > this.settings.maximum{Noun}) {{
        throw new Error(`{noun} ${{label}} has too many entries`);
      }}
    }}
    this.logger.debug({{ count: found.size }}, 'finished to {verb} {noun}s');
    return new Map([...found].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])));
  }}
"""
SCRIPT_SQL = """
  async {verb}{Noun}{n}Rows(tenantId: string, id: string): Promise<Row[]> {{
    const result = await this.pool.query('SELECT id, name, total FROM {noun}s WHERE {where} ORDER BY created_at', [tenantId, id]);
    return result.rows;
  }}
"""
PRISMA = """
  {verb}{Noun}{n}Entry(tenantId: string, id: string) {{
    return this.prisma.{noun}.findFirst({{ where: {{ {filter} }} }});
  }}
"""
BRACES_PLAIN = """
    {head} {verb}{Noun}{n}(int limit) {{
        int found = 0;
        for (int position = 0; position < limit; position++) {{
            if (position % 7 == {n} % 7 || this.skipped(position)) {{ continue; }}
            found += this.weigh(position, "{noun}");
        }}
        if (found > this.maximum{Noun}) {{ throw new IllegalStateException("too many {noun}s"); }}
        return found;
    }}
"""
JAVA_SQL = """
    public List<Row> {verb}{Noun}{n}Rows(String tenantId, String id) {{
        return jdbc.query("SELECT id, name FROM {noun}s WHERE {where}", mapper, tenantId, id);
    }}
"""
GO_PLAIN = """
func (s *Service) {Verb}{Noun}{n}(items []Item, limit int) (map[string]int, error) {{
	found := make(map[string]int)
	for position, item := range items {{
		if position >= limit || item.Status != "open" {{
			continue
		}}
		label := fmt.Sprintf("%s-%d", item.Name, position%7)
		found[label]++
		if found[label] > s.maximum{Noun} {{
			return nil, fmt.Errorf("{noun} %s has too many entries", label)
		}}
	}}
	return found, nil
}}
"""
GO_SQL = """
func (s *Service) {Verb}{Noun}{n}Rows(ctx context.Context, tenantID, id string) (*sql.Rows, error) {{
	return s.db.QueryContext(ctx, `SELECT id, name, total FROM {noun}s WHERE {where}`, tenantID, id)
}}
"""
RUBY_PLAIN = """
  def {verb}_{noun}_{n}(items, limit = {n})
    found = Hash.new(0)
    items.first(limit).each do |item|
      next unless item[:status] == "open"
      found["#{{item[:name]}}-#{{item[:rank]}}"] += 1
    end
    raise ArgumentError, "too many {noun}s" if found.values.sum > maximum
    found.sort_by {{ |label, count| [-count, label] }}.to_h
  end
"""
RUBY_SQL = """
  def {verb}_{noun}_{n}_rows(tenant_id, id)
    connection.exec_params("SELECT id, name FROM {noun}s WHERE {where}", [tenant_id, id])
  end
"""
WHERE = ("tenant_id = {a} AND id = {b}", "id = {b} AND status <> {a}", "tenant_id = {a} AND status = {b}")


def body(rng: random.Random, plain: str, sql: str, count: int, share: float, marks: tuple[str, str]) -> str:
    """So many functions, a share of them with a statement."""
    out = []
    for n in range(count):
        noun, verb = rng.choice(NOUNS), rng.choice(VERBS)
        names = {
            "noun": noun,
            "Noun": noun.title(),
            "verb": verb,
            "Verb": verb.title(),
            "n": n + 3,
            "head": "public int",
        }
        out.append(plain.format(**names))
        if rng.random() < share:
            where = rng.choice(WHERE).format(a=marks[0], b=marks[1])
            filters = {"py": "tenant_id=request.tenant.id, pk=pk", "ts": "tenantId, id"}
            scoped = rng.random() < 0.7
            filter_ = filters["py" if "request" in sql else "ts"] if scoped else ("pk=pk" if "request" in sql else "id")
            out.append(sql.format(**names, where=where, filter=filter_))
    return "".join(out)


def python(rng: random.Random, share: float) -> str:
    sql = rng.choice((PYTHON_SQL, DJANGO))
    head = "import logging\nfrom dataclasses import dataclass\n\nfrom app.models import *\n\n\nclass Service:\n"
    return head + body(rng, PYTHON_PLAIN, sql, rng.randrange(2, 9), share, ("%s", "%s"))


def script(rng: random.Random, share: float) -> str:
    sql = rng.choice((SCRIPT_SQL, PRISMA))
    head = (
        "import { Pool } from 'pg';\nimport type { Item, Row, Settings } from '../types';\n\nexport class Service {\n"
    )
    return head + body(rng, SCRIPT_PLAIN, sql, rng.randrange(2, 9), share, ("$1", "$2")) + "}\n"


def java(rng: random.Random, share: float) -> str:
    head = "package app;\n\nimport java.util.List;\n\npublic class Service {\n"
    return head + body(rng, BRACES_PLAIN, JAVA_SQL, rng.randrange(3, 12), share, ("?", "?")) + "}\n"


def go(rng: random.Random, share: float) -> str:
    head = 'package app\n\nimport (\n\t"context"\n\t"database/sql"\n\t"fmt"\n)\n'
    return head + body(rng, GO_PLAIN, GO_SQL, rng.randrange(2, 9), share, ("$1", "$2"))


def ruby(rng: random.Random, share: float) -> str:
    return "class Service\n" + body(rng, RUBY_PLAIN, RUBY_SQL, rng.randrange(3, 12), share, ("$1", "$2")) + "end\n"


def words(rng: random.Random, _: float) -> str:
    lines = (" ".join(rng.choice(NOUNS + VERBS) for _ in range(12)) for _ in range(rng.randrange(20, 120)))
    return "\n".join(lines) + "\n"


KINDS: tuple[tuple[int, str, Callable[[random.Random, float], str]], ...] = (
    (30, "services/api/app{folder}/{name}.py", python), (34, "web/packages/p{folder}/src/{name}.ts", script),
    (8, "web/packages/p{folder}/src/{name}.tsx", script), (6, "jobs/m{folder}/src/Service{name}.java", java),
    (6, "edge/pkg{folder}/{name}.go", go), (4, "legacy/lib{folder}/{name}.rb", ruby), (12, "docs/d{folder}/{name}.md", words),
)  # fmt: skip


def generate(root: Path, files: int) -> None:
    """A tree of so many files, the same every time: about one file in six holds statements."""
    rng = random.Random(7)
    (root / "db/migrations").mkdir(parents=True)
    (root / "db/migrations/0001.sql").write_text(MIGRATION)
    models = "".join(
        f"class {noun.title()}(models.Model):\n    tenant = models.ForeignKey('Tenant', on_delete=models.CASCADE)\n"
        "    name = models.TextField()\n    created_at = models.DateTimeField()\n\n"
        for noun in NOUNS
    )
    (root / "services/api").mkdir(parents=True)
    (root / "services/api/models.py").write_text(
        f"from django.db import models\n\nclass Tenant(models.Model):\n    pass\n\n{models}"
    )
    entities = "".join(
        f"model {noun.title()} {{\n  id String @id\n  tenantId String\n  tenant Tenant @relation(fields: [tenantId], references: [id])\n}}\n"
        for noun in NOUNS
    )
    backs = "".join(f"  {noun}s {noun.title()}[]\n" for noun in NOUNS)
    (root / "web/prisma").mkdir(parents=True)
    (root / "web/prisma/schema.prisma").write_text(f"model Tenant {{\n  id String @id\n{backs}}}\n{entities}")
    weights = [weight for weight, _, _ in KINDS]
    for number in range(files - 3):
        _, pattern, make = rng.choices(KINDS, weights)[0]
        path = root / pattern.format(folder=number % 97, name=f"{rng.choice(NOUNS)}_{number}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(make(rng, 0.5 if rng.random() < 0.25 else 0.0))


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


def change(root: Path, paths: list[Path], round_number: int) -> None:
    """Another function in each of ten files."""
    for path in paths:
        with path.open("a") as file:
            file.write(f"\ndef added_{round_number}(c, id):\n    c.execute('DELETE FROM boats WHERE id = %s', (id,))\n")


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
    hashing = f"cd {root} && git ls-files | git hash-object --stdin-paths --no-filters >/dev/null"
    touched = sorted(root.rglob("*.py"))[5:105:10]
    for number in range(count):
        yield FEW, once([*semgrep, *rules])
        yield ALL, once([*semgrep, *families])
        shutil.rmtree(work / "cache", ignore_errors=True)
        yield COLD, once([*SCAN, str(root), "--cache", str(work / "cache"), "--workers", "1"])
        yield "scan, without a cache", once([*SCAN, str(root)])
        change(root, touched, number)
        yield CHANGED, once([*SCAN, str(root), "--cache", str(work / "cache")])
        yield UNCHANGED, once([*SCAN, str(root), "--cache", str(work / "cache")])
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
        size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)
        count = sum(1 for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)
        samples: dict[str, list[Sample]] = {}
        for name, sample in rounds(root, work, arguments.rounds):
            samples.setdefault(name, []).append(sample)
        sys.stdout.write(table(f"{count} files, {size / 1e6:.0f} MB", samples))
        done = subprocess.run(
            [*SCAN, str(root)], capture_output=True, text=True, check=True
        )  # fmt: skip
        sys.stdout.write(f"\n{done.stdout}")
        for name, other in (
            (COLD, FEW), (COLD, ALL), (CHANGED, COLD), (UNCHANGED, COLD), (UNCHANGED, GIT)
        ):  # fmt: skip
            share = statistics.median(a.cpu / b.cpu for a, b in zip(samples[name], samples[other], strict=True))
            sys.stdout.write(f"{name}: {share:.2f} x the CPU time of {other}\n")


if __name__ == "__main__":
    main()
