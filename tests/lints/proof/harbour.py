"""The neutral schema the corpus speaks of: harbours are the tenants. One description gives the model and the DDL."""

from __future__ import annotations

from lints.tenancy import Column, ForeignKey, Function, Model, Origin, Ownership, Table, View

ORIGIN = Origin(path="migrations/001_harbour.sql", line=1, why="declared for the tests")
DEFAULT_HARBOUR = "00000000-0000-0000-0000-00000000000a"


def fk(columns: str, references: str, referenced: str = "id") -> ForeignKey:
    return ForeignKey(
        columns=tuple(columns.split()), references=references, referenced_columns=tuple(referenced.split())
    )


def table(
    name: str,
    ownership: Ownership,
    columns: str,
    *,
    tenant: str | None = None,
    parent: ForeignKey | None = None,
    keys: tuple[ForeignKey, ...] = (),
    unique: tuple[str, ...] = (),
    principal: str = "",
    defaults: dict[str, str] | None = None,
) -> Table:
    """`columns` are `name:type` words, `?` after the type for nullable; `id` is the primary key."""
    parsed: dict[str, Column] = {}
    for word in columns.split():
        column, _, kind = word.partition(":")
        parsed[column] = Column(
            name=column,
            type=kind.rstrip("?") or "uuid",
            nullable=kind.endswith("?"),
            default=(defaults or {}).get(column),
        )
    return Table(
        name=name,
        ownership=ownership,
        origin=ORIGIN,
        columns=parsed,
        primary_key=("id",),
        unique=(("id",), *(tuple(u.split()) for u in unique)),
        foreign_keys=((parent,) if parent else ()) + keys,
        tenant_column=tenant,
        parent=parent,
        principal_columns=tuple(principal.split()),
    )


OWNED, CHILD, GLOBAL = Ownership.OWNED, Ownership.CHILD, Ownership.GLOBAL
TO_BOAT = fk("boat_id", "boats")

TABLES = [
    table("harbours", Ownership.ROOT, "id code:text name:text plan:text?", tenant="id", unique=("code",)),
    table(
        "berths",
        OWNED,
        "id harbour_id number:text depth:int?",
        tenant="harbour_id",
        unique=("harbour_id number", "harbour_id id"),
    ),
    table(
        "sailors",
        OWNED,
        "id harbour_id email:text name:text? role:text?",
        tenant="harbour_id",
        unique=("harbour_id email", "harbour_id id"),
    ),
    table(
        "boats",
        OWNED,
        "id harbour_id berth_id:uuid? owner_id:uuid? name:text kind:text? length:int? registration:text? archived_at:timestamptz?",
        tenant="harbour_id",
        keys=(fk("berth_id", "berths"), fk("harbour_id owner_id", "sailors", "harbour_id id")),
        unique=("harbour_id id", "harbour_id name", "registration"),
    ),
    table("memberships", OWNED, "id harbour_id user_id role:text?", tenant="harbour_id", principal="user_id"),
    table(
        "api_keys",
        OWNED,
        "id harbour_id hash:text label:text?",
        tenant="harbour_id",
        principal="hash",
        unique=("hash",),
    ),
    table("logbooks", CHILD, "id boat_id title:text? opened_at:timestamptz?", parent=TO_BOAT),
    table(
        "entries",
        CHILD,
        "id logbook_id body:text? author_id:uuid? seq:int?",
        parent=fk("logbook_id", "logbooks"),
        unique=("logbook_id seq",),
    ),
    table("photos", CHILD, "id boat_id url:text?", parent=TO_BOAT),
    table(
        "repairs",
        OWNED,
        "id harbour_id boat_id cost:int? status:text? parent_id:uuid?",
        tenant="harbour_id",
        keys=(fk("harbour_id boat_id", "boats", "harbour_id id"), fk("parent_id", "repairs")),
    ),
    table(
        "invoices",
        OWNED,
        "id harbour_id boat_id amount:int? number:text? paid:boolean?",
        tenant="harbour_id",
        keys=(TO_BOAT,),
        unique=("harbour_id number",),
    ),
    table("tags", Ownership.SHARED_NULL, "id harbour_id:uuid? label:text?", tenant="harbour_id"),
    table("notices", OWNED, "id harbour_id:uuid? body:text?", tenant="harbour_id"),
    table(
        "visits",
        OWNED,
        "id harbour_id boat_id days:int?",
        tenant="harbour_id",
        keys=(fk("harbour_id boat_id", "boats", "harbour_id id"),),
        defaults={"harbour_id": "(current_setting('app.harbour_id'))::uuid"},
    ),
    table(
        "incidents",
        OWNED,
        "id harbour_id note:text?",
        tenant="harbour_id",
        defaults={"harbour_id": f"'{DEFAULT_HARBOUR}'"},
    ),
    table("charters", OWNED, "id harbour_id fleet_id guest:text?", tenant="harbour_id"),
    table("AuditLog", OWNED, "id harbourId action:text?", tenant="harbourId"),
    table("countries", GLOBAL, "id code:text name:text?"),
    table("tides", GLOBAL, "id country_id height:int?"),
    table("legacy", Ownership.UNKNOWN, "id harbour_id:uuid? data:text?"),
    table("signals", Ownership.UNKNOWN, "id kind:text payload:text?"),
]

