"""The tenancy controls say what the lint finds: one control a rule, and illustrations that are really so."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from functools import cache
from itertools import product
from textwrap import indent

import pytest

from gate import policy
from gate.decide import parameters
from gate.model import Policy
from gate.store import Store
from gate.tree import WorkTree
from lints import stores
from lints.proof import RULES, prove
from lints.scan import scan
from lints.schema import build_model
from lints.stores.cypher import prove_cypher
from lints.tenancy import Model

SCHEMA = b"""
CREATE TABLE tenants (id text PRIMARY KEY);
CREATE TABLE boats (
  id text NOT NULL UNIQUE, tenant_id text NOT NULL REFERENCES tenants (id), name text, harbour text, public boolean,
  PRIMARY KEY (tenant_id, id));
CREATE TABLE budgets (id text NOT NULL, tenant_id text NOT NULL REFERENCES tenants (id), spent int, PRIMARY KEY (tenant_id, id));
CREATE TABLE berths (id text NOT NULL, tenant_id text NOT NULL REFERENCES tenants (id), boat_id text, PRIMARY KEY (tenant_id, id));
CREATE TABLE logbooks (id text PRIMARY KEY, boat_id text NOT NULL REFERENCES boats (id), tenant_id text);
CREATE TABLE pages (id text PRIMARY KEY, boat_id text NOT NULL REFERENCES boats (id));
CREATE TABLE prices (id text PRIMARY KEY, tenant_id text REFERENCES tenants (id), amount int);
CREATE TABLE memberships (id text PRIMARY KEY, user_id text NOT NULL, tenant_id text NOT NULL REFERENCES tenants (id));
"""
DECLARED = {"tables": {"memberships": {"principal": ["user_id"], "reason": "a membership belongs to its user"}},
            "settings": ["app.tenant_id"]}  # fmt: skip
SCHEMAS = {
    "sql": ("migrations/0001.sql", SCHEMA.decode()),
    "python, Django": ("fleet/models.py", """
from django.db import models
class Tenant(models.Model):
    class Meta:
        db_table = "tenants"
