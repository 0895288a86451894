"""Query filters that a context puts on entities by their kind: what they compare, and on which entities."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

ENTITIES = """
public interface IOwned {{ Guid TenantId {{ get; set; }} }}
public interface IErasable {{ bool IsDeleted {{ get; set; }} }}
public abstract class Kept {{ public Guid Id {{ get; set; }} public Guid TenantId {{ get; set; }} public bool IsDeleted {{ get; set; }} }}
public class Boat : IOwned, IErasable {{ public Guid Id {{ get; set; }} public Guid TenantId {{ get; set; }}
    public bool IsDeleted {{ get; set; }} }}
public class Pier : Kept {{ public string Name {{ get; set; }} }}
public class Fleet : DbContext {{
    public DbSet<Boat> Boats {{ get; set; }}
    public DbSet<Pier> Piers {{ get; set; }}
    protected override void OnModelCreating(ModelBuilder builder) {{
        {}
    }}
    {}
}}
"""
LOOP = "foreach (var type in builder.Model.GetEntityTypes()) { if (CONDITION) { ACTION } }"
OWNED = "private void OfTenant<T>(ModelBuilder builder) where T : class, IOwned { builder.Entity<T>().HasQueryFilter(e => e.TenantId == _tenant); }"
ERASED = "private void OfErased<T>(ModelBuilder builder) where T : class, IErasable { builder.Entity<T>().HasQueryFilter(e => !e.IsDeleted); }"
BUILT = """private LambdaExpression Made(Type type) { var e = Expression.Parameter(type, "e");
        return Expression.Lambda(Expression.Equal(Expression.Property(e, "TenantId"), Expression.Constant(_tenant)), e); }"""
BY_NAME = "typeof(Fleet).GetMethod(nameof({})).MakeGenericMethod(type.ClrType).Invoke(this, new[] {{ builder }});"
CONFINED, OPEN = ("weak", "TENORM014"), ("violation", "TENORM001")
CASES: dict[str, tuple[str, str, str, tuple[str, str]]] = {
    "an interface, by a generic method": (
        LOOP.replace("CONDITION", "typeof(IOwned).IsAssignableFrom(type.ClrType)").replace(
            "ACTION", BY_NAME.format("OfTenant")
        ),
        OWNED,
        "_db.Boats",
        CONFINED,
    ),
    "an interface of what is deleted says nothing of the tenant": (
        LOOP.replace("CONDITION", "typeof(IErasable).IsAssignableFrom(type.ClrType)").replace(
            "ACTION", BY_NAME.format("OfErased")
        ),
        ERASED,
        "_db.Boats",
        OPEN,
    ),
    "two interfaces, each with its own": (
        LOOP.replace("CONDITION", "typeof(IErasable).IsAssignableFrom(type.ClrType)").replace(
            "ACTION", BY_NAME.format("OfErased")
        )
        + LOOP.replace("CONDITION", "type.ClrType.IsAssignableTo(typeof(IOwned))").replace(
            "ACTION", BY_NAME.format("OfTenant")
        ),
        OWNED + ERASED,
        "_db.Boats",
        CONFINED,
    ),
    "a class above": (
        LOOP.replace("CONDITION", "typeof(Kept).IsAssignableFrom(type.ClrType)").replace(
            "ACTION", "type.SetQueryFilter(Made(type.ClrType));"
        ),
        BUILT,
        "_db.Piers",
        CONFINED,
    ),
    "a class above, of another entity": (
        LOOP.replace("CONDITION", "typeof(Kept).IsAssignableFrom(type.ClrType)").replace(
            "ACTION", "type.SetQueryFilter(Made(type.ClrType));"
        ),
        BUILT,
        "_db.Boats",
        OPEN,
    ),
    "a class above whose filter says nothing of the tenant": (
        LOOP.replace("CONDITION", "type.ClrType.IsSubclassOf(typeof(Kept))").replace(
            "ACTION", "builder.Entity(type.ClrType).HasQueryFilter(Erased(type.ClrType));"
        ),
        'private LambdaExpression Erased(Type type) { return Not(type, "IsDeleted"); }',
        "_db.Piers",
        OPEN,
    ),
    "every entity that has the column": (
        LOOP.replace("CONDITION", 'type.FindProperty("TenantId") != null').replace(
            "ACTION", "builder.Entity(type.ClrType).HasQueryFilter(Made(type.ClrType));"
        ),
        BUILT,
        "_db.Piers",
        CONFINED,
    ),
    "a method that takes the lambda": (
        "builder.AppendGlobalQueryFilter<IOwned>(e => e.TenantId == _tenant);",
        "",
        "_db.Boats",
        CONFINED,
    ),
    "a method that takes another lambda": (
        "builder.AppendGlobalQueryFilter<IErasable>(e => !e.IsDeleted);",
        "",
        "_db.Boats",
        OPEN,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_filters_by_kind(name: str) -> None:
    configured, method, asked, expected = CASES[name]
    model = build_model(
        {"src/Fleet.cs": ENTITIES.format(configured, method).encode()}, {"tenant_columns": ["TenantId"]}
    )
    code = f"using Microsoft.EntityFrameworkCore; class Harbour {{ Fleet _db; object F(Guid id) {{ return {asked}.First(b => b.Id == id); }} }}"
    rows = scan([("src/Harbour.cs", code.encode())], model).accesses
    assert [(row.verdict, row.rule) for row in rows] == [expected], [(row.sql, row.why) for row in rows]


def test_a_class_between_that_declares_nothing_hands_its_base_down() -> None:
    files = {
        "src/Root.cs": b"public abstract class Root { public Guid Id { get; set; } public Guid TenantId { get; set; } }",
        "src/Middle.cs": b"public abstract class Middle : Root, IEquatable<Middle>\n{\n}\n",
        "src/Boat.cs": b"public class Boat : Middle { public string Name { get; set; } }",
        "src/Fleet.cs": b"public class Fleet : DbContext { public DbSet<Boat> Boats { get; set; } }",
    }
    table = build_model(files, {"tenant_columns": ["TenantId"]}).tables["Boats"]
    assert (table.tenant_column, table.primary_key) == ("TenantId", ("Id",))
