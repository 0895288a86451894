"""A tree of source code with the shape of the median project, the same every time.

The shape is that of 19 open-source projects with 400 code files or more (casdoor, docuseal, hatchet, hoppscotch, keep,
kestra, lago-api, langfuse, midday, novu, OpnForm, plane, rallly, saleor, solidtime, squidex, streampark, thingsboard,
unkey) as `language_of`, `silent`, `examine` and `schema_of` see them in November 2026, with no file of 4 MiB or more
and no `node_modules`, and 220 files of each that pass the word filter. Each number is the median of what the 19 have;
10,000 files made here measure 4,548 and 1,853 bytes, 39 % loud (7,547 bytes), 8 % full, 6 % each of scripts and models.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CODE = 0.80
"""Share of the files that are code; the others are text. All other shares are of the code files."""
BYTES, MEDIAN_BYTES = 4_529, 1_821
"""Of a code file, the mean and the median: many small files and a few large ones."""
LOUD, LOUD_BYTES = 0.366, 9_739
"""Share of files that pass the word filter, and their mean size: the larger a file, the likelier."""
FULL, STATEMENTS, MEDIAN_STATEMENTS = 0.076, 5.5, 3.0
"""Share of files with statements or calls of an ORM, and how many there are in such a file."""
SCRIPTS, MODELS, QUERIES = 0.062, 0.056, 0.014
"""Shares of migrations, of files with models, of files with functions that give queries to others."""
_SERVICE, _SPREAD = 2_317, 1.27
"""Median of what is no schema source, and how far sizes are spread around it (log-normally): as schema sources are small
here, this makes the mean and the median of all."""
_LEAN = math.log(LOUD_BYTES / BYTES) / _SPREAD**2
"""That a file is loud grows with this power of its size."""
_LARGEST = 120_000


def listed(text: str) -> list[str]:
    return text.split()


NOUNS = listed(
    "boat berth crew fleet harbour invoice logbook mooring order payment permit quota receipt route sail shift tariff"
    " ticket vessel voyage waypoint weather winch yard"
)
VERBS = listed(
    "assign cancel check close collect count create export find import list load merge move plan read review sync"
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
        self.log.info("done with %d {noun}s after %s", len(found), self.clock.elapsed())
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
    this.logger.debug({{ count: found.size }}, 'finished with all {noun}s');
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

PYTHON_MODELS = """
class {Noun}{n}(models.Model):
    tenant = models.ForeignKey("Tenant", on_delete=models.CASCADE)
    parent = models.ForeignKey("{Noun}", null=True, on_delete=models.CASCADE)
    label_{n} = models.CharField(max_length=120, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "{noun}_{n}"
"""
SCRIPT_MODELS = """
@Entity('{noun}_{n}')
export class {Noun}{n} {{
  @PrimaryGeneratedColumn('uuid') id: string;
  @Column({{ name: 'tenant_id', type: 'uuid' }}) tenantId: string;
  @Column() label{n}: string;
  @ManyToOne(() => {Noun}) @JoinColumn({{ name: 'parent_id' }}) parent: {Noun};
}}
"""
JAVA_MODELS = """
@Entity
@Table(name = "{noun}_{n}")
public class {Noun}{n} {{
    @Id private UUID id;
    @Column(name = "tenant_id", nullable = false) private UUID tenantId;
    @Column(name = "label_{n}") private String label;
}}
"""
ADD_COLUMN = """ALTER TABLE {noun}s ADD COLUMN {verb}_{n} text;
CREATE INDEX {noun}s_{verb}_{n} ON {noun}s (tenant_id, {verb}_{n});
"""
ADD_KEY = "ALTER TABLE {noun}s ADD CONSTRAINT {noun}s_{n} UNIQUE (tenant_id, name, status);\n"
CREATE = """CREATE TABLE {noun}_{verb}_{n} (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  {noun}_id uuid REFERENCES {noun}s (id) ON DELETE CASCADE,
  note text,
  created_at timestamptz NOT NULL DEFAULT now()
);
"""
PYTHON_QUERIES = """
def {noun}s_{n}_of(tenant, status="open"):
    return {Noun}.objects.filter(tenant=tenant, status=status)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How files of one language are made: around and between functions, and what is in these.

    `short` is a line of its own, to come as near to a size as wanted; `loud` passes the word filter and asks no
    database for anything. `marks` are the first two parameters of a statement.
    """

    head: str
    foot: str = ""
    plain: str
    short: str
    loud: str
    statements: tuple[str, ...]
    marks: tuple[str, str] = ("$1", "$2")


LANGUAGES: Mapping[str, Language] = {
    "python": Language(
        head="import logging\nfrom dataclasses import dataclass\n\nfrom app.models import *\n\n\nclass Service:\n",
        plain=PYTHON_PLAIN,
        short="    {verb}_{noun}_{n} = {n}\n",
        loud="\n    def {verb}_{noun}_{n}_held(self, key: str) -> str | None:\n        return self.cache.get(key)\n",
        statements=(PYTHON_SQL, DJANGO),
        marks=("%s", "%s"),
    ),
    "script": Language(
        head="import { Pool } from 'pg';\nimport type { Item, Row, Settings } from '../types';\n\nexport class Service {\n",
        foot="}\n",
        plain=SCRIPT_PLAIN,
        short="  readonly {verb}{Noun}{n} = {n};\n",
        loud="\n  {verb}{Noun}{n}Shown(list: Chooser, id: string) {{\n    return list.select('{noun} from the list', id);\n  }}\n",
        statements=(SCRIPT_SQL, PRISMA),
    ),
    "java": Language(
        head="package app;\n\nimport java.util.List;\n\npublic class Service {\n",
        foot="}\n",
        plain=BRACES_PLAIN.replace("{head}", "public int"),
        short="    static final int {verb}_{noun}_{n} = {n};\n",
        loud="\n    Object {verb}{Noun}{n}Held(Registry repository, String id) {{\n        return repository.find(id);\n    }}\n",
        statements=(JAVA_SQL,),
        marks=("?", "?"),
    ),
    "go": Language(
        head='package app\n\nimport (\n\t"context"\n\t"database/sql"\n\t"fmt"\n)\n',
        plain=GO_PLAIN,
        short="const {verb}{Noun}{n} = {n}\n",
        loud='\nfunc (s *Service) {Verb}{Noun}{n}Held(key string) {{\n\ts.cache.Delete("{noun}" + key)\n}}\n',
        statements=(GO_SQL,),
    ),
    "ruby": Language(
        head="class Service\n",
        foot="end\n",
        plain=RUBY_PLAIN,
        short="  {NOUN}_{VERB}_{n} = {n}\n",
        loud="\n  def {verb}_{noun}_{n}_shown(items)\n    items.select {{ |item| item.shown? }}.find(1)\n  end\n",
        statements=(RUBY_SQL,),
    ),
}
KINDS: tuple[tuple[int, str, str], ...] = (
    (30, "services/api/app{folder}/{name}.py", "python"), (34, "web/packages/p{folder}/src/{name}.ts", "script"),
    (8, "web/packages/p{folder}/src/{name}.tsx", "script"), (6, "jobs/m{folder}/src/Service{name}.java", "java"),
    (6, "edge/pkg{folder}/{name}.go", "go"), (4, "legacy/lib{folder}/{name}.rb", "ruby"),
)  # fmt: skip
"""Weight, path and language of what is no schema source."""


def generate(root: Path, files: int) -> None:
    """A tree of so many files, the same every time."""
    rng = random.Random(7)
    fixed = _fixed()
    for number in range(files - len(fixed)):
        path, text = _code(rng, number) if rng.random() < CODE else _text(rng, number)
        fixed[path] = text
    for path, text in fixed.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def _fixed() -> dict[str, str]:
    """The first migration and the models that the code speaks of."""
    models = "".join(
        f"class {noun.title()}(models.Model):\n    tenant = models.ForeignKey('Tenant', on_delete=models.CASCADE)\n"
        "    name = models.TextField()\n    created_at = models.DateTimeField()\n\n"
        for noun in NOUNS
    )
    entities = "".join(
        f"model {noun.title()} {{\n  id String @id\n  tenantId String\n"
        "  tenant Tenant @relation(fields: [tenantId], references: [id])\n}\n"
        for noun in NOUNS
    )
    backs = "".join(f"  {noun}s {noun.title()}[]\n" for noun in NOUNS)
    return {
        "db/migrations/0001.sql": MIGRATION,
        "services/api/models.py": f"from django.db import models\n\nclass Tenant(models.Model):\n    pass\n\n{models}",
        "web/prisma/schema.prisma": f"model Tenant {{\n  id String @id\n{backs}}}\n{entities}",
    }


def _code(rng: random.Random, number: int) -> tuple[str, str]:
    """Path and text of a code file: a schema source in so many of them, else what a service is made of."""
    schema = rng.random()
    folder, name = number % 97, f"{rng.choice(NOUNS)}_{number}"
    if schema < SCRIPTS:
        parts = [
            _named(rng, rng.choice((ADD_COLUMN, CREATE, ADD_KEY)), number + part) for part in range(rng.randrange(1, 4))
        ]
        return f"db/migrations/{number + 2:05}.sql", "".join(parts)
    if schema < SCRIPTS + MODELS:
        head, text, path = rng.choice(
            (
                ("from django.db import models\n", PYTHON_MODELS, "services/api/app{folder}/models/{name}.py"),
                (
                    "import { Column, Entity } from 'typeorm';\n",
                    SCRIPT_MODELS,
                    "web/packages/p{folder}/src/{name}.entity.ts",
                ),
                ("package app;\n\nimport jakarta.persistence.*;\n", JAVA_MODELS, "jobs/m{folder}/src/{name}.java"),
            )
        )
        return path.format(folder=folder, name=name), head + _named(rng, text, number)
    if schema < SCRIPTS + MODELS + QUERIES:
        return f"services/api/app{folder}/queries_{name}.py", "from .models import *\n" + _named(
            rng, PYTHON_QUERIES, number
        )
    _, path, language = rng.choices(KINDS, [weight for weight, _, _ in KINDS])[0]
    return path.format(folder=folder, name=name), _service(rng, LANGUAGES[language])


def _service(rng: random.Random, language: Language) -> str:
    """A file of a size that is drawn; whether it is loud and holds statements goes by its size and by chance."""
    size = min(_LARGEST, rng.lognormvariate(math.log(_SERVICE), _SPREAD))
    others = 1 - SCRIPTS - MODELS - QUERIES
    loud = (LOUD - SCRIPTS) / others
    loud *= (size / _SERVICE) ** _LEAN / math.exp((_LEAN * _SPREAD) ** 2 / 2)
    functions: list[str] = []
    if rng.random() < loud:
        functions.append(_named(rng, language.loud, len(functions)))
        if rng.random() < FULL / (LOUD - SCRIPTS):
            spread = math.sqrt(2 * math.log(STATEMENTS / MEDIAN_STATEMENTS))
            for _ in range(max(1, round(rng.lognormvariate(math.log(MEDIAN_STATEMENTS), spread)))):
                functions.append(_statement(rng, language, len(functions)))
    short = ""
    length = len(language.head) + sum(map(len, functions))
    while length + len(language.plain) < size:
        functions.append(_named(rng, language.plain, len(functions)))
        length += len(functions[-1])
    while length + len(short) < size:
        short += _named(rng, language.short, len(short))
    rng.shuffle(functions)
    return language.head + (short or _named(rng, language.short, 0)) + "".join(functions) + language.foot


def _statement(rng: random.Random, language: Language, number: int) -> str:
    text = rng.choice(language.statements)
    where = rng.choice(WHERE).format(a=language.marks[0], b=language.marks[1])
    scoped = rng.random() < 0.7
    if text == DJANGO:
        filter_ = "tenant_id=request.tenant.id, pk=pk" if scoped else "pk=pk"
    else:
        filter_ = "tenantId, id" if scoped else "id"
    return _named(rng, text, number, where=where, filter=filter_)


def _text(rng: random.Random, number: int) -> tuple[str, str]:
    lines = (" ".join(rng.choice(NOUNS + VERBS) for _ in range(12)) for _ in range(rng.randrange(20, 120)))
    return f"docs/d{number % 97}/{number}.md", "\n".join(lines) + "\n"


def _named(rng: random.Random, text: str, number: int, **more: str) -> str:
    noun, verb = rng.choice(NOUNS), rng.choice(VERBS)
    names = {
        "noun": noun, "Noun": noun.title(), "NOUN": noun.upper(), "verb": verb, "Verb": verb.title(),
        "VERB": verb.upper(), "n": number + 3,
    }  # fmt: skip
    return text.format(**names, **more)