class Boat(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.TextField()
    class Meta:
        db_table = "boats"
class Logbook(models.Model):
    boat = models.ForeignKey(Boat, on_delete=models.CASCADE)
    class Meta:
        db_table = "logbooks"
"""),
    "python, SQLAlchemy": ("fleet/models.py", """
class Tenant(Base):
    __tablename__ = "tenants"
    id = Column(Integer, primary_key=True)
class Boat(Base):
    __tablename__ = "boats"
    id = Column(Integer, primary_key=True)
    tenant_id = Column(ForeignKey("tenants.id"), nullable=False)
    name = Column(String)
"""),
    "typescript, Prisma": ("prisma/schema.prisma", """
model Tenant { id String @id
  boats Boat[]
}
model Boat { id String @id
  tenantId String @map("tenant_id")
  tenant Tenant @relation(fields: [tenantId], references: [id])
  name String?
}
"""),
    "typescript, TypeORM": ("src/entities.ts", """
@Entity("tenants") export class Tenant { @PrimaryColumn() id: string; }
@Entity("boats") export class Boat {
  @PrimaryColumn() id: string;
  @Column({ name: "tenant_id" }) tenantId: string;
  @ManyToOne(() => Tenant) @JoinColumn({ name: "tenant_id" }) tenant: Tenant;
  @Column() name: string;
}
"""),
    "typescript, Drizzle": ("src/schema.ts", """
export const tenants = pgTable("tenants", { id: uuid("id").primaryKey() });
export const boats = pgTable("boats", { id: uuid("id").primaryKey(), name: text("name"),
  tenantId: uuid("tenant_id").notNull().references(() => tenants.id) });
"""),
    "php, Eloquent": ("app/Models/Berth.php", """<?php
class Berth extends Model {
  protected $fillable = ['tenant_id', 'name'];
  protected static function booted() { static::addGlobalScope('tenant', fn ($query) => $query->where('tenant_id', tenant())); }
}
"""),
}  # fmt: skip
"""The models that illustrations of a language are about; the SQL one for all others."""
FILES = {
    "python": ("fleet/views.py", "def f(self, session, pk, tenant, name, boat, filters, data, ctx, conditions):\n{}\n"),
    "typescript": ("src/a.ts", "async function f(id, tenantId, name, filter, other, conditions) {{\n{}\n}}\n"),
    "javascript": ("src/a.js", "async function f(id, tenantId, name) {{\n{}\n}}\n"),
    "ruby": ("app/a.rb", "class S\n  def f(db, id, tenant)\n{}\n  end\nend\n"),
    "go": ("src/a.go", "package a\n\nfunc f(db *sql.DB, id string, tenantID string) {{\n{}\n}}\n"),
    "java": ("src/A.java", "class A {{ void f(JdbcTemplate db, String id, String tenantId) {{\n{}\n}} }}\n"),
    "kotlin": ("src/a.kt", "fun f(db: JdbcTemplate, id: String, tenantId: String) {{\n{}\n}}\n"),
    "csharp": ("src/A.cs", "class A {{ void F(IDbConnection db, string id, string tenantId) {{\n{}\n}} }}\n"),
    "php": ("src/a.php", "<?php\nfunction f($pdo, $id, $tenantId) {{\n{}\n}}\n"),
}
# Rules of the schema, which have controls of their own kind.
SCHEMA_RULES = {rule for rule in RULES if rule.startswith("TENDDL")}
# Rules that an illustration of one function can't show.
NEEDS_MORE = {"TENSQL021", "TENSQL023", "TENORM012"}


@cache
def model() -> Model:
    return build_model({"migrations/0001.sql": SCHEMA}, DECLARED)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    root = tmp_path_factory.mktemp("tenancy")
    (root / "gate.yaml").write_text(
        'version: 1\npolicy_version: "1"\nproject: t\npacks: [governance, tenancy]\n', "utf-8"
    )
    return policy.load(WorkTree(root))


def test_every_rule_of_the_lint_has_a_control(loaded: Policy) -> None:
    controls = {c.id for c in loaded.controls}

    assert (set(RULES) | set(stores.RULES)) - SCHEMA_RULES <= controls


def test_every_finding_is_judged_by_exactly_one_control_whatever_its_rule(loaded: Policy) -> None:
    """Whatever the lint says, and rules that nobody has thought of yet."""
    rules = [*sorted((set(RULES) | set(stores.RULES)) - SCHEMA_RULES), "TENNEW001", None]
    kind = loaded.kinds["data_access"]
    example = kind.schema["examples"][0]
    rows = [
        {**example, "rule": rule, "verdict": verdict, "why": "w", "fingerprint": f"{number:032x}"}
        for number, (rule, verdict) in enumerate(product(rules, ("weak", "violation", "opaque", "unparsed")))
    ]
    now = datetime(2026, 11, 22, tzinfo=UTC)
    store = Store([kind], now)
    store.load("data_access", rows)
    store.lock()
    asked = [c for c in loaded.controls if set(c.evidence) == {"data_access"}]
    judged = Counter(row["fingerprint"] for c in asked for row in store.ask(c.query, parameters(c, now)))

    assert judged == Counter({row["fingerprint"]: 1 for row in rows})


def test_writes_and_reads_block_and_what_holds_under_an_assumption_warns(loaded: Policy) -> None:
    for control in loaded.controls:
        if control.id in (set(RULES) | set(stores.RULES)) - SCHEMA_RULES:
            soft = (
                control.params["weak"]
                or control.id.endswith("013")
                or (control.id[:6] == "TENCTX" and control.id != "TENCTX005")
            )
            soft = soft or control.id in {"TENSQL000", "TENORM009"}
            assert control.severity == ("warn" if soft else "block"), control.id


def test_every_control_of_a_rule_shows_how_it_looks(loaded: Policy) -> None:
    for control in loaded.controls:
        if (control.id in RULES or control.id in stores.RULES) and control.id not in SCHEMA_RULES | NEEDS_MORE:
            assert control.illustrations, control.id


def illustrations() -> list[tuple[str, str, str, str]]:
    import yaml

    found = []
    for path in sorted((policy.rules_root() / "tenancy" / "controls").glob("TEN*.yaml")):
        document = yaml.safe_load(path.read_text("utf-8"))
        if document["id"] in (set(RULES) | set(stores.RULES)) - SCHEMA_RULES:
            found += [(document["id"], i["language"], i["bad"], i["good"]) for i in document.get("illustrations", ())]
    return found


@pytest.mark.parametrize(("rule", "language", "bad", "good"), illustrations())
def test_an_illustration_is_what_the_lint_says_of_it(rule: str, language: str, bad: str, good: str) -> None:
    assert rule in dict(said(language, bad))
    assert {verdict for _, verdict in said(language, good)} == {"proven"}


def said(language: str, text: str) -> list[tuple[str | None, str]]:
    """Rules and verdicts of what stands in a piece of code of that language."""
    if language == "sql":
        return [(rule, str(p.verdict)) for p in prove(text, model()) for rule in p.rules or (None,)]
    if language == "cypher":
        proof = prove_cypher(text, ("tenantId", "tenant_id"))
        return [(rule, str(proof.verdict)) for rule in proof.rules or (None,)]
    path, frame = FILES[language.partition(",")[0]]
    if language.endswith(("module", "seed script")):
        path, frame = path.replace("src/", "db/seeds/") if "seed" in language else path, "\n{}\n"
    name, schema = SCHEMAS.get(language, SCHEMAS["sql"])
    code = frame.format(indent(text, "    ") if frame != "\n{}\n" else text)
    files = {name: schema.encode(), path: code.encode()}
    found = scan(files.items(), build_model(files, DECLARED), declared=DECLARED)
    assert found.accesses, f"nothing is found in {code}"
    return [(a.rule, a.verdict) for a in found.accesses]
