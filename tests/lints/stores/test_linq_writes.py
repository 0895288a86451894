"""Rows that are put into a set of Entity Framework: made of fields, sent by a client, made out of sight."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

FLEET = """
public class FleetContext : DbContext {
    public DbSet<Tenant> Tenants { get; set; }
    public DbSet<Boat> Boats { get; set; }
}
public class Tenant { public Guid Id { get; set; } }
public class Boat { public Guid Id { get; set; } public Guid TenantId { get; set; } public string Name { get; set; } }
"""
HARBOUR = """
using Microsoft.EntityFrameworkCore;
public class HarbourController : ControllerBase {{
    private readonly FleetContext _db;
    {}
        {}
        await _db.SaveChangesAsync();
    }}
}}
"""
PLAIN = "private async Task F(Guid tenantId, Guid id, BoatDto dto, Boat boat, List<string> names) {"
PUBLIC = "public async Task F(Guid tenantId, Guid id, BoatDto dto, Boat boat, List<Boat> boats) {"
MINE = "_db.Boats.Where(b => b.Id == id && b.TenantId == tenantId)"
BODY = "[HttpPost] public async Task F([FromBody] Boat boat) {"
IMPLIED = '[HttpPut("{id}")]\n    public async Task<Boat> F(Guid id, Boat boat, CancellationToken ct = default) {'
MANY = "[HttpPost]\n    public async Task F(List<Boat> boats) {"
KEYED, HELD = ("violation", "TENORM001"), ("weak", "TENORM003")
UNSET, CLIENT, PROVEN = ("weak", "TENSQL004"), ("weak", "TENCTX001"), ("proven", None)
SENT, SAVED, UNSEEN = ("violation", "TENORM004"), ("violation", "TENORM008"), ("opaque", "TENORM013")
CASES: dict[str, tuple[str, str, list[tuple[str, str | None]]]] = {
    "the tenant is left out": (PLAIN, "_db.Boats.Add(new Boat { Name = dto.Name });", [UNSET]),
    "the tenant is set": (PLAIN, "_db.Boats.Add(new Boat { TenantId = tenantId, Name = dto.Name });", [PROVEN]),
    "the tenant is what a client says": (PLAIN, "_db.Boats.Add(new Boat { TenantId = dto.TenantId });", [CLIENT]),
    "into the context": (PLAIN, "await _db.AddAsync(new Boat { Name = dto.Name });", [UNSET]),
    "into the context, with the tenant": (PLAIN, "_db.Add(new Boat { TenantId = tenantId });", [PROVEN]),
    "in a variable": (PLAIN, "var b = new Boat { Name = dto.Name }; _db.Boats.Add(b);", [UNSET]),
    "in a variable, the tenant set later": (
        PLAIN, "Boat b = new() { Name = dto.Name }; b.TenantId = tenantId; _db.Boats.Add(b);", [PROVEN]),
    "many": (PLAIN, "_db.Boats.AddRange(names.Select(n => new Boat { Name = n }));", [UNSET]),
    "many, with the tenant": (
        PLAIN, "_db.Boats.AddRange(names.Select(n => new Boat { Name = n, TenantId = tenantId }));", [PROVEN]),
    "by a constructor": (PLAIN, "_db.Boats.Add(new Boat(dto.Name));", [UNSEEN]),
    "by a constructor that takes the tenant": (PLAIN, "_db.Boats.Add(new Boat(tenantId, dto.Name));", [PROVEN]),
    "mapped": (PLAIN, "var b = _mapper.Map<Boat>(dto); _db.Boats.Add(b);", [UNSEEN]),
    "mapped, the tenant set": (
        PLAIN, "var b = _mapper.Map<Boat>(dto); b.TenantId = tenantId; _db.Boats.Add(b);", [PROVEN]),
    "what a client sends": (BODY, "_db.Boats.Add(boat);", [SENT]),
    "what a client sends, the tenant set": (BODY, "boat.TenantId = User.Tenant(); _db.Boats.Add(boat);", [PROVEN]),
    "what a client sends, by its verb": (IMPLIED, "_db.Boats.Add(boat);", [SENT]),
    "what a client sends, many": (MANY, "_db.Boats.AddRange(boats);", [SENT]),
    "what a client sends, saved under its key": (IMPLIED, "_db.Boats.Update(boat);", [SAVED]),
    "what a client sends, attached": (BODY, "_db.Attach(boat);", [SAVED]),
    "what somebody hands in is judged there": (PLAIN, "_db.Boats.Add(boat);", []),
    "changed under a key alone": (
        PLAIN, "_db.Boats.Update(new Boat { Id = id, Name = dto.Name });", [("violation", "TENORM001")]),
    "changed by its key, handed in": (PUBLIC, "_db.Boats.Update(boat);", [HELD]),
    "deleted by its key, handed in": (PUBLIC, "_db.Remove(boat);", [HELD]),
    "handed on within its class": (PLAIN, "_db.Boats.Update(boat);", []),
    "an entry that is changed": (PUBLIC, "_db.Entry(boat).State = EntityState.Modified;", [HELD]),
    "an entry that is deleted, of a client's": (IMPLIED, "_db.Entry(boat).State = EntityState.Deleted;", [SAVED]),
    "an entry that is made": (PUBLIC, "_db.Entry(new Boat { Id = id }).State = EntityState.Modified;", [KEYED]),
    "an entry whose values are read": (PUBLIC, "var s = _db.Entry(boat).State; _db.Entry(boat).Reload();", []),
    "attached, then changed": (PUBLIC, "var b = new Boat { Id = id }; _db.Attach(b); b.Name = dto.Name;", [KEYED]),
    "named, then deleted": (PUBLIC, "var b = new Boat { Id = id }; _db.Boats.Remove(b);", [KEYED]),
    "a client's, deleted": (IMPLIED, "_db.Boats.Remove(boat);", [SAVED]),
    "in bulk": (PUBLIC, "await _db.BulkUpdateAsync(boats);", [HELD]),
    "in bulk, to a name": (PUBLIC, f"await {MINE}.ExecuteUpdateAsync(s => s.SetProperty(b => b.Name, dto.Name));", [PROVEN]),
    "in bulk, to another tenant": (
        PUBLIC, f"await {MINE}.ExecuteUpdateAsync(s => s.SetProperty(b => b.TenantId, dto.To));", [SENT]),
    "another list": (PLAIN, "names.Add(dto.Name); _cache.Add(new Boat { Name = dto.Name });", []),
}  # fmt: skip


@pytest.mark.parametrize(("head", "code", "expected"), CASES.values(), ids=list(CASES))
def test_writes(head: str, code: str, expected: list[tuple[str, str | None]]) -> None:
    files = {"src/Fleet.cs": FLEET.encode(), "src/Harbour.cs": HARBOUR.format(head, code).encode()}
    model = build_model(files, {"tenant_columns": ["TenantId"]})
    rows = [row for row in scan(sorted(files.items()), model).accesses if row.path == "src/Harbour.cs"]
    assert [(row.verdict, row.rule) for row in rows] == expected, [(row.sql, row.why) for row in rows]
