"""FluentMigrator's migrations as the tables that they leave."""

from __future__ import annotations

from lints.schema import build_model
from lints.tenancy import Ownership

FIRST = b"""using FluentMigrator;
[Migration(1)]
public class M0001_Fleet : Migration {
    public override void Up() {
        Create.Table("Tenants").WithColumn("Id").AsGuid().PrimaryKey();
        Create.Table("Boats")
            .WithColumn("Id").AsGuid().NotNullable().PrimaryKey()
            // whose it is
            .WithColumn("TenantId").AsGuid().NotNullable().ForeignKey("FK_Boats_Tenants", "Tenants", "Id")
            .WithColumn("Name").AsString(100).Nullable().Unique();
        Create.Table(nameof(Log)).WithColumn("Id").AsInt32().PrimaryKey().Identity()
            .WithColumn("BoatId").AsGuid().NotNullable();
        Create.ForeignKey("FK_Logs").FromTable("Log").ForeignColumn("BoatId").ToTable("Boats").PrimaryColumn("Id");
        Create.Table("Gone").WithColumn("Id").AsInt32();
    }
    public override void Down() {
        Delete.Table("Boats");
    }
}
"""
SECOND = b"""public class M0002_More : Migration {
    public override void Up() {
        Create.Column("Flag").OnTable("Boats").AsString(2).Nullable();
        Alter.Table("Boats").AddColumn("Length").AsInt32().Nullable().AlterColumn("Name").AsString(200).NotNullable();
        Create.Index("IX_Boats").OnTable("Boats").OnColumn("TenantId").Ascending().OnColumn("Name").Ascending();
        Rename.Column("Flag").OnTable("Boats").To("Country");
        Delete.Table("Gone");
    }
    public override void Down() { Delete.Column("Length").FromTable("Boats"); }
}
"""
FILES = {"src/Migrations/M0001_Fleet.cs": FIRST, "src/Migrations/M0002_More.cs": SECOND}


def test_tables_of_fluent_migrations() -> None:
    tables = build_model(FILES, {"tenant_columns": ["TenantId"]}).tables
    assert set(tables) == {"Tenants", "Boats", "Log"}
    boats = tables["Boats"]
    assert (boats.ownership, boats.tenant_column, boats.primary_key) == (Ownership.OWNED, "TenantId", ("Id",))
    assert {"Id", "TenantId", "Name", "Country", "Length"} <= set(boats.columns)
    assert {name for name, column in boats.columns.items() if not column.nullable} == {"Id", "TenantId", "Name"}
    assert ("Name",) in boats.unique
    assert (boats.origin.path, boats.origin.line) == ("src/Migrations/M0001_Fleet.cs", 6)
    log = tables["Log"]
    assert (log.ownership, log.parent.references if log.parent else None) == (Ownership.CHILD, "Boats")


def test_a_migration_that_ends_in_the_middle_is_read_as_far_as_it_goes() -> None:
    torn = FIRST[: FIRST.index(b"Create.ForeignKey")] + b'Create.Table("Half").WithColumn("Id'
    assert "Boats" in build_model({"src/Migrations/M0001_Fleet.cs": torn}, None).tables
    assert build_model({"src/Migrations/M.cs": b'Create.Table("' + b"(" * 50_000}, None).tables == {}
