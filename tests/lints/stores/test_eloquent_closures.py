"""What closures of Eloquent put on a query, scopes that ask for related rows, and models that are injected."""

from __future__ import annotations

import pytest

from lints.scan import scan
from lints.schema import build_model

MIGRATION = b"""<?php
return new class extends Migration {
    public function up(): void {
        Schema::create('fleets', function (Blueprint $table) { $table->id(); });
        Schema::create('boats', function (Blueprint $table) {
            $table->id();
            $table->foreignIdFor(\\App\\Models\\Fleet::class)->constrained();
            $table->string('name');
        });
        Schema::create('logbooks', function (Blueprint $table) {
            $table->id();
            $table->foreignId('boat_id')->constrained();
        });
        Schema::create('entries', function (Blueprint $table) {
            $table->id();
            $table->foreignId('logbook_id')->constrained();
        });
    }
};
"""
MODELS = b"""<?php
namespace App\\Models;
class Fleet extends Model { public function boats() { return $this->hasMany(Boat::class); } }
class Boat extends Model {
    public function fleet() { return $this->belongsTo(Fleet::class); }
    public function logbooks() { return $this->hasMany(Logbook::class); }
    public function scopeOurs($query) { $query->where('fleet_id', request()->header('fleet')); }
    public function scopeOf($query, $fleet) { return $query->where('fleet_id', $fleet->id); }
}
class Logbook extends Model {
    public function boat() { return $this->belongsTo(Boat::class); }
    public function scopeOfFleet(Builder $query, Fleet $fleet): void {
        $query->whereHas('boat', static function (Builder $inner) use ($fleet): void {
            $inner->whereBelongsTo($fleet, 'fleet');
        });
    }
    public function scopeNamed(Builder $query, string $name): void {
        $query->whereHas('boat', fn ($inner) => $inner->where('name', $name));
    }
}
class Pier extends Model { use BelongsToTenant; protected $table = 'boats';
    public function scopeAllFleets($query) { return $query->withoutGlobalScope('App\\Scopes\\Fleet'); } }
class Entry extends Model { public function logbook() { return $this->belongsTo(Logbook::class); } }
"""
CODE = """<?php
namespace App\\Http;
use App\\Models\\Boat;
use App\\Models\\Logbook;
use App\\Models\\Entry;
use App\\Models\\Fleet;
class Harbour {{
    protected $model;
    private \\PDO $pdo;
    public function __construct(private readonly Logbook $logbooks, Boat $boat, private Cache $cache) {{
        $this->model = $boat;
    }}
    public function f(Fleet $fleet, $id, $name) {{ {} }}
}}
"""
SENT = ("weak", "TENCTX001")
PROVEN, UNSCOPED, EITHER, UNSEEN = (
    ("proven", None),
    ("violation", "TENORM001"),
    ("violation", "TENORM006"),
    ("opaque", "TENORM013"),
)
CASES: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "related rows of the tenant's": (
        "return Logbook::whereHas('boat', fn ($q) => $q->where('fleet_id', $fleet->id))->get();",
        [PROVEN],
    ),
    "related rows by what they belong to": (
        "return Logbook::whereHas('boat', function (Builder $q) use ($fleet) { $q->whereBelongsTo($fleet); })->get();",
        [PROVEN],
    ),
    "related rows by a scope": ("return Logbook::whereHas('boat', fn ($q) => $q->of($fleet))->get();", [PROVEN]),
    "related rows of related rows": (
        "return Entry::whereHas('logbook', fn ($q) => $q->whereHas('boat', fn ($b) => $b->where('fleet_id', $id)))->get();",
        [PROVEN],
    ),
    "related rows along a path": (
        "return Entry::whereHas('logbook.boat', fn ($q) => $q->where('fleet_id', $fleet->id))->get();",
        [PROVEN],
    ),
    "related rows along a path, by their key": (
        "return Entry::whereHas('logbook.boat.fleet', fn ($q) => $q->whereKey($fleet->id))->get();",
        [PROVEN],
    ),
    "rows one after the other": ("foreach (Boat::cursor() as $boat) { $this->see($boat); }", [UNSCOPED]),
    "SQL on a connection that is kept": (
        'return $this->pdo->query("SELECT * FROM boats WHERE id = $id");',
        [("violation", "TENSQL001")],
    ),
    "related rows by something else": (
        "return Logbook::whereHas('boat', fn ($q) => $q->where('name', $name))->get();",
        [UNSCOPED],
    ),
    "a condition of the rows inside is not that of the rows between": (
        "return Logbook::whereHas('boat', fn ($q) => $q->whereHas('logbooks', fn ($l) => $l->where('fleet_id', 1)))->get();",
        [UNSCOPED],
    ),
    "related rows, sometimes": (
        "return Logbook::whereHas('boat', function ($q) use ($id) { if ($id) { $q->where('fleet_id', $id); } })->get();",
        [UNSEEN],
    ),
    "a group": (
        "return Boat::where(function ($q) use ($id) { $q->where('fleet_id', $id)->where('name', 1); })->get();",
        [PROVEN],
    ),
    "a group of alternatives": (
        "return Boat::where(fn ($q) => $q->where('fleet_id', $id)->orWhere('name', $name))->get();",
        [EITHER],
    ),
    "a group of alternatives beside the tenant": (
        "return Boat::where('fleet_id', $id)->where(fn ($q) => $q->where('id', 1)->orWhere('name', $name))->get();",
        [PROVEN],
    ),
    "a group in a group": (
        "return Boat::where(fn ($q) => $q->where(fn ($r) => $r->where('fleet_id', $id))->where('name', '('))->get();",
        [PROVEN],
    ),
    "a group that hands the query on": ("return Boat::where(fn ($q) => $this->narrow($q, $id))->get();", [UNSEEN]),
    "a scope that asks for related rows": ("return Logbook::query()->ofFleet($fleet)->get();", [PROVEN]),
    "a scope that asks for something else of them": ("return Logbook::query()->named($name)->get();", [UNSCOPED]),
    "something that is called with the query": ("return Boat::query()->tap(new OfFleet($id))->get();", [UNSEEN]),
    "a tenant that a header names": ("return Fleet::find($request->header('fleet'));", [SENT]),
    "a tenant that a form names": ("return Fleet::where('id', $request->fleet_id)->first();", [SENT]),
    "a tenant that a form names, of rows": ("return Boat::whereFleetId($request->input('fleet_id'))->get();", [SENT]),
    "a tenant that a form holds": ("return Fleet::find($this->input('fleet_id'));", [SENT]),
    "a tenant that was sent and looked over": ("return Fleet::findOrFail($validated['fleet_id']);", [SENT]),
    "a tenant that a scope takes from a header": ("return Boat::ours()->get();", [SENT]),
    "the tenant of who asks": ("return Fleet::find($request->user()->fleet_id);", [PROVEN]),
    "a trait of a package that scopes": (
        "return \\App\\Models\\Pier::where('id', $id)->get();",
        [("weak", "TENORM014")],
    ),
    "a trait of a package, left out": (
        "return \\App\\Models\\Pier::withoutTenancy()->where('id', $id)->get();",
        [("violation", "TENORM011")],
    ),
    "a scope that takes the scope away": (
        "return \\App\\Models\\Pier::allFleets()->where('id', $id)->get();",
        [("violation", "TENORM011")],
    ),
    "a scope that takes the scope away, beside the tenant": (
        "return \\App\\Models\\Pier::allFleets()->where('fleet_id', $fleet->id)->get();",
        [PROVEN],
    ),
    "a model that is promoted": ("return $this->logbooks->where('id', $id)->first();", [UNSCOPED]),
    "a model that is kept": ("return $this->model->where('fleet_id', $fleet->id)->find($id);", [PROVEN]),
    "a model that is kept, without the tenant": ("return $this->model->newQuery()->find($id);", [UNSCOPED]),
    "a model of the container": ("return app(Boat::class)->where('name', $name)->first();", [UNSCOPED]),
    "a row that is kept, and what it leads to": (
        "$this->model->increment('views'); return $this->model->logbooks()->where('id', $id)->first();",
        [("weak", "TENORM002")],
    ),
    "what is kept need be no model": ("return $this->cache->get($id);", []),
    "rows to put in or change": (
        "return Boat::upsert([['id' => $id, 'fleet_id' => $fleet->id, 'name' => 1]], ['id', 'fleet_id'], ['name']);",
        [PROVEN],
    ),
    "rows to put in or change, as they come": ("return Boat::upsert($rows, ['id']);", [UNSEEN]),
}


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=list(CASES))
def test_calls(code: str, expected: list[tuple[str, str | None]]) -> None:
    files = {
        "database/migrations/2024_01_01_fleet.php": MIGRATION,
        "app/Models/Boat.php": MODELS,
        "app/Http/Harbour.php": CODE.format(code).encode(),
    }
    model = build_model(files, {"tenant_columns": ["fleet_id"]}, dialect="mysql")
    rows = [row for row in scan(sorted(files.items()), model).accesses if row.path == "app/Http/Harbour.php"]
    assert [(row.verdict, row.rule) for row in rows] == expected, [(row.sql, row.why) for row in rows]
