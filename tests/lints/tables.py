"""Some tables as each ORM declares them, from one description, and source of each language around a few lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lints.rows import Access
from lints.scan import scan
from lints.schema import build_model

_SOURCES = {
    "ts": ("a.ts", "export async function save(pool, prisma, id, other, tenantId, title, input, ids) {{\n{}\n}}\n", 2),
    "route": ("src/app.ts", "const app = express();\napp.get('/t/:id', async (req, res) => {{\n{}\n}});\n", 2),
    "python": ("a.py", "def save(cur, session, id, other, tenant_id, title, ids):\n{}\n", 4),
    "go": (
        "a.go",
        "package a\n\nfunc (s *S) Save(ctx context.Context, id, tenantID, title string) error {{\n{}\n}}\n",
        4,
    ),
    "ruby": ("app/services/a.rb", "class Saving\n  def call(id, tenant)\n{}\n  end\nend\n", 4),
    "rails": (
        "app/controllers/t_controller.rb",
        "class TController < ApplicationController\n  def show\n{}\n  end\nend\n",
        4,
    ),
    "php": (
        "app/A.php",
        "<?php\nuse App\\Models\\Doc;\nclass A {{ function save($pdo, $id, $tenantId, $title) {{\n{}\n}} }}\n",
        4,
    ),
    "java": ("A.java", "class A {{\n  void save(String id, String tenantId, String title) {{\n{}\n  }}\n}}\n", 4),
    "kotlin": ("A.kt", "class A {{\n  fun save(id: String, tenantId: String, title: String) {{\n{}\n  }}\n}}\n", 4),
    "c#": ("A.cs", "class A {{\n  async Task Save(Guid id, Guid tenantId, string title) {{\n{}\n  }}\n}}\n", 4),
    "asp": (
        "A.cs",
        """[ApiController]
class A : ControllerBase {{
  Db db;
  [HttpPost]
  public async Task<Tenant> F([FromBody] Input input) {{
{}
  }}
}}
""",
        4,
    ),
}


def source(kind: str, *lines: str) -> tuple[str, str]:
    """The path and the text of a function that does what some lines say."""
    path, around, indent = _SOURCES[kind]
    return path, around.format("\n".join(" " * indent + line for line in lines))


def declared(tables: Mapping[str, str], *kinds: str) -> dict[str, bytes]:
    """Files that declare tables by SQL and to ORMs. A table's columns beside `id` are words, `tenant_id>tenants` a key
    to another table's `id` and `doc_id?>docs` one that may be empty.
    """
    made = {name: [_column(word) for word in columns.split()] for name, columns in tables.items()}
    files = {"migrations/1.sql": "\n".join(_sql(name, columns) for name, columns in made.items())}
    if "prisma" in kinds:
        files["prisma/schema.prisma"] = "\n".join(_prisma(name, made) for name in made)
    if "django" in kinds:
        body = "".join(_django(name, columns) for name, columns in made.items())
        files["app/models.py"] = f"from django.db import models\n{body}"
    if "rails" in kinds:
        files |= {f"app/models/{_one(name)}.rb": _rails(name, made) for name in made}
    if "laravel" in kinds:
        files |= {f"app/Models/{_model(name)}.php": _laravel(name, made) for name in made}
    if "ef" in kinds:
        files["Data/Db.cs"] = _ef(made)
    return {path: text.encode() for path, text in files.items()}


def judged(schema: Mapping[str, bytes], path: str, code: str) -> list[Access]:
    """What is found in a file beside a schema, in the order of the file."""
    files = {**schema, path: code.encode()}
    found = [row for row in scan(files.items(), build_model(files, {})).accesses if row.path == path]
    return sorted(found, key=lambda row: (row.line, row.column))


def _column(word: str) -> tuple[str, bool, str]:
    name, _, references = word.partition(">")
    return name.rstrip("?"), name.endswith("?"), references


def _one(table: str) -> str:
    return table.removesuffix("s")


def _model(table: str) -> str:
    return _one(table).capitalize()


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _sql(name: str, columns: Iterable[tuple[str, bool, str]]) -> str:
    parts = ["id text PRIMARY KEY"]
    for column, empty, references in columns:
        key = f" REFERENCES {references} (id)" if references else ""
        parts.append(f"{column} text{'' if empty or not references else ' NOT NULL'}{key}")
    return f"CREATE TABLE {name} ({', '.join(parts)});"


def _prisma(name: str, tables: Mapping[str, list[tuple[str, bool, str]]]) -> str:
    lines = [f"model {_model(name)} {{", "  id String @id"]
    for column, empty, references in tables[name]:
        camel, of = _camel(column), "?" if empty else ""
        lines.append(f'  {camel} String{of}{f""" @map("{column}")""" if camel != column else ""}')
        if references:
            relation = camel.removesuffix("Id")
            lines.append(f"  {relation} {_model(references)}{of} @relation(fields: [{camel}], references: [id])")
    for other, columns in tables.items():
        lines += [f"  {other} {_model(other)}[]" for _, _, references in columns if references == name]
    return "\n".join([*lines, f'  @@map("{name}")', "}"])


def _django(name: str, columns: Iterable[tuple[str, bool, str]]) -> str:
    lines = [f"class {_model(name)}(models.Model):"]
    for column, empty, references in columns:
        key = f"models.ForeignKey({_model(references)}, on_delete=models.CASCADE{', null=True' if empty else ''})"
        lines.append(
            f"    {column.removesuffix('_id')} = {key}" if references else f"    {column} = models.TextField()"
        )
    return "\n".join([*lines, "    class Meta:", f'        db_table = "{name}"', ""])


def _rails(name: str, tables: Mapping[str, list[tuple[str, bool, str]]]) -> str:
    lines = [f"  belongs_to :{_one(references)}" for _, _, references in tables[name] if references]
    lines += [f"  has_many :{other}" for other, columns in tables.items() for *_, key in columns if key == name]
    return "\n".join([f"class {_model(name)} < ApplicationRecord", *lines, "end", ""])


def _laravel(name: str, tables: Mapping[str, list[tuple[str, bool, str]]]) -> str:
    one = "  public function {}() {{ return $this->{}({}::class); }}"
    lines = [one.format(_one(of), "belongsTo", _model(of)) for _, _, of in tables[name] if of]
    lines += [one.format(other, "hasMany", _model(other)) for other in tables for *_, of in tables[other] if of == name]
    head = "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\n"
    return "\n".join([f"{head}class {_model(name)} extends Model {{ protected $table = '{name}';", *lines, "}", ""])


def _ef(tables: Mapping[str, list[tuple[str, bool, str]]]) -> str:
    lines = ["using Microsoft.EntityFrameworkCore;"]
    for name, columns in tables.items():
        parts = ["public Guid Id { get; set; }"]
        for column, empty, references in columns:
            field = "".join(part.capitalize() for part in column.split("_"))
            kind = f"Guid{'?' if empty else ''}" if references else "string"
            parts.append(f"public {kind} {field} {{ get; set; }}")
            if references:
                parts.append(f"public {_model(references)} {field.removesuffix('Id')} {{ get; set; }}")
        lines.append(f"public class {_model(name)} {{ {' '.join(parts)} }}")
    sets = " ".join(f"public DbSet<{_model(n)}> {_model(n)}s {{ get; set; }}" for n in tables)
    maps = " ".join(f'b.Entity<{_model(n)}>().ToTable("{n}");' for n in tables)
    lines.append(f"public class Db : DbContext {{ {sets}")
    lines.append(f"  protected override void OnModelCreating(ModelBuilder b) {{ {maps} }} }}")
    return "\n".join([*lines, ""])