VIEWS = [
    ("open_repairs", "SELECT * FROM repairs WHERE status = 'open'", False),
    ("boat_names", "SELECT id, harbour_id, name FROM boats", False),
    ("my_boats", "SELECT * FROM boats WHERE harbour_id = current_setting('app.harbour_id')::uuid", False),
    ("latest_repairs", "SELECT DISTINCT ON (boat_id) * FROM repairs ORDER BY boat_id, cost DESC", False),
    ("harbour_sizes", "SELECT harbour_id, count(*) AS boats FROM boats GROUP BY harbour_id", True),
    ("repair_costs", "SELECT o.harbour_id, o.boat_id, o.cost FROM open_repairs o", False),
    ("my_logs", "SELECT l.id, l.title FROM logbooks l JOIN my_boats m ON m.id = l.boat_id", False),
    ("newest_boats", "SELECT * FROM boats ORDER BY id DESC LIMIT 10", False),
    ("boat_logs", "SELECT l.id, l.title, b.harbour_id FROM logbooks l JOIN boats b ON b.id = l.boat_id", False),
]

MODEL = Model(
    tables={t.name: t for t in TABLES},
    views={n: View(name=n, sql=s, origin=ORIGIN, materialized=m) for n, s, m in VIEWS},
    functions={"boats_of": Function(name="boats_of", tenant_argument=0, origin=ORIGIN)},
    settings=("app.harbour_id",),
    tenant_columns=("harbour_id", "fleet_id", "harbourId"),
)


def ddl() -> str:
    """The schema as PostgreSQL DDL, foreign keys last."""
    statements: list[str] = []
    later: list[str] = []
    for t in TABLES:
        columns = [
            f'"{c.name}" {c.type}{"" if c.nullable else " NOT NULL"}{f" DEFAULT {c.default}" if c.default else ""}'
            for c in t.columns.values()
        ]
        columns.append("PRIMARY KEY (id)")
        columns += [f"UNIQUE ({', '.join(u)})" for u in t.unique if u != ("id",)]
        statements.append(f'CREATE TABLE "{t.name}" ({", ".join(columns)})')
        later += [
            f'ALTER TABLE "{t.name}" ADD FOREIGN KEY ({", ".join(k.columns)})'
            f' REFERENCES "{k.references}" ({", ".join(k.referenced_columns)})'
            for k in t.foreign_keys
        ]
    views = [f"CREATE {'MATERIALIZED ' if m else ''}VIEW {n} AS {s}" for n, s, m in VIEWS]
    function = (
        "CREATE FUNCTION boats_of(harbour uuid) RETURNS SETOF boats LANGUAGE sql STABLE AS"
        " 'SELECT * FROM boats WHERE harbour_id = harbour'"
    )
    return ";\n".join([*statements, *later, *views, function]) + ";\n"
